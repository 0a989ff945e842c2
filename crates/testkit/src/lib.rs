//! What tests share: the dialog runner, engines to run against, the store conformance suite. Never shipped.

pub mod dialog;

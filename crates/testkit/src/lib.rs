//! What tests share: the dialog runner, engines to run against, the store conformance suite. Never shipped.

pub mod client;
pub mod conformance;
pub mod dialog;
pub mod host;
pub mod polls;

//! Killing the server in the middle of its work: nothing that was acknowledged may be lost, nothing may be half there.

mod appends;
mod changes;
mod large;
mod model;
mod numbers;
mod worker;

pub(crate) use worker::{History, Worker};

//! Tests of the wire from outside, as the `imap` crate and clients use it.

mod codes;
mod commands;
mod framer;
mod generate;
mod grammar;
mod incoming;
mod limits;
mod responses;
mod values;

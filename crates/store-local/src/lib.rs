//! The embedded engine: an append-only log of plain files per account.
//!
//! A change takes this way: `plan` decides it, a `record` says it, a `frame` carries it into the
//! `log`, `commit` makes it durable together with others, and the `state` shows it. Opening an
//! account (`recovery`) lets the same records happen again, from an `index` snapshot on.
//! `docs/storage-format.md` draws the files. What is damaged is found by `check`, put together by `salvage`, and goes on
//! from a `base`.

mod account;
mod account_name;
mod base;
mod batch;
mod check;
mod commit;
mod compaction;
mod content;
mod copied;
mod draft;
mod failure;
mod fields;
mod frame;
mod free_space;
mod index;
mod kept;
mod left_out;
pub mod limits;
mod log;
mod open_segments;
mod pace;
mod plan;
mod record;
mod recovery;
mod replay;
mod resting;
mod salvage;
mod segment;
mod segment_pool;
mod spool;
mod squeeze;
mod state;
mod store;
mod sync;
mod threads;
mod torn;
mod trouble;
mod uid_validity;
pub mod vfs;
mod wake;
mod witness;

pub use check::{Concern, Finding, Report, Severity};
pub use store::{LocalStore, Options};

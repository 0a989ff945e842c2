//! `STORE` (RFC 9051 §6.4.6), with modifiers (RFC 4466 §2.5).

use crate::{SequenceSet, WireFlag};

/// The arguments of STORE or UID STORE.
#[derive(Clone, PartialEq, Debug)]
pub struct Store {
    /// Whether the set has UIDs.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// What to do with the flags.
    pub action: StoreAction,
    /// Whether the new flags are not wanted as an answer.
    pub silent: bool,
    /// The flags.
    pub flags: Vec<WireFlag>,
    /// Modifiers that are not known, by their names in capitals; to be refused.
    pub modifiers: Vec<String>,
}

/// What STORE does with the flags it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreAction {
    /// `FLAGS`: these and no others.
    Replace,
    /// `+FLAGS`: these too.
    Add,
    /// `-FLAGS`: without these.
    Remove,
}

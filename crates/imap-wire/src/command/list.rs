//! `LIST` (RFC 9051 §6.3.9) with selection and return options (RFC 5258 §3).

use super::status::StatusItem;
use crate::WireMailbox;

/// The arguments of LIST.
#[derive(Clone, PartialEq, Debug)]
pub struct List {
    /// Which mailboxes, beyond the patterns.
    pub selection: Vec<ListSelection>,
    /// The reference name.
    pub reference: WireMailbox,
    /// Patterns in wire form; at least one.
    pub patterns: Vec<Vec<u8>>,
    /// Whether any syntax of RFC 5258 was used: selection options, several patterns, return options.
    /// Without it, an empty pattern asks for the delimiter (RFC 9051 §6.3.9).
    pub extended: bool,
    /// What else to tell.
    pub returns: Vec<ListReturn>,
}

/// A selection option (RFC 9051 §6.3.9.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListSelection {
    /// Those subscribed to.
    Subscribed,
    /// Remote ones too.
    Remote,
    /// Also those with children that match, though they themselves do not.
    RecursiveMatch,
    /// Those with a special use (RFC 6154 §2).
    SpecialUse,
    /// One that is not known, in capitals; to be refused.
    Other(String),
}

/// A return option (RFC 9051 §6.3.9.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListReturn {
    /// Whether each is subscribed to.
    Subscribed,
    /// Whether each has children.
    Children,
    /// What each is for (RFC 6154 §2).
    SpecialUse,
    /// A STATUS response for each (RFC 5819 §2).
    Status(Vec<StatusItem>),
    /// One that is not known, in capitals; to be refused.
    Other(String),
}

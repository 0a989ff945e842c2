//! SEARCH: which messages match a key.
//!
//! A key is decided with as little as it takes: the row, then the stored summary, then the header block, then
//! the text of the body, each read only if what is known leaves the answer open.

mod criteria;
mod decide;
mod fields;
mod fold;
mod found;
mod progress;
mod run;
mod text;

pub use fold::fold;
pub use progress::Progress;
pub use run::{Matches, Search, Wanted};

use rookery_mail::{EmailId, Keyword, ModSeq, SystemFlag, ThreadId, UidSet};
use std::sync::Arc;

/// What to search for. Days are days since 1970-01-01, as of [`rookery_mail::DateTime::local_day`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Key {
    /// Every message.
    All,
    /// One of these; for sequence numbers, and `\Recent` too, which the caller's session knows. Shared, for a search can
    /// have the same long set in a thousand keys.
    Uids(Arc<UidSet>),
    /// All of these match; so does none at all.
    And(Vec<Self>),
    /// One of these matches.
    Or(Vec<Self>),
    /// This does not match.
    Not(Box<Self>),
    /// The flag is set.
    Has(SystemFlag),
    /// The keyword is set.
    Keyword(Keyword),
    /// It has changed at this moment or later (RFC 7162 §3.1.5).
    ModSeq(ModSeq),
    /// It has this content (RFC 8474 §6).
    Email(EmailId),
    /// It belongs to this thread (RFC 8474 §6).
    Thread(ThreadId),
    /// Received before this day.
    Before(i64),
    /// Received on this day.
    On(i64),
    /// Received on this day or later.
    Since(i64),
    /// Sent before this day, which the Date field says; the day received where there is no such field.
    SentBefore(i64),
    /// Sent on this day.
    SentOn(i64),
    /// Sent on this day or later.
    SentSince(i64),
    /// Came into the mailbox before this instant, in seconds since 1970.
    SavedBefore(i64),
    /// Came into the mailbox at this instant or later, in seconds since 1970.
    SavedSince(i64),
    /// Received at this instant or before it, in seconds since 1970.
    ReceivedUntil(i64),
    /// Received at this instant or after it, in seconds since 1970.
    ReceivedFrom(i64),
    /// More octets than these.
    Larger(u64),
    /// Fewer octets than these.
    Smaller(u64),
    /// A header field of this name, in any case, whose text contains the needle; with an empty needle: which is there.
    Header {
        /// Name of the field.
        name: Vec<u8>,
        /// What to look for, compared as of [`fold`].
        needle: String,
    },
    /// The text of the body contains it, compared as of [`fold`].
    Body(String),
    /// The header, a part's header or the text of the body contains it, compared as of [`fold`].
    Text(String),
}

impl Key {
    /// How many keys it is made of, itself included.
    fn weight(&self) -> u64 {
        1 + match self {
            Self::And(keys) | Self::Or(keys) => keys.iter().map(Self::weight).sum(),
            Self::Not(key) => key.weight(),
            _ => 0,
        }
    }

    /// Whether it may take more than a row to decide it.
    fn reads(&self) -> bool {
        match self {
            Self::And(keys) | Self::Or(keys) => keys.iter().any(Self::reads),
            Self::Not(key) => key.reads(),
            Self::SentBefore(_)
            | Self::SentOn(_)
            | Self::SentSince(_)
            | Self::Header { .. }
            | Self::Body(_)
            | Self::Text(_) => true,
            _ => false,
        }
    }
}

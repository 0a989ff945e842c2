//! `SEARCH` (RFC 9051 §6.4.4).

use crate::SequenceSet;
use rookery_mail::Keyword;

/// The arguments of SEARCH or UID SEARCH.
#[derive(Clone, PartialEq, Debug)]
pub struct Search {
    /// Whether UIDs are wanted.
    pub uid: bool,
    /// What to answer, if return options were given. `RETURN ()` is `ALL` already.
    pub returns: Option<Vec<SearchReturn>>,
    /// The charset of the strings, as it was sent.
    pub charset: Option<String>,
    /// What to look for.
    pub key: SearchKey,
}

/// A return option (RFC 9051 §6.4.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SearchReturn {
    /// The lowest.
    Min,
    /// The highest.
    Max,
    /// All.
    All,
    /// How many.
    Count,
    /// Keep the result as `$` (RFC 9051 §6.4.4.1).
    Save,
    /// One that is not known, in capitals; to be refused.
    Other(String),
}

/// What a message has to be or have. Days are days since 1970-01-01; strings are in the search's charset.
#[derive(Clone, PartialEq, Debug)]
pub enum SearchKey {
    /// Any message.
    All,
    /// All of these; two or more.
    And(Vec<SearchKey>),
    /// Either of these.
    Or(Box<SearchKey>, Box<SearchKey>),
    /// Not this.
    Not(Box<SearchKey>),
    /// One of these numbers.
    Sequence(SequenceSet),
    /// One of these UIDs.
    Uid(SequenceSet),
    /// Has `\Answered`.
    Answered,
    /// Has `\Deleted`.
    Deleted,
    /// Has `\Draft`.
    Draft,
    /// Has `\Flagged`.
    Flagged,
    /// Has `\Recent` and not `\Seen` (RFC 3501 §6.4.4).
    New,
    /// Has not `\Recent` (RFC 3501 §6.4.4).
    Old,
    /// Has `\Recent` (RFC 3501 §6.4.4).
    Recent,
    /// Has `\Seen`.
    Seen,
    /// Has not `\Answered`.
    Unanswered,
    /// Has not `\Deleted`.
    Undeleted,
    /// Has not `\Draft`.
    Undraft,
    /// Has not `\Flagged`.
    Unflagged,
    /// Has not `\Seen`.
    Unseen,
    /// Has the keyword.
    Keyword(Keyword),
    /// Has not the keyword.
    Unkeyword(Keyword),
    /// Internal date before that day.
    Before(i64),
    /// Internal date on that day.
    On(i64),
    /// Internal date on that day or later.
    Since(i64),
    /// `Date:` before that day.
    SentBefore(i64),
    /// `Date:` on that day.
    SentOn(i64),
    /// `Date:` on that day or later.
    SentSince(i64),
    /// More octets than that.
    Larger(u64),
    /// Fewer octets than that.
    Smaller(u64),
    /// In `Bcc:`.
    Bcc(Vec<u8>),
    /// In the body.
    Body(Vec<u8>),
    /// In `Cc:`.
    Cc(Vec<u8>),
    /// In `From:`.
    From(Vec<u8>),
    /// In `Subject:`.
    Subject(Vec<u8>),
    /// In header or body.
    Text(Vec<u8>),
    /// In `To:`.
    To(Vec<u8>),
    /// In the header field of that name; an empty string finds the field itself.
    Header(Vec<u8>, Vec<u8>),
}

//! Search keys and how they are printed (RFC 9051 §6.4.4).

use crate::{SequenceSet, print};
use rookery_mail::{Keyword, Uid};

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
    /// Has a higher UID (RFC 9738).
    UidAfter(Uid),
    /// Has a lower UID (RFC 9738).
    UidBefore(Uid),
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
    /// Came into the mailbox before that day (RFC 8514 §4.3).
    SavedBefore(i64),
    /// Came into the mailbox on that day (RFC 8514 §4.3).
    SavedOn(i64),
    /// Came into the mailbox on that day or later (RFC 8514 §4.3).
    SavedSince(i64),
    /// Any message, where the server knows when it came into the mailbox (RFC 8514 §4.3).
    SaveDateSupported,
    /// Internal date that many seconds ago or earlier (RFC 5032 §2).
    Older(u32),
    /// Internal date that many seconds ago or later (RFC 5032 §2).
    Younger(u32),
    /// Has that content (RFC 8474 §6); compared with case.
    EmailId(Vec<u8>),
    /// Is in that thread (RFC 8474 §6).
    ThreadId(Vec<u8>),
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
    /// Changed at that modification sequence or after it (RFC 7162 §3.1.5).
    ModSeq {
        /// The flag whose changes count, and whose view of it. Both may be disregarded.
        entry: Option<(Vec<u8>, String)>,
        /// The modification sequence.
        modseq: u64,
    },
    /// In the header field of that name; an empty string finds the field itself.
    Header(Vec<u8>, Vec<u8>),
}

/// The keys that have no arguments.
pub(super) const PLAIN: &[(&str, SearchKey)] = &[
    ("ALL", SearchKey::All),
    ("ANSWERED", SearchKey::Answered),
    ("DELETED", SearchKey::Deleted),
    ("DRAFT", SearchKey::Draft),
    ("FLAGGED", SearchKey::Flagged),
    ("NEW", SearchKey::New),
    ("OLD", SearchKey::Old),
    ("RECENT", SearchKey::Recent),
    ("SAVEDATESUPPORTED", SearchKey::SaveDateSupported),
    ("SEEN", SearchKey::Seen),
    ("UNANSWERED", SearchKey::Unanswered),
    ("UNDELETED", SearchKey::Undeleted),
    ("UNDRAFT", SearchKey::Undraft),
    ("UNFLAGGED", SearchKey::Unflagged),
    ("UNSEEN", SearchKey::Unseen),
];

impl SearchKey {
    /// Recurses as deep as the key is, which for a parsed one is at most [`limits::SEARCH_DEPTH`].
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::And(keys) => print::list(out, keys, |out, key| key.print(out)),
            Self::Or(first, second) => {
                out.extend_from_slice(b"OR ");
                print::spaced(out, [first, second], |out, key| key.print(out));
            }
            Self::Not(key) => {
                out.extend_from_slice(b"NOT ");
                key.print(out);
            }
            Self::Sequence(set) => print::sequence_set(out, set),
            Self::Header(name, text) => {
                out.extend_from_slice(b"HEADER ");
                print::spaced(out, [name, text], |out, text| print::astring(out, text));
            }
            Self::ModSeq { entry, modseq } => {
                out.extend_from_slice(b"MODSEQ ");
                if let Some((name, kind)) = entry {
                    print::quoted(out, name);
                    out.push(b' ');
                    print::word(out, kind);
                    out.push(b' ');
                }
                print::number(out, *modseq);
            }
            plain_or_argument => plain_or_argument.print_argument(out),
        }
    }

    fn print_argument(&self, out: &mut Vec<u8>) {
        let name = self.name();
        out.extend_from_slice(name.as_bytes());
        if PLAIN.iter().any(|(known, _)| *known == name) {
            return;
        }
        out.push(b' ');
        match self {
            Self::Uid(set) => print::sequence_set(out, set),
            Self::UidAfter(uid) | Self::UidBefore(uid) => print::number(out, uid.get().into()),
            Self::Keyword(keyword) | Self::Unkeyword(keyword) => print::word(out, keyword.as_str()),
            Self::Larger(size) | Self::Smaller(size) => print::number(out, *size),
            Self::Before(day) | Self::On(day) | Self::Since(day) => print::date(out, *day),
            Self::SentBefore(day) | Self::SentOn(day) | Self::SentSince(day) => {
                print::date(out, *day);
            }
            Self::SavedBefore(day) | Self::SavedOn(day) | Self::SavedSince(day) => {
                print::date(out, *day);
            }
            Self::EmailId(id) | Self::ThreadId(id) => out.extend_from_slice(id),
            Self::Older(seconds) | Self::Younger(seconds) => {
                print::number(out, u64::from(*seconds));
            }
            Self::Bcc(text) | Self::Body(text) | Self::Cc(text) => print::astring(out, text),
            Self::From(text) | Self::Subject(text) | Self::Text(text) | Self::To(text) => {
                print::astring(out, text);
            }
            _ => {}
        }
    }

    /// The name on the wire, for keys that have exactly one.
    fn name(&self) -> &'static str {
        match self {
            Self::Uid(_) => "UID",
            Self::UidAfter(_) => "UIDAFTER",
            Self::UidBefore(_) => "UIDBEFORE",
            Self::Keyword(_) => "KEYWORD",
            Self::Unkeyword(_) => "UNKEYWORD",
            Self::Before(_) => "BEFORE",
            Self::On(_) => "ON",
            Self::Since(_) => "SINCE",
            Self::SentBefore(_) => "SENTBEFORE",
            Self::SentOn(_) => "SENTON",
            Self::SentSince(_) => "SENTSINCE",
            Self::SavedBefore(_) => "SAVEDBEFORE",
            Self::SavedOn(_) => "SAVEDON",
            Self::SavedSince(_) => "SAVEDSINCE",
            Self::Older(_) => "OLDER",
            Self::Younger(_) => "YOUNGER",
            Self::EmailId(_) => "EMAILID",
            Self::ThreadId(_) => "THREADID",
            Self::Larger(_) => "LARGER",
            Self::Smaller(_) => "SMALLER",
            Self::Bcc(_) => "BCC",
            Self::Body(_) => "BODY",
            Self::Cc(_) => "CC",
            Self::From(_) => "FROM",
            Self::Subject(_) => "SUBJECT",
            Self::Text(_) => "TEXT",
            Self::To(_) => "TO",
            plain => PLAIN.iter().find(|(_, key)| key == plain).map_or("ALL", |(name, _)| name),
        }
    }
}

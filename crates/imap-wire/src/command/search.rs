//! `SEARCH` (RFC 9051 §6.4.4).

use super::{CommandBody, print_uid};
use crate::parse::{Cursor, Parsed};
use crate::{PartialRange, SequenceSet, limits, print};
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
    /// So many of them (RFC 9394 §3.1).
    Partial(PartialRange),
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
const PLAIN: &[(&str, SearchKey)] = &[
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

pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<CommandBody> {
    cursor.space()?;
    let returns = if cursor.take_text("RETURN ") { Some(returns(cursor)?) } else { None };
    let charset = if cursor.take_text("CHARSET ") { Some(charset(cursor)?) } else { None };
    let key = Builder::default().program(cursor)?;
    Ok(CommandBody::Search(Search { uid, returns, charset, key }))
}

/// `search-return-opts` and the space after them.
fn returns(cursor: &mut Cursor<'_>) -> Parsed<Vec<SearchReturn>> {
    let mut options = cursor.parenthesised("return options in parentheses", |cursor| {
        let name = cursor.extension_label("a return option")?;
        Ok(match name.as_str() {
            "MIN" => SearchReturn::Min,
            "MAX" => SearchReturn::Max,
            "ALL" => SearchReturn::All,
            "COUNT" => SearchReturn::Count,
            "SAVE" => SearchReturn::Save,
            "PARTIAL" => {
                cursor.space()?;
                SearchReturn::Partial(cursor.partial_range()?)
            }
            _ => {
                cursor.skip_extension_value()?;
                SearchReturn::Other(name)
            }
        })
    })?;
    if options.is_empty() {
        options.push(SearchReturn::All);
    }
    cursor.space()?;
    Ok(options)
}

/// A charset and the space after it.
fn charset(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let error = cursor.fail("the name of a charset");
    let name = cursor.astring("the name of a charset")?;
    cursor.space()?;
    String::from_utf8(name).map_err(|_| error)
}

/// Keys that wait for those inside them.
enum Open {
    /// `(`, and the keys so far.
    Group(Vec<SearchKey>),
    /// `NOT`.
    Not,
    /// `OR`, and its first key.
    Or(Option<SearchKey>),
}

/// Builds a program without recursion, so that its depth costs no stack.
#[derive(Default)]
struct Builder {
    /// The keys on the outermost level.
    program: Vec<SearchKey>,
    open: Vec<Open>,
    keys: usize,
}

impl Builder {
    fn program(mut self, cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
        loop {
            self.keys += 1;
            if self.keys > limits::SEARCH_KEYS {
                return Err(cursor.too_much("search keys"));
            }
            if self.open.len() > limits::SEARCH_DEPTH {
                return Err(cursor.too_much("search depth"));
            }
            if let Some(open) = opening(cursor) {
                self.open.push(open);
                continue;
            }
            let key = simple_key(cursor)?;
            if self.place(cursor, key)? {
                return Ok(joined(self.program));
            }
        }
    }

    /// Put a complete key where it belongs, and read what has to follow it; whether the program ends there.
    fn place(&mut self, cursor: &mut Cursor<'_>, mut key: SearchKey) -> Parsed<bool> {
        loop {
            match self.open.pop() {
                None => {
                    self.program.push(key);
                    return Ok(!cursor.space_and_more());
                }
                Some(Open::Not) => key = SearchKey::Not(Box::new(key)),
                Some(Open::Or(None)) => {
                    self.open.push(Open::Or(Some(key)));
                    return cursor.space().map(|()| false);
                }
                Some(Open::Or(Some(first))) => key = SearchKey::Or(Box::new(first), Box::new(key)),
                Some(Open::Group(mut keys)) => {
                    keys.push(key);
                    if !cursor.take(b')') {
                        self.open.push(Open::Group(keys));
                        return cursor.expect(b' ', "a space or )").map(|()| false);
                    }
                    key = joined(keys);
                }
            }
        }
    }
}

fn opening(cursor: &mut Cursor<'_>) -> Option<Open> {
    if cursor.take(b'(') {
        Some(Open::Group(Vec::new()))
    } else if cursor.take_text("NOT ") {
        Some(Open::Not)
    } else if cursor.take_text("OR ") {
        Some(Open::Or(None))
    } else {
        None
    }
}

/// Several keys as one.
fn joined(mut keys: Vec<SearchKey>) -> SearchKey {
    match keys.pop() {
        Some(only) if keys.is_empty() => only,
        last => {
            keys.extend(last);
            SearchKey::And(keys)
        }
    }
}

/// A key that has no keys in it.
fn simple_key(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    if let Some(b'0'..=b'9' | b'*' | b'$') = cursor.peek() {
        return cursor.sequence_set().map(SearchKey::Sequence);
    }
    let error = cursor.fail("a search key");
    let name = cursor.label("a search key")?;
    if let Some((_, key)) = PLAIN.iter().find(|(known, _)| *known == name) {
        return Ok(key.clone());
    }
    if name == "MODSEQ" {
        return modseq(cursor);
    }
    let Some(argument) = argument_of(&name) else { return Err(error) };
    cursor.space()?;
    match argument {
        Argument::Text(key) => cursor.astring("a string").map(key),
        Argument::Date(key) => cursor.date().map(key),
        Argument::Size(key) => cursor.number64().map(key),
        Argument::Interval(key) => cursor.nz_number().map(|seconds| key(seconds.get())),
        Argument::ObjectId(key) => cursor.object_id_text().map(key),
        Argument::Keyword(key) => cursor.keyword().map(key),
        Argument::Uids => cursor.sequence_set().map(SearchKey::Uid),
        Argument::Header => {
            let name = cursor.astring("the name of a header field")?;
            cursor.space()?;
            Ok(SearchKey::Header(name, cursor.astring("a string")?))
        }
    }
}

/// `search-modsequence` (RFC 7162 §7), of which the name has been read.
fn modseq(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    cursor.space()?;
    let mut entry = None;
    if cursor.peek() == Some(b'"') {
        let name = cursor.quoted()?;
        cursor.space()?;
        let error = cursor.fail("priv, shared, or all");
        let kind = cursor.label("priv, shared, or all")?;
        if !name.starts_with(b"/flags/") || !matches!(kind.as_str(), "PRIV" | "SHARED" | "ALL") {
            return Err(error);
        }
        entry = Some((name, kind));
        cursor.space()?;
    }
    Ok(SearchKey::ModSeq { entry, modseq: cursor.number64()? })
}

/// What follows a key's name, and what they make.
enum Argument {
    Text(fn(Vec<u8>) -> SearchKey),
    Date(fn(i64) -> SearchKey),
    Size(fn(u64) -> SearchKey),
    Interval(fn(u32) -> SearchKey),
    ObjectId(fn(Vec<u8>) -> SearchKey),
    Keyword(fn(Keyword) -> SearchKey),
    Uids,
    Header,
}

fn argument_of(name: &str) -> Option<Argument> {
    Some(match name {
        "BCC" => Argument::Text(SearchKey::Bcc),
        "BODY" => Argument::Text(SearchKey::Body),
        "CC" => Argument::Text(SearchKey::Cc),
        "FROM" => Argument::Text(SearchKey::From),
        "SUBJECT" => Argument::Text(SearchKey::Subject),
        "TEXT" => Argument::Text(SearchKey::Text),
        "TO" => Argument::Text(SearchKey::To),
        "BEFORE" => Argument::Date(SearchKey::Before),
        "ON" => Argument::Date(SearchKey::On),
        "SINCE" => Argument::Date(SearchKey::Since),
        "SENTBEFORE" => Argument::Date(SearchKey::SentBefore),
        "SENTON" => Argument::Date(SearchKey::SentOn),
        "SENTSINCE" => Argument::Date(SearchKey::SentSince),
        "EMAILID" => Argument::ObjectId(SearchKey::EmailId),
        "THREADID" => Argument::ObjectId(SearchKey::ThreadId),
        "SAVEDBEFORE" => Argument::Date(SearchKey::SavedBefore),
        "SAVEDON" => Argument::Date(SearchKey::SavedOn),
        "SAVEDSINCE" => Argument::Date(SearchKey::SavedSince),
        "OLDER" => Argument::Interval(SearchKey::Older),
        "YOUNGER" => Argument::Interval(SearchKey::Younger),
        "LARGER" => Argument::Size(SearchKey::Larger),
        "SMALLER" => Argument::Size(SearchKey::Smaller),
        "KEYWORD" => Argument::Keyword(SearchKey::Keyword),
        "UNKEYWORD" => Argument::Keyword(SearchKey::Unkeyword),
        "UID" => Argument::Uids,
        "HEADER" => Argument::Header,
        _ => return None,
    })
}

impl Search {
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        print_uid(out, self.uid);
        out.extend_from_slice(b"SEARCH ");
        if let Some(returns) = &self.returns {
            out.extend_from_slice(b"RETURN ");
            print::list(out, returns, |out, option| option.print(out));
            out.push(b' ');
        }
        if let Some(charset) = &self.charset {
            out.extend_from_slice(b"CHARSET ");
            print::astring(out, charset.as_bytes());
            out.push(b' ');
        }
        match &self.key {
            SearchKey::And(keys) => print::spaced(out, keys, |out, key| key.print(out)),
            key => key.print(out),
        }
    }
}

impl SearchReturn {
    fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::Min => out.extend_from_slice(b"MIN"),
            Self::Max => out.extend_from_slice(b"MAX"),
            Self::All => out.extend_from_slice(b"ALL"),
            Self::Count => out.extend_from_slice(b"COUNT"),
            Self::Save => out.extend_from_slice(b"SAVE"),
            Self::Partial(range) => {
                out.extend_from_slice(b"PARTIAL ");
                print::partial_range(out, *range);
            }
            Self::Other(name) => print::word(out, name),
        }
    }
}

impl SearchKey {
    /// Recurses as deep as the key is, which for a parsed one is at most [`limits::SEARCH_DEPTH`].
    fn print(&self, out: &mut Vec<u8>) {
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

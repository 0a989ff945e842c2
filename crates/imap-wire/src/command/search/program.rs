//! Reading search programs (RFC 9051 §9: `search-program`).

use super::key::{PLAIN, SearchKey};
use crate::limits;
use crate::parse::{Cursor, Parsed};
use rookery_mail::{Keyword, Uid};

/// `search-key *(SP search-key)`, as one key.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    Builder::default().program(cursor)
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
            cursor.charge_item::<SearchKey>()?;
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
        Argument::Uid(key) => cursor.uid().map(key),
        Argument::Uids => cursor.sequence_set().map(SearchKey::Uid),
        Argument::Header => {
            let name = cursor.astring("the name of a header field")?;
            cursor.space()?;
            Ok(SearchKey::Header(name, cursor.astring("a string")?))
        }
    }
}

/// What the names of flags begin with as `entry-name` (RFC 7162 §7), in any case.
const FLAGS_PREFIX: &[u8] = b"/flags/";

/// `search-modsequence` (RFC 7162 §7), of which the name has been read.
fn modseq(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    cursor.space()?;
    let mut entry = None;
    if cursor.peek() == Some(b'"') {
        let name = cursor.quoted()?;
        cursor.space()?;
        let error = cursor.fail("priv, shared, or all");
        let kind = cursor.label("priv, shared, or all")?;
        let prefix = name.get(..FLAGS_PREFIX.len()).unwrap_or_default();
        let is_flag = prefix.eq_ignore_ascii_case(FLAGS_PREFIX);
        if !is_flag || !matches!(kind.as_str(), "PRIV" | "SHARED" | "ALL") {
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
    Uid(fn(Uid) -> SearchKey),
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
        "UIDAFTER" => Argument::Uid(SearchKey::UidAfter),
        "UIDBEFORE" => Argument::Uid(SearchKey::UidBefore),
        "HEADER" => Argument::Header,
        _ => return None,
    })
}

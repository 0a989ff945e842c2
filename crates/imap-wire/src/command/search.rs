//! `SEARCH` (RFC 9051 §6.4.4).

mod key;
mod program;

pub use key::SearchKey;

use super::{CommandBody, print_uid};
use crate::parse::{Cursor, Parsed};
use crate::{PartialRange, print};

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

pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<CommandBody> {
    cursor.space()?;
    let returns = if cursor.take_text("RETURN ") { Some(returns(cursor)?) } else { None };
    let charset = if cursor.take_text("CHARSET ") { Some(charset(cursor)?) } else { None };
    let key = program::parse(cursor)?;
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

/// A charset and the space after it. One whose name is not even UTF-8 is unknown, but no syntax error.
fn charset(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let name = cursor.astring("the name of a charset")?;
    cursor.space()?;
    Ok(String::from_utf8_lossy(&name).into_owned())
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

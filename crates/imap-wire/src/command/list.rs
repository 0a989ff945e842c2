//! `LIST` (RFC 9051 §6.3.9) with selection and return options (RFC 5258 §3).

use super::CommandBody;
use super::status::{self, StatusItem};
use crate::parse::{Cursor, Parsed, is_list_char};
use crate::{WireMailbox, print};

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

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let has_selection = cursor.peek() == Some(b'(');
    let selection = if has_selection { selection(cursor)? } else { Vec::new() };
    let reference = cursor.mailbox()?;
    cursor.space()?;
    let has_patterns = cursor.peek() == Some(b'(');
    let patterns = if has_patterns {
        cursor.parenthesised_some("mailbox patterns", Cursor::list_mailbox)?
    } else {
        vec![cursor.list_mailbox()?]
    };
    let has_returns = cursor.space_and_more();
    let returns = if has_returns { returns(cursor)? } else { Vec::new() };
    let extended = has_selection || has_patterns || has_returns;
    Ok(CommandBody::List(List { selection, reference, patterns, extended, returns }))
}

/// `list-select-opts` and the space after them.
fn selection(cursor: &mut Cursor<'_>) -> Parsed<Vec<ListSelection>> {
    let error = cursor.fail("a selection option that RECURSIVEMATCH can modify");
    let options = cursor.parenthesised("selection options", |cursor| {
        let name = cursor.extension_label("a selection option")?;
        Ok(match name.as_str() {
            "SUBSCRIBED" => ListSelection::Subscribed,
            "REMOTE" => ListSelection::Remote,
            "RECURSIVEMATCH" => ListSelection::RecursiveMatch,
            "SPECIAL-USE" => ListSelection::SpecialUse,
            _ => {
                cursor.skip_extension_value()?;
                ListSelection::Other(name)
            }
        })
    })?;
    let is_base =
        |option: &_| !matches!(option, ListSelection::Remote | ListSelection::RecursiveMatch);
    if options.contains(&ListSelection::RecursiveMatch) && !options.iter().any(is_base) {
        return Err(error);
    }
    cursor.space()?;
    Ok(options)
}

/// `list-return-opts`.
fn returns(cursor: &mut Cursor<'_>) -> Parsed<Vec<ListReturn>> {
    if !cursor.take_text("RETURN ") {
        return Err(cursor.fail("RETURN"));
    }
    cursor.parenthesised("return options in parentheses", |cursor| {
        let name = cursor.extension_label("a return option")?;
        Ok(match name.as_str() {
            "SUBSCRIBED" => ListReturn::Subscribed,
            "CHILDREN" => ListReturn::Children,
            "SPECIAL-USE" => ListReturn::SpecialUse,
            "STATUS" => {
                cursor.space()?;
                ListReturn::Status(status::items(cursor)?)
            }
            _ => {
                cursor.skip_extension_value()?;
                ListReturn::Other(name)
            }
        })
    })
}

impl List {
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"LIST ");
        if !self.selection.is_empty() {
            print::list(out, &self.selection, |out, option| print::word(out, option.as_str()));
            out.push(b' ');
        }
        print::mailbox(out, &self.reference.0);
        out.push(b' ');
        match self.patterns.as_slice() {
            [pattern] if !self.extended => print_pattern(out, pattern),
            patterns => print::list(out, patterns, |out, pattern| print_pattern(out, pattern)),
        }
        if !self.returns.is_empty() {
            out.extend_from_slice(b" RETURN ");
            print::list(out, &self.returns, |out, option| option.print(out));
        }
    }
}

impl ListSelection {
    fn as_str(&self) -> &str {
        match self {
            Self::Subscribed => "SUBSCRIBED",
            Self::Remote => "REMOTE",
            Self::RecursiveMatch => "RECURSIVEMATCH",
            Self::SpecialUse => "SPECIAL-USE",
            Self::Other(name) => name,
        }
    }
}

impl ListReturn {
    fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::Subscribed => out.extend_from_slice(b"SUBSCRIBED"),
            Self::Children => out.extend_from_slice(b"CHILDREN"),
            Self::SpecialUse => out.extend_from_slice(b"SPECIAL-USE"),
            Self::Status(items) => {
                out.extend_from_slice(b"STATUS ");
                status::print_items(out, items);
            }
            Self::Other(name) => print::word(out, name),
        }
    }
}

/// `list-mailbox`.
pub(super) fn print_pattern(out: &mut Vec<u8>, pattern: &[u8]) {
    if !pattern.is_empty() && pattern.iter().copied().all(is_list_char) {
        out.extend_from_slice(pattern);
    } else {
        print::mailbox(out, pattern);
    }
}

//! `LIST` (RFC 9051 §7.3.1) and `LSUB` (RFC 3501 §7.2.3).

use super::{ListExtended, Response, word};
use crate::parse::{Cursor, Parsed};
use crate::{WireMailbox, print};

pub(super) fn print(
    out: &mut Vec<u8>,
    name: &str,
    attributes: &[String],
    delimiter: Option<char>,
    mailbox: &WireMailbox,
) {
    out.extend_from_slice(name.as_bytes());
    print::list(out, attributes, |out, attribute| print::attribute(out, attribute));
    out.push(b' ');
    print::delimiter(out, delimiter);
    out.push(b' ');
    print::mailbox(out, &mailbox.0);
}

/// A space and `mbox-list-extended`, if there is any.
pub(super) fn print_extended(out: &mut Vec<u8>, extended: &[ListExtended]) {
    if extended.is_empty() {
        return;
    }
    out.push(b' ');
    print::list(out, extended, |out, item| match item {
        ListExtended::ChildInfo(options) => {
            out.extend_from_slice(b"CHILDINFO ");
            print::list(out, options, |out, option| {
                out.push(b'"');
                print::word(out, option);
                out.push(b'"');
            });
        }
        ListExtended::OldName(mailbox) => {
            out.extend_from_slice(b"OLDNAME (");
            print::mailbox(out, &mailbox.0);
            out.push(b')');
        }
    });
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let (attributes, delimiter, mailbox) = common(cursor)?;
    let mut extended = Vec::new();
    if cursor.take(b' ') {
        extended = cursor.parenthesised("extended data", extended_item)?;
    }
    let extended = extended.into_iter().flatten().collect();
    Ok(Response::List { attributes, delimiter, mailbox, extended })
}

pub(super) fn parse_lsub(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let (attributes, delimiter, mailbox) = common(cursor)?;
    Ok(Response::Lsub { attributes, delimiter, mailbox })
}

pub(super) fn parse_xlist(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let (attributes, delimiter, mailbox) = common(cursor)?;
    Ok(Response::Xlist { attributes, delimiter, mailbox })
}

fn common(cursor: &mut Cursor<'_>) -> Parsed<(Vec<String>, Option<char>, WireMailbox)> {
    cursor.space()?;
    let attributes = cursor.parenthesised("attributes in parentheses", word)?;
    cursor.space()?;
    let delimiter = delimiter(cursor)?;
    cursor.space()?;
    Ok((attributes, delimiter, cursor.mailbox()?))
}

/// `NIL`, or one character in quotes.
pub(super) fn delimiter(cursor: &mut Cursor<'_>) -> Parsed<Option<char>> {
    let error = cursor.fail("NIL, or one character in quotes");
    if cursor.nil() {
        return Ok(None);
    }
    match cursor.quoted()?.as_slice() {
        [octet] => Ok(Some(char::from(*octet))),
        _ => Err(error),
    }
}

/// One item of extended data; nothing if it is not known.
fn extended_item(cursor: &mut Cursor<'_>) -> Parsed<Option<ListExtended>> {
    let tag = cursor.astring("the name of an item")?;
    if tag.eq_ignore_ascii_case(b"CHILDINFO") {
        cursor.space()?;
        let options = cursor.parenthesised("options in parentheses", |cursor| {
            cursor.string().map(|text| String::from_utf8_lossy(&text).into_owned())
        })?;
        return Ok(Some(ListExtended::ChildInfo(options)));
    }
    if tag.eq_ignore_ascii_case(b"OLDNAME") {
        cursor.space()?;
        cursor.expect(b'(', "a name in parentheses")?;
        let mailbox = cursor.mailbox()?;
        cursor.expect(b')', ")")?;
        return Ok(Some(ListExtended::OldName(mailbox)));
    }
    cursor.skip_extension_value()?;
    Ok(None)
}

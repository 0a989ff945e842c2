//! `NAMESPACE` (RFC 9051 §6.3.10).

use super::list::delimiter;
use super::{NamespaceEntry, Response};
use crate::parse::{Cursor, Parsed};
use crate::{WireMailbox, print};

/// The namespaces of one kind, `NIL` if there are none.
pub(super) fn print(out: &mut Vec<u8>, entries: &Option<Vec<NamespaceEntry>>) {
    let entries = entries.as_deref().unwrap_or(&[]);
    if entries.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for NamespaceEntry { prefix, delimiter } in entries {
        out.push(b'(');
        print::mailbox_string(out, &prefix.0);
        out.push(b' ');
        print::delimiter(out, *delimiter);
        out.push(b')');
    }
    out.push(b')');
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    cursor.space()?;
    let personal = entries(cursor)?;
    cursor.space()?;
    let other = entries(cursor)?;
    cursor.space()?;
    let shared = entries(cursor)?;
    Ok(Response::Namespace { personal, other, shared })
}

fn entries(cursor: &mut Cursor<'_>) -> Parsed<Option<Vec<NamespaceEntry>>> {
    if cursor.nil() {
        return Ok(None);
    }
    cursor.expect(b'(', "NIL or namespaces in parentheses")?;
    let mut entries = vec![entry(cursor)?];
    while !cursor.take(b')') {
        entries.push(entry(cursor)?);
    }
    Ok(Some(entries))
}

fn entry(cursor: &mut Cursor<'_>) -> Parsed<NamespaceEntry> {
    cursor.expect(b'(', "a namespace")?;
    let prefix = cursor.string().map(WireMailbox)?;
    cursor.space()?;
    let delimiter = delimiter(cursor)?;
    while cursor.take(b' ') {
        cursor.string()?;
        cursor.space()?;
        cursor.skip_parenthesised()?;
    }
    cursor.expect(b')', ")")?;
    Ok(NamespaceEntry { prefix, delimiter })
}

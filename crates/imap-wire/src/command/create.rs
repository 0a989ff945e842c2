//! `CREATE` (RFC 9051 §6.3.4), with special uses (RFC 6154 §3).

use super::CommandBody;
use crate::parse::{Cursor, Parsed};
use crate::{WireMailbox, print};

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    let special_use = if cursor.space_and_more() { parameters(cursor)? } else { Vec::new() };
    Ok(CommandBody::Create { mailbox, special_use })
}

/// `(USE (\Sent ...))`, the one parameter that is known.
fn parameters(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    let uses = cursor.parenthesised_some("parameters in parentheses", |cursor| {
        let error = cursor.fail("USE");
        if cursor.label("USE")? != "USE" {
            return Err(error);
        }
        cursor.space()?;
        cursor.parenthesised("special uses in parentheses", |cursor| {
            let text = cursor.flag_text()?;
            Ok(text.iter().copied().map(char::from).collect::<String>())
        })
    })?;
    Ok(uses.into_iter().flatten().collect())
}

pub(super) fn print(out: &mut Vec<u8>, mailbox: &WireMailbox, special_use: &[String]) {
    out.extend_from_slice(b"CREATE ");
    print::mailbox(out, &mailbox.0);
    if !special_use.is_empty() {
        out.extend_from_slice(b" (USE ");
        print::list(out, special_use, |out, text| print::attribute(out, text));
        out.push(b')');
    }
}

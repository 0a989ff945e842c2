//! `ENABLE` (RFC 9051 §6.3.1).

use super::CommandBody;
use crate::parse::{Cursor, Parsed};
use crate::{limits, print};

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let mut capabilities = vec![cursor.label("a capability")?];
    while cursor.space_and_more() {
        if capabilities.len() >= limits::LIST_ITEMS {
            return Err(cursor.too_much("capabilities"));
        }
        cursor.charge_item::<String>()?;
        capabilities.push(cursor.label("a capability")?);
    }
    Ok(CommandBody::Enable(capabilities))
}

pub(super) fn print(out: &mut Vec<u8>, capabilities: &[String]) {
    out.extend_from_slice(b"ENABLE ");
    print::spaced(out, capabilities, |out, name| print::word(out, name));
}

//! `AUTHENTICATE` (RFC 9051 §6.2.2), with initial response (RFC 4959 §3).

use super::CommandBody;
use crate::Secret;
use crate::parse::{Cursor, Parsed};
use crate::print;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let mechanism = cursor.label("a SASL mechanism")?;
    let initial = if cursor.space_and_more() { Some(initial_response(cursor)?) } else { None };
    Ok(CommandBody::Authenticate { mechanism, initial })
}

fn initial_response(cursor: &mut Cursor<'_>) -> Parsed<Secret> {
    let error = cursor.fail("base64 or =");
    let text = cursor.take_while(|octet| octet.is_ascii_graphic());
    if text == b"=" {
        return Ok(Secret(Vec::new()));
    }
    let decoded = STANDARD.decode(text).ok().filter(|octets| !octets.is_empty());
    decoded.map(Secret).ok_or(error)
}

pub(super) fn print(out: &mut Vec<u8>, mechanism: &str, initial: Option<&Secret>) {
    out.extend_from_slice(b"AUTHENTICATE ");
    print::word(out, mechanism);
    match initial {
        Some(Secret(octets)) if octets.is_empty() => out.extend_from_slice(b" ="),
        Some(Secret(octets)) => {
            out.push(b' ');
            out.extend_from_slice(STANDARD.encode(octets).as_bytes());
        }
        None => {}
    }
}

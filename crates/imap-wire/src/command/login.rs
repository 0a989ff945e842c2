//! `LOGIN` (RFC 9051 §6.2.3).

use super::CommandBody;
use crate::parse::{Cursor, Parsed};
use crate::{Secret, print};

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let user = cursor.astring("a user name")?;
    cursor.space()?;
    let password = cursor.astring("a password").map(Secret)?;
    Ok(CommandBody::Login { user, password })
}

pub(super) fn print(out: &mut Vec<u8>, user: &[u8], password: &Secret) {
    out.extend_from_slice(b"LOGIN ");
    print::astring(out, user);
    out.push(b' ');
    print::astring(out, &password.0);
}

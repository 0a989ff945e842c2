//! `SELECT` and `EXAMINE` (RFC 9051 §6.3.2), with parameters (RFC 4466 §2.1).

use super::{CommandBody, print_argument};
use crate::parse::{Cursor, Parsed};
use crate::{WireMailbox, print};

/// A parameter of SELECT or EXAMINE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SelectParameter {
    /// One that is not known, by its name in capitals; to be refused.
    Other(String),
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let (mailbox, parameters) = arguments(cursor)?;
    Ok(CommandBody::Select { mailbox, parameters })
}

pub(super) fn parse_examine(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let (mailbox, parameters) = arguments(cursor)?;
    Ok(CommandBody::Examine { mailbox, parameters })
}

fn arguments(cursor: &mut Cursor<'_>) -> Parsed<(WireMailbox, Vec<SelectParameter>)> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    let names = if cursor.space_and_more() { cursor.extension_names()? } else { Vec::new() };
    Ok((mailbox, names.into_iter().map(SelectParameter::Other).collect()))
}

pub(super) fn print(
    out: &mut Vec<u8>,
    name: &str,
    mailbox: &WireMailbox,
    parameters: &[SelectParameter],
) {
    print_argument(out, name, mailbox);
    if !parameters.is_empty() {
        out.push(b' ');
        print::list(out, parameters, |out, SelectParameter::Other(name)| print::word(out, name));
    }
}

//! `REPLACE`, `UID REPLACE` (RFC 8508 §3).

use super::append::{self, AppendMessage};
use super::{CommandBody, print_uid};
use crate::parse::{Cursor, Parsed};
use crate::{SeqNumber, WireMailbox, print};

/// A REPLACE that is held as a whole.
#[derive(Clone, PartialEq, Debug)]
pub struct Replace {
    /// Whether the number is a UID.
    pub uid: bool,
    /// The message that goes.
    pub number: SeqNumber,
    /// Where the new one goes.
    pub mailbox: WireMailbox,
    /// The new one.
    pub message: AppendMessage,
}

pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<CommandBody> {
    cursor.space()?;
    let number = cursor.seq_number()?;
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    cursor.space()?;
    let message = append::message(cursor)?;
    Ok(CommandBody::Replace(Box::new(Replace { uid, number, mailbox, message })))
}

impl Replace {
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        print_uid(out, self.uid);
        out.extend_from_slice(b"REPLACE ");
        print::seq_number(out, self.number);
        out.push(b' ');
        print::mailbox(out, &self.mailbox.0);
        self.message.print(out);
    }
}

//! `STORE` (RFC 9051 §6.4.6), with modifiers (RFC 4466 §2.5), of which
//! `UNCHANGEDSINCE` makes it conditional (RFC 7162 §3.1.3).

use super::{CommandBody, print_uid};
use crate::parse::{Cursor, Parsed};
use crate::{SequenceSet, WireFlag, limits, print};

/// The arguments of STORE or UID STORE.
#[derive(Clone, PartialEq, Debug)]
pub struct Store {
    /// Whether the set has UIDs.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// What to do with the flags.
    pub action: StoreAction,
    /// Whether the new flags are not wanted as an answer.
    pub silent: bool,
    /// The flags.
    pub flags: Vec<WireFlag>,
    /// Modifiers.
    pub modifiers: Vec<StoreModifier>,
}

/// A modifier of STORE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreModifier {
    /// Leave messages alone that have changed after this modification sequence.
    UnchangedSince(u64),
    /// One that is not known, by its name in capitals; to be refused.
    Other(String),
}

/// What STORE does with the flags it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreAction {
    /// `FLAGS`: these and no others.
    Replace,
    /// `+FLAGS`: these too.
    Add,
    /// `-FLAGS`: without these.
    Remove,
}

pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<CommandBody> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let mut modifiers = Vec::new();
    if cursor.peek() == Some(b'(') {
        modifiers = cursor.parenthesised_some("modifiers in parentheses", modifier)?;
        cursor.space()?;
    }
    let action = action(cursor);
    let error = cursor.fail("FLAGS or FLAGS.SILENT");
    let silent = match cursor.dotted_name().as_str() {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err(error),
    };
    cursor.space()?;
    let flags = flags(cursor)?;
    Ok(CommandBody::Store(Store { uid, set, action, silent, flags, modifiers }))
}

fn modifier(cursor: &mut Cursor<'_>) -> Parsed<StoreModifier> {
    let name = cursor.extension_label("the name of a modifier")?;
    if name == "UNCHANGEDSINCE" {
        cursor.space()?;
        return cursor.number64().map(StoreModifier::UnchangedSince);
    }
    cursor.skip_extension_value()?;
    Ok(StoreModifier::Other(name))
}

fn action(cursor: &mut Cursor<'_>) -> StoreAction {
    if cursor.take(b'+') {
        StoreAction::Add
    } else if cursor.take(b'-') {
        StoreAction::Remove
    } else {
        StoreAction::Replace
    }
}

/// Flags with or without parentheses.
fn flags(cursor: &mut Cursor<'_>) -> Parsed<Vec<WireFlag>> {
    if cursor.peek() == Some(b'(') {
        return cursor.flag_list();
    }
    let mut flags = vec![cursor.flag()?];
    while cursor.space_and_more() {
        if flags.len() >= limits::LIST_ITEMS {
            return Err(cursor.too_much("flags"));
        }
        cursor.charge_item::<WireFlag>()?;
        flags.push(cursor.flag()?);
    }
    Ok(flags)
}

impl Store {
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        print_uid(out, self.uid);
        out.extend_from_slice(b"STORE ");
        print::sequence_set(out, &self.set);
        out.push(b' ');
        if !self.modifiers.is_empty() {
            print::list(out, &self.modifiers, |out, modifier| match modifier {
                StoreModifier::UnchangedSince(modseq) => {
                    out.extend_from_slice(b"UNCHANGEDSINCE ");
                    print::number(out, *modseq);
                }
                StoreModifier::Other(name) => print::word(out, name),
            });
            out.push(b' ');
        }
        out.extend_from_slice(match self.action {
            StoreAction::Replace => b"FLAGS",
            StoreAction::Add => b"+FLAGS",
            StoreAction::Remove => b"-FLAGS",
        });
        out.extend_from_slice(if self.silent { b".SILENT " } else { b" " });
        print::list(out, &self.flags, print::wire_flag);
    }
}

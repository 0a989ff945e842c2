//! `SELECT` and `EXAMINE` (RFC 9051 §6.3.2), with parameters (RFC 4466 §2.1) for resynchronisation (RFC 7162).

use super::{CommandBody, print_argument};
use crate::parse::{Cursor, Parsed};
use crate::{SequenceSet, WireMailbox, print};
use std::num::NonZeroU32;

/// A parameter of SELECT or EXAMINE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SelectParameter {
    /// `CONDSTORE` (RFC 7162 §3.1.8).
    CondStore,
    /// `QRESYNC (...)` (RFC 7162 §3.2.5).
    QResync(QResync),
    /// One that is not known, by its name in capitals; to be refused.
    Other(String),
}

/// What a client knows of a mailbox from earlier (RFC 7162 §3.2.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QResync {
    /// The UIDVALIDITY.
    pub uid_validity: NonZeroU32,
    /// The modification sequence; not 0.
    pub modseq: u64,
    /// The UIDs that it knows; all when left out.
    pub known_uids: Option<SequenceSet>,
    /// Some message numbers and the UIDs that go with them.
    pub matches: Option<(SequenceSet, SequenceSet)>,
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
    if !cursor.space_and_more() {
        return Ok((mailbox, Vec::new()));
    }
    Ok((mailbox, cursor.parenthesised_some("parameters in parentheses", parameter)?))
}

fn parameter(cursor: &mut Cursor<'_>) -> Parsed<SelectParameter> {
    let name = cursor.extension_label("the name of a parameter")?;
    match name.as_str() {
        "CONDSTORE" => Ok(SelectParameter::CondStore),
        "QRESYNC" => {
            cursor.space()?;
            cursor.expect(b'(', "(")?;
            let known = qresync(cursor)?;
            cursor.expect(b')', ")")?;
            Ok(SelectParameter::QResync(known))
        }
        _ => {
            cursor.skip_extension_value()?;
            Ok(SelectParameter::Other(name))
        }
    }
}

fn qresync(cursor: &mut Cursor<'_>) -> Parsed<QResync> {
    let uid_validity = cursor.nz_number()?;
    cursor.space()?;
    let modseq = cursor.nz_number64()?;
    let (mut known_uids, mut matches) = (None, None);
    if cursor.take(b' ') {
        if cursor.peek() != Some(b'(') {
            known_uids = Some(cursor.sequence_set()?);
        }
        if known_uids.is_none() || cursor.take(b' ') {
            cursor.expect(b'(', "(")?;
            let numbers = cursor.sequence_set()?;
            cursor.space()?;
            matches = Some((numbers, cursor.sequence_set()?));
            cursor.expect(b')', ")")?;
        }
    }
    Ok(QResync { uid_validity, modseq, known_uids, matches })
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
        print::list(out, parameters, |out, parameter| match parameter {
            SelectParameter::CondStore => out.extend_from_slice(b"CONDSTORE"),
            SelectParameter::QResync(known) => known.print(out),
            SelectParameter::Other(name) => print::word(out, name),
        });
    }
}

impl QResync {
    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"QRESYNC (");
        print::number(out, u64::from(self.uid_validity.get()));
        out.push(b' ');
        print::number(out, self.modseq);
        if let Some(uids) = &self.known_uids {
            out.push(b' ');
            print::sequence_set(out, uids);
        }
        if let Some((numbers, uids)) = &self.matches {
            out.extend_from_slice(b" (");
            print::spaced(out, [numbers, uids], print::sequence_set);
            out.push(b')');
        }
        out.push(b')');
    }
}

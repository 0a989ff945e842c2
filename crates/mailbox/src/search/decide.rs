//! Deciding criteria with what is known so far.

use super::Key;
use super::criteria::Criteria;
use super::fields::FoundFields;
use super::text::Findings;
use crate::Row;

/// What is known of a message beside its row.
#[derive(Default)]
pub(super) struct Known<'a> {
    /// The day of the Date field, or that of the internal date.
    pub(super) sent_day: Option<i64>,
    /// Which fields are in the header of the message itself.
    pub(super) header: Option<FoundFields<'a>>,
    /// Which needles are where.
    pub(super) text: Option<Findings>,
}

/// Whether the message meets the criteria; `None` when that takes more than what is known.
pub(super) fn decide(criteria: &Criteria<'_>, (row, known): (&Row, &Known<'_>)) -> Option<bool> {
    let one = |criteria| decide(criteria, (row, known));
    match criteria {
        Criteria::Flags(flags) => Some(flags.matches(row.flags)),
        Criteria::All(some) => all(some.iter().map(one)),
        Criteria::Any(some) => all(some.iter().map(|it| one(it).map(|yes| !yes))).map(|no| !no),
        Criteria::Not(it) => one(it).map(|yes| !yes),
        Criteria::Of(key) => matches(key, (row, known)),
    }
}

fn matches(key: &Key, (row, known): (&Row, &Known<'_>)) -> Option<bool> {
    match key {
        Key::SentBefore(day) => known.sent_day.map(|sent| sent < *day),
        Key::SentOn(day) => known.sent_day.map(|sent| sent == *day),
        Key::SentSince(day) => known.sent_day.map(|sent| sent >= *day),
        Key::Header { name, needle } => {
            known.header.as_ref().map(|header| header.have(name, needle))
        }
        Key::Body(needle) => known.text.as_ref().map(|text| text.in_body(needle)),
        Key::Text(needle) => known.text.as_ref().map(|text| text.anywhere(needle)),
        _ => Some(matches_row(key, row)),
    }
}

/// Whether all are so: one that is not decides, one that is open leaves it open.
fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut open = false;
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => open = true,
        }
    }
    (!open).then_some(true)
}

/// Whether the row matches a key that asks for nothing else.
fn matches_row(key: &Key, row: &Row) -> bool {
    match key {
        Key::Uids(uids) => uids.contains(row.uid),
        Key::ModSeq(modseq) => row.modseq >= *modseq,
        Key::Email(email) => row.email == *email,
        Key::Thread(thread) => row.thread == *thread,
        Key::Before(day) => row.internal_date.local_day() < *day,
        Key::On(day) => row.internal_date.local_day() == *day,
        Key::Since(day) => row.internal_date.local_day() >= *day,
        Key::SavedBefore(instant) => row.save_date < *instant,
        Key::SavedSince(instant) => row.save_date >= *instant,
        Key::ReceivedUntil(instant) => row.internal_date.unix() <= *instant,
        Key::ReceivedFrom(instant) => row.internal_date.unix() >= *instant,
        Key::Larger(octets) => row.size > *octets,
        Key::Smaller(octets) => row.size < *octets,
        _ => true,
    }
}

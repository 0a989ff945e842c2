//! The account's own file: which mailboxes there are, what is known of each without its messages, and which files belong to it.
//!
//! What a log begins anew with is of the version before, which had contents and threads in the same file.

use super::file::{Kind, end, modseq};
use super::parts::{self, decode_mailbox, encode_mailbox};
use super::{Position, Source, Stamps};
use crate::fields::{BadRecord, Reader, Writer};
use crate::record::read_name;
use crate::resting::{Part, Resting};
use crate::state::{Counters, Emails, Mailbox, Published, State};
use rookery_mail::{MailboxId, MailboxName, SpecialUse, Uid, UidValidity};
use rookery_mailbox::{Counts, MailboxInfo, MailboxList, Snapshot, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const ACCOUNT: Kind = Kind { magic: *b"RookAcc\n", version: 4 };
/// What the body of a BASE has.
const BASE: Kind = Kind { version: 3, ..ACCOUNT };

/// What the account's file says of a mailbox.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) info: MailboxInfo,
    status: Status,
}

impl Known {
    /// Whether it says that of this one.
    pub(super) fn is_of(&self, snapshot: &Snapshot) -> bool {
        let Status { uid_next, highest_modseq, counts, .. } = self.status;
        let found = (snapshot.uid_next(), snapshot.highest_modseq(), snapshot.counts());
        found == (uid_next, highest_modseq, counts)
    }
}

/// Whether these octets are such a file, of this log.
pub(super) fn is_of_log(octets: &[u8], log: u64) -> bool {
    ACCOUNT.open(octets, log).is_ok() || BASE.open(octets, log).is_ok()
}

/// A mailbox as the head of a file lists it.
struct Listed {
    info: MailboxInfo,
    stamp: u64,
    recent: Option<Uid>,
}

/// What the files of both versions begin with.
struct Head {
    position: Position,
    counters: Counters,
    mailboxes: Vec<Listed>,
    subscriptions: BTreeSet<MailboxName>,
    live: BTreeMap<u32, u64>,
    generations: BTreeMap<u32, u32>,
}

pub(super) fn encode_account(
    log: u64,
    position: Position,
    state: &State,
    stamps: &Stamps,
) -> Vec<u8> {
    let mut out = ACCOUNT.begin(log, 0);
    encode_head(&mut out, position, state, stamps);
    encode_units(&mut out, &state.emails.dead);
    for part in [Part::Contents, Part::Threads] {
        out.u64(stamps.get(&part).copied().unwrap_or(0));
    }
    for published in mailboxes(state) {
        let Status { uid_next, highest_modseq, counts, recent, .. } = published.status();
        out.uid(uid_next);
        out.u64(highest_modseq.get());
        out.u32(counts.messages);
        out.u32(counts.unseen);
        out.u32(counts.deleted);
        out.u64(counts.size);
        out.u32(recent);
    }
    end(out)
}

/// The account of such a file, with all that it names at rest.
pub(super) fn decode_account(octets: &[u8], log: u64) -> Result<(State, Source), BadRecord> {
    let mut reader = ACCOUNT.open(octets, log)?;
    let from = &mut reader;
    let Head { position, counters, mailboxes: listed, subscriptions, live, generations } =
        decode_head(from)?;
    let dead = decode_units(from)?;
    let mut stamps = Stamps::new();
    stamps.insert(Part::Contents, from.u64()?);
    stamps.insert(Part::Threads, from.u64()?);
    let emails = Emails::at_rest(live, dead, generations);
    let threads = Resting::at_rest();
    let (mut published, mut known) = (BTreeMap::new(), BTreeMap::new());
    let mut list = MailboxList { mailboxes: BTreeMap::new(), subscriptions };
    for Listed { info, stamp, recent } in listed {
        let status = decode_status(from, info.uid_validity)?;
        stamps.insert(Part::Mailbox(info.id), stamp);
        published.insert(info.id, Published::at_rest(recent, status));
        list.mailboxes.insert(info.name.clone(), info.clone());
        known.insert(info.id, Known { info, status });
    }
    let list = Arc::new(list);
    let contents = counters.email;
    let state =
        State { list, mailboxes: published, counters, messages: 0, emails, threads, source: None };
    Ok((state, Source { log, position, stamps, contents, mailboxes: known }))
}

fn decode_status(from: &mut Reader<'_>, uid_validity: UidValidity) -> Result<Status, BadRecord> {
    let (uid_next, highest_modseq) = (Uid::new(from.u32()?), modseq(from)?);
    let (messages, unseen, deleted) = (from.u32()?, from.u32()?, from.u32()?);
    let counts = Counts { messages, unseen, deleted, size: from.u64()? };
    Ok(Status { uid_validity, uid_next, highest_modseq, counts, recent: from.u32()? })
}

/// The mailboxes in the order of the list.
fn mailboxes(state: &State) -> impl Iterator<Item = &Published> {
    let listed = state.list.mailboxes.values();
    listed.filter_map(|info| state.mailboxes.get(&info.id))
}

/// All that an account is, in one row of octets; `None` if some of it is at rest.
pub(crate) fn encode(log: u64, position: Position, state: &State) -> Option<Vec<u8>> {
    let stamps = state.parts().map(|part| (part, position.sequence)).collect();
    let mut account = BASE.begin(log, 0);
    encode_head(&mut account, position, state, &stamps);
    parts::encode_table(&mut account, state.emails.all()?);
    parts::encode_keys(&mut account, state.threads.get()?);
    let mut out = Writer::default();
    out.text(&end(account));
    for published in mailboxes(state) {
        out.text(&encode_mailbox(log, position.sequence, published.snapshot()?));
    }
    Some(out.octets)
}

/// The account in such a row of octets.
pub(crate) fn decode(octets: &[u8], log: u64) -> Result<State, BadRecord> {
    let mut reader = Reader::new(octets);
    let mut account = BASE.open(reader.text()?, log)?;
    let Head { counters, mailboxes: listed, subscriptions, live, generations, .. } =
        decode_head(&mut account)?;
    let all = parts::decode_table(&mut account)?;
    if all.len() as u64 != counters.email {
        return Err(BadRecord("the contents that it counts"));
    }
    let threads = Resting::from(parts::decode_keys(&mut account)?);
    let mut mailboxes = BTreeMap::new();
    let mut list = MailboxList { mailboxes: BTreeMap::new(), subscriptions };
    for Listed { info, stamp, recent } in listed {
        let snapshot = Arc::new(decode_mailbox(reader.text()?, log, (&info, stamp))?);
        mailboxes.insert(info.id, Published::new(Mailbox { snapshot, recent }));
        list.mailboxes.insert(info.name.clone(), info);
    }
    let (list, emails) = (Arc::new(list), Emails::new(all, live, generations));
    Ok(State { list, mailboxes, counters, messages: 0, emails, threads, source: None })
}

fn encode_head(out: &mut Writer, position: Position, state: &State, stamps: &Stamps) {
    out.u64(position.sequence);
    out.u64(position.offset);
    out.u32(position.segment);
    out.u32(state.counters.uid_validity);
    out.u64(state.counters.mailbox);
    out.u64(state.counters.email);
    out.u64(state.counters.modseq.get());
    out.number(state.list.mailboxes.len() as u64);
    for info in state.list.mailboxes.values() {
        let recent = state.mailboxes.get(&info.id).and_then(Published::recent);
        out.u64(info.id.0);
        out.u64(stamps.get(&Part::Mailbox(info.id)).copied().unwrap_or(0));
        out.u32(info.uid_validity.get());
        out.uid(recent);
        out.text(info.special_use.map_or("", SpecialUse::as_str).as_bytes());
        out.text(info.name.as_str().as_bytes());
        out.number(u64::from(info.append_limit.is_some()));
        info.append_limit.iter().for_each(|limit| out.number(*limit));
    }
    out.number(state.list.subscriptions.len() as u64);
    state.list.subscriptions.iter().for_each(|name| out.text(name.as_str().as_bytes()));
    encode_units(out, &state.emails.live);
    out.number(state.emails.generations.len() as u64);
    for (segment, generation) in &state.emails.generations {
        out.u32(*segment);
        out.u32(*generation);
    }
}

fn decode_head(from: &mut Reader<'_>) -> Result<Head, BadRecord> {
    let (sequence, offset, segment) = (from.u64()?, from.u64()?, from.u32()?);
    let counters = Counters {
        uid_validity: from.u32()?,
        mailbox: from.u64()?,
        email: from.u64()?,
        modseq: modseq(from)?,
    };
    let mailboxes = (0..from.number()?).map(|_| decode_info(from)).collect::<Result<_, _>>()?;
    let subscriptions = (0..from.number()?).map(|_| read_name(from)).collect::<Result<_, _>>()?;
    let live = decode_units(from)?;
    let generations = (0..from.number()?).map(|_| Ok((from.u32()?, from.u32()?)));
    let generations = generations.collect::<Result<BTreeMap<u32, u32>, BadRecord>>()?;
    let position = Position { segment, offset, sequence };
    Ok(Head { position, counters, mailboxes, subscriptions, live, generations })
}

/// Units of segments.
fn encode_units(out: &mut Writer, units: &BTreeMap<u32, u64>) {
    out.number(units.len() as u64);
    for (segment, units) in units {
        out.u32(*segment);
        out.u64(*units);
    }
}

fn decode_units(from: &mut Reader<'_>) -> Result<BTreeMap<u32, u64>, BadRecord> {
    (0..from.number()?).map(|_| decode_unit(from)).collect()
}

/// No segment has more units than a place in it can say.
fn decode_unit(from: &mut Reader<'_>) -> Result<(u32, u64), BadRecord> {
    let (segment, units) = (from.u32()?, from.u64()?);
    let is_possible = u32::try_from(units).is_ok();
    if is_possible { Ok((segment, units)) } else { Err(BadRecord("units of a segment")) }
}

fn decode_info(from: &mut Reader<'_>) -> Result<Listed, BadRecord> {
    let (id, stamp) = (MailboxId(from.u64()?), from.u64()?);
    let uid_validity = UidValidity::new(from.u32()?).ok_or(BadRecord("a UIDVALIDITY"))?;
    let recent = Uid::new(from.u32()?);
    let special_use = std::str::from_utf8(from.text()?).ok().and_then(SpecialUse::parse);
    let name = read_name(from)?;
    let append_limit = (from.number()? != 0).then(|| from.number()).transpose()?;
    let info = MailboxInfo { id, name, uid_validity, special_use, append_limit };
    Ok(Listed { info, stamp, recent })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a fuzzer found: their sum was a panic.
    #[test]
    fn more_units_than_a_segment_can_have_are_refused() {
        for (units, is_possible) in
            [(0, true), (u64::from(u32::MAX), true), (1 << 32, false), (u64::MAX, false)]
        {
            let mut out = Writer::default();
            encode_units(&mut out, &BTreeMap::from([(1, 5), (2, units)]));
            let decoded = decode_units(&mut Reader::new(&out.octets));
            assert_eq!(decoded.is_ok(), is_possible, "{units}");
        }
    }

    /// What a fuzzer found: a repair made place for them all.
    #[test]
    fn an_account_counts_the_contents_that_it_lists() {
        let position = Position { segment: 1, offset: 64, sequence: 0 };
        for (count, is_right) in [(0, true), (1, false), (u64::MAX - 5, false)] {
            let mut state = State::default();
            state.counters.email = count;
            let octets = encode(7, position, &state).unwrap();
            assert_eq!(decode(&octets, 7).is_ok(), is_right, "{count}");
        }
    }
}

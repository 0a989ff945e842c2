//! What of a segment's changes can be left out when it is written anew, because later changes of the same segment make it pointless:
//! flags that are set anew, or whose messages go, what sessions were told of as recent, subscriptions and append limits.
//!
//! Only changes of the same segment count. So the segment leads from the same state to the same state as before, and any mixture
//! of segments as they were and as they are written anew is a log that says what it said: after a power cut, in a copy that
//! was made meanwhile, behind index snapshots that end anywhere. Index snapshots that end within the segment may know of
//! changes that were left out; what overwrites these comes behind the snapshots, or they would be there.
//!
//! Changes are looked at from the last to the first. What is left out are whole transactions, and never the last one of the
//! segment, so that the frame behind them can say how many they are.

mod overwritten;

use crate::frame::{FrameHeader, HEADER};
use crate::limits::{CHECK_OCTETS, MAX_SQUEEZE_STEPS, MAX_SQUEEZED_SPANS};
use crate::record::{self, FlagsRecord, NamesRecord, Record};
use crate::replay::damage;
use crate::segment::{Frame, NoFrame, SEGMENT_HEADER, SegmentReader};
use overwritten::{Bits, Overwritten};
use rookery_mail::{MailboxId, MailboxName, UidSet};
use rookery_mailbox::StoreError;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

/// What becomes of the frames of a segment, by where they begin.
#[derive(Default)]
pub(crate) struct Plan {
    /// Whether it was looked for what is pointless; otherwise nothing is left out.
    pub(crate) is_of_all: bool,
    /// A bit for each header that there is room for: no two frames begin in the same.
    omitted: Vec<u64>,
    /// The messages that are left in changes of flags.
    reduced: BTreeMap<u64, UidSet>,
    /// Ranges in `reduced`.
    ranges: usize,
    /// Octets that the segment has less.
    pub(crate) octets: u64,
}

impl Plan {
    /// Whether the frame at this offset is left out.
    pub(crate) fn omits(&self, at: u64) -> bool {
        let (word, bit) = place(at);
        self.omitted.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }

    /// What is left of a change of flags of which not everything is left.
    pub(crate) fn reduced(&self, at: u64, frame: &Frame) -> Option<(FrameHeader, Vec<u8>)> {
        let uids = self.reduced.get(&at)?;
        match Record::decode(frame.header.kind, &frame.meta) {
            Ok(Record::Flags(flags)) => reduced(&frame.header, &flags, uids),
            _ => None,
        }
    }

    fn omit(&mut self, at: u64, header: &FrameHeader) {
        let (word, bit) = place(at);
        self.omitted.resize(self.omitted.len().max(word + 1), 0);
        if let Some(word) = self.omitted.get_mut(word) {
            *word |= 1 << bit;
            self.octets += header.frame_len();
        }
    }

    fn reduce(&mut self, at: u64, header: &FrameHeader, (flags, uids): (&FlagsRecord, UidSet)) {
        let Some((new, _)) = reduced(header, flags, &uids) else { return };
        let ranges = self.ranges + uids.ranges().len();
        if new.frame_len() < header.frame_len() && ranges <= MAX_SQUEEZED_SPANS {
            self.octets += header.frame_len() - new.frame_len();
            self.ranges = ranges;
            self.reduced.insert(at, uids);
        }
    }
}

/// The word and the bit of a frame at an offset.
fn place(at: u64) -> (usize, u64) {
    let header = at / HEADER as u64;
    let bits = u64::from(u64::BITS);
    (usize::try_from(header / bits).unwrap_or(usize::MAX), header % bits)
}

/// The frame of a change of flags of these messages only.
fn reduced(
    header: &FrameHeader,
    flags: &FlagsRecord,
    uids: &UidSet,
) -> Option<(FrameHeader, Vec<u8>)> {
    let meta = Record::Flags(FlagsRecord { uids: uids.clone(), ..flags.clone() }).encode();
    let (meta_len, meta_crc) = (u32::try_from(meta.len()).ok()?, crc32c::crc32c(&meta));
    Some((FrameHeader { meta_len, meta_crc, ..*header }, meta))
}

/// Frames that are looked at together.
struct Block {
    octets: Range<u64>,
    /// Whether its first frame begins a transaction.
    is_beginning: bool,
    /// Whether there is anything in it but messages.
    matters: bool,
}

/// Look at a segment that nobody writes to.
pub(crate) fn plan(reader: &mut SegmentReader<'_>, number: u32) -> Result<Plan, StoreError> {
    let (blocks, last) = blocks(reader, number)?;
    let (mut plan, mut later) = (Plan { is_of_all: true, ..Plan::default() }, Later::default());
    for block in blocks.iter().rev().filter(|block| block.matters) {
        for InBlock { at, is_alone, frame } in frames(reader, number, block)?.iter().rev() {
            let (at, header) = (*at, &frame.header);
            let record = Record::decode(header.kind, &frame.meta);
            let record = record.map_err(|bad| damage(number, at, bad.0))?;
            // What this program does not know is not to be lost.
            let is_known = || record.encode() == frame.meta;
            match later.left(&record) {
                Left::Nothing if *is_alone && header.sequence < last && is_known() => {
                    plan.omit(at, header);
                }
                Left::Of(flags, uids) if is_known() => plan.reduce(at, header, (flags, uids)),
                Left::All | Left::Nothing | Left::Of(..) => {}
            }
            if later.is_too_much() {
                // All that comes before stays.
                return Ok(plan);
            }
        }
    }
    Ok(plan)
}

/// A frame that brings no message.
struct InBlock {
    at: u64,
    /// Whether it is a transaction of its own.
    is_alone: bool,
    frame: Frame,
}

fn frames(
    reader: &mut SegmentReader<'_>,
    number: u32,
    block: &Block,
) -> Result<Vec<InBlock>, StoreError> {
    let mut frames = Vec::new();
    let (mut at, mut is_beginning) = (block.octets.start, block.is_beginning);
    while at < block.octets.end {
        let frame = frame(reader, number, at)?;
        let is_alone = is_beginning && frame.header.end;
        is_beginning = frame.header.end;
        let next = at + frame.header.frame_len();
        if !record::brings_octets(frame.header.kind) {
            frames.push(InBlock { at, is_alone, frame });
        }
        at = next;
    }
    Ok(frames)
}

/// All frames of a segment, in blocks, and the last sequence number.
fn blocks(reader: &mut SegmentReader<'_>, number: u32) -> Result<(Vec<Block>, u64), StoreError> {
    let (mut at, mut is_beginning, mut last) = (SEGMENT_HEADER as u64, true, 0);
    let (end, mut blocks) = (reader.len(), Vec::<Block>::new());
    while at < end {
        let header = frame(reader, number, at)?.header;
        let next = at + header.frame_len();
        let is_full = |block: &Block| block.octets.end - block.octets.start >= CHECK_OCTETS as u64;
        if blocks.last().is_none_or(is_full) {
            blocks.push(Block { octets: at..at, is_beginning, matters: false });
        }
        if let Some(block) = blocks.last_mut() {
            block.octets.end = next;
            block.matters |= !record::brings_octets(header.kind);
        }
        (at, is_beginning, last) = (next, header.end, header.sequence);
    }
    Ok((blocks, last))
}

fn frame(reader: &mut SegmentReader<'_>, number: u32, at: u64) -> Result<Frame, StoreError> {
    reader.frame_without_content(at).map_err(|no_frame| match no_frame {
        NoFrame::End => damage(number, at, "a frame"),
        NoFrame::Bad(bad) => damage(number, at, bad.0),
        NoFrame::Io(error) => crate::failure::io_error(crate::compaction::WRITING, error),
    })
}

/// What is left of a change at the end of its segment.
enum Left<'a> {
    All,
    Nothing,
    /// Of flags that change: these messages, and the keywords that are new.
    Of(&'a FlagsRecord, UidSet),
}

/// What the changes do that were looked at already: those that come later.
#[derive(Default)]
struct Later {
    flags: HashMap<MailboxId, Overwritten>,
    recent: HashSet<MailboxId>,
    subscriptions: HashSet<MailboxName>,
    append_limits: HashSet<MailboxId>,
    /// Spans in `flags`.
    spans: usize,
    /// Spans that were looked at so far.
    steps: usize,
}

impl Later {
    /// What is left of a change, to which what comes before it is held next.
    fn left<'a>(&mut self, record: &'a Record) -> Left<'a> {
        match record {
            Record::Flags(flags) => return self.flags(flags),
            Record::Recent { mailbox, .. } if !self.recent.insert(*mailbox) => {
                return Left::Nothing;
            }
            Record::Names(names) => return self.names(names),
            Record::Expunge { mailbox, uids, .. } => {
                self.overwrite(*mailbox, uids, Bits::ALL);
            }
            // The copies have the flags of now.
            Record::Copy(copy) => self.read(copy.from, &copy.uids),
            Record::Delete { mailbox, .. } => {
                self.overwrite(*mailbox, &UidSet::all(), Bits::ALL);
                self.recent.insert(*mailbox);
                self.append_limits.insert(*mailbox);
            }
            Record::Append(_) | Record::Recent { .. } | Record::Base { .. } => {}
        }
        Left::All
    }

    fn flags<'a>(&mut self, flags: &'a FlagsRecord) -> Left<'a> {
        let bits = Bits::of(flags.operation, flags.flags);
        if bits.is_empty() {
            return Left::All;
        }
        // The last change of a message, which gives it its modification sequence, is among those that are needed.
        let needed = self.overwrite(flags.mailbox, &flags.uids, bits);
        match needed {
            needed if needed == flags.uids => Left::All,
            needed if needed.is_empty() && flags.new_keywords.is_empty() => Left::Nothing,
            needed => Left::Of(flags, needed),
        }
    }

    fn names(&mut self, names: &NamesRecord) -> Left<'static> {
        let NamesRecord { made, renamed, subscriptions, append_limits, .. } = names;
        let is_known = made.is_empty()
            && renamed.is_empty()
            && !(subscriptions.is_empty() && append_limits.is_empty())
            && subscriptions.iter().all(|it| self.subscriptions.contains(&it.name))
            && append_limits.iter().all(|(id, _)| self.append_limits.contains(id));
        self.subscriptions.extend(subscriptions.iter().map(|it| it.name.clone()));
        self.append_limits.extend(append_limits.iter().map(|(id, _)| *id));
        if is_known { Left::Nothing } else { Left::All }
    }

    /// These flags of these messages are overwritten; returns the messages of which not all of them are overwritten later.
    fn overwrite(&mut self, mailbox: MailboxId, uids: &UidSet, bits: Bits) -> UidSet {
        let overwritten = self.flags.entry(mailbox).or_default();
        let (before, mut needed) = (overwritten.len(), Vec::new());
        for range in uids.ranges() {
            self.steps += overwritten.overwrite(*range, bits, &mut needed);
        }
        self.spans = self.spans + overwritten.len() - before;
        needed.into_iter().collect()
    }

    fn read(&mut self, mailbox: MailboxId, uids: &UidSet) {
        let Some(overwritten) = self.flags.get_mut(&mailbox) else { return };
        let before = overwritten.len();
        for range in uids.ranges() {
            self.steps += overwritten.read(*range);
        }
        self.spans = self.spans + overwritten.len() - before;
    }

    /// Whether it takes more memory or time to go on than that is worth.
    fn is_too_much(&self) -> bool {
        let others = self.recent.len() + self.subscriptions.len() + self.append_limits.len();
        self.spans + others > MAX_SQUEEZED_SPANS || self.steps > MAX_SQUEEZE_STEPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rookery_mail::{ModSeq, SystemFlags, Uid};
    use rookery_mailbox::{FlagOperation, FlagSet};

    /// A change of a flag of every other message, so many.
    fn flags(count: usize) -> FlagsRecord {
        let every_other = (1..).step_by(2).filter_map(Uid::new);
        FlagsRecord {
            mailbox: MailboxId(1),
            modseq: ModSeq::MAX,
            new_keywords: record::NewKeywords::default(),
            operation: FlagOperation::Add,
            flags: FlagSet { system: SystemFlags::from_bits(1), keywords: 0 },
            uids: every_other.take(count).collect(),
        }
    }

    #[test]
    fn no_more_is_remembered_of_a_segment_than_there_is_room_for() {
        for (count, is_too_much) in [(MAX_SQUEEZED_SPANS, false), (MAX_SQUEEZED_SPANS + 1, true)] {
            let mut later = Later::default();
            later.left(&Record::Flags(flags(count)));
            assert_eq!(later.is_too_much(), is_too_much, "{count}");
        }
        for (steps, is_too_much) in [(MAX_SQUEEZE_STEPS - 1, false), (MAX_SQUEEZE_STEPS, true)] {
            let mut later = Later { steps, ..Later::default() };
            later.left(&Record::Flags(flags(1)));
            assert_eq!(later.is_too_much(), is_too_much, "{steps}");
        }
    }
}

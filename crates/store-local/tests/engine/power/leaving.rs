//! What a copy shows that has an older segment of a later moment than the end of its log: that moment of the copying, without
//! messages that went for good later, while it was made.

use crate::workload::SMALL;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A mailbox of a picture, in its lines.
struct Shown<'a> {
    id: &'a str,
    next: &'a str,
    modseq: u64,
    keywords: &'a str,
    stones: &'a str,
    rows: Vec<&'a str>,
}

/// The first line of a picture and its mailboxes.
fn parse(picture: &str) -> (&str, Vec<Shown<'_>>) {
    let mut lines = picture.lines();
    let (list, mut mailboxes) = (lines.next().unwrap_or_default(), Vec::<Shown<'_>>::new());
    while let Some(line) = lines.next() {
        if let Some(shown) = mailboxes.last_mut().filter(|_| line.starts_with("  ")) {
            shown.rows.push(line);
            continue;
        }
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap();
        let (id, next, modseq, keywords) = (word(), word(), word().parse().unwrap(), word());
        let stones = lines.next().unwrap();
        mailboxes.push(Shown { id, next, modseq, keywords, stones, rows: Vec::new() });
    }
    (list, mailboxes)
}

/// The numbers in a text that stand behind a word and in parentheses.
fn numbers<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = u64> + 'a {
    let found = text.split(word).skip(1);
    found.filter_map(|rest| rest.strip_prefix('(')?.split_once(')')?.0.parse().ok())
}

/// How many messages are missing that a moment has, if it is that moment and they have all gone by one of the later ones.
pub(super) fn missing(seen: &str, moment: &str, later: &[&str]) -> Option<usize> {
    if seen == moment {
        return Some(0);
    }
    let (list, before) = parse(moment);
    let (_, after) = parse(seen);
    let largest = numbers(moment, "ModSeq").chain(before.iter().map(|shown| shown.modseq)).max();
    let (mut expected, mut count) = (format!("{list}\n"), 0);
    for shown in &before {
        let now = after.iter().find(|now| now.id == shown.id)?;
        let there: BTreeSet<&str> = now.rows.iter().copied().collect();
        let (rest, gone): (Vec<&str>, Vec<&str>) =
            shown.rows.iter().partition(|row| there.contains(*row));
        if !gone.iter().all(|row| has_gone(row, later)) {
            return None;
        }
        count += gone.len();
        let (mut modseq, mut stones) = (shown.modseq, shown.stones.to_owned());
        if !gone.is_empty() {
            modseq = now.modseq;
            stones = more_stones(&stones, modseq, &gone);
            if Some(modseq) <= largest {
                return None;
            }
        }
        let Shown { id, next, keywords, .. } = shown;
        writeln!(expected, "{id} {next} {modseq} {keywords}\n{stones}").unwrap();
        rest.iter().for_each(|row| writeln!(expected, "{row}").unwrap());
    }
    (seen == expected).then_some(count)
}

/// Whether no message has this one's content any more at one of these moments.
fn has_gone(row: &str, later: &[&str]) -> bool {
    let email = numbers(row, "email: EmailId").next().unwrap();
    later.iter().any(|picture| numbers(picture, "email: EmailId").all(|it| it != email))
}

/// The expunges that a mailbox remembers when these messages have gone as well.
fn more_stones(stones: &str, modseq: u64, gone: &[&str]) -> String {
    let (floor, list) = stones.trim_start().split_once(' ').unwrap();
    let known = numbers(list, "ModSeq").zip(numbers(list, "Uid"));
    let gone = gone.iter().map(|row| (modseq, numbers(row, "uid: Uid").next().unwrap()));
    let mut all: Vec<(u64, u64)> = known.chain(gone).collect();
    let mut floor: u64 = floor.parse().unwrap();
    if let Some(newest) = all.len().checked_sub(SMALL.max_tombstones + 1) {
        floor = all[newest].0;
        all.retain(|(modseq, _)| *modseq > floor);
    }
    let stone = |(modseq, uid): &(u64, u64)| {
        format!("Tombstone {{ modseq: ModSeq({modseq}), uid: Uid({uid}) }}")
    };
    let all: Vec<String> = all.iter().map(stone).collect();
    format!("  {floor} [{}]", all.join(", "))
}

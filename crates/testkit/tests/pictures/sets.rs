//! Sets of messages, at random.

use crate::client::Client;
use crate::picture::Asked;

/// A set as it is written, by number or by UID, and what it stands for.
pub(crate) struct Set {
    pub(crate) text: String,
    pub(crate) by_uid: bool,
    pub(crate) ranges: Vec<(u32, u32)>,
}

impl Set {
    /// What precedes the name of a command that takes UIDs.
    pub(crate) fn prefix(&self) -> &'static str {
        if self.by_uid { "UID " } else { "" }
    }

    /// What a command with this set asks for, if it is FETCH, STORE or SEARCH.
    pub(crate) fn asked(&self) -> Asked {
        Asked { hold: !self.by_uid, ..Asked::default() }
    }
}

impl Client {
    /// Some messages; there is one at least.
    pub(crate) fn set(&mut self) -> Set {
        let by_uid = self.rng.percent(50) && !self.uids().is_empty();
        if by_uid || self.dialect.uid_only { self.uid_set() } else { self.numbers() }
    }

    fn numbers(&mut self) -> Set {
        let len = self.len();
        let (mut texts, mut ranges) = (Vec::new(), Vec::new());
        for _ in 0..self.rng.between(1, 2) {
            let (first, other) = (self.rng.between(1, len), self.rng.between(1, len));
            let (text, range) = match self.rng.below(6) {
                0 => ("*".to_owned(), (len, len)),
                1 => (format!("{first}:*"), (first, len)),
                2 => (format!("{first}:{other}"), (first.min(other), first.max(other))),
                _ => (first.to_string(), (first, first)),
            };
            texts.push(text);
            ranges.push(range);
        }
        Set { text: texts.join(","), by_uid: false, ranges }
    }

    pub(crate) fn uid_set(&mut self) -> Set {
        let uids = self.uids();
        let (mut texts, mut ranges) = (Vec::new(), Vec::new());
        for _ in 0..self.rng.between(1, 2) {
            let some =
                uids.get(self.rng.below(u32::try_from(uids.len().max(1)).unwrap_or(1)) as usize);
            let first = some.map_or(1, |uid| uid.get());
            let (text, range) = match self.rng.below(6) {
                0 => ("1:*".to_owned(), (1, u32::MAX)),
                1 => (format!("{first}:*"), (first, u32::MAX)),
                2 => (
                    format!("{}:{first}", first.saturating_sub(5).max(1)),
                    (first.saturating_sub(5).max(1), first),
                ),
                _ => (first.to_string(), (first, first)),
            };
            texts.push(text);
            ranges.push(range);
        }
        Set { text: texts.join(","), by_uid: true, ranges }
    }
}

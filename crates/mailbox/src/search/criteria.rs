//! A key made ready for one mailbox: keywords looked up once, and flags that are asked for together compared together.

use super::Key;
use crate::{FlagSet, Snapshot};
use rookery_mail::SystemFlags;

/// What a key asks of each message.
#[derive(Debug)]
pub(super) enum Criteria<'a> {
    /// About flags and nothing else.
    Flags(FlagCriteria),
    /// All of these.
    All(Vec<Self>),
    /// One of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A key that has no others in it, and is not about flags.
    Of(&'a Key),
}

/// Flags that must be set, and flags that must not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct FlagCriteria {
    set: FlagSet,
    clear: FlagSet,
}

impl FlagCriteria {
    pub(super) fn matches(self, flags: FlagSet) -> bool {
        let is_set = flags.system.union(self.set.system) == flags.system
            && flags.keywords & self.set.keywords == self.set.keywords;
        is_set
            && flags.system.difference(self.clear.system) == flags.system
            && flags.keywords & self.clear.keywords == 0
    }

    fn and(self, other: Self) -> Self {
        let both = |a: FlagSet, b: FlagSet| FlagSet {
            system: a.system.union(b.system),
            keywords: a.keywords | b.keywords,
        };
        Self { set: both(self.set, other.set), clear: both(self.clear, other.clear) }
    }

    /// The opposite, if that can be said of flags: of several, one that is not as it should be suffices.
    fn not(self) -> Option<Self> {
        let count = |flags: FlagSet| flags.system.bits().count_ones() + flags.keywords.count_ones();
        let is_single = count(self.set) + count(self.clear) == 1;
        is_single.then_some(Self { set: self.clear, clear: self.set })
    }
}

impl<'a> Criteria<'a> {
    /// What a key asks of the messages of a mailbox.
    pub(super) fn new(key: &'a Key, snapshot: &Snapshot) -> Self {
        let all = |keys: &'a [Key]| keys.iter().map(|key| Self::new(key, snapshot)).collect();
        match key {
            Key::Has(flag) => Self::set([*flag].into_iter().collect(), 0),
            // Without a bit, no message has it.
            Key::Keyword(keyword) => snapshot
                .keyword_bit(keyword)
                .map_or(Self::Any(Vec::new()), |bit| Self::set(SystemFlags::NONE, bit)),
            Key::And(keys) => Self::all(all(keys)),
            Key::Or(keys) => Self::Any(all(keys)),
            Key::Not(key) => match Self::new(key, snapshot) {
                Self::Flags(flags) => {
                    flags.not().map_or_else(|| Self::Not(Box::new(Self::Flags(flags))), Self::Flags)
                }
                other => Self::Not(Box::new(other)),
            },
            key => Self::Of(key),
        }
    }

    /// How many they are made of, themselves included.
    pub(super) fn weight(&self) -> usize {
        1 + match self {
            Self::All(some) | Self::Any(some) => some.iter().map(Self::weight).sum(),
            Self::Not(one) => one.weight(),
            Self::Flags(_) | Self::Of(_) => 0,
        }
    }

    fn set(system: SystemFlags, keywords: u128) -> Self {
        let set = FlagSet { system, keywords };
        Self::Flags(FlagCriteria { set, clear: FlagSet::default() })
    }

    /// All of these, those about flags in one and first.
    fn all(criteria: Vec<Self>) -> Self {
        let mut flags: Option<FlagCriteria> = None;
        let mut rest = Vec::with_capacity(criteria.len());
        for one in criteria {
            match one {
                Self::Flags(more) => flags = Some(flags.unwrap_or_default().and(more)),
                other => rest.push(other),
            }
        }
        match flags {
            Some(flags) if rest.is_empty() => Self::Flags(flags),
            Some(flags) => {
                rest.insert(0, Self::Flags(flags));
                Self::All(rest)
            }
            None => Self::All(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decide::{Known, decide};
    use super::*;
    use crate::{Row, SnapshotParts};
    use proptest::prelude::*;
    use rookery_mail::{
        DateTime, EmailId, Keyword, MailboxId, ModSeq, SystemFlag, ThreadId, Uid, UidValidity,
    };

    const KEYWORDS: [&str; 3] = ["$Junk", "$Phishing", "$Unknown"];

    fn keyword(at: usize) -> Keyword {
        Keyword::new(KEYWORDS[at]).unwrap()
    }

    /// A mailbox that knows all but the last of the keywords.
    fn mailbox() -> Snapshot {
        Snapshot::from_parts(SnapshotParts {
            id: MailboxId(1),
            uid_validity: UidValidity::MIN,
            uid_next: Some(Uid::MIN),
            highest_modseq: ModSeq::default(),
            keywords: (0..2).map(keyword).collect(),
            rows: Vec::new(),
            tombstones: Vec::new(),
            tombstone_floor: ModSeq::default(),
        })
    }

    fn row(flags: FlagSet) -> Row {
        Row {
            uid: Uid::MIN,
            modseq: ModSeq::default(),
            created: ModSeq::default(),
            flags,
            email: EmailId(1),
            thread: ThreadId(1),
            size: 1,
            internal_date: DateTime::with_offset(0, 0),
            save_date: 0,
        }
    }

    fn keys() -> impl Strategy<Value = Key> {
        let leaf = prop_oneof![
            Just(Key::All),
            Just(Key::Larger(1)),
            Just(Key::Has(SystemFlag::Seen)),
            Just(Key::Has(SystemFlag::Flagged)),
            (0..3usize).prop_map(|at| Key::Keyword(keyword(at))),
        ];
        leaf.prop_recursive(4, 24, 4, |key| {
            prop_oneof![
                key.clone().prop_map(|key| Key::Not(Box::new(key))),
                prop::collection::vec(key.clone(), 0..4).prop_map(Key::And),
                prop::collection::vec(key, 0..4).prop_map(Key::Or),
            ]
        })
    }

    /// What a key means, word for word.
    fn means(key: &Key, row: &Row, snapshot: &Snapshot) -> bool {
        match key {
            Key::And(keys) => keys.iter().all(|key| means(key, row, snapshot)),
            Key::Or(keys) => keys.iter().any(|key| means(key, row, snapshot)),
            Key::Not(key) => !means(key, row, snapshot),
            Key::Has(flag) => row.flags.system.contains(*flag),
            Key::Keyword(keyword) => {
                snapshot.keyword_bit(keyword).is_some_and(|bit| row.flags.keywords & bit != 0)
            }
            key => *key == Key::All,
        }
    }

    proptest! {
        #[test]
        fn criteria_ask_what_their_key_means(key in keys()) {
            let snapshot = mailbox();
            let criteria = Criteria::new(&key, &snapshot);
            for (bits, keywords) in (0..32).flat_map(|bits| (0..4).map(move |words| (bits, words))) {
                let row = row(FlagSet { system: SystemFlags::from_bits(bits), keywords });
                let decided = decide(&criteria, (&row, &Known::default()));
                prop_assert_eq!(decided, Some(means(&key, &row, &snapshot)));
            }
        }
    }
}

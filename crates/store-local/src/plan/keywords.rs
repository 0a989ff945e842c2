//! Which bits the keywords of a change get.

use crate::record::NewKeywords;
use rookery_mail::{Flag, Keyword};
use rookery_mailbox::limits::MAX_KEYWORDS;
use rookery_mailbox::{FlagSet, Refused, Row, Snapshot};
use std::borrow::Cow;

/// The keywords of a mailbox, and those that it is to have.
#[derive(Default)]
pub(super) struct Keywords<'a> {
    /// By bit.
    names: Cow<'a, [Keyword]>,
    /// Bits that cannot be taken over.
    taken: u128,
}

impl<'a> Keywords<'a> {
    /// Those of a mailbox, for a change that is about these flags and no others.
    pub(super) fn of<'f>(
        snapshot: &'a Snapshot,
        flags: impl Iterator<Item = &'f Flag> + Clone,
    ) -> Self {
        let mut keywords = Self { names: Cow::Borrowed(snapshot.keywords()), taken: 0 };
        if keywords.names.len() + flags.clone().count() > MAX_KEYWORDS {
            let named = flags.filter_map(|flag| keywords.known(flag)).map(|at| 1 << at);
            keywords.taken = named.fold(snapshot.keywords_in_use(), |all, bit| all | bit);
        }
        keywords
    }

    fn known(&self, flag: &Flag) -> Option<usize> {
        let Flag::Keyword(keyword) = flag else { return None };
        self.names.iter().position(|known| known == keyword)
    }

    /// The set of flags; keywords that the mailbox does not have become new ones.
    pub(super) fn flag_set(&mut self, flags: &[Flag]) -> Result<(FlagSet, NewKeywords), Refused> {
        let mut new = NewKeywords::default();
        let were_full = self.names.len() >= MAX_KEYWORDS;
        let mut set = FlagSet::default();
        for flag in flags {
            match (flag, self.known(flag)) {
                (Flag::System(flag), _) => set.system.insert(*flag),
                (Flag::Keyword(keyword), known) => {
                    if let Some(at) = known.filter(|_| were_full) {
                        new.know(at, keyword);
                    }
                    let at = known.map_or_else(|| self.add(keyword, &mut new), Ok)?;
                    set.keywords |= 1 << at;
                }
            }
        }
        Ok((set, new))
    }

    /// The set of those flags that the mailbox has.
    pub(super) fn known_flag_set(
        mut self,
        flags: &[Flag],
    ) -> Result<(FlagSet, NewKeywords), Refused> {
        let known = flags.iter().filter(|flag| match flag {
            Flag::System(_) => true,
            Flag::Keyword(_) => self.known(flag).is_some(),
        });
        let known: Vec<Flag> = known.cloned().collect();
        self.flag_set(&known)
    }

    /// The keyword gets a bit.
    fn add(&mut self, keyword: &Keyword, new: &mut NewKeywords) -> Result<usize, Refused> {
        let at = if self.names.len() < MAX_KEYWORDS {
            self.names.to_mut().push(keyword.clone());
            new.next.push(keyword.clone());
            self.names.len() - 1
        } else {
            let bit = self.taken.trailing_ones() as usize;
            let name = self.names.to_mut().get_mut(bit).ok_or(Refused::TooManyKeywords)?;
            name.clone_from(keyword);
            new.take_over(bit, keyword);
            bit
        };
        self.taken |= 1 << at;
        Ok(at)
    }
}

/// What becomes of the keywords of a mailbox when these messages come from another one. A new mailbox has none.
pub(super) fn brought<'r>(
    target: Option<&Snapshot>,
    source: &Snapshot,
    rows: impl Iterator<Item = &'r Row>,
) -> Result<NewKeywords, Refused> {
    let keywords = rows.fold(0, |bits, row| bits | row.flags.keywords);
    let flags = source.flags(FlagSet { keywords, ..FlagSet::default() });
    let target = target.map(|target| Keywords::of(target, flags.iter()));
    target.unwrap_or_default().flag_set(&flags).map(|(_, new)| new)
}

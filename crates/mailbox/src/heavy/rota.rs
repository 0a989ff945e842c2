//! Whose turn it is: between accounts first, then between what waits for one of them, so that whoever opens a hundred
//! connections gets no more turns than who has one.

use super::Owner;
use std::collections::{BTreeMap, VecDeque};

/// What waits for a turn.
#[derive(Debug)]
pub struct Rota<T> {
    /// Accounts for which something waits, in the order of their turns. Each is there once.
    order: VecDeque<Owner>,
    of: BTreeMap<Owner, VecDeque<T>>,
}

impl<T> Default for Rota<T> {
    fn default() -> Self {
        Self { order: VecDeque::new(), of: BTreeMap::new() }
    }
}

impl<T> Rota<T> {
    /// Let something wait, behind what waits for the same account.
    pub fn push(&mut self, owner: Owner, waiting: T) {
        let of = self.of.entry(owner).or_default();
        if of.is_empty() {
            self.order.push_back(owner);
        }
        of.push_back(waiting);
    }

    /// What has waited for the longest, for the account that has.
    pub fn pop(&mut self) -> Option<T> {
        let owner = self.order.pop_front()?;
        let of = self.of.get_mut(&owner)?;
        let next = of.pop_front();
        if of.is_empty() {
            self.of.remove(&owner);
        } else {
            self.order.push_back(owner);
        }
        next
    }
}

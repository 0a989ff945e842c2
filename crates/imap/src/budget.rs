//! What one connection may make the server hold: one number, and how it is shared out.
//!
//! A connection does one thing at a time, so each share has its owner: the framer what comes in, the parser what a command is
//! read to, the model what that becomes, the command what it works with, [`crate::out::Out`] what waits to be sent. Whoever
//! takes memory asks for their share and refuses what goes beyond it. That all shares fit into the number is checked when
//! this is compiled.
//!
//! Some things grow with what is stored. What a search finds and what a COPYUID names have some octets for each range of
//! messages that lie apart; that is part of what a command works with. The ranges that `$` stands for have what is left of the
//! whole. The view of a mailbox has eight octets for each run of UIDs without a gap. Mostly it shares them with all who know the
//! same; while it does not, they are taken from what a command works with, and a mailbox with more of them than that cannot be
//! selected. The sets of messages that commands name have no gaps: see [`crate::selected::Selected::resolve`].
//!
//! Of the message that is looked at, what is stored of it beside it is at hand, at most a megabyte or two as the limits of the
//! `mime` crate have it, and where its parts are; or else its header, a megabyte at the most. That is part of what a command works
//! with. A message as a tree, which takes many times as much, is made on the threads for work that takes long, is printed there
//! piece by piece, and does not outlive the turn: there are no more of those at a time than there are such threads.
//!
//! What all connections share has no share of its own, and the snapshot of a mailbox is that: a long answer is made of copies of a few
//! messages at a time, see [`crate::walk`].

use crate::limits;
use rookery_imap_wire::{FramerLimits, limits as wire};
use rookery_mail::UidRange;

/// What one connection may make the server hold, in octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Budget {
    all: usize,
    is_logged_in: bool,
}

/// That the shares of all budgets are no more than the whole.
const _: () = {
    assert!(Budget::BEFORE_LOGIN.shares() <= limits::MEMORY_BEFORE_LOGIN);
    assert!(Budget::after_login(limits::MIN_MEMORY).shares() <= limits::MIN_MEMORY);
    assert!(Budget::after_login(limits::DEFAULT_MEMORY).shares() <= limits::DEFAULT_MEMORY);
    // All shares are parts of the whole or fixed, so that a larger whole has room for them too.
    assert!(Budget::after_login(limits::MIN_MEMORY).saved() >= limits::LEAST_SAVED);
    assert!(Budget::FETCH <= Budget::after_login(limits::MIN_MEMORY).work());
};

impl Budget {
    /// That of a client of whom nothing is known.
    pub(crate) const BEFORE_LOGIN: Self =
        Self { all: limits::MEMORY_BEFORE_LOGIN, is_logged_in: false };

    /// That of a user, if no less than [`limits::MIN_MEMORY`].
    pub(crate) const fn after_login(all: usize) -> Self {
        Self { all, is_logged_in: true }
    }

    /// What the framer lets through.
    pub(crate) const fn framer(self) -> FramerLimits {
        let command = self.command();
        let literals =
            if self.is_logged_in { limits::LITERALS_AFTER_LOGIN } else { wire::LITERALS };
        // A message that is too big is refused by its size, with a better answer.
        let non_sync_literal =
            if self.is_logged_in { u64::MAX } else { limits::NON_SYNC_BEFORE_LOGIN };
        FramerLimits { command, line: command, literals, non_sync_literal }
    }

    /// Octets of one command with its literals.
    const fn command(self) -> usize {
        match self.is_logged_in {
            false => limits::COMMAND_BEFORE_LOGIN,
            true if self.all / 64 < limits::COMMAND_AFTER_LOGIN => self.all / 64,
            true => limits::COMMAND_AFTER_LOGIN,
        }
    }

    /// Octets that are read at a time, and may be pipelined behind a command.
    pub(crate) const fn read(self) -> usize {
        if self.is_logged_in { limits::READ_OCTETS } else { limits::READ_BEFORE_LOGIN }
    }

    /// Octets of a command as it was read, in memory.
    pub(crate) const fn value(self) -> usize {
        if self.is_logged_in { self.all / 8 } else { self.all / 8 + self.all / 16 }
    }

    /// Octets that a command works with: messages that come in together, summaries of those that are looked at.
    pub(crate) const fn work(self) -> usize {
        if self.is_logged_in { self.all / 2 } else { 0 }
    }

    /// Octets that FETCH works with: what is known of messages, and what is printed of that.
    const FETCH: usize = limits::SUMMARIES_AT_ONCE + limits::PRINTED_AT_ONCE;

    /// Octets of the view of a mailbox: what FETCH, which needs the least of all commands that need much, leaves of the work,
    /// and of a command in the model's terms.
    pub(crate) const fn view(self) -> usize {
        self.work() + self.value() - Self::FETCH
    }

    /// Octets that a command works with beside a view that has so many of its own.
    pub(crate) const fn work_beside(self, view: usize) -> usize {
        self.work().saturating_sub(view)
    }

    /// Ranges of UIDs that a search may find beside a view that has so many octets of its own: three times as many have room
    /// while their number doubles.
    pub(crate) const fn found(self, view: usize) -> usize {
        self.work_beside(view) / 3 / size_of::<UidRange>()
    }

    /// Ranges of UIDs that a COPYUID may name beside such a view: twice as many have room.
    pub(crate) const fn copied(self, view: usize) -> usize {
        self.work_beside(view) / 2 / size_of::<UidRange>()
    }

    /// Octets of the ranges of UIDs that `$` stands for, for as long as it does.
    pub(crate) const fn saved(self) -> usize {
        self.all - self.shares()
    }

    /// Octets of answers that may wait.
    pub(crate) const fn output(self) -> usize {
        if self.is_logged_in { limits::OUT_HIGH_WATER } else { limits::OUT_BEFORE_LOGIN }
    }

    /// All shares together, but for what is left.
    const fn shares(self) -> usize {
        // What has come and is not yet looked at, the command so far, and once more up to a literal.
        let framer = 3 * self.command() + self.read() + 2 * wire::GROWTH;
        // A command in the wire's terms, and once more in the model's, which knows none before login.
        let values = if self.is_logged_in { 2 * self.value() } else { self.value() };
        // A buffer that grows by doubling, and what of it was compressed.
        let output = if self.is_logged_in { 3 * self.output() } else { 2 * self.output() };
        let layer = if self.is_logged_in { limits::COMPRESSION } else { 0 };
        limits::CONVERSATION + framer + values + self.work() + output + layer
    }
}

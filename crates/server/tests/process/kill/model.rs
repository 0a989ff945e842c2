//! What a client believes of the mailboxes that only it changes.

use std::collections::{BTreeMap, BTreeSet};

/// A message, known by the number in its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Message {
    pub(super) number: u64,
    pub(super) flags: BTreeSet<String>,
}

/// A change, each by one command.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Append {
        to: String,
        number: u64,
        flag: Option<&'static str>,
    },
    Deliver {
        to: String,
        number: u64,
    },
    Store {
        of: String,
        at: usize,
        flag: &'static str,
        set: bool,
    },
    /// So many messages from one on.
    Copy {
        from: String,
        at: usize,
        count: usize,
        to: String,
    },
    Move {
        from: String,
        at: usize,
        count: usize,
        to: String,
    },
    Expunge {
        of: String,
    },
    Create {
        name: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Delete {
        name: String,
    },
    Subscribe {
        name: String,
        subscribed: bool,
    },
}

/// The mailboxes of a client with their messages in the order of their UIDs, and the names it is subscribed to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Model {
    pub(super) mailboxes: BTreeMap<String, Vec<Message>>,
    pub(super) subscribed: BTreeSet<String>,
}

impl Model {
    /// The model after a change.
    pub(super) fn after(&self, change: &Change) -> Self {
        let mut model = self.clone();
        model.apply(change);
        model
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Append { to, number, flag } => {
                let flags = flag.iter().map(|flag| (*flag).to_owned()).collect();
                self.add(to, Message { number: *number, flags });
            }
            Change::Deliver { to, number } => {
                self.add(to, Message { number: *number, flags: BTreeSet::new() });
            }
            Change::Store { of, at, flag, set } => {
                let message = self.mailboxes.get_mut(of).and_then(|all| all.get_mut(*at));
                let Some(message) = message else { return };
                if *set {
                    message.flags.insert((*flag).to_owned());
                } else {
                    message.flags.remove(*flag);
                }
            }
            Change::Copy { from, at, count, to } => {
                let messages = self.mailboxes[from][*at..*at + *count].to_vec();
                messages.into_iter().for_each(|message| self.add(to, message));
            }
            Change::Move { from, at, count, to } => {
                let source = self.mailboxes.get_mut(from).unwrap();
                let messages: Vec<Message> = source.drain(*at..*at + *count).collect();
                messages.into_iter().for_each(|message| self.add(to, message));
            }
            Change::Expunge { of } => {
                let is_kept = |message: &Message| !message.flags.contains("\\Deleted");
                self.mailboxes.get_mut(of).unwrap().retain(is_kept);
            }
            Change::Create { name } => drop(self.mailboxes.insert(name.clone(), Vec::new())),
            Change::Rename { from, to } => {
                let messages = self.mailboxes.remove(from).unwrap();
                self.mailboxes.insert(to.clone(), messages);
                if self.subscribed.contains(from) {
                    self.subscribed.insert(to.clone());
                }
            }
            Change::Delete { name } => drop(self.mailboxes.remove(name)),
            Change::Subscribe { name, subscribed: true } => {
                self.subscribed.insert(name.clone());
            }
            Change::Subscribe { name, subscribed: false } => {
                self.subscribed.remove(name);
            }
        }
    }

    fn add(&mut self, to: &str, message: Message) {
        self.mailboxes.get_mut(to).unwrap().push(message);
    }
}

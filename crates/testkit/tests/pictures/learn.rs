//! How a client gets to know what is in its mailbox, and what has changed while it was away.

use crate::client::Client;
use crate::picture::{Asked, Cached, ensure};
use rookery_imap_wire::Response;
use rookery_mail::Uid;

impl Client {
    /// With CONDSTORE alone: what is still there by UID SEARCH, what has changed by CHANGEDSINCE (RFC 7162 §3.2.6).
    pub(crate) async fn look_for_changes(&mut self, cached: &Cached) {
        let Some(selected) = &mut self.selected else { return };
        selected.syncing = true;
        if self.find_uids().await {
            let uids = self.uids();
            let Some(selected) = &mut self.selected else { return };
            let left = cached.messages.iter().filter(|(uid, _)| uids.contains(uid));
            let left = left.map(|(uid, message)| (*uid, message.clone())).collect();
            let verdict = selected.picture.recall(&Cached { messages: left, ..*cached });
            self.hold_to(verdict);
            let since = cached.highest;
            self.condstore_enabled();
            let asked = Asked { flags: true, since: Some(since), ..Asked::default() };
            let fetch = format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since})");
            let answer = self.ask(&fetch, asked).await;
            assert!(answer.is_ok());
        } else {
            self.fetch_from(1).await;
        }
        if let Some(selected) = &mut self.selected {
            selected.syncing = false;
        }
        self.check(&Asked::default());
    }

    /// Learn all UIDs by UID SEARCH, if nothing changes meanwhile.
    async fn find_uids(&mut self) -> bool {
        let before = self.len();
        let answer = self.ask("UID SEARCH ALL", Asked::default()).await;
        let found = found(&answer.untagged);
        let mut numbers = (1..).zip(found.iter().filter_map(|uid| Uid::new(*uid)));
        let Some(selected) = &mut self.selected else { return false };
        if selected.picture.len() != before || found.len() != before as usize {
            return false;
        }
        let verdict = numbers.try_for_each(|(number, uid)| selected.picture.identify(number, uid));
        self.hold_to(verdict);
        true
    }

    pub(crate) fn uids(&self) -> Vec<Uid> {
        let messages = self.selected.iter().flat_map(|selected| &selected.picture.messages);
        messages.filter_map(|message| message.uid).collect()
    }

    /// The client uses what enables CONDSTORE (RFC 7162 §3.1).
    pub(crate) fn condstore_enabled(&mut self) {
        self.dialect.condstore = true;
        if let Some(selected) = &mut self.selected {
            selected.picture.dialect.condstore = true;
        }
    }

    /// Fetch what is not known yet.
    pub(crate) async fn learn(&mut self) {
        let first = self.selected.as_ref().and_then(|selected| selected.picture.first_unknown());
        match first {
            Some(_) if self.dialect.uid_only => self.fetch_batches().await,
            Some(first) => self.fetch_from(first).await,
            None => {}
        }
    }

    /// Fetch everything, by the batches that the server tells.
    async fn fetch_batches(&mut self) {
        let answer = self.ask("UIDBATCHES 500", Asked::default()).await;
        let told = answer.untagged.iter().find_map(|response| match response {
            Response::UidBatches { ranges, .. } => Some(ranges.clone()),
            _ => None,
        });
        self.hold_to(ensure(told.is_some(), || "no batches".to_owned()));
        let items = if self.dialect.condstore { "(FLAGS MODSEQ)" } else { "(FLAGS)" };
        for (high, low) in told.unwrap_or_default() {
            let command = format!("UID FETCH {high}:{low} {items}");
            self.ask(&command, Asked { flags: true, ..Asked::default() }).await;
        }
    }

    async fn fetch_from(&mut self, first: u32) {
        let uids = self.uids();
        let mut items = vec!["FLAGS"];
        if self.dialect.condstore {
            items.push("MODSEQ");
        }
        let before = uids.get((first as usize).wrapping_sub(2)).filter(|_| self.rng.percent(50));
        let after = before.and_then(|uid| uid.next());
        let (set, asked) = match after {
            Some(after) => (format!("UID FETCH {after}:*"), Asked::default()),
            None if self.len() == 0 => return,
            None => {
                items.push("UID");
                (format!("FETCH {first}:*"), Asked { hold: true, ..Asked::default() })
            }
        };
        let command = format!("{set} ({})", items.join(" "));
        self.ask(&command, Asked { flags: true, ..asked }).await;
    }
}

/// The numbers that a search found.
pub(crate) fn found(untagged: &[Response]) -> Vec<u32> {
    let found = untagged.iter().filter_map(|response| match response {
        Response::Search { numbers, .. } => Some(numbers.clone()),
        Response::ESearch { all, .. } => {
            let ranges = all.iter().flatten();
            Some(ranges.flat_map(|(first, last)| *first..=*last).collect())
        }
        _ => None,
    });
    found.flatten().collect()
}

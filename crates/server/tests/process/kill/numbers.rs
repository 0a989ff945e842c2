//! Numbers that must not go back, nor mean anything else, whatever happens to the server.

use super::worker::item_of;
use std::collections::BTreeMap;

/// What was seen of each mailbox; a UIDVALIDITY names it whatever it is called.
#[derive(Clone, Default)]
pub(super) struct Numbers(BTreeMap<u64, Seen>);

#[derive(Clone, Default)]
struct Seen {
    uid_next: u64,
    highest_modseq: u64,
    /// The number in the text of each message.
    texts: BTreeMap<u32, u64>,
}

impl Numbers {
    /// Hold a line of STATUS, and messages by UID, against what was seen before.
    pub(super) fn note(&mut self, status: &str, messages: impl Iterator<Item = (u32, u64)>) {
        let seen = self.0.entry(item_of(status, "UIDVALIDITY")).or_default();
        let (next, modseq) = (item_of(status, "UIDNEXT"), item_of(status, "HIGHESTMODSEQ"));
        assert!(next >= seen.uid_next, "{status}: UIDNEXT was {}", seen.uid_next);
        assert!(modseq >= seen.highest_modseq, "{status}: it was {}", seen.highest_modseq);
        for (uid, text) in messages {
            let before = seen.texts.insert(uid, text);
            let is_new = u64::from(uid) >= seen.uid_next;
            assert!(before.map_or(is_new, |before| before == text), "{status}: {uid} is {text}");
            assert!(u64::from(uid) < next, "{status}: there is a UID {uid}");
        }
        (seen.uid_next, seen.highest_modseq) = (next, modseq);
    }
}

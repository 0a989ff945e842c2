//! Which messages belong together (RFC 8474 §5.2), by the rule of RFC 8621 §3: a message joins a thread if a message
//! with one of the ids that it names was seen before, or named before, together with the same base subject.
//!
//! A thread never changes once a message has it. So the rule is applied when a message comes in: a message has
//! [keys](ThreadKey); the first that the account knows decides which thread it joins, and those that are new lead to
//! that thread from then on. Where the middle of a conversation comes last, the two ends stay two threads.

use crate::limits::MAX_THREAD_KEYS;
use crate::search::fold;
use rookery_mime::text::decode_header;
use rookery_mime::{Envelope, base_subject, message_ids};
use sha2::{Digest, Sha256};

/// A message id together with a base subject, as a hash: the first 8 octets, big-endian, of the SHA-256 of the message
/// id, a zero octet, and the subject without white space and case. Engines store it; it stays as it is for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ThreadKey(pub u64);

impl ThreadKey {
    fn new(message_id: &[u8], subject: &str) -> Self {
        let digest = Sha256::new().chain_update(message_id).chain_update([0]).chain_update(subject);
        let digest: [u8; 32] = digest.finalize().into();
        let (number, _) = digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
        Self(u64::from_be_bytes(*number))
    }
}

/// The keys of a message, in the order in which they decide: its own message id, those that it answers, and its
/// References (oldest first) from the nearest to the farthest. At most [`MAX_THREAD_KEYS`]; the first of the
/// References, which the whole conversation has in common, is always among them.
pub(crate) fn keys(envelope: &Envelope, references: &[Vec<u8>]) -> Vec<ThreadKey> {
    let ids = |field: &Option<Vec<u8>>| field.as_deref().map_or_else(Vec::new, message_ids);
    let (own, answered) = (ids(&envelope.message_id), ids(&envelope.in_reply_to));
    let near = own.iter().take(1).chain(&answered).chain(references.iter().rev());
    let mut chosen: Vec<&Vec<u8>> = Vec::new();
    for id in near {
        if chosen.len() == MAX_THREAD_KEYS {
            break;
        }
        if !chosen.contains(&id) {
            chosen.push(id);
        }
    }
    if let Some(first) = references.first().filter(|first| !chosen.contains(first)) {
        chosen.truncate(MAX_THREAD_KEYS - 1);
        chosen.push(first);
    }
    let subject = subject(envelope);
    chosen.into_iter().map(|id| ThreadKey::new(id, &subject)).collect()
}

/// The base subject in the form in which it is compared.
fn subject(envelope: &Envelope) -> String {
    let subject = envelope.subject.as_deref().map_or_else(String::new, decode_header);
    fold(&base_subject(&subject).0).split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rookery_mime::Scanner;

    fn keys_of(header: &str) -> Vec<ThreadKey> {
        let mut scanner = Scanner::new();
        scanner.push(format!("{header}\n\nbody\n").as_bytes());
        let (message, references) = scanner.finish_with_references();
        keys(&message.envelope, &references)
    }

    fn key(id: &str, subject: &str) -> ThreadKey {
        ThreadKey::new(id.as_bytes(), subject)
    }

    #[test]
    fn keys_stay_as_they_are_for_ever() {
        // printf 'a@b\0XY' | sha256sum
        assert_eq!(keys_of("Message-ID: <a@b>\nSubject: x y"), [key("a@b", "XY")]);
        assert_eq!(key("a@b", "XY"), ThreadKey(0x7548_303d_8612_f44c));
    }

    #[test]
    fn the_nearest_message_decides_first() {
        let header = "Subject: Re: x\nMessage-ID: <own@x>\nReferences: <a@x> <b@x>\n <c@x>\nIn-Reply-To: <c@x>";
        let expected = ["own@x", "c@x", "b@x", "a@x"].map(|id| key(id, "X"));
        assert_eq!(keys_of(header), expected);
    }

    #[test]
    fn subjects_are_compared_as_people_do() {
        let of = |subject: &str| keys_of(&format!("Message-ID: <a@b>\nSubject: {subject}"));
        for subject in [
            "Gr\u{fc}\u{df}e",
            "Re: gr\u{fc}sse",
            "[list] RE: Gr\u{fc}\u{df} e (fwd)",
            "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        ] {
            assert_eq!(of(subject), of("Gr\u{fc}\u{df}e"), "{subject}");
        }
        assert_ne!(of("Grusz"), of("Gr\u{fc}\u{df}e"));
        assert_eq!(of(""), keys_of("Message-ID: <a@b>"));
    }

    #[test]
    fn what_names_no_message_has_no_keys() {
        assert_eq!(keys_of("Subject: x"), []);
        assert_eq!(keys_of("Message-ID: none\nReferences: <>"), []);
    }

    #[test]
    fn of_many_references_the_nearest_and_the_first_count() {
        let all: String = (0..50).map(|n| format!(" <{n}@x>\n")).collect();
        let keys = keys_of(&format!("Message-ID: <own@x>\nReferences:{all}Subject: x"));
        assert_eq!(keys.len(), MAX_THREAD_KEYS);
        assert_eq!(
            (keys[0], keys[1], keys[14]),
            (key("own@x", "X"), key("49@x", "X"), key("36@x", "X"))
        );
        assert_eq!(keys[15], key("0@x", "X"));
    }

    #[test]
    fn references_of_a_message_within_are_its_own() {
        let header = "Message-ID: <a@b>\nContent-Type: message/rfc822\n\nReferences: <x@y>";
        assert_eq!(keys_of(header), [key("a@b", "")]);
    }
}

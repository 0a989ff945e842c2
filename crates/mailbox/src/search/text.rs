//! Looking for needles in the text of a message, a window at a time.

use super::{Key, fold};

/// Which of the needles of a key are in a message's body, which in its text as a whole.
pub(super) struct Findings(Vec<Needle>);

struct Needle {
    scope: Scope,
    text: String,
    folded: String,
    found: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Body,
    Text,
}

impl Findings {
    /// The needles of a key, none found yet.
    pub(super) fn new(key: &Key) -> Self {
        let mut needles = Vec::new();
        collect(key, &mut needles);
        Self(needles)
    }

    pub(super) fn in_body(&self, needle: &str) -> bool {
        self.found(Scope::Body, needle)
    }

    pub(super) fn anywhere(&self, needle: &str) -> bool {
        self.found(Scope::Text, needle)
    }

    fn found(&self, scope: Scope, text: &str) -> bool {
        self.0.iter().any(|needle| needle.scope == scope && needle.text == text && needle.found)
    }
}

fn collect(key: &Key, needles: &mut Vec<Needle>) {
    let (scope, text) = match key {
        Key::Body(text) => (Scope::Body, text),
        Key::Text(text) => (Scope::Text, text),
        Key::And(keys) | Key::Or(keys) => return keys.iter().for_each(|key| collect(key, needles)),
        Key::Not(key) => return collect(key, needles),
        _ => return,
    };
    let folded = fold(text);
    needles.push(Needle { scope, text: text.clone(), found: folded.is_empty(), folded });
}

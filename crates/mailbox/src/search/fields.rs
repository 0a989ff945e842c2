//! Looking for fields in the header of a message: of a header that is a megabyte nothing is kept but what was found.

use super::{Key, fold};
use memchr::memmem::Finder;
use rookery_mime::{header, text::decode_header};

/// The fields that a key asks for, ascending, each once.
pub(super) struct Fields(Vec<Sought>);

struct Sought {
    name: Vec<u8>,
    needle: String,
    finder: Finder<'static>,
}

/// Which of [`Fields`] a header has.
pub(super) struct FoundFields<'a> {
    fields: &'a Fields,
    found: Vec<bool>,
}

impl Fields {
    /// Those of a key.
    pub(super) fn new(key: &Key) -> Self {
        let mut wanted = Vec::new();
        collect(key, &mut wanted);
        wanted.sort_unstable();
        wanted.dedup();
        let sought = |(name, needle): (&[u8], &str)| Sought {
            name: name.to_vec(),
            needle: needle.to_owned(),
            finder: Finder::new(fold(needle).as_bytes()).into_owned(),
        };
        Self(wanted.into_iter().map(sought).collect())
    }

    /// Look for them in a raw header block.
    pub(super) fn look(&self, block: &[u8]) -> FoundFields<'_> {
        let mut found = vec![false; self.0.len()];
        for field in header::fields(block) {
            // Most fields are asked for by nobody.
            let mut text = None;
            for (sought, found) in self.0.iter().zip(&mut found) {
                if !*found && field.name.eq_ignore_ascii_case(&sought.name) {
                    let text = text
                        .get_or_insert_with(|| fold(&decode_header(&header::unfold(field.value))));
                    *found = sought.finder.find(text.as_bytes()).is_some();
                }
            }
        }
        FoundFields { fields: self, found }
    }
}

impl FoundFields<'_> {
    pub(super) fn have(&self, name: &[u8], needle: &str) -> bool {
        let sought = (name, needle);
        let order = |it: &Sought| (it.name.as_slice(), it.needle.as_str()).cmp(&sought);
        let at = self.fields.0.binary_search_by(order);
        at.is_ok_and(|at| self.found.get(at) == Some(&true))
    }
}

fn collect<'a>(key: &'a Key, wanted: &mut Vec<(&'a [u8], &'a str)>) {
    match key {
        Key::Header { name, needle } => wanted.push((name, needle)),
        Key::And(keys) | Key::Or(keys) => keys.iter().for_each(|key| collect(key, wanted)),
        Key::Not(key) => collect(key, wanted),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_found_for_itself() {
        let sought = [
            ("subject", "Grüße"),
            ("Subject", "grüße"),
            ("SUBJECT", "b c"),
            ("subject", "x"),
            ("from", "grüße"),
            ("to", ""),
            ("cc", ""),
            ("from", "a"),
        ];
        let key = |(name, needle): (&str, &str)| Key::Header {
            name: name.as_bytes().to_vec(),
            needle: needle.to_owned(),
        };
        let [first, rest @ ..] = sought.map(key);
        let keys = Key::Or(vec![Key::Not(Box::new(first)), Key::And(rest.to_vec())]);
        let fields = Fields::new(&keys);
        let block = b"From: A\r\nsubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nSubject: b\r\n c\r\nTo: \r\n\r\nX: x";
        let found = fields.look(block);
        let have = sought.map(|(name, needle)| found.have(name.as_bytes(), needle));
        assert_eq!(have, [true, true, true, false, false, true, false, true]);
        assert!(!found.have(b"to", "not asked for"));
    }
}

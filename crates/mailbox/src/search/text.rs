//! Looking for needles in the text of a message, a window at a time.

use super::{Key, fold};
use crate::limits::{MAX_SEARCHED_HEADER, MAX_SEARCHED_OCTETS, SEARCH_WINDOW};
use crate::{Account, StoreError};
use bytes::Bytes;
use memchr::memmem::Finder;
use rookery_mail::EmailId;
use rookery_mime::{Decoder, EncodedContent, EncodedPart, Encoding, Outline, header, text};
use std::ops::Range;
use tokio::task::yield_now;

/// Which of the needles of a key are in a message's body, which in its text as a whole.
#[derive(Clone)]
pub(super) struct Findings(Vec<Needle>);

#[derive(Clone)]
struct Needle {
    scope: Scope,
    text: String,
    finder: Finder<'static>,
    found: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Bodies of parts that are text.
    Body,
    /// Headers too, those of parts included.
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
        self.is_found(Scope::Body, needle)
    }

    pub(super) fn anywhere(&self, needle: &str) -> bool {
        self.is_found(Scope::Text, needle)
    }

    fn is_found(&self, scope: Scope, text: &str) -> bool {
        self.0.iter().any(|needle| needle.scope == scope && needle.text == text && needle.found)
    }

    /// Whether there is anything left to look for in headers, or in bodies.
    fn wants(&self, place: Scope) -> bool {
        self.0
            .iter()
            .any(|needle| !needle.found && (needle.scope == Scope::Text || place == Scope::Body))
    }

    /// Look through folded text from a header (`Text`) or a body (`Body`).
    fn look(&mut self, place: Scope, folded: &str) {
        for needle in &mut self.0 {
            if needle.scope == Scope::Text || place == Scope::Body {
                needle.found |= needle.finder.find(folded.as_bytes()).is_some();
            }
        }
    }

    /// Octets of the longest needle.
    fn longest(&self) -> usize {
        self.0.iter().map(|needle| needle.finder.needle().len()).max().unwrap_or(0)
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
    let finder = Finder::new(folded.as_bytes()).into_owned();
    needles.push(Needle { scope, text: text.clone(), finder, found: folded.is_empty() });
}

/// Look for the needles in a message, reading no more than it takes.
pub(super) async fn look_through(
    account: &Account,
    email: EmailId,
    summary: &[u8],
    mut needles: Findings,
) -> Result<Findings, StoreError> {
    let mut content = Reader::new(account, email);
    let damaged = || StoreError::Damaged("the summary of a message".to_owned());
    let outline = Outline::new(summary).ok_or_else(damaged)?;
    for part in outline.parts(summary) {
        if needles.wants(Scope::Text) && !part.header.is_empty() {
            look_through_header(&mut content, &part, &mut needles).await?;
        }
        if part.content == EncodedContent::Leaf && part.is_text() {
            look_through_body(&mut content, &part, &mut needles).await?;
        }
        if !needles.wants(Scope::Body) {
            break;
        }
    }
    Ok(needles)
}

async fn look_through_header(
    content: &mut Reader<'_>,
    part: &EncodedPart<'_>,
    needles: &mut Findings,
) -> Result<(), StoreError> {
    let end = part.header.end.min(part.header.start.saturating_add(MAX_SEARCHED_HEADER));
    let block = content.read(part.header.start..end).await?;
    for field in header::fields(&block) {
        let name = String::from_utf8_lossy(field.name);
        let value = text::decode_header(&header::unfold(field.value));
        needles.look(Scope::Text, &fold(&format!("{name}: {value}")));
    }
    Ok(())
}

async fn look_through_body(
    content: &mut Reader<'_>,
    part: &EncodedPart<'_>,
    needles: &mut Findings,
) -> Result<(), StoreError> {
    let mut window = Window::new(part, needles.longest());
    let mut at = part.body.start;
    while at < part.body.end && needles.wants(Scope::Body) {
        let octets = content.read(at..part.body.end.min(at + SEARCH_WINDOW as u64)).await?;
        if octets.is_empty() {
            break;
        }
        at += octets.len() as u64;
        window.push(&octets, needles);
    }
    window.finish(needles);
    Ok(())
}

/// Reads content within a budget, a piece at a time. Others run in between.
struct Reader<'a> {
    account: &'a Account,
    email: EmailId,
    left: u64,
}

impl<'a> Reader<'a> {
    fn new(account: &'a Account, email: EmailId) -> Self {
        Self { account, email, left: MAX_SEARCHED_OCTETS }
    }

    async fn read(&mut self, range: Range<u64>) -> Result<Bytes, StoreError> {
        yield_now().await;
        let end = range.end.min(range.start.saturating_add(self.left));
        let octets = self.account.store().content(self.email, range.start..end).await?;
        self.left = self.left.saturating_sub(octets.len() as u64);
        Ok(octets)
    }
}

/// Octets of the longest byte order mark.
const MARK_OCTETS: usize = 3;

/// The part of a body's text that is being looked through.
struct Window<'a> {
    decoder: Decoder,
    /// What the part says, then what the text itself says where it begins.
    charset: Option<&'a [u8]>,
    has_begun: bool,
    /// Decoded octets that are not yet text.
    octets: Vec<u8>,
    /// The folded end of the text before, for needles that lie across.
    before: String,
    overlap: usize,
}

impl<'a> Window<'a> {
    fn new(part: &EncodedPart<'a>, overlap: usize) -> Self {
        let encoding = Encoding::parse(part.encoding).unwrap_or(Encoding::Identity);
        Self {
            decoder: Decoder::new(encoding),
            charset: part.charset(),
            has_begun: false,
            octets: Vec::new(),
            before: String::new(),
            overlap,
        }
    }

    fn push(&mut self, octets: &[u8], needles: &mut Findings) {
        self.decoder.push(octets, &mut self.octets);
        if self.octets.len() >= MARK_OCTETS {
            self.begin();
        }
        let end = if self.has_begun { self.cut() } else { 0 };
        let rest = self.octets.split_off(end);
        let whole = std::mem::replace(&mut self.octets, rest);
        self.look(&whole, needles);
    }

    fn finish(mut self, needles: &mut Findings) {
        let decoder = std::mem::replace(&mut self.decoder, Decoder::new(Encoding::Identity));
        decoder.finish(&mut self.octets);
        self.begin();
        let whole = std::mem::take(&mut self.octets);
        self.look(&whole, needles);
    }

    /// A byte order mark decides for all of the text.
    fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        if let Some((charset, octets)) = text::byte_order_mark(&self.octets) {
            self.charset = Some(charset);
            self.octets.drain(..octets);
        }
    }

    /// How many octets hold whole characters: up to the last blank or line end, which is part of no longer
    /// character in any charset of mail but UTF-16, whose characters lie at even places.
    fn cut(&self) -> usize {
        if self.charset.is_some_and(is_wide) {
            return self.octets.len() / 4 * 4;
        }
        match self.octets.iter().rposition(u8::is_ascii_whitespace) {
            Some(at) => at + 1,
            None if self.octets.len() < SEARCH_WINDOW => 0,
            None => self.octets.len(),
        }
    }

    fn look(&mut self, octets: &[u8], needles: &mut Findings) {
        let mut text = std::mem::take(&mut self.before);
        text.push_str(&fold(&text::decode_after_mark(self.charset, octets)));
        needles.look(Scope::Body, &text);
        let mut from = text.len().saturating_sub(self.overlap);
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        self.before = text.split_off(from);
    }
}

fn is_wide(charset: &[u8]) -> bool {
    charset.get(..5).is_some_and(|name| {
        name.eq_ignore_ascii_case(b"utf-1") || name.eq_ignore_ascii_case(b"utf-3")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rookery_mime::{Encoded, Message};

    /// What is looked through of a message in its compact form.
    fn window<'a>(message: &'a [u8], needles: &Findings) -> Window<'a> {
        let (root, _) = Encoded::open(message).and_then(|encoded| encoded.root()).unwrap();
        Window::new(&root, needles.longest())
    }

    fn found(message: &[u8], pieces: &[&[u8]], needle: &str) -> bool {
        let mut needles = Findings::new(&Key::Body(needle.to_owned()));
        let mut window = window(message, &needles);
        pieces.iter().for_each(|piece| window.push(piece, &mut needles));
        window.finish(&mut needles);
        needles.in_body(needle)
    }

    #[test]
    fn needles_are_found_however_the_body_is_cut() {
        let message =
            Message::scan(b"Content-Type: text/plain; charset=utf-8\r\n\r\nbody").encode();
        let text = "a Grüße und b\r\nviele Küsse x".as_bytes();
        for at in 0..=text.len() {
            let (one, other) = text.split_at(at);
            for needle in ["grüsse UND", "KÜSSE", "b\r\nviele", "x"] {
                assert!(found(&message, &[one, other], needle), "{at} {needle}");
            }
            assert!(!found(&message, &[one, other], "grosse"));
        }
    }

    #[test]
    fn charsets_with_characters_of_several_octets_can_be_cut_anywhere() {
        let japanese = b"abc \x1b$B$3$s\x1b(B\r\n\x1b$B$K$A\x1b(B";
        let utf16: Vec<u8> =
            "a \u{200a}こん\nにち\u{a20} x".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (charset, text) in [("iso-2022-jp", &japanese[..]), ("utf-16be", &utf16)] {
            let header = format!("Content-Type: text/plain; charset={charset}\r\n\r\nbody");
            let message = Message::scan(header.as_bytes()).encode();
            for at in 0..=text.len() {
                let (one, other) = text.split_at(at);
                for needle in ["こん", "にち", "A"] {
                    assert!(found(&message, &[one, other], needle), "{charset} {at} {needle}");
                }
            }
        }
    }

    #[test]
    fn a_byte_order_mark_counts_at_the_beginning_only_and_for_all_of_the_text() {
        let utf16 = |octets: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}ab \u{20ac} c".encode_utf16().flat_map(octets).collect()
        };
        for (charset, text, needle) in [
            ("utf-16", utf16(u16::to_be_bytes), "\u{20ac} C"),
            ("us-ascii", utf16(u16::to_le_bytes), "\u{20ac} C"),
            ("iso-8859-1", "\u{feff}a \u{20ac} c".into(), "\u{20ac} C"),
            ("iso-8859-1", b"ab \xfe\xff c".to_vec(), "\u{fe}\u{ff} C"),
            ("iso-8859-1", b"a".to_vec(), "a"),
        ] {
            let header = format!("Content-Type: text/plain; charset={charset}\r\n\r\nbody");
            let message = Message::scan(header.as_bytes()).encode();
            for at in 0..=text.len() {
                let (one, other) = text.split_at(at);
                assert!(found(&message, &[one, other], needle), "{charset} {at}");
            }
        }
    }

    #[test]
    fn memory_stays_within_the_window() {
        let message = Message::scan(b"\r\n").encode();
        let mut needles = Findings::new(&Key::Body("needle".to_owned()));
        let mut window = window(&message, &needles);
        for _ in 0..100 {
            window.push(&[b'x'; SEARCH_WINDOW / 8], &mut needles);
            assert!(window.octets.len() <= SEARCH_WINDOW && window.before.len() < 10);
        }
    }

    #[tokio::test]
    async fn of_one_message_so_much_is_read() {
        use crate::delivery::{Incoming, deliver};
        use crate::{MemoryStore, Store, initial_mailboxes};
        let store = MemoryStore::new();
        store.create_account("u", &initial_mailboxes(), 1).await.unwrap();
        let account = Account::new(store.account("u").await.unwrap());
        let mut incoming = Incoming::new(&account).await.unwrap();
        incoming.write(&vec![b'x'; 1 << 20]).await.unwrap();
        deliver(&account, incoming, None, 1).await.unwrap();
        let (_, open) = account.open(&rookery_mail::MailboxName::inbox()).await.unwrap();
        let email = open.snapshot().rows().next().unwrap().email;
        let mut reader = Reader::new(&account, email);
        // It does not matter that these are the same ones again.
        for _ in 1..MAX_SEARCHED_OCTETS >> 20 {
            assert_eq!(reader.read(0..1 << 20).await.unwrap().len(), 1 << 20);
        }
        let mut read = Vec::new();
        for range in [0..1 << 19, 0..1 << 20, 60..70] {
            read.push(reader.read(range).await.unwrap().len());
        }
        assert_eq!(read, [1 << 19, 1 << 19, 0]);
    }
}

//! The text that a message's preview is made of, caught while the message is scanned.
//!
//! It is the first part with anything to read in it, plain or HTML; of the alternatives of one text the plain one, in
//! whatever order they come. Attachments and what is encrypted are passed over. Of a part no more is held than
//! [`limits::PREVIEW_OCTETS`].

use crate::open::Open;
use crate::transfer::Encoding;
use crate::{limits, preview, text};

/// Looks for the text. What the scanner sees of a part is told by [`begin`](Self::begin),
/// [`push`](Self::push), [`end_line`](Self::end_line) and [`end`](Self::end).
#[derive(Debug, Default)]
pub(crate) struct FirstText {
    /// The part that is going by, if it may be the one.
    part: Option<Candidate>,
    found: Option<String>,
    /// Whether a plain text may still take the place of what was found: how many parts were open when the
    /// multipart/alternative that it is in was the innermost.
    alternative: Option<usize>,
}

/// A part that may be the one.
#[derive(Debug)]
struct Candidate {
    is_html: bool,
    encoding: Encoding,
    charset: Option<Vec<u8>>,
    alternative: Option<usize>,
    /// The parts that were open, this one being the last.
    depth: usize,
    /// Its first octets, transfer-encoded.
    octets: Vec<u8>,
    /// How many of them are of lines that have ended.
    whole: usize,
}

impl FirstText {
    /// Whether what follows makes no difference, or as much as may be held of a part is.
    pub(crate) fn is_enough(&self) -> bool {
        self.is_settled()
            || self.part.as_ref().is_some_and(|part| part.octets.len() >= limits::PREVIEW_OCTETS)
    }

    fn is_settled(&self) -> bool {
        self.found.is_some() && self.alternative.is_none()
    }

    /// The body of the innermost of the open parts begins.
    pub(crate) fn begin(&mut self, open: &[Open]) {
        let is_better = |part: &Candidate| self.found.is_none() || !part.is_html;
        if !self.is_settled() {
            self.part = Candidate::of(open).filter(is_better);
        }
    }

    /// Take octets, which may be of a part's body.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        if let Some(Candidate { octets: held, .. }) = &mut self.part {
            let room = limits::PREVIEW_OCTETS.saturating_sub(held.len());
            held.extend_from_slice(octets.get(..room).unwrap_or(octets));
        }
    }

    /// A line has ended that belongs to a body, or divides bodies and belongs to none. `dividing` is then how many
    /// parts are open around those that it divides.
    pub(crate) fn end_line(&mut self, dividing: Option<usize>) {
        let Some(part) = &mut self.part else { return };
        match dividing {
            None => part.whole = part.octets.len(),
            // What came before the first of a multipart's parts is no text.
            Some(depth) if depth == part.depth => self.part = None,
            Some(_) => part.octets.truncate(part.whole),
        }
    }

    /// The innermost part has ended, of as many as were open.
    pub(crate) fn end(&mut self, depth: usize) {
        if let Some(part) = self.part.take() {
            let alternative = part.alternative.filter(|_| part.is_html);
            let text = part.preview();
            if !text.is_empty() {
                (self.found, self.alternative) = (Some(text), alternative);
            }
        }
        if self.alternative == Some(depth) {
            self.alternative = None;
        }
    }

    /// The preview; empty if there was nothing to read.
    pub(crate) fn finish(self) -> String {
        self.found.unwrap_or_default()
    }
}

impl Candidate {
    /// The innermost of the open parts, if it can be shown. A multipart can as long as it has no parts.
    fn of(open: &[Open]) -> Option<Self> {
        if open
            .iter()
            .any(|part| part.entity().is_attached() || part.entity().is("multipart", "encrypted"))
        {
            return None;
        }
        let entity = open.last()?.entity();
        let is_html = entity.is("text", "html");
        if !is_html && !entity.is("text", "plain") && !entity.is_multipart() {
            return None;
        }
        let is_alternative = |part: &Open| part.entity().is("multipart", "alternative");
        Some(Self {
            is_html,
            encoding: Encoding::parse(entity.encoding.as_deref())?,
            charset: entity.charset().map(<[u8]>::to_vec),
            alternative: open.iter().rposition(is_alternative).map(|index| index + 1),
            depth: open.len(),
            octets: Vec::new(),
            whole: 0,
        })
    }

    fn preview(self) -> String {
        let is_cut = self.octets.len() >= limits::PREVIEW_OCTETS;
        let octets = self.encoding.decode(&self.octets);
        let octets = if is_cut { whole_words(&octets) } else { &octets };
        let text = text::decode_text(self.charset.as_deref(), octets);
        if self.is_html { preview::of_html(&text) } else { preview::of_plain(&text) }
    }
}

/// Octets without the last word, in which a limit may have cut a character.
fn whole_words(octets: &[u8]) -> &[u8] {
    let end = octets.iter().rposition(u8::is_ascii_whitespace);
    end.and_then(|end| octets.get(..end)).unwrap_or(octets)
}

#[cfg(test)]
mod tests {
    use crate::{Message, limits};

    fn preview(message: &str) -> String {
        Message::scan(message.as_bytes()).preview.unwrap_or_else(|| "not looked for".to_owned())
    }

    /// A multipart of this subtype, with these parts.
    fn multipart(subtype: &str, parts: &[&str]) -> String {
        let boundary = format!("{subtype}{}", parts.len());
        let parts: String = parts.iter().map(|part| format!("--{boundary}\n{part}\n")).collect();
        format!(
            "Content-Type: multipart/{subtype}; boundary={boundary}\n\npreamble\n{parts}--{boundary}--\nepilogue\n"
        )
    }

    const PLAIN: &str = "\nplain";
    const HTML: &str = "Content-Type: text/html\n\n<p>rich";
    const EMPTY: &str = "Content-Type: text/plain\n\n \n";
    const IMAGE: &str = "Content-Type: image/png\n\nxxx";

    #[test]
    fn the_first_part_with_words_is_taken() {
        assert_eq!(preview("Subject: x\n\nbody"), "body");
        assert_eq!(preview(&multipart("mixed", &[PLAIN, HTML])), "plain");
        assert_eq!(preview(&multipart("mixed", &[IMAGE, HTML, PLAIN])), "rich");
        assert_eq!(preview(&multipart("mixed", &[EMPTY, HTML])), "rich");
        assert_eq!(preview(&multipart("mixed", &[IMAGE])), "");
        assert_eq!(preview("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n"), "");
    }

    #[test]
    fn of_alternatives_the_plain_one_is_taken() {
        assert_eq!(preview(&multipart("alternative", &[HTML, PLAIN])), "plain");
        assert_eq!(preview(&multipart("alternative", &[EMPTY, HTML])), "rich");
        assert_eq!(preview(&multipart("alternative", &[HTML, EMPTY])), "rich");
        let related = multipart("related", &[HTML, IMAGE]);
        assert_eq!(preview(&multipart("alternative", &[&related, PLAIN])), "plain");
        let alternatives = multipart("alternative", &[IMAGE, HTML]);
        assert_eq!(preview(&multipart("mixed", &[&alternatives, PLAIN])), "rich");
    }

    #[test]
    fn attachments_and_secrets_are_passed_over() {
        let attached = format!("Content-Disposition: attachment\n{PLAIN}");
        assert_eq!(preview(&multipart("mixed", &[&attached, HTML])), "rich");
        assert_eq!(preview(&multipart("encrypted", &[PLAIN, PLAIN])), "");
        let forwarded = "Content-Type: message/rfc822\n\nSubject: x\n\nforwarded";
        assert_eq!(preview(&multipart("mixed", &[IMAGE, forwarded])), "forwarded");
        let attached = format!("Content-Disposition: attachment\n{forwarded}");
        assert_eq!(preview(&multipart("mixed", &[&attached])), "");
    }

    #[test]
    fn encodings_and_charsets_are_undone() {
        let quoted = "Content-Type: text/plain; charset=iso-8859-1\n\
            Content-Transfer-Encoding: quoted-printable\n\ngr=FCn";
        assert_eq!(preview(quoted), "grün");
        assert_eq!(preview("Content-Transfer-Encoding: base64\n\nZ3LDvG4="), "grün");
        assert_eq!(preview("Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x"), "");
    }

    #[test]
    fn a_multipart_without_parts_is_text() {
        assert_eq!(preview("Content-Type: multipart/mixed\n\nwords"), "words");
        assert_eq!(preview("Content-Type: multipart/mixed; boundary=x\n\nwords"), "words");
        assert_eq!(preview("Content-Type: multipart/mixed; boundary=x\n\nwords\n--x--\n"), "");
    }

    #[test]
    fn no_more_is_held_than_the_limit_says() {
        let blank = " \n".repeat(limits::PREVIEW_OCTETS / 2);
        assert_eq!(preview(&format!("\n{blank}late")), "");
        // The limit cuts a character in two, in a text whose charset is guessed.
        let text = "\u{e4}".repeat(limits::PREVIEW_OCTETS);
        let quotation = format!("> {text}");
        assert_eq!(preview(&format!("\nfirst\n{quotation}")), "first");
        assert_eq!(preview(&format!("\ngr\u{fc}n\n{quotation}")), "gr\u{fc}n");
    }
}

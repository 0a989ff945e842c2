//! Plain text without what repeats others, and without what is no words.

use super::{Preview, of_html};

/// Lines of what a reply says of the message that it quotes: "On that day, Ann wrote:".
const ATTRIBUTION_LINES: usize = 2;

/// A line of more characters than these that are neither letters nor digits is drawn; a shorter one says something.
const RULE_CHARS: usize = 3;

/// The first words of a plain text, at most [`crate::limits::PREVIEW_CHARS`] characters, with white space collapsed.
///
/// Left out are quoted lines and who wrote them, unless there are no others, drawn rules, the signature, and what is
/// encrypted. A text that is HTML all the same is taken for that.
#[must_use]
pub fn of_plain(text: &str) -> String {
    if is_html(text) {
        return of_html(text);
    }
    let own = words(text, str::trim);
    if own.is_empty() { words(text, unquoted) } else { own }
}

/// The first words of lines that are trimmed like this.
fn words(text: &str, trim: fn(&str) -> &str) -> String {
    let mut paragraph = Paragraph::default();
    let mut lines = text.lines();
    while let Some(line) = lines.next().map(trim).filter(|_| !paragraph.preview.is_full()) {
        match line.strip_prefix("-----BEGIN PGP ") {
            // What is signed begins behind the first blank line.
            Some("SIGNED MESSAGE-----") => {
                lines.by_ref().take_while(|line| !line.trim().is_empty()).for_each(drop);
            }
            Some(_) => break,
            None if line == "--" => break,
            None if line.starts_with('>') => paragraph.quote(),
            None if line.is_empty() => paragraph.is_whole = true,
            None if is_rule(line) => {}
            None => paragraph.line(line),
        }
    }
    paragraph.end();
    paragraph.preview.finish()
}

fn unquoted(line: &str) -> &str {
    line.trim_start_matches(|mark: char| mark == '>' || mark.is_whitespace()).trim_end()
}

fn is_html(text: &str) -> bool {
    let text = text.trim_start();
    ["<html", "<!doctype html", "<head", "<body"]
        .iter()
        .any(|tag| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}

fn is_rule(line: &str) -> bool {
    let is_drawn = |character: char| character.is_ascii_punctuation() || character == ' ';
    line.chars().all(is_drawn) && line.chars().count() > RULE_CHARS
}

/// The last lines, held until it is known whether they introduce a quotation.
#[derive(Default)]
struct Paragraph<'a> {
    preview: Preview,
    lines: Vec<&'a str>,
    /// Whether more lines came before them than an attribution has.
    is_long: bool,
    /// Whether a blank line came behind them.
    is_whole: bool,
}

impl<'a> Paragraph<'a> {
    fn line(&mut self, line: &'a str) {
        if self.is_whole {
            self.end();
        }
        if self.lines.len() >= ATTRIBUTION_LINES {
            self.show();
            self.is_long = true;
        }
        self.lines.push(line);
    }

    fn quote(&mut self) {
        if !self.is_long && self.lines.last().is_some_and(|line| line.ends_with([':', '\u{ff1a}']))
        {
            self.lines.clear();
        }
        self.end();
    }

    fn end(&mut self) {
        self.show();
        self.is_long = false;
        self.is_whole = false;
    }

    fn show(&mut self) {
        for line in self.lines.drain(..) {
            self.preview.push(line);
            self.preview.push(" ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    #[test]
    fn plain_text() {
        for (text, expected) in [
            ("Hello,\r\n\r\n> quoted\n  world\0\u{200b}!\n-- \nAnn", "Hello, world!"),
            (" \n> only\n >> so\n", "only so"),
            ("On Monday,\nAnn wrote:\n\n> quoted\n\nYes", "Yes"),
            ("one\ntwo\nthree:\n> quoted\nfour", "one two three: four"),
            ("Ann wrote:\nno quotation", "Ann wrote: no quotation"),
            ("======\nTitle\n- - - - -\n:-)\n", "Title :-)"),
            ("<html><style>p {}</style>Hello", "Hello"),
            ("<b> is a tag", "<b> is a tag"),
        ] {
            assert_eq!(of_plain(text), expected, "{text}");
        }
        assert_eq!(of_plain("ä".repeat(1000).as_str()), "ä".repeat(limits::PREVIEW_CHARS));
    }

    #[test]
    fn what_openpgp_wraps() {
        let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello\n\
            -----BEGIN PGP SIGNATURE-----\niQ==\n-----END PGP SIGNATURE-----\n";
        assert_eq!(of_plain(signed), "Hello");
        assert_eq!(of_plain("-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----"), "");
    }
}

//! The first words of a message, for lists of messages (RFC 8970 §3.3).

mod entity;
mod html;
mod plain;

pub use html::of_html;
pub use plain::of_plain;

use crate::limits;

/// A preview as it grows.
#[derive(Default)]
struct Preview {
    text: String,
    chars: usize,
}

impl Preview {
    fn is_full(&self) -> bool {
        self.chars >= limits::PREVIEW_CHARS
    }

    fn push(&mut self, text: &str) {
        for character in text.chars() {
            if self.is_full() {
                return;
            }
            self.push_char(character);
        }
    }

    /// White space becomes one space; what cannot be seen, such as the fillers of newsletters, is left out, and so is what
    /// turns the direction of writing: its end may be cut off, and what a client shows beside the preview would turn too.
    fn push_char(&mut self, character: char) {
        let invisible = matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        );
        let is_space = character.is_whitespace();
        if invisible || (character.is_control() && !is_space) {
            return;
        }
        if is_space && (self.text.is_empty() || self.text.ends_with(' ')) {
            return;
        }
        self.text.push(if is_space { ' ' } else { character });
        self.chars += 1;
    }

    fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_of_writing_stay_within_the_message() {
        assert_eq!(of_plain("a\u{202e}b\u{2067} c\u{2069}"), "ab c");
        assert_eq!(of_html("<p>a&#x202e;b</p>"), "ab");
    }

    #[test]
    fn floods_take_linear_time() {
        for pattern in [
            "<",
            "&",
            "<style>",
            "<!--",
            "</",
            "<style></",
            ">\n",
            "&#",
            "<p>",
            "a:\n>",
            "\n",
            "-\n",
            "a\n",
            "-----BEGIN PGP SIGNED MESSAGE-----\n",
        ] {
            let flood = pattern.repeat((1 << 20) / pattern.len());
            assert!(of_html(&flood).chars().count() <= limits::PREVIEW_CHARS);
            assert!(of_plain(&flood).chars().count() <= limits::PREVIEW_CHARS);
        }
    }
}

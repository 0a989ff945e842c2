//! Words of structured header fields: comments, quoted strings, runs of characters (RFC 5322 §3.2).

/// A reader of a structured field's value. It takes each octet once, however comments nest.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn bump(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Take the octet if it is next.
    pub(crate) fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        if found {
            self.bump();
        }
        found
    }

    /// Take as long as the octets are of a kind.
    pub(crate) fn run(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let len = self.rest.iter().position(|octet| !wanted(*octet)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, &[]));
        self.rest = rest;
        run
    }

    /// Skip white space and comments; whether there was any.
    pub(crate) fn skip_cfws(&mut self) -> bool {
        self.cfws(|_| ())
    }

    /// Skip white space and comments, giving the text of each comment; whether there was any.
    pub(crate) fn cfws(&mut self, mut comment: impl FnMut(Vec<u8>)) -> bool {
        let before = self.rest.len();
        loop {
            self.run(is_white_space);
            if !self.eat(b'(') {
                return self.rest.len() < before;
            }
            comment(self.comment());
        }
    }

    /// The text of a comment whose parenthesis was taken; nested ones stay in it.
    fn comment(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut depth = 1_usize;
        while let Some(octet) = self.peek() {
            self.bump();
            match octet {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            self.push_unescaped(octet, &mut text);
        }
        text.trim_ascii().to_vec()
    }

    /// The text of a quoted string whose first quote was taken, without backslashes.
    pub(crate) fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(octet) = self.peek() {
            self.bump();
            if octet == b'"' {
                break;
            }
            self.push_unescaped(octet, &mut text);
        }
        text
    }

    fn push_unescaped(&mut self, octet: u8, text: &mut Vec<u8>) {
        if octet != b'\\' {
            text.push(octet);
        } else if let Some(escaped) = self.peek() {
            self.bump();
            text.push(escaped);
        }
    }
}

pub(crate) fn is_white_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_nest_and_escape() {
        let mut comments = Vec::new();
        let mut lexer = Lexer::new(b" (a (b) \\) c)\t(d)x");
        assert!(lexer.cfws(|text| comments.push(text)));
        assert_eq!(comments, [b"a (b) ) c".to_vec(), b"d".to_vec()]);
        assert_eq!(lexer.peek(), Some(b'x'));
    }

    #[test]
    fn unterminated_words_end_with_the_value() {
        let mut lexer = Lexer::new(b"(((((a");
        lexer.skip_cfws();
        assert_eq!(lexer.peek(), None);
        assert_eq!(Lexer::new(b"ab\\").quoted(), b"ab");
    }

    #[test]
    fn quoted_strings_lose_their_backslashes() {
        let mut lexer = Lexer::new(b"a\\\"b\\\\c\" d");
        assert_eq!(lexer.quoted(), b"a\"b\\c");
        assert_eq!(lexer.peek(), Some(b' '));
    }
}

//! Address lists: today's syntax, the obsolete one, and what is found instead (RFC 5322 §3.4, §4.4).

use crate::Address;
use crate::lexer::{Lexer, is_white_space};

/// The addresses in a field's value, at most `limit`; a group that the limit cuts is closed all the same.
pub(crate) fn addresses(value: &[u8], limit: usize) -> Vec<Address> {
    let mut parser = Parser { lexer: Lexer::new(value), found: Vec::new(), in_group: false };
    while parser.found.len() < limit && parser.element() {}
    if parser.in_group {
        parser.found.push(Address::GroupEnd);
    }
    parser.found
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    found: Vec<Address>,
    in_group: bool,
}

impl Parser<'_> {
    /// Take the next element of the list; whether there was more.
    fn element(&mut self) -> bool {
        let mut comment = None;
        let words = self.words(&mut comment);
        match self.lexer.peek() {
            Some(b'<') => self.angle_address(non_empty(words), comment),
            Some(b'@') => self.bare_address(&words, comment),
            Some(b':') if !self.in_group => {
                self.lexer.bump();
                self.in_group = true;
                self.found.push(Address::GroupStart(words));
            }
            Some(delimiter) => {
                self.lexer.bump();
                self.push_bare_words(words, comment);
                self.end_group(delimiter);
            }
            None => {
                self.push_bare_words(words, comment);
                return false;
            }
        }
        true
    }

    fn end_group(&mut self, delimiter: u8) {
        if delimiter == b';' && self.in_group {
            self.in_group = false;
            self.found.push(Address::GroupEnd);
        }
    }

    /// Words with no address after them: one is a mailbox without a domain, several are a name.
    fn push_bare_words(&mut self, words: Vec<u8>, comment: Option<Vec<u8>>) {
        if words.contains(&b' ') {
            self.push(Some(words), None, Vec::new(), None);
        } else if !words.is_empty() {
            self.push(comment, None, words, None);
        }
    }

    fn push(
        &mut self,
        name: Option<Vec<u8>>,
        route: Option<Vec<u8>>,
        local: Vec<u8>,
        domain: Option<Vec<u8>>,
    ) {
        self.found.push(Address::Mailbox { name, route, local, domain });
    }

    /// `local@domain (comment)`; or, wrongly but often, an unquoted address as the name before an angle address.
    fn bare_address(&mut self, local: &[u8], comment: Option<Vec<u8>>) {
        self.lexer.bump();
        let (domain, later) = self.domain();
        if self.lexer.peek() == Some(b'<') {
            let name = [local, b"@", &domain].concat();
            self.angle_address(Some(name), None);
        } else {
            self.push(later.or(comment), None, local_part(local), Some(domain));
        }
    }

    /// `<route:local@domain>`, after the name.
    fn angle_address(&mut self, name: Option<Vec<u8>>, comment: Option<Vec<u8>>) {
        self.lexer.bump();
        let mut inner = None;
        self.lexer.skip_cfws();
        let route = (self.lexer.peek() == Some(b'@')).then(|| self.route());
        let local = self.words(&mut inner);
        let domain = self.lexer.eat(b'@').then(|| self.domain().0);
        self.lexer.run(|octet| !b">,;<".contains(&octet));
        self.lexer.eat(b'>');
        let mut later = None;
        self.lexer.cfws(|text| later = Some(text));
        self.push(name.or(later).or(comment), route, local_part(&local), domain);
    }

    /// `@a,@b`, with its colon taken.
    fn route(&mut self) -> Vec<u8> {
        let route = self.lexer.run(|octet| !b":>".contains(&octet));
        self.lexer.eat(b':');
        route.iter().copied().filter(|octet| !is_white_space(*octet)).collect()
    }

    /// Atoms, quoted strings and dots up to a delimiter, with single spaces where there was white space or a comment.
    fn words(&mut self, comment: &mut Option<Vec<u8>>) -> Vec<u8> {
        let mut words: Vec<u8> = Vec::new();
        let mut spaced = false;
        loop {
            spaced |= self.lexer.cfws(|text| *comment = non_empty(text));
            let quoted = self.lexer.peek() == Some(b'"');
            let word = self.word();
            if word.is_empty() && !quoted {
                return words;
            }
            if spaced && !words.is_empty() {
                words.push(b' ');
            }
            spaced = false;
            words.extend_from_slice(&word);
        }
    }

    fn word(&mut self) -> Vec<u8> {
        if self.lexer.eat(b'"') {
            return self.lexer.quoted();
        }
        self.lexer.run(is_word).to_vec()
    }

    /// A domain, and the last comment after it.
    fn domain(&mut self) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut comment = None;
        let mut domain: Vec<u8> = Vec::new();
        loop {
            self.lexer.cfws(|text| comment = non_empty(text));
            let goes_on = domain.is_empty() || domain.ends_with(b".");
            if !goes_on && self.lexer.peek() != Some(b'.') {
                return (domain, comment);
            }
            let label = self.label();
            if label.is_empty() {
                return (domain, comment);
            }
            domain.extend_from_slice(&label);
        }
    }

    /// A dot-separated run of labels, or an address literal in brackets.
    fn label(&mut self) -> Vec<u8> {
        if !self.lexer.eat(b'[') {
            return self.lexer.run(is_word).to_vec();
        }
        let literal = self.lexer.run(|octet| !b"]>,".contains(&octet));
        let end: &[u8] = if self.lexer.eat(b']') { b"]" } else { b"" };
        [b"[", literal, end].concat()
    }
}

fn is_word(octet: u8) -> bool {
    !is_white_space(octet) && !b"()<>@,;:\"".contains(&octet)
}

/// Words as a local part: the obsolete syntax allows white space beside the dots, which means nothing.
fn local_part(words: &[u8]) -> Vec<u8> {
    let mut local: Vec<u8> = Vec::with_capacity(words.len());
    for octet in words {
        if *octet == b'.' && local.ends_with(b" ") {
            local.pop();
        }
        if !(*octet == b' ' && local.ends_with(b".")) {
            local.push(*octet);
        }
    }
    local
}

fn non_empty(text: Vec<u8>) -> Option<Vec<u8>> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(name: &str, local: &str, domain: &str) -> Address {
        Address::Mailbox {
            name: (!name.is_empty()).then(|| name.into()),
            route: None,
            local: local.into(),
            domain: (!domain.is_empty()).then(|| domain.into()),
        }
    }

    fn parse(text: &str) -> Vec<Address> {
        addresses(text.as_bytes(), 100)
    }

    #[test]
    fn names_come_from_phrases_or_comments() {
        for (text, name) in [
            ("Ann Lee <a@b.c>", "Ann Lee"),
            ("\"Lee, \\\"Ann\\\"\" <a@b.c>", "Lee, \"Ann\""),
            ("  Ann   Q.\r\n Lee<a@b.c>", "Ann Q. Lee"),
            ("a@b.c (Ann Lee)", "Ann Lee"),
            ("<a@b.c> (Ann Lee)", "Ann Lee"),
            ("=?utf-8?q?=C3=84nn?= <a@b.c>", "=?utf-8?q?=C3=84nn?="),
            ("x@y.z <a@b.c>", "x@y.z"),
            ("[Ann] <a@b.c>", "[Ann]"),
            ("a (x) @ b . c", "x"),
        ] {
            assert_eq!(parse(text), [mailbox(name, "a", "b.c")], "{text}");
        }
    }

    #[test]
    fn obsolete_and_quoted_local_parts() {
        assert_eq!(parse("a . b@c"), [mailbox("", "a.b", "c")]);
        assert_eq!(parse("\"a b\"@c"), [mailbox("", "a b", "c")]);
        assert_eq!(
            parse("a@[IPv6:::1], b@c"),
            [mailbox("", "a", "[IPv6:::1]"), mailbox("", "b", "c")]
        );
    }

    #[test]
    fn routes_are_kept_apart() {
        let route = Some(b"@x,@y".to_vec());
        let expected = Address::Mailbox {
            name: None,
            route,
            local: b"a".to_vec(),
            domain: Some(b"b".to_vec()),
        };
        assert_eq!(parse("<@x, @y:a@b>"), [expected]);
    }

    #[test]
    fn groups_begin_and_end() {
        let group = Address::GroupStart(b"A Group".to_vec());
        assert_eq!(parse("A Group:;"), [group.clone(), Address::GroupEnd]);
        let members = [group, mailbox("", "a", "b"), mailbox("C", "c", "d"), Address::GroupEnd];
        assert_eq!(parse("A Group: a@b, C <c@d>;"), members);
        assert_eq!(parse("A Group: a@b, C <c@d>"), members, "an unfinished group is closed");
        assert_eq!(parse("A Group: a@b, C <c@d>;, e@f").len(), 5);
    }

    #[test]
    fn missing_pieces_leave_what_is_there() {
        assert_eq!(parse("nobody"), [mailbox("", "nobody", "")]);
        assert_eq!(parse("a, b@c"), [mailbox("", "a", ""), mailbox("", "b", "c")]);
        assert_eq!(parse("Ann <a"), [mailbox("Ann", "a", "")]);
        assert_eq!(parse("<>"), [mailbox("", "", "")]);
        assert_eq!(
            parse("Ann Lee, root (Ann)"),
            [mailbox("Ann Lee", "", ""), mailbox("Ann", "root", "")]
        );
        assert_eq!(parse(" ,,; (x) "), []);
    }

    #[test]
    fn the_limit_counts_elements_and_closes_the_group() {
        let found = addresses(b"g: a@b, a@b, a@b", 3);
        assert_eq!(found.len(), 4);
        assert_eq!(found.last(), Some(&Address::GroupEnd));
    }
}

//! LIST patterns: `*` stands for anything, `%` for anything within a level (RFC 9051 §6.3.9).

mod places;

use places::Places;
use rookery_mail::limits::MAX_NAME_LEN;
use rookery_mail::{DELIMITER, INBOX, MailboxName};
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// A pattern with more tokens has more characters than any name: a wildcard stands at every second place at most.
const MAX_TOKENS: usize = 2 * MAX_NAME_LEN + 1;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `*`
    Anything,
    /// `%`
    WithinLevel,
    Literal(char),
}

/// A pattern, ready to be matched with many names.
///
/// All the places in the pattern that a name can have led to are followed at once, as bits. So the cost is the
/// name's length times a 64th of the pattern's length, and there is nothing to back out of.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Where it goes on with any wildcard.
    wildcard: Places,
    /// Where it goes on with `*`.
    anything: Places,
    /// Where it goes on with the character.
    literal: BTreeMap<char, Places>,
    end: usize,
}

impl Pattern {
    /// A pattern of its text, the reference name included; it need not be in NFC.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let tokens = tokens(text);
        let end = tokens.len();
        let (mut wildcard, mut anything) = (Places::none(end), Places::none(end));
        let mut literal = BTreeMap::new();
        for (place, token) in tokens.into_iter().enumerate() {
            match token {
                Token::Anything => {
                    wildcard.insert(place);
                    anything.insert(place);
                }
                Token::WithinLevel => wildcard.insert(place),
                Token::Literal(c) => {
                    literal.entry(c).or_insert_with(|| Places::none(end)).insert(place);
                }
            }
        }
        Self { wildcard, anything, literal, end }
    }

    /// Whether the mailbox name matches.
    #[must_use]
    pub fn matches(&self, name: &MailboxName) -> bool {
        self.matches_text(name.as_str())
    }

    /// Whether a text matches that is a mailbox name. `INBOX` as its first level matches in any case.
    #[must_use]
    pub fn matches_text(&self, name: &str) -> bool {
        let any_case = match name.split(DELIMITER).next() {
            Some(level) if level.eq_ignore_ascii_case(INBOX) => INBOX.len(),
            _ => 0,
        };
        let mut places = Places::none(self.end);
        places.insert(0);
        self.pass_wildcards(&mut places);
        for (at, c) in name.chars().enumerate() {
            let mut next = places.clone();
            next.retain(if c == DELIMITER { &self.anything } else { &self.wildcard });
            if at < any_case {
                next.unite(&self.advance(&places, c.to_ascii_lowercase()));
                next.unite(&self.advance(&places, c.to_ascii_uppercase()));
            } else {
                next.unite(&self.advance(&places, c));
            }
            self.pass_wildcards(&mut next);
            if next.is_empty() {
                return false;
            }
            places = next;
        }
        places.contains(self.end)
    }

    /// The places after those at which the pattern goes on with the character.
    fn advance(&self, places: &Places, c: char) -> Places {
        let Some(literal) = self.literal.get(&c) else { return Places::none(self.end) };
        let mut advanced = places.clone();
        advanced.retain(literal);
        advanced.shift();
        advanced
    }

    /// A wildcard stands for nothing too. None stands beside another, so one step is enough.
    fn pass_wildcards(&self, places: &mut Places) {
        let mut passed = places.clone();
        passed.retain(&self.wildcard);
        passed.shift();
        places.unite(&passed);
    }
}

/// The tokens of a pattern, with wildcards side by side made one.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for c in text.nfc() {
        if tokens.len() > MAX_TOKENS {
            break;
        }
        match (tokens.last_mut(), c) {
            (Some(Token::Anything), '*' | '%') | (Some(Token::WithinLevel), '%') => {}
            (Some(last @ Token::WithinLevel), '*') => *last = Token::Anything,
            (_, '*') => tokens.push(Token::Anything),
            (_, '%') => tokens.push(Token::WithinLevel),
            (_, c) => tokens.push(Token::Literal(c)),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::new(pattern).matches_text(name)
    }

    #[test]
    fn wildcards_stand_for_what_they_should() {
        for (pattern, name, expected) in [
            ("*", "a/b/c", true),
            ("%", "a", true),
            ("%", "a/b", false),
            ("a/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("a/%", "a", false),
            ("a%", "a", true),
            ("%/%", "a/b", true),
            ("*c", "a/b/c", true),
            ("%c", "a/b/c", false),
            ("a*%c", "a/b/c", true),
            ("a%*c", "a/b/c", true),
            ("Drafts", "Drafts", true),
            ("drafts", "Drafts", false),
            ("Entwu\u{308}rfe", "Entw\u{fc}rfe", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_inbox_matches_in_any_case_and_nothing_else_does() {
        assert!(
            matches("inbox", "INBOX") && matches("iN%", "INBOX") && matches("InBoX/a", "INBOX/a")
        );
        assert!(!matches("InBoX/a", "INBOX/A") && !matches("inboxes", "INBOXES"));
        assert!(!matches("a/inbox", "a/INBOX"));
    }

    #[test]
    fn a_pattern_that_is_longer_than_any_name_matches_none() {
        assert!(matches(&"a%".repeat(1000), &"a".repeat(1000)));
        assert!(!matches(&"a%".repeat(100_000), &"a".repeat(1000)));
    }

    /// What the wildcards mean, word by word; exponential.
    fn naive(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=name.len()).any(|skip| naive(rest, &name[skip..])),
            (['%', rest @ ..], _) => {
                let level = name.iter().take_while(|c| **c != '/').count();
                (0..=level).any(|skip| naive(rest, &name[skip..]))
            }
            ([p, pattern @ ..], [n, name @ ..]) => p == n && naive(pattern, name),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_what_the_wildcards_mean(pattern in "[ab/%*]{0,7}", name in "[ab/]{0,9}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = naive(&chars(&pattern), &chars(&name));
            prop_assert_eq!(matches(&pattern, &name), expected);
        }

        #[test]
        fn long_patterns_do_too(at in 0..200usize) {
            let name = "x".repeat(200);
            let pattern = format!("{}*{}", "x".repeat(at), "x".repeat(200 - at));
            prop_assert!(matches(&pattern, &name));
            let longer = format!("{pattern}x");
            prop_assert!(!matches(&longer, &name));
        }
    }
}

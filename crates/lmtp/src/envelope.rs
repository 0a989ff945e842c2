//! Addresses of the envelope (RFC 5321 §4.1.2, RFC 6531 §3.3).

use crate::limits::MAX_ADDRESS;
use rookery_auth::AccountName;
use rookery_mail::MailboxName;

/// An address between angle brackets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    /// As it was written, without brackets and source route: free of controls.
    pub text: String,
    /// What stands before the last `@`, unquoted.
    local: String,
    domain: Option<String>,
}

/// A path at the beginning of a text, and what follows it.
pub(crate) fn parse_path(text: &str) -> Option<(Path, &str)> {
    let text = text.strip_prefix('<')?;
    // A source route, which is obsolete and ignored (RFC 5321 §4.1.1.3).
    let text = if text.starts_with('@') { text.split_once(':')?.1 } else { text };
    let (local, rest) = if text.starts_with('"') { quoted(text)? } else { dot_string(text)? };
    let (domain, rest) = match rest.strip_prefix('@') {
        None => (None, rest),
        Some(rest) => {
            let end = rest.find('>')?;
            let (domain, rest) = rest.split_at_checked(end)?;
            (Some(domain.to_owned()), rest)
        }
    };
    let after = rest.strip_prefix('>')?;
    let written = text.get(..text.len() - rest.len())?;
    let bad = |domain: &String| {
        domain.is_empty() || domain.contains(|c| is_blank(c) || matches!(c, '<' | '@' | '"'))
    };
    if written.len() > MAX_ADDRESS || local.is_empty() || domain.as_ref().is_some_and(bad) {
        return None;
    }
    Some((Path { text: written.to_owned(), local, domain }, after))
}

fn dot_string(text: &str) -> Option<(String, &str)> {
    let (local, rest) = text.split_at_checked(text.find(['@', '>'])?)?;
    let bad = |c| is_blank(c) || r#"<"(),:;\[]"#.contains(c);
    (!local.contains(bad)).then(|| (local.to_owned(), rest))
}

/// What would break an address up or apart where it is written down.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((local, text.get(at + 1..)?)),
            '\\' => local.push(letters.next().filter(|(_, letter)| !letter.is_control())?.1),
            _ if letter.is_control() => return None,
            _ => local.push(letter),
        }
    }
    None
}

impl Path {
    /// Whether it needs SMTPUTF8.
    pub(crate) fn is_utf8(&self) -> bool {
        !self.text.is_ascii()
    }

    /// The accounts that the address can mean, the most exact first, and the mailbox that it asks for:
    /// `user+detail` is `user`'s mailbox `detail` (RFC 5233 §1). An account without a domain takes mail
    /// for its local part in any domain.
    pub(crate) fn accounts(&self) -> (Vec<AccountName>, Option<MailboxName>) {
        let (user, detail) = match self.local.split_once('+') {
            Some((user, detail)) => (user, rookery_mailbox::names::parse(detail).ok()),
            None => (self.local.as_str(), None),
        };
        let with_domain = self.domain.as_ref().map(|domain| format!("{user}@{domain}"));
        let names = with_domain.iter().map(String::as_str).chain([user]);
        (names.filter_map(|name| AccountName::new(name).ok()).collect(), detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn meant(text: &str) -> Option<(String, Option<String>)> {
        let (names, detail) = parse_path(text)?.0.accounts();
        let names: Vec<_> = names.iter().map(AccountName::as_str).collect();
        Some((names.join(" "), detail.map(|name| name.as_str().to_owned())))
    }

    #[test]
    fn addresses_name_accounts() {
        for (text, names, detail) in [
            ("<Ada@Example.org>", "ada@example.org ada", None),
            ("<ada>", "ada", None),
            ("<ada+Work@example.org>", "ada@example.org ada", Some("Work")),
            ("<ada+@example.org>", "ada@example.org ada", None),
            ("<ada+a/b>", "ada", Some("a/b")),
            ("<@relay.example:ada@example.org>", "ada@example.org ada", None),
            ("<\"ada\"@example.org>", "ada@example.org ada", None),
            ("<\"a\\da+x y\"@example.org>", "ada@example.org ada", Some("x y")),
            (
                "<m\u{dc}ller@b\u{fc}cher.example>",
                "m\u{fc}ller@b\u{fc}cher.example m\u{fc}ller",
                None,
            ),
            ("<ada@[127.0.0.1]>", "ada", None),
        ] {
            assert_eq!(meant(text), Some((names.to_owned(), detail.map(str::to_owned))), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let long = format!("<{}@b>", "x".repeat(MAX_ADDRESS));
        for text in [
            "",
            "ada",
            "<ada",
            "<>",
            "<@b>",
            "<a@>",
            "<a b@c>",
            "<\"a@b>",
            "<a@b c>",
            "<a@b\tc>",
            "<a\t@b>",
            "<a@b\u{a0}>",
            "<\"a\tb\"@c>",
            "<\"a\\\tb\"@c>",
            &long,
        ] {
            assert_eq!(parse_path(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_written_is_kept() {
        let (path, rest) = parse_path("<@x:\"a>b\"@c> SIZE=1").unwrap();
        assert_eq!((path.text.as_str(), rest), ("\"a>b\"@c", " SIZE=1"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "<[a\"\\\\@:>+. \u{fc}]{0,12}") {
            if let Some((path, _)) = parse_path(&text) {
                path.accounts();
            }
        }
    }
}

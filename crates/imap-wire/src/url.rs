//! IMAP URLs (RFC 5092) of messages and their parts, without a server: what CATENATE takes (RFC 4469 §3).

use crate::parse::Cursor;
use crate::{Partial, Section};
use std::num::NonZeroU32;

/// The URL of a message or of a part of one, in the account that is logged in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageUrl {
    /// The mailbox.
    pub mailbox: UrlMailbox,
    /// What the mailbox's UIDVALIDITY has to be, if that is said.
    pub uid_validity: Option<NonZeroU32>,
    /// The message's UID.
    pub uid: NonZeroU32,
    /// Which section of it.
    pub section: Section,
    /// Which octets of that; the length is [`u64::MAX`] where the URL has none.
    pub partial: Option<Partial>,
}

/// The mailbox of a URL, in UTF-8 (RFC 5092 §5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UrlMailbox {
    /// The one that is selected.
    Selected,
    /// This one, from the root.
    Absolute(String),
    /// This one, beside the one that is selected, or from the root if none is (RFC 5092 §7.2).
    Relative(String),
}

impl MessageUrl {
    /// Read a URL; nothing if it is none, or of something else or somewhere else.
    #[must_use]
    pub fn parse(url: &[u8]) -> Option<Self> {
        if !url.iter().copied().all(is_url_char) {
            return None;
        }
        let mut pieces = url.split(|octet| *octet == b';');
        let mailbox = mailbox(pieces.next()?)?;
        let mut pieces = pieces.map(|piece| piece.strip_suffix(b"/").unwrap_or(piece)).peekable();
        let mut parameter = |name: &str| {
            let value = value(pieces.peek()?, name)?;
            pieces.next();
            Some(value)
        };
        let uid_validity = parameter("UIDVALIDITY=");
        let uid = parameter("UID=")?;
        let section = parameter("SECTION=");
        let partial = parameter("PARTIAL=");
        if pieces.next().is_some() {
            return None;
        }
        Some(Self {
            mailbox,
            uid_validity: all(uid_validity, |value| {
                whole(value, |cursor| cursor.nz_number().ok())
            })?,
            uid: whole(uid, |cursor| cursor.nz_number().ok())?,
            section: all(section, self::section)?.unwrap_or_default(),
            partial: all(partial, |value| whole(value, self::partial))?,
        })
    }
}

/// What URLs are made of, percent-encoded octets and the separators included (RFC 5092 §11: `bchar`).
fn is_url_char(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$'()*+,&=:@/;%".contains(&octet)
}

/// What is not there is right; what is there has to be.
fn all<T, U>(value: Option<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    match value {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}

/// The value of a parameter, if it is the one of this name.
fn value<'a>(piece: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (start, value) = piece.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
}

fn mailbox(path: &[u8]) -> Option<UrlMailbox> {
    let absolute = path.strip_prefix(b"/");
    let name = absolute.unwrap_or(path);
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let first_level = name.split(|octet| *octet == b'/').next().unwrap_or_default();
    let is_elsewhere = match absolute {
        Some(_) => name.is_empty() || name.starts_with(b"/"),
        None => first_level.contains(&b':'),
    };
    if is_elsewhere {
        return None;
    }
    let text = String::from_utf8(decoded(name)?).ok()?;
    Some(match absolute {
        Some(_) => UrlMailbox::Absolute(text),
        None if text.is_empty() => UrlMailbox::Selected,
        None => UrlMailbox::Relative(text),
    })
}

/// Without percent-encoding.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut pieces = text.split(|octet| *octet == b'%');
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
        out.push(u8::from_str_radix(digits, 16).ok()?);
        out.extend_from_slice(rest);
    }
    Some(out)
}

/// Read all of a value.
fn whole<T>(value: &[u8], read: impl FnOnce(&mut Cursor<'_>) -> Option<T>) -> Option<T> {
    let mut cursor = Cursor::new(value);
    read(&mut cursor).filter(|_| cursor.at_end())
}

fn section(value: &[u8]) -> Option<Section> {
    whole(&decoded(value)?, |cursor| cursor.section_spec().ok())
}

/// `number ["." nz-number]`.
fn partial(cursor: &mut Cursor<'_>) -> Option<Partial> {
    let offset = cursor.number64().ok()?;
    let length = if cursor.take(b'.') { cursor.nz_number64().ok()? } else { u64::MAX };
    Some(Partial { offset, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SectionText;
    use proptest::prelude::*;

    fn parse(url: &str) -> Option<MessageUrl> {
        MessageUrl::parse(url.as_bytes())
    }

    fn mailbox_of(url: &str) -> Option<UrlMailbox> {
        parse(url).map(|url| url.mailbox)
    }

    #[test]
    fn a_url_names_a_message_or_a_piece_of_it() {
        let url = parse("/INBOX;UIDVALIDITY=785799047/;UID=113330/;SECTION=1.5.9/;PARTIAL=0.10");
        let all = MessageUrl {
            mailbox: UrlMailbox::Absolute("INBOX".to_owned()),
            uid_validity: NonZeroU32::new(785_799_047),
            uid: NonZeroU32::new(113_330).unwrap(),
            section: Section { path: vec![1, 5, 9], text: None },
            partial: Some(Partial { offset: 0, length: 10 }),
        };
        assert_eq!(url, Some(all.clone()));
        // As clients and even examples of RFCs write it.
        assert_eq!(
            parse("/INBOX;uidvalidity=785799047/;uid=113330;section=1.5.9;partial=0.10"),
            Some(all)
        );
        let whole = parse("/Drafts/;UID=3002").unwrap();
        assert_eq!((whole.section, whole.partial), (Section::default(), None));
        let rest = parse("/Drafts/;UID=3002/;PARTIAL=7").unwrap().partial;
        assert_eq!(rest, Some(Partial { offset: 7, length: u64::MAX }));
    }

    #[test]
    fn sections_are_those_of_fetch() {
        let text =
            |section: &str| parse(&format!("/a/;UID=1/;SECTION={section}")).map(|url| url.section);
        let header = Section { path: Vec::new(), text: Some(SectionText::Header) };
        assert_eq!(text("HEADER"), Some(header));
        let mime = Section { path: vec![2], text: Some(SectionText::Mime) };
        assert_eq!(text("2.mime"), Some(mime));
        let fields = SectionText::HeaderFields(vec![b"To".to_vec(), b"Cc".to_vec()]);
        let fields = Section { path: Vec::new(), text: Some(fields) };
        assert_eq!(text("HEADER.FIELDS%20(To%20Cc)"), Some(fields));
        for bad in ["", "0", "1.", "MIME", "FOO", "1.2x", "HEADER.FIELDS", "HEADER.FIELDS%20()"] {
            assert_eq!(text(bad), None, "{bad}");
        }
    }

    #[test]
    fn mailboxes_are_utf8_and_may_be_relative() {
        let absolute = |text: &str| Some(UrlMailbox::Absolute(text.to_owned()));
        assert_eq!(mailbox_of("/a/b;UIDVALIDITY=1/;UID=1"), absolute("a/b"));
        assert_eq!(mailbox_of("/a%20%3B%25/;UID=1"), absolute("a ;%"));
        assert_eq!(mailbox_of("/Entw%C3%BCrfe/;UID=1"), absolute("Entwürfe"));
        assert_eq!(mailbox_of("/Entw&APw-rfe/;UID=1"), absolute("Entw&APw-rfe"));
        assert_eq!(mailbox_of("a/b/;UID=1"), Some(UrlMailbox::Relative("a/b".to_owned())));
        assert_eq!(mailbox_of(";UID=1"), Some(UrlMailbox::Selected));
    }

    #[test]
    fn other_urls_are_none() {
        for bad in [
            "",
            "/",
            "/INBOX",
            "/INBOX/",
            "/;UID=1",
            "//;UID=1",
            "INBOX",
            "imap://host/INBOX/;UID=1",
            "imap:/INBOX/;UID=1",
            "//host/INBOX/;UID=1",
            "/INBOX/;UID=0",
            "/INBOX/;UID=",
            "/INBOX/;UID=*",
            "/INBOX/;UID=1:2",
            "/INBOX/;UID=4294967296",
            "/INBOX;UIDVALIDITY=0/;UID=1",
            "/INBOX;UIDVALIDITY=1",
            "/INBOX/;UID=1/;UID=1",
            "/INBOX/;UID=1/;PARTIAL=0.10/;SECTION=1",
            "/INBOX/;UID=1/;PARTIAL=",
            "/INBOX/;UID=1/;PARTIAL=0.0",
            "/INBOX/;UID=1/;PARTIAL=1.2.3",
            "/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:00",
            "/INBOX?SUBJECT%20x",
            "/INBOX/;UID=1#x",
            "/%/;UID=1",
            "/%4/;UID=1",
            "/%+1/;UID=1",
            "/%FF/;UID=1",
            "/a b/;UID=1",
            "/Entwürfe/;UID=1",
            "/INBOX/;UID=1\r\n",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_input_makes_it_stumble(url in "/?[a/:%&]{0,6}(;UIDVALIDITY=)?[0-9/;%.]{0,6};UID=[0-9]{1,3}[ -~]{0,30}|\\PC{0,40}") {
            let _any = parse(&url);
        }

        #[test]
        fn every_name_can_be_written(name in "[^/]\\PC{0,20}[^/]") {
            let encoded: String = name.bytes().map(|octet| format!("%{octet:02x}")).collect();
            prop_assert_eq!(mailbox_of(&format!("/{encoded}/;UID=1")), Some(UrlMailbox::Absolute(name)));
        }
    }
}

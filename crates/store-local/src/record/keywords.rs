//! What a change says of the keywords of a mailbox.

use super::{Fields, read_keyword, tag};
use crate::fields::{BadRecord, Reader, Writer};
use rookery_mail::Keyword;
use rookery_mailbox::limits::MAX_KEYWORDS;

/// A keyword and the bit that stands for it.
pub(crate) type Named = (u8, Keyword);

/// The keywords that a change brings to a mailbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct NewKeywords {
    /// They get the next bits, which were never given.
    pub(crate) next: Vec<Keyword>,
    /// They take over bits whose keywords no message has.
    pub(crate) taken_over: Vec<Named>,
    /// Others that the change is about, once bits can have been taken over. Nothing new, unless changes before are missing.
    pub(crate) known: Vec<Named>,
}

impl NewKeywords {
    /// Whether the mailbox has the same keywords as before.
    pub(crate) fn is_empty(&self) -> bool {
        self.next.is_empty() && self.taken_over.is_empty()
    }

    /// A bit stands for this keyword from now on.
    pub(crate) fn take_over(&mut self, at: usize, keyword: &Keyword) {
        self.taken_over.extend(named_at(at, keyword));
    }

    /// A bit stands for this keyword, as before.
    pub(crate) fn know(&mut self, at: usize, keyword: &Keyword) {
        let named = named_at(at, keyword);
        let is_said = |it: &Named| self.taken_over.contains(it) || self.known.contains(it);
        self.known.extend(named.filter(|it| !is_said(it)));
    }

    /// What the change says that bits stand for, be it new or not.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Named> {
        self.taken_over.iter().chain(&self.known)
    }

    /// The keywords of a mailbox, by bit, when these have come to those that it had.
    pub(crate) fn after<'a>(
        &'a self,
        before: &'a [Keyword],
    ) -> impl Iterator<Item = &'a Keyword> + 'a {
        before.iter().chain(&self.next).enumerate().map(|(at, keyword)| {
            let mut taken_over = self.taken_over.iter();
            let new = taken_over.find(|(bit, _)| usize::from(*bit) == at);
            new.map_or(keyword, |(_, new)| new)
        })
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        self.next.iter().for_each(|it| out.field(tag::KEYWORD, it.as_str().as_bytes()));
        let named = |out: &mut Writer, tag, (bit, keyword): &Named| {
            out.nested_field(tag, |out| {
                out.number(u64::from(*bit));
                out.octets.extend_from_slice(keyword.as_str().as_bytes());
            });
        };
        self.taken_over.iter().for_each(|it| named(out, tag::KEYWORD_TAKES_OVER, it));
        self.known.iter().for_each(|it| named(out, tag::KEYWORD_KNOWN, it));
    }

    pub(super) fn decode(fields: &Fields<'_>) -> Result<Self, BadRecord> {
        let named = |tag| fields.all(tag).map(named).collect::<Result<_, _>>();
        Ok(Self {
            next: fields.all(tag::KEYWORD).map(keyword).collect::<Result<_, _>>()?,
            taken_over: named(tag::KEYWORD_TAKES_OVER)?,
            known: named(tag::KEYWORD_KNOWN)?,
        })
    }
}

fn named_at(at: usize, keyword: &Keyword) -> Option<Named> {
    u8::try_from(at).ok().map(|bit| (bit, keyword.clone()))
}

fn named(mut field: Reader<'_>) -> Result<Named, BadRecord> {
    let bit = u8::try_from(field.number()?).ok().filter(|bit| usize::from(*bit) < MAX_KEYWORDS);
    Ok((bit.ok_or(BadRecord("the bit of a keyword"))?, keyword(field)?))
}

fn keyword(mut field: Reader<'_>) -> Result<Keyword, BadRecord> {
    read_keyword(field.rest())
}

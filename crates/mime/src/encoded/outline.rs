//! Where the parts of a message are in its compact binary form: for who looks at some of them, in a small part of the room that
//! the tree takes.

use super::{Encoded, EncodedContent, EncodedPart, Pieces, Reader};
use crate::{SectionText, limits};
use std::ops::Range;

/// Where the parts of a message are in its compact binary form. It goes with that form, which whoever asks has at hand.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The message itself first; what is in one part is together.
    places: Vec<Place>,
    /// Octets of the message.
    size: u64,
    preview: Option<String>,
}

/// Where a part is.
#[derive(Clone, Debug, Default)]
struct Place {
    /// The body of the part that it is in.
    within: Range<u64>,
    /// Octets of the form from its beginning on.
    left: u32,
    /// The first of what is in it.
    first: u32,
    /// How many parts are in it.
    count: u32,
    /// Whether it is a message, which has one part: its root.
    is_message: bool,
}

impl Outline {
    /// That of a compact binary form; `None` if it is of another version, or damaged.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let Encoded { size, has_preview, root: mut pieces, .. } = Encoded::open(bytes)?;
        let mut outline = Self { places: vec![Place::default()], size, preview: None };
        outline.put(0, (0..size, 1), &mut pieces)?;
        outline.places.shrink_to_fit();
        pieces.envelope()?;
        outline.preview = if has_preview { Some(pieces.0.text()?) } else { None };
        Some(outline)
    }

    /// Put the next part in its place, and what is in it behind all others.
    fn put(
        &mut self,
        place: usize,
        (within, depth): (Range<u64>, usize),
        pieces: &mut Pieces<'_>,
    ) -> Option<()> {
        let left = u32::try_from(pieces.0.rest.len()).ok()?;
        let part = pieces.0.part(&within, depth)?;
        let count = match part.content {
            EncodedContent::Leaf => 0,
            EncodedContent::Multipart(count) => usize::try_from(count).ok().filter(|it| *it > 0)?,
            EncodedContent::Message => 1,
        };
        let first = self.places.len();
        let end = first.checked_add(count).filter(|end| *end <= 2 * limits::PARTS)?;
        self.places.resize(end, Place::default());
        *self.places.get_mut(place)? = Place {
            within,
            left,
            first: u32::try_from(first).ok()?,
            count: u32::try_from(count).ok()?,
            is_message: part.content == EncodedContent::Message,
        };
        for child in first..end {
            self.put(child, (part.body.clone(), depth + 1), pieces)?;
        }
        if part.content == EncodedContent::Message {
            pieces.envelope()?;
        }
        Some(())
    }

    /// As [`crate::Message::preview`].
    #[must_use]
    pub fn preview(&self) -> Option<&str> {
        self.preview.as_deref()
    }

    /// As [`crate::Message::part`].
    #[must_use]
    pub fn part<'a>(&self, path: &[u32], bytes: &'a [u8]) -> Option<EncodedPart<'a>> {
        self.find(path)?.read(bytes)
    }

    /// As [`crate::Message::section`].
    #[must_use]
    pub fn section(&self, path: &[u32], text: SectionText, bytes: &[u8]) -> Option<Range<u64>> {
        let place = self.find(path)?;
        let message = || {
            let inner = if path.is_empty() { Some(place) } else { self.message_in(place) };
            inner.and_then(|place| place.read(bytes))
        };
        match text {
            SectionText::Whole if path.is_empty() => Some(0..self.size),
            SectionText::Whole => Some(place.read(bytes)?.body),
            SectionText::Header => Some(message()?.header),
            SectionText::Text => Some(message()?.body),
            SectionText::Mime if path.is_empty() => None,
            SectionText::Mime => Some(place.read(bytes)?.header),
        }
    }

    /// All parts, each before those in it.
    pub fn parts<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = EncodedPart<'a>> {
        let root = 0..1_usize;
        let mut open = Vec::from([root]);
        std::iter::from_fn(move || {
            while open.last()?.is_empty() {
                open.pop();
            }
            let place = self.places.get(open.last_mut()?.next()?)?;
            open.push(place.children()?);
            place.read(bytes)
        })
    }

    fn find(&self, path: &[u32]) -> Option<&Place> {
        let root = self.places.first()?;
        let Some((first, rest)) = path.split_first() else { return Some(root) };
        let mut place = self.numbered(root, *first)?;
        for number in rest {
            let inner = self.message_in(place).unwrap_or(place);
            if place.count == 0 {
                return None;
            }
            place = self.numbered(inner, *number)?;
        }
        Some(place)
    }

    /// The root of the message that a part is.
    fn message_in(&self, place: &Place) -> Option<&Place> {
        let root = place.children().filter(|_| place.is_message)?;
        self.places.get(root.start)
    }

    /// The child with this number, counted from 1; what is no multipart is its own only child.
    fn numbered<'s>(&'s self, place: &'s Place, number: u32) -> Option<&'s Place> {
        if place.count == 0 || place.is_message {
            return (number == 1).then_some(place);
        }
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.places.get(place.children()?).and_then(|children| children.get(index))
    }
}

impl Place {
    fn children(&self) -> Option<Range<usize>> {
        let first = usize::try_from(self.first).ok()?;
        Some(first..first.checked_add(usize::try_from(self.count).ok()?)?)
    }

    /// The part, in the form that has so many octets left there.
    fn read<'a>(&self, bytes: &'a [u8]) -> Option<EncodedPart<'a>> {
        let start = bytes.len().checked_sub(usize::try_from(self.left).ok()?)?;
        Reader { rest: bytes.get(start..)?, parts: 1 }.part(&self.within, 1)
    }
}

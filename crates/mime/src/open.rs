//! Parts that have begun and not ended.

use crate::entity::{Budget, DefaultType, Entity, HeaderBlock};
use crate::line::Mark;
use crate::parameter::boundary;
use crate::{Content, Embedded, Envelope, Part, limits};

/// A part that has not ended.
#[derive(Debug)]
pub(crate) struct Open {
    start: Mark,
    body_start: Mark,
    /// The media type if the header names none.
    default: DefaultType,
    entity: Entity,
    envelope: Option<Envelope>,
    kind: Kind,
}

/// What the body of an open part is made of, so far.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Octets.
    Leaf,
    /// Parts; the boundary is there while a line can be one.
    Multipart { boundary: Option<Vec<u8>>, parts: Vec<Part> },
    /// A message, once it has ended.
    Message { ended: Option<Box<Embedded>> },
}

impl Open {
    /// A message whose header begins at `start`.
    pub(crate) fn message(start: Mark) -> Self {
        Self { envelope: Some(Envelope::default()), ..Self::part(start, DefaultType::Text) }
    }

    /// A part whose header begins at `start`.
    pub(crate) fn part(start: Mark, default: DefaultType) -> Self {
        let entity = HeaderBlock::new(false).entity(DefaultType::Text);
        Self { start, body_start: start, default, entity, envelope: None, kind: Kind::Leaf }
    }

    pub(crate) fn body_start(&self) -> Mark {
        self.body_start
    }

    pub(crate) fn entity(&self) -> &Entity {
        &self.entity
    }

    /// The boundary, while a line can be one.
    pub(crate) fn boundary(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Multipart { boundary, .. } => boundary.as_deref(),
            Kind::Leaf | Kind::Message { .. } => None,
        }
    }

    pub(crate) fn default_of_parts(&self) -> DefaultType {
        self.entity.default_of_parts()
    }

    /// The closing boundary was met: what follows is the epilogue, in which nothing of ours is a boundary.
    pub(crate) fn end_parts(&mut self) {
        if let Kind::Multipart { boundary, .. } = &mut self.kind {
            *boundary = None;
        }
    }

    /// The header ended at `end`, this being the part number `depth` from the message inwards.
    pub(crate) fn end_header(
        &mut self,
        header: &HeaderBlock,
        end: Mark,
        depth: usize,
        budget: &mut Budget,
    ) -> &Kind {
        self.body_start = end;
        self.entity = header.entity(self.default);
        if self.envelope.is_some() {
            self.envelope = Some(header.envelope(budget));
        }
        self.kind = kind(&mut self.entity, depth, budget);
        &self.kind
    }

    /// Take a part or message that ended within this one.
    pub(crate) fn take(&mut self, (root, envelope): (Part, Envelope)) {
        match &mut self.kind {
            Kind::Leaf => {}
            Kind::Multipart { parts, .. } => parts.push(root),
            Kind::Message { ended } => *ended = Some(Box::new(Embedded { envelope, root })),
        }
    }

    /// The part, and its envelope if it is a message, now that it has ended.
    pub(crate) fn close(self, end: Mark) -> (Part, Envelope) {
        let span = Span { start: self.start, body_start: self.body_start, end };
        let content = match self.kind {
            Kind::Leaf => Content::Leaf,
            Kind::Multipart { parts, .. } if parts.is_empty() => {
                Content::Multipart(vec![text_part(self.body_start, end)])
            }
            Kind::Multipart { parts, .. } => Content::Multipart(parts),
            Kind::Message { ended: Some(embedded) } => Content::Message(embedded),
            Kind::Message { ended: None } => {
                let root = text_part(self.body_start, end);
                Content::Message(Box::new(Embedded { envelope: Envelope::default(), root }))
            }
        };
        (part(self.entity, &span, content), self.envelope.unwrap_or_default())
    }
}

/// The places that the ranges of a part are made of.
struct Span {
    start: Mark,
    body_start: Mark,
    end: Mark,
}

/// What a body is made of. What may not be taken apart becomes opaque.
fn kind(entity: &mut Entity, depth: usize, budget: &mut Budget) -> Kind {
    if entity.is_multipart() && depth < limits::DEPTH {
        return Kind::Multipart { boundary: boundary(&entity.params), parts: Vec::new() };
    }
    let is_encoded = entity.encoding.as_deref().is_some_and(|name| {
        name.eq_ignore_ascii_case(b"base64") || name.eq_ignore_ascii_case(b"quoted-printable")
    });
    if entity.is_message() && !is_encoded && depth < limits::DEPTH && budget.take_part() {
        return Kind::Message { ended: None };
    }
    if entity.is_multipart() || entity.is_message() {
        entity.make_opaque();
    }
    Kind::Leaf
}

/// A text/plain part without a header.
fn text_part(start: Mark, end: Mark) -> Part {
    let entity = HeaderBlock::new(false).entity(DefaultType::Text);
    part(entity, &Span { start, body_start: start, end }, Content::Leaf)
}

fn part(entity: Entity, span: &Span, content: Content) -> Part {
    Part {
        header: span.start.offset..span.body_start.offset,
        body: span.body_start.offset..span.end.offset,
        lines: span.end.lines.saturating_sub(span.body_start.lines),
        media_type: entity.media_type,
        media_subtype: entity.media_subtype,
        params: entity.params,
        id: entity.id,
        description: entity.description,
        encoding: entity.encoding,
        md5: entity.md5,
        disposition: entity.disposition,
        language: entity.language,
        location: entity.location,
        content,
    }
}

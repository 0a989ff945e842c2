//! Sections of messages.

use super::{Cursor, Parsed};
use crate::{Partial, Section, SectionText};

impl Cursor<'_> {
    /// `section`.
    pub(crate) fn section(&mut self) -> Parsed<Section> {
        self.expect(b'[', "[")?;
        let mut section = Section::default();
        if !self.take(b']') {
            section = self.section_spec()?;
            self.expect(b']', "]")?;
        }
        Ok(section)
    }

    /// `section-binary`.
    pub(crate) fn section_binary(&mut self) -> Parsed<Vec<u32>> {
        self.expect(b'[', "[")?;
        let mut path = Vec::new();
        if self.take(b']') {
            return Ok(path);
        }
        self.path_number(&mut path)?;
        while self.take(b'.') {
            self.path_number(&mut path)?;
        }
        self.expect(b']', "]")?;
        Ok(path)
    }

    /// `partial`, if there is one.
    pub(crate) fn partial(&mut self) -> Parsed<Option<Partial>> {
        if !self.take(b'<') {
            return Ok(None);
        }
        let offset = self.number64()?;
        self.expect(b'.', "a dot and the number of octets")?;
        let error = self.fail("a number of octets other than 0");
        let length = self.number64()?;
        self.expect(b'>', ">")?;
        if length == 0 { Err(error) } else { Ok(Some(Partial { offset, length })) }
    }

    /// `section-spec`.
    pub(crate) fn section_spec(&mut self) -> Parsed<Section> {
        let mut section = Section::default();
        loop {
            if !self.peek().is_some_and(|octet| octet.is_ascii_digit()) {
                section.text = Some(self.section_text(!section.path.is_empty())?);
                return Ok(section);
            }
            self.path_number(&mut section.path)?;
            if !self.take(b'.') {
                return Ok(section);
            }
        }
    }

    fn section_text(&mut self, in_part: bool) -> Parsed<SectionText> {
        let error = self.fail("a section");
        match self.dotted_name().as_str() {
            "HEADER" => Ok(SectionText::Header),
            "HEADER.FIELDS" => self.header_list().map(SectionText::HeaderFields),
            "HEADER.FIELDS.NOT" => self.header_list().map(SectionText::HeaderFieldsNot),
            "TEXT" => Ok(SectionText::Text),
            "MIME" if in_part => Ok(SectionText::Mime),
            _ => Err(error),
        }
    }

    fn header_list(&mut self) -> Parsed<Vec<Vec<u8>>> {
        self.space()?;
        self.parenthesised_some("names of header fields in parentheses", |cursor| {
            cursor.astring("the name of a header field")
        })
    }
}

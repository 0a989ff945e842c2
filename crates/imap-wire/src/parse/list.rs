//! Lists in parentheses, and the values of extensions that are not known.

use super::{Cursor, Parsed};
use crate::limits;

impl Cursor<'_> {
    /// Things in parentheses with a space between each two; none is fine.
    pub(crate) fn parenthesised<T>(
        &mut self,
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(b'(', expected)?;
        let mut items = Vec::new();
        while !self.take(b')') {
            if items.len() >= limits::LIST_ITEMS {
                return Err(self.too_much("list"));
            }
            if !items.is_empty() {
                self.expect(b' ', "a space or )")?;
                // Some clients leave a space before the parenthesis.
                if self.take(b')') {
                    break;
                }
            }
            self.charge_item::<T>()?;
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Things in parentheses, at least one.
    pub(crate) fn parenthesised_some<T>(
        &mut self,
        expected: &'static str,
        item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let error = self.fail(expected);
        let items = self.parenthesised(expected, item)?;
        if items.is_empty() { Err(error) } else { Ok(items) }
    }

    /// Skip a space and the value after it, if the latter is no name.
    pub(crate) fn skip_extension_value(&mut self) -> Parsed<()> {
        let second = self.rest().get(2).copied().unwrap_or(0);
        let is_value = match self.peek_second() {
            Some(b'(' | b'*' | b'$' | b'"' | b'0'..=b'9') => true,
            Some(b'-') => second.is_ascii_digit(),
            _ => false,
        };
        if !is_value || !self.take(b' ') {
            return Ok(());
        }
        match self.peek() {
            Some(b'(') => self.skip_parenthesised(),
            Some(b'"') => self.quoted().map(drop),
            _ => {
                self.take_while(|octet| {
                    octet.is_ascii_digit() || matches!(octet, b'*' | b'$' | b',' | b':' | b'-')
                });
                Ok(())
            }
        }
    }

    /// Skip balanced parentheses with strings, atoms and spaces in them.
    pub(crate) fn skip_parenthesised(&mut self) -> Parsed<()> {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                Some(b'(') => depth += 1,
                Some(b')') => depth = depth.saturating_sub(1),
                Some(b' ') => {}
                _ => {
                    self.skip_atom_or_string()?;
                    continue;
                }
            }
            if depth > limits::NESTING {
                return Err(self.too_much("nesting"));
            }
            self.take_octets(1);
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn skip_atom_or_string(&mut self) -> Parsed<()> {
        self.take(b'\\');
        self.astring("a value or )").map(drop)
    }
}

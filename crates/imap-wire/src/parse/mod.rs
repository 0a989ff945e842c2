//! Reading the terminals of the grammar (RFC 9051 §9): each file adds some of them to the cursor.

mod atom;
mod cursor;
mod date;
mod flag;
mod list;
mod number;
mod section;
mod sequence;
mod string;

pub(crate) use atom::{is_astring_char, is_atom_char, is_list_char, is_tag_char, is_text_safe};
pub(crate) use cursor::{Cursor, Parsed};

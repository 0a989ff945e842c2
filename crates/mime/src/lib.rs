//! Message bytes to a tree of byte ranges: envelope, body structure, sections, decoded text.
//!
//! [`Scanner`] takes the octets of a message in pieces of any size and gives a [`Message`]: where each part begins
//! and ends, the few header values that IMAP's ENVELOPE and BODYSTRUCTURE need, and the first words. It never holds a
//! body (of the first text its beginning, for those words), nor a header block, nor a long line. The other modules work
//! on what the ranges cut out of the message: [`header`] fields, [`transfer`] encodings, [`text`], [`date`]s,
//! [`subject`]s.
//!
//! No input makes anything here fail: what is broken or beyond a limit becomes less structured, never an error.

mod address;
mod boundary;
mod charset;
pub mod date;
pub mod downgrade;
mod encode;
mod encoded;
mod encoded_word;
mod entity;
mod first_text;
pub mod header;
mod lexer;
pub mod limits;
mod line;
mod message_id;
mod open;
mod parameter;
pub mod preview;
mod scanner;
mod section;
mod structure;
pub mod subject;
pub mod text;
pub mod transfer;
mod utf7;

pub use date::SentDate;
pub use encoded::{
    Addresses, Encoded, EncodedContent, EncodedEnvelope, EncodedParams, EncodedPart, List, Outline,
    Pieces,
};
pub use message_id::message_ids;
pub use scanner::Scanner;
pub use section::SectionText;
pub use structure::{Address, Content, Disposition, Embedded, Envelope, Message, Part};
pub use subject::base_subject;
pub use transfer::{Decoder, Encoding};

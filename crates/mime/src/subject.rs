//! The base subject (RFC 5256 §2.1).

/// The base subject of a decoded subject, and whether it was a reply or a forward.
#[must_use]
pub fn base_subject(decoded: &str) -> (String, bool) {
    (decoded.to_owned(), false)
}

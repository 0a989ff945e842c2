//! The Date field (RFC 5322 §3.3, §4.3).

/// When a message says it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SentDate {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub unix: i64,
    /// Minutes east of UTC of the zone in which it was written.
    pub offset_minutes: i16,
}

/// The date in a Date field's value, in today's form, the obsolete ones, or a common broken one.
#[must_use]
pub fn parse(value: &[u8]) -> Option<SentDate> {
    let _ = value;
    None
}

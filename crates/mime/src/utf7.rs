//! UTF-7 (RFC 2152), which only old mail is in.

use crate::transfer::Encoding;

/// The text; what is no UTF-7 stays as it is, octets beyond ASCII become U+FFFD.
pub(crate) fn decode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => rest = shifted(after, &mut text),
            ascii if ascii.is_ascii() => text.push(char::from(*ascii)),
            _ => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
    text
}

/// Take what follows a `+`, and give what is left.
fn shifted<'a>(octets: &'a [u8], text: &mut String) -> &'a [u8] {
    let is_base64 = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
    let len = octets.iter().position(|octet| !is_base64(octet)).unwrap_or(octets.len());
    let (run, rest) = octets.split_at_checked(len).unwrap_or((octets, &[]));
    if run.is_empty() {
        text.push('+');
    }
    let units = Encoding::Base64.decode(run);
    let units = units.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0xfffd,
    });
    text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    rest.strip_prefix(b"-").unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn examples_of_the_rfc() {
        assert_eq!(decode(b"A+ImIDkQ."), "A\u{2262}\u{391}.");
        assert_eq!(decode(b"Hi Mom -+Jjo--!"), "Hi Mom -\u{263a}-!");
        assert_eq!(decode(b"+ZeVnLIqe-"), "\u{65e5}\u{672c}\u{8a9e}");
        assert_eq!(decode(b"1 +- 1"), "1 + 1");
    }

    #[test]
    fn broken_utf7_yields_something() {
        assert_eq!(decode(b"a+"), "a+");
        assert_eq!(decode(b"+2AA-x\xff"), "\u{fffd}x\u{fffd}");
    }
}

//! Line ends as the wire has them.

/// Turns LF into CRLF where it is not one already, in octets that come in pieces.
#[derive(Debug, Default)]
pub(crate) struct CrlfWriter {
    after_cr: bool,
}

impl CrlfWriter {
    /// Add octets to `out`.
    pub(crate) fn write(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            if let Some(text) = line.strip_suffix(b"\n") {
                out.extend_from_slice(text);
                let has_cr = if text.is_empty() { self.after_cr } else { text.ends_with(b"\r") };
                out.extend_from_slice(if has_cr { b"\n" } else { b"\r\n" });
                self.after_cr = false;
            } else {
                out.extend_from_slice(line);
                self.after_cr = line.ends_with(b"\r");
            }
        }
    }
}

/// A whole message with CRLF at the ends of its lines.
pub(super) fn of_message(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    CrlfWriter::default().write(octets, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_lf_changes_wherever_the_cuts_are() {
        let (input, expected) = (b"a\nb\r\n\n\r\n\rc\r\r\n", b"a\r\nb\r\n\r\n\r\n\rc\r\r\n");
        for piece in 1..=input.len() {
            let (mut writer, mut out) = (CrlfWriter::default(), Vec::new());
            input.chunks(piece).for_each(|piece| writer.write(piece, &mut out));
            assert_eq!(out, expected, "pieces of {piece}");
        }
    }
}

//! RFC references have one form: `RFC 9051` or `RFC 9051 §6.4.4`. So they can be searched for.

use crate::Complaint;
use std::path::Path;

/// Complain about references in another form.
pub(crate) fn check(path: &Path, text: &str) -> Vec<Complaint> {
    if path.starts_with("xtask") {
        return Vec::new();
    }
    let lines = text.lines().enumerate();
    let wrong = lines.filter_map(|(index, line)| Some((index + 1, misspelt(line)?)));
    wrong
        .map(|(line, found)| Complaint {
            path: path.to_owned(),
            line,
            what: format!("write {found:?} as `RFC 9051` or `RFC 9051 §6.4.4`"),
        })
        .collect()
}

/// The first reference in the line that is written otherwise.
fn misspelt(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase();
    lower.match_indices("rfc").find_map(|(at, _)| {
        let whole_word = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let end = reference_end(line, at)?;
        (whole_word && !is_right(&line[at..end])).then(|| &line[at..end])
    })
}

/// Where the reference that starts here ends; `None` if it has no number of an RFC.
fn reference_end(line: &str, at: usize) -> Option<usize> {
    let after = &line[at + 3..];
    let number = after.find(|c: char| !" -.#".contains(c)).unwrap_or(after.len());
    let digits = after[number..].bytes().take_while(u8::is_ascii_digit).count();
    // MIME's message/rfc822 and the FETCH items RFC822.SIZE and the like are no references.
    if digits < 3 || (number == 0 && after.starts_with("822")) {
        return None;
    }
    let mut end = at + 3 + number + digits;
    for separator in [" §", "§", ", section ", " section ", " sec. ", ", §"] {
        if line[end..].to_ascii_lowercase().starts_with(separator) {
            end += separator.len();
            end += line[end..].bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            break;
        }
    }
    Some(end)
}

fn is_right(reference: &str) -> bool {
    let Some(rest) = reference.strip_prefix("RFC ") else { return false };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let section = &rest[digits..];
    digits >= 3
        && (section.is_empty()
            || section
                .strip_prefix(" §")
                .is_some_and(|s| s.starts_with(|c: char| c.is_ascii_digit())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_form_passes() {
        for line in [
            "RFC 9051",
            "(RFC 9051 §6.4.4)",
            "RFC 9051 §6.4.4 §9, RFC 822.",
            "RFC 3501 says",
            "the RFC decides",
        ] {
            assert_eq!(misspelt(line), None, "{line}");
        }
    }

    #[test]
    fn items_of_fetch_are_no_references() {
        for line in ["RFC822.SIZE", "message/rfc822", "Rfc822Text", "rfc822 parts", "fn rfc_2047"] {
            assert_eq!(misspelt(line), None, "{line}");
        }
    }

    #[test]
    fn other_forms_are_found() {
        for line in [
            "RFC9051",
            "rfc 9051",
            "RFC-9051",
            "see rfc9051.txt",
            "RFC 9051, section 6",
            "RFC 9051 section 6.4",
            "RFC 9051§6",
        ] {
            assert!(misspelt(line).is_some(), "{line}");
        }
        let complaints = check(Path::new("a.rs"), "fine\n// RFC9051\n");
        assert_eq!(
            complaints[0].to_string(),
            "a.rs:2: write \"RFC9051\" as `RFC 9051` or `RFC 9051 §6.4.4`"
        );
    }
}

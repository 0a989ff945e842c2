//! Command lines that the formal syntax has (RFC 9051 §9, RFC 3501 §9 and the extensions named in the source), and
//! lines that it does not have.

mod invalid;
mod valid;

use invalid::INVALID;
use rookery_imap_wire::{Command, MalformedKind};
use valid::VALID;

#[test]
fn lines_of_the_grammar_are_read_and_printed_alike() {
    for line in VALID {
        let command = Command::parse(line.as_bytes());
        let command = command.unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let mut out = Vec::new();
        command.print(&mut out);
        let again = Command::parse(&out);
        assert!(again == Ok(command), "{line:?} became {}", String::from_utf8_lossy(&out));
    }
}

#[test]
fn no_line_of_the_grammar_can_be_cut_short_into_nonsense() {
    for line in VALID {
        for end in 0..line.len() {
            // Whatever a beginning of a line is, it is not read beyond its end.
            let beginning = &line.as_bytes()[..end];
            if let Err(error) = Command::parse(beginning) {
                assert!(error.offset <= end, "{line:?} to {end}: {error:?}");
            }
        }
    }
}

#[test]
fn other_lines_are_refused_with_a_place() {
    for line in INVALID {
        match Command::parse(line.as_bytes()) {
            Ok(command) => panic!("{line:?} was read as {command:?}"),
            Err(error) => {
                assert!(error.offset <= line.len(), "{line:?}: {error:?}");
                assert!(!error.expected.is_empty());
                assert_eq!(error.kind, MalformedKind::Syntax, "{line:?}");
            }
        }
    }
}

#[test]
fn the_tables_are_as_large_as_they_claim() {
    assert!(VALID.len() >= 150 && INVALID.len() >= 100, "{} {}", VALID.len(), INVALID.len());
}

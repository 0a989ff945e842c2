//! A command that was read can be printed, and is read back as the same.

use rookery_imap_wire::Command;

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    match Command::parse(input) {
        Err(error) => assert!(error.offset <= input.len()),
        Ok(command) => {
            let mut printed = Vec::new();
            command.print(&mut printed);
            let shown = String::from_utf8_lossy(&printed);
            assert!(Command::parse(&printed).as_ref() == Ok(&command), "{shown}");
        }
    }
}

//! A command that was read can be printed, and is read back as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_imap_wire::{Command, IncomingHead, Response};

fuzz_target!(|input: &[u8]| {
    let _any = Response::parse(input);
    if let Some(Ok(mut head)) = IncomingHead::parse(input) {
        let _any = head.text.read(input, input.len() % 2 == 0);
    }
    match Command::parse(input) {
        Err(error) => assert!(error.offset <= input.len()),
        Ok(command) => {
            let mut printed = Vec::new();
            command.print(&mut printed);
            let shown = String::from_utf8_lossy(&printed);
            assert!(Command::parse(&printed).as_ref() == Ok(&command), "{shown}");
        }
    }
});

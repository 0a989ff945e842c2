//! What is printed is read back as it was.

use crate::generate;
use proptest::prelude::*;
use rookery_imap_wire::{Command, Frame, Framer, FramerLimits};

fn printed(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    command.print(&mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn commands_survive_the_wire(tag in generate::tag(), body in generate::command()) {
        let command = Command { tag, body };
        let wire = printed(&command);
        let parsed = Command::parse(&wire);
        // Not shown by its Debug, lest secrets be left out.
        prop_assert!(parsed.as_ref() == Ok(&command), "{}", String::from_utf8_lossy(&wire));
    }

    #[test]
    fn the_framer_finds_the_borders_of_what_is_printed(
        tag in generate::tag(), body in generate::command(), cut in 0usize..200,
    ) {
        let wire = printed(&Command { tag, body });
        let stream = [wire.as_slice(), b"\r\nz NOOP\r\n"].concat();
        let (before, after) = stream.split_at(cut.min(stream.len()));
        let mut framer = Framer::new(FramerLimits::default());
        let mut commands = Vec::new();
        for piece in [before, after] {
            framer.feed(piece);
            loop {
                match framer.next() {
                    Frame::Incomplete => break,
                    Frame::Literal(_) => prop_assert!(framer.keep_literal()),
                    Frame::Command(command) => commands.push(command),
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
        prop_assert_eq!(commands, [wire, b"z NOOP".to_vec()]);
    }

    #[test]
    fn no_input_makes_the_parser_stumble(input in prop::collection::vec(any::<u8>(), 0..80)) {
        let _any = Command::parse(&input);
        let _any = Command::parse(&[b"a FETCH 1 ".as_slice(), &input].concat());
        let _any = Command::parse(&[b"a SEARCH ".as_slice(), &input].concat());
    }

    #[test]
    fn a_damaged_command_is_refused_or_read_but_printable(
        tag in generate::tag(), body in generate::command(), at in any::<prop::sample::Index>(), octet: u8,
    ) {
        let mut wire = printed(&Command { tag, body });
        let at = at.index(wire.len());
        wire[at] = octet;
        if let Ok(command) = Command::parse(&wire) {
            let again = printed(&command);
            prop_assert!(Command::parse(&again).as_ref() == Ok(&command), "{}", String::from_utf8_lossy(&again));
        }
    }
}

//! Frames do not depend on cuts, whatever is decided about literals, and memory stays bounded.

use rookery_imap_wire::{Frame, Framer, FramerLimits, LineFrame};

const LIMITS: FramerLimits =
    FramerLimits { command: 200, line: 100, literals: 4, non_sync_literal: 50 };

/// What came out, octets of one literal joined.
#[derive(PartialEq, Debug)]
enum Event {
    Frame(Frame),
    Line(LineFrame),
}

/// Feed the pieces; the n-th literal is treated as the n-th decision says, in turn.
fn run<'a>(decisions: &[u8], pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut framer = Framer::new(LIMITS);
    let mut decisions = decisions.iter().cycle();
    let (mut events, mut want_line) = (Vec::new(), false);
    for piece in pieces {
        framer.feed(piece);
        loop {
            if want_line {
                let line = framer.next_line();
                if line == LineFrame::Incomplete {
                    break;
                }
                want_line = false;
                events.push(Event::Line(line));
                continue;
            }
            let frame = framer.next();
            match (&frame, events.last_mut()) {
                (Frame::Incomplete, _) => break,
                (Frame::Bytes(more), Some(Event::Frame(Frame::Bytes(before)))) => {
                    before.extend_from_slice(more);
                    continue;
                }
                (Frame::Literal(_), _) => match decisions.next().map_or(0, |byte| byte % 3) {
                    0 => framer.stream_literal(),
                    1 => framer.reject_literal(),
                    _ => drop(framer.keep_literal()),
                },
                (Frame::Command(command), _) => want_line = command.ends_with(b"E"),
                _ => {}
            }
            events.push(Event::Frame(frame));
        }
        // A line that is too long is known by its next octet, and a CR may be the line end's.
        assert!(framer.buffered() <= LIMITS.command + 2, "{} octets held", framer.buffered());
    }
    events
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let Some((&[count, cut], rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let (decisions, stream) = rest.split_at(usize::from(count % 16).min(rest.len()));
    let expected = run(decisions, std::iter::once(stream));
    assert_eq!(run(decisions, stream.chunks(1)), expected);
    assert_eq!(run(decisions, stream.chunks(usize::from(cut) + 1)), expected);
}

//! Answers do not depend on how the stream is cut.

use proptest::prelude::*;
use rookery_imap_wire::{Frame, Framer, FramerLimits, IncomingHead, LineFrame, LiteralHead, Tag};

/// What came out, with neighbouring octets of one literal joined.
#[derive(Clone, PartialEq, Debug)]
enum Event {
    Frame(Frame),
    Line(LineFrame),
}

/// Small enough for a script to pass each of them.
const SMALL: FramerLimits =
    FramerLimits { command: 64, line: 24, literals: 2, non_sync_literal: 20 };

/// A connection's part: decides about literals, reads a line after IDLE.
struct Driver {
    framer: Framer,
    idle: bool,
    events: Vec<Event>,
    decide: fn(&mut Framer, &LiteralHead),
}

impl Driver {
    fn new(limits: FramerLimits, decide: fn(&mut Framer, &LiteralHead)) -> Self {
        Self { framer: Framer::new(limits), idle: false, events: Vec::new(), decide }
    }

    fn feed(&mut self, octets: &[u8]) {
        self.framer.feed(octets);
        while if self.idle { self.line() } else { self.frame() } {}
    }

    fn line(&mut self) -> bool {
        let line = self.framer.next_line();
        if line == LineFrame::Incomplete {
            return false;
        }
        self.idle = false;
        self.events.push(Event::Line(line));
        true
    }

    fn frame(&mut self) -> bool {
        let frame = self.framer.next();
        match &frame {
            Frame::Incomplete => return false,
            Frame::Literal(head) => (self.decide)(&mut self.framer, head),
            Frame::Command(command) => self.idle = command.ends_with(b"IDLE"),
            Frame::Bytes(more) => {
                if let Some(Event::Frame(Frame::Bytes(before))) = self.events.last_mut() {
                    before.extend_from_slice(more);
                    return true;
                }
            }
            Frame::LiteralEnd | Frame::TooBig { .. } => {}
        }
        self.events.push(Event::Frame(frame));
        true
    }
}

fn run<'a>(
    limits: FramerLimits,
    decide: fn(&mut Framer, &LiteralHead),
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Event> {
    let mut driver = Driver::new(limits, decide);
    pieces.into_iter().for_each(|piece| driver.feed(piece));
    driver.events
}

/// Refuse what says so, stream messages, keep the rest.
fn sensibly(framer: &mut Framer, head: &LiteralHead) {
    if head.prefix.windows(6).any(|octets| octets == b"REFUSE") {
        framer.reject_literal();
    } else if IncomingHead::parse(&head.prefix).is_some() || head.prefix.starts_with(b" ") {
        framer.stream_literal();
    } else {
        let _fits = framer.keep_literal();
    }
}

fn command(text: &str) -> Event {
    Event::Frame(Frame::Command(text.as_bytes().to_vec()))
}

fn literal(prefix: &str, size: u64, sync: bool) -> Event {
    let prefix = prefix.as_bytes().to_vec();
    Event::Frame(Frame::Literal(LiteralHead { prefix, size, sync, binary: false }))
}

fn bytes(text: &str) -> Event {
    Event::Frame(Frame::Bytes(text.as_bytes().to_vec()))
}

fn too_big(tag: &str, limit: &'static str) -> Event {
    Event::Frame(Frame::TooBig { tag: Tag::new(tag.as_bytes()), limit })
}

/// What a client sends, and what is to come out: commands within the limits.
fn plain_steps() -> Vec<(String, Vec<Event>)> {
    vec![
        ("a NOOP\r\nb NOOP\n".into(), vec![command("a NOOP"), command("b NOOP")]),
        (
            "c LOGIN {3}\r\nfoo {3+}\r\nb\r\n\r\n".into(),
            vec![
                literal("c LOGIN ", 3, true),
                literal("c LOGIN {3}\r\nfoo ", 3, false),
                command("c LOGIN {3}\r\nfoo {3}\r\nb\r\n"),
            ],
        ),
        (r#"d "{3}"#.to_owned() + "\r\n", vec![command(r#"d "{3}"#)]),
        (
            r#"e "\"{3}" {0}"#.to_owned() + "\r\n\r\n",
            vec![literal(r#"e "\"{3}" "#, 0, true), command(r#"e "\"{3}" {0}"#).with("\r\n")],
        ),
        (
            "f APPEND x {5}\r\n{9+}\n {2}\r\n\r\n)\r\n".into(),
            vec![
                literal("f APPEND x ", 5, true),
                bytes("{9+}\n"),
                Event::Frame(Frame::LiteralEnd),
                literal(" ", 2, true),
                bytes("\r\n"),
                Event::Frame(Frame::LiteralEnd),
                command(")"),
            ],
        ),
        ("g REFUSE {500}\r\n".into(), vec![literal("g REFUSE ", 500, true)]),
        (
            "h REFUSE {7+}\r\nx NOOP\n {4+}\r\nDONE \"{5+}\r\n".into(),
            vec![literal("h REFUSE ", 7, false)],
        ),
        ("i REFUSE {1+}\r\nx {5}\r\n".into(), vec![literal("i REFUSE ", 1, false)]),
        (
            "j IDLE\r\nDONE\r\n".into(),
            vec![command("j IDLE"), Event::Line(LineFrame::Line(b"DONE".into()))],
        ),
        // A command where a line is due is no line, and its literals are no commands.
        (
            "j IDLE\r\nx A {7+}\r\nx NOOP\n {4+}\r\nDONE x\r\n".into(),
            vec![command("j IDLE"), Event::Line(LineFrame::Line(b"x A {7+}".into()))],
        ),
        (
            "j IDLE\r\nA {7}\r\n".into(),
            vec![command("j IDLE"), Event::Line(LineFrame::Line(b"A {7}".into()))],
        ),
        // As many zeros as one likes.
        (
            format!("j A {{{}3+}}\r\nx\r\n\r\n", "0".repeat(8)),
            vec![literal("j A ", 3, false), command("j A {3}\r\nx\r\n")],
        ),
    ]
}

/// What a client sends, and what is to come out: commands at the limits and beyond them.
fn steps_at_limits() -> Vec<(String, Vec<Event>)> {
    let full = "x".repeat(24);
    vec![
        (format!("k{}\r\n", &full[1..]), vec![command(&format!("k{}", &full[1..]))]),
        (format!("l {full}{{4+}}\r\nx\r\n {{2}}\r\n"), vec![too_big("l", "line")]),
        ("m X {21+}\r\nm NOOP\r\nm NOOP\r\nm NO {3}\r\n".into(), vec![too_big("m", "literal")]),
        (
            "n {1+}\r\nx {1+}\r\ny {1}\r\n".into(),
            vec![
                literal("n ", 1, false),
                literal("n {1}\r\nx ", 1, false),
                too_big("n", "literals"),
            ],
        ),
        ("o {50}\r\n".into(), vec![literal("o ", 50, true)]),
        ("p {99}\r\n".into(), vec![literal("p ", 99, true), too_big("p", "command")]),
        // Which limit is passed first does not depend on how much has come.
        (
            format!("{} {{18+}}\r\n{} \r\n", "t".repeat(16), "x".repeat(51)),
            vec![
                literal(&format!("{} ", "t".repeat(16)), 18, false),
                too_big(&"t".repeat(16), "command"),
            ],
        ),
        (format!("{full}x yy\r\n"), vec![Event::Frame(Frame::TooBig { tag: None, limit: "line" })]),
        ("q IDLE\r\n".into(), vec![command("q IDLE")]),
        (format!("{full}{{4+}}\r\nx\r\n {{2+}}\r\nzz\r\n"), vec![Event::Line(LineFrame::TooBig)]),
        ("r NOOP\r\n\r\n".into(), vec![command("r NOOP"), command("")]),
    ]
}

fn script() -> (Vec<u8>, Vec<Event>) {
    let steps = [plain_steps(), steps_at_limits()].concat();
    // The literal that is kept has to come, in full.
    let octets = steps.iter().map(|(text, _)| match text.as_str() {
        "o {50}\r\n" => format!("{text}{}\r\n", "y".repeat(50)),
        _ => text.clone(),
    });
    let octets = octets.collect::<String>().into_bytes();
    let mut events: Vec<Event> = steps.into_iter().flat_map(|(_, events)| events).collect();
    let at = events.iter().position(|event| *event == literal("p ", 99, true)).unwrap();
    events.insert(at, command(&format!("o {{50}}\r\n{}", "y".repeat(50))));
    (octets, events)
}

impl Event {
    fn with(self, more: &str) -> Self {
        match self {
            Self::Frame(Frame::Command(mut text)) => {
                text.extend_from_slice(more.as_bytes());
                Self::Frame(Frame::Command(text))
            }
            other => other,
        }
    }
}

#[test]
fn a_script_gives_the_frames_it_should() {
    let (octets, events) = script();
    for (found, expected) in run(SMALL, sensibly, [octets.as_slice()]).iter().zip(&events) {
        assert_eq!(found, expected);
    }
    assert_eq!(run(SMALL, sensibly, [octets.as_slice()]).len(), events.len());
}

#[test]
fn no_pair_of_cuts_changes_the_frames() {
    let (octets, events) = script();
    for first in 0..=octets.len() {
        for second in first..=octets.len() {
            let pieces = [&octets[..first], &octets[first..second], &octets[second..]];
            assert!(run(SMALL, sensibly, pieces) == events, "cut at {first} and {second}");
        }
    }
    assert_eq!(run(SMALL, sensibly, octets.chunks(1)), events);
}

/// Decides by what it sees, so that the same literal is always treated alike.
fn whimsically(framer: &mut Framer, head: &LiteralHead) {
    match (head.prefix.len() as u64 + head.size) % 3 {
        0 => framer.stream_literal(),
        1 => framer.reject_literal(),
        _ => {
            let _fits = framer.keep_literal();
        }
    }
}

/// What streams are put together from: whatever the framer looks at.
const SHARDS: &[&[u8]] = &[
    b"{",
    b"}\r\n",
    b"{3}\r\n",
    b"{1+}\r\n",
    b"~{2}\n",
    b"+",
    b"~",
    b"7",
    b"\"",
    b"\\",
    b"\r",
    b"\n",
    b"\r\n",
    b"a",
    b" ",
    b"x IDLE\r\n",
    b"{30+}\r\n",
    b"{99}\r\n",
    b"aaaaaaaaaaaa",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn cuts_never_matter(
        pieces in prop::collection::vec(prop::collection::vec(prop::sample::select(SHARDS), 0..20), 1..8)
    ) {
        let pieces: Vec<Vec<u8>> = pieces.into_iter().map(|piece| piece.concat()).collect();
        let whole = pieces.concat();
        let limits = FramerLimits { command: 60, line: 30, literals: 3, non_sync_literal: 25 };
        let expected = run(limits, whimsically, [whole.as_slice()]);
        prop_assert_eq!(&run(limits, whimsically, pieces.iter().map(Vec::as_slice)), &expected);
        prop_assert_eq!(&run(limits, whimsically, whole.chunks(1)), &expected);
    }
}

#[test]
fn a_literal_is_not_passed_before_it_is_answered() {
    let mut framer = Framer::new(FramerLimits::default());
    framer.feed(b"a LOGIN {1}\r\nx y\r\n");
    assert!(matches!(framer.next(), Frame::Literal(_)));
    assert_eq!(framer.next(), Frame::Incomplete);
    assert!(framer.keep_literal());
    assert_eq!(framer.next(), Frame::Command(b"a LOGIN {1}\r\nx y".to_vec()));
}

#[test]
fn a_literal8_is_told_from_a_literal() {
    let mut framer = Framer::new(FramerLimits::default());
    framer.feed(b"a APPEND b ~{3}\r\n");
    let Frame::Literal(head) = framer.next() else { panic!("no literal") };
    assert_eq!((head.prefix.as_slice(), head.binary), (b"a APPEND b ".as_slice(), true));
    assert!(framer.keep_literal());
    framer.feed(b"\0\0\0\r\n");
    assert_eq!(framer.next(), Frame::Command(b"a APPEND b ~{3}\r\n\0\0\0".to_vec()));
}

#[test]
fn what_was_pipelined_behind_starttls_is_forgotten() {
    let mut framer = Framer::new(FramerLimits::default());
    framer.feed(b"a STARTTLS\r\nb LOGIN eve {3}\r\n");
    assert_eq!(framer.next(), Frame::Command(b"a STARTTLS".to_vec()));
    framer.discard_input();
    assert_eq!((framer.buffered(), framer.next()), (0, Frame::Incomplete));
}

#[test]
fn a_streamed_literal_can_be_given_up_in_its_middle() {
    let mut framer = Framer::new(FramerLimits::default());
    framer.feed(b"a APPEND b {9}\r\n1234");
    assert!(matches!(framer.next(), Frame::Literal(_)));
    framer.stream_literal();
    assert_eq!(framer.next(), Frame::Bytes(b"1234".to_vec()));
    framer.reject_literal();
    framer.feed(b"56789 {2+}\r\nxx\r\nc NOOP\r\n");
    assert_eq!(framer.next(), Frame::Command(b"c NOOP".to_vec()));
}

/// Digits that no number has: the octets that follow are never taken for commands.
#[test]
fn a_literal_of_no_size_is_the_end_of_commands() {
    for digits in ["9223372036854775808", "18446744073709551616", &"9".repeat(40)] {
        let mut framer = Framer::new(FramerLimits::default());
        framer.feed(format!("a X {{{digits}+}}\r\nb NOOP\r\n").as_bytes());
        let Frame::TooBig { tag, .. } = framer.next() else { panic!("{digits}") };
        assert_eq!(tag, Tag::new(b"a"));
        assert_eq!(framer.next(), Frame::Incomplete);
        framer.feed(format!("c X {{{digits}}}\r\nb NOOP\r\n").repeat(1000).as_bytes());
        assert_eq!((framer.next(), framer.buffered()), (Frame::Incomplete, 0));
    }
}

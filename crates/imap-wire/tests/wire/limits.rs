//! What a hostile client can make long, deep or many costs bounded memory.

use rookery_imap_wire::{
    Command, Frame, Framer, FramerLimits, Malformed, MalformedKind, Response, Tag, limits,
};

/// Octets in one read, as from a socket.
const READ: usize = 4096;

/// Feed octets read by read; the frames, and the most that was held.
fn feed_all(framer: &mut Framer, octets: &[u8]) -> (Vec<Frame>, usize) {
    let (mut frames, mut most) = (Vec::new(), 0);
    for read in octets.chunks(READ) {
        framer.feed(read);
        most = most.max(framer.buffered());
        loop {
            match framer.next() {
                Frame::Incomplete => break,
                Frame::Literal(_) => frames.push(if framer.keep_literal() {
                    Frame::LiteralEnd
                } else {
                    framer.next()
                }),
                frame => frames.push(frame),
            }
        }
    }
    (frames, most)
}

fn too_big(limit: &'static str) -> Frame {
    Frame::TooBig { tag: Tag::new(b"a"), limit }
}

#[test]
fn a_line_without_end_is_not_held() {
    for filler in [b"(".as_slice(), b"x", b"\"", b"\\", b"\r", b"{", b"{1", b"{1+}\r"] {
        let mut framer = Framer::new(FramerLimits::default());
        let octets = [b"a SEARCH ".as_slice(), &filler.repeat(1_000_000 / filler.len())].concat();
        let (frames, most) = feed_all(&mut framer, &octets);
        assert_eq!(frames, [too_big("line")]);
        assert!(most <= limits::LINE + READ, "{most} octets held");
        let (frames, _) = feed_all(&mut framer, b"\"\r\nb NOOP\r\n");
        assert_eq!(frames, [Frame::Command(b"b NOOP".to_vec())]);
    }
}

#[test]
fn a_huge_literal_that_nobody_waits_for_is_swallowed_uncollected() {
    let mut framer = Framer::new(FramerLimits::default());
    let (frames, _) = feed_all(&mut framer, b"a APPEND x {9223372036854775807+}\r\n");
    assert_eq!(frames, [too_big("literal")]);
    let (frames, most) = feed_all(&mut framer, &b"b NOOP\r\n".repeat(500_000));
    assert_eq!(frames, []);
    assert!(most <= READ);
}

#[test]
fn a_literal_that_is_too_large_to_keep_is_not_asked_for() {
    // The larger ones are no sizes that RFC 9051 §4.3 knows.
    for size in
        ["9223372036854775807", "9223372036854775808", "18446744073709551616", &"9".repeat(40)]
    {
        let mut framer = Framer::new(FramerLimits::default());
        let text = format!("a LOGIN {{{size}}}\r\nb NOOP\r\n");
        let (frames, _) = feed_all(&mut framer, text.as_bytes());
        assert_eq!(frames, [too_big("command"), Frame::Command(b"b NOOP".to_vec())], "{size}");
    }
}

#[test]
fn a_literal_that_nobody_waits_for_has_a_size() {
    let octets = |size: u64| {
        let text = "x".repeat(usize::try_from(size).unwrap());
        format!("a LOGIN {{{size}+}}\r\n{text} x\r\nb NOOP\r\n").into_bytes()
    };
    for (size, first) in [
        (limits::NON_SYNC_LITERAL, Frame::LiteralEnd),
        (limits::NON_SYNC_LITERAL + 1, too_big("literal")),
    ] {
        let (frames, _) = feed_all(&mut Framer::new(FramerLimits::default()), &octets(size));
        assert_eq!(frames.first(), Some(&first), "{size}");
        assert_eq!(frames.last(), Some(&Frame::Command(b"b NOOP".to_vec())), "{size}");
    }
}

#[test]
fn the_size_of_a_literal_has_so_many_digits() {
    let login = |digits: usize| format!("a LOGIN x {{{:0>digits$}}}\r\nabcde", 5);
    assert!(Command::parse(login(limits::LITERAL_DIGITS).as_bytes()).is_ok());
    assert!(Command::parse(login(limits::LITERAL_DIGITS + 1).as_bytes()).is_err());
}

#[test]
fn what_is_no_number_is_text() {
    for number in ["", "+", "-1", "1 "] {
        let line = format!("a LOGIN x {{{number}}}");
        let mut framer = Framer::new(FramerLimits::default());
        let (frames, _) = feed_all(&mut framer, format!("{line}\r\n").as_bytes());
        assert_eq!(frames, [Frame::Command(line.clone().into_bytes())]);
        assert!(Command::parse(line.as_bytes()).is_err());
    }
}

#[test]
fn many_literals_are_too_many() {
    let mut framer = Framer::new(FramerLimits::default());
    let octets =
        [b"a SEARCH".as_slice(), &b" {1+}\r\nx".repeat(100_000), b"\r\nb NOOP\r\n"].concat();
    let (frames, most) = feed_all(&mut framer, &octets);
    let kept = frames.iter().take_while(|frame| **frame == Frame::LiteralEnd).count();
    assert_eq!(kept, limits::LITERALS);
    assert_eq!(frames[kept..], [too_big("literals"), Frame::Command(b"b NOOP".to_vec())]);
    assert!(most <= 2 * READ, "{most} octets held");
}

#[test]
fn the_octets_of_kept_literals_count() {
    let mut framer = Framer::new(FramerLimits::default());
    let literal = [b" {4000+}\r\n".as_slice(), &[b'x'; 4000]].concat();
    let octets = [b"a LOGIN".as_slice(), &literal.repeat(100), b"\r\nb NOOP\r\n"].concat();
    let (frames, most) = feed_all(&mut framer, &octets);
    let kept = frames.iter().take_while(|frame| **frame == Frame::LiteralEnd).count();
    assert_eq!(frames[kept..], [too_big("command"), Frame::Command(b"b NOOP".to_vec())]);
    assert!(most <= limits::COMMAND + READ);
}

fn kind(input: &[u8]) -> MalformedKind {
    Command::parse(input).map_err(|Malformed { kind, .. }| kind).unwrap_err()
}

#[test]
fn deep_and_wide_programs_are_refused_without_using_up_the_stack() {
    let depth = MalformedKind::TooMuch("search depth");
    assert_eq!(kind(format!("a SEARCH {}ALL", "NOT ".repeat(100_000)).as_bytes()), depth);
    assert_eq!(kind(format!("a SEARCH {}", "(".repeat(1_000_000)).as_bytes()), depth);
    assert_eq!(kind(format!("a SEARCH {}", "OR ".repeat(100_000)).as_bytes()), depth);
    let wide = format!("a SEARCH{}", " ALL".repeat(100_000));
    assert_eq!(kind(wide.as_bytes()), MalformedKind::TooMuch("search keys"));
    let wide = format!("a SEARCH{}", " OR ALL ALL".repeat(100_000));
    assert_eq!(kind(wide.as_bytes()), MalformedKind::TooMuch("search keys"));
}

#[test]
fn the_deepest_program_is_taken_and_printed() {
    let program = format!("a SEARCH {}ALL", "NOT ".repeat(limits::SEARCH_DEPTH));
    let mut out = Vec::new();
    Command::parse(program.as_bytes()).unwrap().print(&mut out);
    assert_eq!(out, program.as_bytes());
}

#[test]
fn long_lists_are_refused() {
    for (line, limit) in [
        (format!("a FETCH 1{} FLAGS", ",2".repeat(20_000)), "sequence set"),
        (format!("a FETCH 1 (FLAGS{})", " UID".repeat(20_000)), "list"),
        (format!("a FETCH 1 (PREVIEW (LAZY{}))", " LAZY".repeat(20_000)), "list"),
        (format!("a FETCH 1 BODY[1{}]", ".1".repeat(20_000)), "part path"),
        (format!("a STORE 1 FLAGS x{}", " x".repeat(20_000)), "flags"),
        (format!("a STORE 1 FLAGS (x{})", " x".repeat(20_000)), "list"),
        (format!("a LIST (X {} \"\" *", "(".repeat(20_000)), "nesting"),
        (format!("a ENABLE x{}", " x".repeat(20_000)), "capabilities"),
        (format!("a APPEND x{}", " {0}\r\n".repeat(20_000)), "messages"),
    ] {
        assert_eq!(kind(line.as_bytes()), MalformedKind::TooMuch(limit));
    }
}

/// Short on the wire, and much in memory.
#[test]
fn what_takes_more_room_than_there_is_is_refused() {
    let names = "a ".repeat(limits::LIST_ITEMS - 1);
    let fields = vec![format!("BODY[HEADER.FIELDS ({names}a)]"); 100].join(" ");
    let set = "1,".repeat(10_000);
    let sets = vec![format!("{set}1"); 30].join(" ");
    let urls = " CATENATE (URL a)".repeat(900);
    for line in [
        format!("a FETCH 1 ({fields})"),
        format!("a SEARCH {sets}"),
        format!("a SEARCH {}ALL", "TEXT a ".repeat(900)),
        format!("a APPEND x{urls}"),
        format!("a ENABLE a{}", " a".repeat(900)),
        format!("a ID ({}\"a\" \"b\")", "\"a\" \"b\" ".repeat(900)),
        format!("a STORE 1 FLAGS (a{})", " a".repeat(900)),
    ] {
        let tight = Command::parse_within(line.as_bytes(), line.len() * 2);
        assert_eq!(tight.map_err(|error| error.kind), Err(MalformedKind::TooMuch("memory")));
        let most = Command::parse_within(line.as_bytes(), usize::MAX);
        assert!(most.is_ok(), "{:?}", most.err());
        if line.len() > 100_000 {
            assert_eq!(kind(line.as_bytes()), MalformedKind::TooMuch("memory"));
        }
    }
}

#[test]
fn answers_with_many_ranges_are_refused() {
    let many = ",1:2".repeat(20_000);
    for line in [
        format!("* UIDBATCHES (TAG \"a\") 1:2{many}"),
        format!("* ESEARCH ALL 1:2{many}"),
        format!("* ESEARCH PARTIAL (1:2 1:2{many})"),
    ] {
        let kind = Response::parse(line.as_bytes()).map_err(|error| error.kind);
        assert_eq!(kind, Err(MalformedKind::TooMuch("sequence set")));
    }
}

#[test]
fn deep_structures_are_refused_without_using_up_the_stack() {
    for filler in [
        "(",
        "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 0 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ",
    ] {
        let line = format!("* 1 FETCH (BODY {}", filler.repeat(100_000));
        assert_eq!(
            Response::parse(line.as_bytes()).map_err(|error| error.kind),
            Err(MalformedKind::TooMuch("nesting"))
        );
    }
}

#[test]
fn object_ids_have_a_length() {
    for key in ["EMAILID", "THREADID"] {
        let search = |length| format!("a SEARCH {key} {}", "M".repeat(length));
        assert!(Command::parse(search(limits::OBJECT_ID).as_bytes()).is_ok());
        assert_eq!(kind(search(limits::OBJECT_ID + 1).as_bytes()), MalformedKind::Syntax);
    }
}

#[test]
fn tags_have_a_length() {
    assert!(Tag::new("a".repeat(limits::TAG).as_bytes()).is_some());
    let error = Command::parse(format!("{} NOOP", "a".repeat(limits::TAG + 1)).as_bytes());
    assert_eq!(error.map_err(|error| error.tag), Err(None));
}

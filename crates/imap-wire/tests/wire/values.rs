//! What single inputs mean.

use rookery_imap_wire::{
    Command, CommandBody, Fetch, FetchItem, FetchModifier, List, Malformed, MalformedKind, Search,
    SearchKey, SearchReturn, Secret, SequenceSet, StatusItem, Store, StoreAction, Tag, WireFlag,
    print,
};
use rookery_mail::{DateTime, Flag, SystemFlag};

fn body(line: &str) -> CommandBody {
    Command::parse(line.as_bytes()).unwrap().body
}

fn set(text: &str) -> SequenceSet {
    match body(&format!("a UID EXPUNGE {text}")) {
        CommandBody::UidExpunge(set) => set,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sets_resolve_to_sorted_disjoint_ranges() {
    assert_eq!(set("5:2,*,3:4,6,9:8").resolve(20), [(2, 6), (8, 9), (20, 20)]);
    assert_eq!(set("*:4").resolve(2), [(2, 4)]);
    assert_eq!(set("1:*").resolve(3), [(1, 3)]);
    assert_eq!(set("999:*").resolve(3), [(3, 999)]);
    assert_eq!(set("1:*,7,*").resolve(0), [(7, 7)]);
    assert_eq!(set("4294967295,4294967294").resolve(1), [(4_294_967_294, 4_294_967_295)]);
    assert_eq!(set("$").resolve(9), []);
}

#[test]
fn pages_are_cut_from_either_end() {
    let page = |text: &str| match body(&format!("a SEARCH RETURN (PARTIAL {text}) ALL")) {
        CommandBody::Search(Search { returns: Some(returns), .. }) => match returns.as_slice() {
            [SearchReturn::Partial(range)] => *range,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    for (text, count, positions) in [
        ("1:3", 10, 0..3),
        ("3:1", 10, 0..3),
        ("4:4294967295", 10, 3..10),
        ("10:10", 10, 9..10),
        ("11:12", 10, 10..10),
        ("1:3", 0, 0..0),
        ("-1:-3", 10, 7..10),
        ("-3:-1", 10, 7..10),
        ("-4:-4294967295", 10, 0..7),
        ("-10:-10", 10, 0..1),
        ("-11:-12", 10, 0..0),
        ("-1:-3", 0, 0..0),
    ] {
        assert_eq!(page(text).positions(count), positions, "{text} of {count}");
    }
}

#[test]
fn a_preview_is_told_from_the_modifiers_after_it() {
    let fetch = |line: &str| match body(line) {
        CommandBody::Fetch(fetch) => (fetch.items, fetch.modifiers),
        other => panic!("{other:?}"),
    };
    let preview = |lazy| vec![FetchItem::Preview { lazy }];
    let since = || vec![FetchModifier::ChangedSince(5)];
    assert_eq!(fetch("a FETCH 1 PREVIEW (LAZY)"), (preview(true), vec![]));
    assert_eq!(fetch("a FETCH 1 PREVIEW (CHANGEDSINCE 5)"), (preview(false), since()));
    assert_eq!(fetch("a FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 5)"), (preview(true), since()));
    let other = vec![FetchModifier::Other("LAZY".to_owned())];
    assert_eq!(fetch("a FETCH 1 (PREVIEW) (LAZY)"), (preview(false), other));
}

#[test]
fn a_charset_with_any_name_is_read() {
    let line = b"a SEARCH CHARSET {2}\r\n\xfcx ALL";
    let CommandBody::Search(search) = Command::parse(line).unwrap().body else { panic!() };
    assert_eq!(search.charset.as_deref(), Some("\u{fffd}x"));
}

#[test]
fn macros_are_expanded() {
    let CommandBody::Fetch(Fetch { items, .. }) = body("a fetch 1 all") else { panic!() };
    let all =
        [FetchItem::Flags, FetchItem::InternalDate, FetchItem::Rfc822Size, FetchItem::Envelope];
    assert_eq!(items, all);
    let CommandBody::Fetch(Fetch { items, .. }) = body("a FETCH 1 FULL") else { panic!() };
    assert_eq!(items[..4], all);
    assert_eq!(items[4..], [FetchItem::Body]);
}

#[test]
fn a_store_without_parentheses_is_understood() {
    let CommandBody::Store(store) = body("a STORE 1 +flags.silent \\Seen $Junk \\Recent \\Odd ")
    else {
        panic!()
    };
    let flags = vec![
        WireFlag::Flag(Flag::System(SystemFlag::Seen)),
        WireFlag::Flag(Flag::parse("$Junk").unwrap()),
        WireFlag::Recent,
        WireFlag::Unknown(b"\\Odd".to_vec()),
    ];
    let (set, modifiers) = (set("1"), Vec::new());
    let expected =
        Store { uid: false, set, action: StoreAction::Add, silent: true, flags, modifiers };
    assert_eq!(store, expected);
}

#[test]
fn passwords_are_not_shown() {
    let login = format!("{:?}", body("a LOGIN joe hunter2"));
    assert!(!login.contains("hunter2") && !login.contains(&format!("{:?}", b"hunter2")));
    let sasl = body("a AUTHENTICATE plain AGEAYg==");
    assert!(!format!("{sasl:?}").contains("97"));
    let initial = Some(Secret(b"\0a\0b".to_vec()));
    assert_eq!(sasl, CommandBody::Authenticate { mechanism: "PLAIN".into(), initial });
    let empty = CommandBody::Authenticate {
        mechanism: "EXTERNAL".into(),
        initial: Some(Secret(Vec::new())),
    };
    assert_eq!(body("a AUTHENTICATE EXTERNAL ="), empty);
}

#[test]
fn search_programs_are_trees() {
    let CommandBody::Search(search) = body(
        "a UID SEARCH RETURN () CHARSET UTF-8 OR NOT SEEN (1:2 TEXT \"x\") SINCE 1-Feb-1994 (DELETED)",
    ) else {
        panic!()
    };
    let first = SearchKey::Not(Box::new(SearchKey::Seen));
    let second =
        SearchKey::And(vec![SearchKey::Sequence(set("1:2")), SearchKey::Text(b"x".to_vec())]);
    let key = SearchKey::And(vec![
        SearchKey::Or(Box::new(first), Box::new(second)),
        SearchKey::Since(8797),
        SearchKey::Deleted,
    ]);
    let returns = Some(vec![SearchReturn::All]);
    assert_eq!(search, Search { uid: true, returns, charset: Some("UTF-8".into()), key });
}

#[test]
fn an_extended_list_is_told_from_a_plain_one() {
    let extended = |line: &str| match body(line) {
        CommandBody::List(List { extended, .. }) => extended,
        other => panic!("{other:?}"),
    };
    assert!(!extended("a LIST \"\" \"\""));
    assert!(!extended("a LIST \"\" *"));
    assert!(extended("a LIST () \"\" *"));
    assert!(extended("a LIST \"\" (*)"));
    assert!(extended("a LIST \"\" % RETURN ()"));
}

#[test]
fn an_error_names_the_tag_and_the_place() {
    let malformed = Command::parse(b"a1 FETCH 0 FLAGS").unwrap_err();
    assert_eq!(
        malformed,
        Malformed {
            tag: Tag::new(b"a1"),
            offset: 9,
            expected: "a number of 32 bits other than 0",
            kind: MalformedKind::Syntax,
        }
    );
    for unknown in ["a1 FROBNICATE {3}", "a1 UID FROBNICATE", "a1 XYZZY \"\" *"] {
        let malformed = Command::parse(unknown.as_bytes()).unwrap_err();
        assert_eq!(malformed.tag, Tag::new(b"a1"));
        assert_eq!(malformed.kind, MalformedKind::UnknownCommand);
    }
    assert_eq!(Command::parse(b"* NOOP").map_err(|error| error.tag), Err(None));
}

// proves: 9051/A/a
#[test]
fn strings_are_printed_so_that_they_fit() {
    let printed = |print: fn(&mut Vec<u8>, &[u8]), text: &[u8]| {
        let mut out = Vec::new();
        print(&mut out, text);
        String::from_utf8_lossy(&out).into_owned()
    };
    assert_eq!(printed(print::string, b"a \"\\b"), r#""a \"\\b""#);
    assert_eq!(printed(print::string, "ü".as_bytes()), "{2}\r\nü");
    assert_eq!(printed(print::string, b"a\r\nb"), "{4}\r\na\r\nb");
    assert_eq!(printed(print::astring, b"nil"), "\"nil\"");
    assert_eq!(printed(print::astring, b"a]"), "a]");
    assert_eq!(printed(print::astring, b""), "\"\"");
    assert_eq!(printed(print::mailbox, "ü".as_bytes()), "\"ü\"");
    assert!(printed(print::string, &[b'x'; 2000]).starts_with("{2000}\r\n"));
}

#[test]
fn dates_are_printed_in_fixed_columns() {
    let date = DateTime::from_civil((2024, 2, 3), (4, 5, 6), -90).unwrap();
    let mut out = Vec::new();
    print::date_time(&mut out, date);
    assert_eq!(out, b"\" 3-Feb-2024 04:05:06 -0130\"");
}

#[test]
fn numbers_are_printed_to_their_last_digit() {
    for number in [0, 9, 10, 4_294_967_295, u64::MAX] {
        let mut out = Vec::new();
        print::number(&mut out, number);
        assert_eq!(out, number.to_string().as_bytes());
    }
}

#[test]
fn all_days_of_four_digit_years_are_printed_back() {
    for line in ["a SEARCH ON 1-Jan-0000", "a SEARCH ON 31-Dec-9999", "a SEARCH ON 29-Feb-2000"] {
        let mut out = Vec::new();
        Command::parse(line.as_bytes()).unwrap().print(&mut out);
        assert_eq!(out, line.as_bytes());
    }
}

#[test]
fn status_items_have_names() {
    let CommandBody::Status { items, .. } = body("a STATUS x (messages SIZE)") else { panic!() };
    assert_eq!(items, [StatusItem::Messages, StatusItem::Size]);
}

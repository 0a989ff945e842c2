//! What is printed is read back as it was, and no text forges a line.

use crate::codes::{code, uid, uids, word};
use crate::generate;
use proptest::prelude::*;
use proptest::sample::select;
use rookery_imap_wire::{
    Address, BodyExtension, BodyFields, BodyStructure, Code, Data, Disposition, Envelope,
    FetchData, ListExtended, NamespaceEntry, PartialRange, Response, Status, StatusItem,
};

pub(crate) fn printed(response: &Response) -> Vec<u8> {
    let mut out = Vec::new();
    response.print(&mut out);
    out
}

fn nstring() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(generate::text())
}

fn human() -> impl Strategy<Value = String> {
    "[ -Z^-~][ -~]{0,30}"
}

fn status() -> impl Strategy<Value = Status> {
    select(vec![Status::Ok, Status::No, Status::Bad, Status::PreAuth, Status::Bye])
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let address = (nstring(), nstring(), nstring(), nstring())
        .prop_map(|(name, route, mailbox, host)| Address { name, route, mailbox, host });
    let addresses = prop::collection::vec(prop::collection::vec(address, 0..2), 6);
    (nstring(), nstring(), addresses, nstring(), nstring()).prop_map(
        |(date, subject, addresses, in_reply_to, message_id)| {
            let [from, sender, reply_to, to, cc, bcc] =
                <[_; 6]>::try_from(addresses).expect("six lists");
            Envelope { date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id }
        },
    )
}

fn params() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    prop::collection::vec((generate::text(), generate::text()), 0..3)
}

fn fields() -> impl Strategy<Value = BodyFields> {
    (params(), nstring(), nstring(), generate::text(), 0u64..1 << 40).prop_map(
        |(params, id, description, encoding, size)| BodyFields {
            params,
            id,
            description,
            encoding,
            size,
        },
    )
}

fn extension(md5: bool) -> impl Strategy<Value = BodyExtension> {
    let disposition = (generate::text(), params());
    let disposition = disposition.prop_map(|(kind, params)| Disposition { kind, params });
    let language = prop::collection::vec(generate::text(), 0..3);
    (nstring(), prop::option::of(disposition), language, nstring()).prop_map(
        move |(digest, disposition, language, location)| BodyExtension {
            md5: digest.filter(|_| md5),
            disposition,
            language,
            location,
        },
    )
}

/// A structure, with extension data or without any.
fn body(extended: bool) -> BoxedStrategy<BodyStructure> {
    let extension = move |md5| {
        extension(md5).prop_map(move |all| if extended { all } else { BodyExtension::default() })
    };
    let leaf = prop_oneof![
        (fields(), extension(true)).prop_map(|(fields, extension)| BodyStructure::Basic {
            media_type: b"application".to_vec(),
            subtype: b"pdf".to_vec(),
            fields,
            extension,
        }),
        (generate::text(), fields(), 0u64..1 << 40, extension(true)).prop_map(
            |(subtype, fields, lines, extension)| BodyStructure::Text {
                subtype,
                fields,
                lines,
                extension
            }
        ),
    ];
    leaf.prop_recursive(4, 8, 3, move |inner| {
        let message = (fields(), envelope(), inner.clone(), 0u64..99, extension(true));
        let params = params().prop_map(move |all| if extended { all } else { Vec::new() });
        let parts = prop::collection::vec(inner, 1..3);
        prop_oneof![
            message.prop_map(|(fields, envelope, body, lines, extension)| {
                BodyStructure::Message {
                    subtype: b"RFC822".to_vec(),
                    fields,
                    envelope: Box::new(envelope),
                    body: Box::new(body),
                    lines,
                    extension,
                }
            }),
            (parts, generate::text(), params, extension(false)).prop_map(
                |(parts, subtype, params, extension)| BodyStructure::Multipart {
                    parts,
                    subtype,
                    params,
                    extension
                }
            ),
        ]
    })
    .boxed()
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        1 => Just(Data::Nil),
        9 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Data::Inline),
    ]
}

fn fetch_data() -> BoxedStrategy<FetchData> {
    use FetchData::*;
    let origin = || prop::option::of(0u64..1 << 50);
    let path = || prop::collection::vec(1u32..9, 0..3);
    prop_oneof![
        (prop::collection::vec(generate::flag(), 0..4), any::<bool>())
            .prop_map(|(flags, recent)| Flags { flags, recent }),
        generate::date_time().prop_map(InternalDate),
        prop::option::of(generate::date_time()).prop_map(SaveDate),
        any::<u64>().prop_map(|id| EmailId(rookery_mail::EmailId(id))),
        any::<Option<u64>>().prop_map(|id| ThreadId(id.map(rookery_mail::ThreadId))),
        prop::option::of(prop_oneof!["[ -~]{0,20}", "[^\0]{0,20}", "x{1100}"]).prop_map(Preview),
        (0u64..1 << 60).prop_map(Size),
        (1u32..).prop_map(|uid| Uid(rookery_mail::Uid::new(uid).unwrap())),
        (1u64..1 << 62).prop_map(ModSeq),
        envelope().prop_map(|envelope| Envelope(Box::new(envelope))),
        body(false).prop_map(|body| Body(Box::new(body))),
        body(true).prop_map(|body| BodyStructure(Box::new(body))),
        (generate::section(), origin(), data()).prop_map(|(section, origin, data)| Section {
            section,
            origin,
            data
        }),
        data().prop_map(Rfc822),
        data().prop_map(Rfc822Header),
        data().prop_map(Rfc822Text),
        (path(), origin(), data()).prop_map(|(path, origin, data)| Binary { path, origin, data }),
        (path(), 0u64..1 << 60).prop_map(|(path, size)| BinarySize { path, size }),
    ]
    .boxed()
}

fn delimiter() -> impl Strategy<Value = Option<char>> {
    select(vec![None, Some('/'), Some('.'), Some('\\'), Some('"')])
}

fn attributes() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("\\\\[A-Z][a-z]{1,8}", 0..4)
}

fn mailbox_response() -> BoxedStrategy<Response> {
    use Response::*;
    let extended = prop_oneof![
        prop::collection::vec(word(), 0..3).prop_map(ListExtended::ChildInfo),
        generate::mailbox().prop_map(ListExtended::OldName),
    ];
    let entry = (generate::mailbox(), delimiter())
        .prop_map(|(prefix, delimiter)| NamespaceEntry { prefix, delimiter });
    let entries = prop::option::of(prop::collection::vec(entry, 1..3)).boxed();
    let item = prop_oneof![
        (generate::status_item(), (0u64..1 << 60).prop_map(Some)),
        Just((StatusItem::AppendLimit, None)),
    ];
    prop_oneof![
        (attributes(), delimiter(), generate::mailbox(), prop::collection::vec(extended, 0..3))
            .prop_map(|(attributes, delimiter, mailbox, extended)| List {
                attributes,
                delimiter,
                mailbox,
                extended
            }),
        (attributes(), delimiter(), generate::mailbox())
            .prop_map(|(attributes, delimiter, mailbox)| Lsub { attributes, delimiter, mailbox }),
        (entries.clone(), entries.clone(), entries)
            .prop_map(|(personal, other, shared)| Namespace { personal, other, shared }),
        (generate::mailbox(), prop::collection::vec(item, 0..4))
            .prop_map(|(mailbox, items)| Status { mailbox, items }),
    ]
    .boxed()
}

fn esearch() -> impl Strategy<Value = Response> {
    let number = || prop::option::of(1u32..);
    let all = prop::option::of(prop::collection::vec((1u32.., 1u32..), 1..4));
    let tag = prop::option::of(generate::tag());
    let found = prop::collection::vec((1u32.., 1u32..), 0..4);
    let partial = prop::option::of((generate::partial_range(), found));
    (tag, any::<bool>(), number(), number(), number(), all, partial, modseq()).prop_map(
        |(tag, uid, min, max, count, all, partial, modseq)| Response::ESearch {
            tag,
            uid,
            min,
            max,
            count,
            all,
            partial,
            modseq,
        },
    )
}

fn modseq() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(1u64..1 << 62)
}

fn response() -> BoxedStrategy<Response> {
    use Response::*;
    prop_oneof![
        human().prop_map(Continue),
        (generate::tag(), status(), prop::option::of(code()), human())
            .prop_map(|(tag, status, code, text)| Tagged { tag, status, code, text }),
        (status(), prop::option::of(code()), human()).prop_map(|(status, code, text)| Untagged {
            status,
            code,
            text
        }),
        prop::collection::vec(word(), 0..5).prop_map(Capability),
        prop::collection::vec(word(), 0..5).prop_map(Enabled),
        prop::collection::vec(generate::flag(), 0..5).prop_map(Flags),
        any::<u32>().prop_map(Exists),
        any::<u32>().prop_map(Recent),
        (1u32..).prop_map(Expunge),
        (prop::collection::vec(1u32.., 0..5), modseq())
            .prop_map(|(numbers, modseq)| Search { numbers, modseq }),
        (any::<bool>(), uids()).prop_map(|(earlier, uids)| Vanished { earlier, uids }),
        esearch(),
        mailbox_response(),
        generate::id_fields().prop_map(Id),
        (1u32.., prop::collection::vec(fetch_data(), 1..4))
            .prop_map(|(number, items)| Fetch { number, items }),
        (uid(), prop::collection::vec(fetch_data(), 1..4))
            .prop_map(|(uid, items)| UidFetch { uid, items }),
        (generate::tag(), prop::collection::vec((1u32.., 1u32..), 0..4))
            .prop_map(|(tag, ranges)| UidBatches { tag, ranges }),
    ]
    .boxed()
}

/// The octets with all literals taken out.
fn without_literals(mut wire: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = wire.windows(2).position(|octets| octets == b"\r\n") {
        let (line, rest) = wire.split_at(end);
        let size = line.strip_suffix(b"}").and_then(|line| {
            let open = line.iter().rposition(|octet| *octet == b'{')?;
            std::str::from_utf8(&line[open + 1..]).ok()?.parse::<usize>().ok()
        });
        out.extend_from_slice(line);
        let Some(size) = size else {
            assert_eq!(rest, b"\r\n", "more than one line");
            return out;
        };
        wire = &rest[2 + size..];
    }
    panic!("no end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn responses_survive_the_wire(response in response()) {
        let wire = printed(&response);
        let shown = String::from_utf8_lossy(&wire);
        prop_assert_eq!(Response::parse(&wire), Ok(response), "{}", shown);
    }

    #[test]
    fn no_text_forges_a_line(text: String, other: String, argument: String) {
        let code = Code::Other(other.clone(), Some(argument.clone()));
        let responses = [
            Response::Continue(text.clone()),
            Response::Untagged { status: Status::Ok, code: None, text: text.clone() },
            Response::Untagged { status: Status::No, code: Some(code), text: text.clone() },
            Response::Untagged { status: Status::No, code: Some(Code::BadCharset(vec![other.clone()])), text },
            Response::Capability(vec![other.clone(), argument.clone()]),
            Response::List {
                attributes: vec![other.clone()],
                delimiter: argument.chars().next(),
                mailbox: rookery_imap_wire::WireMailbox(argument.clone().into_bytes()),
                extended: vec![ListExtended::ChildInfo(vec![argument])],
            },
        ];
        for response in responses {
            let line = without_literals(&printed(&response));
            let safe = |octet: &u8| *octet >= 32 && *octet != 127 || *octet == b'\t';
            prop_assert!(line.iter().all(safe), "{}", String::from_utf8_lossy(&line));
            prop_assert!(Response::parse(&printed(&response)).is_ok(), "{}", String::from_utf8_lossy(&line));
        }
    }

    #[test]
    fn no_input_makes_the_parser_stumble(input in prop::collection::vec(any::<u8>(), 0..80)) {
        for begin in ["", "* ", "* 1 FETCH (", "* LIST (", "* OK [", "* 1 FETCH (BODY ("] {
            let _any = Response::parse(&[begin.as_bytes(), &input].concat());
        }
    }
}

#[test]
fn a_text_without_code_does_not_look_like_a_code() {
    let response =
        Response::Untagged { status: Status::Ok, code: None, text: "[ALERT] run".to_owned() };
    assert_eq!(printed(&response), b"* OK (ALERT] run\r\n");
}

#[test]
fn a_page_is_named_as_it_was_asked_for() {
    let esearch = |partial| Response::ESearch {
        tag: None,
        uid: true,
        min: None,
        max: None,
        count: Some(9),
        all: None,
        partial: Some(partial),
        modseq: None,
    };
    let number = |n| std::num::NonZeroU32::new(n).unwrap();
    let last = (PartialRange::Last(number(5), number(1)), vec![(7, 9), (12, 12)]);
    assert_eq!(printed(&esearch(last)), b"* ESEARCH UID COUNT 9 PARTIAL (-5:-1 7:9,12)\r\n");
    let first = (PartialRange::First(number(50), number(51)), vec![]);
    assert_eq!(printed(&esearch(first)), b"* ESEARCH UID COUNT 9 PARTIAL (50:51 NIL)\r\n");
}

#[test]
fn previews_go_quoted_or_as_literals() {
    let preview = |text: Option<&str>| {
        let items = vec![FetchData::Preview(text.map(str::to_owned))];
        printed(&Response::Fetch { number: 1, items })
    };
    assert_eq!(preview(None), b"* 1 FETCH (PREVIEW NIL)\r\n");
    assert_eq!(preview(Some("")), b"* 1 FETCH (PREVIEW \"\")\r\n");
    assert_eq!(preview(Some("a \"b\" \\")), b"* 1 FETCH (PREVIEW \"a \\\"b\\\" \\\\\")\r\n");
    assert_eq!(preview(Some("gr\u{fc}n")), b"* 1 FETCH (PREVIEW {5}\r\ngr\xc3\xbcn)\r\n");
    assert_eq!(preview(Some("a\r\nb")), b"* 1 FETCH (PREVIEW {4}\r\na\r\nb)\r\n");
}

#[test]
fn batches_are_printed_as_they_are_given() {
    let tag = rookery_imap_wire::Tag::new(b"A1").unwrap();
    let batches = |ranges| printed(&Response::UidBatches { tag: tag.clone(), ranges });
    assert_eq!(batches(vec![(9, 5), (4, 4)]), b"* UIDBATCHES (TAG \"A1\") 9:5,4:4\r\n");
    assert_eq!(batches(vec![]), b"* UIDBATCHES (TAG \"A1\")\r\n");
}

#[test]
fn a_streamed_literal_is_only_announced() {
    let items = |data| {
        let section = rookery_imap_wire::Section::default();
        Response::Fetch {
            number: 3,
            items: vec![FetchData::Section { section, origin: Some(7), data }],
        }
    };
    let streamed = Data::Streamed { size: 5, binary: false };
    assert_eq!(printed(&items(streamed)), b"* 3 FETCH (BODY[]<7> {5}\r\n)\r\n");
    let mut out = Vec::new();
    let data = Data::Streamed { size: 5, binary: true };
    FetchData::Binary { path: vec![1, 2], origin: None, data }.print(&mut out);
    assert_eq!(out, b"BINARY[1.2] ~{5}\r\n");
}

#[test]
fn only_binary_content_is_sent_as_literal8() {
    let print = |item: FetchData| {
        let mut out = Vec::new();
        item.print(&mut out);
        out
    };
    let data = || Data::Inline(b"a\0".to_vec());
    let binary = |data| FetchData::Binary { path: vec![1], origin: Some(0), data };
    assert_eq!(print(binary(data())), b"BINARY[1]<0> ~{2}\r\na\0");
    assert_eq!(print(binary(Data::Inline(b"a".to_vec()))), b"BINARY[1]<0> {1}\r\na");
    assert_eq!(print(FetchData::Rfc822(data())), b"RFC822 {2}\r\na\0");
}

#[test]
fn a_multipart_without_parts_has_one_on_the_wire() {
    let body = BodyStructure::Multipart {
        parts: Vec::new(),
        subtype: b"mixed".to_vec(),
        params: Vec::new(),
        extension: BodyExtension::default(),
    };
    let mut out = Vec::new();
    FetchData::Body(Box::new(body)).print(&mut out);
    let expected = "BODY ((\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 0 0) \"mixed\")";
    assert_eq!(String::from_utf8_lossy(&out), expected);
}

#[test]
fn responses_of_other_servers_are_read() {
    for line in [
        "* OK still here",
        "* OK",
        "+ ",
        "+",
        "a OK [READ-WRITE] SELECT completed",
        "* OK [UIDNEXT 4392] Predicted next UID",
        "* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited",
        "a NO [BADCHARSET (\"UTF-8\" US-ASCII)] x",
        "* OK [X-FOO (bar) \"baz\"] x",
        "* SEARCH",
        "* SEARCH 2 3 6 ",
        "* ESEARCH (TAG \"A283\") ALL 2,10:11",
        "* ESEARCH (TAG \"a\") UID PARTIAL (1:10 4,5) MODSEQ 99 COUNT 3",
        "* ESEARCH (TAG \"A04\") UID PARTIAL (24000:24500 NIL)",
        "* ESEARCH (TAG \"A04\") UID PARTIAL (-1:-100 5:7,9)",
        "* 1 FETCH (RFC822.SIZE 5647 PREVIEW {5}\r\nLorem)",
        "* 1 FETCH (PREVIEW \"grüße\" UID 5)",
        "* LIST (\\Noselect) \"/\" ~/Mail/foo",
        "* LIST () NIL {3}\r\nfoo (\"CHILDINFO\" (\"SUBSCRIBED\") X-OTHER (a (b c)))",
        "* NAMESPACE ((\"\" \"/\")(\"#mh/\" \"/\" \"X-PARAM\" (\"F1\" \"F2\"))) NIL NIL",
        "* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)",
        "* 25900 UIDFETCH (FLAGS (\\Seen) MODSEQ (98305))",
        "* UIDBATCHES (TAG \"A1\") 21800:12000,11999:7500,7499:1",
        "* UIDBATCHES (TAG \"A1\")",
        "* OK [INPROGRESS] Still working",
        "* OK [INPROGRESS (\"A001\" 175 1024)] Still working",
        "* OK [INPROGRESS (NIL NIL NIL)] Still working",
        "a NO [MESSAGELIMIT 1000] x",
        "a OK [MESSAGELIMIT 1000 23221] x",
        "a NO [BADURL /INBOX;UIDVALIDITY=785799047/;UID=113330] x",
        "* STATUS x ()",
        "* STATUS x (APPENDLIMIT NIL MESSAGES 0)",
        "* STATUS x (APPENDLIMIT 257890)",
        "* 12 FETCH (BODY[HEADER] {3}\r\nabc FLAGS (\\Seen \\Odd))",
        "* 12 FETCH (BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 2279 48))",
        "* 2 FETCH (BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 2 NIL (\"inline\" NIL) \"en\" NIL (1 (\"x\")))\
         (\"IMAGE\" \"GIF\" NIL NIL NIL \"BASE64\" 3) \"MIXED\" (\"BOUNDARY\" \"b\") NIL NIL))",
    ] {
        assert_eq!(Response::parse(line.as_bytes()).err(), None, "{line}");
        assert_eq!(Response::parse(format!("{line}\r\n").as_bytes()).err(), None, "{line}");
    }
    for line in [
        "",
        "*",
        "* FOO",
        "* 1 FOO",
        "a FOO",
        "* OK [",
        "* 1 FETCH",
        "* OK a\r\n* OK b",
        "* 0 UIDFETCH (FLAGS ())",
        "* ESEARCH PARTIAL (1:-1 NIL)",
        "* ESEARCH PARTIAL (1:2)",
        "* 1 FETCH (PREVIEW {1}\r\n\0)",
        "* STATUS x (MESSAGES NIL)",
        "* UIDBATCHES 1:2",
        "* UIDBATCHES (TAG \"A1\") 1:*",
        "* OK [INPROGRESS (A 1)] x",
        "* OK [MESSAGELIMIT] x",
        "* LIST () \"//\" x",
    ] {
        assert!(Response::parse(line.as_bytes()).is_err(), "{line}");
    }
}

//! Every message of `../shared/corpus/nasty`, over the wire: all of it can be stored and fetched, every answer
//! follows the grammar, and octets are identical.

use rookery_imap_wire::{BodyStructure, Data, FetchData, Response, Section, SectionText, Status};
use rookery_mailbox::MemoryStore;
use rookery_testkit::dialog::{Host, Stream};
use rookery_testkit::host::InProcess;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// Sessions that share the messages among them.
const SESSIONS: usize = 4;

/// Sections that are asked for by one command.
const SECTIONS_AT_ONCE: usize = 20;

/// RFC 8970 §3.3.
const MAX_PREVIEW_CHARS: usize = 256;

/// Parts of one message that are looked at.
const MAX_PARTS: usize = 200;

/// A client that reads by the grammar and forgives nothing.
struct Wire {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

impl Wire {
    async fn connect(host: &InProcess) -> Self {
        let stream = host.connect().await.expect("a connection");
        let mut wire = Self { stream, received: Vec::new() };
        wire.response().await;
        let login = format!("LOGIN {} {}", host.user(), host.password());
        wire.must(&login).await;
        wire
    }

    /// Send a command; all answers up to the tagged one.
    async fn ask(&mut self, command: &[u8]) -> (Vec<Response>, Response) {
        let line = [b"t ", command, b"\r\n"].concat();
        self.stream.write_all(&line).await.expect("the server reads");
        let mut untagged = Vec::new();
        loop {
            match self.response().await {
                tagged @ Response::Tagged { .. } => return (untagged, tagged),
                response => untagged.push(response),
            }
        }
    }

    /// A command that must succeed; the data of its one FETCH answer.
    async fn must(&mut self, command: &str) -> Vec<FetchData> {
        let (untagged, tagged) = self.ask(command.as_bytes()).await;
        assert!(is_ok(&tagged), "{command}: {tagged:?}");
        data(untagged)
    }

    async fn response(&mut self) -> Response {
        loop {
            if let Some(len) = Response::length(&self.received) {
                let octets: Vec<u8> = self.received.drain(..len).collect();
                return Response::parse(&octets).unwrap_or_else(|error| {
                    panic!("{error:?} in {:?}", String::from_utf8_lossy(&octets))
                });
            }
            let read = self.stream.read_buf(&mut self.received).await.expect("the server writes");
            assert_ne!(read, 0, "the server hung up");
        }
    }
}

fn is_ok(tagged: &Response) -> bool {
    matches!(tagged, Response::Tagged { status: Status::Ok, .. })
}

fn data(untagged: Vec<Response>) -> Vec<FetchData> {
    let fetched = untagged.into_iter().filter_map(|response| match response {
        Response::Fetch { items, .. } => Some(items),
        _ => None,
    });
    fetched.flatten().collect()
}

/// A part of a message that has octets of its own.
struct Part {
    path: Vec<u32>,
    /// Its size, if it is no multipart.
    size: Option<u64>,
    is_message: bool,
    /// Whether its header stands right before it, inside of a multipart.
    has_mime: bool,
    encoded: bool,
}

fn parts(structure: &BodyStructure, path: &[u32], inside: bool, out: &mut Vec<Part>) {
    let child = |number: usize| [path, &[u32::try_from(number).unwrap()]].concat();
    match structure {
        BodyStructure::Multipart { parts: children, .. } => {
            for (index, part) in children.iter().enumerate() {
                one_part(part, &child(index + 1), true, out);
            }
        }
        single => one_part(single, &child(1), inside, out),
    }
}

fn one_part(part: &BodyStructure, path: &[u32], has_mime: bool, out: &mut Vec<Part>) {
    let (fields, inner) = match part {
        BodyStructure::Multipart { .. } => {
            out.push(Part {
                path: path.to_vec(),
                size: None,
                is_message: false,
                has_mime,
                encoded: false,
            });
            return parts(part, path, true, out);
        }
        BodyStructure::Message { fields, body, .. } => (fields, Some(body)),
        BodyStructure::Basic { fields, .. } | BodyStructure::Text { fields, .. } => (fields, None),
    };
    let plain = [&b"7bit"[..], b"8bit", b"binary"];
    out.push(Part {
        path: path.to_vec(),
        size: Some(fields.size),
        is_message: inner.is_some(),
        has_mime,
        encoded: !plain.iter().any(|name| fields.encoding.eq_ignore_ascii_case(name)),
    });
    if let Some(body) = inner {
        parts(body, path, false, out);
    }
}

fn dotted(path: &[u32]) -> String {
    path.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

fn octets(data: &Data) -> &[u8] {
    match data {
        Data::Inline(octets) => octets,
        Data::Nil => b"",
        Data::Streamed { .. } => panic!("parsed data are inline"),
    }
}

/// What was answered for a section.
fn section<'a>(answers: &'a [FetchData], path: &[u32], text: Option<&SectionText>) -> &'a [u8] {
    let wanted = Section { path: path.to_vec(), text: text.cloned() };
    let found = answers.iter().find_map(|item| match item {
        FetchData::Section { section, data, .. } if *section == wanted => Some(octets(data)),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no answer for {wanted:?}"))
}

fn holds(whole: &[u8], piece: &[u8]) -> bool {
    piece.is_empty() || whole.windows(piece.len()).any(|window| window == piece)
}

/// Append a message and fetch all that it has; the number of its parts.
async fn check(wire: &mut Wire, uid: usize, message: &[u8]) -> usize {
    let append = [format!("APPEND INBOX {{{}+}}\r\n", message.len()).as_bytes(), message].concat();
    let (_, tagged) = wire.ask(&append).await;
    assert!(is_ok(&tagged), "APPEND: {tagged:?}");
    wire.must("NOOP").await;
    let fetch = |items: &str| format!("UID FETCH {uid} ({items})");

    let whole = wire
        .must(&fetch(
            "ENVELOPE BODY BODYSTRUCTURE RFC822.SIZE PREVIEW BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT]",
        ))
        .await;
    let is_preview = |item: &FetchData| matches!(item, FetchData::Preview(Some(text)) if text.chars().count() <= MAX_PREVIEW_CHARS);
    assert!(whole.iter().any(is_preview), "no PREVIEW, or too long a one");
    assert!(whole.iter().any(|item| matches!(item, FetchData::Envelope(_))), "no ENVELOPE");
    assert!(section(&whole, &[], None) == message, "BODY[]");
    assert!(whole.contains(&FetchData::Size(message.len() as u64)), "RFC822.SIZE");
    let halves =
        [SectionText::Header, SectionText::Text].map(|half| section(&whole, &[], Some(&half)));
    assert!(halves.concat() == message, "BODY[HEADER] and BODY[TEXT] are not the message");

    let structure = whole.iter().find_map(|item| match item {
        FetchData::BodyStructure(structure) => Some(structure),
        _ => None,
    });
    let mut all = Vec::new();
    parts(structure.expect("a BODYSTRUCTURE"), &[], false, &mut all);
    all.truncate(MAX_PARTS);
    for some in all.chunks(SECTIONS_AT_ONCE) {
        let names = some.iter().map(asked_for).collect::<Vec<_>>().join(" ");
        let answers = wire.must(&fetch(&names)).await;
        some.iter().for_each(|part| check_part(part, &answers, message));
        for part in some.iter().filter(|part| part.size.is_some()) {
            check_binary(wire, uid, part, section(&answers, &part.path, None)).await;
        }
    }
    all.len()
}

fn asked_for(part: &Part) -> String {
    let path = dotted(&part.path);
    let mut names = format!("BODY.PEEK[{path}] BODY.PEEK[{path}.MIME]");
    if part.is_message {
        names.push_str(&format!(" BODY.PEEK[{path}.HEADER] BODY.PEEK[{path}.TEXT]"));
    }
    names
}

fn check_part(part: &Part, answers: &[FetchData], message: &[u8]) {
    let path = dotted(&part.path);
    let body = section(answers, &part.path, None);
    if let Some(size) = part.size {
        assert_eq!(
            body.len() as u64,
            size,
            "BODY[{path}] has another size than BODYSTRUCTURE says"
        );
    }
    assert!(holds(message, body), "BODY[{path}] is no piece of the message");
    if part.has_mime {
        let mime = section(answers, &part.path, Some(&SectionText::Mime));
        assert!(
            holds(message, &[mime, body].concat()),
            "BODY[{path}.MIME] does not stand before BODY[{path}]"
        );
    }
    if part.is_message {
        let halves = [SectionText::Header, SectionText::Text]
            .map(|half| section(answers, &part.path, Some(&half)));
        assert!(halves.concat() == body, "HEADER and TEXT of {path} are not BODY[{path}]");
    }
}

async fn check_binary(wire: &mut Wire, uid: usize, part: &Part, body: &[u8]) {
    let path = dotted(&part.path);
    let command = format!("UID FETCH {uid} (BINARY.PEEK[{path}] BINARY.SIZE[{path}])");
    let (untagged, tagged) = wire.ask(command.as_bytes()).await;
    if let Response::Tagged { status: Status::No, code, .. } = &tagged {
        assert!(part.encoded && code.is_some(), "BINARY[{path}]: {tagged:?}");
        return;
    }
    assert!(is_ok(&tagged), "BINARY[{path}]: {tagged:?}");
    let items = data(untagged);
    let content = items.iter().find_map(|item| match item {
        FetchData::Binary { data, .. } => Some(octets(data)),
        _ => None,
    });
    let size = items.iter().find_map(|item| match item {
        FetchData::BinarySize { size, .. } => Some(*size),
        _ => None,
    });
    let content = content.unwrap_or_else(|| panic!("no BINARY[{path}]"));
    assert_eq!(size, Some(content.len() as u64), "BINARY.SIZE[{path}]");
    assert!(part.encoded || content == body, "BINARY[{path}] without encoding is not BODY[{path}]");
}

/// The messages, unpacked; `None` where the corpus is not there.
fn corpus() -> Option<(tempfile::TempDir, Vec<PathBuf>)> {
    let archive =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/nasty.tar.zst");
    if !archive.exists() {
        eprintln!("skipped: ../shared/corpus/nasty.tar.zst is not there");
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unpacked = Command::new("tar")
        .arg("--zstd")
        .arg("-xf")
        .arg(&archive)
        .arg("-C")
        .arg(folder.path())
        .status();
    assert!(
        unpacked.is_ok_and(|status| status.success()),
        "tar --zstd could not unpack the corpus"
    );
    let entries = folder.path().join("nasty").read_dir().expect("a folder nasty");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Some((folder, files))
}

/// The message with CRLF at the end of each line.
fn crlf(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    for &octet in octets {
        if octet == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(octet);
    }
    out
}

/// Check these messages on a server of their own; the number of their parts.
async fn session(files: Vec<PathBuf>) -> usize {
    let store = Arc::new(MemoryStore::new());
    let host = InProcess::new(store, 1_000_000).await.expect("an account");
    let mut wire = Wire::connect(&host).await;
    wire.must("SELECT INBOX").await;
    let (mut uid, mut parts) = (0, 0);
    for file in files {
        let message = crlf(&std::fs::read(&file).expect("a message"));
        if message.is_empty() {
            continue;
        }
        uid += 1;
        eprintln!("{}", file.file_name().unwrap_or_default().to_string_lossy());
        parts += check(&mut wire, uid, &message).await;
    }
    parts
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_comes_back_whole_and_in_parts() {
    let Some((_folder, files)) = corpus() else { return };
    assert!(files.len() > 1000, "only {} messages", files.len());
    let mut sessions = JoinSet::new();
    for number in 0..SESSIONS {
        let mine = files.iter().skip(number).step_by(SESSIONS).cloned().collect();
        sessions.spawn(session(mine));
    }
    let parts: usize = sessions.join_all().await.iter().sum();
    assert!(parts > 2 * files.len(), "only {parts} parts were looked at");
}

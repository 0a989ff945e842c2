//! Every message of the corpus, as it is and with CRLF.

mod soundness;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rookery_mime::{Content, Decoder, Encoding, Message, Part, base_subject, date, text};
use soundness::assert_sound;

/// The longest that one message may take, in a build without optimisation.
const MAX_TIME: Duration = Duration::from_secs(5);

/// The files of an archive of the corpus, unpacked under the target directory; `None` if it is not there.
fn unpacked(set: &str) -> Option<Vec<PathBuf>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let archive = workspace.join(format!("../shared/corpus/{set}.tar.zst"));
    if !archive.exists() {
        eprintln!("skipped: the corpus {} is not here", archive.display());
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mime-corpus").join(set);
    std::fs::create_dir_all(&folder).unwrap();
    let tar =
        Command::new("tar").arg("--zstd").arg("-xf").arg(&archive).arg("-C").arg(&folder).status();
    assert!(tar.unwrap().success(), "cannot unpack {}", archive.display());
    let mut files = Vec::new();
    collect(&folder, &mut files);
    assert!(files.len() > 1000, "the corpus {set} has only {} files", files.len());
    Some(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 20);
    for line in bytes.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
        if line.ends_with(b"\n") {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

/// Scan and read all of a message; the number of its parts.
fn exercise(bytes: &[u8]) -> usize {
    let message = Message::scan(bytes);
    assert_sound(&message, bytes);
    let subject = text::decode_header(message.envelope.subject.as_deref().unwrap_or_default());
    assert!(base_subject(&subject).0.len() <= subject.len());
    let _: Option<date::SentDate> =
        date::parse(message.envelope.date.as_deref().unwrap_or_default());
    let parts = read_part(&message.root, bytes);
    assert_eq!(Message::decode(&message.encode()), Some(message));
    parts
}

fn read_part(part: &Part, bytes: &[u8]) -> usize {
    match &part.content {
        Content::Multipart(parts) => {
            1 + parts.iter().map(|part| read_part(part, bytes)).sum::<usize>()
        }
        Content::Message(embedded) => 1 + read_part(&embedded.root, bytes),
        Content::Leaf => {
            let index = |offset: u64| usize::try_from(offset).unwrap();
            let body = &bytes[index(part.body.start)..index(part.body.end)];
            if let Some(encoding) = Encoding::parse(part.encoding.as_deref()) {
                let mut out = Vec::new();
                let mut decoder = Decoder::new(encoding);
                decoder.push(body, &mut out);
                decoder.finish(&mut out);
                assert!(out.len() <= body.len());
                if part.is("text", "*") {
                    assert_eq!(text::decode_text(part.charset(), &out).is_empty(), out.is_empty());
                }
            }
            1
        }
    }
}

fn exercise_set(set: &str) {
    let Some(files) = unpacked(set) else { return };
    let mut parts = 0;
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        for bytes in [with_crlf(&bytes), bytes] {
            let start = Instant::now();
            parts += exercise(&bytes);
            assert!(start.elapsed() < MAX_TIME, "{} took {:?}", file.display(), start.elapsed());
        }
    }
    assert!(parts > 2 * files.len(), "no multipart was taken apart");
}

#[test]
fn nasty_messages() {
    exercise_set("nasty");
}

#[test]
fn real_messages() {
    exercise_set("ham");
}

//! Mail to measure with: real mail, where the corpus lies beside the checkout, else made up with the same sizes.

use crate::Fallible;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the corpus is, seen from this crate.
const ARCHIVE: &str = "../../shared/corpus/ham.tar.zst";

/// Messages, with CRLF.
pub(crate) struct Corpus {
    pub(crate) messages: Vec<Vec<u8>>,
    /// Where they are from.
    pub(crate) origin: &'static str,
}

impl Corpus {
    /// So many messages, or fewer; the same ones each time.
    pub(crate) fn load(most: usize) -> Fallible<Self> {
        let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(ARCHIVE);
        if !archive.exists() {
            let messages = (0..most as u64).map(made_up).collect();
            return Ok(Self { messages, origin: "made up, with the sizes of real mail" });
        }
        let folder = tempfile::tempdir()?;
        let mut tar = Command::new("tar");
        tar.arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(folder.path());
        if !tar.status()?.success() {
            return Err("tar --zstd could not unpack the corpus".into());
        }
        let mut paths = Vec::new();
        find(folder.path(), &mut paths)?;
        paths.sort_by_cached_key(|path| scatter(path));
        let mut messages = Vec::new();
        for path in paths {
            let message = with_crlf(&std::fs::read(path)?);
            if messages.len() < most && is_exact(&message) {
                messages.push(message);
            }
        }
        Ok(Self { messages, origin: "real mail of 2002 and 2003" })
    }

    /// The message with this number, beginning anew after the last.
    pub(crate) fn get(&self, number: usize) -> &[u8] {
        &self.messages[number % self.messages.len()]
    }

    /// Octets of so many messages from the first on.
    pub(crate) fn octets(&self, messages: usize) -> u64 {
        (0..messages).map(|number| self.get(number).len() as u64).sum()
    }
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) -> Fallible<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find(&entry.path(), paths)?;
        } else {
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// An order in which kinds of mail are mixed, and which is the same each time.
fn scatter(path: &Path) -> u64 {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn with_crlf(octets: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(octets.len() + octets.len() / 30);
    for (at, octet) in octets.iter().enumerate() {
        if *octet == b'\n' && (at == 0 || octets[at - 1] != b'\r') {
            message.push(b'\r');
        }
        message.push(*octet);
    }
    message
}

/// Whether every server gives a message back as it was: Dovecot takes no NUL, and line ends that are none are not kept by
/// all.
fn is_exact(message: &[u8]) -> bool {
    let is_cr_alone = |at: usize| message[at] == b'\r' && message.get(at + 1) != Some(&b'\n');
    !message.contains(&0) && !message.is_empty() && !(0..message.len()).any(is_cr_alone)
}

/// A message of some 800 octets with the fields that mail has, for mailboxes with very many.
pub(crate) fn small(number: u64) -> Vec<u8> {
    format!("{}\r\n{}", head(number), "The rooks came back to the elms today.\r\n".repeat(5))
        .into_bytes()
}

/// A message whose size is as those of real mail are: half below 3.3 KB, a tenth above 8.7 KB, some of a hundred.
fn made_up(number: u64) -> Vec<u8> {
    let random = mix(number);
    let lines = match random % 100 {
        0..50 => 10 + random / 100 % 45,
        50..90 => 55 + random / 100 % 110,
        90..99 => 165 + random / 100 % 500,
        _ => 700 + random / 100 % 4000,
    };
    let mut text = head(number) + "\r\n";
    for line in 0..lines {
        text += &format!(
            "Line {line} of letter {number}, with a word {:x} at its end.\r\n",
            mix(random + line)
        );
    }
    text.into_bytes()
}

fn head(number: u64) -> String {
    let (day, hour, minute) = (number % 28 + 1, number % 24, number % 60);
    let who = mix(number) % 500;
    format!(
        "Return-Path: <writer{who}@example.org>\r\n\
        Received: from relay.example.net (relay.example.net [192.0.2.{}])\r\n\
        \tby mx.example.com with ESMTP id {:016x}; Mon, {day:02} Mar 2021 {hour:02}:{minute:02}:00 +0000\r\n\
        From: Writer {who} <writer{who}@example.org>\r\n\
        To: Ada <ada@example.com>\r\n\
        Subject: Letter {number} about rooks, and the {:x} elms\r\n\
        Date: Mon, {day:02} Mar 2021 {hour:02}:{minute:02}:00 +0000\r\n\
        Message-ID: <{number}.{:x}@example.org>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: text/plain; charset=utf-8\r\n",
        number % 250,
        mix(number + 7),
        mix(number) % 0xffff,
        mix(number + 1),
    )
}

/// A number that looks random, and is the same each time.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

//! The compressed layer, octet by octet: floods, nonsense, and octets that came too early.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use rookery_auth::StaticDirectory;
use rookery_imap::{Connections, Peer, Services, Settings, Stage, Turns, serve};
use rookery_mailbox::{MemoryStore, Store, initial_mailboxes};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;

/// Room in each direction.
const PIPE_OCTETS: usize = 64 << 10;

/// A client, which does the compression itself.
struct Client {
    stream: DuplexStream,
    deflate: Compress,
    inflate: Decompress,
    shutdown: watch::Sender<bool>,
}

/// A client that is logged in.
async fn logged_in() -> Client {
    let store = MemoryStore::new();
    store.create_account("ada", &initial_mailboxes(), 1_000_000).await.unwrap();
    let services = Services {
        store: Arc::new(store),
        directory: Arc::new(StaticDirectory::new(&[("ada", "tulip")])),
        connections: Connections::default(),
        turns: Turns::default(),
        settings: Settings { allow_plaintext: true, ..Settings::default() },
    };
    let (stream, theirs) = duplex(PIPE_OCTETS);
    let (shutdown, down) = watch::channel(false);
    let peer = Peer { address: None, secure: false, session: 1 };
    tokio::spawn(serve(theirs, peer, Arc::new(services), down, Stage::Greeting));
    let deflate = Compress::new(Compression::best(), false);
    let mut client = Client { stream, deflate, inflate: Decompress::new(false), shutdown };
    client.stream.write_all(b"a LOGIN ada tulip\r\n").await.unwrap();
    client.plain_until("a OK").await;
    client
}

async fn compressed() -> Client {
    let mut client = logged_in().await;
    client.stream.write_all(b"b COMPRESS DEFLATE\r\n").await.unwrap();
    assert!(client.plain_until("b OK").await.ends_with("\r\n"));
    client
}

impl Client {
    fn deflated(&mut self, octets: &[u8]) -> Vec<u8> {
        self.deflate(octets, FlushCompress::Sync)
    }

    /// What stands for so many MiB of this octet, made without ever having them.
    fn bomb(&mut self, octet: u8, mebibytes: usize) -> Vec<u8> {
        let piece = vec![octet; 1 << 20];
        let mut out = Vec::new();
        for _ in 0..mebibytes {
            out.extend(self.deflated(&piece));
        }
        assert!(out.len() < 2000 * mebibytes, "{} octets are no bomb", out.len());
        out
    }

    fn deflate(&mut self, octets: &[u8], flush: FlushCompress) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len() / 100 + 1000);
        let before = self.deflate.total_in();
        self.deflate.compress_vec(octets, &mut out, flush).unwrap();
        let taken = (self.deflate.total_in() - before) as usize;
        assert!(taken == octets.len() && out.len() < out.capacity(), "too little room");
        out
    }

    async fn send(&mut self, text: &str) {
        let octets = self.deflated(text.as_bytes());
        self.stream.write_all(&octets).await.unwrap();
    }

    async fn plain_until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !(text.contains(end) && text.ends_with("\r\n")) {
            let octet = self.stream.read_u8().await.unwrap();
            text.push(char::from(octet));
        }
        text
    }

    /// Read until this has come, or the end, and say what came.
    async fn until(&mut self, end: &str) -> String {
        let (mut text, mut octets) = (Vec::new(), [0; 4096]);
        while !String::from_utf8_lossy(&text).contains(end) {
            let count = self.stream.read(&mut octets).await.unwrap();
            if count == 0 {
                break;
            }
            text.extend(self.inflated(&octets[..count]));
        }
        String::from_utf8(text).unwrap()
    }

    fn inflated(&mut self, octets: &[u8]) -> Vec<u8> {
        let before = self.inflate.total_in();
        let (mut all, mut left) = (Vec::new(), octets);
        loop {
            all.reserve(4096);
            self.inflate.decompress_vec(left, &mut all, FlushDecompress::None).unwrap();
            left = &octets[(self.inflate.total_in() - before) as usize..];
            if left.is_empty() && all.len() < all.capacity() {
                return all;
            }
        }
    }
}

/// What came behind COMPRESS before its answer is compressed, wherever the packets end.
#[tokio::test]
async fn what_was_pipelined_behind_compress_is_inflated() {
    let command = b"b COMPRESS DEFLATE\r\n";
    for cut in [1, 10, command.len() - 1, command.len(), command.len() + 1, command.len() + 5] {
        let mut client = logged_in().await;
        let mut all = command.to_vec();
        all.extend(client.deflated(b"c NOOP\r\nd NOOP\r\n"));
        client.stream.write_all(&all[..cut]).await.unwrap();
        tokio::task::yield_now().await;
        client.stream.write_all(&all[cut..]).await.unwrap();
        client.plain_until("b OK").await;
        let answer = client.until("d OK").await;
        assert!(answer.starts_with("c OK"), "cut at {cut}: {answer}");
    }
}

/// Each batch goes out flushed once: an answer in many lines is no longer for being flushed at each.
#[tokio::test]
async fn an_answer_is_flushed_once() {
    let mut client = compressed().await;
    client.send("c LIST \"\" *\r\n").await;
    let (mut octets, mut text) = (Vec::new(), Vec::new());
    while !String::from_utf8_lossy(&text).contains("c OK") {
        let octet = client.stream.read_u8().await.unwrap();
        octets.push(octet);
        text.extend(client.inflated(&[octet]));
    }
    while !octets.ends_with(&[0, 0, 0xff, 0xff]) {
        octets.push(client.stream.read_u8().await.unwrap());
    }
    let flushes = octets.windows(4).filter(|window| *window == [0, 0, 0xff, 0xff]).count();
    assert_eq!(flushes, 1, "{}", String::from_utf8_lossy(&text));
    assert!(octets.len() < text.len());
}

/// A few octets that stand for very many meet the limits that the many would meet, and no more memory.
#[tokio::test]
async fn a_bomb_costs_no_more_memory_than_its_limits() {
    let mut client = compressed().await;
    let before = peak_kib();
    let line = client.bomb(b'x', 100);
    client.stream.write_all(&line).await.unwrap();
    client.send("\r\nc NOOP\r\n").await;
    let answer = client.until("c OK").await;
    assert!(answer.starts_with("* BAD [TOOBIG]"), "{answer}");
    assert_eq!(answer.lines().count(), 2, "{answer}");
    assert!(peak_kib() < before + 8_000, "from {before} KiB to {} KiB", peak_kib());
}

/// A refused literal is inflated and thrown away, piece by piece.
#[tokio::test]
async fn a_literal_that_is_refused_is_swallowed_in_pieces() {
    let mut client = compressed().await;
    let before = peak_kib();
    client.send(&format!("c APPEND INBOX {{{}+}}\r\n", 100 << 20)).await;
    let literal = client.bomb(b'y', 100);
    client.stream.write_all(&literal).await.unwrap();
    client.send("\r\nd NOOP\r\n").await;
    let answer = client.until("d OK").await;
    assert!(answer.starts_with("c NO [TOOBIG]"), "{answer}");
    assert_eq!(answer.lines().count(), 2, "{answer}");
    assert!(peak_kib() < before + 8_000, "from {before} KiB to {} KiB", peak_kib());
}

/// Nonsense ends the conversation, and the last words are compressed.
#[tokio::test]
async fn what_is_not_deflate_ends_the_conversation() {
    let mut client = compressed().await;
    client.send("c NOOP\r\n").await;
    client.until("c OK").await;
    client.stream.write_all(b"d NOOP\r\n").await.unwrap();
    let last = client.until("never").await;
    assert!(last.starts_with("* BYE") && last.lines().count() == 1, "{last}");
}

/// A stream that has ended takes nothing more.
#[tokio::test]
async fn octets_behind_the_end_of_the_stream_end_the_conversation() {
    let mut client = compressed().await;
    let mut ended = client.deflate(b"c NOOP\r\n", FlushCompress::Finish);
    ended.extend_from_slice(b"d NOOP\r\n");
    client.stream.write_all(&ended).await.unwrap();
    let last = client.until("never").await;
    assert!(last.starts_with("c OK") && last.contains("\r\n* BYE"), "{last}");
    assert!(!last.contains("d OK"), "{last}");
}

/// The compressor that silence took away is made anew, and nobody notices.
/// Found by fuzzing: it was run or not, as it was cut.
#[tokio::test]
async fn what_is_compressed_behind_unauthenticate_is_never_run() {
    for cut in [1, usize::MAX] {
        let mut client = compressed().await;
        let octets = client.deflated(b"c UNAUTHENTICATE\r\nd NOOP\r\n");
        for piece in octets.chunks(cut) {
            // The server may have hung up already.
            let _ = client.stream.write_all(piece).await;
            tokio::task::yield_now().await;
        }
        let (mut all, mut answer) = (Vec::new(), Vec::with_capacity(4096));
        client.stream.read_to_end(&mut all).await.unwrap();
        client.inflate.decompress_vec(&all, &mut answer, FlushDecompress::None).unwrap();
        let behind = String::from_utf8_lossy(&all[client.inflate.total_in() as usize..]);
        assert!(answer.starts_with(b"c OK") && behind.starts_with("* BYE"), "{cut}: {behind}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_changes_nothing() {
    let mut client = compressed().await;
    for tag in ["c", "d", "e"] {
        client.send(&format!("{tag} NOOP\r\n")).await;
        let answer = client.until("\r\n").await;
        assert!(answer.starts_with(&format!("{tag} OK")), "{answer}");
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    }
    assert!(client.until("never").await.contains("* BYE"), "the deadline holds as before");
}

#[tokio::test]
async fn a_server_that_goes_down_says_so_compressed() {
    let mut client = compressed().await;
    client.send("c SELECT INBOX\r\nd IDLE\r\n").await;
    client.until("+ ").await;
    client.shutdown.send(true).unwrap();
    assert!(client.until("never").await.contains("* BYE [UNAVAILABLE]"));
}

/// Sessions that speak all the time, each of which would like to keep a compressor.
const CHATTY: usize = 600;

/// However many speak, only so many compressors are kept, whether their clients read the answers or not.
#[tokio::test]
async fn many_compressed_sessions_that_speak_all_the_time_share_a_bound() {
    let noop = deflated_alone(b"c NOOP\r\n");
    let before = resident_kib();
    let mut streams = Vec::new();
    for _ in 0..CHATTY {
        // The client's own state would be measured too.
        let Client { stream, shutdown, .. } = compressed().await;
        streams.push((stream, shutdown));
    }
    for _ in 0..3 {
        for (stream, _) in &mut streams {
            stream.write_all(&noop).await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        }
    }
    let grown = resident_kib() - before;
    eprintln!("{CHATTY} sessions take {grown} KiB");
    // 128 compressors of 372 KiB, and for each session 47 KiB to inflate and a store of its own.
    assert!(grown < 130_000, "{grown} KiB");
}

/// What can be inflated whatever came before.
fn deflated_alone(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1000);
    let mut deflate = Compress::new(Compression::best(), false);
    deflate.compress_vec(octets, &mut out, FlushCompress::Sync).unwrap();
    out
}

/// The most memory that this process has had resident, in KiB.
fn peak_kib() -> u64 {
    memory_kib("VmHWM:")
}

/// The memory that this process has resident, in KiB.
fn resident_kib() -> u64 {
    memory_kib("VmRSS:")
}

fn memory_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

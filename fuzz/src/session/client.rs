//! A client: sends what it is given, and reads the answers as strictly as a client may.

use super::world::{MESSAGE_OCTETS, MESSAGES, World};
use super::{MOMENT, Packet, State};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use rookery_imap_wire::{Response, Status as Condition};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What the server says when it begins to compress.
const COMPRESSED: &str = "Compressed from here on";

/// How long a conversation may take to end when nothing more will come: shorter than any patience of the server's.
const END: Duration = Duration::from_secs(60);

/// Octets that come in at a time.
const READ_OCTETS: usize = 16 << 10;

/// Octets of answers that one octet of a client may cost: the largest number of the largest messages.
const ANSWER_OCTETS: usize = MESSAGES.get() as usize * MESSAGE_OCTETS as usize;

/// Octets of answers to what the client sends before what is fuzzed, and to nothing.
const FIRST_OCTETS: usize = 64 << 10;

/// A client's end of a conversation.
pub(super) struct Client {
    stream: DuplexStream,
    server: JoinHandle<()>,
    compressed: Option<Layer>,
    /// Octets sent, not compressed.
    sent: usize,
    /// What is not a whole response yet.
    waiting: Vec<u8>,
    /// All that was said.
    told: Vec<u8>,
}

struct Layer {
    deflate: Compress,
    inflate: Decompress,
}

impl Client {
    /// Connect, and go to where the fuzzing begins.
    pub(super) async fn new(world: &World, state: State) -> Self {
        let (stream, server) = world.connect();
        let (waiting, told) = (Vec::new(), Vec::new());
        let mut client = Self { stream, server, compressed: None, sent: 0, waiting, told };
        let (login, select) = ("x LOGIN demo secret\r\n", "x SELECT INBOX\r\n");
        let begin: &[&str] = match state {
            State::NotAuthenticated => &[],
            State::Authenticated => &[login],
            State::Selected => &[login, select],
            State::Compressed => &[login, select, "x COMPRESS DEFLATE\r\n"],
        };
        client.hear(MOMENT).await;
        for line in begin {
            client.write(line.as_bytes(), false).await;
            client.hear(MOMENT).await;
        }
        assert_eq!(client.compressed.is_some(), state == State::Compressed);
        client
    }

    /// Send a packet, whatever comes back.
    pub(super) async fn send(&mut self, packet: &Packet<'_>) {
        self.sent += packet.octets.len();
        let octets = match &mut self.compressed {
            Some(layer) if !packet.raw => layer.deflate(packet.octets),
            _ => packet.octets.to_vec(),
        };
        self.write(&octets, packet.cut).await;
    }

    async fn write(&mut self, octets: &[u8], cut: bool) {
        let length = if cut { 1 } else { octets.len().max(1) };
        for piece in octets.chunks(length) {
            // A server that has hung up is noticed when its last words have been read.
            let _ = self.stream.write_all(piece).await;
            if cut {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Read until nothing has come for so long; false if nothing will come any more.
    pub(super) async fn hear(&mut self, silence: Duration) -> bool {
        let mut octets = vec![0; READ_OCTETS];
        while let Ok(read) = timeout(silence, self.stream.read(&mut octets)).await {
            let Ok(count @ 1..) = read else { return false };
            self.take(&octets[..count]);
        }
        true
    }

    /// Send nothing more, and read all that comes.
    pub(super) async fn end(mut self) -> Vec<u8> {
        let _ = self.stream.shutdown().await;
        assert!(!self.hear(END).await, "the conversation goes on without the client");
        let waiting = String::from_utf8_lossy(&self.waiting);
        assert!(waiting.is_empty(), "the last response has no end: {waiting:?}");
        self.server.await.expect("no panic");
        self.told
    }

    fn take(&mut self, octets: &[u8]) {
        let Some(layer) = &mut self.compressed else { return self.take_plain(octets) };
        let mut plain = Vec::new();
        match layer.inflate(octets, &mut plain) {
            None => self.take_plain(&plain),
            Some(rest) => {
                self.compressed = None;
                self.take_plain(&plain);
                self.take_plain(rest);
            }
        }
    }

    fn take_plain(&mut self, octets: &[u8]) {
        self.told.extend_from_slice(octets);
        let most = FIRST_OCTETS + self.sent * ANSWER_OCTETS;
        assert!(self.told.len() <= most, "{} octets for {}", self.told.len(), self.sent);
        self.waiting.extend_from_slice(octets);
        let (mut start, waiting) = (0, std::mem::take(&mut self.waiting));
        while let Some(length) = Response::length(&waiting[start..]) {
            let response = &waiting[start..start + length];
            let shown = String::from_utf8_lossy(response);
            let read = Response::parse(response);
            let read = read.unwrap_or_else(|error| panic!("{error:?} in {shown:?}"));
            start += length;
            if begins_compression(&read) {
                self.compressed = Some(Layer::new());
                return self.take(&waiting[start..]);
            }
        }
        self.waiting = waiting[start..].to_vec();
    }
}

fn begins_compression(response: &Response) -> bool {
    matches!(response, Response::Tagged { status: Condition::Ok, text, .. } if text == COMPRESSED)
}

impl Layer {
    fn new() -> Self {
        let deflate = Compress::new(Compression::fast(), false);
        Self { deflate, inflate: Decompress::new(false) }
    }

    fn deflate(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len() * 2 + 1024);
        let done = self.deflate.compress_vec(octets, &mut out, FlushCompress::Sync);
        done.expect("the compressor is in order");
        out
    }

    /// What these octets are; and those behind the end of the stream, once it has come.
    fn inflate<'o>(&mut self, octets: &'o [u8], plain: &mut Vec<u8>) -> Option<&'o [u8]> {
        let mut left = octets;
        loop {
            plain.reserve(READ_OCTETS);
            let (taken, made) = (self.inflate.total_in(), plain.len());
            let status = self.inflate.decompress_vec(left, plain, FlushDecompress::None);
            let status = status.expect("the server compresses");
            left = &left[(self.inflate.total_in() - taken) as usize..];
            match status {
                Status::StreamEnd => return Some(left),
                _ if left.is_empty() && plain.len() == made => return None,
                _ => {}
            }
        }
    }
}

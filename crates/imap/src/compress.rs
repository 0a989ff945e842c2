//! The layer that COMPRESS puts on a connection (RFC 4978): DEFLATE without a header, one stream in each direction.
//!
//! What a connection pays, in octets: 47,552 for the [`Inflater`], whose window the client may refer to at any time,
//! and at most [`READ_OCTETS`] that wait to be inflated. The [`Deflater`] takes 380,032, but nothing obliges a compressor
//! to refer to what it has said before: an idle connection has none, and of those that speak [`MAX_KEPT_DEFLATERS`] keep
//! theirs from one batch to the next. The others have one only while a batch is compressed, not while it is written.
//!
//! [`READ_OCTETS`]: crate::limits::READ_OCTETS

use crate::limits::{DEFLATE_LEVEL, DEFLATE_PIECE, HEAVY_BATCH, MAX_KEPT_DEFLATERS};
use crate::out::Gone;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use rookery_mailbox::heavy::{self, Owner};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The places of compressors that are kept. They are the process's, as its memory is.
static KEPT: Semaphore = Semaphore::const_new(MAX_KEPT_DEFLATERS);

/// How a sync flush ends: a stored block with nothing in it, from the start of an octet (RFC 1951 §3.2.4).
const FLUSHED: [u8; 4] = [0, 0, 0xff, 0xff];

/// The client sent something that is not DEFLATE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Broken;

/// What the client compresses.
///
/// It is inflated in pieces of the caller's size, and only when the caller has use for another: a few octets that
/// stand for a gigabyte make no more of a heap than a gigabyte would.
pub(crate) struct Inflater {
    state: Decompress,
    /// What came from the stream; from `start` on it is still to be inflated.
    received: Vec<u8>,
    start: usize,
    /// The octets inflated last.
    last: [u8; 4],
    /// The client's stream has come to its end.
    ended: bool,
    /// The layer goes when the client's stream has come to its end, or to a flush.
    leaving: bool,
    /// The client compressed more than it may have.
    broken: bool,
}

/// What [`Inflater::inflate`] made.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Inflated {
    /// So many octets.
    Octets(usize),
    /// Nothing before more comes.
    Nothing,
    /// The layer is gone; behind it came this.
    Left(Vec<u8>),
}

impl Inflater {
    /// The beginning of a client's stream.
    pub(crate) fn new(received: Vec<u8>) -> Self {
        let (state, last) = (Decompress::new(false), [0xff; 4]);
        Self { state, received, start: 0, last, ended: false, leaving: false, broken: false }
    }

    /// Take octets from the stream. Only when all those before have been inflated.
    pub(crate) fn feed(&mut self, octets: &[u8]) {
        self.received.drain(..self.start);
        self.start = 0;
        self.received.extend_from_slice(octets);
    }

    /// The client compresses nothing from the command on that it sent last. Whether its stream goes on a little, to
    /// its end or to the end of a flush, cannot be seen from the command.
    /// What was inflated behind that command is not put up with.
    pub(crate) fn leave(&mut self, goes_on: bool) {
        self.leaving = true;
        self.broken = goes_on;
    }

    /// Inflate as much as there is room for.
    pub(crate) fn inflate(&mut self, room: &mut [u8]) -> Result<Inflated, Broken> {
        if self.broken {
            return Err(Broken);
        }
        loop {
            if self.leaving && (self.ended || self.last == FLUSHED) {
                return Ok(Inflated::Left(self.received.split_off(self.start)));
            }
            let waiting = self.waiting();
            let made = self.step(room)?;
            match made {
                0 if waiting == 0 => return Ok(self.rest()),
                0 => {}
                _ if self.leaving => return Err(Broken),
                made => return Ok(Inflated::Octets(made)),
            }
        }
    }

    /// One call of the decompressor; says how many octets it made.
    fn step(&mut self, room: &mut [u8]) -> Result<usize, Broken> {
        let piece = self.received.get(self.start..self.piece_end()).unwrap_or(&[]);
        let (taken, made) = (self.state.total_in(), self.state.total_out());
        let status = self.state.decompress(piece, room, FlushDecompress::None);
        self.ended |= status.map_err(|_| Broken)? == Status::StreamEnd;
        let taken = usize::try_from(self.state.total_in() - taken).unwrap_or(piece.len());
        let made = usize::try_from(self.state.total_out() - made).map_err(|_| Broken)?;
        if taken == 0 && made == 0 && !piece.is_empty() {
            return Err(Broken);
        }
        for octet in piece.iter().take(taken).rev().take(4).rev() {
            self.last.rotate_left(1);
            self.last[3] = *octet;
        }
        self.start += taken;
        Ok(made)
    }

    /// No piece goes beyond a flush, for what stands behind it may not be compressed; and while the layer is leaving, it
    /// may be any next octet that is not.
    fn piece_end(&self) -> usize {
        let waiting = self.received.get(self.start..).unwrap_or(&[]);
        let length = match self.leaving {
            true => 1,
            false => memchr::memmem::find(waiting, &FLUSHED).map_or(waiting.len(), |at| at + 4),
        };
        self.start + length.min(waiting.len())
    }

    fn waiting(&self) -> usize {
        self.received.len() - self.start
    }

    /// Nothing is left to inflate, and nothing is kept for it.
    fn rest(&mut self) -> Inflated {
        (self.received, self.start) = (Vec::new(), 0);
        Inflated::Nothing
    }
}

/// What the server compresses.
#[derive(Default)]
pub(crate) struct Deflater {
    state: Option<Compress>,
    /// There while the state may be kept.
    place: Option<SemaphorePermit<'static>>,
}

impl Deflater {
    /// Compress a batch, so that the client can read all of it; a long one where that keeps nobody else waiting.
    pub(crate) async fn compress(
        mut self: Box<Self>,
        owner: Owner,
        octets: Vec<u8>,
    ) -> Result<(Vec<u8>, Box<Self>), Gone> {
        let is_long = octets.len() >= HEAVY_BATCH;
        let work = move || self.batch(&octets).map(|compressed| (compressed, self));
        if is_long { heavy::at_once(owner, work).await.map_err(|_| Gone)? } else { work() }
    }

    /// Compress a batch, so that the client can read all of it.
    fn batch(&mut self, octets: &[u8]) -> Result<Vec<u8>, Gone> {
        let compressed = self.deflate(octets, FlushCompress::Sync)?;
        self.place = self.place.take().or_else(|| KEPT.try_acquire().ok());
        if self.place.is_none() {
            self.rest();
        }
        Ok(compressed)
    }

    /// Compress the last batch, and end the stream.
    pub(crate) fn last(mut self, octets: &[u8]) -> Result<Vec<u8>, Gone> {
        self.deflate(octets, FlushCompress::Finish)
    }

    /// Keep nothing until there is more to say. The next batch refers to nothing before it.
    pub(crate) fn rest(&mut self) {
        (self.state, self.place) = (None, None);
    }

    fn deflate(&mut self, octets: &[u8], flush: FlushCompress) -> Result<Vec<u8>, Gone> {
        let new = || Compress::new(Compression::new(DEFLATE_LEVEL), false);
        let state = self.state.get_or_insert_with(new);
        let mut compressed = Vec::with_capacity(octets.len() / 2 + DEFLATE_PIECE);
        let mut left = octets;
        loop {
            let taken = state.total_in();
            state.compress_vec(left, &mut compressed, flush).map_err(|_| Gone)?;
            let taken = usize::try_from(state.total_in() - taken).map_err(|_| Gone)?;
            left = left.get(taken..).unwrap_or(&[]);
            if left.is_empty() && compressed.len() < compressed.capacity() {
                // Room was left, so the flush is complete.
                return Ok(compressed);
            }
            compressed.reserve(DEFLATE_PIECE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deflated(octets: &[u8]) -> Vec<u8> {
        Deflater::default().batch(octets).unwrap()
    }

    /// Feed the octets one by one, and say what comes out of them.
    fn one_by_one(inflater: &mut Inflater, octets: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        for octet in octets {
            inflater.feed(&[*octet]);
            let mut room = [0; 16];
            while let Inflated::Octets(made) = inflater.inflate(&mut room).unwrap() {
                all.extend_from_slice(&room[..made]);
            }
        }
        all
    }

    #[test]
    fn a_flood_comes_in_pieces_of_the_callers_size() {
        let mut inflater = Inflater::new(deflated(&[b'x'; 1_000_000]));
        let mut room = [0; 1000];
        let (mut sum, mut largest) = (0, 0);
        while let Inflated::Octets(made) = inflater.inflate(&mut room).unwrap() {
            (sum, largest) = (sum + made, largest.max(made));
        }
        assert_eq!((sum, largest), (1_000_000, 1000));
    }

    #[test]
    fn batches_are_readable_whether_or_not_the_compressor_rested_between_them() {
        for rests in [false, true] {
            let mut deflater = Deflater::default();
            let mut inflater = Inflater::new(Vec::new());
            for text in ["* 1 EXISTS\r\n", "* 2 EXISTS\r\n", "a OK done\r\n"] {
                let batch = deflater.batch(text.as_bytes()).unwrap();
                assert_eq!(one_by_one(&mut inflater, &batch), text.as_bytes());
                if rests {
                    deflater.rest();
                }
            }
        }
    }

    /// Further ones work as well, and take the places of those that rest.
    #[test]
    fn no_more_compressors_are_kept_than_there_are_places() {
        let mut deflaters: Vec<Deflater> = Vec::new();
        deflaters.resize_with(MAX_KEPT_DEFLATERS + 50, Deflater::default);
        let mut say = |deflater: &mut Deflater| {
            let mut inflater = Inflater::new(Vec::new());
            let batches = [(); 2].map(|()| deflater.batch(b"* 1 EXISTS\r\n").unwrap()).concat();
            assert_eq!(one_by_one(&mut inflater, &batches), b"* 1 EXISTS\r\n* 1 EXISTS\r\n");
        };
        let kept =
            |deflaters: &[Deflater]| deflaters.iter().filter(|one| one.state.is_some()).count();
        deflaters.iter_mut().for_each(&mut say);
        let all = kept(&deflaters);
        assert!((1..=MAX_KEPT_DEFLATERS).contains(&all), "{all} are kept");
        deflaters.iter_mut().take(MAX_KEPT_DEFLATERS).for_each(Deflater::rest);
        deflaters.iter_mut().rev().take(50).for_each(&mut say);
        let late = kept(&deflaters);
        assert!((1..=50).contains(&late), "{late} are kept");
    }

    #[test]
    fn a_batch_that_does_not_shrink_comes_whole() {
        let noise: Vec<u8> =
            (0_u32..300_000).map(|n| (n.wrapping_mul(n) >> 7) as u8 ^ n as u8).collect();
        let mut inflater = Inflater::new(deflated(&noise));
        let (mut all, mut room) = (Vec::new(), [0; 4096]);
        while let Inflated::Octets(made) = inflater.inflate(&mut room).unwrap() {
            all.extend_from_slice(&room[..made]);
        }
        assert!(all == noise);
    }

    #[test]
    fn nonsense_and_more_than_the_stream_are_broken() {
        let mut room = [0; 100];
        assert_eq!(Inflater::new(b"a NOOP\r\n".to_vec()).inflate(&mut room), Err(Broken));
        let mut ended = Deflater::default().last(b"a NOOP\r\n").unwrap();
        ended.push(b'x');
        let mut inflater = Inflater::new(ended);
        assert_eq!(inflater.inflate(&mut room), Ok(Inflated::Octets(8)));
        assert_eq!(inflater.inflate(&mut room), Err(Broken));
    }

    /// However the stream ends and wherever it is cut, what comes behind it is found.
    #[test]
    fn what_stands_behind_the_layer_is_left_as_it_is() {
        let command = b"a UNAUTHENTICATE\r\n";
        let flushed = deflated(command);
        let ended = Deflater::default().last(command).unwrap();
        for stream in [flushed, ended] {
            let all = [&stream[..], b"b NOOP\r\n"].concat();
            for cut in 1..all.len() {
                let (mut inflater, mut room, mut got) =
                    (Inflater::new(all[..cut].to_vec()), [0; 100], 0);
                let mut behind = Vec::new();
                let mut more = Some(&all[cut..]);
                loop {
                    match inflater.inflate(&mut room).unwrap() {
                        Inflated::Octets(made) => got += made,
                        Inflated::Left(left) => {
                            behind.extend_from_slice(&left);
                            behind.extend_from_slice(more.unwrap_or(&[]));
                            break;
                        }
                        Inflated::Nothing => inflater.feed(more.take().unwrap()),
                    }
                    if got == command.len() {
                        inflater.leave(false);
                    }
                }
                assert_eq!(behind, b"b NOOP\r\n", "cut at {cut}");
            }
        }
    }
}

//! What goes to the client: values become octets, and wait until it is worth writing them.

use crate::compress::Deflater;
use crate::limits::{
    OUT_AT_FIRST, OUT_BEFORE_LOGIN, OUT_HIGH_WATER, PIECES_IN_A_TURN, SHORT_ANSWER_TURNS,
};
use crate::turns::Turns;
use rookery_imap_wire::{Code, Response, Status};
use rookery_mailbox::heavy::Owner;
use std::pin::Pin;
use std::time::Duration;
use tokio::task::yield_now;

/// Where octets go; `conn` implements it over the stream.
pub(crate) trait Sink: Send {
    /// Write all of the octets, if the client accepts them in that time.
    fn write<'a>(
        &'a mut self,
        octets: &'a [u8],
        patience: Duration,
    ) -> Pin<Box<dyn Future<Output = Sent> + Send + 'a>>;
}

/// The client can no longer be written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone;

/// Whether octets have left.
pub(crate) type Sent = Result<(), Gone>;

/// The answers on their way to the client.
pub(crate) struct Out<'c> {
    buffer: Vec<u8>,
    /// Octets that may wait.
    most: usize,
    /// For whom they are compressed.
    owner: Owner,
    /// Pieces of answers since others could run.
    pieces: usize,
    /// Turns since the client was last waited for.
    taken: u32,
    turns: Turns,
    sink: &'c mut dyn Sink,
    /// How long a client may take to accept one batch of answers.
    patience: Duration,
    sent: u64,
    layer: Layer,
}

/// What is between the answers and the stream.
enum Layer {
    Plain,
    /// Once the client asked for it (RFC 4978 §3).
    Compressed(Box<Deflater>),
    /// A batch is being compressed. If nobody waited for that to end, the stream has a gap, and nothing can follow.
    Compressing,
}

impl<'c> Out<'c> {
    pub(crate) fn new(sink: &'c mut dyn Sink, patience: Duration, turns: Turns) -> Self {
        Self {
            buffer: Vec::new(),
            most: OUT_BEFORE_LOGIN,
            owner: Owner::STRANGER,
            pieces: 0,
            taken: 0,
            turns,
            sink,
            patience,
            sent: 0,
            layer: Layer::Plain,
        }
    }

    /// Let so many octets wait from now on, which are for this account.
    pub(crate) fn hold(&mut self, most: usize, owner: Owner) {
        (self.most, self.owner) = (most, owner);
    }

    /// Add a response.
    pub(crate) fn send(&mut self, response: &Response) {
        if self.buffer.capacity() == 0 {
            self.buffer.reserve(OUT_AT_FIRST);
        }
        response.print(&mut self.buffer);
    }

    /// Add an untagged status response.
    pub(crate) fn untagged(&mut self, status: Status, code: Option<Code>, text: &str) {
        self.send(&Response::Untagged { status, code, text: text.to_owned() });
    }

    /// Add an untagged OK that is there for its code.
    pub(crate) fn ok_code(&mut self, code: Code, text: &str) {
        self.untagged(Status::Ok, Some(code), text);
    }

    /// The buffer, for answers that are printed piece by piece.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Write out if much has gathered, and let others run then: a client that takes all at once would keep them waiting. For
    /// use between the pieces of a long answer, those included of which nothing is said.
    pub(crate) async fn drain(&mut self) -> Sent {
        self.pieces += 1;
        if self.buffer.len() < self.most && self.pieces < PIECES_IN_A_TURN {
            return Ok(());
        }
        self.pieces = 0;
        if self.buffer.len() >= self.most {
            self.write().await?;
        }
        self.turn().await;
        Ok(())
    }

    /// Let others run. An answer that has had a few turns has them among all others that have.
    pub(crate) async fn turn(&mut self) {
        self.taken = self.taken.saturating_add(1);
        match self.taken > SHORT_ANSWER_TURNS {
            true => self.turns.next(self.owner).await,
            false => yield_now().await,
        }
    }

    /// Add octets that are printed already, and let others run in between if there are many.
    pub(crate) async fn add(&mut self, octets: &[u8]) -> Sent {
        for piece in octets.chunks(OUT_HIGH_WATER) {
            self.buffer.extend_from_slice(piece);
            self.drain().await?;
        }
        Ok(())
    }

    /// Write out everything, before the client is waited for. An idle connection keeps no buffer.
    pub(crate) async fn flush(&mut self) -> Sent {
        self.taken = 0;
        self.write().await
    }

    async fn write(&mut self) -> Sent {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let octets = self.take();
        let octets = match std::mem::replace(&mut self.layer, Layer::Compressing) {
            Layer::Plain => {
                self.layer = Layer::Plain;
                octets
            }
            Layer::Compressed(deflater) => {
                let (compressed, deflater) = deflater.compress(self.owner, octets).await?;
                self.layer = Layer::Compressed(deflater);
                compressed
            }
            Layer::Compressing => return Err(Gone),
        };
        self.sink.write(&octets, self.patience).await
    }

    /// Write out everything, and compress what comes behind it.
    pub(crate) async fn start_compressing(&mut self) -> Sent {
        self.flush().await?;
        self.layer = Layer::Compressed(Box::default());
        Ok(())
    }

    /// Write out everything, and compress no more.
    pub(crate) async fn stop_compressing(&mut self) -> Sent {
        let octets = self.take();
        match std::mem::replace(&mut self.layer, Layer::Plain) {
            Layer::Plain => self.sink.write(&octets, self.patience).await,
            Layer::Compressed(deflater) => {
                self.sink.write(&deflater.last(&octets)?, self.patience).await
            }
            Layer::Compressing => Err(Gone),
        }
    }

    /// Whether what is sent is compressed.
    pub(crate) fn compresses(&self) -> bool {
        !matches!(self.layer, Layer::Plain)
    }

    /// There may be nothing to say for a long time.
    pub(crate) fn rest(&mut self) {
        if let Layer::Compressed(deflater) = &mut self.layer {
            deflater.rest();
        }
    }

    fn take(&mut self) -> Vec<u8> {
        self.sent += self.buffer.len() as u64;
        std::mem::take(&mut self.buffer)
    }

    /// The place where the next octet goes, for [`Out::rewind`].
    pub(crate) fn mark(&self) -> u64 {
        self.sent + self.buffer.len() as u64
    }

    /// Take back what was added after a mark; false if some of it has been written already.
    pub(crate) fn rewind(&mut self, mark: u64) -> bool {
        let kept = mark.checked_sub(self.sent).and_then(|kept| usize::try_from(kept).ok());
        kept.inspect(|kept| self.buffer.truncate(*kept)).is_some()
    }

    /// Octets written so far, as they were before they were compressed.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What was written; nothing more can be when there is no more room.
    pub(crate) struct Written {
        pub(crate) octets: Vec<u8>,
        /// How much at once, at the most.
        pub(crate) most: usize,
        room: usize,
    }

    impl Written {
        pub(crate) fn with_room(room: usize) -> Self {
            Self { octets: Vec::new(), most: 0, room }
        }
    }

    impl Default for Written {
        fn default() -> Self {
            Self::with_room(usize::MAX)
        }
    }

    impl Sink for Written {
        fn write<'a>(
            &'a mut self,
            octets: &'a [u8],
            _patience: Duration,
        ) -> Pin<Box<dyn Future<Output = Sent> + Send + 'a>> {
            self.octets.extend_from_slice(octets);
            self.most = self.most.max(octets.len());
            let fits = self.octets.len() <= self.room;
            Box::pin(async move { if fits { Ok(()) } else { Err(Gone) } })
        }
    }

    #[tokio::test]
    async fn no_more_waits_than_may_and_one_response() {
        let response = "* OK Still there\r\n".len();
        for most in [OUT_BEFORE_LOGIN, OUT_HIGH_WATER] {
            let mut written = Written::default();
            let mut out = Out::new(&mut written, Duration::MAX, Turns::default());
            out.hold(most, Owner::STRANGER);
            for _ in 0..10_000 {
                out.untagged(Status::Ok, None, "Still there");
                out.drain().await.unwrap();
            }
            drop(out);
            assert!((most..most + response).contains(&written.most), "{most}: {}", written.most);
        }
    }
}

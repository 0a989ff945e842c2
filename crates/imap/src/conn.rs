//! The stream: the only file that reads from it and writes to it.

use crate::limits::{LITERAL_DEADLINE, READ_OCTETS, WRITE_DEADLINE};
use crate::out::{Gone, Out, Sent, Sink};
use rookery_imap_wire::{Frame, Framer, FramerLimits, LineFrame};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// The client's octets, framed.
pub(crate) struct Input<'c> {
    read: &'c mut (dyn AsyncRead + Unpin + Send),
    framer: Framer,
    shutdown: watch::Receiver<bool>,
    received: u64,
}

/// Why no more input comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoInput {
    /// The client closed the stream, or it broke.
    Hangup,
    /// The client was silent for too long.
    TimedOut,
    /// The server is going down.
    ShuttingDown,
}

/// The two halves of a conversation over the two halves of a stream.
pub(crate) fn open<'c, W: Sink>(
    read: &'c mut (dyn AsyncRead + Unpin + Send),
    write: &'c mut W,
    shutdown: watch::Receiver<bool>,
) -> (Input<'c>, Out<'c>) {
    let framer = Framer::new(FramerLimits::default());
    (Input { read, framer, shutdown, received: 0 }, Out::new(write))
}

/// Say that nothing more will come.
pub(crate) async fn shut_down(write: &mut (impl AsyncWrite + Unpin)) {
    // The client may be gone already; there is nobody left to tell of a failure.
    let _ = timeout(WRITE_DEADLINE, write.shutdown()).await;
}

impl<W: AsyncWrite + Unpin + Send> Sink for W {
    fn write<'a>(
        &'a mut self,
        octets: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Sent> + Send + 'a>> {
        Box::pin(async move {
            let write = async {
                self.write_all(octets).await?;
                self.flush().await
            };
            match timeout(WRITE_DEADLINE, write).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(Gone),
            }
        })
    }
}

impl Input<'_> {
    /// Other limits, from the next octet on.
    pub(crate) fn set_limits(&mut self, limits: FramerLimits) {
        self.framer.set_limits(limits);
    }

    /// The framer, to decide about a literal.
    pub(crate) fn framer(&mut self) -> &mut Framer {
        &mut self.framer
    }

    /// The next frame without waiting: [`Frame::Incomplete`] if it has not come in whole. Commands that
    /// were pipelined are not begun when the server goes down.
    pub(crate) fn try_frame(&mut self) -> Result<Frame, NoInput> {
        if *self.shutdown.borrow() {
            return Err(NoInput::ShuttingDown);
        }
        Ok(self.framer.next())
    }

    /// The next frame, which must come before the deadline.
    pub(crate) async fn frame(&mut self, deadline: Instant) -> Result<Frame, NoInput> {
        loop {
            match self.framer.next() {
                Frame::Incomplete => self.read_before(deadline).await?,
                frame => return Ok(frame),
            }
        }
    }

    /// The next piece of a literal. The server does not go down in the middle of it.
    pub(crate) async fn literal_frame(&mut self) -> Result<Frame, NoInput> {
        loop {
            match self.framer.next() {
                Frame::Incomplete => {
                    timeout(LITERAL_DEADLINE, self.read())
                        .await
                        .map_err(|_| NoInput::TimedOut)??;
                }
                frame => return Ok(frame),
            }
        }
    }

    /// The next line outside a command, for `DONE` and SASL. Cancel-safe.
    pub(crate) async fn line(&mut self, deadline: Instant) -> Result<LineFrame, NoInput> {
        loop {
            match self.framer.next_line() {
                LineFrame::Incomplete => self.read_before(deadline).await?,
                line => return Ok(line),
            }
        }
    }

    /// Octets received so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    async fn read_before(&mut self, deadline: Instant) -> Result<(), NoInput> {
        let mut shutdown = self.shutdown.clone();
        tokio::select! {
            biased;
            read = timeout_at(deadline, self.read()) => read.map_err(|_| NoInput::TimedOut)?,
            _ = shutdown.wait_for(|down| *down) => Err(NoInput::ShuttingDown),
        }
    }

    /// Read once. The buffer lives on the stack of the poll, so that a waiting connection has none.
    async fn read(&mut self) -> Result<(), NoInput> {
        let Self { read, framer, received, .. } = self;
        poll_fn(|cx| {
            let mut octets = [0; READ_OCTETS];
            let mut buffer = ReadBuf::new(&mut octets);
            let read = ready!(Pin::new(&mut **read).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Err(NoInput::Hangup));
            }
            *received += buffer.filled().len() as u64;
            framer.feed(buffer.filled());
            Poll::Ready(Ok(()))
        })
        .await
    }
}

/// The moment that lies this far ahead.
pub(crate) fn after(time: Duration) -> Instant {
    Instant::now() + time
}

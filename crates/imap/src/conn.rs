//! The stream: the only file that reads from it and writes to it.

use crate::budget::Budget;
use crate::compress::{Broken, Inflated, Inflater};
use crate::connections::{EndOfAll, Ended};
use crate::limits::{
    DROP_OCTETS, GATHERING, LINGER, LINGER_OCTETS, LITERAL_DEADLINE, MAX_DROPS, READ_OCTETS,
};
use crate::out::{Gone, Out, Sent, Sink};
use crate::turns::Turns;
use rookery_imap_wire::{Frame, Framer, LineFrame};
use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// The client's octets, framed.
pub(crate) struct Input<'c> {
    read: &'c mut (dyn AsyncRead + Unpin + Send),
    framer: Framer,
    budget: Budget,
    /// There once the client asked for it (RFC 4978 §3).
    inflater: Option<Box<Inflater>>,
    shutdown: watch::Receiver<bool>,
    /// That of the connections of whoever is logged in.
    end: Option<Arc<EndOfAll>>,
    received: u64,
    /// Reads one after the other that brought next to nothing, and no command to its end.
    drops: u32,
}

/// Why no more input comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoInput {
    /// The client closed the stream, or it broke.
    Hangup,
    /// The client was silent for too long.
    TimedOut,
    /// What should have been compressed was not.
    Broken,
    /// The server is going down.
    ShuttingDown,
    /// The connections of the account were ended.
    Ended(Ended),
}

/// The two halves of a conversation over the two halves of a stream.
pub(crate) fn open<'c, W: Sink>(
    read: &'c mut (dyn AsyncRead + Unpin + Send),
    (write, patience): (&'c mut W, Duration),
    turns: Turns,
    shutdown: watch::Receiver<bool>,
) -> (Input<'c>, Out<'c>) {
    let budget = Budget::BEFORE_LOGIN;
    let framer = Framer::new(budget.framer());
    (
        Input { read, framer, budget, inflater: None, shutdown, end: None, received: 0, drops: 0 },
        Out::new(write, patience, turns),
    )
}

/// Say that nothing more will come.
pub(crate) async fn shut_down(write: &mut (impl AsyncWrite + Unpin), patience: Duration) {
    // The client may be gone already; there is nobody left to tell of a failure.
    let _ = timeout(patience, write.shutdown()).await;
}

/// Take what the client is still sending for a moment: to close a stream with octets unread resets it, and a reset can
/// overtake the BYE.
pub(crate) async fn linger(
    read: &mut (impl AsyncRead + Unpin),
    mut shutdown: watch::Receiver<bool>,
) {
    let mut rest = read.take(LINGER_OCTETS);
    let mut nowhere = tokio::io::sink();
    tokio::select! {
        // How it ends is no matter: nobody is listened to any more.
        _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut nowhere)) => {}
        _ = shutdown.wait_for(|down| *down) => {}
    }
}

/// Tell a client with one line why there will be no conversation, so that it can read it whatever it is saying meanwhile.
pub async fn turn_away(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    line: &[u8],
    shutdown: watch::Receiver<bool>,
) {
    let (mut read, mut write) = tokio::io::split(stream);
    // Whether it was heard makes no difference.
    let _ = timeout(LINGER, write.write_all(line)).await;
    shut_down(&mut write, LINGER).await;
    linger(&mut read, shutdown).await;
}

impl<W: AsyncWrite + Unpin + Send> Sink for W {
    fn write<'a>(
        &'a mut self,
        octets: &'a [u8],
        patience: Duration,
    ) -> Pin<Box<dyn Future<Output = Sent> + Send + 'a>> {
        Box::pin(async move {
            let write = async {
                self.write_all(octets).await?;
                self.flush().await
            };
            match timeout(patience, write).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(Gone),
            }
        })
    }
}

impl Input<'_> {
    /// Another budget, from the next octet on.
    pub(crate) fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
        self.framer.set_limits(budget.framer());
    }

    /// Whose end is heeded from now on.
    pub(crate) fn set_end(&mut self, end: Option<Arc<EndOfAll>>) {
        self.end = end;
    }

    /// The framer, to decide about a literal.
    pub(crate) fn framer(&mut self) -> &mut Framer {
        &mut self.framer
    }

    /// The next frame without waiting: [`Frame::Incomplete`] if it has not come in whole. Commands that
    /// were pipelined are not begun when the server goes down, or the connections of the account were ended.
    pub(crate) fn try_frame(&mut self) -> Result<Frame, NoInput> {
        if *self.shutdown.borrow() {
            return Err(NoInput::ShuttingDown);
        }
        if let Some(why) = self.end.as_ref().and_then(|end| end.come()) {
            return Err(NoInput::Ended(why));
        }
        Ok(self.next())
    }

    /// The next frame, which must come before the deadline.
    pub(crate) async fn frame(&mut self, deadline: Instant) -> Result<Frame, NoInput> {
        loop {
            match self.next() {
                Frame::Incomplete => self.read_before(deadline).await?,
                frame => return Ok(frame),
            }
        }
    }

    fn next(&mut self) -> Frame {
        let frame = self.framer.next();
        if matches!(frame, Frame::Command(_) | Frame::Literal(_)) {
            self.drops = 0;
        }
        frame
    }

    /// The next piece of a literal.
    pub(crate) async fn literal_frame(&mut self) -> Result<Frame, NoInput> {
        loop {
            match self.framer.next() {
                Frame::Incomplete => self.read_before(after(LITERAL_DEADLINE)).await?,
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

    /// What comes behind the command before is compressed, also where it is here already.
    pub(crate) fn start_inflating(&mut self) {
        let waiting = self.framer.take_input();
        self.received -= waiting.len() as u64;
        self.inflater = Some(Box::new(Inflater::new(waiting)));
    }

    /// What comes behind the command before is compressed no more.
    pub(crate) fn stop_inflating(&mut self) {
        let Some(inflater) = &mut self.inflater else { return };
        // Whether more of the stream has been inflated already depends on how it was cut; it is wrong in any case.
        let goes_on = !self.framer.take_input().is_empty();
        inflater.leave(goes_on);
    }

    /// Octets received so far, as they were before they were compressed.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    async fn read_before(&mut self, deadline: Instant) -> Result<(), NoInput> {
        let (mut shutdown, end) = (self.shutdown.clone(), self.end.clone());
        tokio::select! {
            biased;
            read = timeout_at(deadline, self.read()) => read.map_err(|_| NoInput::TimedOut)?,
            _ = shutdown.wait_for(|down| *down) => Err(NoInput::ShuttingDown),
            why = ended(end.as_deref()) => Err(NoInput::Ended(why)),
        }
    }

    /// Feed the framer once, with [`READ_OCTETS`] at most.
    async fn read(&mut self) -> Result<(), NoInput> {
        loop {
            if self.inflater.is_some() {
                // What was received may be inflated for a long time; others want a turn.
                consume_budget().await;
                if self.inflate()? {
                    return Ok(());
                }
            }
            self.receive().await?;
            if self.inflater.is_none() {
                return Ok(());
            }
        }
    }

    /// Feed the framer with what was received before; false if there is nothing.
    fn inflate(&mut self) -> Result<bool, NoInput> {
        let Some(inflater) = &mut self.inflater else { return Ok(false) };
        let mut octets = [0; READ_OCTETS];
        let inflated = inflater.inflate(&mut octets).map_err(|Broken| NoInput::Broken)?;
        let plain = match &inflated {
            Inflated::Octets(made) => octets.get(..*made).unwrap_or(&[]),
            Inflated::Nothing => &[],
            Inflated::Left(behind) => {
                self.inflater = None;
                behind
            }
        };
        self.received += plain.len() as u64;
        self.framer.feed(plain);
        Ok(!plain.is_empty())
    }

    /// Read once. The buffer lives on the stack of the poll, so that a waiting connection has none; as that is often, it is not
    /// filled with zeros first.
    ///
    /// What comes drop by drop is left to gather: to be woken for each octet is work, and more of it than to send one.
    async fn receive(&mut self) -> Result<(), NoInput> {
        if self.drops >= MAX_DROPS {
            Box::pin(sleep(GATHERING)).await;
        }
        let Self { read, framer, budget, inflater, received, drops, .. } = self;
        poll_fn(|cx| {
            let mut octets = [MaybeUninit::uninit(); READ_OCTETS];
            let room = octets.get_mut(..budget.read()).unwrap_or(&mut []);
            let mut buffer = ReadBuf::uninit(room);
            let read = ready!(Pin::new(&mut **read).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Err(NoInput::Hangup));
            }
            *drops = if buffer.filled().len() < DROP_OCTETS { drops.saturating_add(1) } else { 0 };
            match inflater {
                Some(inflater) => inflater.feed(buffer.filled()),
                None => {
                    *received += buffer.filled().len() as u64;
                    framer.feed(buffer.filled());
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }
}

/// Wait for the end of an account's connections; for ever where nobody is logged in.
async fn ended(end: Option<&EndOfAll>) -> Ended {
    match end {
        Some(end) => end.wait().await,
        None => std::future::pending().await,
    }
}

/// The moment that lies this far ahead.
pub(crate) fn after(time: Duration) -> Instant {
    Instant::now() + time
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Context;

    /// A client whose octets come in pieces of this size, as fast as they are read.
    struct Pieces(Vec<u8>, usize);

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            let length = self.1.min(self.0.len());
            self.0.drain(..length).for_each(|octet| buffer.put_slice(&[octet]));
            Poll::Ready(Ok(()))
        }
    }

    /// How long it takes until so many commands have been read.
    async fn took(octets: String, piece: usize, commands: usize) -> Duration {
        let (mut read, mut write) = (Pieces(octets.into_bytes(), piece), Vec::new());
        let (_up, down) = watch::channel(false);
        let (mut input, _out) =
            open(&mut read, (&mut write, Duration::MAX), Turns::default(), down);
        let start = Instant::now();
        for _ in 0..commands {
            let frame = input.frame(after(Duration::from_secs(3600))).await.unwrap();
            assert!(matches!(frame, Frame::Command(_)), "{frame:?}");
        }
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_drop_by_drop_is_left_to_gather() {
        let long = || format!("a LIST \"\" {}\r\n", "x".repeat(500));
        let waits = u32::try_from(long().len()).unwrap() - MAX_DROPS;
        assert_eq!(took(long(), 1, 1).await.div_duration_f64(GATHERING).round(), f64::from(waits));
        assert_eq!(took(long(), DROP_OCTETS, 1).await, Duration::ZERO);
        assert_eq!(took("a NOOP\r\n".repeat(100), 1, 100).await, Duration::ZERO);
    }
}

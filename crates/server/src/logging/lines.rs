//! Lines on their way to stderr, so that nobody who serves waits for it, or fails with it: it may be a pipe that nobody reads,
//! a file on a full disk, or closed. Lines for which there is no room, or that cannot be written, are lost, and counted.

use crate::limits::{LOG_PATIENCE, MAX_WAITING_LOG};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use tracing_subscriber::fmt::MakeWriter;

/// Takes lines; a thread of its own writes them.
#[derive(Clone)]
pub(super) struct Lines {
    items: Sender<Item>,
    counts: Arc<Counts>,
}

enum Item {
    Line(Vec<u8>),
    /// Say when all before it is written.
    Flush(SyncSender<()>),
}

#[derive(Default)]
struct Counts {
    /// Octets of lines that wait.
    waiting: AtomicUsize,
    /// Lines that nobody will read, since this was last asked.
    lost: AtomicU64,
}

impl Lines {
    /// Begin to write lines there.
    pub(super) fn to(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (items, taken) = channel();
        let counts = Arc::<Counts>::default();
        let lines = Self { items, counts: Arc::clone(&counts) };
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || write_all(&taken, output, &counts))?;
        Ok(lines)
    }

    /// How many lines were lost since this was asked.
    pub(super) fn take_lost(&self) -> u64 {
        self.counts.lost.swap(0, Ordering::Relaxed)
    }

    /// Wait until all lines are written, but no longer than [`LOG_PATIENCE`].
    pub(super) fn flush(&self) {
        let (done, is_done) = sync_channel(1);
        if self.items.send(Item::Flush(done)).is_ok() {
            // Whether they are or not: nothing can be done about it.
            let _ = is_done.recv_timeout(LOG_PATIENCE);
        }
    }
}

fn write_all(items: &Receiver<Item>, mut output: impl Write, counts: &Counts) {
    for item in items {
        match item {
            Item::Line(line) => {
                if output.write_all(&line).is_err() {
                    counts.lost.fetch_add(1, Ordering::Relaxed);
                }
                counts.waiting.fetch_sub(line.len(), Ordering::Relaxed);
            }
            // Whoever asked may have lost patience.
            Item::Flush(done) => drop(done.try_send(())),
        }
    }
}

impl Write for Lines {
    /// Take a line, or lose it: a line comes in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let waiting = self.counts.waiting.fetch_add(line.len(), Ordering::Relaxed);
        let fits = waiting.saturating_add(line.len()) <= MAX_WAITING_LOG;
        if !fits || self.items.send(Item::Line(line.to_vec())).is_err() {
            self.counts.waiting.fetch_sub(line.len(), Ordering::Relaxed);
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails, or waits for a word before each line; says what was written.
    struct Pipe {
        words: Receiver<bool>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Pipe {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            if !self.words.recv().unwrap_or(true) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.written.send(line.to_vec()).unwrap();
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn pipe() -> (Lines, Sender<bool>, Receiver<Vec<u8>>) {
        let (word, words) = channel();
        let (written, lines) = channel();
        (Lines::to(Pipe { words, written }).unwrap(), word, lines)
    }

    #[test]
    fn nobody_waits_for_an_output_that_takes_nothing_and_memory_has_a_bound() {
        let (mut lines, word, written) = pipe();
        let line = vec![b'x'; 1000];
        let fit = MAX_WAITING_LOG / line.len();
        for _ in 0..fit + 10 {
            lines.write_all(&line).unwrap();
        }
        assert_eq!(lines.take_lost(), 10);
        drop(word);
        Lines::flush(&lines);
        assert_eq!(written.try_iter().count(), fit);
        assert_eq!(lines.take_lost(), 0);
        lines.write_all(b"again").unwrap();
        assert_eq!(written.recv().unwrap(), b"again");
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_later_ones_are_written() {
        let (mut lines, word, written) = pipe();
        for (text, works) in [("one", true), ("two", false), ("three", true)] {
            word.send(works).unwrap();
            lines.write_all(text.as_bytes()).unwrap();
        }
        Lines::flush(&lines);
        assert_eq!(written.try_iter().collect::<Vec<_>>(), [&b"one"[..], b"three"]);
        assert_eq!(lines.take_lost(), 1);
    }
}

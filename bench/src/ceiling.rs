//! What this machine's loopback sockets can carry: the answers with all bodies, copied to one by a loop that does nothing
//! else, and read as clients read them.

use crate::Fallible;
use crate::answer::Reader;
use crate::corpus::Corpus;
use crate::stream::Stream;
use std::io::Write;
use std::net::TcpListener;
use std::time::Instant;

/// How often everything is copied; the fastest counts.
const TIMES: u32 = 12;
/// Octets that are written at a time.
const PIECE: usize = 1 << 16;

/// Megabytes of bodies in a second.
pub(crate) fn measure(corpus: &Corpus) -> Fallible<f64> {
    let answers = answers(corpus);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut reader = Reader::new(Stream::plain(listener.local_addr()?)?);
    let (mut socket, _) = listener.accept()?;
    let octets = corpus.octets(corpus.messages.len());
    let mut best = 0_f64;
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            (0..TIMES).try_for_each(|_| {
                answers.chunks(PIECE).try_for_each(|piece| socket.write_all(piece))
            })
        });
        for _ in 0..TIMES {
            let start = Instant::now();
            let answer = reader.answer("FETCH")?;
            if answer.literals != octets {
                return Err("the loop did not copy everything".into());
            }
            best = best.max(octets as f64 / 1e6 / start.elapsed().as_secs_f64());
        }
        writer.join().map_err(|_| "the loop failed")??;
        Ok(best)
    })
}

/// What a server answers that is asked for all bodies.
fn answers(corpus: &Corpus) -> Vec<u8> {
    let mut answers = Vec::new();
    for (number, message) in corpus.messages.iter().enumerate() {
        let head = format!("* {} FETCH (BODY[] {{{}}}\r\n", number + 1, message.len());
        answers.extend_from_slice(head.as_bytes());
        answers.extend_from_slice(message);
        answers.extend_from_slice(b")\r\n");
    }
    answers.extend_from_slice(b"a OK done\r\n");
    answers
}

//! Requests of an administrator's program, whatever they are: every answer is one, and the connection ends.

use rookery_server::fuzzing;
use std::sync::LazyLock;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::{Builder, Runtime};

/// What stands between two frames whose lengths are right.
const BETWEEN: u8 = 0xff;

/// Octets that wait in each direction. A request of few octets may be answered with all that an account has.
const PIPE_OCTETS: usize = 16 << 20;

/// Where files of accounts would be, and what waits.
static PLACE: LazyLock<(TempDir, Runtime)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build();
    (tempfile::tempdir().expect("a directory"), runtime.expect("a runtime"))
});

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let Some((&framed, octets)) = input.split_first() else { return };
    if framed % 4 == 0 {
        return administer(octets);
    }
    let mut frames = Vec::new();
    for frame in octets.split(|octet| *octet == BETWEEN) {
        frames.extend(u32::try_from(frame.len()).expect("a short input").to_be_bytes());
        frames.extend(frame);
    }
    administer(&frames);
}

/// Send these octets, and read the answers.
fn administer(octets: &[u8]) {
    let (dir, runtime) = &*PLACE;
    let answers = runtime.block_on(async {
        let (mut client, server) = duplex(PIPE_OCTETS);
        let ask = async move {
            client.write_all(octets).await.expect("there is place");
            client.shutdown().await.expect("it ends");
            let mut answers = Vec::new();
            client.read_to_end(&mut answers).await.expect("there are answers");
            answers
        };
        // What is no request ends the connection.
        let serve = async { drop(fuzzing::administer(server, dir.path()).await) };
        let both = async { tokio::join!(ask, serve).0 };
        tokio::time::timeout(Duration::from_secs(30), both).await.expect("it ends")
    });
    assert_answers(&answers);
}

/// Panics unless these are frames, of which the first is JSON. Others may be pieces of a message.
fn assert_answers(octets: &[u8]) {
    let mut rest = octets;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (frame, after) = after.split_at_checked(length).expect("a whole frame");
        if rest.len() == octets.len() {
            let answer: serde_json::Value = serde_json::from_slice(frame).expect("JSON");
            assert!(answer.is_object() || answer.is_string(), "{answer}");
        }
        rest = after;
    }
    assert!(rest.is_empty());
}

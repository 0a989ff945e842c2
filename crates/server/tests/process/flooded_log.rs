//! The log under those who make the server write into it.

use crate::rookery::{Data, Server};
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const ANY: &str = "127.0.0.1:0";

/// The lines of a log that say this, and the number of those that it says were left out.
fn lines(log: &str, text: &str) -> (usize, u64) {
    let written = log.lines().filter(|line| line.contains(text) && !line.contains("left_out="));
    let of_rest = log.lines().filter(|line| line.contains(&format!("line=\"{text}\"")));
    let left_out = of_rest.map(|line| {
        let number = line.split_once("left_out=").unwrap().1;
        number.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    (written.count(), left_out.sum())
}

/// Wait until all lines of a kind are accounted for; says how many were written.
fn written_of(data: &Data, text: &str, all: u64) -> u64 {
    let start = Instant::now();
    loop {
        let (written, left_out) = lines(&data.log(), text);
        let written = written as u64;
        if written + left_out == all {
            return written;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{text}: {written} written, {left_out} left out of {all}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn flood(server: &Server, protocol: &str, count: usize) {
    for _ in 0..count {
        let mut stream = TcpStream::connect(server.address(protocol)).unwrap();
        drop(stream.shutdown(std::net::Shutdown::Write));
        // A refused connection ends in one way or another.
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

#[test]
fn strangers_cannot_fill_the_log() {
    let data = Data::with_ada();
    let file = data.beside("rookery.toml");
    std::fs::write(&file, "version = 1\n[limits]\nconnections = 1\n").unwrap();
    let listen = ["serve", "--imap", ANY, "--imaps", ANY, "--config", file.to_str().unwrap()];
    let server = data.start(&listen);
    let _one = server.connect("imap");
    let start = Instant::now();
    flood(&server, "imaps", 10_000);
    let seconds = start.elapsed().as_secs() + 2;
    let written = written_of(&data, "too many connections", 10_000);
    assert!((10..=10 * seconds).contains(&written), "{written} in {seconds} s");
    assert!(data.log().len() < 100_000, "{}", data.log().len());
}

#[test]
fn what_was_left_out_is_told_at_the_end_too_and_failed_logins_are_found() {
    let data = Data::with_ada();
    let server = data.serve();
    flood(&server, "imaps", 300);
    assert!(written_of(&data, "TLS handshake failed", 300) < 200);
    flood(&server, "imap", 300);
    for _ in 0..5 {
        server.connect("imap").command("LOGIN eve daffodil");
    }
    server.signal("TERM");
    assert!(server.wait().success());
    let log = data.log();
    let (written, left_out) = lines(&log, "disconnect");
    assert!(written < 200 && written as u64 + left_out == 305, "{log}");
    assert_eq!(lines(&log, "login failed"), (5, 0), "{log}");
}

//! What is too big, or too much, has its answer: no connection ends without a word that the client can read.

use crate::rookery::{Data, Server};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// All that a server says to this, and whether the connection ended as it should.
fn answers(server: &Server, protocol: &str, login: &str, octets: &[u8]) -> (String, bool) {
    let mut stream = TcpStream::connect(server.address(protocol)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut writer = stream.try_clone().unwrap();
    // The server need not take it all.
    let _ = writer.write_all(login.as_bytes()).and_then(|()| writer.write_all(octets));
    let _ = writer.shutdown(Shutdown::Write);
    let mut said = Vec::new();
    let ended = stream.read_to_end(&mut said).is_ok();
    (String::from_utf8_lossy(&said).into_owned(), ended)
}

/// Each is larger than all buffers between client and server.
#[test]
fn what_is_too_big_is_answered_before_the_connection_ends() {
    let data = Data::with_ada();
    let server = data.serve();
    let many = 16 * 1024 * 1024;
    let line = [b"a SELECT ", vec![b'x'; many].as_slice(), b"\r\n"].concat();
    let literal = format!("a LOGIN {{{many}+}}\r\n{} x\r\n", "x".repeat(many)).into_bytes();
    let nonsense = "a NONSENSE\r\n".repeat(many / 12).into_bytes();
    let no_line = vec![b'x'; many];
    let list = format!("a FETCH 1 ({})\r\n", "FLAGS ".repeat(many / 6)).into_bytes();
    // What has no tag has no tagged answer.
    for (name, octets, expected, times) in [
        ("line", line, "\r\na BAD [TOOBIG] ", 1),
        ("literal", literal, "\r\na BAD [TOOBIG] ", 1),
        ("nonsense", nonsense, "\r\na BAD ", 50),
        ("no line", no_line, "\r\n* BAD [TOOBIG] ", 1),
        ("list", list, "\r\na BAD [TOOBIG] ", 1),
    ] {
        for login in ["", "l LOGIN ada tulip\r\n"] {
            let (said, ended) = answers(&server, "imap", login, &octets);
            assert_eq!(said.matches(expected).count(), times, "{name} {login:?}: {said}");
            let is_ended_by_server = name == "nonsense";
            assert!(
                !is_ended_by_server || said.contains("\r\n* BYE "),
                "{login:?}: no BYE: {said}"
            );
            assert!(ended, "{name} {login:?}: the connection was reset after {said}");
        }
    }
}

/// Say much, bit by bit, whether anybody listens or not, and hear all that is answered.
fn talk(server: &Server) -> String {
    let mut stream = TcpStream::connect(server.address("imap")).unwrap();
    let mut said = stream.try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        said.read_to_end(&mut all).map(|_| all)
    });
    for _ in 0..64 {
        stream.write_all("a NONSENSE\r\n".repeat(1000).as_bytes()).expect("it is not reset");
        std::thread::sleep(Duration::from_millis(2));
    }
    stream.shutdown(Shutdown::Write).expect("it is not reset");
    String::from_utf8(reader.join().unwrap().expect("it is not reset")).unwrap()
}

/// A client that pipelines more than the server wants to hear is not reset while it sends: that could cost it the BYE.
#[test]
fn who_is_sent_away_can_finish_what_they_are_saying() {
    let data = Data::with_ada();
    let server = data.serve();
    let all = talk(&server);
    assert!(all.contains("\r\n* BYE ") && all.ends_with("\r\n"), "{all}");
}

/// A server that has a place for one connection.
fn serve_one(data: &Data) -> Server {
    let file = data.beside("rookery.toml");
    std::fs::write(&file, "version = 1\n[limits]\nconnections = 1\n").unwrap();
    data.start(&["serve", "--imap", "127.0.0.1:0", "--config", file.to_str().unwrap()])
}

#[test]
fn who_is_one_too_many_can_finish_what_they_are_saying() {
    let data = Data::with_ada();
    let server = serve_one(&data);
    let _one = server.connect("imap");
    assert_eq!(talk(&server), "* BYE [UNAVAILABLE] Too many connections\r\n");
}

/// Those who are one too many are heard out so that they can read why, a hundred of them at the most; the others are closed at
/// once, or they would be as many connections as there may be no more of.
#[test]
fn not_everybody_who_is_one_too_many_is_heard_out() {
    let data = Data::with_ada();
    let server = serve_one(&data);
    let _one = server.connect("imap");
    let mut heard = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let connect = |_| TcpStream::connect(server.address("imap")).unwrap();
        let streams: Vec<TcpStream> = (0..130).map(connect).collect();
        let bye = |mut stream: &TcpStream| {
            let mut said = String::new();
            stream.read_to_string(&mut said).is_ok() && said.starts_with("* BYE [UNAVAILABLE] ")
        };
        heard = streams.iter().filter(|stream| bye(stream)).count();
        // Those of the first ones who were let go in the meantime, on a busy machine, made room for others.
        if heard <= 100 || start.elapsed() < Duration::from_secs(2) {
            break;
        }
    }
    assert!((10..=100).contains(&heard), "{heard}");
}

//! What attacks on a server's memory cost here. Each test starts the real binary, does from many connections what has brought
//! mail servers down, and bounds what the process had resident at its worst. With `--no-capture` each says its figures;
//! `docs/reliability.md` has those of a release build.

mod mail;
mod strangers;
mod users;

use crate::client::Client;
use crate::rookery::{Data, Server};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::runtime::Builder;

/// What the process may take besides, in KiB: threads, and the pages that the allocator keeps for each; pools. Strangers have
/// nothing done by the threads for heavy work.
const SLACK: u64 = 8 * 1024;
const SLACK_FOR_STRANGERS: u64 = 4 * 1024;

/// Octets of answers that the system keeps for a client that does not read them.
const UNREAD: u32 = 4096;

/// A server under attack.
struct Victim {
    server: Server,
    data: Data,
}

/// What the process had resident before an attack, in KiB.
struct Before(u64);

/// A client that does not care for answers.
struct Rude(TcpStream);

impl Victim {
    /// A server with the account `ada`, whose password `tulip` costs no memory to check.
    fn new() -> Self {
        let data = Data::new();
        let file = data.beside("passwords");
        std::fs::write(&file, "ada:{PLAIN}tulip\n").unwrap();
        let added = data.run(&["account", "import", file.to_str().unwrap()]);
        assert_eq!(added.code, 0, "{}", added.err);
        let file = data.beside("rookery.toml");
        let limits = "[limits]\nconnections = 100000\nconnections_per_account = 100000\nlmtp_connections = 100000\n";
        // To hash the password anew would take more memory than most attacks.
        let auth = "[auth]\nrehash = false\n";
        std::fs::write(&file, format!("version = 1\n{auth}{limits}")).unwrap();
        let any = "127.0.0.1:0";
        let args = ["serve", "--allow-plaintext", "--config", file.to_str().unwrap()];
        let listen = ["--imap", any, "--imaps", any, "--lmtp", any];
        Self { server: data.start(&[&args[..], &listen[..]].concat()), data }
    }

    /// The same, with some messages in INBOX.
    fn with_mail<'m>(messages: impl IntoIterator<Item = &'m [u8]>) -> Self {
        let victim = Self::new();
        let mut ada = victim.server.ada();
        for message in messages {
            ada.append(message).expect("it is taken");
        }
        victim
    }

    /// A client of Ada's that looks at INBOX.
    fn ada(&self) -> Client {
        let mut client = self.server.ada();
        client.ok("SELECT INBOX");
        client
    }

    /// Clients that have said nothing yet.
    fn strangers(&self, protocol: &str, count: usize) -> Vec<Rude> {
        (0..count).map(|_| Rude::connect(&self.server, protocol)).collect()
    }

    /// Clients of Ada's that look at INBOX.
    fn users(&self, count: usize) -> Vec<Rude> {
        let mut users = self.strangers("imap", count);
        for user in &mut users {
            user.ask("l LOGIN ada tulip\r\n", "\r\nl OK");
            user.ask("s SELECT INBOX\r\n", "\r\ns OK");
        }
        users
    }

    /// From here on the attack is measured.
    fn measure(&self) -> Before {
        self.server.forget_peak();
        Before(self.server.memory("VmRSS"))
    }

    /// Wait until the server has nothing left to do, and hold what it took at its worst against what each connection may take.
    fn assert_bounded(&self, before: Before, attack: &str, count: usize, each: u64) {
        self.assert_no_more(before, attack, count, count as u64 * each + SLACK);
    }

    /// The same with a bound for all of them, in KiB.
    fn assert_no_more(&self, Before(before): Before, attack: &str, count: usize, most: u64) {
        self.server.settle();
        let grown = self.server.memory("VmHWM").saturating_sub(before);
        let (mib, of_each) = (grown as f64 / 1024.0, grown as f64 / count as f64);
        eprintln!("| {attack} | {count} | {mib:.1} MiB | {of_each:.0} KiB |");
        assert!(grown <= most, "{attack}: {grown} KiB, where {most} are the most");
        assert_eq!(self.ada().ok("NOOP").len(), 1, "{}", self.data.log());
    }
}

impl Rude {
    fn connect(server: &Server, protocol: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(UNREAD).unwrap();
        let stream = runtime.block_on(socket.connect(server.address(protocol))).unwrap();
        let stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self(stream)
    }

    /// Send what the server takes without waiting; says how much that was.
    fn say(&mut self, octets: &[u8]) -> usize {
        self.0.set_nonblocking(true).unwrap();
        let mut sent = 0;
        while let Some(rest) = octets.get(sent..).filter(|rest| !rest.is_empty()) {
            match self.0.write(rest) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It takes no more now, or has sent us away.
                Err(_) => break,
            }
        }
        self.0.set_nonblocking(false).unwrap();
        sent
    }

    /// Send something and wait for an answer to it.
    fn ask(&mut self, command: &str, answer: &str) {
        self.0.write_all(command.as_bytes()).unwrap();
        self.hear(answer.as_bytes());
    }

    /// Read up to this.
    fn hear(&mut self, wanted: &[u8]) {
        let (mut heard, mut octets) = (b"\r\n".to_vec(), [0; 4096]);
        while !heard.windows(wanted.len()).any(|window| window == wanted) {
            // Of what was heard before, the beginning of what is wanted may be the end.
            heard.drain(..heard.len().saturating_sub(wanted.len()));
            let count = self.0.read(&mut octets).unwrap();
            assert_ne!(count, 0, "it ended before {}", String::from_utf8_lossy(wanted));
            heard.extend_from_slice(&octets[..count]);
        }
    }
}

/// As many connections, or more if a longer run is asked for.
fn scaled(count: usize) -> usize {
    let factor = std::env::var("ROOKERY_ATTACKERS").map(|factor| factor.parse().unwrap());
    count * factor.unwrap_or(1)
}

/// Let all of them say this, however long the server takes to hear it, unless it stops listening to all of them.
fn say_all(clients: &mut [Rude], octets: &[u8]) {
    let mut sent = vec![0; clients.len()];
    let mut idle = 0;
    while idle < 20 && sent.iter().any(|sent| *sent < octets.len()) {
        let mut some = 0;
        for (client, sent) in clients.iter_mut().zip(&mut sent) {
            let count = client.say(&octets[*sent..]);
            *sent += count;
            some += count;
        }
        idle = if some == 0 { idle + 1 } else { 0 };
        std::thread::sleep(Duration::from_millis(10));
    }
}

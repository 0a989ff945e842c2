//! An account so large that its log goes on in a second segment, and half of it dead: while the server is killed, the first one
//! is being written anew.

use crate::client::Client;
use crate::rookery::{Data, Server};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// More than the log keeps in one segment, in messages of a megabyte.
const MESSAGES: usize = 80;
const LINES: usize = 13_000;

/// The mailbox `Large` of an account; every second message of it is expunged when it is first looked at.
pub(super) struct Large {
    account: &'static str,
    segment: PathBuf,
}

impl Large {
    pub(super) fn of(data: &Data, account: &'static str) -> Self {
        let mails = data.beside("large");
        let folder = mails.join(".Large/cur");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir_all(mails.join("cur")).unwrap();
        for number in 1..=MESSAGES {
            let flags = if number % 2 == 0 { "T" } else { "" };
            let file = folder.join(format!("{number:03}.x:2,{flags}"));
            std::fs::write(file, text(number)).unwrap();
        }
        let imported = data.run(&["import", account, "--maildir", mails.to_str().unwrap()]);
        assert_eq!(imported.code, 0, "{}", imported.err);
        let segment = data.dir().join(format!("accounts/{account}/seg/1.seg"));
        Self { account, segment }
    }

    fn look(&self, server: &Server) -> Client {
        let mut client = server.connect("imap");
        client.ok(&format!("LOGIN {} tulip-field", self.account));
        client.ok("SELECT Large");
        client
    }

    /// Let what is to go be gone, and see whether all else is there.
    pub(super) fn verify(&self, server: &Server) {
        let mut client = self.look(server);
        client.ok("EXPUNGE");
        let sizes = client.ok("UID FETCH 1:* (UID RFC822.SIZE)");
        assert_eq!(sizes.len(), 1 + MESSAGES / 2, "{sizes:?}");
    }

    /// The first segment was written anew, and what is left of its messages is whole.
    pub(super) fn verify_rewritten(&self, server: &Server) {
        // Whoever only reads is not disturbed for it.
        self.look(server).ok("STORE 1 +FLAGS (\\Seen)");
        let start = Instant::now();
        while self.generation() == 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "its space was not given back");
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut client = self.look(server);
        let numbers = (1..=MESSAGES).filter(|number| number % 2 == 1);
        for (found, number) in client.messages().iter().zip(numbers) {
            assert!(found == text(number).replace('\n', "\r\n").as_bytes(), "message {number}");
        }
    }

    /// Whether the server was killed at it.
    pub(super) fn is_being_rewritten(&self) -> bool {
        self.segment.with_extension("seg.new").exists()
    }

    fn generation(&self) -> u32 {
        let octets = std::fs::read(&self.segment).unwrap();
        u32::from_le_bytes(*octets[32..].first_chunk().unwrap())
    }
}

fn text(number: usize) -> String {
    let line =
        format!("{number} is the number of the message that this is a line of, again and again\n");
    format!("Subject: {number}\n\n{}", line.repeat(LINES))
}

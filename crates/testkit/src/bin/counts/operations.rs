//! What is counted. Each operation is done so many times in rounds; what is said of it is what one unit costs: a command, a
//! row of an answer, a message. The client's part is in it, and small.

use crate::Fallible;
use crate::client::{Client, server};
use rookery_imap_wire::{Command, Frame, Framer, FramerLimits};
use rookery_testkit::host::InProcess;
use std::hint::black_box;

/// Messages in the mailbox that is read.
const MESSAGES: u64 = 96;

/// Mailboxes that are listed.
const MAILBOXES: u64 = 64;

/// Something to count.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// What one round does.
    what: What,
    /// Rounds of the shorter run.
    pub(crate) rounds: u64,
    /// Units of one round.
    pub(crate) units: u64,
}

enum What {
    /// Parse the commands of [`COMMANDS`].
    Parse,
    /// Connect, log in, leave.
    Login,
    /// Append one message.
    Append,
    /// Send these commands with the mailbox selected.
    Commands(&'static [&'static str]),
}

/// Commands such as clients send.
const COMMANDS: [&str; 12] = [
    "a1 NOOP\r\n",
    "a2 LOGIN ada \"correct horse\"\r\n",
    "a3 SELECT INBOX (QRESYNC (1790000000 4711 1:1000))\r\n",
    "a4 UID FETCH 1:* (FLAGS)\r\n",
    "a5 UID FETCH 17,19,23:42,4711 (UID FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE \
     BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES IN-REPLY-TO)])\r\n",
    "a6 UID FETCH 4711 BODY.PEEK[1.2]<0.65536>\r\n",
    "a7 UID STORE 4711 +FLAGS.SILENT (\\Seen $Forwarded)\r\n",
    "a8 UID SEARCH RETURN (ALL COUNT) UNDELETED SINCE 1-Jan-2026 NOT KEYWORD $Junk\r\n",
    "a9 LIST (SUBSCRIBED) \"\" \"*\" RETURN (CHILDREN STATUS (MESSAGES UIDNEXT UNSEEN))\r\n",
    "b1 STATUS \"Archive/2026\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)\r\n",
    "b2 UID MOVE 17:19 Archive\r\n",
    "b3 IDLE\r\n",
];

const fn commands(
    name: &'static str,
    commands: &'static [&'static str],
    rounds: u64,
    units: u64,
) -> Operation {
    Operation { name, what: What::Commands(commands), rounds, units }
}

impl Operation {
    /// All of them.
    pub(crate) const ALL: [Self; 18] = [
        Self { name: "parse", what: What::Parse, rounds: 300, units: 12 },
        Self { name: "login", what: What::Login, rounds: 100, units: 1 },
        Self { name: "append", what: What::Append, rounds: 40, units: 1 },
        commands("noop", &["NOOP"], 2000, 1),
        commands("select", &["SELECT INBOX"], 250, 1),
        commands("fetch-flags", &["FETCH 1:* FLAGS"], 100, MESSAGES),
        commands(
            "fetch-metadata",
            &["UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)"],
            60,
            MESSAGES,
        ),
        commands("fetch-envelope", &["FETCH 1:* ENVELOPE"], 6, MESSAGES),
        commands("fetch-structure", &["FETCH 1:* BODYSTRUCTURE"], 6, MESSAGES),
        commands(
            "fetch-header-fields",
            &["FETCH 1:* BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID)]"],
            6,
            MESSAGES,
        ),
        commands("fetch-bodies", &["FETCH 1:* BODY.PEEK[]"], 4, MESSAGES),
        commands("fetch-one", &["UID FETCH 41 (FLAGS BODY.PEEK[])"], 200, 1),
        commands("store-one", &["STORE 7 +FLAGS (\\Seen)", "STORE 7 -FLAGS (\\Seen)"], 60, 2),
        commands(
            "store-all",
            &["STORE 1:* +FLAGS (\\Seen)", "STORE 1:* -FLAGS (\\Seen)"],
            25,
            2 * MESSAGES,
        ),
        commands("search-flags", &["SEARCH UNSEEN"], 200, MESSAGES),
        commands("search-dates", &["SEARCH SINCE 1-Jan-2026 BEFORE 1-Jan-2027"], 200, MESSAGES),
        commands("resynchronise", &["UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)"], 80, MESSAGES),
        commands(
            "list-status",
            &["LIST \"\" \"m*\" RETURN (STATUS (MESSAGES UIDNEXT UNSEEN))"],
            20,
            MAILBOXES,
        ),
    ];

    /// Those with this in their name.
    pub(crate) fn named_like(part: &str) -> Vec<&'static Self> {
        const ALL: &[Operation] = &Operation::ALL;
        ALL.iter().filter(|operation| operation.name.contains(part)).collect()
    }

    /// Do it.
    pub(crate) fn run(&self, rounds: u64) -> Fallible<()> {
        // The blocking pool is as small as can be: which thread does the work must not depend on the moment.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(1)
            .build()?;
        runtime.block_on(self.rounds(rounds))
    }

    async fn rounds(&self, rounds: u64) -> Fallible<()> {
        let dir = tempfile::tempdir()?;
        match self.what {
            What::Parse => (0..rounds).try_for_each(|_| COMMANDS.iter().try_for_each(parse)),
            What::Login => {
                let host = server(dir.path()).await?;
                for _ in 0..rounds {
                    Client::connect(&host).await?.send(b"x LOGOUT\r\n").await?;
                }
                Ok(())
            }
            What::Append => {
                let host = server(dir.path()).await?;
                let mut client = Client::connect(&host).await?;
                for number in 0..usize::try_from(rounds)? {
                    client.append(number).await?;
                }
                Ok(())
            }
            What::Commands(commands) => {
                let host = server(dir.path()).await?;
                let mut client = filled(&host).await?;
                for command in (0..rounds).flat_map(|_| commands) {
                    client.send(format!("x {command}\r\n").as_bytes()).await?;
                }
                Ok(())
            }
        }
    }
}

/// A client with a mailbox selected that has messages, and with others to list.
async fn filled(host: &InProcess) -> Fallible<Client> {
    let mut client = Client::connect(host).await?;
    for number in 0..usize::try_from(MESSAGES)? {
        client.append(number).await?;
    }
    for number in 0..MAILBOXES {
        client.send(format!("x CREATE m{number}\r\n").as_bytes()).await?;
    }
    client.send(b"x SELECT INBOX\r\n").await?;
    Ok(client)
}

fn parse(command: &&str) -> Fallible<()> {
    let mut framer = Framer::new(FramerLimits::default());
    framer.feed(command.as_bytes());
    let Frame::Command(octets) = framer.next() else { return Err("no command".into()) };
    black_box(Command::parse(&octets)).map(drop).map_err(|_| format!("{command}?").into())
}

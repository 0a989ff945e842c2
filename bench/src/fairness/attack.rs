//! Clients that ask for too much, in a process of their own.

use crate::Fallible;
use crate::client::Client;
use crate::servers::{PASSWORD, USER};
use crate::sizes::account;
use crate::stage::{CORPUS, LARGE};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Clients who do the same at the same time.
const MANY: usize = 16;
/// Connections of those who do not log in.
const STRANGERS: usize = 2000;
/// How long attackers sleep who have nothing more to do.
const LONG: Duration = Duration::from_secs(600);

/// What they do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Attack {
    /// Nobody does anything: how far two quiet phases differ by themselves.
    Nobody,
    /// Asks for everything and does not read it.
    SlowReader,
    /// Sends a command octet by octet.
    SlowWriter,
    /// Connect and say nothing.
    Strangers,
    /// Searches the text of a huge mailbox, again and again.
    Search,
    /// Log in with wrong passwords, a new name each time, as fast as they can.
    Passwords,
    /// Ask for all bodies, again and again.
    Bodies,
}

impl Attack {
    /// In a few words.
    pub(super) fn what(self) -> String {
        match self {
            Self::Nobody => "nobody: quiet against quiet".to_owned(),
            Self::SlowReader => "a slow reader: asks for all bodies, reads none".to_owned(),
            Self::SlowWriter => "a slow writer: an octet at a time".to_owned(),
            Self::Strangers => format!("{STRANGERS} connections that do not log in"),
            Self::Search => {
                "a client that searches the text of a huge mailbox in a loop".to_owned()
            }
            Self::Passwords => format!("{MANY} clients with wrong passwords, each of another name"),
            Self::Bodies => format!("{MANY} clients that fetch all bodies in a loop"),
        }
    }
}

/// The process; it is ended when this goes.
pub(super) struct Attacker(Child);

impl Attacker {
    /// Start it, and wait until it is at work.
    pub(super) fn start(attack: Attack, imap: SocketAddr, messages: u32) -> Fallible<Self> {
        let name = clap::ValueEnum::to_possible_value(&attack).ok_or("no such attack")?;
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(std::env::current_exe()?).arg("attack");
        command.arg(name.get_name()).arg(imap.to_string()).arg(messages.to_string());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let attacker = Self(child);
        BufReader::new(output).lines().next().ok_or("the attackers failed")??;
        Ok(attacker)
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What to do where.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    attack: Attack,
    imap: SocketAddr,
    messages: u32,
}

/// Attack until ended.
pub(crate) fn run(arguments: &Arguments) -> Fallible<()> {
    let Arguments { attack, imap, messages } = *arguments;
    match attack {
        Attack::Nobody => nobody(),
        Attack::SlowReader => slow_reader(imap),
        Attack::SlowWriter => slow_writer(imap),
        Attack::Strangers => strangers(imap),
        Attack::Search => search(imap, messages),
        Attack::Passwords => passwords(imap),
        Attack::Bodies => bodies(imap),
    }
}

/// Whoever started this waits for a line.
fn begin() {
    println!("at work");
}

fn client(imap: SocketAddr, user: &str) -> Fallible<Client> {
    let mut client = Client::plain(imap)?;
    client.log_in(user, PASSWORD)?;
    Ok(client)
}

fn nobody() -> Fallible<()> {
    begin();
    std::thread::sleep(LONG);
    Ok(())
}

fn slow_reader(imap: SocketAddr) -> Fallible<()> {
    let mut client = client(imap, USER)?;
    client.command(&format!("SELECT {CORPUS}"))?;
    client.send(b"a FETCH 1:* (BODY.PEEK[])\r\n")?;
    begin();
    std::thread::sleep(LONG);
    Ok(())
}

fn slow_writer(imap: SocketAddr) -> Fallible<()> {
    let mut client = client(imap, USER)?;
    begin();
    loop {
        for octet in format!("a LIST \"\" {}\r\n", "nobody".repeat(100)).as_bytes() {
            client.send(&[*octet])?;
        }
        client.done()?;
    }
}

fn strangers(imap: SocketAddr) -> Fallible<()> {
    let strangers: Vec<Client> =
        (0..STRANGERS).map(|_| Client::plain(imap)).collect::<Result<_, _>>()?;
    begin();
    std::thread::sleep(LONG);
    drop(strangers);
    Ok(())
}

fn search(imap: SocketAddr, messages: u32) -> Fallible<()> {
    let mut client = client(imap, &account(messages))?;
    client.command(&format!("SELECT {LARGE}"))?;
    begin();
    loop {
        client.command("SEARCH TEXT \"what nobody wrote\"")?;
    }
}

fn passwords(imap: SocketAddr) -> Fallible<()> {
    let guesses = Arc::new(AtomicU64::new(0));
    let crowd = |number| {
        let guesses = Arc::clone(&guesses);
        move || guess(imap, number, &guesses)
    };
    for number in 0..MANY {
        std::thread::spawn(crowd(number));
    }
    begin();
    tell("wrong passwords", 1.0, &guesses)
}

/// Tell how much is done a second, until whoever started this ends it.
fn tell(what: &str, unit: f64, done: &AtomicU64) -> ! {
    let start = Instant::now();
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let each = done.load(Ordering::Relaxed) as f64 / unit / start.elapsed().as_secs_f64();
        eprintln!("{what}: {each:.1} a second");
    }
}

/// Guess the passwords of names that nobody has asked for: a server lets those wait whose names others have guessed at.
fn guess(imap: SocketAddr, number: usize, guesses: &AtomicU64) {
    let mut names = (0_u64..).map(|count| format!("nobody{number}-{count}"));
    loop {
        // Servers send those away who fail too often, and let others wait.
        let Ok(mut client) = Client::plain(imap) else { continue };
        for name in &mut names {
            if !client.log_in(&name, "wrong").is_err_and(|error| error.to_string().contains("NO")) {
                break;
            }
            guesses.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn bodies(imap: SocketAddr) -> Fallible<()> {
    let octets = Arc::new(AtomicU64::new(0));
    let fetch = move |octets: Arc<AtomicU64>| -> Fallible<()> {
        let mut client = client(imap, USER)?;
        client.command(&format!("SELECT {CORPUS}"))?;
        loop {
            let answer = client.command("FETCH 1:* (BODY.PEEK[])")?;
            octets.fetch_add(answer.octets, Ordering::Relaxed);
        }
    };
    for _ in 0..MANY {
        let octets = Arc::clone(&octets);
        std::thread::spawn(move || fetch(octets).map_err(|error| error.to_string()));
    }
    begin();
    tell("megabytes of bodies", 1e6, &octets)
}

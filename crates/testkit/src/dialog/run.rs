//! Playing a dialog against a server.

use super::client::{Cut, Link, Silence};
use super::matching::{Vars, Verdict, judge, matches};
use super::{Action, Block, Chunk, Dialog, End, Expected, Failure, Host, Prepared, Start};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How to play.
#[derive(Debug, Clone)]
pub struct Options {
    /// The dialect of a foreign server, which `not:` lines name; `None` for our own.
    pub dialect: Option<String>,
    /// Whether a server may lack what `needs:` names: then the dialog is skipped.
    pub may_lack: bool,
    /// How the clients' octets are cut.
    pub cut: Cut,
    /// Whether clients that the runner logs in compress what follows.
    pub compress: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { dialect: None, may_lack: false, cut: Cut::AsWritten, compress: false }
    }
}

/// What became of a dialog that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every line was fulfilled.
    Passed,
    /// It does not apply, for this reason.
    Skipped(String),
}

/// Play a dialog.
///
/// # Errors
/// The first line that was not fulfilled, and what came instead.
pub async fn run(dialog: &Dialog, host: &dyn Host, options: &Options) -> Result<Outcome, Failure> {
    let aside = options
        .dialect
        .as_ref()
        .and_then(|ours| dialog.header.not.iter().find(|(dialect, _)| dialect == ours));
    if let Some((dialect, reason)) = aside {
        return Ok(Outcome::Skipped(format!("not {dialect}: {reason}")));
    }
    if !host.has(&dialog.header.settings) {
        return Ok(Outcome::Skipped(
            "needs settings that only a server in this process has".into(),
        ));
    }
    let mut player = Player::new(dialog, host, options);
    if let Some(lacking) = player.prepare().await? {
        return Ok(Outcome::Skipped(format!("needs {lacking}")));
    }
    player.play().await?;
    Ok(Outcome::Passed)
}

struct Player<'a> {
    dialog: &'a Dialog,
    host: &'a dyn Host,
    options: &'a Options,
    links: BTreeMap<usize, Link>,
    /// Lines that came while a client was sending, still to be judged.
    early: BTreeMap<usize, Vec<String>>,
    vars: Vars,
}

impl<'a> Player<'a> {
    fn new(dialog: &'a Dialog, host: &'a dyn Host, options: &'a Options) -> Self {
        let (user, password) = (host.user(), host.password());
        let plain = base64(format!("\0{user}\0{password}").as_bytes());
        let (user64, password64) = (base64(user.as_bytes()), base64(password.as_bytes()));
        let vars = [
            ("user", user),
            ("password", password),
            ("plain", &plain),
            ("user64", &user64),
            ("password64", &password64),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            dialog,
            host,
            options,
            links: BTreeMap::new(),
            early: BTreeMap::new(),
            vars: Vars::from(vars),
        }
    }

    /// Make the mailboxes of the header and take client 1 to its start. Returns a capability
    /// that the server lacks.
    async fn prepare(&mut self) -> Result<Option<String>, Failure> {
        let header = &self.dialog.header;
        if !header.needs.is_empty() || !header.mailboxes.is_empty() {
            let mut link = self.open(&Start::LoggedIn, Cut::AsWritten, 1).await?;
            let lines = self.ask(&mut link, "CAPABILITY", 1).await?;
            let have =
                |name: &String| lines.iter().any(|line| line.split(' ').any(|word| word == name));
            if let Some(lacking) = header.needs.iter().find(|name| !have(name)) {
                if self.options.may_lack {
                    return Ok(Some(lacking.clone()));
                }
                return Err(self.failure(1, format!("{lacking} must be advertised"), lines, None));
            }
            for mailbox in &header.mailboxes {
                self.fill(&mut link, mailbox).await?;
            }
            self.ask(&mut link, "LOGOUT", 1).await?;
        }
        for (mailbox, octets) in &header.append_limits {
            if let Err(error) = self.host.set_append_limit(mailbox, *octets).await {
                return Ok(Some(format!("a limit for {mailbox}: {error}")));
            }
        }
        if header.start != Start::Nothing {
            let link = self.open(&header.start, self.options.cut, 1).await?;
            self.links.insert(1, link);
        }
        Ok(None)
    }

    async fn fill(&self, link: &mut Link, mailbox: &Prepared) -> Result<(), Failure> {
        let name = &mailbox.name;
        if !name.eq_ignore_ascii_case("INBOX") {
            self.ask(link, &format!("CREATE {name}"), 1).await?;
        }
        for number in 1..=mailbox.messages {
            let date = format!(" 2-Jan-2023 10:{:02}:{:02} +0000", number / 60, number % 60);
            let append = format!("s APPEND {name} \"{date}\" ");
            let chunks = [
                Chunk::Octets(append.into_bytes()),
                Chunk::Literal {
                    form: super::LiteralForm { binary: false, non_sync: false },
                    octets: message(number),
                },
                Chunk::Octets(b"\r\n".to_vec()),
            ];
            self.exchange(link, &chunks, 1).await?;
        }
        Ok(())
    }

    async fn open(&self, start: &Start, cut: Cut, line: usize) -> Result<Link, Failure> {
        let stream = self.host.connect().await;
        let stream = stream.map_err(|error| {
            self.failure(line, "connecting".into(), vec![], Some(error.to_string()))
        })?;
        let mut link = Link::new(stream, cut);
        if *start == Start::Greeting {
            return Ok(link);
        }
        let greeting =
            link.next().await.map_err(|silence| self.silent(line, "a greeting", &silence))?;
        if !greeting.starts_with("* OK") {
            return Err(self.failure(line, "a greeting with OK".into(), vec![greeting], None));
        }
        if matches!(start, Start::LoggedIn | Start::Selected(_)) {
            self.ask(&mut link, "LOGIN ${user} ${password}", line).await?;
            if self.options.compress {
                self.ask(&mut link, "COMPRESS DEFLATE", line).await?;
            }
        }
        if let Start::Selected(name) = start {
            self.ask(&mut link, &format!("SELECT {name}"), line).await?;
        }
        Ok(link)
    }

    /// A command of the runner's own, which must succeed; its answers.
    async fn ask(
        &self,
        link: &mut Link,
        command: &str,
        line: usize,
    ) -> Result<Vec<String>, Failure> {
        self.exchange(link, &[Chunk::Octets(format!("s {command}\r\n").into_bytes())], line).await
    }

    async fn exchange(
        &self,
        link: &mut Link,
        chunks: &[Chunk],
        line: usize,
    ) -> Result<Vec<String>, Failure> {
        let command = match chunks.first() {
            Some(Chunk::Octets(octets)) => String::from_utf8_lossy(octets).trim().to_owned(),
            _ => String::new(),
        };
        let wanted = format!("preparing with: {command}");
        let silent = |silence| self.silent(line, &wanted, &silence);
        let mut lines = link.send(chunks, &self.vars).await.map_err(silent)?;
        while !lines.last().is_some_and(|line| line.starts_with("s ")) {
            lines.push(link.next().await.map_err(silent)?);
        }
        if lines.last().is_some_and(|line| line.starts_with("s OK")) {
            return Ok(lines);
        }
        Err(self.failure(line, wanted, lines, None))
    }

    async fn play(&mut self) -> Result<(), Failure> {
        let dialog = self.dialog;
        for step in &dialog.steps {
            match &step.action {
                Action::Connect(start) => {
                    let link = self.open(start, self.options.cut, step.line).await?;
                    self.links.insert(step.client, link);
                }
                Action::Send(chunks) => self.send(step.client, chunks, step.line).await?,
                Action::Expect(block) => self.expect(step.client, block, step.line).await?,
            }
        }
        Ok(())
    }

    async fn send(&mut self, client: usize, chunks: &[Chunk], line: usize) -> Result<(), Failure> {
        let mut link = self.take(client, line)?;
        let early = link.send(chunks, &self.vars).await;
        let early =
            early.map_err(|silence| self.silent(line, "a continuation request", &silence))?;
        self.early.entry(client).or_default().extend(early);
        self.links.insert(client, link);
        Ok(())
    }

    async fn expect(&mut self, client: usize, block: &Block, line: usize) -> Result<(), Failure> {
        let mut link = self.take(client, line)?;
        let early = self.early.remove(&client).unwrap_or_default();
        match &block.end {
            End::Line(last) => self.until_line(&mut link, block, last, early).await?,
            End::Closed => self.until_closed(&mut link, block, early, line).await?,
            End::Within(time) => self.until_all(&mut link, block, *time, early).await?,
        }
        self.links.insert(client, link);
        Ok(())
    }

    fn take(&mut self, client: usize, line: usize) -> Result<Link, Failure> {
        let link = self.links.remove(&client);
        link.ok_or_else(|| self.failure(line, format!("C{client} is not connected"), vec![], None))
    }

    async fn until_line(
        &mut self,
        link: &mut Link,
        block: &Block,
        last: &Expected,
        early: Vec<String>,
    ) -> Result<(), Failure> {
        let mut lines = early;
        let ends = |line: &String, vars| {
            !line.starts_with("* ") || matches(&last.pattern, line, vars).is_some()
        };
        while !lines.last().is_some_and(|line| ends(line, &self.vars)) {
            match link.next().await {
                Ok(line) => lines.push(line),
                Err(silence) => return Err(self.cut_short(last, lines, &silence)),
            }
        }
        let ending = lines.pop().unwrap_or_default();
        self.judge(block, &lines, Some(&ending))?;
        let Some(vars) = matches(&last.pattern, &ending, &self.vars) else {
            lines.push(ending);
            return Err(self.failure(last.line, format!("expected: {}", last.source), lines, None));
        };
        self.vars = vars;
        Ok(())
    }

    async fn until_closed(
        &mut self,
        link: &mut Link,
        block: &Block,
        early: Vec<String>,
        line: usize,
    ) -> Result<(), Failure> {
        let mut lines = early;
        loop {
            match link.next().await {
                Ok(line) => lines.push(line),
                Err(Silence::Closed) => return self.judge(block, &lines, None),
                Err(silence) => {
                    let besides = Some(in_words(&silence));
                    return Err(self.failure(
                        line,
                        "expected: the end of the connection".into(),
                        lines,
                        besides,
                    ));
                }
            }
        }
    }

    async fn until_all(
        &mut self,
        link: &mut Link,
        block: &Block,
        time: Duration,
        early: Vec<String>,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + time;
        let mut lines = early;
        while matches!(judge(&block.expected, &[], &lines, &self.vars), Verdict::Missing(_)) {
            match link.response(deadline.saturating_duration_since(Instant::now())).await {
                Ok(line) => lines.push(line),
                Err(Silence::Timeout) => break,
                Err(silence) => {
                    let besides = Some(in_words(&silence));
                    let first = &block.expected[0];
                    return Err(self.failure(
                        first.line,
                        format!("expected: {}", first.source),
                        lines,
                        besides,
                    ));
                }
            }
        }
        self.judge(block, &lines, None)
    }

    fn judge(
        &mut self,
        block: &Block,
        lines: &[String],
        ending: Option<&str>,
    ) -> Result<(), Failure> {
        let all = || lines.iter().cloned().chain(ending.map(str::to_owned)).collect();
        match judge(&block.expected, &block.forbidden, lines, &self.vars) {
            Verdict::Filled(vars) => self.vars = vars,
            Verdict::Missing(wanted) => {
                return Err(self.failure(
                    wanted.line,
                    format!("expected: {}", wanted.source),
                    all(),
                    None,
                ));
            }
            Verdict::Forbidden(rule, line) => {
                return Err(self.failure(
                    rule.line,
                    format!("must not come: {}", rule.source),
                    vec![line],
                    None,
                ));
            }
        }
        Ok(())
    }

    fn cut_short(&self, wanted: &Expected, lines: Vec<String>, silence: &Silence) -> Failure {
        self.failure(
            wanted.line,
            format!("expected: {}", wanted.source),
            lines,
            Some(in_words(silence)),
        )
    }

    fn silent(&self, line: usize, wanted: &str, silence: &Silence) -> Failure {
        self.failure(line, format!("expected: {wanted}"), vec![], Some(in_words(silence)))
    }

    fn failure(
        &self,
        line: usize,
        wanted: String,
        came: Vec<String>,
        besides: Option<String>,
    ) -> Failure {
        Failure { path: self.dialog.path.clone(), line, wanted, came, besides }
    }
}

fn in_words(silence: &Silence) -> String {
    match silence {
        Silence::Closed => "the server closed the connection".into(),
        Silence::Timeout => "and nothing more in time".into(),
        Silence::Broken(what) => what.clone(),
    }
}

/// The message with this number in a prepared mailbox.
fn message(number: u32) -> Vec<u8> {
    format!(
        "From: Ann <ann@example.org>\r\nTo: Ben <ben@example.org>\r\nSubject: message {number}\r\n\
         Date: Mon, 2 Jan 2023 10:00:00 +0000\r\nMessage-ID: <{number}@example.org>\r\n\r\n\
         body {number}\r\n"
    )
    .into_bytes()
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in octets.chunks(3) {
        let bits =
            (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        for digit in 0..=group.len() {
            out.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
        out.push_str(&"="[..].repeat(3 - group.len()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::{Connecting, Stream};
    use std::path::Path;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A server that answers with fixed lines, whatever it is asked.
    struct Parrot(&'static str);

    impl Host for Parrot {
        fn user(&self) -> &str {
            "demo"
        }

        fn password(&self) -> &str {
            "secret"
        }

        fn connect(&self) -> Connecting<'_> {
            let (near, mut far) = tokio::io::duplex(4096);
            let answers = self.0;
            tokio::spawn(async move {
                let _ = far.write_all(b"* OK hello\r\n").await;
                let mut commands = [0; 512];
                while far.read(&mut commands).await.is_ok_and(|read| read > 0) {
                    let _ = far.write_all(answers.as_bytes()).await;
                }
            });
            Box::pin(async move { Ok(Box::new(near) as Box<dyn Stream>) })
        }
    }

    async fn play(text: &str, answers: &'static str) -> Result<Outcome, String> {
        let dialog = Dialog::parse(Path::new("x.dialog"), text).unwrap();
        let played = run(&dialog, &Parrot(answers), &Options::default()).await;
        played.map_err(|failure| failure.to_string())
    }

    #[tokio::test]
    async fn untagged_lines_match_in_any_order() {
        let text = "start: connected\n\nC: a X\nS: * 2 EXISTS\nS: * 1 RECENT\nS: a OK <any>\n";
        assert_eq!(play(text, "* 1 RECENT\r\n* 2 EXISTS\r\na OK x\r\n").await, Ok(Outcome::Passed));
        let failure = play(text, "* 1 RECENT\r\na OK x\r\n").await.unwrap_err();
        assert!(failure.starts_with("x.dialog:4: expected: * 2 EXISTS"), "{failure}");
    }

    #[tokio::test]
    async fn order_counts_where_it_is_asked_for() {
        let text = "start: connected\n\nC: a X\nS: * A\nS> * B\nS: a OK <any>\n";
        assert_eq!(play(text, "* A\r\n* B\r\na OK x\r\n").await, Ok(Outcome::Passed));
        assert!(play(text, "* B\r\n* A\r\na OK x\r\n").await.is_err());
    }

    #[tokio::test]
    async fn forbidden_lines_fail() {
        let text = "start: connected\n\nC: a X\nS! * <number> EXPUNGE\nS: a OK <any>\n";
        assert_eq!(play(text, "* 1 EXISTS\r\na OK x\r\n").await, Ok(Outcome::Passed));
        let failure = play(text, "* 1 EXPUNGE\r\na OK x\r\n").await.unwrap_err();
        assert!(failure.contains("must not come: * <number> EXPUNGE"), "{failure}");
        let strict = "start: connected\n\nC: a X\nS: * 1 EXISTS\nS! <other>\nS: a OK <any>\n";
        assert_eq!(play(strict, "* 1 EXISTS\r\na OK x\r\n").await, Ok(Outcome::Passed));
        assert!(play(strict, "* 1 EXISTS\r\n* 0 RECENT\r\na OK x\r\n").await.is_err());
    }

    #[tokio::test]
    async fn a_wrong_end_fails() {
        let text = "start: connected\n\nC: a X\nS: a OK <any>\n";
        assert!(play(text, "a NO x\r\n").await.is_err());
        assert!(play(text, "b OK x\r\n").await.is_err());
    }

    #[test]
    fn base64_pads() {
        assert_eq!(base64(b"\0demo\0secret"), "AGRlbW8Ac2VjcmV0");
        assert_eq!(base64(b"a"), "YQ==");
        assert_eq!(base64(b"ab"), "YWI=");
    }
}

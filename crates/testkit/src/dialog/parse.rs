//! From a file's text to a [`Dialog`].

use super::pattern::Pattern;
use super::template::unescape;
use super::{
    Action, Block, Chunk, Dialog, End, Expected, Forbidden, Header, LiteralForm, Prepared, Setting,
    Start, Step,
};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A dialog that does not follow the format.
#[derive(Debug)]
pub struct ParseError {
    path: PathBuf,
    line: usize,
    message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

impl Dialog {
    /// Read a dialog.
    ///
    /// # Errors
    /// The first line that does not follow `dialogs/README.md`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ParseError> {
        let mut reader = Reader::new(text);
        let parsed = reader.header().and_then(|header| Ok((header, reader.steps()?)));
        match parsed {
            Ok((header, steps)) => Ok(Self { path: path.to_owned(), header, steps }),
            Err(message) => Err(ParseError { path: path.to_owned(), line: reader.line(), message }),
        }
    }
}

/// The lines of a file that mean something, with their numbers.
struct Reader<'a> {
    lines: Vec<(usize, &'a str)>,
    at: usize,
}

/// A line of a step: whose it is, what kind it is, and the rest.
struct Marked<'a> {
    side: char,
    client: usize,
    kind: char,
    text: &'a str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .collect();
        Self { lines, at: 0 }
    }

    fn line(&self) -> usize {
        let last = self.lines.last().map_or(1, |(number, _)| *number);
        self.lines.get(self.at).map_or(last, |(number, _)| *number)
    }

    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).map(|(_, line)| *line)
    }

    fn header(&mut self) -> Result<Header, String> {
        let mut header = Header::default();
        while let Some((key, value)) = self.peek().and_then(setting) {
            set(&mut header, key, value)?;
            self.at += 1;
        }
        Ok(header)
    }

    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        while let Some(text) = self.peek() {
            let line = self.line();
            let (client, action) = self.step(text)?;
            steps.push(Step { line, client, action });
        }
        Ok(steps)
    }

    fn step(&mut self, text: &'a str) -> Result<(usize, Action), String> {
        if let Some(rest) = text.strip_prefix("connect ") {
            self.at += 1;
            return connect(rest);
        }
        if let Some(time) = text.strip_prefix("within ") {
            let time = duration(time)?;
            self.at += 1;
            return self.block(Some(time));
        }
        match marked(text).ok_or("neither C:, S:, connect nor within")? {
            Marked { side: 'C', client, .. } => Ok((client, Action::Send(self.sending(client)?))),
            _ => self.block(None),
        }
    }

    /// Consecutive lines of one client, which leave together.
    fn sending(&mut self, client: usize) -> Result<Vec<Chunk>, String> {
        let mut chunks = Vec::new();
        while let Some(Marked { side: 'C', client: who, kind, text }) = self.peek().and_then(marked)
        {
            if who != client {
                break;
            }
            self.at += 1;
            if kind == '=' {
                chunks.push(Chunk::Octets(unescape(text)?));
                continue;
            }
            for part in self.parts(text)? {
                match part {
                    Part::Text(text) => chunks.push(Chunk::Octets(text.into_bytes())),
                    Part::Literal(form, octets) => chunks.push(Chunk::Literal { form, octets }),
                }
            }
            chunks.push(Chunk::Octets(b"\r\n".to_vec()));
        }
        Ok(chunks)
    }

    fn block(&mut self, time: Option<Duration>) -> Result<(usize, Action), String> {
        let whose = self.peek().and_then(marked).filter(|line| line.side == 'S');
        let client = whose.ok_or("within needs an S: line below it")?.client;
        let mut expected = Vec::new();
        let mut forbidden = Vec::new();
        let mut end = time.map(End::Within);
        while let Some(Marked { side: 'S', client: who, kind, text }) = self.peek().and_then(marked)
        {
            if who != client {
                break;
            }
            let line = self.line();
            self.at += 1;
            if kind == '!' {
                forbidden.push(forbid(line, text)?);
                continue;
            }
            if text == "<closed>" {
                end = Some(End::Closed);
                break;
            }
            let wanted = self.expected(line, kind, text)?;
            if time.is_none() && !text.starts_with("* ") {
                end = Some(End::Line(wanted));
                break;
            }
            expected.push(wanted);
        }
        if matches!(end, Some(End::Within(_))) && expected.is_empty() {
            return Err("within needs a line to wait for; to see nothing come, use NOOP".into());
        }
        let end = end.ok_or("these S: lines end with no tagged line, + line or <closed>")?;
        Ok((client, Action::Expect(Block { expected, forbidden, end })))
    }

    fn expected(&mut self, line: usize, kind: char, text: &str) -> Result<Expected, String> {
        let mut pattern = Pattern::default();
        for part in self.parts(text)? {
            match part {
                Part::Text(text) => pattern.append(Pattern::parse(&text)?),
                Part::Literal(_, octets) => pattern.push_string(&octets),
            }
        }
        Ok(Expected { line, source: text.to_owned(), pattern, after_previous: kind == '>' })
    }

    /// A line with the literals that the indented lines below it give.
    fn parts(&mut self, text: &str) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        let mut text = text;
        while let Some((before, form)) = announced(text) {
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Literal(form, self.literal()?));
            text = match self.peek().and_then(|line| line.trim_start().strip_prefix("..")) {
                Some(rest) => {
                    self.at += 1;
                    rest
                }
                None => "",
            };
        }
        parts.push(Part::Text(text.to_owned()));
        Ok(parts)
    }

    fn literal(&mut self) -> Result<Vec<u8>, String> {
        let mut octets = Vec::new();
        while let Some(line) = self.peek().and_then(|line| line.trim_start().strip_prefix('|')) {
            let (kind, text) = line.split_at(line.len().min(1));
            match kind {
                "" | " " => octets.extend([text.as_bytes(), b"\r\n"].concat()),
                "-" => octets.extend_from_slice(text.strip_prefix(' ').unwrap_or(text).as_bytes()),
                "=" => octets.extend(unescape(text.strip_prefix(' ').unwrap_or(text))?),
                _ => return Err("after | comes a space, - or =".into()),
            }
            self.at += 1;
        }
        Ok(octets)
    }
}

enum Part {
    Text(String),
    Literal(LiteralForm, Vec<u8>),
}

/// The text before `{...}` at the end of a line, and the kind of literal.
fn announced(text: &str) -> Option<(&str, LiteralForm)> {
    let (text, non_sync) = match text.strip_suffix("{...+}") {
        Some(text) => (text, true),
        None => (text.strip_suffix("{...}")?, false),
    };
    // The tilde of a literal8 stays in the text: it is sent, and compared, as it is.
    Some((text, LiteralForm { binary: text.ends_with('~'), non_sync }))
}

fn forbid(line: usize, text: &str) -> Result<Forbidden, String> {
    let pattern = if text == "<other>" { None } else { Some(Pattern::parse(text)?) };
    Ok(Forbidden { line, source: text.to_owned(), pattern })
}

/// `C: text`, `S2! text` and the like.
fn marked(line: &str) -> Option<Marked<'_>> {
    let side = line.chars().next().filter(|side| "CS".contains(*side))?;
    let rest = &line[1..];
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = rest.split_at(digits);
    let client = if number.is_empty() { 1 } else { number.parse().ok()? };
    let kinds = if side == 'C' { ":=" } else { ":>!" };
    let kind = rest.chars().next().filter(|kind| kinds.contains(*kind))?;
    let text = &rest[1..];
    Some(Marked { side, client, kind, text: text.strip_prefix(' ').unwrap_or(text) })
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase());
    is_key.then(|| (key, value.trim()))
}

fn set(header: &mut Header, key: &str, value: &str) -> Result<(), String> {
    match key {
        "needs" => header.needs.extend(value.split_whitespace().map(str::to_owned)),
        "not" => {
            let (dialect, reason) = value.split_once(' ').ok_or("not: DIALECT REASON")?;
            header.not.push((dialect.to_owned(), reason.trim().to_owned()));
        }
        "setting" => header.settings.push(decision(value)?),
        "mailbox" => {
            let (name, messages) = value.rsplit_once(' ').ok_or("mailbox: NAME MESSAGES")?;
            let messages = messages.parse().map_err(|_| "mailbox: NAME MESSAGES")?;
            header.mailboxes.push(Prepared { name: name.to_owned(), messages });
        }
        "appendlimit" => {
            let (name, octets) = value.rsplit_once(' ').ok_or("appendlimit: NAME OCTETS")?;
            let octets = octets.parse().map_err(|_| "appendlimit: NAME OCTETS")?;
            header.append_limits.push((name.to_owned(), octets));
        }
        "remembers" => {
            header.remembers = Some(value.parse().map_err(|_| "remembers: EXPUNGES")?);
        }
        "holds" => header.holds = Some(value.parse().map_err(|_| "holds: MESSAGES")?),
        "start" => header.start = start(value)?,
        // `cargo xtask rfc` reads these, and knows which ids there are.
        "proves" => {}
        _ => return Err(format!("unknown setting {key}")),
    }
    Ok(())
}

fn decision(text: &str) -> Result<Setting, String> {
    let usage = || {
        "setting: message-limit NUMBER, save-limit NUMBER, connections NUMBER, hide NAME, hide-from-account NAME"
            .to_owned()
    };
    let (name, value) = text.split_once(' ').ok_or_else(usage)?;
    let number = || value.trim().parse().map_err(|_| usage());
    match name {
        "message-limit" => Ok(Setting::MessageLimit(number()?)),
        "save-limit" => Ok(Setting::SaveLimit(number()?)),
        "connections" => value.trim().parse().map(Setting::Connections).map_err(|_| usage()),
        "hide" => Ok(Setting::Hide(value.trim().to_owned())),
        "hide-from-account" => Ok(Setting::HideFromAccount(value.trim().to_owned())),
        _ => Err(usage()),
    }
}

fn start(text: &str) -> Result<Start, String> {
    match text.split_once(' ').unwrap_or((text, "")) {
        ("nothing", "") => Ok(Start::Nothing),
        ("greeting", "") => Ok(Start::Greeting),
        ("connected", "") => Ok(Start::Connected),
        ("login", "") => Ok(Start::LoggedIn),
        ("select", name) if !name.is_empty() => Ok(Start::Selected(name.to_owned())),
        _ => Err(format!("{text}: not one of nothing, greeting, connected, login, select NAME")),
    }
}

fn connect(rest: &str) -> Result<(usize, Action), String> {
    let (client, how) = rest.split_once(' ').unwrap_or((rest, "login"));
    let client = client.strip_prefix('C').and_then(|number| number.parse().ok());
    Ok((
        client.ok_or("connect C2 [greeting|connected|login|select NAME]")?,
        Action::Connect(start(how)?),
    ))
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').ok_or("a time like 1s or 200ms")?, 1000),
    };
    let number: u64 = number.parse().map_err(|_| "a time like 1s or 200ms")?;
    Ok(Duration::from_millis(number * unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn parse(text: &str) -> Result<Dialog, String> {
        Dialog::parse(Path::new("x.dialog"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn header_and_steps_are_told_apart() {
        let text = "# what\nproves: 9051/5/a\nneeds: MOVE IDLE\nmailbox: INBOX 3\nstart: select INBOX\n\nC: a NOOP\nS: a OK <any>\n";
        let dialog = parse(text).unwrap();
        assert_eq!(dialog.header.needs, ["MOVE", "IDLE"]);
        assert_eq!(dialog.header.mailboxes, [Prepared { name: "INBOX".into(), messages: 3 }]);
        assert_eq!(dialog.header.start, Start::Selected("INBOX".into()));
        assert_eq!(dialog.steps.len(), 2);
    }

    #[test]
    fn the_administrator_decides() {
        let dialog = parse("setting: message-limit 2\nsetting: save-limit 3\n").unwrap();
        let number = |number| NonZeroU32::new(number).unwrap();
        let wanted = [Setting::MessageLimit(number(2)), Setting::SaveLimit(number(3))];
        assert_eq!(dialog.header.settings, wanted);
        for text in ["message-limit", "message-limit 0", "message-limit many", "limit 1"] {
            assert!(parse(&format!("setting: {text}\n")).is_err(), "{text}");
        }
    }

    #[test]
    fn literals_are_gathered_from_indented_lines() {
        let dialog =
            parse("C: a LOGIN {...}\n  |- demo\n  .. {...+}\n  |- x\nS: a OK <any>\n").unwrap();
        let Action::Send(chunks) = &dialog.steps[0].action else { panic!("no command") };
        let octets = |octets: &[u8]| Chunk::Octets(octets.to_vec());
        let literal = |non_sync, octets: &[u8]| Chunk::Literal {
            form: LiteralForm { binary: false, non_sync },
            octets: octets.to_vec(),
        };
        let wanted = [
            octets(b"a LOGIN "),
            literal(false, b"demo"),
            octets(b" "),
            literal(true, b"x"),
            octets(b""),
            octets(b"\r\n"),
        ];
        assert_eq!(*chunks, wanted);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        assert_eq!(
            parse("C: a NOOP\nS: * OK\n").unwrap_err(),
            "x.dialog:2: these S: lines end with no tagged line, + line or <closed>"
        );
        assert!(parse("colour: red\n").unwrap_err().contains("unknown setting colour"));
        assert!(parse("C: a NOOP\nnonsense\n").unwrap_err().starts_with("x.dialog:2:"));
        assert!(parse("within 1s\nS! * BYE\n").unwrap_err().contains("within needs a line"));
    }
}

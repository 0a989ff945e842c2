//! Command lines (RFC 5321 §4.1.1, RFC 2033 §4.1).

use crate::envelope::{Path, parse_path};

/// A command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// LHLO with the name that the client gives itself.
    Lhlo(String),
    /// MAIL begins a message.
    Mail(Mail),
    /// RCPT adds a recipient.
    Rcpt(Path),
    /// DATA: the message comes next.
    Data,
    /// RSET forgets the message.
    Rset,
    /// NOOP, whatever follows it.
    Noop,
    /// VRFY, whatever follows it.
    Vrfy,
    /// HELP, whatever follows it.
    Help,
    /// QUIT ends the conversation.
    Quit,
}

/// Who sends a message, and what it will be like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Absent in bounces.
    pub sender: Option<Path>,
    /// The size that was announced, in octets (RFC 1870 §3).
    pub size: Option<u64>,
    /// Whether addresses and headers may have UTF-8 in them (RFC 6531 §3.4).
    pub utf8: bool,
}

/// Why a line is no command; each has its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadCommand {
    /// Nothing that this server knows.
    Unknown,
    /// HELO and EHLO are SMTP's (RFC 2033 §4.1).
    SmtpGreeting,
    /// Not of the form that the command has.
    Syntax,
    /// No address where one belongs.
    Address,
    /// A parameter that is unknown, or has no such value.
    Parameter,
}

impl BadCommand {
    pub(crate) fn reply(self) -> &'static str {
        match self {
            Self::Unknown => "500 5.5.1 Unknown command",
            Self::SmtpGreeting => "500 5.5.1 This is LMTP: say LHLO",
            Self::Syntax => "501 5.5.4 Syntax error in parameters",
            Self::Address => "501 5.1.3 Bad address syntax",
            Self::Parameter => "555 5.5.4 Unknown or bad parameter",
        }
    }
}

impl Command {
    /// Read a line without its end.
    ///
    /// # Errors
    /// When the line is no command.
    pub fn parse(line: &[u8]) -> Result<Self, BadCommand> {
        let line = std::str::from_utf8(line).map_err(|_| BadCommand::Syntax)?;
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(BadCommand::Syntax);
        }
        let line = line.trim_end_matches([' ', '\t']);
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim_start_matches(' ');
        let alone = |command| if rest.is_empty() { Ok(command) } else { Err(BadCommand::Syntax) };
        match verb.to_ascii_uppercase().as_str() {
            "LHLO" if rest.is_empty() => Err(BadCommand::Syntax),
            "LHLO" => Ok(Self::Lhlo(rest.to_owned())),
            "MAIL" => mail(rest).map(Self::Mail),
            "RCPT" => rcpt(rest).map(Self::Rcpt),
            "DATA" => alone(Self::Data),
            "RSET" => alone(Self::Rset),
            "QUIT" => alone(Self::Quit),
            "NOOP" => Ok(Self::Noop),
            "VRFY" => Ok(Self::Vrfy),
            "HELP" => Ok(Self::Help),
            "HELO" | "EHLO" => Err(BadCommand::SmtpGreeting),
            _ => Err(BadCommand::Unknown),
        }
    }
}

fn mail(rest: &str) -> Result<Mail, BadCommand> {
    let rest = strip_keyword(rest, "FROM:")?;
    let (sender, parameters) = match rest.strip_prefix("<>") {
        Some(parameters) => (None, parameters),
        None => {
            let (path, parameters) = parse_path(rest).ok_or(BadCommand::Address)?;
            (Some(path), parameters)
        }
    };
    let mut mail = Mail { sender, size: None, utf8: false };
    for parameter in split_parameters(parameters)? {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        };
        match (name.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) => {
                mail.size = Some(parse_size(value).ok_or(BadCommand::Parameter)?);
            }
            ("BODY", Some(value)) if is_body(value) => {}
            ("SMTPUTF8", None) => mail.utf8 = true,
            _ => return Err(BadCommand::Parameter),
        }
    }
    Ok(mail)
}

/// Digits and nothing else (RFC 1870 §3).
fn parse_size(value: &str) -> Option<u64> {
    let is_number = value.bytes().all(|octet| octet.is_ascii_digit());
    value.parse().ok().filter(|_| is_number)
}

/// A body of 7 or 8 bits (RFC 6152 §3); either is taken as it comes.
fn is_body(value: &str) -> bool {
    value.eq_ignore_ascii_case("7BIT") || value.eq_ignore_ascii_case("8BITMIME")
}

fn rcpt(rest: &str) -> Result<Path, BadCommand> {
    let (path, parameters) = parse_path(strip_keyword(rest, "TO:")?).ok_or(BadCommand::Address)?;
    match split_parameters(parameters)?.next() {
        None => Ok(path),
        Some(_) => Err(BadCommand::Parameter),
    }
}

/// What follows the keyword; a space after it is no syntax, but common.
fn strip_keyword<'a>(text: &'a str, keyword: &str) -> Result<&'a str, BadCommand> {
    match text.split_at_checked(keyword.len()) {
        Some((first, rest)) if first.eq_ignore_ascii_case(keyword) => {
            Ok(rest.trim_start_matches(' '))
        }
        _ => Err(BadCommand::Syntax),
    }
}

fn split_parameters(text: &str) -> Result<impl Iterator<Item = &str>, BadCommand> {
    if !text.is_empty() && !text.starts_with(' ') {
        return Err(BadCommand::Syntax);
    }
    Ok(text.split(' ').filter(|parameter| !parameter.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, BadCommand> {
        Command::parse(line.as_bytes())
    }

    #[test]
    fn mail_takes_the_parameters_that_are_offered() {
        let Ok(Command::Mail(mail)) =
            read("mail FROM:<a@example.org> SIZE=123 body=8BITMIME SMTPUTF8")
        else {
            panic!("not taken");
        };
        assert_eq!((mail.size, mail.utf8), (Some(123), true));
        assert_eq!(mail.sender.unwrap().text, "a@example.org");
        let bounce = read("MAIL FROM: <>");
        assert_eq!(bounce, Ok(Command::Mail(Mail { sender: None, size: None, utf8: false })));
    }

    #[test]
    fn lines_that_are_no_commands_get_their_reply() {
        for (line, error) in [
            ("", BadCommand::Unknown),
            ("EHLO x", BadCommand::SmtpGreeting),
            ("LHLO", BadCommand::Syntax),
            ("DATA now", BadCommand::Syntax),
            ("MAIL <a@b>", BadCommand::Syntax),
            ("MAIL FROM:a@b", BadCommand::Address),
            ("MAIL FROM:<a@b", BadCommand::Address),
            ("MAIL FROM:<a@b>SIZE=1", BadCommand::Syntax),
            ("MAIL FROM:<a@b> SIZE=x", BadCommand::Parameter),
            ("MAIL FROM:<a@b> SIZE=+5", BadCommand::Parameter),
            ("MAIL FROM:<a@b> BODY=BINARYMIME", BadCommand::Parameter),
            ("RCPT TO:<>", BadCommand::Address),
            ("RCPT TO:<a@b> NOTIFY=NEVER", BadCommand::Parameter),
            ("NOOP \0", BadCommand::Syntax),
        ] {
            assert_eq!(read(line), Err(error), "{line:?}");
        }
        assert_eq!(Command::parse(b"NOOP \xff"), Err(BadCommand::Syntax));
    }
}

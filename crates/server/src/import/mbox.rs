//! An mbox file: messages one after the other, each after a line that begins with `From `.
//!
//! Such a line counts after an empty line only, and only with a time of day in it. Lines of a message that
//! look alike were given a `>`, of which one is taken away (the kind of mbox that is called mboxrd).

use super::{Found, Source, crlf, named, received};
use crate::admin::MessageDetails;
use crate::limits::MBOX_LINE_OCTETS;
use rookery_mail::DateTime;
use rookery_mime::header;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

pub(crate) struct Messages<R> {
    lines: R,
    mailbox: String,
    /// The most octets of a message.
    most: u64,
    /// The `From ` line of the next message.
    from: Option<Vec<u8>>,
    begun: bool,
}

pub(super) fn read(file: &Path, mailbox: &str, most: u64) -> io::Result<Source> {
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        let message = format!("{} is a directory, not an mbox file", file.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let lines = BufReader::new(File::open(file)?);
    let path = file.to_owned();
    let messages = messages(lines, mailbox, most)
        .map(move |found| found.map_err(|error| named(&path, &error)));
    Ok(Source { mailboxes: Vec::new(), messages: Box::new(messages), total: metadata.len() })
}

pub(crate) fn messages<R: BufRead>(lines: R, mailbox: &str, most: u64) -> Messages<R> {
    Messages { lines, mailbox: mailbox.to_owned(), most, from: None, begun: false }
}

impl<R: BufRead> Iterator for Messages<R> {
    type Item = io::Result<(Found, u64)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.message().transpose()
    }
}

impl<R: BufRead> Messages<R> {
    fn message(&mut self) -> io::Result<Option<(Found, u64)>> {
        if !self.begun {
            self.begun = true;
            self.from = Some(self.first_line()?).filter(|line| !line.is_empty());
        }
        let Some(from) = self.from.take() else { return Ok(None) };
        let (mut octets, mut taken) = (Vec::new(), from.len() as u64);
        let (mut line, mut after_empty, mut is_too_large) = (Vec::new(), false, false);
        let mut is_begun = false;
        while self.piece(&mut line)? > 0 {
            if after_empty && is_from_line(&line) {
                self.from = Some(line);
                break;
            }
            taken += line.len() as u64;
            let text = if is_begun { line.as_slice() } else { unquote(&line) };
            after_empty = !is_begun && matches!(line.as_slice(), b"\n" | b"\r\n");
            is_begun = !line.ends_with(b"\n");
            // With the empty line before the next message.
            is_too_large |= (octets.len() + text.len()) as u64 > self.most.saturating_add(2);
            if !is_too_large {
                octets.extend_from_slice(text);
            }
            line.clear();
        }
        // The empty line before the next message, or the end of the file, is not the message's.
        if after_empty && octets.pop_if(|last| *last == b'\n').is_some() {
            octets.pop_if(|last| *last == b'\r');
        }
        if is_too_large || octets.len() as u64 > self.most {
            let from = String::from_utf8_lossy(&from).trim_end().to_owned();
            let message = format!("{from}: the message is larger than {} octets", self.most);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(Some((self.found(&from, &octets), taken)))
    }

    /// A line, or a piece of one that is longer than lines are.
    fn piece(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        self.lines.by_ref().take(MBOX_LINE_OCTETS).read_until(b'\n', line)
    }

    fn first_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        while self.piece(&mut line)? > 0 {
            if is_from_line(&line) {
                return Ok(line);
            }
            if !line.trim_ascii().is_empty() {
                let message = "no mbox: it does not begin with a line `From SENDER DATE`";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            line.clear();
        }
        Ok(line)
    }

    fn found(&self, from: &[u8], octets: &[u8]) -> Found {
        let octets = crlf::of_message(octets);
        let date = date_of(from).or_else(|| received::date_of(&octets));
        let date = date.unwrap_or_else(|| DateTime::from_unix(crate::clock::now()));
        let (received, zone) = (date.unix(), date.offset_minutes());
        let details = MessageDetails { flags: flags(&octets), received, zone };
        let origin = String::from_utf8_lossy(from).trim_end().to_owned();
        Found { origin, mailbox: self.mailbox.clone(), details, octets }
    }
}

fn is_from_line(line: &[u8]) -> bool {
    line.starts_with(b"From ")
        && line.split(u8::is_ascii_whitespace).any(|word| time(word).is_some())
}

fn unquote(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|octet| **octet == b'>').count();
    let is_from = line.get(quotes..).is_some_and(|rest| rest.starts_with(b"From "));
    if quotes > 0 && is_from { line.get(1..).unwrap_or_default() } else { line }
}

/// The date at the end of a `From ` line: `Thu Jan  1 00:00:10 1970`, perhaps with a zone.
fn date_of(from: &[u8]) -> Option<DateTime> {
    let words: Vec<_> =
        from.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let at = words.iter().position(|word| time(word).is_some())?;
    let month = month(words.get(at.checked_sub(2)?)?)?;
    let day = number(words.get(at.checked_sub(1)?)?)?;
    let time = time(words.get(at)?)?;
    let rest = words.get(at + 1..)?;
    let year = rest.iter().find_map(|word| number(word).filter(|_| word.len() == 4))?;
    let zone = rest.iter().find_map(|word| zone(word)).unwrap_or(0);
    let date = (i32::try_from(year).ok()?, month, u8::try_from(day).ok()?);
    DateTime::from_civil(date, time, zone).ok()
}

fn number(word: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(word).ok()?;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn time(word: &[u8]) -> Option<(u8, u8, u8)> {
    let mut parts = word.split(|octet| *octet == b':').map(|part| number(part)?.try_into().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    parts.next().is_none().then_some((hour, minute, second))
}

fn month(word: &[u8]) -> Option<u8> {
    let months =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    (1..).zip(months).find(|(_, name)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(n, _)| n)
}

/// `+0130` in minutes.
fn zone(word: &[u8]) -> Option<i16> {
    let (sign, digits) = word.split_first()?;
    let digits = number(digits).filter(|_| digits.len() == 4)?;
    let minutes = i16::try_from(digits / 100 * 60 + digits % 100).ok()?;
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

/// Flags of the fields that mail programs keep in mbox files.
fn flags(message: &[u8]) -> Vec<String> {
    let header = received::header_of(message);
    let letters = [b"Status".as_slice(), b"X-Status"]
        .into_iter()
        .filter_map(|name| header::value(header, name))
        .flatten();
    let flag = |letter| match letter {
        b'R' => Some("\\Seen"),
        b'A' => Some("\\Answered"),
        b'F' => Some("\\Flagged"),
        b'D' => Some("\\Deleted"),
        b'T' => Some("\\Draft"),
        _ => None,
    };
    letters.filter_map(flag).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Found> {
        messages(text.as_bytes(), "INBOX", 1000).map(|found| found.unwrap().0).collect()
    }

    #[test]
    fn messages_begin_with_from_lines() {
        let text = "From a@b Thu Jan  1 00:00:10 1970\nA: 1\nStatus: RO\nX-Status: AF\n\n>From me\n>>From you\nFrom here on\n\n\
            From - Thu Jan 01 02:00:20 1970 +0200\r\nA: 2\r\n\r\n\r\n\
            From here at no time\r\n\r\nFrom x Thu Jan  1 00:00 +0000 1970\nA: 3\n";
        let found = found(text);
        let octets: Vec<_> =
            found.iter().map(|found| std::str::from_utf8(&found.octets).unwrap()).collect();
        assert_eq!(
            octets,
            [
                "A: 1\r\nStatus: RO\r\nX-Status: AF\r\n\r\nFrom me\r\n>From you\r\nFrom here on\r\n",
                "A: 2\r\n\r\n\r\nFrom here at no time\r\n",
                "A: 3\r\n",
            ]
        );
        let dates: Vec<_> = found.iter().map(|f| (f.details.received, f.details.zone)).collect();
        assert_eq!(dates, [(10, 0), (20, 120), (0, 0)]);
        assert_eq!(found[0].details.flags, ["\\Seen", "\\Answered", "\\Flagged"]);
    }

    #[test]
    fn octets_taken_add_up_to_the_file() {
        let text =
            "From a Thu Jan  1 00:00:10 1970\nA: 1\n\nFrom b Thu Jan  1 00:00:10 1970\nA: 2\n";
        let taken: u64 = messages(text.as_bytes(), "x", 1000).map(|found| found.unwrap().1).sum();
        assert_eq!(taken, text.len() as u64);
    }

    #[test]
    fn a_message_that_is_too_large_costs_itself_only() {
        let from = "From a Thu Jan  1 00:00:10 1970\n";
        let long = "x".repeat(3 * usize::try_from(MBOX_LINE_OCTETS).unwrap() + 7);
        let text = format!("{from}A: 1\n\n{from}A: 2\n{long}\n\n{from}A: 3\n");
        let sizes = |most| {
            let all = messages(text.as_bytes(), "x", most);
            all.map(|found| found.map(|(found, _)| found.octets.len()).ok()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(1000), [Some(6), None, Some(6)]);
        let all = u64::try_from(long.len() + 6).unwrap();
        assert_eq!(sizes(all), [Some(6), Some(long.len() + 8), Some(6)]);
        assert_eq!(sizes(all - 1), [Some(6), None, Some(6)]);
    }

    #[test]
    fn other_files_are_refused_and_empty_ones_are_empty() {
        assert!(messages(b"A: 1\n".as_slice(), "x", 1000).next().unwrap().is_err());
        assert!(messages(b"".as_slice(), "x", 1000).next().is_none());
        assert!(messages(b"\n\n".as_slice(), "x", 1000).next().is_none());
    }
}

//! Reads answers as fast as they come: finds their ends, counts lines and octets, skips literals, keeps next to nothing.

use crate::Fallible;
use crate::stream::Stream;
use std::io::Read;

/// Octets asked of the stream at a time.
const ROOM: usize = 1 << 18;
/// Octets asked for until an answer was larger than that: a benchmark has thousands of idle clients.
const LITTLE: usize = 1 << 10;

/// What one command was answered.
#[derive(Default, Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// Untagged lines with the word that was looked for.
    pub(crate) lines: u64,
    /// Octets in literals.
    pub(crate) literals: u64,
    /// Octets in all.
    pub(crate) octets: u64,
}

/// What is read of a connection.
pub(crate) struct Reader {
    stream: Stream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Reader {
    /// Read from this.
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, buffer: Vec::new(), start: 0, end: 0 }
    }

    /// What is below, to write to.
    pub(crate) fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Everything up to the line with the tag `a`, which must say OK.
    pub(crate) fn answer(&mut self, word: &str) -> Fallible<Answer> {
        self.through(word, |_| ())
    }

    /// The same, with every octet of it.
    pub(crate) fn text(&mut self) -> Fallible<Vec<u8>> {
        let mut text = Vec::new();
        self.through("", |octets| text.extend_from_slice(octets))?;
        Ok(text)
    }

    /// One line with its end, without regard to literals.
    pub(crate) fn line(&mut self) -> Fallible<Vec<u8>> {
        let length = self.find_line()?;
        let line = self.buffer[self.start..self.start + length].to_vec();
        self.start += length;
        Ok(line)
    }

    fn through(&mut self, word: &str, mut see: impl FnMut(&[u8])) -> Fallible<Answer> {
        let mut answer = Answer::default();
        let mut first = true;
        loop {
            let length = self.find_line()?;
            let line = &self.buffer[self.start..self.start + length];
            see(line);
            answer.octets += length as u64;
            if first && line.starts_with(b"a ") {
                let fine = line.starts_with(b"a OK");
                let text = String::from_utf8_lossy(line).trim_end().to_owned();
                self.start += length;
                return if fine { Ok(answer) } else { Err(text.into()) };
            }
            if first && has_word(line, word.as_bytes()) {
                answer.lines += 1;
            }
            let literal = literal(line);
            self.start += length;
            first = literal.is_none();
            if let Some(size) = literal {
                answer.literals += size as u64;
                answer.octets += size as u64;
                self.skip(size, &mut see)?;
            }
        }
    }

    /// The length of the next line, all of which is in the buffer then.
    fn find_line(&mut self) -> Fallible<usize> {
        let mut seen = 0;
        loop {
            let waiting = &self.buffer[self.start..self.end];
            if let Some(at) = memchr::memchr(b'\n', &waiting[seen..]) {
                return Ok(seen + at + 1);
            }
            seen = waiting.len();
            self.fill()?;
        }
    }

    fn skip(&mut self, size: usize, see: &mut impl FnMut(&[u8])) -> Fallible<()> {
        let mut left = size;
        while left > 0 {
            if self.start == self.end {
                self.fill()?;
            }
            let some = left.min(self.end - self.start);
            see(&self.buffer[self.start..self.start + some]);
            self.start += some;
            left -= some;
        }
        Ok(())
    }

    /// Read more, behind what waits.
    fn fill(&mut self) -> Fallible<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            let room = if self.buffer.is_empty() { LITTLE } else { ROOM };
            self.buffer.resize(self.end + room, 0);
        }
        match self.stream.read(&mut self.buffer[self.end..])? {
            0 => Err("the server ended the connection".into()),
            octets => {
                self.end += octets;
                Ok(())
            }
        }
    }
}

/// Whether a line is untagged and has this word as its second or third.
fn has_word(line: &[u8], word: &[u8]) -> bool {
    let mut words = line.splitn(4, |octet| *octet == b' ' || *octet == b'\r');
    words.next() == Some(b"*") && words.take(2).any(|found| found == word)
}

/// The size of the literal that a line announces.
fn literal(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}\r\n")?;
    let open = line.iter().rposition(|octet| *octet == b'{')?;
    std::str::from_utf8(&line[open + 1..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_found_at_the_end_of_a_line_only() {
        assert_eq!(literal(b"* 1 FETCH (BODY[] {12}\r\n"), Some(12));
        assert_eq!(literal(b"* 1 FETCH (BODY[] {12} )\r\n"), None);
        assert_eq!(literal(b"* OK curly }\r\n"), None);
    }

    #[test]
    fn lines_are_counted_by_their_word() {
        assert!(has_word(b"* 12 FETCH (FLAGS ())\r\n", b"FETCH"));
        assert!(has_word(b"* SEARCH 1 2\r\n", b"SEARCH"));
        assert!(has_word(b"* 3 EXISTS\r\n", b"EXISTS"));
        assert!(!has_word(b"* OK no FETCH\r\n", b"FETCH"));
        assert!(!has_word(b"a OK FETCH\r\n", b"FETCH"));
    }
}

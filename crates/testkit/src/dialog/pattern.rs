//! Patterns: text with holes.

use super::template::escape;

/// Text with holes, as it stands behind `S:`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pattern {
    pub(super) pieces: Vec<Piece>,
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Exactly this.
    Text(String),
    /// What a variable holds.
    Variable(String),
    /// A hole, and the variable that remembers what filled it.
    Hole(Hole, Option<String>),
    /// One of these texts.
    OneOf(Vec<String>),
    /// These words up to the end of the list, in any order; with `more`, others too.
    Words { words: Vec<Pattern>, more: bool },
    /// These pairs of a name and a value up to the end of the list, in any order.
    Items { items: Vec<(Pattern, Pattern)>, more: bool },
}

/// What fills a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// Anything, or nothing.
    Any,
    /// Anything but nothing.
    Text,
    /// Digits.
    Number,
    /// One word without spaces, parentheses, brackets and quotes.
    Atom,
    /// A quoted string or a literal.
    String,
}

impl Pattern {
    /// Read a pattern.
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some(start) = rest.find(['<', '$']) {
            let (text, special) = rest.split_at(start);
            push_text(&mut pieces, text);
            rest = match special_piece(special)? {
                Some((piece, after)) => {
                    pieces.push(piece);
                    after
                }
                None => {
                    push_text(&mut pieces, &special[..1]);
                    &special[1..]
                }
            };
        }
        push_text(&mut pieces, rest);
        Ok(Self { pieces })
    }

    /// Add a literal's octets, which match a quoted string of the same content too.
    pub(super) fn push_string(&mut self, octets: &[u8]) {
        push_text(&mut self.pieces, &format!("\"{}\"", escape(octets)));
    }

    /// Add what another pattern asks for.
    pub(super) fn append(&mut self, other: Self) {
        for piece in other.pieces {
            match piece {
                Piece::Text(text) => push_text(&mut self.pieces, &text),
                piece => self.pieces.push(piece),
            }
        }
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

/// A variable or a hole at the start of the text; `None` if `<` or `$` stands for itself.
fn special_piece(text: &str) -> Result<Option<(Piece, &str)>, String> {
    if let Some(inside) = text.strip_prefix("${") {
        let (name, after) = inside.split_once('}').ok_or("a variable without }")?;
        return Ok(Some((Piece::Variable(name.to_owned()), after)));
    }
    let Some((inside, after)) = text.strip_prefix('<').and_then(hole_end) else { return Ok(None) };
    Ok(hole(inside)?.map(|piece| (piece, after)))
}

fn hole_end(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

fn hole(inside: &str) -> Result<Option<Piece>, String> {
    if let Some(list) = inside.strip_prefix("words:") {
        return words(list).map(Some);
    }
    if let Some(list) = inside.strip_prefix("items:") {
        return items(list).map(Some);
    }
    if inside.contains('|') && !inside.contains('@') {
        return Ok(Some(Piece::OneOf(inside.split('|').map(str::to_owned).collect())));
    }
    let (kind, name) = match inside.split_once(':') {
        Some((kind, name)) => (kind, Some(name.to_owned())),
        None => (inside, None),
    };
    let kind = match kind {
        "any" => Hole::Any,
        "text" => Hole::Text,
        "number" => Hole::Number,
        "atom" => Hole::Atom,
        "string" => Hole::String,
        _ => return Ok(None),
    };
    Ok(Some(Piece::Hole(kind, name)))
}

fn words(list: &str) -> Result<Piece, String> {
    let (words, more) = list_of_patterns(list)?;
    Ok(Piece::Words { words, more })
}

fn items(list: &str) -> Result<Piece, String> {
    let (words, more) = list_of_patterns(list)?;
    if words.len() % 2 == 1 {
        return Err(format!("<items:{list}> has a name without a value"));
    }
    let mut words = words.into_iter();
    let items = std::iter::from_fn(|| Some((words.next()?, words.next()?))).collect();
    Ok(Piece::Items { items, more })
}

fn list_of_patterns(list: &str) -> Result<(Vec<Pattern>, bool), String> {
    let mut words = split_words(list.trim(), true).0;
    let more = words.last() == Some(&"...");
    if more {
        words.pop();
    }
    let words = words.into_iter().map(Pattern::parse).collect::<Result<_, _>>()?;
    Ok((words, more))
}

/// The words of a list up to its end (an unmatched `)` or `]`, or the end of the text), and
/// where that is. Spaces inside of quotes, parentheses and brackets do not separate; in the
/// source of a pattern, neither do those inside of holes.
pub(super) fn split_words(text: &str, holes: bool) -> (Vec<&str>, usize) {
    let mut words = Vec::new();
    let (mut start, mut end) = (0, text.len());
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for (at, c) in text.char_indices() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => quoted = true,
            '(' | '[' => depth += 1,
            '<' if holes => depth += 1,
            '>' if holes => depth = depth.saturating_sub(1),
            ')' | ']' if depth == 0 => {
                end = at;
                break;
            }
            ')' | ']' => depth -= 1,
            ' ' if depth == 0 => {
                words.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[start..end]);
    words.retain(|word| !word.is_empty());
    (words, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_told_from_angle_brackets() {
        let pattern =
            Pattern::parse("* <number:n> BODY[]<0> \"<1@example.org>\" $Junk ${n}").unwrap();
        assert_eq!(
            pattern.pieces,
            vec![
                Piece::Text("* ".into()),
                Piece::Hole(Hole::Number, Some("n".into())),
                Piece::Text(" BODY[]<0> \"<1@example.org>\" $Junk ".into()),
                Piece::Variable("n".into()),
            ]
        );
    }

    #[test]
    fn words_end_where_their_list_ends() {
        let text = r#"UID 3 FLAGS (\Seen \Draft) BODY[] "a) \" b") tail"#;
        let (words, end) = split_words(text, false);
        assert_eq!(words, ["UID", "3", "FLAGS", r"(\Seen \Draft)", "BODY[]", r#""a) \" b""#]);
        assert_eq!(&text[end..], ") tail");
    }

    #[test]
    fn a_name_without_a_value_is_refused() {
        assert!(Pattern::parse("<items: UID>").is_err());
    }
}

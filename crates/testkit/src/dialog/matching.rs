//! Whether a line fills a pattern, and whether lines fill a block.

use super::pattern::{Hole, Pattern, Piece, split_words};
use super::{Expected, Forbidden};
use std::collections::BTreeMap;

/// What the holes of a dialog remembered, by name.
pub type Vars = BTreeMap<String, String>;

/// The variables after the line has filled the pattern; `None` if it does not.
pub(super) fn matches(pattern: &Pattern, line: &str, vars: &Vars) -> Option<Vars> {
    pieces_match(&pattern.pieces, line, vars)
}

fn pieces_match(pieces: &[Piece], text: &str, vars: &Vars) -> Option<Vars> {
    let Some((piece, rest)) = pieces.split_first() else {
        return text.is_empty().then(|| vars.clone());
    };
    match piece {
        Piece::Text(want) => pieces_match(rest, text.strip_prefix(want.as_str())?, vars),
        Piece::Variable(name) => {
            pieces_match(rest, text.strip_prefix(vars.get(name)?.as_str())?, vars)
        }
        Piece::OneOf(options) => options
            .iter()
            .find_map(|option| pieces_match(rest, text.strip_prefix(option.as_str())?, vars)),
        Piece::Hole(hole, name) => fillings(*hole, text).into_iter().find_map(|end| {
            let filled = remember(vars, name.as_deref(), &text[..end])?;
            pieces_match(rest, &text[end..], &filled)
        }),
        Piece::Words { words, more } => {
            let (tokens, end) = split_words(text, false);
            let wanted: Vec<Vec<&Pattern>> = words.iter().map(|word| vec![word]).collect();
            let have: Vec<Vec<&str>> = tokens.into_iter().map(|token| vec![token]).collect();
            all_matched(&wanted, &have, *more, vars, &|vars| pieces_match(rest, &text[end..], vars))
        }
        Piece::Items { items, more } => {
            let (tokens, end) = split_words(text, false);
            let wanted: Vec<Vec<&Pattern>> =
                items.iter().map(|(name, value)| vec![name, value]).collect();
            let have: Vec<Vec<&str>> = tokens.chunks(2).map(<[&str]>::to_vec).collect();
            all_matched(&wanted, &have, *more, vars, &|vars| pieces_match(rest, &text[end..], vars))
        }
    }
}

/// Give every wanted group one of its own among those there are, in any order.
fn all_matched(
    wanted: &[Vec<&Pattern>],
    have: &[Vec<&str>],
    more: bool,
    vars: &Vars,
    then: &dyn Fn(&Vars) -> Option<Vars>,
) -> Option<Vars> {
    let Some((first, rest)) = wanted.split_first() else {
        return if more || have.is_empty() { then(vars) } else { None };
    };
    (0..have.len()).find_map(|at| {
        let filled = group_matches(first, &have[at], vars)?;
        let mut left = have.to_vec();
        left.remove(at);
        all_matched(rest, &left, more, &filled, then)
    })
}

fn group_matches(patterns: &[&Pattern], texts: &[&str], vars: &Vars) -> Option<Vars> {
    if patterns.len() != texts.len() {
        return None;
    }
    patterns
        .iter()
        .zip(texts)
        .try_fold(vars.clone(), |vars, (pattern, text)| matches(pattern, text, &vars))
}

/// Bind a name, or compare with what it holds already.
fn remember(vars: &Vars, name: Option<&str>, value: &str) -> Option<Vars> {
    let mut filled = vars.clone();
    if let Some(name) = name
        && let Some(before) = filled.insert(name.to_owned(), value.to_owned())
        && before != value
    {
        return None;
    }
    Some(filled)
}

/// Every length that could fill the hole, the likely ones first.
fn fillings(hole: Hole, text: &str) -> Vec<usize> {
    let ends = || text.char_indices().map(|(at, _)| at).chain([text.len()]);
    match hole {
        Hole::Any => ends().collect(),
        Hole::Text => ends().skip(1).collect(),
        Hole::Number => longest(text, |c| c.is_ascii_digit()),
        Hole::Atom => longest(text, |c| !c.is_ascii_control() && !" ()[]{}\"".contains(c)),
        Hole::String => string_end(text).into_iter().collect(),
    }
}

fn longest(text: &str, fits: impl Fn(char) -> bool) -> Vec<usize> {
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    if end == 0 { Vec::new() } else { vec![end] }
}

fn string_end(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        if c == '"' && !escaped {
            return Some(at + 2);
        }
        escaped = !escaped && c == '\\';
    }
    None
}

/// What a block makes of the untagged lines that came.
pub(super) enum Verdict<'a> {
    /// Every expectation has a line of its own.
    Filled(Vars),
    /// This expectation has none, however the lines are dealt out.
    Missing(&'a Expected),
    /// This line came and must not.
    Forbidden(&'a Forbidden, String),
}

/// Judge the lines of a block.
pub(super) fn judge<'a>(
    expected: &'a [Expected],
    forbidden: &'a [Forbidden],
    lines: &[String],
    vars: &Vars,
) -> Verdict<'a> {
    let mut deal = Deal { expected, lines, furthest: 0 };
    let Some((vars, used)) = deal.from(0, vars, &mut Vec::new()) else {
        let missing = deal.furthest.min(expected.len() - 1);
        return Verdict::Missing(&expected[missing]);
    };
    for rule in forbidden {
        let hit = lines.iter().enumerate().find(|(at, line)| match &rule.pattern {
            Some(pattern) => matches(pattern, line, &vars).is_some(),
            None => !used.contains(at),
        });
        if let Some((_, line)) = hit {
            return Verdict::Forbidden(rule, line.clone());
        }
    }
    Verdict::Filled(vars)
}

/// Deals lines out to expectations, going back where a first choice leads nowhere.
struct Deal<'a> {
    expected: &'a [Expected],
    lines: &'a [String],
    furthest: usize,
}

impl Deal<'_> {
    fn from(
        &mut self,
        at: usize,
        vars: &Vars,
        used: &mut Vec<usize>,
    ) -> Option<(Vars, Vec<usize>)> {
        self.furthest = self.furthest.max(at);
        let Some(wanted) = self.expected.get(at) else {
            return Some((vars.clone(), used.clone()));
        };
        let first = match used.last() {
            Some(previous) if wanted.after_previous => previous + 1,
            _ => 0,
        };
        for line in first..self.lines.len() {
            if used.contains(&line) {
                continue;
            }
            let Some(filled) = matches(&wanted.pattern, &self.lines[line], vars) else { continue };
            used.push(line);
            if let Some(done) = self.from(at + 1, &filled, used) {
                return Some(done);
            }
            used.pop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, line: &str) -> Option<Vars> {
        matches(&Pattern::parse(pattern).unwrap(), line, &Vars::new())
    }

    #[test]
    fn holes_take_what_their_name_says() {
        assert!(check("* <number> EXISTS", "* 12 EXISTS").is_some());
        assert!(check("* <number> EXISTS", "* x EXISTS").is_none());
        assert!(check("a <NO|BAD> <any>", "a BAD what").is_some());
        assert!(check("a <NO|BAD> <any>", "a OK what").is_none());
        assert!(check("<string> <string>", r#""a\" b" "c""#).is_some());
    }

    #[test]
    fn a_name_means_the_same_everywhere() {
        assert_eq!(check("<number:a> <number:b>", "1 2").unwrap()["b"], "2");
        assert!(check("<number:a> <number:a>", "1 1").is_some());
        assert!(check("<number:a> <number:a>", "1 2").is_none());
    }

    #[test]
    fn words_and_items_come_in_any_order_and_no_others_do() {
        assert!(check(r"(<words: \Seen \Draft>)", r"(\Draft \Seen)").is_some());
        assert!(check(r"(<words: \Seen>)", r"(\Draft \Seen)").is_none());
        assert!(check(r"(<words: \Seen ...>)", r"(\Draft \Seen)").is_some());
        assert!(check(r"(<words: >)", r"()").is_some());
        assert!(
            check(r"(<items: UID 3 FLAGS (<words: \Seen>)>)", r"(FLAGS (\Seen) UID 3)").is_some()
        );
        assert!(check(r"(<items: UID 3>)", r"(FLAGS (\Seen) UID 3)").is_none());
    }
}

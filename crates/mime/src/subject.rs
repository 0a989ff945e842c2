//! The base subject (RFC 5256 §2.1).

/// The base subject of a decoded subject, by which messages are threaded and sorted, and whether something was
/// removed that marks a reply or a forward.
///
/// Letters keep their case: how subjects are compared is the collation's business.
#[must_use]
pub fn base_subject(decoded: &str) -> (String, bool) {
    let spaced = collapse_white_space(decoded);
    let mut rest = spaced.as_str();
    let mut was_reply = false;
    loop {
        rest = without_trailers(rest, &mut was_reply);
        rest = without_leaders(rest, &mut was_reply);
        match without_forward(rest) {
            Some(inner) => (rest, was_reply) = (inner, true),
            None => return (rest.to_owned(), was_reply),
        }
    }
}

fn collapse_white_space(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for octet in text.chars() {
        let octet = if matches!(octet, '\t' | '\r' | '\n') { ' ' } else { octet };
        if octet != ' ' || !collapsed.ends_with(' ') {
            collapsed.push(octet);
        }
    }
    collapsed
}

/// Without `(fwd)` and white space at the end.
fn without_trailers<'a>(text: &'a str, was_reply: &mut bool) -> &'a str {
    let mut rest = text.trim_end_matches(' ');
    while let Some(shorter) = strip_suffix(rest, "(fwd)") {
        rest = shorter.trim_end_matches(' ');
        *was_reply = true;
    }
    rest
}

/// Without `Re:`, `Fwd:` and the like, blobs in brackets before them, and blobs that leave something after them.
fn without_leaders<'a>(text: &'a str, was_reply: &mut bool) -> &'a str {
    let mut rest = text.trim_start_matches(' ');
    loop {
        let (last, after) = skip_blobs(rest);
        match reply_or_forward(after) {
            Some(shorter) => {
                rest = shorter.trim_start_matches(' ');
                *was_reply = true;
            }
            None if after.is_empty() => return last,
            None => return after,
        }
    }
}

/// Skip `[...]` blobs: what begins with the last of them, and what is after it. Both are the whole if there is none.
fn skip_blobs(text: &str) -> (&str, &str) {
    let (mut last, mut rest) = (text, text);
    while let Some(after) = blob(rest) {
        (last, rest) = (rest, after);
    }
    (last, rest)
}

/// What is after a blob and the white space that follows it.
fn blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    Some(inner.get(end..)?.strip_prefix(']')?.trim_start_matches(' '))
}

/// What is after `re`, `fw` or `fwd` with its colon.
fn reply_or_forward(text: &str) -> Option<&str> {
    let word = ["re", "fwd", "fw"].into_iter().find_map(|word| strip_prefix(text, word))?;
    let word = word.trim_start_matches(' ');
    blob(word).unwrap_or(word).strip_prefix(':')
}

/// What is in `[fwd: ...]`.
fn without_forward(text: &str) -> Option<&str> {
    strip_prefix(text, "[fwd:")?.strip_suffix(']')
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_replies_and_forwards_go() {
        for subject in [
            "Re: x y",
            "RE:x  y",
            "re : x\ty ",
            "Fw: x y",
            "fwd: x y",
            "Re[2]: x y",
            "Re [list]: x y",
            "[list] Re: x y",
            "Re: [list] Fwd: x y",
            "Re: Re: [a] [b] x y",
            "x y (fwd)",
            "x y (FWD) (fwd) ",
            "[Fwd: x y]",
            "[Fwd: Re: x y (fwd)]",
            "Re: [fwd: [list] x y]",
        ] {
            assert_eq!(base_subject(subject), ("x y".to_owned(), true), "{subject}");
        }
    }

    #[test]
    fn other_subjects_lose_blobs_and_spaces_only() {
        for (subject, base) in [
            ("x", "x"),
            ("  [list]  [other] x  ", "x"),
            ("[only]", "[only]"),
            ("[a] [only]", "[only]"),
            ("[open x", "[open x"),
            ("Regarding: x", "Regarding: x"),
            ("Re x", "Re x"),
            ("ä (fw)", "ä (fw)"),
            ("[a]]", "]"),
            ("", ""),
        ] {
            assert_eq!(base_subject(subject), (base.to_owned(), false), "{subject}");
        }
        assert_eq!(base_subject("Re:"), (String::new(), true));
        assert_eq!(base_subject("Re: [only]"), ("[only]".to_owned(), true));
    }

    #[test]
    fn long_runs_take_linear_time() {
        for (pattern, count) in
            [("[a]", 300_000), ("Re: ", 200_000), ("[fwd:", 100_000), ("(fwd)", 100_000)]
        {
            let (base, _) = base_subject(&pattern.repeat(count));
            assert!(base.len() <= pattern.len() * count);
        }
        let nested = "[fwd: ".repeat(50_000) + "x" + &"]".repeat(50_000);
        assert_eq!(base_subject(&nested), ("x".to_owned(), true));
    }
}

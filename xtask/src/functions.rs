//! How long functions are, by a simple scan: from `fn` to the brace that closes it.

/// A function and its length in lines, signature and braces included.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: usize,
}

/// The functions of a file of formatted Rust: the closing brace stands under the `fn` line.
pub(crate) fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate();
    starts
        .filter_map(|(at, line)| Some((at, name(line)?)))
        .filter_map(|(at, name)| {
            let indent = lines[at].len() - lines[at].trim_start().len();
            let lines = length(&lines[at..], indent)?;
            Some(Function { name: name.to_owned(), lines })
        })
        .collect()
}

fn name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let modifiers = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern"];
    let only_modifiers = before
        .split_whitespace()
        .all(|word| modifiers.contains(&word) || word.starts_with("pub(in"));
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (only_modifiers && end > 0).then(|| &after[..end])
}

fn length(lines: &[&str], indent: usize) -> Option<usize> {
    if lines.first()?.trim_end().ends_with('}') {
        return Some(1);
    }
    for (index, line) in lines.iter().enumerate() {
        let here = line.len() - line.trim_start().len();
        if here == indent && line.trim_end().ends_with(';') {
            return None;
        }
        if here == indent && line.trim() == "}" {
            return Some(index + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_signature_to_brace() {
        let text = "pub(crate) fn one() {}\n\nasync fn two(\n    a: u8,\n) -> u8 {\n    a\n}\n\ntrait T {\n    fn none(&self);\n}\n";
        let found = functions(text);
        let expected =
            [("one", 1), ("two", 5)].map(|(name, lines)| Function { name: name.into(), lines });
        assert_eq!(found, expected);
    }
}

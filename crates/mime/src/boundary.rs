//! Boundary lines of multiparts (RFC 2046 §5.1.1).

/// A line that is a boundary of one of the multiparts that are open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Delimiter {
    /// Which of the boundaries.
    pub(crate) index: usize,
    /// Whether it closes the multipart.
    pub(crate) closes: bool,
}

/// What a line delimits, the boundaries of the open multiparts being given from the outermost on.
///
/// A line need only begin with the boundary. Where the line begins with several, the longest is meant, so that
/// `ab` is not taken for `a`; of equal ones the innermost.
pub(crate) fn find<'a>(
    line: &[u8],
    boundaries: impl Iterator<Item = (usize, &'a [u8])>,
) -> Option<Delimiter> {
    let text = line.strip_prefix(b"--")?;
    let (index, boundary) = boundaries
        .filter(|(_, boundary)| text.starts_with(boundary))
        .max_by_key(|(_, boundary)| boundary.len())?;
    let closes = text.get(boundary.len()..).is_some_and(|rest| rest.starts_with(b"--"));
    Some(Delimiter { index, closes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimits(line: &str, boundaries: &[&str]) -> Option<(usize, bool)> {
        let boundaries = boundaries.iter().map(|text| text.as_bytes()).enumerate();
        find(line.as_bytes(), boundaries).map(|found| (found.index, found.closes))
    }

    #[test]
    fn a_line_need_only_begin_with_the_boundary() {
        assert_eq!(delimits("--a", &["a"]), Some((0, false)));
        assert_eq!(delimits("--a \t", &["a"]), Some((0, false)));
        assert_eq!(delimits("--a--", &["a"]), Some((0, true)));
        assert_eq!(delimits("--a-- x", &["a"]), Some((0, true)));
        assert_eq!(delimits("-a", &["a"]), None);
        assert_eq!(delimits(" --a", &["a"]), None);
        assert_eq!(delimits("--", &["a"]), None);
    }

    #[test]
    fn the_longest_wins_then_the_innermost() {
        assert_eq!(delimits("--ab", &["a", "ab"]), Some((1, false)));
        assert_eq!(delimits("--ab", &["ab", "a"]), Some((0, false)));
        assert_eq!(delimits("--ac", &["a", "ab"]), Some((0, false)));
        assert_eq!(delimits("--a--", &["a", "a"]), Some((1, true)));
        assert_eq!(delimits("--a--", &["a", "a--"]), Some((1, false)));
    }
}

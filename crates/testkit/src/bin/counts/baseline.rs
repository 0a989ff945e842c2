//! What is committed: a line for each operation, its name and its instructions.

use crate::Fallible;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How much more an operation may cost than was committed, in percent.
const ALLOWED_PERCENT: u64 = 10;

const HEAD: &str = "# Instructions of one command, row or message, by operation. Written by: \
                    cargo run --profile counts -p rookery-testkit --bin counts -- --renew\n";

/// The instructions of each operation.
#[derive(Default)]
pub(crate) struct Baseline {
    counts: BTreeMap<String, u64>,
}

impl Baseline {
    pub(crate) fn read() -> Fallible<Self> {
        let text = std::fs::read_to_string(path())?;
        let mut counts = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, count) = line.split_once(' ').ok_or_else(|| format!("what is {line}?"))?;
            counts.insert(name.to_owned(), count.trim().parse()?);
        }
        Ok(Self { counts })
    }

    pub(crate) fn write(&self) -> Fallible<()> {
        let lines = self.counts.iter().map(|(name, count)| format!("{name} {count}\n"));
        Ok(std::fs::write(path(), HEAD.to_owned() + &lines.collect::<String>())?)
    }

    pub(crate) fn set(&mut self, name: &str, count: u64) {
        self.counts.insert(name.to_owned(), count);
    }

    pub(crate) fn of(&self, name: &str) -> Option<u64> {
        self.counts.get(name).copied()
    }

    /// What is wrong with this count.
    pub(crate) fn complaint(&self, name: &str, count: u64) -> Option<String> {
        match self.of(name) {
            None => Some(format!("{name} is not in {}", path().display())),
            Some(committed) => (count * 100 > committed * (100 + ALLOWED_PERCENT)).then(|| {
                format!("{name} takes more than {ALLOWED_PERCENT} % more instructions than it did")
            }),
        }
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ci/counts.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_allowed_and_no_more() {
        let mut baseline = Baseline::default();
        baseline.set("noop", 1000);
        assert_eq!(baseline.complaint("noop", 1100), None);
        assert!(baseline.complaint("noop", 1101).is_some_and(|text| text.contains("noop")));
        assert!(baseline.complaint("new", 1).is_some());
    }
}

//! What a check found, in words for whoever keeps the server.

use crate::limits::MAX_FINDINGS;

/// What a check of an account found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Segments that were read.
    pub segments: u64,
    /// Frames that were read and verified.
    pub changes: u64,
    /// Octets of the segments that were read.
    pub octets: u64,
    /// Messages in the account's mailboxes, as far as the log or the index snapshots tell.
    pub messages: u64,
    /// What was found, the first of it if it is much.
    pub findings: Vec<Finding>,
    /// How many more findings there are. Notes are not counted.
    pub left_out: u64,
    /// Whether the log was begun anew without changes that could not be read: nobody can say any more all that they
    /// were. Later reports do not know of it.
    pub lost_changes: bool,
}

/// How bad something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Nothing is wrong: a crash leaves such things, and the server sees to them.
    Note,
    /// Something is not as it should be.
    Wrong,
}

/// One thing that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, below the account's directory, and where in it.
    pub place: String,
    /// What is there.
    pub what: String,
    /// The messages that it concerns, as far as they are known.
    pub concerns: Vec<Concern>,
    /// What the server does about it, or what has to be done.
    pub consequence: String,
    /// What was done about it.
    pub mended: Option<String>,
}

/// Messages of a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Concern {
    /// The mailbox.
    pub mailbox: String,
    /// Their UIDs, as a set; the first of them if they are many.
    pub uids: String,
}

impl Report {
    /// Whether nothing is wrong, or what was is mended.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let is_good =
            |finding: &Finding| finding.severity == Severity::Note || finding.mended.is_some();
        self.left_out == 0 && self.findings.iter().all(is_good)
    }

    pub(super) fn add(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.left_out += u64::from(finding.severity == Severity::Wrong);
        }
    }
}

impl Finding {
    pub(super) fn new(
        severity: Severity,
        place: impl Into<String>,
        what: impl Into<String>,
        consequence: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            place: place.into(),
            what: what.into(),
            concerns: Vec::new(),
            consequence: consequence.into(),
            mended: None,
        }
    }

    pub(super) fn wrong(
        place: impl Into<String>,
        what: impl Into<String>,
        consequence: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Wrong, place, what, consequence)
    }

    pub(super) fn note(
        place: impl Into<String>,
        what: impl Into<String>,
        consequence: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Note, place, what, consequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_findings_are_listed_and_the_others_counted() {
        let mut report = Report::default();
        for number in 0..MAX_FINDINGS + 3 {
            report.add(Finding::new(Severity::Wrong, number.to_string(), "", ""));
        }
        report.add(Finding::new(Severity::Note, "", "", ""));
        assert_eq!((report.findings.len(), report.left_out), (MAX_FINDINGS, 3));
        assert!(!report.is_good());
    }
}

//! How a dialog failed, for people.

use std::fmt;
use std::path::PathBuf;

/// A dialog that went otherwise than its file says.
#[derive(Debug)]
pub struct Failure {
    /// The dialog's file.
    pub path: PathBuf,
    /// The line that was not fulfilled.
    pub line: usize,
    /// What was wanted, in words.
    pub wanted: String,
    /// The lines of the server that were judged.
    pub came: Vec<String>,
    /// What happened besides, if it is no line: a timeout, a closed connection.
    pub besides: Option<String>,
}

/// The longest line that a report shows whole, in characters.
const SHOWN: usize = 400;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}: {}", self.path.display(), self.line, self.wanted)?;
        if self.came.is_empty() && self.besides.is_none() {
            writeln!(f, "    but nothing came")?;
        }
        for line in &self.came {
            writeln!(f, "    came: {}", shortened(line))?;
        }
        if let Some(besides) = &self.besides {
            writeln!(f, "    {besides}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

fn shortened(line: &str) -> String {
    if line.chars().count() <= SHOWN {
        return line.to_owned();
    }
    line.chars().take(SHOWN).chain("...".chars()).collect()
}

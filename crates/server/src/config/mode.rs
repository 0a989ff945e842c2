//! Who may reach a socket in the file system.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The mode of a file, in octal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Mode(pub(crate) u32);

/// The text is no mode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ModeError(String);

impl fmt::Display for ModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no mode: write it in octal digits, like \"0660\"", self.0)
    }
}

impl std::error::Error for ModeError {}

impl TryFrom<String> for Mode {
    type Error = ModeError;

    fn try_from(text: String) -> Result<Self, ModeError> {
        let is_octal = text.bytes().all(|octet| (b'0'..=b'7').contains(&octet));
        let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| is_octal && *mode <= 0o777);
        mode.map(Self).ok_or(ModeError(text))
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        format!("{:04o}", mode.0)
    }
}

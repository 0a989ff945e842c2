//! Passwords: read or made up.

use crate::failure::Failure;
use rookery_auth::limits::MAX_PASSWORD_LEN;
use rookery_auth::password::is_well_known;
use std::io::{Read, Write};

/// Letters and digits that are not mistaken for each other: 32, so that five random bits choose one.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The first line of standard input.
pub(super) fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let limit = MAX_PASSWORD_LEN as u64 + 2;
    let read = std::io::stdin().lock().take(limit).read_to_string(&mut text);
    read.map_err(|error| Failure::io("reading the password from standard input", &error))?;
    let line = text.split(['\r', '\n']).next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::new("there is no password on standard input"));
    }
    if is_well_known(line.as_bytes()) {
        // Whoever does not see it hears it from the client.
        let _ = writeln!(
            std::io::stderr(),
            "warning: attackers try this password first, so it opens the account on this machine only; \
             `rookery account passwd` makes up a better one"
        );
    }
    Ok(line.to_owned())
}

/// A password of 80 random bits that can be read aloud.
pub(crate) fn generate() -> Result<String, Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::new(format!("the system has no random numbers: {error}")))?;
    let letter = |octet: u8| char::from(LETTERS[usize::from(octet % 32)]);
    let groups = random.chunks(4).map(|group| group.iter().copied().map(letter).collect());
    Ok(groups.collect::<Vec<String>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert_eq!(one.len(), 19);
        assert_ne!(one, two);
    }
}

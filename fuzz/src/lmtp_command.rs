//! A line of LMTP is a command or gets a reply, and its addresses mean the same when they are written down again.

use rookery_lmtp::{Command, Path};

/// Panics unless the address, put between brackets, is read as it is.
fn assert_kept(path: &Path) {
    assert!(!path.text.chars().any(char::is_control), "{:?}", path.text);
    let again = Command::parse(format!("RCPT TO:<{}>", path.text).as_bytes());
    assert_eq!(again, Ok(Command::Rcpt(path.clone())));
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    match Command::parse(input) {
        Ok(Command::Rcpt(path)) => assert_kept(&path),
        Ok(Command::Mail(mail)) => mail.sender.iter().for_each(assert_kept),
        Ok(Command::Lhlo(name)) => assert!(!name.is_empty()),
        _ => {}
    }
}

//! Files that others wrote, for the importer and the administrator: read or refused, and what is read is sound.

use rookery_mail::Flag;
use rookery_server::fuzzing;

fn assert_lines_end_with_crlf(octets: &[u8]) {
    let bare = octets.iter().enumerate().any(|(at, octet)| {
        *octet == b'\n' && at.checked_sub(1).and_then(|before| octets.get(before)) != Some(&b'\r')
    });
    assert!(!bare, "{}", String::from_utf8_lossy(octets));
}

fn mbox(octets: &[u8]) {
    let Ok((messages, taken)) = fuzzing::mbox(octets) else { return };
    assert!(taken <= octets.len() as u64);
    for message in messages {
        assert_lines_end_with_crlf(&message.octets);
        assert!(message.flags.iter().all(|flag| Flag::parse(flag).is_ok()), "{:?}", message.flags);
    }
}

fn crlf(octets: &[u8]) {
    let whole = fuzzing::with_crlf(octets, octets.len().max(1));
    assert_lines_end_with_crlf(&whole);
    assert!(fuzzing::with_crlf(octets, 1) == whole && fuzzing::with_crlf(&whole, 3) == whole);
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let Some((&kind, octets)) = input.split_first() else { return };
    match (kind % 6, std::str::from_utf8(octets)) {
        (0, _) => mbox(octets),
        (1, _) => crlf(octets),
        (2, Ok(text)) => {
            let (name, keywords) = text.split_once('\n').unwrap_or((text, ""));
            let flags = fuzzing::maildir_flags(name, keywords);
            assert!(flags.iter().all(|flag| Flag::parse(flag).is_ok()), "{flags:?}");
            let _any = fuzzing::maildir_mailbox(name);
        }
        (3, Ok(text)) => {
            for (line, name, password) in fuzzing::passwd_file(text) {
                assert!(
                    line <= text.lines().count() && !name.contains(':') && !password.contains(':')
                );
            }
        }
        (4, Ok(text)) => drop(fuzzing::config(text)),
        (5, Ok(text)) => drop(fuzzing::account_file(text)),
        _ => {}
    }
}

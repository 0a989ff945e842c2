//! A conversation in LMTP ends, its replies do not depend on cuts, and whatever was taken lies in a mailbox.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_fuzz::{LmtpHeard, deliver};

fuzz_target!(|input: &[u8]| {
    let Some((&cut, input)) = input.split_first() else { return };
    let whole = deliver(&[input]);
    let pieces: Vec<&[u8]> = input.chunks(usize::from(cut) + 1).collect();
    let LmtpHeard { replies, messages } = &whole;
    for line in replies.strip_suffix("\r\n").expect("whole lines").split("\r\n") {
        let (code, rest) = line.split_at_checked(3).expect("a code");
        assert!(code.parse::<u16>().is_ok_and(|code| (200..600).contains(&code)), "{line:?}");
        assert!(rest.starts_with([' ', '-']) && !line.contains(['\r', '\n']), "{line:?}");
    }
    assert_eq!(replies.matches("250 2.0.0 Delivered\r\n").count(), messages.len());
    assert!(deliver(&pieces) == whole, "{replies}");
});

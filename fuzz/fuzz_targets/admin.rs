//! Requests of an administrator's program, whatever they are: every answer is one, and the connection ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_fuzz::administer;

/// What stands between two frames whose lengths are right.
const BETWEEN: u8 = 0xff;

fuzz_target!(|input: &[u8]| {
    let Some((&framed, octets)) = input.split_first() else { return };
    if framed % 4 == 0 {
        return administer(octets);
    }
    let mut frames = Vec::new();
    for frame in octets.split(|octet| *octet == BETWEEN) {
        frames.extend(u32::try_from(frame.len()).expect("a short input").to_be_bytes());
        frames.extend(frame);
    }
    administer(&frames);
});

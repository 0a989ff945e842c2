//! Clients of one account say anything in any state: their conversations end, and every answer is one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_fuzz::{packets, play};

fuzz_target!(|input: &[u8]| {
    play(&packets(input));
});

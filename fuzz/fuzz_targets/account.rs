//! An account whose files say anything, with right checksums or wrong: it opens or not, and its neighbour does.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_fuzz::{damage, read_back};

fuzz_target!(|input: &[u8]| read_back(&damage(input)));

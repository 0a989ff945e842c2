//! What a client should have compressed: the answers are the same however it is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_fuzz::{MOMENT, Packet, State, play};

/// The last words to who does not compress.
const BROKEN: &[u8] = b"* BYE That was not compressed as it should have been\r\n";

fuzz_target!(|input: &[u8]| {
    let packet = |cut, octets| {
        let state = State::Compressed;
        Packet { client: 0, state, cut, raw: true, rest: MOMENT, octets }
    };
    let (first, second) = input.split_at(input.len() / 2);
    let [whole, _] = play(&[packet(false, input)]);
    let [halves, _] = play(&[packet(false, first), packet(false, second)]);
    let [octets, _] = play(&[packet(true, input)]);
    // How much is understood before it breaks depends on the cuts.
    if whole.ends_with(BROKEN) {
        return;
    }
    for cut in [halves, octets] {
        let shown = (String::from_utf8_lossy(&whole), String::from_utf8_lossy(&cut));
        assert!(whole == cut, "{}\nbut where it is cut:\n{}", shown.0, shown.1);
    }
});

//! What a client should have compressed: the answers are the same however it is cut.

use crate::session::{MOMENT, Packet, State, play};

/// The last words to who does not compress.
const BROKEN: &[u8] = b"* BYE That was not compressed as it should have been\r\n";

/// How often answers may differ before that is believed: some tell times, and a second may end in between.
const TRIES: usize = 3;

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    if let Some(difference) = (0..TRIES).map_while(|_| difference(input)).nth(TRIES - 1) {
        panic!("{difference}");
    }
}

/// Whole answers, and others where the input is cut.
fn difference(input: &[u8]) -> Option<String> {
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
        return None;
    }
    let other = [halves, octets].into_iter().find(|it| *it != whole)?;
    let [whole, other] = [whole, other].map(|it| String::from_utf8_lossy(&it).into_owned());
    Some(format!("{whole}\nbut where it is cut:\n{other}"))
}

//! Every name survives the wire; every wire name means something.

use rookery_imap_wire::WireMailbox;

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let wire = WireMailbox(input.to_vec());
    let Ok(text) = std::str::from_utf8(input) else {
        assert!(wire.decode(false).is_err() && wire.decode(true).is_err());
        return;
    };
    let encoded = WireMailbox::encode(text, false);
    assert!(encoded.0.iter().all(|octet| (b' '..=b'~').contains(octet)));
    assert_eq!(encoded.decode(false).as_deref(), Ok(text));
    assert_eq!(WireMailbox::encode(text, true).decode(true).as_deref(), Ok(text));
    let meaning = wire.decode(false).expect("UTF-8 always means something");
    assert_eq!(WireMailbox::encode(&meaning, false).decode(false), Ok(meaning));
}

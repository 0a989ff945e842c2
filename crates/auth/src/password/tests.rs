use super::*;
use proptest::prelude::*;

fn verify(stored: &str, password: &[u8]) -> bool {
    super::verify(stored, password, &mut Memory::default())
}

fn hash(password: impl AsRef<[u8]>) -> String {
    super::hash(password, &mut Memory::default()).unwrap()
}

/// "tulip bulb", hashed by other programs: crypt(3), OpenSSL, Python's hashlib, doveadm.
const FOREIGN: &[&str] = &[
    "$5$rounds=5000$abcdefgh$jwNyDELKaoaK/niLvRFJo.MVcEYKD0lK/iPTAT58GMC",
    "{SHA512-CRYPT}$6$saltsalt$d7PoViH6NvNusUKlqSR5om7bFDVmhxVGQgWjxMk8OcXdl0Hnayl6lcSFE1URIfg5OqGhXIeHkiIF1fpQ1qa0A.",
    "{CRYPT}$6$rounds=10000$Qw12$Djzbzu1XeDeeVe7SpnXWHeJXGL8TUtrs/cHCFYLxuTxwLCX4tqZcVHjRPESMEWO7AMDoD01xNAvfwse79UuA91",
    "{sha256-crypt}$5$abcdefgh$jwNyDELKaoaK/niLvRFJo.MVcEYKD0lK/iPTAT58GMC",
    "$2y$05$abcdefghijklmnopqrstuuTiG8TEoGUTr8MEjkxwEzyof3AeDHHPW",
    "$2b$06$abcdefghijklmnopqrstuu1LvOsIIQtC1sGC2/F9VjJjbjMVbILvC",
    "{SSHA256}3vT+Stu7jZP2isJfPYW7e4eQ1UG35FviB6ikU1RJ7TMBAnNhbHQ=",
    "{SSHA512}XOT7VyGOJYkJcboYYnzewfA8b8vaiceFs9ssbG7P/RkclnJGFJbcyTdQCsYKObmcc4toXWC/kel4daOXgqd8SAECc2FsdA==",
    "{SCRAM-SHA-256}4096,MDEyMzQ1Njc4OWFiY2RlZg==,1RNc/LwPmdfZuRkh/vBx5iv+tvcK8Ri1G3P21G0I20I=,W2D48HW7wvuLb2zmldM/uadolaDYC37WtfxBTcxiSBY=",
    "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$O5LaeYLa98XtB4TUq9P09Q$t/ouRPm7ogcZF3DupCXhgKQy3gG8bujlBNdB57uK9H8",
    "{BLF-CRYPT}$2y$05$eoLUqepuyz6dpJfGkvBKSexf1Di/KuhTtW1ZbsgG5pZ4dgZgOU7/a",
    "{SCRAM-SHA-256}4096,/mOTYHmrBjSgg54AU1ZuBQ==,KNwh5NJtdUizqg/BItYOy/xQpBqIIkvVpvR28P+9UhQ=,kbwv03s/4Qb5zH9++cPvXGqFIKSn+2ru9C4pJlhEfBY=",
    "{SSHA512}lnoKJnMDSM+YHiyqLuU4tI8DrJhkSoiW89FVT3Fs7NjOvOlGjuFyocUQfCuL4oxe3J7D5k3+bylVhUGrEzMqSXA4u1s=",
    "{SHA512-CRYPT}$6$m6eqabOvDImj5VA9$Mwz7XbNjOqtCa3VDhaB6s0muN27PHS.ZmcD.LTfSXtoyn6iDn63zgKRWlF40jAWkko92Mlpps1i40ORQFo3Eq0",
    "{PLAIN}tulip bulb",
];

#[test]
fn hashes_of_other_programs_are_checked() {
    for stored in FOREIGN {
        assert!(verify(stored, b"tulip bulb"), "{stored}");
        assert!(!verify(stored, b"tulip bulbs"), "{stored}");
        assert!(!verify(stored, b""), "{stored}");
    }
}

#[test]
fn the_empty_password_opens_nothing() {
    assert_eq!("{PLAIN}".parse::<StoredPassword>().err(), Some(HashError::Malformed));
    // SASLprep leaves nothing of the second one.
    for stored in [hash(""), "{SSHA256}Y0ea1poJCyWCd+yPum+ZQZov+ySJgVEGV8lEzNEUjpdzYWx0".to_owned()]
    {
        assert!(!verify(&stored, b"") && !verify(&stored, "\u{ad}".as_bytes()), "{stored}");
    }
}

#[test]
fn own_hashes_are_checked_and_salted() {
    let (one, two) = (hash("tulip"), hash(b"tulip"));
    assert!(one.starts_with("{ARGON2ID}$argon2id$"), "{one}");
    assert_ne!(one, two);
    assert!(verify(&one, b"tulip") && verify(&two, b"tulip") && !verify(&one, b"tulips"));
}

#[test]
fn hashes_of_others_are_told_from_our_own() {
    let is_current = |stored: &str| stored.parse::<StoredPassword>().unwrap().is_current();
    assert!(is_current(&hash("tulip")) && is_current(NOBODY));
    assert!(!FOREIGN.iter().any(|stored| is_current(stored)));
    let stronger = NOBODY.replace("t=2", "t=3");
    assert!(!is_current(&stronger), "one that costs more tells as well");
}

#[test]
fn passwords_are_compared_as_saslprep_prepares_them() {
    let stored = hash("na\u{ef}ve\u{ad}");
    assert!(verify(&stored, "nai\u{308}ve".as_bytes()));
    assert!(verify("{PLAIN}na\u{ef}ve", "nai\u{308}ve".as_bytes()));
    assert!(!verify(&stored, b"naive"));
}

#[test]
fn what_is_too_costly_is_refused_before_it_is_tried() {
    use crate::limits::*;
    let argon2 = |memory, passes, lanes| {
        let digest = "c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        format!("{{ARGON2ID}}$argon2id$v=19$m={memory},t={passes},p={lanes}${digest}")
    };
    let passes = u32::try_from(MAX_ARGON2_WORK).unwrap() / MAX_ARGON2_MEMORY;
    let sha = |rounds| {
        let digest = "d7PoViH6NvNusUKlqSR5om7bFDVmhxVGQgWjxMk8OcXdl0Hnayl6lcSFE1URIfg5OqGhXIeHkiIF1fpQ1qa0A.";
        format!("$6$rounds={rounds}$saltsalt${digest}")
    };
    let bcrypt =
        |cost| format!("$2y${cost:02}$abcdefghijklmnopqrstuuTiG8TEoGUTr8MEjkxwEzyof3AeDHHPW");
    let scram = |iterations| {
        let keys = "1RNc/LwPmdfZuRkh/vBx5iv+tvcK8Ri1G3P21G0I20I=,W2D48HW7wvuLb2zmldM/uadolaDYC37WtfxBTcxiSBY=";
        format!("{{SCRAM-SHA-256}}{iterations},MDEy,{keys}")
    };
    for (most, more) in [
        (argon2(MAX_ARGON2_MEMORY, 1, 1), argon2(MAX_ARGON2_MEMORY + 1, 1, 1)),
        (argon2(MAX_ARGON2_MEMORY, passes, 1), argon2(MAX_ARGON2_MEMORY, passes + 1, 1)),
        (argon2(1024, 1, MAX_ARGON2_LANES), argon2(1024, 1, MAX_ARGON2_LANES + 1)),
        (argon2(1024, 1, 1), argon2(65_536, u32::MAX, 1)),
        (sha(MAX_SHA_CRYPT_ROUNDS), sha(MAX_SHA_CRYPT_ROUNDS + 1)),
        (bcrypt(MAX_BCRYPT_COST), bcrypt(MAX_BCRYPT_COST + 1)),
        (scram(MAX_SCRAM_ITERATIONS), scram(MAX_SCRAM_ITERATIONS + 1)),
    ] {
        assert!(most.parse::<StoredPassword>().is_ok(), "{most}");
        assert_eq!(more.parse::<StoredPassword>().err(), Some(HashError::TooCostly), "{more}");
    }
}

#[test]
fn what_is_not_understood_is_named() {
    let error = |stored: &str| stored.parse::<StoredPassword>().err();
    for (stored, scheme) in [("{MD5}abc", "{MD5}"), ("$1$ab$cd", "$1$"), ("$y$j9T$ab", "$y$")] {
        assert_eq!(error(stored), Some(HashError::UnknownScheme(scheme.to_owned())));
    }
    let long = format!("{{PLAIN}}{}", "x".repeat(crate::limits::MAX_HASH_LEN));
    for stored in
        ["", "tulip", "{PLAIN", "{SSHA256}YWJj", "{SSHA512}*", "{SCRAM-SHA-256}1,2", &long]
    {
        assert_eq!(error(stored), Some(HashError::Malformed), "{stored}");
    }
}

#[test]
fn the_hash_of_nobody_costs_what_ours_costs() {
    let cost = |stored: &str| match stored.parse::<StoredPassword>().map(|stored| stored.0) {
        Ok(Kind::Argon2id(hash)) => hash.cost(),
        _ => panic!("no argon2 hash: {stored}"),
    };
    assert_eq!(cost(NOBODY), cost(&hash("x")));
}

proptest! {
    #[test]
    fn any_stored_text_is_checked_or_refused(
        scheme in prop::sample::select(vec![
            "", "{PLAIN}", "{SSHA256}", "{BLF-CRYPT}$2y$05$", "$6$", "$5$rounds=1000$",
            "{SCRAM-SHA-256}1,", "{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$",
        ]),
        rest in "\\PC{0,60}",
    ) {
        let stored = format!("{scheme}{rest}");
        let matches = verify(&stored, b"not the password");
        prop_assert!(!matches || stored.contains("not the password"));
    }
}

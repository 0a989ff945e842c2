//! What a picture does not take for true. Without this, pictures would be right whatever servers say.

use crate::picture::{Asked, Dialect, Picture, Verdict};
use rookery_imap_wire::Response;

const PLAIN: Dialect = Dialect { condstore: false, qresync: false, rev2: false, uid_only: false };

const QRESYNC: Dialect = Dialect { condstore: true, qresync: true, ..PLAIN };

const REV2: Dialect = Dialect { rev2: true, ..PLAIN };

const UIDONLY: Dialect = Dialect { uid_only: true, ..PLAIN };

const NUMBERS: Asked = Asked {
    hold: true,
    untold: false,
    earlier: false,
    flags: false,
    since: None,
    silent: None,
    at_ok: false,
};

/// The verdict on the last of these responses; those before it are fine.
fn verdict(dialect: Dialect, asked: &Asked, responses: &[&str]) -> Verdict {
    let mut picture = Picture::new(dialect);
    let mut last = Ok(());
    for response in responses {
        assert_eq!(last, Ok(()), "before {response}");
        let response = Response::parse(response.as_bytes()).expect("a response");
        last = picture.apply(&response, asked);
    }
    last
}

fn refuses(dialect: Dialect, asked: &Asked, responses: &[&str]) {
    assert!(verdict(dialect, asked, responses).is_err(), "{responses:?}");
}

#[test]
fn expunges_at_the_wrong_time() {
    refuses(Dialect::default(), &NUMBERS, &["* 2 EXISTS", "* 1 EXPUNGE"]);
    refuses(QRESYNC, &NUMBERS, &["* 2 EXISTS", "* VANISHED 7"]);
}

#[test]
fn expunges_in_the_wrong_words() {
    let any = Asked::default();
    refuses(QRESYNC, &any, &["* 2 EXISTS", "* 1 EXPUNGE"]);
    refuses(Dialect::default(), &any, &["* 2 EXISTS", "* VANISHED 7"]);
    refuses(QRESYNC, &any, &["* 2 EXISTS", "* VANISHED (EARLIER) 7"]);
    let earlier = Asked { earlier: true, flags: true, ..Asked::default() };
    refuses(QRESYNC, &earlier, &["* 2 EXISTS", "* 1 FETCH (UID 8)", "* VANISHED (EARLIER) 7"]);
}

#[test]
fn expunges_of_nothing() {
    let any = Asked::default();
    refuses(Dialect::default(), &any, &["* 2 EXISTS", "* 3 EXPUNGE"]);
    refuses(QRESYNC, &any, &["* 1 EXISTS", "* 1 FETCH (UID 8)", "* VANISHED 7"]);
    refuses(QRESYNC, &any, &["* 1 EXISTS", "* VANISHED 7:8"]);
}

#[test]
fn numbers_that_change() {
    let any = Asked::default();
    let named = ["* 3 EXISTS", "* 2 FETCH (UID 8)"];
    for response in ["* 2 EXISTS", "* 2 FETCH (UID 9)", "* 3 FETCH (UID 8)", "* 4 FETCH (UID 9)"] {
        refuses(REV2, &any, &[named[0], named[1], response]);
    }
    assert_eq!(
        verdict(REV2, &any, &[named[0], named[1], "* 1 EXPUNGE", "* 1 FETCH (UID 8)"]),
        Ok(())
    );
}

#[test]
fn modification_sequences_that_fall_or_are_missing() {
    let any = Asked::default();
    let later = "* 1 FETCH (UID 8 FLAGS () MODSEQ (9))";
    refuses(QRESYNC, &any, &["* 1 EXISTS", later, "* 1 FETCH (UID 8 FLAGS () MODSEQ (8))"]);
    refuses(QRESYNC, &any, &["* 1 EXISTS", "* 1 FETCH (UID 8 FLAGS ())"]);
    let since = Asked { since: Some(9), ..Asked::default() };
    refuses(QRESYNC, &since, &["* 1 EXISTS", later]);
}

#[test]
fn what_revision_2_has_no_more() {
    refuses(REV2, &Asked::default(), &["* 1 EXISTS", "* 0 RECENT"]);
    refuses(REV2, &Asked::default(), &["* 1 EXISTS", "* 1 FETCH (FLAGS (\\Recent))"]);
    refuses(Dialect::default(), &Asked::default(), &["* 1 EXISTS", "* 2 RECENT"]);
}

#[test]
fn flags_that_the_mailbox_does_not_have() {
    let any = Asked::default();
    let told = ["* FLAGS (\\Seen one)", "* 1 EXISTS", "* 1 FETCH (FLAGS (\\Seen ONE))"];
    assert_eq!(verdict(PLAIN, &any, &told), Ok(()));
    refuses(PLAIN, &any, &[told[0], told[1], "* 1 FETCH (FLAGS (\\Seen two))"]);
    refuses(PLAIN, &any, &[told[0], "* FLAGS (\\Seen two)", told[1], told[2]]);
}

#[test]
fn numbers_with_uidonly_and_uids_without() {
    let any = Asked::default();
    refuses(PLAIN, &any, &["* 2 EXISTS", "* 8 UIDFETCH (FLAGS ())"]);
    refuses(UIDONLY, &any, &["* 2 EXISTS", "* 1 FETCH (UID 8 FLAGS ())"]);
    refuses(UIDONLY, &any, &["* 2 EXISTS", "* 1 EXPUNGE"]);
    let known = ["* 2 EXISTS", "* 8 UIDFETCH (FLAGS ())", "* 3 UIDFETCH (FLAGS ())"];
    refuses(UIDONLY, &any, &[known[0], known[1], known[2], "* 5 UIDFETCH (FLAGS ())"]);
    refuses(UIDONLY, &any, &[known[0], known[1], known[2], "* VANISHED 5"]);
    refuses(UIDONLY, &any, &[known[0], known[1], "* VANISHED 5:6"]);
    refuses(UIDONLY, &any, &[known[0], "* 8 UIDFETCH (UID 9 FLAGS ())"]);
    assert_eq!(
        verdict(UIDONLY, &any, &[known[0], known[1], "* VANISHED 5", "* VANISHED 8"]),
        Ok(())
    );
}

/// RFC 7162 §6, with the example given there.
#[test]
fn a_lower_highestmodseq_counts_where_it_is_told() {
    let mut picture = Picture::new(QRESYNC);
    let mut told = |responses: &[&str]| {
        for response in responses {
            let response = Response::parse(response.as_bytes()).expect("a response");
            picture.apply(&response, &Asked::default()).expect("it can be");
        }
        picture.tagged();
        picture.highest
    };
    assert_eq!(told(&["* 8 EXISTS", "a OK [HIGHESTMODSEQ 96] x"]), Some(96));
    let stored = ["* 1 FETCH (UID 6 MODSEQ (103))", "* 2 FETCH (UID 7 MODSEQ (101))"];
    let delayed = "* OK [HIGHESTMODSEQ 99] VANISHED is delayed";
    assert_eq!(told(&[stored[0], stored[1], delayed, "a OK x"]), Some(99));
    assert_eq!(told(&["* 3 FETCH (UID 8 MODSEQ (104))", "a OK [HIGHESTMODSEQ 99] x"]), Some(99));
    assert_eq!(told(&["* VANISHED 8", "a OK [HIGHESTMODSEQ 104] x"]), Some(104));
    assert_eq!(told(&["* 1 FETCH (UID 6 MODSEQ (105))", "a OK x"]), Some(105));
}

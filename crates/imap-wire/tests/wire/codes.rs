//! Response codes, at random and one by one.

use crate::generate;
use crate::responses::printed;
use proptest::prelude::*;
use proptest::sample::select;
use rookery_imap_wire::{Code, Response, Status};
use rookery_mail::{Uid, UidSet};

pub(crate) fn word() -> impl Strategy<Value = String> {
    "[A-Z][A-Z0-9=+-]{0,9}"
}

pub(crate) fn uid() -> impl Strategy<Value = Uid> {
    (1u32..).prop_map(|uid| Uid::new(uid).unwrap())
}

fn number() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(0u64..1 << 62)
}

pub(crate) fn uids() -> impl Strategy<Value = UidSet> {
    let uid = prop_oneof![1u32..40, Just(u32::MAX)].prop_map(|n| Uid::new(n).unwrap());
    prop::collection::vec(uid, 1..8).prop_map(|uids| uids.into_iter().collect())
}

pub(crate) fn code() -> BoxedStrategy<Code> {
    use Code::*;
    let plain = vec![
        Alert,
        Parse,
        ReadOnly,
        ReadWrite,
        TryCreate,
        UidNotSticky,
        Closed,
        Unavailable,
        AuthenticationFailed,
        AuthorizationFailed,
        Expired,
        PrivacyRequired,
        ContactAdmin,
        NoPerm,
        InUse,
        ExpungeIssued,
        Corruption,
        ServerBug,
        ClientBug,
        Cannot,
        Limit,
        OverQuota,
        AlreadyExists,
        NonExistent,
        NotSaved,
        HasChildren,
        UnknownCte,
        TooBig,
        UidRequired,
        UseAttr,
        CompressionActive,
        TooFew,
        TooMany,
    ];
    prop_oneof![
        3 => select(plain),
        1 => (1u64..1 << 62).prop_map(HighestModSeq),
        1 => uids().prop_map(Modified),
        1 => any::<u64>().prop_map(|id| MailboxId(rookery_mail::MailboxId(id))),
        1 => (1u32.., prop::option::of(uid()))
            .prop_map(|(limit, lowest)| MessageLimit { limit, lowest }),
        1 => (prop::option::of(generate::tag()), number(), number())
            .prop_map(|(tag, progress, goal)| InProgress { tag, progress, goal }),
        1 => "[!#-\\[^-~]{0,40}".prop_map(|url| BadUrl(url.into_bytes())),
        1 => (1u32.., uids()).prop_map(|(validity, uids)| AppendUid { validity, uids }),
        1 => (1u32.., uids(), uids()).prop_map(|(validity, source, destination)| CopyUid {
            validity,
            source,
            destination,
        }),
        1 => prop::collection::vec(word(), 0..3).prop_map(BadCharset),
        1 => prop::collection::vec(word(), 0..4).prop_map(Capability),
        1 => (prop::collection::vec(generate::flag(), 0..4), any::<bool>())
            .prop_map(|(flags, any)| PermanentFlags { flags, any }),
        1 => (1u32..).prop_map(UidNext),
        1 => (1u32..).prop_map(UidValidity),
        1 => (1u32..).prop_map(Unseen),
        1 => ("X-[A-Z]{1,5}", prop::option::of("[ -Z^-~]{0,9}"))
            .prop_map(|(name, argument)| Other(name, argument)),
    ]
    .boxed()
}

#[test]
fn progress_without_anything_known_is_a_word() {
    let code = |tag, progress, goal| {
        let code = Some(Code::InProgress { tag, progress, goal });
        printed(&Response::Untagged { status: Status::Ok, code, text: "x".to_owned() })
    };
    assert_eq!(code(None, None, None), b"* OK [INPROGRESS] x\r\n");
    assert_eq!(code(None, Some(5), None), b"* OK [INPROGRESS (NIL 5 NIL)] x\r\n");
    let tag = rookery_imap_wire::Tag::new(b"NIL");
    assert_eq!(code(tag, Some(5), Some(7)), b"* OK [INPROGRESS (\"NIL\" 5 7)] x\r\n");
}

#[test]
fn a_bad_url_does_not_leave_its_code() {
    let bad = |url: &[u8]| {
        let code = Some(Code::BadUrl(url.to_vec()));
        printed(&Response::Untagged { status: Status::No, code, text: "x".to_owned() })
    };
    assert_eq!(bad(b"/a]\" \r\n\xfc\\"), b"* NO [BADURL \"/a%5D%22%20%0D%0A%FC%5C\"] x\r\n");
    for octet in [b'x', 0xff] {
        assert!(bad(&vec![octet; 60_000]).len() < 2 * rookery_imap_wire::limits::QUOTED);
    }
}

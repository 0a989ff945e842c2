//! Values as they can come out of the parser, at random.

use proptest::prelude::*;
use proptest::sample::select;
use rookery_imap_wire::{
    AppendData, AppendMessage, AppendOptions, BodySection, CatenatePart, CommandBody, Fetch,
    FetchItem, FetchModifier, List, ListReturn, ListSelection, MessageLiteral, Partial,
    PartialRange, QResync, Replace, Search, SearchKey, SearchReturn, Secret, Section, SectionText,
    SelectParameter, SeqNumber, SequenceRange, SequenceSet, StatusItem, Store, StoreAction,
    StoreModifier, Tag, WireFlag, WireMailbox,
};
use rookery_mail::{DateTime, Flag, Keyword, SystemFlag};
use std::num::NonZeroU32;

type Octets = Vec<u8>;

pub(crate) fn tag() -> impl Strategy<Value = Tag> {
    "[!#$&',-\\[\\]^-z|}~]{1,8}".prop_map(|text| Tag::new(text.as_bytes()).unwrap())
}

/// Strings of all kinds but with NUL.
pub(crate) fn text() -> BoxedStrategy<Octets> {
    prop_oneof![
        3 => "[A-Za-z0-9.]{0,9}".prop_map(String::into_bytes),
        2 => "[ -~\t]{0,20}".prop_map(String::into_bytes),
        2 => prop::collection::vec(1u8..=255, 0..12),
        1 => select(&["", "NIL", "nil", "INBOX", "(", "\r\n", "grüße", "{3}", "a{3+}\r\n"][..])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => Just(vec![b'x'; 1200]),
    ]
    .boxed()
}

pub(crate) fn mailbox() -> BoxedStrategy<WireMailbox> {
    text().prop_map(WireMailbox).boxed()
}

/// A name in capitals that no extension of this crate has.
fn unknown() -> impl Strategy<Value = String> {
    "X-[A-Z]{1,5}"
}

fn seq_number() -> BoxedStrategy<SeqNumber> {
    prop_oneof![
        4 => (1u32..50).prop_map(|n| SeqNumber::Number(NonZeroU32::new(n).unwrap())),
        1 => Just(SeqNumber::Number(NonZeroU32::MAX)),
        1 => Just(SeqNumber::Star),
    ]
    .boxed()
}

pub(crate) fn set() -> BoxedStrategy<SequenceSet> {
    let range = (seq_number(), seq_number()).prop_map(|(from, to)| SequenceRange { from, to });
    prop_oneof![
        9 => prop::collection::vec(range, 1..5).prop_map(SequenceSet::Set),
        1 => Just(SequenceSet::Saved),
    ]
    .boxed()
}

pub(crate) fn partial_range() -> impl Strategy<Value = PartialRange> {
    let end = || (1u32..).prop_map(|end| NonZeroU32::new(end).unwrap());
    (any::<bool>(), end(), end()).prop_map(|(last, from, to)| {
        if last { PartialRange::Last(from, to) } else { PartialRange::First(from, to) }
    })
}

pub(crate) fn flag() -> BoxedStrategy<Flag> {
    prop_oneof![
        select(&SystemFlag::ALL[..]).prop_map(Flag::System),
        keyword().prop_map(Flag::Keyword),
    ]
    .boxed()
}

fn keyword() -> impl Strategy<Value = Keyword> {
    "[$!A-Za-z0-9+.-]{1,9}".prop_map(|text| Keyword::new(&text).unwrap())
}

fn wire_flag() -> BoxedStrategy<WireFlag> {
    let unknown = "\\\\X[a-z]{1,5}|k{101}".prop_map(|text| WireFlag::Unknown(text.into_bytes()));
    prop_oneof![6 => flag().prop_map(WireFlag::Flag), 1 => Just(WireFlag::Recent), 1 => unknown]
        .boxed()
}

pub(crate) fn date_time() -> impl Strategy<Value = DateTime> {
    prop_oneof![-62_000_000_000i64..253_000_000_000, any::<i64>()].prop_flat_map(|unix| {
        (-5999i16..=5999).prop_map(move |offset| DateTime::with_offset(unix, offset))
    })
}

pub(crate) fn status_item() -> BoxedStrategy<StatusItem> {
    use StatusItem::*;
    let all = [
        Messages,
        Recent,
        UidNext,
        UidValidity,
        Unseen,
        Deleted,
        Size,
        HighestModSeq,
        AppendLimit,
        MailboxId,
    ];
    select(all.to_vec()).boxed()
}

fn path(min: usize) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(prop_oneof![1u32..9, Just(u32::MAX)], min..4)
}

pub(crate) fn section() -> BoxedStrategy<Section> {
    let names = || prop::collection::vec(text(), 1..4);
    let piece = prop_oneof![
        Just(SectionText::Header),
        names().prop_map(SectionText::HeaderFields),
        names().prop_map(SectionText::HeaderFieldsNot),
        Just(SectionText::Text),
    ];
    let in_part = prop_oneof![piece.clone(), Just(SectionText::Mime)];
    prop_oneof![
        prop::option::of(piece).prop_map(|text| Section { path: Vec::new(), text }),
        (path(1), prop::option::of(in_part)).prop_map(|(path, text)| Section { path, text }),
    ]
    .boxed()
}

fn partial() -> impl Strategy<Value = Option<Partial>> {
    let range = (0..u64::MAX / 2, 1..u64::MAX / 2);
    prop::option::of(range.prop_map(|(offset, length)| Partial { offset, length }))
}

fn fetch_item() -> BoxedStrategy<FetchItem> {
    use FetchItem::*;
    let plain = vec![
        Envelope,
        Flags,
        InternalDate,
        Rfc822,
        Rfc822Header,
        Rfc822Size,
        Rfc822Text,
        Body,
        BodyStructure,
        Uid,
        ModSeq,
        SaveDate,
        EmailId,
        ThreadId,
        Preview { lazy: false },
        Preview { lazy: true },
    ];
    prop_oneof![
        select(plain),
        (any::<bool>(), section(), partial()).prop_map(|(peek, section, partial)| {
            BodySection(self::BodySection { peek, section, partial })
        }),
        (any::<bool>(), path(0), partial()).prop_map(|(peek, path, partial)| Binary {
            peek,
            path,
            partial
        }),
        path(0).prop_map(BinarySize),
    ]
    .boxed()
}

/// Keys with a number.
fn number_key() -> impl Strategy<Value = SearchKey> {
    use SearchKey::*;
    prop_oneof![
        (any::<bool>(), 0..=i64::MAX.unsigned_abs()).prop_map(|(larger, size)| if larger {
            Larger(size)
        } else {
            Smaller(size)
        }),
        (any::<bool>(), 1u32..).prop_map(|(older, seconds)| if older {
            Older(seconds)
        } else {
            Younger(seconds)
        }),
        (any::<bool>(), 1u32..).prop_map(|(after, uid)| {
            let uid = rookery_mail::Uid::new(uid).unwrap();
            if after { UidAfter(uid) } else { UidBefore(uid) }
        }),
    ]
}

fn search_key() -> BoxedStrategy<SearchKey> {
    use SearchKey::*;
    let plain = vec![
        All,
        Answered,
        Deleted,
        Draft,
        Flagged,
        New,
        Old,
        Recent,
        Seen,
        Unanswered,
        Undeleted,
        Undraft,
        Unflagged,
        Unseen,
        SaveDateSupported,
    ];
    let with_text = select(vec![Bcc as fn(_) -> _, Body, Cc, From, Subject, Text, To]);
    let with_day = select(vec![
        Before as fn(_) -> _,
        On,
        Since,
        SentBefore,
        SentOn,
        SentSince,
        SavedBefore,
        SavedOn,
        SavedSince,
    ]);
    let first = DateTime::day_number(0, 1, 1).unwrap();
    let last = DateTime::day_number(9999, 12, 31).unwrap();
    let leaf = prop_oneof![
        select(plain),
        set().prop_map(Sequence),
        set().prop_map(Uid),
        number_key(),
        (with_text, text()).prop_map(|(key, text)| key(text)),
        (with_day, first..=last).prop_map(|(key, day)| key(day)),
        "[A-Za-z0-9_-]{1,20}".prop_map(|id| EmailId(id.into_bytes())),
        "[A-Za-z0-9_-]{1,20}".prop_map(|id| ThreadId(id.into_bytes())),
        (any::<bool>(), keyword()).prop_map(|(has, keyword)| if has {
            Keyword(keyword)
        } else {
            Unkeyword(keyword)
        }),
        (text(), text()).prop_map(|(name, text)| Header(name, text)),
        (any::<bool>(), modseq()).prop_map(|(entry, modseq)| ModSeq {
            entry: entry.then(|| (b"/flags/\\\\Seen".to_vec(), "SHARED".to_owned())),
            modseq,
        }),
    ];
    leaf.prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(And),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Or(Box::new(a), Box::new(b))),
            inner.prop_map(|key| Not(Box::new(key))),
        ]
    })
    .boxed()
}

fn search() -> impl Strategy<Value = Search> {
    let option = prop_oneof![
        select(vec![
            SearchReturn::Min,
            SearchReturn::Max,
            SearchReturn::All,
            SearchReturn::Count,
            SearchReturn::Save,
        ]),
        partial_range().prop_map(SearchReturn::Partial),
        unknown().prop_map(SearchReturn::Other),
    ];
    let returns = prop::option::of(prop::collection::vec(option, 1..4));
    let charset = prop::option::of("[A-Z0-9-]{1,8}|x y");
    (any::<bool>(), returns, charset, search_key())
        .prop_map(|(uid, returns, charset, key)| Search { uid, returns, charset, key })
}

fn list() -> impl Strategy<Value = List> {
    let selection = prop_oneof![
        Just(vec![]),
        Just(vec![ListSelection::Remote]),
        Just(vec![ListSelection::RecursiveMatch, ListSelection::Subscribed]),
        unknown().prop_map(|name| vec![ListSelection::SpecialUse, ListSelection::Other(name)]),
    ];
    let option = prop_oneof![
        select(vec![ListReturn::Subscribed, ListReturn::Children, ListReturn::SpecialUse]),
        prop::collection::vec(status_item(), 1..4).prop_map(ListReturn::Status),
        unknown().prop_map(ListReturn::Other),
    ];
    let pattern = prop_oneof!["[a-z%*\\]/]{1,6}".prop_map(String::into_bytes), text()];
    let patterns = prop::collection::vec(pattern, 1..4);
    let returns = prop::collection::vec(option, 0..4);
    (selection, mailbox(), patterns, any::<bool>(), returns).prop_map(
        |(selection, reference, patterns, extended, returns)| {
            let used = !selection.is_empty() || patterns.len() > 1 || !returns.is_empty();
            List { extended: extended || used, selection, reference, patterns, returns }
        },
    )
}

/// Commands that bring messages.
pub(crate) fn incoming() -> impl Strategy<Value = CommandBody> {
    prop_oneof![append(), replace()]
}

fn append() -> impl Strategy<Value = CommandBody> {
    (mailbox(), prop::collection::vec(append_message(), 1..3))
        .prop_map(|(mailbox, messages)| CommandBody::Append { mailbox, messages })
}

fn replace() -> impl Strategy<Value = CommandBody> {
    let parts = (any::<bool>(), seq_number(), mailbox(), append_message());
    parts.prop_map(|(uid, number, mailbox, message)| {
        CommandBody::Replace(Box::new(Replace { uid, number, mailbox, message }))
    })
}

fn append_message() -> impl Strategy<Value = AppendMessage> {
    let options = (prop::collection::vec(wire_flag(), 0..3), prop::option::of(date_time()))
        .prop_map(|(flags, date)| AppendOptions { flags, date });
    let part = prop_oneof![
        text().prop_map(CatenatePart::Url),
        message_literal().prop_map(CatenatePart::Text),
    ];
    let data = prop_oneof![
        2 => message_literal().prop_map(AppendData::Literal),
        1 => prop::collection::vec(part, 1..4).prop_map(AppendData::Catenate),
    ];
    (options, data).prop_map(|(options, data)| AppendMessage { options, data })
}

fn message_literal() -> impl Strategy<Value = MessageLiteral> {
    let parts = (prop::collection::vec(any::<u8>(), 0..40), any::<bool>(), any::<bool>());
    parts.prop_map(|(octets, binary, utf8)| MessageLiteral { octets, binary, utf8 })
}

fn store() -> impl Strategy<Value = Store> {
    let action = select(vec![StoreAction::Replace, StoreAction::Add, StoreAction::Remove]);
    let flags = prop::collection::vec(wire_flag(), 0..4);
    let modifier = prop_oneof![
        modseq().prop_map(StoreModifier::UnchangedSince),
        unknown().prop_map(StoreModifier::Other),
    ];
    let modifiers = prop::collection::vec(modifier, 0..3);
    (any::<bool>(), set(), action, any::<bool>(), flags, modifiers).prop_map(
        |(uid, set, action, silent, flags, modifiers)| Store {
            uid,
            set,
            action,
            silent,
            flags,
            modifiers,
        },
    )
}

/// The fields of ID.
pub(crate) fn id_fields() -> impl Strategy<Value = Option<Vec<(Octets, Option<Octets>)>>> {
    prop::option::of(prop::collection::vec((text(), prop::option::of(text())), 0..4))
}

fn session_command() -> BoxedStrategy<CommandBody> {
    use CommandBody::*;
    let secret = || prop::collection::vec(any::<u8>(), 0..20).prop_map(Secret);
    prop_oneof![
        select(vec![Capability, Noop, Logout, StartTls, Idle, Check, Close, Unselect, Namespace]),
        Just(Unauthenticate),
        "[A-Z0-9-]{1,10}".prop_map(Compress),
        Just(Expunge),
        id_fields().prop_map(Id),
        ("[A-Z0-9-]{1,10}", prop::option::of(secret()))
            .prop_map(|(mechanism, initial)| Authenticate { mechanism, initial }),
        (text(), text()).prop_map(|(user, password)| Login { user, password: Secret(password) }),
        prop::collection::vec("[A-Z0-9=-]{1,8}", 1..4).prop_map(Enable),
    ]
    .boxed()
}

fn modseq() -> impl Strategy<Value = u64> {
    1..=i64::MAX.unsigned_abs()
}

fn select_parameter() -> impl Strategy<Value = SelectParameter> {
    let known = (1u32.., modseq(), prop::option::of(set()), prop::option::of((set(), set())));
    let qresync = known.prop_map(|(validity, modseq, known_uids, matches)| QResync {
        uid_validity: validity.try_into().unwrap(),
        modseq,
        known_uids,
        matches,
    });
    prop_oneof![
        Just(SelectParameter::CondStore),
        qresync.prop_map(SelectParameter::QResync),
        unknown().prop_map(SelectParameter::Other),
    ]
}

fn mailbox_command() -> BoxedStrategy<CommandBody> {
    use CommandBody::*;
    let parameters = || prop::collection::vec(select_parameter(), 0..3);
    prop_oneof![
        (mailbox(), parameters()).prop_map(|(mailbox, parameters)| Select { mailbox, parameters }),
        (mailbox(), parameters()).prop_map(|(mailbox, parameters)| Examine { mailbox, parameters }),
        (mailbox(), prop::collection::vec("\\\\[A-Z][a-z]{1,6}", 0..3))
            .prop_map(|(mailbox, special_use)| Create { mailbox, special_use }),
        mailbox().prop_map(Delete),
        (mailbox(), mailbox()).prop_map(|(from, to)| Rename { from, to }),
        mailbox().prop_map(Subscribe),
        mailbox().prop_map(Unsubscribe),
        list().prop_map(List),
        (mailbox(), text()).prop_map(|(reference, pattern)| Lsub { reference, pattern }),
        (mailbox(), text()).prop_map(|(reference, pattern)| Xlist { reference, pattern }),
        (mailbox(), prop::collection::vec(status_item(), 1..5))
            .prop_map(|(mailbox, items)| Status { mailbox, items }),
        incoming(),
    ]
    .boxed()
}

fn message_command() -> BoxedStrategy<CommandBody> {
    use CommandBody::*;
    let fetch_items = prop::collection::vec(fetch_item(), 1..5);
    let modifier = prop_oneof![
        modseq().prop_map(FetchModifier::ChangedSince),
        Just(FetchModifier::Vanished),
        partial_range().prop_map(FetchModifier::Partial),
        unknown().prop_map(FetchModifier::Other),
    ];
    let modifiers = prop::collection::vec(modifier, 0..3);
    prop_oneof![
        1 => set().prop_map(UidExpunge),
        1 => (1u32.., prop::option::of((1u32.., 1u32..)))
            .prop_map(|(size, range)| UidBatches { size, range }),
        4 => search().prop_map(Search),
        4 => (any::<bool>(), set(), fetch_items, modifiers).prop_map(|(uid, set, items, modifiers)| {
            Fetch(self::Fetch { uid, set, items, modifiers })
        }),
        2 => store().prop_map(Store),
        1 => (any::<bool>(), set(), mailbox()).prop_map(|(uid, set, mailbox)| Copy { uid, set, mailbox }),
        1 => (any::<bool>(), set(), mailbox()).prop_map(|(uid, set, mailbox)| Move { uid, set, mailbox }),
    ]
    .boxed()
}

pub(crate) fn command() -> BoxedStrategy<CommandBody> {
    prop_oneof![session_command(), mailbox_command(), message_command()].boxed()
}

//! Records, there and back.

use super::*;
use proptest::prelude::*;

fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

/// One record of each kind, with extreme values.
fn records() -> Vec<Record> {
    let (mailbox, modseq) = (MailboxId(u64::MAX), ModSeq::MAX);
    let keyword = |text| Keyword::new(text).unwrap();
    let new_keywords = NewKeywords {
        next: vec![keyword("$A"), keyword("b")],
        taken_over: vec![(0, keyword("c")), (127, keyword("$D"))],
        known: vec![(5, keyword("e"))],
    };
    let flags = FlagSet { system: SystemFlags::from_bits(31), keywords: u128::MAX };
    let mut uids = UidSet::new();
    [1, 2, 9, u32::MAX - 1, u32::MAX].into_iter().for_each(|number| uids.insert(uid(number)));
    let append = AppendRecord {
        mailbox,
        modseq,
        new_keywords: new_keywords.clone(),
        uid: Uid::MAX,
        email: EmailId(3),
        thread: ThreadId(2),
        thread_keys: vec![ThreadKey(0), ThreadKey(u64::MAX)],
        size: 1 << 30,
        flags,
        internal_date: DateTime::with_offset(-1, -719),
        save_date: i64::MIN,
    };
    let change = |operation, flags| {
        let (new_keywords, uids) = (new_keywords.clone(), UidSet::all());
        Record::Flags(FlagsRecord { mailbox, modseq, new_keywords, operation, flags, uids })
    };
    let copy = |moved| {
        let (from, to, first_uid) = (mailbox, MailboxId(1), uid(7));
        let (new_keywords, uids, save_date) = (new_keywords.clone(), uids.clone(), i64::MAX);
        Record::Copy(CopyRecord {
            from,
            to,
            modseq,
            new_keywords,
            uids,
            first_uid,
            save_date,
            moved,
        })
    };
    let made = |name, special_use| {
        let uid_validity = UidValidity::new(u32::MAX).unwrap();
        Made { id: mailbox, name, uid_validity, special_use }
    };
    let names = NamesRecord {
        modseq,
        made: vec![made(name("a/b"), None), made(name("INBOX"), Some(SpecialUse::Junk))],
        renamed: vec![(mailbox, name("grüße"))],
        subscriptions: vec![Subscription { name: name("x"), subscribed: false }],
        append_limits: vec![(mailbox, Some(u64::MAX)), (MailboxId(0), Some(0)), (mailbox, None)],
    };
    vec![
        Record::Append(append),
        change(FlagOperation::Replace, flags),
        change(FlagOperation::Add, FlagSet::default()),
        change(FlagOperation::Remove, flags),
        Record::Expunge { mailbox, modseq, uids: uids.clone() },
        copy(false),
        copy(true),
        Record::Names(names),
        Record::Delete { mailbox, modseq },
        Record::Recent { mailbox, next: None },
        Record::Recent { mailbox, next: Some(Uid::MAX) },
    ]
}

#[test]
fn each_kind_round_trips() {
    for record in records() {
        assert_eq!(Record::decode(record.kind(), &record.encode()), Ok(record));
    }
}

#[test]
fn fields_to_come_are_skipped_only_if_they_may_be() {
    for record in records() {
        let mut meta = record.encode();
        meta.extend([u8::MAX, 1, 0]);
        assert_eq!(Record::decode(record.kind(), &meta), Ok(record.clone()));
        meta.extend([OPTIONAL - 1, 1, 0]);
        assert!(Record::decode(record.kind(), &meta).is_err());
    }
}

/// As of a version that knew no threads.
#[test]
fn a_message_that_says_nothing_of_threads_is_alone_in_its_own() {
    let Some(Record::Append(mut append)) = records().into_iter().next() else { panic!() };
    (append.thread, append.thread_keys) = (ThreadId(append.email.0), Vec::new());
    append.new_keywords.known.clear();
    let record = Record::Append(append);
    let meta = record.encode();
    let mut reader = Reader::new(&meta);
    while let Some((tag, _)) = reader.field().unwrap() {
        assert!(tag < OPTIONAL);
    }
    assert_eq!(Record::decode(record.kind(), &meta), Ok(record));
}

/// A bit that no keyword can have.
#[test]
fn keywords_have_bits_that_there_are() {
    let keyword = Keyword::new("a").unwrap();
    let record = |bit| {
        let new_keywords =
            NewKeywords { taken_over: vec![(bit, keyword.clone())], ..NewKeywords::default() };
        let (mailbox, modseq) = (MailboxId(1), ModSeq::ZERO.next());
        let (operation, flags) = (FlagOperation::Add, FlagSet::default());
        let uids = UidSet::all();
        Record::Flags(FlagsRecord { mailbox, modseq, new_keywords, operation, flags, uids })
    };
    let read = |record: &Record| Record::decode(record.kind(), &record.encode());
    assert_eq!(read(&record(127)), Ok(record(127)));
    assert_eq!(read(&record(128)), Err(BadRecord("the bit of a keyword")));
}

#[test]
fn flags_of_many_messages_are_one_small_record() {
    let uids = [UidRange::new(uid(5), uid(100_004))].into_iter().collect();
    let (mailbox, modseq) = (MailboxId(1), ModSeq::ZERO.next());
    let (new_keywords, flags) = (NewKeywords::default(), FlagSet::default());
    let operation = FlagOperation::Add;
    let record = FlagsRecord { mailbox, modseq, new_keywords, operation, flags, uids };
    assert!(Record::Flags(record).encode().len() < 64);
}

proptest! {
    #[test]
    fn any_octets_are_a_record_or_refused(
        which in 0..11usize, at: prop::sample::Index, octet: u8, kind in 0..12u8,
    ) {
        let mut meta = records()[which].encode();
        let at = at.index(meta.len());
        meta[at] = octet;
        let _ = Record::decode(kind, &meta);
    }
}

//! Records: what the metadata of a frame says, one kind per change.

use crate::fields::{BadRecord, OPTIONAL, Reader, Writer};
use crate::limits::MAX_MESSAGE_OCTETS;
use rookery_mail::{
    DateTime, EmailId, Keyword, MailboxId, MailboxName, ModSeq, SpecialUse, SystemFlags, ThreadId,
    Uid, UidRange, UidSet, UidValidity,
};
use rookery_mailbox::{FlagOperation, FlagSet, ThreadKey};

mod keywords;

pub(crate) use keywords::NewKeywords;

/// A mailbox that a record makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Made {
    pub(crate) id: MailboxId,
    pub(crate) name: MailboxName,
    pub(crate) uid_validity: UidValidity,
    pub(crate) special_use: Option<SpecialUse>,
}

/// A change of the names that are subscribed to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Subscription {
    pub(crate) name: MailboxName,
    pub(crate) subscribed: bool,
}

/// A message that comes in; its summary and octets are in the same frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AppendRecord {
    pub(crate) mailbox: MailboxId,
    pub(crate) modseq: ModSeq,
    pub(crate) new_keywords: NewKeywords,
    pub(crate) uid: Uid,
    pub(crate) email: EmailId,
    pub(crate) thread: ThreadId,
    /// Those of the message's keys that are new in the account.
    pub(crate) thread_keys: Vec<ThreadKey>,
    pub(crate) size: u64,
    pub(crate) flags: FlagSet,
    pub(crate) internal_date: DateTime,
    pub(crate) save_date: i64,
}

/// Flags that change in the same way on several messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FlagsRecord {
    pub(crate) mailbox: MailboxId,
    pub(crate) modseq: ModSeq,
    pub(crate) new_keywords: NewKeywords,
    pub(crate) operation: FlagOperation,
    pub(crate) flags: FlagSet,
    pub(crate) uids: UidSet,
}

/// Messages that are copied, or moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CopyRecord {
    pub(crate) from: MailboxId,
    pub(crate) to: MailboxId,
    pub(crate) modseq: ModSeq,
    pub(crate) new_keywords: NewKeywords,
    pub(crate) uids: UidSet,
    pub(crate) first_uid: Uid,
    pub(crate) save_date: i64,
    pub(crate) moved: bool,
}

/// Mailboxes that come, change their names, or both, with the subscriptions that follow.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct NamesRecord {
    pub(crate) modseq: ModSeq,
    pub(crate) made: Vec<Made>,
    pub(crate) renamed: Vec<(MailboxId, MailboxName)>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// Mailboxes that get a limit of their own to what is appended, in octets, or lose it.
    pub(crate) append_limits: Vec<(MailboxId, Option<u64>)>,
}

/// A change of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Record {
    Append(AppendRecord),
    Flags(FlagsRecord),
    Expunge {
        mailbox: MailboxId,
        modseq: ModSeq,
        uids: UidSet,
    },
    Copy(CopyRecord),
    Names(NamesRecord),
    Delete {
        mailbox: MailboxId,
        modseq: ModSeq,
    },
    Recent {
        mailbox: MailboxId,
        next: Option<Uid>,
    },
    /// All that the account is, in the same frame: whatever comes before it does not count any more.
    Base {
        modseq: ModSeq,
    },
}

/// The numbers of the kinds, fixed for ever.
mod kind {
    pub(super) const APPEND: u8 = 1;
    pub(super) const FLAGS: u8 = 2;
    pub(super) const EXPUNGE: u8 = 3;
    pub(super) const COPY: u8 = 4;
    pub(super) const MOVE: u8 = 5;
    pub(super) const NAMES: u8 = 6;
    pub(super) const DELETE: u8 = 7;
    pub(super) const RECENT: u8 = 8;
    pub(super) const BASE: u8 = 9;
}

/// Whether frames of this kind are what a log begins with that was begun anew.
pub(crate) fn is_base(kind: u8) -> bool {
    kind == kind::BASE
}

/// Whether frames of this kind bring a message.
pub(crate) fn is_append(kind: u8) -> bool {
    kind == kind::APPEND
}

/// The content that a frame brings, by its metadata.
pub(crate) fn content_of(kind: u8, meta: &[u8]) -> Option<EmailId> {
    let mut reader = Reader::new(meta);
    while let (true, Ok(Some((tag, mut field)))) = (is_append(kind), reader.field()) {
        if tag == tag::EMAIL {
            return field.number().ok().map(EmailId);
        }
    }
    None
}

/// Whether frames of this kind have a body.
pub(crate) fn brings_octets(kind: u8) -> bool {
    is_append(kind) || is_base(kind)
}

/// What the changes of a kind do.
pub(crate) fn in_words(kind: u8) -> &'static str {
    match kind {
        kind::APPEND => "a message came in",
        kind::FLAGS => "flags changed",
        kind::EXPUNGE => "messages were expunged",
        kind::COPY => "messages were copied",
        kind::MOVE => "messages were moved",
        kind::NAMES => "mailboxes were made, renamed or subscribed to",
        kind::DELETE => "a mailbox was deleted",
        kind::RECENT => "messages were told of as recent",
        kind::BASE => "the log was begun anew",
        _ => "something unknown happened",
    }
}

/// The tags of the fields, fixed for ever.
mod tag {
    pub(super) const MAILBOX: u8 = 1;
    pub(super) const MODSEQ: u8 = 2;
    pub(super) const UID: u8 = 3;
    pub(super) const EMAIL: u8 = 4;
    pub(super) const SIZE: u8 = 5;
    pub(super) const FLAGS: u8 = 6;
    pub(super) const INTERNAL_DATE: u8 = 7;
    pub(super) const SAVE_DATE: u8 = 8;
    pub(super) const KEYWORD: u8 = 9;
    pub(super) const UIDS: u8 = 10;
    pub(super) const OPERATION: u8 = 11;
    pub(super) const TO: u8 = 12;
    pub(super) const MADE: u8 = 13;
    pub(super) const RENAMED: u8 = 14;
    pub(super) const SUBSCRIPTION: u8 = 15;
    pub(super) const KEYWORD_TAKES_OVER: u8 = 16;
    pub(super) const THREAD: u8 = 128;
    pub(super) const THREAD_KEYS: u8 = 129;
    pub(super) const APPEND_LIMIT: u8 = 130;
    pub(super) const KEYWORD_KNOWN: u8 = 131;
}

impl Record {
    /// The kind's number.
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Self::Append(_) => kind::APPEND,
            Self::Flags(_) => kind::FLAGS,
            Self::Expunge { .. } => kind::EXPUNGE,
            Self::Copy(copy) if copy.moved => kind::MOVE,
            Self::Copy(_) => kind::COPY,
            Self::Names(_) => kind::NAMES,
            Self::Delete { .. } => kind::DELETE,
            Self::Recent { .. } => kind::RECENT,
            Self::Base { .. } => kind::BASE,
        }
    }

    /// The metadata.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        let out = &mut writer;
        match self {
            Self::Append(append) => append.encode(out),
            Self::Flags(flags) => flags.encode(out),
            Self::Expunge { mailbox, modseq, uids } => {
                begin(out, *mailbox, *modseq);
                write_uids(out, uids);
            }
            Self::Copy(copy) => copy.encode(out),
            Self::Names(names) => names.encode(out),
            Self::Delete { mailbox, modseq } => begin(out, *mailbox, *modseq),
            Self::Recent { mailbox, next } => {
                out.number_field(tag::MAILBOX, mailbox.0);
                out.number_field(tag::UID, next.map_or(0, |next| u64::from(next.get())));
            }
            Self::Base { modseq } => out.number_field(tag::MODSEQ, modseq.get()),
        }
        writer.octets
    }

    /// The record of a kind and its metadata.
    pub(crate) fn decode(kind: u8, meta: &[u8]) -> Result<Self, BadRecord> {
        let fields = Fields::read(meta)?;
        Ok(match kind {
            kind::APPEND => Self::Append(AppendRecord::decode(&fields)?),
            kind::FLAGS => Self::Flags(FlagsRecord::decode(&fields)?),
            kind::EXPUNGE => Self::Expunge {
                mailbox: fields.mailbox(tag::MAILBOX)?,
                modseq: fields.modseq()?,
                uids: fields.uids()?,
            },
            kind::COPY => Self::Copy(CopyRecord::decode(&fields, false)?),
            kind::MOVE => Self::Copy(CopyRecord::decode(&fields, true)?),
            kind::NAMES => Self::Names(NamesRecord::decode(&fields)?),
            kind::DELETE => {
                Self::Delete { mailbox: fields.mailbox(tag::MAILBOX)?, modseq: fields.modseq()? }
            }
            kind::RECENT => Self::Recent {
                mailbox: fields.mailbox(tag::MAILBOX)?,
                next: (fields.number(tag::UID)? != 0).then(|| fields.uid()).transpose()?,
            },
            kind::BASE => Self::Base { modseq: fields.modseq()? },
            _ => return Err(BadRecord("a kind of record that this version knows")),
        })
    }
}

impl AppendRecord {
    fn encode(&self, out: &mut Writer) {
        begin(out, self.mailbox, self.modseq);
        self.new_keywords.encode(out);
        out.number_field(tag::UID, u64::from(self.uid.get()));
        out.number_field(tag::EMAIL, self.email.0);
        out.number_field(tag::SIZE, self.size);
        write_flags(out, self.flags);
        out.nested_field(tag::INTERNAL_DATE, |date| {
            date.signed(self.internal_date.unix());
            date.signed(i64::from(self.internal_date.offset_minutes()));
        });
        out.nested_field(tag::SAVE_DATE, |date| date.signed(self.save_date));
        if self.thread.0 != self.email.0 {
            out.number_field(tag::THREAD, self.thread.0);
        }
        write_thread_keys(out, &self.thread_keys);
    }

    fn decode(fields: &Fields<'_>) -> Result<Self, BadRecord> {
        let email = fields.number(tag::EMAIL)?;
        let thread = fields.all(tag::THREAD).next().map(|mut thread| thread.number());
        let mut date = fields.one(tag::INTERNAL_DATE)?;
        let (unix, offset) = (date.signed()?, date.signed()?);
        let offset = i16::try_from(offset).map_err(|_| BadRecord("a zone"))?;
        Ok(Self {
            mailbox: fields.mailbox(tag::MAILBOX)?,
            modseq: fields.modseq()?,
            new_keywords: NewKeywords::decode(fields)?,
            uid: fields.uid()?,
            email: EmailId(email),
            thread: ThreadId(thread.transpose()?.unwrap_or(email)),
            thread_keys: fields.thread_keys()?,
            size: message_size(fields.number(tag::SIZE)?)?,
            flags: fields.flags()?,
            internal_date: DateTime::with_offset(unix, offset),
            save_date: fields.one(tag::SAVE_DATE)?.signed()?,
        })
    }
}

impl FlagsRecord {
    fn encode(&self, out: &mut Writer) {
        begin(out, self.mailbox, self.modseq);
        self.new_keywords.encode(out);
        out.number_field(
            tag::OPERATION,
            match self.operation {
                FlagOperation::Replace => 0,
                FlagOperation::Add => 1,
                FlagOperation::Remove => 2,
            },
        );
        write_flags(out, self.flags);
        write_uids(out, &self.uids);
    }

    fn decode(fields: &Fields<'_>) -> Result<Self, BadRecord> {
        Ok(Self {
            mailbox: fields.mailbox(tag::MAILBOX)?,
            modseq: fields.modseq()?,
            new_keywords: NewKeywords::decode(fields)?,
            operation: match fields.number(tag::OPERATION)? {
                0 => FlagOperation::Replace,
                1 => FlagOperation::Add,
                2 => FlagOperation::Remove,
                _ => return Err(BadRecord("an operation on flags")),
            },
            flags: fields.flags()?,
            uids: fields.uids()?,
        })
    }
}

impl CopyRecord {
    fn encode(&self, out: &mut Writer) {
        begin(out, self.from, self.modseq);
        self.new_keywords.encode(out);
        out.number_field(tag::TO, self.to.0);
        write_uids(out, &self.uids);
        out.number_field(tag::UID, u64::from(self.first_uid.get()));
        out.nested_field(tag::SAVE_DATE, |date| date.signed(self.save_date));
    }

    fn decode(fields: &Fields<'_>, moved: bool) -> Result<Self, BadRecord> {
        Ok(Self {
            from: fields.mailbox(tag::MAILBOX)?,
            to: fields.mailbox(tag::TO)?,
            modseq: fields.modseq()?,
            new_keywords: NewKeywords::decode(fields)?,
            uids: fields.uids()?,
            first_uid: fields.uid()?,
            save_date: fields.one(tag::SAVE_DATE)?.signed()?,
            moved,
        })
    }
}

impl NamesRecord {
    fn encode(&self, out: &mut Writer) {
        out.number_field(tag::MODSEQ, self.modseq.get());
        for made in &self.made {
            out.nested_field(tag::MADE, |out| {
                out.number(made.id.0);
                out.number(u64::from(made.uid_validity.get()));
                out.text(made.special_use.map_or("", SpecialUse::as_str).as_bytes());
                out.text(made.name.as_str().as_bytes());
            });
        }
        for (id, name) in &self.renamed {
            out.nested_field(tag::RENAMED, |out| {
                out.number(id.0);
                out.text(name.as_str().as_bytes());
            });
        }
        for subscription in &self.subscriptions {
            out.nested_field(tag::SUBSCRIPTION, |out| {
                out.number(u64::from(subscription.subscribed));
                out.text(subscription.name.as_str().as_bytes());
            });
        }
        for (id, limit) in &self.append_limits {
            out.nested_field(tag::APPEND_LIMIT, |out| {
                out.number(id.0);
                limit.iter().for_each(|limit| out.number(*limit));
            });
        }
    }

    fn decode(fields: &Fields<'_>) -> Result<Self, BadRecord> {
        let renamed =
            |mut field: Reader<'_>| Ok((MailboxId(field.number()?), read_name(&mut field)?));
        let subscription = |mut field: Reader<'_>| {
            Ok(Subscription { subscribed: field.number()? != 0, name: read_name(&mut field)? })
        };
        let append_limit = |mut field: Reader<'_>| {
            let id = MailboxId(field.number()?);
            Ok((id, (!field.is_empty()).then(|| field.number()).transpose()?))
        };
        Ok(Self {
            modseq: fields.modseq()?,
            made: fields.all(tag::MADE).map(Made::decode).collect::<Result<_, _>>()?,
            renamed: fields.all(tag::RENAMED).map(renamed).collect::<Result<_, _>>()?,
            subscriptions: fields
                .all(tag::SUBSCRIPTION)
                .map(subscription)
                .collect::<Result<_, _>>()?,
            append_limits: fields
                .all(tag::APPEND_LIMIT)
                .map(append_limit)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Made {
    fn decode(mut field: Reader<'_>) -> Result<Self, BadRecord> {
        let id = MailboxId(field.number()?);
        let validity = u32::try_from(field.number()?).ok().and_then(UidValidity::new);
        let special = read_str(&mut field)?;
        let special_use = match special {
            "" => None,
            text => Some(SpecialUse::parse(text).ok_or(BadRecord("a special use"))?),
        };
        let uid_validity = validity.ok_or(BadRecord("a UIDVALIDITY"))?;
        Ok(Self { id, name: read_name(&mut field)?, uid_validity, special_use })
    }
}

fn begin(out: &mut Writer, mailbox: MailboxId, modseq: ModSeq) {
    out.number_field(tag::MAILBOX, mailbox.0);
    out.number_field(tag::MODSEQ, modseq.get());
}

fn write_thread_keys(out: &mut Writer, keys: &[ThreadKey]) {
    if !keys.is_empty() {
        out.nested_field(tag::THREAD_KEYS, |out| {
            keys.iter().for_each(|ThreadKey(key)| out.octets.extend(key.to_le_bytes()));
        });
    }
}

fn write_flags(out: &mut Writer, flags: FlagSet) {
    out.nested_field(tag::FLAGS, |out| {
        out.number(u64::from(flags.system.bits()));
        out.octets.extend(flags.keywords.to_le_bytes());
    });
}

/// Ranges, each as the gap after the one before and its length less one.
fn write_uids(out: &mut Writer, uids: &UidSet) {
    out.nested_field(tag::UIDS, |out| {
        let mut end = 0;
        for range in uids.ranges() {
            out.number(u64::from(range.first().get() - end));
            out.number(range.span() - 1);
            end = range.last().get();
        }
    });
}

fn read_uids(mut field: Reader<'_>) -> Result<UidSet, BadRecord> {
    let bad = BadRecord("a set of UIDs");
    let mut uids = UidSet::new();
    let mut end = 0u64;
    while !field.is_empty() {
        let first = end.checked_add(field.number()?).ok_or(bad.clone())?;
        end = first.checked_add(field.number()?).ok_or(bad.clone())?;
        let uid = |number: u64| u32::try_from(number).ok().and_then(Uid::new).ok_or(bad.clone());
        uids.insert_range(UidRange::new(uid(first)?, uid(end)?));
    }
    Ok(uids)
}

fn read_str<'a>(field: &mut Reader<'a>) -> Result<&'a str, BadRecord> {
    std::str::from_utf8(field.text()?).map_err(|_| BadRecord("UTF-8"))
}

/// The size of a message. It is bounded, so that the sizes of all messages of a mailbox have a sum.
pub(crate) fn message_size(octets: u64) -> Result<u64, BadRecord> {
    if octets > MAX_MESSAGE_OCTETS {
        return Err(BadRecord("the size of a message"));
    }
    Ok(octets)
}

pub(crate) fn read_name(field: &mut Reader<'_>) -> Result<MailboxName, BadRecord> {
    MailboxName::new(read_str(field)?).map_err(|_| BadRecord("a mailbox name"))
}

pub(crate) fn read_keyword(octets: &[u8]) -> Result<Keyword, BadRecord> {
    let text = std::str::from_utf8(octets).map_err(|_| BadRecord("UTF-8"))?;
    Keyword::new(text).map_err(|_| BadRecord("a keyword"))
}

/// The fields of a record, in their order.
struct Fields<'a>(Vec<(u8, Reader<'a>)>);

impl<'a> Fields<'a> {
    fn read(meta: &'a [u8]) -> Result<Self, BadRecord> {
        let mut reader = Reader::new(meta);
        let mut fields = Vec::new();
        while let Some((tag, field)) = reader.field()? {
            if tag > tag::KEYWORD_TAKES_OVER && tag < OPTIONAL {
                return Err(BadRecord("fields that this version knows"));
            }
            fields.push((tag, field));
        }
        Ok(Self(fields))
    }

    fn all(&self, tag: u8) -> impl Iterator<Item = Reader<'a>> {
        self.0.iter().filter(move |(have, _)| *have == tag).map(|(_, field)| *field)
    }

    fn one(&self, tag: u8) -> Result<Reader<'a>, BadRecord> {
        self.all(tag).next().ok_or(BadRecord("a field that is missing"))
    }

    fn number(&self, tag: u8) -> Result<u64, BadRecord> {
        self.one(tag)?.number()
    }

    fn mailbox(&self, tag: u8) -> Result<MailboxId, BadRecord> {
        self.number(tag).map(MailboxId)
    }

    fn modseq(&self) -> Result<ModSeq, BadRecord> {
        ModSeq::new(self.number(tag::MODSEQ)?).ok_or(BadRecord("a modification sequence"))
    }

    fn uid(&self) -> Result<Uid, BadRecord> {
        let number = u32::try_from(self.number(tag::UID)?).ok();
        number.and_then(Uid::new).ok_or(BadRecord("a UID"))
    }

    fn uids(&self) -> Result<UidSet, BadRecord> {
        read_uids(self.one(tag::UIDS)?)
    }

    fn flags(&self) -> Result<FlagSet, BadRecord> {
        let mut field = self.one(tag::FLAGS)?;
        let system = u8::try_from(field.number()?).map_err(|_| BadRecord("system flags"))?;
        let keywords = u128::from_le_bytes(field.array()?);
        Ok(FlagSet { system: SystemFlags::from_bits(system), keywords })
    }

    fn thread_keys(&self) -> Result<Vec<ThreadKey>, BadRecord> {
        let mut keys = Vec::new();
        for mut field in self.all(tag::THREAD_KEYS) {
            while !field.is_empty() {
                keys.push(ThreadKey(field.u64()?));
            }
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests;

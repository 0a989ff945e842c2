//! Response codes (RFC 9051 §7.1, RFC 5530 §3).

use super::progress;
use crate::parse::{Cursor, Parsed, is_text_safe};
use crate::{Tag, limits, print};
use rookery_mail::{Flag, MailboxId, Uid, UidRange, UidSet};

/// What a status means, for programs.
#[derive(Clone, PartialEq, Debug)]
pub enum Code {
    /// The text is to be shown.
    Alert,
    /// The UIDs of appended messages (RFC 9051 §6.3.12).
    AppendUid {
        /// The target's UIDVALIDITY.
        validity: u32,
        /// The UIDs.
        uids: UidSet,
    },
    /// The UIDs of copied or moved messages (RFC 9051 §6.4.7).
    CopyUid {
        /// The target's UIDVALIDITY.
        validity: u32,
        /// The UIDs that were.
        source: UidSet,
        /// The UIDs that are, in the same order.
        destination: UidSet,
    },
    /// The charset is not known; these are.
    BadCharset(Vec<String>),
    /// What the server can do.
    Capability(Vec<String>),
    /// A message could not be parsed.
    Parse,
    /// The flags that can be kept.
    PermanentFlags {
        /// Those that are known.
        flags: Vec<Flag>,
        /// Whether new keywords can be made: `\*`.
        any: bool,
    },
    /// The mailbox was opened for reading only.
    ReadOnly,
    /// The mailbox was opened for reading and writing.
    ReadWrite,
    /// The target does not exist, but could be created.
    TryCreate,
    /// The next UID.
    UidNext(u32),
    /// The UIDVALIDITY.
    UidValidity(u32),
    /// The number of the first message without `\Seen` (RFC 3501 §7.1).
    Unseen(u32),
    /// When the mailbox last changed (RFC 7162 §3.1.2.1).
    HighestModSeq(u64),
    /// The messages that STORE left alone, by UID or by number as the command had them (RFC 7162 §3.1.3).
    Modified(UidSet),
    /// The mailbox's id (RFC 8474 §4.1).
    MailboxId(MailboxId),
    /// UIDs do not last.
    UidNotSticky,
    /// The mailbox that was selected before is closed.
    Closed,
    /// Something is down for the moment.
    Unavailable,
    /// Wrong credentials.
    AuthenticationFailed,
    /// Right credentials, but not for this identity.
    AuthorizationFailed,
    /// The credentials have expired.
    Expired,
    /// Needs encryption.
    PrivacyRequired,
    /// A person has to look at it.
    ContactAdmin,
    /// The rights do not suffice.
    NoPerm,
    /// Something else is using it.
    InUse,
    /// Somebody has expunged some of the messages.
    ExpungeIssued,
    /// The server's data are damaged.
    Corruption,
    /// The server has a bug.
    ServerBug,
    /// The client has a bug.
    ClientBug,
    /// It can never be done.
    Cannot,
    /// A limit of the server is reached.
    Limit,
    /// Over quota.
    OverQuota,
    /// The target exists already.
    AlreadyExists,
    /// There is no such thing.
    NonExistent,
    /// The result was not saved as `$`.
    NotSaved,
    /// The mailbox has children.
    HasChildren,
    /// The part's transfer encoding is not known.
    UnknownCte,
    /// The message is too big (RFC 7889 §3).
    TooBig,
    /// Commands with message numbers cannot be used any more (RFC 9586).
    UidRequired,
    /// The mailbox cannot have the special use that was asked for (RFC 6154 §3).
    UseAttr,
    /// The connection is compressed already (RFC 4978 §3).
    CompressionActive,
    /// The batches would hold too few messages (RFC 10022).
    TooFew,
    /// There would be too many batches (RFC 10022).
    TooMany,
    /// A command touches so many messages and no more (RFC 9738).
    MessageLimit {
        /// The limit, in messages.
        limit: u32,
        /// The lowest UID that was done; those below it were left alone. Without it nothing was done.
        lowest: Option<Uid>,
    },
    /// How far a command has come (RFC 9585).
    InProgress {
        /// The command's tag.
        tag: Option<Tag>,
        /// How much is done.
        progress: Option<u64>,
        /// How much there is to do.
        goal: Option<u64>,
    },
    /// The URL of a part to append leads nowhere (RFC 4469 §4.1). Octets that no URL has are printed encoded, and what
    /// is then longer than [`limits::QUOTED`] is cut off.
    BadUrl(Vec<u8>),
    /// Another one: its name and what follows it.
    Other(String, Option<String>),
}

/// The codes that are a word and nothing else.
const PLAIN: &[(&str, Code)] = &[
    ("ALERT", Code::Alert),
    ("PARSE", Code::Parse),
    ("READ-ONLY", Code::ReadOnly),
    ("READ-WRITE", Code::ReadWrite),
    ("TRYCREATE", Code::TryCreate),
    ("UIDNOTSTICKY", Code::UidNotSticky),
    ("CLOSED", Code::Closed),
    ("UNAVAILABLE", Code::Unavailable),
    ("AUTHENTICATIONFAILED", Code::AuthenticationFailed),
    ("AUTHORIZATIONFAILED", Code::AuthorizationFailed),
    ("EXPIRED", Code::Expired),
    ("PRIVACYREQUIRED", Code::PrivacyRequired),
    ("CONTACTADMIN", Code::ContactAdmin),
    ("NOPERM", Code::NoPerm),
    ("INUSE", Code::InUse),
    ("EXPUNGEISSUED", Code::ExpungeIssued),
    ("CORRUPTION", Code::Corruption),
    ("SERVERBUG", Code::ServerBug),
    ("CLIENTBUG", Code::ClientBug),
    ("CANNOT", Code::Cannot),
    ("LIMIT", Code::Limit),
    ("OVERQUOTA", Code::OverQuota),
    ("ALREADYEXISTS", Code::AlreadyExists),
    ("NONEXISTENT", Code::NonExistent),
    ("NOTSAVED", Code::NotSaved),
    ("HASCHILDREN", Code::HasChildren),
    ("UNKNOWN-CTE", Code::UnknownCte),
    ("TOOBIG", Code::TooBig),
    ("UIDREQUIRED", Code::UidRequired),
    ("USEATTR", Code::UseAttr),
    ("COMPRESSIONACTIVE", Code::CompressionActive),
    ("TOOFEW", Code::TooFew),
    ("TOOMANY", Code::TooMany),
];

impl Code {
    /// Print it without its brackets.
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::AppendUid { validity, uids } => {
                print_number(out, "APPENDUID ", *validity);
                print_uids(out, uids);
            }
            Self::CopyUid { validity, source, destination } => {
                print_number(out, "COPYUID ", *validity);
                print_uids(out, source);
                print_uids(out, destination);
            }
            Self::BadCharset(charsets) => {
                out.extend_from_slice(b"BADCHARSET");
                if !charsets.is_empty() {
                    out.push(b' ');
                    print::list(out, charsets, |out, name| print::word(out, name));
                }
            }
            Self::Capability(names) => super::print_words(out, "CAPABILITY", names),
            Self::PermanentFlags { flags, any } => {
                out.extend_from_slice(b"PERMANENTFLAGS ");
                let names = flags.iter().map(Flag::as_str).chain(any.then_some("\\*"));
                print::list(out, names, |out, name| out.extend_from_slice(name.as_bytes()));
            }
            Self::UidNext(number) => print_number(out, "UIDNEXT ", *number),
            Self::UidValidity(number) => print_number(out, "UIDVALIDITY ", *number),
            Self::HighestModSeq(modseq) => {
                out.extend_from_slice(b"HIGHESTMODSEQ ");
                print::number(out, *modseq);
            }
            Self::MailboxId(id) => out.extend_from_slice(format!("MAILBOXID ({id})").as_bytes()),
            Self::Modified(messages) => {
                out.extend_from_slice(b"MODIFIED");
                print_uids(out, messages);
            }
            Self::Unseen(number) => print_number(out, "UNSEEN ", *number),
            Self::MessageLimit { limit, lowest } => {
                print_number(out, "MESSAGELIMIT ", *limit);
                if let Some(uid) = lowest {
                    print_number(out, " ", uid.get());
                }
            }
            Self::InProgress { tag, progress, goal } => {
                progress::print(out, tag.as_ref(), *progress, *goal);
            }
            Self::BadUrl(url) => print_bad_url(out, url),
            Self::Other(name, argument) => print_other(out, name, argument.as_deref()),
            plain => {
                let name =
                    PLAIN.iter().find(|(_, code)| code == plain).map_or("", |(name, _)| name);
                out.extend_from_slice(name.as_bytes());
            }
        }
    }

    /// Read it up to its closing bracket.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let name = cursor.label("a response code")?;
        if let Some((_, code)) = PLAIN.iter().find(|(known, _)| *known == name) {
            return Ok(code.clone());
        }
        match name.as_str() {
            "APPENDUID" => {
                let validity = spaced_number(cursor)?;
                Ok(Self::AppendUid { validity, uids: spaced_uids(cursor)? })
            }
            "COPYUID" => {
                let validity = spaced_number(cursor)?;
                let source = spaced_uids(cursor)?;
                Ok(Self::CopyUid { validity, source, destination: spaced_uids(cursor)? })
            }
            "BADCHARSET" if cursor.take(b' ') => {
                cursor.parenthesised("charsets in parentheses", charset).map(Self::BadCharset)
            }
            "BADCHARSET" => Ok(Self::BadCharset(Vec::new())),
            "CAPABILITY" => capabilities(cursor),
            "PERMANENTFLAGS" => permanent_flags(cursor),
            "UIDNEXT" => spaced_number(cursor).map(Self::UidNext),
            "UIDVALIDITY" => spaced_number(cursor).map(Self::UidValidity),
            "HIGHESTMODSEQ" => {
                cursor.space()?;
                cursor.number64().map(Self::HighestModSeq)
            }
            "MAILBOXID" => {
                cursor.space()?;
                cursor.object_id(b'M').map(|number| Self::MailboxId(MailboxId(number)))
            }
            "MODIFIED" => spaced_uids(cursor).map(Self::Modified),
            "UNSEEN" => spaced_number(cursor).map(Self::Unseen),
            "MESSAGELIMIT" => {
                let limit = spaced_number(cursor)?;
                let lowest = if cursor.take(b' ') { Some(cursor.uid()?) } else { None };
                Ok(Self::MessageLimit { limit, lowest })
            }
            "INPROGRESS" => progress::parse(cursor),
            "BADURL" => bad_url(cursor).map(Self::BadUrl),
            _ => Ok(Self::Other(name, other_argument(cursor))),
        }
    }
}

fn print_number(out: &mut Vec<u8>, name: &str, number: u32) {
    out.extend_from_slice(name.as_bytes());
    print::number(out, u64::from(number));
}

/// A space and UIDs.
fn print_uids(out: &mut Vec<u8>, uids: &UidSet) {
    out.push(b' ');
    out.extend_from_slice(uids.to_string().as_bytes());
}

fn print_bad_url(out: &mut Vec<u8>, url: &[u8]) {
    out.extend_from_slice(b"BADURL \"");
    let start = out.len();
    for octet in url {
        let before = out.len();
        match octet {
            b'"' | b'\\' | b']' => out.extend_from_slice(format!("%{octet:02X}").as_bytes()),
            b'!'..=b'~' => out.push(*octet),
            _ => out.extend_from_slice(format!("%{octet:02X}").as_bytes()),
        }
        if out.len() - start > limits::QUOTED {
            out.truncate(before);
            break;
        }
    }
    out.push(b'"');
}

/// A space and a URL, with quotes or without.
fn bad_url(cursor: &mut Cursor<'_>) -> Parsed<Vec<u8>> {
    cursor.space()?;
    if cursor.peek() == Some(b'"') {
        return cursor.quoted();
    }
    Ok(cursor.take_while(|octet| !matches!(octet, b']' | b'\r' | b'\n' | 0)).to_vec())
}

fn print_other(out: &mut Vec<u8>, name: &str, argument: Option<&str>) {
    print::word(out, name);
    if let Some(argument) = argument {
        out.push(b' ');
        // A bracket would end the code.
        print::text(out, &argument.replace(']', "?"));
    }
}

fn other_argument(cursor: &mut Cursor<'_>) -> Option<String> {
    let given = cursor.take(b' ');
    let text = cursor.take_while(|octet| is_text_safe(octet) && octet != b']');
    given.then(|| String::from_utf8_lossy(text).into_owned())
}

/// `charset`, which may be quoted.
fn charset(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let name = cursor.astring("a charset")?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

fn capabilities(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    let mut names = Vec::new();
    while cursor.take(b' ') {
        names.push(super::word(cursor)?);
    }
    Ok(Code::Capability(names))
}

fn permanent_flags(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    cursor.space()?;
    let flags = cursor.parenthesised("flags in parentheses", |cursor| {
        if cursor.take_text("\\*") {
            return Ok(None);
        }
        super::word(cursor).map(Some)
    })?;
    let any = flags.contains(&None);
    let flags = flags.into_iter().flatten().filter_map(|text| Flag::parse(&text).ok()).collect();
    Ok(Code::PermanentFlags { flags, any })
}

fn spaced_number(cursor: &mut Cursor<'_>) -> Parsed<u32> {
    cursor.space()?;
    cursor.number()
}

/// A space and `uid-set`.
fn spaced_uids(cursor: &mut Cursor<'_>) -> Parsed<UidSet> {
    cursor.space()?;
    uids(cursor)
}

/// `uid-set`.
pub(super) fn uids(cursor: &mut Cursor<'_>) -> Parsed<UidSet> {
    let mut uids = UidSet::new();
    loop {
        let first = cursor.uid()?;
        let last = if cursor.take(b':') { cursor.uid()? } else { first };
        uids.insert_range(UidRange::new(first, last));
        if !cursor.take(b',') {
            return Ok(uids);
        }
    }
}

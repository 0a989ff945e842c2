//! The messages of a command on their way in: read piece by piece, put together, streamed into the store.

mod url;

use super::fetch::Content;
use super::fetch::section::Octets;
use super::store::settable;
use super::{copy, now};
use crate::append_limit;
use crate::conn::Input;
use crate::limits::{APPEND_BEGINNING, CONTENT_CHUNK, MAX_APPEND_MESSAGES, MAX_APPEND_SIZES};
use crate::message_limit;
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::selected::Selected;
use crate::session::{Context, User};
use rookery_imap_wire::{
    AppendOptions, Code, Frame, IncomingHead, IncomingStep, IncomingText, LiteralHead, Response,
    WireMailbox,
};
use rookery_mail::{DateTime, EmailId, Flag, MailboxId};
use rookery_mailbox::delivery::Incoming;
use rookery_mailbox::{NewMessage, Refused, StoreError};
use std::ops::Range;

/// A command that brings messages, at its first literal or at its end. When it fails, whoever runs it rejects the
/// literal at hand, so that nothing of it is run as a command.
pub(crate) struct Stream<'a, 'i, 'o> {
    pub(crate) context: &'a Context,
    pub(crate) user: &'a User,
    pub(crate) out: &'a mut Out<'o>,
    /// The mailbox that URLs are relative to.
    selected: Option<MailboxId>,
    input: &'a mut Input<'i>,
    text: IncomingText,
    /// What was said and not yet done.
    steps: Vec<IncomingStep>,
    /// The literal behind it; none at the end of the command.
    literal: Option<LiteralHead>,
    /// Octets of the largest message that is taken.
    max_size: u64,
    /// Octets that the messages may still bring, all together.
    room: u64,
    /// Octets of them that may still be in memory until all have come.
    memory: usize,
}

/// A message that is not yet whole.
struct Unfinished {
    incoming: Incoming,
    flags: Vec<Flag>,
    date: DateTime,
}

impl<'a, 'i, 'o> Stream<'a, 'i, 'o> {
    pub(crate) fn new(
        (context, user, selected): (&'a Context, &'a User, Option<&Selected>),
        head: &IncomingHead,
        literal: Option<LiteralHead>,
        input: &'a mut Input<'i>,
        out: &'a mut Out<'o>,
    ) -> Self {
        let (text, steps) = (head.text, head.steps.clone());
        let max_size = context.services.settings.max_message_size;
        let room = max_size.saturating_mul(MAX_APPEND_SIZES);
        let memory = context.budget().work_beside(selected.map_or(0, Selected::own_octets));
        let selected = selected.map(|selected| selected.id);
        Self { context, user, out, selected, input, text, steps, literal, max_size, room, memory }
    }

    /// The mailbox that the messages are for, whose limit they must keep to from now on.
    pub(crate) async fn destination(
        &mut self,
        mailbox: &WireMailbox,
    ) -> Result<MailboxId, Failure> {
        let info = copy::destination(self.context, self.user, mailbox).await?;
        self.max_size = append_limit::of(self.context, &info);
        Ok(info.id)
    }

    /// All messages, with the command read to its end.
    pub(crate) async fn receive(&mut self) -> Result<Vec<NewMessage>, Failure> {
        let mut messages = Vec::new();
        let mut unfinished = None;
        loop {
            for step in std::mem::take(&mut self.steps) {
                match (step, unfinished.take()) {
                    (IncomingStep::Begin(options), _) => {
                        unfinished = Some(self.begin(&options, messages.len()).await?);
                    }
                    (IncomingStep::End, Some(message)) => {
                        let message = end(message).await?;
                        self.hold(&message)?;
                        messages.push(message);
                    }
                    (step, Some(mut message)) => {
                        self.add(step, &mut message).await?;
                        unfinished = Some(message);
                    }
                    (_, None) => {}
                }
            }
            if unfinished.is_none() {
                return Ok(messages);
            }
            self.read_on().await?;
        }
    }

    async fn begin(
        &mut self,
        options: &AppendOptions,
        before: usize,
    ) -> Result<Unfinished, Failure> {
        if before == MAX_APPEND_MESSAGES {
            return Err(Refusal::no(Code::Limit, "Too many messages in one APPEND").into());
        }
        message_limit::check_saved(self.context, before as u64 + 1)?;
        let flags = settable(&options.flags)?;
        let date = options.date.unwrap_or_else(|| DateTime::from_unix(now()));
        let mut incoming = Incoming::new(&self.user.account).await?;
        if self.context.speaks_utf8() {
            incoming.mark_utf8();
        }
        Ok(Unfinished { incoming, flags, date })
    }

    async fn add(&mut self, step: IncomingStep, message: &mut Unfinished) -> Result<(), Failure> {
        match step {
            // Plain literals with UTF-8 in their headers are taken from everybody, other than RFC 9755 §4 has it: there is such
            // mail, and a client that moves a mailbox here would have to leave it behind.
            IncomingStep::Literal { utf8: true, .. } if !self.context.speaks_utf8() => {
                Err(Refusal::no(Code::Cannot, "UTF8=ACCEPT is not enabled").into())
            }
            IncomingStep::Literal { utf8: true, .. }
                if self.literal.as_ref().is_some_and(|literal| !literal.binary) =>
            {
                Err(Refusal::bad("UTF8 takes a literal8").into())
            }
            IncomingStep::Literal { whole, .. } => self.literal(whole, message).await,
            IncomingStep::Url(url) => self.url(url, message).await,
            IncomingStep::Begin(_) | IncomingStep::End => Ok(()),
        }
    }

    /// Stream the literal that is announced. Whether it can be taken is decided before any of it is sent.
    async fn literal(&mut self, whole: bool, message: &mut Unfinished) -> Result<(), Failure> {
        let Some(literal) = self.literal.take() else { return Ok(()) };
        if whole && literal.size == 0 {
            return Err(empty().into());
        }
        self.make_room(message, literal.size)?;
        self.input.framer().stream_literal();
        self.go_on(literal.sync).await?;
        while let Frame::Bytes(octets) = self.input.literal_frame().await? {
            message.incoming.write(&octets).await?;
        }
        Ok(())
    }

    async fn url(&mut self, url: Vec<u8>, message: &mut Unfinished) -> Result<(), Failure> {
        match url::find(self.user, self.selected, &url).await? {
            None => Err(bad_url(url).into()),
            Some((_, Octets::Picked(octets))) => {
                self.make_room(message, octets.len() as u64)?;
                Ok(message.incoming.write(&octets).await?)
            }
            Some((email, Octets::Range(range))) => {
                self.make_room(message, range.end - range.start)?;
                match copy(self.user, email, range, message).await {
                    // It has just been expunged.
                    Err(StoreError::Refused(Refused::NoSuchMessage)) => Err(bad_url(url).into()),
                    copied => Ok(copied?),
                }
            }
        }
    }

    /// Let so many octets more into the message, if it can have them and the command too.
    fn make_room(&mut self, message: &Unfinished, more: u64) -> Result<(), Refusal> {
        if message.incoming.len().saturating_add(more) > self.max_size {
            return Err(Refusal::too_big());
        }
        let left = self.room.checked_sub(more);
        self.room = left.ok_or_else(|| Refusal::no(Code::Limit, "Too much in one APPEND"))?;
        Ok(())
    }

    /// Count what of a message is in memory until all have come.
    fn hold(&mut self, message: &NewMessage) -> Result<(), Refusal> {
        let beginning = message.content.len().min(APPEND_BEGINNING);
        let held =
            message.summary.len().saturating_add(usize::try_from(beginning).unwrap_or(usize::MAX));
        let left = self.memory.checked_sub(held);
        let refuse = || Refusal::no(Code::Limit, "Too much in the messages of one APPEND");
        self.memory = left.ok_or_else(refuse)?;
        Ok(())
    }

    async fn go_on(&mut self, sync: bool) -> Result<(), Failure> {
        if sync {
            self.out.send(&Response::Continue("Go on".to_owned()));
            self.out.flush().await?;
        }
        Ok(())
    }

    /// Read what stands behind a literal, up to the next one or to the end of the command.
    async fn read_on(&mut self) -> Result<(), Failure> {
        let refuse = |malformed| Failure::from(Refusal::from(&malformed));
        loop {
            let (rest, literal) = match self.input.literal_frame().await? {
                Frame::Command(rest) => (rest, None),
                Frame::Literal(head) => (head.prefix.clone(), Some(head)),
                Frame::TooBig { limit, .. } => return Err(Refusal::command_too_big(limit).into()),
                Frame::Incomplete | Frame::Bytes(_) | Frame::LiteralEnd => continue,
            };
            let steps = self.text.read(&rest, literal.is_some()).map_err(refuse)?;
            match (steps, literal) {
                (Some(steps), literal) => {
                    (self.steps, self.literal) = (steps, literal);
                    return Ok(());
                }
                // A literal that is a string of the command.
                (None, Some(literal)) => {
                    let fits = self.input.framer().keep_literal();
                    self.go_on(fits && literal.sync).await?;
                }
                (None, None) => return Err(Refusal::bad("A message must be a literal").into()),
            }
        }
    }
}

/// Add a range of a message, a piece at a time. With its last octets comes that all of it is what it was: nobody makes a good copy
/// of a damaged message.
async fn copy(
    user: &User,
    email: EmailId,
    range: Range<u64>,
    message: &mut Unfinished,
) -> Result<(), StoreError> {
    let content = Content::new(&user.account, email);
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + CONTENT_CHUNK);
        message.incoming.write(&content.read(start..end).await?).await?;
        start = end;
    }
    Ok(())
}

async fn end(message: Unfinished) -> Result<NewMessage, Failure> {
    let Unfinished { incoming, flags, date } = message;
    if incoming.is_empty() {
        return Err(empty().into());
    }
    Ok(incoming.complete(flags, date).await?)
}

fn bad_url(url: Vec<u8>) -> Refusal {
    Refusal::no(Code::BadUrl(url), "There is no such part of a message")
}

fn empty() -> Refusal {
    Refusal::no(Code::Cannot, "A message cannot be empty")
}

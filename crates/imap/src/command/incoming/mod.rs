//! The messages of a command on their way in: read piece by piece, put together, streamed into the store.

use super::now;
use super::store::settable;
use crate::conn::Input;
use crate::limits::MAX_APPEND_MESSAGES;
use crate::message_limit;
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::session::{Context, User};
use rookery_imap_wire::{
    AppendOptions, Code, Frame, IncomingHead, IncomingStep, IncomingText, LiteralHead, Response,
};
use rookery_mail::{DateTime, Flag};
use rookery_mailbox::NewMessage;
use rookery_mailbox::delivery::Incoming;

/// A command that brings messages, at its first literal or at its end. When it fails, whoever runs it rejects the
/// literal at hand, so that nothing of it is run as a command.
pub(crate) struct Stream<'a, 'i, 'o> {
    pub(crate) context: &'a Context,
    pub(crate) user: &'a User,
    pub(crate) out: &'a mut Out<'o>,
    input: &'a mut Input<'i>,
    text: IncomingText,
    /// What was said and not yet done.
    steps: Vec<IncomingStep>,
    /// The literal behind it; none at the end of the command.
    literal: Option<LiteralHead>,
}

/// A message that is not yet whole.
struct Unfinished {
    incoming: Incoming,
    flags: Vec<Flag>,
    date: DateTime,
}

impl<'a, 'i, 'o> Stream<'a, 'i, 'o> {
    pub(crate) fn new(
        (context, user): (&'a Context, &'a User),
        head: &IncomingHead,
        literal: Option<LiteralHead>,
        input: &'a mut Input<'i>,
        out: &'a mut Out<'o>,
    ) -> Self {
        let (text, steps) = (head.text, head.steps.clone());
        Self { context, user, out, input, text, steps, literal }
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
                    (IncomingStep::End, Some(message)) => messages.push(end(message)?),
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
        Ok(Unfinished { incoming: Incoming::new(&self.user.account).await?, flags, date })
    }

    async fn add(&mut self, step: IncomingStep, message: &mut Unfinished) -> Result<(), Failure> {
        match step {
            IncomingStep::Literal { utf8: true, .. } => {
                Err(Refusal::bad("UTF8 is not available").into())
            }
            IncomingStep::Literal { whole, .. } => self.literal(whole, message).await,
            IncomingStep::Url(_) => Err(Refusal::bad("CATENATE is not available").into()),
            IncomingStep::Begin(_) | IncomingStep::End => Ok(()),
        }
    }

    /// Stream the literal that is announced. Whether it can be taken is decided before any of it is sent.
    async fn literal(&mut self, whole: bool, message: &mut Unfinished) -> Result<(), Failure> {
        let Some(literal) = self.literal.take() else { return Ok(()) };
        if whole && literal.size == 0 {
            return Err(empty().into());
        }
        self.check_size(message, literal.size)?;
        self.input.framer().stream_literal();
        self.go_on(literal.sync).await?;
        while let Frame::Bytes(octets) = self.input.literal_frame().await? {
            message.incoming.write(&octets).await?;
        }
        Ok(())
    }

    fn check_size(&self, message: &Unfinished, more: u64) -> Result<(), Refusal> {
        let size = message.incoming.len().saturating_add(more);
        let fits = size <= self.context.services.settings.max_message_size;
        if fits { Ok(()) } else { Err(Refusal::too_big()) }
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
                _ => return Err(Refusal::too_big().into()),
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

fn end(message: Unfinished) -> Result<NewMessage, Refusal> {
    let Unfinished { incoming, flags, date } = message;
    if incoming.is_empty() { Err(empty()) } else { Ok(incoming.finish(flags, date)) }
}

fn empty() -> Refusal {
    Refusal::no(Code::Cannot, "A message cannot be empty")
}

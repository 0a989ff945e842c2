//! APPEND (RFC 9051 §6.3.12), of several messages at once too (RFC 3502). Messages stream into the store.

use super::store::settable;
use super::{copy, now};
use crate::conn::Input;
use crate::limits::MAX_APPEND_MESSAGES;
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::session::{Answer, Context, User, done_with};
use rookery_imap_wire::{
    AppendHead, AppendOptions, AppendTail, Code, Frame, LiteralHead, Response,
};
use rookery_mail::{DateTime, Flag};
use rookery_mailbox::delivery::Incoming;
use rookery_mailbox::{NewMessage, StoreError};

/// Takes over at the command's first message literal, and reads the command to its end.
pub(crate) async fn run(
    context: &Context,
    user: &User,
    head: AppendHead,
    literal: LiteralHead,
    input: &mut Input<'_>,
    out: &mut Out<'_>,
) -> Answer {
    let to = match copy::destination(context, user, &head.mailbox).await {
        Ok(to) => to,
        Err(failure) => {
            input.framer().reject_literal();
            return Err(failure);
        }
    };
    let mut messages = Vec::new();
    let (mut options, mut literal) = (head.options, literal);
    loop {
        let accepted = check(context, &options, &literal, messages.len());
        let flags = match accepted {
            Ok(flags) => flags,
            Err(refusal) => {
                input.framer().reject_literal();
                return Err(refusal.into());
            }
        };
        let date = options.date.unwrap_or_else(|| DateTime::from_unix(now()));
        messages.push(receive(user, flags, date, &literal, input, out).await?);
        match next(input).await? {
            None => break,
            Some((more, head)) => (options, literal) = (more, head),
        }
    }
    let appended = user.account.store().append(to, messages, now()).await?;
    let code = Code::AppendUid { validity: appended.uid_validity.get(), uids: appended.uids };
    done_with(code, "Appended")
}

/// Whether the next message can be taken, before any of it has been sent.
fn check(
    context: &Context,
    options: &AppendOptions,
    literal: &LiteralHead,
    before: usize,
) -> Result<Vec<Flag>, Refusal> {
    if options.utf8 {
        return Err(Refusal::bad("UTF8 is not available"));
    }
    if literal.size == 0 {
        return Err(Refusal::no(Code::Cannot, "A message cannot be empty"));
    }
    if literal.size > context.services.settings.max_message_size {
        return Err(Refusal::too_big());
    }
    if before == MAX_APPEND_MESSAGES {
        return Err(Refusal::no(Code::Limit, "Too many messages in one APPEND"));
    }
    settable(&options.flags)
}

/// Stream one literal into the store. Its octets are taken off the stream even when the store fails.
async fn receive(
    user: &User,
    flags: Vec<Flag>,
    date: DateTime,
    literal: &LiteralHead,
    input: &mut Input<'_>,
    out: &mut Out<'_>,
) -> Result<NewMessage, Failure> {
    input.framer().stream_literal();
    if literal.sync {
        out.send(&Response::Continue("Go on".to_owned()));
        out.flush().await?;
    }
    let mut incoming = Incoming::new(&user.account).await;
    while let Frame::Bytes(octets) = input.literal_frame().await? {
        incoming = add(incoming, &octets).await;
    }
    match incoming {
        Ok(incoming) => Ok(incoming.finish(flags, date)),
        Err(error) => {
            skip_rest(input).await?;
            Err(error.into())
        }
    }
}

async fn add(
    incoming: Result<Incoming, StoreError>,
    octets: &[u8],
) -> Result<Incoming, StoreError> {
    let mut incoming = incoming?;
    incoming.write(octets).await?;
    Ok(incoming)
}

/// What follows a message: the end of the command, or another message's options and literal.
async fn next(input: &mut Input<'_>) -> Result<Option<(AppendOptions, LiteralHead)>, Failure> {
    let refuse = |malformed| Failure::from(Refusal::from(&malformed));
    match input.literal_frame().await? {
        Frame::Command(rest) => match AppendTail::parse(&rest, false).map_err(refuse)? {
            AppendTail::End => Ok(None),
            AppendTail::Next(_) => Err(Refusal::bad("The message must be a literal").into()),
        },
        Frame::Literal(head) => match AppendTail::parse(&head.prefix, true) {
            Ok(AppendTail::Next(options)) => Ok(Some((options, head))),
            Ok(AppendTail::End) => {
                input.framer().reject_literal();
                Err(Refusal::bad("The command ends behind the message").into())
            }
            Err(malformed) => {
                input.framer().reject_literal();
                Err(refuse(malformed))
            }
        },
        _ => Err(Refusal::too_big().into()),
    }
}

/// The command has failed; whatever it still has is no command of its own.
async fn skip_rest(input: &mut Input<'_>) -> Result<(), Failure> {
    if let Frame::Literal(_) = input.literal_frame().await? {
        input.framer().reject_literal();
    }
    Ok(())
}

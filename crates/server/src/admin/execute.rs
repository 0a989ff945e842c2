//! Doing what a request asks for.

use super::message::Messages;
use super::{Request, Response, account, check, content, frame, mailbox, message};
use crate::failure::Failure;
use crate::limits::MAX_ADMIN_FRAME;
use crate::services::Services;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// Do what is asked for. `messages` are those that follow the request.
pub(super) async fn execute(
    request: Request,
    messages: &mut Messages<'_>,
    services: &Services,
) -> Result<Response, Failure> {
    match request {
        Request::AccountAdd { name, password } => account::add(services, &name, password).await,
        Request::AccountList { after } => account::list(services, after.as_deref()).await,
        Request::AccountShow { name } => account::show(services, &name).await,
        Request::AccountPassword { name, password, end_sessions } => {
            account::set_password(services, &name, password, end_sessions).await
        }
        Request::AccountSetDisabled { name, disabled } => {
            account::set_disabled(services, &name, disabled).await
        }
        Request::AccountHide { name, capabilities, hidden } => {
            account::set_hidden(services, &name, capabilities, hidden).await
        }
        Request::AccountDelete { name } => account::delete(services, &name).await,
        Request::Check { name, repair } => check::check(services, &name, repair).await,
        Request::MailboxList { account, after } => {
            mailbox::list(services, &account, after.as_deref()).await
        }
        Request::MailboxCreate { account, mailbox, special_use } => {
            mailbox::create(services, &account, &mailbox, special_use.as_deref()).await
        }
        Request::MailboxRename { account, from, to } => {
            mailbox::rename(services, &account, &from, &to).await
        }
        Request::MailboxDelete { account, mailbox } => {
            mailbox::delete(services, &account, &mailbox).await
        }
        Request::MailboxStatus { account, mailbox } => {
            mailbox::status(services, &account, &mailbox).await
        }
        Request::MailboxSetAppendLimit { account, mailbox, limit } => {
            mailbox::set_append_limit(services, &account, &mailbox, limit).await
        }
        Request::MessageList { account, mailbox, after } => {
            content::list(services, &account, &mailbox, after).await
        }
        // Its answer is more than a value.
        Request::MessageContent { .. } => Err(Failure::unexpected_answer()),
        Request::MessageSize => Ok(Response::MessageSize(services.message_size)),
        Request::Deliver { account, mailbox } => {
            message::deliver(services, &account, mailbox.as_deref(), messages).await
        }
        Request::Append { account, mailbox, messages: details } => {
            message::append(services, &account, &mailbox, &details, messages).await
        }
    }
}

fn too_long() -> Failure {
    Failure::new(format!("the answer is longer than {MAX_ADMIN_FRAME} octets"))
}

/// Answer one client's requests until it has no more.
pub(crate) async fn serve<S>(stream: S, services: &Services) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (mut read, mut write) = tokio::io::split(stream);
    while let Some(request) = frame::read::<Request>(&mut read).await? {
        if let Request::MessageContent { account, mailbox, uid } = &request {
            content::send(services, (account, mailbox, *uid), &mut write).await?;
            continue;
        }
        let mut messages = Messages::new(&mut read, request.message_count());
        let result = execute(request, &mut messages, services).await;
        messages.skip_rest().await?;
        match frame::write(&mut write, &result.unwrap_or_else(Response::Failed)).await {
            // Nothing of it was sent.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                frame::write(&mut write, &Response::Failed(too_long())).await?;
            }
            written => written?,
        }
    }
    Ok(())
}

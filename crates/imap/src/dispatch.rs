//! Which file runs which command.
//!
//! What a connection waits in is as large as the largest thing that it could be doing, unless that is boxed: so commands with
//! much to remember are, and IDLE is not.

use crate::command;
use crate::command::incoming::Stream;
use crate::conn::Input;
use crate::gate;
use crate::out::Out;
use crate::refusal::Refusal;
use crate::selected::Selected;
use crate::session::{Answer, Context, Session, State, User};
use rookery_imap_wire::{CommandBody, IncomingCommand, IncomingHead, LiteralHead, Tag};

/// Run a command that may run in this state.
pub(crate) async fn run(
    session: &mut Session,
    tag: &Tag,
    body: CommandBody,
    input: &mut Input<'_>,
    out: &mut Out<'_>,
) -> Answer {
    use CommandBody as C;
    match body {
        C::Capability => command::capability::run(session, out).await,
        C::Noop => command::noop::run(),
        C::Check => command::check::run(),
        C::Logout => command::logout::run(out),
        C::Id(fields) => command::id::run(&mut session.context, fields.as_ref(), out),
        C::StartTls => command::starttls::run(&session.context),
        C::Authenticate { mechanism, initial } => {
            command::authenticate::run(session, &mechanism, initial, input, out).await
        }
        C::Login { user, password } => command::login::run(session, &user, &password, input).await,
        C::Enable(names) => command::enable::run(&mut session.context, &names, out),
        C::Select { mailbox, parameters } => {
            Box::pin(command::select::run(session, &mailbox, &parameters, false, out)).await
        }
        C::Examine { mailbox, parameters } => {
            Box::pin(command::select::run(session, &mailbox, &parameters, true, out)).await
        }
        C::Idle => command::idle::run(session, input, out).await,
        C::Close => command::close::run(session).await,
        C::Unselect => command::unselect::run(session),
        C::Compress(mechanism) => command::compress::run(&mut session.context, &mechanism),
        C::Unauthenticate => command::unauthenticate::run(session, input).await,
        C::Append { .. } | C::Replace(_) => match IncomingHead::of_whole(tag, &body) {
            Some(head) => Box::pin(incoming(session, &head, None, input, out)).await,
            None => Err(Refusal::bad("A message must be a literal").into()),
        },
        body => match &mut session.state {
            State::NotAuthenticated => Err(gate::wrong_state().into()),
            State::Authenticated(user) => {
                Box::pin(in_account(&session.context, user, body, out)).await
            }
            State::Selected(user, selected) => {
                Box::pin(in_mailbox(&session.context, user, selected, tag, body, out)).await
            }
        },
    }
}

/// Run a command that brings messages, at its first literal that is one, or at its end if it has none.
pub(crate) async fn incoming(
    session: &mut Session,
    head: &IncomingHead,
    literal: Option<LiteralHead>,
    input: &mut Input<'_>,
    out: &mut Out<'_>,
) -> Answer {
    use IncomingCommand as I;
    let context = &session.context;
    let mailbox = &head.mailbox;
    let answer = match (head.command, &session.state) {
        (I::Append, State::Authenticated(user)) => {
            let stream = Stream::new((context, user, None), head, literal, input, out);
            command::append::run(stream, mailbox).await
        }
        (I::Append, State::Selected(user, selected)) => {
            let stream = Stream::new((context, user, Some(selected)), head, literal, input, out);
            command::append::run(stream, mailbox).await
        }
        (I::Replace { uid, number }, State::Selected(user, selected)) => {
            let stream = Stream::new((context, user, Some(selected)), head, literal, input, out);
            command::replace::run(stream, selected, (number, uid), mailbox).await
        }
        _ => Err(gate::wrong_state().into()),
    };
    if answer.is_err() {
        // Nothing of a command that has failed is a command of its own.
        input.framer().reject_literal();
    }
    answer
}

/// Commands on the account.
async fn in_account(
    context: &Context,
    user: &User,
    body: CommandBody,
    out: &mut Out<'_>,
) -> Answer {
    use CommandBody as C;
    match body {
        C::Create { mailbox, special_use } => {
            command::create::run(context, user, &mailbox, &special_use, out).await
        }
        C::Delete(mailbox) => command::delete::run(context, user, &mailbox, out).await,
        C::Rename { from, to } => command::rename::run(context, user, (&from, &to), out).await,
        C::Subscribe(mailbox) => command::subscribe::run(context, user, &mailbox, true).await,
        C::Unsubscribe(mailbox) => command::subscribe::run(context, user, &mailbox, false).await,
        C::List(list) => command::list::run(context, user, &list, out).await,
        C::Lsub { reference, pattern } => {
            command::lsub::run(context, user, &reference, &pattern, out).await
        }
        C::Xlist { reference, pattern } => {
            command::xlist::run(context, user, &reference, &pattern, out).await
        }
        C::Namespace => Ok(command::namespace::run(out)),
        C::Status { mailbox, items } => {
            command::status::run(context, user, &mailbox, &items, out).await
        }
        _ => Err(gate::wrong_state().into()),
    }
}

/// Commands on the selected mailbox; all others are on the account.
async fn in_mailbox(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    tag: &Tag,
    body: CommandBody,
    out: &mut Out<'_>,
) -> Answer {
    use CommandBody as C;
    match body {
        C::Expunge => command::expunge::run(context, user, selected, None, tag, out).await,
        C::UidExpunge(set) => {
            command::expunge::run(context, user, selected, Some(&set), tag, out).await
        }
        C::Search(search) => command::search::run(context, user, selected, tag, &search, out).await,
        C::Fetch(fetch) => command::fetch::run(context, user, selected, fetch, out).await,
        C::Store(store) => command::store::run(context, user, selected, tag, &store, out).await,
        C::Copy { uid, set, mailbox } => {
            command::copy::run(context, user, selected, (&set, uid), &mailbox, tag, out).await
        }
        C::Move { uid, set, mailbox } => {
            command::r#move::run(context, user, selected, (&set, uid), &mailbox, tag, out).await
        }
        C::UidBatches { size, range } => command::uidbatches::run(selected, tag, size, range, out),
        body => in_account(context, user, body, out).await,
    }
}

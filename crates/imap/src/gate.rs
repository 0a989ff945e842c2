//! The command table: what may run in which state, what takes message numbers, and after what they may change.

use crate::capability::is_allowed;
use crate::command;
use crate::refusal::Refusal;
use crate::session::{Context, State};
use rookery_imap_wire::{
    CommandBody, FetchItem, FetchModifier, IncomingCommand, ListReturn, SelectParameter,
    StatusItem, StoreModifier,
};
use rookery_mailbox::Expunges;

/// In which states a command may run (RFC 9051 §6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum States {
    Any,
    NotAuthenticated,
    Authenticated,
    Selected,
}

/// A row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rule {
    pub(crate) states: States,
    pub(crate) expunges: Expunges,
    /// Whether it names messages by number, or is answered in numbers: not with UIDONLY (RFC 9586 §3.2).
    pub(crate) numbers: bool,
}

/// The row of a command that brings messages, which begins to run before it is whole.
pub(crate) fn incoming(command: IncomingCommand) -> Rule {
    let (states, numbers) = match command {
        IncomingCommand::Append => (States::Authenticated, false),
        // It needs a mailbox even with a UID (RFC 8508 §3.5).
        IncomingCommand::Replace { uid, .. } => (States::Selected, !uid),
    };
    Rule { states, expunges: Expunges::Tell, numbers }
}

/// The row of a command.
pub(crate) fn rule(body: &CommandBody) -> Rule {
    use CommandBody as C;
    let states = match body {
        C::Capability | C::Noop | C::Logout | C::Id(_) => States::Any,
        C::StartTls | C::Authenticate { .. } | C::Login { .. } => States::NotAuthenticated,
        C::Enable(_)
        | C::Select { .. }
        | C::Examine { .. }
        | C::Create { .. }
        | C::Delete(_)
        | C::Rename { .. }
        | C::Subscribe(_)
        | C::Unsubscribe(_)
        | C::List(_)
        | C::Lsub { .. }
        | C::Xlist { .. }
        | C::Namespace
        | C::Status { .. }
        | C::Append { .. }
        | C::Unauthenticate
        | C::Compress(_)
        | C::Idle => States::Authenticated,
        C::Check
        | C::Close
        | C::Unselect
        | C::Expunge
        | C::UidExpunge(_)
        | C::UidBatches { .. }
        | C::Search(_)
        | C::Fetch(_)
        | C::Store(_)
        | C::Copy { .. }
        | C::Move { .. }
        | C::Replace(_) => States::Selected,
    };
    Rule { states, expunges: expunges(body), numbers: numbers(body) }
}

/// No EXPUNGE while answering FETCH, STORE or SEARCH: the client may be using numbers right now.
/// Their UID forms are other commands (RFC 9051 §7.5.1).
fn expunges(body: &CommandBody) -> Expunges {
    use CommandBody as C;
    match body {
        C::Fetch(_) | C::Store(_) | C::Search(_) if numbers(body) => Expunges::Hold,
        _ => Expunges::Tell,
    }
}

/// Whether a command has to do with message numbers.
fn numbers(body: &CommandBody) -> bool {
    use CommandBody as C;
    match body {
        C::Fetch(fetch) => !fetch.uid,
        C::Store(store) => !store.uid,
        C::Search(search) => !search.uid || command::search::uses_numbers(&search.key),
        C::Copy { uid, .. } | C::Move { uid, .. } => !uid,
        C::Replace(replace) => !replace.uid,
        C::Select { parameters, .. } | C::Examine { parameters, .. } => {
            parameters.iter().any(has_match_data)
        }
        _ => false,
    }
}

/// Numbers and their UIDs, from which a server may guess what is gone (RFC 7162 §3.2.5.2).
fn has_match_data(parameter: &SelectParameter) -> bool {
    matches!(parameter, SelectParameter::QResync(known) if known.matches.is_some())
}

/// Whether a command shows that the client knows CONDSTORE (RFC 7162 §3.1).
pub(crate) fn enables_condstore(body: &CommandBody, context: &Context) -> bool {
    use CommandBody as C;
    match body {
        C::Select { parameters, .. } | C::Examine { parameters, .. } => {
            parameters.contains(&SelectParameter::CondStore)
        }
        C::Status { items, .. } => items.contains(&StatusItem::HighestModSeq),
        C::List(list) => list.returns.iter().any(|option| {
            matches!(option, ListReturn::Status(items) if items.contains(&StatusItem::HighestModSeq))
        }),
        C::Enable(names) => {
            let asked = |known: &&str| names.iter().any(|name| name == known);
            ["CONDSTORE", "QRESYNC"].iter().any(|name| asked(name) && is_allowed(context, name))
        }
        C::Fetch(fetch) => {
            let since = |modifier: &FetchModifier| matches!(modifier, FetchModifier::ChangedSince(_));
            fetch.items.contains(&FetchItem::ModSeq) || fetch.modifiers.iter().any(since)
        }
        C::Store(store) => {
            let since =
                |modifier: &StoreModifier| matches!(modifier, StoreModifier::UnchangedSince(_));
            store.modifiers.iter().any(since)
        }
        C::Search(search) => command::search::uses_modseq(&search.key),
        _ => false,
    }
}

/// Whether a command may run now.
pub(crate) fn check(rule: Rule, state: &State, context: &Context) -> Result<(), Refusal> {
    let fits = match (rule.states, state) {
        (States::Any, _)
        | (States::NotAuthenticated, State::NotAuthenticated)
        | (States::Authenticated, State::Authenticated(_) | State::Selected(..))
        | (States::Selected, State::Selected(..)) => true,
        (States::NotAuthenticated | States::Authenticated | States::Selected, _) => false,
    };
    if !fits {
        return Err(wrong_state());
    }
    if rule.numbers && context.uid_only { Err(Refusal::uid_required()) } else { Ok(()) }
}

/// The answer to a command that cannot run in this state.
pub(crate) fn wrong_state() -> Refusal {
    Refusal::bad("This command cannot be used in this state")
}

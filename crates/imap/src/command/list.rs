//! LIST (RFC 9051 §6.3.9), with the selection and return options of RFC 5258, STATUS (RFC 5819) and
//! special uses (RFC 6154).

use super::status;
use crate::limits::{COMPARISONS_IN_A_TURN, MAX_LIST_PATTERNS, SHORT_LIST};
use crate::names;
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::{
    Code, List, ListExtended, ListReturn, ListSelection, Response, StatusItem, WireMailbox,
};
use rookery_mail::{DELIMITER, MailboxName};
use rookery_mailbox::list::Pattern;
use rookery_mailbox::{MailboxList, heavy};
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;
use tokio::task::yield_now;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    command: &List,
    out: &mut Out<'_>,
) -> Answer {
    let options = Options::of(command)?;
    if !command.extended && command.patterns.iter().all(Vec::is_empty) {
        return delimiter(out);
    }
    let patterns = patterns(context, &command.reference, &command.patterns)?;
    let list = user.account.store().mailboxes().await?;
    let options = Arc::new(options);
    for chosen in choose(user, &list, &options, patterns).await? {
        tell(context, user, (&list, &options), chosen, out).await?;
        out.drain().await?;
    }
    done("That is all")
}

/// A name that is listed.
struct Chosen {
    name: MailboxName,
    /// Whether it meets the selection criteria, and not only names below it.
    meets: bool,
    extended: Vec<ListExtended>,
}

/// The names that are listed (RFC 5258 §3.5), where finding them keeps nobody else waiting.
async fn choose(
    user: &User,
    list: &Arc<MailboxList>,
    options: &Arc<Options>,
    patterns: Vec<Pattern>,
) -> Result<Vec<Chosen>, Failure> {
    let names = list.mailboxes.len() + list.subscriptions.len();
    if names <= SHORT_LIST {
        return Ok(choose_here(list, options, &patterns).await);
    }
    let (list, options) = (Arc::clone(list), Arc::clone(options));
    let work = async move { choose_here(&list, &options, &patterns).await };
    let chosen = heavy::in_turns(user.account.owner(), work).await;
    Ok(chosen.map_err(|it| it.during("choosing among mailboxes"))?)
}

/// Others get a turn after some comparisons, for one may take long.
async fn choose_here(list: &MailboxList, options: &Options, patterns: &[Pattern]) -> Vec<Chosen> {
    let mut matching = Vec::new();
    let mut above = Above::default();
    let mut compared = 0;
    for name in names_to_consider(list, options.subscribed_only) {
        compared += patterns.len();
        if compared >= COMPARISONS_IN_A_TURN {
            compared = 0;
            yield_now().await;
        }
        let matches = patterns.iter().any(|pattern| pattern.matches(&name));
        let meets = options.meets(list, &name);
        if options.recursive && meets {
            above.note(&name, matches);
        }
        if matches {
            matching.push((name, meets));
        }
    }
    let chosen = matching.into_iter().filter_map(|(name, meets)| {
        let tells = options.recursive && above.tells(&name, meets);
        let extended = if tells { vec![options.child_info()] } else { Vec::new() };
        (meets || tells).then_some(Chosen { name, meets, extended })
    });
    chosen.collect()
}

/// The names above those that meet the selection criteria.
#[derive(Default)]
struct Above {
    all: BTreeSet<MailboxName>,
    /// Those above names that no pattern matches.
    unlisted: BTreeSet<MailboxName>,
}

impl Above {
    fn note(&mut self, name: &MailboxName, is_listed: bool) {
        add_superiors(&mut self.all, name);
        if !is_listed {
            add_superiors(&mut self.unlisted, name);
        }
    }

    /// Whether it is to be told that there is something below the name. A name that is listed only for what is below it
    /// is redundant if all that is listed itself.
    fn tells(&self, name: &MailboxName, meets: bool) -> bool {
        if meets { self.all.contains(name) } else { self.unlisted.contains(name) }
    }
}

/// Add the names above one to a set that has all names above those in it.
pub(crate) fn add_superiors(names: &mut BTreeSet<MailboxName>, name: &MailboxName) {
    let mut above = name.parent();
    while let Some(name) = above.filter(|name| !names.contains(name)) {
        above = name.parent();
        names.insert(name);
    }
}

/// LIST, and the STATUS that goes with it.
async fn tell(
    context: &Context,
    user: &User,
    (list, options): (&MailboxList, &Options),
    Chosen { name, meets, extended }: Chosen,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let mut attributes = attributes(list, &name, options.shows_subscribed());
    // What is listed only for its children has none (RFC 5819 §3).
    let items = options.status.as_ref().filter(|_| meets);
    let status = match (items, list.mailboxes.get(&name)) {
        (Some(items), Some(info)) => match status::of(context, user, info, items).await {
            Err(Failure::Refused(_)) => {
                // It went away meanwhile (RFC 9051 §6.3.9).
                attributes.push("\\Noselect".to_owned());
                None
            }
            status => Some(status?),
        },
        _ => None,
    };
    out.send(&Response::List {
        attributes,
        delimiter: Some(DELIMITER),
        mailbox: WireMailbox::encode(name.as_str(), context.speaks_utf8()),
        extended,
    });
    status.iter().for_each(|status| out.send(status));
    Ok(())
}

/// `LIST "" ""` asks for the delimiter and lists nothing.
fn delimiter(out: &mut Out<'_>) -> Answer {
    out.send(&Response::List {
        attributes: vec!["\\Noselect".to_owned()],
        delimiter: Some(DELIMITER),
        mailbox: WireMailbox::default(),
        extended: Vec::new(),
    });
    done("That is the delimiter")
}

/// Patterns in canonical form: behind the reference.
pub(crate) fn patterns(
    context: &Context,
    reference: &WireMailbox,
    patterns: &[Vec<u8>],
) -> Result<Vec<Pattern>, Refusal> {
    if patterns.len() > MAX_LIST_PATTERNS {
        return Err(Refusal::no(Code::Limit, "Too many patterns"));
    }
    let Ok(reference) = names::text(reference, context.speaks_utf8()) else {
        return Ok(Vec::new());
    };
    // A pattern that cannot be one is ignored (RFC 9051 §6.3.9).
    let texts = patterns.iter().filter_map(|pattern| {
        names::text(&WireMailbox(pattern.clone()), context.speaks_utf8()).ok()
    });
    Ok(texts.map(|pattern| Pattern::new(&format!("{reference}{pattern}"))).collect())
}

/// Mailboxes, subscriptions where they are asked for, and the names above them.
fn names_to_consider(list: &MailboxList, subscribed: bool) -> BTreeSet<MailboxName> {
    let subscriptions = list.subscriptions.iter().filter(|_| subscribed);
    let mut names = BTreeSet::new();
    for name in list.mailboxes.keys().chain(subscriptions) {
        add_superiors(&mut names, name);
        names.insert(name.clone());
    }
    names
}

struct Options {
    subscribed_only: bool,
    special_use_only: bool,
    recursive: bool,
    return_subscribed: bool,
    status: Option<Vec<StatusItem>>,
}

impl Options {
    fn of(command: &List) -> Result<Self, Refusal> {
        let selects = |option| command.selection.contains(&option);
        let unknown_selection = |option: &ListSelection| matches!(option, ListSelection::Other(_));
        let unknown_return = |option: &ListReturn| matches!(option, ListReturn::Other(_));
        if command.selection.iter().any(unknown_selection)
            || command.returns.iter().any(unknown_return)
        {
            return Err(Refusal::bad("Unknown option"));
        }
        let status = command.returns.iter().find_map(|option| match option {
            ListReturn::Status(items) => Some(items.clone()),
            _ => None,
        });
        let options = Self {
            subscribed_only: selects(ListSelection::Subscribed),
            special_use_only: selects(ListSelection::SpecialUse),
            recursive: selects(ListSelection::RecursiveMatch),
            return_subscribed: command.returns.contains(&ListReturn::Subscribed),
            status,
        };
        if options.recursive && !options.is_selective() {
            return Err(Refusal::bad("RECURSIVEMATCH needs another selection option"));
        }
        Ok(options)
    }

    fn shows_subscribed(&self) -> bool {
        self.subscribed_only || self.return_subscribed
    }

    fn is_selective(&self) -> bool {
        self.subscribed_only || self.special_use_only
    }

    /// Whether a name meets the selection criteria. Without any, names above mailboxes count as well.
    fn meets(&self, list: &MailboxList, name: &MailboxName) -> bool {
        let has_use =
            |name| list.mailboxes.get(name).is_some_and(|info| info.special_use.is_some());
        (!self.subscribed_only || list.subscriptions.contains(name))
            && (!self.special_use_only || has_use(name))
    }

    /// That there are names below one that meet the criteria.
    fn child_info(&self) -> ListExtended {
        let subscribed = self.subscribed_only.then(|| "SUBSCRIBED".to_owned());
        let special_use = self.special_use_only.then(|| "SPECIAL-USE".to_owned());
        ListExtended::ChildInfo(subscribed.into_iter().chain(special_use).collect())
    }
}

/// The LIST response of one mailbox, which a client gets without having asked (RFC 9051 §6.3.2, §6.3.9.7).
pub(crate) fn announce(
    context: &Context,
    list: &MailboxList,
    name: &MailboxName,
    extended: Vec<ListExtended>,
    out: &mut Out<'_>,
) {
    out.send(&Response::List {
        attributes: attributes(list, name, true),
        delimiter: Some(DELIMITER),
        mailbox: WireMailbox::encode(name.as_str(), context.speaks_utf8()),
        extended,
    });
}

/// Tell a client that speaks IMAP4rev2 which name its own name became, if it is another one.
pub(crate) async fn announce_normalized(
    context: &Context,
    user: &User,
    (wire, name): (&WireMailbox, &MailboxName),
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let extended = names::old_name(wire, context.speaks_utf8(), name);
    if context.rev2 && !extended.is_empty() {
        let list = user.account.store().mailboxes().await?;
        announce(context, &list, name, extended, out);
    }
    Ok(())
}

pub(crate) fn attributes(list: &MailboxList, name: &MailboxName, subscribed: bool) -> Vec<String> {
    let info = list.mailboxes.get(name);
    let mut attributes = Vec::new();
    if info.is_none() {
        // The second is implied, and all that clients without LIST-EXTENDED know.
        attributes.extend(["\\NonExistent", "\\Noselect"]);
    }
    attributes.push(if has_children(list, name) { "\\HasChildren" } else { "\\HasNoChildren" });
    if subscribed && list.subscriptions.contains(name) {
        attributes.push("\\Subscribed");
    }
    attributes.extend(info.and_then(|info| info.special_use).map(|special| special.as_str()));
    attributes.into_iter().map(str::to_owned).collect()
}

/// In a sorted collection the names below one stand together.
fn has_children(list: &MailboxList, name: &MailboxName) -> bool {
    let start = format!("{name}{DELIMITER}");
    let behind = (Bound::Excluded(start.as_str()), Bound::Unbounded);
    let next = list.mailboxes.range::<str, _>(behind).next();
    next.is_some_and(|(child, _)| child.is_below(name))
}

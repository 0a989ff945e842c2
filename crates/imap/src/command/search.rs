//! SEARCH (RFC 9051 §6.4.4), with ESEARCH's return options and `$`.

mod answer;
mod returns;

use super::now;
use crate::budget::Budget;
use crate::changes;
use crate::message_limit::{self, Share};
use crate::out::Out;
use crate::progress;
use crate::refusal::{Failure, Refusal};
use crate::selected::{self, Selected};
use crate::session::{Answer, Context, Done, Next, User};
use answer::Matches;
use rookery_imap_wire::{Code, Search, SearchKey, SearchReturn, SequenceSet, Status, Tag};
use rookery_mail::{EmailId, ModSeq, SystemFlag, ThreadId, Uid, UidRange, UidSet};
use rookery_mailbox::search::{self, Key, Progress};
use std::sync::Arc;

const SECONDS_PER_DAY: i64 = 86_400;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    tag: &Tag,
    command: &Search,
    out: &mut Out<'_>,
) -> Answer {
    let saves = command.returns.iter().flatten().any(|item| *item == SearchReturn::Save);
    let (found, lowest) = match find(context, user, selected, (tag, command), out).await {
        Ok(found) => found,
        Err(failure) => {
            // A SEARCH that fails leaves nothing in `$`, one that is BAD leaves it (RFC 9051 §6.4.4.1).
            let is_bad = matches!(&failure, Failure::Refused(why) if why.status == Status::Bad);
            if saves && !is_bad {
                selected.saved = Arc::default();
            }
            return Err(failure);
        }
    };
    let search::Matches { uids, latest } = found;
    let found = Arc::new(uids);
    let told = returns::told(command.returns.as_deref(), &selected.view, &found);
    if saves {
        save(context.budget(), &mut selected.saved, &told)?;
    }
    let modseq = match latest.filter(|_| uses_modseq(&command.key)) {
        Some(latest) if Arc::ptr_eq(&told, &found) => Some(latest.get()),
        Some(latest) => latest_of(user, selected, (&told, latest)).await?,
        None => None,
    };
    let matches = Matches { view: &selected.view, by_uid: command.uid, found: &found, modseq };
    match command.returns.as_deref() {
        None if !context.rev2 => matches.print(out).await?,
        // `SAVE` alone asks for no answer (RFC 9051 §6.4.4.1).
        Some([SearchReturn::Save]) => {}
        returns => matches.print_extended(tag, returns, out).await?,
    }
    Ok(Done::new(None, "Searched", Next::Command).down_to(lowest))
}

/// What is found, and the lowest UID that was looked at if not all could be.
async fn find(
    context: &Context,
    user: &User,
    selected: &Selected,
    (tag, command): (&Tag, &Search),
    out: &mut Out<'_>,
) -> Result<(search::Matches, Option<Uid>), Failure> {
    check_charset(context, command.charset.as_deref())?;
    returns::check(command.returns.as_deref().unwrap_or_default())?;
    let key = key(selected, &command.key)?;
    let candidates = selected.known(&message_limit::confined(&key));
    let Share { uids, lowest } = Share::of(context, &selected.view, candidates);
    let search = search::Search {
        account: user.account.clone(),
        open: Arc::clone(&selected.open),
        candidates: uids,
        numbering: selected.view.numbering(),
        key,
        wanted: returns::wanted(command.returns.as_deref()),
        most: context.budget().found(selected.own_octets()),
    };
    let progress = Arc::new(Progress::default());
    let searching = search.run(Arc::clone(&progress));
    let found = progress::follow(context, tag, (searching, &progress), out).await?;
    Ok((found?, lowest))
}

/// The highest modification sequence of some of the matches (RFC 7162 §3.1.5), the latest change of any match being this: not of
/// what has changed since they matched, nor of what is gone, unless all of them are.
async fn latest_of(
    user: &User,
    selected: &Selected,
    (told, latest): (&Arc<UidSet>, ModSeq),
) -> Result<Option<u64>, Failure> {
    if told.is_empty() {
        return Ok(None);
    }
    let now = changes::highest_modseq(user, &selected.open, told).await?;
    Ok(Some(now.map_or(latest, |now| now.min(latest)).get()))
}

/// Texts are UTF-8, of which US-ASCII is a part.
fn check_charset(context: &Context, charset: Option<&str>) -> Result<(), Refusal> {
    if context.utf8 && charset.is_some() {
        return Err(Refusal::bad("Texts are UTF-8 since UTF8=ACCEPT was enabled"));
    }
    let known = ["UTF-8", "US-ASCII"];
    match charset {
        Some(charset) if !known.iter().any(|name| name.eq_ignore_ascii_case(charset)) => {
            let code = Code::BadCharset(known.map(str::to_owned).to_vec());
            Err(Refusal::no(code, "That charset is not known here"))
        }
        _ => Ok(()),
    }
}

/// Let `$` stand for these, unless they lie so scattered that they take more room than there is.
fn save(budget: Budget, saved: &mut Arc<UidSet>, told: &Arc<UidSet>) -> Result<(), Refusal> {
    if size_of_val(told.ranges()) > budget.saved() {
        *saved = Arc::default();
        return Err(Refusal::no(Code::NotSaved, "Too many matches lie apart"));
    }
    *saved = Arc::clone(told);
    Ok(())
}

/// Whether a key has a modification sequence in it.
pub(crate) fn uses_modseq(key: &SearchKey) -> bool {
    contains(key, |key| matches!(key, SearchKey::ModSeq { .. }))
}

/// Whether a key has message numbers in it.
pub(crate) fn uses_numbers(key: &SearchKey) -> bool {
    contains(key, |key| matches!(key, SearchKey::Sequence(SequenceSet::Set(_))))
}

fn contains(key: &SearchKey, wanted: fn(&SearchKey) -> bool) -> bool {
    match key {
        SearchKey::And(keys) => keys.iter().any(|key| contains(key, wanted)),
        SearchKey::Or(a, b) => contains(a, wanted) || contains(b, wanted),
        SearchKey::Not(key) => contains(key, wanted),
        key => wanted(key),
    }
}

/// A key in the model's terms: numbers and `\Recent`, which only this session knows, become UIDs.
fn key(selected: &Selected, wire: &SearchKey) -> Result<Key, Refusal> {
    use SearchKey as W;
    let has = |flag| Ok(Key::Has(flag));
    let lacks = |flag| Ok(not(Key::Has(flag)));
    let field = |name: &str, needle: &[u8]| {
        Ok(Key::Header { name: name.as_bytes().to_vec(), needle: text(needle)? })
    };
    match wire {
        W::All => Ok(Key::All),
        W::And(keys) => {
            Ok(Key::And(keys.iter().map(|wire| key(selected, wire)).collect::<Result<_, _>>()?))
        }
        W::Or(a, b) => Ok(Key::Or(vec![key(selected, a)?, key(selected, b)?])),
        W::Not(wire) => Ok(not(key(selected, wire)?)),
        W::Sequence(SequenceSet::Saved) | W::Uid(SequenceSet::Saved) => {
            Ok(Key::Uids(Arc::clone(&selected.saved)))
        }
        W::Sequence(set) => Ok(uids(selected.around(set))),
        W::Uid(set) => Ok(uids(selected::uids(set, selected.view.last_uid()))),
        W::UidAfter(uid) => Ok(between(uid.next(), Some(Uid::MAX))),
        W::UidBefore(uid) => Ok(between(Uid::new(1), uid.previous())),
        W::Answered => has(SystemFlag::Answered),
        W::Deleted => has(SystemFlag::Deleted),
        W::Draft => has(SystemFlag::Draft),
        W::Flagged => has(SystemFlag::Flagged),
        W::Seen => has(SystemFlag::Seen),
        W::Unanswered => lacks(SystemFlag::Answered),
        W::Undeleted => lacks(SystemFlag::Deleted),
        W::Undraft => lacks(SystemFlag::Draft),
        W::Unflagged => lacks(SystemFlag::Flagged),
        W::Unseen => lacks(SystemFlag::Seen),
        W::Recent => Ok(recent(selected)),
        W::Old => Ok(not(recent(selected))),
        W::New => Ok(Key::And(vec![recent(selected), not(Key::Has(SystemFlag::Seen))])),
        W::Keyword(keyword) => Ok(Key::Keyword(keyword.clone())),
        W::Unkeyword(keyword) => Ok(not(Key::Keyword(keyword.clone()))),
        W::Before(day) => Ok(Key::Before(*day)),
        W::On(day) => Ok(Key::On(*day)),
        W::Since(day) => Ok(Key::Since(*day)),
        W::SentBefore(day) => Ok(Key::SentBefore(*day)),
        W::SentOn(day) => Ok(Key::SentOn(*day)),
        W::SentSince(day) => Ok(Key::SentSince(*day)),
        W::SavedBefore(day) => Ok(saved_before(*day)),
        W::SavedSince(day) => Ok(not(saved_before(*day))),
        W::SavedOn(day) => Ok(Key::And(vec![not(saved_before(*day)), saved_before(*day + 1)])),
        W::EmailId(id) => Ok(EmailId::parse(id).map_or(uids(UidSet::new()), Key::Email)),
        W::ThreadId(id) => Ok(ThreadId::parse(id).map_or(uids(UidSet::new()), Key::Thread)),
        W::SaveDateSupported => Ok(Key::All),
        W::Older(seconds) => Ok(Key::ReceivedUntil(now() - i64::from(*seconds))),
        W::Younger(seconds) => Ok(Key::ReceivedFrom(now() - i64::from(*seconds))),
        W::Larger(size) => Ok(Key::Larger(*size)),
        W::Smaller(size) => Ok(Key::Smaller(*size)),
        W::Bcc(needle) => field("Bcc", needle),
        W::Cc(needle) => field("Cc", needle),
        W::From(needle) => field("From", needle),
        W::Subject(needle) => field("Subject", needle),
        W::To(needle) => field("To", needle),
        // One modification sequence per message serves for each of its flags (RFC 7162 §3.1.5).
        W::ModSeq { modseq, .. } => Ok(Key::ModSeq(ModSeq::new(*modseq).unwrap_or(ModSeq::MAX))),
        W::Header(name, needle) => Ok(Key::Header { name: name.clone(), needle: text(needle)? }),
        W::Body(needle) => Ok(Key::Body(text(needle)?)),
        W::Text(needle) => Ok(Key::Text(text(needle)?)),
    }
}

/// Save dates are kept in UTC, and so are their days.
fn saved_before(day: i64) -> Key {
    Key::SavedBefore(day * SECONDS_PER_DAY)
}

fn uids(set: UidSet) -> Key {
    Key::Uids(Arc::new(set))
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

/// The UIDs from the one to the other.
fn between(first: Option<Uid>, last: Option<Uid>) -> Key {
    let range = first.zip(last).map(|(first, last)| UidRange::new(first, last));
    uids(range.into_iter().collect())
}

fn recent(selected: &Selected) -> Key {
    uids(selected.recent.clone())
}

fn text(needle: &[u8]) -> Result<String, Refusal> {
    let refuse = |_| Refusal::bad("A text to search for must be valid UTF-8");
    String::from_utf8(needle.to_vec()).map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MIN_MEMORY;

    /// So many matches of which no two are neighbours.
    fn apart(count: usize) -> Arc<UidSet> {
        Arc::new((1..).step_by(2).filter_map(Uid::new).take(count).collect())
    }

    #[test]
    fn matches_that_lie_too_far_apart_are_not_saved() {
        let budget = Budget::after_login(MIN_MEMORY);
        let (most, mut saved) = (budget.saved() / size_of::<UidRange>(), Arc::default());
        save(budget, &mut saved, &apart(most)).unwrap();
        assert_eq!(saved.ranges().len(), most);
        let refused = save(budget, &mut saved, &apart(most + 1)).unwrap_err();
        assert_eq!((refused.status, refused.code), (Status::No, Some(Code::NotSaved)));
        assert!(saved.is_empty());
    }
}

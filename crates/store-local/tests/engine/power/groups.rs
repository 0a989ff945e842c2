//! Many changes at once, which share one write and one sync: a cut leaves those that came first.

use super::{BRIEF, GROUPS, Story, Teller, open, rounds};
use crate::workload::{NOW, create, message, picture};
use rookery_mail::{Flag, MailboxId, ModSeq, Uid, UidSet};
use rookery_mailbox::{
    Absent, AccountStore, FlagChange, FlagOperation, MemoryStore, Store, StoreError,
};
use rookery_store_local::Options;
use rookery_store_local::vfs::{Dice, SimulatedDisk};
use std::pin::Pin;
use std::sync::Arc;

/// Writers at once.
const WRITERS: u64 = 6;
const WAVES: u64 = 5;

/// A change of a writer, who touches nobody else's messages.
#[derive(Clone, Debug)]
enum Deed {
    Append(MailboxId, usize, &'static str),
    Flag(MailboxId, Uid, &'static str),
    Move(MailboxId, Uid, MailboxId),
    Expunge(MailboxId, Uid),
    Replace(MailboxId, Uid, usize),
}

/// What a writer has.
#[derive(Clone, Default)]
struct Writer {
    messages: Vec<(MailboxId, Uid)>,
}

/// When a change came in the order of all, and the message that there is now.
type Done = (ModSeq, Option<(MailboxId, Uid)>);

impl Deed {
    async fn take(&self, account: &dyn AccountStore) -> Result<Done, StoreError> {
        match self {
            Self::Append(mailbox, octets, flags) => {
                let new = vec![message(account, *octets, flags).await?];
                let appended = account.append(*mailbox, new, NOW).await?;
                Ok((appended.modseq, Some((*mailbox, appended.uids.first().unwrap()))))
            }
            Self::Flag(mailbox, uid, flags) => {
                let flags = flags.split_whitespace().map(|it| Flag::parse(it).unwrap()).collect();
                let change = FlagChange { operation: FlagOperation::Replace, flags };
                let stored = account.store_flags(*mailbox, &only(*uid), &change, None).await?;
                Ok((stored.modseq.unwrap_or(ModSeq::ZERO), Some((*mailbox, *uid))))
            }
            Self::Move(from, uid, to) => {
                let moved =
                    account.move_messages(*from, &only(*uid), *to, Absent::Skip, NOW).await?;
                let uid = moved.destination.first().unwrap();
                let row = account.open(*to).await?.snapshot().row(uid).unwrap().created;
                Ok((row, Some((*to, uid))))
            }
            Self::Expunge(mailbox, uid) => {
                account.expunge(*mailbox, &only(*uid)).await?;
                let snapshot = account.open(*mailbox).await?.snapshot();
                let stone = snapshot.tombstones().find(|stone| stone.uid == *uid);
                Ok((stone.map_or(ModSeq::ZERO, |stone| stone.modseq), None))
            }
            Self::Replace(mailbox, uid, octets) => {
                let new = message(account, *octets, "").await?;
                let appended = account.replace(*mailbox, *uid, *mailbox, new, NOW).await?;
                Ok((appended.modseq, Some((*mailbox, appended.uids.first().unwrap()))))
            }
        }
    }
}

fn only(uid: Uid) -> UidSet {
    [uid].into_iter().collect()
}

impl Writer {
    fn next(&self, dice: &mut Dice) -> (Deed, Option<usize>) {
        let new = MailboxId(1 + dice.roll(2));
        let octets = dice.roll(300) as usize;
        if self.messages.is_empty() || dice.roll(3) == 0 {
            return (
                Deed::Append(new, octets, ["", "\\Seen $A", "\\Deleted"][dice.roll(3) as usize]),
                None,
            );
        }
        let which = dice.roll(self.messages.len() as u64) as usize;
        let (mailbox, uid) = self.messages[which];
        let deed = match dice.roll(5) {
            0 => Deed::Flag(
                mailbox,
                uid,
                ["$B \\Deleted", "\\Deleted", "\\Seen"][dice.roll(3) as usize],
            ),
            1 | 2 => Deed::Move(mailbox, uid, MailboxId(3 - mailbox.0)),
            3 => Deed::Expunge(mailbox, uid),
            _ => Deed::Replace(mailbox, uid, octets),
        };
        (deed, Some(which))
    }

    /// Take note of what became of a message.
    fn note(&mut self, which: Option<usize>, now: Option<(MailboxId, Uid)>, gone: bool) {
        match (which, now) {
            (Some(which), Some(now)) => self.messages[which] = now,
            (Some(which), None) if gone => drop(self.messages.remove(which)),
            (None, Some(now)) => self.messages.push(now),
            _ => {}
        }
    }
}

type Pending<'a> = Pin<Box<dyn Future<Output = Result<Done, StoreError>> + 'a>>;

/// Await all, each of which is begun before any is waited for again.
async fn all(mut waiting: Vec<Pending<'_>>) -> Vec<Done> {
    let mut done = vec![None; waiting.len()];
    std::future::poll_fn(move |context| {
        for (pending, done) in waiting.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(ready) = pending.as_mut().poll(context)
            {
                *done = Some(ready.unwrap());
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(done.iter().flatten().copied().collect()),
            false => std::task::Poll::Pending,
        }
    })
    .await
}

/// Waves of changes; what is to be seen after each change, the in-memory engine says, which does them in the order of
/// their modification sequences.
async fn tell(seed: u64, options: Options) -> Story {
    let (disk, memory) =
        (SimulatedDisk::new(), MemoryStore::new().with_max_tombstones(options.max_tombstones));
    let store = open(&disk, options).await.unwrap();
    let account = create(&store).await.unwrap();
    let oracle = create(&memory).await.unwrap();
    let mut teller = Teller::new(&disk, options, picture(&*oracle).await);
    let (mut writers, mut dice) = (vec![Writer::default(); WRITERS as usize], Dice::new(seed));
    for _ in 0..WAVES {
        let deeds: Vec<_> = writers.iter().map(|writer| writer.next(&mut dice)).collect();
        teller.ask(deeds.len());
        let waiting = deeds.iter().map(|(deed, _)| Box::pin(deed.take(&*account)) as Pending<'_>);
        let done = all(waiting.collect()).await;
        let mut ordered: Vec<(ModSeq, &Deed)> =
            done.iter().zip(&deeds).map(|((modseq, _), (deed, _))| (*modseq, deed)).collect();
        // Those that changed nothing come first, and leave the picture as it is.
        ordered.sort_by_key(|(modseq, _)| *modseq);
        teller.acknowledge(play(&ordered, &oracle).await);
        for ((writer, (deed, which)), (modseq, now)) in writers.iter_mut().zip(&deeds).zip(done) {
            let gone = matches!(deed, Deed::Expunge(..)) && modseq > ModSeq::ZERO;
            writer.note(*which, now, gone);
        }
        assert_eq!(picture(&*account).await, picture(&*oracle).await);
    }
    store.close().await.unwrap();
    teller.end()
}

async fn play(ordered: &[(ModSeq, &Deed)], oracle: &Arc<dyn AccountStore>) -> Vec<String> {
    let mut pictures = Vec::new();
    for (_, deed) in ordered {
        deed.take(&**oracle).await.unwrap();
        pictures.push(picture(&**oracle).await);
    }
    pictures
}

#[test]
fn a_power_cut_in_a_group_of_changes_leaves_those_that_came_first() {
    let options = Options { max_tombstones: 1000, ..BRIEF };
    rounds("crash points", GROUPS, async |seed| {
        tell(seed, options).await.cut_everywhere(seed, 16).await
    });
}

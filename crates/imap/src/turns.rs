//! Turns of conversations that have much to say.
//!
//! A thread that serves conversations goes through all that can go on, one after the other. Clients that take answers as fast
//! as they are made can always go on: were sixteen of them to stand there, everybody else would wait for a turn of each.
//! So fewer of them stand there than there are threads; the others wait here, where accounts take turns, and the
//! connections of an account.

use rookery_mailbox::heavy::{Owner, Rota, processors, threads_for};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Turns; clones share them.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Mutex<Line>>);

/// Who waits for a place among those that can go on.
#[derive(Debug)]
struct Line {
    places: usize,
    waiting: Rota<oneshot::Sender<Place>>,
}

/// A place among those that can go on. Who has it waits for nothing but a thread, and has it no longer when it has one: so
/// nobody waits here for somebody's client or disk.
#[derive(Debug)]
struct Place(Turns);

impl Default for Turns {
    /// One place less than there are processors, one at the least.
    fn default() -> Self {
        Self::with_places(threads_for(processors(), usize::MAX))
    }
}

impl Turns {
    fn with_places(places: usize) -> Self {
        Self(Arc::new(Mutex::new(Line { places, waiting: Rota::default() })))
    }

    /// Let others run, and those first who waited here before, for the sake of this account.
    pub(crate) async fn next(&self, owner: Owner) {
        let place = match self.place(owner) {
            Ok(place) => Some(place),
            // Whoever has a place gives it on, so that it comes.
            Err(given) => given.await.ok(),
        };
        yield_now().await;
        drop(place);
    }

    /// A place, if there is one; else where it will come when it is this account's turn.
    fn place(&self, owner: Owner) -> Result<Place, oneshot::Receiver<Place>> {
        let mut line = self.line();
        if let Some(left) = line.places.checked_sub(1) {
            line.places = left;
            return Ok(Place(self.clone()));
        }
        let (give, given) = oneshot::channel();
        line.waiting.push(owner, give);
        Err(given)
    }

    /// Who comes next, if somebody waits; else the place is free.
    fn leave(&self) -> Option<oneshot::Sender<Place>> {
        let mut line = self.line();
        loop {
            match line.waiting.pop() {
                // Its conversation has ended.
                Some(next) if next.is_closed() => {}
                Some(next) => return Some(next),
                None => {
                    line.places += 1;
                    return None;
                }
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(next) = self.0.leave() {
            // If it has ended in this moment, the place comes back and goes on to the next.
            drop(next.send(Self(self.0.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SHORT_ANSWER_TURNS;
    use crate::out::{Gone, Out, Sent, Sink};
    use std::future::pending;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use tokio::task::JoinSet;

    const PLACES: usize = 2;

    /// A client that takes so many octets at once, and no more.
    struct Reader(usize);

    impl Sink for Reader {
        fn write<'a>(
            &'a mut self,
            octets: &'a [u8],
            _patience: Duration,
        ) -> Pin<Box<dyn Future<Output = Sent> + Send + 'a>> {
            Box::pin(async move {
                match self.0.checked_sub(octets.len()) {
                    Some(left) => self.0 = left,
                    None => pending::<()>().await,
                }
                Ok(())
            })
        }
    }

    /// A crowd of clients, and how many pieces of answers each has been sent.
    #[derive(Default)]
    struct Crowd {
        clients: JoinSet<Gone>,
        sent: Vec<Arc<AtomicUsize>>,
    }

    impl Crowd {
        /// A client of this account that is sent an answer without end, of which it takes so many octets.
        fn add(&mut self, turns: &Turns, account: &str, takes: usize) {
            let (turns, owner) = (turns.clone(), Owner::account(account));
            let sent = Arc::new(AtomicUsize::new(0));
            self.sent.push(Arc::clone(&sent));
            self.clients.spawn(async move {
                let mut reader = Reader(takes);
                let mut out = Out::new(&mut reader, Duration::MAX, turns);
                out.hold(PIECE, owner);
                loop {
                    out.buffer().extend_from_slice(&[b'x'; PIECE]);
                    if let Err(gone) = out.drain().await {
                        return gone;
                    }
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            });
        }

        fn sent(&self) -> Vec<usize> {
            self.sent.iter().map(|sent| sent.load(Ordering::SeqCst)).collect()
        }

        fn sum(&self) -> usize {
            self.sent().iter().sum()
        }

        /// Let them go on until so much more has been sent.
        async fn go_on(&self, pieces: usize) {
            let before = self.sum();
            while self.sum() < before + pieces {
                yield_now().await;
            }
        }
    }

    const PIECE: usize = 100;

    #[tokio::test(flavor = "current_thread")]
    async fn a_crowd_keeps_others_waiting_for_no_more_turns_than_there_are_places() {
        let (turns, mut crowd) = (Turns::with_places(PLACES), Crowd::default());
        for _ in 0..16 {
            crowd.add(&turns, "crowd", usize::MAX);
        }
        crowd.go_on(1000).await;
        let mut most = 0;
        for _ in 0..1000 {
            let before = crowd.sum();
            yield_now().await;
            most = most.max(crowd.sum() - before);
        }
        assert!((1..=PLACES).contains(&most), "{most} turns before it was ours");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn turns_are_between_accounts_and_then_between_connections() {
        let (turns, mut crowd) = (Turns::with_places(PLACES), Crowd::default());
        for _ in 0..16 {
            crowd.add(&turns, "crowd", usize::MAX);
        }
        crowd.add(&turns, "alone", usize::MAX);
        crowd.go_on(3000).await;
        let sent = crowd.sent();
        let (alone, crowd) = (sent[16], &sent[..16]);
        // It has one place at a time, and the crowd has both meanwhile.
        assert!(alone > 700, "{alone} turns of 3000");
        let (least, most) = (crowd.iter().min().unwrap(), crowd.iter().max().unwrap());
        assert!(most * 4 < least * 5, "{sent:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_does_not_read_or_goes_away_keeps_nobody_waiting() {
        let (turns, mut crowd) = (Turns::with_places(PLACES), Crowd::default());
        for _ in 0..8 {
            crowd.add(&turns, "slow", 10 * PIECE);
        }
        for number in 0..8 {
            crowd.add(&turns, "fast", usize::MAX);
            crowd.go_on(10 + number).await;
        }
        crowd.go_on(100).await;
        crowd.clients.abort_all();
        while crowd.clients.join_next().await.is_some() {}
        let line = turns.line();
        assert_eq!(line.places, PLACES, "all are free again");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_short_answer_does_not_wait_for_long_ones() {
        let (turns, owner) = (Turns::with_places(1), Owner::account("ada"));
        let _taken = turns.place(Owner::account("bob"));
        let (mut reader, mut pieces) = (Reader(usize::MAX), 0_u32);
        let mut out = Out::new(&mut reader, Duration::MAX, turns);
        out.hold(PIECE, owner);
        for answers in 1..=3 {
            let answer = async {
                loop {
                    out.buffer().extend_from_slice(&[b'x'; PIECE]);
                    out.drain().await.unwrap();
                    pieces += 1;
                }
            };
            tokio::select! {
                biased;
                () = answer => {}
                () = yields(100) => {}
            }
            assert_eq!(pieces, answers * SHORT_ANSWER_TURNS);
            out.flush().await.unwrap();
        }
    }

    async fn yields(count: usize) {
        for _ in 0..count {
            yield_now().await;
        }
    }

    /// Who goes while it waits for one, and who goes with one, before it has had its turn.
    #[tokio::test(flavor = "current_thread")]
    async fn a_place_of_who_has_gone_goes_on_to_the_next() {
        let (turns, owner) = (Turns::with_places(1), Owner::account("ada"));
        for goes_with_one in [false, true] {
            let first = turns.place(owner);
            let mut second = Box::pin(turns.next(owner));
            tokio::select! {
                biased;
                () = &mut second => unreachable!("there is no place"),
                () = yield_now() => {}
            }
            let next = turns.clone();
            let third = tokio::spawn(async move { next.next(owner).await });
            yield_now().await;
            if goes_with_one {
                drop((first, second));
            } else {
                drop((second, first));
            }
            third.await.unwrap();
        }
        assert_eq!(turns.line().places, 1, "it is free again");
    }
}

//! What strangers cause to be logged has a bound, since they could fill the disk that mail is on. Of each kind so many lines a
//! second are written, and then one that says how many were left out.
//!
//! The lines are those with a target of [`BOUNDED`]. Who logs them need not know of any of this.

use crate::limits::{LINES_PERIOD, MAX_LOGIN_LINES, MAX_STRANGER_LINES};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The target of lines that anybody can cause.
pub(crate) const STRANGERS: &str = "rookery_server::strangers";

/// The ends of targets, with the lines of one kind that are written in each period.
const BOUNDED: [(&str, u64); 2] =
    [("::strangers", MAX_STRANGER_LINES), ("::failed_logins", MAX_LOGIN_LINES)];

/// Lines of this period.
static COUNTED: Counted = Counted { kinds: Mutex::new(BTreeMap::new()) };

/// Lines of one period by their kinds: the places in the code that they come from.
struct Counted {
    kinds: Mutex<BTreeMap<&'static str, Kind>>,
}

struct Kind {
    /// What lines of this kind say.
    text: String,
    count: u64,
    left_out: u64,
}

/// Leaves out lines of which there are too many already.
pub(super) struct Bounded;

impl<S: Subscriber> Layer<S> for Bounded {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let (target, name) = (event.metadata().target(), event.metadata().name());
        let bound = BOUNDED.iter().find(|(end, _)| target.ends_with(end));
        bound.is_none_or(|(_, most)| COUNTED.take(name, *most, || text_of(event)))
    }
}

impl Counted {
    /// Whether another line of a kind can be written.
    fn take(&self, kind: &'static str, most: u64, text: impl FnOnce() -> String) -> bool {
        let mut kinds = self.lock();
        let kind =
            kinds.entry(kind).or_insert_with(|| Kind { text: text(), count: 0, left_out: 0 });
        let is_written = kind.count < most;
        kind.count += 1;
        kind.left_out += u64::from(!is_written);
        is_written
    }

    /// Begin the next period; says what was left out in this one.
    fn next_period(&self) -> Vec<Kind> {
        let kinds = std::mem::take(&mut *self.lock());
        kinds.into_values().filter(|kind| kind.left_out > 0).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Say what was left out, or lost, period by period, for as long as this is waited for.
pub(crate) async fn tell_of_left_out(mut end: watch::Receiver<bool>) {
    let mut period = interval(LINES_PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_ended = false;
    while !has_ended {
        tokio::select! {
            _ = end.wait_for(|ended| *ended) => has_ended = true,
            _ = period.tick() => {}
        }
        for Kind { text, left_out, .. } in COUNTED.next_period() {
            tracing::warn!(line = text, left_out, "too many lines of a kind, not all are here");
        }
        let lost = super::take_lost();
        if lost > 0 {
            tracing::warn!(lost, "lines of this log could not be written, or not soon enough");
        }
    }
}

/// What a line says, without its values.
fn text_of(event: &Event<'_>) -> String {
    struct Message(String);
    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }
    let mut message = Message(String::new());
    event.record(&mut message);
    message.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_kind_so_many_are_written_and_the_rest_is_counted() {
        let lines = Counted { kinds: Mutex::default() };
        let take = |kind, most| lines.take(kind, most, || format!("it is {kind}"));
        let written = |kind, most| (0..10_000).filter(|_| take(kind, most)).count();
        assert_eq!((written("one", 10), written("other", 50)), (10, 50));
        assert!(take("third", 10));
        let left_out = lines.next_period();
        let left_out: Vec<_> =
            left_out.iter().map(|kind| (kind.text.as_str(), kind.left_out)).collect();
        assert_eq!(left_out, [("it is one", 9990), ("it is other", 9950)]);
        assert!(take("one", 10));
        assert!(lines.next_period().is_empty(), "the next period has not begun with a burden");
    }

    /// Counts the lines that get through.
    #[derive(Clone, Default)]
    struct Written(std::sync::Arc<std::sync::atomic::AtomicU64>);

    impl<S: Subscriber> Layer<S> for Written {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[test]
    fn each_kind_has_its_bound() {
        use tracing_subscriber::layer::SubscriberExt;
        let written = Written::default();
        let log = tracing_subscriber::registry().with(Bounded).with(written.clone());
        let count = || written.0.swap(0, std::sync::atomic::Ordering::Relaxed);
        tracing::subscriber::with_default(log, || {
            (0..200).for_each(|_| tracing::warn!(target: "x::failed_logins", "login failed"));
            assert_eq!(count(), MAX_LOGIN_LINES);
            (0..200).for_each(|_| tracing::info!(target: "x::strangers", "disconnect"));
            assert_eq!(count(), MAX_STRANGER_LINES);
            (0..200).for_each(|_| tracing::info!(target: "x", "login"));
            assert_eq!(count(), 200);
        });
    }
}

//! INPROGRESS (RFC 9585): signs of life while a command takes long.

use crate::capability;
use crate::out::{Gone, Out};
use crate::session::Context;
use rookery_imap_wire::{Code, Tag};
use rookery_mailbox::search::Progress;
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::time::sleep;

/// Wait for the end of a change. It goes on to its end even if the client hangs up.
///
/// # Errors
/// The client has hung up.
pub(crate) async fn finish<T>(
    context: &Context,
    tag: &Tag,
    change: impl Future<Output = T>,
    out: &mut Out<'_>,
) -> Result<T, Gone> {
    let mut change = pin!(change);
    let ended = Notices::new(context, tag, None).wait_for(change.as_mut(), out).await;
    if ended.is_err() {
        change.await;
    }
    ended
}

/// Wait for the end of a task that can be counted. It ends when the client hangs up, which notices find out.
///
/// # Errors
/// The client has hung up.
pub(crate) async fn follow<T>(
    context: &Context,
    tag: &Tag,
    (task, progress): (impl Future<Output = T>, &Progress),
    out: &mut Out<'_>,
) -> Result<T, Gone> {
    Notices::new(context, tag, Some(progress)).wait_for(pin!(task), out).await
}

/// What the client is told of a task, and how often.
struct Notices<'n> {
    pace: Duration,
    tag: &'n Tag,
    progress: Option<&'n Progress>,
}

impl<'n> Notices<'n> {
    /// At the pace that is configured; none for a client that is not told of INPROGRESS.
    fn new(context: &Context, tag: &'n Tag, progress: Option<&'n Progress>) -> Self {
        let pace = match capability::is_allowed(context, "INPROGRESS") {
            true => context.services.settings.progress_pace,
            false => Duration::MAX,
        };
        Self { pace, tag, progress }
    }

    /// The task must not be looked at again once it has ended; after an error it has not.
    async fn wait_for<T>(
        &self,
        mut task: Pin<&mut impl Future<Output = T>>,
        out: &mut Out<'_>,
    ) -> Result<T, Gone> {
        loop {
            tokio::select! {
                biased;
                result = &mut task => return Ok(result),
                () = sleep(self.pace) => out.ok_code(self.code(), "Still at it"),
            }
            let mut sent = pin!(out.flush());
            tokio::select! {
                biased;
                // A client that is slow to read does not hold up what others may wait for.
                result = &mut task => {
                    // Whether the notice has left shows when the answer does.
                    let _ = sent.await;
                    return Ok(result);
                }
                sent = &mut sent => sent?,
            }
        }
    }

    /// The goal is always above what is done (RFC 9585).
    fn code(&self) -> Code {
        let (done, goal) = self.progress.map(Progress::look).unwrap_or_default();
        let counted = goal.checked_sub(1).map(|most| done.min(most));
        let goal = counted.map(|_| goal);
        Code::InProgress { tag: Some(self.tag.clone()), progress: counted, goal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::tests::Written;
    use std::future::pending;
    use tokio::time::Instant;

    const PACE: Duration = Duration::from_secs(10);

    fn notices<'n>(tag: &'n Tag, progress: Option<&'n Progress>) -> Notices<'n> {
        Notices { pace: PACE, tag, progress }
    }

    #[tokio::test(start_paused = true)]
    async fn notices_come_at_their_pace_and_no_sooner() {
        for (seconds, expected) in [(9, 0), (11, 1), (35, 3)] {
            let mut written = Written::default();
            let tag = Tag::new(b"a1").unwrap();
            let task = sleep(Duration::from_secs(seconds));
            let mut out = Out::new(&mut written, PACE, crate::Turns::default());
            notices(&tag, None).wait_for(pin!(task), &mut out).await.unwrap();
            let notice = "* OK [INPROGRESS (\"a1\" NIL NIL)] Still at it\r\n";
            assert_eq!(written.octets, notice.repeat(expected).as_bytes(), "{seconds} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_has_hung_up_is_found_out() {
        let mut written = Written::with_room(0);
        let tag = Tag::new(b"a1").unwrap();
        let began = Instant::now();
        let mut out = Out::new(&mut written, PACE, crate::Turns::default());
        let ended = notices(&tag, None).wait_for(pin!(pending::<()>()), &mut out).await;
        assert!(ended.is_err() && began.elapsed() < 2 * PACE);
    }
}

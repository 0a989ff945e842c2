//! The answer to SEARCH, printed piece by piece: it may be as long as the mailbox.

use super::returns;
use crate::limits::ANSWERED_AT_ONCE;
use crate::out::{Out, Sent};
use rookery_imap_wire::{Response, SearchReturn, Tag, print};
use rookery_mail::{Uid, UidRange, UidSet};
use rookery_mailbox::View;

/// What is told of the matches.
pub(super) struct Matches<'m> {
    pub(super) view: &'m View,
    /// Whether by UID, or else by number.
    pub(super) by_uid: bool,
    pub(super) found: &'m UidSet,
    /// Of those which the answer speaks of the highest modification sequence, if that was asked for.
    pub(super) modseq: Option<u64>,
}

impl Matches<'_> {
    /// `SEARCH` (RFC 3501 §7.2.5).
    pub(super) async fn print(&self, out: &mut Out<'_>) -> Sent {
        out.buffer().extend_from_slice(b"* SEARCH");
        for (at, number) in self.ranges(self.found).flat_map(UidRange::iter).enumerate() {
            out.buffer().push(b' ');
            print::number(out.buffer(), u64::from(number.get()));
            if at % ANSWERED_AT_ONCE == 0 {
                out.drain().await?;
            }
        }
        if let Some(modseq) = self.modseq {
            out.buffer().extend_from_slice(b" (MODSEQ ");
            print::number(out.buffer(), modseq);
            out.buffer().push(b')');
        }
        out.buffer().extend_from_slice(b"\r\n");
        Ok(())
    }

    /// `ESEARCH` (RFC 9051 §7.3.4).
    pub(super) async fn print_extended(
        &self,
        tag: &Tag,
        returns: Option<&[SearchReturn]>,
        out: &mut Out<'_>,
    ) -> Sent {
        let returns = returns.unwrap_or(&[SearchReturn::All]);
        self.head(tag, returns).print_open(out.buffer());
        if returns.contains(&SearchReturn::All) && !self.found.is_empty() {
            out.buffer().extend_from_slice(b" ALL ");
            self.print_set(self.found, out).await?;
        }
        let partial = returns.iter().find_map(|item| match item {
            SearchReturn::Partial(range) => Some(*range),
            _ => None,
        });
        if let Some(range) = partial {
            out.buffer().extend_from_slice(b" PARTIAL (");
            print::partial_range(out.buffer(), range);
            out.buffer().push(b' ');
            let page = returns::page(self.view, self.found, range);
            if page.is_empty() {
                out.buffer().extend_from_slice(b"NIL");
            }
            self.print_set(&page, out).await?;
            out.buffer().push(b')');
        }
        if let Some(modseq) = self.modseq {
            out.buffer().extend_from_slice(b" MODSEQ ");
            print::number(out.buffer(), modseq);
        }
        out.buffer().extend_from_slice(b"\r\n");
        Ok(())
    }

    /// What has one number each.
    fn head(&self, tag: &Tag, returns: &[SearchReturn]) -> Response {
        let wants = |item: SearchReturn| returns.contains(&item);
        let number = |uid: Option<Uid>| {
            let uid = uid?;
            if self.by_uid { Some(uid.get()) } else { self.view.number(uid) }
        };
        let count = self.view.count(self.found);
        Response::ESearch {
            tag: Some(tag.clone()),
            uid: self.by_uid,
            min: number(self.found.first()).filter(|_| wants(SearchReturn::Min)),
            max: number(self.found.last()).filter(|_| wants(SearchReturn::Max)),
            count: wants(SearchReturn::Count).then_some(count),
            all: None,
            partial: None,
            modseq: None,
        }
    }

    async fn print_set(&self, set: &UidSet, out: &mut Out<'_>) -> Sent {
        let mut ranges = self.ranges(set).peekable();
        let pair = |range: UidRange| (range.first().get(), range.last().get());
        while ranges.peek().is_some() {
            print::ranges(out.buffer(), ranges.by_ref().take(ANSWERED_AT_ONCE).map(pair));
            if ranges.peek().is_some() {
                out.buffer().push(b',');
            }
            out.drain().await?;
        }
        Ok(())
    }

    /// These as the client is told of them, by UID without what is in gaps.
    fn ranges<'s>(&'s self, set: &'s UidSet) -> Box<dyn Iterator<Item = UidRange> + Send + 's> {
        if self.by_uid {
            return Box::new(set.ranges().iter().flat_map(|range| self.view.ranges_in(*range)));
        }
        // Numbers have no gaps: those of one piece may go on in the next, and are told as one range.
        let pieces = set.ranges().chunks(ANSWERED_AT_ONCE);
        let numbers = |piece: &[UidRange]| self.view.numbers(&piece.iter().copied().collect());
        Box::new(pieces.flat_map(move |piece| numbers(piece).ranges().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::tests::Written;
    use crate::selected::tests::snapshot_of;
    use std::time::Duration;

    const MESSAGES: u32 = 30_000;

    /// A mailbox whose UIDs begin with 1001.
    fn view() -> View {
        View::open(&snapshot_of(&(1001..=1000 + MESSAGES).filter_map(Uid::new).collect()))
    }

    #[tokio::test]
    async fn a_long_answer_is_never_whole_in_memory() {
        let view = view();
        let odd: UidSet = view.uids().iter().step_by(2).collect();
        let tag = Tag::new(b"a").unwrap();
        for (by_uid, first) in [(true, 1001), (false, 1)] {
            for found in [&view.uids(), &odd] {
                let matches = Matches { view: &view, by_uid, found, modseq: Some(7) };
                let numbers: Vec<u32> = found.iter().map(|uid| uid.get() - 1001 + first).collect();
                let mut written = Written::default();
                let mut out = Out::new(&mut written, Duration::MAX, crate::Turns::default());
                matches.print(&mut out).await.unwrap();
                matches.print_extended(&tag, None, &mut out).await.unwrap();
                out.flush().await.unwrap();
                assert!(written.most < 32 * 1024, "{} octets at once", written.most);
                let end = written.octets.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
                let (plain, extended) = written.octets.split_at(end);
                let plain = Response::parse(plain).unwrap();
                assert!(plain == Response::Search { numbers: numbers.clone(), modseq: Some(7) });
                let Response::ESearch { all: Some(all), .. } = Response::parse(extended).unwrap()
                else {
                    panic!("all are told");
                };
                let told = all.into_iter().flat_map(|(first, last)| first..=last);
                assert!(told.eq(numbers));
            }
        }
    }
}

//! UIDBATCHES (RFC 10022): where a client can cut the UIDs of the mailbox into batches of so many messages.

use crate::limits::{MAX_UID_BATCHES, MIN_UID_BATCH};
use crate::out::Out;
use crate::refusal::Refusal;
use crate::selected::Selected;
use crate::session::{Answer, done};
use rookery_imap_wire::{Code, Response, Status, Tag};
use rookery_mail::Uid;

pub(crate) fn run(
    selected: &Selected,
    tag: &Tag,
    size: u32,
    range: Option<(u32, u32)>,
    out: &mut Out<'_>,
) -> Answer {
    check(size, range)?;
    let len = selected.view.len();
    let count = len.div_ceil(size);
    let (first, last) = range.unwrap_or((1, count));
    if range.is_none() && count > MAX_UID_BATCHES {
        return Err(too_many().into());
    }
    let ranges = cut(len, size, (first, last.min(count)), |number| selected.view.uid(number));
    out.send(&Response::UidBatches { tag: tag.clone(), ranges });
    done("Cut into batches")
}

/// What can be refused without a look at the mailbox.
fn check(size: u32, range: Option<(u32, u32)>) -> Result<(), Refusal> {
    if let Some((first, last)) = range {
        if first > last {
            let code = Some(Code::ClientBug);
            let text = "The first batch comes before the last";
            return Err(Refusal { status: Status::Bad, code, text: text.into() });
        }
        if last - first >= MAX_UID_BATCHES {
            return Err(too_many());
        }
    }
    if size < MIN_UID_BATCH {
        return Err(Refusal::no(Code::TooFew, "The batches would be too small"));
    }
    Ok(())
}

fn too_many() -> Refusal {
    Refusal::no(Code::TooMany, "There would be too many batches")
}

/// The batches with these ordinals, highest UID first, of messages numbered from 1 to `len`. They touch:
/// each begins below the last UID of the one before, and the oldest reaches down to 1.
fn cut(
    len: u32,
    size: u32,
    (first, last): (u32, u32),
    uid: impl Fn(u32) -> Option<Uid>,
) -> Vec<(u32, u32)> {
    let lowest = |batch: u32| {
        let number = len.checked_sub(batch.checked_mul(size)?).filter(|below| *below > 0)? + 1;
        uid(number)
    };
    let below = |batch: u32| lowest(batch).and_then(Uid::previous);
    let mut high = if first == 1 { uid(len) } else { below(first - 1) };
    let mut ranges = Vec::new();
    for batch in first..=last {
        let Some(from) = high else { break };
        ranges.push((from.get(), lowest(batch).map_or(1, Uid::get)));
        high = below(batch);
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third UID is there.
    fn uid(number: u32) -> Option<Uid> {
        Uid::new(number.checked_mul(3)?)
    }

    #[test]
    fn batches_touch_and_reach_down_to_one() {
        assert_eq!(cut(10, 4, (1, 3), uid), [(30, 21), (20, 9), (8, 1)]);
        assert_eq!(cut(8, 4, (1, 2), uid), [(24, 15), (14, 1)]);
        assert_eq!(cut(1, 4, (1, 1), uid), [(3, 1)]);
        assert_eq!(cut(0, 4, (1, 0), uid), []);
    }

    #[test]
    fn some_of_the_batches() {
        assert_eq!(cut(10, 4, (2, 3), uid), [(20, 9), (8, 1)]);
        assert_eq!(cut(10, 4, (2, 2), uid), [(20, 9)]);
        assert_eq!(cut(10, 4, (4, 3), uid), []);
        assert_eq!(cut(10, 4, (9, 3), uid), []);
    }

    #[test]
    fn each_batch_has_its_messages() {
        for (len, size) in [(1_000_000, 500), (1_000_001, 999), (3, 1), (7, u32::MAX)] {
            let ranges = cut(len, size, (1, len.div_ceil(size)), uid);
            let there = |range: &(u32, u32)| range.0 / 3 - range.1.div_ceil(3) + 1;
            let (oldest, others) = ranges.split_last().unwrap();
            assert!(others.iter().all(|range| there(range) == size), "{len} {size}");
            assert_eq!(there(oldest), len - size * (len.div_ceil(size) - 1));
        }
    }

    #[test]
    fn nonsense_is_refused_in_order() {
        let code = |size, range| check(size, range).unwrap_err().code;
        assert_eq!(code(1, Some((2, 1))), Some(Code::ClientBug));
        assert_eq!(code(500, Some((2, 1 + MAX_UID_BATCHES + 1))), Some(Code::TooMany));
        assert_eq!(code(500, Some((1, u32::MAX))), Some(Code::TooMany));
        assert_eq!(code(499, None), Some(Code::TooFew));
        assert_eq!(check(500, Some((2, 1 + MAX_UID_BATCHES))), Ok(()));
    }
}

//! What one FETCH asks for several times over.

use crate::limits::MAX_LOOKS_AT_PART;
use crate::refusal::Refusal;
use rookery_imap_wire::{Code, FetchItem, SectionText};
use std::collections::BTreeMap;

/// What is asked for twice is answered once.
pub(super) fn drop_repeated(items: &mut Vec<FetchItem>) {
    let mut kept: Vec<FetchItem> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    if kept.contains(&FetchItem::Preview { lazy: false }) {
        kept.retain(|item| *item != FetchItem::Preview { lazy: true });
    }
    *items = kept;
}

/// Refuse what goes through the same octets too often: an octet from the end of a large part is a short answer to a
/// short item, and costs as much as the whole part.
pub(super) fn check_looks(items: &[FetchItem]) -> Result<(), Refusal> {
    let mut looks = BTreeMap::new();
    for look in items.iter().filter_map(looked_at) {
        let count = looks.entry(look).or_insert(0);
        *count += 1;
        if *count > MAX_LOOKS_AT_PART {
            let text = "The command asks for too many pieces of one part";
            return Err(Refusal::no(Code::Limit, text));
        }
    }
    Ok(())
}

/// What an item goes through from the start, whatever little of it is sent.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Looked<'a> {
    /// A part, to decode it.
    Part(&'a [u32]),
    /// The header of a message, for fields.
    Header(&'a [u32]),
    /// The header of a part.
    Mime(&'a [u32]),
}

/// All other items cost what their answers have, or come from the summary.
fn looked_at(item: &FetchItem) -> Option<Looked<'_>> {
    match item {
        FetchItem::Binary { path, .. } | FetchItem::BinarySize(path) => Some(Looked::Part(path)),
        FetchItem::BodySection(body) => match &body.section.text {
            Some(
                SectionText::Header
                | SectionText::HeaderFields(_)
                | SectionText::HeaderFieldsNot(_),
            ) => Some(Looked::Header(&body.section.path)),
            Some(SectionText::Mime) => Some(Looked::Mime(&body.section.path)),
            None | Some(SectionText::Text) => None,
        },
        FetchItem::Rfc822Header => Some(Looked::Header(&[])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rookery_imap_wire::Partial;

    fn piece(path: &[u32], offset: u64) -> FetchItem {
        let partial = Some(Partial { offset, length: 1 });
        FetchItem::Binary { path: path.to_vec(), partial, peek: true }
    }

    #[test]
    fn pieces_of_one_part_are_counted_and_those_of_others_are_not() {
        let most = MAX_LOOKS_AT_PART as u64;
        let mut items: Vec<_> = (0..most).map(|offset| piece(&[1], offset)).collect();
        items.extend((1..100).map(|part| piece(&[2, part], 0)));
        assert_eq!(check_looks(&items), Ok(()));
        items.push(FetchItem::BinarySize(vec![1]));
        assert_eq!(check_looks(&items).unwrap_err().code, Some(Code::Limit));
    }
}

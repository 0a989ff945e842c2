//! OK with a response code that may name very many messages: it leaves piece by piece.

use crate::limits::ANSWERED_AT_ONCE;
use crate::out::{Out, Sent};
use rookery_imap_wire::print;
use rookery_mail::{UidRange, UidSet};

/// Print a line that begins with this, up to the name of the code and what comes before the sets; they follow, and the text.
pub(crate) async fn tell(beginning: &str, sets: &[&UidSet], text: &str, out: &mut Out<'_>) -> Sent {
    out.buffer().extend_from_slice(beginning.as_bytes());
    for set in sets {
        for (at, ranges) in set.ranges().chunks(ANSWERED_AT_ONCE).enumerate() {
            out.buffer().push(if at == 0 { b' ' } else { b',' });
            let pair = |range: &UidRange| (range.first().get(), range.last().get());
            print::ranges(out.buffer(), ranges.iter().map(pair));
            out.drain().await?;
        }
    }
    out.buffer().extend_from_slice(format!("] {text}\r\n").as_bytes());
    Ok(())
}

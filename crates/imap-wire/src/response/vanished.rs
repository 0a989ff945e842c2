//! `VANISHED` (RFC 7162 §3.2.10).

use super::Response;
use super::code::uids;
use crate::parse::{Cursor, Parsed};
use rookery_mail::UidSet;

pub(super) fn print(out: &mut Vec<u8>, earlier: bool, uids: &UidSet) {
    out.extend_from_slice(if earlier { b"VANISHED (EARLIER) " } else { b"VANISHED " });
    out.extend_from_slice(uids.to_string().as_bytes());
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    cursor.space()?;
    let earlier = cursor.take_text("(EARLIER) ");
    Ok(Response::Vanished { earlier, uids: uids(cursor)? })
}

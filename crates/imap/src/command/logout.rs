//! LOGOUT (RFC 9051 §6.1.3).

use crate::out::Out;
use crate::session::{Answer, Done, Next};
use rookery_imap_wire::Status;

pub(crate) fn run(out: &mut Out<'_>) -> Answer {
    out.untagged(Status::Bye, None, "Good bye");
    Ok(Done::new(None, "Logged out", Next::LogOut))
}

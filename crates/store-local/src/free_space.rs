//! Room on the disk: the last of it is kept from mail, for changes that take next to none, of which some are there to give space
//! back, and for segments that are written anew.

use crate::account::Account;
use crate::limits::{RESERVED_OCTETS, RESERVED_SHARE};
use crate::vfs::Space;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether mail is refused, as it was last seen.
#[derive(Default)]
pub(crate) struct Fullness(AtomicBool);

impl Account {
    /// Whether there is so little room that what is dead should be given back soon.
    pub(crate) fn is_short_of_space(&self) -> bool {
        self.vfs().space(self.dir()).is_ok_and(|space| space.free < 2 * kept(space))
    }

    /// Fail, as a full disk does, if so many octets would leave less than is kept.
    pub(crate) fn check_room(&self, octets: u64) -> io::Result<()> {
        // If the system does not say, writing will tell.
        let Ok(space) = self.vfs().space(self.dir()) else { return Ok(()) };
        let kept = kept(space);
        self.fullness().note(space.free < kept, space.free);
        if space.free < kept.saturating_add(octets) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

/// Octets that are kept from mail.
fn kept(space: Space) -> u64 {
    RESERVED_OCTETS.min(space.total / RESERVED_SHARE)
}

impl Fullness {
    /// Say so when it changes.
    fn note(&self, is_full: bool, free: u64) {
        if self.0.swap(is_full, Ordering::Relaxed) == is_full {
            return;
        }
        if is_full {
            tracing::warn!(free, "the disk is full: mail is refused until there is room");
        } else {
            tracing::info!(free, "there is room on the disk again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_much_of_a_disk_is_kept_from_mail() {
        let kept = |total| kept(Space { total, free: total });
        assert_eq!(kept(RESERVED_SHARE * 1000), 1000);
        assert_eq!(kept(RESERVED_SHARE * RESERVED_OCTETS), RESERVED_OCTETS);
        assert_eq!(kept(u64::MAX), RESERVED_OCTETS);
    }
}

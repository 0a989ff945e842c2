//! Reading messages and their summaries from the segments.
//!
//! What the system has in memory is read at once, by whoever asks: that takes a microsecond, and to hand it to another
//! thread takes longer. Only what has to come from the disk is read where waiting holds up nobody.

use crate::account::Account;
use crate::failure::{damaged, failed, io_error, is_unreadable};
use crate::frame::{ALIGNMENT, FrameHeader, HEADER};
use crate::limits::{CONTENT_READ_OCTETS, MAX_KNOWN_WHOLE, MAX_LOOKUPS, SUMMARY_READ_OCTETS};
use crate::record;
use crate::resting::Part;
use crate::state::{Location, State};
use crate::sync::lock;
use crate::vfs::{self, VfsFile};
use bytes::{Buf, Bytes};
use rookery_mail::EmailId;
use rookery_mailbox::{Beginning, Refused, StoreError};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

pub(crate) const READING: &str = "reading a message";

/// Whether what is read may have to come from the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Disk {
    /// It must not: nobody may be kept waiting here.
    IfAtHand,
    /// It may.
    Wait,
}

/// Whether octets of a message were held against its checksum.
enum Verified {
    /// They were, or are no end of a message, which are not.
    AsFarAsItGoes,
    /// They end a message of which more is to be read for that.
    Not,
}

/// Why something was not read.
enum Unread {
    /// It would have to come from the disk.
    WouldWait,
    /// It cannot be.
    Failed(StoreError),
}

impl<E: Into<StoreError>> From<E> for Unread {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Disk {
    /// Octets from an offset on, as many as there are.
    fn read(self, file: &dyn VfsFile, len: usize, offset: u64) -> Result<Vec<u8>, Unread> {
        let mut octets = vec![0; len];
        let failed = |error| io_error(READING, error);
        match self {
            Self::IfAtHand => {
                match file.read_cached_at(&mut octets, offset) {
                    Ok(true) => Ok(octets),
                    Ok(false) => Err(Unread::WouldWait),
                    // To try once more may take long.
                    Err(error) if is_unreadable(&error) => Err(Unread::WouldWait),
                    Err(error) => Err(failed(error).into()),
                }
            }
            Self::Wait => {
                let read = vfs::read_at(file, &mut octets, offset).map_err(failed)?;
                octets.truncate(read);
                Ok(octets)
            }
        }
    }
}

/// Large messages that were read whole, and have their checksums.
#[derive(Default)]
pub(crate) struct KnownWhole(HashSet<EmailId>);

impl KnownWhole {
    fn note(&mut self, email: EmailId) {
        if self.0.len() >= MAX_KNOWN_WHOLE {
            self.0.clear();
        }
        self.0.insert(email);
    }
}

/// A frame with content.
struct Content {
    file: Arc<dyn VfsFile>,
    disk: Disk,
    offset: u64,
    header: FrameHeader,
    location: Location,
    /// The first octets of the frame.
    beginning: Bytes,
}

impl Account {
    /// Octets of a message. The frame's header is verified always; the content if its last octets are among them, so that
    /// nobody who reads a message in pieces gets all of one that is damaged.
    pub(crate) async fn read_content(
        self: &Arc<Self>,
        email: EmailId,
        range: Range<u64>,
    ) -> Result<Bytes, StoreError> {
        let first = first_of_content(&range);
        let read = self.look_at(email, first, move |content| content.body(range.clone()));
        let (octets, verified) = read.await?;
        match verified {
            Verified::AsFarAsItGoes => Ok(octets),
            Verified::Not if lock(&self.known_whole).0.contains(&email) => Ok(octets),
            Verified::Not => self.verify(email).await.map(|()| octets),
        }
    }

    /// Read a whole message, piece by piece. It is remembered, or to read the end of a large one often would take very long.
    async fn verify(self: &Arc<Self>, email: EmailId) -> Result<(), StoreError> {
        let (mut crc, mut at) = (0, 0);
        while let Some(next) =
            self.look_at(email, SUMMARY_READ_OCTETS, move |content| content.digest(crc, at)).await?
        {
            (crc, at) = next;
            tokio::task::yield_now().await;
        }
        lock(&self.known_whole).note(email);
        Ok(())
    }

    /// Look at the frame that brought some content, of which so much is read at first.
    async fn look_at<T: Send + 'static>(
        self: &Arc<Self>,
        email: EmailId,
        first: usize,
        look: impl Fn(&Content) -> Result<T, Unread> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read(move |account, disk| match Content::find(account, email, first, disk)? {
            Some(content) => look(&content),
            None => Err(Refused::NoSuchMessage.into()),
        })
        .await
    }

    /// The summaries of messages, verified, and the first octets of their content. A summary that is damaged, or that the disk cannot read, is empty, so that
    /// it costs none of the others.
    pub(crate) async fn read_beginnings(
        self: &Arc<Self>,
        emails: &[EmailId],
        octets: usize,
    ) -> Result<Vec<Option<Beginning>>, StoreError> {
        let emails = emails.to_vec();
        let first = SUMMARY_READ_OCTETS + octets;
        self.read(move |account, disk| {
            let beginning = |email: &EmailId| {
                let content = Content::find(account, *email, first, disk);
                let beginning = content.and_then(|it| it.map(|it| it.beginning(octets)).transpose());
                beginning.or_else(|unread| match unread {
                    Unread::Failed(StoreError::Damaged(what)) => {
                        tracing::warn!(account = %account.name(), %email, %what, "a summary is damaged");
                        Ok(Some(Beginning::default()))
                    }
                    Unread::Failed(StoreError::Io { source, .. }) if is_unreadable(&source) => {
                        tracing::warn!(account = %account.name(), %email, error = %source, "the disk cannot read a summary");
                        Ok(Some(Beginning::default()))
                    }
                    unread => Err(unread),
                })
            };
            emails.iter().map(beginning).collect()
        })
        .await
    }

    /// Look at once, and where the disk is needed once more on a thread that may wait for it.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl Fn(&Self, Disk) -> Result<T, Unread> + Send + 'static,
    ) -> Result<T, StoreError> {
        match look(self, Disk::IfAtHand) {
            Ok(found) => return Ok(found),
            Err(Unread::Failed(error)) => return Err(error),
            Err(Unread::WouldWait) => {}
        }
        let permit = self.reads().acquire_owned().await.map_err(|_| failed(READING))?;
        let account = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            // The reading goes on when nobody waits for it any more.
            let _permit = permit;
            look(&account, Disk::Wait)
        });
        match reading.await.map_err(|_| failed(READING))? {
            Err(Unread::Failed(error)) => Err(error),
            found => found.map_err(|_| failed(READING)),
        }
    }
}

/// Octets of a frame that are read at first for the sake of some content: all of it with what stands before it, if that
/// is not much; else the header, which says where the content is, and the metadata, which say which it is.
fn first_of_content(range: &Range<u64>) -> usize {
    let end = usize::try_from(range.end).unwrap_or(usize::MAX);
    SUMMARY_READ_OCTETS + if end <= CONTENT_READ_OCTETS { end } else { 0 }
}

impl Content {
    /// The frame that brought some content, of which this much is read at first; `None` if the content is gone.
    fn find(
        account: &Account,
        email: EmailId,
        first: usize,
        disk: Disk,
    ) -> Result<Option<Self>, Unread> {
        for _ in 0..MAX_LOOKUPS {
            let look =
                |state: &State| Ok((state.is_at_rest(Part::Contents), state.emails.find(email)));
            let (location, generation) = match (account.look(look)?, disk) {
                ((true, _), Disk::IfAtHand) => return Err(Unread::WouldWait),
                ((true, _), Disk::Wait) => {
                    account.wake(Part::Contents)?;
                    continue;
                }
                ((false, None), _) => return Ok(None),
                ((false, Some(found)), _) => found,
            };
            let segment = (location.segment, generation);
            // It may be written anew between looking and opening; then its content is looked up again.
            let segments = account.open_segments();
            let open = match (segments.at_hand(segment), disk) {
                (Some(open), _) => open,
                (None, Disk::IfAtHand) => return Err(Unread::WouldWait),
                (None, Disk::Wait) => match segments.open(account, segment)? {
                    Some(open) => open,
                    None => continue,
                },
            };
            let content = Self::open(account, location, (&open.file, disk), first);
            let content = content.and_then(|content| content.checked(email, open.generation));
            let damaged = match content {
                Err(Unread::Failed(damaged @ StoreError::Damaged(_))) => damaged,
                content => return content.map(Some),
            };
            // Octets before it may have gone, or been added.
            let moved = open.find(account, email, disk == Disk::Wait);
            let moved = moved.map_err(|error| io_error(READING, error))?;
            let location = match moved {
                None => return Err(Unread::WouldWait),
                Some(None) => return Err(damaged.into()),
                Some(Some(location)) => location,
            };
            let content = Self::open(account, location, (&open.file, disk), first)?;
            return content.checked(email, open.generation).map(Some);
        }
        Err(failed(READING).into())
    }

    fn open(
        account: &Account,
        location: Location,
        (file, disk): (&Arc<dyn VfsFile>, Disk),
        first: usize,
    ) -> Result<Self, Unread> {
        let offset = u64::from(location.offset) * ALIGNMENT;
        let len = u64::from(location.len) * ALIGNMENT;
        let first = usize::try_from(len).unwrap_or(usize::MAX).min(first);
        let mut beginning = Bytes::from(disk.read(&**file, first, offset)?);
        let skewed = || {
            let octets = disk.read(&**file, HEADER + ALIGNMENT as usize - 1, offset)?;
            Ok::<_, Unread>(FrameHeader::find(&octets, account.log_id()))
        };
        let (skew, header) = match FrameHeader::decode(&beginning, account.log_id()) {
            Ok(header) => (0, header),
            Err(bad) => skewed()?.ok_or_else(|| damaged(&place(location), &bad))?,
        };
        beginning.advance(skew.min(beginning.len()));
        let (file, offset) = (Arc::clone(file), offset + skew as u64);
        Ok(Self { file, disk, offset, header, location, beginning })
    }

    /// An error if it is another one by its metadata. Where these are damaged nobody knows, unless it is known by the generation of its
    /// segment that this is the segment that it should be.
    fn checked(self, email: EmailId, generation: Option<u32>) -> Result<Self, Unread> {
        let meta = self.octets(HEADER as u64, u64::from(self.header.meta_len))?;
        let is_it = record::content_of(self.header.kind, &meta) == Some(email);
        let is_whole = || crc32c::crc32c(&meta) == self.header.meta_crc;
        let is_believed = match generation {
            Some(_) => is_it || !is_whole(),
            None => is_it && is_whole(),
        };
        match is_believed {
            true => Ok(self),
            false => Err(self.damage("the frame of this message").into()),
        }
    }

    /// Octets of the content. What comes before its last ones is read with them if that is not much.
    fn body(&self, range: Range<u64>) -> Result<(Bytes, Verified), Unread> {
        let len = self.header.body_len;
        let end = range.end.min(len);
        let start = range.start.min(end);
        let from = if end == len && len <= CONTENT_READ_OCTETS as u64 { 0 } else { start };
        let octets = self.octets(self.header.body_offset() + from, end - from)?;
        let is_whole = from == 0 && end == len;
        if is_whole {
            self.check(crc32c::crc32c(&octets))?;
        }
        let index = usize::try_from(start - from).map_err(|_| self.damage("a length"))?;
        let is_enough = is_whole || end < len;
        let verified = if is_enough { Verified::AsFarAsItGoes } else { Verified::Not };
        Ok((octets.slice(index..), verified))
    }

    /// Go on with the checksum of the content, which is so much up to this place: what it is then, and up to where. Nothing at the
    /// end, if it is right.
    fn digest(&self, crc: u32, at: u64) -> Result<Option<(u32, u64)>, Unread> {
        let end = self.header.body_len.min(at + CONTENT_READ_OCTETS as u64);
        let octets = self.octets(self.header.body_offset() + at, end.saturating_sub(at))?;
        let crc = crc32c::crc32c_append(crc, &octets);
        if end < self.header.body_len {
            return Ok(Some((crc, end)));
        }
        self.check(crc)?;
        Ok(None)
    }

    fn check(&self, body_crc: u32) -> Result<(), StoreError> {
        match body_crc == self.header.body_crc {
            true => Ok(()),
            false => Err(self.damage("content with its checksum")),
        }
    }

    /// The summary, and as many of the first octets of the content as were read with it.
    fn beginning(&self, octets: usize) -> Result<Beginning, Unread> {
        let index = |octets: u64| usize::try_from(octets).unwrap_or(usize::MAX);
        let start = index(self.header.body_offset()).min(self.beginning.len());
        let end = start.saturating_add(octets.min(index(self.header.body_len)));
        let content = self.beginning.slice(start..end.min(self.beginning.len()));
        Ok(Beginning { summary: self.summary()?, content })
    }

    fn summary(&self) -> Result<Bytes, Unread> {
        let (start, len) = (self.header.summary_offset(), self.header.summary_len);
        let octets = self.octets(start, u64::from(len))?;
        if crc32c::crc32c(&octets) != self.header.summary_crc {
            return Err(self.damage("a summary with its checksum").into());
        }
        Ok(octets)
    }

    /// Octets from an offset in the frame on.
    fn octets(&self, offset: u64, len: u64) -> Result<Bytes, Unread> {
        let index = |octets: u64| usize::try_from(octets).map_err(|_| self.damage("a length"));
        let (from, len) = (index(offset)?, index(len)?);
        let to = from.saturating_add(len);
        if to <= self.beginning.len() {
            return Ok(self.beginning.slice(from..to));
        }
        let octets = self.disk.read(&*self.file, len, self.offset + offset)?;
        if octets.len() < len {
            return Err(self.damage("the whole frame").into());
        }
        Ok(octets.into())
    }

    fn damage(&self, expected: &'static str) -> StoreError {
        damaged(&place(self.location), &crate::fields::BadRecord(expected))
    }
}

fn place(location: Location) -> String {
    let offset = u64::from(location.offset) * ALIGNMENT;
    format!("segment {} at octet {offset}", location.segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_large_messages_are_known_to_be_whole() {
        let mut known = KnownWhole::default();
        let ids = 1..=3 * MAX_KNOWN_WHOLE as u64;
        let most = ids.map(|id| {
            known.note(EmailId(id));
            assert!(known.0.contains(&EmailId(id)));
            known.0.len()
        });
        assert_eq!(most.max(), Some(MAX_KNOWN_WHOLE));
    }
}

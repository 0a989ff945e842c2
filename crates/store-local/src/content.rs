//! Reading messages and their summaries from the segments.

use crate::account::Account;
use crate::failure::{damaged, failed, io_error};
use crate::frame::{ALIGNMENT, FrameHeader, HEADER};
use crate::limits::{MAX_OPEN_SEGMENTS, SUMMARY_READ_OCTETS};
use crate::segment::file_name;
use crate::state::{Location, State};
use crate::sync::lock;
use crate::vfs::VfsFile;
use bytes::Bytes;
use rookery_mail::EmailId;
use rookery_mailbox::{Refused, StoreError};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};

const READING: &str = "reading a message";

/// Segment files that are open for reading, those used last at the end.
#[derive(Default)]
pub(crate) struct OpenSegments {
    files: Mutex<VecDeque<(u32, Arc<dyn VfsFile>)>>,
}

impl OpenSegments {
    /// Let go of all files.
    pub(crate) fn clear(&self) {
        lock(&self.files).clear();
    }

    fn get(&self, account: &Account, segment: u32) -> Result<Arc<dyn VfsFile>, StoreError> {
        let mut files = lock(&self.files);
        let found = files.iter().position(|(number, _)| *number == segment);
        let entry = match found.and_then(|at| files.remove(at)) {
            Some(entry) => entry,
            None => {
                let path = account.segment_dir().join(file_name(segment));
                let file = account.vfs().open(&path);
                (segment, file.map_err(|error| io_error(READING, error))?)
            }
        };
        let file = Arc::clone(&entry.1);
        files.push_back(entry);
        if files.len() > MAX_OPEN_SEGMENTS {
            files.pop_front();
        }
        Ok(file)
    }
}

/// A frame with content.
struct Content {
    file: Arc<dyn VfsFile>,
    offset: u64,
    header: FrameHeader,
    location: Location,
    /// The first octets of the frame.
    beginning: Vec<u8>,
}

impl Account {
    /// Octets of a message. The frame's header is verified always, the content when all of it is read.
    pub(crate) async fn read_content(
        self: &Arc<Self>,
        email: EmailId,
        range: Range<u64>,
    ) -> Result<Bytes, StoreError> {
        let find = |state: &State| state.emails.find(email).ok_or(Refused::NoSuchMessage);
        let location = self.look(find)?;
        self.read_blocking(move |account| {
            let content = Content::open(account, location, HEADER)?;
            content.body(range)
        })
        .await
    }

    /// The summaries of messages, verified.
    pub(crate) async fn read_summaries(
        self: &Arc<Self>,
        emails: &[EmailId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let find = |state: &State| {
            let found = emails.iter().map(|email| state.emails.find(*email));
            Ok(found.collect::<Vec<Option<Location>>>())
        };
        let locations = self.look(find)?;
        self.read_blocking(move |account| {
            let summary =
                |location| Content::open(account, location, SUMMARY_READ_OCTETS)?.summary();
            locations.into_iter().map(|found| found.map(summary).transpose()).collect()
        })
        .await
    }

    async fn read_blocking<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.reads().acquire_owned().await.map_err(|_| failed(READING))?;
        let account = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            // The reading goes on when nobody waits for it any more.
            let _permit = permit;
            look(&account)
        });
        reading.await.map_err(|_| failed(READING))?
    }
}

impl Content {
    /// A frame, of which this much is read at first.
    fn open(account: &Account, location: Location, first: usize) -> Result<Self, StoreError> {
        let file = account.open_segments().get(account, location.segment)?;
        let offset = u64::from(location.offset) * ALIGNMENT;
        let len = u64::from(location.len) * ALIGNMENT;
        let first = usize::try_from(len).unwrap_or(usize::MAX).min(first);
        let mut beginning = vec![0; first];
        let count =
            file.read_at(&mut beginning, offset).map_err(|error| io_error(READING, error))?;
        beginning.truncate(count);
        let header = FrameHeader::decode(&beginning, account.log_id());
        let header = header.map_err(|bad| damaged(&place(location), &bad))?;
        Ok(Self { file, offset, header, location, beginning })
    }

    fn body(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let end = range.end.min(self.header.body_len);
        let start = range.start.min(end);
        let octets = self.octets(self.header.body_offset() + start, end - start)?;
        let is_whole = start == 0 && end == self.header.body_len;
        if is_whole && crc32c::crc32c(&octets) != self.header.body_crc {
            return Err(self.damage("content with its checksum"));
        }
        Ok(octets.into())
    }

    fn summary(&self) -> Result<Bytes, StoreError> {
        let (start, len) = (self.header.summary_offset(), self.header.summary_len);
        let from = usize::try_from(start).unwrap_or(usize::MAX);
        let to = from.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        let octets = match self.beginning.get(from..to) {
            Some(octets) => octets.to_vec(),
            None => self.octets(start, u64::from(len))?,
        };
        if crc32c::crc32c(&octets) != self.header.summary_crc {
            return Err(self.damage("a summary with its checksum"));
        }
        Ok(octets.into())
    }

    /// Octets from an offset in the frame on.
    fn octets(&self, offset: u64, len: u64) -> Result<Vec<u8>, StoreError> {
        let len = usize::try_from(len).map_err(|_| self.damage("a length"))?;
        crate::vfs::read_exact_at(&*self.file, len, self.offset + offset).map_err(|error| {
            match error.kind() {
                std::io::ErrorKind::UnexpectedEof => self.damage("the whole frame"),
                _ => io_error(READING, error),
            }
        })
    }

    fn damage(&self, expected: &'static str) -> StoreError {
        damaged(&place(self.location), &crate::fields::BadRecord(expected))
    }
}

fn place(location: Location) -> String {
    let offset = u64::from(location.offset) * ALIGNMENT;
    format!("segment {} at octet {offset}", location.segment)
}

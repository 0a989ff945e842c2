//! Reading messages and their summaries from the segments.

use crate::account::Account;
use crate::failure::{damaged, failed, io_error};
use crate::frame::{ALIGNMENT, FrameHeader, HEADER};
use crate::limits::{MAX_LOOKUPS, MAX_OPEN_SEGMENTS, SUMMARY_READ_OCTETS};
use crate::segment;
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

/// A segment file that is open, and which of its rewritings it is.
#[derive(Clone)]
struct OpenSegment {
    number: u32,
    generation: u32,
    file: Arc<dyn VfsFile>,
}

/// Segment files that are open for reading, those used last at the end.
#[derive(Default)]
pub(crate) struct OpenSegments {
    files: Mutex<VecDeque<OpenSegment>>,
}

impl OpenSegments {
    /// Let go of all files.
    pub(crate) fn clear(&self) {
        lock(&self.files).clear();
    }

    /// Let go of a segment's file, for it has been replaced.
    pub(crate) fn forget(&self, number: u32) {
        lock(&self.files).retain(|open| open.number != number);
    }

    /// The file of a segment in this generation; `None` if it has been replaced in the meantime.
    fn get(
        &self,
        account: &Account,
        (number, generation): (u32, u32),
    ) -> Result<Option<Arc<dyn VfsFile>>, StoreError> {
        let mut files = lock(&self.files);
        let found = files.iter().position(|open| open.number == number);
        let found = found.and_then(|at| files.remove(at));
        let open = match found.filter(|open| open.generation == generation) {
            Some(open) => open,
            None => open_segment(account, number)?,
        };
        let file = (open.generation == generation).then(|| Arc::clone(&open.file));
        files.push_back(open);
        if files.len() > MAX_OPEN_SEGMENTS {
            files.pop_front();
        }
        Ok(file)
    }
}

fn open_segment(account: &Account, number: u32) -> Result<OpenSegment, StoreError> {
    let opened = segment::open(&*account.vfs(), &account.segment_dir(), number);
    let (file, header) = opened.map_err(|error| io_error(READING, error))?;
    let header = header.map_err(|bad| damaged(&format!("segment {number}"), &bad))?;
    Ok(OpenSegment { number, generation: header.generation, file })
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
        self.read_blocking(move |account| match Content::find(account, email, HEADER)? {
            Some(content) => content.body(range),
            None => Err(Refused::NoSuchMessage.into()),
        })
        .await
    }

    /// The summaries of messages, verified. One that is damaged is empty, so that it costs none of the others.
    pub(crate) async fn read_summaries(
        self: &Arc<Self>,
        emails: &[EmailId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let emails = emails.to_vec();
        self.read_blocking(move |account| {
            let summary = |email| {
                let content = Content::find(account, email, SUMMARY_READ_OCTETS);
                let summary = content.and_then(|it| it.map(|it| it.summary()).transpose());
                summary.or_else(|error| match error {
                    StoreError::Damaged(what) => {
                        tracing::warn!(account = %account.name(), %email, %what, "a summary is damaged");
                        Ok(Some(Bytes::new()))
                    }
                    error => Err(error),
                })
            };
            emails.into_iter().map(summary).collect()
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
    /// The frame that brought some content, of which this much is read at first; `None` if the content is gone.
    fn find(account: &Account, email: EmailId, first: usize) -> Result<Option<Self>, StoreError> {
        for _ in 0..MAX_LOOKUPS {
            let look = |state: &State| Ok(state.emails.find(email));
            let Some((location, generation)) = account.look(look)? else { return Ok(None) };
            let segment = (location.segment, generation);
            // It may be written anew between looking and opening; then its content is looked up again.
            if let Some(file) = account.open_segments().get(account, segment)? {
                return Self::open(account, location, file, first).map(Some);
            }
        }
        Err(failed(READING))
    }

    fn open(
        account: &Account,
        location: Location,
        file: Arc<dyn VfsFile>,
        first: usize,
    ) -> Result<Self, StoreError> {
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

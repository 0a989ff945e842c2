//! Segment files that are open for reading.
//!
//! Threads that serve conversations look here for files, so that nobody opens, closes or renames one while they have to wait
//! for it: the lock is held for as long as it takes to find a file, and no longer.
//!
//! The last segment is read through the file that is written to, which is open as long as the account is. Of the others an account
//! keeps a few, and a store a few more (`segment_pool`).

use crate::account::Account;
use crate::failure::{damaged, io_error, is_no_file, is_unreadable};
use crate::limits::MAX_OPEN_SEGMENTS;
use crate::log::Log;
use crate::segment;
use crate::segment_pool::{Mark, SegmentPool};
use crate::state::Location;
use crate::sync::lock;
use crate::vfs::{self, VfsFile};
use rookery_mail::EmailId;
use rookery_mailbox::StoreError;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, OnceLock};

/// A segment file that is open, and which of its rewritings it is.
#[derive(Clone)]
pub(crate) struct OpenSegment {
    pub(crate) number: u32,
    /// `None` if its header cannot be read, or says that it is another segment.
    pub(crate) generation: Option<u32>,
    pub(crate) file: Arc<dyn VfsFile>,
    /// Where its content lies, by its frames, once something is not where it should be.
    contents: Arc<OnceLock<BTreeMap<EmailId, Location>>>,
    mark: Arc<Mark>,
}

/// Segment files that are open for reading.
pub(crate) struct OpenSegments {
    pool: Arc<SegmentPool>,
    files: Mutex<Files>,
}

#[derive(Default)]
struct Files {
    /// The last segment, in the file that is written to.
    last: Option<OpenSegment>,
    /// Others, those used last at the end.
    open: VecDeque<OpenSegment>,
    /// The file of a segment that is being replaced, and the one that takes its place. Whoever looks for either finds it here,
    /// whichever of them has the name.
    replacing: Vec<OpenSegment>,
    /// Grows whenever files are let go of: what was opened before that is not kept.
    era: u64,
}

impl OpenSegments {
    /// Those of an account whose log ends here.
    pub(crate) fn new(pool: Arc<SegmentPool>, log: &Log) -> Arc<Self> {
        let files = Files { last: last(log), ..Files::default() };
        Arc::new(Self { pool, files: Mutex::new(files) })
    }

    /// The log goes on in another file. What it went on in before is kept as others are.
    pub(crate) fn go_on(self: &Arc<Self>, log: &Log) {
        let mut files = lock(&self.files);
        let is_known = |last: &OpenSegment| Arc::ptr_eq(&last.file, &log.file);
        if files.last.as_ref().is_some_and(is_known) {
            return;
        }
        let (before, era) = (std::mem::replace(&mut files.last, last(log)), files.era);
        drop(files);
        if let Some(before) = before.filter(|before| before.number != log.segment) {
            drop(self.keep(before, era));
        }
    }

    /// Let go of all files but the one that is written to, which are closed when what is returned is dropped: that may take as long as a disk likes.
    #[must_use = "closing files may take long"]
    pub(crate) fn clear(&self) -> VecDeque<OpenSegment> {
        let mut files = lock(&self.files);
        files.era += 1;
        std::mem::take(&mut files.open)
    }

    /// A segment in this generation, as far as it says which one it is, if it is open already.
    pub(crate) fn at_hand(&self, (number, generation): (u32, u32)) -> Option<OpenSegment> {
        let mut files = lock(&self.files);
        let is_it =
            |open: &OpenSegment| (open.number, open.generation) == (number, Some(generation));
        if let Some(open) = files.replacing.iter().find(|open| is_it(open)) {
            return Some(open.clone());
        }
        let is_it = |open: &OpenSegment| open.number == number && open.may_be(generation);
        if let Some(last) = files.last.as_ref().filter(|last| is_it(last)) {
            return Some(last.clone());
        }
        let at = files.open.iter().position(is_it)?;
        let open = files.open.remove(at)?;
        open.mark.note();
        files.open.push_back(open.clone());
        Some(open)
    }

    /// The same, from the disk; `None` if it has been replaced in the meantime.
    pub(crate) fn open(
        self: &Arc<Self>,
        account: &Account,
        (number, generation): (u32, u32),
    ) -> Result<Option<OpenSegment>, StoreError> {
        let era = lock(&self.files).era;
        let open = open_segment(account, number)?;
        let it = open.may_be(generation).then(|| open.clone());
        drop(self.keep(open, era));
        Ok(it)
    }

    /// Keep a file that was opened in an era; returns those that are to be closed for it.
    fn keep(self: &Arc<Self>, open: OpenSegment, era: u64) -> Vec<OpenSegment> {
        let mark = Arc::clone(&open.mark);
        let mut closed = lock(&self.files).keep(open, era);
        closed.extend(self.pool.add(self, &mark));
        closed
    }

    /// Let go of the file with this mark.
    #[must_use = "closing files may take long"]
    pub(crate) fn let_go_of(&self, mark: &Mark) -> Option<OpenSegment> {
        let mut files = lock(&self.files);
        let at = files.open.iter().position(|open| std::ptr::eq(&*open.mark, mark))?;
        files.open.remove(at)
    }

    /// Begin to let a file take the place of another one. Both are at hand until what is returned is done or dropped.
    pub(crate) fn replace(self: &Arc<Self>, old: OpenSegment, new: OpenSegment) -> Replacing<'_> {
        lock(&self.files).replacing = vec![old, new.clone()];
        Replacing { segments: self, new }
    }
}

impl Files {
    /// Keep a file that was opened in an era; returns those that are to be closed for it.
    fn keep(&mut self, open: OpenSegment, era: u64) -> Vec<OpenSegment> {
        if self.era != era {
            return vec![open];
        }
        let mut closed = self.let_go(open.number);
        self.open.push_back(open);
        if self.open.len() > MAX_OPEN_SEGMENTS {
            closed.extend(self.open.pop_front());
        }
        closed
    }

    fn let_go(&mut self, number: u32) -> Vec<OpenSegment> {
        let (gone, kept) = std::mem::take(&mut self.open)
            .into_iter()
            .partition::<VecDeque<_>, _>(|open| open.number == number);
        self.open = kept;
        gone.into()
    }
}

/// A file that is about to take the place of another one.
pub(crate) struct Replacing<'a> {
    segments: &'a Arc<OpenSegments>,
    new: OpenSegment,
}

impl Replacing<'_> {
    /// It has taken the place, and nobody is told of the old one any more.
    pub(crate) fn done(self) {
        let new = self.new.clone();
        let mut files = lock(&self.segments.files);
        files.era += 1;
        let era = files.era;
        drop(files);
        drop(self.segments.keep(new, era));
    }
}

impl Drop for Replacing<'_> {
    fn drop(&mut self) {
        let closed = std::mem::take(&mut lock(&self.segments.files).replacing);
        drop(closed);
    }
}

impl OpenSegment {
    /// A segment of which nothing is known but that it is in this generation.
    pub(crate) fn new(number: u32, generation: Option<u32>, file: Arc<dyn VfsFile>) -> Self {
        Self { number, generation, file, contents: Arc::default(), mark: Mark::new() }
    }

    /// Where some content lies, if it is there; `None` if that is not known, and may not be found out, for all of the segment has to be
    /// read.
    pub(crate) fn find(
        &self,
        account: &Account,
        email: EmailId,
        may_read: bool,
    ) -> io::Result<Option<Option<Location>>> {
        if may_read && self.contents.get().is_none() {
            let found = segment::contents((self.number, &*self.file), account.log_id())?;
            let _ = self.contents.set(found.into_iter().collect());
        }
        Ok(self.contents.get().map(|contents| contents.get(&email).copied()))
    }

    /// Whether it is in this generation, as far as it says.
    fn may_be(&self, generation: u32) -> bool {
        self.generation.is_none_or(|it| it == generation)
    }
}

/// The last segment of a log, if it is known that its file is that segment.
fn last(log: &Log) -> Option<OpenSegment> {
    let file = Arc::clone(&log.file);
    log.generation.map(|generation| OpenSegment::new(log.segment, Some(generation), file))
}

fn open_segment(account: &Account, number: u32) -> Result<OpenSegment, StoreError> {
    let opened = segment::open(&*account.vfs(), &account.segment_dir(), number);
    let opened = match opened {
        // Its first octets cannot be read. Others may be.
        Err(error) if is_unreadable(&error) => {
            let path = account.segment_dir().join(segment::file_name(number));
            vfs::open(&*account.vfs(), &path).map(|file| (file, None))
        }
        opened => opened.map(|(file, header)| (file, header.ok())),
    };
    let (file, header) = opened.map_err(|error| match is_no_file(&error) {
        true => damaged("the log", &crate::fields::BadRecord("a segment that is missing")),
        false => io_error(crate::content::READING, error),
    })?;
    let ours = header.filter(|it| (it.number, it.log) == (number, account.log_id()));
    Ok(OpenSegment::new(number, ours.map(|header| header.generation), file))
}

//! Messages that are coming in: in memory while short, in a file under `tmp/` when longer.
//!
//! The file is open while something is written to it or read from it, and no longer: however many messages somebody brings, and
//! however slowly, they take none of the files that the system lets the server have open.

use crate::account::Account;
use crate::failure::failed;
use crate::limits::MAX_MESSAGE_OCTETS;
use crate::vfs::{self, Vfs, VfsFile};
use rookery_mailbox::{Refused, Reply, Spool, StoreError};
use std::any::Any;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;

const SPOOLING: &str = "spooling a message";

/// A message that is coming in.
pub(crate) struct LocalSpool {
    account: Arc<Account>,
    body: Body,
    /// Octets were lost: a write failed, or was not awaited to its end.
    broken: bool,
}

/// The octets of a message: those in the file, then those in memory.
#[derive(Default)]
pub(crate) struct Body {
    file: Option<TemporaryFile>,
    pub(crate) in_file: u64,
    pub(crate) rest: Vec<u8>,
    pub(crate) crc: u32,
}

impl Body {
    pub(crate) fn len(&self) -> u64 {
        self.in_file + self.rest.len() as u64
    }

    /// Whether a message of so many octets more is none that is too large.
    fn has_place_for(&self, octets: usize) -> bool {
        self.len().saturating_add(octets as u64) <= MAX_MESSAGE_OCTETS
    }

    /// The file, if there is one, open as long as somebody has what is returned.
    pub(crate) fn open(&self) -> io::Result<Option<Arc<dyn VfsFile>>> {
        self.file.as_ref().map(TemporaryFile::open).transpose()
    }
}

/// A file that goes when nobody needs it any more.
struct TemporaryFile {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
}

impl TemporaryFile {
    fn open(&self) -> io::Result<Arc<dyn VfsFile>> {
        vfs::open(&*self.vfs, &self.path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // What stays behind goes when the account is opened next.
        let _ = self.vfs.remove_file(&self.path);
    }
}

impl LocalSpool {
    pub(crate) fn new(account: Arc<Account>) -> Self {
        Self { account, body: Body::default(), broken: false }
    }

    /// The octets, if none was lost.
    pub(crate) fn into_body(mut self) -> Result<Body, StoreError> {
        if self.broken {
            let source = io::Error::new(io::ErrorKind::BrokenPipe, "an earlier write failed");
            return Err(StoreError::Io { context: SPOOLING, source });
        }
        Ok(std::mem::take(&mut self.body))
    }

    async fn add(&mut self, mut octets: &[u8]) -> Result<(), StoreError> {
        if !self.body.has_place_for(octets.len()) {
            return Err(Refused::OverQuota.into());
        }
        let limit = self.account.options().spool_memory.max(1);
        while !octets.is_empty() {
            let room = limit.saturating_sub(self.body.rest.len());
            if room == 0 {
                self.flush().await?;
                continue;
            }
            let (now, later) = octets.split_at(room.min(octets.len()));
            self.body.crc = crc32c::crc32c_append(self.body.crc, now);
            self.body.rest.extend_from_slice(now);
            octets = later;
        }
        Ok(())
    }

    /// Move what is in memory to the file.
    async fn flush(&mut self) -> Result<(), StoreError> {
        self.broken = true;
        let body = std::mem::take(&mut self.body);
        let account = Arc::clone(&self.account);
        let permit = account.spools().acquire_owned().await.map_err(|_| failed(SPOOLING))?;
        let flushed = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            flush_body(&account, body)
        });
        let flushed = flushed.await.map_err(|_| failed(SPOOLING))?;
        self.body = flushed.map_err(|error| self.refused(error))?;
        self.account.spool_trouble.is_over(self.account.name(), SPOOLING);
        self.broken = false;
        Ok(())
    }

    fn refused(&self, error: io::Error) -> StoreError {
        let is_gone = error.kind() == io::ErrorKind::NotFound;
        match self.account.check_writable() {
            // The file went with the account, or when that was read anew.
            Err(why) if is_gone => why,
            _ => self.account.spool_trouble.of(self.account.name(), SPOOLING, error),
        }
    }
}

impl Drop for LocalSpool {
    /// Whoever gives a message up serves others, and does not wait until its file is gone.
    fn drop(&mut self) {
        if let (Some(file), Ok(runtime)) = (self.body.file.take(), Handle::try_current()) {
            drop(runtime.spawn_blocking(move || drop(file)));
        }
    }
}

fn flush_body(account: &Account, mut body: Body) -> io::Result<Body> {
    account.check_room(body.rest.len() as u64)?;
    let file = match &body.file {
        Some(temporary) => temporary.open()?,
        None => {
            let (vfs, path) = (account.vfs(), account.temporary_path());
            let file = vfs.create(&path)?;
            body.file = Some(TemporaryFile { vfs, path });
            file
        }
    };
    file.write_at(&body.rest, body.in_file)?;
    body.in_file += body.rest.len() as u64;
    body.rest.clear();
    Ok(body)
}

impl Spool for LocalSpool {
    fn write<'a>(&'a mut self, octets: &'a [u8]) -> Reply<'a, ()> {
        Box::pin(self.add(octets))
    }

    fn len(&self) -> u64 {
        self.body.len()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_a_size() {
        let body = Body { in_file: MAX_MESSAGE_OCTETS - 30, rest: vec![0; 20], ..Body::default() };
        assert!(
            body.has_place_for(10) && !body.has_place_for(11) && !body.has_place_for(usize::MAX)
        );
    }
}

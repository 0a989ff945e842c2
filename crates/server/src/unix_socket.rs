//! Sockets in the file system: made with their mode, never in the place of anything else, and removed by
//! nobody but their owner.

use crate::private_file::random_name;
use std::fs::Permissions;
use std::io::{self, Error, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// A socket that is bound. Its file goes with this value.
pub(crate) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    file: FileId,
}

/// What tells a file from others of the same name.
type FileId = (u64, u64);

impl UnixSocket {
    /// Bind a socket of this mode, replacing what a former server left: a socket that nobody listens on.
    pub(crate) async fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        remove_left_over(path).await?;
        // The mode is set under a name that nobody knows, so that nobody can connect before. It is short: the
        // paths of sockets end after some hundred octets.
        let new = path.with_file_name(format!(".{}", random_name()?));
        let listener = UnixListener::bind(&new)?;
        let file = show(&new, path, mode);
        // It has the other name as well, or is of no use.
        let _ = std::fs::remove_file(&new);
        Ok(Self { listener, path: path.to_owned(), file: file? })
    }

    pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Give a new socket its mode and its name, unless something has that name.
fn show(new: &Path, path: &Path, mode: u32) -> io::Result<FileId> {
    std::fs::set_permissions(new, Permissions::from_mode(mode))?;
    std::fs::hard_link(new, path)?;
    id(path)
}

fn id(path: &Path) -> io::Result<FileId> {
    let file = std::fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

async fn remove_left_over(path: &Path) -> io::Result<()> {
    let kind = match std::fs::symlink_metadata(path) {
        Ok(file) => file.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !kind.is_socket() {
        return Err(Error::new(ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        _ => Err(Error::new(ErrorKind::AddrInUse, "another program listens there")),
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        if id(&self.path).is_ok_and(|file| file == self.file) {
            // When it cannot be removed, the next server does it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn error(path: &Path) -> ErrorKind {
        UnixSocket::bind(path, 0o600).await.err().unwrap().kind()
    }

    #[tokio::test]
    async fn only_sockets_that_nobody_listens_on_are_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(error(&path).await, ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
        std::fs::remove_file(&path).unwrap();

        let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert_eq!(error(&path).await, ErrorKind::AddrInUse);
        drop(other);
        let socket = UnixSocket::bind(&path, 0o660).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        UnixStream::connect(&path).await.unwrap();
        drop(socket);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn paths_can_be_as_long_as_the_system_lets_them() {
        let dir = tempfile::tempdir().unwrap();
        let start = dir.path().join("rookery.sock");
        let fill = "x".repeat(107 - start.as_os_str().len() - 1);
        std::fs::create_dir(dir.path().join(&fill)).unwrap();
        let path = dir.path().join(fill).join("rookery.sock");
        let socket = UnixSocket::bind(&path, 0o600).await.unwrap();
        assert_eq!(path.as_os_str().len(), 107);
        drop(socket);
    }

    #[tokio::test]
    async fn what_took_its_place_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let socket = UnixSocket::bind(&path, 0o600).await.unwrap();
        std::fs::rename(&path, dir.path().join("away")).unwrap();
        std::fs::write(&path, "precious").unwrap();
        drop(socket);
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }
}

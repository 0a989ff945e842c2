//! Giving up root. A server that is started as root binds its ports and becomes another user, before it accepts
//! anything and before it has other threads: none is left behind as root.

use crate::config::{Address, Config};
use crate::failure::Failure;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::socket::{Backlog, listen};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{self, Gid, Uid, User};
use std::ffi::CString;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Sockets that were bound as root, for a server that is not root any more.
#[derive(Default)]
pub(crate) struct Inherited(Vec<(SocketAddr, TcpListener)>);

impl Inherited {
    /// The socket that was bound to this address, once.
    pub(crate) fn take(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let at = self.0.iter().position(|(bound, _)| *bound == address)?;
        Some(self.0.swap_remove(at).1)
    }

    fn bind(config: &Config) -> Result<Self, Failure> {
        let listen = &config.listen;
        let all = [&listen.imap, &listen.imaps, &listen.lmtp].into_iter().flatten();
        let tcp = all.filter_map(|address| match address {
            Address::Tcp(address) => Some(*address),
            Address::Unix(_) => None,
        });
        let bind = |address| Ok((address, bind_one(address)?));
        tcp.map(bind).collect::<Result<_, _>>().map(Self)
    }
}

fn bind_one(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).and_then(|socket| {
        socket.set_nonblocking(true)?;
        // The standard library lets few connections wait.
        listen(&socket, Backlog::MAXCONN)?;
        Ok(socket)
    });
    bound.map_err(|error| {
        let failure = Failure::io(format!("listening on {address}"), &error);
        failure.hint("stop the program that has this port, or choose another address")
    })
}

/// If this process is root, bind the configured ports and become the configured user for good. The only thread
/// of the process calls this.
pub(crate) fn give_up(config: &Config) -> Result<Inherited, Failure> {
    let Some(name) = &config.user else { return Ok(Inherited::default()) };
    let user = find(name)?;
    if unistd::geteuid() == user.uid {
        return Ok(Inherited::default());
    }
    if !unistd::geteuid().is_root() {
        let message = format!("only root can become the user {name}");
        return Err(Failure::new(message).hint("start the server as that user, without `user`"));
    }
    let inherited = Inherited::bind(config)?;
    hand_over(&config.data, &user)?;
    change(&user)?;
    Ok(inherited)
}

/// Let no program that this one might start have more rights, no dump of its memory show passwords and mail, no other process
/// of the same user look into it, and no file be made that others can read.
pub(crate) fn keep_to_oneself() -> Result<(), Failure> {
    let failed =
        |what: &'static str| move |error: nix::Error| Failure::io(what, &io::Error::from(error));
    prctl::set_no_new_privs().map_err(failed("giving up new privileges"))?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(failed("giving up core dumps"))?;
    prctl::set_dumpable(false).map_err(failed("giving up core dumps"))?;
    umask(Mode::from_bits_truncate(0o077));
    Ok(())
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    unistd::geteuid().is_root()
}

fn find(name: &str) -> Result<User, Failure> {
    let found = User::from_name(name).map_err(|error| {
        Failure::io(format!("looking for the user {name}"), &io::Error::from(error))
    })?;
    let user = found.ok_or_else(|| {
        Failure::new(format!("there is no user {name}"))
            .hint(format!("make it: useradd --system --shell /usr/sbin/nologin {name}"))
    })?;
    if user.uid.is_root() || user.gid == Gid::from_raw(0) {
        let message = format!("{name} is root, or has root's group");
        return Err(Failure::new(message).hint("name a user that owns nothing but the mail"));
    }
    Ok(user)
}

/// Make a data directory that is missing, as only root can where it lies. One that is there must be the user's.
fn hand_over(data: &Path, user: &User) -> Result<(), Failure> {
    let failed = |error: &io::Error| Failure::io(format!("making {}", data.display()), error);
    match std::fs::DirBuilder::new().mode(0o700).create(data) {
        Ok(()) => {
            let (uid, gid) = (Some(user.uid.as_raw()), Some(user.gid.as_raw()));
            std::os::unix::fs::lchown(data, uid, gid).map_err(|error| failed(&error))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_owner(data, user),
        Err(error) => Err(failed(&error)),
    }
}

fn check_owner(data: &Path, user: &User) -> Result<(), Failure> {
    let found = foreign(data, user.uid, LEVELS)
        .map_err(|error| Failure::io(format!("looking into {}", data.display()), &error))?;
    let Some(path) = found else { return Ok(()) };
    let message = format!("{} does not belong to the user {}", path.display(), user.name);
    Err(Failure::new(message).hint(format!("chown -R {}: {}", user.name, data.display())))
}

/// How deep in the data directory owners are looked at: `accounts`, and each account's directory.
const LEVELS: u32 = 2;

/// The first thing in a directory that is not this user's.
fn foreign(path: &Path, uid: Uid, levels: u32) -> io::Result<Option<PathBuf>> {
    let metadata = match std::fs::symlink_metadata(path) {
        // Another command is at work.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    if metadata.uid() != uid.as_raw() {
        return Ok(Some(path.to_owned()));
    }
    if levels == 0 || !metadata.is_dir() {
        return Ok(None);
    }
    for entry in std::fs::read_dir(path)? {
        if let Some(found) = foreign(&entry?.path(), uid, levels - 1)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Groups first: who is not root cannot change them.
fn change(user: &User) -> Result<(), Failure> {
    let failed =
        |error| Failure::io(format!("becoming the user {}", user.name), &io::Error::from(error));
    let name = CString::new(user.name.as_str()).map_err(|_| failed(nix::Error::EINVAL))?;
    unistd::initgroups(&name, user.gid).map_err(failed)?;
    unistd::setresgid(user.gid, user.gid, user.gid).map_err(failed)?;
    unistd::setresuid(user.uid, user.uid, user.uid).map_err(failed)?;
    // What cannot happen must not: a system that lets root come back has not heard what was said.
    match unistd::setuid(Uid::from_raw(0)) {
        Ok(()) => Err(Failure::new("root could not be given up")),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_becomes_root_or_somebody_who_is_not_there() {
        for (name, said) in [("root", "is root"), ("no-such-user-here", "there is no user")] {
            let config = Config { user: Some(name.to_owned()), ..Config::default() };
            let failure = give_up(&config).err().unwrap().to_string();
            assert!(failure.contains(said), "{failure}");
        }
    }

    #[test]
    fn what_belongs_to_others_is_found() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("accounts/ada/seg")).unwrap();
        let own = unistd::geteuid();
        assert_eq!(foreign(dir.path(), own, LEVELS).unwrap(), None);
        let other = Uid::from_raw(own.as_raw() + 1);
        assert_eq!(foreign(dir.path(), other, LEVELS).unwrap(), Some(dir.path().to_owned()));
    }
}

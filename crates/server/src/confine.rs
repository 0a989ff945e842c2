//! Confining a server to what it needs of the file system, with Landlock (Linux 5.19 and later): a fault in it is then no
//! way to other files, nor to other programs. The rules hold for the thread that makes them and for those it starts, so the
//! only thread of the process makes them. Nothing lifts them again.

use crate::config::{Address, Config};
use crate::failure::Failure;
use crate::services::make_data;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, make_bitflags,
};
use std::path::{Path, PathBuf};

/// The newest rights that are denied where they are not granted; a kernel that does not know some of them is told of.
const RIGHTS: ABI = ABI::V5;

/// What the server did about confinement, to be logged once there is a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Confinement {
    /// Nobody asked for it.
    #[default]
    Off,
    /// The system has none that the server can live with.
    Missing,
    /// It is in force.
    On {
        /// Whether the kernel knows all rights that should be denied.
        whole: bool,
        /// What can be read.
        read: Vec<PathBuf>,
        /// What can be written.
        write: Vec<PathBuf>,
    },
}

/// Confine this process, if that is configured. `file` is the configuration, which a SIGHUP reads again.
pub(crate) fn confine(config: &Config, file: Option<&Path>) -> Result<Confinement, Failure> {
    if !config.confine {
        return Ok(Confinement::Off);
    }
    if !is_there() {
        return Ok(Confinement::Missing);
    }
    make_data(&config.data)?;
    let read = readable(config, file);
    let sockets = socket_dirs(config);
    let whole = restrict(&config.data, &sockets, &read).map_err(|error| {
        Failure::new(format!("confining the server: {error}")).hint("set `confine = false`")
    })?;
    let write = [config.data.clone()].into_iter().chain(sockets).collect();
    Ok(Confinement::On { whole, read, write })
}

/// Whether the kernel can confine the server and leave it to its work: without the right to `Refer` nothing can be moved from
/// one directory to another.
fn is_there() -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    ruleset.handle_access(AccessFs::Refer).and_then(Ruleset::create).is_ok()
}

/// The directories that configuration and certificate lie in, since files are replaced by renaming others; and those that
/// links lead to.
fn readable(config: &Config, file: Option<&Path>) -> Vec<PathBuf> {
    let tls = [&config.tls.cert, &config.tls.key].into_iter().flatten().map(PathBuf::as_path);
    let mut dirs = Vec::new();
    for path in file.into_iter().chain(tls) {
        dirs.push(parent(path));
        dirs.extend(path.canonicalize().ok().map(|path| parent(&path)));
    }
    dirs.sort();
    dirs.dedup();
    dirs
}

/// Where sockets for LMTP are made.
fn socket_dirs(config: &Config) -> Vec<PathBuf> {
    let path = |address: &Address| match address {
        Address::Unix(path) => Some(parent(path)),
        Address::Tcp(_) => None,
    };
    config.listen.lmtp.iter().filter_map(path).collect()
}

fn parent(path: &Path) -> PathBuf {
    let named = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    named.unwrap_or(Path::new(".")).to_owned()
}

/// What is done in a data directory. Nothing in it is run, and it has no devices and no links.
fn in_data() -> BitFlags<AccessFs> {
    make_bitflags!(AccessFs::{
        ReadFile | ReadDir | WriteFile | Truncate | RemoveFile | RemoveDir | MakeDir | MakeReg | MakeSock | Refer
    })
}

/// Let this process do nothing else; says whether the kernel knows all that is denied. Connections to other machines are denied as
/// well: the server makes none.
fn restrict(data: &Path, sockets: &[PathBuf], read: &[PathBuf]) -> Result<bool, RulesetError> {
    let sees = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let binds = make_bitflags!(AccessFs::{MakeSock | RemoveFile});
    let rules = [(data.to_owned(), in_data())].into_iter();
    let rules = rules.chain(sockets.iter().map(|dir| (dir.clone(), binds)));
    let rules = rules.chain(read.iter().map(|dir| (dir.clone(), sees)));
    let mut rules: Vec<_> = rules.collect();
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::ConnectTcp)?
        .create()?;
    for (path, rights) in rules.drain(..) {
        // What is not there can be neither read nor listened in, which is told where it is tried.
        if let Ok(opened) = PathFd::new(&path) {
            ruleset = ruleset.add_rule(PathBeneath::new(opened, rights))?;
        }
    }
    Ok(ruleset.restrict_self()?.ruleset == RulesetStatus::FullyEnforced)
}

impl Confinement {
    /// Say what is in force.
    pub(crate) fn log(&self) {
        match self {
            Self::Off => {}
            Self::Missing => tracing::warn!(
                "not confined, though `confine` is set: this kernel has no Landlock, or one that is too old (before Linux 5.19)"
            ),
            Self::On { whole, read, write } => {
                tracing::info!(
                    ?read,
                    ?write,
                    "confined with Landlock: no other files, no programs, no connections to elsewhere"
                );
                if !whole {
                    tracing::warn!(
                        "this kernel's Landlock does not know all that should be denied: a newer kernel confines more"
                    );
                }
            }
        }
    }
}

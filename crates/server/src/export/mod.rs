//! Writing mail for other programs.

mod maildir;

pub(crate) use maildir::{Folder, Maildir};

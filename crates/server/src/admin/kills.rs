//! A server that is killed before a call with which the store changes names on the disk, while it adds or removes an account: the
//! next one finds all of it or nothing.

use super::*;
use crate::accounts::Name;
use crate::config::Limits;
use crate::services::Services;
use rookery_store_local::vfs::{RealFiles, Space, Vfs, VfsFile};
use rookery_store_local::{LocalStore, Options};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// The files of a data directory, which are copied before each call of the store that changes names in it.
struct Copied {
    data: PathBuf,
    copies: Arc<Mutex<Vec<TempDir>>>,
}

impl Copied {
    fn copy(&self) {
        let copy = tempfile::tempdir().unwrap();
        copy_all(&self.data, copy.path());
        self.copies.lock().unwrap().push(copy);
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            fs::create_dir(&to).unwrap();
            copy_all(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

impl Vfs for Copied {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        RealFiles.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        self.copy();
        RealFiles.create(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.copy();
        RealFiles.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        RealFiles.list(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.copy();
        RealFiles.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.copy();
        RealFiles.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.copy();
        RealFiles.remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.copy();
        RealFiles.sync_dir(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        RealFiles.space(path)
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        RealFiles.is_private(path)
    }

    fn make_private(&self, path: &Path) -> io::Result<()> {
        RealFiles.make_private(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        RealFiles.lock(path)
    }

    fn rest(&self, time: Duration) {
        RealFiles.rest(time);
    }
}

fn services(data: &Path, copies: &Arc<Mutex<Vec<TempDir>>>) -> Services {
    let vfs = Copied { data: data.to_owned(), copies: Arc::clone(copies) };
    let store = LocalStore::with_vfs(Arc::new(vfs), data, Options::default()).unwrap();
    Services::of(store, &Limits::default()).unwrap()
}

fn add(password: &str) -> Request {
    let password = Password::Stored(format!("{{PLAIN}}{password}"));
    Request::AccountAdd { name: "ada".to_owned(), password }
}

fn delete() -> Request {
    Request::AccountDelete { name: "ada".to_owned() }
}

/// The password of the account, if there is one.
async fn password_of(services: &Services) -> Option<String> {
    let account = services.store.account("ada").await.ok()?;
    assert!(account.mailboxes().await.unwrap().mailboxes.len() > 1);
    let file = services.accounts.read(&Name::new("ada").unwrap()).unwrap().unwrap();
    Some(file.passwords.concat())
}

/// The next server finds the account with this password, or none; either way it can be added, once it is removed. Returns whether there
/// was one.
async fn is_whole(data: &Path, password: &str) -> bool {
    let services = Services::open(data, &Limits::default()).ok().unwrap();
    let mut client = Client::within(services.clone());
    let found = password_of(&services).await;
    assert_eq!(client.accounts().await.unwrap().len(), usize::from(found.is_some()));
    if let Some(found) = &found {
        assert_eq!(*found, format!("{{PLAIN}}{password}"));
        client.ask(&delete()).await.unwrap();
        assert_eq!(password_of(&services).await, None);
    }
    client.ask(&add("rose")).await.unwrap();
    assert_eq!(password_of(&services).await.as_deref(), Some("{PLAIN}rose"));
    found.is_some()
}

#[tokio::test]
async fn a_command_about_an_account_that_is_killed_leaves_all_of_it_or_nothing() {
    let (data, copies) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let services = services(data.path(), &copies);
    copies.lock().unwrap().clear();
    let mut client = Client::within(services);
    for password in ["tulip", "daisy"] {
        for (request, is_added) in [(add(password), true), (delete(), false)] {
            client.ask(&request).await.unwrap();
            let copies = std::mem::take(&mut *copies.lock().unwrap());
            assert!(copies.len() > 3, "{}", copies.len());
            let mut found = Vec::new();
            for copy in &copies {
                found.push(is_whole(copy.path(), password).await);
            }
            // From some call on there is one, or there is none any more.
            assert!(found.contains(&is_added) && found.contains(&!is_added), "{found:?}");
            assert!(found.is_sorted_by_key(|is_there| *is_there == is_added), "{found:?}");
        }
    }
}

//! The request that checks an account: what the store says of it, and its `account.toml`.

use super::account::parse;
use super::{CheckedAccount, CheckedMessages, Finding, Response};
use crate::accounts::{Accounts, Name};
use crate::failure::Failure;
use crate::services::Services;
use rookery_mailbox::Refused;
use rookery_store_local::{Report, Severity};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

const FILE: &str = "account.toml";

pub(super) async fn check(
    services: &Services,
    name: &str,
    repair: bool,
) -> Result<Response, Failure> {
    let name = parse(name)?;
    let Some(store) = &services.local else {
        return Err(Failure::new("this store has no files to check"));
    };
    let report = match repair {
        false => store.check(name.as_str()).await,
        true => store.repair(name.as_str()).await,
    };
    let report = report.map_err(|error| Failure::of_account(name.as_str(), error))?;
    let mut checked = checked(&name, report);
    let _locked = services.accounts.lock(&name).await;
    if !services.accounts.directory(&name).exists() {
        // It was deleted meanwhile: what the check missed was going.
        return Err(Failure::of_account(name.as_str(), Refused::NoSuchAccount.into()));
    }
    let accounts = Arc::clone(&services.accounts);
    let found = tokio::task::spawn_blocking(move || check_file(&accounts, &name, repair)).await;
    checked.findings.extend(found.map_err(|_| Failure::new("the server is going down"))?);
    Ok(Response::Checked(checked))
}

fn checked(name: &Name, report: Report) -> CheckedAccount {
    let finding = |found: rookery_store_local::Finding| Finding {
        is_wrong: found.severity == Severity::Wrong,
        place: found.place,
        what: found.what,
        concerns: found
            .concerns
            .into_iter()
            .map(|it| CheckedMessages { mailbox: it.mailbox, uids: it.uids })
            .collect(),
        consequence: found.consequence,
        mended: found.mended,
    };
    CheckedAccount {
        name: name.as_str().to_owned(),
        messages: report.messages,
        changes: report.changes,
        segments: report.segments,
        octets: report.octets,
        findings: report.findings.into_iter().map(finding).collect(),
        left_out: report.left_out,
        lost_changes: report.lost_changes,
    }
}

/// Look at what is not the store's in an account's directory. The caller has the account's lock.
fn check_file(accounts: &Accounts, name: &Name, repair: bool) -> Vec<Finding> {
    let dir = accounts.directory(name);
    let mut found = Vec::new();
    match accounts.read(name) {
        Ok(None) => found.push(wrong(
            "there is none".to_owned(),
            format!("nobody can log in; `rookery account add {name}` makes it"),
        )),
        Ok(Some(_)) => {}
        Err(error) => found.push(wrong(
            format!("it cannot be read: {error}"),
            "nobody can log in; correct it, or restore it from a backup".to_owned(),
        )),
    }
    found.extend(check_mode(&dir.join(FILE), repair));
    found.extend(leftovers(&dir, repair));
    found
}

fn wrong(what: String, consequence: String) -> Finding {
    let (place, concerns) = (FILE.to_owned(), Vec::new());
    Finding { is_wrong: true, place, what, concerns, consequence, mended: None }
}

fn check_mode(path: &Path, repair: bool) -> Option<Finding> {
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    if mode == 0o600 {
        return None;
    }
    let consequence = "others may read password hashes: its mode should be 0600".to_owned();
    let mut finding = wrong(format!("its mode is {mode:04o}"), consequence);
    if repair {
        let changed = std::fs::set_permissions(path, Permissions::from_mode(0o600));
        note_mended(&mut finding, changed, "its mode is 0600 now");
    }
    Some(finding)
}

/// What a crash left of writing the file.
fn leftovers(dir: &Path, repair: bool) -> Vec<Finding> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_ours = |name: &String| name.starts_with("account.") && name.ends_with(".new");
    let found = names.filter(|name| is_ours(name) && name != "account.idx.new").map(|name| {
        let consequence = "the server does not read it".to_owned();
        let finding = wrong("a file that a crash left".to_owned(), consequence);
        let path = dir.join(&name);
        let mut finding = Finding { is_wrong: false, place: name, ..finding };
        if repair {
            note_mended(&mut finding, std::fs::remove_file(path), "removed");
        }
        finding
    });
    found.collect()
}

fn note_mended(finding: &mut Finding, done: io::Result<()>, how: &str) {
    match done {
        Ok(()) => finding.mended = Some(how.to_owned()),
        Err(error) => finding.consequence = format!("it cannot be mended: {error}"),
    }
}

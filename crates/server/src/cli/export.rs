//! `rookery export`.

use super::output::{counted, row};
use super::{Place, print, table};
use crate::admin::{Client, MailboxDetails};
use crate::export::Maildir;
use crate::failure::Failure;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Options {
    /// The account
    name: String,
    /// The Maildir to make, with a subfolder for each mailbox
    #[arg(long, value_name = "DIR")]
    maildir: PathBuf,
}

pub(super) async fn run(place: &Place, options: Options) -> Result<(), Failure> {
    let Options { name: account, maildir: dir } = options;
    let mut client = place.connect().await?;
    let mailboxes = client.mailboxes(&account).await?;
    let failed = |error| Failure::io(format!("writing {}", dir.display()), &error);
    let maildir = Maildir::create(&dir).map_err(failed)?;
    let mut lines = vec![];
    let mut lost = 0;
    for mailbox in &mailboxes {
        let exported = export(&mut client, &account, mailbox, (&maildir, &dir)).await?;
        lines.push(row([&format!("  {}", mailbox.name), &exported.count.to_string()]));
        // The name is too long for a folder's.
        lines.extend(exported.renamed.map(|folder| row([&format!("    in {folder}"), ""])));
        lost += exported.lost;
    }
    let subscribed = mailboxes.iter().filter(|mailbox| mailbox.subscribed);
    let subscribed: Vec<_> = subscribed.map(|mailbox| mailbox.name.clone()).collect();
    maildir.subscriptions(&subscribed).map_err(failed)?;
    client.close().await?;
    print(&format!("{} exported\n{}", counted(mailboxes.len() as u64, "mailbox"), table(&lines)))?;
    if lost > 0 {
        return Err(Failure::new(format!("{} left out", counted(lost, "keyword")))
            .hint("a Maildir folder has letters for 26 different keywords"));
    }
    Ok(())
}

struct Exported {
    /// Messages.
    count: u64,
    /// The folder, if it is not called as the mailbox.
    renamed: Option<String>,
    /// Keywords that had to be left out.
    lost: u64,
}

/// Write a mailbox's messages.
async fn export(
    client: &mut Client,
    account: &str,
    mailbox: &MailboxDetails,
    (maildir, dir): (&Maildir, &Path),
) -> Result<Exported, Failure> {
    let failed = |error| Failure::io(format!("writing {}", dir.display()), &error);
    let MailboxDetails { name, uid_validity, uid_next, .. } = mailbox;
    let mut folder = maildir.folder(name, *uid_validity, *uid_next).map_err(failed)?;
    let mut count = 0;
    for message in client.messages(account, name).await? {
        // What was expunged in the meantime is not missed.
        if let Some(octets) = client.content(account, name, message.uid).await? {
            folder.add(&message, &octets).map_err(failed)?;
            count += 1;
        }
    }
    let renamed = folder.renamed.take();
    Ok(Exported { count, renamed, lost: folder.finish().map_err(failed)? })
}

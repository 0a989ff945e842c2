//! `rookery export`.

use super::output::{counted, row};
use super::{Place, print, table};
use crate::admin::{Client, MailboxDetails, Request, Response};
use crate::export::{Folder, Maildir};
use crate::failure::Failure;
use clap::Args;
use rookery_mail::{Uid, UidSet};
use std::path::PathBuf;

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
    let export = Export::begin(account, dir)?;
    let mut lines = vec![];
    let (mut lost, mut left_out) = (0, Vec::new());
    for mailbox in &mailboxes {
        let exported = export.mailbox(&mut client, mailbox).await?;
        lines.push(row([&format!("  {}", mailbox.name), &exported.count.to_string()]));
        // The name is too long for a folder's.
        lines.extend(exported.renamed.map(|folder| row([&format!("    in {folder}"), ""])));
        lost += exported.lost;
        left_out.extend(exported.left_out);
    }
    let subscribed = mailboxes.iter().filter(|mailbox| mailbox.subscribed);
    export.finish(&subscribed.map(|mailbox| mailbox.name.clone()).collect::<Vec<_>>())?;
    client.close().await?;
    print(&format!("{} exported\n{}", counted(mailboxes.len() as u64, "mailbox"), table(&lines)))?;
    complete(left_out, lost)
}

/// Fail if anything had to be left out.
fn complete(mut left_out: Vec<String>, lost: u64) -> Result<(), Failure> {
    let hint = match (lost, left_out.is_empty()) {
        (0, true) => return Ok(()),
        (0, false) => "all else was exported",
        (_, _) => "a Maildir folder has letters for 26 different keywords",
    };
    if lost > 0 {
        left_out.push(format!("{} left out", counted(lost, "keyword")));
    }
    Err(Failure::new(left_out.join("\n")).hint(hint))
}

/// An account that is being exported.
struct Export {
    account: String,
    maildir: Maildir,
    dir: PathBuf,
}

#[derive(Default)]
struct Exported {
    /// Messages.
    count: u64,
    /// The folder, if it is not called as the mailbox.
    renamed: Option<String>,
    /// Keywords that had to be left out.
    lost: u64,
    /// What had to be left out otherwise, and why.
    left_out: Vec<String>,
}

impl Export {
    fn begin(account: String, dir: PathBuf) -> Result<Self, Failure> {
        let maildir = Maildir::create(&dir);
        let maildir =
            maildir.map_err(|error| Failure::io(format!("writing {}", dir.display()), &error))?;
        Ok(Self { account, maildir, dir })
    }

    fn written<T>(&self, result: std::io::Result<T>) -> Result<T, Failure> {
        result.map_err(|error| Failure::io(format!("writing {}", self.dir.display()), &error))
    }

    /// Write a mailbox's messages. What cannot be read is left out: one message, or what is left of a mailbox that was renamed or
    /// deleted in the meantime.
    async fn mailbox(
        &self,
        client: &mut Client,
        mailbox: &MailboxDetails,
    ) -> Result<Exported, Failure> {
        let name = &mailbox.name;
        let mut folder = self.written(self.maildir.folder(name, mailbox.uid_validity))?;
        let mut exported = Exported::default();
        self.messages(client, name, &mut folder, &mut exported).await?;
        exported.renamed = folder.renamed.take();
        let uid_next = self.uid_next(client, mailbox).await?;
        if uid_next.is_none() && exported.left_out.is_empty() {
            exported.left_out.push(format!("{name}: it was renamed or deleted in the meantime"));
        }
        exported.lost = self.written(folder.finish(uid_next.unwrap_or(mailbox.uid_next)))?;
        Ok(exported)
    }

    async fn messages(
        &self,
        client: &mut Client,
        name: &str,
        folder: &mut Folder,
        exported: &mut Exported,
    ) -> Result<(), Failure> {
        let messages = match Failure::of_one(client.messages(&self.account, name).await)? {
            Ok(messages) => messages,
            Err(failure) => {
                exported.left_out.push(format!("{name}: {}", failure.message()));
                return Ok(());
            }
        };
        let (mut unread, mut why) = (UidSet::new(), None);
        for message in messages {
            let content = client.content(&self.account, name, message.uid).await;
            match Failure::of_one(content)? {
                Ok(Some(octets)) => {
                    self.written(folder.add(&message, &octets))?;
                    exported.count += 1;
                }
                // What was expunged in the meantime is not missed.
                Ok(None) => {}
                Err(failure) => {
                    Uid::new(message.uid).into_iter().for_each(|uid| unread.insert(uid));
                    why.get_or_insert(failure);
                }
            }
        }
        exported
            .left_out
            .extend(why.map(|why| format!("{name}: UID {unread} left out: {}", why.message())));
        Ok(())
    }

    /// The next UID of a mailbox, now that its messages are written: some may have come since it was listed. `None` if it is not
    /// there any more.
    async fn uid_next(
        &self,
        client: &mut Client,
        mailbox: &MailboxDetails,
    ) -> Result<Option<u32>, Failure> {
        let (account, name) = (self.account.clone(), mailbox.name.clone());
        let status = client.ask(&Request::MailboxStatus { account, mailbox: name }).await;
        Ok(match Failure::of_one(status)? {
            Ok(Response::Mailbox(now)) if now.uid_validity == mailbox.uid_validity => {
                Some(now.uid_next)
            }
            Ok(_) | Err(_) => None,
        })
    }

    fn finish(self, subscribed: &[String]) -> Result<(), Failure> {
        self.written(self.maildir.subscriptions(subscribed))?;
        self.written(self.maildir.sync())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Password;
    use crate::config::Limits;
    use crate::services::Services;
    use std::path::Path;

    /// An account with a message in `Box`, and what is known of it.
    async fn ada(dir: &Path) -> (Client, MailboxDetails) {
        let services = Services::open(&dir.join("data"), &Limits::default()).ok().unwrap();
        let mut client = Client::within(services);
        let (name, password) = ("ada".to_owned(), Password::Stored("{PLAIN}x".to_owned()));
        client.ask(&Request::AccountAdd { name, password }).await.unwrap();
        append(&mut client).await;
        let mailboxes = client.mailboxes("ada").await.unwrap();
        let details = mailboxes.into_iter().find(|mailbox| mailbox.name == "Box").unwrap();
        (client, details)
    }

    async fn append(client: &mut Client) {
        let details = crate::admin::MessageDetails { flags: vec![], received: 5, zone: 60 };
        let (account, mailbox) = ("ada".to_owned(), "Box".to_owned());
        let append = Request::Append { account, mailbox, messages: vec![details] };
        client.begin(&append).await.unwrap();
        client.send(b"A: b\r\n\r\n").await.unwrap();
        client.end_message().await.unwrap();
        client.answer().await.unwrap();
    }

    #[tokio::test]
    async fn the_next_uid_is_above_those_of_messages_that_came_since() {
        let dir = tempfile::tempdir().unwrap();
        let (mut client, known) = ada(dir.path()).await;
        append(&mut client).await;
        let export = Export::begin("ada".to_owned(), dir.path().join("out")).unwrap();
        let exported = export.mailbox(&mut client, &known).await.unwrap();
        assert!(exported.count == 2 && exported.left_out.is_empty());
        let uidlist = std::fs::read_to_string(dir.path().join("out/.Box/dovecot-uidlist")).unwrap();
        let first = format!("3 V{} N3\n1 :", known.uid_validity);
        assert!(uidlist.starts_with(&first) && uidlist.contains("\n2 :"), "{uidlist}");
    }

    #[tokio::test]
    async fn a_mailbox_that_is_not_there_any_more_is_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let (mut client, known) = ada(dir.path()).await;
        let export = Export::begin("ada".to_owned(), dir.path().join("out")).unwrap();
        let delete =
            Request::MailboxDelete { account: "ada".to_owned(), mailbox: "Box".to_owned() };
        client.ask(&delete).await.unwrap();
        let exported = export.mailbox(&mut client, &known).await.unwrap();
        assert_eq!(exported.left_out, ["Box: no such mailbox Box"]);
        // Another one of its name has messages of its own.
        append(&mut client).await;
        let export = Export::begin("ada".to_owned(), dir.path().join("again")).unwrap();
        let exported = export.mailbox(&mut client, &known).await.unwrap();
        assert_eq!(exported.left_out, ["Box: it was renamed or deleted in the meantime"]);
        let failure = complete(exported.left_out, 2).unwrap_err().to_string();
        assert!(failure.contains("meantime\n2 keywords left out\n  "), "{failure}");
    }
}

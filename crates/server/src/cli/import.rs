//! `rookery import`.

use super::output::{counted, row};
use super::{Place, print, table};
use crate::admin::{Client, Request, Response};
use crate::failure::Failure;
use crate::import::{self, Found, Source};
use crate::limits::{IMPORT_BATCH_SIZE, MAX_ADMIN_MESSAGES};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Options {
    /// The account
    name: String,
    #[command(flatten)]
    source: SourceOptions,
    /// The mailbox to import into, made if it is missing [default: the inbox, and a Maildir's own folders]
    #[arg(long)]
    mailbox: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct SourceOptions {
    /// A Maildir with its subfolders
    #[arg(long, value_name = "DIR")]
    maildir: Option<PathBuf>,
    /// An mbox file
    #[arg(long, value_name = "FILE")]
    mbox: Option<PathBuf>,
    /// A folder of files with one message each, and those below it
    #[arg(long, value_name = "DIR")]
    eml: Option<PathBuf>,
}

/// Messages for one mailbox that go into the store together.
#[derive(Default)]
struct Batch {
    messages: Vec<Found>,
    size: usize,
}

/// What became of the messages.
#[derive(Default)]
struct Tally {
    /// How many were imported into each mailbox.
    imported: BTreeMap<String, u64>,
    failures: Vec<String>,
}

pub(super) async fn run(place: &Place, options: Options) -> Result<(), Failure> {
    let mut client = place.connect().await?;
    client.ask(&Request::AccountShow { name: options.name.clone() }).await?;
    let Response::MessageSize(most) = client.ask(&Request::MessageSize).await? else {
        return Err(Failure::unexpected_answer());
    };
    let source = open(&options, most)?;
    let bar = progress_bar(source.total);
    let tally = import(&mut client, &options.name, source, &bar).await;
    bar.finish_and_clear();
    let tally = tally?;
    client.close().await?;
    print(&tally.summary())?;
    if tally.failures.is_empty() {
        return Ok(());
    }
    let (count, failures) = (tally.failures.len(), tally.failures.join("\n"));
    Err(Failure::new(format!("{count} could not be imported:\n{failures}")))
}

fn open(options: &Options, most: u64) -> Result<Source, Failure> {
    let mailbox = options.mailbox.as_deref();
    let (path, source) = match &options.source {
        SourceOptions { maildir: Some(dir), .. } => (dir, import::maildir(dir, mailbox, most)),
        SourceOptions { mbox: Some(file), .. } => (file, import::mbox(file, mailbox, most)),
        SourceOptions { eml: Some(dir), .. } => (dir, import::eml(dir, mailbox, most)),
        _ => return Err(Failure::new("nothing to import was named")),
    };
    source.map_err(|error| match error.kind() {
        // It says itself what is wrong with which path.
        io::ErrorKind::InvalidInput => Failure::new(error.to_string()),
        _ => Failure::io(format!("reading {}", path.display()), &error),
    })
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    match ProgressStyle::with_template("{wide_bar} {percent}% {msg}, {eta} to go") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

async fn import(
    client: &mut Client,
    account: &str,
    source: Source,
    bar: &ProgressBar,
) -> Result<Tally, Failure> {
    let (mut batch, mut tally) = (Batch::default(), Tally::default());
    for found in source.messages {
        match found {
            Ok((found, weight)) => {
                if !batch.takes(&found) {
                    tally.add(client, account, std::mem::take(&mut batch)).await?;
                    bar.set_message(counted(tally.total(), "message"));
                }
                batch.size += found.octets.len();
                batch.messages.push(found);
                bar.inc(weight);
            }
            Err(error) => tally.failures.push(error.to_string()),
        }
    }
    tally.add(client, account, batch).await?;
    for mailbox in source.mailboxes {
        tally.make(client, account, mailbox).await?;
    }
    Ok(tally)
}

impl Batch {
    fn takes(&self, found: &Found) -> bool {
        let same = self.messages.last().is_none_or(|last| last.mailbox == found.mailbox);
        let fits = self.size + found.octets.len() <= IMPORT_BATCH_SIZE;
        self.messages.is_empty() || (same && fits && self.messages.len() < MAX_ADMIN_MESSAGES)
    }
}

impl Tally {
    /// Append a batch. When it is refused, its messages are tried one by one, so that a bad one does not
    /// keep the others out.
    async fn add(
        &mut self,
        client: &mut Client,
        account: &str,
        batch: Batch,
    ) -> Result<(), Failure> {
        let all: Vec<_> = batch.messages.iter().collect();
        let Some(mailbox) = all.first().map(|first| first.mailbox.as_str()) else { return Ok(()) };
        let Err(failure) = append(client, account, mailbox, &all).await? else {
            self.count(&all);
            return Ok(());
        };
        if let [only] = all.as_slice() {
            self.failures.push(format!("{}: {failure}", only.origin));
            return Ok(());
        }
        for found in all {
            match append(client, account, mailbox, &[found]).await? {
                Ok(()) => self.count(&[found]),
                Err(failure) => self.failures.push(format!("{}: {failure}", found.origin)),
            }
        }
        Ok(())
    }

    /// Make a mailbox, unless its messages have done so.
    async fn make(
        &mut self,
        client: &mut Client,
        account: &str,
        mailbox: String,
    ) -> Result<(), Failure> {
        if self.imported.contains_key(&mailbox) {
            return Ok(());
        }
        if let Err(failure) = append(client, account, &mailbox, &[]).await? {
            self.failures.push(format!("the mailbox {mailbox}: {failure}"));
        }
        Ok(())
    }

    fn count(&mut self, imported: &[&Found]) {
        for found in imported {
            match self.imported.get_mut(&found.mailbox) {
                Some(count) => *count += 1,
                None => drop(self.imported.insert(found.mailbox.clone(), 1)),
            }
        }
    }

    fn total(&self) -> u64 {
        self.imported.values().sum()
    }

    /// How many messages were imported, and how many of them into which mailbox.
    fn summary(&self) -> String {
        let total = format!("{} imported", counted(self.total(), "message"));
        let line =
            |(mailbox, count): (&String, &u64)| row([&format!("  {mailbox}"), &count.to_string()]);
        let lines: Vec<_> = self.imported.iter().map(line).collect();
        if lines.is_empty() { total } else { format!("{total}\n{}", table(&lines)) }
    }
}

/// Append messages to a mailbox, which is made if it is missing, also for none. The outer error is that of the connection.
async fn append(
    client: &mut Client,
    account: &str,
    mailbox: &str,
    messages: &[&Found],
) -> Result<Result<(), Failure>, Failure> {
    let details = messages.iter().map(|found| found.details.clone()).collect();
    let (account, mailbox) = (account.to_owned(), mailbox.to_owned());
    client.begin(&Request::Append { account, mailbox, messages: details }).await?;
    for found in messages {
        client.send(&found.octets).await?;
        client.end_message().await?;
    }
    Ok(client.answer().await.map(|_| ()))
}

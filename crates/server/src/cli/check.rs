//! `rookery check`.

use super::output::{counted, json};
use super::{Place, print};
use crate::admin::{CheckedAccount, Client, Finding, Request, Response};
use crate::failure::Failure;
use clap::Args;

#[derive(Args)]
pub(super) struct Options {
    /// The account [default: all]
    name: Option<String>,
    /// Mend it: turn flipped bits back, put together what can be read of a damaged log, and see to indexes,
    /// permissions and files that crashes left
    #[arg(long)]
    repair: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(place: &Place, options: Options) -> Result<(), Failure> {
    let mut client = place.connect().await?;
    let is_of_one = options.name.is_some();
    let names = match options.name {
        Some(name) => vec![name],
        None => client.accounts().await?.into_iter().map(|account| account.name).collect(),
    };
    let (mut checked, mut unchecked) = (Vec::new(), 0);
    for name in names {
        match check(&mut client, name.clone(), options.repair).await {
            Ok(account) => {
                if !options.json {
                    print(&text(&account))?;
                }
                checked.push(account);
            }
            Err(failure) if is_of_one => return Err(failure),
            Err(failure) => {
                unchecked += 1;
                super::output::warn(&format!("{name}: {failure}"));
            }
        }
    }
    client.close().await?;
    if options.json {
        json(&checked)?;
    }
    let wrong = checked.iter().filter(|account| !account.is_good()).count() + unchecked;
    match (wrong, options.repair) {
        (0, _) => Ok(()),
        (_, true) => Err(of_wrong(wrong).hint("what could not be mended says what to do about it")),
        (_, false) => Err(of_wrong(wrong)
            .hint("`rookery check --repair` mends what can be mended, and throws nothing away")),
    }
}

fn of_wrong(accounts: usize) -> Failure {
    Failure::new(format!("something is wrong with {}", counted(accounts as u64, "account")))
}

async fn check(client: &mut Client, name: String, repair: bool) -> Result<CheckedAccount, Failure> {
    match client.ask(&Request::Check { name, repair }).await? {
        Response::Checked(account) => Ok(account),
        _ => Err(Failure::unexpected_answer()),
    }
}

/// What is said of an account.
fn text(account: &CheckedAccount) -> String {
    let wrong = account.findings.iter().filter(|finding| finding.is_wrong).count() as u64;
    let verdict = match wrong + account.left_out {
        0 => "nothing is wrong".to_owned(),
        count => counted(count, "fault"),
    };
    let mut text = format!(
        "{}: {verdict} ({}, {}, {})",
        account.name,
        counted(account.messages, "message"),
        counted(account.changes, "change"),
        counted(account.segments, "segment"),
    );
    account.findings.iter().for_each(|finding| tell(finding, &mut text));
    if account.left_out > 0 {
        text.push_str(&format!("\n  and {} more", account.left_out));
    }
    text
}

fn tell(finding: &Finding, text: &mut String) {
    let Finding { is_wrong, place, what, concerns, consequence, mended } = finding;
    let note = if *is_wrong { "" } else { " (a note)" };
    text.push_str(&format!("\n  {place}: {what}{note}"));
    for messages in concerns {
        text.push_str(&format!("\n    concerns {:?}, UID {}", messages.mailbox, messages.uids));
    }
    match mended {
        Some(how) => text.push_str(&format!("\n    mended: {how}")),
        None => text.push_str(&format!("\n    what follows: {consequence}")),
    }
}

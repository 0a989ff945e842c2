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
    /// permissions and files that crashes left; the exit code is 1 if something stays wrong, or was lost
    #[arg(long)]
    repair: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(place: &Place, options: Options) -> Result<(), Failure> {
    let mut client = place.connect().await?;
    let (checked, unchecked) = match &options.name {
        Some(name) => (vec![check(&mut client, name, &options).await?], 0),
        None => {
            let accounts = client.accounts().await?.into_iter();
            let names: Vec<_> = accounts.map(|account| account.name).collect();
            check_all(&mut client, &names, &options).await?
        }
    };
    client.close().await?;
    if options.json {
        json(&checked)?;
    }
    let wrong = checked.iter().filter(|account| !account.is_good()).count();
    let lost = checked.iter().filter(|account| account.lost_changes).count();
    match (lost, verdict(wrong, unchecked, options.repair)) {
        (0, verdict) => verdict,
        (_, verdict) => {
            if let Err(failure) = verdict {
                super::output::warn(&failure.to_string());
            }
            Err(of_lost(lost))
        }
    }
}

/// Those that could be checked, and how many could not. One that was deleted meanwhile is neither.
async fn check_all(
    client: &mut Client,
    names: &[String],
    options: &Options,
) -> Result<(Vec<CheckedAccount>, usize), Failure> {
    let (mut checked, mut unchecked) = (Vec::new(), 0);
    for name in names {
        match check(client, name, options).await {
            Ok(account) => checked.push(account),
            Err(_) if !is_there(client, name).await? => {}
            Err(failure) => {
                unchecked += 1;
                super::output::warn(&format!("{name}: {failure}"));
            }
        }
    }
    Ok((checked, unchecked))
}

async fn is_there(client: &mut Client, name: &str) -> Result<bool, Failure> {
    Ok(client.accounts().await?.iter().any(|account| account.name == name))
}

async fn check(
    client: &mut Client,
    name: &str,
    options: &Options,
) -> Result<CheckedAccount, Failure> {
    let request = Request::Check { name: name.to_owned(), repair: options.repair };
    match client.ask(&request).await? {
        Response::Checked(account) => {
            if !options.json {
                print(&text(&account))?;
            }
            Ok(account)
        }
        _ => Err(Failure::unexpected_answer()),
    }
}

fn verdict(wrong: usize, unchecked: usize, repair: bool) -> Result<(), Failure> {
    let accounts = |number| counted(number as u64, "account");
    let could_not = || format!("{} could not be checked", accounts(unchecked));
    let is_wrong = format!("something is wrong with {}", accounts(wrong));
    let message = match (wrong, unchecked) {
        (0, 0) => return Ok(()),
        (0, _) => return Err(Failure::new(could_not()).hint("the reasons stand above")),
        (_, 0) => is_wrong,
        _ => format!("{is_wrong}, and {}", could_not()),
    };
    Err(Failure::new(message).hint(match repair {
        true => "what could not be mended says what to do about it",
        false => "`rookery check --repair` mends what can be mended, and throws nothing away",
    }))
}

/// Said once: what is not in the log any more is missed by no later check.
fn of_lost(accounts: usize) -> Failure {
    let accounts = counted(accounts as u64, "account");
    Failure::new(format!(
        "changes that cannot be read any more are lost from {accounts}, mail that they brought with them; no later check will say so"
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Password;
    use crate::config::Limits;
    use crate::services::Services;

    #[tokio::test]
    async fn an_account_that_is_deleted_meanwhile_is_nothing_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let services = Services::open(dir.path(), &Limits::default()).ok().unwrap();
        let mut client = Client::within(services);
        let password = Password::Stored("{PLAIN}tulip".to_owned());
        client.ask(&Request::AccountAdd { name: "ada".to_owned(), password }).await.unwrap();
        let names = ["ada", "bob"].map(str::to_owned);
        let options = Options { name: None, repair: false, json: true };
        let (checked, unchecked) = check_all(&mut client, &names, &options).await.unwrap();
        assert_eq!((checked.len(), checked[0].name.as_str(), unchecked), (1, "ada", 0));
    }

    #[test]
    fn what_could_not_be_checked_is_not_said_to_be_wrong() {
        let said = |wrong, unchecked| verdict(wrong, unchecked, false).unwrap_err().to_string();
        assert!(verdict(0, 0, false).is_ok());
        assert!(said(0, 1).contains("1 account could not be checked"));
        assert!(!said(0, 1).contains("wrong") && !said(0, 1).contains("--repair"));
        let both = "something is wrong with 2 accounts, and 1 account could not be checked";
        assert!(said(2, 1).contains(both));
    }
}

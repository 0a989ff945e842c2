//! A first look: a demo account with sample mail, and what to type into a mail client.

mod sample;

use crate::accounts::PeerDirectory;
use crate::admin::{Client, Password, Request};
use crate::cli::generate_password;
use crate::failure::Failure;
use crate::private_file;
use crate::services::Services;
use rookery_auth::Directory;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const USER: &str = "demo";

/// The demo account, whose password is kept so that it can be shown at each start.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    user: String,
    password: String,
}

/// What there is to log in to.
pub(crate) enum Demo {
    /// The demo account and its password.
    Account { user: String, password: String },
    /// Accounts that somebody else made, or whose password was changed.
    Others,
}

/// Make the demo account with its mail if there is no account at all.
pub(crate) async fn prepare(data: &Path, services: &Services) -> Result<Demo, Failure> {
    let mut client = Client::within(services.clone());
    if !client.accounts().await?.is_empty() {
        return known(data, services).await;
    }
    let kept = Kept { user: USER.to_owned(), password: generate_password()? };
    write(data, &kept)?;
    let (name, password) = (kept.user.clone(), Password::Clear(kept.password.clone()));
    client.ask(&Request::AccountAdd { name, password }).await?;
    sample::append(&mut client, &kept.user).await?;
    Ok(Demo::Account { user: kept.user, password: kept.password })
}

/// What was printed at an earlier start, if it still opens the account.
async fn known(data: &Path, services: &Services) -> Result<Demo, Failure> {
    let Ok(text) = std::fs::read_to_string(file(data)) else { return Ok(Demo::Others) };
    let Ok(kept) = toml::from_str::<Kept>(&text) else { return Ok(Demo::Others) };
    let directory = PeerDirectory::new(Arc::clone(&services.accounts), None);
    let login = directory.login(None, &kept.user, kept.password.as_bytes()).await;
    Ok(match login {
        Ok(_) => Demo::Account { user: kept.user, password: kept.password },
        Err(_) => Demo::Others,
    })
}

fn write(data: &Path, kept: &Kept) -> Result<(), Failure> {
    let path = file(data);
    let failed = |error: &std::io::Error| Failure::io(format!("writing {}", path.display()), error);
    let text = toml::to_string(kept).map_err(|error| failed(&std::io::Error::other(error)))?;
    private_file::write(&path, text.as_bytes()).map_err(|error| failed(&error))
}

fn file(data: &Path) -> PathBuf {
    data.join("quickstart.toml")
}

impl Demo {
    /// What to type into a mail client. `addresses` are those that are served, by protocol.
    pub(crate) fn instructions(&self, data: &Path, addresses: &[(&str, String)]) -> String {
        let data = data.display();
        let mut lines =
            vec![format!("Rookery serves the mail in {data}. In a mail client:"), String::new()];
        match self {
            Self::Account { user, password } => {
                lines.push(format!("user: {user}"));
                lines.push(format!("password: {password}"));
            }
            Self::Others => lines.push(format!(
                "Log in to one of your accounts: `rookery account list --data {data}` shows them,\n\
                 `rookery account passwd NAME --data {data}` sets a new password."
            )),
        }
        lines.push(String::new());
        for (protocol, address) in addresses {
            lines.push(match *protocol {
                "imap" => {
                    format!("IMAP server {address}, security: STARTTLS, or none on this machine")
                }
                "imaps" => format!(
                    "IMAP server {address}, security: SSL/TLS (the certificate is self-signed)"
                ),
                _ => format!("mail comes in by LMTP at {address}"),
            });
        }
        lines.push(format!("or by hand: rookery deliver --data {data} {USER} < message"));
        lines.push("Stop it with Ctrl-C; the same command starts it again.".to_owned());
        lines.push(String::new());
        lines.join("\n")
    }
}

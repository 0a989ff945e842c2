//! Accounts that are disabled by hand: `account.toml` can be edited while the server runs, and nobody tells it.

use crate::accounts::{Name, Version};
use crate::limits::DISABLED_PACE;
use crate::services::Services;
use rookery_imap::Ended;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The files of accounts that have connections, as they were when they were looked at. What was disabled then was seen to, and lets
/// nobody in: some may take their time to go.
type Seen = HashMap<Arc<str>, Version>;

/// End the connections of disabled accounts, again and again, until the server goes down.
pub(super) async fn watch(services: Services, mut shutdown: watch::Receiver<bool>) {
    let mut seen = Seen::new();
    loop {
        tokio::select! {
            _ = shutdown.wait_for(|down| *down) => return,
            () = tokio::time::sleep(DISABLED_PACE) => {}
        }
        let connected = services.connections.accounts();
        if connected.is_empty() {
            continue;
        }
        let services = services.clone();
        let look = tokio::task::spawn_blocking(move || look(&services, connected, &seen));
        tokio::select! {
            _ = shutdown.wait_for(|down| *down) => return,
            looked = look => seen = looked.unwrap_or_default(),
        }
    }
}

/// Look at the files that have changed.
fn look(services: &Services, connected: Vec<Arc<str>>, known: &Seen) -> Seen {
    let mut seen = Seen::new();
    for account in connected {
        let Some(name) = Name::new(&account).ok() else { continue };
        // A file that is not there or cannot be read lets nobody in, but may have been lost by accident.
        let Ok(Some(version)) = services.accounts.version(&name) else { continue };
        if known.get(&account) == Some(&version) {
            seen.insert(account, version);
            continue;
        }
        match services.accounts.read(&name) {
            Ok(Some(file)) if file.disabled => {
                tracing::info!(account = %name, "account is disabled: its sessions end");
                services.connections.end(&account, Ended::Disabled);
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => continue,
        }
        // If the file has changed in the meantime, it has another version when it is looked at again.
        seen.insert(account, version);
    }
    seen
}

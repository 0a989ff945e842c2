//! How many connections there are, in all and from each address.

use super::bound::Protocol;
use crate::config::Limits;
use rookery_auth::throttle::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connections that are open.
#[derive(Default)]
pub(super) struct Connections {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    imap: usize,
    lmtp: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// A place for one connection, which is free again when this goes.
pub(super) struct Place {
    connections: Arc<Connections>,
    kind: Kind,
}

/// What a place is counted among.
#[derive(Clone, Copy)]
enum Kind {
    Lmtp,
    /// Of a network, if it is one whose connections are counted.
    Imap(Option<IpAddr>),
}

impl Connections {
    /// A place for a connection from this address, if the limits leave one. Those that bring mail have places of their own, so
    /// that those who read it cannot take them.
    pub(super) fn place(
        self: &Arc<Self>,
        protocol: Protocol,
        address: IpAddr,
        limits: &Limits,
    ) -> Option<Place> {
        // Programs on this machine, a webmail or a proxy, connect for many people.
        let is_here = address.to_canonical().is_loopback();
        let kind = match protocol {
            Protocol::Lmtp => Kind::Lmtp,
            Protocol::Imap | Protocol::Imaps => Kind::Imap((!is_here).then(|| network(address))),
        };
        self.lock().take(kind, limits).then(|| Place { connections: Arc::clone(self), kind })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn take(&mut self, kind: Kind, limits: &Limits) -> bool {
        let (all, most) = match kind {
            Kind::Lmtp => (&mut self.lmtp, limits.lmtp_connections),
            Kind::Imap(_) => (&mut self.imap, limits.connections),
        };
        if *all >= most {
            return false;
        }
        if let Kind::Imap(Some(network)) = kind {
            let of_network = self.by_network.get(&network).copied().unwrap_or(0);
            if of_network >= limits.connections_per_address {
                return false;
            }
            self.by_network.insert(network, of_network + 1);
        }
        *all += 1;
        true
    }

    fn give_back(&mut self, kind: Kind) {
        match kind {
            Kind::Lmtp => self.lmtp -= 1,
            Kind::Imap(_) => self.imap -= 1,
        }
        let Kind::Imap(Some(network)) = kind else { return };
        if let Some(of_network) = self.by_network.get_mut(&network) {
            *of_network -= 1;
            if *of_network == 0 {
                self.by_network.remove(&network);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().give_back(self.kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(connections: &Arc<Connections>, protocol: Protocol, address: &str) -> Option<Place> {
        let limits = Limits {
            connections: 3,
            connections_per_address: 2,
            lmtp_connections: 1,
            ..Limits::default()
        };
        connections.place(protocol, address.parse().unwrap(), &limits)
    }

    #[test]
    fn places_are_limited_and_come_back() {
        let connections = Arc::new(Connections::default());
        let imap = |address| place(&connections, Protocol::Imap, address);
        let imaps = |address| place(&connections, Protocol::Imaps, address);
        let (one, two) = (imap("192.0.2.1"), imaps("::ffff:192.0.2.1"));
        assert!(one.is_some() && two.is_some() && imap("192.0.2.1").is_none());
        let three = imap("192.0.2.2");
        assert!(three.is_some() && imaps("192.0.2.3").is_none());
        drop((one, two, three));
        assert!(connections.lock().by_network.is_empty() && connections.lock().imap == 0);
        assert!(imap("192.0.2.1").is_some());
    }

    #[test]
    fn all_addresses_of_a_subscriber_count_together() {
        let connections = Arc::new(Connections::default());
        let imap = |address| place(&connections, Protocol::Imap, address);
        let _two = (imap("2001:db8:1:2::1").unwrap(), imap("2001:db8:1:2:ffff::9").unwrap());
        assert!(imap("2001:db8:1:2::3").is_none());
        assert!(imap("2001:db8:1:3::1").is_some());
    }

    #[test]
    fn this_machine_counts_in_all_only_and_lmtp_for_itself() {
        let connections = Arc::new(Connections::default());
        let imap = |address| place(&connections, Protocol::Imap, address);
        let lmtp = |address| place(&connections, Protocol::Lmtp, address);
        let _three =
            (imap("127.0.0.1").unwrap(), imap("::1").unwrap(), imap("::ffff:127.0.0.1").unwrap());
        assert!(imap("::1").is_none());
        let mail = lmtp("192.0.2.1");
        assert!(mail.is_some() && lmtp("127.0.0.1").is_none());
        drop(mail);
        assert!(lmtp("127.0.0.1").is_some());
    }
}

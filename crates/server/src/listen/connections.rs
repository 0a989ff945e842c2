//! How many connections there are, in all and from each address.

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
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place for one connection, which is free again when this goes.
pub(super) struct Place {
    connections: Arc<Connections>,
    address: IpAddr,
}

impl Connections {
    /// A place for a connection from this address, if the limits leave one.
    pub(super) fn place(
        self: &Arc<Self>,
        address: IpAddr,
        most: usize,
        most_by_address: usize,
    ) -> Option<Place> {
        let address = address.to_canonical();
        let mut counts = self.lock();
        let of_address = counts.by_address.get(&address).copied().unwrap_or(0);
        if counts.all >= most || of_address >= most_by_address {
            return None;
        }
        counts.all += 1;
        counts.by_address.insert(address, of_address + 1);
        drop(counts);
        Some(Place { connections: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.connections.lock();
        counts.all -= 1;
        if let Some(of_address) = counts.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_come_back() {
        let connections = Arc::new(Connections::default());
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let place = |last| connections.place(address(last), 3, 2);
        let (one, two) = (place(1), place(1));
        assert!(one.is_some() && two.is_some() && place(1).is_none());
        let three = place(2);
        assert!(three.is_some() && place(3).is_none());
        drop((one, two, three));
        assert!(connections.lock().by_address.is_empty());
        assert!(place(1).is_some());
    }
}

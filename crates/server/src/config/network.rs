//! Networks, as `192.0.2.0/24`, `2001:db8::/32` or one address.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Network {
    first: IpAddr,
    /// How many bits are the same.
    prefix: u8,
}

impl Network {
    /// Whether an address is in the network. IPv4 within IPv6 is IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let (one, other) = (bits(self.first), bits(address.to_canonical()));
        let same_kind = self.first.is_ipv4() == address.to_canonical().is_ipv4();
        // Shifting by all 128 bits leaves nothing that could differ.
        let differing = (one ^ other).checked_shr(128 - u32::from(self.prefix));
        same_kind && differing.is_none_or(|differing| differing == 0)
    }
}

/// The bits of an address, from the top.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => u128::from(address),
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network like 192.0.2.0/24 or 2001:db8::/32");
        let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
        let first: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match text.contains('/') {
            true => prefix.parse().ok().filter(|prefix| *prefix <= most).ok_or_else(wrong)?,
            false => most,
        };
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_networks_or_not() {
        for (network, address, is_in) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("192.0.2.0/31", "192.0.2.2", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.0", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::1", "::1", true),
            ("::1", "::2", false),
            ("::/0", "2001:db8::1", true),
        ] {
            let parsed: Network = network.parse().unwrap();
            let found = parsed.contains(address.parse().unwrap());
            assert_eq!(found, is_in, "{address} in {network}");
        }
    }

    #[test]
    fn other_words_are_no_networks() {
        for text in ["", "/", "192.0.2.0/33", "::/129", "192.0.2/24", "localhost", "192.0.2.0/"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert!("192.0.2.0/-1".parse::<Network>().is_err());
        assert_eq!("192.0.2.1".parse::<Network>().unwrap().to_string(), "192.0.2.1/32");
    }
}

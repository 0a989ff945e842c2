//! Which capabilities are hidden from whom.

use super::error::{ConfigError, nearest_of};
use super::network::Network;
use rookery_imap::{Mask, NotMaskable};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Capabilities that clients are not told of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Capabilities {
    /// Hidden from everybody.
    pub(crate) hide: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) network: Vec<Hidden>,
}

/// Capabilities that are hidden from some networks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hidden {
    pub(crate) from: Vec<Network>,
    pub(crate) hide: Vec<String>,
}

impl Capabilities {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let everywhere = self.hide.iter().map(|name| ("capabilities", name));
        let here = self.network.iter().flat_map(|network| &network.hide);
        for (place, name) in everywhere.chain(here.map(|name| ("capabilities.network", name))) {
            let failed = |what: String| ConfigError::new(&format!("{place}.hide: {what}"));
            hide(&mut Mask::default(), name).map_err(failed)?;
        }
        if self.network.iter().any(|network| network.from.is_empty()) {
            return Err(ConfigError::new("capabilities.network.from names at least one network"));
        }
        Ok(())
    }

    /// What is hidden from a client at this address.
    pub(crate) fn mask(&self, peer: Option<IpAddr>) -> Mask {
        let is_from = |hidden: &&Hidden| {
            peer.is_some_and(|peer| hidden.from.iter().any(|network| network.contains(peer)))
        };
        let here = self.network.iter().filter(is_from).flat_map(|hidden| &hidden.hide);
        let mut mask = Mask::default();
        for name in self.hide.iter().chain(here) {
            // The configuration has been checked.
            let _ = mask.hide(name);
        }
        mask
    }
}

/// Hide a capability, or say what is wrong with its name, and what was probably meant.
pub(crate) fn hide(mask: &mut Mask, name: &str) -> Result<(), String> {
    mask.hide(name).map_err(|error| match nearest_of(name, Mask::names()) {
        Some(meant) if error == NotMaskable::Unknown => {
            format!("{name:?}: {error}; did you mean `{meant}`?")
        }
        _ => format!("{name:?}: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn capabilities(text: &str) -> Result<Capabilities, String> {
        let config = Config::parse(&format!("version = 1\n{text}"));
        config.map(|config| config.capabilities).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_hidden_depends_on_the_network() {
        let capabilities = capabilities(
            "[capabilities]\nhide = [\"IMAP4rev2\"]\n\
             [[capabilities.network]]\nfrom = [\"192.0.2.0/24\", \"::1\"]\nhide = [\"IDLE\"]\n\
             [[capabilities.network]]\nfrom = [\"192.0.2.7\"]\nhide = [\"compress=deflate\"]\n",
        )
        .unwrap();
        let hidden = |peer: &str| {
            let mask = capabilities.mask(Some(peer.parse().unwrap()));
            ["IMAP4rev2", "IDLE", "COMPRESS=DEFLATE", "MOVE"].map(|name| mask.hides(name))
        };
        assert_eq!(hidden("203.0.113.1"), [true, false, false, false]);
        assert_eq!(hidden("192.0.2.1"), [true, true, false, false]);
        assert_eq!(hidden("192.0.2.7"), [true, true, true, false]);
        assert_eq!(hidden("::1"), [true, true, false, false]);
        assert!(!capabilities.mask(None).hides("IDLE"));
    }

    #[test]
    fn names_and_networks_are_checked() {
        let error = |text: &str| capabilities(text).unwrap_err();
        let unknown = error("[capabilities]\nhide = [\"COMPRES=DEFLATE\"]");
        assert!(unknown.contains("did you mean `COMPRESS=DEFLATE`?"), "{unknown}");
        let needed = error("[capabilities]\nhide = [\"IMAP4rev1\"]");
        assert!(needed.contains("no client can do without it"), "{needed}");
        let network = "[[capabilities.network]]\n";
        for (text, what) in [
            ("from = [\"::1\"]\nhide = [\"AUTH=PLAIN\"]", "cannot be hidden"),
            ("from = [\"::1\"]\nhide = [\"XYZZY-XYZZY\"]", "no such capability"),
            ("from = []\nhide = [\"IDLE\"]", "at least one network"),
            ("from = [\"192.0.2.0/33\"]\nhide = [\"IDLE\"]", "no network like"),
            ("hide = [\"IDLE\"]", "missing field `from`"),
            ("from = [\"::1\"]\nhid = [\"IDLE\"]", "did you mean `hide`?"),
        ] {
            let error = error(&format!("{network}{text}"));
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}

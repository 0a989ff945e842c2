//! Octets that are never printed.

use std::fmt;
use zeroize::Zeroizing;

/// A password as a client sent it. Debug output hides it; memory is overwritten when it goes.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Take octets into custody.
    #[must_use]
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(octets.into()))
    }

    /// The octets, for verification only.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_octets() {
        let shown = format!("{:?}", Secret::new("tulip"));
        assert!(!shown.contains("tulip") && !shown.contains("116"), "{shown}");
    }
}

//! The fields that the delivering server puts in front of a message (RFC 5321 §4.4).

use crate::Peer;
use rookery_mail::DateTime;
use std::net::{IpAddr, SocketAddr};

/// What is known of a message's last hop.
pub(crate) struct Trace<'a> {
    /// The address in MAIL; empty in bounces.
    pub(crate) sender: &'a str,
    /// The name in LHLO.
    pub(crate) client: &'a str,
    pub(crate) peer: &'a Peer,
    /// What the server calls itself.
    pub(crate) hostname: &'a str,
    /// Whether the sender asked for SMTPUTF8.
    pub(crate) utf8: bool,
    /// The how-many-th message of the session this is.
    pub(crate) message: u64,
    pub(crate) date: DateTime,
}

impl Trace<'_> {
    /// The fields of one recipient's copy. Nobody learns of the others.
    pub(crate) fn fields(&self, recipient: &str) -> String {
        let Self { sender, hostname, message, .. } = self;
        let (client, peer, date) = (self.client(), self.peer(), self.date.to_header());
        let (session, time) = (self.peer.session, self.date.unix());
        let protocol = if self.utf8 { "UTF8LMTP" } else { "LMTP" };
        format!(
            "Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n\
             Received: from {client}{peer}\r\n\tby {hostname} with {protocol} id {time:x}-{session:x}-{message:x}\r\n\
             \tfor <{recipient}>; {date}\r\n"
        )
    }

    /// The name that the client gave itself, if it is one.
    fn client(&self) -> &str {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if self.client.chars().all(is_name) { self.client } else { "unknown" }
    }

    /// Where it is, unless it came through the file system.
    fn peer(&self) -> String {
        match self.peer.address.parse().map(|address: SocketAddr| address.ip().to_canonical()) {
            Ok(IpAddr::V4(address)) => format!(" ([{address}])"),
            Ok(IpAddr::V6(address)) => format!(" ([IPv6:{address}])"),
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hop_is_told() {
        let fields = |client: &str, address: &str, utf8| {
            let peer = Peer { address: address.to_owned(), session: 10 };
            let (sender, hostname, message) = ("s@x", "mx.example", 2);
            let date = DateTime::from_unix(1_000_000_000);
            let trace = Trace { sender, client, peer: &peer, hostname, utf8, message, date };
            trace.fields("ada@example.org")
        };
        assert_eq!(
            fields("relay.example", "192.0.2.1:99", false),
            "Return-Path: <s@x>\r\nDelivered-To: ada@example.org\r\n\
             Received: from relay.example ([192.0.2.1])\r\n\tby mx.example with LMTP id 3b9aca00-a-2\r\n\
             \tfor <ada@example.org>; Sun, 9 Sep 2001 01:46:40 +0000\r\n"
        );
        let utf8 = fields("x\ty (", "[2001:db8::1]:99", true);
        assert!(
            utf8.contains("from unknown ([IPv6:2001:db8::1])\r\n\tby mx.example with UTF8LMTP")
        );
        assert!(fields("[127.0.0.1]", "unix", false).contains("from [127.0.0.1]\r\n\tby"));
    }
}

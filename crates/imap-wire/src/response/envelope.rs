//! Envelopes (RFC 9051 §7.5.2: `ENVELOPE`).

/// What a message's header says about where it comes from and goes to. Strings are the header's octets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Envelope {
    /// `Date:`.
    pub date: Option<Vec<u8>>,
    /// `Subject:`.
    pub subject: Option<Vec<u8>>,
    /// `From:`.
    pub from: Vec<Address>,
    /// `Sender:`, or `From:`.
    pub sender: Vec<Address>,
    /// `Reply-To:`, or `From:`.
    pub reply_to: Vec<Address>,
    /// `To:`.
    pub to: Vec<Address>,
    /// `Cc:`.
    pub cc: Vec<Address>,
    /// `Bcc:`.
    pub bcc: Vec<Address>,
    /// `In-Reply-To:`.
    pub in_reply_to: Option<Vec<u8>>,
    /// `Message-ID:`.
    pub message_id: Option<Vec<u8>>,
}

/// An address. A group begins with one that has its name as `mailbox` and no `host`, and ends with one that has
/// nothing at all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Address {
    /// The person's name.
    pub name: Option<Vec<u8>>,
    /// The source route, which nobody uses.
    pub route: Option<Vec<u8>>,
    /// What stands before the `@`, or a group's name.
    pub mailbox: Option<Vec<u8>>,
    /// What stands after the `@`.
    pub host: Option<Vec<u8>>,
}

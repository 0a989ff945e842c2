//! Envelopes (RFC 9051 §7.5.2: `ENVELOPE`).

use crate::parse::{Cursor, Parsed};
use crate::print;

/// What a message's header says about where it comes from and goes to. Strings are the header's octets, owned or not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Envelope<T = Vec<u8>> {
    /// `Date:`.
    pub date: Option<T>,
    /// `Subject:`.
    pub subject: Option<T>,
    /// `From:`.
    pub from: Vec<Address<T>>,
    /// `Sender:`, or `From:`.
    pub sender: Vec<Address<T>>,
    /// `Reply-To:`, or `From:`.
    pub reply_to: Vec<Address<T>>,
    /// `To:`.
    pub to: Vec<Address<T>>,
    /// `Cc:`.
    pub cc: Vec<Address<T>>,
    /// `Bcc:`.
    pub bcc: Vec<Address<T>>,
    /// `In-Reply-To:`.
    pub in_reply_to: Option<T>,
    /// `Message-ID:`.
    pub message_id: Option<T>,
}

/// An address. A group begins with one that has its name as `mailbox` and no `host`, and ends with one that has
/// nothing at all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Address<T = Vec<u8>> {
    /// The person's name.
    pub name: Option<T>,
    /// The source route, which nobody uses.
    pub route: Option<T>,
    /// What stands before the `@`, or a group's name.
    pub mailbox: Option<T>,
    /// What stands after the `@`.
    pub host: Option<T>,
}

impl<T: AsRef<[u8]>> Envelope<T> {
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        out.push(b'(');
        print::spaced(out, [&self.date, &self.subject], print_nstring);
        let lists = [&self.from, &self.sender, &self.reply_to, &self.to, &self.cc, &self.bcc];
        for addresses in lists {
            out.push(b' ');
            print_addresses(out, addresses);
        }
        out.push(b' ');
        print::spaced(out, [&self.in_reply_to, &self.message_id], print_nstring);
        out.push(b')');
    }
}

impl Envelope {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(', "an envelope")?;
        let date = cursor.nstring()?;
        cursor.space()?;
        let subject = cursor.nstring()?;
        let mut lists: [Vec<Address>; 6] = Default::default();
        for list in &mut lists {
            cursor.space()?;
            *list = addresses(cursor)?;
        }
        cursor.space()?;
        let in_reply_to = cursor.nstring()?;
        cursor.space()?;
        let message_id = cursor.nstring()?;
        cursor.expect(b')', ")")?;
        let [from, sender, reply_to, to, cc, bcc] = lists;
        Ok(Self { date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id })
    }
}

fn print_nstring(out: &mut Vec<u8>, text: &Option<impl AsRef<[u8]>>) {
    print::nstring(out, text.as_ref().map(AsRef::as_ref));
}

/// `NIL`, or addresses in parentheses with nothing between them.
fn print_addresses(out: &mut Vec<u8>, addresses: &[Address<impl AsRef<[u8]>>]) {
    if addresses.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for Address { name, route, mailbox, host } in addresses {
        print::list(out, [name, route, mailbox, host], print_nstring);
    }
    out.push(b')');
}

fn addresses(cursor: &mut Cursor<'_>) -> Parsed<Vec<Address>> {
    let mut addresses = Vec::new();
    if cursor.nil() {
        return Ok(addresses);
    }
    cursor.expect(b'(', "NIL or addresses in parentheses")?;
    while !cursor.take(b')') {
        addresses.push(address(cursor)?);
        cursor.take(b' ');
    }
    Ok(addresses)
}

fn address(cursor: &mut Cursor<'_>) -> Parsed<Address> {
    cursor.expect(b'(', "an address")?;
    let name = cursor.nstring()?;
    cursor.space()?;
    let route = cursor.nstring()?;
    cursor.space()?;
    let mailbox = cursor.nstring()?;
    cursor.space()?;
    let host = cursor.nstring()?;
    cursor.expect(b')', ")")?;
    Ok(Address { name, route, mailbox, host })
}

//! Sample mail, written for this purpose.

use crate::admin::{Client, MessageDetails, Request};
use crate::clock::now;
use crate::failure::Failure;
use crate::import::CrlfWriter;
use rookery_mail::DateTime;

/// Messages and how many minutes ago they came.
const MESSAGES: [(&str, i64); 6] = [
    (include_str!("lighthouse.eml"), 3 * 24 * 60),
    (include_str!("lighthouse-reply.eml"), 2 * 24 * 60),
    (include_str!("greetings.eml"), 25 * 60),
    (include_str!("newsletter.eml"), 180),
    (include_str!("attachment.eml"), 45),
    (include_str!("welcome.eml"), 0),
];

/// Put the messages into the inbox.
pub(super) async fn append(client: &mut Client, account: &str) -> Result<(), Failure> {
    let now = now();
    let details = |(_, minutes): &(&str, i64)| {
        let received = now - minutes * 60;
        MessageDetails { flags: Vec::new(), received, zone: 0 }
    };
    let messages = MESSAGES.iter().map(details).collect();
    let (account, mailbox) = (account.to_owned(), rookery_mail::INBOX.to_owned());
    client.begin(&Request::Append { account, mailbox, messages }).await?;
    for (text, minutes) in MESSAGES {
        client.send(&message(text, now - minutes * 60)).await?;
        client.end_message().await?;
    }
    client.answer().await.map(|_| ())
}

/// A message as it goes over the wire, with its date.
fn message(text: &str, date: i64) -> Vec<u8> {
    let mut octets = Vec::new();
    let text = text.replace("{date}", &DateTime::from_unix(date).to_header());
    CrlfWriter::default().write(text.as_bytes(), &mut octets);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_and_dated() {
        for (text, _) in MESSAGES {
            let octets = String::from_utf8(message(text, 1_000_000_000)).unwrap();
            assert!(octets.contains("\r\nDate: Sun, 9 Sep 2001 01:46:40 +0000\r\n"), "{octets}");
            let (header, body) = octets.split_once("\r\n\r\n").unwrap();
            assert!(
                header.contains("Subject: ") && header.contains("Message-ID: ") && !body.is_empty()
            );
            assert!(!octets.contains("{date}"));
        }
    }
}

//! When a message was received, as far as its header says.

use rookery_mail::DateTime;
use rookery_mime::{date, header};

/// The date of the topmost Received field, else that of the Date field.
pub(super) fn date_of(message: &[u8]) -> Option<DateTime> {
    let header = header_of(message);
    let received = header::value(header, b"Received").and_then(|value| {
        let date = value.iter().rposition(|octet| *octet == b';')?;
        date::parse(value.get(date + 1..)?)
    });
    let sent = || date::parse(&header::value(header, b"Date")?);
    let found = received.or_else(sent)?;
    Some(DateTime::with_offset(found.unix, found.offset_minutes))
}

/// A message up to its first empty line.
pub(super) fn header_of(message: &[u8]) -> &[u8] {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n");
    end.and_then(|end| message.get(..end + 4)).unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hop_counts_before_the_sender() {
        let sent = "Date: Thu, 1 Jan 1970 00:00:10 +0000\r\n\r\nDate: x";
        let message = format!(
            "Received: by b; Thu, 1 Jan 1970\r\n 02:00:20 +0200\r\nReceived: by a; Thu, 1 Jan 1970 00:00:15 +0000\r\n{sent}"
        );
        let date = date_of(message.as_bytes()).unwrap();
        assert_eq!((date.unix(), date.offset_minutes()), (20, 120));
        assert_eq!(date_of(sent.as_bytes()).unwrap().unix(), 10);
        assert_eq!(date_of(b"Subject: x\r\n\r\nDate: Thu, 1 Jan 1970 00:00:10 +0000"), None);
    }
}

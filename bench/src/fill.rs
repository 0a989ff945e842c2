//! Mailboxes to measure with, made by IMAP, as any server can be filled.

use crate::Fallible;
use crate::client::Client;
use crate::corpus;

/// Messages in one APPEND (RFC 3502 §6.3.11).
const BATCH: u32 = 200;

/// UIDs named in one STORE.
const UIDS: usize = 500;

/// Make a mailbox with so many small messages, whose flags and dates differ; see [`flags`] and [`year`].
pub(crate) fn mailbox(client: &mut Client, name: &str, messages: u32) -> Fallible<()> {
    client.command(&format!("CREATE {name}"))?;
    let mut next = 0;
    while next < messages {
        let batch = BATCH.min(messages - next);
        let mut command = format!("a APPEND {name}").into_bytes();
        for number in next..next + batch {
            let attributes =
                format!(" ({}) \"17-Jul-{} 02:44:25 +0000\"", flags(number), year(number));
            command.extend(attributes.into_bytes());
            literal(&mut command, &corpus::small(u64::from(number)));
        }
        send(client, command)?;
        next += batch;
    }
    Ok(())
}

/// The flags that a message has from the beginning: a tenth is unseen, a fiftieth flagged.
pub(crate) fn flags(number: u32) -> &'static str {
    match (number % 10, number % 50) {
        (_, 1) => "\\Flagged \\Seen",
        (0, _) => "",
        _ => "\\Seen",
    }
}

/// The year of its internal date: one of ten.
pub(crate) fn year(number: u32) -> u32 {
    2010 + number / 7 % 10
}

/// Append these messages with as few commands as there can be.
pub(crate) fn append_all<'a>(
    client: &mut Client,
    name: &str,
    messages: impl Iterator<Item = &'a [u8]>,
) -> Fallible<()> {
    let mut command = Vec::new();
    let mut batch = 0;
    for message in messages {
        if batch == 0 {
            command = format!("a APPEND {name}").into_bytes();
        }
        literal(&mut command, message);
        batch += 1;
        if batch == BATCH {
            send(client, std::mem::take(&mut command))?;
            batch = 0;
        }
    }
    if batch > 0 { send(client, command) } else { Ok(()) }
}

/// Append one message.
pub(crate) fn append_one(client: &mut Client, name: &str, message: &[u8]) -> Fallible<()> {
    let mut command = Vec::with_capacity(message.len() + 64);
    command.extend_from_slice(format!("a APPEND {name}").as_bytes());
    literal(&mut command, message);
    send(client, command)
}

/// Append so many messages with one command.
pub(crate) fn append(client: &mut Client, name: &str, messages: u32) -> Fallible<()> {
    let messages: Vec<_> = (0..u64::from(messages)).map(corpus::small).collect();
    append_all(client, name, messages.iter().map(Vec::as_slice))
}

fn literal(command: &mut Vec<u8>, message: &[u8]) {
    command.extend_from_slice(format!(" {{{}+}}\r\n", message.len()).as_bytes());
    command.extend_from_slice(message);
}

fn send(client: &mut Client, mut command: Vec<u8>) -> Fallible<()> {
    command.extend_from_slice(b"\r\n");
    client.send(&command)?;
    client.done().map(drop)
}

/// Expunge every second message of a mailbox that was just filled.
pub(crate) fn expunge_every_second(client: &mut Client, name: &str, messages: u32) -> Fallible<()> {
    client.command(&format!("SELECT {name}"))?;
    let uids: Vec<String> = (1..=messages).step_by(2).map(|uid| uid.to_string()).collect();
    for some in uids.chunks(UIDS) {
        client.command(&format!("UID STORE {} +FLAGS.SILENT (\\Deleted)", some.join(",")))?;
    }
    client.command("CLOSE").map(drop)
}

//! Mailboxes to measure with, made by IMAP, as any server can be filled.

use crate::Fallible;
use crate::client::Client;

/// Messages in one APPEND (RFC 3502 §6.3.11).
const BATCH: u32 = 200;

/// UIDs named in one STORE.
const UIDS: usize = 500;

const MESSAGE: &str = "From: ann@example.org\r\nSubject: rooks\r\n\r\nnest\r\n";

/// Make a mailbox with so many small messages.
pub(crate) fn mailbox(client: &mut Client, name: &str, messages: u32) -> Fallible<()> {
    client.command(&format!("CREATE {name}"))?;
    let mut left = messages;
    while left > 0 {
        let batch = left.min(BATCH);
        append(client, name, batch)?;
        left -= batch;
    }
    Ok(())
}

/// Append so many messages with one command.
pub(crate) fn append(client: &mut Client, name: &str, messages: u32) -> Fallible<()> {
    let mut command = format!("a APPEND {name}");
    for _ in 0..messages {
        command += &format!(" {{{}+}}\r\n{MESSAGE}", MESSAGE.len());
    }
    command += "\r\n";
    client.send(command.as_bytes())?;
    client.done()
}

/// Expunge every second message of a mailbox that was just filled.
pub(crate) fn expunge_every_second(client: &mut Client, name: &str, messages: u32) -> Fallible<()> {
    client.command(&format!("SELECT {name}"))?;
    let uids: Vec<String> = (1..=messages).step_by(2).map(|uid| uid.to_string()).collect();
    for some in uids.chunks(UIDS) {
        client.command(&format!("UID STORE {} +FLAGS.SILENT (\\Deleted)", some.join(",")))?;
    }
    client.command("CLOSE")
}

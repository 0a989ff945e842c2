//! A search finds in a body what its text has, as a whole: wherever the pieces end in which it is read.

use rookery_mail::{DateTime, MailboxId, UidSet};
use rookery_mailbox::search::{Key, Progress, Search, Wanted, fold};
use rookery_mailbox::{
    Account, MemoryStore, NewMessage, Store, View, heavy, initial_mailboxes, limits::SEARCH_WINDOW,
};
use rookery_mime::{Encoding, Message, text};
use std::sync::Arc;
use tokio::runtime::Builder;

/// Charsets whose blanks are part of no other character.
const CHARSETS: [&str; 4] = ["utf-8", "iso-8859-15", "gb18030", "iso-2022-jp"];
const ENCODINGS: [(&str, Encoding); 3] = [
    ("8bit", Encoding::Identity),
    ("quoted-printable", Encoding::QuotedPrintable),
    ("base64", Encoding::Base64),
];

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let Some((&[kinds, length, before @ ..], rest)) = input.split_first_chunk::<4>() else {
        return;
    };
    let (needle, octets) = rest.split_at(usize::from(length % 32).min(rest.len()));
    let Ok(needle) = std::str::from_utf8(needle) else { return };
    let charset = CHARSETS[usize::from(kinds) % CHARSETS.len()];
    let (name, encoding) = ENCODINGS[usize::from(kinds / 4) % ENCODINGS.len()];
    // What is before lets the piece end somewhere in the octets, or before them.
    let before = SEARCH_WINDOW.saturating_sub(usize::from(u16::from_le_bytes(before) % 5000));
    let mut body = vec![b'x'; before];
    body.extend_from_slice(b"\r\n");
    body.extend_from_slice(octets);
    let header = format!(
        "Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {name}\r\n\r\n"
    );
    let text = fold(&text::decode_text(Some(charset.as_bytes()), &encoding.decode(&body)));
    let is_there = text.contains(&fold(needle));
    let message = [header.as_bytes(), &body].concat();
    let is_asked = kinds / 16 % 2 == 0;
    let body = Key::Body(needle.to_owned());
    let key = if is_asked { body } else { Key::Not(Box::new(body)) };
    let found = search(&message, &key);
    assert!(found == (is_there == is_asked), "{key:?} of {:?}", String::from_utf8_lossy(octets));
}

/// Whether this is found, where there is no other message.
fn search(message: &[u8], key: &Key) -> bool {
    heavy::have_no_threads();
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let store = MemoryStore::new();
        store.create_account("ada", &initial_mailboxes(), 0).await.expect("an account");
        let account = Account::new(store.account("ada").await.expect("the account"));
        let mut content = account.store().spool().await.expect("a spool");
        content.write(message).await.expect("it is written");
        let new = NewMessage {
            content,
            summary: Message::scan(message).encode(),
            thread_keys: Vec::new(),
            flags: Vec::new(),
            internal_date: DateTime::from_unix(0),
        };
        account.store().append(MailboxId(1), vec![new], 0).await.expect("it is appended");
        let open = account.store().open(MailboxId(1)).await.expect("a mailbox");
        let numbering = View::open(&open.snapshot()).numbering();
        let (key, candidates) = (key.clone(), UidSet::all());
        let wanted = Wanted::All;
        let search = Search { account, open, candidates, numbering, key, wanted, most: 10 };
        let found = search.run(Arc::new(Progress::default())).await.expect("it is searched");
        !found.uids.is_empty()
    })
}

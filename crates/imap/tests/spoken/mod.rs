//! A client's end of a conversation, in words.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Say this.
pub(crate) async fn send(stream: &mut DuplexStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// Read until this has come.
pub(crate) async fn until(stream: &mut DuplexStream, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let mut octets = [0; 4096];
        let count = stream.read(&mut octets).await.unwrap();
        assert_ne!(count, 0, "the stream ended before {end:?}, after {text:?}");
        text.push_str(std::str::from_utf8(&octets[..count]).unwrap());
    }
    text
}

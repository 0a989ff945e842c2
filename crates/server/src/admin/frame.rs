//! Frames of the administrative protocol: a length of four octets (big endian), then JSON or a piece of a
//! message. An empty piece ends a message.

use crate::limits::{MAX_ADMIN_CHUNK, MAX_ADMIN_FRAME};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Send a value. When it is too long, nothing is sent and the error is of [`ErrorKind::InvalidInput`].
pub(super) async fn write<T: Serialize>(
    to: &mut (impl AsyncWrite + Unpin),
    value: &T,
) -> Result<()> {
    let json = serde_json::to_vec(value)?;
    write_octets(to, &json, MAX_ADMIN_FRAME).await?;
    to.flush().await
}

/// Receive a value; `None` when the other end has nothing more to say.
pub(super) async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<T>> {
    let mut length = [0; 4];
    if let Err(error) = from.read_exact(&mut length).await {
        return if error.kind() == ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let json = read_octets(from, length, MAX_ADMIN_FRAME).await?;
    Ok(Some(serde_json::from_slice(&json)?))
}

/// Send a message, or what there is of it, in pieces; `end_message` ends it.
pub(super) async fn write_piece(to: &mut (impl AsyncWrite + Unpin), octets: &[u8]) -> Result<()> {
    for piece in octets.chunks(MAX_ADMIN_CHUNK) {
        write_octets(to, piece, MAX_ADMIN_CHUNK).await?;
    }
    Ok(())
}

/// The message is complete.
pub(super) async fn end_message(to: &mut (impl AsyncWrite + Unpin)) -> Result<()> {
    write_octets(to, &[], MAX_ADMIN_CHUNK).await?;
    to.flush().await
}

/// Receive a piece of a message, an empty one at its end.
pub(super) async fn read_piece(from: &mut (dyn AsyncRead + Unpin + Send)) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    read_octets(from, length, MAX_ADMIN_CHUNK).await
}

async fn write_octets(
    to: &mut (impl AsyncWrite + Unpin),
    octets: &[u8],
    most: usize,
) -> Result<()> {
    let length = u32::try_from(octets.len()).ok().filter(|_| octets.len() <= most);
    let length = length.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a frame too long"))?;
    to.write_all(&length.to_be_bytes()).await?;
    to.write_all(octets).await
}

async fn read_octets<R>(from: &mut R, length: [u8; 4], most: usize) -> Result<Vec<u8>>
where
    R: AsyncRead + Unpin + ?Sized,
{
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > most {
        return Err(Error::new(ErrorKind::InvalidData, "a frame too long"));
    }
    let mut octets = vec![0; length];
    from.read_exact(&mut octets).await?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_come_out_as_they_went_in() {
        let (mut near, mut far) = tokio::io::duplex(1 << 20);
        let message = vec![7; MAX_ADMIN_CHUNK * 2 + 5];
        write(&mut near, &vec!["a", "b"]).await.unwrap();
        write_piece(&mut near, &message).await.unwrap();
        end_message(&mut near).await.unwrap();
        drop(near);
        assert_eq!(read::<Vec<String>>(&mut far).await.unwrap().unwrap(), ["a", "b"]);
        let mut received = Vec::new();
        loop {
            match read_piece(&mut far).await.unwrap() {
                piece if piece.is_empty() => break,
                piece => received.extend(piece),
            }
        }
        assert_eq!(received, message);
        assert!(read::<String>(&mut far).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn of_what_is_too_long_nothing_is_sent() {
        let (mut near, mut far) = tokio::io::duplex(1 << 20);
        let error = write(&mut near, &"x".repeat(MAX_ADMIN_FRAME)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        write(&mut near, &"y").await.unwrap();
        assert_eq!(read::<String>(&mut far).await.unwrap().unwrap(), "y");
    }

    #[tokio::test]
    async fn lengths_are_limited_before_memory_is_taken() {
        let mut far = [0xff, 0xff, 0xff, 0xff, 0].as_slice();
        assert!(read::<String>(&mut far).await.is_err());
        let mut far = [0xff, 0xff, 0xff, 0xff, 0].as_slice();
        assert!(read_piece(&mut far).await.is_err());
        // One octet too many, and all of them are there.
        let frame = |octets: usize| {
            [&u32::try_from(octets).unwrap().to_be_bytes()[..], &vec![b' '; octets]].concat()
        };
        let piece = async |octets| read_piece(&mut frame(octets).as_slice()).await;
        assert_eq!(piece(MAX_ADMIN_CHUNK).await.unwrap().len(), MAX_ADMIN_CHUNK);
        assert_eq!(piece(MAX_ADMIN_CHUNK + 1).await.unwrap_err().kind(), ErrorKind::InvalidData);
        let value = async |octets| read::<String>(&mut frame(octets).as_slice()).await;
        let is_too_long =
            |read: Result<Option<String>>| read.unwrap_err().to_string().contains("long");
        assert!(!is_too_long(value(MAX_ADMIN_FRAME).await), "it is no JSON");
        assert!(is_too_long(value(MAX_ADMIN_FRAME + 1).await));
    }
}

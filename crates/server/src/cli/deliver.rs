//! `rookery deliver`.

use super::{Place, print};
use crate::admin::{Request, Response};
use crate::failure::Failure;
use crate::import::CrlfWriter;
use crate::limits::MAX_ADMIN_CHUNK;
use clap::Args;
use tokio::io::AsyncReadExt;

#[derive(Args)]
pub(super) struct Options {
    /// The account
    name: String,
    /// The mailbox [default: the inbox]
    #[arg(long)]
    mailbox: Option<String>,
}

pub(super) async fn run(place: &Place, options: Options) -> Result<(), Failure> {
    let mut client = place.connect().await?;
    let Options { name: account, mailbox } = options;
    client.begin(&Request::Deliver { account, mailbox }).await?;
    let (mut input, mut lines) = (tokio::io::stdin(), CrlfWriter::default());
    let (mut octets, mut out) = (vec![0; MAX_ADMIN_CHUNK], Vec::new());
    loop {
        let read = input.read(&mut octets).await;
        let length = read.map_err(|error| Failure::io("reading the message", &error))?;
        let Some(piece) = octets.get(..length).filter(|piece| !piece.is_empty()) else { break };
        lines.write(piece, &mut out);
        client.send(&out).await?;
        out.clear();
    }
    client.end_message().await?;
    let answer = client.answer().await?;
    client.close().await?;
    match answer {
        Response::Delivered { mailbox, uid } => {
            print(&format!("delivered to {mailbox}, UID {uid}"))
        }
        _ => Err(Failure::unexpected_answer()),
    }
}

//! Clients of one account say anything in any state: their conversations end, and every answer is one.

mod client;
mod world;

use client::Client;
use rookery_mailbox::heavy;
use std::time::Duration;
use tokio::runtime::Builder;
use world::World;

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    play(&packets(input));
}

/// Clients at a time, of one account.
const CLIENTS: usize = 2;

/// Where a client stands when what is fuzzed begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// The greeting was read.
    NotAuthenticated,
    /// Logged in.
    Authenticated,
    /// INBOX is selected.
    Selected,
    /// INBOX is selected, and both sides compress.
    Compressed,
}

/// What one client sends at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Packet<'i> {
    /// Which client, below [`CLIENTS`].
    pub(crate) client: usize,
    /// Where it begins, if it sends nothing before this.
    pub(crate) state: State,
    /// Whether each octet travels alone.
    pub(crate) cut: bool,
    /// Whether the octets are sent as they are where they should be compressed.
    pub(crate) raw: bool,
    /// How long all are silent behind it.
    pub(crate) rest: Duration,
    /// The octets.
    pub(crate) octets: &'i [u8],
}

/// What stands between two packets: an octet that UTF-8 never has.
const BETWEEN: u8 = 0xff;

/// Time enough for an answer, since the clock runs only while nothing else does.
pub(crate) const MOMENT: Duration = Duration::from_millis(1);

/// How long a silence may be: a moment, longer than a compressor is kept, longer than a client may be silent.
const RESTS: [Duration; 4] = [MOMENT, MOMENT, Duration::from_secs(6), Duration::from_secs(32 * 60)];

/// Packets with an octet before each, whose bits say the client (1), the state (2), whether it is cut (1) or raw (1), and
/// how long the silence is (2).
fn packets(input: &[u8]) -> Vec<Packet<'_>> {
    input.split(|octet| *octet == BETWEEN).filter_map(packet).collect()
}

fn packet(piece: &[u8]) -> Option<Packet<'_>> {
    let (&bits, octets) = piece.split_first()?;
    let states =
        [State::NotAuthenticated, State::Authenticated, State::Selected, State::Compressed];
    Some(Packet {
        client: usize::from(bits & 1),
        state: states[usize::from(bits >> 1 & 3)],
        cut: bits >> 3 & 1 == 1,
        raw: bits >> 4 & 1 == 1,
        rest: RESTS[usize::from(bits >> 5 & 3)],
        octets,
    })
}

/// Play the packets to a new server with one account. Panics if a response is none, if there are more of them than such
/// a mailbox has to say, or if a conversation does not end behind the last packet. Says what each client was told, not
/// compressed.
pub(crate) fn play(packets: &[Packet<'_>]) -> [Vec<u8>; CLIENTS] {
    heavy::have_no_threads();
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let world = World::new().await;
        let mut clients: [Option<Client>; CLIENTS] = [const { None }; CLIENTS];
        for packet in packets {
            if clients[packet.client].is_none() {
                clients[packet.client] = Some(Client::new(&world, packet.state).await);
            }
            if let Some(client) = &mut clients[packet.client] {
                client.send(packet).await;
            }
            for client in clients.iter_mut().flatten() {
                client.hear(packet.rest).await;
            }
        }
        let mut told = [const { Vec::new() }; CLIENTS];
        for (client, told) in clients.into_iter().zip(&mut told) {
            if let Some(client) = client {
                *told = client.end().await;
            }
        }
        told
    })
}

//! What something costs a server: time, memory, octets written, syncs.

pub(crate) mod cpu;
pub(crate) mod disk;
pub(crate) mod memory;
pub(crate) mod syncs;
mod tree;

use crate::Fallible;
use crate::servers::Server;
use memory::Peak;
use std::time::{Duration, Instant};

/// What was measured of one workload in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// How many operations these are.
    pub(crate) operations: u64,
    /// Octets that went through, where that is what counts; else 0.
    pub(crate) octets: u64,
    /// How long it took.
    pub(crate) wall: Duration,
    /// What all processes of the server computed for it, also after the last answer.
    pub(crate) cpu: Duration,
    /// Octets that they gave to the disk.
    pub(crate) written: u64,
    /// How often they asked the disk to sync.
    pub(crate) syncs: u64,
    /// The most memory that they had together, in octets.
    pub(crate) memory: u64,
}

/// How long a server is watched for work that it does after the last answer.
const REST: Duration = Duration::from_millis(60);
/// For how long at the most.
const LONGEST_REST: Duration = Duration::from_secs(3);
/// What may be computed in `REST` by a server that has nothing to do.
const NOTHING: Duration = Duration::from_micros(1500);

/// Do something with a server and measure what it costs. What is done says how many operations, and octets, it was.
pub(crate) fn measure(
    server: &Server,
    what: impl FnOnce() -> Fallible<(u64, u64)>,
) -> Fallible<Sample> {
    rest(server)?;
    let (cpu, written, syncs) = counters(server)?;
    let peak = Peak::watch(server.process());
    let start = Instant::now();
    let done = what();
    let wall = start.elapsed();
    let memory = peak.end()?;
    let (operations, octets) = done?;
    rest(server)?;
    let (cpu_after, written_after, syncs_after) = counters(server)?;
    Ok(Sample {
        operations,
        octets,
        wall,
        cpu: cpu_after.saturating_sub(cpu),
        written: written_after.saturating_sub(written),
        syncs: syncs_after.saturating_sub(syncs),
        memory,
    })
}

fn counters(server: &Server) -> Fallible<(Duration, u64, u64)> {
    let written = disk::written(server.process())?;
    Ok((server.group().used()?, written, server.syncs()?))
}

/// Wait until the server has nothing to do, so that what it puts off is counted where it belongs.
fn rest(server: &Server) -> Fallible<()> {
    let start = Instant::now();
    let mut before = server.group().used()?;
    while start.elapsed() < LONGEST_REST {
        std::thread::sleep(REST);
        let now = server.group().used()?;
        if now.saturating_sub(before) <= NOTHING {
            break;
        }
        before = now;
    }
    Ok(())
}

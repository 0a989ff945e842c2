//! Clients that wait.

use super::Workload;
use crate::Fallible;
use crate::client::{Client, Way};
use crate::fill;
use crate::measure::{Sample, measure, memory};
use crate::servers::WORKERS;
use crate::sizes::Sizes;
use crate::stage::Stage;
use std::time::{Duration, Instant};

const WATCHED: &str = "Watched";
/// How long a server is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(1);

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let mut all = Vec::new();
    let ways = [(Way::Plain, "plain", 16e3), (Way::Tls, "tls", 40e3)];
    for (way, name, most) in ways {
        let count = sizes.idle;
        all.push(idle(way, name, count).within(most).rounds(2));
    }
    for (way, name, most) in ways {
        if let Some(count) = sizes.very_idle {
            let workload = idle(way, name, count).within(most).rounds(1);
            // Dovecot has a process for each: once is enough.
            all.push(if way == Way::Tls { workload.alone() } else { workload });
        }
    }
    let watchers = sizes.watchers;
    let what = format!("new message, until all {watchers} who wait in its mailbox have heard");
    all.push(Workload::wall("hear", what).within(10_000.0).prepare(prepare).run(hear));
    all
}

fn idle(way: Way, name: &str, count: usize) -> Workload {
    let what = format!("each of {count} connections in IDLE, {name}");
    Workload::memory(format!("idle-{name}-{count}"), what).run(move |stage| {
        stage.restart()?;
        wait(stage, way, count)
    })
}

/// What so many connections add to the server's memory.
fn wait(stage: &Stage, way: Way, count: usize) -> Fallible<Sample> {
    let server = stage.server()?;
    // What the first connection needs, all others share.
    let mut clients =
        open(stage, way, WORKERS, |worker| format!("w{}", worker % WORKERS), "INBOX")?;
    std::thread::sleep(REST);
    let (before, cpu) = (memory::proportional(server.process())?, server.group().used()?);
    let start = Instant::now();
    clients.extend(open(stage, way, count, |worker| format!("w{}", worker % WORKERS), "INBOX")?);
    let wall = start.elapsed();
    std::thread::sleep(REST);
    let after = memory::proportional(server.process())?;
    let cpu = server.group().used()?.saturating_sub(cpu);
    let memory = after.saturating_sub(before) / count as u64;
    Ok(Sample { operations: count as u64, octets: 0, wall, cpu, written: 0, syncs: 0, memory })
}

fn open(
    stage: &Stage,
    way: Way,
    count: usize,
    user: impl Fn(usize) -> String,
    mailbox: &str,
) -> Fallible<Vec<Client>> {
    let mut clients = Vec::with_capacity(count);
    for number in 0..count {
        let mut client = Client::new(stage.server()?, way, &user(number))?;
        client.idle(mailbox)?;
        clients.push(client);
    }
    Ok(clients)
}

fn prepare(stage: &mut Stage) -> Fallible<()> {
    stage.once(WATCHED, |stage| fill::mailbox(&mut stage.client()?, WATCHED, 100))
}

fn hear(stage: &mut Stage) -> Fallible<Sample> {
    // Processes that others left behind may still be there.
    stage.restart()?;
    let ada = |_| crate::servers::USER.to_owned();
    let mut clients = open(stage, Way::Plain, stage.sizes.watchers, ada, WATCHED)?;
    let mut writer = stage.client()?;
    std::thread::sleep(REST);
    measure(stage.server()?, || {
        fill::append(&mut writer, WATCHED, 1)?;
        for client in &mut clients {
            client.until(|line| line.ends_with(b" EXISTS\r\n"))?;
        }
        Ok((1, 0))
    })
}

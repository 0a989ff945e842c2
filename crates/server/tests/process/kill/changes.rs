//! Sixteen clients change everything that can be changed, by IMAP and LMTP, while the server is killed again and again.
//!
//! `ROOKERY_KILLS=200` says how often (default 10), `ROOKERY_SEED=7` which changes.

use super::large::Large;
use super::worker::Worker;
use crate::rookery::{Data, Server};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const WORKERS: usize = 16;
const ACCOUNTS: usize = 4;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn no_change_that_was_acknowledged_is_lost() {
    let (kills, seed) = (setting("ROOKERY_KILLS", 10), setting("ROOKERY_SEED", 1));
    let data = Data::new();
    let users: String =
        (0..ACCOUNTS).map(|number| format!("user{number}:{{PLAIN}}tulip-field\n")).collect();
    std::fs::write(data.beside("users"), users).unwrap();
    let imported = data.run(&["account", "import", data.beside("users").to_str().unwrap()]);
    assert_eq!(imported.code, 0, "{}", imported.err);
    let large = Large::of(&data, "user0");
    let mut workers: Vec<_> =
        (0..WORKERS).map(|number| Worker::new(number, ACCOUNTS, seed)).collect();
    let mut rewriting = 0;
    for round in 0..kills {
        let server = data.serve();
        large.verify(&server);
        workers.iter_mut().for_each(|worker| worker.verify(&server));
        let rest = (round + seed).wrapping_mul(7919) % 150;
        work_until_killed(&mut workers, server, Duration::from_millis(rest));
        rewriting += u64::from(large.is_being_rewritten());
    }
    let server = data.serve();
    workers.iter_mut().for_each(|worker| worker.verify(&server));
    large.verify_rewritten(&server);
    let acknowledged: u64 = workers.iter().map(|worker| worker.acknowledged).sum();
    eprintln!("{kills} kills, {acknowledged} changes acknowledged");
    eprintln!("{rewriting} of them while a segment was written anew");
    assert!(acknowledged > kills * 10, "the server was killed too early to tell anything");
}

fn work_until_killed(workers: &mut [Worker], server: Server, rest: Duration) {
    let connections = |worker: &mut Worker| (worker.connect(&server), server.connect("lmtp"));
    let connections: Vec<_> = workers.iter_mut().map(connections).collect();
    let acknowledged = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (worker, (imap, lmtp)) in workers.iter_mut().zip(connections) {
            let acknowledged = &acknowledged;
            scope.spawn(move || worker.work(imap, lmtp, acknowledged));
        }
        let start = Instant::now();
        while acknowledged.load(Ordering::Relaxed) < 20 && start.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(rest);
        server.kill();
    });
}

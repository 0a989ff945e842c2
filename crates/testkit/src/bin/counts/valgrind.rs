//! An operation is run twice under valgrind, with few and with many rounds: what they differ by is what the rounds cost,
//! without the start, the filling of mailboxes and the end.

use crate::Fallible;
use crate::operations::Operation;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

/// How many times as many rounds the longer run has.
const MORE: u64 = 3;

/// Runs at the same time; each is one thread.
const AT_A_TIME: usize = 2;

/// What the C library is told: processors with these use instructions that copy any number of octets, which would be
/// counted once for each octet.
const TUNABLES: &str = "glibc.cpu.hwcaps=-ERMS,-FSRM";

/// The instructions of one unit of each operation.
pub(crate) fn counts(operations: &[&'static Operation]) -> Fallible<Vec<(&'static str, u64)>> {
    let waiting = Mutex::new(operations.iter().enumerate());
    let counted = Mutex::new(Vec::new());
    let worker = || -> Fallible<()> {
        while let Some((at, operation)) = waiting.lock().map_err(|_| "panicked")?.next() {
            let count = count(operation)?;
            counted.lock().map_err(|_| "panicked")?.push((at, (operation.name, count)));
        }
        Ok(())
    };
    thread::scope(|scope| -> Fallible<()> {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "panicked")?)
    })?;
    let mut counted = counted.into_inner().map_err(|_| "panicked")?;
    counted.sort_unstable();
    Ok(counted.into_iter().map(|(_, count)| count).collect())
}

fn count(operation: &Operation) -> Fallible<u64> {
    let few = instructions(operation.name, operation.rounds)?;
    let many = instructions(operation.name, operation.rounds * MORE)?;
    let units = operation.rounds * (MORE - 1) * operation.units;
    Ok(many.saturating_sub(few) / units)
}

fn instructions(name: &str, rounds: u64) -> Fallible<u64> {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .env("GLIBC_TUNABLES", TUNABLES)
        .arg(std::env::current_exe()?)
        .args(["run", name, &rounds.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&run.stderr);
    if !run.status.success() {
        return Err(format!("{name} failed:\n{said}").into());
    }
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    Ok(collected.ok_or("valgrind did not say how many")?.1.trim().parse()?)
}

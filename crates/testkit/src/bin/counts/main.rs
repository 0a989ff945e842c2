//! Counts the instructions of the hot paths, and complains when one has grown.
//!
//! `cargo run --profile counts -p rookery-testkit --bin counts` runs each operation under valgrind and compares with
//! `ci/counts.txt`; `-- --renew` writes that file; `-- --only fetch` counts some of them; `-- run NAME ROUNDS` runs one
//! alone, for `perf` or `callgrind_annotate`. Instructions do not depend on how busy a machine is, but they do on the compiler and the C
//! library: a new one of these is a reason to renew.

mod baseline;
mod client;
mod mail;
mod operations;
mod valgrind;

use baseline::Baseline;
use operations::Operation;
use std::error::Error;
use std::process::ExitCode;

/// What anything here fails with.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "counts [--renew] [--only PART-OF-A-NAME]\ncounts run NAME ROUNDS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments {
        [] => compare(""),
        ["--only", part] => compare(part),
        ["--renew"] => renew(""),
        ["--renew", "--only", part] => renew(part),
        ["run", name, rounds] => run(name, rounds),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Count, and compare with what is committed.
fn compare(part: &str) -> Fallible<()> {
    let baseline = Baseline::read()?;
    let mut complaints = Vec::new();
    println!("{:<22} {:>10} {:>10}", "instructions", "now", "committed");
    for (name, count) in valgrind::counts(&Operation::named_like(part))? {
        let committed = baseline.of(name);
        let shown = committed.map_or_else(|| "-".to_owned(), |count| count.to_string());
        println!("{name:<22} {count:>10} {shown:>10} {}", change(count, committed));
        complaints.extend(baseline.complaint(name, count));
    }
    if complaints.is_empty() {
        return Ok(());
    }
    complaints.push("If it must be so: counts --renew, and say why in the commit.".to_owned());
    Err(complaints.join("\n").into())
}

/// By how many percent a count has changed, if it is worth saying.
fn change(count: u64, committed: Option<u64>) -> String {
    let per_mille = |committed: u64| {
        let difference = i128::from(count) - i128::from(committed);
        difference * 1000 / i128::from(committed.max(1))
    };
    match committed.map(per_mille) {
        Some(change) if change.abs() >= 5 => format!("{:+}.{} %", change / 10, change.abs() % 10),
        _ => String::new(),
    }
}

/// Count, and write down what came out.
fn renew(part: &str) -> Fallible<()> {
    let mut baseline = Baseline::read().unwrap_or_default();
    for (name, count) in valgrind::counts(&Operation::named_like(part))? {
        println!("{name:<22} {count:>10}");
        baseline.set(name, count);
    }
    baseline.write()
}

/// Run one operation in this process.
fn run(name: &str, rounds: &str) -> Fallible<()> {
    let rounds = rounds.parse()?;
    let operation = Operation::ALL.iter().find(|operation| operation.name == name);
    operation.ok_or_else(|| format!("no operation {name}"))?.run(rounds)
}

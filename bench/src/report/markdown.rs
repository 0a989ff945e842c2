//! The report as Markdown.

use super::{Cost, Figure, Line, Report};
use crate::Fallible;
use crate::workload::By;
use std::fmt::Write;
use std::path::Path;

/// What stands before the report in a document.
const MARK: &str = "<!-- the last run -->\n";

/// Write a report to a file, or into one.
pub(crate) fn put(file: &Path, report: &str) -> Fallible<()> {
    let before = std::fs::read_to_string(file).unwrap_or_default();
    let kept = before.split_once(MARK).map_or(String::new(), |(kept, _)| format!("{kept}{MARK}\n"));
    Ok(std::fs::write(file, format!("{kept}{report}"))?)
}

impl Report {
    /// The tables.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        let machine = &self.machine;
        let _ = writeln!(
            text,
            "{} x {}, {} of memory, Linux {}, {}; a sync takes {:.0} us. Dovecot {}. Mail: {}.{}\n",
            machine.cores,
            machine.processor,
            machine.memory,
            machine.kernel,
            machine.disk,
            machine.sync,
            machine.dovecot,
            self.corpus,
            if self.quick { " A quick run: these figures are rough." } else { "" },
        );
        let _ = writeln!(text, "{}", overview(&self.lines));
        let _ = writeln!(text, "{}", self.bodies());
        let _ = writeln!(text, "{}", details(&self.lines));
        text
    }

    /// How near the fastest way to fetch bodies comes to what the socket can carry.
    fn bodies(&self) -> String {
        let mut text = format!(
            "A loop that copies the answers with all bodies to such a socket, and does nothing else, reaches {:.0} MB/s.",
            self.ceiling
        );
        let plain = self.lines.iter().find(|line| line.name == "fetch-bodies-plain");
        for cost in plain.into_iter().flat_map(|line| &line.costs) {
            let rate = cost.rate(By::Wall);
            let share = 100.0 * rate / self.ceiling.max(1.0);
            let _ = write!(text, " {}: {rate:.0} MB/s, {share:.0} % of that.", cost.kind.name());
        }
        text + "\n"
    }
}

/// Each workload in one line: how many times better.
fn overview(lines: &[Line]) -> String {
    let mut text = "| workload | | rookery | maildir | mdbox | factor | aim | |\n\
        |---|---|--:|--:|--:|--:|--:|---|\n"
        .to_owned();
    for line in lines {
        let by = match line.measure {
            By::Cpu => "CPU",
            By::Wall => "time",
            By::Memory => "memory",
        };
        let figure = |name: &str| {
            let cost = line.costs.iter().find(|cost| cost.kind.name() == name);
            cost.map_or("–".to_owned(), |cost| amount(cost, line.measure))
        };
        let verdict = match line.is_met() {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        let times =
            |factor: Option<f64>| factor.map_or(String::new(), |factor| format!("{factor:.1}"));
        let _ = writeln!(
            text,
            "| {} | {by} | {} | {} | {} | {} | {} | {verdict} |",
            line.what,
            figure("rookery"),
            figure("maildir"),
            figure("mdbox"),
            times(line.factor),
            aim(line),
        );
    }
    text
}

fn aim(line: &Line) -> String {
    let within = |most: f64| match line.measure {
        By::Memory => format!("≤ {}", octets(most)),
        _ => format!("≤ {}", time(most)),
    };
    let times = line.aim_times.map(|times| format!("{times:.1}"));
    times.or_else(|| line.aim_within.map(within)).unwrap_or_default()
}

/// What counts for a workload: time for an operation, or megabytes in a second.
fn amount(cost: &Cost, by: By) -> String {
    match (by, cost.octets) {
        (By::Memory, _) => octets(cost.by(by)),
        (_, 0) => time(cost.by(by)),
        _ => format!("{} ({:.0} MB/s)", time(cost.by(by)), cost.rate(by)),
    }
}

fn details(lines: &[Line]) -> String {
    let mut text = "| workload | server | time for one | CPU for a thousand | memory | written for one | syncs for one |\n\
        |---|---|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for line in lines {
        for cost in &line.costs {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {:.0} | {:.2} |",
                line.name,
                cost.kind.name(),
                spread(cost.wall, time),
                spread(cost.cpu, |cpu| time(cpu * 1000.0)),
                octets(cost.memory.median),
                cost.written.median,
                cost.syncs.median,
            );
        }
    }
    text
}

/// A median, and the least and most.
fn spread(figure: Figure, print: impl Fn(f64) -> String) -> String {
    let (least, most) = (print(figure.least), print(figure.most));
    format!("{} ({least} – {most})", print(figure.median))
}

/// Octets for people.
fn octets(octets: f64) -> String {
    match octets {
        ..1e6 => format!("{:.1} kB", octets / 1e3),
        _ => format!("{:.1} MB", octets / 1e6),
    }
}

/// Microseconds for people.
fn time(micros: f64) -> String {
    match micros {
        ..10.0 => format!("{micros:.2} µs"),
        ..1_000.0 => format!("{micros:.0} µs"),
        ..10_000.0 => format!("{:.2} ms", micros / 1e3),
        ..1_000_000.0 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}

//! What is measured: the table is the map. Each file has a group of workloads.

mod append;
mod copy;
mod fetch;
mod growth;
mod idle;
mod list;
pub(crate) mod mix;
mod resync;
mod search;
mod select;
mod session;
mod store;

use crate::Fallible;
use crate::measure::Sample;
use crate::servers::{Flush, Kind, Settings};
use crate::sizes::Sizes;
use crate::stage::Stage;
use std::time::Duration;

/// What an aim, and the last column of the report, is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    /// Operations, or octets, in a second.
    Wall,
    /// What the server computes for them.
    Cpu,
    /// The memory that each of them takes.
    Memory,
}

/// What we want to reach.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Aim {
    /// To be so many times better than the better of Dovecot's formats.
    Times(f64),
    /// So many microseconds, or octets, at the most.
    Within(f64),
}

type Prepare = Box<dyn Fn(&mut Stage) -> Fallible<()>>;
type Run = Box<dyn Fn(&mut Stage) -> Fallible<Sample>>;

/// One line of the report.
pub(crate) struct Workload {
    /// For `--only`.
    pub(crate) name: String,
    /// What is done.
    pub(crate) what: String,
    /// What counts.
    pub(crate) by: By,
    /// What we want to reach.
    pub(crate) aim: Option<Aim>,
    /// How servers are started for it.
    pub(crate) settings: Settings,
    /// Whether only we are measured.
    pub(crate) alone: bool,
    /// A capability without which a server is not measured.
    pub(crate) needs: Option<&'static str>,
    /// Rounds, if fewer than others have.
    pub(crate) rounds: Option<u32>,
    /// Done once for each server, before anything is measured.
    pub(crate) prepare: Prepare,
    /// Done in each round.
    pub(crate) run: Run,
}

impl Workload {
    /// A workload that counts what the server computes.
    fn cpu(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            what: what.into(),
            by: By::Cpu,
            aim: None,
            settings: Settings::DEFAULT,
            alone: false,
            needs: None,
            rounds: None,
            prepare: Box::new(|_| Ok(())),
            run: Box::new(|_| Err("nothing to run".into())),
        }
    }

    /// A workload that counts how long it takes.
    fn wall(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self { by: By::Wall, ..Self::cpu(name, what) }
    }

    /// A workload that counts the memory for each of its operations.
    fn memory(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self { by: By::Memory, ..Self::cpu(name, what) }
    }

    fn aim(self, aim: f64) -> Self {
        Self { aim: Some(Aim::Times(aim)), ..self }
    }

    fn within(self, most: f64) -> Self {
        Self { aim: Some(Aim::Within(most)), ..self }
    }

    fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    fn needs(self, capability: &'static str) -> Self {
        Self { needs: Some(capability), ..self }
    }

    fn rounds(self, rounds: u32) -> Self {
        Self { rounds: Some(rounds), ..self }
    }

    fn always_synced(self) -> Self {
        Self { settings: Settings { flush: Flush::Always, ..self.settings }, ..self }
    }

    fn slow_disk(self) -> Self {
        Self { settings: Settings { delay: Duration::from_millis(2), ..self.settings }, ..self }
    }

    fn prepare(self, prepare: impl Fn(&mut Stage) -> Fallible<()> + 'static) -> Self {
        Self { prepare: Box::new(prepare), ..self }
    }

    fn run(self, run: impl Fn(&mut Stage) -> Fallible<Sample> + 'static) -> Self {
        Self { run: Box::new(run), ..self }
    }

    /// Whether it is measured with this server.
    pub(crate) fn is_for(&self, stage: &Stage) -> bool {
        let can = self.needs.is_none_or(|capability| stage.advertises(capability));
        can && (stage.kind == Kind::Rookery || !self.alone)
    }

    /// Whether somebody who asks for `name` means this one: itself, or its group (`fetch` for `fetch-bodies`).
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let rest = self.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

/// All workloads, in the order of the report.
pub(crate) fn all(sizes: &Sizes) -> Vec<Workload> {
    let groups = [
        session::workloads(),
        append::workloads(),
        select::workloads(sizes),
        fetch::workloads(sizes),
        store::workloads(sizes),
        resync::workloads(sizes),
        search::workloads(sizes),
        copy::workloads(sizes),
        list::workloads(sizes),
        mix::workloads(),
        growth::workloads(sizes),
        idle::workloads(sizes),
    ];
    groups.into_iter().flatten().collect()
}

//! What was measured, in numbers to compare.

mod machine;
pub(crate) mod markdown;

use crate::Fallible;
use crate::corpus::Corpus;
use crate::measure::Sample;
use crate::servers::Kind;
use crate::stage::Stage;
use crate::workload::{Aim, By, Workload};
use serde::Serialize;
use std::time::Duration;

/// The middle of several figures, and how far they lie apart.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Figure {
    median: f64,
    least: f64,
    most: f64,
}

impl Figure {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |at: usize| figures.get(at).copied().unwrap_or(0.0);
        let middle = figures.len() / 2;
        let even = figures.len().is_multiple_of(2) && middle > 0;
        let median = if even { f64::midpoint(at(middle - 1), at(middle)) } else { at(middle) };
        Self { median, least: at(0), most: at(figures.len().saturating_sub(1)) }
    }
}

/// What one server needed for one workload, for each operation.
#[derive(Serialize)]
pub(crate) struct Cost {
    #[serde(serialize_with = "as_name")]
    kind: Kind,
    operations: u64,
    /// Octets of mail that went through, in all operations of a round.
    octets: u64,
    /// Microseconds for an operation.
    wall: Figure,
    /// Microseconds that the server computes for an operation; milliseconds for a thousand.
    cpu: Figure,
    /// Octets given to the disk for an operation.
    written: Figure,
    /// Syncs for an operation.
    syncs: Figure,
    /// Octets of memory at the most.
    memory: Figure,
}

fn as_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

impl Cost {
    fn of(kind: Kind, samples: &[Sample]) -> Option<Self> {
        let first = samples.first()?;
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let each = |number: &dyn Fn(&Sample) -> f64| {
            Figure::of(samples.iter().map(|s| number(s) / s.operations.max(1) as f64).collect())
        };
        Some(Self {
            kind,
            operations: first.operations,
            octets: first.octets,
            wall: each(&|sample| micros(sample.wall)),
            cpu: each(&|sample| micros(sample.cpu)),
            written: each(&|sample| sample.written as f64),
            syncs: each(&|sample| sample.syncs as f64),
            memory: Figure::of(samples.iter().map(|sample| sample.memory as f64).collect()),
        })
    }

    fn by(&self, by: By) -> f64 {
        match by {
            By::Wall => self.wall.median,
            By::Cpu => self.cpu.median,
            By::Memory => self.memory.median,
        }
    }

    /// Megabytes of mail in a second of time, or of the server's computing.
    fn rate(&self, by: By) -> f64 {
        self.octets as f64 / (self.by(by) * self.operations as f64).max(1e-9)
    }
}

/// One workload on all servers.
#[derive(Serialize)]
pub(crate) struct Line {
    name: String,
    what: String,
    /// `wall`, `cpu` or `memory`: what the factor is about.
    by: &'static str,
    #[serde(skip)]
    measure: By,
    /// How many times better than the better of the others we are.
    factor: Option<f64>,
    /// How many times better we want to be.
    aim_times: Option<f64>,
    /// How many microseconds, or octets, we want to need at the most.
    aim_within: Option<f64>,
    costs: Vec<Cost>,
}

impl Line {
    /// Put together what was measured.
    pub(crate) fn new(workload: &Workload, samples: &[(Kind, Vec<Sample>)]) -> Self {
        let costs: Vec<Cost> =
            samples.iter().filter_map(|(kind, samples)| Cost::of(*kind, samples)).collect();
        let measure = workload.by;
        let figures = |ours: bool| {
            let some = costs.iter().filter(move |cost| (cost.kind == Kind::Rookery) == ours);
            some.map(|cost| cost.by(measure)).reduce(f64::min)
        };
        let factor =
            figures(false).zip(figures(true)).map(|(theirs, ours)| theirs / ours.max(1e-3));
        Self {
            name: workload.name.clone(),
            what: workload.what.clone(),
            by: match measure {
                By::Wall => "wall",
                By::Cpu => "cpu",
                By::Memory => "memory",
            },
            measure,
            factor,
            aim_times: match workload.aim {
                Some(Aim::Times(times)) => Some(times),
                _ => None,
            },
            aim_within: match workload.aim {
                Some(Aim::Within(most)) => Some(most),
                _ => None,
            },
            costs,
        }
    }

    /// Whether the aim is met, if there is one and it can be said.
    fn is_met(&self) -> Option<bool> {
        if let Some(most) = self.aim_within {
            let ours = self.costs.iter().find(|cost| cost.kind == Kind::Rookery)?;
            return Some(ours.by(self.measure) <= most);
        }
        Some(self.factor? >= self.aim_times?)
    }

    /// For whoever waits.
    pub(crate) fn short(&self) -> String {
        let factor =
            self.factor.map_or(String::new(), |factor| format!("{factor:.2} x by {}", self.by));
        let verdict = match self.is_met() {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        let costs: Vec<String> = self
            .costs
            .iter()
            .map(|cost| {
                format!("{} {:.1}/{:.1} us", cost.kind.name(), cost.wall.median, cost.cpu.median)
            })
            .collect();
        format!("{:<26}{factor:>18} {verdict:<7} {}", self.name, costs.join("  "))
    }
}

/// All that a run found.
#[derive(Serialize)]
pub(crate) struct Report {
    machine: machine::Machine,
    quick: bool,
    corpus: String,
    /// Megabytes in a second that a loop which copies bodies to a socket reaches.
    ceiling: f64,
    settings: Vec<(&'static str, String)>,
    lines: Vec<Line>,
}

impl Report {
    /// Put together what was measured.
    pub(crate) fn new(
        stages: &[Stage],
        corpus: &Corpus,
        quick: bool,
        ceiling: f64,
        lines: Vec<Line>,
    ) -> Fallible<Self> {
        let exact = stages.iter().all(|stage| stage.server().is_ok_and(|s| s.group().is_exact()));
        let messages = corpus.messages.len();
        let octets = corpus.octets(messages) / messages.max(1) as u64;
        Ok(Self {
            machine: machine::Machine::find(exact),
            quick,
            ceiling,
            corpus: format!("{messages} messages of {octets} octets on average, {}", corpus.origin),
            settings: stages.iter().map(|s| (s.kind.name(), s.site.settings())).collect(),
            lines,
        })
    }

    /// As JSON.
    pub(crate) fn json(&self) -> Fallible<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        let figure = Figure::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((figure.median, figure.least, figure.most), (2.0, 1.0, 3.0));
        assert_eq!(Figure::of(vec![4.0, 1.0, 2.0, 3.0]).median, 2.5);
    }
}

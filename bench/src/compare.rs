//! Runs each workload on each server, in turns, and reports.

use crate::Fallible;
use crate::ceiling;
use crate::corpus::Corpus;
use crate::measure::Sample;
use crate::report::{Line, Report, markdown};
use crate::servers::dovecot::Dovecot;
use crate::servers::rookery::Rookery;
use crate::servers::{Kind, Person, Settings, Site};
use crate::sizes::Sizes;
use crate::stage::Stage;
use crate::workload::{self, Workload};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What can be chosen.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which other server to compare with; without it only Rookery is measured.
    #[arg(long)]
    against: Option<Other>,
    /// Only these workloads or groups of them: noop,fetch
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How often each workload is run on each server
    #[arg(long)]
    rounds: Option<u32>,
    /// Less of everything: two minutes
    #[arg(long)]
    quick: bool,
    /// Print the names of all workloads, and stop
    #[arg(long)]
    list: bool,
    /// Write all figures here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report here as well; of a document that has a line `<!-- the last run -->`, what follows is replaced
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// A server to compare with.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Other {
    /// Debian's Dovecot, once with Maildir, once with mdbox
    Dovecot,
}

/// Measure and report.
pub(crate) fn run(arguments: &Arguments) -> Fallible<()> {
    let sizes = if arguments.quick { Sizes::QUICK } else { Sizes::FULL };
    let workloads = choose(&arguments.only, &sizes)?;
    if arguments.list {
        workloads.iter().for_each(|workload| println!("{:<28}{}", workload.name, workload.what));
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    Person::find()?.give(folder.path())?;
    let corpus = Arc::new(Corpus::load(sizes.corpus)?);
    let mut stages = stages(folder.path(), arguments.against, &corpus, sizes)?;
    fill(&workloads, &mut stages)?;
    let rounds = arguments.rounds.unwrap_or(sizes.rounds);
    let lines = measure(&workloads, &mut stages, rounds)?;
    let ceiling = ceiling::measure(&corpus)?;
    let report = Report::new(&stages, &corpus, arguments.quick, ceiling, lines)?;
    let text = report.markdown();
    println!("{text}");
    if let Some(file) = &arguments.markdown {
        markdown::put(file, &text)?;
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, report.json()?)?;
    }
    Ok(())
}

fn choose(only: &[String], sizes: &Sizes) -> Fallible<Vec<Workload>> {
    let all = workload::all(sizes);
    if let Some(unknown) = only.iter().find(|name| !all.iter().any(|w| w.is_called(name))) {
        return Err(format!("there is no workload {unknown}; --list prints all").into());
    }
    let is_wanted = |w: &Workload| only.is_empty() || only.iter().any(|name| w.is_called(name));
    Ok(all.into_iter().filter(is_wanted).collect())
}

/// The servers, started, without mail.
pub(crate) fn stages(
    folder: &Path,
    against: Option<Other>,
    corpus: &Arc<Corpus>,
    sizes: Sizes,
) -> Fallible<Vec<Stage>> {
    let rookery = Rookery::new(folder)?;
    let certificate = rookery.certificate();
    let ours = Stage::new(Kind::Rookery, Site::Rookery(rookery), Arc::clone(corpus), sizes)?;
    let mut stages = vec![ours];
    if against.is_some() {
        if Dovecot::version().is_none() {
            return Err("there is no dovecot; bench/run installs it".into());
        }
        for kind in [Kind::Maildir, Kind::Mdbox] {
            let site = Site::Dovecot(Dovecot::new(folder, kind, certificate.clone())?);
            stages.push(Stage::new(kind, site, Arc::clone(corpus), sizes)?);
        }
    }
    Ok(stages)
}

fn fill(workloads: &[Workload], stages: &mut [Stage]) -> Fallible<()> {
    for stage in stages {
        let start = Instant::now();
        for workload in workloads {
            if !workload.is_for(stage) {
                continue;
            }
            let done = (workload.prepare)(stage);
            done.map_err(|error| failed(workload, stage, &*error))?;
        }
        let took = start.elapsed().as_secs_f32();
        eprintln!("{} is filled after {took:.1} s", stage.kind.name());
    }
    Ok(())
}

/// Run all workloads that want the same settings, then those that want the next, so that servers are started seldom.
fn measure(workloads: &[Workload], stages: &mut [Stage], rounds: u32) -> Fallible<Vec<Line>> {
    let mut settings: Vec<Settings> = Vec::new();
    for workload in workloads {
        if !settings.contains(&workload.settings) {
            settings.push(workload.settings);
        }
    }
    let mut lines: Vec<Option<Line>> = workloads.iter().map(|_| None).collect();
    for settings in settings {
        stages.iter_mut().try_for_each(|stage| stage.with(settings))?;
        for (workload, line) in workloads.iter().zip(&mut lines) {
            if workload.settings == settings {
                *line = Some(measure_one(workload, stages, rounds)?);
            }
        }
    }
    Ok(lines.into_iter().flatten().collect())
}

fn measure_one(workload: &Workload, stages: &mut [Stage], rounds: u32) -> Fallible<Line> {
    let start = Instant::now();
    let mut samples: Vec<(Kind, Vec<Sample>)> = Vec::new();
    samples.extend(stages.iter().map(|stage| (stage.kind, Vec::new())));
    for round in 0..workload.rounds.unwrap_or(rounds) as usize {
        for turn in 0..stages.len() {
            // Another one begins in each round.
            let which = (round + turn) % stages.len();
            let stage = &mut stages[which];
            if workload.is_for(stage) {
                stage.run += 1;
                let sample = (workload.run)(stage);
                samples[which].1.push(sample.map_err(|error| failed(workload, stage, &*error))?);
            }
        }
    }
    let line = Line::new(workload, &samples);
    eprintln!("{:>6.1} s  {}", start.elapsed().as_secs_f32(), line.short());
    Ok(line)
}

fn failed(workload: &Workload, stage: &Stage, error: &dyn std::error::Error) -> String {
    format!("{} on {}: {error}", workload.name, stage.kind.name())
}

//! `trichter run`: everything that a night brings, from the logs to the alerts, written down.
//!
//! Each step is what one of the other commands does. What a step cannot do keeps the later ones from nothing that they can do
//! without it.

mod log;
mod record;
mod steps;
mod stop;

pub(super) use self::steps::freshness;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use self::log::LogForm;
use self::record::Record;
use super::{Done, instant, now, print};
use crate::config::{Config, Period};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::ingest::Balance;
use crate::job::Lock;

/// Do what a night brings: ingest what is new, keep the store in order, write reports and exports, judge alerts.
///
/// The section [run] of the configuration says what is read and what is made of it; 'trichter init' writes one. Each log is read on
/// where the last run stopped. What was done stands in a file for each run, runs/DATE.json. Exit codes: 0 done; 1 done, but there is
/// an alert or a limit was missed; 2 something could not be done, and the record says what.
///
/// Example: trichter run --config /etc/trichter/trichter.toml
#[derive(clap::Args)]
pub(super) struct Run {
    /// The configuration. Relative paths in it begin in its folder.
    #[arg(long, value_name = "FILE", default_value = super::CONFIG)]
    config: PathBuf,
    /// Only these steps, separated by commas.
    #[arg(long, value_enum, value_name = "STEPS", value_delimiter = ',')]
    only: Vec<Step>,
    /// All steps but these.
    #[arg(long, value_enum, value_name = "STEPS", value_delimiter = ',', conflicts_with = "only")]
    skip: Vec<Step>,
    /// Write the reports of periods for all that lie between this day or instant and --until, instead of for the last one.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Reports and exports as if the log ended here.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Read all logs from their beginnings, also what earlier runs have read. Nothing counts twice.
    #[arg(long)]
    again: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// How the run tells on standard error what it does.
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    log: LogForm,
    /// Print the record of the run instead of one line.
    #[arg(long)]
    json: bool,
}

/// Part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Step {
    /// Read what is new in the logs.
    Ingest,
    /// Merge data files, and delete those that no version needs that can still be opened.
    Tidy,
    /// Write the reports.
    Report,
    /// Bring the targets of exports up to date.
    Export,
    /// Judge what is watched, and tell whom it may concern.
    Alert,
}

impl Step {
    const ALL: [Self; 5] = [Self::Ingest, Self::Tidy, Self::Report, Self::Export, Self::Alert];

    fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Tidy => "tidy",
            Self::Report => "report",
            Self::Export => "export",
            Self::Alert => "alert",
        }
    }
}

/// What all steps know of the run.
struct Job<'r> {
    command: &'r Run,
    path: &'r Path,
    config: Config,
    now: Time,
    since: Option<Time>,
    until: Option<Time>,
    /// What the ingest of this run came to.
    balance: OnceLock<Balance>,
}

impl Run {
    pub(super) fn run(&self, quiet: bool) -> Result<Done> {
        let config = Config::load(&self.config)?;
        let zone = config.report.zone.clone();
        let when = |text: &Option<String>| text.as_deref().map(|text| instant(text, &zone)).transpose();
        let (since, until) = (when(&self.since)?, when(&self.until)?);
        let job = Job { command: self, path: &self.config, config, now: now(), since, until, balance: OnceLock::new() };
        job.check()?;
        if self.dry_run {
            return job.tell();
        }
        let store = &job.config.run.store;
        let _lock = Lock::hold(store)?;
        log::begin(self.log, quiet);
        let record = Record::begin(&job)?;
        let _guard = stop::on_signal(&record)?;
        for step in Step::ALL {
            record.step(step.name(), self.wants(step), |record| job.step(step, record));
        }
        job.look(&record);
        let (path, manifest) = record.end()?;
        if self.json {
            super::print_json(&manifest)?;
        } else if !quiet {
            print(&record::summary(&manifest, &path))?;
        }
        Ok(match manifest.outcome.as_str() {
            "done" => Done::Well,
            "limit_missed" => Done::LimitMissed,
            _ => Done::NotAll,
        })
    }

    fn wants(&self, step: Step) -> bool {
        (self.only.is_empty() || self.only.contains(&step)) && !self.skip.contains(&step)
    }
}

impl Job<'_> {
    /// Refuses what cannot be meant.
    fn check(&self) -> Result<()> {
        let wrong = |message: &str| {
            let path = self.path.to_path_buf();
            Err(Error::Config { path, line: None, message: message.to_owned() })
        };
        if self.command.wants(Step::Ingest) && self.config.run.inputs.is_empty() {
            return wrong("[run] names no inputs; write inputs = [\"logs\"], or leave out the step with --skip ingest");
        }
        if crate::store::Place::is_address(&self.config.run.store.to_string_lossy()) {
            return wrong(
                "[run] store is in object storage: a run keeps its lock, its bookmarks and who was told of alerts beside the \
                 store, on a disk; use 'trichter ingest', 'report' and 'export', or name a folder",
            );
        }
        let run = &self.config.run;
        let written = run.report.iter().map(|report| &report.out).chain([&run.manifests]);
        let mut written = written.chain(&run.rejects).chain(&run.metrics);
        if let Some(path) = written.find(|path| crate::store::Place::is_address(&path.to_string_lossy())) {
            return wrong(&format!(
                "'{}' is in object storage, where a run writes nothing; name a folder",
                path.display()
            ));
        }
        let has_periods = self.config.run.report.iter().any(|report| report.period != Period::All);
        if self.since.is_some() && !has_periods {
            return wrong("--since asks for the reports of periods, and no [[run.report]] has one");
        }
        Ok(())
    }

    /// What would be done.
    fn tell(&self) -> Result<Done> {
        let run = &self.config.run;
        let mut text = format!("store: {}\n", run.store.display());
        for step in Step::ALL.into_iter().filter(|step| self.command.wants(*step)) {
            text.extend([format!("{}:\n", step.name())]);
            let lines: Vec<String> = match step {
                Step::Ingest => self.inputs(),
                Step::Tidy => vec![format!("months of more than {} data files", run.optimize)],
                Step::Report => run.report.iter().map(|report| report.out.display().to_string()).collect(),
                Step::Export => {
                    self.config.export.iter().map(|export| crate::export::target::shown(&export.target)).collect()
                }
                Step::Alert => self.config.alert.iter().map(|alert| alert.name.clone()).collect(),
            };
            text.extend(lines.into_iter().map(|line| format!("  {line}\n")));
        }
        print(&text)?;
        Ok(Done::Well)
    }

    /// The inputs, with the number of files that each stands for.
    fn inputs(&self) -> Vec<String> {
        let told = |input: &String| match crate::ingest::input::sources(std::slice::from_ref(input)) {
            Ok(sources) => format!("{input}: {} files", sources.len()),
            Err(problem) => problem.to_string(),
        };
        self.config.run.inputs.iter().map(told).collect()
    }
}

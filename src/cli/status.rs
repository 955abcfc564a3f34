//! `trichter status`: whether all is well with a store that runs fill, for people and for what watches.

use std::path::{Path, PathBuf};

use super::{Done, now, print, print_json};
use crate::config::{Config, Window};
use crate::error::{Error, Result};
use crate::event::{SECOND, Time};
use crate::job::manifest::{Fresh, Step};
use crate::job::{Lock, Manifest};
use crate::report::Language;
use crate::store::{AsOf, Snapshot, Store};

/// Tell how the last run ended, how fresh the data of each source are, and what the store holds.
///
/// Exit code 1 if the last run failed or was stopped, or if there is none; with --max-age also if it ended longer ago than that, or
/// if no source has told anything since.
///
/// Example: trichter status --config /etc/trichter/trichter.toml --max-age 26h
#[derive(clap::Args)]
pub(super) struct Status {
    /// The configuration of the runs.
    #[arg(long, value_name = "FILE", default_value = super::CONFIG)]
    config: PathBuf,
    /// How old the last run, and the latest event of all sources, may be, such as 26h.
    #[arg(long, value_name = "AGE", value_parser = Window::parse)]
    max_age: Option<Window>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// What there is to say.
#[derive(serde::Serialize)]
struct Told {
    is_well: bool,
    /// What is not well, in words.
    problems: Vec<String>,
    is_running: bool,
    last_run: Option<LastRun>,
    store: Option<Held>,
    freshness: Vec<Fresh>,
}

#[derive(serde::Serialize)]
struct LastRun {
    record: PathBuf,
    began_at: String,
    ended_at: Option<String>,
    outcome: String,
    steps: Vec<Step>,
}

#[derive(serde::Serialize)]
struct Held {
    path: PathBuf,
    version: u64,
    n_versions: usize,
    n_files: usize,
    n_events: u64,
    n_bytes: u64,
    last_event_at: Option<String>,
}

impl Status {
    pub(super) fn run(&self) -> Result<Done> {
        let config = Config::load(&self.config)?;
        let told = self.look(&config)?;
        if self.json {
            print_json(&told)?;
        } else {
            print(&text(&told))?;
        }
        Ok(if told.is_well { Done::Well } else { Done::LimitMissed })
    }

    fn look(&self, config: &Config) -> Result<Told> {
        let run = &config.run;
        let latest = Manifest::latest(&run.manifests)?;
        let (store, fresh) = look_into(&run.store)?;
        let mut problems = Vec::new();
        match &latest {
            None => problems.push(format!("no run is recorded in '{}'", run.manifests.display())),
            Some((_, last)) => {
                if !matches!(last.outcome.as_str(), "done" | "limit_missed") {
                    problems.push(format!("the last run {}", last.outcome));
                }
                problems.extend(self.too_old(last.ended_at.as_deref(), "the last run ended"));
            }
        }
        let last_event = fresh.iter().map(|fresh| fresh.last_event_at.as_str()).max();
        problems.extend(self.too_old(last_event, "the latest event was"));
        let last_run = latest.map(|(record, last)| LastRun {
            record,
            began_at: last.began_at,
            ended_at: last.ended_at,
            outcome: last.outcome,
            steps: last.steps,
        });
        let is_running = run.store.is_dir() && Lock::is_held(&run.store)?;
        Ok(Told { is_well: problems.is_empty(), problems, is_running, last_run, store, freshness: fresh })
    }

    /// What is wrong with something that was at this time, if it was too long ago.
    fn too_old(&self, at: Option<&str>, what: &str) -> Option<String> {
        let most = self.max_age?;
        let at = Time::parse(at?, None)?;
        let age = now().0.saturating_sub(at.0);
        (age > most.0).then(|| format!("{what} {} h ago", age / (3600 * SECOND)))
    }
}

/// What a store holds; nothing if it was not made yet.
fn look_into(path: &Path) -> Result<(Option<Held>, Vec<Fresh>)> {
    let store = match Store::open(path, AsOf::Latest) {
        Ok(store) => store,
        Err(Error::NoStore { .. }) => return Ok((None, Vec::new())),
        Err(problem) => return Err(problem),
    };
    let snapshot = Snapshot::of(&store)?;
    let held = Held {
        path: path.to_path_buf(),
        version: store.version(),
        n_versions: store.log()?.len(),
        n_files: snapshot.files().count(),
        n_events: snapshot.n_rows(),
        n_bytes: snapshot.files().map(|file| file.size).sum(),
        last_event_at: snapshot.horizon().map(|at| Time(at).to_string()),
    };
    Ok((Some(held), super::run::freshness(&snapshot)?))
}

fn text(told: &Told) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| text.extend([format!("{name:<12} {value}\n")]);
    match &told.last_run {
        None => line("last run", "none".into()),
        Some(run) => {
            let ended = run.ended_at.as_deref().unwrap_or("-");
            line("last run", format!("{}, {ended}, {}", run.outcome.replace('_', " "), run.record.display()));
            for step in run.steps.iter().filter(|step| step.error.is_some()) {
                line("", format!("{}: {}", step.name, step.error.as_deref().unwrap_or_default()));
            }
        }
    }
    if told.is_running {
        line("", "a run is at work".into());
    }
    match &told.store {
        None => line("store", "none".into()),
        Some(store) => line(
            "store",
            format!(
                "{}: {} events in {} files of {} bytes, version {} of {}",
                store.path.display(),
                Language::En.count(store.n_events),
                store.n_files,
                Language::En.count(store.n_bytes),
                store.version,
                store.n_versions
            ),
        ),
    }
    for fresh in &told.freshness {
        let account = fresh.account.as_deref().map(|account| format!(" {account}")).unwrap_or_default();
        line(&fresh.channel, format!("latest event {}{account}", fresh.last_event_at));
    }
    for problem in &told.problems {
        line("NOT WELL", problem.clone());
    }
    text
}

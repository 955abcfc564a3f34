//! The record of a run while it grows, and its end.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::{error, info, warn};

use super::Job;
use crate::cli::now;
use crate::error::{Error, Result};
use crate::event::Time;
use crate::job::manifest::{Hashed, Step, Versions};
use crate::job::{Manifest, prometheus};
use crate::store::{AsOf, Store};

/// The record. Its clones are the same record: who stops the run writes it too.
#[derive(Clone)]
pub(super) struct Record {
    manifest: Arc<Mutex<Manifest>>,
    folder: PathBuf,
    metrics: Option<PathBuf>,
    day: String,
}

impl Record {
    /// The record of a run that begins.
    pub(super) fn begin(job: &Job<'_>) -> Result<Self> {
        let run = &job.config.run;
        let before = match Store::open(&run.store, AsOf::Latest) {
            Ok(store) => Some(store.version()),
            Err(Error::NoStore { .. }) => None,
            Err(problem) => return Err(problem),
        };
        let manifest = Manifest {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            began_at: job.now.to_string(),
            configuration: Hashed::file(job.path)?,
            store: Versions { path: run.store.to_string_lossy().into_owned(), before, ..Versions::default() },
            ..Manifest::default()
        };
        let zone = &job.config.report.zone.0;
        let day = jiff::Timestamp::from_microsecond(job.now.0).unwrap_or_default().to_zoned(zone.clone());
        info!(program = manifest.program, store = manifest.store.path, "run begins");
        let day = day.strftime("%Y-%m-%d").to_string();
        let manifest = Arc::new(Mutex::new(manifest));
        Ok(Self { manifest, folder: run.manifests.clone(), metrics: run.metrics.clone(), day })
    }

    /// What is written down so far, to add to it. Held for no longer than that takes: who stops the run waits for it.
    pub(super) fn note(&self) -> MutexGuard<'_, Manifest> {
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a step, if it is wanted, and writes down how it went.
    pub(super) fn step(&self, name: &str, is_wanted: bool, step: impl FnOnce(&Self) -> Result<bool>) {
        let mut done = Step { name: name.to_owned(), outcome: "skipped".to_owned(), ..Step::default() };
        if is_wanted {
            let began = Instant::now();
            let outcome = step(self);
            done.seconds = (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
            match outcome {
                Ok(true) => {
                    "done".clone_into(&mut done.outcome);
                    info!(step = name, seconds = done.seconds, "step done");
                }
                Ok(false) => {}
                Err(problem) => {
                    "failed".clone_into(&mut done.outcome);
                    done.error = Some(told(&problem));
                    error!(step = name, seconds = done.seconds, error = done.error, "step failed");
                }
            }
        }
        self.note().steps.push(done);
    }

    /// Notes something that is no failure, and that somebody should know.
    pub(super) fn miss(&self, message: &str) {
        warn!("{message}");
        let mut manifest = self.note();
        if manifest.outcome.is_empty() {
            "limit_missed".clone_into(&mut manifest.outcome);
        }
    }

    /// Notes a part of a step that is left to the next run.
    pub(super) fn put_off(&self, part: &str, why: &str) {
        warn!(part, why, "left to the next run");
        let outcome = "put_off".to_owned();
        self.note().steps.push(Step { name: part.to_owned(), outcome, error: Some(why.to_owned()), ..Step::default() });
    }

    /// Writes down that the run was stopped, and what it had done.
    pub(super) fn stopped(&self, signal: i32) {
        warn!(signal, "run stopped; the next one goes on");
        "stopped".clone_into(&mut self.note().outcome);
        if let Err(problem) = self.write() {
            error!(error = told(&problem), "the record could not be written");
        }
    }

    /// Ends the record, and returns it with its place.
    pub(super) fn end(&self) -> Result<(PathBuf, Manifest)> {
        {
            let mut manifest = self.note();
            if manifest.steps.iter().any(|step| step.outcome == "failed") {
                "failed".clone_into(&mut manifest.outcome);
            } else if manifest.outcome.is_empty() {
                "done".clone_into(&mut manifest.outcome);
            }
        }
        let (path, manifest) = self.write()?;
        info!(outcome = manifest.outcome, record = %path.display(), "run ended");
        Ok((path, manifest))
    }

    fn write(&self) -> Result<(PathBuf, Manifest)> {
        let mut manifest = self.note().clone();
        manifest.ended_at = Some(now().to_string());
        let path = manifest.keep(&self.folder, &self.day)?;
        if let Some(metrics) = &self.metrics {
            crate::cli::write_whole(metrics, prometheus::text(&manifest).as_bytes())?;
            // The node exporter is somebody else, and what it reads names nobody.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let readable = std::fs::Permissions::from_mode(0o644);
                std::fs::set_permissions(metrics, readable).map_err(Error::write(metrics))?;
            }
        }
        Ok((path, manifest))
    }
}

/// An error with its causes and what to try, on one line.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.extend([format!(": {error}")]);
        cause = error.source();
    }
    if let Some(remedy) = error.remedy() {
        text.extend([format!("; try: {remedy}")]);
    }
    text
}

/// The run in one line.
pub(super) fn summary(manifest: &Manifest, path: &std::path::Path) -> String {
    let of = |part: &str, name: &str| {
        let balance = manifest.balance.as_ref();
        balance.and_then(|balance| balance.get(part)?.get(name)?.as_u64()).unwrap_or_default()
    };
    let seconds = |text: &str| Time::parse(text, None).map_or(0, |time| time.0 / crate::event::SECOND);
    let took = manifest.ended_at.as_deref().map_or(0, seconds) - seconds(&manifest.began_at);
    let failed: Vec<&str> =
        manifest.steps.iter().filter(|step| step.outcome == "failed").map(|step| step.name.as_str()).collect();
    let outcome =
        if failed.is_empty() { manifest.outcome.replace('_', " ") } else { format!("failed: {}", failed.join(", ")) };
    format!(
        "{outcome}; {} records read, {} refused, {} events new; version {}; {} outputs, {} exports, {} alerts; {took} s; {}\n",
        of("records", "received"),
        of("records", "rejected"),
        of("events", "stored"),
        manifest.store.after.map_or_else(|| "-".to_owned(), |version| version.to_string()),
        manifest.outputs.len(),
        manifest.exports.len(),
        manifest.alerts.len(),
        path.display(),
    )
}

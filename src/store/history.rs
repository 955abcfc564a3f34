//! The history of a table: what its log says of every version, which ledgers and links count, and which files a version can
//! still need. Reads the log only.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use super::counted;
use super::links::kept;
use super::table::{AsOf, LOG, Store};
use crate::error::{Error, Result};
use crate::event::Time;

/// Key of the ledger in a commit's information.
pub(super) const LEDGER_KEY: &str = "trichter.ledger";
/// Key of the name of the file with the commit's links.
pub(super) const LINKS_KEY: &str = "trichter.links";
/// Key of the name of the file with the hashes of the records that the commit counted and set aside.
pub(super) const RECORDS_KEY: &str = "trichter.records";
/// Key that says that the links of a commit are all there are: those of commits before it count no longer.
pub(super) const ALL_LINKS_KEY: &str = "trichter.links.all";
/// Key that says that the records of a commit are all there are.
pub(super) const ALL_RECORDS_KEY: &str = "trichter.records.all";
/// What the log calls an erasing.
pub(super) const FORGET: &str = "DELETE";

/// What an ingest received, each distinct record once. It is kept with the commit, so that a report can show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Distinct records that gave stored events.
    pub accepted: u64,
    /// Distinct records that are valid but say nothing about conversations.
    pub ignored: u64,
    /// Distinct records that were refused, wholly or in part.
    pub rejected: u64,
    /// Events stored.
    pub stored: u64,
    /// Why records were ignored or rejected.
    pub reasons: BTreeMap<String, u64>,
}

impl Ledger {
    /// Adds the counts of another commit.
    pub fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.ignored += other.ignored;
        self.rejected += other.rejected;
        self.stored += other.stored;
        for (reason, n) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += n;
        }
    }
}

/// One version of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Its number.
    pub version: u64,
    /// When it was committed, by the committer's clock.
    pub at: Option<String>,
    /// What was done: CREATE TABLE, WRITE, OPTIMIZE, VACUUM …
    pub operation: String,
    /// What an ingest received; absent for other operations.
    pub ledger: Option<Ledger>,
    /// Name of the file with what it learned about who is who.
    #[serde(skip)]
    pub(super) links: Option<String>,
    /// Name of the file with the hashes of records that it counted and set aside.
    #[serde(skip)]
    pub(super) records: Option<String>,
    /// Whether these are all links.
    #[serde(skip)]
    has_all_links: bool,
    /// Whether these are all records.
    #[serde(skip)]
    has_all_records: bool,
}

impl Store {
    /// The versions up to the one that is open, newest first.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn log(&self) -> Result<Vec<Commit>> {
        let open = self.version();
        let mut commits = self.commits()?;
        commits.retain(|commit| commit.version <= open);
        Ok(commits)
    }

    /// Every version, newest first, also those after the one that is open.
    fn commits(&self) -> Result<Vec<Commit>> {
        let (newest, infos) = self
            .runtime
            .block_on(async {
                let newest = self.table.get_latest_version().await?;
                let infos: Vec<_> = self.table.history(None).try_collect().await?;
                Ok((newest, infos))
            })
            .map_err(|source| self.refused(source))?;
        let numbered = infos.into_iter().enumerate().map(|(age, info)| (newest.saturating_sub(age as u64), info));
        let commits = numbered.map(|(version, info)| Commit {
            version,
            at: info.timestamp.map(|millis| Time(millis.saturating_mul(1_000)).to_string()),
            operation: info.operation.unwrap_or_default(),
            ledger: info.info.get(LEDGER_KEY).and_then(|value| serde_json::from_value(value.clone()).ok()),
            links: info.info.get(LINKS_KEY).and_then(|name| Some(name.as_str()?.to_owned())),
            records: info.info.get(RECORDS_KEY).and_then(|name| Some(name.as_str()?.to_owned())),
            has_all_links: info.info.contains_key(ALL_LINKS_KEY),
            has_all_records: info.info.contains_key(ALL_RECORDS_KEY),
        });
        Ok(commits.collect())
    }

    /// The sum of the ledgers of all versions up to the one that is open.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn ledger(&self) -> Result<Ledger> {
        let mut sum = Ledger::default();
        for commit in self.log()? {
            if let Some(ledger) = &commit.ledger {
                sum.add(ledger);
            }
        }
        Ok(sum)
    }

    /// The files below the table's folder that a version can still need: those of the last erasing and of every version since.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(super) fn needed(&self) -> Result<BTreeSet<String>> {
        let log = self.log()?;
        let erased = log.iter().find(|commit| commit.operation == FORGET).map_or(0, |commit| commit.version);
        let files: BTreeSet<String> = self.files()?.into_iter().map(|file| file.path).collect();
        let mut needed: BTreeSet<String> = linked(&log).map(|name| format!("{}/{name}", kept::FOLDER)).collect();
        needed.extend(set_aside(&log).map(|name| format!("{}/{name}", counted::FOLDER)));
        needed.extend(files);
        if erased < self.version() {
            let then = Self::open(&self.place, AsOf::Version(erased))?;
            needed.extend(then.files()?.into_iter().map(|file| file.path));
            for version in erased + 1..=self.version() {
                needed.extend(self.added_by(version)?);
            }
        }
        Ok(needed)
    }

    /// The data files that a commit added.
    fn added_by(&self, version: u64) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Line {
            add: Option<Added>,
        }
        #[derive(Deserialize)]
        struct Added {
            path: String,
        }
        let text = self.text_of(version)?;
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        Ok(lines.filter_map(|line| Some(line.add?.path)).collect())
    }

    /// The first of some versions whose commit says this name.
    pub(super) fn naming(&self, name: &str, versions: impl Iterator<Item = u64>) -> Result<Option<u64>> {
        for version in versions {
            if self.text_of(version)?.contains(name) {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }

    fn text_of(&self, version: u64) -> Result<String> {
        let bytes = self.events().join(LOG).join(&format!("{version:020}.json")).read_whole()?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Refuses a version before the last erasing: its data files are gone.
    pub(super) fn check_not_erased(&self) -> Result<()> {
        let open = self.version();
        match self.commits()?.iter().find(|commit| commit.operation == FORGET && commit.version > open) {
            None => Ok(()),
            Some(commit) => Err(Error::Store {
                path: self.path.clone(),
                message: format!(
                    "version {open} is gone: version {} erased data or changed the key, and deleted what was before",
                    commit.version
                ),
            }),
        }
    }

    /// The newest version that was committed at or before an instant.
    pub(super) fn version_at(&self, time: Time) -> Result<u64> {
        let text = time.to_string();
        let found = self
            .log()?
            .into_iter()
            .find(|commit| commit.at.as_deref().and_then(|at| Time::parse(at, None)).is_some_and(|at| at <= time));
        found.map(|commit| commit.version).ok_or_else(|| Error::Store {
            path: self.path.clone(),
            message: format!("it has no version as old as {text}; 'trichter store log' lists them"),
        })
    }
}

/// Names of the files that hold the links of a version, by its log.
pub(super) fn linked(log: &[Commit]) -> impl Iterator<Item = &str> {
    let n_older = log.iter().position(|commit| commit.has_all_links).map_or(log.len(), |place| place + 1);
    log.iter().take(n_older).filter_map(|commit| commit.links.as_deref())
}

/// Names of the files that hold the hashes of records that were counted and set aside, by the log of a version.
pub(super) fn set_aside(log: &[Commit]) -> impl Iterator<Item = &str> {
    let n_older = log.iter().position(|commit| commit.has_all_records).map_or(log.len(), |place| place + 1);
    log.iter().take(n_older).filter_map(|commit| commit.records.as_deref())
}

//! The record of a run: what went in, what came out, how long it took and how it ended. One JSON file for each run, named by
//! its day.
//!
//! It names files and counts, and no person.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::write_whole;
use crate::error::{Error, Result};

/// What is written down of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the program.
    pub program: String,
    /// When the run began, UTC.
    pub began_at: String,
    /// When it ended; absent while it is at work, or if it was killed.
    pub ended_at: Option<String>,
    /// How it ended: `done`, `limit_missed`, `failed` or `stopped`.
    pub outcome: String,
    /// The configuration and BLAKE3 of its bytes.
    pub configuration: Hashed,
    /// The store.
    pub store: Versions,
    /// Logs that were read, in the order of their names; those in which nothing had changed are only counted.
    pub inputs: Vec<Input>,
    /// How many logs had been read before and were the same.
    pub n_unchanged: usize,
    /// Where every record and event went; absent if nothing was ingested.
    pub balance: Option<serde_json::Value>,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// Files that were written.
    pub outputs: Vec<Hashed>,
    /// What exports gave to their targets.
    pub exports: Vec<Exported>,
    /// Alerts that were raised or cleared.
    pub alerts: Vec<serde_json::Value>,
    /// The latest event of each channel and account, UTC.
    pub freshness: Vec<Fresh>,
}

/// A file and BLAKE3 of its bytes in hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// Where it is.
    pub path: String,
    /// How long it is.
    pub bytes: u64,
    /// Hash.
    pub hash: String,
}

/// A store before and after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Its folder.
    pub path: String,
    /// Version before; absent if the run made the store.
    pub before: Option<u64>,
    /// Version afterwards.
    pub after: Option<u64>,
    /// Data files afterwards.
    pub n_files: u64,
    /// Rows in them.
    pub n_events: u64,
    /// Bytes of them.
    pub n_bytes: u64,
}

/// A log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its name; a hash of it where names are people's, as those of exported chats are.
    pub name: String,
    /// `read`, `continued`, `put_off`, or `unreadable`.
    pub step: String,
    /// BLAKE3 of all that was read of it until now.
    pub hash: Option<String>,
    /// Bytes that were left for the next run.
    pub held_back: u64,
    /// Records of this run.
    pub received: u64,
    /// Those of them that were refused.
    pub rejected: u64,
}

/// Part of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// `done`, `skipped` or `failed`.
    pub outcome: String,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed.
    pub error: Option<String>,
}

/// What an export gave to a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The target, without a password.
    pub target: String,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Bytes that were written, of all tables.
    pub bytes: u64,
    /// Partitions that were written, and those that stayed as they were.
    pub written: u64,
    /// See [`Exported::written`].
    pub unchanged: u64,
}

/// The latest event of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fresh {
    /// Channel.
    pub channel: String,
    /// Account; absent if the log names none.
    pub account: Option<String>,
    /// When.
    pub last_event_at: String,
}

impl Hashed {
    /// A file as it is now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn file(path: &Path) -> Result<Self> {
        let mut hasher = blake3::Hasher::new();
        let file = fs::File::open(path).map_err(Error::read(path))?;
        hasher.update_reader(file).map_err(Error::read(path))?;
        let hash = hasher.finalize().to_hex().to_string();
        Ok(Self { path: path.to_string_lossy().into_owned(), bytes: hasher.count(), hash })
    }

    /// All files below a folder in the order of their names, or the file.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn all(path: &Path) -> Result<Vec<Self>> {
        let files = walkdir::WalkDir::new(path).sort_by_file_name().into_iter().filter_map(std::result::Result::ok);
        files.filter(|entry| entry.file_type().is_file()).map(|entry| Self::file(entry.path())).collect()
    }
}

impl Manifest {
    /// Writes it into `folder`, under a name that no other run has: `2026-05-01.json`, `2026-05-01.2.json` … Returns where.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, folder: &Path, day: &str) -> Result<PathBuf> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Usage(error.to_string()))? + "\n";
        let taken = |path: &PathBuf| path.exists();
        let names = std::iter::once(format!("{day}.json")).chain((2..).map(|number| format!("{day}.{number}.json")));
        let path = names.map(|name| folder.join(name)).find(|path| !taken(path)).unwrap_or_default();
        write_whole(&path, text.as_bytes())?;
        Ok(path)
    }

    /// The latest record in `folder` and where it is, if there is one. What is no record is passed over.
    ///
    /// # Errors
    /// The folder is there and cannot be listed.
    pub fn latest(folder: &Path) -> Result<Option<(PathBuf, Self)>> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let mut latest: Option<(PathBuf, Self)> = None;
        for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
            let path = entry.map_err(Error::read(folder))?.path();
            let is_record = path.extension().is_some_and(|extension| extension == "json");
            let Some(text) = is_record.then(|| fs::read(&path).ok()).flatten() else { continue };
            let Ok(manifest) = serde_json::from_slice::<Self>(&text) else { continue };
            if latest.as_ref().is_none_or(|(_, known)| known.began_at <= manifest.began_at) {
                latest = Some((path, manifest));
            }
        }
        Ok(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_record_takes_the_place_of_another_and_the_latest_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::latest(&folder.path().join("none")).unwrap(), None);
        let record = |began_at: &str| Manifest { began_at: began_at.into(), ..Manifest::default() };
        let names: Vec<String> = ["2026-05-01T02:00:00Z", "2026-05-01T03:00:00Z"]
            .iter()
            .map(|at| record(at).keep(folder.path(), "2026-05-01").unwrap())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["2026-05-01.json", "2026-05-01.2.json"]);
        fs::write(folder.path().join("broken.json"), "{").unwrap();
        let (path, latest) = Manifest::latest(folder.path()).unwrap().unwrap();
        assert!(path.ends_with("2026-05-01.2.json"));
        assert_eq!(latest.began_at, "2026-05-01T03:00:00Z");
    }
}

//! Targets that are folders of files: each export a version of its own, which readers see whole through a link.
//!
//! ```text
//! DIR/
//!   current -> versions/7             what readers open
//!   versions/7/manifest.json          what it holds
//!   versions/7/messages/month=2026-05/part.parquet
//!   versions/6/…                      for readers who opened it before
//! ```
//!
//! Partitions that did not change are hard links to the version before. A killed export leaves a folder that no link names,
//! which the next one takes away. Knows no format: `Encode` does.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::state::{Held, Name, Rows, State};
use super::target::{Changes, Target};
use crate::error::{Error, Result};

/// The link that readers follow.
const CURRENT: &str = "current";
/// The folder of all versions.
const VERSIONS: &str = "versions";
/// What a version holds.
const MANIFEST: &str = "manifest.json";

/// How rows become a file.
pub(super) trait Encode: Sync {
    /// What the format is called in a manifest.
    fn format(&self) -> &'static str;

    /// How names of its files end.
    fn extension(&self) -> &'static str;

    /// Writes rows.
    fn encode(&self, rows: Rows<'_>, out: &mut (dyn Write + Send)) -> Result<()>;
}

/// A folder of versions.
pub(super) struct Files {
    path: PathBuf,
    versions: PathBuf,
    encode: Box<dyn Encode>,
    manifest: Manifest,
    /// Number of the version that readers see; 0 if there is none.
    current: u64,
    _lock: Lock,
}

/// What a version holds. It stands in it as JSON.
#[derive(Default, Serialize, Deserialize)]
struct Manifest {
    format: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    export: Option<serde_json::Value>,
    partitions: Vec<Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    table: String,
    month: Option<String>,
    path: String,
    rows: u64,
    bytes: u64,
    hash: String,
}

impl Files {
    /// Opens a folder, and makes it if there is none.
    ///
    /// # Errors
    /// It holds what this program did not write or what is of another format, another export is writing, or it cannot be
    /// written.
    pub(super) fn open(path: &Path, encode: Box<dyn Encode>) -> Result<Self> {
        let lock = Lock::hold(path)?;
        let versions = path.join(VERSIONS);
        fs::create_dir_all(&versions).map_err(Error::write(&versions))?;
        let link = fs::read_link(path.join(CURRENT)).ok();
        let current = link.and_then(|link| link.file_name()?.to_str()?.parse().ok()).unwrap_or_default();
        let mut files =
            Self { path: path.to_path_buf(), versions, encode, manifest: Manifest::default(), current, _lock: lock };
        files.tidy()?;
        if current > 0 {
            files.manifest = files.read_manifest()?;
        }
        Ok(files)
    }

    fn read_manifest(&self) -> Result<Manifest> {
        let path = self.version(self.current).join(MANIFEST);
        let text = fs::read(&path).map_err(Error::read(&path))?;
        let damaged = |_| Error::Target {
            message: format!("'{}' is damaged", path.display()),
            remedy: "export to another folder, or remove this one",
        };
        let manifest: Manifest = serde_json::from_slice(&text).map_err(damaged)?;
        if manifest.format != self.encode.format() {
            let message = format!(
                "'{}' is an export as {}, not as {}",
                self.path.display(),
                manifest.format,
                self.encode.format()
            );
            return Err(Error::Target { message, remedy: "name another folder" });
        }
        Ok(manifest)
    }

    fn version(&self, number: u64) -> PathBuf {
        self.versions.join(number.to_string())
    }

    /// Takes away what killed exports left: folders without a number, and versions that no reader has seen.
    fn tidy(&self) -> Result<()> {
        self.remove(|number| number.is_none_or(|number| number > self.current))
    }

    /// Takes away versions that are older than the one before the current one.
    fn retire(&self) -> Result<()> {
        self.remove(|number| number.is_some_and(|number| number + 1 < self.current))
    }

    fn remove(&self, is_done_with: impl Fn(Option<u64>) -> bool) -> Result<()> {
        for entry in fs::read_dir(&self.versions).map_err(Error::read(&self.versions))? {
            let path = entry.map_err(Error::read(&self.versions))?.path();
            if !is_done_with(path.file_name().and_then(|name| name.to_str()?.parse().ok())) {
                continue;
            }
            let removed = if path.is_symlink() { fs::remove_file(&path) } else { fs::remove_dir_all(&path) };
            removed.map_err(Error::write(&path))?;
        }
        Ok(())
    }

    /// Writes a partition, and returns the size of its file.
    fn write(&self, rows: Rows<'_>, path: &Path) -> Result<u64> {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
        let mut out = BufWriter::new(File::create_new(path).map_err(Error::write(path))?);
        self.encode.encode(rows, &mut out).map_err(|error| error.written_to(path))?;
        let file = out.into_inner().map_err(|error| Error::write(path)(error.into_error()))?;
        // A version must not name a file whose bytes a power cut could still take away.
        file.sync_all().map_err(Error::write(path))?;
        Ok(file.metadata().map_err(Error::write(path))?.len())
    }
}

impl Target for Files {
    fn workspace(&self) -> Option<&Path> {
        Some(&self.versions)
    }

    fn held(&mut self) -> Result<Held> {
        let name = |entry: &Entry| Name { table: entry.table.clone(), month: entry.month.clone() };
        Ok(self.manifest.partitions.iter().map(|entry| (name(entry), entry.hash.clone())).collect())
    }

    fn replace(&mut self, state: &State, changes: &Changes) -> Result<BTreeMap<Name, u64>> {
        let number = self.current + 1;
        let draft = tempfile::Builder::new()
            .prefix(&format!(".{number}-"))
            .tempdir_in(&self.versions)
            .map_err(Error::write(&self.versions))?;
        let before = self.version(self.current);
        let make = |partition: &super::state::Partition| {
            let name = &partition.name;
            let path = format!("{}/part.{}", name.folder(partition.table), self.encode.extension());
            let to = draft.path().join(&path);
            let linked = if changes.changed.contains(name) { None } else { link(&before.join(&path), &to) };
            let (bytes, is_written) = match linked {
                Some(bytes) => (bytes, false),
                None => (self.write(state.stored(partition), &to)?, true),
            };
            let Name { table, month } = name.clone();
            Ok((Entry { table, month, path, rows: partition.n_rows, bytes, hash: partition.hash.clone() }, is_written))
        };
        let made: Vec<(Entry, bool)> = state.partitions().par_iter().map(make).collect::<Result<_>>()?;
        let written = made.iter().filter(|(_, is_written)| *is_written);
        let written =
            written.map(|(entry, _)| (Name { table: entry.table.clone(), month: entry.month.clone() }, entry.bytes));
        let written = written.collect();
        let manifest = Manifest {
            format: self.encode.format().to_owned(),
            export: serde_json::to_value(&state.info).ok(),
            partitions: made.into_iter().map(|(entry, _)| entry).collect(),
        };
        save(&draft.path().join(MANIFEST), &manifest)?;
        readable(draft.path())?;
        sync_folders(draft.path())?;
        let version = self.version(number);
        fs::rename(draft.keep(), &version).map_err(Error::write(&version))?;
        sync(&self.versions)?;
        point(&self.path, number)?;
        sync(&self.path)?;
        (self.current, self.manifest) = (number, manifest);
        self.retire()?;
        Ok(written)
    }

    fn prune(&mut self) -> Result<()> {
        self.remove(|number| number != Some(self.current))
    }
}

fn save(path: &Path, manifest: &Manifest) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = File::create_new(path)?;
        serde_json::to_writer_pretty(&mut file, manifest)?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    write().map_err(Error::write(path))
}

/// Makes a file of the version before one of this version too, and returns its size; `None` if there is none.
fn link(from: &Path, to: &Path) -> Option<u64> {
    let bytes = fs::metadata(from).ok()?.len();
    fs::create_dir_all(to.parent()?).ok()?;
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).and_then(|_| File::open(to)?.sync_all())).ok()?;
    Some(bytes)
}

/// Folders for temporary files are for their owner only; an export is for the group as well.
#[cfg(unix)]
fn readable(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o750)).map_err(Error::write(folder))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> Result<()> {
    Ok(())
}

/// Points the link that readers follow to a version. It is renamed into place, so that there always is one.
fn point(folder: &Path, number: u64) -> Result<()> {
    let (link, draft) = (folder.join(CURRENT), folder.join(VERSIONS).join(".current"));
    let to = Path::new(VERSIONS).join(number.to_string());
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(&to, &draft);
    #[cfg(windows)]
    let made = std::os::windows::fs::symlink_dir(&to, &draft);
    made.and_then(|()| fs::rename(&draft, &link)).map_err(Error::write(&link))
}

fn sync_folders(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
        let path = entry.map_err(Error::read(folder))?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync(folder)
}

/// Makes sure that the names in a folder outlive a power cut.
#[cfg(unix)]
fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::write(folder))
}

#[cfg(not(unix))]
fn sync(_: &Path) -> Result<()> {
    Ok(())
}

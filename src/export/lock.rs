//! Whose a folder is, and who writes to it: a file that makes it ours, and a lock on it that keeps two exporters apart.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The file. It is empty.
const MARKER: &str = ".trichter-export";

/// A folder that nobody else writes to. The lock ends with the process, however that ends.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a folder, and makes it if there is none.
    ///
    /// # Errors
    /// It holds what no export wrote, another export is writing, or it cannot be written.
    pub(super) fn hold(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
        let marker = folder.join(MARKER);
        let is_empty = fs::read_dir(folder).map_err(Error::read(folder))?.next().is_none();
        if !is_empty && !marker.exists() {
            let message = format!("'{}' holds files of somebody else", folder.display());
            return Err(Error::Target { message, remedy: "name an empty folder, or one that an export made" });
        }
        let file = File::options().create(true).append(true).open(&marker).map_err(Error::write(&marker))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Target {
                message: format!("another export is writing to '{}'", folder.display()),
                remedy: "wait until it has ended",
            }),
            Err(TryLockError::Error(source)) => Err(Error::Write { path: marker, source }),
        }
    }
}

/// A hidden folder beside a file, where its next content is written. What a killed export left there goes with the next one.
pub(super) struct Workshop {
    pub(super) folder: PathBuf,
    _lock: Lock,
}

impl Workshop {
    /// Makes the folder, and those above it.
    ///
    /// # Errors
    /// Another export is writing the file, or the folder cannot be made.
    pub(super) fn beside(file: &Path) -> Result<Self> {
        let Some(name) = file.file_name() else {
            return Err(Error::Usage(format!("'{}' is no name of a file", file.display())));
        };
        let folder = file.with_file_name(format!(".{}.trichter", name.to_string_lossy()));
        let lock = Lock::hold(&folder)?;
        for entry in fs::read_dir(&folder).map_err(Error::read(&folder))? {
            let path = entry.map_err(Error::read(&folder))?.path();
            if path.ends_with(MARKER) {
                continue;
            }
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(Error::write(&path))?;
        }
        Ok(Self { folder, _lock: lock })
    }

    /// A file for what is to be published.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn draft(&self) -> Result<tempfile::NamedTempFile> {
        tempfile::NamedTempFile::new_in(&self.folder).map_err(Error::write(&self.folder))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next export.
        drop(fs::remove_dir_all(&self.folder));
    }
}

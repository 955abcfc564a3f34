//! Who writes to a store: any number at once, or one who is alone. Writers get by with the log's commits, but whoever deletes what
//! no version names must know that nobody is about to name it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The file in the store's folder that is locked. It is empty, and says nothing by being there.
const FILE: &str = "writers.lock";

/// The right to write, which ends with the process, however that ends.
pub(super) struct Writing {
    _file: File,
}

impl Writing {
    /// With others. Waits while somebody is alone.
    pub(super) fn share(store: &Path) -> Result<Self> {
        let file = open(store)?;
        file.lock_shared().map_err(Error::write(&path(store)))?;
        Ok(Self { _file: file })
    }

    /// Alone, also where others were let in before.
    ///
    /// # Errors
    /// Others are writing.
    pub(super) fn alone(store: &Path, shared: Option<Self>) -> Result<Self> {
        // Two locks of one process would shut each other out.
        drop(shared);
        let file = open(store)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { path: store.to_path_buf() }),
            Err(TryLockError::Error(source)) => Err(Error::Write { path: path(store), source }),
        }
    }

    /// Lets others in again.
    pub(super) fn shared_again(self, store: &Path) -> Result<Self> {
        drop(self);
        Self::share(store)
    }
}

fn path(store: &Path) -> PathBuf {
    store.join(FILE)
}

fn open(store: &Path) -> Result<File> {
    std::fs::create_dir_all(store).map_err(Error::write(store))?;
    let path = path(store);
    File::options().create(true).append(true).open(&path).map_err(Error::write(&path))
}

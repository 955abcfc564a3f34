//! Who writes to a store: any number at once, or one who is alone. Writers get by with the log's commits, but whoever deletes what
//! no version names must know that nobody is about to name it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::place::Place;
use crate::error::{Error, Result};

/// The file in the store's folder that is locked. It is empty, and says nothing by being there.
const FILE: &str = "writers.lock";

/// Why nobody can be alone where there is no lock that ends with whoever holds it.
pub const NEEDS_DISK: &str = "nobody can be kept from writing to it meanwhile, so nothing can be taken out of it for good; \
    ingest the logs that are left into a new store, or keep the store on a disk";

/// The right to write, which ends with the process, however that ends. In object storage everybody has it.
pub(super) struct Writing {
    _file: Option<File>,
}

impl Writing {
    /// With others. Waits while somebody is alone.
    pub(super) fn share(store: &Place) -> Result<Self> {
        let Some(store) = store.on_disk() else { return Ok(Self { _file: None }) };
        let file = open(store)?;
        file.lock_shared().map_err(Error::write(&path(store)))?;
        Ok(Self { _file: Some(file) })
    }

    /// Alone, also where others were let in before.
    ///
    /// # Errors
    /// Others are writing, or the store is in object storage.
    pub(super) fn alone(store: &Place, shared: Option<Self>) -> Result<Self> {
        let store = store.disk(NEEDS_DISK)?;
        // Two locks of one process would shut each other out.
        drop(shared);
        let file = open(store)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { path: store.to_path_buf() }),
            Err(TryLockError::Error(source)) => Err(Error::Write { path: path(store), source }),
        }
    }

    /// Lets others in again.
    pub(super) fn shared_again(self, store: &Place) -> Result<Self> {
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

//! One run at a time for each store, on one host. Between hosts, the table's own protocol keeps writers apart.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, Result};

/// The file in the store's folder that is locked. It is empty, and stays.
const FILE: &str = "run.lock";

/// The right to run. It ends with the process, however that ends, because the system holds it and not the file.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the store at `path`; its folder is made if it is not there.
    ///
    /// # Errors
    /// Another run holds it, or the folder cannot be written.
    pub fn hold(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(Error::write(path))?;
        let place = path.join(FILE);
        let file = File::options().create(true).append(true).open(&place).map_err(Error::write(&place))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Store {
                path: path.to_path_buf(),
                message: "another run is at work; wait until it has ended".into(),
            }),
            Err(TryLockError::Error(source)) => Err(Error::Write { path: place, source }),
        }
    }

    /// Whether a run is at work in the store at `path`. Writes nothing, so that a store can be looked at that is read-only.
    ///
    /// # Errors
    /// The file of the lock is there and cannot be opened.
    pub fn is_held(path: &Path) -> Result<bool> {
        let place = path.join(FILE);
        match File::open(&place) {
            Ok(file) => Ok(matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(source) => Err(Error::Read { path: place, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_until_the_first_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        assert!(!Lock::is_held(&store).unwrap());
        let first = Lock::hold(&store).unwrap();
        assert!(Lock::is_held(&store).unwrap());
        assert!(Lock::hold(&store).is_err_and(|error| error.to_string().contains("another run is at work")));
        drop(first);
        assert!(Lock::hold(&store).is_ok());
    }
}

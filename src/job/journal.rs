//! The journal of a store: how far its logs were read, in a file beside the table.
//!
//! It is written after the commit that holds what was read. A run that dies in between reads some records twice, and the
//! store leaves out what it has: nothing is lost and nothing counts twice.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::write_whole;
use crate::error::{Error, Result};
use crate::ingest::Bookmarks;
use crate::store::Store;

/// Name of the file in the store's folder.
const FILE: &str = "bookmarks.json";

/// Bookmarks, and the table that they are about.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Journal {
    /// The table's own id, and its version when the bookmarks were written.
    table: String,
    version: u64,
    /// How far logs were read.
    pub bookmarks: Bookmarks,
}

impl Journal {
    /// The journal of a store. It is empty if there is none, or if it speaks of what this store does not hold: a table that
    /// was made anew, or one that an older copy took the place of. Then everything is read again.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn of(store: &Store) -> Result<Self> {
        let path = place(store.path());
        let begun = || Self { table: store.id(), ..Self::default() };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(begun()),
            Err(error) => return Err(Error::Read { path, source: error }),
        };
        // Whoever cut it off in the middle took nothing but time: what it says is found out again.
        let journal: Self = serde_json::from_slice(&text).unwrap_or_default();
        let is_known = journal.table == store.id() && journal.version <= store.version();
        Ok(if is_known { journal } else { begun() })
    }

    /// Writes the journal as that of the store's version.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&mut self, store: &Store) -> Result<()> {
        self.table = store.id();
        self.version = store.version();
        let path = place(store.path());
        let text = serde_json::to_vec(self).map_err(|error| Error::Usage(error.to_string()))?;
        write_whole(&path, &text)
    }
}

fn place(store: &Path) -> PathBuf {
    store.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AsOf;

    #[test]
    fn a_journal_of_another_table_or_of_a_later_version_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        let store = Store::open_or_create(&one).unwrap();
        let mut journal = Journal::of(&store).unwrap();
        journal.keep(&store).unwrap();
        assert_eq!(Journal::of(&store).unwrap().table, store.id());
        journal.version = 5;
        fs::write(place(&one), serde_json::to_vec(&journal).unwrap()).unwrap();
        assert_eq!(Journal::of(&store).unwrap().version, 0);
        let foreign = Store::open_or_create(&other).unwrap();
        assert_ne!(store.id(), foreign.id());
        journal.keep(&store).unwrap();
        fs::copy(place(&one), place(&other)).unwrap();
        assert_eq!(Journal::of(&foreign).unwrap().table, foreign.id());
        fs::write(place(&one), b"{\"table\":").unwrap();
        assert_eq!(Journal::of(&Store::open(&one, AsOf::Latest).unwrap()).unwrap().version, 0);
    }
}

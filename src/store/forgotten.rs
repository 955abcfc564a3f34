//! Who was forgotten, and when, so that logs that are read again do not bring them back. What stands here tells nobody's id: it
//! is compared with, and cannot be read.
//!
//! The file stands beside the table, as the key does. It holds a salt of its own and, of each key of a contact, a hash under that
//! salt with the instant of the erasing. What happened later is news, and is taken.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use super::{Key, Rows};
use crate::error::{Error, Result};
use crate::event::Time;

/// The file in the store's folder.
const FILE: &str = "forgotten";
/// What the salt hashes.
const CONTACT: u8 = 1;

/// Who is not to be brought back.
#[derive(Default)]
pub struct Forgotten {
    salt: Option<Key>,
    /// Hashes of contacts' keys, and until when events are refused, in microseconds.
    until: BTreeMap<u128, i64>,
}

impl Forgotten {
    /// Those of the store at `path`.
    ///
    /// # Errors
    /// The list cannot be read, or is damaged.
    pub fn of(store: &Path) -> Result<Self> {
        let path = store.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).map_err(Error::read(&path))?;
        let damaged = || Error::Store {
            path: store.to_path_buf(),
            message: format!("its list of who was forgotten, '{FILE}', is damaged; restore it from a backup"),
        };
        let mut lines = text.lines();
        let salt = lines.next().and_then(Key::from_hex).ok_or_else(damaged)?;
        let mut until = BTreeMap::new();
        for line in lines {
            let (hash, at) = line.split_once(' ').ok_or_else(damaged)?;
            let hash = u128::from_str_radix(hash, 16).map_err(|_| damaged())?;
            until.insert(hash, at.parse::<i64>().map_err(|_| damaged())?);
        }
        Ok(Self { salt: Some(salt), until })
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    /// Whether what the contact of this key did at this instant, in microseconds, was forgotten.
    #[must_use]
    pub fn holds(&self, key: i64, at: i64) -> bool {
        let hash = self.salt.as_ref().map(|salt| hash(salt, key));
        hash.and_then(|hash| self.until.get(&hash)).is_some_and(|until| at <= *until)
    }

    /// The ids of events that were forgotten.
    pub fn events_of<'r>(&'r self, rows: &'r Rows) -> impl Iterator<Item = u128> + 'r {
        let events = (0..).zip(rows.instants()).zip(rows.event_ids());
        events.filter(|((row, at), _)| self.holds(rows.contact_key(*row), **at)).map(|(_, id)| *id)
    }

    /// Adds contacts by their keys, and writes the list anew, for its owner only.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn add(mut self, store: &Path, keys: impl Iterator<Item = i64>, now: Time) -> Result<()> {
        let salt = self.salt.take().map_or_else(Key::random, Ok)?;
        for key in keys {
            let until = self.until.entry(hash(&salt, key)).or_insert(now.0);
            *until = now.0.max(*until);
        }
        let path = store.join(FILE);
        let mut draft = tempfile::NamedTempFile::new_in(store).map_err(Error::write(&path))?;
        let lines = self.until.iter().map(|(hash, until)| format!("{hash:032x} {until}\n"));
        let text = std::iter::once(format!("{}\n", salt.to_hex())).chain(lines).collect::<String>();
        draft.write_all(text.as_bytes()).and_then(|()| draft.as_file().sync_all()).map_err(Error::write(&path))?;
        draft.persist(&path).map(drop).map_err(|error| Error::Write { path, source: error.error })
    }
}

fn hash(salt: &Key, key: i64) -> u128 {
    salt.hash(CONTACT, &[&key.to_le_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_in_the_list_is_found_until_the_instant_of_the_last_erasing() {
        let folder = tempfile::tempdir().unwrap();
        let list = || Forgotten::of(folder.path()).unwrap();
        assert!(list().is_empty() && !list().holds(7, 0));
        list().add(folder.path(), [7, -8].into_iter(), Time(100)).unwrap();
        list().add(folder.path(), [7].into_iter(), Time(200)).unwrap();
        list().add(folder.path(), [7].into_iter(), Time(50)).unwrap();
        let list = list();
        assert_eq!(
            [list.holds(7, 200), list.holds(7, 201), list.holds(-8, 100), list.holds(-8, 101)],
            [true, false, true, false]
        );
        assert!(!list.holds(9, 0));
        fs::write(folder.path().join(FILE), "abc\n").unwrap();
        assert!(Forgotten::of(folder.path()).is_err());
    }
}

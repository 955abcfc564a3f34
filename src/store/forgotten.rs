//! Who was forgotten, and when, so that logs that are read again do not bring them back. What stands here tells nobody's id: it
//! is compared with, and cannot be read.
//!
//! The file stands beside the table, as the key does. It holds a salt of its own and, of each key of a contact, a hash under that
//! salt with the instant of the erasing and the number of secrets that made the key. What happened later is news, and is taken.
//!
//! A secret that was added since makes other keys of the same people, and with it the hashes are hashed once more, so that secrets of
//! before open nothing here either. Who is meant is known again when a log names them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::RwLock;

use super::key::{Purpose, Secret, first_half};
use super::{Key, Rows};
use crate::error::{Error, Result};
use crate::event::Time;

/// The file in the store's folder.
const FILE: &str = "forgotten";
/// What the salt hashes.
const CONTACT: u8 = 1;

/// Number of secrets that the hash went through, number of secrets when it was forgotten, hash.
type Entry = (usize, usize, u128);

/// Who is not to be brought back.
#[derive(Default)]
pub struct Forgotten {
    salt: Option<Secret>,
    /// Number of secrets that make keys of contacts today.
    n_secrets: usize,
    /// Numbers of secrets when they were forgotten and hashes of contacts' keys, and until when events are refused, in microseconds.
    until: BTreeMap<(usize, u128), i64>,
    /// Entries for another number of secrets than that of today, which a change of the key was about to begin or had ended with.
    others: BTreeMap<Entry, i64>,
    /// Keys of today, of those who were forgotten when there were fewer secrets, as far as logs have named them.
    met: RwLock<BTreeMap<i64, i64>>,
}

impl Forgotten {
    /// Those of the store at `path`, whose keys of contacts are made of so many secrets.
    ///
    /// # Errors
    /// The list cannot be read, or is damaged.
    pub fn of(store: &Path, n_secrets: usize) -> Result<Self> {
        let path = store.join(FILE);
        if !path.exists() {
            return Ok(Self { n_secrets, ..Self::default() });
        }
        let text = fs::read_to_string(&path).map_err(Error::read(&path))?;
        let damaged = || Error::Store {
            path: store.to_path_buf(),
            message: format!("its list of who was forgotten, '{FILE}', is damaged; restore it from a backup"),
        };
        let mut lines = text.lines();
        let salt = lines.next().and_then(Secret::from_hex).ok_or_else(damaged)?;
        let mut found = Self { salt: Some(salt), n_secrets, ..Self::default() };
        for line in lines {
            let mut words = line.split(' ');
            let (hash, at) = words.next().zip(words.next()).ok_or_else(damaged)?;
            let hash = u128::from_str_radix(hash, 16).map_err(|_| damaged())?;
            let then = words.next().map_or(Ok(1), str::parse).map_err(|_| damaged())?;
            let through = words.next().map_or(Ok(then), str::parse).map_err(|_| damaged())?;
            let at = at.parse::<i64>().map_err(|_| damaged())?;
            if through == n_secrets {
                found.until.insert((then, hash), at);
            } else {
                found.others.insert((through, then, hash), at);
            }
        }
        Ok(found)
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    /// Whether what the contact of this key did at this instant, in microseconds, was forgotten.
    #[must_use]
    pub fn holds(&self, key: i64, at: i64) -> bool {
        let met = || self.met.read().ok().and_then(|met| met.get(&key).copied());
        let today = self.salt.as_ref().map(|salt| (self.n_secrets, hash(salt, key)));
        today.and_then(|entry| self.until.get(&entry).copied()).or_else(met).is_some_and(|until| at <= until)
    }

    /// A log names somebody. If they were forgotten when the key had fewer secrets, their key of today is known from now on.
    pub fn meet(&self, key: &Key, channel: &str, id: &str) {
        let is_none = self.until.keys().next().is_none_or(|(fewest, _)| *fewest >= self.n_secrets);
        let Some(salt) = self.salt.as_ref().filter(|_| !is_none) else { return };
        let ever: Vec<i64> = key.contact_ever(channel, id).map(first_half).collect();
        let entry = |(n, contact): (usize, &i64)| (n, renewed(hash(salt, *contact), key.secrets_after(n)));
        let until = (1..).zip(&ever).filter_map(|former| self.until.get(&entry(former))).max();
        if let (Some(until), Some(today), Ok(mut met)) = (until, ever.last(), self.met.write()) {
            met.insert(*today, *until);
        }
    }

    /// Writes beside the entries of today those that hold once the table is made with all secrets of the key.
    ///
    /// # Errors
    /// The list cannot be written.
    pub(super) fn prepare(mut self, store: &Path, key: &Key) -> Result<()> {
        let secrets = key.secrets_after(self.n_secrets);
        // Whatever an earlier change prepared, and did not come to use.
        let renew =
            |((then, hash), until): (&(usize, u128), &i64)| ((key.n_secrets(), *then, renewed(*hash, secrets)), *until);
        self.others = self.until.iter().map(renew).collect();
        self.write(store)
    }

    /// Takes out all entries but those of today.
    ///
    /// # Errors
    /// The list cannot be written.
    pub(super) fn prune(mut self, store: &Path) -> Result<()> {
        if self.others.is_empty() {
            return Ok(());
        }
        self.others.clear();
        self.write(store)
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
        let salt = self.salt.take().map_or_else(Secret::random, Ok)?;
        for key in keys {
            let until = self.until.entry((self.n_secrets, hash(&salt, key))).or_insert(now.0);
            *until = now.0.max(*until);
        }
        self.salt = Some(salt);
        self.write(store)
    }

    fn write(&self, store: &Path) -> Result<()> {
        let Some(salt) = &self.salt else { return Ok(()) };
        let path = store.join(FILE);
        let mut draft = tempfile::NamedTempFile::new_in(store).map_err(Error::write(&path))?;
        let today = self.until.iter().map(|((then, hash), until)| (self.n_secrets, *then, *hash, *until));
        let others = self.others.iter().map(|((through, then, hash), until)| (*through, *then, *hash, *until));
        let lines =
            today.chain(others).map(|(through, then, hash, until)| format!("{hash:032x} {until} {then} {through}\n"));
        let text = std::iter::once(format!("{}\n", salt.to_hex())).chain(lines).collect::<String>();
        draft.write_all(text.as_bytes()).and_then(|()| draft.as_file().sync_all()).map_err(Error::write(&path))?;
        draft.persist(&path).map(drop).map_err(|error| Error::Write { path, source: error.error })
    }
}

/// An entry after more secrets.
fn renewed(hash: u128, secrets: &[Secret]) -> u128 {
    secrets.iter().fold(hash, |hash, secret| secret.renewed(Purpose::Forgotten, hash))
}

fn hash(salt: &Secret, key: i64) -> u128 {
    salt.hash(CONTACT, &[&key.to_le_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_in_the_list_is_found_until_the_instant_of_the_last_erasing() {
        let folder = tempfile::tempdir().unwrap();
        let list = || Forgotten::of(folder.path(), 1).unwrap();
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
        assert!(Forgotten::of(folder.path(), 1).is_err());
    }

    #[test]
    fn whoever_was_forgotten_before_a_secret_was_added_is_known_when_a_log_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let first = Key::beside(folder.path()).unwrap();
        let (gone, other) = (first.contact("sms", "1"), first.contact("sms", "2"));
        Forgotten::of(folder.path(), 1).unwrap().add(folder.path(), [first_half(gone)].into_iter(), Time(100)).unwrap();
        let longer = Key::lengthen(folder.path()).unwrap();
        let text = || fs::read_to_string(folder.path().join(FILE)).unwrap();
        let before = text();
        Forgotten::of(folder.path(), 1).unwrap().prepare(folder.path(), &longer).unwrap();
        // Until the table is made with it, the entries of before hold.
        assert!(Forgotten::of(folder.path(), 1).unwrap().holds(first_half(gone), 100));
        Forgotten::of(folder.path(), 2).unwrap().prune(folder.path()).unwrap();
        assert_eq!((before.lines().count(), text().lines().count()), (2, 2));
        let hash = |text: String| text.lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
        assert_ne!(hash(before), hash(text()), "whoever has the former secret alone can try numbers for ever");
        let list = Forgotten::of(folder.path(), 2).unwrap();
        let key = first_half(longer.contact("sms", "1"));
        assert!(!list.holds(key, 100));
        list.meet(&longer, "sms", "1");
        list.meet(&longer, "sms", "2");
        assert_eq!([list.holds(key, 100), list.holds(key, 101)], [true, false]);
        assert!(!list.holds(first_half(longer.contact("sms", "2")), 0) && !list.holds(first_half(other), 0));
        // The list can be added to.
        list.add(folder.path(), [key].into_iter(), Time(300)).unwrap();
        assert!(Forgotten::of(folder.path(), 2).unwrap().holds(key, 300));
    }
}

//! Runs: sorted blocks of rows on their way into data files, and the one commit that makes them visible.
//!
//! Every version of the store files all that linked ids did under one contact. Rows are filed as they are written by what
//! the store knows. What these logs tell of who is who is only known when all are read, because an id that turns out to be
//! that of many links nobody: what was written or stored before is moved with the commit. The commit goes on top of the
//! version that was looked at, or is prepared anew.

use std::sync::{Arc, Mutex, OnceLock};

use hashbrown::HashSet;
use rayon::prelude::*;

use super::Balance;
use crate::error::Result;
use crate::store::join::{self, Joined};
use crate::store::{
    Change, Contacts, DataFile, Forgotten, Key, Links, Operation, Place, Rows, Snapshot, Store, scan, write,
};

/// Events on their way into data files.
pub(super) struct Runs {
    snapshot: Snapshot,
    table: Place,
    written: Vec<DataFile>,
    /// Who is who, as the store tells.
    links: Links,
    /// Whom these logs must not bring back.
    pub(super) forgotten: Arc<Forgotten>,
    /// What these logs tell besides.
    learned: Links,
    /// What follows from the links that the store has.
    contacts: Contacts,
    /// Ids that turned out to link too many to be one person's.
    pub(super) n_shared: usize,
    /// Events given.
    pub(super) found: u64,
    /// Events written.
    pub(super) stored: u64,
    /// Records that the written events are of.
    pub(super) n_records: u64,
}

impl Runs {
    /// No runs yet, for the store as it is.
    pub(super) fn onto(store: &Store) -> Result<Self> {
        let links = store.links()?;
        let forgotten =
            store.place().on_disk().map(|path| Forgotten::of(path, store.n_secrets())).transpose()?.unwrap_or_default();
        Ok(Self {
            snapshot: Snapshot::of(store)?,
            table: store.events(),
            written: Vec::new(),
            contacts: links.contacts(),
            links,
            forgotten: Arc::new(forgotten),
            learned: Links::default(),
            n_shared: 0,
            found: 0,
            stored: 0,
            n_records: 0,
        })
    }

    /// Sorts a run, leaves out what is known, and writes the rest as one data file per month.
    pub(super) fn write(&mut self, rows: &mut Rows) -> Result<()> {
        // Before rows are filed under ids that may be somebody else's by now.
        let mut known: HashSet<u128> =
            if self.forgotten.is_empty() { HashSet::new() } else { self.forgotten.events_of(rows).collect() };
        self.file(rows);
        known.extend(self.known(rows)?);
        let order = rows.order(&known);
        self.found += rows.len() as u64;
        self.stored += order.len() as u64;
        self.n_records += rows.n_records(&order);
        let months: Vec<(String, Vec<u32>)> = write::by_month(rows, &order).into_iter().collect();
        let dictionaries = rows.dictionaries();
        let files: Vec<Result<DataFile>> = months
            .par_iter()
            .map(|(month, order)| {
                write::data_file(&self.table, month, &write::file_name()?, rows, &dictionaries, order)
            })
            .collect();
        for file in files {
            self.written.push(file?);
        }
        Ok(())
    }

    /// Files rows under their contacts, as far as the store knows these.
    fn file(&mut self, rows: &mut Rows) {
        let news = self.links.news_in(rows.links());
        self.learned.append(&if self.forgotten.is_empty() { news } else { news.remembered(&self.forgotten) });
        if !self.contacts.is_empty() {
            rows.file_under(&self.contacts);
        }
    }

    /// The events of the rows that the store or an earlier run has. An equal event has an equal time, so only data files
    /// whose range of time overlaps are asked.
    fn known(&self, rows: &Rows) -> Result<HashSet<u128>> {
        let instants = rows.instants();
        let (Some(&first), Some(&last)) = (instants.iter().min(), instants.iter().max()) else {
            return Ok(HashSet::new());
        };
        // Most runs meet no file, and need no set.
        let ids: OnceLock<HashSet<u128>> = OnceLock::new();
        let known = Mutex::new(HashSet::new());
        let note = |stored: &[u128]| {
            let ids = ids.get_or_init(|| rows.event_ids().iter().copied().collect());
            let found: Vec<u128> = stored.iter().copied().filter(|id| ids.contains(id)).collect();
            if !found.is_empty()
                && let Ok(mut known) = known.lock()
            {
                known.extend(found);
            }
        };
        self.snapshot.event_ids((first, last), note)?;
        scan::event_ids_of(&self.table, &self.written, (first, last), note)?;
        Ok(known.into_inner().unwrap_or_default())
    }

    /// Makes the runs visible, and returns the store's version. Logs that bring nothing new leave the store as it is,
    /// version and all.
    pub(super) fn commit(&mut self, store: &mut Store, key: &Key, balance: &Balance) -> Result<u64> {
        let set_aside = balance.set_aside();
        loop {
            let found = self.join(store).and_then(|found| Ok((found, store.counted(&set_aside)?)));
            let ((joined, news), counted) = match found {
                Ok(found) => found,
                Err(error) => {
                    self.discard();
                    return Err(error);
                }
            };
            let (mut ledger, records) = balance.ledger(&counted);
            ledger.accepted = self.n_records;
            ledger.stored = self.stored;
            if self.written.is_empty() && news.is_empty() && records.is_empty() {
                return Ok(store.version());
            }
            let added: Vec<DataFile> = self.written.iter().chain(&joined.added).cloned().collect();
            let change = Change {
                added: &added,
                removed: &joined.removed,
                // A link can be news though no record is.
                ledger: Some(&ledger).filter(|_| !self.written.is_empty() || !records.is_empty()),
                links: Some(&news).filter(|news| !news.is_empty()),
                records: &records,
                marks: &store.unmarked(key),
                ..Change::of(Operation::Ingest)
            };
            match store.commit(&change) {
                Ok(Some(version)) => return Ok(version),
                // Another writer was faster, and may know of links or rows that are not joined with these.
                Ok(None) => {
                    joined.discard(&self.table);
                    // Or may have changed the key, by which nothing here would be known again.
                    if let Err(error) = store.key(key) {
                        self.discard();
                        return Err(error);
                    }
                }
                // It may have been written all the same, and name the files by now.
                Err(error) => return Err(error),
            }
        }
    }

    /// Files everything that is stored or written under its contact. Returns the data files that take the place of stored
    /// ones, and what the store does not know yet of who is who.
    fn join(&mut self, store: &Store) -> Result<(Joined, Links)> {
        let is_alone = store.version() == self.snapshot.version();
        if is_alone && self.learned.is_empty() {
            return Ok(Default::default());
        }
        let mut links = store.links()?;
        let before = links.contacts();
        let news = links.news_in(&self.learned);
        links.append(&news);
        let contacts = links.contacts();
        self.n_shared = contacts.n_shared();
        // Runs were filed by what the store knew when they began, and it may be another version by now: all are looked for.
        let written = join::join(&self.table, &self.written, &contacts.moved_since(&Contacts::default()))?;
        self.written.retain(|file| !written.removed.contains(file));
        self.written.extend(written.added);
        join::discard(&self.table, &written.removed);
        // What is stored was filed by all that the store knows.
        let joined = join::join(&self.table, &store.files()?, &contacts.moved_since(&before))?;
        Ok((joined, news))
    }

    /// Takes back data files that no commit will name.
    pub(super) fn discard(&self) {
        join::discard(&self.table, &self.written);
    }
}

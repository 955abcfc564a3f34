//! Changing the key: every id in the table is hashed once more, under a secret that was added to the key. Contacts stand in another
//! order then, so all data files are written anew. One commit, after which the files of before are deleted as after an erasing.
//!
//! The file of the key has the new secret before the table is made with it, and the table says how many secrets it is made with: a
//! process that dies in between leaves a store that goes on with the former ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, DictionaryArray, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};

use super::erase::{Erased, Proof, sweep};
use super::history::set_aside;
use super::key::{Key, MESSAGE_DIGITS, Purpose, Secret, digits, first_half, message_key, of_first_half, pseudonym};
use super::links::Moves;
use super::part::Part;
use super::place::Place;
use super::scan::KeyRange;
use super::stranger::{self, column};
use super::table::{Change, Operation};
use super::{DataFile, Forgotten, Store, coarse, counted, join, merge, schema, write};
use crate::error::{Error, Result};

/// Table property that says what the secrets are known by with which ids are made, with spaces between. Tables of earlier programs
/// have none, and one secret.
pub(super) const PROPERTY: &str = "trichter.secrets";
/// Rows whose ids are changed at a time.
const RANGE_ROWS: u64 = 512 * 1024;
/// Digits of the hash that stands for a log which is called after a person.
const SOURCE_DIGITS: usize = 16;

/// Brings the table to all secrets of the key, and deletes what was made without the newest. `key` gives it once nobody else
/// writes, by the number of secrets that the table has.
///
/// # Errors
/// The key is not that of the table or has no secret that the table does not have, somebody else is writing to the store, it is
/// damaged, or it cannot be written. Nothing is changed then, or all is and files of before are still there: [`finish`] deletes
/// them.
pub fn rekey(store: &mut Store, key: impl FnOnce(usize) -> Result<Key>) -> Result<(Key, Erased)> {
    store.alone(|store| {
        let version_before = store.version();
        let n_before = store.n_secrets();
        let key = key(n_before)?;
        // Refuses a key that the table is not made with.
        store.key(&key)?;
        let secrets = key.secrets_after(n_before);
        if secrets.is_empty() {
            return Err(Error::Usage(
                "the key has no secret that the store does not have yet: add one, on a line of its own".into(),
            ));
        }
        let marks = key.marks();
        if marks.iter().collect::<BTreeSet<_>>().len() < marks.len() {
            return Err(Error::Usage("the key has the same secret twice: a new one has to be a new one".into()));
        }
        let renew = Renewal { secrets };
        let table = store.events();
        coarse::widen(table.path())?;
        store.load()?;
        Forgotten::of(store.path(), n_before)?.prepare(store.path(), &key)?;
        let files = store.files()?;
        let links = store.links()?;
        let renewed_links = links.renewed(|id| renew.contact(id));
        let mut records = Vec::new();
        for name in set_aside(&store.log()?) {
            records.extend(counted::read(&table, name)?.map(|hash| renew.record(hash)));
        }
        records.sort_unstable();
        records.dedup();
        let written = renew.files(&table, &files)?;
        let change = Change {
            added: &written,
            removed: &files,
            links: (!links.is_empty()).then_some(&renewed_links),
            records: &records,
            marks: &marks,
            ..Change::of(Operation::Forget)
        };
        // Another host is faster only if it wrote in spite of the lock, and then its ids are made with the former key.
        if store.commit(&change)?.is_none() {
            join::discard(&table, &written);
            return Err(Error::Store {
                path: store.path().to_path_buf(),
                message: "somebody else has written to it, and its key stayed; run it again".into(),
            });
        }
        let done = Erased {
            rows: written.iter().map(|file| file.n_rows).sum(),
            links: links.len() as u64,
            version_before,
            version_after: store.version(),
            written: written.iter().map(|file| Proof::of(&table, &file.path)).collect::<Result<_>>()?,
            deleted: completed(store)?,
            ..Erased::default()
        };
        Ok((key, done))
    })
}

/// Deletes what an earlier change of the key left that died after its commit.
///
/// # Errors
/// Somebody else is writing to the store, or it cannot be written.
pub fn finish(store: &mut Store) -> Result<Vec<Proof>> {
    store.alone(|store| completed(store))
}

fn completed(store: &Store) -> Result<Vec<Proof>> {
    Forgotten::of(store.path(), store.n_secrets())?.prune(store.path())?;
    sweep(store)
}

/// How ids are changed.
struct Renewal<'k> {
    secrets: &'k [Secret],
}

impl Renewal<'_> {
    fn hash(&self, purpose: Purpose, hash: u128) -> u128 {
        self.secrets.iter().fold(hash, |hash, secret| secret.renewed(purpose, hash))
    }

    fn contact(&self, id: u128) -> u128 {
        self.hash(Purpose::Contact, id)
    }

    fn record(&self, hash: u64) -> u64 {
        first_half(self.hash(Purpose::Record, of_first_half(hash.cast_signed()))).cast_unsigned()
    }

    /// Writes one data file for each month that these are of.
    fn files(&self, table: &Place, files: &[DataFile]) -> Result<Vec<DataFile>> {
        let mut written = Vec::new();
        for files in files.chunk_by(|left, right| left.month == right.month) {
            match self.month(table, files) {
                Ok(file) => written.push(file),
                Err(error) => {
                    join::discard(table, &written);
                    return Err(error);
                }
            }
        }
        Ok(written)
    }

    /// Sorts a month's events anew in runs that fit into memory, and merges these.
    fn month(&self, table: &Place, files: &[DataFile]) -> Result<DataFile> {
        let month = files.first().map_or("", |file| &file.month);
        let mut runs: Vec<DataFile> = Vec::new();
        let mut write = || -> Result<DataFile> {
            for file in files {
                let part = Part::open_at(table.join(&file.path), file.clone())?;
                for range in KeyRange::ALL.split(file.n_rows.div_ceil(RANGE_ROWS)) {
                    let batch = self.sorted(&rows(&part, range)?)?;
                    if batch.num_rows() > 0 {
                        let name = write::file_name()?;
                        let batches = std::iter::once(Ok(batch));
                        runs.push(write::write_batches(table, month, &name, &part.contents(), batches)?);
                    }
                }
            }
            merge::merge(table, month, &runs, &Moves::default())
        };
        let merged = write();
        join::discard(table, &runs);
        merged
    }

    /// Rows with other ids, in the store's order.
    fn sorted(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let renewed = self.renewed(batch)?;
        let keys = renewed.column(0).as_primitive::<Int64Type>().values();
        let instants = renewed.column(1).as_primitive::<TimestampMicrosecondType>().values();
        let positions = renewed.column(2).as_primitive::<Int32Type>().values();
        let ids = renewed.column(3).as_binary::<i32>();
        let mut order: Vec<u32> = (0..u32::try_from(renewed.num_rows()).unwrap_or(u32::MAX)).collect();
        order.sort_unstable_by_key(|&row| {
            let row = row as usize;
            (keys[row], instants[row], positions[row], ids.value(row))
        });
        Ok(take_record_batch(&renewed, &UInt32Array::from(order))?)
    }

    fn renewed(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let keys = numbers(batch, "contact_key")?.values();
        let contacts: Vec<u128> = keys.iter().map(|&key| self.contact(of_first_half(key))).collect();
        let names = column(batch, "contact_id")?.as_string::<i32>();
        // Ids in plain stay: the key has no part in them.
        let name = |((name, &key), &contact): ((Option<&str>, &i64), &u128)| {
            name.map(|name| if stands_for(name, key) { pseudonym(contact) } else { name.to_owned() })
        };
        let names: StringArray = names.iter().zip(keys).zip(&contacts).map(name).collect();
        let events = column(batch, "event_id")?.as_binary::<i32>();
        let event = |id| self.hash(Purpose::Event, stranger::event(id)).to_be_bytes();
        let events = BinaryArray::from_iter_values(events.iter().map(event));
        let (message_keys, messages) = self.messages(batch, "message_key", "message_id")?;
        let (reply_keys, replies) = self.messages(batch, "reply_key", "reply_to")?;
        let sources = self.sources(column(batch, "source")?.as_dictionary::<Int32Type>())?;
        let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(contacts.into_iter().map(first_half)));
        let (names, events): (ArrayRef, ArrayRef) = (Arc::new(names), Arc::new(events));
        let columns = schema::COLUMNS.iter().zip(batch.columns()).map(|(spec, old)| {
            Arc::clone(match spec.name {
                "contact_key" => &keys,
                "contact_id" => &names,
                "event_id" => &events,
                "message_key" => &message_keys,
                "message_id" => &messages,
                "reply_key" => &reply_keys,
                "reply_to" => &replies,
                "source" => &sources,
                _ => old,
            })
        });
        Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
    }

    /// Two columns that tell of messages: their keys, and their ids unless these are kept plain.
    fn messages(&self, batch: &RecordBatch, key: &str, id: &str) -> Result<(ArrayRef, ArrayRef)> {
        let keys = numbers(batch, key)?;
        let hashes: Vec<Option<u128>> =
            keys.iter().map(|key| Some(self.hash(Purpose::Message, of_first_half(key?)))).collect();
        let name = |((id, key), hash): ((Option<&str>, Option<i64>), &Option<u128>)| {
            let (id, key, hash) = (id?, key?, (*hash)?);
            Some(if stands_for(id, key) { digits(hash, MESSAGE_DIGITS) } else { id.to_owned() })
        };
        let ids: StringArray =
            column(batch, id)?.as_string::<i32>().iter().zip(keys.iter()).zip(&hashes).map(name).collect();
        let keys: Int64Array = hashes.into_iter().map(|hash| hash.map(message_key)).collect();
        Ok((Arc::new(keys), Arc::new(ids)))
    }

    /// Names of logs. Those that are hashes, by their looks, become other hashes.
    fn sources(&self, sources: &DictionaryArray<Int32Type>) -> Result<ArrayRef> {
        let name = |name: Option<&str>| {
            let name = name?;
            let is_hash =
                name.len() == SOURCE_DIGITS && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let hash = u64::from_str_radix(name, 16).ok().filter(|_| is_hash);
            let renewed = hash.map(|hash| self.hash(Purpose::Source, of_first_half(hash.cast_signed())));
            Some(renewed.map_or_else(|| name.to_owned(), |hash| digits(hash, SOURCE_DIGITS)))
        };
        let names: StringArray = sources.values().as_string::<i32>().iter().map(name).collect();
        Ok(Arc::new(DictionaryArray::try_new(sources.keys().clone(), Arc::new(names))?))
    }
}

/// A column of whole numbers.
fn numbers<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b Int64Array> {
    column(batch, name).map(AsArray::as_primitive::<Int64Type>)
}

/// Whether an id is the pseudonym that begins with this half.
fn stands_for(id: &str, half: i64) -> bool {
    id.strip_prefix(&digits(of_first_half(half), 16))
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The rows of a range of contacts, in the order of the file.
fn rows(part: &Part, range: KeyRange) -> Result<RecordBatch> {
    let columns: Vec<&str> = schema::COLUMNS.iter().map(|column| column.name).collect();
    let mut batches = Vec::new();
    for batch in part.batches(&columns, "contact_key", range.low, range.high)? {
        let batch = batch?;
        let keys = numbers(&batch, "contact_key")?.values();
        let start = keys.partition_point(|&key| key < range.low);
        let end = keys.partition_point(|&key| key <= range.high);
        batches.push(batch.slice(start, end - start));
    }
    Ok(concat_batches(&schema::arrow(), &batches)?)
}

impl Store {
    /// What the secrets are known by with which the ids in the version that is open are made; empty if no commit has said so.
    fn marks(&self) -> Vec<String> {
        let state = self.table.snapshot().ok();
        let property = state.and_then(|state| Some(state.metadata().configuration().get(PROPERTY)?.clone()));
        property.map_or_else(Vec::new, |marks| marks.split(' ').map(str::to_owned).collect())
    }

    /// Of how many secrets the ids in the version that is open are made.
    #[must_use]
    pub fn n_secrets(&self) -> usize {
        self.marks().len().max(1)
    }

    /// The key with as many secrets as the ids in the version that is open are made of.
    ///
    /// # Errors
    /// The key has fewer, or others.
    pub fn key(&self, key: &Key) -> Result<Key> {
        let refused = |message| Error::Store { path: self.path().to_path_buf(), message };
        let (n, n_wanted, marks) = (key.n_secrets(), self.n_secrets(), self.marks());
        let key = key.with_secrets(n_wanted).ok_or_else(|| {
            refused(format!(
                "its key was changed and has {n_wanted} secrets by now, this one has {n}; take its newest file"
            ))
        })?;
        if !marks.is_empty() && key.marks() != marks {
            return Err(refused(
                "it is made with another key, and what is known would be taken for news; name that key".into(),
            ));
        }
        Ok(key)
    }

    /// What the secrets of this key are known by, if no commit has said so yet.
    pub(crate) fn unmarked(&self, key: &Key) -> Vec<String> {
        if self.marks().is_empty() { key.marks() } else { Vec::new() }
    }
}

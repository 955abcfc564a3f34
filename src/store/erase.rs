//! Erasing: what some contacts did is taken out of the table, or made nobody's, and then out of the folder.
//!
//! One commit replaces the data files that hold rows of theirs, and says which links are left. Afterwards every file is deleted
//! that no version since then needs, so versions before can no longer be opened. A process that dies before the commit has
//! changed nothing; one that dies after it leaves files that the next erasing deletes, whomever it is about.
//!
//! The log itself holds nobody: of contacts' keys it tells bounds of sixteen bits, of files random names, and counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use rayon::prelude::*;
use serde::Serialize;

use super::key::{self, Secret};
use super::links::Moves;
use super::part::Part;
use super::place::Place;
use super::schema::PARTITION;
use super::stranger::{self, Stranger};
use super::table::{Change, Operation};
use super::{DataFile, Forgotten, Links, Reading, Run, Snapshot, Store, coarse, join, merge};
use crate::error::{Error, Result};
use crate::event::{Kind, Time};

/// Who is to be forgotten, and how.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Keys of contacts. Whoever is linked with them is the same person, and forgotten with them.
    pub keys: BTreeSet<i64>,
    /// Whether what they did is still counted, as a stranger's.
    pub keeps_counts: bool,
    /// Until when events of theirs are refused that logs tell again; `None` takes them as those of somebody new.
    pub refused_until: Option<Time>,
}

/// What an erasing did, or would do. It names nobody.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Erased {
    /// Contacts who had rows in the table.
    pub contacts: u64,
    /// Their rows.
    pub rows: u64,
    /// Links between ids that were taken out or made a stranger's.
    pub links: u64,
    /// The version before.
    pub version_before: u64,
    /// The version afterwards; the same if there was nothing to change.
    pub version_after: u64,
    /// Files that were written.
    pub written: Vec<Proof>,
    /// Files that were deleted: those that were replaced, and those that only earlier versions needed or none.
    pub deleted: Vec<Proof>,
}

/// A file and what was in it, so that it can be told from every other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Path below the table's folder.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 hash of its bytes, in hexadecimal digits.
    pub blake3: String,
}

/// The contacts who asked to be erased, by the key of each.
///
/// # Errors
/// A data file is damaged.
pub fn pending(snapshot: &Snapshot) -> Result<BTreeSet<i64>> {
    let reading = Reading { columns: &[], since: None, until: None };
    let found = snapshot.fold(&reading, BTreeSet::new, |keys, shard| {
        let kinds = shard.kind();
        let asks = |contact: &&Run| kinds[contact.rows.clone()].contains(&Kind::ErasureRequested);
        keys.extend(shard.contacts().iter().filter(asks).map(|contact| contact.key));
        Ok(())
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// What erasing would do; nothing is changed, and no file named.
///
/// # Errors
/// The store is damaged.
pub fn preview(store: &Store, request: &Request) -> Result<(Erased, usize)> {
    let links = store.links()?;
    let families = links.families(&request.keys);
    let found = Found::of(&store.events(), &store.files()?, &families)?;
    let erased = Erased {
        contacts: found.contacts(&families),
        rows: found.n_rows,
        links: named(&links, &families),
        version_before: store.version(),
        version_after: store.version(),
        ..Erased::default()
    };
    Ok((erased, found.files.len()))
}

/// Forgets contacts, and deletes what held them.
///
/// # Errors
/// Somebody else is writing to the store, it is damaged, or it cannot be written. Nothing is changed then, or all is and files of
/// before are still there: the next erasing deletes them.
pub fn erase(store: &mut Store, request: &Request) -> Result<Erased> {
    store.alone(|store| {
        let mut erased = Erased { version_before: store.version(), ..Erased::default() };
        let table = store.events();
        coarse::widen(table.path())?;
        store.load()?;
        loop {
            let links = store.links()?;
            let families = links.families(&request.keys);
            // First, so that nobody is gone whom the next ingest could bring back. Added twice, they stand there once.
            if let Some(until) = request.refused_until {
                Forgotten::of(store.path(), store.n_secrets())?.add(store.path(), families.keys().copied(), until)?;
            }
            let found = Found::of(&table, &store.files()?, &families)?;
            let n_links = named(&links, &families);
            if found.files.is_empty() && n_links == 0 {
                break;
            }
            let written = found.written(&table, &families, request.keeps_counts)?;
            let left = links.without(&families)?;
            let change = Change {
                added: &written,
                removed: &found.files,
                links: (n_links > 0).then_some(&left),
                ..Change::of(Operation::Forget)
            };
            match store.commit(&change) {
                Ok(Some(_)) => {
                    erased.contacts = found.contacts(&families);
                    erased.rows = found.n_rows;
                    erased.links = n_links;
                    erased.written = written.iter().map(|file| Proof::of(&table, &file.path)).collect::<Result<_>>()?;
                    break;
                }
                Ok(None) => join::discard(&table, &written),
                Err(error) => return Err(error),
            }
        }
        erased.version_after = store.version();
        erased.deleted = sweep(store)?;
        Ok(erased)
    })
}

/// How many links name one of these keys.
fn named(links: &Links, families: &BTreeMap<i64, i64>) -> u64 {
    let names = |id: u128| families.contains_key(&super::key::first_half(id));
    links.iter().filter(|(former, current, ..)| names(*former) || names(*current)).count() as u64
}

/// Those of linked ids whose contacts have no row in these data files.
pub(super) fn without_rows(table: &Place, files: &[DataFile], links: &Links) -> Result<BTreeMap<i64, i64>> {
    let mut families = links.families(&links.keys());
    let found = Found::of(table, files, &families)?;
    families.retain(|_, person| !found.keys.contains(person));
    Ok(families)
}

/// Where rows of some contacts stand.
struct Found {
    /// The data files that hold any.
    files: Vec<DataFile>,
    /// The keys that have rows.
    keys: BTreeSet<i64>,
    n_rows: u64,
}

impl Found {
    fn of(table: &Place, files: &[DataFile], families: &BTreeMap<i64, i64>) -> Result<Self> {
        let keys: Vec<i64> = families.keys().copied().collect();
        let look = |file: &DataFile| {
            let runs = Part::open_at(table.join(&file.path), file.clone())?.runs_of(&keys)?;
            Ok(runs.into_iter().filter_map(|(rows, place)| Some((rows.len(), *keys.get(place)?))).collect())
        };
        let runs: Vec<Vec<(usize, i64)>> = files.par_iter().map(look).collect::<Result<_>>()?;
        let mut found = Self { files: Vec::new(), keys: BTreeSet::new(), n_rows: 0 };
        for (file, runs) in files.iter().zip(runs).filter(|(_, runs)| !runs.is_empty()) {
            found.files.push(file.clone());
            for (n_rows, key) in runs {
                found.n_rows += n_rows as u64;
                found.keys.insert(key);
            }
        }
        Ok(found)
    }

    /// How many people they are.
    fn contacts(&self, families: &BTreeMap<i64, i64>) -> u64 {
        self.keys.iter().map(|key| families.get(key).unwrap_or(key)).collect::<BTreeSet<_>>().len() as u64
    }

    /// Writes the files anew, one at a time, without these rows or with a stranger's in their place.
    fn written(&self, table: &Place, families: &BTreeMap<i64, i64>, keeps_counts: bool) -> Result<Vec<DataFile>> {
        let mut written = Vec::new();
        let mut write = || -> Result<()> {
            // Made here and dropped at the end: nobody can repeat what it hashed.
            let secret = Secret::random()?;
            let contacts = contacts(families, keeps_counts)?;
            let mut months: BTreeMap<&str, Vec<&DataFile>> = BTreeMap::new();
            for file in &self.files {
                months.entry(&file.month).or_default().push(file);
            }
            for (month, files) in months {
                let stranger = if keeps_counts {
                    let mut places = Vec::new();
                    for file in &files {
                        places.extend(self.places(table, file)?);
                    }
                    Some(Stranger::new(&secret, places)?)
                } else {
                    None
                };
                let moves = Moves::of(&contacts, stranger);
                for file in files {
                    let new = merge::merge(table, month, std::slice::from_ref(file), &moves)?;
                    if new.n_rows > 0 {
                        written.push(new);
                    } else {
                        join::discard(table, &[new]);
                    }
                }
            }
            Ok(())
        };
        match write() {
            Ok(()) => Ok(written),
            Err(error) => {
                join::discard(table, &written);
                Err(error)
            }
        }
    }

    /// Where their rows stand in a file.
    fn places(&self, table: &Place, file: &DataFile) -> Result<Vec<stranger::Place>> {
        let part = Part::open_at(table.join(&file.path), file.clone())?;
        let keys: Vec<i64> = self.keys.iter().copied().collect();
        let runs = part.runs_of(&keys)?.into_iter().map(|(rows, _)| rows);
        let mut places = Vec::new();
        for batch in part.rows(&["contact_key", "at", "position", "event_id"], runs)? {
            let batch = batch?;
            let keys = stranger::column(&batch, "contact_key")?.as_primitive::<Int64Type>().values();
            let instants = stranger::column(&batch, "at")?.as_primitive::<TimestampMicrosecondType>().values();
            let positions = stranger::column(&batch, "position")?.as_primitive::<Int32Type>().values();
            let events = stranger::column(&batch, "event_id")?.as_binary::<i32>();
            let rows = keys.iter().zip(instants).zip(positions).zip(events.iter());
            places.extend(rows.map(|(((key, at), position), id)| (*key, *at, *position, stranger::event(id))));
        }
        Ok(places)
    }
}

/// Whose the rows of each key are to be: nobody's, or those of a stranger for each person.
fn contacts(families: &BTreeMap<i64, i64>, keeps_counts: bool) -> Result<BTreeMap<i64, Option<u128>>> {
    let mut strangers = BTreeMap::new();
    let mut contacts = BTreeMap::new();
    for (&key, &person) in families {
        let contact = if keeps_counts {
            let stranger = strangers.get(&person).copied().map_or_else(key::random, Ok)?;
            strangers.insert(person, stranger);
            Some(stranger)
        } else {
            None
        };
        contacts.insert(key, contact);
    }
    Ok(contacts)
}

impl Proof {
    pub(super) fn of(table: &Place, path: &str) -> Result<Self> {
        let full = table.join(path);
        let full = full.path();
        let mut hasher = blake3::Hasher::new();
        let file = File::open(full).map_err(Error::read(full))?;
        let bytes = file.metadata().map_err(Error::read(full))?.len();
        hasher.update_reader(file).map_err(Error::read(full))?;
        Ok(Self { path: path.to_owned(), bytes, blake3: hasher.finalize().to_hex().to_string() })
    }
}

/// Deletes every data file and file of links that no version since the last erasing needs: what that one replaced, what earlier
/// versions had, and what writers left who died. Nobody else may be writing.
pub(super) fn sweep(store: &Store) -> Result<Vec<Proof>> {
    let needed = store.needed()?;
    let table = store.table_path();
    let mut deleted = Vec::new();
    let names = |folder: &Path| -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
            names.push(entry.map_err(Error::read(folder))?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    };
    for folder in names(&table)? {
        let holds_data = folder.starts_with(&format!("{PARTITION}="))
            || [super::links::kept::FOLDER, super::counted::FOLDER].contains(&folder.as_str());
        let path = table.join(&folder);
        if !holds_data || !path.is_dir() {
            continue;
        }
        for name in names(&path)? {
            let file = format!("{folder}/{name}");
            if !needed.contains(&file) {
                deleted.push(Proof::of(&store.events(), &file)?);
                fs::remove_file(table.join(&file)).map_err(Error::write(&table.join(&file)))?;
            }
        }
        // A folder that still holds something stays.
        fs::remove_dir(&path).ok();
    }
    Ok(deleted)
}

//! Compaction: the data files of a month become one, with the same events in the same order. Readers see either all old
//! files or the new one.

use std::collections::BTreeMap;

use super::links::Moves;
use super::table::{Change, Operation};
use super::{DataFile, Store, merge};
use crate::error::Result;

/// Merges the data files of every month that has several. Returns how many data files there were and how many there are.
///
/// # Errors
/// A data file is damaged, the store cannot be written, or another writer removed a file meanwhile.
pub fn optimize(store: &mut Store, most: usize) -> Result<(usize, usize)> {
    store.share()?;
    let files = store.files()?;
    let before = files.len();
    let mut months: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
    for file in files {
        months.entry(file.month.clone()).or_default().push(file);
    }
    let months: Vec<(String, Vec<DataFile>)> =
        months.into_iter().filter(|(_, files)| files.len() > most.max(1)).collect();
    let mut added = Vec::new();
    let mut removed = Vec::new();
    for (month, files) in months {
        added.push(merge::merge(&store.events(), &month, &files, &Moves::default())?);
        removed.extend(files);
    }
    if !removed.is_empty() {
        store.commit(&Change { added: &added, removed: &removed, ..Change::of(Operation::Optimize) })?;
    }
    Ok((before, before - removed.len() + added.len()))
}

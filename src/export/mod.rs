//! Exports: facts, dimensions and counts as tables that other programs take as they are.
//!
//! What is exported is a [`State`]: partitions of the tables in [`table`]'s list, each with a hash of its content. A [`Target`]
//! tells which partitions it holds, takes those that differ, and shows its readers the old state or the new one, never half of
//! either. Rows stream: from shards into temporary files, from there into targets. Counts nothing and knows no command line.
//!
//! A new target is a file here and a line in `target`. A new table is a line in the list, and what makes its rows.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::error::Result;
use crate::facts::{Facts, Settings};
use crate::store::{self, Shard, Snapshot};

pub mod cells;
mod columns;
mod content;
mod csv;
mod dimensions;
mod files;
mod gather;
pub mod info;
mod ndjson;
mod parquet;
mod postgres;
mod spill;
pub mod state;
pub mod table;
pub mod target;

use dimensions::Seen;
use gather::Gathering;
pub use info::Info;
use spill::{Folder, Spill};
pub use state::{Name, Partition, Rows, State};
use table::Class;
pub use table::{Column, Kind, Role, Table};
pub use target::{Changes, Login, Target};

/// What is to be exported.
pub struct Plan<'p> {
    /// The version of the store.
    pub snapshot: &'p Snapshot,
    /// What its facts depend on.
    pub settings: &'p Settings,
    /// The zone of days.
    pub zone: &'p TimeZone,
    /// The tables.
    pub tables: &'p [&'static Table],
    /// What the export is.
    pub info: Info,
}

impl Plan<'_> {
    /// Goes over the store once and gathers what targets are to hold. Temporary files lie in the workspace of `target`, where
    /// it has one.
    ///
    /// # Errors
    /// The store is damaged, or temporary files cannot be written.
    pub fn gather(&self, target: &dyn Target) -> Result<State> {
        let folder = Folder::new(target.workspace())?;
        let with_dimensions = self.tables.iter().any(|table| table.class == Class::Dimension);
        let wanted = gather::wanted(self.tables, with_dimensions);
        let columns = Facts::new(self.settings, &wanted).events();
        let reading = store::Reading { columns: &columns, since: None, until: self.settings.until };
        let begin = || {
            let facts = Facts::new(self.settings, &wanted);
            folder.writer().map(|writer| Gathering::new(facts, self.tables, self.zone, writer))
        };
        let each = |gathering: &mut Result<Gathering<'_>>, shard: &Shard| match gathering {
            Ok(gathering) => gathering.add(shard),
            // The folder for temporary files cannot be written: the error stands in the state.
            Err(_) => Ok(()),
        };
        let (mut writers, mut seen) = (Vec::new(), Seen::default());
        for gathering in self.snapshot.fold(&reading, begin, each)? {
            let gathering = gathering?;
            writers.push(gathering.writer);
            seen.merge(gathering.seen);
        }
        let spill = Spill::new(folder, writers)?;
        let mut small = BTreeMap::new();
        for table in self.tables {
            let rows = match table.class {
                Class::Dimension => dimensions::rows(table.name, &seen, self.settings, self.zone),
                Class::Info => vec![self.info.row()],
                Class::Fact | Class::Aggregate => continue,
            };
            small.insert(table.name, columns::batch(table, &rows)?);
        }
        State::new(self.tables, self.info.clone(), spill, small)
    }
}

/// What became of a table in a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The table.
    pub table: String,
    /// Its rows.
    pub n_rows: u64,
    /// Partitions that were written.
    pub n_written: u64,
    /// Partitions that stayed as they were.
    pub n_unchanged: u64,
    /// Bytes that were written.
    pub bytes: u64,
}

/// Brings a target to a state. Only what differs is written; everything, if `full`.
///
/// # Errors
/// The target cannot be read or written; it holds what it held before.
pub fn deliver(state: &State, target: &mut dyn Target, full: bool) -> Result<Vec<Delivered>> {
    let held = target.held()?;
    let wanted = state.held();
    let mut changes = Changes::between(&held, &wanted);
    if full {
        changes.changed = wanted.keys().cloned().collect();
        changes.is_full = true;
    }
    let written = if changes.is_empty() { BTreeMap::new() } else { target.replace(state, &changes)? };
    let of_table = |table: &&'static Table| {
        let mut delivered = Delivered { table: table.name.to_owned(), ..Delivered::default() };
        for partition in state.partitions().iter().filter(|partition| partition.table.name == table.name) {
            delivered.n_rows += partition.n_rows;
            match written.get(&partition.name) {
                Some(bytes) => {
                    delivered.n_written += 1;
                    delivered.bytes += bytes;
                }
                None => delivered.n_unchanged += 1,
            }
        }
        delivered
    };
    Ok(state.tables.iter().map(of_table).collect())
}

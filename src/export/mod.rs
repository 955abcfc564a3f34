//! Exports: facts, dimensions and counts as tables that other programs take as they are.
//!
//! What is exported is a [`State`]: partitions of the tables in [`table`]'s list, each with a hash of its content. A [`Target`]
//! tells which partitions it holds, takes those that differ, and shows its readers the old state or the new one, never half of
//! either. Rows stream: from shards into temporary files, from there into targets. Counts nothing and knows no command line.
//!
//! A new target is a file here and a line in `target`. A new table is a line in the list, and what makes its rows.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::{Facts, Settings};
use crate::funnel::{self, Span};
use crate::measures::{self, Setting};
use crate::metrics::{self, Scope};
use crate::store::{self, Shard, Snapshot};

mod aggregates;
mod arrow;
pub mod cells;
mod columns;
mod content;
pub mod contract;
mod csv;
mod delta;
mod dimensions;
mod few;
mod files;
mod gather;
pub mod info;
mod lock;
mod measured;
mod ndjson;
pub mod of_shards;
mod parquet;
mod postgres;
mod spill;
mod sqlite;
pub mod state;
pub mod table;
pub mod target;
mod xlsx;

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
    /// What the business knows.
    pub config: &'p Config,
    /// From when to when funnels count.
    pub span: Span,
    /// The tables.
    pub tables: &'p [&'static Table],
    /// Below how many observations aggregates are left out, if at all.
    pub minimum: Option<u64>,
    /// What the export is.
    pub info: Info,
}

impl Plan<'_> {
    /// Goes over the store once and gathers what targets are to hold. Temporary files lie in `workspace`, which should be on the
    /// disk of the target; without one, where the system keeps them.
    ///
    /// # Errors
    /// The store is damaged, or temporary files cannot be written.
    pub fn gather(&self, workspace: Option<&Path>) -> Result<State> {
        let folder = Folder::new(workspace)?;
        let with_subjects = self.tables.iter().any(|table| dimensions::is_of_subject(table));
        let needs_facts = with_subjects || self.tables.iter().any(|table| table.class == Class::Fact);
        let wanted = gather::wanted(self.tables, with_subjects);
        let setting = Setting { by: &[], config: self.config, settings: self.settings };
        let counted = aggregates::Wanted::new(self.tables, &setting)?;
        let asks = [counted.asks.as_slice(), &counted.of_measures].concat();
        let scope = Scope { settings: self.settings, zone: self.zone.clone(), flows: &self.config.flow };
        let metrics = metrics::Counting::new(scope, &asks)?;
        let funnels =
            funnel::Counting::new(self.snapshot.channel_kinds(), &counted.funnels, self.span, self.zone.clone());
        let mut columns = [Facts::new(self.settings, &wanted).events(), metrics.columns(), funnels.columns()].concat();
        columns.sort_unstable();
        columns.dedup();
        let reading = store::Reading { columns: &columns, since: None, until: self.settings.until };
        let begin = || {
            let facts = Facts::new(self.settings, &wanted);
            let gathering = folder.writer().map(|writer| Gathering::new(facts, self.tables, self.zone, writer));
            (gathering, metrics.begin(), funnels.begin())
        };
        let states = self.snapshot.fold(&reading, begin, |(gathering, tally, counts), shard: &Shard| {
            // If the folder for temporary files cannot be written, the error stands in the state.
            if let Ok(gathering) = gathering
                && needs_facts
            {
                gathering.add(shard)?;
            }
            if !counted.funnels.is_empty() {
                funnels.add(counts, shard);
            }
            if asks.is_empty() { Ok(()) } else { metrics.add(tally, shard) }
        })?;
        let (mut writers, mut seen) = (Vec::new(), Seen::default());
        let (mut tallies, mut counts) = (Vec::new(), Vec::new());
        for (gathering, tally, count) in states {
            let gathering = gathering?;
            writers.push(gathering.writer);
            seen.merge(gathering.seen);
            tallies.push(tally);
            counts.push(count);
        }
        let spill = Spill::new(folder, writers)?;
        let mut answers = metrics.finish(tallies)?;
        let of_measures = answers.split_off(counted.asks.len().min(answers.len()));
        let mut measured = if of_measures.is_empty() { Vec::new() } else { measures::all(&setting, &of_measures)? };
        let mut funnels = funnels.finish(counts);
        if let Some(minimum) = self.minimum {
            few::leave_out(&mut answers, &mut measured, &mut funnels, minimum);
        }
        let mut small = aggregates::made(self.tables, &answers, &measured, &funnels)?;
        for table in self.tables {
            let rows = match table.class {
                Class::Dimension if !small.contains_key(table.name) => {
                    dimensions::rows(table.name, &seen, self.settings, self.zone)
                }
                Class::Info => vec![self.info.row()],
                _ => continue,
            };
            small.insert(table.name, vec![(None, columns::batch(table, &rows)?)]);
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

/// Puts a file that was written beside its place there, for its owner and the group.
fn publish(draft: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = std::fs::Permissions::from_mode(0o640);
        draft.as_file().set_permissions(readable).map_err(Error::write(path))?;
    }
    draft.as_file().sync_all().map_err(Error::write(path))?;
    draft.persist(path).map(drop).map_err(|error| Error::Write { path: path.to_path_buf(), source: error.error })
}

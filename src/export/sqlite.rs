//! One `SQLite` file with all tables. A new file is written beside its place and renamed; partitions that changed later are replaced in
//! one transaction. So readers see the old state or the new one.
//!
//! Instants and days are ISO 8601 text, which its own functions of time take; flags are 0 and 1.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, Transaction, TransactionBehavior};

use super::cells::{Cell, Cells, Clock};
use super::lock::Workshop;
use super::state::{Held, Name, Partition, State};
use super::table::{Kind, MONTH, Table, named};
use super::target::{Changes, Target};
use crate::error::{Error, Result};

/// The table that says which partitions the file holds.
const PARTITIONS: &str = "trichter_partitions";
/// How long another writer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Sqlite {
    path: PathBuf,
    workshop: Workshop,
    /// Tables of the file that are as this program makes them.
    tables: BTreeSet<String>,
}

impl Sqlite {
    /// Of a file that is ours, or not there yet.
    ///
    /// # Errors
    /// Another export is writing it, or its folder cannot be made.
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_path_buf(), workshop: Workshop::beside(path)?, tables: BTreeSet::new() })
    }

    fn refused(&self, error: rusqlite::Error) -> Error {
        refused(&self.path, error)
    }

    /// Replaces partitions in the file as it is.
    fn update(&self, state: &State, changes: &Changes) -> Result<BTreeMap<Name, u64>> {
        let mut connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| self.refused(error))?;
        connection.busy_timeout(PATIENCE).map_err(|error| self.refused(error))?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| self.refused(error))?;
        for name in changes.changed.iter().chain(&changes.gone) {
            Self::empty(&transaction, name).map_err(|error| self.refused(error))?;
        }
        for name in &changes.gone {
            let is_done_with = !state.tables.iter().any(|table| table.name == name.table);
            if is_done_with {
                let drop = format!("DROP TABLE IF EXISTS \"{}\"", name.table);
                transaction.execute(&drop, []).map_err(|error| self.refused(error))?;
            }
        }
        let changed = state.partitions().iter().filter(|partition| changes.changed.contains(&partition.name));
        let written = self.fill(&transaction, state, changed)?;
        transaction.commit().map_err(|error| self.refused(error))?;
        Ok(written)
    }

    fn empty(transaction: &Transaction<'_>, name: &Name) -> rusqlite::Result<()> {
        let is_by_month = named(&name.table).is_none_or(|table| table.by_month);
        if is_by_month {
            transaction.execute(&format!("DELETE FROM \"{}\" WHERE \"{MONTH}\" IS ?", name.table), [&name.month])?;
        } else {
            transaction.execute(&format!("DELETE FROM \"{}\"", name.table), [])?;
        }
        let forget = format!("DELETE FROM {PARTITIONS} WHERE table_name = ? AND month IS ?");
        transaction.execute(&forget, (&name.table, &name.month)).map(drop)
    }

    /// Writes a file with all partitions beside the place, and renames it.
    fn rebuild(&self, state: &State) -> Result<BTreeMap<Name, u64>> {
        let draft = self.workshop.draft()?;
        let mut connection = Connection::open(draft.path()).map_err(|error| self.refused(error))?;
        // Nobody reads it before it is whole, and a draft that is lost is written again.
        let begin = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;";
        connection.execute_batch(begin).map_err(|error| self.refused(error))?;
        let transaction = connection.transaction().map_err(|error| self.refused(error))?;
        for table in &state.tables {
            transaction.execute_batch(&ddl(table)).map_err(|error| self.refused(error))?;
        }
        let own = format!("CREATE TABLE {PARTITIONS} (table_name TEXT NOT NULL, month TEXT, hash TEXT NOT NULL)");
        transaction.execute(&own, []).map_err(|error| self.refused(error))?;
        let written = self.fill(&transaction, state, state.partitions().iter())?;
        transaction.commit().map_err(|error| self.refused(error))?;
        connection.close().map_err(|(_, error)| self.refused(error))?;
        super::publish(draft, &self.path)?;
        Ok(written)
    }

    fn fill<'s>(
        &self,
        transaction: &Transaction<'_>,
        state: &'s State,
        partitions: impl Iterator<Item = &'s Partition>,
    ) -> Result<BTreeMap<Name, u64>> {
        let mut written = BTreeMap::new();
        for partition in partitions {
            let bytes = self.insert(transaction, state, partition)?;
            let note = format!("INSERT INTO {PARTITIONS} VALUES (?, ?, ?)");
            let Name { table, month } = &partition.name;
            transaction.execute(&note, (table, month, &partition.hash)).map_err(|error| self.refused(error))?;
            written.insert(partition.name.clone(), bytes);
        }
        Ok(written)
    }

    /// Inserts the rows of a partition, and returns about how many bytes its values take.
    fn insert(&self, transaction: &Transaction<'_>, state: &State, partition: &Partition) -> Result<u64> {
        let rows = state.whole(partition);
        let places = vec!["?"; rows.columns.len()].join(", ");
        let insert = format!("INSERT INTO \"{}\" VALUES ({places})", partition.table.name);
        let mut insert = transaction.prepare(&insert).map_err(|error| self.refused(error))?;
        let (mut clock, mut text, mut bytes) = (Clock::default(), Vec::new(), 0);
        for batch in rows.batches {
            let batch = batch?;
            let columns = Cells::of(&batch);
            for row in 0..batch.num_rows() {
                for (place, cells) in columns.iter().enumerate() {
                    let value = value(cells.at(row), &mut clock, &mut text);
                    bytes += size(&value);
                    insert.raw_bind_parameter(place + 1, Bound(value)).map_err(|error| self.refused(error))?;
                }
                insert.raw_execute().map_err(|error| self.refused(error))?;
            }
        }
        Ok(bytes)
    }
}

impl Target for Sqlite {
    fn workspace(&self) -> Option<&Path> {
        Some(&self.workshop.folder)
    }

    fn held(&mut self) -> Result<Held> {
        if !self.path.exists() {
            return Ok(Held::new());
        }
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|error| self.refused(error))?;
        connection.busy_timeout(PATIENCE).map_err(|error| self.refused(error))?;
        let foreign = |_| Error::Target {
            message: format!("'{}' is a file of somebody else", self.path.display()),
            remedy: "name a file that is not there, or one that an export made",
        };
        let read = format!("SELECT table_name, month, hash FROM {PARTITIONS}");
        let mut read = connection.prepare(&read).map_err(foreign)?;
        let rows = read
            .query_map([], |row| Ok((Name { table: row.get(0)?, month: row.get(1)? }, row.get::<_, String>(2)?)))
            .map_err(foreign)?;
        let held: Held = rows.collect::<rusqlite::Result<_>>().map_err(foreign)?;
        let mut read =
            connection.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table'").map_err(foreign)?;
        let made = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(foreign)?;
        let made: Vec<(String, String)> = made.collect::<rusqlite::Result<_>>().map_err(foreign)?;
        let is_ours = |(name, sql): &(String, String)| named(name).is_some_and(|table| *sql == create(table));
        self.tables = made.into_iter().filter(is_ours).map(|(name, _)| name).collect();
        // A table that somebody changed, or that an older program made, is made anew, and the others with it.
        let fits = held.keys().all(|name| self.tables.contains(&name.table));
        Ok(if fits { held } else { Held::new() })
    }

    fn replace(&mut self, state: &State, changes: &Changes) -> Result<BTreeMap<Name, u64>> {
        let has_all = state.tables.iter().all(|table| self.tables.contains(table.name));
        let is_all_new = changes.changed.len() == state.partitions().len();
        if has_all && !is_all_new { self.update(state, changes) } else { self.rebuild(state) }
    }
}

/// The statement that makes a table, with what its columns mean.
fn create(table: &Table) -> String {
    let mut sql = format!("CREATE TABLE \"{}\" ( -- one row per {}", table.name, table.grain);
    for (place, column) in table.columns.iter().enumerate() {
        let kind = match column.kind {
            Kind::Number | Kind::Count | Kind::Flag => "INTEGER",
            Kind::Real => "REAL",
            Kind::Instant | Kind::Day | Kind::Word => "TEXT",
        };
        let comma = if place + 1 < table.columns.len() { "," } else { "" };
        sql.extend(["\n  \"", column.name, "\" ", kind, comma, " -- ", &column.description()]);
    }
    sql.push_str("\n)");
    sql
}

fn ddl(table: &Table) -> String {
    let mut sql = create(table);
    sql.push(';');
    if table.by_month {
        let name = table.name;
        sql.extend([" CREATE INDEX \"", name, "_", MONTH, "\" ON \"", name, "\" (\"", MONTH, "\");"]);
    }
    sql
}

struct Bound<'v>(ValueRef<'v>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}

fn value<'v>(cell: Cell<'v>, clock: &'v mut Clock, text: &'v mut Vec<u8>) -> ValueRef<'v> {
    match cell {
        Cell::Null => ValueRef::Null,
        Cell::Number(number) => ValueRef::Integer(number),
        Cell::Real(number) => ValueRef::Real(number),
        Cell::Flag(flag) => ValueRef::Integer(flag.into()),
        Cell::Word(word) => ValueRef::Text(word.as_bytes()),
        Cell::Day(days) => ValueRef::Text(clock.day(days.into()).as_bytes()),
        Cell::Instant(at) => {
            text.clear();
            clock.instant(at, text);
            ValueRef::Text(text)
        }
    }
}

fn size(value: &ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Null => 1,
        ValueRef::Text(text) | ValueRef::Blob(text) => text.len() as u64,
        _ => 8,
    }
}

fn refused(path: &Path, error: rusqlite::Error) -> Error {
    Error::Write { path: path.to_path_buf(), source: std::io::Error::other(error) }
}

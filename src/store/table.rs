//! The table's transaction log: opening, creating, committing, listing versions. Data files are written and read
//! elsewhere; nothing becomes visible without a commit here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Add, DataType, MetadataExt, PrimitiveType, StructField};
use deltalake::operations::create::CreateBuilder;
use deltalake::operations::vacuum::VacuumMode;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableError};
use serde::Deserialize;
use tokio::runtime::Runtime;

use super::history::{ALL_LINKS_KEY, ALL_RECORDS_KEY, LEDGER_KEY, LINKS_KEY, Ledger, RECORDS_KEY, linked, set_aside};
use super::links::{Links, kept};
use super::place::Place;
use super::schema::{self, Form, PARTITION};
use super::write::{self, DataFile};
use super::writers::Writing;
use super::{counted, rekey};
use crate::error::{Error, Result};
use crate::event::Time;

/// Folder of the table below the store's folder.
const EVENTS: &str = "events";
/// Folder of the table's log below that.
pub(super) const LOG: &str = "_delta_log";
/// Table property that says the version of the table of columns.
const SCHEMA_PROPERTY: &str = "trichter.schema";
/// Which version of the store is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The newest.
    Latest,
    /// This version.
    Version(u64),
    /// The newest that was committed at or before this instant.
    Time(Time),
}

/// A store, opened at one version.
pub struct Store {
    /// Its folder, or its address, for messages.
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) table: DeltaTable,
    pub(super) runtime: Arc<Runtime>,
    /// What keeps erasing out while this store is written to.
    writing: Option<Writing>,
}

impl Store {
    /// Opens the store at this place at the version meant.
    ///
    /// # Errors
    /// There is none, it is damaged, the version does not exist, or a newer program wrote it.
    pub fn open(place: impl Into<Place>, as_of: AsOf) -> Result<Self> {
        let place = place.into();
        place.check()?;
        let path = place.path().to_path_buf();
        let folder = place.join(EVENTS);
        if !folder.join(LOG).is_folder()? {
            return Err(Error::NoStore { path });
        }
        let refused = |source| Error::Table { path: path.clone(), source: Box::new(source) };
        let (runtime, mut table) = (place.runtime()?, folder.table(&path)?);
        runtime.block_on(table.load()).map_err(refused)?;
        let newest = table.version();
        let mut store = Self { path: path.clone(), place, table, runtime, writing: None };
        let version = match as_of {
            AsOf::Latest => None,
            AsOf::Version(version) => Some(version),
            AsOf::Time(time) => Some(store.version_at(time)?),
        };
        if let Some(version) = version {
            store.runtime.block_on(store.table.load_version(version)).map_err(refused)?;
        }
        store.check_schema()?;
        if store.table.version() < newest {
            store.check_not_erased()?;
        }
        Ok(store)
    }

    /// Opens the store at this place, and makes an empty one if there is none.
    ///
    /// # Errors
    /// As [`Store::open`], or the folder cannot be written.
    pub fn open_or_create(place: impl Into<Place>) -> Result<Self> {
        let place = place.into();
        place.check()?;
        let path = place.path().to_path_buf();
        let folder = place.join(EVENTS);
        if folder.join(LOG).is_folder()? {
            // What an erasing changes is seen only after it.
            let writing = Writing::share(&place)?;
            return Self::open(&place, AsOf::Latest).map(|store| Self { writing: Some(writing), ..store });
        }
        folder.make()?;
        let runtime = place.runtime()?;
        let create = CreateBuilder::new()
            .with_log_store(folder.table(&path)?.log_store())
            .with_table_name("events")
            .with_comment("Events of conversations, one row per thing that happened. Sorted by contact_key, at, position, event_id")
            .with_save_mode(SaveMode::ErrorIfExists)
            .with_columns(columns())
            .with_partition_columns([PARTITION])
            // Whoever meets a table that somebody else has just made uses theirs.
            .with_commit_properties(kept_log().with_max_retries(0))
            .with_raise_if_key_not_exists(false)
            .with_configuration([
                (SCHEMA_PROPERTY.to_owned(), Some(schema::VERSION.to_string())),
                ("delta.dataSkippingStatsColumns".to_owned(), Some("contact_key,at".to_owned())),
                // Ledgers and links stand in the log for good.
                ("delta.enableExpiredLogCleanup".to_owned(), Some("false".to_owned())),
            ]);
        match runtime.block_on(async { create.await }) {
            Ok(table) => {
                let writing = Some(Writing::share(&place)?);
                Ok(Self { path, place, table, runtime, writing })
            }
            // Somebody else made it a moment ago: use theirs.
            Err(_) if folder.join(LOG).is_folder()? => Self::open_or_create(&place),
            Err(source) => Err(Error::Table { path, source: Box::new(source) }),
        }
    }

    /// The store's folder, or its address in object storage.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The folder of the table, or its address.
    #[must_use]
    pub fn table_path(&self) -> PathBuf {
        self.path.join(EVENTS)
    }

    /// Where the table is.
    #[must_use]
    pub fn events(&self) -> Place {
        self.place.join(EVENTS)
    }

    /// The table's own id, which no other table has.
    #[must_use]
    pub fn id(&self) -> String {
        self.table.snapshot().map(|state| state.metadata().id().to_owned()).unwrap_or_default()
    }

    /// Number of the version that is open.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.table.version().unwrap_or_default()
    }

    /// Keeps erasing out for as long as this store is open, which would take away files that no version names yet.
    ///
    /// # Errors
    /// The store's folder cannot be written.
    pub(super) fn share(&mut self) -> Result<()> {
        if self.writing.is_none() {
            self.writing = Some(Writing::share(&self.place)?);
        }
        Ok(())
    }

    /// Does something while nobody else writes to the store, on top of its newest version.
    ///
    /// # Errors
    /// Somebody else is writing to it, or what is done fails.
    pub(super) fn alone<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let shared = self.writing.take();
        let was_shared = shared.is_some();
        let alone = Writing::alone(&self.place, shared)?;
        let done = self.load().and_then(|()| work(self));
        if was_shared {
            self.writing = Some(alone.shared_again(&self.place)?);
        }
        done
    }

    /// The data files of the version that is open, by path.
    ///
    /// # Errors
    /// The log does not say what a data file holds.
    pub fn files(&self) -> Result<Vec<DataFile>> {
        let state = self.table.snapshot().map_err(|source| self.refused(source))?;
        let mut files = Vec::new();
        for view in state.log_data().iter() {
            let path = view.path().into_owned();
            let stats = view.stats().unwrap_or_default();
            files.push(read_statistics(path, &stats, view.size()).ok_or_else(|| Error::Store {
                path: self.path.clone(),
                message: format!(
                    "its log does not say what data file '{}' holds; only trichter may write to it",
                    view.path()
                ),
            })?);
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// Commits a change, and returns the new version.
    ///
    /// What an ingest adds is right only on top of the version that it has seen, because another may have told that two
    /// contacts are one. If there is a newer version, nothing is committed and `None` returned; the store is then open at
    /// the newer one.
    ///
    /// # Errors
    /// Another writer removed what this commit relies on, or the log cannot be written.
    pub fn commit(&mut self, change: &Change<'_>) -> Result<Option<u64>> {
        let removed_paths: Vec<&str> = change.removed.iter().map(|file| file.path.as_str()).collect();
        let changes_data = change.operation != Operation::Optimize;
        let mut actions: Vec<Action> =
            change.added.iter().map(|file| Ok(Action::Add(self.add(file, changes_data)?))).collect::<Result<_>>()?;
        let state = self.table.snapshot().map_err(|source| self.refused(source))?;
        for view in state.log_data().iter() {
            if removed_paths.contains(&view.path().as_ref()) {
                actions.push(Action::Remove(view.remove_action(changes_data)));
            }
        }
        if !change.marks.is_empty() {
            let metadata = state.metadata().clone();
            let metadata = metadata.add_config_key(rekey::PROPERTY.to_owned(), change.marks.join(" "));
            actions.push(Action::Metadata(metadata.map_err(|source| self.refused(source.into()))?));
        }
        let delta_operation = match change.operation {
            Operation::Ingest => DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by: Some(vec![PARTITION.to_owned()]),
                predicate: None,
            },
            Operation::Optimize => DeltaOperation::Optimize { predicate: None, target_size: OPTIMIZE_TARGET },
            Operation::Forget => DeltaOperation::Delete { predicate: None },
        };
        let mut properties = kept_log();
        if changes_data {
            properties = properties.with_max_retries(0);
        }
        // Plain counts always serialise.
        let ledger = change.ledger.map(|ledger| serde_json::to_value(ledger).unwrap_or_default());
        let links = change.links.map(|links| self.keep(links)).transpose()?;
        let has_all_links = (change.operation == Operation::Forget && links.is_some()).then_some(true.into());
        let records = Some(change.records).filter(|records| !records.is_empty());
        let records = records.map(|records| self.keep_records(records)).transpose()?;
        properties = properties.with_metadata(
            [
                (LEDGER_KEY, ledger),
                (LINKS_KEY, links.clone().map(Into::into)),
                (ALL_LINKS_KEY, has_all_links),
                (RECORDS_KEY, records.clone().map(Into::into)),
                (
                    ALL_RECORDS_KEY,
                    (!change.marks.is_empty() && change.operation == Operation::Forget).then_some(true.into()),
                ),
            ]
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?))),
        );
        let commit = CommitBuilder::from(properties).with_actions(actions).build(
            Some(state),
            self.table.log_store(),
            delta_operation,
        );
        let before = self.version();
        let mut done = self.runtime.block_on(async { commit.await });
        if self.place.on_disk().is_none()
            && let Err(source) = done
        {
            match self.was_done(change, before, [&links, &records]) {
                Ok(Some(version)) => return Ok(Some(version)),
                Ok(None) => done = Err(source),
                // As long as nobody knows, nothing is taken back.
                Err(_) => return Err(self.refused(source)),
            }
        }
        match done {
            Ok(finalized) => {
                self.load()?;
                Ok(Some(finalized.version()))
            }
            Err(source @ DeltaTableError::Transaction { source: TransactionError::MaxCommitAttempts(0) }) => {
                if let Some(name) = links {
                    kept::discard(&self.events(), &name);
                }
                if let Some(name) = records {
                    counted::discard(&self.events(), &name);
                }
                self.load()?;
                if self.version() > before { Ok(None) } else { Err(self.refused(source)) }
            }
            Err(source) => Err(self.refused(source)),
        }
    }

    /// The version that a commit made which was told to have failed. An answer can be lost on the way, and a request that is
    /// repeated then meets what it has done itself: names of new files are random, so a commit that says one is ours.
    fn was_done(&mut self, change: &Change<'_>, before: u64, names: [&Option<String>; 2]) -> Result<Option<u64>> {
        let added = change.added.first().map(|file| file.path.as_str());
        let Some(name) = added.or(names.into_iter().flatten().map(String::as_str).next()) else { return Ok(None) };
        self.load()?;
        self.naming(name, before + 1..=self.version())
    }

    /// Opens the newest version.
    pub(super) fn load(&mut self) -> Result<()> {
        self.runtime.block_on(self.table.load()).map_err(|source| self.refused(source))
    }

    /// Writes links to a file of their own, and returns its name.
    fn keep(&self, links: &Links) -> Result<String> {
        // Parquet, but not named so: whoever lists data files by their ending is spared it.
        let name = format!("{}.links", write::file_name()?);
        kept::write(&self.events(), &name, links)?;
        Ok(name)
    }

    /// Writes hashes of records to a file of their own.
    fn keep_records(&self, records: &[u64]) -> Result<String> {
        let name = format!("{}.records", write::file_name()?);
        counted::write(&self.events(), &name, records)?;
        Ok(name)
    }

    /// Of these hashes of records that were set aside, those that a commit up to the open version has counted.
    ///
    /// # Errors
    /// The log or a file that it names cannot be read.
    pub fn counted(&self, records: &BTreeSet<u64>) -> Result<BTreeSet<u64>> {
        let table = self.events();
        let mut known = BTreeSet::new();
        if !records.is_empty() && table.join(counted::FOLDER).is_folder()? {
            for name in set_aside(&self.log()?) {
                known.extend(counted::read(&table, name)?.filter(|hash| records.contains(hash)));
            }
        }
        Ok(known)
    }

    /// What is known of who is who at the version that is open.
    ///
    /// # Errors
    /// The log or a file of links cannot be read.
    pub fn links(&self) -> Result<Links> {
        let mut links = Links::default();
        // Most stores have none, and reading the log of a long life takes a while.
        let table = self.events();
        if kept::exist(&table)? {
            for name in linked(&self.log()?) {
                kept::read(&table, name, &mut links)?;
            }
        }
        Ok(links)
    }

    /// Deletes data files that no version younger than `keep_hours` needs. Returns their paths; with `dry_run` nothing is
    /// deleted. Older versions can then no longer be opened.
    ///
    /// # Errors
    /// A file cannot be deleted.
    pub fn vacuum(&mut self, keep_hours: u32, dry_run: bool) -> Result<Vec<String>> {
        let vacuum = self
            .table
            .clone()
            .vacuum()
            // Also what no version ever named: the files of an ingest that was killed.
            .with_mode(VacuumMode::Full)
            .with_retention_period(chrono::Duration::hours(i64::from(keep_hours)))
            .with_enforce_retention_duration(false)
            .with_dry_run(dry_run)
            .with_commit_properties(kept_log());
        let (table, metrics) = self.runtime.block_on(async { vacuum.await }).map_err(|source| self.refused(source))?;
        self.table = table;
        let mut deleted = metrics.files_deleted;
        deleted.sort();
        Ok(deleted)
    }

    fn check_schema(&mut self) -> Result<()> {
        let state = self.table.snapshot().map_err(|source| self.refused(source))?;
        let found = state.metadata().configuration().get(SCHEMA_PROPERTY).and_then(|text| text.parse::<u32>().ok());
        match found {
            Some(schema::VERSION) => Ok(()),
            Some(version) => Err(Error::Store {
                path: self.path.clone(),
                message: format!(
                    "it has schema version {version}, this program knows {}; {}",
                    schema::VERSION,
                    if version > schema::VERSION {
                        "use a newer trichter"
                    } else {
                        "ingest the logs into a new store, with the key of the old one to keep its pseudonyms"
                    }
                ),
            }),
            None => Err(Error::Store {
                path: self.path.clone(),
                message: "it is a Delta table, but not one that trichter made".into(),
            }),
        }
    }

    fn add(&self, file: &DataFile, data_change: bool) -> Result<Add> {
        let modified = self.events().join(&file.path).modified()?;
        Ok(Add {
            path: file.path.clone(),
            partition_values: [(PARTITION.to_owned(), Some(file.month.clone()))].into(),
            size: i64::try_from(file.size).unwrap_or(i64::MAX),
            modification_time: modified,
            data_change,
            stats: Some(file.statistics()),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }

    pub(super) fn refused(&self, source: DeltaTableError) -> Error {
        Error::Table { path: self.path.clone(), source: Box::new(source) }
    }
}

/// What is to be committed.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    /// What is done.
    pub operation: Operation,
    /// New data files.
    pub added: &'c [DataFile],
    /// Data files that they replace.
    pub removed: &'c [DataFile],
    /// What an ingest received.
    pub ledger: Option<&'c Ledger>,
    /// What an ingest learned about who is who; all that is left of it, if contacts are forgotten whom links name.
    pub links: Option<&'c Links>,
    /// Hashes of the records that an ingest set aside, ignored or refused, and counted; all of them, if the key is changed.
    pub records: &'c [u64],
    /// What the secrets are known by with which ids are made, if the table does not say so yet or the key is changed.
    pub marks: &'c [String],
}

impl Change<'_> {
    /// A change that does nothing yet.
    #[must_use]
    pub fn of(operation: Operation) -> Self {
        Self { operation, added: &[], removed: &[], ledger: None, links: None, records: &[], marks: &[] }
    }
}

/// What a commit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Adds events, and files stored ones under the contact whose they turned out to be.
    Ingest,
    /// Writes the same events into fewer files.
    Optimize,
    /// Takes events or their ids out for good.
    Forget,
}

/// Commits take nothing out of the log: ledgers and links stand in it for good.
fn kept_log() -> CommitProperties {
    CommitProperties::default().with_cleanup_expired_logs(Some(false))
}

/// The size that compaction aims at, as the log records it.
const OPTIMIZE_TARGET: i64 = 512 * 1024 * 1024;

fn columns() -> Vec<StructField> {
    let primitive = |form| match form {
        Form::Int64 => PrimitiveType::Long,
        Form::Int32 => PrimitiveType::Integer,
        Form::Instant => PrimitiveType::Timestamp,
        Form::Id => PrimitiveType::Binary,
        Form::Word | Form::Text => PrimitiveType::String,
        Form::Flag => PrimitiveType::Boolean,
        Form::Decimal => PrimitiveType::decimal(18, 6).unwrap_or(PrimitiveType::Double),
    };
    let month = StructField::new(PARTITION, DataType::Primitive(PrimitiveType::String), true);
    schema::COLUMNS
        .iter()
        // The protocol checks "not null" on write in every tool; our own writer never leaves these out, so readers are
        // spared a table feature.
        .map(|column| StructField::new(column.name, DataType::Primitive(primitive(column.form)), true))
        .chain([month])
        .collect()
}

fn read_statistics(path: String, stats: &str, size: i64) -> Option<DataFile> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Statistics {
        num_records: u64,
        min_values: Bounds,
        max_values: Bounds,
    }
    #[derive(Deserialize)]
    struct Bounds {
        contact_key: i64,
        at: String,
    }
    let stats: Statistics = serde_json::from_str(stats).ok()?;
    // Rounding up may lead out of the range of times that a log is believed in, so the bounds are read as they stand.
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
    let month = path.split('/').find_map(|part| part.strip_prefix("month="))?.to_owned();
    Some(DataFile {
        month,
        size: u64::try_from(size).ok()?,
        n_rows: stats.num_records,
        keys: (stats.min_values.contact_key, stats.max_values.contact_key),
        instants: (instant(&stats.min_values.at)?, instant(&stats.max_values.at)?),
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_are_rounded_out_of_the_believed_range_are_read_all_the_same() {
        let last = 4_102_444_800 * crate::event::SECOND - 1;
        let file = DataFile {
            path: "month=2099-12/part-1.parquet".into(),
            month: "2099-12".into(),
            size: 1,
            n_rows: 1,
            keys: (-5, 7),
            instants: (last, last),
        };
        let read = read_statistics(file.path.clone(), &file.statistics(), 1).unwrap();
        assert_eq!(read.n_rows, 1);
        // Of keys the log tells no more than the first sixteen bits.
        assert_eq!(read.keys, (-1 << 48, (1 << 48) - 1));
        assert!(read.instants.0 <= last && read.instants.1 >= last);
    }

    #[test]
    fn tidying_up_an_old_store_keeps_all_that_its_commits_say() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open_or_create(folder.path()).unwrap();
        let ledger = Ledger { accepted: 1, ..Ledger::default() };
        // Enough for the table's library to sum up the log in a checkpoint, before which it would clean up.
        for number in 0..101 {
            let mut links = Links::default();
            links.add(number, 1_000, 0, None);
            let change = Change { ledger: Some(&ledger), links: Some(&links), ..Change::of(Operation::Ingest) };
            assert!(store.commit(&change).unwrap().is_some());
        }
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
        let log = store.table_path().join("_delta_log");
        assert!(log.join("_last_checkpoint").exists());
        for entry in std::fs::read_dir(log).unwrap() {
            let file = std::fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
            file.set_modified(old).unwrap();
        }
        let stray = "month=2026-01/part-1.parquet";
        std::fs::create_dir(store.table_path().join("month=2026-01")).unwrap();
        std::fs::write(store.table_path().join(stray), "").unwrap();
        assert_eq!(store.vacuum(0, false).unwrap(), [stray]);
        let store = Store::open(folder.path(), AsOf::Latest).unwrap();
        assert_eq!((store.ledger().unwrap().accepted, store.links().unwrap().len()), (101, 101));
    }

    #[test]
    fn a_path_that_the_table_library_would_misread_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (name, fits) in [("a%20b", false), ("100%", true), ("50% off", true), ("größe #1?", true)] {
            assert_eq!(Store::open_or_create(&folder.path().join(name)).is_ok(), fits, "{name}");
        }
    }
}

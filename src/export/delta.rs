//! Delta tables, one for each table of the export: data files by month, and a log that says which of them count.
//!
//! A commit changes one table, all its partitions at once. No commit spans tables, so facts come first and `export_info` last:
//! whoever wants them of one export looks which version of the store it names. Files that no version of the last week needs are
//! removed. The names of data files carry the hashes of their contents.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType as Arrow, Int64Type, TimeUnit, TimestampMicrosecondType};
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, DataType, PrimitiveType, StructField};
use deltalake::operations::create::CreateBuilder;
use deltalake::operations::vacuum::VacuumMode;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::files::Encode;
use super::lock::Lock;
use super::parquet::Parquet;
use super::state::{Held, Name, Partition, Rows, State};
use super::table::{self, Kind, MONTH, Table, VERSION};
use super::target::{Changes, Target};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::store::place::url;

/// Table property that says the version of the list of tables.
const SCHEMA_PROPERTY: &str = "trichter.export";
/// For how many hours readers may go on with a version that was replaced.
const KEPT_HOURS: i64 = 7 * 24;

pub(super) struct Delta {
    path: PathBuf,
    runtime: Runtime,
    tables: BTreeMap<&'static str, DeltaTable>,
    _lock: Lock,
}

impl Delta {
    /// Of a folder that is ours, or empty.
    ///
    /// # Errors
    /// It is somebody else's, another export is writing, or a table in it is of another make.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let lock = Lock::hold(path)?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().map_err(Error::read(path))?;
        let mut delta = Self { path: path.to_path_buf(), runtime, tables: BTreeMap::new(), _lock: lock };
        for table in table::all() {
            if delta.folder(table).join("_delta_log").is_dir() {
                delta.tables.insert(table.name, delta.load(table)?);
            }
        }
        Ok(delta)
    }

    fn folder(&self, table: &Table) -> PathBuf {
        self.path.join(table.name)
    }

    fn refused(&self, table: &Table) -> impl Fn(DeltaTableError) -> Error {
        let path = self.folder(table);
        move |source| Error::Table { path: path.clone(), source: Box::new(source) }
    }

    fn load(&self, table: &'static Table) -> Result<DeltaTable> {
        let folder = self.folder(table);
        let builder = DeltaTableBuilder::from_url(url(&folder, Error::Usage)?).map_err(self.refused(table))?;
        let found = self.runtime.block_on(builder.load()).map_err(self.refused(table))?;
        let state = found.snapshot().map_err(self.refused(table))?;
        let is_ours = state.metadata().configuration().get(SCHEMA_PROPERTY) == Some(&VERSION.to_string());
        let columns = state.schema();
        let columns: Vec<(&str, &DataType)> =
            columns.fields().map(|field| (field.name().as_str(), field.data_type())).collect();
        let expected = fields(table);
        let fits = expected.iter().map(|field| (field.name().as_str(), field.data_type())).eq(columns);
        if is_ours && fits {
            return Ok(found);
        }
        Err(Error::Target {
            message: format!("'{}' is no table as this program makes it", folder.display()),
            remedy: "export to another folder, or remove the table",
        })
    }

    /// Writes the data file of a partition.
    fn write(&self, rows: Rows<'_>, name: &Name, hash: &str, number: u64) -> Result<Add> {
        let (folder, statistics) = (name.folder(rows.table), &mut Statistics::default());
        let file = format!("part-{hash}-{number}.parquet");
        let path = self.path.join(&folder).join(&file);
        let (table, columns, batches) = (rows.table, rows.columns, rows.batches);
        let batches = batches.inspect(|batch| {
            if let Ok(batch) = batch {
                statistics.add(batch);
            }
        });
        fs::create_dir_all(self.path.join(&folder)).map_err(Error::write(&path))?;
        // A file of this name may be there, of an export that was killed; no version names it.
        let mut out = BufWriter::new(File::create(&path).map_err(Error::write(&path))?);
        Parquet
            .encode(Rows { table, columns, batches: Box::new(batches) }, &mut out)
            .map_err(|error| error.written_to(&path))?;
        out.flush().map_err(Error::write(&path))?;
        let out = out.into_inner().map_err(|error| Error::write(&path)(error.into_error()))?;
        out.sync_all().map_err(Error::write(&path))?;
        let known = out.metadata().map_err(Error::write(&path))?;
        let modified = known.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let below = folder.strip_prefix(table.name).unwrap_or_default().trim_start_matches('/');
        Ok(Add {
            path: if below.is_empty() { file } else { format!("{below}/{file}") },
            partition_values: if table.by_month { [(MONTH.to_owned(), name.month.clone())].into() } else { [].into() },
            size: i64::try_from(known.len()).unwrap_or(i64::MAX),
            modification_time: modified.and_then(|age| i64::try_from(age.as_millis()).ok()).unwrap_or_default(),
            data_change: true,
            stats: Some(statistics.json()),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }

    fn create(&self, table: &'static Table, actions: Vec<Action>) -> Result<DeltaTable> {
        let folder = self.folder(table);
        fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
        let create = CreateBuilder::new()
            .with_location(url(&folder, Error::Usage)?.to_string())
            .with_table_name(table.name)
            .with_comment(format!("one row per {}", table.grain))
            .with_save_mode(SaveMode::ErrorIfExists)
            .with_columns(fields(table))
            .with_partition_columns(table.by_month.then_some(MONTH))
            .with_raise_if_key_not_exists(false)
            .with_configuration([(SCHEMA_PROPERTY.to_owned(), Some(VERSION.to_string()))])
            .with_actions(actions);
        self.runtime.block_on(async { create.await }).map_err(self.refused(table))
    }

    fn commit(&self, found: &DeltaTable, table: &'static Table, actions: Vec<Action>) -> Result<DeltaTable> {
        let operation = DeltaOperation::Write {
            mode: SaveMode::Overwrite,
            partition_by: table.by_month.then(|| vec![MONTH.to_owned()]),
            predicate: None,
        };
        let state = found.snapshot().map_err(self.refused(table))?;
        // On top of what was seen, or not at all.
        let properties = CommitProperties::default().with_max_retries(0);
        let commit =
            CommitBuilder::from(properties).with_actions(actions).build(Some(state), found.log_store(), operation);
        let mut found = found.clone();
        self.runtime
            .block_on(async {
                commit.await?;
                found.load().await?;
                vacuumed(&found, KEPT_HOURS).await
            })
            .map_err(self.refused(table))
    }
}

impl Target for Delta {
    fn workspace(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn held(&mut self) -> Result<Held> {
        let mut held = Held::new();
        for (name, found) in &self.tables {
            let Some(table) = table::named(name) else { continue };
            for (path, _) in files(found).map_err(self.refused(table))? {
                let month = path.split_once('/').and_then(|(folder, _)| folder.strip_prefix("month="));
                let month = month.filter(|month| month.len() == 7).map(str::to_owned);
                let hash = path.rsplit("part-").next().and_then(|rest| rest.split('-').next()).unwrap_or_default();
                held.insert(Name { table: table.name.to_owned(), month }, hash.to_owned());
            }
        }
        Ok(held)
    }

    fn replace(&mut self, state: &State, changes: &Changes) -> Result<BTreeMap<Name, u64>> {
        let mut written = BTreeMap::new();
        for table in table::all() {
            let is_of = |name: &&Name| name.table == table.name;
            if !changes.changed.iter().chain(&changes.gone).any(|name| is_of(&name)) {
                continue;
            }
            let known = self.tables.get(table.name);
            let number = known.and_then(DeltaTable::version).map_or(0, |version| version + 1);
            let changed: Vec<&Partition> = state
                .partitions()
                .iter()
                .filter(|partition| is_of(&&partition.name) && changes.changed.contains(&partition.name))
                .collect();
            let write = |partition: &&Partition| {
                let add = self.write(state.stored(partition), &partition.name, &partition.hash, number)?;
                Ok((partition.name.clone(), add))
            };
            let added: Vec<(Name, Add)> = changed.par_iter().map(write).collect::<Result<_>>()?;
            let sizes = added.iter().map(|(name, add)| (name.clone(), u64::try_from(add.size).unwrap_or_default()));
            written.extend(sizes);
            let replaced: Vec<String> =
                changes.changed.iter().chain(&changes.gone).filter(is_of).map(|name| below(table, name)).collect();
            let mut actions: Vec<Action> = added.into_iter().map(|(_, add)| Action::Add(add)).collect();
            let made = match known {
                None => self.create(table, actions)?,
                Some(found) => {
                    let snapshot = found.snapshot().map_err(self.refused(table))?;
                    for view in snapshot.log_data().iter() {
                        let path = view.path();
                        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                        if replaced.iter().any(|replaced| replaced == folder) {
                            actions.push(Action::Remove(view.remove_action(true)));
                        }
                    }
                    self.commit(found, table, actions)?
                }
            };
            self.tables.insert(table.name, made);
        }
        Ok(written)
    }

    fn prune(&mut self) -> Result<()> {
        for (name, found) in &mut self.tables {
            let folder = self.path.join(name);
            let refused = |source| Error::Table { path: folder.clone(), source: Box::new(source) };
            *found = self.runtime.block_on(vacuumed(found, 0)).map_err(refused)?;
        }
        Ok(())
    }
}

/// Removes data files that no version of these hours needs.
async fn vacuumed(found: &DeltaTable, hours: i64) -> std::result::Result<DeltaTable, DeltaTableError> {
    let vacuum = found
        .clone()
        .vacuum()
        .with_mode(VacuumMode::Full)
        .with_enforce_retention_duration(false)
        .with_retention_period(chrono::Duration::hours(hours));
    Ok(vacuum.await?.0)
}

/// The folder of a partition below that of its table.
fn below(table: &Table, name: &Name) -> String {
    name.folder(table).split_once('/').map_or_else(String::new, |(_, folder)| folder.to_owned())
}

/// The data files that count: paths and sizes.
fn files(found: &DeltaTable) -> std::result::Result<Vec<(String, i64)>, DeltaTableError> {
    let state = found.snapshot()?;
    Ok(state.log_data().iter().map(|view| (view.path().into_owned(), view.size())).collect())
}

fn fields(table: &Table) -> Vec<StructField> {
    let primitive = |kind| match kind {
        Kind::Instant => PrimitiveType::Timestamp,
        Kind::Day => PrimitiveType::Date,
        Kind::Number | Kind::Count => PrimitiveType::Long,
        Kind::Real => PrimitiveType::Double,
        Kind::Flag => PrimitiveType::Boolean,
        Kind::Word => PrimitiveType::String,
    };
    let field = |column: &super::table::Column| {
        StructField::new(column.name, DataType::Primitive(primitive(column.kind)), true)
            .with_metadata([("comment", column.description())])
    };
    table.columns.iter().map(field).collect()
}

/// What readers skip files by: of whole numbers and instants the smallest and the largest.
#[derive(Default)]
struct Statistics {
    n_rows: u64,
    ranges: BTreeMap<String, (i64, i64, bool)>,
    n_null: BTreeMap<String, u64>,
}

impl Statistics {
    fn add(&mut self, batch: &RecordBatch) {
        self.n_rows += batch.num_rows() as u64;
        let schema = batch.schema();
        // The log is never rewritten, so it must not hold anybody's key.
        let columns = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| field.name() != "contact_key");
        for (field, array) in columns {
            *self.n_null.entry(field.name().clone()).or_default() += array.logical_null_count() as u64;
            let (range, is_instant) = match array.data_type() {
                Arrow::Int64 => {
                    let array = array.as_primitive::<Int64Type>();
                    (min(array).zip(max(array)), false)
                }
                Arrow::Timestamp(TimeUnit::Microsecond, _) => {
                    let array = array.as_primitive::<TimestampMicrosecondType>();
                    (min(array).zip(max(array)), true)
                }
                _ => continue,
            };
            let Some((low, high)) = range else { continue };
            let known = self.ranges.entry(field.name().clone()).or_insert((low, high, is_instant));
            *known = (known.0.min(low), known.1.max(high), is_instant);
        }
    }

    /// In the form of the Delta protocol ("Per-file Statistics"), which keeps milliseconds: the earliest is rounded down, the
    /// latest up, so that no reader skips a row.
    fn json(&self) -> String {
        let bound = |value: i64, is_instant: bool, up: i64| {
            if is_instant { Time(value.div_euclid(1_000) * 1_000 + up).to_string().into() } else { Value::from(value) }
        };
        let (mut low, mut high) = (Map::new(), Map::new());
        for (name, &(least, most, is_instant)) in &self.ranges {
            low.insert(name.clone(), bound(least, is_instant, 0));
            high.insert(name.clone(), bound(most, is_instant, 1_000));
        }
        json!({
            "numRecords": self.n_rows,
            "minValues": low,
            "maxValues": high,
            "nullCount": self.n_null,
        })
        .to_string()
    }
}

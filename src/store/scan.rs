//! The shard scan: merges the sorted data files of one range of contact keys and yields whole contacts in time order.
//!
//! Contact keys are uniform hashes, so a range of them is a random sample of contacts, and no contact crosses a range.
//! Memory is bounded by the shards in flight, not by the store.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::statistics::Statistics;
use rayon::prelude::*;

use super::rows::{NO_INSTANT, NO_MESSAGE};
use super::schema::{self, TEXTS, WORDS};
use super::words::{NULL, Words};
use super::write::{DataFile, KINDS_KEY};
use super::{Store, schema::Form};
use crate::error::{Error, Result};
use crate::event::Kind;

/// Rows that a shard should hold: enough to keep columns long, few enough to stay in the cache and bound memory.
const SHARD_ROWS: u64 = 512 * 1024;
/// Rows that are decoded at a time.
const BATCH: usize = 16 * 1024;

/// One version of the store, ready to be scanned. Data files are opened once; their statistics say what to skip.
pub struct Snapshot {
    version: u64,
    files: Vec<Part>,
    channel_kinds: BTreeSet<(String, Kind)>,
    horizon: Option<i64>,
    overlapping: bool,
}

pub(super) struct Part {
    path: PathBuf,
    file: DataFile,
    metadata: ArrowReaderMetadata,
}

/// What of the store is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading<'a> {
    /// Columns besides key, time and kind.
    pub columns: &'a [&'a str],
    /// Only events that are not earlier. Microseconds.
    pub since: Option<i64>,
    /// Only events that are earlier. Microseconds.
    pub until: Option<i64>,
}

impl Reading<'_> {
    fn holds(&self, at: i64) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

/// A range of contact keys, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Smallest key.
    pub low: i64,
    /// Largest key.
    pub high: i64,
}

/// Ranges of equal width that cover all contact keys, each holding about as many rows as a shard should.
pub(super) fn key_ranges(n_rows: u64) -> Vec<KeyRange> {
    let n_ranges = i128::from(n_rows.div_ceil(SHARD_ROWS).max(1));
    let (first, span) = (i128::from(i64::MIN), 1_i128 << 64);
    let edge = |index: i128| first + span * index / n_ranges;
    let key = |value: i128| i64::try_from(value).unwrap_or(i64::MAX);
    (0..n_ranges).map(|index| KeyRange { low: key(edge(index)), high: key(edge(index + 1) - 1) }).collect()
}

impl Snapshot {
    /// Opens the data files of the version at which the store is open.
    ///
    /// # Errors
    /// A data file is missing or damaged.
    pub fn of(store: &Store) -> Result<Self> {
        let files = store.files()?;
        let parts: Vec<Part> = files.into_par_iter().map(|file| Part::open(store, file)).collect::<Result<Vec<_>>>()?;
        let channel_kinds = parts.iter().flat_map(Part::channel_kinds).collect();
        let horizon = parts.iter().filter_map(Part::last_instant).max();
        let mut ranges: Vec<(i64, i64)> = parts.iter().map(|part| part.file.instants).collect();
        ranges.sort_unstable();
        let overlapping = ranges.windows(2).any(|pair| pair[0].1 >= pair[1].0);
        Ok(Self { version: store.version(), files: parts, channel_kinds, horizon, overlapping })
    }

    /// Number of the version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The last instant of any event, in microseconds; `None` in an empty store.
    #[must_use]
    pub fn horizon(&self) -> Option<i64> {
        self.horizon
    }

    /// Number of rows in the data files.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.files.iter().map(|part| part.file.n_rows).sum()
    }

    /// Which kinds of events the log of each channel really holds.
    #[must_use]
    pub fn channel_kinds(&self) -> &BTreeSet<(String, Kind)> {
        &self.channel_kinds
    }

    /// Goes once over the store, shard by shard, on as many threads as rayon has. Each thread folds its shards into a
    /// state of its own; which shards meet in one state, and the order of states, mean nothing.
    ///
    /// # Errors
    /// A data file is damaged, or `each` fails.
    pub fn fold<S: Send>(
        &self,
        reading: &Reading<'_>,
        begin: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, &Shard) -> Result<()> + Sync,
    ) -> Result<Vec<S>> {
        let ranges = key_ranges(self.n_rows());
        let next = AtomicUsize::new(0);
        let work = || {
            let mut state = begin();
            while let Some(range) = ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
                let shard = self.read(*range, reading)?;
                if !shard.is_empty() {
                    each(&mut state, &shard)?;
                }
            }
            Ok(state)
        };
        // Plain threads, because a thread of rayon's that waits for polars' pool would begin further shards meanwhile, and
        // memory is bounded by the shards in flight.
        std::thread::scope(|threads| {
            let n_threads = rayon::current_num_threads().min(ranges.len());
            let threads: Vec<_> = (0..n_threads).map(|_| threads.spawn(work)).collect();
            let failed = || Err(Error::Usage("a thread that read the store has failed".into()));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| failed())).collect()
        })
    }

    /// Reads the events of the contacts in the range. Equal events that slipped through the ingest are dropped here.
    fn read(&self, range: KeyRange, reading: &Reading<'_>) -> Result<Shard> {
        let mut shard = Shard::with_columns(reading.columns, self.overlapping);
        let mut n_parts = 0;
        for part in &self.files {
            let before = shard.len();
            part.read_into(&mut shard, range, reading)?;
            n_parts += usize::from(shard.len() > before);
        }
        if n_parts > 1 {
            shard.sort();
        }
        Ok(shard)
    }

    /// Calls `each` with the event ids of every stored event whose instant may lie in `instants`, data file by data file.
    ///
    /// # Errors
    /// A data file is damaged.
    pub fn event_ids(&self, instants: (i64, i64), each: impl Fn(&[u128]) + Sync) -> Result<()> {
        self.files
            .par_iter()
            .filter(|part| part.file.instants.0 <= instants.1 && part.file.instants.1 >= instants.0)
            .try_for_each(|part| part.event_ids(instants, &each))
    }

    /// The data files, by path.
    pub fn files(&self) -> impl Iterator<Item = &DataFile> {
        self.files.iter().map(|part| &part.file)
    }
}

impl Part {
    fn open(store: &Store, file: DataFile) -> Result<Self> {
        Self::open_at(store.table_path().join(&file.path), file)
    }

    /// Opens a data file that may not be committed yet.
    pub(super) fn open_at(path: PathBuf, file: DataFile) -> Result<Self> {
        let handle =
            File::open(&path).map_err(|source| Error::DataFile { path: path.clone(), source: source.into() })?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&handle, options)
            .map_err(|source| Error::DataFile { path: path.clone(), source })?;
        Ok(Self { path, file, metadata })
    }

    fn damaged(&self) -> impl Fn(parquet::errors::ParquetError) -> Error {
        let path = self.path.clone();
        move |source| Error::DataFile { path: path.clone(), source }
    }

    pub(super) fn channel_kinds(&self) -> Vec<(String, Kind)> {
        let pairs = self.metadata.metadata().file_metadata().key_value_metadata();
        let text = pairs.into_iter().flatten().find(|pair| pair.key == KINDS_KEY).and_then(|pair| pair.value.clone());
        // JSON, because a log may name a channel with any character.
        let pairs: Vec<(String, String)> = serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default();
        pairs.into_iter().filter_map(|(channel, kind)| Some((channel, Kind::from_name(&kind)?))).collect()
    }

    fn column_index(&self, name: &str) -> Option<usize> {
        self.metadata.schema().index_of(name).ok()
    }

    fn last_instant(&self) -> Option<i64> {
        let column = self.column_index("at")?;
        let groups = self.metadata.metadata().row_groups().iter();
        groups.filter_map(|group| bounds(group.column(column).statistics()?)).map(|(_, last)| last).max()
    }

    /// The row groups and, inside them, the pages that may hold values of `column` between `low` and `high`.
    fn selection(&self, column: &str, low: i64, high: i64) -> (Vec<usize>, RowSelection) {
        let metadata = self.metadata.metadata();
        let Some(index) = self.column_index(column) else {
            return (Vec::new(), RowSelection::default());
        };
        let mut groups = Vec::new();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut first_row = 0;
        for (number, group) in metadata.row_groups().iter().enumerate() {
            let n_rows = usize::try_from(group.num_rows()).unwrap_or_default();
            let wanted =
                group.column(index).statistics().and_then(bounds).is_none_or(|(min, max)| min <= high && max >= low);
            if !wanted {
                continue;
            }
            groups.push(number);
            let pages = metadata.offset_index().and_then(|pages| Some(pages.get(number)?.get(index)?.page_locations()));
            let values = metadata.column_index().and_then(|values| values.get(number)?.get(index));
            let page_bounds = values.and_then(|values| match values {
                parquet::file::page_index::column_index::ColumnIndexMetaData::INT64(values) => Some(
                    values.min_values().iter().copied().zip(values.max_values().iter().copied()).collect::<Vec<_>>(),
                ),
                _ => None,
            });
            match (pages, page_bounds) {
                (Some(pages), Some(page_bounds)) if pages.len() == page_bounds.len() => {
                    for (page, (min, max)) in page_bounds.into_iter().enumerate() {
                        if min <= high && max >= low {
                            let start = row_number(pages, page).unwrap_or(0);
                            let end = row_number(pages, page + 1).unwrap_or(n_rows);
                            ranges.push(first_row + start..first_row + end);
                        }
                    }
                }
                _ => ranges.push(first_row..first_row + n_rows),
            }
            first_row += n_rows;
        }
        let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), first_row);
        (groups, selection)
    }

    /// Record batches of the columns named, of the pages that may hold values of `by` between `low` and `high`.
    pub(super) fn batches(
        &self,
        columns: &[&str],
        by: &str,
        low: i64,
        high: i64,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
        let (groups, selection) = self.selection(by, low, high);
        let handle = File::open(&self.path).map_err(Error::read(&self.path))?;
        let mask = ProjectionMask::columns(self.metadata.parquet_schema(), columns.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, self.metadata.clone())
            .with_projection(mask)
            .with_row_groups(groups)
            .with_row_selection(selection)
            .with_batch_size(BATCH)
            .build()
            .map_err(self.damaged())?;
        let damaged = self.damaged();
        Ok(reader.map(move |batch| batch.map_err(|source| damaged(source.into()))))
    }

    fn read_into(&self, shard: &mut Shard, range: KeyRange, reading: &Reading<'_>) -> Result<()> {
        if self.file.keys.0 > range.high
            || self.file.keys.1 < range.low
            || reading.since.is_some_and(|since| self.file.instants.1 < since)
            || reading.until.is_some_and(|until| self.file.instants.0 >= until)
        {
            return Ok(());
        }
        let columns = shard.columns.clone();
        for batch in self.batches(&columns, "contact_key", range.low, range.high)? {
            shard.append(&batch?, range, reading)?;
        }
        Ok(())
    }

    fn event_ids(&self, instants: (i64, i64), each: impl Fn(&[u128])) -> Result<()> {
        let mut ids = Vec::with_capacity(BATCH);
        for batch in self.batches(&["event_id"], "at", instants.0, instants.1)? {
            let batch = batch?;
            ids.clear();
            ids.extend(batch.column(0).as_binary::<i32>().iter().map(event_id));
            each(&ids);
        }
        Ok(())
    }
}

/// Calls `each` with the event ids of data files that are written but not committed, as [`Snapshot::event_ids`] does.
///
/// # Errors
/// A data file is damaged.
pub fn event_ids_of(
    table: &std::path::Path,
    files: &[DataFile],
    instants: (i64, i64),
    each: impl Fn(&[u128]) + Sync,
) -> Result<()> {
    files
        .par_iter()
        .filter(|file| file.instants.0 <= instants.1 && file.instants.1 >= instants.0)
        .try_for_each(|file| Part::open_at(table.join(&file.path), file.clone())?.event_ids(instants, &each))
}

fn row_number(pages: &[parquet::file::page_index::offset_index::PageLocation], page: usize) -> Option<usize> {
    usize::try_from(pages.get(page)?.first_row_index).ok()
}

fn bounds(statistics: &Statistics) -> Option<(i64, i64)> {
    match statistics {
        Statistics::Int64(values) => Some((*values.min_opt()?, *values.max_opt()?)),
        _ => None,
    }
}

fn event_id(bytes: Option<&[u8]>) -> u128 {
    bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u128::from_be_bytes)
}

/// The events of a range of contacts as columns, in the store's order. Key, time and kind are always there; another column
/// is empty if it was not asked for.
pub struct Shard {
    columns: Vec<&'static str>,
    contact_key: Vec<i64>,
    at: Vec<i64>,
    position: Vec<i32>,
    event_id: Vec<u128>,
    kind: Vec<Kind>,
    words: Vec<Words>,
    codes: Vec<Vec<u32>>,
    message_key: Vec<i64>,
    reply_key: Vec<i64>,
    billable: Vec<Option<bool>>,
    cost: Vec<i64>,
    up_to: Vec<i64>,
}

impl Shard {
    fn with_columns(wanted: &[&str], with_ids: bool) -> Self {
        let always =
            |name| ["contact_key", "at", "position", "kind"].contains(&name) || (with_ids && name == "event_id");
        let columns = schema::COLUMNS.iter().map(|column| column.name);
        Self {
            columns: columns.filter(|name| always(name) || wanted.contains(name)).collect(),
            contact_key: Vec::new(),
            at: Vec::new(),
            position: Vec::new(),
            event_id: Vec::new(),
            kind: Vec::new(),
            words: vec![Words::default(); WORDS.len() + TEXTS.len()],
            codes: vec![Vec::new(); WORDS.len() + TEXTS.len()],
            message_key: Vec::new(),
            reply_key: Vec::new(),
            billable: Vec::new(),
            cost: Vec::new(),
            up_to: Vec::new(),
        }
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// The rows of each contact, one contact after the other.
    pub fn contacts(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut start = 0;
        self.contact_key.chunk_by(|left, right| left == right).map(move |contact| {
            let range = start..start + contact.len();
            start = range.end;
            range
        })
    }

    /// See the column of this name.
    #[must_use]
    pub fn contact_key(&self) -> &[i64] {
        &self.contact_key
    }

    /// See the column of this name.
    #[must_use]
    pub fn at(&self) -> &[i64] {
        &self.at
    }

    /// See the column of this name.
    #[must_use]
    pub fn kind(&self) -> &[Kind] {
        &self.kind
    }

    /// A number that is equal for equal message ids; [`NO_MESSAGE`] where there is none. Empty if not asked for.
    #[must_use]
    pub fn message_key(&self) -> &[i64] {
        &self.message_key
    }

    /// As [`Shard::message_key`], for the message that is answered.
    #[must_use]
    pub fn reply_key(&self) -> &[i64] {
        &self.reply_key
    }

    /// See the column of this name. Empty if not asked for.
    #[must_use]
    pub fn up_to(&self) -> &[i64] {
        &self.up_to
    }

    /// See the column of this name. Empty if not asked for.
    #[must_use]
    pub fn billable(&self) -> &[Option<bool>] {
        &self.billable
    }

    /// Price in millionths; [`NO_INSTANT`] where there is none. Empty if not asked for.
    #[must_use]
    pub fn cost(&self) -> &[i64] {
        &self.cost
    }

    /// The codes of a column of words or of text, and the words. Both are empty if the column was not asked for.
    #[must_use]
    pub fn words(&self, name: &str) -> (&[u32], &Words) {
        let index = word_index(name);
        (&self.codes[index], &self.words[index])
    }

    fn append(&mut self, batch: &RecordBatch, range: KeyRange, reading: &Reading<'_>) -> Result<()> {
        let keys = primitive::<Int64Type>(batch, "contact_key")?;
        let instants = primitive::<TimestampMicrosecondType>(batch, "at")?;
        // Files are sorted by key, so the rows of the range lie together.
        let start = keys.partition_point(|&key| key < range.low);
        let end = keys.partition_point(|&key| key <= range.high);
        let rows: Vec<usize> = (start..end).filter(|&row| reading.holds(instants[row])).collect();
        self.contact_key.extend(rows.iter().map(|&row| keys[row]));
        self.at.extend(rows.iter().map(|&row| instants[row]));
        for &name in &self.columns.clone() {
            let Some(column) = batch.column_by_name(name) else {
                return Err(missing(name));
            };
            match (schema::named(name).map(|column| column.form), name) {
                (Some(Form::Word), "kind") => {
                    let dictionary = column.as_dictionary_opt::<Int32Type>().ok_or_else(|| missing(name))?;
                    let kinds: Vec<Option<Kind>> =
                        dictionary.values().as_string::<i32>().iter().map(|name| Kind::from_name(name?)).collect();
                    let keys = dictionary.keys().values();
                    for &row in &rows {
                        let kind = usize::try_from(keys[row]).ok().and_then(|key| *kinds.get(key)?);
                        self.kind.push(kind.ok_or_else(|| missing(name))?);
                    }
                }
                (Some(Form::Word), _) => {
                    let index = word_index(name);
                    let dictionary = column.as_dictionary_opt::<Int32Type>().ok_or_else(|| missing(name))?;
                    let words = &mut self.words[index];
                    let recoded: Vec<u32> =
                        dictionary.values().as_string::<i32>().iter().map(|word| words.optional(word)).collect();
                    let keys = dictionary.keys();
                    self.codes[index].extend(rows.iter().map(|&row| {
                        if keys.is_null(row) {
                            return NULL;
                        }
                        usize::try_from(keys.value(row)).ok().and_then(|key| recoded.get(key)).copied().unwrap_or(NULL)
                    }));
                }
                (Some(Form::Text), _) => {
                    let texts = column.as_string::<i32>();
                    let words = &mut self.words[word_index(name)];
                    let codes = rows.iter().map(|&row| words.optional(texts.is_valid(row).then(|| texts.value(row))));
                    self.codes[word_index(name)].extend(codes);
                }
                (Some(Form::Int64), "message_key" | "reply_key") => {
                    let keys = column.as_primitive::<Int64Type>();
                    let key = |&row: &usize| if keys.is_null(row) { NO_MESSAGE } else { keys.value(row) };
                    if name == "message_key" { &mut self.message_key } else { &mut self.reply_key }
                        .extend(rows.iter().map(key));
                }
                (Some(Form::Int32), _) => {
                    let values = primitive::<Int32Type>(batch, name)?;
                    self.position.extend(rows.iter().map(|&row| values[row]));
                }
                (Some(Form::Id), _) => {
                    let ids = column.as_binary::<i32>();
                    self.event_id.extend(rows.iter().map(|&row| event_id(Some(ids.value(row)))));
                }
                (Some(Form::Flag), _) => {
                    let flags = column.as_boolean();
                    self.billable.extend(rows.iter().map(|&row| flags.is_valid(row).then(|| flags.value(row))));
                }
                (Some(Form::Decimal), _) => {
                    let values = column.as_primitive::<arrow::datatypes::Decimal128Type>();
                    let cost = |row: usize| {
                        if values.is_null(row) {
                            NO_INSTANT
                        } else {
                            i64::try_from(values.value(row)).unwrap_or(i64::MAX)
                        }
                    };
                    self.cost.extend(rows.iter().map(|&row| cost(row)));
                }
                (Some(Form::Instant), "up_to") => {
                    let values = column.as_primitive::<TimestampMicrosecondType>();
                    self.up_to.extend(
                        rows.iter().map(|&row| if values.is_null(row) { NO_INSTANT } else { values.value(row) }),
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Brings the rows of several files into one order and drops equal events.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.len()).collect();
        let key = |row: usize| (self.contact_key[row], self.at[row], self.position[row], self.event_id.get(row));
        // The files are sorted already; a stable sort finds their runs and only merges them.
        order.sort_by(|&left, &right| key(left).cmp(&key(right)));
        if !self.event_id.is_empty() {
            order.dedup_by(|later, earlier| {
                self.event_id[*later] == self.event_id[*earlier] && self.at[*later] == self.at[*earlier]
            });
        }
        gather(&mut self.contact_key, &order);
        gather(&mut self.at, &order);
        gather(&mut self.position, &order);
        gather(&mut self.event_id, &order);
        gather(&mut self.kind, &order);
        self.codes.iter_mut().for_each(|codes| gather(codes, &order));
        gather(&mut self.message_key, &order);
        gather(&mut self.reply_key, &order);
        gather(&mut self.billable, &order);
        gather(&mut self.cost, &order);
        gather(&mut self.up_to, &order);
    }
}

/// Place of a column of words or of text among the lists of words.
fn word_index(name: &str) -> usize {
    WORDS.iter().chain(TEXTS).position(|&word| word == name).unwrap_or(0)
}

fn gather<T: Copy>(column: &mut Vec<T>, order: &[usize]) {
    if !column.is_empty() {
        *column = order.iter().map(|&row| column[row]).collect();
    }
}

fn primitive<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a [T::Native]> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<T>());
    column.map(|array| &array.values()[..]).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Error {
    Error::Columns(arrow::error::ArrowError::SchemaError(format!("data file without a usable column '{name}'")))
}

//! The scan: goes over the sorted data files, range of contact keys by range, and yields whole contacts in time order.
//!
//! Contact keys are uniform hashes, so a range of them is a random sample of contacts, and no contact crosses a range.
//! Memory is bounded by the shards in flight, not by the store.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use rayon::prelude::*;

use super::Store;
use super::contents::{Beginnings, Contents};
use super::cursor::{Cursor, Layout};
use super::pages::{Scratch, Source};
use super::shard::{Ids, Shard, Stage};
use super::words::Words;
use super::write::DataFile;
use crate::error::{Error, Result};
use crate::event::Kind;

/// Rows that a shard should hold: enough to keep columns long, few enough to stay in the cache and bound memory.
const SHARD_ROWS: u64 = 128 * 1024;
/// Rows that a thread should read of each file before it goes elsewhere.
const FILE_ROWS: u64 = 64 * 1024;
/// Bytes of words after which a thread begins new lists.
const WORD_BYTES: usize = 64 * 1024 * 1024;
/// Rows that are decoded at a time.
const BATCH: usize = 16 * 1024;

/// One version of the store, ready to be scanned. Data files are opened once; their statistics say what to skip.
pub struct Snapshot {
    version: u64,
    files: Vec<Part>,
    channel_kinds: BTreeSet<(String, Kind)>,
    beginnings: Beginnings,
    horizon: Option<i64>,
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

/// A range of contact keys, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Smallest key.
    pub low: i64,
    /// Largest key.
    pub high: i64,
}

impl KeyRange {
    /// Every key there can be.
    pub(super) const ALL: Self = Self { low: i64::MIN, high: i64::MAX };

    /// Ranges of equal width that together are this one.
    pub(super) fn split(self, n_ranges: u64) -> impl Iterator<Item = Self> {
        let n_ranges = i128::from(n_ranges.max(1));
        let first = i128::from(self.low);
        let width = i128::from(self.high) + 1 - first;
        let edge = move |index: i128| first + width * index / n_ranges;
        let key = |value: i128| i64::try_from(value).unwrap_or(i64::MAX);
        (0..n_ranges).map(move |index| Self { low: key(edge(index)), high: key(edge(index + 1) - 1) })
    }
}

impl Snapshot {
    /// Opens the data files of the version at which the store is open.
    ///
    /// # Errors
    /// A data file is missing or damaged.
    pub fn of(store: &Store) -> Result<Self> {
        let files = store.files()?;
        let parts: Vec<Part> = files.into_par_iter().map(|file| Part::open(store, file)).collect::<Result<Vec<_>>>()?;
        let mut contents = Contents::default();
        for part in &parts {
            contents.add(part.contents());
        }
        let kinds = contents.kinds.into_iter();
        let channel_kinds = kinds.filter_map(|(channel, kind)| Some((channel, Kind::from_name(&kind)?))).collect();
        let horizon = parts.iter().filter_map(Part::last_instant).max();
        Ok(Self { version: store.version(), files: parts, channel_kinds, beginnings: contents.began, horizon })
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

    /// When the log of each account of each channel begins.
    #[must_use]
    pub fn beginnings(&self) -> &Beginnings {
        &self.beginnings
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
        let spans: Vec<KeyRange> = KeyRange::ALL.split(self.n_spans()).collect();
        let shards_per_span = self.n_rows() / spans.len() as u64 / SHARD_ROWS;
        let layout = Layout::of(reading.columns);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut state = begin();
            let mut scan = Scan::new(self, &layout, reading);
            while let Some(span) = spans.get(next.fetch_add(1, Ordering::Relaxed)) {
                scan.span(*span, shards_per_span, |shard| each(&mut state, shard))?;
            }
            Ok(state)
        };
        // Plain threads, because a thread of rayon's that waits for polars' pool would begin further shards meanwhile, and
        // memory is bounded by the shards in flight.
        std::thread::scope(|threads| {
            let n_threads = rayon::current_num_threads().min(spans.len());
            let threads: Vec<_> = (0..n_threads).map(|_| threads.spawn(work)).collect();
            let failed = || Err(Error::Usage("a thread that read the store has failed".into()));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| failed())).collect()
        })
    }

    /// As many for each thread. A span enters each file in the middle, so that few are better than many.
    fn n_spans(&self) -> u64 {
        let n_threads = rayon::current_num_threads() as u64;
        let span_rows = (self.files.len() as u64 * FILE_ROWS).max(SHARD_ROWS);
        (self.n_rows() / span_rows).max(1).next_multiple_of(n_threads).min(self.n_rows() / SHARD_ROWS).max(1)
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

    pub(super) fn damaged(&self) -> impl Fn(parquet::errors::ParquetError) -> Error {
        let path = self.path.clone();
        move |source| Error::DataFile { path: path.clone(), source }
    }

    pub(super) fn contents(&self) -> Contents {
        Contents::read(self.metadata.metadata().file_metadata().key_value_metadata(), self.file.instants.0)
    }

    fn column_index(&self, name: &str) -> Option<usize> {
        self.metadata.schema().index_of(name).ok()
    }

    fn last_instant(&self) -> Option<i64> {
        let column = self.column_index("at")?;
        let groups = self.metadata.metadata().row_groups().iter();
        groups.filter_map(|group| bounds(group.column(column).statistics()?)).map(|(_, last)| last).max()
    }

    /// The row groups and, inside them, the pages that may hold wanted values of `column`; `may_hold` tells by the smallest
    /// and the largest value. Rows are numbered within these row groups.
    fn candidates(&self, column: &str, may_hold: impl Fn(i64, i64) -> bool) -> (Vec<usize>, Vec<Range<usize>>, usize) {
        let metadata = self.metadata.metadata();
        let Some(index) = self.column_index(column) else {
            return (Vec::new(), Vec::new(), 0);
        };
        let mut groups = Vec::new();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut first_row = 0;
        for (number, group) in metadata.row_groups().iter().enumerate() {
            let n_rows = usize::try_from(group.num_rows()).unwrap_or_default();
            let wanted = group.column(index).statistics().and_then(bounds).is_none_or(|(min, max)| may_hold(min, max));
            if !wanted {
                continue;
            }
            groups.push(number);
            let pages = metadata.offset_index().and_then(|pages| Some(pages.get(number)?.get(index)?.page_locations()));
            let values = metadata.column_index().and_then(|values| values.get(number)?.get(index));
            let page_bounds = values.and_then(|values| match values {
                ColumnIndexMetaData::INT64(values) => Some(
                    values.min_values().iter().copied().zip(values.max_values().iter().copied()).collect::<Vec<_>>(),
                ),
                _ => None,
            });
            match (pages, page_bounds) {
                (Some(pages), Some(page_bounds)) if pages.len() == page_bounds.len() => {
                    for (page, (min, max)) in page_bounds.into_iter().enumerate() {
                        if may_hold(min, max) {
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
        (groups, ranges, first_row)
    }

    /// Record batches of the columns named, of the pages that may hold values of `by` between `low` and `high`.
    pub(super) fn batches(
        &self,
        columns: &[&str],
        by: &str,
        low: i64,
        high: i64,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
        let (groups, ranges, n_rows) = self.candidates(by, |min, max| min <= high && max >= low);
        self.read(columns, groups, RowSelection::from_consecutive_ranges(ranges.into_iter(), n_rows))
    }

    /// Where the rows of some keys stand, which are sorted: row numbers, and the place of their key in the list.
    pub(super) fn runs_of(&self, keys: &[i64]) -> Result<Vec<(Range<usize>, usize)>> {
        let may_hold = |min, max| keys.get(keys.partition_point(|&key| key < min)).is_some_and(|&key| key <= max);
        let (groups, ranges, n_rows) = self.candidates("contact_key", may_hold);
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        let selection = RowSelection::from_consecutive_ranges(ranges.iter().cloned(), n_rows);
        // From numbers within the row groups that are read to numbers within the file.
        let mut numbers = groups.iter().flat_map(|&group| {
            let first: usize = (0..group).map(|group| self.n_rows_of(group)).sum();
            first..first + self.n_rows_of(group)
        });
        let mut passed = 0;
        let mut rows = ranges.into_iter().flatten().filter_map(|row| {
            let number = numbers.nth(row - passed);
            passed = row + 1;
            number
        });
        let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
        let mut last = None;
        for batch in self.read(&["contact_key"], groups.clone(), selection)? {
            for &key in batch?.column(0).as_primitive::<Int64Type>().values() {
                let Some(row) = rows.next() else { break };
                let place = match last {
                    Some((known, place)) if known == key => place,
                    _ => keys.binary_search(&key).ok(),
                };
                last = Some((key, place));
                let Some(place) = place else { continue };
                match runs.last_mut() {
                    Some((run, known)) if run.end == row && *known == place => run.end = row + 1,
                    _ => runs.push((row..row + 1, place)),
                }
            }
        }
        Ok(runs)
    }

    /// Record batches of the columns named, of some ranges of rows in the order of rows.
    pub(super) fn rows(
        &self,
        columns: &[&str],
        rows: impl Iterator<Item = Range<usize>>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
        let groups: Vec<usize> = (0..self.file_metadata().num_row_groups()).collect();
        let n_rows = groups.iter().map(|&group| self.n_rows_of(group)).sum();
        self.read(columns, groups, RowSelection::from_consecutive_ranges(rows, n_rows))
    }

    fn read(
        &self,
        columns: &[&str],
        groups: Vec<usize>,
        selection: RowSelection,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
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

    /// Whether the file may hold what is asked for.
    fn may_hold(&self, range: KeyRange, reading: &Reading<'_>) -> bool {
        self.file.keys.0 <= range.high
            && self.file.keys.1 >= range.low
            && reading.since.is_none_or(|since| self.file.instants.1 >= since)
            && reading.until.is_none_or(|until| self.file.instants.0 < until)
    }

    pub(super) fn source(&self) -> Source {
        Source::new(self.path.clone(), self.file.size)
    }

    pub(super) fn file_metadata(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    /// Place of the column with this name.
    pub(super) fn place(&self, name: &str) -> Result<usize> {
        self.column_index(name).ok_or_else(|| missing(name))
    }

    /// The first row group from `first` on that may hold rows of the range.
    pub(super) fn next_group(&self, first: usize, range: KeyRange) -> Option<usize> {
        let column = self.column_index("contact_key")?;
        let groups = self.file_metadata().row_groups().iter().enumerate().skip(first);
        let may_hold = |low, high| low <= range.high && high >= range.low;
        let statistics = |group: &RowGroupMetaData| group.column(column).statistics().and_then(bounds);
        groups
            .filter(|(_, group)| statistics(group).is_none_or(|(low, high)| may_hold(low, high)))
            .map(|(number, _)| number)
            .next()
    }

    pub(super) fn n_rows_of(&self, group: usize) -> usize {
        let group = self.file_metadata().row_groups().get(group);
        group.and_then(|group| usize::try_from(group.num_rows()).ok()).unwrap_or_default()
    }

    /// How many rows of the row group surely stand before the key, as its pages tell.
    pub(super) fn n_rows_before(&self, group: usize, key: i64) -> usize {
        let n_rows = || {
            let column = self.column_index("contact_key")?;
            let metadata = self.file_metadata();
            let ColumnIndexMetaData::INT64(values) = metadata.column_index()?.get(group)?.get(column)? else {
                return None;
            };
            let page = values.max_values().partition_point(|&last| last < key);
            let pages = metadata.offset_index()?.get(group)?.get(column)?.page_locations();
            Some(row_number(pages, page).unwrap_or_else(|| self.n_rows_of(group)))
        };
        n_rows().unwrap_or_default()
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

/// One thread's way over the store, with the buffers that it uses for every shard.
struct Scan<'s> {
    snapshot: &'s Snapshot,
    layout: &'s Layout,
    reading: &'s Reading<'s>,
    stage: Stage,
    shard: Shard,
    scratch: Scratch,
}

impl<'s> Scan<'s> {
    fn new(snapshot: &'s Snapshot, layout: &'s Layout, reading: &'s Reading<'s>) -> Self {
        Self { snapshot, layout, reading, stage: Stage::new(), shard: Shard::new(), scratch: Scratch::default() }
    }

    /// Calls `each` with the shards of a range of contacts.
    fn span(&mut self, span: KeyRange, n_shards: u64, mut each: impl FnMut(&Shard) -> Result<()>) -> Result<()> {
        let parts = self.snapshot.files.iter().filter(|part| part.may_hold(span, self.reading));
        let mut cursors: Vec<Cursor<'_>> = parts.map(|part| Cursor::new(part, self.layout, span)).collect();
        let Self { reading, stage, shard, scratch, .. } = self;
        if shard.words.iter().map(Words::n_bytes).sum::<usize>() > WORD_BYTES {
            shard.words.fill(Words::default());
        }
        let instants = (reading.since.is_some() || reading.until.is_some())
            .then(|| reading.since.unwrap_or(i64::MIN)..reading.until.unwrap_or(i64::MAX));
        for range in span.split(n_shards) {
            stage.clear();
            for cursor in &mut cursors {
                let start = stage.rows.kind.len();
                cursor.take(range.high, &mut stage.rows, &mut shard.words, scratch)?;
                stage.files.push(start..stage.rows.kind.len());
            }
            let ids = || {
                let mut ids = Ids::default();
                cursors.iter().try_for_each(|cursor| cursor.ids(&mut ids, scratch))?;
                Ok(ids)
            };
            stage.merge(instants.as_ref(), ids, shard)?;
            if !shard.is_empty() {
                each(shard)?;
            }
        }
        Ok(())
    }
}

fn missing(name: &str) -> Error {
    Error::Columns(arrow::error::ArrowError::SchemaError(format!("data file without a usable column '{name}'")))
}

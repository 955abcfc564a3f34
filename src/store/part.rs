//! One data file: what it says of itself, and where in it rows stand that somebody wants.

use std::ops::Range;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::statistics::Statistics;

use super::contents::Contents;
use super::place::Place;
use super::scan::{KeyRange, Reading};
use super::source::{self, Source};
use super::write::DataFile;
use crate::error::{Error, Result};

/// Rows that are decoded at a time: few, because whoever merges files holds as many of each.
const BATCH: usize = 4 * 1024;

/// A data file whose metadata was read.
pub(super) struct Part {
    place: Place,
    pub(super) file: DataFile,
    metadata: ArrowReaderMetadata,
}

impl Part {
    /// Opens a data file that may not be committed yet.
    pub(super) fn open_at(place: Place, file: DataFile) -> Result<Self> {
        let source = place.source(file.size);
        source::fetch([(&source, vec![source.tail()])].into_iter())?;
        Self::read_tail(place, &source, file)
    }

    pub(super) fn read_tail(place: Place, source: &Source, file: DataFile) -> Result<Self> {
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(source, options).map_err(damaged(&place))?;
        Ok(Self { place, file, metadata })
    }

    pub(super) fn damaged(&self) -> impl Fn(ParquetError) -> Error + use<> {
        damaged(&self.place)
    }

    pub(super) fn contents(&self) -> Contents {
        Contents::read(self.metadata.metadata().file_metadata().key_value_metadata(), self.file.instants.0)
    }

    fn column_index(&self, name: &str) -> Option<usize> {
        self.metadata.schema().index_of(name).ok()
    }

    pub(super) fn last_instant(&self) -> Option<i64> {
        let column = self.column_index("at")?;
        let groups = self.metadata.metadata().row_groups().iter();
        groups.filter_map(|group| bounds(group.column(column).statistics()?)).map(|(_, last)| last).max()
    }

    /// The row groups and, inside them, the pages that may hold wanted values of `column`; `may_hold` tells by the smallest
    /// and the largest value. Rows are numbered within these row groups.
    fn candidates(&self, column: &str, may_hold: impl Fn(i64, i64) -> bool) -> (Vec<usize>, Vec<Range<usize>>) {
        let metadata = self.metadata.metadata();
        let Some(index) = self.column_index(column) else {
            return (Vec::new(), Vec::new());
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
        (groups, ranges)
    }

    /// Record batches of the columns named, of the pages that may hold values of `by` between `low` and `high`.
    pub(super) fn batches(
        &self,
        columns: &[&str],
        by: &str,
        low: i64,
        high: i64,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
        let (groups, ranges) = self.candidates(by, |min, max| min <= high && max >= low);
        self.read(columns, groups, &ranges)
    }

    /// Where the rows of some keys stand, which are sorted: row numbers, and the place of their key in the list.
    pub(super) fn runs_of(&self, keys: &[i64]) -> Result<Vec<(Range<usize>, usize)>> {
        let may_hold = |min, max| keys.get(keys.partition_point(|&key| key < min)).is_some_and(|&key| key <= max);
        let (groups, ranges) = self.candidates("contact_key", may_hold);
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        let batches = self.read(&["contact_key"], groups.clone(), &ranges)?;
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
        for batch in batches {
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
        self.read(columns, groups, &rows.collect::<Vec<_>>())
    }

    /// Record batches of ranges of rows, which are in order and numbered within these row groups, one row group after the other.
    fn read<'p>(
        &'p self,
        columns: &[&str],
        groups: Vec<usize>,
        rows: &[Range<usize>],
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<'p>> {
        let mask = ProjectionMask::columns(self.metadata.parquet_schema(), columns.iter().copied());
        let places = columns.iter().map(|name| self.place(name)).collect::<Result<Vec<_>>>()?;
        let mut first = 0;
        let mut wanted = Vec::new();
        for group in groups {
            let (start, end) = (first, first + self.n_rows_of(group));
            let inside = |rows: &Range<usize>| rows.start.max(start) - start..rows.end.min(end).max(start) - start;
            let before = rows.partition_point(|rows| rows.end <= start);
            let rows = rows.iter().skip(before).take_while(|rows| rows.start < end).map(inside);
            let rows: Vec<Range<usize>> = rows.filter(|rows| !rows.is_empty()).collect();
            if !rows.is_empty() {
                wanted.push((group, rows));
            }
            first = end;
        }
        let read = move |(group, rows): (usize, Vec<Range<usize>>)| self.read_group(group, &rows, &places, &mask);
        Ok(wanted.into_iter().flat_map(move |group| {
            let (batches, error) = match read(group) {
                Ok(batches) => (Some(batches), None),
                Err(error) => (None, Some(Err(error))),
            };
            batches.into_iter().flatten().chain(error)
        }))
    }

    fn read_group(
        &self,
        group: usize,
        rows: &[Range<usize>],
        places: &[usize],
        mask: &ProjectionMask,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let source = self.source();
        if source.is_remote() {
            let mut pieces = Vec::new();
            self.pieces(group, places, rows, &mut pieces);
            source::fetch([(&source, pieces)].into_iter())?;
        }
        let selection = RowSelection::from_consecutive_ranges(rows.iter().cloned(), self.n_rows_of(group));
        let damaged = self.damaged();
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata.clone())
            .with_projection(mask.clone())
            .with_row_groups(vec![group])
            .with_row_selection(selection)
            .with_batch_size(BATCH)
            .build()
            .map_err(&damaged)?;
        Ok(reader.map(move |batch| batch.map_err(|source| damaged(source.into()))))
    }

    /// Adds where the pages of some columns stand that hold these rows of a row group, and what is needed to read them.
    pub(super) fn pieces(&self, group: usize, columns: &[usize], rows: &[Range<usize>], pieces: &mut Vec<Range<u64>>) {
        let metadata = self.file_metadata();
        let Some(chunks) = metadata.row_groups().get(group) else { return };
        for &column in columns {
            let Some(chunk) = chunks.columns().get(column) else { continue };
            let (start, length) = chunk.byte_range();
            let pages = metadata.offset_index().and_then(|pages| Some(pages.get(group)?.get(column)?.page_locations()));
            let Some(pages) = pages.filter(|pages| !pages.is_empty()) else {
                pieces.push(start..start + length);
                continue;
            };
            let offset = |page: &PageLocation| u64::try_from(page.offset).unwrap_or(start);
            // A dictionary, if there is one.
            pieces.extend(pages.first().map(|page| start..offset(page)));
            for (number, page) in pages.iter().enumerate() {
                let first = usize::try_from(page.first_row_index).unwrap_or_default();
                let end = row_number(pages, number + 1).unwrap_or(usize::MAX);
                if rows.iter().any(|rows| rows.start < end && rows.end > first) {
                    let length = u64::try_from(page.compressed_page_size).unwrap_or_default();
                    pieces.push(offset(page)..offset(page) + length);
                }
            }
        }
    }

    /// Whether the file may hold what is asked for.
    pub(super) fn may_hold(&self, range: KeyRange, reading: &Reading<'_>) -> bool {
        self.file.keys.0 <= range.high
            && self.file.keys.1 >= range.low
            && reading.since.is_none_or(|since| self.file.instants.1 >= since)
            && reading.until.is_none_or(|until| self.file.instants.0 < until)
    }

    pub(super) fn source(&self) -> Source {
        self.place.source(self.file.size)
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

    /// How many rows of the row group stand before the first page that begins behind the key.
    pub(super) fn n_rows_until(&self, group: usize, key: i64) -> usize {
        let n_rows = || {
            let column = self.column_index("contact_key")?;
            let metadata = self.file_metadata();
            let ColumnIndexMetaData::INT64(values) = metadata.column_index()?.get(group)?.get(column)? else {
                return None;
            };
            let page = values.min_values().partition_point(|&first| first <= key);
            row_number(metadata.offset_index()?.get(group)?.get(column)?.page_locations(), page)
        };
        n_rows().unwrap_or_else(|| self.n_rows_of(group))
    }

    pub(super) fn event_ids(&self, instants: (i64, i64), each: impl Fn(&[u128])) -> Result<()> {
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

fn row_number(pages: &[PageLocation], page: usize) -> Option<usize> {
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

/// What is wrong with a data file; what object storage said, if that is all.
fn damaged(place: &Place) -> impl Fn(ParquetError) -> Error + use<> {
    let path = place.path().to_path_buf();
    move |source| match source {
        ParquetError::External(source) => match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => Error::DataFile { path: path.clone(), source: ParquetError::External(source) },
        },
        source => Error::DataFile { path: path.clone(), source },
    }
}

fn missing(name: &str) -> Error {
    Error::Columns(arrow::error::ArrowError::SchemaError(format!("data file without a usable column '{name}'")))
}

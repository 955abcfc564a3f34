//! Writing data files: sorted rows go to one Parquet file per month. Nothing is visible before the table's log names it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{FieldRef, SchemaRef};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;
use serde_json::json;

use super::contents::Contents;
use super::key;
use super::place::{self, Place};
use super::rows::Rows;
use super::schema::{self, PARTITION, WORDS};
use crate::error::{Error, Result};
use crate::event::Time;

/// Rows of a row group: the unit in which a scan skips contacts.
const ROW_GROUP: usize = 128 * 1024;
/// Rows of a page: the unit in which a scan skips inside a row group.
const PAGE: usize = 16 * 1024;
/// The bits of a contact's key that the table's log does not tell. Keys are spread evenly, so the rest says what readers can skip
/// nearly as well, and each of its values is that of many telephone numbers.
const UNSAID: i64 = (1 << 48) - 1;
/// Key under which a data file says the version of its schema.
pub(super) const SCHEMA_KEY: &str = "trichter.schema";

/// A data file that was written, as the table's log wants to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Path below the table's folder.
    pub path: String,
    /// Value of the partition column.
    pub month: String,
    /// Size in bytes.
    pub size: u64,
    /// Number of rows.
    pub n_rows: u64,
    /// Smallest and largest contact key.
    pub keys: (i64, i64),
    /// Earliest and latest instant.
    pub instants: (i64, i64),
}

impl DataFile {
    /// Statistics in the form of the Delta protocol ("Per-file Statistics").
    #[must_use]
    pub fn statistics(&self) -> String {
        // The log keeps what it was told for good, so it must not be told anybody's key.
        let (low, high) = coarse(self.keys);
        // The protocol keeps milliseconds: the earliest is rounded down, the latest up, so that no reader skips a row.
        let instant = |at: i64| Time(at).to_string();
        json!({
            "numRecords": self.n_rows,
            "minValues": { "contact_key": low, "at": instant(self.instants.0.div_euclid(1_000) * 1_000) },
            "maxValues": { "contact_key": high, "at": instant(self.instants.1.div_euclid(1_000) * 1_000 + 1_000) },
            "nullCount": { "contact_key": 0, "at": 0 },
        })
        .to_string()
    }
}

/// Bounds of contacts' keys as the table's log may tell them.
pub(super) fn coarse(keys: (i64, i64)) -> (i64, i64) {
    (keys.0 & !UNSAID, keys.1 | UNSAID)
}

/// A name that no other data file has.
///
/// # Errors
/// The system gives no random numbers.
pub fn file_name() -> Result<String> {
    Ok(format!("part-{:032x}", key::random()?))
}

/// Splits rows in store order by the month of their instant; the order inside a month stays.
#[must_use]
pub fn by_month(rows: &Rows, order: &[u32]) -> BTreeMap<String, Vec<u32>> {
    let instants = rows.instants();
    let at = |row: &u32| instants.get(*row as usize).copied().unwrap_or_default();
    let Some(first) = order.iter().map(at).min() else {
        return BTreeMap::new();
    };
    let last = order.iter().map(at).max().unwrap_or(first);
    let mut months: Vec<(i64, String, Vec<u32>)> = Vec::new();
    let mut date = date_of(first).first_of_month();
    loop {
        let start = date.to_zoned(TimeZone::UTC).map_or(i64::MAX, |zoned| zoned.timestamp().as_microsecond());
        if start > last {
            break;
        }
        months.push((start, date.strftime("%Y-%m").to_string(), Vec::new()));
        date = date.saturating_add(jiff::Span::new().months(1));
    }
    for row in order {
        let month = months.partition_point(|(start, ..)| *start <= at(row)).saturating_sub(1);
        if let Some((.., rows)) = months.get_mut(month) {
            rows.push(*row);
        }
    }
    months.into_iter().filter(|(.., rows)| !rows.is_empty()).map(|(_, name, rows)| (name, rows)).collect()
}

fn date_of(at: i64) -> jiff::civil::Date {
    Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(TimeZone::UTC).date()
}

/// Writes the rows of one month, which stand in store order, to a new data file under `table`. `dictionaries` are those of
/// [`Rows::dictionaries`].
///
/// # Errors
/// The file cannot be written.
pub fn data_file(
    table: &Place,
    month: &str,
    name: &str,
    rows: &Rows,
    dictionaries: &[ArrayRef; WORDS.len()],
    order: &[u32],
) -> Result<DataFile> {
    let mut file = Writer::create(table, month, name, &rows.contents(order))?;
    for order in order.chunks(ROW_GROUP) {
        let picked = rows.pick(order, dictionaries);
        file.row_group(order.len(), |column| picked.column(&schema::COLUMNS[column]))?;
    }
    file.finish()
}

/// Writes record batches of the store's schema, in store order, to a new data file.
///
/// # Errors
/// The file cannot be written, or a batch is an error.
pub fn write_batches(
    table: &Place,
    month: &str,
    name: &str,
    contents: &Contents,
    batches: impl Iterator<Item = Result<RecordBatch>>,
) -> Result<DataFile> {
    let mut file = Writer::create(table, month, name, contents)?;
    for batch in batches {
        let batch = batch?;
        for start in (0..batch.num_rows()).step_by(ROW_GROUP) {
            let group = batch.slice(start, ROW_GROUP.min(batch.num_rows() - start));
            file.row_group(group.num_rows(), |column| Ok(Arc::clone(group.column(column))))?;
        }
    }
    file.finish()
}

/// An encoded column, and the range of its values if that is wanted.
type Encoded = (Option<(i64, i64)>, ArrowColumnChunk);

/// A data file that is being written, row group by row group; the columns of a row group on all cores.
struct Writer {
    path: PathBuf,
    schema: SchemaRef,
    file: SerializedFileWriter<place::Writer>,
    columns: ArrowRowGroupWriterFactory,
    n_groups: usize,
    written: DataFile,
}

impl Writer {
    fn create(table: &Place, month: &str, name: &str, contents: &Contents) -> Result<Self> {
        let relative = format!("{PARTITION}={month}/{name}.parquet");
        let place = table.join(&relative);
        let (path, file) = (place.path().to_path_buf(), place.writer()?);
        let schema = schema::arrow();
        let (file, columns) = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties(contents)))
            .and_then(ArrowWriter::into_serialized_writer)
            .map_err(refused(&path))?;
        let written = DataFile {
            path: relative,
            month: month.to_owned(),
            size: 0,
            n_rows: 0,
            keys: (i64::MAX, i64::MIN),
            instants: (i64::MAX, i64::MIN),
        };
        Ok(Self { path, schema, file, columns, n_groups: 0, written })
    }

    /// Adds a row group whose columns, numbered as in the schema, `array` makes.
    fn row_group(&mut self, n_rows: usize, array: impl Fn(usize) -> Result<ArrayRef> + Sync) -> Result<()> {
        let writers = self.columns.create_column_writers(self.n_groups).map_err(refused(&self.path))?;
        let encode = |(number, (field, mut writer)): (usize, (&FieldRef, ArrowColumnWriter))| {
            let array = array(number)?;
            let range = if matches!(field.name().as_str(), "contact_key" | "at") { extent(&array) } else { None };
            let leaves = compute_leaves(field, &array).map_err(refused(&self.path))?;
            leaves.iter().try_for_each(|leaf| writer.write(leaf)).map_err(refused(&self.path))?;
            Ok((range, writer.close().map_err(refused(&self.path))?))
        };
        let columns: Vec<Result<Encoded>> =
            self.schema.fields().par_iter().zip(writers).enumerate().with_max_len(1).map(encode).collect();
        let mut group = self.file.next_row_group().map_err(refused(&self.path))?;
        for (column, encoded) in schema::COLUMNS.iter().zip(columns) {
            let (range, chunk) = encoded?;
            let known = if column.name == "at" { &mut self.written.instants } else { &mut self.written.keys };
            if let Some((low, high)) = range {
                *known = (known.0.min(low), known.1.max(high));
            }
            chunk.append_to_row_group(&mut group).map_err(refused(&self.path))?;
        }
        group.close().map_err(refused(&self.path))?;
        self.n_groups += 1;
        self.written.n_rows += n_rows as u64;
        Ok(())
    }

    fn finish(self) -> Result<DataFile> {
        let Self { path, file, mut written, .. } = self;
        written.size = file.into_inner().map_err(refused(&path))?.finish()?;
        Ok(written)
    }
}

fn refused(path: &Path) -> impl Fn(ParquetError) -> Error {
    move |source| Error::Write { path: path.to_owned(), source: std::io::Error::other(source) }
}

fn extent(column: &arrow::array::ArrayRef) -> Option<(i64, i64)> {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
    let values: &[i64] = match column.as_primitive_opt::<Int64Type>() {
        Some(array) => Int64Array::values(array),
        None => column.as_primitive_opt::<TimestampMicrosecondType>()?.values(),
    };
    Some((*values.iter().min()?, *values.iter().max()?))
}

fn properties(contents: &Contents) -> WriterProperties {
    let [kinds, began] = contents.written();
    let path = |name: &str| ColumnPath::from(name);
    let mut builder = WriterProperties::builder()
        .set_created_by(format!("trichter {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(path("contact_key"), EnabledStatistics::Page)
        .set_column_statistics_enabled(path("at"), EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_row_count_limit(PAGE)
        .set_write_batch_size(PAGE)
        .set_sorting_columns(Some(
            (0..4).map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false }).collect(),
        ))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(SCHEMA_KEY.to_owned(), schema::VERSION.to_string()),
            kinds,
            began,
        ]));
    // What every report reads is small in its encoding alone, and unpacking it would cost more than all the rest.
    for column in schema::COLUMNS.iter().filter(|column| column.is_hot()) {
        builder = builder.set_column_compression(path(column.name), Compression::UNCOMPRESSED);
    }
    builder
        .set_column_dictionary_enabled(path("at"), false)
        .set_column_dictionary_enabled(path("line"), false)
        .set_column_encoding(path("line"), Encoding::DELTA_BINARY_PACKED)
        // Hashes of one length: nothing to find twice, nothing to compress.
        .set_column_dictionary_enabled(path("event_id"), false)
        .set_column_encoding(path("event_id"), Encoding::DELTA_LENGTH_BYTE_ARRAY)
        .set_column_statistics_enabled(path("event_id"), EnabledStatistics::None)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::Row;
    use crate::store::schema::TEXTS;

    #[test]
    fn rows_are_split_at_the_month_in_utc() {
        let mut rows = Rows::default();
        for text in
            ["2024-02-29T23:59:59.999999Z", "2024-03-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"]
        {
            let at = text.parse::<Timestamp>().unwrap().as_microsecond();
            rows.push(&Row {
                contact: 1,
                at,
                position: 0,
                event_id: at.unsigned_abs().into(),
                words: [Some("x"); WORDS.len()],
                texts: [None; TEXTS.len()],
                message: None,
                reply: None,
                billable: None,
                cost: None,
                up_to: None,
                line: 1,
                begins_record: true,
            });
        }
        let months = by_month(&rows, &[0, 1, 2, 3]);
        let found: Vec<_> = months.iter().map(|(month, rows)| (month.as_str(), rows.as_slice())).collect();
        assert_eq!(found, [("2024-02", &[0][..]), ("2024-03", &[1]), ("2025-12", &[2]), ("2026-01", &[3])]);
    }
}

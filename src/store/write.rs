//! Writing data files: sorted rows go to one Parquet file per month. Nothing is visible before the table's log names it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::json;

use super::rows::Rows;
use super::schema::{self, PARTITION};
use crate::error::{Error, Result};
use crate::event::Time;

/// Rows of a row group: the unit in which a scan skips contacts.
const ROW_GROUP: usize = 128 * 1024;
/// Rows of a page: the unit in which a scan skips inside a row group.
const PAGE: usize = 16 * 1024;
/// Key under which a data file says which channels and kinds it holds, as a JSON list of pairs.
pub(super) const KINDS_KEY: &str = "trichter.kinds";
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
        // The protocol keeps milliseconds: the earliest is rounded down, the latest up, so that no reader skips a row.
        let instant = |at: i64| Time(at).to_string();
        json!({
            "numRecords": self.n_rows,
            "minValues": { "contact_key": self.keys.0, "at": instant(self.instants.0.div_euclid(1_000) * 1_000) },
            "maxValues": { "contact_key": self.keys.1, "at": instant(self.instants.1.div_euclid(1_000) * 1_000 + 1_000) },
            "nullCount": { "contact_key": 0, "at": 0 },
        })
        .to_string()
    }
}

/// A name that no other data file has.
///
/// # Errors
/// The system gives no random numbers.
pub fn file_name() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Usage(format!("the system gives no random numbers: {error}")))?;
    Ok(format!("part-{:032x}", u128::from_be_bytes(bytes)))
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

/// Writes the rows of one month, which stand in store order, to a new data file under `table`.
///
/// # Errors
/// The file cannot be written.
pub fn data_file(table: &Path, month: &str, name: &str, rows: &Rows, order: &[u32]) -> Result<DataFile> {
    let batches = order.chunks(ROW_GROUP).map(|chunk| rows.batch(chunk));
    let kinds = rows.channel_kinds(order);
    write_batches(table, month, name, &kinds, batches)
}

/// Writes record batches of the store's schema, in store order, to a new data file.
///
/// # Errors
/// The file cannot be written, or a batch is an error.
pub fn write_batches(
    table: &Path,
    month: &str,
    name: &str,
    kinds: &std::collections::BTreeSet<(String, String)>,
    batches: impl Iterator<Item = Result<RecordBatch>>,
) -> Result<DataFile> {
    let relative = format!("{PARTITION}={month}/{name}.parquet");
    let path = table.join(&relative);
    let folder = path.parent().unwrap_or(table);
    std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
    let file = File::create_new(&path).map_err(Error::write(&path))?;
    let refused = |source: parquet::errors::ParquetError| Error::Write {
        path: path.clone(),
        source: std::io::Error::other(source),
    };
    let mut writer = ArrowWriter::try_new(file, schema::arrow(), Some(properties(kinds))).map_err(refused)?;
    let mut written = DataFile {
        path: relative,
        month: month.to_owned(),
        size: 0,
        n_rows: 0,
        keys: (i64::MAX, i64::MIN),
        instants: (i64::MAX, i64::MIN),
    };
    for batch in batches {
        let batch = batch?;
        written.n_rows += batch.num_rows() as u64;
        let (keys, instants) = (&mut written.keys, &mut written.instants);
        for (column, range) in [("contact_key", keys), ("at", instants)] {
            if let Some((low, high)) = batch.column_by_name(column).and_then(extent) {
                *range = (range.0.min(low), range.1.max(high));
            }
        }
        writer.write(&batch).map_err(refused)?;
        writer.flush().map_err(refused)?;
    }
    let file = writer.into_inner().map_err(refused)?;
    // The log must not name a file whose bytes a power cut could still take away.
    file.sync_all().map_err(Error::write(&path))?;
    written.size = file.metadata().map_err(Error::write(&path))?.len();
    Ok(written)
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

fn properties(kinds: &std::collections::BTreeSet<(String, String)>) -> WriterProperties {
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
            KeyValue::new(KINDS_KEY.to_owned(), json!(kinds).to_string()),
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
    use crate::store::schema::{TEXTS, WORDS};

    #[test]
    fn rows_are_split_at_the_month_in_utc() {
        let mut rows = Rows::default();
        for text in
            ["2024-02-29T23:59:59.999999Z", "2024-03-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"]
        {
            let at = text.parse::<Timestamp>().unwrap().as_microsecond();
            rows.push(&Row {
                contact_key: 1,
                at,
                position: 0,
                event_id: at.unsigned_abs().into(),
                words: [Some("x"); WORDS.len()],
                texts: [None; TEXTS.len()],
                message_key: 0,
                reply_key: 0,
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

//! Merging sorted data files of one month into one, range of contact keys by range of contact keys, in bounded memory.

use std::path::Path;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};

use super::scan::{KeyRange, Part};
use super::schema;
use super::write::{self, DataFile};
use crate::error::Result;

/// Rows that are merged at a time.
const RANGE_ROWS: u64 = 512 * 1024;

/// Writes one data file with the events of all `files`, equal events once.
///
/// # Errors
/// A data file is damaged, or the new one cannot be written.
pub(super) fn merge(table: &Path, month: &str, files: &[DataFile]) -> Result<DataFile> {
    let parts =
        files.iter().map(|file| Part::open_at(table.join(&file.path), file.clone())).collect::<Result<Vec<Part>>>()?;
    let kinds = parts.iter().flat_map(Part::channel_kinds).map(|(channel, kind)| (channel, kind.name().to_owned()));
    let kinds = kinds.collect();
    let n_rows: u64 = files.iter().map(|file| file.n_rows).sum();
    let batches = KeyRange::ALL.split(n_rows.div_ceil(RANGE_ROWS)).map(|range| merged(&parts, range));
    let name = write::file_name()?;
    write::write_batches(table, month, &name, &kinds, batches)
}

/// The events of a range of contacts from all files, in the store's order.
fn merged(parts: &[Part], range: KeyRange) -> Result<RecordBatch> {
    let columns: Vec<&str> = schema::COLUMNS.iter().map(|column| column.name).collect();
    let mut batches = Vec::new();
    for part in parts {
        for batch in part.batches(&columns, "contact_key", range.low, range.high)? {
            let batch = batch?;
            let keys = batch.column(0).as_primitive::<Int64Type>().values();
            let start = keys.partition_point(|&key| key < range.low);
            let end = keys.partition_point(|&key| key <= range.high);
            batches.push(batch.slice(start, end - start));
        }
    }
    let all = concat_batches(&schema::arrow(), &batches)?;
    let keys = all.column(0).as_primitive::<Int64Type>().values();
    let instants = all.column(1).as_primitive::<TimestampMicrosecondType>().values();
    let positions = all.column(2).as_primitive::<Int32Type>().values();
    let ids = all.column(3).as_binary::<i32>();
    let key = |row: u32| {
        let row = row as usize;
        (keys[row], instants[row], positions[row], ids.value(row))
    };
    let mut order: Vec<u32> = (0..u32::try_from(all.num_rows()).unwrap_or(u32::MAX)).collect();
    // Every file is sorted already; a stable sort finds the runs and only merges them.
    order.sort_by(|&left, &right| key(left).cmp(&key(right)));
    order.dedup_by(|later, earlier| key(*later) == key(*earlier));
    Ok(take_record_batch(&all, &UInt32Array::from(order))?)
}

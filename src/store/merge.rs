//! Merging sorted data files of one month into one, range of contact keys by range of contact keys, in bounded memory.
//! Rows of a contact who turned out to be another go where that other's stand.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};

use super::contents::Contents;
use super::key::{first_half, pseudonym};
use super::links::Moves;
use super::part::Part;
use super::place::Place;
use super::scan::KeyRange;
use super::schema;
use super::write::{self, DataFile};
use crate::error::Result;

/// Rows that are merged at a time.
const RANGE_ROWS: u64 = 512 * 1024;

/// A file to merge, and where in it the rows stand that are to be moved.
struct Source {
    part: Part,
    /// Row numbers, and which of the moves is theirs.
    moved: Vec<(Range<usize>, usize)>,
}

/// Writes one data file with the events of all `files`, equal events once, under the contacts whose they turned out to be.
///
/// # Errors
/// A data file is damaged, or the new one cannot be written.
pub(super) fn merge(table: &Place, month: &str, files: &[DataFile], moves: &Moves) -> Result<DataFile> {
    rewrite(table, month, files, moves, Ok)
}

/// The same with what `edit` makes of the events, whose order it keeps.
///
/// # Errors
/// As [`merge`], or `edit` fails.
pub(super) fn rewrite(
    table: &Place,
    month: &str,
    files: &[DataFile],
    moves: &Moves,
    edit: impl Fn(RecordBatch) -> Result<RecordBatch>,
) -> Result<DataFile> {
    let open = |file: &DataFile| {
        let part = Part::open_at(table.join(&file.path), file.clone())?;
        let moved = part.runs_of(&moves.keys)?;
        Ok(Source { part, moved })
    };
    let sources = files.iter().map(open).collect::<Result<Vec<Source>>>()?;
    let mut contents = Contents::default();
    for source in &sources {
        contents.add(source.part.contents());
    }
    let n_rows: u64 = files.iter().map(|file| file.n_rows).sum();
    let batches = KeyRange::ALL.split(n_rows.div_ceil(RANGE_ROWS)).map(|range| edit(merged(&sources, range, moves)?));
    let name = write::file_name()?;
    write::write_batches(table, month, &name, &contents, batches)
}

/// The events of a range of contacts from all files, in the store's order.
fn merged(sources: &[Source], range: KeyRange, moves: &Moves) -> Result<RecordBatch> {
    let columns: Vec<&str> = schema::COLUMNS.iter().map(|column| column.name).collect();
    let mut batches = Vec::new();
    for Source { part, moved } in sources {
        for batch in part.batches(&columns, "contact_key", range.low, range.high)? {
            let batch = batch?;
            let keys = batch.column(0).as_primitive::<Int64Type>().values();
            let start = keys.partition_point(|&key| key < range.low);
            let end = keys.partition_point(|&key| key <= range.high);
            batches.push(batch.slice(start, end - start));
        }
        let goes_here = |place: usize| {
            let contact = moves.moves.get(place).and_then(|moved| moved.contact);
            contact.is_some_and(|contact| (range.low..=range.high).contains(&first_half(contact)))
        };
        let arriving: Vec<Range<usize>> =
            moved.iter().filter(|(_, place)| goes_here(*place)).map(|(rows, _)| rows.clone()).collect();
        if !arriving.is_empty() {
            for batch in part.rows(&columns, arriving.into_iter())? {
                batches.push(refiled(&batch?, moves)?);
            }
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
    if !moves.is_empty() {
        // What is moved away. What has arrived stands under a key that is never moved.
        order.retain(|&row| moves.keys.binary_search(&keys[row as usize]).is_err());
    }
    // Every file is sorted already; a stable sort finds the runs and only merges them.
    order.sort_by(|&left, &right| key(left).cmp(&key(right)));
    order.dedup_by(|later, earlier| key(*later) == key(*earlier));
    Ok(take_record_batch(&all, &UInt32Array::from(order))?)
}

/// Rows under the contacts whose they turned out to be.
fn refiled(batch: &RecordBatch, moves: &Moves) -> Result<RecordBatch> {
    let keys = batch.column(0).as_primitive::<Int64Type>().values();
    let moved = || {
        let of = |key| moves.moves.get(moves.keys.binary_search(key).ok()?);
        keys.iter().filter_map(of).filter_map(|moved| Some((moved.contact?, moved.name.as_deref())))
    };
    let ids = moved().map(|(contact, name)| name.map_or_else(|| pseudonym(contact), str::to_owned));
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(ids));
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(moved().map(|(contact, _)| first_half(contact))));
    let column = |(spec, old): (&schema::Column, &ArrayRef)| match spec.name {
        "contact_key" => Arc::clone(&keys),
        "contact_id" => Arc::clone(&ids),
        _ => Arc::clone(old),
    };
    let columns = schema::COLUMNS.iter().zip(batch.columns()).map(column).collect();
    let refiled = RecordBatch::try_new(batch.schema(), columns)?;
    moves.stranger.as_ref().map_or(Ok(refiled.clone()), |stranger| stranger.of(&refiled))
}

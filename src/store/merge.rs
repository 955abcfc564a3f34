//! Merging sorted data files of one month into one, range of contact keys by range of contact keys, in bounded memory.
//! Each file is read once from its beginning to its end. Rows of a contact who turned out to be another go where that
//! other's stand.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

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

/// Rows that are merged at a time: a little fewer than a row group holds, so that they are one. While they are written,
/// the next ones are merged.
const RANGE_ROWS: u64 = 120 * 1024;

/// A file to merge, and where in it the rows stand that are to be moved.
struct Source {
    part: Part,
    /// Row numbers, and which of the moves is theirs.
    moved: Vec<(Range<usize>, usize)>,
}

/// The rows of a file that are not merged yet, in their order.
struct Remaining<B> {
    batches: B,
    /// What was read and not taken.
    rest: Option<RecordBatch>,
}

impl<B: Iterator<Item = Result<RecordBatch>>> Remaining<B> {
    /// Takes the rows up to the key `high` that were not taken yet.
    fn take(&mut self, high: i64, taken: &mut Vec<RecordBatch>) -> Result<()> {
        while let Some(batch) = self.rest.take().map(Ok).or_else(|| self.batches.next()).transpose()? {
            let end = keys_of(&batch).partition_point(|&key| key <= high);
            taken.push(batch.slice(0, end));
            if end < batch.num_rows() {
                self.rest = Some(batch.slice(end, batch.num_rows() - end));
                break;
            }
        }
        Ok(())
    }
}

fn keys_of(batch: &RecordBatch) -> &[i64] {
    batch.column(0).as_primitive::<Int64Type>().values()
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
    edit: impl Fn(RecordBatch) -> Result<RecordBatch> + Sync,
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
    let columns: Vec<&str> = schema::COLUMNS.iter().map(|column| column.name).collect();
    let batches = sources.iter().map(|source| source.part.batches(&columns, "contact_key", i64::MIN, i64::MAX));
    let mut rows =
        batches.map(|batches| Ok(Remaining { batches: batches?, rest: None })).collect::<Result<Vec<_>>>()?;
    let n_rows: u64 = files.iter().map(|file| file.n_rows).sum();
    let mut ranges = KeyRange::ALL.split(n_rows.div_ceil(RANGE_ROWS));
    let mut next = |range| edit(merged(&sources, &mut rows, &columns, range, moves)?);
    let name = write::file_name()?;
    let (hand_over, batches) = sync_channel(0);
    std::thread::scope(|threads| {
        // Until the last range, or until nobody takes one because writing has failed.
        threads.spawn(move || ranges.all(|range| hand_over.send(next(range)).is_ok()));
        write::write_batches(table, month, &name, &contents, batches.into_iter())
    })
}

/// The events of a range of contacts from all files, in the store's order. `rows` are those of the files.
fn merged(
    sources: &[Source],
    rows: &mut [Remaining<impl Iterator<Item = Result<RecordBatch>>>],
    columns: &[&str],
    range: KeyRange,
    moves: &Moves,
) -> Result<RecordBatch> {
    let mut batches = Vec::new();
    for (Source { part, moved }, rows) in sources.iter().zip(rows) {
        rows.take(range.high, &mut batches)?;
        let goes_here = |place: usize| {
            let contact = moves.moves.get(place).and_then(|moved| moved.contact);
            contact.is_some_and(|contact| (range.low..=range.high).contains(&first_half(contact)))
        };
        let arriving: Vec<Range<usize>> =
            moved.iter().filter(|(_, place)| goes_here(*place)).map(|(rows, _)| rows.clone()).collect();
        if !arriving.is_empty() {
            for batch in part.rows(columns, arriving.into_iter())? {
                batches.push(refiled(&batch?, moves)?);
            }
        }
    }
    let all = concat_batches(&schema::arrow(), &batches)?;
    let keys = keys_of(&all);
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
    let keys = keys_of(batch);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_once_and_in_order_wherever_batches_end() {
        let batch = |keys: &[i64]| -> Result<RecordBatch> {
            let column: ArrayRef = Arc::new(Int64Array::from(keys.to_vec()));
            Ok(RecordBatch::try_from_iter([("contact_key", column)]).unwrap())
        };
        let batches = [batch(&[-4, 1, 1]), batch(&[1]), batch(&[2, 2, 3, 7]), batch(&[9])];
        let mut rows = Remaining { batches: batches.into_iter(), rest: None };
        let mut take = |high: i64| {
            let mut taken = Vec::new();
            rows.take(high, &mut taken).unwrap();
            taken.iter().flat_map(|batch| keys_of(batch).to_vec()).collect::<Vec<i64>>()
        };
        assert!(take(-5).is_empty());
        assert_eq!(take(1), [-4, 1, 1, 1]);
        assert_eq!(take(2), [2, 2]);
        assert_eq!(take(i64::MAX), [3, 7, 9]);
        assert!(take(i64::MAX).is_empty());
    }
}

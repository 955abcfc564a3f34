//! The content of a partition as one hash: of its values in order, however they were cut into batches and coded.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use blake3::Hasher;

use super::table::{Column, VERSION};

/// Bytes that stand for a word; enough that no two words are taken for one.
const WORD: usize = 16;

/// Hashes the rows of a partition, batch by batch.
pub(super) struct Content {
    columns: Vec<Hasher>,
    n_rows: u64,
    bytes: Vec<u8>,
}

impl Content {
    /// Of a partition with these columns. Whoever changes them changes the hash.
    pub(super) fn new(columns: &[Column]) -> Self {
        let begin = |column: &Column| {
            let mut hasher = Hasher::new();
            hasher.update(column.name.as_bytes()).update(&[0]).update(column.kind.name().as_bytes()).update(&[0]);
            hasher
        };
        Self { columns: columns.iter().map(begin).collect(), n_rows: 0, bytes: Vec::new() }
    }

    /// Adds rows. Numbers go in as they lie in memory, with what stands under null.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        self.n_rows += batch.num_rows() as u64;
        for (hasher, array) in self.columns.iter_mut().zip(batch.columns()) {
            match array.data_type() {
                DataType::Int64 => {
                    hasher.update(array.as_primitive::<Int64Type>().values().inner().as_slice());
                }
                DataType::Timestamp(TimeUnit::Microsecond, _) => {
                    hasher.update(array.as_primitive::<TimestampMicrosecondType>().values().inner().as_slice());
                }
                DataType::Float64 => {
                    hasher.update(array.as_primitive::<Float64Type>().values().inner().as_slice());
                }
                DataType::Date32 => {
                    hasher.update(array.as_primitive::<Date32Type>().values().inner().as_slice());
                }
                DataType::Boolean => {
                    let flags = array.as_boolean();
                    let value = |row| if flags.is_null(row) { 2 } else { u8::from(flags.value(row)) };
                    self.bytes.clear();
                    self.bytes.extend((0..flags.len()).map(value));
                    hasher.update(&self.bytes);
                }
                DataType::Dictionary(..) => {
                    let codes = array.as_dictionary::<Int32Type>();
                    let words: Vec<[u8; WORD]> = codes.values().as_string::<i32>().iter().map(of_word).collect();
                    self.bytes.clear();
                    for row in 0..codes.len() {
                        let word = codes.key(row).and_then(|code| words.get(code));
                        self.bytes.extend_from_slice(word.unwrap_or(&[0; WORD]));
                    }
                    hasher.update(&self.bytes);
                }
                _ => {}
            }
        }
    }

    /// The hash, as hexadecimal digits.
    pub(super) fn finish(self) -> String {
        let mut all = Hasher::new();
        all.update(&VERSION.to_le_bytes()).update(&self.n_rows.to_le_bytes());
        for column in &self.columns {
            all.update(column.finalize().as_bytes());
        }
        all.finalize().to_hex().to_string()
    }
}

fn of_word(word: Option<&str>) -> [u8; WORD] {
    let hash = blake3::hash(word.unwrap_or_default().as_bytes());
    let mut short = [0; WORD];
    short.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    short
}

#[cfg(test)]
mod tests {
    use super::super::columns::{Value, batch};
    use super::super::table::{Class, Kind, Table};
    use super::*;

    fn table() -> Table {
        let columns = [("number", Kind::Number), ("word", Kind::Word), ("flag", Kind::Flag), ("at", Kind::Instant)];
        let columns = columns.map(|(name, kind)| Column::new(name, kind, "a value")).to_vec();
        Table::small(Class::Dimension, "t", "row", &[], columns)
    }

    fn hash(rows: &[Vec<Value<'_>>], cut: usize) -> String {
        let table = table();
        let mut content = Content::new(table.stored());
        for rows in rows.chunks(cut) {
            content.add(&batch(&table, rows).unwrap());
        }
        content.finish()
    }

    #[test]
    fn a_hash_tells_values_apart_and_no_cuts() {
        let row =
            |number: Value<'static>, word: Value<'static>| vec![number, word, Value::Flag(true), Value::Number(7)];
        let rows = vec![
            row(Value::Number(0), "a".into()),
            row(Value::Null, "b".into()),
            row(Value::Number(2), Value::Null),
            row(Value::Number(2), "".into()),
            row(Value::Number(3), "a".into()),
        ];
        let all = hash(&rows, 5);
        assert_eq!([1, 2, 3].map(|cut| hash(&rows, cut)), [&*all; 3]);
        for (place, value) in [(0, Value::Null), (3, Value::Null)] {
            let mut other = rows.clone();
            other[place][usize::from(place > 0)] = value;
            assert_ne!(hash(&other, 5), all, "{place}");
        }
        let mut swapped = rows.clone();
        swapped.swap(0, 1);
        assert_ne!(hash(&swapped, 5), all);
    }
}

//! Events as columns in memory, on their way into a data file: filled row by row, sorted once, turned into record batches.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanArray, Decimal128Array, DictionaryArray, Int32Array, Int64Array, RecordBatch,
    StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use rayon::slice::ParallelSliceMut;

use super::schema::{self, Form, TEXTS, WORDS};
use super::words::{NULL, Texts, Words};
use crate::error::Result;

/// What "null" is among instants.
pub const NO_INSTANT: i64 = i64::MIN;
/// What "null" is among the keys of messages.
pub const NO_MESSAGE: i64 = 0;

/// One event, ready to be stored: ids hashed, privacy applied. Words and texts stand in the order of
/// [`WORDS`] and [`TEXTS`].
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// See the column of this name.
    pub contact_key: i64,
    /// See the column of this name.
    pub at: i64,
    /// See the column of this name.
    pub position: i32,
    /// See the column of this name.
    pub event_id: u128,
    /// See [`WORDS`].
    pub words: [Option<&'a str>; WORDS.len()],
    /// See [`TEXTS`].
    pub texts: [Option<&'a str>; TEXTS.len()],
    /// See the column of this name; [`NO_MESSAGE`] is null.
    pub message_key: i64,
    /// See the column of this name; [`NO_MESSAGE`] is null.
    pub reply_key: i64,
    /// See the column of this name.
    pub billable: Option<bool>,
    /// In millionths of the currency.
    pub cost: Option<i64>,
    /// See the column of this name.
    pub up_to: Option<i64>,
    /// See the column of this name.
    pub line: u64,
    /// Whether this is the first event of its record.
    pub begins_record: bool,
}

/// Events as columns, in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    contact_key: Vec<i64>,
    at: Vec<i64>,
    position: Vec<i32>,
    event_id: Vec<u128>,
    words: [Words; WORDS.len()],
    codes: [Vec<u32>; WORDS.len()],
    texts: [Texts; TEXTS.len()],
    message_key: Vec<i64>,
    reply_key: Vec<i64>,
    billable: Vec<Option<bool>>,
    cost: Vec<i64>,
    up_to: Vec<i64>,
    line: Vec<u64>,
    begins_record: Vec<bool>,
}

impl Rows {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// About how many bytes the rows take.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        let fixed = 8 + 8 + 4 + 16 + 8 + 8 + 2 + 8 + 8 + 8 + 4 * WORDS.len() + 5 * TEXTS.len();
        let words = self.words.iter().map(Words::n_bytes).sum::<usize>();
        self.len() * fixed + words + self.texts.iter().map(Texts::n_bytes).sum::<usize>()
    }

    /// Event ids, in row order.
    #[must_use]
    pub fn event_ids(&self) -> &[u128] {
        &self.event_id
    }

    /// Instants, in row order.
    #[must_use]
    pub fn instants(&self) -> &[i64] {
        &self.at
    }

    /// Adds a row.
    pub fn push(&mut self, row: &Row<'_>) {
        self.contact_key.push(row.contact_key);
        self.at.push(row.at);
        self.position.push(row.position);
        self.event_id.push(row.event_id);
        for ((words, codes), word) in self.words.iter_mut().zip(&mut self.codes).zip(&row.words) {
            codes.push(words.optional(*word));
        }
        for (texts, text) in self.texts.iter_mut().zip(&row.texts) {
            texts.push(*text);
        }
        self.message_key.push(row.message_key);
        self.reply_key.push(row.reply_key);
        self.billable.push(row.billable);
        self.cost.push(row.cost.unwrap_or(NO_INSTANT));
        self.up_to.push(row.up_to.unwrap_or(NO_INSTANT));
        self.line.push(row.line);
        self.begins_record.push(row.begins_record);
    }

    /// Adds all rows of another block.
    pub fn append(&mut self, other: &Self) {
        self.contact_key.extend_from_slice(&other.contact_key);
        self.at.extend_from_slice(&other.at);
        self.position.extend_from_slice(&other.position);
        self.event_id.extend_from_slice(&other.event_id);
        for (index, words) in self.words.iter_mut().enumerate() {
            let recoded = words.absorb(&other.words[index]);
            self.codes[index].extend(other.codes[index].iter().map(|&code| recoded[code as usize]));
        }
        for (texts, others) in self.texts.iter_mut().zip(&other.texts) {
            texts.append(others);
        }
        self.message_key.extend_from_slice(&other.message_key);
        self.reply_key.extend_from_slice(&other.reply_key);
        self.billable.extend_from_slice(&other.billable);
        self.cost.extend_from_slice(&other.cost);
        self.up_to.extend_from_slice(&other.up_to);
        self.line.extend_from_slice(&other.line);
        self.begins_record.extend_from_slice(&other.begins_record);
    }

    /// The row numbers in the store's order (`contact_key`, `at`, `position`, `event_id`), without rows for which `keep` is
    /// false and without the second of two equal events. Of equal events the one that stands first in its log is kept.
    #[must_use]
    pub fn order(&self, keep: &[bool]) -> Vec<u32> {
        let mut keys: Vec<(i64, i64, i32, u32)> = (0..self.len())
            .filter(|&row| keep[row])
            .map(|row| {
                (self.contact_key[row], self.at[row], self.position[row], u32::try_from(row).unwrap_or(u32::MAX))
            })
            .collect();
        let source = WORDS.iter().position(|&name| name == "source").unwrap_or(0);
        let rest = |row: u32| {
            let row = row as usize;
            (self.event_id[row], self.words[source].get(self.codes[source][row]), self.line[row])
        };
        keys.par_sort_unstable_by(|left, right| {
            (left.0, left.1, left.2).cmp(&(right.0, right.1, right.2)).then_with(|| rest(left.3).cmp(&rest(right.3)))
        });
        keys.dedup_by(|later, earlier| {
            (later.0, later.1) == (earlier.0, earlier.1)
                && self.event_id[later.3 as usize] == self.event_id[earlier.3 as usize]
        });
        keys.into_iter().map(|key| key.3).collect()
    }

    /// Of how many records the given rows are.
    #[must_use]
    pub fn n_records(&self, order: &[u32]) -> u64 {
        let mut stored = vec![false; self.len()];
        for &row in order {
            stored[row as usize] = true;
        }
        let (mut n_records, mut counted) = (0, true);
        for (begins, stored) in self.begins_record.iter().zip(stored) {
            if *begins {
                counted = false;
            }
            if stored && !counted {
                counted = true;
                n_records += 1;
            }
        }
        n_records
    }

    /// The given rows as a record batch of the store's schema.
    ///
    /// # Errors
    /// Columns that do not fit the schema, which would be a bug.
    pub fn batch(&self, order: &[u32]) -> Result<RecordBatch> {
        let rows = || order.iter().map(|&row| row as usize);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema::COLUMNS.len());
        for column in schema::COLUMNS {
            columns.push(match (column.form, column.name) {
                (Form::Int64, "contact_key") => {
                    Arc::new(Int64Array::from_iter_values(rows().map(|row| self.contact_key[row])))
                }
                (Form::Int64, "message_key") => message_keys(&self.message_key, order),
                (Form::Int64, "reply_key") => message_keys(&self.reply_key, order),
                (Form::Int64, _) => Arc::new(Int64Array::from_iter_values(
                    rows().map(|row| i64::try_from(self.line[row]).unwrap_or(i64::MAX)),
                )),
                (Form::Int32, _) => Arc::new(Int32Array::from_iter_values(rows().map(|row| self.position[row]))),
                (Form::Instant, "at") => Arc::new(
                    TimestampMicrosecondArray::from_iter_values(rows().map(|row| self.at[row])).with_timezone("UTC"),
                ),
                (Form::Instant, _) => Arc::new(
                    rows()
                        .map(|row| present(self.up_to[row]))
                        .collect::<TimestampMicrosecondArray>()
                        .with_timezone("UTC"),
                ),
                (Form::Id, _) => {
                    let mut builder = BinaryBuilder::with_capacity(order.len(), order.len() * 16);
                    rows().for_each(|row| builder.append_value(self.event_id[row].to_be_bytes()));
                    Arc::new(builder.finish())
                }
                (Form::Word, name) => self.word_column(name, order),
                (Form::Text, name) => self.text_column(name, order),
                (Form::Flag, _) => Arc::new(rows().map(|row| self.billable[row]).collect::<BooleanArray>()),
                (Form::Decimal, _) => Arc::new(
                    rows()
                        .map(|row| present(self.cost[row]).map(i128::from))
                        .collect::<Decimal128Array>()
                        .with_precision_and_scale(18, 6)?,
                ),
            });
        }
        Ok(RecordBatch::try_new(schema::arrow(), columns)?)
    }

    fn word_column(&self, name: &str, order: &[u32]) -> ArrayRef {
        let index = WORDS.iter().position(|&word| word == name).unwrap_or(0);
        let codes = &self.codes[index];
        let keys: Int32Array = order
            .iter()
            .map(|&row| match codes[row as usize] {
                NULL => None,
                code => i32::try_from(code - 1).ok(),
            })
            .collect();
        let values = StringArray::from_iter_values(self.words[index].list());
        // Codes are positions in the list, so the keys are always in range.
        match DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)) {
            Ok(array) => Arc::new(array),
            Err(_) => arrow::array::new_null_array(&arrow::datatypes::DataType::Utf8, order.len()),
        }
    }

    fn text_column(&self, name: &str, order: &[u32]) -> ArrayRef {
        let index = TEXTS.iter().position(|&text| text == name).unwrap_or(0);
        let mut builder = StringBuilder::with_capacity(order.len(), order.len() * 16);
        for &row in order {
            builder.append_option(self.texts[index].get(row as usize));
        }
        Arc::new(builder.finish())
    }

    /// The pairs of channel and kind among the rows, as names.
    #[must_use]
    pub fn channel_kinds(&self, order: &[u32]) -> std::collections::BTreeSet<(String, String)> {
        let index = |name| WORDS.iter().position(|&word| word == name).unwrap_or(0);
        let (channel, kind) = (index("channel"), index("kind"));
        let codes: std::collections::BTreeSet<(u32, u32)> =
            order.iter().map(|&row| (self.codes[channel][row as usize], self.codes[kind][row as usize])).collect();
        let word = |index: usize, code| self.words[index].get(code).unwrap_or_default().to_owned();
        codes.into_iter().map(|(left, right)| (word(channel, left), word(kind, right))).collect()
    }
}

fn message_keys(keys: &[i64], order: &[u32]) -> ArrayRef {
    let key = |&row: &u32| Some(keys[row as usize]).filter(|&key| key != NO_MESSAGE);
    Arc::new(order.iter().map(key).collect::<Int64Array>())
}

fn present(value: i64) -> Option<i64> {
    (value != NO_INSTANT).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_events_are_kept_once_and_rows_come_in_store_order() {
        let mut rows = Rows::default();
        for (contact_key, at, event_id, line) in [(2, 5, 1, 1), (1, 9, 2, 2), (1, 3, 3, 4), (1, 3, 3, 3)] {
            let words = [Some("x"); WORDS.len()];
            rows.push(&Row {
                contact_key,
                at,
                position: 0,
                event_id,
                words,
                texts: [Some("x"); TEXTS.len()],
                message_key: NO_MESSAGE,
                reply_key: NO_MESSAGE,
                billable: None,
                cost: None,
                up_to: None,
                line,
                begins_record: true,
            });
        }
        assert_eq!(rows.order(&[true; 4]), [3, 1, 0]);
        assert_eq!(rows.order(&[true, false, true, true]), [3, 0]);
        assert_eq!(rows.batch(&[3, 1, 0]).unwrap().num_rows(), 3);
    }
}

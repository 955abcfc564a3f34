//! Events as columns in memory, on their way into a data file: filled row by row, sorted once, turned into arrow columns.
//!
//! Two habits of logs keep a row small. Words repeat together: all that a row says in words is one number, its *profile*.
//! And most columns are empty: one that few rows fill is only as long as its last value needs.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, DictionaryArray, Int32Array, Int64Array, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::Int32Type;
use hashbrown::HashSet;
use rayon::prelude::*;

use super::contents::Contents;
use super::key::{first_half, message_key, pseudonym};
use super::links::{Contacts, Links};
use super::profiles::Profiles;
use super::schema::{Column, Form, TEXTS, WORDS};
use super::words::{NULL, Texts, Words};
use crate::error::Result;

/// What "null" is among instants.
pub const NO_INSTANT: i64 = i64::MIN;
/// What "null" is among the keys of messages.
pub const NO_MESSAGE: i64 = 0;
/// Bits of the contact key by which rows are dealt out before they are sorted.
const HEAP_BITS: u32 = 10;
/// What "null" is among the hashes of messages.
const NO_HASH: u128 = 0;

/// One event, ready to be stored: ids hashed, privacy applied. Words and texts stand in the order of
/// [`WORDS`] and [`TEXTS`].
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Keyed hash of the contact: its first half is `contact_key`, all of it the pseudonym.
    pub contact: u128,
    /// See the column of this name.
    pub at: i64,
    /// See the column of this name.
    pub position: i32,
    /// See the column of this name.
    pub event_id: u128,
    /// Keyed hash of the message id, if there is one: its first half is `message_key`, the first 96 bits the pseudonym.
    pub message: Option<u128>,
    /// As `message`, for `reply_to`.
    pub reply: Option<u128>,
    /// See [`WORDS`].
    pub words: [Option<&'a str>; WORDS.len()],
    /// See [`TEXTS`]. An id that is not here is written as its pseudonym.
    pub texts: [Option<&'a str>; TEXTS.len()],
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
    contact: Vec<u128>,
    at: Vec<i64>,
    position: Vec<i32>,
    event_id: Vec<u128>,
    profile: Vec<u32>,
    line: Vec<u64>,
    begins_record: Vec<bool>,
    message: Vec<u128>,
    reply: Vec<u128>,
    billable: Vec<Option<bool>>,
    cost: Vec<i64>,
    up_to: Vec<i64>,
    texts: [Texts; TEXTS.len()],
    words: [Words; WORDS.len()],
    profiles: Profiles,
    links: Links,
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
        let fixed = self.len() * (16 + 8 + 4 + 16 + 4 + 8 + 1);
        let sparse = 16 * (self.message.len() + self.reply.len())
            + self.billable.len()
            + 8 * (self.cost.len() + self.up_to.len());
        let texts = self.texts.iter().map(Texts::n_bytes).sum::<usize>();
        let words = self.words.iter().map(Words::n_bytes).sum::<usize>();
        fixed + sparse + texts + words + self.profiles.n_bytes() + self.links.n_bytes()
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

    /// The contact key of a row.
    #[must_use]
    pub fn contact_key(&self, row: u32) -> i64 {
        first_half(self.contact[row as usize])
    }

    /// What the records of these rows say about who is who.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Adds that a contact was known under another id before; see [`Links::add`].
    pub fn link(&mut self, former: u128, current: u128, at: i64, name: Option<&str>) {
        self.links.add(former, current, at, name);
    }

    /// Files the rows of linked ids under their contact.
    pub fn file_under(&mut self, contacts: &Contacts) {
        let mut moved = Vec::new();
        for (row, contact) in self.contact.iter_mut().enumerate() {
            if let Some(current) = contacts.current(*contact) {
                *contact = current;
                moved.push(row);
            }
        }
        let Some(index) = TEXTS.iter().position(|&name| name == "contact_id") else { return };
        // Ids are written as pseudonyms unless they are kept plain.
        if moved.is_empty() || self.texts[index].is_empty() {
            return;
        }
        let before = std::mem::take(&mut self.texts[index]);
        let mut moved = moved.into_iter().peekable();
        for (row, &contact) in self.contact.iter().enumerate() {
            let is_moved = moved.next_if_eq(&row).is_some();
            if !is_moved {
                self.texts[index].push(before.get(row));
            } else if let Some(name) = contacts.name(contact) {
                self.texts[index].push(Some(name));
            } else {
                // The link was learned while ids were not kept plain.
                self.texts[index].push(Some(&pseudonym(contact)));
            }
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: &Row<'_>) {
        let number = self.len();
        self.contact.push(row.contact);
        self.at.push(row.at);
        self.position.push(row.position);
        self.event_id.push(row.event_id);
        self.profile.push(self.profiles.number(&mut self.words, &row.words));
        self.line.push(row.line);
        self.begins_record.push(row.begins_record);
        put(&mut self.message, number, row.message.map_or(NO_HASH, some_hash), NO_HASH);
        put(&mut self.reply, number, row.reply.map_or(NO_HASH, some_hash), NO_HASH);
        put(&mut self.billable, number, row.billable, None);
        put(&mut self.cost, number, row.cost.unwrap_or(NO_INSTANT), NO_INSTANT);
        put(&mut self.up_to, number, row.up_to.unwrap_or(NO_INSTANT), NO_INSTANT);
        for (texts, text) in self.texts.iter_mut().zip(row.texts) {
            if text.is_some() {
                texts.pad(number);
                texts.push(text);
            }
        }
    }

    /// Adds all rows of another block.
    pub fn append(&mut self, other: &Self) {
        let number = self.len();
        self.contact.extend_from_slice(&other.contact);
        self.at.extend_from_slice(&other.at);
        self.position.extend_from_slice(&other.position);
        self.event_id.extend_from_slice(&other.event_id);
        let profiles: Vec<u32> = other
            .profiles
            .codes
            .iter()
            .map(|codes| {
                let words = std::array::from_fn(|index| other.words[index].get(codes[index]));
                self.profiles.number(&mut self.words, &words)
            })
            .collect();
        self.profile.extend(other.profile.iter().map(|&profile| profiles[profile as usize]));
        self.line.extend_from_slice(&other.line);
        self.begins_record.extend_from_slice(&other.begins_record);
        self.links.append(&other.links);
        join(&mut self.message, number, &other.message, NO_HASH);
        join(&mut self.reply, number, &other.reply, NO_HASH);
        join(&mut self.billable, number, &other.billable, None);
        join(&mut self.cost, number, &other.cost, NO_INSTANT);
        join(&mut self.up_to, number, &other.up_to, NO_INSTANT);
        for (texts, others) in self.texts.iter_mut().zip(&other.texts) {
            if !others.is_empty() {
                texts.pad(number);
                texts.append(others);
            }
        }
    }

    /// Forgets all rows, and keeps their memory for others.
    pub fn clear(&mut self) {
        let Self { contact, at, position, event_id, profile, line, begins_record, message, reply, .. } = self;
        contact.clear();
        at.clear();
        position.clear();
        event_id.clear();
        profile.clear();
        line.clear();
        begins_record.clear();
        message.clear();
        reply.clear();
        self.billable.clear();
        self.cost.clear();
        self.up_to.clear();
        self.texts.iter_mut().for_each(Texts::clear);
        self.words.iter_mut().for_each(Words::clear);
        self.profiles.clear();
        self.links.clear();
    }

    /// The row numbers in the store's order (`contact_key`, `at`, `position`, `event_id`), without rows whose event is
    /// `known` and without the second of two equal events. Of equal events the one that stands first in its log is kept.
    #[must_use]
    pub fn order(&self, known: &HashSet<u128>) -> Vec<u32> {
        let rows = || {
            (0..u32::try_from(self.len()).unwrap_or(u32::MAX))
                .filter(|&row| known.is_empty() || !known.contains(&self.event_id[row as usize]))
        };
        // Contact keys are hashes: their first bits deal the rows out evenly, to heaps that fit the cache and need no merging.
        let heap =
            |row: u32| (self.contact_key(row).wrapping_sub(i64::MIN).cast_unsigned() >> (64 - HEAP_BITS)) as usize;
        let mut ends = vec![0; 1 << HEAP_BITS];
        rows().for_each(|row| ends[heap(row)] += 1);
        let mut n_keys = 0;
        for end in &mut ends {
            n_keys += std::mem::replace(end, n_keys);
        }
        let mut keys = vec![(0, 0, 0, 0); n_keys];
        for row in rows() {
            let place = &mut ends[heap(row)];
            keys[*place] = (self.contact_key(row), self.at[row as usize], self.position[row as usize], row);
            *place += 1;
        }
        let source = WORDS.iter().position(|&name| name == "source").unwrap_or(0);
        let rest = |row: u32| {
            let codes = self.profiles.codes[self.profile[row as usize] as usize];
            (self.event_id[row as usize], self.words[source].get(codes[source]), self.line[row as usize])
        };
        let mut heaps = Vec::with_capacity(ends.len());
        let mut left = keys.as_mut_slice();
        let mut start = 0;
        for end in ends {
            let (heap, others) = left.split_at_mut(end - start);
            heaps.push(heap);
            (left, start) = (others, end);
        }
        heaps.into_par_iter().for_each(|heap| {
            heap.sort_unstable_by(|left, right| {
                let key = |(contact_key, at, position, _): (i64, i64, i32, u32)| (contact_key, at, position);
                key(*left).cmp(&key(*right)).then_with(|| rest(left.3).cmp(&rest(right.3)))
            });
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

    /// The words of each column of words, as the values of its dictionary.
    #[must_use]
    pub fn dictionaries(&self) -> [ArrayRef; WORDS.len()] {
        std::array::from_fn(|index| -> ArrayRef { Arc::new(StringArray::from_iter_values(self.words[index].list())) })
    }

    /// What is to be said of a data file with these rows.
    #[must_use]
    pub fn contents(&self, order: &[u32]) -> Contents {
        // Of each profile, the first instant of its rows, if it has any.
        let mut began = vec![None; self.profiles.codes.len()];
        for &row in order {
            let (at, first) = (self.at[row as usize], &mut began[self.profile[row as usize] as usize]);
            *first = Some(first.map_or(at, |known: i64| known.min(at)));
        }
        let index = |name| WORDS.iter().position(|&word| word == name).unwrap_or(0);
        let [channel, kind, account] = ["channel", "kind", "account"].map(index);
        let word = |codes: &[u32; WORDS.len()], index: usize| self.words[index].get(codes[index]).map(str::to_owned);
        let mut contents = Contents::default();
        for (codes, began) in self.profiles.codes.iter().zip(began) {
            let Some(began) = began else { continue };
            let name = word(codes, channel).unwrap_or_default();
            contents.kinds.insert((name.clone(), word(codes, kind).unwrap_or_default()));
            contents.begins((name, word(codes, account)), began);
        }
        contents
    }

    /// The given rows, ready to be read column by column. `dictionaries` are those of [`Rows::dictionaries`].
    #[must_use]
    pub fn pick<'r>(&'r self, order: &'r [u32], dictionaries: &'r [ArrayRef; WORDS.len()]) -> Picked<'r> {
        let profiles = order.iter().map(|&row| self.profile[row as usize]).collect();
        Picked { rows: self, order, profiles, dictionaries }
    }
}

/// Some rows in some order.
pub struct Picked<'r> {
    rows: &'r Rows,
    order: &'r [u32],
    profiles: Vec<u32>,
    dictionaries: &'r [ArrayRef; WORDS.len()],
}

impl Picked<'_> {
    /// One column of the store's schema.
    ///
    /// # Errors
    /// A column that does not fit the schema, which would be a bug.
    pub fn column(&self, column: &Column) -> Result<ArrayRef> {
        let rows = self.rows;
        Ok(match (column.form, column.name) {
            (Form::Int64, "contact_key") => {
                Arc::new(Int64Array::from_iter_values(self.order.iter().map(|&row| rows.contact_key(row))))
            }
            (Form::Int64, "message_key") => Arc::new(self.keys(&rows.message)),
            (Form::Int64, "reply_key") => Arc::new(self.keys(&rows.reply)),
            (Form::Int64, _) => Arc::new(Int64Array::from_iter_values(
                self.numbers().map(|row| i64::try_from(rows.line[row]).unwrap_or(i64::MAX)),
            )),
            (Form::Int32, _) => Arc::new(Int32Array::from_iter_values(self.numbers().map(|row| rows.position[row]))),
            (Form::Instant, "at") => Arc::new(
                TimestampMicrosecondArray::from_iter_values(self.numbers().map(|row| rows.at[row]))
                    .with_timezone("UTC"),
            ),
            (Form::Instant, _) => {
                let instants: TimestampMicrosecondArray = self.numbers().map(|row| present(&rows.up_to, row)).collect();
                Arc::new(instants.with_timezone("UTC"))
            }
            (Form::Id, _) => {
                let mut bytes = Vec::with_capacity(self.order.len() * 16);
                self.numbers().for_each(|row| bytes.extend_from_slice(&rows.event_id[row].to_be_bytes()));
                let ends = OffsetBuffer::from_lengths(std::iter::repeat_n(16, self.order.len()));
                Arc::new(BinaryArray::try_new(ends, Buffer::from_vec(bytes), None)?)
            }
            (Form::Word, name) => self.words(name)?,
            (Form::Text, name) => self.texts(name)?,
            (Form::Flag, _) => {
                Arc::new(self.numbers().map(|row| get(&rows.billable, row, None)).collect::<BooleanArray>())
            }
            (Form::Decimal, _) => Arc::new(
                self.numbers()
                    .map(|row| present(&rows.cost, row).map(i128::from))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(18, 6)?,
            ),
        })
    }

    fn numbers(&self) -> impl Iterator<Item = usize> {
        self.order.iter().map(|&row| row as usize)
    }

    fn keys(&self, hashes: &[u128]) -> Int64Array {
        self.numbers()
            .map(|row| match get(hashes, row, NO_HASH) {
                NO_HASH => None,
                hash => Some(message_key(hash)),
            })
            .collect()
    }

    fn words(&self, name: &str) -> Result<ArrayRef> {
        let index = WORDS.iter().position(|&word| word == name).unwrap_or(0);
        let codes: Vec<u32> = self.rows.profiles.codes.iter().map(|codes| codes[index]).collect();
        let keys = if codes.iter().all(|&code| code == NULL) {
            Int32Array::new_null(self.order.len())
        } else {
            // Codes begin at 1, places in the list at 0; under a null may be anything.
            let place = |&profile: &u32| i32::try_from(codes[profile as usize].saturating_sub(1)).unwrap_or(i32::MAX);
            let places: Vec<i32> = self.profiles.iter().map(place).collect();
            let nulls = codes
                .contains(&NULL)
                .then(|| self.profiles.iter().map(|&profile| codes[profile as usize] != NULL).collect::<NullBuffer>());
            Int32Array::try_new(places.into(), nulls)?
        };
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(&self.dictionaries[index]))?))
    }

    fn texts(&self, name: &str) -> Result<ArrayRef> {
        let texts = &self.rows.texts[TEXTS.iter().position(|&text| text == name).unwrap_or(0)];
        let (hashes, n_digits) = match name {
            _ if !texts.is_empty() => (&[][..], 0),
            "contact_id" => (&*self.rows.contact, 32),
            "message_id" => (&*self.rows.message, 24),
            "reply_to" => (&*self.rows.reply, 24),
            _ => (&[][..], 0),
        };
        if hashes.is_empty() {
            let mut builder = StringBuilder::with_capacity(self.order.len(), 0);
            self.numbers().for_each(|row| builder.append_option(texts.get(row)));
            return Ok(Arc::new(builder.finish()));
        }
        let mut digits = Vec::with_capacity(self.order.len() * n_digits);
        let is_present = |row| get(hashes, row, NO_HASH) != NO_HASH;
        for row in self.numbers().filter(|&row| is_present(row)) {
            hexadecimal(hashes[row], n_digits / 2, &mut digits);
        }
        let lengths = self.numbers().map(|row| if is_present(row) { n_digits } else { 0 });
        let ends = OffsetBuffer::from_lengths(lengths);
        let nulls = self.numbers().map(is_present).collect::<NullBuffer>();
        Ok(Arc::new(StringArray::try_new(ends, Buffer::from_vec(digits), Some(nulls))?))
    }
}

/// Adds a value to a column that is only as long as its last value needs.
fn put<T: Copy + PartialEq>(column: &mut Vec<T>, row: usize, value: T, absent: T) {
    if value != absent {
        column.resize(row, absent);
        column.push(value);
    }
}

/// Adds the values of another such column from `row` on.
fn join<T: Copy>(column: &mut Vec<T>, row: usize, others: &[T], absent: T) {
    if !others.is_empty() {
        column.resize(row, absent);
        column.extend_from_slice(others);
    }
}

/// A value of such a column.
fn get<T: Copy>(column: &[T], row: usize, absent: T) -> T {
    column.get(row).copied().unwrap_or(absent)
}

fn present(column: &[i64], row: usize) -> Option<i64> {
    Some(get(column, row, NO_INSTANT)).filter(|&value| value != NO_INSTANT)
}

/// A hash that cannot be taken for none.
fn some_hash(hash: u128) -> u128 {
    hash.max(1)
}

/// The first bytes of a hash as digits.
fn hexadecimal(hash: u128, n_bytes: usize, digits: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut all = [[0; 2]; 16];
    for (pair, byte) in all.iter_mut().zip(hash.to_be_bytes()) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    digits.extend_from_slice(all[..n_bytes].as_flattened());
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::super::schema;
    use super::*;

    fn row(contact_key: u64, at: i64, event_id: u128, line: u64) -> Row<'static> {
        Row {
            contact: u128::from(contact_key) << 64,
            at,
            position: 0,
            event_id,
            message: None,
            reply: None,
            words: [Some("x"); WORDS.len()],
            texts: [None; TEXTS.len()],
            billable: None,
            cost: None,
            up_to: None,
            line,
            begins_record: true,
        }
    }

    #[test]
    fn equal_events_are_kept_once_and_rows_come_in_store_order() {
        let mut rows = Rows::default();
        for (contact_key, at, event_id, line) in [(2, 5, 1, 1), (1, 9, 2, 2), (1, 3, 3, 4), (1, 3, 3, 3)] {
            rows.push(&row(contact_key, at, event_id, line));
        }
        assert_eq!(rows.order(&HashSet::new()), [3, 1, 0]);
        assert_eq!(rows.order(&HashSet::from_iter([2])), [3, 0]);
    }

    /// The column as text, nulls as `-`.
    fn shown(rows: &Rows, name: &str) -> String {
        let order: Vec<u32> = (0..u32::try_from(rows.len()).unwrap()).collect();
        let dictionaries = rows.dictionaries();
        let array = rows.pick(&order, &dictionaries).column(schema::named(name).unwrap()).unwrap();
        let text = arrow::compute::cast(&array, &arrow::datatypes::DataType::Utf8).unwrap();
        text.as_string::<i32>().iter().map(|text| text.unwrap_or("-")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_few_rows_have_is_found_again_where_it_was_put() {
        let mut rows = Rows::default();
        let mut words = [None; WORDS.len()];
        rows.push(&row(1, 1, 1, 1));
        words[0] = Some("y");
        let filled = Row {
            message: Some(0xab << 120),
            words,
            texts: [None, None, None, Some("yes")],
            billable: Some(false),
            cost: Some(0),
            ..row(2, 2, 2, 2)
        };
        rows.push(&filled);
        rows.push(&row(3, 3, 3, 3));
        let mut all = Rows::default();
        all.push(&row(4, 4, 4, 4));
        all.append(&rows);
        all.append(&rows);
        let check = |name: &str, expected: &str| assert_eq!(shown(&all, name), expected, "{name}");
        check("kind", "x x y x x y x");
        check("account", "x x - x x - x");
        check("message_id", "- - ab0000000000000000000000 - - ab0000000000000000000000 -");
        check("reply_to", "- - - - - - -");
        check("answer", "- - yes - - yes -");
        check("billable", "- - false - - false -");
        check("cost", "- - 0.000000 - - 0.000000 -");
        check("contact_key", "4 1 2 3 1 2 3");
        check("line", "4 1 2 3 1 2 3");
        assert_eq!(all.n_records(&[0, 2]), 2);
        all.clear();
        assert!(all.is_empty() && all.n_bytes() == 0);
    }

    #[test]
    fn ids_in_plain_win_over_pseudonyms() {
        let mut rows = Rows::default();
        rows.push(&Row { message: Some(7), texts: [Some("m"), None, Some("c"), None], ..row(1, 1, 1, 1) });
        assert_eq!([shown(&rows, "message_id"), shown(&rows, "contact_id")], ["m", "c"]);
        assert_eq!(rows.order(&HashSet::new()).len(), rows.dictionaries()[0].len());
    }
}

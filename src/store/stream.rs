//! A stream of events that somebody else sorted: record batches in the store's order become shards of whole contacts.
//!
//! What was sorted elsewhere is believed in nothing: order is checked row by row. Memory is bounded by one shard and one batch.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;

use super::cursor::Layout;
use super::schema::{self, Form};
use super::shard::{self, Block, NUMBERS, Shard, null_of};
use super::words::{NULL, Words};
use crate::error::{Error, Result};
use crate::event::Kind;

/// Rows after which a shard ends with the contact it is in.
const SHARD_ROWS: usize = 128 * 1024;
/// Bytes of words after which new lists begin.
const WORD_BYTES: usize = 64 * 1024 * 1024;

/// The columns by which events are sorted. A stream has them, `kind`, and those that its reader asks for.
pub const SORTED_BY: [&str; 4] = ["contact_key", "at", "position", "event_id"];

/// What went through a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// First and last contact key; `None` if there was no row.
    pub keys: Option<(i64, i64)>,
    /// Rows, with those that were left out: later ones, and repeated events.
    pub n_rows: u64,
    /// Different contacts.
    pub n_contacts: u64,
}

/// Place of a row in the store's order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    contact_key: i64,
    at: i64,
    position: i32,
    event_id: u128,
}

/// Record batches on their way into shards.
pub struct Stream {
    layout: Layout,
    until: Option<i64>,
    shard: Shard,
    last: Option<Place>,
    passed: Passed,
}

impl Stream {
    /// Will read these columns, besides key, time and kind, of events before `until`, in microseconds.
    #[must_use]
    pub fn new(columns: &[&str], until: Option<i64>) -> Self {
        Self { layout: Layout::of(columns), until, shard: Shard::new(), last: None, passed: Passed::default() }
    }

    /// Takes the next batch, and calls `each` with every shard that is whole.
    ///
    /// # Errors
    /// A column is missing or of another type, rows are not in order, or `each` fails.
    pub fn add(&mut self, batch: &RecordBatch, mut each: impl FnMut(&Shard) -> Result<()>) -> Result<()> {
        let rows = Rows::of(batch, &self.layout)?;
        let mut kept = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let place = rows.place(row);
            self.passed.n_rows += 1;
            let is_new = self.last.is_none_or(|last| last.contact_key != place.contact_key);
            if let Some(last) = self.last {
                if place < last {
                    return Err(unsorted(last, place));
                }
                if (last.contact_key, last.at, last.event_id) == (place.contact_key, place.at, place.event_id) {
                    continue;
                }
            }
            self.last = Some(place);
            if is_new {
                self.passed.n_contacts += 1;
                let first = self.passed.keys.map_or(place.contact_key, |(first, _)| first);
                self.passed.keys = Some((first, place.contact_key));
                if self.shard.len() + kept.len() >= SHARD_ROWS {
                    rows.append(&kept, &self.layout, &mut self.shard)?;
                    kept.clear();
                    self.hand_out(&mut each)?;
                }
            }
            if self.until.is_none_or(|until| place.at < until) {
                kept.push(row);
            }
        }
        rows.append(&kept, &self.layout, &mut self.shard)
    }

    /// Hands out the last shard, and says what went through.
    ///
    /// # Errors
    /// `each` fails.
    pub fn finish(mut self, mut each: impl FnMut(&Shard) -> Result<()>) -> Result<Passed> {
        self.hand_out(&mut each)?;
        Ok(self.passed)
    }

    fn hand_out(&mut self, each: &mut impl FnMut(&Shard) -> Result<()>) -> Result<()> {
        if !self.shard.is_empty() {
            each(&self.shard)?;
        }
        self.shard.rows.clear();
        if self.shard.words.iter().map(Words::n_bytes).sum::<usize>() > WORD_BYTES {
            self.shard.words.fill(Words::default());
        }
        Ok(())
    }
}

fn unsorted(last: Place, next: Place) -> Error {
    let message = if next.contact_key < last.contact_key {
        format!(
            "the events are not sorted: contact {} comes after contact {}, so either may stand there in pieces",
            next.contact_key, last.contact_key
        )
    } else {
        format!("the events of contact {} are not sorted: {} comes after {}", next.contact_key, next.at, last.at)
    };
    Error::Elsewhere { message, remedy: "sort each partition by contact_key, at, position, event_id" }
}

/// The columns of a batch, in the types that are read.
struct Rows {
    contact_key: Int64Array,
    at: TimestampMicrosecondArray,
    position: Int32Array,
    event_id: BinaryArray,
    kind: StringArray,
    /// In the order of the layout.
    numbers: Vec<ArrayRef>,
    words: Vec<ArrayRef>,
    billable: Option<ArrayRef>,
}

impl Rows {
    fn of(batch: &RecordBatch, layout: &Layout) -> Result<Self> {
        let column = |name: &'static str| taken(batch, name);
        let required = |name: &'static str| {
            let found = column(name)?;
            if found.null_count() > 0 {
                return Err(refused(format!("column '{name}' has nulls, which no event has")));
            }
            Ok(found)
        };
        let [contact_key, at, position, event_id] = SORTED_BY.map(required);
        Ok(Self {
            contact_key: contact_key?.as_primitive().clone(),
            at: at?.as_primitive().clone(),
            position: position?.as_primitive().clone(),
            event_id: event_id?.as_binary().clone(),
            kind: required("kind")?.as_string().clone(),
            numbers: layout.numbers.iter().map(|&number| column(NUMBERS[number])).collect::<Result<_>>()?,
            words: layout.words.iter().map(|(_, name)| column(name)).collect::<Result<_>>()?,
            billable: if layout.billable { Some(column("billable")?) } else { None },
        })
    }

    fn place(&self, row: usize) -> Place {
        Place {
            contact_key: self.contact_key.value(row),
            at: self.at.value(row),
            position: self.position.value(row),
            event_id: self.event_id.value(row).try_into().map_or(0, u128::from_be_bytes),
        }
    }

    /// Adds some rows to a shard.
    fn append(&self, rows: &[usize], layout: &Layout, shard: &mut Shard) -> Result<()> {
        let Shard { rows: block, words } = shard;
        let Block { runs, numbers, kind, codes, billable } = block;
        let keys = self.contact_key.values();
        for run in rows.chunk_by(|&left, &right| keys[left] == keys[right]) {
            shard::add(runs, 0, keys[run[0]], run.len());
        }
        for (array, &number) in self.numbers.iter().zip(&layout.numbers) {
            let null = null_of(number);
            let known = |row: usize| array.is_valid(row);
            match array.data_type() {
                DataType::Int64 => {
                    let values = array.as_primitive::<Int64Type>().values();
                    numbers[number].extend(rows.iter().map(|&row| if known(row) { values[row] } else { null }));
                }
                DataType::Decimal128(..) => {
                    let values = array.as_primitive::<Decimal128Type>().values();
                    let value = |row: usize| i64::try_from(values[row]).unwrap_or(null);
                    numbers[number].extend(rows.iter().map(|&row| if known(row) { value(row) } else { null }));
                }
                _ => {
                    let values = array.as_primitive::<TimestampMicrosecondType>().values();
                    numbers[number].extend(rows.iter().map(|&row| if known(row) { values[row] } else { null }));
                }
            }
        }
        let texts = &self.kind;
        let mut last = (texts.len(), Kind::ALL[0]);
        for &row in rows {
            let text = texts.value(row);
            if last.0 >= texts.len() || texts.value(last.0) != text {
                let found =
                    Kind::from_name(text).ok_or_else(|| refused(format!("there is no kind of event '{text}'")))?;
                last = (row, found);
            }
            kind.push(last.1);
        }
        for (array, &(place, _)) in self.words.iter().zip(&layout.words) {
            append_words(array, rows, &mut codes[place], &mut words[place]);
        }
        if let Some(array) = &self.billable {
            let values = array.as_boolean();
            billable.extend(rows.iter().map(|&row| values.is_valid(row).then(|| values.value(row))));
        }
        Ok(())
    }
}

/// Neighbours mostly say the same word, so that few words are looked up.
fn append_words(array: &ArrayRef, rows: &[usize], codes: &mut Vec<u32>, words: &mut Words) {
    let texts = array.as_string::<i32>();
    let mut last: Option<(&str, u32)> = None;
    codes.extend(rows.iter().map(|&row| {
        if texts.is_null(row) {
            return NULL;
        }
        let text = texts.value(row);
        match last {
            Some((known, code)) if known == text => code,
            _ => {
                let code = words.code(text);
                last = Some((text, code));
                code
            }
        }
    }));
}

/// The column of this name, in the type that it is read in, whatever kind of text or binary it came as.
fn taken(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    let array = batch.column_by_name(name).ok_or_else(|| refused(format!("column '{name}' is missing")))?;
    let form = schema::named(name).map(|column| column.form);
    let (fits, wanted) = match (form, array.data_type()) {
        (Some(Form::Word | Form::Text), found) => (is_text(found), DataType::Utf8),
        (Some(Form::Id), found) => (is_binary(found), DataType::Binary),
        (Some(Form::Int64), found) => (*found == DataType::Int64, DataType::Int64),
        (Some(Form::Int32), found) => (*found == DataType::Int32, DataType::Int32),
        (Some(Form::Flag), found) => (*found == DataType::Boolean, DataType::Boolean),
        (Some(Form::Decimal), DataType::Decimal128(_, 6)) => (true, array.data_type().clone()),
        (Some(Form::Instant), DataType::Timestamp(_, zone)) => {
            (zone.is_some(), DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
        }
        _ => (false, DataType::Null),
    };
    if !fits {
        return Err(refused(format!("column '{name}' is of type {}", array.data_type())));
    }
    if *array.data_type() == wanted { Ok(array.clone()) } else { Ok(cast(array, &wanted)?) }
}

fn is_text(found: &DataType) -> bool {
    match found {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_binary(found: &DataType) -> bool {
    matches!(found, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(16))
}

fn refused(what: String) -> Error {
    Error::Columns(ArrowError::SchemaError(what))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BinaryArray, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    fn batch(rows: &[(i64, i64, u8)]) -> RecordBatch {
        let column = |value: fn(&(i64, i64, u8)) -> i64| rows.iter().map(value).collect::<Vec<_>>();
        let ids: Vec<[u8; 16]> = rows.iter().map(|row| [row.2; 16]).collect();
        let at = TimestampMicrosecondArray::from(column(|row| row.1)).with_timezone("UTC");
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("contact_key", Arc::new(Int64Array::from(column(|row| row.0)))),
            ("at", Arc::new(at)),
            ("position", Arc::new(Int32Array::from(vec![0; rows.len()]))),
            ("event_id", Arc::new(BinaryArray::from_iter_values(ids.iter()))),
            ("kind", Arc::new(StringArray::from(vec!["message_sent"; rows.len()]))),
            ("channel", Arc::new(StringArray::from(vec![Some("sms"); rows.len()]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Key and instant of every row that comes out, and what went through.
    fn read(batches: &[&[(i64, i64, u8)]], until: Option<i64>) -> Result<(Vec<(i64, i64)>, Passed)> {
        let mut stream = Stream::new(&["channel"], until);
        let mut found = Vec::new();
        let mut each = |shard: &Shard| {
            assert_eq!(shard.words("channel").0.len(), shard.len());
            for contact in shard.contacts() {
                found.extend(shard.at()[contact.rows.clone()].iter().map(|&at| (contact.key, at)));
            }
            Ok(())
        };
        for rows in batches {
            stream.add(&batch(rows), &mut each)?;
        }
        let passed = stream.finish(&mut each)?;
        Ok((found, passed))
    }

    #[test]
    fn batches_become_shards_without_repeated_and_later_events() {
        let (found, passed) = read(&[&[(-5, 1, 1), (-5, 2, 2)], &[(-5, 2, 2), (3, 1, 3), (3, 9, 4)]], Some(9)).unwrap();
        assert_eq!(found, [(-5, 1), (-5, 2), (3, 1)]);
        assert_eq!(passed, Passed { keys: Some((-5, 3)), n_rows: 5, n_contacts: 2 });
        assert_eq!(read(&[], None).unwrap().1, Passed::default());
    }

    #[test]
    fn what_is_not_sorted_is_refused() {
        for rows in [[(2, 1, 1), (1, 1, 2)], [(1, 2, 1), (1, 1, 2)], [(1, 1, 2), (1, 1, 1)]] {
            let error = read(&[&rows], None).unwrap_err();
            assert!(error.to_string().contains("not sorted"), "{error}");
            assert!(read(&[&rows[..1], &rows[1..]], None).is_err());
        }
    }

    #[test]
    fn a_column_that_is_missing_or_of_another_type_is_refused() {
        let rows = batch(&[(1, 1, 1)]);
        let mut stream = Stream::new(&["campaign"], None);
        let error = stream.add(&rows, |_| Ok(())).unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("'campaign' is missing"));
        let wrong =
            RecordBatch::try_from_iter(rows.schema().fields().iter().zip(rows.columns()).map(|(field, column)| {
                let is_key = field.name() == "contact_key";
                (field.name().as_str(), if is_key { rows.column(2).clone() } else { column.clone() })
            }))
            .unwrap();
        let error = Stream::new(&[], None).add(&wrong, |_| Ok(())).unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("'contact_key' is of type Int32"));
    }
}

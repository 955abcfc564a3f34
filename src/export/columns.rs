//! Makes columns: Arrow arrays out of facts and of values, always in the same form, so that equal values are equal bytes.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use hashbrown::HashMap;

use super::table::{Kind, Table};
use crate::error::Result;
use crate::facts::NONE;

/// What stands under "null" among days.
const NO_DAY: i32 = i32::MIN;

/// A value on its way into a small table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Number(i64),
    Real(f64),
    Flag(bool),
    Word(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        if number == NONE { Self::Null } else { Self::Number(number) }
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::from)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Real)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Value {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

impl From<String> for Value {
    fn from(word: String) -> Self {
        Self::Word(word)
    }
}

impl From<Option<String>> for Value {
    fn from(word: Option<String>) -> Self {
        word.map_or(Self::Null, Self::Word)
    }
}

impl From<Option<&str>> for Value {
    fn from(word: Option<&str>) -> Self {
        word.map_or(Self::Null, Self::from)
    }
}

/// A batch of rows of a small table.
pub(super) fn batch(table: &Table, rows: &[Vec<Value>]) -> Result<RecordBatch> {
    let array = |(place, kind): (usize, Kind)| -> Result<ArrayRef> {
        let values = rows.iter().map(|row| row.get(place).unwrap_or(&Value::Null));
        let numbers = || values.clone().map(|value| if let Value::Number(number) = value { *number } else { NONE });
        Ok(match kind {
            Kind::Instant => instants(numbers().collect()),
            Kind::Day => days(numbers().map(|day| i32::try_from(day).unwrap_or(NO_DAY)).collect()),
            Kind::Number | Kind::Count => self::numbers(numbers().collect()),
            Kind::Real => reals(values.map(|value| if let Value::Real(number) = value { Some(*number) } else { None })),
            Kind::Flag => {
                let flags = values.map(|value| if let Value::Flag(flag) = value { Some(*flag) } else { None });
                Arc::new(flags.collect::<BooleanArray>())
            }
            Kind::Word => {
                let mut words = Words::default();
                let codes = values.map(|value| if let Value::Word(word) = value { words.code(word) } else { -1 });
                let codes = codes.collect();
                words.array(codes)?
            }
        })
    };
    let columns = table.stored();
    let arrays = columns.iter().map(|column| column.kind).enumerate().map(array).collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Table::schema(columns), arrays)?)
}

/// Whole numbers; [`NONE`] is null, and stays under it.
pub(super) fn numbers(values: Vec<i64>) -> ArrayRef {
    let nulls = nulls(values.len(), |row| values.get(row).is_some_and(|&value| value != NONE));
    Arc::new(Int64Array::new(ScalarBuffer::from(values), nulls))
}

/// Instants; [`NONE`] is null, and stays under it.
pub(super) fn instants(values: Vec<i64>) -> ArrayRef {
    let nulls = nulls(values.len(), |row| values.get(row).is_some_and(|&value| value != NONE));
    Arc::new(TimestampMicrosecondArray::new(ScalarBuffer::from(values), nulls).with_timezone("UTC"))
}

/// Days since 1970; the smallest number is null, and stays under it.
pub(super) fn days(values: Vec<i32>) -> ArrayRef {
    let nulls = nulls(values.len(), |row| values.get(row).is_some_and(|&value| value != NO_DAY));
    Arc::new(Date32Array::new(ScalarBuffer::from(values), nulls))
}

fn reals(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    let values: Vec<f64> = values.map(|value| value.unwrap_or(f64::NAN)).collect();
    let nulls = nulls(values.len(), |row| values.get(row).is_some_and(|value| !value.is_nan()));
    Arc::new(Float64Array::new(ScalarBuffer::from(values), nulls))
}

/// Flags.
pub(super) fn flags(n: usize, flag: impl FnMut(usize) -> bool) -> ArrayRef {
    Arc::new(BooleanArray::new(BooleanBuffer::collect_bool(n, flag), None))
}

/// Words by codes from 0; a negative code is null.
pub(super) fn words(codes: Vec<i32>, words: Vec<&str>) -> Result<ArrayRef> {
    let nulls = nulls(codes.len(), |row| codes.get(row).is_some_and(|&code| code >= 0));
    // What stands under null has to be a code all the same.
    let codes: Vec<i32> = codes.into_iter().map(|code| code.max(0)).collect();
    let codes = Int32Array::new(ScalarBuffer::from(codes), nulls);
    let words: ArrayRef = Arc::new(StringArray::from(words));
    Ok(Arc::new(DictionaryArray::try_new(codes, words)?))
}

fn nulls(n: usize, is_valid: impl FnMut(usize) -> bool) -> Option<NullBuffer> {
    Some(NullBuffer::new(BooleanBuffer::collect_bool(n, is_valid))).filter(|nulls| nulls.null_count() > 0)
}

/// Distinct words in order of first appearance.
#[derive(Default)]
struct Words<'w> {
    codes: HashMap<&'w str, i32>,
    list: Vec<&'w str>,
}

impl<'w> Words<'w> {
    fn code(&mut self, word: &'w str) -> i32 {
        *self.codes.entry(word).or_insert_with(|| {
            self.list.push(word);
            i32::try_from(self.list.len() - 1).unwrap_or(i32::MAX)
        })
    }

    fn array(self, codes: Vec<i32>) -> Result<ArrayRef> {
        words(codes, self.list)
    }
}

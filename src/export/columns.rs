//! Makes columns: Arrow arrays out of facts and of values, always in the same form, so that equal values are equal bytes.

use std::borrow::Cow;
use std::sync::Arc;

use super::table::{Column, Kind, Table};
use crate::error::Result;
use crate::facts::NONE;
use crate::store::words::Words;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{Field, SchemaRef};

/// What stands under "null" among days.
const NO_DAY: i32 = i32::MIN;

/// A value on its way into a small table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'v> {
    Null,
    Number(i64),
    Real(f64),
    Flag(bool),
    Word(Cow<'v, str>),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        if number == NONE { Self::Null } else { Self::Number(number) }
    }
}

impl From<u64> for Value<'_> {
    fn from(count: u64) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(word: &'v str) -> Self {
        Self::Word(Cow::Borrowed(word))
    }
}

impl From<String> for Value<'_> {
    fn from(word: String) -> Self {
        Self::Word(Cow::Owned(word))
    }
}

impl<'v, T: Into<Value<'v>>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Rows of a small table on their way to a batch.
pub(super) struct Builder<'t> {
    table: &'t Table,
    columns: Vec<Building>,
}

/// A column while rows are added.
enum Building {
    Numbers(Vec<i64>),
    Reals(Vec<f64>),
    Flags(Vec<Option<bool>>),
    Words(Vec<i32>, Words),
}

impl<'t> Builder<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        let begin = |column: &Column| match column.kind {
            Kind::Instant | Kind::Day | Kind::Number | Kind::Count => Building::Numbers(Vec::new()),
            Kind::Real => Building::Reals(Vec::new()),
            Kind::Flag => Building::Flags(Vec::new()),
            Kind::Word => Building::Words(Vec::new(), Words::default()),
        };
        Self { table, columns: table.stored().iter().map(begin).collect() }
    }

    /// Adds a row: a value for each column but the month. A value of another type than its column is null.
    pub(super) fn push(&mut self, row: &[Value<'_>]) {
        for (place, column) in self.columns.iter_mut().enumerate() {
            match (column, row.get(place)) {
                (Building::Numbers(values), Some(Value::Number(number))) => values.push(*number),
                (Building::Numbers(values), _) => values.push(NONE),
                (Building::Reals(values), Some(Value::Real(number))) => values.push(*number),
                (Building::Reals(values), _) => values.push(f64::NAN),
                (Building::Flags(values), Some(Value::Flag(flag))) => values.push(Some(*flag)),
                (Building::Flags(values), _) => values.push(None),
                (Building::Words(codes, words), Some(Value::Word(word))) => {
                    // Codes begin at 1.
                    codes.push(i32::try_from(words.code(word)).unwrap_or(i32::MAX) - 1);
                }
                (Building::Words(codes, _), _) => codes.push(-1),
            }
        }
    }

    pub(super) fn finish(self) -> Result<RecordBatch> {
        let columns = self.table.stored();
        let array = |(spec, column): (&Column, Building)| -> Result<ArrayRef> {
            Ok(match column {
                Building::Numbers(values) if spec.kind == Kind::Instant => instants(values),
                Building::Numbers(values) if spec.kind == Kind::Day => {
                    days(values.into_iter().map(|day| i32::try_from(day).unwrap_or(NO_DAY)).collect())
                }
                Building::Numbers(values) => numbers(values),
                Building::Reals(values) => reals(values),
                Building::Flags(values) => Arc::new(BooleanArray::from(values)),
                Building::Words(codes, words) => self::words(codes, words.list().iter().map(String::as_str).collect())?,
            })
        };
        let arrays = columns.iter().zip(self.columns).map(array).collect::<Result<_>>()?;
        Ok(RecordBatch::try_new(Table::schema(columns), arrays)?)
    }
}

/// A batch of rows of a small table.
pub(super) fn batch(table: &Table, rows: &[Vec<Value<'_>>]) -> Result<RecordBatch> {
    let mut builder = Builder::new(table);
    for row in rows {
        builder.push(row);
    }
    builder.finish()
}

/// The rows with words as text.
pub(super) fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let plain = |(field, array): (&Arc<Field>, &ArrayRef)| cast(array, field.data_type());
    let arrays = schema.fields().iter().zip(batch.columns()).map(plain).collect::<std::result::Result<_, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
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

/// Numbers with a fraction; what is no number is null, and stays under it.
fn reals(values: Vec<f64>) -> ArrayRef {
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

//! Parquet as input: rows of a columnar file as objects, for tables that somebody else has already made of their events.
//!
//! It knows nothing of what the columns mean. Lists, structs and binary data are left out.

use std::error::Error;
use std::fs::File;
use std::io;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt64Type};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::channels::value::{Number, Object};
use crate::channels::{Arena, Value};

/// Rows that are decoded at once.
const BATCH: usize = 8192;

/// A file that is read batch by batch.
pub(super) struct Batches(ParquetRecordBatchReader);

/// Some rows of a file.
pub(super) struct Batch(RecordBatch);

impl Batches {
    /// Reads the file's footer.
    pub(super) fn open(file: File) -> io::Result<Self> {
        ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.with_batch_size(BATCH).build())
            .map(Self)
            .map_err(damaged)
    }
}

impl Iterator for Batches {
    type Item = io::Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|batch| batch.map(Batch).map_err(damaged))
    }
}

fn damaged(error: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// A column in one of the forms that JSON has.
enum Column {
    Text(ArrayRef),
    Flag(ArrayRef),
    Whole(ArrayRef),
    Unsigned(ArrayRef),
    Number(ArrayRef),
    /// Microseconds; whether they count from an instant in UTC or are a date-time of an unknown zone.
    Time(ArrayRef, bool),
    LeftOut,
}

impl Column {
    fn new(array: &ArrayRef) -> Self {
        // A value that does not fit becomes null.
        let cast = |to: &DataType| cast_with_options(array, to, &CastOptions::default()).ok();
        let kind = match array.data_type() {
            DataType::Dictionary(_, inner) => inner.as_ref(),
            kind => kind,
        };
        let column = match kind {
            DataType::Boolean => cast(&DataType::Boolean).map(Self::Flag),
            kind if kind.is_signed_integer() => cast(&DataType::Int64).map(Self::Whole),
            kind if kind.is_unsigned_integer() => cast(&DataType::UInt64).map(Self::Unsigned),
            kind if kind.is_floating() => cast(&DataType::Float64).map(Self::Number),
            DataType::Timestamp(_, zone) => {
                let micros = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
                cast(&micros).map(|array| Self::Time(array, zone.is_some()))
            }
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Date32
            | DataType::Date64
            | DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => cast(&DataType::Utf8).map(Self::Text),
            _ => None,
        };
        column.unwrap_or(Self::LeftOut)
    }

    fn value<'a>(&'a self, row: usize, arena: &'a Arena) -> Option<Value<'a>> {
        let array = match self {
            Self::Text(array)
            | Self::Flag(array)
            | Self::Whole(array)
            | Self::Unsigned(array)
            | Self::Number(array)
            | Self::Time(array, _) => array,
            Self::LeftOut => return None,
        };
        if array.is_null(row) {
            return None;
        }
        Some(match self {
            Self::Text(array) => Value::Str(array.as_string_opt::<i32>()?.value(row)),
            Self::Flag(array) => Value::Bool(array.as_boolean_opt()?.value(row)),
            Self::Whole(array) => Value::Number(array.as_primitive_opt::<Int64Type>()?.value(row).into()),
            Self::Unsigned(array) => {
                Value::Number(Number::Unsigned(array.as_primitive_opt::<UInt64Type>()?.value(row)))
            }
            Self::Number(array) => Value::Number(Number::Float(array.as_primitive_opt::<Float64Type>()?.value(row))),
            Self::Time(array, is_instant) => {
                let micros = array.as_primitive_opt::<TimestampMicrosecondType>()?.value(row);
                let instant = Timestamp::from_microsecond(micros).ok()?;
                let text = match is_instant {
                    true => instant.to_string(),
                    false => instant.to_zoned(TimeZone::UTC).datetime().to_string(),
                };
                Value::Str(arena.keep(&text))
            }
            Self::LeftOut => return None,
        })
    }
}

impl Batch {
    pub(super) fn n_rows(&self) -> usize {
        self.0.num_rows()
    }

    /// Hands on every row as an object without its nulls.
    pub(super) fn rows(&self, each: &mut dyn FnMut(usize, &Value<'_>, &Arena)) {
        let schema = self.0.schema();
        let columns: Vec<(&str, Column)> = schema
            .fields()
            .iter()
            .zip(self.0.columns())
            .map(|(field, array)| (field.name().as_str(), Column::new(array)))
            .collect();
        let mut arena = Arena::default();
        for row in 0..self.n_rows() {
            let cells: Vec<(&str, Value<'_>)> =
                columns.iter().filter_map(|(name, column)| Some((*name, column.value(row, &arena)?))).collect();
            each(row, &Value::Object(Object(&cells)), &arena);
            arena.clear();
        }
    }
}

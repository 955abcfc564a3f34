//! Cells of record batches, one by one, for targets that write rows; and how instants and days are written as text.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use jiff::civil::Date;

use crate::event::SECOND;

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'c> {
    /// Unknown, or none.
    Null,
    /// Whole number.
    Number(i64),
    /// Number with a fraction.
    Real(f64),
    /// Microseconds UTC.
    Instant(i64),
    /// Days since 1970-01-01.
    Day(i32),
    /// True or false.
    Flag(bool),
    /// Text.
    Word(&'c str),
}

/// A column of a batch whose values can be asked for.
#[derive(Debug)]
pub enum Cells<'b> {
    /// Whole numbers.
    Numbers(&'b Int64Array),
    /// Numbers with a fraction.
    Reals(&'b Float64Array),
    /// Instants.
    Instants(&'b TimestampMicrosecondArray),
    /// Days.
    Days(&'b Date32Array),
    /// Flags.
    Flags(&'b BooleanArray),
    /// Codes and words.
    Words(&'b Int32Array, &'b StringArray),
    /// Of no type that exports have: every value is null.
    None,
}

impl<'b> Cells<'b> {
    /// The columns of a batch.
    #[must_use]
    pub fn of(batch: &'b RecordBatch) -> Vec<Self> {
        batch.columns().iter().map(Self::of_array).collect()
    }

    fn of_array(array: &'b ArrayRef) -> Self {
        match array.data_type() {
            DataType::Int64 => Self::Numbers(array.as_primitive::<Int64Type>()),
            DataType::Float64 => Self::Reals(array.as_primitive::<Float64Type>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Self::Instants(array.as_primitive::<TimestampMicrosecondType>())
            }
            DataType::Date32 => Self::Days(array.as_primitive::<Date32Type>()),
            DataType::Boolean => Self::Flags(array.as_boolean()),
            DataType::Dictionary(..) => {
                let codes = array.as_dictionary_opt::<Int32Type>();
                let words = codes.and_then(|codes| Some((codes.keys(), codes.values().as_string_opt::<i32>()?)));
                words.map_or(Self::None, |(codes, words)| Self::Words(codes, words))
            }
            _ => Self::None,
        }
    }

    /// The value in a row, which the batch has.
    #[must_use]
    pub fn at(&self, row: usize) -> Cell<'b> {
        match *self {
            Self::Numbers(array) if array.is_valid(row) => Cell::Number(array.value(row)),
            Self::Reals(array) if array.is_valid(row) => Cell::Real(array.value(row)),
            Self::Instants(array) if array.is_valid(row) => Cell::Instant(array.value(row)),
            Self::Days(array) if array.is_valid(row) => Cell::Day(array.value(row)),
            Self::Flags(array) if array.is_valid(row) => Cell::Flag(array.value(row)),
            Self::Words(codes, words) if codes.is_valid(row) => {
                usize::try_from(codes.value(row)).map_or(Cell::Null, |code| Cell::Word(words.value(code)))
            }
            _ => Cell::Null,
        }
    }
}

/// Writes days and instants as ISO 8601. Neighbours often are of one day, whose text is kept.
#[derive(Debug, Default)]
pub struct Clock {
    day: Option<i64>,
    text: String,
}

impl Clock {
    /// A day, as 2026-05-01.
    pub fn day(&mut self, days: i64) -> &str {
        if self.day != Some(days) {
            let date =
                Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().days(days.clamp(-700_000, 2_900_000)));
            self.text = date.to_string();
            self.day = Some(days);
        }
        &self.text
    }

    /// Appends an instant, as `2026-05-01T08:00:00.000000Z`.
    pub fn instant(&mut self, at: i64, out: &mut Vec<u8>) {
        let (days, rest) = (at.div_euclid(86_400 * SECOND), at.rem_euclid(86_400 * SECOND));
        let (seconds, micros) = (rest / SECOND, rest % SECOND);
        out.extend_from_slice(self.day(days).as_bytes());
        let mut put = |mark: u8, number: i64, n_digits: u32| {
            out.push(mark);
            for place in (0..n_digits).rev() {
                out.push(b'0' + u8::try_from(number / 10_i64.pow(place) % 10).unwrap_or_default());
            }
        };
        put(b'T', seconds / 3_600, 2);
        put(b':', seconds / 60 % 60, 2);
        put(b':', seconds % 60, 2);
        put(b'.', micros, 6);
        out.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_jiff_writes_them() {
        let mut clock = Clock::default();
        for at in [0, 1, -1, 1_777_777_777_123_456, 1_777_777_777_000_000, -86_400_000_001, 4_102_444_800_000_000] {
            let mut text = Vec::new();
            clock.instant(at, &mut text);
            let expected = format!("{:.6}", jiff::Timestamp::from_microsecond(at).unwrap());
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    }
}

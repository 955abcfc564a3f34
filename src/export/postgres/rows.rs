//! Rows as COPY takes them in its binary form, and what is done to texts that a server cannot hold.
//!
//! The form is that of PostgreSQL's manual, "COPY", "Binary Format": big-endian, each value after its length, null as the length
//! -1; instants in microseconds and days since 2000-01-01.

use std::borrow::Cow;
use std::io::{self, Write};

use arrow::array::{Array, RecordBatch, StringArray};

use super::super::cells::{Cell, Cells};
use super::super::table::{Column, Role};

/// What a stream begins with: the signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with: a row of -1 columns.
const END: &[u8] = &[0xff, 0xff];
/// Bytes that are gathered before they are sent.
const CHUNK: usize = 256 << 10;
/// Microseconds and days from 1970 to 2000.
const EPOCH_US: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;
/// The instants that a server knows: from 4713 BC up to, but not including, the year 294277.
const INSTANTS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;
/// Bytes of the longest text in a key. An index takes no more than 2704 for all columns of a row.
const LONGEST_KEY: usize = 600;
/// What stands for the one letter that no text of a server can hold.
const FOR_NUL: &str = "\u{2400}";

/// Writes rows of one table.
pub(super) struct Encoder<'c> {
    columns: &'c [Column],
    bytes: Vec<u8>,
    /// Bytes of rows so far.
    pub(super) n_bytes: u64,
    /// Texts so far that stand otherwise than they were found.
    pub(super) n_altered: u64,
}

impl<'c> Encoder<'c> {
    /// Of batches with these columns.
    pub(super) fn new(columns: &'c [Column]) -> Self {
        Self { columns, bytes: HEAD.to_vec(), n_bytes: 0, n_altered: 0 }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// They cannot be sent, or hold an instant that no server knows.
    pub(super) fn add(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
        let n_columns = i16::try_from(batch.num_columns()).map_err(io::Error::other)?;
        let cells = Cells::of(batch);
        let altered: Vec<Altered> =
            self.columns.iter().zip(&cells).map(|(column, cells)| Altered::of(column, cells)).collect();
        for row in 0..batch.num_rows() {
            let before = self.bytes.len();
            self.bytes.extend_from_slice(&n_columns.to_be_bytes());
            for (cells, altered) in cells.iter().zip(&altered) {
                match altered.word(cells, row) {
                    Some(word) => {
                        self.n_altered += 1;
                        self.put(word.as_bytes())?;
                    }
                    None => self.cell(cells.at(row))?,
                }
            }
            self.n_bytes += (self.bytes.len() - before) as u64;
            if self.bytes.len() >= CHUNK {
                out.write_all(&self.bytes)?;
                self.bytes.clear();
            }
        }
        Ok(())
    }

    /// Writes what is left and the end.
    ///
    /// # Errors
    /// It cannot be sent.
    pub(super) fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.bytes.extend_from_slice(END);
        out.write_all(&self.bytes)?;
        self.bytes.clear();
        out.flush()
    }

    fn put(&mut self, value: &[u8]) -> io::Result<()> {
        let length = i32::try_from(value.len()).map_err(io::Error::other)?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>) -> io::Result<()> {
        match cell {
            Cell::Null => {
                self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
                Ok(())
            }
            Cell::Number(number) => self.put(&number.to_be_bytes()),
            Cell::Real(number) => self.put(&number.to_be_bytes()),
            Cell::Instant(at) => {
                let since = at.checked_sub(EPOCH_US).filter(|at| INSTANTS.contains(at));
                let since = since.ok_or_else(|| io::Error::other(format!("no server knows the instant {at}")))?;
                self.put(&since.to_be_bytes())
            }
            Cell::Day(days) => {
                let since = days.checked_sub(EPOCH_DAYS);
                self.put(
                    &since.ok_or_else(|| io::Error::other(format!("no server knows the day {days}")))?.to_be_bytes(),
                )
            }
            Cell::Flag(flag) => self.put(&[u8::from(flag)]),
            Cell::Word(word) => self.put(word.as_bytes()),
        }
    }
}

/// The words of a column in a batch that cannot stay as they are, by their codes. Words repeat, so each is looked at once.
enum Altered {
    /// All can.
    None,
    /// `None` for those that can.
    Words(Vec<Option<String>>),
}

impl Altered {
    fn of(column: &Column, cells: &Cells<'_>) -> Self {
        let Cells::Words(_, words) = cells else { return Self::None };
        let is_key = column.role == Role::Key || column.refers_to.is_some();
        let fits = |words: &StringArray| {
            memchr::memchr(0, words.value_data()).is_none()
                && !(is_key && words.iter().flatten().any(|word| word.len() > LONGEST_KEY))
        };
        if fits(words) {
            return Self::None;
        }
        let altered = |word: &str| match fitting(word, is_key) {
            Cow::Borrowed(_) => None,
            Cow::Owned(word) => Some(word),
        };
        Self::Words(words.iter().map(|word| word.and_then(altered)).collect())
    }

    fn word(&self, cells: &Cells<'_>, row: usize) -> Option<&str> {
        let (Self::Words(altered), Cells::Words(codes, _)) = (self, cells) else { return None };
        if codes.is_null(row) {
            return None;
        }
        altered.get(usize::try_from(codes.value(row)).ok()?)?.as_deref()
    }
}

/// A word as a server can hold it: with a sign for each NUL, and, in a key, cut to what an index takes, with a hash of the whole
/// behind it so that different words stay different.
fn fitting(word: &str, is_key: bool) -> Cow<'_, str> {
    let mut fitting = Cow::Borrowed(word);
    if word.contains('\0') {
        fitting = Cow::Owned(word.replace('\0', FOR_NUL));
    }
    if is_key && fitting.len() > LONGEST_KEY {
        let hash = blake3::hash(word.as_bytes()).to_hex();
        let end = format!("… {}", hash.get(..16).unwrap_or_default());
        let begin = fitting.get(..fitting.floor_char_boundary(LONGEST_KEY - end.len())).unwrap_or_default();
        fitting = Cow::Owned(format!("{begin}{end}"));
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::super::super::columns::{Value, batch};
    use super::super::super::table::{Class, Kind, Table};
    use super::*;

    #[test]
    fn values_are_written_as_the_manual_says() {
        let columns =
            [("n", Kind::Number), ("at", Kind::Instant), ("day", Kind::Day), ("is", Kind::Flag), ("w", Kind::Word)];
        let columns = columns.map(|(name, kind)| Column::new(name, kind, "a value")).to_vec();
        let table = Table::small(Class::Dimension, "t", "row", &[], columns);
        let row =
            vec![Value::Number(1), Value::Number(EPOCH_US + 2), Value::Number(10_958), Value::Flag(true), "é".into()];
        let rows = batch(&table, &[row, vec![Value::Null; 5]]).unwrap();
        let (mut out, mut encoder) = (Vec::new(), Encoder::new(&table.columns));
        encoder.add(&rows, &mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        let mut expected = HEAD.to_vec();
        expected.extend([0, 5, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2]);
        expected.extend([0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0xc3, 0xa9]);
        expected.extend([0, 5].into_iter().chain([0xff; 20]).chain([0xff, 0xff]));
        assert_eq!(out, expected);
        let beyond = batch(&table, &[vec![Value::Null, Value::Number(i64::MIN + 1)]]).unwrap();
        assert!(Encoder::new(&table.columns).add(&beyond, &mut out).is_err());
    }

    #[test]
    fn a_text_that_no_server_can_hold_is_altered_and_counted() {
        let long = "x".repeat(700);
        assert_eq!(fitting("a\0b", false), "a\u{2400}b");
        assert_eq!(fitting(&long, false), long);
        let (cut, other) = (fitting(&long, true), format!("{long}y"));
        assert!(cut.len() == LONGEST_KEY && cut != fitting(&other, true));
        let table = Table::small(Class::Dimension, "t", "row", &["w"], vec![Column::new("w", Kind::Word, "a value")]);
        let rows =
            batch(&table, &["a\0".into(), "b".into(), long.as_str().into(), Value::Null].map(|word: Value| vec![word]))
                .unwrap();
        let mut encoder = Encoder::new(&table.columns);
        encoder.add(&rows, &mut io::sink()).unwrap();
        assert_eq!(encoder.n_altered, 2);
    }
}

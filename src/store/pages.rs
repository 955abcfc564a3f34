//! One column of one row group, value after value: what the store's own writer writes, decoded straight into the form that
//! a shard keeps.
//!
//! Values are dictionary-encoded, plain or differences, and null or not by a level of one bit; nothing else occurs in a data file. Words
//! become codes once for each dictionary, never for each row.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::deltas;
use super::hybrid::Hybrid;
use super::source::Source;
use super::words::Words;
use crate::event::Kind;

/// A value as a shard keeps it.
pub(super) trait Value: Copy {
    /// Bytes of a plain value, if a shard keeps it as it stands in the file.
    const WIDTH: Option<usize> = None;

    /// Adds plain values of [`Value::WIDTH`] bytes each.
    fn copy(_bytes: &[u8], _out: &mut Vec<Self>) {}

    /// Decodes `n` values that stand one after the other. `None` if the bytes are not of that form.
    fn plain(bytes: &[u8], n: usize, words: &mut Words) -> Option<Vec<Self>>;

    /// As [`Value::plain`], of values that are kept as differences.
    fn deltas(_bytes: &[u8], _n: usize) -> Option<Vec<Self>> {
        None
    }
}

impl Value for i64 {
    const WIDTH: Option<usize> = Some(8);

    fn copy(bytes: &[u8], out: &mut Vec<Self>) {
        let (values, _) = bytes.as_chunks();
        out.extend(values.iter().map(|value| Self::from_le_bytes(*value)));
    }

    fn plain(bytes: &[u8], n: usize, _: &mut Words) -> Option<Vec<Self>> {
        let (values, _) = bytes.get(..n * 8)?.as_chunks();
        Some(values.iter().map(|value| Self::from_le_bytes(*value)).collect())
    }

    fn deltas(bytes: &[u8], n: usize) -> Option<Vec<Self>> {
        deltas::decode(bytes, n)
    }
}

impl Value for i32 {
    fn plain(bytes: &[u8], n: usize, _: &mut Words) -> Option<Vec<Self>> {
        let (values, _) = bytes.get(..n * 4)?.as_chunks();
        Some(values.iter().map(|value| Self::from_le_bytes(*value)).collect())
    }
}

/// Event ids.
impl Value for u128 {
    fn plain(bytes: &[u8], n: usize, _: &mut Words) -> Option<Vec<Self>> {
        // All have sixteen bytes, so the lengths that stand before them need not be read.
        let (values, _) = bytes.get(bytes.len().checked_sub(n * 16)?..)?.as_chunks();
        Some(values.iter().map(|value| Self::from_be_bytes(*value)).collect())
    }
}

/// Codes of words.
impl Value for u32 {
    fn plain(bytes: &[u8], n: usize, words: &mut Words) -> Option<Vec<Self>> {
        texts(bytes, n, |text| Some(words.code(text)))
    }
}

impl Value for Kind {
    fn plain(bytes: &[u8], n: usize, _: &mut Words) -> Option<Vec<Self>> {
        texts(bytes, n, Self::from_name)
    }
}

impl Value for Option<bool> {
    fn plain(bytes: &[u8], n: usize, _: &mut Words) -> Option<Vec<Self>> {
        let bit = |place: usize| bytes.get(place / 8).map(|byte| Some(byte >> (place % 8) & 1 == 1));
        (0..n).map(bit).collect()
    }
}

fn texts<T>(mut bytes: &[u8], n: usize, mut value: impl FnMut(&str) -> Option<T>) -> Option<Vec<T>> {
    let mut values = Vec::with_capacity(n.min(bytes.len()));
    for _ in 0..n {
        let (length, rest) = bytes.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        values.push(value(std::str::from_utf8(text).ok()?)?);
        bytes = rest;
    }
    Some(values)
}

/// A column of a row group, read from its first row to its last.
pub(super) struct Column<T> {
    /// `None` if every value is null.
    pages: Option<SerializedPageReader<Source>>,
    nullable: bool,
    null: T,
    dictionary: Vec<T>,
    page: Bytes,
    /// Rows of the page that are left.
    left: usize,
    levels: Option<Hybrid>,
    values: Values<T>,
}

/// The values of a page that are not null.
enum Values<T> {
    Codes(Hybrid),
    /// Place in the page of the next value.
    Plain(usize),
    Ready(std::vec::IntoIter<T>),
}

impl<T: Value> Column<T> {
    /// The column at this place of a row group.
    pub(super) fn open(
        source: &Arc<Source>,
        file: &ParquetMetaData,
        group: usize,
        place: usize,
        null: T,
    ) -> Result<Self> {
        let rows = file.row_groups().get(group).ok_or_else(|| damaged("row group"))?;
        let chunk = rows.columns().get(place).ok_or_else(|| damaged("column"))?;
        let n_rows = usize::try_from(rows.num_rows())?;
        let n_nulls = chunk.statistics().and_then(parquet::file::statistics::Statistics::null_count_opt);
        let pages = if n_nulls.is_some_and(|n| n == n_rows as u64) {
            None
        } else {
            let locations = file.offset_index().and_then(|pages| Some(pages.get(group)?.get(place)?.page_locations()));
            Some(SerializedPageReader::new(Arc::clone(source), chunk, n_rows, locations.cloned())?)
        };
        let nullable = chunk.column_descr().max_def_level() > 0;
        if chunk.column_descr().max_rep_level() > 0 || chunk.column_descr().max_def_level() > 1 {
            return Err(damaged("list"));
        }
        Ok(Self {
            pages,
            nullable,
            null,
            dictionary: Vec::new(),
            page: Bytes::new(),
            left: 0,
            levels: None,
            values: Values::Ready(Vec::new().into_iter()),
        })
    }

    /// Passes over `n` values.
    pub(super) fn skip(&mut self, mut n: usize, words: &mut Words, scratch: &mut Scratch) -> Result<()> {
        while self.left == 0 && n > 0 {
            let Some(pages) = &mut self.pages else { return Ok(()) };
            let next = pages.peek_next_page()?.ok_or_else(|| damaged("end"))?;
            match next.num_rows {
                Some(n_rows) if !next.is_dict && n_rows <= n => {
                    pages.skip_next_page()?;
                    n -= n_rows;
                }
                _ => self.next_page(words)?,
            }
        }
        let mut skipped = Vec::with_capacity(n);
        self.take(n, words, scratch, &mut skipped)
    }

    /// Adds the next `n` values.
    pub(super) fn take(&mut self, n: usize, words: &mut Words, scratch: &mut Scratch, out: &mut Vec<T>) -> Result<()> {
        if self.pages.is_none() {
            out.resize(out.len() + n, self.null);
            return Ok(());
        }
        self.by_pages(n, words, |column, n| column.of_page(n, scratch, out))
    }

    /// Adds the next `n` values as runs of equal ones: each value, and how often it stands there.
    pub(super) fn runs(
        &mut self,
        n: usize,
        words: &mut Words,
        scratch: &mut Scratch,
        out: &mut Vec<(T, usize)>,
    ) -> Result<()>
    where
        T: PartialEq,
    {
        self.by_pages(n, words, |column, n| column.runs_of_page(n, scratch, out))
    }

    /// Has `read` take the next `n` values, page by page.
    fn by_pages(
        &mut self,
        mut n: usize,
        words: &mut Words,
        mut read: impl FnMut(&mut Self, usize) -> Option<()>,
    ) -> Result<()> {
        while n > 0 {
            if self.left == 0 {
                self.next_page(words)?;
                continue;
            }
            let now = n.min(self.left);
            read(self, now).ok_or_else(|| damaged("page"))?;
            self.left -= now;
            n -= now;
        }
        Ok(())
    }

    fn runs_of_page(&mut self, n: usize, scratch: &mut Scratch, out: &mut Vec<(T, usize)>) -> Option<()>
    where
        T: PartialEq,
    {
        if let (Values::Codes(hybrid), None) = (&mut self.values, &self.levels) {
            // A value of the dictionary is looked up once for a run.
            scratch.codes.clear();
            hybrid.read(&self.page, n, &mut scratch.codes)?;
            for run in scratch.codes.chunk_by(|left, right| left == right) {
                out.push((*self.dictionary.get(*run.first()? as usize)?, run.len()));
            }
        } else {
            let mut values = Vec::with_capacity(n);
            self.of_page(n, scratch, &mut values)?;
            let runs = values.chunk_by(|left, right| left == right);
            out.extend(runs.filter_map(|run| Some((*run.first()?, run.len()))));
        }
        Some(())
    }

    fn next_page(&mut self, words: &mut Words) -> Result<()> {
        let page = self.pages.as_mut().map(PageReader::get_next_page).transpose()?.flatten();
        match page.ok_or_else(|| damaged("end"))? {
            Page::DictionaryPage { buf, num_values, .. } => {
                self.dictionary = T::plain(&buf, num_values as usize, words).ok_or_else(|| damaged("dictionary"))?;
            }
            Page::DataPage { encoding, .. } if !is_written(encoding) => {
                return Err(foreign(&format!("pages encoded as {encoding}")));
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                self.begin_page(buf, num_values as usize, encoding, words).ok_or_else(|| damaged("page"))?;
            }
            Page::DataPageV2 { .. } => return Err(foreign("pages of version 2")),
        }
        Ok(())
    }

    fn begin_page(&mut self, page: Bytes, n_rows: usize, encoding: Encoding, words: &mut Words) -> Option<()> {
        let mut start = 0;
        let mut n_values = n_rows;
        self.levels = None;
        if self.nullable {
            let n_bytes = u32::from_le_bytes(*page.first_chunk()?) as usize;
            start = 4 + n_bytes;
            let levels = Hybrid::new(1, 4);
            n_values = levels.clone().n_ones(page.get(..start)?, n_rows)?;
            self.levels = (n_values < n_rows).then_some(levels);
        }
        self.values = match encoding {
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY if n_values > 0 => {
                Values::Codes(Hybrid::new(u32::from(*page.get(start)?), start + 1))
            }
            Encoding::PLAIN if T::WIDTH.is_some() && n_values == n_rows => Values::Plain(start),
            Encoding::PLAIN | Encoding::DELTA_LENGTH_BYTE_ARRAY if n_values > 0 => {
                Values::Ready(T::plain(page.get(start..)?, n_values, words)?.into_iter())
            }
            Encoding::DELTA_BINARY_PACKED if n_values > 0 => {
                Values::Ready(T::deltas(page.get(start..)?, n_values)?.into_iter())
            }
            _ if n_values == 0 => Values::Ready(Vec::new().into_iter()),
            _ => return None,
        };
        self.page = page;
        self.left = n_rows;
        Some(())
    }

    fn of_page(&mut self, n: usize, scratch: &mut Scratch, out: &mut Vec<T>) -> Option<()> {
        let Scratch { levels, codes } = scratch;
        let mut n_values = n;
        if let Some(hybrid) = &mut self.levels {
            levels.clear();
            hybrid.read(&self.page, n, levels)?;
            n_values = levels.iter().map(|&level| level as usize).sum();
        }
        if n_values == 0 {
            out.resize(out.len() + n, self.null);
            return Some(());
        }
        let is_full = n_values == n;
        match &mut self.values {
            Values::Codes(hybrid) => {
                codes.clear();
                hybrid.read(&self.page, n_values, codes)?;
                if codes.iter().copied().max()? as usize >= self.dictionary.len() {
                    return None;
                }
                let value = |&code: &u32| self.dictionary.get(code as usize).copied().unwrap_or(self.null);
                if is_full {
                    out.extend(codes.iter().map(value));
                } else {
                    let mut next = 0;
                    out.extend(levels.iter().map(|&level| {
                        // Without a branch: whether a value is null is as good as random.
                        let found = codes.get(next).map_or(self.null, value);
                        next += level as usize;
                        if level == 0 { self.null } else { found }
                    }));
                }
            }
            Values::Plain(at) => {
                let end = *at + n * T::WIDTH?;
                T::copy(self.page.get(*at..end)?, out);
                *at = end;
            }
            Values::Ready(values) => {
                if values.len() < n_values {
                    return None;
                }
                if is_full {
                    out.extend_from_slice(values.as_slice().get(..n)?);
                    values.nth(n - 1);
                } else {
                    let null = self.null;
                    out.extend(levels.iter().map(
                        |&level| {
                            if level == 0 { null } else { values.next().unwrap_or(null) }
                        },
                    ));
                }
            }
        }
        Some(())
    }
}

/// Buffers that every column of a thread uses in turn.
#[derive(Default)]
pub(super) struct Scratch {
    levels: Vec<u32>,
    codes: Vec<u32>,
}

/// What is wrong with a file that none of the store's own writers can have written so.
fn damaged(what: &str) -> ParquetError {
    ParquetError::General(format!("unexpected {what}"))
}

/// What is wrong with a file that is whole, but not of this version's making.
fn foreign(what: &str) -> ParquetError {
    ParquetError::NYI(format!("{what}: another program, or an older version of this one, wrote the file"))
}

fn is_written(encoding: Encoding) -> bool {
    matches!(
        encoding,
        Encoding::PLAIN
            | Encoding::PLAIN_DICTIONARY
            | Encoding::RLE_DICTIONARY
            | Encoding::DELTA_BINARY_PACKED
            | Encoding::DELTA_LENGTH_BYTE_ARRAY
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_no_writer_are_refused() {
        assert_eq!(<u32 as Value>::plain(&[9, 0, 0, 0, b'a'], 1, &mut Words::default()), None);
        assert_eq!(<i64 as Value>::plain(&[1, 2, 3], 1, &mut Words::default()), None);
    }
}

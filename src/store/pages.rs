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
    pub(super) fn take(
        &mut self,
        mut n: usize,
        words: &mut Words,
        scratch: &mut Scratch,
        out: &mut Vec<T>,
    ) -> Result<()> {
        if self.pages.is_none() {
            out.resize(out.len() + n, self.null);
            return Ok(());
        }
        while n > 0 {
            if self.left == 0 {
                self.next_page(words)?;
                continue;
            }
            let now = n.min(self.left);
            self.of_page(now, scratch, out).ok_or_else(|| damaged("page"))?;
            self.left -= now;
            n -= now;
        }
        Ok(())
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

/// A sequence of small numbers, in which runs of one number take turns with numbers packed to a few bits.
#[derive(Clone)]
struct Hybrid {
    /// Bits of a number.
    width: u32,
    /// Place in the page of what was not read yet.
    at: usize,
    repeated: usize,
    number: u32,
    /// Groups of eight packed numbers that are left.
    groups: usize,
    /// The last numbers of a group that was begun.
    begun: [u32; 8],
    n_begun: usize,
}

impl Hybrid {
    fn new(width: u32, at: usize) -> Self {
        Self { width, at, repeated: 0, number: 0, groups: 0, begun: [0; 8], n_begun: 0 }
    }

    /// Adds the next `n` numbers.
    fn read(&mut self, page: &[u8], mut n: usize, out: &mut Vec<u32>) -> Option<()> {
        while n > 0 {
            let before = out.len();
            if self.n_begun > 0 {
                let now = n.min(self.n_begun);
                let start = self.begun.len() - self.n_begun;
                out.extend_from_slice(self.begun.get(start..start + now)?);
                self.n_begun -= now;
            } else if self.repeated > 0 {
                let now = n.min(self.repeated);
                out.resize(before + now, self.number);
                self.repeated -= now;
            } else if self.groups > 0 && n >= 8 {
                let now = (n / 8).min(self.groups);
                out.resize(before + now * 8, 0);
                self.unpack(page, now, out.get_mut(before..)?)?;
            } else if self.groups > 0 {
                let mut begun = [0; 8];
                self.unpack(page, 1, &mut begun)?;
                (self.begun, self.n_begun) = (begun, 8);
            } else {
                self.next_run(page)?;
            }
            n -= out.len() - before;
        }
        Some(())
    }

    fn next_run(&mut self, page: &[u8]) -> Option<()> {
        let mut header = 0_u32;
        for shift in (0..32).step_by(7) {
            let byte = *page.get(self.at)?;
            self.at += 1;
            header |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let n = (header >> 1) as usize;
        if header & 1 == 1 {
            self.groups = n;
        } else {
            let n_bytes = self.width.div_ceil(8) as usize;
            let bytes = page.get(self.at..self.at + n_bytes)?;
            self.number = bytes.iter().rev().fold(0, |number, &byte| (number << 8) | u32::from(byte));
            self.at += n_bytes;
            self.repeated = n;
        }
        // Neither makes progress, and a writer makes none.
        (n > 0).then_some(())
    }

    fn unpack(&mut self, page: &[u8], n_groups: usize, out: &mut [u32]) -> Option<()> {
        let n_bytes = n_groups * self.width as usize;
        let bytes = page.get(self.at..self.at + n_bytes)?;
        self.at += n_bytes;
        self.groups -= n_groups;
        unpack(bytes, self.width, out)
    }

    /// How many of the next `n` numbers, which are 0 or 1, are 1.
    fn n_ones(mut self, page: &[u8], n: usize) -> Option<usize> {
        let (mut left, mut ones) = (n, 0);
        while left > 0 {
            self.next_run(page)?;
            if self.groups > 0 {
                let bytes = page.get(self.at..self.at + self.groups)?;
                // Bits after the last number are zero.
                ones += bytes.iter().map(|byte| byte.count_ones() as usize).sum::<usize>();
                self.at += self.groups;
                left = left.saturating_sub(self.groups * 8);
                self.groups = 0;
            } else {
                let now = self.repeated.min(left);
                ones += now * self.number as usize;
                left -= now;
                self.repeated = 0;
            }
        }
        (ones <= n).then_some(ones)
    }
}

/// Numbers of `width` bits, the lowest first, eight in `width` bytes.
fn unpack(bytes: &[u8], width: u32, out: &mut [u32]) -> Option<()> {
    /// A word of 128 bits from the first sixteen bytes of a group, and one from its last: one of them has a number whole.
    fn groups<const WIDTH: usize>(bytes: &[u8], out: &mut [u32]) {
        let (groups, _) = bytes.as_chunks::<WIDTH>();
        let (places, _) = out.as_chunks_mut::<8>();
        let begin_of_last = WIDTH.saturating_sub(16);
        for (group, places) in groups.iter().zip(places) {
            let word = |begin: usize| {
                let mut word = [0; 16];
                for (to, from) in word.iter_mut().zip(&group[begin..]) {
                    *to = *from;
                }
                u128::from_le_bytes(word)
            };
            let (first, last) = (word(0), word(begin_of_last));
            for (place, number) in places.iter_mut().enumerate() {
                let bit = place * WIDTH;
                let word = if bit + WIDTH <= 128 { first >> bit } else { last >> (bit - begin_of_last * 8) };
                #[expect(clippy::cast_possible_truncation)]
                let low = word as u32;
                *number = low & (u32::MAX >> (32 - WIDTH));
            }
        }
    }
    match width {
        0 => out.fill(0),
        1 => groups::<1>(bytes, out),
        2 => groups::<2>(bytes, out),
        3 => groups::<3>(bytes, out),
        4 => groups::<4>(bytes, out),
        5 => groups::<5>(bytes, out),
        6 => groups::<6>(bytes, out),
        7 => groups::<7>(bytes, out),
        8 => groups::<8>(bytes, out),
        9 => groups::<9>(bytes, out),
        10 => groups::<10>(bytes, out),
        11 => groups::<11>(bytes, out),
        12 => groups::<12>(bytes, out),
        13 => groups::<13>(bytes, out),
        14 => groups::<14>(bytes, out),
        15 => groups::<15>(bytes, out),
        16 => groups::<16>(bytes, out),
        17 => groups::<17>(bytes, out),
        18 => groups::<18>(bytes, out),
        19 => groups::<19>(bytes, out),
        20 => groups::<20>(bytes, out),
        21 => groups::<21>(bytes, out),
        22 => groups::<22>(bytes, out),
        23 => groups::<23>(bytes, out),
        24 => groups::<24>(bytes, out),
        25 => groups::<25>(bytes, out),
        26 => groups::<26>(bytes, out),
        27 => groups::<27>(bytes, out),
        28 => groups::<28>(bytes, out),
        29 => groups::<29>(bytes, out),
        30 => groups::<30>(bytes, out),
        31 => groups::<31>(bytes, out),
        32 => groups::<32>(bytes, out),
        _ => return None,
    }
    Some(())
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

    fn packed(numbers: &[u32], width: u32) -> Vec<u8> {
        let mut bytes = vec![0; numbers.len() * width as usize / 8];
        for (place, number) in numbers.iter().enumerate() {
            for bit in 0..width as usize {
                let at = place * width as usize + bit;
                bytes[at / 8] |= u8::try_from(number >> bit & 1).unwrap() << (at % 8);
            }
        }
        bytes
    }

    #[test]
    fn packed_numbers_of_every_width_are_read_back() {
        for width in 1..=32 {
            let numbers: Vec<u32> = (0..40_u32).map(|n| n.wrapping_mul(2_654_435_761) >> (32 - width)).collect();
            let mut found = vec![0; numbers.len()];
            unpack(&packed(&numbers, width), width, &mut found).unwrap();
            assert_eq!(found, numbers, "{width}");
        }
    }

    #[test]
    fn runs_and_packed_numbers_are_read_in_pieces_of_any_length() {
        let numbers: Vec<u32> = (0..16).collect();
        // Five times 9, sixteen packed numbers, twice 3.
        let mut page = vec![10, 9, 5];
        page.extend(packed(&numbers, 4));
        page.extend([4, 3]);
        let all: Vec<u32> = std::iter::repeat_n(9, 5).chain(numbers).chain([3, 3]).collect();
        for piece in 1..all.len() {
            let (mut hybrid, mut found) = (Hybrid::new(4, 0), Vec::new());
            while found.len() < all.len() {
                hybrid.read(&page, piece.min(all.len() - found.len()), &mut found).unwrap();
            }
            assert_eq!(found, all, "{piece}");
        }
    }

    #[test]
    fn bytes_of_no_writer_are_refused() {
        for page in [&[][..], &[0, 1], &[3], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(Hybrid::new(8, 0).read(page, 4, &mut Vec::new()), None, "{page:?}");
        }
        assert_eq!(<u32 as Value>::plain(&[9, 0, 0, 0, b'a'], 1, &mut Words::default()), None);
        assert_eq!(<i64 as Value>::plain(&[1, 2, 3], 1, &mut Words::default()), None);
    }
}

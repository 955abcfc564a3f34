//! A cursor over one data file: hands out the rows of its contacts in order, up to one key and then up to a further one, so
//! that nothing is decoded twice.

use std::ops::Range;
use std::sync::Arc;

use super::pages::{Column, Scratch};
use super::part::Part;
use super::rows::NO_INSTANT;
use super::scan::KeyRange;
use super::shard::{self, Block, Ids, KEY, NUMBERS, null_of, word_index};
use super::source::Source;
use super::words::{NULL, Words};
use crate::error::Result;
use crate::event::Kind;

/// Rows whose keys are looked at ahead of the rows handed out.
const AHEAD: usize = 4 * 1024;

/// Which columns are read, besides key, time and kind.
pub(super) struct Layout {
    /// Places in [`NUMBERS`].
    pub(super) numbers: Vec<usize>,
    pub(super) words: Vec<(usize, &'static str)>,
    pub(super) billable: bool,
}

impl Layout {
    pub(super) fn of(wanted: &[&str]) -> Self {
        let is_wanted = |name: &str| name == "at" || wanted.contains(&name);
        let columns = super::schema::COLUMNS.iter().map(|column| column.name);
        let words = columns.filter(|name| *name != "kind" && is_wanted(name));
        Self {
            numbers: (0..NUMBERS.len()).filter(|&number| is_wanted(NUMBERS[number])).collect(),
            words: words.filter_map(|name| Some((word_index(name)?, name))).collect(),
            billable: is_wanted("billable"),
        }
    }
}

/// The rows of one data file whose keys lie in a range.
pub(super) struct Cursor<'s> {
    part: &'s Part,
    source: Arc<Source>,
    layout: &'s Layout,
    range: KeyRange,
    next_group: usize,
    group: Option<Group>,
    /// Row group, first row and number of rows of what was handed out last.
    last: Vec<(usize, usize, usize)>,
}

/// A row group that is being read.
struct Group {
    number: usize,
    n_rows: usize,
    /// Rows handed out or passed over.
    row: usize,
    keys: Column<i64>,
    /// Keys of the rows that come next, and how many rows each has.
    ahead: Vec<(i64, usize)>,
    /// Place among `ahead` of the next row.
    next: usize,
    numbers: Vec<Column<i64>>,
    kind: Column<Kind>,
    codes: Vec<Column<u32>>,
    billable: Option<Column<Option<bool>>>,
}

impl<'s> Cursor<'s> {
    /// `keeps` says whether the file stays open as long as the cursor is there.
    pub(super) fn new(part: &'s Part, layout: &'s Layout, range: KeyRange, keeps: bool) -> Self {
        let source = part.source();
        let source = Arc::new(if keeps { source.kept_open() } else { source });
        Self { part, source, layout, range, next_group: 0, group: None, last: Vec::new() }
    }

    /// The file, and the pieces of it that these rows stand in.
    pub(super) fn wanted(&self) -> Result<(&Source, Vec<Range<u64>>)> {
        let mut pieces = Vec::new();
        if self.source.is_remote() {
            let hot = ["kind"].into_iter().chain(self.layout.billable.then_some("billable"));
            let numbers = std::iter::once(KEY).chain(self.layout.numbers.iter().map(|&number| NUMBERS[number]));
            let names = numbers.chain(hot).chain(self.layout.words.iter().map(|(_, name)| *name));
            let columns = names.map(|name| self.part.place(name)).collect::<Result<Vec<_>>>()?;
            let mut next = 0;
            while let Some(group) = self.part.next_group(next, self.range) {
                let first = self.part.n_rows_before(group, self.range.low);
                let rows = first..self.part.n_rows_until(group, self.range.high);
                self.part.pieces(group, &columns, &[rows], &mut pieces);
                next = group + 1;
            }
        }
        Ok((&self.source, pieces))
    }

    /// The same of position and event id of the rows handed out last.
    pub(super) fn wanted_ids(&self) -> Result<(&Source, Vec<Range<u64>>)> {
        let mut pieces = Vec::new();
        if self.source.is_remote() {
            let columns = [self.part.place("position")?, self.part.place("event_id")?];
            for &(group, row, n) in &self.last {
                let rows = row..row + n;
                self.part.pieces(group, &columns, &[rows], &mut pieces);
            }
        }
        Ok((&self.source, pieces))
    }

    /// Adds the rows up to the key `high` that were not handed out yet.
    pub(super) fn take(
        &mut self,
        high: i64,
        rows: &mut Block,
        words: &mut [Words],
        scratch: &mut Scratch,
    ) -> Result<()> {
        self.last.clear();
        let first = rows.runs.len();
        loop {
            let Some(group) = &mut self.group else {
                if !self.open_group(words, scratch)? {
                    return Ok(());
                }
                continue;
            };
            let taken = group.take(high, self.layout, first, rows, words, scratch).map_err(self.part.damaged())?;
            if taken > 0 {
                self.last.push((group.number, group.row - taken, taken));
            }
            if group.row < group.n_rows {
                return Ok(());
            }
            self.group = None;
        }
    }

    /// Position and event id of the rows handed out last.
    pub(super) fn ids(&self, ids: &mut Ids, scratch: &mut Scratch) -> Result<()> {
        let (file, damaged) = (self.part.file_metadata(), self.part.damaged());
        let mut none = Words::default();
        for &(group, row, n) in &self.last {
            let (position, event_id) = (self.part.place("position")?, self.part.place("event_id")?);
            let mut read = || {
                let mut column = Column::open(&self.source, file, group, position, 0)?;
                column.skip(row, &mut none, scratch)?;
                column.take(n, &mut none, scratch, &mut ids.position)?;
                let mut column = Column::open(&self.source, file, group, event_id, 0)?;
                column.skip(row, &mut none, scratch)?;
                column.take(n, &mut none, scratch, &mut ids.event_id)
            };
            read().map_err(&damaged)?;
        }
        Ok(())
    }

    /// Opens the next row group that may hold rows of the range, at the first of them. False if there is none.
    fn open_group(&mut self, words: &mut [Words], scratch: &mut Scratch) -> Result<bool> {
        let Some(number) = self.part.next_group(self.next_group, self.range) else { return Ok(false) };
        self.next_group = number + 1;
        let (part, file, source) = (self.part, self.part.file_metadata(), &self.source);
        let open = |name: &str, null| -> Result<Column<i64>> {
            Column::open(source, file, number, part.place(name)?, null).map_err(part.damaged())
        };
        let mut group = Group {
            number,
            n_rows: part.n_rows_of(number),
            row: 0,
            keys: open(KEY, NO_INSTANT)?,
            ahead: Vec::with_capacity(AHEAD),
            next: 0,
            numbers: self
                .layout
                .numbers
                .iter()
                .map(|&number| open(NUMBERS[number], null_of(number)))
                .collect::<Result<_>>()?,
            kind: Column::open(source, file, number, part.place("kind")?, Kind::ALL[0]).map_err(part.damaged())?,
            codes: self
                .layout
                .words
                .iter()
                .map(|(_, name)| Column::open(source, file, number, part.place(name)?, NULL).map_err(part.damaged()))
                .collect::<Result<_>>()?,
            billable: if self.layout.billable {
                Some(Column::open(source, file, number, part.place("billable")?, None).map_err(part.damaged())?)
            } else {
                None
            },
        };
        let n_before = part.n_rows_before(number, self.range.low);
        group.pass(self.range.low, n_before, self.layout, words, scratch).map_err(part.damaged())?;
        self.group = Some(group);
        Ok(true)
    }
}

type Parquet<T> = std::result::Result<T, parquet::errors::ParquetError>;

impl Group {
    /// Passes over the rows before the key `low`, of which there are at least `n_before`.
    fn pass(
        &mut self,
        low: i64,
        n_before: usize,
        layout: &Layout,
        words: &mut [Words],
        scratch: &mut Scratch,
    ) -> Parquet<()> {
        let mut none = Words::default();
        self.keys.skip(n_before, &mut none, scratch)?;
        self.row = n_before;
        while self.look_ahead(scratch)? {
            let left = &self.ahead[self.next..];
            let n = left.partition_point(|&(key, _)| key < low);
            self.row += left[..n].iter().map(|(_, n_rows)| n_rows).sum::<usize>();
            self.next += n;
            if self.next < self.ahead.len() {
                break;
            }
        }
        if self.row == 0 {
            return Ok(());
        }
        for column in &mut self.numbers {
            column.skip(self.row, &mut none, scratch)?;
        }
        self.kind.skip(self.row, &mut none, scratch)?;
        for (column, (place, _)) in self.codes.iter_mut().zip(&layout.words) {
            column.skip(self.row, &mut words[*place], scratch)?;
        }
        self.billable.iter_mut().try_for_each(|column| column.skip(self.row, &mut none, scratch))
    }

    /// Makes sure that the key of the next row is known. False if there is no further row.
    fn look_ahead(&mut self, scratch: &mut Scratch) -> Parquet<bool> {
        if self.next == self.ahead.len() {
            self.ahead.clear();
            self.next = 0;
            let n = AHEAD.min(self.n_rows - self.row);
            self.keys.runs(n, &mut Words::default(), scratch, &mut self.ahead)?;
        }
        Ok(self.next < self.ahead.len())
    }

    /// As [`Cursor::take`]; `first` is the first run of this file.
    fn take(
        &mut self,
        high: i64,
        layout: &Layout,
        first: usize,
        rows: &mut Block,
        words: &mut [Words],
        scratch: &mut Scratch,
    ) -> Parquet<usize> {
        let start = self.row;
        while self.look_ahead(scratch)? {
            let left = &self.ahead[self.next..];
            let n = left.partition_point(|&(key, _)| key <= high);
            for &(key, n_rows) in &left[..n] {
                shard::add(&mut rows.runs, first, key, n_rows);
                self.row += n_rows;
            }
            self.next += n;
            if self.next < self.ahead.len() {
                break;
            }
        }
        let n = self.row - start;
        if n == 0 {
            return Ok(0);
        }
        let mut none = Words::default();
        for (column, &number) in self.numbers.iter_mut().zip(&layout.numbers) {
            column.take(n, &mut none, scratch, &mut rows.numbers[number])?;
        }
        self.kind.take(n, &mut none, scratch, &mut rows.kind)?;
        for (column, &(place, _)) in self.codes.iter_mut().zip(&layout.words) {
            column.take(n, &mut words[place], scratch, &mut rows.codes[place])?;
        }
        if let Some(column) = &mut self.billable {
            column.take(n, &mut none, scratch, &mut rows.billable)?;
        }
        Ok(n)
    }
}

//! A fact table as columns, whatever its grain. Knows nothing of what the columns mean.

use super::{Grain, Observable, Settings};
use crate::store::Shard;
use crate::store::words::{NULL, Words};

/// What "null" is among instants and durations.
pub const NONE: i64 = i64::MIN;

/// One column of a fact table: its name and what it means.
#[derive(Debug)]
pub struct Spec {
    /// Name in SQL, in `--by` and in exports.
    pub name: &'static str,
    /// Type of the values.
    pub form: Form,
    /// Meaning, with the unit and what null says.
    pub meaning: &'static str,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Microseconds UTC; null allowed.
    Instant,
    /// Whole number; null allowed.
    Number,
    /// Small whole number, such as that of a pass or of messages in a week, by which rows can be told apart; null allowed.
    Count,
    /// True or false, never null.
    Flag,
    /// Text that repeats; null allowed.
    Word,
}

impl Form {
    /// What it is called where columns are listed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Number => "number",
            Self::Count => "count",
            Self::Flag => "flag",
            Self::Word => "word",
        }
    }
}

/// The values of a column.
#[derive(Clone, Debug)]
pub enum Column {
    /// Instants and numbers; [`NONE`] is null.
    Numbers(Vec<i64>),
    /// Flags.
    Flags(Vec<bool>),
    /// Codes into a list of words.
    Words(Vec<u32>, Words),
}

/// Rows of one grain, with the columns that were wanted.
#[derive(Debug, Default)]
pub struct Table {
    columns: Vec<(&'static Spec, Column)>,
    n_rows: usize,
}

impl Table {
    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The column with this name, if it was wanted.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<(&'static Spec, &Column)> {
        self.columns.iter().find(|(spec, _)| spec.name == name).map(|(spec, column)| (*spec, column))
    }
}

/// The code of a place in a fixed list of words; null for none.
#[must_use]
pub fn code_of(place: Option<usize>) -> u32 {
    place.and_then(|place| u32::try_from(place + 1).ok()).unwrap_or(NULL)
}

/// The contact whose rows are added.
#[derive(Clone, Copy)]
pub(super) struct Owner<'o> {
    pub(super) contact_key: i64,
    pub(super) channel: u32,
    pub(super) observable: Observable,
    pub(super) settings: &'o Settings,
}

/// A row on its way into a table, and whose it is.
pub(super) struct Row<'r, F> {
    pub(super) fact: F,
    pub(super) owner: Owner<'r>,
}

/// Rows that wait before columns are filled: a contact has few of them, and there are many columns. So many stay in the
/// processor's cache.
const WAITING: usize = 256;

/// How the value of a column is read off a row. The lists of these stand in the order of the grain's columns.
pub(super) enum Read<F> {
    Number(fn(&Row<'_, F>) -> i64),
    Flag(fn(&Row<'_, F>) -> bool),
    /// A code of the shard's, and the column of events that it is of.
    Word(&'static str, fn(&Row<'_, F>) -> u32),
    /// The number of a month of the log.
    Month(fn(&Row<'_, F>) -> u32),
    /// A place in a fixed list, counted from 1.
    Fixed(&'static [&'static str], fn(&Row<'_, F>) -> u32),
}

/// A table while shards are added to it. Only wanted columns are filled.
pub(super) struct Rows<'r, F: 'static> {
    /// Rows of the shard that are in no column yet.
    waiting: Vec<Row<'r, F>>,
    reads: Vec<&'static Read<F>>,
    /// For each column of words, the table's codes of the shard's codes so far; null is not known yet.
    recoded: Vec<Vec<u32>>,
    pub(super) table: Table,
}

impl<'r, F> Rows<'r, F> {
    pub(super) fn new(grain: &'static Grain, reads: &'static [Read<F>], wanted: &[&str]) -> Self {
        let mut rows = Self { waiting: Vec::new(), reads: Vec::new(), recoded: Vec::new(), table: Table::default() };
        for (spec, read) in grain.columns.iter().zip(reads).filter(|(spec, _)| wanted.contains(&spec.name)) {
            let column = match read {
                Read::Number(_) => Column::Numbers(Vec::new()),
                Read::Flag(_) => Column::Flags(Vec::new()),
                Read::Word(..) | Read::Month(_) => Column::Words(Vec::new(), Words::default()),
                Read::Fixed(names, _) => {
                    let mut words = Words::default();
                    for name in *names {
                        words.code(name);
                    }
                    Column::Words(Vec::new(), words)
                }
            };
            rows.reads.push(read);
            rows.recoded.push(Vec::new());
            rows.table.columns.push((spec, column));
        }
        rows
    }

    /// The columns of events that the wanted columns are read off.
    pub(super) fn events(&self) -> impl Iterator<Item = &'static str> {
        self.reads.iter().filter_map(|read| if let Read::Word(name, _) = read { Some(*name) } else { None })
    }

    /// Whether any column is wanted.
    pub(super) fn are_wanted(&self) -> bool {
        !self.reads.is_empty()
    }

    /// Adds rows of one contact of this shard. They are in the table once the shard has ended.
    pub(super) fn add(&mut self, facts: impl IntoIterator<Item = F>, owner: Owner<'r>, shard: &Shard) {
        if !self.are_wanted() {
            return;
        }
        self.waiting.extend(facts.into_iter().map(|fact| Row { fact, owner }));
        if self.waiting.len() >= WAITING {
            self.fill(shard);
        }
    }

    /// No further rows will have the codes of this shard.
    pub(super) fn end_shard(&mut self, shard: &Shard) {
        self.fill(shard);
        self.recoded.iter_mut().for_each(Vec::clear);
    }

    fn fill(&mut self, shard: &Shard) {
        self.table.n_rows += self.waiting.len();
        let rows = &self.waiting;
        for ((read, recoded), (_, column)) in self.reads.iter().zip(&mut self.recoded).zip(&mut self.table.columns) {
            match (read, column) {
                (Read::Number(value), Column::Numbers(values)) => values.extend(rows.iter().map(value)),
                (Read::Flag(value), Column::Flags(values)) => values.extend(rows.iter().map(value)),
                (Read::Fixed(_, value), Column::Words(codes, _)) => codes.extend(rows.iter().map(value)),
                (Read::Word(name, value), Column::Words(codes, words)) => {
                    let of_shard = shard.words(name).1;
                    codes.extend(rows.iter().map(|row| known(recoded, words, of_shard, value(row))));
                }
                (Read::Month(value), Column::Words(codes, words)) => codes.extend(rows.iter().map(|row| {
                    let months = row.owner.settings.months.names();
                    known(recoded, words, months, value(row))
                })),
                _ => {}
            }
        }
        self.waiting.clear();
    }

    /// Forgets all rows, and the words with them.
    pub(super) fn clear(&mut self) {
        self.table.n_rows = 0;
        for (read, (_, column)) in self.reads.iter().zip(&mut self.table.columns) {
            match column {
                Column::Numbers(values) => values.clear(),
                Column::Flags(values) => values.clear(),
                Column::Words(codes, words) => {
                    codes.clear();
                    if matches!(read, Read::Word(..) | Read::Month(_)) {
                        *words = Words::default();
                    }
                }
            }
        }
    }
}

/// The table's code of a word that another list knows by this code.
fn known(recoded: &mut Vec<u32>, words: &mut Words, of: &Words, code: u32) -> u32 {
    match recoded.get(code as usize) {
        _ if code == NULL => NULL,
        Some(&known) if known != NULL => known,
        _ => recode(recoded, words, of, code),
    }
}

#[cold]
fn recode(recoded: &mut Vec<u32>, words: &mut Words, of: &Words, code: u32) -> u32 {
    let Some(word) = of.get(code) else { return NULL };
    let known = words.code(word);
    recoded.resize(recoded.len().max(of.list().len() + 1), NULL);
    if let Some(place) = recoded.get_mut(code as usize) {
        *place = known;
    }
    known
}

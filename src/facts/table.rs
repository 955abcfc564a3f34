//! A fact table of one shard as columns, whatever its grain. Knows nothing of what the columns mean.

use std::sync::Arc;

use crate::store::words::{NULL, Words};
use crate::store::{Shard, schema};

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
    /// True or false, never null.
    Flag,
    /// Text that repeats; null allowed.
    Word,
}

/// The values of a column.
#[derive(Clone, Debug)]
pub enum Column {
    /// Instants and numbers; [`NONE`] is null.
    Numbers(Vec<i64>),
    /// Flags.
    Flags(Vec<bool>),
    /// Codes into a list of words.
    Words(Vec<u32>, Arc<Words>),
}

/// The rows of one grain.
#[derive(Debug)]
pub struct Table {
    /// Its grain, as `facts::GRAINS` lists it.
    pub specs: &'static [Spec],
    /// Values, in the order of `specs`.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub n_rows: usize,
}

impl Table {
    /// The column with this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<(&'static Spec, &Column)> {
        let index = self.specs.iter().position(|spec| spec.name == name)?;
        Some((self.specs.get(index)?, self.columns.get(index)?))
    }
}

/// A fixed list of words whose codes are the places of `names`, counted from 1.
#[must_use]
pub fn fixed(names: &[&str]) -> Arc<Words> {
    let mut words = Words::default();
    for name in names {
        words.code(name);
    }
    Arc::new(words)
}

/// The code of a place in a fixed list; null for none.
#[must_use]
pub fn code_of(place: Option<usize>) -> u32 {
    place.and_then(|place| u32::try_from(place + 1).ok()).unwrap_or(NULL)
}

/// Columns that every grain has.
#[derive(Debug, Default)]
pub(super) struct Common {
    pub(super) contact_key: Vec<i64>,
    pub(super) channel: Vec<u32>,
}

impl Common {
    pub(super) fn push(&mut self, contact_key: i64, channel: u32) {
        self.contact_key.push(contact_key);
        self.channel.push(channel);
    }
}

/// The lists of words of a shard, shared by the columns of all its tables.
pub(super) struct SharedWords(Vec<(&'static str, Arc<Words>)>);

impl SharedWords {
    pub(super) fn of(shard: &Shard) -> Self {
        Self(schema::WORDS.iter().map(|&name| (name, Arc::new(shard.words(name).1.clone()))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Arc<Words> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, words)| Arc::clone(words)).unwrap_or_default()
    }
}

//! Measures: what is computed from the answers of several metrics and cannot be said in one SELECT.
//!
//! A measure is one file with one `Measure`, and one line in [`ALL`]. It counts nothing itself: it names the metrics it
//! needs, and makes tables of their counts. `query`, `explain` and the report know measures by this list alone.

use rayon::prelude::*;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Settings;
use crate::metrics::{Answer, Answers, Ask};

pub mod comparison;
pub mod compliance;
mod cost;
mod definitions;
mod fix_first;
mod frequency;
mod leaving;
mod list_growth;
mod paths;
mod pricing;
mod reaction_times;
mod reminder;
mod retention;
mod savings;
pub mod send_time;
mod service;
pub mod suppression;
pub mod table;

pub use table::{Column, Row, Table, Value};

/// Every measure, in the order in which a report shows them.
pub static ALL: &[&Measure] = &[
    &leaving::MEASURE,
    &fix_first::MEASURE,
    &reminder::MEASURE,
    &reaction_times::MEASURE,
    &send_time::MEASURE,
    &frequency::MEASURE,
    &paths::MEASURE,
    &retention::MEASURE,
    &list_growth::MEASURE,
    &service::MEASURE,
    &compliance::MEASURE,
    &cost::MEASURE,
    &savings::MEASURE,
    &definitions::MEASURE,
];

/// Every measure that has a definition: those of [`ALL`], and the comparison, which a caller has to ask for.
pub fn every() -> impl Iterator<Item = &'static Measure> {
    ALL.iter().copied().chain([&comparison::MEASURE])
}

/// A measure: what it needs, how it is made. What it means is told by the words of reports, under its id.
#[derive(Debug)]
pub struct Measure {
    /// Name on the command line, in JSON and as an anchor.
    pub id: &'static str,
    /// The questions whose answers it needs.
    pub asks: fn(&Setting<'_>) -> Vec<Ask>,
    /// Makes the tables of the answers. A table without rows says that there was nothing.
    pub tables: fn(&Setting<'_>, &Answers<'_>) -> Result<Vec<Table>>,
}

/// What a measure is made with besides the answers.
#[derive(Clone, Copy)]
pub struct Setting<'s> {
    /// Columns that the caller wants in front of the measure's own: every ask is broken down by these first.
    pub by: &'s [String],
    /// What the business knows.
    pub config: &'s Config,
    /// Range of time, horizon, windows.
    pub settings: &'s Settings,
}

impl Setting<'_> {
    /// A metric broken down by the caller's columns and these.
    #[must_use]
    pub fn ask(&self, metric: &str, by: &[&str]) -> Ask {
        let own = by.iter().map(|&column| column.to_owned()).filter(|column| !self.by.contains(column));
        Ask::broken_down(metric, self.by.iter().cloned().chain(own).collect())
    }
}

/// Columns for what tables are broken down by.
fn columns_of<'n>(names: impl IntoIterator<Item = &'n String>) -> Vec<Column> {
    names.into_iter().map(|name| Column::new(name)).collect()
}

/// A measure with its tables.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What it means.
    pub measure: &'static Measure,
    /// What came out.
    pub tables: Vec<Table>,
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut measured = serializer.serialize_struct("Measured", 2)?;
        measured.serialize_field("measure", self.measure.id)?;
        measured.serialize_field("tables", &self.tables)?;
        measured.end()
    }
}

impl Measure {
    /// The measure with this id.
    #[must_use]
    pub fn named(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|measure| measure.id == id).copied()
    }

    /// Makes the measure of answers that hold those to its asks.
    ///
    /// # Errors
    /// Its numbers cannot be computed; the error says why.
    pub fn of(&'static self, setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Measured> {
        let tables = (self.tables)(setting, answers)?;
        match tables.iter().find(|table| table.rows.iter().any(|row| row.cells.len() != table.columns.len())) {
            None => Ok(Measured { measure: self, tables }),
            Some(table) => Err(Error::Query {
                name: self.id.to_owned(),
                message: format!("a row of its table '{}' does not fit its columns", table.id),
            }),
        }
    }
}

/// Every measure of [`ALL`], of answers that hold those to their asks.
///
/// # Errors
/// As [`Measure::of`].
pub fn all(setting: &Setting<'_>, answers: &[Answer]) -> Result<Vec<Measured>> {
    let answers = Answers::new(answers);
    ALL.par_iter().map(|measure| measure.of(setting, &answers)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_is_named_once() {
        for (place, Measure { id, .. }) in every().enumerate() {
            assert!(every().skip(place + 1).all(|other| other.id != *id), "{id} twice");
            assert!(crate::metrics::Metric::find(id).is_err(), "{id} is a metric too");
        }
    }
}

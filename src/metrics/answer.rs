//! What a metric answers: one row per segment, still as counts.

use std::collections::BTreeMap;

use super::rate::{Bound, Distribution, Moments, Rate};

/// A question to the engine: a metric and what it is broken down by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Id of a metric in `queries/`, or the path of a SQL file.
    pub metric: String,
    /// Names of segment columns: `channel`, `campaign`, `day`, `question` … Empty for the total.
    pub by: Vec<String>,
    /// Whether rows tell how far contacts differ, which costs a pass of its own over the rows.
    pub clustered: bool,
}

impl Ask {
    /// The metric, broken down by the columns.
    #[must_use]
    pub fn new(metric: &str, by: &[&str]) -> Self {
        Self::broken_down(metric, by.iter().map(|&column| column.to_owned()).collect())
    }

    /// The metric, broken down by columns whose names are not the program's own.
    #[must_use]
    pub fn broken_down(metric: &str, by: Vec<String>) -> Self {
        Self { metric: metric.to_owned(), by, clustered: false }
    }

    /// The value of a column in a row of the answer; `None` is unknown, or no column of the breakdown.
    #[must_use]
    pub fn value<'r>(&self, row: &'r Row, column: &str) -> Option<&'r str> {
        let place = self.by.iter().position(|known| known == column)?;
        row.segment.get(place)?.as_deref()
    }

    /// The values of all columns but these, in the order of the breakdown.
    #[must_use]
    pub fn others<'r>(&self, row: &'r Row, columns: &[&str]) -> Vec<Option<&'r str>> {
        let kept = self.by.iter().zip(&row.segment).filter(|(name, _)| !columns.contains(&name.as_str()));
        kept.map(|(_, value)| value.as_deref()).collect()
    }

    /// The same with sums over contacts.
    #[must_use]
    pub fn clustered(self) -> Self {
        Self { clustered: true, ..self }
    }
}

/// A metric's rows, in the order of their segments. Without a breakdown there is exactly one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Id of the metric.
    pub metric: String,
    /// The columns of `Row::segment`.
    pub by: Vec<String>,
    /// One row per segment. Questions of declared flows come in the flow's order, everything else by name, unknown last.
    pub rows: Vec<Row>,
    /// Contacts that stand in several rows whose segments are known throughout; 0 unless the ask was clustered.
    pub n_shared: u64,
}

/// Answers by metric and breakdown.
pub struct Answers<'a>(BTreeMap<(&'a str, &'a [String]), &'a Answer>);

impl<'a> Answers<'a> {
    /// Finds answers again by what was asked.
    #[must_use]
    pub fn new(answers: &'a [Answer]) -> Self {
        Self(answers.iter().map(|answer| ((answer.metric.as_str(), answer.by.as_slice()), answer)).collect())
    }

    /// The answer to this ask, if it is among them.
    #[must_use]
    pub fn get(&self, ask: &Ask) -> Option<&'a Answer> {
        self.0.get(&(ask.metric.as_str(), ask.by.as_slice())).copied()
    }

    /// The rows of the answer to this ask; none if it is not among them.
    #[must_use]
    pub fn rows(&self, ask: &Ask) -> &'a [Row] {
        self.get(ask).map_or(&[], |answer| &answer.rows)
    }
}

/// The counts of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// A value for each column of `Answer::by`; `None` is unknown.
    pub segment: Vec<Option<String>>,
    /// What was counted.
    pub counts: Counts,
    /// False if the channels of this segment cannot report what the metric counts: shown as "n/a".
    pub measurable: bool,
    /// Whether one of the channels tells of some cases only, and what that makes of the value.
    pub bound: Bound,
    /// Sums over the contacts of a rate, if the ask was clustered.
    pub moments: Option<Moments>,
}

/// The two forms of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counts {
    /// `numerator` and `denominator`.
    Rate(Rate),
    /// `value` and `n`.
    Distribution(Distribution),
}

impl Counts {
    /// The pair of counts, if it is one.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        match self {
            Self::Rate(rate) => Some(*rate),
            Self::Distribution(_) => None,
        }
    }

    /// The distribution, if it is one.
    #[must_use]
    pub fn distribution(&self) -> Option<&Distribution> {
        match self {
            Self::Rate(_) => None,
            Self::Distribution(distribution) => Some(distribution),
        }
    }
}

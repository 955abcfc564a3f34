//! Revision: what changed between two versions of a store, and why: later records about days that were known already, or new days.
//!
//! Counts of both versions come from the caller, by day; a day that the earlier version's log had not seen to its end is new.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Measured;
use super::super::table::{Column, Message, Row, Table, Value};
use super::{MEASURE, decomposition, rate_value, smaller};
use crate::error::Result;
use crate::facts;
use crate::metrics::{Answers, Ask, Metric, segment};
use crate::rate::Rate;

/// The part of time by which changes are told apart.
const DAY: &str = "day";

/// What was done to the store in one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The version.
    pub version: u64,
    /// When, by the committer's clock.
    pub at: String,
    /// What: WRITE, OPTIMIZE …
    pub operation: String,
    /// Records that gave events, those that were refused, and the events, if records were read.
    pub taken: Option<[u64; 3]>,
}

/// What is asked of both versions about these rates.
///
/// # Errors
/// One of them does not exist.
pub fn asks(rates: &[&str]) -> Result<Vec<Ask>> {
    let mut asks = Vec::new();
    for rate in rates {
        let metric = Metric::find(rate)?;
        asks.extend(
            facts::grain(&metric.table).filter(|grain| segment::is_known(grain, DAY)).map(|_| Ask::new(rate, &[DAY])),
        );
    }
    asks.extend(decomposition::asks(rates));
    Ok(asks)
}

/// What changed in these rates from the first version to the second. `first_ended` is the day on which the first version's log
/// ends, as breakdowns by day write it; `steps` are the versions in between.
///
/// # Errors
/// One of the rates does not exist.
pub fn of(
    rates: &[&str],
    first: &Answers<'_>,
    second: &Answers<'_>,
    first_ended: Option<&str>,
    steps: &[Step],
) -> Result<Measured> {
    let mut rows = Vec::new();
    for rate in rates {
        let ask = Ask::new(rate, &[DAY]);
        let days = |answers: &Answers<'_>| -> BTreeMap<Option<String>, Rate> {
            let rows = answers.rows(&ask).iter();
            rows.filter_map(|row| Some((row.segment.first()?.clone(), row.counts.rate()?))).collect()
        };
        let revision = Revision::of(&days(first), &days(second), first_ended);
        if revision.before.denominator == 0 && revision.after.denominator == 0 {
            continue;
        }
        rows.push(revision.row(rate));
    }
    let columns = [
        "metric",
        "rate_before",
        "rate",
        "difference",
        "by_revision",
        "by_new_days",
        "n_more",
        "n_fewer",
        "n_new",
        "why",
    ];
    let mut tables = vec![Table {
        id: "revisions",
        columns: columns.map(Column::new).into(),
        rows,
        notes: vec![Message::of("comparison-revisions.note")],
        ..Table::default()
    }];
    let of_version = |answers: &Answers<'_>, ask: &Ask| answers.rows(ask).to_vec();
    tables.extend(decomposition::tables(rates, |ask| of_version(second, ask), |ask| of_version(first, ask)));
    tables.push(steps_of(steps));
    tables.iter_mut().filter(|table| table.rows.is_empty()).for_each(|table| table.notes.clear());
    Ok(Measured { measure: &MEASURE, tables })
}

/// One rate in two versions.
#[derive(Debug, Default, PartialEq, Eq)]
struct Revision {
    before: Rate,
    after: Rate,
    /// The known days as the later version tells them.
    revised: Rate,
    /// More and fewer observations on known days, summed over days.
    n_more: u64,
    n_fewer: u64,
    /// Whether a known day has other cases.
    is_retold: bool,
    n_new: u64,
}

impl Revision {
    fn of(
        first: &BTreeMap<Option<String>, Rate>,
        second: &BTreeMap<Option<String>, Rate>,
        first_ended: Option<&str>,
    ) -> Self {
        let mut revision = Self::default();
        for day in first.keys().chain(second.keys()).collect::<BTreeSet<_>>() {
            let [before, after] = [first, second].map(|days| days.get(day).copied().unwrap_or_default());
            revision.before.add(before);
            revision.after.add(after);
            // What the earlier version had of the day on which its log ends was a part of that day.
            let is_known = day.as_deref().is_none_or(|day| first_ended.is_some_and(|ended| day < ended));
            if is_known {
                revision.revised.add(after);
                revision.n_more += after.denominator.saturating_sub(before.denominator);
                revision.n_fewer += before.denominator.saturating_sub(after.denominator);
                revision.is_retold |= before.numerator != after.numerator;
            } else {
                revision.revised.add(before);
                revision.n_new += after.denominator.saturating_sub(before.denominator);
            }
        }
        revision
    }

    fn row(&self, metric: &str) -> Row {
        let points = |from: Rate, to: Rate| match (from.value(), to.value()) {
            (Some(from), Some(to)) => Value::Points { value: to - from, interval: None },
            _ => Value::Unknown,
        };
        let why = [
            (self.n_more > 0, "revision-late"),
            (self.n_fewer > 0, "revision-erased"),
            (self.n_more == 0 && self.n_fewer == 0 && self.is_retold, "revision-retold"),
            (self.n_new > 0, "revision-new-days"),
        ];
        let why: Vec<Value> = why.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| Value::word(word)).collect();
        let why = if why.is_empty() { Value::word("revision-nothing") } else { Message::clauses(why) };
        let cells = vec![
            Value::Metric(metric.to_owned()),
            rate_value(self.before),
            rate_value(self.after),
            points(self.before, self.after),
            points(self.before, self.revised),
            points(self.revised, self.after),
            Value::Count(self.n_more),
            Value::Count(self.n_fewer),
            Value::Count(self.n_new),
            why,
        ];
        Row::new(smaller(self.before, self.after), cells)
    }
}

fn steps_of(steps: &[Step]) -> Table {
    let columns = ["version", "at", "operation", "accepted", "rejected", "stored"];
    let rows = steps.iter().map(|step| {
        let head = [Value::Count(step.version), Value::Text(step.at.clone()), Value::Text(step.operation.clone())];
        let counts =
            step.taken.map_or([Value::Unknown, Value::Unknown, Value::Unknown], |taken| taken.map(Value::Count));
        Row { cells: head.into_iter().chain(counts).collect(), n: None, immature: false }
    });
    Table { id: "versions", columns: columns.map(Column::new).into(), rows: rows.collect(), ..Table::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: &[(&str, u64, u64)]) -> BTreeMap<Option<String>, Rate> {
        let rate =
            |&(day, numerator, denominator): &(&str, u64, u64)| (Some(day.to_owned()), Rate { numerator, denominator });
        days.iter().map(rate).collect()
    }

    /// On paper: ten messages on the first day, of which four were known to be opened and then six; on the second, of which the
    /// log had seen the morning, five became ten; on the third ten more.
    #[test]
    fn late_receipts_are_told_from_new_days_and_both_add_up() {
        let first = days(&[("2026-05-01", 4, 10), ("2026-05-02", 1, 5)]);
        let second = days(&[("2026-05-01", 6, 10), ("2026-05-02", 5, 10), ("2026-05-03", 9, 10)]);
        let found = Revision::of(&first, &second, Some("2026-05-02"));
        let expected = Revision {
            before: Rate { numerator: 5, denominator: 15 },
            after: Rate { numerator: 20, denominator: 30 },
            revised: Rate { numerator: 7, denominator: 15 },
            n_more: 0,
            n_fewer: 0,
            is_retold: true,
            n_new: 15,
        };
        assert_eq!(found, expected);
        let row = found.row("open_rate");
        let points = |place: usize| if let Value::Points { value, .. } = row.cells[place] { value } else { f64::NAN };
        assert!((points(4) - 2.0 / 15.0).abs() < 1e-12 && (points(5) - 0.2).abs() < 1e-12, "{row:?}");
        assert!((points(3) - points(4) - points(5)).abs() < 1e-12);
        assert_eq!(row.cells[9], Message::clauses(["revision-retold", "revision-new-days"].map(Value::word)));
    }

    #[test]
    fn what_was_erased_is_told_and_the_same_version_has_not_changed() {
        let first = days(&[("2026-05-01", 4, 10)]);
        let erased = Revision::of(&first, &days(&[("2026-05-01", 3, 9)]), Some("2026-05-02")).row("open_rate");
        assert_eq!(erased.cells[9], Value::word("revision-erased"));
        assert_eq!(erased.cells[7], Value::Count(1));
        let same = Revision::of(&first, &first, Some("2026-05-02")).row("open_rate");
        assert_eq!(same.cells[9], Value::word("revision-nothing"));
    }
}

//! Retention: of the contacts who joined in a month, who is still there one, two and more months later.

use std::collections::BTreeMap;

use super::table::{Column, Message, Row, Table, Value};
use super::{Measure, Setting};
use crate::error::Result;
use crate::metrics::{self, Answers, Ask, Bound};

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "retention", asks, tables };

/// Ages up to a year; the metrics tell of any.
const AGES: u32 = 13;
const COHORT: &[&str] = &["basis", "cohort", "age"];

/// The tables: id, metric, whether a month that is not over may still bring more.
const TABLES: [(&str, &str, bool); 3] = [
    ("reachable", "reachable_contact_rate", false),
    ("active", "active_contact_rate", true),
    ("engaged", "engaged_contact_rate", true),
];

/// The names of a cohort, and its counts by age.
type Cohort<'a> = (Vec<Option<String>>, BTreeMap<u32, &'a metrics::Row>);

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    TABLES.iter().map(|(_, metric, _)| setting.ask(metric, COHORT)).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    Ok(TABLES.iter().map(|&which| table(setting, answers, which)).collect())
}

/// One row per cohort, one column per month since it began. What the log does not cover has no value.
fn table(setting: &Setting<'_>, answers: &Answers<'_>, (id, metric, grows): (&'static str, &str, bool)) -> Table {
    let ask = setting.ask(metric, COHORT);
    let place_of = |name: &str| ask.by.iter().position(|column| column == name);
    let (age_place, cohort_place) = (place_of("age"), place_of("cohort"));
    let mut cohorts: Vec<Cohort<'_>> = Vec::new();
    for row in answers.rows(&ask) {
        let mut names = row.segment.clone();
        let Some(age) = age_place.and_then(|place| names.remove(place)).and_then(|age| age.parse().ok()) else {
            continue;
        };
        match cohorts.iter_mut().find(|(known, _)| *known == names) {
            Some((_, ages)) => drop(ages.insert(age, row)),
            None => cohorts.push((names, BTreeMap::from([(age, row)]))),
        }
    }
    let widest = cohorts.iter().filter_map(|(_, ages)| ages.keys().next_back()).max().map_or(0, |&age| age + 1);
    let n_ages = widest.min(AGES);
    let months = &setting.settings.months;
    let rows = cohorts.iter().map(|(names, ages)| {
        // The age leaves its place to what stands behind it.
        let place = cohort_place.map(|place| place - usize::from(age_place.is_some_and(|age| age < place)));
        let cohort = place.and_then(|place| names.get(place)?.as_deref()).unwrap_or_default();
        let n =
            ages.values().filter_map(|row| row.counts.rate()).map(|rate| rate.denominator).max().unwrap_or_default();
        let is_measurable = ages.values().any(|row| row.measurable);
        let mut cells: Vec<Value> = names.iter().map(|name| Value::name(name.as_deref())).collect();
        cells.push(if is_measurable { Value::Count(n) } else { Value::Unmeasurable });
        cells.extend((0..n_ages).map(|age| match ages.get(&age) {
            None => Value::Unknown,
            Some(row) if !row.measurable => Value::Unmeasurable,
            Some(row) => row.counts.rate().map_or(Value::Unknown, |rate| {
                let bound = row.bound.max(Bound::least_if(grows && !months.is_covered(cohort, age)));
                Value::Rate { rate, bound }
            }),
        }));
        Row { cells, n: is_measurable.then_some(n), immature: !months.is_covered(cohort, 0) }
    });
    let names = ask.by.iter().filter(|name| *name != "age").map(|name| Column::new(name));
    let ages = (0..n_ages).map(month);
    Table {
        id,
        columns: names.chain([Column::new("contacts")]).chain(ages).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// The column of an age.
fn month(age: u32) -> Column {
    let title = Message::of("retention-month").with("age", Value::Count(age.into()));
    Column::new(&format!("month_{age}")).saying(title)
}

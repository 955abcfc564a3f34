//! The conventions of every rate side by side: what a vendor would print for the same log.

use super::{Column, Measure, Row, Setting, Table, Value};
use crate::error::Result;
use crate::metrics::{Answers, Ask, Counts, Metric};

/// The measure.
pub(super) static MEASURE: Measure = Measure {
    id: "definitions",
    name: "The same rates as others count them",
    meaning: "Each rate under every convention that vendors use, with numerator and denominator.",
    formula: "each is a metric of its own: RATE@CONVENTION",
    unit: "as the metric",
    follows: "the vendors' own glossaries, named in each metric's definition",
    caveat: "Two vendors' numbers can be compared only under one convention. Where read receipts can be switched off, the \
             true open rate lies between the open rate and 'open rate at most'.",
    asks,
    tables,
};

/// Rates that have more than one convention.
fn conventions() -> Result<Vec<Metric>> {
    let all = Metric::all()?;
    let has_others = |metric: &Metric| all.iter().any(|other| other.base() == metric.base() && other.id != metric.id);
    Ok(all.iter().filter(|metric| has_others(metric)).cloned().collect())
}

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    conventions().unwrap_or_default().iter().map(|metric| setting.ask(&metric.id, &[])).collect()
}

fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let by = setting.by.iter().map(|name| Column::new(name, name));
    let own = [
        Column::new("metric", "Metric"),
        Column::new("value", "Value"),
        Column::new("meaning", "What is counted"),
        Column::new("vendors", "Counted so by"),
    ];
    let mut rows = Vec::new();
    for metric in conventions()? {
        for row in answers.rows(&setting.ask(&metric.id, &[])) {
            let Counts::Rate(rate) = row.counts else { continue };
            let value =
                if row.measurable { Value::Rate { rate, lower_bound: row.lower_bound } } else { Value::Unmeasurable };
            let segment = row.segment.iter().map(|value| Value::name(value.as_deref()));
            let own = [
                Value::Text(metric.id.clone()),
                value,
                Value::Text(metric.meaning.clone()),
                Value::Text(metric.vendors.join(", ")),
            ];
            rows.push(Row::new(rate.denominator, segment.chain(own).collect()));
        }
    }
    Ok(vec![Table { id: "conventions", columns: by.chain(own).collect(), rows, ..Table::default() }])
}

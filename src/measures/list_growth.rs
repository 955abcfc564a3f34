//! List growth: who came onto the list and who left it, month by month.

use super::table::{Column, Row, Table, Value};
use super::{Measure, Setting};
use crate::error::Result;
use crate::metrics::{self, Answers, Ask};
use crate::rate::Rate;

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "list_growth", asks, tables };

/// Metrics whose counts the columns are; all are of those who were on the list at the start.
const MOVES: [&str; 4] = ["list_joined_rate", "list_resumed_rate", "list_left_rate@soft", "list_left_rate@hard"];
const LEFT: &str = "list_left_rate";
const END: &str = "reachable_contact_rate";
const MONTH: &[&str] = &["month"];

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    MOVES.iter().chain(&[LEFT, END]).map(|metric| setting.ask(metric, MONTH)).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let own = [
        Column::new("start"),
        Column::new("joined"),
        Column::new("resumed"),
        Column::new("left_soft"),
        Column::new("left_hard"),
        Column::new("end"),
        Column::new("net_growth"),
        Column::of(LEFT),
    ];
    let ask = setting.ask(LEFT, MONTH);
    let columns = ask.by.iter().map(|name| Column::new(name)).chain(own).collect();
    let rows = answers.rows(&ask).iter().filter_map(|row| month(setting, answers, row));
    Ok(vec![Table { id: "months", columns, rows: rows.collect(), ..Table::default() }])
}

fn month(setting: &Setting<'_>, answers: &Answers<'_>, row: &metrics::Row) -> Option<Row> {
    let of = |metric: &str| {
        let mut rows = answers.rows(&setting.ask(metric, MONTH)).iter();
        rows.find(|other| other.segment == row.segment).filter(|other| other.measurable)?.counts.rate()
    };
    let count = |rate: Option<Rate>| rate.map_or(Value::Unmeasurable, |rate| Value::Count(rate.numerator));
    let left = row.counts.rate()?;
    let mut cells: Vec<Value> = row.segment.iter().map(|value| Value::name(value.as_deref())).collect();
    let (start, end) = (left.denominator, of(END));
    cells.push(if row.measurable { Value::Count(start) } else { Value::Unmeasurable });
    cells.extend(MOVES.map(|metric| count(of(metric))));
    cells.push(count(end));
    cells.push(end.map_or(Value::Unmeasurable, |end| growth(start, end.numerator)));
    cells.push(match start {
        _ if !row.measurable => Value::Unmeasurable,
        0 => Value::Unknown,
        _ => Value::Rate { rate: left, bound: row.bound },
    });
    let name = row.segment.get(setting.ask(LEFT, MONTH).by.iter().position(|name| name == "month")?)?.as_deref()?;
    Some(Row { cells, n: row.measurable.then_some(start), immature: !setting.settings.months.is_covered(name, 0) })
}

#[expect(clippy::cast_precision_loss, reason = "lists of contacts are far below 2^52")]
fn growth(start: u64, end: u64) -> Value {
    match start {
        0 => Value::Unknown,
        _ => Value::Points { value: (end as f64 - start as f64) / start as f64, interval: None },
    }
}

//! The chapter of the user's own metrics: the totals of all, then the breakdown of each that wants one.

use super::{day_table, pale_immature, section, table_part};
use crate::measures::Value;
use crate::report::model::{Breakdown, Day, Own, OwnRow, Report, Segment, Spread};
use crate::report::page::{Cell, Part, Section, Table, Words, plain, typed};

/// The columns of metrics that are no shares.
const SPREAD: [&str; 4] = ["observations", "median", "p90", "p99"];

/// The chapter; none without such metrics.
pub(super) fn own(report: &Report, words: &Words<'_>) -> Option<Section> {
    let all = &report.own;
    let broken_down = all.iter().filter(|own| own.by.is_some());
    let parts = std::iter::once(totals(all, words)).chain(broken_down.map(|own| part(own, words)));
    (!all.is_empty()).then(|| section("own", parts.collect(), words.language))
}

fn totals(all: &[Own], words: &Words<'_>) -> Part {
    let (has_shares, has_spreads) = (all.iter().any(|own| own.is_share), all.iter().any(|own| !own.is_share));
    let rows = all.iter().map(|own| {
        let name = Cell { value: Value::Metric(own.metric.clone()), ..plain(words.title(&own.metric)) };
        let total = own.total.as_ref();
        let share = has_shares.then(|| total.map_or_else(Cell::default, |row| share(row, words)));
        let spread = has_spreads.then(|| spread(own, total, words)).into_iter().flatten();
        std::iter::once(name).chain(share).chain(spread).collect()
    });
    let mut columns = vec![words.label("metric")];
    let mut names = vec!["metric"];
    if has_shares {
        columns.push(words.number("share"));
        names.push("share");
    }
    if has_spreads {
        columns.extend(SPREAD.map(|name| words.number(name)));
        names.extend(["n", "median", "p90", "p99"]);
    }
    let table = Table { columns, rows: rows.collect(), ..Table::default() }.named("own", &names);
    table_part(if has_shares { table.shares(&["share"]) } else { table })
}

/// A metric by the column that its file names.
fn part(own: &Own, words: &Words<'_>) -> Part {
    let language = words.language;
    let by = own.by.as_deref().unwrap_or_default();
    let mut table = if own.is_share { shares(own, by, words) } else { spreads(own, by, words) };
    if by != "day" {
        for (cells, row) in table.rows.iter_mut().zip(&own.rows) {
            if let Some(cell) = cells.first_mut() {
                cell.text = language.named(by, row.segment.as_deref());
            }
        }
    }
    let table = table.named(&format!("own_{}", own.metric), &[]);
    let names = [("name", words.title(&own.metric).into()), ("column", language.column(by).into())];
    let heading = language.say_with("section-own.by", &names);
    if table.rows.is_empty() {
        return Part { heading, ..super::empty(language.say("section-own.empty")) };
    }
    let may_change = own.rows.iter().any(|row| !row.mature);
    let note = if may_change { language.say("section-own.immature") } else { String::new() };
    Part { heading, note, ..table_part(table) }
}

fn shares(own: &Own, by: &str, words: &Words<'_>) -> Table {
    let metrics = [own.metric.as_str()];
    if by == "day" {
        let days = days(own);
        let mut table = day_table(&days, &metrics, words);
        pale_immature(&mut table, &days);
        return table;
    }
    words.table(&breakdown(own), &metrics)
}

/// The rows as a breakdown, for tables and charts of rates.
pub(in crate::report) fn breakdown(own: &Own) -> Breakdown {
    let rows = days(own).into_iter().map(|day| Segment { segment: vec![day.day], figures: day.figures });
    Breakdown { by: own.by.iter().cloned().collect(), rows: rows.collect() }
}

/// The rows as days.
pub(in crate::report) fn days(own: &Own) -> Vec<Day> {
    let day = |row: &OwnRow| Day {
        day: row.segment.clone(),
        mature: row.mature,
        figures: row.figure.iter().map(|figure| (own.metric.clone(), figure.clone())).collect(),
    };
    own.rows.iter().map(day).collect()
}

fn spreads(own: &Own, by: &str, words: &Words<'_>) -> Table {
    let language = words.language;
    let rows = own.rows.iter().map(|row| {
        let mut name = typed(Value::Name(row.segment.clone()), language);
        if let Some(day) = row.segment.as_deref().filter(|_| by == "day") {
            name.text = language.day(day);
        }
        std::iter::once(name).chain(spread(own, Some(row), words)).collect()
    });
    let columns = std::iter::once(words.label(by)).chain(SPREAD.map(|name| words.number(name)));
    let table = Table { columns: columns.collect(), rows: rows.collect(), ..Table::default() };
    table.named("", &[by, "n", "median", "p90", "p99"])
}

fn share(row: &OwnRow, words: &Words<'_>) -> Cell {
    row.figure.as_ref().map_or_else(Cell::default, |figure| words.cell(Some(figure)))
}

fn spread(own: &Own, row: Option<&OwnRow>, words: &Words<'_>) -> Vec<Cell> {
    let Some(spread) = row.and_then(|row| row.spread.as_ref()) else {
        return SPREAD.map(|_| Cell::default()).into();
    };
    let value = |pick: fn(&Spread) -> Option<i64>| match pick(spread) {
        _ if !spread.measurable => Value::Unmeasurable,
        None => Value::Unknown,
        Some(value) if own.in_seconds => Value::Seconds(value),
        #[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
        Some(value) => Value::Number { value: value as f64, interval: None },
    };
    let values = [Value::Count(spread.n), value(|s| s.median), value(|s| s.p90), value(|s| s.p99)];
    values.into_iter().map(|value| typed(value, words.language)).collect()
}

//! Answers and balances as text for a terminal, as JSON and as CSV. Counts nothing.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::ingest::Balance;
use crate::metrics::{Answer, Counts, Row};
use crate::report::{self, Language};

/// Quantiles that are shown of a distribution.
const QUANTILES: &[(&str, f64)] = &[("median", 0.5), ("p90", 0.9), ("p99", 0.99)];

/// The answer as a table for the terminal.
pub(super) fn table(answer: &Answer) -> String {
    let is_rate = answer.rows.iter().all(|row| row.counts.rate().is_some());
    let numbers: &[&str] =
        if is_rate { &["value", "95 % interval", "numerator", "denominator"] } else { &["n", "median", "p90", "p99"] };
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(answer.by.iter().map(String::as_str).chain(numbers.iter().copied()));
    for row in &answer.rows {
        // Names come out of logs; a terminal must not obey what stands in them.
        let segment = row.segment.iter().map(|value| report::text::printable(value.as_deref().unwrap_or("(unknown)")));
        table.add_row(segment.chain(cells(row)));
    }
    for column in table.column_iter_mut().skip(answer.by.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n{table}\n", answer.metric)
}

fn cells(row: &Row) -> Vec<String> {
    let language = Language::En;
    match &row.counts {
        Counts::Rate(rate) if !row.measurable => {
            vec!["n/a".into(), "n/a".into(), language.count(rate.numerator), language.count(rate.denominator)]
        }
        Counts::Rate(rate) => vec![
            rate.value().map_or_else(|| "–".into(), |value| language.percent(value)),
            rate.interval().map_or_else(|| "–".into(), |(low, high)| interval(low, high, language)),
            language.count(rate.numerator),
            language.count(rate.denominator),
        ],
        Counts::Distribution(distribution) => std::iter::once(language.count(distribution.n()))
            .chain(QUANTILES.iter().map(|(_, q)| {
                distribution.quantile(*q).map_or_else(|| "–".into(), |seconds| language.duration(seconds))
            }))
            .collect(),
    }
}

fn interval(low: f64, high: f64, language: Language) -> String {
    format!("{} – {}", language.percent(low), language.percent(high))
}

/// The headline rates of a report, as a table for the terminal.
pub(super) fn headlines(report: &report::Report) -> String {
    let language = report.context.language;
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["rate", "value", "95 % interval", "counts"]);
    for figure in report.headlines.iter().flat_map(|headline| headline.figure.iter().chain(&headline.beside)) {
        table.add_row([
            figure.metric.clone(),
            language.value(Some(figure)),
            language.interval(Some(figure)),
            format!("{} of {}", language.count(figure.numerator), language.count(figure.denominator)),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n")
}

/// The answer as JSON: `{"metric", "rows": [{"segment", "numerator", "denominator", "value", "low", "high"}]}`.
pub(super) fn json(answer: &Answer) -> Value {
    let rows: Vec<Value> = answer
        .rows
        .iter()
        .map(|row| {
            let segment: Map<String, Value> =
                answer.by.iter().cloned().zip(row.segment.iter().map(|value| json!(value))).collect();
            let mut object = Map::from_iter([("segment".to_owned(), Value::Object(segment))]);
            object.extend(numbers(row));
            Value::Object(object)
        })
        .collect();
    json!({ "metric": answer.metric, "rows": rows })
}

fn numbers(row: &Row) -> Vec<(String, Value)> {
    let named = |name: &str, value: Value| (name.to_owned(), value);
    match &row.counts {
        Counts::Rate(rate) => {
            let interval = rate.interval().filter(|_| row.measurable);
            vec![
                named("numerator", json!(rate.numerator)),
                named("denominator", json!(rate.denominator)),
                named("value", json!(rate.value().filter(|_| row.measurable))),
                named("low", json!(interval.map(|(low, _)| low))),
                named("high", json!(interval.map(|(_, high)| high))),
                named("measurable", json!(row.measurable)),
            ]
        }
        Counts::Distribution(distribution) => std::iter::once(named("n", json!(distribution.n())))
            .chain(QUANTILES.iter().map(|(name, q)| named(name, json!(distribution.quantile(*q)))))
            .collect(),
    }
}

/// The answer as CSV with a header; what has no value is an empty cell.
pub(super) fn csv(answer: &Answer) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| Error::Usage(error.to_string());
    let header = answer.rows.first().map(numbers).unwrap_or_default();
    let names = answer.by.iter().map(String::as_str).chain(header.iter().map(|(name, _)| name.as_str()));
    writer.write_record(names).map_err(broken)?;
    for row in &answer.rows {
        let values = numbers(row).into_iter().map(|(_, value)| match value {
            Value::Null => String::new(),
            value => value.to_string(),
        });
        let segment = row.segment.iter().map(|value| value.clone().unwrap_or_default());
        writer.write_record(segment.chain(values)).map_err(broken)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::Usage(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The balance in two lines, with the reasons beneath.
pub(super) fn balance(balance: &Balance, keeps: bool) -> String {
    let count = |n| Language::En.count(n);
    let (records, events) = (balance.records, balance.events);
    let mut text = format!(
        "records: {} received = {} accepted + {} ignored + {} rejected\n",
        count(records.received),
        count(records.accepted),
        count(records.ignored),
        count(records.rejected)
    );
    let stored = if keeps { "stored" } else { "new" };
    let _ = writeln!(
        text,
        "events:  {} found = {} {stored} + {} duplicates",
        count(events.found),
        count(events.stored),
        count(events.duplicates)
    );
    for (reason, n) in &balance.reasons {
        let _ = writeln!(text, "  {:>12}  {reason}", count(*n));
    }
    if let Some(version) = balance.version {
        let _ = writeln!(text, "store:   version {version}");
    }
    text
}

/// The funnel as a table for the terminal.
pub(super) fn funnel(answer: &crate::funnel::Answer) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let numbers = ["reached", "went on", "lost", "open", "from start", "from previous", "median", "p90"];
    table.set_header(answer.by.iter().map(String::as_str).chain(["step"]).chain(numbers));
    for row in super::funnel::table_rows(answer) {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(answer.by.len() + 1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let window = Language::En.duration(answer.window_s);
    let name = report::text::printable(&answer.funnel);
    let mut text = format!("{name}: each {}, {}, within {window}\n{table}\n", answer.unit, answer.order);
    for one in &answer.unmeasurable {
        let _ = writeln!(text, "{}", left_out(one));
    }
    text
}

/// Names a channel whose contacts a funnel leaves out.
pub(super) fn left_out(one: &crate::funnel::Unmeasurable) -> String {
    let [channel, step] = [&one.channel, &one.step].map(|text| report::text::printable(text));
    format!("without {channel}, whose log cannot tell of '{step}'")
}

/// What was done on a part of the way, as tables for the terminal.
pub(super) fn paths(found: &crate::funnel::paths::Paths, tells_going_on: bool) -> String {
    let language = Language::En;
    let share = |n: u64, of: u64| {
        let rate = crate::rate::Rate { numerator: n, denominator: of };
        rate.value().map_or_else(|| "–".to_owned(), |value| language.percent(value))
    };
    let sequences = found.sequences.iter().map(|(events, count)| (events.join(" → "), count));
    let nearest = found.nearest.iter().map(|(event, count)| (event.clone(), count));
    let mut text = format!("{} got there", language.count(found.units));
    if tells_going_on {
        let _ = write!(text, ", {} went on", language.count(found.went_on));
    }
    text.push('\n');
    for (heading, rows) in [("sequence", sequences.collect::<Vec<_>>()), ("nearest event", nearest.collect())] {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        let n_numbers = if tells_going_on { 3 } else { 2 };
        table.set_header([heading, "units", "share", "went on"].into_iter().take(1 + n_numbers));
        for (name, count) in rows {
            let numbers =
                [language.count(count.units), share(count.units, found.units), share(count.went_on, count.units)];
            let numbers = numbers.into_iter().take(n_numbers);
            table.add_row(std::iter::once(report::text::printable(&name)).chain(numbers));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let _ = writeln!(text, "{table}");
    }
    text
}

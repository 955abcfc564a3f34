//! Answers and balances as text for a terminal, as JSON and as CSV. Counts nothing.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use self::sheet::{Sheet, Shown};
use crate::calendar;
use crate::channels::{self, Abilities, Ability};
use crate::error::{Error, Result};
use crate::ingest::Balance;
use crate::metrics::{Answer, Bound, Counts, Row};
use crate::report::{self, Language, disarmed};

pub(super) mod audit;
pub(super) mod funnel;
pub(super) mod measure;
pub(super) mod outline;
pub(super) mod sheet;

/// Quantiles that are shown of a distribution.
const QUANTILES: [(&str, f64); 3] = [("median", 0.5), ("p90", 0.9), ("p99", 0.99)];

/// The answer as a table for the terminal; if it is broken down by one part of time, with the course of its value.
pub(super) fn table(answer: &Answer) -> String {
    let is_rate = answer.rows.iter().all(|row| row.counts.rate().is_some());
    let numbers: &[&str] =
        if is_rate { &["value", "95 % interval", "numerator", "denominator"] } else { &["n", "median", "p90", "p99"] };
    let mut sheet = Sheet::new(answer.by.iter().map(String::as_str).chain(numbers.iter().copied()));
    for row in &answer.rows {
        // Names come out of logs; a terminal must not obey what stands in them.
        let columns = answer.by.iter().zip(&row.segment);
        let segment = columns.map(|(column, value)| Language::En.named(column, value.as_deref()));
        sheet.add(segment.map(Shown::Name).chain(cells(row)).collect(), value(row));
    }
    let mut text = format!("{}\n{}\n", answer.metric, sheet.text());
    if let [part] = answer.by.as_slice()
        && calendar::part(part).is_some()
        && answer.rows.len() > 1
    {
        let values: Vec<Option<f64>> = answer.rows.iter().map(value).collect();
        let _ = writeln!(text, "by {part}: {}", sheet::sparkline(&values));
    }
    text
}

/// What the rows of an answer are compared by: the rate, or the median.
#[expect(clippy::cast_precision_loss, reason = "a length of time in seconds, for the length of a bar")]
fn value(row: &Row) -> Option<f64> {
    match &row.counts {
        Counts::Rate(rate) => rate.value().filter(|_| row.measurable),
        Counts::Distribution(distribution) => distribution.quantile(0.5).map(|seconds| seconds as f64),
    }
}

fn cells(row: &Row) -> Vec<Shown> {
    let language = Language::En;
    let counts =
        |rate: &crate::rate::Rate| [rate.numerator, rate.denominator].map(|count| Shown::Number(language.count(count)));
    match &row.counts {
        Counts::Rate(rate) if !row.measurable => {
            [Shown::Beside("n/a".into()), Shown::Beside("n/a".into())].into_iter().chain(counts(rate)).collect()
        }
        Counts::Rate(rate) => {
            let value = rate.value().map(|value| language.bounded(row.bound, language.percent(value)));
            let interval = rate.interval().map(|(low, high)| interval(low, high, language));
            let [value, interval] = [value, interval].map(|text| text.unwrap_or_else(|| "–".into()));
            [Shown::Main(value), Shown::Beside(interval)].into_iter().chain(counts(rate)).collect()
        }
        Counts::Distribution(distribution) => {
            let quantile =
                |q| distribution.quantile(q).map_or_else(|| "–".into(), |seconds| language.duration(seconds));
            let [median, p90, p99] = QUANTILES.map(|(_, q)| quantile(q));
            vec![
                Shown::Number(language.count(distribution.n())),
                Shown::Main(median),
                Shown::Number(p90),
                Shown::Number(p99),
            ]
        }
    }
}

fn interval(low: f64, high: f64, language: Language) -> String {
    format!("{} – {}", language.percent(low), language.percent(high))
}

/// The headline rates of a report, as a table for the terminal.
pub(super) fn headlines(report: &report::Report) -> String {
    let language = report.context.language;
    let mut sheet =
        Sheet::new(["table-rate", "table-value", "table-interval", "table-counts"].map(|key| language.say(key)));
    for figure in report.headlines.iter().flat_map(|headline| headline.figure.iter().chain(&headline.beside)) {
        let counts = language.of(figure.numerator, figure.denominator);
        let cells = vec![
            Shown::Name(figure.metric.clone()),
            Shown::Main(language.value(Some(figure))),
            Shown::Beside(language.interval(Some(figure))),
            Shown::Number(counts),
        ];
        sheet.add(cells, figure.value);
    }
    format!("{}\n", sheet.text())
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
                named("lower_bound", json!(row.bound == Bound::Least)),
                named("upper_bound", json!(row.bound == Bound::Most)),
            ]
        }
        Counts::Distribution(distribution) => std::iter::once(named("n", json!(distribution.n())))
            .chain(QUANTILES.iter().map(|(name, q)| named(name, json!(distribution.quantile(*q)))))
            .collect(),
    }
}

/// The answer as CSV with a header; what has no value is an empty cell.
pub(super) fn csv(answer: &Answer) -> Result<String> {
    let header = answer.rows.first().map(numbers).unwrap_or_default();
    let names = answer.by.iter().map(String::as_str).chain(header.iter().map(|(name, _)| name.as_str()));
    let row = |row: &Row| {
        let values = numbers(row).into_iter().map(|(_, value)| match value {
            Value::Null => String::new(),
            value => value.to_string(),
        });
        let segment = row.segment.iter().map(|value| disarmed(value.as_deref().unwrap_or_default()));
        segment.chain(values).collect::<Vec<String>>()
    };
    csv_of(names, answer.rows.iter().map(row))
}

/// Rows under a header, as CSV.
fn csv_of<'h, R>(header: impl IntoIterator<Item = &'h str>, rows: impl IntoIterator<Item = R>) -> Result<String>
where
    R: IntoIterator<Item = String>,
{
    let broken = |error: csv::Error| Error::Usage(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(broken)?;
    for row in rows {
        writer.write_record(row).map_err(broken)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::Usage(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a channel cannot tell, or not wholly: `never: delivered, opened; lower bound: clicks`.
fn shortfalls(abilities: &Abilities) -> String {
    let named = |wanted: Ability| {
        let names = Abilities::NAMES.into_iter().zip(abilities.all()).filter(|(_, ability)| *ability == wanted);
        let names: Vec<&str> = names.map(|(name, _)| name).collect();
        (!names.is_empty()).then(|| format!("{}: {}", wanted.words(), names.join(", ")))
    };
    let parts = [Ability::Never, Ability::NeedsSendLog, Ability::LowerBound].into_iter().filter_map(named);
    parts.collect::<Vec<_>>().join("; ")
}

/// The balance in two lines, with the reasons beneath and what each channel tells.
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
    for (name, n) in balance.channels() {
        let channel = channels::named(name).filter(|channel| !channel.is_any_platform());
        let abilities = channel.map(|channel| shortfalls(&channel.abilities)).filter(|text| !text.is_empty());
        let abilities = abilities.map(|text| format!("; {text}"));
        let _ = writeln!(text, "channel: {name}, {} records{}", count(n), abilities.unwrap_or_default());
    }
    if let Some(version) = balance.version {
        let _ = writeln!(text, "store:   version {version}");
    }
    text
}

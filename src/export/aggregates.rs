//! Aggregates: what metrics and funnels count, as tables. Numerators and denominators stand apart, so that they can be added up
//! further; intervals are columns of their own.
//!
//! Counts nothing: asks `metrics` and `funnel`, and puts their answers in rows.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use jiff::civil::Date;

use super::columns::{Builder, Value};
use super::dimensions::{ACCOUNT, FLOW_VERSION, QUESTION, join};
use super::gather::days_of;
use super::state::Small;
use super::table::{Class, Column, Kind, Table};
use crate::error::Result;
use crate::facts;
use crate::funnel::{self, Funnel, Step};
use crate::metrics::{Answer, Ask, Bound, Counts, Metric, Row, segment};

/// What days are told apart by further, where a metric's table has it.
const DAILY: [&str; 6] = ["channel", "account", "campaign", "flow", "flow_version", "question"];
/// What whole ranges are broken down by, one at a time, where a metric's table has it.
const SEGMENTS: [&str; 9] =
    ["account", "campaign", "channel", "country", "flow", "language", "question", "template", "variant"];
/// What funnels are broken down by, one at a time.
const OF_FUNNELS: [&str; 2] = ["campaign", "channel"];

/// The segment key of all rows together.
const ALL: &str = "all";

/// The tables of aggregates, and the dimension that only they have.
pub(super) fn tables() -> Vec<Table> {
    let word = |name, meaning| Column::new(name, Kind::Word, meaning);
    let number = |name, meaning| Column::new(name, Kind::Number, meaning);
    let real = |name, meaning| Column::new(name, Kind::Real, meaning);
    let key =
        || word("segment_key", "column and value as one text, 'all' for all rows together; the key of dim_segment");
    let bound = || {
        word(
            "bound",
            "exact; least: channels tell of some cases only, so the true value may be higher; most: it may be lower",
        )
    };
    let daily = vec![
        Column::new("day", Kind::Day, "day of the rows in the report's time zone; null: not known"),
        word("metric", "id of the metric; the contract says what it means"),
        word("channel", "platform"),
        word("account", "the business's endpoint; null: the log does not say, or the metric is not of accounts"),
        word("campaign", "campaign; null: none, or the metric is not of campaigns"),
        word("flow", "scripted dialogue; null: none, or the metric is not of flows"),
        word("flow_version", "edition of the flow; null: not known, or the metric is not of editions"),
        word("question", "question; null: none, or the metric is not of questions"),
        word("account_key", "channel and account as one text; null: the metric is not of accounts"),
        word(
            "flow_version_key",
            "flow and edition as one text; null: no flow is known, or the metric is not of editions",
        ),
        word(
            "question_key",
            "flow, edition and question as one text; null: no question is known, or the metric is not of questions",
        ),
        number("numerator", "rows that did it; null: the metric is a distribution"),
        number("denominator", "rows that could have; null: the metric is a distribution"),
        number("n", "values; null: the metric is a rate").unit("1"),
        number("sum", "sum of the values, in the metric's unit; null: the metric is a rate"),
        bound(),
    ];
    let results = vec![
        word("metric", "id of the metric; the contract says what it means"),
        key(),
        word("segment", "column by which rows are told apart; null: all rows together"),
        word("value", "value of that column; null: not known, or all rows together"),
        number("numerator", "rows that did it; null: not measurable, or the metric is a distribution"),
        number("denominator", "rows that could have; null: not measurable, or the metric is a distribution"),
        real("low", "lower end of the 95 % interval of the rate; null: there is none"),
        real("high", "upper end of the 95 % interval of the rate; null: there is none"),
        number("n", "values; null: not measurable, or the metric is a rate").unit("1"),
        number("sum", "sum of the values; null: not measurable, or the metric is a rate"),
        number("median", "smallest value that at least half of the values do not exceed; null: there is no value"),
        number("p90", "the same for 90 %; null: there is no value"),
        number("p99", "the same for 99 %; null: there is no value"),
        Column::new("measurable", Kind::Flag, "a channel of these rows can tell what is counted"),
        bound(),
    ];
    let funnels = vec![
        word("funnel", "name of the funnel"),
        key(),
        word("segment", "column by which ways are told apart; null: all ways together"),
        word("value", "value of that column; null: not known, or all ways together"),
        Column::new("step_number", Kind::Count, "place of the step, from 1"),
        word("step", "name of the step"),
        word("unit", "what is counted: contact, conversation or attempt"),
        Column::new("is_optional", Kind::Flag, "the step may be skipped"),
        number("n_reached", "units that got to the step"),
        number("n_converted", "of these, those that got to a later step; at the last step, all"),
        number("n_lost", "of these, those that got no further and no longer can"),
        number("n_excluded", "of the lost, those whose way an exclusion ended"),
        number("n_open", "of these, those that got no further and still can"),
        number("n_from_start", "units that entered and are not open before this step: n_reached of these got here"),
        number(
            "n_from_previous",
            "units that reached the required step before and are not open on the way: n_reached of these got here",
        ),
        number("median_s", "median of the time since the step passed before; null: nobody has passed one"),
        number("median_from_start_s", "median of the time since the first step; null: it is the first"),
    ];
    let segments = vec![
        key(),
        word("segment", "column by which rows are told apart; null: all rows together"),
        word("value", "value of that column; null: not known, or all rows together"),
    ];
    let keys: &[&str] = &["day", "metric", "channel", "account", "campaign", "flow", "flow_version", "question"];
    vec![
        Table::small(
            Class::Aggregate,
            "daily_counts",
            "day, metric, channel, account, campaign, flow, edition and question for which something was counted; metrics whose counts do not add up are left out",
            keys,
            daily,
        )
        .by_month(),
        Table::small(
            Class::Aggregate,
            "metric_results",
            "metric and segment over the whole range",
            &["metric", "segment_key"],
            results,
        ),
        Table::small(
            Class::Aggregate,
            "funnel_results",
            "funnel, segment and step over the whole range",
            &["funnel", "segment_key", "step_number"],
            funnels,
        ),
        Table::small(Class::Dimension, "dim_segment", "column and value by which results are broken down", &["segment_key"], segments),
    ]
}

/// What has to be counted for some tables.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) asks: Vec<Ask>,
    pub(super) funnels: Vec<Funnel>,
}

impl Wanted {
    pub(super) fn new(tables: &[&'static Table]) -> Result<Self> {
        let has = |name: &str| tables.iter().any(|table| table.name == name);
        let mut wanted = Self::default();
        for metric in Metric::all()? {
            let knows = |name: &&str| facts::grain(&metric.table).is_some_and(|grain| segment::is_known(grain, name));
            if has("daily_counts") && !metric.counts_distinct() {
                let by: Vec<&str> = ["day"].into_iter().chain(DAILY.into_iter().filter(knows)).collect();
                wanted.asks.push(Ask::new(&metric.id, &by));
            }
            if has("metric_results") || has("dim_segment") {
                wanted.asks.push(Ask::new(&metric.id, &[]));
                wanted
                    .asks
                    .extend(SEGMENTS.iter().filter(|name| knows(name)).map(|name| Ask::new(&metric.id, &[name])));
            }
        }
        if has("funnel_results") || has("dim_segment") {
            for funnel in funnel::catalog::all()? {
                wanted.funnels.push(funnel.clone().broken_down(&[])?);
                for name in OF_FUNNELS {
                    wanted.funnels.push(funnel.clone().broken_down(&[name.to_owned()])?);
                }
            }
        }
        Ok(wanted)
    }
}

/// Puts the answers in rows.
pub(super) fn made(tables: &[&'static Table], answers: &[Answer], funnels: &[funnel::Answer]) -> Result<Small> {
    let mut small = Small::new();
    for table in tables {
        let made = match table.name {
            "daily_counts" => daily(table, answers)?,
            "metric_results" => vec![(None, results(table, answers)?)],
            "funnel_results" => vec![(None, of_funnels(table, funnels)?)],
            "dim_segment" => vec![(None, segments(table, answers, funnels)?)],
            _ => continue,
        };
        small.insert(table.name, made);
    }
    Ok(small)
}

/// Answers that are broken down by one column or none.
fn coarse(answers: &[Answer]) -> impl Iterator<Item = (&Answer, &Row)> {
    let coarse = answers.iter().filter(|answer| answer.by.first().is_none_or(|name| name != "day"));
    coarse.flat_map(|answer| answer.rows.iter().map(move |row| (answer, row)))
}

/// Key, column and value of a segment.
fn named<'a>(by: &'a [String], segment: &'a [Option<String>]) -> [Value<'a>; 3] {
    let Some(column) = by.first() else { return [ALL.into(), Value::Null, Value::Null] };
    let value = segment.first().and_then(Option::as_deref);
    [join(&[Some(column), value]).into(), column.as_str().into(), value.into()]
}

fn bound(row: &Row) -> Value<'static> {
    match row.bound {
        Bound::Exact => "exact",
        Bound::Least => "least",
        Bound::Most => "most",
    }
    .into()
}

/// Number of values and their sum.
fn sum(counts: &Counts) -> Option<(u64, i64)> {
    let distribution = counts.distribution()?;
    let of_value = |(value, n): (&i64, &u64)| value.saturating_mul(i64::try_from(*n).unwrap_or(i64::MAX));
    Some((distribution.n(), distribution.0.iter().map(of_value).fold(0, i64::saturating_add)))
}

fn daily(table: &Table, answers: &[Answer]) -> Result<Vec<(Option<String>, RecordBatch)>> {
    let is_something = |row: &&Row| match &row.counts {
        Counts::Rate(rate) => rate.denominator > 0 || rate.numerator > 0,
        Counts::Distribution(distribution) => distribution.n() > 0,
    };
    let of_days = answers.iter().filter(|answer| answer.by.first().is_some_and(|name| name == "day"));
    let mut rows: Vec<(&Answer, &Row)> =
        of_days.flat_map(|answer| answer.rows.iter().filter(is_something).map(move |row| (answer, row))).collect();
    rows.sort_by(|(left, one), (right, other)| {
        let days = one.segment.first().cmp(&other.segment.first());
        days.then_with(|| left.metric.cmp(&right.metric)).then_with(|| one.segment.cmp(&other.segment))
    });
    let mut months: BTreeMap<Option<String>, Builder<'_>> = BTreeMap::new();
    for (answer, row) in rows {
        let day = row.segment.first().and_then(Option::as_deref);
        let date = day.and_then(|day| day.parse::<Date>().ok());
        let month = date.map(|date| date.strftime("%Y-%m").to_string());
        let of = |name: &str| {
            let place = answer.by.iter().position(|known| known == name)?;
            row.segment.get(place)?.as_deref()
        };
        let is_of = |columns: &[&str]| columns.iter().all(|name| answer.by.iter().any(|known| known == name));
        let key = |subject: &super::dimensions::Subject| {
            let words: Vec<Option<&str>> = subject.columns.iter().map(|name| of(name)).collect();
            subject.key_of(&words).filter(|_| is_of(subject.columns))
        };
        let mut values: Vec<Value<'_>> =
            vec![date.map(|date| i64::from(days_of(date))).into(), answer.metric.as_str().into()];
        values.extend(DAILY.iter().map(|name| Value::from(of(name))));
        values.extend([key(&ACCOUNT), key(&FLOW_VERSION), key(&QUESTION)].map(Value::from));
        let (rate, sum) = (row.counts.rate(), sum(&row.counts));
        values.extend([
            rate.map(|rate| rate.numerator).into(),
            rate.map(|rate| rate.denominator).into(),
            sum.map(|sum| sum.0).into(),
            sum.map(|sum| sum.1).into(),
            bound(row),
        ]);
        months.entry(month).or_insert_with(|| Builder::new(table)).push(&values);
    }
    months.into_iter().map(|(month, rows)| Ok((month, rows.finish()?))).collect()
}

fn results(table: &Table, answers: &[Answer]) -> Result<RecordBatch> {
    let mut rows = Builder::new(table);
    for (answer, row) in coarse(answers) {
        let told = row.measurable;
        let (rate, sum) = (row.counts.rate().filter(|_| told), sum(&row.counts).filter(|_| told));
        let interval = rate.and_then(crate::rate::Rate::interval);
        let quantile = |q| row.counts.distribution().filter(|_| told).and_then(|found| found.quantile(q));
        let mut values: Vec<Value<'_>> = vec![answer.metric.as_str().into()];
        values.extend(named(&answer.by, &row.segment));
        values.extend([
            rate.map(|rate| rate.numerator).into(),
            rate.map(|rate| rate.denominator).into(),
            interval.map(|interval| interval.0).into(),
            interval.map(|interval| interval.1).into(),
            sum.map(|sum| sum.0).into(),
            sum.map(|sum| sum.1).into(),
            quantile(0.5).into(),
            quantile(0.9).into(),
            quantile(0.99).into(),
            told.into(),
            bound(row),
        ]);
        rows.push(&values);
    }
    rows.finish()
}

fn of_funnels(table: &Table, answers: &[funnel::Answer]) -> Result<RecordBatch> {
    let mut rows = Builder::new(table);
    for answer in answers {
        for row in &answer.rows {
            for (number, step) in row.steps.iter().enumerate() {
                let Step { step: name, optional, reached, converted, lost, excluded, open, .. } = step;
                let mut values: Vec<Value<'_>> = vec![answer.funnel.as_str().into()];
                values.extend(named(&answer.by, &row.segment));
                values.extend([
                    (number as u64 + 1).into(),
                    name.as_str().into(),
                    answer.unit.into(),
                    (*optional).into(),
                    (*reached).into(),
                    (*converted).into(),
                    (*lost).into(),
                    (*excluded).into(),
                    (*open).into(),
                    step.from_start.denominator.into(),
                    step.from_previous.denominator.into(),
                    step.seconds.quantile(0.5).into(),
                    step.seconds_from_start.quantile(0.5).into(),
                ]);
                rows.push(&values);
            }
        }
    }
    rows.finish()
}

fn segments(table: &Table, answers: &[Answer], funnels: &[funnel::Answer]) -> Result<RecordBatch> {
    let of_metrics = coarse(answers).map(|(answer, row)| (&answer.by, &row.segment));
    let of_funnels = funnels.iter().flat_map(|answer| answer.rows.iter().map(|row| (&answer.by, &row.segment)));
    let found: BTreeSet<(&Vec<String>, &Vec<Option<String>>)> = of_metrics.chain(of_funnels).collect();
    let mut rows = Builder::new(table);
    for (by, segment) in found {
        rows.push(&named(by, segment));
    }
    rows.finish()
}

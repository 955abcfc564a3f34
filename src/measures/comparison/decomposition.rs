//! Decomposition: how much of the change of a total is other weights of channels or campaigns, and how much happened inside.

use super::super::table::{Column, Message, Row, Table, Value};
use super::{rate_value, smaller};
use crate::facts;
use crate::metrics::{self, Ask, Metric, segment};
use crate::rate::Rate;
use crate::statistics::decomposition::decompose;

/// By what totals are taken apart.
const COLUMNS: &[&str] = &["channel", "campaign"];

/// The segments of the metrics.
pub(super) fn asks(metrics: &[&str]) -> Vec<Ask> {
    let is_known = |metric: &str, column| {
        let grain = Metric::find(metric).ok().and_then(|metric| facts::grain(&metric.table));
        grain.is_some_and(|grain| segment::is_known(grain, column))
    };
    let of_metric = |metric| {
        COLUMNS.iter().filter(move |column| is_known(metric, column)).map(move |column| Ask::new(metric, &[column]))
    };
    metrics.iter().copied().flat_map(of_metric).collect()
}

/// The parts of every total's change, and those of each segment. `now` and `before` give the rows of a question.
pub(super) fn tables(
    metrics: &[&str],
    now: impl Fn(&Ask) -> Vec<metrics::Row>,
    before: impl Fn(&Ask) -> Vec<metrics::Row>,
) -> Vec<Table> {
    let (mut totals, mut segments) = (Vec::new(), Vec::new());
    for ask in asks(metrics) {
        let (new, old) = (now(&ask), before(&ask));
        let only_old = old.iter().filter(|row| new.iter().all(|known| known.segment != row.segment));
        let names: Vec<&[Option<String>]> = new.iter().chain(only_old).map(|row| row.segment.as_slice()).collect();
        let pairs: Vec<(Rate, Rate)> = names.iter().map(|name| (rate(&old, name), rate(&new, name))).collect();
        let Some(effects) = decompose(&pairs) else { continue };
        let (mut old, mut new) = (Rate::default(), Rate::default());
        for (before, after) in &pairs {
            old.add(*before);
            new.add(*after);
        }
        let points = |value| Value::Points { value, interval: None };
        let head = || {
            [Value::Metric(ask.metric.clone()), Message::list(ask.by.iter().map(|name| Value::Column(name.clone())))]
        };
        let (mix, within): (f64, f64) =
            effects.iter().fold((0.0, 0.0), |sum, effect| (sum.0 + effect.mix, sum.1 + effect.within));
        let parts = [mix + within, mix, within].map(points);
        totals.push(Row::new(smaller(old, new), head().into_iter().chain(parts).collect()));
        for ((name, (before, after)), effect) in names.iter().zip(&pairs).zip(&effects) {
            let weight = |part: &Rate, whole: Rate| {
                let share = Rate { numerator: part.denominator, ..whole }.value();
                share.map_or(Value::Unknown, |value| Value::Share { value, interval: None })
            };
            if before.denominator == 0 && after.denominator == 0 {
                continue;
            }
            let name = Value::name(name.first().and_then(Option::as_deref));
            let cells = head().into_iter().chain([
                name,
                weight(after, new),
                weight(before, old),
                rate_value(*after),
                rate_value(*before),
                points(effect.mix),
                points(effect.within),
            ]);
            segments.push(Row::new(smaller(*before, *after), cells.collect()));
        }
    }
    let head = || [Column::new("metric"), Column::new("by")];
    let effects = || [Column::new("mix"), Column::new("within")];
    let sides = [
        Column::new("segment"),
        Column::new("weight"),
        Column::new("weight_before"),
        Column::new("rate"),
        Column::new("rate_before"),
    ];
    let change = [Column::new("difference")];
    vec![
        Table {
            id: "decomposition",
            columns: head().into_iter().chain(change).chain(effects()).collect(),
            rows: totals,
            notes: vec![Message::of("comparison-decomposition.note")],
            ..Table::default()
        },
        Table {
            id: "decomposition_by_segment",
            columns: head().into_iter().chain(sides).chain(effects()).collect(),
            rows: segments,
            notes: vec![Message::of("comparison-decomposition_by_segment.note")],
            ..Table::default()
        },
    ]
}

fn rate(rows: &[metrics::Row], segment: &[Option<String>]) -> Rate {
    rows.iter().find(|row| row.segment == segment).and_then(|row| row.counts.rate()).unwrap_or_default()
}

//! Paths: how contacts came to each question, the same drop-off by first, best and every pass, what followed each question,
//! loops and what they cost. How far conversations came, and what nobody used, stand in files of their own.

mod coverage;
mod reached;

use std::cmp::Reverse;

use super::table::Message;
use super::{Column, Measure, Row, Setting, Table, Value, columns_of};
use crate::config::Flow;
use crate::error::Result;
use crate::metrics::{self, Answers, Ask, Bound, Counts, Distribution, Rate};

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "paths", asks, tables };

const QUESTION: &[&str] = &["flow", "question"];
const NEXT: &[&str] = &["flow", "question", "next_question", "changes_flow"];
const LOOP: &[&str] = &["flow", "question", "loop_kind"];
const KIND: &[&str] = &["loop_kind"];
/// Drop-off by pass, and what it is called there.
const PASSES: [(&str, &str); 3] = [
    ("question_drop_off_rate@first_pass", "paths-passes.first"),
    ("question_drop_off_rate@best_pass", "paths-passes.best"),
    ("question_drop_off_rate", "paths-passes.every"),
];
const ENTRIES: [&str; 3] = ["question_entered_rate", "question_resumed_rate", "question_back_rate"];
const LOOPS: [&str; 4] = ["question_loop_rate", "loop_same_answer_rate", "loop_seconds", "loop_acts"];

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    let by_question = PASSES.iter().map(|(metric, _)| *metric).chain(ENTRIES);
    by_question
        .map(|metric| setting.ask(metric, QUESTION))
        .chain(LOOPS.map(|metric| setting.ask(metric, LOOP)))
        .chain([setting.ask("question_next_rate", NEXT)])
        .chain(reached::asks(setting))
        .chain(coverage::asks(setting))
        .collect()
}

#[expect(clippy::unnecessary_wraps, reason = "every measure has this signature")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    Ok(vec![
        reached::table(setting, answers),
        passes(setting, answers),
        entries(setting, answers),
        loops(setting, answers),
        followed(setting, answers),
        coverage::questions(setting, answers),
        coverage::options(setting, answers),
    ])
}

/// The declared flows, as answers are held against them.
#[derive(Clone, Copy)]
struct Declared<'c>(&'c [Flow]);

impl<'c> Declared<'c> {
    /// Flow, its edition if any is declared, and these columns.
    fn columns<'n>(self, own: &[&'n str]) -> Vec<&'n str> {
        let edition = self.has_editions().then_some("flow_version");
        ["flow"].into_iter().chain(edition).chain(own.iter().copied()).collect()
    }

    fn has_editions(self) -> bool {
        self.0.iter().any(|flow| flow.version.is_some())
    }

    /// The declaration of an edition; without one, that of every edition.
    fn of(self, flow: Option<&str>, version: Option<&str>) -> Option<&'c Flow> {
        let mut named = self.0.iter().filter(|declared| Some(declared.name.as_str()) == flow);
        let exact = named.clone().find(|declared| declared.version.is_some() && declared.version.as_deref() == version);
        exact.or_else(|| named.find(|declared| declared.version.is_none()))
    }
}

fn names<'n>(segment: impl IntoIterator<Item = Option<&'n str>>) -> impl Iterator<Item = Value> {
    segment.into_iter().map(Value::name)
}

fn whole(row: &metrics::Row) -> impl Iterator<Item = Value> {
    names(row.segment.iter().map(Option::as_deref))
}

fn counts_of<'a>(answers: &Answers<'a>, ask: &Ask, segment: &[Option<String>]) -> Option<&'a Counts> {
    answers.rows(ask).iter().find(|row| row.segment == segment).map(|row| &row.counts)
}

fn rate_of(answers: &Answers<'_>, ask: &Ask, segment: &[Option<String>]) -> Option<Rate> {
    counts_of(answers, ask, segment)?.rate()
}

fn passes(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let asks = PASSES.map(|(metric, _)| setting.ask(metric, QUESTION));
    let [_, _, every] = &asks;
    let rows = answers.rows(every).iter().map(|row| {
        let rates = asks.iter().map(|ask| rate_of(answers, ask, &row.segment));
        let cells = rates.map(|rate| rate.map_or(Value::Unknown, |rate| Value::Rate { rate, bound: Bound::Exact }));
        let n = row.counts.rate().map_or(0, |rate| rate.denominator);
        Row::new(n, whole(row).chain(cells).collect())
    });
    let own = PASSES.map(|(metric, title)| Column::of(metric).saying(Message::of(title)));
    Table {
        id: "passes",
        columns: columns_of(&every.by).into_iter().chain(own).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// How contacts came to each question.
fn entries(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let [entered, resumed, back] = ENTRIES.map(|metric| setting.ask(metric, QUESTION));
    let rows = answers.rows(&entered).iter().filter_map(|row| {
        let came_in = row.counts.rate()?;
        let [first, back] = [&resumed, &back].map(|ask| rate_of(answers, ask, &row.segment).unwrap_or_default());
        let counts = [
            first.denominator.saturating_sub(first.numerator),
            first.numerator,
            came_in.numerator.saturating_sub(first.denominator),
            back.numerator,
            came_in.denominator.saturating_sub(came_in.numerator + back.numerator),
        ];
        let share = Value::Rate { rate: first, bound: Bound::Exact };
        let cells = whole(row).chain(counts.map(Value::Count)).chain([share]);
        Some(Row::new(came_in.denominator, cells.collect()))
    });
    let own = [
        Column::new("fresh"),
        Column::new("resumed"),
        Column::new("returned"),
        Column::new("back"),
        Column::new("onward"),
        Column::of("question_resumed_rate"),
    ];
    Table {
        id: "entries",
        columns: columns_of(&entered.by).into_iter().chain(own).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// Loops by kind, the most expensive first.
fn loops(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let [rate, same, seconds, acts] = LOOPS.map(|id| setting.ask(id, LOOP));
    let all = answers.rows(&rate);
    let mut rows: Vec<(Reverse<(i64, i64)>, Row)> = Vec::new();
    for row in all {
        let (Some(kind), Some(found)) = (rate.value(row, "loop_kind"), row.counts.rate()) else { continue };
        if found.numerator == 0 {
            continue;
        }
        let same_place = all.iter().filter(|other| rate.others(other, KIND) == rate.others(row, KIND));
        let visits = same_place.filter_map(|other| other.counts.rate()).map(|rate| rate.denominator).sum();
        let [seconds, acts] = [&seconds, &acts].map(|ask| {
            counts_of(answers, ask, &row.segment).and_then(Counts::distribution).cloned().unwrap_or_default()
        });
        let cost = (sum(&seconds), sum(&acts));
        let same = rate_of(answers, &same, &row.segment).filter(|rate| rate.denominator > 0);
        let cells = [
            Value::word(loop_word(kind)),
            Value::rate(found.numerator, visits),
            same.map_or(Value::Unmeasurable, |rate| Value::Rate { rate, bound: Bound::Exact }),
            Value::quantile(&seconds, 0.5),
            Value::Seconds(cost.0),
            Value::Count(cost.1.unsigned_abs()),
        ];
        rows.push((Reverse(cost), Row::new(visits, names(rate.others(row, KIND)).chain(cells).collect())));
    }
    // Of equal cost, they stay in the order of the flow.
    rows.sort_by_key(|(cost, _)| *cost);
    let own = [
        Column::new("loop_kind"),
        Column::of("question_loop_rate"),
        Column::of("loop_same_answer_rate"),
        Column::of("loop_seconds"),
        Column::new("total_seconds"),
        Column::of("loop_acts"),
    ];
    let none = rows.is_empty().then(|| Message::of("paths-loops.none"));
    Table {
        id: "loops",
        columns: columns_of(rate.by.iter().filter(|name| *name != "loop_kind")).into_iter().chain(own).collect(),
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        notes: none.into_iter().chain([Message::of("paths-loops.note")]).collect(),
        ..Table::default()
    }
}

/// What a kind of loop is called.
fn loop_word(kind: &str) -> &'static str {
    match kind {
        "asked_again" => "paths-asked-again",
        _ => "paths-back-and-forth",
    }
}

/// All values together.
fn sum(distribution: &Distribution) -> i64 {
    let product = |(&value, &count): (&i64, &u64)| value.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX));
    distribution.0.iter().map(product).fold(0, i64::saturating_add)
}

fn followed(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let ask = setting.ask("question_next_rate", NEXT);
    let rows = answers.rows(&ask).iter().filter_map(|row| {
        let Counts::Rate(rate) = row.counts else { return None };
        let next = ask.value(row, "next_question");
        let (going_on, ended) = (rate.numerator, rate.denominator - rate.numerator);
        let (next, counts) = match (ask.value(row, "changes_flow"), next) {
            (Some("true"), next) => (Value::name(next), [0, rate.denominator, 0, 0]),
            (_, Some(next)) => (Value::name(Some(next)), [going_on, 0, 0, 0]),
            (_, None) => (Value::word("paths-the-end"), [0, 0, going_on, ended]),
        };
        let front = names(ask.others(row, &["next_question", "changes_flow"]));
        (rate.denominator > 0)
            .then(|| Row::new(rate.denominator, front.chain([next]).chain(counts.map(Value::Count)).collect()))
    });
    let own = [
        Column::new("next_question"),
        Column::new("n_next"),
        Column::new("n_other_flow"),
        Column::new("n_completed"),
        Column::new("n_ended"),
    ];
    let front = ask.by.iter().filter(|name| !["next_question", "changes_flow"].contains(&name.as_str()));
    Table {
        id: "transitions",
        columns: columns_of(front).into_iter().chain(own).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

#[cfg(test)]
mod tests;

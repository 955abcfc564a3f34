//! Paths: the same drop-off by first, best and every pass; what followed each question; loops and what they cost; questions
//! of declared flows that nobody reached.

use super::{Column, Measure, Row, Setting, Table, Value};
use crate::error::Result;
use crate::metrics::{Answers, Ask, Counts, Distribution, Rate};

/// The measure.
pub(super) static MEASURE: Measure = Measure {
    id: "paths",
    name: "Ways through the questions",
    meaning: "Drop-off by first, best and every pass, what followed each question, what loops cost, and questions that nobody reached.",
    formula: "first pass: visits that are the first to the question in their conversation; best pass: one visit per conversation and \
              question, the one that came furthest; every pass: all visits",
    unit: "visits",
    follows: "PostHog and Mixpanel count first, last or every pass without saying which; process mining: directly-follows counts, loops of length one and two",
    caveat: "A return after more than the session gap is another conversation. Circles over three or more questions are no loops here.",
    asks,
    tables,
};

const QUESTION: &[&str] = &["flow", "question"];
const NEXT: &[&str] = &["flow", "question", "next_question"];
const PASSES: [(&str, &str); 3] = [
    ("question_drop_off_rate@first_pass", "First pass"),
    ("question_drop_off_rate@best_pass", "Best pass"),
    ("question_drop_off_rate", "Every pass"),
];

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    let loops = ["question_loop_rate", "loop_seconds", "loop_acts"];
    let by_question = PASSES.iter().map(|(metric, _)| *metric).chain(loops);
    by_question.map(|metric| setting.ask(metric, QUESTION)).chain([setting.ask("question_next_rate", NEXT)]).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "every measure has this signature")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    Ok(vec![passes(setting, answers), loops(setting, answers), followed(setting, answers), unreached(setting, answers)])
}

/// The columns of a breakdown: the caller's, then these.
fn columns(setting: &Setting<'_>, own: &[&str]) -> Vec<Column> {
    setting.ask("", own).by.iter().map(|name| Column::new(name, &name.replace('_', " "))).collect()
}

fn names(segment: &[Option<String>]) -> Vec<Value> {
    segment.iter().map(|value| Value::name(value.as_deref())).collect()
}

fn rate_of(answers: &Answers<'_>, ask: &Ask, segment: &[Option<String>]) -> Option<Rate> {
    answers.rows(ask).iter().find(|row| row.segment == segment)?.counts.rate()
}

fn distribution_of<'a>(answers: &Answers<'a>, ask: &Ask, segment: &[Option<String>]) -> Option<&'a Distribution> {
    answers.rows(ask).iter().find(|row| row.segment == segment)?.counts.distribution()
}

fn passes(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let asks = PASSES.map(|(metric, _)| setting.ask(metric, QUESTION));
    let [_, _, every] = &asks;
    let rows = answers.rows(every).iter().map(|row| {
        let rates = asks.iter().map(|ask| rate_of(answers, ask, &row.segment));
        let cells = rates.map(|rate| rate.map_or(Value::Unknown, |rate| Value::Rate { rate, lower_bound: false }));
        let n = row.counts.rate().map_or(0, |rate| rate.denominator);
        Row::new(n, names(&row.segment).into_iter().chain(cells).collect())
    });
    let own = PASSES.map(|(metric, title)| Column::of(metric, title));
    Table {
        id: "passes",
        title: "Drop-off by pass".to_owned(),
        columns: columns(setting, QUESTION).into_iter().chain(own).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

fn loops(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let [rate, seconds, acts] = ["question_loop_rate", "loop_seconds", "loop_acts"].map(|id| setting.ask(id, QUESTION));
    let looped = answers.rows(&rate).iter().filter_map(|row| Some((row, row.counts.rate()?)));
    let rows = looped.filter(|(_, rate)| rate.numerator > 0).map(|(row, rate)| {
        let [seconds, acts] = [&seconds, &acts].map(|ask| distribution_of(answers, ask, &row.segment));
        let median = seconds.map_or(Value::Unknown, |seconds| Value::quantile(seconds, 0.5));
        let cells = [
            Value::Rate { rate, lower_bound: false },
            median,
            seconds.map_or(Value::Unknown, |seconds| Value::Seconds(sum(seconds))),
            acts.map_or(Value::Unknown, |acts| Value::Count(sum(acts).unsigned_abs())),
        ];
        Row::new(rate.denominator, names(&row.segment).into_iter().chain(cells).collect())
    });
    let own = [
        Column::of("question_loop_rate", "Visits in a loop"),
        Column::of("loop_seconds", "Median time lost"),
        Column::new("total_seconds", "Time lost in all"),
        Column::of("loop_acts", "Messages lost in all"),
    ];
    let rows: Vec<Row> = rows.collect();
    let none = if rows.is_empty() { "Nobody went round in a loop. " } else { "" };
    let note =
        format!("{none}A loop: asked for the third time in one visit, or back at a question by way of one other.");
    Table {
        id: "loops",
        title: "Loops and what they cost".to_owned(),
        columns: columns(setting, QUESTION).into_iter().chain(own).collect(),
        rows,
        note,
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
        let completed = row.segment.last().is_some_and(Option::is_none);
        let (going_on, ended) = (rate.numerator, rate.denominator - rate.numerator);
        let mut cells = names(&row.segment);
        if completed && let Some(next) = cells.last_mut() {
            *next = Value::Text("(the end)".to_owned());
        }
        let counts = if completed { [0, going_on, ended] } else { [going_on, 0, 0] };
        (rate.denominator > 0)
            .then(|| Row::new(rate.denominator, cells.into_iter().chain(counts.map(Value::Count)).collect()))
    });
    let own = [
        Column::new("n_next", "Went on to it"),
        Column::new("n_completed", "Completed"),
        Column::new("n_ended", "Ended without"),
    ];
    Table {
        id: "transitions",
        title: "What followed each question".to_owned(),
        columns: columns(setting, NEXT).into_iter().chain(own).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// Declared questions that no visit of the range was to, and those after which nobody went on.
fn unreached(setting: &Setting<'_>, answers: &Answers<'_>) -> Table {
    let ask = setting.ask("question_next_rate", NEXT);
    let place = |name: &str| ask.by.iter().position(|column| column == name);
    let (flow_place, question_place) = (place("flow"), place("question"));
    let counts = |flow: &str, question: &str| {
        let mut total = Rate::default();
        for row in answers.rows(&ask) {
            let is = |place: Option<usize>, name: &str| {
                place.and_then(|place| row.segment.get(place)?.as_deref()).is_some_and(|value| value == name)
            };
            if is(flow_place, flow) && is(question_place, question) {
                total.add(row.counts.rate().unwrap_or_default());
            }
        }
        total
    };
    let mut rows = Vec::new();
    for flow in &setting.config.flow {
        for question in &flow.questions {
            let rate = counts(&flow.name, question);
            let what = match (rate.numerator, rate.denominator) {
                (_, 0) => "never reached",
                (0, _) => "dead end: nobody went on or completed",
                _ => continue,
            };
            let cells = vec![
                Value::name(Some(&flow.name)),
                Value::name(flow.version.as_deref()),
                Value::name(Some(question)),
                Value::Text(what.to_owned()),
                Value::Count(rate.denominator),
            ];
            rows.push(Row { cells, ..Row::default() });
        }
    }
    let columns = [
        ("flow", "flow"),
        ("flow_version", "flow version"),
        ("question", "question"),
        ("finding", "Finding"),
        ("n_visits", "Decided visits"),
    ];
    let note =
        if rows.is_empty() { "Every declared question was reached, and somebody went on from each." } else { "" };
    Table {
        id: "coverage",
        title: "Declared questions that lead nowhere".to_owned(),
        columns: columns.map(|(name, title)| Column::new(name, title)).into(),
        rows,
        note: note.to_owned(),
    }
}

//! The chart of leaving: what became of the visits to the questions that lose most.

use super::{Words, alternative, short};
use crate::charts::{self, Course, Estimate, Fate, Moment};
use crate::error::Result;
use crate::measures::{Row, Table, Value};
use crate::report::model::Report;

/// The parts of a bar from its bottom to its top, and the columns that they stand in.
const PARTS: [(Fate, &str); 9] = [
    (Fate::Answered, "answered"),
    (Fate::Skipped, "skipped"),
    (Fate::Waiting, "waiting"),
    (Fate::Silent, "silent"),
    (Fate::NotUnderstood, "not_understood"),
    (Fate::Stopped, "stopped"),
    (Fate::Blocked, "blocked"),
    (Fate::HandedOver, "handed_over"),
    (Fate::Failed, "failed"),
];

/// The chart of one of the measure's tables; most have none.
pub(super) fn charts(report: &Report, index: usize, words: &Words<'_>) -> Result<Vec<String>> {
    let measured = report.measures.iter().find(|measured| measured.measure.id == "leaving");
    let Some(table) = measured.and_then(|measured| measured.tables.get(index)).filter(|table| table.id == "course")
    else {
        return Ok(Vec::new());
    };
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let n_names = place("visits").unwrap_or_default();
    let mut rows: &[Row] = &table.rows;
    let mut courses = Vec::new();
    while let Some(first) = rows.first() {
        let names = first.cells.get(..n_names);
        let n_rows = rows.iter().take_while(|row| row.cells.get(..n_names) == names).count();
        let (of_question, rest) = rows.split_at(n_rows);
        courses.push(course(of_question, table, n_names, words));
        rows = rest;
    }
    if courses.is_empty() {
        return Ok(Vec::new());
    }
    let seen = |fate: Fate| {
        let parts = courses.iter().flat_map(|course| &course.columns).flat_map(|moment| &moment.parts);
        parts.into_iter().any(|(other, estimate, _)| *other == fate && estimate.value > 0.0)
    };
    let legend: Vec<(Fate, String)> = PARTS
        .iter()
        .filter(|(fate, _)| seen(*fate))
        .filter_map(|(fate, name)| Some((*fate, table.columns.get(place(name)?)?.title.to_lowercase())))
        .collect();
    let told: Vec<String> =
        courses.iter().map(|course| format!("{}: {}, {}", course.name, course.value, course.detail)).collect();
    let alternative = alternative("chart-leaving", table.title.clone(), &told);
    let ends = [0.0, 0.5, 1.0].map(|share| words.language.tick(share));
    Ok(vec![charts::course(&alternative, &legend, &ends, &courses)?])
}

/// The rows of one question.
fn course(rows: &[Row], table: &Table, n_names: usize, words: &Words<'_>) -> Course {
    let language = words.language;
    let cell = |row: &'_ Row, name: &str| {
        let place = table.columns.iter().position(|column| column.name == name)?;
        row.cells.get(place).cloned()
    };
    let share = |row: &Row, name: &str| match cell(row, name) {
        Some(Value::Share { value, interval }) => Some(Estimate { value, interval }),
        _ => None,
    };
    let moment = |row: &Row| Moment {
        label: cell(row, "after_s").map_or_else(String::new, |value| written(&value, words)),
        parts: PARTS
            .iter()
            .filter_map(|(fate, name)| {
                let estimate = share(row, name)?;
                Some((*fate, estimate, language.percent(estimate.value)))
            })
            .collect(),
    };
    let last = rows.last();
    let went_on = last.map_or(0.0, |row| {
        ["answered", "skipped"].iter().filter_map(|name| share(row, name)).map(|estimate| estimate.value).sum()
    });
    let names = rows.first().map(|row| row.cells.iter().take(n_names).map(|value| written(value, words)));
    let n_visits = rows.first().and_then(|row| cell(row, "visits"));
    Course {
        name: names.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        value: language.say_with("chart-leaving", &[("share", language.percent((1.0 - went_on).max(0.0)).into())]),
        detail: match n_visits {
            Some(Value::Count(n)) => language.say_with("chart-leaving.visits", &[("n", n.into())]),
            _ => String::new(),
        },
        columns: rows.iter().map(moment).collect(),
    }
}

/// The value alone.
pub(super) fn written(value: &Value, words: &Words<'_>) -> String {
    let [text, ..] = words.language.written(value);
    short(&text)
}

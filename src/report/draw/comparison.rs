//! Charts of comparisons: where every rate was and where it is.

use super::{MOST_ROWS, Words, alternative, axis_of};
use crate::charts::{self, Dumbbell, Estimate, ROWS_PER_CHART};
use crate::error::Result;
use crate::measures::{Row, Table, Value};
use crate::report::model::Report;

/// Names of the columns of the two rates, in the tables that have such.
const SIDES: [[&str; 2]; 2] = [["baseline", "rate"], ["rate_before", "rate"]];
/// What is known of the difference, the more telling first.
const VERDICTS: [&str; 2] = ["verdict", "difference"];

/// The charts of the table with this id.
pub(super) fn charts(report: &Report, id: &str, words: &Words<'_>) -> Result<Vec<String>> {
    let measured = report.measures.iter().find(|measured| measured.measure.id == "comparison");
    let table = measured.and_then(|measured| measured.tables.iter().find(|table| table.id == id));
    let Some(table) = table.filter(|table| table.columns.first().is_some_and(|column| column.name == "metric")) else {
        return Ok(Vec::new());
    };
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let sides = SIDES.iter().find_map(|[before, now]| Some([place(before)?, place(now)?]));
    let (Some(sides), Some(verdict)) = (sides, VERDICTS.iter().find_map(|name| place(name))) else {
        return Ok(Vec::new());
    };
    let rows: Vec<Dumbbell> =
        table.rows.iter().take(MOST_ROWS).filter_map(|row| dumbbell(table, row, sides, verdict, words)).collect();
    let legend = sides.map(|place| table.columns.get(place).map_or_else(String::new, |column| column.title.clone()));
    let title = if table.title.is_empty() { words.language.say("measure-comparison") } else { table.title.clone() };
    rows.chunks(ROWS_PER_CHART)
        .enumerate()
        .map(|(chunk, rows)| {
            let [before, now] = &legend;
            let told: Vec<String> = rows
                .iter()
                .map(|row| {
                    let [was, is] = &row.labels;
                    format!("{}: {before} {was}, {now} {is}; {}", row.name, row.verdict)
                })
                .collect();
            let id = format!("chart-comparison-{}-{chunk}", id.replace('_', "-"));
            charts::dumbbell(&alternative(&id, title.clone(), &told), legend.each_ref().map(String::as_str), rows)
        })
        .collect()
}

/// A row with a value on at least one side.
fn dumbbell(table: &Table, row: &Row, sides: [usize; 2], verdict: usize, words: &Words<'_>) -> Option<Dumbbell> {
    let cell = |place: usize| row.cells.get(place).unwrap_or(&Value::Unknown);
    let [before, now] = sides.map(|place| estimate(cell(place)));
    if before.is_none() && now.is_none() {
        return None;
    }
    let metric = row.cells.first()?;
    // Rates of one metric share their axis, so that its segments can be held against each other.
    let same = table.rows.iter().filter(|other| other.cells.first() == Some(metric));
    let end = axis_of(same.flat_map(|row| sides.map(|place| row.cells.get(place).and_then(estimate))).flatten());
    let text = |place: usize| {
        let column = table.columns.get(place).map_or("", |column| column.name.as_str());
        let [text, ..] = words.language.written_in(column, cell(place));
        text
    };
    let segment = (1..sides.into_iter().min()?).map(text);
    let name = match metric {
        Value::Metric(id) => words.title(id),
        other => words.language.written(other)[0].clone(),
    };
    let differs = match cell(verdict) {
        Value::Verdict { differs, .. } => *differs,
        Value::Points { value, .. } => *value != 0.0,
        _ => false,
    };
    Some(Dumbbell {
        name: std::iter::once(name).chain(segment).collect::<Vec<_>>().join(" · "),
        verdict: text(verdict),
        differs,
        before,
        now,
        labels: sides.map(text),
        end,
        end_label: words.language.tick(end),
    })
}

fn estimate(value: &Value) -> Option<Estimate> {
    let Value::Rate { rate, .. } = value else { return None };
    Some(Estimate { value: rate.value()?, interval: rate.interval() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::comparison::MEASURE;
    use crate::measures::{Column, Measured};
    use crate::report::fixture;

    #[test]
    fn what_differs_is_drawn_in_blue_and_chance_is_pale() {
        let verdict = |value, differs| Value::Verdict { value, interval: None, q: 0.01, differs };
        let row = |metric: &str, before, now, verdict| {
            Row::new(
                100,
                vec![Value::Metric(metric.to_owned()), Value::rate(now, 100), Value::rate(before, 100), verdict],
            )
        };
        let rows = vec![
            row("open_rate", 40, 60, verdict(0.2, true)),
            row("click_rate", 10, 11, verdict(0.01, false)),
            Row::new(0, vec![Value::Metric("reply_rate".into()), Value::Unknown, Value::Unknown, Value::Unknown]),
        ];
        let columns = ["metric", "rate", "baseline", "verdict"].map(Column::new).into();
        let table = Table { id: "differences", columns, rows, ..Table::default() };
        let mut report = fixture::small();
        report.measures = vec![Measured { measure: &MEASURE, tables: vec![table] }];
        let words = Words::new(&report);
        let found = charts(&report, "differences", &words).unwrap();
        let [svg] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(svg.matches("<circle").count(), 1 + 2, "one in the legend and one for each rate with a value");
        assert!(svg.contains("l-pale") || svg.contains("f-pale"), "{svg}");
        assert!(svg.contains("40.0") && svg.contains("60.0"), "{svg}");
        assert!(charts(&report, "assignment", &words).unwrap().is_empty());
    }
}

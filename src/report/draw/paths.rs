//! Charts of how far conversations came: one for each flow, whose bars never rise because every conversation has one furthest
//! question.

use super::{MOST_ROWS, alternative, as_f64, short, told};
use crate::charts;
use crate::error::Result;
use crate::measures::{Row, Table, Value};
use crate::report::model::Report;
use crate::report::text::Language;

const LEGEND: [&str; 3] = ["chart-paths.reached", "chart-paths.stopped", "chart-paths.open"];

/// Where the cells of a row are.
#[derive(Clone, Copy)]
struct Places {
    question: usize,
    reached: usize,
    open: usize,
}

impl Places {
    fn of(table: &Table) -> Option<Self> {
        let place = |name: &str| table.columns.iter().position(|column| column.name == name);
        Some(Self { question: place("question")?, reached: place("reached")?, open: place("open")? })
    }
}

/// The charts of the flows in the order of the table.
pub(super) fn charts(report: &Report, language: Language) -> Result<Vec<String>> {
    let tables =
        report.measures.iter().filter(|measured| measured.measure.id == "paths").flat_map(|found| &found.tables);
    let Some((table, places)) =
        tables.filter(|table| table.id == "reached").find_map(|table| Some((table, Places::of(table)?)))
    else {
        return Ok(Vec::new());
    };
    let is_same_flow =
        |left: &Row, right: &Row| left.cells.get(..places.question) == right.cells.get(..places.question);
    let flows = table.rows.chunk_by(is_same_flow).take(MOST_ROWS).enumerate();
    flows.map(|(number, rows)| flow(number, rows, places, language)).collect()
}

fn flow(number: usize, rows: &[Row], places: Places, language: Language) -> Result<String> {
    let word = |row: &Row, place: usize| row.cells.get(place).map(|cell| language.written(cell));
    let mut steps = Vec::new();
    // How many came to the question before, and how many of these are still there.
    let mut before: Option<(u64, u64)> = None;
    let mut first = None;
    for row in rows {
        let Some(Value::Rate { rate, .. }) = row.cells.get(places.reached) else { continue };
        let (base, open) = before.unwrap_or((rate.numerator, 0));
        let [share, _, fraction] = word(row, places.reached).unwrap_or_default();
        let [name, ..] = word(row, places.question).unwrap_or_default();
        let name = short(&name);
        let n_first = *first.get_or_insert(rate.numerator);
        steps.push(charts::Step {
            reached: Some((as_f64(rate.numerator), as_f64(base.saturating_sub(open)))),
            open: as_f64(open),
            share: None,
            value: share,
            told: told::place(&name, rate.numerator, (base, n_first), open, language),
            detail: fraction,
            name,
        });
        let open = if let Some(Value::Count(open)) = row.cells.get(places.open) { *open } else { 0 };
        before = Some((rate.numerator, open));
    }
    let title = rows.first().map_or_else(String::new, |row| {
        let front = (0..places.question).filter_map(|place| word(row, place)).map(|[text, ..]| short(&text));
        front.collect::<Vec<_>>().join(", ")
    });
    let told: Vec<String> = steps.iter().map(|step| format!("{}: {} {}", step.name, step.value, step.detail)).collect();
    let title = language.say_with("chart-paths", &[("flow", title.into())]);
    let alternative = alternative(&format!("chart-paths-{number}"), title, &told);
    let legend = LEGEND.map(|key| language.say(key));
    charts::funnel(&alternative, Some(legend.each_ref().map(String::as_str)), &steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::{Column, Measure, Measured};
    use crate::report::fixture;

    fn reached(rows: &[(&str, &str, u64, u64)]) -> Measured {
        let row = |&(flow, question, reached, open): &(&str, &str, u64, u64)| {
            let cells =
                [Value::name(Some(flow)), Value::name(Some(question)), Value::rate(reached, 10), Value::Count(open)];
            Row::new(10, cells.into())
        };
        let columns = ["flow", "question", "reached", "open"].map(Column::new).into();
        let table = Table { id: "reached", columns, rows: rows.iter().map(row).collect(), ..Table::default() };
        Measured { measure: Measure::named("paths").unwrap(), tables: vec![table] }
    }

    #[test]
    fn every_flow_has_a_chart_and_who_is_still_there_is_hatched() {
        let mut report = fixture::small();
        let table = reached(&[("lead", "name", 10, 2), ("lead", "age", 5, 0), ("help", "topic", 10, 0)]);
        report.measures = vec![table];
        let found = charts(&report, Language::En).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("How far conversations came: lead") && found[1].contains("help"));
        // The legend, and those at the name who may still come to the age.
        assert_eq!(found[0].matches("class=\"l-open\"").count(), 1 + 1);
        assert!(found[0].contains("age: 50"), "{}", found[0]);
    }

    #[test]
    fn without_the_measure_there_is_no_chart() {
        let mut report = fixture::small();
        report.measures.clear();
        assert_eq!(charts(&report, Language::En).unwrap(), Vec::<String>::new());
    }
}

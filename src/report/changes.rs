//! Changes: what the comparison, if one was asked for, says of each headline.
//!
//! Compares nothing itself: it looks the headline up in the table of the measure.

use serde::Serialize;

use super::model::Report;
use super::text::Language;
use crate::measures::{Value, comparison};

/// Values of a compared column that a headline tells; the chapter has all.
const MOST_CHANGES: usize = 3;

/// How a rate differs from what it was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    /// Whose rate, if a column is compared; empty if it is that of the range.
    pub(super) name: String,
    /// What it was compared with: `Before 57.2 %`.
    pub(super) baseline: String,
    /// The difference in percentage points.
    pub(super) difference: String,
    pub(super) interval: String,
    /// Whether it is one, in words.
    pub(super) verdict: String,
    /// `higher`, `lower` or `same`.
    pub(super) kind: &'static str,
}

/// The changes of a headline; none without a comparison.
pub(super) fn of(report: &Report, metric: &str, language: Language) -> Vec<Change> {
    let measured = report.measures.iter().find(|measured| measured.measure.id == comparison::MEASURE.id);
    let table = measured.and_then(|measured| measured.tables.iter().find(|table| table.id == "differences"));
    let Some(table) = table else { return Vec::new() };
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let places = ["rate", "baseline", "difference", "verdict"].map(place);
    let [Some(rate), Some(baseline), Some(difference), Some(verdict)] = places else { return Vec::new() };
    let rows = table.rows.iter().filter(|row| matches!(row.cells.first(), Some(Value::Metric(id)) if id == metric));
    let change = |row: &crate::measures::Row| {
        let written = |place: usize| row.cells.get(place).map(|value| language.written(value));
        let kind = match row.cells.get(verdict)? {
            Value::Verdict { differs: false, .. } => "same",
            Value::Verdict { value, .. } if *value > 0.0 => "higher",
            Value::Verdict { .. } => "lower",
            _ => return None,
        };
        let [difference, interval, _] = written(difference)?;
        let [verdict, ..] = written(verdict)?;
        let [before, ..] = written(baseline)?;
        let names = (1..rate).filter_map(written).map(|[name, ..]| name);
        let title = table.columns.get(baseline).map(|column| column.title.as_str()).unwrap_or_default();
        Some(Change {
            name: names.collect::<Vec<_>>().join(" · "),
            baseline: format!("{title} {before}"),
            difference,
            interval,
            verdict,
            kind,
        })
    };
    rows.filter_map(change).take(MOST_CHANGES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::{Column, Measured, Row, Table};
    use crate::report::fixture;

    #[test]
    fn a_headline_tells_its_own_differences_in_words() {
        let row = |metric: &str, variant: &str, value: f64, q: f64| {
            let interval = Some((value - 0.01, value + 0.01));
            let verdict = Value::Verdict { value, interval, q, differs: q <= comparison::LEVEL };
            let cells = vec![
                Value::Metric(metric.to_owned()),
                Value::name(Some(variant)),
                Value::rate(30, 100),
                Value::rate(20, 100),
                Value::Points { value, interval },
                verdict,
            ];
            Row::new(100, cells)
        };
        let names = ["metric", "variant", "rate", "baseline", "difference", "verdict"];
        let rows = vec![
            row("open_rate", "b", -0.021, 0.004),
            row("open_rate", "c", 0.004, 0.7),
            row("click_rate", "b", 0.1, 0.001),
        ];
        let columns = names.map(|name| Column { title: name.to_owned(), ..Column::new(name) }).into();
        let table = Table { id: "differences", columns, rows, ..Table::default() };
        let mut report = fixture::small();
        assert_eq!(of(&report, "open_rate", Language::En), Vec::new());
        report.measures = vec![Measured { measure: &comparison::MEASURE, tables: vec![table] }];
        let found = of(&report, "open_rate", Language::En);
        let told: Vec<_> = found.iter().map(|change| (change.name.as_str(), change.kind)).collect();
        assert_eq!(told, [("b", "lower"), ("c", "same")]);
        assert_eq!(found[0].baseline, "baseline 20.0\u{202f}%");
        assert_eq!(found[0].difference, "−2.1\u{202f}pp");
        assert!(found[0].verdict.starts_with("lower by 2.1 percentage points"), "{}", found[0].verdict);
        assert!(found[1].verdict.starts_with("no difference beyond chance"), "{}", found[1].verdict);
    }
}

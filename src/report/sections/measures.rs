//! The chapter of a measure: its tables as they came, whatever they hold.

use crate::measures::{self, Measured, Value};
use crate::report::model::Report;
use crate::report::page::{Cell, Column, Part, Section, Table, Words};

/// Rows on which a page shows a table in full; other formats hold all.
const MOST_ROWS: usize = 200;

/// The chapter of a measure.
pub(super) fn section(measured: &Measured, words: &Words<'_>) -> Section {
    let measure = measured.measure;
    let is_there = |table: &&measures::Table| !(table.in_detail && table.rows.is_empty());
    let parts = measured.tables.iter().filter(is_there).map(|table| part(measure.id, table, words)).collect();
    let said = |what: &str| words.language.say(&format!("measure-{}{what}", measure.id));
    Section { id: measure.id, title: said(""), lead: format!("{} {}", said(".meaning"), said(".caveat")), parts }
}

/// The drop-off within the decision window, as the measure of leaving has it.
pub(super) struct DropOff<'r, 'w> {
    table: &'r measures::Table,
    place: usize,
    words: &'r Words<'w>,
}

impl<'r, 'w> DropOff<'r, 'w> {
    /// `None` if the report has no such measure.
    pub(super) fn of(report: &'r Report, words: &'r Words<'w>) -> Option<Self> {
        let measured = report.measures.iter().find(|measured| measured.measure.id == "leaving")?;
        let table = measured.tables.iter().find(|table| table.id == "questions")?;
        let place = table.columns.iter().position(|column| column.name == "drop_off")?;
        Some(Self { table, place, words })
    }

    /// The column that holds it.
    pub(super) fn column(&self) -> Column {
        let title = self.table.columns.get(self.place).map(|column| column.title.clone());
        Column { title: title.unwrap_or_default(), numeric: true, ..Column::default() }
    }

    /// That of a flow's question.
    pub(super) fn cell(&self, flow: Option<&str>, question: Option<&str>) -> Cell {
        let names = [flow, question].map(Value::name);
        let row = self.table.rows.iter().find(|row| row.cells.starts_with(&names));
        row.and_then(|row| Some(cell("drop_off", row.cells.get(self.place)?, row, self.words))).unwrap_or_default()
    }
}

fn part(measure: &str, table: &measures::Table, words: &Words<'_>) -> Part {
    let heading = table.title.clone();
    if table.rows.is_empty() {
        let note = [words.language.say("nothing-to-show"), table.note.clone()].join(" ").trim_end().to_owned();
        return Part { id: table.id, heading, note, ..Part::default() };
    }
    let numeric = |place: usize| table.rows.iter().any(|row| row.cells.get(place).is_some_and(Value::is_number));
    let columns = table.columns.iter().enumerate().map(|(place, column)| Column {
        id: column.name.clone(),
        title: column.title.clone(),
        anchor: column.metric.as_deref().map(|metric| words.anchor(metric)).unwrap_or_default(),
        numeric: numeric(place),
        ..Column::default()
    });
    let rows = table.rows.iter().map(|row| {
        let cells = table.columns.iter().zip(&row.cells);
        cells.map(|(column, value)| cell(&column.name, value, row, words)).collect()
    });
    let (columns, mut rows): (Vec<_>, Vec<_>) = (columns.collect(), rows.collect());
    let most = if table.in_detail { 0 } else { MOST_ROWS };
    let rest = rows.split_off(rows.len().min(most));
    let is_young = table.rows.iter().any(|row| row.immature);
    let immature = if is_young { table.rows.iter().map(|row| row.immature).collect() } else { Vec::new() };
    let mut note = vec![table.note.clone()];
    if table.rows.len() > MOST_ROWS && !table.in_detail {
        note.push(words.language.say_with("rows-cut", &[("n", (table.rows.len() - MOST_ROWS).into())]));
    }
    if table.rows.iter().any(|row| is_few(row, words)) {
        note.push(words.language.say_with("pale-rows", &[("minimum", words.minimum.into())]));
    }
    let note = note.join(" ").trim().to_owned();
    let id = format!("{measure}_{}", table.id);
    let shown = Table { id, columns, rows, rest, immature, ..Table::default() };
    Part { id: table.id, heading, table: Some(shown), note, ..Part::default() }
}

fn cell(column: &str, value: &Value, row: &measures::Row, words: &Words<'_>) -> Cell {
    let [mut text, interval, fraction] = words.language.written_in(column, value);
    if let Value::Metric(id) = value {
        text = words.title(id);
    }
    Cell { value: value.clone(), text, interval, fraction, pale: row.immature || is_few(row, words) }
}

/// Whether the row rests on so few observations that it is shown pale.
fn is_few(row: &measures::Row, words: &Words<'_>) -> bool {
    row.n.is_some_and(|n| n < words.minimum)
}

//! The tables of a measure as text for a terminal and as CSV.

use std::fmt::Write;

use serde_json::Value as Json;

use super::sheet::{Sheet, Shown};
use crate::error::Result;
use crate::measures::{Measured, Table, Value};
use crate::report::{Definition, Language, disarmed};

/// All tables of a measure, one under the other.
pub(in crate::cli) fn tables(measured: &Measured, language: Language) -> String {
    let mut text = String::new();
    for table in measured.tables.iter().filter(|table| !table.in_detail) {
        let own = || Definition::of_measure(measured.measure, language).title;
        let _ = writeln!(text, "{}", if table.title.is_empty() { own() } else { table.title.clone() });
        if table.rows.is_empty() {
            let _ = writeln!(text, "{}", language.say("nothing-to-show"));
        } else {
            let _ = writeln!(text, "{}", terminal(table, language));
        }
        if !table.note.is_empty() {
            let _ = writeln!(text, "{}", table.note);
        }
        text.push('\n');
    }
    text
}

fn terminal(table: &Table, language: Language) -> String {
    let mut sheet = Sheet::new(table.columns.iter().map(|column| column.title.as_str()));
    for row in &table.rows {
        let cells = table.columns.iter().zip(&row.cells).map(|(column, value)| {
            let [text, interval, fraction] = language.written_in(&column.name, value);
            let details: Vec<&str> =
                [&interval, &fraction].into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
            let text = if details.is_empty() { text } else { format!("{text} ({})", details.join("; ")) };
            if value.is_number() { Shown::Number(text) } else { Shown::Name(text) }
        });
        sheet.add(cells.collect(), None);
    }
    sheet.text()
}

/// A table as CSV. An estimate takes a column for its value and one each for its interval and counts.
pub(in crate::cli) fn csv(table: &Table) -> Result<String> {
    let json = |value: &Value| serde_json::to_value(value).unwrap_or_default();
    // What a column consists of is what any of its values consists of.
    let parts: Vec<Vec<String>> = (0..table.columns.len())
        .map(|place| {
            let mut values = table.rows.iter().filter_map(|row| row.cells.get(place)).map(json);
            let object = values.find_map(|value| value.as_object().cloned());
            object.map(|object| object.keys().cloned().collect()).unwrap_or_default()
        })
        .collect();
    let header = table.columns.iter().zip(&parts).flat_map(|(column, parts)| {
        let of_part =
            |part: &String| if part == "value" { column.name.clone() } else { format!("{}_{part}", column.name) };
        if parts.is_empty() { vec![column.name.clone()] } else { parts.iter().map(of_part).collect() }
    });
    let header: Vec<String> = header.collect();
    let plain = |value: Option<&Json>| match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => disarmed(text),
        Some(value) => value.to_string(),
    };
    let rows = table.rows.iter().map(|row| {
        let cells = row.cells.iter().zip(&parts).flat_map(|(value, parts)| {
            let value = json(value);
            if parts.is_empty() {
                return vec![plain(Some(&value))];
            }
            let of_part = |part: &String| {
                if value.is_object() {
                    plain(value.get(part))
                } else if part == "value" {
                    plain(Some(&value))
                } else {
                    String::new()
                }
            };
            parts.iter().map(of_part).collect()
        });
        cells.collect::<Vec<String>>()
    });
    super::csv_of(header.iter().map(String::as_str), rows)
}

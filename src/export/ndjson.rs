//! JSON, one row a line. Null is null; instants and days are ISO 8601.

use std::io::Write;
use std::path::Path;

use super::cells::{Cell, Cells, Clock};
use super::files::Encode;
use super::state::Rows;
use crate::error::{Error, Result};

pub(super) struct Ndjson;

impl Encode for Ndjson {
    fn format(&self) -> &'static str {
        "ndjson"
    }

    fn extension(&self) -> &'static str {
        "ndjson"
    }

    fn encode(&self, rows: Rows<'_>, out: &mut (dyn Write + Send)) -> Result<()> {
        write(rows, out)
    }
}

/// Writes a line for each row.
pub(super) fn write(rows: Rows<'_>, out: &mut dyn Write) -> Result<()> {
    let (mut text, mut clock) = (Vec::new(), Clock::default());
    // What stands before each value: names are plain letters.
    let name = |(place, name): (usize, &str)| format!("{}\"{name}\":", if place == 0 { '{' } else { ',' });
    let names: Vec<String> = rows.columns.iter().map(|column| column.name).enumerate().map(name).collect();
    for batch in rows.batches {
        let batch = batch?;
        let columns = Cells::of(&batch);
        for row in 0..batch.num_rows() {
            for (name, cells) in names.iter().zip(&columns) {
                text.extend_from_slice(name.as_bytes());
                put(cells.at(row), &mut clock, &mut text).map_err(refused)?;
            }
            text.extend_from_slice(b"}\n");
        }
        out.write_all(&text).map_err(refused)?;
        text.clear();
    }
    Ok(())
}

fn put(cell: Cell<'_>, clock: &mut Clock, text: &mut Vec<u8>) -> std::io::Result<()> {
    match cell {
        Cell::Null => text.extend_from_slice(b"null"),
        Cell::Number(number) => write!(text, "{number}")?,
        Cell::Real(number) => serde_json::to_writer(text, &number)?,
        Cell::Instant(at) => {
            text.push(b'"');
            clock.instant(at, text);
            text.push(b'"');
        }
        Cell::Day(days) => {
            text.push(b'"');
            text.extend_from_slice(clock.day(days.into()).as_bytes());
            text.push(b'"');
        }
        Cell::Flag(flag) => text.extend_from_slice(if flag { b"true" } else { b"false" }),
        Cell::Word(word) => serde_json::to_writer(text, word)?,
    }
    Ok(())
}

fn refused(source: std::io::Error) -> Error {
    Error::write(Path::new("a JSON file"))(source)
}

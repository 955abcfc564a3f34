//! CSV: RFC 4180 with a line of names. Null is nothing, the empty text is `""`; instants and days are ISO 8601.
//!
//! Texts stand as they are: what is exported is what was found. Programs read it; a spreadsheet has `xlsx`.

use std::io::Write;
use std::path::Path;

use super::cells::{Cell, Cells, Clock};
use super::files::Encode;
use super::state::Rows;
use crate::error::{Error, Result};

/// How much is packed into one file: zstd's own default.
const LEVEL: i32 = 3;

pub(super) struct Csv {
    /// Whether files are compressed with zstd.
    pub(super) is_packed: bool,
}

impl Encode for Csv {
    fn format(&self) -> &'static str {
        if self.is_packed { "csv+zst" } else { "csv" }
    }

    fn extension(&self) -> &'static str {
        if self.is_packed { "csv.zst" } else { "csv" }
    }

    fn encode(&self, rows: Rows<'_>, out: &mut (dyn Write + Send)) -> Result<()> {
        if !self.is_packed {
            return write(rows, out);
        }
        let mut packed = zstd::Encoder::new(out, LEVEL).map_err(refused)?;
        write(rows, &mut packed)?;
        packed.finish().map_err(refused)?;
        Ok(())
    }
}

/// Writes a line of names and one for each row.
pub(super) fn write(rows: Rows<'_>, out: &mut dyn Write) -> Result<()> {
    let (mut text, mut clock) = (Vec::new(), Clock::default());
    let names: Vec<&str> = rows.columns.iter().map(|column| column.name).collect();
    text.extend_from_slice(names.join(",").as_bytes());
    text.push(b'\n');
    for batch in rows.batches {
        let batch = batch?;
        let columns = Cells::of(&batch);
        for row in 0..batch.num_rows() {
            for (place, cells) in columns.iter().enumerate() {
                if place > 0 {
                    text.push(b',');
                }
                put(cells.at(row), &mut clock, &mut text);
            }
            text.push(b'\n');
        }
        out.write_all(&text).map_err(refused)?;
        text.clear();
    }
    out.write_all(&text).map_err(refused)
}

fn put(cell: Cell<'_>, clock: &mut Clock, text: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    match cell {
        Cell::Null => {}
        Cell::Number(number) => drop(write!(text, "{number}")),
        Cell::Real(number) => drop(write!(text, "{number}")),
        Cell::Instant(at) => clock.instant(at, text),
        Cell::Day(days) => text.extend_from_slice(clock.day(days.into()).as_bytes()),
        Cell::Flag(flag) => text.extend_from_slice(if flag { b"true" } else { b"false" }),
        Cell::Word(word) => {
            let is_plain = !word.is_empty() && !word.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
            if is_plain {
                text.extend_from_slice(word.as_bytes());
            } else {
                text.push(b'"');
                for byte in word.bytes() {
                    text.push(byte);
                    if byte == b'"' {
                        text.push(byte);
                    }
                }
                text.push(b'"');
            }
        }
    }
}

fn refused(source: std::io::Error) -> Error {
    Error::write(Path::new("a CSV file"))(source)
}

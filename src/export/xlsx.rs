//! A workbook with a sheet for each table, for looking and small questions. It is written whole each time.
//!
//! Excel counts with 15 digits, so keys of contacts are text; instants are Excel's own, in UTC.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::cells::{Cell, Cells};
use super::lock::Workshop;
use super::state::{Held, Name, Rows, State};
use super::table::{Column, Kind, Table};
use super::target::{Changes, Target};
use crate::error::{Error, Result};
use crate::event::SECOND;

/// What a sheet can hold besides the line of names.
const MOST_ROWS: u64 = 1_048_575;
/// The number that Excel has for 1970-01-01.
const EPOCH: f64 = 25_569.0;
/// A number with more digits than this is not kept exactly.
const EXACT: i64 = 999_999_999_999_999;

pub(super) struct Xlsx {
    path: PathBuf,
    workshop: Workshop,
}

impl Xlsx {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_path_buf(), workshop: Workshop::beside(path)? })
    }
}

impl Target for Xlsx {
    fn workspace(&self) -> Option<&Path> {
        Some(&self.workshop.folder)
    }

    fn held(&mut self) -> Result<Held> {
        Ok(Held::new())
    }

    fn replace(&mut self, state: &State, _: &Changes) -> Result<BTreeMap<Name, u64>> {
        for table in &state.tables {
            let of_table = state.partitions().iter().filter(|partition| partition.table.name == table.name);
            let n_rows: u64 = of_table.map(|partition| partition.n_rows).sum();
            if n_rows > MOST_ROWS {
                let message = format!("'{}' has {n_rows} rows, and a sheet holds {MOST_ROWS}", table.name);
                return Err(Error::Target {
                    message,
                    remedy: "narrow the range down with --since and --until, leave the table out with --tables, or choose another target",
                });
            }
        }
        let refused = |error: XlsxError| Error::Write { path: self.path.clone(), source: std::io::Error::other(error) };
        let mut workbook = Workbook::new();
        for &table in &state.tables {
            let sheet = workbook.add_worksheet();
            fill(sheet, table, state.table(table)).map_err(|error| match error {
                Refused::Rows(error) => error,
                Refused::Sheet(error) => refused(error),
            })?;
        }
        let draft = self.workshop.draft()?;
        workbook.save_to_writer(draft.as_file()).map_err(refused)?;
        let bytes = draft.as_file().metadata().map_err(Error::write(&self.path))?.len();
        super::publish(draft, &self.path)?;
        // The file is one piece: its size is told once, with the first partition.
        let names = state.partitions().iter().enumerate();
        Ok(names.map(|(place, partition)| (partition.name.clone(), if place == 0 { bytes } else { 0 })).collect())
    }
}

enum Refused {
    Rows(Error),
    Sheet(XlsxError),
}

impl From<XlsxError> for Refused {
    fn from(error: XlsxError) -> Self {
        Self::Sheet(error)
    }
}

fn fill(sheet: &mut Worksheet, table: &Table, rows: Rows<'_>) -> std::result::Result<(), Refused> {
    sheet.set_name(table.name)?;
    let bold = Format::new().set_bold();
    let instant = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000");
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (place, column) in (0_u16..).zip(rows.columns) {
        sheet.write_with_format(0, place, column.name, &bold)?;
        match column.kind {
            Kind::Instant => drop(sheet.set_column_format(place, &instant)?.set_column_width(place, 23)?),
            Kind::Day => drop(sheet.set_column_format(place, &day)?.set_column_width(place, 11)?),
            _ => {}
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    let mut number = 0;
    for batch in rows.batches {
        let batch = batch.map_err(Refused::Rows)?;
        let columns = Cells::of(&batch);
        for row in 0..batch.num_rows() {
            number += 1;
            for ((place, cells), column) in (0_u16..).zip(&columns).zip(rows.columns) {
                put(sheet, (number, place), cells.at(row), column, [&instant, &day])?;
            }
        }
    }
    Ok(())
}

fn put(
    sheet: &mut Worksheet,
    (row, place): (u32, u16),
    cell: Cell<'_>,
    column: &Column,
    [instant, day]: [&Format; 2],
) -> std::result::Result<(), XlsxError> {
    match cell {
        Cell::Null => {}
        Cell::Number(number) if column.name == "contact_key" || number.abs() > EXACT => {
            sheet.write_string(row, place, number.to_string())?;
        }
        Cell::Number(number) => drop(sheet.write_number(row, place, as_f64(number))?),
        Cell::Real(number) => drop(sheet.write_number(row, place, number)?),
        Cell::Instant(at) => {
            let days = as_f64(at) / as_f64(86_400 * SECOND) + EPOCH;
            sheet.write_number_with_format(row, place, days, instant)?;
        }
        Cell::Day(days) => drop(sheet.write_number_with_format(row, place, f64::from(days) + EPOCH, day)?),
        Cell::Flag(flag) => drop(sheet.write_boolean(row, place, flag)?),
        Cell::Word(word) => drop(sheet.write_string(row, place, word)?),
    }
    Ok(())
}

/// Exact up to 2^53, which instants of this millennium and what Excel keeps stay below.
#[expect(clippy::cast_precision_loss)]
fn as_f64(number: i64) -> f64 {
    number as f64
}

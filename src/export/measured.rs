//! The tables of measures as one: what no SELECT over counts can say, such as survival, costs and what to mend first, one row
//! per value. Computes nothing.

use arrow::array::RecordBatch;
use serde_json::Value as Json;

use super::columns::{Builder, Value};
use super::table::{Class, Column, Kind, Table};
use crate::error::{Error, Result};
use crate::measures::Measured;

/// Its name.
pub(super) const RESULTS: &str = "measure_results";

/// What a cell's only part is called.
const VALUE: &str = "value";

pub(super) fn table() -> Table {
    let columns = vec![
        Column::new("measure", Kind::Word, "id of the measure"),
        Column::new("result", Kind::Word, "id of one of its tables"),
        Column::new("row_number", Kind::Count, "place of the row in that table, from 1"),
        Column::new("column_name", Kind::Word, "column of that table"),
        Column::new(
            "part",
            Kind::Word,
            "part of the cell: value; numerator, denominator, low and high beside it; amount and currency of money",
        ),
        Column::new("number", Kind::Real, "the part, if it is a number; null: it is text, or has no value"),
        Column::new(
            "text",
            Kind::Word,
            "the part, if it is none: a name of the log, the key of a word, an exact sum of money, true or false, n/a for what channels cannot tell; null: it is a number, or has no value",
        ),
    ];
    let keys = &["measure", "result", "row_number", "column_name", "part"];
    Table::small(Class::Aggregate, RESULTS, "value in the tables of measures over the whole range", keys, columns)
}

/// The rows of these measures.
pub(super) fn rows(table: &Table, measured: &[Measured]) -> Result<RecordBatch> {
    let mut rows = Builder::new(table);
    for Measured { measure, tables } in measured {
        for result in tables {
            for (number, row) in (1_u64..).zip(&result.rows) {
                for (column, cell) in result.columns.iter().zip(&row.cells) {
                    let cell = serde_json::to_value(cell).map_err(|error| Error::Usage(error.to_string()))?;
                    let parts = match &cell {
                        Json::Object(parts) => parts.iter().map(|(name, part)| (name.as_str(), part)).collect(),
                        scalar => vec![(VALUE, scalar)],
                    };
                    for (part, value) in parts {
                        let (number_of, text) = match value {
                            Json::Number(number) => (number.as_f64().into(), Value::Null),
                            // Empty text says nothing, and a sheet could not tell it from no value.
                            Json::String(text) if !text.is_empty() => (Value::Null, text.as_str().into()),
                            Json::Bool(flag) => (Value::Null, flag.to_string().into()),
                            _ => (Value::Null, Value::Null),
                        };
                        rows.push(&[
                            measure.id.into(),
                            result.id.into(),
                            number.into(),
                            column.name.as_str().into(),
                            part.into(),
                            number_of,
                            text,
                        ]);
                    }
                }
            }
        }
    }
    rows.finish()
}

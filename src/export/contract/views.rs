//! Tables as DuckDB sees them: views over the files of a Parquet export, with what they mean.

use super::super::table::{self, Table};
use super::sql::SCHEMA;

/// Makes a view of every table of a Parquet export. DuckDB is to be started in its folder, the one that has `current` in it.
pub(super) fn views() -> String {
    let mut text = String::from(
        "-- The tables of a Parquet export as views. Start DuckDB in the export's folder, the one that 'current' lies in.\n",
    );
    text.extend([format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA};\n")]);
    for table in table::all() {
        text.push('\n');
        text.push_str(&view(table));
    }
    text
}

fn view(table: &Table) -> String {
    let Table { name, class, grain, columns, by_month, .. } = table;
    let files = if *by_month {
        format!("'current/{name}/*/*.parquet', hive_partitioning = true, hive_types = {{'{}': VARCHAR}}", table::MONTH)
    } else {
        format!("'current/{name}/*.parquet'")
    };
    let place = format!("{SCHEMA}.{name}");
    let mut text = format!("CREATE OR REPLACE VIEW {place} AS SELECT * FROM read_parquet({files});\n");
    text.extend([format!(
        "COMMENT ON VIEW {place} IS {};\n",
        literal(&format!("{}: one row per {grain}", class.name()))
    )]);
    for column in columns {
        text.extend([format!("COMMENT ON COLUMN {place}.{} IS {};\n", column.name, literal(&column.comment()))]);
    }
    text
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

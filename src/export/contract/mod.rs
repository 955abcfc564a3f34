//! The contract of an export: what its tables, columns and metrics mean, as documents for machines and for people. Everything is
//! read off the list of tables and the catalog of metrics; nothing is said a second time.
//!
//! Returns texts by path. Opens no file and knows no target.

use serde::Serialize;

use super::postgres::schema;
use super::table::{self, Column, Table};
use crate::error::Result;
use crate::metrics::{Ask, Bound, Metric};

mod dbt;
mod page;
pub mod sql;
mod views;

use sql::Dialect;

/// Every version of the tables with what a reader of an export has to do when it comes. The last is that of
/// [`table::VERSION`].
const MIGRATIONS: &[(u32, &str)] = &[(1, "the first version")];

/// What an export promises.
#[derive(Serialize)]
pub struct Contract {
    /// Which shape this document has.
    schema: &'static str,
    /// Version of the tables.
    schema_version: u32,
    /// Version of the program.
    program_version: &'static str,
    migrations: Vec<Migration>,
    tables: Vec<TableTold>,
    metrics: Vec<MetricTold>,
    queries: Vec<Query>,
}

#[derive(Serialize)]
struct Migration {
    schema_version: u32,
    note: &'static str,
}

#[derive(Serialize)]
struct TableTold {
    name: &'static str,
    class: &'static str,
    one_row_per: &'static str,
    key: &'static [&'static str],
    sorted_by: &'static [&'static str],
    /// The column by which it is cut into partitions.
    partitioned_by: Option<&'static str>,
    columns: Vec<ColumnTold>,
}

#[derive(Serialize)]
struct ColumnTold {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    unit: Option<&'static str>,
    meaning: &'static str,
    /// What null says; it never stands for zero.
    null: Option<&'static str>,
    role: &'static str,
    /// The dimension table whose key it is.
    refers_to: Option<&'static str>,
}

/// A metric, as it is computed from the tables.
#[derive(Serialize)]
struct MetricTold {
    id: String,
    name: String,
    meaning: String,
    unit: String,
    /// The fact table whose rows are counted.
    table: String,
    /// `rate`: numerators and denominators are added, then divided. `distribution`: values with how often each was seen.
    kind: &'static str,
    /// The flag without which a row's channel cannot tell.
    needs: Option<String>,
    /// What the value is where the channel tells of some cases only.
    bound: &'static str,
    /// The flag that says so of a row.
    bounded_by: Option<String>,
    source: String,
    caveat: String,
    /// The SELECT over rows of the fact table that have a column `segment`.
    formula: String,
    /// How it is added up from `daily_counts`; none for metrics that count something once however often it was seen.
    from_daily_counts: Option<String>,
}

/// A number of the report as a statement over the tables.
#[derive(Serialize)]
struct Query {
    metric: String,
    by: Vec<String>,
    duckdb: String,
    postgres: String,
    spark: String,
}

/// A document: where it lies below the contract's folder, and what it says.
pub type Document = (String, String);

impl Contract {
    /// The contract of exports by this program. `asks` are what the report asks of a store; each becomes a statement.
    ///
    /// # Errors
    /// A metric that is asked for does not exist.
    pub fn new(asks: &[Ask]) -> Result<Self> {
        let metrics = Metric::all()?;
        let mut queries = Vec::new();
        let mut known = std::collections::BTreeSet::new();
        for ask in asks.iter().filter(|ask| known.insert((&ask.metric, &ask.by))) {
            let metric = Metric::find(&ask.metric)?;
            queries.push(Query {
                metric: ask.metric.clone(),
                by: ask.by.clone(),
                duckdb: sql::statement(&metric, &ask.by, Dialect::DuckDb),
                postgres: sql::statement(&metric, &ask.by, Dialect::Postgres),
                spark: sql::statement(&metric, &ask.by, Dialect::Spark),
            });
        }
        queries.sort_by(|left, right| (&left.metric, &left.by).cmp(&(&right.metric, &right.by)));
        Ok(Self {
            schema: "trichter-contract/1",
            schema_version: table::VERSION,
            program_version: env!("CARGO_PKG_VERSION"),
            migrations: MIGRATIONS.iter().map(|&(schema_version, note)| Migration { schema_version, note }).collect(),
            tables: table::all().iter().map(TableTold::of).collect(),
            metrics: metrics.iter().map(MetricTold::of).collect(),
            queries,
        })
    }

    /// Every document.
    ///
    /// # Errors
    /// One cannot be written as JSON.
    pub fn documents(&self) -> Result<Vec<Document>> {
        let json = serde_json::to_string_pretty(self).map_err(|error| crate::error::Error::Usage(error.to_string()))?;
        let mut documents = vec![
            ("contract.json".to_owned(), json + "\n"),
            ("CONTRACT.md".to_owned(), page::page(self)),
            ("duckdb/tables.sql".to_owned(), views::views()),
            ("postgres/tables.sql".to_owned(), schema::ddl(sql::SCHEMA)),
        ];
        for dialect in Dialect::ALL {
            for metric in &self.metrics {
                let text = self.statements(metric, dialect);
                if !text.is_empty() {
                    documents.push((format!("{}/metrics/{}.sql", dialect.name(), metric.id), text));
                }
            }
        }
        documents.extend(dbt::documents(self));
        Ok(documents)
    }

    /// All statements about a metric.
    fn statements(&self, metric: &MetricTold, dialect: Dialect) -> String {
        let mut text = String::new();
        for query in self.queries.iter().filter(|query| query.metric == metric.id) {
            if text.is_empty() {
                text = format!("-- {}: {}\n", metric.name, metric.meaning);
            }
            let by =
                if query.by.is_empty() { "all together".to_owned() } else { format!("by {}", query.by.join(", ")) };
            let sql = match dialect {
                Dialect::DuckDb => &query.duckdb,
                Dialect::Postgres => &query.postgres,
                Dialect::Spark => &query.spark,
            };
            text.extend(["\n-- ", &by, "\n", sql]);
        }
        text
    }
}

impl TableTold {
    fn of(table: &Table) -> Self {
        Self {
            name: table.name,
            class: table.class.name(),
            one_row_per: table.grain,
            key: table.keys,
            sorted_by: table.sorted_by,
            partitioned_by: table.by_month.then_some(table::MONTH),
            columns: table.columns.iter().map(ColumnTold::of).collect(),
        }
    }
}

impl ColumnTold {
    fn of(column: &Column) -> Self {
        Self {
            name: column.name,
            kind: column.kind.name(),
            unit: column.unit,
            meaning: column.meaning,
            null: column.null,
            role: column.role.name(),
            refers_to: column.refers_to,
        }
    }
}

impl MetricTold {
    fn of(metric: &Metric) -> Self {
        let from = "FROM daily_counts WHERE metric = ";
        let adds_up = !metric.counts_distinct();
        let formula = if metric.is_rate() {
            "SUM(numerator) * 1.0 / NULLIF(SUM(denominator), 0)"
        } else {
            "SUM(sum) * 1.0 / NULLIF(SUM(n), 0)"
        };
        Self {
            id: metric.id.clone(),
            name: metric.name.clone(),
            meaning: metric.meaning.clone(),
            unit: metric.unit.clone(),
            table: metric.table.clone(),
            kind: if metric.is_rate() { "rate" } else { "distribution" },
            needs: metric.needs.clone(),
            bound: match metric.bound {
                Bound::Exact => "exact",
                Bound::Least => "least",
                Bound::Most => "most",
            },
            bounded_by: metric.bounded.clone(),
            source: metric.follows.clone(),
            caveat: metric.caveat.clone(),
            formula: metric.sql.trim().to_owned(),
            from_daily_counts: adds_up.then(|| format!("SELECT {formula} {from}'{}'", metric.id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_the_tables_has_a_note() {
        let versions: Vec<u32> = MIGRATIONS.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, (1..=table::VERSION).collect::<Vec<_>>());
    }

    #[test]
    fn every_ask_becomes_one_statement_in_each_dialect() {
        let asks = [Ask::new("open_rate", &["channel"]), Ask::new("open_rate", &[]), Ask::new("open_rate", &[])];
        let contract = Contract::new(&asks).unwrap();
        assert_eq!(contract.queries.len(), 2);
        let documents = contract.documents().unwrap();
        for dialect in ["duckdb", "postgres", "spark"] {
            let (_, text) =
                documents.iter().find(|(path, _)| *path == format!("{dialect}/metrics/open_rate.sql")).unwrap();
            assert!(text.contains("-- all together") && text.contains("-- by channel"), "{text}");
        }
    }
}

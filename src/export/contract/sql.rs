//! A metric as SQL over an export: the SELECT of its file as it stands, with what it is broken down by before it, and what
//! follows from its counts behind it. Runs nothing.

use crate::calendar;
use crate::facts::{self, Form, Grain};
use crate::metrics::{Bound, Metric};

/// The schema that the tables of an export lie in.
pub const SCHEMA: &str = "trichter";

/// A database whose SQL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// DuckDB.
    DuckDb,
    /// PostgreSQL.
    Postgres,
    /// Spark SQL, in a session whose time zone is UTC.
    Spark,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::DuckDb, Self::Postgres, Self::Spark];

    /// What its folder is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DuckDb => "duckdb",
            Self::Postgres => "postgres",
            Self::Spark => "spark",
        }
    }

    /// A part of time of a row, in the zone of the export, written as `calendar` does.
    fn time(self, part: &str, anchor: &str) -> String {
        if self == Self::Spark {
            return of_spark(part, anchor);
        }
        let format = match (self, part) {
            (Self::DuckDb, "hour") => "%H",
            (Self::DuckDb, _) => calendar::part(part).unwrap_or_default(),
            (Self::Postgres, "week") => "IYYY\"-W\"IW",
            (Self::Postgres, "month") => "YYYY-MM",
            (Self::Postgres, "year") => "YYYY",
            (Self::Postgres, "weekday") => "ID",
            (Self::Postgres, "hour") => "HH24",
            (_, _) => "YYYY-MM-DD",
        };
        let local = match part {
            "hour" => format!("{anchor} AT TIME ZONE (SELECT zone FROM {SCHEMA}.export_info)"),
            _ => "day".to_owned(),
        };
        match self {
            Self::DuckDb => format!("strftime({local}, '{format}')"),
            _ => format!("to_char({local}, '{format}')"),
        }
    }

    /// What text of any length is called.
    fn text(self) -> &'static str {
        if self == Self::Spark { "STRING" } else { "VARCHAR" }
    }

    /// What a number of double precision is called.
    fn real(self) -> &'static str {
        if self == Self::Spark { "DOUBLE" } else { "FLOAT8" }
    }
}

/// As [`Dialect::time`]: Spark has no format for weeks, and its formats of hours are of the session's zone.
fn of_spark(part: &str, anchor: &str) -> String {
    match part {
        "week" => "concat(extract(YEAROFWEEK FROM day), '-W', lpad(extract(WEEK FROM day), 2, '0'))".to_owned(),
        "month" => "date_format(day, 'yyyy-MM')".to_owned(),
        "year" => "date_format(day, 'yyyy')".to_owned(),
        "weekday" => "CAST(extract(DAYOFWEEK_ISO FROM day) AS STRING)".to_owned(),
        "hour" => {
            format!("date_format(from_utc_timestamp({anchor}, (SELECT zone FROM {SCHEMA}.export_info)), 'HH')")
        }
        _ => "date_format(day, 'yyyy-MM-dd')".to_owned(),
    }
}

/// A metric, broken down by columns, as one statement. It returns a row per segment: the columns; whether its channels can tell
/// (`measurable`) and what its counts say of the true ones (`bound`); `numerator`, `denominator`, `rate` with Wilson's interval
/// `low` to `high`, or `n`, `sum`, `median`, `p90`, `p99` of a distribution.
#[must_use]
pub fn statement(metric: &Metric, by: &[String], dialect: Dialect) -> String {
    let table = &metric.table;
    let mut columns: Vec<String> = metric.columns().into_iter().map(str::to_owned).collect();
    columns.extend(
        metric
            .flags()
            .filter(|flag| !columns.iter().any(|column| column == flag))
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    );
    let grain = facts::grain(table);
    let parts: Vec<(String, String)> =
        by.iter().map(|name| (format!("by_{name}"), segment(grain, name, dialect))).collect();
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    columns.extend(parts.iter().map(|(name, of)| format!("{of} AS {name}")));
    columns.push(match parts.as_slice() {
        [] => "1 AS segment".to_owned(),
        parts => {
            let of: Vec<&str> = parts.iter().map(|(_, of)| of.as_str()).collect();
            format!("dense_rank() OVER (ORDER BY {}) AS segment", of.join(", "))
        }
    });
    let told = |flag: Option<&str>, default: &str| {
        flag.map_or(default.to_owned(), |flag| format!("coalesce(bool_or({flag}), false)"))
    };
    let measurable = told(metric.needs.as_deref(), "true");
    let bounded = told(metric.bounded.as_deref(), "false");
    let bound = match metric.bound {
        Bound::Exact => "'exact'".to_owned(),
        bound => {
            let word = if bound == Bound::Least { "least" } else { "most" };
            format!("CASE WHEN measurable AND bounded THEN '{word}' ELSE 'exact' END")
        }
    };
    let segments = if names.is_empty() && metric.flags().next().is_none() {
        // Nothing that would make one row of all.
        format!("  SELECT 1 AS segment, {measurable} AS measurable, {bounded} AS bounded")
    } else if names.is_empty() {
        format!("  SELECT 1 AS segment, {measurable} AS measurable, {bounded} AS bounded\n  FROM {table}")
    } else {
        let names = names.join(", ");
        format!(
            "  SELECT segment, {names}, {measurable} AS measurable, {bounded} AS bounded\n  FROM {table}\n  GROUP BY segment, {names}"
        )
    };
    let shown: Vec<String> = by.iter().zip(&names).map(|(name, of)| format!("{of} AS {name}, ")).collect();
    let shown = shown.concat();
    let counted = indented(metric.sql.trim());
    let from = indented(&format!("SELECT\n  {}\nFROM {SCHEMA}.{table}", columns.join(",\n  ")));
    let behind = if metric.is_rate() { rate(&shown, &bound, dialect) } else { distribution(&shown, &bound) };
    let order = match by.len() {
        0 => String::new(),
        n => format!("\nORDER BY {}", (1..=n).map(|place| place.to_string()).collect::<Vec<_>>().join(", ")),
    };
    format!("WITH {table} AS (\n{from}\n), segments AS (\n{segments}\n), counted AS (\n{counted}\n){behind}{order};\n")
}

/// A column that rows are told apart by, as text.
fn segment(grain: Option<&Grain>, name: &str, dialect: Dialect) -> String {
    if calendar::part(name).is_some() {
        return dialect.time(name, grain.map_or("", |grain| grain.anchor));
    }
    let form =
        grain.and_then(|grain| grain.columns.iter().find(|column| column.name == name)).map(|column| column.form);
    if form == Some(Form::Word) { name.to_owned() } else { format!("CAST({name} AS {})", dialect.text()) }
}

/// E. B. Wilson's score interval in closed form, with the normal quantile of 95 %; 0 and 1 are touched exactly. A numerator that
/// is no part of its denominator has none.
fn rate(shown: &str, bound: &str, dialect: Dialect) -> String {
    let real = dialect.real();
    let z = crate::rate::Z95;
    let z2 = z * z;
    format!(
        ", told AS (
  SELECT
    segments.*,
    CASE WHEN measurable THEN coalesce(CAST(numerator AS BIGINT), 0) END AS x,
    CASE WHEN measurable THEN coalesce(CAST(denominator AS BIGINT), 0) END AS n
  FROM segments LEFT JOIN counted USING (segment)
), shares AS (
  SELECT told.*, CAST(x AS {real}) / nullif(n, 0) AS p FROM told
), centres AS (
  SELECT
    shares.*,
    (p + {z2} / (2 * CAST(n AS {real}))) / (1 + {z2} / CAST(n AS {real})) AS centre,
    {z} / (1 + {z2} / CAST(n AS {real}))
      * sqrt(p * (1 - p) / CAST(n AS {real}) + {z2} / (4 * CAST(n AS {real}) * CAST(n AS {real}))) AS half
  FROM shares
  WHERE n > 0 AND x <= n
)
SELECT
  {shown}measurable, {bound} AS bound,
  x AS numerator, n AS denominator, p AS rate,
  CASE WHEN centre IS NULL THEN NULL WHEN x = 0 THEN 0 ELSE greatest(0, centre - half) END AS low,
  CASE WHEN centre IS NULL THEN NULL WHEN x = n THEN 1 ELSE least(1, centre + half) END AS high
FROM (
  SELECT shares.*, centre, half FROM shares LEFT JOIN centres USING (segment)
) AS intervals"
    )
}

/// Quantiles are the smallest values that at least so many of all do not exceed.
fn distribution(shown: &str, bound: &str) -> String {
    format!(
        ", ranked AS (
  SELECT
    segment, value, n,
    sum(n) OVER (PARTITION BY segment ORDER BY value) AS seen,
    sum(n) OVER (PARTITION BY segment) AS total
  FROM counted
), quantiles AS (
  SELECT
    segment,
    CAST(sum(n) AS BIGINT) AS n,
    CAST(sum(value * n) AS BIGINT) AS sum,
    min(value) FILTER (WHERE 100 * seen >= 50 * total) AS median,
    min(value) FILTER (WHERE 100 * seen >= 90 * total) AS p90,
    min(value) FILTER (WHERE 100 * seen >= 99 * total) AS p99
  FROM ranked
  GROUP BY segment
)
SELECT
  {shown}measurable, {bound} AS bound,
  CASE WHEN measurable THEN coalesce(n, 0) END AS n, sum, median, p90, p99
FROM segments LEFT JOIN quantiles USING (segment)"
    )
}

fn indented(sql: &str) -> String {
    sql.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

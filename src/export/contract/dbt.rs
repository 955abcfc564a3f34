//! The contract as a package for dbt: sources with tests of their keys, and a semantic model of `daily_counts` with a metric for
//! every one that adds up, so that rates are divided after they were added up.
//!
//! Follows dbt's reference of `sources` (<https://docs.getdbt.com/reference/source-properties>) and of `MetricFlow`'s semantic
//! models (<https://docs.getdbt.com/docs/build/semantic-models>).

use super::sql::SCHEMA;
use super::{ColumnTold, Contract, Document, MetricTold, TableTold};

const PROJECT: &str = "\
name: trichter
version: \"1.0.0\"
config-version: 2
profile: trichter
model-paths: [models]
";

/// By which columns of `daily_counts` metrics can be broken down.
const SEGMENTS: [&str; 7] = ["metric", "channel", "account", "campaign", "flow", "flow_version", "question"];

/// The files of the package.
pub(super) fn documents(contract: &Contract) -> Vec<Document> {
    let model = |table: &str| format!("SELECT * FROM {{{{ source('{SCHEMA}', '{table}') }}}}\n");
    let file = |name: &str, text: String| (format!("dbt/{name}"), text);
    vec![
        file("dbt_project.yml", PROJECT.to_owned()),
        file("models/sources.yml", sources(contract)),
        file("models/trichter_daily_counts.sql", model("daily_counts")),
        file("models/trichter_dates.sql", model("dim_date")),
        file("models/semantic.yml", semantic(contract)),
    ]
}

fn sources(contract: &Contract) -> String {
    let mut text = format!("version: 2\nsources:\n  - name: {SCHEMA}\n    schema: {SCHEMA}\n    tables:\n");
    contract.tables.iter().for_each(|table| of_table(&mut text, table));
    text
}

fn of_table(text: &mut String, table: &TableTold) {
    let description = scalar(&format!("{}: one row per {}", table.class, table.one_row_per));
    text.extend([format!("      - name: {}\n        description: {description}\n        columns:\n", table.name)]);
    for ColumnTold { name, unit, meaning, null, refers_to, .. } in &table.columns {
        let mut description = (*meaning).to_owned();
        if let Some(null) = null {
            description.extend([format!("; null: {null}")]);
        }
        if let Some(unit) = unit.filter(|unit| *unit != "1") {
            description.extend([format!("; unit: {unit}")]);
        }
        text.extend([format!("          - name: {name}\n            description: {}\n", scalar(&description))]);
        let mut tests = Vec::new();
        if table.key == [*name] {
            tests.extend(["unique".to_owned(), "not_null".to_owned()]);
        }
        if let Some(dimension) = refers_to {
            tests.push(format!(
                "relationships: {{arguments: {{to: \"source('{SCHEMA}', '{dimension}')\", field: {name}}}}}"
            ));
        }
        if !tests.is_empty() {
            text.push_str("            data_tests:\n");
            for test in &tests {
                text.extend(["              - ", test, "\n"]);
            }
        }
    }
}

fn semantic(contract: &Contract) -> String {
    let mut text = String::from(
        "version: 2
models:
  - name: trichter_dates
    description: \"days, as the time spine of metrics\"
    time_spine:
      standard_granularity_column: day
    columns:
      - name: day
        granularity: day
semantic_models:
  - name: daily_counts
    model: ref('trichter_daily_counts')
    defaults:
      agg_time_dimension: counted_day
    primary_entity: daily_count
    dimensions:
      - name: counted_day
        expr: day
        type: time
        type_params:
          time_granularity: day
",
    );
    for name in SEGMENTS {
        text.extend([format!("      - name: {name}\n        type: categorical\n")]);
    }
    text.push_str("    measures:\n");
    for name in ["numerator", "denominator", "n", "sum"] {
        text.extend([format!("      - name: {SCHEMA}_{name}\n        expr: {name}\n        agg: sum\n")]);
    }
    text.push_str("metrics:\n");
    for name in ["numerator", "denominator", "n", "sum"] {
        text.extend([format!("  - name: {SCHEMA}_{name}\n    label: {}\n    type: simple\n    type_params:\n      measure: {SCHEMA}_{name}\n",
            scalar(&format!("{name} of one metric: filter by it")))]);
    }
    contract
        .metrics
        .iter()
        .filter(|metric| metric.from_daily_counts.is_some())
        .for_each(|metric| of_metric(&mut text, metric));
    text
}

/// A metric as a ratio of what adds up. For a distribution that is the mean: medians do not add up.
fn of_metric(text: &mut String, metric: &MetricTold) {
    let (over, under) = if metric.kind == "rate" { ("numerator", "denominator") } else { ("sum", "n") };
    let (label, description) = if metric.kind == "rate" {
        (metric.name.clone(), metric.meaning.clone())
    } else {
        (format!("{} (mean)", metric.name), format!("mean of: {}", metric.meaning))
    };
    let filter = scalar(&format!("{{{{ Dimension('daily_count__metric') }}}} = '{}'", metric.id));
    // Names of dbt are letters, digits and single underscores.
    let name = metric.id.replace('@', "_at_");
    text.extend([format!("  - name: {name}\n    label: {}\n    description: {}\n    type: ratio\n    filter: {filter}\n    type_params:\n      numerator: {SCHEMA}_{over}\n      denominator: {SCHEMA}_{under}\n",
        scalar(&label),
        scalar(&description))]);
}

/// A text in YAML. What JSON writes between quotes, YAML reads the same.
fn scalar(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

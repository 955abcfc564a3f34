//! The contract as a page of Markdown.

use super::{ColumnTold, Contract, MetricTold, TableTold};

/// The page.
pub(super) fn page(contract: &Contract) -> String {
    let mut text = format!(
        "# Tables of an export\n\n\
         Version {} of the tables, written by trichter {}.\n\n\
         Counts are kept, never rates: add numerators and denominators, then divide. A denominator of zero has no rate. \
         Null is unknown, not zero. Names end in `_at` for instants in UTC and in `_s` for seconds, and begin with `n_` for counts; \
         `day` is the day in the time zone that `export_info` names. Facts, dimensions and counts meet in the columns of one name.\n\n\
         ## Versions\n\n",
        contract.schema_version, contract.program_version
    );
    for migration in &contract.migrations {
        text.extend([format!("- {}: {}\n", migration.schema_version, migration.note)]);
    }
    for (class, heading) in
        [("fact", "Facts"), ("dimension", "Dimensions"), ("aggregate", "Counts"), ("info", "The export itself")]
    {
        text.extend([format!("\n## {heading}\n")]);
        contract.tables.iter().filter(|table| table.class == class).for_each(|table| of_table(&mut text, table));
    }
    text.push_str("\n## Metrics\n\n\
         The formula counts rows of a fact table that have a column `segment`; the statements in `duckdb/metrics`, \
         `postgres/metrics` and `spark/metrics` (for sessions in UTC) are these with the breakdowns of the report, and give rates and intervals beside the counts. \
         Where a flag is needed and no row of a segment has it, the channels cannot tell, and there is no value.\n");
    contract.metrics.iter().for_each(|metric| of_metric(&mut text, metric));
    text
}

fn of_table(text: &mut String, table: &TableTold) {
    text.extend([format!("\n### {}\n\nOne row per {}.", table.name, table.one_row_per)]);
    if !table.key.is_empty() {
        text.extend([format!(" Key: {}.", list(table.key))]);
    }
    if !table.sorted_by.is_empty() {
        text.extend([format!(" Sorted by {}.", list(table.sorted_by))]);
    }
    if let Some(column) = table.partitioned_by {
        text.extend([format!(" Partitioned by `{column}`.")]);
    }
    text.push_str("\n\n| column | type | unit | meaning | null |\n|---|---|---|---|---|\n");
    for ColumnTold { name, kind, unit, meaning, null, refers_to, .. } in &table.columns {
        let leads = refers_to.map(|table| format!(" (key of `{table}`)")).unwrap_or_default();
        text.extend([format!(
            "| `{name}` | {kind} | {} | {}{leads} | {} |\n",
            unit.unwrap_or_default(),
            cell(meaning),
            cell(null.unwrap_or_default())
        )]);
    }
}

fn of_metric(text: &mut String, metric: &MetricTold) {
    let MetricTold { id, name, meaning, unit, table, kind, needs, bound, bounded_by, source, caveat, formula, .. } =
        metric;
    text.extend([format!("\n### {id}\n\n{name}: {meaning}. A {kind} of {unit}, from `{table}`.")]);
    if let Some(flag) = needs {
        text.extend([format!(" Needs `{flag}`.")]);
    }
    if let Some(flag) = bounded_by {
        let word = if *bound == "most" { "upper" } else { "lower" };
        text.extend([format!(" Where `{flag}`, an {word} bound.")]);
    }
    text.extend([format!("\n\nSource: {source}.\n\nCaveat: {caveat}.\n\n```sql\n{formula}\n```\n")]);
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A bar inside a cell would end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

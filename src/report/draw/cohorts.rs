//! Charts of retention: for each of its tables and each way to join, a grid of cohorts by months since.

use super::leaving::written;
use super::{MOST_ROWS, Words, alternative};
use crate::charts::{self, Cohort, Grid, Heat, Scale};
use crate::error::Result;
use crate::measures::{Row, Value};
use crate::report::model::Report;

/// The grids of the table at this place. A single cohort makes none, nor does a single month.
pub(super) fn charts(report: &Report, index: usize, words: &Words<'_>) -> Result<Vec<String>> {
    let measured = report.measures.iter().find(|measured| measured.measure.id == "retention");
    let Some(table) = measured.and_then(|measured| measured.tables.get(index)) else { return Ok(Vec::new()) };
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (Some(cohort), Some(contacts)) = (place("cohort"), place("contacts")) else { return Ok(Vec::new()) };
    let group = |row: &Row| {
        let names = row.cells.iter().zip(&table.columns).take(contacts).filter(|(_, column)| column.name != "cohort");
        let names = names.map(|(value, column)| match value {
            Value::Name(Some(basis)) if column.name == "basis" => format!("joined by {}", basis.replace('_', " ")),
            value => written(value, words),
        });
        names.collect::<Vec<_>>().join(" · ")
    };
    let mut groups: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in table.rows.iter().take(MOST_ROWS) {
        let name = group(row);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((name, vec![row])),
        }
    }
    let groups = groups.iter().enumerate().map(|(number, (name, rows))| {
        let title = format!("{}, {name}", table.title);
        grid(&format!("chart-retention-{index}-{number}"), title, rows, (cohort, contacts), words)
    });
    Ok(groups.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// The grid of the cohorts that have these names in common.
fn grid(
    id: &str,
    title: String,
    rows: &[&Row],
    (cohort, contacts): (usize, usize),
    words: &Words<'_>,
) -> Result<Option<String>> {
    let language = words.language;
    let share = |value: &Value| if let Value::Rate { rate, .. } = value { rate.value() } else { None };
    let is_enough = |row: &Row| row.n.is_some_and(|n| n >= words.minimum);
    let n_ages =
        rows.iter().filter_map(|row| row.cells.iter().skip(contacts + 1).rposition(|cell| share(cell).is_some()));
    let n_ages = n_ages.max().map_or(0, |last| last + 1);
    let shares = rows.iter().filter(|row| is_enough(row)).flat_map(|row| row.cells.iter().filter_map(share));
    let high = shares.fold(0.0, f64::max);
    if rows.len() < 2 || n_ages < 2 || high <= 0.0 {
        return Ok(None);
    }
    let lines: Vec<Cohort> = rows
        .iter()
        .map(|row| Cohort {
            name: row.cells.get(cohort).map_or_else(String::new, |value| written(value, words)),
            size: row.n.map_or_else(String::new, |n| language.count(n)),
            cells: row
                .cells
                .iter()
                .skip(contacts + 1)
                .take(n_ages)
                .map(|value| match value {
                    Value::Rate { rate, bound } if rate.denominator > 0 => {
                        let share = share(value).unwrap_or_default();
                        let text = language.bounded(*bound, language.tick((share * 100.0).round() / 100.0));
                        let heat = if is_enough(row) { Heat::Share(text, share / high) } else { Heat::Few(text) };
                        (heat, language.count(rate.numerator))
                    }
                    _ => (Heat::Nothing, String::new()),
                })
                .collect(),
        })
        .collect();
    let told: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let last = line.cells.iter().rposition(|(heat, _)| *heat != Heat::Nothing)?;
            let (Heat::Share(text, _) | Heat::Few(text), count) = line.cells.get(last)? else { return None };
            Some(format!("{}: {} of {}, {text}, in month {last}", line.name, count, line.size))
        })
        .collect();
    let grid = Grid {
        title: title.clone(),
        headings: ["Joined in", "Contacts"].map(str::to_owned),
        columns: (0..n_ages).map(|age| format!("Month {age}")).collect(),
        scale: Scale {
            ends: [language.tick(0.0), language.tick((high * 100.0).round() / 100.0)],
            unit: "of the cohort, and how many".to_owned(),
            few: format!("fewer than {} contacts", words.minimum),
            nothing: None,
        },
    };
    Ok(Some(charts::cohorts(&alternative(id, title, &told), &grid, &lines)?))
}

//! Charts of retention: for each of its tables and each way to join, a grid of cohorts by months since.

use super::leaving::written;
use super::{MOST_ROWS, Words, alternative};
use crate::charts::{self, Cohort, Grid, Heat, Scale};
use crate::error::Result;
use crate::measures::{Row, Value};
use crate::report::model::Report;

/// The grids of the table at this place. A single month makes none.
pub(super) fn charts(report: &Report, index: usize, words: &Words<'_>) -> Result<Vec<String>> {
    let measured = report.measures.iter().find(|measured| measured.measure.id == "retention");
    let Some(table) = measured.and_then(|measured| measured.tables.get(index)) else { return Ok(Vec::new()) };
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (Some(cohort), Some(contacts)) = (place("cohort"), place("contacts")) else { return Ok(Vec::new()) };
    let group = |row: &Row| {
        let names = row.cells.iter().zip(&table.columns).take(contacts).filter(|(_, column)| column.name != "cohort");
        let names = names.map(|(value, column)| match value {
            Value::Name(Some(basis)) if column.name == "basis" => joined_by(basis, words),
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
        let title = [("title", table.title.clone().into()), ("names", name.clone().into())];
        let title = words.language.say_with("chart-cohorts", &title);
        grid(&format!("chart-retention-{index}-{number}"), title, rows, (cohort, contacts), words)
    });
    Ok(groups.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// How the contacts of a cohort came onto the list.
fn joined_by(basis: &str, words: &Words<'_>) -> String {
    let basis = words.language.named("basis", Some(basis));
    words.language.say_with("chart-cohorts.joined", &[("basis", basis.into())])
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
    if n_ages < 2 || high <= 0.0 {
        return Ok(None);
    }
    let percent = |share: f64| format!("{:.0}", share * 100.0);
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
                        let text = language.bounded(*bound, percent(share));
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
            let told = [
                ("cohort", line.name.clone().into()),
                ("count", count.clone().into()),
                ("size", line.size.clone().into()),
                ("share", text.clone().into()),
                ("age", last.into()),
            ];
            Some(language.say_with("chart-cohorts.told", &told))
        })
        .collect();
    let grid = Grid {
        title: title.clone(),
        headings: [language.say("chart-cohorts.cohort"), language.column("contacts")],
        columns: (0..n_ages).map(|age| age.to_string()).collect(),
        scale: Scale {
            ends: [percent(0.0), percent(high)],
            unit: language.say("chart-cohorts.scale"),
            few: language.say_with("chart-cohorts.few", &[("minimum", words.minimum.into())]),
            nothing: None,
        },
    };
    Ok(Some(charts::cohorts(&alternative(id, title, &told), &grid, &lines)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::{Column, Measure, Measured, Table};
    use crate::rate::{Bound, Rate};
    use crate::report::fixture;

    fn cohort(basis: &str, name: &str, n: u64, active: [Option<u64>; 2]) -> Row {
        let rate = |numerator| Value::Rate { rate: Rate { numerator, denominator: n }, bound: Bound::Most };
        let names = [Value::name(Some(basis)), Value::name(Some(name)), Value::Count(n)];
        Row::new(n, names.into_iter().chain(active.map(|n| n.map_or(Value::Unknown, rate))).collect())
    }

    #[test]
    fn each_way_to_join_has_a_grid_if_it_has_two_months() {
        let mut report = fixture::small();
        let rows = vec![
            cohort("opt_in", "2026-01", 200, [Some(200), Some(100)]),
            cohort("opt_in", "2026-02", 3, [Some(3), None]),
            cohort("first_contact", "2026-01", 200, [Some(200), Some(100)]),
        ];
        let columns = ["basis", "cohort", "contacts", "month_0", "month_1"].map(Column::new).into();
        let table = Table { id: "active", title: "Active".to_owned(), columns, rows, ..Table::default() };
        report.measures = vec![Measured { measure: Measure::named("retention").unwrap(), tables: vec![table] }];
        let found = charts(&report, 0, &Words::new(&report)).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[1].contains("joined by first contact"), "{}", found[1]);
        assert!(found[0].contains("Active by months since, joined by opt-in"), "{}", found[0]);
        // Two cells with a shade and five of the scale; the small cohort is grey, as is the legend's.
        assert_eq!(found[0].matches("class=\"f-blue\"").count(), 2 + 5, "{}", found[0]);
        assert_eq!(found[0].matches("class=\"f-track\"").count(), 2, "{}", found[0]);
        assert!(found[0].contains("≤\u{202f}50"), "{}", found[0]);
        assert!(charts(&report, 1, &Words::new(&report)).unwrap().is_empty());
    }
}

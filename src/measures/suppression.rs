//! Suppression: leaves small cells out of answers and tables, and with them what would tell their value.

use super::Measured;
use super::table::{Message, Row, Value};
use crate::metrics::{Answer, Counts};
use crate::statistics::disclosure::withheld;

/// Leaves out the rows of fewer than `minimum` observations, and those without which they could be computed. Returns how many
/// each answer lost.
pub fn of_answers(answers: &mut [Answer], minimum: u64) -> Vec<u64> {
    let of_answer = |answer: &mut Answer| {
        let size = |counts: &Counts| match counts {
            Counts::Rate(rate) => rate.denominator,
            Counts::Distribution(distribution) => distribution.n(),
        };
        let cells: Vec<_> = answer.rows.iter().map(|row| (row.segment.as_slice(), size(&row.counts))).collect();
        let hidden = withheld(&cells, minimum);
        remove(&mut answer.rows, &hidden)
    };
    answers.iter_mut().map(of_answer).collect()
}

/// The same for the rows of a measure's tables; each note says how many its table lost. Rows belong to one total if they agree
/// in what stands before their numbers and is no name out of the log: in the metric, the cause, the rule. Returns how many rows are left out in all.
pub fn of_tables(measured: &mut Measured, minimum: u64) -> u64 {
    let mut lost = 0;
    for table in &mut measured.tables {
        let keys: Vec<(Vec<String>, [Vec<String>; 1])> = table.rows.iter().map(key).collect();
        let mut hidden = vec![false; table.rows.len()];
        let mut kinds: Vec<&[String]> = keys.iter().map(|(kind, _)| kind.as_slice()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            let places: Vec<usize> =
                (0..keys.len()).filter(|&place| keys.get(place).is_some_and(|key| key.0 == kind)).collect();
            let cells: Vec<(&[Vec<String>], u64)> = places
                .iter()
                .filter_map(|&place| Some((keys.get(place)?.1.as_slice(), size(table.rows.get(place)?))))
                .collect();
            for (place, is_hidden) in places.into_iter().zip(withheld(&cells, minimum)) {
                hidden.iter_mut().skip(place).take(1).for_each(|hidden| *hidden = is_hidden);
            }
        }
        let n = remove(&mut table.rows, &hidden);
        if n > 0 {
            table.notes.push(sentence(n, minimum));
        }
        lost += n;
    }
    lost
}

/// What is said where cells are missing.
#[must_use]
pub fn sentence(n: u64, minimum: u64) -> Message {
    Message::of("left-out-rows").with("n", Value::Count(n)).with("minimum", Value::Count(minimum))
}

/// The fewest observations that anything in the row rests on; where nothing tells them, the largest count in it.
fn size(row: &Row) -> u64 {
    let of_share = |cell: &Value| if let Value::Rate { rate, .. } = cell { Some(rate.denominator) } else { None };
    let count = |cell: &Value| if let Value::Count(n) = cell { Some(*n) } else { None };
    let told = row.cells.iter().filter_map(of_share).chain(row.n).filter(|n| *n > 0).min();
    told.or_else(|| row.cells.iter().filter_map(count).max()).unwrap_or_default()
}

/// What a row is of, and of whom: names together, because tables of measures show no totals of some of them.
fn key(row: &Row) -> (Vec<String>, [Vec<String>; 1]) {
    let (mut kind, mut names) = (Vec::new(), Vec::new());
    // What stands behind the first number is said about it.
    for cell in &row.cells {
        match cell {
            Value::Metric(text) | Value::Column(text) | Value::Text(text) => kind.push(text.clone()),
            Value::Message(message) => kind.push(message.key.to_owned()),
            Value::Name(name) => names.push(name.clone().unwrap_or_default()),
            _ => break,
        }
    }
    (kind, [names])
}

fn remove<T>(rows: &mut Vec<T>, hidden: &[bool]) -> u64 {
    let before = rows.len();
    let mut hidden = hidden.iter();
    rows.retain(|_| hidden.next() != Some(&true));
    (before - rows.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::super::table::{Column, Table};
    use super::*;
    use crate::measures::comparison;
    use crate::metrics;
    use crate::rate::{Bound, Rate};

    fn answer(counts: &[(&str, u64)]) -> Answer {
        let row = |&(name, denominator): &(&str, u64)| metrics::Row {
            segment: vec![Some(name.to_owned())],
            counts: Counts::Rate(Rate { numerator: denominator / 3, denominator }),
            measurable: true,
            bound: Bound::Exact,
            moments: None,
        };
        let rows = counts.iter().map(row).collect();
        Answer { metric: "open_rate".into(), by: vec!["campaign".into()], rows, n_shared: 0 }
    }

    #[test]
    fn the_only_small_row_does_not_go_alone() {
        let mut answers = [answer(&[("may", 400), ("june", 60), ("july", 4)]), answer(&[("may", 400), ("june", 60)])];
        assert_eq!(of_answers(&mut answers, 30), [2, 0]);
        assert_eq!(answers[0].rows.len(), 1);
        assert_eq!(answers[0].rows[0].segment, [Some("may".to_owned())]);
        assert_eq!(answers[1].rows.len(), 2);
    }

    #[test]
    fn a_row_of_plain_counts_is_as_small_as_its_largest() {
        let row = |n, cells: [Value; 2]| Row { cells: cells.into(), n, immature: false };
        assert_eq!(size(&row(None, [Value::Count(2), Value::Count(0)])), 2);
        assert_eq!(size(&row(Some(0), [Value::Count(412), Value::Count(1)])), 412);
        assert_eq!(size(&row(Some(7), [Value::Seconds(60), Value::rate(1, 5)])), 5);
    }

    #[test]
    fn rows_of_different_metrics_have_different_totals() {
        let row = |metric: &str, name: &str, n| {
            Row::new(n, vec![Value::Metric(metric.to_owned()), Value::name(Some(name)), Value::rate(1, n)])
        };
        let rows = vec![
            row("open_rate", "may", 900),
            row("open_rate", "june", 3),
            row("open_rate", "july", 50),
            row("click_rate", "may", 900),
            row("click_rate", "july", 40),
        ];
        let columns = ["metric", "campaign", "rate"].map(Column::new).into();
        let table = Table { id: "rates", columns, rows, ..Table::default() };
        let mut measured = Measured { measure: &comparison::MEASURE, tables: vec![table] };
        assert_eq!(of_tables(&mut measured, 30), 2);
        let table = &measured.tables[0];
        assert_eq!(table.rows.len(), 3);
        assert!(table.rows.iter().all(|row| row.n >= Some(40)));
        assert_eq!(table.notes, [sentence(2, 30)]);
        assert_eq!(of_tables(&mut measured, 30), 0, "what is left needs no more");
    }
}

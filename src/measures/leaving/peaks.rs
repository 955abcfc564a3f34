//! Peaks: at which question, by which cause and when more leave than at the other questions of the flow, beyond chance.

use std::collections::BTreeMap;

use super::question::{ENDINGS, Question, SKIPPED, WORDS};
use super::{columns, windowed};
use crate::measures::Setting;
use crate::measures::table::{Column, Message, Row, Table, Value};
use crate::rate::{Bound, Rate, as_f64};
use crate::statistics::difference::q_values;
use crate::statistics::exact::excess;

/// Where ranges of time begin, in seconds; the last ends at the decision window.
const STARTS: [i64; 9] = [0, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 259_200];
/// Up to this q-value something stands out.
const LEVEL: f64 = 0.05;
/// Rows that are shown.
const MOST: usize = 20;

/// One question, cause and range of time, held against the other questions of its flow.
struct Cell<'q> {
    question: &'q Question<'q>,
    cause: usize,
    from: i64,
    to: i64,
    here: Rate,
    elsewhere: Rate,
    p: f64,
}

impl Cell<'_> {
    /// How many fewer would have left if as large a share had as elsewhere.
    fn more(&self) -> f64 {
        as_f64(self.here.numerator) - as_f64(self.here.denominator) * self.elsewhere.value().unwrap_or_default()
    }
}

/// The table: what stands out, what would save most first.
pub(super) fn table(setting: &Setting<'_>, questions: &[Question<'_>], decision: i64) -> Table {
    let cells = cells(setting, questions, decision);
    let qs = q_values(&cells.iter().map(|cell| cell.p).collect::<Vec<f64>>());
    let mut peaks: Vec<(&Cell<'_>, f64)> = cells.iter().zip(qs).filter(|(_, q)| *q <= LEVEL).collect();
    // Equal ones stay in the order of questions, causes and times.
    peaks.sort_by(|(left, _), (right, _)| right.more().total_cmp(&left.more()));
    let rows: Vec<Row> = peaks.iter().take(MOST).map(|(cell, q)| row(cell, *q)).collect();
    let own = ["cause", "from_s", "to_s", "left", "elsewhere", "more", "q"].map(Column::new);
    let mut notes = Vec::new();
    if cells.is_empty() {
        notes.push(Message::of("leaving-peaks.none"));
    } else if rows.is_empty() {
        notes.push(Message::of("leaving-peaks.nothing"));
    } else {
        let level = Value::Probability(LEVEL);
        let tested = Message::of("leaving-peaks.tested").with("n", Value::Count(cells.len() as u64));
        notes.push(tested.with("level", level));
        let rest = peaks.len().saturating_sub(MOST) as u64;
        notes.extend((rest > 0).then(|| Message::of("leaving-peaks.rest").with("n", Value::Count(rest))));
    }
    notes.push(windowed("leaving-peaks.window", decision));
    Table { id: "peaks", columns: columns(setting, own), rows, notes, ..Table::default() }
}

fn row(cell: &Cell<'_>, q: f64) -> Row {
    let cause = WORDS.get(cell.cause).map_or(Value::Unknown, |word| Value::word(word));
    let rate = |rate: Rate| Value::Rate { rate, bound: Bound::Exact };
    let row = cell.question.row([
        cause,
        Value::Seconds(cell.from),
        Value::Seconds(cell.to),
        rate(cell.here),
        rate(cell.elsewhere),
        Value::Number { value: cell.more(), interval: None },
        Value::Probability(q),
    ]);
    Row { n: Some(cell.here.denominator), ..row }
}

/// Everything that is compared: enough visits on both sides, and somebody who left.
fn cells<'q>(setting: &Setting<'_>, questions: &'q [Question<'q>], decision: i64) -> Vec<Cell<'q>> {
    let minimum = setting.config.report.minimum.max(1);
    let place = columns(setting, []).iter().position(|column| column.name == "question");
    let mut flows: BTreeMap<Vec<Option<&str>>, Vec<&Question<'_>>> = BTreeMap::new();
    for question in questions {
        let names = question.names.iter().enumerate().filter(|(other, _)| Some(*other) != place);
        flows.entry(names.map(|(_, name)| *name).collect()).or_default().push(question);
    }
    let ends = STARTS.into_iter().skip(1).chain([i64::MAX]);
    let ranges: Vec<(i64, i64)> = STARTS
        .into_iter()
        .zip(ends)
        // What happens at the decision window itself has happened by then.
        .map(|(from, to)| (from, to.min(decision.saturating_add(1))))
        .filter(|(from, to)| from < to)
        .collect();
    let mut cells = Vec::new();
    for questions in flows.values() {
        for &(from, to) in &ranges {
            let ended: Vec<Vec<Rate>> =
                questions.iter().map(|question| question.observed.ended_within(from..to)).collect();
            for cause in SKIPPED + 1..ENDINGS.len() {
                let rates = questions.iter().zip(&ended).filter(|(question, _)| !question.is_untold(setting, cause));
                let rates: Vec<(&Question<'_>, Rate)> =
                    rates.filter_map(|(question, ended)| Some((*question, *ended.get(cause)?))).collect();
                let mut all = Rate::default();
                for (_, rate) in &rates {
                    all.add(*rate);
                }
                for (question, here) in rates {
                    let elsewhere = Rate {
                        numerator: all.numerator - here.numerator,
                        denominator: all.denominator - here.denominator,
                    };
                    if here.denominator >= minimum
                        && elsewhere.denominator >= minimum
                        && let Some(p) = excess(here, elsewhere)
                    {
                        cells.push(Cell { question, cause, from, to: to.min(decision), here, elsewhere, p });
                    }
                }
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::super::MEASURE;
    use super::super::tests::{Visits, measured_of, table};
    use super::*;

    /// A hundred visits to each of three questions: most answered within a minute, some silent, a few stopped after about
    /// ten minutes; `planted` more of those at the second question.
    fn flow(planted: usize) -> Vec<Visits<'static>> {
        const SOON: [i64; 60] = [20; 60];
        const LATE: [i64; 40] = [86_400; 40];
        const STOPPED: [i64; 40] = [600; 40];
        let visits = |question, stopped: usize| {
            let silent = 40 - stopped;
            [
                (question, "answered", "whatsapp", 60, SOON.as_slice()),
                (question, "silent", "whatsapp", silent as u64, &LATE[..silent]),
                (question, "stopped", "whatsapp", stopped as u64, &STOPPED[..stopped]),
            ]
        };
        [visits("name", 1), visits("age", 1 + planted), visits("town", 1)].concat()
    }

    #[test]
    fn a_planted_peak_is_found_where_and_when_it_is() {
        // 15 of 100 stop between five and fifteen minutes; of 200 at the other questions, two.
        let tables = measured_of(&MEASURE, &flow(14));
        let peaks = table(&tables, "peaks");
        let [row] = peaks.rows.as_slice() else { panic!("{peaks:?}") };
        assert_eq!(
            row.cells[1..7],
            [
                Value::name(Some("age")),
                Value::word("ending-stopped"),
                Value::Seconds(300),
                Value::Seconds(900),
                Value::rate(15, 100),
                Value::rate(2, 200),
            ]
        );
        let Value::Number { value, .. } = row.cells[7] else { panic!("{row:?}") };
        assert!((value - 14.0).abs() < 1e-12, "15 of 100 instead of 1");
    }

    #[test]
    fn where_questions_are_alike_nothing_stands_out() {
        let tables = measured_of(&MEASURE, &flow(0));
        let peaks = table(&tables, "peaks");
        assert!(peaks.rows.is_empty() && peaks.notes.contains(&Message::of("leaving-peaks.nothing")), "{peaks:?}");
    }
}

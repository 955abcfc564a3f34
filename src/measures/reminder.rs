//! Reminder: from when on waiting for an answer brings little, and when answers begin to come faster again, question by
//! question.

use super::leaving::{self, ANSWERED, Question};
use super::table::{Column, Message, Row, Table, Value};
use super::{Measure, Setting};
use crate::error::Result;
use crate::event::SECOND;
use crate::metrics::Answers;
use crate::statistics::difference::q_values;

/// Of those who still wait, fewer than this will answer by themselves.
const FEW: f64 = 0.1;
/// Hazards are those of spans of an hour: an hour after the question, two hours, and so on.
const SPAN: i64 = 3_600;
/// Rises with a q-value of at most this are told.
const TOLD: f64 = 0.05;

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "reminder", asks: leaving::asks, tables };

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let decision = setting.settings.windows.decision().div_euclid(SECOND);
    let questions = leaving::questions(setting, answers);
    let rises = rises(setting, &questions, decision);
    let rows = questions.iter().map(|question| {
        let [answered] = question.soon(&[ANSWERED], [decision]);
        let Some(timed) = question.timed() else {
            let untold = [answered, Value::Unmeasurable, Value::Unmeasurable];
            return question.row(std::iter::once(Value::Count(question.n())).chain(untold));
        };
        let is_seen = matches!(answered, Value::Share { .. });
        let moment = is_seen.then(|| timed.fades(ANSWERED, FEW, decision)).flatten();
        let waiting = moment.map_or(Value::Unknown, |moment| timed.lasting().at(moment).into());
        let moment = moment.map_or(Value::Unknown, Value::Seconds);
        question.row([Value::Count(question.n()), answered, moment, waiting])
    });
    let own = [Column::new("visits"), Column::new("answered"), Column::new("remind_after_s"), Column::new("waiting")];
    let questions =
        Table { id: "questions", columns: leaving::columns(setting, own), rows: rows.collect(), ..Table::default() };
    Ok(vec![questions, rises])
}

/// The hours in which answers come faster than in the hour before.
fn rises(setting: &Setting<'_>, questions: &[Question<'_>], decision: i64) -> Table {
    let mut found = Vec::new();
    for question in questions {
        let hazards = question.timed().map_or_else(Vec::new, |timed| timed.hazards(ANSWERED, SPAN, decision));
        for (pair, from) in hazards.windows(2).zip((SPAN..).step_by(3_600)) {
            let [before, now] = pair else { continue };
            if before.rate().is_some() && now.rate().is_some() && before.n_ended + now.n_ended > 0 {
                found.push((question, from, *before, *now, now.rises_by_chance(before)));
            }
        }
    }
    let qs = q_values(&found.iter().map(|(.., p)| *p).collect::<Vec<f64>>());
    let per_hundred_hours = |rate: Option<f64>| match rate {
        Some(rate) => Value::Number { value: rate * 3_600.0 * 100.0, interval: None },
        None => Value::Unknown,
    };
    let told = found.into_iter().zip(qs).filter(|(_, q)| *q <= TOLD);
    let rows = told.map(|((question, from, before, now, _), q)| {
        let rates = [now, before].map(|hazard| per_hundred_hours(hazard.rate()));
        let own = [Value::Seconds(from), Value::Count(now.n_ended)].into_iter().chain(rates);
        let row = question.row(own.chain([Value::Probability(q)]));
        Row { n: None, ..row }
    });
    let own = [
        Column::new("from_s"),
        Column::new("answers"),
        Column::new("hazard"),
        Column::new("hazard_before"),
        Column::new("q"),
    ];
    let rows: Vec<Row> = rows.collect();
    let note = if rows.is_empty() { "reminder-rises.none" } else { "reminder-rises.note" };
    Table {
        id: "rises",
        columns: leaving::columns(setting, own),
        rows,
        notes: vec![Message::of(note)],
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::leaving::tests::measured_as;
    use super::*;

    #[test]
    fn four_visits_on_paper() {
        // Answered after 10 s and after 1 h; silent after a day, twice. At first two of four will answer, after 10 s one of
        // three, after 1 h none of the half that waits.
        let tables = measured_as(&MEASURE, &[("answered", 2, &[10, 3_600]), ("silent", 2, &[86_400, 90_000])]);
        let cells = &tables[0].rows[0].cells;
        let Value::Share { value: answered, .. } = cells[3] else { panic!("{cells:?}") };
        let Value::Share { value: waiting, .. } = cells[5] else { panic!("{cells:?}") };
        assert!((answered - 0.5).abs() < 1e-12 && (waiting - 0.5).abs() < 1e-12, "{cells:?}");
        assert_eq!(cells[4], Value::Seconds(3_600));
    }

    #[test]
    fn an_hour_in_which_answers_come_faster_is_told_and_a_steady_fall_is_not() {
        // 400 visits: 100 answer in the first hour, 30 in the second, 10 in each of the next two; then perhaps 40 in the fifth.
        let answers = |fifth: i64| -> Vec<i64> {
            let spread = |hour: i64, n: i64| (0..n).map(move |number| hour * 3_600 + number * 3_600 / n);
            let falls = spread(0, 100).chain(spread(1, 30)).chain(spread(2, 10)).chain(spread(3, 10));
            falls.chain(spread(4, fifth)).collect()
        };
        let silent: Vec<i64> = (0..200).map(|number| 90_000 + number).collect();
        let told = |answers: &[i64]| {
            let tables = measured_as(&MEASURE, &[("answered", 0, answers), ("silent", 0, &silent)]);
            tables[1].rows.iter().map(|row| row.cells[2..4].to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(told(&answers(40)), [[Value::Seconds(4 * 3_600), Value::Count(40)]]);
        assert_eq!(told(&answers(8)), Vec::<Vec<Value>>::new());
    }

    #[test]
    fn what_was_not_watched_for_so_long_has_no_moment() {
        let tables = measured_as(&MEASURE, &[("answered", 1, &[10]), ("open", 1, &[60])]);
        assert_eq!(tables[0].rows[0].cells[3..], [Value::Unknown, Value::Unknown, Value::Unknown]);
    }
}

//! Curves: the share that has left by each time since the question was asked, for the questions that lose most. The numbers
//! of the chart, and of the table beneath it.
//!
//! Of all visits, as the table of causes. Where most answers have no time, nobody can say how many still waited, and the curve
//! is n/a.

use std::collections::{BTreeMap, BTreeSet};

use super::question::{ENDINGS, Question, SKIPPED};
use super::{columns, windowed};
use crate::measures::Setting;
use crate::measures::table::{Column, Message, Row, Table, Value};
use crate::statistics::survival::Curve;

/// Questions that are shown.
const MOST_QUESTIONS: usize = 3;
/// Spans of the decision window. Of the steps within one of them the first and the last are told: no picture is so wide that
/// those between them could be seen.
const SPANS: i64 = 240;
/// Marks after the first.
const MOST_MARKS: i64 = 6;
/// What may lie between two marks, in seconds.
const BETWEEN: [i64; 24] = [
    1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400,
    172_800, 259_200, 604_800, 1_209_600, 2_592_000,
];

/// What the table of all steps is called.
const STEPS: &str = "curve_steps";

/// A question with the curve of those who have left it.
struct Left<'q, 'a> {
    question: &'q Question<'a>,
    curve: Curve,
}

/// The times at which the chart of a decision window has marks, in seconds: 0, handsome ones, and the window's end.
fn marks(decision: i64) -> Vec<i64> {
    let fits = |between: &i64| decision <= between.saturating_mul(MOST_MARKS);
    let between = BETWEEN.into_iter().find(fits).unwrap_or(decision / MOST_MARKS).max(1);
    // A mark right before the last would stand in its place.
    let before = |mark: &i64| decision - mark > between / 2;
    (0..=MOST_MARKS).map(|place| place * between).take_while(before).chain([decision]).collect()
}

/// The table of the marks, and the one of all steps.
pub(super) fn tables(setting: &Setting<'_>, questions: &[Question<'_>], decision: i64) -> [Table; 2] {
    let causes: Vec<usize> = (SKIPPED + 1..ENDINGS.len()).collect();
    let are_enough = |question: &&Question<'_>| question.n() >= setting.config.report.minimum;
    let mut worst: Vec<(f64, Left<'_, '_>)> = questions
        .iter()
        .filter(are_enough)
        .map(|question| Left { question, curve: question.observed.ended_by(&causes) })
        .map(|left| (left.curve.at(decision).value, left))
        .filter(|(share, _)| *share > 1e-12)
        .collect();
    // Questions that lose as many stay in the order of the flow.
    worst.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    worst.truncate(MOST_QUESTIONS);
    let is_untimed = worst.iter().any(|(_, left)| left.question.timed().is_none());
    let marked = Table {
        id: "curves",
        heading: Some(windowed("leaving-curves", decision)),
        columns: columns(setting, ["visits", "after_s", "left", "at_risk"].map(Column::new)),
        rows: worst.iter().flat_map(|(_, left)| left.at_marks(decision)).collect(),
        notes: std::iter::once("leaving-curves.note")
            .chain(is_untimed.then_some("leaving-curves.untimed"))
            .map(Message::of)
            .collect(),
        ..Table::default()
    };
    let steps = Table {
        id: STEPS,
        heading: Some(Message::of("leaving-curve_steps")),
        columns: columns(setting, ["after_s", "left"].map(Column::new)),
        rows: worst.iter().flat_map(|(_, left)| left.steps(decision)).collect(),
        in_detail: true,
        ..Table::default()
    };
    [marked, steps]
}

impl Left<'_, '_> {
    /// A row for each mark; one alone where nobody can say how many still waited.
    fn at_marks(&self, decision: i64) -> Vec<Row> {
        let Self { question, curve } = self;
        let n = Value::Count(question.n());
        if question.timed().is_none() {
            return vec![question.row([n, Value::Seconds(decision), Value::Unmeasurable, Value::Unmeasurable])];
        }
        let row = |time: i64| {
            let left = question.along(curve, time);
            // That nobody was watched for so long is no count of who still waited.
            let at_risk = if left == Value::Unknown { Value::Unknown } else { Value::Count(question.at_risk(time)) };
            question.row([n.clone(), Value::Seconds(time), left, at_risk])
        };
        marks(decision).into_iter().map(row).collect()
    }

    /// A row for each step that a picture could show, for the beginning and for the last instant that is known.
    fn steps(&self, decision: i64) -> Vec<Row> {
        let Self { question, curve } = self;
        if question.timed().is_none() {
            return Vec::new();
        }
        let span = (decision / SPANS).max(1);
        let mut ends: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for time in curve.times().filter(|time| (0..=decision).contains(time)) {
            ends.entry(time / span).or_insert((time, time)).1 = time;
        }
        let known = [decision].into_iter().chain(question.observed.last());
        let known = known.filter(|time| (0..=decision).contains(time));
        let times = ends.into_values().flat_map(<[i64; 2]>::from).chain([0]).chain(known);
        let times: BTreeSet<i64> = times.filter(|&time| question.along(curve, time) != Value::Unknown).collect();
        times.into_iter().map(|time| question.row([Value::Seconds(time), question.along(curve, time)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::MEASURE;
    use super::super::tests::{Visits, measured_of, table};
    use super::*;

    fn share(value: &Value) -> f64 {
        let Value::Share { value, .. } = value else { panic!("{value:?}") };
        *value
    }

    #[test]
    fn marks_are_handsome_and_end_with_the_window() {
        let hours = |decision: i64| marks(decision * 3_600).into_iter().map(|mark| mark / 3_600).collect::<Vec<_>>();
        assert_eq!(hours(48), [0, 8, 16, 24, 32, 40, 48]);
        assert_eq!(hours(50), [0, 12, 24, 36, 50], "48 would stand in the place of 50");
        assert_eq!(hours(24), [0, 4, 8, 12, 16, 20, 24]);
        assert_eq!((marks(1), marks(0)), (vec![0, 1], vec![0]));
        assert!(marks(i64::MAX / 4).len() <= 8);
    }

    /// Forty visits: two never arrived, ten stopped after an hour, eight fell silent after a day, the rest answered.
    const VISITS: [Visits<'_>; 4] = [
        ("age", "failed", "whatsapp", 2, &[0, 0]),
        ("age", "stopped", "whatsapp", 10, &[3_600; 10]),
        ("age", "silent", "whatsapp", 8, &[86_400; 8]),
        ("age", "answered", "whatsapp", 20, &[60; 20]),
    ];

    #[test]
    fn forty_visits_on_paper() {
        let tables = measured_of(&MEASURE, &VISITS);
        let rows = &table(&tables, "curves").rows;
        let told: Vec<(&Value, f64, &Value)> =
            rows.iter().map(|row| (&row.cells[3], share(&row.cells[4]), &row.cells[5])).collect();
        let expected =
            [(0, 0.05, 40), (8, 0.3, 8), (16, 0.3, 8), (24, 0.5, 8), (32, 0.5, 0), (40, 0.5, 0), (48, 0.5, 0)];
        assert_eq!(told.len(), expected.len());
        for ((after, left, at_risk), (hours, share, n)) in told.into_iter().zip(expected) {
            assert_eq!((after, at_risk), (&Value::Seconds(hours * 3_600), &Value::Count(n)));
            assert!((left - share).abs() < 1e-12, "{hours} h: {left}");
        }
        let steps: Vec<(&Value, f64)> =
            table(&tables, STEPS).rows.iter().map(|row| (&row.cells[2], share(&row.cells[3]))).collect();
        let times: Vec<&Value> = steps.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [0, 3_600, 86_400, 172_800].map(Value::Seconds).each_ref());
    }

    #[test]
    fn at_the_window_it_says_what_the_causes_say_together() {
        let tables = measured_of(&MEASURE, &VISITS);
        let causes: f64 = table(&tables, "causes").rows[0].cells[3..]
            .iter()
            .filter(|cell| matches!(cell, Value::Share { .. }))
            .map(share)
            .sum();
        let last = &table(&tables, "curves").rows.last().unwrap().cells[4];
        assert!((share(last) - causes).abs() < 1e-12, "{last:?} {causes}");
    }

    #[test]
    fn a_curve_ends_where_nobody_was_watched_any_more() {
        let visits: [Visits<'_>; 2] =
            [("age", "stopped", "whatsapp", 10, &[600; 10]), ("age", "open", "whatsapp", 30, &[36_000; 30])];
        let tables = measured_of(&MEASURE, &visits);
        let after: Vec<&Value> = table(&tables, STEPS).rows.iter().map(|row| &row.cells[2]).collect();
        assert_eq!(after, [0, 600, 36_000].map(Value::Seconds).each_ref());
        let rows = &table(&tables, "curves").rows;
        assert_eq!(rows[1].cells[5], Value::Count(30));
        assert_eq!(rows[2].cells[4..], [Value::Unknown, Value::Unknown]);
    }

    #[test]
    fn where_most_answers_have_no_time_the_curve_is_not_to_be_had() {
        let visits: [Visits<'_>; 2] =
            [("age", "answered", "whatsapp", 40, &[5]), ("age", "silent", "whatsapp", 10, &[86_400; 10])];
        let tables = measured_of(&MEASURE, &visits);
        let curves = table(&tables, "curves");
        assert_eq!(curves.rows.len(), 1);
        assert_eq!(curves.rows[0].cells[4..], [Value::Unmeasurable, Value::Unmeasurable]);
        assert!(table(&tables, STEPS).rows.is_empty());
        assert_eq!(curves.notes.last(), Some(&Message::of("leaving-curves.untimed")));
    }

    #[test]
    fn however_many_steps_there_are_a_picture_gets_as_many_as_it_can_show() {
        let seconds: Vec<i64> = (0..100_000).collect();
        let visits: [Visits<'_>; 1] = [("age", "stopped", "whatsapp", 100_000, &seconds)];
        let n = table(&measured_of(&MEASURE, &visits), STEPS).rows.len();
        assert!(n > 200 && n <= 2 * 240 + 4, "{n}");
    }
}

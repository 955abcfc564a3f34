//! Course: what had become of the visits to the questions that lose most, time by time. The numbers of the chart.
//!
//! Of all visits, as the table of causes: at the decision window both say the same. An answer without a time counts as given at
//! once.

use super::question::{ANSWERED, ENDINGS, Question, SKIPPED};
use super::{columns, windowed};
use crate::measures::Setting;
use crate::measures::table::{Column, Message, Table, Value};
use crate::statistics::survival::Curve;

/// Questions that are shown.
const MOST_QUESTIONS: usize = 3;
/// After how many seconds, so far as that is before the decision window, which is the last.
const TIMES: [i64; 13] = [10, 30, 60, 300, 900, 1_800, 3_600, 14_400, 43_200, 86_400, 172_800, 604_800, 1_209_600];

/// The table. Questions below the report's minimum, and those of which most answers have no time, are left aside.
pub(super) fn table(setting: &Setting<'_>, questions: &[Question<'_>], decision: i64) -> Table {
    let mut worst: Vec<(f64, &Question<'_>)> = Vec::new();
    let are_shown =
        |question: &&Question<'_>| question.n() >= setting.config.report.minimum && question.timed().is_some();
    for question in questions.iter().filter(are_shown) {
        let goes_on = question.share(&[ANSWERED, SKIPPED], decision, |estimate| estimate);
        if let Value::Share { value, .. } = goes_on
            && value < 1.0 - 1e-12
        {
            worst.push((value, question));
        }
    }
    // Questions that lose as many stay in the order of the flow.
    worst.sort_by(|(left, ..), (right, ..)| left.total_cmp(right));
    worst.truncate(MOST_QUESTIONS);
    let mut rows = Vec::new();
    for (_, question) in &worst {
        let observed = &question.observed;
        let is_untold = (0..ENDINGS.len()).map(|cause| question.is_untold(setting, cause));
        let curves = (0..ENDINGS.len()).map(|cause| observed.ended_by(&[cause]));
        let curves: Vec<Option<Curve>> =
            is_untold.zip(curves).map(|(is_untold, curve)| (!is_untold).then_some(curve)).collect();
        let lasting = observed.lasting();
        // Who was watched until the decision window was watched at all times before.
        for time in TIMES.into_iter().filter(|&time| time < decision).chain([decision]) {
            let ended = curves.iter().enumerate().map(|(cause, curve)| match curve {
                Some(curve) if cause == ANSWERED => curve.at(time).into(),
                // The causes' intervals stand where the causes are the matter, for the decision window.
                Some(curve) => Value::Share { value: curve.at(time).value.clamp(0.0, 1.0), interval: None },
                None => Value::Unmeasurable,
            });
            let head = [Value::Count(question.n()), Value::Seconds(time), lasting.at(time).into()];
            rows.push(question.row(head.into_iter().chain(ended)));
        }
    }
    let untimed = worst.iter().map(|(_, question)| question.untimed()).sum::<u64>();
    let untimed = (untimed > 0).then(|| Message::of("leaving-course.untimed").with("n", Value::Count(untimed)));
    let own = ["visits", "after_s", "waiting"].into_iter().chain(ENDINGS).map(Column::new);
    Table {
        id: "course",
        heading: Some(windowed("leaving-course", decision)),
        columns: columns(setting, own),
        rows,
        notes: std::iter::once(Message::of("leaving-course.note")).chain(untimed).collect(),
        ..Table::default()
    }
}

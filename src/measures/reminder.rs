//! Reminder: from when on waiting for an answer brings little, question by question.

use super::leaving::{self, ANSWERED};
use super::table::{Column, Table, Value};
use super::{Measure, Setting};
use crate::error::Result;
use crate::event::SECOND;
use crate::metrics::Answers;

/// Of those who still wait, fewer than this will answer by themselves.
const FEW: f64 = 0.1;

/// The measure.
pub(super) static MEASURE: Measure = Measure {
    id: "reminder",
    name: "When to remind",
    meaning: "For each question: after how long fewer than one in ten of those who still wait would answer by themselves within the decision window.",
    formula: "the first time t at which (answered by the decision window - answered by t) / still waiting at t is below 0.1; Aalen-Johansen over Kaplan-Meier",
    unit: "visits",
    follows: "the conditional cumulative incidence of competing risks (Aalen and Johansen 1978)",
    caveat: "Says when little is lost by reminding, not that a reminder works; only an experiment tells that. It has no interval, and where reminders were sent already, answers to them are in it.",
    asks: leaving::asks,
    tables,
};

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let decision = setting.settings.windows.decision().div_euclid(SECOND);
    let rows = leaving::questions(setting, answers).into_iter().map(|question| {
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
    let own = [
        Column::new("visits", "Visits"),
        Column::new("answered", "Answer by themselves"),
        Column::new("remind_after_s", "Remind after"),
        Column::new("waiting", "Still waiting then"),
    ];
    Ok(vec![Table {
        id: "questions",
        title: String::new(),
        columns: leaving::columns(setting, own),
        rows: rows.collect(),
        note: String::new(),
    }])
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
    fn what_was_not_watched_for_so_long_has_no_moment() {
        let tables = measured_as(&MEASURE, &[("answered", 1, &[10]), ("open", 1, &[60])]);
        assert_eq!(tables[0].rows[0].cells[3..], [Value::Unknown, Value::Unknown, Value::Unknown]);
    }
}

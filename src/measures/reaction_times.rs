//! Reaction times: how soon messages are opened and answered, with those that may still be.

use std::collections::BTreeMap;

use super::leaving::TIMES;
use super::table::{Column, Message, Row, Table, Value};
use super::{Measure, Setting};
use crate::error::Result;
use crate::event::SECOND;
use crate::facts::timing::WATCHED;
use crate::metrics::{Answers, Ask, Distribution};
use crate::statistics::survival::Observed;

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "reaction_times", asks, tables };

/// What is waited for: table, its note, metric of those to whom it happened and of the others.
struct Awaited {
    id: &'static str,
    note: &'static str,
    happened: &'static str,
    waiting: &'static str,
}

const AWAITED: [Awaited; 2] = [
    Awaited { id: "opened", note: "reaction_times-opened.note", happened: "open_seconds", waiting: "unopened_seconds" },
    Awaited {
        id: "replied",
        note: "reaction_times-replied.note",
        happened: "reply_seconds",
        waiting: "unanswered_seconds",
    },
];

/// Messages of a segment.
struct Messages {
    observed: Observed,
    /// Of all to which it happened, however late.
    happened: Distribution,
    measurable: bool,
}

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    let metrics = AWAITED.iter().flat_map(|awaited| [awaited.happened, awaited.waiting]);
    metrics.map(|metric| setting.ask(metric, &["channel"])).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let watched = [WATCHED, setting.settings.windows.reply.0].map(|window| window.div_euclid(SECOND));
    Ok(AWAITED.iter().zip(watched).map(|(awaited, watched)| table(setting, answers, awaited, watched)).collect())
}

fn table(setting: &Setting<'_>, answers: &Answers<'_>, awaited: &Awaited, watched: i64) -> Table {
    let mut segments: BTreeMap<&[Option<String>], Messages> = BTreeMap::new();
    for (metric, happens) in [(awaited.happened, true), (awaited.waiting, false)] {
        for row in answers.rows(&setting.ask(metric, &["channel"])) {
            let messages = segments.entry(&row.segment).or_insert_with(|| Messages {
                observed: Observed::new(1),
                happened: Distribution::default(),
                measurable: row.measurable,
            });
            let Some(distribution) = row.counts.distribution() else { continue };
            if happens {
                messages.happened.add(distribution);
            }
            for (&seconds, &count) in &distribution.0 {
                // What happened later than others were watched had not happened by then.
                if happens && seconds <= watched {
                    messages.observed.ended(seconds, 0, count);
                } else {
                    messages.observed.censored(seconds.min(watched), count);
                }
            }
        }
    }
    let rows = segments.iter().map(|(names, messages)| {
        let names = names.iter().map(|name| Value::name(name.as_deref()));
        Row::new(messages.observed.n(), names.chain(messages.cells()).collect())
    });
    let by = setting.ask(awaited.happened, &["channel"]).by;
    let own = ["messages", "happened"].into_iter().chain(TIMES.iter().map(|(name, _)| *name));
    let own = own.chain(["quarter_s", "half_s"]).map(Column::new);
    let own = own.chain([Column::of(awaited.happened), Column::new("p90_s")]);
    Table {
        id: awaited.id,
        columns: by.iter().map(|name| Column::new(name)).chain(own).collect(),
        rows: rows.collect(),
        notes: vec![Message::of(awaited.note)],
        ..Table::default()
    }
}

impl Messages {
    fn cells(&self) -> Vec<Value> {
        if !self.measurable {
            return vec![Value::Unmeasurable; TIMES.len() + 6];
        }
        let lasting = self.observed.lasting();
        let by = |seconds: i64| {
            let is_seen = self.observed.last().is_some_and(|last| last >= seconds) || lasting.at(seconds).value < 1e-12;
            let estimate = lasting.at(seconds).complement();
            // Sums of steps may miss 0 by rounding.
            let share = Value::Share { value: estimate.value.clamp(0.0, 1.0), interval: estimate.interval };
            if is_seen { share } else { Value::Unknown }
        };
        let reaches = |share: f64| lasting.reaches(1.0 - share).map_or(Value::Unknown, Value::Seconds);
        let mut cells = vec![Value::Count(self.observed.n()), Value::Count(self.happened.n())];
        cells.extend(TIMES.iter().map(|&(_, seconds)| by(seconds)));
        cells.extend([reaches(0.25), reaches(0.5)]);
        cells.extend([0.5, 0.9].map(|q| Value::quantile(&self.happened, q)));
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::super::leaving::tests::with_setting;
    use super::*;
    use crate::metrics::{Answer, Bound, Counts, Row as Found};

    fn measured(metrics: [(&str, &[i64]); 4], measurable: bool) -> Vec<Table> {
        let answers = metrics.map(|(metric, seconds)| {
            let distribution = Distribution(seconds.iter().map(|&seconds| (seconds, 1)).collect());
            let row = Found {
                segment: vec![Some("whatsapp".to_owned())],
                counts: Counts::Distribution(distribution),
                measurable,
                bound: Bound::Exact,
                moments: None,
            };
            Answer { metric: metric.to_owned(), by: vec!["channel".to_owned()], rows: vec![row], n_shared: 0 }
        });
        with_setting(|setting| (MEASURE.tables)(setting, &Answers::new(&answers)).unwrap())
    }

    #[test]
    fn five_messages_on_paper() {
        // Opened after 1 min, 10 min and 8 days; one was watched for 5 min, one for 7 days. Opened within 1 min 1/5; within
        // 15 min 1 - (4/5)(2/3) = 7/15, and no more until the 7 days are over.
        let tables = measured(
            [
                ("open_seconds", &[60, 600, 8 * 86_400]),
                ("unopened_seconds", &[300, 7 * 86_400]),
                ("reply_seconds", &[30]),
                ("unanswered_seconds", &[7_200]),
            ],
            true,
        );
        let cells = &tables[0].rows[0].cells;
        assert_eq!(cells[1..3], [Value::Count(5), Value::Count(3)]);
        let share = |value: &Value| {
            let Value::Share { value, .. } = value else { panic!("{value:?}") };
            *value
        };
        for (place, expected) in [(3, 0.2), (4, 0.2), (5, 7.0 / 15.0), (9, 7.0 / 15.0)] {
            assert!((share(&cells[place]) - expected).abs() < 1e-12, "{place}: {cells:?}");
        }
        assert_eq!(cells[10..], [Value::Seconds(600), Value::Unknown, Value::Seconds(600), Value::Seconds(8 * 86_400)]);
        // Of the two that asked for an answer, one was watched for two hours only.
        let cells = &tables[1].rows[0].cells;
        assert!((share(&cells[6]) - 0.5).abs() < 1e-12, "{cells:?}");
        assert_eq!((&cells[7], &cells[11]), (&Value::Unknown, &Value::Seconds(30)));
    }

    #[test]
    fn where_opens_cannot_be_seen_there_is_no_time_to_open() {
        let nothing: [(&str, &[i64]); 4] =
            [("open_seconds", &[]), ("unopened_seconds", &[]), ("reply_seconds", &[]), ("unanswered_seconds", &[])];
        let tables = measured(nothing, false);
        assert!(tables[0].rows[0].cells[1..].iter().all(|cell| *cell == Value::Unmeasurable));
        assert_eq!(tables[0].rows[0].cells.len(), tables[0].columns.len());
    }
}

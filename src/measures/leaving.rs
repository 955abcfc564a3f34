//! Leaving: at which question contacts leave, why, and after how long, where some have not yet had the time to.
//!
//! Those who may still answer are neither counted as lost nor left out: they count for as long as they were seen waiting.

use std::collections::BTreeMap;

use super::table::{Column, Row, Table, Value};
use super::{Measure, Setting, columns_of};
use crate::error::Result;
use crate::event::SECOND;
use crate::facts::{Observable, Seen};
use crate::metrics::{Answers, Ask};
use crate::rate::Rate;
use crate::statistics::survival::{Estimate, Observed};

/// The measure.
pub(super) static MEASURE: Measure = Measure {
    id: "leaving",
    name: "Leaving",
    meaning: "For each question: how many answered, left or may still answer, the share that has not gone on by the decision window, and each cause of leaving.",
    formula: "Aalen-Johansen: the sum over times of (share still waiting just before) x (endings by the cause / at risk); drop-off = 1 - answered - skipped at the decision window ([windows] decision, default twice the session gap)",
    unit: "visits",
    follows: "Aalen and Johansen 1978 with the variance of the delta method; interval on the scale of log(-log); Kaplan-Meier is its special case of one cause",
    caveat: "Who is open is taken to go on as those did who waited as long. Silence shows after the session gap, not when the contact put the phone away. What a channel cannot tell (n/a) is among the silent.",
    asks,
    tables,
};

/// Every way to end; those of a visit that went on come first.
const ENDINGS: [&str; 8] =
    ["answered", "skipped", "silent", "not_understood", "stopped", "blocked", "handed_over", "failed"];
pub(super) const ANSWERED: usize = 0;
const SKIPPED: usize = 1;

/// After how long the second table tells who has answered: name, title, seconds.
pub(super) const TIMES: [(&str, &str, i64); 7] = [
    ("by_1m", "1 min", 60),
    ("by_5m", "5 min", 300),
    ("by_15m", "15 min", 900),
    ("by_1h", "1 h", 3_600),
    ("by_4h", "4 h", 14_400),
    ("by_12h", "12 h", 43_200),
    ("by_24h", "24 h", 86_400),
];

/// The visits to one question.
pub(super) struct Question<'a> {
    /// Values of the columns in front, flow and question.
    names: Vec<Option<&'a str>>,
    pub(super) observed: Observed,
    /// How many ended each way, also those of which no time is known.
    ended: [u64; ENDINGS.len()],
    open: u64,
    /// Answers of which the log tells the order alone.
    pub(super) untimed: u64,
}

pub(super) fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    ["ending_seconds", "question_open_rate"].map(|metric| setting.ask(metric, &["flow", "question", "ending"])).into()
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let questions = questions(setting, answers);
    let decision = setting.settings.windows.decision().div_euclid(SECOND);
    Ok(vec![split(setting, &questions, decision), causes(setting, &questions, decision), times(setting, &questions)])
}

/// The questions in the order of the answers.
pub(super) fn questions<'a>(setting: &Setting<'_>, answers: &Answers<'a>) -> Vec<Question<'a>> {
    let mut questions: Vec<Question<'a>> = Vec::new();
    let mut places: BTreeMap<Vec<Option<&str>>, usize> = BTreeMap::new();
    for ask in asks(setting) {
        let of_ending = ask.by.iter().position(|name| name == "ending");
        for row in answers.rows(&ask) {
            let value = |place: usize| row.segment.get(place).and_then(Option::as_deref);
            let names: Vec<Option<&str>> =
                (0..ask.by.len()).filter(|&place| Some(place) != of_ending).map(value).collect();
            let place = *places.entry(names.clone()).or_insert_with(|| {
                questions.push(Question {
                    names,
                    observed: Observed::new(ENDINGS.len()),
                    ended: [0; ENDINGS.len()],
                    open: 0,
                    untimed: 0,
                });
                questions.len() - 1
            });
            let Some(question) = questions.get_mut(place) else { continue };
            let ending = of_ending.and_then(value);
            let cause = ENDINGS.iter().position(|name| Some(*name) == ending);
            for (&seconds, &count) in row.counts.distribution().iter().flat_map(|distribution| &distribution.0) {
                match cause {
                    Some(cause) => question.observed.ended(seconds, cause, count),
                    None => question.observed.censored(seconds, count),
                }
            }
            let count = row.counts.rate().map_or(0, |rate| rate.denominator);
            match cause.and_then(|cause| question.ended.get_mut(cause)) {
                Some(ended) => *ended += count,
                None => question.open += count,
            }
        }
    }
    for question in &mut questions {
        question.untimed = question.n().saturating_sub(question.observed.n());
    }
    questions
}

impl Question<'_> {
    pub(super) fn n(&self) -> u64 {
        self.ended.iter().sum::<u64>() + self.open
    }

    /// Those who ended in one of these ways.
    fn count(&self, causes: impl IntoIterator<Item = usize>) -> u64 {
        causes.into_iter().filter_map(|cause| self.ended.get(cause)).sum()
    }

    /// The share that has ended by these causes after so many seconds. Unknown where nobody was watched for so long;
    /// not measurable where answers have no time.
    pub(super) fn share(&self, causes: &[usize], seconds: i64, shown: fn(Estimate) -> Estimate) -> Value {
        if self.untimed > 0 {
            return Value::Unmeasurable;
        }
        let is_seen = self.observed.last().is_some_and(|last| last >= seconds)
            || self.observed.lasting().at(seconds).value < 1e-12;
        if !is_seen {
            return Value::Unknown;
        }
        let Estimate { value, interval, .. } = shown(self.observed.ended_by(causes).at(seconds));
        Value::Share { value: value.clamp(0.0, 1.0), interval }
    }

    /// A row that begins with the names.
    pub(super) fn row(&self, cells: impl IntoIterator<Item = Value>) -> Row {
        Row::new(self.n(), self.names.iter().map(|name| Value::name(*name)).chain(cells).collect())
    }
}

/// The columns in front, then these.
pub(super) fn columns(setting: &Setting<'_>, own: impl IntoIterator<Item = Column>) -> Vec<Column> {
    let ask = setting.ask("ending_seconds", &["flow", "question"]);
    columns_of(ask.by.iter().filter(|name| *name != "ending")).into_iter().chain(own).collect()
}

/// Who answered, who left, who may still answer; and the drop-off with and without the latter.
fn split(setting: &Setting<'_>, questions: &[Question<'_>], decision: i64) -> Table {
    let own = [
        Column::new("visits", "Visits"),
        Column::new("answered", "Answered"),
        Column::new("skipped", "Skipped"),
        Column::new("left", "Left"),
        Column::new("open", "Open"),
        Column::of("question_drop_off_rate", "Drop-off of the decided"),
        Column::new("drop_off", "Drop-off by the decision window"),
        Column::new("at_risk", "At risk then"),
        Column::new("half_answered_s", "Half answered after"),
    ];
    let rows = questions.iter().map(|question| {
        let left = question.count(SKIPPED + 1..ENDINGS.len());
        let decided = Rate { numerator: left, denominator: question.n() - question.open };
        let half = match question.untimed {
            0 => question.observed.ended_by(&[ANSWERED]).reaches(0.5).map_or(Value::Unknown, Value::Seconds),
            _ => Value::Unmeasurable,
        };
        let at_risk = match question.untimed {
            0 => Value::Count(question.observed.at_risk(decision)),
            _ => Value::Unmeasurable,
        };
        question.row([
            Value::Count(question.n()),
            Value::Count(question.count([ANSWERED])),
            Value::Count(question.count([SKIPPED])),
            Value::Count(left),
            Value::Count(question.open),
            Value::Rate { rate: decided, lower_bound: false },
            question.share(&[ANSWERED, SKIPPED], decision, Estimate::complement),
            at_risk,
            half,
        ])
    });
    Table {
        id: "questions",
        title: "Answered, left and open".to_owned(),
        columns: columns(setting, own),
        rows: rows.collect(),
        note: format!("The decision window is {} h.", decision / 3_600),
    }
}

/// Each cause of leaving by the decision window.
fn causes(setting: &Setting<'_>, questions: &[Question<'_>], decision: i64) -> Table {
    let titles = ["Silent", "Not understood", "Stopped", "Blocked", "Handed over", "Failed"];
    let own = ENDINGS.iter().skip(SKIPPED + 1).zip(titles).map(|(name, title)| Column::new(name, title));
    let place = columns(setting, []).iter().position(|column| column.name == "channel");
    let rows = questions.iter().map(|question| {
        let channel = place.and_then(|place| question.names.get(place).copied().flatten());
        let share = |cause: usize| {
            if question.count([cause]) == 0 && !is_told(setting, cause, channel) {
                return Value::Unmeasurable;
            }
            question.share(&[cause], decision, |estimate| estimate)
        };
        let shares = (SKIPPED + 1..ENDINGS.len()).map(share);
        question.row(std::iter::once(Value::Count(question.n())).chain(shares))
    });
    Table {
        id: "causes",
        title: "Causes of leaving by the decision window".to_owned(),
        columns: columns(setting, std::iter::once(Column::new("visits", "Visits")).chain(own)),
        rows: rows.collect(),
        note: "Shares of all visits; with those who answered, were passed over and still wait they add up to 1."
            .to_owned(),
    }
}

/// Whether any channel, or this one, can tell of this cause.
fn is_told(setting: &Setting<'_>, cause: usize, channel: Option<&str>) -> bool {
    let seen: fn(&Observable) -> Seen = match ENDINGS.get(cause) {
        Some(&"not_understood") => |observable| observable.fallbacks,
        Some(&"stopped") => |observable| observable.stops,
        Some(&"blocked") => |observable| observable.blocks,
        Some(&"handed_over") => |observable| observable.handovers,
        _ => return true,
    };
    let mut channels = setting.settings.observable.iter();
    channels.any(|(name, observable)| channel.is_none_or(|wanted| wanted == name) && seen(observable).is_measurable())
}

/// How soon contacts answer.
fn times(setting: &Setting<'_>, questions: &[Question<'_>]) -> Table {
    let own = TIMES.iter().map(|(name, title, _)| Column::new(name, title));
    let rows = questions.iter().map(|question| {
        let shares = TIMES.iter().map(|&(_, _, seconds)| question.share(&[ANSWERED], seconds, |estimate| estimate));
        question.row(std::iter::once(Value::Count(question.n())).chain(shares))
    });
    Table {
        id: "times",
        title: "Share answered within".to_owned(),
        columns: columns(setting, std::iter::once(Column::new("visits", "Visits")).chain(own)),
        rows: rows.collect(),
        note: "Of all visits, with those who may still answer taken into account.".to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::Config;
    use crate::facts::Settings;
    use crate::metrics::{Answer, Counts, Distribution, Row as Found};

    fn found(metric: &str, rows: Vec<(&str, Counts)>) -> Answer {
        let rows = rows.into_iter().map(|(ending, counts)| Found {
            segment: ["survey", "age", ending].map(|name| Some(name.to_owned())).to_vec(),
            counts,
            measurable: true,
            lower_bound: false,
            moments: None,
        });
        let by = ["flow", "question", "ending"].map(str::to_owned).to_vec();
        Answer { metric: metric.to_owned(), by, rows: rows.collect(), n_shared: 0 }
    }

    /// The tables of visits to one question: their ending, how many, and the seconds of those that have a time.
    fn measured(visits: &[(&str, u64, &[i64])]) -> Vec<Table> {
        measured_as(&MEASURE, visits)
    }

    /// What a measure makes in a range without anything special.
    pub(in crate::measures) fn with_setting(make: impl FnOnce(&Setting<'_>) -> Vec<Table>) -> Vec<Table> {
        let config = Config::default();
        let settings = Settings {
            observable: BTreeMap::from([(
                "whatsapp".to_owned(),
                Observable { stops: Seen::Always, ..Observable::default() },
            )]),
            ..Settings::default()
        };
        make(&Setting { by: &[], config: &config, settings: &settings })
    }

    /// As [`measured`], of another measure that asks the same.
    pub(in crate::measures) fn measured_as(measure: &Measure, visits: &[(&str, u64, &[i64])]) -> Vec<Table> {
        let seconds = visits.iter().map(|(ending, _, seconds)| {
            (*ending, Counts::Distribution(Distribution(seconds.iter().map(|&seconds| (seconds, 1)).collect())))
        });
        let counts =
            visits.iter().map(|(ending, count, _)| (*ending, Counts::Rate(Rate { numerator: 0, denominator: *count })));
        let answers = [found("ending_seconds", seconds.collect()), found("question_open_rate", counts.collect())];
        with_setting(|setting| (measure.tables)(setting, &Answers::new(&answers)).unwrap())
    }

    fn share(value: &Value) -> f64 {
        let Value::Share { value, .. } = value else { panic!("{value:?}") };
        *value
    }

    #[test]
    fn five_visits_on_paper() {
        // Answered after 1 min; open after 100 s; stopped after 10 min: (4/5)(1/3); answered after 1 h: (8/15)(1/2);
        // silent after 25 h: the remaining 4/15.
        let tables = measured(&[
            ("answered", 2, &[60, 3_600]),
            ("open", 1, &[100]),
            ("silent", 1, &[90_000]),
            ("stopped", 1, &[600]),
        ]);
        let row = &tables[0].rows[0].cells;
        assert_eq!(row[2..7], [5, 2, 0, 2, 1].map(Value::Count));
        assert_eq!(row[7], Value::rate(2, 4));
        assert!((share(&row[8]) - 8.0 / 15.0).abs() < 1e-12);
        assert_eq!(row[9..], [Value::Count(0), Value::Unknown]);
        let causes = &tables[1].rows[0].cells;
        for (place, expected) in [(3, 4.0 / 15.0), (5, 4.0 / 15.0), (8, 0.0)] {
            assert!((share(&causes[place]) - expected).abs() < 1e-12, "{place}");
        }
        // The log tells nothing of fallbacks, blocks and people who take over.
        assert!([4, 6, 7].iter().all(|&place| causes[place] == Value::Unmeasurable));
        let times: Vec<f64> = tables[2].rows[0].cells[3..].iter().map(share).collect();
        let late = 7.0 / 15.0;
        for (found, expected) in times.iter().zip([0.2, 0.2, 0.2, late, late, late, late]) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn where_nobody_is_open_the_drop_off_is_the_plain_one() {
        let tables = measured(&[("answered", 3, &[5, 60, 61]), ("silent", 2, &[86_400, 90_000])]);
        let row = &tables[0].rows[0].cells;
        assert_eq!(row[7], Value::rate(2, 5));
        assert!((share(&row[8]) - 0.4).abs() < 1e-12);
        assert_eq!(row[10], Value::Seconds(61));
    }

    #[test]
    fn what_was_not_watched_for_so_long_is_unknown() {
        let tables = measured(&[("answered", 1, &[5]), ("open", 1, &[600])]);
        assert_eq!(tables[0].rows[0].cells[8], Value::Unknown);
        assert!((share(&tables[2].rows[0].cells[4]) - 0.5).abs() < 1e-12);
        assert_eq!(tables[2].rows[0].cells[6], Value::Unknown);
    }

    #[test]
    fn answers_without_a_time_make_no_estimate() {
        let tables = measured(&[("answered", 3, &[5]), ("silent", 1, &[86_400])]);
        let row = &tables[0].rows[0].cells;
        assert_eq!((&row[7], &row[8], &row[10]), (&Value::rate(1, 4), &Value::Unmeasurable, &Value::Unmeasurable));
    }
}

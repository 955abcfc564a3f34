//! Leaving: at which question contacts leave, why, and after how long, where some have not yet had the time to.
//!
//! Those who may still answer are neither counted as lost nor left out: they count for as long as they were seen waiting.

mod course;
mod curves;
mod peaks;
mod question;

use super::table::{Column, Message, Table, Value};
use super::{Measure, Setting, columns_of};
use crate::error::Result;
use crate::event::SECOND;
use crate::metrics::{Answers, Ask};
use crate::rate::{Bound, Rate};
use crate::statistics::survival::Estimate;
pub(super) use question::{ANSWERED, Question, questions};
use question::{ENDINGS, SKIPPED, WORDS};

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "leaving", asks, tables };

/// After how long the table of times tells who has answered: name, seconds.
pub(super) const TIMES: [(&str, i64); 7] = [
    ("by_1m", 60),
    ("by_5m", 300),
    ("by_15m", 900),
    ("by_1h", 3_600),
    ("by_4h", 14_400),
    ("by_12h", 43_200),
    ("by_24h", 86_400),
];

pub(super) fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    let columns = ["flow", "question", "ending", "channel"];
    ["question_open_rate", "ending_seconds"].map(|metric| setting.ask(metric, &columns)).into()
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let questions = questions(setting, answers);
    let decision = setting.settings.windows.decision().div_euclid(SECOND);
    let [curves, steps] = curves::tables(setting, &questions, decision);
    Ok(vec![
        split(setting, &questions, decision),
        causes(setting, &questions, decision),
        course::table(setting, &questions, decision),
        curves,
        peaks::table(setting, &questions, decision),
        times(setting, &questions),
        steps,
    ])
}

/// The columns in front, then these.
pub(super) fn columns(setting: &Setting<'_>, own: impl IntoIterator<Item = Column>) -> Vec<Column> {
    let ask = setting.ask("ending_seconds", &["flow", "question"]);
    columns_of(ask.by.iter().filter(|name| *name != "ending")).into_iter().chain(own).collect()
}

/// A message that tells the decision window.
fn windowed(key: &'static str, decision: i64) -> Message {
    Message::of(key).with("window", Value::Seconds(decision))
}

/// Who answered, who left, who may still answer; and the drop-off with and without the latter.
fn split(setting: &Setting<'_>, questions: &[Question<'_>], decision: i64) -> Table {
    let own = [
        Column::new("visits"),
        Column::new("answered"),
        Column::new("skipped"),
        Column::new("left"),
        Column::new("open"),
        Column::of("question_drop_off_rate"),
        Column::new("drop_off").saying(windowed("leaving-questions.within", decision)),
        Column::new("at_risk"),
        Column::new("half_answered_s"),
    ];
    let rows = questions.iter().map(|question| {
        let left = question.count(SKIPPED + 1..ENDINGS.len());
        let decided = Rate { numerator: left, denominator: question.n() - question.open() };
        let half = question.timed().map_or(Value::Unmeasurable, |timed| {
            timed.ended_by(&[ANSWERED]).reaches(0.5).map_or(Value::Unknown, Value::Seconds)
        });
        let drop_off = question.share(&[ANSWERED, SKIPPED], decision, Estimate::complement);
        // That nobody was watched for so long is no count of who still waited.
        let at_risk = match drop_off {
            Value::Unknown => Value::Unknown,
            _ => Value::Count(question.at_risk(decision)),
        };
        question.row([
            Value::Count(question.n()),
            Value::Count(question.count([ANSWERED])),
            Value::Count(question.count([SKIPPED])),
            Value::Count(left),
            Value::Count(question.open()),
            Value::Rate { rate: decided, bound: Bound::Exact },
            drop_off,
            at_risk,
            half,
        ])
    });
    let untimed: u64 = questions.iter().map(Question::untimed).sum();
    let answered: u64 = questions.iter().map(|question| question.count([ANSWERED])).sum();
    let told = Message::of("leaving-questions.untimed").with("n", Value::Count(untimed));
    let told = (untimed > 0).then(|| told.with("answered", Value::Count(answered)));
    Table {
        id: "questions",
        columns: columns(setting, own),
        rows: rows.collect(),
        notes: std::iter::once(windowed("leaving-questions.note", decision)).chain(told).collect(),
        ..Table::default()
    }
}

/// Each cause of leaving by the decision window.
fn causes(setting: &Setting<'_>, questions: &[Question<'_>], decision: i64) -> Table {
    let causes = || SKIPPED + 1..ENDINGS.len();
    let named = ENDINGS.iter().zip(WORDS).skip(SKIPPED + 1);
    let own = named.clone().map(|(name, _)| Column::new(name));
    let rows = questions.iter().map(|question| {
        let shares = causes().map(|cause| {
            let is_untold = question.is_untold(setting, cause);
            if is_untold { Value::Unmeasurable } else { question.share(&[cause], decision, |estimate| estimate) }
        });
        question.row(std::iter::once(Value::Count(question.n())).chain(shares))
    });
    let partly = |cause: usize| questions.iter().any(|question| question.is_lower_bound(setting, cause));
    let partly: Vec<Value> =
        causes().zip(named).filter(|(cause, _)| partly(*cause)).map(|(_, (_, word))| Value::word(word)).collect();
    let told = (!partly.is_empty()).then(|| Message::of("leaving-causes.partly").with("causes", Message::list(partly)));
    Table {
        id: "causes",
        heading: Some(windowed("leaving-causes", decision)),
        columns: columns(setting, std::iter::once(Column::new("visits")).chain(own)),
        rows: rows.collect(),
        notes: std::iter::once(Message::of("leaving-causes.note")).chain(told).collect(),
        ..Table::default()
    }
}

/// How soon contacts answer.
fn times(setting: &Setting<'_>, questions: &[Question<'_>]) -> Table {
    let own = [Column::new("visits"), Column::new("untimed")];
    let rows = questions.iter().map(|question| {
        let counts = [Value::Count(question.n() - question.untimed()), Value::Count(question.untimed())];
        question.row(counts.into_iter().chain(question.soon(&[ANSWERED], TIMES.map(|(_, seconds)| seconds))))
    });
    Table {
        id: "times",
        columns: columns(setting, own.into_iter().chain(TIMES.iter().map(|(name, _)| Column::new(name)))),
        rows: rows.collect(),
        notes: vec![Message::of("leaving-times.note")],
        ..Table::default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::Config;
    use crate::facts::{Observable, Seen, Settings};
    use crate::metrics::{Answer, Counts, Distribution, Row as Found};

    /// Visits to a question that ended alike on a channel: how many, and the seconds of those that have a time.
    pub(super) type Visits<'v> = (&'v str, &'v str, &'v str, u64, &'v [i64]);

    fn found(metric: &str, visits: &[Visits<'_>], counts: fn(u64, &[i64]) -> Counts) -> Answer {
        let rows = visits.iter().map(|&(question, ending, channel, count, seconds)| Found {
            segment: ["survey", question, ending, channel].map(|name| Some(name.to_owned())).to_vec(),
            counts: counts(count, seconds),
            measurable: true,
            bound: Bound::Exact,
            moments: None,
        });
        let by = ["flow", "question", "ending", "channel"].map(str::to_owned).to_vec();
        Answer { metric: metric.to_owned(), by, rows: rows.collect(), n_shared: 0 }
    }

    /// The tables of visits to one question: their ending, how many, and the seconds of those that have a time.
    fn measured(visits: &[(&str, u64, &[i64])]) -> Vec<Table> {
        measured_as(&MEASURE, visits)
    }

    /// What a measure makes in a range without anything special. Of the causes that not every channel tells, WhatsApp's log
    /// tells stops here.
    pub(in crate::measures) fn with_setting(make: impl FnOnce(&Setting<'_>) -> Vec<Table>) -> Vec<Table> {
        let config = Config::default();
        let whatsapp = Observable { stops: Seen::Always, ..Observable::default() };
        let settings = Settings {
            observable: [("whatsapp", whatsapp), ("telegram", Observable::default())]
                .map(|(name, observable)| (name.to_owned(), observable))
                .into(),
            ..Settings::default()
        };
        make(&Setting { by: &[], config: &config, settings: &settings })
    }

    /// As [`measured`], of another measure that asks the same.
    pub(in crate::measures) fn measured_as(measure: &Measure, visits: &[(&str, u64, &[i64])]) -> Vec<Table> {
        let visits: Vec<Visits<'_>> =
            visits.iter().map(|&(ending, count, seconds)| ("age", ending, "whatsapp", count, seconds)).collect();
        measured_of(measure, &visits)
    }

    /// The tables of visits to several questions.
    pub(super) fn measured_of(measure: &Measure, visits: &[Visits<'_>]) -> Vec<Table> {
        let answers = [
            found("question_open_rate", visits, |count, _| Counts::Rate(Rate { numerator: 0, denominator: count })),
            found("ending_seconds", visits, |_, seconds| {
                let mut distribution = Distribution::default();
                for &seconds in seconds {
                    *distribution.0.entry(seconds).or_default() += 1;
                }
                Counts::Distribution(distribution)
            }),
        ];
        with_setting(|setting| (measure.tables)(setting, &Answers::new(&answers)).unwrap())
    }

    pub(super) fn table<'t>(tables: &'t [Table], id: &str) -> &'t Table {
        tables.iter().find(|table| table.id == id).unwrap()
    }

    fn share(value: &Value) -> f64 {
        let Value::Share { value, .. } = value else { panic!("{value:?}") };
        *value
    }

    #[test]
    fn who_was_watched_for_too_short_is_not_counted_as_zero() {
        let at_risk = |visits: &[(&str, u64, &[i64])]| {
            let tables = measured(visits);
            let questions = table(&tables, "questions");
            let place = questions.columns.iter().position(|column| column.name == "at_risk").unwrap();
            questions.rows[0].cells[place].clone()
        };
        // The log ends minutes after both questions; two days later nobody was looked at.
        assert_eq!(at_risk(&[("open", 2, &[100, 200])]), Value::Unknown);
        // All have answered by then, which is known.
        assert_eq!(at_risk(&[("answered", 2, &[100, 200])]), Value::Count(0));
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
        let times: Vec<f64> = table(&tables, "times").rows[0].cells[4..].iter().map(share).collect();
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
        assert!((share(&table(&tables, "times").rows[0].cells[5]) - 0.5).abs() < 1e-12);
        assert_eq!(table(&tables, "times").rows[0].cells[7], Value::Unknown);
    }

    #[test]
    fn answers_without_a_time_are_answers_all_the_same() {
        // Two of three answers have no time: who has left is known, how soon contacts answer is not.
        let tables = measured(&[("answered", 3, &[5]), ("silent", 1, &[86_400])]);
        let row = &tables[0].rows[0].cells;
        assert_eq!((&row[7], &row[10]), (&Value::rate(1, 4), &Value::Unmeasurable));
        assert!((share(&row[8]) - 0.25).abs() < 1e-12);
        assert!((share(&table(&tables, "causes").rows[0].cells[3]) - 0.25).abs() < 1e-12);
        let untimed =
            Message::of("leaving-questions.untimed").with("n", Value::Count(2)).with("answered", Value::Count(3));
        assert_eq!(tables[0].notes.last(), Some(&untimed));
        let times = &table(&tables, "times").rows[0].cells;
        assert_eq!(times[2..5], [Value::Count(2), Value::Count(2), Value::Unmeasurable]);
    }

    #[test]
    fn a_few_answers_without_a_time_are_left_out_of_how_soon() {
        // One of three: of the three visits whose time is known, one is answered after 5 s and one after 90 s.
        let tables = measured(&[("answered", 3, &[5, 90]), ("silent", 1, &[86_400])]);
        assert_eq!(tables[0].rows[0].cells[10], Value::Seconds(90));
        let times = &table(&tables, "times").rows[0].cells;
        assert_eq!(times[2..4], [Value::Count(3), Value::Count(1)]);
        assert!((share(&times[4]) - 1.0 / 3.0).abs() < 1e-12 && (share(&times[5]) - 2.0 / 3.0).abs() < 1e-12);
        assert!((share(&tables[0].rows[0].cells[8]) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn the_course_ends_with_the_causes_whatever_answers_have_no_time() {
        // Ten of 20 answers have no time; five visits open after an hour, fifteen silent after a day.
        let tables = measured(&[
            ("answered", 20, &[5, 6, 7, 8, 9, 10, 60, 60, 60, 90]),
            ("open", 5, &[3_600; 5]),
            ("silent", 15, &[86_400; 15]),
        ]);
        let causes = &table(&tables, "causes").rows[0].cells;
        let course = table(&tables, "course");
        let last = &course.rows.last().unwrap().cells;
        assert_eq!((&last[2], &causes[2]), (&Value::Count(40), &Value::Count(40)));
        // Still waiting, answered, skipped, then the causes: those stand from the third cell on in the other table.
        assert!((share(&last[7]) - share(&causes[3])).abs() < 1e-12 && (share(&last[7]) - 0.5).abs() < 1e-12);
        assert_eq!(course.notes.last(), Some(&Message::of("leaving-course.untimed").with("n", Value::Count(10))));
    }

    #[test]
    fn that_nobody_left_has_an_upper_bound() {
        // Wilson's interval of 0 of 20.
        let seconds: Vec<i64> = (1..=20).collect();
        let tables = measured(&[("answered", 20, &seconds)]);
        for cell in [&tables[0].rows[0].cells[8], &table(&tables, "causes").rows[0].cells[3]] {
            let Value::Share { value, interval: Some((low, high)) } = cell else { panic!("{cell:?}") };
            assert!(value.abs() < 1e-12 && low.abs() < 1e-12 && (high - 0.1611).abs() < 5e-5, "{cell:?}");
        }
    }

    #[test]
    fn what_a_channel_cannot_tell_is_unknown_there_and_a_lower_bound_with_others() {
        // WhatsApp's log tells of stops, Telegram's does not.
        let of = |question, channel| (question, "silent", channel, 1, [86_400].as_slice());
        let tables = measured_of(
            &MEASURE,
            &[of("age", "whatsapp"), of("age", "telegram"), of("town", "telegram"), of("name", "whatsapp")],
        );
        let causes = table(&tables, "causes");
        let stopped: Vec<&Value> = causes.rows.iter().map(|row| &row.cells[5]).collect();
        assert!((share(stopped[0]) - 0.0).abs() < 1e-12 && (share(stopped[2]) - 0.0).abs() < 1e-12, "{stopped:?}");
        assert_eq!(stopped[1], &Value::Unmeasurable);
        let partly = Message::of("leaving-causes.partly").with("causes", Value::word("ending-stopped"));
        assert_eq!(causes.notes.last(), Some(&partly));
        // Apart, nothing has to be said.
        let apart = measured_of(&MEASURE, &[of("town", "telegram"), of("name", "whatsapp")]);
        assert_eq!(table(&apart, "causes").notes.len(), 1);
    }
}

//! Leaving is found where it was planted: at the question, by the cause and at the time; and nothing where nothing was.

use std::fmt::Write;
use std::fs;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};
use trichter::facts::Settings;
use trichter::measures::{Measure, Setting};
use trichter::metrics::Answers;
use trichter::store::{AsOf, Snapshot, Store};

use crate::pipeline::Pipeline;

/// 2026-03-02T00:00:00Z.
const START: i64 = 1_772_409_600;
const DAY: i64 = 86_400;
const QUESTIONS: [&str; 4] = ["name", "age", "budget", "town"];
const CONTACTS: i64 = 600;

/// Half of those who still wait at this question after so many seconds leave within the next tenth of that time.
struct Planted {
    question: &'static str,
    kind: &'static str,
    after: i64,
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn share(&mut self) -> f64 {
        (f64::from(self.0.next_u32()) + 0.5) / 4_294_967_296.0
    }

    fn below(&mut self, seconds: i64) -> i64 {
        i64::from(self.0.next_u32()) % seconds.max(1)
    }
}

/// A log of thirty days: contacts begin evenly, most answer every question within minutes; at each, eight in a hundred fall
/// silent and one in a hundred stops within half an hour.
fn log(planted: Option<&Planted>, seed: u64) -> String {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
    let (mut log, end) = (String::new(), START + 30 * DAY);
    let mut tell = |at: i64, contact: i64, kind: &str, question: Option<&str>| {
        if at <= end {
            let mut line = json!({ "kind": kind, "at": at, "channel": "generic", "account": "a", "contact": contact });
            match question {
                Some(question) => (line["flow"], line["question"]) = ("survey".into(), question.into()),
                None => line["message_id"] = format!("{contact} {at}").into(),
            }
            writeln!(log, "{line}").unwrap();
        }
    };
    for contact in 0..CONTACTS {
        let mut at = START + contact * 30 * DAY / CONTACTS;
        for question in QUESTIONS {
            tell(at, contact, "question_asked", Some(question));
            #[expect(clippy::cast_possible_truncation)]
            let answers = if dice.share() < 0.08 { i64::MAX } else { 1 + (-180.0 * dice.share().ln()) as i64 };
            let stops = if dice.share() < 0.01 { dice.below(1_800) } else { i64::MAX };
            let (leaves, wait) = (dice.share() < 0.5, dice.below(1 + planted.map_or(0, |planted| planted.after) / 10));
            match planted.filter(|planted| planted.question == question) {
                Some(Planted { kind, after, .. }) if leaves && answers.min(stops) > *after => {
                    tell(at + after + wait, contact, kind, None);
                    break;
                }
                _ if stops < answers => {
                    tell(at + stops, contact, "opted_out_soft", None);
                    break;
                }
                _ if answers == i64::MAX => break,
                _ => {
                    tell(at + answers, contact, "message_received", None);
                    at += answers + 1;
                }
            }
        }
    }
    log
}

/// What the measure says of a log: the rows of each of its tables.
fn leaving(log: &str) -> impl Fn(&str) -> Vec<Value> + use<> {
    let pipeline = Pipeline::new("[[flow]]\nname = \"survey\"\nquestions = [\"name\", \"age\", \"budget\", \"town\"]");
    fs::write(pipeline.path("log.ndjson"), log).unwrap();
    let balance = pipeline.ingest("log.ndjson");
    assert_eq!(balance.records.rejected, 0, "{balance:?}");
    let store = Store::open(&pipeline.path("store"), AsOf::Latest).unwrap();
    let settings = Settings::new(&pipeline.config, &Snapshot::of(&store).unwrap(), None, None);
    let setting = Setting { by: &[], config: &pipeline.config, settings: &settings };
    let measure = Measure::named("leaving").unwrap();
    let answers = pipeline.answer(&(measure.asks)(&setting), None, None);
    let measured = measure.of(&setting, &Answers::new(&answers)).unwrap();
    let json = serde_json::to_value(measured).unwrap();
    move |id| {
        let table = json["tables"].as_array().unwrap().iter().find(|table| table["id"] == id).unwrap().clone();
        table["rows"].as_array().unwrap().clone()
    }
}

#[test]
fn a_planted_hazard_is_found_at_its_question_by_its_cause_at_its_time() {
    for (question, kind, cause, column, after) in [
        ("budget", "opted_out_soft", "ending-stopped", "stopped", 400),
        ("age", "handover_to_human", "ending-handed-over", "handed_over", 70),
        ("town", "opted_out_hard", "ending-blocked", "blocked", 7_200),
    ] {
        let tables = leaving(&log(Some(&Planted { question, kind, after }), 1));
        // Who is made to leave does not fall silent later: so silence may stand out, but only at the other questions.
        let (silent, peaks): (Vec<Value>, Vec<Value>) =
            tables("peaks").into_iter().partition(|peak| peak["cause"] == "ending-silent");
        assert!(silent.iter().all(|peak| peak["question"] != question), "{question}: {silent:#?}");
        let [peak] = peaks.as_slice() else { panic!("{question}: {peaks:#?}") };
        assert_eq!((&peak["question"], &peak["cause"]), (&question.into(), &cause.into()), "{peak}");
        let (from, to) = (peak["from_s"].as_i64().unwrap(), peak["to_s"].as_i64().unwrap());
        assert!(from <= after && after + after / 10 <= to, "planted at {after} s: {peak}");
        // The cause is rarer at every other question, and the intervals do not touch.
        let causes = tables("causes");
        let low = causes.iter().find(|row| row["question"] == question).unwrap()[column]["low"].as_f64().unwrap();
        let others = causes.iter().filter(|row| row["question"] != question);
        assert!(others.clone().all(|row| row[column]["high"].as_f64().unwrap() < low), "{question}: {causes:#?}");
    }
}

#[test]
fn in_a_clean_log_nothing_stands_out() {
    for seed in 1..=3 {
        let tables = leaving(&log(None, seed));
        assert_eq!(tables("peaks"), Vec::<Value>::new(), "{seed}");
        assert_eq!(tables("questions").len(), QUESTIONS.len());
    }
}

#[test]
fn a_fate_has_befallen_every_visit_at_every_time() {
    for row in leaving(&log(None, 1))("course") {
        let shares = row.as_object().unwrap().values().filter_map(|cell| cell["value"].as_f64());
        assert!((shares.sum::<f64>() - 1.0).abs() < 1e-9, "{row}");
    }
}

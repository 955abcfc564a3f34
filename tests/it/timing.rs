//! What is planted in the timing of a log is found, and nothing where nothing was: opt-outs that follow many messages, an
//! hour at which messages are opened, an hour after which answers come.

use std::fmt::Write;
use std::fs;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::Value;
use trichter::event::Time;
use trichter::facts::Settings;
use trichter::measures::{Measure, Setting};
use trichter::metrics::Answers;
use trichter::store::{AsOf, Snapshot, Store};

use crate::pipeline::Pipeline;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// 2026-05-01T00:00:00Z, when Berlin is two hours ahead and Delhi five and a half.
const START: i64 = 1_777_593_600_000_000;

/// What a log has besides chance.
#[derive(Clone, Copy, PartialEq)]
struct Planted {
    /// Each message of the last week adds as much again to the chance of an opt-out.
    tiring: bool,
    /// What is sent at seven in the evening of the contact's country is opened twice as often.
    evening: bool,
    /// Five hours after the question, contacts are reminded.
    reminded: bool,
}

struct Log {
    text: String,
    dice: ChaCha8Rng,
    n_lines: u64,
}

impl Log {
    fn chance(&mut self, share: f64) -> bool {
        f64::from(self.dice.next_u32()) < share * f64::from(u32::MAX)
    }

    fn below(&mut self, end: i64) -> i64 {
        i64::from(self.dice.next_u32()) % end
    }

    fn tell(&mut self, kind: &str, contact: &str, at: i64, more: &str) {
        self.n_lines += 1;
        let (at, number) = (Time(at), self.n_lines);
        writeln!(
            self.text,
            r#"{{"kind":"{kind}","at":"{at}","channel":"generic","account":"a","contact_id":"{contact}","event_id":"{number}"{more}}}"#
        )
        .unwrap();
    }

    /// Two months of messages to a contact, every so many days at any hour, until they opt out.
    fn messages(&mut self, contact: usize, planted: Planted) {
        let name = format!("c{contact}");
        // Of every fifth contact nobody knows which clock they have.
        let (country, ahead) = [("DE", 120), ("IN", 330), ("DE", 120), ("IN", 330), ("US", 0)][contact % 5];
        let (every, mut sent) = ([1, 2, 4, 8][contact % 4], Vec::new());
        for day in (i64::try_from(contact).unwrap() % every..60).step_by(usize::try_from(every).unwrap()) {
            let at = START + day * DAY + self.below(24) * HOUR + self.below(60) * MINUTE;
            let id = format!(r#","message_id":"m{}""#, self.n_lines);
            let message = format!(r#"{id},"country":"{country}""#);
            self.tell("message_sent", &name, at, &message);
            self.tell("message_delivered", &name, at + MINUTE, &id);
            let evening = planted.evening && country != "US" && (at + ahead * MINUTE).rem_euclid(DAY) / HOUR == 19;
            if self.chance(if evening { 0.6 } else { 0.3 }) {
                let opened_at = at + (2 + self.below(300)) * MINUTE;
                self.tell("message_opened", &name, opened_at, &id);
            }
            let before = sent.iter().filter(|&&earlier| earlier >= at - 7 * DAY).count();
            let weariness = if planted.tiring { 1.0 + f64::from(u32::try_from(before).unwrap()) } else { 2.0 };
            if self.chance(0.004 * weariness) {
                self.tell("opted_out_soft", &name, at + 30 * MINUTE, "");
                return;
            }
            sent.push(at);
        }
    }

    /// A question, which fewer and fewer answer from hour to hour.
    fn question(&mut self, contact: usize, planted: Planted) {
        let name = format!("q{contact}");
        let asked_at = START + 40 * DAY + self.below(5 * 24 * 60) * MINUTE;
        let question = r#","flow":"survey","question":"age""#;
        self.tell("question_asked", &name, asked_at, question);
        for quarter in 0..4 * 20 {
            let hour = quarter / 4;
            let hazard = if planted.reminded && hour == 5 { 0.1 } else { 0.12 / (1.0 + f64::from(hour)) };
            if self.chance(hazard) {
                let answered_at = asked_at + i64::from(quarter) * 15 * MINUTE + self.below(15) * MINUTE + MINUTE / 4;
                self.tell("question_answered", &name, answered_at, question);
                return;
            }
        }
    }
}

fn ingested(planted: Planted) -> Pipeline {
    let mut log = Log { text: String::new(), dice: ChaCha8Rng::seed_from_u64(5), n_lines: 0 };
    log.tell("opted_in", "first", START - 31 * DAY, "");
    (0..700).for_each(|contact| log.messages(contact, planted));
    (0..900).for_each(|contact| log.question(contact, planted));
    let pipeline = Pipeline::new("");
    fs::write(pipeline.path("log.ndjson"), log.text).unwrap();
    let balance = pipeline.ingest("log.ndjson");
    assert_eq!(balance.records.rejected, 0, "{balance:?}");
    pipeline
}

/// The rows of a measure's table.
fn rows(pipeline: &Pipeline, measure: &str, table: &str) -> Vec<Value> {
    let store = Store::open(&pipeline.path("store"), AsOf::Latest).unwrap();
    let snapshot = Snapshot::of(&store).unwrap();
    let settings = Settings::new(&pipeline.config, &snapshot, None, None);
    let setting = Setting { by: &[], config: &pipeline.config, settings: &settings };
    let measure = Measure::named(measure).unwrap();
    let answers = pipeline.answer(&(measure.asks)(&setting), None, None);
    let measured = serde_json::to_value(measure.of(&setting, &Answers::new(&answers)).unwrap()).unwrap();
    let tables = measured["tables"].as_array().unwrap();
    let table = tables.iter().find(|found| found["id"] == table).unwrap_or_else(|| panic!("no table {table}"));
    table["rows"].as_array().unwrap().clone()
}

/// What is told of a log: verdicts on trends, hours and weekdays whose open rate differs, hours at which answers rise.
fn told(pipeline: &Pipeline) -> (Vec<String>, Vec<String>, Vec<i64>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let trends = rows(pipeline, "frequency", "trends").iter().map(|row| text(&row["verdict"])).collect();
    let mut differing = Vec::new();
    for (table, column) in [("weekdays", "weekday"), ("hours", "hour")] {
        let found = rows(pipeline, "send_time", table);
        let differs = found.iter().filter(|row| row["open_rate_verdict"] != "no difference");
        differing.extend(differs.map(|row| format!("{} {}", text(&row[column]), text(&row["open_rate_verdict"]))));
    }
    let rises = rows(pipeline, "reminder", "rises");
    (trends, differing, rises.iter().map(|row| row["from_s"].as_i64().unwrap()).collect())
}

#[test]
fn tiring_messages_a_good_hour_and_a_reminder_are_found() {
    let pipeline = ingested(Planted { tiring: true, evening: true, reminded: true });
    let (trends, differing, rises) = told(&pipeline);
    assert_eq!(trends, ["frequency-rises", "frequency-rises"], "by both windows");
    assert_eq!(differing, ["19:00 higher"]);
    assert_eq!(rises, [5 * 3_600]);
    let classes = rows(&pipeline, "frequency", "last_7d");
    let rate = |place: usize| classes[place]["unsubscribe_rate"]["value"].as_f64().unwrap();
    assert!(rate(0) < 0.008 && rate(classes.len() - 1) > 0.02, "{classes:?}");
}

#[test]
fn nothing_is_found_where_nothing_was_planted() {
    let (trends, differing, rises) = told(&ingested(Planted { tiring: false, evening: false, reminded: false }));
    assert_eq!(trends, ["frequency-no-trend"; 2]);
    assert_eq!(differing, Vec::<String>::new());
    assert_eq!(rises, Vec::<i64>::new());
}

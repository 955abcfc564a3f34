//! Loops and ways that were planted in logs are found, with what they cost, and none where none was.

use std::fmt::Write;
use std::fs;

use serde_json::Value;
use trichter::facts::Settings;
use trichter::measures::{Measure, Setting};
use trichter::metrics::Answers;
use trichter::store::{AsOf, Snapshot, Store};

use crate::pipeline::Pipeline;

/// 2026-06-01T08:00:00Z.
const START: i64 = 1_780_300_800;
const DAY: i64 = 86_400;
const FLOW: &str = r#"
[[flow]]
name = "planted"
questions = ["colour", "size", "address"]
options = { colour = ["red", "blue", "green"] }
"#;

/// The lines of one contact's conversation.
struct Talk<'l> {
    log: &'l mut String,
    contact: String,
    at: i64,
}

impl Talk<'_> {
    fn tell(&mut self, kind: &str, id: &str, more: &str) {
        let (contact, at) = (&self.contact, self.at);
        writeln!(
            self.log,
            r#"{{"kind":"{kind}","at":{at},"channel":"generic","account":"a","contact":"{contact}","message_id":"{contact}-{at}-{id}"{more}}}"#
        )
        .unwrap();
    }

    /// The bot asks, and the contact taps an option 20 s later; 10 s later the bot may go on.
    fn asked(&mut self, question: &str, option: &str) {
        self.unanswered(question);
        self.at += 20;
        self.tell("button_clicked", "in", &format!(r#","answer":"{option}""#));
        self.at += 10;
    }

    fn unanswered(&mut self, question: &str) {
        self.tell("message_sent", "out", "");
        self.tell("question_asked", "out", &format!(r#","flow":"planted","question":"{question}""#));
    }
}

/// What goes wrong with whom among 300 contacts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Planted {
    Nothing,
    /// Every tenth taps "red" twice at the colour, and is asked a third time.
    AskedAgain,
    /// Every fifteenth, from the size back to the colour and the size again, with other answers.
    BackAndForth,
    /// Every twentieth stops at the size, and goes on with it two days later.
    Resumed,
}

/// Contacts who go through all three questions, and those with whom something goes wrong, beside simulated logs.
fn log(planted: &[Planted]) -> (String, [u64; 3]) {
    let (mut log, mut n) = (String::new(), [0, 0, 0]);
    for number in 0..300_i64 {
        let of = match number {
            number if number % 10 == 0 => Planted::AskedAgain,
            number if number % 15 == 7 => Planted::BackAndForth,
            number if number % 20 == 3 => Planted::Resumed,
            _ => Planted::Nothing,
        };
        let of = if planted.contains(&of) { of } else { Planted::Nothing };
        let mut talk = Talk { log: &mut log, contact: format!("c{number}"), at: START + number * 60 };
        match of {
            Planted::Nothing => talk.asked("colour", "blue"),
            Planted::AskedAgain => {
                n[0] += 1;
                (0..2).for_each(|_| talk.asked("colour", "red"));
                talk.asked("colour", "blue");
            }
            Planted::BackAndForth => {
                n[1] += 1;
                talk.asked("colour", "red");
                talk.asked("size", "back");
                talk.asked("colour", "blue");
            }
            Planted::Resumed => {
                n[2] += 1;
                talk.asked("colour", "blue");
                talk.unanswered("size");
                talk.at += 2 * DAY;
            }
        }
        talk.asked("size", "large");
        talk.asked("address", "home");
    }
    (log, n)
}

fn pipeline(planted: &[Planted]) -> (Pipeline, [u64; 3]) {
    let mut pipeline = Pipeline::simulated(300, 20, 5);
    let rules = fs::read_to_string(pipeline.path("trichter.toml")).unwrap();
    let rules = rules.replacen("[[flow]]", &format!("{FLOW}\n[[flow]]"), 1);
    pipeline.config = trichter::config::Config::parse(&rules, std::path::Path::new("trichter.toml")).unwrap();
    let (log, n) = log(planted);
    fs::write(pipeline.path("planted.ndjson"), log).unwrap();
    let balance = pipeline.ingest("planted.ndjson");
    assert_eq!(balance.records.rejected, 0, "{balance:?}");
    (pipeline, n)
}

fn rows(pipeline: &Pipeline, table: &str) -> Vec<Value> {
    let store = Store::open(&pipeline.path("store"), AsOf::Latest).unwrap();
    let settings = Settings::new(&pipeline.config, &Snapshot::of(&store).unwrap(), None, None);
    let setting = Setting { by: &[], config: &pipeline.config, settings: &settings };
    let measure = Measure::named("paths").unwrap();
    let answers = pipeline.answer(&(measure.asks)(&setting), None, None);
    let measured = serde_json::to_value(measure.of(&setting, &Answers::new(&answers)).unwrap()).unwrap();
    let tables = measured["tables"].as_array().unwrap();
    tables.iter().find(|found| found["id"] == table).unwrap()["rows"].as_array().unwrap().clone()
}

/// Those of the flow that was planted.
fn planted(rows: &[Value]) -> Vec<&Value> {
    rows.iter().filter(|row| row["flow"] == "planted").collect()
}

#[test]
fn planted_loops_are_found_with_their_cost_and_no_others() {
    let (pipeline, [again, back, _]) = pipeline(&[Planted::AskedAgain, Planted::BackAndForth, Planted::Resumed]);
    let found = rows(&pipeline, "loops");
    let told: Vec<_> = found
        .iter()
        .map(|row| {
            let same = &row["loop_same_answer_rate"];
            let same = (same["numerator"].as_u64().unwrap(), same["denominator"].as_u64().unwrap());
            let [seconds, acts] = ["total_seconds", "loop_acts"].map(|name| row[name].as_u64().unwrap());
            let [flow, question, kind] = ["flow", "question", "loop_kind"].map(|name| row[name].as_str().unwrap());
            (flow, question, kind, row["question_loop_rate"]["numerator"].as_u64().unwrap(), same, seconds, acts)
        })
        .collect();
    // Each round takes 30 s, and a tap and a question.
    let expected = [
        ("planted", "colour", "paths-asked-again", again, (again, again), again * 60, again * 4),
        ("planted", "colour", "paths-back-and-forth", back, (0, back), back * 60, back * 4),
        ("planted", "size", "paths-back-and-forth", back, (0, back), back * 60, back * 4),
    ];
    assert_eq!(told, expected);
    assert!(again == 30 && back == 20, "{again} {back}");
}

#[test]
fn clean_logs_have_no_loops_and_nobody_who_resumes() {
    let (pipeline, _) = pipeline(&[]);
    assert_eq!(rows(&pipeline, "loops"), Vec::<Value>::new());
    let entries = rows(&pipeline, "entries");
    assert!(planted(&entries).iter().all(|row| row["resumed"] == 0 && row["back"] == 0), "{entries:?}");
}

#[test]
fn whoever_resumes_is_told_from_whoever_begins_and_bars_never_rise() {
    let (pipeline, [_, back, resumed]) = pipeline(&[Planted::AskedAgain, Planted::BackAndForth, Planted::Resumed]);
    let entries = rows(&pipeline, "entries");
    let counts = |name: &str| planted(&entries).iter().map(|row| row[name].as_u64().unwrap()).collect::<Vec<u64>>();
    assert_eq!(counts("fresh"), [300, 0, 0]);
    assert_eq!(counts("resumed"), [0, resumed, 0]);
    assert_eq!(counts("back"), [back, back, 0]);
    assert!(resumed == 15, "{resumed}");
    let reached = rows(&pipeline, "reached");
    let bars: Vec<u64> = planted(&reached).iter().map(|row| row["reached"]["numerator"].as_u64().unwrap()).collect();
    // Those who stopped at the size had a conversation there, and another that went on from it. All counts are of the latter,
    // too; the last row are those who answered the address.
    assert_eq!(bars, [300 + resumed, 300 + resumed, 300, 300]);
    for flow in reached.chunk_by(|left, right| left["flow"] == right["flow"]) {
        let bars: Vec<u64> = flow.iter().map(|row| row["reached"]["numerator"].as_u64().unwrap()).collect();
        assert!(bars.windows(2).all(|pair| pair[0] >= pair[1]), "{bars:?}");
    }
}

#[test]
fn an_option_that_nobody_chose_is_told() {
    let (pipeline, _) = pipeline(&[Planted::AskedAgain, Planted::BackAndForth]);
    let options = rows(&pipeline, "options");
    let found: Vec<(&str, &str)> =
        options.iter().map(|row| (row["option"].as_str().unwrap(), row["finding"].as_str().unwrap())).collect();
    // Red was tapped by those who went back from the size, and left standing.
    assert_eq!(found, [("red", ""), ("blue", ""), ("green", "paths-never-chosen")]);
}

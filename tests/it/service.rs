//! A bot that repeats itself is found, and only that one; business hours change nothing else.

use std::fmt::Write as _;
use std::fs;

use trichter::metrics::{Ask, Counts};
use trichter::rate::Rate;

use crate::pipeline::Pipeline;

/// Twenty people are asked three questions a minute apart, and answer each after 20 s; every `nth` one is asked the second
/// question twice.
fn log(nth: Option<usize>) -> String {
    let mut text = String::from("kind,at,contact,message_id,flow,question\n");
    for person in 0..20 {
        let is_repeated = nth.is_some_and(|nth| person % nth == 0);
        let questions = if is_repeated { ["name", "age", "age", "town"].as_slice() } else { &["name", "age", "town"] };
        for (minute, question) in questions.iter().enumerate() {
            let hour = format!("2026-03-02T{:02}:{minute:02}", person % 24);
            writeln!(text, "message_sent,{hour}:00Z,p{person},out-{person}-{minute},form,{question}").unwrap();
            writeln!(text, "message_received,{hour}:20Z,p{person},in-{person}-{minute},,").unwrap();
        }
    }
    text
}

fn rates(pipeline: &Pipeline, metrics: &[&str]) -> Vec<Rate> {
    let asks: Vec<Ask> = metrics.iter().map(|metric| Ask::new(metric, &[])).collect();
    let answers = pipeline.answer(&asks, None, None);
    let rate = |counts: &Counts| counts.rate().unwrap();
    answers.iter().map(|answer| rate(&answer.rows[0].counts)).collect()
}

#[test]
fn a_bot_that_repeats_itself_is_found_and_none_in_a_clean_log() {
    for (nth, conversations, replies) in [(None, 0, 0), (Some(5), 4, 4)] {
        let pipeline = Pipeline::new("");
        fs::write(pipeline.path("log.csv"), log(nth)).unwrap();
        pipeline.ingest("log.csv");
        let found = rates(&pipeline, &["bot_repeat_rate", "bot_repeat_rate@replies"]);
        // Two replies of each can be held against the one before, and one more of those who were asked twice.
        assert_eq!(found[0], Rate { numerator: conversations, denominator: 20 });
        assert_eq!(found[1], Rate { numerator: replies, denominator: 40 + replies });
    }
}

#[test]
fn business_hours_change_no_share_that_is_not_of_them() {
    let metrics = ["bot_response_rate@1m", "human_response_rate", "resolution_rate@implied", "bot_repeat_rate"];
    let found = ["", "[service]\nzone = \"Asia/Tokyo\"\nmonday = [\"09:00-17:00\"]\n"].map(|config| {
        let pipeline = Pipeline::new(config);
        fs::write(pipeline.path("log.csv"), log(Some(3))).unwrap();
        pipeline.ingest("log.csv");
        rates(&pipeline, &metrics)
    });
    assert_eq!(found[0], found[1]);
}

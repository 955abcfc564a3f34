//! A bot that repeats itself is found, and only that one; business hours change nothing else.

use std::fmt::Write as _;
use std::fs;

use trichter::metrics::{Ask, Counts};
use trichter::rate::{Bound, Rate};

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
fn what_no_hand_over_is_known_of_is_contained_at_most() {
    let log = "\
kind,at,contact,channel,message_id,agent
message_received,2026-03-02T10:00:00Z,ada,messenger,i1,
message_sent,2026-03-02T10:00:10Z,ada,messenger,m1,
message_received,2026-03-02T11:00:00Z,ben,shop,i2,
message_sent,2026-03-02T11:00:10Z,ben,shop,m2,
handover_to_human,2026-03-02T11:01:00Z,ben,shop,,
message_received,2026-03-02T12:00:00Z,cleo,shop,i3,
message_sent,2026-03-02T12:00:10Z,cleo,shop,m3,maria
message_sent,2026-03-20T12:00:10Z,cleo,shop,m4,bot
";
    let pipeline = Pipeline::new("");
    fs::write(pipeline.path("log.csv"), log).unwrap();
    pipeline.ingest("log.csv");
    let metrics = ["containment_rate", "handover_rate", "abandonment_rate", "delivery_rate@not_failed", "failure_rate"];
    let found = pipeline.answer(&metrics.map(|metric| Ask::new(metric, &["channel"])), None, None);
    let bounds: Vec<[Bound; 2]> = found.iter().map(|answer| [0, 1].map(|row| answer.rows[row].bound)).collect();
    let (exact, least, most) = (Bound::Exact, Bound::Least, Bound::Most);
    // Messenger tells of some hand-overs, the shop's own log of all it has; neither tells of failures.
    assert_eq!(bounds, [[most, exact], [least, exact], [most, exact], [most, most], [least, least]]);
    // Maria wrote without a hand-over.
    assert_eq!(found[0].rows[1].counts.rate(), Some(Rate { numerator: 0, denominator: 2 }));

    let total = pipeline.answer(&[Ask::new("containment_rate", &[])], None, None);
    assert_eq!(total[0].rows[0].bound, most, "a total is as sure as the least sure of its channels");
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

//! The command on a log small enough to count by hand.

use std::fmt::Write;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::case::Case;

/// Five contacts who were written to on 4 May; Eva three days later, a day before the log ends.
const LOG: &[(&str, &str, &str, &str, &str)] = &[
    ("ann", "2026-05-04T10:00:00Z", "message_sent", "spring", "m1"),
    ("ann", "2026-05-04T10:01:00Z", "message_delivered", "", "m1"),
    ("ann", "2026-05-04T10:05:00Z", "message_opened", "", "m1"),
    ("ann", "2026-05-04T10:10:00Z", "message_received", "", "r1"),
    ("bob", "2026-05-04T10:00:00Z", "message_sent", "spring", "m2"),
    ("bob", "2026-05-04T10:02:00Z", "message_delivered", "", "m2"),
    ("bob", "2026-05-04T10:30:00Z", "opted_out_soft", "", ""),
    ("cem", "2026-05-04T10:00:00Z", "message_sent", "spring", "m3"),
    ("cem", "2026-05-04T10:03:00Z", "message_delivered", "", "m3"),
    ("cem", "2026-05-04T11:00:00Z", "message_sent", "winter", "m4"),
    ("cem", "2026-05-04T11:05:00Z", "message_opened", "", "m4"),
    ("dia", "2026-05-04T10:00:00Z", "message_sent", "winter", "m5"),
    ("dia", "2026-05-04T10:01:00Z", "handover_to_human", "", ""),
    ("dia", "2026-05-04T10:04:00Z", "message_delivered", "", "m5"),
    ("eva", "2026-05-07T10:00:00Z", "message_sent", "winter", "m6"),
    ("end", "2026-05-07T20:00:00Z", "opted_in", "", ""),
];

const FUNNEL: &str = r#"
name = "mine"
meaning = "From sending to a reply."
window = "1d"
hold = { column = "message_id", steps = ["sent", "delivered", "opened"] }
[[step]]
name = "sent"
where = { kind = "message_sent", campaign = { known = true } }
[[step]]
name = "delivered"
where = { kind = ["message_delivered", "message_opened"] }
[[step]]
name = "opened"
where = { kind = "message_opened" }
same_event = true
[[step]]
name = "replied"
where = { kind = "message_received" }
within = "1h"
[[exclude]]
between = ["sent", "delivered"]
where = { kind = "handover_to_human" }
"#;

fn case() -> Case {
    let case = Case::new();
    let mut log = String::from("channel,account,contact_id,at,kind,campaign,message_id\n");
    for (contact, at, kind, campaign, message) in LOG {
        writeln!(log, "shop,a,{contact},{at},{kind},{campaign},{message}").unwrap();
    }
    case.write("log.csv", log);
    case.write("mine.toml", FUNNEL);
    case.write("plain.toml", "[privacy]\ncontact_ids = \"plain\"\n");
    case.ask(&["ingest", "log.csv", "--store", "store", "--config", "plain.toml", "--quiet"]);
    case
}

fn counts(answer: &Value) -> Vec<(String, Vec<Vec<u64>>)> {
    let count = |step: &Value, key: &str| step[key].as_u64().unwrap();
    let keys = ["reached", "converted", "lost", "excluded", "open"];
    let steps = |row: &Value| {
        let steps = row["steps"].as_array().unwrap().iter();
        steps.map(|step| keys.iter().map(|key| count(step, key)).collect()).collect()
    };
    answer["rows"].as_array().unwrap().iter().map(|row| (row["segment"].to_string(), steps(row))).collect()
}

fn ask(case: &Case, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["funnel"].iter().chain(arguments).copied().collect();
    let rest = ["--store", "store", "--format", "json"];
    serde_json::from_str(&case.ask(&arguments.iter().chain(&rest).copied().collect::<Vec<_>>())).unwrap()
}

#[test]
fn a_funnel_counts_what_a_person_counts() {
    let case = case();
    let answer = ask(&case, &["mine.toml"]);
    let expected = vec![vec![5, 3, 1, 1, 1], vec![3, 2, 1, 0, 0], vec![2, 1, 1, 0, 0], vec![1, 1, 0, 0, 0]];
    assert_eq!(counts(&answer), [("{}".to_owned(), expected)]);
    let delivered = &answer["rows"][0]["steps"][1];
    assert_eq!(delivered["from_start"]["numerator"], 3);
    assert_eq!(delivered["from_start"]["denominator"], 4, "Eva is open and in no denominator");
    assert_eq!(delivered["time_s"]["n"], 3);
    // One minute, two minutes, and Cem's second message, whose opening after five minutes tells that it was delivered.
    assert_eq!(delivered["time_s"]["median"], 120);
    assert_eq!(
        answer["rows"][0]["steps"][2]["time_s"]["histogram"],
        json!([{"from": 0, "to": 5, "n": 1}, {"from": 5, "to": 10, "n": 0}, {"from": 10, "to": 30, "n": 0}, {"from": 30, "to": 60, "n": 0}, {"from": 60, "to": 120, "n": 0}, {"from": 120, "to": 300, "n": 1}])
    );
}

#[test]
fn a_breakdown_follows_its_attribution() {
    let case = case();
    let by = |attribution: &str| {
        case.write("by.toml", format!("{FUNNEL}[breakdown]\nby = \"campaign\"\nattribution = \"{attribution}\"\n"));
        let answer = ask(&case, &["by.toml"]);
        let reached = |(segment, steps): (String, Vec<Vec<u64>>)| (segment, steps.iter().map(|step| step[0]).collect());
        counts(&answer).into_iter().map(reached).collect::<Vec<(String, Vec<u64>)>>()
    };
    let (spring, winter) = (r#"{"campaign":"spring"}"#.to_owned(), r#"{"campaign":"winter"}"#.to_owned());
    let first = vec![(spring, vec![2, 2, 1, 1]), (winter, vec![3, 1, 1, 0])];
    assert_eq!(by("first"), first);
    assert_eq!(by("sent"), first);
    let unknown = r#"{"campaign":null}"#.to_owned();
    assert_eq!(by("replied"), [(unknown, vec![5, 3, 2, 1])], "replies carry no campaign");
    let days = ask(&case, &["mine.toml", "--by", "day"]);
    let days: Vec<String> = counts(&days).into_iter().map(|(day, steps)| format!("{day} {}", steps[0][0])).collect();
    assert_eq!(days, [r#"{"day":"2026-05-04"} 4"#, r#"{"day":"2026-05-07"} 1"#]);
}

#[test]
fn attribution_to_all_values_counts_a_contact_under_each() {
    let case = case();
    let text =
        FUNNEL.replace("hold = { column = \"message_id\", steps = [\"sent\", \"delivered\", \"opened\"] }\n", "");
    case.write("all.toml", format!("{text}[breakdown]\nby = \"campaign\"\nattribution = \"all\"\n"));
    let found = counts(&ask(&case, &["all.toml"]));
    let reached: Vec<(String, Vec<u64>)> =
        found.into_iter().map(|(segment, steps)| (segment, steps.iter().map(|step| step[0]).collect())).collect();
    // Receipts do not say of which campaign they are, so they contradict none.
    assert_eq!(
        reached,
        [(r#"{"campaign":"spring"}"#.into(), vec![3, 3, 2, 1]), (r#"{"campaign":"winter"}"#.into(), vec![3, 1, 1, 0])]
    );
}

#[test]
fn people_who_were_lost_are_listed_without_those_who_opted_out() {
    let case = case();
    let list = |step: &str| case.ask(&["funnel", "mine.toml", "--store", "store", "--people", step]);
    assert_eq!(list("delivered"), "channel,contact_id,account,entered_at,lost_at\n", "Bob opted out");
    let cem = "shop,cem,a,2026-05-04T11:00:00Z,2026-05-04T11:05:00Z\n";
    assert_eq!(list("opened"), format!("channel,contact_id,account,entered_at,lost_at\n{cem}"));
    // An opt-out after the range of time counts all the same: who left must not be written to.
    let until = ["funnel", "mine.toml", "--store", "store", "--people", "delivered", "--until", "2026-05-04T10:20:00Z"];
    assert!(!case.ask(&until).contains("bob"));
}

#[test]
fn paths_tell_what_was_done_instead() {
    let case = case();
    assert_snapshot!(case.ask(&["funnel", "mine.toml", "--store", "store", "--paths", "after:delivered"]));
    let between = ask(&case, &["mine.toml", "--paths", "between:opened,replied"]);
    assert_eq!(between["sequences"], json!([{"events": ["(nothing)"], "units": 1, "went_on": 1}]));
    let before = ask(&case, &["mine.toml", "--paths", "before:opened", "--depth", "1"]);
    assert_eq!(before["nearest"], json!([{"event": "message_sent", "units": 2, "went_on": 2}]));
    assert_eq!(before["links"], json!([{"place": 0, "from": "…", "to": "message_sent", "units": 1}]));
}

#[test]
fn the_answer_is_written_as_table_and_as_csv() {
    let case = case();
    assert_snapshot!("table", case.ask(&["funnel", "mine.toml", "--store", "store"]));
    assert_snapshot!(
        "csv",
        case.ask(&["funnel", "mine.toml", "--store", "store", "--by", "channel", "--format", "csv"])
    );
}

#[test]
fn a_quick_look_needs_no_file_and_every_order_answers() {
    let case = case();
    let steps = ["--step", "kind=message_sent", "--step", "opened: kind=message_opened|opened_up_to", "--window", "1h"];
    for order in [
        "ordered",
        "any",
        "adjacent",
        "clickhouse",
        "clickhouse.strict_order",
        "posthog.strict",
        "posthog.unordered",
        "mixpanel",
    ] {
        let answer = ask(&case, &[&steps[..], &["--order", order]].concat());
        let reached: Vec<u64> = counts(&answer)[0].1.iter().map(|step| step[0]).collect();
        let expected = match order {
            // Nothing lies between Cem's second message and its opening; Ann's receipt of delivery does.
            // The hour of Cem's first message is not over when the second is sent, and nothing restarts it for Mixpanel.
            "posthog.strict" | "mixpanel" => [5, 1],
            // The receipt after Cem's first message ends the scan.
            "clickhouse.strict_order" => [5, 0],
            // Receipts are no acts, so for our own order they do not lie between.
            _ => [5, 2],
        };
        assert_eq!(reached, expected, "{order}");
    }
    let attempts = |window| {
        let steps =
            ["--step", "kind=message_sent", "--step", "kind=message_opened", "--unit", "attempt", "--window", window];
        counts(&ask(&case, &steps))[0].1[0][0]
    };
    assert_eq!(attempts("59m"), 6, "Cem was written to twice");
    assert_eq!(attempts("60m"), 5, "the second time while the first attempt was running");
}

#[test]
fn a_channel_that_cannot_tell_of_a_step_is_left_out_and_named() {
    let case = case();
    case.write("chat.csv", "channel,contact_id,at,kind\nchat,zoe,2026-05-04T10:00:00Z,message_sent\n");
    case.ask(&["ingest", "chat.csv", "--store", "store", "--config", "plain.toml", "--quiet"]);
    let answer = ask(&case, &["--step", "kind=message_sent", "--step", "opened: kind=message_opened"]);
    assert_eq!(answer["unmeasurable"], json!([{"channel": "chat", "step": "opened"}]));
    assert_eq!(counts(&answer)[0].1[0][0], 5);
}

#[test]
fn what_does_not_exist_is_told_with_what_was_meant() {
    let case = case();
    case.run(&["funnel", "campain", "--store", "store"]).expect(2).complains(&["no funnel 'campain'", "'campaign'"]);
    let people = ["funnel", "mine.toml", "--store", "store", "--people", "openend"];
    case.run(&people).expect(2).complains(&["no step 'openend'", "did you mean 'opened'?"]);
    case.write("bad.toml", FUNNEL.replace("within = \"1h\"", "withn = \"1h\""));
    case.run(&["funnel", "bad.toml", "--store", "store"])
        .expect(2)
        .complains(&["bad.toml:19: unknown field `withn`; did you mean 'within'?"]);
    let by = ["funnel", "mine.toml", "--store", "store", "--by", "campain"];
    case.run(&by).expect(2).complains(&["no column or part of time 'campain'; did you mean 'campaign'?"]);
    case.run(&["funnel", "--store", "store"]).expect(2);
}

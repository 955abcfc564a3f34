//! Rasa's containers, and what its events mean one after the other.

use super::CHANNEL;
use crate::channels::reading;

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    reading::check(&CHANNEL, json, expected);
}

fn lines(json: &str) -> Vec<String> {
    reading::lines(&CHANNEL, json, None)
}

/// A tracker of contact 7 with events a second apart. An event is its name and its fields.
fn tracker(events: &[(&str, &str)]) -> String {
    let events: Vec<String> = (1_700_000_000..)
        .zip(events)
        .map(|(at, (event, fields))| {
            let comma = if fields.is_empty() { "" } else { "," };
            format!(r#"{{"event":"{event}","timestamp":{at}.0{comma}{fields}}}"#)
        })
        .collect();
    format!(r#"{{"sender_id":"7","events":[{}]}}"#, events.join(","))
}

const START: (&str, &str) = ("active_loop", r#""name":"order""#);
const END: (&str, &str) = ("active_loop", r#""name":null"#);
const ASK: (&str, &str) = ("slot", r#""name":"requested_slot","value":"size""#);
const ASK_NOTHING: (&str, &str) = ("slot", r#""name":"requested_slot","value":null"#);
const SAY: (&str, &str) = ("user", r#""text":"42","message_id":"m1""#);
const SET: (&str, &str) = ("slot", r#""name":"size","value":"42""#);

#[test]
fn a_form_asks_is_answered_and_is_completed() {
    check(
        &tracker(&[
            START,
            ASK,
            (
                "bot",
                r#""text":"Welche Größe?","data":{"buttons":[{"title":"42"}]},"metadata":{"utter_action":"utter_ask_size"}"#,
            ),
            ("action", r#""name":"action_listen""#),
            SAY,
            SET,
            ASK_NOTHING,
            END,
        ]),
        &[
            "1700000000 flow_started 7 flow=order",
            "1700000001 question_asked 7 flow=order question=size",
            "1700000002 message_sent 7 id=6f00f76d33ddd1ad7da0dbcd0b88e078 template=utter_ask_size type=buttons agent=bot text=Welche Größe?",
            "1700000004 message_received 7 id=m1 type=text text=42",
            "1700000005 question_answered 7 id=m1 flow=order question=size text=42",
            "1700000007 flow_ended 7 flow=order",
        ],
    );
}

#[test]
fn a_slot_that_was_not_asked_for_answers_nothing() {
    check(
        &tracker(&[SAY, SET, ("slot", r#""name":"city","value":"Ulm""#)]),
        &["1700000000 message_received 7 id=m1 type=text text=42"],
    );
}

#[test]
fn a_value_that_is_left_out_is_null_and_no_answer() {
    check(
        &tracker(&[ASK, SAY, ("slot", r#""name":"size""#), ("slot", r#""name":"size","value":false"#)]),
        &[
            "1700000000 question_asked 7 question=size",
            "1700000001 message_received 7 id=m1 type=text text=42",
            "1700000003 question_answered 7 id=m1 question=size answer=false",
        ],
    );
}

#[test]
fn an_answer_that_the_form_refuses_is_rejected_once_and_the_question_asked_again() {
    let refused = ("action_execution_rejected", r#""name":"order""#);
    check(
        &tracker(&[ASK, refused, SAY, refused, refused, ASK]),
        &[
            "1700000000 question_asked 7 question=size",
            "1700000002 message_received 7 id=m1 type=text text=42",
            "1700000003 answer_rejected 7 question=size",
            "1700000005 question_asked 7 question=size",
        ],
    );
}

#[test]
fn a_slot_and_its_utterance_are_one_prompt() {
    check(&tracker(&[ASK, ("action", r#""name":"utter_ask_size""#)]), &["1700000000 question_asked 7 question=size"]);
    check(
        &tracker(&[("action", r#""name":"utter_ask_city""#), SAY, ("slot", r#""name":"city","value":"Ulm""#)]),
        &[
            "1700000000 question_asked 7 question=city",
            "1700000001 message_received 7 id=m1 type=text text=42",
            "1700000002 question_answered 7 id=m1 question=city text=Ulm",
        ],
    );
}

#[test]
fn a_reply_to_a_question_without_a_slot_stands_whatever_comes_later() {
    let (help, said) = (("action", r#""name":"utter_ask_help""#), ("bot", r#""text":"Gern""#));
    let later = |rest: &str| format!(r#""text":"{rest}","message_id":"m2""#);
    let (restart, person, odd) = (later("/restart"), later("Mensch bitte"), later("asdf"));
    let fallback = ("action", r#""name":"action_default_fallback""#);
    for after in [
        vec![("session_started", ""), ("user", &*person)],
        vec![("user", &*restart), ("restart", "")],
        vec![("user", &*person), ("pause", "")],
        vec![("user", &*odd), fallback, ("rewind", "")],
    ] {
        let found = lines(&tracker(&[vec![help, SAY, said], after].concat()));
        let takes_back = |line: &&String| line.contains("answer_rejected") || line.contains("question_skipped");
        assert_eq!(found.iter().find(takes_back), None, "{found:#?}");
    }
    // Asking for a person at once is no answer, and neither is what led to a fallback.
    for after in [vec![("pause", "")], vec![fallback, ("rewind", "")]] {
        let found = lines(&tracker(&[vec![help, SAY], after].concat()));
        assert!(found.iter().any(|line| line.contains("answer_rejected 7 question=help")), "{found:#?}");
    }
}

#[test]
fn a_form_that_is_left_is_not_completed_and_its_question_skipped() {
    check(
        &tracker(&[("form", r#""name":"order""#), ASK, SAY, ("form", ""), ASK_NOTHING]),
        &[
            "1700000000 flow_started 7 flow=order",
            "1700000001 question_asked 7 flow=order question=size",
            "1700000002 message_received 7 id=m1 type=text text=42",
            "1700000003 answer_rejected 7 flow=order question=size",
            "1700000003 question_skipped 7 flow=order question=size",
        ],
    );
}

#[test]
fn a_new_session_ends_the_form_and_its_slots_ask_nothing() {
    let carried = [START, ASK, ("session_started", ""), ASK, SET, ("action", r#""name":"action_listen""#), SAY, END];
    check(
        &tracker(&carried),
        &[
            "1700000000 flow_started 7 flow=order",
            "1700000001 question_asked 7 flow=order question=size",
            "1700000002 question_skipped 7 flow=order question=size",
            "1700000006 message_received 7 id=m1 type=text text=42",
        ],
    );
    check(
        &tracker(&[START, ASK, ("user", r#""text":"/restart","message_id":"m2""#), ("restart", ""), END]),
        &[
            "1700000000 flow_started 7 flow=order",
            "1700000001 question_asked 7 flow=order question=size",
            "1700000002 button_clicked 7 id=m2 type=payload answer=/restart",
            "1700000003 answer_rejected 7 flow=order question=size",
            "1700000003 question_skipped 7 flow=order question=size",
        ],
    );
}

#[test]
fn times_that_run_backwards_keep_the_stored_order() {
    let told = |times: [&str; 4]| {
        let events: Vec<String> = times
            .iter()
            .enumerate()
            .map(|(number, at)| {
                format!(r#"{{"event":"user","text":"{number}","message_id":"m{number}","timestamp":{at}}}"#)
            })
            .collect();
        let mut found = Vec::new();
        let arena = crate::channels::Arena::default();
        let json = format!(r#"{{"sender_id":"7","events":[{}]}}"#, events.join(","));
        let body = crate::channels::parse(&json, &arena).unwrap();
        let record = crate::channels::Record {
            body: &body,
            received_at: None,
            source: "test",
            reading: &crate::channels::Reading::default(),
            arena: &arena,
        };
        let mut emit = |event: crate::event::Event<'_>| found.push(event.at.0 - 1_700_000_000_000_000);
        (CHANNEL.parse)(&record, &mut crate::channels::Out::new(&mut emit));
        found
    };
    assert_eq!(
        told(["1700000005.5", "1700000005.5", "1700000003", "1700000006"]),
        [5_500_000, 5_500_001, 5_500_002, 6_000_000]
    );
    // A clock that ran ahead does not take all that follows with it.
    assert_eq!(
        told(["1700000000", "1800000000", "1700000001", "1700000001"]),
        [0, 100_000_000_000_000, 1_000_000, 1_000_001]
    );
}

#[test]
fn an_event_that_is_stored_again_counts_once() {
    let user = r#"{"event":"user","timestamp":1700000000,"text":"a","message_id":"m1"}"#;
    let bot = r#"{"event":"bot","timestamp":1700000001,"text":"b"}"#;
    assert_eq!(lines(&format!(r#"{{"sender_id":"7","events":[{user},{bot},{user},{bot}]}}"#)).len(), 2);
}

#[test]
fn a_rewind_takes_the_answer_back_but_not_what_was_said() {
    let fallback = ("action", r#""name":"action_default_fallback""#);
    check(
        &tracker(&[ASK, SAY, SET, fallback, ("rewind", ""), ASK]),
        &[
            "1700000000 question_asked 7 question=size",
            "1700000001 message_received 7 id=m1 type=text text=42",
            "1700000002 question_answered 7 id=m1 question=size text=42",
            "1700000003 fallback 7 id=m1",
            "1700000004 answer_rejected 7 question=size",
            "1700000005 question_asked 7 question=size",
        ],
    );
    check(
        &tracker(&[ASK, SAY, ("action", r#""name":"order""#), SET, ("undo", "")]),
        &[
            "1700000000 question_asked 7 question=size",
            "1700000001 message_received 7 id=m1 type=text text=42",
            "1700000003 question_answered 7 id=m1 question=size text=42",
            "1700000004 answer_rejected 7 question=size",
        ],
    );
}

#[test]
fn one_turn_has_one_fallback_and_one_hand_over() {
    check(
        &tracker(&[
            (
                "user",
                r#""text":"hm","message_id":"m1","parse_data":{"intent":null,"intent_ranking":[{"name":"nlu_fallback"}]}"#,
            ),
            ("action", r#""name":"action_default_fallback""#),
            ("action", r#""name":"action_human_handoff""#),
            ("pause", ""),
            ("agent", r#""text":"Guten Tag""#),
            ("resume", ""),
        ]),
        &[
            "1700000000 message_received 7 id=m1 type=text text=hm tag=nlu_fallback",
            "1700000000 fallback 7 id=m1",
            "1700000002 handover_to_human 7",
            "1700000004 message_sent 7 id=75f9329eaf7bd09833f22438268971d2 type=text agent=human text=Guten Tag",
            "1700000005 handover_to_bot 7",
        ],
    );
}

#[test]
fn asking_for_a_person_is_no_answer() {
    check(
        &tracker(&[ASK, SAY, ("pause", "")]),
        &[
            "1700000000 question_asked 7 question=size",
            "1700000001 message_received 7 id=m1 type=text text=42",
            "1700000002 answer_rejected 7 question=size",
            "1700000002 handover_to_human 7",
        ],
    );
}

#[test]
fn a_payload_is_a_tap_and_a_path_is_not() {
    for (text, line) in [
        ("/affirm", "button_clicked 7 id=m1 type=payload answer=/affirm"),
        (r#"/inform{\"size\": \"42\"}"#, r#"button_clicked 7 id=m1 type=payload answer=/inform{"size": "42"}"#),
        (
            "/SetSlots(size=zwei und vierzig)",
            "button_clicked 7 id=m1 type=payload answer=/SetSlots(size=zwei und vierzig)",
        ),
        ("/ oder so", "message_received 7 id=m1 type=text text=/ oder so"),
        ("/home geht nicht", "message_received 7 id=m1 type=text text=/home geht nicht"),
    ] {
        let user = format!(r#""text":"{text}","message_id":"m1""#);
        check(&tracker(&[("user", &user)]), &[&format!("1700000000 {line}")]);
    }
}

#[test]
fn what_others_said_in_the_contacts_name_is_not_theirs() {
    for text in ["EXTERNAL: remind", "/session_start"] {
        let user = format!(r#""text":"{text}""#);
        let found = lines(&tracker(&[("user", &user)]));
        assert!(found.iter().all(|line| line.starts_with("ignored ")), "{found:?}");
    }
}

#[test]
fn flows_of_rasa_pro_begin_and_end_and_its_own_patterns_do_not() {
    check(
        &tracker(&[
            ("flow_started", r#""flow_id":"book""#),
            ("flow_started", r#""flow_id":"pattern_collect_information""#),
            ("action", r#""name":"utter_ask_day""#),
            SAY,
            ("slot", r#""name":"day","value":"Montag""#),
            ("flow_completed", r#""flow_id":"pattern_collect_information","step_id":"x""#),
            ("flow_completed", r#""flow_id":"book","step_id":"x""#),
            ("flow_started", r#""flow_id":"pay""#),
            ("action", r#""name":"utter_ask_card""#),
            ("flow_cancelled", r#""flow_id":"pay""#),
            ("flow_started", r#""flow_id":"pattern_cannot_handle""#),
        ]),
        &[
            "1700000000 flow_started 7 flow=book",
            "1700000002 question_asked 7 flow=book question=day",
            "1700000003 message_received 7 id=m1 type=text text=42",
            "1700000004 question_answered 7 id=m1 flow=book question=day text=Montag",
            "1700000006 flow_ended 7 flow=book",
            "1700000007 flow_started 7 flow=pay",
            "1700000008 question_asked 7 flow=pay question=card",
            "1700000009 question_skipped 7 flow=pay question=card",
            "1700000010 fallback 7 id=m1",
        ],
    );
}

#[test]
fn every_container_tells_the_same_message() {
    let line = "1700000000 message_received 7 account=a1 id=m1 type=text text=Hallo tag=greet";
    let event = r#""event":"user","timestamp":1700000000.25,"text":"Hallo","message_id":"m1","metadata":{"assistant_id":"a1"},"parse_data":{"intent":{"name":"greet"}}"#;
    let escaped = format!("{{{event}}}").replace('"', "\\\"");
    for json in [
        format!(r#"{{"sender_id":"7","slots":{{}},"events":[{{{event}}}]}}"#),
        format!(r#"{{"sender_id":7,{event}}}"#),
        format!(r#"{{"sender_id":"7","conversation_id":"k","event":{{{event}}}}}"#),
        format!(
            r#"{{"id":12,"sender_id":"7","type_name":"user","timestamp":1700000000.25,"intent_name":"greet","action_name":null,"data":"{escaped}"}}"#
        ),
        format!(r#"{{"id":"12","sender_id":"7","type_name":"user","data":{{{event}}}}}"#),
        format!(r#"{{"_id":{{"$oid":"x"}},"sender_id":{{"$numberLong":"7"}},"events":[{{{event}}}]}}"#)
            .replace("1700000000.25", r#"{"$numberDouble":"1700000000.25"}"#),
        format!(r#"{{"sender_id":"7","event":{{{event}}}}}"#)
            .replace("1700000000.25", r#"{"$date":{"$numberLong":"1700000000250"}}"#),
        format!(r#"{{"sender_id":"7","event":{{{event}}}}}"#)
            .replace("1700000000.25", r#"{"$date":"2023-11-14T22:13:20.250Z"}"#),
    ] {
        check(&json, &[line]);
    }
}

#[test]
fn a_single_event_tells_what_it_can_by_itself() {
    let one = |event: &str| format!(r#"{{"sender_id":"7","timestamp":1700000000,{event}}}"#);
    for (event, line) in [
        (r#""event":"slot","name":"requested_slot","value":"size""#, "1700000000 question_asked 7 question=size"),
        (r#""event":"slot","name":"size","value":42"#, "1700000000 question_answered 7 question=size text=42"),
        (r#""event":"slot","name":"session_started_metadata","value":"x""#, "ignored slot"),
        (r#""event":"slot","name":"cart","value":{"a":1}"#, "ignored slot"),
        (r#""event":"action_execution_rejected","name":"order""#, "1700000000 answer_rejected 7"),
        (r#""event":"active_loop","name":"order""#, "1700000000 flow_started 7 flow=order"),
        (r#""event":"active_loop","name":null"#, "ignored active_loop"),
        (r#""event":"resume""#, "1700000000 handover_to_bot 7"),
        (r#""event":"loop_interrupted","is_interrupted":true"#, "ignored loop_interrupted"),
        (r#""event":"session_started""#, "ignored session_started"),
    ] {
        check(&one(event), &[line]);
    }
}

#[test]
fn a_live_agents_notes_are_told_by_who_wrote_them() {
    let note = |event_type: &str| {
        format!(
            r#"{{"sender_id":"7","event":{{"event":"bot","timestamp":1700000000,"text":"Hallo","metadata":{{"type":"live_agent","event_type":"{event_type}"}}}}}}"#
        )
    };
    for (event_type, beginning) in [
        ("user_live_agent", "1700000000 message_received 7"),
        ("agent_live_agent", "1700000000 message_sent 7"),
        ("agent_allocation_live_agent", "1700000000 handover_to_human 7"),
        ("conversation_close_live_agent", "1700000000 handover_to_bot 7"),
        ("agent_request_live_agent", "ignored live_agent"),
    ] {
        let found = lines(&note(event_type));
        assert!(matches!(&found[..], [line] if line.starts_with(beginning)), "{event_type}: {found:?}");
    }
}

#[test]
fn one_bad_event_keeps_no_other_from_being_read() {
    let events = r#"{"event":"user","text":"a","timestamp":"$currentDate()"},{"timestamp":1700000000},
        {"event":"user","text":"b","timestamp":1700000000,"message_id":"m2"}"#;
    check(
        &format!(r#"{{"sender_id":"7","events":[{events}]}}"#),
        &["1700000000 message_received 7 id=m2 type=text text=b", "rejected bad_time:timestamp"],
    );
}

#[test]
fn broken_records_name_their_reasons() {
    let found: Vec<String> = include_str!("../../../sample-data/rasa/broken.ndjson").lines().flat_map(lines).collect();
    for reason in [
        "rejected missing_field:sender_id",
        "rejected missing_field:timestamp",
        "rejected missing_field:event",
        "rejected missing_field:data",
        "rejected missing_field:name",
        "rejected bad_time:timestamp",
        "rejected bad_value:events",
        "rejected bad_value:data",
        "ignored unknown_event",
    ] {
        assert!(found.contains(&reason.to_owned()), "{reason} in {found:#?}");
    }
}

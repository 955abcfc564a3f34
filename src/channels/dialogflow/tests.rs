//! Rows of the interaction log.

use super::CHANNEL;
use crate::channels::reading;

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    reading::check(&CHANNEL, json, expected);
}

fn lines(json: &str) -> Vec<String> {
    reading::lines(&CHANNEL, json, None)
}

/// A turn of session `s`: what was asked of the agent, and what it made of it.
fn turn(input: &str, result: &str) -> String {
    format!(
        r#"{{"project_id":"p","agent_id":"projects/p/locations/l/agents/a","turn_position":2,"language_code":"de",
        "conversation_name":"projects/p/locations/l/agents/a/sessions/s","request_time":"2023-11-14 22:13:20.123456 UTC",
        "request":{{"queryInput":{{{input}}}}},"response":{{"responseId":"r","queryResult":{{{result}}}}}}}"#
    )
}

const TEXT: &str = r#""text":{"text":"zwei"}"#;
const PAGE: &str = r#""currentPage":{"name":"projects/p/locations/l/agents/a/flows/f/pages/1","displayName":"Datum"}"#;
const SPEAK: &str = r#""responseMessages":[{"text":{"text":["Wann?"]}}]"#;
const RECEIVED: &str = "1700000000 message_received s account=a id=r:in language=de type=text text=zwei";

#[test]
fn a_turn_is_an_input_an_answer_and_the_page_that_waits() {
    check(
        &turn(TEXT, &format!(r#""match":{{"matchType":"INTENT","intent":{{"displayName":"menge"}}}},{PAGE},{SPEAK}"#)),
        &[
            &format!("{RECEIVED} tag=menge"),
            "1700000000 message_sent s account=a id=r:0 flow=f question=Datum language=de type=text agent=bot text=Wann?",
        ],
    );
}

#[test]
fn only_the_last_message_asks() {
    let messages = r#""responseMessages":[{"text":{"text":["Gut.","Sehr gut."]}},{"payload":{"chips":[]}},{"text":{"text":[]}}],
        "currentFlow":{"displayName":"Buchung"}"#;
    check(
        &turn(TEXT, &format!("{PAGE},{messages}")),
        &[
            RECEIVED,
            "1700000000 message_sent s account=a id=r:0 flow=Buchung language=de type=text agent=bot text=Gut.\nSehr gut.",
            "1700000000 message_sent s account=a id=r:1 flow=Buchung question=Datum language=de type=payload agent=bot",
        ],
    );
}

#[test]
fn a_form_names_the_parameter_that_is_empty_and_the_one_just_collected() {
    let form = r#""formInfo":{"parameterInfo":[{"displayName":"menge","state":"FILLED","justCollected":true,"value":2},
        {"displayName":"notiz","required":false,"state":"EMPTY"},{"displayName":"datum","required":true,"state":"EMPTY"}]}"#;
    check(
        &turn(TEXT, &format!("{form},{PAGE},{SPEAK}")),
        &[
            RECEIVED,
            "1700000000 question_answered s account=a question=menge language=de text=2",
            "1700000000 message_sent s account=a id=r:0 flow=f question=datum language=de type=text agent=bot text=Wann?",
        ],
    );
}

#[test]
fn what_is_not_understood_is_a_fallback_and_no_answer() {
    check(
        &turn(TEXT, r#""match":{"matchType":"NO_MATCH"}"#),
        &[
            RECEIVED,
            "1700000000 fallback s account=a language=de",
            "1700000000 answer_rejected s account=a language=de",
        ],
    );
    check(
        &turn(r#""event":{"event":"sys.no-input-default"}"#, &format!(r#""match":{{"matchType":"NO_INPUT"}},{SPEAK}"#)),
        &["1700000000 message_sent s account=a id=r:0 language=de type=text agent=bot text=Wann?"],
    );
}

#[test]
fn every_input_is_known_by_its_form() {
    for (input, result, line) in [
        (r#""event":{"event":"BOOK"}"#, "", "button_clicked s account=a id=r:in language=de type=event answer=BOOK"),
        (
            r#""intent":{"intent":"projects/p/agents/a/intents/i"}"#,
            "",
            "button_clicked s account=a id=r:in language=de type=intent answer=i",
        ),
        (r#""dtmf":{"digits":"42"}"#, "", "message_received s account=a id=r:in language=de type=dtmf text=42"),
        (
            r#""audio":{}"#,
            r#""transcript":"hallo""#,
            "message_received s account=a id=r:in language=de type=audio text=hallo",
        ),
        ("", r#""text":"hallo""#, "message_received s account=a id=r:in language=de type=text text=hallo"),
    ] {
        check(&turn(input, result), &[&format!("1700000000 {line}")]);
    }
    check(&turn(r#""event":{"event":"WELCOME"}"#, ""), &["ignored event"]);
}

#[test]
fn a_conversation_ends_succeeds_or_goes_to_a_person() {
    let end = |result: &str, messages: &str| turn(TEXT, &format!(r#"{result}"responseMessages":[{messages}]"#));
    check(
        &end("", r#"{"text":{"text":["Tschüss"]}},{"conversationSuccess":{}},{"endInteraction":{}}"#),
        &[
            RECEIVED,
            "1700000000 goal_reached s account=a language=de",
            "1700000000 flow_ended s account=a language=de",
            "1700000000 message_sent s account=a id=r:0 language=de type=text agent=bot text=Tschüss",
        ],
    );
    // Giving up is not completing.
    let gave_up = lines(&end(r#""match":{"matchType":"NO_MATCH"},"#, r#"{"endInteraction":{}}"#));
    assert!(gave_up.iter().all(|line| !line.contains("flow_ended")), "{gave_up:?}");
    for message in [r#"{"liveAgentHandoff":{}}"#, r#"{"telephonyTransferCall":{"phoneNumber":"+49"}}"#] {
        check(
            &end(&format!("{PAGE},"), &format!(r#"{{"text":{{"text":["Moment"]}}}},{message}"#)),
            &[
                RECEIVED,
                "1700000000 answer_rejected s account=a language=de",
                "1700000000 handover_to_human s account=a language=de",
                "1700000000 message_sent s account=a id=r:0 flow=f language=de type=text agent=bot text=Moment",
            ],
        );
    }
    // The last parameter was given before the person took over; who said nothing gave no answer that could be refused.
    for kind in ["PARAMETER_FILLING", "NO_INPUT"] {
        let found = lines(&end(&format!(r#""match":{{"matchType":"{kind}"}},"#), r#"{"liveAgentHandoff":{}}"#));
        assert!(found.iter().all(|line| !line.contains("answer_rejected")), "{found:?}");
    }
    let unclear = lines(&end(r#""match":{"matchType":"NO_MATCH"},"#, r#"{"liveAgentHandoff":{}}"#));
    assert_eq!(unclear.iter().filter(|line| line.contains("answer_rejected")).count(), 1, "{unclear:?}");
}

#[test]
fn the_end_of_a_flow_is_no_question() {
    for page in [r#"{"displayName":"End Session"}"#, r#"{"name":"x/pages/END_FLOW","displayName":"Schluss"}"#] {
        let found = lines(&turn(TEXT, &format!(r#""currentPage":{page},{SPEAK}"#)));
        assert!(found.iter().all(|line| !line.contains("question=")), "{found:?}");
    }
}

#[test]
fn an_early_answer_counts_once() {
    let row = turn(TEXT, SPEAK);
    let partial = format!(
        r#""partial_responses":[{{"queryResult":{{{SPEAK}}}}},{{"queryResult":{{"responseMessages":[{{"text":{{"text":["Moment"]}}}}]}}}}],"request":"#
    );
    check(
        &row.replace(r#""request":"#, &partial),
        &[
            RECEIVED,
            "1700000000 message_sent s account=a id=r:0 language=de type=text agent=bot text=Moment",
            "1700000000 message_sent s account=a id=r:1 language=de type=text agent=bot text=Wann?",
        ],
    );
}

#[test]
fn a_row_of_text_is_read_like_one_of_objects() {
    check(
        r#"{"agent_id":"a","conversation_name":"s","turn_position":"2","request_time":"2023-11-14 22:13:20","language_code":"de",
        "request":"{\"queryInput\":{\"text\":{\"text\":\"zwei\"}}}","response":"{\"queryResult\":{}}"}"#,
        &["1700000000 message_received s account=a id=s:2:1700000000000000:in language=de type=text text=zwei"],
    );
}

#[test]
fn broken_records_name_their_reasons() {
    let found: Vec<String> =
        include_str!("../../../sample-data/dialogflow/broken.ndjson").lines().flat_map(lines).collect();
    for reason in [
        "rejected missing_field:conversation_name",
        "rejected missing_field:request_time",
        "rejected missing_field:response",
        "rejected missing_field:queryResult",
        "rejected bad_time:request_time",
        "rejected bad_value:request",
        "rejected bad_value:response",
        "rejected bad_value:partial_responses",
    ] {
        assert!(found.contains(&reason.to_owned()), "{reason} in {found:#?}");
    }
}

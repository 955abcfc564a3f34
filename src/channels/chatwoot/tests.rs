//! Chatwoot's webhooks.

use super::CHANNEL;
use crate::channels::reading;
use crate::event::Time;

const RECEIVED: Time = Time(1_700_000_100_000_000);

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    reading::check(&CHANNEL, json, expected);
}

fn lines(json: &str, received_at: Option<Time>) -> Vec<String> {
    reading::lines(&CHANNEL, json, received_at)
}

/// A webhook about message 5 of contact 7 in inbox 3.
fn message(event: &str, fields: &str) -> String {
    format!(
        r#"{{"event":"{event}","id":5,"created_at":"2023-11-14T22:13:20.000Z","inbox":{{"id":3,"name":"Web"}},
        "conversation":{{"id":12,"meta":{{"sender":{{"id":7}}}},"contact_last_seen_at":0}},{fields}}}"#
    )
}

fn conversation(fields: &str) -> String {
    format!(
        r#"{{"event":"conversation_updated","id":12,"inbox_id":3,"account":{{"id":1}},"meta":{{"sender":{{"id":7}}}},
        "updated_at":1700000000.25,{fields}}}"#
    )
}

#[test]
fn both_directions_are_known_by_word_and_by_number() {
    for (direction, line) in [
        (r#""incoming""#, "message_received 7 account=3 id=5 type=text text=Hallo"),
        ("0", "message_received 7 account=3 id=5 type=text text=Hallo"),
        (r#""outgoing""#, "message_sent 7 account=3 id=5 type=text agent=bot text=Hallo"),
        ("1", "message_sent 7 account=3 id=5 type=text agent=bot text=Hallo"),
        (r#""template""#, "message_sent 7 account=3 id=5 type=text agent=bot text=Hallo"),
        ("3", "message_sent 7 account=3 id=5 type=text agent=bot text=Hallo"),
    ] {
        check(
            &message("message_created", &format!(r#""message_type":{direction},"content":"Hallo""#)),
            &[&format!("1700000000 {line}")],
        );
    }
}

#[test]
fn a_message_may_have_its_time_in_any_form() {
    for time in [r#""2023-11-14 22:13:20 UTC""#, "1700000000", "1700000000.75", r#""1700000000""#] {
        let json = message("message_created", r#""message_type":0,"content":"Hallo""#)
            .replace(r#""2023-11-14T22:13:20.000Z""#, time);
        check(&json, &["1700000000 message_received 7 account=3 id=5 type=text text=Hallo"]);
    }
    check(
        &message(
            "message_created",
            r#""message_type":0,"content":"a","content_attributes":{"external_created_at":1699999990}"#,
        ),
        &["1699999990 message_received 7 account=3 id=5 type=text text=a"],
    );
}

#[test]
fn users_are_people_unless_a_campaign_or_a_rule_speaks_for_them() {
    for (fields, agent) in [
        (r#""sender":{"id":1,"type":"user"}"#, "agent=human"),
        (r#""sender":{"id":1,"email":"a@b.example"}"#, "agent=human"),
        (r#""sender":{"id":1,"type":"agent_bot"}"#, "agent=bot"),
        (r#""sender":{"id":1,"type":"user"},"content_attributes":{"automation_rule_id":4}"#, "agent=bot"),
        (
            r#""sender":{"id":1,"type":"user"},"additional_attributes":{"campaign_id":9}"#,
            "campaign=9 type=text agent=bot",
        ),
    ] {
        let found = lines(&message("message_created", &format!(r#""message_type":1,"content":"a",{fields}"#)), None);
        assert!(matches!(&found[..], [line] if line.contains(agent)), "{fields}: {found:?}");
    }
}

#[test]
fn notes_and_activities_are_no_messages() {
    for (fields, what) in [
        (r#""message_type":1,"private":true,"content":"intern""#, "private_note"),
        (r#""message_type":"activity","content":"zugewiesen""#, "activity"),
        (r#""message_type":2,"content":"zugewiesen""#, "activity"),
    ] {
        for event in ["message_created", "message_updated"] {
            check(&message(event, fields), &[&format!("ignored {what}")]);
        }
    }
}

#[test]
fn options_are_asked_and_answered_by_a_tap_that_points_to_them() {
    let items = r#""items":[{"title":"Ja","value":"yes"},{"title":"Nein","value":"no"}]"#;
    let select =
        format!(r#""message_type":1,"content_type":"input_select","content":"Ok?","content_attributes":{{{items}"#);
    check(
        &message("message_created", &format!("{select}}}")),
        &["1700000000 message_sent 7 account=3 id=5 question=yes|no type=input_select agent=bot text=Ok?"],
    );
    let chosen =
        message("message_updated", &format!(r#"{select},"submitted_values":[{{"title":"Ja","value":"yes"}}]}}"#));
    assert_eq!(
        lines(&chosen, Some(RECEIVED)),
        [
            "~1700000100 button_clicked 7 account=3 id=5:submitted re=5 question=yes|no type=input_select answer=yes text=Ja"
        ]
    );
    check(&chosen, &["rejected missing_field:received_at"]);
}

#[test]
fn ratings_addresses_and_forms_are_answers() {
    for (content_type, attributes, line) in [
        (
            "input_csat",
            r#""submitted_values":{"csat_survey_response":{"rating":4,"feedback_message":"Gut"}}"#,
            "button_clicked 7 account=3 id=5:submitted re=5 question=csat type=input_csat answer=4 text=Gut",
        ),
        (
            "input_email",
            r#""submitted_email":"a@b.example""#,
            "message_received 7 account=3 id=5:submitted re=5 question=email type=input_email text=a@b.example",
        ),
        (
            "form",
            r#""items":[{"name":"plz"},{"name":"ort"}],"submitted_values":[{"name":"plz","value":"89073"}]"#,
            r#"message_received 7 account=3 id=5:submitted re=5 question=plz|ort type=form text=[{"name":"plz","value":"89073"}]"#,
        ),
    ] {
        let fields = format!(
            r#""message_type":3,"updated_at":"2023-11-14T22:13:21Z","content_type":"{content_type}","content_attributes":{{{attributes}}}"#
        );
        check(&message("message_updated", &fields), &[&format!("1700000001 {line}")]);
    }
}

#[test]
fn a_status_is_a_receipt_of_a_sent_message() {
    for (status, line) in [
        ("delivered", "~1700000100 message_delivered 7 account=3 id=5"),
        ("read", "~1700000100 message_opened 7 account=3 id=5"),
        ("failed", "~1700000100 message_failed 7 account=3 id=5 error=131026"),
        ("sent", "ignored message_updated"),
    ] {
        let fields = format!(
            r#""message_type":"outgoing","status":"{status}","content_attributes":{{"external_error":"131026: Message undeliverable"}}"#
        );
        assert_eq!(lines(&message("message_updated", &fields), Some(RECEIVED)), [line]);
    }
    check(&message("message_updated", r#""message_type":"incoming","status":"read""#), &["ignored message_updated"]);
}

#[test]
fn what_the_contact_has_seen_is_a_watermark() {
    let seen = "1699999999 opened_up_to 7 account=3 up_to=1699999999";
    check(&conversation(r#""contact_last_seen_at":1699999999"#), &[seen]);
    let json = message("message_created", r#""message_type":0,"content":"a""#)
        .replace(r#""contact_last_seen_at":0"#, r#""contact_last_seen_at":1699999999"#);
    check(&json, &["1700000000 message_received 7 account=3 id=5 type=text text=a", seen]);
    check(&conversation(r#""contact_last_seen_at":0"#), &["ignored conversation_updated"]);
}

#[test]
fn a_conversation_goes_to_people_and_back() {
    let change = |attribute: &str, before: &str, after: &str| {
        conversation(&format!(
            r#""changed_attributes":[{{"{attribute}":{{"previous_value":{before},"current_value":{after}}}}}]"#
        ))
    };
    let (to_human, to_bot) = ("1700000000 handover_to_human 7 account=3", "1700000000 handover_to_bot 7 account=3");
    for (attribute, before, after, line) in [
        ("status", r#""pending""#, r#""open""#, to_human),
        ("status", r#""open""#, r#""pending""#, to_bot),
        ("assignee_id", "null", "9", to_human),
        ("assignee_id", "8", "9", "ignored conversation_updated"),
        ("status", r#""resolved""#, r#""open""#, "ignored conversation_updated"),
        ("status", r#""open""#, r#""resolved""#, "ignored conversation_updated"),
    ] {
        check(&change(attribute, before, after), &[line]);
    }
    check(&conversation(r#""changed_attributes":{"status":["pending","open"]}"#), &[to_human]);
}

#[test]
fn the_same_change_told_by_two_webhooks_is_one_event() {
    let mut keys = Vec::new();
    for event in ["conversation_updated", "conversation_status_changed", "automation_event.conversation_updated"] {
        let json = conversation(r#""changed_attributes":{"status":["pending","open"]}"#)
            .replace(r#""conversation_updated""#, &format!("\"{event}\""));
        let arena = crate::channels::Arena::default();
        let body = crate::channels::parse(&json, &arena).unwrap();
        let reading = crate::channels::Reading::default();
        let record = crate::channels::Record {
            body: &body,
            received_at: None,
            source: "test",
            reading: &reading,
            arena: &arena,
        };
        let mut emit = |event: crate::event::Event<'_>| keys.push((event.dedup.into_owned(), event.at));
        (CHANNEL.parse)(&record, &mut crate::channels::Out::new(&mut emit));
    }
    assert_eq!(keys.len(), 3);
    keys.dedup();
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[test]
fn what_says_nothing_about_conversations_is_ignored_by_its_name() {
    for (event, what) in [
        ("conversation_typing_on", "conversation_typing"),
        ("webwidget_triggered", "webwidget_triggered"),
        ("contact_updated", "contact"),
        ("inbox_created", "inbox"),
    ] {
        check(&format!(r#"{{"event":"{event}","id":1,"blocked":true}}"#), &[&format!("ignored {what}")]);
    }
}

#[test]
fn broken_records_name_their_reasons() {
    let found: Vec<String> = include_str!("../../../sample-data/chatwoot/broken.ndjson")
        .lines()
        .flat_map(|line| lines(line, None))
        .collect();
    for reason in [
        "rejected missing_field:contact",
        "rejected missing_field:id",
        "rejected missing_field:message_type",
        "rejected missing_field:created_at",
        "rejected missing_field:received_at",
        "rejected missing_field:updated_at",
        "rejected bad_value:message_type",
        "rejected bad_time:created_at",
        "rejected bad_time:contact_last_seen_at",
        "rejected no_zone:created_at",
    ] {
        assert!(found.contains(&reason.to_owned()), "{reason} in {found:#?}");
    }
}

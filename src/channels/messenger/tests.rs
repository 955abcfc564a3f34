//! Messenger's records, one by one.

use std::borrow::Cow;

use super::CHANNEL;
use crate::channels::{Arena, Out, Reading, Record, reading, value};
use crate::event::Event;

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    reading::check(&CHANNEL, json, expected);
}

fn lines(json: &str) -> Vec<String> {
    reading::lines(&CHANNEL, json, None)
}

/// An envelope around one part from contact 7 to page 20 at 1700000000.
fn inbound(part: &str) -> String {
    page(&format!(r#"{{"sender":{{"id":"7"}},"recipient":{{"id":"20"}},"timestamp":1700000000000,{part}}}"#))
}

fn page(part: &str) -> String {
    format!(r#"{{"object":"page","entry":[{{"id":20,"time":1700000009000,"messaging":[{part}]}}]}}"#)
}

#[test]
fn a_quick_reply_is_a_click_and_not_also_a_message() {
    check(
        &inbound(r#""message":{"mid":"m1","text":"Ja","quick_reply":{"payload":"yes"}}"#),
        &["1700000000 button_clicked 7 account=20 id=m1 type=quick_reply answer=yes text=Ja"],
    );
}

#[test]
fn what_two_apps_or_a_call_and_its_echo_tell_of_a_message_is_kept_whichever_comes_first() {
    let envelope = |place: &str| {
        format!(
            r#"{{"object":"page","entry":[{{"id":20,"time":1700000009000,"{place}":[{{"sender":{{"id":"20"}},"recipient":{{"id":"7"}},
            "timestamp":1700000000000,"message":{{"mid":"m1","is_echo":true,"app_id":9,"text":"Hallo"}}}}]}}]}}"#
        )
    };
    let call = r#"{"at":"2023-11-14T22:13:20Z","page_id":"20","request":{"recipient":{"id":"7"},"message":{"text":"Hallo"}},
        "response":{"recipient_id":"7","message_id":"m1"}}"#;
    let told = [envelope("messaging"), envelope("standby"), call.to_owned()].map(|record| {
        let arena = Arena::default();
        let reading = Reading::default();
        let body = value::parse(&record, &arena).unwrap();
        let mut told = Vec::new();
        let mut emit = |event: Event<'_>| {
            assert_eq!((event.message_id.as_deref(), event.at.seconds()), (Some("m1"), 1_700_000_000));
            told.push((event.dedup.into_owned(), event.agent.map(Cow::into_owned)));
        };
        let mut out = Out::new(&mut emit);
        let record = Record { body: &body, received_at: None, source: "test", reading: &reading, arena: &arena };
        (CHANNEL.parse)(&record, &mut out);
        told
    });
    let agent = |key: &str, agent: &str| vec![(key.to_owned(), Some(agent.to_owned()))];
    assert_eq!(told, [agent("m1", "bot"), agent("standby:m1", "human"), agent("send:m1", "bot")]);
}

#[test]
fn a_message_of_the_account_to_itself_is_no_conversation() {
    check(
        &page(
            r#"{"sender":{"id":"20"},"recipient":{"id":"20"},"timestamp":1700000000000,
            "message":{"mid":"m1","is_echo":true,"is_self":true,"text":"Test"}}"#,
        ),
        &["ignored own_message"],
    );
}

#[test]
fn fields_without_a_value_say_nothing() {
    check(
        &inbound(
            r#""message":{"mid":"m1","text":"Hi"},"optin":null,"optout":null,"payment":null,"pre_checkout":null,
            "delivery":null,"read":null,"postback":null,"reaction":null,"pass_thread_control":null"#,
        ),
        &["1700000000 message_received 7 account=20 id=m1 type=text text=Hi"],
    );
    let entry = r#"{"object":"page","entry":[{"id":"20","messaging":null,"standby":null,"changes":null}]}"#;
    check(entry, &["ignored empty"]);
}

#[test]
fn what_holds_nothing_is_neither_an_opt_in_nor_a_tap() {
    for field in ["optin", "optout", "payment", "postback"] {
        for value in ["true", r#""""#, "[]"] {
            let part = inbound(&format!(r#""{field}":{value}"#));
            check(&part, &[&format!("rejected bad_value:{field}")]);
        }
    }
}

#[test]
fn a_mail_address_is_no_option() {
    check(
        &inbound(r#""message":{"mid":"m1","text":"a@b.de","quick_reply":{"payload":"a@b.de"}}"#),
        &["1700000000 button_clicked 7 account=20 id=m1 type=quick_reply text=a@b.de"],
    );
}

#[test]
fn an_echo_is_sent_to_its_recipient_by_a_bot_or_by_people() {
    let echo = |app: &str| {
        page(&format!(
            r#"{{"sender":{{"id":"20"}},"recipient":{{"id":"7"}},"timestamp":1700000000000,
            "message":{{"mid":"m1","is_echo":"True",{app}"metadata":"spring","text":"Hallo"}}}}"#
        ))
    };
    for (app, agent) in [("\"app_id\":5,", "bot"), ("", "human"), ("\"app_id\":263902037430900,", "human")] {
        let line = format!("1700000000 message_sent 7 account=20 id=m1 type=text agent={agent} text=Hallo tag=spring");
        check(&echo(app), &[&line]);
    }
    let standby = echo("\"app_id\":5,").replace("\"messaging\"", "\"standby\"");
    check(&standby, &["1700000000 message_sent 7 account=20 id=m1 type=text agent=human text=Hallo tag=spring"]);
}

#[test]
fn watermarks_and_single_receipts_are_both_kept() {
    check(
        &inbound(r#""delivery":{"mids":["m1","m2"],"watermark":1699999999000}"#),
        &[
            "1700000000 message_delivered 7 account=20 id=m1",
            "1700000000 message_delivered 7 account=20 id=m2",
            "1700000000 delivered_up_to 7 account=20 up_to=1699999999",
        ],
    );
    check(
        &inbound(r#""read":{"watermark":1699999999000}"#),
        &["1700000000 opened_up_to 7 account=20 up_to=1699999999"],
    );
}

#[test]
fn a_receipt_without_a_time_takes_the_entrys_else_its_watermark() {
    let part = r#"{"sender":{"id":"7"},"recipient":{"id":"20"},"read":{"watermark":1699999999000}}"#;
    check(&page(part), &["1700000009 opened_up_to 7 account=20 up_to=1699999999"]);
    let junk = page(part).replace("1700000009000", "12341");
    check(&junk, &["1699999999 opened_up_to 7 account=20 up_to=1699999999"]);
}

#[test]
fn a_junk_time_refuses_its_part_and_keeps_the_others() {
    let part = |time: &str| {
        format!(
            r#"{{"sender":{{"id":"7"}},"recipient":{{"id":"20"}},"timestamp":{time},"message":{{"mid":"m{time}","text":"a"}}}}"#
        )
    };
    check(
        &page(&format!("{},{}", part("2222222"), part("1700000000000"))),
        &["1700000000 message_received 7 account=20 id=m1700000000000 type=text text=a", "rejected bad_time:timestamp"],
    );
}

#[test]
fn a_postback_carries_its_referral() {
    check(
        &inbound(r#""postback":{"payload":"start","title":"Los","referral":{"ref":"qr-1","source":"SHORTLINK"}}"#),
        &[
            "1700000000 button_clicked 7 account=20 type=postback answer=start text=Los",
            "1700000000 referral 7 account=20 topic=qr-1 tag=qr-1",
        ],
    );
}

#[test]
fn notification_topics_are_joined_stopped_and_resumed() {
    let optin = |status: &str| {
        inbound(&format!(r#""optin":{{"type":"notification_messages","topic":"news","payload":"p"{status}}}"#))
    };
    for (status, told) in [
        ("", "opted_in 7 account=20 topic=news type=notification_messages"),
        (r#","user_token_status":"REFRESHED""#, "opted_in 7 account=20 topic=news type=notification_messages"),
        (
            r#","notification_messages_status":"STOP NOTIFICATIONS""#,
            "opted_out_soft 7 account=20 topic=news type=notification_messages answer=STOP NOTIFICATIONS",
        ),
        (
            r#","notification_messages_status":"RESUME NOTIFICATIONS""#,
            "opted_in 7 account=20 topic=news type=notification_messages answer=RESUME NOTIFICATIONS",
        ),
    ] {
        check(&optin(status), &[&format!("1700000000 {told} tag=p")]);
    }
}

#[test]
fn other_ways_to_agree_and_to_end_it_are_told_with_their_form() {
    for (part, told) in [
        (
            r#""optin":{"type":"one_time_notif_req","title":"Wieder da","payload":"restock","one_time_notif_token":"0"}"#,
            "opted_in 7 account=20 topic=Wieder da type=one_time_notif_req tag=restock",
        ),
        (r#""optin":{"ref":"checkout"}"#, "opted_in 7 account=20 topic=checkout type=optin tag=checkout"),
        (r#""optout":{"topic":"news"}"#, "opted_out_soft 7 account=20 topic=news type=optout"),
    ] {
        check(&inbound(part), &[&format!("1700000000 {told}")]);
    }
    check(&inbound(r#""optin":{"type":"telepathy"}"#), &["ignored unknown_optin"]);
}

#[test]
fn a_checkbox_gives_a_contact_by_user_ref() {
    check(
        &page(r#"{"recipient":{"id":"20"},"timestamp":1700000000000,"optin":{"ref":"shop","user_ref":"u1"}}"#),
        &["1700000000 opted_in user_ref:u1 account=20 topic=shop type=optin tag=shop"],
    );
}

#[test]
fn handing_over_names_who_has_the_conversation_now() {
    for (control, kind) in [
        (r#""pass_thread_control":{"new_owner_app_id":263902037430900}"#, "handover_to_human"),
        (r#""pass_thread_control":{"new_owner_app_id":"5"}"#, "handover_to_bot"),
        (r#""take_thread_control":{"previous_owner_app_id":"263902037430900"}"#, "handover_to_bot"),
        (r#""take_thread_control":{"previous_owner_app_id":"5"}"#, "handover_to_human"),
        (r#""take_thread_control":{"previous_owner_app_id":null,"new_owner_app_id":5}"#, "handover_to_bot"),
    ] {
        check(&inbound(control), &[&format!("1700000000 {kind} 7 account=20")]);
    }
}

#[test]
fn a_survey_answers_each_of_its_questions() {
    check(
        &inbound(
            r#""messaging_feedback":{"feedback_screens":[{"screen_id":0,"questions":{"q1":{"type":"csat","payload":"4",
            "follow_up":{"type":"free_form","payload":"Gut"}}}}]}"#,
        ),
        &["1700000000 question_answered 7 account=20 question=q1 type=csat answer=4 text=Gut"],
    );
}

#[test]
fn reactions_and_ratings_of_the_contact_point_to_their_message() {
    let told = "1700000000 reaction_received 7 account=20 re=m0";
    check(
        &inbound(r#""reaction":{"mid":"m0","action":"react","reaction":"smile","emoji":"😀"}"#),
        &[&format!("{told} type=reaction answer=😀")],
    );
    check(
        &inbound(r#""response_feedback":{"mid":"m0","feedback":"Good response"}"#),
        &[&format!("{told} type=response_feedback answer=Good response")],
    );
    let by_page = r#"{"sender":{"id":"20"},"recipient":{"id":"7"},"timestamp":1700000000000,"reaction":{"mid":"m0","action":"react"}}"#;
    check(&page(by_page), &["ignored own_reaction"]);
}

#[test]
fn payments_of_the_closed_beta_hold_their_amount() {
    check(
        &inbound(
            r#""payment":{"payload":"tea","payment_credential":{"charge_id":"ch1"},"amount":{"currency":"USD","amount":29.62}}"#,
        ),
        &["1700000000 payment 7 account=20 answer=successful tag=tea cost=29.62 currency=USD"],
    );
}

#[test]
fn a_call_of_the_send_api_has_the_message_id_of_its_echo() {
    check(
        r#"{"at":1700000000,"page_id":20,"tag":"spring","request":{"recipient":{"user_ref":"u1"},
        "message":{"text":"Hallo","quick_replies":[{"title":"Ja"}]}},"response":{"recipient_id":"7","message_id":"m1"}}"#,
        &["1700000000 message_sent 7 account=20 id=m1 type=quick_replies agent=bot text=Hallo tag=spring"],
    );
}

#[test]
fn a_refused_call_is_a_failure_with_an_id_that_every_copy_has() {
    let call = r#"{"at":1700000000,"page_id":20,"request":{"recipient":{"id":"7"},"message":{"text":"Hallo"}},
        "response":{"error":{"code":551,"error_subcode":1545041}}}"#;
    let found = lines(call);
    assert_eq!(found, lines(call));
    assert!(found.iter().any(|line| line.contains("message_failed 7") && line.contains("error=551/1545041")));
    assert_ne!(found, lines(&call.replace("Hallo", "Hallo!")));
}

#[test]
fn what_says_nothing_about_conversations_is_ignored_by_its_name() {
    for (part, what) in [
        (r#""app_roles":{"5":["primary_receiver"]}"#, "app_roles"),
        (r#""policy-enforcement":{"action":"block","reason":"spam"}"#, "policy_enforcement"),
        (r#""request_thread_control":{"requested_owner_app_id":5}"#, "request_thread_control"),
        (r#""message_edit":{"mid":"m1","text":"b","num_edit":1}"#, "message_edit"),
        (r#""account_linking":{"status":"linked"}"#, "account_linking"),
        (r#""checkout_update":{"payload":"tea"}"#, "checkout_update"),
        (r#""message":{"mid":"m1","is_deleted":true}"#, "message_deleted"),
        (r#""reaction":{"mid":"m1","action":"unreact"}"#, "reaction_removed"),
        (r#""brand_new":{}"#, "unknown_event"),
    ] {
        check(&inbound(part), &[&format!("ignored {what}")]);
    }
}

#[test]
fn odd_cases_never_panic_and_name_their_reasons() {
    let found: Vec<String> =
        include_str!("../../../sample-data/messenger/odd-cases.ndjson").lines().flat_map(lines).collect();
    assert!(found.contains(&"rejected missing_field:mid".to_owned()), "{found:#?}");
    assert!(found.contains(&"rejected bad_time:timestamp".to_owned()), "{found:#?}");
    let is_note = |line: &String| line.starts_with("rejected ") || line.starts_with("ignored ");
    assert!(found.iter().all(|line| is_note(line) || line.starts_with("17724")), "{found:#?}");
}

#[test]
fn every_broken_record_names_its_reason() {
    assert_eq!(
        reading::ends(&CHANNEL, include_str!("../../../sample-data/messenger/broken.ndjson")),
        [
            "rejected missing_field:mid",
            "rejected missing_field:mid",
            "rejected bad_time:timestamp",
            "rejected bad_time:timestamp",
            "rejected bad_time:timestamp",
            "rejected bad_time:timestamp",
            "rejected missing_field:sender",
            "rejected missing_field:timestamp",
            "rejected missing_field:watermark",
            "rejected bad_time:watermark",
            "rejected missing_field:watermark",
            "rejected missing_field:new_owner_app_id",
            "rejected missing_field:previous_owner_app_id",
            "rejected missing_field:mid",
            "rejected missing_field:questions",
            "ignored unknown_optin",
            "ignored unknown_event",
            "rejected bad_value:messaging",
            "rejected bad_value:messaging",
            "rejected missing_field:entry",
            "rejected missing_field:entry",
            "rejected bad_time:at",
            "rejected missing_field:message_id",
            "rejected missing_field:recipient",
            "rejected missing_field:mid",
        ]
    );
}

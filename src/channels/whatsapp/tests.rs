//! Bodies and what they become. Knows nothing of the store or of privacy.

use super::super::{Arena, Outcome, Reading, reading, value};
use super::*;

/// The events of a record, one a line: `kind contact` and then what is known, and how the record ended if not accepted.
fn read(body: &str) -> String {
    let arena = Arena::default();
    let body = value::parse(body, &arena).unwrap();
    let reading = Reading::default();
    let record = Record { body: &body, received_at: None, source: "test", reading: &reading, arena: &arena };
    let mut lines = Vec::new();
    let mut emit = |event: Event<'_>| {
        assert!(CHANNEL.kinds.contains(&event.kind), "{} is not declared", event.kind);
        let mut line = format!("{} {}", event.kind, event.contact);
        let billable = event.billable.map(|billable| billable.to_string().into());
        for (name, field) in [
            ("former", event.former),
            ("account", event.account),
            ("id", event.message_id),
            ("to", event.reply_to),
            ("type", event.message_type),
            ("template", event.template),
            ("language", event.language),
            ("answer", event.answer),
            ("text", event.text),
            ("tag", event.tag),
            ("topic", event.topic),
            ("agent", event.agent),
            ("category", event.category),
            ("billable", billable),
            ("error", event.error_code),
            ("cost", event.cost),
            ("currency", event.currency),
        ] {
            if let Some(field) = field {
                line = format!("{line} {name}={field}");
            }
        }
        lines.push(line);
    };
    assert!(recognises(&record), "not recognised: {body:?}");
    let mut out = Out::new(&mut emit);
    parse(&record, &mut out);
    match out.outcome() {
        Outcome::Accepted => {}
        Outcome::Ignored(what) => lines.push(format!("ignored {what}")),
        Outcome::Rejected(reason) => lines.push(format!("rejected {}", reason.code())),
    }
    lines.join("\n")
}

fn envelope(field: &str, value: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"7","time":1767268800,"changes":[{{"field":"{field}","value":{value}}}]}}]}}"#
    )
}

#[track_caller]
fn check(field: &str, value: &str, expected: &str) {
    assert_eq!(read(&envelope(field, value)), expected, "{value}");
}

#[track_caller]
fn message(message: &str, expected: &str) {
    let common = r#""id":"m1","from":"49151","timestamp":"1767268800""#;
    check("messages", &format!(r#"{{"messages":[{{{common},{message}}}]}}"#), expected);
}

#[track_caller]
fn status(row: &str, expected: &str) {
    let common = r#""id":"m1","recipient_id":"49151","timestamp":"1767268800""#;
    check(
        "messages",
        &format!(r#"{{"metadata":{{"phone_number_id":"p1"}},"statuses":[{{{common},{row}}}]}}"#),
        expected,
    );
}

#[test]
fn a_tap_is_one_click_and_no_message() {
    message(
        r#""type":"button","button":{"payload":"YES","text":"Ja"},"context":{"id":"out1"}"#,
        "button_clicked 49151 id=m1 to=out1 type=button answer=YES text=Ja",
    );
    message(r#""type":"button","button":{"text":"Ja"}"#, "button_clicked 49151 id=m1 type=button answer=Ja text=Ja");
    message(
        r#""type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"s42","title":"42"}}"#,
        "button_clicked 49151 id=m1 type=list_reply answer=s42 text=42",
    );
}

#[test]
fn a_form_keeps_its_token_and_none_of_its_answers() {
    let form = |json: &str| {
        format!(r#""type":"interactive","interactive":{{"type":"nfm_reply","nfm_reply":{{"response_json":"{json}"}}}}"#)
    };
    message(
        &form(r#"{\"flow_token\":\"size-v2\",\"name\":\"Ada\"}"#),
        "message_received 49151 id=m1 type=nfm_reply tag=size-v2",
    );
    for odd in [r#"{\"name\":\"Ada\"}"#, "[1]", "7", "{", r#"{\"flow_token\":7}"#] {
        message(&form(odd), "message_received 49151 id=m1 type=nfm_reply");
    }
}

#[test]
fn what_is_no_new_act_of_the_contact_is_ignored() {
    message(r#""type":"reaction","reaction":{"message_id":"out1","emoji":""}"#, "ignored reaction_removed");
    message(r#""type":"edit","edit":{"original_message_id":"m0"}"#, "ignored edit");
    message(r#""type":"revoke","revoke":{"original_message_id":"m0"}"#, "ignored revoke");
    message(r#""type":"text","text":{"body":"hi"},"group_id":"g1""#, "ignored group");
    message(r#""type":"telepathy""#, "ignored unknown_message_type");
    message(r#""type":"system","system":{"type":"customer_identity_changed"}"#, "ignored customer_identity_changed");
}

#[test]
fn messages_without_content_are_replies_all_the_same() {
    for kind in ["unsupported", "unknown", "location", "contacts", "sticker"] {
        message(&format!(r#""type":"{kind}""#), &format!("message_received 49151 id=m1 type={kind}"));
    }
}

#[test]
fn an_ad_that_brought_the_contact_is_told_beside_the_message() {
    message(
        r#""type":"text","text":{"body":"Hallo"},"referral":{"source_type":"ad","source_id":"ad9"}"#,
        "referral 49151 id=m1 topic=ad9\nmessage_received 49151 id=m1 type=text text=Hallo",
    );
    message(r#""type":"request_welcome""#, "referral 49151 id=m1 type=request_welcome topic=request_welcome");
}

#[test]
fn a_contact_is_the_number_if_any_and_the_scoped_id_otherwise() {
    let written = r#""id":"m1","timestamp":"1767268800","type":"text""#;
    let both = r#"{"wa_id":"49151","user_id":"DE.1"}"#;
    for (people, message, contact) in [
        (both, r#""from":"49151""#, "49151 former=DE.1"),
        (both, r#""from":"DE.1""#, "49151 former=DE.1"),
        (both, r#""from_user_id":"DE.1""#, "49151 former=DE.1"),
        (both, r#""context":{}"#, "49151 former=DE.1"),
        (both, r#""from":"49777""#, "49777"),
        (r#"{"wa_id":"DE.1"}"#, r#""from":"49151","from_user_id":"DE.1""#, "49151 former=DE.1"),
        (r#"{"user_id":"DE.1"}"#, r#""from_user_id":"DE.1""#, "DE.1"),
        (r#"{"user_id":"DE.1"}"#, r#""context":{}"#, "DE.1"),
        (r#"{"wa_id":"49777"}"#, r#""from":"+49 151""#, "49151"),
        (r#"{"wa_id":"+49 151","user_id":"DE.1"}"#, r#""from":"49151""#, "49151 former=DE.1"),
        (r#"{"wa_id":49151,"user_id":"DE.1"}"#, r#""from":49151"#, "49151 former=DE.1"),
    ] {
        check(
            "messages",
            &format!(r#"{{"contacts":[{people}],"messages":[{{{written},{message}}}]}}"#),
            &format!("message_received {contact} id=m1 type=text"),
        );
    }
    status(r#""status":"read","recipient_user_id":"DE.1""#, "message_opened 49151 former=DE.1 account=p1 id=m1");
}

#[test]
fn people_whose_numbers_a_log_hides_behind_one_word_stay_apart() {
    for hidden in ["REDACTED", "4915*****", "000000"] {
        for user in ["DE.1", "DE.2"] {
            let value = format!(
                r#"{{"contacts":[{{"wa_id":"{hidden}","user_id":"{user}"}}],
                "messages":[{{"id":"m1","timestamp":"1767268800","type":"text","from":"{hidden}","from_user_id":"{user}"}}]}}"#
            );
            check("messages", &value, &format!("message_received {user} id=m1 type=text"));
        }
    }
}

#[test]
fn what_should_be_a_list_and_is_none_is_refused() {
    for (field, list) in [
        ("messages", "messages"),
        ("messages", "statuses"),
        ("user_preferences", "user_preferences"),
        ("smb_message_echoes", "message_echoes"),
        ("history", "history"),
        ("automatic_events", "automatic_events"),
    ] {
        check(field, &format!(r#"{{"{list}":{{"id":"m1"}}}}"#), &format!("rejected bad_value:{list}"));
        check(field, &format!(r#"{{"{list}":null}}"#), "ignored empty");
    }
}

#[test]
fn receipts_carry_tag_and_price() {
    status(
        r#""status":"sent","biz_opaque_callback_data":"spring","conversation":{"id":"c1","origin":{"type":"business_initated"}}"#,
        "message_sent 49151 account=p1 id=m1 tag=spring category=business_initiated",
    );
    status(
        r#""status":"delivered","pricing":{"billable":"True","pricing_model":"CBP","category":"marketing"}"#,
        "message_delivered 49151 account=p1 id=m1 category=marketing billable=true",
    );
    status(
        r#""status":"delivered","pricing":{"pricing_model":"PMP","type":"free_customer_service","category":"service"}"#,
        "message_delivered 49151 account=p1 id=m1 category=service billable=false",
    );
    status(r#""status":"played""#, "message_opened 49151 account=p1 id=m1");
}

#[test]
fn failures_are_told_apart_by_their_code() {
    status(
        r#""status":"failed","errors":[{"code":131026},{"code":131050}]"#,
        "message_failed 49151 account=p1 id=m1 error=131050\n\
         opted_out_soft 49151 account=p1 topic=marketing_messages error=131050",
    );
    status(
        r#""status":"failed","errors":[{"code":"131049"}]"#,
        "message_suppressed 49151 account=p1 id=m1 error=131049",
    );
    status(r#""status":"failed","errors":[{"code":131026}]"#, "message_failed 49151 account=p1 id=m1 error=131026");
    status(r#""status":"failed""#, "message_failed 49151 account=p1 id=m1");
}

#[test]
fn rows_that_are_no_receipt_of_a_person_are_ignored() {
    status(r#""status":"read","recipient_type":"group","recipient_participant_id":"49151""#, "ignored group");
    status(
        r#""status":"read","recipient_participant_id":null,"recipient_participant_user_id":"""#,
        "message_opened 49151 account=p1 id=m1",
    );
    status(r#""status":"deleted""#, "ignored deleted");
    status(r#""status":"teleported""#, "ignored unknown_status");
}

#[test]
fn a_payment_holds_its_state_and_amount() {
    status(
        r#""type":"payment","status":"captured","payment":{"amount":{"value":1999,"offset":100},"currency":"EUR"}"#,
        "payment 49151 account=p1 id=m1 answer=captured cost=19.99 currency=EUR",
    );
}

#[test]
fn parts_without_what_must_be_there_are_rejected_and_the_others_kept() {
    let good = r#"{"id":"m2","from":"49151","timestamp":1767268800,"type":"text","text":{"body":"ja"}}"#;
    for (part, reason) in [
        (r#"{"from":"49151","timestamp":"1767268800","type":"text"}"#, "missing_field:id"),
        (r#"{"id":"m1","timestamp":"1767268800","type":"text"}"#, "missing_field:from"),
        (r#"{"id":"m1","from":"49151","type":"text"}"#, "missing_field:timestamp"),
        (r#"{"id":"m1","from":"49151","timestamp":"0","type":"text"}"#, "bad_time:timestamp"),
        (r#"{"id":"m1","from":"49151","timestamp":"1767268800"}"#, "missing_field:type"),
        ("7", "missing_field:id"),
    ] {
        check(
            "messages",
            &format!(r#"{{"messages":[{part},{good}]}}"#),
            &format!("message_received 49151 id=m2 type=text text=ja\nrejected {reason}"),
        );
    }
}

#[test]
fn preferences_are_opt_outs_and_opt_ins() {
    check(
        "user_preferences",
        r#"{"contacts":[{"wa_id":"49151"}],"user_preferences":[
            {"category":"marketing_messages","value":"stop","timestamp":1767268800},
            {"wa_id":"49152","category":"marketing_messages","value":"resume","timestamp":"1767268801"},
            {"wa_id":"49152","value":"perhaps","timestamp":1767268800}]}"#,
        "opted_out_soft 49151 answer=stop topic=marketing_messages\n\
         opted_in 49152 answer=resume topic=marketing_messages",
    );
}

#[test]
fn link_clicks_count_only_where_a_contact_is_told() {
    let action = r#"{"action_type":"marketing_messages_link_click","timestamp":"1767268800",
        "marketing_messages_link_click_data":{"click_id":"k1","click_component":"cta"}}"#;
    check("messages", &format!(r#"{{"user_actions":[{action}]}}"#), "ignored user_actions_without_contact");
    check(
        "messages",
        &format!(r#"{{"contacts":[{{"wa_id":"49151"}}],"user_actions":[{action}]}}"#),
        "link_clicked 49151 answer=cta",
    );
}

#[test]
fn a_changed_id_is_told_on_the_contact_as_known_from_now_on() {
    message(
        r#""type":"system","system":{"type":"user_changed_number","wa_id":"49999"}"#,
        "identity_linked 49999 former=49151 id=m1",
    );
    message(
        r#""type":"system","system":{"type":"customer_changed_number","wa_id":"49999"}"#,
        "identity_linked 49999 former=49151 id=m1",
    );
    check(
        "user_id_update",
        r#"{"timestamp":null,"user_id":{"previous":"DE.1","current":"DE.2"}}"#,
        "identity_linked DE.2 former=DE.1",
    );
    check("user_id_update", r#"{"user_id":{"previous":"DE.1","current":"DE.2"}}"#, "identity_linked DE.2 former=DE.1");
    check(
        "user_id_update",
        r#"{"wa_id":"49151","user_id":{"previous":"DE.1","current":"DE.2"}}"#,
        "identity_linked 49151 former=DE.1\nidentity_linked 49151 former=DE.2",
    );
    message(r#""type":"system","system":{"type":"customer_identity_changed"}"#, "ignored customer_identity_changed");
}

#[test]
fn the_old_id_is_read_from_a_note_only_where_its_text_names_the_new_one() {
    let note = |note: &str| {
        let row = format!(r#"{{"messages":[{{"id":"m1","timestamp":"1767268800","type":"system","system":{note}}}]}}"#);
        read(&envelope("messages", &row))
    };
    let body = "User Tom to Bob from Ulm changed from DE.1 to DE.2";
    for (new, expected) in [("DE.2", "identity_linked DE.2 former=DE.1 id=m1"), ("DE.3", "identity_linked DE.3 id=m1")]
    {
        assert_eq!(note(&format!(r#"{{"type":"user_changed_user_id","user_id":"{new}","body":"{body}"}}"#)), expected);
    }
    assert_eq!(
        note(r#"{"type":"user_changed_number","customer":"49151","wa_id":"49152","user_id":"DE.2"}"#),
        "identity_linked 49152 former=49151 id=m1\nidentity_linked 49152 former=DE.2 id=m1"
    );
    assert_eq!(note(r#"{"type":"user_changed_number"}"#), "rejected missing_field:system.wa_id");
}

#[test]
fn answers_from_the_phone_app_are_sent_by_a_human() {
    check(
        "smb_message_echoes",
        r#"{"message_echoes":[{"from":"4930","to":"49151","id":"m1","timestamp":"1767268800","type":"text","text":{"body":"Guten Tag"}},
            {"from":"4930","to":"49151","id":"m2","timestamp":"1767268800","type":"revoke"}]}"#,
        "message_sent 49151 id=m1 type=text text=Guten Tag agent=human",
    );
}

#[test]
fn history_is_told_by_who_wrote_and_how_far_it_got() {
    check(
        "history",
        r#"{"history":[{"threads":[{"id":"49151","messages":[
            {"from":"4930","to":"49151","id":"h1","timestamp":"1767000000","type":"text","history_context":{"status":"READ"}},
            {"from":"4930","id":"h2","timestamp":"1767000001","type":"text","history_context":{"status":"PENDING"}},
            {"from":"49151","id":"h3","timestamp":"1767000002","type":"media_placeholder"},
            {"from":"49151","to":"4930","id":"h4","timestamp":"1767000003","type":"text"}]}]},
          {"errors":[{"code":2593109}]}]}"#,
        "message_sent 49151 id=h1 type=text\nmessage_opened 49151 id=h1\nmessage_sent 49151 id=h2 type=text\n\
         message_received 49151 id=h3 type=media_placeholder\nmessage_received 49151 id=h4 type=text",
    );
}

#[test]
fn fields_that_say_nothing_about_conversations_are_ignored_by_name() {
    check("account_update", r#"{"event":"DISABLED_UPDATE"}"#, "ignored account_update");
    check("messaging_handovers", "{}", "ignored messaging_handovers");
    check("brand_new_field", "{}", "ignored unknown_field");
    check("messages", r#"{"errors":[{"code":130429}]}"#, "ignored errors_without_message");
    check("messages", "[]", "rejected missing_field:value");
}

const REQUEST: &str = r#"{"messaging_product":"whatsapp","to":"+49 151","type":"template","biz_opaque_callback_data":"spring",
    "template":{"name":"sale","language":{"code":"de"}}}"#;

#[test]
fn a_send_log_line_tells_template_language_and_tag() {
    let line = format!(
        r#"{{"at":"2026-01-01T12:00:00Z","phone_number_id":"p1","request":{REQUEST},
            "response":{{"contacts":[{{"wa_id":"49159"}}],"messages":[{{"id":"m1","message_status":"accepted"}}]}}}}"#
    );
    let sent = "message_sent 49159 account=p1 id=m1 type=template template=sale language=de tag=spring";
    assert_eq!(read(&line), sent);
    assert_eq!(read(&line.replace(r#""type":"template","#, r#""type":"template","status":null,"#)), sent);
}

#[test]
fn a_refused_send_is_a_message_that_failed() {
    let line = |at: &str, response: &str| format!(r#"{{{at}"request":{REQUEST},"response":{response}}}"#);
    let at = r#""sent_at":1767268800,"#;
    assert_eq!(
        read(&line(at, r#"{"error":{"code":131047,"message":"re-engagement"}}"#)),
        "message_failed 49151 id=failed:1767268800000000:bf94fa1572e0566a type=template template=sale language=de tag=spring error=131047"
    );
    assert_eq!(read(&line(at, "{}")), "rejected missing_field:response.messages");
    assert_eq!(read(&line(r#""at":null,"sent_at":1767268800,"#, "{}")), "rejected missing_field:response.messages");
    assert_eq!(read(&line("", "{}")), "rejected missing_field:at");
}

#[test]
fn marking_as_read_is_no_send() {
    let line = r#"{"at":1767268800,"request":{"messaging_product":"whatsapp","status":"read","message_id":"m1"},"response":{"success":true}}"#;
    assert_eq!(read(line), "ignored mark_as_read");
}

#[test]
fn other_meta_platforms_are_not_recognised() {
    let reading = Reading::default();
    for body in [
        r#"{"object":"page","entry":[{"messaging":[]}]}"#,
        r#"{"object":"instagram","entry":[{"changes":[{"value":{"messaging_product":"whatsapp"}}]}]}"#,
        r#"{"request":{"to":"1"},"response":{}}"#,
        "[]",
        "null",
    ] {
        let arena = Arena::default();
        let body = value::parse(body, &arena).unwrap();
        assert!(
            !recognises(&Record { body: &body, received_at: None, source: "test", reading: &reading, arena: &arena }),
            "{body:?}"
        );
    }
}

#[test]
fn parts_of_an_envelope_are_read_like_the_whole() {
    let value = r#"{"messaging_product":"whatsapp","metadata":{"phone_number_id":"p1"},
        "messages":[{"id":"m1","from":"49151","timestamp":"1767268800","type":"text"}]}"#;
    let change = format!(r#"{{"field":"messages","value":{value}}}"#);
    let entry = format!(r#"{{"id":"7","changes":[{change}]}}"#);
    let text = serde_json::json!({"whatsAppWebhookEntry": entry, "messageId": "1"}).to_string();
    for body in [value, &change, &entry, &format!(r#"{{"entry":[{entry}]}}"#), &text] {
        assert_eq!(read(body), "message_received 49151 account=p1 id=m1 type=text", "{body}");
    }
    assert_eq!(read(r#"{"whatsAppWebhookEntry":"{\"id\":"}"#), "rejected truncated");
}

#[test]
fn bodies_that_another_channel_reads_are_not_recognised() {
    let whole = envelope("messages", "{}");
    let arena = Arena::default();
    let reading = Reading::default();
    for body in [
        whole.replacen('{', r#"{"gs_app_id":"a1","#, 1),
        r#"{"messaging_product":"whatsapp","contacts":[{"wa_id":"49151"}],"messages":[{"id":"m1"}]}"#.to_owned(),
        r#"{"field":"messages","value":{"sender":{"id":"7"}}}"#.to_owned(),
    ] {
        let body = value::parse(&body, &arena).unwrap();
        let record = Record { body: &body, received_at: None, source: "test", reading: &reading, arena: &arena };
        assert!(!recognises(&record), "{body:?}");
    }
}

#[test]
fn every_broken_record_names_its_reason() {
    assert_eq!(
        reading::ends(&CHANNEL, include_str!("../../../sample-data/whatsapp/broken.ndjson")),
        [
            "rejected missing_field:id",
            "rejected missing_field:from",
            "rejected missing_field:timestamp",
            "rejected missing_field:type",
            "rejected bad_time:timestamp",
            "rejected bad_time:timestamp",
            "rejected bad_time:timestamp",
            "rejected bad_time:timestamp",
            "rejected no_zone:timestamp",
            "rejected missing_field:id",
            "rejected missing_field:type",
            "ignored unknown_message_type",
            "rejected missing_field:status",
            "ignored unknown_status",
            "rejected missing_field:recipient_id",
            "rejected bad_time:timestamp",
            "rejected missing_field:id",
            "rejected missing_field:wa_id",
            "rejected missing_field:value",
            "rejected missing_field:sender",
            "rejected missing_field:timestamp",
            "ignored unknown_field",
            "rejected missing_field:value",
            "rejected missing_field:changes",
            "rejected missing_field:entry",
            "rejected missing_field:entry",
            "rejected bad_time:timestamp",
            "rejected missing_field:from",
            "rejected bad_value:direction",
            "rejected bad_time:at",
            "rejected missing_field:response.messages",
            "rejected missing_field:id",
        ]
    );
}

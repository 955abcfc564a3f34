//! Transcripts, single activities and rows of telemetry.

use super::CHANNEL;
use crate::channels::reading;

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    reading::check(&CHANNEL, json, expected);
}

fn lines(json: &str) -> Vec<String> {
    reading::lines(&CHANNEL, json, None)
}

/// An activity of conversation `k` in which user `u` and bot `b` talk, with roles.
fn activity(id: &str, by_bot: bool, fields: &str) -> String {
    let (from, to) = if by_bot { ("b", "u") } else { ("u", "b") };
    let role = |id: &str| if id == "b" { "bot" } else { "user" };
    format!(
        r#"{{"id":"{id}","timestamp":"2023-11-14T22:13:20.5Z","channelId":"webchat","conversation":{{"id":"k|livechat"}},
        "from":{{"id":"{from}","role":"{}"}},"recipient":{{"id":"{to}","role":"{}"}},{fields}}}"#,
        role(from),
        role(to),
    )
}

#[test]
fn roles_tell_who_is_the_contact() {
    check(
        &activity("1", true, r#""type":"message","text":"Hallo","locale":"de-DE""#),
        &["1700000000 message_sent u account=b id=k:1 language=de-DE type=text agent=bot text=Hallo"],
    );
    check(
        &activity("2", false, r#""type":"message","text":"Hi","replyToId":"1""#),
        &["1700000000 message_received u account=b id=k:2 re=k:1 type=text text=Hi"],
    );
}

#[test]
fn without_roles_the_one_the_conversation_began_with_is_the_bot() {
    let head =
        r#""channelId":"emulator","serviceUrl":"x","conversation":{"id":"k"},"timestamp":"2023-11-14T22:13:20Z""#;
    let transcript = format!(
        r#"[{{"type":"conversationUpdate","id":"0",{head},"membersAdded":[{{"id":"b"}}],"from":{{"id":"u"}},"recipient":{{"id":"b"}}}},
        {{"type":"message","id":"1",{head},"from":{{"id":"b"}},"recipient":{{"id":"u"}},"text":"Hallo"}},
        {{"type":"message","id":"2",{head},"from":{{"id":"u"}},"recipient":{{"id":"b"}},"text":"Hi"}},
        {{"type":"message","id":"3",{head},"from":{{"id":"b"}},"text":"Und?"}}]"#
    );
    check(
        &transcript,
        &[
            "1700000000 message_sent u account=b id=k:1 type=text agent=bot text=Hallo",
            "1700000000 message_received u account=b id=k:2 type=text text=Hi",
            "1700000000 message_sent u account=b id=k:3 type=text agent=bot text=Und?",
        ],
    );
    check(
        &format!(r#"{{"type":"message","id":"2",{head},"from":{{"id":"u"}},"recipient":{{"id":"b"}},"text":"Hi"}}"#),
        &["rejected missing_field:role"],
    );
    check(
        &format!(
            r#"{{"type":"message","id":"1",{head},"inputHint":"acceptingInput","from":{{"id":"b"}},"recipient":{{"id":"u"}},"text":"Hallo"}}"#
        ),
        &["1700000000 message_sent u account=b id=k:1 type=text agent=bot text=Hallo"],
    );
}

#[test]
fn conversations_in_one_array_are_kept_apart() {
    let head = r#""channelId":"directline","timestamp":1700000000"#;
    let pair = |k: &str, user: &str, bot: &str| {
        format!(
            r#"{{"type":"message","id":"1",{head},"conversation":{{"id":"{k}"}},"from":{{"id":"{bot}"}},"recipient":{{"id":"{user}"}},"inputHint":"acceptingInput","text":"Hallo"}},
            {{"type":"message","id":"2",{head},"conversation":{{"id":"{k}"}},"from":{{"id":"{user}"}},"recipient":{{"id":"{bot}"}},"text":"Hi"}}"#
        )
    };
    check(
        &format!("[{},{}]", pair("k1", "u1", "x"), pair("k2", "x", "b2")),
        &[
            "1700000000 message_sent u1 account=x id=k1:1 type=text agent=bot text=Hallo",
            "1700000000 message_received u1 account=x id=k1:2 type=text text=Hi",
            "1700000000 message_sent x account=b2 id=k2:1 type=text agent=bot text=Hallo",
            "1700000000 message_received x account=b2 id=k2:2 type=text text=Hi",
        ],
    );
}

#[test]
fn copilot_studio_numbers_its_roles() {
    check(
        r#"{"activities":[{"id":"1","type":"message","timestamp":1700000000,"from":{"id":"b","role":0},"text":"Hallo"},
        {"id":"2","type":"message","timestamp":1700000001,"from":{"id":"u","role":1},"text":"Hi"}]}"#,
        &[
            "1700000000 message_sent u account=b id=:1 type=text agent=bot text=Hallo",
            "1700000001 message_received u account=b id=:2 type=text text=Hi",
        ],
    );
}

#[test]
fn what_was_offered_is_a_tap_when_it_comes_back() {
    let ask = activity(
        "1",
        true,
        r#""type":"message","text":"Passt das?","suggestedActions":{"actions":[{"type":"imBack","title":"Ja","value":"Ja"}]}"#,
    );
    let say = |id: &str, text: &str| activity(id, false, &format!(r#""type":"message","text":"{text}""#));
    check(
        &format!("[{ask},{},{}]", say("2", "Ja"), say("3", "ja klar")),
        &[
            "1700000000 message_sent u account=b id=k:1 type=suggested_actions agent=bot text=Passt das?",
            "1700000000 button_clicked u account=b id=k:2 type=button answer=Ja text=Ja",
            "1700000000 message_received u account=b id=k:3 type=text text=ja klar",
        ],
    );
    check(
        &activity("2", false, r#""type":"message","value":"yes""#),
        &["1700000000 button_clicked u account=b id=k:2 type=button answer=yes"],
    );
    // A card's fields hold what was typed.
    check(
        &activity("2", false, r#""type":"message","value":{"action":"book","name":"Jana"}"#),
        &["1700000000 button_clicked u account=b id=k:2 type=button answer=book"],
    );
}

#[test]
fn a_state_trace_names_the_question() {
    let prompt = |id: &str| activity(id, true, r#""type":"message","text":"Wann?","inputHint":"expectingInput""#);
    let trace = |stack: &str| {
        activity(
            "9",
            true,
            &format!(
                r#""type":"trace","label":"Bot State","valueType":"https://www.botframework.com/schemas/botState",
                "value":{{"conversationState":{{"dialogState":{{"dialogStack":[{{"id":"main","state":{{"dialogs":{{"dialogStack":[{stack}]}}}}}}]}}}}}}"#
            ),
        )
    };
    let prompting = r#"{"id":"text","state":{"options":{}}}"#;
    let (outer, inner) = (r#"{"id":"outer","state":{"stepIndex":0}}"#, r#"{"id":"book","state":{"stepIndex":2}}"#);
    for stack in [format!("{prompting},{inner},{outer}"), format!("{outer},{inner},{prompting}")] {
        check(
            &format!("[{},{}]", prompt("1"), trace(&stack)),
            &["1700000000 message_sent u account=b id=k:1 flow=book question=book:2 type=prompt agent=bot text=Wann?"],
        );
    }
    // The trace of a later turn says nothing about this prompt.
    let say = activity("2", false, r#""type":"message","text":"Morgen""#);
    check(
        &format!("[{},{say},{}]", prompt("1"), trace(inner)),
        &[
            "1700000000 message_sent u account=b id=k:1 type=prompt agent=bot text=Wann?",
            "1700000000 message_received u account=b id=k:2 type=text text=Morgen",
        ],
    );
}

#[test]
fn only_a_handoff_with_a_content_is_one_to_people() {
    check(&activity("1", true, r#""type":"handoff","attachments":[],"text":"""#), &["ignored handoff"]);
    let line = "1700000000 handover_to_human u account=b";
    check(&activity("1", true, r#""type":"handoff","value":{"skill":"sales"}"#), &[line]);
    check(&activity("1", true, r#""type":"event","name":"handoff.initiate","value":{}"#), &[line]);
    let status = |state: &str| format!(r#""type":"event","name":"handoff.status","value":{{"state":"{state}"}}"#);
    check(&activity("1", false, &status("accepted")), &[line]);
    for state in ["completed", "failed"] {
        check(&activity("1", false, &status(state)), &["1700000000 handover_to_bot u account=b"]);
    }
    check(&activity("1", false, &status("sleeping")), &["rejected bad_value:state"]);
}

#[test]
fn teams_tells_installations_reads_and_reactions() {
    for (fields, line) in [
        (r#""type":"installationUpdate","action":"add""#, "opted_in u account=b"),
        (r#""type":"installationUpdate","action":"remove""#, "opted_out_hard u account=b"),
        (
            r#""type":"event","name":"application/vnd.microsoft.readReceipt","value":{"lastReadMessageId":"1699999990123"}"#,
            "opened_up_to u account=b up_to=1699999990",
        ),
        (
            r#""type":"messageReaction","replyToId":"0","reactionsAdded":[{"type":"like"}]"#,
            "reaction_received u account=b re=k:0 type=reaction answer=like",
        ),
        (
            r#""type":"invoke","name":"adaptiveCard/action","value":{"action":{"verb":"ok"}}"#,
            "button_clicked u account=b id=k:1 type=adaptiveCard/action answer=ok",
        ),
    ] {
        check(&activity("1", false, fields), &[&format!("1700000000 {line}")]);
    }
}

#[test]
fn a_conversation_is_completed_only_by_the_code_that_says_so() {
    check(
        &activity("1", true, r#""type":"endOfConversation","code":"completedSuccessfully""#),
        &["1700000000 flow_ended u account=b"],
    );
    check(
        &activity("1", true, r#""type":"endOfConversation","code":"userCancelled""#),
        &["ignored end_of_conversation"],
    );
    check(&activity("1", true, r#""type":"endOfConversation""#), &["ignored end_of_conversation"]);
}

#[test]
fn what_says_nothing_about_conversations_is_ignored_by_its_name() {
    for (fields, what) in [
        (r#""type":"typing""#, "typing"),
        (r#""type":"trace","name":"LuisRecognizer""#, "trace"),
        (r#""type":"conversationUpdate","membersAdded":[{"id":"u"}]"#, "conversationUpdate"),
        (r#""type":"event","name":"webchat/join""#, "event"),
        (r#""type":"message","text":"""#, "empty_message"),
        (r#""type":"messageReaction","reactionsRemoved":[{"type":"like"}]"#, "reaction_removed"),
        (r#""type":"brandNew""#, "unknown_activity"),
    ] {
        check(&activity("1", false, fields), &[&format!("ignored {what}")]);
    }
    let group =
        activity("1", false, r#""type":"message","text":"a""#).replace("\"k|livechat\"", "\"k\",\"isGroup\":true");
    check(&group, &["ignored group_chat"]);
}

#[test]
fn an_activity_without_an_id_has_the_same_one_in_every_copy() {
    let message = activity("1", false, r#""type":"message","text":"Hi""#).replace(r#""id":"1","#, "");
    let found = lines(&message);
    assert!(found.iter().any(|line| line.starts_with("1700000000 message_received u account=b id=")), "{found:?}");
    assert_eq!(found, lines(&message));
    assert_ne!(found, lines(&message.replace("Hi", "Ho")));
}

#[test]
fn waterfalls_in_application_insights_ask_step_by_step() {
    let row = |name: &str, at: &str, step: &str| {
        format!(
            r#"{{"name":"{name}","itemId":"i","timestamp":"{at}","user_Id":"webchatu","customDimensions":"{{\"channelId\":\"webchat\",\"DialogId\":\"book\"{step}}}"}}"#
        )
    };
    let (at, step) = ("2023-11-14T22:13:20.1234567Z", r#",\"StepName\":\"AskDay\""#);
    check(&row("WaterfallStart", at, ""), &["1700000000 flow_started u flow=book"]);
    check(&row("WaterfallStep", at, step), &["1700000000 question_asked u flow=book question=AskDay"]);
    check(
        &row("WaterfallCancel", at, step),
        &[
            "1700000000 answer_rejected u flow=book question=AskDay",
            "1700000000 question_skipped u flow=book question=AskDay",
        ],
    );
    check(
        &row("WaterfallComplete", at, ""),
        &["1700000000 question_skipped u flow=book", "1700000000 flow_ended u flow=book"],
    );
    check(&row("WaterfallStep", at, ""), &["rejected missing_field:StepName"]);
    check(&row("LuisResult", at, ""), &["ignored telemetry"]);
    check(
        r#"{"Name":"BotMessageReceived","TimeGenerated":"2023-11-14T22:13:20Z","UserId":"webchatu",
        "Properties":{"channelId":"webchat","fromId":"u","activityId":"k|1","text":"Hi"}}"#,
        &["1700000000 message_received u id=k|1 text=Hi"],
    );
}

#[test]
fn broken_records_name_their_reasons() {
    let found: Vec<String> =
        include_str!("../../../sample-data/botframework/broken.ndjson").lines().flat_map(lines).collect();
    for reason in [
        "rejected missing_field:role",
        "rejected missing_field:timestamp",
        "rejected missing_field:from",
        "rejected missing_field:type",
        "rejected missing_field:DialogId",
        "rejected missing_field:user_Id",
        "rejected missing_field:lastReadMessageId",
        "rejected bad_time:timestamp",
        "rejected no_zone:timestamp",
        "rejected bad_value:customDimensions",
        "rejected bad_value:state",
        "ignored unknown_activity",
    ] {
        assert!(found.contains(&reason.to_owned()), "{reason} in {found:#?}");
    }
}

#[test]
fn where_no_recipient_is_named_the_conversation_and_its_user_are_one_contact() {
    let activity = |id: &str, from: &str, rest: &str| {
        format!(
            r#"{{"type":"message","id":"{id}","timestamp":"2023-11-14T22:13:20Z","channelId":"directline",
            "conversation":{{"id":"k9"}},"from":{{"id":"{from}","role":"{}"}},"text":"Hallo"{rest}}}"#,
            if from == "b" { "bot" } else { "user" }
        )
    };
    let contacts = |json: &str| {
        let arena = crate::channels::Arena::default();
        let body = crate::channels::parse(json, &arena).unwrap();
        let reading = crate::channels::Reading::default();
        let record = crate::channels::Record {
            body: &body,
            received_at: None,
            source: "test",
            reading: &reading,
            arena: &arena,
        };
        let mut found = Vec::new();
        let mut emit = |event: crate::event::Event<'_>| {
            found.push((event.contact.into_owned(), event.former.map(std::borrow::Cow::into_owned)));
        };
        (CHANNEL.parse)(&record, &mut crate::channels::Out::new(&mut emit));
        found
    };
    let (bot, user) = (activity("1", "b", ""), activity("2", "u", ""));
    let (alone, linked) = (("k9".to_owned(), None), ("u".to_owned(), Some("k9".to_owned())));
    assert_eq!(contacts(&bot), [alone]);
    assert_eq!(contacts(&user), std::slice::from_ref(&linked));
    assert_eq!(contacts(&format!("[{bot},{user}]")), [linked.clone(), linked]);
    assert_eq!(contacts(&activity("2", "u", r#","recipient":{"id":"b"}"#)), [("u".to_owned(), None)]);
}

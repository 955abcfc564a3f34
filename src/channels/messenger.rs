//! Facebook Messenger: webhook bodies of a page, and the log of the Send API.
//!
//! It knows what only pages have: watermarks, surveys, payments, sends. What Instagram has too is in `meta`.
//! Format: Meta's Messenger Platform reference of webhook events and of the Send API.
//!
//! The log of the Send API is a record per call. `page_id` must be the page's id, or the calls and the webhooks of one
//! person count as two conversations; `at` is the time of the call; `tag` is the business's own word for the message,
//! else `message.metadata` is, which the page also gets back in the echo:
//!
//! ```json
//! {"at": "2026-03-02T08:00:00Z", "page_id": "20001", "tag": "spring",
//!  "request": {"recipient": {"id": "77"}, "message": {"text": "Hallo!"}, "tag": "ACCOUNT_UPDATE"},
//!  "response": {"recipient_id": "77", "message_id": "m_1"}}
//! ```
//!
//! A call and the echo of its message have the same message id, so they are one message.

use std::borrow::Cow;

use super::meta::{self, Part, Place, Platform};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, TimeBasis};

const NAME: &str = "messenger";
/// What the page's inbox sends names no app in older payloads.
static PLATFORM: Platform = Platform { name: NAME, sender_without_app: Some("human") };

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Facebook Messenger",
    kinds: &[
        Kind::Referral,
        Kind::OptedIn,
        Kind::ReactionReceived,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::QuestionAnswered,
        Kind::OptedOutSoft,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::Payment,
        Kind::MessageSent,
        Kind::MessageFailed,
        Kind::MessageDelivered,
        Kind::DeliveredUpTo,
        Kind::OpenedUpTo,
    ],
    abilities: Abilities {
        sent: Ability::LowerBound,
        delivered: Ability::LowerBound,
        opened: Ability::LowerBound,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::Yes,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::LowerBound,
        paid: Ability::LowerBound,
    },
    caveats: &[
        "Sent messages are seen only as echoes (field message_echoes) or in the log of the Send API; without either, nothing was sent.",
        "Reads are watermarks: a receipt says that everything sent until then was read, so times of opening are those of the last message.",
        "Reads are a lower bound: contacts can switch receipts off and read previews.",
        "Deliveries are not reported for messages addressed by user_ref or telephone number.",
        "Messages in the log of the Send API have the log's time; where that is later than Meta's own, the last message before a receipt looks unread unless its echo is there too.",
        "Messenger does not report who blocked the page: such sends fail (error 551), as do sends to deactivated accounts, so no hard opt-out is known.",
        "A stop of notification messages ends one topic; it counts as a soft opt-out with that topic. A written stop is \
         recognised by its words.",
        "Taps on URL buttons are not reported; postbacks and quick replies are.",
        "A person known only by user_ref (checkbox, chat plugin) is another contact than the page-scoped id they get when they write.",
        "Echoes from the page's inbox, without an app id or on standby count as written by people, those of every other app as written by the bot.",
        "A conversation passed to another app than the page's inbox counts as handed to a bot, even if people work in that app.",
        "Hand-overs are reported to apps that use the hand-over protocol; without it, people who answer from the inbox are \
         seen only as the writers of their messages.",
        "Payments and checkouts are those of a beta that is closed.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    match body.get("object") {
        Value::Str(object) => *object == "page",
        Value::Null => meta::is_of_instagram(body) == Some(false) || is_call(body),
        _ => false,
    }
}

/// Whether the record is a call of the Send API.
fn is_call(body: &Value<'_>) -> bool {
    body.get("request").get("recipient").is_object()
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if !is_call(record.body) {
        meta::parts(record, &PLATFORM, out, part);
    } else if let Err(reason) = call(record, out) {
        out.reject(reason);
    }
}

/// A part of the envelope. Its kind is a key beside the parties; there is one, but nothing forbids several.
fn part(part: &Part<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let Some(object) = part.body.as_object() else {
        return Err(Reason::BadValue("messaging"));
    };
    if matches!(part.place, Place::Change(_)) && !part.body.get("sender").is_object() {
        // Posts, comments and likes; only the app dashboard's test button sends messages this way.
        out.ignore("page_change");
        return Ok(());
    }
    // A field without a value is what a serializer made of a field that is not there.
    for (key, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        if part.shared(key, value, out)? {
            continue;
        }
        match key {
            "delivery" => part.watermark(value, Kind::DeliveredUpTo, Some(Kind::MessageDelivered), out)?,
            "read" => part.watermark(value, Kind::OpenedUpTo, None, out)?,
            "optout" => opt_out(part, value, out)?,
            "messaging_feedback" => survey(part, value, out)?,
            "response_feedback" => rating(part, value, out)?,
            "payment" => payment(part, value, "successful", out)?,
            "pre_checkout" => payment(part, value, "pre_checkout", out)?,
            "account_linking" => out.ignore("account_linking"),
            "checkout_update" => out.ignore("checkout_update"),
            "game_play" => out.ignore("game_play"),
            "customer_information" => out.ignore("customer_information"),
            _ => out.ignore("unknown_event"),
        }
    }
    Ok(())
}

/// `optout`, of the field `messaging_optouts`: the contact ended messages that they once agreed to.
fn opt_out<'a>(part: &Part<'a>, optout: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    meta::is_object(optout, "optout")?;
    let topic = ["topic", "title", "ref", "type"].into_iter().find_map(|key| json::text(optout.get(key)));
    let key = part.key(format_args!("optout:{}", topic.as_deref().unwrap_or_default()))?;
    let mut event = part.event(Kind::OptedOutSoft, key)?;
    event.message_type = Some(Cow::Borrowed("optout"));
    event.topic = topic;
    event.tag = json::text(optout.get("payload"));
    out.event(event);
    Ok(())
}

/// `messaging_feedback`: the answers to a survey template, whose questions have ids of the business.
fn survey<'a>(part: &Part<'a>, feedback: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let mut sequence: u16 = 0;
    for screen in json::elements(feedback.get("feedback_screens")) {
        let Some(questions) = screen.get("questions").as_object() else {
            return Err(Reason::MissingField("questions"));
        };
        for id in questions.keys() {
            let question = screen.get("questions").get(id);
            let mut event = part.event(Kind::QuestionAnswered, part.key(id)?)?;
            event.question = Some(Cow::Borrowed(id));
            event.message_type = json::text(question.get("type"));
            event.answer = json::text(question.get("payload"));
            event.text = json::text(question.get("follow_up").get("payload"));
            event.sequence = sequence;
            sequence = sequence.saturating_add(1);
            out.event(event);
        }
    }
    if sequence == 0 {
        out.ignore("messaging_feedback");
    }
    Ok(())
}

/// `response_feedback`: the contact rates an answer as good or bad; a reaction to that message.
fn rating<'a>(part: &Part<'a>, feedback: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let mid = json::required(feedback.get("mid"), "mid")?;
    let mut event = part.event(Kind::ReactionReceived, part.key(&mid)?)?;
    event.reply_to = Some(mid);
    event.message_type = Some(Cow::Borrowed("response_feedback"));
    event.answer = json::text(feedback.get("feedback"));
    out.event(event);
    Ok(())
}

/// `payment` and `pre_checkout` of the closed payment beta, which live on in old logs.
fn payment<'a>(part: &Part<'a>, payment: &'a Value<'a>, state: &'static str, out: &mut Out<'_>) -> Result<(), Reason> {
    meta::is_object(payment, "payment")?;
    let charge = json::text(payment.get("payment_credential").get("charge_id"));
    let mut event = part.event(Kind::Payment, part.key(charge.as_deref().unwrap_or(state))?)?;
    let amount = payment.get("amount");
    event.answer = Some(Cow::Borrowed(state));
    event.cost = match amount.get("amount") {
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        amount => json::text(amount),
    };
    event.currency = json::text(amount.get("currency"));
    event.tag = json::text(payment.get("payload"));
    out.event(event);
    Ok(())
}

/// A call of the Send API with its response.
fn call(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let (request, response) = (body.get("request"), body.get("response"));
    let message = request.get("message");
    if !message.is_object() {
        // Typing marks, read marks.
        out.ignore("sender_action");
        return Ok(());
    }
    let (at, time_basis) = match (body.get("at"), record.received_at) {
        (Value::Null, Some(received_at)) => (received_at, TimeBasis::Received),
        (at, _) => (json::time(at, "at", record.reading.zone())?, TimeBasis::Event),
    };
    let contact = addressee(response, request.get("recipient"))?;
    let error = response.get("error");
    let (kind, message_id) = if error.is_object() {
        // A failed send has no id. The time and the request tell it from others and are the same in every copy.
        let hash = blake3::hash(request.sorted().as_bytes()).to_hex();
        (Kind::MessageFailed, Cow::Owned(format!("failed:{}:{}", at.0, hash.get(..16).unwrap_or_default())))
    } else {
        (Kind::MessageSent, json::required(response.get("message_id"), "message_id")?)
    };
    // Not the bare id: the echo may have the same time, and is another event with other columns.
    let mut event = Event::new(kind, at, NAME, contact, format!("send:{message_id}"));
    event.time_basis = time_basis;
    event.account = json::text(body.get("page_id"));
    event.message_id = Some(message_id);
    event.message_type = meta::message_type(message);
    event.category = json::text(request.get("tag"));
    event.text = json::text(message.get("text"));
    event.tag = json::text(body.get("tag"))
        .or_else(|| json::text(body.get("metadata")))
        .or_else(|| json::text(message.get("metadata")));
    let by_people = request.get("tag").as_str() == Some("HUMAN_AGENT");
    event.agent = Some(Cow::Borrowed(if by_people { "human" } else { "bot" }));
    event.error_code = error_code(error);
    out.event(event);
    Ok(())
}

/// Whom a call addressed. The response has the page-scoped id even where the request has a `user_ref` or a number.
fn addressee<'a>(response: &'a Value<'a>, recipient: &'a Value<'a>) -> Result<Text<'a>, Reason> {
    json::text(response.get("recipient_id"))
        .or_else(|| json::text(recipient.get("id")))
        .or_else(|| json::text(recipient.get("user_ref")).map(|id| Cow::Owned(format!("user_ref:{id}"))))
        .ok_or(Reason::MissingField("recipient"))
}

/// Code and, if there is one, subcode: `10/2018278`.
fn error_code<'a>(error: &'a Value<'a>) -> Option<Text<'a>> {
    let code = json::text(error.get("code"))?;
    Some(match json::text(error.get("error_subcode")) {
        Some(subcode) => Cow::Owned(format!("{code}/{subcode}")),
        None => code,
    })
}

#[cfg(test)]
mod tests {
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
            let line =
                format!("1700000000 message_sent 7 account=20 id=m1 type=text agent={agent} text=Hallo tag=spring");
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
            &[
                "1700000000 message_received 7 account=20 id=m1700000000000 type=text text=a",
                "rejected bad_time:timestamp",
            ],
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
            include_str!("../../sample-data/messenger/odd-cases.ndjson").lines().flat_map(lines).collect();
        assert!(found.contains(&"rejected missing_field:mid".to_owned()), "{found:#?}");
        assert!(found.contains(&"rejected bad_time:timestamp".to_owned()), "{found:#?}");
        let is_note = |line: &String| line.starts_with("rejected ") || line.starts_with("ignored ");
        assert!(found.iter().all(|line| is_note(line) || line.starts_with("17724")), "{found:#?}");
    }

    #[test]
    fn every_broken_record_names_its_reason() {
        assert_eq!(
            reading::ends(&CHANNEL, include_str!("../../sample-data/messenger/broken.ndjson")),
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
}

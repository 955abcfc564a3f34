//! Botpress: messages and events as the cloud's API lists them, and rows of the event table of version 12.
//!
//! It knows nothing of the messengers behind a bot. Format: the reference of Botpress's runtime API, and the event table
//! that version 12 keeps.
//!
//! The API names the user of incoming messages but the bot as the user of outgoing ones, so in the cloud the contact is
//! the conversation, which both sides share. It does not name the bot; the account is unknown unless the message has a
//! `botId`. In version 12 the contact is the `target` and the account the `botId`.
//!
//! Tags of a message are its tag: `{"campaign": "spring", "question": "size"}` names campaign and question.

use std::borrow::Cow;

use super::value::parse as parse_json;
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text};

const NAME: &str = "botpress";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Botpress",
    knows_numbers: false,
    kinds: &[
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::MessageSent,
    ],
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Never,
        opened: Ability::Never,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::Never,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::LowerBound,
        paid: Ability::Never,
    },
    caveats: &[
        "Botpress keeps neither deliveries nor reads; take those from the messenger's own log.",
        "In the cloud a contact is a conversation, because outgoing messages do not name their reader: a person with two conversations counts twice.",
        "Which question a message asks is known only from its tags or by [[map]] rules; choices and dropdowns say only that there is one.",
        "Taps are known only where the messenger's integration gives the value of the button; others are written messages.",
        "Hand-over is known only from events of the hitl interface; integrations often name the conversation at the service desk in them, which then counts as another contact.",
        "Messages that were made up for the bot (origin synthetic) were not exchanged with the contact and are left out.",
    ],
    recognises,
    parse,
};

/// States of an event of the cloud.
const STATES: &[&str] = &["pending", "processed", "ignored", "failed", "scheduled"];

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    is_message(body) || is_event(body) || is_row(body) || page(body).is_some()
}

/// A message of the cloud.
fn is_message(body: &Value<'_>) -> bool {
    ["conversationId", "direction", "payload", "createdAt"].iter().all(|field| json::has(body, field))
}

/// An event of the cloud.
fn is_event(body: &Value<'_>) -> bool {
    json::has(body, "payload")
        && json::has(body, "createdAt")
        && body.get("type").as_str().is_some()
        && body.get("status").as_str().is_some_and(|status| STATES.contains(&status))
}

/// A row of version 12's event table, or the event that it holds.
fn is_row(body: &Value<'_>) -> bool {
    ["botId", "target", "direction", "channel"].iter().all(|field| json::has(body, field))
}

/// The elements of a page, the newest first.
fn page<'a>(body: &'a Value<'a>) -> Option<&'a [Value<'a>]> {
    let find = |list: &str, is_element: fn(&Value<'_>) -> bool| {
        let elements = body.get(list).as_array()?;
        let is_page = elements.first().map_or(json::has(body.get("meta"), "nextToken"), is_element);
        is_page.then_some(elements)
    };
    find("messages", is_message).or_else(|| find("events", is_event))
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let Some(elements) = page(record.body) else {
        return element(record, record.body, out);
    };
    if elements.is_empty() {
        out.ignore("empty_page");
    }
    for body in elements {
        element(record, body, out);
    }
}

/// One message, event or row. A bad one does not keep the others of a page from being read.
fn element<'a>(record: &'a Record<'a>, body: &'a Value<'a>, out: &mut Out<'_>) {
    let read = if is_row(body) {
        row(record, body, out)
    } else if is_message(body) {
        message(record, body, out)
    } else if is_event(body) {
        event(record, body, out)
    } else {
        Err(Reason::UnknownShape)
    };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// A message of the cloud.
fn message<'a>(record: &'a Record<'a>, message: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    if message.get("origin").as_str() == Some("synthetic") {
        out.ignore("synthetic");
        return Ok(());
    }
    let id = json::required(message.get("id"), "id")?;
    let contact = json::required(message.get("conversationId"), "conversationId")?;
    let at = json::time(message.get("createdAt"), "createdAt", record.reading.zone())?;
    let (direction, payload) = (message.get("direction"), message.get("payload"));
    let mut event = Event::new(kind(direction, payload)?, at, NAME, contact, id.clone());
    event.message_id = Some(id);
    event.account = json::text(message.get("botId"));
    let tags = message.get("tags");
    event.tag = tags.as_object().filter(|tags| !tags.is_empty()).map(|_| Cow::Owned(tags.sorted()));
    describe(&mut event, message.get("type"), payload);
    out.event(event);
    Ok(())
}

/// An event of the cloud. Messages are listed by themselves, so only changes of who answers are news.
fn event<'a>(record: &'a Record<'a>, body: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let name = body.get("type").as_str().unwrap_or_default();
    // Integrations write their own name before it: `zendesk:hitlAssigned`.
    let kind = match name.rsplit(':').next().unwrap_or_default() {
        "hitlStarted" | "hitlAssigned" => Kind::HandoverToHuman,
        "hitlStopped" => Kind::HandoverToBot,
        _ => {
            out.ignore("event");
            return Ok(());
        }
    };
    let id = json::required(body.get("id"), "id")?;
    let contact = json::text(body.get("conversationId"))
        .or_else(|| json::text(body.get("payload").get("conversationId")))
        .ok_or(Reason::MissingField("conversationId"))?;
    let at = json::time(body.get("createdAt"), "createdAt", record.reading.zone())?;
    let mut event = Event::new(kind, at, NAME, contact, id);
    event.account = json::text(body.get("botId"));
    event.agent = Some(Cow::Borrowed(if kind == Kind::HandoverToHuman { "human" } else { "bot" }));
    out.event(event);
    Ok(())
}

/// A row of version 12's event table. What it has twice, in its columns and in its event, is taken from the event.
fn row<'a>(record: &'a Record<'a>, row: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let inner: Value<'a> = match row.get("event") {
        Value::Str(text) => parse_json(text, record.arena).map_err(|_| Reason::BadValue("event"))?,
        Value::Null => *row,
        event => *event,
    };
    if !inner.is_object() {
        return Err(Reason::BadValue("event"));
    }
    let field = |name: &str| if inner.get(name).is_null() { row.get(name) } else { inner.get(name) };
    let message_type = field("type").as_str().unwrap_or_default();
    // Steps inside of the bot, and what web chats tell of the page around them.
    let is_inner =
        matches!(message_type, "session_reference" | "visit" | "typing" | "bp_dialog_timeout" | "proactive-trigger");
    if is_inner {
        out.ignore("inner_event");
        return Ok(());
    }
    let id = json::required(field("id"), "id")?;
    let contact = json::required(field("target"), "target")?;
    let at = json::time(field("createdOn"), "createdOn", record.reading.zone())?;
    let payload = inner.get("payload");
    let mut event = Event::new(kind(field("direction"), payload)?, at, NAME, contact, id.clone());
    event.message_id = Some(id);
    event.account = json::text(field("botId"));
    describe(&mut event, field("type"), payload);
    out.event(event);
    Ok(())
}

/// What a message is: the business's, or the contact's, and then written or tapped.
fn kind(direction: &Value<'_>, payload: &Value<'_>) -> Result<Kind, Reason> {
    match direction.as_str() {
        Some("outgoing") => Ok(Kind::MessageSent),
        Some("incoming") if value(payload).is_some() => Ok(Kind::ButtonClicked),
        Some("incoming") => Ok(Kind::MessageReceived),
        Some(_) => Err(Reason::BadValue("direction")),
        None => Err(Reason::MissingField("direction")),
    }
}

/// What a tapped button gives back.
fn value<'a>(payload: &'a Value<'a>) -> Option<Text<'a>> {
    ["value", "payload"].into_iter().find_map(|key| json::text(payload.get(key)))
}

/// What a message says. Only what a contact tapped is an answer.
fn describe<'a>(event: &mut Event<'a>, message_type: &'a Value<'a>, payload: &'a Value<'a>) {
    // A custom message of version 12 says which component draws it.
    event.message_type = match message_type.as_str() {
        Some("custom") => json::text(payload.get("component")).or(Some(Cow::Borrowed("custom"))),
        _ => json::text(message_type).or_else(|| json::text(payload.get("type"))),
    };
    event.text = ["text", "title"].into_iter().find_map(|key| json::text(payload.get(key)));
    if event.kind == Kind::ButtonClicked {
        event.answer = value(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::{check, ends};
    use super::*;

    fn message(direction: &str, message_type: &str, payload: &str, rest: &str) -> String {
        format!(
            r#"{{"id":"m1","createdAt":"2023-11-14T22:13:20.000Z","type":"{message_type}","payload":{payload},
            "direction":"{direction}","userId":"u1","conversationId":"c1"{rest}}}"#
        )
    }

    #[test]
    fn both_sides_of_a_conversation_have_it_as_contact() {
        check(
            &CHANNEL,
            &message("incoming", "text", r#"{"text":"Hallo"}"#, ""),
            &["1700000000 message_received c1 id=m1 type=text text=Hallo"],
        );
        check(
            &CHANNEL,
            &message("outgoing", "text", r#"{"text":"Guten Tag"}"#, r#","botId":"b1","tags":{}"#),
            &["1700000000 message_sent c1 account=b1 id=m1 type=text text=Guten Tag"],
        );
    }

    #[test]
    fn a_choice_is_a_message_whose_tags_may_name_its_question() {
        check(
            &CHANNEL,
            &message(
                "outgoing",
                "choice",
                r#"{"text":"Sorte?","options":[{"value":"a"}]}"#,
                r#","tags":{"question":"q","campaign":"k"}"#,
            ),
            &[r#"1700000000 message_sent c1 id=m1 type=choice text=Sorte? tag={"campaign":"k","question":"q"}"#],
        );
    }

    #[test]
    fn a_message_with_the_value_of_a_button_is_a_tap() {
        for payload in [r#"{"text":"Grün","value":"g"}"#, r#"{"title":"Grün","payload":"g"}"#] {
            let line = "1700000000 button_clicked c1 id=m1 type=postback answer=g text=Grün";
            check(&CHANNEL, &message("incoming", "postback", payload, ""), &[line]);
        }
    }

    #[test]
    fn pages_are_read_from_the_newest_on_and_made_up_messages_are_left_out() {
        let page = format!(
            r#"{{"messages":[{},{}],"meta":{{"nextToken":"t"}}}}"#,
            message("outgoing", "image", "{}", "").replace("m1", "m2").replace(":20.000Z", ":25.000Z"),
            message("incoming", "text", r#"{"text":"Hallo"}"#, ""),
        );
        check(
            &CHANNEL,
            &page,
            &[
                "1700000005 message_sent c1 id=m2 type=image",
                "1700000000 message_received c1 id=m1 type=text text=Hallo",
            ],
        );
        check(&CHANNEL, &message("incoming", "text", "{}", r#","origin":"synthetic""#), &["ignored synthetic"]);
        check(&CHANNEL, r#"{"messages":[],"meta":{"nextToken":null}}"#, &["ignored empty_page"]);
    }

    #[test]
    fn the_service_desk_takes_over_and_hands_back() {
        let event = |name: &str| {
            format!(
                r#"{{"id":"e1","createdAt":1700000000,"type":"{name}","payload":{{"conversationId":"c1"}},"status":"processed"}}"#
            )
        };
        let human = "1700000000 handover_to_human c1 agent=human";
        check(&CHANNEL, &event("zendesk:hitlAssigned"), &[human]);
        check(&CHANNEL, &format!(r#"{{"events":[{}],"meta":{{}}}}"#, event("hitl:hitlStarted")), &[human]);
        check(&CHANNEL, &event("hitlStopped"), &["1700000000 handover_to_bot c1 agent=bot"]);
        check(&CHANNEL, &event("webchat:trigger"), &["ignored event"]);
    }

    #[test]
    fn rows_of_version_12_hold_their_event_as_json_or_as_text() {
        let row = |event: &str| {
            format!(
                r#"{{"id":"9","type":"quick_reply","channel":"web","target":"t1","botId":"b1","direction":"incoming",
                "createdOn":"2023-11-14T22:13:20.000Z","event":{event}}}"#
            )
        };
        let line = "1700000000 button_clicked t1 account=b1 id=9 type=quick_reply answer=ja text=Ja";
        check(&CHANNEL, &row(r#"{"payload":{"type":"quick_reply","text":"Ja","payload":"ja"}}"#), &[line]);
        check(&CHANNEL, &row(r#""{\"payload\":{\"text\":\"Ja\",\"payload\":\"ja\"}}""#), &[line]);
        check(
            &CHANNEL,
            &row(r#"{"type":"custom","direction":"outgoing","payload":{"component":"QuickReplies","text":"Ja?"}}"#),
            &["1700000000 message_sent t1 account=b1 id=9 type=QuickReplies text=Ja?"],
        );
        check(&CHANNEL, &row(r#"{"type":"typing"}"#), &["ignored inner_event"]);
    }

    #[test]
    fn broken_records_are_refused_for_what_is_wrong_with_them() {
        assert_eq!(
            ends(&CHANNEL, include_str!("../../sample-data/botpress/broken.ndjson")),
            [
                "rejected bad_time:createdAt",
                "rejected no_zone:createdAt",
                "rejected missing_field:createdAt",
                "rejected missing_field:id",
                "rejected missing_field:conversationId",
                "rejected bad_value:direction",
                "rejected missing_field:direction",
                "rejected missing_field:id",
                "rejected unknown_shape",
                "rejected missing_field:conversationId",
                "rejected bad_value:event",
                "rejected bad_value:event",
                "rejected missing_field:target",
                "rejected bad_time:createdOn",
            ]
        );
    }
}

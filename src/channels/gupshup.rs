//! Gupshup: WhatsApp through its partner platform, in its own form (version 2) and in Meta's (version 3).
//!
//! Knows Gupshup's envelope and ids. What a Meta body says is WhatsApp's matter. Format: Gupshup's documentation, "message
//! events", "inbound messages", "user events" and "v3 events".
//!
//! Version 2 is `{"app":…,"timestamp":…,"version":2,"type":…,"payload":{…}}`. Version 3 is WhatsApp's body with `gs_app_id`
//! beside `entry` and `gs_id` beside every `id`.
//!
//! Decisions
//! - *Message.* A message has an id of Gupshup's and one of WhatsApp's. Gupshup's is taken, because every event has it from
//!   the queue on: `gs_id`, or `gsId`, or `payload.id` where that is it. Receipts more than a week after the sending have
//!   WhatsApp's only, which no other event of the message has: they are kept without a message, so that they make none up.
//! - *Account.* The app in version 2, the number's id in version 3.
//! - *Time.* `payload.payload.ts` of a receipt, in seconds; else the event's own, in milliseconds.

use super::delivery::{Failure, Message, digits, moment};
use super::value::Object;
use super::{Abilities, Ability, Arena, Channel, Out, Reason, Record, Value, json, whatsapp};
use crate::event::{Event, Kind, Text};

const NAME: &str = "gupshup";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Gupshup",
    knows_numbers: false,
    kinds: whatsapp::CHANNEL.kinds,
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Yes,
        opened: Ability::LowerBound,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::NeedsSendLog,
        paid: Ability::LowerBound,
    },
    caveats: &[
        "Opens are a lower bound: contacts who switched read receipts off are never seen reading.",
        "In version 2, receipts more than a week after the sending do not tell which message they are of: they are kept, but raise no rate.",
        "In version 2, prices come in billing events of their own, which are left out.",
        "Taps on URL buttons are not reported per contact; only taps on quick replies and list entries are.",
        "Answers point to a message only by Gupshup's id; those that point by WhatsApp's count for the last message before them.",
        "Opting in and out is what Gupshup's user events report, which only version 2 has, and what contacts write; a block is \
         not reported.",
        "A log that changed from version 2 to version 3 has two names for one account: the app and the number's id.",
        "Errors 131049 and 130472 are messages that WhatsApp held back: suppressed, not failed.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    is_meta(body)
        || ["app", "timestamp", "version"].iter().all(|key| json::has(body, key)) && json::has(body, "payload")
}

/// Whether it is version 3.
fn is_meta(body: &Value<'_>) -> bool {
    json::has(body, "gs_app_id")
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if is_meta(record.body) {
        meta(record, out);
    } else if let Err(reason) = own(record, out) {
        out.reject(reason);
    }
}

/// Version 3.
fn meta(record: &Record<'_>, out: &mut Out<'_>) {
    let statuses = json::elements(record.body.get("entry"))
        .flat_map(|entry| json::elements(entry.get("changes")))
        .flat_map(|change| json::elements(change.get("value").get("statuses")));
    if statuses.into_iter().any(|status| status.get("status").as_str() == Some("enqueued")) {
        out.ignore("enqueued");
    }
    let body = with_own_ids(record.body, false, record.arena);
    whatsapp::parse_for(NAME, &Record { body: &body, ..*record }, out);
}

/// The same value with Gupshup's id as the id of everything that has both. What points to a message by WhatsApp's id only
/// points nowhere: no message is known by it.
fn with_own_ids<'a>(value: &Value<'a>, points: bool, arena: &'a Arena) -> Value<'a> {
    match value {
        Value::Object(object) => {
            let own = object.get("gs_id").filter(|id| json::text(id).is_some()).copied();
            let id = own.or_else(|| points.then_some(Value::Null));
            let ids = id.into_iter().flat_map(|id| [("id", id), ("message_id", id)]);
            let others = object.iter().map(|(name, value)| {
                let points = matches!(name, "context" | "reaction");
                (name, with_own_ids(value, points, arena))
            });
            // The first of two fields of one name counts.
            Value::Object(Object(arena.fields(&ids.chain(others).collect::<Vec<_>>())))
        }
        Value::Array(elements) => {
            let elements: Vec<Value<'a>> = elements.iter().map(|value| with_own_ids(value, false, arena)).collect();
            Value::Array(arena.elements(&elements))
        }
        value => *value,
    }
}

/// Version 2.
fn own(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    match json::required(record.body.get("type"), "type")?.as_ref() {
        "message-event" => receipt(record, out),
        "message" => inbound(record, out),
        "user-event" => permission(record, out),
        "billing-event" => {
            out.ignore("billing-event");
            Ok(())
        }
        "template-event" | "account-event" | "system-event" => {
            out.ignore("account-event");
            Ok(())
        }
        _ => {
            out.ignore("unknown_event");
            Ok(())
        }
    }
}

/// The message of an event, which is about this contact.
fn message<'a>(record: &Record<'a>, contact: Option<Text<'a>>, field: &'static str) -> Result<Message<'a>, Reason> {
    let payload = record.body.get("payload");
    let id = json::text(payload.get("gsId")).or_else(|| json::text(payload.get("id")));
    Ok(Message {
        channel: NAME,
        account: json::text(record.body.get("app")),
        contact: contact.map(digits).ok_or(Reason::MissingField(field))?,
        id: id.ok_or(Reason::MissingField("id"))?,
    })
}

/// `message-event`: what became of a message of the business.
fn receipt(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let payload = record.body.get("payload");
    let kind = match json::required(payload.get("type"), "payload.type")?.as_ref() {
        "sent" => Kind::MessageSent,
        "delivered" => Kind::MessageDelivered,
        "read" => Kind::MessageOpened,
        "failed" => Kind::MessageFailed,
        "enqueued" => {
            out.ignore("enqueued");
            return Ok(());
        }
        "deleted" => {
            out.ignore("deleted");
            return Ok(());
        }
        _ => {
            out.ignore("unknown_status");
            return Ok(());
        }
    };
    let message = message(record, json::text(payload.get("destination")), "destination")?;
    let at = match payload.get("payload").get("ts") {
        Value::Null => moment(record.body.get("timestamp"), "timestamp", record)?,
        ts => moment(ts, "ts", record)?,
    };
    let mut event = message.event(kind, at);
    let is_late =
        matches!(kind, Kind::MessageDelivered | Kind::MessageOpened) && json::text(payload.get("gsId")).is_none();
    if is_late {
        event.message_id = None;
    }
    if kind == Kind::MessageFailed {
        let error_code = json::text(payload.get("payload").get("code"));
        Failure::of_whatsapp(error_code.as_deref()).tell(Event { error_code, ..event }, out);
    } else {
        out.event(event);
    }
    Ok(())
}

/// `message`: what the contact wrote or tapped.
fn inbound(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let payload = record.body.get("payload");
    let contact = json::text(payload.get("source")).or_else(|| json::text(payload.get("sender").get("phone")));
    let message = message(record, contact, "source")?;
    let at = moment(record.body.get("timestamp"), "timestamp", record)?;
    let content = payload.get("payload");
    // WhatsApp's id beside it is no message's that is known.
    let reply_to = json::text(payload.get("context").get("gsId"));
    let form = json::text(payload.get("type"));
    let referral = [payload.get("referral"), content.get("referral")].into_iter().find(|referral| referral.is_object());
    if let Some(referral) = referral {
        let topic = ["source_id", "sourceId", "source_url", "sourceUrl"]
            .iter()
            .find_map(|field| json::text(referral.as_object()?.get(field)?));
        out.event(Event { topic, ..message.event(Kind::Referral, at) });
    }
    let find = |fields: &[&str]| {
        fields.iter().find_map(|field| json::text(content.as_object().and_then(|content| content.get(field))?))
    };
    let (kind, answer, text) = match form.as_deref() {
        Some("button_reply" | "list_reply" | "quick_reply" | "button") => {
            let title = find(&["title", "text", "reply"]);
            (Kind::ButtonClicked, find(&["postbackText", "id"]).or_else(|| title.clone()), title)
        }
        Some("reaction") => {
            let Some(emoji) = find(&["emoji"]) else {
                out.ignore("reaction_removed");
                return Ok(());
            };
            (Kind::ReactionReceived, Some(emoji), None)
        }
        _ => (Kind::MessageReceived, None, find(&["text", "caption"])),
    };
    let reply_to = match kind {
        Kind::ReactionReceived => find(&["gsId"]).or(reply_to),
        _ => reply_to,
    };
    out.event(Event { message_type: form, reply_to, answer, text, ..message.event(kind, at) });
    Ok(())
}

/// `user-event`: the contact agreed to messages, or wants none any more.
fn permission(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let payload = record.body.get("payload");
    let kind = match payload.get("type").as_str() {
        Some("opted-in") => Kind::OptedIn,
        Some("opted-out") => Kind::OptedOutSoft,
        Some("sandbox-start") => {
            out.ignore("sandbox-start");
            return Ok(());
        }
        _ => {
            out.ignore("unknown_user_event");
            return Ok(());
        }
    };
    let contact = json::text(payload.get("phone")).map(digits).ok_or(Reason::MissingField("phone"))?;
    let (at, time_basis) = moment(record.body.get("timestamp"), "timestamp", record)?;
    let account = json::text(record.body.get("app"));
    let key = contact.clone();
    out.event(Event { time_basis, account, ..Event::new(kind, at, NAME, contact, key) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::reading;
    use super::*;

    #[track_caller]
    fn check(kind: &str, payload: &str, expected: &[&str]) {
        let json = format!(
            r#"{{"app":"Schuhe","timestamp":1772438400250,"version":2,"type":"{kind}","payload":{{{payload}}}}}"#
        );
        reading::check(&CHANNEL, &json, expected);
    }

    #[test]
    fn gupshups_id_is_the_messages_id_in_every_event() {
        let receipt = |kind: &str| {
            format!(r#""id":"wa1","gsId":"g1","type":"{kind}","destination":"49151","payload":{{"ts":1772438402}}"#)
        };
        check("message-event", &receipt("sent"), &["1772438402 message_sent 49151 account=Schuhe id=g1"]);
        check("message-event", &receipt("delivered"), &["1772438402 message_delivered 49151 account=Schuhe id=g1"]);
        check("message-event", &receipt("read"), &["1772438402 message_opened 49151 account=Schuhe id=g1"]);
        check(
            "message-event",
            r#""id":"g1","type":"failed","destination":"49151","payload":{"code":1002,"reason":"no such number"}"#,
            &["1772438400 message_failed 49151 account=Schuhe id=g1 error=1002"],
        );
        check(
            "message-event",
            r#""id":"g1","type":"enqueued","destination":"49151","payload":{"whatsappMessageId":"wa1"}"#,
            &["ignored enqueued"],
        );
    }

    #[test]
    fn a_late_receipt_makes_up_no_message() {
        check(
            "message-event",
            r#""id":"wa1","type":"read","destination":"49151","payload":{"ts":"1773100000"}"#,
            &["1773100000 message_opened 49151 account=Schuhe"],
        );
        check(
            "message-event",
            r#""id":"wa1","gsId":"","type":"read","destination":"49151","payload":{"ts":"1773100000"}"#,
            &["1773100000 message_opened 49151 account=Schuhe"],
        );
    }

    #[test]
    fn failures_of_whatsapp_keep_their_meaning() {
        check(
            "message-event",
            r#""id":"wa1","gsId":"g1","type":"failed","destination":"49151","payload":{"code":131050}"#,
            &[
                "1772438400 message_failed 49151 account=Schuhe id=g1 error=131050",
                "1772438400 opted_out_soft 49151 account=Schuhe topic=marketing_messages error=131050",
            ],
        );
    }

    #[test]
    fn a_message_of_the_contact_points_to_gupshups_id() {
        let message = |kind: &str, content: &str| {
            format!(
                r#""id":"wa9","source":"49151","type":"{kind}","payload":{{{content}}},"sender":{{"phone":"49151"}},"context":{{"id":"wa1","gsId":"g1"}}"#
            )
        };
        check(
            "message",
            &message("text", r#""text":"Ja""#),
            &["1772438400 message_received 49151 account=Schuhe id=wa9 re=g1 type=text text=Ja"],
        );
        check(
            "message",
            &message("quick_reply", r#""text":"Ja","type":"button""#),
            &["1772438400 button_clicked 49151 account=Schuhe id=wa9 re=g1 type=quick_reply answer=Ja text=Ja"],
        );
        check(
            "message",
            &message("list_reply", r#""title":"42","id":"l1","reply":"42 1","postbackText":"size_42""#),
            &["1772438400 button_clicked 49151 account=Schuhe id=wa9 re=g1 type=list_reply answer=size_42 text=42"],
        );
        check(
            "message",
            &message("image", r#""url":"https://x","caption":"so""#),
            &["1772438400 message_received 49151 account=Schuhe id=wa9 re=g1 type=image text=so"],
        );
        check(
            "message",
            &message("reaction", r#""emoji":"👍","gsId":"g7""#),
            &["1772438400 reaction_received 49151 account=Schuhe id=wa9 re=g7 type=reaction answer=👍"],
        );
    }

    #[test]
    fn user_events_are_permissions() {
        check("user-event", r#""phone":"+49151","type":"opted-in""#, &["1772438400 opted_in 49151 account=Schuhe"]);
        check(
            "user-event",
            r#""phone":"49151","type":"opted-out""#,
            &["1772438400 opted_out_soft 49151 account=Schuhe"],
        );
        check("user-event", r#""phone":"callbackSetPhone","type":"sandbox-start""#, &["ignored sandbox-start"]);
        check("billing-event", r#""deductions":{"billable":true}"#, &["ignored billing-event"]);
        check("template-event", r#""id":"t1""#, &["ignored account-event"]);
        check("moon-event", r#""id":"t1""#, &["ignored unknown_event"]);
    }

    #[test]
    fn version_three_is_whatsapps_body_with_gupshups_ids() {
        let body = |value: &str| {
            format!(
                r#"{{"gs_app_id":"a1","object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"messaging_product":"whatsapp","metadata":{{"phone_number_id":"p1"}},{value}}}}}]}}]}}"#
            )
        };
        for timestamp in [r#""1772438400""#, "1772438400250"] {
            reading::check(
                &CHANNEL,
                &body(&format!(
                    r#""statuses":[{{"gs_id":"g1","id":"wamid.1","recipient_id":"49151","status":"sent","timestamp":{timestamp}}}]"#
                )),
                &["1772438400 message_sent 49151 account=p1 id=g1"],
            );
        }
        reading::check(
            &CHANNEL,
            &body(
                r#""messages":[{"id":"wamid.9","from":"49151","timestamp":"1772438400","type":"button","button":{"payload":"yes","text":"Ja"},"context":{"id":"wamid.1","gs_id":"g1"}}]"#,
            ),
            &["1772438400 button_clicked 49151 account=p1 id=wamid.9 re=g1 type=button answer=yes text=Ja"],
        );
        reading::check(
            &CHANNEL,
            &body(
                r#""messages":[{"id":"wamid.9","from":"49151","timestamp":"1772438400","type":"reaction","reaction":{"message_id":"wamid.1","gs_id":"g1","emoji":"👍"}},
                {"id":"wamid.10","from":"49151","timestamp":"1772438400","type":"text","text":{"body":"Ja"},"context":{"id":"wamid.1"}}]"#,
            ),
            &[
                "1772438400 reaction_received 49151 account=p1 id=wamid.9 re=g1 type=reaction answer=👍",
                "1772438400 message_received 49151 account=p1 id=wamid.10 type=text text=Ja",
            ],
        );
        reading::check(
            &CHANNEL,
            r#"{"gs_app_id":"a1","object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"statuses":[{"gs_id":"g1","id":"wamid.1","recipient_id":"49151","status":"enqueued","timestamp":1772438400250}]}}]}]}"#,
            &["ignored enqueued"],
        );
    }

    #[test]
    fn events_carry_the_channels_own_name() {
        let arena = Arena::default();
        let json = r#"{"gs_app_id":"a1","entry":[{"changes":[{"field":"messages","value":{"statuses":[{"gs_id":"g1","id":"w","recipient_id":"49151","status":"read","timestamp":"1772438400"}]}}]}]}"#;
        let body = super::super::parse(json, &arena).unwrap();
        let mut channels = Vec::new();
        let mut keep = |event: Event<'_>| channels.push(event.channel.into_owned());
        let reading = super::super::Reading::default();
        let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
        parse(&record, &mut Out::new(&mut keep));
        assert_eq!(channels, [NAME]);
    }

    #[test]
    fn the_broken_sample_is_refused_for_these_reasons() {
        let broken = include_str!("../../sample-data/gupshup/broken.ndjson");
        assert_eq!(
            reading::outcomes(&CHANNEL, broken),
            [
                "missing_field:type",
                "missing_field:payload.type",
                "missing_field:destination",
                "missing_field:id",
                "bad_time:ts",
                "bad_time:timestamp",
                "missing_field:source",
                "missing_field:phone",
                "ignored unknown_status",
                "ignored unknown_event",
                "missing_field:entry",
                "missing_field:recipient_id",
                "bad_time:timestamp",
                "not json",
                "not json",
            ]
        );
    }
}

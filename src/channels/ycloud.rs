//! YCloud: WhatsApp messages, their receipts and prices, and who unsubscribed.
//!
//! Knows YCloud's events and its spelling. What an inbound message says is WhatsApp's matter. Format: YCloud's webhook
//! reference, api version v2.
//!
//! An event has `id`, `type`, `apiVersion`, `createTime` and one object named after what it is about.
//!
//! Decisions
//! - *Message.* WhatsApp's id (`wamid`), because answers point to it; YCloud's own where a message never got one.
//! - *Times.* An update repeats the times of everything before it (`sendTime`, `deliverTime`, `readTime`): each is told, so
//!   that a webhook that got lost is made up for. A message's id says that it was sent, delivered and read once.
//! - *Account.* The business's number.

use super::delivery::{Failure, Message, amount, digits, told_by};
use super::value::Object;
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json, whatsapp};
use crate::event::{Event, Kind, TimeBasis};

const NAME: &str = "ycloud";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "YCloud",
    knows_numbers: true,
    kinds: &[
        Kind::IdentityLinked,
        Kind::Referral,
        Kind::OptedIn,
        Kind::ReactionReceived,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::MessageSent,
        Kind::MessageSuppressed,
        Kind::MessageFailed,
        Kind::MessageDelivered,
        Kind::MessageOpened,
    ],
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Yes,
        opened: Ability::LowerBound,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::Yes,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::NeedsSendLog,
        paid: Ability::Never,
    },
    caveats: &[
        "Opens are a lower bound: contacts who switched read receipts off are never seen reading.",
        "A failed and a delivered can both come for one message, from several devices: delivered wins.",
        "Prices of messages are estimates until the message is delivered; the cost is that of the last update that has one.",
        "externalId is the business's own tag, and the campaign unless a rule reads it; where it is unique per message, write a rule.",
        "An unsubscription does not name the business's number: the account is the only one known of the contact.",
        "Messages sent from the phone app (echoes) count as sent by a person.",
        "Taps on URL buttons are not reported per contact; only taps on quick replies and list entries are.",
        "Errors 131049 and 130472 are messages that WhatsApp held back: suppressed, not failed.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    ["apiVersion", "createTime", "type"].iter().all(|key| json::has(record.body, key))
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let body = record.body;
    let read = match body.get("type").as_str() {
        Some("whatsapp.message.updated") => outbound(record, None, out),
        Some("whatsapp.smb.message.echoes") => outbound(record, Some("human"), out),
        Some("whatsapp.inbound_message.received") => inbound(record, out),
        Some("contact.unsubscribe.created") => permission(record, Kind::OptedOutSoft, out),
        Some("contact.unsubscribe.deleted") => permission(record, Kind::OptedIn, out),
        Some(other) => {
            const OTHERS: [&str; 6] =
                ["whatsapp.template", "whatsapp.phone_number", "whatsapp", "contact", "sms", "email"];
            out.ignore(OTHERS.into_iter().find(|begin| other.starts_with(begin)).unwrap_or("unknown_event"));
            Ok(())
        }
        None => Err(Reason::MissingField("type")),
    };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// A message of the business: what became of it, and when each step was.
fn outbound(record: &Record<'_>, agent: Option<&'static str>, out: &mut Out<'_>) -> Result<(), Reason> {
    let told = record.body.get("whatsappMessage");
    if !told.is_object() {
        return Err(Reason::MissingField("whatsappMessage"));
    }
    let message = Message {
        channel: NAME,
        account: json::text(told.get("from")).map(digits),
        contact: ["to", "toUserId", "recipientUserId"]
            .iter()
            .find_map(|field| json::text(told.as_object()?.get(field)?))
            .map(digits)
            .ok_or(Reason::MissingField("to"))?,
        id: json::text(told.get("wamid")).or_else(|| json::text(told.get("id"))).ok_or(Reason::MissingField("id"))?,
    };
    let word = json::text(told.get("status"));
    let status = match word.as_deref() {
        Some("sent") => Kind::MessageSent,
        Some("delivered") => Kind::MessageDelivered,
        Some("read") => Kind::MessageOpened,
        Some("failed") => Kind::MessageFailed,
        // What a person wrote on the phone is sent when it is told.
        None if agent.is_some() => Kind::MessageSent,
        None => return Err(Reason::MissingField("status")),
        Some("accepted") => {
            out.ignore("accepted");
            return Ok(());
        }
        Some(_) => {
            out.ignore("unknown_status");
            return Ok(());
        }
    };
    let template = told.get("template");
    let cost = amount(told.get("totalPrice"));
    let event = |kind, at| {
        let event = Event {
            template: json::text(template.get("name")),
            language: json::text(template.get("language").get("code")),
            message_type: json::text(told.get("type")),
            text: json::text(told.get("text").get("body")),
            category: json::text(told.get("pricingCategory")),
            country: json::text(told.get("regionCode")),
            tag: json::text(told.get("externalId")),
            agent: agent.map(Into::into),
            ..message.event(kind, (at, TimeBasis::Event))
        };
        let event = told_by(word.as_deref().unwrap_or("echo"), event);
        // The price belongs to the step that the update is about, so that it does not stand at every step.
        if kind != status {
            return event;
        }
        let currency = cost.as_ref().and_then(|_| json::text(told.get("currency")));
        Event { billable: billable(told.get("pricingType")), cost: cost.clone(), currency, ..event }
    };
    let mut steps = vec![
        (Kind::MessageSent, "sendTime", told.get("sendTime")),
        (Kind::MessageDelivered, "deliverTime", told.get("deliverTime")),
        (Kind::MessageOpened, "readTime", told.get("readTime")),
    ];
    steps.retain(|(_, _, time)| !time.is_null());
    if steps.iter().all(|(kind, _, _)| *kind != status) {
        steps.push(match told.get("updateTime") {
            Value::Null => (status, "createTime", record.body.get("createTime")),
            time => (status, "updateTime", time),
        });
    }
    for (kind, field, time) in steps {
        match json::time(time, field, record.reading.zone()) {
            Ok(at) if kind == Kind::MessageFailed => {
                let of_whatsapp = json::text(told.get("whatsappApiError").get("code"));
                let error_code = of_whatsapp.or_else(|| json::text(told.get("errorCode")));
                Failure::of_whatsapp(error_code.as_deref()).tell(Event { error_code, ..event(kind, at) }, out);
            }
            Ok(at) => out.event(event(kind, at)),
            Err(reason) => out.reject(reason),
        }
    }
    Ok(())
}

fn billable(pricing: &Value<'_>) -> Option<bool> {
    match pricing.as_str()? {
        "regular" => Some(true),
        "free_customer_service" | "free_entry_point" => Some(false),
        _ => None,
    }
}

/// A message of the contact, which is WhatsApp's own with another spelling of its ends and its time.
fn inbound(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let Some(message) = record.body.get("whatsappInboundMessage").as_object() else {
        return Err(Reason::MissingField("whatsappInboundMessage"));
    };
    let arena = record.arena;
    let field = |name: &str| message.get(name).copied().unwrap_or(Value::Null);
    let keep = |value: &Value<'_>| json::text(value).map_or(Value::Null, |text| Value::Str(arena.keep(&digits(text))));
    let object = |fields: &[_]| Value::Object(Object(arena.fields(fields)));
    let array = |element| Value::Array(arena.elements(&[element]));

    let id = Some(field("wamid")).filter(|wamid| json::text(wamid).is_some()).unwrap_or_else(|| field("id"));
    let time = match field("sendTime") {
        Value::Null => *record.body.get("createTime"),
        time => time,
    };
    let named = [("id", id), ("timestamp", time), ("from_user_id", field("fromUserId"))];
    let fields: Vec<(&str, Value<'_>)> =
        named.into_iter().chain(message.iter().map(|(name, value)| (name, *value))).collect();
    let metadata = object(&[("phone_number_id", keep(&field("to")))]);
    let value = object(&[("metadata", metadata), ("messages", array(object(&fields)))]);
    let change = object(&[("field", Value::Str("messages")), ("value", value)]);
    let entry = object(&[("changes", array(change))]);
    let body = object(&[("entry", array(entry))]);
    whatsapp::parse_for(NAME, &Record { body: &body, ..*record }, out);
    Ok(())
}

/// The contact unsubscribed, or came back.
fn permission(record: &Record<'_>, kind: Kind, out: &mut Out<'_>) -> Result<(), Reason> {
    let changed = record.body.get("unsubscriberChanged");
    let contact = ["phoneNumber", "customer", "userId"]
        .iter()
        .find_map(|field| json::text(changed.as_object()?.get(field)?))
        .map(digits)
        .ok_or(Reason::MissingField("phoneNumber"))?;
    let at = match changed.get("updateTime") {
        Value::Null => json::time(record.body.get("createTime"), "createTime", record.reading.zone())?,
        at => json::time(at, "updateTime", record.reading.zone())?,
    };
    let key = contact.clone();
    out.event(Event { topic: json::text(changed.get("channel")), ..Event::new(kind, at, NAME, contact, key) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::reading::{check, outcomes};
    use super::*;

    fn event(kind: &str, rest: &str) -> String {
        format!(r#"{{"id":"evt_1","type":"{kind}","apiVersion":"v2","createTime":"2026-03-02T08:00:09.000Z",{rest}}}"#)
    }

    fn updated(rest: &str) -> String {
        event(
            "whatsapp.message.updated",
            &format!(
                r#""whatsappMessage":{{"id":"y1","wamid":"wamid.1","wabaId":"w","from":"+4930","to":"+49151",{rest}}}"#
            ),
        )
    }

    #[test]
    fn an_update_tells_all_steps_until_then_and_its_price_once() {
        check(
            &CHANNEL,
            &updated(
                r#""type":"template","template":{"name":"sale","language":{"code":"de"}},"status":"read","externalId":"spring","sendTime":"2026-03-02T08:00:00.000Z","deliverTime":"2026-03-02T08:00:02.000Z","readTime":"2026-03-02T08:00:08.000Z","totalPrice":0.075,"currency":"USD","pricingCategory":"marketing","pricingType":"regular","regionCode":"DE""#,
            ),
            &[
                "1772438400 message_sent 49151 account=4930 id=wamid.1 template=sale category=marketing country=DE language=de type=template tag=spring",
                "1772438402 message_delivered 49151 account=4930 id=wamid.1 template=sale category=marketing country=DE language=de type=template tag=spring",
                "1772438408 message_opened 49151 account=4930 id=wamid.1 template=sale category=marketing country=DE language=de type=template tag=spring cost=0.075 currency=USD billable=true",
            ],
        );
    }

    #[test]
    fn a_status_without_its_own_time_has_the_updates() {
        check(
            &CHANNEL,
            &updated(r#""status":"delivered""#),
            &["1772438409 message_delivered 49151 account=4930 id=wamid.1"],
        );
        check(&CHANNEL, &updated(r#""status":"accepted""#), &["ignored accepted"]);
        check(&CHANNEL, &updated(r#""status":"teleported""#), &["ignored unknown_status"]);
    }

    #[test]
    fn failures_keep_whatsapps_meaning() {
        check(
            &CHANNEL,
            &updated(
                r#""status":"failed","updateTime":"2026-03-02T08:00:01.000Z","errorCode":"WHATSAPP_ERROR","whatsappApiError":{"code":"131050"}"#,
            ),
            &[
                "1772438401 message_failed 49151 account=4930 id=wamid.1 error=131050",
                "1772438401 opted_out_soft 49151 account=4930 topic=marketing_messages error=131050",
            ],
        );
        check(
            &CHANNEL,
            &updated(r#""status":"failed","sendTime":"2026-03-02T08:00:00Z","errorCode":131026"#),
            &[
                "1772438400 message_sent 49151 account=4930 id=wamid.1",
                "1772438409 message_failed 49151 account=4930 id=wamid.1 error=131026",
            ],
        );
    }

    #[test]
    fn an_inbound_message_is_read_as_whatsapps() {
        let inbound = |rest: &str| {
            event(
                "whatsapp.inbound_message.received",
                &format!(
                    r#""whatsappInboundMessage":{{"id":"y9","wamid":"wamid.9","wabaId":"w","from":"+49151","customerProfile":{{"name":"Jana"}},"to":"+4930","sendTime":"2026-03-02T08:00:00.000Z",{rest}}}"#
                ),
            )
        };
        check(
            &CHANNEL,
            &inbound(r#""type":"text","text":{"body":"OK"},"context":{"from":"4930","id":"wamid.1"}"#),
            &["1772438400 message_received 49151 account=4930 id=wamid.9 re=wamid.1 type=text text=OK"],
        );
        check(
            &CHANNEL,
            &inbound(
                r#""type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"s42","title":"42"}}"#,
            ),
            &["1772438400 button_clicked 49151 account=4930 id=wamid.9 type=list_reply answer=s42 text=42"],
        );
        check(
            &CHANNEL,
            &inbound(r#""type":"reaction","reaction":{"message_id":"wamid.1","emoji":"👍"}"#),
            &["1772438400 reaction_received 49151 account=4930 id=wamid.9 re=wamid.1 type=reaction answer=👍"],
        );
        check(
            &CHANNEL,
            &event(
                "whatsapp.inbound_message.received",
                r#""whatsappInboundMessage":{"wamid":"wamid.9","fromUserId":"DE.1","to":"+4930","sendTime":"2026-03-02T08:00:00Z","type":"text","text":{"body":"Hi"}}"#,
            ),
            &["1772438400 message_received DE.1 account=4930 id=wamid.9 type=text text=Hi"],
        );
    }

    #[test]
    fn unsubscribing_is_a_soft_opt_out_and_coming_back_an_opt_in() {
        let changed = r#""unsubscriberChanged":{"phoneNumber":"+49151","source":"customer","updateTime":"2026-03-02T08:00:00.000Z"}"#;
        check(&CHANNEL, &event("contact.unsubscribe.created", changed), &["1772438400 opted_out_soft 49151"]);
        check(&CHANNEL, &event("contact.unsubscribe.deleted", changed), &["1772438400 opted_in 49151"]);
    }

    #[test]
    fn echoes_are_a_persons_and_the_rest_is_ignored_by_name() {
        check(
            &CHANNEL,
            &event(
                "whatsapp.smb.message.echoes",
                r#""whatsappMessage":{"wamid":"wamid.5","from":"+4930","to":"+49151","type":"text","text":{"body":"Gern"},"sendTime":"2026-03-02T08:00:00Z"}"#,
            ),
            &["1772438400 message_sent 49151 account=4930 id=wamid.5 type=text agent=human text=Gern"],
        );
        check(&CHANNEL, &event("whatsapp.template.reviewed", r#""x":1"#), &["ignored whatsapp.template"]);
        check(&CHANNEL, &event("contact.created", r#""x":1"#), &["ignored contact"]);
        check(&CHANNEL, &event("sms.message.updated", r#""x":1"#), &["ignored sms"]);
        check(&CHANNEL, &event("moon.rise", r#""x":1"#), &["ignored unknown_event"]);
    }

    #[test]
    fn the_broken_sample_is_refused_for_these_reasons() {
        let broken = include_str!("../../sample-data/ycloud/broken.ndjson");
        assert_eq!(
            outcomes(&CHANNEL, broken),
            [
                "missing_field:type",
                "missing_field:whatsappMessage",
                "missing_field:to",
                "missing_field:id",
                "missing_field:status",
                "bad_time:deliverTime",
                "no_zone:sendTime",
                "bad_time:createTime",
                "missing_field:whatsappInboundMessage",
                "missing_field:from",
                "bad_time:timestamp",
                "missing_field:phoneNumber",
                "ignored unknown_event",
                "not json",
                "not json",
            ]
        );
    }
}

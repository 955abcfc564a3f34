//! Vonage Messages API: statuses and inbound messages of WhatsApp, SMS, RCS, Viber and Messenger.
//!
//! Knows both editions of its webhooks: v1, whose `to` and `from` are text, and v0.1, where they are objects. Format:
//! Vonage's Messages API reference and its guides on status callbacks.
//!
//! In a status `to` is the contact, in an inbound message `from` is. The account is the business's address after the name of
//! the channel, so that WhatsApp and SMS of one number are told apart.

use super::delivery::{Failure, Message, Moment, amount, digits, moment};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text};

const NAME: &str = "vonage";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Vonage",
    knows_numbers: false,
    kinds: &[
        Kind::Referral,
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
        opted_in: Ability::NeedsSendLog,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Never,
        paid: Ability::Never,
    },
    caveats: &[
        "submitted, which counts as sent, says that the message was passed to the messenger.",
        "Reads are reported for WhatsApp, Viber, RCS and Messenger, and not where the contact switched them off; SMS has none.",
        "A price stands in the status that is charged for: the delivery, or for SMS the submission.",
        "client_ref is the business's own tag, and the campaign unless a rule reads it.",
        "Soft opt-outs are known from what contacts write, and from WhatsApp's error 131050 where Vonage passes it on; a message \
         refused because the number stands on Vonage's own list of opt-outs is a failure only.",
        "WhatsApp and SMS of one telephone number are one contact; the account, which begins with the channel, tells them apart.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    json::has(body, "message_uuid")
        && ["status", "message_type", "message"].iter().any(|key| json::has(body, key))
        && ["to", "from"].iter().any(|key| json::has(body, key))
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let is_status = !record.body.get("status").is_null();
    let read = if is_status { status(record, out) } else { inbound(record, out) };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// The address of one side: text in v1, an object with a number or an id in v0.1.
fn address<'a>(side: &'a Value<'a>) -> Option<Text<'a>> {
    json::text(side).or_else(|| json::text(side.get("number"))).or_else(|| json::text(side.get("id"))).map(digits)
}

/// The message of a webhook and when it happened.
fn message<'a>(
    record: &Record<'a>,
    contact: &'a Value<'a>,
    field: &'static str,
    business: &'a Value<'a>,
) -> Result<(Message<'a>, Moment), Reason> {
    let body = record.body;
    let channel = json::text(body.get("channel")).or_else(|| json::text(contact.get("type")));
    let account = address(business).map(|address| match channel {
        Some(channel) => format!("{channel}:{address}").into(),
        None => address,
    });
    let message = Message {
        channel: NAME,
        account,
        contact: address(contact).ok_or(Reason::MissingField(field))?,
        id: json::required(body.get("message_uuid"), "message_uuid")?,
    };
    Ok((message, moment(body.get("timestamp"), "timestamp", record)?))
}

/// What became of a message of the business.
fn status(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let kind = match json::required(body.get("status"), "status")?.as_ref() {
        "submitted" => Kind::MessageSent,
        "delivered" => Kind::MessageDelivered,
        "read" => Kind::MessageOpened,
        "rejected" | "undeliverable" => Kind::MessageFailed,
        _ => {
            out.ignore("unknown_status");
            return Ok(());
        }
    };
    let (message, at) = message(record, body.get("to"), "to", body.get("from"))?;
    let usage = body.get("usage");
    // A price of nothing before the delivery means that the delivery is charged for.
    let is_free = |cost: &Text<'_>| cost.parse() == Ok(0.0);
    let cost = amount(usage.get("price")).filter(|cost| kind != Kind::MessageSent || !is_free(cost));
    let event = Event {
        tag: json::text(body.get("client_ref")),
        currency: cost.as_ref().and_then(|_| json::text(usage.get("currency"))),
        cost,
        ..message.event(kind, at)
    };
    if kind == Kind::MessageFailed {
        let error_code = error_code(body.get("error"));
        Failure::of_whatsapp(error_code.as_deref()).tell(Event { error_code, ..event }, out);
    } else {
        out.event(event);
    }
    Ok(())
}

/// The error's number: `code` in v0.1, the title in v1, where the type is the address of a page about it.
fn error_code<'a>(error: &'a Value<'a>) -> Option<Text<'a>> {
    let is_number = |code: &Text<'_>| code.bytes().all(|byte| byte.is_ascii_digit());
    let of_page = || json::text(error.get("type"))?.rsplit_once('#').map(|(_, code)| code.to_owned().into());
    json::text(error.get("code")).or_else(|| json::text(error.get("title")).filter(is_number)).or_else(of_page)
}

/// What the contact wrote or tapped.
fn inbound(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let (message, at) = message(record, body.get("from"), "from", body.get("to"))?;
    // v0.1 has the content in `message.content`, v1 has it beside the rest.
    let content = match body.get("message").get("content") {
        Value::Null => body,
        content => content,
    };
    let form = json::text(body.get("message_type")).or_else(|| json::text(content.get("type")));
    let reply_to = json::text(body.get("context").get("message_uuid"));
    let referral = body.get("whatsapp").get("referral");
    if referral.is_object() {
        let topic = json::text(referral.get("source_id")).or_else(|| json::text(referral.get("source_url")));
        out.event(Event { topic, ..message.event(Kind::Referral, at) });
    }
    let (reply, button) = (content.get("reply"), content.get("button"));
    let (kind, answer, text) = match form.as_deref() {
        Some("reply") => {
            let title = json::text(reply.get("title"));
            (Kind::ButtonClicked, json::text(reply.get("id")).or_else(|| title.clone()), title)
        }
        Some("button") => {
            let title = json::text(button.get("text"));
            (Kind::ButtonClicked, json::text(button.get("payload")).or_else(|| title.clone()), title)
        }
        Some("reaction") => {
            let Some(emoji) = json::text(content.get("reaction").get("emoji")) else {
                out.ignore("reaction_removed");
                return Ok(());
            };
            (Kind::ReactionReceived, Some(emoji), None)
        }
        _ => {
            let caption = ["image", "video", "file"]
                .iter()
                .find_map(|medium| json::text(content.as_object()?.get(medium)?.get("caption")));
            (Kind::MessageReceived, None, json::text(content.get("text")).or(caption))
        }
    };
    out.event(Event { message_type: form, reply_to, answer, text, ..message.event(kind, at) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::reading::{check, outcomes};
    use super::*;

    fn status_of(rest: &str) -> String {
        format!(
            r#"{{"message_uuid":"u1","to":"49151","from":"4930","timestamp":"2026-03-02T08:00:00.000Z","channel":"whatsapp",{rest}}}"#
        )
    }

    #[test]
    fn a_status_goes_to_the_contact_and_carries_price_and_tag() {
        check(
            &CHANNEL,
            &status_of(r#""status":"delivered","usage":{"price":"0.0333","currency":"EUR"},"client_ref":"spring""#),
            &["1772438400 message_delivered 49151 account=whatsapp:4930 id=u1 tag=spring cost=0.0333 currency=EUR"],
        );
        for (status, kind) in [("submitted", "message_sent"), ("read", "message_opened")] {
            check(
                &CHANNEL,
                &status_of(&format!(r#""status":"{status}""#)),
                &[&format!("1772438400 {kind} 49151 account=whatsapp:4930 id=u1")],
            );
        }
        check(&CHANNEL, &status_of(r#""status":"teleported""#), &["ignored unknown_status"]);
    }

    #[test]
    fn a_price_that_is_not_known_before_the_delivery_is_not_nothing() {
        let sent = |price: &str| {
            let usage = format!(r#""status":"submitted","usage":{{"price":"{price}","currency":"EUR"}}"#);
            super::super::reading::lines(&CHANNEL, &status_of(&usage), None).concat()
        };
        assert_eq!(sent("0.00"), "1772438400 message_sent 49151 account=whatsapp:4930 id=u1");
        assert!(sent("0.07").ends_with("cost=0.07 currency=EUR"));
    }

    #[test]
    fn the_number_of_an_error_is_found_in_both_editions() {
        for (status, error, code) in [
            ("rejected", r#"{"type":"https://developer.vonage.com/api-errors/messages#1340","title":1340}"#, "1340"),
            ("undeliverable", r#"{"type":"https://x#1020","title":"Invalid params"}"#, "1020"),
            ("rejected", r#"{"code":1022,"reason":"Invalid template"}"#, "1022"),
        ] {
            check(
                &CHANNEL,
                &status_of(&format!(r#""status":"{status}","error":{error}"#)),
                &[&format!("1772438400 message_failed 49151 account=whatsapp:4930 id=u1 error={code}")],
            );
        }
    }

    #[test]
    fn the_first_edition_has_its_parties_as_objects() {
        check(
            &CHANNEL,
            r#"{"message_uuid":"u1","to":{"type":"whatsapp","number":"49151"},"from":{"type":"whatsapp","number":"4930"},"timestamp":"2026-03-02T08:00:00.000Z","status":"read"}"#,
            &["1772438400 message_opened 49151 account=whatsapp:4930 id=u1"],
        );
        check(
            &CHANNEL,
            r#"{"message_uuid":"i1","from":{"type":"messenger","id":"77"},"to":{"type":"messenger","id":"20001"},"timestamp":"2026-03-02T08:00:00.000Z","direction":"inbound","message":{"content":{"type":"text","text":"Hallo"}}}"#,
            &["1772438400 message_received 77 account=messenger:20001 id=i1 type=text text=Hallo"],
        );
    }

    #[test]
    fn an_inbound_message_comes_from_the_contact() {
        let inbound = |rest: &str| {
            format!(
                r#"{{"message_uuid":"i1","from":"49151","to":"4930","timestamp":"2026-03-02T08:00:00Z","channel":"whatsapp","profile":{{"name":"Jana"}},{rest}}}"#
            )
        };
        check(
            &CHANNEL,
            &inbound(
                r#""status":null,"message_type":"text","text":"Ja","context":{"message_uuid":"u1","message_from":"4930"}"#,
            ),
            &["1772438400 message_received 49151 account=whatsapp:4930 id=i1 re=u1 type=text text=Ja"],
        );
        check(
            &CHANNEL,
            &inbound(r#""message_type":"reply","reply":{"id":"s42","title":"42"}"#),
            &["1772438400 button_clicked 49151 account=whatsapp:4930 id=i1 type=reply answer=s42 text=42"],
        );
        check(
            &CHANNEL,
            &inbound(r#""message_type":"button","button":{"payload":"yes","text":"Ja"}"#),
            &["1772438400 button_clicked 49151 account=whatsapp:4930 id=i1 type=button answer=yes text=Ja"],
        );
        check(
            &CHANNEL,
            &inbound(
                r#""message_type":"image","image":{"url":"https://x","caption":"so"},"whatsapp":{"referral":{"source_id":"ad9"}}"#,
            ),
            &[
                "1772438400 referral 49151 account=whatsapp:4930 id=i1 topic=ad9",
                "1772438400 message_received 49151 account=whatsapp:4930 id=i1 type=image text=so",
            ],
        );
        check(
            &CHANNEL,
            &inbound(
                r#""message_type":"reaction","reaction":{"action":"react","emoji":"👍"},"context":{"message_uuid":"u1"}"#,
            ),
            &["1772438400 reaction_received 49151 account=whatsapp:4930 id=i1 re=u1 type=reaction answer=👍"],
        );
    }

    #[test]
    fn the_broken_sample_is_refused_for_these_reasons() {
        let broken = include_str!("../../sample-data/vonage/broken.ndjson");
        assert_eq!(
            outcomes(&CHANNEL, broken),
            [
                "missing_field:message_uuid",
                "missing_field:to",
                "missing_field:from",
                "missing_field:timestamp",
                "bad_time:timestamp",
                "no_zone:timestamp",
                "missing_field:status",
                "ignored unknown_status",
                "bad_time:timestamp",
                "missing_field:to",
                "not json",
                "not json",
                "not recognised",
            ]
        );
    }
}

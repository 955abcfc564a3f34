//! Infobip: delivery reports, seen reports and inbound messages of WhatsApp, SMS and Viber.
//!
//! Knows the rows of `{"results":[…]}`. Format: Infobip's API reference of the webhooks "receive delivery reports", "receive
//! seen reports" and "receive inbound messages".
//!
//! A row with `receivedAt` is a message of the contact. A row with `status` tells how a message of the business ended, and
//! when it was sent besides; one with `seenAt` that it was read. In reports the contact is `to`, in inbound messages `from`.

use std::borrow::Cow;

use super::delivery::{Failure, Message, amount, digits, moment, told_by};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, TimeBasis};

const NAME: &str = "infobip";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Infobip",
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
        "The time of sending is known from the reports: a message without any report was never sent as far as the log tells.",
        "Reads are reported for WhatsApp and Viber, in reports of their own, and not where the contact switched them off; SMS has none.",
        "callbackData is the business's own tag, and the campaign unless a rule reads it.",
        "Reports often do not name the sender: then the account is the only one known of the contact.",
        "Soft opt-outs are known from what contacts write and from WhatsApp's error 131050 where Infobip passes it on; its own lists of unsubscribed numbers are not reported.",
        "Expired messages count as failed.",
    ],
    recognises,
    parse,
};

/// Times that tell what kind of report a row is.
const TIMES: [&str; 5] = ["receivedAt", "sentAt", "doneAt", "seenAt", "deletedAt"];

fn recognises(record: &Record<'_>) -> bool {
    let results = record.body.get("results");
    results.is_array() && (json::has(record.body, "pendingMessageCount") || json::elements(results).any(is_row))
}

fn is_row(row: &Value<'_>) -> bool {
    json::has(row, "messageId")
        && (TIMES.iter().any(|key| json::has(row, key)) || json::has(row.get("status"), "groupName"))
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    for row in json::elements(record.body.get("results")) {
        let read = if !row.get("receivedAt").is_null() {
            inbound(row, record, out)
        } else if !row.get("seenAt").is_null() {
            seen(row, record, out)
        } else if !row.get("deletedAt").is_null() {
            out.ignore("deleted");
            Ok(())
        } else {
            report(row, record, out)
        };
        if let Err(reason) = read {
            out.reject(reason);
        }
    }
}

/// The message of a row, by the names of the fields that hold the contact and the business.
fn message<'a>(row: &'a Value<'a>, contact: &'static str, business: &str) -> Result<Message<'a>, Reason> {
    let number = |value| json::text(value).map(digits);
    let field = |name: &str| row.as_object().and_then(|row| row.get(name)).and_then(number);
    Ok(Message {
        channel: NAME,
        account: field(business),
        contact: field(contact).ok_or(Reason::MissingField(contact))?,
        id: json::required(row.get("messageId"), "messageId")?,
    })
}

/// A delivery report: how far a message got, when that was, and when it was sent.
fn report<'a>(row: &'a Value<'a>, record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let message = message(row, "to", "from")?;
    let status = row.get("status");
    let group = json::required(status.get("groupName"), "status")?.to_ascii_uppercase();
    let kind = match group.as_str() {
        "PENDING" => {
            // It has left if there is a time at which it did.
            sent(row, &message, &group, record, out);
            out.ignore("PENDING");
            return Ok(());
        }
        "DELIVERED" => Kind::MessageDelivered,
        "UNDELIVERABLE" | "EXPIRED" | "REJECTED" => Kind::MessageFailed,
        _ => {
            out.ignore("unknown_status");
            return Ok(());
        }
    };
    // What was rejected never left.
    if group != "REJECTED" {
        sent(row, &message, &group, record, out);
    }
    let price = row.get("price");
    let cost = amount(price.get("pricePerMessage"));
    let event = Event {
        tag: json::text(row.get("callbackData")),
        currency: cost.as_ref().and_then(|_| json::text(price.get("currency"))),
        cost,
        ..message.event(kind, moment(row.get("doneAt"), "doneAt", record)?)
    };
    if kind == Kind::MessageFailed {
        let error_code = error_code(row);
        Failure::of_whatsapp(error_code.as_deref()).tell(Event { error_code, ..event }, out);
    } else {
        out.event(event);
    }
    Ok(())
}

/// When the message of a report was sent, if it tells.
fn sent<'a>(row: &'a Value<'a>, message: &Message<'a>, report: &str, record: &Record<'_>, out: &mut Out<'_>) {
    match json::time(row.get("sentAt"), "sentAt", record.reading.zone()) {
        Ok(at) => {
            let sent = message.event(Kind::MessageSent, (at, TimeBasis::Event));
            out.event(told_by(report, Event { tag: json::text(row.get("callbackData")), ..sent }));
        }
        Err(Reason::MissingField(_)) => {}
        Err(reason) => out.reject(reason),
    }
}

/// The error's number; 0 is none, then the status's own name.
fn error_code<'a>(row: &'a Value<'a>) -> Option<Text<'a>> {
    json::text(row.get("error").get("id")).filter(|id| id != "0").or_else(|| json::text(row.get("status").get("name")))
}

/// A seen report: a body of its own, without a status.
fn seen<'a>(row: &'a Value<'a>, record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let message = message(row, "to", "from")?;
    sent(row, &message, "SEEN", record, out);
    let at = json::time(row.get("seenAt"), "seenAt", record.reading.zone())?;
    out.event(Event {
        tag: json::text(row.get("callbackData")),
        ..message.event(Kind::MessageOpened, (at, TimeBasis::Event))
    });
    Ok(())
}

/// What the contact wrote or tapped. WhatsApp's content stands in `message`, that of SMS beside the rest.
fn inbound<'a>(row: &'a Value<'a>, record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let message = message(row, "from", "to")?;
    let at = (json::time(row.get("receivedAt"), "receivedAt", record.reading.zone())?, TimeBasis::Event);
    let content = row.get("message");
    let form = json::text(content.get("type")).map(|form| form.to_ascii_uppercase());
    let reply_to = || json::text(row.get("pairedMessageId")).or_else(|| json::text(content.get("context").get("id")));
    let new = |kind| Event {
        message_type: form.as_deref().map(|form| Cow::Owned(form.to_ascii_lowercase())),
        reply_to: reply_to(),
        ..message.event(kind, at)
    };
    let referral = content.get("referral");
    if referral.is_object() {
        let topic = json::text(referral.get("sourceId")).or_else(|| json::text(referral.get("sourceUrl")));
        out.event(Event { topic, message_type: None, reply_to: None, ..new(Kind::Referral) });
    }
    let tapped = |payload: &'a Value<'a>, title: &'a Value<'a>| Event {
        answer: json::text(payload).or_else(|| json::text(title)),
        text: json::text(title),
        ..new(Kind::ButtonClicked)
    };
    out.event(match form.as_deref() {
        Some("BUTTON") => tapped(content.get("payload"), content.get("text")),
        Some("INTERACTIVE_BUTTON_REPLY" | "INTERACTIVE_LIST_REPLY") => tapped(content.get("id"), content.get("title")),
        Some("REACTION") => {
            let Some(emoji) = json::text(content.get("emoji")) else {
                out.ignore("reaction_removed");
                return Ok(());
            };
            Event {
                answer: Some(emoji),
                reply_to: json::text(content.get("messageId")).or_else(reply_to),
                ..new(Kind::ReactionReceived)
            }
        }
        _ => Event {
            text: [content.get("text"), content.get("caption"), row.get("text")].into_iter().find_map(json::text),
            ..new(Kind::MessageReceived)
        },
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::reading;
    use super::*;

    #[track_caller]
    fn check(row: &str, expected: &[&str]) {
        reading::check(&CHANNEL, &format!(r#"{{"results":[{row}]}}"#), expected);
    }

    const SENT: &str = r#""messageId":"m1","to":"49151","sentAt":"2026-03-02T08:00:00.000+0000""#;

    #[test]
    fn a_delivery_report_tells_the_sending_and_the_delivery() {
        check(
            &format!(
                r#"{{{SENT},"doneAt":"2026-03-02T09:00:02.500+0100","status":{{"groupId":3,"groupName":"DELIVERED"}},"error":{{"id":0,"name":"NO_ERROR"}},"price":{{"pricePerMessage":0.021,"currency":"EUR"}},"callbackData":"spring"}}"#
            ),
            &[
                "1772438400 message_sent 49151 id=m1 tag=spring",
                "1772438402 message_delivered 49151 id=m1 tag=spring cost=0.021 currency=EUR",
            ],
        );
    }

    #[test]
    fn what_is_pending_was_sent_and_what_was_rejected_was_not() {
        check(&format!(r#"{{{SENT},"status":{{"groupName":"PENDING"}}}}"#), &["1772438400 message_sent 49151 id=m1"]);
        check(r#"{"messageId":"m1","to":"49151","status":{"groupName":"PENDING"}}"#, &["ignored PENDING"]);
        check(
            &format!(
                r#"{{{SENT},"doneAt":"2026-03-02T08:00:01.000+0000","status":{{"groupName":"REJECTED","name":"REJECTED_SENDER"}},"error":{{"id":0}}}}"#
            ),
            &["1772438401 message_failed 49151 id=m1 error=REJECTED_SENDER"],
        );
    }

    #[test]
    fn undeliverable_and_expired_messages_failed() {
        for group in ["UNDELIVERABLE", "EXPIRED"] {
            check(
                &format!(
                    r#"{{{SENT},"from":"4930","doneAt":"2026-03-02T08:00:01.000+0000","status":{{"groupName":"{group}"}},"error":{{"id":27}}}}"#
                ),
                &[
                    "1772438400 message_sent 49151 account=4930 id=m1",
                    "1772438401 message_failed 49151 account=4930 id=m1 error=27",
                ],
            );
        }
    }

    #[test]
    fn a_seen_report_has_no_status_and_is_an_opening() {
        check(
            &format!(r#"{{{SENT},"seenAt":"2026-03-02T08:05:00.251+0000","from":"+4930"}}"#),
            &["1772438400 message_sent 49151 account=4930 id=m1", "1772438700 message_opened 49151 account=4930 id=m1"],
        );
        check(r#"{"messageId":"m1","to":"49151","deletedAt":"2026-03-02T08:05:00.251+0000"}"#, &["ignored deleted"]);
    }

    #[test]
    fn a_report_without_times_has_the_time_of_receipt() {
        let json = r#"{"results":[{"messageId":"m1","to":"49151","status":{"groupName":"DELIVERED"}}]}"#;
        let received_at = crate::event::Time::from_unix(1_772_438_400);
        assert_eq!(reading::lines(&CHANNEL, json, received_at), ["~1772438400 message_delivered 49151 id=m1"]);
        assert_eq!(reading::lines(&CHANNEL, json, None), ["rejected missing_field:doneAt"]);
    }

    #[test]
    fn an_inbound_message_comes_from_the_contact() {
        let row = |rest: &str| {
            format!(
                r#"{{"messageId":"i1","from":"49151","to":"4930","receivedAt":"2026-03-02T08:00:00.000+0000",{rest}}}"#
            )
        };
        check(
            &row(r#""message":{"type":"TEXT","text":"Ja"},"pairedMessageId":"m1","contact":{"name":"Jana"}"#),
            &["1772438400 message_received 49151 account=4930 id=i1 re=m1 type=text text=Ja"],
        );
        check(
            &row(r#""text":"QUIZ Paris","cleanText":"Paris","keyword":"QUIZ""#),
            &["1772438400 message_received 49151 account=4930 id=i1 text=QUIZ Paris"],
        );
        check(
            &row(r#""message":{"type":"BUTTON","text":"Ja","payload":"yes","context":{"id":"m1"}}"#),
            &["1772438400 button_clicked 49151 account=4930 id=i1 re=m1 type=button answer=yes text=Ja"],
        );
        check(
            &row(r#""message":{"type":"INTERACTIVE_LIST_REPLY","id":"s42","title":"42"}"#),
            &["1772438400 button_clicked 49151 account=4930 id=i1 type=interactive_list_reply answer=s42 text=42"],
        );
        check(
            &row(r#""message":{"type":"IMAGE","caption":"so","url":"https://x","referral":{"sourceId":"ad9"}}"#),
            &[
                "1772438400 referral 49151 account=4930 id=i1 topic=ad9",
                "1772438400 message_received 49151 account=4930 id=i1 type=image text=so",
            ],
        );
        check(
            &row(r#""message":{"type":"REACTION","emoji":"👍","messageId":"m1"}"#),
            &["1772438400 reaction_received 49151 account=4930 id=i1 re=m1 type=reaction answer=👍"],
        );
    }

    #[test]
    fn one_bad_row_keeps_no_other_from_being_read() {
        check(
            &format!(
                r#"7,{{{SENT},"status":{{"groupName":"PENDING"}}}},{{{SENT},"status":{{"groupName":"PENDING"}}}}"#
            ),
            &[
                "1772438400 message_sent 49151 id=m1",
                "1772438400 message_sent 49151 id=m1",
                "rejected missing_field:to",
            ],
        );
        reading::check(&CHANNEL, r#"{"results":[],"messageCount":0,"pendingMessageCount":0}"#, &["ignored empty"]);
    }

    #[test]
    fn the_broken_sample_is_refused_for_these_reasons() {
        let broken = include_str!("../../sample-data/infobip/broken.ndjson");
        assert_eq!(
            reading::outcomes(&CHANNEL, broken),
            [
                "missing_field:messageId",
                "missing_field:to",
                "missing_field:from",
                "bad_time:doneAt",
                "bad_time:receivedAt",
                "no_zone:seenAt",
                "missing_field:status",
                "ignored unknown_status",
                "bad_time:sentAt",
                "missing_field:doneAt",
                "not json",
                "not json",
                "not recognised",
                "missing_field:to",
            ]
        );
    }
}

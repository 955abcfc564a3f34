//! Zenvia: messages and statuses of its channels, WhatsApp, SMS, RCS and more.
//!
//! Knows the events `MESSAGE` and `MESSAGE_STATUS`. Format: Zenvia's API description, "subscriptions" and "events".
//!
//! A message names both sides and its direction. A status names only the message: whose it was is known where the log has
//! the recipient beside it, as `to` or `message.to`. Without it a status belongs to nobody and is refused.
//!
//! The account is the business's address after the name of the channel, so that its WhatsApp and its SMS are told apart.

use super::delivery::{Failure, Message, digits, moment, told_by};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text};

const NAME: &str = "zenvia";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Zenvia",
    knows_numbers: false,
    kinds: &[
        Kind::LinkClicked,
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
        sent: Ability::LowerBound,
        delivered: Ability::LowerBound,
        opened: Ability::LowerBound,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::NeedsSendLog,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::NeedsSendLog,
        paid: Ability::Never,
    },
    caveats: &[
        "Statuses do not name the recipient: log it beside them as to, or every status is refused.",
        "Reads are reported where the messenger reports them, and not where the contact switched them off.",
        "A status belongs to one content of a message (contentIndex); a message with several contents is delivered when the first is.",
        "CLICKED is a click on a link or another action of a message; taps on quick replies are messages with a payload, and count as clicks.",
        "WhatsApp's errors 131050 (marketing stopped) and 131049 and 130472 (held back) are told apart only where Zenvia passes the code on.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    match body.get("type").as_str() {
        Some("MESSAGE") => json::has(body.get("message"), "contents"),
        Some("MESSAGE_STATUS") => json::has(body, "messageStatus"),
        _ => false,
    }
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let is_status = record.body.get("type").as_str() == Some("MESSAGE_STATUS");
    let read = if is_status { status(record, out) } else { message(record, out) };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// The business's address with the channel's name before it.
fn account<'a>(body: &Value<'_>, address: Option<Text<'a>>) -> Option<Text<'a>> {
    let channel = json::text(body.get("channel")).or_else(|| json::text(body.get("message").get("channel")));
    let address = digits(address?);
    Some(match channel {
        Some(channel) => format!("{}:{address}", channel.to_ascii_lowercase()).into(),
        None => address,
    })
}

/// A message of either side.
fn message(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let message = body.get("message");
    let direction = json::text(body.get("direction")).or_else(|| json::text(message.get("direction")));
    let (contact, business, kind) = match direction.as_deref() {
        Some("IN") => ("from", "to", Kind::MessageReceived),
        Some("OUT") => ("to", "from", Kind::MessageSent),
        Some("INTERNAL") => {
            out.ignore("INTERNAL");
            return Ok(());
        }
        _ => return Err(Reason::BadValue("direction")),
    };
    let address = |field: &str| message.as_object().and_then(|message| message.get(field)).and_then(json::text);
    let told = Message {
        channel: NAME,
        account: account(body, address(business)),
        contact: address(contact).map(digits).ok_or(Reason::MissingField(contact))?,
        id: json::required(message.get("id"), "message.id")?,
    };
    let at = match message.get("timestamp") {
        Value::Null => body.get("timestamp"),
        at => at,
    };
    let event = told.event(kind, moment(at, "timestamp", record)?);
    // One message may have several contents; the first says what it is.
    let contents = || json::elements(message.get("contents"));
    let find = |field: &'static str| {
        contents().find_map(|content| json::text(content.as_object().and_then(|content| content.get(field))?))
    };
    let payload = find("payload").filter(|_| kind == Kind::MessageReceived);
    out.event(Event {
        kind: if payload.is_some() { Kind::ButtonClicked } else { kind },
        message_type: find("type"),
        template: find("templateId"),
        text: find("text").or_else(|| find("fileCaption")),
        answer: payload,
        ..event
    });
    Ok(())
}

/// What became of a message of the business.
fn status(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let status = body.get("messageStatus");
    let kind = match json::required(status.get("code"), "code")?.as_ref() {
        "SENT" => Kind::MessageSent,
        "DELIVERED" => Kind::MessageDelivered,
        "READ" => Kind::MessageOpened,
        "REJECTED" | "NOT_DELIVERED" => Kind::MessageFailed,
        "CLICKED" => Kind::LinkClicked,
        "VERIFIED" => {
            out.ignore("VERIFIED");
            return Ok(());
        }
        "DELETED" => {
            out.ignore("DELETED");
            return Ok(());
        }
        _ => {
            out.ignore("unknown_status");
            return Ok(());
        }
    };
    let side = |field: &str| {
        [body, body.get("message")]
            .into_iter()
            .find_map(|place| json::text(place.as_object().and_then(|place| place.get(field))?))
    };
    let told = Message {
        channel: NAME,
        account: account(body, side("from")),
        contact: side("to").map(digits).ok_or(Reason::MissingField("to"))?,
        id: json::required(body.get("messageId"), "messageId")?,
    };
    let at = match status.get("timestamp") {
        Value::Null => body.get("timestamp"),
        at => at,
    };
    // The message itself may have told that it was sent, with more words.
    let event = told_by("status", told.event(kind, moment(at, "timestamp", record)?));
    let causes = || json::elements(status.get("causes"));
    match kind {
        Kind::MessageFailed => {
            let error_code = causes().find_map(|cause| json::text(cause.get("channelErrorCode")));
            Failure::of_whatsapp(error_code.as_deref()).tell(Event { error_code, ..event }, out);
        }
        Kind::LinkClicked => {
            let answer = json::text(status.get("context").get("button").get("payload"));
            let key = format!("{}:{}", told.id, answer.as_deref().unwrap_or_default());
            out.event(Event { dedup: key.into(), message_id: None, reply_to: Some(told.id), answer, ..event });
        }
        _ => out.event(event),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::reading;
    use super::*;

    #[track_caller]
    fn message(direction: &str, contents: &str, expected: &str) {
        let json = format!(
            r#"{{"id":"e1","timestamp":"2026-03-02T08:00:00Z","type":"MESSAGE","channel":"whatsapp","direction":"{direction}","message":{{"id":"m1","from":"5511","to":"2020","contents":[{contents}],"visitor":{{"name":"Bob"}}}}}}"#
        );
        reading::check(&CHANNEL, &json, &[expected]);
    }

    #[track_caller]
    fn status(status: &str, expected: &[&str]) {
        let json = format!(
            r#"{{"id":"e2","type":"MESSAGE_STATUS","channel":"whatsapp","messageId":"m1","to":"5511","contentIndex":0,"messageStatus":{{"timestamp":"2026-03-02T08:00:00Z",{status}}}}}"#
        );
        reading::check(&CHANNEL, &json, expected);
    }

    #[test]
    fn the_direction_says_who_is_the_contact() {
        message(
            "IN",
            r#"{"type":"text","text":"Oi"}"#,
            "1772438400 message_received 5511 account=whatsapp:2020 id=m1 type=text text=Oi",
        );
        message(
            "OUT",
            r#"{"type":"template","templateId":"t1"}"#,
            "1772438400 message_sent 2020 account=whatsapp:5511 id=m1 template=t1 type=template",
        );
        message("INTERNAL", r#"{"type":"text","text":"nota"}"#, "ignored INTERNAL");
        message("ASIDE", r#"{"type":"text","text":"nota"}"#, "rejected bad_value:direction");
    }

    #[test]
    fn a_text_with_a_payload_is_a_tap_and_a_file_a_message() {
        message(
            "IN",
            r#"{"type":"text","text":"Sim","payload":"yes"}"#,
            "1772438400 button_clicked 5511 account=whatsapp:2020 id=m1 type=text answer=yes text=Sim",
        );
        message(
            "IN",
            r#"{"type":"file","fileUrl":"https://x","fileCaption":"foto"}"#,
            "1772438400 message_received 5511 account=whatsapp:2020 id=m1 type=file text=foto",
        );
    }

    #[test]
    fn a_direction_may_stand_inside_the_message() {
        reading::check(
            &CHANNEL,
            r#"{"id":"e","timestamp":"2026-03-02T08:00:00Z","type":"MESSAGE","message":{"id":"m1","from":"5511","to":"2020","direction":"IN","contents":[{"type":"location"}]}}"#,
            &["1772438400 message_received 5511 account=2020 id=m1 type=location"],
        );
    }

    #[test]
    fn codes_say_how_far_a_message_got() {
        for (code, kind) in [("SENT", "message_sent"), ("DELIVERED", "message_delivered"), ("READ", "message_opened")] {
            status(&format!(r#""code":"{code}""#), &[&format!("1772438400 {kind} 5511 id=m1")]);
        }
        status(
            r#""code":"NOT_DELIVERED","causes":[{"channelErrorCode":"131026","reason":"x"}]"#,
            &["1772438400 message_failed 5511 id=m1 error=131026"],
        );
        status(
            r#""code":"REJECTED","causes":[{"channelErrorCode":131050}]"#,
            &[
                "1772438400 message_failed 5511 id=m1 error=131050",
                "1772438400 opted_out_soft 5511 topic=marketing_messages error=131050",
            ],
        );
        status(
            r#""code":"CLICKED","context":{"button":{"type":"link","payload":"shop"}}"#,
            &["1772438400 link_clicked 5511 re=m1 answer=shop"],
        );
        for code in ["VERIFIED", "DELETED"] {
            status(&format!(r#""code":"{code}""#), &[&format!("ignored {code}")]);
        }
    }

    #[test]
    fn a_status_of_nobody_is_refused() {
        let status = |rest: &str| {
            format!(
                r#"{{"id":"e2","type":"MESSAGE_STATUS","messageId":"m1",{rest}"messageStatus":{{"timestamp":"2026-03-02T08:00:00Z","code":"SENT"}}}}"#
            )
        };
        reading::check(&CHANNEL, &status(""), &["rejected missing_field:to"]);
        reading::check(
            &CHANNEL,
            &status(r#""message":{"from":"2020","to":"+5511"},"#),
            &["1772438400 message_sent 5511 account=2020 id=m1"],
        );
    }

    #[test]
    fn the_broken_sample_is_refused_for_these_reasons() {
        let broken = include_str!("../../sample-data/zenvia/broken.ndjson");
        assert_eq!(
            reading::outcomes(&CHANNEL, broken),
            [
                "missing_field:message.id",
                "missing_field:from",
                "bad_value:direction",
                "no_zone:timestamp",
                "bad_time:timestamp",
                "missing_field:timestamp",
                "missing_field:to",
                "missing_field:messageId",
                "missing_field:code",
                "ignored unknown_status",
                "not json",
                "not json",
                "not recognised",
            ]
        );
    }
}

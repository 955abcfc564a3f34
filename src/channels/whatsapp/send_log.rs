//! The business's own log of its sends: what it asked the platform for, and what the platform answered.
//!
//! Webhooks never repeat the template or the text of an outbound message, so a business that wants to tell campaigns
//! apart writes one line per call of `POST /PHONE_NUMBER_ID/messages`:
//!
//! ```json
//! {"at": "2026-03-02T09:00:00Z", "phone_number_id": "105…",
//!  "request": {"messaging_product": "whatsapp", "to": "4915…", "type": "template",
//!              "template": {"name": "spring_sale", "language": {"code": "de"}},
//!              "biz_opaque_callback_data": "campaign=spring"},
//!  "response": {"messages": [{"id": "wamid.…"}], "contacts": [{"input": "+49 15…", "wa_id": "4915…"}]}}
//! ```
//!
//! - `request` is the body of the call as it was sent, `response` the platform's answer, or its `{"error": {"code": …}}`.
//! - The time is `at` or `sent_at`; else `received_at`, or the time of receipt that the log's envelope tells.
//! - `phone_number_id` should be there: conversations are per contact and account, and webhooks name it. Without it the
//!   account is unknown.
//!
//! Each message in the response gives a `message_sent`. The webhook's status `sent` for the same id is a second event of
//! that kind, later by some seconds; the earliest counts. A message that the platform holds back for a check of its
//! quality is told as sent too: its statuses say how it ended. A refused call gives a `message_failed` without a message
//! id, because none was given.

use jiff::tz::TimeZone;

use super::super::{Out, Reason, Record, Value, json};
use super::{NAME, content, digits, status};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

/// Whether a record is a line of the send log.
pub(super) fn recognises(body: &Value<'_>) -> bool {
    body.get("request").get("messaging_product").as_str() == Some(NAME)
}

/// Reads a line of the send log.
pub(super) fn read(record: &Record<'_>, zone: Option<&TimeZone>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let (request, response) = (body.get("request"), body.get("response"));
    if !request.get("status").is_null() {
        // The business marks the contact's message as read, or shows that it types.
        out.ignore("mark_as_read");
        return Ok(());
    }
    if request.get("recipient_type").as_str() == Some("group") {
        out.ignore("group");
        return Ok(());
    }
    let content = match request.get("type") {
        // The platform takes a request without a type for text.
        Value::Null => None,
        _ => Some(content(request)?),
    };
    if content.as_ref().is_some_and(|content| content.message_type == "reaction") {
        out.ignore("reaction");
        return Ok(());
    }
    let (at, time_basis) = time(record, zone)?;
    let contact = contact(request, response).ok_or(Reason::MissingField("to"))?;
    let text =
        content.as_ref().map_or_else(|| json::text(request.get("text").get("body")), |content| content.text.clone());
    let template = request.get("template");
    let event = Event {
        time_basis,
        account: json::text(body.get("phone_number_id")),
        reply_to: json::text(request.get("context").get("message_id")),
        message_type: Some(content.map_or("text", |content| content.message_type).into()),
        template: json::text(template.get("name")),
        language: json::text(template.get("language").get("code")),
        text,
        tag: json::text(request.get("biz_opaque_callback_data")),
        ..Event::new(Kind::MessageSent, at, NAME, contact, "")
    };

    let error = response.get("error");
    if error.is_object() {
        // The platform gave it no id, but it is a message that failed and must count as one: its own words name it.
        let words = format!("{}:{:?}:{:?}:{:?}", event.contact, event.template, event.tag, event.text);
        let hash = blake3::hash(words.as_bytes()).to_hex();
        let id: Text<'_> = format!("failed:{}:{}", event.at.0, hash.get(..16).unwrap_or_default()).into();
        let errors = Value::Array(std::slice::from_ref(error));
        status::fail(Event { message_id: Some(id.clone()), dedup: id, ..event }, &errors, out);
        return Ok(());
    }
    let mut messages = json::elements(response.get("messages")).peekable();
    if messages.peek().is_none() {
        return Err(Reason::MissingField("response.messages"));
    }
    for message in messages {
        let id = json::required(message.get("id"), "response.messages.id")?;
        // Not the bare id: the webhook's status may have the same second, and is another event with other columns.
        let dedup = format!("send:{id}");
        out.event(Event { message_id: Some(id), dedup: dedup.into(), ..event.clone() });
    }
    Ok(())
}

fn time(record: &Record<'_>, zone: Option<&TimeZone>) -> Result<(Time, TimeBasis), Reason> {
    for field in ["at", "sent_at"] {
        let time = record.body.get(field);
        if !time.is_null() {
            return json::time(time, field, zone).map(|at| (at, TimeBasis::Event));
        }
    }
    let received_at = match record.received_at {
        Some(at) => at,
        None => json::time(record.body.get("received_at"), "at", zone)?,
    };
    Ok((received_at, TimeBasis::Received))
}

/// The recipient as the platform knows them, else as the business wrote them.
fn contact<'a>(request: &'a Value<'a>, response: &'a Value<'a>) -> Option<Text<'a>> {
    let known = json::elements(response.get("contacts")).next();
    known
        .and_then(|known| json::text(known.get("wa_id")).or_else(|| json::text(known.get("user_id"))))
        .or_else(|| json::text(request.get("to")))
        .or_else(|| json::text(request.get("recipient")))
        .map(digits)
}

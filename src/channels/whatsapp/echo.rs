//! Messages that did not go through this business's calls of the API: echoes of the phone app (`smb_message_echoes`),
//! those of Meta's own agent, and the history that a business shares when it joins the API (`history`).
//!
//! Knows nothing of live receipts.

use super::super::{Out, Reason, Value, json};
use super::{Scope, content, digits, inbound, rows};
use crate::event::{Event, Kind, Text, Time};

/// Field `smb_message_echoes`: a person answered from the phone app.
pub(super) fn read<'a>(value: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) {
    for message in rows(value, "message_echoes", out) {
        let contact = recipient(message).ok_or(Reason::MissingField("to"));
        if let Err(reason) = contact.and_then(|contact| outbound(message, message, contact, Some("human"), scope, out))
        {
            out.reject(reason);
        }
    }
}

/// `standby.message_echoes`: Meta's own agent answered. Id and time stand beside the message.
pub(super) fn of_agent<'a>(value: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) {
    for row in rows(value, "message_echoes", out) {
        let message = if row.get("message").is_object() { row.get("message") } else { row };
        if message.get("recipient_type").as_str() == Some("group") {
            out.ignore("group");
            continue;
        }
        let contact = recipient(message).ok_or(Reason::MissingField("to"));
        if let Err(reason) = contact.and_then(|contact| outbound(row, message, contact, Some("bot"), scope, out)) {
            out.reject(reason);
        }
    }
}

/// Field `history`: up to half a year of old messages in one go, each of which belongs to its own day.
///
/// A message is inbound if it comes from the thread's contact, and outbound if it names a recipient (`to`) or comes from
/// anybody else. How far an
/// outbound message got is told (`history_context.status`), but not when: the highest level is told at the time of the
/// message itself, so that rates are right. Who wrote is not told: `agent` is unknown.
pub(super) fn history<'a>(value: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) {
    for part in rows(value, "history", out) {
        if json::elements(part.get("errors")).next().is_some() {
            out.ignore("history_declined");
        }
        for thread in rows(part, "threads", out) {
            let person = json::text(thread.get("id")).map(digits);
            for message in rows(thread, "messages", out) {
                if let Err(reason) = old(message, person.as_ref(), scope, out) {
                    out.reject(reason);
                }
            }
        }
    }
}

fn old<'a>(
    message: &'a Value<'a>,
    person: Option<&Text<'a>>,
    scope: &Scope<'a>,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let from = json::text(message.get("from")).map(digits);
    let has_both = person.is_some() && from.is_some();
    let by_contact = has_both && from.as_ref() == person;
    let by_other = has_both && !by_contact;
    let addressee = recipient(message).or_else(|| person.filter(|_| by_other).cloned());
    let Some(contact) = addressee.filter(|_| !by_contact) else {
        return inbound::read(message, scope, out);
    };
    outbound(message, message, contact.clone(), None, scope, out)?;
    let status = message.get("history_context").get("status").as_str().unwrap_or_default().to_ascii_lowercase();
    let kind = match status.as_str() {
        "delivered" => Kind::MessageDelivered,
        "read" | "played" => Kind::MessageOpened,
        "error" | "failed" => Kind::MessageFailed,
        _ => return Ok(()),
    };
    if !is_message(message) {
        return Ok(());
    }
    let (id, at) = id_and_time(message, scope)?;
    let dedup = format!("history:{id}");
    out.event(Event { message_id: Some(id), ..scope.event(kind, at, contact, dedup) });
    Ok(())
}

/// Tells a message of the business; `row` holds its id and its time.
pub(super) fn outbound<'a>(
    row: &'a Value<'a>,
    message: &'a Value<'a>,
    contact: Text<'a>,
    agent: Option<&'static str>,
    scope: &Scope<'a>,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let content = content(message)?;
    if !is_message(message) {
        out.ignore(match content.message_type {
            "edit" => "edit",
            "revoke" => "revoke",
            "reaction" => "reaction",
            _ => "system",
        });
        return Ok(());
    }
    let (id, at) = id_and_time(row, scope)?;
    // Not the bare id: a receipt `sent` may have the same second, and is another event with other columns.
    let dedup = format!("echo:{id}");
    out.event(Event {
        message_id: Some(id),
        reply_to: json::text(message.get("context").get("id")),
        message_type: Some(content.message_type.into()),
        text: content.text,
        agent: agent.map(Into::into),
        ..scope.event(Kind::MessageSent, at, contact, dedup)
    });
    Ok(())
}

/// Edits, deletions, reactions and notes are no new messages of the business.
fn is_message(message: &Value<'_>) -> bool {
    !matches!(message.get("type").as_str(), Some("edit" | "revoke" | "reaction" | "system"))
}

fn recipient<'a>(message: &'a Value<'a>) -> Option<Text<'a>> {
    ["to", "to_user_id", "recipient"].into_iter().find_map(|key| json::text(message.get(key))).map(digits)
}

fn id_and_time<'a>(message: &'a Value<'a>, scope: &Scope<'a>) -> Result<(Text<'a>, Time), Reason> {
    let id = json::required(message.get("id"), "id")?;
    let at = json::time(message.get("timestamp"), "timestamp", scope.zone)?;
    Ok((id, at))
}

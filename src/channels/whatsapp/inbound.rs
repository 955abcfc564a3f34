//! What a contact wrote or tapped: `value.messages[]`.
//!
//! Knows nothing of receipts. Which question a message answers, and whether its text is an opt-out, is told later.

use std::borrow::Cow;

use serde::Deserialize;

use super::super::{Out, Reason, Value, json};
use super::{Person, Scope, content, digits, is_number, part, preferences, word};
use crate::event::{Event, Kind, Text, Time};

/// Reads one message.
///
/// - Taps (`button`, `button_reply`, `list_reply`, `call_permission_reply`) give `button_clicked`: `answer` is the payload
///   or option id, `text` the title.
/// - A submitted form (`nfm_reply`) is a message: it holds what the contact typed, so nothing of it is an `answer`. Its
///   flow token, which the business chose, is the `tag`.
/// - `unsupported` and `unknown` are messages whose content the platform does not pass on: a reply all the same.
/// - A removed reaction, an edited and a deleted message are no new act and are ignored.
/// - `request_welcome` says that the contact opened the chat for the first time, before writing: a `referral`.
/// - A message after an ad gives a `referral` besides: `topic` is the id of the ad or post.
pub(super) fn read<'a>(message: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    if json::text(message.get("group_id")).is_some() {
        out.ignore("group");
        return Ok(());
    }
    let id = json::required(message.get("id"), "id")?;
    let at = json::time(message.get("timestamp"), "timestamp", scope.zone)?;
    let kind = word(message.get("type")).ok_or(Reason::MissingField("type"))?;
    let content = content(message)?;
    let from = json::text(message.get("from"));
    let user = json::text(message.get("from_user_id")).or_else(|| json::text(message.get("user_id")));

    if kind == "system" {
        // Before the contact is looked up: the row may name the old id, or none.
        return system(message, id, at, scope, out);
    }
    let Person { contact, former } = scope.person(from, user).ok_or(Reason::MissingField("from"))?;
    let new = |kind: Kind| Event {
        former: former.clone(),
        message_id: Some(id.clone()),
        reply_to: json::text(message.get("context").get("id")),
        message_type: Some(content.message_type.into()),
        ..scope.event(kind, at, contact.clone(), id.clone())
    };
    let tapped = |answer: Option<Text<'a>>, title: Option<Text<'a>>| Event {
        answer: answer.or_else(|| title.clone()),
        text: title,
        ..new(Kind::ButtonClicked)
    };

    let event = match kind {
        "button" => tapped(json::text(message.get("button").get("payload")), content.text.clone()),
        "interactive" => {
            let interactive = message.get("interactive");
            let reply = part(interactive, content.message_type);
            match content.message_type {
                "button_reply" | "list_reply" => tapped(json::text(reply.get("id")), json::text(reply.get("title"))),
                "call_permission_reply" if reply.get("response_source").as_str() == Some("automatic") => {
                    out.ignore("automatic_reply");
                    return Ok(());
                }
                "call_permission_reply" => tapped(json::text(reply.get("response")), None),
                "nfm_reply" => Event {
                    tag: reply.get("response_json").as_str().and_then(flow_token),
                    ..new(Kind::MessageReceived)
                },
                _ => new(Kind::MessageReceived),
            }
        }
        "reaction" => {
            let reaction = message.get("reaction");
            let Some(emoji) = json::text(reaction.get("emoji")) else {
                out.ignore("reaction_removed");
                return Ok(());
            };
            Event {
                reply_to: json::text(reaction.get("message_id")),
                answer: Some(emoji),
                ..new(Kind::ReactionReceived)
            }
        }
        "text" | "image" | "video" | "document" | "sticker" | "audio" | "voice" | "location" | "contacts" | "order"
        | "unsupported" | "unknown" | "media_placeholder" => {
            Event { text: content.text.clone(), ..new(Kind::MessageReceived) }
        }
        "request_welcome" => {
            let source = source(message).unwrap_or(Cow::Borrowed("request_welcome"));
            out.event(Event { topic: Some(source), ..new(Kind::Referral) });
            return Ok(());
        }
        "edit" => {
            out.ignore("edit");
            return Ok(());
        }
        "revoke" => {
            out.ignore("revoke");
            return Ok(());
        }
        _ => {
            out.ignore("unknown_message_type");
            return Ok(());
        }
    };
    if message.get("referral").as_object().is_some_and(|referral| !referral.is_empty()) {
        out.event(Event { topic: source(message), message_type: None, reply_to: None, ..new(Kind::Referral) });
    }
    out.event(event);
    Ok(())
}

/// The ad or post that brought the contact: its id, else its address.
fn source<'a>(message: &'a Value<'a>) -> Option<Text<'a>> {
    let referral = message.get("referral");
    json::text(referral.get("source_id")).or_else(|| json::text(referral.get("source_url")))
}

/// The flow token inside a form's answers. They are JSON inside a string, often without a token, and sometimes no object.
fn flow_token<'a>(response: &str) -> Option<Text<'a>> {
    #[derive(Deserialize)]
    struct Response {
        flow_token: Option<String>,
    }
    let token = serde_json::from_str::<Response>(response).ok()?.flow_token?;
    (!token.trim().is_empty()).then_some(Cow::Owned(token))
}

/// A note of the platform about the contact. A new number or id is told on the contact as they are known from now on. The
/// id before stands in `from`, `from_user_id` or `system.customer`, or else only in the note's text.
fn system<'a>(
    message: &'a Value<'a>,
    id: Text<'a>,
    at: Time,
    scope: &Scope<'a>,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let note = message.get("system");
    let from = json::text(message.get("from")).map(digits);
    let number = || json::text(note.get("wa_id")).or_else(|| json::text(note.get("new_wa_id"))).map(digits);
    let user = json::text(note.get("user_id"));
    let contact = match note.get("type").as_str() {
        // The second is what Meta's reference calls it.
        Some("user_changed_number" | "customer_changed_number") => number().or_else(|| user.clone()),
        // The number is still the same, if it is told at all.
        Some("user_changed_user_id") => {
            number().or_else(|| from.clone().filter(|from| is_number(from))).or_else(|| user.clone())
        }
        // The person reinstalled the app: the ids are as before.
        Some("customer_identity_changed") => {
            out.ignore("customer_identity_changed");
            return Ok(());
        }
        Some("user_preference_changed") => return super::on_premises::preference(message, at, scope, out),
        _ => {
            out.ignore("system");
            return Ok(());
        }
    };
    let contact = contact.ok_or(Reason::MissingField("system.wa_id"))?;
    let before = replaced(note, [number(), user.clone()]);
    let ids = [from, json::text(note.get("customer")), before, json::text(message.get("from_user_id")), user];
    let event = Event { message_id: Some(id.clone()), ..scope.event(Kind::IdentityLinked, at, contact.clone(), id) };
    preferences::linked(&contact, ids, &event, out);
    Ok(())
}

/// The old id in the text of a note, "User NAME changed from OLD to NEW", if it names one of the new ids as NEW.
fn replaced<'a>(note: &'a Value<'a>, new: [Option<Text<'a>>; 2]) -> Option<Text<'a>> {
    let (rest, told) = note.get("body").as_str()?.trim().rsplit_once(" to ")?;
    let (_, old) = rest.rsplit_once(" from ")?;
    let is_new = new.into_iter().flatten().any(|id| id == digits(told.into()));
    (is_new && !old.contains(char::is_whitespace)).then(|| old.into())
}

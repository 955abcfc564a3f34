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
    knows_numbers: false,
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
mod tests;

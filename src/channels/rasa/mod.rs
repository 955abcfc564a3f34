//! Rasa: trackers as they are dumped, kept in SQL and Mongo, or streamed by an event broker.
//!
//! It finds the events in their container; what they mean is in `dialogue`. Format: Rasa's `rasa.shared.core.events` and
//! its tracker stores. The containers are
//!
//! - a tracker, whole: `{"sender_id": "77", "events": [{"event": "user", "timestamp": 1772438400.1, …}, …], …}`, as the
//!   HTTP API gives it and as Mongo keeps it (numbers may be `{"$numberLong": "1"}` and the like);
//! - an event a line, with the `sender_id` beside its fields, as event brokers write it;
//! - an event a document, with the `sender_id` beside `event`, as Mongo gives it after `$unwind`;
//! - a row of the SQL table `events`, with the event as JSON text in `data`.
//!
//! Only a whole tracker tells the order of its events and which question was waiting; from the other containers each
//! event is read by itself.

use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json, parse as parse_json};
use crate::event::{Kind, Text};

mod dialogue;
#[cfg(test)]
mod tests;

use self::dialogue::Dialogue;

const NAME: &str = "rasa";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Rasa",
    knows_numbers: false,
    kinds: &[
        Kind::FlowStarted,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::QuestionAnswered,
        Kind::AnswerRejected,
        Kind::QuestionSkipped,
        Kind::Fallback,
        Kind::OptedOutSoft,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::FlowEnded,
        Kind::MessageSent,
        Kind::QuestionAsked,
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
        asked: Ability::Yes,
        handed_over: Ability::LowerBound,
        paid: Ability::Never,
    },
    caveats: &[
        "Rasa keeps no receipts: deliveries and opens are unknown.",
        "The contact is the sender_id, which is another one on each of the bot's input channels; the account is the assistant_id, which versions before 3.5 do not write.",
        "In a whole tracker the stored order counts: a time that runs backwards, by up to an hour, is moved to just after the event before it.",
        "A tap is known by its payload, a message such as /affirm; a button that sends plain words counts as a written message.",
        "The payload of a tap is kept whole, with the entities in it: a web site that begins its chats with a payload should put nothing personal into it.",
        "A question is a requested_slot or an utter_ask_ action; it is answered when that slot is set, which free text can do as well; an utter_ask_ action outside of forms and flows, by the next message.",
        "A question that still waits when its form is left, the session begins anew or the tracker restarts counts as skipped.",
        "Whether a form was completed is told only by whole trackers; from single events, name the last question of the flow in trichter.toml.",
        "Load a conversation from one of its containers: a whole tracker tells more of each event than the event by itself, so both together count questions twice.",
        "Single events do not tell whether a slot was asked for: their question_answered also name slots that the bot filled by itself; visits are not affected.",
        "Single events of a low-confidence message and of the fallback action it led to count as two fallbacks; whole trackers count one.",
        "What was taken back by rewind or undo stays counted as messages, because it was written and read; only the answer is taken back.",
        "A hand-over is known by the event pause and by the action action_human_handoff; actions of other names need a rule.",
        "The intent of a message can be read by rules as its tag.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    let has = |key| json::has(body, key);
    if has("sender_id") {
        let is_event = match body.get("event") {
            Value::Str(word) => dialogue::is_event(word),
            event => event.is_object(),
        };
        return is_event || has("events") || has("type_name") || is_summary(body);
    }
    match body.get("event") {
        // An event that lost its tracker is refused by its own name.
        Value::Str(word) => dialogue::is_event(word) && has("timestamp"),
        _ => has("events") && has("latest_message") || has("type_name") && has("data"),
    }
}

/// Kairon's own summary of a turn, which stands beside the turn's events.
fn is_summary(body: &Value<'_>) -> bool {
    body.get("type").as_str() == Some("flattened")
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if let Err(reason) = container(record, out) {
        out.reject(reason);
    }
}

fn container(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    if is_summary(body) {
        out.ignore("flattened");
        return Ok(());
    }
    let sender = sender(body)?;
    if json::has(body, "events") {
        return tracker(record, sender, out);
    }
    let mut dialogue = Dialogue::of_one_event(record, sender);
    match (body.get("type_name"), body.get("event")) {
        (Value::Null, event @ Value::Object(_)) => dialogue.read(event, out),
        (Value::Null, _) => dialogue.read(body, out),
        _ => match body.get("data") {
            Value::Null => Err(Reason::MissingField("data")),
            Value::Str(text) => {
                let data = parse_json(text, record.arena).map_err(|_| Reason::BadValue("data"))?;
                Dialogue::of_one_event(record, dialogue.sender().clone()).at_row(body.get("id")).read(&data, out)
            }
            data => dialogue.at_row(body.get("id")).read(data, out),
        },
    }
}

/// A whole tracker. An event that cannot be read does not keep the others from being read.
fn tracker<'a>(record: &'a Record<'a>, sender: Text<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let events = record.body.get("events").as_array().ok_or(Reason::BadValue("events"))?;
    if events.is_empty() {
        out.ignore("no_events");
    }
    let mut dialogue = Dialogue::of_tracker(record, sender);
    for event in events {
        if let Err(reason) = dialogue.read(event, out) {
            out.reject(reason);
        }
    }
    Ok(())
}

fn sender<'a>(body: &'a Value<'a>) -> Result<Text<'a>, Reason> {
    json::required(plain(body.get("sender_id")), "sender_id")
}

/// A value without the type that Mongo's extended JSON wraps around it.
fn plain<'a>(value: &'a Value<'a>) -> &'a Value<'a> {
    const TYPES: [&str; 6] = ["$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$date", "$oid"];
    match value.as_object() {
        Some(object) => TYPES.iter().find_map(|key| object.get(key)).map_or(value, plain),
        None => value,
    }
}

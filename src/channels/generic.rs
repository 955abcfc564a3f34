//! Logs of no particular platform: canonical events, and chat transcripts with one row per message.
//!
//! Reads JSON objects, and CSV rows as objects of text in which blank cells are null: empty means absent. It knows nothing
//! of quoting, headers or files.
//!
//! **Canonical events**, recognised by `kind` and `at`: one row per event, with the columns of the events table. `kind`,
//! `at` and `contact_id` (or `contact`) must be there; `channel` defaults to `generic`; `at` and `up_to` are ISO-8601 or
//! Unix seconds, milliseconds or microseconds. `event_id` says when two rows are the same event; without it two rows are
//! the same if kind, time, contact, message, question, answer and text are. Columns that are not known are left alone.
//!
//! **Chat transcripts**, recognised by the columns that `[transcript]` names for direction and time. A row of the business
//! is a `message_sent`, a row of the contact a `message_received`. They are filed under `transcript.channel`, without an
//! account. Transcripts hold no receipts: what was delivered or opened is unknown, unless canonical events for the same
//! channel tell it. Rows without a message id get one from conversation, time, direction and text, so that the same text
//! twice within the log's time resolution counts once.

use jiff::tz::TimeZone;

use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::config::Transcript;
use crate::event::{Event, Kind, Text, Time, TimeBasis};

const NAME: &str = "generic";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Generic log",
    knows_numbers: false,
    kinds: Kind::ALL,
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Yes,
        opened: Ability::Yes,
        clicked: Ability::Yes,
        replied: Ability::Yes,
        opted_in: Ability::Yes,
        opted_out_soft: Ability::Yes,
        opted_out_hard: Ability::Yes,
        asked: Ability::Yes,
        handed_over: Ability::Yes,
        paid: Ability::Yes,
    },
    caveats: &[
        "Canonical events can hold every kind; what a log really holds depends on who wrote it.",
        "Chat transcripts hold no receipts: deliveries and opens are unknown unless the log has receipts as canonical events.",
        "Chat transcripts without message ids: the same text twice in the same second of a conversation counts once.",
        "Events without event_id: two rows that agree in kind, time, contact, message, question, answer and text count once.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let columns = &record.reading.transcript;
    is_canonical(record.body) && json::has(record.body, "at") || is_transcript(record.body, columns)
}

fn is_canonical(row: &Value<'_>) -> bool {
    json::has(row, "kind")
}

fn is_transcript(row: &Value<'_>, columns: &Transcript) -> bool {
    json::has(row, &columns.direction) && json::has(row, &columns.at)
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let zone = record.reading.zone();
    let event = if is_canonical(record.body) {
        canonical(record.body, zone)
    } else if is_transcript(record.body, &record.reading.transcript) {
        transcript(record.body, &record.reading.transcript, zone)
    } else {
        Err(Reason::UnknownShape)
    };
    match event {
        Ok(event) => out.event(event),
        Err(reason) => out.reject(reason),
    }
}

/// Reads a row of canonical columns.
fn canonical<'a>(row: &'a Value<'a>, zone: Option<&TimeZone>) -> Result<Event<'a>, Reason> {
    let kind = required(row, "kind", "kind")?;
    let kind = Kind::from_name(&kind).ok_or(Reason::BadValue("kind"))?;
    let at = time(row, "at", "at", zone)?;
    let contact = cell(row, "contact_id").or_else(|| cell(row, "contact")).ok_or(Reason::MissingField("contact_id"))?;
    let channel = cell(row, "channel").unwrap_or(NAME.into());
    let up_to = match kind {
        Kind::DeliveredUpTo | Kind::OpenedUpTo => Some(time(row, "up_to", "up_to", zone)?),
        _ => None,
    };
    let [message_id, question, answer] = ["message_id", "question", "answer"].map(|column| cell(row, column));
    let text = whole_cell(row, "text");
    let dedup = cell(row, "event_id").unwrap_or_else(|| {
        let parts = [Some(&contact), message_id.as_ref(), question.as_ref(), answer.as_ref(), text.as_ref()];
        key(&parts.map(|part| part.map_or("", |part| part.as_ref()))).into()
    });
    Ok(Event {
        time_basis: match cell(row, "time_basis").as_deref() {
            None => TimeBasis::Event,
            Some(name) if name == TimeBasis::Event.name() => TimeBasis::Event,
            Some(name) if name == TimeBasis::Received.name() => TimeBasis::Received,
            Some(_) => return Err(Reason::BadValue("time_basis")),
        },
        account: cell(row, "account"),
        message_id,
        reply_to: cell(row, "reply_to"),
        campaign: cell(row, "campaign"),
        template: cell(row, "template"),
        category: cell(row, "category"),
        flow: cell(row, "flow"),
        flow_version: cell(row, "flow_version"),
        question,
        variant: cell(row, "variant"),
        topic: cell(row, "topic"),
        country: cell(row, "country"),
        language: cell(row, "language"),
        message_type: cell(row, "message_type"),
        agent: cell(row, "agent"),
        answer,
        text,
        tag: cell(row, "tag"),
        error_code: cell(row, "error_code"),
        billable: match cell(row, "billable") {
            None => None,
            Some(_) => Some(json::flag(row_field(row, "billable")).ok_or(Reason::BadValue("billable"))?),
        },
        cost: match cell(row, "cost") {
            Some(cost) if !is_decimal(&cost) => return Err(Reason::BadValue("cost")),
            cost => cost,
        },
        currency: cell(row, "currency"),
        up_to,
        ..Event::new(kind, at, channel, contact, dedup)
    })
}

/// Reads a row of a chat transcript.
fn transcript<'a>(row: &'a Value<'a>, columns: &Transcript, zone: Option<&TimeZone>) -> Result<Event<'a>, Reason> {
    let direction = required(row, &columns.direction, "direction")?;
    let lower = direction.to_lowercase();
    let means = |words: &[String]| words.iter().any(|word| *word == lower || word.to_lowercase() == lower);
    let kind = if means(&columns.inbound) {
        Kind::MessageReceived
    } else if means(&columns.outbound) {
        Kind::MessageSent
    } else {
        return Err(Reason::BadValue("direction"));
    };
    let at = time(row, &columns.at, "at", zone)?;
    let conversation = cell(row, &columns.conversation);
    let contact =
        cell(row, &columns.contact).or_else(|| conversation.clone()).ok_or(Reason::MissingField("contact"))?;
    let text = whole_cell(row, &columns.text);
    let message_id = cell(row, &columns.message_id).unwrap_or_else(|| {
        // A hash, because message ids may be kept where texts may not.
        let place = conversation.as_ref().unwrap_or(&contact);
        let key = key(&[place, kind.name(), &at.0.to_string(), text.as_deref().unwrap_or_default()]);
        let hash = blake3::hash(key.as_bytes()).to_hex();
        hash.chars().take(32).collect::<String>().into()
    });
    // Message ids of exports may be numbers that begin anew in each conversation.
    let dedup = key(&[conversation.as_deref().unwrap_or_default(), &contact, &message_id]);
    Ok(Event {
        message_id: Some(message_id),
        campaign: cell(row, &columns.campaign),
        flow: cell(row, &columns.flow),
        question: cell(row, &columns.question),
        text,
        ..Event::new(kind, at, columns.channel.clone(), contact, dedup)
    })
}

/// Parts in one key. The separator is a control character that no id holds.
fn key(parts: &[&str]) -> String {
    parts.join("\u{1f}")
}

/// A cell as text without blanks around it: text, numbers and flags; empty is absent.
pub(super) fn cell<'a>(row: &'a Value<'a>, column: &str) -> Option<Text<'a>> {
    match row_field(row, column) {
        Value::Str(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(Into::into),
        Value::Bool(flag) => Some(if *flag { "true" } else { "false" }.into()),
        number @ Value::Number(_) => {
            json::text(number).or_else(|| number.as_f64().map(|number| number.to_string().into()))
        }
        _ => None,
    }
}

/// A cell as it stands, for what people wrote.
fn whole_cell<'a>(row: &'a Value<'a>, column: &str) -> Option<Text<'a>> {
    match row_field(row, column) {
        text @ Value::Str(_) => json::text(text),
        _ => cell(row, column),
    }
}

fn row_field<'a>(row: &'a Value<'a>, column: &str) -> &'a Value<'a> {
    row.as_object().and_then(|row| row.get(column)).unwrap_or(&Value::Null)
}

fn required<'a>(row: &'a Value<'a>, column: &str, field: &'static str) -> Result<Text<'a>, Reason> {
    cell(row, column).ok_or(Reason::MissingField(field))
}

fn time(row: &Value<'_>, column: &str, field: &'static str, zone: Option<&TimeZone>) -> Result<Time, Reason> {
    match row_field(row, column) {
        Value::Str(text) if text.trim().is_empty() => Err(Reason::MissingField(field)),
        value => json::time(value, field, zone),
    }
}

/// Whether text is a plain decimal number such as `-0.05`.
pub(super) fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (units, places) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(units) && digits(places)
}

#[cfg(test)]
mod tests {
    use super::super::{Arena, Outcome, Reading, value};
    use super::*;

    fn read(body: &str, see: &mut dyn FnMut(Event<'_>)) -> Outcome {
        let arena = Arena::default();
        let body = value::parse(body, &arena).unwrap();
        let reading = Reading { zone: Some(TimeZone::UTC), ..Reading::default() };
        let mut out = Out::new(see);
        let record = Record { body: &body, received_at: None, source: "test", reading: &reading, arena: &arena };
        assert!(recognises(&record), "not recognised: {body:?}");
        parse(&record, &mut out);
        out.outcome()
    }

    fn seen(body: &str) -> String {
        let mut found = String::new();
        let outcome = read(body, &mut |event| {
            found = [Some(event.kind.name().into()), Some(event.at.to_string().into()), Some(event.channel)]
                .into_iter()
                .chain([Some(event.contact), event.question, event.answer, event.text, event.cost])
                .map(|part| part.unwrap_or("-".into()).into_owned())
                .collect::<Vec<_>>()
                .join(" ");
        });
        if found.is_empty() { format!("{outcome:?}") } else { found }
    }

    fn ids(body: &str) -> (String, Option<String>) {
        let mut ids = Default::default();
        read(body, &mut |event| ids = (event.dedup.into_owned(), event.message_id.map(Text::into_owned)));
        ids
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        assert_eq!(seen(body), expected, "{body:?}");
    }

    #[test]
    fn canonical_rows_are_read_from_json_and_from_csv_alike() {
        let expected = "button_clicked 2026-01-01T12:00:00Z generic c1 size 42 - 0.05";
        check(
            r#"{"kind":"button_clicked","at":1767268800,"contact_id":"c1","question":"size","answer":42,"cost":0.05}"#,
            expected,
        );
        check(
            r#"{"kind":"button_clicked","at":"2026-01-01T12:00:00Z","contact":" c1 ","channel":"","question":"size","answer":"42","text":"","cost":"0.05","shoe":"left"}"#,
            expected,
        );
    }

    #[test]
    fn a_channel_may_be_named_and_flags_are_answers() {
        check(
            r#"{"kind":"question_answered","at":"1767268800000","contact_id":7,"channel":"sms","answer":true}"#,
            "question_answered 2026-01-01T12:00:00Z sms 7 - true - -",
        );
    }

    #[test]
    fn canonical_rows_without_what_must_be_there_are_rejected() {
        for (body, reason) in [
            (r#"{"kind":"sneezed","at":"1767268800","contact":"c"}"#, Reason::BadValue("kind")),
            (r#"{"kind":"","at":"1767268800","contact":"c"}"#, Reason::MissingField("kind")),
            (r#"{"kind":"message_sent","at":"","contact":"c"}"#, Reason::MissingField("at")),
            (r#"{"kind":"message_sent","at":"0","contact":"c"}"#, Reason::BadTime("at")),
            (r#"{"kind":"message_sent","at":"1767268800","contact":""}"#, Reason::MissingField("contact_id")),
            (
                r#"{"kind":"message_sent","at":"1767268800","contact":"c","billable":"maybe"}"#,
                Reason::BadValue("billable"),
            ),
            (r#"{"kind":"message_sent","at":"1767268800","contact":"c","cost":"5 €"}"#, Reason::BadValue("cost")),
            (r#"{"kind":"opened_up_to","at":"1767268800","contact":"c"}"#, Reason::MissingField("up_to")),
        ] {
            assert_eq!(read(body, &mut |_| ()), Outcome::Rejected(reason), "{body:?}");
        }
    }

    #[test]
    fn an_event_id_decides_what_is_the_same_event() {
        let with_id = r#"{"kind":"message_sent","at":"1767268800","contact":"c","event_id":"e-1","answer":"x"}"#;
        assert_eq!(ids(with_id).0, "e-1");
        let first = r#"{"kind":"message_sent","at":"1767268800","contact":"c","answer":"x"}"#;
        let other = r#"{"kind":"message_sent","at":"1767268800","contact":"c","question":"x"}"#;
        assert_eq!(ids(first), ids(first));
        assert_ne!(ids(first), ids(other));
    }

    #[test]
    fn transcript_rows_are_messages_of_one_side_or_the_other() {
        check(
            r#"{"conversation":"k1","direction":"Bot","at":"2026-01-01 12:00:00","text":"Welche Größe?","question":"size"}"#,
            "message_sent 2026-01-01T12:00:00Z generic k1 size - Welche Größe? -",
        );
        check(
            r#"{"conversation":"k1","contact":"c9","direction":"IN","at":"1767268800","text":" 42 "}"#,
            "message_received 2026-01-01T12:00:00Z generic c9 - -  42  -",
        );
    }

    #[test]
    fn transcript_rows_of_neither_side_or_nobody_are_rejected() {
        for (body, reason) in [
            (r#"{"conversation":"k1","direction":"sideways","at":"1767268800"}"#, Reason::BadValue("direction")),
            (r#"{"conversation":"k1","direction":"","at":"1767268800"}"#, Reason::MissingField("direction")),
            (r#"{"conversation":"","direction":"in","at":"1767268800"}"#, Reason::MissingField("contact")),
            (r#"{"conversation":"k1","direction":"in","at":"soon"}"#, Reason::BadTime("at")),
        ] {
            assert_eq!(read(body, &mut |_| ()), Outcome::Rejected(reason), "{body:?}");
        }
    }

    #[test]
    fn a_derived_message_id_is_stable_and_hides_the_text() {
        let row = |text: &str| format!(r#"{{"conversation":"k1","direction":"in","at":"1767268800","text":"{text}"}}"#);
        let (_, id) = ids(&row("geheim"));
        assert_eq!(ids(&row("geheim")).1, id);
        assert_ne!(ids(&row("offen")).1, id);
        assert!(!id.unwrap().contains("geheim"));
    }

    #[test]
    fn a_row_of_another_shape_is_not_recognised() {
        let reading = Reading::default();
        for body in ["[]", "null", "1", "{}", r#"{"kind":"message_sent"}"#, r#"{"direction":"in"}"#] {
            let arena = Arena::default();
            let body = value::parse(body, &arena).unwrap();
            assert!(
                !recognises(&Record {
                    body: &body,
                    received_at: None,
                    source: "test",
                    reading: &reading,
                    arena: &arena
                }),
                "{body:?}"
            );
        }
    }
}

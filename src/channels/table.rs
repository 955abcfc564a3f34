//! Tables of no platform: exports with a row per contact, order or dialogue, read as `[[table]]` declares their columns.
//!
//! It knows no column by itself. CSV rows are objects of text whose blank cells are null; JSON objects are read alike.
//!
//! Decisions
//! - *Which table.* The first declared one whose `when` columns a row has.
//! - *Events.* One per declared column that is filled, or per element of a declared list. A cell that cannot be read is
//!   refused, the others of the row are kept.
//! - *Messages.* `message_id` of a row is that of the business's message: what the business and the platform did is about
//!   it, what the contact did answers it. Where a table has no such column, contact, campaign, time of sending and text
//!   name the message, so that its receipts find it.
//! - *Questions.* Only the dialogue has a time, so answers follow each other by microseconds: their order is known, their
//!   times are not. A question is asked if it was answered, or is the next one after the last that was, unless the row
//!   says that the dialogue ended.
//! - *Duplicates.* An event is known by table, column, contact, time, and `event_id`, or else what is said of it; a payment
//!   by its state too. So an export that is read again with more cells filled brings only what is new.

use std::borrow::Cow;

use super::generic::{cell, is_decimal};
use super::web::{address, tokens};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Token, Value, json, parse as parse_json};
use crate::config::{Cell, Columns, Table, TableEvent, TableField, TableKind, TableQuestions};
use crate::event::{Event, Kind, Text, Time};

pub(super) static CHANNEL: Channel = Channel {
    name: "table",
    title: "Declared tables",
    knows_numbers: false,
    kinds: KINDS,
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
        "A table tells what its columns tell, and only the first time of each: a second click in a column 'clicked_at' is not seen.",
        "Events are filed under the channel that the declaration names, so its contacts must be written as that channel writes them.",
        "Answers in a table of questions have no times of their own, so they have no answer times.",
        "A blank cell between answered questions says neither that the question was asked nor that it was skipped.",
        "Numbers that a spreadsheet rounded (4.91511E+11) are refused, and for WhatsApp those without their country (0151 …).",
        "Dates such as 03/02/2026 and 03.02.2026 are refused, because the former says not whether day or month comes first; export them as 2026-02-03.",
    ],
    recognises,
    parse,
};

/// All kinds but those of [`TableKind::NEVER`].
const KINDS: &[Kind] = &[
    Kind::Referral,
    Kind::OptedIn,
    Kind::FlowStarted,
    Kind::ReactionReceived,
    Kind::LinkClicked,
    Kind::ButtonClicked,
    Kind::MessageReceived,
    Kind::QuestionAnswered,
    Kind::AnswerRejected,
    Kind::QuestionSkipped,
    Kind::Fallback,
    Kind::OptedOutSoft,
    Kind::OptedOutHard,
    Kind::ErasureRequested,
    Kind::HandoverToHuman,
    Kind::HandoverToBot,
    Kind::Payment,
    Kind::GoalReached,
    Kind::FlowEnded,
    Kind::MessageSent,
    Kind::QuestionAsked,
    Kind::MessageSuppressed,
    Kind::MessageFailed,
    Kind::MessageDelivered,
    Kind::MessageOpened,
];

fn recognises(record: &Record<'_>) -> bool {
    declared(record).is_some()
}

/// The first declared table of which the row is.
fn declared<'a>(record: &Record<'a>) -> Option<&'a Table> {
    let row = record.body.as_object()?;
    record.reading.tables.iter().find(|table| {
        table.when.iter().all(|column| row.get(column).is_some())
            && table.only.iter().all(|(column, values)| {
                cell(record.body, column).is_some_and(|found| values.iter().any(|value| *value == found))
            })
    })
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let Some(table) = declared(record) else { return out.reject(Reason::UnknownShape) };
    match Row::of(record, table) {
        Ok(row) => row.read(out),
        Err(reason) => out.reject(reason),
    }
}

/// A row of a declared table.
struct Row<'a> {
    record: &'a Record<'a>,
    table: &'a Table,
    token: Option<&'a Token>,
    channel: &'a str,
    contact: Text<'a>,
    /// The business's message that the row is about.
    message_id: Option<Text<'a>>,
}

impl<'a> Row<'a> {
    fn of(record: &'a Record<'a>, table: &'a Table) -> Result<Self, Reason> {
        let field = |field| table.columns.get(&field).and_then(|place| filled(record.body, place));
        let token = match field(TableField::Token) {
            Some(token) => Some(record.reading.token(&token)?),
            None => None,
        };
        let known = |part: &'a Option<Box<str>>| part.as_deref();
        let channel = token.and_then(|token| known(&token.channel)).or(table.channel.as_deref()).unwrap_or(&table.name);
        let contact = field(TableField::Contact)
            .or_else(|| token.and_then(|token| known(&token.contact)).map(Cow::Borrowed))
            .ok_or(Reason::MissingField("contact"))?;
        let mut row =
            Self { record, table, token, channel, contact: tokens::contact(channel, contact)?, message_id: None };
        row.message_id = field(TableField::MessageId)
            .or_else(|| token.and_then(|token| known(&token.message_id)).map(Cow::Borrowed))
            .or_else(|| row.derived_id());
        Ok(row)
    }

    /// What names the message of a row where no column does.
    fn derived_id(&self) -> Option<Text<'a>> {
        if self.table.columns.contains_key(&TableField::MessageId) {
            return None;
        }
        let sent = self.table.events.get(&TableKind(Kind::MessageSent))?.0.first()?;
        let at = self.time(self.record.body, &sent.at).ok()?;
        let field = |field| {
            let place = self.table.columns.get(&field);
            place.and_then(|place| filled(self.record.body, place)).unwrap_or_default()
        };
        let (campaign, text) = (field(TableField::Campaign), field(TableField::Text));
        let words = key(&[&self.table.name, &self.contact, &campaign, &at.0.to_string(), &text]);
        // A hash, because message ids may be kept where texts may not.
        Some(blake3::hash(words.as_bytes()).to_hex().chars().take(32).collect::<String>().into())
    }

    fn read(&self, out: &mut Out<'_>) {
        let body = self.record.body;
        let mut is_empty = true;
        let mut take = |read: Result<Event<'a>, Reason>| match read {
            Ok(event) => out.event(event),
            Err(reason) => out.reject(reason),
        };
        for (kind, events) in &self.table.events {
            for event in events.0.iter().filter(|event| is_given(body, event)) {
                is_empty = false;
                take(self.event(kind.0, &event.at, body, &event.columns));
            }
        }
        for list in &self.table.list {
            match elements(body.get(&list.column), self.record) {
                Ok(found) => {
                    for (sequence, element) in (0..).zip(found) {
                        is_empty = false;
                        let event = self.event(list.kind.0, &list.at, element, &list.columns);
                        // Two lists may tell the same at the same time.
                        let dedup = |event: &Event<'_>| key(&[&list.column, &event.dedup]).into();
                        take(event.map(|event| Event { dedup: dedup(&event), sequence, ..event }));
                    }
                }
                Err(reason) => take(Err(reason)),
            }
        }
        if let Some(questions) = &self.table.questions {
            is_empty = false;
            self.questions(questions, &mut take);
        }
        if is_empty {
            out.ignore("row_without_event");
        }
    }

    /// An event whose time and own fields stand in `place`: the row itself, or an element of a list.
    fn event(&self, kind: Kind, at: &str, place: &'a Value<'a>, own: &'a Columns) -> Result<Event<'a>, Reason> {
        let time = self.time(place, at)?;
        let mut event = Event::new(kind, time, self.channel, self.contact.clone(), "");
        if is_about_the_message(kind) {
            event.message_id.clone_from(&self.message_id);
        } else {
            event.reply_to.clone_from(&self.message_id);
        }
        if let Some(token) = self.token {
            let known = |part: &'a Option<Box<str>>| part.as_deref().map(Cow::Borrowed);
            event.account = known(&token.account);
            event.campaign = known(&token.campaign);
            event.variant = known(&token.variant);
        }
        let mut event_id = None;
        let shared = self.table.columns.iter().filter(|(field, _)| **field != TableField::MessageId);
        let shared = shared.map(|(field, cell)| (*field, filled(self.record.body, cell)));
        for (field, text) in shared.chain(own.iter().map(|(field, cell)| (*field, filled(place, cell)))) {
            match (field, text) {
                (TableField::EventId, Some(text)) => event_id = Some(text),
                (field, Some(text)) => set(&mut event, field, text)?,
                (_, None) => {}
            }
        }
        if kind == Kind::LinkClicked {
            event.answer = event.answer.map(|answer| address::without_query(&answer).into_owned().into());
        }
        event.dedup = self.dedup(at, &event, event_id).into();
        Ok(event)
    }

    fn dedup(&self, at: &str, event: &Event<'_>, event_id: Option<Text<'_>>) -> String {
        if let Some(event_id) = event_id {
            // A payment that was pending in an earlier export, and has the same time and number, is news.
            let state = event.answer.as_deref().filter(|_| event.kind == Kind::Payment).unwrap_or_default();
            return key(&[&self.table.name, at, &self.contact, &event_id, state]);
        }
        let told = [
            &event.message_id,
            &event.reply_to,
            &event.campaign,
            &event.question,
            &event.topic,
            &event.answer,
            &event.text,
            &event.cost,
        ];
        let mut parts: Vec<&str> = vec![&self.table.name, at, &self.contact];
        parts.extend(told.map(|part| part.as_deref().unwrap_or_default()));
        key(&parts)
    }

    /// The questions of a dialogue: what was answered, and what was asked last.
    fn questions(&self, questions: &'a TableQuestions, take: &mut dyn FnMut(Result<Event<'a>, Reason>)) {
        let body = self.record.body;
        let base = match self.event(Kind::QuestionAsked, &questions.at, body, &NO_COLUMNS) {
            Ok(event) => event,
            Err(reason) => return take(Err(reason)),
        };
        let answered = questions.asked.iter().rposition(|question| cell(body, question).is_some());
        let has_ended = self.table.events.get(&TableKind(Kind::FlowEnded));
        let has_ended = has_ended.is_some_and(|ends| ends.0.iter().any(|end| is_given(body, end)));
        let n_asked = answered.map_or(0, |last| last + 1) + usize::from(!has_ended);
        // The clock of these events: one microsecond for each.
        let mut after = 0..;
        for (n, question) in questions.asked.iter().enumerate().take(n_asked) {
            let answer = cell(body, question);
            if answer.is_none() && n + 1 != n_asked {
                continue;
            }
            let mut tell = |kind, answer: Option<Text<'a>>| {
                let micros: i64 = after.next().unwrap_or_default();
                let is_choice = questions.choices.contains(question);
                let (choice, text) = if is_choice { (answer, None) } else { (None, answer) };
                take(Ok(Event {
                    kind,
                    at: Time(base.at.0 + micros),
                    question: Some(Cow::Borrowed(question)),
                    answer: choice,
                    text,
                    // Each is its own act, though one message may have begun them all.
                    message_id: None,
                    dedup: key(&[&base.dedup, question]).into(),
                    ..base.clone()
                }));
            };
            tell(Kind::QuestionAsked, None);
            if answer.is_some() {
                tell(Kind::QuestionAnswered, answer);
            }
        }
    }

    fn time(&self, place: &Value<'_>, column: &str) -> Result<Time, Reason> {
        json::time(place.get(column), "at", self.record.reading.zone())
    }
}

static NO_COLUMNS: Columns = Columns::new();

/// Whether the event is about a message of the business, and does not answer one.
fn is_about_the_message(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MessageSent
            | Kind::QuestionAsked
            | Kind::MessageSuppressed
            | Kind::MessageFailed
            | Kind::MessageDelivered
            | Kind::MessageOpened
    )
}

/// Whether the row tells of the event: its condition holds, or without one its time is filled.
fn is_given(row: &Value<'_>, event: &TableEvent) -> bool {
    match &event.given {
        Some(column) => {
            let no = ["no", "n", "false", "0", "0.0", "nein", "falsch", "none", "null", "-"];
            cell(row, column).is_some_and(|text| !no.contains(&text.to_lowercase().as_str()))
        }
        None => match row.get(&event.at) {
            Value::Null => false,
            Value::Str(text) => !text.trim().is_empty(),
            _ => true,
        },
    }
}

/// The elements of a list, which may stand in text.
fn elements<'a>(list: &'a Value<'a>, record: &'a Record<'a>) -> Result<&'a [Value<'a>], Reason> {
    match list {
        Value::Null => Ok(&[]),
        Value::Array(elements) => Ok(elements),
        Value::Str(text) if text.trim().is_empty() => Ok(&[]),
        Value::Str(text) => match parse_json(text, record.arena)? {
            Value::Array(elements) => Ok(elements),
            Value::Null => Ok(&[]),
            _ => Err(Reason::BadValue("list")),
        },
        _ => Err(Reason::BadValue("list")),
    }
}

/// What stands in a place, if all of it is filled.
fn filled<'a>(row: &'a Value<'a>, place: &'a Cell) -> Option<Text<'a>> {
    match place {
        Cell::Column(column) => cell(row, column),
        Cell::Value(value) => Some(Cow::Borrowed(value)),
        Cell::Joined(columns) => {
            let parts: Option<Vec<Text<'a>>> = columns.iter().map(|column| cell(row, column)).collect();
            parts.map(|parts| parts.join(":").into())
        }
    }
}

fn set<'a>(event: &mut Event<'a>, field: TableField, text: Text<'a>) -> Result<(), Reason> {
    let place = match field {
        // They are the row's, or no field of an event.
        TableField::Contact | TableField::Token | TableField::EventId => return Ok(()),
        TableField::Billable => {
            event.billable = Some(json::flag(&Value::Str(&text)).ok_or(Reason::BadValue("billable"))?);
            return Ok(());
        }
        TableField::Cost => {
            event.cost = Some(decimal(text).ok_or(Reason::BadValue("cost"))?);
            return Ok(());
        }
        TableField::Account => &mut event.account,
        TableField::MessageId => &mut event.message_id,
        TableField::ReplyTo => &mut event.reply_to,
        TableField::Campaign => &mut event.campaign,
        TableField::Template => &mut event.template,
        TableField::Category => &mut event.category,
        TableField::Flow => &mut event.flow,
        TableField::FlowVersion => &mut event.flow_version,
        TableField::Question => &mut event.question,
        TableField::Variant => &mut event.variant,
        TableField::Topic => &mut event.topic,
        TableField::Country => &mut event.country,
        TableField::Language => &mut event.language,
        TableField::MessageType => &mut event.message_type,
        TableField::Agent => &mut event.agent,
        TableField::Answer => &mut event.answer,
        TableField::Text => &mut event.text,
        TableField::Tag => &mut event.tag,
        TableField::ErrorCode => &mut event.error_code,
        TableField::Currency => &mut event.currency,
    };
    *place = Some(text);
    Ok(())
}

/// A price as decimal text. A comma is taken for the decimal sign where it cannot part thousands: `49,90`, not `1,234`.
fn decimal(text: Text<'_>) -> Option<Text<'_>> {
    if is_decimal(&text) {
        return Some(text);
    }
    let (units, places) = text.split_once(',')?;
    let with_point = format!("{units}.{places}");
    (places.len() != 3 && is_decimal(&with_point)).then(|| with_point.into())
}

/// Parts in one key. The separator is a control character that no id holds.
fn key(parts: &[&str]) -> String {
    parts.join("\u{1f}")
}

#[cfg(test)]
mod tests;

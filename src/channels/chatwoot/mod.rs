//! Chatwoot: webhooks of an account or of an agent bot.
//!
//! Reads what is said about messages, about conversations and about who has seen what. Format: Chatwoot's user guide on
//! webhooks, and the `webhook_data` of its models.
//!
//! The contact is Chatwoot's own contact, and the account is the inbox by its id, so that a conversation on WhatsApp and one
//! on the web site are two.

use std::borrow::Cow;

use super::value::Object;
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

#[cfg(test)]
mod tests;

const NAME: &str = "chatwoot";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Chatwoot",
    knows_numbers: false,
    kinds: &[
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::QuestionAnswered,
        Kind::OptedOutSoft,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::MessageSent,
        Kind::QuestionAsked,
        Kind::MessageFailed,
        Kind::MessageDelivered,
        Kind::MessageOpened,
        Kind::OpenedUpTo,
    ],
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::LowerBound,
        opened: Ability::LowerBound,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::Never,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::LowerBound,
        handed_over: Ability::LowerBound,
        paid: Ability::Never,
    },
    caveats: &[
        "Receipts come as message_updated with a status, which many versions leave out, and only for channels that report them; on the web site, contact_last_seen_at says until when a contact has seen everything.",
        "message_updated tells no time of its own: the time of receipt stands in, so log these bodies with it.",
        "A question is a message with options, a form, or a request for an e-mail address or a rating; Chatwoot does not name them, so the name is made of the options' values or the fields' names, unless a rule gives another.",
        "Options tapped in another app than the web site's widget come back as plain messages.",
        "A hand-over is a conversation that goes from pending to open, or gets an assignee; automatic assignment looks the same.",
        "A resolved conversation says nothing of success: it is resolved by people, by bots and by inactivity alike.",
        "A blocked contact was blocked by the business, so it is no opt-out.",
        "Messages of people are those whose sender is a user, without a campaign or an automation rule behind them.",
        "The contact's and messages' ids are those of one installation: logs of several belong into several stores.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    record.body.get("event").as_str().is_some_and(|event| {
        matches!(
            word(event),
            "message_created"
                | "message_updated"
                | "conversation_created"
                | "conversation_updated"
                | "conversation_status_changed"
                | "conversation_opened"
                | "conversation_resolved"
                | "conversation_typing_on"
                | "conversation_typing_off"
                | "contact_created"
                | "contact_updated"
                | "inbox_created"
                | "inbox_updated"
                | "webwidget_triggered"
        )
    })
}

/// The event's name. Automation rules send the same bodies under longer names.
fn word(event: &str) -> &str {
    event.strip_prefix("automation_event.").unwrap_or(event)
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let body = record.body;
    let read = match word(body.get("event").as_str().unwrap_or_default()) {
        "message_created" => Message::of(record).and_then(|message| message.created(out)),
        "message_updated" => Message::of(record).and_then(|message| message.updated(out)),
        "conversation_updated" | "conversation_status_changed" | "conversation_opened" | "conversation_resolved" => {
            conversation_changed(record, out)
        }
        "conversation_created" => {
            out.ignore("conversation_created");
            Conversation::of(record, body).and_then(|conversation| conversation.seen(out))
        }
        other => ignored(other, out),
    };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// Notes what says nothing about conversations by its name.
fn ignored(word: &str, out: &mut Out<'_>) -> Result<(), Reason> {
    out.ignore(match word {
        "conversation_typing_on" | "conversation_typing_off" => "conversation_typing",
        "webwidget_triggered" => "webwidget_triggered",
        "contact_created" | "contact_updated" => "contact",
        "inbox_created" | "inbox_updated" => "inbox",
        _ => return Err(Reason::UnknownShape),
    });
    Ok(())
}

/// A conversation as it stands in the body of its own webhooks and inside those of messages.
struct Conversation<'a> {
    record: &'a Record<'a>,
    body: &'a Value<'a>,
    contact: Text<'a>,
    inbox: Option<Text<'a>>,
}

impl<'a> Conversation<'a> {
    fn of(record: &'a Record<'a>, body: &'a Value<'a>) -> Result<Self, Reason> {
        let whole = record.body;
        let sender = whole.get("sender");
        // In old versions a sender has no type; who sends an incoming message is the contact.
        let is_contact = sender.get("type").as_str() == Some("contact")
            || sender.get("type").is_null() && direction(whole) == Ok(Direction::Incoming);
        let contact = json::text(body.get("meta").get("sender").get("id"))
            .or_else(|| json::text(body.get("contact_inbox").get("contact_id")))
            .or_else(|| json::text(sender.get("id")).filter(|_| is_contact))
            .or_else(|| json::text(whole.get("contact").get("id")))
            .ok_or(Reason::MissingField("contact"))?;
        let inbox = json::text(whole.get("inbox").get("id")).or_else(|| json::text(body.get("inbox_id")));
        Ok(Self { record, body, contact, inbox })
    }

    fn event(&self, kind: Kind, at: Time, key: impl Into<Text<'a>>) -> Event<'a> {
        let mut event = Event::new(kind, at, NAME, self.contact.clone(), key);
        event.account.clone_from(&self.inbox);
        event
    }

    fn time(&self, value: &Value<'_>, field: &'static str) -> Result<Time, Reason> {
        json::time(value, field, self.record.reading.zone())
    }

    /// Everything until then was seen. It is told again and again, always with the same time.
    fn seen(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        let seen = self.body.get("contact_last_seen_at");
        // 0 is never.
        if seen.is_null() || seen.as_f64() == Some(0.0) {
            return Ok(());
        }
        let at = self.time(seen, "contact_last_seen_at")?;
        let mut event = self.event(Kind::OpenedUpTo, at, format!("seen:{}", self.contact));
        event.up_to = Some(at);
        out.event(event);
        Ok(())
    }
}

/// What became of a conversation: whether people or the bot have it.
fn conversation_changed(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let conversation = Conversation::of(record, body)?;
    out.ignore("conversation_updated");
    conversation.seen(out)?;
    let number = json::required(body.get("id"), "id")?;
    for (attribute, before, after) in changes(body.get("changed_attributes")) {
        let kind = match (attribute, before.as_str(), after.as_str()) {
            ("status", Some("pending"), Some("open")) => Kind::HandoverToHuman,
            ("status", Some("open"), Some("pending")) => Kind::HandoverToBot,
            ("assignee_id", ..) if before.is_null() && !after.is_null() => Kind::HandoverToHuman,
            _ => continue,
        };
        let field = ["updated_at", "timestamp"].into_iter().find(|field| !body.get(field).is_null());
        let (at, time_basis) = match field {
            Some(field) => (conversation.time(body.get(field), field)?, TimeBasis::Event),
            None => (record.received_at.ok_or(Reason::MissingField("updated_at"))?, TimeBasis::Received),
        };
        // Numbers count up per account of Chatwoot. A change is told by two webhooks.
        let place = json::text(body.get("account").get("id")).or_else(|| json::text(body.get("account_id")));
        let key = format!("{}:{number}:{attribute}", place.unwrap_or_default());
        let mut event = conversation.event(kind, at, key);
        event.time_basis = time_basis;
        out.event(event);
    }
    Ok(())
}

/// Changed attributes with their values before and after: a list of objects, or one object.
fn changes<'a>(changed: &'a Value<'a>) -> impl Iterator<Item = (&'a str, &'a Value<'a>, &'a Value<'a>)> {
    let attributes = std::slice::from_ref(changed).iter().filter(|changed| changed.is_object());
    attributes.chain(json::elements(changed)).filter_map(Value::as_object).flat_map(Object::iter).map(
        |(attribute, change)| match change {
            Value::Array([before, after]) => (attribute, before, after),
            change => (attribute, change.get("previous_value"), change.get("current_value")),
        },
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Incoming,
    Outgoing,
    Activity,
    Template,
}

/// The direction as a word, or as the number that nested messages have.
fn direction(message: &Value<'_>) -> Result<Direction, Reason> {
    let kind = json::text(message.get("message_type")).ok_or(Reason::MissingField("message_type"))?;
    match &*kind {
        "incoming" | "0" => Ok(Direction::Incoming),
        "outgoing" | "1" => Ok(Direction::Outgoing),
        "activity" | "2" => Ok(Direction::Activity),
        "template" | "3" => Ok(Direction::Template),
        _ => Err(Reason::BadValue("message_type")),
    }
}

/// A message, which is the body of its webhooks.
struct Message<'a> {
    body: &'a Value<'a>,
    conversation: Conversation<'a>,
    direction: Direction,
    id: Text<'a>,
}

impl<'a> Message<'a> {
    fn of(record: &'a Record<'a>) -> Result<Self, Reason> {
        let body = record.body;
        Ok(Self {
            body,
            conversation: Conversation::of(record, body.get("conversation"))?,
            direction: direction(body)?,
            id: json::required(body.get("id"), "id")?,
        })
    }

    /// The word for a message that no contact sees.
    fn is_internal(&self) -> Option<&'static str> {
        if json::flag(self.body.get("private")) == Some(true) {
            Some("private_note")
        } else if self.direction == Direction::Activity {
            Some("activity")
        } else {
            None
        }
    }

    fn attributes(&self) -> &'a Value<'a> {
        self.body.get("content_attributes")
    }

    fn content_type(&self) -> &'a str {
        self.body.get("content_type").as_str().unwrap_or("text")
    }

    fn created(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        if let Some(what) = self.is_internal() {
            out.ignore(what);
            return Ok(());
        }
        let external = self.attributes().get("external_created_at");
        // What came in through another platform has that platform's time.
        let at = match self.conversation.time(external, "external_created_at") {
            Ok(at) => at,
            Err(_) => self.conversation.time(self.body.get("created_at"), "created_at")?,
        };
        let is_inbound = self.direction == Direction::Incoming;
        let kind = if is_inbound { Kind::MessageReceived } else { Kind::MessageSent };
        let mut event = self.conversation.event(kind, at, self.id.clone());
        event.message_id = Some(self.id.clone());
        event.reply_to = json::text(self.attributes().get("in_reply_to"));
        event.text = json::text(self.body.get("content"));
        let attachment = json::elements(self.body.get("attachments")).next();
        let file = attachment.map(|file| file.get("file_type").as_str().unwrap_or("attachment"));
        event.message_type = Some(Cow::Borrowed(match (self.content_type(), file) {
            ("text", Some(file)) => file,
            (content_type, _) => content_type,
        }));
        if !is_inbound {
            event.campaign = self.campaign();
            event.agent = Some(Cow::Borrowed(if self.is_by_people() { "human" } else { "bot" }));
            event.question = self.question();
        }
        out.event(event);
        self.conversation.seen(out)
    }

    /// What was submitted in reply to a message, and what became of a message.
    fn updated(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        let attributes = self.attributes();
        if let Some(what) = self.is_internal() {
            out.ignore(what);
            return Ok(());
        }
        if json::flag(attributes.get("deleted")) == Some(true) {
            out.ignore("message_deleted");
            return Ok(());
        }
        out.ignore("message_updated");
        if self.direction == Direction::Incoming {
            return Ok(());
        }
        if ["submitted_values", "submitted_email"].into_iter().any(|key| !attributes.get(key).is_null()) {
            self.submitted(out)?;
        }
        let kind = match self.body.get("status").as_str() {
            Some("delivered") => Kind::MessageDelivered,
            Some("read") => Kind::MessageOpened,
            Some("failed") => Kind::MessageFailed,
            _ => return self.conversation.seen(out),
        };
        let mut event = self.later(kind, self.id.clone())?;
        event.message_id = Some(self.id.clone());
        event.campaign = self.campaign();
        if kind == Kind::MessageFailed {
            // The platform's code stands before its words.
            let error = attributes.get("external_error").as_str().unwrap_or_default();
            let code = error.split(':').next().unwrap_or_default().trim();
            let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
            event.error_code = Some(Cow::Borrowed(code)).filter(|_| is_code);
        }
        out.event(event);
        self.conversation.seen(out)
    }

    /// The contact chose an option, filled in a form or gave a rating: an answer that points to the message. Every later
    /// update of the message says so again; by its id it counts once.
    fn submitted(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        let attributes = self.attributes();
        let values = attributes.get("submitted_values");
        let rating = values.get("csat_survey_response");
        let (kind, answer, text) = match self.content_type() {
            "input_select" => {
                let chosen = json::elements(values).next().unwrap_or(values);
                (Kind::ButtonClicked, json::text(chosen.get("value")), json::text(chosen.get("title")))
            }
            "input_csat" => {
                (Kind::ButtonClicked, json::text(rating.get("rating")), json::text(rating.get("feedback_message")))
            }
            "input_email" => (Kind::MessageReceived, None, json::text(attributes.get("submitted_email"))),
            // What was typed into a form is free text.
            _ => (Kind::MessageReceived, None, Some(Cow::Owned(values.sorted()))),
        };
        let id = format!("{}:submitted", self.id);
        let mut event = self.later(kind, id.clone())?;
        event.message_id = Some(Cow::Owned(id));
        event.reply_to = Some(self.id.clone());
        event.message_type = Some(Cow::Borrowed(self.content_type()));
        event.question = self.question();
        event.answer = answer;
        event.text = text;
        out.event(event);
        Ok(())
    }

    /// An event after the message was sent, of which the body seldom tells the time.
    fn later(&self, kind: Kind, key: impl Into<Text<'a>>) -> Result<Event<'a>, Reason> {
        let record = self.conversation.record;
        let (at, time_basis) = match (self.body.get("updated_at"), record.received_at) {
            (Value::Null, received_at) => {
                (received_at.ok_or(Reason::MissingField("received_at"))?, TimeBasis::Received)
            }
            (updated_at, _) => (self.conversation.time(updated_at, "updated_at")?, TimeBasis::Event),
        };
        let mut event = self.conversation.event(kind, at, key);
        event.time_basis = time_basis;
        Ok(event)
    }

    fn campaign(&self) -> Option<Text<'a>> {
        json::text(self.body.get("additional_attributes").get("campaign_id"))
    }

    /// Whether a person wrote it. Campaigns and automation rules write in the name of a user.
    fn is_by_people(&self) -> bool {
        let sender = self.body.get("sender");
        let is_user = match sender.get("type").as_str() {
            Some(kind) => kind.eq_ignore_ascii_case("user"),
            // In old versions a user has an address, and a bot has none.
            None => !sender.get("email").is_null(),
        };
        let is_automatic = self.campaign().is_some() || !self.attributes().get("automation_rule_id").is_null();
        is_user && !is_automatic && self.direction == Direction::Outgoing
    }

    /// The name of the question that the message asks, if it asks one.
    fn question(&self) -> Option<Text<'a>> {
        let joined = |key: &str| {
            let items = json::elements(self.attributes().get("items"));
            let names: Vec<_> = items.filter_map(|item| json::text(item.get(key))).collect();
            (!names.is_empty()).then(|| Cow::Owned(names.join("|")))
        };
        match self.content_type() {
            "input_select" => joined("value"),
            "form" => joined("name"),
            "input_email" => Some(Cow::Borrowed("email")),
            "input_csat" => Some(Cow::Borrowed("csat")),
            _ => None,
        }
    }
}

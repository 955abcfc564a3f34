//! WhatsApp Business: Cloud API webhooks and the log of the business's own sends.
//!
//! Knows the envelope and which part of it goes where. It knows nothing of other Meta platforms.
//!
//! Three records are read.
//!
//! **A webhook body**: `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":…,"value":{…}}]}]}`. One body
//! holds any number of messages and statuses, in any order, and comes again when it was not acknowledged. Format:
//! developers.facebook.com/docs/whatsapp/cloud-api/webhooks. Relays pass on parts of it, and these are read as well: an
//! entry, as such or as a text, a change, or a `value` that names its number in `metadata`.
//!
//! **A body of the On-Premises API**, see [`on_premises`], or of a provider that wraps single messages, see [`kapso`].
//!
//! **A send-log line**: what the business asked for and what the platform answered. Templates and texts of outbound
//! messages stand nowhere else, see [`send_log`].
//!
//! Decisions
//! - *Contact.* The phone number in digits (`wa_id`, `from`, `recipient_id`), else the business-scoped user id
//!   (`user_id`, `from_user_id`, `recipient_user_id`). Where `from` holds a business-scoped id and `contacts` tells the
//!   number that belongs to it, the number is taken.
//! - *Identity.* Where a number and a business-scoped id are told of one person, the number replaces the id, so that
//!   what is told under the id alone, earlier or later, is the same contact's. Changed numbers and ids are told by
//!   `user_id_update` and by system messages.
//! - *Account.* `metadata.phone_number_id`. Unknown where a body has no metadata.
//! - *Conversations.* `conversation.id` is a billing unit, since July 2025 one per message; nothing is grouped by it.
//! - *Groups.* Messages from and receipts for groups are ignored (`group`): a receipt would need the participant to be
//!   a person's, and nobody runs a campaign in a group.
//! - *Duplicates.* Messages and receipts are known by the message id; the kind of event is a part of the key anyway.

use jiff::tz::TimeZone;

use super::{Abilities, Ability, Channel, Out, Outcome, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time};

mod echo;
mod goals;
mod handover;
mod inbound;
mod kapso;
mod on_premises;
mod preferences;
mod send_log;
mod status;

const NAME: &str = "whatsapp";
/// Where AWS End User Messaging keeps an entry, as JSON in a text.
const AWS_ENTRY: &str = "whatsAppWebhookEntry";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "WhatsApp",
    knows_numbers: true,
    kinds: &[
        Kind::IdentityLinked,
        Kind::Referral,
        Kind::OptedIn,
        Kind::ReactionReceived,
        Kind::LinkClicked,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::Payment,
        Kind::GoalReached,
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
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::LowerBound,
        paid: Ability::Yes,
    },
    caveats: &[
        "Opens are a lower bound: contacts who switched read receipts off are never seen reading.",
        "Taps on URL buttons are not reported per contact; only taps on quick replies and list entries are. Link clicks of \
         marketing messages (user_actions) name neither contact nor message and are left out; join them by their click id.",
        "Leads and purchases that WhatsApp finds by itself (automatic_events) name a message and no contact, and are left \
         out unless the log adds the contact.",
        "Of opt-ins, only those in the app are reported (resumed or signed up); consent given elsewhere is not.",
        "Hand-overs are reported only between Meta's own agent and the business's app; what the agent gives up counts as \
         handed to a person. Answers from the phone app are told as written by people, not as hand-overs.",
        "Bodies of the On-Premises API do not name the account, and tell of sending and reading only where that was \
         switched on.",
        "A block is not reported. Error 131026 may hide one, but it also means that the number has no WhatsApp.",
        "Error 131050 is a failed message and a soft opt-out from marketing messages.",
        "Errors 131049 (limit of marketing messages per person) and 130472 (experiment of the platform) are suppressed \
         messages: the contact did nothing, and they belong in no delivery rate.",
        "Template, language and text of outbound messages are known only from the send log or a tag in \
         biz_opaque_callback_data.",
        "A send-log line without phone_number_id counts for the only account that is known of its contact; where there are \
         several its message stands apart from them all: write phone_number_id into the send log.",
        "Back-filled history tells how far a message got, but not when: its receipts carry the time of the message, so \
         times to delivery and to opening are too short for it.",
        "Contacts who hide their number are known by a business-scoped id. They are one contact with the number as soon as \
         a record tells both ids or a change from one to the other; until then they count as two.",
        "Messages in groups and receipts for groups are left out.",
        "A payment's cost and currency are the amount paid; on all other events they would be the price of the message, \
         which WhatsApp does not tell.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    // Gupshup passes the same bodies on under its own ids, and is a channel of its own.
    if json::has(body, "gs_app_id") {
        return false;
    }
    let is_change = |change: &Value<'_>| change.get("value").get("messaging_product").as_str() == Some(NAME);
    let is_entry = |entry: &Value<'_>| json::elements(entry.get("changes")).any(is_change);
    match body.get("object").as_str() {
        Some(object) => object == "whatsapp_business_account",
        None => {
            send_log::recognises(body)
                || json::elements(body.get("entry")).any(is_entry)
                || is_entry(body)
                || is_change(body)
                || is_value(body)
                || body.get(AWS_ENTRY).as_str().is_some()
                || on_premises::recognises(body)
                || kapso::recognises(body)
        }
    }
}

/// Whether a record is the `value` of a change. Answers of the API look like it, but name no number of the business.
fn is_value(body: &Value<'_>) -> bool {
    body.get("messaging_product").as_str() == Some(NAME) && json::has(body.get("metadata"), "phone_number_id")
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let zone = record.reading.zone();
    let body = record.body;
    if let Value::Array(entries) = body.get("entry") {
        entries.iter().for_each(|part| entry(part, zone, out));
    } else if send_log::recognises(body) {
        send_log::read(record, zone, out).unwrap_or_else(|reason| out.reject(reason));
    } else if on_premises::recognises(body) {
        on_premises::read(record, out);
    } else if kapso::recognises(body) {
        kapso::read(record, out).unwrap_or_else(|reason| out.reject(reason));
    } else if let Some(text) = body.get(AWS_ENTRY).as_str() {
        match super::parse(text, record.arena) {
            Ok(part) => entry(&part, zone, out),
            Err(reason) => out.reject(reason),
        }
    } else if is_value(body) {
        content_of_change("messages", body, &Value::Null, zone, out);
    } else if body.get("value").is_object() {
        change(body, &Value::Null, zone, out);
    } else if body.get("changes").is_array() {
        entry(body, zone, out);
    } else {
        out.reject(Reason::MissingField("entry"));
    }
}

fn entry<'a>(entry: &'a Value<'a>, zone: Option<&'a TimeZone>, out: &mut Out<'_>) {
    match entry.get("changes") {
        Value::Array(changes) => changes.iter().for_each(|part| change(part, entry.get("time"), zone, out)),
        _ => out.reject(Reason::MissingField("changes")),
    }
}

fn change<'a>(change: &'a Value<'a>, entry_time: &Value<'_>, zone: Option<&'a TimeZone>, out: &mut Out<'_>) {
    match change.get("value") {
        value @ Value::Object(_) => {
            content_of_change(change.get("field").as_str().unwrap_or("messages"), value, entry_time, zone, out);
        }
        _ => out.reject(Reason::MissingField("value")),
    }
}

/// Reads the `value` of a change by the `field` that changed.
fn content_of_change<'a>(
    field: &str,
    value: &'a Value<'a>,
    entry_time: &Value<'_>,
    zone: Option<&'a TimeZone>,
    out: &mut Out<'_>,
) {
    let account = json::text(value.get("metadata").get("phone_number_id"));
    let scope = Scope { account, people: value.get("contacts"), zone };
    match field {
        "messages" => messages(value, &scope, out),
        "user_preferences" => preferences::read(value, &scope, out),
        "user_id_update" => preferences::identities(value, entry_time, &scope, out),
        "smb_message_echoes" => echo::read(value, &scope, out),
        "history" => echo::history(value, &scope, out),
        "standby" => handover::standby(value, &scope, out),
        "messaging_handovers" => {
            handover::read(value, entry_time, &scope, out).unwrap_or_else(|reason| out.reject(reason));
        }
        "automatic_events" => goals::read(value, &scope, out),
        field => out.ignore(other_field(field)),
    }
}

/// Reads a body of this form on behalf of a provider that passes WhatsApp's messages on under its own `channel`.
pub(super) fn parse_for(channel: &'static str, record: &Record<'_>, out: &mut Out<'_>) {
    let mut emit = |event: Event<'_>| out.event(Event { channel: channel.into(), ..event });
    let mut read = Out::new(&mut emit);
    parse(record, &mut read);
    match read.outcome() {
        Outcome::Accepted => {}
        Outcome::Ignored(what) => out.ignore(what),
        Outcome::Rejected(reason) => out.reject(reason),
    }
}

/// The `value` of field `messages`: what contacts wrote, and how far the business's messages got.
fn messages<'a>(value: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) {
    for message in rows(value, "messages", out) {
        if let Err(reason) = inbound::read(message, scope, out) {
            out.reject(reason);
        }
    }
    for row in rows(value, "statuses", out) {
        if let Err(reason) = status::read(row, scope, out) {
            out.reject(reason);
        }
    }
    for action in rows(value, "user_actions", out) {
        if let Err(reason) = preferences::action(action, scope, out) {
            out.reject(reason);
        }
    }
    // Valid, but about no message and no contact: there is nothing to count and nothing to repair.
    if json::elements(value.get("errors")).next().is_some() {
        out.ignore("errors_without_message");
    }
}

/// The rows of a list. What should be one and is none may hold rows that nobody can read, so it is refused.
fn rows<'a>(value: &'a Value<'a>, list: &'static str, out: &mut Out<'_>) -> &'a [Value<'a>] {
    match value.get(list) {
        Value::Array(rows) => rows,
        Value::Null => &[],
        _ => {
            out.reject(Reason::BadValue(list));
            &[]
        }
    }
}

/// What the parts of one `value` share.
struct Scope<'a> {
    /// The business's phone number id.
    account: Option<Text<'a>>,
    /// `contacts`: profiles of the people in this value.
    people: &'a Value<'a>,
    /// Zone of times that name none.
    zone: Option<&'a TimeZone>,
}

/// How many profiles of a value are looked at for each of its rows. The platform sends at most a thousand updates at once.
const MOST_PROFILES: usize = 1000;

impl<'a> Scope<'a> {
    fn event(&self, kind: Kind, at: Time, contact: Text<'a>, dedup: impl Into<Text<'a>>) -> Event<'a> {
        Event { account: self.account.clone(), ..Event::new(kind, at, NAME, contact, dedup) }
    }

    /// The contact: the phone number if it is told anywhere, else the business-scoped id, else the only profile.
    fn person(&self, phone: Option<Text<'a>>, user: Option<Text<'a>>) -> Option<Person<'a>> {
        let profiles = || json::elements(self.people).take(MOST_PROFILES);
        let (phone, user) = (phone.map(digits), user.map(digits));
        let named = |profile: &&Value<'_>| {
            let is = |key, id: &Option<Text<'_>>| id.is_some() && json::text(profile.get(key)).map(digits) == *id;
            is("wa_id", &phone) || is("user_id", &phone) || is("user_id", &user)
        };
        let profile = if phone.is_none() && user.is_none() {
            profiles().next().filter(|_| profiles().nth(1).is_none())
        } else {
            profiles().find(named)
        };
        let told = |key| profile.and_then(|profile| json::text(profile.get(key)));
        Person::of(&[told("wa_id"), phone, user, told("user_id")])
    }
}

/// A contact, and another id that a record tells of the same person.
struct Person<'a> {
    contact: Text<'a>,
    former: Option<Text<'a>>,
}

impl<'a> Person<'a> {
    /// The person who has these ids: the first number is the contact, else the last id. Business-scoped ids come last,
    /// but either kind may stand in a field of the other.
    ///
    /// Only a number replaces another id. Logs hide numbers behind one word for all, which would make all people one.
    fn of(ids: &[Option<Text<'a>>]) -> Option<Self> {
        let ids = || ids.iter().flatten().cloned().map(digits);
        let Some(contact) = ids().find(|id| is_number(id)) else {
            return ids().next_back().map(|contact| Self { contact, former: None });
        };
        let former = ids().rev().find(|id| !is_number(id));
        Some(Self { contact, former })
    }
}

/// Whether an id is a phone number rather than a business-scoped id, or zeros in place of a number.
fn is_number(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_digit()) && id.bytes().any(|byte| byte != b'0')
}

/// A phone number as WhatsApp writes it: digits only. Anything that is not written like a phone number stays as it is.
pub(super) fn digits(id: Text<'_>) -> Text<'_> {
    let is_phone = id.bytes().any(|byte| byte.is_ascii_digit())
        && id.bytes().all(|byte| byte.is_ascii_digit() || b"+-() .".contains(&byte));
    if is_phone && !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return id.chars().filter(char::is_ascii_digit).collect::<String>().into();
    }
    id
}

/// The columns of a message's content.
struct Content<'a> {
    /// `type`, or for `interactive` the interactive's own type.
    message_type: &'a str,
    /// Body, caption or title.
    text: Option<Text<'a>>,
}

/// Type and text of a message. Messages of both directions and the business's requests share this form.
fn content<'a>(message: &'a Value<'a>) -> Result<Content<'a>, Reason> {
    let kind = word(message.get("type")).ok_or(Reason::MissingField("type"))?;
    let part = part(message, kind);
    let text = match kind {
        "text" => part.get("body"),
        "button" | "order" => part.get("text"),
        "interactive" => part.get("body").get("text"),
        _ => part.get("caption"),
    };
    let message_type = if kind == "interactive" { word(part.get("type")).unwrap_or(kind) } else { kind };
    Ok(Content { message_type, text: json::text(text) })
}

/// A word of the platform's own vocabulary; blank is absent.
fn word<'a>(value: &'a Value<'a>) -> Option<&'a str> {
    value.as_str().filter(|word| !word.trim().is_empty())
}

/// The field that another field names.
fn part<'a>(value: &'a Value<'a>, key: &str) -> &'a Value<'a> {
    value.as_object().and_then(|object| object.get(key)).unwrap_or(&Value::Null)
}

/// The reason for ignoring a field that says nothing about conversations with contacts: the field's name.
fn other_field(field: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "account_update",
        "business_capability_update",
        "business_status_update",
        "business_username_update",
        "calls",
        "flows",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "partner_solutions",
        "payment_configuration_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "smb_app_state_sync",
        "template_category_update",
        "template_correct_category_detection",
        "tracking_events",
    ];
    KNOWN.iter().find(|&&known| known == field).copied().unwrap_or("unknown_field")
}

#[cfg(test)]
mod tests;

//! Chats that Telegram Desktop exported as JSON (`result.json`): one chat, or all of an account.
//!
//! An export is one person's view. In a `personal_chat` the chat's partner is the contact and whoever exported it the
//! business; in a `bot_chat` it is the other way round: the bot is the business, and whoever exported talked to it.
//! `[chat_export] business` overrides both. The contact is the person's number, as in the Bot API. Groups, channels and saved
//! messages are left out. It knows nothing of bots' updates. Format: what Telegram Desktop writes; there is no reference.

use std::borrow::Cow;

use hashbrown::HashSet;

use super::value::Object;
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, export, json};
use crate::event::{Event, Kind, Text, Time};

const NAME: &str = "telegram_export";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Telegram chat export",
    knows_numbers: false,
    kinds: &[Kind::OptedIn, Kind::ReactionReceived, Kind::MessageReceived, Kind::OptedOutSoft, Kind::MessageSent],
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Never,
        opened: Ability::Never,
        clicked: Ability::Never,
        replied: Ability::Yes,
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Never,
        paid: Ability::Never,
    },
    caveats: &[
        "An exported chat holds no receipts and no taps: deliveries, opens and clicks are unknown.",
        "Opting in and out is known only from what a contact wrote; that a contact blocked the business is not in the export.",
        "The partner of a personal chat is the contact; in a chat with a bot, the bot is the business and who exported it the contact.",
        "Older exports have local times only, and reactions always have: they need the zone of the computer that exported.",
        "Of reactions only the latest are exported, and none that were taken back.",
        "Messages count as they were last: what was edited has its last text, what was deleted is gone.",
        "An export does not name its account: chats of several accounts of one contact are one conversation.",
        "Only chats of two are counted; groups, channels and saved messages are left out.",
    ],
    recognises,
    parse,
};

/// Where exports of before 2021 began to number people.
const OLD_USERS: u64 = 1 << 32;

/// Who wrote a message: `"user77"`, and a number in exports of before 2021.
const FROM: &str = "from_id";

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    lists(body).next().is_some() || is_chat(body)
}

/// The lists of chats of a whole account.
fn lists<'a>(body: &'a Value<'a>) -> impl Iterator<Item = &'a Value<'a>> {
    let is_list = |list: &&Value<'_>| {
        list.as_array().is_some_and(|chats| chats.first().is_none_or(|chat| json::has(chat, "messages")))
    };
    ["chats", "left_chats"].into_iter().map(|key| body.get(key).get("list")).filter(is_list)
}

fn is_chat(body: &Value<'_>) -> bool {
    let Some(messages) = body.get("messages").as_array() else { return false };
    let is_typed = body.get("type").as_str().is_some_and(|word| of_two(word).is_some() || left_out(word).is_some());
    match messages.first() {
        None => is_typed && json::has(body, "id"),
        Some(first) => {
            let is_message = matches!(first.get("type").as_str(), Some("message" | "service" | "unsupported"));
            is_message && (is_typed || json::has(first, "date_unixtime"))
        }
    }
}

/// Who is the contact of a chat of two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contact {
    /// Whom the chat is named after.
    Partner,
    /// Whoever exported it.
    Owner,
}

fn of_two(chat_type: &str) -> Option<Contact> {
    match chat_type {
        "personal_chat" => Some(Contact::Partner),
        "bot_chat" => Some(Contact::Owner),
        _ => None,
    }
}

fn left_out(chat_type: &str) -> Option<&'static str> {
    match chat_type {
        "private_group" | "private_supergroup" | "public_supergroup" => Some("group_chat"),
        "private_channel" | "public_channel" => Some("channel_chat"),
        "saved_messages" => Some("saved_messages"),
        "replies" => Some("replies"),
        "verify_codes" | "verification_codes" => Some("verification_codes"),
        _ => None,
    }
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let owner = json::text(record.body.get("personal_information").get("user_id"));
    let mut read = |chat| {
        if let Err(reason) = read_chat(record, chat, owner.as_ref(), out) {
            out.reject(reason);
        }
    };
    if is_chat(record.body) {
        read(record.body);
    }
    lists(record.body).flat_map(json::elements).for_each(read);
}

/// Who somebody is: a number, a name, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Person<'a> {
    id: Option<Text<'a>>,
    name: Option<String>,
}

impl<'a> Person<'a> {
    fn of(value: &'a Value<'a>, id: &str, name: &str) -> Self {
        let is_old = id == FROM && value.get(id).as_u64().is_some();
        let bare = if is_old { bare_of_old } else { bare };
        Self {
            id: json::text(value.get(id)).map(bare),
            name: json::text(value.get(name)).map(|name| export::name(&name)),
        }
    }

    /// The number, else the name.
    fn key(&self) -> Option<Text<'a>> {
        self.id.clone().or_else(|| self.name.clone().map(Cow::Owned))
    }

    fn is_business(&self, record: &Record<'_>) -> bool {
        let is_named = |name: &str| export::is_business(record.reading, name);
        self.name.as_deref().is_some_and(is_named) || self.id.as_deref().is_some_and(is_named)
    }
}

/// `user77` as `77`. Those of channels and groups stay as they are.
fn bare(id: Text<'_>) -> Text<'_> {
    id.strip_prefix("user").map(str::to_owned).map_or(id, Cow::Owned)
}

/// 2^32 + 77 as `77`: so did exports number people while they wrote them as numbers.
fn bare_of_old(id: Text<'_>) -> Text<'_> {
    let number = id.parse::<u64>().ok().and_then(|number| number.checked_sub(OLD_USERS));
    number.map_or(id, |number| Cow::Owned(number.to_string()))
}

fn read_chat<'a>(
    record: &Record<'a>,
    chat: &'a Value<'a>,
    owner: Option<&Text<'a>>,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let chat_type = chat.get("type").as_str();
    if let Some(what) = chat_type.and_then(left_out) {
        out.ignore(what);
        return Ok(());
    }
    let messages = chat.get("messages").as_array().ok_or(Reason::MissingField("messages"))?;
    let is_written = |message: &&Value<'_>| message.get("type").as_str() != Some("service");
    let mut people: Vec<Person<'a>> = Vec::new();
    let mut known = HashSet::new();
    for message in messages.iter().filter(is_written) {
        let person = Person::of(message, FROM, "from");
        if person.key().is_some_and(|key| known.insert(key)) {
            people.push(person);
        }
        if people.len() > 2 && chat_type.and_then(of_two).is_none() {
            out.ignore("group_chat");
            return Ok(());
        }
    }
    // Numbers of chats with people are those of the people; those with a bot are the bot's.
    let is_old = messages.iter().any(|message| message.get(FROM).as_u64().is_some());
    let mut partner = Person::of(chat, "id", "name");
    partner.id = partner.id.map(|id| if is_old { bare_of_old(id) } else { id });
    let is_partner = |person: &Person<'_>| {
        if person.id.is_some() && partner.id.is_some() { person.id == partner.id } else { person.name == partner.name }
    };
    let is_business = |person: &Person<'_>| person.is_business(record);
    let is_named = is_business(&partner) || people.iter().any(is_business);
    let by_type = chat_type.and_then(of_two).ok_or(Reason::MissingField("business"));
    let is_partner_business = if is_named {
        is_business(&partner) || people.iter().any(|person| is_partner(person) && is_business(person))
    } else {
        by_type? == Contact::Owner
    };
    // Whoever did not write is known by the chat, or by the account that was exported.
    let contact = if is_partner_business {
        people.iter().find(|person| !is_partner(person)).and_then(Person::key).or_else(|| owner.cloned())
    } else {
        people.iter().find(|person| is_named && !is_business(person)).or(Some(&partner)).and_then(Person::key)
    };
    let contact = contact.ok_or(Reason::MissingField("contact"))?;
    let reader = Reader { record, contact_name: contact_name(&people, &partner, &contact), contact };
    for message in messages {
        if let Err(reason) = reader.message(message, out) {
            out.reject(reason);
        }
    }
    Ok(())
}

/// The contact's name, which tells their messages where those have no number.
fn contact_name(people: &[Person<'_>], partner: &Person<'_>, contact: &str) -> Option<String> {
    people.iter().chain([partner]).find(|person| person.key().as_deref() == Some(contact))?.name.clone()
}

/// A chat whose contact is known.
struct Reader<'r, 'a> {
    record: &'r Record<'a>,
    contact: Text<'a>,
    contact_name: Option<String>,
}

impl<'a> Reader<'_, 'a> {
    fn message(&self, message: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        match message.get("type").as_str() {
            Some("message") => {}
            // Calls, pins, changes of the picture, payments.
            Some("service") => {
                out.ignore("service_message");
                return Ok(());
            }
            // What this version of Telegram Desktop could not read; it has neither time nor sender.
            Some("unsupported") => {
                out.ignore("unsupported");
                return Ok(());
            }
            Some(_) => return Err(Reason::BadValue("type")),
            None => return Err(Reason::MissingField("type")),
        }
        let at = self.time(message, "date", "date_unixtime")?;
        let from = Person::of(message, FROM, "from");
        let is_contact = match (&from.id, &from.name) {
            (Some(id), _) => *id == self.contact,
            (None, Some(name)) => Some(name) == self.contact_name.as_ref(),
            (None, None) => return Err(Reason::MissingField(FROM)),
        };
        let kind = if is_contact { Kind::MessageReceived } else { Kind::MessageSent };
        let number = json::text(message.get("id"));
        let text = text(message.get("text"));
        let id = match &number {
            Some(number) => format!("{}:{number}", self.contact),
            None if json::has(message, "id") => return Err(Reason::BadValue("id")),
            None => export::derived_id(&[&self.contact, kind.name(), &at.0.to_string(), text.as_deref().unwrap_or("")]),
        };
        let mut event = Event::new(kind, at, NAME, self.contact.clone(), id.clone());
        // Numbers count up, so they order what one side sent within a second.
        event.sequence =
            number.and_then(|number| u16::try_from(number.parse::<u64>().ok()? & 0xffff).ok()).unwrap_or(0);
        // Messages of other chats have numbers of their own.
        event.reply_to = json::text(message.get("reply_to_message_id"))
            .filter(|_| !json::has(message, "reply_to_peer_id"))
            .map(|number| Cow::Owned(format!("{}:{number}", self.contact)));
        event.message_type = Some(form(message));
        event.text = text;
        event.agent = from.key().filter(|_| !is_contact);
        event.message_id = Some(Cow::Owned(id.clone()));
        out.event(event);
        self.reactions(message, &id, out)
    }

    /// What the contact put under a message. Each reaction names only the latest who gave it.
    fn reactions(&self, message: &'a Value<'a>, id: &str, out: &mut Out<'_>) -> Result<(), Reason> {
        for reaction in json::elements(message.get("reactions")) {
            let what = ["emoji", "document_id", "type"].into_iter().find_map(|key| json::text(reaction.get(key)));
            for given in json::elements(reaction.get("recent")) {
                let by = Person::of(given, FROM, "from");
                if by.key().as_ref() != Some(&self.contact) {
                    continue;
                }
                let at = self.time(given, "date", "date_unixtime")?;
                let dedup = format!("{id}:{}", what.as_deref().unwrap_or_default());
                let mut event = Event::new(Kind::ReactionReceived, at, NAME, self.contact.clone(), dedup);
                event.reply_to = Some(Cow::Owned(id.to_owned()));
                event.message_type = Some(Cow::Borrowed("reaction"));
                event.answer.clone_from(&what);
                out.event(event);
            }
        }
        Ok(())
    }

    /// The instant if it is there, else the local time.
    fn time(&self, value: &Value<'_>, local: &'static str, instant: &'static str) -> Result<Time, Reason> {
        if json::has(value, instant) {
            return json::time(value.get(instant), instant, None);
        }
        json::time(value.get(local), local, self.record.reading.zone())
    }
}

/// Text as it was read: a text, or pieces of it with and without a style.
fn text<'a>(value: &'a Value<'a>) -> Option<Text<'a>> {
    let Some(pieces) = value.as_array() else { return json::text(value) };
    let pieces: String =
        pieces.iter().filter_map(|piece| piece.as_str().or_else(|| piece.get("text").as_str())).collect();
    Some(pieces).filter(|text| !text.trim().is_empty()).map(Cow::Owned)
}

/// What a message consists of.
fn form<'a>(message: &'a Value<'a>) -> Text<'a> {
    if let Some(media) = json::text(message.get("media_type")) {
        return media;
    }
    let form = match message.as_object().into_iter().flat_map(Object::keys).find_map(form_of) {
        Some(form) => form,
        None if json::has(message, "inline_bot_buttons") => "buttons",
        None => "text",
    };
    Cow::Borrowed(form)
}

/// What a field makes of the message that has it.
fn form_of(field: &str) -> Option<&'static str> {
    Some(match field {
        "photo" => "photo",
        "file" => "file",
        "contact_information" => "contact",
        "location_information" | "place_name" => "location",
        "poll" => "poll",
        "game_title" => "game",
        "invoice_information" => "invoice",
        "dice" => "dice",
        "todo_list" => "checklist",
        "giveaway_information" => "giveaway",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;

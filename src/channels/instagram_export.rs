//! Chats in the data that Instagram and Facebook let people download (`messages/inbox/…/message_1.json`).
//!
//! Both write the same shape and say nowhere which of them it is, so they are one channel. A file is one chat or a part of
//! one, the newest message first. Facebook also hands out end-to-end encrypted chats, with other names for the same fields.
//! Messages have no ids: one is known by chat, millisecond, side and text. Format: what the downloads hold; there is no
//! reference.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::export::{self, Chat};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

const NAME: &str = "instagram_export";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Instagram or Facebook download",
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
        "A download holds no receipts and no taps: deliveries, opens and clicks are unknown.",
        "Opting in and out is known only from what a contact wrote; that a contact blocked the business is not in the download.",
        "Instagram and Facebook write the same files, so their chats are one channel.",
        "A contact is a chat: the same person in another chat, or on the other platform, is another contact.",
        "Older downloads tell no time of a reaction; that of its message stands in, which is too early.",
        "Messages that were taken back and calls are left out.",
        "Only chats of two are counted; groups are left out.",
    ],
    recognises,
    parse,
};

/// Names of fields, of the plain and of the encrypted chats.
struct Fields {
    sender: &'static str,
    at: &'static str,
    text: &'static str,
    is_unsent: &'static str,
    title: &'static str,
}

const PLAIN: Fields =
    Fields { sender: "sender_name", at: "timestamp_ms", text: "content", is_unsent: "is_unsent", title: "title" };

const ENCRYPTED: Fields =
    Fields { sender: "senderName", at: "timestamp", text: "text", is_unsent: "isUnsent", title: "threadName" };

fn recognises(record: &Record<'_>) -> bool {
    fields(record.body).is_some()
}

/// Which fields a chat has; `None` if it is none.
fn fields(body: &Value<'_>) -> Option<&'static Fields> {
    let messages = body.get("messages").as_array()?;
    [&PLAIN, &ENCRYPTED].into_iter().find(|fields| match messages.first() {
        Some(first) => {
            json::has(first, fields.at) && json::has(first, fields.sender)
                // A broken first message does not make the chat another platform's.
                || body.get("participants").is_array() && (json::has(body, "thread_path") || json::has(body, "threadName"))
                    && json::has(body, fields.title)
        }
        None => body.get("participants").is_array() && json::has(body, fields.title),
    })
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if let Some(fields) = fields(record.body)
        && let Err(reason) = read(record, fields, out)
    {
        out.reject(reason);
    }
}

fn read(record: &Record<'_>, fields: &'static Fields, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let named = json::elements(body.get("participants"))
        .filter_map(|person| json::text(person).or_else(|| json::text(person.get("name"))));
    let senders = json::elements(body.get("messages")).filter_map(|message| json::text(message.get(fields.sender)));
    let people: BTreeSet<String> = named.chain(senders).map(|name| export::name(&repaired(name))).collect();
    let title = json::text(body.get(fields.title)).map(repaired);
    // Encrypted chats put a number behind the name.
    let title = title.as_deref().map(|title| match title.rsplit_once('_') {
        Some((name, number)) if fields.title == ENCRYPTED.title && is_number(number) => export::name(name),
        _ => export::name(title),
    });
    let contact = match export::chat(record.reading, &people, title.as_deref())? {
        Chat::Group => {
            out.ignore("group_chat");
            return Ok(());
        }
        Chat::With(contact) => contact,
    };
    let messages = body.get("messages").as_array().unwrap_or_default();
    let chat = Reader {
        record,
        fields,
        contact_id: thread(body).unwrap_or_else(|| contact.clone()),
        contact,
        reactions_are_told: messages.iter().any(|message| message.get("reactions").is_array()),
    };
    for message in messages {
        if let Err(reason) = chat.message(message, out) {
            out.reject(reason);
        }
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number of a chat. The folder before it changes when the chat is archived, and the name in it with the person's.
fn thread(body: &Value<'_>) -> Option<String> {
    let path = json::text(body.get("thread_path"))?;
    let last = path.trim_end_matches('/').rsplit('/').next()?.to_owned();
    match last.rsplit_once('_') {
        Some((_, number)) if number.len() > 5 && is_number(number) => Some(number.to_owned()),
        _ => Some(last),
    }
}

/// A chat whose contact is known.
struct Reader<'r, 'a> {
    record: &'r Record<'a>,
    fields: &'static Fields,
    /// The contact's name …
    contact: String,
    /// … and the number of the chat, which stays when the name changes.
    contact_id: String,
    /// The messages say who reacted to them, so that lines that say it too are none of their own.
    reactions_are_told: bool,
}

impl<'a> Reader<'_, 'a> {
    fn message(&self, message: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let sender = export::name(&repaired(json::required(message.get(self.fields.sender), self.fields.sender)?));
        let at = json::time(message.get(self.fields.at), self.fields.at, self.record.reading.zone())?;
        let is_contact = sender == self.contact;
        let kind = if is_contact { Kind::MessageReceived } else { Kind::MessageSent };
        let content = json::text(message.get(self.fields.text)).map(repaired);
        let form = form(message);
        let what = match &content {
            _ if json::flag(message.get(self.fields.is_unsent)) == Some(true) => Some("unsent_message"),
            _ if json::has(message, "call_duration") || message.get("type").as_str() == Some("Call") => Some("call"),
            Some(content) if is_notice(content) => Some("notice"),
            None if form.is_none() => Some("empty_message"),
            _ => None,
        };
        if let Some(what) = what {
            out.ignore(what);
            return Ok(());
        }
        let text = content.as_deref().unwrap_or_default();
        let id = export::derived_id(&[&self.contact_id, kind.name(), &at.0.to_string(), form.unwrap_or("text"), text]);
        let reaction = content.as_deref().and_then(reaction_line);
        if let Some(reaction) = reaction {
            if self.reactions_are_told || !is_contact {
                out.ignore("reaction_line");
            } else {
                let mut event = Event::new(Kind::ReactionReceived, at, NAME, self.contact_id.clone(), id);
                event.message_type = Some(Cow::Borrowed("reaction"));
                event.answer = Some(Cow::Owned(reaction.to_owned()));
                out.event(event);
            }
            return Ok(());
        }
        let mut event = Event::new(kind, at, NAME, self.contact_id.clone(), id.clone());
        event.message_id = Some(Cow::Owned(id.clone()));
        event.message_type = Some(Cow::Borrowed(form.unwrap_or("text")));
        event.agent = (!is_contact).then_some(Cow::Owned(sender));
        // "Anna sent an attachment." is what the platform puts in the place of words.
        event.text = content.filter(|content| form.is_none() || !stands_for_media(content));
        out.event(event);
        self.reactions(message, at, &id, out)
    }

    fn reactions(&self, message: &'a Value<'a>, sent_at: Time, id: &str, out: &mut Out<'_>) -> Result<(), Reason> {
        for reaction in json::elements(message.get("reactions")) {
            let actor = json::required(reaction.get("actor"), "actor")?;
            if export::name(&repaired(actor)) != self.contact {
                continue;
            }
            let what = json::text(reaction.get("reaction")).map(repaired);
            let dedup = format!("{id}:{}", what.as_deref().unwrap_or_default());
            let has_time = json::has(reaction, "timestamp");
            let at = if has_time { json::time(reaction.get("timestamp"), "timestamp", None)? } else { sent_at };
            let mut event = Event::new(Kind::ReactionReceived, at, NAME, self.contact_id.clone(), dedup);
            event.time_basis = if has_time { TimeBasis::Event } else { TimeBasis::Received };
            event.reply_to = Some(Cow::Owned(id.to_owned()));
            event.message_type = Some(Cow::Borrowed("reaction"));
            event.answer = what;
            out.event(event);
        }
        Ok(())
    }
}

/// What is in a message besides text.
fn form(message: &Value<'_>) -> Option<&'static str> {
    const FORMS: [(&str, &str); 9] = [
        ("photos", "image"),
        ("videos", "video"),
        ("audio_files", "audio"),
        ("gifs", "gif"),
        ("sticker", "sticker"),
        ("files", "file"),
        ("media", "media"),
        ("share", "share"),
        ("bumped_message_metadata", "bump"),
    ];
    let is_filled = |value: &Value<'_>| match value {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    let found = FORMS.into_iter().find(|(field, _)| is_filled(message.get(field)))?.1;
    (found != "bump").then_some(found)
}

/// Whether the platform wrote it, because nobody did: calls, in the languages that are known. Newer downloads mark them
/// with a field.
fn is_notice(text: &str) -> bool {
    const BEGINNINGS: [&str; 7] = [
        "You missed a call",
        "You missed a video chat",
        "You missed a video call",
        "You missed an audio call",
        "You started a video chat",
        "You started a video call",
        "You started an audio call",
    ];
    const ENDINGS: [&str; 10] = [
        " started a video chat",
        " started a video call",
        " started an audio call",
        " missed your call",
        " missed your video call",
        " missed your audio call",
        "Video chat ended",
        " hat einen Videochat gestartet",
        " hat einen Anruf gestartet",
        "Videochat beendet",
    ];
    let text = text.trim().trim_end_matches('.');
    let is_short = text.chars().count() < 80;
    is_short
        && (BEGINNINGS.iter().any(|start| text.starts_with(start)) || ENDINGS.iter().any(|end| text.ends_with(end)))
}

/// Whether the platform wrote it in the place of a picture or a link.
fn stands_for_media(text: &str) -> bool {
    [
        " sent an attachment.",
        " sent a photo.",
        " sent a video.",
        " sent a voice message.",
        " sent a link.",
        " sent a GIF.",
        " sent a sticker.",
        " hat einen Anhang gesendet.",
        " hat ein Foto gesendet.",
        " hat ein Video gesendet.",
        " hat eine Sprachnachricht gesendet.",
        " hat einen Link gesendet.",
    ]
    .iter()
    .any(|end| text.ends_with(end))
}

/// The reaction in a line by which older downloads tell of one: `Liked a message`, `Reacted ❤ to your message`.
fn reaction_line(text: &str) -> Option<&str> {
    let text = text.trim();
    if ["Liked a message", "Gefällt eine Nachricht", "Hat eine Nachricht mit „Gefällt mir“ markiert"].contains(&text)
    {
        return Some("❤");
    }
    let inner = [
        ("Reacted ", " to your message"),
        ("Reacted ", " to your story"),
        ("Hat mit ", " auf deine Nachricht reagiert"),
    ]
    .into_iter()
    .find_map(|(before, behind)| text.strip_prefix(before)?.strip_suffix(behind))?;
    // An emoji is a few characters without blanks.
    (!inner.is_empty() && inner.chars().count() <= 8 && !inner.contains(' ')).then_some(inner)
}

/// Text whose UTF-8 was written as if each byte were a character (`GrÃ¶ÃŸe`), as it was meant. Any other text as it is.
fn repaired(text: Text<'_>) -> Text<'_> {
    if text.is_ascii() {
        return text;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
    match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(meant) => Cow::Owned(meant),
        None => text,
    }
}

#[cfg(test)]
mod tests;

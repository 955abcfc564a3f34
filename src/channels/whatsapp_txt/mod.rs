//! Chats that a phone exported from WhatsApp as text: `WhatsApp Chat with Anna.txt`, `_chat.txt`.
//!
//! One file is one record and one chat. It has neither ids nor receipts nor a zone, and on Android phones no seconds. It
//! knows nothing of WhatsApp's webhooks. Format: as phones write it; there is no reference.
//!
//! **Times and order.** Inside a minute only the file tells the order, so the messages of one stamp are lifted by a
//! microsecond each: the first stands at the stamp, the next a microsecond later. That is the same in every export that
//! has the stamp from its beginning, whatever was written since. An export that begins in the middle of a chat may lack the
//! beginning of its first stamp, so the messages of that one are counted from its last one back to [`LATE`] after the
//! stamp: behind whatever the whole chat says, and in their order. That a file has the beginning of the chat shows in the
//! notice with which every chat begins.
//!
//! **What is the same message.** Two exports of one chat overlap. A message is known by the chat, its stamp, its side, its
//! text and its number among equal ones of that stamp. All messages have the same id in every export, and the same time but
//! for those of a first stamp that was cut: these few are stored twice, and counted once by their id, at the earlier time.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use self::content::Content;
use self::stamp::Stamp;
use super::export::{self, Chat, is_mark};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value};
use crate::config::DateOrder;
use crate::event::{Event, Kind, Time};

mod content;
mod order;
mod partner;
mod stamp;
#[cfg(test)]
mod tests;

const NAME: &str = "whatsapp_txt";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "WhatsApp chat export",
    knows_numbers: false,
    kinds: &[Kind::OptedIn, Kind::MessageReceived, Kind::OptedOutSoft, Kind::MessageSent],
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
        "Times are those of the phone that exported, and need its zone; in the hour that is repeated in autumn they count as the first.",
        "Android phones export no seconds: answer times are exact to the minute, and messages of one minute keep the order of the file.",
        "Whether 03/04 is in March or April follows from the whole file; a file that leaves it open is refused until date_order under [chat_export] says it.",
        "A contact is the name in the address book of the phone that exported, or a number: the same person has another name on another phone.",
        "Messages have no ids: two exports of a chat give each message once, unless a message was edited between them or the phones differ.",
        "Deleted messages, calls and notices are left out; pictures and the like count as messages without text.",
        "WhatsApp's own words in a language that is not known count as typed words on Android phones, and as notices on iPhones.",
        "Only chats of two are counted; groups are left out.",
    ],
    recognises,
    parse,
};

/// In microseconds after its stamp, the end of a first stamp whose beginning may be missing: later than any whole one
/// reaches, and less than a second, the unit of answer times.
const LATE: i64 = 900_000;

fn recognises(record: &Record<'_>) -> bool {
    let Value::Str(text) = record.body else { return false };
    if !text.contains('\n') {
        return false;
    }
    let mut lines = text.lines().filter(|line| !line.trim_matches(is_mark).trim().is_empty());
    let Some((_, first)) = lines.next().and_then(stamp::strip) else { return false };
    // Programs log with such times too, before a level or a body.
    let mut said = std::iter::once(first).chain(lines.filter_map(stamp::strip).map(|(_, said)| said)).take(20);
    let mut has_sender = false;
    !said.any(|said| {
        has_sender |= said.contains(':');
        is_logged(said)
    }) && has_sender
}

/// Whether it is how programs log: a body, or a level before the message.
fn is_logged(said: &str) -> bool {
    const LEVELS: &[&str] = &["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"];
    let (start, text) = said.split_once(": ").unwrap_or((said, ""));
    let is_body = |text: &str| ["{", "[{", "<xml"].iter().any(|body| text.starts_with(body));
    let has_level = start.split([' ', '.', '[', ']', ':']).take(8).any(|word| LEVELS.contains(&word));
    is_body(start) || is_body(text) || has_level
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    if let Value::Str(text) = record.body
        && let Err(reason) = read(text, record, out)
    {
        out.reject(reason);
    }
}

/// A line with a stamp, and the lines below it.
struct Entry<'a> {
    stamp: Stamp,
    /// Who wrote it, as it stands there; nobody wrote notices.
    sender: Option<&'a str>,
    content: Content<'a>,
}

fn read<'a>(text: &'a str, record: &Record<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let partner = partner::of(record.source);
    let known =
        record.reading.chat_export.business.iter().map(|name| export::name(name)).chain(partner.clone()).collect();
    let entries = entries(text, &known);
    let is_sent = |entry: &&Entry<'_>| entry.content != Content::Notice;
    let people: BTreeSet<String> =
        entries.iter().filter(is_sent).filter_map(|entry| entry.sender).map(export::name).collect();
    if people.is_empty() {
        out.ignore("notices");
        return Ok(());
    }
    let contact = match export::chat(record.reading, &people, partner.as_deref())? {
        Chat::Group => {
            out.ignore("group_chat");
            return Ok(());
        }
        Chat::With(contact) => contact,
    };
    let stamps: Vec<Stamp> = entries.iter().map(|entry| entry.stamp).collect();
    let chat = Reader {
        record,
        order: order::decide(&stamps, record.reading.chat_export.date_order)?,
        contact_id: export::contact_id(&contact),
        contact,
    };
    chat.messages(&entries, out);
    Ok(())
}

/// A chat of which all is known that its lines do not tell.
struct Reader<'r, 'a> {
    record: &'r Record<'a>,
    order: DateOrder,
    contact: String,
    contact_id: String,
}

impl<'a> Reader<'_, 'a> {
    fn messages(&self, entries: &[Entry<'a>], out: &mut Out<'_>) {
        let begins_in_the_middle = entries.first().is_some_and(|entry| entry.content != Content::Notice);
        let first_stamp = entries.first().map(|entry| entry.stamp).filter(|_| begins_in_the_middle);
        let is_sent = |entry: &&Entry<'_>| entry.content != Content::Notice;
        let n_first = entries.iter().filter(is_sent).filter(|entry| Some(entry.stamp) == first_stamp).count();
        let mut n_of_stamp: BTreeMap<DateTime, usize> = BTreeMap::new();
        let mut n_alike: BTreeMap<String, usize> = BTreeMap::new();
        for entry in entries.iter().filter(is_sent) {
            let (clock, stamp) = match self.stamp(entry) {
                Ok(times) => times,
                Err(reason) => {
                    out.reject(reason);
                    continue;
                }
            };
            let n_before = n_of_stamp.entry(clock).or_default();
            let place = i64::try_from(*n_before).unwrap_or(i64::MAX);
            *n_before += 1;
            let lift = if Some(entry.stamp) == first_stamp {
                LATE - i64::try_from(n_first).unwrap_or(i64::MAX).saturating_sub(place)
            } else {
                place
            };
            let at = Time(stamp.0.saturating_add(lift.clamp(0, LATE)));
            if let Some(event) = self.message(entry, stamp, at, &mut n_alike) {
                out.event(event);
            }
        }
        // Notices and deleted messages name a file that has nothing else.
        out.ignore("deleted_messages");
    }

    /// What the clock showed, and which instant that was.
    fn stamp(&self, entry: &Entry<'_>) -> Result<(DateTime, Time), Reason> {
        let day = entry.stamp.date.read(self.order).ok_or(Reason::BadTime("date"))?;
        let clock = day.to_datetime(entry.stamp.time);
        let zone = self.record.reading.zone().ok_or(Reason::NoZone("date"))?;
        Ok((clock, Time::from_civil(clock, zone).ok_or(Reason::BadTime("date"))?))
    }

    fn message(
        &self,
        entry: &Entry<'a>,
        stamp: Time,
        at: Time,
        n_alike: &mut BTreeMap<String, usize>,
    ) -> Option<Event<'a>> {
        let (message_type, text) = match entry.content {
            Content::Text(text) => ("text", text),
            Content::Media { what, caption } => (what, caption),
            Content::Deleted | Content::Notice => return None,
        };
        let sender = export::name(entry.sender?);
        let kind = if sender == self.contact { Kind::MessageReceived } else { Kind::MessageSent };
        // A picture is an omitted one in one export and a file in another.
        let form = if message_type == "text" { "text" } else { "media" };
        let parts = [&*self.contact_id, kind.name(), &stamp.0.to_string(), form, text];
        let n_before = n_alike.entry(export::derived_id(&parts)).or_default();
        let id = export::derived_id(&[&parts.join("\u{1f}"), &n_before.to_string()]);
        *n_before += 1;
        let mut event = Event::new(kind, at, NAME, self.contact_id.clone(), id.clone());
        event.message_id = Some(Cow::Owned(id));
        event.message_type = Some(Cow::Borrowed(message_type));
        event.text = Some(text).filter(|text| !text.is_empty()).map(Cow::Borrowed);
        event.agent = (kind == Kind::MessageSent).then_some(Cow::Owned(sender));
        Some(event)
    }
}

/// Cuts a chat where a line begins with a stamp of the file's style. `known` are names that may hold a colon.
fn entries<'a>(text: &'a str, known: &BTreeSet<String>) -> Vec<Entry<'a>> {
    // Stamps, and where in the text their line begins and what is said.
    let mut found: Vec<(Stamp, usize, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        if let Some((stamp, said)) = stamp::strip(bare)
            && found.first().is_none_or(|(first, ..)| first.in_brackets == stamp.in_brackets)
        {
            found.push((stamp, at, at + bare.len() - said.len()));
        }
        at += line.len();
    }
    let ends = found.iter().skip(1).map(|(_, line, _)| *line).chain(std::iter::once(text.len()));
    let said = |start: usize, end: usize| text.get(start..end).unwrap_or_default().trim_end();
    let found: Vec<(Stamp, &str)> =
        found.iter().zip(ends).map(|(&(stamp, _, from), end)| (stamp, said(from, end))).collect();
    let people: BTreeSet<&str> = found.iter().filter_map(|(_, said)| Some(said.split_once(": ")?.0)).collect();
    found
        .into_iter()
        .map(|(stamp, said)| {
            match sender(said, &people, known).filter(|(sender, _)| !export::name(sender).is_empty()) {
                Some((sender, text)) => Entry { stamp, sender: Some(sender), content: content::content(text) },
                None => Entry { stamp, sender: None, content: Content::Notice },
            }
        })
        .collect()
}

/// Who said it, and what. Nobody said notices, which have no name and colon in front.
fn sender<'a>(said: &'a str, people: &BTreeSet<&str>, known: &BTreeSet<String>) -> Option<(&'a str, &'a str)> {
    let first = said.lines().next().unwrap_or_default();
    if first.contains(": ") {
        let splits = first.match_indices(": ").filter_map(|(at, _)| said.split_at_checked(at));
        let by_known = splits.take(4).find(|(name, _)| known.contains(&export::name(name)));
        return by_known
            .map(|(name, text)| (name, text.strip_prefix(": ").unwrap_or(text)))
            .or_else(|| said.split_once(": "));
    }
    // Editors take the blank off the end of an empty line, and some programs write none.
    let (name, text) = said.split_once(':')?;
    let is_empty = first.trim_end().strip_suffix(':') == Some(name);
    (people.contains(name) || is_empty && !text.is_empty()).then_some((name, text))
}

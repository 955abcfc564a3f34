//! Viber bots: callbacks, one event per body, and the log of calls that send messages.
//!
//! It knows nothing of Viber's other products, whose messages come through resellers. Format: Viber's REST bot API.
//!
//! Callbacks do not name the bot, so the account is unknown unless the record has a `bot_id` beside the event or call; a
//! log of several bots needs it in every record. The contact is the user id, which a person has per bot.
//!
//! `seen` comes once when a contact opens the chat, with the token of one message, however many were unread. So it says
//! both: that message was opened, and everything sent until then was. The first holds without a send log and whatever
//! its clock says, the second for the messages before.
//!
//! `tracking_data` of a message that was sent is its tag, and becomes its campaign. Viber gives it back with whatever the
//! contact writes next; there it is the tag of the contact's message, which only `[[map]]` rules read.

use std::borrow::Cow;

use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time};

mod calls;

const NAME: &str = "viber";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Viber",
    kinds: &[
        Kind::Referral,
        Kind::OptedIn,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::OptedOutHard,
        Kind::MessageSent,
        Kind::MessageSuppressed,
        Kind::MessageFailed,
        Kind::MessageDelivered,
        Kind::MessageOpened,
        Kind::OpenedUpTo,
    ],
    abilities: Abilities {
        sent: Ability::NeedsSendLog,
        delivered: Ability::LowerBound,
        opened: Ability::LowerBound,
        clicked: Ability::Never,
        replied: Ability::Yes,
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Yes,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Never,
        paid: Ability::Never,
    },
    caveats: &[
        "Sent messages are seen only in a log of calls to send_message; without it, a message is known by its receipts alone, with the time of the first.",
        "Seen comes once when a contact opens the chat, so it counts for all messages sent until then, also for one that a device got only later.",
        "Delivered and seen can be switched off for a bot, and contacts can hide that they have seen something, so both are lower bounds.",
        "A tapped keyboard button writes its action as a message, so it counts as a reply; buttons that open a link report nothing.",
        "Opening a chat is no opt-in; by Viber's rules the first message is one, but a callback does not say that it is the first, so only subscriptions count.",
        "A send that is refused because the contact is not subscribed (status 6) is a failure, not an opt-out: whoever leaves is reported as unsubscribed, and others never joined.",
        "A send that was refused for too many requests (status 12) counts as suppressed, because bots repeat it.",
        "Welcome messages, which a bot answers to an opened chat with, are in no send log.",
        "Messages in the send log have the log's time; where it is later than Viber's own, a message may look unseen until the next receipt.",
        "A person has another id at every bot, and a new one after changing the phone number.",
        "Callbacks do not name their bot: logs of several bots need bot_id in every record.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    (json::has(body, "message_token") && body.get("event").as_str().is_some()) || calls::is_call(body)
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let read = if calls::is_call(record.body) { calls::read(record, out) } else { callback(record, out) };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// The bot, where the record names it.
fn bot<'a>(body: &'a Value<'a>) -> Option<Text<'a>> {
    json::text(body.get("bot_id"))
}

/// A callback, with what all its events have in common.
struct Callback<'a> {
    body: &'a Value<'a>,
    name: &'a str,
    at: Time,
    /// Above 2^53, so it is text from here on.
    token: Text<'a>,
}

/// A body of the webhook.
fn callback<'a>(record: &'a Record<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let name = body.get("event").as_str().unwrap_or_default();
    // Pings have been seen with token and time in each other's place, so they are left alone before these are read.
    match name {
        "webhook" => out.ignore("webhook"),
        "client_status" => out.ignore("client_status"),
        "action" => out.ignore("action"),
        "message" | "subscribed" | "conversation_started" | "unsubscribed" | "delivered" | "seen" | "failed" => {
            let callback = Callback {
                body,
                name,
                at: json::time(body.get("timestamp"), "timestamp", record.reading.zone())?,
                token: json::required(body.get("message_token"), "message_token")?,
            };
            return callback.read(out);
        }
        _ => out.ignore("unknown_event"),
    }
    Ok(())
}

impl<'a> Callback<'a> {
    fn read(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        match self.name {
            "message" => self.message(out),
            "subscribed" => self.joined(Kind::OptedIn, out),
            "conversation_started"
                if self.body.get("context").as_str().is_none_or(|context| context.trim().is_empty()) =>
            {
                // Nothing says where the person came from.
                out.ignore("conversation_started");
                Ok(())
            }
            "conversation_started" => self.joined(Kind::Referral, out),
            "unsubscribed" => {
                out.event(self.event(Kind::OptedOutHard, self.user_id()?));
                Ok(())
            }
            name => self.receipt(name, out),
        }
    }

    /// An event of this contact. A token is shared by the receipts of one message, and a broadcast has one token for all.
    fn event(&self, kind: Kind, contact: Text<'a>) -> Event<'a> {
        let dedup = format!("{}:{}:{contact}", self.name, self.token);
        let mut event = Event::new(kind, self.at, NAME, contact, dedup);
        event.account = bot(self.body);
        event
    }

    /// The contact of receipts and of leaving.
    fn user_id(&self) -> Result<Text<'a>, Reason> {
        json::required(self.body.get("user_id"), "user_id")
    }

    /// `message`: the contact wrote something.
    fn message(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        let (sender, message) = (self.body.get("sender"), self.body.get("message"));
        if !message.is_object() {
            return Err(Reason::MissingField("message"));
        }
        let mut event = self.event(Kind::MessageReceived, json::required(sender.get("id"), "sender")?);
        event.message_id = Some(self.token.clone());
        event.message_type = Some(json::required(message.get("type"), "type")?);
        event.text = json::text(message.get("text"));
        event.tag = json::text(message.get("tracking_data"));
        describe(&mut event, sender);
        out.event(event);
        Ok(())
    }

    /// `subscribed` and `conversation_started`: both tell the whole user.
    fn joined(&self, kind: Kind, out: &mut Out<'_>) -> Result<(), Reason> {
        let user = self.body.get("user");
        let mut event = self.event(kind, json::required(user.get("id"), "user")?);
        event.message_type = json::text(self.body.get("type"));
        event.topic = json::text(self.body.get("context"));
        event.tag.clone_from(&event.topic);
        describe(&mut event, user);
        out.event(event);
        Ok(())
    }

    /// `delivered`, `seen` and `failed`.
    fn receipt(&self, name: &str, out: &mut Out<'_>) -> Result<(), Reason> {
        let kind = match name {
            "delivered" => Kind::MessageDelivered,
            "seen" => Kind::MessageOpened,
            _ => Kind::MessageFailed,
        };
        let mut event = self.event(kind, self.user_id()?);
        event.message_id = Some(self.token.clone());
        event.error_code = json::text(self.body.get("desc")).filter(|_| kind == Kind::MessageFailed);
        let mark = (kind == Kind::MessageOpened).then(|| {
            let mut mark = event.clone();
            mark.kind = Kind::OpenedUpTo;
            mark.message_id = None;
            mark.up_to = Some(self.at);
            mark
        });
        out.event(event);
        if let Some(mark) = mark {
            out.event(mark);
        }
        Ok(())
    }
}

/// What Viber tells of a person.
fn describe<'a>(event: &mut Event<'a>, user: &'a Value<'a>) {
    event.country =
        json::text(user.get("country")).filter(|country| country.len() == 2).map(|country| match &*country {
            // Viber's own word for Great Britain.
            "UK" => Cow::Borrowed("GB"),
            _ => country,
        });
    event.language = json::text(user.get("language"));
}

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
    knows_numbers: false,
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

#[cfg(test)]
mod tests {
    use super::super::reading::{check as check_channel, ends};
    use super::super::{Arena, Reading, parse as parse_json};
    use super::*;

    #[track_caller]
    pub(super) fn check(json: &str, expected: &[&str]) {
        check_channel(&CHANNEL, json, expected);
    }

    fn callback(event: &str, rest: &str) -> String {
        format!(r#"{{"event":"{event}","timestamp":1700000000123,"message_token":4912661846655238145,{rest}}}"#)
    }

    fn dedups(json: &str) -> Vec<String> {
        let arena = Arena::default();
        let body = parse_json(json, &arena).unwrap();
        let reading = Reading::default();
        let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
        let mut dedups = Vec::new();
        let mut emit = |event: Event<'_>| dedups.push(event.dedup.into_owned());
        super::parse(&record, &mut Out::new(&mut emit));
        dedups
    }

    #[test]
    fn a_message_keeps_all_digits_of_its_token_and_what_was_tracked() {
        let message = |content: &str| {
            callback(
                "message",
                &format!(
                    r#""sender":{{"id":"A+/=","name":"J","language":"en","country":"UK"}},"message":{{{content}}},"silent":false"#
                ),
            )
        };
        check(
            &message(r#""type":"text","text":"ja","tracking_data":"spring""#),
            &[
                "1700000000 message_received A+/= id=4912661846655238145 country=GB language=en type=text text=ja tag=spring",
            ],
        );
        check(
            &message(r#""type":"sticker","sticker_id":46105"#),
            &["1700000000 message_received A+/= id=4912661846655238145 country=GB language=en type=sticker"],
        );
    }

    #[test]
    fn seen_opens_its_message_and_everything_sent_until_then() {
        check(
            &callback("seen", r#""user_id":"A=""#),
            &["1700000000 message_opened A= id=4912661846655238145", "1700000000 opened_up_to A= up_to=1700000000"],
        );
    }

    #[test]
    fn receipts_of_one_token_are_told_apart_by_event_and_by_user() {
        check(&callback("delivered", r#""user_id":"A=""#), &["1700000000 message_delivered A= id=4912661846655238145"]);
        check(
            &callback("failed", r#""user_id":"A=","desc":"bad keyboard""#),
            &["1700000000 message_failed A= id=4912661846655238145 error=bad keyboard"],
        );
        let all: Vec<String> = [("delivered", "A="), ("seen", "A="), ("delivered", "a=")]
            .iter()
            .filter_map(|(event, user)| dedups(&callback(event, &format!(r#""user_id":"{user}""#))).into_iter().next())
            .collect();
        let token = "4912661846655238145";
        assert_eq!(all, [format!("delivered:{token}:A="), format!("seen:{token}:A="), format!("delivered:{token}:a=")]);
    }

    #[test]
    fn subscribing_opts_in_opening_the_chat_does_not_and_leaving_is_a_hard_opt_out() {
        let user = r#""user":{"id":"A=","language":"de","country":"DE"}"#;
        check(&callback("subscribed", user), &["1700000000 opted_in A= country=DE language=de"]);
        check(
            &callback(
                "conversation_started",
                &format!(r#""type":"open","context":"poster","subscribed":false,{user}"#),
            ),
            &["1700000000 referral A= topic=poster country=DE language=de type=open tag=poster"],
        );
        check(
            &callback("conversation_started", &format!(r#""type":"open",{user}"#)),
            &["ignored conversation_started"],
        );
        check(&callback("unsubscribed", r#""user_id":"A=""#), &["1700000000 opted_out_hard A="]);
    }

    #[test]
    fn a_record_may_name_its_bot() {
        check(
            &callback("unsubscribed", r#""user_id":"A=","bot_id":"tea""#),
            &["1700000000 opted_out_hard A= account=tea"],
        );
    }

    #[test]
    fn a_ping_is_ignored_though_token_and_time_are_in_each_others_place() {
        check(
            r#"{"event":"webhook","timestamp":4987034606158369000,"message_token":1481059480858}"#,
            &["ignored webhook"],
        );
        for (event, what) in [("client_status", "client_status"), ("action", "action"), ("brand_new", "unknown_event")]
        {
            check(&callback(event, r#""user_id":"A=""#), &[&format!("ignored {what}")]);
        }
    }

    #[test]
    fn broken_records_are_refused_for_what_is_wrong_with_them() {
        assert_eq!(
            ends(&CHANNEL, include_str!("../../sample-data/viber/broken.ndjson")),
            [
                "rejected bad_time:timestamp",
                "rejected bad_time:timestamp",
                "rejected missing_field:sender",
                "rejected missing_field:message",
                "rejected missing_field:type",
                "rejected missing_field:message_token",
                "rejected missing_field:message_token",
                "rejected missing_field:user_id",
                "rejected missing_field:user_id",
                "rejected missing_field:user",
                "rejected missing_field:timestamp",
                "ignored unknown_event",
                "rejected no_zone:at",
                "rejected missing_field:at",
                "rejected missing_field:message_token",
                "rejected missing_field:receiver",
                "rejected missing_field:status",
                "rejected missing_field:receiver",
            ]
        );
    }
}

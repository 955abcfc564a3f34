//! Telegram bots: updates, as the webhook or `getUpdates` gives them, and the log of Bot API calls.
//!
//! It knows nothing of other Telegram clients or of exports. Format: the Bot API reference, core.telegram.org/bots/api.
//!
//! Telegram does not report what a bot sends; sends come from a log with one record per call:
//!
//! ```json
//! {"method": "sendMessage", "at": "2026-03-02T08:00:00Z", "tag": "spring",
//!  "request": {"chat_id": 77, "text": "Hallo!"},
//!  "response": {"ok": true, "result": {"message_id": 5, "date": 1772438400, "chat": {"id": 77, "type": "private"}}}}
//! ```
//!
//! A refused call has `"response": {"ok": false, "error_code": 403, "description": "…"}` and needs `at`. `params` and
//! `result` are read in place of `request` and `response`; a bare response to a send is read too.
//!
//! The contact is the private chat, whose id is the person's. An update does not name its bot, so the account is unknown
//! unless the record has a `bot_id` beside the update or call; the ids in sent messages are left alone, because a send
//! and its answer must have the same account. A log of several bots needs `bot_id` in every record. In chats of a
//! business account the account is the business connection.

use std::borrow::Cow;

use super::value::Object;
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

mod calls;

const NAME: &str = "telegram";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Telegram",
    knows_numbers: false,
    kinds: &[
        Kind::Referral,
        Kind::OptedIn,
        Kind::ReactionReceived,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::OptedOutHard,
        Kind::Payment,
        Kind::MessageSent,
        Kind::MessageSuppressed,
        Kind::MessageFailed,
    ],
    abilities: Abilities {
        sent: Ability::NeedsSendLog,
        delivered: Ability::Never,
        opened: Ability::Never,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::Yes,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Yes,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Never,
        paid: Ability::Yes,
    },
    caveats: &[
        "Telegram reports neither deliveries nor reads to bots, so delivery and open rates do not exist.",
        "Sent messages are seen only in a log of Bot API calls; without it, nothing was sent.",
        "A tap has no time of its own: the time of receipt stands in, else the time at which its message was sent, which is too early: seconds to answer are then 0.",
        "Blocking is reported in my_chat_member updates and by sends that fail with 403; a deactivated account is a failure, not an opt-out.",
        "A soft opt-out is known only from the text that a contact wrote, such as /stop.",
        "A button of a reply keyboard writes its title as a message; it counts as a reply, not as a click.",
        "Opened links and URL buttons are not reported.",
        "Reactions are reported only to bots that ask for them (allowed_updates).",
        "Only private chats are counted; groups and channels are left out, and so are answers to polls, which name no chat.",
        "Updates do not name their bot: logs of several bots need bot_id in every record.",
        "A send that was refused for too many requests (429) counts as suppressed, because bots repeat it.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    json::has(record.body, "update_id") || calls::is_call(record.body) || calls::is_response(record.body)
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let reader = Reader { record, bot: bot(record.body) };
    let body = record.body;
    let read = if json::has(body, "update_id") {
        reader.update(body, out)
    } else if body.get("method").as_str().is_some() {
        reader.call(body, out)
    } else {
        reader.results(body.get("result"), &Value::Null, out);
        Ok(())
    };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// The bot, where the record names it beside the update or call.
fn bot<'a>(body: &'a Value<'a>) -> Option<Text<'a>> {
    ["bot_id", "bot"].into_iter().find_map(|key| {
        let bot = body.get(key);
        json::text(bot).or_else(|| json::text(bot.get("id")))
    })
}

/// One record and what it says about all its parts.
struct Reader<'a> {
    record: &'a Record<'a>,
    bot: Option<Text<'a>>,
}

impl<'a> Reader<'a> {
    /// An `Update`: its id and one more key, which names the kind.
    fn update(&self, update: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let update_id = json::required(update.get("update_id"), "update_id")?;
        for key in update.as_object().into_iter().flat_map(Object::keys) {
            let value = update.get(key);
            match key {
                "update_id" | "bot" | "bot_id" | "received_at" => {}
                "message" | "business_message" => self.message(&update_id, value, out)?,
                "callback_query" => self.callback(value, out)?,
                "my_chat_member" => self.membership(&update_id, value, out)?,
                "message_reaction" => self.reaction(&update_id, value, out)?,
                "pre_checkout_query" => self.checkout(value, out)?,
                "edited_message" => out.ignore("edited_message"),
                "channel_post" => out.ignore("channel_post"),
                "edited_channel_post" => out.ignore("edited_channel_post"),
                "business_connection" => out.ignore("business_connection"),
                "edited_business_message" => out.ignore("edited_business_message"),
                "deleted_business_messages" => out.ignore("deleted_business_messages"),
                "guest_message" => out.ignore("guest_message"),
                "message_reaction_count" => out.ignore("message_reaction_count"),
                "inline_query" => out.ignore("inline_query"),
                "chosen_inline_result" => out.ignore("chosen_inline_result"),
                "shipping_query" => out.ignore("shipping_query"),
                "purchased_paid_media" => out.ignore("purchased_paid_media"),
                "poll" => out.ignore("poll"),
                "poll_answer" => out.ignore("poll_answer"),
                "chat_member" => out.ignore("chat_member"),
                "chat_join_request" => out.ignore("chat_join_request"),
                "chat_boost" => out.ignore("chat_boost"),
                "removed_chat_boost" => out.ignore("removed_chat_boost"),
                "managed_bot" => out.ignore("managed_bot"),
                _ => out.ignore("unknown_update"),
            }
        }
        Ok(())
    }

    fn event(&self, kind: Kind, at: Time, contact: &Text<'a>, key: &str) -> Event<'a> {
        let mut event = Event::new(kind, at, NAME, contact.clone(), format!("{contact}:{key}"));
        event.account.clone_from(&self.bot);
        event
    }

    /// `date`, which Telegram writes on everything but queries.
    fn date(&self, value: &Value<'_>) -> Result<Time, Reason> {
        json::time(value, "date", self.record.reading.zone())
    }

    /// `message`: written by the contact, or a payment; in a business account's chats also written by its owner.
    fn message(&self, update_id: &str, message: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let chat = message.get("chat");
        let contact = match private_chat(chat)? {
            Ok(contact) => contact,
            Err(what) => return ignored(what, out),
        };
        let from = message.get("from");
        let by_contact = json::text(from.get("id")).is_none_or(|from| from == contact);
        let connection = json::text(message.get("business_connection_id"));
        if !by_contact {
            // Bots are not told what they sent, but logs hold it in this form; owners' answers come like this.
            return self.sent(message, &Value::Null, out);
        }
        let at = self.date(message.get("date"))?;
        let message_id = qualified(&contact, message)?;
        for (key, state) in [("successful_payment", "successful"), ("refunded_payment", "refunded")] {
            let payment = message.get(key);
            if payment.is_object() {
                let mut event = paid(self.event(Kind::Payment, at, &contact, update_id), payment, state);
                event.message_id = Some(Cow::Owned(message_id));
                out.event(event);
                return Ok(());
            }
        }
        let access = message.get("write_access_allowed");
        if access.is_object() {
            let mut event = self.event(Kind::OptedIn, at, &contact, update_id);
            event.topic = json::text(access.get("web_app_name"));
            out.event(event);
            return Ok(());
        }
        let Some(content) = content(message) else {
            return ignored("service_message", out);
        };
        let text = written(message);
        let is_command = content == "text" && text.as_deref().is_some_and(|text| text.starts_with('/'));
        if let Some(parameter) = text.as_deref().filter(|_| is_command).and_then(start) {
            let parameter: Option<Text<'a>> = (!parameter.is_empty()).then(|| Cow::Owned(parameter.to_owned()));
            let referral = parameter.is_some().then_some(Kind::Referral);
            for kind in [Some(Kind::OptedIn), referral].into_iter().flatten() {
                let mut event = self.event(kind, at, &contact, update_id);
                event.account = connection.clone().or(event.account);
                event.topic.clone_from(&parameter);
                event.tag.clone_from(&parameter);
                out.event(event);
            }
        }
        let mut event = self.event(Kind::MessageReceived, at, &contact, update_id);
        event.account = connection.or(event.account);
        event.message_id = Some(Cow::Owned(message_id));
        event.reply_to = qualified(&contact, message.get("reply_to_message")).ok().map(Cow::Owned);
        event.language = json::text(from.get("language_code"));
        event.message_type = Some(Cow::Borrowed(if is_command { "command" } else { content }));
        event.text = text;
        out.event(event);
        Ok(())
    }

    /// `callback_query`: a tap on a button under a message.
    fn callback(&self, query: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let id = json::required(query.get("id"), "id")?;
        let contact = json::required(query.get("from").get("id"), "from")?;
        let message = query.get("message");
        if message.is_object() {
            if let Err(what) = private_chat(message.get("chat"))? {
                return ignored(what, out);
            }
        } else if json::has(query, "inline_message_id") {
            // A message that the person put into a chat in which the bot is not.
            return ignored("inline_message", out);
        }
        // The tap has no time. The date of the message is the nearest known before it; a message that is gone has 0. A tap
        // follows its message, also where the second is the same or the clock of receipt is slow.
        let at = match (self.record.received_at, self.date(message.get("date"))) {
            (Some(received_at), Ok(sent_at)) => received_at.max(Time(sent_at.0 + 1)),
            (Some(received_at), Err(_)) => received_at,
            (None, sent_at) => Time(sent_at?.0 + 1),
        };
        let mut event = self.event(Kind::ButtonClicked, at, &contact, &id);
        event.time_basis = TimeBasis::Received;
        // A tap that is delivered again has another time of receipt; by its id it counts once all the same.
        event.message_id = Some(Cow::Owned(format!("tap:{id}")));
        event.account = json::text(message.get("business_connection_id")).or(event.account);
        event.reply_to = qualified(&contact, message).ok().map(Cow::Owned);
        event.language = json::text(query.get("from").get("language_code"));
        event.message_type = Some(Cow::Borrowed("callback_query"));
        event.answer = json::text(query.get("data")).or_else(|| json::text(query.get("game_short_name")));
        event.text = title(message, query.get("data"));
        out.event(event);
        Ok(())
    }

    /// `my_chat_member` of a private chat: the contact blocked the bot or let it back in.
    fn membership(&self, update_id: &str, member: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let contact = match private_chat(member.get("chat"))? {
            Ok(contact) => contact,
            Err(what) => return ignored(what, out),
        };
        let status = |key| json::required(member.get(key).get("status"), "status");
        let kind = match (&*status("old_chat_member")?, &*status("new_chat_member")?) {
            ("kicked", "kicked") => return ignored("my_chat_member", out),
            (_, "kicked") => Kind::OptedOutHard,
            ("kicked" | "left", "member") => Kind::OptedIn,
            _ => return ignored("my_chat_member", out),
        };
        out.event(self.event(kind, self.date(member.get("date"))?, &contact, update_id));
        Ok(())
    }

    /// `message_reaction` of a private chat: what is new among the reactions; fewer reactions are no event.
    fn reaction(&self, update_id: &str, reaction: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let contact = match private_chat(reaction.get("chat"))? {
            Ok(contact) => contact,
            Err(what) => return ignored(what, out),
        };
        let old = reaction.get("old_reaction");
        let mut added =
            json::elements(reaction.get("new_reaction")).filter(|new| json::elements(old).all(|old| old != *new));
        let Some(new) = added.next() else {
            return ignored("reaction_removed", out);
        };
        let mut event = self.event(Kind::ReactionReceived, self.date(reaction.get("date"))?, &contact, update_id);
        event.reply_to = Some(Cow::Owned(qualified(&contact, reaction)?));
        event.message_type = Some(Cow::Borrowed("reaction"));
        event.answer = json::text(new.get("emoji")).or_else(|| json::text(new.get("type")));
        out.event(event);
        Ok(())
    }

    /// `pre_checkout_query`: the contact confirmed an order that is not paid yet. It has no time but that of receipt.
    fn checkout(&self, query: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let id = json::required(query.get("id"), "id")?;
        let contact = json::required(query.get("from").get("id"), "from")?;
        let at = self.record.received_at.ok_or(Reason::MissingField("received_at"))?;
        let mut event = paid(self.event(Kind::Payment, at, &contact, &id), query, "pre_checkout");
        event.time_basis = TimeBasis::Received;
        out.event(event);
        Ok(())
    }
}

/// Notes a part that says nothing about conversations.
#[expect(clippy::unnecessary_wraps, reason = "readers end with it")]
fn ignored(what: &'static str, out: &mut Out<'_>) -> Result<(), Reason> {
    out.ignore(what);
    Ok(())
}

/// The contact of a private chat, or the word for a chat of several people.
fn private_chat<'a>(chat: &'a Value<'a>) -> Result<Result<Text<'a>, &'static str>, Reason> {
    let id = json::required(chat.get("id"), "chat")?;
    Ok(match chat.get("type").as_str() {
        Some("private") => Ok(id),
        Some("group") => Err("group_chat"),
        Some("supergroup") => Err("supergroup_chat"),
        Some("channel") => Err("channel_chat"),
        Some(_) => Err("unknown_chat"),
        // Groups and channels have negative ids, channels also names.
        None if id.bytes().all(|byte| byte.is_ascii_digit()) => Ok(id),
        None => Err("group_chat"),
    })
}

/// Message ids count up per chat, so they are qualified with it.
fn qualified(contact: &str, message: &Value<'_>) -> Result<String, Reason> {
    json::required(message.get("message_id"), "message_id").map(|id| format!("{contact}:{id}"))
}

/// The text of a message, under a picture, or from a web app.
fn written<'a>(message: &'a Value<'a>) -> Option<Text<'a>> {
    [message.get("text"), message.get("caption"), message.get("web_app_data").get("data")]
        .into_iter()
        .find_map(json::text)
}

/// What a message consists of. What Telegram itself notes in a chat (joins, pins, boosts) has none of these.
fn content(message: &Value<'_>) -> Option<&'static str> {
    // An animation is also a document, and a venue also a location: the narrower word comes first.
    const CONTENTS: [&str; 25] = [
        "text",
        "animation",
        "audio",
        "document",
        "paid_media",
        "photo",
        "sticker",
        "story",
        "video",
        "video_note",
        "voice",
        "checklist",
        "contact",
        "dice",
        "game",
        "poll",
        "venue",
        "location",
        "invoice",
        "rich_message",
        "web_app_data",
        "users_shared",
        "user_shared",
        "chat_shared",
        "passport_data",
    ];
    CONTENTS.into_iter().find(|key| !message.get(key).is_null())
}

/// The parameter of `/start`, which a deep link sends; empty if there is none. `None` for every other command.
fn start(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    let command = words.next()?;
    let command = command.split_once('@').map_or(command, |(command, _bot)| command);
    (command == "/start").then(|| words.next().unwrap_or_default())
}

/// The title of the button with this payload.
fn title<'a>(message: &'a Value<'a>, data: &Value<'_>) -> Option<Text<'a>> {
    json::elements(message.get("reply_markup").get("inline_keyboard"))
        .flat_map(json::elements)
        .find(|button| !data.is_null() && button.get("callback_data") == data)
        .and_then(|button| json::text(button.get("text")))
}

fn paid<'a>(mut event: Event<'a>, payment: &'a Value<'a>, state: &'static str) -> Event<'a> {
    event.answer = Some(Cow::Borrowed(state));
    event.currency = json::text(payment.get("currency"));
    let amount = payment.get("total_amount").as_u64();
    event.cost = amount.zip(event.currency.as_deref()).map(|(amount, currency)| Cow::Owned(decimal(amount, currency)));
    event.tag = json::text(payment.get("invoice_payload"));
    event
}

/// An amount in the smallest unit as decimal text. Decimals as in ISO 4217; Telegram Stars (`XTR`) have none.
fn decimal(amount: u64, currency: &str) -> String {
    let n_decimals = match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" | "XTR" => return amount.to_string(),
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    let unit = 10_u64.pow(n_decimals);
    let width = usize::try_from(n_decimals).unwrap_or_default();
    format!("{}.{:0width$}", amount / unit, amount % unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::reading;

    const RECEIVED: Time = Time(1_700_000_100_000_000);

    pub(super) fn check(json: &str, expected: &[&str]) {
        reading::check(&CHANNEL, json, expected);
    }

    pub(super) fn lines(json: &str, received_at: Option<Time>) -> Vec<String> {
        reading::lines(&CHANNEL, json, received_at)
    }

    /// An update with a message of contact 7.
    pub(super) fn message(content: &str) -> String {
        format!(
            r#"{{"update_id":1,"message":{{"message_id":3,"date":1700000000,"chat":{{"id":7,"type":"private"}},
            "from":{{"id":7,"is_bot":false}},{content}}}}}"#
        )
    }

    #[test]
    fn a_deep_link_is_an_opt_in_with_a_source() {
        check(
            &message(r#""text":"/start@shop_bot qr-1""#),
            &[
                "1700000000 opted_in 7 topic=qr-1 tag=qr-1",
                "1700000000 referral 7 topic=qr-1 tag=qr-1",
                "1700000000 message_received 7 id=7:3 type=command text=/start@shop_bot qr-1",
            ],
        );
        check(&message(r#""text":"/starter""#), &["1700000000 message_received 7 id=7:3 type=command text=/starter"]);
    }

    #[test]
    fn a_tap_has_the_time_of_receipt_else_that_of_its_message() {
        let tap = |date: &str| {
            format!(
                r#"{{"update_id":2,"callback_query":{{"id":"9","from":{{"id":7}},"data":"yes","message":{{"message_id":3,
                "date":{date},"chat":{{"id":7,"type":"private"}},
                "reply_markup":{{"inline_keyboard":[[{{"text":"Ja","callback_data":"yes"}}]]}}}}}}}}"#
            )
        };
        let rest = "button_clicked 7 id=tap:9 re=7:3 type=callback_query answer=yes text=Ja";
        assert_eq!(lines(&tap("1700000000"), Some(RECEIVED)), [format!("~1700000100 {rest}")]);
        assert_eq!(lines(&tap("0"), Some(RECEIVED)), [format!("~1700000100 {rest}")]);
        assert_eq!(lines(&tap("1700000101"), Some(RECEIVED)), [format!("~1700000101 {rest}")]);
        check(&tap("1700000000"), &[&format!("~1700000000 {rest}")]);
        check(&tap("0"), &["rejected bad_time:date"]);
        check(
            r#"{"update_id":2,"callback_query":{"id":"9","from":{"id":7},"data":"yes"}}"#,
            &["rejected missing_field:date"],
        );
    }

    #[test]
    fn a_tap_whose_time_is_not_known_follows_the_question_it_answers() {
        let tap = r#"{"update_id":2,"callback_query":{"id":"9","from":{"id":7},"data":"yes",
            "message":{"message_id":3,"date":1700000000,"chat":{"id":7,"type":"private"}}}}"#;
        let arena = super::super::Arena::default();
        let body = super::super::parse(tap, &arena).unwrap();
        let sent_at = Time(1_700_000_000_000_000);
        for received_at in [None, Some(sent_at), Some(Time(sent_at.0 - 1_500_000))] {
            let reading = super::super::Reading::default();
            let record = Record { body: &body, received_at, source: "test", reading: &reading, arena: &arena };
            let mut found = Vec::new();
            let mut emit = |event: Event<'_>| found.push((event.kind, event.at));
            super::parse(&record, &mut Out::new(&mut emit));
            assert_eq!(found, [(Kind::ButtonClicked, Time(sent_at.0 + 1))], "{received_at:?}");
        }
    }

    #[test]
    fn blocking_is_a_hard_opt_out_and_unblocking_an_opt_in() {
        let change = |old: &str, new: &str| {
            format!(
                r#"{{"update_id":3,"my_chat_member":{{"date":1700000000,"chat":{{"id":7,"type":"private"}},
                "old_chat_member":{{"status":"{old}"}},"new_chat_member":{{"status":"{new}","until_date":0}}}}}}"#
            )
        };
        check(&change("member", "kicked"), &["1700000000 opted_out_hard 7"]);
        check(&change("kicked", "member"), &["1700000000 opted_in 7"]);
        check(&change("creator", "creator"), &["ignored my_chat_member"]);
    }

    #[test]
    fn payments_are_written_with_the_decimals_of_their_currency() {
        for (amount, currency, expected) in [
            (100, "USD", "1.00"),
            (5, "EUR", "0.05"),
            (250, "XTR", "250"),
            (1_500, "JPY", "1500"),
            (1_234, "KWD", "1.234"),
        ] {
            assert_eq!(decimal(amount, currency), expected);
        }
        check(
            &message(r#""successful_payment":{"currency":"XTR","total_amount":250,"invoice_payload":"abo"}"#),
            &["1700000000 payment 7 id=7:3 answer=successful tag=abo cost=250 currency=XTR"],
        );
        let checkout =
            r#"{"update_id":5,"pre_checkout_query":{"id":"8","from":{"id":7},"currency":"EUR","total_amount":990}}"#;
        assert_eq!(
            lines(checkout, Some(RECEIVED)),
            ["~1700000100 payment 7 answer=pre_checkout cost=9.90 currency=EUR"]
        );
        check(checkout, &["rejected missing_field:received_at"]);
    }

    #[test]
    fn a_reaction_counts_when_it_is_set_not_when_it_is_taken_back() {
        let reaction = |old: &str, new: &str| {
            format!(
                r#"{{"update_id":6,"message_reaction":{{"date":1700000000,"message_id":4,"chat":{{"id":7,"type":"private"}},
                "old_reaction":[{old}],"new_reaction":[{new}]}}}}"#
            )
        };
        let heart = r#"{"type":"emoji","emoji":"❤"}"#;
        check(&reaction("", heart), &["1700000000 reaction_received 7 re=7:4 type=reaction answer=❤"]);
        check(&reaction(heart, ""), &["ignored reaction_removed"]);
    }

    #[test]
    fn the_owner_of_a_business_account_is_a_person() {
        let chat = |from: u8| {
            format!(
                r#"{{"update_id":7,"business_message":{{"business_connection_id":"bc","message_id":3,"date":1700000000,
                "chat":{{"id":7,"type":"private"}},"from":{{"id":{from},"is_bot":false}},"text":"Hallo"}}}}"#
            )
        };
        check(&chat(7), &["1700000000 message_received 7 account=bc id=7:3 type=text text=Hallo"]);
        check(&chat(8), &["1700000000 message_sent 7 account=bc id=7:3 type=text agent=human text=Hallo"]);
    }

    #[test]
    fn what_says_nothing_about_conversations_is_ignored_by_its_name() {
        for (update, what) in [
            (r#"{"update_id":1,"brand_new":{}}"#, "unknown_update"),
            (r#"{"update_id":1,"edited_message":{}}"#, "edited_message"),
            (r#"{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":-5,"type":"group"}}}"#, "group_chat"),
            (r#"{"ok":true,"result":[]}"#, "no_updates"),
        ] {
            check(update, &[&format!("ignored {what}")]);
        }
        check(&message(r#""pinned_message":{}"#), &["ignored service_message"]);
    }

    #[test]
    fn updates_of_one_answer_are_read_apart_from_each_other() {
        let junk = message(r#""text":"a""#).replace("1700000000", "17");
        check(
            &format!(r#"{{"ok":true,"result":[{junk},{}]}}"#, message(r#""text":"b""#)),
            &["1700000000 message_received 7 id=7:3 type=text text=b", "rejected bad_time:date"],
        );
    }

    #[test]
    fn odd_cases_never_panic_and_name_their_reasons() {
        let found: Vec<String> = include_str!("../../sample-data/telegram/odd-cases.ndjson")
            .lines()
            .flat_map(|line| lines(line, None))
            .collect();
        for reason in ["rejected bad_time:date", "rejected missing_field:date", "ignored supergroup_chat"] {
            assert!(found.contains(&reason.to_owned()), "{reason} in {found:#?}");
        }
    }
}

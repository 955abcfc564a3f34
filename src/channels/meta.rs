//! What Messenger and Instagram share: the envelope of `entry[]`, messages and echoes, taps, entry sources, reactions,
//! watermarks and hand-over.
//!
//! It knows neither a platform's name nor which kinds of events only one of them has; a platform calls what it needs.
//! Format: Meta's reference of webhook events for Messenger and Instagram, and `sample-data/messenger`.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::value::Object;
use super::{Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

/// App id under which people answer from the page's inbox.
const PAGE_INBOX: &str = "263902037430900";

/// Where in an entry a part stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// `messaging`: the app of this log handles the conversation.
    Messaging,
    /// `standby`: another app handles the conversation, this log's app only listens.
    Standby,
    /// `changes`, with the name of the field that changed.
    Change(&'a str),
}

/// One element of `entry[].messaging`, `entry[].standby` or `entry[].changes[].value`.
pub(super) struct Part<'a> {
    /// Value of the `channel` column.
    pub(super) channel: &'static str,
    /// Where it stood.
    pub(super) place: Place<'a>,
    /// Page id or Instagram account id.
    account: Option<Text<'a>>,
    /// The element itself.
    pub(super) body: &'a Value<'a>,
    entry_time: &'a Value<'a>,
    received_at: Option<Time>,
    zone: Option<&'a TimeZone>,
}

/// Whether an envelope holds conversations, whatever its `object` says.
pub(super) fn holds_messaging(body: &Value<'_>) -> bool {
    json::elements(body.get("entry")).any(|entry| json::has(entry, "messaging") || json::has(entry, "standby"))
}

/// Hands every part of the envelope to `read`; the parts that it refuses do not keep the others from being read.
pub(super) fn parts<'a>(
    record: &'a Record<'a>,
    channel: &'static str,
    out: &mut Out<'_>,
    read: fn(&Part<'a>, &mut Out<'_>) -> Result<(), Reason>,
) {
    let Value::Array(entries) = record.body.get("entry") else {
        return out.reject(Reason::MissingField("entry"));
    };
    for entry in *entries {
        for (key, value) in entry.as_object().into_iter().flat_map(Object::iter) {
            let place = match key {
                "messaging" => Place::Messaging,
                "standby" => Place::Standby,
                "changes" => Place::Change(""),
                _ => continue,
            };
            let Value::Array(elements) = value else {
                out.reject(Reason::BadValue("messaging"));
                continue;
            };
            for element in *elements {
                let (place, body) = match place {
                    Place::Change(_) => {
                        (Place::Change(element.get("field").as_str().unwrap_or_default()), element.get("value"))
                    }
                    place => (place, element),
                };
                let part = Part {
                    channel,
                    place,
                    account: json::text(entry.get("id")),
                    body,
                    entry_time: entry.get("time"),
                    received_at: record.received_at,
                    zone: record.reading.zone(),
                };
                if let Err(reason) = read(&part, out) {
                    out.reject(reason);
                }
            }
        }
    }
}

impl<'a> Part<'a> {
    /// An event with the part's contact, account and time.
    pub(super) fn event(&self, kind: Kind, dedup: impl Into<Text<'a>>) -> Result<Event<'a>, Reason> {
        let (at, time_basis) = self.at()?;
        self.event_at(kind, at, time_basis, dedup)
    }

    fn event_at(
        &self,
        kind: Kind,
        at: Time,
        time_basis: TimeBasis,
        dedup: impl Into<Text<'a>>,
    ) -> Result<Event<'a>, Reason> {
        let mut event = Event::new(kind, at, self.channel, self.contact()?, dedup);
        event.time_basis = time_basis;
        event.account.clone_from(&self.account);
        Ok(event)
    }

    /// The part's `timestamp`. Old deliveries have none; then the entry's time, then the time of receipt stands in.
    /// A timestamp that is there but junk is refused.
    fn at(&self) -> Result<(Time, TimeBasis), Reason> {
        let timestamp = self.body.get("timestamp");
        if !timestamp.is_null() {
            return json::time(timestamp, "timestamp", self.zone).map(|at| (at, TimeBasis::Event));
        }
        if let Ok(at) = json::time(self.entry_time, "time", self.zone) {
            return Ok((at, TimeBasis::Event));
        }
        self.received_at.map(|at| (at, TimeBasis::Received)).ok_or(Reason::MissingField("timestamp"))
    }

    /// The person: the party that is not the account. A person who never wrote is known by a `user_ref` only, which is
    /// marked, because it shares no number space with page-scoped ids.
    pub(super) fn contact(&self) -> Result<Text<'a>, Reason> {
        let outbound = self.is_outbound();
        let (first, second) = if outbound { ("recipient", "sender") } else { ("sender", "recipient") };
        let (first, second) = (self.body.get(first), self.body.get(second));
        // Some SDKs' samples and old hand-over events name the parties the wrong way round.
        let party = if self.is_account(first) && !self.is_account(second) { second } else { first };
        if let Some(id) = json::text(party.get("id")) {
            return Ok(id);
        }
        [party.get("user_ref"), self.body.get("optin").get("user_ref")]
            .into_iter()
            .find_map(json::text)
            .map(|user_ref| Cow::Owned(format!("user_ref:{user_ref}")))
            .ok_or(Reason::MissingField(if outbound { "recipient" } else { "sender" }))
    }

    fn is_account(&self, party: &'a Value<'a>) -> bool {
        self.account.is_some() && json::text(party.get("id")) == self.account
    }

    /// Whether the account sent the message: flagged as an echo, or sent by the account to somebody else.
    fn is_outbound(&self) -> bool {
        json::flag(self.body.get("message").get("is_echo")) == Some(true)
            || (json::has(self.body, "message")
                && self.is_account(self.body.get("sender"))
                && !self.is_account(self.body.get("recipient")))
    }

    /// `message`: a written message, a tapped quick reply, or the echo of a message that the account sent.
    pub(super) fn message(&self, message: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        if json::flag(message.get("is_deleted")) == Some(true) {
            out.ignore("message_deleted");
            return Ok(());
        }
        let mid = json::required(message.get("mid"), "mid")?;
        let quick_reply = message.get("quick_reply");
        let kind = match (self.is_outbound(), quick_reply.is_object()) {
            (true, _) => Kind::MessageSent,
            (false, true) => Kind::ButtonClicked,
            (false, false) => Kind::MessageReceived,
        };
        let mut event = self.event(kind, mid.clone())?;
        event.message_id = Some(mid);
        event.reply_to = json::text(message.get("reply_to").get("mid"));
        event.text = json::text(message.get("text"));
        match kind {
            Kind::MessageSent => {
                event.message_type = message_type(message);
                event.tag = json::text(message.get("metadata"));
                event.agent = Some(Cow::Borrowed(self.agent(message)));
            }
            Kind::ButtonClicked => {
                event.message_type = Some(Cow::Borrowed("quick_reply"));
                event.answer = json::text(quick_reply.get("payload")).filter(|payload| !is_personal(payload));
            }
            _ => event.message_type = message_type(message),
        }
        let inbound = kind != Kind::MessageSent;
        out.event(event);
        if inbound { self.referral(message.get("referral"), out) } else { Ok(()) }
    }

    /// Who sent an echo. Messages from the page's inbox have the inbox's app id or none. On standby the app that holds
    /// the conversation is not this log's bot: a person took over, most often in a help desk.
    fn agent(&self, message: &'a Value<'a>) -> &'static str {
        match json::text(message.get("app_id")) {
            Some(app) if app != PAGE_INBOX && self.place != Place::Standby => "bot",
            _ => "human",
        }
    }

    /// `postback`: a tap on a button, a menu entry or *Get started*. On standby the payload is withheld.
    pub(super) fn postback(&self, postback: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let mid = json::text(postback.get("mid"));
        let payload = json::text(postback.get("payload"));
        let title = json::text(postback.get("title"));
        let dedup = match &mid {
            Some(mid) => mid.clone(),
            None => self.key(payload.as_deref().or(title.as_deref()).unwrap_or_default())?,
        };
        let mut event = self.event(Kind::ButtonClicked, dedup)?;
        event.message_id = mid;
        event.message_type = Some(Cow::Borrowed("postback"));
        event.answer = payload;
        event.text = title;
        out.event(event);
        self.referral(postback.get("referral"), out)
    }

    /// `referral`, on its own or inside another part: which link, code or ad led the contact here. Absent is fine.
    pub(super) fn referral(&self, referral: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        if !referral.is_object() {
            return Ok(());
        }
        let reference = json::text(referral.get("ref"));
        let topic = reference
            .clone()
            .or_else(|| json::text(referral.get("ad_id")))
            .or_else(|| json::text(referral.get("source")));
        let mut event = self.event(Kind::Referral, self.key(topic.as_deref().unwrap_or_default())?)?;
        event.topic = topic;
        event.tag = reference;
        out.event(event);
        Ok(())
    }

    /// `reaction`: an emoji set on a message. Taking it back is not an event.
    pub(super) fn reaction(&self, reaction: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        if reaction.get("action").as_str() == Some("unreact") {
            out.ignore("reaction_removed");
            return Ok(());
        }
        let mid = json::required(reaction.get("mid"), "mid")?;
        let mut event = self.event(Kind::ReactionReceived, self.key(&mid)?)?;
        event.reply_to = Some(mid);
        event.message_type = Some(Cow::Borrowed("reaction"));
        event.answer = json::text(reaction.get("emoji")).or_else(|| json::text(reaction.get("reaction")));
        out.event(event);
        Ok(())
    }

    /// `delivery` or `read` with a `watermark`: everything sent until then. The watermark is a cut on the times of
    /// sending; it says when the receipt happened only where no other time is known.
    ///
    /// `mids`, if there are any, are receipts for single messages of the kind `each`.
    pub(super) fn watermark(
        &self,
        receipt: &'a Value<'a>,
        up_to: Kind,
        each: Option<Kind>,
        out: &mut Out<'_>,
    ) -> Result<(), Reason> {
        let watermark = match receipt.get("watermark") {
            Value::Null => None,
            value => Some(json::time(value, "watermark", self.zone)?),
        };
        let (at, time_basis) = match (self.at(), watermark) {
            (Ok((at, TimeBasis::Event)), _) => (at, TimeBasis::Event),
            (Err(Reason::MissingField(_)) | Ok(_), Some(watermark)) => (watermark, TimeBasis::Event),
            (at, _) => at?,
        };
        let mut n_mids = 0;
        if let Some(each) = each {
            for mid in json::elements(receipt.get("mids")).filter_map(json::text) {
                let mut event = self.event_at(each, at, time_basis, mid.clone())?;
                event.message_id = Some(mid);
                event.sequence = n_mids;
                n_mids = n_mids.saturating_add(1);
                out.event(event);
            }
        }
        match watermark {
            Some(watermark) => {
                let mut event = self.event_at(up_to, at, time_basis, self.key(watermark.0)?)?;
                event.up_to = Some(watermark);
                out.event(event);
            }
            None if n_mids == 0 => return Err(Reason::MissingField("watermark")),
            None => {}
        }
        Ok(())
    }

    /// `pass_thread_control`: whoever gets the conversation handles it now. The page's inbox is people, every other app
    /// a bot.
    pub(super) fn passed(&self, control: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let owner = json::required(control.get("new_owner_app_id"), "new_owner_app_id")?;
        self.handed_over(owner != PAGE_INBOX, &owner, out)
    }

    /// `take_thread_control`: as [`Part::passed`]. Older events name only who lost the conversation: if that was the
    /// page's inbox the bot took it back, else the bot lost it to people.
    pub(super) fn taken(&self, control: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        if let Some(owner) = json::text(control.get("new_owner_app_id")) {
            return self.handed_over(owner != PAGE_INBOX, &owner, out);
        }
        let loser = json::required(control.get("previous_owner_app_id"), "previous_owner_app_id")?;
        self.handed_over(loser == PAGE_INBOX, &loser, out)
    }

    fn handed_over(&self, to_bot: bool, app: &str, out: &mut Out<'_>) -> Result<(), Reason> {
        let kind = if to_bot { Kind::HandoverToBot } else { Kind::HandoverToHuman };
        out.event(self.event(kind, self.key(app)?)?);
        Ok(())
    }

    /// A key for events that the platform gives no id: who and what; the time is added later.
    pub(super) fn key(&self, what: impl std::fmt::Display) -> Result<Text<'a>, Reason> {
        Ok(Cow::Owned(format!("{}:{what}", self.contact()?)))
    }
}

/// What a message consists of, in the platform's words. Buttons and templates go before text, because they are what
/// a contact can answer with a tap.
pub(super) fn message_type<'a>(message: &'a Value<'a>) -> Option<Text<'a>> {
    let attachment = match message.get("attachments") {
        Value::Array(attachments) => attachments.first().unwrap_or(&Value::Null),
        _ => message.get("attachment"),
    };
    let word = |word: &'static str| Some(Cow::Borrowed(word));
    if json::flag(message.get("is_unsupported")) == Some(true) {
        word("unsupported")
    } else if json::elements(message.get("quick_replies")).next().is_some() {
        word("quick_replies")
    } else if !message.get("sticker_id").is_null() || !attachment.get("payload").get("sticker_id").is_null() {
        word("sticker")
    } else if let Some(template) = json::text(attachment.get("payload").get("template_type")) {
        Some(template)
    } else if let Some(kind) = json::text(attachment.get("type")) {
        Some(kind)
    } else {
        json::text(message.get("text")).and_then(|_| word("text"))
    }
}

/// Whether a quick reply's payload is what the contact is called or reached by, not an option: the platform fills in the
/// mail address or telephone number for quick replies that ask for one.
fn is_personal(payload: &str) -> bool {
    let n_digits = payload.chars().filter(char::is_ascii_digit).count();
    (payload.contains('@') && payload.contains('.') && !payload.contains(char::is_whitespace))
        || (payload.starts_with('+') && n_digits >= 7 && payload.chars().all(|c| !c.is_alphabetic()))
}

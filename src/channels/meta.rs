//! What Messenger and Instagram share: the envelope of `entry[]`, messages and echoes, taps, entry sources, reactions,
//! opt-ins, receipts and hand-over.
//!
//! It knows neither a platform's name nor which kinds of events only one of them has; a platform calls what it needs.
//! Format: Meta's reference of webhook events for Messenger and Instagram; `sample-data/messenger`,
//! `sample-data/instagram`.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::value::Object;
use super::{Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

/// App ids under which people answer from Meta's own inbox: that of pages and that of Instagram accounts.
const INBOXES: [&str; 2] = ["263902037430900", "1217981644879628"];

/// In what the two platforms differ where they write the same.
pub(super) struct Platform {
    /// Value of the `channel` column.
    pub(super) name: &'static str,
    /// Who sent an echo that names no app; `None` if that tells nothing.
    pub(super) sender_without_app: Option<&'static str>,
}

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
    platform: &'static Platform,
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

/// Of an envelope that names no `object`, as relays write it: whether its conversations are those of an Instagram
/// account. `None` if it holds no conversations.
///
/// Only ids of Instagram accounts have 17 digits that begin with 17841; and only Instagram has stories, and reads that name
/// a message instead of a watermark.
pub(super) fn is_of_instagram(body: &Value<'_>) -> Option<bool> {
    let holds_messaging = |entry: &&Value<'_>| json::has(entry, "messaging") || json::has(entry, "standby");
    let entry = json::elements(body.get("entry")).find(holds_messaging)?;
    let is_account = json::text(entry.get("id")).is_some_and(|id| id.len() == 17 && id.starts_with("17841"));
    let parts = || json::elements(entry.get("messaging")).chain(json::elements(entry.get("standby")));
    Some(is_account || parts().any(has_story_or_read))
}

fn has_story_or_read(part: &Value<'_>) -> bool {
    let (message, read) = (part.get("message"), part.get("read"));
    let mut attachments = json::elements(message.get("attachments"));
    message.get("reply_to").get("story").is_object()
        || attachments.any(|attachment| attachment.get("type").as_str() == Some("story_mention"))
        || (json::has(read, "mid") && !json::has(read, "watermark"))
}

/// Hands every part of the envelope to `read`; the parts that it refuses do not keep the others from being read.
pub(super) fn parts<'a>(
    record: &'a Record<'a>,
    platform: &'static Platform,
    out: &mut Out<'_>,
    read: fn(&Part<'a>, &mut Out<'_>) -> Result<(), Reason>,
) {
    let Value::Array(entries) = record.body.get("entry") else {
        return out.reject(Reason::MissingField("entry"));
    };
    for entry in *entries {
        let mut take = |place: Place<'a>, body: &'a Value<'a>| {
            let part = Part {
                platform,
                place,
                account: json::text(entry.get("id")),
                body,
                entry_time: entry.get("time"),
                received_at: record.received_at,
                zone: record.reading.zone(),
            };
            read(&part, out).unwrap_or_else(|reason| out.reject(reason));
        };
        for (key, value) in entry.as_object().into_iter().flat_map(Object::iter) {
            match (key, value) {
                ("messaging" | "standby" | "changes" | "value", Value::Null) => {}
                ("messaging", Value::Array(parts)) => parts.iter().for_each(|part| take(Place::Messaging, part)),
                ("standby", Value::Array(parts)) => parts.iter().for_each(|part| take(Place::Standby, part)),
                ("changes", Value::Array(changes)) => {
                    changes.iter().for_each(|change| take(Place::of_change(change), change.get("value")));
                }
                // Apps with Instagram's own log-in get a change without the list around it.
                ("value", value) => take(Place::of_change(entry), value),
                // No list, so nothing that could be a part: refused.
                ("messaging" | "standby" | "changes", _) => take(Place::Messaging, &Value::Null),
                _ => {}
            }
        }
    }
}

impl<'a> Place<'a> {
    fn of_change(change: &'a Value<'a>) -> Self {
        Self::Change(change.get("field").as_str().unwrap_or_default())
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
        let mut event = Event::new(kind, at, self.platform.name, self.contact()?, dedup);
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

    /// Reads what both platforms have under the key `key` of a part; `false` if it is nothing of that.
    pub(super) fn shared(&self, key: &str, value: &'a Value<'a>, out: &mut Out<'_>) -> Result<bool, Reason> {
        match key {
            "message" => self.message(value, out)?,
            "postback" => self.postback(value, out)?,
            "referral" => self.referral(value, out)?,
            "reaction" => self.reaction(value, out)?,
            "optin" => self.optin(value, out)?,
            "pass_thread_control" => self.passed(value, out)?,
            "take_thread_control" => self.taken(value, out)?,
            // Asking for a conversation moves nothing: the owner answers with a pass, or not.
            "request_thread_control" => out.ignore("request_thread_control"),
            "app_roles" => out.ignore("app_roles"),
            "message_edit" => out.ignore("message_edit"),
            "policy-enforcement" | "policy_enforcement" => out.ignore("policy_enforcement"),
            "sender" | "recipient" | "timestamp" | "prior_message" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `message`: a written message, a tapped quick reply, or the echo of a message that the account sent.
    fn message(&self, message: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        if json::flag(message.get("is_deleted")) == Some(true) {
            out.ignore("message_deleted");
            return Ok(());
        }
        // The business tries its own account out.
        if json::flag(message.get("is_self")) == Some(true) {
            out.ignore("own_message");
            return Ok(());
        }
        let mid = json::required(message.get("mid"), "mid")?;
        let quick_reply = message.get("quick_reply");
        let kind = match (self.is_outbound(), quick_reply.is_object()) {
            (true, _) => Kind::MessageSent,
            (false, true) => Kind::ButtonClicked,
            (false, false) => Kind::MessageReceived,
        };
        let mut event = self.event(kind, self.told(&mid))?;
        event.message_id = Some(mid);
        event.reply_to = json::text(message.get("reply_to").get("mid"));
        event.text = json::text(message.get("text"));
        match kind {
            Kind::MessageSent => {
                event.message_type = message_type(message);
                event.tag = json::text(message.get("metadata"));
                event.agent = self.agent(message).map(Cow::Borrowed);
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

    /// Who sent an echo. On standby the app that holds the conversation is not this log's bot: a person took over, most
    /// often in a help desk.
    fn agent(&self, message: &'a Value<'a>) -> Option<&'static str> {
        match json::text(message.get("app_id")) {
            Some(app) if INBOXES.contains(&app.as_ref()) => Some("human"),
            _ if self.place == Place::Standby => Some("human"),
            Some(_) => Some("bot"),
            None => self.platform.sender_without_app,
        }
    }

    /// `postback`: a tap on a button, a menu entry or *Get started*. On standby the payload is withheld.
    fn postback(&self, postback: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        is_object(postback, "postback")?;
        let mid = json::text(postback.get("mid"));
        let payload = json::text(postback.get("payload"));
        let title = json::text(postback.get("title"));
        let dedup = match &mid {
            Some(mid) => self.told(mid),
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

    /// `referral`, on its own or inside another part: which link, code, ad or product led the contact here. Absent is fine.
    fn referral(&self, referral: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        if !referral.is_object() {
            return Ok(());
        }
        let reference = json::text(referral.get("ref"));
        let topic = reference
            .clone()
            .or_else(|| json::text(referral.get("ad_id")))
            .or_else(|| json::text(referral.get("product").get("id")))
            .or_else(|| json::text(referral.get("source")));
        let mut event = self.event(Kind::Referral, self.key(topic.as_deref().unwrap_or_default())?)?;
        event.topic = topic;
        event.tag = reference;
        out.event(event);
        Ok(())
    }

    /// `reaction`: an emoji set on a message. Taking it back is not an event, nor is what the account itself sets.
    fn reaction(&self, reaction: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        if reaction.get("action").as_str() == Some("unreact") {
            out.ignore("reaction_removed");
            return Ok(());
        }
        if self.is_account(self.body.get("sender")) && !self.is_account(self.body.get("recipient")) {
            out.ignore("own_reaction");
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

    /// `optin`: the send-to-Messenger plugin and the checkbox, one-time and recurring notifications. The contact's stop
    /// and resumption of recurring notifications of one topic come this way too, with the platform's word for it.
    fn optin(&self, optin: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        is_object(optin, "optin")?;
        let form = json::text(optin.get("type"));
        let word = |key: &'static str| json::text(optin.get(key));
        let status = word("notification_messages_status");
        let (kind, topic, tag) = match form.as_deref() {
            None => (Kind::OptedIn, word("ref"), word("ref")),
            Some("one_time_notif_req") => (Kind::OptedIn, word("title").or_else(|| word("payload")), word("payload")),
            Some("notification_messages") => {
                let stopped = status.as_ref().is_some_and(|status| status.to_ascii_uppercase().starts_with("STOP"));
                let kind = if stopped { Kind::OptedOutSoft } else { Kind::OptedIn };
                (kind, word("topic").or_else(|| word("title")), word("payload"))
            }
            Some(_) => {
                out.ignore("unknown_optin");
                return Ok(());
            }
        };
        let form = form.unwrap_or(Cow::Borrowed("optin"));
        let key = self.key(format_args!("{form}:{}", topic.as_deref().unwrap_or_default()))?;
        let mut event = self.event(kind, key)?;
        event.message_type = Some(form);
        event.topic = topic;
        event.answer = status;
        event.tag = tag;
        out.event(event);
        self.referral(optin.get("referral"), out)
    }

    /// `read` with the id of a message: this one was read, and so was what was sent before it, because a conversation
    /// is shown as a whole.
    ///
    /// The message gets a receipt of its own. For the earlier ones there is a watermark at the time of the reading: had a
    /// later message arrived by then, it would have been named instead. A part without a time of its own gives no
    /// watermark, because the time of its envelope may be hours later, after messages that nobody has read.
    pub(super) fn seen(&self, mid: Text<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let key = self.key(&mid)?;
        let mut opened = self.event(Kind::MessageOpened, mid.clone())?;
        opened.message_id = Some(mid);
        let (at, has_time) = (opened.at, !self.body.get("timestamp").is_null());
        out.event(opened);
        if has_time {
            let mut earlier = self.event(Kind::OpenedUpTo, key)?;
            earlier.up_to = Some(at);
            out.event(earlier);
        }
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

    /// `pass_thread_control`: whoever gets the conversation handles it now. Meta's inbox is people, every other app a bot.
    fn passed(&self, control: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let owner = json::required(control.get("new_owner_app_id"), "new_owner_app_id")?;
        self.handed_over(!INBOXES.contains(&owner.as_ref()), &owner, out)
    }

    /// `take_thread_control`: as [`Part::passed`]. Older events name only who lost the conversation: if that was Meta's
    /// inbox the bot took it back, else the bot lost it to people.
    fn taken(&self, control: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        if let Some(owner) = json::text(control.get("new_owner_app_id")) {
            return self.handed_over(!INBOXES.contains(&owner.as_ref()), &owner, out);
        }
        let loser = json::required(control.get("previous_owner_app_id"), "previous_owner_app_id")?;
        self.handed_over(INBOXES.contains(&loser.as_ref()), &loser, out)
    }

    fn handed_over(&self, to_bot: bool, app: &str, out: &mut Out<'_>) -> Result<(), Reason> {
        let kind = if to_bot { Kind::HandoverToBot } else { Kind::HandoverToHuman };
        out.event(self.event(kind, self.key(app)?)?);
        Ok(())
    }

    /// A key for what is known by the id of its message. One message can stand in the logs of two apps, of which the one on
    /// standby is told less and cannot tell who wrote: of equal events only one is kept, so these are not.
    fn told(&self, mid: &Text<'a>) -> Text<'a> {
        match self.place {
            Place::Standby => Cow::Owned(format!("standby:{mid}")),
            Place::Messaging | Place::Change(_) => mid.clone(),
        }
    }

    /// A key for events that the platform gives no id: who and what; the time is added later.
    pub(super) fn key(&self, what: impl std::fmt::Display) -> Result<Text<'a>, Reason> {
        Ok(Cow::Owned(format!("{}:{what}", self.contact()?)))
    }
}

/// That there is something in a part whose mere being there tells something.
///
/// # Errors
/// It is no object.
pub(super) fn is_object(value: &Value<'_>, field: &'static str) -> Result<(), Reason> {
    if value.is_object() { Ok(()) } else { Err(Reason::BadValue(field)) }
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
    } else if message.get("reply_to").get("story").is_object() {
        word("story_reply")
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

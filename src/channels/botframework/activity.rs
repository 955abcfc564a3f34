//! What an activity means.

use std::borrow::Cow;

use super::steps::{Step, expects_answer};
use super::{NAME, Parties, Side};
use crate::channels::{Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

/// An activity and what the others of its conversation say about it.
pub(super) struct Activity<'a, 'p> {
    pub(super) record: &'a Record<'a>,
    pub(super) body: &'a Value<'a>,
    /// Its place in the transcript, for activities of one instant.
    pub(super) sequence: u16,
    pub(super) conversation: Text<'a>,
    pub(super) parties: &'p Parties<'a>,
    pub(super) step: Option<&'p Step<'a>>,
}

/// A button that was offered.
pub(super) struct Offer<'a> {
    value: &'a str,
}

impl<'a> Activity<'a, '_> {
    /// Reads the activity. `offered` are the buttons under the bot's last message.
    pub(super) fn read(&self, offered: &mut Vec<Offer<'a>>, out: &mut Out<'_>) -> Result<(), Reason> {
        let body = self.body;
        let kind = body.get("type").as_str().ok_or(Reason::MissingField("type"))?;
        let place = body.get("conversation");
        let is_group = json::flag(place.get("isGroup")) == Some(true)
            || matches!(place.get("conversationType").as_str(), Some("channel" | "groupChat"));
        if is_group {
            out.ignore("group_chat");
            return Ok(());
        }
        match kind {
            "message" if self.parties.sender(body)? == Side::Bot => self.sent(offered, out)?,
            "message" => self.received(offered, out)?,
            "event" => self.event_activity(out)?,
            "invoke" if body.get("name").as_str() == Some("adaptiveCard/action") => {
                let mut event = self.event(Kind::ButtonClicked, Side::User)?;
                event.message_type = Some(Cow::Borrowed("adaptiveCard/action"));
                event.answer = json::text(body.get("value").get("action").get("verb"));
                out.event(event);
            }
            "messageReaction" => self.reaction(out)?,
            "installationUpdate" | "contactRelationUpdate" => match body.get("action").as_str() {
                Some("add") => out.event(self.event(Kind::OptedIn, Side::User)?),
                Some("remove") => out.event(self.event(Kind::OptedOutHard, Side::User)?),
                _ => out.ignore("installation_update"),
            },
            "endOfConversation" => match body.get("code").as_str() {
                Some("completedSuccessfully") => out.event(self.event(Kind::FlowEnded, Side::Bot)?),
                _ => out.ignore("end_of_conversation"),
            },
            // By the specification it shifts the focus between the parts of a bot; only with a content it is for people.
            "handoff" if has_content(body) => out.event(self.event(Kind::HandoverToHuman, Side::Bot)?),
            _ => out.ignore(uneventful(kind)),
        }
        Ok(())
    }

    fn sent(&self, offered: &mut Vec<Offer<'a>>, out: &mut Out<'_>) -> Result<(), Reason> {
        let body = self.body;
        let text = json::text(body.get("text"));
        offered.clear();
        offered.extend(offers(body));
        let attachment = json::elements(body.get("attachments")).next();
        let suggests =
            body.get("suggestedActions").get("actions").as_array().is_some_and(|actions| !actions.is_empty());
        if text.is_none() && attachment.is_none() && !suggests {
            out.ignore("empty_message");
            return Ok(());
        }
        let mut event = self.event(Kind::MessageSent, Side::Bot)?;
        event.message_type = Some(Cow::Borrowed(match attachment {
            _ if suggests => "suggested_actions",
            _ if expects_answer(body) => "prompt",
            Some(attachment) => attachment_type(attachment),
            None => "text",
        }));
        event.text = text;
        event.agent = Some(Cow::Borrowed("bot"));
        if let Some(step) = self.step {
            event.question = Some(Cow::Owned(format!("{}:{}", step.dialog, step.index)));
            event.flow = Some(step.dialog.clone());
        }
        out.event(event);
        Ok(())
    }

    fn received(&self, offered: &mut Vec<Offer<'a>>, out: &mut Out<'_>) -> Result<(), Reason> {
        let body = self.body;
        let (text, value) = (json::text(body.get("text")), body.get("value"));
        let offer = text.as_deref().and_then(|text| offered.iter().find(|offer| offer.value == text));
        let is_tap = !value.is_null()
            || offer.is_some()
            || ["postBack", "messageBack"]
                .into_iter()
                .any(|key| !matches!(body.get("channelData").get(key), Value::Null | Value::Bool(false)));
        let attachment = json::elements(body.get("attachments")).next();
        if !is_tap && text.is_none() && attachment.is_none() {
            out.ignore("empty_message");
            return Ok(());
        }
        let kind = if is_tap { Kind::ButtonClicked } else { Kind::MessageReceived };
        let mut event = self.event(kind, Side::User)?;
        event.message_type = Some(Cow::Borrowed(match attachment {
            _ if is_tap => "button",
            Some(attachment) if text.is_none() => attachment_type(attachment),
            _ => "text",
        }));
        if is_tap {
            event.answer = match value {
                Value::Null => text.clone(),
                // A card sends what was typed into its fields as well.
                Value::Object(_) => {
                    ["action", "actionId", "verb", "intent"].into_iter().find_map(|key| json::text(value.get(key)))
                }
                value => json::text(value),
            };
        }
        event.text = text;
        out.event(event);
        Ok(())
    }

    fn event_activity(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        let value = self.body.get("value");
        match self.body.get("name").as_str() {
            Some("handoff.initiate") => out.event(self.event(Kind::HandoverToHuman, Side::Bot)?),
            Some("handoff.status") => match value.get("state").as_str() {
                Some("accepted") => out.event(self.event(Kind::HandoverToHuman, Side::User)?),
                Some("completed" | "failed") => out.event(self.event(Kind::HandoverToBot, Side::User)?),
                _ => return Err(Reason::BadValue("state")),
            },
            Some("application/vnd.microsoft.readReceipt") => {
                let last = json::required(value.get("lastReadMessageId"), "lastReadMessageId")?;
                let mut event = self.event(Kind::OpenedUpTo, Side::User)?;
                // Ids of messages in Teams are the milliseconds at which they were stored.
                event.up_to = Time::parse(&last, None).or(Some(event.at));
                out.event(event);
            }
            _ => out.ignore("event"),
        }
        Ok(())
    }

    fn reaction(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        let mut added = json::elements(self.body.get("reactionsAdded")).peekable();
        if added.peek().is_none() {
            out.ignore("reaction_removed");
        }
        for reaction in added {
            let mut event = self.event(Kind::ReactionReceived, Side::User)?;
            event.answer = json::text(reaction.get("type"));
            event.dedup = Cow::Owned(format!("{}:{}", event.dedup, event.answer.as_deref().unwrap_or_default()));
            event.message_type = Some(Cow::Borrowed("reaction"));
            out.event(event);
        }
        Ok(())
    }

    /// An event of the conversation's user, which one side brought about. Ids count up per conversation on some channels,
    /// so they are qualified with it.
    fn event(&self, kind: Kind, by: Side) -> Result<Event<'a>, Reason> {
        let body = self.body;
        let zone = self.record.reading.zone();
        let (at, time_basis) = match ["timestamp", "localTimestamp"].into_iter().find(|key| json::has(body, key)) {
            Some(field) => (json::time(body.get(field), field, zone)?, TimeBasis::Event),
            None => (self.record.received_at.ok_or(Reason::MissingField("timestamp"))?, TimeBasis::Received),
        };
        let (user, bot) = if by == Side::Bot { ("recipient", "from") } else { ("from", "recipient") };
        let is_bot = |id: &Text<'_>| self.parties.bot.as_ref() == Some(id);
        let known = || Some(self.conversation.clone()).filter(|id| !id.is_empty());
        let contact = json::text(body.get(user).get("id"))
            .filter(|id| !is_bot(id))
            .or_else(|| self.parties.user.clone())
            .or_else(known)
            .ok_or(Reason::MissingField("from"))?;
        // Direct Line names no recipient: by itself, a message of the bot tells the conversation in place of the person.
        let former = known().filter(|id| *id != contact && json::text(body.get("recipient").get("id")).is_none());
        let key = match json::text(body.get("id")) {
            Some(id) => format!("{}:{id}", self.conversation),
            None => self.derived_id(at, &contact),
        };
        let mut event = Event::new(kind, at, NAME, contact, key.clone());
        event.former = former;
        event.time_basis = time_basis;
        event.sequence = self.sequence;
        event.account = self.parties.bot.clone().or_else(|| json::text(body.get(bot).get("id")));
        if matches!(kind, Kind::MessageSent | Kind::MessageReceived | Kind::ButtonClicked) {
            event.message_id = Some(Cow::Owned(key));
        }
        if by == Side::User {
            event.reply_to =
                json::text(body.get("replyToId")).map(|id| Cow::Owned(format!("{}:{id}", self.conversation)));
        }
        event.language = json::text(body.get("locale"));
        Ok(event)
    }

    /// An id for an activity that has none, the same in every copy. A hash, because ids may be kept where texts may not.
    fn derived_id(&self, at: Time, contact: &str) -> String {
        let parts = ["type", "text", "value", "attachments"].map(|key| self.body.get(key).sorted());
        let key = format!("{}\u{1f}{contact}\u{1f}{}\u{1f}{}", self.conversation, at.0, parts.join("\u{1f}"));
        blake3::hash(key.as_bytes()).to_hex().chars().take(32).collect()
    }
}

/// Buttons that write their value as a message: suggested actions and those of cards.
fn offers<'a>(body: &'a Value<'a>) -> impl Iterator<Item = Offer<'a>> {
    let suggested = json::elements(body.get("suggestedActions").get("actions"));
    let on_cards =
        json::elements(body.get("attachments")).flat_map(|card| json::elements(card.get("content").get("buttons")));
    suggested.chain(on_cards).filter_map(|action| Some(Offer { value: action.get("value").as_str()? }))
}

fn has_content(body: &Value<'_>) -> bool {
    !body.get("value").is_null() || json::elements(body.get("attachments")).next().is_some()
}

/// The name of a card, such as `adaptive`; of other files, that it is an attachment.
fn attachment_type<'a>(attachment: &'a Value<'a>) -> &'a str {
    let content = attachment.get("contentType").as_str().unwrap_or_default();
    content.strip_prefix("application/vnd.microsoft.card.").unwrap_or("attachment")
}

/// The word for an activity that says nothing about conversations. Who joins a web chat has not agreed to anything yet.
fn uneventful(kind: &str) -> &'static str {
    const KINDS: [&str; 11] = [
        "typing",
        "trace",
        "conversationUpdate",
        "handoff",
        "invoke",
        "invokeResponse",
        "messageUpdate",
        "messageDelete",
        "suggestion",
        "command",
        "commandResult",
    ];
    KINDS.into_iter().find(|known| *known == kind).unwrap_or("unknown_activity")
}

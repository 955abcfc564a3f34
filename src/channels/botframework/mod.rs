//! Microsoft Bot Framework: transcripts and single activities, and what a bot writes to Application Insights.
//!
//! It tells records apart and finds out who is the bot; what an activity means is in `activity`, telemetry in `telemetry`.
//! Format: the Bot Framework Activity specification, and the telemetry of the Bot Framework SDK.
//!
//! A `.transcript` is a JSON array of activities and is read as a whole, because an activity need not say whose it is: the
//! others of its conversation do. An object with `activities`, as Direct Line and Copilot Studio give it, is read the same
//! way. Activities by themselves, a line each, are read one by one.

use std::collections::BTreeMap;

use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Kind, Text};

mod activity;
mod steps;
mod telemetry;
#[cfg(test)]
mod tests;

use self::activity::{Activity, Offer};

const NAME: &str = "botframework";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Bot Framework",
    knows_numbers: false,
    kinds: &[
        Kind::OptedIn,
        Kind::FlowStarted,
        Kind::ReactionReceived,
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::AnswerRejected,
        Kind::QuestionSkipped,
        Kind::OptedOutSoft,
        Kind::OptedOutHard,
        Kind::HandoverToHuman,
        Kind::HandoverToBot,
        Kind::FlowEnded,
        Kind::MessageSent,
        Kind::QuestionAsked,
        Kind::OpenedUpTo,
    ],
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Never,
        opened: Ability::LowerBound,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::LowerBound,
        asked: Ability::LowerBound,
        handed_over: Ability::LowerBound,
        paid: Ability::Never,
    },
    caveats: &[
        "Activities do not name the questions they ask: a name comes from Bot State traces or from the step events in Application Insights, else from a rule in trichter.toml; the message type prompt or suggested_actions shows that an answer was expected.",
        "Reads are reported only in personal chats of Teams, and deliveries nowhere.",
        "A button that writes its words as a message is known only in whole transcripts, by a message that is exactly what was offered; somebody who types the same words looks the same.",
        "Joining a conversation is no opt-in; installing or removing the bot, which Teams reports, opts in or out.",
        "A handoff activity without content passes the turn from one bot to another and is left out; handoff.initiate and handoff.status events and handoff activities with a context or transcript are hand-overs to people.",
        "What people write after a hand-over goes through the bot, so it counts as written by the bot.",
        "Conversations of several people are left out.",
        "The account is the bot's id, which is another one on each channel; rows of Application Insights do not name it.",
        "Load transcripts or the messages in Application Insights, not both: the latter do not have the ids of what was sent.",
        "Application Insights may keep only a sample of the events.",
        "A waterfall that is completed ends a flow, also when it was only a part of another one; a step that needs no answer looks skipped.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    match record.body {
        Value::Array([first, ..]) => is_activity(first),
        body => is_activity(body) || is_bundle(body) || telemetry::is_row(body),
    }
}

fn is_activity(body: &Value<'_>) -> bool {
    body.get("type").as_str().is_some()
        && (json::has(body, "conversation") || json::has(body, "from"))
        && (json::has(body, "channelId") || json::has(body, "serviceUrl"))
}

/// Whether it is an object around activities.
fn is_bundle(body: &Value<'_>) -> bool {
    body.get("activities").as_array().is_some_and(|activities| match activities.first() {
        Some(first) => first.get("type").as_str().is_some() && first.get("from").is_object(),
        None => json::has(body, "watermark"),
    })
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let body = record.body;
    if telemetry::is_row(body) {
        if let Err(reason) = telemetry::read(record, out) {
            out.reject(reason);
        }
        return;
    }
    match (body, body.get("activities")) {
        (Value::Array(activities), _) | (_, Value::Array(activities)) => transcript(record, activities, out),
        _ => transcript(record, std::slice::from_ref(body), out),
    }
}

/// Activities that may tell of each other who is who, in the order in which they were logged.
fn transcript<'a>(record: &'a Record<'a>, activities: &'a [Value<'a>], out: &mut Out<'_>) {
    let mut parties: BTreeMap<Text<'a>, Parties<'a>> = BTreeMap::new();
    for body in activities {
        parties.entry(conversation(body)).or_default().learn_bot(body);
    }
    for body in activities {
        parties.entry(conversation(body)).or_default().learn_user(body);
    }
    let steps = steps::asked_by(activities);
    let mut offers: BTreeMap<Text<'a>, Vec<Offer<'a>>> = BTreeMap::new();
    for (number, body) in activities.iter().enumerate() {
        let conversation = conversation(body);
        let parties = parties.entry(conversation.clone()).or_default();
        let offered = offers.entry(conversation.clone()).or_default();
        let sequence = u16::try_from(number).unwrap_or(u16::MAX);
        let activity = Activity { record, body, sequence, conversation, parties, step: steps.get(&number) };
        if let Err(reason) = activity.read(offered, out) {
            out.reject(reason);
        }
    }
    if activities.is_empty() {
        out.ignore("no_activities");
    }
}

/// The conversation's id, which the Emulator writes with a suffix. Empty if there is none.
fn conversation<'a>(body: &'a Value<'a>) -> Text<'a> {
    let id = body.get("conversation").get("id");
    match id.as_str().and_then(|id| id.strip_suffix("|livechat")) {
        Some(id) => id.into(),
        None => json::text(id).unwrap_or_default(),
    }
}

/// Who is who in a conversation.
#[derive(Default)]
struct Parties<'a> {
    bot: Option<Text<'a>>,
    user: Option<Text<'a>>,
}

/// The two sides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Bot,
    User,
}

impl<'a> Parties<'a> {
    /// Takes the bot from an activity that shows which side it is.
    fn learn_bot(&mut self, body: &'a Value<'a>) {
        let side = |key| role(body.get(key));
        let bot = if side("from").or_else(|| sender_by_content(body)) == Some(Side::Bot) {
            "from"
        } else if side("recipient") == Some(Side::Bot) || is_by_channel(body) || sender_by_content(body).is_some() {
            "recipient"
        } else {
            return;
        };
        if self.bot.is_none() {
            self.bot = json::text(body.get(bot).get("id"));
        }
    }

    /// Takes as the user who is not the bot. What a channel sends may name the bot on both sides.
    fn learn_user(&mut self, body: &'a Value<'a>) {
        if self.user.is_none() && self.bot.is_some() && !is_by_channel(body) {
            let ids = ["from", "recipient"].map(|key| json::text(body.get(key).get("id")));
            self.user = ids.into_iter().flatten().find(|id| self.bot.as_ref() != Some(id));
        }
    }

    /// Who sent an activity.
    fn sender(&self, body: &Value<'_>) -> Result<Side, Reason> {
        let is = |key: &str, id: &Option<Text<'_>>| id.is_some() && json::text(body.get(key).get("id")) == *id;
        role(body.get("from"))
            .or_else(|| role(body.get("recipient")).map(Side::other))
            .or_else(|| is("from", &self.bot).then_some(Side::Bot))
            .or_else(|| is("recipient", &self.bot).then_some(Side::User))
            .or_else(|| sender_by_content(body))
            .ok_or(Reason::MissingField("role"))
    }
}

impl Side {
    fn other(self) -> Self {
        if self == Self::Bot { Self::User } else { Self::Bot }
    }
}

/// The role of a party, in words or as Copilot Studio's number. Teams writes it into the id.
fn role(party: &Value<'_>) -> Option<Side> {
    let id = party.get("id").as_str().unwrap_or_default();
    match party.get("role") {
        Value::Str(role) if role.eq_ignore_ascii_case("bot") || role.eq_ignore_ascii_case("skill") => Some(Side::Bot),
        Value::Str(role) if role.eq_ignore_ascii_case("user") => Some(Side::User),
        Value::Number(role) if role.as_u64() == Some(0) => Some(Side::Bot),
        Value::Number(role) if role.as_u64() == Some(1) => Some(Side::User),
        _ if id.starts_with("28:") => Some(Side::Bot),
        _ if id.starts_with("29:") => Some(Side::User),
        _ => None,
    }
}

/// Who alone sends what an activity holds: bots say which input they expect, clients number what they send.
fn sender_by_content(body: &Value<'_>) -> Option<Side> {
    if json::has(body, "inputHint") || body.get("suggestedActions").is_object() {
        Some(Side::Bot)
    } else if json::has(body.get("channelData"), "clientActivityID") {
        Some(Side::User)
    } else {
        None
    }
}

/// Whether it is an activity that only channels send.
fn is_by_channel(body: &Value<'_>) -> bool {
    matches!(body.get("type").as_str(), Some("conversationUpdate" | "installationUpdate" | "contactRelationUpdate"))
}

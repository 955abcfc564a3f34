//! Dialogflow CX: the interaction log that an agent exports to `BigQuery`, a row per turn.
//!
//! A row holds what the contact said and everything that the agent answered; nothing is known of other rows. Cells with
//! JSON may be objects, or JSON text as in CSV exports. Format: Google's pages on the export of interaction logging, and
//! `DetectIntentRequest` and `DetectIntentResponse` of its API.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json, parse as parse_json};
use crate::event::{Event, Kind, Text, Time};

#[cfg(test)]
mod tests;

const NAME: &str = "dialogflow";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Dialogflow CX",
    knows_numbers: false,
    kinds: &[
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::QuestionAnswered,
        Kind::AnswerRejected,
        Kind::Fallback,
        Kind::OptedOutSoft,
        Kind::HandoverToHuman,
        Kind::GoalReached,
        Kind::FlowEnded,
        Kind::MessageSent,
        Kind::QuestionAsked,
    ],
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Never,
        opened: Ability::Never,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::Never,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::LowerBound,
        handed_over: Ability::Yes,
        paid: Ability::Never,
    },
    caveats: &[
        "Dialogflow keeps no receipts: deliveries and opens are unknown.",
        "The contact is the session: whoever comes back under a new session id is a new contact.",
        "All of a turn has the time of its request, so seconds to answer include the time the agent took.",
        "A question is the page at whose end the agent waits; where the row tells of a form, it is the parameter that is still empty.",
        "Without that, a form with several parameters is one question, and each further parameter looks like a repeated prompt.",
        "An event or intent that the client sends counts as a tap, except for Dialogflow's own events and the welcome; a chip that sends its words counts as a written message.",
        "A flow has ended when the agent ends the interaction in a turn that it understood; whether the contact got what they came for is known only from conversationSuccess messages.",
        "A turn that hands over to a person and fills no parameter answers no question.",
        "Rows of Dialogflow end at 500 turns of a conversation.",
        "The matched intent can be read by rules as the tag of what the contact wrote.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let has = |key| json::has(record.body, key);
    has("conversation_name") && (has("turn_position") || has("request_time"))
        || has("agent_id") && has("request_time") && has("response")
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let cell = |column: &'static str| match record.body.get(column) {
        Value::Str(text) => parse_json(text, record.arena).map_err(|_| Reason::BadValue(column)),
        cell => Ok(*cell),
    };
    let cells = cell("request").and_then(|request| Ok((request, cell("response")?, cell("partial_responses")?)));
    let read = cells.and_then(|(request, response, partial)| {
        let turn = Turn::of(record, &request, &response)?;
        turn.heard(out);
        turn.said(&partial, out)
    });
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// A turn of a conversation.
struct Turn<'a> {
    input: &'a Value<'a>,
    result: &'a Value<'a>,
    at: Time,
    contact: Text<'a>,
    agent: Option<Text<'a>>,
    id: String,
    language: Option<Text<'a>>,
}

impl<'a> Turn<'a> {
    fn of(record: &'a Record<'a>, request: &'a Value<'a>, response: &'a Value<'a>) -> Result<Self, Reason> {
        let row = record.body;
        let name = json::text(row.get("conversation_name")).or_else(|| json::text(request.get("session")));
        let contact = name.and_then(last_part).ok_or(Reason::MissingField("conversation_name"))?;
        // The column is a TIMESTAMP, which BigQuery writes in UTC, whether it says so or not.
        let at = json::time(row.get("request_time"), "request_time", Some(&TimeZone::UTC))?;
        if !response.is_object() {
            return Err(Reason::MissingField("response"));
        }
        let result = response.get("queryResult");
        // Sessions may be used again, and then turns count from 1 again.
        let id = json::text(response.get("responseId")).map_or_else(
            || format!("{contact}:{}:{}", json::text(row.get("turn_position")).unwrap_or_default(), at.0),
            Cow::into_owned,
        );
        Ok(Self {
            input: request.get("queryInput"),
            result,
            at,
            contact,
            agent: json::text(row.get("agent_id")).and_then(last_part),
            id,
            language: json::text(row.get("language_code")).or_else(|| json::text(result.get("languageCode"))),
        })
    }

    fn event(&self, kind: Kind, part: &str) -> Event<'a> {
        let mut event = Event::new(kind, self.at, NAME, self.contact.clone(), format!("{}:{part}", self.id));
        event.account.clone_from(&self.agent);
        event.language.clone_from(&self.language);
        event
    }

    fn match_type(&self) -> Option<&'a str> {
        self.result.get("match").get("matchType").as_str()
    }

    /// The flow at the end of the turn. Where its name is not told, its id stands in the page's.
    fn flow(&self) -> Option<Text<'a>> {
        let page = self.result.get("currentPage").get("name").as_str().unwrap_or_default();
        let id = page.split_once("/flows/").and_then(|(_, rest)| rest.split('/').next());
        json::text(self.result.get("currentFlow").get("displayName")).or_else(|| id.map(Cow::Borrowed))
    }

    /// What the contact said, and whether the agent understood it.
    fn heard(&self, out: &mut Out<'_>) {
        if let Some((kind, message_type, content)) = self.contacts_input(out) {
            let mut event = self.event(kind, "in");
            event.message_id = Some(Cow::Owned(format!("{}:in", self.id)));
            event.message_type = Some(Cow::Borrowed(message_type));
            let matched = self.result.get("match").get("intent");
            event.tag = json::text(matched.get("displayName"))
                .or_else(|| json::text(self.result.get("intent").get("displayName")));
            if kind == Kind::ButtonClicked {
                event.answer = Some(content);
            } else {
                event.text = Some(content);
            }
            out.event(event);
        }
        for parameter in self.just_collected() {
            if let Some(name) = json::text(parameter.get("displayName")) {
                let mut event = self.event(Kind::QuestionAnswered, &name);
                event.question = Some(name);
                event.text = json::text(parameter.get("value"));
                out.event(event);
            }
        }
        match self.match_type() {
            Some("NO_MATCH") => {
                out.event(self.event(Kind::Fallback, "fallback"));
                // The page that waited was not answered, wherever the agent goes from here.
                out.event(self.event(Kind::AnswerRejected, "rejected"));
            }
            Some("NO_INPUT") => out.ignore("no_input"),
            _ => {}
        }
    }

    /// Kind, type and content of the input, if it came from the contact.
    fn contacts_input(&self, out: &mut Out<'_>) -> Option<(Kind, &'static str, Text<'a>)> {
        let (input, result) = (self.input, self.result);
        let text = |here: &'a Value<'a>, there: &str| json::text(here).or_else(|| json::text(result.get(there)));
        if let Some(event) = text(input.get("event").get("event"), "triggerEvent") {
            // No input, long silence, and the opening of the window.
            if event.starts_with("sys.") || event.to_ascii_lowercase().contains("welcome") {
                out.ignore("event");
                return None;
            }
            return Some((Kind::ButtonClicked, "event", event));
        }
        if let Some(intent) = text(input.get("intent").get("intent"), "triggerIntent") {
            let name = json::text(result.get("match").get("intent").get("displayName"));
            return Some((Kind::ButtonClicked, "intent", name.or_else(|| last_part(intent))?));
        }
        // Keys are pressed for menus and for account numbers alike, so they are no options.
        if let Some(digits) =
            json::text(input.get("dtmf").get("digits")).or_else(|| json::text(result.get("dtmf").get("digits")))
        {
            return Some((Kind::MessageReceived, "dtmf", digits));
        }
        if let Some(transcript) = json::text(result.get("transcript")) {
            return Some((Kind::MessageReceived, "audio", transcript));
        }
        text(input.get("text").get("text"), "text").map(|text| (Kind::MessageReceived, "text", text))
    }

    /// What the agent said, and where the conversation stands after it.
    fn said(&self, partial: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let answers = self.result.get("responseMessages").as_array().unwrap_or_default();
        if !self.result.is_object() {
            return Err(Reason::MissingField("queryResult"));
        }
        // What was sent before the turn was over may be in the final answer as well.
        let early = json::elements(partial)
            .flat_map(|partial| json::elements(partial.get("queryResult").get("responseMessages")))
            .filter(|message| !answers.contains(message));
        let messages: Vec<_> = early.chain(answers).collect();
        let has = |key: &str| messages.iter().any(|message| json::has(message, key));
        let is_over = has("endInteraction");
        let is_handed_over = has("liveAgentHandoff") || has("telephonyTransferCall");
        if is_handed_over {
            // "Let me talk to somebody" is no answer to the page that waited. What was not understood is refused already.
            if !self.filled_a_parameter() && !matches!(self.match_type(), Some("NO_MATCH" | "NO_INPUT")) {
                out.event(self.event(Kind::AnswerRejected, "rejected"));
            }
            out.event(self.event(Kind::HandoverToHuman, "handoff"));
        }
        if has("conversationSuccess") {
            out.event(self.event(Kind::GoalReached, "success"));
        }
        if is_over && !matches!(self.match_type(), Some("NO_MATCH" | "NO_INPUT")) {
            let mut event = self.event(Kind::FlowEnded, "end");
            event.flow = self.flow();
            out.event(event);
        }
        let mut spoken: Vec<_> = messages
            .into_iter()
            .zip(0_u16..)
            .filter_map(|(message, sequence)| {
                let (message_type, text) = content(message)?;
                let mut event = self.event(Kind::MessageSent, &sequence.to_string());
                event.message_id = Some(Cow::Owned(format!("{}:{sequence}", self.id)));
                event.message_type = Some(Cow::Borrowed(message_type));
                event.text = text;
                event.agent = Some(Cow::Borrowed("bot"));
                event.flow = self.flow();
                event.sequence = sequence;
                Some(event)
            })
            .collect();
        // The last message is the one that leaves the contact at the page, unless the agent no longer waits for anything.
        if let Some(last) = spoken.last_mut().filter(|_| !is_over && !is_handed_over) {
            last.question = self.waits_for();
        }
        if spoken.is_empty() {
            out.ignore("no_answer");
        }
        for event in spoken {
            out.event(event);
        }
        Ok(())
    }

    fn form(&self) -> &'a Value<'a> {
        let form = self.result.get("formInfo");
        if form.is_null() { self.result.get("pageInfo").get("formInfo") } else { form }
    }

    /// The parameters that this turn filled.
    fn just_collected(&self) -> impl Iterator<Item = &'a Value<'a>> {
        json::elements(self.form().get("parameterInfo"))
            .filter(|parameter| json::flag(parameter.get("justCollected")) == Some(true))
    }

    fn filled_a_parameter(&self) -> bool {
        self.match_type() == Some("PARAMETER_FILLING") || self.just_collected().next().is_some()
    }

    /// The parameter of the page's form that is still empty, else the page. The end of a flow or session waits for nothing.
    fn waits_for(&self) -> Option<Text<'a>> {
        let parameter = json::elements(self.form().get("parameterInfo"))
            .filter(|parameter| json::flag(parameter.get("required")) != Some(false))
            .find(|parameter| matches!(parameter.get("state").as_str(), Some("EMPTY" | "INVALID")))
            .and_then(|parameter| json::text(parameter.get("displayName")));
        let page = self.result.get("currentPage");
        let id = page.get("name").as_str().unwrap_or_default();
        let name = json::text(page.get("displayName"))?;
        let is_end =
            id.ends_with("/END_SESSION") || id.ends_with("/END_FLOW") || matches!(&*name, "End Session" | "End Flow");
        parameter.or(Some(name).filter(|_| !is_end))
    }
}

/// Type and text of a message that the contact sees or hears.
fn content<'a>(message: &'a Value<'a>) -> Option<(&'static str, Option<Text<'a>>)> {
    let object = message.as_object()?;
    if object.get("text").is_some() {
        let lines: Vec<_> = json::elements(message.get("text").get("text")).filter_map(json::text).collect();
        return (!lines.is_empty()).then(|| ("text", Some(Cow::Owned(lines.join("\n")))));
    }
    let speech = message.get("outputAudioText");
    if !speech.is_null() {
        return Some(("speech", json::text(speech.get("text")).or_else(|| json::text(speech.get("ssml")))));
    }
    ["payload", "playAudio", "knowledgeInfoCard"]
        .into_iter()
        .find(|key| object.get(key).is_some_and(|value| !value.is_null()))
        .map(|key| (key, None))
}

/// The last part of a resource name such as `projects/p/locations/l/agents/a`.
fn last_part(name: Text<'_>) -> Option<Text<'_>> {
    let last = match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.rsplit('/').next()?),
        Cow::Owned(name) => Cow::Owned(name.rsplit('/').next()?.to_owned()),
    };
    Some(last).filter(|last| !last.is_empty())
}

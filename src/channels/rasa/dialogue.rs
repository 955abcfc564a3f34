//! What Rasa's events mean, one after the other: messages, questions, forms.
//!
//! It knows the state of a tracker, but not where the tracker was kept.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{NAME, plain};
use crate::channels::{Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, SECOND, Text, Time};

/// By how much a time may run backwards and still be the writer's imprecision. Beyond it, one of two clocks is wrong, and
/// moving all that follows a clock that ran ahead would be worse than an order that is not kept.
const MOST_LIFTED: i64 = 3_600 * SECOND;

/// Rasa's own slots, which no contact is asked for.
const OWN_SLOTS: [&str; 5] =
    ["session_started_metadata", "return_value", "dialogue_stack", "flow_hashes", "route_session"];

/// Whether it is the name of one of Rasa's events.
pub(super) fn is_event(word: &str) -> bool {
    matches!(
        word,
        "user"
            | "bot"
            | "agent"
            | "action"
            | "slot"
            | "active_loop"
            | "form"
            | "session_started"
            | "restart"
            | "pause"
            | "resume"
            | "rewind"
            | "undo"
            | "action_execution_rejected"
            | "flow_started"
            | "flow_completed"
            | "flow_cancelled"
    ) || uneventful(word).is_some()
}

/// Events that say nothing about conversations.
fn uneventful(word: &str) -> Option<&'static str> {
    const WORDS: [&str; 15] = [
        "user_featurization",
        "entities",
        "loop_interrupted",
        "form_validation",
        "reset_slots",
        "followup",
        "reminder",
        "cancel_reminder",
        "export",
        "stack",
        "flow_interrupted",
        "flow_resumed",
        "routing_session_ended",
        "warning_predicted",
        "wrong_action",
    ];
    WORDS.into_iter().find(|known| *known == word)
}

/// A tracker while its events are read.
pub(super) struct Dialogue<'a> {
    record: &'a Record<'a>,
    sender: Text<'a>,
    /// Whether the events before this one are known.
    is_whole: bool,
    sequence: u16,
    /// When the event before happened.
    previous: Option<Time>,
    /// Hashes of the events so far: after a restart, some tracker stores write old events again.
    seen: BTreeSet<[u8; 32]>,
    now: State<'a>,
    /// The state before each message of the contact, and before the last action.
    before_messages: Vec<State<'a>>,
    before_action: State<'a>,
    last: Option<Said<'a>>,
    is_paused: bool,
    /// Whether the bot has said in this turn that it did not understand.
    fell_back: bool,
    /// Whether slots are being set again for a new session, which asks and answers nothing.
    carries_over: bool,
}

/// What a message can change and `rewind` restores.
#[derive(Clone, Copy, Default)]
struct State<'a> {
    flow: Option<&'a str>,
    question: Option<Question<'a>>,
}

/// A requested slot.
#[derive(Clone, Copy)]
struct Question<'a> {
    name: &'a str,
    /// Whether a slot waits for the answer: a form requested it, or it was asked inside a form or flow.
    has_slot: bool,
    answered: bool,
    /// Whether the contact has written since it was asked.
    replied: bool,
    /// Whether what they wrote last was refused.
    rejected: bool,
    /// Whether the reply stands although no slot shows it.
    settled: bool,
}

impl Question<'_> {
    fn waits(self) -> bool {
        !self.answered && !self.settled
    }
}

/// The contact's last message.
#[derive(Clone)]
struct Said<'a> {
    id: Text<'a>,
    tapped: bool,
}

/// An event with its name and its times.
struct Told<'a> {
    body: &'a Value<'a>,
    word: &'a str,
    /// The time that it gives.
    written: Time,
    /// When it happened, in the order of the tracker.
    at: Time,
}

impl<'a> Dialogue<'a> {
    /// Of a tracker whose events are all there.
    pub(super) fn of_tracker(record: &'a Record<'a>, sender: Text<'a>) -> Self {
        Self { is_whole: true, ..Self::of_one_event(record, sender) }
    }

    /// Of an event by itself.
    pub(super) fn of_one_event(record: &'a Record<'a>, sender: Text<'a>) -> Self {
        Self {
            record,
            sender,
            is_whole: false,
            sequence: 0,
            previous: None,
            seen: BTreeSet::new(),
            now: State::default(),
            before_messages: Vec::new(),
            before_action: State::default(),
            last: None,
            is_paused: false,
            fell_back: false,
            carries_over: false,
        }
    }

    pub(super) fn sender(&self) -> &Text<'a> {
        &self.sender
    }

    /// The row's number in its table. Some databases keep whole seconds only; then the rows are in order all the same.
    /// Events have sixteen bits for their order, so once in 65 536 rows two of one second may be exchanged.
    pub(super) fn at_row(mut self, id: &Value<'_>) -> Self {
        let id = json::text(plain(id)).and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
        self.sequence = u16::try_from(id & 0xffff).unwrap_or(0);
        self
    }

    /// Reads the next event.
    pub(super) fn read(&mut self, body: &'a Value<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let word = body.get("event").as_str().ok_or(Reason::MissingField("event"))?;
        if let Some(word) = uneventful(word) {
            out.ignore(word);
            return Ok(());
        }
        if !is_event(word) {
            out.ignore("unknown_event");
            return Ok(());
        }
        if self.is_whole && !self.seen.insert(*blake3::hash(body.sorted().as_bytes()).as_bytes()) {
            out.ignore("repeated_event");
            return Ok(());
        }
        let written = json::time(plain(body.get("timestamp")), "timestamp", self.record.reading.zone())?;
        let told = Told { body, word, written, at: self.lifted(written) };
        self.mean(&told, out)
    }

    /// The stored order beats time: workers write with clocks of their own, and databases round. A time that runs
    /// backwards, or stands still, becomes the instant after the event before, so that the store keeps the tracker's order.
    /// It depends on nothing but the events before, so a tracker that is dumped again with more events tells the old ones
    /// the same.
    fn lifted(&mut self, written: Time) -> Time {
        let at = match self.previous {
            Some(previous) if self.is_whole && written <= previous && previous.0 - written.0 <= MOST_LIFTED => {
                Time(previous.0 + 1)
            }
            _ => written,
        };
        self.previous = Some(at);
        at
    }

    fn mean(&mut self, told: &Told<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        match told.word {
            "user" => self.user(told, out),
            "bot" if told.body.get("metadata").get("type").as_str() == Some("live_agent") => self.live_agent(told, out),
            "bot" => self.bot(told, "bot", out),
            "agent" => self.bot(told, "human", out),
            "action" => self.action(told, out)?,
            "slot" => self.slot(told, out)?,
            "active_loop" | "form" => self.form(told, out),
            "action_execution_rejected" => self.rejected(told, out),
            "session_started" | "restart" => {
                if told.word == "session_started" {
                    self.settle();
                }
                self.leave_question(told, out);
                self.now = State::default();
                self.before_messages.clear();
                self.is_paused = false;
                self.carries_over = told.word == "session_started";
                out.ignore(if self.carries_over { "session_started" } else { "restart" });
            }
            "pause" => self.hand_over(told, out),
            "resume" => self.hand_back(told, out),
            "rewind" => {
                if let Some(before) = self.before_messages.pop() {
                    self.take_back(before, told, out);
                }
                out.ignore("rewind");
            }
            "undo" => {
                self.take_back(self.before_action, told, out);
                out.ignore("undo");
            }
            _ => self.flow(told, out)?,
        }
        Ok(())
    }

    /// What the contact wrote or tapped.
    fn user(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        let parsed = told.body.get("parse_data");
        let text = json::text(told.body.get("text")).or_else(|| json::text(parsed.get("text")));
        let written = text.as_deref().unwrap_or_default();
        // A reminder or another program spoke in the contact's name, or Rasa began the session by itself.
        if written.starts_with("EXTERNAL: ") || json::flag(told.body.get("metadata").get("is_external")) == Some(true) {
            return out.ignore("external");
        }
        if written == "/session_start" {
            return out.ignore("session_start");
        }
        self.settle();
        self.before_messages.push(self.now);
        self.carries_over = false;
        if let Some(question) = &mut self.now.question {
            question.replied = true;
            question.rejected = false;
        }
        let tapped = is_payload(written);
        let id = json::text(told.body.get("message_id"))
            .or_else(|| json::text(parsed.get("message_id")))
            .unwrap_or_else(|| self.message_id(told));
        let kind = if tapped { Kind::ButtonClicked } else { Kind::MessageReceived };
        let intent = intent(parsed);
        let mut event = self.event(told, kind, &id);
        event.message_id = Some(id.clone());
        event.message_type = Some(Cow::Borrowed(if tapped { "payload" } else { "text" }));
        event.tag.clone_from(&intent);
        if tapped {
            event.answer = text;
        } else {
            event.text = text;
        }
        out.event(event);
        self.last = Some(Said { id, tapped });
        self.fell_back = false;
        if intent.as_deref() == Some("nlu_fallback") {
            self.fall_back(told, out);
        }
    }

    /// What the bot, or a person through it, said.
    fn bot(&self, told: &Told<'a>, agent: &'static str, out: &mut Out<'_>) {
        let id = self.message_id(told);
        let mut event = self.event(told, Kind::MessageSent, &id);
        let metadata = told.body.get("metadata");
        event.template = json::text(metadata.get("utter_action")).or_else(|| json::text(metadata.get("template_name")));
        event.message_type = Some(Cow::Borrowed(content(told.body.get("data"))));
        event.text = json::text(told.body.get("text"));
        event.agent = Some(Cow::Borrowed(agent));
        event.message_id = Some(id);
        out.event(event);
    }

    /// What Kairon notes while a person has taken over: all as the bot's, whoever wrote it.
    fn live_agent(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        out.ignore("live_agent");
        match told.body.get("metadata").get("event_type").as_str() {
            Some("user_live_agent") => {
                let text = json::text(told.body.get("text"));
                // Kairon's own note that the contact asked for a person, which they did in the message before.
                if text.as_deref() == Some("Requesting live agent") {
                    return;
                }
                let id = self.message_id(told);
                let mut event = self.event(told, Kind::MessageReceived, &id);
                event.message_id = Some(id);
                event.message_type = Some(Cow::Borrowed("text"));
                event.text = text;
                out.event(event);
            }
            Some("agent_live_agent") => self.bot(told, "human", out),
            Some("agent_allocation_live_agent") => self.hand_over(told, out),
            Some("conversation_close_live_agent" | "conversation_close_live_agent_client") => self.hand_back(told, out),
            _ => {}
        }
    }

    fn action(&mut self, told: &Told<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        self.before_action = self.now;
        self.carries_over = false;
        // An action that was learnt end to end has a text in place of a name.
        let name = told.body.get("name").as_str().unwrap_or_default();
        if let Some(question) = name.strip_prefix("utter_ask_").filter(|question| !question.is_empty()) {
            // A form utters this inside its own action, which is told by its requested slot only.
            self.ask(question, false, told, out);
        } else if name == "action_default_fallback" {
            self.fall_back(told, out);
        } else if name == "action_human_handoff" {
            self.hand_over(told, out);
        } else if name.is_empty() && told.body.get("action_text").is_null() {
            return Err(Reason::MissingField("name"));
        } else {
            out.ignore("action");
        }
        Ok(())
    }

    fn slot(&mut self, told: &Told<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let name = told.body.get("name").as_str().ok_or(Reason::MissingField("name"))?;
        // No value is written as null or left out.
        let value = plain(told.body.get("value"));
        out.ignore("slot");
        if self.carries_over {
            return Ok(());
        }
        if name == "requested_slot" {
            match value.as_str().filter(|question| !question.is_empty()) {
                Some(question) => self.ask(question, true, told, out),
                None => self.now.question = None,
            }
            return Ok(());
        }
        let is_answer = match &mut self.now.question {
            Some(question) if question.name == name && !question.answered && !value.is_null() => {
                question.answered = true;
                true
            }
            // Without the events before, every slot may be one that was asked for. The facts take an answer only for a
            // question that this contact was asked in this conversation, and only if it has none yet.
            _ => !self.is_whole && is_scalar(value) && !OWN_SLOTS.contains(&name),
        };
        if is_answer {
            let mut event = self.event(told, Kind::QuestionAnswered, name);
            event.question = Some(Cow::Borrowed(name));
            event.flow = self.now.flow.map(Cow::Borrowed);
            event.message_id = self.last.as_ref().map(|said| said.id.clone());
            // A value is what was tapped, a yes or a no, or else words of the contact.
            match value {
                Value::Bool(flag) => event.answer = Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
                value if self.last.as_ref().is_some_and(|said| said.tapped) => event.answer = json::text(value),
                value => event.text = json::text(value),
            }
            out.event(event);
        }
        Ok(())
    }

    fn ask(&mut self, name: &'a str, is_requested: bool, told: &Told<'a>, out: &mut Out<'_>) {
        let has_slot = is_requested || self.now.flow.is_some();
        // The slot and the utterance are one prompt; another one comes only after the contact has written.
        if let Some(question) = self.now.question.as_mut().filter(|question| question.name == name && !question.replied)
        {
            question.has_slot |= has_slot;
            return out.ignore("same_prompt");
        }
        self.now.question =
            Some(Question { name, has_slot, answered: false, replied: false, rejected: false, settled: false });
        let mut event = self.event(told, Kind::QuestionAsked, name);
        event.question = Some(Cow::Borrowed(name));
        event.flow = self.now.flow.map(Cow::Borrowed);
        out.event(event);
    }

    /// `active_loop`, in old versions `form`: with a name it begins, without one it ends.
    fn form(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        let name = told.body.get("name").as_str().filter(|name| !name.is_empty());
        match (name, self.now.flow) {
            (Some(name), running) if running != Some(name) => {
                self.now.flow = Some(name);
                self.told_of_flow(Kind::FlowStarted, name, told, out);
            }
            (None, Some(running)) => {
                // A form that is complete requests no slot any more before it ends; one that is left still does.
                if self.now.question.is_some() {
                    self.leave_question(told, out);
                } else {
                    self.told_of_flow(Kind::FlowEnded, running, told, out);
                }
                self.now.flow = None;
            }
            _ => {}
        }
        out.ignore("active_loop");
    }

    /// The scripted dialogues of Rasa Pro. Those whose names begin with `pattern_` are Rasa's own repairs.
    fn flow(&mut self, told: &Told<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
        let name = told.body.get("flow_id").as_str().ok_or(Reason::MissingField("flow_id"))?;
        out.ignore("flow");
        if name.starts_with("pattern_") {
            if name == "pattern_cannot_handle" && told.word == "flow_started" {
                self.fall_back(told, out);
            }
            return Ok(());
        }
        if told.word == "flow_started" {
            self.now.flow = Some(name);
            self.told_of_flow(Kind::FlowStarted, name, told, out);
            return Ok(());
        }
        if told.word == "flow_completed" {
            self.told_of_flow(Kind::FlowEnded, name, told, out);
        } else if self.now.flow == Some(name) {
            self.leave_question(told, out);
        }
        if self.now.flow == Some(name) {
            self.now = State::default();
        }
        Ok(())
    }

    fn told_of_flow(&self, kind: Kind, name: &'a str, told: &Told<'a>, out: &mut Out<'_>) {
        let mut event = self.event(told, kind, name);
        event.flow = Some(Cow::Borrowed(name));
        out.event(event);
    }

    /// A form could not use what the contact wrote. An action may be refused for other reasons when nothing is asked.
    fn rejected(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        self.refuse_reply(told, out);
        if !self.is_whole {
            out.event(self.about_question(Kind::AnswerRejected, told));
        }
        out.ignore("action_execution_rejected");
    }

    /// Of a question without a slot nothing but the next message tells the answer. Once the bot has gone on to listen
    /// without asking again, that reply stands, whatever becomes of what is said later.
    fn settle(&mut self) {
        if let Some(question) = &mut self.now.question {
            question.settled |= question.replied && !question.rejected && !question.has_slot;
        }
    }

    /// What the contact wrote last, if they wrote, was no answer to the question that waits.
    fn refuse_reply(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        if let Some(question) = &mut self.now.question
            && question.waits()
            && question.replied
            && !std::mem::replace(&mut question.rejected, true)
        {
            out.event(self.about_question(Kind::AnswerRejected, told));
        }
    }

    /// The question is dropped. What the contact wrote last was no answer, or the slot would be set.
    fn leave_question(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        self.refuse_reply(told, out);
        if self.now.question.is_some_and(Question::waits) {
            out.event(self.about_question(Kind::QuestionSkipped, told));
        }
        self.now.question = None;
    }

    /// Goes back to a state. The question of that time waits again, and what was written meanwhile is no answer to it.
    /// Messages are not taken back: they were written and read, and a fallback ends with a `rewind`.
    fn take_back(&mut self, before: State<'a>, told: &Told<'a>, out: &mut Out<'_>) {
        let was = self.now.question;
        self.now = before;
        let Some(question) = &mut self.now.question else { return };
        let is_same = was.is_some_and(|was| was.name == question.name);
        let replied = was.is_some_and(|was| was.replied) || !is_same;
        let rejected = is_same && was.is_some_and(|was| was.rejected);
        if question.waits() && replied {
            question.replied = true;
            question.rejected = true;
            if !rejected {
                out.event(self.about_question(Kind::AnswerRejected, told));
            }
        }
    }

    fn about_question(&self, kind: Kind, told: &Told<'a>) -> Event<'a> {
        let name = self.now.question.map(|question| question.name);
        let mut event = self.event(told, kind, name.unwrap_or_default());
        event.question = name.map(Cow::Borrowed);
        event.flow = self.now.flow.map(Cow::Borrowed);
        event
    }

    fn hand_over(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        if !std::mem::replace(&mut self.is_paused, true) {
            // "Let me talk to somebody" is no answer to the question that was waiting.
            self.refuse_reply(told, out);
            out.event(self.event(told, Kind::HandoverToHuman, ""));
        }
        out.ignore("pause");
    }

    fn hand_back(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        if std::mem::take(&mut self.is_paused) || !self.is_whole {
            out.event(self.event(told, Kind::HandoverToBot, ""));
        }
        out.ignore("resume");
    }

    fn fall_back(&mut self, told: &Told<'a>, out: &mut Out<'_>) {
        if !std::mem::replace(&mut self.fell_back, true) {
            let mut event = self.event(told, Kind::Fallback, "");
            event.message_id = self.last.as_ref().map(|said| said.id.clone());
            out.event(event);
        }
        out.ignore("fallback");
    }

    /// An event. Rasa numbers nothing, so its key is who, what, and the time that was written.
    fn event(&self, told: &Told<'a>, kind: Kind, key: &str) -> Event<'a> {
        let dedup = format!("{}\u{1f}{}\u{1f}{}\u{1f}{key}", self.sender, told.word, told.written.0);
        let mut event = Event::new(kind, told.at, NAME, self.sender.clone(), dedup);
        event.account = json::text(told.body.get("metadata").get("assistant_id"));
        event.sequence = self.sequence;
        event
    }

    /// An id for a message that has none, the same in every container. A hash, because ids may be kept where texts may not.
    fn message_id(&self, told: &Told<'a>) -> Text<'a> {
        let text = json::text(told.body.get("text")).unwrap_or_default();
        let data = told.body.get("data").sorted();
        let written = told.written.0;
        let key = format!("{}\u{1f}{}\u{1f}{written}\u{1f}{text}\u{1f}{data}", self.sender, told.word);
        let hash = blake3::hash(key.as_bytes()).to_hex();
        Cow::Owned(hash.chars().take(32).collect())
    }
}

/// Whether a text is what a button sends: a slash and an intent, perhaps with entities in braces or slots in brackets.
fn is_payload(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('/') else { return false };
    let intent = rest.split(['{', '(', '@']).next().unwrap_or_default();
    !intent.is_empty() && !intent.contains(char::is_whitespace)
}

/// The intent, which some writers leave out where the ranking has it.
fn intent<'a>(parsed: &'a Value<'a>) -> Option<Text<'a>> {
    let ranked = json::elements(parsed.get("intent_ranking")).next().unwrap_or(&Value::Null);
    json::text(parsed.get("intent").get("name")).or_else(|| json::text(ranked.get("name")))
}

/// What a message of the bot consists of.
fn content(data: &Value<'_>) -> &'static str {
    let is_there = |key: &&str| match data.get(key) {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    };
    ["buttons", "quick_replies", "elements", "attachment", "image", "custom"]
        .into_iter()
        .find(is_there)
        .unwrap_or("text")
}

fn is_scalar(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::Str(_))
}

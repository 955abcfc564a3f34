//! What one contact's events mean, told by plain loops from the definitions. Slow on purpose: every question about a
//! message, a conversation or a visit looks through all events again. Knows nothing of the program's own facts.

use trichter::config::Flow;
use trichter::event::{Kind, SECOND};

use super::sides::{is_inbound, is_outbound};
use super::ways;
use crate::pipeline::Event;

pub(super) const DAY: i64 = 86_400 * SECOND;
/// The default windows; the tests leave them alone.
const SESSION_GAP: i64 = DAY;
const REPLY: i64 = DAY;
const ATTRIBUTION: i64 = DAY;
const OPENING: i64 = 60 * SECOND;

/// What is known besides the contact's events.
pub(super) struct Around<'a> {
    pub(super) tells_deliveries: bool,
    pub(super) horizon: i64,
    pub(super) flows: &'a [Flow],
}

#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) id: Option<String>,
    pub(super) account: Option<String>,
    pub(super) campaign: Option<String>,
    pub(super) flow: Option<String>,
    pub(super) question: Option<String>,
    /// Place of its first event.
    pub(super) begun: usize,
    pub(super) sent_at: i64,
    pub(super) delivered_at: Option<i64>,
    pub(super) opened_at: Option<i64>,
    pub(super) failed: bool,
    pub(super) suppressed: bool,
    pub(super) reached: bool,
    pub(super) n_clicks: u64,
    pub(super) category: Option<String>,
    /// Opt-outs soon after it, those that change nothing too.
    pub(super) n_opt_outs: u64,
    pub(super) replied: bool,
    pub(super) opted_out: bool,
    pub(super) opted_out_hard: bool,
    /// Time to the first reply; to the first opt-out before which nothing else arrived; no other campaign's message did.
    pub(super) replied_after: Option<i64>,
    pub(super) opt_out_after: Option<i64>,
    pub(super) campaign_opt_out_after: Option<i64>,
    pub(super) is_followed: bool,
}

impl Message {
    pub(super) fn may_have_arrived(&self) -> bool {
        !self.failed && !self.suppressed
    }
}

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) account: Option<String>,
    /// Places of its acts.
    pub(super) acts: Vec<usize>,
    pub(super) campaign: Option<String>,
    pub(super) flow: Option<String>,
    pub(super) started_at: i64,
    pub(super) outcome: &'static str,
    pub(super) goal: bool,
    pub(super) opted_out: bool,
    pub(super) by_business: bool,
    pub(super) handed_over: bool,
    pub(super) in_flow: bool,
    pub(super) n_inbound: u64,
    pub(super) n_outbound: usize,
    pub(super) n_fallback: u64,
    pub(super) engaged_at: Option<i64>,
    /// The business opened it with a message that reached the contact.
    pub(super) first_message_reached: bool,
    pub(super) first_response_s: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Visit {
    pub(super) campaign: Option<String>,
    pub(super) flow: Option<String>,
    pub(super) flow_version: Option<String>,
    pub(super) question: Option<String>,
    pub(super) asked_at: i64,
    pub(super) answered_at: Option<i64>,
    pub(super) outcome: &'static str,
    pub(super) answer_s: Option<i64>,
    /// Name of the question that the bot asked next.
    pub(super) next_question: Option<String>,
    /// Each time that it ended without an answer: when, and how.
    pub(super) ends: Vec<(i64, &'static str)>,
    /// The conversation's last act.
    pub(super) last_act_at: i64,
    /// Whether a fallback came after which the contact did nothing.
    pub(super) not_understood: bool,
    /// When each prompt came, and how much either side had sent, tapped or clicked in the conversation by then.
    pub(super) prompts: Vec<(i64, u64)>,
    /// The answers that the log tells, at most one for each prompt.
    pub(super) given: Vec<String>,
    /// It is the last visit of its conversation, whose outcome is this.
    pub(super) closes: Option<&'static str>,
}

/// An opt-out that changed something.
#[derive(Debug)]
pub(super) struct OptOut {
    pub(super) place: usize,
    pub(super) hard: bool,
}

/// A contact's facts.
pub(super) struct Facts {
    pub(super) messages: Vec<Message>,
    pub(super) conversations: Vec<Conversation>,
    pub(super) visits: Vec<Visit>,
    /// How many of the visits belong to each conversation.
    pub(super) n_visits: Vec<usize>,
    /// Instants of the opt-outs that changed something.
    pub(super) opt_outs: Vec<i64>,
}

/// A contact's events in the store's order.
pub(super) struct Contact<'e> {
    pub(super) events: &'e [Event],
    pub(super) around: &'e Around<'e>,
}

pub(super) fn facts(events: &[Event], around: &Around<'_>) -> Facts {
    let contact = Contact { events, around };
    let mut messages = contact.messages();
    let mut conversations = contact.conversations(&messages);
    let opt_outs = contact.opt_outs();
    contact.attribute(&mut messages, &opt_outs);
    let (mut visits, mut n_visits) = (Vec::new(), Vec::new());
    for number in 0..conversations.len() {
        contact.describe(&mut conversations, number, &messages);
        let mut of_this = contact.visits(&conversations, number, &messages);
        contact.conclude(&mut conversations, number, &of_this);
        if let Some(last) = of_this.last_mut() {
            last.closes = Some(conversations[number].outcome);
        }
        n_visits.push(of_this.len());
        visits.extend(of_this);
    }
    let opt_outs = opt_outs.iter().map(|opt_out| events[opt_out.place].at).collect();
    Facts { messages, conversations, visits, n_visits, opt_outs }
}

impl Contact<'_> {
    /// The account of an event; a log that leaves it out means the only one there is.
    pub(super) fn account(&self, place: usize) -> Option<String> {
        let mut named: Vec<&String> = self.events.iter().filter_map(|event| event.account.as_ref()).collect();
        named.sort();
        named.dedup();
        let only = if named.len() == 1 { Some(named[0].clone()) } else { None };
        self.events[place].account.clone().or(only)
    }

    /// Whether the same act of the same message was told before: then it is no act.
    pub(super) fn told_before(&self, place: usize) -> bool {
        let event = &self.events[place];
        let once = [
            Kind::MessageReceived,
            Kind::ButtonClicked,
            Kind::QuestionAsked,
            Kind::QuestionAnswered,
            Kind::Fallback,
            Kind::FlowStarted,
            Kind::FlowEnded,
            Kind::HandoverToHuman,
            Kind::HandoverToBot,
            Kind::GoalReached,
        ];
        event.message.is_some()
            && once.contains(&event.kind)
            && self.events[..place].iter().any(|other| (other.kind, &other.message) == (event.kind, &event.message))
    }

    fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = Vec::new();
        for (place, event) in self.events.iter().enumerate() {
            let is_new = match &event.message {
                Some(id) => is_outbound(event.kind) && !messages.iter().any(|known| known.id.as_ref() == Some(id)),
                None => event.kind == Kind::MessageSent,
            };
            if !is_new {
                continue;
            }
            let own: Vec<usize> = match &event.message {
                Some(_) => (place..self.events.len())
                    .filter(|&other| is_outbound(self.events[other].kind))
                    .filter(|&other| self.events[other].message == event.message)
                    .collect(),
                None => vec![place],
            };
            let first_word =
                |read: fn(&Event) -> Option<String>| own.iter().find_map(|&place| read(&self.events[place]));
            let earliest = |kind| {
                own.iter().map(|&place| &self.events[place]).filter(|own| own.kind == kind).map(|own| own.at).min()
            };
            let account = own.iter().find_map(|&place| self.account(place));
            let sent_at = event.at;
            let mark = |kind| {
                let marks = (0..self.events.len()).filter(|&other| self.events[other].kind == kind);
                marks
                    .filter(|&other| self.account(other) == account)
                    .map(|other| &self.events[other])
                    .filter(|mark| mark.at >= sent_at && mark.up_to.is_some_and(|up_to| up_to >= sent_at))
                    .map(|mark| mark.at)
                    .min()
            };
            let has_receipt = earliest(Kind::MessageOpened).or(earliest(Kind::MessageDelivered)).is_some();
            let refused = earliest(Kind::MessageFailed).or(earliest(Kind::MessageSuppressed)).is_some();
            // What was refused was not among "everything until then".
            let mark = |kind| mark(kind).filter(|_| has_receipt || !refused);
            let opened_at = [earliest(Kind::MessageOpened), mark(Kind::OpenedUpTo)].into_iter().flatten().min();
            let delivered_at = [earliest(Kind::MessageDelivered), mark(Kind::DeliveredUpTo), opened_at];
            let delivered_at = delivered_at.into_iter().flatten().min();
            let failed = delivered_at.is_none() && earliest(Kind::MessageFailed).is_some();
            let suppressed = delivered_at.is_none() && earliest(Kind::MessageSuppressed).is_some();
            messages.push(Message {
                id: event.message.clone(),
                account,
                campaign: first_word(|event| event.campaign.clone()),
                flow: first_word(|event| event.flow.clone()),
                question: first_word(|event| event.question.clone()),
                category: first_word(|event| event.category.clone()),
                begun: place,
                sent_at,
                delivered_at,
                opened_at,
                failed,
                suppressed,
                reached: !failed && !suppressed && (delivered_at.is_some() || !self.around.tells_deliveries),
                ..Message::default()
            });
        }
        messages
    }

    /// The message that an act of the contact points to, if it had been sent by then.
    pub(super) fn pointed<'m>(&self, place: usize, messages: &'m [Message]) -> Option<&'m Message> {
        let event = &self.events[place];
        let pointer = event.reply_to.as_ref()?;
        messages.iter().find(|message| message.id.as_ref() == Some(pointer) && message.sent_at <= event.at)
    }

    /// The last message before this place that may have arrived.
    fn last_before(&self, place: usize, messages: &[Message]) -> Option<usize> {
        let account = self.account(place);
        (0..messages.len())
            .rev()
            .find(|&n| messages[n].begun < place && messages[n].account == account && messages[n].may_have_arrived())
    }

    /// Clicks, replies and opt-outs go to messages; and which message was followed by another.
    fn attribute(&self, messages: &mut [Message], opt_outs: &[OptOut]) {
        for (place, event) in self.events.iter().enumerate() {
            if !is_inbound(event.kind) || self.told_before(place) {
                continue;
            }
            let target = match &event.reply_to {
                Some(pointer) => messages.iter().position(|message| message.id.as_ref() == Some(pointer)),
                None => self.last_before(place, messages),
            };
            let Some(message) = target.map(|number| &mut messages[number]) else { continue };
            if event.at < message.sent_at || event.at - message.sent_at > REPLY {
                continue;
            }
            message.n_clicks += u64::from(matches!(event.kind, Kind::ButtonClicked | Kind::LinkClicked));
            if matches!(event.kind, Kind::ButtonClicked | Kind::MessageReceived) {
                message.replied = true;
                message.replied_after.get_or_insert(event.at - message.sent_at);
            }
        }
        for opt_out in opt_outs {
            let at = self.events[opt_out.place].at;
            if let Some(number) = self.last_before(opt_out.place, messages) {
                let after = at - messages[number].sent_at;
                messages[number].opt_out_after.get_or_insert(after);
            }
            let campaigns = (0..messages.len()).rev().filter(|&number| messages[number].campaign.is_some());
            let account = self.account(opt_out.place);
            if let Some(number) = campaigns.clone().find(|&number| {
                let message = &messages[number];
                message.begun < opt_out.place && message.account == account && message.may_have_arrived()
            }) {
                let after = at - messages[number].sent_at;
                messages[number].campaign_opt_out_after.get_or_insert(after);
            }
            if let Some(number) = self.last_before(opt_out.place, messages)
                && at - messages[number].sent_at <= ATTRIBUTION
            {
                messages[number].opted_out = true;
                messages[number].opted_out_hard |= opt_out.hard;
            }
        }
        for place in (0..self.events.len()).filter(|&place| self.ends_by_opt_out(place)) {
            let event = &self.events[place];
            let is_told = |other: &Event| (other.kind, &other.message) == (event.kind, &event.message);
            let is_repeated = event.message.is_some() && self.events[..place].iter().any(is_told);
            let is_news = opt_outs.iter().any(|opt_out| opt_out.place == place);
            if let Some(number) = self.last_before(place, messages)
                && event.at - messages[number].sent_at <= ATTRIBUTION
                && (is_news || !is_repeated)
            {
                messages[number].n_opt_outs += 1;
            }
        }
        for number in 0..messages.len() {
            let later = &messages[number + 1..];
            let follows = |later: &Message| later.account == messages[number].account && !later.suppressed;
            messages[number].is_followed = later.iter().any(follows);
        }
    }

    pub(super) fn opt_outs(&self) -> Vec<OptOut> {
        let mut opt_outs: Vec<OptOut> = Vec::new();
        for (place, event) in self.events.iter().enumerate() {
            let hard = match event.kind {
                Kind::OptedOutSoft => false,
                Kind::OptedOutHard => true,
                _ => continue,
            };
            let account = self.account(place);
            let resumed = (0..place)
                .rev()
                .find(|&other| self.events[other].kind == Kind::OptedIn && self.account(other) == account);
            let in_force = opt_outs
                .iter()
                .filter(|known| self.account(known.place) == account && resumed.is_none_or(|at| known.place > at));
            // Hard after soft is news; anything else while opted out is not.
            if in_force.clone().count() == 0 || (hard && in_force.clone().all(|known| !known.hard)) {
                opt_outs.push(OptOut { place, hard });
            }
        }
        opt_outs
    }

    /// Whether the inbound message at this place is itself an opt-out.
    pub(super) fn is_stop(&self, place: usize) -> bool {
        let id = &self.events[place].message;
        id.is_some() && self.events.iter().any(|event| event.kind == Kind::OptedOutSoft && event.message == *id)
    }

    pub(super) fn is_act(&self, place: usize, messages: &[Message]) -> bool {
        let kind = self.events[place].kind;
        if is_outbound(kind) {
            return messages.iter().any(|message| message.begun == place);
        }
        let is_act = is_inbound(kind)
            || matches!(
                kind,
                Kind::QuestionAsked
                    | Kind::QuestionAnswered
                    | Kind::AnswerRejected
                    | Kind::QuestionSkipped
                    | Kind::FlowStarted
                    | Kind::FlowEnded
                    | Kind::GoalReached
                    | Kind::Payment
                    | Kind::Fallback
                    | Kind::HandoverToHuman
                    | Kind::HandoverToBot
            );
        is_act && !self.told_before(place)
    }

    fn conversations(&self, messages: &[Message]) -> Vec<Conversation> {
        let mut conversations: Vec<Conversation> = Vec::new();
        for place in (0..self.events.len()).filter(|&place| self.is_act(place, messages)) {
            let (at, account) = (self.events[place].at, self.account(place));
            let last = conversations.iter_mut().rev().find(|known| known.account == account);
            match last.filter(|known| at - self.events[known.acts[known.acts.len() - 1]].at <= SESSION_GAP) {
                Some(running) => running.acts.push(place),
                None => conversations.push(Conversation {
                    account,
                    acts: vec![place],
                    campaign: None,
                    flow: None,
                    started_at: at,
                    outcome: "",
                    goal: false,
                    opted_out: false,
                    by_business: false,
                    handed_over: false,
                    in_flow: false,
                    n_inbound: 0,
                    n_outbound: 0,
                    n_fallback: 0,
                    engaged_at: None,
                    first_message_reached: false,
                    first_response_s: None,
                }),
            }
        }
        conversations
    }

    pub(super) fn is_undecided(&self, conversation: &Conversation) -> bool {
        let last = conversation.acts[conversation.acts.len() - 1];
        self.events[last].at + SESSION_GAP > self.around.horizon
    }

    /// The conversation that runs when an opt-out comes: the account's last, unless it has been quiet for too long.
    pub(super) fn running(&self, place: usize, conversations: &[Conversation]) -> Option<usize> {
        let account = self.account(place);
        let last = |conversation: &Conversation| conversation.acts.iter().copied().filter(|&act| act < place).max();
        let number = (0..conversations.len())
            .rev()
            .find(|&n| conversations[n].account == account && last(&conversations[n]).is_some())?;
        let quiet_since = self.events[last(&conversations[number])?].at;
        (self.events[place].at - quiet_since <= SESSION_GAP).then_some(number)
    }

    /// Opt-outs that end the running conversation: news, and the contact's own word even where it is none.
    pub(super) fn ends_by_opt_out(&self, place: usize) -> bool {
        let event = &self.events[place];
        let is_opt_out = matches!(event.kind, Kind::OptedOutSoft | Kind::OptedOutHard);
        let by_message = event.message.is_some() && event.error_code.is_none();
        is_opt_out && (by_message || self.opt_outs().iter().any(|known| known.place == place))
    }

    /// Everything of a conversation but its outcome.
    fn describe(&self, conversations: &mut [Conversation], number: usize, messages: &[Message]) {
        let acts = conversations[number].acts.clone();
        let events = || acts.iter().map(|&place| &self.events[place]);
        let count = |wanted: &dyn Fn(Kind) -> bool| events().filter(|event| wanted(event.kind)).count() as u64;
        let sent: Vec<&Message> = messages.iter().filter(|message| acts.contains(&message.begun)).collect();
        let first_inbound = acts.iter().copied().find(|&place| is_inbound(self.events[place].kind));
        let first_act = self.events[acts[0]].kind;
        let by_business =
            !is_inbound(first_act) && !matches!(first_act, Kind::QuestionAnswered | Kind::GoalReached | Kind::Payment);
        let opened_by =
            sent.first().filter(|first| by_business && first_inbound.is_none_or(|inbound| inbound > first.begun));
        let is_opening = |message: &Message| {
            acts.contains(&message.begun)
                && sent.first().is_some_and(|first| message.sent_at - first.sent_at <= OPENING)
        };
        let answers_opening = |place: usize| match &self.events[place].reply_to {
            Some(_) => self.pointed(place, messages).is_some_and(is_opening),
            None => sent.iter().all(|message| message.begun > place || is_opening(message)),
        };
        let engages =
            |place: usize| is_inbound(self.events[place].kind) && sent.first().is_some_and(|first| first.begun < place);
        let responds = |inbound: usize| {
            let response = sent.iter().find(|message| message.begun > inbound)?;
            Some((response.sent_at - self.events[inbound].at).div_euclid(SECOND))
        };
        let question = events().find(|event| event.kind == Kind::QuestionAsked);
        conversations[number] = Conversation {
            account: conversations[number].account.clone(),
            campaign: sent.first().and_then(|message| message.campaign.clone()),
            flow: events().filter(|event| event.kind == Kind::QuestionAsked).find_map(|event| event.flow.clone()),
            started_at: self.events[acts[0]].at,
            outcome: "",
            goal: count(&|kind| kind == Kind::GoalReached) > 0,
            opted_out: false,
            by_business,
            handed_over: count(&|kind| kind == Kind::HandoverToHuman) > 0,
            in_flow: question.is_some() || count(&|kind| kind == Kind::FlowStarted) > 0,
            n_inbound: count(&is_inbound),
            n_outbound: sent.len(),
            n_fallback: count(&|kind| kind == Kind::Fallback),
            engaged_at: acts
                .iter()
                .find(|&&place| by_business && engages(place) && answers_opening(place))
                .map(|&place| self.events[place].at),
            first_message_reached: opened_by.is_some_and(|first| first.reached),
            first_response_s: first_inbound.and_then(responds),
            acts: acts.clone(),
        };
    }

    fn conclude(&self, conversations: &mut [Conversation], number: usize, visits: &[Visit]) {
        let last = |visit: &Visit| {
            let flow = ways::declared(self.around.flows, visit);
            flow.is_some_and(|flow| visit.question.as_ref() == flow.questions.last())
        };
        let conversation = &conversations[number];
        let has = |kind| conversation.acts.iter().any(|&place| self.events[place].kind == kind);
        let completed = has(Kind::FlowEnded)
            || has(Kind::GoalReached)
            || visits.iter().any(|visit| visit.outcome == "answered" && last(visit));
        let opted_out = (0..self.events.len())
            .any(|place| self.ends_by_opt_out(place) && self.running(place, conversations) == Some(number));
        let outcome = match () {
            () if completed => "completed",
            () if opted_out => "opted_out",
            () if conversation.handed_over => "handed_over",
            () if self.is_undecided(conversation) => "open",
            () => "abandoned",
        };
        (conversations[number].opted_out, conversations[number].outcome) = (opted_out, outcome);
    }
}

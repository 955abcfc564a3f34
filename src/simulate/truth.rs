//! The truth: what really happened, counted while it is drawn, by the definitions of the facts and metrics.
//!
//! Nothing is found out here. A step says which message it answers and to which conversation and visit it belongs, so
//! neither last-touch rules nor session gaps nor any code of the engine are used; that is what makes it a judge.

use std::collections::BTreeMap;

use super::life::{Act, DAY, Failure, Life, Millis, Purpose, SECOND};
use super::tally::{Metric, Place, Tally};

/// Session gap, reply window: the defaults of `trichter.toml`. (All answers and opt-outs come within a day of the
/// message they belong to, so the attribution window never cuts.)
const SESSION_GAP: Millis = DAY;
const REPLY_WINDOW: Millis = DAY;

/// An opt-out's kind. A hard one after a soft one is another; all else that repeats adds nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum OptOut {
    Soft,
    Hard,
}

/// A row of `messages`.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of one row")]
struct Outbound {
    sent: bool,
    delivered: bool,
    opened_at: Option<Millis>,
    failed: bool,
    suppressed: bool,
    clicked: bool,
    replied: bool,
    opted_out_soft: bool,
    opted_out_hard: bool,
}

/// A row of `conversations`.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of one row")]
struct Talk {
    campaign: Option<usize>,
    /// The business's opening message; none if the contact began.
    opening: Option<usize>,
    last_act_at: Millis,
    contact_acted: bool,
    engaged: bool,
    completed: bool,
    opted_out: bool,
    handed_over: bool,
    /// A person took over, or wrote who had taken over before.
    with_human: bool,
    fell_back: bool,
    has_visit: bool,
}

/// A row of `visits`.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of one row")]
struct Visit {
    conversation: usize,
    asked_at: Option<Millis>,
    answered_at: Option<Millis>,
    opted_out: bool,
    handed_over: bool,
    failed: bool,
    skipped: bool,
}

/// Counts of everything, added up over contacts.
#[derive(Clone, Default)]
pub(super) struct Truth {
    /// The rates.
    pub(super) tally: Tally,
    /// Answers by question and seconds.
    pub(super) answer_s: BTreeMap<(usize, i64), u64>,
    /// Rows of the fact tables by state.
    pub(super) facts: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl Truth {
    /// Adds the counts of other contacts.
    pub(super) fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        for (&key, n) in &other.answer_s {
            *self.answer_s.entry(key).or_default() += n;
        }
        for (&table, states) in &other.facts {
            for (&state, n) in states {
                *self.facts.entry(table).or_default().entry(state).or_default() += n;
            }
        }
    }

    fn fact(&mut self, table: &'static str, state: &'static str) {
        *self.facts.entry(table).or_default().entry(state).or_default() += 1;
    }

    /// Counts a contact. `horizon` is the instant of the last event of all logs.
    pub(super) fn count(&mut self, life: &Life, horizon: Millis) {
        if life.steps.is_empty() {
            return;
        }
        self.fact("contacts", life.channel.name());
        let mut replay = Replay {
            life,
            messages: vec![Outbound::default(); life.messages.len()],
            talks: vec![Talk::default(); life.n_conversations],
            visits: vec![Visit::default(); life.visits.len()],
            permission: None,
            is_person_awaited: false,
        };
        for step in &life.steps {
            if let Some(kind) = replay.step(step.at, &step.act, step.conversation, step.message) {
                self.fact("opt_outs", if kind == OptOut::Soft { "soft" } else { "hard" });
            }
        }
        self.count_messages(&replay, horizon);
        self.count_conversations(&replay, horizon);
        self.count_visits(&replay, horizon);
    }

    fn count_messages(&mut self, replay: &Replay<'_>, horizon: Millis) {
        let channel = replay.life.channel;
        let last_sent = replay.messages.iter().rposition(|state| state.sent);
        for (number, (message, state)) in replay.life.messages.iter().zip(&replay.messages).enumerate() {
            if !state.sent {
                continue;
            }
            let place = Place { channel, campaign: message.campaign, question: None };
            // Suppressed only if nothing arrived; failed only if nothing arrived.
            let delivered = state.delivered || state.opened_at.is_some();
            let suppressed = state.suppressed && !delivered;
            let failed = state.failed && !delivered;
            let reached = !failed && !suppressed && (delivered || !channel.has_receipts());
            self.fact(
                "messages",
                match () {
                    () if suppressed => "suppressed",
                    () if failed => "failed",
                    () if state.opened_at.is_some() => "opened",
                    () if delivered => "delivered",
                    () => "sent",
                },
            );
            let tally = &mut self.tally;
            if channel.has_receipts() && !suppressed {
                tally.count(Metric::Delivery, place, delivered);
                tally.count(Metric::OpenOfSent, place, state.opened_at.is_some());
            }
            if channel.has_receipts() && delivered {
                tally.count(Metric::Open, place, state.opened_at.is_some());
            }
            if let Some(opened_at) = state.opened_at {
                tally.count(Metric::ClickToOpen, place, state.clicked);
                let acted = state.clicked || state.replied;
                let past = last_sent > Some(number) || opened_at + REPLY_WINDOW <= horizon;
                if acted || past {
                    tally.count(Metric::Dismissed, place, !acted && past);
                }
            }
            if reached {
                tally.count(Metric::Click, place, state.clicked);
                tally.count(Metric::Reply, place, state.replied);
                tally.count(Metric::Unsubscribe, place, state.opted_out_soft || state.opted_out_hard);
                tally.count(Metric::SoftUnsubscribe, place, state.opted_out_soft);
                if channel.tells_blocks() {
                    tally.count(Metric::HardUnsubscribe, place, state.opted_out_hard);
                }
            }
        }
    }

    fn count_conversations(&mut self, replay: &Replay<'_>, horizon: Millis) {
        let channel = replay.life.channel;
        for talk in &replay.talks {
            if talk.last_act_at == 0 {
                continue;
            }
            let place = Place { channel, campaign: talk.campaign, question: None };
            // The first that applies.
            let outcome = match () {
                () if talk.completed => "completed",
                () if talk.opted_out => "opted_out",
                () if talk.handed_over => "handed_over",
                () if talk.last_act_at + SESSION_GAP > horizon => "open",
                () => "abandoned",
            };
            self.fact("conversations", outcome);
            let tally = &mut self.tally;
            if let Some(first) = talk.opening.and_then(|number| replay.messages.get(number)) {
                let arrived = first.delivered || first.opened_at.is_some();
                let reached = arrived || (!channel.has_receipts() && !first.failed && !first.suppressed);
                if reached {
                    tally.count(Metric::Engagement, place, talk.engaged);
                }
            }
            if talk.has_visit && outcome != "open" {
                tally.count(Metric::Completion, place, talk.completed);
            }
            if talk.contact_acted {
                tally.count(Metric::Containment, place, !talk.with_human);
                tally.count(Metric::Handover, place, talk.handed_over);
                tally.count(Metric::Fallback, place, talk.fell_back);
            }
        }
    }

    fn count_visits(&mut self, replay: &Replay<'_>, horizon: Millis) {
        let channel = replay.life.channel;
        for (visit, &question) in replay.visits.iter().zip(&replay.life.visits) {
            let (Some(asked_at), Some(talk)) = (visit.asked_at, replay.talks.get(visit.conversation)) else { continue };
            let place = Place { channel, campaign: talk.campaign, question: Some(question) };
            // The first that applies.
            let outcome = match () {
                () if visit.answered_at.is_some() => "answered",
                // A question that the bot passed over had ended before.
                () if visit.opted_out && !visit.skipped => "opted_out",
                () if visit.handed_over && !visit.skipped => "handed_over",
                () if visit.failed => "failed",
                () if visit.skipped => "skipped",
                () if talk.last_act_at + SESSION_GAP > horizon => "open",
                () => "silent",
            };
            self.fact("visits", outcome);
            self.tally.count(Metric::QuestionOpen, place, outcome == "open");
            if outcome != "open" {
                let dropped = ["silent", "opted_out", "handed_over", "failed"].contains(&outcome);
                self.tally.count(Metric::QuestionDropOff, place, dropped);
                self.tally.count(Metric::QuestionSilent, place, outcome == "silent");
                self.tally.count(Metric::QuestionOptedOut, place, outcome == "opted_out");
                self.tally.count(Metric::QuestionHandedOver, place, outcome == "handed_over");
                self.tally.count(Metric::QuestionFailed, place, outcome == "failed");
            }
            if let Some(answered_at) = visit.answered_at {
                *self.answer_s.entry((question, (answered_at - asked_at) / SECOND)).or_default() += 1;
            }
        }
    }
}

/// The state of one contact's facts while the steps go by.
struct Replay<'l> {
    life: &'l Life,
    messages: Vec<Outbound>,
    talks: Vec<Talk>,
    visits: Vec<Visit>,
    /// The opt-out in force.
    permission: Option<OptOut>,
    /// Who took over has not written yet: the next message that neither asks a question nor is of a campaign is theirs, where
    /// the log does not name the bot.
    is_person_awaited: bool,
}

impl Replay<'_> {
    /// Takes one step. Returns the opt-outs that it adds.
    fn step(&mut self, at: Millis, act: &Act, conversation: usize, message: Option<usize>) -> Option<OptOut> {
        let visit = message.and_then(|number| self.life.messages.get(number)).and_then(|message| message.visit);
        match act {
            Act::Sent => self.sent(at, conversation, message),
            Act::Delivered | Act::Opened => self.receipt(at, act, message),
            Act::Failed(failure) => {
                if let Some(state) = message.and_then(|number| self.messages.get_mut(number)) {
                    match failure {
                        Failure::Capped => state.suppressed = true,
                        Failure::Undeliverable | Failure::Refused => state.failed = true,
                    }
                }
                if let Some(visit) = visit.and_then(|number| self.visits.get_mut(number)) {
                    visit.failed = true;
                }
                if *failure == Failure::Refused {
                    // The message itself did not arrive, so the opt-out belongs to no message.
                    return self.opt_out(OptOut::Soft, conversation, None);
                }
            }
            Act::Tapped(..) | Act::Linked | Act::Wrote { .. } | Act::Reacted => {
                self.contact_act(at, act, conversation, message);
                let stops = matches!(act, Act::Wrote { stops: true, .. });
                if stops {
                    return self.opt_out(OptOut::Soft, conversation, message);
                }
                // A word of thanks after the last answer, or a link, answers no question.
                if matches!(act, Act::Tapped(..) | Act::Wrote { .. })
                    && let Some(visit) = visit.and_then(|number| self.visits.get_mut(number))
                {
                    visit.answered_at.get_or_insert(at);
                }
            }
            Act::Stopped => return self.opt_out(OptOut::Soft, conversation, message),
            Act::Blocked => return self.opt_out(OptOut::Hard, conversation, message),
            Act::Resumed => self.permission = None,
        }
        None
    }

    fn sent(&mut self, at: Millis, conversation: usize, number: Option<usize>) {
        let Some((number, message)) = number.and_then(|number| Some((number, self.life.messages.get(number)?))) else {
            return;
        };
        let Some(talk) = self.talks.get_mut(conversation) else { return };
        if talk.last_act_at == 0 {
            talk.opening = Some(number);
            talk.campaign = message.campaign;
        }
        talk.last_act_at = at;
        if let Some(state) = self.messages.get_mut(number) {
            state.sent = true;
        }
        let is_bots = self.life.channel.names_the_bot()
            || message.campaign.is_some()
            || matches!(message.purpose, Purpose::Question(_) | Purpose::Handover);
        if self.is_person_awaited && !is_bots {
            (talk.with_human, self.is_person_awaited) = (true, false);
        }
        match message.purpose {
            Purpose::Question(_) => {
                talk.has_visit = true;
                let Some(current) = message.visit else { return };
                for (place, visit) in self.visits.iter_mut().enumerate() {
                    // The bot asks another question while this one stands unanswered.
                    if visit.conversation == conversation && visit.asked_at.is_some() && place != current {
                        visit.skipped |= visit.answered_at.is_none();
                    }
                }
                if let Some(visit) = self.visits.get_mut(current) {
                    visit.conversation = conversation;
                    visit.asked_at.get_or_insert(at);
                    // A prompt that is repeated says that the answer was of no use.
                    visit.answered_at = None;
                }
            }
            Purpose::Fallback => talk.fell_back = true,
            Purpose::Done => talk.completed = true,
            Purpose::Handover => {
                (talk.handed_over, talk.with_human, self.is_person_awaited) = (true, true, true);
                self.for_unanswered(conversation, |visit| visit.handed_over = true);
            }
            Purpose::First | Purpose::Reminder | Purpose::Info | Purpose::Stopped | Purpose::Service => {}
        }
    }

    /// A receipt: of one message, or of everything sent until then where the platform has watermarks.
    fn receipt(&mut self, at: Millis, act: &Act, number: Option<usize>) {
        let Some(number) = number else { return };
        let Some(up_to) = self.life.messages.get(number).map(|message| message.at) else { return };
        let watermark = self.life.channel.has_watermarks();
        for (place, (message, state)) in self.life.messages.iter().zip(&mut self.messages).enumerate() {
            if place == number || (watermark && state.sent && message.at <= up_to) {
                match act {
                    Act::Opened => state.opened_at = state.opened_at.or(Some(at)),
                    _ => state.delivered = true,
                }
            }
        }
    }

    fn contact_act(&mut self, at: Millis, act: &Act, conversation: usize, number: Option<usize>) {
        if let Some(state) = number.and_then(|number| self.messages.get_mut(number)) {
            state.clicked |= matches!(act, Act::Tapped(..) | Act::Linked);
            state.replied |= matches!(act, Act::Tapped(..) | Act::Wrote { .. });
        }
        let Some(talk) = self.talks.get_mut(conversation) else { return };
        talk.last_act_at = at;
        talk.contact_acted = true;
        // Nothing is sent between the first message and the contact's first act but a reminder, hours later; so an act
        // on the first message is one on the opening.
        talk.engaged |= talk.opening.is_some() && number == talk.opening;
        // The last question's answer completes the flow; its end message, seconds later, says the same.
        let question = number.and_then(|number| self.life.messages.get(number)).map(|message| message.purpose);
        if question == Some(Purpose::Question(super::model::QUESTIONS.len() - 1))
            && !matches!(act, Act::Wrote { stops: true, .. })
        {
            talk.completed = true;
        }
    }

    fn opt_out(&mut self, kind: OptOut, conversation: usize, message: Option<usize>) -> Option<OptOut> {
        if self.permission >= Some(kind) {
            return None;
        }
        self.permission = Some(kind);
        if let Some(state) = message.and_then(|number| self.messages.get_mut(number)) {
            match kind {
                OptOut::Soft => state.opted_out_soft = true,
                OptOut::Hard => state.opted_out_hard = true,
            }
        }
        if let Some(talk) = self.talks.get_mut(conversation) {
            talk.opted_out = true;
        }
        self.for_unanswered(conversation, |visit| visit.opted_out = true);
        Some(kind)
    }

    /// Every visit of the conversation that was asked and stands unanswered, also one that was passed over before.
    fn for_unanswered(&mut self, conversation: usize, mark: impl Fn(&mut Visit)) {
        for visit in &mut self.visits {
            if visit.conversation == conversation && visit.asked_at.is_some() && visit.answered_at.is_none() {
                mark(visit);
            }
        }
    }
}

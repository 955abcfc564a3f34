//! Service: how long a contact waited for the bot and for a person, what became of the matter, whether the bot repeated
//! itself, and whether the contact came back.
//!
//! The walk calls it act by act, and only if one of its columns is wanted. Business hours are the configuration's.

use super::conversations::Conversation;
use super::index::Index;
use super::messages::{AGENT, CAMPAIGN, FLOW, Message, QUESTION, TEMPLATE, seconds_up};
use super::table::{NONE, Row, code_of};
use super::walk::{Walk, lower};
use crate::event::SECOND;
use crate::store::Shard;
use crate::store::words::NULL;

/// Columns of conversations that only this module fills.
pub(super) const COLUMNS: [&str; 22] = [
    "handled_by",
    "with_human",
    "authors_known",
    "bot_response_s",
    "bot_waiting_s",
    "bot_wait_seen_s",
    "human_response_s",
    "human_waiting_s",
    "human_wait_seen_s",
    "human_response_business_s",
    "human_waiting_business_s",
    "human_wait_seen_business_s",
    "human_business_measurable",
    "requested",
    "resolution_s",
    "unresolved_s",
    "resolution_business_s",
    "unresolved_business_s",
    "quietly_resolved",
    "called_back",
    "n_replies_compared",
    "n_replies_repeated",
];
/// Words of messages that tell who wrote them and what they said.
pub(super) const WORDS: [&str; 5] = ["agent", "campaign", "flow", "question", "template"];

/// Who works at a matter.
pub(super) const HANDLERS: &[&str] = &["bot", "human"];

/// Who wrote a message of the business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    Bot,
    Human,
    Unknown,
}

/// The agents of one shard: of each code, whether it is the bot.
pub(super) struct Agents(Vec<bool>);

impl Agents {
    pub(super) fn of(shard: &Shard) -> Self {
        Self(shard.words("agent").1.list().iter().map(|agent| agent.eq_ignore_ascii_case("bot")).collect())
    }

    fn is_bot(&self, code: u32) -> bool {
        self.0.get((code as usize).wrapping_sub(1)).copied().unwrap_or_default()
    }
}

/// What can be said twice: a question of a flow, or a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Question(u32, u32),
    Template(u32),
}

/// From when somebody waited, and when the answer came.
#[derive(Clone, Copy, Debug)]
struct Wait {
    from: i64,
    at: i64,
}

const NO_WAIT: Wait = Wait { from: NONE, at: NONE };

/// How a conversation was served.
#[derive(Clone, Debug)]
pub(super) struct Served {
    /// The contact's first request, and the first that nobody has answered since.
    requested_at: i64,
    waiting_since: i64,
    /// When a person took over, until the bot does again.
    held_since: i64,
    /// The contact has not heard from that person yet.
    is_awaited: bool,
    /// The first request was a person's to answer.
    passed_on: bool,
    /// Who answered the first request.
    answered_by: Option<(i64, Author)>,
    /// Who wrote first and last, and when a person first did.
    first_author: Option<Author>,
    last_author: Option<Author>,
    first_human_at: i64,
    by_human: bool,
    by_unknown: bool,
    /// The log tells who wrote in another conversation of the contact and the account.
    known_elsewhere: bool,
    bot: Wait,
    human: Wait,
    resolved_at: i64,
    /// When the contact came back with a request, after the conversation.
    called_back_at: i64,
    /// What the bot said in the reply before, sorted, and in this one.
    before: Vec<Said>,
    now: Vec<Said>,
    /// Whether the business has said anything since the last request.
    has_spoken: bool,
    is_compared: bool,
    is_repeated: bool,
    n_compared: i64,
    n_repeated: i64,
}

impl Default for Served {
    fn default() -> Self {
        Self {
            requested_at: NONE,
            waiting_since: NONE,
            held_since: NONE,
            is_awaited: false,
            passed_on: false,
            answered_by: None,
            first_author: None,
            last_author: None,
            first_human_at: NONE,
            by_human: false,
            by_unknown: false,
            known_elsewhere: false,
            bot: NO_WAIT,
            human: NO_WAIT,
            resolved_at: NONE,
            called_back_at: NONE,
            before: Vec::new(),
            now: Vec::new(),
            has_spoken: false,
            is_compared: false,
            is_repeated: false,
            n_compared: 0,
            n_repeated: 0,
        }
    }
}

impl Served {
    /// The contact asks for something: they wrote or tapped.
    fn request(&mut self, at: i64) {
        if self.requested_at == NONE {
            self.requested_at = at;
            self.passed_on = self.held_since != NONE;
            if self.passed_on && self.human.from == NONE {
                self.human.from = at;
            }
        }
        if self.waiting_since == NONE {
            self.waiting_since = at;
        }
        // Several requests in a row get one reply.
        if std::mem::take(&mut self.has_spoken) {
            std::mem::swap(&mut self.before, &mut self.now);
            self.before.sort_unstable();
            self.now.clear();
            (self.is_compared, self.is_repeated) = (false, false);
        }
    }

    /// The business answers.
    fn answer(&mut self, at: i64, author: Author) {
        if self.requested_at != NONE && self.answered_by.is_none() {
            self.answered_by = Some((at, author));
        }
        if author == Author::Human {
            lower(&mut self.first_human_at, at);
            self.is_awaited = false;
            if self.human.from == NONE {
                self.human.from = self.waiting_since;
            }
            if self.human.from != NONE {
                lower(&mut self.human.at, at);
            }
        }
        self.by_human |= author == Author::Human;
        self.by_unknown |= author == Author::Unknown;
        self.first_author.get_or_insert(author);
        self.last_author = Some(author);
        self.waiting_since = NONE;
        self.has_spoken = true;
    }

    fn say(&mut self, said: Said) {
        if !self.before.is_empty() && !self.is_compared {
            self.is_compared = true;
            self.n_compared += 1;
        }
        if !self.is_repeated && self.before.binary_search(&said).is_ok() {
            self.is_repeated = true;
            self.n_repeated += 1;
        }
        self.now.push(said);
        self.has_spoken = true;
    }

    /// A person takes over. Who has waited for an answer by then has waited for theirs.
    pub(super) fn take_over(&mut self, at: i64) {
        self.by_human = true;
        self.held_since = at;
        self.passed_on |= self.requested_at != NONE && self.answered_by.is_none();
        let is_there = self.waiting_since == NONE && self.last_author == Some(Author::Human);
        self.is_awaited = !is_there;
        if self.human.from == NONE && !is_there {
            self.human.from = if self.waiting_since == NONE { at } else { self.waiting_since };
        }
    }

    /// The bot takes over again.
    pub(super) fn hand_back(&mut self) {
        self.held_since = NONE;
    }

    /// The matter is done. What was done before the contact asked for anything is none of theirs.
    pub(super) fn resolve(&mut self, at: i64) {
        if self.requested_at != NONE && at >= self.requested_at {
            lower(&mut self.resolved_at, at);
        }
    }

    /// A conversation after another: who took over there and has not written yet may do so here.
    pub(super) fn after(before: &Self) -> Self {
        let is_awaited = before.held_since != NONE && before.is_awaited;
        let held_since = if is_awaited { before.held_since } else { NONE };
        Self { held_since, is_awaited, ..Self::default() }
    }

    /// Whether there are messages of the business, and the log tells of each who wrote it.
    fn is_told(&self) -> bool {
        self.last_author.is_some() && !self.by_unknown
    }

    /// Whose the first request was to answer, and whether a person did so later on, once all is known.
    fn conclude(&mut self, later: &Later) {
        match self.answered_by {
            Some((at, Author::Bot)) if !self.passed_on => self.bot = Wait { from: self.requested_at, at },
            None if self.requested_at != NONE && !self.passed_on => {
                // It was for whoever wrote next; for whoever had written, if nobody did.
                let is_human = later.author == Some(Author::Human) || self.last_author == Some(Author::Human);
                let wait = if is_human { &mut self.human } else { &mut self.bot };
                lower(&mut wait.from, self.requested_at);
            }
            _ => {}
        }
        if self.human.from != NONE && self.human.at == NONE {
            self.human.at = later.human_at;
        }
    }
}

/// What is known of the conversations of an account that came after.
#[derive(Clone, Copy)]
struct Later {
    /// Who wrote first in them, and when a person first did.
    author: Option<Author>,
    /// In one of them all authors are known.
    is_told: bool,
    human_at: i64,
    /// When the contact first came back with a request.
    request_at: i64,
}

impl Default for Later {
    fn default() -> Self {
        Self { author: None, is_told: false, human_at: NONE, request_at: NONE }
    }
}

impl Walk<'_> {
    /// The business sent a message, which may have arrived.
    pub(super) fn serve_sent(&mut self, place: usize, message: usize, row: usize, at: i64) {
        let Some(author) = self.author(place, message, row) else { return };
        let words = &self.messages[message].words;
        let said = match (words[QUESTION], words[TEMPLATE]) {
            (NULL, NULL) => None,
            (NULL, template) => Some(Said::Template(template)),
            (question, _) => Some(Said::Question(words[FLOW], question)),
        };
        let served = &mut self.conversations[place].served;
        served.answer(at, author);
        if let Some(said) = said.filter(|_| author == Author::Bot) {
            served.say(said);
        }
    }

    /// Who wrote a message; `None` if nobody wants to know.
    fn author(&self, place: usize, message: usize, row: usize) -> Option<Author> {
        let agents = self.columns.agents.as_ref()?;
        let Message { words, sent_at, .. } = &self.messages[message];
        let held_since = self.conversations[place].served.held_since;
        Some(match words[AGENT] {
            // People ask no questions of flows, and send no campaigns by hand.
            NULL if words[QUESTION] != NULL || words[CAMPAIGN] != NULL => Author::Bot,
            // The message that announces a person is not theirs yet.
            NULL if held_since != NONE && *sent_at > held_since => Author::Human,
            NULL if self.columns.observable(self.columns.channel[row]).handovers.is_measurable() => Author::Bot,
            NULL => Author::Unknown,
            agent if agents.is_bot(agent) => Author::Bot,
            _ => Author::Human,
        })
    }

    /// The contact wrote or tapped, other than to opt out.
    pub(super) fn serve_received(&mut self, place: usize, at: i64) {
        if self.columns.agents.is_some() {
            self.conversations[place].served.request(at);
        }
    }

    /// The bot asked a question, whether or not the log tells of the message.
    pub(super) fn serve_asked(&mut self, place: usize, row: usize) {
        let question = self.columns.question[row];
        if self.columns.agents.is_none() || question == NULL {
            return;
        }
        let message = self.by_key.get(self.shard.message_key()[row]);
        let is_lost = message.is_some_and(|message| !self.messages[message].may_have_arrived());
        let author = message.and_then(|message| self.author(place, message, row));
        if !is_lost && author != Some(Author::Human) {
            self.conversations[place].served.say(Said::Question(self.columns.flow[row], question));
        }
    }

    /// What can only be said once all conversations are known.
    pub(super) fn serve_conclude(&mut self) {
        if self.columns.agents.is_none() {
            return;
        }
        let mut accounts: Index<u32, Later> = Index::default();
        for conversation in self.conversations.iter_mut().rev() {
            let mut later = accounts.get(conversation.account).unwrap_or_default();
            let served = &mut conversation.served;
            served.conclude(&later);
            served.called_back_at = later.request_at;
            later.author = served.first_author.or(later.author);
            later.is_told |= served.is_told();
            if served.first_human_at != NONE {
                later.human_at = served.first_human_at;
            }
            if !conversation.by_business && served.requested_at != NONE {
                later.request_at = served.requested_at;
            }
            accounts.insert(conversation.account, later);
        }
        for conversation in &mut self.conversations {
            let known = accounts.get(conversation.account);
            conversation.served.known_elsewhere = known.is_some_and(|later| later.is_told);
        }
    }
}

/// A conversation on its way into the table. What hours and windows say is found out only where a column asks.
type Of<'r, 'o> = &'r Row<'o, Conversation>;

/// Whether the log tells of every message of the business if a bot or a person wrote it.
pub(super) fn authors_known(row: Of<'_, '_>) -> bool {
    let served = &row.fact.served;
    let is_told = served.last_author.is_some() || served.known_elsewhere;
    !served.by_unknown && (is_told || row.owner.observable.handovers.is_measurable())
}

pub(super) fn handled_by(row: Of<'_, '_>) -> u32 {
    let served = &row.fact.served;
    let is_human = served.by_human || (served.last_author.is_none() && served.human.from != NONE);
    // A request that nobody answered was somebody's to answer.
    let is_anybodys = is_human || served.last_author.is_some() || served.bot.from != NONE;
    code_of((authors_known(row) && is_anybodys).then_some(usize::from(is_human)))
}

pub(super) fn has_person(row: Of<'_, '_>) -> bool {
    row.fact.served.by_human
}

pub(super) fn is_over(row: Of<'_, '_>) -> bool {
    !row.fact.is_undecided(row.owner.settings)
}

fn bot(row: Of<'_, '_>) -> Wait {
    if authors_known(row) { row.fact.served.bot } else { NO_WAIT }
}

fn human(row: Of<'_, '_>) -> Wait {
    if authors_known(row) { row.fact.served.human } else { NO_WAIT }
}

/// A length of time in microseconds: all of it, or that inside business hours.
type Clock = fn(Of<'_, '_>, i64, i64) -> i64;

fn elapsed(_: Of<'_, '_>, from: i64, to: i64) -> i64 {
    to - from
}

fn business(row: Of<'_, '_>, from: i64, to: i64) -> i64 {
    row.owner.settings.timetable.as_ref().map_or(NONE, |hours| hours.business_time(from, to))
}

/// How long the answer took, in seconds, rounded up.
fn response(row: Of<'_, '_>, wait: Wait, clock: Clock) -> i64 {
    if wait.at == NONE { NONE } else { seconds_up(clock(row, wait.from, wait.at)) }
}

/// How long it has taken so far without an end, in seconds.
fn waiting(row: Of<'_, '_>, wait: Wait, clock: Clock) -> i64 {
    if wait.at == NONE { seen(row, wait, clock) } else { NONE }
}

/// How long the log goes on after the wait began, in seconds.
fn seen(row: Of<'_, '_>, wait: Wait, clock: Clock) -> i64 {
    if wait.from == NONE { NONE } else { seconds(clock(row, wait.from, row.owner.settings.horizon)) }
}

fn seconds(micros: i64) -> i64 {
    if micros == NONE { NONE } else { micros.div_euclid(SECOND) }
}

fn resolution(row: Of<'_, '_>) -> Wait {
    Wait { from: row.fact.served.requested_at, at: row.fact.served.resolved_at }
}

pub(super) fn bot_response_s(row: Of<'_, '_>) -> i64 {
    response(row, bot(row), elapsed)
}

pub(super) fn bot_waiting_s(row: Of<'_, '_>) -> i64 {
    waiting(row, bot(row), elapsed)
}

pub(super) fn bot_wait_seen_s(row: Of<'_, '_>) -> i64 {
    seen(row, bot(row), elapsed)
}

pub(super) fn human_response_s(row: Of<'_, '_>) -> i64 {
    response(row, human(row), elapsed)
}

pub(super) fn human_waiting_s(row: Of<'_, '_>) -> i64 {
    waiting(row, human(row), elapsed)
}

pub(super) fn human_wait_seen_s(row: Of<'_, '_>) -> i64 {
    seen(row, human(row), elapsed)
}

pub(super) fn human_response_business_s(row: Of<'_, '_>) -> i64 {
    response(row, human(row), business)
}

pub(super) fn human_waiting_business_s(row: Of<'_, '_>) -> i64 {
    waiting(row, human(row), business)
}

pub(super) fn human_wait_seen_business_s(row: Of<'_, '_>) -> i64 {
    seen(row, human(row), business)
}

pub(super) fn has_hours(row: Of<'_, '_>) -> bool {
    row.owner.settings.timetable.is_some()
}

pub(super) fn resolution_s(row: Of<'_, '_>) -> i64 {
    response(row, resolution(row), elapsed)
}

pub(super) fn unresolved_s(row: Of<'_, '_>) -> i64 {
    if is_over(row) { NONE } else { waiting(row, resolution(row), elapsed) }
}

pub(super) fn resolution_business_s(row: Of<'_, '_>) -> i64 {
    response(row, resolution(row), business)
}

pub(super) fn unresolved_business_s(row: Of<'_, '_>) -> i64 {
    if is_over(row) { NONE } else { waiting(row, resolution(row), business) }
}

/// Whether the contact let the business have the last word, and did not opt out.
pub(super) fn is_quietly_resolved(row: Of<'_, '_>) -> bool {
    let served = &row.fact.served;
    let was_answered = served.answered_by.is_some() && served.waiting_since == NONE;
    served.resolved_at != NONE || (is_over(row) && was_answered && !row.fact.opted_out)
}

/// Microseconds from the last act to the request with which the contact came back.
fn called_back_after(row: Of<'_, '_>) -> i64 {
    match row.fact.served.called_back_at {
        NONE => NONE,
        at => at - row.fact.ended_at,
    }
}

pub(super) fn is_called_back(row: Of<'_, '_>) -> bool {
    let after = called_back_after(row);
    after != NONE && after <= row.owner.settings.callback
}

pub(super) fn is_callback_decided(row: Of<'_, '_>) -> bool {
    row.fact.ended_at.saturating_add(row.owner.settings.callback) <= row.owner.settings.horizon
}

pub(super) fn has_request(row: Of<'_, '_>) -> bool {
    row.fact.served.requested_at != NONE
}

pub(super) fn n_replies_compared(row: Of<'_, '_>) -> i64 {
    row.fact.served.n_compared
}

pub(super) fn n_replies_repeated(row: Of<'_, '_>) -> i64 {
    row.fact.served.n_repeated
}

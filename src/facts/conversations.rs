//! Conversations: one row per exchange of a contact with an account until it is quiet for the session gap.
//!
//! Acts keep a conversation going: what either side sends, taps or asks. Receipts, failures and opt-outs do not.

use super::messages::Tags;
use super::service::{self, Served};
use super::table::{Form, NONE, Read, Spec, code_of};
use super::{Grain, Settings};
use crate::store::words::NULL;

/// The grain.
pub const GRAIN: Grain = Grain {
    name: "conversations",
    one_row_per: "conversation",
    anchor: "started_at",
    columns: COLUMNS,
    events: &[
        "channel",
        "account",
        "message_key",
        "reply_key",
        "up_to",
        "error_code",
        "flow",
        "flow_version",
        "question",
    ],
};

const COLUMNS: &[Spec] = &[
    Spec { name: "contact_key", form: Form::Number, meaning: "the contact; the same number in every table" },
    Spec { name: "channel", form: Form::Word, meaning: "platform" },
    Spec { name: "account", form: Form::Word, meaning: "the business's endpoint; null: the log does not say" },
    Spec { name: "campaign", form: Form::Word, meaning: "campaign of its first message; null: none" },
    Spec { name: "variant", form: Form::Word, meaning: "experiment variant of its first message; null: none" },
    Spec { name: "flow", form: Form::Word, meaning: "flow of its first question; null: none" },
    Spec { name: "language", form: Form::Word, meaning: "first language that is known; null: none" },
    Spec { name: "country", form: Form::Word, meaning: "first country that is known; null: none" },
    Spec { name: "initiated_by", form: Form::Word, meaning: "'business' or 'contact': who acted first" },
    Spec {
        name: "outcome",
        form: Form::Word,
        meaning: "completed, opted_out, handed_over, open (the log ends before the session gap) or abandoned; the first that applies",
    },
    Spec { name: "started_at", form: Form::Instant, meaning: "first act" },
    Spec { name: "ended_at", form: Form::Instant, meaning: "last act" },
    Spec {
        name: "engaged_at",
        form: Form::Instant,
        meaning: "first answer, tap, click or reaction to the opening; null: none",
    },
    Spec { name: "handed_over_at", form: Form::Instant, meaning: "when a person took over; null: never" },
    Spec {
        name: "first_response_s",
        form: Form::Number,
        meaning: "seconds from the contact's first act to the next message of the business; null: none",
    },
    Spec { name: "n_inbound", form: Form::Number, meaning: "messages, taps, link clicks and reactions of the contact" },
    Spec { name: "n_written", form: Form::Number, meaning: "messages and taps of the contact" },
    Spec {
        name: "n_turns",
        form: Form::Number,
        meaning: "times that the other side spoke; messages and taps in a row are one turn, what cannot have arrived is none",
    },
    Spec { name: "n_outbound", form: Form::Number, meaning: "messages of the business" },
    Spec { name: "n_questions", form: Form::Number, meaning: "visits to questions" },
    Spec { name: "n_answered", form: Form::Number, meaning: "visits that were answered" },
    Spec { name: "n_fallback", form: Form::Number, meaning: "times the bot did not understand" },
    Spec {
        name: "first_message_reached",
        form: Form::Flag,
        meaning: "the business opened it with a message that reached the contact",
    },
    Spec {
        name: "engaged",
        form: Form::Flag,
        meaning: "the contact answered, tapped, clicked or reacted to the opening that the business sent",
    },
    Spec { name: "goal", form: Form::Flag, meaning: "the goal was reached in it" },
    Spec { name: "in_flow", form: Form::Flag, meaning: "it has a question or the start of a flow" },
    Spec {
        name: "engagement_measurable",
        form: Form::Flag,
        meaning: "the channel's log tells what contacts write, tap or click",
    },
    Spec {
        name: "engagement_bounded",
        form: Form::Flag,
        meaning: "it does not tell all of that: counts are lower bounds",
    },
    Spec { name: "replies_measurable", form: Form::Flag, meaning: "the channel's log tells what contacts write" },
    Spec {
        name: "handovers_measurable",
        form: Form::Flag,
        meaning: "the channel's log tells when a person takes over",
    },
    Spec {
        name: "handovers_bounded",
        form: Form::Flag,
        meaning: "it tells of some hand-overs only: counts are lower bounds",
    },
    Spec {
        name: "fallbacks_measurable",
        form: Form::Flag,
        meaning: "the channel's log tells when the bot does not understand",
    },
    Spec { name: "goals_measurable", form: Form::Flag, meaning: "the channel's log tells of goals" },
    Spec {
        name: "handled_by",
        form: Form::Word,
        meaning: "human if a person took over or wrote; bot if only it wrote; if nobody wrote, who was to answer the contact; null: nobody was, or the log does not tell who wrote",
    },
    Spec {
        name: "with_human",
        form: Form::Flag,
        meaning: "a person took over, or wrote without a word of it in the log",
    },
    Spec {
        name: "authors_known",
        form: Form::Flag,
        meaning: "of every message of the business the log tells whether the bot or a person wrote it",
    },
    Spec { name: "requested", form: Form::Flag, meaning: "the contact wrote or tapped, other than to opt out" },
    Spec {
        name: "over",
        form: Form::Flag,
        meaning: "the session gap after its last act lies within the log: nothing can be added",
    },
    Spec {
        name: "bot_response_s",
        form: Form::Number,
        meaning: "seconds that the contact waited for the bot's first response, rounded up; null: no response, or it was not the bot's to give",
    },
    Spec {
        name: "bot_waiting_s",
        form: Form::Number,
        meaning: "seconds from a first request that nobody answered, and that was the bot's to answer, to the end of the log; null: none",
    },
    Spec {
        name: "bot_wait_seen_s",
        form: Form::Number,
        meaning: "seconds from the beginning of the wait for the bot to the end of the log; null: no wait",
    },
    Spec {
        name: "human_response_s",
        form: Form::Number,
        meaning: "seconds that the contact waited for a person's first message, rounded up; null: no wait or no message",
    },
    Spec {
        name: "human_waiting_s",
        form: Form::Number,
        meaning: "seconds that the contact has waited in vain for a person until the end of the log; null: no such wait",
    },
    Spec {
        name: "human_wait_seen_s",
        form: Form::Number,
        meaning: "seconds from the beginning of the wait for a person to the end of the log; null: no wait",
    },
    Spec {
        name: "human_response_business_s",
        form: Form::Number,
        meaning: "human_response_s inside business hours; null: also where none are configured",
    },
    Spec {
        name: "human_waiting_business_s",
        form: Form::Number,
        meaning: "human_waiting_s inside business hours; null: also where none are configured",
    },
    Spec {
        name: "human_wait_seen_business_s",
        form: Form::Number,
        meaning: "human_wait_seen_s inside business hours; null: also where none are configured",
    },
    Spec {
        name: "human_business_measurable",
        form: Form::Flag,
        meaning: "authors are known and business hours configured",
    },
    Spec { name: "business_measurable", form: Form::Flag, meaning: "business hours are configured" },
    Spec {
        name: "resolution_s",
        form: Form::Number,
        meaning: "seconds from the contact's first request to the first goal, end of a flow or last answer of a declared flow, rounded up; null: none",
    },
    Spec {
        name: "unresolved_s",
        form: Form::Number,
        meaning: "seconds from the contact's first request to the end of the log while there is no resolution and the conversation is not over; null otherwise",
    },
    Spec {
        name: "resolution_business_s",
        form: Form::Number,
        meaning: "resolution_s inside business hours; null: also where none are configured",
    },
    Spec {
        name: "unresolved_business_s",
        form: Form::Number,
        meaning: "unresolved_s inside business hours; null: also where none are configured",
    },
    Spec {
        name: "resolution_measurable",
        form: Form::Flag,
        meaning: "it is in a flow or completed, or the channel's log tells of goals",
    },
    Spec {
        name: "quietly_resolved",
        form: Form::Flag,
        meaning: "resolved; or over, the business having the last word and the contact not having opted out",
    },
    Spec {
        name: "called_back",
        form: Form::Flag,
        meaning: "the contact began another conversation with a request within the call-back window after the last act",
    },
    Spec {
        name: "callback_decided",
        form: Form::Flag,
        meaning: "the call-back window after the last act lies within the log",
    },
    Spec {
        name: "n_replies_compared",
        form: Form::Number,
        meaning: "replies of the bot whose question or template is known, as is that of the reply before",
    },
    Spec {
        name: "n_replies_repeated",
        form: Form::Number,
        meaning: "those of them that ask or send again what the reply before did",
    },
    Spec {
        name: "watched",
        form: Form::Flag,
        meaning: "the log goes on for the decision window after its first act: what ends at once and what shows late are both known",
    },
];

const OUTCOMES: &[&str] = &["completed", "opted_out", "handed_over", "open", "abandoned"];

pub(super) const READS: &[Read<Conversation>] = &[
    Read::Number(|row| row.owner.contact_key),
    Read::Word("channel", |row| row.owner.channel),
    Read::Word("account", |row| row.fact.account),
    Read::Word("campaign", |row| row.fact.tags.campaign),
    Read::Word("variant", |row| row.fact.tags.variant),
    Read::Word("flow", |row| row.fact.flow),
    Read::Word("language", |row| row.fact.language),
    Read::Word("country", |row| row.fact.country),
    Read::Fixed(&["business", "contact"], |row| if row.fact.by_business { 1 } else { 2 }),
    Read::Fixed(OUTCOMES, |row| row.fact.outcome(row.owner.settings)),
    Read::Number(|row| row.fact.started_at),
    Read::Number(|row| row.fact.ended_at),
    Read::Number(|row| row.fact.engaged_at),
    Read::Number(|row| row.fact.handed_over_at),
    Read::Number(|row| row.fact.first_response_s),
    Read::Number(|row| row.fact.n_inbound),
    Read::Number(|row| row.fact.n_written),
    Read::Number(|row| row.fact.n_turns),
    Read::Number(|row| row.fact.n_outbound),
    Read::Number(|row| row.fact.n_questions),
    Read::Number(|row| row.fact.n_answered),
    Read::Number(|row| row.fact.n_fallback),
    Read::Flag(|row| row.fact.first_message_reached),
    Read::Flag(|row| row.fact.engaged_at != NONE),
    Read::Flag(|row| row.fact.goal),
    Read::Flag(|row| row.fact.in_flow),
    Read::Flag(|row| row.owner.observable.engagement.is_measurable()),
    Read::Flag(|row| row.owner.observable.engagement.is_bounded()),
    Read::Flag(|row| row.owner.observable.replies.is_measurable()),
    Read::Flag(|row| row.owner.observable.handovers.is_measurable()),
    Read::Flag(|row| row.owner.observable.handovers.is_bounded()),
    Read::Flag(|row| row.owner.observable.fallbacks.is_measurable()),
    Read::Flag(|row| row.owner.observable.goals.is_measurable()),
    Read::Fixed(service::HANDLERS, service::handled_by),
    Read::Flag(service::has_person),
    Read::Flag(service::authors_known),
    Read::Flag(service::has_request),
    Read::Flag(service::is_over),
    Read::Number(service::bot_response_s),
    Read::Number(service::bot_waiting_s),
    Read::Number(service::bot_wait_seen_s),
    Read::Number(service::human_response_s),
    Read::Number(service::human_waiting_s),
    Read::Number(service::human_wait_seen_s),
    Read::Number(service::human_response_business_s),
    Read::Number(service::human_waiting_business_s),
    Read::Number(service::human_wait_seen_business_s),
    Read::Flag(|row| service::has_hours(row) && service::authors_known(row)),
    Read::Flag(service::has_hours),
    Read::Number(service::resolution_s),
    Read::Number(service::unresolved_s),
    Read::Number(service::resolution_business_s),
    Read::Number(service::unresolved_business_s),
    Read::Flag(|row| row.fact.in_flow || row.fact.completed || row.owner.observable.goals.is_measurable()),
    Read::Flag(service::is_quietly_resolved),
    Read::Flag(service::is_called_back),
    Read::Flag(service::is_callback_decided),
    Read::Number(service::n_replies_compared),
    Read::Number(service::n_replies_repeated),
    Read::Flag(|row| row.owner.settings.is_watched(row.fact.started_at)),
];

/// One conversation as it goes on.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) account: u32,
    pub(super) tags: Tags,
    pub(super) flow: u32,
    pub(super) language: u32,
    pub(super) country: u32,
    pub(super) by_business: bool,
    pub(super) started_at: i64,
    pub(super) ended_at: i64,
    /// End of the opening, once the business has sent its first message.
    pub(super) opening_until: i64,
    pub(super) past_opening: bool,
    pub(super) engaged_at: i64,
    pub(super) handed_over_at: i64,
    pub(super) first_inbound_at: i64,
    pub(super) first_response_s: i64,
    pub(super) n_inbound: i64,
    pub(super) n_written: i64,
    pub(super) n_turns: i64,
    /// Whether the business had the last word; `None` before the first.
    spoke_last: Option<bool>,
    pub(super) n_outbound: i64,
    pub(super) n_questions: i64,
    pub(super) n_answered: i64,
    pub(super) n_fallback: i64,
    pub(super) first_message_reached: bool,
    pub(super) opted_out: bool,
    pub(super) completed: bool,
    pub(super) goal: bool,
    pub(super) in_flow: bool,
    /// The visit that stands open to an answer, by its place among the contact's visits.
    pub(super) current_visit: Option<usize>,
    pub(super) served: Served,
}

impl Conversation {
    pub(super) fn new(account: u32, at: i64, by_business: bool) -> Self {
        Self {
            account,
            tags: Tags::default(),
            flow: NULL,
            language: NULL,
            country: NULL,
            by_business,
            started_at: at,
            ended_at: at,
            opening_until: NONE,
            past_opening: false,
            engaged_at: NONE,
            handed_over_at: NONE,
            first_inbound_at: NONE,
            first_response_s: NONE,
            n_inbound: 0,
            n_written: 0,
            n_turns: 0,
            spoke_last: None,
            n_outbound: 0,
            n_questions: 0,
            n_answered: 0,
            n_fallback: 0,
            first_message_reached: false,
            opted_out: false,
            completed: false,
            goal: false,
            in_flow: false,
            current_visit: None,
            served: Served::default(),
        }
    }

    /// It is completed: by the end of a flow, a goal, or the last answer of a declared flow.
    pub(super) fn complete(&mut self, at: i64) {
        self.completed = true;
        self.served.resolve(at);
    }

    /// One side says something.
    pub(super) fn speak(&mut self, by_business: bool) {
        self.n_written += i64::from(!by_business);
        self.n_turns += i64::from(self.spoke_last != Some(by_business));
        self.spoke_last = Some(by_business);
    }

    /// Whether the log ends before the conversation can be said to be over.
    pub(super) fn is_undecided(&self, settings: &Settings) -> bool {
        self.ended_at.saturating_add(settings.windows.session_gap.0) > settings.horizon
    }

    /// Whether its outcome is still open.
    pub(super) fn is_open(&self, settings: &Settings) -> bool {
        !self.completed && !self.opted_out && self.handed_over_at == NONE && self.is_undecided(settings)
    }

    fn outcome(&self, settings: &Settings) -> u32 {
        let applies = [self.completed, self.opted_out, self.handed_over_at != NONE, self.is_undecided(settings), true];
        code_of(applies.iter().position(|applies| *applies))
    }
}

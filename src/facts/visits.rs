//! Visits: one row per time a contact stood at a question inside a conversation; re-prompts belong to the visit.

use super::Grain;
use super::messages::Tags;
use super::table::{Form, NONE, Read, Spec, code_of};
use crate::event::SECOND;

/// Sooner than this, in microseconds, nobody answers: what a log calls an answer, but without a time of its own, follows its
/// question by a microsecond.
const SOONEST_ANSWER: i64 = 1_000;
use crate::store::words::NULL;

/// The grain.
pub const GRAIN: Grain = Grain {
    name: "visits",
    one_row_per: "visit to a question",
    anchor: "asked_at",
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
    Spec { name: "campaign", form: Form::Word, meaning: "campaign of the conversation; null: none" },
    Spec { name: "variant", form: Form::Word, meaning: "experiment variant of the conversation; null: none" },
    Spec { name: "flow", form: Form::Word, meaning: "scripted dialogue; null: not known" },
    Spec { name: "flow_version", form: Form::Word, meaning: "edition of the flow; null: not known" },
    Spec { name: "question", form: Form::Word, meaning: "question at which the contact stood; null: it has no name" },
    Spec {
        name: "next_question",
        form: Form::Word,
        meaning: "question that the bot asked next in the conversation; null: none",
    },
    Spec {
        name: "outcome",
        form: Form::Word,
        meaning: "answered, opted_out, handed_over, failed (it never arrived), skipped, open (the log ends before the session gap) or silent; the first that applies",
    },
    Spec { name: "asked_at", form: Form::Instant, meaning: "first prompt" },
    Spec { name: "answered_at", form: Form::Instant, meaning: "answer that was taken; null: none" },
    Spec {
        name: "conversation_started_at",
        form: Form::Instant,
        meaning: "start of the conversation, which with contact_key and account names it",
    },
    Spec {
        name: "answer_s",
        form: Form::Number,
        meaning: "seconds from the first prompt to the answer; null: none, or the log tells the order alone",
    },
    Spec {
        name: "pass",
        form: Form::Count,
        meaning: "the how-manieth visit to this question in the conversation, from 1",
    },
    Spec { name: "position", form: Form::Count, meaning: "the how-manieth visit of the conversation, from 1" },
    Spec { name: "n_prompts", form: Form::Count, meaning: "times the question was asked in the visit" },
    Spec { name: "n_rejected", form: Form::Count, meaning: "answers that the bot could not use" },
];

const OUTCOMES: &[&str] = &["answered", "opted_out", "handed_over", "failed", "skipped", "open", "silent"];

pub(super) const READS: &[Read<Visit>] = &[
    Read::Number(|row| row.owner.contact_key),
    Read::Word("channel", |row| row.owner.channel),
    Read::Word("account", |row| row.fact.account),
    Read::Word("campaign", |row| row.fact.tags.campaign),
    Read::Word("variant", |row| row.fact.tags.variant),
    Read::Word("flow", |row| row.fact.flow),
    Read::Word("flow_version", |row| row.fact.flow_version),
    Read::Word("question", |row| row.fact.question),
    Read::Word("question", |row| row.fact.next_question),
    Read::Fixed(OUTCOMES, |row| row.fact.outcome()),
    Read::Number(|row| row.fact.asked_at),
    Read::Number(|row| row.fact.answered_at),
    Read::Number(|row| row.fact.conversation_started_at),
    Read::Number(|row| match row.fact.answered_at {
        at if at != NONE && row.fact.answer_has_time => (at - row.fact.asked_at).div_euclid(SECOND),
        _ => NONE,
    }),
    Read::Number(|row| row.fact.pass),
    Read::Number(|row| row.fact.position),
    Read::Number(|row| row.fact.n_prompts),
    Read::Number(|row| row.fact.n_rejected),
];

/// One visit as it goes on.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// Place of the conversation among the contact's.
    pub(super) conversation: usize,
    /// What it takes over from its conversation once all is known.
    pub(super) account: u32,
    pub(super) tags: Tags,
    pub(super) conversation_started_at: i64,
    pub(super) undecided: bool,
    pub(super) flow: u32,
    pub(super) flow_version: u32,
    pub(super) question: u32,
    pub(super) next_question: u32,
    pub(super) asked_at: i64,
    pub(super) answered_at: i64,
    /// The log tells when it was answered, not only in which order.
    pub(super) answer_has_time: bool,
    pub(super) pass: i64,
    pub(super) position: i64,
    pub(super) n_prompts: i64,
    pub(super) n_rejected: i64,
    pub(super) opted_out: bool,
    pub(super) handed_over: bool,
    pub(super) skipped: bool,
    /// Whether it has ended without an answer. A re-prompt opens it again.
    pub(super) is_over: bool,
    /// Whether any prompt may have arrived.
    pub(super) arrived: bool,
}

impl Visit {
    /// Whether an event that names this question, or none, is about the visit.
    pub(super) fn is_meant(&self, question: u32) -> bool {
        question == NULL || question == self.question
    }

    /// Takes what the log itself calls an answer.
    pub(super) fn take_answer(&mut self, at: i64) {
        self.answered_at = at;
        self.answer_has_time = at - self.asked_at >= SOONEST_ANSWER;
    }

    /// Takes what the contact wrote or tapped as the answer. It has the time of the message, if only to the minute.
    pub(super) fn take_message(&mut self, at: i64) {
        self.answered_at = at;
        self.answer_has_time = true;
    }

    /// Whether it waits for an answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.answered_at == NONE && !self.is_over
    }

    fn outcome(&self) -> u32 {
        let applies = [
            self.answered_at != NONE,
            self.opted_out,
            self.handed_over,
            !self.arrived,
            self.skipped,
            self.undecided,
            true,
        ];
        code_of(applies.iter().position(|applies| *applies))
    }
}

/// A visit to a question that is asked for the first time.
pub(super) fn begin(conversation: usize, at: i64) -> Visit {
    Visit {
        conversation,
        account: NULL,
        tags: Tags::default(),
        conversation_started_at: NONE,
        undecided: false,
        flow: NULL,
        flow_version: NULL,
        question: NULL,
        next_question: NULL,
        asked_at: at,
        answered_at: NONE,
        answer_has_time: false,
        pass: 1,
        position: 1,
        n_prompts: 0,
        n_rejected: 0,
        opted_out: false,
        handed_over: false,
        skipped: false,
        is_over: false,
        arrived: false,
    }
}

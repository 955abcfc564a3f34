//! Visits: one row per time a contact stood at a question inside a conversation; re-prompts belong to the visit.

use super::chosen::{self, Given};
use super::messages::Tags;
use super::passes::{self, Pass, Standing};
use super::table::{Form, NONE, Read, Spec, code_of};
use super::{Grain, endings, ways};
use crate::event::SECOND;
use crate::store::words::NULL;

/// Sooner than this, in microseconds, nobody answers: what a log calls an answer, but without a time of its own, follows its
/// question by a microsecond.
const SOONEST_ANSWER: i64 = 1_000;

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
        name: "chosen_option",
        form: Form::Word,
        meaning: "the declared option that was given as the answer last; null: another answer, none, or no options are declared",
    },
    Spec {
        name: "outcome",
        form: Form::Word,
        meaning: "answered, opted_out, handed_over, failed (it never arrived), skipped, open (the log ends before the session gap) or silent; the first that applies",
    },
    Spec {
        name: "ending",
        form: Form::Word,
        meaning: "the outcome with its cause: stopped (soft) or blocked (hard) for opted_out; not_understood for silent after a fallback to which the contact said nothing more; else as the outcome",
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
        name: "waited_s",
        form: Form::Number,
        meaning: "seconds from the first prompt to the ending: silent, the session gap after the conversation's last act; open, the end of the log; failed, 0. Null: answered, and the log tells the order alone",
    },
    Spec { name: "completes", form: Form::Flag, meaning: "the last visit of a conversation that was completed" },
    Spec {
        name: "pending",
        form: Form::Flag,
        meaning: "the last visit of a conversation that is still open: what follows is not known yet",
    },
    Spec { name: "changes_flow", form: Form::Flag, meaning: "the question that the bot asked next is of another flow" },
    Spec {
        name: "option_known",
        form: Form::Flag,
        meaning: "the question has declared options, and the log tells which answer was given",
    },
    Spec {
        name: "entry",
        form: Form::Word,
        meaning: "fresh: the conversation's first visit to the flow; resumed: the same, but the contact goes on where an earlier conversation that was not completed had left off, not where it began; returned: back from another flow; back: to a question that was passed already; onward: to one further on",
    },
    Spec {
        name: "is_furthest",
        form: Form::Flag,
        meaning: "the best pass of the furthest question that the conversation reached in the flow: the last in the declared order, else the one that was reached last for the first time",
    },
    Spec {
        name: "pass",
        form: Form::Count,
        meaning: "the how-manieth visit to this question in the conversation, from 1",
    },
    Spec { name: "position", form: Form::Count, meaning: "the how-manieth visit of the conversation, from 1" },
    Spec {
        name: "is_best",
        form: Form::Flag,
        meaning: "no other pass of the question in the conversation came further (answered, open, skipped, left), and no earlier one as far",
    },
    Spec {
        name: "loop_kind",
        form: Form::Word,
        meaning: "asked_again: asked three times or more in the visit; back_and_forth: the visit before the last was to the same question; null: no loop. A return is told before a repetition",
    },
    Spec {
        name: "loop_s",
        form: Form::Number,
        meaning: "seconds from standing at the question the first time to standing there again the last time in the loop; null: no loop",
    },
    Spec {
        name: "n_loop_acts",
        form: Form::Number,
        meaning: "messages, taps and clicks of both sides in that time; null: no loop",
    },
    Spec {
        name: "loop_answers",
        form: Form::Word,
        meaning: "same: in the loop the question got an answer twice in succession; different: it did not; null: no loop, or the log tells fewer than two answers",
    },
    Spec { name: "n_prompts", form: Form::Count, meaning: "times the question was asked in the visit" },
    Spec { name: "n_rejected", form: Form::Count, meaning: "answers that the bot could not use" },
    Spec {
        name: "watched",
        form: Form::Flag,
        meaning: "the log goes on for the decision window after the first prompt: what ends at once and what shows late are both known",
    },
];

pub(super) const OUTCOMES: &[&str] = &["answered", "opted_out", "handed_over", "failed", "skipped", "open", "silent"];

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
    Read::Word("answer", |row| row.fact.given.option),
    Read::Fixed(OUTCOMES, |row| row.fact.outcome()),
    Read::Fixed(endings::ENDINGS, |row| endings::ending(&row.fact)),
    Read::Number(|row| row.fact.asked_at),
    Read::Number(|row| row.fact.answered_at),
    Read::Number(|row| row.fact.conversation_started_at),
    Read::Number(|row| match row.fact.answered_at {
        at if at != NONE && row.fact.answer_has_time => (at - row.fact.asked_at).div_euclid(SECOND),
        _ => NONE,
    }),
    Read::Number(|row| endings::waited_s(&row.fact, row.owner.settings)),
    Read::Flag(|row| row.fact.completes),
    Read::Flag(|row| row.fact.pending),
    Read::Flag(|row| row.fact.changes_flow),
    Read::Flag(|row| row.fact.given.is_known),
    Read::Fixed(ways::ENTRIES, |row| row.fact.entry),
    Read::Flag(|row| row.fact.is_furthest),
    Read::Number(|row| row.fact.pass),
    Read::Number(|row| row.fact.position),
    Read::Flag(|row| row.fact.passes.is_best),
    Read::Fixed(passes::LOOPS, |row| row.fact.passes.loop_kind),
    Read::Number(|row| row.fact.passes.loop_s),
    Read::Number(|row| row.fact.passes.n_loop_acts),
    Read::Fixed(chosen::LOOP_ANSWERS, |row| row.fact.given.in_loop),
    Read::Number(|row| row.fact.n_prompts),
    Read::Number(|row| row.fact.n_rejected),
    Read::Flag(|row| row.owner.settings.is_watched(row.fact.asked_at)),
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
    pub(super) conversation_ended_at: i64,
    pub(super) undecided: bool,
    pub(super) completes: bool,
    pub(super) pending: bool,
    pub(super) flow: u32,
    pub(super) flow_version: u32,
    pub(super) question: u32,
    pub(super) next_question: u32,
    /// The next question is of another flow; the one before it was, or there was none.
    pub(super) changes_flow: bool,
    pub(super) enters: bool,
    pub(super) given: Given,
    /// A place in [`ways::ENTRIES`], counted from 1.
    pub(super) entry: u32,
    pub(super) is_furthest: bool,
    pub(super) asked_at: i64,
    pub(super) answered_at: i64,
    /// The log tells when it was answered, not only in which order.
    pub(super) answer_has_time: bool,
    pub(super) pass: i64,
    /// Where the contact stood at the first prompt and at the last.
    pub(super) first: Standing,
    pub(super) last: Standing,
    pub(super) passes: Pass,
    pub(super) position: i64,
    pub(super) n_prompts: i64,
    pub(super) n_rejected: i64,
    /// When it last ended in one of these ways.
    pub(super) opted_out_at: i64,
    pub(super) handed_over_at: i64,
    pub(super) skipped_at: i64,
    /// The last opt-out was a block.
    pub(super) opted_out_hard: bool,
    /// The bot did not understand, and the contact has done nothing since.
    pub(super) not_understood: bool,
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

    /// It ends by an opt-out.
    pub(super) fn opt_out(&mut self, at: i64, hard: bool) {
        (self.opted_out_at, self.opted_out_hard, self.is_over) = (at, hard, true);
    }

    /// It ends because a person takes over.
    pub(super) fn hand_over(&mut self, at: i64) {
        (self.handed_over_at, self.is_over) = (at, true);
    }

    /// It ends because it is passed over.
    pub(super) fn skip(&mut self, at: i64) {
        (self.skipped_at, self.is_over) = (at, true);
    }

    pub(super) fn outcome(&self) -> u32 {
        let applies = [
            self.answered_at != NONE,
            self.opted_out_at != NONE,
            self.handed_over_at != NONE,
            !self.arrived,
            self.skipped_at != NONE,
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
        conversation_ended_at: NONE,
        undecided: false,
        completes: false,
        pending: false,
        flow: NULL,
        flow_version: NULL,
        question: NULL,
        next_question: NULL,
        changes_flow: false,
        enters: false,
        given: Given::default(),
        entry: NULL,
        is_furthest: false,
        asked_at: at,
        answered_at: NONE,
        answer_has_time: false,
        pass: 1,
        first: Standing { at, n_acts: 0 },
        last: Standing { at, n_acts: 0 },
        passes: Pass::default(),
        position: 1,
        n_prompts: 0,
        n_rejected: 0,
        opted_out_at: NONE,
        handed_over_at: NONE,
        skipped_at: NONE,
        opted_out_hard: false,
        not_understood: false,
        is_over: false,
        arrived: false,
    }
}

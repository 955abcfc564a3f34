//! Visits: one row per time a contact stood at a question inside a conversation; re-prompts belong to the visit.

use super::table::{Column, Form, NONE, Spec, Table, code_of, fixed};
use super::{Grain, table::Common};
use crate::event::SECOND;
use crate::store::words::NULL;

/// The grain.
pub const GRAIN: Grain =
    Grain { name: "visits", one_row_per: "visit to a question", anchor: "asked_at", columns: COLUMNS };

const COLUMNS: &[Spec] = &[
    Spec { name: "contact_key", form: Form::Number, meaning: "the contact; the same number in every table" },
    Spec { name: "channel", form: Form::Word, meaning: "platform" },
    Spec { name: "account", form: Form::Word, meaning: "the business's endpoint; null: the log does not say" },
    Spec { name: "campaign", form: Form::Word, meaning: "campaign of the conversation; null: none" },
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
    Spec { name: "answer_s", form: Form::Number, meaning: "seconds from the first prompt to the answer; null: none" },
    Spec {
        name: "pass",
        form: Form::Number,
        meaning: "the how-manieth visit to this question in the conversation, from 1",
    },
    Spec { name: "position", form: Form::Number, meaning: "the how-manieth visit of the conversation, from 1" },
    Spec { name: "n_prompts", form: Form::Number, meaning: "times the question was asked in the visit" },
    Spec { name: "n_rejected", form: Form::Number, meaning: "answers that the bot could not use" },
];

const OUTCOMES: &[&str] = &["answered", "opted_out", "handed_over", "failed", "skipped", "open", "silent"];

/// One visit as it goes on.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// Place of the conversation among the contact's.
    pub(super) conversation: usize,
    pub(super) flow: u32,
    pub(super) flow_version: u32,
    pub(super) question: u32,
    pub(super) next_question: u32,
    pub(super) asked_at: i64,
    pub(super) answered_at: i64,
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

    /// Whether it waits for an answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.answered_at == NONE && !self.is_over
    }

    fn outcome(&self, undecided: bool) -> u32 {
        let applies =
            [self.answered_at != NONE, self.opted_out, self.handed_over, !self.arrived, self.skipped, undecided, true];
        code_of(applies.iter().position(|applies| *applies))
    }
}

/// What a visit takes over from its conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    pub(super) account: u32,
    pub(super) campaign: u32,
    pub(super) started_at: i64,
    pub(super) undecided: bool,
}

/// The rows of a shard as they are found.
#[derive(Debug, Default)]
pub(super) struct Visits {
    common: Common,
    rows: Vec<(Visit, Surroundings)>,
}

impl Visits {
    pub(super) fn push(&mut self, contact_key: i64, channel: u32, visit: Visit, surroundings: Surroundings) {
        self.common.push(contact_key, channel);
        self.rows.push((visit, surroundings));
    }

    pub(super) fn finish(self, words: &super::table::SharedWords) -> Table {
        let rows = &self.rows;
        let word = |name: &str, read: fn(&(Visit, Surroundings)) -> u32| {
            Column::Words(rows.iter().map(read).collect(), words.get(name))
        };
        let number = |read: fn(&(Visit, Surroundings)) -> i64| Column::Numbers(rows.iter().map(read).collect());
        let outcomes = rows.iter().map(|(visit, around)| visit.outcome(around.undecided)).collect();
        let columns = vec![
            Column::Numbers(self.common.contact_key),
            Column::Words(self.common.channel, words.get("channel")),
            word("account", |(_, around)| around.account),
            word("campaign", |(_, around)| around.campaign),
            word("flow", |(visit, _)| visit.flow),
            word("flow_version", |(visit, _)| visit.flow_version),
            word("question", |(visit, _)| visit.question),
            word("question", |(visit, _)| visit.next_question),
            Column::Words(outcomes, fixed(OUTCOMES)),
            number(|(visit, _)| visit.asked_at),
            number(|(visit, _)| visit.answered_at),
            number(|(_, around)| around.started_at),
            number(|(visit, _)| match visit.answered_at {
                NONE => NONE,
                at => (at - visit.asked_at).div_euclid(SECOND),
            }),
            number(|(visit, _)| visit.pass),
            number(|(visit, _)| visit.position),
            number(|(visit, _)| visit.n_prompts),
            number(|(visit, _)| visit.n_rejected),
        ];
        Table { specs: COLUMNS, columns, n_rows: rows.len() }
    }
}

/// A visit to a question that is asked for the first time.
pub(super) fn begin(conversation: usize, at: i64) -> Visit {
    Visit {
        conversation,
        flow: NULL,
        flow_version: NULL,
        question: NULL,
        next_question: NULL,
        asked_at: at,
        answered_at: NONE,
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

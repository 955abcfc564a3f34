//! Contacts: one row per person as one channel knows them.

use super::table::{Column, Form, NONE, Spec, Table, fixed};
use super::{Grain, table::Common};
use crate::store::words::NULL;

/// The grain.
pub const GRAIN: Grain = Grain { name: "contacts", one_row_per: "contact", anchor: "first_seen_at", columns: COLUMNS };

const COLUMNS: &[Spec] = &[
    Spec { name: "contact_key", form: Form::Number, meaning: "the contact; the same number in every table" },
    Spec { name: "channel", form: Form::Word, meaning: "platform" },
    Spec { name: "country", form: Form::Word, meaning: "first country that is known; null: none" },
    Spec { name: "language", form: Form::Word, meaning: "first language that is known; null: none" },
    Spec { name: "opted_in_source", form: Form::Word, meaning: "topic or source of the first opt-in; null: none" },
    Spec {
        name: "opted_out_kind",
        form: Form::Word,
        meaning: "'soft' or 'hard' if the contact has opted out at the end of the log; null: they have not",
    },
    Spec { name: "first_seen_at", form: Form::Instant, meaning: "first event" },
    Spec { name: "opted_in_at", form: Form::Instant, meaning: "first opt-in; null: none in the log" },
    Spec { name: "opted_out_at", form: Form::Instant, meaning: "opt-out that holds at the end of the log; null: none" },
    Spec { name: "n_messages", form: Form::Number, meaning: "messages sent to the contact, without suppressed ones" },
    Spec { name: "n_inbound", form: Form::Number, meaning: "messages, taps, link clicks and reactions of the contact" },
    Spec { name: "reachable_at_start", form: Form::Flag, meaning: "not opted out when the range of time began" },
    Spec { name: "opted_out_in_range", form: Form::Flag, meaning: "opted out inside the range of time" },
];

/// One contact.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    pub(super) country: u32,
    pub(super) language: u32,
    pub(super) opted_in_source: u32,
    pub(super) opted_out_hard: bool,
    pub(super) first_seen_at: i64,
    pub(super) opted_in_at: i64,
    pub(super) opted_out_at: i64,
    pub(super) n_messages: i64,
    pub(super) n_inbound: i64,
    pub(super) reachable_at_start: bool,
    pub(super) opted_out_in_range: bool,
}

impl Contact {
    pub(super) fn new(first_seen_at: i64) -> Self {
        Self {
            country: NULL,
            language: NULL,
            opted_in_source: NULL,
            opted_out_hard: false,
            first_seen_at,
            opted_in_at: NONE,
            opted_out_at: NONE,
            n_messages: 0,
            n_inbound: 0,
            reachable_at_start: true,
            opted_out_in_range: false,
        }
    }
}

/// The rows of a shard as they are found.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    common: Common,
    rows: Vec<Contact>,
}

impl Contacts {
    pub(super) fn push(&mut self, contact_key: i64, channel: u32, contact: Contact) {
        self.common.push(contact_key, channel);
        self.rows.push(contact);
    }

    pub(super) fn finish(self, words: &super::table::SharedWords) -> Table {
        let rows = &self.rows;
        let number = |read: fn(&Contact) -> i64| Column::Numbers(rows.iter().map(read).collect());
        let opted_out_kind = rows.iter().map(|row| match (row.opted_out_at, row.opted_out_hard) {
            (NONE, _) => NULL,
            (_, hard) => 1 + u32::from(hard),
        });
        let columns = vec![
            Column::Numbers(self.common.contact_key),
            Column::Words(self.common.channel, words.get("channel")),
            Column::Words(rows.iter().map(|row| row.country).collect(), words.get("country")),
            Column::Words(rows.iter().map(|row| row.language).collect(), words.get("language")),
            Column::Words(rows.iter().map(|row| row.opted_in_source).collect(), words.get("topic")),
            Column::Words(opted_out_kind.collect(), fixed(&["soft", "hard"])),
            number(|row| row.first_seen_at),
            number(|row| row.opted_in_at),
            number(|row| row.opted_out_at),
            number(|row| row.n_messages),
            number(|row| row.n_inbound),
            Column::Flags(rows.iter().map(|row| row.reachable_at_start).collect()),
            Column::Flags(rows.iter().map(|row| row.opted_out_in_range).collect()),
        ];
        Table { specs: COLUMNS, columns, n_rows: rows.len() }
    }
}

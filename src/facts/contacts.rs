//! Contacts: one row per person as one channel knows them.
//!
//! A range of time leaves no contact out who was seen before its end: who has opted out in it may have come long before.
//! Whether they came inside it is a flag.

use super::Grain;
use super::table::{Form, NONE, Read, Spec};
use crate::store::words::NULL;

/// The grain.
pub const GRAIN: Grain = Grain {
    name: "contacts",
    one_row_per: "contact, whether first seen in the range of time or before",
    anchor: "first_seen_at",
    columns: COLUMNS,
    events: &["channel", "account", "message_key", "reply_key", "up_to", "error_code"],
};

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
    Spec {
        name: "erasure_requested_at",
        form: Form::Instant,
        meaning: "first wish to have their data erased; null: none in the log",
    },
    Spec { name: "n_messages", form: Form::Number, meaning: "messages sent to the contact, without suppressed ones" },
    Spec { name: "n_inbound", form: Form::Number, meaning: "messages, taps, link clicks and reactions of the contact" },
    Spec { name: "is_new", form: Form::Flag, meaning: "first seen inside the range of time" },
    Spec { name: "reachable_at_start", form: Form::Flag, meaning: "not opted out when the range of time began" },
    Spec { name: "opted_out_in_range", form: Form::Flag, meaning: "opted out inside the range of time" },
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
    Spec { name: "opt_outs_measurable", form: Form::Flag, meaning: "the channel's log tells of opt-outs" },
    Spec {
        name: "opt_outs_bounded",
        form: Form::Flag,
        meaning: "it tells of one kind of opt-out only: counts are lower bounds",
    },
];

pub(super) const READS: &[Read<Contact>] = &[
    Read::Number(|row| row.owner.contact_key),
    Read::Word("channel", |row| row.owner.channel),
    Read::Word("country", |row| row.fact.country),
    Read::Word("language", |row| row.fact.language),
    Read::Word("topic", |row| row.fact.opted_in_source),
    Read::Fixed(&["soft", "hard"], |row| match (row.fact.opted_out_at, row.fact.opted_out_hard) {
        (NONE, _) => NULL,
        (_, hard) => 1 + u32::from(hard),
    }),
    Read::Number(|row| row.fact.first_seen_at),
    Read::Number(|row| row.fact.opted_in_at),
    Read::Number(|row| row.fact.opted_out_at),
    Read::Number(|row| row.fact.erasure_requested_at),
    Read::Number(|row| row.fact.n_messages),
    Read::Number(|row| row.fact.n_inbound),
    Read::Flag(|row| row.owner.settings.in_scope(row.fact.first_seen_at)),
    Read::Flag(|row| row.fact.reachable_at_start),
    Read::Flag(|row| row.fact.opted_out_in_range),
    Read::Flag(|row| row.owner.observable.engagement.is_measurable()),
    Read::Flag(|row| row.owner.observable.engagement.is_bounded()),
    Read::Flag(|row| row.owner.observable.opt_outs.is_measurable()),
    Read::Flag(|row| row.owner.observable.opt_outs.is_bounded()),
];

/// One contact.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    pub(super) country: u32,
    pub(super) country_known_at: i64,
    pub(super) language: u32,
    pub(super) opted_in_source: u32,
    pub(super) opted_out_hard: bool,
    pub(super) first_seen_at: i64,
    pub(super) opted_in_at: i64,
    pub(super) opted_out_at: i64,
    pub(super) erasure_requested_at: i64,
    pub(super) n_messages: i64,
    pub(super) n_inbound: i64,
    pub(super) reachable_at_start: bool,
    pub(super) opted_out_in_range: bool,
}

impl Contact {
    pub(super) fn new(first_seen_at: i64) -> Self {
        Self {
            country: NULL,
            country_known_at: NONE,
            language: NULL,
            opted_in_source: NULL,
            opted_out_hard: false,
            first_seen_at,
            opted_in_at: NONE,
            opted_out_at: NONE,
            erasure_requested_at: NONE,
            n_messages: 0,
            n_inbound: 0,
            reachable_at_start: true,
            opted_out_in_range: false,
        }
    }
}

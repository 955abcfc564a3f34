//! Opt-outs: one row per change from "may be written to" to "may not", or from soft to hard.

use super::Grain;
use super::messages::Tags;
use super::table::{Form, NONE, Read, Spec};

/// The grain.
pub const GRAIN: Grain = Grain {
    name: "opt_outs",
    one_row_per: "opt-out",
    anchor: "at",
    columns: COLUMNS,
    events: &["channel", "account", "message_key", "reply_key", "up_to", "error_code"],
};

const COLUMNS: &[Spec] = &[
    Spec { name: "contact_key", form: Form::Number, meaning: "the contact; the same number in every table" },
    Spec { name: "channel", form: Form::Word, meaning: "platform" },
    Spec { name: "account", form: Form::Word, meaning: "the business's endpoint; null: the log does not say" },
    Spec { name: "campaign", form: Form::Word, meaning: "campaign of the message it is attributed to; null: none" },
    Spec {
        name: "variant",
        form: Form::Word,
        meaning: "experiment variant of the message it is attributed to; null: none",
    },
    Spec {
        name: "kind",
        form: Form::Word,
        meaning: "'soft': the contact wrote or tapped stop; 'hard': the platform says that they blocked or left",
    },
    Spec {
        name: "evidence",
        form: Form::Word,
        meaning: "'message': the contact's own words or tap; 'platform': a report of the platform",
    },
    Spec { name: "at", form: Form::Instant, meaning: "when" },
    Spec { name: "resumed_at", form: Form::Instant, meaning: "when the contact agreed again; null: not yet" },
    Spec {
        name: "attributed",
        form: Form::Flag,
        meaning: "a message was sent within the attribution window before it",
    },
];

pub(super) const READS: &[Read<OptOut>] = &[
    Read::Number(|row| row.owner.contact_key),
    Read::Word("channel", |row| row.owner.channel),
    Read::Word("account", |row| row.fact.account),
    Read::Word("campaign", |row| row.fact.tags.campaign),
    Read::Word("variant", |row| row.fact.tags.variant),
    Read::Fixed(&["soft", "hard"], |row| 1 + u32::from(row.fact.hard)),
    Read::Fixed(&["message", "platform"], |row| 1 + u32::from(!row.fact.by_message)),
    Read::Number(|row| row.fact.at),
    Read::Number(|row| row.fact.resumed_at),
    Read::Flag(|row| row.fact.attributed),
];

/// One opt-out.
#[derive(Clone, Debug)]
pub(super) struct OptOut {
    pub(super) account: u32,
    pub(super) tags: Tags,
    pub(super) hard: bool,
    pub(super) by_message: bool,
    pub(super) at: i64,
    pub(super) resumed_at: i64,
    pub(super) attributed: bool,
}

impl OptOut {
    pub(super) fn new(account: u32, at: i64, hard: bool, by_message: bool) -> Self {
        Self { account, tags: Tags::default(), hard, by_message, at, resumed_at: NONE, attributed: false }
    }
}

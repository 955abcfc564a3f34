//! Opt-outs: one row per change from "may be written to" to "may not", or from soft to hard.

use super::table::{Column, Form, NONE, Spec, Table, fixed};
use super::{Grain, table::Common};

/// The grain.
pub const GRAIN: Grain = Grain { name: "opt_outs", one_row_per: "opt-out", anchor: "at", columns: COLUMNS };

const COLUMNS: &[Spec] = &[
    Spec { name: "contact_key", form: Form::Number, meaning: "the contact; the same number in every table" },
    Spec { name: "channel", form: Form::Word, meaning: "platform" },
    Spec { name: "account", form: Form::Word, meaning: "the business's endpoint; null: the log does not say" },
    Spec { name: "campaign", form: Form::Word, meaning: "campaign of the message it is attributed to; null: none" },
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

/// One opt-out.
#[derive(Clone, Debug)]
pub(super) struct OptOut {
    pub(super) account: u32,
    pub(super) campaign: u32,
    pub(super) hard: bool,
    pub(super) by_message: bool,
    pub(super) at: i64,
    pub(super) resumed_at: i64,
    pub(super) attributed: bool,
}

impl OptOut {
    pub(super) fn new(account: u32, at: i64, hard: bool, by_message: bool) -> Self {
        Self { account, campaign: 0, hard, by_message, at, resumed_at: NONE, attributed: false }
    }
}

/// The rows of a shard as they are found.
#[derive(Debug, Default)]
pub(super) struct OptOuts {
    common: Common,
    rows: Vec<OptOut>,
}

impl OptOuts {
    pub(super) fn push(&mut self, contact_key: i64, channel: u32, opt_out: OptOut) {
        self.common.push(contact_key, channel);
        self.rows.push(opt_out);
    }

    pub(super) fn finish(self, words: &super::table::SharedWords) -> Table {
        let rows = &self.rows;
        let columns = vec![
            Column::Numbers(self.common.contact_key),
            Column::Words(self.common.channel, words.get("channel")),
            Column::Words(rows.iter().map(|row| row.account).collect(), words.get("account")),
            Column::Words(rows.iter().map(|row| row.campaign).collect(), words.get("campaign")),
            Column::Words(rows.iter().map(|row| 1 + u32::from(row.hard)).collect(), fixed(&["soft", "hard"])),
            Column::Words(
                rows.iter().map(|row| 1 + u32::from(!row.by_message)).collect(),
                fixed(&["message", "platform"]),
            ),
            Column::Numbers(rows.iter().map(|row| row.at).collect()),
            Column::Numbers(rows.iter().map(|row| row.resumed_at).collect()),
            Column::Flags(rows.iter().map(|row| row.attributed).collect()),
        ];
        Table { specs: COLUMNS, columns, n_rows: rows.len() }
    }
}

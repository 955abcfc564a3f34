//! Messages: one row per outbound message, whatever of it the log has seen.
//!
//! Receipts form a lattice sent < delivered < opened: the earliest time of each level counts, a higher level implies the
//! lower ones, and a failure counts only if nothing higher was seen.

use super::table::{Column, Form, NONE, Spec, Table, fixed};
use super::{Grain, Settings, table::Common};
use crate::store::words::NULL;

/// The grain.
pub const GRAIN: Grain =
    Grain { name: "messages", one_row_per: "outbound message", anchor: "sent_at", columns: COLUMNS };

const COLUMNS: &[Spec] = &[
    Spec { name: "contact_key", form: Form::Number, meaning: "the contact; the same number in every table" },
    Spec { name: "channel", form: Form::Word, meaning: "platform" },
    Spec { name: "account", form: Form::Word, meaning: "the business's endpoint; null: the log does not say" },
    Spec {
        name: "campaign",
        form: Form::Word,
        meaning: "tag under which the message was sent; null: none or not known",
    },
    Spec { name: "template", form: Form::Word, meaning: "template name; null: free-form or not known" },
    Spec { name: "category", form: Form::Word, meaning: "price category; null: not reported" },
    Spec { name: "flow", form: Form::Word, meaning: "scripted dialogue; null: none" },
    Spec { name: "flow_version", form: Form::Word, meaning: "edition of the flow; null: not known" },
    Spec { name: "question", form: Form::Word, meaning: "question that the message asks; null: none" },
    Spec { name: "variant", form: Form::Word, meaning: "experiment variant; null: none" },
    Spec { name: "country", form: Form::Word, meaning: "ISO 3166-1 alpha-2; null: not known" },
    Spec { name: "language", form: Form::Word, meaning: "language of the message; null: not known" },
    Spec { name: "message_type", form: Form::Word, meaning: "the platform's message type; null: not known" },
    Spec { name: "error_code", form: Form::Word, meaning: "why it failed or was suppressed; null: it was not" },
    Spec {
        name: "opted_out_kind",
        form: Form::Word,
        meaning: "'soft' or 'hard' opt-out attributed to the message; null: none",
    },
    Spec {
        name: "sent_at",
        form: Form::Instant,
        meaning: "when it was sent: the earliest that any event of the message tells",
    },
    Spec {
        name: "delivered_at",
        form: Form::Instant,
        meaning: "when it reached the device; null: it did not, or that is not known",
    },
    Spec {
        name: "opened_at",
        form: Form::Instant,
        meaning: "when it was read; null: it was not, or that is not known",
    },
    Spec {
        name: "first_clicked_at",
        form: Form::Instant,
        meaning: "first tap or link click within the reply window; null: none",
    },
    Spec {
        name: "first_replied_at",
        form: Form::Instant,
        meaning: "first answer, written or tapped, within the reply window; null: none",
    },
    Spec {
        name: "failed_at",
        form: Form::Instant,
        meaning: "when it failed; null: it did not, or it was delivered all the same",
    },
    Spec {
        name: "opted_out_at",
        form: Form::Instant,
        meaning: "opt-out attributed to the message within the attribution window; null: none",
    },
    Spec {
        name: "next_sent_at",
        form: Form::Instant,
        meaning: "when the account sent the contact its next message that was not suppressed; null: not yet",
    },
    Spec {
        name: "conversation_started_at",
        form: Form::Instant,
        meaning: "start of the conversation, which with contact_key and account names it",
    },
    Spec { name: "n_clicks", form: Form::Number, meaning: "taps and link clicks within the reply window" },
    Spec { name: "cost", form: Form::Number, meaning: "price in millionths of its currency; null: not reported" },
    Spec {
        name: "suppressed",
        form: Form::Flag,
        meaning: "the platform withheld it, through no act of the contact; it counts as not sent",
    },
    Spec {
        name: "reached",
        form: Form::Flag,
        meaning: "delivered; or, on a channel that reports no deliveries, sent and not failed",
    },
    Spec { name: "deliveries_measurable", form: Form::Flag, meaning: "the channel's log tells of deliveries" },
    Spec { name: "opens_measurable", form: Form::Flag, meaning: "the channel's log tells of opens" },
    Spec {
        name: "blocks_measurable",
        form: Form::Flag,
        meaning: "the channel's log tells when a contact blocks the business",
    },
    Spec { name: "is_first_of_conversation", form: Form::Flag, meaning: "it opened its conversation" },
    Spec {
        name: "in_service_window",
        form: Form::Flag,
        meaning: "sent within 24 h after something that the contact did",
    },
    Spec { name: "after_opt_out", form: Form::Flag, meaning: "sent while the contact had opted out" },
    Spec {
        name: "dismissed",
        form: Form::Flag,
        meaning: "opened, then neither clicked nor answered before the next message or the end of the reply window",
    },
    Spec {
        name: "dismissal_decided",
        form: Form::Flag,
        meaning: "opened, and it is decided whether it was dismissed: the log does not end before",
    },
    Spec { name: "billable", form: Form::Flag, meaning: "the platform says that it charges" },
];

/// One outbound message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) account: u32,
    pub(super) sent_at: i64,
    pub(super) delivered_at: i64,
    pub(super) opened_at: i64,
    pub(super) failed_at: i64,
    pub(super) suppressed_at: i64,
    pub(super) first_clicked_at: i64,
    pub(super) first_replied_at: i64,
    pub(super) opted_out_at: i64,
    pub(super) opted_out_hard: bool,
    pub(super) n_clicks: i64,
    pub(super) cost: i64,
    pub(super) billable: bool,
    pub(super) campaign: u32,
    pub(super) template: u32,
    pub(super) category: u32,
    pub(super) flow: u32,
    pub(super) flow_version: u32,
    pub(super) question: u32,
    pub(super) variant: u32,
    pub(super) country: u32,
    pub(super) language: u32,
    pub(super) message_type: u32,
    pub(super) error_code: u32,
    pub(super) next_sent_at: i64,
    pub(super) conversation_started_at: i64,
    pub(super) is_first_of_conversation: bool,
    pub(super) in_service_window: bool,
    pub(super) after_opt_out: bool,
    pub(super) reached: bool,
}

impl Message {
    /// A message of which the first thing is known.
    pub(super) fn new(account: u32, at: i64) -> Self {
        Self {
            account,
            sent_at: at,
            delivered_at: NONE,
            opened_at: NONE,
            failed_at: NONE,
            suppressed_at: NONE,
            first_clicked_at: NONE,
            first_replied_at: NONE,
            opted_out_at: NONE,
            opted_out_hard: false,
            n_clicks: 0,
            cost: NONE,
            billable: false,
            campaign: NULL,
            template: NULL,
            category: NULL,
            flow: NULL,
            flow_version: NULL,
            question: NULL,
            variant: NULL,
            country: NULL,
            language: NULL,
            message_type: NULL,
            error_code: NULL,
            next_sent_at: NONE,
            conversation_started_at: NONE,
            is_first_of_conversation: false,
            in_service_window: false,
            after_opt_out: false,
            reached: false,
        }
    }

    /// Applies the lattice once all receipts are in.
    pub(super) fn settle(&mut self, deliveries_measurable: bool) {
        if self.opened_at != NONE && (self.delivered_at == NONE || self.delivered_at > self.opened_at) {
            self.delivered_at = self.opened_at;
        }
        if self.delivered_at != NONE {
            self.failed_at = NONE;
            self.suppressed_at = NONE;
        }
        let refused = self.failed_at != NONE || self.suppressed_at != NONE;
        if !refused {
            self.error_code = NULL;
        }
        self.reached = !refused && (self.delivered_at != NONE || !deliveries_measurable);
    }

    /// Whether the contact may have seen it.
    pub(super) fn may_have_arrived(&self) -> bool {
        self.failed_at == NONE && self.suppressed_at == NONE
    }
}

/// The rows of a shard as they are found.
#[derive(Debug, Default)]
pub(super) struct Messages {
    common: Common,
    rows: Vec<Message>,
    deliveries_measurable: Vec<bool>,
    opens_measurable: Vec<bool>,
    blocks_measurable: Vec<bool>,
}

impl Messages {
    pub(super) fn push(&mut self, contact_key: i64, channel: u32, observable: super::Observable, message: Message) {
        self.common.push(contact_key, channel);
        self.deliveries_measurable.push(observable.deliveries);
        self.opens_measurable.push(observable.opens);
        self.blocks_measurable.push(observable.blocks);
        self.rows.push(message);
    }

    pub(super) fn finish(self, words: &super::table::SharedWords, settings: &Settings) -> Table {
        let rows = &self.rows;
        let word =
            |name: &str, read: fn(&Message) -> u32| Column::Words(rows.iter().map(read).collect(), words.get(name));
        let number = |read: fn(&Message) -> i64| Column::Numbers(rows.iter().map(read).collect());
        let flag = |read: &dyn Fn(&Message) -> bool| Column::Flags(rows.iter().map(read).collect());
        let (horizon, reply) = (settings.horizon, settings.windows.reply.0);
        let reacted = |message: &Message| message.first_clicked_at != NONE || message.first_replied_at != NONE;
        let decided = |message: &Message| {
            message.opened_at != NONE
                && (reacted(message)
                    || message.next_sent_at != NONE
                    || message.opened_at.saturating_add(reply) <= horizon)
        };
        let opted_out_kind = rows.iter().map(|message| match (message.opted_out_at, message.opted_out_hard) {
            (NONE, _) => NULL,
            (_, false) => 1,
            (_, true) => 2,
        });
        let columns = vec![
            Column::Numbers(self.common.contact_key),
            Column::Words(self.common.channel, words.get("channel")),
            word("account", |message| message.account),
            word("campaign", |message| message.campaign),
            word("template", |message| message.template),
            word("category", |message| message.category),
            word("flow", |message| message.flow),
            word("flow_version", |message| message.flow_version),
            word("question", |message| message.question),
            word("variant", |message| message.variant),
            word("country", |message| message.country),
            word("language", |message| message.language),
            word("message_type", |message| message.message_type),
            word("error_code", |message| message.error_code),
            Column::Words(opted_out_kind.collect(), fixed(&["soft", "hard"])),
            number(|message| message.sent_at),
            number(|message| message.delivered_at),
            number(|message| message.opened_at),
            number(|message| message.first_clicked_at),
            number(|message| message.first_replied_at),
            number(|message| message.failed_at),
            number(|message| message.opted_out_at),
            number(|message| message.next_sent_at),
            number(|message| message.conversation_started_at),
            number(|message| message.n_clicks),
            number(|message| message.cost),
            flag(&|message| message.suppressed_at != NONE),
            flag(&|message| message.reached),
            Column::Flags(self.deliveries_measurable),
            Column::Flags(self.opens_measurable),
            Column::Flags(self.blocks_measurable),
            flag(&|message| message.is_first_of_conversation),
            flag(&|message| message.in_service_window),
            flag(&|message| message.after_opt_out),
            flag(&|message| decided(message) && !reacted(message)),
            flag(&decided),
            flag(&|message| message.billable),
        ];
        Table { specs: COLUMNS, columns, n_rows: rows.len() }
    }
}

//! Messages: one row per outbound message, whatever of it the log has seen.
//!
//! Receipts form a lattice sent < delivered < opened: the earliest time of each level counts, a higher level implies the
//! lower ones, and a failure counts only if nothing higher was seen.

use super::Grain;
use super::compliance::{Finding, ServiceWindow, Verdict};
use super::table::{Form, NONE, Read, Row, Spec};
use super::timing::{self, Timing};
use crate::event::SECOND;
use crate::store::words::NULL;

/// The grain.
pub const GRAIN: Grain = Grain {
    name: "messages",
    one_row_per: "outbound message",
    anchor: "sent_at",
    columns: COLUMNS,
    events: &["channel", "account", "message_key", "reply_key", "up_to", "error_code"],
};

/// Columns of events of which a message takes the first word that any of its events tells.
pub(super) const WORDS: [&str; 12] = [
    "campaign",
    "template",
    "category",
    "flow",
    "flow_version",
    "question",
    "variant",
    "country",
    "language",
    "message_type",
    "error_code",
    "agent",
];
pub(super) const CAMPAIGN: usize = 0;
pub(super) const TEMPLATE: usize = 1;
pub(super) const CATEGORY: usize = 2;
pub(super) const FLOW: usize = 3;
pub(super) const QUESTION: usize = 5;
const VARIANT: usize = 6;
pub(super) const MESSAGE_TYPE: usize = 9;
const ERROR_CODE: usize = 10;
pub(super) const AGENT: usize = 11;

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
    Spec { name: "currency", form: Form::Word, meaning: "ISO 4217, of `cost`; null: not reported" },
    Spec { name: "billing", form: Form::Word, meaning: "'charged' or 'free', as the platform says; null: it does not" },
    Spec {
        name: "form",
        form: Form::Word,
        meaning: "'free_form', or 'template' for what may be sent outside the service window; null: the channel has none, or the log does not tell",
    },
    Spec {
        name: "service_window",
        form: Form::Word,
        meaning: "the kind of event that opened the channel's service window in which it was sent; 'closed': there was none; null: the channel has none, or the log does not tell",
    },
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
    Spec {
        name: "reply_s",
        form: Form::Number,
        meaning: "seconds from sending to the first answer within the reply window, rounded up; null: none",
    },
    Spec {
        name: "opt_out_s",
        form: Form::Number,
        meaning: "seconds from sending to the opt-out whose last message before it this is, however long that took, rounded up; null: none",
    },
    Spec {
        name: "campaign_opt_out_s",
        form: Form::Number,
        meaning: "seconds from sending to the opt-out whose last campaign message before it this is, rounded up; null: none",
    },
    Spec {
        name: "open_s",
        form: Form::Number,
        meaning: "seconds from sending to the first opening, rounded up; null: it was not opened, or that is not known",
    },
    Spec {
        name: "unopened_s",
        form: Form::Number,
        meaning: "seconds for which it has stood unopened when the log ends, 7 days at most, rounded down; null: it was opened",
    },
    Spec {
        name: "unanswered_s",
        form: Form::Number,
        meaning: "seconds for which it has stood unanswered when the log ends, the reply window at most, rounded down; null: it was answered",
    },
    Spec {
        name: "n_last_7d",
        form: Form::Number,
        meaning: "messages that reached the contact from the account in the 7 days before; null: the log does not reach back so far",
    },
    Spec {
        name: "n_last_30d",
        form: Form::Number,
        meaning: "messages that reached the contact from the account in the 30 days before; null: the log does not reach back so far",
    },
    Spec {
        name: "dose_7d",
        form: Form::Count,
        meaning: "class of n_last_7d, by its lowest number: 0, 1, 2, 3, 4 (and 5), 6 (to 10), 11 (to 20), 21 (and more)",
    },
    Spec { name: "dose_30d", form: Form::Count, meaning: "class of n_last_30d, as that of n_last_7d" },
    Spec {
        name: "local_weekday",
        form: Form::Count,
        meaning: "weekday of sending where the contact is, from 1 for Monday to 7; null: their country is unknown or has several zones",
    },
    Spec {
        name: "local_hour",
        form: Form::Count,
        meaning: "hour of sending where the contact is, 0 to 23; null: their country is unknown or has several zones",
    },
    Spec { name: "n_clicks", form: Form::Number, meaning: "taps and link clicks within the reply window" },
    Spec {
        name: "n_opt_outs",
        form: Form::Number,
        meaning: "opt-outs within the attribution window whose last message before them this is, repeated ones too",
    },
    Spec {
        name: "cost",
        form: Form::Number,
        meaning: "what the platform last reported that it costs, in millionths of `currency`; null: not reported",
    },
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
    Spec {
        name: "deliveries_bounded",
        form: Form::Flag,
        meaning: "it tells of some deliveries only: counts are lower bounds",
    },
    Spec {
        name: "failures_bounded",
        form: Form::Flag,
        meaning: "the channel's log may not tell of every failure: counts are lower bounds",
    },
    Spec { name: "opens_measurable", form: Form::Flag, meaning: "the channel's log tells of opens" },
    Spec { name: "opens_bounded", form: Form::Flag, meaning: "it tells of some opens only: counts are lower bounds" },
    Spec {
        name: "opens_proven",
        form: Form::Flag,
        meaning: "opens are measurable, and the contact has sent a read receipt at some time: they have not switched receipts off throughout",
    },
    Spec { name: "clicks_measurable", form: Form::Flag, meaning: "the channel's log tells of taps and clicks" },
    Spec {
        name: "clicks_bounded",
        form: Form::Flag,
        meaning: "it tells of some taps and clicks only: counts are lower bounds",
    },
    Spec { name: "replies_measurable", form: Form::Flag, meaning: "the channel's log tells what contacts write" },
    Spec { name: "stops_measurable", form: Form::Flag, meaning: "the channel's log tells when a contact says stop" },
    Spec {
        name: "blocks_measurable",
        form: Form::Flag,
        meaning: "the channel's log tells when a contact blocks the business",
    },
    Spec { name: "opt_outs_measurable", form: Form::Flag, meaning: "the channel's log tells of opt-outs" },
    Spec {
        name: "opt_outs_bounded",
        form: Form::Flag,
        meaning: "it tells of one kind of opt-out only: counts are lower bounds",
    },
    Spec { name: "is_first_of_conversation", form: Form::Flag, meaning: "it opened its conversation" },
    Spec {
        name: "in_service_window",
        form: Form::Flag,
        meaning: "sent within 24 h after something that the contact did",
    },
    Spec { name: "after_opt_out", form: Form::Flag, meaning: "sent while the contact had opted out" },
    Spec {
        name: "audited",
        form: Form::Flag,
        meaning: "the log tells of the sending itself, and the message was neither refused nor withheld",
    },
    Spec { name: "breaks_opt_out", form: Form::Flag, meaning: "audited, and sent after an opt-out that forbids it" },
    Spec {
        name: "window_measurable",
        form: Form::Flag,
        meaning: "audited, the channel has a service window, and the log tells what opens it and what form the message has",
    },
    Spec {
        name: "is_free_form",
        form: Form::Flag,
        meaning: "known to be no template and to bear no tag that frees it of the service window",
    },
    Spec {
        name: "breaks_window",
        form: Form::Flag,
        meaning: "a free-form message sent later than the service window after the contact's last act",
    },
    Spec {
        name: "consent_measurable",
        form: Form::Flag,
        meaning: "audited, marketing, and the channel's log tells of all opt-ins",
    },
    Spec {
        name: "breaks_consent",
        form: Form::Flag,
        meaning: "marketing sent while no opt-in of the contact was known",
    },
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
    Spec {
        name: "opens_billing",
        form: Form::Flag,
        meaning: "it reached the contact, and 24 h before it nothing of its account and category had opened a conversation that is charged as one",
    },
    Spec {
        name: "after_ad",
        form: Form::Flag,
        meaning: "sent within 72 h of the answer to a contact who came by an ad",
    },
    Spec {
        name: "watched",
        form: Form::Flag,
        meaning: "the log goes on for the decision window after it was sent: what ends at once and what shows late are both known",
    },
];

pub(super) const READS: &[Read<Message>] = &[
    Read::Number(|row| row.owner.contact_key),
    Read::Word("channel", |row| row.owner.channel),
    Read::Word("account", |row| row.fact.account),
    Read::Word("campaign", |row| row.fact.words[0]),
    Read::Word("template", |row| row.fact.words[1]),
    Read::Word("category", |row| row.fact.words[2]),
    Read::Word("flow", |row| row.fact.words[3]),
    Read::Word("flow_version", |row| row.fact.words[4]),
    Read::Word("question", |row| row.fact.words[5]),
    Read::Word("variant", |row| row.fact.words[6]),
    Read::Word("country", |row| row.fact.words[7]),
    Read::Word("language", |row| row.fact.words[8]),
    Read::Word("message_type", |row| row.fact.words[9]),
    Read::Word("error_code", |row| row.fact.words[10]),
    Read::Word("currency", |row| row.fact.currency),
    Read::Fixed(&["charged", "free"], |row| match row.fact.billable {
        None => NULL,
        Some(is_charged) => 1 + u32::from(!is_charged),
    }),
    Read::Fixed(&["free_form", "template"], |row| match row.fact.verdict.is_free_form {
        None => NULL,
        Some(is_free_form) => 1 + u32::from(!is_free_form),
    }),
    Read::Fixed(&ServiceWindow::NAMES, |row| row.fact.verdict.service_window.code()),
    Read::Fixed(&["soft", "hard"], |row| match (row.fact.opted_out_at, row.fact.opted_out_hard) {
        (NONE, _) => NULL,
        (_, hard) => 1 + u32::from(hard),
    }),
    Read::Number(|row| row.fact.sent_at),
    Read::Number(|row| row.fact.delivered_at),
    Read::Number(|row| row.fact.opened_at),
    Read::Number(|row| row.fact.first_clicked_at),
    Read::Number(|row| row.fact.first_replied_at),
    Read::Number(|row| row.fact.failed_at),
    Read::Number(|row| row.fact.opted_out_at),
    Read::Number(|row| row.fact.next_sent_at),
    Read::Number(|row| row.fact.conversation_started_at),
    Read::Number(|row| seconds_until(&row.fact, row.fact.first_replied_at)),
    Read::Number(|row| seconds_up(row.fact.opt_out_after)),
    Read::Number(|row| seconds_up(row.fact.campaign_opt_out_after)),
    Read::Number(|row| seconds_until(&row.fact, row.fact.opened_at)),
    Read::Number(timing::unopened_s),
    Read::Number(timing::unanswered_s),
    Read::Number(|row| row.fact.timing.n_last_7d),
    Read::Number(|row| row.fact.timing.n_last_30d),
    Read::Number(|row| timing::class(row.fact.timing.n_last_7d)),
    Read::Number(|row| timing::class(row.fact.timing.n_last_30d)),
    Read::Number(|row| row.fact.timing.local_weekday),
    Read::Number(|row| row.fact.timing.local_hour),
    Read::Number(|row| row.fact.n_clicks),
    Read::Number(|row| row.fact.n_opt_outs),
    Read::Number(|row| row.fact.cost),
    Read::Flag(|row| row.fact.suppressed_at != NONE),
    Read::Flag(|row| row.fact.reached),
    Read::Flag(|row| row.owner.observable.deliveries.is_measurable()),
    Read::Flag(|row| row.owner.observable.deliveries.is_bounded()),
    Read::Flag(|row| row.owner.observable.failures.is_bounded()),
    Read::Flag(|row| row.owner.observable.opens.is_measurable()),
    Read::Flag(|row| row.owner.observable.opens.is_bounded()),
    Read::Flag(|row| row.fact.contact_opens && row.owner.observable.opens.is_measurable()),
    Read::Flag(|row| row.owner.observable.clicks.is_measurable()),
    Read::Flag(|row| row.owner.observable.clicks.is_bounded()),
    Read::Flag(|row| row.owner.observable.replies.is_measurable()),
    Read::Flag(|row| row.owner.observable.stops.is_measurable()),
    Read::Flag(|row| row.owner.observable.blocks.is_measurable()),
    Read::Flag(|row| row.owner.observable.opt_outs.is_measurable()),
    Read::Flag(|row| row.owner.observable.opt_outs.is_bounded()),
    Read::Flag(|row| row.fact.is_first_of_conversation),
    Read::Flag(|row| row.fact.in_service_window),
    Read::Flag(|row| row.fact.after_opt_out),
    Read::Flag(|row| row.fact.is_audited()),
    Read::Flag(|row| row.fact.verdict.opt_out.is_broken()),
    Read::Flag(|row| row.fact.verdict.window != Finding::Unmeasurable),
    Read::Flag(|row| matches!(row.fact.verdict.window, Finding::Kept | Finding::Broken(_))),
    Read::Flag(|row| row.fact.verdict.window.is_broken()),
    Read::Flag(|row| row.fact.verdict.consent != Finding::Unmeasurable),
    Read::Flag(|row| row.fact.verdict.consent.is_broken()),
    Read::Flag(|row| is_dismissal_decided(row) && !row.fact.has_reaction()),
    Read::Flag(is_dismissal_decided),
    Read::Flag(|row| row.fact.billable == Some(true)),
    Read::Flag(|row| row.fact.opens_billing),
    Read::Flag(|row| row.fact.after_ad),
    Read::Flag(|row| row.owner.settings.is_watched(row.fact.sent_at)),
];

/// A length of time in whole seconds, rounded up: what took a moment longer than a window is not within it.
pub(super) fn seconds_up(micros: i64) -> i64 {
    if micros == NONE { NONE } else { micros.saturating_add(SECOND - 1).div_euclid(SECOND) }
}

/// Seconds from sending until then, rounded up.
fn seconds_until(message: &Message, at: i64) -> i64 {
    seconds_up(if at == NONE { NONE } else { at - message.sent_at })
}

/// Whether it can be said if the message was dismissed.
fn is_dismissal_decided(row: &Row<'_, Message>) -> bool {
    let (message, settings) = (&row.fact, row.owner.settings);
    message.opened_at != NONE
        && (message.has_reaction()
            || message.next_sent_at != NONE
            || message.opened_at.saturating_add(settings.windows.reply.0) <= settings.horizon)
}

/// Under what the business sent a message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tags {
    pub(super) campaign: u32,
    pub(super) variant: u32,
}

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
    /// Microseconds to the first opt-out before which this was the last message; to that before which it was the last
    /// message of a campaign.
    pub(super) opt_out_after: i64,
    pub(super) campaign_opt_out_after: i64,
    /// Whether the contact ever sent a read receipt.
    pub(super) contact_opens: bool,
    pub(super) n_clicks: i64,
    pub(super) n_opt_outs: i64,
    pub(super) cost: i64,
    /// The currency of the cost.
    pub(super) currency: u32,
    pub(super) billable: Option<bool>,
    pub(super) opens_billing: bool,
    pub(super) after_ad: bool,
    /// Codes in the order of [`WORDS`].
    pub(super) words: [u32; WORDS.len()],
    pub(super) next_sent_at: i64,
    pub(super) conversation_started_at: i64,
    pub(super) is_first_of_conversation: bool,
    pub(super) in_service_window: bool,
    pub(super) after_opt_out: bool,
    pub(super) reached: bool,
    /// The log tells of the sending itself, and not only what became of it.
    pub(super) sending_told: bool,
    pub(super) verdict: Verdict,
    pub(super) timing: Timing,
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
            opt_out_after: NONE,
            campaign_opt_out_after: NONE,
            contact_opens: false,
            n_clicks: 0,
            n_opt_outs: 0,
            cost: NONE,
            currency: NULL,
            billable: None,
            opens_billing: false,
            after_ad: false,
            words: [NULL; WORDS.len()],
            next_sent_at: NONE,
            conversation_started_at: NONE,
            is_first_of_conversation: false,
            in_service_window: false,
            after_opt_out: false,
            reached: false,
            sending_told: false,
            verdict: Verdict::default(),
            timing: Timing::default(),
        }
    }

    /// Whether rules can have been broken by it: when it was sent is known, and nobody refused it.
    pub(super) fn is_audited(&self) -> bool {
        self.sending_told && self.may_have_arrived()
    }

    /// Whether it failed or was withheld, and no receipt of its own says that it arrived all the same.
    pub(super) fn is_refused(&self) -> bool {
        (self.failed_at != NONE || self.suppressed_at != NONE) && self.delivered_at == NONE && self.opened_at == NONE
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
        let refused = self.is_refused();
        if !refused {
            self.words[ERROR_CODE] = NULL;
        }
        self.reached = !refused && (self.delivered_at != NONE || !deliveries_measurable);
    }

    pub(super) fn campaign(&self) -> u32 {
        self.words[CAMPAIGN]
    }

    /// What its conversation and its opt-out take over.
    pub(super) fn tags(&self) -> Tags {
        Tags { campaign: self.campaign(), variant: self.words[VARIANT] }
    }

    fn has_reaction(&self) -> bool {
        self.first_clicked_at != NONE || self.first_replied_at != NONE
    }

    /// Whether the contact may have seen it.
    pub(super) fn may_have_arrived(&self) -> bool {
        self.failed_at == NONE && self.suppressed_at == NONE
    }
}

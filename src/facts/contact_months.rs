//! Contact months: one row per contact, account and calendar month, from the month in which they came onto the account's list.
//!
//! Whoever is on the list may be written to: no opt-out of theirs holds, of whatever reach. Months are those of the report's
//! zone. What is said of a month that is over rests on what happened until it was, or until the cohort's was: no later event
//! changes it. Looks at what the walk found, and at nothing else.

use jiff::tz::TimeZone;

use super::table::{Form, NONE, Read, Spec};
use super::walk::{Walk, lower};
use super::{Grain, Settings};
use crate::calendar;
use crate::event::SECOND;
use crate::store::words::{NULL, Words};

/// The grain.
pub const GRAIN: Grain = Grain {
    name: "contact_months",
    one_row_per: "contact, account and calendar month, from that of the first contact or opt-in to the end of the log",
    anchor: "began_at",
    columns: COLUMNS,
    events: &["channel", "account", "message_key", "reply_key", "up_to", "error_code"],
};

const COLUMNS: &[Spec] = &[
    Spec { name: "contact_key", form: Form::Number, meaning: "the contact; the same number in every table" },
    Spec { name: "channel", form: Form::Word, meaning: "platform" },
    Spec { name: "account", form: Form::Word, meaning: "the business's endpoint; null: the log does not say" },
    Spec {
        name: "country",
        form: Form::Word,
        meaning: "first country of the contact that was known in the cohort's month; null: none",
    },
    Spec {
        name: "opted_in_source",
        form: Form::Word,
        meaning: "topic or source of the first opt-in to the account, if it came in the cohort's month; null: none",
    },
    Spec {
        name: "basis",
        form: Form::Word,
        meaning: "how they joined: 'opt_in' if they opted in to the account in the cohort's month, else 'first_contact'",
    },
    Spec { name: "cohort", form: Form::Word, meaning: "month of the first contact or opt-in, as 2026-03" },
    Spec { name: "age", form: Form::Count, meaning: "months since then; 0 in the cohort's own month" },
    Spec { name: "began_at", form: Form::Instant, meaning: "when the month began in the report's time zone" },
    Spec { name: "is_complete", form: Form::Flag, meaning: "the log goes on to the month's end" },
    Spec { name: "joined", form: Form::Flag, meaning: "came onto the list in this month" },
    Spec { name: "reachable_at_start", form: Form::Flag, meaning: "was on the list when the month began" },
    Spec { name: "reachable", form: Form::Flag, meaning: "is on the list at the month's end, or at the log's" },
    Spec { name: "n_resumed", form: Form::Number, meaning: "times the contact agreed again after opting out" },
    Spec {
        name: "n_left_soft",
        form: Form::Number,
        meaning: "times they left the list by saying stop, or by the platform's report of it",
    },
    Spec { name: "n_left_hard", form: Form::Number, meaning: "times they left the list by blocking" },
    Spec { name: "active", form: Form::Flag, meaning: "the contact wrote, tapped, clicked or reacted" },
    Spec { name: "engaged", form: Form::Flag, meaning: "the contact engaged with an opening of the business" },
    Spec {
        name: "engagement_measurable",
        form: Form::Flag,
        meaning: "the channel's log tells what contacts write, tap or click",
    },
    Spec { name: "stops_measurable", form: Form::Flag, meaning: "the channel's log tells when a contact says stop" },
    Spec { name: "blocks_measurable", form: Form::Flag, meaning: "the channel's log tells when a contact blocks" },
    Spec { name: "opt_outs_measurable", form: Form::Flag, meaning: "the channel's log tells of opt-outs" },
    Spec {
        name: "opt_outs_bounded",
        form: Form::Flag,
        meaning: "it tells of one kind of opt-out only: counts are lower bounds",
    },
];

pub(super) const READS: &[Read<ContactMonth>] = &[
    Read::Number(|row| row.owner.contact_key),
    Read::Word("channel", |row| row.owner.channel),
    Read::Word("account", |row| row.fact.account),
    Read::Word("country", |row| row.fact.country),
    Read::Word("topic", |row| row.fact.opted_in_source),
    Read::Fixed(&["opt_in", "first_contact"], |row| 1 + u32::from(!row.fact.by_opt_in)),
    Read::Month(|row| row.fact.cohort),
    Read::Number(|row| row.fact.age()),
    Read::Number(|row| row.owner.settings.months.begins(row.fact.month)),
    Read::Flag(|row| row.owner.settings.months.has_ended(row.fact.month)),
    Read::Flag(|row| row.fact.age() == 0),
    Read::Flag(|row| row.fact.reachable_at_start),
    Read::Flag(|row| row.fact.reachable),
    Read::Number(|row| row.fact.n_resumed),
    Read::Number(|row| row.fact.n_left_soft),
    Read::Number(|row| row.fact.n_left_hard),
    Read::Flag(|row| row.fact.active),
    Read::Flag(|row| row.fact.engaged),
    Read::Flag(|row| row.owner.observable.engagement.is_measurable()),
    Read::Flag(|row| row.owner.observable.stops.is_measurable()),
    Read::Flag(|row| row.owner.observable.blocks.is_measurable()),
    Read::Flag(|row| row.owner.observable.opt_outs.is_measurable()),
    Read::Flag(|row| row.owner.observable.opt_outs.is_bounded()),
];

/// One month of a contact with an account.
#[derive(Clone, Debug, Default)]
pub(super) struct ContactMonth {
    pub(super) account: u32,
    pub(super) country: u32,
    pub(super) opted_in_source: u32,
    pub(super) by_opt_in: bool,
    /// Numbers among the months of the log.
    pub(super) cohort: u32,
    pub(super) month: u32,
    pub(super) reachable_at_start: bool,
    pub(super) reachable: bool,
    pub(super) n_resumed: i64,
    pub(super) n_left_soft: i64,
    pub(super) n_left_hard: i64,
    pub(super) active: bool,
    pub(super) engaged: bool,
}

impl ContactMonth {
    fn age(&self) -> i64 {
        i64::from(self.month - self.cohort)
    }
}

/// The calendar months of the log in the report's zone, numbered from 1.
#[derive(Clone, Debug, Default)]
pub struct Months {
    begins: Vec<i64>,
    names: Words,
    horizon: i64,
}

impl Months {
    /// The months from that of one instant to that of another, the horizon, with both.
    #[must_use]
    pub fn new(zone: &TimeZone, from: i64, horizon: i64) -> Self {
        // Longer than any month, so that every month of the log has an end.
        let after = horizon.saturating_add(32 * 86_400 * SECOND);
        let mut months = Self { horizon, ..Self::default() };
        for (begins, name) in calendar::months(zone, from, after) {
            months.begins.push(begins);
            months.names.code(&name);
        }
        months
    }

    /// How the months are written, by their numbers.
    #[must_use]
    pub fn names(&self) -> &Words {
        &self.names
    }

    /// The number of the month of an instant.
    #[must_use]
    pub fn of(&self, at: i64) -> u32 {
        u32::try_from(self.begins.partition_point(|&begins| begins <= at)).unwrap_or(u32::MAX).max(1)
    }

    /// When the month with this number begins. Microseconds.
    #[must_use]
    pub fn begins(&self, month: u32) -> i64 {
        self.begins.get((month as usize).wrapping_sub(1)).copied().unwrap_or(i64::MAX)
    }

    /// Whether the log goes on to the end of the month with this number.
    #[must_use]
    pub fn has_ended(&self, month: u32) -> bool {
        self.horizon >= self.begins(month.saturating_add(1))
    }

    /// Whether the log goes on to the end of the month that comes so many months after the one that is written so. A month of
    /// which it knows nothing has not ended.
    #[must_use]
    pub fn is_covered(&self, name: &str, later: u32) -> bool {
        self.names.find(name).is_some_and(|month| self.has_ended(month.saturating_add(later)))
    }
}

/// The months of the contact that was walked, account by account.
#[derive(Default)]
pub(super) struct Found {
    pub(super) rows: Vec<ContactMonth>,
    dealings: Vec<Joined>,
}

/// Since when a contact is known to an account.
#[derive(Clone, Copy)]
struct Joined {
    at: i64,
    /// Place of the first row.
    first: usize,
    month: u32,
    /// Until when the contact was away the last time; [`NONE`]: they still are.
    away_until: Option<i64>,
}

impl Found {
    /// Finds the rows of the contact that the walk has just been through.
    pub(super) fn find(&mut self, walk: &Walk<'_>) {
        self.rows.clear();
        self.join(walk);
        self.leave_and_resume(walk);
        let months = &walk.settings.months;
        for &(account, at) in &walk.inbound_acts {
            if let Some(row) = self.row(walk, account, at, months) {
                row.active = true;
            }
        }
        for conversation in walk.conversations.iter().filter(|conversation| conversation.engaged_at != NONE) {
            if let Some(row) = self.row(walk, conversation.account, conversation.engaged_at, months) {
                row.engaged = true;
            }
        }
    }

    /// A row for each month since the first opt-in, act or opt-out of each account. Who could be written to before they opted in
    /// was on the list before.
    fn join(&mut self, walk: &Walk<'_>) {
        let Settings { months, horizon, .. } = walk.settings;
        let unknown = Joined { at: NONE, first: 0, month: u32::MAX, away_until: None };
        self.dealings.clear();
        self.dealings.extend(walk.dealings.iter().map(|dealing| Joined { at: dealing.opted_in_at, ..unknown }));
        let acts = walk.conversations.iter().map(|conversation| (conversation.account, conversation.started_at));
        let opt_outs = walk.opt_outs.iter().map(|opt_out| (opt_out.account, opt_out.at));
        for (account, at) in acts.chain(opt_outs) {
            if let Some(joined) = walk.by_account.get(account).and_then(|place| self.dealings.get_mut(place)) {
                lower(&mut joined.at, at);
            }
        }
        let last = months.of(*horizon);
        for (dealing, joined) in walk.dealings.iter().zip(&mut self.dealings) {
            if joined.at == NONE {
                continue;
            }
            (joined.first, joined.month) = (self.rows.len(), months.of(joined.at));
            let by_then = |at: i64| at != NONE && months.of(at) <= joined.month;
            let by_opt_in = by_then(dealing.opted_in_at);
            let is_country_known = by_then(walk.contact.country_known_at);
            self.rows.extend((joined.month..=last).map(|month| ContactMonth {
                account: dealing.account,
                country: if is_country_known { walk.contact.country } else { NULL },
                opted_in_source: if by_opt_in { dealing.opted_in_source } else { NULL },
                by_opt_in,
                cohort: joined.month,
                month,
                ..ContactMonth::default()
            }));
        }
    }

    /// Goings and comings, and who was on the list before and after each month.
    fn leave_and_resume(&mut self, walk: &Walk<'_>) {
        let months = &walk.settings.months;
        for opt_out in &walk.opt_outs {
            let Some(place) = walk.by_account.get(opt_out.account) else { continue };
            let Some(joined) = self.dealings.get_mut(place) else { continue };
            // Who has said stop and blocks then has left before.
            if joined.away_until.is_some_and(|until| until == NONE || until > opt_out.at) {
                continue;
            }
            joined.away_until = Some(opt_out.resumed_at);
            if let Some(row) = self.row(walk, opt_out.account, opt_out.at, months) {
                row.n_left_soft += i64::from(!opt_out.hard);
                row.n_left_hard += i64::from(opt_out.hard);
            }
            if opt_out.resumed_at != NONE
                && let Some(row) = self.row(walk, opt_out.account, opt_out.resumed_at, months)
            {
                row.n_resumed += 1;
            }
        }
        let mut on_list = 0;
        for row in &mut self.rows {
            on_list = if row.age() == 0 { 0 } else { on_list };
            row.reachable_at_start = on_list > 0;
            on_list += i64::from(row.age() == 0) + row.n_resumed - row.n_left_soft - row.n_left_hard;
            row.reachable = on_list > 0;
        }
    }

    /// The row of an account's month.
    fn row(&mut self, walk: &Walk<'_>, account: u32, at: i64, months: &Months) -> Option<&mut ContactMonth> {
        let joined = self.dealings.get(walk.by_account.get(account)?)?;
        self.rows.get_mut(joined.first + usize::try_from(months.of(at).checked_sub(joined.month)?).ok()?)
    }
}

//! Facts: what a contact's events mean, as seven tables with one grain each.
//!
//! A contact's facts follow from that contact's events alone, so shards are built in parallel and their counts add up.
//! Knows nothing of SQL, rates or reports. The definitions are those of `docs` in each grain's file.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Compliance, Config, Flow, Timetable, Windows};
use crate::store::contents::Beginnings;
use crate::store::words::NULL;
use crate::store::{Extent, Shard, Snapshot};

pub mod audit;
mod beginnings;
mod billing;
mod chosen;
mod columns;
mod compliance;
pub mod contact_months;
pub mod contacts;
pub mod conversations;
mod declared;
mod endings;
mod index;
pub mod messages;
pub mod observable;
pub mod opt_outs;
mod passes;
pub mod permissions;
mod questions;
mod receipts;
mod service;
pub mod table;
pub mod timing;
pub mod visits;
mod walk;
mod ways;

use columns::{Columns, Wants};
use contact_months::{ContactMonth, Months};
use contacts::Contact;
use conversations::Conversation;
use messages::Message;
pub use observable::{Observable, Seen};
use opt_outs::OptOut;
use permissions::Permission;
pub use table::{Column, Form, NONE, Spec, Table};
use table::{Owner, Rows};
use visits::Visit;
use walk::Walk;

/// A fact table: its name, what a row is, its columns.
#[derive(Debug)]
pub struct Grain {
    /// Name in SQL.
    pub name: &'static str,
    /// What one row stands for.
    pub one_row_per: &'static str,
    /// The instant by which a row belongs to a day and to a range of time.
    pub anchor: &'static str,
    /// Columns in order.
    pub columns: &'static [Spec],
    /// Columns of the events table without which no row can be found. Words, prices and the like come along as wanted.
    pub events: &'static [&'static str],
}

impl Grain {
    /// Whether the column of this name holds small whole numbers, whose order is that of their size.
    #[must_use]
    pub fn counts(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name && column.form == Form::Count)
    }
}

/// The seven fact tables, in alphabetical order.
pub static GRAINS: &[Grain] = &[
    contact_months::GRAIN,
    contacts::GRAIN,
    conversations::GRAIN,
    messages::GRAIN,
    opt_outs::GRAIN,
    permissions::GRAIN,
    visits::GRAIN,
];

/// The fact table with this name.
#[must_use]
pub fn grain(name: &str) -> Option<&'static Grain> {
    GRAINS.iter().find(|grain| grain.name == name)
}

/// Which columns of which fact tables are wanted. Others are not built, nor is read what only they need.
#[derive(Clone, Debug, Default)]
pub struct Wanted(BTreeMap<&'static str, BTreeSet<&'static str>>);

impl Wanted {
    /// Every column of every table.
    #[must_use]
    pub fn all() -> Self {
        let names = |grain: &Grain| grain.columns.iter().map(|column| column.name).collect();
        Self(GRAINS.iter().map(|grain| (grain.name, names(grain))).collect())
    }

    /// Adds a column; what does not exist adds nothing.
    pub fn add(&mut self, grain: &'static Grain, column: &str) {
        if let Some(spec) = grain.columns.iter().find(|spec| spec.name == column) {
            self.0.entry(grain.name).or_default().insert(spec.name);
        }
    }

    fn of(&self, grain: &Grain) -> Vec<&'static str> {
        self.0.get(grain.name).into_iter().flatten().copied().collect()
    }
}

/// What facts depend on besides the events.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How long things may take.
    pub windows: Windows,
    /// Flows whose questions are declared.
    pub flows: Vec<Flow>,
    /// What the log of each channel can tell.
    pub observable: BTreeMap<String, Observable>,
    /// What the business holds itself to.
    pub compliance: Compliance,
    /// Business hours, if any are configured.
    pub timetable: Option<Timetable>,
    /// How soon after a conversation a contact calls back, in microseconds.
    pub callback: i64,
    /// The first instant of the log. Microseconds.
    pub log_began: i64,
    /// The first instants of the logs of accounts: what was before is unknown there.
    pub beginnings: Beginnings,
    /// The last instant of the log, or `until` if that is earlier; what is undecided then is open. Microseconds.
    pub horizon: i64,
    /// The months of the log in the zone of reports.
    pub months: Months,
    /// Only facts whose anchor is not earlier. Microseconds.
    pub since: Option<i64>,
    /// Only facts whose anchor is earlier; later events are not read. Microseconds.
    pub until: Option<i64>,
}

impl Settings {
    /// The settings of a configuration for one version of the store.
    #[must_use]
    pub fn new(config: &Config, snapshot: &Snapshot, since: Option<i64>, until: Option<i64>) -> Self {
        Self::of(config, &Extent::of(snapshot), since, until)
    }

    /// The same where the store itself is elsewhere.
    #[must_use]
    pub fn of(config: &Config, extent: &Extent, since: Option<i64>, until: Option<i64>) -> Self {
        let end = extent.horizon.unwrap_or_default();
        let horizon = until.map_or(end, |until| until.min(end));
        let log_began = extent.began.unwrap_or_default();
        Self {
            windows: config.windows,
            flows: config.flow.clone(),
            observable: observable::of_store(&extent.channel_kinds),
            compliance: config.compliance.clone(),
            timetable: config.service.timetable(log_began, end),
            callback: config.service.callback(config.windows.session_gap),
            log_began,
            beginnings: extent.beginnings.clone(),
            horizon,
            months: Months::new(&config.report.zone.0, log_began, horizon),
            since,
            until,
        }
    }

    /// Whether a fact anchored at this instant is asked for.
    #[must_use]
    pub fn in_scope(&self, anchor: i64) -> bool {
        self.since.is_none_or(|since| anchor >= since) && self.until.is_none_or(|until| anchor < until)
    }

    /// Whether the log goes on for the decision window after this instant.
    #[must_use]
    pub fn is_watched(&self, anchor: i64) -> bool {
        anchor.saturating_add(self.windows.decision()) <= self.horizon
    }
}

/// Fact tables while shards are added to them.
pub struct Facts<'f> {
    settings: &'f Settings,
    contact_months: Rows<'f, ContactMonth>,
    contacts: Rows<'f, Contact>,
    conversations: Rows<'f, Conversation>,
    messages: Rows<'f, Message>,
    opt_outs: Rows<'f, OptOut>,
    permissions: Rows<'f, Permission>,
    visits: Rows<'f, Visit>,
    /// Words that messages take.
    of_messages: Vec<&'static str>,
    /// What is found beyond the walk.
    wants: Wants,
    /// Stands in for columns of words that were not read.
    nulls: Vec<u32>,
}

impl<'f> Facts<'f> {
    /// Empty tables with the columns wanted.
    #[must_use]
    pub fn new(settings: &'f Settings, wanted: &Wanted) -> Self {
        let mut facts = Self {
            settings,
            contact_months: Rows::new(
                &contact_months::GRAIN,
                contact_months::READS,
                &wanted.of(&contact_months::GRAIN),
            ),
            contacts: Rows::new(&contacts::GRAIN, contacts::READS, &wanted.of(&contacts::GRAIN)),
            conversations: Rows::new(&conversations::GRAIN, conversations::READS, &wanted.of(&conversations::GRAIN)),
            messages: Rows::new(&messages::GRAIN, messages::READS, &wanted.of(&messages::GRAIN)),
            opt_outs: Rows::new(&opt_outs::GRAIN, opt_outs::READS, &wanted.of(&opt_outs::GRAIN)),
            permissions: Rows::new(&permissions::GRAIN, permissions::READS, &wanted.of(&permissions::GRAIN)),
            visits: Rows::new(&visits::GRAIN, visits::READS, &wanted.of(&visits::GRAIN)),
            of_messages: Vec::new(),
            wants: Wants::default(),
            nulls: Vec::new(),
        };
        let of_messages = |names: &[&str]| names.iter().any(|name| facts.messages.table.column(name).is_some());
        let of_visits = |names: &[&str]| names.iter().any(|name| facts.visits.table.column(name).is_some());
        let of_conversations =
            |names: &[&str]| names.iter().any(|name| facts.conversations.table.column(name).is_some());
        facts.wants = Wants {
            // A conversation is charged by the form of its messages where no category is told.
            permission: of_messages(&compliance::COLUMNS)
                || of_messages(&billing::COLUMNS)
                || facts.permissions.are_wanted(),
            billing: of_messages(&billing::COLUMNS),
            doses: of_messages(&timing::DOSES),
            local: of_messages(&timing::LOCAL),
            ways: of_visits(ways::COLUMNS),
            service: of_conversations(&service::COLUMNS),
        };
        // Conversations, visits and opt-outs have these from a message.
        let events = facts.events();
        let inherit = ["campaign", "variant"].into_iter().filter(|name| events.contains(name));
        facts.of_messages = facts.messages.events().chain(inherit).collect();
        facts.of_messages.extend(compliance::WORDS.iter().filter(|_| facts.wants.permission));
        facts.of_messages.extend(service::WORDS.iter().filter(|_| facts.wants.service));
        facts.of_messages.extend(billing::WORDS.iter().filter(|_| facts.wants.billing));
        facts
    }

    /// The columns of the events table with which shards have to be read.
    #[must_use]
    pub fn events(&self) -> Vec<&'static str> {
        let mut events: BTreeSet<&str> = BTreeSet::new();
        for (grain, are_wanted) in [
            (&contact_months::GRAIN, self.contact_months.are_wanted()),
            (&contacts::GRAIN, self.contacts.are_wanted()),
            (&conversations::GRAIN, self.conversations.are_wanted()),
            (&messages::GRAIN, self.messages.are_wanted()),
            (&opt_outs::GRAIN, self.opt_outs.are_wanted()),
            (&permissions::GRAIN, self.permissions.are_wanted()),
            (&visits::GRAIN, self.visits.are_wanted()),
        ] {
            events.extend(grain.events.iter().filter(|_| are_wanted));
        }
        events.extend(self.contact_months.events());
        events.extend(self.contacts.events());
        events.extend(self.conversations.events());
        events.extend(self.messages.events());
        events.extend(self.opt_outs.events());
        events.extend(self.permissions.events());
        events.extend(self.visits.events());
        // Which message is of a campaign is asked for without its name.
        events.extend(self.messages.table.column("campaign_opt_out_s").map(|_| "campaign"));
        let reported = [
            ("cost", "cost"),
            ("cost", "currency"),
            ("currency", "cost"),
            ("billable", "billable"),
            ("billing", "billable"),
        ];
        let is_wanted = |(name, _): &(&str, &str)| self.messages.table.column(name).is_some();
        events.extend(reported.into_iter().filter(is_wanted).map(|(_, event)| event));
        events.extend(compliance::EVENTS.iter().filter(|_| self.wants.permission));
        events.extend(service::WORDS.iter().filter(|_| self.wants.service));
        events.extend(billing::EVENTS.iter().filter(|_| self.wants.billing));
        events.extend(self.wants.local.then_some("country"));
        let asks_answers = chosen::COLUMNS.iter().any(|name| self.visits.table.column(name).is_some());
        events.extend(asks_answers.then_some("answer"));
        events.into_iter().collect()
    }

    /// Adds the facts of a shard that was read with the columns that [`Facts::events`] names.
    pub fn add(&mut self, shard: &Shard) {
        self.nulls.resize(self.nulls.len().max(shard.len()), NULL);
        let columns = Columns::of(shard, self.settings, &self.of_messages, self.wants, &self.nulls);
        let mut walk = Walk::new(shard, self.settings, &columns);
        let (mut months, mut permissions) = (contact_months::Found::default(), Vec::new());
        let is_limited = self.settings.since.is_some() || self.settings.until.is_some();
        for contact in shard.contacts() {
            let channel = columns.channel[contact.rows.start];
            let observable = columns.observable(channel);
            let owner = Owner { contact_key: contact.key, channel, observable, settings: self.settings };
            walk.contact(contact.rows.clone(), observable);
            if self.contact_months.are_wanted() {
                months.find(&walk);
            }
            if let Some(rules) = columns.rules.as_ref().filter(|_| self.permissions.are_wanted()) {
                permissions::find(&walk, rules, &mut permissions);
            }
            if is_limited {
                months.rows.retain(|month| self.settings.in_scope(self.settings.months.begins(month.month)));
                permissions.retain(|permission: &Permission| self.settings.in_scope(permission.began_at));
                walk.conversations.retain(|conversation| self.settings.in_scope(conversation.started_at));
                walk.messages.retain(|message| self.settings.in_scope(message.sent_at));
                walk.opt_outs.retain(|opt_out| self.settings.in_scope(opt_out.at));
                walk.visits.retain(|visit| self.settings.in_scope(visit.asked_at));
            }
            self.contact_months.add(months.rows.drain(..), owner, shard);
            self.contacts.add([walk.contact.clone()], owner, shard);
            self.conversations.add(walk.conversations.drain(..), owner, shard);
            self.messages.add(walk.messages.drain(..), owner, shard);
            self.opt_outs.add(walk.opt_outs.drain(..), owner, shard);
            self.permissions.add(permissions.drain(..), owner, shard);
            self.visits.add(walk.visits.drain(..), owner, shard);
        }
        self.contact_months.end_shard(shard);
        self.contacts.end_shard(shard);
        self.conversations.end_shard(shard);
        self.messages.end_shard(shard);
        self.opt_outs.end_shard(shard);
        self.permissions.end_shard(shard);
        self.visits.end_shard(shard);
    }

    /// The table with this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        Some(match name {
            "contact_months" => &self.contact_months.table,
            "contacts" => &self.contacts.table,
            "conversations" => &self.conversations.table,
            "messages" => &self.messages.table,
            "opt_outs" => &self.opt_outs.table,
            "permissions" => &self.permissions.table,
            "visits" => &self.visits.table,
            _ => return None,
        })
    }

    /// Rows of all tables.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        GRAINS.iter().filter_map(|grain| self.table(grain.name)).map(Table::n_rows).sum()
    }

    /// Empties all tables; their memory is used again.
    pub fn clear(&mut self) {
        self.contact_months.clear();
        self.contacts.clear();
        self.conversations.clear();
        self.messages.clear();
        self.opt_outs.clear();
        self.permissions.clear();
        self.visits.clear();
    }
}

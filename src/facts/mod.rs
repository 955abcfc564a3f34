//! Facts: what a contact's events mean, as five tables with one grain each.
//!
//! A contact's facts follow from that contact's events alone, so shards are built in parallel and their counts add up.
//! Knows nothing of SQL, rates or reports. The definitions are those of `docs` in each grain's file.

use std::collections::BTreeMap;

use crate::channels;
use crate::config::{Config, Windows};
use crate::event::Kind;
use crate::store::{Shard, Snapshot};

mod contact;
pub mod contacts;
pub mod conversations;
pub mod messages;
pub mod opt_outs;
mod receipts;
pub mod table;
pub mod visits;
mod walk;

pub use table::{Column, Form, NONE, Spec, Table};

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
}

/// The five fact tables, in alphabetical order.
pub static GRAINS: &[Grain] = &[contacts::GRAIN, conversations::GRAIN, messages::GRAIN, opt_outs::GRAIN, visits::GRAIN];

/// The fact table with this name.
#[must_use]
pub fn grain(name: &str) -> Option<&'static Grain> {
    GRAINS.iter().find(|grain| grain.name == name)
}

/// Columns of the events table that facts are made of.
pub const NEEDS: &[&str] = &[
    "channel",
    "account",
    "campaign",
    "template",
    "category",
    "flow",
    "flow_version",
    "question",
    "variant",
    "topic",
    "country",
    "language",
    "message_type",
    "error_code",
    "message_key",
    "reply_key",
    "up_to",
    "billable",
    "cost",
    "currency",
];

/// What facts depend on besides the events.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long things may take.
    pub windows: Windows,
    /// Flows whose questions are declared: name, version and last question.
    pub last_questions: Vec<(String, Option<String>, String)>,
    /// What the log of each channel can tell.
    pub observable: BTreeMap<String, Observable>,
    /// The last instant of the log, or `until` if that is earlier; what is undecided then is open. Microseconds.
    pub horizon: i64,
    /// Only facts whose anchor is not earlier. Microseconds.
    pub since: Option<i64>,
    /// Only facts whose anchor is earlier; later events are not read. Microseconds.
    pub until: Option<i64>,
}

/// What the log of one channel can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observable {
    /// Deliveries are reported.
    pub deliveries: bool,
    /// Opens are reported.
    pub opens: bool,
    /// Blocks by the contact are reported.
    pub blocks: bool,
}

impl Settings {
    /// The settings of a configuration for one version of the store.
    #[must_use]
    pub fn new(config: &Config, snapshot: &Snapshot, since: Option<i64>, until: Option<i64>) -> Self {
        let end = snapshot.horizon().unwrap_or_default();
        Self {
            windows: config.windows,
            last_questions: config
                .flow
                .iter()
                .filter_map(|flow| Some((flow.name.clone(), flow.version.clone(), flow.questions.last()?.clone())))
                .collect(),
            observable: observable(snapshot),
            horizon: until.map_or(end, |until| until.min(end)),
            since,
            until,
        }
    }

    /// Whether a fact anchored at this instant is asked for.
    #[must_use]
    pub fn in_scope(&self, anchor: i64) -> bool {
        self.since.is_none_or(|since| anchor >= since) && self.until.is_none_or(|until| anchor < until)
    }
}

/// A platform's log tells of opens if the platform reports them and the log holds receipts of any sort: a send log without
/// its webhooks says nothing about either. A log of any other origin tells what it holds.
fn observable(snapshot: &Snapshot) -> BTreeMap<String, Observable> {
    let mut kinds: BTreeMap<&str, Vec<Kind>> = BTreeMap::new();
    for (channel, kind) in snapshot.channel_kinds() {
        kinds.entry(channel).or_default().push(*kind);
    }
    kinds
        .into_iter()
        .map(|(name, kinds)| {
            let holds = |wanted: [Kind; 2]| wanted.iter().any(|kind| kinds.contains(kind));
            let opens = holds([Kind::MessageOpened, Kind::OpenedUpTo]);
            let receipts = opens || holds([Kind::MessageDelivered, Kind::DeliveredUpTo]);
            let observable = match channels::named(name).filter(|channel| channel.name != "generic") {
                Some(channel) => Observable {
                    deliveries: receipts && channel.reports_deliveries(),
                    opens: receipts && channel.reports_opens(),
                    blocks: channel.reports(Kind::OptedOutHard),
                },
                None => Observable { deliveries: receipts, opens, blocks: kinds.contains(&Kind::OptedOutHard) },
            };
            (name.to_owned(), observable)
        })
        .collect()
}

/// The fact tables of one shard.
#[derive(Debug)]
pub struct Facts {
    /// One row per contact.
    pub contacts: Table,
    /// One row per conversation.
    pub conversations: Table,
    /// One row per outbound message.
    pub messages: Table,
    /// One row per opt-out.
    pub opt_outs: Table,
    /// One row per visit to a question.
    pub visits: Table,
}

impl Facts {
    /// Builds the facts of a shard that was read with the columns [`NEEDS`].
    #[must_use]
    pub fn of(shard: &Shard, settings: &Settings) -> Self {
        let mut builder = contact::Builder::new(shard, settings);
        for rows in shard.contacts() {
            builder.contact(rows);
        }
        builder.finish()
    }

    /// The table with this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        Some(match name {
            "contacts" => &self.contacts,
            "conversations" => &self.conversations,
            "messages" => &self.messages,
            "opt_outs" => &self.opt_outs,
            "visits" => &self.visits,
            _ => return None,
        })
    }
}

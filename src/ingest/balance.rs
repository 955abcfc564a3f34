//! The balance sheet of an ingest: every record and every event is accounted for, in total and by source.
//!
//! Received = accepted + ignored + rejected; found = stored + duplicates.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Followed;
use crate::channels::Outcome;
use crate::store::Ledger;

/// How many different refused or ignored records are told apart; further ones count as different.
const MOST_DISTINCT: usize = 1 << 20;

/// Where every record and every event went.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Balance {
    /// Records.
    pub records: Records,
    /// Events.
    pub events: Events,
    /// How often each reason to ignore or reject a record was given.
    pub reasons: BTreeMap<String, u64>,
    /// The same by source, in the order of their names.
    pub sources: Vec<SourceBalance>,
    /// Ids that logs link with so many others that they are no person's: placeholders, or the business's own number. They
    /// link nobody. All that the store knows, if these logs told anything new of who is who; else 0.
    pub shared_ids: usize,
    /// The store's version afterwards; absent if nothing was written.
    pub version: Option<u64>,
    /// Why sources could not be read to their end, in words.
    #[serde(skip)]
    pub problems: Vec<String>,
    /// Records that were ignored or refused, each distinct one once, by a hash of their content.
    #[serde(skip)]
    set_aside: BTreeMap<u64, Outcome>,
    /// Those that are too many to be told apart.
    #[serde(skip)]
    beyond: Ledger,
}

/// Where every record went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Records {
    /// Records read.
    pub received: u64,
    /// Records that gave events.
    pub accepted: u64,
    /// Valid records that say nothing about conversations.
    pub ignored: u64,
    /// Records that were refused, wholly or in part.
    pub rejected: u64,
}

impl Balance {
    /// Records by the channel that they were recognised as, over all sources.
    #[must_use]
    pub fn channels(&self) -> BTreeMap<&'static str, u64> {
        let mut sum = BTreeMap::new();
        for (channel, n) in self.sources.iter().flat_map(|source| &source.channels) {
            *sum.entry(*channel).or_default() += n;
        }
        sum
    }
}

impl Records {
    /// Counts a record.
    pub fn count(&mut self, outcome: Outcome) {
        self.received += 1;
        *match outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Ignored(_) => &mut self.ignored,
            Outcome::Rejected(_) => &mut self.rejected,
        } += 1;
    }

    fn add(&mut self, other: Self) {
        self.received += other.received;
        self.accepted += other.accepted;
        self.ignored += other.ignored;
        self.rejected += other.rejected;
    }
}

/// Where every event went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    /// Events found in records.
    pub found: u64,
    /// Events that are new to the store.
    pub stored: u64,
    /// Events that the store, or an earlier record, had already.
    pub duplicates: u64,
}

/// The balance of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceBalance {
    /// Its name.
    pub source: String,
    /// Records by channel.
    pub channels: BTreeMap<&'static str, u64>,
    /// Where its records went.
    #[serde(flatten)]
    pub records: Records,
    /// What became of it as a log that is followed.
    #[serde(skip)]
    pub followed: Option<Followed>,
}

/// What one chunk of a source adds.
#[derive(Debug, Default)]
pub(super) struct ChunkBalance {
    pub(super) records: Records,
    pub(super) channels: BTreeMap<&'static str, u64>,
    pub(super) reasons: BTreeMap<String, u64>,
    /// Ignored and rejected records by a hash of their content.
    pub(super) set_aside: Vec<(u64, Outcome)>,
}

/// The key under which an outcome is counted; accepted records need none.
pub(super) fn reason(outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Accepted => None,
        Outcome::Ignored(what) => Some(what.to_owned()),
        Outcome::Rejected(reason) => Some(reason.code()),
    }
}

impl Balance {
    pub(super) fn new(sources: impl Iterator<Item = String>) -> Self {
        let sources = sources.map(|source| SourceBalance { source, ..SourceBalance::default() }).collect();
        Self { sources, ..Self::default() }
    }

    pub(super) fn add(&mut self, source: usize, chunk: ChunkBalance) {
        self.records.add(chunk.records);
        for (reason, n) in chunk.reasons {
            *self.reasons.entry(reason).or_default() += n;
        }
        for (hash, outcome) in chunk.set_aside {
            if self.set_aside.len() < MOST_DISTINCT {
                self.set_aside.entry(hash).or_insert(outcome);
            } else if !self.set_aside.contains_key(&hash) {
                enter(&mut self.beyond, outcome);
            }
        }
        if let Some(known) = self.sources.get_mut(source) {
            known.records.add(chunk.records);
            for (channel, n) in chunk.channels {
                *known.channels.entry(channel).or_default() += n;
            }
        }
    }

    /// Notes what became of the sources, in their order.
    pub(super) fn add_followed(&mut self, followed: Vec<Option<Followed>>) {
        for (source, followed) in self.sources.iter_mut().zip(followed) {
            source.followed = followed;
        }
    }

    /// Notes the events of all runs: those found and those stored.
    pub(super) fn add_events(&mut self, found: u64, stored: u64) {
        self.events.found += found;
        self.events.stored += stored;
        self.events.duplicates += found - stored;
    }

    /// Hashes of the records that were set aside.
    pub(super) fn set_aside(&self) -> BTreeSet<u64> {
        self.set_aside.keys().copied().collect()
    }

    /// What the store is to keep of the balance, each distinct record once: records that were set aside, but for those that
    /// the store counted before, and their hashes.
    pub(super) fn ledger(&self, counted: &BTreeSet<u64>) -> (Ledger, Vec<u64>) {
        let mut ledger = self.beyond.clone();
        let mut new = Vec::new();
        for (hash, outcome) in &self.set_aside {
            if !counted.contains(hash) {
                enter(&mut ledger, *outcome);
                new.push(*hash);
            }
        }
        (ledger, new)
    }
}

/// Counts a record that was set aside.
fn enter(ledger: &mut Ledger, outcome: Outcome) {
    match outcome {
        Outcome::Accepted => {}
        Outcome::Ignored(_) => ledger.ignored += 1,
        Outcome::Rejected(_) => ledger.rejected += 1,
    }
    if let Some(reason) = reason(outcome) {
        *ledger.reasons.entry(reason).or_default() += 1;
    }
}

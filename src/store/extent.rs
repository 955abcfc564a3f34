//! Extent: what one version of the store says of itself besides its events, which no part of the events can tell: where the log
//! begins and ends, and what it holds anywhere.

use std::collections::BTreeSet;

use super::Snapshot;
use super::contents::Beginnings;
use crate::event::Kind;

/// What holds of the whole store. Microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The first instant of any event; `None` in an empty store.
    pub began: Option<i64>,
    /// The last instant of any event; `None` in an empty store.
    pub horizon: Option<i64>,
    /// Which kinds of events the log of each channel really holds.
    pub channel_kinds: BTreeSet<(String, Kind)>,
    /// When the log of each account of each channel begins.
    pub beginnings: Beginnings,
}

impl Extent {
    /// That of a version.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        Self {
            began: snapshot.files().map(|file| file.instants.0).min(),
            horizon: snapshot.horizon(),
            channel_kinds: snapshot.channel_kinds().clone(),
            beginnings: snapshot.beginnings().clone(),
        }
    }
}

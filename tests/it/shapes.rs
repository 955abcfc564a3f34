//! The shapes of the program's JSON, as types that refuse unknown fields: none can appear or vanish unnoticed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::case::{Case, Ran};

/// What `ingest --json` prints: a field can neither appear nor vanish unnoticed.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Balance {
    pub(crate) records: Records,
    pub(crate) events: Events,
    pub(crate) reasons: BTreeMap<String, u64>,
    pub(crate) sources: Vec<Source>,
    pub(crate) shared_ids: u64,
    pub(crate) version: Option<u64>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Records {
    pub(crate) received: u64,
    pub(crate) accepted: u64,
    pub(crate) ignored: u64,
    pub(crate) rejected: u64,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Events {
    pub(crate) found: u64,
    pub(crate) stored: u64,
    pub(crate) duplicates: u64,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    #[serde(rename = "source")]
    pub(crate) name: String,
    pub(crate) channels: BTreeMap<String, u64>,
    pub(crate) received: u64,
    pub(crate) accepted: u64,
    pub(crate) ignored: u64,
    pub(crate) rejected: u64,
}

/// What `query --format json` prints of a rate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer<Row> {
    pub(crate) metric: String,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateRow {
    pub(crate) segment: BTreeMap<String, Option<String>>,
    pub(crate) numerator: u64,
    pub(crate) denominator: u64,
    pub(crate) value: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) measurable: bool,
    pub(crate) lower_bound: bool,
    pub(crate) upper_bound: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpreadRow {
    pub(crate) segment: BTreeMap<String, Option<String>>,
    pub(crate) n: u64,
    pub(crate) median: Option<i64>,
    pub(crate) p90: Option<i64>,
    pub(crate) p99: Option<i64>,
}

/// What `store log --json` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commit {
    pub(crate) version: u64,
    pub(crate) at: Option<String>,
    pub(crate) operation: String,
    pub(crate) ledger: Option<Ledger>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    pub(crate) accepted: u64,
    pub(crate) ignored: u64,
    pub(crate) rejected: u64,
    pub(crate) stored: u64,
    pub(crate) reasons: BTreeMap<String, u64>,
}

#[track_caller]
pub(crate) fn balance(ran: Ran) -> Balance {
    let balance: Balance = serde_json::from_str(&ran.expect(0).stdout).unwrap();
    let (records, events) = (&balance.records, &balance.events);
    assert_eq!(records.received, records.accepted + records.ignored + records.rejected, "{balance:?}");
    assert_eq!(events.found, events.stored + events.duplicates, "{balance:?}");
    assert_eq!(balance.reasons.values().sum::<u64>(), records.ignored + records.rejected, "{balance:?}");
    let sum = |count: fn(&Source) -> u64| balance.sources.iter().map(count).sum::<u64>();
    assert_eq!(sum(|source| source.received), records.received);
    assert_eq!(sum(|source| source.accepted), records.accepted);
    assert_eq!(sum(|source| source.ignored), records.ignored);
    assert_eq!(sum(|source| source.rejected), records.rejected);
    balance
}

/// The part of a balance that does not tell in how many turns the store was filled.
pub(crate) fn ledger(case: &Case, store: &str) -> Ledger {
    let log: Vec<Commit> = serde_json::from_str(&case.ask(&["store", "log", "--store", store, "--json"])).unwrap();
    let mut sum = Ledger::default();
    for ledger in log.into_iter().filter_map(|commit| commit.ledger) {
        sum.accepted += ledger.accepted;
        sum.ignored += ledger.ignored;
        sum.rejected += ledger.rejected;
        sum.stored += ledger.stored;
        for (reason, n) in ledger.reasons {
            *sum.reasons.entry(reason).or_default() += n;
        }
    }
    sum
}

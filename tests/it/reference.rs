//! A second opinion: every metric, counted by naive loops straight from the definitions, must equal what the engine counts.

mod billing;
mod contact;
mod conventions;
mod counts;
mod endings;
mod messy;
mod months;
mod passes;
mod permission;
mod service;
mod sides;
mod timing;
mod visits;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, RngAlgorithm, TestRng, TestRunner};
use trichter::config::Flow;
use trichter::event::SECOND;
use trichter::metrics::{Answer, Ask, Counts, Metric};

use crate::pipeline::{Event, Pipeline};
use contact::DAY;
use permission::Permission;

/// Breakdowns, with the fact tables that have their columns.
const BREAKDOWNS: &[(&[&str], &[&str])] = &[
    (&[], &["contacts", "conversations", "messages", "visits"]),
    (&["channel"], &["contacts", "conversations", "messages", "visits"]),
    (&["campaign"], &["conversations", "messages", "visits"]),
    (&["channel", "campaign"], &["conversations", "messages", "visits"]),
    (&["flow"], &["conversations", "messages", "visits"]),
    (&["flow", "question"], &["messages", "visits"]),
    (&["flow", "question", "ending"], &["visits"]),
];

/// What differs, in words; nothing if the two agree on every count of every metric.
fn disagreements(pipeline: &Pipeline, since: Option<i64>, until: Option<i64>) -> Vec<String> {
    let events = pipeline.events();
    let flows = &pipeline.config.flow;
    let has_hours = pipeline.config.service.zone.is_some();
    let metrics: Vec<Metric> = Metric::all().unwrap().into_iter().filter(|metric| metric.table != "opt_outs").collect();
    let mut found = Vec::new();
    // Asked together, each metric runs once for all its breakdowns, as in a report.
    let asks_by = |&(by, tables): &(&[&str], &[&str])| {
        let asked = metrics.iter().filter(|metric| tables.contains(&metric.table.as_str()));
        asked.map(|metric| Ask::new(&metric.id, by)).collect::<Vec<_>>()
    };
    let answers = pipeline.answer(&BREAKDOWNS.iter().flat_map(asks_by).collect::<Vec<_>>(), since, until);
    for (by, _) in BREAKDOWNS {
        let tally = counts::tally(&events, by, since, until, flows, has_hours);
        for answer in answers.iter().filter(|answer| answer.by == *by) {
            compare(answer, &tally, &mut found);
        }
    }
    found.extend(disagreements_of_months(pipeline, &events, since, until));
    found.extend(disagreements_by_variant(pipeline, &events, since, until, flows));
    found.extend(timing::disagreements(pipeline, &events, since, until));
    found
}

/// A fact has its variant from where it has its campaign. So the naive counts by campaign of a log whose campaigns are its
/// variants must be the engine's by variant, for every metric that does not ask for campaigns itself.
fn disagreements_by_variant(
    pipeline: &Pipeline,
    events: &[Event],
    since: Option<i64>,
    until: Option<i64>,
    flows: &[Flow],
) -> Vec<String> {
    let as_campaign = |event: &Event| Event { campaign: event.variant.clone(), ..event.clone() };
    let events: Vec<Event> = events.iter().map(as_campaign).collect();
    let has_hours = pipeline.config.service.zone.is_some();
    let tally = counts::tally(&events, &["campaign"], since, until, flows, has_hours);
    let has_variant = |metric: &Metric| ["conversations", "messages", "visits"].contains(&metric.table.as_str());
    let metrics = Metric::all().unwrap().into_iter();
    let asked = metrics.filter(|metric| has_variant(metric) && !metric.sql.contains("campaign"));
    let asks: Vec<Ask> = asked.map(|metric| Ask::new(&metric.id, &["variant"])).collect();
    let mut found = Vec::new();
    for answer in pipeline.answer(&asks, since, until) {
        compare(&answer, &tally, &mut found);
    }
    found
}

/// Contact months have breakdowns that nothing else has.
fn disagreements_of_months(
    pipeline: &Pipeline,
    events: &[Event],
    since: Option<i64>,
    until: Option<i64>,
) -> Vec<String> {
    let mut found = Vec::new();
    let metrics: Vec<Metric> =
        Metric::all().unwrap().into_iter().filter(|metric| metric.table == "contact_months").collect();
    let asks_by = |by: &&[&str]| metrics.iter().map(|metric| Ask::new(&metric.id, by)).collect::<Vec<_>>();
    let answers = pipeline.answer(&months::BREAKDOWNS.iter().flat_map(asks_by).collect::<Vec<_>>(), since, until);
    for by in months::BREAKDOWNS {
        let tally = months::tally(events, by, since, until);
        for answer in answers.iter().filter(|answer| answer.by == *by) {
            compare(answer, &tally, &mut found);
        }
    }
    found
}

fn compare(answer: &Answer, tally: &counts::Tally<'_>, found: &mut Vec<String>) {
    let metric = answer.metric.as_str();
    let mut rates: BTreeMap<Vec<Option<String>>, counts::Count> = BTreeMap::new();
    let mut values: BTreeMap<Vec<Option<String>>, BTreeMap<i64, u64>> = BTreeMap::new();
    for row in &answer.rows {
        match &row.counts {
            Counts::Rate(rate) if rate.denominator > 0 => {
                rates.insert(row.segment.clone(), (rate.numerator, rate.denominator));
            }
            Counts::Distribution(distribution) if distribution.n() > 0 => {
                values.insert(row.segment.clone(), distribution.0.clone());
            }
            _ => {}
        }
    }
    let mut expected = tally.counts.get(metric).cloned().unwrap_or_default();
    expected.retain(|_, (_, denominator)| *denominator > 0);
    if rates != expected {
        found.push(format!("{metric} by {:?}: engine {rates:?}, reference {expected:?}", answer.by));
    }
    let expected = tally.values.get(metric).cloned().unwrap_or_default();
    if values != expected {
        found.push(format!("{metric} by {:?}: engine {values:?}, reference {expected:?}", answer.by));
    }
}

fn ingested(lines: &[messy::Line]) -> Pipeline {
    let pipeline = Pipeline::new(messy::CONFIG);
    let log: Vec<String> = lines.iter().enumerate().map(|(number, line)| line.json(number)).collect();
    fs::write(pipeline.path("messy.ndjson"), log.join("\n")).unwrap();
    let balance = pipeline.ingest("messy.ndjson");
    assert_eq!(balance.records.accepted, lines.len() as u64, "every messy line is a valid one");
    pipeline
}

#[test]
fn every_metric_of_simulated_logs_equals_a_naive_count() {
    for seed in [1, 2, 3] {
        let pipeline = Pipeline::simulated(200, 30, seed);
        assert_eq!(disagreements(&pipeline, None, None), Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn what_decides_the_cost_of_messages_equals_a_naive_count() {
    for seed in [1, 2] {
        assert_eq!(billing::disagreements(&Pipeline::simulated(200, 30, seed)), Vec::<String>::new(), "seed {seed}");
    }
    let runs = Runs { cases: 64, failure_persistence: None, max_shrink_iters: 1_000, ..Runs::default() };
    let mut runner = TestRunner::new_with_rng(runs, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&messy::log(), |lines| {
        let found = billing::disagreements(&ingested(&lines));
        prop_assert!(found.is_empty(), "{}", found.join("\n"));
        Ok(())
    });
    result.unwrap();
}

#[test]
fn every_metric_of_a_range_of_time_equals_a_naive_count() {
    let pipeline = Pipeline::simulated(200, 30, 7);
    let events: Vec<Event> = pipeline.events();
    let first = events.iter().map(|event| event.at).min().unwrap();
    for (since, until) in [
        (None, Some(first + 11 * DAY + 7 * 3_600 * SECOND)),
        (Some(first + 9 * DAY), None),
        (Some(first + 5 * DAY), Some(first + 20 * DAY)),
    ] {
        assert_eq!(disagreements(&pipeline, since, until), Vec::<String>::new(), "{since:?}..{until:?}");
    }
}

#[test]
fn the_months_of_messy_logs_equal_a_naive_count() {
    let runs = Runs { cases: 48, failure_persistence: None, max_shrink_iters: 2_000, ..Runs::default() };
    let mut runner = TestRunner::new_with_rng(runs, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let days = (0..100_i64, prop::bool::ANY, prop::bool::ANY);
    let result = runner.run(&(messy::log(), days), |(mut lines, (day, has_since, has_until))| {
        // Four days become four months.
        for line in &mut lines {
            line.stretch = 31;
        }
        let pipeline = ingested(&lines);
        let since = has_since.then_some(messy::START + day * DAY / 2);
        let until = has_until.then_some(messy::START + (day + 20) * DAY);
        let found = disagreements_of_months(&pipeline, &pipeline.events(), since, until);
        prop_assert!(found.is_empty(), "{since:?}..{until:?}\n{}", found[..found.len().min(3)].join("\n"));
        Ok(())
    });
    result.unwrap();
}

#[test]
fn the_opt_outs_that_hold_at_the_end_of_messy_logs_are_those_of_the_table() {
    let runs = Runs { cases: 48, failure_persistence: None, max_shrink_iters: 2_000, ..Runs::default() };
    let mut runner = TestRunner::new_with_rng(runs, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&messy::log(), |lines| {
        let pipeline = ingested(&lines);
        let events = pipeline.events();
        let mut expected = BTreeSet::new();
        for own in events.chunk_by(|left, right| left.contact == right.contact) {
            let naive = Permission { events: own, all: &events, tells_replies: true, tells_opt_ins: true };
            let of_contact = naive.standing().into_iter();
            expected
                .extend(of_contact.map(|(account, reach, topic)| (own[0].contact, account, reach.to_owned(), topic)));
        }
        let rows = pipeline.rows("permissions").into_iter();
        let found: BTreeSet<_> = rows
            .filter(|row| row["holds"] == "true" && ["stopped", "blocked"].contains(&row["state"].as_str()))
            .map(|row| {
                let topic = row.get("topic").filter(|_| row["reach"] == "topic").cloned();
                (row["contact_key"].parse().unwrap(), row.get("account").cloned(), row["reach"].clone(), topic)
            })
            .collect();
        prop_assert_eq!(found, expected);
        Ok(())
    });
    result.unwrap();
}

#[test]
fn every_metric_of_messy_logs_equals_a_naive_count() {
    let runs = Runs { cases: 96, failure_persistence: None, max_shrink_iters: 300, ..Runs::default() };
    // The same cases each time: a test that fails once in a while wakes somebody without cause.
    let mut runner = TestRunner::new_with_rng(runs, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let days = (0..5_i64, prop::bool::ANY, prop::bool::ANY);
    let result = runner.run(&(messy::log(), days), |(lines, (day, has_since, has_until))| {
        let pipeline = ingested(&lines);
        let since = has_since.then_some(messy::START + day * DAY / 2);
        let until = has_until.then_some(messy::START + (day + 2) * DAY);
        let found = disagreements(&pipeline, since, until);
        prop_assert!(found.is_empty(), "{since:?}..{until:?}\n{}", found[..found.len().min(3)].join("\n"));
        Ok(())
    });
    result.unwrap();
}

//! PostHog's cases: the walk inside PostHog's pipeline, which groups by breakdown, counts people and averages times.
//!
//! Source of the pipeline: `funnel_udf.py` and `funnel_time_to_convert_udf.py` below `posthog/hogql_queries/insights/funnels/`
//! of PostHog/posthog.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trichter::event::SECOND;
use trichter::funnel::way::{Between, Entry, NOWHERE, Rules, Way};
use trichter::funnel::{posthog, posthog_unordered};

use super::{Event, Units, assert_all_passed, cases, matched, text, units};

/// At most so many bins are made of one's own accord.
const MOST_BINS: usize = 60;
/// The width of a bin where all times are one, in seconds.
const ONLY_BIN: f64 = 60.0;

struct Funnel<'a> {
    value: &'a Value,
    rules: Rules,
}

/// What one unit did, as the pipeline hands it on.
struct Passed {
    /// The steps that were done, as bits.
    steps: u32,
    /// The times between the mandatory steps that were done, in seconds.
    gaps: Vec<f64>,
}

#[test]
fn every_case_of_posthog_counts_what_posthog_counts() {
    let Some(cases) = cases("posthog") else { return };
    assert_eq!(cases.len(), 70);
    for mode in ["ordered", "strict", "unordered"] {
        let of_mode = cases.iter().filter(|case| case["funnel"]["mode"] == mode);
        let results: Vec<_> = of_mode.map(|case| (text(&case["name"]), agrees(case))).collect();
        assert_all_passed(&format!("posthog {mode}"), &results);
    }
}

impl<'a> Funnel<'a> {
    fn new(value: &'a Value) -> Self {
        let window = value["window_seconds"].as_i64().unwrap() * SECOND;
        let mut rules = Rules::plain(value["steps"].as_array().unwrap().len(), window);
        for step in value["optional_steps"].as_array().into_iter().flatten() {
            rules.optional |= 1 << (step.as_u64().unwrap() - 1);
        }
        let place = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        let between = |value: &Value| Between { from: place(&value["from_step"]), to: place(&value["to_step"]) };
        rules.exclusions = value["exclusions"].as_array().into_iter().flatten().map(between).collect();
        Self { value, rules }
    }

    fn entry(&self, row: u32, event: &Event) -> Entry {
        let exclusions = self.value["exclusions"].as_array().into_iter().flatten().zip(0..);
        let excludes =
            exclusions.fold(0, |bits, (exclusion, place)| bits | u32::from(exclusion["event"] == event.name) << place);
        Entry { at: event.at * SECOND, row, steps: matched(&event.name, &self.value["steps"]), excludes }
    }

    fn walk(&self, entries: &[Entry]) -> Way {
        match self.value["mode"].as_str().unwrap() {
            "ordered" => posthog::walk(false, &self.rules, entries),
            "strict" => posthog::walk(true, &self.rules, entries),
            _ => posthog_unordered::walk(&self.rules, entries),
        }
    }

    /// What some of a unit's events did; nothing if no step was reached.
    fn pass(&self, entries: &[Entry]) -> Option<Passed> {
        let way = self.walk(entries);
        let steps = (0..self.rules.n_steps).filter(|&step| way.entries[step] != NOWHERE);
        let steps = steps.fold(0, |bits, step| bits | 1 << step);
        let mandatory = (0..way.reached).filter(|step| self.rules.optional >> step & 1 == 0);
        let times: Vec<i64> = mandatory.map(|step| entries[way.entries[step] as usize].at).collect();
        let gaps = times.windows(2).map(|pair| seconds(pair[1] - pair[0])).collect();
        (way.reached > 0).then_some(Passed { steps, gaps })
    }

    /// The breakdown values under which a unit is looked at, each with the entries that it then has.
    ///
    /// First touch takes the value of the first event for the whole. All events takes every value with its own events. Step k
    /// takes every value that an event of this step has, and only events of that value fill the step. (A strict funnel of
    /// PostHog's would still let such an event of another value keep the step held; no case asks for that.)
    fn groups(&self, events: &[Event]) -> Vec<(String, Vec<Entry>)> {
        let all: Vec<Entry> = (0..).zip(events).map(|(row, event)| self.entry(row, event)).collect();
        let value = |event: &Event| event.breakdown.clone().unwrap_or_default();
        let values = |fits: &dyn Fn(&Entry) -> bool| -> BTreeSet<String> {
            all.iter().zip(events).filter(|(entry, _)| fits(entry)).map(|(_, event)| value(event)).collect()
        };
        let attribution = self.value["breakdown_attribution"].as_str().unwrap_or_default();
        if attribution == "all_events" {
            let own = |of: &String| {
                let pairs = all.iter().zip(events).filter(|(_, event)| value(event) == *of);
                pairs.map(|(entry, _)| *entry).collect::<Vec<_>>()
            };
            return values(&|_| true).into_iter().map(|of| (of.clone(), own(&of))).collect();
        }
        let Some(step) = attribution.strip_prefix("step_") else {
            return vec![(events.first().map(value).unwrap_or_default(), all)];
        };
        let step: u32 = 1 << step.parse::<u32>().unwrap();
        let own = |of: &String| {
            let mut entries = all.clone();
            for (entry, _) in entries.iter_mut().zip(events).filter(|(_, event)| value(event) != *of) {
                entry.steps &= !step;
            }
            entries
        };
        values(&|entry| entry.steps & step != 0).into_iter().map(|of| (of.clone(), own(&of))).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "the times of the cases are far below 2^53 microseconds")]
fn seconds(duration: i64) -> f64 {
    duration as f64 / SECOND as f64
}

fn agrees(case: &Value) -> Result<(), String> {
    let funnel = Funnel::new(&case["funnel"]);
    let expected = &case["expected"];
    let units = units(case);
    if let Some(groups) = expected["by_breakdown"].as_object() {
        return breakdowns_agree(&funnel, &units, groups);
    }
    let passed: BTreeMap<&String, Passed> = units
        .iter()
        .filter_map(|(unit, events)| Some((unit, funnel.pass(&funnel.groups(events).remove(0).1)?)))
        .collect();
    for step in 0..funnel.rules.n_steps {
        let there: BTreeSet<&str> =
            passed.iter().filter(|(_, passed)| passed.steps >> step & 1 == 1).map(|(unit, _)| unit.as_str()).collect();
        if expected["step_counts"][step].as_u64().is_some_and(|count| count != there.len() as u64) {
            return Err(format!("step {} counts {} instead of {}", step + 1, there.len(), expected["step_counts"]));
        }
        if let Some(listed) = expected["users_at_step"][(step + 1).to_string()].as_array() {
            let listed: BTreeSet<&str> = listed.iter().map(|unit| unit.as_str().unwrap()).collect();
            if listed != there {
                return Err(format!("step {} has {there:?} instead of {listed:?}", step + 1));
            }
        }
    }
    let passed: Vec<Passed> = passed.into_values().collect();
    let Some(steps) = case["funnel"]["time_to_convert_steps"].as_array() else {
        return times_agree(&passed, expected);
    };
    let place = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let (from, to) = (place(&steps[0]), place(&steps[1]));
    let times: Vec<f64> = passed
        .iter()
        .filter(|passed| passed.gaps.len() >= to)
        .map(|passed| passed.gaps[from..to].iter().sum())
        .collect();
    let wanted = case["funnel"]["bin_count"].as_u64().map(|count| usize::try_from(count).unwrap());
    let found: Vec<(f64, u64)> = bins(&times, wanted);
    let listed: Vec<(f64, u64)> = serde_json::from_value(expected["bins"].clone()).unwrap();
    if found != listed {
        return Err(format!("the bins are {found:?} instead of {listed:?}"));
    }
    same("average", mean(&times), &expected["average_conversion_time"])
}

fn breakdowns_agree(funnel: &Funnel, units: &Units, expected: &serde_json::Map<String, Value>) -> Result<(), String> {
    let mut counts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for events in units.values() {
        for (value, entries) in funnel.groups(events) {
            let Some(passed) = funnel.pass(&entries) else { continue };
            let counts = counts.entry(value).or_insert_with(|| vec![0; funnel.rules.n_steps]);
            for (step, count) in counts.iter_mut().enumerate() {
                *count += u64::from(passed.steps >> step & 1);
            }
        }
    }
    let is_same = counts.keys().eq(expected.keys())
        && counts.values().zip(expected.values()).all(|(found, expected)| {
            let expected = expected.as_array().unwrap();
            expected.iter().zip(found).all(|(expected, found)| expected.is_null() || *expected == *found)
        });
    if is_same { Ok(()) } else { Err(format!("the groups are {counts:?} instead of {expected:?}")) }
}

/// Times to each step from the one before it. PostHog leaves out those that took no time at all.
fn times_agree(passed: &[Passed], expected: &Value) -> Result<(), String> {
    for step in 1..32 {
        let gaps = passed.iter().filter_map(|passed| passed.gaps.get(step - 1).copied());
        let gaps: Vec<f64> = gaps.filter(|gap| *gap > 0.0).collect();
        same("average", mean(&gaps), &expected["average_conversion_time"][step])?;
        same("median", median(gaps), &expected["median_conversion_time"][step])?;
    }
    Ok(())
}

fn same(what: &str, found: Option<f64>, expected: &Value) -> Result<(), String> {
    let is_same = expected.as_f64().is_none_or(|expected| found.is_some_and(|found| (found - expected).abs() < 1e-6));
    if is_same { Ok(()) } else { Err(format!("the {what} is {found:?} instead of {expected}")) }
}

#[expect(clippy::cast_precision_loss, reason = "there are few")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The middle value; between the two middle ones where their number is even.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// Bins of one width, from the shortest time on: as many as asked for, else the cube root of the number of times, rounded up.
/// One more begins where they end, because the longest time may stand exactly there. Each is given with where it begins.
#[expect(clippy::cast_precision_loss, reason = "there are few")]
fn bins(times: &[f64], wanted: Option<usize>) -> Vec<(f64, u64)> {
    let automatic = (1..=MOST_BINS).find(|n| n * n * n >= times.len()).unwrap_or(MOST_BINS);
    let n = wanted.unwrap_or(automatic);
    let shortest = times.iter().copied().fold(f64::INFINITY, f64::min).floor();
    let longest = times.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
    let width = ((longest - shortest) / n as f64).ceil();
    let width = if width > 0.0 { width } else { ONLY_BIN };
    let begins = (0..=n).map(|bin| bin as f64 * width + shortest);
    begins
        .map(|begin| (begin, times.iter().filter(|time| (begin..begin + width).contains(time)).count() as u64))
        .collect()
}

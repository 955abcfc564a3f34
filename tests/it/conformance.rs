//! Do the dialects of the funnel answer as the originals do? By their own test suites, by ClickHouse itself, and by laws.
//!
//! The cases of the test suites lie in the folder that `TRICHTER_FUNNEL_CASES` names: `clickhouse.json` and `posthog.json`.
//! ClickHouse answers if `TRICHTER_CLICKHOUSE` names a Python interpreter that has `chdb`.

// Random sequences through ClickHouse itself.
mod engine;
// What must hold for any sequence.
mod laws;
// The same events, the dialects' different answers.
mod manners;
// PostHog's pipeline around the walk.
mod posthog;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use trichter::funnel::clickhouse::{self, Modes};
use trichter::funnel::way::{Entry, Rules};

/// Events in order of time, by whom.
type Units = BTreeMap<String, Vec<Event>>;

struct Event {
    at: i64,
    name: String,
    breakdown: Option<String>,
}

/// The cases of a dialect, or nothing if there are none here, which is said aloud.
fn cases(dialect: &str) -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("TRICHTER_FUNNEL_CASES") else {
        eprintln!("skipped: TRICHTER_FUNNEL_CASES names no folder, so {dialect}'s own cases were not tried");
        return None;
    };
    let path = PathBuf::from(folder).join(format!("{dialect}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}

/// The events of a case. Where the originals have one stable sort by time, so has this.
fn units(case: &Value) -> Units {
    let mut units = Units::new();
    for event in case["events"].as_array().unwrap() {
        units.entry(text(&event["user"])).or_default().push(Event {
            at: event["ts"].as_i64().unwrap(),
            name: text(&event["event"]),
            breakdown: event["breakdown"].as_str().map(str::to_owned),
        });
    }
    for events in units.values_mut() {
        events.sort_by_key(|event| event.at);
    }
    units
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The steps that an event can fill, as bits.
fn matched(event: &str, steps: &Value) -> u32 {
    let is_match = |step: &Value| match step {
        Value::String(name) => name == event,
        _ if step["any"] == true => true,
        _ => step["any_of"].as_array().unwrap().iter().any(|name| name == event),
    };
    let steps = steps.as_array().unwrap().iter().zip(0..);
    steps.fold(0, |bits, (step, place)| bits | u32::from(is_match(step)) << place)
}

/// One line for each case that failed, under one that says how many passed.
fn assert_all_passed(dialect: &str, results: &[(String, Result<(), String>)]) {
    let failed: Vec<String> =
        results.iter().filter_map(|(name, result)| Some(format!("{name}: {}", result.as_ref().err()?))).collect();
    eprintln!("{:<18}{:>4} cases{:>4} passed", dialect, results.len(), results.len() - failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_case_of_clickhouse_reaches_the_level_that_clickhouse_says() {
    let Some(cases) = cases("clickhouse") else { return };
    assert_eq!(cases.len(), 43);
    let results: Vec<_> = cases.iter().map(|case| (text(&case["name"]), levels_agree(case))).collect();
    assert_all_passed("clickhouse", &results);
}

fn levels_agree(case: &Value) -> Result<(), String> {
    let funnel = &case["funnel"];
    let words = funnel["mode"].as_array().unwrap().iter().map(text);
    let dialect = words.fold("clickhouse".to_owned(), |dialect, word| format!("{dialect}.{word}"));
    let modes: Modes = dialect.parse()?;
    let steps = &funnel["steps"];
    // Times and windows are in one unit, whichever it is.
    let rules = Rules::plain(steps.as_array().unwrap().len(), funnel["window_seconds"].as_i64().unwrap());
    let found: BTreeMap<String, usize> = units(case)
        .into_iter()
        .map(|(unit, events)| {
            let entries: Vec<Entry> = (0..)
                .zip(&events)
                .map(|(row, event)| Entry { at: event.at, row, steps: matched(&event.name, steps), excludes: 0 })
                .collect();
            (unit, clickhouse::walk(modes, &rules, &entries).reached)
        })
        .collect();
    let expected: BTreeMap<String, usize> = serde_json::from_value(case["expected"]["per_user_level"].clone()).unwrap();
    for (unit, level) in &expected {
        // A unit without any row has no level in SQL, either.
        let found = found.get(unit).copied().unwrap_or(0);
        if found != *level {
            return Err(format!("{unit} reaches {found} instead of {level}"));
        }
    }
    Ok(())
}

#[test]
fn a_dialect_that_clickhouse_would_refuse_is_refused_with_what_there_is() {
    let parse = |name: &str| name.parse::<Modes>();
    let both = Modes { strict_order: true, allow_reentry: true, ..Modes::default() };
    assert_eq!(parse("clickhouse"), Ok(Modes::default()));
    assert_eq!(parse("clickhouse.strict_order.allow_reentry"), Ok(both));
    assert_eq!(parse("clickhouse.allow_reentry.strict_order"), Ok(both));
    for (name, says) in [
        ("clickhouse.allow_reentry", "strict_order"),
        ("clickhouse.strict", "strict_deduplication"),
        ("clickhouse.lax", "strict_order, strict_deduplication, strict_increase, strict_once, allow_reentry"),
        ("clickhouse.", "strict_once"),
        ("posthog", "clickhouse.MODE"),
    ] {
        let error = parse(name).unwrap_err();
        assert!(error.contains(says), "{name}: {error}");
    }
}

//! Every channel, from raw samples to stored events: as snapshots to be read by people, and under damage.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use trichter::channels::{ALL, Arena, Out, Outcome, Reading, Record, parse};
use trichter::config::{Config, ContactIds};
use trichter::event::Time;
use trichter::ingest::input::Source;
use trichter::ingest::{self, Balance, Plan, Reject};
use trichter::store::{Key, Store};

use super::case::{Case, hand_written, relative, root, rows, show};

const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// The rules of the samples, with ids kept so that a snapshot can be compared with its raw lines.
fn config() -> Config {
    let mut config = Config::load(&root().join("sample-data/trichter.toml")).unwrap();
    config.privacy.contact_ids = ContactIds::Plain;
    config
}

fn ingest_file(path: PathBuf, name: &str, store: &Path) -> (Balance, Vec<Reject>) {
    let mut rejects = Vec::new();
    let plan = Plan {
        sources: &[Source::File { path, name: name.to_owned() }],
        channel: None,
        config: &config(),
        key: &Key::from_hex(KEY).unwrap(),
        now: trichter::event::Time(i64::MAX),
        stdin: &|| Box::new(std::io::empty()),
        following: None,
        progress: &|_| {},
    };
    let mut store = Store::open_or_create(store).unwrap();
    let balance = ingest::ingest(&mut store, &plan, &mut |reject| {
        rejects.push(reject);
        Ok(())
    });
    (balance.unwrap(), rejects)
}

#[track_caller]
fn adds_up(balance: &Balance) {
    let (records, events) = (balance.records, balance.events);
    assert_eq!(records.received, records.accepted + records.ignored + records.rejected);
    assert_eq!(events.found, events.stored + events.duplicates);
    assert_eq!(balance.reasons.values().sum::<u64>(), records.ignored + records.rejected);
    assert_eq!(balance.sources.iter().map(|source| source.records.received).sum::<u64>(), records.received);
}

#[test]
fn hand_written_samples_give_the_events_that_their_lines_tell() {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    for path in hand_written() {
        let case = Case::new();
        let name = relative(&path);
        let (balance, rejects) = ingest_file(path, &name, &case.path("store"));
        adds_up(&balance);
        let mut text = show(rows(&case.path("store")));
        text.push_str("\nrejects\n");
        for reject in rejects {
            let start: String = reject.excerpt.chars().take(60).collect();
            writeln!(text, "{:>3}  {}  {}", reject.line, reject.reason, start.trim_end()).unwrap();
        }
        writeln!(text, "\n{:?}\n{:?}\n{:?}", balance.records, balance.events, balance.reasons).unwrap();
        writeln!(text, "{:?}", balance.sources[0].channels).unwrap();
        settings.bind(|| insta::assert_snapshot!(name.replace("sample-data/", "").replace('/', "__"), text));
    }
}

/// The records of the hand-written samples that are JSON.
fn records() -> Vec<Value> {
    let texts = hand_written().into_iter().map(|path| fs::read_to_string(path).unwrap());
    let lines: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let records: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    records.into_iter().filter(Value::is_object).collect()
}

/// What is done to one place of a record.
#[derive(Clone, Debug)]
enum Damage {
    Drop,
    Replace(Value),
    Garble,
    Wrap,
    Double,
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!(1_772_438_400)),
        Just(json!("")),
        Just(json!([])),
        Just(json!({})),
        Just(json!("1772438400.5")),
        "\\PC{0,12}".prop_map(Value::from),
    ]
}

/// Any JSON, with the names that platforms use among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        prop::sample::select(vec![
            "object",
            "entry",
            "changes",
            "value",
            "messages",
            "statuses",
            "messaging",
            "message",
            "update_id",
            "chat",
            "from",
            "id",
            "timestamp",
            "date",
            "kind",
            "at",
            "contact_id",
            "direction",
            "conversation",
            "request",
            "response",
            "method",
            "sender",
            "recipient",
            "text",
            "field",
            "contacts",
            "callback_query",
            "data",
            "result",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    junk().prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<String, Value>>())),
        ]
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::Drop),
        junk().prop_map(Damage::Replace),
        any_json().prop_map(Damage::Replace),
        Just(Damage::Garble),
        Just(Damage::Wrap),
        Just(Damage::Double),
    ]
}

/// JSON pointers of every place below a value.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    let mut go = |key: String, inner: &Value| {
        let place = format!("{here}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(place.clone());
        places(inner, &place, found);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, inner)| go(key.clone(), inner)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inner)| go(index.to_string(), inner)),
        _ => {}
    }
}

/// Does the damage at a place that the number picks.
fn hurt(record: &mut Value, pick: prop::sample::Index, damage: &Damage) {
    let mut found = Vec::new();
    places(record, "", &mut found);
    if found.is_empty() {
        return;
    }
    let place = pick.get(&found);
    if let Damage::Drop = damage {
        let (parent, key) = place.rsplit_once('/').unwrap();
        match record.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.remove(&key.replace("~1", "/").replace("~0", "~"))),
            Value::Array(items) => drop(items.remove(key.parse().unwrap())),
            _ => {}
        }
        return;
    }
    let value = record.pointer_mut(place).unwrap();
    *value = match damage {
        Damage::Replace(other) => other.clone(),
        Damage::Garble => match value {
            Value::String(text) => json!(text.chars().rev().chain("\u{0}é🙂".chars()).collect::<String>()),
            Value::Number(number) => json!(number.to_string()),
            ref other => json!(other.to_string()),
        },
        Damage::Wrap => json!([value]),
        _ => json!([value, value]),
    };
}

/// Hands a record to every channel, whether the channel knows it or not.
fn parse_everywhere(record: &Value) -> Result<(), TestCaseError> {
    let text = record.to_string();
    let arena = Arena::default();
    let Ok(body) = parse(&text, &arena) else { return Ok(()) };
    parse_value_everywhere(&body, &arena)
}

/// As [`parse_everywhere`], of any value. Every event is of a kind that its channel claims, and of a time that is believed.
pub(crate) fn parse_value_everywhere(body: &trichter::channels::Value<'_>, arena: &Arena) -> Result<(), TestCaseError> {
    let now = Time::parse("2030-01-01T00:00:00Z", None).unwrap();
    let first = Time::parse("2009-01-01T00:00:00Z", None).unwrap();
    let mut reading = Reading { zone: Some(jiff::tz::TimeZone::UTC), ..Reading::default() };
    reading.chat_export.business = vec!["Lumio GmbH".to_owned()];
    for channel in ALL {
        for received_at in [None, Some(now)] {
            let record = Record { body, received_at, source: "test", reading: &reading, arena };
            let _ = (channel.recognises)(&record);
            let mut found = Vec::new();
            let mut emit = |event: trichter::event::Event<'_>| found.push((event.kind, event.at));
            let mut out = Out::new(&mut emit).until(now);
            (channel.parse)(&record, &mut out);
            match out.outcome() {
                Outcome::Accepted => prop_assert!(!found.is_empty()),
                Outcome::Ignored(what) => prop_assert!(found.is_empty() && !what.is_empty()),
                Outcome::Rejected(reason) => prop_assert!(!reason.code().is_empty()),
            }
            for (kind, at) in found {
                prop_assert!(channel.reports(kind), "{} gave {kind}, which it says it cannot", channel.name);
                prop_assert!(at >= first && at <= now, "{} gave {kind} at {at}", channel.name);
            }
        }
    }
    Ok(())
}

/// The channels that say that a record is theirs; logs of any platform do not count.
pub(crate) fn recognised_by(body: &trichter::channels::Value<'_>) -> Vec<&'static str> {
    let (reading, arena) = (Reading::default(), Arena::default());
    let record = Record { body, received_at: None, source: "test", reading: &reading, arena: &arena };
    let known = ALL.iter().filter(|channel| !channel.is_last_resort() && (channel.recognises)(&record));
    known.map(|channel| channel.name).collect()
}

#[test]
fn each_sample_is_at_most_one_channels() {
    for record in records() {
        let text = record.to_string();
        let arena = Arena::default();
        let known = recognised_by(&parse(&text, &arena).unwrap());
        assert!(known.len() < 2, "{known:?}: {text}");
    }
}

fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(settings(1500))]

    #[test]
    fn no_channel_panics_on_a_damaged_sample(
        pick in any::<prop::sample::Index>(),
        hurts in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..5),
    ) {
        let mut record = pick.get(&records()).clone();
        for (place, damage) in &hurts {
            hurt(&mut record, *place, damage);
        }
        parse_everywhere(&record)?;
    }

    #[test]
    fn no_channel_panics_on_any_json(record in any_json()) {
        parse_everywhere(&record)?;
    }
}

proptest! {
    #![proptest_config(settings(12))]

    #[test]
    fn balances_of_damaged_logs_add_up(
        hurts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), damage()), 20..120),
        cut in any::<prop::sample::Index>(),
    ) {
        let samples = records();
        let mut log: Vec<u8> = Vec::new();
        for (pick, place, damage) in &hurts {
            let mut record = pick.get(&samples).clone();
            hurt(&mut record, *place, damage);
            log.extend(record.to_string().bytes());
            log.push(b'\n');
        }
        // One byte is lost, somewhere.
        log.remove(cut.index(log.len()));
        let case = Case::new();
        case.write("log.ndjson", &log);
        let (balance, rejects) = ingest_file(case.path("log.ndjson"), "log.ndjson", &case.path("store"));
        adds_up(&balance);
        prop_assert_eq!(rejects.len() as u64, balance.records.rejected);
        prop_assert_eq!(rows(&case.path("store")).len() as u64, balance.events.stored);
        let (again, _) = ingest_file(case.path("log.ndjson"), "log.ndjson", &case.path("store"));
        prop_assert_eq!(again.events.stored, 0);
        prop_assert_eq!(again.records, balance.records);
    }
}

//! Comparisons see what was planted in logs, and nothing where nothing was.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;
use trichter::config::Config;
use trichter::facts::Settings;
use trichter::measures::Measured;
use trichter::measures::comparison::{Against, Comparison};
use trichter::metrics::{self, Answers, Ask, Counts, Rate, Scope};
use trichter::rate::Moments;
use trichter::store::{AsOf, Snapshot, Store};

use crate::case::Case;
use crate::pipeline::Pipeline;

const DAY: i64 = 86_400_000_000;

/// The second of June 2026, which divides the planted ranges.
const MIDDLE: i64 = 1_780_358_400_000_000;

/// A message of a log with whether it was opened.
struct Message {
    contact: u64,
    at: i64,
    campaign: &'static str,
    variant: &'static str,
    opened: bool,
}

fn ingested(messages: impl IntoIterator<Item = Message>) -> Pipeline {
    let pipeline = Pipeline::new("");
    let mut log = String::new();
    for (number, message) in messages.into_iter().enumerate() {
        let Message { contact, at, campaign, variant, opened } = message;
        let at = trichter::event::Time(at);
        let head = format!(
            r#""at":"{at}","channel":"generic","account":"a","contact_id":"c{contact}","message_id":"m{number}""#
        );
        let variant = if variant.is_empty() { String::new() } else { format!(r#","variant":"{variant}""#) };
        writeln!(log, r#"{{"kind":"message_sent",{head},"campaign":"{campaign}"{variant}}}"#).unwrap();
        writeln!(log, r#"{{"kind":"message_delivered",{head}}}"#).unwrap();
        if opened {
            writeln!(log, r#"{{"kind":"message_opened",{head}}}"#).unwrap();
        }
    }
    // The log goes on for long enough to compare what was sent.
    let later = trichter::event::Time(MIDDLE + 30 * DAY);
    let joins = r#""channel":"generic","account":"a","contact_id":"later""#;
    writeln!(log, r#"{{"kind":"opted_in","at":"{later}",{joins}}}"#).unwrap();
    fs::write(pipeline.path("log.ndjson"), log).unwrap();
    let balance = pipeline.ingest("log.ndjson");
    assert_eq!(balance.records.rejected, 0, "{balance:?}");
    pipeline
}

fn compare(pipeline: &Pipeline, against: &str, rates: &[&str], since: Option<i64>, until: Option<i64>) -> Measured {
    let comparison = Comparison::of_rates(Against::parse(against), rates).unwrap();
    let asks = comparison.asks();
    let now = pipeline.answer(&asks, since, until);
    let before = match (since, until) {
        (Some(since), Some(until)) => pipeline.answer(&asks, Some(since - (until - since)), Some(since)),
        _ => Vec::new(),
    };
    comparison.of(&Answers::new(&now), &Answers::new(&before)).unwrap()
}

fn rows(measured: &Measured, table: &str) -> Vec<Value> {
    let json = serde_json::to_value(measured).unwrap();
    let tables = json["tables"].as_array().unwrap();
    let table = tables.iter().find(|found| found["id"] == table).unwrap_or_else(|| panic!("no table {table}"));
    table["rows"].as_array().unwrap().clone()
}

/// Newsletters are opened by 20 % and reminders by 80 %, a little more in the second week; most of the first week's messages
/// are reminders, most of the second's newsletters.
fn simpson() -> Pipeline {
    let cell = |week: i64, campaign: &'static str, n: u64, opened: u64, first: u64| {
        (0..n).map(move |contact| Message {
            contact: first + contact,
            at: MIDDLE + (week - 1) * 7 * DAY + DAY,
            campaign,
            variant: "",
            opened: contact < opened,
        })
    };
    let before = cell(0, "newsletter", 200, 40, 0).chain(cell(0, "reminder", 800, 640, 1_000));
    ingested(before.chain(cell(1, "newsletter", 800, 200, 2_000)).chain(cell(1, "reminder", 200, 170, 3_000)))
}

#[test]
fn a_shift_of_the_mix_is_told_from_gains_inside_every_campaign() {
    let measured = compare(&simpson(), "previous", &["open_rate"], Some(MIDDLE), Some(MIDDLE + 7 * DAY));
    let total = &rows(&measured, "differences")[0];
    assert_eq!((&total["rate"]["numerator"], &total["baseline"]["numerator"]), (&370.into(), &680.into()));
    assert!((total["difference"]["value"].as_f64().unwrap() + 0.31).abs() < 1e-12);
    assert_eq!(total["verdict"], "lower");
    let parts = rows(&measured, "decomposition");
    let [channel, campaign] = parts.as_slice() else { panic!("{parts:?}") };
    let number = |row: &Value, name: &str| row[name]["value"].as_f64().unwrap();
    // Each week and campaign by hand: weights 0.2/0.8 then 0.8/0.2, rates 0.2/0.8 then 0.25/0.85.
    assert!((number(campaign, "mix") + 0.36).abs() < 1e-12, "{campaign}");
    assert!((number(campaign, "within") - 0.05).abs() < 1e-12, "{campaign}");
    assert!(number(channel, "mix").abs() < 1e-12 && (number(channel, "within") + 0.31).abs() < 1e-12, "{channel}");
    let inside = rows(&measured, "differences_by_segment");
    assert!(inside.iter().all(|row| row["difference"]["value"].as_f64().unwrap() > 0.0), "{inside:?}");
}

#[test]
fn weeks_that_are_alike_do_not_differ() {
    let messages = (0..2_000).map(|number| Message {
        contact: number % 1_000,
        at: MIDDLE + if number < 1_000 { -3 * DAY } else { 4 * DAY },
        campaign: if number % 2 == 0 { "newsletter" } else { "reminder" },
        variant: "",
        opened: (number * 7_919 + number / 1_000) % 10 < 4,
    });
    let measured =
        compare(&ingested(messages), "previous", &["open_rate", "reply_rate"], Some(MIDDLE), Some(MIDDLE + 7 * DAY));
    for (table, n) in [("differences", 1), ("differences_by_segment", 2)] {
        let rows = rows(&measured, table);
        assert_eq!(rows.iter().filter(|row| row["metric"] == "open_rate" && !row["verdict"].is_null()).count(), n);
        for row in rows {
            assert!(row["verdict"].is_null() || row["verdict"] == "no difference", "{row}");
        }
    }
}

/// A bot that asks a question of 400 contacts of each variant, of the new one ten days later. Half of both answer at once; the
/// others never do. The log ends `days` after the last question.
fn asked_ten_days_apart(days: i64) -> Pipeline {
    let pipeline = Pipeline::new("");
    let mut log = String::new();
    let at = |seconds: i64| trichter::event::Time(MIDDLE + seconds * 1_000_000);
    for contact in 0..800 {
        let (variant, asked) = if contact < 400 { ("old", 0) } else { ("new", 10 * 86_400) };
        let mut line = |kind: &str, seconds: i64| {
            let head = format!(r#""at":"{}","channel":"generic","account":"a","contact_id":"c{contact}""#, at(seconds));
            let tags = format!(r#""flow":"f","question":"size","variant":"{variant}""#);
            writeln!(log, r#"{{"kind":"{kind}",{head},"message_id":"m{contact}",{tags}}}"#).unwrap();
        };
        line("message_sent", asked);
        line("question_asked", asked);
        if contact % 2 == 0 {
            line("question_answered", asked + 30);
        }
    }
    let joins = r#""channel":"generic","account":"a","contact_id":"later""#;
    writeln!(log, r#"{{"kind":"opted_in","at":"{}",{joins}}}"#, at((10 + days) * 86_400)).unwrap();
    fs::write(pipeline.path("log.ndjson"), log).unwrap();
    assert_eq!(pipeline.ingest("log.ndjson").records.rejected, 0);
    pipeline
}

#[test]
fn who_was_asked_on_the_last_day_is_not_held_against_those_who_had_time_to_fall_silent() {
    let drop_off = "question_drop_off_rate";
    let young = asked_ten_days_apart(0);
    // The plain rate knows of the young only those who answered at once: it is no fair side of a comparison.
    let plain = young.answer(&[Ask::new(drop_off, &["variant"])], None, None);
    let rates: Vec<_> = plain[0].rows.iter().map(|row| row.counts.rate().unwrap()).collect();
    assert_eq!(rates, [Rate { numerator: 0, denominator: 200 }, Rate { numerator: 200, denominator: 400 }]);
    let measured = compare(&young, "variant=old", &[drop_off], None, None);
    assert!(rows(&measured, "differences").is_empty());
    assert_eq!(measured.tables[0].notes, [trichter::measures::table::Message::of("comparison-too-young")]);
    let measured = compare(&young, "variant=new", &[drop_off], None, None);
    assert!(rows(&measured, "differences").iter().all(|row| row["difference"].is_null()), "{measured:?}");
    let measured = compare(&asked_ten_days_apart(2), "variant=old", &[drop_off], None, None);
    let [difference] = &rows(&measured, "differences")[..] else { panic!("{measured:?}") };
    assert_eq!(difference["rate"]["denominator"], 400);
    assert_eq!(difference["difference"]["value"], 0.0);
    assert_eq!(difference["verdict"], "no difference");
}

/// Two variants; every `skipped`-th contact of the new one is missing from the log, and every `crossing`-th contact has both.
fn experiment(skipped: u64, crossing: u64) -> Pipeline {
    let messages = (0..4_000_u64).flat_map(move |contact| {
        let is_new = (contact * 2_654_435_761 / 65_536) % 2 == 0;
        let variant = if is_new { "new" } else { "control" };
        let other = if is_new { "control" } else { "new" };
        let is_lost = is_new && skipped > 0 && (contact / 2) % skipped == 0;
        let crosses = crossing > 0 && contact % crossing == 0;
        let message = move |variant| Message {
            contact,
            at: MIDDLE,
            campaign: "may",
            variant,
            opened: (contact * 40_503 / 256) % 10 < 3 + u64::from(variant == "new"),
        };
        let first = (!is_lost).then(|| message(variant));
        first.into_iter().chain((crosses && !is_lost).then(|| message(other)))
    });
    ingested(messages)
}

#[test]
fn a_mismatch_of_sample_ratios_is_found_and_chance_is_none() {
    let [clean, lossy] = [experiment(0, 0), experiment(6, 10)].map(|pipeline| {
        let measured = compare(&pipeline, "variant", &["open_rate"], None, None);
        let difference = rows(&measured, "differences");
        let [difference] = difference.as_slice() else { panic!("{difference:?}") };
        assert_eq!((&difference["variant"], &difference["verdict"]), (&"new".into(), &"higher".into()), "{difference}");
        rows(&measured, "assignment").remove(0)
    });
    assert!(clean["p"].as_f64().unwrap() > 0.001 && clean["contacts_in_several"] == 0, "{clean}");
    assert!(lossy["p"].as_f64().unwrap() < 0.001, "{lossy}");
    assert!(lossy["verdict"].as_str().unwrap().starts_with("assignment-uneven"), "{lossy}");
    assert!(lossy["contacts_in_several"].as_u64().unwrap() > 300, "{lossy}");
}

#[test]
fn sample_ratios_are_held_against_the_shares_that_were_declared() {
    let pipeline = experiment(0, 0);
    let verdicts = |declared: &str| {
        let config = Config::parse(declared, Path::new("trichter.toml")).unwrap();
        let comparison = Comparison::of_rates(Against::parse("variant"), &["open_rate"]).unwrap();
        let comparison = comparison.with_experiments(&config.experiment);
        let now = pipeline.answer(&comparison.asks(), None, None);
        let measured = comparison.of(&Answers::new(&now), &Answers::new(&[])).unwrap();
        let tests = rows(&measured, "assignment");
        let told = |row: &Value| {
            let verdict = row["verdict"].as_str().unwrap();
            (row["experiment"].as_str().unwrap_or("-").to_owned(), verdict.split([':', ',']).next().unwrap().to_owned())
        };
        tests.iter().map(told).collect::<Vec<_>>()
    };
    let one = |name: &str, verdict: &str| vec![(name.to_owned(), verdict.to_owned())];
    let meant = "assignment-as-meant";
    assert_eq!(verdicts(""), one("-", "assignment-even"));
    assert_eq!(verdicts("[experiment.tone]\nshares = { control = 50, new = 50 }\n"), one("tone", meant));
    assert_eq!(verdicts("[experiment.tone]\nshares = { control = 90, new = 10 }\n"), one("tone", "assignment-broken"));
    let of_campaign = |campaign: &str, shares: &str| {
        verdicts(&format!("[experiment.tone]\ncampaign = \"{campaign}\"\nshares = {{ {shares} }}\n"))
    };
    assert_eq!(of_campaign("may", "control = 1, new = 1"), one("tone", meant));
    assert_eq!(of_campaign("may", "control = 1, old = 1"), one("tone", "assignment-stranger"), "new is not declared");
    assert_eq!(of_campaign("june", "control = 9, new = 1"), one("-", "assignment-even"), "it is not of June");
}

#[test]
fn experiments_that_share_a_control_are_held_against_their_own_shares() {
    let messages = (0..4_000_u64).map(|contact| {
        let is_new = (contact * 2_654_435_761 / 65_536) % 2 == 0;
        let (campaign, other) = if contact < 2_000 { ("spring", "same") } else { ("summer", "new") };
        let variant = if is_new { other } else { "control" };
        Message { contact, at: MIDDLE, campaign, variant, opened: contact % 3 == 0 }
    });
    let measured = compare(&ingested(messages), "variant", &["open_rate"], None, None);
    let tests = rows(&measured, "assignment");
    let told: Vec<_> = tests.iter().map(|row| (row["campaign"].as_str(), row["verdict"].as_str())).collect();
    let even = Some("assignment-even");
    assert_eq!(told, [(Some("spring"), even), (Some("summer"), even)]);
    assert!(rows(&measured, "differences").iter().all(|row| row["verdict"] == "no difference"));
}

#[test]
fn the_baseline_is_the_one_that_is_named() {
    let pipeline = experiment(0, 0);
    let measured = compare(&pipeline, "variant=new", &["open_rate"], None, None);
    assert_eq!(rows(&measured, "differences")[0]["verdict"], "lower");
    let comparison = Comparison::of_rates(Against::parse("variant=old"), &["open_rate"]).unwrap();
    let now = pipeline.answer(&comparison.asks(), None, None);
    assert!(comparison.of(&Answers::new(&now), &Answers::new(&[])).is_err());
}

#[test]
fn counting_contact_by_contact_counts_the_same() {
    let pipeline = Pipeline::simulated(1_500, 28, 11);
    let store = Store::open(&pipeline.path("store"), AsOf::Latest).unwrap();
    let snapshot = Snapshot::of(&store).unwrap();
    let plain = Settings::new(&pipeline.config, &snapshot, None, None);
    let scope = Scope { settings: &plain, zone: pipeline.config.report.zone.0.clone(), flows: &[] };
    let asks = ["open_rate", "click_rate", "question_drop_off_rate", "silent_contact_rate"];
    let asks = asks.map(|metric| [Ask::new(metric, &["channel"]), Ask::new(metric, &["channel"]).clustered()]).concat();
    let answers = metrics::answer(&snapshot, &scope, &asks).unwrap();
    for pair in answers.chunks(2) {
        let [plain, clustered] = pair else { panic!() };
        assert_eq!(plain.rows.len(), clustered.rows.len());
        for (plain, clustered) in plain.rows.iter().zip(&clustered.rows) {
            assert_eq!((&plain.segment, &plain.counts), (&clustered.segment, &clustered.counts));
            assert_eq!((plain.measurable, plain.bound), (clustered.measurable, clustered.bound));
            let (Counts::Rate(rate), Some(moments)) = (&clustered.counts, clustered.moments) else { panic!() };
            let Rate { numerator, denominator } = *rate;
            let Moments { contacts, xx, xy, yy } = moments;
            assert!(contacts <= denominator && xx >= numerator && yy >= denominator, "{moments:?} of {rate:?}");
            assert!(u128::from(xy).pow(2) <= u128::from(xx) * u128::from(yy), "{moments:?}");
        }
    }
}

/// A store that learns on the second night of a reading on the first day, and of a message of the second.
fn two_nights() -> Case {
    let case = Case::new();
    let event = |kind: &str, at: &str, message: u32| {
        format!(
            r#"{{"kind":"{kind}","at":"2026-06-0{at}Z","channel":"generic","account":"a","contact_id":"c{message}","message_id":"m{message}"}}"#
        )
    };
    let mut first: Vec<String> = (1..=4).map(|message| event("message_sent", "1T08:00:00", message)).collect();
    first.extend((1..=4).map(|message| event("message_delivered", "1T08:00:05", message)));
    first.push(event("message_opened", "1T09:00:00", 1));
    first.push(event("message_sent", "2T06:00:00", 5));
    first.push(event("message_delivered", "2T06:00:05", 5));
    let second = [
        event("message_opened", "2T09:00:00", 2),
        event("message_opened", "2T09:30:00", 3),
        event("message_sent", "2T10:00:00", 6),
        event("message_delivered", "2T10:00:05", 6),
        event("message_opened", "2T11:00:00", 6),
    ];
    for (name, lines) in [("one.ndjson", first.join("\n")), ("two.ndjson", second.join("\n"))] {
        fs::write(case.path(name), lines).unwrap();
        case.run(&["ingest", name, "--store", "store"]).expect(0);
    }
    case
}

#[test]
fn a_report_of_two_versions_says_what_came_late_and_what_is_new() {
    let case = two_nights();
    case.run(&["report", "--store", "store", "--out", "r", "--compare", "1", "2", "--format", "json"]).expect(0);
    let report: Value = serde_json::from_str(&fs::read_to_string(case.path("r/report.json")).unwrap()).unwrap();
    let chapter = report["measures"].as_array().unwrap().iter().find(|found| found["measure"] == "comparison").unwrap();
    let table = |id: &str| {
        chapter["tables"].as_array().unwrap().iter().find(|table| table["id"] == id).unwrap()["rows"].clone()
    };
    let rows = table("revisions");
    let open = rows.as_array().unwrap().iter().find(|row| row["metric"] == "open_rate").unwrap();
    // On paper: 1 of 5 was opened, then 3 of 4 on the first day and 1 of 2 on the second.
    assert_eq!((&open["rate_before"]["numerator"], &open["rate_before"]["denominator"]), (&1.into(), &5.into()));
    assert_eq!((&open["rate"]["numerator"], &open["rate"]["denominator"]), (&4.into(), &6.into()));
    let points = |name: &str| open[name]["value"].as_f64().unwrap();
    assert!((points("by_revision") - (3.0 / 5.0 - 1.0 / 5.0)).abs() < 1e-12, "{open}");
    assert!((points("by_new_days") - (4.0 / 6.0 - 3.0 / 5.0)).abs() < 1e-12, "{open}");
    assert_eq!(open["why"], "receipts or acts came late; new days");
    assert_eq!(table("versions").as_array().unwrap().len(), 1);
    case.run(&["report", "--store", "store", "--out", "r", "--compare", "1", "2", "--as-of", "1"]).expect(2);
    case.run(&["report", "--store", "store", "--out", "r", "--compare", "1", "2026-06-01..2026-06-02"]).expect(2);
    let backwards = case.run(&["report", "--store", "store", "--out", "r", "--compare", "2", "1"]).expect(2);
    assert!(backwards.stderr.contains("name the earlier one first"), "{}", backwards.stderr);
}

#[test]
fn a_report_of_two_ranges_is_of_the_second() {
    let case = two_nights();
    let ranges = ["2026-06-01..2026-06-02", "2026-06-02..2026-06-03"];
    let arguments = ["report", "--store", "store", "--out", "r", "--format", "json", "--compare", ranges[0], ranges[1]];
    case.run(&arguments).expect(0);
    let report: Value = serde_json::from_str(&fs::read_to_string(case.path("r/report.json")).unwrap()).unwrap();
    assert_eq!(report["context"]["since"], "2026-06-02T00:00:00Z");
    case.run(&[&arguments[..], &["--since", "2026-06-01"]].concat()).expect(2);
    assert_eq!(report["measures"][0]["measure"], "comparison");
}

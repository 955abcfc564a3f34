//! Laws that hold whatever the logs say: sums that must add up, and changes to logs, threads and stores that must change
//! no number. The program itself is run where bytes are compared.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use trichter::event::SECOND;
use trichter::metrics::{Ask, Counts, Metric, Rate};

use crate::pipeline::Pipeline;

/// 2026-01-20T00:00:00.000001Z: in the middle of the logs, and at no event.
const CUT: i64 = 1_768_867_200 * SECOND + 1;

/// Runs the program in the pipeline's folder and returns its standard output.
fn trichter(pipeline: &Pipeline, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_trichter"))
        .current_dir(pipeline.path(""))
        .env("TRICHTER_KEY", "5a".repeat(32))
        .arg("--quiet")
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The whole of a store's report, by file, and a query by question; `--as-of` where a version is given.
fn shown(pipeline: &Pipeline, store: &str, arguments: &[&str]) -> BTreeMap<String, String> {
    let config = ["--config", "trichter.toml", "--store", store];
    let mut shown = BTreeMap::new();
    fs::remove_dir_all(pipeline.path("report")).ok();
    trichter(pipeline, &[&["report", "--out", "report"], &config[..], arguments].concat());
    for file in fs::read_dir(pipeline.path("report")).unwrap() {
        let path = file.unwrap().path();
        shown.insert(path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap());
    }
    let query = ["query", "question_drop_off_rate", "--by", "flow,question,campaign", "--format", "json"];
    shown.insert("query".into(), trichter(pipeline, &[&query[..], &config[..], arguments].concat()));
    assert_eq!(shown.len(), 4);
    shown
}

/// Asserts that two stores show the same bytes, and names the first line that differs.
fn assert_same(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>, what: &str) {
    for (name, text) in left {
        let other = &right[name];
        let differs = text.lines().zip(other.lines()).find(|(left, right)| left != right);
        assert!(text == other, "{what}: {name} differs: {differs:?}");
    }
}

fn ingest(pipeline: &Pipeline, input: &str, store: &str, more: &[&str]) -> serde_json::Value {
    let arguments = ["ingest", input, "--store", store, "--config", "trichter.toml", "--json"];
    serde_json::from_str(&trichter(pipeline, &[&arguments[..], more].concat())).unwrap()
}

/// Lines of all logs, by file.
fn lines(pipeline: &Pipeline) -> BTreeMap<String, Vec<String>> {
    let files = fs::read_dir(pipeline.path("logs")).unwrap().map(|file| file.unwrap().path());
    let read = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    };
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(&path))).collect()
}

fn write(pipeline: &Pipeline, folder: &str, name: &str, lines: &[String]) {
    fs::create_dir_all(pipeline.path(folder)).unwrap();
    fs::write(pipeline.path(folder).join(name), lines.join("\n") + "\n").unwrap();
}

fn rates(pipeline: &Pipeline, metrics: &[&str], by: &[&str]) -> Vec<BTreeMap<Vec<Option<String>>, Rate>> {
    let asks: Vec<Ask> = metrics.iter().map(|metric| Ask::new(metric, by)).collect();
    let answers = pipeline.answer(&asks, None, None).into_iter();
    answers
        .map(|answer| answer.rows.into_iter().map(|row| (row.segment, row.counts.rate().unwrap())).collect())
        .collect()
}

#[test]
fn messages_opened_are_delivered_and_messages_delivered_are_sent() {
    let pipeline = Pipeline::simulated(300, 30, 1);
    for by in [&["channel"][..], &["campaign"], &["channel", "day"], &["template", "account"]] {
        let found = rates(&pipeline, &["delivery_rate", "open_rate", "open_rate@sent"], by);
        let [delivery, open, open_of_sent] = &found[..] else { panic!("three were asked") };
        assert!(delivery.values().any(|rate| rate.numerator > 0));
        for (segment, sent) in delivery {
            let (opened, opened_of_sent) = (open[segment], open_of_sent[segment]);
            assert!(sent.numerator <= sent.denominator, "{segment:?}");
            assert!(opened.numerator <= opened.denominator, "{segment:?}");
            // Every channel of the logs that tells of deliveries tells of opens, too.
            assert_eq!(opened.denominator, sent.numerator, "{segment:?}");
            assert_eq!((opened_of_sent.numerator, opened_of_sent.denominator), (opened.numerator, sent.denominator));
        }
    }
}

#[test]
fn outcomes_of_visits_add_up_and_causes_add_up_to_the_drop_off() {
    let pipeline = Pipeline::simulated(300, 30, 2);
    let metrics = [
        "question_drop_off_rate",
        "question_silent_rate",
        "question_opted_out_rate",
        "question_handed_over_rate",
        "question_failed_rate",
        "question_answered_rate",
        "question_skipped_rate",
        "question_open_rate",
    ];
    for by in [&[][..], &["question"], &["channel", "campaign"], &["day", "question"]] {
        let found = rates(&pipeline, &metrics, by);
        let [drop_off, silent, opted_out, handed_over, failed, answered, skipped, open] = &found[..] else {
            panic!("eight were asked")
        };
        assert!(!drop_off.is_empty());
        for (segment, rate) in drop_off {
            let sum = |parts: &[&BTreeMap<_, Rate>]| parts.iter().map(|part| part[segment].numerator).sum::<u64>();
            assert_eq!(sum(&[silent, opted_out, handed_over, failed]), rate.numerator, "{segment:?}");
            assert_eq!(sum(&[drop_off, answered, skipped]), rate.denominator, "{segment:?}");
            let all = sum(&[drop_off, answered, skipped, open]);
            assert_eq!(all, open[segment].denominator, "{segment:?}");
        }
    }
}

#[test]
fn soft_and_hard_opt_outs_add_up() {
    let pipeline = Pipeline::simulated(300, 30, 3);
    let found = rates(&pipeline, &["unsubscribe_rate", "soft_unsubscribe_rate", "hard_unsubscribe_rate"], &["channel"]);
    for (segment, all) in &found[0] {
        let hard = found[2].get(segment).map_or(0, |rate| rate.numerator);
        assert_eq!(all.numerator, found[1][segment].numerator + hard, "{segment:?}");
    }
}

/// Parts of a breakdown add up to the total, for every metric that counts.
#[test]
fn segments_add_up_to_the_total() {
    let pipeline = Pipeline::simulated(300, 30, 4);
    for metric in Metric::all().unwrap() {
        let asks = [Ask::new(&metric.id, &[]), Ask::new(&metric.id, &["channel"]), Ask::new(&metric.id, &["day"])];
        let answers = pipeline.answer(&asks, None, None);
        let sum = |rows: &[trichter::metrics::Row]| {
            rows.iter().fold((0, 0), |(left, right), row| match &row.counts {
                Counts::Rate(rate) => (left + rate.numerator, right + rate.denominator),
                Counts::Distribution(distribution) => (left + distribution.n(), right),
            })
        };
        let [total, by_channel, by_day] = [0, 1, 2].map(|place| sum(&answers[place].rows));
        assert_eq!((by_channel, by_day), (total, total), "{}", metric.id);
    }
}

#[test]
fn the_order_of_lines_and_their_spread_over_files_change_no_byte() {
    let pipeline = Pipeline::simulated(200, 25, 5);
    ingest(&pipeline, "logs", "store-a", &[]);
    let expected = shown(&pipeline, "store-a", &[]);

    // All lines of a file shuffled, and cut into three compressed files of other names.
    let mut dice = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for (name, mut lines) in lines(&pipeline) {
        for last in (1..lines.len()).rev() {
            let other = dice.next_u64() % (last as u64 + 1);
            lines.swap(last, usize::try_from(other).unwrap());
        }
        for (number, part) in lines.chunks(lines.len().div_ceil(3)).enumerate() {
            let text = part.join("\n") + "\n";
            fs::create_dir_all(pipeline.path("shuffled")).unwrap();
            let path = pipeline.path("shuffled").join(format!("{number}-{name}.gz"));
            let mut file = flate2::write::GzEncoder::new(fs::File::create(path).unwrap(), flate2::Compression::fast());
            file.write_all(text.as_bytes()).unwrap();
            file.finish().unwrap();
        }
    }
    ingest(&pipeline, "shuffled", "store-b", &[]);
    assert_same(&expected, &shown(&pipeline, "store-b", &[]), "shuffled, cut, renamed and compressed");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let pipeline = Pipeline::simulated(200, 25, 6);
    ingest(&pipeline, "logs", "store-one", &["--threads", "1"]);
    ingest(&pipeline, "logs", "store-four", &["--threads", "4"]);
    let one = shown(&pipeline, "store-one", &["--threads", "1"]);
    assert_same(&one, &shown(&pipeline, "store-four", &["--threads", "4"]), "four threads");
}

/// What was received grows with the lines, so the report's balance of records is not compared.
#[test]
fn repeated_lines_change_no_number() {
    let pipeline = Pipeline::simulated(200, 25, 7);
    ingest(&pipeline, "logs", "store-a", &[]);
    for (name, lines) in lines(&pipeline) {
        let mut doubled = lines.clone();
        doubled.extend(lines.iter().step_by(3).cloned());
        write(&pipeline, "doubled", &name, &doubled);
    }
    ingest(&pipeline, "doubled", "store-b", &[]);
    let numbers = |store| {
        let mut report: serde_json::Value = serde_json::from_str(&shown(&pipeline, store, &[])["report.json"]).unwrap();
        let balance = report["context"]["balance"].take();
        assert!(balance["received"].as_u64().unwrap() > 0);
        (report, balance["events_stored"].clone())
    };
    assert_eq!(numbers("store-a"), numbers("store-b"));
}

#[test]
fn the_same_logs_again_store_nothing_and_make_no_version() {
    let pipeline = Pipeline::simulated(150, 25, 8);
    let first = ingest(&pipeline, "logs", "store-a", &[]);
    let before = shown(&pipeline, "store-a", &[]);
    let again = ingest(&pipeline, "logs", "store-a", &[]);
    assert!(first["events"]["stored"].as_u64().unwrap() > 0);
    assert_eq!(again["events"]["stored"], 0);
    assert_eq!(again["version"], first["version"]);
    assert_same(&before, &shown(&pipeline, "store-a", &[]), "ingested again");
}

/// Logs come in two halves. What was known after the first can be shown again after the second, to the byte.
#[test]
fn an_older_version_shows_its_old_bytes_and_compaction_changes_no_number() {
    let pipeline = Pipeline::simulated(200, 25, 9);
    for (name, lines) in lines(&pipeline) {
        let (first, second) = lines.split_at(lines.len() / 2);
        write(&pipeline, "first", &name, first);
        write(&pipeline, "second", &name, second);
    }
    let version = ingest(&pipeline, "first", "store-a", &[])["version"].to_string();
    let old = shown(&pipeline, "store-a", &[]);
    ingest(&pipeline, "second", "store-a", &[]);
    let new = shown(&pipeline, "store-a", &[]);
    assert_ne!(old["query"], new["query"]);
    assert_same(&old, &shown(&pipeline, "store-a", &["--as-of", &version]), "as of the first half");

    trichter(&pipeline, &["store", "optimize", "--store", "store-a"]);
    let compacted = shown(&pipeline, "store-a", &[]);
    assert_same(&new, &compacted, "compacted");

    // Both halves at once show what one after the other shows.
    ingest(&pipeline, "logs", "store-b", &[]);
    assert_same(&new, &shown(&pipeline, "store-b", &[]), "both halves at once");
}

/// The log as canonical lines, one per stored event, whose instants are moved. Ids are hashes by then, so nothing in them
/// speaks of time.
fn canonical(pipeline: &Pipeline, moved: i64, keep: impl Fn(i64) -> bool) -> Vec<String> {
    let events = pipeline.events().into_iter().filter(|event| keep(event.at));
    events
        .enumerate()
        .map(|(number, event)| {
            serde_json::json!({
                "kind": event.kind.name(),
                "at": event.at + moved,
                "channel": event.channel,
                "account": event.account,
                "contact": event.contact.to_string(),
                "event_id": format!("{number:08}"),
                "campaign": event.campaign,
                // A message's own question would be asked once more on the way in.
                "flow": event.flow,
                "question": event.question.filter(|_| !event.kind.name().starts_with("message_") && event.kind.name() != "button_clicked"),
                "error_code": event.error_code,
                "message_id": event.message,
                "reply_to": event.reply_to,
                "up_to": event.up_to.map(|up_to| up_to + moved),
            })
            .to_string()
        })
        .collect()
}

/// All metrics, in total and by campaign where they have one.
fn numbers(pipeline: &Pipeline, until: Option<i64>) -> Vec<trichter::metrics::Answer> {
    let metrics = Metric::all().unwrap();
    let mut asks: Vec<Ask> = metrics.iter().map(|metric| Ask::new(&metric.id, &["channel"])).collect();
    let with_campaign =
        metrics.iter().filter(|metric| !["contacts", "contact_months"].contains(&metric.table.as_str()));
    asks.extend(with_campaign.map(|metric| Ask::new(&metric.id, &["campaign", "channel"])));
    pipeline.answer(&asks, None, until)
}

fn from_lines(lines: &[String]) -> Pipeline {
    let pipeline = Pipeline::new("");
    fs::write(pipeline.path("log.ndjson"), lines.join("\n")).unwrap();
    pipeline.ingest("log.ndjson");
    pipeline
}

#[test]
fn logs_moved_by_whole_days_have_the_same_rates() {
    // Calendar months are not as long as each other, so what is counted by them does move.
    let is_of_months = |metric: &str| Metric::find(metric).unwrap().table == "contact_months";
    let numbers = |pipeline: &Pipeline| {
        let mut numbers = numbers(pipeline, None);
        numbers.retain(|answer| !is_of_months(&answer.metric));
        numbers
    };
    let simulated = Pipeline::simulated(200, 25, 10);
    let here = numbers(&from_lines(&canonical(&simulated, 0, |_| true)));
    for days in [-400, 1, 33] {
        let moved = from_lines(&canonical(&simulated, days * 86_400 * SECOND, |_| true));
        assert_eq!(numbers(&moved), here, "moved by {days} days");
    }
}

/// A report until an instant is a report of a log that ends there. What is undecided then depends on where the log ends,
/// so one last event, of a contact of its own, marks the instant in both. So does one of each kind that a channel tells of
/// only if its log holds one.
#[test]
fn until_an_instant_is_as_if_the_log_ended_there() {
    let simulated = Pipeline::simulated(200, 35, 11);
    let mark =
        |kind| serde_json::json!({ "kind": kind, "at": CUT - 1, "contact": "mark", "event_id": kind }).to_string();
    let with_mark = |mut lines: Vec<String>| {
        lines.extend(["referral", "handover_to_human", "fallback", "goal_reached"].map(mark));
        from_lines(&lines)
    };
    let whole = with_mark(canonical(&simulated, 0, |_| true));
    let cut = with_mark(canonical(&simulated, 0, |at| at < CUT));
    assert!(whole.events().len() > cut.events().len() + 100);
    assert_eq!(numbers(&whole, Some(CUT)), numbers(&cut, None));
}

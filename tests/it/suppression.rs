//! What `--suppress` leaves out stands nowhere, in no format, and no total tells it.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::case::{Case, files_below};

const MINIMUM: u64 = 30;

fn with_store() -> Case {
    let case = Case::new();
    case.samples();
    case.run(&["ingest", "sample-data", "--store", "store", "--config", "sample-data/trichter.toml"]).expect(0);
    case
}

/// Every share below a value, with where it stands.
fn shares(value: &Value, place: &str, found: &mut Vec<(String, u64)>) {
    if let Some(denominator) = value.get("denominator").and_then(Value::as_u64) {
        found.push((place.to_owned(), denominator));
    }
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| shares(value, &format!("{place}.{key}"), found)),
        Value::Array(items) => items.iter().for_each(|value| shares(value, place, found)),
        _ => {}
    }
}

#[test]
fn a_report_shows_no_share_of_few() {
    let case = with_store();
    let report = |arguments: &[&str]| {
        case.run(
            &[&["report", "--store", "store", "--by", "channel,campaign", "--out", "reports"], arguments].concat(),
        )
        .expect(0);
        let json: Value = serde_json::from_slice(&fs::read(case.path("reports/report.json")).unwrap()).unwrap();
        let mut found = Vec::new();
        shares(&json, "", &mut found);
        (json, found)
    };
    let (shown, all) = report(&[]);
    assert!(shown["context"]["suppressed"].is_null());
    assert!(all.iter().any(|(_, n)| (1..MINIMUM).contains(n)), "the samples have nothing to hide");
    let (hidden, few) = report(&["--suppress"]);
    assert!(hidden["context"]["suppressed"].as_u64() > Some(0));
    assert_eq!(few.iter().find(|(_, n)| (1..MINIMUM).contains(n)), None);
    assert!(few.iter().any(|(_, n)| *n >= MINIMUM));
    for file in ["index.html", "report.md"] {
        let text = fs::read_to_string(case.path("reports").join(file)).unwrap();
        assert!(text.contains("Left out"), "{file}");
        assert!(!text.contains(" of 7)") && !text.contains(">1 of 7<"), "{file}");
    }
}

#[test]
fn what_is_missing_of_a_total_is_no_small_cell() {
    let case = with_store();
    for (metric, by) in
        [("question_drop_off_rate", "flow,question"), ("failure_rate", "channel"), ("reply_rate", "day")]
    {
        let ask = |by: &[&str], arguments: &[&str]| -> Value {
            let query = ["query", metric, "--store", "store", "--format", "json"];
            serde_json::from_str(&case.ask(&[&query[..], by, arguments].concat())).unwrap()
        };
        let n = |answer: &Value| -> Vec<u64> {
            answer["rows"].as_array().unwrap().iter().map(|row| row["denominator"].as_u64().unwrap()).collect()
        };
        let total = n(&ask(&[], &["--suppress"]))[0];
        let answer = ask(&["--by", by], &["--suppress"]);
        let (all, kept) = (n(&ask(&["--by", by], &[])), n(&answer));
        assert!(kept.iter().all(|n| *n == 0 || *n >= MINIMUM), "{metric}: {kept:?}");
        assert_eq!(answer["suppressed"].as_u64(), Some((all.len() - kept.len()) as u64), "{metric}");
        let missing = total - kept.iter().sum::<u64>();
        assert!(missing == 0 || missing >= MINIMUM, "{metric}: {missing}");
    }
}

#[test]
fn a_table_says_how_much_of_it_is_missing() {
    let case = with_store();
    let run =
        case.run(&["query", "open_rate", "--store", "store", "--by", "campaign", "--suppress", "--format", "csv"]);
    assert!(run.stderr.contains("Left out: "), "{}", run.stderr);
    run.expect(0);
    let paths = case.ask(&["query", "paths", "--store", "store", "--suppress"]);
    assert!(paths.contains("fewer than 30 observations"), "{paths}");
}

#[test]
fn an_export_with_a_minimum_holds_no_small_count_no_total_that_tells_one_and_no_rows_of_people() {
    let case = with_store();
    let rules = fs::read_to_string(case.path("sample-data/trichter.toml")).unwrap();
    let targets = "[[export]]\ntarget = \"csv:few\"\nminimum = 30\n[[export]]\ntarget = \"csv:all\"\n";
    case.write("sample-data/targets.toml", format!("{rules}\n{targets}"));
    case.run(&["export", "--store", "store", "--config", "sample-data/targets.toml", "--quiet"]).expect(0);
    let read = |target: &str, table: &str| -> Vec<BTreeMap<String, String>> {
        let folder = fs::canonicalize(case.path(target).join("current")).unwrap().join(table);
        let mut rows = Vec::new();
        for path in files_below(&folder) {
            let mut reader = csv::Reader::from_path(path).unwrap();
            let names = reader.headers().unwrap().clone();
            let of = |record: csv::StringRecord| {
                names.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
            };
            rows.extend(reader.records().map(|record| of(record.unwrap())));
        }
        rows
    };
    let size = |row: &BTreeMap<String, String>| {
        ["denominator", "n"].iter().find_map(|name| row[*name].parse::<u64>().ok()).unwrap_or_default()
    };
    for table in ["daily_counts", "metric_results"] {
        let (all, few) = (read("all", table), read("few", table));
        assert!(all.iter().any(|row| (1..MINIMUM).contains(&size(row))), "{table} has nothing to hide");
        assert!(!few.is_empty() && few.len() < all.len());
        assert_eq!(few.iter().find(|row| (1..MINIMUM).contains(&size(row))), None, "{table}");
    }
    // What is missing of a metric's total, by one column or by days, is never one small segment.
    let mut totals: BTreeMap<String, u64> = BTreeMap::new();
    let (mut shown, mut days): (BTreeMap<(String, String), u64>, BTreeMap<String, u64>) = Default::default();
    for row in read("few", "metric_results") {
        match row["segment"].as_str() {
            "" => drop(totals.insert(row["metric"].clone(), size(&row))),
            segment => *shown.entry((row["metric"].clone(), segment.to_owned())).or_default() += size(&row),
        }
    }
    for row in read("few", "daily_counts") {
        *days.entry(row["metric"].clone()).or_default() += size(&row);
    }
    let missing = |metric: &String, n: u64| totals.get(metric).and_then(|total| total.checked_sub(n));
    for ((metric, segment), n) in &shown {
        assert!(missing(metric, *n).is_none_or(|n| !(1..MINIMUM).contains(&n)), "{metric} by {segment}");
    }
    for (metric, n) in &days {
        assert!(missing(metric, *n).is_none_or(|n| !(1..MINIMUM).contains(&n)), "{metric} by days");
    }
    let of_few: Vec<u64> =
        read("few", "funnel_results").iter().map(|row| row["n_from_previous"].parse().unwrap()).collect();
    assert!(of_few.iter().all(|n| !(1..MINIMUM).contains(n)));
    let tables =
        |target: &str| fs::read_dir(fs::canonicalize(case.path(target).join("current")).unwrap()).unwrap().count();
    assert_eq!(tables("all") - tables("few"), 7, "facts are left out");
    case.run(&["export", "csv:no", "--tables", "messages", "--suppress", "--store", "store"])
        .expect(2)
        .complains(&["'messages' has a row for each case"]);
}

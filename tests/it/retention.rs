//! Retention from outside: months that are old enough are gone, written words before them, and nothing else is touched.

use std::collections::BTreeSet;
use std::fs;

use jiff::civil::date;
use trichter::store::{AsOf, Key, Store};

use super::case::{Case, StoredRow, files_below, rows, rows_of};

/// How many months ago March 2026 was.
fn months_since_march() -> i32 {
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date();
    12 * i32::from(now.year() - date(2026, 3, 1).year()) + i32::from(now.month()) - 3
}

fn month(row: &StoredRow) -> &str {
    row["at"].split_at(7).0
}

/// Four months of logs whose words are kept, and rules that keep two months of events and one of words.
fn scene() -> Case {
    let case = Case::new();
    case.ask(&["simulate", "--out", "sim", "--contacts", "80", "--days", "100", "--seed", "3", "--quiet"]);
    let age = months_since_march();
    let rules = fs::read_to_string(case.path("sim/trichter.toml")).unwrap();
    let rules = format!(
        "{rules}\n[privacy]\ntext = \"keep\"\n[retention]\nevents = \"{} months\"\nanswers = \"{age} months\"\n",
        age + 1
    );
    case.write("trichter.toml", rules);
    let changed = r#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[{"from":"4917011111111","id":"note","timestamp":"1768000000","type":"system","system":{"type":"user_changed_number","wa_id":"4917022222222"}}]}}]}]}"#;
    case.write("sim/logs/changed.ndjson", format!("{changed}\n"));
    case.write("key", "5a".repeat(32));
    case.ask(&["ingest", "sim/logs", "--store", "store", "--config", "trichter.toml", "--key-file", "key", "--quiet"]);
    case
}

#[test]
fn old_months_are_gone_and_old_words_before_them() {
    let case = scene();
    let before = rows(&case.path("store"));
    let months: BTreeSet<&str> = before.iter().map(month).collect();
    assert!(["2026-01", "2026-02", "2026-03"].iter().all(|month| months.contains(month)), "{months:?}");
    let dry = case.ask(&["retain", "--store", "store", "--dry-run"]);
    assert!(dry.starts_with("2026-01 would be removed, and rows of 0 further data files: "), "{dry}");
    assert_eq!(rows(&case.path("store")).len(), before.len());
    let key = Key::from_hex(&"5a".repeat(32)).unwrap();
    let former = format!("{:032x}", key.contact("whatsapp", "4917011111111"));
    let links = || {
        let files = files_below(&case.path("store/events"))
            .into_iter()
            .filter(|path| path.to_string_lossy().ends_with(".links"));
        files.flat_map(|path| rows_of(&path)).map(|row| row["former"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(links(), [former]);
    case.ask(&["retain", "--store", "store"]);
    let after = rows(&case.path("store"));
    let is_silenced = |row: &StoredRow| {
        month(row) == "2026-02"
            && !["button_clicked", "opted_in", "opted_out_soft", "opted_out_hard", "erasure_requested", "payment"]
                .contains(&row["kind"].as_str())
    };
    let mut n_words = 0;
    let mut expected = before;
    expected.retain(|row| month(row) != "2026-01");
    for row in &mut expected {
        if is_silenced(row) {
            n_words += u32::from(row.remove("answer").is_some());
        }
    }
    assert!(n_words > 0);
    assert!(after == expected);
    let left: BTreeSet<String> = files_below(&case.path("store/events"))
        .iter()
        .filter_map(|path| Some(path.strip_prefix(case.path("store/events")).unwrap().to_str()?.to_owned()))
        .filter(|path| path.starts_with("month="))
        .collect();
    let store = Store::open(&case.path("store"), AsOf::Latest).unwrap();
    let named: BTreeSet<String> = store.files().unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(left, named, "nothing but what the newest version names is left");
    assert!(links().is_empty(), "whoever is not known any more has no links");
    // Another night has nothing to do.
    let again = case.ask(&["retain", "--store", "store"]);
    assert_eq!(
        again,
        "no whole month removed, and rows of 0 further data files: 0 rows; words removed from 0 data files\n"
    );
    assert_eq!(Store::open(&case.path("store"), AsOf::Latest).unwrap().version(), store.version());
    case.run(&["query", "open_rate", "--store", "store", "--as-of", "1"]).expect(2).complains(&["version 1 is gone"]);
}

#[test]
fn permission_outlives_the_rest() {
    let case = scene();
    let before = rows(&case.path("store"));
    let rules = fs::read_to_string(case.path("trichter.toml")).unwrap();
    let (rules, _) = rules.split_once("[retention]").unwrap();
    let age = months_since_march();
    case.write("trichter.toml", format!("{rules}[retention]\nevents = \"{age} months\"\npermission = \"forever\"\n"));
    let is_permission = |kind: &str| ["opted_in", "opted_out_soft", "opted_out_hard"].contains(&kind);
    let is_old = |row: &StoredRow| ["2026-01", "2026-02"].contains(&month(row));
    let expected: Vec<StoredRow> =
        before.iter().filter(|row| !is_old(row) || is_permission(&row["kind"])).cloned().collect();
    assert!(expected.iter().any(is_old), "somebody opted out then");
    let n_gone = before.len() - expected.len();
    let command = |more: &[&str]| {
        let command = ["retain", "--store", "store", "--config", "trichter.toml"];
        case.ask(&[&command, more].concat())
    };
    let told = |done: &str| {
        format!(
            "no whole month {done}, and rows of 2 further data files: {n_gone} rows; words {done} from 0 data files\n"
        )
    };
    assert_eq!(command(&["--dry-run"]), told("would be removed"));
    let forbidden = |since: &str| {
        let asked = ["query", "sent_after_opt_out_rate", "--store", "store", "--since", since, "--format", "json"];
        case.ask(&asked)
    };
    let broken = forbidden("2026-03-01");
    assert_eq!(command(&[]), told("removed"));
    assert!(rows(&case.path("store")) == expected);
    assert!(command(&[]).contains(": 0 rows; "));
    assert_eq!(forbidden("2026-03-01"), broken, "who must not be written to is still known");
    // Whoever reads the numbers is told.
    case.ask(&["report", "--store", "store", "--config", "trichter.toml", "--out", "out", "--lang", "de", "--quiet"]);
    let report = fs::read_to_string(case.path("out/report.md")).unwrap();
    assert!(report.contains("Alte Ereignisse werden nach Regeln gelöscht (events: "), "{report}");
}

#[test]
fn a_night_that_meets_another_writer_leaves_what_is_old_to_the_next() {
    let case = scene();
    let rules = fs::read_to_string(case.path("trichter.toml")).unwrap();
    case.write("trichter.toml", format!("{rules}\n[run]\ninputs = [\"sim/logs\"]\nstore = \"store\"\n"));
    let n_rows = || rows(&case.path("store")).len();
    let before = n_rows();
    let other = fs::File::options().append(true).open(case.path("store/writers.lock")).unwrap();
    other.lock_shared().unwrap();
    let ran = case.run(&["run", "--only", "tidy"]).expect(0);
    ran.complains(&["left to the next run"]);
    let record = files_below(&case.path("runs")).pop().unwrap();
    assert!(fs::read_to_string(record).unwrap().contains("\"put_off\""));
    assert_eq!(n_rows(), before);
    drop(other);
    case.run(&["run", "--only", "tidy"]).expect(0);
    assert!(n_rows() < before);
}

#[test]
fn without_rules_nothing_is_removed_and_what_is_no_age_is_refused() {
    let case = Case::new();
    case.samples();
    case.ask(&["ingest", "sample-data/telegram", "--store", "store", "--quiet"]);
    case.run(&["retain", "--store", "store"]).expect(2).complains(&["[retention]"]);
    case.write("bad.toml", "[retention]\nevents = \"24h\"\n");
    case.run(&["retain", "--store", "store", "--config", "bad.toml"]).expect(2).complains(&["bad.toml:2", "90 days"]);
}

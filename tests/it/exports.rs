//! Exports from outside: rows equal facts, only what changed is written, readers see whole states, mistakes are told.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::case::{Case, StoredRow, files_below, rows_of};

const CONFIG: &str = "sample-data/trichter.toml";

/// A store of all hand-written samples.
fn with_store() -> Case {
    let case = Case::new();
    case.samples();
    case.ask(&["ingest", "sample-data", "--store", "store", "--config", CONFIG, "--quiet"]);
    case
}

/// Exports the store, and returns what was said.
fn export(case: &Case, target: &str, more: &[&str]) -> String {
    let arguments = [&["export", target, "--store", "store", "--config", CONFIG], more].concat();
    case.run(&arguments).expect(0).stderr
}

/// The files of the version that readers see, by their names below it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let current = fs::canonicalize(folder.join("current")).unwrap();
    let name = |path: &Path| path.strip_prefix(&current).unwrap().to_str().unwrap().to_owned();
    files_below(&current).into_iter().map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

/// The rows of a CSV file as column → text; what is empty is absent.
fn rows_of_csv(bytes: &[u8]) -> Vec<StoredRow> {
    let mut reader = csv::Reader::from_reader(bytes);
    let names = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        let cells = names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[test]
fn exported_facts_are_the_facts_with_a_day_and_keys_beside_them() {
    let case = with_store();
    export(&case, "csv:out", &[]);
    for table in ["contact_months", "contacts", "conversations", "messages", "opt_outs", "permissions", "visits"] {
        let facts = case.ask(&["facts", table, "--store", "store", "--config", CONFIG]);
        let facts = rows_of_csv(facts.as_bytes());
        let mut found = Vec::new();
        for (name, bytes) in files(&case.path("out")) {
            if let Some(month) = name.strip_prefix(&format!("{table}/month=")) {
                let month = month.split('/').next().unwrap();
                for mut row in rows_of_csv(&bytes) {
                    assert!(row.remove("day").unwrap().starts_with(month));
                    for key in ["account_key", "flow_version_key", "question_key"] {
                        row.remove(key);
                    }
                    found.push(row);
                }
            }
        }
        // Partitions are sorted by contact, and stand month after month.
        let contact = |row: &StoredRow| row["contact_key"].parse::<i64>().unwrap();
        found.sort_by_key(contact);
        let (mut expected, mut found) = (facts, found);
        expected.sort();
        found.sort();
        assert!(!found.is_empty() && found == expected, "{table}");
    }
}

#[test]
fn an_export_is_the_same_for_any_number_of_threads_and_order_of_logs() {
    let case = with_store();
    for (name, threads) in [("one", "1"), ("two", "2"), ("three", "3")] {
        export(&case, &format!("parquet:{name}"), &["--threads", threads]);
    }
    let one = files(&case.path("one"));
    assert!(one.len() > 20);
    assert_eq!(files(&case.path("two")), one);
    assert_eq!(files(&case.path("three")), one);
}

#[test]
fn what_did_not_change_is_not_written_again() {
    let case = with_store();
    export(&case, "parquet:out", &[]);
    let before = fs::read_link(case.path("out/current")).unwrap();
    let said = export(&case, "parquet:out", &[]);
    assert_eq!(fs::read_link(case.path("out/current")).unwrap(), before);
    assert!(said.lines().last().unwrap().trim_end().ends_with(" 0"), "{said}");
    export(&case, "parquet:out", &["--full"]);
    assert_ne!(fs::read_link(case.path("out/current")).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn one_more_night_writes_the_months_that_it_changes_and_links_the_others() {
    use std::os::unix::fs::MetadataExt;
    let case = with_store();
    export(&case, "ndjson:out", &[]);
    let inode = |name: &str| fs::metadata(case.path("out/current").join(name)).unwrap().ino();
    let old = files(&case.path("out"));
    let before: BTreeMap<&str, u64> = old.keys().map(|name| (name.as_str(), inode(name))).collect();
    case.write(
        "night.ndjson",
        r#"{"kind":"message_sent","at":"2026-05-05T07:59:00Z","contact_id":"late","message_id":"late-1","channel":"sms"}"#,
    );
    case.ask(&["ingest", "night.ndjson", "--store", "store", "--config", CONFIG, "--quiet"]);
    export(&case, "ndjson:out", &[]);
    let new = files(&case.path("out"));
    let (mut written, mut linked) = (Vec::new(), 0);
    for (name, bytes) in &new {
        let is_same = old.get(name) == Some(bytes);
        assert_eq!(before.get(name.as_str()) == Some(&inode(name)), is_same && name != "manifest.json", "{name}");
        if is_same { linked += 1 } else { written.push(name.as_str()) }
    }
    assert!(linked > 50, "{linked}");
    assert!(written.contains(&"messages/month=2026-05/part.ndjson"), "{written:?}");
    assert!(!written.contains(&"messages/month=2026-04/part.ndjson"), "{written:?}");
}

#[test]
fn parquet_files_say_what_their_columns_mean() {
    let case = with_store();
    export(&case, "parquet:out", &["--tables", "messages,dim_channel"]);
    let names: Vec<String> = files(&case.path("out")).into_keys().collect();
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("messages/") || name.starts_with("dim_channel/") || name == "manifest.json")
    );
    let path = case.path("out/current/messages/month=2026-03/part.parquet");
    assert!(rows_of(&path).iter().all(|row| row["day"].starts_with("2026-03")));
    let file = fs::File::open(path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let field = reader.schema().field_with_name("reply_s").unwrap();
    assert_eq!(field.metadata()["unit"], "seconds");
    assert!(field.metadata()["comment"].contains("null: none"));
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let case = with_store();
    case.write("mine/notes.txt", "keep");
    let said = case.run(&["export", "csv:mine", "--store", "store"]).expect(2);
    said.complains(&["'mine' holds files of somebody else", "try:"]);
    assert_eq!(files_below(&case.path("mine")).len(), 1);
    export(&case, "csv:ours", &["--tables", "contacts"]);
    case.run(&["export", "ndjson:ours", "--store", "store"])
        .expect(2)
        .complains(&["is an export as csv, not as ndjson"]);
}

#[test]
fn a_mistake_in_a_target_or_table_is_named_with_what_was_meant() {
    let case = with_store();
    let run = |arguments: &[&str]| case.run(&[&["export"], arguments, &["--store", "store"]].concat()).expect(2);
    run(&[]).complains(&["name a target"]);
    run(&["parqet:out"]).complains(&["no target 'parqet'", "did you mean 'parquet'?"]);
    run(&["out"]).complains(&["says not what to write", "parquet:DIR"]);
    run(&["csv:"]).complains(&["says not where", "csv:DIR"]);
    run(&["csv:out", "--tables", "mesages"]).complains(&["no table 'mesages'", "did you mean 'messages'?"]);
    assert!(!case.path("out").exists());
    case.write("file", "no folder");
    run(&["csv:file/out"]).complains(&["cannot write", "file/out"]);
}

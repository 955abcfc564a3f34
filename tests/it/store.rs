//! The store from outside: several writers, tidying up, and what of a person it holds.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use serde_json::Value;

use super::case::{Case, StoredRow, files_below, rows};

const CONFIG: &str = "sample-data/trichter.toml";
// Pseudonyms are long strings of digits and letters, in which a short number stands by chance.
const PSEUDONYMS: &[&str] = &["contact_id", "message_id", "reply_to"];
const NUMBERS: &[&str] = &["at", "contact_key", "event_id", "line", "message_key", "position", "reply_key", "up_to"];

#[test]
fn two_ingests_at_once_give_what_one_gives() {
    let case = Case::new();
    case.simulate("600");
    let ingest =
        |store: &'static str| case.command(&["ingest", "sim/logs", "--store", store, "--config", "sim/trichter.toml"]);
    assert!(ingest("alone").output().unwrap().status.success());
    // Into a store that is not there yet, so that they also meet while making it.
    let both = [0, 1].map(|_| ingest("shared").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let ended = both.map(|child| child.wait_with_output().unwrap());
    for output in &ended {
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || complaint.contains("error: "), "{complaint}");
        assert!(!complaint.contains("panicked"), "{complaint}");
    }
    assert!(ended.iter().any(|output| output.status.success()), "one of two has to get through");
    assert_eq!(case.answers("shared"), case.answers("alone"));
    // Compaction drops what both have written, and the answers stay.
    case.ask(&["store", "optimize", "--store", "shared"]);
    assert_eq!(case.answers("shared"), case.answers("alone"));
    assert_eq!(rows(&case.path("shared")).len(), rows(&case.path("alone")).len());
}

#[test]
fn writers_of_different_logs_lose_nothing_to_each_other() {
    let case = Case::new();
    case.simulate("300");
    let logs = files_below(&case.path("sim/logs"));
    let ingest = |log: &std::path::Path, store: &'static str| {
        case.command(&["ingest", log.to_str().unwrap(), "--store", store, "--config", "sim/trichter.toml", "--quiet"])
    };
    for log in &logs {
        assert!(ingest(log, "one-by-one").output().unwrap().status.success());
    }
    let children: Vec<_> =
        logs.iter().map(|log| ingest(log, "at-once").stderr(Stdio::piped()).spawn().unwrap()).collect();
    for (child, log) in children.into_iter().zip(&logs) {
        // Whoever was told that it did not work tries again.
        if !child.wait_with_output().unwrap().status.success() {
            assert!(ingest(log, "at-once").output().unwrap().status.success());
        }
    }
    assert_eq!(case.answers("at-once"), case.answers("one-by-one"));
}

#[test]
fn four_workers_of_which_some_are_killed_bring_what_one_brings() {
    let case = Case::new();
    case.simulate("600");
    // Some of what one worker reads, another reads as well.
    let logs = files_below(&case.path("sim/logs"));
    for (number, log) in logs.iter().enumerate().step_by(3) {
        fs::copy(log, case.path(&format!("sim/logs/again-{number}.ndjson"))).unwrap();
    }
    let ingest = |store: &'static str, part: &str| {
        let mut command = case.command(&["ingest", "sim/logs", "--store", store, "--config", "sim/trichter.toml"]);
        command.args(["--quiet", "--part", part]).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    assert!(ingest("alone", "1/1").status().unwrap().success());
    let parts = ["1/4", "2/4", "3/4", "4/4"];
    let mut workers: Vec<_> = parts.iter().map(|part| (part, ingest("shared", part).spawn().unwrap())).collect();
    std::thread::sleep(std::time::Duration::from_millis(250));
    for (_, worker) in workers.iter_mut().take(2) {
        worker.kill().unwrap();
    }
    for (part, mut worker) in workers {
        // Whoever was killed, or was told that another was faster, begins again.
        if !worker.wait().unwrap().success() {
            assert!(ingest("shared", part).status().unwrap().success());
        }
    }
    assert_eq!(case.answers("shared"), case.answers("alone"));
    for store in ["shared", "alone"] {
        case.ask(&["store", "optimize", "--store", store]);
    }
    let contents = |store: &str| {
        let mut rows = rows(&case.path(store));
        // The key is each store's own, so pseudonyms are not compared.
        for row in &mut rows {
            row.retain(|column, _| {
                matches!(column.as_str(), "at" | "kind" | "channel" | "account" | "campaign" | "question")
            });
        }
        rows.sort();
        rows
    };
    assert!(contents("shared") == contents("alone"));
}

#[test]
fn compaction_and_vacuum_keep_every_answer() {
    let case = Case::new();
    case.samples();
    // Four ingests, so that there is something to merge.
    for sources in [&["whatsapp"][..], &["messenger", "telegram"], &["generic"]] {
        let inputs: Vec<String> = sources.iter().map(|source| format!("sample-data/{source}")).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        case.ask(&[&["ingest"], &inputs[..], &["--store", "store", "--config", CONFIG]].concat());
    }
    case.ask(&["ingest", "sample-data", "--store", "store", "--config", CONFIG]);
    let answers = case.answers("store");
    let n_rows = rows(&case.path("store")).len();
    let data = || {
        files_below(&case.path("store/events"))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
            .count()
    };
    let before = data();
    let optimized = case.ask(&["store", "optimize", "--store", "store"]);
    assert!(optimized.contains("version 5"), "{optimized}");
    assert_eq!(case.answers("store"), answers);
    assert_eq!(rows(&case.path("store")).len(), n_rows);
    assert!(data() > before, "the old files stay for older versions");
    let listed = case.ask(&["store", "vacuum", "--store", "store", "--keep", "0", "--dry-run"]);
    assert!(listed.contains("would be deleted"));
    assert!(data() > before, "a dry run deletes nothing");
    let young = case.ask(&["store", "vacuum", "--store", "store"]);
    assert_eq!(young, "0 files deleted\n", "files of this week are kept unless asked");
    case.ask(&["store", "vacuum", "--store", "store", "--keep", "0"]);
    assert!(data() < before);
    assert_eq!(case.answers("store"), answers);
    let again = case.ask(&["store", "optimize", "--store", "store"]);
    let n = data();
    assert!(again.starts_with(&format!("{n} data files became {n};")), "nothing is left to merge: {again}");
    // Reading the logs once more still finds every event in the merged files.
    let twice = case.ask(&["ingest", "sample-data", "--store", "store", "--config", CONFIG, "--json"]);
    let twice: Value = serde_json::from_str(&twice).unwrap();
    assert_eq!(twice["events"]["stored"], 0);
}

/// Ids of people and of their messages, and what was written, as a store keeps them that is told to keep all of it.
fn personal(case: &Case) -> (BTreeSet<String>, BTreeSet<String>) {
    let rules = fs::read_to_string(case.path(CONFIG)).unwrap();
    case.write("plain.toml", format!("{rules}\n[privacy]\ncontact_ids = \"plain\"\n"));
    case.write("keep.toml", format!("{rules}\n[privacy]\ntext = \"keep\"\n"));
    let store = |name: &str, config: &str| {
        fs::copy(case.path(config), case.path("sample-data/other.toml")).unwrap();
        case.ask(&["ingest", "sample-data", "--store", name, "--config", "sample-data/other.toml"]);
        fs::remove_file(case.path("sample-data/other.toml")).unwrap();
        rows(&case.path(name))
    };
    let cells = |rows: &[StoredRow], columns: &[&str]| -> BTreeSet<String> {
        rows.iter().flat_map(|row| columns.iter().filter_map(|column| row.get(*column).cloned())).collect()
    };
    let plain = store("plain", "plain.toml");
    let mut ids = cells(&plain, &["contact_id", "message_id", "reply_to"]);
    // The business's own endpoints are no people.
    let accounts = cells(&plain, &["account"]);
    // Too short to be told from a word of the table.
    ids.retain(|id| id.len() >= 5 && !accounts.iter().any(|account| account.contains(id.as_str())));
    let mut texts = cells(&store("kept", "keep.toml"), &["answer"]);
    // What stands in a payload is the business's word.
    let payloads = cells(&plain, &["answer"]);
    let is_telling = |text: &str| text.chars().count() >= 8 && text.chars().any(char::is_alphabetic);
    texts.retain(|text| is_telling(text) && !payloads.iter().any(|payload| payload.contains(text.as_str())));
    assert!(ids.len() > 300 && texts.len() > 150, "{} ids, {} texts", ids.len(), texts.len());
    (ids, texts)
}

#[test]
fn no_id_of_a_person_and_no_written_word_reaches_the_store() {
    let case = Case::new();
    case.samples();
    let (ids, texts) = personal(&case);
    case.ask(&["ingest", "sample-data", "--store", "store", "--config", CONFIG]);
    case.ask(&["store", "optimize", "--store", "store"]);
    case.ask(&["report", "--store", "store", "--out", "report", "--config", CONFIG]);
    let mut words: BTreeSet<String> = BTreeSet::new();
    for row in rows(&case.path("store")) {
        for (column, value) in row {
            if PSEUDONYMS.contains(&column.as_str()) {
                assert!(!ids.contains(&value), "{column} is {value}");
            } else if !NUMBERS.contains(&column.as_str()) {
                words.insert(value);
            }
        }
    }
    for needle in ids.iter().chain(&texts) {
        let leak = words.iter().find(|word| word.contains(needle.as_str()));
        assert_eq!(leak, None, "'{needle}' is in the table");
    }
    let mut files = files_below(&case.path("store"));
    files.extend(files_below(&case.path("report")));
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        // A short number may stand anywhere.
        let found = ids.iter().filter(|id| id.len() > 11).chain(&texts).find(|needle| text.contains(needle.as_str()));
        assert_eq!(found, None, "in {}", file.display());
    }
}

#[test]
fn ids_and_texts_are_kept_where_the_configuration_says_so() {
    let case = Case::new();
    case.samples();
    case.write("keep.toml", "[privacy]\ncontact_ids = \"plain\"\ntext = \"keep\"\n");
    case.ask(&["ingest", "sample-data/telegram", "--store", "store", "--config", "keep.toml"]);
    let rows = rows(&case.path("store"));
    assert!(rows.iter().any(|row| row["contact_id"] == "7000000001"));
    assert!(rows.iter().any(|row| row.get("answer").is_some_and(|text| text.starts_with("/start"))), "{rows:#?}");
}

#[test]
fn the_same_person_has_the_same_pseudonym_only_under_the_same_key() {
    let case = Case::new();
    case.samples();
    let digits = |letter: &str| letter.repeat(64);
    case.write("a.key", digits("a"));
    case.write("b.key", digits("b"));
    let contacts = |store: &str, key: &str| {
        case.ask(&["ingest", "sample-data/telegram", "--store", store, "--key-file", key]);
        rows(&case.path(store)).into_iter().map(|row| row["contact_id"].clone()).collect::<BTreeSet<_>>()
    };
    let first = contacts("first", "a.key");
    assert_eq!(contacts("second", "a.key"), first);
    assert!(contacts("third", "b.key").is_disjoint(&first));
    assert!(!case.path("first/pseudonym.key").exists(), "a key that was given is not copied into the store");
    case.write("bad.key", "no key");
    case.run(&["ingest", "sample-data", "--store", "fourth", "--key-file", "bad.key"])
        .expect(2)
        .complains(&["bad.key"]);
}

#[cfg(unix)]
#[test]
fn the_key_of_the_pseudonyms_is_its_owners_alone_and_not_in_the_table() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::new();
    case.samples();
    case.ask(&["ingest", "sample-data/telegram", "--store", "store"]);
    let path = case.path("store/pseudonym.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(path).unwrap();
    for file in files_below(&case.path("store/events")) {
        assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains(key.trim()), "{}", file.display());
    }
}

#[test]
fn an_address_in_object_storage_is_followed_or_refused_and_never_taken_for_a_folder() {
    let case = Case::new();
    case.samples();
    let commands: [&[&str]; 8] = [
        &["ingest", "sample-data/telegram", "--store", "s3://bucket/store"],
        &["ingest", "s3://bucket/logs", "--store", "store"],
        &["report", "--store", "gs://bucket/store"],
        &["query", "open_rate", "--store", "az://bucket/store"],
        &["forget", "--channel", "telegram", "--contact", "1", "--store", "s3://bucket/store"],
        &["store", "log", "--store", "s3://bucket/store"],
        &["retain", "--store", "s3://bucket/store"],
        &["alerts", "--store", "s3://bucket/store"],
    ];
    for command in commands {
        case.run(command).expect(2).complains(&["object storage"]);
    }
    case.write("run.toml", "[run]\nstore = \"s3://bucket/store\"\ninputs = [\"sample-data\"]\n");
    case.run(&["run", "--config", "run.toml"]).expect(2).complains(&["object storage", "name a folder"]);
    case.run(&["report", "--store", "s3://"]).expect(2).complains(&["names no bucket"]);
    // Nothing is written to a folder that is called 's3:'.
    let write: &[&[&str]] = &[
        &["report", "--demo", "--out", "s3://bucket/report"],
        &["simulate", "--out", "s3://bucket/logs"],
        &["ingest", "sample-data/telegram", "--store", "store", "--rejects", "s3://bucket/rejects"],
        &["spark", "submit", "--store", "store", "--counts", "s3://bucket/counts"],
    ];
    for arguments in write {
        case.run(arguments).expect(2).complains(&["only stores and logs can be in object storage"]);
    }
    case.write("run.toml", "[run]\ninputs = [\"sample-data\"]\n[[run.report]]\nout = \"s3://bucket/report\"\n");
    case.run(&["run", "--config", "run.toml"]).expect(2).complains(&["s3://bucket/report", "name a folder"]);
    assert!(!case.path("s3:").exists() && !case.path("store").exists());
}

//! Erasure from outside: afterwards no byte of the store, of exports, rejects, certificates, reports or messages leads to whoever
//! was forgotten, everybody else is still there, and a process that is killed leaves a store that the next run completes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use calamine::Reader as _;
use regex::bytes::Regex;
use serde_json::Value;
use trichter::store::{Key, Store};

use super::case::{Case, Ran, StoredRow, files_below, rows, rows_of};

const ACCOUNT: &str = "106540352242922";
/// The number that the person had before.
pub(super) const FORMER: &str = "4917099887766";
const WORDS: &str = "Unverwechselbar vom Deich";
const TARGETS: [&str; 8] = [
    "parquet:out/parquet",
    "delta:out/delta",
    "arrow:out/arrow",
    "csv:out/csv",
    "csv+zst:out/zst",
    "ndjson:out/ndjson",
    "sqlite:out/bi.sqlite",
    "xlsx:out/bi.xlsx",
];

/// A store with a person in it who changed their number, wrote, and asked to be erased.
pub(super) struct Scene {
    pub(super) case: Case,
    /// The number that they have now.
    pub(super) number: String,
}

fn webhook(message: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"{ACCOUNT}"}},"messages":[{message}]}}}}]}}]}}"#
    ) + "\n"
}

fn written(from: &str, id: &str, at: i64, text: &str) -> String {
    webhook(&format!(r#"{{"from":"{from}","id":"{id}","timestamp":"{at}","type":"text","text":{{"body":"{text}"}}}}"#))
}

impl Scene {
    pub(super) fn new(privacy: &str) -> Self {
        let case = Case::new();
        case.simulate("150");
        let number = most_told(&case.path("sim/logs"));
        let mut config = fs::read_to_string(case.path("sim/trichter.toml")).unwrap();
        writeln!(config, "\n[privacy]\n{privacy}").unwrap();
        for target in TARGETS {
            writeln!(config, "[[export]]\ntarget = \"{target}\"").unwrap();
        }
        case.write("trichter.toml", config);
        case.write(
            "extra/more.ndjson",
            [
                written(FORMER, "wamid.FORMER1", 1_767_700_000, "guten Tag"),
                webhook(&format!(
                    r#"{{"from":"{FORMER}","id":"note-1","timestamp":"1768000000","type":"system","system":{{"type":"user_changed_number","wa_id":"{number}"}}}}"#
                )),
                written(&number, "wamid.WORDS1", 1_768_100_000, WORDS),
                written(&number, "wamid.ERASE1", 1_768_200_000, "Bitte löschen Sie meine Daten"),
                // Somebody else, who changed their number as well.
                webhook(
                    r#"{"from":"4917011111111","id":"note-2","timestamp":"1768000000","type":"system","system":{"type":"user_changed_number","wa_id":"4917022222222"}}"#,
                ),
            ]
            .concat(),
        );
        let (network, rest) = number.split_at(5);
        let formatted = format!("+{network} {rest}");
        case.write(
            "extra/bad.ndjson",
            format!("{{\"from\":\"{FORMER}\",\n{{\"who\":\"{number}\"\n{{\"call\":\"{formatted}\"\n{{\"from\":\"4917022222222\",\n"),
        );
        case.write("key", "5a".repeat(32));
        let scene = Self { case, number };
        scene.ingest(&["sim/logs"]);
        // So that targets hold two versions in the end.
        scene.case.ask(&["export", "--store", "store", "--quiet"]);
        scene.ingest(&["extra/more.ndjson", "extra/bad.ndjson", "--rejects", "rejects.ndjson"]);
        scene.case.ask(&["store", "optimize", "--store", "store"]);
        scene.case.ask(&["export", "--store", "store", "--quiet"]);
        scene.report("before");
        scene.case.write("store/events/month=2026-01/part-killed.parquet", format!("half a file of {}", scene.number));
        scene
    }

    pub(super) fn ingest(&self, inputs: &[&str]) {
        let rest = ["--store", "store", "--config", "trichter.toml", "--key-file", "key", "--quiet"];
        self.case.ask(&[&["ingest"], inputs, &rest].concat());
    }

    pub(super) fn forget(&self, arguments: &[&str]) -> Ran {
        self.case.run(&[&["forget", "--store", "store", "--key-file", "key"], arguments].concat())
    }

    /// The report as JSON.
    pub(super) fn report(&self, name: &str) -> Value {
        self.case.ask(&["report", "--store", "store", "--out", name, "--format", "json,html,md", "--quiet"]);
        serde_json::from_slice(&fs::read(self.case.path(name).join("report.json")).unwrap()).unwrap()
    }

    /// All that leads to the person: ids, pseudonyms, keys, words, what stands for their messages and events.
    pub(super) fn needles(&self) -> BTreeMap<Vec<u8>, String> {
        let key = Key::from_hex(&"5a".repeat(32)).unwrap();
        let mut needles = BTreeMap::new();
        let mut add = |bytes: &[u8], what: &str| drop(needles.insert(bytes.to_vec(), what.to_owned()));
        for number in [self.number.as_str(), FORMER] {
            add(number.as_bytes(), "number");
            let hash = key.contact("whatsapp", number);
            add(&hash.to_be_bytes(), "hash");
            add(format!("{hash:032x}").as_bytes(), "pseudonym");
            add_number(&mut add, i64::from_be_bytes(*hash.to_be_bytes().first_chunk().unwrap()), "contact key");
        }
        add(WORDS.as_bytes(), "words");
        add(b"wamid.WORDS1", "message id");
        for row in self.rows_of_person() {
            for column in ["message_id", "reply_to"] {
                row.get(column).into_iter().for_each(|id| add(id.as_bytes(), column));
            }
            for column in ["message_key", "reply_key"] {
                row.get(column).into_iter().for_each(|key| add_number(&mut add, key.parse().unwrap(), column));
            }
            let event = u128::from_str_radix(&row["event_id"], 16).unwrap();
            add(row["event_id"].as_bytes(), "event id as text");
            add(&event.to_be_bytes(), "event id");
        }
        needles
    }

    pub(super) fn rows_of_person(&self) -> Vec<StoredRow> {
        let hash = Key::from_hex(&"5a".repeat(32)).unwrap().contact("whatsapp", &self.number);
        let key = i64::from_be_bytes(*hash.to_be_bytes().first_chunk().unwrap()).to_string();
        let mut rows = rows(&self.case.path("store"));
        rows.retain(|row| row["contact_key"] == key);
        rows
    }

    /// What is found of needles anywhere but in the logs, and where.
    fn found(&self, needles: &BTreeMap<Vec<u8>, String>) -> BTreeSet<(String, String)> {
        self.found_in("", needles)
    }

    /// The same in files whose path begins so.
    pub(super) fn found_in(&self, place: &str, needles: &BTreeMap<Vec<u8>, String>) -> BTreeSet<(String, String)> {
        let alternatives: Vec<String> = needles
            .keys()
            .map(|needle| needle.iter().fold(String::new(), |text, byte| text + &format!("\\x{byte:02x}")))
            .collect();
        let pattern = Regex::new(&format!("(?-u){}", alternatives.join("|"))).unwrap();
        let mut found = BTreeSet::new();
        for path in files_below(self.case.folder()) {
            let name = path.strip_prefix(self.case.folder()).unwrap().to_str().unwrap().to_owned();
            if !name.starts_with(place) {
                continue;
            }
            if ["sim/", "extra/", "key", "list.csv"].iter().any(|given| name.starts_with(given)) {
                continue;
            }
            for bytes in contents(&path) {
                for hit in pattern.find_iter(&bytes) {
                    found.insert((name.clone(), needles[hit.as_bytes()].clone()));
                }
            }
        }
        found
    }
}

/// A number as files write it: digits, and eight bytes from either end.
fn add_number(add: &mut impl FnMut(&[u8], &str), number: i64, what: &str) {
    add(number.to_string().as_bytes(), what);
    add(&number.to_le_bytes(), what);
    add(&number.to_be_bytes(), what);
}

/// The number of which the logs tell most.
fn most_told(logs: &Path) -> String {
    let number = regex::Regex::new("49151[0-9]{8}").unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for path in files_below(logs) {
        for found in number.find_iter(&fs::read_to_string(path).unwrap()) {
            *counts.entry(found.as_str().to_owned()).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, n)| *n).unwrap().0
}

/// The bytes of a file, and what they hide.
fn contents(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let mut contents = Vec::new();
    if bytes.starts_with(b"PAR1") {
        contents.push(rows_of(path).iter().fold(String::new(), |text, row| text + &format!("{row:?}\n")).into_bytes());
    } else if path.extension().is_some_and(|end| end == "zst") {
        contents.push(zstd::decode_all(bytes.as_slice()).unwrap());
    } else if path.extension().is_some_and(|end| end == "xlsx") {
        let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
        for name in book.sheet_names() {
            let sheet = book.worksheet_range(&name).unwrap();
            let cells = sheet.rows().flatten().map(ToString::to_string).collect::<Vec<_>>();
            contents.push(cells.join("\n").into_bytes());
        }
    }
    contents.push(bytes);
    contents
}

fn certificate(case: &Case) -> Value {
    let path = files_below(&case.path("store/certificates")).pop().unwrap();
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn no_byte_leads_to_somebody_who_was_forgotten_and_everybody_else_is_still_there() {
    let scene = Scene::new("text = \"keep\"");
    let needles = scene.needles();
    let before = scene.found(&needles);
    let kinds: BTreeSet<&str> = before.iter().map(|(_, what)| what.as_str()).collect();
    for what in ["number", "pseudonym", "contact key", "words", "message_id", "message_key", "event id"] {
        assert!(kinds.contains(what), "the search finds no {what} where there is one: {before:#?}");
    }
    for place in [
        "store/events/",
        "store/events/_links",
        "rejects.ndjson",
        "out/parquet",
        "out/delta",
        "out/arrow",
        "out/csv",
        "out/zst",
        "out/ndjson",
        "out/bi.sqlite",
        "out/bi.xlsx",
    ] {
        assert!(before.iter().any(|(file, _)| file.starts_with(place)), "nothing is found in {place}");
    }
    assert!(before.iter().all(|(file, _)| !file.contains("_delta_log")), "logs name nobody: {before:#?}");
    let all = rows(&scene.case.path("store"));
    let person = scene.rows_of_person();
    assert!(person.len() > 30);

    // By the former number: who has another one is the same person.
    let arguments = ["--channel", "whatsapp", "--contact", FORMER, "--rejects", "rejects.ndjson"];
    let dry = scene.forget(&[&arguments[..], &["--dry-run"]].concat()).expect(0);
    assert!(
        dry.stdout.starts_with(&format!("1 of 1 contacts have events: {} rows in ", person.len())),
        "{}",
        dry.stdout
    );
    assert_eq!(scene.found(&needles), before, "a dry run changes nothing");
    let ran = scene.forget(&arguments).expect(0);
    for text in [&ran.stdout, &ran.stderr, &dry.stdout, &dry.stderr] {
        let said = needles.keys().find(|needle| text.as_bytes().windows(needle.len()).any(|part| part == *needle));
        assert_eq!(said, None, "{text}");
    }
    assert_eq!(scene.found(&needles), BTreeSet::new());

    let left = rows(&scene.case.path("store"));
    let others: Vec<&StoredRow> = all.iter().filter(|row| !person.contains(row)).collect();
    assert!(left.iter().eq(others), "everybody else's rows stay as they were");
    let rejects = fs::read_to_string(scene.case.path("rejects.ndjson")).unwrap();
    assert!(rejects.contains("4917022222222") && !rejects.is_empty());
    let certificate = certificate(&scene.case);
    assert_eq!(certificate["rows"], person.len());
    assert_eq!((&certificate["complete"], &certificate["contacts"]), (&Value::Bool(true), &1.into()));
    assert_eq!(certificate["exports"].as_array().unwrap().len(), TARGETS.len());
    let deleted = certificate["deleted"].as_array().unwrap();
    assert!(deleted.iter().any(|file| file["path"].as_str().unwrap().ends_with("part-killed.parquet")));
    assert!(deleted.iter().all(|file| file["blake3"].as_str().unwrap().len() == 64));

    // Versions before are gone, and say so; the ledger of all ingests is not.
    let early = scene.case.run(&["query", "open_rate", "--store", "store", "--as-of", "1"]).expect(2);
    early.complains(&["version 1 is gone", "erased data or changed the key"]);
    let report = scene.report("after");
    assert!(scene.found(&needles).is_empty());
    let before: Value = serde_json::from_slice(&fs::read(scene.case.path("before/report.json")).unwrap()).unwrap();
    assert_ne!(report, before);
    let log = scene.case.ask(&["store", "log", "--store", "store"]);
    assert_eq!(log.matches("events stored").count(), 2, "{log}");
    // Again, it has nothing to do, and the links of everybody else still join what they did.
    let version = || Store::open(&scene.case.path("store"), trichter::store::AsOf::Latest).unwrap().version();
    let before = version();
    scene.forget(&arguments).expect(0);
    assert_eq!(version(), before);
    scene.case.write("extra/late.ndjson", written("4917011111111", "wamid.LATE1", 1_768_300_000, "hallo"));
    scene.ingest(&["extra/late.ndjson"]);
    let other = Key::from_hex(&"5a".repeat(32)).unwrap().contact("whatsapp", "4917022222222");
    assert!(rows(&scene.case.path("store")).iter().any(|row| row["source"].ends_with("late.ndjson")));
    let late = rows(&scene.case.path("store")).into_iter().filter(|row| row["source"].ends_with("late.ndjson"));
    assert!(late.into_iter().all(|row| row["contact_id"] == format!("{other:032x}")));
}

#[test]
fn with_kept_counts_the_numbers_stay_and_nobody_knows_whose_they_are() {
    let scene = Scene::new("contact_ids = \"plain\"\ntext = \"keep\"");
    let needles = scene.needles();
    assert!(!scene.found(&needles).is_empty());
    let n_rows = rows(&scene.case.path("store")).len();
    scene.case.write("list.csv", format!("channel,contact_id\nwhatsapp,{}\n", scene.number));
    scene.forget(&["--list", "list.csv", "--keep-counts", "--rejects", "rejects.ndjson"]).expect(0);
    assert_eq!(scene.found(&needles), BTreeSet::new());
    let left = rows(&scene.case.path("store"));
    // The wish itself is fulfilled.
    assert_eq!(left.len(), n_rows - 1);
    let stranger: Vec<&StoredRow> = left.iter().filter(|row| row["source"] == "forgotten").collect();
    let contacts: BTreeSet<&str> = stranger.iter().map(|row| row["contact_id"].as_str()).collect();
    assert_eq!(contacts.len(), 1);
    assert!(
        stranger.iter().all(|row| row["line"] == "0" && row.get("answer").is_none_or(|text| !text.contains("Deich")))
    );
    scene.report("after");
    for file in ["report.json", "report.md", "index.html"] {
        let bytes = |folder: &str| fs::read(scene.case.path(folder).join(file)).unwrap();
        assert!(bytes("before") == bytes("after"), "{file} differs");
    }
}

#[test]
fn logs_that_are_read_again_bring_nobody_back_and_news_is_taken() {
    let scene = Scene::new("text = \"keep\"");
    let needles = scene.needles();
    let version = || Store::open(&scene.case.path("store"), trichter::store::AsOf::Latest).unwrap().version();
    let number = scene.number.clone();
    scene
        .forget(&["--channel", "whatsapp", "--contact", &number, "--keep-counts", "--rejects", "rejects.ndjson"])
        .expect(0);
    let (n_rows, before) = (rows(&scene.case.path("store")).len(), version());
    scene.ingest(&["sim/logs", "extra"]);
    assert_eq!((rows(&scene.case.path("store")).len(), version()), (n_rows, before));
    assert_eq!(scene.found(&needles), BTreeSet::new());
    // Who comes back is somebody new.
    let now = jiff::Timestamp::now().as_second() + 60;
    scene.case.write("extra/news.ndjson", written(&number, "wamid.NEWS1", now, "hallo"));
    scene.ingest(&["extra/news.ndjson"]);
    assert_eq!(rows(&scene.case.path("store")).len(), n_rows + 1);
    // Without the list, the logs count.
    scene.forget(&["--channel", "whatsapp", "--contact", FORMER, "--unremembered"]).expect(0);
    fs::remove_file(scene.case.path("store/forgotten")).unwrap();
    scene.ingest(&["extra/more.ndjson"]);
    assert!(!scene.rows_of_person().is_empty());
}

#[test]
fn everybody_who_asked_in_the_log_can_be_forgotten_at_once_and_is_pending_no_longer() {
    let scene = Scene::new("text = \"drop\"");
    let pending = || {
        let text = scene.case.ask(&["query", "erasure_pending_rate", "--store", "store", "--format", "json"]);
        let answer: Value = serde_json::from_str(&text).unwrap();
        text.contains("numerator").then(|| numerators(&answer)).unwrap()
    };
    assert!(pending() > 0);
    let needles = scene.needles();
    scene.forget(&["--pending", "--rejects", "rejects.ndjson"]).expect(0);
    assert_eq!(pending(), 0);
    assert_eq!(scene.found(&needles), BTreeSet::new());
}

fn numerators(value: &Value) -> u64 {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| if key == "numerator" { value.as_u64().unwrap() } else { numerators(value) })
            .sum(),
        Value::Array(list) => list.iter().map(numerators).sum(),
        _ => 0,
    }
}

#[test]
fn a_killed_erasure_leaves_a_whole_store_that_the_next_one_completes() {
    let n_kills: u32 = std::env::var("TRICHTER_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(30);
    let scene = Scene::new("text = \"keep\"");
    let needles = scene.needles();
    let all = rows(&scene.case.path("store")).len();
    let person = scene.rows_of_person().len();
    copy(&scene.case, "store", "whole");
    let arguments = [
        "forget",
        "--store",
        "store",
        "--key-file",
        "key",
        "--config",
        "sim/trichter.toml",
        "--quiet",
        "--channel",
        "whatsapp",
        "--contact",
        FORMER,
    ];
    let began = Instant::now();
    scene.case.ask(&arguments);
    let lasted = began.elapsed();
    let (mut n_killed, mut n_before, mut n_after) = (0, 0, 0);
    for round in 0..n_kills {
        fs::remove_dir_all(scene.case.path("store")).unwrap();
        copy(&scene.case, "whole", "store");
        let mut child = scene.case.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(lasted.mul_f64(f64::from(round + 1) / f64::from(n_kills)) + Duration::from_millis(1));
        child.kill().unwrap();
        n_killed += u32::from(!child.wait().unwrap().success());
        let left = rows(&scene.case.path("store")).len();
        assert!(left == all || left == all - person, "{left} rows: neither all nor all but the person's");
        if left == all {
            n_before += 1;
        } else {
            n_after += 1;
        }
        scene.case.ask(&arguments);
        assert_eq!(rows(&scene.case.path("store")).len(), all - person);
        let found = scene.found_in("store/", &needles);
        assert!(found.is_empty(), "round {round}: {found:#?}");
    }
    eprintln!("{n_killed} of {n_kills} erasures were killed; {n_before} before the commit, {n_after} after it");
    assert!(n_killed >= n_kills / 3);
}

pub(super) fn copy(case: &Case, from: &str, to: &str) {
    let (from, to) = (case.path(from), case.path(to));
    for file in files_below(&from) {
        let place = to.join(file.strip_prefix(&from).unwrap());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(file, place).unwrap();
    }
}

#[test]
fn a_running_ingest_keeps_erasure_out_and_mistakes_name_nobody() {
    let case = Case::new();
    case.samples();
    case.write("key", "5a".repeat(32));
    case.ask(&["ingest", "sample-data/telegram", "--store", "store", "--key-file", "key", "--quiet"]);
    let store = Store::open_or_create(&case.path("store")).unwrap();
    let arguments =
        ["forget", "--store", "store", "--key-file", "key", "--channel", "telegram", "--contact", "7000000001"];
    case.run(&arguments).expect(2).complains(&["somebody else is writing"]);
    drop(store);
    let ran = case.run(&arguments).expect(0);
    assert!(ran.stdout.starts_with("1 of 1 contacts had events"), "{}", ran.stdout);
    // Another channel, another person: that is told, and is no error.
    let ran = case
        .run(&["forget", "--store", "store", "--key-file", "key", "--channel", "viber", "--contact", "7000000002"])
        .expect(0);
    assert!(ran.stdout.starts_with("0 of 1 contacts had events"), "{}", ran.stdout);
    case.write("list.csv", "telegram,7000000003\n7000000004\n");
    let ran = case.run(&["forget", "--store", "store", "--key-file", "key", "--list", "list.csv"]).expect(2);
    assert!(ran.stderr.contains("record 2 of 'list.csv'") && !ran.stderr.contains("7000000004"), "{}", ran.stderr);
    // Without the key nobody is found, so it must not be made anew.
    case.run(&["forget", "--store", "store", "--channel", "telegram", "--contact", "7000000003"]).expect(2);
    assert!(!case.path("store/pseudonym.key").exists());
    case.run(&["forget", "--store", "store", "--key-file", "key"]).expect(2);
}

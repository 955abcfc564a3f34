//! Identity: what somebody did under several ids is one history, whenever and in whatever order the logs tell that these
//! ids are one person's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use regex::{Captures, Regex};
use trichter::config::Config;
use trichter::ingest::{self, Plan, input};
use trichter::store::{AsOf, Key, Store};

use super::case::{Case, StoredRow, rows, rows_of};
use super::pipeline::Pipeline;
use super::shapes::balance;

/// 2026-02-01T00:00:00Z, in the middle of the simulated logs.
const CHANGE: i64 = 1_769_904_000;
const ACCOUNT: &str = "106540352242922";

#[test]
fn of_a_number_its_country_is_kept_where_the_channel_knows_people_by_numbers_and_the_log_tells_none() {
    let log = "\
kind,at,contact,channel,message_id,country
message_received,2026-03-02T10:00:00Z,4915112345678,whatsapp,i1,
message_received,2026-03-02T10:00:00Z,436641234567,twilio,i2,
message_received,2026-03-02T10:00:00Z,436641234568,whatsapp,i3,CH
message_received,2026-03-02T10:00:00Z,447797123456,whatsapp,i4,
message_received,2026-03-02T10:00:00Z,US.13491208655302741918,whatsapp,i5,
message_received,2026-03-02T10:00:00Z,4915112345678,telegram,i6,
";
    let pipeline = Pipeline::new("");
    fs::write(pipeline.path("log.csv"), log).unwrap();
    pipeline.ingest("log.csv");
    let country = |row: &BTreeMap<&str, String>| row.get("country").cloned().unwrap_or_default();
    let mut found: Vec<(String, String)> =
        pipeline.rows("contacts").iter().map(|row| (row["channel"].clone(), country(row))).collect();
    found.sort();
    // Jersey and Britain share a range; an id of the platform's own is no number, nor is anything on Telegram.
    let expected = [
        ("telegram", ""),
        ("twilio", "AT"),
        ("whatsapp", ""),
        ("whatsapp", ""),
        ("whatsapp", "CH"),
        ("whatsapp", "DE"),
    ];
    assert_eq!(found, expected.map(|(channel, country)| (channel.to_owned(), country.to_owned())));
}

/// A note that somebody has another number.
fn note(former: &str, current: &str, at: i64) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"{ACCOUNT}"}},"messages":[{{"from":"{former}","id":"note-{former}-{current}-{at}","timestamp":"{at}","type":"system","system":{{"type":"user_changed_number","wa_id":"{current}"}}}}]}}}}]}}]}}"#
    ) + "\n"
}

/// A message that somebody wrote to an account.
fn written(from: &str, account: &str, id: &str, at: i64, text: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"{account}"}},"messages":[{{{from},"id":"{id}","timestamp":"{at}","type":"text","text":{{"body":"{text}"}}}}]}}}}]}}]}}"#
    ) + "\n"
}

/// Logs of WhatsApp in `sim/logs`, the same in `changed/logs` where everybody has another number before the change, and
/// the notes of these changes in `notes.ndjson`.
fn simulate(case: &Case) {
    case.ask(&[
        "simulate",
        "--out",
        "sim",
        "--contacts",
        "120",
        "--days",
        "60",
        "--seed",
        "5",
        "--channels",
        "whatsapp",
    ]);
    let id = Regex::new(r#"49151(\d{8})(\\*")"#).unwrap();
    let time = Regex::new(r#"timestamp\\*":\\*"(\d{10})|"at":"(2026-\d\d)"#).unwrap();
    let mut people = BTreeSet::new();
    for path in fs::read_dir(case.path("sim/logs")).unwrap().map(|entry| entry.unwrap().path()) {
        let mut text = String::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            people.extend(id.captures_iter(line).map(|found| found[1].to_owned()));
            let is_before = time.captures(line).is_some_and(|found| match (found.get(1), found.get(2)) {
                (Some(seconds), _) => seconds.as_str().parse::<i64>().unwrap() < CHANGE,
                (_, month) => month.is_some_and(|month| month.as_str() < "2026-02"),
            });
            let other = |found: &Captures<'_>| format!("49152{}{}", &found[1], &found[2]);
            text.push_str(&if is_before { id.replace_all(line, other) } else { line.into() });
            text.push('\n');
        }
        case.write(&format!("changed/logs/{}", path.file_name().unwrap().to_str().unwrap()), text);
    }
    let notes = people.iter().map(|person| note(&format!("49152{person}"), &format!("49151{person}"), CHANGE));
    case.write("notes.ndjson", notes.collect::<String>());
    case.write("key", "5a".repeat(32));
}

fn command<'a>(log: &'a str, store: &'a str) -> Vec<&'a str> {
    vec!["ingest", log, "--store", store, "--config", "sim/trichter.toml", "--key-file", "key", "--quiet"]
}

/// What a store holds besides the notes themselves: every column but the place in the log, which is that of whichever
/// delivery came first, and the event's id, in one case of which the platform's own key has the contact in it.
fn told(case: &Case, store: &str) -> Vec<StoredRow> {
    let mut rows = rows(&case.path(store));
    rows.retain(|row| row["kind"] != "identity_linked");
    for row in &mut rows {
        for place in ["source", "line", "event_id"] {
            row.remove(place);
        }
    }
    rows.sort();
    rows
}

/// Rows of fact tables, and the answers to metrics and a funnel.
fn counts(case: &Case, store: &str) -> Vec<String> {
    let mut counts = case.answers(store);
    for table in ["contact_months", "contacts", "conversations", "messages", "opt_outs", "permissions", "visits"] {
        let file = format!("{table}.sql");
        case.write(
            &file,
            format!(
                "-- name: {table}\n-- meaning: rows\n-- unit: rows\n-- table: {table}\n-- follows: none\n-- caveat: none\n\
                 SELECT segment, COUNT(*) AS numerator, COUNT(*) AS denominator FROM {table} GROUP BY segment\n"
            ),
        );
        let asked = ["query", &file, "--store", store, "--config", "sim/trichter.toml", "--format", "json"];
        counts.push(case.ask(&asked));
    }
    for funnel in ["campaign", "lead_qualification"] {
        let asked = ["funnel", funnel, "--store", store, "--config", "sim/trichter.toml", "--format", "json"];
        counts.push(case.ask(&asked));
    }
    counts
}

fn contacts(rows: &[StoredRow]) -> BTreeSet<&str> {
    rows.iter().map(|row| row["contact_key"].as_str()).collect()
}

#[test]
fn changed_numbers_give_the_history_that_one_number_gives_in_whatever_order_they_are_told() {
    let case = Case::new();
    simulate(&case);
    case.ask(&command("sim/logs", "one"));
    let expected = (told(&case, "one"), counts(&case, "one"));
    let people = contacts(&expected.0).len();

    // Months of history first.
    case.ask(&command("changed/logs", "late"));
    let before = told(&case, "late");
    assert!(contacts(&before).len() > people * 3 / 2, "most have two numbers");
    case.ask(&command("notes.ndjson", "late"));
    let stored = rows(&case.path("late")).len();
    assert_eq!(stored, before.len() + people, "a row for each note, and no row lost");

    // The notes first; all at once; file by file from the end, the notes in the middle.
    case.ask(&command("notes.ndjson", "early"));
    case.ask(&command("changed/logs", "early"));
    let mut together = command("changed/logs", "together");
    together.insert(2, "notes.ndjson");
    case.ask(&together);
    let mut logs = super::case::files_below(&case.path("changed/logs"));
    logs.insert(logs.len() / 2, case.path("notes.ndjson"));
    for log in logs.iter().rev() {
        case.ask(&command(log.to_str().unwrap(), "split"));
    }

    for store in ["late", "early", "together", "split"] {
        assert!(told(&case, store) == expected.0, "{store} differs");
        assert_eq!(counts(&case, store), expected.1, "{store}");
        assert_eq!(rows(&case.path(store)).len(), stored, "{store}");
        // What is known brings no news, not even as another version.
        let version = |case: &Case| Store::open(&case.path(store), AsOf::Latest).unwrap().version();
        let version_before = version(&case);
        case.ask(&command("changed/logs", store));
        case.ask(&command("notes.ndjson", store));
        assert_eq!(version(&case), version_before, "{store}");
        case.ask(&["store", "optimize", "--store", store]);
        assert!(told(&case, store) == expected.0, "{store} differs after compaction");
    }
}

/// A store with plain ids, filled line by line.
struct Small {
    case: Case,
}

impl Small {
    fn new() -> Self {
        let case = Case::new();
        case.write("plain.toml", "[privacy]\ncontact_ids = \"plain\"\n");
        case.write("key", "5a".repeat(32));
        Self { case }
    }

    fn ingest(&self, lines: &str) {
        self.case.write("log.ndjson", lines);
        let arguments =
            ["ingest", "log.ndjson", "--store", "store", "--config", "plain.toml", "--key-file", "key", "--quiet"];
        self.case.ask(&arguments);
    }

    /// By the id that a message names, under which contact it is filed.
    fn filed(&self, version: Option<u64>) -> BTreeMap<String, String> {
        let as_of = version.map_or(AsOf::Latest, AsOf::Version);
        let store = Store::open(&self.case.path("store"), as_of).unwrap();
        let files = store.files().unwrap();
        let rows: Vec<StoredRow> =
            files.iter().flat_map(|file| rows_of(&store.table_path().join(&file.path))).collect();
        let by_key: BTreeSet<_> = rows.iter().map(|row| (&row["contact_key"], &row["contact_id"])).collect();
        let by_id: BTreeSet<_> = rows.iter().map(|row| &row["contact_id"]).collect();
        assert_eq!(by_key.len(), by_id.len(), "a contact has one key and one id: {by_key:?}");
        let messages = rows.iter().filter(|row| row["kind"] == "message_received");
        messages.map(|row| (row["message_id"].clone(), row["contact_id"].clone())).collect()
    }
}

fn wrote(id: &str, at: i64) -> String {
    written(&format!(r#""from":"{id}""#), "p1", &format!("by-{id}"), at, "Hallo")
}

#[test]
fn a_chain_of_changes_leads_to_the_last_number_and_a_person_who_comes_back_has_the_first() {
    let small = Small::new();
    small.ingest(&(wrote("491", CHANGE - 9) + &note("491", "492", CHANGE)));
    small.ingest(&(wrote("492", CHANGE + 9) + &wrote("499", CHANGE)));
    small.ingest(&(note("492", "493", CHANGE + 20) + &wrote("493", CHANGE + 30)));
    let chain = small.filed(None);
    assert_eq!(
        chain.iter().map(|(id, contact)| (id.as_str(), contact.as_str())).collect::<Vec<_>>(),
        [("by-491", "493"), ("by-492", "493"), ("by-493", "493"), ("by-499", "499")]
    );
    // Back to the first: a cycle. What the same logs tell under the number before is not stored yet.
    let before = written(r#""from":"493""#, "p1", "before", CHANGE + 35, "Hallo");
    small.ingest(&(before + &note("493", "491", CHANGE + 40)));
    let back = small.filed(None);
    assert_eq!((back["by-492"].as_str(), back["before"].as_str()), ("491", "491"));
    // Once more to the second, as it was said before: the way there is known, and one contact they stay.
    small.ingest(&(note("491", "492", CHANGE + 50) + &wrote("494", CHANGE)));
    let contacts: BTreeSet<String> = small.filed(None).into_values().collect();
    assert_eq!(contacts.len(), 3, "{contacts:?}");
    // A message under any of the ids joins the rest.
    small.ingest(&written(r#""from":"492""#, "p1", "later", CHANGE + 60, "Hallo"));
    assert_eq!(small.filed(None)["later"], small.filed(None)["by-491"]);
}

#[test]
fn a_report_of_before_the_change_was_known_still_shows_two_contacts() {
    let small = Small::new();
    small.ingest(&(wrote("491", CHANGE - 9) + &wrote("492", CHANGE + 9)));
    let version = Store::open(&small.case.path("store"), AsOf::Latest).unwrap().version();
    small.ingest(&note("491", "492", CHANGE));
    let contacts = |version| small.filed(version).into_values().collect::<BTreeSet<String>>().len();
    assert_eq!((contacts(Some(version)), contacts(None)), (2, 1));
    // Asked for as a report would ask.
    let asked = |as_of: &str| {
        let asked = ["query", "list_unsubscribe_rate", "--store", "store", "--format", "csv", "--as-of", as_of];
        small.case.ask(&asked)
    };
    assert_ne!(asked(&version.to_string()), asked(&(version + 1).to_string()));
}

#[test]
fn a_number_and_a_business_scoped_id_in_one_record_are_one_contact_before_and_after() {
    let small = Small::new();
    let hidden = |id: &str, at| written(r#""from_user_id":"DE.1""#, "p1", id, at, "Hallo");
    small.ingest(&(hidden("hidden-1", CHANGE) + &wrote("491", CHANGE + 1)));
    assert_eq!(small.filed(None)["hidden-1"], "DE.1");
    // Both ids in one record, and no event besides the message.
    small.ingest(&written(r#""from":"491","from_user_id":"DE.1""#, "p1", "both", CHANGE + 2, "Hallo"));
    small.ingest(&hidden("hidden-2", CHANGE + 3));
    let filed = small.filed(None);
    assert_eq!(filed.len(), 4);
    assert!(filed.values().all(|contact| contact == "491"), "{filed:?}");
    assert!(rows(&small.case.path("store")).iter().all(|row| row["kind"] != "identity_linked"));
    // Tidying up forgets nobody.
    small.case.ask(&["store", "optimize", "--store", "store"]);
    small.case.ask(&["store", "vacuum", "--store", "store", "--keep", "0"]);
    small.ingest(&hidden("hidden-3", CHANGE + 4));
    assert_eq!(small.filed(None)["hidden-3"], "491");
}

#[test]
fn somebody_who_writes_to_two_accounts_is_one_contact_and_opts_out_of_one() {
    let small = Small::new();
    let mut lines = String::new();
    for account in ["p1", "p2"] {
        for number in ["491", "492"] {
            let from = format!(r#""from":"{number}""#);
            lines += &written(&from, account, &format!("{account}-{number}"), CHANGE, "Hallo");
        }
    }
    lines += &written(r#""from":"491""#, "p1", "stop", CHANGE + 5, "Stop");
    small.ingest(&(lines + &note("491", "492", CHANGE + 9)));
    let rows = rows(&small.case.path("store"));
    assert_eq!(contacts(&rows).len(), 1);
    let out: Vec<&str> =
        rows.iter().filter(|row| row["kind"] == "opted_out_soft").map(|row| row["account"].as_str()).collect();
    assert_eq!(out, ["p1"]);
}

/// Reads what stands in `text`; when it has opened the store, and before it reads, it does `meanwhile`.
fn ingest_while(case: &Case, text: &str, meanwhile: &(dyn Fn() + Sync)) {
    let config = Config::load(&case.path("sim/trichter.toml")).unwrap();
    let text = text.to_owned();
    let plan = Plan {
        sources: &[input::Source::Stdin],
        channel: None,
        config: &config,
        key: &Key::from_file(&case.path("key")).unwrap(),
        stdin: &|| {
            meanwhile();
            Box::new(Cursor::new(text.clone()))
        },
        following: None,
        progress: &|_| {},
        now: trichter::event::Time(i64::MAX),
    };
    let mut store = Store::open_or_create(&case.path("store")).unwrap();
    ingest::ingest(&mut store, &plan, &mut |_| Ok(())).unwrap();
}

#[test]
fn a_writer_who_comes_second_joins_what_the_first_has_learned_or_stored() {
    for notes_come_first in [true, false] {
        let case = Case::new();
        simulate(&case);
        case.ask(&command("sim/logs", "one"));
        let logs = super::case::files_below(&case.path("changed/logs"));
        let all: String = logs.iter().map(|log| fs::read_to_string(log).unwrap()).collect();
        let notes = fs::read_to_string(case.path("notes.ndjson")).unwrap();
        if notes_come_first {
            ingest_while(&case, &all, &|| drop(case.ask(&command("notes.ndjson", "store"))));
        } else {
            ingest_while(&case, &notes, &|| drop(case.ask(&command("changed/logs", "store"))));
        }
        assert_eq!(counts(&case, "store"), counts(&case, "one"));
        let found = told(&case, "store");
        assert!(found == told(&case, "one"), "notes first: {notes_come_first}");
        // A compaction meanwhile replaces the files that were to be written anew.
        let version = || Store::open(&case.path("store"), AsOf::Latest).unwrap().version();
        let before = version();
        let person = contacts(&found).len();
        let others = note("4915100000001", "49153", CHANGE + 100) + &note("4915100000002", "49154", CHANGE + 100);
        ingest_while(&case, &others, &|| drop(case.ask(&["store", "optimize", "--store", "store"])));
        assert_eq!(version(), before + 2);
        let after = told(&case, "store");
        assert_eq!((after.len(), contacts(&after).len()), (found.len(), person));
    }
}

#[test]
fn several_writers_at_once_lose_nothing_and_leave_nothing_apart() {
    let case = Case::new();
    simulate(&case);
    case.ask(&command("sim/logs", "one"));
    let mut logs = super::case::files_below(&case.path("changed/logs"));
    logs.push(case.path("notes.ndjson"));
    let ingest = |log: &Path| case.command(&command(log.to_str().unwrap(), "store"));
    let children: Vec<_> = logs.iter().map(|log| ingest(log).stderr(Stdio::piped()).spawn().unwrap()).collect();
    for (child, log) in children.into_iter().zip(&logs) {
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || complaint.contains("error: "), "{complaint}");
        // Whoever was told that it did not work tries again.
        if !output.status.success() {
            assert!(ingest(log).output().unwrap().status.success());
        }
    }
    // Of what several have written, the rows of one stay.
    case.ask(&["store", "optimize", "--store", "store"]);
    assert!(told(&case, "store") == told(&case, "one"));
}

#[test]
fn an_ingest_that_is_killed_while_it_moves_events_leaves_all_of_them() {
    let case = Case::new();
    simulate(&case);
    case.ask(&command("sim/logs", "one"));
    case.ask(&command("changed/logs", "store"));
    let before = told(&case, "store");
    let began = Instant::now();
    case.ask(&command("changed/logs", "measured"));
    case.ask(&command("notes.ndjson", "measured"));
    let whole = began.elapsed();
    for part in 1..8 {
        let mut child = case.command(&command("notes.ndjson", "store")).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * part / 30 + Duration::from_millis(1));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = told(&case, "store");
        assert!(found == before || found == told(&case, "one"), "half of it is seen");
    }
    case.ask(&command("notes.ndjson", "store"));
    assert!(told(&case, "store") == told(&case, "one"));
}

#[test]
fn only_files_that_hold_a_former_id_are_written_anew() {
    let small = Small::new();
    let mut january = String::new();
    let mut february = String::new();
    for number in 100..300 {
        let id = format!("49{number}");
        writeln!(january, "{}", wrote(&id, CHANGE - 1_000).trim_end()).unwrap();
        let from = format!(r#""from":"{id}""#);
        february += &written(&from, "p1", &format!("again-{id}"), CHANGE + 1_000, "Hallo");
    }
    small.ingest(&(january + &wrote("491", CHANGE - 500)));
    small.ingest(&february);
    let files = || {
        let store = Store::open(&small.case.path("store"), AsOf::Latest).unwrap();
        store.files().unwrap().into_iter().map(|file| (file.path, file.n_rows)).collect::<BTreeSet<_>>()
    };
    let before = files();
    // Written in March, so that its own row opens a month of its own.
    small.ingest(&note("491", "49200", CHANGE + 60 * 86_400));
    let after = files();
    let kept: Vec<_> = before.intersection(&after).collect();
    assert_eq!(kept.len(), 1, "only the file of January held the former number: {before:?} {after:?}");
    assert!(kept[0].0.contains("month=2026-02"));
    assert_eq!((before.len(), after.len()), (2, 3));
    let n_rows = |files: &BTreeSet<(String, u64)>| files.iter().map(|(_, n)| n).sum::<u64>();
    assert_eq!(n_rows(&after), n_rows(&before) + 1);
}

#[test]
fn an_id_that_stands_for_many_people_makes_none_of_them_another() {
    let people: Vec<String> = (0..60).map(|number| format!("4917{number:03}")).collect();
    let lines: String = people.iter().map(|id| wrote(id, CHANGE) + &note(id, "490000", CHANGE + 1)).collect();
    let small = Small::new();
    small.case.write("log.ndjson", lines + &note("4917001", "4918", CHANGE + 2));
    let arguments = ["ingest", "log.ndjson", "--store", "store", "--config", "plain.toml", "--key-file", "key"];
    let output = small.case.run(&[&arguments[..], &["--json"]].concat());
    assert!(output.stderr.contains("1 ids are linked with so many others"));
    assert_eq!(balance(output).shared_ids, 1);
    // What else is known of them counts.
    let filed = small.filed(None);
    assert_eq!(filed.values().collect::<BTreeSet<_>>().len(), 60);
    assert_eq!(filed["by-4917001"], "4918");
    // Nobody is drawn in later.
    small.ingest(&(wrote("4919", CHANGE) + &note("4919", "490000", CHANGE + 3)));
    assert_eq!(small.filed(None)["by-4919"], "4919");
}

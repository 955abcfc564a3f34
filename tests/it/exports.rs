//! Exports from outside: rows equal facts, only what changed is written, readers see whole states, mistakes are told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use trichter::config::Config;
use trichter::export::table;
use trichter::facts::{self, Column, Facts, Form, NONE, Settings, Spec, Wanted};
use trichter::store::{AsOf, Reading, Snapshot, Store};

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

/// The rows of a table of facts as CSV would have them, found without the code of exports.
fn facts(case: &Case, table: &str) -> Vec<StoredRow> {
    let store = Store::open(&case.path("store"), AsOf::Latest).unwrap();
    let snapshot = Snapshot::of(&store).unwrap();
    let config = Config::load(&case.path(CONFIG)).unwrap();
    let settings = Settings::new(&config, &snapshot, None, None);
    let (begin, columns) = (|| Facts::new(&settings, &Wanted::all()), Facts::new(&settings, &Wanted::all()).events());
    let reading = Reading { columns: &columns, since: None, until: None };
    let found = snapshot.fold(&reading, begin, |facts, shard| {
        facts.add(shard);
        Ok(())
    });
    let mut rows = Vec::new();
    for facts in found.unwrap() {
        let found = facts.table(table).unwrap();
        for row in 0..found.n_rows() {
            let cell = |spec: &Spec| {
                let text = match found.column(spec.name).unwrap() {
                    (_, Column::Numbers(values)) if values[row] == NONE => return None,
                    (spec, Column::Numbers(values)) if spec.form == Form::Instant => {
                        format!("{:.6}", jiff::Timestamp::from_microsecond(values[row]).unwrap())
                    }
                    (_, Column::Numbers(values)) => values[row].to_string(),
                    (_, Column::Flags(flags)) => flags[row].to_string(),
                    (_, Column::Words(codes, words)) => words.get(codes[row])?.to_owned(),
                };
                // A CSV reader sees no difference between nothing and the empty text.
                Some((spec.name.to_owned(), text)).filter(|(_, text)| !text.is_empty())
            };
            rows.push(facts::grain(table).unwrap().columns.iter().filter_map(cell).collect());
        }
    }
    rows
}

#[test]
fn exported_facts_are_the_facts_with_a_day_and_keys_beside_them() {
    let case = with_store();
    export(&case, "csv:out", &[]);
    for grain in facts::GRAINS {
        let mut found = Vec::new();
        let mut last = (String::new(), i64::MIN);
        for (name, bytes) in files(&case.path("out")) {
            let Some(month) = name.strip_prefix(&format!("{}/month=", grain.name)) else { continue };
            let month = month.split('/').next().unwrap();
            for mut row in rows_of_csv(&bytes) {
                assert!(row.remove("day").unwrap().starts_with(month));
                for key in ["account_key", "flow_version_key", "question_key"] {
                    row.remove(key);
                }
                let here = (month.to_owned(), row["contact_key"].parse().unwrap());
                assert!(last <= here, "{}: rows stand by month and contact", grain.name);
                last = here;
                found.push(row);
            }
        }
        let mut expected = facts(&case, grain.name);
        expected.sort();
        found.sort();
        assert!(!found.is_empty() && found == expected, "{}", grain.name);
    }
}

#[test]
fn keys_name_one_row_and_every_reference_finds_its_row() {
    let case = with_store();
    export(&case, "csv:out", &[]);
    let mut tables: BTreeMap<String, Vec<StoredRow>> = BTreeMap::new();
    for (name, bytes) in files(&case.path("out")).into_iter().filter(|(name, _)| name.contains('/')) {
        tables.entry(name.split('/').next().unwrap().to_owned()).or_default().extend(rows_of_csv(&bytes));
    }
    assert_eq!(tables.len(), table::all().len());
    let mut n_found = 0;
    for table in table::all() {
        let rows = &tables[table.name];
        let keys: BTreeSet<Vec<Option<&String>>> =
            rows.iter().map(|row| table.keys.iter().map(|key| row.get(*key)).collect()).collect();
        assert!(table.keys.is_empty() || keys.len() == rows.len(), "{}: {:?}", table.name, table.keys);
        for (column, dimension) in table.columns.iter().filter_map(|column| Some((column.name, column.refers_to?))) {
            let known: BTreeSet<&String> = tables[dimension].iter().filter_map(|row| row.get(column)).collect();
            for row in rows.iter().filter_map(|row| row.get(column)) {
                assert!(known.contains(row), "{}.{column}: {row} is not in {dimension}", table.name);
                n_found += 1;
            }
        }
    }
    assert!(n_found > 10_000, "{n_found}");
}

#[test]
fn daily_counts_add_up_to_the_results_and_to_what_queries_say() {
    let case = with_store();
    export(&case, "csv:out", &["--tables", "daily_counts,metric_results"]);
    let number = |row: &StoredRow, name: &str| row.get(name).map_or(0, |text| text.parse::<i64>().unwrap());
    let mut sums: BTreeMap<String, [i64; 4]> = BTreeMap::new();
    let mut results: BTreeMap<String, [i64; 4]> = BTreeMap::new();
    let names = ["numerator", "denominator", "n", "sum"];
    for (name, bytes) in files(&case.path("out")) {
        for row in rows_of_csv(if name.contains('/') { &bytes } else { b"" }) {
            let counts = names.map(|name| number(&row, name));
            if name.starts_with("daily_counts/") {
                let sum = sums.entry(row["metric"].clone()).or_default();
                sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            } else if row["segment_key"] == "all" {
                results.insert(row["metric"].clone(), counts);
            }
        }
    }
    for metric in trichter::metrics::Metric::all().unwrap() {
        if !metric.counts_distinct() {
            let sum = sums.get(&metric.id).copied().unwrap_or_default();
            assert_eq!(sum, results[&metric.id], "{}", metric.id);
        }
    }
    let said = case.ask(&["query", "open_rate", "--store", "store", "--config", CONFIG, "--format", "csv"]);
    let [numerator, denominator, ..] = results["open_rate"];
    assert!(said.lines().nth(1).unwrap().starts_with(&format!("{numerator},{denominator},")), "{said}");
}

#[test]
fn an_export_is_the_same_for_any_number_of_threads_and_order_of_logs() {
    let case = Case::new();
    case.simulate("600");
    // The second store reads the logs backwards, one after the other.
    let mut logs: Vec<String> =
        files_below(&case.path("sim/logs")).iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    case.ask(&["ingest", "sim/logs", "--store", "forwards", "--config", "sim/trichter.toml", "--quiet"]);
    logs.reverse();
    fs::create_dir(case.path("backwards")).unwrap();
    fs::copy(case.path("forwards/pseudonym.key"), case.path("backwards/pseudonym.key")).unwrap();
    for log in &logs {
        case.ask(&["ingest", log, "--store", "backwards", "--config", "sim/trichter.toml", "--quiet"]);
    }
    assert!(logs.len() > 1);
    let export = |name: &str, store: &str, threads: &str| {
        let target = format!("parquet:{name}");
        let reading = ["--store", store, "--config", "sim/trichter.toml", "--threads", threads];
        case.run(&[&["export", &target], &reading[..]].concat()).expect(0);
        files(&case.path(name))
    };
    let one = export("one", "forwards", "1");
    assert!(one.len() > 15);
    assert_eq!(export("two", "forwards", "2"), one);
    assert_eq!(export("three", "forwards", "3"), one);
    let other = export("other", "backwards", "2");
    for (name, bytes) in one {
        // Which version of its store an export is of, and where a log's line stood, is told as it was.
        let differs = ["manifest.json", "export_info/", "permissions/"].iter().any(|part| name.starts_with(part));
        assert!(differs || other.get(&name) == Some(&bytes), "{name}");
    }
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

#[test]
fn targets_of_the_configuration_are_written_without_a_word() {
    let case = with_store();
    let mut config = fs::read_to_string(case.path(CONFIG)).unwrap();
    config.push_str("\n[[export]]\ntarget = \"csv:one\"\ntables = [\"contacts\", \"dim_date\"]\n");
    config.push_str("[[export]]\ntarget = \"sqlite:two.sqlite\"\ntables = [\"visits\"]\n");
    case.write("own.toml", config);
    let run = |more: &[&str]| case.run(&[&["export", "--store", "store", "--config", "own.toml"], more].concat());
    run(&[]).expect(0).complains(&["csv:one", "sqlite:two.sqlite"]);
    let names: BTreeSet<String> =
        files(&case.path("one")).into_keys().map(|name| name.split('/').next().unwrap().to_owned()).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["contacts", "dim_date", "manifest.json"]);
    assert_eq!(tables_of(&case.path("two.sqlite")), ["trichter_partitions", "visits"]);
    case.write("own.toml", "[[export]]\ntarget = \"csv:one\"\ntabels = []\n");
    run(&[]).expect(2).complains(&["own.toml:3", "did you mean 'tables'?"]);
}

fn tables_of(path: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut names = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
    names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn an_sqlite_file_is_brought_up_to_date_in_place_and_made_anew_if_somebody_changed_its_tables() {
    let case = with_store();
    let path = case.path("out.sqlite");
    let rows = || -> Vec<(i64, String)> {
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut rows = connection.prepare("SELECT contact_key, sent_at FROM messages ORDER BY 1, 2").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let tables = ["--tables", "messages,dim_campaign"];
    export(&case, "sqlite:out.sqlite", &[&tables[..], &["--until", "2026-04-10"]].concat());
    let before = rows();
    export(&case, "sqlite:out.sqlite", &tables);
    let after = rows();
    assert!(before.len() < after.len());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("ALTER TABLE messages RENAME COLUMN sent_at TO mine").unwrap();
    drop(connection);
    export(&case, "sqlite:out.sqlite", &tables);
    assert_eq!(rows(), after);
    assert!(!case.path(".out.sqlite.trichter").exists(), "the workshop is left behind");
    case.write("notes.txt", "keep");
    case.run(&["export", "sqlite:notes.txt", "--store", "store"]).expect(2).complains(&["notes.txt"]);
    assert_eq!(fs::read(case.path("notes.txt")).unwrap(), b"keep");
}

#[test]
fn a_sheet_that_cannot_hold_a_table_and_a_table_of_another_make_are_refused() {
    let case = with_store();
    export(&case, "delta:out", &["--tables", "contacts"]);
    let log = case.path("out/contacts/_delta_log/00000000000000000000.json");
    let text = fs::read_to_string(&log).unwrap();
    let other = text.replace("n_inbound", "n_others");
    assert_ne!(other, text);
    fs::write(&log, other).unwrap();
    case.run(&["export", "delta:out", "--store", "store"])
        .expect(2)
        .complains(&["contacts", "no table as this program"]);
}

/// Kills exporters and looks at what readers see after each: one of two states, whole.
#[test]
fn a_killed_export_leaves_readers_the_old_state_or_the_new_one() {
    let n_kills: u32 = std::env::var("TRICHTER_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let case = Case::new();
    case.simulate("600");
    let logs = files_below(&case.path("sim/logs"));
    assert!(logs.len() >= 2);
    for log in [&logs[..1], &logs[1..]] {
        let names: Vec<&str> = log.iter().map(|path| path.to_str().unwrap()).collect();
        let store = ["--store", "store", "--config", "sim/trichter.toml", "--quiet"];
        case.ask(&[&["ingest"], &names[..], &store].concat());
    }
    let tables = "messages,visits,contacts,dim_campaign,export_info";
    let arguments = |target: &str, version: &str| -> Vec<String> {
        let reading = ["--store", "store", "--config", "sim/trichter.toml", "--as-of", version, "--tables", tables];
        ["export", target].iter().chain(&reading).map(|&text| text.to_owned()).collect()
    };
    let run = |target: &str, version: &str| {
        let arguments = arguments(target, version);
        case.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
    };
    let began = Instant::now();
    run("parquet:old", "1");
    let whole = began.elapsed();
    run("parquet:new", "2");
    run("sqlite:old.sqlite", "1");
    run("sqlite:new.sqlite", "2");
    let [old, new] = ["old", "new"].map(|name| files(&case.path(name)));
    let content = |name: &str| {
        let connection = rusqlite::Connection::open(case.path(name)).unwrap();
        let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let counts = ["messages", "visits", "contacts", "dim_campaign"].map(|table| {
            (
                one(&format!("SELECT count(*) FROM {table}")),
                one(&format!("SELECT count(DISTINCT hash) FROM trichter_partitions WHERE table_name = '{table}'")),
            )
        });
        (one("SELECT store_version FROM export_info"), counts)
    };
    let [old_content, new_content] = ["old.sqlite", "new.sqlite"].map(content);
    assert!(old != new && old_content != new_content);
    run("parquet:out", "1");
    run("sqlite:out.sqlite", "1");
    let (mut n_killed, mut n_old, mut n_new) = (0, 0, 0);
    // How long each kind of target is let alone: longer after a kill that came too early, shorter after one that came too late,
    // so that most come about when states change.
    let mut waits = [whole; 2];
    let mut dice = 1_u64;
    for round in 0..n_kills {
        // Always to the state that readers do not see yet.
        let (target, is_new) = match round % 2 {
            0 => ("parquet:out", files(&case.path("out")) == new),
            _ => ("sqlite:out.sqlite", content("out.sqlite") == new_content),
        };
        let mut child = case.command(&[]);
        child.args(arguments(target, if is_new { "1" } else { "2" })).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = child.spawn().unwrap();
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let chance = f64::from(u32::try_from(dice >> 33).unwrap()) / f64::from(1_u32 << 31);
        let wait = &mut waits[round as usize % 2];
        std::thread::sleep(wait.mul_f64(0.8 + 0.3 * chance));
        child.kill().unwrap();
        let is_killed = !child.wait().unwrap().success();
        n_killed += u32::from(is_killed);
        *wait = wait.mul_f64(if is_killed { 1.15 } else { 0.85 });
        let found = files(&case.path("out"));
        assert!(found == old || found == new, "round {round}: half a state");
        let content = content("out.sqlite");
        assert!(content == old_content || content == new_content, "round {round}: {content:?}");
        for is_new in [found == new, content == new_content] {
            if is_new { n_new += 1 } else { n_old += 1 }
        }
    }
    println!(
        "{n_killed} of {n_kills} exports were killed; readers saw the old state {n_old} times, the new one {n_new} times"
    );
    assert!(n_killed >= n_kills / 3, "most exports ended before they were killed: {n_killed}");
    // The next ones are not in the way of what was left, and take it away.
    run("parquet:out", "2");
    run("sqlite:out.sqlite", "2");
    assert_eq!(files(&case.path("out")), new);
    assert_eq!(content("out.sqlite"), new_content);
    let left: Vec<_> =
        fs::read_dir(case.path("out/versions")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name.to_str().unwrap().parse::<u64>().is_ok()), "{left:?}");
}

#[test]
fn an_empty_store_gives_tables_without_rows() {
    let case = Case::new();
    case.write("empty.ndjson", "");
    case.run(&["ingest", "empty.ndjson", "--store", "store"]).expect(0);
    for target in ["csv:out", "delta:delta", "sqlite:out.sqlite", "xlsx:out.xlsx", "arrow:arrow"] {
        case.run(&["export", target, "--store", "store"]).expect(0);
    }
    let files = files(&case.path("out"));
    assert_eq!(files.keys().filter(|name| name.contains('/')).count(), table::all().len());
    let info = rows_of_csv(&files["export_info/part.csv"]);
    assert!(info[0].contains_key("zone") && !info[0].contains_key("horizon_at"), "{info:?}");
    for name in ["dim_date/part.csv", "messages/month=__HIVE_DEFAULT_PARTITION__/part.csv"] {
        assert!(rows_of_csv(&files[name]).is_empty(), "{name}");
    }
}

#[test]
fn two_exports_do_not_write_to_one_target_at_once() {
    let case = with_store();
    export(&case, "csv:out", &["--tables", "contacts"]);
    let held = fs::File::open(case.path("out/.trichter-export")).unwrap();
    held.lock().unwrap();
    case.run(&["export", "csv:out", "--store", "store"])
        .expect(2)
        .complains(&["another export is writing to 'out'", "try: wait"]);
    drop(held);
    export(&case, "csv:out", &["--tables", "contacts"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_an_export_and_leaves_the_old_one() {
    let case = with_store();
    let program = env!("CARGO_BIN_EXE_trichter");
    let ran = case.command(&["export", "-", "--tables", "messages", "--store", "store"]);
    let ran = { ran }.stdout(fs::File::options().write(true).open("/dev/full").unwrap()).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("cannot write 'standard output'"));
    // A small disk of its own, which goes with the shell. Only root may have one.
    let script = format!(
        "mkdir disk && mount -t tmpfs -o size=1m tmpfs disk && \
         {program} export csv:disk/out --store store --tables contacts --quiet && ls disk/out/current/ && \
         {program} export csv:disk/out --store store; echo \"ended with $?\"; ls disk/out/current/ disk/out/versions"
    );
    let ran = Command::new("unshare").args(["--mount", "sh", "-c", &script]).current_dir(case.folder()).output();
    let Some(ran) = ran.ok().filter(|ran| !String::from_utf8_lossy(&ran.stderr).contains("unshare")) else {
        println!("skipped: no disk can be made here that is small enough to be full");
        return;
    };
    let (said, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("ended with 2") && complained.contains("free some space"), "{said}\n{complained}");
    assert_eq!(said.matches("contacts").count(), 2, "{said}");
    assert!(!said.contains("messages"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let case = with_store();
    export(&case, "csv:out", &["--tables", "contacts"]);
    let before = files(&case.path("out"));
    let folder = case.path("out/versions");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let may_write = fs::write(folder.join("probe"), "").is_ok();
    let ran = case.run(&["export", "csv:out", "--store", "store", "--config", CONFIG]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    if may_write {
        // Permissions do not hold back root.
        println!("skipped: this user may write anywhere");
        return;
    }
    ran.expect(2).complains(&["cannot write", "writable"]);
    assert_eq!(files(&case.path("out")), before);
}

//! Nights: logs that grow, are rotated, repeated, late and half written, taken up run by run; runs that are killed; and what the
//! runs leave behind. The judge is one ingest of everything that was ever written.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use trichter::store::{AsOf, Snapshot, Store};

use super::case::{Case, StoredRow, files_below, rows};

const SETTINGS: &str = "
[run]
inputs = [\"logs\"]
rejects = \"rejects\"
metrics = \"trichter.prom\"
optimize = 8
[[run.report]]
out = \"reports\"
format = [\"json\", \"html\"]
";

/// One channel's log, and how much of it has been written.
struct Stream {
    name: String,
    lines: Vec<String>,
    next: usize,
    /// The rest of a line whose beginning stands in the log.
    rest: Option<String>,
    /// Lines that come again or late, and the night in which they do.
    due: Vec<(usize, String)>,
}

/// Logs as a busy host writes them.
struct Logs<'c> {
    case: &'c Case,
    streams: Vec<Stream>,
    dice: ChaCha8Rng,
    n_nights: usize,
}

impl<'c> Logs<'c> {
    /// Simulated logs to be written in so many nights, and the configuration beside them.
    fn new(case: &'c Case, contacts: &str, n_nights: usize, seed: u64) -> Self {
        case.simulate(contacts);
        let settings = fs::read_to_string(case.path("sim/trichter.toml")).unwrap() + SETTINGS;
        case.write("trichter.toml", settings);
        fs::create_dir(case.path("logs")).unwrap();
        let mut streams: Vec<Stream> = Vec::new();
        for path in files_below(&case.path("sim/logs")) {
            let name = path.file_name().unwrap().to_string_lossy().split('-').next().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let lines = text.lines().map(str::to_owned);
            match streams.iter_mut().find(|stream| stream.name == name) {
                Some(stream) => stream.lines.extend(lines),
                None => streams.push(Stream { name, lines: lines.collect(), next: 0, rest: None, due: Vec::new() }),
            }
        }
        // Some of what arrives is no record.
        for stream in &mut streams {
            for n in 0..5 {
                stream.lines.insert(n * stream.lines.len() / 5, format!("garbage {n} of {}", stream.name));
            }
        }
        Self { case, streams, dice: ChaCha8Rng::seed_from_u64(seed), n_nights }
    }

    /// Writes what a night brings; the last one brings all that is left.
    fn night(&mut self, night: usize) {
        let is_last = night + 1 == self.n_nights;
        for (number, stream) in self.streams.iter_mut().enumerate() {
            let mut text = stream.rest.take().unwrap_or_default();
            let until = (night + 1) * stream.lines.len() / self.n_nights;
            let dice = &mut self.dice;
            let mut in_hundred = |n: u32| dice.next_u32() % 100 < n;
            for line in stream.lines.get(stream.next..until).unwrap() {
                let later = night + 1 + line.len() % 4;
                if in_hundred(3) {
                    stream.due.push((later, line.clone()));
                    continue;
                }
                if in_hundred(3) {
                    stream.due.push((later, line.clone()));
                }
                text += line;
                text += "\n";
            }
            stream.next = until;
            let (due, waiting) = stream.due.drain(..).partition(|(when, _)| is_last || *when <= night);
            stream.due = waiting;
            for (_, line) in due {
                text += &line;
                text += "\n";
            }
            let path = self.case.path(&format!("logs/{}.log", stream.name));
            File::options().create(true).append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
            if night % 3 == 2 {
                rotate(self.case, &stream.name, night, number % 2 == 0);
            } else if !is_last && let Some(line) = stream.lines.get(stream.next) {
                let middle = (0..=line.len() / 2).rev().find(|at| line.is_char_boundary(*at)).unwrap();
                let (half, rest) = line.split_at(middle);
                File::options().append(true).open(&path).unwrap().write_all(half.as_bytes()).unwrap();
                stream.rest = Some(rest.to_owned() + "\n");
                stream.next += 1;
            }
        }
    }

    /// Everything that the nights bring, each line once, as one file per channel.
    fn everything(&self) {
        for stream in &self.streams {
            self.case.write(&format!("all/{}.ndjson", stream.name), stream.lines.join("\n") + "\n");
        }
    }
}

/// Rotates a log: the last one is compressed, this one moved, or copied and emptied.
fn rotate(case: &Case, name: &str, night: usize, moves: bool) {
    let [log, old] = ["", ".1"].map(|end| case.path(&format!("logs/{name}.log{end}")));
    if old.exists() {
        let packed = File::create(case.path(&format!("logs/{name}.log.{night}.gz"))).unwrap();
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
        packed.write_all(&fs::read(&old).unwrap()).unwrap();
        packed.finish().unwrap();
        fs::remove_file(&old).unwrap();
    }
    if moves {
        fs::rename(&log, &old).unwrap();
    } else {
        fs::copy(&log, &old).unwrap();
        File::create(&log).unwrap();
    }
}

/// The rows of a store without where they stood in which log.
fn contents(case: &Case, store: &str) -> Vec<StoredRow> {
    let mut rows = rows(&case.path(store));
    for row in &mut rows {
        row.retain(|column, _| !matches!(column.as_str(), "source" | "line"));
    }
    rows.sort();
    rows
}

/// One ingest of everything into `once`, with the key of the other store, and its report.
fn once(case: &Case) {
    fs::create_dir(case.path("once")).unwrap();
    fs::copy(case.path("store/pseudonym.key"), case.path("once/pseudonym.key")).unwrap();
    case.ask(&["ingest", "all", "--store", "once", "--config", "trichter.toml", "--quiet"]);
    case.ask(&[
        "report",
        "--store",
        "once",
        "--config",
        "trichter.toml",
        "--out",
        "reports-once",
        "--format",
        "json,html",
        "--quiet",
    ]);
}

/// Holds that the runs came to what one ingest comes to.
#[track_caller]
fn same(case: &Case) {
    once(case);
    assert!(contents(case, "once").len() > 2000);
    assert!(contents(case, "store") == contents(case, "once"), "the stores differ");
    for name in ["report.json", "index.html"] {
        let [runs, once] = ["reports", "reports-once"].map(|folder| fs::read(case.path(folder).join(name)).unwrap());
        assert!(runs == once, "{name} differs");
    }
}

#[test]
fn thirty_nights_of_late_repeated_rotated_and_half_written_logs_come_to_what_one_ingest_does() {
    let case = Case::new();
    let mut logs = Logs::new(&case, "250", 30, 1);
    logs.everything();
    for night in 0..30 {
        logs.night(night);
        let steps = if night == 29 { "ingest,tidy,report" } else { "ingest,tidy" };
        case.run(&["run", "--only", steps, "--quiet"]).expect(0);
    }
    same(&case);
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(files_below(&case.path("runs")).pop().unwrap()).unwrap()).unwrap();
    assert_eq!(record["outcome"], "done");
    // A run that finds nothing new reads nothing and makes no version.
    let log = case.ask(&["store", "log", "--store", "store"]);
    let told = case.ask(&["run", "--only", "ingest,tidy"]);
    assert!(told.starts_with("done; 0 records read, 0 refused, 0 events new"), "{told}");
    assert_eq!(case.ask(&["store", "log", "--store", "store"]), log);
}

/// Whether every event of a store is in it once.
fn is_each_event_stored_once(case: &Case) -> bool {
    let store = Store::open(&case.path("store"), AsOf::Latest).unwrap();
    let snapshot = Snapshot::of(&store).unwrap();
    let ids = Mutex::new(Vec::new());
    snapshot.event_ids((i64::MIN, i64::MAX), |some| ids.lock().unwrap().extend_from_slice(some)).unwrap();
    let ids = ids.into_inner().unwrap();
    ids.iter().collect::<BTreeSet<_>>().len() == ids.len()
}

#[test]
fn runs_that_are_killed_at_any_instant_lose_nothing_and_count_nothing_twice() {
    // The long torture is a matter of hours: TRICHTER_KILLS=200.
    let n_kills: usize = std::env::var("TRICHTER_KILLS").map_or(20, |text| text.parse().unwrap());
    let case = Case::new();
    let mut logs = Logs::new(&case, "200", n_kills + 1, 2);
    logs.everything();
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let (mut n_killed, mut n_rows) = (0, 0);
    for night in 0..n_kills {
        logs.night(night);
        let work: &[&str] =
            if night % 5 == 4 { &["store", "optimize", "--store", "store"] } else { &["run", "--quiet"] };
        let mut child = case.command(work).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(u64::from(dice.next_u32() % 450)));
        child.kill().unwrap();
        n_killed += usize::from(!child.wait().unwrap().success());
        if case.path("store/events/_delta_log").is_dir() {
            case.run(&["query", "delivery_rate", "--store", "store", "--config", "trichter.toml"]).expect(0);
            assert!(is_each_event_stored_once(&case), "night {night}");
            let store = Store::open(&case.path("store"), AsOf::Latest).unwrap();
            let now = Snapshot::of(&store).unwrap().n_rows();
            assert!(now >= n_rows, "night {night}: {now} rows after {n_rows}");
            n_rows = now;
        }
    }
    assert!(n_killed * 3 >= n_kills, "only {n_killed} of {n_kills} were killed");
    eprintln!("{n_killed} of {n_kills} runs were killed");
    logs.night(n_kills);
    case.run(&["run", "--quiet"]).expect(0);
    same(&case);
}

#[test]
fn two_runs_at_once_are_kept_apart_and_a_killed_one_blocks_nobody() {
    let case = Case::new();
    let mut logs = Logs::new(&case, "60", 1, 4);
    logs.night(0);
    fs::create_dir(case.path("store")).unwrap();
    let held = File::options().create(true).append(true).open(case.path("store/run.lock")).unwrap();
    held.lock().unwrap();
    case.run(&["run"]).expect(2).complains(&["another run is at work"]);
    drop(held);
    case.run(&["run", "--quiet"]).expect(0);
}

#[test]
fn what_a_step_cannot_do_keeps_the_others_from_nothing() {
    let case = Case::new();
    let mut logs = Logs::new(&case, "60", 1, 5);
    logs.night(0);
    let settings = fs::read_to_string(case.path("trichter.toml")).unwrap();
    case.write(
        "trichter.toml",
        settings + "[[export]]\ntarget = \"parquet:export\"\n[[export]]\ntarget = \"sqlite:bi.db\"\n",
    );
    // Somebody else's files are in the way of one export.
    case.write("export/theirs", "x");
    case.run(&["run"]).expect(2).complains(&["export failed", "holds files of somebody else"]);
    assert!(case.path("bi.db").exists() && case.path("reports/index.html").exists());
    case.run(&["status"]).expect(1);
    let told: serde_json::Value = serde_json::from_str(&case.run(&["status", "--json"]).expect(1).stdout).unwrap();
    assert_eq!((&told["last_run"]["outcome"], &told["is_well"]), (&"failed".into(), &false.into()));
    fs::remove_dir_all(case.path("export")).unwrap();
    case.run(&["run", "--only", "export", "--quiet"]).expect(0);
    case.run(&["status"]).expect(0);
    let metrics = fs::read_to_string(case.path("trichter.prom")).unwrap();
    assert!(metrics.contains("trichter_last_run_succeeded 1\n"), "{metrics}");
}

#[test]
fn an_alert_ends_the_run_that_raises_it_with_1_and_later_ones_with_0() {
    let case = Case::new();
    let mut logs = Logs::new(&case, "60", 2, 8);
    let settings = fs::read_to_string(case.path("trichter.toml")).unwrap();
    case.write("trichter.toml", settings + "[[alert]]\nname = \"Refused\"\nrejects = \"0.01%\"\n");
    logs.night(0);
    let ran = case.run(&["run"]).expect(1).complains(&["alert: Refused"]);
    assert!(ran.stdout.starts_with("limit missed; ") && ran.stdout.contains(", 1 alerts"), "{}", ran.stdout);
    let record = files_below(&case.path("runs")).pop().unwrap();
    let record: serde_json::Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    assert_eq!(record["alerts"][0]["state"], "raised");
    logs.night(1);
    // It still holds, and was told.
    case.run(&["run", "--quiet"]).expect(0);
    // Nothing is refused any more.
    case.run(&["run", "--quiet"]).expect(0);
    assert!(fs::read_to_string(case.path("store/alerts.json")).unwrap().contains("Refused"));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_asked_to_stop_ends_at_once_and_says_so() {
    let case = Case::new();
    let mut logs = Logs::new(&case, "400", 1, 6);
    logs.night(0);
    let mut child = case.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let asked = std::time::Instant::now();
    std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let status = child.wait().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    if status.code() == Some(0) {
        // It was faster.
        return;
    }
    assert_eq!(status.code(), Some(128 + 15));
    let record = fs::read_to_string(files_below(&case.path("runs")).pop().unwrap()).unwrap();
    assert!(record.contains("\"outcome\": \"stopped\""), "{record}");
    case.run(&["status"]).expect(1);
    case.run(&["run", "--quiet"]).expect(0);
}

#[test]
fn periods_are_reported_once_they_are_over_and_again_when_asked_for() {
    let case = Case::new();
    let mut logs = Logs::new(&case, "60", 1, 7);
    logs.night(0);
    let settings = fs::read_to_string(case.path("trichter.toml")).unwrap();
    case.write(
        "trichter.toml",
        settings + "[[run.report]]\nout = \"weekly\"\nperiod = \"week\"\nformat = [\"json\"]\n",
    );
    case.run(&["run", "--quiet"]).expect(0);
    let weeks = |case: &Case| files_below(&case.path("weekly")).len();
    assert_eq!(weeks(&case), 1);
    case.run(&["run", "--only", "report", "--since", "2026-01-05", "--quiet"]).expect(0);
    assert!(weeks(&case) >= 2, "{}", weeks(&case));
}

#[test]
fn a_configuration_made_from_logs_can_be_used() {
    let case = Case::new();
    case.simulate("60");
    case.ask(&["init", "sim/logs", "--timezone", "Europe/Berlin", "--lang", "de"]);
    case.run(&["init", "sim/logs"]).expect(2).complains(&["--force"]);
    assert_eq!(case.ask(&["config", "check"]), "trichter.toml can be used\n");
    assert!(case.ask(&["run", "--dry-run"]).contains("sim/logs: "));
    assert!(!case.path("store").exists());
    case.run(&["run", "--quiet"]).expect(0);
    case.write("wrong.toml", "[run]\nimputs = []\n");
    case.run(&["config", "check", "wrong.toml"]).expect(2).complains(&["wrong.toml:2", "did you mean 'inputs'?"]);
    // What is shown is a configuration again, and a whole one.
    case.write("short.toml", "[windows]\nreply = \"2h\"\n");
    let shown = case.ask(&["config", "show", "short.toml"]);
    assert!(shown.contains("reply = \"2h\"") && shown.contains("session_gap = \"24h\""), "{shown}");
    case.write("shown.toml", &shown);
    assert_eq!(case.ask(&["config", "show", "shown.toml"]), shown);
    case.write("gone.toml", "[run]\ninputs = [\"nowhere\"]\n");
    assert!(case.run(&["config", "check", "gone.toml"]).expect(1).stdout.contains("no file matches"));
}

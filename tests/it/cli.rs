//! The command line from outside: help, exit codes, messages, JSON.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde::Deserialize;

use super::case::{Case, files_below};
use super::shapes::{Answer, Commit, RateRow, SpreadRow, balance};

const INGEST: &[&str] = &["ingest", "sample-data", "--store", "store", "--config", "sample-data/trichter.toml"];

fn with_samples() -> Case {
    let case = Case::new();
    case.samples();
    case
}

fn with_store() -> Case {
    let case = with_samples();
    case.run(INGEST).expect(0);
    case
}

#[test]
fn help_says_what_every_command_takes() {
    let case = Case::new();
    let commands: &[&[&str]] = &[
        &[],
        &["ingest"],
        &["check"],
        &["query"],
        &["report"],
        &["explain"],
        &["export"],
        &["funnel"],
        &["store"],
        &["store", "log"],
        &["store", "optimize"],
        &["store", "vacuum"],
        &["simulate"],
    ];
    for command in commands {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let name = if command.is_empty() { "help".to_owned() } else { format!("help_{}", command.join("_")) };
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        settings.add_filter(r"trichter \d+\.\d+\.\d+", "trichter [VERSION]");
        settings.bind(|| insta::assert_snapshot!(name, case.ask(&arguments)));
    }
}

#[test]
fn every_argument_has_a_help_text_and_none_contradicts_another() {
    trichter::cli::command().debug_assert();
    let mut commands = vec![trichter::cli::command()];
    while let Some(command) = commands.pop() {
        for argument in
            command.get_arguments().filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()))
        {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        assert!(command.get_about().is_some(), "{}", command.get_name());
        commands.extend(command.get_subcommands().cloned());
    }
}

#[test]
fn the_rows_behind_a_number_are_as_many_as_it_says_and_stand_in_one_order() {
    let case = with_store();
    let ask = |more: &[&str]| case.ask(&[&["export", "-", "--tables", "visits", "--store", "store"], more].concat());
    let rows = ask(&[]);
    let mut lines = csv::Reader::from_reader(rows.as_bytes());
    let place = lines.headers().unwrap().iter().position(|name| name == "outcome").unwrap();
    let outcomes: Vec<String> = lines.records().map(|row| row.unwrap()[place].to_owned()).collect();
    let decided = outcomes.iter().filter(|outcome| *outcome != "open").count();
    let left = outcomes.iter().filter(|outcome| !["open", "answered", "skipped"].contains(&outcome.as_str())).count();
    let rate = case.ask(&["query", "question_drop_off_rate", "--store", "store", "--format", "csv"]);
    assert!(decided > 0 && rate.lines().nth(1).unwrap().starts_with(&format!("{left},{decided},")), "{rate}");
    assert_eq!(rows, ask(&["--threads", "1"]));
    assert_eq!(ask(&["--format", "ndjson"]).lines().count(), outcomes.len());
}

#[test]
fn the_version_is_an_answer() {
    assert!(Case::new().ask(&["--version"]).starts_with("trichter "));
}

#[test]
fn a_mistake_on_the_command_line_ends_with_2() {
    let case = with_samples();
    case.run(&[]).expect(2);
    case.run(&["frobnicate"]).expect(2).complains(&["frobnicate"]);
    case.run(&["ingest", "sample-data"]).expect(2).complains(&["--store"]);
    case.run(&["query", "open_rate"]).expect(2).complains(&["--store DIR"]);
    case.run(&["ingest", "nowhere", "--store", "s"]).expect(2).complains(&["no input matches 'nowhere'", "try:"]);
    case.run(&["check", "sample-data", "--channel", "telegran"]).expect(2).complains(&["did you mean 'telegram'"]);
    case.run(&["check", "sample-data", "--max-rejects", "many"]).expect(2).complains(&["'many' is no limit"]);
    case.run(&["report", "--demo", "--format", "odt"]).expect(2).complains(&["no format 'odt'", "html"]);
    assert!(!case.path("s").exists(), "a store was made although nothing could be read");
}

#[test]
fn too_many_rejects_end_with_1_and_keep_the_good_records() {
    let case = with_samples();
    let check = |limit| case.run(&["check", "sample-data", "--max-rejects", limit]);
    check("0").expect(1).complains(&["limit missed"]);
    check("1%").expect(1);
    check("1000").expect(0);
    check("99%").expect(0);
    case.run(&[INGEST, &["--max-rejects", "0"]].concat()).expect(1);
    case.ask(&["query", "open_rate", "--store", "store"]);
}

#[test]
fn an_unknown_metric_or_column_is_named_with_its_neighbour() {
    let case = with_store();
    case.run(&["query", "open-rate", "--store", "store"])
        .expect(2)
        .complains(&["error: no metric 'open-rate'", "did you mean 'open_rate'?"]);
    case.run(&["query", "open_rate", "--store", "store", "--by", "campain"])
        .expect(2)
        .complains(&["'campain'", "did you mean 'campaign'?"]);
    case.run(&["explain", "openrate"]).expect(2).complains(&["openrate"]);
}

#[test]
fn everything_that_the_list_names_can_be_explained() {
    let case = Case::new();
    let list = case.ask(&["explain"]);
    let names: Vec<&str> =
        list.lines().filter(|line| line.starts_with("  ")).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 30, "{list}");
    for name in names {
        assert!(case.ask(&["explain", name]).lines().count() > 3, "{name}");
    }
}

#[test]
fn a_store_that_is_not_there_is_an_error_with_a_remedy() {
    let case = Case::new();
    for command in [
        &["query", "open_rate", "--store", "nowhere"][..],
        &["report", "--store", "nowhere"],
        &["store", "log", "--store", "nowhere"],
        &["store", "optimize", "--store", "nowhere"],
        &["store", "vacuum", "--store", "nowhere"],
    ] {
        case.run(command).expect(2).complains(&["error: there is no store at 'nowhere'", "try:", "trichter ingest"]);
    }
    assert!(files_below(case.folder()).is_empty(), "a command that reads has written");
}

#[test]
fn a_store_of_another_schema_is_refused() {
    let case = with_store();
    // The last commit that says anything of the table as a whole counts.
    let log = case.path("store/events/_delta_log/00000000000000000001.json");
    let text = fs::read_to_string(&log).unwrap();
    for (version, hint) in [("99", "use a newer trichter"), ("1", "ingest the logs into a new store")] {
        let other = text.replace(r#""trichter.schema":"2""#, &format!(r#""trichter.schema":"{version}""#));
        assert_ne!(other, text, "where does the schema's version stand now?");
        fs::write(&log, other).unwrap();
        let words = [&*format!("schema version {version}"), hint];
        case.run(&["query", "open_rate", "--store", "store"]).expect(2).complains(&words);
        case.run(INGEST).expect(2).complains(&words);
    }
}

#[test]
fn a_damaged_data_file_is_named() {
    let case = with_store();
    let data =
        files_below(&case.path("store")).into_iter().find(|path| path.extension().is_some_and(|end| end == "parquet"));
    let data = data.unwrap();
    let name = data.file_name().unwrap().to_str().unwrap();
    let bytes = fs::read(&data).unwrap();
    // Cut off; and as long as before, with its middle lost.
    let mut hollow = bytes.clone();
    let middle = bytes.len() / 8..bytes.len() / 2;
    hollow[middle].fill(0xAA);
    for (how, damaged) in [("cut", &bytes[..bytes.len() / 2]), ("empty", &[]), ("hollow", &hollow[..])] {
        fs::write(&data, damaged).unwrap();
        let ran = case.run(&["query", "open_rate", "--store", "store", "--by", "campaign"]);
        assert!(!ran.stderr.contains("panicked"), "{how}: {}", ran.stderr);
        ran.expect(2).complains(&[name, "damaged"]);
    }
    fs::remove_file(&data).unwrap();
    case.run(&["query", "open_rate", "--store", "store"]).expect(2).complains(&[name]);
}

#[test]
fn a_place_that_cannot_be_written_is_an_error() {
    let case = with_samples();
    case.write("file", "no folder");
    case.run(&["ingest", "sample-data", "--store", "file/store"]).expect(2).complains(&["cannot write", "file/store"]);
    case.run(&["check", "sample-data", "--rejects", "nowhere/rejects.ndjson"])
        .expect(2)
        .complains(&["nowhere/rejects"]);
    case.run(&["report", "--demo", "--out", "file/report"]).expect(2).complains(&["file/report"]);
}

#[cfg(unix)]
#[test]
fn a_store_without_permission_is_an_error_and_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let case = with_store();
    let before = case.ask(&["store", "log", "--store", "store"]);
    let folders = ["store/events/_delta_log", "store/events", "store"];
    let allow = |mode| {
        for folder in folders {
            fs::set_permissions(case.path(folder), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    case.write("more.ndjson", r#"{"kind":"message_sent","at":1772438400,"contact_id":"new"}"#);
    allow(0o555);
    if fs::write(case.path("store/probe"), "").is_ok() {
        allow(0o755);
        eprintln!("skipped: this user may write everywhere, so nothing can be forbidden");
        return;
    }
    let ran = case.run(&["ingest", "more.ndjson", "--store", "store"]);
    allow(0o755);
    ran.expect(2).complains(&["error:"]);
    assert_eq!(case.ask(&["store", "log", "--store", "store"]), before);
}

#[test]
fn an_unknown_key_in_the_configuration_is_named_with_its_line() {
    let case = with_samples();
    case.write("bad.toml", "[windows]\nreply = \"2h\"\nsesion_gap = \"3h\"\n");
    case.run(&["check", "sample-data", "--config", "bad.toml"]).expect(2).complains(&[
        "bad.toml:3:",
        "sesion_gap",
        "session_gap",
    ]);
    case.write("odd.toml", "[report]\nzone = \"Europe/Berlln\"\n");
    case.run(&["check", "sample-data", "--config", "odd.toml"]).expect(2).complains(&["odd.toml:2:", "Europe/Berlln"]);
    case.run(&["check", "sample-data", "--config", "none.toml"]).expect(2).complains(&["none.toml"]);
}

#[test]
fn a_dash_reads_the_standard_input() {
    let case = with_samples();
    let log = fs::read(case.path("sample-data/telegram/odd-cases.ndjson")).unwrap();
    let piped = balance(case.run_with(&["ingest", "-", "--store", "piped", "--json"], &log));
    let named = balance(case.run(&["ingest", "sample-data/telegram/odd-cases.ndjson", "--store", "named", "--json"]));
    assert_eq!(piped.sources[0].name, "-");
    assert_eq!((piped.records, piped.events, piped.reasons), (named.records, named.events, named.reasons));
}

#[test]
fn a_balance_in_json_has_the_promised_fields_and_adds_up() {
    let case = with_samples();
    let first = balance(case.run(&[INGEST, &["--json"]].concat()));
    let names: Vec<&str> = first.sources.iter().map(|source| source.name.as_str()).collect();
    assert!(names.is_sorted() && names.iter().all(|name| name.starts_with("sample-data/")), "{names:?}");
    assert!(first.sources.iter().any(|source| source.channels.contains_key("whatsapp")));
    assert_eq!(first.version, Some(1));
    let again = balance(case.run(&[INGEST, &["--json"]].concat()));
    assert_eq!((again.events.stored, again.version), (0, Some(1)), "the same logs again change nothing");
    assert_eq!((again.records, again.reasons), (first.records, first.reasons));
    let checked = balance(case.run(&["check", "sample-data", "--config", "sample-data/trichter.toml", "--json"]));
    assert_eq!((checked.events, checked.version), (first.events, None));
}

#[test]
fn rejects_are_written_down_with_place_and_reason() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Reject {
        source: String,
        line: u64,
        reason: String,
        excerpt: String,
    }
    let case = with_samples();
    let balance = balance(case.run(&["check", "sample-data", "--rejects", "rejects.ndjson", "--json"]));
    let text = fs::read_to_string(case.path("rejects.ndjson")).unwrap();
    let rejects: Vec<Reject> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rejects.len() as u64, balance.records.rejected);
    for reject in rejects {
        assert!(case.path(&reject.source).exists() && reject.line > 0 && !reject.excerpt.is_empty());
        assert!(balance.reasons.contains_key(&reject.reason), "{}", reject.reason);
    }
}

#[test]
fn answers_in_json_have_the_promised_fields() {
    let case = with_store();
    let ask = |metric, by| case.ask(&["query", metric, "--store", "store", "--by", by, "--format", "json"]);
    let answer: Answer<RateRow> = serde_json::from_str(&ask("open_rate", "channel,campaign")).unwrap();
    assert_eq!(answer.metric, "open_rate");
    assert!(!answer.rows.is_empty());
    for row in &answer.rows {
        assert_eq!(row.segment.keys().collect::<Vec<_>>(), ["campaign", "channel"]);
        assert!(row.numerator <= row.denominator);
        assert_eq!(row.value.is_some(), row.measurable && row.denominator > 0, "{row:?}");
        if let (Some(value), Some(low), Some(high)) = (row.value, row.low, row.high) {
            assert!(0.0 <= low && low <= value && value <= high && high <= 1.0, "{row:?}");
        }
    }
    assert!(answer.rows.iter().any(|row| !row.measurable), "Telegram tells nothing of opens");
    assert!(answer.rows.iter().any(|row| row.lower_bound), "WhatsApp tells of some opens only");
    assert!(answer.rows.iter().all(|row| !row.upper_bound), "what was opened is never at most that");
    let answer: Answer<SpreadRow> = serde_json::from_str(&ask("answer_seconds", "question")).unwrap();
    assert_eq!(answer.metric, "answer_seconds");
    for row in &answer.rows {
        assert!(row.segment.contains_key("question") && (row.n > 0) == row.median.is_some());
        assert!(row.median <= row.p90 && row.p90 <= row.p99, "{row:?}");
    }
}

#[test]
fn an_answer_that_has_no_time_of_its_own_is_answered_and_has_no_answer_time() {
    let case = Case::new();
    case.write(
        "results.csv",
        "Submitted at,Name,Mail\n2026-03-02T09:00:00Z,Anna,a@example.org\n2026-03-02T09:30:00Z,Ben,\n",
    );
    let events = [("question_asked", "09:00:00Z"), ("question_answered", "09:00:07Z")].map(|(kind, time)| {
        format!("{{\"kind\":\"{kind}\",\"at\":\"2026-03-02T{time}\",\"contact\":\"4915\",\"question\":\"Size\"}}\n")
    });
    case.write("events.ndjson", events.concat());
    case.ask(&["ingest", "results.csv", "events.ndjson", "--store", "store", "--quiet"]);
    let ask = |metric| case.ask(&["query", metric, "--store", "store", "--by", "question", "--format", "json"]);
    let times: Answer<SpreadRow> = serde_json::from_str(&ask("answer_seconds")).unwrap();
    let told: Vec<_> = times.rows.iter().map(|row| (row.segment["question"].as_deref(), row.n, row.median)).collect();
    assert_eq!(told, [(Some("Mail"), 0, None), (Some("Name"), 0, None), (Some("Size"), 1, Some(7))]);
    let answered: Answer<RateRow> = serde_json::from_str(&ask("question_answered_rate")).unwrap();
    assert_eq!(answered.rows.iter().map(|row| row.numerator).sum::<u64>(), 4);
}

#[test]
fn several_metrics_are_asked_in_one_pass_each_with_its_own_breakdown() {
    let case = Case::new();
    case.samples();
    case.ask(&["ingest", "sample-data", "--store", "store", "--config", "sample-data/trichter.toml", "--quiet"]);
    let ask = |metrics: &[&str]| {
        let rest = ["--store", "store", "--format", "json"];
        let text = case.ask(&["query"].iter().chain(metrics).chain(&rest).copied().collect::<Vec<_>>());
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let both = ask(&["open_rate:campaign", "question_drop_off_rate:flow,question", "--by", "channel", "click_rate"]);
    let alone = [
        ask(&["open_rate", "--by", "campaign"]),
        ask(&["question_drop_off_rate", "--by", "flow,question"]),
        ask(&["click_rate", "--by", "channel"]),
    ];
    assert_eq!(both, serde_json::Value::from(alone.to_vec()));
    let csv = ["query", "open_rate", "click_rate", "--store", "store", "--format", "csv"];
    case.run(&csv).expect(2).complains(&["one metric at a time"]);
}

#[test]
fn a_query_of_ones_own_is_a_file() {
    let case = with_store();
    case.write("mine.sql", "-- table: messages\nSELECT segment, COUNT(*) FILTER (WHERE opened_at IS NOT NULL) AS numerator, COUNT(*) AS denominator FROM messages GROUP BY segment\n");
    assert!(
        case.ask(&["query", "mine.sql", "--store", "store", "--format", "csv"]).starts_with("numerator,denominator,")
    );
    case.write("mine.sql", "-- table: messages\nSELECT segment, COUNT(*) AS number FROM messages GROUP BY segment\n");
    case.run(&["query", "mine.sql", "--store", "store"]).expect(2).complains(&["query 'mine'"]);
    case.write("mine.sql", "-- table: messages\nSELECT sement FROM messages\n");
    case.run(&["query", "mine.sql", "--store", "store"]).expect(2).complains(&["sement"]);
    case.write("mine.sql", "SELECT 1\n");
    case.run(&["query", "mine.sql", "--store", "store"]).expect(2).complains(&["-- table:"]);
}

#[test]
fn an_older_version_can_be_asked() {
    let case = with_samples();
    let ingest = |folder: &str| case.run(&["ingest", folder, "--store", "store", "--quiet"]).expect(0);
    ingest("sample-data/whatsapp");
    let ask = |as_of: &[&str]| {
        case.ask(&[&["query", "delivery_rate", "--store", "store", "--by", "channel"], as_of].concat())
    };
    let before = ask(&[]);
    ingest("sample-data/messenger");
    assert_ne!(ask(&[]), before);
    assert_eq!(ask(&["--as-of", "1"]), before);
    case.run(&["query", "delivery_rate", "--store", "store", "--as-of", "77"]).expect(2).complains(&["error:"]);
    case.run(&["query", "delivery_rate", "--store", "store", "--as-of", "2001-01-01"])
        .expect(2)
        .complains(&["no version as old"]);
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let case = Case::new();
    let mut command = case.command(&["explain"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Closed before the program has said a word.
    drop(child.stdout.take());
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{complaint}");
    assert_eq!(complaint, "");
}

#[test]
fn versions_are_listed_newest_first() {
    let case = with_samples();
    let stored = balance(case.run(&[INGEST, &["--json"]].concat())).events.stored;
    let log: Vec<Commit> = serde_json::from_str(&case.ask(&["store", "log", "--store", "store", "--json"])).unwrap();
    assert_eq!(log.iter().map(|commit| commit.version).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(log.iter().map(|commit| commit.operation.as_str()).collect::<Vec<_>>(), ["WRITE", "CREATE TABLE"]);
    assert!(log.iter().all(|commit| commit.at.is_some()));
    assert_eq!(log[0].ledger.as_ref().map(|ledger| ledger.stored), Some(stored));
    assert_eq!(log[1].ledger, None);
}

/// What a command prints on a terminal of so many columns; `None` where there is no tool to have one.
fn on_a_terminal(case: &Case, columns: u16, environment: &str, arguments: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_trichter");
    let command = format!("stty cols {columns}; {environment} {program} {arguments}");
    let output = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(case.path(""))
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        other => {
            eprintln!("not tried on a terminal, for there is no 'script' that works here: {other:?}");
            None
        }
    }
}

#[test]
fn tables_fit_the_terminal_and_are_plain_where_colour_is_not_wanted() {
    let case = with_store();
    let ask = "query open_rate --store store --by channel,campaign";
    let widest = |text: &str| text.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
    let Some(plain) = on_a_terminal(&case, 200, "NO_COLOR=1", ask) else { return };
    assert!(plain.contains('█') && !plain.contains('\u{1b}'), "{plain}");
    let narrow = on_a_terminal(&case, 70, "NO_COLOR=1", ask).unwrap();
    assert!(widest(&narrow) <= 70, "{narrow}");
    let coloured = on_a_terminal(&case, 200, "", ask).unwrap();
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let piped = case.ask(&["query", "open_rate", "--store", "store", "--by", "channel,campaign"]);
    assert!(piped.contains('█') && !piped.contains('\u{1b}'), "{piped}");
}

#[test]
fn json_and_csv_have_short_names() {
    let case = with_store();
    let ask = |last: &[&str]| case.ask(&[&["query", "open_rate", "--store", "store"], last].concat());
    assert_eq!(ask(&["--json"]), ask(&["--format", "json"]));
    assert_eq!(ask(&["--csv"]), ask(&["--format", "csv"]));
    case.run(&["query", "open_rate", "--store", "store", "--csv", "--json"]).expect(2);
}

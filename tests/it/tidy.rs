//! The rules of the house as tests: module heads, sizes, layers, crates, lists that must match folders, words, licences.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::{Column as Series, DataFrame, DataType, IntoLazy};
use polars::sql::SQLContext;
use regex::Regex;
use trichter::channels;
use trichter::facts::{self, Form};
use trichter::metrics::{Bound, Metric};
use trichter::store::schema;

use super::case::{files_below, root};

/// Which part may use which, besides itself. `cli` may use all.
const LAYERS: &[(&str, &[&str])] = &[
    // Plain data and the words for what can go wrong.
    ("embedded", &[]),
    ("error", &[]),
    ("event", &[]),
    ("rate", &[]),
    ("calendar", &["event"]),
    ("config", &["error", "event"]),
    // The configuration names the columns of a transcript.
    ("channels", &["config", "event"]),
    ("store", &["error", "event"]),
    ("ingest", &["channels", "config", "error", "event", "store"]),
    // What a channel can tell decides what is measurable.
    ("facts", &["calendar", "channels", "config", "event", "store"]),
    ("metrics", &["calendar", "config", "embedded", "error", "facts", "rate", "store"]),
    ("funnel", &["calendar", "config", "embedded", "error", "event", "rate", "store"]),
    ("statistics", &["rate"]),
    ("measures", &["config", "error", "event", "facts", "metrics", "rate", "statistics"]),
    ("charts", &["error"]),
    ("report", &["calendar", "charts", "error", "event", "funnel", "measures", "metrics", "rate"]),
    (
        "export",
        &[
            "calendar",
            "channels",
            "config",
            "error",
            "event",
            "facts",
            "funnel",
            "measures",
            "metrics",
            "rate",
            "statistics",
            "store",
        ],
    ),
    ("job", &["error", "ingest", "store"]),
    ("alerts", &["config", "error", "event", "facts", "measures", "metrics", "rate", "report", "statistics", "store"]),
    // Counts and facts for other engines, which hold the events.
    ("kernel", &["config", "error", "event", "export", "facts", "funnel", "metrics", "store"]),
    // Independent of the engine, so that it can be its judge.
    ("simulate", &["error", "event"]),
];

/// Crates that stay in one place, so that each can be replaced there. `error` holds what they say when they fail.
const CRATES: &[(&str, &[&str])] = &[
    ("arrow", &["error", "export", "ingest", "kernel", "store"]),
    ("arrow_ipc", &["export", "kernel"]),
    ("base64", &["report"]),
    ("bumpalo", &["channels"]),
    ("bytes", &["store"]),
    ("clap", &["cli"]),
    ("comfy_table", &["cli"]),
    ("deltalake", &["error", "export", "store"]),
    ("flate2", &["ingest"]),
    ("fluent_bundle", &["report"]),
    ("indicatif", &["cli"]),
    ("lettre", &["alerts"]),
    ("minijinja", &["report"]),
    ("object_store", &["store"]),
    ("parquet", &["error", "export", "ingest", "kernel", "store"]),
    ("plotters", &["charts"]),
    ("resvg", &["charts"]),
    ("signal_hook", &["cli"]),
    ("skrifa", &["charts"]),
    ("tracing", &["cli"]),
    ("tracing_subscriber", &["cli"]),
    ("polars", &["metrics"]),
    ("postgres", &["export"]),
    ("rand_chacha", &["simulate", "statistics"]),
    ("rusqlite", &["export"]),
    ("rust_xlsxwriter", &["export", "report"]),
    ("rustix", &["cli"]),
    ("rustls", &["alerts", "export"]),
    ("rustls_native_certs", &["alerts", "export"]),
    ("schemars", &["report"]),
    ("sha2", &["report"]),
    ("statrs", &["statistics"]),
    ("tokio", &["export", "store"]),
    ("tokio_postgres_rustls", &["export"]),
    ("unic_langid", &["report"]),
    ("ureq", &["alerts"]),
    ("zstd", &["export", "ingest"]),
];

/// Other words for what the glossary has one word for.
const SYNONYMS: &[(&str, &str)] = &[
    ("customer", "contact"),
    ("lead", "contact"),
    ("recipient", "contact"),
    ("subscriber", "contact"),
    ("user", "contact"),
    ("person", "contact"),
    ("node", "question"),
    ("prompt", "question"),
    ("step", "question"),
    ("broadcast", "campaign"),
    ("blast", "campaign"),
    ("chat", "conversation"),
    ("dialog", "conversation"),
    ("session", "conversation"),
    ("thread", "conversation"),
    ("churn", "drop_off"),
    ("dropoff", "drop_off"),
    ("read", "opened"),
    ("unsubscribe", "opt_out"),
    ("count", "n_"),
];

struct SourceFile {
    name: String,
    part: String,
    text: String,
}

/// Every file of `src`, with the part of the program that it belongs to.
fn sources() -> Vec<SourceFile> {
    let src = root().join("src");
    let mut paths = files_below(&src);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let source = |path: PathBuf| {
        let name = path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        let part = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        SourceFile { name, part, text: fs::read_to_string(path).unwrap() }
    };
    paths.into_iter().map(source).collect()
}

/// The code that ships: no comments, no tests.
fn code(file: &SourceFile) -> String {
    if file.name.ends_with("/tests.rs") || file.name.ends_with("/fixture.rs") {
        return String::new();
    }
    let shipped = file.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    shipped.lines().filter(is_code).map(|line| line.split(" // ").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_opens_with_its_job() {
    let benches = files_below(&root().join("benches"));
    let tests = files_below(&root().join("tests"));
    let others = benches.into_iter().chain(tests).filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let others = others.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()));
    for (name, text) in sources().into_iter().map(|file| (file.name, file.text)).chain(others) {
        let head = text.lines().next().unwrap_or_default();
        assert!(head.starts_with("//! ") && head.len() > 20, "{name} opens with {head:?}");
    }
}

#[test]
fn no_file_is_longer_than_can_be_read_in_one_go() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|file| file.text.lines().count() > 600)
        .map(|file| format!("{} has {} lines", file.name, file.text.lines().count()))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn parts_use_only_what_lies_below_them() {
    let inline = Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let listed = Regex::new(r"\bcrate::\{([^}]*)\}").unwrap();
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut wrong = BTreeSet::new();
    let mut used = BTreeSet::new();
    for file in sources() {
        if ["cli", "lib", "main"].contains(&file.part.as_str()) {
            continue;
        }
        let code = code(&file);
        let mut targets: Vec<String> = inline.captures_iter(&code).map(|found| found[1].to_owned()).collect();
        for list in listed.captures_iter(&code) {
            targets.extend(list[1].split(',').filter_map(|item| item.trim().split("::").next()).map(str::to_owned));
        }
        let allowed = layers.get(file.part.as_str()).unwrap_or_else(|| panic!("which layer is {}?", file.part));
        for target in targets {
            if target != file.part && !target.is_empty() && !allowed.contains(&target.as_str()) {
                wrong.insert(format!("{} uses {target}", file.name));
            }
            used.insert((file.part.clone(), target));
        }
    }
    assert_eq!(wrong, BTreeSet::new());
    for (part, allowed) in LAYERS {
        for target in *allowed {
            assert!(
                used.contains(&((*part).to_owned(), (*target).to_owned())),
                "{part} no longer uses {target}: strike it out"
            );
        }
    }
}

#[test]
fn crates_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (name, parts) in CRATES {
        let mention = Regex::new(&format!(r"(^|[^:\w]){name}::")).unwrap();
        for file in sources() {
            if mention.is_match(&code(&file)) && !parts.contains(&file.part.as_str()) {
                wrong.push(format!("{} uses {name}", file.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn only_the_command_line_prints_exits_or_looks_at_the_clock() {
    let mention = Regex::new(
        r"\b(e?print(ln)?!|process::exit|SystemTime::now|Instant::now|Timestamp::now|Zoned::now|env::(var|vars|current_dir)|io::(stdin|stdout|stderr))\b",
    )
    .unwrap();
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|file| file.part != "cli")
        .filter_map(|file| mention.find(&code(file)).map(|found| format!("{} has {}", file.name, found.as_str())))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_list_of_channels_is_the_folder_of_channels() {
    const SHARED: &[&str] = &["abilities", "delivery", "export", "json", "meta", "mod", "reading", "value", "weixin"];
    let stem = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
    let found: BTreeSet<String> =
        fs::read_dir(root().join("src/channels")).unwrap().map(|entry| stem(entry.unwrap())).collect();
    let found: BTreeSet<&str> = found.iter().map(String::as_str).filter(|name| !SHARED.contains(name)).collect();
    let listed: Vec<&str> = channels::ALL.iter().map(|channel| channel.name).collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), found);
    let (last, others) = listed.split_last().unwrap();
    assert!(others.is_sorted() && *last == "generic", "{listed:?}");
    for channel in channels::ALL {
        let samples = root().join("sample-data").join(channel.name);
        assert!(samples.is_dir(), "{} has no samples", channel.name);
        assert!(!channel.kinds.is_empty() && !channel.caveats.is_empty(), "{}", channel.name);
    }
}

#[test]
fn every_query_has_a_full_header_and_returns_exactly_its_columns() {
    let keys =
        ["name", "meaning", "unit", "table", "needs", "bounded", "bounded_above", "vendors", "follows", "caveat"];
    let all = Metric::all().unwrap();
    let files = fs::read_dir(root().join("queries")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(files.filter(|path| path.extension().is_some_and(|end| end == "sql")).count(), all.len());
    for metric in all {
        let text = fs::read_to_string(root().join(format!("queries/{}.sql", metric.id))).unwrap();
        let header: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("-- ")).collect();
        let found = header.iter().filter_map(|line| line.split_once(": ")).map(|(key, _)| key);
        let (translated, found): (Vec<&str>, Vec<&str>) = found.partition(|key| key.ends_with(']'));
        assert_eq!(translated, ["name[de]", "meaning[de]", "unit[de]", "follows[de]", "caveat[de]"], "{}", metric.id);
        let is_there = |key: &&str| match *key {
            "needs" => metric.needs.is_some(),
            "bounded" => metric.bound == Bound::Least,
            "bounded_above" => metric.bound == Bound::Most,
            "vendors" => !metric.vendors.is_empty(),
            _ => true,
        };
        let expected: Vec<&str> = keys.into_iter().filter(is_there).collect();
        assert_eq!(found, expected, "{}", metric.id);
        assert!(
            header.iter().all(|line| line.split_once(": ").is_some_and(|(_, value)| !value.trim().is_empty())),
            "{}",
            metric.id
        );
        let columns = returned(&metric);
        let is_known = columns == ["segment", "numerator", "denominator"] || columns == ["segment", "value", "n"];
        assert!(is_known, "{} returns {columns:?}", metric.id);
    }
}

#[test]
fn the_page_of_metrics_is_current() {
    let path = root().join("queries/README.md");
    let expected = [
        trichter::metrics::catalog::readme().unwrap() + &trichter::report::readme(),
        trichter::funnel::catalog::readme().unwrap(),
    ]
    .join("\n");
    if std::env::var_os("TRICHTER_UPDATE").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "TRICHTER_UPDATE=1 writes queries/README.md anew");
}

#[test]
fn the_readme_shows_what_each_channel_can_tell() {
    let path = root().join("README.md");
    let found = fs::read_to_string(&path).unwrap();
    let (before, rest) = found.split_once("<!-- channels -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /channels -->").unwrap();
    let table = channels::abilities::markdown();
    let expected = format!("{before}<!-- channels -->\n{table}<!-- /channels -->{after}");
    if std::env::var_os("TRICHTER_UPDATE").is_some() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    assert_eq!(found, expected, "TRICHTER_UPDATE=1 writes the table in README.md anew");
}

/// The columns that a metric's SQL returns, by running it over an empty table.
fn returned(metric: &Metric) -> Vec<String> {
    let grain = facts::grain(&metric.table).unwrap();
    let mut columns = vec![Series::new_empty("segment".into(), &DataType::UInt32)];
    for column in grain.columns {
        let kind = match column.form {
            Form::Word => DataType::String,
            Form::Flag => DataType::Boolean,
            _ => DataType::Int64,
        };
        columns.push(Series::new_empty(column.name.into(), &kind));
    }
    let mut context = SQLContext::new();
    context.register(&metric.table, DataFrame::new(0, columns).unwrap().lazy());
    let frame = context.execute(&metric.sql).and_then(polars::prelude::LazyFrame::collect);
    let frame = frame.unwrap_or_else(|error| panic!("{}: {error}", metric.id));
    frame.get_column_names().into_iter().map(ToString::to_string).collect()
}

#[test]
fn one_idea_has_one_word() {
    // Reports everywhere call these rates so.
    let names = ["unsubscribe_rate", "soft_unsubscribe_rate", "hard_unsubscribe_rate", "list_unsubscribe_rate"];
    let mut words: Vec<(String, String)> = Vec::new();
    for column in schema::COLUMNS {
        words.push(("events".into(), column.name.into()));
    }
    for grain in facts::GRAINS {
        words.push(("facts".into(), grain.name.into()));
        words.extend(grain.columns.iter().map(|column| (grain.name.to_owned(), column.name.to_owned())));
    }
    for metric in Metric::all().unwrap() {
        let identifiers = metric.sql.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let lower = identifiers.filter(|word| word.chars().any(|letter| letter.is_ascii_lowercase()));
        words.extend(lower.map(|word| (metric.id.clone(), word.to_owned())));
        words.push(("queries".into(), metric.id));
    }
    for (place, word) in words {
        if names.contains(&word.split('@').next().unwrap_or_default()) {
            continue;
        }
        for (banned, instead) in SYNONYMS {
            let parts: Vec<&str> = word.split('_').collect();
            let plural = format!("{banned}s");
            // `n_prompts` counts how often a question was put: that is another idea.
            let is_banned = parts.contains(banned) || parts.contains(&plural.as_str());
            assert!(!is_banned || word == "n_prompts", "'{word}' in {place}: say {instead} instead of {banned}");
        }
    }
}

#[test]
fn manifest_and_toolchain_name_the_same_version_of_rust() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap().parse::<toml::Table>().unwrap();
    let manifest = read("Cargo.toml");
    let toolchain = read("rust-toolchain.toml");
    let wanted = manifest["package"]["rust-version"].as_str().unwrap();
    assert!(toolchain["toolchain"]["channel"].as_str().unwrap().starts_with(wanted));
}

#[test]
fn no_snapshot_is_left_over() {
    let expected: BTreeSet<String> = super::case::hand_written()
        .iter()
        .map(|path| super::case::relative(path).replace("sample-data/", "").replace('/', "__"))
        .collect();
    for path in files_below(Path::new(&root().join("tests/it/snapshots"))) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".snap").unwrap_or_else(|| panic!("{name} waits for somebody to read it"));
        assert!(stem.starts_with("help") || expected.contains(stem), "nothing makes {name} any more");
    }
}

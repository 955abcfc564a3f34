//! Hostile input: configurations, funnels and queries with anything in them, files that are not what they seem, and what the program
//! leaves for others on the host to read.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::Config as Cases;
use trichter::config::{Card, Config};
use trichter::funnel::Funnel;
use trichter::metrics::Metric;

use super::case::{Case, files_below, root};

/// Texts that are nearly what is read: one that is right, with bytes taken out, put in, doubled and exchanged.
fn nearly(of: Vec<String>) -> impl Strategy<Value = String> {
    let damage = (any::<prop::sample::Index>(), 0_usize..40, "[\\PC\\n]{0,12}");
    let damages = prop::collection::vec(damage, 1..6);
    (prop::sample::select(of), damages).prop_map(|(text, damages)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, n, new) in damages {
            let at = at.index(chars.len() + 1);
            let end = (at + n).min(chars.len());
            if n % 3 == 0 {
                let again: Vec<char> = chars[at..end].to_vec();
                chars.splice(at..at, again);
            } else {
                chars.splice(at..end, new.chars());
            }
        }
        chars.into_iter().collect()
    })
}

fn texts(folder: &str, ending: &str) -> Vec<String> {
    let files = files_below(&root().join(folder)).into_iter();
    let texts: Vec<String> = files
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert!(!texts.is_empty());
    texts
}

proptest! {
    // PROPTEST_CASES asks for more.
    #![proptest_config(Cases { failure_persistence: None, ..Cases::default() })]

    #[test]
    fn no_configuration_makes_the_program_panic(text in nearly(texts("sample-data", "trichter.toml"))) {
        if let Err(error) = Config::parse(&text, Path::new("trichter.toml")) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn no_price_card_makes_the_program_panic(text in nearly(texts("sample-data", "cost.toml"))) {
        Card::parse(&text, Path::new("cost.toml")).ok();
    }

    #[test]
    fn no_funnel_makes_the_program_panic(text in nearly(texts("queries", ".toml"))) {
        Funnel::parse(&text, Path::new("funnel.toml")).ok();
    }

    #[test]
    fn no_query_makes_the_program_panic(text in nearly(texts("queries", ".sql"))) {
        Metric::parse("nearly", &text).ok();
    }
}

#[test]
fn a_query_reads_its_tables_and_nothing_else() {
    let case = Case::new();
    case.samples();
    case.ask(&["ingest", "sample-data/telegram", "--store", "store", "--quiet"]);
    case.write("secret.csv", "word\nopen sesame\n");
    let secret = case.path("secret.csv");
    let secret = secret.to_str().unwrap();
    let header = "-- name: Q\n-- meaning: messages\n-- unit: messages\n-- table: messages\n";
    let select = "SELECT segment, COUNT(*) AS numerator, COUNT(*) AS denominator FROM";
    for sql in [
        format!("{select} read_csv('{secret}') GROUP BY segment"),
        format!("{select} read_parquet('{secret}') GROUP BY segment"),
        format!("{select} read_json('{secret}') GROUP BY segment"),
        format!("{select} '{secret}' GROUP BY segment"),
        format!("{select} messages WHERE channel IN (SELECT word FROM read_csv('{secret}')) GROUP BY segment"),
        format!("{select} messages GROUP BY segment; COPY messages TO '{secret}'"),
        format!("COPY messages TO '{secret}'"),
        format!("CREATE TABLE x AS {select} messages GROUP BY segment"),
        "DROP TABLE messages".to_owned(),
        "DELETE FROM messages".to_owned(),
        "SHOW TABLES".to_owned(),
    ] {
        case.write("q.sql", format!("{header}{sql}\n"));
        let ran = case.run(&["query", "q.sql", "--store", "store"]).expect(2);
        assert!(!ran.stdout.contains("sesame") && !ran.stderr.contains("sesame"), "{sql}");
    }
    assert_eq!(fs::read_to_string(secret).unwrap(), "word\nopen sesame\n");
}

#[cfg(unix)]
#[test]
fn nobody_else_on_the_host_can_read_what_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::new();
    case.samples();
    case.write("trichter.toml", "[run]\ninputs = [\"sample-data/telegram\"]\nrejects = \"rejects\"\n[[run.report]]\nout = \"reports\"\n[[export]]\ntarget = \"csv:export\"\n[[export]]\ntarget = \"sqlite:out/bi.db\"\n");
    case.run(&["run", "--quiet"]).expect(0);
    let mut n_files = 0;
    for folder in ["store", "rejects", "reports", "runs", "export", "out"] {
        for path in files_below(&case.path(folder)) {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o007, 0, "{} can be read by others", path.display());
            n_files += 1;
        }
    }
    assert!(n_files > 30, "{n_files}");
    let key = fs::metadata(case.path("store/pseudonym.key")).unwrap().permissions().mode();
    assert_eq!(key & 0o077, 0);
}

#[cfg(unix)]
#[test]
fn no_link_leads_an_export_into_somebody_elses_folder() {
    let case = Case::new();
    case.samples();
    case.ask(&["ingest", "sample-data/telegram", "--store", "store", "--quiet"]);
    case.write("theirs/letter.txt", "dear");
    std::os::unix::fs::symlink(case.path("theirs"), case.path("export")).unwrap();
    case.run(&["export", "csv:export", "--store", "store"]).expect(2).complains(&["holds files of somebody else"]);
    assert_eq!(files_below(&case.path("theirs")).len(), 1);
}

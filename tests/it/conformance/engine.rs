//! Random sequences through ClickHouse itself: every one in every combination of modes that it accepts.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use trichter::funnel::clickhouse::{self, Modes};
use trichter::funnel::way::{Entry, Rules};

use crate::case::root;

/// So many sequences are made, and each is walked in all combinations.
const SEQUENCES: usize = 100_000;
const WINDOWS: &[i64] = &[0, 2, 7, 40];

struct Sequence {
    rules: Rules,
    entries: Vec<Entry>,
}

/// All combinations of modes that ClickHouse accepts, by their words.
fn combinations() -> Vec<Vec<&'static str>> {
    const WORDS: [&str; 5] =
        ["strict_order", "allow_reentry", "strict_deduplication", "strict_increase", "strict_once"];
    let all = (0..1_u32 << WORDS.len())
        .map(|bits| (0..WORDS.len()).filter(|word| bits >> word & 1 == 1).map(|word| WORDS[word]).collect::<Vec<_>>());
    all.filter(|words| name(words).parse::<Modes>().is_ok()).collect()
}

fn name(words: &[&str]) -> String {
    words.iter().fold("clickhouse".to_owned(), |name, word| format!("{name}.{word}"))
}

/// A few to a dozen rows of 2 to 6 steps. Some sequences are dense, so that instants hold several rows; some have rows that
/// match several conditions; some have rows that match nothing.
fn sequence(dice: &mut TestRng) -> Sequence {
    let n_steps = dice.random_range(2..=6);
    let window = WINDOWS[dice.random_range(0..WINDOWS.len())];
    let pause = [0, 1, 3, 9][dice.random_range(0..4)];
    let overlap = [0.0, 0.15, 0.5][dice.random_range(0..3)];
    let nothing = [0.0, 0.05, 0.3][dice.random_range(0..3)];
    let mut at = 0;
    // Random steps seldom lead far; most sequences lean towards the step that comes next.
    let mut next: u32 = 0;
    let lean = [0.0, 0.5, 0.9][dice.random_range(0..3)];
    let entries = (0..dice.random_range(1..=14))
        .map(|row| {
            at += dice.random_range(0..=pause);
            let step = if dice.random_bool(lean) { next } else { dice.random_range(0..n_steps) };
            next = (step + 1) % n_steps;
            let more = (0..n_steps).filter(|_| dice.random_bool(overlap)).fold(0, |bits, step| bits | 1 << step);
            let steps = if dice.random_bool(nothing) { 0 } else { 1 << step | more };
            Entry { at, row, steps, excludes: 0 }
        })
        .collect();
    Sequence { rules: Rules::plain(n_steps as usize, window), entries }
}

#[test]
fn clickhouse_itself_reaches_the_same_level_in_every_combination_of_modes() {
    let Some(python) = std::env::var_os("TRICHTER_CLICKHOUSE") else {
        eprintln!("skipped: TRICHTER_CLICKHOUSE names no Python interpreter with chdb, so ClickHouse was not asked");
        return;
    };
    let mut dice = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let sequences: Vec<Sequence> = (0..SEQUENCES).map(|_| sequence(&mut dice)).collect();
    let combinations = combinations();
    assert_eq!(combinations.len(), 24);

    let folder = tempfile::tempdir().unwrap();
    let mut rows = String::new();
    for (number, sequence) in sequences.iter().enumerate() {
        let Sequence { rules, entries } = sequence;
        for entry in entries {
            let (n_steps, window) = (rules.n_steps, rules.window);
            writeln!(rows, "{number}\t{n_steps}\t{window}\t{}\t{}", entry.at, entry.steps).unwrap();
        }
    }
    let listed: Vec<String> = combinations.iter().map(|words| words.join(".")).collect();
    fs::write(folder.path().join("rows.tsv"), rows).unwrap();
    fs::write(folder.path().join("modes.txt"), listed.join("\n")).unwrap();
    let script = root().join("tests/judge/clickhouse.py");
    let status = Command::new(&python).arg("-B").arg(script).arg(folder.path()).status().unwrap();
    assert!(status.success(), "ClickHouse did not answer");
    let levels = fs::read_to_string(folder.path().join("levels.tsv")).unwrap();
    let levels: BTreeMap<usize, Vec<usize>> = levels
        .lines()
        .map(|line| {
            let mut cells = line.split('\t').map(|cell| cell.parse().unwrap());
            (cells.next().unwrap(), cells.collect())
        })
        .collect();
    assert_eq!(levels.len(), SEQUENCES);

    let mut differences = Vec::new();
    eprintln!("{:<88}{:>10}{:>10}{:>13}", "mode", "sequences", "complete", "differences");
    for (place, words) in combinations.iter().enumerate() {
        let modes: Modes = name(words).parse().unwrap();
        let before = differences.len();
        let mut complete = 0;
        for (number, sequence) in sequences.iter().enumerate() {
            let found = clickhouse::walk(modes, &sequence.rules, &sequence.entries).reached;
            let expected = levels[&number][place];
            complete += usize::from(expected == sequence.rules.n_steps);
            if found != expected {
                let rows: Vec<_> = sequence.entries.iter().map(|entry| (entry.at, entry.steps)).collect();
                let window = sequence.rules.window;
                differences.push(format!("{} in {window}, {rows:?}: {found} instead of {expected}", name(words)));
            }
        }
        eprintln!("{:<88}{SEQUENCES:>10}{complete:>10}{:>13}", name(words), differences.len() - before);
    }
    differences.truncate(20);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

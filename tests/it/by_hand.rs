//! Logs so short that every number can be worked out on paper, each in a file of `tests/by_hand/` with the numbers and why.
//!
//! Where the naive count and the engine share a mistake in reading the definitions, this is where it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use trichter::metrics::{Answer, Ask, Counts, Metric, Row};

use crate::case::root;
use crate::pipeline::Pipeline;

/// A file of `tests/by_hand/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByHand {
    /// Text of `trichter.toml`.
    config: String,
    /// The range of time asked about; all of it if they are not there.
    since: Option<toml::value::Datetime>,
    until: Option<toml::value::Datetime>,
    /// Canonical events as CSV.
    log: String,
    /// What `METRIC` or `METRIC:COLUMN` has to be.
    expected: BTreeMap<String, Expected>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Expected {
    Total(Cell),
    /// By the values of the column; "-" is unknown.
    Segments(BTreeMap<String, Cell>),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Cell {
    /// `"3 of 8"`, or `"n/a"`.
    Rate(String),
    /// Every value that was seen, in ascending order.
    Values(Vec<i64>),
}

impl Cell {
    fn of(row: &Row) -> Self {
        match &row.counts {
            Counts::Rate(_) if !row.measurable => Self::Rate("n/a".to_owned()),
            Counts::Rate(rate) => Self::Rate(format!("{} of {}", rate.numerator, rate.denominator)),
            Counts::Distribution(distribution) => {
                let times = |(&value, &n): (&i64, &u64)| std::iter::repeat_n(value, usize::try_from(n).unwrap());
                Self::Values(distribution.0.iter().flat_map(times).collect())
            }
        }
    }

    /// Whether a wrong count could hardly be this by chance.
    fn tells(&self) -> bool {
        match self {
            Self::Rate(text) => {
                text.split_once(" of ").is_some_and(|(left, right)| left != "0" && right != "0" && left != right)
            }
            Self::Values(values) => values.iter().collect::<BTreeSet<_>>().len() > 1,
        }
    }
}

fn cases() -> Vec<(String, ByHand)> {
    let files = fs::read_dir(root().join("tests/by_hand")).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let case = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case =
            toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, case)
    };
    let mut cases: Vec<_> = files.map(case).collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    cases
}

fn micros(when: toml::value::Datetime) -> i64 {
    when.to_string().parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

fn found(answer: &Answer) -> Expected {
    if let ([], [row]) = (answer.by.as_slice(), answer.rows.as_slice()) {
        return Expected::Total(Cell::of(row));
    }
    let name =
        |row: &Row| row.segment.iter().map(|value| value.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(",");
    Expected::Segments(answer.rows.iter().map(|row| (name(row), Cell::of(row))).collect())
}

#[test]
fn every_number_that_was_worked_out_by_hand_comes_out() {
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        let pipeline = Pipeline::new(&case.config);
        fs::write(pipeline.path("log.csv"), case.log.trim_start()).unwrap();
        let balance = pipeline.ingest("log.csv");
        assert_eq!(balance.records.accepted, balance.records.received, "{name}: every line is a valid one");
        let asks = case.expected.keys().map(|asked| match asked.split_once(':') {
            Some((metric, by)) => Ask::new(metric, &by.split(',').collect::<Vec<_>>()),
            None => Ask::new(asked, &[]),
        });
        let [since, until] = [case.since, case.until].map(|when| when.map(micros));
        let answers = pipeline.answer(&asks.collect::<Vec<_>>(), since, until);
        for ((asked, expected), answer) in case.expected.iter().zip(&answers) {
            let found = found(answer);
            if found != *expected {
                wrong.push(format!("{name}: {asked} is {expected:?} by hand, and was counted as {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_metric_was_worked_out_by_hand() {
    let cases = cases();
    let totals = cases.iter().flat_map(|(_, case)| &case.expected);
    let told: BTreeSet<&str> = totals
        .filter(|(_, expected)| matches!(expected, Expected::Total(cell) if cell.tells()))
        .map(|(asked, _)| asked.as_str())
        .collect();
    let metrics = Metric::all().unwrap();
    let missing: Vec<&str> = metrics.iter().map(|metric| metric.id.as_str()).filter(|id| !told.contains(id)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "metrics of which no case has a number that is neither nothing nor all");
}

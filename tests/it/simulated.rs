//! The simulator says what it wrote; the engine must find it in the logs: every count exactly, and the probabilities
//! behind the counts inside their intervals as often as a 95 % interval promises.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use trichter::event::Kind;
use trichter::metrics::{Ask, Counts, Rate};

use crate::pipeline::Pipeline;

#[derive(Deserialize)]
struct Truth {
    metrics: BTreeMap<String, Breakdown>,
    answer_seconds: BTreeMap<String, Seconds>,
    expected: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Breakdown {
    total: Pair,
    by: BTreeMap<String, BTreeMap<String, Pair>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Pair {
    numerator: u64,
    denominator: u64,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Seconds {
    n: u64,
    sum: i64,
    p50: i64,
    p90: i64,
    p99: i64,
}

#[derive(Deserialize)]
struct Expected {
    by: String,
    values: BTreeMap<String, f64>,
}

fn truth(pipeline: &Pipeline) -> Truth {
    serde_json::from_str(&fs::read_to_string(pipeline.path("truth.json")).unwrap()).unwrap()
}

fn columns(by: &str) -> Vec<&str> {
    by.split(',').filter(|name| !name.is_empty()).collect()
}

/// Values of a segment as the truth writes them.
fn key(segment: &[Option<String>]) -> String {
    segment.iter().map(|value| value.as_deref().unwrap_or_default()).collect::<Vec<&str>>().join("/")
}

fn rates(pipeline: &Pipeline, asks: &[(String, String)]) -> Vec<BTreeMap<String, Rate>> {
    let asks: Vec<Ask> = asks.iter().map(|(metric, by)| Ask::new(metric, &columns(by))).collect();
    let answers = pipeline.answer(&asks, None, None).into_iter();
    answers
        .map(|answer| answer.rows.iter().map(|row| (key(&row.segment), row.counts.rate().unwrap())).collect())
        .collect()
}

#[test]
fn every_count_of_the_truth_is_found() {
    for (contacts, days, seed) in [(2_000, 40, 1), (1_000, 60, 2), (40, 2, 3)] {
        let pipeline = Pipeline::simulated(contacts, days, seed);
        let truth = truth(&pipeline);
        let mut asks = Vec::new();
        let mut wanted: Vec<&BTreeMap<String, Pair>> = Vec::new();
        let totals: Vec<BTreeMap<String, Pair>> =
            truth.metrics.values().map(|metric| [(String::new(), metric.total)].into()).collect();
        for ((metric, breakdown), total) in truth.metrics.iter().zip(&totals) {
            asks.push((metric.clone(), String::new()));
            wanted.push(total);
            for (by, pairs) in &breakdown.by {
                asks.push((metric.clone(), by.clone()));
                wanted.push(pairs);
            }
        }
        // What no event of the whole store tells of is not measurable; a small store may hold none.
        let kinds: Vec<Kind> = pipeline.events().iter().map(|event| event.kind).collect();
        let is_told = |metric: &str| match metric {
            "containment_rate" | "handover_rate" => kinds.contains(&Kind::HandoverToHuman),
            "fallback_rate" => kinds.contains(&Kind::Fallback),
            "goal_rate" => kinds.contains(&Kind::GoalReached),
            _ => true,
        };
        let mut n_compared = 0;
        for ((ask, wanted), found) in
            asks.iter().zip(wanted).zip(rates(&pipeline, &asks)).filter(|((ask, _), _)| is_told(&ask.0))
        {
            // A segment without rows may be listed by one side and not by the other.
            let found: BTreeMap<String, Pair> = found
                .into_iter()
                .map(|(key, rate)| (key, Pair { numerator: rate.numerator, denominator: rate.denominator }))
                .filter(|(_, pair)| pair.denominator > 0)
                .collect();
            let wanted: BTreeMap<String, Pair> = wanted
                .iter()
                .filter(|(_, pair)| pair.denominator > 0)
                .map(|(key, pair)| (key.clone(), *pair))
                .collect();
            assert_eq!(found, wanted, "{ask:?}, seed {seed}");
            n_compared += wanted.len();
        }
        assert!(n_compared > 50, "only {n_compared} counts were compared");
    }
}

#[test]
fn times_to_answer_are_those_of_the_truth() {
    let pipeline = Pipeline::simulated(1_000, 40, 4);
    let truth = truth(&pipeline);
    for by in [&[][..], &["question"]] {
        for row in &pipeline.answer(&[Ask::new("answer_seconds", by)], None, None)[0].rows {
            let Counts::Distribution(found) = &row.counts else { panic!("seconds are a distribution") };
            let quantile = |share| found.quantile(share).unwrap();
            let sum = found.0.iter().map(|(&value, &n)| value * i64::try_from(n).unwrap()).sum();
            let found = Seconds { n: found.n(), sum, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) };
            assert_eq!(found, truth.answer_seconds[&key(&row.segment)], "{:?}", row.segment);
        }
    }
}

/// Wilson's interval holds its 95 % on average over shares and sizes, not for each alone. The drop-off rate is left to its
/// causes, which are not independent of each other inside a visit but are so between visits; over about 2,000 cells the
/// share that holds has a standard error near 0.5 points. The band of three points to either side leaves room for that and
/// for the cells of few rows and rare causes, where the interval is known to hold more often than it says.
#[test]
fn intervals_hold_the_probability_behind_the_counts_in_about_95_of_100_cells() {
    let (mut n_held, mut n_cells) = (0_u32, 0_u32);
    for seed in 20..25 {
        let pipeline = Pipeline::simulated(1_200, 40, seed);
        let truth = truth(&pipeline);
        let asks: Vec<(String, String)> =
            truth.expected.iter().map(|(metric, expected)| (metric.clone(), expected.by.clone())).collect();
        for ((metric, _), found) in asks.iter().zip(rates(&pipeline, &asks)) {
            for (key, &probability) in &truth.expected[metric].values {
                let Some((low, high)) = found.get(key).and_then(|rate| rate.interval()) else { continue };
                // A cause that cannot occur on a channel is no chance event.
                if found[key].denominator >= 20 && probability > 0.0 {
                    n_cells += 1;
                    n_held += u32::from((low..=high).contains(&probability));
                }
            }
        }
    }
    assert!(n_cells >= 200, "only {n_cells} cells have enough rows");
    let share = f64::from(n_held) / f64::from(n_cells);
    assert!((0.92..=0.98).contains(&share), "{n_held} of {n_cells} intervals hold the probability: {share:.3}");
}

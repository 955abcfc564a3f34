//! Estimates of what lasts and how it ends, against published values and against the truth of simulated endings. The
//! tables are printed: `cargo test --test it survival -- --nocapture`.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use trichter::rate::{Rate, as_f64};
use trichter::statistics::survival::{Curve, Estimate, Observed};

/// Weeks with an ending, weeks of those who were censored, and the published share with its standard error at some weeks.
type Published = (&'static str, &'static [i64], &'static [i64], &'static [(i64, f64, f64)]);

/// R's `survival` (data set `aml`, Miller 1981) and Freireich et al. 1963, as textbooks and R's `summary(survfit(...))`
/// print them.
const PUBLISHED: [Published; 3] = [
    (
        "leukaemia, maintained",
        &[9, 13, 18, 23, 31, 34, 48],
        &[13, 28, 45, 161],
        &[(9, 0.909, 0.0867), (13, 0.818, 0.1163), (23, 0.614, 0.1526), (34, 0.368, 0.1627), (48, 0.184, 0.1535)],
    ),
    (
        "leukaemia, not maintained",
        &[5, 5, 8, 8, 12, 23, 27, 30, 33, 43, 45],
        &[16],
        &[
            (5, 0.8333, 0.1076),
            (8, 0.6667, 0.1361),
            (12, 0.5833, 0.1423),
            (23, 0.4861, 0.1481),
            (27, 0.3889, 0.1470),
            (33, 0.1944, 0.1219),
            (43, 0.0972, 0.0919),
            (45, 0.0, 0.0),
        ],
    ),
    (
        "6-mercaptopurine",
        &[6, 6, 6, 7, 10, 13, 16, 22, 23],
        &[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35],
        &[(6, 0.857, 0.0764), (10, 0.753, 0.0963), (16, 0.627, 0.1141), (22, 0.538, 0.1282), (23, 0.448, 0.1346)],
    ),
];

#[test]
fn what_lasts_is_as_published() {
    for (name, ended, censored, expected) in PUBLISHED {
        let mut observed = Observed::new(1);
        for &week in ended {
            observed.ended(week, 0, 1);
        }
        for &week in censored {
            observed.censored(week, 1);
        }
        let lasting = observed.lasting();
        println!("\n{name}\n  week  published       found");
        for &(week, share, error) in expected {
            let found = lasting.at(week);
            println!("  {week:>4}  {share:.4} {error:.4}   {:.4} {:.4}", found.value, found.error);
            // Some tables have three digits.
            assert!((found.value - share).abs() < 5.1e-4 && (found.error - error).abs() < 5.1e-4, "{name} at {week}");
        }
    }
}

/// Chance, in shares between 0 and 1 that are neither.
struct Dice(ChaCha8Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn share(&mut self) -> f64 {
        (f64::from(self.0.next_u32()) + 0.5) / 4_294_967_296.0
    }
}

const DAY: f64 = 86_400.0;

#[expect(clippy::cast_possible_truncation)]
fn seconds(days: f64) -> i64 {
    (days * DAY) as i64
}

/// Visits that end by causes with these rates a day, seen until a day between 0 and two days after they began: what a log
/// shows of questions that were asked evenly up to its end.
fn simulated(rates: &[f64], n: u64, dice: &mut Dice) -> Observed {
    let all: f64 = rates.iter().sum();
    let mut observed = Observed::new(rates.len());
    for _ in 0..n {
        let (end, seen, mut which) = (-dice.share().ln() / all, 2.0 * dice.share(), all * dice.share());
        let cause = rates.iter().position(|rate| {
            which -= rate;
            which < 0.0
        });
        match cause {
            Some(cause) if end <= seen => observed.ended(seconds(end), cause, 1),
            _ => observed.censored(seconds(seen), 1),
        }
    }
    observed
}

/// The share that has ended by a cause with one of these rates after so many days.
fn truth(rate: f64, all: f64, days: f64) -> f64 {
    rate / all * (1.0 - (-all * days).exp())
}

fn holds(estimate: Estimate, truth: f64) -> bool {
    estimate.interval.is_some_and(|(low, high)| low <= truth && truth <= high)
}

#[test]
fn intervals_cover_the_truth_in_95_of_100_runs() {
    const CAUSES: [(&str, f64); 3] = [("answered", 1.2), ("silent", 0.6), ("stopped", 0.3)];
    const TIMES: [f64; 5] = [0.1, 0.25, 0.5, 1.0, 1.5];
    const RUNS: u64 = 1_000;
    let rates = CAUSES.map(|(_, rate)| rate);
    let all: f64 = rates.iter().sum();
    let mut covered = [[0_u32; TIMES.len()]; CAUSES.len() + 1];
    for run in 0..RUNS {
        let observed = simulated(&rates, 400, &mut Dice::new(run));
        let curves: Vec<Curve> = (0..CAUSES.len()).map(|cause| observed.ended_by(&[cause])).collect();
        for (place, days) in TIMES.into_iter().enumerate() {
            let lasting = holds(observed.lasting().at(seconds(days)), (-all * days).exp());
            covered[0][place] += u32::from(lasting);
            for (cause, curve) in curves.iter().enumerate() {
                let holds = holds(curve.at(seconds(days)), truth(rates[cause], all, days));
                covered[cause + 1][place] += u32::from(holds);
            }
        }
    }
    println!("\nof {RUNS} intervals of 95 % cover the truth, after {TIMES:?} days");
    for (name, covered) in std::iter::once("waiting").chain(CAUSES.map(|(name, _)| name)).zip(covered) {
        println!("  {name:<9} {covered:?}");
        assert!(covered.iter().all(|covered| (930..=970).contains(covered)), "{name}: {covered:?}");
    }
}

#[test]
fn that_nobody_left_is_rarely_said_too_surely() {
    // A cause so rare that often nobody had it. At the worst, the truth lies just above the bound.
    const RUNS: u64 = 1_000;
    println!("\nof {RUNS} runs: expected endings by a rare cause, runs without any, of these too sure, all that cover");
    for expected in [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0] {
        let (n, all) = (200, 1.8);
        let rate = expected / as_f64(n) * all / (1.0 - (-all * 1.0_f64).exp());
        let (mut none, mut too_sure, mut covered) = (0, 0, 0);
        for run in 0..RUNS {
            let observed = simulated(&[all - rate, rate], n, &mut Dice::new(10_000 + run));
            let (estimate, truth) = (observed.ended_by(&[1]).at(seconds(1.0)), truth(rate, all, 1.0));
            let is_none = estimate.value == 0.0;
            none += u32::from(is_none);
            too_sure += u32::from(is_none && !holds(estimate, truth));
            covered += u32::from(holds(estimate, truth));
        }
        println!("  {expected:.1}  {none:>4} {too_sure:>4} {covered:>5}");
        assert!(too_sure <= 35 && covered >= 930, "{expected}: {too_sure} {covered}");
    }
}

#[test]
fn where_nothing_is_censored_every_estimate_is_the_plain_rate() {
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let n = 1 + u64::from(dice.0.next_u32() % 60);
        let mut observed = Observed::new(3);
        let mut endings = Vec::new();
        for _ in 0..n {
            let (time, cause) = (i64::from(dice.0.next_u32() % 9), (dice.0.next_u32() % 3) as usize);
            observed.ended(time, cause, 1);
            endings.push((time, cause));
        }
        for time in 0..9 {
            let count = |has: &dyn Fn(usize) -> bool| {
                endings.iter().filter(|&&(end, cause)| end <= time && has(cause)).count() as u64
            };
            let shares = (0..3).map(|cause| (observed.ended_by(&[cause]).at(time), count(&|other| other == cause)));
            let gone = count(&|_| true);
            for (found, numerator) in shares.chain([(observed.lasting().at(time), n - gone)]) {
                let rate = Rate { numerator, denominator: n };
                let plain = rate.value().unwrap();
                // Sums of doubles: equal to the last digits, and the very count when taken times the number of visits.
                assert!((found.value - plain).abs() < 1e-14, "{seed} at {time}: {found:?} for {rate:?}");
                assert!(((found.value * as_f64(n)).round() - as_f64(numerator)).abs() < 0.5, "{seed} at {time}");
                let error = (plain * (1.0 - plain) / as_f64(n)).sqrt();
                assert!((found.error - error).abs() < 1e-7, "{seed} at {time}: {found:?}, {error}");
                if numerator == 0 || numerator == n {
                    let (low, high) = rate.interval().unwrap();
                    let (found_low, found_high) = found.interval.unwrap();
                    assert!((low - found_low).abs() < 1e-12 && (high - found_high).abs() < 1e-12, "{seed} at {time}");
                }
            }
        }
    }
}

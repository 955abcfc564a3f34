//! Routing: what a change at one stop of a way through several would bring at its end. An absorbing Markov chain: from each
//! stop one goes on to another, arrives, turns off to another way, or is lost; the past does not matter.
//!
//! Works on counts of transitions. Knows nothing of questions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::as_f64;

/// How often the counts are drawn anew for the intervals.
const DRAWS: usize = 500;
/// The seed of these draws: the same counts have the same intervals.
const SEED: u64 = 0x7472_6963_6874_6572;

/// What followed the visits to one stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stop {
    /// How often each stop came next.
    pub next: Vec<u64>,
    /// How often the end was reached from here.
    pub arrived: u64,
    /// How often another way was taken: neither arrived here nor lost.
    pub turned_off: u64,
    /// How often nothing followed.
    pub lost: u64,
}

/// A way through stops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    stops: Vec<Stop>,
    /// How many began at each stop.
    begun: Vec<u64>,
}

/// What it would bring if a stop's rate of going on reached the target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// Its rate of going on.
    pub rate: f64,
    /// The rate that is stated, or the median of the rates of all stops.
    pub target: f64,
    /// Additional arrivals of those who began, with the other rates and the split among what comes next as they are.
    pub arrivals: f64,
    /// Its 95 % interval: percentiles of what comes out if what followed each stop is drawn anew.
    pub interval: (f64, f64),
}

impl Stop {
    fn n(&self) -> u64 {
        self.next.iter().sum::<u64>() + self.arrived + self.turned_off + self.lost
    }

    /// The share that goes on, `None` without visits.
    fn rate(&self) -> Option<f64> {
        let n = self.n();
        (n > 0).then(|| as_f64(n - self.lost) / as_f64(n))
    }

    /// What would have followed as many visits if it were drawn anew.
    fn drawn(&self, dice: &mut ChaCha8Rng) -> Self {
        let (mut trials, mut rest) = (self.n(), self.n());
        // One after the other, each out of what those before have left over.
        let mut draw = |count: u64| {
            let drawn = binomial(dice, trials, count, rest);
            trials -= drawn;
            rest -= count;
            drawn
        };
        let next = self.next.iter().map(|&count| draw(count)).collect();
        let [arrived, turned_off, lost] = [self.arrived, self.turned_off, self.lost].map(draw);
        Self { next, arrived, turned_off, lost }
    }
}

impl Chain {
    /// A way of these stops. Each stop's `next` has a count for every stop; `begun` as well.
    #[must_use]
    pub fn new(stops: Vec<Stop>, begun: Vec<u64>) -> Self {
        Self { stops, begun }
    }

    /// For each stop what it would bring to raise it to the stated target, or to the median without one; `None` for those that
    /// are not below it, and where no answer exists because nobody would ever get out of a loop.
    #[must_use]
    pub fn gains(&self, stated: Option<f64>) -> Vec<Option<Gain>> {
        let found = self.estimates(stated);
        let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); found.len()];
        let mut dice = ChaCha8Rng::seed_from_u64(SEED);
        for _ in 0..if found.iter().any(Option::is_some) { DRAWS } else { 0 } {
            let stops = self.stops.iter().map(|stop| stop.drawn(&mut dice)).collect();
            let estimates = Self { stops, begun: self.begun.clone() }.estimates(stated);
            for (drawn, estimate) in drawn.iter_mut().zip(estimates) {
                // A stop that is not below the target this time would bring nothing.
                drawn.push(estimate.map_or(0.0, |(_, _, arrivals)| arrivals));
            }
        }
        let gain = |(found, mut drawn): (Option<(f64, f64, f64)>, Vec<f64>)| {
            let (rate, target, arrivals) = found?;
            drawn.sort_by(f64::total_cmp);
            // Of 500 draws the 13th from either end: 2.5 % lie outside on each side.
            let outside = drawn.len() / 40;
            let (low, high) = (*drawn.get(outside)?, *drawn.get(drawn.len().checked_sub(outside + 1)?)?);
            Some(Gain { rate, target, arrivals, interval: (low, high) })
        };
        found.into_iter().zip(drawn).map(gain).collect()
    }

    /// Rate, target and additional arrivals of each stop below the target.
    fn estimates(&self, stated: Option<f64>) -> Vec<Option<(f64, f64, f64)>> {
        let rates: Vec<Option<f64>> = self.stops.iter().map(Stop::rate).collect();
        let nothing = || vec![None; self.stops.len()];
        let target = stated.or_else(|| median(rates.iter().flatten().copied().collect()));
        let (Some(target), Some(visits)) = (target, self.visits()) else {
            return nothing();
        };
        let arriving = |from: usize| -> f64 {
            let arrived = |(stop, visits): (&Stop, &f64)| visits * share(stop.arrived, stop.n());
            self.stops.iter().zip(visits.get(from).into_iter().flatten()).map(arrived).sum()
        };
        let gain = |(place, rate): (usize, Option<f64>)| {
            let rate = rate.filter(|rate| *rate < target && *rate > 0.0)?;
            let returns = visits.get(place)?.get(place)? - 1.0;
            let begun: f64 =
                visits.iter().zip(&self.begun).filter_map(|(row, &begun)| Some(as_f64(begun) * row.get(place)?)).sum();
            // Only the row of this stop changes, by one factor, so the changed system is solved by the formula of Sherman
            // and Morrison: who is kept may come back here, and is kept again.
            let more = target / rate - 1.0;
            let left = 1.0 - more * returns;
            (left > 1e-9).then(|| (rate, target, more * begun * arriving(place) / left))
        };
        rates.into_iter().enumerate().map(gain).collect()
    }

    /// How often each stop is visited by one who is at each stop: the inverse of 1 - P, by Gauss and Jordan with the largest
    /// pivot. `None` if there is a loop without a way out.
    fn visits(&self) -> Option<Vec<Vec<f64>>> {
        let n = self.stops.len();
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
        for (place, stop) in self.stops.iter().enumerate() {
            let unit = |other: usize| f64::from(u8::from(other == place));
            let of_visits = stop.n();
            let left = (0..n).map(|other| unit(other) - share(stop.next.get(other).copied().unwrap_or(0), of_visits));
            rows.push(left.chain((0..n).map(unit)).collect());
        }
        for column in 0..n {
            let size = |row: &Vec<f64>| row.get(column).map_or(0.0, |value| value.abs());
            let pivot = (column..n).max_by(|&a, &b| {
                let of = |place: usize| rows.get(place).map_or(0.0, size);
                of(a).total_cmp(&of(b))
            })?;
            rows.swap(column, pivot);
            let mut row = std::mem::take(rows.get_mut(column)?);
            let head = *row.get(column)?;
            if head.abs() < 1e-12 {
                return None;
            }
            for value in &mut row {
                *value /= head;
            }
            for other in &mut rows {
                let factor = other.get(column).copied().unwrap_or(0.0);
                if factor != 0.0 {
                    other.iter_mut().zip(&row).for_each(|(value, pivot)| *value -= factor * pivot);
                }
            }
            *rows.get_mut(column)? = row;
        }
        Some(rows.into_iter().map(|row| row.into_iter().skip(n).collect()).collect())
    }
}

/// A share of counts; 0 of none.
fn share(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { as_f64(count) / as_f64(of) }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// How many of `trials` succeed with probability `count / of`. Exact, in whole numbers alone: every trial draws the binary
/// digits of a number below 1 until one differs from the probability's, 64 trials at a time.
fn binomial(dice: &mut ChaCha8Rng, trials: u64, count: u64, of: u64) -> u64 {
    if count >= of {
        return if of == 0 { 0 } else { trials };
    }
    let (mut undecided, mut successes) = (trials, 0);
    let (mut rest, of) = (u128::from(count), u128::from(of));
    while undecided > 0 && rest > 0 {
        rest *= 2;
        let digit = rest >= of;
        if digit {
            rest -= of;
        }
        let ones = heads(dice, undecided);
        if digit {
            // Whose digit is smaller stays below the probability.
            successes += undecided - ones;
            undecided = ones;
        } else {
            undecided -= ones;
        }
    }
    successes
}

/// How many of so many fair coins show heads.
fn heads(dice: &mut ChaCha8Rng, mut coins: u64) -> u64 {
    let mut heads = 0;
    while coins > 0 {
        let drawn = dice.next_u64();
        let wanted = coins.min(64);
        heads += u64::from((drawn >> (64 - wanted)).count_ones());
        coins -= wanted;
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(next: &[u64], arrived: u64, lost: u64) -> Stop {
        Stop { next: next.to_vec(), arrived, turned_off: 0, lost }
    }

    fn arrivals(chain: &Chain) -> Vec<Option<f64>> {
        chain.gains(None).into_iter().map(|gain| gain.map(|gain| gain.arrivals)).collect()
    }

    #[test]
    fn a_line_on_paper() {
        // 100 begin: 90 of 100 go on, then 45 of 90, then 36 of 45 arrive. Rates 0.9, 0.5, 0.8; the median is 0.8.
        // The second at 0.8: 90 x 0.8 = 72 instead of 45 go on, of which 0.8 arrive: 57.6 instead of 36.
        let chain = Chain::new(
            vec![stop(&[0, 90, 0], 0, 10), stop(&[0, 0, 45], 0, 45), stop(&[0, 0, 0], 36, 9)],
            vec![100, 0, 0],
        );
        let gains = chain.gains(None);
        assert!(gains[0].is_none() && gains[2].is_none());
        let gain = gains[1].unwrap();
        assert!((gain.arrivals - 21.6).abs() < 1e-9, "{gain:?}");
        assert!((gain.rate - 0.5).abs() < 1e-12 && (gain.target - 0.8).abs() < 1e-12, "{gain:?}");
        assert!(gain.interval.0 > 8.0 && gain.interval.0 < 21.6 && gain.interval.1 > 21.6 && gain.interval.1 < 36.0);
        assert_eq!(chain.gains(None), gains, "the same counts, the same interval");
    }

    #[test]
    fn a_branch_on_paper() {
        // Of 100, 60 go left and 40 right; left 30 of 60 arrive, right 36 of 40. Rates 1, 0.5, 0.9; the median is 0.9.
        // Left at 0.9: 60 x 0.4 = 24 more.
        let chain = Chain::new(
            vec![stop(&[0, 60, 40], 0, 0), stop(&[0, 0, 0], 30, 30), stop(&[0, 0, 0], 36, 4)],
            vec![100, 0, 0],
        );
        let found = arrivals(&chain);
        assert!((found[1].unwrap() - 24.0).abs() < 1e-9 && found[0].is_none() && found[2].is_none(), "{found:?}");
    }

    #[test]
    fn a_loop_on_paper() {
        // 100 begin at A, where half goes on to B and half is lost; from B a half comes back to A, a quarter arrives, a
        // quarter is lost. Rates 0.5 and 0.75; the median is 0.625.
        // One at A arrives with x = 0.5 (0.25 + 0.5 x), so x = 1/6; with 0.625, x = 5/22. 100 (5/22 - 1/6) = 200/33.
        let chain = Chain::new(vec![stop(&[0, 80], 0, 80), stop(&[40, 0], 20, 20)], vec![100, 0]);
        let found = arrivals(&chain);
        assert!((found[0].unwrap() - 200.0 / 33.0).abs() < 1e-9 && found[1].is_none(), "{found:?}");
    }

    #[test]
    fn a_stated_target_stands_in_for_the_median() {
        // The line above. At 0.95: 100 x 0.05 x 0.5 x 0.8 = 2 more from the first, 90 x 0.45 x 0.8 = 32.4 from the second,
        // 45 x 0.15 = 6.75 from the third.
        let chain = Chain::new(
            vec![stop(&[0, 90, 0], 0, 10), stop(&[0, 0, 45], 0, 45), stop(&[0, 0, 0], 36, 9)],
            vec![100, 0, 0],
        );
        let gains = chain.gains(Some(0.95));
        for (gain, expected) in gains.iter().zip([2.0, 32.4, 6.75]) {
            let gain = gain.unwrap();
            assert!((gain.arrivals - expected).abs() < 1e-9 && (gain.target - 0.95).abs() < 1e-12, "{gain:?}");
        }
        assert_eq!(chain.gains(Some(0.4)), [None, None, None]);
    }

    #[test]
    fn who_turns_off_neither_arrives_nor_is_lost() {
        // Of 100 at the first, 40 go on, 20 turn off, 40 are lost: its rate is 0.6. Of 40 at the second 30 arrive. At 0.9
        // half as many again do each: 20 more go on, of which 0.75 arrive: 15. Lost, the 20 would make it 0.4 and 37.5.
        let first = Stop { turned_off: 20, ..stop(&[0, 40], 0, 40) };
        let gains = Chain::new(vec![first, stop(&[0, 0], 30, 10)], vec![100, 0]).gains(Some(0.9));
        let gain = gains[0].unwrap();
        assert!((gain.rate - 0.6).abs() < 1e-12 && (gain.arrivals - 15.0).abs() < 1e-9, "{gain:?}");
    }

    /// Visits to each stop and arrivals that the chain expects of those who began.
    fn expected(chain: &Chain) -> (Vec<f64>, f64) {
        let rows = chain.visits().unwrap();
        let of = |place: usize| rows.iter().zip(&chain.begun).map(|(row, &begun)| as_f64(begun) * row[place]).sum();
        let visits: Vec<f64> = (0..rows.len()).map(of).collect();
        let arrivals =
            chain.stops.iter().zip(&visits).map(|(stop, visits)| visits * share(stop.arrived, stop.n())).sum();
        (visits, arrivals)
    }

    #[test]
    fn the_chain_expects_what_it_was_made_of() {
        // Walks with loops and branches; each visit but the first of a walk is what followed another.
        for seed in 0..20 {
            let mut dice = ChaCha8Rng::seed_from_u64(seed);
            let mut chain = Chain::new(vec![stop(&[0; 5], 0, 0); 5], vec![0; 5]);
            for _ in 0..300 {
                let mut here = usize::from(dice.next_u64().is_multiple_of(3));
                chain.begun[here] += 1;
                loop {
                    let next = match dice.next_u64() % 10 {
                        0 | 1 => None,
                        2 => Some(usize::try_from(dice.next_u64() % 5).unwrap()),
                        _ => Some(here + 1),
                    };
                    match next {
                        None => chain.stops[here].lost += 1,
                        Some(5) => chain.stops[here].arrived += 1,
                        Some(next) => {
                            chain.stops[here].next[next] += 1;
                            here = next;
                            continue;
                        }
                    }
                    break;
                }
            }
            let (visits, arrivals) = expected(&chain);
            let observed: u64 = chain.stops.iter().map(|stop| stop.arrived).sum();
            assert!((arrivals - as_f64(observed)).abs() < 1e-8, "seed {seed}: {arrivals} for {observed}");
            for (stop, visits) in chain.stops.iter().zip(visits) {
                assert!((visits - as_f64(stop.n())).abs() < 1e-8, "seed {seed}: {visits} for {}", stop.n());
            }
        }
    }

    #[test]
    fn whoever_may_still_go_on_is_expected_to_do_as_the_others() {
        // 100 begin and 90 reach the second stop, of whom 10 are not decided: 40 of 80 arrive, 5 of the 10 are expected to.
        let (visits, arrivals) =
            expected(&Chain::new(vec![stop(&[0, 90], 0, 10), stop(&[0, 0], 40, 40)], vec![100, 0]));
        assert!((visits[1] - 90.0).abs() < 1e-12 && (arrivals - 45.0).abs() < 1e-12, "{visits:?} {arrivals}");
    }

    #[test]
    fn other_names_for_the_stops_change_nothing() {
        let stops = [
            stop(&[5, 40, 30, 0], 0, 25),
            stop(&[10, 0, 20, 15], 5, 30),
            stop(&[0, 9, 0, 21], 11, 9),
            stop(&[0, 0, 2, 0], 30, 4),
        ];
        let begun = [85, 6, 0, 1];
        let found = arrivals(&Chain::new(stops.to_vec(), begun.to_vec()));
        assert!(found.iter().any(Option::is_some));
        for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
            let renamed = order.map(|place: usize| {
                let known = &stops[place];
                stop(&order.map(|other: usize| known.next[other]), known.arrived, known.lost)
            });
            let again = arrivals(&Chain::new(renamed.to_vec(), order.map(|place: usize| begun[place]).to_vec()));
            for (place, &was) in order.iter().enumerate() {
                match (again[place], found[was]) {
                    (Some(again), Some(found)) => assert!((again - found).abs() < 1e-9),
                    (again, found) => assert_eq!(again, found),
                }
            }
        }
    }

    #[test]
    fn a_loop_without_a_way_out_has_no_answer() {
        let chain = Chain::new(vec![stop(&[0, 5], 0, 0), stop(&[5, 0], 0, 0), stop(&[0, 0], 1, 4)], vec![5, 0, 5]);
        assert_eq!(arrivals(&chain), [None, None, None]);
        assert_eq!(Chain::default().gains(None), []);
    }

    #[test]
    fn draws_have_the_mean_and_spread_of_a_binomial() {
        let mut dice = ChaCha8Rng::seed_from_u64(3);
        let drawn: Vec<f64> = (0..4_000).map(|_| as_f64(binomial(&mut dice, 100, 3, 10))).collect();
        let mean = drawn.iter().sum::<f64>() / 4_000.0;
        let variance = drawn.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4_000.0;
        assert!((mean - 30.0).abs() < 0.3 && (variance - 21.0).abs() < 1.5, "{mean} {variance}");
        assert_eq!(
            [binomial(&mut dice, 7, 0, 3), binomial(&mut dice, 7, 3, 3), binomial(&mut dice, 0, 1, 3)],
            [0, 7, 0]
        );
    }

    #[test]
    fn intervals_of_gains_cover_what_is_true_of_a_line() {
        // Of 400 at the first stop 0.9 go on, at the second 0.5, at the third 0.8 arrive: the second brings 400 x 0.9 x 0.3 x 0.8.
        let (truth, mut covered) = (400.0 * 0.9 * 0.3 * 0.8, 0);
        for run in 0..200 {
            let mut dice = ChaCha8Rng::seed_from_u64(run);
            let second = binomial(&mut dice, 400, 9, 10);
            let third = binomial(&mut dice, second, 5, 10);
            let end = binomial(&mut dice, third, 8, 10);
            let stops = vec![
                stop(&[0, second, 0], 0, 400 - second),
                stop(&[0, 0, third], 0, second - third),
                stop(&[0, 0, 0], end, third - end),
            ];
            let gain = Chain::new(stops, vec![400, 0, 0]).gains(None)[1].unwrap();
            covered += u32::from(gain.interval.0 <= truth && truth <= gain.interval.1);
        }
        println!("of 200 intervals of a gain cover: {covered}");
        assert!((180..=199).contains(&covered), "{covered}");
    }
}

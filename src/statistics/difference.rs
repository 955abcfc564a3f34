//! Differences of two shares: how large, how sure, and how often chance alone would show as much.
//!
//! Knows shares and sums over contacts, not what they are shares of.

use statrs::distribution::{ContinuousCDF, Normal};

use super::exact::fisher;
use crate::rate::{Moments, Rate, Z95, as_f64, wilson};

/// A share that was observed, with how far contacts differ if that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The counts.
    pub rate: Rate,
    /// Sums over contacts; without them every observation stands for itself.
    pub moments: Option<Moments>,
}

/// What two samples say about the difference of what they were drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// First minus second.
    pub value: f64,
    /// The 95 % interval.
    pub interval: (f64, f64),
    /// How often chance alone would show a difference at least as large, in either direction.
    pub p: f64,
    /// Which test says so.
    pub test: Test,
    /// How many observations weigh as much as one that stands for itself; the larger of both samples' effects.
    pub design_effect: f64,
}

/// Where a p-value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// The score test of two shares, which is Pearson's chi-square test.
    Score,
    /// Fisher's exact test: some count was to be expected below five.
    Exact,
    /// The normal distribution with the variance over contacts: the ratio is no share.
    Normal,
}

/// Below this expected count the score test is no longer trusted (W. G. Cochran, "Some methods for strengthening the common
/// chi-square tests", Biometrics 10, 1954).
const LEAST_EXPECTED: f64 = 5.0;

impl Sample {
    /// The variance of the ratio that follows from how far contacts differ: contacts are drawn, their observations come
    /// along (W. G. Cochran, "Sampling techniques", 3rd ed. 1977, section 9.3: clusters of unequal size, linearised).
    /// `None` with fewer than two contacts.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        let moments = self.moments.filter(|moments| moments.contacts > 1)?;
        let (ratio, y) = (self.rate.value()?, as_f64(self.rate.denominator));
        let m = as_f64(moments.contacts);
        let residues = as_f64(moments.xx) - 2.0 * ratio * as_f64(moments.xy) + ratio * ratio * as_f64(moments.yy);
        Some(residues.max(0.0) / (y * y) * m / (m - 1.0))
    }

    /// As many independent observations would tell as much. Contacts that agree with themselves less than chance would
    /// gain nothing, so it is never more than there are. Where all contacts agree nothing is known of how far they differ,
    /// and each counts once.
    #[must_use]
    pub fn effective_n(&self) -> f64 {
        let n = as_f64(self.rate.denominator);
        let (Some(moments), Some(share)) = (self.moments, self.rate.value()) else { return n };
        match self.variance() {
            Some(variance) if variance > 0.0 => (share * (1.0 - share) / variance).min(n),
            _ => as_f64(moments.contacts).min(n),
        }
    }

    /// Cases and observations as whole numbers that tell as much: those counted if each contact stands for itself, else of so
    /// many observations as the effective number has in full.
    fn effective_counts(&self) -> (u64, u64) {
        let Rate { numerator, denominator } = self.rate;
        if self.moments.is_none_or(|moments| moments.contacts == denominator) {
            return (numerator, denominator);
        }
        let n = self.effective_n().floor().max(1.0);
        let cases = self.rate.value().unwrap_or_default() * n;
        (whole(cases.round()), whole(n))
    }

    fn is_share(&self) -> bool {
        self.rate.numerator <= self.rate.denominator
    }
}

/// The difference of two shares: Newcombe's hybrid of two Wilson intervals (R. G. Newcombe, "Interval estimation for the
/// difference between independent proportions", Statistics in Medicine 17, 1998, method 10), and the two-sided score test, or
/// Fisher's for small counts, all with effective numbers of observations. Ratios above one, such as clicks per message, have no Wilson interval; theirs
/// is the normal one. `None` if one of the samples is empty, or is such a ratio of unknown variance.
#[must_use]
pub fn difference(first: &Sample, second: &Sample) -> Option<Difference> {
    let (a, b) = (first.rate.value()?, second.rate.value()?);
    let value = a - b;
    let (n_a, n_b) = (first.effective_n(), second.effective_n());
    if !(first.is_share() && second.is_share()) {
        let error = (first.variance()? + second.variance()?).sqrt();
        let interval = (value - Z95 * error, value + Z95 * error);
        return Some(Difference { value, interval, p: tail(value, error), test: Test::Normal, design_effect: 1.0 });
    }
    let ((low_a, high_a), (low_b, high_b)) = (wilson(a, n_a), wilson(b, n_b));
    let low = value - (a - low_a).hypot(high_b - b);
    let high = value + (high_a - a).hypot(b - low_b);
    let pooled = (a * n_a + b * n_b) / (n_a + n_b);
    let error = (pooled * (1.0 - pooled) * (1.0 / n_a + 1.0 / n_b)).sqrt();
    let effect = |sample: &Sample, n: f64| as_f64(sample.rate.denominator) / n;
    let least = n_a.min(n_b) * pooled.min(1.0 - pooled);
    let (test, p) = if least < LEAST_EXPECTED {
        let ((a, m), (b, n)) = (first.effective_counts(), second.effective_counts());
        (Test::Exact, fisher(a, m, b, n))
    } else {
        (Test::Score, tail(value, error))
    };
    Some(Difference {
        value,
        interval: (low.max(-1.0), high.min(1.0)),
        p,
        test,
        design_effect: effect(first, n_a).max(effect(second, n_b)),
    })
}

/// A float that is a whole number and no larger than a count.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(value: f64) -> u64 {
    value as u64
}

/// Both tails of the normal distribution beyond a value with this standard error.
fn tail(value: f64, error: f64) -> f64 {
    if error > 0.0 { 2.0 * Normal::standard().sf((value / error).abs()) } else { 1.0 }
}

/// The q-value of each p-value: the smallest share of false discoveries at which it would still be one, if every one with a
/// smaller or equal p is (Y. Benjamini & Y. Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995). In the order
/// of the p-values.
#[must_use]
pub fn q_values(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&a, &b| ps.get(a).unwrap_or(&1.0).total_cmp(ps.get(b).unwrap_or(&1.0)));
    let mut qs = vec![1.0; ps.len()];
    let mut least: f64 = 1.0;
    for (rank, &place) in order.iter().enumerate().rev() {
        let (Some(p), Some(q)) = (ps.get(place), qs.get_mut(place)) else { continue };
        least = least.min(p * as_f64(ps.len() as u64) / as_f64(rank as u64 + 1));
        *q = least;
    }
    qs
}

/// The p-value of each test among all of them: the share of nights on which even one of them would be called a discovery by
/// chance, if every one with a smaller or equal p is (S. Holm, "A simple sequentially rejective multiple test procedure",
/// Scand. J. Statist. 6, 1979). However the tests depend on each other. In the order of the p-values.
#[must_use]
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&a, &b| ps.get(a).unwrap_or(&1.0).total_cmp(ps.get(b).unwrap_or(&1.0)));
    let mut adjusted = vec![1.0; ps.len()];
    let mut most: f64 = 0.0;
    for (rank, &place) in order.iter().enumerate() {
        let (Some(p), Some(adjusted)) = (ps.get(place), adjusted.get_mut(place)) else { continue };
        most = most.max(p * as_f64((ps.len() - rank) as u64)).min(1.0);
        *adjusted = most;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    use super::*;

    #[test]
    fn holm_multiplies_the_smallest_by_all_and_never_falls() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        // Holm 1979: 4 * 0.005, 3 * 0.01, 2 * 0.03, and no less than that for the largest.
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }

    fn plain(numerator: u64, denominator: u64) -> Sample {
        Sample { rate: Rate { numerator, denominator }, moments: None }
    }

    fn clustered(contacts: impl IntoIterator<Item = Rate>) -> Sample {
        let (mut rate, mut moments) = (Rate::default(), Moments::default());
        for contact in contacts {
            rate.add(contact);
            moments.add(Moments::of(contact));
        }
        Sample { rate, moments: Some(moments) }
    }

    #[test]
    fn intervals_equal_those_that_newcombe_published() {
        // Newcombe 1998, table II, method 10, contrasts a to h.
        for (a, m, b, n, low, high) in [
            (56, 70, 48, 80, 0.0524, 0.3339),
            (9, 10, 3, 10, 0.1705, 0.8090),
            (6, 7, 2, 7, 0.0582, 0.8062),
            (5, 56, 0, 29, -0.0381, 0.1926),
            (0, 10, 0, 20, -0.1611, 0.2775),
            (0, 10, 0, 10, -0.2775, 0.2775),
            (10, 10, 0, 20, 0.6791, 1.0),
            (10, 10, 0, 10, 0.6075, 1.0),
        ] {
            let found = difference(&plain(a, m), &plain(b, n)).unwrap();
            assert!((found.interval.0 - low).abs() < 5.1e-5, "{a}/{m} {b}/{n}: {found:?}");
            assert!((found.interval.1 - high).abs() < 5.1e-5, "{a}/{m} {b}/{n}: {found:?}");
            let turned = difference(&plain(b, n), &plain(a, m)).unwrap();
            assert!((turned.interval.0 + found.interval.1).abs() < 1e-12, "{a}/{m} {b}/{n}");
            assert!((turned.p - found.p).abs() < 1e-12, "{a}/{m} {b}/{n}");
        }
    }

    #[test]
    fn the_score_test_is_the_chi_square_test_of_the_table() {
        // Chi-square of [[56, 14], [48, 32]] by hand: 150 (56*32 - 48*14)^2 / (104*46*70*80) = 7.0234; its root is z.
        let found = difference(&plain(56, 70), &plain(48, 80)).unwrap();
        assert!(
            (found.p - 2.0 * Normal::standard().sf((150.0 * 1120.0f64.powi(2) / 26_790_400.0).sqrt())).abs() < 1e-12
        );
        assert!((found.p - 0.008_04).abs() < 5e-5, "{}", found.p);
        assert_eq!(found.test, Test::Score);
        assert!((difference(&plain(0, 5), &plain(0, 9)).unwrap().p - 1.0).abs() < 1e-12);
        assert_eq!(difference(&plain(0, 0), &plain(1, 9)), None);
    }

    #[test]
    fn small_counts_are_judged_exactly() {
        // The convicts' twins of `exact`: 30 twins and 12 convictions, so 13 * 12 / 30 = 5.2 are expected, and 17 * 12 / 30.
        assert_eq!(difference(&plain(2, 17), &plain(10, 13)).unwrap().test, Test::Score);
        let tea = difference(&plain(3, 4), &plain(1, 4)).unwrap();
        assert_eq!(tea.test, Test::Exact);
        assert!((tea.p - 34.0 / 70.0).abs() < 1e-12, "{tea:?}");
        let once = |n: u64, of: u64| {
            clustered((0..of).map(|contact| Rate { numerator: u64::from(contact < n), denominator: 1 }))
        };
        let same = difference(&once(3, 4), &once(1, 4)).unwrap();
        assert!((same.p - tea.p).abs() < 1e-12, "contacts that appear once stand for themselves");
        let often = |n: u64, of: u64| {
            clustered((0..of).map(|contact| Rate { numerator: 9 * u64::from(contact < n), denominator: 9 }))
        };
        let nine = difference(&often(3, 4), &often(1, 4)).unwrap();
        assert!(nine.test == Test::Exact && nine.p >= tea.p, "{nine:?}");
    }

    /// Rare events on both sides: how often the exact test alarms where nothing differs.
    #[test]
    fn the_exact_test_alarms_no_more_often_than_promised() {
        let mut dice = ChaCha8Rng::seed_from_u64(7);
        let mut throw = move || f64::from(dice.next_u32()) / 4_294_967_296.0;
        let mut group = || plain((0..60).map(|_| u64::from(throw() < 0.04)).sum(), 60);
        let found: Vec<_> = (0..4_000).filter_map(|_| difference(&group(), &group())).collect();
        assert!(found.iter().filter(|found| found.test == Test::Exact).count() > 3_900);
        assert!(found.iter().filter(|found| found.p < 0.05).count() < 200);
    }

    #[test]
    fn four_of_the_fifteen_published_p_values_are_discoveries() {
        // Benjamini & Hochberg 1995, section 4.1.
        let ps = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0000,
        ];
        let qs = q_values(&ps);
        assert_eq!(qs.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((qs[0] - 0.0015).abs() < 1e-12);
        assert!((qs[3] - 0.0095 * 15.0 / 4.0).abs() < 1e-12);
        let mut turned = ps;
        turned.reverse();
        assert!(q_values(&turned).iter().rev().eq(&qs), "the order of the p-values is not that of the hypotheses");
        assert_eq!(q_values(&[]), Vec::<f64>::new());
    }

    #[test]
    fn contacts_that_appear_once_stand_for_themselves() {
        let once = clustered((0..70).map(|contact| Rate { numerator: u64::from(contact < 56), denominator: 1 }));
        assert!((once.effective_n() - 70.0 * 69.0 / 70.0).abs() < 1e-9, "{}", once.effective_n());
    }

    #[test]
    fn messages_of_a_contact_that_always_does_the_same_tell_no_more_than_one() {
        let times = |k: u64| {
            clustered((0..100).map(move |contact| Rate { numerator: k * u64::from(contact < 30), denominator: k }))
        };
        assert!((times(1).effective_n() - times(7).effective_n()).abs() < 1e-9);
        let (once, seven) = (difference(&times(1), &plain(40, 100)), difference(&times(7), &plain(40, 100)));
        assert!((once.unwrap().p - seven.unwrap().p).abs() < 1e-9);
        assert!((seven.unwrap().design_effect - 700.0 / 99.0).abs() < 1e-9);
    }

    #[test]
    fn where_nobody_did_it_each_contact_counts_once() {
        let none = clustered((0..20).map(|_| Rate { numerator: 0, denominator: 5 }));
        assert!((none.effective_n() - 20.0).abs() < 1e-12);
        assert!((clustered([Rate { numerator: 2, denominator: 5 }]).effective_n() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn ratios_above_one_have_an_interval_of_how_far_contacts_differ() {
        let first = clustered((0..50).map(|contact| Rate { numerator: contact % 4, denominator: 1 }));
        let second = clustered((0..50).map(|contact| Rate { numerator: contact % 3, denominator: 1 }));
        let found = difference(&first, &second).unwrap();
        // Numerators sum to 73 and 49, their squares to 12 (1 + 4 + 9) + 1 = 169 and 16 (1 + 4) + 1 = 81.
        let variance = |squares: f64, mean: f64| (squares - 50.0 * mean * mean) / 49.0 / 50.0;
        let error = (variance(169.0, 1.46) + variance(81.0, 0.98)).sqrt();
        assert!((found.value - (1.46 - 0.98)).abs() < 1e-12, "{found:?}");
        assert!((found.interval.1 - found.interval.0 - 2.0 * Z95 * error).abs() < 1e-9, "{found:?}");
        assert_eq!(difference(&plain(3, 2), &plain(1, 2)), None);
    }

    /// Two groups of the same kind of contact, each with one to six messages that are read or not as the contact is wont to.
    #[test]
    fn equal_groups_differ_by_chance_as_often_as_promised() {
        let mut dice = ChaCha8Rng::seed_from_u64(5);
        let mut throw = move || f64::from(dice.next_u32()) / 4_294_967_296.0;
        let mut group = || {
            let contacts: Vec<Rate> = (0..200)
                .map(|_| {
                    let wont = if throw() < 0.4 { 0.85 } else { 0.15 };
                    let denominator = 1 + u64::from(throw() < 0.5) * 3 + u64::from(throw() < 0.3) * 2;
                    let numerator = (0..denominator).map(|_| u64::from(throw() < wont)).sum();
                    Rate { numerator, denominator }
                })
                .collect();
            clustered(contacts)
        };
        let (mut false_alarms, mut naive_alarms, mut missed) = (0, 0, 0);
        let runs = 4_000;
        for _ in 0..runs {
            let (a, b) = (group(), group());
            let found = difference(&a, &b).unwrap();
            false_alarms += u32::from(found.p < 0.05);
            missed += u32::from(found.interval.0 > 0.0 || found.interval.1 < 0.0);
            let naive = difference(&Sample { moments: None, ..a }, &Sample { moments: None, ..b }).unwrap();
            naive_alarms += u32::from(naive.p < 0.05);
        }
        let share = |count: u32| f64::from(count) / f64::from(runs);
        assert!((0.04..=0.06).contains(&share(false_alarms)), "{}", share(false_alarms));
        assert!((0.04..=0.06).contains(&share(missed)), "{}", share(missed));
        assert!(share(naive_alarms) > 0.1, "{}", share(naive_alarms));
    }
}

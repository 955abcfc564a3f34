//! Sample ratios: whether contacts came into the variants of an experiment in the shares that were meant.
//!
//! A mismatch says that assignment or logging is broken, and then no difference between variants means anything.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::rate::as_f64;

/// Below this probability a mismatch is an alarm, as experimentation platforms have it (A. Fabijan et al., "Diagnosing sample
/// ratio mismatch in online controlled experiments", KDD 2019).
pub const ALARM: f64 = 0.001;

/// How often chance alone would divide contacts as far from the shares that were meant: Pearson's chi-square test. Each group
/// has its contacts and its weight; a group of weight zero was not meant to get any. `None` with fewer than two groups of some
/// weight, or without contacts.
#[must_use]
pub fn fit(groups: &[(u64, f64)]) -> Option<f64> {
    let total = as_f64(groups.iter().map(|(count, _)| count).sum());
    let weights: f64 = groups.iter().map(|(_, weight)| weight).sum();
    let n_meant = groups.iter().filter(|(_, weight)| *weight > 0.0).count();
    if n_meant < 2 || total <= 0.0 {
        return None;
    }
    if groups.iter().any(|(count, weight)| *count > 0 && *weight <= 0.0) {
        return Some(0.0);
    }
    let far = |&(count, weight): &(u64, f64)| {
        let expected = total * weight / weights;
        (as_f64(count) - expected).powi(2) / expected
    };
    let statistic: f64 = groups.iter().filter(|(_, weight)| *weight > 0.0).map(far).sum();
    let distribution = ChiSquared::new(as_f64(n_meant as u64 - 1)).ok()?;
    Some(distribution.sf(statistic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(counts: &[u64]) -> Option<f64> {
        fit(&counts.iter().map(|&count| (count, 1.0)).collect::<Vec<_>>())
    }

    #[test]
    fn tails_equal_the_printed_table_of_chi_square() {
        // Quantiles of 95 % with one and two degrees of freedom: 3.841 and 5.991.
        let one = even(&[1_000 + 62, 1_000 - 62]).unwrap();
        assert!((one - 0.005_562).abs() < 1e-5, "{one}");
        // Two degrees of freedom: the tail is exp(-x/2), here of x = (10^2 + 10^2) / 100 = 2.
        let two = even(&[110, 100, 90]).unwrap();
        assert!((two - (-1.0f64).exp()).abs() < 1e-9, "{two}");
    }

    #[test]
    fn mendels_peas_fit_nine_to_three_to_three_to_one() {
        // Mendel 1866, seeds of plants with two traits; chi-square 0.470 with three degrees of freedom, p = 0.925: Agresti,
        // "An introduction to categorical data analysis", and R: chisq.test(c(315, 101, 108, 32), p = c(9, 3, 3, 1) / 16).
        let p = fit(&[(315, 9.0), (101, 3.0), (108, 3.0), (32, 1.0)]).unwrap();
        assert!((p - 0.925_4).abs() < 5e-5, "{p}");
        let percent = fit(&[(315, 56.25), (101, 18.75), (108, 18.75), (32, 6.25)]).unwrap();
        assert!((p - percent).abs() < 1e-12, "only ratios of weights matter");
    }

    #[test]
    fn a_mismatch_is_an_alarm_and_chance_is_none() {
        // 821 588 against 815 482 looks even and is not: Kohavi, Tang & Xu 2020, chapter 21.
        assert!(even(&[821_588, 815_482]).unwrap() < ALARM);
        assert!(even(&[5_040, 4_960]).unwrap() > ALARM);
        assert!(fit(&[(9_020, 90.0), (980, 10.0)]).unwrap() > ALARM);
        assert!(even(&[9_020, 980]).unwrap() < ALARM);
        assert_eq!(even(&[5]), None);
        assert_eq!(even(&[0, 0]), None);
    }

    #[test]
    fn whoever_was_not_meant_to_be_there_is_a_mismatch() {
        assert_eq!(fit(&[(50, 1.0), (50, 1.0), (1, 0.0)]), Some(0.0));
        assert_eq!(fit(&[(50, 1.0), (50, 1.0), (0, 0.0)]), fit(&[(50, 1.0), (50, 1.0)]));
        assert!(fit(&[(100, 1.0), (0, 1.0)]).unwrap() < ALARM);
    }
}

//! Sample ratios: whether contacts came into the variants of an experiment as evenly as they were meant to.
//!
//! A mismatch says that assignment or logging is broken, and then no difference between variants means anything.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::rate::as_f64;

/// Below this probability a mismatch is an alarm, as experimentation platforms have it (A. Fabijan et al., "Diagnosing sample
/// ratio mismatch in online controlled experiments", KDD 2019).
pub const ALARM: f64 = 0.001;

/// How often chance alone would divide as unevenly, if every variant was meant to have the same share: Pearson's chi-square
/// test. `None` with fewer than two variants or without contacts.
#[must_use]
pub fn evenness(counts: &[u64]) -> Option<f64> {
    let total = as_f64(counts.iter().sum());
    let expected = total / as_f64(counts.len() as u64);
    if counts.len() < 2 || total <= 0.0 {
        return None;
    }
    let statistic: f64 = counts.iter().map(|&count| (as_f64(count) - expected).powi(2) / expected).sum();
    let distribution = ChiSquared::new(as_f64(counts.len() as u64 - 1)).ok()?;
    Some(distribution.sf(statistic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_equal_the_printed_table_of_chi_square() {
        // Quantiles of 95 % with one and two degrees of freedom: 3.841 and 5.991.
        let one = evenness(&[1_000 + 62, 1_000 - 62]).unwrap();
        assert!((one - 0.005_562).abs() < 1e-5, "{one}");
        // Two degrees of freedom: the tail is exp(-x/2), here of x = (10^2 + 10^2) / 100 = 2.
        let two = evenness(&[110, 100, 90]).unwrap();
        assert!((two - (-1.0f64).exp()).abs() < 1e-9, "{two}");
    }

    #[test]
    fn a_mismatch_is_an_alarm_and_chance_is_none() {
        // 821 588 against 815 482 looks even and is not: Kohavi, Tang & Xu 2020, chapter 21.
        assert!(evenness(&[821_588, 815_482]).unwrap() < ALARM);
        assert!(evenness(&[5_040, 4_960]).unwrap() > ALARM);
        assert_eq!(evenness(&[5]), None);
        assert_eq!(evenness(&[0, 0]), None);
    }
}

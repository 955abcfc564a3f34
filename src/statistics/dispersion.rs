//! How far days differ by more than chance, and whether a further day is one of them.
//!
//! Days come in groups that are alike, such as Mondays. Each group has a mean of its own; how far its days scatter around it is
//! estimated from all groups together. Knows counts, not what they are counts of.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::gamma::ln_gamma;

use crate::rate::{Rate, as_f64, wilson};

/// Steps in which a dispersion is closed in on: more than a double can tell apart.
const STEPS: usize = 80;
/// Below this correlation days count as independent draws; a parameter of the beta distribution beyond 1e8 has no digits left.
const LEAST_CORRELATION: f64 = 1e-8;
/// Fewest degrees of freedom from which a dispersion is estimated.
const LEAST_FREEDOM: u32 = 3;
/// Fewest days of a group from which its mean is estimated.
const LEAST_DAYS: usize = 3;
/// Terms of a tail that no longer change its sum.
const NEGLIGIBLE: f64 = 1e-17;

/// What days say of the share of a further one: beta-binomial, with the uncertainty of both its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShareOfDay {
    /// The share to be expected.
    pub mean: f64,
    /// How far two observations of one day agree: 0 if days differ by chance alone.
    pub correlation: f64,
    /// Degrees of freedom of that estimate.
    pub freedom: u32,
    /// The correlation that also stands for what is not known of the mean.
    predictive: f64,
}

impl ShareOfDay {
    /// Estimates it for a further day of the group at `place`.
    ///
    /// The variance of a day's share is `p (1 - p) / n * (1 + (n - 1) c)` with the correlation `c` (D. A. Williams,
    /// "Extra-binomial variation in logistic linear models", Applied Statistics 31, 1982, model II). `c` is such that the
    /// weighted squares around the groups' means are as large as their degrees of freedom, and 0 if they are no larger at
    /// `c = 0` (the moments of J. C. Kleinman, JASA 68, 1973; found as R. C. Paule and J. Mandel, J. Res. Natl. Bur. Stand. 87,
    /// 1982, do).
    ///
    /// `None` where there are too few days: three of the group, and three more than groups.
    #[must_use]
    pub fn of(groups: &[Vec<Rate>], place: usize) -> Option<Self> {
        let days = |group: &Vec<Rate>| -> Vec<(f64, f64)> {
            let counted = group.iter().filter(|rate| rate.denominator > 0 && rate.numerator <= rate.denominator);
            counted.map(|rate| (rate.value().unwrap_or_default(), as_f64(rate.denominator))).collect()
        };
        let groups: Vec<Vec<(f64, f64)>> = groups.iter().map(days).collect();
        let own = groups.get(place).filter(|own| own.len() >= LEAST_DAYS)?;
        let freedom = freedom(groups.iter().map(Vec::len))?;
        let squares = |correlation: f64| -> f64 {
            let of_group = |group: &Vec<(f64, f64)>| -> f64 {
                let (mean, _) = weighted(group, correlation);
                let squares = group.iter().map(|(share, n)| weight(*n, correlation) * (share - mean).powi(2));
                let unit = mean * (1.0 - mean);
                if unit > 0.0 { squares.sum::<f64>() / unit } else { 0.0 }
            };
            groups.iter().map(of_group).sum()
        };
        let correlation = closed_in(1.0, |correlation| squares(correlation) > f64::from(freedom));
        let (mean, information) = weighted(own, correlation);
        // Half an observation on either side: a share that was never seen is not impossible (H. Jeffreys' prior).
        let mean = (mean * information + 0.5) / (information + 1.0);
        let predictive = (correlation + 1.0 / information).clamp(LEAST_CORRELATION, 0.999);
        Some(Self { mean, correlation, freedom, predictive })
    }

    /// How often such a day would have a share at least as far on the same side of the mean; one-sided.
    ///
    /// The tail of the beta-binomial distribution is exact for rare events, but takes its dispersion for known. So it is read
    /// as that of Student's t with the degrees of freedom of the estimate.
    #[must_use]
    pub fn tail(&self, rate: Rate) -> f64 {
        let (x, n) = (rate.numerator.min(rate.denominator), rate.denominator);
        if n == 0 {
            return 1.0;
        }
        let size = 1.0 / self.predictive - 1.0;
        let (a, b) = (self.mean * size, (1.0 - self.mean) * size);
        let is_above = as_f64(x) >= self.mean * as_f64(n);
        // The lower tail of what did it is the upper tail of what did not.
        let (x, a, b) = if is_above { (x, a, b) } else { (n - x, b, a) };
        students(upper_beta_binomial(x, n, a, b), self.freedom)
    }

    /// Between which shares about 95 of 100 such days lie: Wilson's interval with as many observations as tell as much.
    #[must_use]
    pub fn range(&self, n: u64) -> (f64, f64) {
        let n = as_f64(n.max(1));
        let (low, high) = wilson(self.mean, n / (1.0 + (n - 1.0) * self.predictive));
        (low.max(0.0), high.min(1.0))
    }
}

/// What days say of a count on a further one: negative binomial, with the uncertainty of both its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountOfDay {
    /// The count to be expected.
    pub mean: f64,
    /// By how much days differ beyond chance: the variance is `mean + dispersion * mean^2`.
    pub dispersion: f64,
    /// Degrees of freedom of that estimate.
    pub freedom: u32,
    predictive: f64,
}

impl CountOfDay {
    /// Estimates it for a further day of the group at `place`, by moments: squares over the variance are as large as their
    /// degrees of freedom (N. E. Breslow, "Extra-Poisson variation in log-linear models", Applied Statistics 33, 1984).
    ///
    /// `None` where there are too few days, or nothing is to be expected.
    #[must_use]
    pub fn of(groups: &[Vec<u64>], place: usize) -> Option<Self> {
        let mean = |group: &[u64]| as_f64(group.iter().sum()) / as_f64(group.len() as u64);
        let own = groups.get(place).filter(|own| own.len() >= LEAST_DAYS)?;
        // Where nothing ever came, nothing scatters.
        let busy: Vec<(&Vec<u64>, f64)> =
            groups.iter().map(|group| (group, mean(group))).filter(|(_, mean)| *mean > 0.0).collect();
        let freedom = freedom(busy.iter().map(|(group, _)| group.len()))?;
        let squares = |dispersion: f64| -> f64 {
            let of_day = |count: u64, mean: f64| (as_f64(count) - mean).powi(2) / (mean + dispersion * mean * mean);
            busy.iter().flat_map(|(group, mean)| group.iter().map(|count| of_day(*count, *mean))).sum()
        };
        let dispersion = closed_in(1e3, |dispersion| squares(dispersion) > f64::from(freedom));
        let (mean, n_days) = (mean(own), as_f64(own.len() as u64));
        if mean <= 0.0 {
            return None;
        }
        let predictive = (dispersion + (1.0 / mean + dispersion) / n_days).max(LEAST_CORRELATION);
        Some(Self { mean, dispersion, freedom, predictive })
    }

    /// How often such a day would have as few or fewer.
    #[must_use]
    pub fn tail_below(&self, count: u64) -> f64 {
        let (shape, share) = (1.0 / self.predictive, self.predictive * self.mean / (1.0 + self.predictive * self.mean));
        let x = as_f64(count);
        let ln = ln_gamma(x + shape) - ln_gamma(shape) - ln_gamma(x + 1.0) + x * share.ln() + shape * (-share).ln_1p();
        let (mut term, mut sum) = (ln.exp(), 0.0);
        for k in (0..=count).rev() {
            sum += term;
            let k = as_f64(k);
            let before = k / ((k - 1.0 + shape) * share);
            if term <= sum * NEGLIGIBLE && before < 1.0 {
                break;
            }
            term *= before;
        }
        students(sum.min(1.0), self.freedom)
    }

    /// Between which counts about 95 of 100 such days lie, by the gamma distribution's own approximation (E. B. Wilson and
    /// M. M. Hilferty, PNAS 17, 1931).
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        let relative = (1.0 / self.mean + self.predictive) / 9.0;
        let at = |z: f64| self.mean * (1.0 - relative + z * relative.sqrt()).max(0.0).powi(3);
        (at(-crate::rate::Z95), at(crate::rate::Z95))
    }
}

/// Days beyond one for each group.
fn freedom(days: impl Iterator<Item = usize>) -> Option<u32> {
    let freedom: usize = days.map(|n_days| n_days.saturating_sub(1)).sum();
    u32::try_from(freedom).ok().filter(|freedom| *freedom >= LEAST_FREEDOM)
}

/// As many independent observations as a day of `n` tells as much as.
fn weight(n: f64, correlation: f64) -> f64 {
    n / (1.0 + (n - 1.0) * correlation)
}

/// The mean of days, and all their weight.
fn weighted(days: &[(f64, f64)], correlation: f64) -> (f64, f64) {
    let of_day = |(share, n): &(f64, f64)| (weight(*n, correlation) * share, weight(*n, correlation));
    let (shares, weights) = days
        .iter()
        .map(of_day)
        .fold((0.0, 0.0), |(shares, weights), (share, weight)| (shares + share, weights + weight));
    if weights > 0.0 { (shares / weights, weights) } else { (0.0, 0.0) }
}

/// The value between 0 and `most` up to which something is too large; it falls with the value.
fn closed_in(most: f64, is_too_large: impl Fn(f64) -> bool) -> f64 {
    if !is_too_large(0.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if is_too_large(middle) { low = middle } else { high = middle }
    }
    high
}

/// A tail of the normal distribution as one of Student's t that is as many standard deviations away.
fn students(tail: f64, freedom: u32) -> f64 {
    if tail >= 0.5 {
        return tail.min(1.0);
    }
    let z = -Normal::standard().inverse_cdf(tail.max(1e-290));
    StudentsT::new(0.0, 1.0, f64::from(freedom)).map_or(tail, |t| t.sf(z))
}

/// How often a beta-binomial count of `n` is `least` or more.
fn upper_beta_binomial(least: u64, n: u64, a: f64, b: f64) -> f64 {
    let (first, all) = (as_f64(least), as_f64(n));
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let ln_ways = ln_gamma(all + 1.0) - ln_gamma(first + 1.0) - ln_gamma(all - first + 1.0);
    let mut term = (ln_ways + ln_beta(first + a, all - first + b) - ln_beta(a, b)).exp();
    let mut sum = 0.0;
    for count in least..=n {
        sum += term;
        let (count, rest) = (as_f64(count), all - as_f64(count));
        let next = rest * (count + a) / ((count + 1.0) * (rest - 1.0 + b));
        // With a shape below one, chances rise again towards the end.
        if term <= sum * NEGLIGIBLE && next < 1.0 && b >= 1.0 {
            break;
        }
        term *= next;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(numerator: u64, denominator: u64) -> Rate {
        Rate { numerator, denominator }
    }

    #[test]
    fn a_beta_binomial_with_a_flat_prior_is_uniform() {
        // With a = b = 1 every count from 0 to n is as likely as any other.
        for x in 0..=10 {
            let found = upper_beta_binomial(x, 10, 1.0, 1.0);
            assert!((found - as_f64(11 - x) / 11.0).abs() < 1e-12, "{x}: {found}");
        }
        // Without correlation it is binomial: 0.5^10 for all of ten.
        let found = upper_beta_binomial(10, 10, 5e7, 5e7);
        assert!((found * 1024.0 - 1.0).abs() < 1e-6, "{found}");
    }

    #[test]
    fn a_small_case_is_as_on_paper() {
        // Shares of 0.2, 0.4 and 0.6 of 10 each around 0.4: squares over p (1 - p) are 0.08 / 0.24 = 1/3. Weights of
        // 10 / (1 + 9 c) make that as large as the degrees of freedom.
        let days: Vec<Rate> = [2, 4, 6].map(|did| rate(did, 10)).into();
        // A group without any scatter gives one more degree of freedom.
        let found = ShareOfDay::of(&[days, vec![rate(5, 10); 2]], 0).unwrap();
        // (1/3) * 10 / (1 + 9 c) = 3.
        assert!((found.correlation - (10.0 / 9.0 - 1.0) / 9.0).abs() < 1e-9, "{found:?}");
        assert_eq!(found.freedom, 3);
        assert!((found.mean - 0.4).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn days_that_differ_by_less_than_chance_are_not_taken_for_more_alike() {
        let found = ShareOfDay::of(&[vec![rate(50, 100); 8]], 0).unwrap();
        assert!(found.correlation.abs() < 1e-12, "{found:?}");
        let (low, high) = found.range(100);
        assert!(low > 0.39 && low < 0.41 && high > 0.59 && high < 0.61, "{low} {high}");
        // 70 of 100 is 4 standard deviations away; with seven degrees of freedom that is no wonder of one in ten thousand.
        let tail = found.tail(rate(70, 100));
        assert!(tail > 1e-4 && tail < 5e-3, "{tail}");
    }

    #[test]
    fn too_few_days_say_nothing() {
        assert_eq!(ShareOfDay::of(&[vec![rate(1, 10); 2], vec![rate(1, 10); 9]], 0), None);
        assert_eq!(ShareOfDay::of(&[vec![rate(1, 10); 3]], 0), None);
        assert_eq!(ShareOfDay::of(&[vec![rate(0, 0); 9]], 0), None);
        assert_eq!(CountOfDay::of(&[vec![0; 9]], 0), None);
        assert_eq!(CountOfDay::of(&[vec![3; 2]], 0), None);
    }

    #[test]
    fn a_negative_binomial_of_shape_one_is_geometric() {
        // Mean 4 and dispersion 1: P(0) = 1 / 5, P(at most 1) = 1 - (4 / 5)^2.
        let day = CountOfDay { mean: 4.0, dispersion: 1.0, freedom: 1_000_000, predictive: 1.0 };
        assert!((day.tail_below(0) - 0.2).abs() < 1e-5, "{}", day.tail_below(0));
        assert!((day.tail_below(1) - 0.36).abs() < 1e-5, "{}", day.tail_below(1));
        assert!(day.tail_below(1_000) > 0.999);
    }

    #[test]
    fn counts_that_scatter_by_chance_alone_have_no_dispersion_and_silence_is_rare() {
        let quiet = CountOfDay::of(&[vec![98, 103, 99, 101, 97, 102], vec![9, 11, 10, 12, 8, 10]], 0).unwrap();
        assert!(quiet.dispersion.abs() < 1e-12, "{quiet:?}");
        assert!(quiet.tail_below(0) < 1e-6, "{}", quiet.tail_below(0));
        assert!(quiet.tail_below(90) > 0.1);
        let (low, high) = quiet.range();
        assert!(low > 75.0 && low < 85.0 && high > 115.0 && high < 125.0, "{low} {high}");
        let wild = CountOfDay::of(&[vec![10, 300, 20, 150, 5, 500]], 0).unwrap();
        assert!(wild.dispersion > 0.5 && wild.tail_below(5) > 0.01, "{wild:?}");
    }

    #[test]
    fn large_counts_stay_exact_enough() {
        let days: Vec<Rate> = (0..8).map(|day| rate(100_000 + day * 300, 1_000_000)).collect();
        let day = ShareOfDay::of(&[days], 0).unwrap();
        let (low, high) = day.range(1_000_000);
        let tail = day.tail(rate(101_000, 1_000_000));
        assert!(low < 0.1 && high > 0.102 && tail > 0.3, "{day:?} {low} {high} {tail}");
        assert!(day.tail(rate(150_000, 1_000_000)) < 1e-6);
    }
}

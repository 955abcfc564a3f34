//! Trends: whether a share rises or falls over classes that have an order and a size.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::rate::{Rate, Z95, as_f64};

/// What classes say of a trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// How much the share changes for each unit of size: the slope of the straight line through the classes, each weighing
    /// as much as it has observations.
    pub slope: f64,
    /// Its 95 % interval, in which each class has the variance of its own share.
    pub interval: (f64, f64),
    /// How often chance alone would show a slope at least as steep, in either direction.
    pub p: f64,
}

/// The test of a linear trend (W. G. Cochran, "Some methods for strengthening the common chi-square tests", Biometrics 10,
/// 1954; P. Armitage, "Tests for linear trends in proportions and frequencies", Biometrics 11, 1955) over classes with their
/// size. Observations count as independent. `None` unless two sizes were observed.
#[must_use]
pub fn trend(classes: &[(f64, Rate)]) -> Option<Trend> {
    let n: f64 = classes.iter().map(|(_, rate)| as_f64(rate.denominator)).sum();
    let weighted = |value: &dyn Fn(f64, &Rate) -> f64| -> f64 {
        classes.iter().map(|(size, rate)| as_f64(rate.denominator) * value(*size, rate)).sum()
    };
    let mean = weighted(&|size, _| size) / n;
    let spread = weighted(&|size, _| (size - mean).powi(2));
    if n <= 0.0 || spread <= 1e-12 {
        return None;
    }
    let share = |rate: &Rate| rate.value().unwrap_or_default();
    let pooled = weighted(&|_, rate| share(rate)) / n;
    let leaning = weighted(&|size, rate| share(rate) * (size - mean));
    let own = weighted(&|size, rate| share(rate) * (1.0 - share(rate)) * (size - mean).powi(2));
    let (slope, error) = (leaning / spread, own.max(0.0).sqrt() / spread);
    let by_chance = (pooled * (1.0 - pooled) * spread).sqrt();
    let p = if by_chance > 0.0 { 2.0 * Normal::standard().sf((leaning / by_chance).abs()) } else { 1.0 };
    Some(Trend { slope, interval: (slope - Z95 * error, slope + Z95 * error), p })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(counts: &[(f64, u64, u64)]) -> Vec<(f64, Rate)> {
        counts.iter().map(|&(size, numerator, denominator)| (size, Rate { numerator, denominator })).collect()
    }

    #[test]
    fn the_smokers_of_four_studies_are_as_published() {
        // Fleiss 1981, page 139, as in the manual of R's `prop.trend.test`: X-squared = 8.2249, df = 1, p-value = 0.004132.
        let found = trend(&classes(&[(1.0, 83, 86), (2.0, 90, 93), (3.0, 129, 136), (4.0, 70, 82)])).unwrap();
        assert!((found.p - 0.004_132).abs() < 5e-7, "{found:?}");
        assert!(found.slope < 0.0 && found.interval.1 < 0.0, "{found:?}");
    }

    #[test]
    fn malformations_by_alcohol_are_as_published() {
        // Graubard and Korn 1987, as in Agresti's "Categorical data analysis": with the scores 0, 0.5, 1.5, 4 and 7 drinks a
        // day the statistic is 6.57 and p = 0.010.
        let drinks = [(0.0, 48, 17_114), (0.5, 38, 14_502), (1.5, 5, 793), (4.0, 1, 127), (7.0, 1, 38)];
        let found = trend(&classes(&drinks)).unwrap();
        assert!((found.p - 0.010_4).abs() < 1e-4, "{found:?}");
        assert!(found.slope > 0.0, "{found:?}");
    }

    #[test]
    fn a_straight_line_on_paper() {
        // Shares of 10, 20 and 30 % at 0, 1 and 2: a tenth for each step.
        let found = trend(&classes(&[(0.0, 10, 100), (1.0, 20, 100), (2.0, 30, 100)])).unwrap();
        assert!((found.slope - 0.1).abs() < 1e-12, "{found:?}");
        // The variance is (0.09 * 100 + 0.21 * 100) / 200^2.
        assert!((found.interval.1 - 0.1 - Z95 * (30.0f64).sqrt() / 200.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn no_trend_where_there_is_nothing_to_compare() {
        assert_eq!(trend(&[]), None);
        assert_eq!(trend(&classes(&[(1.0, 3, 10)])), None);
        assert_eq!(trend(&classes(&[(1.0, 3, 10), (2.0, 0, 0)])), None);
        let flat = trend(&classes(&[(0.0, 0, 50), (1.0, 0, 70)])).unwrap();
        assert!((flat.slope.abs(), flat.p) == (0.0, 1.0), "{flat:?}");
    }
}

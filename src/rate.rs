//! Rates and distributions: counts until the last moment, then a value with its interval.
//!
//! Knows nothing of SQL, stores or formats.

use std::collections::BTreeMap;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// The standard normal quantile of a two-sided 95 % interval.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Where the bins of [`Distribution::histogram`] begin, in seconds: 0, 5, 10, 30 s; 1, 2, 5, 10, 30 min; 1, 2, 6, 12 h; 1, 2, 3,
/// 7, 14, 30, 90 days.
const BINS: &[i64] = &[
    0, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 259_200, 604_800, 1_209_600,
    2_592_000, 7_776_000,
];

/// Where the bins of [`Distribution::fine_histogram`] begin, in seconds.
const FINE_BINS: &[i64] = &[
    0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 420, 600, 900, 1_200, 1_800, 2_700, 3_600, 5_400,
    7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 64_800, 86_400, 129_600, 172_800, 259_200, 432_000, 604_800,
    864_000, 1_209_600, 1_814_400, 2_592_000, 3_888_000, 5_184_000, 7_776_000,
];

/// A share as a pair of counts. Pairs of shards are added; nobody stores a percentage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Rows that did it.
    pub numerator: u64,
    /// Rows that could have.
    pub denominator: u64,
}

/// What a counted value says of the true one, where channels tell of some cases only. In JSON two flags, `lower_bound` and
/// `upper_bound`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// Every case was told.
    #[default]
    Exact,
    /// The true value may be higher: shown with "≥".
    Least,
    /// It counts what was not told, so the true value may be lower: shown with "≤".
    Most,
}

impl Bound {
    /// The lower bound that a value is if some of its cases are not told.
    #[must_use]
    pub fn least_if(partly: bool) -> Self {
        if partly { Self::Least } else { Self::Exact }
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut flags = serializer.serialize_struct("Bound", 2)?;
        flags.serialize_field("lower_bound", &(*self == Self::Least))?;
        flags.serialize_field("upper_bound", &(*self == Self::Most))?;
        flags.end()
    }
}

impl Rate {
    /// The share between 0 and 1, `None` if nothing could have happened.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.denominator > 0).then(|| as_f64(self.numerator) / as_f64(self.denominator))
    }

    /// Wilson's score interval at 95 % (E. B. Wilson, "Probable inference, the law of succession, and statistical
    /// inference", JASA 22, 1927). `None` where the value is `None`, or where the numerator is not a part of the
    /// denominator (a ratio such as clicks per message), for which no binomial interval exists.
    #[must_use]
    pub fn interval(self) -> Option<(f64, f64)> {
        if self.denominator == 0 || self.numerator > self.denominator {
            return None;
        }
        let n = as_f64(self.denominator);
        let (low, high) = wilson(as_f64(self.numerator) / n, n);
        // At the ends the interval touches 0 and 1 exactly; rounding must not leave it a hair beside.
        let low = if self.numerator == 0 { 0.0 } else { low.max(0.0) };
        let high = if self.numerator == self.denominator { 1.0 } else { high.min(1.0) };
        Some((low, high))
    }

    /// Adds the counts of another shard.
    pub fn add(&mut self, other: Self) {
        self.numerator += other.numerator;
        self.denominator += other.denominator;
    }
}

/// Wilson's interval of a share of `n` observations, which may be an effective number and so no whole one.
#[must_use]
pub fn wilson(share: f64, n: f64) -> (f64, f64) {
    let z2 = Z95 * Z95;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    (centre - half, centre + half)
}

/// Sums over contacts, each with a pair of counts: numerator `x` and denominator `y`. They tell how far contacts differ
/// without keeping any of them, and those of shards are added, because no contact crosses a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// Contacts with a denominator.
    pub contacts: u64,
    /// Sum of squares of numerators.
    pub xx: u64,
    /// Sum of products.
    pub xy: u64,
    /// Sum of squares of denominators.
    pub yy: u64,
}

impl Moments {
    /// Those of one contact.
    #[must_use]
    pub fn of(rate: Rate) -> Self {
        let Rate { numerator: x, denominator: y } = rate;
        Self { contacts: u64::from(y > 0), xx: x * x, xy: x * y, yy: y * y }
    }

    /// Adds those of other contacts.
    pub fn add(&mut self, other: Self) {
        self.contacts += other.contacts;
        self.xx += other.xx;
        self.xy += other.xy;
        self.yy += other.yy;
    }
}

/// How often each value was seen. Exact: values of shards are added, quantiles are read off at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution(pub BTreeMap<i64, u64>);

impl Distribution {
    /// Number of observations.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.0.values().sum()
    }

    /// The smallest value that at least the share `q` of the observations do not exceed (the inverse of the empirical
    /// distribution function, type 1 of Hyndman & Fan 1996). `None` without observations.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<i64> {
        let n = self.n();
        let rank = (q * as_f64(n)).ceil().max(1.0);
        let mut seen = 0;
        for (&value, &count) in &self.0 {
            seen += count;
            if as_f64(seen) >= rank {
                return Some(value);
            }
        }
        None
    }

    /// Counts by bins that people think in, from seconds to months: from, up to but not including, how many. Empty bins
    /// at both ends are left out; the last bin there is has no end.
    #[must_use]
    pub fn histogram(&self) -> Vec<(i64, Option<i64>, u64)> {
        self.binned(BINS)
    }

    /// As [`Distribution::histogram`], by bins that begin at about one and a half times the beginning of the one before: fine
    /// enough for an axis of the logarithm. Everything below one second is one bin.
    #[must_use]
    pub fn fine_histogram(&self) -> Vec<(i64, Option<i64>, u64)> {
        self.binned(FINE_BINS)
    }

    fn binned(&self, bins: &[i64]) -> Vec<(i64, Option<i64>, u64)> {
        let count = |place: usize, from: i64| {
            let to = bins.get(place + 1).copied();
            let values = self.0.range(from..to.unwrap_or(i64::MAX));
            (from, to, values.map(|(_, count)| count).sum::<u64>())
        };
        let bins: Vec<_> = bins.iter().enumerate().map(|(place, &from)| count(place, from)).collect();
        let filled = |bin: &(i64, Option<i64>, u64)| bin.2 > 0;
        let (first, last) = (bins.iter().position(filled), bins.iter().rposition(filled));
        first.zip(last).and_then(|(first, last)| bins.get(first..=last)).map(<[_]>::to_vec).unwrap_or_default()
    }

    /// Adds the counts of another shard.
    pub fn add(&mut self, other: &Self) {
        for (&value, &count) in &other.0 {
            *self.0.entry(value).or_default() += count;
        }
    }
}

/// A count as a number to compute with. Counts stay far below 2^53, where doubles stop being exact.
#[must_use]
#[expect(clippy::cast_precision_loss)]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_denominator_is_no_value() {
        assert_eq!(Rate::default().value(), None);
        assert_eq!(Rate::default().interval(), None);
    }

    #[test]
    fn wilson_intervals_equal_published_values() {
        // R: prop.test(81, 263, correct = FALSE) and prop.test(0, 20, correct = FALSE); Newcombe 1998, table I.
        for (numerator, denominator, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)]
        {
            let (found_low, found_high) = Rate { numerator, denominator }.interval().unwrap();
            assert!((found_low - low).abs() < 5e-5, "{numerator}/{denominator}: {found_low}");
            assert!((found_high - high).abs() < 5e-5, "{numerator}/{denominator}: {found_high}");
        }
    }

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let distribution = Distribution([(1, 1), (2, 2), (10, 1)].into());
        assert_eq!(distribution.quantile(0.5), Some(2));
        assert_eq!(distribution.quantile(0.9), Some(10));
        assert_eq!(distribution.quantile(0.0), Some(1));
        assert_eq!(Distribution::default().quantile(0.5), None);
    }
}

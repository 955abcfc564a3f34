//! Fisher's exact test of two shares, for counts too small for a normal approximation: whether they differ, and whether one is
//! larger. Knows counts, not what they are counts of.

use statrs::function::factorial::ln_binomial;

use crate::rate::{Rate, as_f64};

/// Probabilities that differ by rounding alone count as equal.
const SAME: f64 = 1e-7;

/// How often chance alone would divide the cases as unevenly or more so, given how many there are: `a` of `m` on one side and
/// `b` of `n` on the other. Two-sided: all divisions that are no more probable than this one (R. A. Fisher, "Statistical methods
/// for research workers", 5th ed. 1934, section 21.02; J. O. Irwin, Metron 12, 1935).
#[must_use]
pub fn fisher(a: u64, m: u64, b: u64, n: u64) -> f64 {
    let cases = a + b;
    let (fewest, most) = (cases.saturating_sub(n), cases.min(m));
    if a < fewest || a > most {
        return 1.0;
    }
    // How much more probable one more on the first side is. Factorials of large counts would lose what tells divisions apart;
    // so each is held against the one observed, step by step.
    let ln_step = |first: u64| {
        let (here, there) = (as_f64(first), as_f64(cases - first));
        ((as_f64(m) - here) * there / ((here + 1.0) * (as_f64(n) - there + 1.0))).ln()
    };
    let sum = |ln: &mut f64, step: f64| {
        *ln += step;
        Some(*ln)
    };
    let above = (a..most).map(ln_step).scan(0.0, sum);
    let below = (fewest..a).rev().map(|first| -ln_step(first)).scan(0.0, sum);
    let divisions: Vec<f64> = std::iter::once(0.0).chain(above).chain(below).collect();
    let largest = divisions.iter().copied().fold(0.0, f64::max);
    let all: f64 = divisions.iter().map(|ln| (ln - largest).exp()).sum();
    let rarer: f64 = divisions.iter().filter(|ln| **ln <= SAME).map(|ln| (ln - largest).exp()).sum();
    (rarer / all).min(1.0)
}

/// How often chance alone would put as many of all who did it into the group, or more: Fisher's exact test, one-sided
/// (R. A. Fisher, "The logic of inductive inference", JRSS 98, 1935). Small counts make it too large rather than too small.
/// `None` where there is nothing to compare: one side is empty, or nobody did it.
#[must_use]
pub fn excess(group: Rate, others: Rate) -> Option<f64> {
    let (did, n, rest) = (group.numerator, group.denominator, others.denominator);
    let all = did + others.numerator;
    if n == 0 || rest == 0 || all == 0 || did > n || others.numerator > rest {
        return None;
    }
    // Below what would be expected, there is no excess.
    if as_f64(did) * as_f64(n + rest) <= as_f64(all) * as_f64(n) {
        return Some(1.0);
    }
    let mut chance = (ln_binomial(n, did) + ln_binomial(rest, all - did) - ln_binomial(n + rest, all)).exp();
    let mut sum = 0.0;
    for count in did..=n.min(all) {
        sum += chance;
        if chance < sum * 1e-17 {
            break;
        }
        // The chances fall from here on, each a multiple of the one before.
        let (k, others) = (as_f64(count), as_f64(all - count));
        chance *= (as_f64(n) - k) * others / ((k + 1.0) * (as_f64(rest) - others + 1.0));
    }
    Some(sum.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lady_may_have_guessed_three_of_four_cups() {
        // Fisher 1935, "The design of experiments": 3 of 4 cups with milk first called so, and 1 of 4 with tea first. Of 70
        // divisions 1 + 16 are as good or better: p = 2 * 17 / 70.
        assert!((fisher(3, 4, 1, 4) - 34.0 / 70.0).abs() < 1e-12);
        assert!((fisher(4, 4, 0, 4) - 2.0 / 70.0).abs() < 1e-12);
        assert!((fisher(2, 4, 2, 4) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn twins_of_convicts_are_convicted_alike() {
        // Fisher 1970, p. 95: 2 of 17 twins of different eggs, 10 of 13 of one egg. R's fisher.test says p = 0.0005367.
        assert!((fisher(2, 17, 10, 13) - 0.000_536_7).abs() < 5e-8, "{}", fisher(2, 17, 10, 13));
        assert!((fisher(10, 13, 2, 17) - fisher(2, 17, 10, 13)).abs() < 1e-15);
    }

    #[test]
    fn divisions_that_are_equally_probable_stay_so_in_large_counts() {
        // Two cases among m and 2m + 1: none and one in the first side are equally probable, n (n - 1) = 2 m n ways each, and
        // two are rarer. So nothing is rarer than any of the first two.
        for m in [10, 10_000, 3_000_000, 12_345_678, 100_000_007, 4_000_000_000] {
            let n = 2 * m + 1;
            assert!((fisher(0, m, 2, n) - 1.0).abs() < 1e-9, "{m}: {}", fisher(0, m, 2, n));
            assert!((fisher(1, m, 1, n) - 1.0).abs() < 1e-9, "{m}: {}", fisher(1, m, 1, n));
        }
    }

    #[test]
    fn nothing_differs_where_there_is_nothing_or_all() {
        assert!((fisher(0, 5, 0, 9) - 1.0).abs() < 1e-12);
        assert!((fisher(5, 5, 9, 9) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn it_equals_the_sum_over_all_divisions_by_counting() {
        fn choose(n: u64, k: u64) -> u64 {
            (0..k).fold(1, |product, i| product * (n - i) / (i + 1))
        }
        for (m, n) in [(3, 8), (7, 7), (1, 12), (10, 5)] {
            for a in 0..=m {
                for b in 0..=n {
                    let ways = |first: u64| choose(m, first) * choose(n, a + b - first);
                    let range = || (a + b).saturating_sub(n)..=(a + b).min(m);
                    let rarer: u64 = range().map(ways).filter(|count| *count <= ways(a)).sum();
                    let expected = as_f64(rarer) / as_f64(choose(m + n, a + b));
                    assert!((fisher(a, m, b, n) - expected).abs() < 1e-9, "{a}/{m} {b}/{n}");
                }
            }
        }
    }

    fn rate(numerator: u64, denominator: u64) -> Rate {
        Rate { numerator, denominator }
    }

    #[test]
    fn tails_are_those_of_fishers_examples() {
        // The lady who tastes tea: 4 of 4 by chance once in 70, 3 of 4 or more 17 times in 70.
        assert!((excess(rate(4, 4), rate(0, 4)).unwrap() - 1.0 / 70.0).abs() < 1e-12);
        assert!((excess(rate(3, 4), rate(1, 4)).unwrap() - 17.0 / 70.0).abs() < 1e-12);
        // Convicts with a twin: 10 of 13 against 2 of 17 is 619 in 1 330 665.
        let found = excess(rate(10, 13), rate(2, 17)).unwrap();
        assert!((found - 619.0 / 1_330_665.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn what_is_not_more_is_no_excess() {
        assert_eq!(excess(rate(1, 10), rate(2, 20)), Some(1.0));
        assert_eq!(excess(rate(0, 10), rate(2, 20)), Some(1.0));
        assert_eq!(excess(rate(0, 10), rate(0, 20)), None);
        assert_eq!(excess(rate(1, 10), rate(0, 0)), None);
    }

    #[test]
    fn large_counts_agree_with_the_normal_distribution() {
        // z = 2 with the pooled variance: one-sided 0.0228; the discrete tail is a little heavier.
        let found = excess(rate(10_141, 100_000), rate(98_590, 1_000_000)).unwrap();
        let pooled = 108_731.0 / 1_100_000.0_f64;
        let z = (0.101_41 - 0.098_59) / (pooled * (1.0 - pooled) * (1e-5 + 1e-6)).sqrt();
        let normal = statrs::distribution::ContinuousCDF::sf(&statrs::distribution::Normal::standard(), z);
        assert!((found / normal - 1.0).abs() < 0.05, "{found} {normal} {z}");
    }
}

//! Fisher's exact test of two shares, for counts too small for a normal approximation.

use statrs::function::factorial::ln_binomial;

/// Probabilities that differ by rounding alone count as equal.
const SAME: f64 = 1e-7;

/// How often chance alone would divide the cases as unevenly or more so, given how many there are: `a` of `m` on one side and
/// `b` of `n` on the other. Two-sided: all divisions that are no more probable than this one (R. A. Fisher, "Statistical methods
/// for research workers", 5th ed. 1934, section 21.02; J. O. Irwin, Metron 12, 1935).
#[must_use]
pub fn fisher(a: u64, m: u64, b: u64, n: u64) -> f64 {
    let cases = a + b;
    let all = ln_binomial(m + n, cases);
    let ln_probability = |first: u64| ln_binomial(m, first) + ln_binomial(n, cases - first) - all;
    let observed = ln_probability(a) + SAME;
    let rarer = (cases.saturating_sub(n)..=cases.min(m)).map(ln_probability).filter(|ln| *ln <= observed);
    rarer.map(f64::exp).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::as_f64;

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
}

//! Decomposition: how much of a difference of two totals is other weights of segments, and how much is change inside them.
//!
//! E. M. Kitagawa, "Components of a difference between two rates", JASA 50, 1955: each part is taken at the mean of both sides,
//! so there is no rest, and turning the sides round turns the signs.

use crate::rate::{Rate, as_f64};

/// What a segment adds to the difference of the totals, second minus first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effect {
    /// By weighing more or less. Measured against the mean of the totals: growth of a segment that is better than most is a
    /// gain, though its rate is the same. A segment that only one side has adds nothing else.
    pub mix: f64,
    /// By having another rate.
    pub within: f64,
}

/// The effect of every segment, in their order; all effects of both kinds add up to the difference of the totals. `None` if a
/// side has no observations.
#[must_use]
pub fn decompose(segments: &[(Rate, Rate)]) -> Option<Vec<Effect>> {
    let total = |side: fn(&(Rate, Rate)) -> Rate| {
        let mut sum = Rate::default();
        for segment in segments {
            sum.add(side(segment));
        }
        sum
    };
    let (before, after) = (total(|segment| segment.0), total(|segment| segment.1));
    let middle = f64::midpoint(before.value()?, after.value()?);
    let effect = |&(old, new): &(Rate, Rate)| {
        let weight = |part: Rate, whole: Rate| as_f64(part.denominator) / as_f64(whole.denominator);
        let (old_weight, new_weight) = (weight(old, before), weight(new, after));
        // What is not there on one side has the other's rate: it came or went as it is.
        let Some((old, new)) = old.value().or(new.value()).zip(new.value().or(old.value())) else {
            return Effect::default();
        };
        Effect {
            mix: (new_weight - old_weight) * (f64::midpoint(old, new) - middle),
            within: (new - old) * f64::midpoint(old_weight, new_weight),
        }
    };
    Some(segments.iter().map(effect).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(numerator: u64, denominator: u64) -> Rate {
        Rate { numerator, denominator }
    }

    fn sums(effects: &[Effect]) -> (f64, f64) {
        (effects.iter().map(|effect| effect.mix).sum(), effects.iter().map(|effect| effect.within).sum())
    }

    #[test]
    fn simpsons_shift_is_all_mix_against_a_gain_in_every_segment() {
        // C. R. Charig et al., BMJ 292, 1986: kidney stones, small and large, open surgery against the needle.
        let segments = [(rate(81, 87), rate(234, 270)), (rate(192, 263), rate(55, 80))];
        let effects = decompose(&segments).unwrap();
        let (mix, within) = sums(&effects);
        assert!((mix + within - (289.0 / 350.0 - 273.0 / 350.0)).abs() < 1e-12);
        assert!(effects.iter().all(|effect| effect.within < 0.0 && effect.mix > 0.0), "{effects:?}");
        assert!(mix > 0.09 && within < -0.04, "{mix} {within}");
    }

    #[test]
    fn parts_add_up_whatever_segments_there_are() {
        let mut state = 1_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..2_000 {
            let mut side = || {
                let denominator = if next(4) == 0 { 0 } else { next(1_000_000) };
                rate(next(denominator + 1), denominator)
            };
            let segments: Vec<_> = (0..7).map(|_| (side(), side())).collect();
            let mut totals = (Rate::default(), Rate::default());
            for (old, new) in &segments {
                totals.0.add(*old);
                totals.1.add(*new);
            }
            let (Some(old), Some(new)) = (totals.0.value(), totals.1.value()) else { continue };
            let (mix, within) = sums(&decompose(&segments).unwrap());
            assert!((mix + within - (new - old)).abs() < 1e-12, "{segments:?}");
        }
    }

    #[test]
    fn a_segment_of_one_side_only_is_mix() {
        let effects = decompose(&[(rate(10, 100), rate(10, 100)), (rate(0, 0), rate(50, 100))]).unwrap();
        assert!(sums(&effects).1.abs() < 1e-12);
        assert!((sums(&effects).0 - 0.2).abs() < 1e-12);
        assert_eq!(decompose(&[(rate(0, 0), rate(1, 2))]), None);
    }
}

//! Survival: how long something lasts and how it ends, where some endings have not been seen yet.
//!
//! Kaplan-Meier for what still lasts, Aalen-Johansen for each cause of ending. Works on counts by whole units of time;
//! endings come before censorings of the same instant. Knows nothing of questions or answers.

use std::collections::BTreeMap;

use statrs::distribution::{Binomial, DiscreteCDF};

use super::as_f64;
use crate::rate::{Rate, Z95, wilson};

/// What was seen: for every time, how many ended by each cause, and how many were still going on when looking ended.
#[derive(Clone, Debug)]
pub struct Observed {
    n_causes: usize,
    at: BTreeMap<i64, (Vec<u64>, u64)>,
}

impl Observed {
    /// Nothing seen yet; causes are numbered from 0.
    #[must_use]
    pub fn new(n_causes: usize) -> Self {
        Self { n_causes, at: BTreeMap::new() }
    }

    /// Adds endings after a time. A cause that does not exist adds nothing.
    pub fn ended(&mut self, time: i64, cause: usize, count: u64) {
        if count > 0
            && cause < self.n_causes
            && let Some(known) = self.entry(time).0.get_mut(cause)
        {
            *known += count;
        }
    }

    /// Adds those of which only is known that they lasted at least this long.
    pub fn censored(&mut self, time: i64, count: u64) {
        if count > 0 {
            self.entry(time).1 += count;
        }
    }

    fn entry(&mut self, time: i64) -> &mut (Vec<u64>, u64) {
        let n_causes = self.n_causes;
        self.at.entry(time).or_insert_with(|| (vec![0; n_causes], 0))
    }

    /// How many were looked at.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.at.values().map(|(ended, censored)| ended.iter().sum::<u64>() + censored).sum()
    }

    /// How many were still going on, and looked at, just before this time.
    #[must_use]
    pub fn at_risk(&self, time: i64) -> u64 {
        self.at.range(time..).map(|(_, (ended, censored))| ended.iter().sum::<u64>() + censored).sum()
    }

    /// How many ended by each cause from a time up to but not including another, of all who were watched until the latter or
    /// until they ended.
    #[must_use]
    pub fn ended_within(&self, times: std::ops::Range<i64>) -> Vec<Rate> {
        let censored: u64 = self.at.range(..times.end).map(|(_, (_, censored))| censored).sum();
        let denominator = self.n() - censored;
        let mut ended = vec![0; self.n_causes];
        // A range that ends before it begins holds nothing.
        let times = times.start.min(times.end)..times.end;
        for (of_causes, _) in self.at.range(times).map(|(_, counts)| counts) {
            ended.iter_mut().zip(of_causes).for_each(|(sum, count)| *sum += count);
        }
        ended.into_iter().map(|numerator| Rate { numerator, denominator }).collect()
    }

    /// The last time at which anything was seen.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.at.keys().next_back().copied()
    }

    /// The share that still lasts after each time (E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete
    /// observations", JASA 53, 1958) with Greenwood's variance.
    #[must_use]
    pub fn lasting(&self) -> Curve {
        let (mut share, mut greenwood) = (1.0, 0.0);
        let steps = self.steps().map(|(time, at_risk, ended)| {
            let (n, d) = (as_f64(at_risk), as_f64(ended.iter().sum()));
            let effective = n / share;
            share *= 1.0 - d / n;
            // When all end at once the share is 0, and so is its variance.
            greenwood += if d < n { d / (n * (n - d)) } else { 0.0 };
            Step { time, share, variance: share * share * greenwood, effective }
        });
        Curve { start: 1.0, steps: steps.collect() }
    }

    /// The share that has ended by any of these causes after each time (O. O. Aalen, S. Johansen, "An empirical transition
    /// matrix for non-homogeneous Markov chains", Scand. J. Stat. 5, 1978). The variance is that of the delta method
    /// (E. Marubini, M. G. Valsecchi, "Analysing survival data from clinical trials", 1995, 10.12); where nothing is
    /// censored it is the binomial one.
    #[must_use]
    pub fn ended_by(&self, causes: &[usize]) -> Curve {
        let (mut share, mut lasting) = (0.0_f64, 1.0_f64);
        // The variance holds the distance of each earlier share to this one: multiplied out, its sums can be carried along.
        let (mut all, mut all_share, mut all_square, mut own, mut own_risk, mut own_share) =
            (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        let steps = self.steps().map(|(time, at_risk, ended)| {
            let (n, d) = (as_f64(at_risk), as_f64(ended.iter().sum()));
            let of_causes = causes.iter().filter_map(|&cause| ended.get(cause)).sum();
            let k = as_f64(of_causes);
            share += lasting * k / n;
            let hazard = if d < n { d / (n * (n - d)) } else { 0.0 };
            all += hazard;
            all_share += hazard * share;
            all_square += hazard * share * share;
            own += lasting * lasting * (n - k) * k / (n * n * n);
            own_risk += lasting * k / (n * n);
            own_share += lasting * k / (n * n) * share;
            let effective = n / lasting;
            lasting *= 1.0 - d / n;
            let variance =
                share * share * all - 2.0 * share * all_share + all_square + own - 2.0 * (share * own_risk - own_share);
            Step { time, share, variance: variance.max(0.0), effective }
        });
        Curve { start: 0.0, steps: steps.collect() }
    }

    /// The first time after which less than this share of those who still last will end by the cause until the horizon; 0
    /// if that is so from the beginning, `None` if it never is while any last.
    #[must_use]
    pub fn fades(&self, cause: usize, share: f64, horizon: i64) -> Option<i64> {
        let (ended, lasting) = (self.ended_by(&[cause]), self.lasting());
        let in_all = ended.at(horizon).value;
        let times = std::iter::once(0).chain(self.at.keys().copied().filter(|&time| time > 0 && time < horizon));
        // Both curves have their steps at these times.
        let mut faded = times.filter_map(|time| {
            let (ended, lasting) = (ended.at(time).value, lasting.at(time).value);
            (lasting > 1e-12).then(|| (time, (in_all - ended) / lasting))
        });
        faded.find(|&(_, rest)| rest < share - 1e-12).map(|(time, _)| time)
    }

    /// How many ended by the cause in each span of time, and for how long all who were looked at then had lasted in it: the
    /// two halves of a hazard. Span 0 is from 0 to one unit short of the width, and so on up to the horizon. Without a width
    /// there are none.
    #[must_use]
    pub fn hazards(&self, cause: usize, width: i64, horizon: i64) -> Vec<Hazard> {
        if width <= 0 {
            return Vec::new();
        }
        let n_spans = usize::try_from(horizon / width).unwrap_or_default();
        let mut hazards = vec![Hazard::default(); n_spans];
        let mut lasting = self.n();
        for (hazard, from) in hazards.iter_mut().zip((0..).step_by(usize::try_from(width).unwrap_or(1))) {
            for (&time, (ended, censored)) in self.at.range(from..from + width) {
                let gone = ended.iter().sum::<u64>() + censored;
                hazard.n_ended += ended.get(cause).copied().unwrap_or_default();
                hazard.lasted += as_f64(gone) * as_f64(u64::try_from(time - from).unwrap_or_default());
                lasting -= gone;
            }
            hazard.lasted += as_f64(lasting) * as_f64(width.unsigned_abs());
        }
        hazards
    }

    /// Every time with how many were at risk, at least one, and how many ended by each cause.
    fn steps(&self) -> impl Iterator<Item = (i64, u64, &[u64])> {
        let mut at_risk = self.n();
        self.at.iter().map(move |(&time, (ended, censored))| {
            let before = at_risk;
            at_risk -= ended.iter().sum::<u64>() + censored;
            (time, before, ended.as_slice())
        })
    }
}

/// Endings in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hazard {
    /// How many ended by the cause.
    pub n_ended: u64,
    /// For how long all together had lasted in the span, in units of time.
    pub lasted: f64,
}

impl Hazard {
    /// Endings for each unit of time; `None` if nobody lasted.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.lasted > 0.0).then(|| as_f64(self.n_ended) / self.lasted)
    }

    /// How often chance alone would put at least so many of the endings of both spans into this one, if the hazard was the
    /// same in both: of all endings, each falls here with the share of time that was spent here (J. Przyborowski & H.
    /// Wilenski, "Homogeneity of results in testing samples from Poisson series", Biometrika 31, 1940).
    #[must_use]
    pub fn rises_by_chance(&self, before: &Self) -> f64 {
        let all = self.n_ended + before.n_ended;
        let here = self.lasted / (self.lasted + before.lasted);
        match self.n_ended.checked_sub(1) {
            None => 1.0,
            Some(fewer) => Binomial::new(here, all).map_or(1.0, |binomial| binomial.sf(fewer)),
        }
    }
}

/// A share that changes at certain times only.
#[derive(Clone, Debug)]
pub struct Curve {
    start: f64,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    time: i64,
    share: f64,
    variance: f64,
    /// As many observations without censoring would tell as much of this time: those at risk over the share that lasts.
    effective: f64,
}

/// A share with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The share, between 0 and 1.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// Its 95 % interval on the scale of log(-log): of the share itself if it falls with time, of what is missing to 1 if
    /// it grows. At 0 and 1, where that scale ends, it is Wilson's, with the effective number of observations: those at risk
    /// over the share that lasts (R. Peto et al., Br. J. Cancer 35, 1977; F. J. Dorey, E. L. Korn, "Effective sample sizes
    /// for confidence intervals for survival probabilities", Stat. Med. 6, 1987). Without censoring that is the number of
    /// all. `None` if nothing was seen.
    pub interval: Option<(f64, f64)>,
}

impl Estimate {
    /// The estimate of what is missing to 1.
    #[must_use]
    pub fn complement(self) -> Self {
        Self { value: 1.0 - self.value, interval: self.interval.map(|(low, high)| (1.0 - high, 1.0 - low)), ..self }
    }
}

impl Curve {
    /// The share after this time. What happens at the time itself has happened.
    #[must_use]
    pub fn at(&self, time: i64) -> Estimate {
        let before = self.steps.partition_point(|step| step.time <= time);
        let step = before.checked_sub(1).and_then(|place| self.steps.get(place));
        let (value, variance) = step.map_or((self.start, 0.0), |step| (step.share, step.variance));
        let (error, falls) = (variance.sqrt(), self.start > 0.5);
        let lasting = if falls { value } else { 1.0 - value };
        let inside = lasting > 1e-12 && lasting < 1.0 - 1e-12;
        if !inside {
            // Who is at risk at this time itself would still have shown it.
            let still = self.steps.partition_point(|step| step.time < time);
            let bound = self.steps.get(still).or(self.steps.last()).map(|step| wilson(0.0, step.effective).1);
            let interval = bound.map(|bound| if value < 0.5 { (0.0, bound) } else { (1.0 - bound, 1.0) });
            return Estimate { value, error, interval };
        }
        let width = Z95 * error / (lasting * lasting.ln()).abs();
        let (low, high) = (lasting.powf(width.exp()), lasting.powf((-width).exp()));
        let interval = Some(if falls { (low, high) } else { (1.0 - high, 1.0 - low) });
        Estimate { value, error, interval }
    }

    /// The times at which the share changes, in their order.
    pub fn times(&self) -> impl Iterator<Item = i64> {
        let mut before = self.start;
        self.steps.iter().filter_map(move |step| {
            // The share of other causes stays what it was to the last bit.
            let changes = step.share.to_bits() != before.to_bits();
            before = step.share;
            changes.then_some(step.time)
        })
    }

    /// The first time after which the share is at least this; of a share that falls, at most this. `None` if it never is.
    #[must_use]
    pub fn reaches(&self, share: f64) -> Option<i64> {
        // A sum of steps that should be exactly the share may miss it by rounding.
        let reached = |step: &&Step| {
            if self.start > 0.5 { step.share <= share + 1e-12 } else { step.share >= share - 1e-12 }
        };
        self.steps.iter().find(reached).map(|step| step.time)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    use super::*;

    /// Times by one cause; those of the second list are censored.
    fn observed(ended: &[i64], censored: &[i64]) -> Observed {
        let mut observed = Observed::new(1);
        for &time in ended {
            observed.ended(time, 0, 1);
        }
        for &time in censored {
            observed.censored(time, 1);
        }
        observed
    }

    fn equals(curve: &Curve, expected: &[(i64, f64, f64)], tolerance: f64) {
        for &(time, share, error) in expected {
            let found = curve.at(time);
            assert!((found.value - share).abs() <= tolerance, "{time}: {} for {share}", found.value);
            assert!((found.error - error).abs() <= tolerance, "{time}: {} for {error}", found.error);
        }
    }

    #[test]
    fn the_maintained_group_of_leukaemia_patients_is_as_published() {
        // R's `survival`, data set `aml` (Miller 1981): weeks in remission with maintained chemotherapy.
        let lasting = observed(&[9, 13, 18, 23, 31, 34, 48], &[13, 28, 45, 161]).lasting();
        equals(
            &lasting,
            &[
                (9, 0.909, 0.0867),
                (13, 0.818, 0.1163),
                (18, 0.716, 0.1397),
                (23, 0.614, 0.1526),
                (31, 0.491, 0.1642),
                (34, 0.368, 0.1627),
                (48, 0.184, 0.1535),
                (160, 0.184, 0.1535),
            ],
            5.1e-4,
        );
        assert_eq!(lasting.reaches(0.5), Some(31));
    }

    #[test]
    fn freireichs_patients_are_as_published() {
        // Freireich et al. 1963, 6-mercaptopurine: weeks in remission; the most cited example of Kaplan-Meier.
        let ended = [6, 6, 6, 7, 10, 13, 16, 22, 23];
        let lasting = observed(&ended, &[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]).lasting();
        equals(
            &lasting,
            &[
                (5, 1.0, 0.0),
                (6, 0.857, 0.0764),
                (7, 0.807, 0.0869),
                (10, 0.753, 0.0963),
                (13, 0.690, 0.1068),
                (16, 0.627, 0.1141),
                (22, 0.538, 0.1282),
                (23, 0.448, 0.1346),
            ],
            5.1e-4,
        );
        // `conf.type = "log-log"` gives 0.620 to 0.952 at 6 weeks.
        let (low, high) = lasting.at(6).interval.unwrap();
        assert!((low - 0.620).abs() < 5.1e-4 && (high - 0.952).abs() < 5.1e-4, "{low} {high}");
    }

    #[test]
    fn spans_without_a_length_and_ranges_that_end_before_they_begin_hold_nothing() {
        let observed = observed(&[1, 2, 3], &[4]);
        assert!(observed.hazards(0, 0, 10).is_empty());
        assert!(observed.hazards(0, -5, 10).is_empty());
        let (start, end) = (3, 1);
        assert_eq!(observed.ended_within(start..end)[0], Rate { numerator: 0, denominator: 4 });
    }

    #[test]
    fn hazards_on_paper() {
        // Four wait. One answers at 1, one leaves at 3, one answers at 12, one is censored at 25.
        let mut observed = Observed::new(2);
        observed.ended(1, 0, 1);
        observed.ended(3, 1, 1);
        observed.ended(12, 0, 1);
        observed.censored(25, 1);
        let found = observed.hazards(0, 10, 30);
        let expected = [(1, 1.0 + 3.0 + 2.0 * 10.0), (1, 2.0 + 10.0), (0, 5.0)];
        assert_eq!(found, expected.map(|(n_ended, lasted)| Hazard { n_ended, lasted }));
        assert_eq!(found[2].rate(), Some(0.0));
        assert_eq!(Hazard::default().rate(), None);
    }

    #[test]
    fn a_rise_is_as_unlikely_as_heads_of_a_coin() {
        // As long in both: five endings here and none before are five heads, 1/32; four of five are 6/32.
        let hazard = |n_ended| Hazard { n_ended, lasted: 7.0 };
        assert!((hazard(5).rises_by_chance(&hazard(0)) - 1.0 / 32.0).abs() < 1e-12);
        assert!((hazard(4).rises_by_chance(&hazard(1)) - 6.0 / 32.0).abs() < 1e-12);
        assert!((hazard(0).rises_by_chance(&hazard(3)) - 1.0).abs() < 1e-12);
        assert!((hazard(0).rises_by_chance(&hazard(0)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn two_causes_on_paper() {
        // Four wait. One answers at 1, one is censored at 2, one leaves at 3, one answers at 4:
        // answered 1/4, then 1/4 + (3/4)(1/2)(1/1) = 5/8; left (3/4)(1/2) = 3/8 from 3 on.
        let mut observed = Observed::new(2);
        observed.ended(1, 0, 1);
        observed.censored(2, 1);
        observed.ended(3, 1, 1);
        observed.ended(4, 0, 1);
        let (answered, left) = (observed.ended_by(&[0]), observed.ended_by(&[1]));
        let is = |curve: &Curve, expected: [f64; 6]| {
            let found = [0, 1, 2, 3, 4, 9].map(|time| curve.at(time).value);
            found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12)
        };
        assert!(is(&answered, [0.0, 0.25, 0.25, 0.25, 0.625, 0.625]));
        assert!(is(&left, [0.0, 0.0, 0.0, 0.375, 0.375, 0.375]));
        assert_eq!([0, 1, 2, 3, 4, 5].map(|time| observed.at_risk(time)), [4, 4, 3, 2, 1, 0]);
        assert_eq!(answered.reaches(0.5), Some(4));
        assert_eq!(left.reaches(0.5), None);
        // One of the four is lost from sight at 2.
        assert_eq!(observed.ended_within(2..4), [0, 1].map(|numerator| Rate { numerator, denominator: 3 }));
    }

    #[test]
    fn ties_and_censoring_between_two_causes_are_as_another_program_has_them() {
        // statsmodels 0.15, `CumIncidenceRight`: `cinc` and `cinc_se` of each cause. Two end and one is censored at 2, and so on.
        let mut observed = Observed::new(2);
        for (time, counts, censored) in [
            (1, [2, 0], 0),
            (2, [1, 1], 1),
            (3, [0, 1], 0),
            (5, [3, 0], 2),
            (6, [0, 0], 1),
            (8, [1, 2], 1),
            (9, [2, 0], 0),
            (12, [0, 1], 2),
            (15, [1, 0], 0),
            (20, [0, 0], 3),
        ] {
            observed.ended(time, 0, counts[0]);
            observed.ended(time, 1, counts[1]);
            observed.censored(time, censored);
        }
        let first = [
            (1, 0.08, 0.054_258_640),
            (2, 0.12, 0.064_992_307),
            (5, 0.246, 0.087_370_247),
            (8, 0.297_692_308, 0.095_423_000),
            (12, 0.412_564_103, 0.108_641_309),
            (20, 0.498_717_949, 0.120_438_212),
        ];
        let second = [
            (1, 0.0, 0.0),
            (2, 0.04, 0.039_191_836),
            (3, 0.082, 0.055_595_324),
            (8, 0.185_384_615, 0.084_433_443),
            (12, 0.242_820_513, 0.095_608_444),
            (20, 0.242_820_513, 0.095_608_444),
        ];
        equals(&observed.ended_by(&[0]), &first, 1e-9);
        equals(&observed.ended_by(&[1]), &second, 1e-9);
    }

    #[test]
    fn causes_add_up_to_what_no_longer_lasts() {
        let mut dice = ChaCha8Rng::seed_from_u64(1);
        let mut observed = Observed::new(4);
        for _ in 0..3_000 {
            let time = i64::from(dice.next_u32() % 200);
            match dice.next_u32() % 5 {
                4 => observed.censored(time, 1),
                cause => observed.ended(time, cause as usize, 1),
            }
        }
        let lasting = observed.lasting();
        let causes: Vec<Curve> = (0..4).map(|cause| observed.ended_by(&[cause])).collect();
        let together = observed.ended_by(&[0, 1, 2, 3]);
        for time in 0..200 {
            let ended: f64 = causes.iter().map(|curve| curve.at(time).value).sum();
            assert!((ended + lasting.at(time).value - 1.0).abs() < 1e-12, "{time}");
            // All causes as one are the complement of Kaplan-Meier, with the same variance.
            let (all, km) = (together.at(time), lasting.at(time));
            assert!((all.value + km.value - 1.0).abs() < 1e-12 && (all.error - km.error).abs() < 1e-9, "{time}");
        }
    }

    #[test]
    fn without_censoring_it_is_the_plain_share_with_its_binomial_variance() {
        let mut observed = Observed::new(3);
        for (time, cause, count) in [(1, 0, 7), (1, 1, 2), (3, 2, 5), (4, 0, 11), (9, 1, 4), (9, 2, 1)] {
            observed.ended(time, cause, count);
        }
        for (cause, time, count) in [(0, 1, 7.0), (0, 4, 18.0), (1, 9, 6.0), (2, 3, 5.0), (2, 9, 6.0)] {
            let (found, share) = (observed.ended_by(&[cause]).at(time), count / 30.0);
            assert!((found.value - share).abs() < 1e-12, "{cause} at {time}");
            assert!((found.error - (share * (1.0 - share) / 30.0_f64).sqrt()).abs() < 1e-9, "{cause} at {time}");
        }
    }

    #[test]
    fn what_nobody_did_has_the_bound_of_the_plain_share() {
        // Of 20, none ended by cause 1: Wilson's interval of 0 of 20 ends at 0.1611, whenever the others ended.
        let mut observed = Observed::new(2);
        for (time, count) in [(1, 12), (5, 7), (9, 1)] {
            observed.ended(time, 0, count);
        }
        let is = |estimate: Estimate, low: f64, high: f64| {
            let found = estimate.interval.unwrap();
            assert!((found.0 - low).abs() < 5e-5 && (found.1 - high).abs() < 5e-5, "{found:?}");
        };
        for time in [0, 1, 7, 9, 100] {
            is(observed.ended_by(&[1]).at(time), 0.0, 0.1611);
        }
        is(observed.lasting().at(0), 0.8389, 1.0);
        is(observed.lasting().at(9), 0.0, 0.1611);
        is(observed.ended_by(&[0]).at(9), 0.8389, 1.0);
        is(observed.ended_by(&[0]).at(9).complement(), 0.0, 0.1611);
    }

    #[test]
    fn what_few_would_have_shown_is_less_sure_that_nobody_did() {
        // Of 40, 20 answer at once and ten are censored at 5: ten still wait at 6 for the half that lasts. So half of all were
        // not watched so long, and as much is known as of 20; at 5 itself all 20 who wait were watched, so it is 40.
        let mut observed = Observed::new(2);
        observed.ended(0, 0, 20);
        observed.censored(5, 10);
        observed.ended(9, 0, 10);
        let bound = |time| observed.ended_by(&[1]).at(time).interval.unwrap().1;
        assert!((bound(5) - wilson(0.0, 40.0).1).abs() < 1e-12);
        assert!((bound(6) - wilson(0.0, 20.0).1).abs() < 1e-12);
        assert!((bound(9) - wilson(0.0, 20.0).1).abs() < 1e-12);
    }

    #[test]
    fn hope_fades_on_paper() {
        // Of 20, ten answer at 5, eight at 60, one at 600; one leaves at 900. Of those who wait after 5, nine of ten will
        // answer; after 60, one of two; after 600, none.
        let mut observed = Observed::new(2);
        for (time, cause, count) in [(5, 0, 10), (60, 0, 8), (600, 0, 1), (900, 1, 1)] {
            observed.ended(time, cause, count);
        }
        let fades = |share| observed.fades(0, share, 1_000);
        assert_eq!([0.96, 0.95, 0.9, 0.51, 0.5, 0.1].map(fades), [0, 5, 60, 60, 600, 600].map(Some));
        // Within a minute, all who are there before its end still have it before them.
        assert_eq!(observed.fades(0, 0.1, 60), None);
    }

    #[test]
    fn nothing_seen_lasts() {
        let observed = Observed::new(2);
        assert_eq!((observed.n(), observed.at_risk(0), observed.last()), (0, 0, None));
        assert_eq!(observed.lasting().at(5), Estimate { value: 1.0, error: 0.0, interval: None });
        assert_eq!(observed.ended_by(&[0]).at(5), Estimate { value: 0.0, error: 0.0, interval: None });
    }
}

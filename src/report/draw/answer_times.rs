//! The chart of answer times: one ridge for each question, on an axis of the logarithm of the time.

use super::{Words, alternative, as_f64, short};
use crate::charts::{self, MOST_RIDGES, Ridge, Ridges};
use crate::error::Result;
use crate::report::model::{Question, Report, Spread};
use crate::report::text::Language;

/// Marks on the axis, in seconds.
const MARKS: [i64; 8] = [1, 10, 60, 600, 3_600, 86_400, 604_800, 2_592_000];
/// The axis reaches at least so far, so that pictures of two ranges can be compared.
const DAY: i64 = 86_400;
/// A time without an end is drawn as long as from its beginning to so many times that.
const ENDLESS: i64 = 2;
/// The place of all below one second, which has no logarithm, is as wide as from one second to two; before it and behind it is
/// a gap.
const BELOW: f64 = std::f64::consts::LN_2;
const GAP: f64 = 0.35;

/// An axis of the logarithm of seconds, from one second on.
#[derive(Clone, Copy)]
struct Axis {
    end: i64,
    /// Whether anything took less than a second.
    has_below: bool,
}

impl Axis {
    /// Where something begins on the axis, from 0 to 1. Below one second everything has one place.
    fn at(self, seconds: i64) -> f64 {
        let first = if self.has_below { BELOW + GAP } else { 0.0 };
        let length = first + logarithm(self.end);
        if seconds < 1 { 0.0 } else { (first + logarithm(seconds)) / length }
    }

    /// Where a bin begins and ends. That of everything below one second ends before the gap.
    fn bin(self, from: i64, to: i64) -> (f64, f64) {
        if from < 1 { (0.0, self.at(1) * BELOW / (BELOW + GAP)) } else { (self.at(from), self.at(to)) }
    }

    /// Where a single value is marked.
    fn value(self, seconds: i64) -> f64 {
        let (from, to) = self.bin(seconds, seconds + 1);
        if seconds < 1 { f64::midpoint(from, to) } else { self.at(seconds) }
    }
}

/// The chart, if any question was answered at a time that the log tells.
pub(super) fn charts(report: &Report, words: &Words<'_>) -> Result<Vec<String>> {
    let language = words.language;
    let several = report.flows.len() > 1;
    let mut answered: Vec<(String, &Question, &Spread)> = Vec::new();
    for flow in &report.flows {
        for question in &flow.questions {
            let Some(spread) = question.answer_seconds.as_ref().filter(|spread| spread.measurable && spread.n > 0)
            else {
                continue;
            };
            let name = short(&language.name(question.question.as_deref()));
            let flow = flow.flow.as_deref().filter(|_| several).map(|flow| short(&language.name(Some(flow))));
            let name = flow.map_or_else(|| name.clone(), |flow| format!("{flow} · {name}"));
            answered.push((name, question, spread));
        }
    }
    if answered.is_empty() {
        return Ok(Vec::new());
    }
    let n_more = keep_largest(&mut answered);
    let bins = || answered.iter().flat_map(|(_, _, spread)| &spread.histogram);
    let ends = bins().map(|bin| bin.to.unwrap_or(bin.from.saturating_mul(ENDLESS)));
    let axis = Axis { end: ends.max().unwrap_or_default().max(DAY), has_below: bins().any(|bin| bin.from < 1) };
    let below = axis.has_below.then(|| (axis.value(0), language.say("chart-answer-times.below")));
    let marks = MARKS.into_iter().filter(|&mark| mark <= axis.end).map(|mark| (axis.at(mark), language.duration(mark)));
    let ridges: Vec<Ridge> = answered.iter().map(|(name, _, spread)| ridge(name, spread, axis, words)).collect();
    let told: Vec<String> = ridges.iter().map(|ridge| format!("{}: {}", ridge.name, ridge.value)).collect();
    let chart = Ridges {
        strokes: ["chart-answer-times.median", "chart-answer-times.p90"].map(|key| language.say(key)),
        marks: below.into_iter().chain(marks).collect(),
        ridges,
        more: match n_more {
            0 => String::new(),
            n => language.say_with("chart-answer-times.more", &[("n", n.into())]),
        },
    };
    let alternative = alternative("chart-answer-times", language.say("chart-answer-times"), &told);
    Ok(vec![charts::ridges(&alternative, &chart)?])
}

/// Keeps the questions with most answers, in their order. Returns how many are not kept.
fn keep_largest<T>(answered: &mut Vec<(String, T, &Spread)>) -> usize {
    let mut sizes: Vec<(u64, usize)> =
        answered.iter().enumerate().map(|(place, (.., spread))| (spread.n, place)).collect();
    sizes.sort_by_key(|&(n, place)| (std::cmp::Reverse(n), place));
    let mut kept: Vec<usize> = sizes.into_iter().take(MOST_RIDGES).map(|(_, place)| place).collect();
    kept.sort_unstable();
    let n_more = answered.len() - kept.len();
    let mut place = 0;
    answered.retain(|_| {
        place += 1;
        kept.binary_search(&(place - 1)).is_ok()
    });
    n_more
}

fn ridge(name: &str, spread: &Spread, axis: Axis, words: &Words<'_>) -> Ridge {
    let language = words.language;
    let bins = spread.histogram.iter().map(|bin| {
        let (from, to) = axis.bin(bin.from, bin.to.unwrap_or(axis.end));
        (from, to, as_f64(bin.n))
    });
    Ridge {
        name: name.to_owned(),
        value: value(spread, language),
        bins: bins.collect(),
        strokes: [spread.median, spread.p90].map(|seconds| seconds.map(|seconds| axis.value(seconds))),
        few: spread.n < words.minimum,
        told: super::told::answer_times(name, spread, language),
    }
}

/// The numbers of a row.
fn value(spread: &Spread, language: Language) -> String {
    let numbers = [
        ("n", spread.n.into()),
        ("median", language.duration_or_none(spread.median).into()),
        ("p90", language.duration_or_none(spread.p90).into()),
    ];
    language.say_with("chart-answer-times.value", &numbers)
}

/// The natural logarithm of a number of seconds.
#[expect(clippy::cast_precision_loss, reason = "seconds stay far below 2^53")]
fn logarithm(seconds: i64) -> f64 {
    (seconds.max(1) as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::Distribution;
    use crate::report::fixture;

    #[test]
    fn each_tenfold_is_as_long_and_below_a_second_has_its_own_place() {
        let axis = Axis { end: 100, has_below: false };
        for (seconds, at) in [(1, 0.0), (10, 0.5), (100, 1.0)] {
            assert!((axis.at(seconds) - at).abs() < 1e-12);
        }
        let axis = Axis { end: 100, has_below: true };
        let (from, to) = axis.bin(0, 1);
        assert!(from.abs() < 1e-12 && to > from && to < axis.at(1) && axis.value(0) < to);
        assert!((to - from - (axis.at(2) - axis.at(1))).abs() < 1e-12, "as wide as from one second to two");
    }

    #[test]
    fn of_many_questions_those_with_most_answers_are_shown_in_their_order() {
        let spread = |n: u64| Spread::new("answer_seconds", &Distribution([(5, n)].into()), true);
        let spreads: Vec<Spread> = (0..15).map(|place| spread(if place == 3 { 1 } else { 100 - place })).collect();
        let mut answered: Vec<_> =
            spreads.iter().enumerate().map(|(place, spread)| (format!("q{place}"), (), spread)).collect();
        assert_eq!(keep_largest(&mut answered), 3);
        let names: Vec<&str> = answered.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["q0", "q1", "q2", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12"]);
    }

    #[test]
    fn without_answers_there_is_no_chart() {
        let mut report = fixture::small();
        let drawn = |report: &Report| charts(report, &Words::new(report)).unwrap().len();
        assert_eq!(drawn(&report), 1);
        for question in report.flows.iter_mut().flat_map(|flow| &mut flow.questions) {
            question.answer_seconds = None;
        }
        assert_eq!(drawn(&report), 0);
    }
}

//! What a funnel answers: for each segment and step how many got there, went on, were lost, are still open, and how long
//! it took. Counts until the last moment.

use std::collections::BTreeMap;

use super::definition::Words;
use super::units::Unmeasurable;
use crate::rate::{Distribution, Rate};

/// A funnel's rows, in the order of their segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Name of the funnel.
    pub funnel: String,
    /// What it tells.
    pub meaning: String,
    /// What it is called and what it tells in other languages, by the code of the language.
    pub words: BTreeMap<String, Words>,
    /// What was counted: contact, conversation or attempt.
    pub unit: &'static str,
    /// How steps had to follow each other.
    pub order: String,
    /// The time that the whole way may take, in seconds.
    pub window_s: i64,
    /// The columns of `Row::segment`.
    pub by: Vec<String>,
    /// Channels whose contacts are left out, because their logs cannot tell of a step.
    pub unmeasurable: Vec<Unmeasurable>,
    /// One row per segment. Without a breakdown there is exactly one.
    pub rows: Vec<Row>,
}

/// The steps of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// A value for each column of `Answer::by`; `None` is unknown.
    pub segment: Vec<Option<String>>,
    /// First to last.
    pub steps: Vec<Step>,
}

/// One step. What reached it either went on, was lost or is open: reached = converted + lost + open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub step: String,
    /// Whether it may be skipped.
    pub optional: bool,
    /// Units that got here. A required step is reached by all that got to a later one, an optional one by those that
    /// passed it.
    pub reached: u64,
    /// Of these, those that got to a later step; at the last step, all.
    pub converted: u64,
    /// Of these, those that got no further and no longer can.
    pub lost: u64,
    /// Of the lost, those whose attempt an exclusion ended.
    pub excluded: u64,
    /// Of these, those that got no further and still can: the log ends inside the allowed time.
    pub open: u64,
    /// Reached, of all that entered and are not open at an earlier step.
    pub from_start: Rate,
    /// Reached, of all that reached the required step before and are not open on the way from there.
    pub from_previous: Rate,
    /// Whole seconds since the step passed before. Empty at the first step.
    pub seconds: Distribution,
    /// Whole seconds since the first step. Empty at the first step.
    pub seconds_from_start: Distribution,
}

/// What is counted of a step while units are walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Units whose way passed the step.
    pub(super) passed: u64,
    /// Units that got exactly this far.
    pub(super) ended: u64,
    /// Of these, the open ones.
    pub(super) open: u64,
    /// Of these, those that an exclusion ended.
    pub(super) excluded: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.ended += other.ended;
        self.open += other.open;
        self.excluded += other.excluded;
    }
}

/// The steps of a segment from what was counted: name, whether optional, counts, seconds since the step before, seconds
/// since the first.
pub(super) fn steps(counted: Vec<(String, bool, Tally, Distribution, Distribution)>) -> Vec<Step> {
    let tallies: Vec<(bool, Tally)> = counted.iter().map(|(_, optional, tally, ..)| (*optional, *tally)).collect();
    let got_to = |step: usize| tallies.iter().skip(step).map(|(_, tally)| tally.ended).sum::<u64>();
    let open_from =
        |from: usize, to: usize| tallies.iter().take(to).skip(from).map(|(_, tally)| tally.open).sum::<u64>();
    let last = tallies.len().saturating_sub(1);
    counted
        .into_iter()
        .enumerate()
        .map(|(number, (step, optional, tally, seconds, seconds_from_start))| {
            let reached = if optional { tally.passed } else { got_to(number) };
            // Nobody is open or lost at the last step.
            let open = if number == last { 0 } else { tally.open };
            let lost = if number == last { 0 } else { tally.ended - tally.open };
            let before = tallies.iter().take(number).rposition(|(optional, _)| !optional).unwrap_or(number);
            let rate = |base: usize| Rate { numerator: reached, denominator: got_to(base) - open_from(base, number) };
            Step {
                step,
                optional,
                reached,
                converted: reached - lost - open,
                lost,
                excluded: tally.excluded.min(lost),
                open,
                from_start: rate(0),
                from_previous: rate(before),
                seconds,
                seconds_from_start,
            }
        })
        .collect()
}

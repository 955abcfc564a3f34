//! Funnels as plain values: what JSON prints of them, name for name what `trichter funnel --format json` prints.
//!
//! Holds no text about numbers. Counts come from `funnel`; here they only get their shares, intervals and quantiles.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::funnel;
use crate::rate::{Distribution, Rate};
use crate::report::text::{Language, printable};
use crate::report::words::capitalised;

/// How far contacts got through steps that an analyst has named.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Funnel {
    /// Its name.
    pub funnel: String,
    /// What it tells, in a sentence.
    pub meaning: String,
    /// The same in other languages, by the code of the language; JSON keeps the names.
    #[serde(skip)]
    pub words: BTreeMap<String, funnel::Words>,
    /// What was counted: contact, conversation or attempt.
    pub unit: &'static str,
    /// How steps had to follow each other.
    pub order: String,
    /// The time that the whole way may take, in seconds.
    pub window_s: i64,
    /// Channels that are left out, because their logs cannot tell of a step.
    pub unmeasurable: Vec<LeftOut>,
    /// First to last.
    pub steps: Vec<FunnelStep>,
}

impl Funnel {
    /// The total of an answer; its segments are left aside. `None` without one.
    #[must_use]
    pub fn new(answer: &funnel::Answer) -> Option<Self> {
        let row = answer.rows.first().filter(|_| answer.by.is_empty())?;
        Some(Self {
            funnel: answer.funnel.clone(),
            meaning: answer.meaning.clone(),
            words: answer.words.clone(),
            unit: answer.unit,
            order: answer.order.clone(),
            window_s: answer.window_s,
            unmeasurable: answer.unmeasurable.iter().map(LeftOut::new).collect(),
            steps: row.steps.iter().map(FunnelStep::new).collect(),
        })
    }

    /// What it is called in a language, with its letters made harmless.
    #[must_use]
    pub fn title(&self, language: Language) -> String {
        let name = self.words.get(language.code()).map_or(&self.funnel, |words| &words.name);
        capitalised(&printable(name))
    }

    /// What it tells, in a language.
    #[must_use]
    pub fn meaning(&self, language: Language) -> String {
        printable(self.words.get(language.code()).map_or(&self.meaning, |words| &words.meaning))
    }

    /// What a step is called in a language.
    #[must_use]
    pub fn step_title(&self, step: &FunnelStep, language: Language) -> String {
        let place = self.steps.iter().position(|known| known.step == step.step);
        let own = |words: &'_ funnel::Words| words.steps.get(place?).cloned();
        printable(&self.words.get(language.code()).and_then(own).unwrap_or_else(|| step.step.clone()))
    }

    /// Leaves out every step that fewer than `minimum` could reach, and those after it: counts of neighbouring steps tell each
    /// other. Returns how many are left out.
    pub fn suppress(&mut self, minimum: u64) -> u64 {
        let could =
            |step: &FunnelStep, place: usize| if place == 0 { step.reached } else { step.from_previous.denominator };
        let is_small = |(place, step): (usize, &FunnelStep)| (1..minimum).contains(&could(step, place));
        let kept = self.steps.iter().enumerate().position(is_small).unwrap_or(self.steps.len());
        let n = self.steps.len() - kept;
        self.steps.truncate(kept);
        n as u64
    }

    /// True if anything entered it.
    #[must_use]
    pub fn is_entered(&self) -> bool {
        self.steps.iter().any(|step| step.reached > 0)
    }
}

/// A channel that a funnel leaves out.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct LeftOut {
    /// The channel.
    pub channel: String,
    /// The first step that its log cannot tell of.
    pub step: String,
}

impl LeftOut {
    /// As a funnel's answer has it.
    #[must_use]
    pub fn new(one: &funnel::Unmeasurable) -> Self {
        Self { channel: one.channel.clone(), step: one.step.clone() }
    }
}

/// One step of a funnel. What reached it either went on, was lost or is open.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct FunnelStep {
    /// Its name.
    pub step: String,
    /// Whether it may be skipped.
    pub optional: bool,
    /// Units that got here.
    pub reached: u64,
    /// Of these, those that got to a later step; at the last step, all.
    pub converted: u64,
    /// Of these, those that got no further and no longer can.
    pub lost: u64,
    /// Of the lost, those whose attempt an exclusion ended.
    pub excluded: u64,
    /// Of these, those that got no further and still can.
    pub open: u64,
    /// Reached, of all that entered and are not open before this step.
    pub from_start: Share,
    /// Reached, of all that reached the required step before and are not open on the way from there.
    pub from_previous: Share,
    /// Since the step before.
    pub time_s: Times,
    /// Since the first step.
    pub time_from_start_s: Times,
}

impl FunnelStep {
    /// A step of an answer with its shares, intervals and quantiles.
    #[must_use]
    pub fn new(step: &funnel::Step) -> Self {
        Self {
            step: step.step.clone(),
            optional: step.optional,
            reached: step.reached,
            converted: step.converted,
            lost: step.lost,
            excluded: step.excluded,
            open: step.open,
            from_start: Share::new(step.from_start),
            from_previous: Share::new(step.from_previous),
            time_s: Times::new(&step.seconds),
            time_from_start_s: Times::new(&step.seconds_from_start),
        }
    }
}

/// A share of a funnel. What its channels cannot report was left out before it was counted.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Share {
    /// Units that got there.
    pub numerator: u64,
    /// Units that could have.
    pub denominator: u64,
    /// Between 0 and 1. `None` without a denominator.
    pub value: Option<f64>,
    /// Lower end of the 95 % Wilson interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % Wilson interval.
    pub high: Option<f64>,
}

impl Share {
    /// The share of a pair of counts.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let interval = rate.interval();
        Self {
            numerator: rate.numerator,
            denominator: rate.denominator,
            value: rate.value(),
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
        }
    }
}

/// How long a step took, in whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Times {
    /// Observations.
    pub n: u64,
    /// Half took at most this long.
    pub median: Option<i64>,
    /// Nine in ten took at most this long.
    pub p90: Option<i64>,
    /// All of them, from the shortest to the longest.
    pub histogram: Vec<Bin>,
}

impl Times {
    fn new(seconds: &Distribution) -> Self {
        Self {
            n: seconds.n(),
            median: seconds.quantile(0.5),
            p90: seconds.quantile(0.9),
            histogram: Bin::all(seconds.histogram()),
        }
    }
}

/// Observations between two lengths of time.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Bin {
    /// It begins here, in seconds.
    pub from: i64,
    /// It ends before this; `None` if it has no end.
    pub to: Option<i64>,
    /// Observations in it.
    pub n: u64,
}

impl Bin {
    /// The bins of a histogram for an axis of the logarithm of time.
    pub(super) fn fine(seconds: &Distribution) -> Vec<Self> {
        Self::all(seconds.fine_histogram())
    }

    fn all(histogram: Vec<(i64, Option<i64>, u64)>) -> Vec<Self> {
        histogram.into_iter().map(|(from, to, n)| Self { from, to, n }).collect()
    }
}

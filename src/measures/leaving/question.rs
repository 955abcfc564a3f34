//! The visits to one question, as the counts of two metrics tell of them: how many ended each way, and after how long.

use std::collections::{BTreeMap, BTreeSet};

use super::asks;
use crate::facts::{Observable, Seen};
use crate::measures::Setting;
use crate::measures::table::{Row, Value};
use crate::metrics::Answers;
use crate::statistics::survival::{Curve, Estimate, Observed};

/// Every way to end, as the facts call it; those of a visit that went on come first.
pub(super) const ENDINGS: [&str; 8] =
    ["answered", "skipped", "silent", "not_understood", "stopped", "blocked", "handed_over", "failed"];
/// What the ways to end are called in a sentence.
pub(super) const WORDS: [&str; ENDINGS.len()] = [
    "ending-answered",
    "ending-skipped",
    "ending-silent",
    "ending-not-understood",
    "ending-stopped",
    "ending-blocked",
    "ending-handed-over",
    "ending-failed",
];
/// The place of the answered among the endings.
pub(in crate::measures) const ANSWERED: usize = 0;
/// The place of the skipped; all causes of leaving come after it.
pub(super) const SKIPPED: usize = 1;

/// The visits to one question.
pub(in crate::measures) struct Question<'a> {
    /// Values of the columns in front, flow and question.
    pub(super) names: Vec<Option<&'a str>>,
    /// Every visit; answers without a time as if they had come at once.
    pub(super) observed: Observed,
    /// The visits without answers that have no time.
    timed: Observed,
    /// How many ended each way.
    ended: [u64; ENDINGS.len()],
    open: u64,
    /// Answers of which the log tells the order alone.
    untimed: u64,
    channels: BTreeSet<&'a str>,
}

/// The questions in the order of the answers.
pub(in crate::measures) fn questions<'a>(setting: &Setting<'_>, answers: &Answers<'a>) -> Vec<Question<'a>> {
    let mut questions: Vec<Question<'a>> = Vec::new();
    let mut places: BTreeMap<Vec<Option<&str>>, usize> = BTreeMap::new();
    for ask in asks(setting) {
        let place_of = |wanted: &str| ask.by.iter().position(|name| name == wanted);
        let (of_ending, of_channel) = (place_of("ending"), place_of("channel"));
        let is_name = |place: &usize| {
            Some(*place) != of_ending && (Some(*place) != of_channel || setting.by.iter().any(|name| name == "channel"))
        };
        for row in answers.rows(&ask) {
            let value = |place: usize| row.segment.get(place).and_then(Option::as_deref);
            let names: Vec<Option<&str>> = (0..ask.by.len()).filter(is_name).map(value).collect();
            let place = *places.entry(names.clone()).or_insert_with(|| {
                questions.push(Question::new(names));
                questions.len() - 1
            });
            let Some(question) = questions.get_mut(place) else { continue };
            question.channels.extend(of_channel.and_then(value));
            let cause = ENDINGS.iter().position(|name| Some(*name) == of_ending.and_then(value));
            for (&seconds, &count) in row.counts.distribution().iter().flat_map(|distribution| &distribution.0) {
                match cause {
                    Some(cause) => question.timed.ended(seconds, cause, count),
                    None => question.timed.censored(seconds, count),
                }
            }
            let count = row.counts.rate().map_or(0, |rate| rate.denominator);
            match cause.and_then(|cause| question.ended.get_mut(cause)) {
                Some(ended) => *ended += count,
                None => question.open += count,
            }
        }
    }
    for question in &mut questions {
        question.untimed = question.n().saturating_sub(question.timed.n());
        question.observed = question.timed.clone();
        question.observed.ended(0, ANSWERED, question.untimed);
    }
    questions
}

impl<'a> Question<'a> {
    fn new(names: Vec<Option<&'a str>>) -> Self {
        let nothing = Observed::new(ENDINGS.len());
        Self {
            names,
            observed: nothing.clone(),
            timed: nothing,
            ended: [0; ENDINGS.len()],
            open: 0,
            untimed: 0,
            channels: BTreeSet::new(),
        }
    }

    /// All visits.
    pub(in crate::measures) fn n(&self) -> u64 {
        self.ended.iter().sum::<u64>() + self.open
    }

    /// Those that may still be answered.
    pub(super) fn open(&self) -> u64 {
        self.open
    }

    /// Answers without a time.
    pub(super) fn untimed(&self) -> u64 {
        self.untimed
    }

    /// Those that ended in one of these ways.
    pub(super) fn count(&self, causes: impl IntoIterator<Item = usize>) -> u64 {
        causes.into_iter().filter_map(|cause| self.ended.get(cause)).sum()
    }

    /// Those that still waited, and were watched, just before this time.
    pub(super) fn at_risk(&self, seconds: i64) -> u64 {
        self.observed.at_risk(seconds)
    }

    /// The visits of which the time is known, for how soon contacts answer. `None` if most answers have none.
    pub(in crate::measures) fn timed(&self) -> Option<&Observed> {
        (2 * self.untimed <= self.count([ANSWERED])).then_some(&self.timed)
    }

    /// The share of all visits that has ended by these causes after so many seconds, for decisions, which do not hang on when
    /// an answer came.
    pub(super) fn share(&self, causes: &[usize], seconds: i64, shown: fn(Estimate) -> Estimate) -> Value {
        share(&self.observed, &self.observed.ended_by(causes), seconds, shown)
    }

    /// A curve of the share of all visits that has ended, after so many seconds.
    pub(super) fn along(&self, curve: &Curve, seconds: i64) -> Value {
        share(&self.observed, curve, seconds, |estimate| estimate)
    }

    /// How soon visits end by these causes: as [`Question::share`], but of the visits of which the time is known.
    pub(in crate::measures) fn soon<const N: usize>(&self, causes: &[usize], seconds: [i64; N]) -> [Value; N] {
        let Some(timed) = self.timed() else { return [const { Value::Unmeasurable }; N] };
        let curve = timed.ended_by(causes);
        seconds.map(|seconds| share(timed, &curve, seconds, |estimate| estimate))
    }

    /// How well the channels of these visits tell of a cause: at best and at worst.
    fn told(&self, setting: &Setting<'_>, cause: usize) -> (Seen, Seen) {
        let seen: fn(&Observable) -> Seen = match ENDINGS.get(cause) {
            Some(&"not_understood") => |observable| observable.fallbacks,
            Some(&"stopped") => |observable| observable.stops,
            Some(&"blocked") => |observable| observable.blocks,
            Some(&"handed_over") => |observable| observable.handovers,
            _ => return (Seen::Always, Seen::Always),
        };
        let rank = |seen: &Seen| match seen {
            Seen::Never => 0,
            Seen::Partly => 1,
            Seen::Always => 2,
        };
        let channels = setting.settings.observable.iter();
        let here = channels.filter(|(name, _)| self.channels.is_empty() || self.channels.contains(name.as_str()));
        let seen: Vec<Seen> = here.map(|(_, observable)| seen(observable)).collect();
        let best = seen.iter().copied().max_by_key(rank).unwrap_or_default();
        (best, seen.into_iter().min_by_key(rank).unwrap_or_default())
    }

    /// Whether none of the channels can tell of the cause, and they did not: unknown, never zero.
    pub(super) fn is_untold(&self, setting: &Setting<'_>, cause: usize) -> bool {
        self.count([cause]) == 0 && !self.told(setting, cause).0.is_measurable()
    }

    /// Whether the channels tell of some endings by the cause, but not of all.
    pub(super) fn is_lower_bound(&self, setting: &Setting<'_>, cause: usize) -> bool {
        let (best, worst) = self.told(setting, cause);
        best.is_measurable() && worst != Seen::Always
    }

    /// A row that begins with the names.
    pub(in crate::measures) fn row(&self, cells: impl IntoIterator<Item = Value>) -> Row {
        Row::new(self.n(), self.names.iter().map(|name| Value::name(*name)).chain(cells).collect())
    }
}

/// A share after so many seconds. Unknown where nobody was watched for so long.
fn share(observed: &Observed, curve: &Curve, seconds: i64, shown: fn(Estimate) -> Estimate) -> Value {
    let is_seen = observed.last().is_some_and(|last| last >= seconds) || observed.lasting().at(seconds).value < 1e-12;
    if is_seen { shown(curve.at(seconds)).into() } else { Value::Unknown }
}

impl From<Estimate> for Value {
    fn from(Estimate { value, interval, .. }: Estimate) -> Self {
        Self::Share { value: value.clamp(0.0, 1.0), interval }
    }
}

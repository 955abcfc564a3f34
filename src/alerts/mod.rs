//! Alerts: what of last night is worth waking somebody for, each once until it clears.
//!
//! Everything that is watched is judged first, and all tests of one night are corrected together; only then is anything
//! raised. Reads no clock and no environment: the caller hands on what it is to know. [`deliver`] is the one place that
//! opens a network.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Result;
use crate::facts::Settings;
use crate::metrics::{Bound, Rate, Scope};
use crate::report::Language;
use crate::statistics::difference::holm;
use crate::store::{Commit, Snapshot};

pub mod deliver;
mod periods;
mod rates;
mod rejects;
mod silence;
mod state;
mod words;

pub use state::{News, State};

/// Something that was raised, or is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What the alert is called in the configuration.
    pub name: String,
    /// What it watches.
    pub kind: Kind,
    /// Whether it holds or is over.
    pub state: Standing,
    /// What it holds for: columns with their values, `None` for unknown.
    pub segment: BTreeMap<String, Option<String>>,
    /// What was judged: a day (`2026-05-04`), a week (`2026-W19`), an instant at which a silence ended, a version of the store.
    pub period: String,
    /// The period in which it was raised.
    pub since: String,
    /// What was seen and what was to be expected.
    #[serde(flatten)]
    pub figures: Figures,
    /// All of that in the words of the report's language.
    pub text: String,
}

/// What an alert watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A rate against a limit.
    Limit,
    /// A rate against its own history.
    Change,
    /// Events that fail to come.
    Silent,
    /// Rejected records.
    Rejects,
    /// Messages that broke a rule of permission.
    Violations,
}

/// Whether an alert holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds.
    Raised,
    /// It is over.
    Cleared,
}

/// The numbers of an alert. Shares are between 0 and 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Id of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Rows that did it; events of a silence; rejected records.
    pub numerator: u64,
    /// Rows that could have; all records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominator: Option<u64>,
    /// The share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Its 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
    /// The limit that was configured: a share, or a count of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What was to be expected: a share, or a count of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// Between what 95 of 100 periods lie that are like those before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_range: Option<(f64, f64)>,
    /// How often chance alone would show as much, on either side where both alarm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// The same, corrected for everything that was tested in this night.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_adjusted: Option<f64>,
    /// What the metric's value says of the true one.
    #[serde(skip)]
    pub bound: Bound,
}

/// What is judged.
pub struct Night<'n> {
    /// The store.
    pub snapshot: &'n Snapshot,
    /// What is watched, and what the numbers mean.
    pub config: &'n Config,
    /// Nothing later is looked at. Microseconds.
    pub until: Option<i64>,
    /// What the clock says. Microseconds.
    pub now: i64,
    /// What came in.
    pub arrivals: Arrivals<'n>,
}

/// Records that came in, of which some may have been rejected.
#[derive(Clone, Copy, Debug)]
pub enum Arrivals<'n> {
    /// Those of the run that this night is part of: rejected, of all.
    Run(Rate),
    /// Those of all versions of the store.
    Log(&'n [Commit]),
}

impl Night<'_> {
    /// The instant up to which the logs tell everything, as far as is known. Microseconds; `None` in an empty store.
    fn horizon(&self) -> Option<i64> {
        let known = self.snapshot.horizon()?.min(self.now);
        Some(self.until.map_or(known, |until| known.min(until)))
    }

    fn scope<'s>(&self, settings: &'s Settings) -> Scope<'s>
    where
        Self: 's,
    {
        Scope { settings, zone: self.config.report.zone.0.clone(), flows: &settings.flows }
    }
}

/// What was found of one segment of one alert.
struct Finding {
    name: String,
    kind: Kind,
    segment: BTreeMap<String, Option<String>>,
    period: String,
    figures: Figures,
    verdict: Verdict,
}

/// Whether something is out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It raises the alert.
    Beyond,
    /// It raises nothing, but what is raised stays so: an alert must not go on and off with every night.
    Between,
    /// It clears the alert.
    Within,
    /// It is as far away as would matter; whether that is chance is said once all tests of the night are known.
    Untested,
}

/// What a rule looked at, so that it does not look again.
struct Judged {
    name: String,
    /// The newest period that it judged.
    period: String,
    /// Of raised segments that were not seen, those last seen before this period are over: nobody can say more of them.
    forgets_before: String,
}

/// Everything that was found in one night.
#[derive(Default)]
pub struct Findings {
    found: Vec<Finding>,
    judged: Vec<Judged>,
}

/// The chance up to which a single test is no reason to call a raised alert over.
const BACK_TO_NORMAL: f64 = 0.05;

/// Judges everything that is watched and was not judged yet.
///
/// # Errors
/// An alert watches a metric or a column that does not exist, or the store is damaged.
pub fn judge(night: &Night<'_>, state: &State) -> Result<Findings> {
    check(night.config)?;
    let mut findings = Findings::default();
    rejects::judge(night, state, &mut findings);
    if night.snapshot.horizon().is_some() {
        rates::judge(night, state, &mut findings)?;
        silence::judge(night, state, &mut findings)?;
    }
    findings.correct(night.config.alerts.false_alarms.0);
    // Rules of different kinds are judged in turns; they are told in the order in which they were written.
    let place = |name: &str| night.config.alert.iter().position(|alert| alert.name == name);
    findings.found.sort_by(|a, b| (place(&a.name), &a.segment).cmp(&(place(&b.name), &b.segment)));
    Ok(findings)
}

/// Refuses alerts on what does not exist, or cannot be judged.
///
/// # Errors
/// A metric, or a column by which it is broken down, is not known, or has no share for each day.
pub fn check(config: &Config) -> Result<()> {
    config.alert.iter().try_for_each(|alert| {
        rates::check(alert)?;
        silence::check(alert)
    })
}

/// What is told of a night: raises and clears in the state, and says it in words.
#[must_use]
pub fn conclude(findings: Findings, state: &mut State, config: &Config, language: Language) -> Vec<Alert> {
    state.conclude(findings, config, |alert| words::tell(alert, language, &config.report.zone.0))
}

impl Findings {
    /// Decides what was tested: beyond if even the whole night shows as much in no more than this share of nights.
    fn correct(&mut self, false_alarms: f64) {
        let (places, ps): (Vec<usize>, Vec<f64>) =
            self.found.iter().enumerate().filter_map(|(place, finding)| Some((place, finding.figures.p?))).unzip();
        for ((place, p), adjusted) in places.into_iter().zip(&ps).zip(holm(&ps)) {
            let Some(finding) = self.found.get_mut(place) else { continue };
            finding.figures.p_adjusted = Some(adjusted);
            if finding.verdict == Verdict::Untested {
                finding.verdict = match adjusted <= false_alarms {
                    true => Verdict::Beyond,
                    false if *p > BACK_TO_NORMAL => Verdict::Within,
                    false => Verdict::Between,
                };
            }
        }
    }
}

//! What rates are compared with: the range before, a baseline, another range, or another version of the store.

use super::{Opened, Reading, instant};
use crate::calendar::{self, Calendar};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::facts::Settings;
use crate::measures::comparison::revision::{self, Step};
use crate::measures::comparison::{Against, Comparison};
use crate::measures::table::Message;
use crate::measures::{Measured, Value};
use crate::metrics::{Answers, Scope};

/// Two ranges or two versions, in the order in which they were named.
#[derive(Clone, Debug)]
pub(super) enum Two {
    /// Since and until of each.
    Ranges([String; 2], [String; 2]),
    /// Version numbers or instants.
    Versions(String, String),
}

impl Two {
    /// Reads `SINCE..UNTIL SINCE..UNTIL` or `VERSION VERSION`.
    ///
    /// # Errors
    /// They are of different kinds.
    pub(super) fn parse(first: &str, second: &str) -> Result<Self> {
        let range = |text: &str| text.split_once("..").map(|(since, until)| [since, until].map(str::to_owned));
        match (range(first), range(second)) {
            (Some(first), Some(second)) => Ok(Self::Ranges(first, second)),
            (None, None) => Ok(Self::Versions(first.to_owned(), second.to_owned())),
            _ => Err(Error::Usage(format!(
                "'{first}' and '{second}' cannot be compared: name two ranges, such as 2026-05-01..2026-06-01, or two versions"
            ))),
        }
    }

    /// What is read for a report of the second: its range, or its version.
    ///
    /// # Errors
    /// Another range or version is named beside the two: the report would show the changes of one beside the numbers of the other.
    pub(super) fn second(&self, mut reading: Reading) -> Result<Reading> {
        match self {
            Self::Ranges(_, [since, until]) => {
                if reading.since.is_some() || reading.until.is_some() {
                    let both = "--since or --until and two ranges to compare contradict each other";
                    return Err(Error::Usage(both.into()));
                }
                (reading.since, reading.until) = (Some(since.clone()), Some(until.clone()));
            }
            Self::Versions(_, second) => {
                if reading.as_of.is_some() {
                    return Err(Error::Usage("--as-of and two versions to compare contradict each other".into()));
                }
                reading.as_of = Some(second.clone());
            }
        }
        Ok(reading)
    }
}

impl Opened {
    /// Compares rates, with the range right before if that is asked for. That range is judged at its own end: what came later is
    /// not read, so that both had the same time to become.
    pub(super) fn compare(&self, comparison: &Comparison) -> Result<Measured> {
        let before = match comparison.against() {
            Against::Column { .. } => None,
            Against::Previous => {
                let (Some(Time(since)), Some(Time(until))) = (self.since, self.until) else {
                    return Err(Error::Usage("which range is compared? name it with --since and --until".into()));
                };
                Some([calendar::range_before(since, until, &self.zone.0), since])
            }
        };
        let now = [self.since, self.until].map(|time| time.map(|time| time.0));
        self.compare_ranges(comparison, before, now)
    }

    /// Compares rates of two ranges, or of two versions of the store.
    pub(super) fn compare_two(&self, two: &Two, rates: &[&str], reading: &Reading) -> Result<Measured> {
        match two {
            Two::Ranges(first, second) => {
                let range = |[since, until]: &[String; 2]| -> Result<[i64; 2]> {
                    let [Time(since), Time(until)] = [instant(since, &self.zone)?, instant(until, &self.zone)?];
                    if since >= until {
                        return Err(Error::Usage("a range that is compared begins before it ends".into()));
                    }
                    Ok([since, until])
                };
                let comparison = Comparison::of_rates(Against::Previous, rates)?;
                self.compare_ranges(&comparison, Some(range(first)?), range(second)?.map(Some))
            }
            Two::Versions(first, _) => {
                let first = Reading { as_of: Some(first.clone()), ..reading.clone() }.open()?;
                let [earlier, later] = [&first, self].map(|opened| opened.snapshot.version());
                if earlier > later {
                    return Err(Error::Usage(format!(
                        "version {earlier} is newer than version {later}: name the earlier one first"
                    )));
                }
                let asks = revision::asks(rates)?;
                let (now, before) = (self.answer(&asks)?, first.answer(&asks)?);
                let ended = first.snapshot.horizon().map(|_| first.day_of(first.settings.horizon));
                let known = first.snapshot.version();
                let commits = self.store.log()?.into_iter().filter(|commit| commit.version > known);
                let mut steps: Vec<Step> = commits
                    .map(|commit| Step {
                        version: commit.version,
                        at: commit.at.unwrap_or_default(),
                        operation: commit.operation,
                        taken: commit.ledger.map(|ledger| [ledger.accepted, ledger.rejected, ledger.stored]),
                    })
                    .collect();
                steps.reverse();
                revision::of(rates, &Answers::new(&before), &Answers::new(&now), ended.as_deref(), &steps)
            }
        }
    }

    fn compare_ranges(
        &self,
        comparison: &Comparison,
        before: Option<[i64; 2]>,
        [since, until]: [Option<i64>; 2],
    ) -> Result<Measured> {
        let asks = comparison.asks();
        let answer = |since, until| {
            let settings = Settings::new(&self.config, &self.snapshot, since, until);
            let scope = Scope { settings: &settings, ..self.scope() };
            crate::metrics::answer(&self.snapshot, &scope, &asks)
        };
        let earlier = before.map(|[since, until]| answer(Some(since), Some(until))).transpose()?.unwrap_or_default();
        let now = answer(since, until)?;
        let mut measured = comparison.of(&Answers::new(&now), &Answers::new(&earlier))?;
        if let (Some(range), Some(table)) = (before, measured.tables.first_mut()) {
            let [begin, end] = range.map(|at| Value::Text(self.civil(at)));
            table.notes.insert(0, Message::of("comparison-range").with("begin", begin).with("end", end));
        }
        Ok(measured)
    }

    /// The day of an instant, as breakdowns by day write it.
    fn day_of(&self, at: i64) -> String {
        let mut calendar = Calendar::new(self.zone.0.clone(), calendar::part("day").unwrap_or("%Y-%m-%d"));
        let number = calendar.number(at);
        calendar.text(number).unwrap_or_default().to_owned()
    }

    /// An instant in the zone; a day where one begins.
    fn civil(&self, at: i64) -> String {
        let zoned = jiff::Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(self.zone.0.clone());
        let is_whole = zoned.start_of_day().is_ok_and(|start| start == zoned);
        zoned.strftime(if is_whole { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" }).to_string()
    }
}

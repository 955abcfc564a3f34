//! Silence: events that fail to come from where they used to.
//!
//! The window up to the end of what is known is held against the same window of the weeks before, so that a quiet Sunday is
//! held against Sundays. All other windows of these weeks tell how far such counts scatter.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{Figures, Finding, Findings, Judged, Kind, Night, State, Verdict};
use crate::config::Alert;
use crate::config::alert::Condition;
use crate::error::{Error, Result};
use crate::rate::as_f64;
use crate::statistics::dispersion::CountOfDay;
use crate::store::words::NULL;
use crate::store::{Reading, schema};

/// A week in microseconds.
const WEEK: i64 = 7 * 86_400 * crate::event::SECOND;

/// Refuses columns that events do not have.
pub(super) fn check(alert: &Alert) -> Result<()> {
    if !matches!(alert.condition, Condition::Silent { .. }) {
        return Ok(());
    }
    let known = || schema::WORDS.iter().map(|word| (*word).to_owned()).collect();
    match alert.by.iter().chain(alert.only.keys()).find(|column| !schema::WORDS.contains(&column.as_str())) {
        None => Ok(()),
        Some(name) => Err(Error::Unknown { what: "column of events", name: name.clone(), known: known() }),
    }
}

/// Judges every window that has moved on by half its length since the last time.
pub(super) fn judge(night: &Night<'_>, state: &State, findings: &mut Findings) -> Result<()> {
    for alert in &night.config.alert {
        let Condition::Silent { window, weeks, least } = alert.condition else { continue };
        let Some(end) = end(night, window.0) else { continue };
        let known: Option<Timestamp> = state.judged(&alert.name).and_then(|end| end.parse().ok());
        if known.is_some_and(|known| end < known.as_microsecond().saturating_add(window.0 / 2)) {
            continue;
        }
        let Some(windows) = Windows::new(end, window.0, weeks, &night.config.report.zone.0) else { continue };
        let period = Timestamp::from_microsecond(end).map(|end| end.to_string()).unwrap_or_default();
        for (segment, counts) in count(night, alert, &windows)? {
            let Some(figures) = windows.figures(&counts) else { continue };
            let expected = figures.expected.unwrap_or_default();
            // Fewer by less than what matters clears the alert, however surely they are fewer.
            let is_fewer = as_f64(figures.numerator) <= expected * (1.0 - least);
            let verdict = if is_fewer { Verdict::Untested } else { Verdict::Within };
            let (name, period) = (alert.name.clone(), period.clone());
            findings.found.push(Finding { name, kind: Kind::Silent, segment, period, figures, verdict });
        }
        // Where all weeks are silent, nothing is to be expected any more.
        findings.judged.push(Judged { name: alert.name.clone(), forgets_before: period.clone(), period });
    }
    Ok(())
}

/// The end of the window that is judged: the log's, as logs come late; but if it ended longer ago than the window is long,
/// everything is silent, and it is the clock's.
fn end(night: &Night<'_>, window: i64) -> Option<i64> {
    let horizon = night.horizon()?;
    let now = night.until.map_or(night.now, |until| until.min(night.now));
    Some(if now.saturating_sub(horizon) >= window { now } else { horizon })
}

/// Windows of equal length, week by week, from the newest back.
struct Windows {
    /// When the newest window of each week ends, this week first. Microseconds.
    ends: Vec<i64>,
    length: i64,
    per_week: usize,
}

/// The events of one segment in each window, by week and place in it.
struct Counts {
    first: i64,
    of_window: Vec<u64>,
}

impl Windows {
    fn new(end: i64, length: i64, weeks: u32, zone: &TimeZone) -> Option<Self> {
        let zoned = Timestamp::from_microsecond(end).ok()?.to_zoned(zone.clone());
        // By the zone's clock: what comes at nine comes at nine in summer too.
        let ends = (0..=weeks).map(|week| {
            let end = zoned.checked_sub(i64::from(week).weeks()).ok()?;
            Some(end.timestamp().as_microsecond())
        });
        let per_week = usize::try_from(WEEK / length.max(1)).ok()?;
        Some(Self { ends: ends.collect::<Option<_>>()?, length, per_week })
    }

    /// Where the oldest week begins.
    fn begin(&self) -> i64 {
        self.ends.last().map_or(i64::MIN, |end| end - WEEK)
    }

    /// The place of the window with this instant. Windows include their end, as events at the log's last instant do.
    fn place(&self, at: i64) -> Option<usize> {
        let week = self.ends.partition_point(|end| *end >= at).checked_sub(1)?;
        let age = self.ends.get(week)? - at;
        let window = usize::try_from(age / self.length).ok().filter(|window| *window < self.per_week)?;
        Some(week * self.per_week + window)
    }

    /// What the newest window says, held against the others; `None` where nothing was to be expected.
    fn figures(&self, counts: &Counts) -> Option<Figures> {
        // Before a segment's first event nobody knows whether it was there at all.
        let is_known = |week: usize, window: usize| {
            let length = self.length.saturating_mul(i64::try_from(window).unwrap_or(i64::MAX).saturating_add(1));
            self.ends.get(week).is_some_and(|end| end.saturating_sub(length) >= counts.first)
        };
        let of_window = |window: usize| -> Vec<u64> {
            let weeks = (1..self.ends.len()).filter(|week| is_known(*week, window));
            weeks.filter_map(|week| counts.of_window.get(week * self.per_week + window).copied()).collect()
        };
        let groups: Vec<Vec<u64>> = (0..self.per_week).map(of_window).collect();
        let day = CountOfDay::of(&groups, 0)?;
        let count = counts.of_window.first().copied().unwrap_or_default();
        Some(Figures {
            numerator: count,
            expected: Some(day.mean),
            expected_range: Some(day.range()),
            p: Some(day.tail_below(count)),
            ..Figures::default()
        })
    }
}

/// Columns with their values.
type Segment = BTreeMap<String, Option<String>>;

/// Events by segment and window.
fn count(night: &Night<'_>, alert: &Alert, windows: &Windows) -> Result<BTreeMap<Segment, Counts>> {
    let columns: Vec<&str> = alert.by.iter().chain(alert.only.keys()).map(String::as_str).collect();
    let n_windows = windows.ends.len() * windows.per_week;
    let until = windows.ends.first().map(|end| end.saturating_add(1));
    let reading = Reading { columns: &columns, since: Some(windows.begin()), until };
    let tallies = night.snapshot.fold(&reading, BTreeMap::new, |tally: &mut BTreeMap<Segment, Counts>, shard| {
        let words: Vec<_> = columns.iter().map(|column| shard.words(column)).collect();
        // Codes are the shard's own; texts are looked up once for each.
        let mut of_codes: BTreeMap<Vec<u32>, Counts> = BTreeMap::new();
        for (row, &at) in shard.at().iter().enumerate() {
            let Some(place) = windows.place(at) else { continue };
            let codes = words.iter().map(|(codes, _)| codes.get(row).copied().unwrap_or(NULL)).collect();
            let counts = of_codes.entry(codes).or_insert_with(|| Counts::none(n_windows));
            counts.first = counts.first.min(at);
            if let Some(count) = counts.of_window.get_mut(place) {
                *count += 1;
            }
        }
        for (codes, counts) in of_codes {
            let texts = codes.iter().zip(&words).map(|(&code, (_, words))| words.get(code).map(str::to_owned));
            let segment = columns.iter().map(|column| (*column).to_owned()).zip(texts).collect();
            tally.entry(segment).or_insert_with(|| Counts::none(n_windows)).add(&counts);
        }
        Ok(())
    })?;
    let mut found: BTreeMap<Segment, Counts> = BTreeMap::new();
    for (segment, counts) in tallies.into_iter().flatten() {
        let is_meant =
            |(column, value): (&String, &String)| segment.get(column).and_then(Option::as_ref) == Some(value);
        if alert.only.iter().all(is_meant) {
            found.entry(segment).or_insert_with(|| Counts::none(n_windows)).add(&counts);
        }
    }
    Ok(found)
}

impl Counts {
    fn none(n_windows: usize) -> Self {
        Self { first: i64::MAX, of_window: vec![0; n_windows] }
    }

    fn add(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.of_window.iter_mut().zip(&other.of_window).for_each(|(count, other)| *count += other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_at_the_same_time_of_every_week_whatever_the_clock_does() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let hour = 3_600 * crate::event::SECOND;
        // On 29 March the clock goes forward: nine o'clock is 8:00 UTC before and 7:00 UTC after.
        let windows = Windows::new(at("2026-04-01T07:00:00Z"), 6 * hour, 4, &zone).unwrap();
        assert_eq!(windows.per_week, 28);
        assert_eq!(windows.place(at("2026-04-01T07:00:00Z")), Some(0));
        assert_eq!(windows.place(at("2026-04-01T01:00:01Z")), Some(0));
        assert_eq!(windows.place(at("2026-04-01T01:00:00Z")), Some(1));
        assert_eq!(windows.place(at("2026-03-25T08:00:00Z")), Some(28));
        assert_eq!(windows.place(at("2026-04-01T07:00:01Z")), None);
    }

    #[test]
    fn weeks_before_the_first_event_are_no_history() {
        let day = 86_400 * crate::event::SECOND;
        let windows = Windows::new(100 * day, day, 8, &TimeZone::UTC).unwrap();
        let mut of_window = vec![40; 9 * 7];
        of_window[0] = 0;
        let counts = |first: i64| Counts { first, of_window: of_window.clone() };
        let found = windows.figures(&counts(0)).unwrap();
        assert!(found.p.unwrap() < 1e-4, "{found:?}");
        assert_eq!(windows.figures(&counts(100 * day - 3 * WEEK)), None, "two weeks say nothing");
    }
}

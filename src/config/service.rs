//! `[service]`: when people are there to answer, and how soon a contact who comes back was not helped.
//!
//! Turns spans of time into the part of them that lies inside business hours. Reads no clock and knows no conversation.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time as Clock, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, de::Error};

use super::{Window, Zone};

/// `[service]`: business hours and the window of call-backs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Time zone in which the hours hold. It has to be named where hours are.
    pub zone: Option<Zone>,
    /// Hours of each weekday; without any there is no business time.
    pub monday: Day,
    /// See `monday`.
    pub tuesday: Day,
    /// See `monday`.
    pub wednesday: Day,
    /// See `monday`.
    pub thursday: Day,
    /// See `monday`.
    pub friday: Day,
    /// See `monday`.
    pub saturday: Day,
    /// See `monday`.
    pub sunday: Day,
    /// Days on which nobody is there.
    pub holidays: Holidays,
    /// Who writes again so soon after a conversation was not helped by it. Default three times the session gap.
    pub callback: Option<Window>,
}

/// The hours of a weekday, such as `["09:00-12:30", "13:30-17:00"]`: in order, without overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day(Vec<Hours>);

/// Days written `2026-12-25`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays(BTreeSet<Date>);

/// From one time of the day to another, which may be midnight at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hours {
    from: Clock,
    /// `None` is midnight.
    to: Option<Clock>,
}

impl Hours {
    fn parse(text: &str) -> Result<Self, String> {
        let hint = || format!("'{text}' are no hours of a day; write '09:00-17:30'");
        let clock = |text: &str| text.trim().parse::<Clock>().map_err(|_| hint());
        let (from, to) = text.split_once('-').ok_or_else(hint)?;
        let from = clock(from)?;
        let to = if to.trim() == "24:00" { None } else { Some(clock(to)?) };
        if to.is_some_and(|to| to <= from) {
            return Err(format!(
                "'{text}' end before they begin; hours past midnight are those of two days: write 'HH:MM-24:00', and '00:00-HH:MM' on the next"
            ));
        }
        Ok(Self { from, to })
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts: Vec<String> = Vec::deserialize(deserializer)?;
        let hours = texts.iter().map(|text| Hours::parse(text).map(|hours| (hours, text)));
        let mut hours: Vec<(Hours, &String)> = hours.collect::<Result<_, _>>().map_err(D::Error::custom)?;
        hours.sort_by_key(|(hours, _)| hours.from);
        for (before, after) in hours.iter().zip(hours.iter().skip(1)) {
            if before.0.to.is_none_or(|to| to > after.0.from) {
                return Err(D::Error::custom(format!("the hours '{}' and '{}' overlap", before.1, after.1)));
            }
        }
        Ok(Self(hours.into_iter().map(|(hours, _)| hours).collect()))
    }
}

impl<'de> Deserialize<'de> for Holidays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts: Vec<String> = Vec::deserialize(deserializer)?;
        let date = |text: &String| {
            text.parse::<Date>().map_err(|_| D::Error::custom(format!("'{text}' is no day; write '2026-12-25'")))
        };
        texts.iter().map(date).collect::<Result<_, _>>().map(Self)
    }
}

/// Business hours over a range of time, in order, with the business time before each.
#[derive(Clone, Debug)]
pub struct Timetable(Vec<Opening>);

#[derive(Clone, Copy, Debug)]
struct Opening {
    opens: i64,
    closes: i64,
    before: i64,
}

impl Timetable {
    /// How much of the time between two instants of the range lies inside business hours; all in microseconds.
    #[must_use]
    pub fn business_time(&self, from: i64, to: i64) -> i64 {
        self.until(to) - self.until(from)
    }

    /// Business time from the beginning of the range.
    fn until(&self, at: i64) -> i64 {
        let begun = self.0.partition_point(|opening| opening.opens <= at);
        let last = begun.checked_sub(1).and_then(|place| self.0.get(place));
        last.map_or(0, |opening| opening.before + at.min(opening.closes) - opening.opens)
    }
}

impl Service {
    /// Whether business hours are known.
    fn has_hours(&self) -> bool {
        self.week().iter().any(|day| !day.0.is_empty())
    }

    /// How soon after the end of a conversation a contact has to come back to call back, in microseconds.
    #[must_use]
    pub fn callback(&self, session_gap: Window) -> i64 {
        self.callback.map_or(session_gap.0.saturating_mul(3), |callback| callback.0)
    }

    /// The business hours from one instant to another, both in microseconds; `None` if there are none.
    #[must_use]
    pub fn timetable(&self, from: i64, to: i64) -> Option<Timetable> {
        let zone = &self.zone.as_ref().filter(|_| self.has_hours())?.0;
        let (mut day, last) = date(from, zone).zip(date(to, zone))?;
        let (mut openings, mut before) = (Vec::new(), 0);
        // Where the clock is put forward, a time that it skips can lie behind the next one that it shows.
        let mut free_from = i64::MIN;
        while day <= last {
            // Where a zone changes sides of the date line, a day never comes.
            let comes = instant(day.to_datetime(Clock::midnight()), zone).and_then(|begins| date(begins, zone));
            let hours = if comes == Some(day) { self.hours(day) } else { &[] };
            for hours in hours {
                let Some((opens, closes)) = hours.on(day, zone) else { continue };
                let opens = opens.max(free_from);
                free_from = closes.max(free_from);
                if opens < closes {
                    openings.push(Opening { opens, closes, before });
                    before += closes - opens;
                }
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Some(Timetable(openings))
    }

    /// Refuses what contradicts itself, in words.
    pub(super) fn contradiction(&self, session_gap: Window) -> Option<String> {
        if self.has_hours() && self.zone.is_none() {
            return Some("[service] has hours, but no zone in which they hold; write zone = \"Europe/Berlin\"".into());
        }
        (self.callback(session_gap) <= session_gap.0).then(|| {
            "service.callback is not longer than windows.session_gap, so nobody could ever call back within it".into()
        })
    }

    /// The hours of a day.
    fn hours(&self, day: Date) -> &[Hours] {
        if self.holidays.0.contains(&day) {
            return &[];
        }
        let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = self.week();
        let of_weekday = match day.weekday() {
            Weekday::Monday => monday,
            Weekday::Tuesday => tuesday,
            Weekday::Wednesday => wednesday,
            Weekday::Thursday => thursday,
            Weekday::Friday => friday,
            Weekday::Saturday => saturday,
            Weekday::Sunday => sunday,
        };
        &of_weekday.0
    }

    fn week(&self) -> [&Day; 7] {
        [&self.monday, &self.tuesday, &self.wednesday, &self.thursday, &self.friday, &self.saturday, &self.sunday]
    }
}

impl Hours {
    /// When they begin and end on a day, in microseconds.
    fn on(self, day: Date, zone: &TimeZone) -> Option<(i64, i64)> {
        let closes = match self.to {
            Some(to) => day.to_datetime(to),
            None => day.checked_add(1.day()).ok()?.to_datetime(Clock::midnight()),
        };
        Some((instant(day.to_datetime(self.from), zone)?, instant(closes, zone)?))
    }
}

/// The day that clocks of the zone show at an instant.
fn date(at: i64, zone: &TimeZone) -> Option<Date> {
    Some(zone.to_datetime(Timestamp::from_microsecond(at).ok()?).date())
}

fn instant(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    Some(zone.to_timestamp(civil).ok()?.as_microsecond())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;
    use crate::event::{SECOND, Time};

    const WEEK: &str = r#"[service]
zone = "Europe/Berlin"
monday = ["13:30-17:00", "09:00-12:30"]
tuesday = ["09:00-17:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-02:30", "03:00-24:00"]
holidays = ["2026-03-03"]
"#;

    fn service(text: &str) -> Service {
        Config::parse(text, Path::new("trichter.toml")).unwrap().service
    }

    fn refused(text: &str) -> String {
        Config::parse(text, Path::new("trichter.toml")).unwrap_err().to_string()
    }

    /// Business seconds between two times of clocks in Berlin.
    fn seconds(service: &Service, from: &str, to: &str) -> i64 {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| Time::parse(text, Some(&zone)).unwrap().0;
        let timetable = service.timetable(at(from), at(to)).unwrap();
        timetable.business_time(at(from), at(to)) / SECOND
    }

    #[test]
    fn time_counts_inside_the_hours_only() {
        let service = service(WEEK);
        // A Monday: from 8:00 to 10:00 an hour, over the noon break from 12:00 to 14:00 an hour, the whole day 3.5 + 3.5 h.
        assert_eq!(seconds(&service, "2026-03-02T08:00", "2026-03-02T10:00"), 3_600);
        assert_eq!(seconds(&service, "2026-03-02T12:00", "2026-03-02T14:00"), 3_600);
        assert_eq!(seconds(&service, "2026-03-02T00:00", "2026-03-03T00:00"), 7 * 3_600);
        // From its last hour over the holiday after it, and three days without hours, into Saturday: an hour and ten minutes.
        assert_eq!(seconds(&service, "2026-03-02T16:00", "2026-03-07T00:10"), 4_200);
        // The Tuesday a week later is no holiday.
        assert_eq!(seconds(&service, "2026-03-10T00:00", "2026-03-11T00:00"), 8 * 3_600);
    }

    #[test]
    fn days_on_which_the_clock_changes_have_the_hours_that_passed() {
        let service = service(WEEK);
        // On 2026-03-29 clocks go from 2:00 to 3:00: 2:30 never comes, and the day has 23 hours. On 2026-10-25 they go back
        // from 3:00 to 2:00, and 2:30, which comes twice, is the first: 25 hours but the 90 minutes from there to 3:00.
        assert_eq!(seconds(&service, "2026-03-29T00:00", "2026-03-30T00:00"), 23 * 3_600);
        assert_eq!(seconds(&service, "2026-10-25T00:00", "2026-10-26T00:00"), 25 * 3_600 - 5_400);
        assert_eq!(seconds(&service, "2026-03-28T12:00", "2026-03-29T12:00"), 23 * 3_600);
    }

    #[test]
    fn a_day_that_never_came_has_no_hours() {
        // Samoa went from Thursday, 29 December 2011, to Saturday, 31 December.
        let hours = "friday = [\"09:00-17:00\"]\nsaturday = [\"10:00-12:00\"]\nthursday = [\"20:00-24:00\"]\n";
        let service = service(&format!("[service]\nzone = \"Pacific/Apia\"\n{hours}"));
        let zone = TimeZone::get("Pacific/Apia").unwrap();
        let at = |text: &str| Time::parse(text, Some(&zone)).unwrap().0;
        let [from, to] = ["2011-12-29T00:00", "2012-01-01T00:00"].map(at);
        let timetable = service.timetable(from, to).unwrap();
        assert_eq!(timetable.business_time(from, to) / SECOND, 6 * 3_600);
        assert_eq!(timetable.business_time(at("2011-12-31T11:00"), to) / SECOND, 3_600);
    }

    #[test]
    fn without_hours_there_is_no_business_time() {
        assert!(Service::default().timetable(0, 1).is_none());
    }

    #[test]
    fn hours_that_cannot_be_are_refused_with_their_line() {
        for (text, line, words) in [
            ("[service]\nzone = \"UTC\"\nmonday = [\"9-17\"]\n", ":3", "write '09:00-17:30'"),
            ("[service]\nzone = \"UTC\"\nfriday = [\"17:00-09:00\"]\n", ":3", "end before they begin"),
            ("[service]\nmonday = [\"09:00-12:00\", \"11:00-13:00\"]\n", ":2", "overlap"),
            ("[service]\nmonday = [\"09:00-24:00\", \"23:00-23:30\"]\n", ":2", "overlap"),
            ("[service]\nholidays = [\"25.12.2026\"]\n", ":2", "write '2026-12-25'"),
            ("[service]\nmoday = [\"09:00-12:00\"]\n", ":2", "monday"),
            ("[service]\nmonday = [\"09:00-12:00\"]\n", "", "no zone in which they hold"),
            ("[service]\ncallback = \"24h\"\n", "", "not longer than windows.session_gap"),
        ] {
            let message = refused(text);
            assert!(message.contains(&format!("trichter.toml{line}")) && message.contains(words), "{text}{message}");
        }
    }

    proptest! {
        #[test]
        fn business_time_adds_up_and_is_never_more_than_the_time(
            start in 1_770_000_000_i64..1_800_000_000, first in 0_i64..2_000_000, second in 0_i64..2_000_000,
        ) {
            let service = service(WEEK);
            let [from, middle, to] = [start, start + first, start + first + second].map(|at| at * SECOND);
            let timetable = service.timetable(from, to).unwrap();
            let whole = timetable.business_time(from, to);
            let parts = timetable.business_time(from, middle) + timetable.business_time(middle, to);
            prop_assert_eq!(whole, parts);
            prop_assert!((0..=to - from).contains(&whole));
        }
    }
}

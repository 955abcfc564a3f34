//! Periods: days and weeks of a zone as dates, and which of them are over.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::config::alert::Period;

/// The part of time by which a metric is broken down.
pub(super) fn column(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Week => "week",
    }
}

/// The first day of a period, as breakdowns write it: `2026-05-04`, `2026-W19`.
pub(super) fn parse(period: Period, text: &str) -> Option<Date> {
    match period {
        Period::Day => text.parse().ok(),
        Period::Week => {
            let (year, week) = text.split_once("-W")?;
            let monday = ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday).ok()?;
            Some(monday.date())
        }
    }
}

/// A period by its first day, as breakdowns write it.
pub(super) fn text(period: Period, first: Date) -> String {
    match period {
        Period::Day => first.to_string(),
        Period::Week => first.strftime("%G-W%V").to_string(),
    }
}

/// The first day of the newest period that was over at the instant.
pub(super) fn newest(period: Period, at: i64, zone: &TimeZone) -> Option<Date> {
    let today = Timestamp::from_microsecond(at).ok()?.to_zoned(zone.clone()).date();
    match period {
        Period::Day => today.yesterday().ok(),
        Period::Week => {
            let monday = today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
            before(monday, 1)
        }
    }
}

/// The day so many weeks earlier.
pub(super) fn before(day: Date, weeks: u32) -> Option<Date> {
    day.checked_sub(i64::from(weeks).weeks()).ok()
}

/// When a day begins, in microseconds.
pub(super) fn begins(day: Date, zone: &TimeZone) -> Option<i64> {
    day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_over_when_its_last_instant_is() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        for (instant, day, week) in [
            // Monday, 4 May 2026 begins in Berlin at 22:00 UTC.
            ("2026-05-03T21:59:59Z", "2026-05-02", "2026-W17"),
            ("2026-05-03T22:00:00Z", "2026-05-03", "2026-W18"),
            ("2026-01-01T12:00:00Z", "2025-12-31", "2025-W52"),
        ] {
            let of = |period| text(period, newest(period, at(instant), &berlin).unwrap());
            assert_eq!([of(Period::Day), of(Period::Week)], [day, week], "{instant}");
        }
    }

    #[test]
    fn periods_read_as_they_are_written() {
        for (period, written) in [(Period::Day, "2026-05-04"), (Period::Week, "2026-W01"), (Period::Week, "2020-W53")] {
            assert_eq!(text(period, parse(period, written).unwrap()), written);
        }
        assert_eq!(parse(Period::Week, "2026-W60"), None);
        assert_eq!(parse(Period::Day, "2026-W01"), None);
    }
}

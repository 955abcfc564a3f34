//! Time in a zone: the day, week, month, year, weekday and hour of an instant as text, when months begin, and the range before a
//! range.

use hashbrown::HashMap;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::event::SECOND;

/// Parts of time by which everything can be broken down, and how they are written.
pub const PARTS: &[(&str, &str)] =
    &[("day", "%Y-%m-%d"), ("week", "%G-W%V"), ("month", "%Y-%m"), ("year", "%Y"), ("weekday", "%u"), ("hour", "%H")];

/// Since 1972 time zones differ by multiples of a quarter of an hour, so no day begins inside one. No event is older.
const QUARTER: i64 = 900 * SECOND;

/// How the part of time with this name is written; `None` if there is none.
#[must_use]
pub fn part(name: &str) -> Option<&'static str> {
    PARTS.iter().find(|(part, _)| *part == name).map(|(_, format)| *format)
}

/// Where the range right before this one begins. Before whole months of the zone lie as many months, before whole days as many
/// days, however many hours they have; before anything else lies the same elapsed time.
#[must_use]
pub fn range_before(since: i64, until: i64, zone: &TimeZone) -> i64 {
    let elapsed = since.saturating_sub(until.saturating_sub(since));
    let begin = || {
        let (from, to) = (whole_day(since, zone)?, whole_day(until, zone)?);
        let months = i32::from(to.year() - from.year()) * 12 + i32::from(to.month() - from.month());
        let span = if from.day() == 1 && to.day() == 1 { months.months() } else { from.until(to).ok()? };
        start(from.checked_sub(span).ok()?, zone)
    };
    begin().unwrap_or(elapsed)
}

/// The day that begins at the instant, if one does.
fn whole_day(at: i64, zone: &TimeZone) -> Option<Date> {
    let day = Timestamp::from_microsecond(at).ok()?.to_zoned(zone.clone()).date();
    (start(day, zone)? == at).then_some(day)
}

fn start(day: Date, zone: &TimeZone) -> Option<i64> {
    day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp().as_microsecond())
}

/// Numbers the values of one part of time, so that instants can be counted by them.
#[derive(Debug)]
pub struct Calendar {
    zone: TimeZone,
    format: &'static str,
    texts: Vec<String>,
    of_text: HashMap<String, u32>,
    of_quarter: HashMap<i64, u32>,
}

impl Calendar {
    /// A part of time, in the format of [`part`].
    #[must_use]
    pub fn new(zone: TimeZone, format: &'static str) -> Self {
        Self { zone, format, texts: Vec::new(), of_text: HashMap::new(), of_quarter: HashMap::new() }
    }

    /// The number of the instant's value. Numbers count from 0 in order of first appearance.
    pub fn number(&mut self, at: i64) -> u32 {
        let Self { zone, format, texts, of_text, of_quarter } = self;
        *of_quarter.entry(at.div_euclid(QUARTER)).or_insert_with(|| {
            let timestamp = Timestamp::from_microsecond(at).unwrap_or_default();
            let text = timestamp.to_zoned(zone.clone()).strftime(*format).to_string();
            *of_text.entry(text).or_insert_with_key(|text| {
                texts.push(text.clone());
                u32::try_from(texts.len() - 1).unwrap_or(u32::MAX)
            })
        })
    }

    /// The value of a number.
    #[must_use]
    pub fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(String::as_str)
    }

    /// The values, in the order of their numbers.
    #[must_use]
    pub fn into_texts(self) -> Vec<String> {
        self.texts
    }
}

/// The months from that of one instant to that of another, with both: when each begins, and how it is written. Microseconds.
#[must_use]
pub fn months(zone: &TimeZone, from: i64, to: i64) -> Vec<(i64, String)> {
    let timestamp = |at| Timestamp::from_microsecond(at).unwrap_or_default();
    let mut months = Vec::new();
    let mut month = timestamp(from).to_zoned(zone.clone()).date().first_of_month();
    while let Ok(begins) = month.to_zoned(zone.clone())
        && begins.timestamp() <= timestamp(to)
    {
        months.push((begins.timestamp().as_microsecond(), month.strftime("%Y-%m").to_string()));
        let Ok(next) = month.checked_add(1.month()) else { break };
        month = next;
    }
    months
}

/// The days, weeks (from Monday) or months that lie wholly between two instants: how each is written, when it begins and when
/// the next one does. `part` is one of [`PARTS`]. Microseconds.
#[must_use]
pub fn periods(zone: &TimeZone, name: &str, from: i64, to: i64) -> Vec<(String, i64, i64)> {
    let (Some(format), Ok(first)) = (part(name), Timestamp::from_microsecond(from)) else { return Vec::new() };
    let day = first.to_zoned(zone.clone()).date();
    let (begin, step) = match name {
        "week" => (day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()), 7.days()),
        "month" => (Ok(day.first_of_month()), 1.month()),
        _ => (Ok(day), 1.day()),
    };
    let mut periods = Vec::new();
    let Ok(mut begin) = begin else { return periods };
    while let Ok(end) = begin.checked_add(step)
        && let (Some(since), Some(until)) = (start(begin, zone), start(end, zone))
        && until <= to
    {
        if since >= from {
            periods.push((begin.strftime(format).to_string(), since, until));
        }
        begin = end;
    }
    periods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_whole_months_and_days_lie_as_many_of_them_whatever_their_length() {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
        let instant = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let at =
            |text: &str| if text.len() == 10 { start(text.parse().unwrap(), &zone).unwrap() } else { instant(text) };
        for (since, until, expected) in [
            ("2026-03-01", "2026-04-01", "2026-02-01"),
            ("2026-04-01", "2026-07-01", "2026-01-01"),
            ("2026-01-01", "2027-01-01", "2025-01-01"),
            ("2024-03-01", "2024-04-01", "2024-02-01"),
            ("2026-01-01", "2026-02-01", "2025-12-01"),
            // The clock goes forward on 29 March and back on 25 October: weeks of 167 and 169 hours.
            ("2026-03-30", "2026-04-06", "2026-03-23"),
            ("2026-03-23", "2026-03-30", "2026-03-16"),
            ("2026-10-26", "2026-11-02", "2026-10-19"),
            ("2026-03-02", "2026-04-02", "2026-01-30"),
            ("2026-03-30", "2026-03-31", "2026-03-29"),
            // Twelve hours are twelve hours.
            ("2026-03-29T06:00:00Z", "2026-03-29T18:00:00Z", "2026-03-28T18:00:00Z"),
            ("2026-03-30", "2026-04-06T01:00:00Z", "2026-03-22T19:00:00Z"),
        ] {
            let found = range_before(at(since), at(until), &zone);
            let found = Timestamp::from_microsecond(found).unwrap().to_zoned(zone.clone());
            assert_eq!(found.timestamp().as_microsecond(), at(expected), "{since} {until}: {found}");
        }
    }

    #[test]
    fn months_begin_at_midnight_of_the_zone() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let months = months(&berlin, at("2026-02-28T23:30:00Z"), at("2026-03-31T22:00:00Z"));
        let expected = [("2026-02-28T23:00:00Z", "2026-03"), ("2026-03-31T22:00:00Z", "2026-04")];
        assert_eq!(months, expected.map(|(begins, name)| (at(begins), name.to_owned())));
    }

    #[test]
    fn periods_lie_wholly_between_two_instants() {
        let zone = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let names = |part: &str, from: &str, to: &str| -> Vec<String> {
            periods(&zone, part, at(from), at(to)).into_iter().map(|(name, ..)| name).collect()
        };
        assert_eq!(names("month", "2026-01-31T23:00:00Z", "2026-05-01T00:00:00Z"), ["2026-02", "2026-03", "2026-04"]);
        assert_eq!(names("month", "2026-01-31T23:00:01Z", "2026-03-31T21:59:59Z"), Vec::<String>::new());
        assert_eq!(names("week", "2025-12-28T23:00:00Z", "2026-01-05T00:00:00Z"), ["2026-W01"]);
        let spring = periods(&zone, "day", at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"));
        assert_eq!(spring.len(), 1);
        assert_eq!(spring[0].2 - spring[0].1, 23 * 3600 * SECOND);
        assert!(names("hour", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z").is_empty());
    }
}

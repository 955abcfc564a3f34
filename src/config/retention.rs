//! `[retention]`: how long what is known is kept. Rules go by months, because the store does: a month is gone once all of it is
//! older than the rule says.

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use serde::{Deserialize, Deserializer};

use crate::event::Time;

/// `[retention]`. Without a rule nothing is removed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// How long events are kept, written `24 months`. With them goes what they say about permission: an opt-out, too.
    pub events: Option<Age>,
    /// How long answers are kept that may be somebody's words: all but taps, states of payments and the evidence of
    /// permission. The events themselves stay.
    pub answers: Option<Age>,
}

impl Retention {
    /// Whether it has a rule.
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.events.is_some() || self.answers.is_some()
    }
}

/// A length of time by the calendar: `90 days`, `6 months`, `2 years`.
#[derive(Clone, Copy, Debug)]
pub struct Age(Span);

impl Age {
    /// Reads `90 days`, `8 weeks`, `6 months`, `2 years` and their sums.
    ///
    /// # Errors
    /// The text is no length of time, has parts of a day, or is not longer than zero.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("'{text}' is no age; write 90 days, 6 months or 2 years");
        let span: Span = text.parse().map_err(|_| refused())?;
        let has_parts_of_a_day = span.get_hours() != 0
            || span.get_minutes() != 0
            || span.get_seconds() != 0
            || span.get_milliseconds() != 0
            || span.get_microseconds() != 0
            || span.get_nanoseconds() != 0;
        if has_parts_of_a_day || !span.is_positive() {
            return Err(refused());
        }
        Ok(Self(span))
    }

    /// The first month that is not wholly older at this instant, in UTC: `2026-05`.
    #[must_use]
    pub fn first_month(self, now: Time) -> String {
        let today = Timestamp::from_microsecond(now.0).unwrap_or_default().to_zoned(TimeZone::UTC).date();
        today.checked_sub(self.0).unwrap_or(Date::MIN).strftime("%Y-%m").to_string()
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_done_with_when_all_of_it_is_older() {
        let at = |text: &str| Time(text.parse::<Timestamp>().unwrap().as_microsecond());
        let first = |age: &str, now: &str| Age::parse(age).unwrap().first_month(at(now));
        assert_eq!(first("6 months", "2026-11-22T01:00:00Z"), "2026-05");
        assert_eq!(first("6 months", "2026-08-31T23:59:59Z"), "2026-02");
        assert_eq!(first("30 days", "2026-03-31T00:00:00Z"), "2026-03");
        assert_eq!(first("31 days", "2026-03-31T00:00:00Z"), "2026-02");
        assert_eq!(first("2 years", "2026-01-01T00:00:00Z"), "2024-01");
    }

    #[test]
    fn what_is_no_age_is_refused() {
        for text in ["", "6", "6 months 2 hours", "-1 month", "0 days", "forever"] {
            assert!(Age::parse(text).is_err(), "{text:?}");
        }
    }
}

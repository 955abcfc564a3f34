//! `[retention]`: how long what is known is kept. Rules go by months, because the store does: a month is gone once all of it is
//! older than the rule says.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::event::{Kind, Time};

/// `[retention]`. Without a rule nothing is removed.
///
/// There is no rule for each kind of event: a rate whose receipts are gone is wrong in either direction, without showing it. What may
/// outlive the rest is permission, because it is needed for as long as somebody might be written to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// How long events are kept, written `24 months`.
    pub events: Option<Age>,
    /// How long opt-ins and opt-outs are kept, where that is not as long as `events` says. Both, because a later opt-in takes an
    /// opt-out back.
    pub permission: Option<Keep>,
    /// How long answers are kept that may be somebody's words: all but taps, states of payments and the evidence of
    /// permission. The events themselves stay.
    pub answers: Option<Age>,
}

impl Retention {
    /// Whether it has a rule.
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.answers.is_some() || !self.told().is_empty()
    }

    /// What is removed from numbers, for whoever reads them: how long `events` are kept, and `permission` if that is another time.
    /// Empty if every event is kept.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let events = self.events.as_ref().map(ToString::to_string);
        let permission = self.permission.as_ref().map(ToString::to_string);
        let removes = events.is_some() || matches!(self.permission, Some(Keep::For(_)));
        let all = [("events", events), ("permission", permission)].into_iter().filter(|_| removes);
        all.filter_map(|(what, age)| Some((what.to_owned(), age?))).collect()
    }

    /// How long events of a kind are kept; `None` keeps them for good.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Option<&Age> {
        match self.permission.as_ref().filter(|_| PERMISSION.contains(&kind)) {
            Some(Keep::For(age)) => Some(age),
            Some(Keep::Forever) => None,
            None => self.events.as_ref(),
        }
    }
}

/// The kinds that say who may be written to.
pub const PERMISSION: [Kind; 3] = [Kind::OptedIn, Kind::OptedOutSoft, Kind::OptedOutHard];

/// How what has no age is written.
const FOREVER: &str = "forever";

/// How long something is kept.
#[derive(Clone, Debug)]
pub enum Keep {
    /// Until it is older than this.
    For(Age),
    /// For good; written `forever`.
    Forever,
}

impl fmt::Display for Keep {
    /// As it was written.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(age) => age.fmt(formatter),
            Self::Forever => formatter.write_str(FOREVER),
        }
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == FOREVER {
            return Ok(Self::Forever);
        }
        let refused = |message| D::Error::custom(format!("{message}, or '{FOREVER}'"));
        Age::parse(&text).map(Self::For).map_err(refused)
    }
}

/// A length of time by the calendar: `90 days`, `6 months`, `2 years`.
#[derive(Clone, Debug)]
pub struct Age {
    span: Span,
    /// As it was written.
    text: Box<str>,
}

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
        Ok(Self { span, text: text.into() })
    }

    /// The first month that is not wholly older at this instant, in UTC: `2026-05`.
    #[must_use]
    pub fn first_month(&self, now: Time) -> String {
        let today = Timestamp::from_microsecond(now.0).unwrap_or_default().to_zoned(TimeZone::UTC).date();
        today.checked_sub(self.span).unwrap_or(Date::MIN).strftime("%Y-%m").to_string()
    }
}

impl fmt::Display for Age {
    /// As it was written.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
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
    fn permission_goes_by_its_own_rule_and_else_by_that_of_all() {
        let rules: Retention = toml::from_str("events = '24 months'\npermission = 'forever'").unwrap();
        let age = |rules: &Retention, kind| rules.of(kind).map(ToString::to_string);
        assert!(PERMISSION.iter().all(|kind| age(&rules, *kind).is_none()));
        assert_eq!(age(&rules, Kind::MessageSent).as_deref(), Some("24 months"));
        let told = [("events", "24 months"), ("permission", "forever")];
        assert!(rules.told().iter().map(|(key, age)| (key.as_str(), age.as_str())).eq(told));
        let only_longer: Retention = toml::from_str("permission = 'forever'").unwrap();
        assert!(!only_longer.is_some() && only_longer.told().is_empty(), "it removes nothing");
        let refused = toml::from_str::<Retention>("permission = 'always'").unwrap_err();
        assert!(refused.message().contains("or 'forever'"), "{refused}");
    }

    #[test]
    fn what_is_no_age_is_refused() {
        for text in ["", "6", "6 months 2 hours", "-1 month", "0 days", "forever"] {
            assert!(Age::parse(text).is_err(), "{text:?}");
        }
    }
}

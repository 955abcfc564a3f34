//! Parts of time in a zone: the day, week, month, year, weekday and hour of an instant, as text.

use hashbrown::HashMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;

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

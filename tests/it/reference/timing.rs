//! Timing, by the naive facts: waiting for openings and answers, messages before a message, the contact's own clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use trichter::event::SECOND;
use trichter::metrics::{Ask, Counts};

use super::contact::{self, Around, DAY, Facts, Message};
use super::counts::{Place, Tally, Tells};
use super::permission::began;
use crate::pipeline::{Event, Pipeline};

/// Counts the times to open and to reply, and those of messages for which there is none.
pub(super) fn count(
    tally: &mut Tally<'_>,
    facts: &Facts,
    tells: &Tells,
    channel: &str,
    horizon: i64,
    in_scope: &dyn Fn(i64) -> bool,
) {
    for message in facts.messages.iter().filter(|message| message.reached && in_scope(message.sent_at)) {
        let (campaign, flow, question) = (&message.campaign, &message.flow, &message.question);
        let place = &Place { channel, campaign, flow, question, ending: None };
        let waited = (horizon - message.sent_at) / SECOND;
        let up = |micros: i64| (micros + SECOND - 1) / SECOND;
        if tells.opens {
            match message.opened_at {
                Some(at) => tally.value("open_seconds", place, Some(up(at - message.sent_at))),
                None => tally.value("unopened_seconds", place, Some(waited.min(7 * 86_400))),
            }
        }
        if tells.replies {
            match message.replied_after {
                Some(after) => tally.value("reply_seconds", place, Some(up(after))),
                None => tally.value("unanswered_seconds", place, Some(waited.min(86_400))),
            }
        }
    }
}

/// The lowest number of the class of messages that came in so many days before; nothing where the log does not reach back.
fn dose(message: &Message, all: &[Message], days: i64, log_began: i64) -> Option<String> {
    let since = message.sent_at - days * DAY;
    let before = |other: &&Message| {
        other.reached && other.account == message.account && (since..message.sent_at).contains(&other.sent_at)
    };
    let class = match all.iter().filter(before).count() {
        n @ 0..=3 => n,
        4 | 5 => 4,
        6..=10 => 6,
        11..=20 => 11,
        _ => 21,
    };
    (since >= log_began).then(|| class.to_string())
}

/// Weekday and hour of sending where the contact is.
fn local(message: &Message, events: &[Event]) -> [Option<String>; 2] {
    let zone = match events.iter().find_map(|event| event.country.as_deref()) {
        Some("DE") => "Europe/Berlin",
        Some("IN") => "Asia/Kolkata",
        Some("JP") => "Asia/Tokyo",
        _ => return [None, None],
    };
    let at = Timestamp::from_microsecond(message.sent_at).unwrap().to_zoned(TimeZone::get(zone).unwrap());
    [Some(at.weekday().to_monday_one_offset().to_string()), Some(at.hour().to_string())]
}

type Rates = BTreeMap<Vec<Option<String>>, (u64, u64)>;

/// Unsubscribe rates by the number of messages before and open rates by local time, where engine and loops differ.
pub(super) fn disagreements(pipeline: &Pipeline, all: &[Event], since: Option<i64>, until: Option<i64>) -> Vec<String> {
    let end = all.iter().map(|event| event.at).max().unwrap_or_default();
    let in_scope = |at: i64| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
    let (mut by_dose, mut by_time) = (Rates::new(), Rates::new());
    for events in all.chunk_by(|left, right| left.contact == right.contact) {
        let tells = Tells::of(all, &events[0].channel);
        let read: Vec<Event> =
            events.iter().filter(|event| until.is_none_or(|until| event.at < until)).cloned().collect();
        let horizon = until.map_or(end, |until| until.min(end));
        let around = Around { tells_deliveries: tells.deliveries, horizon, flows: &[] };
        let facts = contact::facts(&read, &around);
        for message in facts.messages.iter().filter(|message| message.reached && in_scope(message.sent_at)) {
            let add = |rates: &mut Rates, segment: Vec<Option<String>>, did: bool| {
                let count = rates.entry(segment).or_default();
                *count = (count.0 + u64::from(did), count.1 + 1);
            };
            if tells.stops || tells.blocks {
                let doses = [7, 30].map(|days| {
                    dose(message, &facts.messages, days, began(all, &events[0].channel, message.account.as_deref()))
                });
                add(&mut by_dose, doses.to_vec(), message.opted_out);
            }
            if tells.opens {
                add(&mut by_time, local(message, &read).to_vec(), message.opened_at.is_some());
            }
        }
    }
    let asks = [
        Ask::new("unsubscribe_rate", &["dose_7d", "dose_30d"]),
        Ask::new("open_rate", &["local_weekday", "local_hour"]),
    ];
    let answers = pipeline.answer(&asks, since, until);
    let mut found = Vec::new();
    for (answer, expected) in answers.iter().zip([by_dose, by_time]) {
        let counted = answer.rows.iter().filter_map(|row| match row.counts {
            Counts::Rate(rate) => Some((row.segment.clone(), (rate.numerator, rate.denominator))),
            Counts::Distribution(_) => None,
        });
        let counted: Rates = counted.filter(|(_, (_, denominator))| *denominator > 0).collect();
        if counted != expected {
            found.push(format!("{} by {:?}: engine {counted:?}, reference {expected:?}", answer.metric, answer.by));
        }
    }
    found
}

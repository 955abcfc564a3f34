//! Who was on an account's list in which month, told by plain loops from the definitions: for each month, everything that the
//! contact ever did is looked through again. Months are those of UTC.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use trichter::event::Kind;

use super::contact::{self, Around, Contact};
use super::counts::{Tally, Tells};
use super::sides::is_inbound;
use crate::pipeline::Event;

pub(super) const BREAKDOWNS: &[&[&str]] = &[&[], &["channel"], &["month"], &["basis", "cohort", "age"]];

/// Whether no opt-out held at the instant, of whatever account.
pub(super) fn is_reachable_at(events: &[Event], at: i64, around: &Around<'_>) -> bool {
    let contact = Contact { events, around };
    contact.opt_outs().iter().filter(|opt_out| events[opt_out.place].at < at).all(|opt_out| {
        let agrees = |later: usize| {
            (events[later].kind, contact.account(later)) == (Kind::OptedIn, contact.account(opt_out.place))
                && events[later].at < at
        };
        (opt_out.place..events.len()).any(agrees)
    })
}

/// When the month of an instant begins, and when the month after so many others does.
fn month(at: i64, later: i32) -> (i64, String) {
    let first = Timestamp::from_microsecond(at).unwrap().to_zoned(TimeZone::UTC).date().first_of_month();
    let first = first.checked_add(later.months()).unwrap();
    (first.to_zoned(TimeZone::UTC).unwrap().timestamp().as_microsecond(), first.strftime("%Y-%m").to_string())
}

/// A contact on the list of one account.
struct Listed<'c> {
    contact: Contact<'c>,
    account: Option<String>,
    joined_at: i64,
    /// When they first opted in to the account.
    agreed_at: Option<i64>,
}

impl<'c> Listed<'c> {
    fn new(contact: Contact<'c>, account: Option<String>, messages: &[contact::Message]) -> Self {
        let of_account = || (0..contact.events.len()).filter(|&place| contact.account(place) == account);
        let agreed = of_account().find(|&place| contact.events[place].kind == Kind::OptedIn);
        let is_opt_out = |place: usize| contact.opt_outs().iter().any(|opt_out| opt_out.place == place);
        let first = of_account().find(|&place| contact.is_act(place, messages) || is_opt_out(place));
        let at = |place: usize| contact.events[place].at;
        let (agreed_at, first_at) = (agreed.map(at), first.map(at));
        let joined_at = agreed_at.into_iter().chain(first_at).min().unwrap();
        Self { contact, account, joined_at, agreed_at }
    }

    fn agrees(&self, place: usize) -> bool {
        self.contact.events[place].kind == Kind::OptedIn && self.contact.account(place) == self.account
    }

    /// Opt-outs since they joined that an opt-in before the place has not ended.
    fn away_before(&self, place: usize) -> bool {
        self.contact.opt_outs().iter().any(|opt_out| {
            opt_out.place < place
                && self.contact.account(opt_out.place) == self.account
                && !(opt_out.place..place).any(|later| self.agrees(later))
        })
    }

    fn on_list_at(&self, at: i64) -> bool {
        let place = self.contact.events.iter().filter(|event| event.at < at).count();
        self.joined_at < at && !self.away_before(place)
    }

    /// How often they left in a span of time, softly and hard.
    fn left(&self, from: i64, to: i64) -> [u64; 2] {
        let mut left = [0, 0];
        for opt_out in self.contact.opt_outs() {
            let is_of_list = self.contact.account(opt_out.place) == self.account
                && (from..to).contains(&self.contact.events[opt_out.place].at);
            if is_of_list && !self.away_before(opt_out.place) {
                left[usize::from(opt_out.hard)] += 1;
            }
        }
        left
    }

    fn resumed(&self, from: i64, to: i64) -> u64 {
        let resumes = |&place: &usize| {
            self.agrees(place) && (from..to).contains(&self.contact.events[place].at) && self.away_before(place)
        };
        (0..self.contact.events.len()).filter(resumes).count() as u64
    }

    fn is_active(&self, from: i64, to: i64) -> bool {
        (0..self.contact.events.len()).any(|place| {
            let event = &self.contact.events[place];
            is_inbound(event.kind)
                && !self.contact.told_before(place)
                && self.contact.account(place) == self.account
                && (from..to).contains(&event.at)
        })
    }
}

/// Counts all metrics of contact months.
pub(super) fn tally<'t>(all: &[Event], by: &'t [&'t str], since: Option<i64>, until: Option<i64>) -> Tally<'t> {
    let mut tally = Tally::new(by);
    let end = all.iter().map(|event| event.at).max().unwrap_or_default();
    let horizon = until.map_or(end, |until| until.min(end));
    for events in all.chunk_by(|left, right| left.contact == right.contact) {
        let read: Vec<Event> =
            events.iter().filter(|event| until.is_none_or(|until| event.at < until)).cloned().collect();
        if read.is_empty() {
            continue;
        }
        let tells = Tells::of(all, &read[0].channel);
        let around = Around { tells_deliveries: tells.deliveries, horizon, flows: &[] };
        let facts = contact::facts(&read, &around);
        let contact = || Contact { events: &read, around: &around };
        let is_known = |place: &usize| {
            contact().is_act(*place, &facts.messages)
                || read[*place].kind == Kind::OptedIn
                || contact().opt_outs().iter().any(|opt_out| opt_out.place == *place)
        };
        let accounts: BTreeSet<Option<String>> =
            (0..read.len()).filter(is_known).map(|place| contact().account(place)).collect();
        for account in accounts {
            let listed = Listed::new(contact(), account, &facts.messages);
            for age in 0.. {
                let (from, name) = month(listed.joined_at, age);
                let (to, _) = month(listed.joined_at, age + 1);
                if from > horizon {
                    break;
                }
                if since.is_some_and(|since| from < since) || until.is_some_and(|until| from >= until) {
                    continue;
                }
                let value = |name_of: &&str| match *name_of {
                    "channel" => Some(read[0].channel.clone()),
                    "month" => Some(name.clone()),
                    "basis" => {
                        let in_cohort = listed.agreed_at.is_some_and(|at| month(at, 0) == month(listed.joined_at, 0));
                        Some(if in_cohort { "opt_in" } else { "first_contact" }.to_owned())
                    }
                    "cohort" => Some(month(listed.joined_at, 0).1),
                    "age" => Some(age.to_string()),
                    name => panic!("no breakdown by {name}"),
                };
                let segment: Vec<Option<String>> = by.iter().map(value).collect();
                let engaged = facts.conversations.iter().any(|conversation| {
                    let at = conversation.engaged_at.filter(|at| (from..to).contains(at));
                    conversation.account == listed.account && at.is_some()
                });
                let [soft, hard] = listed.left(from, to);
                let start = u64::from(listed.on_list_at(from));
                let opt_outs = tells.stops || tells.blocks;
                let engagement = tells.replies || tells.clicks;
                for (metric, is_told, numerator, denominator) in [
                    ("reachable_contact_rate", opt_outs, u64::from(listed.on_list_at(to)), 1),
                    ("active_contact_rate", engagement, u64::from(listed.is_active(from, to)), 1),
                    ("engaged_contact_rate", engagement, u64::from(engaged), 1),
                    ("list_joined_rate", opt_outs, u64::from(age == 0), start),
                    ("list_resumed_rate", opt_outs, listed.resumed(from, to), start),
                    ("list_left_rate", opt_outs, soft + hard, start),
                    ("list_left_rate@soft", tells.stops, soft, start),
                    ("list_left_rate@hard", tells.blocks, hard, start),
                ] {
                    if is_told {
                        let known = tally.counts.entry(metric).or_default().entry(segment.clone()).or_default();
                        *known = (known.0 + numerator, known.1 + denominator);
                    }
                }
            }
        }
    }
    tally
}

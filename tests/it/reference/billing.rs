//! What decides what a message costs, told by plain loops from the definitions.

use std::collections::BTreeMap;

use trichter::event::Kind;
use trichter::metrics::{Ask, Counts};

use super::contact::{self, Around, DAY, Message};
use super::counts::{Place, Tally, Tells};
use super::permission::Permission;
use crate::pipeline::{Event, Pipeline};

/// Columns that say what decides the cost of a message.
const COLUMNS: [&str; 5] = ["billing", "form", "service_window", "opens_billing", "after_ad"];

/// What the platform said last.
fn reported(permission: &Permission<'_>, message: &Message) -> Option<i64> {
    permission.own(message).into_iter().rfind(|event| event.cost.is_some() && event.currency.is_some())?.cost
}

pub(super) fn count(tally: &mut Tally<'_>, permission: &Permission<'_>, message: &Message, place: &Place<'_>) {
    if !message.suppressed {
        let cost = reported(permission, message);
        tally.count("cost_reported_rate", place, cost.is_some());
        tally.value("reported_cost", place, cost);
    }
}

/// Whether the message is the first to arrive of its account and category for a day, counted from the last that was.
fn opens_billing(permission: &Permission<'_>, message: &Message, messages: &[Message]) -> bool {
    let category = |message: &Message| {
        let told = permission.word(message, |event| &event.category).map(|category| category.to_lowercase());
        told.or_else(|| permission.form_and_window(message)[0].clone())
    };
    let mut opened: Option<i64> = None;
    for other in messages.iter().filter(|other| other.reached && other.begun <= message.begun) {
        if (&other.account, category(other)) != (&message.account, category(message)) {
            continue;
        }
        let opens = opened.is_none_or(|at| other.sent_at - at > DAY);
        if opens {
            opened = Some(other.sent_at);
        }
        if other.begun == message.begun {
            return opens;
        }
    }
    false
}

/// Whether an answer to somebody who came by an ad was given in the 72 h before the message, or is the message.
fn after_ad(permission: &Permission<'_>, message: &Message, messages: &[Message]) -> bool {
    let is_own = |other: &&Message| other.account == message.account && !other.failed && !other.suppressed;
    let events = permission.events;
    (0..message.begun).filter(|&place| events[place].kind == Kind::Referral).any(|place| {
        let answer = messages.iter().filter(is_own).find(|other| other.begun > place);
        permission.account(place) == message.account.as_ref()
            && answer.is_some_and(|answer| {
                answer.begun <= message.begun
                    && answer.sent_at - events[place].at <= DAY
                    && message.sent_at - answer.sent_at <= 3 * DAY
            })
    })
}

/// The values of [`COLUMNS`].
fn values(permission: &Permission<'_>, message: &Message, messages: &[Message]) -> [Option<String>; COLUMNS.len()] {
    let own = permission.own(message);
    let says = |charged: bool| own.iter().any(|event| event.billable == Some(charged));
    let billing = if says(true) { Some("charged") } else { says(false).then_some("free") };
    let [form, window] = permission.form_and_window(message);
    [
        billing.map(str::to_owned),
        form,
        window,
        Some((message.reached && opens_billing(permission, message, messages)).to_string()),
        Some(after_ad(permission, message, messages).to_string()),
    ]
}

/// Where the engine finds another number of messages that were sent, by one of [`COLUMNS`].
pub(super) fn disagreements(pipeline: &Pipeline) -> Vec<String> {
    let all = pipeline.events();
    let mut expected: [BTreeMap<Option<String>, u64>; COLUMNS.len()] = std::array::from_fn(|_| BTreeMap::new());
    let horizon = all.iter().map(|event| event.at).max().unwrap();
    for events in all.chunk_by(|left: &Event, right| left.contact == right.contact) {
        let tells = Tells::of(&all, &events[0].channel);
        let around = Around { tells_deliveries: tells.deliveries, horizon, flows: &[] };
        let messages = contact::facts(events, &around).messages;
        let permission = Permission { events, all: &all, tells_replies: tells.replies, tells_opt_ins: tells.opt_ins };
        for message in messages.iter().filter(|message| !message.suppressed) {
            for (counts, value) in expected.iter_mut().zip(values(&permission, message, &messages)) {
                *counts.entry(value).or_default() += 1;
            }
        }
    }
    let asks = COLUMNS.map(|column| Ask::new("cost_reported_rate", &[column]));
    let answers = pipeline.answer(&asks, None, None);
    let sent = |counts: &Counts| counts.rate().unwrap().denominator;
    let mut found = Vec::new();
    for ((column, expected), answer) in COLUMNS.iter().zip(expected).zip(answers) {
        let rows = answer.rows.iter().filter(|row| sent(&row.counts) > 0);
        let counted: BTreeMap<_, u64> = rows.map(|row| (row.segment[0].clone(), sent(&row.counts))).collect();
        if counted != expected {
            found.push(format!("{column}: engine {counted:?}, reference {expected:?}"));
        }
    }
    found
}

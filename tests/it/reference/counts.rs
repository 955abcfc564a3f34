//! Every metric of `queries/`, counted over the naive facts: numerators, denominators and distributions by segment.

use std::collections::BTreeMap;

use trichter::config::Flow;
use trichter::event::Kind;

use super::contact::{self, Around, DAY};
use super::permission::Permission;
use super::{billing, conventions, endings, months, passes, service, timing, ways};
use crate::pipeline::Event;

/// Numerator and denominator; or the value's place in a distribution and how often it was seen.
pub(super) type Count = (u64, u64);

/// Counts by metric, then by the values of the breakdown.
pub(super) type Counts = BTreeMap<&'static str, BTreeMap<Vec<Option<String>>, Count>>;
/// As [`Counts`], of distributions.
pub(super) type Values = BTreeMap<&'static str, BTreeMap<Vec<Option<String>>, BTreeMap<i64, u64>>>;

/// What a fact can be broken down by.
pub(super) struct Place<'p> {
    pub(super) channel: &'p str,
    pub(super) campaign: &'p Option<String>,
    pub(super) flow: &'p Option<String>,
    pub(super) question: &'p Option<String>,
    /// Only visits have one.
    pub(super) ending: Option<&'static str>,
}

/// What was counted.
pub(super) struct Tally<'t> {
    by: &'t [&'t str],
    pub(super) counts: Counts,
    pub(super) values: Values,
}

impl<'t> Tally<'t> {
    pub(super) fn new(by: &'t [&'t str]) -> Self {
        Self { by, counts: Counts::new(), values: Values::new() }
    }

    fn segment(&self, place: &Place<'_>) -> Vec<Option<String>> {
        let value = |name: &&str| match *name {
            "channel" => Some(place.channel.to_owned()),
            "campaign" => place.campaign.clone(),
            "flow" => place.flow.clone(),
            "question" => place.question.clone(),
            "ending" => place.ending.map(str::to_owned),
            name => panic!("no breakdown by {name}"),
        };
        self.by.iter().map(value).collect()
    }

    pub(super) fn add(&mut self, metric: &'static str, place: &Place<'_>, numerator: u64, denominator: u64) {
        let segment = self.segment(place);
        let count = self.counts.entry(metric).or_default().entry(segment).or_default();
        *count = (count.0 + numerator, count.1 + denominator);
    }

    pub(super) fn count(&mut self, metric: &'static str, place: &Place<'_>, did: bool) {
        self.add(metric, place, u64::from(did), 1);
    }

    pub(super) fn value(&mut self, metric: &'static str, place: &Place<'_>, value: Option<i64>) {
        let Some(value) = value else { return };
        let segment = self.segment(place);
        *self.values.entry(metric).or_default().entry(segment).or_default().entry(value).or_default() += 1;
    }
}

/// What the log of a channel tells.
pub(super) struct Tells {
    pub(super) deliveries: bool,
    pub(super) opens: bool,
    pub(super) blocks: bool,
    pub(super) clicks: bool,
    pub(super) replies: bool,
    pub(super) stops: bool,
    pub(super) handovers: bool,
    pub(super) fallbacks: bool,
    pub(super) goals: bool,
    pub(super) opt_ins: bool,
}

impl Tells {
    pub(super) fn of(events: &[Event], channel: &str) -> Self {
        let holds = |kinds: &[Kind]| events.iter().any(|event| event.channel == channel && kinds.contains(&event.kind));
        // Rules tell of every channel what they tell at all.
        let anywhere = |kind: Kind| events.iter().any(|event| event.kind == kind);
        let opens = holds(&[Kind::MessageOpened, Kind::OpenedUpTo]);
        let delivered = holds(&[Kind::MessageDelivered, Kind::DeliveredUpTo]);
        let receipts = opens || delivered;
        let written = holds(&[Kind::MessageReceived, Kind::ButtonClicked, Kind::ReactionReceived]);
        // A log of sends alone says nothing of what contacts did.
        let webhooks = receipts || written || holds(&[Kind::OptedOutSoft, Kind::OptedOutHard, Kind::OptedIn]);
        let is_known = ["whatsapp", "messenger", "telegram"].contains(&channel) && webhooks;
        let (deliveries, opens, blocks) = match channel {
            // Receipts of both sorts; a log without any was written without them. Blocks only if another log tells of some.
            "whatsapp" | "messenger" => (delivered, receipts, holds(&[Kind::OptedOutHard])),
            "telegram" => (false, false, webhooks),
            _ => (delivered, opens, holds(&[Kind::OptedOutHard])),
        };
        Self {
            deliveries,
            opens,
            blocks,
            clicks: is_known || holds(&[Kind::ButtonClicked, Kind::LinkClicked]),
            replies: is_known || written,
            stops: is_known || written || holds(&[Kind::OptedOutSoft]),
            handovers: (["messenger", "whatsapp"].contains(&channel) && webhooks) || anywhere(Kind::HandoverToHuman),
            fallbacks: anywhere(Kind::Fallback),
            goals: anywhere(Kind::GoalReached),
            // WhatsApp tells of opt-ins in its own menu alone.
            opt_ins: channel != "whatsapp" && holds(&[Kind::OptedIn]),
        }
    }
}

/// Counts all metrics over the events, which stand in the store's order.
pub(super) fn tally<'t>(
    all: &[Event],
    by: &'t [&'t str],
    since: Option<i64>,
    until: Option<i64>,
    flows: &[Flow],
    has_hours: bool,
) -> Tally<'t> {
    let mut tally = Tally::new(by);
    let end = all.iter().map(|event| event.at).max().unwrap_or_default();
    let horizon = until.map_or(end, |until| until.min(end));
    let in_scope = |at: i64| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
    for events in all.chunk_by(|left, right| left.contact == right.contact) {
        let tells = Tells::of(all, &events[0].channel);
        let read: Vec<Event> =
            events.iter().filter(|event| until.is_none_or(|until| event.at < until)).cloned().collect();
        if read.is_empty() {
            continue;
        }
        let around = Around { tells_deliveries: tells.deliveries, horizon, flows };
        let facts = contact::facts(&read, &around);
        let channel = events[0].channel.as_str();

        let permission = Permission { events: &read, all, tells_replies: tells.replies, tells_opt_ins: tells.opt_ins };
        for message in facts.messages.iter().filter(|message| in_scope(message.sent_at)) {
            let (campaign, flow, question) = (&message.campaign, &message.flow, &message.question);
            let place = &Place { channel, campaign, flow, question, ending: None };
            let (delivered, opened) = (message.delivered_at.is_some(), message.opened_at);
            let clicked = message.n_clicks > 0;
            let found = permission.of(message, &facts.messages);
            for (metric, broken) in [
                ("sent_after_opt_out_rate", found.after_opt_out.filter(|_| tells.stops || tells.blocks)),
                ("outside_window_rate", found.outside_window),
                ("without_opt_in_rate", found.without_opt_in),
            ] {
                if let Some(broken) = broken {
                    tally.count(metric, place, broken);
                }
            }
            billing::count(&mut tally, &permission, message, place);
            if !message.suppressed {
                tally.count("failure_rate", place, message.failed);
            }
            if tells.deliveries && !message.suppressed {
                tally.count("delivery_rate", place, delivered);
            }
            if tells.opens && message.reached {
                tally.count("open_rate", place, opened.is_some());
            }
            if tells.opens && !message.suppressed {
                tally.count("open_rate@sent", place, opened.is_some());
            }
            if let Some(opened_at) = opened.filter(|_| tells.opens) {
                if tells.clicks {
                    tally.count("click_to_open_rate", place, clicked);
                }
                let past = message.is_followed || opened_at + DAY <= horizon;
                let reacted = clicked || message.replied;
                if reacted || past {
                    tally.count("dismissed_rate", place, !reacted);
                }
            }
            if message.reached {
                if tells.clicks {
                    tally.count("click_rate", place, clicked);
                    tally.add("clicks_per_message", place, message.n_clicks, 1);
                }
                if tells.replies {
                    tally.count("reply_rate", place, message.replied);
                }
                if tells.stops || tells.blocks {
                    tally.count("unsubscribe_rate", place, message.opted_out);
                }
                if tells.stops {
                    tally.count("soft_unsubscribe_rate", place, message.opted_out && !message.opted_out_hard);
                }
                if tells.blocks {
                    tally.count("hard_unsubscribe_rate", place, message.opted_out_hard);
                }
            }
        }

        for conversation in facts.conversations.iter().filter(|conversation| in_scope(conversation.started_at)) {
            let place = &Place {
                channel,
                campaign: &conversation.campaign,
                flow: &conversation.flow,
                question: &None,
                ending: None,
            };
            if conversation.first_message_reached && (tells.replies || tells.clicks) {
                tally.count("engagement_rate", place, conversation.engaged_at.is_some());
            }
            let one_sided = conversation.n_inbound == 0 || conversation.n_outbound == 0;
            if tells.replies {
                tally.count("one_sided_rate", place, one_sided);
            }
            let is_open = conversation.outcome == "open";
            if conversation.in_flow && !is_open {
                tally.count("completion_rate", place, conversation.outcome == "completed");
            }
            if !is_open && tells.goals {
                tally.count("goal_rate", place, conversation.goal);
            }
            if conversation.n_inbound > 0 && tells.handovers {
                tally.count("handover_rate", place, conversation.handed_over);
            }
            if conversation.n_inbound > 0 && tells.fallbacks {
                tally.count("fallback_rate", place, conversation.n_fallback > 0);
            }
            tally.value("first_response_seconds", place, conversation.first_response_s);
        }

        for visit in facts.visits.iter().filter(|visit| in_scope(visit.asked_at)) {
            let place = &Place {
                channel,
                campaign: &visit.campaign,
                flow: &visit.flow,
                question: &visit.question,
                ending: Some(endings::ending(visit)),
            };
            tally.value("answer_seconds", place, visit.answer_s);
            tally.value("ending_seconds", place, endings::waited_s(visit, horizon));
            if let Some(goes_on) = endings::goes_on(visit) {
                tally.count("question_next_rate", place, goes_on);
            }
            tally.count("question_open_rate", place, visit.outcome == "open");
            if visit.outcome == "open" {
                continue;
            }
            let left = ["silent", "opted_out", "handed_over", "failed"].contains(&visit.outcome);
            tally.count("question_drop_off_rate", place, left);
            for (metric, outcome) in [
                ("question_answered_rate", "answered"),
                ("question_failed_rate", "failed"),
                ("question_handed_over_rate", "handed_over"),
                ("question_opted_out_rate", "opted_out"),
                ("question_silent_rate", "silent"),
                ("question_skipped_rate", "skipped"),
            ] {
                tally.count(metric, place, visit.outcome == outcome);
            }
        }

        passes::count(&mut tally, &facts, channel, &in_scope);
        ways::count(&mut tally, &facts, flows, channel, &in_scope);
        let told = service::Told { tells: &tells, around: &around, events: &read, has_hours };
        service::count(&mut tally, &facts, &told, channel, &in_scope);
        conventions::count(&mut tally, &facts, &read, &tells, channel, &in_scope);
        timing::count(&mut tally, &facts, &tells, channel, horizon, &in_scope);

        let none = &None;
        let place = &Place { channel, campaign: none, flow: none, question: none, ending: None };
        let silent = facts.conversations.iter().all(|conversation| conversation.n_inbound == 0);
        if tells.replies || tells.clicks {
            if in_scope(read[0].at) {
                tally.count("silent_contact_rate", place, silent);
            }
            let wants_erasure = read.iter().any(|event| event.kind == Kind::ErasureRequested);
            tally.count("erasure_pending_rate", place, wants_erasure);
        }
        if (tells.stops || tells.blocks) && since.is_none_or(|since| months::is_reachable_at(&read, since, &around)) {
            tally.count("list_unsubscribe_rate", place, facts.opt_outs.iter().any(|&at| in_scope(at)));
        }
    }
    tally
}

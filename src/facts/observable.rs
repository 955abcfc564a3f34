//! What the log of each channel can tell, and how well: the platform's abilities, held against what the log holds.
//!
//! A log tells of opens if the platform reports them and the log holds receipts of any sort: a send log without its webhooks
//! says nothing about either. A log of no known platform tells what it holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::channels::{self, Ability, Channel};
use crate::event::Kind;

/// How well a log tells one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// Not at all: what is not there is unknown, never zero.
    #[default]
    Never,
    /// Not every time, so counts are lower bounds.
    Partly,
    /// Every time.
    Always,
}

impl Seen {
    /// Whether it can be counted at all.
    #[must_use]
    pub fn is_measurable(self) -> bool {
        self != Self::Never
    }

    /// Whether counts are lower bounds.
    #[must_use]
    pub fn is_bounded(self) -> bool {
        self == Self::Partly
    }

    /// How well it is seen if some of it is seen so and the rest like `other`.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, Self::Never) => Self::Never,
            (Self::Always, Self::Always) => Self::Always,
            _ => Self::Partly,
        }
    }
}

/// What the log of one channel can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observable {
    /// Deliveries.
    pub deliveries: Seen,
    /// Failures: where none is known, nobody knows whether none was told.
    pub failures: Seen,
    /// Opens.
    pub opens: Seen,
    /// Taps and clicks.
    pub clicks: Seen,
    /// What the contact writes or taps.
    pub replies: Seen,
    /// Replies, taps, clicks and reactions together.
    pub engagement: Seen,
    /// Opt-outs in the contact's words.
    pub stops: Seen,
    /// Blocks by the contact.
    pub blocks: Seen,
    /// Opt-outs of either kind.
    pub opt_outs: Seen,
    /// Opt-ins.
    pub opt_ins: Seen,
    /// Hand-overs to people.
    pub handovers: Seen,
    /// That the bot did not understand.
    pub fallbacks: Seen,
    /// Goals.
    pub goals: Seen,
}

/// What the logs of all channels of a store can tell.
pub(super) fn of_store(channel_kinds: &BTreeSet<(String, Kind)>) -> BTreeMap<String, Observable> {
    let mut kinds: BTreeMap<&str, Vec<Kind>> = BTreeMap::new();
    for (channel, kind) in channel_kinds {
        kinds.entry(channel).or_default().push(*kind);
    }
    let anywhere: Vec<Kind> = kinds.values().flatten().copied().collect();
    kinds
        .into_iter()
        .map(|(name, kinds)| (name.to_owned(), Observable::new(platform(name), &kinds, &anywhere)))
        .collect()
}

/// The platform of this name whose abilities are known.
fn platform(name: &str) -> Option<&'static Channel> {
    channels::named(name).filter(|channel| !channel.is_any_platform())
}

impl Observable {
    /// Of a log that holds these kinds of events, in a store that holds those `anywhere`.
    fn new(platform: Option<&Channel>, kinds: &[Kind], anywhere: &[Kind]) -> Self {
        let holds = |wanted: &[Kind]| wanted.iter().any(|kind| kinds.contains(kind));
        let inbound = holds(&[Kind::MessageReceived, Kind::ButtonClicked, Kind::ReactionReceived]);
        let opens = [Kind::MessageOpened, Kind::OpenedUpTo];
        let deliveries = [Kind::MessageDelivered, Kind::DeliveredUpTo];
        let receipts = holds(&opens) || holds(&deliveries);
        let taps = [Kind::ButtonClicked, Kind::LinkClicked];
        // Without any of these nobody was listening to the contact, only to the business.
        let webhooks = receipts || inbound || holds(&[Kind::OptedOutSoft, Kind::OptedOutHard, Kind::OptedIn]);
        let seen = |ability: fn(&Channel) -> Ability, is_logged: bool, holds: bool| match platform.map(ability) {
            Some(Ability::Yes) if is_logged => Seen::Always,
            Some(Ability::LowerBound) if is_logged => Seen::Partly,
            None | Some(Ability::NeedsSendLog) if holds => Seen::Always,
            // Another log, of clicks for instance, tells of some.
            Some(_) if holds => Seen::Partly,
            None | Some(_) => Seen::Never,
        };
        // A stray receipt on a platform that has none would make all other messages look undelivered.
        let receipt = |ability: fn(&Channel) -> Ability, is_logged: bool, holds: bool| match platform.map(ability) {
            Some(Ability::Never) => Seen::Never,
            _ => seen(ability, is_logged, holds),
        };
        // What rules tell, they tell of every channel.
        let told = |kind: Kind, by_platform: bool| {
            let is_told = anywhere.contains(&kind) || by_platform;
            if is_told { Seen::Always } else { Seen::Never }
        };
        let clicks = seen(|channel| channel.abilities.clicked, webhooks, holds(&taps));
        let replies = seen(|channel| channel.abilities.replied, webhooks, inbound);
        let stops = seen(|channel| channel.abilities.opted_out_soft, webhooks, inbound || holds(&[Kind::OptedOutSoft]));
        let blocks = seen(|channel| channel.abilities.opted_out_hard, webhooks, holds(&[Kind::OptedOutHard]));
        // Opens alone do not tell of deliveries: only what was read would look delivered, and all of it read.
        let delivered = receipt(|channel| channel.abilities.delivered, holds(&deliveries), holds(&deliveries));
        let reports_failures = platform.is_none_or(|platform| platform.reports(Kind::MessageFailed));
        let tells_failures = holds(&[Kind::MessageFailed]) || (delivered == Seen::Always && reports_failures);
        Self {
            deliveries: delivered,
            failures: if tells_failures { Seen::Always } else { Seen::Partly },
            opens: receipt(|channel| channel.abilities.opened, receipts, holds(&opens)),
            clicks,
            replies,
            engagement: replies.and(clicks),
            stops,
            blocks,
            opt_outs: stops.and(blocks),
            opt_ins: seen(|channel| channel.abilities.opted_in, holds(&[Kind::OptedIn]), holds(&[Kind::OptedIn])),
            handovers: match platform.map(|channel| channel.abilities.handed_over) {
                Some(Ability::LowerBound) if webhooks || anywhere.contains(&Kind::HandoverToHuman) => Seen::Partly,
                Some(Ability::Yes) if webhooks => Seen::Always,
                _ => told(Kind::HandoverToHuman, false),
            },
            fallbacks: told(
                Kind::Fallback,
                inbound && platform.is_some_and(|platform| platform.reports(Kind::Fallback)),
            ),
            // What a goal is, only the business knows: a log without any was written without rules for it.
            goals: told(Kind::GoalReached, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(channel: &str, kinds: &[Kind]) -> Observable {
        Observable::new(platform(channel), kinds, kinds)
    }

    #[test]
    fn a_send_log_alone_tells_nothing_of_what_the_contact_did() {
        let found = of("whatsapp", &[Kind::MessageSent]);
        // Nor whether any message failed, so that "none" is a lower bound.
        assert_eq!(found, Observable { failures: Seen::Partly, ..Observable::default() });
    }

    #[test]
    fn receipts_tell_of_opens_even_if_none_was_opened_and_opens_are_a_lower_bound() {
        let found = of("whatsapp", &[Kind::MessageSent, Kind::MessageDelivered]);
        assert_eq!((found.deliveries, found.opens), (Seen::Always, Seen::Partly));
        assert_eq!((found.blocks, found.opt_outs), (Seen::Never, Seen::Partly));
    }

    #[test]
    fn clicks_that_a_platform_never_reports_are_seen_in_part_where_another_log_tells_of_them() {
        let silent = of("telegram", &[Kind::MessageSent, Kind::MessageReceived]);
        assert_eq!((silent.deliveries, silent.opens, silent.blocks), (Seen::Never, Seen::Never, Seen::Always));
        let stray = of("telegram", &[Kind::MessageSent, Kind::MessageReceived, Kind::MessageOpened]);
        assert_eq!(stray.opens, Seen::Never);
    }

    #[test]
    fn a_log_of_no_known_platform_tells_what_it_holds() {
        let found = of("sms", &[Kind::MessageSent, Kind::LinkClicked]);
        assert_eq!((found.clicks, found.replies, found.engagement), (Seen::Always, Seen::Never, Seen::Partly));
        assert_eq!((found.opens, found.goals), (Seen::Never, Seen::Never));
    }
}

//! Orders: the ways in which steps may follow each other, by name. Each is walked in a file of its own.

use super::condition::unknown;
use super::definition::{Attribution, Funnel, Unit};
use super::way::{Entry, Rules, Way};
use super::{any, clickhouse, mixpanel, ordered, posthog, posthog_unordered};
use crate::event::Kind;

/// How steps must follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// One after the other; anything may lie between them.
    #[default]
    Ordered,
    /// One after the other; no other act lies between them.
    Adjacent,
    /// In any order.
    Any,
    /// As ClickHouse's `windowFunnel` with these modes.
    ClickHouse(clickhouse::Modes),
    /// As PostHog's ordered funnels.
    PostHog,
    /// As PostHog's strict funnels.
    PostHogStrict,
    /// As PostHog's unordered funnels.
    PostHogUnordered,
    /// As Mixpanel documents its funnels.
    Mixpanel,
}

/// The orders by name, as definitions write them; ClickHouse's modes are further names, joined by dots.
const NAMES: &[(&str, Order)] = &[
    ("ordered", Order::Ordered),
    ("adjacent", Order::Adjacent),
    ("any", Order::Any),
    ("posthog.ordered", Order::PostHog),
    ("posthog.strict", Order::PostHogStrict),
    ("posthog.unordered", Order::PostHogUnordered),
    ("mixpanel", Order::Mixpanel),
];
/// What ClickHouse's own order is called.
const CLICKHOUSE: &str = "clickhouse";

/// What an order can be asked for besides steps and a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Knows {
    within_and_same_event: bool,
    optional: bool,
    exclusions: bool,
    attempts: bool,
}

impl Order {
    /// The order with this name.
    ///
    /// # Errors
    /// There is none; says what was probably meant.
    pub fn parse(name: &str) -> Result<Self, String> {
        if name == CLICKHOUSE || name.starts_with("clickhouse.") {
            return name.parse().map(Self::ClickHouse);
        }
        let found = NAMES.iter().find(|(known, _)| *known == name).map(|(_, order)| *order);
        found.ok_or_else(|| unknown("order", name, NAMES.iter().map(|(name, _)| *name).chain([CLICKHOUSE])))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::ClickHouse(modes) => modes.to_string(),
            _ => NAMES.iter().find(|(_, order)| *order == self).map_or(String::new(), |(name, _)| (*name).to_owned()),
        }
    }

    /// Whether the walk asks for an event of this kind even if it fills no step: it may stand between two that do.
    #[must_use]
    pub fn minds(self, kind: Kind) -> bool {
        match self {
            Self::Adjacent => kind.is_act(),
            Self::PostHogStrict => true,
            Self::ClickHouse(modes) => modes.strict_order,
            _ => false,
        }
    }

    /// Whether only the number of steps done has a meaning, not which.
    #[must_use]
    pub fn counts_steps(self) -> bool {
        matches!(self, Self::Any | Self::PostHogUnordered)
    }

    fn knows(self) -> Knows {
        let own = matches!(self, Self::Ordered | Self::Adjacent);
        Knows {
            within_and_same_event: own,
            optional: own || matches!(self, Self::PostHog | Self::PostHogStrict),
            exclusions: !matches!(self, Self::ClickHouse(_)),
            attempts: own || self == Self::Mixpanel,
        }
    }

    /// Refuses what this order has no meaning for.
    ///
    /// # Errors
    /// Says which key of the definition, and why.
    pub fn check(self, funnel: &Funnel) -> Result<(), String> {
        let (rules, knows) = (&funnel.rules, self.knows());
        let whole = |from: usize, to: usize| (from, to) == (0, rules.n_steps - 1);
        for (refused, what) in [
            (!knows.within_and_same_event && rules.within.iter().any(|&within| within != i64::MAX), "'within'"),
            (!knows.within_and_same_event && rules.same_event != 0, "'same_event'"),
            (!knows.optional && rules.optional != 0, "optional steps"),
            (!knows.exclusions && !rules.exclusions.is_empty(), "exclusions"),
            (!knows.attempts && funnel.unit == Unit::Attempt, "attempts"),
            (
                self.counts_steps() && rules.exclusions.iter().any(|one| !whole(one.from, one.to)),
                "exclusions between single steps; leave 'between' out",
            ),
            (
                self.counts_steps() && matches!(funnel.attribution, Attribution::Step(_)),
                "attribution to a step, because its steps have no order",
            ),
        ] {
            if refused {
                return Err(format!("order '{}' knows no {what}", self.name()));
            }
        }
        Ok(())
    }

    /// The furthest way through the entries.
    #[must_use]
    pub fn walk(self, rules: &Rules, entries: &[Entry], scratch: &mut ordered::Scratch) -> Way {
        match self {
            Self::Ordered => ordered::walk(rules, entries, false, scratch),
            Self::Adjacent => ordered::walk(rules, entries, true, scratch),
            Self::Any => any::walk(rules, entries),
            Self::ClickHouse(modes) => clickhouse::walk(modes, rules, entries),
            Self::PostHog => posthog::walk(false, rules, entries),
            Self::PostHogStrict => posthog::walk(true, rules, entries),
            Self::PostHogUnordered => posthog_unordered::walk(rules, entries),
            Self::Mixpanel => mixpanel::walk(rules, entries),
        }
    }

    /// The ways of all attempts, in the order of time. For orders that know attempts; see [`Order::check`].
    #[must_use]
    pub fn attempts(self, rules: &Rules, entries: &[Entry], scratch: &mut ordered::Scratch) -> Vec<Way> {
        match self {
            Self::Mixpanel => mixpanel::attempts(rules, entries),
            _ => ordered::attempts(rules, entries, self == Self::Adjacent, scratch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_found_by_the_name_it_gives() {
        for name in NAMES.iter().map(|(name, _)| *name).chain(["clickhouse", "clickhouse.strict_order.allow_reentry"]) {
            assert_eq!(Order::parse(name).unwrap().name(), name);
        }
        assert_eq!(
            Order::parse("posthog.order").unwrap_err(),
            "no order 'posthog.order'; did you mean 'posthog.ordered'?"
        );
    }
}

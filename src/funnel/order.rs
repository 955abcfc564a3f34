//! Orders: the ways in which steps may follow each other, by name. Each is walked in a file of its own.

use super::condition::unknown;
use super::definition::{Attribution, Funnel, Unit};
use super::way::{Entry, Rules, Way};
use super::{any, ordered};

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
}

/// Names of the orders, as definitions write them.
const NAMES: &[&str] = &["ordered", "adjacent", "any"];

impl Order {
    /// The order with this name.
    ///
    /// # Errors
    /// There is none; says what was probably meant.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "ordered" => Ok(Self::Ordered),
            "adjacent" => Ok(Self::Adjacent),
            "any" => Ok(Self::Any),
            _ => Err(unknown("order", name, NAMES.iter().copied())),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Ordered => "ordered".into(),
            Self::Adjacent => "adjacent".into(),
            Self::Any => "any".into(),
        }
    }

    /// Whether the walk asks for events that fill no step.
    #[must_use]
    pub fn needs_others(self) -> bool {
        matches!(self, Self::Adjacent)
    }

    /// Whether only the number of steps done has a meaning, not which.
    #[must_use]
    pub fn counts_steps(self) -> bool {
        matches!(self, Self::Any)
    }

    /// Refuses what this order has no meaning for.
    ///
    /// # Errors
    /// Says which key of the definition, and why.
    pub fn check(self, funnel: &Funnel) -> Result<(), String> {
        let rules = &funnel.rules;
        let own = matches!(self, Self::Ordered | Self::Adjacent);
        let refuse = |what: &str| Err(format!("order '{}' knows no {what}", self.name()));
        if !own && rules.within.iter().any(|&within| within != i64::MAX) {
            return refuse("'within'");
        }
        if !own && rules.same_event != 0 {
            return refuse("'same_event'");
        }
        if !own && rules.optional != 0 {
            return refuse("optional steps");
        }
        if !own && funnel.unit == Unit::Attempt {
            return refuse("attempts");
        }
        if self.counts_steps() {
            let n_steps = rules.n_steps;
            if rules.exclusions.iter().any(|between| (between.from, between.to) != (0, n_steps - 1)) {
                return refuse("exclusions between single steps; leave 'between' out");
            }
            if matches!(funnel.attribution, Attribution::Step(_)) {
                return refuse("attribution to a step");
            }
        }
        Ok(())
    }

    /// The furthest way through the entries.
    pub(super) fn walk(self, rules: &Rules, entries: &[Entry], scratch: &mut ordered::Scratch) -> Way {
        match self {
            Self::Ordered => ordered::walk(rules, entries, false, scratch),
            Self::Adjacent => ordered::walk(rules, entries, true, scratch),
            Self::Any => any::walk(rules, entries),
        }
    }

    /// The ways of all attempts, in the order of time.
    pub(super) fn attempts(self, rules: &Rules, entries: &[Entry], scratch: &mut ordered::Scratch) -> Vec<Way> {
        ordered::attempts(rules, entries, self == Self::Adjacent, scratch)
    }
}

//! Walks as ClickHouse's `windowFunnel` does, in every combination of its modes: the same level for the same rows.
//!
//! Source: `src/AggregateFunctions/AggregateFunctionWindowFunnel.cpp` of ClickHouse/ClickHouse at 0215c755, that is, after
//! pull request 99003. One state is kept for each level: the start of the newest chain that reached it, and its own time.
//! A first step always begins anew, so the window counts from the latest start; a later step takes over the start of the
//! level before it. Nothing is ever unset.
//!
//! - The window is inclusive, and may be zero.
//! - Inside an instant, rows count by condition, not by arrival: first those that match nothing, then step 1, step 2 …
//! - One row may fill several steps, except under `strict_once`.
//! - `strict_deduplication` ends the scan at a row for a level above the first that is reached already.
//! - `strict_order` ends it, once something began, at a row that matches nothing (an entry without steps) or at a step
//!   whose predecessor is missing; `allow_reentry` passes over the latter. Going back to an earlier step ends nothing.
//! - `strict_increase` wants each step later than the one before. As only the newest chain of a level is kept, A at 1, A at
//!   2, B at 2 reaches level 1 although A at 1, B at 2 would do. That is ClickHouse's own defect, kept here
//!   (<https://github.com/ClickHouse/ClickHouse/issues/52844>).
//!
//! Only the number of steps and the window are read of the rules: ClickHouse knows no limits between two steps, no optional
//! steps and no exclusions.

mod once;

use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;

use super::instants::{bits, filling, since_entering, union};
use super::way::{Entry, MAX_STEPS, NOWHERE, Rules, Way};

/// The modes of `windowFunnel`. All off is its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// Nothing else may happen between the steps.
    pub strict_order: bool,
    /// A repeated step ends the scan.
    pub strict_deduplication: bool,
    /// Each step must be later than the one before.
    pub strict_increase: bool,
    /// A row fills at most one step.
    pub strict_once: bool,
    /// Steps that come too early are passed over; only with `strict_order`.
    pub allow_reentry: bool,
}

impl fmt::Display for Modes {
    /// As [`Modes::from_str`] reads it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("clickhouse")?;
        for (mode, name) in [
            (self.strict_order, ".strict_order"),
            (self.strict_deduplication, ".strict_deduplication"),
            (self.strict_increase, ".strict_increase"),
            (self.strict_once, ".strict_once"),
            (self.allow_reentry, ".allow_reentry"),
        ] {
            if mode {
                formatter.write_str(name)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Modes {
    type Err = String;

    /// Reads a dialect's name: `clickhouse`, and any modes after it, joined by dots.
    ///
    /// # Errors
    ///
    /// If a mode is unknown or ClickHouse itself refuses the combination; the text says what exists.
    fn from_str(dialect: &str) -> Result<Self, String> {
        const ALL: &str = "strict_order, strict_deduplication, strict_increase, strict_once, allow_reentry";
        let mut words = dialect.split('.');
        if words.next() != Some("clickhouse") {
            return Err(format!(
                "'{dialect}' is no dialect of ClickHouse: write 'clickhouse' or 'clickhouse.MODE.MODE'"
            ));
        }
        let mut modes = Self::default();
        for word in words {
            match word {
                "strict_order" => modes.strict_order = true,
                "strict_deduplication" => modes.strict_deduplication = true,
                "strict_increase" => modes.strict_increase = true,
                "strict_once" => modes.strict_once = true,
                "allow_reentry" => modes.allow_reentry = true,
                "strict" => return Err("ClickHouse has replaced 'strict' with 'strict_deduplication'".into()),
                _ => return Err(format!("ClickHouse has no mode '{word}': there are {ALL}")),
            }
        }
        if modes.allow_reentry && !modes.strict_order {
            return Err("ClickHouse accepts 'allow_reentry' only together with 'strict_order'".into());
        }
        Ok(modes)
    }
}

/// How far the entries got. [`Way::entries`] is the chain that reached the level first. The order inside an instant
/// makes no difference, unless `strict_once` and `strict_deduplication` meet, as in ClickHouse.
///
/// It stays open as long as the newest chain could still reach the next level; a scan that a mode has ended is closed.
#[must_use]
pub fn walk(modes: Modes, rules: &Rules, entries: &[Entry]) -> Way {
    if modes.strict_once {
        return once::walk(modes, rules, entries);
    }
    let mut walk = Walk { modes, rules, levels: Vec::new(), way: Way::default() };
    if walk.scan(entries).is_continue() {
        walk.way.open_until = open_until(modes, rules, &walk.levels);
    }
    walk.way
}

/// The newest chain that reached a level.
struct Level {
    /// When the chain began.
    start: i64,
    /// When it reached the level.
    at: i64,
    /// Its entries, step by step.
    chain: [u32; MAX_STEPS],
}

/// Under `strict_deduplication` only the chain that is furthest may go on: any other would repeat a step.
fn open_until(modes: Modes, rules: &Rules, levels: &[Level]) -> i64 {
    let next = if modes.strict_deduplication { levels.last() } else { levels.first() };
    next.map_or(i64::MIN, |level| level.start.saturating_add(rules.window))
}

struct Walk<'a> {
    modes: Modes,
    rules: &'a Rules,
    /// Levels are reached one after the other and never unset, so the length is the level.
    levels: Vec<Level>,
    way: Way,
}

impl Walk<'_> {
    /// Breaks off where the funnel is complete or a mode ends the scan.
    fn scan(&mut self, entries: &[Entry]) -> ControlFlow<()> {
        for (first, instant) in since_entering(entries) {
            if self.modes.strict_order && !self.levels.is_empty() && instant.iter().any(|entry| entry.steps == 0) {
                return ControlFlow::Break(());
            }
            for step in bits(union(instant)) {
                for number in filling(step, first, instant) {
                    self.visit(step, number, instant[0].at)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn visit(&mut self, step: usize, number: u32, at: i64) -> ControlFlow<()> {
        let reached = self.levels.len();
        let mut start = at;
        if step > 0 {
            if self.modes.strict_deduplication && step < reached {
                return ControlFlow::Break(());
            }
            if step > reached {
                let is_end = self.modes.strict_order && !self.modes.allow_reentry && reached > 0;
                return if is_end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            }
            let before = &self.levels[step - 1];
            start = before.start;
            if at > start.saturating_add(self.rules.window) || (self.modes.strict_increase && at <= before.at) {
                return ControlFlow::Continue(());
            }
        }
        if step == reached {
            self.levels.reserve_exact(self.rules.n_steps - reached);
            self.levels.push(Level { start, at, chain: [NOWHERE; MAX_STEPS] });
        }
        let (below, level) = self.levels.split_at_mut(step);
        let level = &mut level[0];
        level.start = start;
        level.at = at;
        if let Some(before) = below.last() {
            level.chain[..step].copy_from_slice(&before.chain[..step]);
        }
        level.chain[step] = number;
        if step == reached {
            self.way.reached = reached + 1;
            self.way.entries = level.chain;
        }
        if step + 1 == self.rules.n_steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

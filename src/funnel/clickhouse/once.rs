//! `strict_once`: a row fills at most one step of a chain.
//!
//! ClickHouse keeps every chain, with the rows it used, because one row may match several conditions and it cannot know
//! which of them the row will be needed for. A row belongs to one instant, though, and when that has passed, all that a chain
//! can still be asked for is its start, and a later start is never worse. So one chain is kept for each level, and what
//! remains is a question about one instant: can these steps be given to different rows? That is a bipartite matching, of at
//! most 32 steps; the number of chains, which grows like a power of the rows, never matters.
//!
//! With `strict_deduplication` the first row that fits takes its step for good, so the order of arrival counts there.

use std::ops::ControlFlow;

use super::super::instants::{bits, filling, since_entering, union};
use super::super::way::{Entry, MAX_STEPS, NOWHERE, Rules, Way};
use super::{Level, Modes, open_until};

/// See [`super::walk`].
pub(super) fn walk(modes: Modes, rules: &Rules, entries: &[Entry]) -> Way {
    let mut walk = Walk {
        modes,
        rules,
        levels: Vec::new(),
        reached: 0,
        climbs: Vec::new(),
        candidates: vec![Vec::new(); rules.n_steps],
        way: Way::default(),
    };
    let mut is_over = false;
    for (first, instant) in since_entering(entries) {
        let after = walk.climb(first, instant);
        walk.settle(instant[0].at);
        is_over = after.is_break();
        if is_over {
            break;
        }
    }
    if !is_over {
        walk.way.open_until = open_until(modes, rules, &walk.levels);
    }
    walk.way
}

/// A chain that goes on inside the current instant.
struct Climb {
    /// The number of its steps that were filled before the instant.
    base: usize,
    /// The number of its steps that are filled by now.
    top: usize,
    /// When it began.
    start: i64,
    /// The entries of this instant that fill the steps from `base` up to `top`.
    entries: [u32; MAX_STEPS],
}

struct Walk<'a> {
    modes: Modes,
    rules: &'a Rules,
    /// For each level the chain with the latest start, as it was before the current instant.
    levels: Vec<Level>,
    /// The level so far, this instant included.
    reached: usize,
    /// The chains that may go on in this instant; those with a later start come first.
    climbs: Vec<Climb>,
    /// The entries of this instant that each step may take.
    candidates: Vec<Vec<u32>>,
    way: Way,
}

impl Walk<'_> {
    /// Fills as many steps as one instant can. Breaks off where the funnel is complete or a mode ends the scan.
    fn climb(&mut self, first: u32, instant: &[Entry]) -> ControlFlow<()> {
        let at = instant[0].at;
        self.climbs.clear();
        if self.modes.strict_order && self.reached > 0 && instant.iter().any(|entry| entry.steps == 0) {
            return ControlFlow::Break(());
        }
        self.climbs.push(Climb { base: 0, top: 0, start: at, entries: [NOWHERE; MAX_STEPS] });
        for (level, base) in self.levels.iter().zip(1..) {
            if at > level.start.saturating_add(self.rules.window) {
                break;
            }
            self.climbs.push(Climb { base, top: base, start: level.start, entries: [NOWHERE; MAX_STEPS] });
        }
        for step in bits(union(instant)) {
            self.candidates[step].clear();
            if step > self.reached && self.modes.strict_order && !self.modes.allow_reentry {
                return ControlFlow::Break(());
            }
            let numbers = filling(step, first, instant);
            if step > 0 && self.modes.strict_deduplication {
                for number in numbers {
                    if step < self.reached {
                        return ControlFlow::Break(());
                    }
                    // A row that does not fit leaves the step to the next.
                    self.candidates[step].clear();
                    self.candidates[step].push(number);
                    self.fill(step);
                }
            } else {
                // As many entries as there are steps are always enough to choose from.
                self.candidates[step].extend(numbers.take(self.rules.n_steps));
                self.fill(step);
            }
            if self.reached == self.rules.n_steps {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Gives the step to every chain that waits for it and can have it.
    fn fill(&mut self, step: usize) {
        for climb in &mut self.climbs {
            let is_later = !self.modes.strict_increase || climb.top == climb.base;
            if climb.top == step && is_later && climb.place(step, &self.candidates, &mut 0) {
                climb.top += 1;
                self.reached = self.reached.max(climb.top);
            }
        }
    }

    /// Keeps the best chain of each level for the instants to come.
    fn settle(&mut self, at: i64) {
        let before = self.levels.len();
        self.levels.resize_with(self.reached, || Level { start: i64::MIN, at, chain: [NOWHERE; MAX_STEPS] });
        // From the top down, because a chain stands on a lower level as it was before.
        for step in (0..self.reached).rev() {
            let Some(climb) = self.climbs.iter().find(|climb| climb.base <= step && step < climb.top) else { continue };
            let (below, level) = self.levels.split_at_mut(step);
            let level = &mut level[0];
            if step < before && climb.start <= level.start {
                continue;
            }
            level.start = climb.start;
            level.at = at;
            if let Some(base) = climb.base.checked_sub(1) {
                level.chain[..=base].copy_from_slice(&below[base].chain[..=base]);
            }
            level.chain[climb.base..=step].copy_from_slice(&climb.entries[climb.base..=step]);
        }
        if let Some(level) = self.levels.last().filter(|_| self.reached > before) {
            self.way.reached = self.reached;
            self.way.entries = level.chain;
        }
    }
}

impl Climb {
    /// Finds an entry for a step, moving other steps to other entries where that makes room. `tried` are the steps that could
    /// not be moved, as bits.
    fn place(&mut self, step: usize, candidates: &[Vec<u32>], tried: &mut u32) -> bool {
        for &number in &candidates[step] {
            let holder = (self.base..self.top).find(|&holder| self.entries[holder] == number);
            let is_free = match holder {
                None => true,
                Some(holder) if *tried >> holder & 1 == 1 => false,
                Some(holder) => {
                    *tried |= 1 << holder;
                    self.place(holder, candidates, tried)
                }
            };
            if is_free {
                self.entries[step] = number;
                return true;
            }
        }
        false
    }
}

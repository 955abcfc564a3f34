//! `ordered` and `adjacent`: steps one after the other, in the store's order.
//!
//! A unit reached step `k` if its entries hold events for the steps up to `k`, each later in the store's order than the
//! one before, within the window of the first and each within its own limit, with no exclusion between. Whether such
//! events exist is decided exactly, in one pass: for each step only the newest chain that got there is kept. It began no
//! earlier and ended no earlier than any other, so whatever another could still reach, it can.

use super::way::{Entry, MAX_STEPS, NOWHERE, Rules, Way};

/// Buffers that one walk leaves to the next.
#[derive(Debug)]
pub struct Scratch {
    nodes: Vec<Node>,
    chains: [Chain; MAX_STEPS],
}

impl Default for Scratch {
    fn default() -> Self {
        Self { nodes: Vec::new(), chains: [NONE; MAX_STEPS] }
    }
}

/// An entry that filled a step, and the node of the step before it.
#[derive(Clone, Copy, Debug)]
struct Node {
    entry: u32,
    step: u32,
    before: u32,
}

/// The newest chain that got to a step.
#[derive(Clone, Copy, Debug)]
struct Chain {
    start: i64,
    last: i64,
    node: u32,
    /// Number of the entry that brought it here.
    entry: u32,
}

const NONE: Chain = Chain { start: i64::MIN, last: i64::MIN, node: NOWHERE, entry: NOWHERE };

impl Chain {
    fn is_there(&self) -> bool {
        self.node != NOWHERE
    }
}

/// The furthest way; of several, the one that got there first. Where another entry of the first step began anew before
/// the second was reached, the way begins with the newest.
pub(super) fn walk(rules: &Rules, entries: &[Entry], adjacent: bool, scratch: &mut Scratch) -> Way {
    Walk::new(rules, adjacent, true, scratch).go(entries, 0).0
}

/// The ways of all attempts. An attempt begins with the first entry that fills the first step, which no later entry
/// replaces; the next one begins after it was complete, its window was over, or an exclusion ended it.
pub(super) fn attempts(rules: &Rules, entries: &[Entry], adjacent: bool, scratch: &mut Scratch) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut next = 0;
    while let Some(found) = entries.get(next..).and_then(|rest| rest.iter().position(|entry| entry.steps & 1 != 0)) {
        let (way, end) = Walk::new(rules, adjacent, false, scratch).go(entries, next + found);
        ways.push(way);
        next = end.max(next + found + 1);
    }
    ways
}

struct Walk<'w> {
    rules: &'w Rules,
    adjacent: bool,
    /// Whether a later entry of the first step begins anew.
    restarts: bool,
    /// Of each step.
    chains: &'w mut [Chain],
    nodes: &'w mut Vec<Node>,
    reached: usize,
    best: u32,
    excluded: bool,
}

impl<'w> Walk<'w> {
    fn new(rules: &'w Rules, adjacent: bool, restarts: bool, scratch: &'w mut Scratch) -> Self {
        let Scratch { nodes, chains } = scratch;
        let (chains, _) = chains.split_at_mut(rules.n_steps.min(MAX_STEPS));
        nodes.clear();
        chains.fill(NONE);
        Self { rules, adjacent, restarts, chains, nodes, reached: 0, best: NOWHERE, excluded: false }
    }

    /// Walks from entry `first` on. Returns the way, and the entry after the one at which it ended.
    fn go(mut self, entries: &[Entry], first: usize) -> (Way, usize) {
        let mut end = entries.len();
        let rest = entries.iter().enumerate().skip(first);
        for (number, entry) in rest {
            if !self.restarts
                && self.chains[0].is_there()
                && entry.at > self.chains[0].start.saturating_add(self.rules.window)
            {
                end = number;
                break;
            }
            self.take(u32::try_from(number).unwrap_or(NOWHERE), entry);
            let is_over = !self.restarts && !self.chains.iter().any(Chain::is_there);
            if self.reached == self.rules.n_steps || is_over {
                end = number + 1;
                break;
            }
        }
        let mut way = Way { reached: self.reached, excluded: self.excluded, ..Way::default() };
        let mut node = self.best;
        while let Some(passed) = self.nodes.get(node as usize) {
            way.entries[passed.step as usize] = passed.entry;
            node = passed.before;
        }
        if !self.adjacent {
            self.tighten(&mut way, entries);
        }
        way.open_until = self.open_until();
        (way, end)
    }

    /// Lets each step be filled by the earliest event that will do. The walk keeps the newest, with which most can still be
    /// reached, but when a step was done is told by the first time.
    fn tighten(&self, way: &mut Way, entries: &[Entry]) {
        let mut before = way.entries[0];
        for step in 1..way.reached {
            let found = way.entries[step];
            if found == NOWHERE {
                continue;
            }
            let later =
                way.entries.iter().enumerate().take(way.reached).skip(step + 1).find(|(_, entry)| **entry != NOWHERE);
            let limit = later.map_or(i64::MIN, |(later, &entry)| {
                let at = entries.get(entry as usize).map_or(i64::MIN, |entry| entry.at);
                at.saturating_sub(self.rules.within[later])
            });
            let exclusions = self.rules.exclusions.iter().enumerate().filter(|(_, one)| one.from == step);
            let exclusions = exclusions.fold(0, |all, (bit, _)| all | 1 << bit);
            let between = entries.get(before as usize + 1..=found as usize).unwrap_or_default();
            // What lies after an event of an exclusion that begins here is cut off from what comes before it.
            let cut = between.iter().rposition(|entry| entry.excludes & exclusions != 0).unwrap_or(0);
            let earlier = between.iter().skip(cut).position(|entry| entry.steps >> step & 1 != 0 && entry.at >= limit);
            if let Some(earlier) = earlier {
                way.entries[step] = before + 1 + u32::try_from(cut + earlier).unwrap_or(0);
            }
            before = way.entries[step];
        }
    }

    fn take(&mut self, number: u32, entry: &Entry) {
        let known = u32::MAX >> (32 - self.chains.len());
        let mut steps = entry.steps & known;
        // From the last step down, so that an event that has just filled a step does not fill the next one too.
        while steps != 0 {
            let step = 31 - steps.leading_zeros() as usize;
            steps &= !(1 << step);
            self.reach(step, number, entry);
        }
        let mut again = entry.steps & self.rules.same_event & known & !1;
        while again != 0 {
            let step = again.trailing_zeros() as usize;
            again &= again - 1;
            let before = self.chains[step - 1];
            if before.entry == number {
                self.set(step, before, number, entry.at);
            }
        }
        if self.adjacent {
            self.chains.iter_mut().filter(|chain| chain.entry != number).for_each(|chain| *chain = NONE);
        }
        if entry.excludes != 0 {
            self.exclude(entry, number);
        }
    }

    fn reach(&mut self, step: usize, number: u32, entry: &Entry) {
        if step == 0 {
            if self.restarts || self.nodes.is_empty() {
                let start = Chain { start: entry.at, ..NONE };
                self.set(0, start, number, entry.at);
            }
            return;
        }
        let within = self.rules.within[step];
        let mut found = NONE;
        let mut before = step;
        // The step before, and those before it as long as all between may be skipped.
        while before > 0 {
            before -= 1;
            let chain = self.chains[before];
            let fits =
                chain.is_there() && entry.at - chain.start <= self.rules.window && entry.at - chain.last <= within;
            if fits && chain.start > found.start {
                found = chain;
            }
            if self.rules.optional >> before & 1 == 0 {
                break;
            }
        }
        if found.is_there() {
            self.set(step, found, number, entry.at);
        }
    }

    fn set(&mut self, step: usize, before: Chain, number: u32, at: i64) {
        let node = u32::try_from(self.nodes.len()).unwrap_or(NOWHERE);
        self.nodes.push(Node { entry: number, step: u32::try_from(step).unwrap_or(0), before: before.node });
        self.chains[step] = Chain { start: before.start, last: at, node, entry: number };
        if step + 1 > self.reached {
            self.reached = step + 1;
            self.best = node;
            self.excluded = false;
        }
    }

    /// Ends the chains that have passed the earlier step of an exclusion and not yet the later one.
    fn exclude(&mut self, entry: &Entry, number: u32) {
        for (_, between) in
            self.rules.exclusions.iter().enumerate().filter(|(exclusion, _)| entry.excludes >> exclusion & 1 != 0)
        {
            for step in between.from..between.to {
                let chain = self.chains[step];
                // The event that fills the earlier step does not lie after it.
                if chain.is_there() && self.passed_at(chain, between.from) != number {
                    self.chains[step] = NONE;
                    // What was out of time was lost without it.
                    let within = self.rules.within.get(step + 1).copied().unwrap_or(i64::MAX);
                    let in_time = entry.at - chain.start <= self.rules.window && entry.at - chain.last <= within;
                    self.excluded |= in_time && step + 1 == self.reached;
                }
            }
        }
    }

    /// The entry by which the chain passed a step that cannot be skipped.
    fn passed_at(&self, chain: Chain, step: usize) -> u32 {
        let mut entry = chain.entry;
        let mut node = chain.node;
        while let Some(passed) = self.nodes.get(node as usize).filter(|passed| passed.step as usize >= step) {
            entry = passed.entry;
            node = passed.before;
        }
        entry
    }

    /// Until when a further step could still be filled.
    fn open_until(&self) -> i64 {
        let n_steps = self.rules.n_steps;
        if self.reached == n_steps {
            return i64::MIN;
        }
        let alive = self.chains.iter().enumerate().take(n_steps - 1).filter(|(_, chain)| chain.is_there());
        let until = alive.map(|(step, chain)| {
            let mut next = step + 1;
            let mut within = self.rules.within[next];
            while self.rules.optional >> next & 1 != 0 && next + 1 < n_steps {
                next += 1;
                within = within.max(self.rules.within[next]);
            }
            chain.start.saturating_add(self.rules.window).min(chain.last.saturating_add(within))
        });
        until.max().unwrap_or(i64::MIN)
    }
}

//! Walks as PostHog's unordered funnels do: how many of the steps happened within one window, in whatever order?
//!
//! Source: `funnel-udf/src/unordered_steps.rs` of PostHog/posthog at 8f6eaa2a. Every step has a queue of the events that
//! filled it. Before an event is taken, the oldest event of all leaves its queue as long as it is further back than the
//! window, and also if all steps are held. The most steps that were ever held at once are the result; they are counted when
//! an event is about to leave, and at the end.
//!
//! - The window is inclusive, and may be zero.
//! - An event fills one step only: of those it matches the one whose last event is the oldest, an empty one before all.
//! - Events of one instant are taken in the store's order.
//! - An exclusion, whichever, empties all queues, and what was held since the last count is not counted. It removes nobody,
//!   and after completion it changes nothing. PostHog accepts exclusions over the whole funnel only; an entry that fills a
//!   step is no exclusion.
//!
//! "Step k" means that k steps were done, so [`Way::entries`] are in order of time: the first event of each queue. Limits
//! between steps, optional steps and [`Rules::same_event`] are not read.

use std::collections::VecDeque;

use super::instants::bits;
use super::way::{Entry, MAX_STEPS, NOWHERE, Rules, Way};

/// How many steps were done within one window.
///
/// It stays open as long as the newest event that is held could still be part of more.
#[must_use]
pub fn walk(rules: &Rules, entries: &[Entry]) -> Way {
    let mut walk = Walk { rules, entries, queues: vec![VecDeque::new(); rules.n_steps], held: 0, way: Way::default() };
    for (number, entry) in (0..).zip(entries) {
        if entry.steps == 0 && entry.excludes == 0 {
            continue;
        }
        walk.make_room(entry.at);
        if entry.steps == 0 {
            walk.queues.iter_mut().for_each(VecDeque::clear);
            walk.held = 0;
        } else {
            walk.fill(entry.steps, number);
        }
        if walk.way.reached == rules.n_steps {
            break;
        }
    }
    walk.count();
    if walk.way.reached < rules.n_steps {
        let newest = walk.queues.iter().filter_map(|queue| queue.back()).map(|&number| walk.at(number)).max();
        walk.way.open_until = newest.map_or(i64::MIN, |at| at.saturating_add(rules.window));
    }
    walk.way
}

struct Walk<'a> {
    rules: &'a Rules,
    entries: &'a [Entry],
    /// For each step the numbers of the entries that filled it.
    queues: Vec<VecDeque<u32>>,
    /// The number of queues that are not empty.
    held: usize,
    way: Way,
}

impl Walk<'_> {
    fn at(&self, number: u32) -> i64 {
        self.entries[number as usize].at
    }

    /// Lets events leave that cannot be on one way with an event of this instant.
    fn make_room(&mut self, at: i64) {
        loop {
            let fronts =
                self.queues.iter().enumerate().filter_map(|(step, queue)| Some((self.at(*queue.front()?), step)));
            let Some((oldest, step)) = fronts.min() else { return };
            if self.held < self.rules.n_steps && oldest.saturating_add(self.rules.window) >= at {
                return;
            }
            self.count();
            self.queues[step].pop_front();
            self.held -= usize::from(self.queues[step].is_empty());
        }
    }

    fn fill(&mut self, steps: u32, number: u32) {
        let last = |step: &usize| self.queues[*step].back().map(|&number| self.at(number));
        let Some(step) = bits(steps).min_by_key(last) else { return };
        self.held += usize::from(self.queues[step].is_empty());
        self.queues[step].push_back(number);
    }

    /// Takes note of what is held if it is more than ever.
    fn count(&mut self) {
        if self.held <= self.way.reached {
            return;
        }
        let mut fronts = [NOWHERE; MAX_STEPS];
        let held = self.queues.iter().filter_map(|queue| queue.front());
        for (place, &number) in fronts.iter_mut().zip(held) {
            *place = number;
        }
        fronts[..self.held].sort_by_key(|&number| self.at(number));
        self.way.reached = self.held;
        self.way.entries = fronts;
    }
}

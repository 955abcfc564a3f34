//! Walks as PostHog's ordered and strict funnels do.
//!
//! Source: `funnel-udf/src/steps.rs` of PostHog/posthog at 862e6726. For each step the newest attempt that holds it is kept.
//! A step is filled if the step before it is held and the event lies in the window, which counts from the attempt's first
//! step. An attempt that holds a step already does not fill it again; a later first step is another attempt. The furthest
//! step, and the entries that led there, are those of the first attempt that got so far.
//!
//! - The window is inclusive, and may be zero.
//! - An event's steps are tried from the last to the first, so one event never fills two steps in a row.
//! - If the events of one instant differ in their steps, they are taken step by step from the first, each once for a chain's
//!   mandatory steps; an optional step uses nothing up. Inside such an instant exclusions and strictness are not looked at.
//! - Strict: after an event, every held step that it does not match is let go. Hence A B A C reaches 2, not 3. Entries
//!   without steps are the events that match nothing.
//! - An optional step may be passed over: the step after it then stands on the last step before it that is held.
//! - An exclusion from step f to step t taints the attempt that holds f, or a step up to t, and not yet the next one. A
//!   tainted attempt fills nothing; if it would have got furthest, the contact counts nowhere ([`Way::reached`] is 0 and
//!   [`Way::excluded`] is set), unless a clean attempt gets as far.
//!
//! Limits between two steps and [`Rules::same_event`] are not read: PostHog knows neither. It takes the instant 0 for "never";
//! real events have none, and nothing here does.

use super::instants::{bits, filling, since_entering, union};
use super::way::{Entry, MAX_STEPS, NOWHERE, Rules, Way};

/// How far the entries got in an ordered funnel, or in a strict one.
///
/// It stays open as long as an untainted attempt is in its window and the funnel is not complete.
#[must_use]
pub fn walk(strict: bool, rules: &Rules, entries: &[Entry]) -> Way {
    let taints: Vec<u32> =
        rules.exclusions.iter().map(|between| ones(between.to + 1) & !ones(between.from + 1)).collect();
    let taints = |entry: &Entry| bits(entry.excludes).fold(0, |steps, exclusion| steps | taints[exclusion]);

    let mut walk = Walk { rules, attempts: Vec::new(), start: i64::MIN, way: Way::default() };
    for (first, instant) in since_entering(entries) {
        if walk.attempts.is_empty() {
            walk.attempts.resize_with(rules.n_steps, Attempt::default);
        }
        // What matches nothing is known to strict funnels only.
        let mut seen = instant.iter().filter(|entry| strict || entry.steps != 0 || entry.excludes != 0);
        let is_uniform =
            seen.next().is_none_or(|head| seen.all(|entry| entry.steps == head.steps && taints(entry) == taints(head)));
        if is_uniform {
            for (number, entry) in (first..).zip(instant) {
                for step in bits(taints(entry)).rev() {
                    walk.taint(step, entry.at);
                }
                for step in bits(entry.steps).rev() {
                    walk.fill(step, number, entry.at, false);
                }
                if strict {
                    walk.let_go(!entry.steps);
                }
            }
        } else {
            for step in bits(union(instant)) {
                for number in filling(step, first, instant) {
                    walk.fill(step, number, instant[0].at, true);
                }
            }
        }
        if walk.is_complete() {
            break;
        }
    }
    walk.result()
}

/// The lowest `n` bits.
fn ones(n: usize) -> u32 {
    if n < MAX_STEPS { (1 << n) - 1 } else { u32::MAX }
}

/// The attempt that holds a step.
#[derive(Clone)]
struct Attempt {
    is_held: bool,
    is_tainted: bool,
    /// When it began.
    start: i64,
    /// Its entries, step by step; none where a step was passed over.
    chain: [u32; MAX_STEPS],
}

impl Default for Attempt {
    fn default() -> Self {
        Self { is_held: false, is_tainted: false, start: i64::MIN, chain: [NOWHERE; MAX_STEPS] }
    }
}

struct Walk<'a> {
    rules: &'a Rules,
    /// For each step the newest attempt that holds it.
    attempts: Vec<Attempt>,
    /// When the furthest attempt began.
    start: i64,
    /// The furthest attempt; `excluded` if it is tainted.
    way: Way,
}

impl Walk<'_> {
    /// The step that a later step would stand on at an instant: the last that is held, back to the last mandatory one.
    fn before(&self, step: usize, at: i64) -> Option<usize> {
        let mut before = step.checked_sub(1)?;
        loop {
            let attempt = &self.attempts[before];
            if attempt.is_held && at <= attempt.start.saturating_add(self.rules.window) {
                return Some(before);
            }
            let is_optional = self.rules.optional >> before & 1 == 1;
            before = before.checked_sub(1).filter(|_| is_optional)?;
        }
    }

    /// Whether the attempt that began then holds the step already.
    fn holds(&self, step: usize, start: i64) -> bool {
        self.attempts[step].is_held && self.attempts[step].start == start
    }

    fn fill(&mut self, step: usize, number: u32, at: i64, once: bool) {
        let before = self.before(step, at);
        let (start, is_tainted) = match before.map(|before| &self.attempts[before]) {
            Some(attempt) => (attempt.start, attempt.is_tainted),
            None if step == 0 => (at, false),
            None => return,
        };
        if self.holds(step, start) {
            return;
        }
        let mut chain = [NOWHERE; MAX_STEPS];
        if let Some(before) = before {
            let steps = &self.attempts[before].chain[..=before];
            let optional = self.rules.optional;
            if once && steps.iter().zip(0..).any(|(&used, step)| used == number && optional >> step & 1 == 0) {
                return;
            }
            chain[..=before].copy_from_slice(steps);
        }
        chain[step] = number;
        let reached = step + 1;
        if reached > self.way.reached || (reached == self.way.reached && self.way.excluded) {
            self.way.reached = reached;
            self.way.entries = chain;
            self.way.excluded = is_tainted;
            self.start = start;
        }
        if !is_tainted {
            self.attempts[step] = Attempt { is_held: true, is_tainted, start, chain };
        }
    }

    /// An exclusion happens that spoils the way to a step.
    fn taint(&mut self, step: usize, at: i64) {
        let Some(before) = self.before(step, at) else { return };
        let Attempt { start, is_tainted, .. } = self.attempts[before];
        if is_tainted || self.holds(step, start) {
            return;
        }
        self.attempts[before].is_tainted = true;
        if self.way.reached == before + 1 && at <= self.start.saturating_add(self.rules.window) {
            self.way.excluded = true;
        }
    }

    fn let_go(&mut self, steps: u32) {
        for (step, attempt) in self.attempts.iter_mut().enumerate() {
            attempt.is_held &= steps >> step & 1 == 0;
        }
    }

    fn is_complete(&self) -> bool {
        self.attempts.last().is_some_and(|attempt| attempt.is_held)
    }

    fn result(self) -> Way {
        let clean = self.attempts.iter().filter(|attempt| attempt.is_held && !attempt.is_tainted);
        let newest = clean.map(|attempt| attempt.start).max().filter(|_| !self.is_complete());
        let open_until = newest.map_or(i64::MIN, |start| start.saturating_add(self.rules.window));
        if self.way.excluded {
            return Way { open_until, excluded: true, ..Way::default() };
        }
        Way { open_until, ..self.way }
    }
}

//! Walks as Mixpanel documents its funnels: one attempt at a time, whose window stays where its first step was.
//!
//! Source: Mixpanel's documentation ("Funnels advanced concepts", help article 360029190092); the program itself is not public.
//! An attempt begins at the first event of step 1. Another event of step 1 neither moves its window nor begins anew, until
//! the attempt is over: complete, out of its window, or ended by an exclusion. Then the next event of step 1 begins another.
//! So A at 1, A at 8, B at 15 in a window of 10 does not convert, where ClickHouse and PostHog say that it does.
//!
//! - The window is inclusive.
//! - One event fills at most one step, and the event that completes an attempt does not begin the next.
//! - Events of one instant are interchangeable: they are taken in whichever order fills most, and one that excludes counts only
//!   if it is strictly later than the earlier step, and the later step was not filled by then or at the same instant.
//!   Mixpanel does so for events up to two seconds apart; here it is the instant, because the logs of a bot are dense.
//!
//! Limits between steps, optional steps and [`Rules::same_event`] are not read.

use super::instants::{bits, instants};
use super::way::{Entry, MAX_STEPS, NOWHERE, Rules, Way};

/// The furthest of all attempts, the earliest of equals: Mixpanel's "uniques".
///
/// It stays open as long as an attempt is in its window, unless one is complete.
#[must_use]
pub fn walk(rules: &Rules, entries: &[Entry]) -> Way {
    let mut furthest = Way::default();
    let mut open_until = i64::MIN;
    each(rules, entries, |way| {
        open_until = open_until.max(way.open_until);
        if way.reached > furthest.reached {
            furthest = way;
        }
    });
    furthest.open_until = if furthest.reached == rules.n_steps { i64::MIN } else { open_until };
    furthest
}

/// All attempts in order of time: Mixpanel's "totals". Only the last can be open.
#[must_use]
pub fn attempts(rules: &Rules, entries: &[Entry]) -> Vec<Way> {
    let mut attempts = Vec::new();
    each(rules, entries, |way| attempts.push(way));
    attempts
}

fn each(rules: &Rules, entries: &[Entry], mut take: impl FnMut(Way)) {
    let mut live: Option<Way> = None;
    let mut used = Vec::new();
    for (first, instant) in instants(entries) {
        let at = instant[0].at;
        if let Some(way) = live.take_if(|way| at > way.open_until) {
            take(Way { open_until: i64::MIN, ..way });
        }
        let before = live.map_or(0, |way| way.reached);
        let mut is_same = true;

        // A step's next entry never lies before the one it took last, so an instant is passed over once for each step.
        used.clear();
        used.resize(instant.len(), false);
        let mut next = [0; MAX_STEPS];
        loop {
            let step = live.map_or(0, |way| way.reached);
            let fills = |&place: &usize| !used[place] && instant[place].steps >> step & 1 == 1;
            let Some(place) = (next[step]..instant.len()).find(fills) else { break };
            used[place] = true;
            next[step] = place + 1;
            let way = live.get_or_insert_with(|| {
                is_same = false;
                Way { open_until: at.saturating_add(rules.window), ..Way::default() }
            });
            way.entries[step] = u32::try_from(place).map_or(NOWHERE, |place| first + place);
            way.reached += 1;
            if let Some(way) = live.take_if(|way| way.reached == rules.n_steps) {
                take(Way { open_until: i64::MIN, ..way });
            }
        }

        if let Some(way) = live.take_if(|way| is_same && is_excluded(rules, instant, before, way.reached)) {
            take(Way { open_until: i64::MIN, excluded: true, ..way });
        }
    }
    live.into_iter().for_each(take);
}

/// Whether an entry of the instant ends an attempt that had so many steps before it and has so many after it.
fn is_excluded(rules: &Rules, instant: &[Entry], before: usize, after: usize) -> bool {
    let excludes = instant.iter().fold(0, |excludes, entry| excludes | entry.excludes);
    bits(excludes).any(|exclusion| {
        let between = rules.exclusions[exclusion];
        between.from < before && after <= between.to
    })
}

//! `any`: steps in any order within the window; counted is how many of them were done.
//!
//! A unit reached `k` if some window holds events that fill `k` different steps, each event one step. An exclusion
//! forgets all that came before it.

use super::way::{Entry, NOWHERE, Rules, Way};

/// The way with most steps; of several, the one that got there first. `Way::entries` holds the events in the order of
/// time, so entry `k` is the one by which `k + 1` steps were done.
pub(super) fn walk(rules: &Rules, entries: &[Entry]) -> Way {
    let mut way = Way::default();
    // The newest entry of each set of steps that one event may fill, newest set last.
    let mut newest: Vec<(u32, Vec<u32>)> = Vec::new();
    let mut last = i64::MIN;
    for (number, entry) in (0_u32..).zip(entries) {
        let oldest = entry.at.saturating_sub(rules.window);
        for (_, numbers) in &mut newest {
            numbers.retain(|&number| entries.get(number as usize).is_some_and(|entry| entry.at >= oldest));
        }
        newest.retain(|(_, numbers)| !numbers.is_empty());
        if entry.excludes != 0 {
            way.excluded |= !newest.is_empty() && way.reached > 0;
            newest.clear();
            last = i64::MIN;
        }
        if entry.steps == 0 {
            continue;
        }
        last = entry.at;
        // As many events of one set as it has steps can be of use; the newest are the best.
        let wanted = entry.steps.count_ones() as usize;
        let changed;
        if let Some((_, numbers)) = newest.iter_mut().find(|(steps, _)| *steps == entry.steps) {
            changed = numbers.len() < wanted;
            if !changed {
                numbers.remove(0);
            }
            numbers.push(number);
        } else {
            changed = true;
            newest.push((entry.steps, vec![number]));
        }
        // Nothing better comes of another event of the same sort, nor of events that together fit no more steps.
        let fits = newest.iter().fold(0, |fits, (steps, _)| fits | steps).count_ones() as usize;
        if !changed || fits <= way.reached {
            continue;
        }
        let mut filled = assign(rules.n_steps, &newest);
        if filled.len() > way.reached {
            filled.sort_unstable();
            way = Way { reached: filled.len(), ..Way::default() };
            for (place, number) in way.entries.iter_mut().zip(filled) {
                *place = number;
            }
        }
        if way.reached == rules.n_steps {
            return way;
        }
    }
    if last != i64::MIN {
        way.open_until = last.saturating_add(rules.window);
    }
    way
}

/// A largest set of events that fill different steps: a maximum matching, grown by augmenting paths, newest events first.
fn assign(n_steps: usize, newest: &[(u32, Vec<u32>)]) -> Vec<u32> {
    let mut events: Vec<(u32, u32)> =
        newest.iter().flat_map(|(steps, numbers)| numbers.iter().map(|&number| (number, *steps))).collect();
    events.sort_unstable_by(|left, right| right.cmp(left));
    let mut of_step = vec![NOWHERE; n_steps];
    for (place, _) in (0_u32..).zip(&events) {
        let mut tried = 0;
        place_event(place, &events, &mut of_step, &mut tried);
    }
    let found = of_step.into_iter().filter_map(|place| events.get(place as usize)).map(|(number, _)| *number);
    found.collect()
}

/// Finds a step for the event, moving others if need be. There are at most 32 steps, so the depth is bounded.
fn place_event(place: u32, events: &[(u32, u32)], of_step: &mut [u32], tried: &mut u32) -> bool {
    let Some(&(_, steps)) = events.get(place as usize) else { return false };
    for step in 0..of_step.len() {
        if steps >> step & 1 == 0 || *tried >> step & 1 != 0 {
            continue;
        }
        *tried |= 1 << step;
        let holder = of_step[step];
        if holder == NOWHERE || place_event(holder, events, of_step, tried) {
            of_step[step] = place;
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(list: &[(i64, u32, u32)]) -> Vec<Entry> {
        list.iter().map(|&(at, steps, excludes)| Entry { at, row: 0, steps, excludes }).collect()
    }

    #[test]
    fn the_order_does_not_matter_but_the_window_does() {
        let rules = Rules::plain(3, 10);
        assert_eq!(walk(&rules, &entries(&[(1, 4, 0), (2, 1, 0), (11, 2, 0)])).reached, 3);
        assert_eq!(walk(&rules, &entries(&[(1, 4, 0), (2, 1, 0), (12, 2, 0)])).reached, 2);
    }

    #[test]
    fn an_event_that_fits_two_steps_makes_room_for_one_that_fits_a_single_one() {
        let rules = Rules::plain(2, 10);
        assert_eq!(walk(&rules, &entries(&[(1, 3, 0)])).reached, 1);
        assert_eq!(walk(&rules, &entries(&[(1, 1, 0), (2, 3, 0)])).reached, 2);
        assert_eq!(walk(&rules, &entries(&[(1, 3, 0), (2, 3, 0)])).reached, 2);
    }

    #[test]
    fn an_exclusion_forgets_what_came_before() {
        let rules = Rules { exclusions: vec![super::super::way::Between { from: 0, to: 1 }], ..Rules::plain(2, 10) };
        let way = walk(&rules, &entries(&[(1, 1, 0), (2, 0, 1), (3, 2, 0)]));
        assert_eq!((way.reached, way.excluded), (1, true));
    }
}

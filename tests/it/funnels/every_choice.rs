//! The reference: tries every choice of events for the steps, however long it takes. It shares no idea with the walks, which
//! keep one chain per step.

use proptest::prelude::*;
use trichter::funnel::Order;
use trichter::funnel::ordered::Scratch;
use trichter::funnel::way::{Between, Entry, NOWHERE, Rules, Way};

/// The furthest step, counted from 1, for which a choice of events exists.
fn furthest(rules: &Rules, entries: &[Entry], adjacent: bool) -> usize {
    let mut best = 0;
    extend(rules, entries, adjacent, &mut Vec::new(), &mut best);
    best
}

/// Adds every further event to the choice, a list of (step, entry).
fn extend(rules: &Rules, entries: &[Entry], adjacent: bool, chosen: &mut Vec<(usize, usize)>, best: &mut usize) {
    *best = (*best).max(chosen.last().map_or(0, |(step, _)| step + 1));
    let next_step = chosen.last().map_or(0, |(step, _)| step + 1);
    for step in next_step..rules.n_steps {
        let skipped = next_step..step;
        if skipped.clone().any(|skipped| rules.optional >> skipped & 1 == 0) {
            break;
        }
        for number in 0..entries.len() {
            if may_follow(rules, entries, adjacent, chosen, step, number) {
                chosen.push((step, number));
                extend(rules, entries, adjacent, chosen, best);
                chosen.pop();
            }
        }
    }
}

fn may_follow(
    rules: &Rules,
    entries: &[Entry],
    adjacent: bool,
    chosen: &[(usize, usize)],
    step: usize,
    number: usize,
) -> bool {
    let entry = entries[number];
    if entry.steps >> step & 1 == 0 {
        return false;
    }
    let (Some(&(_, first)), Some(&(last_step, last))) = (chosen.first(), chosen.last()) else { return step == 0 };
    let same = number == last && rules.same_event >> step & 1 == 1 && last_step + 1 == step;
    let later = number > last && (!adjacent || number == last + 1);
    let in_time =
        entry.at - entries[first].at <= rules.window && (same || entry.at - entries[last].at <= rules.within[step]);
    let excluded = rules.exclusions.iter().enumerate().any(|(bit, between)| {
        // It holds once the earlier step is passed, and until the later one is.
        let Some(&(_, from)) = chosen.iter().find(|(step, _)| *step == between.from) else { return false };
        last_step < between.to && (from + 1..number).any(|between| entries[between].excludes >> bit & 1 == 1)
    });
    (same || later) && in_time && !excluded
}

/// The most steps that one event each can fill inside a window.
fn most(rules: &Rules, entries: &[Entry]) -> usize {
    let mut best = 0;
    for first in 0..entries.len() {
        let end = entries
            .iter()
            .enumerate()
            .skip(first)
            .find(|(_, entry)| entry.at - entries[first].at > rules.window || (entry.excludes != 0));
        // An exclusion ends the window before its own event, which may begin the next one.
        let end = match end {
            Some((number, _)) if number > first => number,
            Some((number, entry)) if entry.excludes != 0 => {
                let rest = &entries[number + 1..];
                let next =
                    rest.iter().position(|entry| entry.excludes != 0 || entry.at - entries[first].at > rules.window);
                number + 1 + next.unwrap_or(rest.len())
            }
            _ => entries.len(),
        };
        best = best.max(fill(&entries[first..end], 0));
    }
    best
}

fn fill(entries: &[Entry], filled: u32) -> usize {
    let Some((entry, rest)) = entries.split_first() else { return 0 };
    let mut best = fill(rest, filled);
    for step in 0..32 {
        if entry.steps & !filled & (1 << step) != 0 {
            best = best.max(1 + fill(rest, filled | 1 << step));
        }
    }
    best
}

prop_compose! {
    fn sequence(n_steps: usize)(list in prop::collection::vec((0..4_i64, 0..1_u32 << n_steps, prop::bool::weighted(0.15)), 0..9)) -> Vec<Entry> {
        let mut at = 0;
        list.into_iter().map(|(gap, steps, excluded)| {
            at += gap;
            Entry { at, row: 0, steps, excludes: u32::from(excluded) }
        }).collect()
    }
}

prop_compose! {
    fn rules(n_steps: usize)(
        window in 0..12_i64,
        within in prop::collection::vec(prop_oneof![Just(i64::MAX), 0..5_i64], n_steps),
        optional in 0..1_u32 << n_steps,
        same_event in 0..1_u32 << n_steps,
        exclusion in prop::option::of((0..n_steps - 1, 1..n_steps)),
    ) -> Rules {
        let exclusions = exclusion.filter(|(from, to)| from < to).map(|(from, to)| Between { from, to });
        // What an exclusion lies between cannot be skipped.
        let ends = exclusions.map_or(0, |one| 1 << one.from | 1 << one.to);
        Rules { within, optional: optional & !1 & !ends, same_event: same_event & !1, exclusions: exclusions.into_iter().collect(), ..Rules::plain(n_steps, window) }
    }
}

fn case() -> impl Strategy<Value = (Rules, Vec<Entry>)> {
    (2..5_usize).prop_flat_map(|n_steps| (rules(n_steps), sequence(n_steps)))
}

fn without_exclusions(rules: &Rules, entries: &[Entry]) -> Vec<Entry> {
    let n = rules.exclusions.len();
    entries.iter().map(|entry| Entry { excludes: if n == 0 { 0 } else { entry.excludes }, ..*entry }).collect()
}

/// The way is one of the choices, and no step could have been filled by an earlier event.
fn is_sound(rules: &Rules, entries: &[Entry], adjacent: bool, way: &Way) {
    let passed = (0..rules.n_steps).filter(|&step| way.entries[step] != NOWHERE);
    let passed: Vec<(usize, usize)> = passed.map(|step| (step, way.entries[step] as usize)).collect();
    assert_eq!(passed.last().map_or(0, |(step, _)| step + 1), way.reached);
    let mut chosen = Vec::new();
    for &(step, entry) in &passed {
        assert!(may_follow(rules, entries, adjacent, &chosen, step, entry), "step {step} by {entry} in {passed:?}");
        chosen.push((step, entry));
    }
    if let [.., (_, before), (step, last)] = passed[..]
        && rules.exclusions.is_empty()
        && !adjacent
    {
        let earlier = (before + 1..last).find(|&number| entries[number].steps >> step & 1 == 1);
        assert_eq!(earlier, None, "the last step was done before");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn ordered_finds_a_way_exactly_where_a_choice_of_events_exists((rules, entries) in case()) {
        let entries = without_exclusions(&rules, &entries);
        let way = Order::Ordered.walk(&rules, &entries, &mut Scratch::default());
        prop_assert_eq!(way.reached, furthest(&rules, &entries, false));
        is_sound(&rules, &entries, false, &way);
    }

    #[test]
    fn adjacent_finds_a_way_exactly_where_a_choice_of_neighbours_exists((rules, entries) in case()) {
        let entries = without_exclusions(&rules, &entries);
        let way = Order::Adjacent.walk(&rules, &entries, &mut Scratch::default());
        prop_assert_eq!(way.reached, furthest(&rules, &entries, true));
        is_sound(&rules, &entries, true, &way);
    }

    #[test]
    fn any_counts_the_most_steps_that_one_event_each_can_fill((rules, entries) in case()) {
        let rules = Rules::plain(rules.n_steps, rules.window);
        let way = Order::Any.walk(&rules, &entries, &mut Scratch::default());
        prop_assert_eq!(way.reached, most(&rules, &entries));
    }

    #[test]
    fn a_longer_window_and_a_further_event_never_take_a_step_away((rules, entries) in case(), more in 0..10_i64) {
        let entries = without_exclusions(&rules, &entries);
        let plain = Rules { exclusions: Vec::new(), ..rules.clone() };
        for order in [Order::Ordered, Order::Any] {
            let plain = if order == Order::Any { Rules::plain(plain.n_steps, plain.window) } else { plain.clone() };
            let entries: Vec<Entry> = entries.iter().map(|entry| Entry { excludes: 0, ..*entry }).collect();
            let reached = |rules: &Rules, entries: &[Entry]| order.walk(rules, entries, &mut Scratch::default()).reached;
            let longer = Rules { window: plain.window + more, ..plain.clone() };
            prop_assert!(reached(&plain, &entries) <= reached(&longer, &entries));
            for end in 1..entries.len() {
                prop_assert!(reached(&plain, &entries[..end]) <= reached(&plain, &entries));
            }
        }
    }

    #[test]
    fn attempts_do_not_overlap_and_none_gets_further_than_the_furthest((rules, entries) in case()) {
        let entries = without_exclusions(&rules, &entries);
        let mut scratch = Scratch::default();
        let furthest = Order::Ordered.walk(&rules, &entries, &mut scratch).reached;
        let attempts = Order::Ordered.attempts(&rules, &entries, &mut scratch);
        let mut end = None;
        for way in &attempts {
            is_sound(&rules, &entries, false, way);
            prop_assert!((1..=furthest).contains(&way.reached));
            prop_assert!(end.is_none_or(|end| way.entries[0] > end));
            end = way.entries.iter().copied().filter(|&entry| entry != NOWHERE).max();
        }
        prop_assert_eq!(attempts.is_empty(), furthest == 0);
    }
}

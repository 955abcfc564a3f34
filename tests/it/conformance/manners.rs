//! The same events, and what each dialect makes of them: the table that tells an analyst which dialect to ask.

use trichter::event::SECOND;
use trichter::funnel::clickhouse;
use trichter::funnel::way::{Between, Entry, MAX_STEPS, NOWHERE, Rules, Way};
use trichter::funnel::{mixpanel, posthog, posthog_unordered};

/// Entries from words such as `A` or `B@7`, of steps `A`, `B`, `C` …; `AC` fills both, `D` and what lies behind the steps
/// matches nothing, `x` is exclusion 0 and `y` is exclusion 1. Times are seconds; without one, each is a second after the last.
fn entries(n_steps: usize, text: &str) -> Vec<Entry> {
    let mut at = 0;
    let entry = |(row, word): (u32, &str)| {
        let (letters, time) = word.split_once('@').unwrap_or((word, ""));
        at = if time.is_empty() { at + SECOND } else { time.parse::<i64>().unwrap() * SECOND };
        let bit = |bits: u32, place: u8| bits | 1 << place;
        let steps = letters.bytes().filter(u8::is_ascii_uppercase).map(|letter| letter - b'A').fold(0, bit);
        let excludes = letters.bytes().filter(u8::is_ascii_lowercase).map(|letter| letter - b'x').fold(0, bit);
        Entry { at, row, steps: steps & ((1 << n_steps) - 1), excludes }
    };
    (0..).zip(text.split(' ')).map(entry).collect()
}

fn plain(n_steps: usize, seconds: i64) -> Rules {
    Rules::plain(n_steps, seconds * SECOND)
}

fn excluding(n_steps: usize, seconds: i64, exclusions: &[(usize, usize)]) -> Rules {
    let exclusions = exclusions.iter().map(|&(from, to)| Between { from, to }).collect();
    Rules { exclusions, ..plain(n_steps, seconds) }
}

fn filled(way: &Way) -> Vec<Option<u32>> {
    way.entries[..way.reached].iter().map(|&number| (number != NOWHERE).then_some(number)).collect()
}

#[test]
fn one_log_has_many_answers() {
    const DIALECTS: [&str; 5] = [
        "clickhouse",
        "clickhouse.strict_order",
        "clickhouse.strict_order.allow_reentry",
        "clickhouse.strict_deduplication",
        "clickhouse.strict_increase",
    ];
    // ClickHouse as listed; PostHog ordered, strict, unordered; Mixpanel.
    for (events, n_steps, window, expected) in [
        ("A B C", 3, 99, [3, 3, 3, 3, 3, 3, 3, 3, 3]),
        ("A D B C", 3, 99, [3, 1, 1, 3, 3, 3, 1, 3, 3]),
        ("A A B B C C", 3, 99, [3, 3, 3, 2, 3, 3, 3, 3, 3]),
        ("A A B B D C C", 3, 99, [3, 2, 2, 2, 3, 3, 2, 3, 3]),
        ("A B A C", 3, 99, [3, 3, 3, 3, 3, 3, 2, 3, 3]),
        ("A C B", 3, 99, [2, 1, 2, 2, 2, 2, 1, 3, 2]),
        ("A C B C", 3, 99, [3, 1, 3, 3, 3, 3, 1, 3, 3]),
        ("C B A", 3, 99, [1, 1, 1, 1, 1, 1, 1, 3, 1]),
        ("C@7 A@7 B@7", 3, 99, [3, 3, 3, 3, 1, 3, 3, 3, 3]),
        ("AB", 2, 99, [2, 2, 2, 2, 1, 1, 1, 1, 1]),
        ("A@1 A@2 B@2", 2, 99, [2, 2, 2, 2, 1, 2, 2, 2, 2]),
        ("A@1 B@11", 2, 10, [2, 2, 2, 2, 2, 2, 2, 2, 2]),
        ("A@1 B@12", 2, 10, [1, 1, 1, 1, 1, 1, 1, 1, 1]),
        ("A@1 A@8 B@15", 2, 10, [2, 2, 2, 2, 2, 2, 2, 2, 1]),
    ] {
        let (rules, entries) = (plain(n_steps, window), entries(n_steps, events));
        let clickhouse = DIALECTS.iter().map(|name| clickhouse::walk(name.parse().unwrap(), &rules, &entries));
        let posthog = [false, true].map(|strict| posthog::walk(strict, &rules, &entries));
        let others = [posthog_unordered::walk(&rules, &entries), mixpanel::walk(&rules, &entries)];
        let found: Vec<usize> = clickhouse.chain(posthog).chain(others).map(|way| way.reached).collect();
        assert_eq!(found, expected, "{events}");
    }
}

#[test]
fn clickhouse_stays_open_as_long_as_the_newest_chain_could_go_on() {
    for (dialect, events, open_until) in [
        ("clickhouse", "A@1 B@2 A@5", Some(15)),
        ("clickhouse", "B@1", None),
        ("clickhouse", "A@1 B@2 C@3", None),
        // The second start leads nowhere: its B would be a repetition.
        ("clickhouse.strict_deduplication", "A@1 B@2 A@5", Some(11)),
        ("clickhouse.strict_deduplication", "A@1 A@5", Some(15)),
        ("clickhouse.strict_deduplication", "A@1 B@2 B@3", None),
        ("clickhouse.strict_order", "A@1 D@2", None),
        ("clickhouse.strict_order", "A@1 C@2", None),
        ("clickhouse.strict_order.allow_reentry", "A@1 C@2", Some(11)),
        ("clickhouse.strict_once", "A@1 B@2 A@5", Some(15)),
        ("clickhouse.strict_once.strict_order", "A@1 D@2", None),
    ] {
        let way = clickhouse::walk(dialect.parse().unwrap(), &plain(3, 10), &entries(3, events));
        assert_eq!(way.open_until, open_until.map_or(i64::MIN, |at| at * SECOND), "{dialect}: {events}");
    }
}

#[test]
fn with_strict_once_rows_that_match_several_steps_are_given_out_so_that_most_are_filled() {
    let once = "clickhouse.strict_once".parse().unwrap();
    for (events, n_steps, expected) in [
        ("AB", 2, vec![0]),
        // The first row is needed for the second step.
        ("AB@1 A@1", 2, vec![1, 0]),
        ("ABC@1 A@1 AB@1", 3, vec![1, 2, 0]),
        ("ABC@1 A@2 BC@3", 3, vec![1, 2]),
    ] {
        let way = clickhouse::walk(once, &plain(n_steps, 9), &entries(n_steps, events));
        assert_eq!(way.entries[..way.reached], expected, "{events}");
    }
}

#[test]
fn posthog_forgets_a_contact_whose_best_attempt_was_spoilt() {
    for (events, exclusions, reached, is_excluded) in [
        ("A x B", &[(0, 1)][..], 0, true),
        ("A x", &[(0, 1)], 0, true),
        ("x A B", &[(0, 1)], 2, false),
        ("A B x", &[(0, 1)], 2, false),
        // A clean attempt gets as far.
        ("A x B A B", &[(0, 1)], 2, false),
        ("A x A B", &[(0, 1)], 2, false),
        // At the instant of a step it does not count, and after the window neither.
        ("A@1 x@1 B@2", &[(0, 1)], 2, false),
        ("A@1 x@2 B@2", &[(0, 1)], 2, false),
        ("A@1 x@100 B@101", &[(0, 1)], 1, false),
        // Each holds between its own steps, whichever of those in between was done.
        ("A x B C", &[(1, 2)], 3, false),
        ("A B x C", &[(0, 2)], 0, true),
        ("A B y C", &[(0, 1), (1, 2)], 0, true),
    ] {
        let rules = excluding(3, 90, exclusions);
        let way = posthog::walk(false, &rules, &entries(3, events));
        assert_eq!((way.reached, way.excluded), (reached, is_excluded), "{events}");
    }
}

#[test]
fn posthog_passes_over_optional_steps_but_not_over_mandatory_ones() {
    let rules = Rules { optional: 0b010, ..plain(3, 90) };
    let walk = |events: &str| filled(&posthog::walk(false, &rules, &entries(3, events)));
    assert_eq!(walk("A B C"), [Some(0), Some(1), Some(2)]);
    assert_eq!(walk("A D C"), [Some(0), None, Some(2)]);
    assert_eq!(walk("A B"), [Some(0), Some(1)]);
    assert_eq!(walk("B C"), []);
    let rules = plain(3, 90);
    assert_eq!(filled(&posthog::walk(false, &rules, &entries(3, "A D C"))), [Some(0)]);
}

#[test]
fn posthog_stays_open_while_a_clean_attempt_is_in_its_window() {
    let rules = excluding(3, 10, &[(0, 2)]);
    for (strict, events, open_until) in [
        (false, "A@1 B@2 A@5", Some(15)),
        (false, "A@1 x@2", None),
        (false, "A@1 x@2 A@5", Some(15)),
        (false, "A@1 B@2 C@3", None),
        (true, "A@1 B@2", Some(11)),
        (true, "A@1 D@2", None),
    ] {
        let way = posthog::walk(strict, &rules, &entries(3, events));
        assert_eq!(way.open_until, open_until.map_or(i64::MIN, |at| at * SECOND), "{events}");
    }
}

#[test]
fn posthog_unordered_counts_steps_by_time_and_begins_anew_after_an_exclusion() {
    for (events, filled_by, open_until) in [
        ("C@1 A@2", vec![0, 1], Some(12)),
        ("C@1 A@2 B@3", vec![0, 1, 2], None),
        ("C@1 C@4 A@5 B@14", vec![1, 2, 3], None),
        ("C@1 A@12", vec![0], Some(22)),
        ("C@1 A@2 x@3 B@4", vec![3], Some(14)),
        ("C@1 A@2 x@3", vec![], None),
        ("C@1 A@2 B@3 x@4 B@5", vec![0, 1, 2], None),
        // One event, one step: the one that waits longest.
        ("AB@1 AB@2", vec![0, 1], Some(12)),
    ] {
        let way = posthog_unordered::walk(&excluding(3, 10, &[(0, 2)]), &entries(3, events));
        assert_eq!(way.entries[..way.reached], filled_by, "{events}");
        assert_eq!(way.open_until, open_until.map_or(i64::MIN, |at| at * SECOND), "{events}");
    }
}

#[test]
fn mixpanel_lets_an_attempt_end_before_another_begins() {
    let rules = excluding(2, 10, &[(0, 1)]);
    for (events, expected) in [
        ("A@1 A@8 B@15 A@16", vec![(1, false), (1, false)]),
        ("A@1 B@2 A@3 B@4", vec![(2, false), (2, false)]),
        ("A@1 A@2 B@3 B@4", vec![(2, false)]),
        ("A@1 x@2 B@3 A@4 B@5", vec![(1, true), (2, false)]),
        ("B@1 x@2", vec![]),
        // Inside an instant the order is the best there is.
        ("B@1 A@1", vec![(2, false)]),
        ("A@1 x@1 B@2", vec![(2, false)]),
        ("A@1 x@2 B@2", vec![(2, false)]),
        ("A@1 B@2 AB@2", vec![(2, false), (1, false)]),
    ] {
        let attempts = mixpanel::attempts(&rules, &entries(2, events));
        let found: Vec<(usize, bool)> = attempts.iter().map(|way| (way.reached, way.excluded)).collect();
        assert_eq!(found, expected, "{events}");
    }
    // The window of the first start covers the second: a longer window may lose what a shorter one finds.
    let walk = |seconds: i64| mixpanel::walk(&plain(2, seconds), &entries(2, "A@1 A@9 B@16")).reached;
    assert_eq!((walk(7), walk(8)), (2, 1));
    // The earliest of equals, and open while an attempt is.
    let way = mixpanel::walk(&plain(3, 10), &entries(3, "A@1 B@2 A@20 B@21"));
    assert_eq!((filled(&way), way.open_until), (vec![Some(0), Some(1)], 30 * SECOND));
}

/// Every dialect once over the same entries.
fn walk_all(rules: &Rules, entries: &[Entry]) -> Vec<Way> {
    let once = "clickhouse.strict_once".parse().unwrap();
    vec![
        clickhouse::walk(clickhouse::Modes::default(), rules, entries),
        clickhouse::walk(once, rules, entries),
        posthog::walk(false, rules, entries),
        posthog::walk(true, rules, entries),
        posthog_unordered::walk(rules, entries),
        mixpanel::walk(rules, entries),
    ]
}

#[test]
fn a_funnel_may_have_as_many_steps_as_an_entry_has_bits() {
    let rules = plain(MAX_STEPS, 99);
    let entries: Vec<Entry> =
        (0..32).map(|row| Entry { at: i64::from(row) * SECOND, row, steps: 1 << row, excludes: 0 }).collect();
    for way in walk_all(&rules, &entries) {
        assert_eq!(way.reached, MAX_STEPS);
        assert_eq!(way.entries.to_vec(), (0..32).collect::<Vec<u32>>());
    }
}

#[test]
fn a_unit_with_very_many_entries_costs_no_more_for_each() {
    // All in one instant, all apart, and all in one window; quadratic work would take hours.
    let n = 300_000;
    for (pause, window) in [(0, 0), (SECOND, 1), (1, i64::MAX)] {
        for steps in [0b0001_u32, 0b0011, 0b0111] {
            let entry = |row: u32| Entry { at: i64::from(row) * pause, row, steps, excludes: 0 };
            let entries: Vec<Entry> = (0..n).map(entry).collect();
            let reached: Vec<usize> =
                walk_all(&Rules::plain(4, window), &entries).iter().map(|way| way.reached).collect();
            assert!(reached.iter().all(|reached| (1..4).contains(reached)), "{reached:?}");
        }
    }
}

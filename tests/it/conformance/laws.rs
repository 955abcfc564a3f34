//! What must hold for any sequence, whatever the original would say.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq};
use proptest::test_runner::{Config as Runs, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use trichter::funnel::clickhouse::{self, Modes};
use trichter::funnel::way::{Entry, NOWHERE, Rules, Way};
use trichter::funnel::{mixpanel, posthog, posthog_unordered};

const MOST_STEPS: usize = 5;

/// A walk of some dialect.
type Walk = Box<dyn Fn(&Rules, &[Entry]) -> Way>;

#[derive(Clone, Debug)]
struct Case {
    rules: Rules,
    entries: Vec<Entry>,
}

impl Case {
    fn last(&self) -> i64 {
        self.entries.last().map_or(0, |entry| entry.at)
    }

    /// With one more entry at its end.
    fn with(&self, at: i64, steps: u32) -> Self {
        let mut case = self.clone();
        let row = u32::try_from(case.entries.len()).unwrap();
        case.entries.push(Entry { at, row, steps, excludes: 0 });
        case
    }
}

/// A dozen entries in a few instants, often of several steps, sometimes of none.
fn case() -> impl Strategy<Value = Case> {
    let event = (0..5_i64, 0_u32..1 << MOST_STEPS, 0_u32..1 << MOST_STEPS);
    (1..=MOST_STEPS, 0..25_i64, proptest::collection::vec(event, 0..14)).prop_map(|(n_steps, window, events)| {
        let mut at = 0;
        let entries = (0..).zip(events).map(|(row, (pause, some, others))| {
            at += pause;
            // Two draws at once, so that an entry has few steps.
            Entry { at, row, steps: some & others & ((1 << n_steps) - 1), excludes: 0 }
        });
        Case { rules: Rules::plain(n_steps, window), entries: entries.collect() }
    })
}

/// Holds a law to many cases, the same each time.
fn hold<S: Strategy>(strategy: &S, law: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let runs = Runs { cases: 3_000, failure_persistence: None, ..Runs::default() };
    let mut runner = TestRunner::new_with_rng(runs, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(strategy, law).unwrap_or_else(|error| panic!("{error}"));
}

/// Every combination of ClickHouse's modes that is one.
fn modes() -> Vec<Modes> {
    let is_set = |bits: u32, place: u32| bits >> place & 1 == 1;
    let all = (0..32).map(|bits| Modes {
        strict_order: is_set(bits, 0),
        strict_deduplication: is_set(bits, 1),
        strict_increase: is_set(bits, 2),
        strict_once: is_set(bits, 3),
        allow_reentry: is_set(bits, 4),
    });
    all.filter(|modes| modes.strict_order || !modes.allow_reentry).collect()
}

fn of_clickhouse(modes: Modes) -> Walk {
    Box::new(move |rules, entries| clickhouse::walk(modes, rules, entries))
}

/// All dialects but ClickHouse's, which has many.
fn others() -> Vec<(&'static str, Walk)> {
    vec![
        ("posthog", Box::new(|rules, entries| posthog::walk(false, rules, entries))),
        ("posthog strict", Box::new(|rules, entries| posthog::walk(true, rules, entries))),
        ("posthog unordered", Box::new(posthog_unordered::walk)),
        ("mixpanel", Box::new(mixpanel::walk)),
    ]
}

/// All dialects, by name.
fn all() -> Vec<(String, Walk)> {
    let clickhouse = modes().into_iter().map(|modes| (format!("{modes:?}"), of_clickhouse(modes)));
    clickhouse.chain(others().into_iter().map(|(name, walk)| (name.to_owned(), walk))).collect()
}

#[test]
fn a_longer_window_never_lowers_the_level() {
    // A step that is reached later may end the scan or stand in the way of another: ClickHouse's own laws are others there.
    let is_monotone = |modes: &Modes| !modes.strict_deduplication && (!modes.strict_increase || modes.strict_once);
    let monotone: Vec<Modes> = modes().into_iter().filter(is_monotone).collect();
    assert_eq!(monotone.len(), 9);
    hold(&(case(), 0..25_i64), |(case, more)| {
        let longer = Rules::plain(case.rules.n_steps, case.rules.window + more);
        for &modes in &monotone {
            let walk = |rules| clickhouse::walk(modes, rules, &case.entries).reached;
            prop_assert!(walk(&case.rules) <= walk(&longer), "{modes:?}");
        }
        for strict in [false, true] {
            let walk = |rules| posthog::walk(strict, rules, &case.entries).reached;
            prop_assert!(walk(&case.rules) <= walk(&longer), "posthog, strict: {strict}");
        }
        Ok(())
    });
}

#[test]
fn later_events_never_lower_the_level() {
    hold(&(case(), 0..9_i64, 0_u32..1 << MOST_STEPS), |(case, pause, steps)| {
        let later = case.with(case.last() + pause.max(1), steps & ((1 << case.rules.n_steps) - 1));
        for (name, walk) in all() {
            let (before, after) = (walk(&case.rules, &case.entries), walk(&later.rules, &later.entries));
            prop_assert!(before.reached <= after.reached, "{name}");
        }
        Ok(())
    });
}

#[test]
fn clickhouse_does_not_ask_in_which_order_the_rows_of_an_instant_came() {
    let shuffled = case().prop_flat_map(|case| (Just(case.clone()), Just(case.entries).prop_shuffle()));
    hold(&shuffled, |(case, mut entries)| {
        entries.sort_by_key(|entry| entry.at);
        for modes in modes().into_iter().filter(|modes| !(modes.strict_once && modes.strict_deduplication)) {
            let walk = |entries: &[Entry]| clickhouse::walk(modes, &case.rules, entries).reached;
            prop_assert_eq!(walk(&case.entries), walk(&entries), "{:?}", modes);
        }
        Ok(())
    });
}

#[test]
fn a_stricter_mode_reaches_no_more() {
    hold(&case(), |case| {
        let walk = |modes: Modes| clickhouse::walk(modes, &case.rules, &case.entries).reached;
        let all = walk(Modes::default());
        for modes in modes() {
            prop_assert!(walk(modes) <= all, "{:?}", modes);
        }
        // One chain for each level loses some that all chains together find; it finds none besides.
        let increase = Modes { strict_increase: true, ..Modes::default() };
        let once = Modes { strict_once: true, ..increase };
        prop_assert!(walk(increase) <= walk(once));
        let reentry = Modes { strict_order: true, allow_reentry: true, ..Modes::default() };
        let plain = Modes { allow_reentry: false, ..reentry };
        prop_assert!(walk(plain) <= walk(reentry));
        Ok(())
    });
}

#[test]
fn the_entries_of_a_way_are_one_that_reaches_the_level() {
    hold(&case(), |Case { rules, entries }| {
        for (name, walk) in all() {
            let way = walk(&rules, &entries);
            let (filled, rest) = way.entries.split_at(way.reached);
            prop_assert!(rest.iter().all(|&number| number == NOWHERE), "{}", name);
            prop_assert!(filled.iter().all(|&number| (number as usize) < entries.len()), "{}", name);
            let there: Vec<Entry> = filled.iter().map(|&number| entries[number as usize]).collect();
            prop_assert!(there.is_sorted_by_key(|entry| entry.at), "{}: {:?}", name, way);
            if let [first, .., last] = &there[..] {
                prop_assert!(last.at - first.at <= rules.window, "{}: {:?}", name, way);
            }
            let in_place = there.iter().enumerate().all(|(step, entry)| entry.steps >> step & 1 == 1);
            prop_assert!(in_place || name == "posthog unordered", "{}: {:?}", name, way);
            let is_later = there.is_sorted_by(|left, right| left.at < right.at);
            prop_assert!(is_later || !name.contains("strict_increase: true"), "{}: {:?}", name, way);
            let mut numbers = filled.to_vec();
            numbers.sort_unstable();
            numbers.dedup();
            let is_once = numbers.len() == way.reached;
            prop_assert!(is_once || name.contains("strict_once: false"), "{}: {:?}", name, way);
        }
        Ok(())
    });
}

#[test]
fn what_is_closed_stays_as_it_is() {
    hold(&(case(), 1..9_i64, any::<u32>()), |(case, later, steps)| {
        for (name, walk) in all() {
            let way = walk(&case.rules, &case.entries);
            let at = way.open_until.max(case.last()) + later;
            // One event further on can begin anew, which reaches the first step at most. ClickHouse takes it for all its steps.
            let steps = steps & ((1 << case.rules.n_steps) - 1) & !u32::from(name.starts_with("Modes"));
            let after = case.with(at, steps);
            let after = walk(&after.rules, &after.entries);
            prop_assert_eq!(after.reached, way.reached.max(after.reached.min(1)), "{}: {:?}", name, way);
        }
        Ok(())
    });
}

#[test]
fn what_is_open_can_go_on_until_the_last_instant() {
    hold(&case(), |case| {
        for modes in [Modes::default(), Modes { strict_deduplication: true, ..Modes::default() }] {
            let way = clickhouse::walk(modes, &case.rules, &case.entries);
            if way.open_until <= case.last() {
                continue;
            }
            let from = if modes.strict_deduplication { way.reached } else { 1 };
            let mut after = case.clone();
            for step in from..case.rules.n_steps {
                after = after.with(way.open_until, 1 << step);
            }
            let after = clickhouse::walk(modes, &after.rules, &after.entries);
            prop_assert_eq!(after.reached, case.rules.n_steps, "{:?}: {:?}", modes, way);
        }
        Ok(())
    });
}

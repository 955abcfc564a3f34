//! Entries, rules and ways: what every order of walking a funnel works on. Plain data; knows no column, file or clock.

/// A funnel has at most this many steps, and at most this many exclusions.
pub const MAX_STEPS: usize = 32;

/// "No entry" among [`Way::entries`].
pub const NOWHERE: u32 = u32::MAX;

/// One event of a unit, reduced to what the walk asks of it. Entries stand in the store's order, so times never fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happened, in microseconds.
    pub at: i64,
    /// The event's row in the shard.
    pub row: u32,
    /// Bit `k` is set if the event can fill step `k`, counted from 0. Zero where an order asks for the other events too.
    pub steps: u32,
    /// Bit `e` is set if the event is of exclusion `e`.
    pub excludes: u32,
}

/// What a funnel asks of a unit's entries, whatever the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Number of steps, from 1 to [`MAX_STEPS`].
    pub n_steps: usize,
    /// Time that the whole way may take, in microseconds; an event exactly at its end still counts.
    pub window: i64,
    /// For each step, the time since the step before that it may take; `i64::MAX` where there is no limit. Microseconds,
    /// inclusive.
    pub within: Vec<i64>,
    /// Bit `k`: step `k` may be skipped. Never the first step.
    pub optional: u32,
    /// Bit `k`: step `k` may be filled by the event that filled the step before it.
    pub same_event: u32,
    /// Exclusions, by the bit of [`Entry::excludes`].
    pub exclusions: Vec<Between>,
}

/// An exclusion holds from the event of one step to the event of a later one, both counted from 0. For `ordered` and
/// `adjacent` neither may be optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The earlier step.
    pub from: usize,
    /// The later step.
    pub to: usize,
}

impl Rules {
    /// Rules with nothing but a number of steps and a window in microseconds.
    #[must_use]
    pub fn plain(n_steps: usize, window: i64) -> Self {
        Self { n_steps, window, within: vec![i64::MAX; n_steps], optional: 0, same_event: 0, exclusions: Vec::new() }
    }
}

/// How far a unit got, and by which events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The furthest step that was reached, counted from 1; 0: the unit never entered.
    pub reached: usize,
    /// For each step the number of the entry that filled it; [`NOWHERE`] where it was skipped or not reached.
    pub entries: [u32; MAX_STEPS],
    /// The latest instant at which a further step could still be filled, in microseconds; `i64::MIN` if none can.
    pub open_until: i64,
    /// An exclusion ended an attempt at the furthest step.
    pub excluded: bool,
}

impl Default for Way {
    fn default() -> Self {
        Self { reached: 0, entries: [NOWHERE; MAX_STEPS], open_until: i64::MIN, excluded: false }
    }
}

//! Shares: which of a unit's entries can be on a way whose held steps carry one value.

use super::definition::Hold;
use super::way::Entry;

/// "No value", among codes of words and keys of messages alike.
pub(super) const UNKNOWN: i64 = 0;

/// What a walk with one value depends on besides the value.
pub(super) struct Terms<'t> {
    /// The steps that carry the value.
    pub(super) hold: &'t Hold,
    /// The held step that must say which value it is; none where steps have no order.
    pub(super) begins: u32,
    /// Exclusions, too, count only for the value they carry, or for all if they carry none.
    pub(super) exclusions_too: bool,
    /// The time that a way may take.
    pub(super) window: i64,
    /// The value of an entry.
    pub(super) value: &'t dyn Fn(&Entry) -> i64,
    /// Whether an entry may stand between steps though it fills none.
    pub(super) minds: &'t dyn Fn(&Entry) -> bool,
}

/// A unit's entries by the value that their ways must share.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// Value and number of each entry that fits a held step, by value.
    held: Vec<(i64, u32)>,
    /// Where the entries of each value stand in `held`, those first whose first entry is first.
    values: Vec<(u32, usize, usize)>,
    /// Numbers of the entries that can be on ways of several values.
    free: Vec<u32>,
}

/// The entries of one value.
#[derive(Clone, Copy)]
pub(super) struct Share<'s> {
    /// The value.
    pub(super) value: i64,
    /// Number of its first entry.
    pub(super) first: u32,
    held: &'s [(i64, u32)],
}

impl Shares {
    pub(super) fn divide(&mut self, entries: &[Entry], terms: &Terms<'_>) {
        let Self { held, values, free } = self;
        held.clear();
        values.clear();
        free.clear();
        for (number, entry) in (0..).zip(entries) {
            let value = (terms.value)(entry);
            let is_held = entry.steps & terms.hold.steps != 0 && value != UNKNOWN;
            if is_held {
                held.push((value, number));
            }
            let elsewhere = entry.steps & !terms.hold.steps | entry.excludes != 0 || (terms.minds)(entry);
            if !is_held || elsewhere {
                free.push(number);
            }
        }
        held.sort_unstable();
        let mut end = 0;
        for value in held.chunk_by(|left, right| left.0 == right.0) {
            let begin = end;
            end += value.len();
            values.extend(value.first().map(|&(_, first)| (first, begin, end)));
        }
        values.sort_unstable();
    }

    /// Every value, in the order of their first entries.
    pub(super) fn each(&self) -> impl Iterator<Item = Share<'_>> {
        self.values.iter().filter_map(|&(first, begin, end)| {
            let held = self.held.get(begin..end)?;
            Some(Share { value: held.first()?.0, first, held })
        })
    }

    /// Gathers the entries that can be on a way with this value: its own, and of the others those that carry no other
    /// value where it matters. What carries none contradicts no value. Without a value, those that no value is asked of.
    pub(super) fn part(&self, share: Option<Share<'_>>, entries: &[Entry], terms: &Terms<'_>, part: &mut Vec<Entry>) {
        part.clear();
        let held = share.map_or(&[][..], |share| share.held);
        let last = held.last().and_then(|&(_, last)| entries.get(last as usize));
        // A way that begins after the last of them, or a window before it, has no held step.
        let end = last.map_or(i64::MAX, |last| last.at.saturating_add(terms.window));
        let begin = share.map_or(0, |share| {
            // Where the way begins with a held step, nothing before the first of them can be on it; else nothing that is more
            // than a window before.
            let first = entries.get(share.first as usize).map_or(i64::MIN, |entry| entry.at);
            let earliest = if terms.begins & 1 == 0 { first.saturating_sub(terms.window) } else { first };
            self.free.partition_point(|&number| {
                entries.get(number as usize).is_some_and(|entry| entry.at < earliest)
                    || (terms.begins & 1 != 0 && number < share.first)
            })
        });
        let mut held = held.iter().map(|&(_, number)| number).peekable();
        let mut free = self.free.iter().skip(begin).copied().peekable();
        loop {
            let number = match (held.peek(), free.peek()) {
                (Some(left), Some(right)) if left > right => free.next(),
                (Some(left), Some(right)) => {
                    if left == right {
                        free.next();
                    }
                    held.next()
                }
                (Some(_), None) => held.next(),
                (None, _) => free.next(),
            };
            let Some(entry) = number.and_then(|number| entries.get(number as usize)) else { return };
            if entry.at > end {
                return;
            }
            let (steps, excludes) = match (terms.value)(entry) {
                UNKNOWN => (entry.steps & !terms.begins, entry.excludes),
                value if share.is_some_and(|share| share.value == value) => (entry.steps, entry.excludes),
                _ if terms.exclusions_too => (entry.steps & !terms.hold.steps, 0),
                _ => (entry.steps & !terms.hold.steps, entry.excludes),
            };
            if steps | excludes != 0 || (terms.minds)(entry) {
                part.push(Entry { steps, excludes, ..*entry });
            }
        }
    }
}

//! A unit's entries instant by instant, and an entry's steps one by one: what the dialects' walks are loops over.

use super::way::{Entry, NOWHERE};

/// The entries that happened together, with the number of the first of them.
pub(super) fn instants(entries: &[Entry]) -> impl Iterator<Item = (u32, &[Entry])> {
    let mut next = 0;
    entries.chunk_by(|left, right| left.at == right.at).map(move |instant| {
        let first = next;
        // A shard's rows are numbered in 32 bits, so its entries are, too.
        next += u32::try_from(instant.len()).unwrap_or(NOWHERE);
        (first, instant)
    })
}

/// The instants from the first on at which somebody enters. What was before can fill no step of any dialect that asks
/// for the first step first.
pub(super) fn since_entering(entries: &[Entry]) -> impl Iterator<Item = (u32, &[Entry])> {
    instants(entries).skip_while(|(_, instant)| instant.iter().all(|entry| entry.steps & 1 == 0))
}

/// All steps that any of the entries can fill, as bits.
pub(super) fn union(instant: &[Entry]) -> u32 {
    instant.iter().fold(0, |steps, entry| steps | entry.steps)
}

/// The entries that can fill a step, by number, in the store's order.
pub(super) fn filling(step: usize, first: u32, instant: &[Entry]) -> impl Iterator<Item = u32> {
    (first..).zip(instant).filter(move |(_, entry)| entry.steps >> step & 1 == 1).map(|(number, _)| number)
}

/// The numbers of the bits that are set, rising; from behind, falling.
pub(super) fn bits(mask: u32) -> Bits {
    Bits(mask)
}

pub(super) struct Bits(u32);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let lowest = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (lowest < u32::BITS).then_some(lowest as usize)
    }
}

impl DoubleEndedIterator for Bits {
    fn next_back(&mut self) -> Option<usize> {
        let highest = self.0.checked_ilog2()?;
        self.0 ^= 1 << highest;
        Some(highest as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::bits;

    #[test]
    fn bits_come_in_order_from_either_side() {
        let mask = 1 << 31 | 1 << 7 | 1;
        assert_eq!(bits(mask).collect::<Vec<_>>(), [0, 7, 31]);
        assert_eq!(bits(mask).rev().collect::<Vec<_>>(), [31, 7, 0]);
        assert_eq!(bits(0).next(), None);
        assert_eq!(bits(0).next_back(), None);
    }
}

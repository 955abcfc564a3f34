//! Matching: which steps and exclusions each event of a shard fits, as one number per event.
//!
//! A condition is decided once per distinct word of the shard; for an event it is one look into a small table.

use std::ops::Range;

use super::condition::Condition;
use super::definition::Funnel;
use crate::event::Kind;
use crate::store::Shard;

/// Steps are the low bits, exclusions the high ones.
const EXCLUSIONS: u32 = 32;

/// The steps and exclusions of every event.
#[derive(Debug, Default)]
pub(super) struct Matching {
    fits: Vec<u64>,
}

impl Matching {
    /// Finds what every event of the shard fits.
    pub(super) fn find(&mut self, funnel: &Funnel, shard: &Shard) {
        let steps = funnel.steps.iter().map(|step| &step.conditions);
        let parts: Vec<(u32, &Vec<Condition>)> =
            (0..).zip(steps).chain((EXCLUSIONS..).zip(&funnel.exclusions)).collect();
        let all = parts.iter().fold(0, |all, (bit, _)| all | 1 << bit);
        let mut columns: Vec<&str> = parts.iter().flat_map(|(_, part)| part.iter()).map(|one| one.column).collect();
        columns.sort_unstable();
        columns.dedup();
        let table = |column: &str, value: Option<&str>| {
            let fails = |part: &[Condition]| part.iter().any(|one| one.column == column && !one.test.passes(value));
            parts.iter().filter(|(_, part)| fails(part)).fold(all, |fits, (bit, _)| fits & !(1 << bit))
        };
        self.fits.clear();
        let kinds: Vec<u64> = Kind::ALL.iter().map(|kind| table("kind", Some(kind.name()))).collect();
        self.fits.extend(shard.kind().iter().map(|&kind| kinds.get(kind as usize).copied().unwrap_or(0)));
        for column in columns.into_iter().filter(|column| *column != "kind") {
            if column == "billable" {
                let (unknown, yes, no) =
                    (table(column, None), table(column, Some("true")), table(column, Some("false")));
                let fits = |flag: &Option<bool>| flag.map_or(unknown, |flag| if flag { yes } else { no });
                self.fits.iter_mut().zip(shard.billable()).for_each(|(fit, flag)| *fit &= fits(flag));
                continue;
            }
            let (codes, words) = shard.words(column);
            let fits: Vec<u64> = std::iter::once(table(column, None))
                .chain(words.list().iter().map(|word| table(column, Some(word.as_str()))))
                .collect();
            let of = |code: u32| fits.get(code as usize).copied().unwrap_or(0);
            self.fits.iter_mut().zip(codes).for_each(|(fit, &code)| *fit &= of(code));
        }
    }

    /// What each of these rows fits; see [`halves`].
    pub(super) fn of_rows(&self, rows: Range<usize>) -> &[u64] {
        self.fits.get(rows).unwrap_or_default()
    }
}

/// The bits of the steps and of the exclusions that an event fits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half holds the steps")]
pub(super) fn halves(fits: u64) -> (u32, u32) {
    (fits as u32, (fits >> EXCLUSIONS) as u32)
}

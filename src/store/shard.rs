//! A shard: whole contacts as columns, in the store's order. Here the rows of several data files become one sequence.
//!
//! Files are sorted, so what one contact did stands in one run of each file, and runs are copied whole. Rows are compared
//! only where runs of one contact overlap in time, and told apart by id only where two files tell of the same instant.

use std::ops::Range;

use super::rows::{NO_INSTANT, NO_MESSAGE};
use super::schema::{TEXTS, WORDS};
use super::words::Words;
use crate::error::Result;
use crate::event::Kind;

/// The column that says whose a row is; kept as runs, not row by row.
pub(super) const KEY: &str = "contact_key";
/// Columns of numbers, in the order in which [`Block::numbers`] keeps them.
pub(super) const NUMBERS: [&str; 6] = ["at", "message_key", "reply_key", "up_to", "cost", "line"];
const AT: usize = 0;

/// What stands for null in a column of numbers.
pub(super) fn null_of(number: usize) -> i64 {
    if matches!(NUMBERS.get(number), Some(&("message_key" | "reply_key"))) { NO_MESSAGE } else { NO_INSTANT }
}

/// Place of a column of words or of text among the lists of words.
pub(super) fn word_index(name: &str) -> Option<usize> {
    WORDS.iter().chain(TEXTS).position(|&word| word == name)
}

/// Rows of one contact that stand one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The contact: the column `contact_key` of these rows.
    pub key: i64,
    /// The rows.
    pub rows: Range<usize>,
}

/// Adds `n` rows of a contact behind all others. They make its run longer if it is the last one, and not before `first`.
pub(super) fn add(runs: &mut Vec<Run>, first: usize, key: i64, n: usize) {
    let is_new = runs.len() <= first;
    match runs.last_mut() {
        Some(last) if !is_new && last.key == key => last.rows.end += n,
        last => {
            let start = last.map_or(0, |last| last.rows.end);
            runs.push(Run { key, rows: start..start + n });
        }
    }
}

/// Rows as columns. A column that was not asked for is empty.
#[derive(Default)]
pub(super) struct Block {
    pub(super) runs: Vec<Run>,
    pub(super) numbers: [Vec<i64>; NUMBERS.len()],
    pub(super) kind: Vec<Kind>,
    /// In the order of [`word_index`].
    pub(super) codes: Vec<Vec<u32>>,
    pub(super) billable: Vec<Option<bool>>,
}

impl Block {
    fn new() -> Self {
        Self { codes: vec![Vec::new(); WORDS.len() + TEXTS.len()], ..Self::default() }
    }

    pub(super) fn clear(&mut self) {
        self.runs.clear();
        self.numbers.iter_mut().for_each(Vec::clear);
        self.kind.clear();
        self.codes.iter_mut().for_each(Vec::clear);
        self.billable.clear();
    }

    /// Copies some rows of every column; whose they are, the caller says.
    fn copy(&mut self, from: &Self, segments: &[Range<usize>]) {
        fn copy<T: Copy>(to: &mut Vec<T>, from: &[T], segments: &[Range<usize>]) {
            if !from.is_empty() {
                to.reserve(from.len());
                for segment in segments {
                    to.extend_from_slice(&from[segment.clone()]);
                }
            }
        }
        for (to, from) in self.numbers.iter_mut().zip(&from.numbers) {
            copy(to, from, segments);
        }
        copy(&mut self.kind, &from.kind, segments);
        for (to, from) in self.codes.iter_mut().zip(&from.codes) {
            copy(to, from, segments);
        }
        copy(&mut self.billable, &from.billable, segments);
    }
}

/// What tells events of one instant apart: position and event id of every row, file after file.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) position: Vec<i32>,
    pub(super) event_id: Vec<u128>,
}

/// The events of a range of contacts as columns, in the store's order. Key, time and kind are always there; another column
/// is empty if it was not asked for.
pub struct Shard {
    pub(super) rows: Block,
    pub(super) words: Vec<Words>,
}

impl Shard {
    pub(super) fn new() -> Self {
        Self { rows: Block::new(), words: vec![Words::default(); WORDS.len() + TEXTS.len()] }
    }

    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.kind.len()
    }

    /// Whether there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.kind.is_empty()
    }

    /// The rows of each contact, one contact after the other.
    #[must_use]
    pub fn contacts(&self) -> &[Run] {
        &self.rows.runs
    }

    /// See the column of this name.
    #[must_use]
    pub fn at(&self) -> &[i64] {
        &self.rows.numbers[AT]
    }

    /// See the column of this name.
    #[must_use]
    pub fn kind(&self) -> &[Kind] {
        &self.rows.kind
    }

    /// A number that is equal for equal message ids; [`NO_MESSAGE`] where there is none. Empty if not asked for.
    #[must_use]
    pub fn message_key(&self) -> &[i64] {
        &self.rows.numbers[1]
    }

    /// As [`Shard::message_key`], for the message that is answered.
    #[must_use]
    pub fn reply_key(&self) -> &[i64] {
        &self.rows.numbers[2]
    }

    /// Microseconds; [`NO_INSTANT`] where there is none. Empty if not asked for.
    #[must_use]
    pub fn up_to(&self) -> &[i64] {
        &self.rows.numbers[3]
    }

    /// Price in millionths; [`NO_INSTANT`] where there is none. Empty if not asked for.
    #[must_use]
    pub fn cost(&self) -> &[i64] {
        &self.rows.numbers[4]
    }

    /// The line on which the record began, from 1. Empty if not asked for.
    #[must_use]
    pub fn line(&self) -> &[i64] {
        &self.rows.numbers[5]
    }

    /// See the column of this name. Empty if not asked for.
    #[must_use]
    pub fn billable(&self) -> &[Option<bool>] {
        &self.rows.billable
    }

    /// The codes of a column of words or of text, and the words. Both are empty if the column was not asked for.
    #[must_use]
    pub fn words(&self, name: &str) -> (&[u32], &Words) {
        let index = word_index(name).unwrap_or(0);
        (&self.rows.codes[index], &self.words[index])
    }
}

/// A run of one file, to be brought into order with those of others.
struct Piece {
    key: i64,
    /// Instant and kind of its first row.
    first: (i64, Kind),
    rows: Range<usize>,
}

/// The rows of several files, one file after the other, on their way to be a shard. Its buffers are used again and again.
pub(super) struct Stage {
    pub(super) rows: Block,
    /// The runs of each file.
    pub(super) files: Vec<Range<usize>>,
    pieces: Vec<Piece>,
    /// Rows that are being mixed: instant, kind, piece, row.
    order: Vec<(i64, Kind, usize, usize)>,
    segments: Vec<Range<usize>>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self { rows: Block::new(), files: Vec::new(), pieces: Vec::new(), order: Vec::new(), segments: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.files.clear();
    }

    /// Brings the rows of all files into one order, without those outside `instants` and without repeated events. Asks for
    /// `ids` only if it cannot do without.
    pub(super) fn merge(
        &mut self,
        instants: Option<&Range<i64>>,
        ids: impl FnMut() -> Result<Ids>,
        shard: &mut Shard,
    ) -> Result<()> {
        self.files.retain(|file| !file.is_empty());
        if self.files.len() <= 1 && instants.is_none() {
            std::mem::swap(&mut shard.rows, &mut self.rows);
            return Ok(());
        }
        self.find_pieces(instants);
        shard.rows.clear();
        self.join_pieces(ids, &mut shard.rows.runs)?;
        shard.rows.copy(&self.rows, &self.segments);
        Ok(())
    }

    fn find_pieces(&mut self, instants: Option<&Range<i64>>) {
        let (at, kind) = (&self.rows.numbers[AT], &self.rows.kind);
        self.pieces.clear();
        for run in self.files.iter().flat_map(|file| &self.rows.runs[file.clone()]) {
            let mut rows = run.rows.clone();
            if let Some(instants) = instants {
                let of_run = &at[rows.clone()];
                rows = rows.start + of_run.partition_point(|&at| at < instants.start)
                    ..rows.start + of_run.partition_point(|&at| at < instants.end);
            }
            if !rows.is_empty() {
                self.pieces.push(Piece { key: run.key, first: (at[rows.start], kind[rows.start]), rows });
            }
        }
        // Every file is sorted already; a stable sort finds that out and only merges.
        self.pieces.sort_by_key(|piece| (piece.key, piece.first));
    }

    /// Joins pieces that follow each other, and mixes those of a contact that overlap. `runs` are those of the result.
    fn join_pieces(&mut self, mut ids: impl FnMut() -> Result<Ids>, runs: &mut Vec<Run>) -> Result<()> {
        let (at, kind) = (&self.rows.numbers[AT], &self.rows.kind);
        let instant = |row: usize| (at[row], kind[row]);
        let mut known: Option<Ids> = None;
        let mut begin = 0;
        self.segments.clear();
        while let Some(first) = self.pieces.get(begin) {
            let mut last = instant(first.rows.end - 1);
            let mut end = begin + 1;
            while let Some(piece) = self.pieces.get(end)
                && piece.key == first.key
                && piece.first <= last
            {
                last = last.max(instant(piece.rows.end - 1));
                end += 1;
            }
            if end == begin + 1 {
                add(runs, 0, first.key, first.rows.len());
                self.segments.push(first.rows.clone());
                begin = end;
                continue;
            }
            self.order.clear();
            for (number, piece) in self.pieces[begin..end].iter().enumerate() {
                self.order.extend(piece.rows.clone().map(|row| (at[row], kind[row], number, row)));
            }
            self.order.sort_by_key(|&(at, kind, ..)| (at, kind));
            let is_tie = |pair: &[(i64, Kind, usize, usize)]| {
                (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1) && pair[0].2 != pair[1].2
            };
            if self.order.windows(2).any(is_tie) {
                let ids = match &mut known {
                    Some(ids) => ids,
                    None => known.insert(ids()?),
                };
                let id = |row: usize| (ids.position[row], ids.event_id[row]);
                self.order.sort_by(|left, right| {
                    (left.0, left.1).cmp(&(right.0, right.1)).then_with(|| id(left.3).cmp(&id(right.3)))
                });
                self.order.dedup_by(|later, earlier| {
                    later.0 == earlier.0 && ids.event_id[later.3] == ids.event_id[earlier.3]
                });
            }
            add(runs, 0, first.key, self.order.len());
            for &(.., row) in &self.order {
                match self.segments.last_mut() {
                    Some(last) if last.end == row => last.end += 1,
                    _ => self.segments.push(row..row + 1),
                }
            }
            begin = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key, instant, kind, event id; the id tells rows apart and is the position, too.
    type Event = (i64, i64, Kind, u128);

    fn merged(files: &[Vec<Event>], instants: Option<&Range<i64>>) -> (Vec<Event>, bool) {
        let (mut stage, mut shard, mut needs_ids) = (Stage::new(), Shard::new(), false);
        for file in files {
            let start = stage.rows.runs.len();
            for &(key, at, kind, id) in file {
                add(&mut stage.rows.runs, start, key, 1);
                stage.rows.numbers[AT].push(at);
                stage.rows.numbers[1].push(i64::try_from(id).unwrap());
                stage.rows.kind.push(kind);
            }
            stage.files.push(start..stage.rows.runs.len());
        }
        let ids = || {
            needs_ids = true;
            let ids: Vec<u128> = files.iter().flatten().map(|event| event.3).collect();
            Ok(Ids { position: ids.iter().map(|&id| i32::try_from(id).unwrap()).collect(), event_id: ids })
        };
        stage.merge(instants, ids, &mut shard).unwrap();
        let event = |key: i64, row: usize| {
            (key, shard.at()[row], shard.kind()[row], shard.message_key()[row].unsigned_abs().into())
        };
        let of_contact = |contact: &Run| contact.rows.clone().map(|row| event(contact.key, row)).collect::<Vec<_>>();
        (shard.contacts().iter().flat_map(of_contact).collect(), needs_ids)
    }

    #[test]
    fn files_in_any_state_of_overlap_become_one_sorted_sequence() {
        let mut dice = 1_u64;
        let mut roll = |n: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % n
        };
        for round in 0..300 {
            let (n_contacts, n_instants) = (1 + roll(4), 1 + roll(40));
            let files: Vec<Vec<Event>> = (0..=roll(4))
                .map(|_| {
                    let mut file: Vec<Event> = (0..roll(30))
                        .map(|_| {
                            let at = i64::try_from(roll(n_instants)).unwrap();
                            let kind = Kind::ALL[usize::try_from(roll(3)).unwrap()];
                            // Few ids, so that files share events; an id is of one contact, instant and kind.
                            let key = i64::try_from(roll(n_contacts)).unwrap();
                            let place = (key.unsigned_abs() * 64 + at.unsigned_abs()) * 4 + u64::from(kind as u8);
                            (key, at, kind, u128::from(place * 2 + roll(2)))
                        })
                        .collect();
                    file.sort_unstable();
                    file.dedup();
                    file
                })
                .collect();
            for instants in [None, Some(3..20)] {
                let is_inside = |event: &Event| instants.as_ref().is_none_or(|range| range.contains(&event.1));
                let mut expected: Vec<Event> = files.iter().flatten().copied().filter(is_inside).collect();
                expected.sort_unstable();
                expected.dedup();
                assert_eq!(merged(&files, instants.as_ref()).0, expected, "{round}");
            }
        }
    }

    #[test]
    fn ids_are_read_only_where_two_files_tell_of_one_instant_and_kind() {
        let (first, second) = (Kind::ALL[0], Kind::ALL[1]);
        let apart = [vec![(1, 1, first, 1), (1, 5, first, 2)], vec![(1, 3, first, 3), (1, 5, second, 4)]];
        assert!(!merged(&apart, None).1);
        let tied = [vec![(1, 1, first, 1), (1, 5, first, 2)], vec![(1, 5, first, 3)]];
        assert!(merged(&tied, None).1);
    }
}

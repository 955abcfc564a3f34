//! The scan: goes over the sorted data files, range of contact keys by range, and yields whole contacts in time order.
//!
//! Contact keys are uniform hashes, so a range of them is a random sample of contacts, and no contact crosses a range.
//! Memory is bounded by the shards in flight, not by the store.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::Store;
use super::contents::{Beginnings, Contents};
use super::cursor::{Cursor, Layout};
use super::pages::Scratch;
use super::part::Part;
use super::place::Place;
use super::shard::{Ids, Shard, Stage};
use super::source::{self, Source};
use super::words::Words;
use super::write::DataFile;
use crate::error::{Error, Result};
use crate::event::Kind;

/// Rows that a shard should hold: enough to keep columns long, few enough to stay in the cache and bound memory.
const SHARD_ROWS: u64 = 32 * 1024;
/// Rows that a shard should take of each file, if that is no more than a few times as many: where there are a hundred
/// files, to begin anew with each column of each of them costs more than to leave the cache.
const PIECE_ROWS: u64 = 512;
/// Rows that a thread should read of each file before it goes elsewhere.
const FILE_ROWS: u64 = 64 * 1024;
/// Handles that all threads together may keep open: a process often has 256.
const HANDLES: usize = 96;
/// Bytes of words after which a thread begins new lists.
const WORD_BYTES: usize = 64 * 1024 * 1024;

/// One version of the store, ready to be scanned. Data files are opened once; their statistics say what to skip.
pub struct Snapshot {
    version: u64,
    files: Vec<Part>,
    channel_kinds: BTreeSet<(String, Kind)>,
    beginnings: Beginnings,
    horizon: Option<i64>,
}

/// What of the store is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading<'a> {
    /// Columns besides key, time and kind.
    pub columns: &'a [&'a str],
    /// Only events that are not earlier. Microseconds.
    pub since: Option<i64>,
    /// Only events that are earlier. Microseconds.
    pub until: Option<i64>,
}

/// A range of contact keys, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Smallest key.
    pub low: i64,
    /// Largest key.
    pub high: i64,
}

impl KeyRange {
    /// Every key there can be.
    pub(super) const ALL: Self = Self { low: i64::MIN, high: i64::MAX };

    /// Ranges of equal width that together are this one.
    pub(super) fn split(self, n_ranges: u64) -> impl Iterator<Item = Self> {
        let n_ranges = i128::from(n_ranges.max(1));
        let first = i128::from(self.low);
        let width = i128::from(self.high) + 1 - first;
        let edge = move |index: i128| first + width * index / n_ranges;
        let key = |value: i128| i64::try_from(value).unwrap_or(i64::MAX);
        (0..n_ranges).map(move |index| Self { low: key(edge(index)), high: key(edge(index + 1) - 1) })
    }
}

impl Snapshot {
    /// Opens the data files of the version at which the store is open.
    ///
    /// # Errors
    /// A data file is missing or damaged.
    pub fn of(store: &Store) -> Result<Self> {
        let events = store.events();
        let places = store.files()?.into_iter().map(|file| (events.join(&file.path), file));
        let files: Vec<(Place, Source, DataFile)> =
            places.map(|(place, file)| (place.clone(), place.source(file.size), file)).collect();
        source::fetch(files.iter().map(|(_, source, _)| (source, vec![source.tail()])))?;
        let open = |(place, source, file)| Part::read_tail(place, &source, file);
        let parts: Vec<Part> = files.into_par_iter().map(open).collect::<Result<Vec<_>>>()?;
        let mut contents = Contents::default();
        for part in &parts {
            contents.add(part.contents());
        }
        let kinds = contents.kinds.into_iter();
        let channel_kinds = kinds.filter_map(|(channel, kind)| Some((channel, Kind::from_name(&kind)?))).collect();
        let horizon = parts.iter().filter_map(Part::last_instant).max();
        Ok(Self { version: store.version(), files: parts, channel_kinds, beginnings: contents.began, horizon })
    }

    /// Number of the version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The last instant of any event, in microseconds; `None` in an empty store.
    #[must_use]
    pub fn horizon(&self) -> Option<i64> {
        self.horizon
    }

    /// Number of rows in the data files.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.files.iter().map(|part| part.file.n_rows).sum()
    }

    /// Which kinds of events the log of each channel really holds.
    #[must_use]
    pub fn channel_kinds(&self) -> &BTreeSet<(String, Kind)> {
        &self.channel_kinds
    }

    /// When the log of each account of each channel begins.
    #[must_use]
    pub fn beginnings(&self) -> &Beginnings {
        &self.beginnings
    }

    /// Goes once over the store, shard by shard, on as many threads as rayon has. Each thread folds its shards into a
    /// state of its own; which shards meet in one state, and the order of states, mean nothing.
    ///
    /// # Errors
    /// A data file is damaged, or `each` fails.
    pub fn fold<S: Send>(
        &self,
        reading: &Reading<'_>,
        begin: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, &Shard) -> Result<()> + Sync,
    ) -> Result<Vec<S>> {
        let spans: Vec<KeyRange> = KeyRange::ALL.split(self.n_spans()).collect();
        let shards_per_span = self.n_rows() / spans.len() as u64 / shard_rows(self.files.len() as u64);
        let layout = Layout::of(reading.columns);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut state = begin();
            let mut scan = Scan::new(self, &layout, reading);
            while let Some(span) = spans.get(next.fetch_add(1, Ordering::Relaxed)) {
                scan.span(*span, shards_per_span, |shard| each(&mut state, shard))?;
            }
            Ok(state)
        };
        // Plain threads, because a thread of rayon's that waits for polars' pool would begin further shards meanwhile, and
        // memory is bounded by the shards in flight.
        std::thread::scope(|threads| {
            let n_threads = rayon::current_num_threads().min(spans.len());
            let threads: Vec<_> = (0..n_threads).map(|_| threads.spawn(work)).collect();
            let failed = || Err(Error::Usage("a thread that read the store has failed".into()));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| failed())).collect()
        })
    }

    /// As many for each thread. A span enters each file in the middle, so that few are better than many.
    fn n_spans(&self) -> u64 {
        let n_threads = rayon::current_num_threads() as u64;
        let span_rows = (self.files.len() as u64 * FILE_ROWS).max(SHARD_ROWS);
        (self.n_rows() / span_rows).max(1).next_multiple_of(n_threads).min(self.n_rows() / SHARD_ROWS).max(1)
    }

    /// Calls `each` with the event ids of every stored event whose instant may lie in `instants`, data file by data file.
    ///
    /// # Errors
    /// A data file is damaged.
    pub fn event_ids(&self, instants: (i64, i64), each: impl Fn(&[u128]) + Sync) -> Result<()> {
        self.files
            .par_iter()
            .filter(|part| part.file.instants.0 <= instants.1 && part.file.instants.1 >= instants.0)
            .try_for_each(|part| part.event_ids(instants, &each))
    }

    /// The data files, by path.
    pub fn files(&self) -> impl Iterator<Item = &DataFile> {
        self.files.iter().map(|part| &part.file)
    }
}

/// Rows that a shard of a store with so many files should hold.
fn shard_rows(n_files: u64) -> u64 {
    (n_files * PIECE_ROWS).clamp(SHARD_ROWS, 4 * SHARD_ROWS)
}

/// Calls `each` with the event ids of data files that are written but not committed, as [`Snapshot::event_ids`] does.
///
/// # Errors
/// A data file is damaged.
pub fn event_ids_of(
    table: &Place,
    files: &[DataFile],
    instants: (i64, i64),
    each: impl Fn(&[u128]) + Sync,
) -> Result<()> {
    files
        .par_iter()
        .filter(|file| file.instants.0 <= instants.1 && file.instants.1 >= instants.0)
        .try_for_each(|file| Part::open_at(table.join(&file.path), file.clone())?.event_ids(instants, &each))
}

/// One thread's way over the store, with the buffers that it uses for every shard.
struct Scan<'s> {
    snapshot: &'s Snapshot,
    layout: &'s Layout,
    reading: &'s Reading<'s>,
    stage: Stage,
    shard: Shard,
    scratch: Scratch,
}

impl<'s> Scan<'s> {
    fn new(snapshot: &'s Snapshot, layout: &'s Layout, reading: &'s Reading<'s>) -> Self {
        Self { snapshot, layout, reading, stage: Stage::new(), shard: Shard::new(), scratch: Scratch::default() }
    }

    /// Calls `each` with the shards of a range of contacts.
    fn span(&mut self, span: KeyRange, n_shards: u64, mut each: impl FnMut(&Shard) -> Result<()>) -> Result<()> {
        let parts: Vec<&Part> = self.snapshot.files.iter().filter(|part| part.may_hold(span, self.reading)).collect();
        let keeps = parts.len() * rayon::current_num_threads() <= HANDLES;
        let mut cursors: Vec<Cursor<'_>> =
            parts.into_iter().map(|part| Cursor::new(part, self.layout, span, keeps)).collect();
        let wanted = cursors.iter().map(Cursor::wanted).collect::<Result<Vec<_>>>()?;
        source::fetch(wanted.into_iter())?;
        let Self { reading, stage, shard, scratch, .. } = self;
        if shard.words.iter().map(Words::n_bytes).sum::<usize>() > WORD_BYTES {
            shard.words.fill(Words::default());
        }
        let instants = (reading.since.is_some() || reading.until.is_some())
            .then(|| reading.since.unwrap_or(i64::MIN)..reading.until.unwrap_or(i64::MAX));
        for range in span.split(n_shards) {
            stage.clear();
            for cursor in &mut cursors {
                let start = stage.rows.runs.len();
                cursor.take(range.high, &mut stage.rows, &mut shard.words, scratch)?;
                stage.files.push(start..stage.rows.runs.len());
            }
            let ids = || {
                let mut ids = Ids::default();
                let wanted = cursors.iter().map(Cursor::wanted_ids).collect::<Result<Vec<_>>>()?;
                source::fetch(wanted.into_iter())?;
                cursors.iter().try_for_each(|cursor| cursor.ids(&mut ids, scratch))?;
                Ok(ids)
            };
            stage.merge(instants.as_ref(), ids, shard)?;
            if !shard.is_empty() {
                each(shard)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_take_enough_of_each_file_and_stay_bounded() {
        assert_eq!(shard_rows(5), SHARD_ROWS);
        assert_eq!(shard_rows(100) / 100, PIECE_ROWS);
        assert_eq!(shard_rows(100_000), 4 * SHARD_ROWS);
    }
}

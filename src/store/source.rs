//! A data file that is read in pieces, each where it is wanted.
//!
//! On a disk a piece is a read. In object storage a piece would be a request, so whoever knows what comes next says it with
//! [`fetch`]: neighbouring pieces come in one request, many requests run at one time, and reading finds them there.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;

use bytes::{Buf, Bytes};
use parquet::errors::{ParquetError, Result as Parquet};
use parquet::file::reader::{ChunkReader, Length};

use super::objects::Objects;
use crate::error::Result;

/// Bytes between two pieces that are read along rather than left to a request of their own.
const GAP: u64 = 128 << 10;
/// Bytes that one request should not exceed by joining pieces.
const REQUEST: u64 = 8 << 20;
/// Bytes at the end of a file in which what it says of itself mostly lies.
const TAIL: u64 = 64 << 10;
/// Bytes of a request that nobody announced.
const UNANNOUNCED: u64 = 64 << 10;

/// A data file that is open only while it is read, so that a store of many files needs no more handles than threads; unless
/// whoever reads it says that there are few.
pub(super) struct Source {
    path: PathBuf,
    n_bytes: u64,
    objects: Option<Objects>,
    /// The file, once it was read, if it is to stay open.
    kept: Option<Mutex<Option<File>>>,
    /// What was fetched, and where in the file it begins.
    pieces: Mutex<Vec<(u64, Bytes)>>,
}

impl Source {
    pub(super) fn new(path: PathBuf, objects: Option<Objects>, n_bytes: u64) -> Self {
        Self { path, n_bytes, objects, kept: None, pieces: Mutex::default() }
    }

    /// The same, opened once and not for every piece of known length.
    pub(super) fn kept_open(self) -> Self {
        Self { kept: Some(Mutex::default()), ..self }
    }

    /// Reads a piece from the disk.
    fn read(&self, start: u64, length: usize) -> std::io::Result<Bytes> {
        let Some(Ok(mut kept)) = self.kept.as_ref().map(Mutex::lock) else {
            return piece(&mut File::open(&self.path)?, start, length);
        };
        let file = match &mut *kept {
            Some(file) => file,
            none => none.insert(File::open(&self.path)?),
        };
        piece(file, start, length)
    }

    /// Whether it pays to say beforehand what will be read.
    pub(super) fn is_remote(&self) -> bool {
        self.objects.is_some()
    }

    /// Where what the file says of itself mostly lies.
    pub(super) fn tail(&self) -> Range<u64> {
        self.n_bytes.saturating_sub(TAIL)..self.n_bytes
    }

    /// What was fetched from `start` on, if that is so long.
    fn fetched(&self, start: u64, length: u64) -> Option<Bytes> {
        let pieces = self.pieces.lock().ok()?;
        let holds = |(begin, bytes): &&(u64, Bytes)| *begin <= start && start + length <= begin + bytes.len() as u64;
        let (begin, bytes) = pieces.iter().rev().find(holds)?;
        Some(bytes.slice(usize::try_from(start - begin).ok()?..))
    }
}

fn piece(file: &mut File, start: u64, length: usize) -> std::io::Result<Bytes> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.into())
}

/// Fetches what will be read of some files, if they are in object storage.
///
/// # Errors
/// A file is not there or shorter than it should be, or the server cannot be reached.
pub(super) fn fetch<'s>(wanted: impl Iterator<Item = (&'s Source, Vec<Range<u64>>)>) -> Result<()> {
    let mut sources = Vec::new();
    let mut requests = Vec::new();
    for (source, ranges) in wanted {
        let Some(objects) = &source.objects else { continue };
        for range in joined(ranges, source.n_bytes) {
            sources.push((source, range.start));
            requests.push((objects, range));
        }
    }
    for ((source, start), bytes) in sources.into_iter().zip(Objects::ranges(&requests)?) {
        if let Ok(mut pieces) = source.pieces.lock() {
            pieces.push((start, bytes));
        }
    }
    Ok(())
}

/// Pieces as requests: in order, inside the file, neighbours in one.
fn joined(mut ranges: Vec<Range<u64>>, n_bytes: u64) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        let range = range.start..range.end.min(n_bytes);
        if range.is_empty() {
            continue;
        }
        match joined.last_mut() {
            Some(last) if range.end <= last.end => {}
            Some(last) if range.start <= last.end + GAP && range.end - last.start <= REQUEST => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.n_bytes
    }
}

impl ChunkReader for Source {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Parquet<Self::T> {
        let Some(objects) = &self.objects else {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(start))?;
            return Ok(Box::new(BufReader::new(file)));
        };
        // What was fetched, and then the rest of the file.
        let fetched = self.fetched(start, 0).unwrap_or_default();
        let rest = objects.reader(start + fetched.len() as u64, self.n_bytes, UNANNOUNCED);
        Ok(Box::new(fetched.reader().chain(rest)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Parquet<Bytes> {
        // A damaged file may ask for any length.
        let left = usize::try_from(self.n_bytes.saturating_sub(start)).unwrap_or(usize::MAX);
        let length = length.min(left);
        let Some(objects) = &self.objects else {
            return Ok(self.read(start, length)?);
        };
        if let Some(bytes) = self.fetched(start, length as u64) {
            return Ok(bytes.slice(..length));
        }
        let bytes = Objects::ranges(&[(objects, start..start + length as u64)]);
        bytes.map(|mut bytes| bytes.pop().unwrap_or_default()).map_err(|error| ParquetError::External(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_pieces_are_one_request_and_none_reaches_beyond_the_file() {
        let requests =
            joined(vec![500..600, 0..10, 10..20, 20 + GAP..30 + GAP, 40 + 2 * GAP..90 + 2 * GAP], 60 + 2 * GAP);
        assert_eq!(requests, [0..30 + GAP, 40 + 2 * GAP..60 + 2 * GAP]);
        assert_eq!(joined(vec![0..5, 90..100], 90).len(), 1, "behind its end a file has nothing");
        // Big ones stay apart, so that they come at one time.
        assert_eq!(joined(vec![0..REQUEST, REQUEST..REQUEST + 1], u64::MAX).len(), 2);
    }
}

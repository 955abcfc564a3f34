//! The bytes of a source that are not framed yet: read on, taken off at the front, lines counted.

use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex};

use memchr::{memchr, memchr_iter};

/// Longest buffer that is kept: some blocks.
const MOST_KEPT: usize = 4 << 20;

/// Memory of chunks that were parsed, for chunks that are read.
#[derive(Clone, Default)]
pub struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// Empty bytes with room.
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.lock().ok().and_then(|mut buffers| buffers.pop()).unwrap_or_default()
    }

    /// Gives memory back.
    pub(super) fn give(&self, mut bytes: Vec<u8>) {
        bytes.clear();
        // What one long record needed is not kept for all others.
        let is_usual = (1..=MOST_KEPT).contains(&bytes.capacity());
        if is_usual && let Ok(mut buffers) = self.0.lock() {
            buffers.push(bytes);
        }
    }
}

/// A reader with the bytes that were read and not yet taken.
pub(super) struct Feed<R> {
    reader: R,
    /// What was read and not taken.
    pub(super) bytes: Vec<u8>,
    /// The line at which `bytes` begins, from 1.
    pub(super) line: u64,
    /// Nothing more will come.
    pub(super) ended: bool,
    /// Why nothing more will come, if it is not the end.
    pub(super) failed: Option<io::Error>,
    /// How many bytes were read in all.
    pub(super) n_read: u64,
    buffers: Buffers,
}

impl<R: Read> Feed<R> {
    pub(super) fn new(reader: R, buffers: Buffers) -> Self {
        let bytes = buffers.take();
        Self { reader, bytes, line: 1, ended: false, failed: None, n_read: 0, buffers }
    }

    /// Reads until `wanted` bytes are there, or the source ends or fails.
    pub(super) fn fill(&mut self, wanted: usize) {
        let missing = wanted.saturating_sub(self.bytes.len());
        if self.ended || missing == 0 {
            return;
        }
        let before = self.bytes.len();
        self.bytes.reserve(missing);
        let limit = u64::try_from(missing).unwrap_or(u64::MAX);
        // Bytes that came before an error stay in the buffer.
        if let Err(error) = self.reader.by_ref().take(limit).read_to_end(&mut self.bytes) {
            self.failed = Some(error);
        }
        self.n_read += u64::try_from(self.bytes.len() - before).unwrap_or_default();
        self.ended = self.failed.is_some() || self.bytes.len() < wanted;
    }

    /// Takes the first `n` bytes off.
    pub(super) fn take(&mut self, n: usize) -> Vec<u8> {
        let mut rest = self.buffers.take();
        rest.extend_from_slice(self.bytes.get(n..).unwrap_or_default());
        let mut taken = std::mem::replace(&mut self.bytes, rest);
        taken.truncate(n);
        self.line += count_lines(&taken);
        taken
    }

    /// Drops the first `n` bytes.
    pub(super) fn discard(&mut self, n: usize) {
        let n = n.min(self.bytes.len());
        self.line += self.bytes.get(..n).map_or(0, count_lines);
        self.bytes.drain(..n);
    }

    /// Drops everything up to and with the next line end, however far it is, without keeping more than `block` bytes.
    pub(super) fn discard_line(&mut self, block: usize) {
        loop {
            if let Some(at) = memchr(b'\n', &self.bytes) {
                return self.discard(at + 1);
            }
            self.discard(usize::MAX);
            if self.ended {
                return;
            }
            self.fill(block);
        }
    }
}

impl Feed<Box<dyn Read + Send>> {
    /// Puts a reader between the source and what is framed, unless the source has failed.
    pub(super) fn through(mut self, wrap: impl FnOnce(Box<dyn Read + Send>) -> Box<dyn Read + Send>) -> Self {
        if self.failed.is_none() {
            let read = Cursor::new(std::mem::take(&mut self.bytes));
            self.n_read = 0;
            self.reader = wrap(if self.ended { Box::new(read) } else { Box::new(read.chain(self.reader)) });
            self.ended = false;
        }
        self
    }
}

/// How many lines end in these bytes.
pub(in crate::ingest) fn count_lines(bytes: &[u8]) -> u64 {
    u64::try_from(memchr_iter(b'\n', bytes).count()).unwrap_or_default()
}

//! JSON over several lines, several values on a line, or one array of records: finds where each record begins and ends.
//!
//! An array at the top is opened and its elements are the records, so it is never in memory as a whole, unless somebody
//! takes arrays as records. A broken value
//! costs itself: framing goes on at the next line that begins, indented like the broken value, with `{` or `[`.

use std::io::Read;

use memchr::memmem;

use super::feed::{Feed, count_lines};
use super::scan::{Scanner, Step};
use super::{BOM, EXCERPT_BYTES, Found, Span};
use crate::channels::Reason;

/// Where framing stands between two chunks.
#[derive(Default)]
pub(super) struct Documents {
    array: Array,
    /// An array at the top is a record.
    keeps_arrays: bool,
    skip: Skip,
    /// How many bytes were scanned a second time because a value was broken.
    n_rescanned: u64,
    /// What stands before the value at the beginning of the feed, see [`line_start`]; it was taken off already.
    line_start: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Array {
    #[default]
    None,
    Whole,
    /// Something in it was refused, so a missing end has been told.
    Hurt,
}

/// What is passed over before framing goes on.
#[derive(Default)]
enum Skip {
    #[default]
    Nothing,
    /// The rest of a value that is too long.
    Value(Box<Scanner>),
    /// The rest of a broken value, up to a line that begins with this.
    To(Vec<u8>),
    /// The rest of the line.
    Line,
}

/// One record, or the lack of one.
enum Next {
    Found(usize),
    Refused(usize, Reason),
    /// It goes on after what was read.
    More(Option<Box<Scanner>>),
    Broken(Reason, usize),
}

impl Documents {
    /// Of a source whose arrays are records.
    pub(super) fn of_arrays() -> Self {
        Self { keeps_arrays: true, ..Self::default() }
    }

    /// The next records, at most a block of them. `None` at the end.
    pub(super) fn next<R: Read>(&mut self, feed: &mut Feed<R>, block: usize, limit: usize) -> Option<Found> {
        let mut wanted = block;
        loop {
            self.pass_over(feed, block);
            feed.fill(wanted);
            let mut walk = Walk { spans: Vec::new(), at: 0, counted: 0, line: feed.line };
            let n_kept = self.walk(feed, &mut walk, limit);
            if !walk.spans.is_empty() {
                let bytes = match n_kept {
                    // Only the beginning of the refused value is kept, for its excerpt.
                    Some(n_kept) => {
                        let mut bytes = feed.bytes.get(..n_kept).unwrap_or_default().to_vec();
                        bytes.shrink_to_fit();
                        feed.discard(walk.at);
                        bytes
                    }
                    None => feed.take(walk.at),
                };
                return Some(Found { bytes, spans: walk.spans });
            }
            feed.discard(walk.at);
            if feed.ended {
                return None;
            }
            wanted = feed.bytes.len().saturating_mul(2).max(block).min(limit.saturating_add(block));
        }
    }

    /// Walks over what is in the feed. Returns how many bytes the spans need if that is less than what was walked over.
    fn walk<R>(&mut self, feed: &Feed<R>, walk: &mut Walk, limit: usize) -> Option<usize> {
        let bytes = feed.bytes.as_slice();
        loop {
            walk.skip_separators(bytes);
            let Some(&first) = bytes.get(walk.at) else {
                // A failure is told by the caller.
                if feed.ended && feed.failed.is_none() && self.array == Array::Whole {
                    walk.refuse(bytes, bytes.len(), Reason::Truncated);
                }
                if feed.ended {
                    self.array = Array::None;
                }
                return None;
            };
            match (first, self.array) {
                (b'[', Array::None) if !self.keeps_arrays => {
                    self.array = Array::Whole;
                    walk.at += 1;
                    continue;
                }
                (b']', Array::Whole | Array::Hurt) => {
                    self.array = Array::None;
                    walk.at += 1;
                    continue;
                }
                _ => {}
            }
            let start = walk.at;
            match self.record(bytes.get(start..).unwrap_or_default(), first) {
                Next::Found(end) if end > limit => walk.refuse(bytes, start + end, Reason::TooLong),
                Next::Found(end) => walk.push(bytes, start + end, None),
                Next::Refused(end, reason) => walk.refuse(bytes, start + end, reason),
                Next::Broken(reason, seen) => {
                    let reason = if seen > limit { Reason::TooLong } else { reason };
                    if let Some(n_kept) = self.resume(feed, walk, start, start + seen, reason) {
                        return Some(n_kept);
                    }
                }
                Next::More(scanner) => {
                    let n_seen = bytes.len() - start;
                    if feed.failed.is_some() {
                        return None;
                    }
                    if n_seen > limit {
                        let n_kept = walk.refuse_start(bytes, Reason::TooLong);
                        self.skip = scanner.map_or(Skip::Line, Skip::Value);
                        self.hurt();
                        return Some(n_kept);
                    }
                    if !feed.ended {
                        self.line_start = self.line_start(bytes, start);
                        return None;
                    }
                    match scanner {
                        Some(_) => {
                            if let Some(n_kept) = self.resume(feed, walk, start, bytes.len(), Reason::Truncated) {
                                return Some(n_kept);
                            }
                        }
                        None => walk.push(bytes, bytes.len(), (self.array == Array::None).then_some(Reason::NotJson)),
                    }
                }
            }
        }
    }

    /// The record at the beginning of `bytes`.
    fn record(&self, bytes: &[u8], first: u8) -> Next {
        if matches!(first, b'{' | b'[' | b'"') {
            let mut scanner = Scanner::default();
            return match scanner.step(bytes) {
                Step::End(end) => Next::Found(end),
                Step::More => Next::More(Some(Box::new(scanner))),
                Step::Broken(reason, seen) => Next::Broken(reason, seen),
            };
        }
        // A bare word, or something that is no JSON: up to the end of the line or the next record.
        let in_array = self.array != Array::None;
        let is_end = |byte: &u8| match byte {
            b'\n' | b'{' | b'[' => true,
            b',' | b']' | b'"' => in_array,
            _ => false,
        };
        match bytes.iter().skip(1).position(is_end) {
            // Outside of arrays nothing but objects and arrays is a record.
            Some(end) if !in_array => Next::Refused(end + 1, Reason::NotJson),
            Some(end) => Next::Found(end + 1),
            None => Next::More(None),
        }
    }

    /// Refuses the broken value that begins at `start` and goes on behind it. Returns how much of the bytes is needed if
    /// the place to go on was not read yet.
    fn resume<R>(
        &mut self,
        feed: &Feed<R>,
        walk: &mut Walk,
        start: usize,
        seen: usize,
        reason: Reason,
    ) -> Option<usize> {
        let bytes = feed.bytes.as_slice();
        let needle = self.line_start(bytes, start);
        // Looking again from the start finds what the broken value swallowed. That is done as long as it stays in
        // proportion to what was read, so that no input makes it quadratic.
        let n_again = u64::try_from(seen - start).unwrap_or(u64::MAX);
        let in_proportion = self.n_rescanned.saturating_add(n_again) <= feed.n_read.saturating_mul(4) + (1 << 16);
        let is_again = reason != Reason::TooLong && in_proportion;
        let from = if is_again { start } else { seen.saturating_sub(needle.len()).max(start) };
        self.hurt();
        if let Some(next) = find_line(bytes, from, &needle) {
            if next < seen {
                self.n_rescanned += u64::try_from(seen - next).unwrap_or_default();
            }
            if bytes.get(next) == Some(&b'[') && needle.len() == 1 {
                // An array at the beginning of a line is the next document, not an element of this one.
                self.array = Array::None;
            }
            walk.refuse(bytes, next, reason);
            return None;
        }
        let n_kept = walk.refuse_start(bytes, reason);
        if feed.ended {
            self.array = Array::None;
            walk.at = bytes.len();
        } else {
            // The line may begin in the last bytes; they are looked at again.
            walk.at = bytes.len().saturating_sub(needle.len()).max(start + 1);
            self.skip = Skip::To(needle);
        }
        Some(n_kept)
    }

    fn line_start(&self, bytes: &[u8], start: usize) -> Vec<u8> {
        if start == 0 && !self.line_start.is_empty() { self.line_start.clone() } else { line_start(bytes, start) }
    }

    fn hurt(&mut self) {
        if self.array == Array::Whole {
            self.array = Array::Hurt;
        }
    }

    /// Drops the rest of a refused value, block by block.
    fn pass_over<R: Read>(&mut self, feed: &mut Feed<R>, block: usize) {
        loop {
            match &mut self.skip {
                Skip::Nothing => return,
                // What was passed over is no longer in front of the next value.
                _ if !self.line_start.is_empty() => self.line_start.clear(),
                Skip::Line => {
                    feed.discard_line(block);
                    self.skip = Skip::Nothing;
                }
                Skip::Value(scanner) => match scanner.step(&feed.bytes) {
                    Step::End(end) => {
                        feed.discard(end);
                        self.skip = Skip::Nothing;
                    }
                    Step::Broken(_, seen) => {
                        feed.discard(seen.saturating_sub(1));
                        self.skip = Skip::To(vec![b'\n']);
                    }
                    Step::More => {
                        feed.discard(usize::MAX);
                        if feed.ended {
                            self.skip = Skip::Nothing;
                        }
                    }
                },
                Skip::To(needle) => match find_line(&feed.bytes, 0, needle) {
                    Some(next) => {
                        if feed.bytes.get(next) == Some(&b'[') && needle.len() == 1 {
                            self.array = Array::None;
                        }
                        feed.discard(next);
                        self.skip = Skip::Nothing;
                    }
                    None if feed.ended => {
                        feed.discard(usize::MAX);
                        self.array = Array::None;
                        self.skip = Skip::Nothing;
                    }
                    None => feed.discard(feed.bytes.len().saturating_sub(needle.len())),
                },
            }
            feed.fill(feed.bytes.len().saturating_add(block));
        }
    }
}

/// The way through one block.
struct Walk {
    spans: Vec<Span>,
    at: usize,
    /// Line ends are counted up to here …
    counted: usize,
    /// … which is on this line.
    line: u64,
}

impl Walk {
    /// Blanks, and commas and marks that stand between documents without meaning.
    fn skip_separators(&mut self, bytes: &[u8]) {
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let n = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x1e)).count();
            self.at += n;
            if !rest.get(n..).unwrap_or_default().starts_with(BOM) {
                return;
            }
            self.at += BOM.len();
        }
    }

    fn push(&mut self, bytes: &[u8], end: usize, refused: Option<Reason>) {
        self.line += bytes.get(self.counted..self.at).map_or(0, count_lines);
        self.counted = self.at;
        self.spans.push(Span { bytes: self.at..end, line: self.line, refused });
        self.at = end;
    }

    fn refuse(&mut self, bytes: &[u8], end: usize, reason: Reason) {
        self.push(bytes, end, Some(reason));
    }

    /// Refuses everything from here on, and keeps what an excerpt needs. Returns how many bytes that is.
    fn refuse_start(&mut self, bytes: &[u8], reason: Reason) -> usize {
        let kept = bytes.len().min(self.at + EXCERPT_BYTES);
        self.push(bytes, kept, Some(reason));
        self.at = bytes.len();
        kept
    }
}

/// The line end and the blanks before `start`, if nothing else is between them; else a bare line end.
fn line_start(bytes: &[u8], start: usize) -> Vec<u8> {
    let before = bytes.get(..start).unwrap_or_default();
    let n_blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let (before, blanks) = before.split_at(start - n_blanks);
    let mut needle = vec![b'\n'];
    if before.ends_with(b"\n") {
        needle.extend_from_slice(blanks);
    }
    needle
}

/// The first `{` or `[` after `from` that follows upon `needle`.
fn find_line(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes.get(from..)?, needle)
        .map(|at| from + at + needle.len())
        .find(|&at| matches!(bytes.get(at), Some(b'{' | b'[')))
}

//! A reader that passes on whole lines of a log that may still be written, and keeps count of what it passed on.
//!
//! It knows line ends and whether JSON is whole, and nothing of records.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memrchr;

use super::frame;

/// How many bytes are read in one go.
const BLOCK: u64 = 1 << 16;

/// The lines that were passed on, from the beginning of the log.
#[derive(Clone, Default)]
pub(super) struct Tally {
    /// Bytes.
    pub(super) n_bytes: u64,
    /// Lines.
    pub(super) n_lines: u64,
    /// The hash of the bytes, as far as it has come.
    pub(super) hasher: blake3::Hasher,
    /// The first bytes, [`Self::BEGINNING`] at most.
    pub(super) beginning: Vec<u8>,
    /// Bytes behind them that were held back.
    pub(super) rest: u64,
    /// Whether the log is to be read on from here, whatever its file looks like.
    pub(super) is_held: bool,
}

impl Tally {
    /// How many first bytes are kept.
    pub(super) const BEGINNING: usize = 4096;

    /// Adds bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.n_bytes += bytes.len() as u64;
        self.n_lines += frame::count_lines(bytes);
        self.hasher.update(bytes);
        let missing = Self::BEGINNING - self.beginning.len();
        self.beginning.extend_from_slice(bytes.get(..missing).unwrap_or(bytes));
    }

    /// Adds the next bytes of a reader, `n` of them if there are as many.
    pub(super) fn add_from(&mut self, reader: &mut impl Read, n: u64) -> io::Result<()> {
        let mut reader = reader.take(n);
        let mut block = vec![0; 1 << 16];
        loop {
            match reader.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(n) => self.add(block.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// BLAKE3 of the bytes, in hexadecimal digits.
    pub(super) fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

/// A tally that the reader shares with whoever waits for its end.
pub(super) type Shared = Arc<Mutex<Tally>>;

/// What is done with a last line that has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// It is passed on.
    Passed,
    /// It is passed on if it is whole JSON, to which nothing can be added; else it is held back, and so is what a
    /// compressed file that is cut off does not tell.
    HeldBack,
    /// There are no lines: bytes are passed on as they come.
    NoLines,
}

/// The reader.
pub(super) struct WholeLines<R> {
    inner: R,
    last: Last,
    tally: Shared,
    /// Bytes that were read. Those from `start` to `end` are passed on next; those behind are a line without an end.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    is_over: bool,
    failed: Option<io::Error>,
}

impl<R: Read> WholeLines<R> {
    /// Reads `inner`, which stands where `tally` ends.
    pub(super) fn new(inner: R, last: Last, tally: Shared) -> Self {
        Self { inner, last, tally, bytes: Vec::new(), start: 0, end: 0, is_over: false, failed: None }
    }

    /// Reads on until there is something to pass on, or nothing more will come.
    fn fill(&mut self) {
        while self.start == self.end && !self.is_over {
            self.bytes.drain(..self.end);
            let known = self.bytes.len();
            let read = self.inner.by_ref().take(BLOCK).read_to_end(&mut self.bytes);
            // What came before an error is there all the same.
            let new = self.bytes.get(known..).unwrap_or_default();
            let is_whole = self.last == Last::NoLines || self.bytes.len() > frame::LIMIT;
            let end = if is_whole { Some(new.len()) } else { memrchr(b'\n', new).map(|at| at + 1) };
            (self.start, self.end) = (0, end.map_or(0, |end| known + end));
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.add(self.bytes.get(..self.end).unwrap_or_default());
            self.is_over = read.as_ref().map_or(true, |&n| (n as u64) < BLOCK);
            self.failed = read.err();
            if self.is_over {
                let rest = self.bytes.get(self.end..).unwrap_or_default();
                tally.is_held = self.last == Last::HeldBack && (self.failed.is_some() || !frame::is_json(rest));
                if tally.is_held {
                    tally.rest = rest.len() as u64;
                    self.failed = None;
                } else {
                    self.end = self.bytes.len();
                }
            }
        }
    }
}

impl<R: Read> Read for WholeLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill();
        let ready = self.bytes.get(self.start..self.end).unwrap_or_default();
        if ready.is_empty()
            && let Some(error) = self.failed.take()
        {
            return Err(error);
        }
        let n = ready.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), ready.get(..n)) {
            to.copy_from_slice(from);
        }
        self.start += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: &str, last: Last) -> (String, Tally) {
        let tally = Shared::default();
        let mut read = String::new();
        WholeLines::new(Cursor::new(text.to_owned()), last, Arc::clone(&tally)).read_to_string(&mut read).unwrap();
        let tally = tally.lock().unwrap().clone();
        (read, tally)
    }

    #[test]
    fn a_line_that_is_still_being_written_is_held_back() {
        let (passed, tally) = read("{\"a\":1}\n{\"b\":", Last::HeldBack);
        assert_eq!(passed, "{\"a\":1}\n");
        assert_eq!((tally.n_bytes, tally.n_lines, tally.rest, tally.is_held), (8, 1, 5, true));
    }

    #[test]
    fn whole_json_without_a_line_end_is_passed_on_and_the_bookmark_stays_before_it() {
        let (passed, tally) = read("{\"a\":1}\n{\"b\":2}", Last::HeldBack);
        assert_eq!(passed, "{\"a\":1}\n{\"b\":2}");
        assert_eq!((tally.n_bytes, tally.is_held), (8, false));
        assert!(!read("a\n", Last::HeldBack).1.is_held);
    }

    #[test]
    fn who_is_done_with_a_file_is_done_with_its_last_line() {
        let (passed, tally) = read("a\nb", Last::Passed);
        assert_eq!((passed.as_str(), tally.n_bytes, tally.is_held), ("a\nb", 2, false));
    }

    #[test]
    fn long_logs_arrive_as_they_are() {
        let text = "a line of the log\n".repeat(50_000);
        for last in [Last::Passed, Last::HeldBack, Last::NoLines] {
            let (passed, tally) = read(&text, last);
            assert!(passed == text);
            assert_eq!((tally.n_bytes, tally.n_lines), (text.len() as u64, 50_000));
            assert_eq!(tally.hash(), blake3::hash(text.as_bytes()).to_hex().as_str());
            assert_eq!(tally.beginning, &text.as_bytes()[..Tally::BEGINNING]);
        }
    }

    struct CutOff<'t>(&'t [u8]);

    impl Read for CutOff<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                n => Ok(n),
            }
        }
    }

    #[test]
    fn what_is_cut_off_fails_only_once_nobody_writes_to_it() {
        let read = |last| {
            let mut read = Vec::new();
            let result = WholeLines::new(CutOff(b"a\nb"), last, Shared::default()).read_to_end(&mut read);
            (read, result.is_ok())
        };
        assert_eq!(read(Last::HeldBack), (b"a\n".to_vec(), true));
        assert_eq!(read(Last::Passed), (b"a\nb".to_vec(), false));
    }
}

//! XML, one element after the other: finds where each ends. It relies on no element being inside one of its own name, as
//! holds for the bodies of messengers. Lines between elements that hold something else, such as the JSON of the calls by
//! which a business answers, are records of their own.

use std::io::Read;

use memchr::memmem;

use super::feed::{Feed, count_lines};
use super::{Content, Span, refused};
use crate::channels::Reason;

/// How the outermost elements of a source begin and end, such as `<xml` and `</xml>`.
pub(super) struct Elements {
    start: Vec<u8>,
    end: Vec<u8>,
}

impl Elements {
    /// Of text that begins with the first element, or with a declaration before it. `None` if there is no element.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let starts = memchr::memchr_iter(b'<', text);
        let name = starts
            .filter_map(|at| text.get(at + 1..))
            .find(|rest| rest.first().is_some_and(u8::is_ascii_alphabetic))
            .map(|rest| rest.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')).next())??;
        Some(Self { start: [b"<", name].concat(), end: [b"</", name, b">"].concat() })
    }

    /// The next whole elements, or one refused rest. `None` at the end, or where a failed source leaves a rest that is not
    /// whole.
    pub(super) fn next<R: Read>(&self, feed: &mut Feed<R>, block: usize, limit: usize) -> Option<(Vec<u8>, Content)> {
        let mut wanted = block;
        loop {
            feed.fill(wanted);
            if let Some(at) = memmem::rfind(&feed.bytes, &self.end) {
                let line = feed.line;
                let bytes = feed.take(at + self.end.len());
                let spans = self.spans(&bytes, line);
                return Some((bytes, Content::Spans(spans)));
            }
            if let Some(end) = self.other_lines(&feed.bytes, feed.ended && feed.failed.is_none()) {
                return Some((feed.take(end), Content::Lines));
            }
            if feed.ended {
                let is_rest = feed.failed.is_none() && !feed.bytes.trim_ascii().is_empty();
                let line = feed.line;
                let rest = feed.take(usize::MAX);
                return is_rest.then(|| refused(line, Reason::Truncated, rest.trim_ascii_start()));
            }
            if feed.bytes.len() > limit {
                let line = feed.line;
                return Some(refused(line, Reason::TooLong, &feed.take(limit)));
            }
            wanted = feed.bytes.len().saturating_mul(2).max(block).min(limit.saturating_add(block));
        }
    }

    fn spans(&self, bytes: &[u8], mut line: u64) -> Vec<Span> {
        let again = [b"\n", self.start.as_slice(), b">"].concat();
        let mut start = 0;
        let mut spans = Vec::new();
        for at in memmem::find_iter(bytes, &self.end) {
            let end = at + self.end.len();
            while start < end {
                let rest = bytes.get(start..end).unwrap_or_default();
                let n_blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let record = rest.get(n_blank..).unwrap_or_default();
                line += count_lines(rest.get(..n_blank).unwrap_or_default());
                // An element that begins on a line inside of another shows that the other was cut off.
                let next = if self.is_other(record) { &b"\n"[..] } else { &again };
                let n = memmem::find(record, next).unwrap_or(record.len());
                spans.push(Span { bytes: start + n_blank..start + n_blank + n, line, refused: None });
                line += count_lines(record.get(..n).unwrap_or_default());
                start += n_blank + n;
            }
        }
        spans
    }

    /// Whether a text begins with something else than an element of this name, or what may stand before one.
    fn is_other(&self, text: &[u8]) -> bool {
        let is_name_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
        let is_element =
            text.strip_prefix(self.start.as_slice()).is_some_and(|rest| rest.first().is_none_or(is_name_end));
        // A comment or declaration; or the name was not read to its end.
        let is_before = text.starts_with(b"<?") || text.starts_with(b"<!") || self.start.starts_with(text);
        !is_element && !is_before
    }

    /// How many of the bytes are whole lines before the next element.
    fn other_lines(&self, bytes: &[u8], is_all: bool) -> Option<usize> {
        let mut end = 0;
        loop {
            let rest = bytes.get(end..)?;
            let record = rest.trim_ascii_start();
            if record.is_empty() || !self.is_other(record) {
                break;
            }
            let start = bytes.len() - record.len();
            match memchr::memchr(b'\n', record) {
                Some(line_end) => end = start + line_end + 1,
                None if is_all => end = bytes.len(),
                None => break,
            }
        }
        (end > 0).then_some(end)
    }
}

//! XML, one element after the other: finds where each ends. It relies on no element being inside one of its own name, as
//! holds for the bodies of messengers.

use std::io::Read;

use memchr::memmem;

use super::feed::{Feed, count_lines};
use super::{Content, Span, refused};
use crate::channels::Reason;

/// How the outermost elements of a source end, such as `</xml>`.
pub(super) struct Elements {
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
        Some(Self { end: [b"</", name, b">"].concat() })
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
        let mut start = 0;
        let mut spans = Vec::new();
        for at in memmem::find_iter(bytes, &self.end) {
            let end = at + self.end.len();
            let element = bytes.get(start..end).unwrap_or_default();
            let n_blank = element.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            line += count_lines(element.get(..n_blank).unwrap_or_default());
            spans.push(Span { bytes: start + n_blank..end, line, refused: None });
            line += count_lines(element.get(n_blank..).unwrap_or_default());
            start = end;
        }
        spans
    }
}

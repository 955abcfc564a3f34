//! Framing: cuts the bytes of a source into chunks of whole records, and a chunk into records.
//!
//! It knows JSON, tables and line ends, but no platform and no log format. Chunks are cut by the reading thread, which
//! looks at as few bytes as it can; their records are parsed by whoever gets the chunk, on any thread.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};

use self::documents::Documents;
use self::elements::Elements;
pub use self::feed::Buffers;
use self::feed::Feed;
pub(super) use self::feed::count_lines;
use self::pieces::Pieces;
use self::rows::{Header, Rows};
use super::input::Opened;
use super::parquet_rows::{Batch, Batches};
use crate::channels::{Arena, Reason, Value, form, parse, xml};

mod documents;
mod elements;
mod feed;
mod pieces;
mod rows;
mod scan;
mod sniff;
#[cfg(test)]
mod tests;

/// The longest record that is read, in bytes: 16 MiB. A webhook body is a few kilobytes; what is longer is no record of a
/// conversation, and memory is bounded by it.
pub const LIMIT: usize = 16 << 20;

/// About how many bytes a chunk has: enough that handing it to a thread costs nothing, few enough that many are in flight.
const BLOCK: usize = 1 << 20;
/// How much text an excerpt shows.
const EXCERPT_CHARS: usize = 200;
/// How many bytes that can be.
const EXCERPT_BYTES: usize = 4 * EXCERPT_CHARS;
/// How many rows with a lost quote are looked at line by line before the rest of the table is given up.
const MOST_LOST_QUOTES: u32 = 1000;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How records stand in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A value a line: JSON, XML, a form, or text such as a web server's log. A value that stands in text is a record too.
    Lines,
    /// JSON over several lines, several values on a line, or an array of records.
    Json,
    /// JSON arrays, each of which is one record.
    Arrays,
    /// XML elements, one after the other.
    Xml,
    /// One text that is one record as a whole, such as an exported chat.
    Text,
    /// Cells with a delimiter, the first row being the header.
    Csv {
        /// A comma, a semicolon or a tab.
        delimiter: u8,
    },
    /// Columns.
    Parquet,
    /// UTF-16, refused as a whole.
    Utf16,
    /// No log; why, in words. Refused as a whole.
    Unreadable(&'static str),
    /// Nothing but blanks.
    Empty,
}

/// Whether an array, or a text of several lines, is one record as a whole. It is shown the array with its first element
/// only, and the beginning of the text. What is not is cut into elements and lines.
pub type IsWhole<'w> = dyn Fn(&Value<'_>) -> bool + Sync + 'w;

/// Whole records, to be read with [`Chunk::records`] on any thread.
pub struct Chunk {
    /// The line at which the chunk begins, from 1. Of a Parquet file, the row.
    pub first_line: u64,
    /// How records stand in it.
    pub form: Form,
    bytes: Vec<u8>,
    content: Content,
    limit: usize,
}

enum Content {
    Lines,
    Spans(Vec<Span>),
    Rows(Arc<Header>),
    Batch(Batch),
}

/// A record among the bytes of a chunk.
struct Span {
    bytes: Range<usize>,
    line: u64,
    refused: Option<Reason>,
}

/// Records among bytes.
struct Found {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

/// One record.
pub struct Framed<'a> {
    /// The line at which it begins, from 1. Of a Parquet file, the row. Elements of an array on one line share it.
    pub line: u64,
    /// The record, or why it is refused.
    pub found: Result<&'a Value<'a>, Reason>,
    /// As it stands in the source; empty where it does not stand there on its own.
    raw: &'a [u8],
    /// Where what is made of the record can be kept as long as the record itself.
    pub arena: &'a Arena,
}

impl Framed<'_> {
    /// A number that is equal for records of equal content.
    #[must_use]
    pub fn fingerprint(&self) -> u128 {
        let hash = match self.found {
            Ok(value) if self.raw.is_empty() => {
                blake3::hash(serde_json::to_string(value).unwrap_or_default().as_bytes())
            }
            _ => blake3::hash(self.raw),
        };
        hash.as_bytes().first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes))
    }

    /// The beginning of the record for the list of rejects: at most 200 characters, without control characters. It may
    /// hold personal data.
    #[must_use]
    pub fn excerpt(&self) -> String {
        match self.found {
            Ok(value) if self.raw.is_empty() => excerpt(serde_json::to_string(value).unwrap_or_default().as_bytes()),
            _ => excerpt(self.raw),
        }
    }
}

/// The first 200 characters; control characters become blanks, what is no UTF-8 the replacement character.
fn excerpt(bytes: &[u8]) -> String {
    let bytes = bytes.get(..EXCERPT_BYTES).unwrap_or(bytes);
    String::from_utf8_lossy(bytes)
        .chars()
        .take(EXCERPT_CHARS)
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// Whether text is one whole JSON object, or nothing but blanks.
pub(super) fn is_json(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.is_empty() || (text.starts_with(b"{") && scan::Scanner::default().step(text) == scan::Step::End(text.len()))
}

/// Text as the value that it is; what looks like nothing else is text.
fn parse_bytes<'a>(bytes: &'a [u8], arena: &'a Arena) -> Result<Value<'a>, Reason> {
    let text = str::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?;
    let refusal = match parse(text, arena) {
        Ok(value) => return Ok(value),
        Err(refusal) => refusal,
    };
    match text.trim_start().as_bytes().first() {
        Some(b'<') => xml::parse(text, arena),
        Some(b'{' | b'[' | b'"') => Err(refusal),
        _ if form::is_form(text) => Ok(form::parse(text, arena)),
        _ => Ok(Value::Str(text)),
    }
}

impl Chunk {
    /// How many bytes it has; none of a Parquet file.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Gives its memory back.
    pub fn discard(self, buffers: &Buffers) {
        buffers.give(self.bytes);
    }

    /// Reads the records in their order. An array on a line is as many records as it has elements, if it is not whole.
    pub fn records(&self, is_whole: &IsWhole<'_>, mut each: impl FnMut(Framed<'_>)) {
        match &self.content {
            Content::Lines => self.lines(is_whole, &mut each),
            Content::Rows(header) => rows::read(&self.bytes, self.first_line, header, self.limit, &mut each),
            Content::Spans(spans) => {
                let mut arena = Arena::default();
                for Span { bytes, line, refused } in spans {
                    let raw = self.bytes.get(bytes.clone()).unwrap_or_default();
                    let parsed = refused.map_or_else(|| self.parse(raw, &arena), Err);
                    let found = parsed.as_ref().map_err(|reason| *reason);
                    each(Framed { line: *line, found, raw, arena: &arena });
                    arena.clear();
                }
            }
            Content::Batch(batch) => batch.rows(&mut |row, value, arena| {
                let line = self.first_line + u64::try_from(row).unwrap_or_default();
                each(Framed { line, found: Ok(value), raw: &[], arena });
            }),
        }
    }

    fn parse<'a>(&self, raw: &'a [u8], arena: &'a Arena) -> Result<Value<'a>, Reason> {
        match self.form {
            // What looks like JSON inside an exported chat is what somebody wrote.
            Form::Text => str::from_utf8(raw).map(Value::Str).map_err(|_| Reason::NotUtf8),
            // Bare words among JSON are broken JSON.
            Form::Json | Form::Arrays => parse(str::from_utf8(raw).map_err(|_| Reason::NotUtf8)?, arena),
            _ => parse_bytes(raw, arena),
        }
    }

    fn lines(&self, is_whole: &IsWhole<'_>, each: &mut dyn FnMut(Framed<'_>)) {
        let mut arena = Arena::default();
        let mut start = 0;
        let ends = memchr_iter(b'\n', &self.bytes).chain(std::iter::once(self.bytes.len()));
        for (line, end) in (self.first_line..).zip(ends) {
            let raw = self.bytes.get(start..end).unwrap_or_default();
            start = end + 1;
            let raw = without_line_end(raw.strip_prefix(BOM).unwrap_or(raw));
            // Most lines begin with a bracket, so the look for a blank line ends at once.
            if raw.trim_ascii_start().is_empty() {
                continue;
            }
            if raw.len() > self.limit {
                each(Framed { line, found: Err(Reason::TooLong), raw, arena: &arena });
                continue;
            }
            match parse_bytes(raw, &arena) {
                Ok(Value::Array(elements)) if !is_whole(&Value::Array(elements.get(..1).unwrap_or_default())) => {
                    for element in elements {
                        each(Framed { line, found: Ok(element), raw: &[], arena: &arena });
                    }
                }
                Ok(value) => each(Framed { line, found: Ok(&value), raw, arena: &arena }),
                Err(reason) => each(Framed { line, found: Err(reason), raw, arena: &arena }),
            }
            arena.clear();
        }
    }
}

/// A line without `\n` or `\r\n`.
fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The chunks of a source, in their order.
///
/// When the source fails in the middle (a compressed file that was cut off, a disk error), what is whole is read, the rest
/// is one record refused as truncated, and the last item is the error.
pub struct Chunks {
    form: Form,
    inner: Inner,
    limit: usize,
    block: usize,
}

enum Inner {
    Text { feed: Feed<Box<dyn Read + Send>>, state: State },
    Parquet { reader: Box<Batches>, row: u64 },
    Failed(io::Error),
    Done,
}

enum State {
    Lines,
    Documents(Documents),
    Elements(Elements),
    Text,
    Rows {
        header: Arc<Header>,
        n_lost: u32,
    },
    /// Nothing of it can be read; why, and what to say.
    Refused(Reason, &'static str),
}

impl Chunks {
    /// Looks at the first block of a source and prepares to cut it. `name` is the source's: its ending may tell a table.
    /// `limit` is the longest record in bytes, usually [`LIMIT`]. Memory comes from `buffers`.
    #[must_use]
    pub fn new(opened: Opened, name: &str, limit: usize, buffers: &Buffers, is_whole: &IsWhole<'_>) -> Self {
        Self::with_block(opened, name, limit, buffers, is_whole, BLOCK)
    }

    fn with_block(
        opened: Opened,
        name: &str,
        limit: usize,
        buffers: &Buffers,
        is_whole: &IsWhole<'_>,
        block: usize,
    ) -> Self {
        match opened {
            Opened::Parquet(file) => {
                let inner = match Batches::open(file) {
                    Ok(reader) => Inner::Parquet { reader: Box::new(reader), row: 1 },
                    Err(error) => Inner::Failed(error),
                };
                Self { form: Form::Parquet, inner, limit, block }
            }
            Opened::Bytes(reader) => {
                let mut feed = Feed::new(reader, buffers.clone());
                let form = sniff::form(&mut feed, name, block, limit, is_whole);
                let is_long = feed.bytes.len() > limit && pieces::may_cut(&feed.bytes);
                if form == Form::Json && (!feed.ended || is_long) {
                    // A document with fields that are repeated and a last long element must still be within the limit.
                    feed = feed.through(|reader| Box::new(Pieces::new(reader, limit / 2)));
                }
                let state = match form {
                    Form::Json => State::Documents(Documents::default()),
                    Form::Arrays => State::Documents(Documents::of_arrays()),
                    Form::Xml => Elements::of(&feed.bytes).map_or(State::Lines, State::Elements),
                    Form::Text => State::Text,
                    Form::Csv { delimiter } => {
                        header(&mut feed, delimiter).map_or(State::Lines, |header| State::Rows { header, n_lost: 0 })
                    }
                    Form::Utf16 => State::Refused(Reason::NotUtf8, "UTF-16; save it as UTF-8"),
                    Form::Unreadable(what) => State::Refused(Reason::BadValue("file"), what),
                    Form::Lines | Form::Parquet | Form::Empty => State::Lines,
                };
                Self { form, inner: Inner::Text { feed, state }, limit, block }
            }
        }
    }

    /// Goes on in the middle of a source whose records stand in lines, at the beginning of the line with this number.
    #[must_use]
    pub fn of_lines(reader: Box<dyn Read + Send>, first_line: u64, limit: usize, buffers: &Buffers) -> Self {
        let mut feed = Feed::new(reader, buffers.clone());
        feed.line = first_line;
        Self { form: Form::Lines, inner: Inner::Text { feed, state: State::Lines }, limit, block: BLOCK }
    }

    /// How records stand in the source.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    fn chunk(&self, first_line: u64, bytes: Vec<u8>, content: Content) -> Chunk {
        Chunk { first_line, form: self.form, bytes, content, limit: self.limit }
    }
}

/// Takes the header off the feed.
fn header<R: Read>(feed: &mut Feed<R>, delimiter: u8) -> Option<Arc<Header>> {
    let blank = feed.bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    feed.discard(blank);
    let rows = Rows::find(&feed.bytes, delimiter);
    let end = match rows.first {
        // Where a quote of the header never closes, the header is its first line.
        0 => memchr(b'\n', &feed.bytes).map_or(feed.bytes.len(), |end| end + 1),
        end => end,
    };
    let names = sniff::names(feed.bytes.get(..end)?, delimiter)?;
    feed.discard(end);
    Some(Arc::new(Header { names, delimiter }))
}

impl Iterator for Chunks {
    type Item = io::Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        let (limit, block) = (self.limit, self.block);
        match &mut self.inner {
            Inner::Done => None,
            Inner::Failed(_) => match std::mem::replace(&mut self.inner, Inner::Done) {
                Inner::Failed(error) => Some(Err(error)),
                _ => None,
            },
            Inner::Parquet { reader, row } => match reader.next()? {
                Ok(batch) => {
                    let first = *row;
                    *row += u64::try_from(batch.n_rows()).unwrap_or_default();
                    Some(Ok(self.chunk(first, Vec::new(), Content::Batch(batch))))
                }
                Err(error) => {
                    self.inner = Inner::Done;
                    Some(Err(error))
                }
            },
            Inner::Text { feed, state } => {
                let mut first_line = feed.line;
                let cut = match state {
                    State::Lines => lines(feed, block, limit),
                    State::Documents(documents) => documents.next(feed, block, limit).map(|Found { bytes, spans }| {
                        first_line = spans.first().map_or(first_line, |span| span.line);
                        (bytes, Content::Spans(spans))
                    }),
                    State::Elements(elements) => elements.next(feed, block, limit),
                    State::Text => whole_text(feed, limit),
                    State::Rows { header, n_lost } => table(feed, header, n_lost, block, limit),
                    State::Refused(reason, what) => {
                        let refused = refused(first_line, *reason, what.as_bytes());
                        // The rest is not looked at, and a failure in it changes nothing.
                        self.inner = Inner::Done;
                        let (bytes, content) = refused;
                        return Some(Ok(self.chunk(first_line, bytes, content)));
                    }
                };
                if let Some((bytes, content)) = cut {
                    return Some(Ok(self.chunk(first_line, bytes, content)));
                }
                let rest = feed.take(EXCERPT_BYTES);
                match feed.failed.take() {
                    None => {
                        self.inner = Inner::Done;
                        None
                    }
                    Some(error) => {
                        self.inner = Inner::Failed(error);
                        let (bytes, content) = refused(first_line, Reason::Truncated, &rest);
                        Some(Ok(self.chunk(first_line, bytes, content)))
                    }
                }
            }
        }
    }
}

/// Bytes that hold one refused record.
fn refused(line: u64, reason: Reason, bytes: &[u8]) -> (Vec<u8>, Content) {
    let bytes = bytes.get(..EXCERPT_BYTES).unwrap_or(bytes).to_vec();
    let span = Span { bytes: 0..bytes.len(), line, refused: Some(reason) };
    (bytes, Content::Spans(vec![span]))
}

/// The next whole lines. `None` at the end, or where a failed source leaves a rest that is not whole.
fn lines<R: Read>(feed: &mut Feed<R>, block: usize, limit: usize) -> Option<(Vec<u8>, Content)> {
    let mut wanted = block;
    loop {
        feed.fill(wanted);
        if let Some(end) = memrchr(b'\n', &feed.bytes) {
            return Some((feed.take(end + 1), Content::Lines));
        }
        // A line that is just at the limit may still end in `\r`.
        if feed.bytes.len() > limit.saturating_add(1) {
            return Some(too_long(feed, block));
        }
        if feed.ended {
            let is_rest = feed.failed.is_none() && !feed.bytes.is_empty();
            return is_rest.then(|| (feed.take(usize::MAX), Content::Lines));
        }
        wanted = feed.bytes.len().saturating_mul(2).max(block).min(limit.saturating_add(block));
    }
}

/// All that is left, as one record. `None` as for [`lines`].
fn whole_text<R: Read>(feed: &mut Feed<R>, limit: usize) -> Option<(Vec<u8>, Content)> {
    feed.fill(limit.saturating_add(1));
    if feed.bytes.is_empty() || feed.failed.is_some() {
        return None;
    }
    let line = feed.line;
    if feed.bytes.len() > limit {
        let refused = refused(line, Reason::TooLong, &feed.bytes);
        while !feed.bytes.is_empty() {
            feed.discard(usize::MAX);
            feed.fill(limit);
        }
        return Some(refused);
    }
    let bytes = feed.take(usize::MAX);
    let span = Span { bytes: 0..bytes.len(), line, refused: None };
    Some((bytes, Content::Spans(vec![span])))
}

/// Refuses the line at the beginning of the feed.
fn too_long<R: Read>(feed: &mut Feed<R>, block: usize) -> (Vec<u8>, Content) {
    let refused = refused(feed.line, Reason::TooLong, &feed.bytes);
    feed.discard_line(block);
    refused
}

/// The next whole rows. `None` as for [`lines`].
fn table<R: Read>(
    feed: &mut Feed<R>,
    header: &Arc<Header>,
    n_lost: &mut u32,
    block: usize,
    limit: usize,
) -> Option<(Vec<u8>, Content)> {
    let mut wanted = block;
    loop {
        feed.fill(wanted);
        let rows = Rows::find(&feed.bytes, header.delimiter);
        let content = || Content::Rows(Arc::clone(header));
        if rows.last > 0 {
            return Some((feed.take(rows.last), content()));
        }
        let is_too_long = feed.bytes.len() > limit.saturating_add(1);
        if is_too_long && !rows.is_open {
            return Some(too_long(feed, block));
        }
        if rows.is_open && (is_too_long || (feed.ended && feed.failed.is_none())) {
            // A quote that never closes swallows all that follows: the line that has it is refused, the next is a row.
            let reason = if is_too_long { Reason::TooLong } else { Reason::Truncated };
            let refused = refused(feed.line, reason, &feed.bytes);
            feed.discard_line(block);
            *n_lost += 1;
            while *n_lost > MOST_LOST_QUOTES && !feed.bytes.is_empty() {
                feed.discard(usize::MAX);
                feed.fill(block);
            }
            return Some(refused);
        }
        if feed.ended {
            let is_rest = feed.failed.is_none() && !feed.bytes.is_empty();
            return is_rest.then(|| (feed.take(usize::MAX), content()));
        }
        wanted = feed.bytes.len().saturating_mul(2).max(block).min(limit.saturating_add(block));
    }
}

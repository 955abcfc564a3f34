//! What a source is, told by its first bytes. It looks at one block and keeps nothing.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

use csv::ReaderBuilder;
use memchr::memchr;

use super::feed::Feed;
use super::scan::{Scanner, Step};
use super::{Form, IsWhole, pieces};
use crate::channels::{Arena, Value, parse};

/// Beginnings of files that are no text, and what to say about them.
const MAGICS: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF file, not a log"),
    (b"\x89PNG", "a picture, not a log"),
    (b"\xff\xd8\xff", "a picture, not a log"),
    (b"GIF8", "a picture, not a log"),
    (b"PK\x03\x04", "a zip archive or an office file; unpack it, or save the sheet as CSV"),
    (b"\x1f\x8b", "compressed twice; decompress it once"),
    (b"\x28\xb5\x2f\xfd", "compressed twice; decompress it once"),
    (b"BZh", "compressed with bzip2; gzip and zstd are read"),
    (b"\xfd7zXZ", "compressed with xz; gzip and zstd are read"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it"),
    (b"Rar!", "an archive; unpack it"),
    (b"SQLite format 3", "a database; export the table"),
    (b"PAR1", "Parquet, which is read only from a plain file, not from a pipe or a compressed file"),
    (b"PARE", "encrypted Parquet"),
    (b"Obj\x01", "Avro; convert it to Parquet or NDJSON"),
    (b"ORC", "ORC; convert it to Parquet or NDJSON"),
];

/// How many bytes of a text show whether it is one record.
const BEGINNING: usize = 4096;

/// Column names that show a header to be one of a conversation log.
const HEADER_WORDS: &[&str] = &[
    "answer",
    "at",
    "body",
    "campaign",
    "channel",
    "contact",
    "contact_id",
    "conversation",
    "conversation_id",
    "created_at",
    "date",
    "direction",
    "event",
    "kind",
    "message",
    "message_id",
    "payload",
    "question",
    "received_at",
    "sender",
    "sent_at",
    "submitted at",
    "text",
    "time",
    "timestamp",
];

/// Tells the form, and drops a byte order mark from the feed. Reads on until the first line is whole, but not more than
/// `limit` bytes.
pub(super) fn form<R: Read>(
    feed: &mut Feed<R>,
    name: &str,
    block: usize,
    limit: usize,
    is_whole: &IsWhole<'_>,
) -> Form {
    feed.fill(block.max(1024));
    if feed.bytes.starts_with(b"\xff\xfe") || feed.bytes.starts_with(b"\xfe\xff") {
        return Form::Utf16;
    }
    if feed.bytes.starts_with(super::BOM) {
        feed.discard(super::BOM.len());
    }
    if let Some((_, what)) = MAGICS.iter().find(|(magic, _)| feed.bytes.starts_with(magic)) {
        return Form::Unreadable(what);
    }
    let start = feed.bytes.get(..1024).unwrap_or(&feed.bytes);
    if memchr::memchr_iter(0, start).count() * 3 > start.len() {
        return Form::Unreadable("binary, not a log");
    }
    let blank = feed.bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    loop {
        let text = feed.bytes.get(blank..).unwrap_or_default();
        let decided = match text.first() {
            None if feed.ended => Some(Form::Empty),
            None => Some(Form::Lines),
            Some(b'{') => object(text, feed.ended, limit),
            Some(b'[') if is_array(text) => array(text, feed.ended, is_whole),
            Some(b'<') => Some(Form::Xml),
            Some(_) => Some(plain(text, name, is_whole)),
        };
        match decided {
            Some(form) => return form,
            // Longer than a record may be: line by line it costs one record, as a document the whole source.
            None if feed.bytes.len() > limit => return Form::Lines,
            None => feed.fill(feed.bytes.len().saturating_mul(2)),
        }
    }
}

/// Text that begins with `{`: a value a line, or documents. `None` if that shows only further on.
fn object(text: &[u8], is_all: bool, limit: usize) -> Option<Form> {
    let line_end = memchr(b'\n', text);
    match Scanner::default().step(text) {
        // An export of chats that is one line of any length is read in pieces.
        Step::End(end) if end > limit && pieces::may_cut(text) => Some(Form::Json),
        Step::More if text.len() > limit && pieces::may_cut(text) => Some(Form::Json),
        Step::End(end) => {
            let rest = line_end.map_or(text.get(end..), |line_end| text.get(end..line_end));
            // No rest at all: the value itself goes over several lines.
            let is_line = rest.is_some_and(|rest| rest.iter().all(u8::is_ascii_whitespace));
            Some(if is_line { Form::Lines } else { Form::Json })
        }
        Step::More => (is_all || line_end.is_some()).then_some(Form::Json),
        // The first line was cut off or is no JSON. If the second one is whole, it shows what was meant.
        Step::Broken(..) => {
            let second = line_end.and_then(|at| text.get(at + 1..)).unwrap_or_default();
            let line = memchr(b'\n', second).and_then(|end| second.get(..end)).unwrap_or(second).trim_ascii_end();
            let is_whole = line.starts_with(b"{") && Scanner::default().step(line) == Step::End(line.len());
            Some(if is_whole { Form::Lines } else { Form::Json })
        }
    }
}

/// An array whose elements are records, or that is one. `None` if that shows only further on.
fn array(text: &[u8], is_all: bool, is_whole: &IsWhole<'_>) -> Option<Form> {
    let inside = text.get(1..).unwrap_or_default().trim_ascii_start();
    match Scanner::default().step(inside) {
        Step::More if !is_all => None,
        Step::End(end) => {
            let arena = Arena::default();
            let first = str::from_utf8(inside.get(..end)?).ok().and_then(|first| parse(first, &arena).ok());
            Some(if first.is_some_and(|first| is_whole(&Value::Array(&[first]))) { Form::Arrays } else { Form::Json })
        }
        _ => Some(Form::Json),
    }
}

/// Text that does not begin like JSON or XML.
fn plain(text: &[u8], name: &str, is_whole: &IsWhole<'_>) -> Form {
    let start = text.get(..BEGINNING).unwrap_or(text);
    // The cut may go through a letter.
    let start = start.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    if start.contains('\n') && is_whole(&Value::Str(start)) {
        return Form::Text;
    }
    header(text, name).map_or(Form::Lines, |delimiter| Form::Csv { delimiter })
}

/// Whether `[` begins an array, and not a line of text such as `[2024-05-01 10:00] started`.
fn is_array(text: &[u8]) -> bool {
    let inside = text.get(1..).unwrap_or_default();
    let first = inside.trim_ascii_start();
    match first.first() {
        None | Some(b'{' | b'[' | b']' | b'"') => true,
        Some(_) => {
            let is_end = |byte: &u8| matches!(byte, b',' | b']') || byte.is_ascii_whitespace();
            let end = first.iter().position(is_end).unwrap_or(first.len());
            let (word, rest) = first.split_at(end);
            let is_followed = matches!(rest.trim_ascii_start().first(), None | Some(b',' | b']'));
            is_followed && str::from_utf8(word).is_ok_and(|word| parse(word, &Arena::default()).is_ok())
        }
    }
}

/// The delimiter, if the first line is the header of a table: at least two named columns of which none begins like JSON,
/// and either the file's name or a column's name says that it is a table of messages.
fn header(text: &[u8], name: &str) -> Option<u8> {
    let line = memchr(b'\n', text).and_then(|end| text.get(..end)).unwrap_or(text);
    let count = |delimiter: u8| {
        let mut is_quoted = false;
        let is_delimiter = |&&byte: &&u8| {
            is_quoted ^= byte == b'"';
            byte == delimiter && !is_quoted
        };
        line.iter().filter(is_delimiter).count()
    };
    // Of equal counts the comma wins, being asked last.
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|&delimiter| count(delimiter))?;
    let names = names(line, delimiter)?;
    // Spreadsheets export empty columns at the right of a sheet too.
    let n_named = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    let names = names.get(..n_named)?;
    let is_named = names.iter().all(|name| !name.is_empty() && !name.starts_with(['{', '[']));
    let lower = name.to_ascii_lowercase();
    let plain = lower.trim_end_matches(".gz").trim_end_matches(".zst");
    let extension = Path::new(plain).extension().and_then(OsStr::to_str);
    let is_table = matches!(extension, Some("csv" | "tsv"))
        || names.iter().any(|name| HEADER_WORDS.contains(&name.to_ascii_lowercase().as_str()));
    (names.len() > 1 && is_named && is_table).then_some(delimiter)
}

/// The cells of a header.
pub(super) fn names(line: &[u8], delimiter: u8) -> Option<Vec<String>> {
    let mut reader = ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(line);
    let row = reader.records().next()?.ok()?;
    Some(row.iter().map(|name| name.trim().to_owned()).collect())
}

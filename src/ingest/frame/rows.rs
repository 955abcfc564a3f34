//! Tables as text: where rows end, and rows as objects. It reads quotes the way the `csv` crate does.

use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder};
use memchr::{memchr, memchr3, memrchr};

use super::feed::count_lines;
use super::{Framed, without_line_end};
use crate::channels::value::Object;
use crate::channels::{Arena, Reason, Value};

/// The column names of a table.
#[derive(Debug)]
pub(super) struct Header {
    /// In the order of the columns.
    pub(super) names: Vec<String>,
    /// What stands between cells.
    pub(super) delimiter: u8,
}

/// Where whole rows end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    /// After the line end of the first whole row; 0 if there is none.
    pub(super) first: usize,
    /// After the line end of the last whole row; 0 if there is none.
    pub(super) last: usize,
    /// The rest ends inside quotes.
    pub(super) is_open: bool,
}

impl Rows {
    /// Finds the ends. Bytes begin at the beginning of a row.
    pub(super) fn find(bytes: &[u8], delimiter: u8) -> Self {
        if memchr(b'"', bytes).is_none() {
            let end = |at: Option<usize>| at.map_or(0, |at| at + 1);
            return Self { first: end(memchr(b'\n', bytes)), last: end(memrchr(b'\n', bytes)), is_open: false };
        }
        let mut rows = Self { first: 0, last: 0, is_open: false };
        let mut at = 0;
        // At the beginning of a cell; only there a quote has a meaning.
        while at < bytes.len() {
            if bytes.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    let Some(quote) = bytes.get(at..).and_then(|rest| memchr(b'"', rest)) else {
                        rows.is_open = true;
                        return rows;
                    };
                    at += quote + 1;
                    if bytes.get(at) != Some(&b'"') {
                        break;
                    }
                    at += 1;
                }
            }
            let Some(end) = bytes.get(at..).and_then(|rest| memchr3(delimiter, b'\n', b'\r', rest)) else { break };
            at += end + 1;
            if bytes.get(at - 1) == Some(&b'\n') {
                rows.last = at;
                if rows.first == 0 {
                    rows.first = at;
                }
            }
        }
        rows
    }
}

/// Reads whole rows, each as an object of text in the order of the columns, in which blank cells are null: where forms and
/// bots are exported, the first column that nobody filled says where somebody stopped. Rows without any cell filled are no
/// records.
pub(super) fn read(
    bytes: &[u8],
    first_line: u64,
    header: &Arc<Header>,
    limit: usize,
    each: &mut dyn FnMut(Framed<'_>),
) {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(header.delimiter).from_reader(bytes);
    let mut row = ByteRecord::new();
    let mut arena = Arena::default();
    let mut line = first_line;
    let mut counted = 0;
    let offset = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
    loop {
        let start = offset(reader.position().byte());
        // Errors of a reader over memory do not happen; an end is an end.
        if !matches!(reader.read_byte_record(&mut row), Ok(true)) {
            return;
        }
        let raw = bytes.get(start..offset(reader.position().byte())).unwrap_or_default();
        let n_blank = raw.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        line += bytes.get(counted..start + n_blank).map_or(0, count_lines);
        counted = start + n_blank;
        let raw = without_line_end(raw.get(n_blank..).unwrap_or_default());
        if row.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        let reason = if raw.len() > limit {
            Reason::TooLong
        } else if row.len() != header.names.len() {
            Reason::NotInHeader
        } else {
            let cells: Option<Vec<(&str, Value<'_>)>> =
                header.names.iter().zip(&row).map(|(name, cell)| Some((name.as_str(), value(cell)?))).collect();
            match cells {
                Some(cells) => {
                    each(Framed { line, found: Ok(&Value::Object(Object(&cells))), raw, arena: &arena });
                    arena.clear();
                    continue;
                }
                None => Reason::NotUtf8,
            }
        };
        each(Framed { line, found: Err(reason), raw, arena: &arena });
    }
}

/// A cell; `None` if it is no text.
fn value(cell: &[u8]) -> Option<Value<'_>> {
    if cell.trim_ascii().is_empty() {
        return Some(Value::Null);
    }
    str::from_utf8(cell).ok().map(Value::Str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, first: usize, last: usize, is_open: bool) {
        assert_eq!(Rows::find(text.as_bytes(), b','), Rows { first, last, is_open }, "{text}");
    }

    #[test]
    fn rows_end_at_line_ends_outside_of_quotes() {
        check("a,b\nc,d\ne", 4, 8, false);
        check("\"a\nb\",c\nd", 8, 8, false);
        check("\"a\"\"\nb\",c\n", 10, 10, false);
        check("a,\"b\nc", 0, 0, true);
        check("a\n\"b\nc", 2, 2, true);
        check("5\" pipe,x\n6\" pipe,y\n", 10, 20, false);
        check("a\r\n\"b\"\r\n", 3, 8, false);
        check("", 0, 0, false);
    }
}

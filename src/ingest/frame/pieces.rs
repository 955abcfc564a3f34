//! Long documents in pieces: an export of chats is one JSON document of any length, and a record is not.
//!
//! It stands between a source and the framing. A document that grows too long is ended inside an array of `messages`, or a
//! `list` of chats, and begun again with the rest: each piece is the document with a part of the array, and with what stood
//! before it in the objects around it, such as the chat's id. It adds no line, so that lines keep their numbers, and
//! changes nothing in a document that is short or broken.

use std::io::{self, Read};

use memchr::{memchr3, memmem};

/// Arrays that are cut between their elements, as their keys stand in the document.
const CUT: [&[u8]; 2] = [b"\"messages\":", b"\"list\":"];
/// How many bytes of an object are repeated in each piece. What is longer than names, types and ids is not repeated.
const MOST_REPEATED: usize = 4 << 10;
/// How deep documents are followed; exports are less deep.
const MOST_LEVELS: usize = 32;
/// How many bytes are read at once.
const BLOCK: usize = 64 << 10;

/// Whether text looks like a document that can be cut.
pub(super) fn may_cut(text: &[u8]) -> bool {
    CUT.iter().any(|key| memmem::find(text, key).is_some())
}

/// A reader of the pieces of what another reader gives.
pub(super) struct Pieces<R> {
    reader: R,
    input: Vec<u8>,
    /// What was made of the input, and how much of it was handed on.
    output: Vec<u8>,
    n_taken: usize,
    /// After so many bytes a document is cut at the next place.
    long: usize,
    /// How many bytes of the document were written.
    n_written: usize,
    /// The objects and arrays that are open, from the outermost.
    levels: Vec<Level>,
    /// How many more are open inside of them.
    n_deeper: usize,
    place: Place,
}

/// An object or array that is open.
struct Level {
    is_object: bool,
    /// It is cut between its elements.
    is_cut: bool,
    /// It is, or is inside of, an element that is never cut, so nothing of it is ever repeated.
    is_whole: bool,
    /// The key before it, with its colon; empty in an array and at the top.
    key: Vec<u8>,
    /// The fields that were read and hold neither objects nor arrays, with commas between them.
    repeated: Vec<u8>,
    /// The field that is read.
    field: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    InString,
    AfterBackslash,
}

impl<R: Read> Pieces<R> {
    /// Cuts documents that are longer than `long` bytes.
    pub(super) fn new(reader: R, long: usize) -> Self {
        Self {
            reader,
            input: vec![0; BLOCK],
            output: Vec::new(),
            n_taken: 0,
            long,
            n_written: 0,
            levels: Vec::new(),
            n_deeper: 0,
            place: Place::Outside,
        }
    }
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.n_taken == self.output.len() {
            self.output.clear();
            self.n_taken = 0;
            let n_read = self.reader.read(&mut self.input)?;
            if n_read == 0 {
                return Ok(0);
            }
            let input = std::mem::take(&mut self.input);
            self.take(input.get(..n_read).unwrap_or_default());
            self.input = input;
        }
        let ready = self.output.get(self.n_taken..).unwrap_or_default();
        let n = ready.len().min(into.len());
        if let (Some(into), Some(ready)) = (into.get_mut(..n), ready.get(..n)) {
            into.copy_from_slice(ready);
        }
        self.n_taken += n;
        Ok(n)
    }
}

impl<R> Pieces<R> {
    fn take(&mut self, mut input: &[u8]) {
        while let Some((&byte, rest)) = input.split_first() {
            match self.place {
                Place::Outside => {
                    self.outside(byte);
                    input = rest;
                }
                Place::InString => {
                    let n = memchr3(b'"', b'\\', b'\n', input).map_or(input.len(), |at| at + 1);
                    let (part, after) = input.split_at_checked(n).unwrap_or((input, &[]));
                    self.write(part);
                    self.note(part);
                    match part.last() {
                        Some(b'"') => self.place = Place::Outside,
                        Some(b'\\') => self.place = Place::AfterBackslash,
                        // No string goes over the end of a line: the document is broken, and is left as it is.
                        Some(b'\n') => {
                            self.levels.clear();
                            self.n_deeper = 0;
                            self.place = Place::Outside;
                        }
                        _ => {}
                    }
                    input = after;
                }
                Place::AfterBackslash => {
                    self.write(&[byte]);
                    self.note(&[byte]);
                    self.place = Place::InString;
                    input = rest;
                }
            }
        }
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => self.write(&[byte]),
            b'{' | b'[' => {
                self.write(&[byte]);
                self.open(byte == b'{');
            }
            b'}' | b']' => {
                self.write(&[byte]);
                if let Some(n_deeper) = self.n_deeper.checked_sub(1) {
                    self.n_deeper = n_deeper;
                } else {
                    self.levels.pop();
                    self.end_field(false);
                }
                if self.levels.is_empty() {
                    self.n_written = 0;
                }
            }
            b',' => {
                let may_cut = self.n_deeper == 0 && self.levels.last().is_some_and(|level| level.is_cut);
                if may_cut && self.n_written > self.long {
                    self.cut();
                } else {
                    self.write(&[byte]);
                    self.end_field(true);
                }
            }
            _ => {
                if byte == b'"' {
                    self.place = Place::InString;
                }
                self.write(&[byte]);
                self.note(&[byte]);
            }
        }
    }

    fn open(&mut self, is_object: bool) {
        if self.levels.len() == MOST_LEVELS {
            self.n_deeper += 1;
            return;
        }
        let parent = self.levels.last_mut();
        let (is_whole, is_message) =
            parent.as_ref().map_or((false, false), |parent| (parent.is_whole, parent.key.as_slice() == CUT[0]));
        let key = parent.map(|parent| std::mem::take(&mut parent.field)).unwrap_or_default();
        let is_cut = !is_object && !is_whole && CUT.contains(&key.as_slice());
        self.levels.push(Level {
            is_object,
            is_cut,
            is_whole: is_whole || is_message,
            key,
            repeated: Vec::new(),
            field: Vec::new(),
        });
    }

    /// Keeps what is read of a field.
    fn note(&mut self, bytes: &[u8]) {
        if self.n_deeper == 0
            && let Some(level) = self.levels.last_mut()
            && level.is_object
            && !level.is_whole
            && level.field.len() <= MOST_REPEATED
        {
            level.field.extend_from_slice(bytes);
        }
    }

    /// A field ended: one that was written in full, or one that held an object or array.
    fn end_field(&mut self, is_plain: bool) {
        let Some(level) = self.levels.last_mut().filter(|_| self.n_deeper == 0) else { return };
        if is_plain && !level.field.is_empty() && level.repeated.len() + level.field.len() < MOST_REPEATED {
            if !level.repeated.is_empty() {
                level.repeated.push(b',');
            }
            level.repeated.append(&mut level.field);
        }
        level.field.clear();
    }

    /// Ends the document, and begins it again where it stands, in the place of a comma.
    fn cut(&mut self) {
        let mut bytes = Vec::new();
        bytes.extend(self.levels.iter().rev().map(|level| if level.is_object { b'}' } else { b']' }));
        let n_end = bytes.len();
        bytes.push(b' ');
        let mut is_first = true;
        for level in &self.levels {
            if !level.key.is_empty() && !is_first {
                bytes.push(b',');
            }
            bytes.extend_from_slice(&level.key);
            bytes.push(if level.is_object { b'{' } else { b'[' });
            bytes.extend_from_slice(&level.repeated);
            is_first = level.repeated.is_empty();
        }
        self.write(&bytes);
        self.n_written = bytes.len() - n_end;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
        self.n_written += bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a text if documents are cut after so many bytes, however few are read at once.
    fn pieces(text: &str, long: usize) -> String {
        let mut whole = String::new();
        Pieces::new(text.as_bytes(), long).read_to_string(&mut whole).unwrap();
        let mut slowly = Vec::new();
        let mut reader = Pieces::new(text.as_bytes(), long);
        let mut byte = [0];
        while reader.read(&mut byte).unwrap() == 1 {
            slowly.push(byte[0]);
        }
        assert_eq!(slowly, whole.as_bytes());
        whole
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(pieces(text, 10), expected, "{text}");
    }

    #[test]
    fn a_long_chat_is_cut_between_messages_and_keeps_what_stands_before_them() {
        check(
            "{\"name\":\"A, \\\"B\\\"\", \"id\" : 7,\n\"old\":[1,2],\"messages\":[\n{\"id\":1,\"text\":[\"a\",\"b\"]},\n{\"id\":2}],\n\"end\":true}",
            "{\"name\":\"A, \\\"B\\\"\", \"id\" : 7,\n\"old\":[1,2],\"messages\":[\n{\"id\":1,\"text\":[\"a\",\"b\"]}]} \
             {\"name\":\"A, \\\"B\\\"\",\"id\":7,\"messages\":[\n{\"id\":2}],\n\"end\":true}",
        );
    }

    #[test]
    fn the_list_of_chats_around_it_is_cut_with_it() {
        check(
            r#"{"about":"x","chats":{"about":"y","list":[{"id":1,"messages":[{"a":1},{"a":2}]},{"id":2,"messages":[]}]},"left":0}"#,
            concat!(
                r#"{"about":"x","chats":{"about":"y","list":[{"id":1,"messages":[{"a":1}]}]}} "#,
                r#"{"about":"x","chats":{"about":"y","list":[{"id":1,"messages":[{"a":2}]}]}} "#,
                r#"{"about":"x","chats":{"about":"y","list":[{"id":2,"messages":[]}]},"left":0}"#,
            ),
        );
    }

    #[test]
    fn what_is_short_or_has_no_such_array_stays_as_it_is() {
        for text in [
            r#"{"a":{"messages":{"x":1,"y":2}},"rows":[1,2,3,4,5,6,7,8,9]}"#,
            r#"{"messages":[{"list":[1,2,3,4,5,6,7,8,9,10,11,12]}]}"#,
            "[1,2,3] {\"a\":1} x,y",
            "",
        ] {
            check(text, text);
        }
        let short = r#"{"messages":[{"a":1},{"a":2}]}"#;
        assert_eq!(pieces(short, 1000), short);
    }

    #[test]
    fn what_is_broken_stays_as_it_is() {
        for text in [
            "{\"messages\":[{\"text\":\"cut\n{\"a\":1},{\"a\":2},{\"a\":3}",
            "]}]}]},,,\"\\",
            "{\"messages\":[{\"a\":\"long enough to be cut\"}",
            &format!("{{\"messages\":[{}1,2,3{}]}}", "[".repeat(100), "]".repeat(100)),
        ] {
            check(text, text);
        }
    }

    #[test]
    fn long_fields_are_not_repeated() {
        let about = "x".repeat(2 * MOST_REPEATED);
        let text = format!(r#"{{"about":"{about}","id":7,"messages":[1,2]}}"#);
        assert!(pieces(&text, 10).ends_with(r#"1]} {"id":7,"messages":[2]}"#));
    }
}

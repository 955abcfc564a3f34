//! From text to [`Value`]: accepts what `serde_json` accepts, with equal values, at twice its speed.
//!
//! Only what nearly all logs consist of is read here; an escape, a fraction and the reason for a refusal are left to
//! `serde_json`, so that there is one opinion on them.

use std::cell::Cell;

use bumpalo::Bump;
use serde_json::error::Category;

use super::{Number, Object, Value};
use crate::channels::Reason;

/// Levels of nesting that are read.
const DEEPEST: u32 = 127;
/// Digits of a number that is read here; all such numbers fit.
const MOST_DIGITS: usize = 18;

/// Memory of the values of one record, used again for the next.
#[derive(Default)]
pub struct Arena {
    bump: Bump,
    /// Elements of arrays and objects that are not closed yet. Kept between records for its memory only.
    open: Cell<Vec<(&'static str, Value<'static>)>>,
}

impl Arena {
    /// Forgets all values, and keeps their memory.
    pub fn clear(&mut self) {
        self.bump.reset();
    }

    /// Keeps a text.
    pub fn keep(&self, text: &str) -> &str {
        self.bump.alloc_str(text)
    }

    /// Keeps the elements of an array.
    pub fn elements<'a>(&'a self, elements: &[Value<'a>]) -> &'a [Value<'a>] {
        self.bump.alloc_slice_copy(elements)
    }

    /// Keeps the fields of an object.
    pub fn fields<'a>(&'a self, fields: &[(&'a str, Value<'a>)]) -> &'a [(&'a str, Value<'a>)] {
        self.bump.alloc_slice_copy(fields)
    }
}

/// Parses one JSON value.
///
/// # Errors
/// Why it is refused: it ends in the middle, is nested too deep (128 levels), or is no JSON.
pub fn parse<'a>(text: &'a str, arena: &'a Arena) -> Result<Value<'a>, Reason> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, bump: &arena.bump, open: arena.open.take() };
    let parsed = parser.document();
    let mut open = parser.open;
    open.clear();
    // The same memory under a longer lifetime: nothing is in it.
    arena.open.set(open.into_iter().map(|_| ("", Value::Null)).collect());
    parsed.ok_or_else(|| refusal(text))
}

/// Why `serde_json` refuses the text.
fn refusal(text: &str) -> Reason {
    match serde_json::from_str::<serde_json::Value>(text) {
        Err(error) if error.classify() == Category::Eof => Reason::Truncated,
        // The library tells this case by its message only.
        Err(error) if error.to_string().starts_with("recursion limit exceeded") => Reason::TooDeep,
        _ => Reason::NotJson,
    }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    bump: &'a Bump,
    open: Vec<(&'a str, Value<'a>)>,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Option<Value<'a>> {
        let value = self.value(DEEPEST)?;
        self.blanks();
        (self.at == self.bytes.len()).then_some(value)
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no blank, which is passed over.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        let mut byte = *self.bytes.get(self.at)?;
        if byte <= b' ' {
            self.blanks();
            byte = *self.bytes.get(self.at)?;
        }
        self.at += 1;
        Some(byte)
    }

    fn value(&mut self, left: u32) -> Option<Value<'a>> {
        match self.token()? {
            b'"' => self.string().map(Value::Str),
            b'{' => self.object(left.checked_sub(1)?),
            b'[' => self.array(left.checked_sub(1)?),
            b'-' | b'0'..=b'9' => self.number().map(Value::Number),
            b't' => self.word(b"rue", Value::Bool(true)),
            b'f' => self.word(b"alse", Value::Bool(false)),
            b'n' => self.word(b"ull", Value::Null),
            _ => None,
        }
    }

    fn word(&mut self, rest: &[u8], value: Value<'a>) -> Option<Value<'a>> {
        if !self.bytes.get(self.at..)?.starts_with(rest) {
            return None;
        }
        self.at += rest.len();
        Some(value)
    }

    fn object(&mut self, left: u32) -> Option<Value<'a>> {
        let start = self.open.len();
        let mut token = self.token()?;
        while token != b'}' {
            if token != b'"' {
                return None;
            }
            let key = self.string()?;
            if self.token()? != b':' {
                return None;
            }
            let value = self.value(left)?;
            self.open.push((key, value));
            token = self.token()?;
            if token == b',' {
                token = self.token()?;
                if token == b'}' {
                    return None;
                }
            } else if token != b'}' {
                return None;
            }
        }
        let fields = self.bump.alloc_slice_copy(self.open.get(start..)?);
        self.open.truncate(start);
        Some(Value::Object(Object(fields)))
    }

    fn array(&mut self, left: u32) -> Option<Value<'a>> {
        let start = self.open.len();
        if self.token()? == b']' {
            return Some(Value::Array(&[]));
        }
        self.at -= 1;
        loop {
            let value = self.value(left)?;
            self.open.push(("", value));
            match self.token()? {
                b',' => {}
                b']' => break,
                _ => return None,
            }
        }
        let elements = self.bump.alloc_slice_fill_iter(self.open.get(start..)?.iter().map(|(_, value)| *value));
        self.open.truncate(start);
        Some(Value::Array(elements))
    }

    /// The rest of a string whose quote was passed over.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.at += plain(self.bytes.get(start..)?)?;
        if self.bytes.get(self.at) == Some(&b'"') {
            let text = self.text.get(start..self.at)?;
            self.at += 1;
            return Some(text);
        }
        self.escaped(start)
    }

    /// As [`Parser::string`], from `start` on, for a string that is not written as it is meant.
    #[cold]
    fn escaped(&mut self, start: usize) -> Option<&'a str> {
        loop {
            match self.bytes.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => break,
                // A control character.
                _ => return None,
            }
            self.at += plain(self.bytes.get(self.at..)?)?;
        }
        self.at += 1;
        let text: String = serde_json::from_str(self.text.get(start - 1..self.at)?).ok()?;
        Some(self.bump.alloc_str(&text))
    }

    /// A number whose first byte was passed over.
    #[inline]
    fn number(&mut self) -> Option<Number> {
        let start = self.at - 1;
        let digits = self.bytes.get(start..)?;
        let mut number = 0;
        for (n_digits, byte) in digits.iter().enumerate().take(MOST_DIGITS + 1) {
            match byte {
                b'0'..=b'9' if n_digits < MOST_DIGITS => number = number * 10 + u64::from(byte - b'0'),
                b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'
                    if n_digits > 0 && (digits.first() != Some(&b'0') || n_digits == 1) =>
                {
                    self.at = start + n_digits;
                    return Some(Number::Unsigned(number));
                }
                _ => break,
            }
        }
        self.other_number(start)
    }

    #[cold]
    fn other_number(&mut self, start: usize) -> Option<Number> {
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        self.at = start + self.bytes.get(start..)?.iter().take_while(is_part).count();
        let number: serde_json::Number = serde_json::from_str(self.text.get(start..self.at)?).ok()?;
        if let Some(number) = number.as_u64() {
            return Some(Number::Unsigned(number));
        }
        number.as_i64().map(Number::Negative).or_else(|| number.as_f64().map(Number::Float))
    }
}

/// How many bytes of a string come before its end, an escape or a control character; `None` if none of these comes.
///
/// Strings of logs have ten letters or so: a look into a table per letter beats all that looks at many letters at once.
#[inline]
fn plain(bytes: &[u8]) -> Option<usize> {
    const ENDS: [bool; 256] = {
        let mut ends = [false; 256];
        ends.split_at_mut(32).0.copy_from_slice(&[true; 32]);
        ends[b'"' as usize] = true;
        ends[b'\\' as usize] = true;
        ends
    };
    bytes.iter().position(|&byte| ENDS[usize::from(byte)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `serde_json` makes of it, fields in their order.
    fn check(text: &str) {
        let arena = Arena::default();
        let found = parse(text, &arena);
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(expected) => assert_eq!(serde_json::to_value(found.unwrap()).unwrap(), expected, "{text}"),
            Err(_) => assert!(found.is_err(), "{text}: {found:?}"),
        }
    }

    #[test]
    fn values_are_read_as_serde_json_reads_them() {
        for text in [
            "null",
            " true ",
            "false",
            "0",
            "-0",
            "7",
            "[01]",
            "[-1]",
            "[1.5,1e3,-2E-2]",
            "[1.]",
            "[.5]",
            "[+1]",
            "[-]",
            "[999999999999999999]",
            "[18446744073709551615]",
            "[18446744073709551616]",
            "[-9223372036854775808]",
            "[1e999]",
            r#""""#,
            r#""ä""#,
            r#""a\"b\\c\u00e4\ud83d\ude00\/""#,
            r#""\ud83d""#,
            r#""\x""#,
            "\"a\nb\"",
            "\"cut",
            r#""cut\"#,
            r#""cut\""#,
            "[]",
            "[ ]",
            "[1 , 2]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1",
            "{}",
            "{ }",
            r#"{"a":1}"#,
            r#"{ "a" : [ { } ] , "b" : null }"#,
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            "{a:1}",
            r#"{"a":1"#,
            r#"{"a"}"#,
            "{]",
            "nul",
            "nulll",
            "tru",
            "1 2",
            "",
            " ",
            "\u{feff}1",
            "[1}\u{0}",
            "\"\u{7f}\u{80}\"",
        ] {
            check(text);
        }
    }

    #[test]
    fn fields_keep_their_order_and_the_first_of_two_counts() {
        let arena = Arena::default();
        let value = parse(r#"{"b":1,"a":2,"b":3}"#, &arena).unwrap();
        assert_eq!(value.get("b").as_u64(), Some(1));
        assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), ["b", "a", "b"]);
    }

    #[test]
    fn a_refusal_says_why() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        let arena = Arena::default();
        assert!(parse(&nested(127), &arena).is_ok());
        assert_eq!(parse(&nested(128), &arena), Err(Reason::TooDeep));
        assert_eq!(parse("{\"a\":", &arena), Err(Reason::Truncated));
        assert_eq!(parse("{oops}", &arena), Err(Reason::NotJson));
    }

    #[test]
    fn memory_is_used_again() {
        let mut arena = Arena::default();
        for _ in 0..3 {
            assert!(parse(r#"{"a":[1,{"b":"\n"}]}"#, &arena).is_ok());
            assert!(parse("[1,", &arena).is_err());
            arena.clear();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_is_read_otherwise_than_by_serde_json(text in r#"[\[\]{}:,"\\ntrue0-9.eEu \x00ä-]{0,24}"#) {
            check(&text);
        }
    }
}

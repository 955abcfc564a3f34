//! Where a JSON value ends: a structural scan that looks at brackets and strings only.
//!
//! It does not validate; it only stops as early as it can where a value is certainly broken, so that a value that was cut
//! off does not swallow those after it.

use memchr::memchr3;

use crate::channels::Reason;

/// How far one call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The value ends before this offset.
    End(usize),
    /// All bytes belong to the value, and it goes on.
    More,
    /// From this offset on, the bytes cannot belong to the value.
    Broken(Reason, usize),
}

/// The state between two stretches of bytes of one value.
#[derive(Clone, Debug, Default)]
pub(super) struct Scanner {
    depth: u32,
    /// A bit for each of the outer 128 levels: whether it is an object.
    objects: u128,
    /// The last byte outside of strings that is not blank.
    last: u8,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    InString,
    AfterBackslash,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Other,
    Blank,
    Quote,
    Open,
    Close,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    classes[b' ' as usize] = Class::Blank;
    classes[b'\t' as usize] = Class::Blank;
    classes[b'\r' as usize] = Class::Blank;
    classes[b'\n' as usize] = Class::Blank;
    classes[b'"' as usize] = Class::Quote;
    classes[b'{' as usize] = Class::Open;
    classes[b'[' as usize] = Class::Open;
    classes[b'}' as usize] = Class::Close;
    classes[b']' as usize] = Class::Close;
    classes
};

impl Scanner {
    /// Goes on with the next bytes. The value begins with `{`, `[` or `"` at the first byte of the first call.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Step {
        let mut at = 0;
        loop {
            match self.place {
                Place::Outside => match self.outside(bytes, at) {
                    Ok(next) => at = next,
                    Err(step) => return step,
                },
                Place::InString => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let Some(found) = memchr3(b'"', b'\\', b'\n', rest) else { return Step::More };
                    at += found;
                    match rest.get(found) {
                        Some(b'"') => {
                            at += 1;
                            self.place = Place::Outside;
                            self.last = b'"';
                            if self.depth == 0 {
                                return Step::End(at);
                            }
                        }
                        Some(b'\\') => {
                            at += 1;
                            self.place = Place::AfterBackslash;
                        }
                        // No string goes over the end of a line, so its end was cut off.
                        _ => return Step::Broken(Reason::Truncated, at),
                    }
                }
                Place::AfterBackslash => {
                    match bytes.get(at) {
                        None => return Step::More,
                        Some(b'\n') => {}
                        Some(_) => at += 1,
                    }
                    self.place = Place::InString;
                }
            }
        }
    }

    /// Up to the first byte of the next string, or to the end.
    fn outside(&mut self, bytes: &[u8], from: usize) -> Result<usize, Step> {
        let rest = bytes.get(from..).unwrap_or_default();
        for (at, &byte) in (from..).zip(rest) {
            match CLASSES[usize::from(byte)] {
                Class::Blank => continue,
                Class::Other => {}
                Class::Quote => {
                    self.place = Place::InString;
                    return Ok(at + 1);
                }
                Class::Open => {
                    if !self.may_open() {
                        return Err(Step::Broken(Reason::Truncated, at));
                    }
                    if let Some(bit) = 1_u128.checked_shl(self.depth) {
                        self.objects = if byte == b'{' { self.objects | bit } else { self.objects & !bit };
                    }
                    self.depth += 1;
                }
                Class::Close => {
                    if self.in_object().is_some_and(|in_object| in_object != (byte == b'}')) {
                        return Err(Step::Broken(Reason::NotJson, at));
                    }
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Err(Step::End(at + 1));
                    }
                }
            }
            self.last = byte;
        }
        Err(Step::More)
    }

    /// Whether an object or array can begin here. Where it cannot, the value before lost its end.
    fn may_open(&self) -> bool {
        match (self.depth, self.in_object()) {
            (0, _) | (_, None) => true,
            (_, Some(true)) => self.last == b':',
            (_, Some(false)) => matches!(self.last, b'[' | b','),
        }
    }

    /// Whether the innermost level is an object; `None` where it is too deep to know, and too deep to be read anyway.
    fn in_object(&self) -> Option<bool> {
        let bit = 1_u128.checked_shl(self.depth.checked_sub(1)?)?;
        Some(self.objects & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Step) {
        assert_eq!(Scanner::default().step(text.as_bytes()), expected, "{text}");
        // One byte at a time must come to the same.
        let mut scanner = Scanner::default();
        for (at, byte) in text.bytes().enumerate() {
            match (scanner.step(&[byte]), expected) {
                (Step::More, _) => {}
                (Step::End(1), Step::End(end)) => return assert_eq!(at + 1, end, "{text}"),
                (Step::Broken(reason, 0), Step::Broken(expected, place)) => {
                    return assert_eq!((reason, at), (expected, place), "{text}");
                }
                (step, _) => panic!("{text}: {step:?} at {at}"),
            }
        }
        assert_eq!(expected, Step::More, "{text}");
    }

    #[test]
    fn a_value_ends_with_its_own_bracket() {
        check(r"{}", Step::End(2));
        check(r#"{"a":[1,{"b":"}]"}]} rest"#, Step::End(20));
        check(r#"["\"]","\\"] ["#, Step::End(12));
        check(r#""text" more"#, Step::End(6));
        check("{\n \"a\" : [ 1 , [ ] ] }\n", Step::End(22));
    }

    #[test]
    fn a_value_without_its_end_goes_on() {
        check(r#"{"a":1"#, Step::More);
        check(r#"{"a"#, Step::More);
        check(r#"{"a\"#, Step::More);
    }

    #[test]
    fn what_cannot_belong_to_a_value_breaks_it() {
        check("{\"a\":\"cut\n{}", Step::Broken(Reason::Truncated, 9));
        check("{\"a\":\"cut\\\n{}", Step::Broken(Reason::Truncated, 10));
        check("{\"a\":1\n{\"b\"", Step::Broken(Reason::Truncated, 7));
        check("{\"a\":1,\n{\"b\"", Step::Broken(Reason::Truncated, 8));
        check("{\"a\":[1,2\n{\"b\"", Step::Broken(Reason::Truncated, 10));
        check(r#"{"a":[1}"#, Step::Broken(Reason::NotJson, 7));
    }

    #[test]
    fn levels_beyond_what_can_be_read_are_only_counted() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        check(&deep, Step::End(10_000));
    }
}

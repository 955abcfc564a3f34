//! Reading fields the way platforms really write them: ids as text or number, flags as `true`, `"true"` or `"True"`,
//! times in any unit. Knows nothing of a platform.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::{Reason, Value};
use crate::event::{Text, Time};

/// Text or a whole number as text. Blank text, `null` and everything else is `None`. Numbers keep all digits up to 2^64.
#[must_use]
pub fn text<'a>(value: &'a Value<'a>) -> Option<Text<'a>> {
    match value {
        Value::Str(text) if !is_blank(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Some(Cow::Owned(number.to_string())),
            (None, Some(number)) => Some(Cow::Owned(number.to_string())),
            (None, None) => None,
        },
        _ => None,
    }
}

/// Whether a text has nothing but blanks. Nearly all texts show at their first byte that they are not.
fn is_blank(text: &str) -> bool {
    text.bytes().next().is_none_or(|first| !first.is_ascii_graphic()) && text.trim().is_empty()
}

/// As [`text`], but a missing field is a reason.
///
/// # Errors
/// The field is absent, blank or not text.
pub fn required<'a>(value: &'a Value<'a>, field: &'static str) -> Result<Text<'a>, Reason> {
    text(value).ok_or(Reason::MissingField(field))
}

/// A time in any of the forms of [`Time::parse`], as text or number.
///
/// # Errors
/// The field is absent, it holds no believable time, or one that names no zone while `zone` is not known.
pub fn time(value: &Value<'_>, field: &'static str, zone: Option<&TimeZone>) -> Result<Time, Reason> {
    match value {
        Value::Null => Err(Reason::MissingField(field)),
        Value::Str(text) => Time::parse(text, zone).ok_or_else(|| {
            let is_local = zone.is_none() && Time::parse(text, Some(&TimeZone::UTC)).is_some();
            if is_local { Reason::NoZone(field) } else { Reason::BadTime(field) }
        }),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Time::from_unix(number),
            None => Time::from_unix_f64(number.as_f64()),
        }
        .ok_or(Reason::BadTime(field)),
        _ => Err(Reason::BadTime(field)),
    }
}

/// A flag as `true`, `"true"`, `"True"`, `1` or `"1"`; absent and unreadable are `None`.
#[must_use]
pub fn flag(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_u64().map(|number| number != 0),
        Value::Str(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The elements of an array; nothing for anything else.
pub fn elements<'a>(value: &'a Value<'a>) -> impl Iterator<Item = &'a Value<'a>> {
    value.as_array().unwrap_or_default().iter()
}

/// Whether an object has the key, whatever its value.
#[must_use]
pub fn has(value: &Value<'_>, key: &str) -> bool {
    value.as_object().is_some_and(|object| object.get(key).is_some())
}

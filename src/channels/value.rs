//! A record in memory while it is read: JSON, or what is like it, as a tree of slices that borrow the log line and an
//! [`Arena`].
//!
//! It knows nothing of platforms and files. Nothing in the tree owns memory, so a record costs no allocation of its own and
//! nothing to drop.

use serde::{Serialize, Serializer};

pub mod form;
mod parse;
pub mod xml;

pub use parse::{Arena, parse};

/// A JSON value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text without its escapes.
    Str(&'a str),
    /// `[…]`.
    Array(&'a [Value<'a>]),
    /// `{…}`.
    Object(Object<'a>),
}

/// A JSON number. Whole numbers keep all digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Whole, from 0.
    Unsigned(u64),
    /// Whole, below 0.
    Negative(i64),
    /// Any other; finite.
    Float(f64),
}

/// The fields of a JSON object, in the order in which they were written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object<'a>(pub &'a [(&'a str, Value<'a>)]);

impl<'a> Value<'a> {
    /// The field of an object; `Null` if it is absent or this is no object.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &str) -> &'a Value<'a> {
        self.as_object().and_then(|object| object.get(key)).unwrap_or(&Value::Null)
    }

    /// Whether it is `null`, or the field that was asked for is absent.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&'a [Value<'a>]> {
        if let Self::Array(elements) = self { Some(elements) } else { None }
    }

    /// The fields of an object.
    #[inline]
    #[must_use]
    pub fn as_object(&self) -> Option<Object<'a>> {
        if let Self::Object(object) = self { Some(*object) } else { None }
    }

    /// Text.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self { Some(*flag) } else { None }
    }

    /// As JSON text with fields in the order of their names, so that equal values are equal text.
    #[must_use]
    pub fn sorted(&self) -> String {
        serde_json::to_value(self).unwrap_or_default().to_string()
    }

    /// A whole number from 0.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        if let Self::Number(number) = self { number.as_u64() } else { None }
    }

    /// A whole number.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Number(number) = self { number.as_i64() } else { None }
    }

    /// Any number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(number.as_f64()) } else { None }
    }
}

impl Number {
    /// As a whole number from 0.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        if let Self::Unsigned(number) = self { Some(number) } else { None }
    }

    /// As a whole number.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Unsigned(number) => i64::try_from(number).ok(),
            Self::Negative(number) => Some(number),
            Self::Float(_) => None,
        }
    }

    /// As the nearest floating-point number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest is what is asked for")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Negative(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        u64::try_from(number).map_or(Self::Negative(number), Self::Unsigned)
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsigned(number) => number.fmt(formatter),
            Self::Negative(number) => number.fmt(formatter),
            Self::Float(number) => number.fmt(formatter),
        }
    }
}

impl<'a> Object<'a> {
    /// The first field of this name.
    #[inline]
    #[must_use]
    pub fn get(self, key: &str) -> Option<&'a Value<'a>> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a Value<'a>)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Names.
    pub fn keys(self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// Whether it has no field.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(Number::Unsigned(number)) => serializer.serialize_u64(*number),
            Self::Number(Number::Negative(number)) => serializer.serialize_i64(*number),
            Self::Number(Number::Float(number)) => serializer.serialize_f64(*number),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(*elements),
            Self::Object(object) => serializer.collect_map(object.iter()),
        }
    }
}

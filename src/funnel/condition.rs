//! Conditions: which events fill a step. `column = value`, a list of values, `{ prefix = "…" }`, `{ not = … }`,
//! `{ known = true }`.
//!
//! Knows the columns of the events table; a condition is decided per distinct word, never per event.

use serde::{Deserialize, Deserializer};

use crate::error::nearest;
use crate::event::Kind;
use crate::store::schema::{TEXTS, WORDS};

/// Columns that conditions and breakdowns may name, besides the columns of words and texts.
const FLAGS: &[&str] = &["billable"];

/// What a column's value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// One of these.
    OneOf(Vec<String>),
    /// Begins so.
    Prefix(String),
    /// There is a value, or there is none.
    Known(bool),
    /// Not so. An unknown value is not one of any values, so it passes.
    Not(Box<Test>),
}

impl Test {
    /// Whether a value passes; `None` is unknown.
    #[must_use]
    pub fn passes(&self, value: Option<&str>) -> bool {
        match self {
            Self::OneOf(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            Self::Prefix(prefix) => value.is_some_and(|value| value.starts_with(prefix.as_str())),
            Self::Known(known) => value.is_some() == *known,
            Self::Not(test) => !test.passes(value),
        }
    }

    /// The values that the test speaks of.
    fn values(&self) -> &[String] {
        match self {
            Self::OneOf(values) => values,
            Self::Prefix(_) | Self::Known(_) => &[],
            Self::Not(test) => test.values(),
        }
    }
}

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "write \"value\", [\"one\", \"other\"], { prefix = \"…\" }, { not = … } or { known = true }"
        )]
        enum Form {
            One(Scalar),
            Several(Vec<Scalar>),
            Table(Table),
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "snake_case")]
        enum Table {
            Prefix(String),
            Not(Test),
            Known(bool),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::One(value) => Self::OneOf(vec![value.text()]),
            Form::Several(values) => Self::OneOf(values.into_iter().map(Scalar::text).collect()),
            Form::Table(Table::Prefix(prefix)) => Self::Prefix(prefix),
            Form::Table(Table::Not(test)) => Self::Not(Box::new(test)),
            Form::Table(Table::Known(known)) => Self::Known(known),
        })
    }
}

/// A value as TOML writes it. Columns hold words, so a number stands for its digits.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(i64),
    Flag(bool),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

/// A test of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Column of the events table.
    pub column: &'static str,
    /// What its value must be.
    pub test: Test,
}

impl Condition {
    /// A condition on the column of this name.
    ///
    /// # Errors
    /// There is no such column, or the test names a kind of event that does not exist; says what was probably meant.
    pub fn new(column: &str, test: Test) -> Result<Self, String> {
        let column = self::column(column)?;
        if matches!(&test, Test::OneOf(values) if values.is_empty()) {
            return Err(format!("an empty list of values for '{column}' fits no event"));
        }
        if column == "kind" {
            for value in test.values() {
                if Kind::from_name(value).is_none() {
                    return Err(unknown("kind of event", value, Kind::ALL.iter().map(|kind| kind.name())));
                }
            }
            if !Kind::ALL.iter().any(|kind| test.passes(Some(kind.name()))) {
                return Err("no kind of event fits this condition".into());
            }
        }
        Ok(Self { column, test })
    }

    /// Reads conditions as the command line writes them: `kind=message_sent,campaign=spring*,question!=email`. Values
    /// that are separated by `|` are alternatives, `*` at the end makes a prefix, `column=` means unknown.
    ///
    /// # Errors
    /// As [`Condition::new`], and where there is no `=`.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        text.split(',').map(Self::parse).collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (left, right) =
            text.split_once('=').ok_or_else(|| format!("'{text}' has no '='; write kind=message_sent"))?;
        let (column, negated) = match left.strip_suffix('!') {
            Some(column) => (column, true),
            None => (left, false),
        };
        let right = right.trim();
        if right.contains('*') && right.contains('|') {
            return Err(format!("'{text}' mixes alternatives and a prefix; write them in a file, or as two looks"));
        }
        let test = match right.strip_suffix('*') {
            _ if right.is_empty() => Test::Known(false),
            Some(prefix) => Test::Prefix(prefix.to_owned()),
            None => Test::OneOf(right.split('|').map(|value| value.trim().to_owned()).collect()),
        };
        Self::new(column.trim(), if negated { Test::Not(Box::new(test)) } else { test })
    }
}

/// The column of the events table that conditions and breakdowns may name.
///
/// # Errors
/// There is none; says which was probably meant.
pub fn column(name: &str) -> Result<&'static str, String> {
    columns().find(|column| *column == name).ok_or_else(|| unknown("column", name, columns()))
}

/// The columns of the events table that conditions and breakdowns may name.
pub(super) fn columns() -> impl Iterator<Item = &'static str> {
    WORDS.iter().chain(TEXTS).chain(FLAGS).copied()
}

/// Says that there is no such thing, what was probably meant, and what there is.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<String> = known.map(str::to_owned).collect();
    match nearest(name, &known) {
        Some(near) => format!("no {what} '{name}'; did you mean '{near}'?"),
        None => format!("no {what} '{name}'; there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_passes_not_and_nothing_else() {
        let one = Test::OneOf(vec!["a".into()]);
        assert!(!one.passes(None));
        assert!(!Test::Prefix(String::new()).passes(None));
        assert!(Test::Not(Box::new(one)).passes(None));
        assert!(Test::Known(false).passes(None));
    }

    #[test]
    fn conditions_of_the_command_line_know_alternatives_prefixes_and_negation() {
        let parsed =
            Condition::parse_all("kind=message_sent|message_opened, campaign=spring*,question!=email").unwrap();
        let tests: Vec<_> = parsed.into_iter().map(|condition| (condition.column, condition.test)).collect();
        let expected = [
            ("kind", Test::OneOf(vec!["message_sent".into(), "message_opened".into()])),
            ("campaign", Test::Prefix("spring".into())),
            ("question", Test::Not(Box::new(Test::OneOf(vec!["email".into()])))),
        ];
        assert_eq!(tests, expected);
    }

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        assert_eq!(
            Condition::parse_all("kind=message_snet").unwrap_err(),
            "no kind of event 'message_snet'; did you mean 'message_sent'?"
        );
        assert_eq!(Condition::parse_all("campain=x").unwrap_err(), "no column 'campain'; did you mean 'campaign'?");
        assert!(Condition::parse_all("message_sent").unwrap_err().contains("has no '='"));
    }
}

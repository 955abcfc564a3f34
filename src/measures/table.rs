//! What a measure answers with: tables of typed values. Nothing here is text yet except names: what a table says is
//! messages, which a report puts into the words of a language.

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::event::Time;
use crate::rate::{Bound, Distribution, Rate};

/// A table under a heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What the table is called in JSON: one word of `snake_case`, unique in its measure.
    pub id: &'static str,
    /// What its heading says, where that depends on more than the table's id.
    pub heading: Option<Message>,
    /// Heading in the words of a language; empty if the measure has this table alone.
    pub title: String,
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Rows in order; each has a value for every column.
    pub rows: Vec<Row>,
    /// What must be said beside the table.
    pub notes: Vec<Message>,
    /// The notes in the words of a language.
    pub note: String,
    /// True for the numbers of a chart that nobody would read: formats for programs have them, those for people do not.
    pub in_detail: bool,
}

/// What is to be said, in no language yet: a key of the report's words and what is filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Key of the message; `KEY.ATTRIBUTE` for an attribute.
    pub key: &'static str,
    /// What is filled in, by name. A count also chooses the plural.
    pub arguments: Vec<(&'static str, Value)>,
}

impl Message {
    /// The message with this key.
    #[must_use]
    pub fn of(key: &'static str) -> Self {
        Self { key, arguments: Vec::new() }
    }

    /// Several names one after the other, as one value.
    #[must_use]
    pub fn list(values: impl IntoIterator<Item = Value>) -> Value {
        Self::joined("list", values)
    }

    /// Several clauses one after the other, as one value.
    #[must_use]
    pub fn clauses(values: impl IntoIterator<Item = Value>) -> Value {
        Self::joined("clauses", values)
    }

    fn joined(key: &'static str, values: impl IntoIterator<Item = Value>) -> Value {
        let mut values = values.into_iter();
        let first = values.next().unwrap_or_default();
        values.fold(first, |list, next| Value::Message(Self::of(key).with("list", list).with("next", next)))
    }

    /// With a value filled in.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.arguments.push((name, value));
        self
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Its name in JSON and CSV.
    pub name: String,
    /// What its title says, where that depends on more than its name and the table's id.
    pub says: Option<Message>,
    /// Its title in the words of a language.
    pub title: String,
    /// Id of the metric whose definition explains it, if there is one.
    pub metric: Option<String>,
}

/// A row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// A value for each column.
    pub cells: Vec<Value>,
    /// The observations on which the row rests. Below the report's minimum it is shown pale.
    pub n: Option<u64>,
    /// True for what may still change.
    pub immature: bool,
}

/// A typed value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing could have happened, or the cell has no value.
    #[default]
    Unknown,
    /// The channels cannot tell.
    Unmeasurable,
    /// A name out of the log; `None` is unknown.
    Name(Option<String>),
    /// The id of a metric, shown as its name.
    Metric(String),
    /// The id of a metric, shown as its meaning.
    Meaning(String),
    /// The name of a column, shown as its title.
    Column(String),
    /// A word or a sentence of the program's own.
    Message(Message),
    /// Text in no language, and what messages and meanings are in the words of one.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// How many.
    Count(u64),
    /// A share of counts, shown with its Wilson interval.
    Rate {
        /// The counts.
        rate: Rate,
        /// What that says of the true value.
        bound: Bound,
    },
    /// An estimated share between 0 and 1, with its 95 % interval.
    Share {
        /// The estimate.
        value: f64,
        /// The interval, if there is one.
        interval: Option<(f64, f64)>,
    },
    /// A difference of shares, between -1 and 1, with its 95 % interval.
    Points {
        /// The difference.
        value: f64,
        /// The interval, if there is one.
        interval: Option<(f64, f64)>,
    },
    /// An estimated number that is no share, with its 95 % interval.
    Number {
        /// The estimate.
        value: f64,
        /// The interval, if there is one.
        interval: Option<(f64, f64)>,
    },
    /// A probability under a hypothesis: a p- or q-value.
    Probability(f64),
    /// A difference of shares in words.
    Verdict {
        /// The difference.
        value: f64,
        /// The interval, if there is one.
        interval: Option<(f64, f64)>,
        /// Its q-value.
        q: f64,
        /// Whether it is called one.
        differs: bool,
    },
    /// A length of time in whole seconds.
    Seconds(i64),
    /// A sum of money.
    Money {
        /// Millionths of the currency.
        micros: i64,
        /// ISO 4217.
        currency: String,
        /// Some prices are not known: the true sum is higher.
        lower_bound: bool,
    },
    /// What one of something costs: a sum of money and how many there were.
    UnitCost {
        /// Millionths of the currency, of all together.
        micros: i64,
        /// ISO 4217.
        currency: String,
        /// How many; of none, one has no cost.
        count: u64,
        /// Some prices are not known: the true cost is higher.
        lower_bound: bool,
    },
    /// When.
    Instant(Time),
}

impl Column {
    /// A column with this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// A column whose meaning is that of a metric.
    #[must_use]
    pub fn of(metric: &str) -> Self {
        Self { metric: Some(metric.to_owned()), ..Self::new(metric) }
    }

    /// The column with a title that depends on more than its name.
    #[must_use]
    pub fn saying(self, message: Message) -> Self {
        Self { says: Some(message), ..self }
    }
}

impl Row {
    /// A row that rests on so many observations.
    #[must_use]
    pub fn new(n: u64, cells: Vec<Value>) -> Self {
        Self { cells, n: Some(n), immature: false }
    }
}

impl Value {
    /// A word of the program's own, by its key.
    #[must_use]
    pub fn word(key: &'static str) -> Self {
        Self::Message(Message::of(key))
    }

    /// A name out of the log.
    #[must_use]
    pub fn name(name: Option<&str>) -> Self {
        Self::Name(name.map(str::to_owned))
    }

    /// A share of counts that every channel tells wholly.
    #[must_use]
    pub fn rate(numerator: u64, denominator: u64) -> Self {
        Self::Rate { rate: Rate { numerator, denominator }, bound: Bound::Exact }
    }

    /// Whether it is read as a number, and so stands to the right.
    #[must_use]
    pub fn is_number(&self) -> bool {
        !matches!(
            self,
            Self::Unknown
                | Self::Unmeasurable
                | Self::Name(_)
                | Self::Metric(_)
                | Self::Meaning(_)
                | Self::Column(_)
                | Self::Message(_)
                | Self::Text(_)
                | Self::Flag(_)
                | Self::Verdict { .. }
                | Self::Instant(_)
        )
    }

    /// The quantile of a distribution of seconds.
    #[must_use]
    pub fn quantile(distribution: &Distribution, q: f64) -> Self {
        distribution.quantile(q).map_or(Self::Unknown, Self::Seconds)
    }
}

impl Serialize for Table {
    /// Rows are objects, by the names of the columns.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Named<'_>> = self.rows.iter().map(|row| Named { columns: &self.columns, row }).collect();
        let mut table = serializer.serialize_struct("Table", 4)?;
        table.serialize_field("id", self.id)?;
        table.serialize_field("title", &self.title)?;
        table.serialize_field("rows", &rows)?;
        table.serialize_field("note", &self.note)?;
        table.end()
    }
}

/// A row with the names of its columns.
struct Named<'t> {
    columns: &'t [Column],
    row: &'t Row,
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (column, value) in self.columns.iter().zip(&self.row.cells) {
            map.serialize_entry(&column.name, value)?;
        }
        if self.row.immature {
            map.serialize_entry("immature", &true)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    /// Counts, lengths of time and names as they are; estimates as objects with their interval; what has no value as null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let estimate = |serializer: S, value: f64, interval: Option<(f64, f64)>| {
            let mut estimate = serializer.serialize_struct("Estimate", 3)?;
            estimate.serialize_field("value", &value)?;
            estimate.serialize_field("low", &interval.map(|(low, _)| low))?;
            estimate.serialize_field("high", &interval.map(|(_, high)| high))?;
            estimate.end()
        };
        match self {
            Self::Unknown | Self::Name(None) => serializer.serialize_none(),
            Self::Unmeasurable => serializer.serialize_str("n/a"),
            Self::Name(Some(text))
            | Self::Metric(text)
            | Self::Meaning(text)
            | Self::Column(text)
            | Self::Text(text) => serializer.serialize_str(text),
            Self::Message(message) => serializer.serialize_str(message.key),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Rate { rate, bound } => {
                let interval = rate.interval();
                let mut share = serializer.serialize_struct("Rate", 7)?;
                share.serialize_field("numerator", &rate.numerator)?;
                share.serialize_field("denominator", &rate.denominator)?;
                share.serialize_field("value", &rate.value())?;
                share.serialize_field("low", &interval.map(|(low, _)| low))?;
                share.serialize_field("high", &interval.map(|(_, high)| high))?;
                share.serialize_field("lower_bound", &(*bound == Bound::Least))?;
                share.serialize_field("upper_bound", &(*bound == Bound::Most))?;
                share.end()
            }
            Self::Share { value, interval } | Self::Points { value, interval } | Self::Number { value, interval } => {
                estimate(serializer, *value, *interval)
            }
            Self::Verdict { differs: false, .. } => serializer.serialize_str("no difference"),
            Self::Verdict { value, .. } => serializer.serialize_str(if *value > 0.0 { "higher" } else { "lower" }),
            Self::Probability(value) => serializer.serialize_f64(*value),
            Self::Seconds(seconds) => serializer.serialize_i64(*seconds),
            Self::Money { micros, currency, lower_bound } => {
                let mut money = serializer.serialize_struct("Money", 3)?;
                money.serialize_field("amount", &exact(*micros))?;
                money.serialize_field("currency", currency)?;
                money.serialize_field("lower_bound", lower_bound)?;
                money.end()
            }
            Self::UnitCost { micros, currency, count, lower_bound } => {
                let mut cost = serializer.serialize_struct("UnitCost", 5)?;
                cost.serialize_field("value", &each(*micros, *count).map(exact))?;
                cost.serialize_field("amount", &exact(*micros))?;
                cost.serialize_field("count", count)?;
                cost.serialize_field("currency", currency)?;
                cost.serialize_field("lower_bound", lower_bound)?;
                cost.end()
            }
            Self::Instant(time) => serializer.collect_str(time),
        }
    }
}

/// What one of so many costs, to the millionth, half of one rounded up. `None` of nothing.
#[must_use]
pub fn each(micros: i64, count: u64) -> Option<i64> {
    let (micros, count) = (i128::from(micros), i128::from(count));
    (count > 0).then(|| i64::try_from((2 * micros + count).div_euclid(2 * count)).unwrap_or(i64::MAX))
}

/// Millionths as decimal text, with two digits after the point and further ones where they are not zero: `12.30`, `0.0725`.
#[must_use]
pub fn exact(micros: i64) -> String {
    let (sign, size) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    let part = format!("{:06}", size % 1_000_000);
    let part = part.trim_end_matches('0');
    format!("{sign}{}.{part:0<2}", size / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_objects_and_what_is_missing_is_null() {
        let table = Table {
            id: "rows",
            columns: vec![Column::new("question"), Column::of("open_rate")],
            rows: vec![
                Row::new(4, vec![Value::name(Some("age")), Value::rate(1, 4)]),
                Row::new(0, vec![Value::name(None), Value::Unmeasurable]),
            ],
            ..Table::default()
        };
        let json = serde_json::to_value(&table).unwrap();
        assert_eq!(json["rows"][0]["question"], "age");
        assert_eq!(json["rows"][0]["open_rate"]["denominator"], 4);
        assert_eq!(json["rows"][1], serde_json::json!({ "question": null, "open_rate": "n/a" }));
    }

    #[test]
    fn money_is_text_with_every_digit_that_it_has() {
        let sums = [0, 70_000, 12_300_000, -1, 1_234_565_000].map(exact);
        assert_eq!(sums, ["0.00", "0.07", "12.30", "-0.000001", "1234.565"]);
        let cost = Value::UnitCost { micros: 1_000_000, currency: "EUR".into(), count: 3, lower_bound: true };
        let expected = r#"{"value":"0.333333","amount":"1.00","count":3,"currency":"EUR","lower_bound":true}"#;
        assert_eq!(serde_json::to_string(&cost).unwrap(), expected);
        assert_eq!([each(1, 2), each(5, 0), each(-1, 2)], [Some(1), None, Some(0)]);
    }
}

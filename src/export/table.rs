//! The list of tables that exports hold: what a row is, and what each column says. Schemas, DDL and the contract are read off it.
//!
//! Columns of fact tables are those of `facts::GRAINS` and stand nowhere a second time.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::{aggregates, dimensions};
use crate::error::{Error, Result};
use crate::facts::{self, Form, Grain};

/// Version of the list. It rises with every change that a reader of an export can see.
pub const VERSION: u32 = 1;

/// The column of tables that are cut by months, and the name of their folders.
pub const MONTH: &str = "month";

/// A table of an export.
#[derive(Debug)]
pub struct Table {
    /// Name in every target.
    pub name: &'static str,
    /// What one row stands for.
    pub grain: &'static str,
    /// What it is in the star.
    pub class: Class,
    /// Columns that together name a row, where null is a value like others; empty if none do.
    pub keys: &'static [&'static str],
    /// Columns in order. The last one of a table that is cut by months is [`MONTH`].
    pub columns: Vec<Column>,
    /// Whether it is cut by the month of its rows, so that months that did not change stay as they are.
    pub by_month: bool,
    /// Columns by which rows are sorted within a partition.
    pub sorted_by: &'static [&'static str],
}

/// What a table is in the star.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Rows that are counted.
    Fact,
    /// What rows are told apart by.
    Dimension,
    /// Counts.
    Aggregate,
    /// What the export itself is.
    Info,
}

impl Class {
    /// What it is called in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Dimension => "dimension",
            Self::Aggregate => "aggregate",
            Self::Info => "info",
        }
    }
}

/// A column of an export.
#[derive(Clone, Debug)]
pub struct Column {
    /// Name in every target.
    pub name: &'static str,
    /// Type of the values.
    pub kind: Kind,
    /// What a number is counted in; `None` where there is nothing to count in.
    pub unit: Option<&'static str>,
    /// What it says.
    pub meaning: &'static str,
    /// What null says; `None` if the column says nothing of null.
    pub null: Option<&'static str>,
    /// What it is for.
    pub role: Role,
    /// The dimension table whose key of the same name it is.
    pub refers_to: Option<&'static str>,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Microseconds UTC.
    Instant,
    /// A day of the report's zone.
    Day,
    /// Whole number.
    Number,
    /// Small whole number by which rows can be told apart.
    Count,
    /// A number with a fraction: an end of an interval.
    Real,
    /// True or false.
    Flag,
    /// Text that repeats.
    Word,
}

impl Kind {
    /// What it is called in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Day => "day",
            Self::Number => "number",
            Self::Count => "count",
            Self::Real => "real",
            Self::Flag => "flag",
            Self::Word => "word",
        }
    }

    /// The type of its values inside the program: words as codes.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Word => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            kind => kind.plain(),
        }
    }

    /// The type of its values in files: words as text, so that every reader sees text.
    #[must_use]
    pub fn plain(self) -> DataType {
        match self {
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Day => DataType::Date32,
            Self::Number | Self::Count => DataType::Int64,
            Self::Real => DataType::Float64,
            Self::Flag => DataType::Boolean,
            Self::Word => DataType::Utf8,
        }
    }
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Names the row, alone or with others.
    Key,
    /// Rows are told apart by it.
    Segment,
    /// It can be added up, or its distribution taken.
    Measure,
    /// When something was.
    Time,
    /// Whether something holds: rows are counted by it.
    Flag,
}

impl Role {
    /// What it is called in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Segment => "segment",
            Self::Measure => "measure",
            Self::Time => "time",
            Self::Flag => "flag",
        }
    }

    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Instant | Kind::Day => Self::Time,
            Kind::Number | Kind::Real => Self::Measure,
            Kind::Count | Kind::Word => Self::Segment,
            Kind::Flag => Self::Flag,
        }
    }
}

/// Columns that are the key of a dimension.
const REFERENCES: &[(&str, &str)] = &[
    ("account_key", "dim_account"),
    ("campaign", "dim_campaign"),
    ("channel", "dim_channel"),
    ("day", "dim_date"),
    ("flow_version_key", "dim_flow_version"),
    ("question_key", "dim_question"),
    ("segment_key", "dim_segment"),
];

impl Column {
    /// A column whose meaning ends with what null says, if it says so: `…; null: none`.
    pub(super) fn new(name: &'static str, kind: Kind, meaning: &'static str) -> Self {
        let (meaning, null) = match meaning.split_once("; null: ") {
            Some((meaning, null)) => (meaning, Some(null)),
            None => (meaning, None),
        };
        let refers_to = REFERENCES.iter().find(|(key, _)| *key == name).map(|(_, table)| *table);
        Self { name, kind, unit: unit(name, kind), meaning, null, role: Role::of(kind), refers_to }
    }

    /// The same with a unit that its name does not say.
    pub(super) fn unit(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// What it says, and what null says.
    #[must_use]
    pub fn description(&self) -> String {
        match self.null {
            Some(null) => format!("{}; null: {null}", self.meaning),
            None => self.meaning.to_owned(),
        }
    }

    /// What a database is told of it: the description, what it is counted in, and the dimension that it leads to.
    pub(super) fn comment(&self) -> String {
        let text = self.description();
        // What an instant is counted in is its type's matter there.
        let unit = self.unit.filter(|unit| *unit != "1" && self.kind != Kind::Instant);
        let unit = unit.map(|unit| format!("; unit: {unit}")).unwrap_or_default();
        let key = self.refers_to.filter(|dimension| !text.contains(dimension));
        let key = key.map(|dimension| format!("; key of {dimension}")).unwrap_or_default();
        format!("{text}{unit}{key}")
    }
}

/// Names end in their unit.
fn unit(name: &str, kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Instant => Some("microseconds UTC"),
        Kind::Number if name.ends_with("_s") => Some("seconds"),
        Kind::Number if name.starts_with("n_") || matches!(name, "numerator" | "denominator") => Some("1"),
        Kind::Number if name == "cost" => Some("millionths of currency"),
        _ => None,
    }
}

impl Table {
    /// A table in one piece.
    pub(super) fn small(
        class: Class,
        name: &'static str,
        grain: &'static str,
        keys: &'static [&'static str],
        columns: Vec<Column>,
    ) -> Self {
        let mut table = Self { name, grain, class, keys, columns, by_month: false, sorted_by: keys };
        table.mark_keys();
        table
    }

    /// The same, cut by the month of its days.
    pub(super) fn by_month(mut self) -> Self {
        self.columns.push(Column::new(MONTH, Kind::Word, "month of the day, as 2026-05; rows are kept by it"));
        self.by_month = true;
        self
    }

    fn of_facts(grain: &'static Grain) -> Self {
        let kind = |form| match form {
            Form::Instant => Kind::Instant,
            Form::Number => Kind::Number,
            Form::Count => Kind::Count,
            Form::Flag => Kind::Flag,
            Form::Word => Kind::Word,
        };
        let mut columns: Vec<Column> =
            grain.columns.iter().map(|spec| Column::new(spec.name, kind(spec.form), spec.meaning)).collect();
        columns.push(Column::new("day", Kind::Day, "day of the row in the report's time zone; the key of dim_date"));
        columns.extend(dimensions::keys(grain));
        for column in &mut columns {
            if column.name == "contact_key" {
                column.role = Role::Key;
            }
        }
        let mut table = Self::small(Class::Fact, grain.name, grain.one_row_per, keys(grain.name), columns).by_month();
        table.sorted_by = &["contact_key"];
        table
    }

    fn mark_keys(&mut self) {
        for column in &mut self.columns {
            if self.keys.contains(&column.name) {
                column.role = Role::Key;
            }
            column.refers_to = column.refers_to.filter(|table| *table != self.name);
        }
    }

    /// The fact table that its rows are.
    #[must_use]
    pub fn facts(&self) -> Option<&'static Grain> {
        if self.class == Class::Fact { facts::grain(self.name) } else { None }
    }

    /// The column with this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of a partition: all but the month, which its name says.
    #[must_use]
    pub fn stored(&self) -> &[Column] {
        match self.columns.split_last() {
            Some((_, others)) if self.by_month => others,
            _ => &self.columns,
        }
    }

    /// The schema of columns inside the program.
    #[must_use]
    pub fn schema(columns: &[Column]) -> SchemaRef {
        let field = |column: &Column| Field::new(column.name, column.kind.arrow(), true);
        Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
    }

    /// The schema of columns in files, with what they mean as metadata.
    #[must_use]
    pub fn plain_schema(&self, columns: &[Column]) -> SchemaRef {
        let field = |column: &Column| {
            let unit = column.unit.map(|unit| ("unit".to_owned(), unit.to_owned()));
            let comment = ("comment".to_owned(), column.description());
            Field::new(column.name, column.kind.plain(), true)
                .with_metadata(unit.into_iter().chain([comment]).collect())
        };
        let fields: Vec<Field> = columns.iter().map(field).collect();
        let metadata = [("comment".to_owned(), format!("one row per {}", self.grain))];
        Arc::new(Schema::new_with_metadata(fields, metadata.into()))
    }
}

/// The columns that name a row of a fact table. A contact can get two messages, or opt out twice, in one instant.
fn keys(facts: &str) -> &'static [&'static str] {
    match facts {
        "contacts" => &["contact_key"],
        "contact_months" => &["contact_key", "account_key", "began_at"],
        "conversations" => &["contact_key", "account_key", "started_at"],
        "visits" => &["contact_key", "account_key", "conversation_started_at", "position"],
        _ => &[],
    }
}

/// Every table that an export can hold: facts, dimensions, aggregates, and what the export itself is.
#[must_use]
pub fn all() -> &'static [Table] {
    static ALL: LazyLock<Vec<Table>> = LazyLock::new(|| {
        let facts = facts::GRAINS.iter().map(Table::of_facts);
        facts.chain(dimensions::tables()).chain(aggregates::tables()).chain([super::info::table()]).collect()
    });
    &ALL
}

/// The table with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Table> {
    all().iter().find(|table| table.name == name)
}

/// The tables with these names, each once and in the order of the list; all if there are no names.
///
/// # Errors
/// There is no such table.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Table>> {
    if let Some(name) = names.iter().find(|name| named(name).is_none()) {
        let known = all().iter().map(|table| table.name.to_owned()).collect();
        return Err(Error::Unknown { what: "table", name: name.clone(), known });
    }
    Ok(all().iter().filter(|table| names.is_empty() || names.iter().any(|name| name == table.name)).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_once_and_every_column_says_what_it_means() {
        let names: BTreeSet<&str> = all().iter().map(|table| table.name).collect();
        assert_eq!(names.len(), all().len());
        for table in all() {
            let columns: BTreeSet<&str> = table.columns.iter().map(|column| column.name).collect();
            assert_eq!(columns.len(), table.columns.len(), "{}", table.name);
            assert!(table.columns.iter().all(|column| !column.meaning.is_empty()), "{}", table.name);
            assert!(table.keys.iter().all(|key| columns.contains(key)), "{}", table.name);
            assert_eq!(table.by_month, columns.contains(MONTH) && table.columns.last().unwrap().name == MONTH);
            for (dimension, column) in table.columns.iter().filter_map(|column| Some((column.refers_to?, column.name)))
            {
                let dimension = named(dimension).unwrap();
                assert_eq!(dimension.keys, [column], "{}.{column}", table.name);
            }
        }
    }

    #[test]
    fn what_null_says_stands_apart_from_the_meaning() {
        let column = named("messages").unwrap().column("reply_s").unwrap();
        assert_eq!((column.unit, column.null), (Some("seconds"), Some("none")));
        assert!(!column.meaning.contains("null"));
    }
}

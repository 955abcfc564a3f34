//! `[[table]]`: which columns of an export hold what, so that its rows can be read as events.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::nearest;
use crate::event::Kind;

/// `[[table]]`: an export with several events a row, such as a campaign with one row per contact.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name; the channel too, if none is named.
    pub name: String,
    /// A row that has all of these columns is of this table. They must be filled in every row.
    pub when: Vec<String>,
    /// … and, in each of these columns, one of these values.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, Vec<String>>,
    /// Channel under which its events are filed.
    pub channel: Option<String>,
    /// What its columns say of every event of a row. `message_id` is that of the business's message which the row is about.
    #[serde(default)]
    pub columns: Columns,
    /// What happened, by the column that holds its time: the event exists where that cell is filled.
    #[serde(default)]
    pub events: BTreeMap<TableKind, TableEvents>,
    /// Columns that hold lists of events.
    #[serde(default)]
    pub list: Vec<TableList>,
    /// Columns that hold the answers of a scripted dialogue.
    pub questions: Option<TableQuestions>,
}

/// The fields of an event and the cells that hold them.
pub type Columns = BTreeMap<TableField, Cell>;

/// A field of an event that a table can fill; see the column of this name in the events table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are called what the columns of the events table are called")]
pub enum TableField {
    /// The contact, as the channel calls them.
    Contact,
    /// A token that stands for contact, message and campaign in the table under `clicks.tokens`.
    Token,
    /// What tells two events of a kind at one instant apart, such as the number of an order.
    EventId,
    Account,
    MessageId,
    ReplyTo,
    Campaign,
    Template,
    Category,
    Flow,
    FlowVersion,
    Question,
    Variant,
    Topic,
    Country,
    Language,
    MessageType,
    Agent,
    /// An option that was chosen, a state, a link: never free text.
    Answer,
    /// What a person wrote.
    Text,
    Tag,
    ErrorCode,
    Billable,
    Cost,
    Currency,
}

/// Where a field stands: `"column"`, `["one", "other"]` joined by a colon, or `{ value = "constant" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// In a column.
    Column(String),
    /// In several, all of which must be filled.
    Joined(Vec<String>),
    /// The same in every row.
    Value(String),
}

/// An event of a row: `"time column"`, or `{ at = "time column", … }`.
#[derive(Clone, Debug)]
pub struct TableEvent {
    /// Column with the time.
    pub at: String,
    /// Column that must be filled, and not with `no`, `false` or `0`.
    pub given: Option<String>,
    /// What the columns say of this event alone. `message_id` is its own.
    pub columns: Columns,
}

/// The events of one kind in a row: one, or several in a list.
#[derive(Clone, Debug)]
pub struct TableEvents(pub Vec<TableEvent>);

/// `[[table.list]]`: a column that holds a JSON list with an event per element.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableList {
    /// The column.
    pub column: String,
    /// What an element says happened.
    pub kind: TableKind,
    /// Key of the time in an element.
    pub at: String,
    /// What the keys of an element say of its event.
    #[serde(default)]
    pub columns: Columns,
}

/// `[table.questions]`: one column per question, one row per dialogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableQuestions {
    /// Column with the time of the dialogue. The single answers have none.
    pub at: String,
    /// Columns in the order in which the questions are asked.
    pub asked: Vec<String>,
    /// Those of them whose cells are options to choose from, not free text.
    #[serde(default)]
    pub choices: Vec<String>,
}

/// A kind of event that a row can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableKind(pub Kind);

impl TableKind {
    /// Watermarks and links between contacts say more than one row of a table can.
    pub const NEVER: [Kind; 3] = [Kind::IdentityLinked, Kind::DeliveredUpTo, Kind::OpenedUpTo];
}

impl<'de> Deserialize<'de> for TableKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = |kind: &&Kind| !Self::NEVER.contains(kind);
        if let Some(kind) = Kind::from_name(&name).filter(|kind| known(&kind)) {
            return Ok(Self(kind));
        }
        let names: Vec<String> = Kind::ALL.iter().filter(known).map(|kind| kind.name().to_owned()).collect();
        let meant = match nearest(&name, &names) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("there are {}", names.join(", ")),
        };
        Err(D::Error::custom(format!("a table tells no '{name}'; {meant}")))
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Constant {
            value: String,
        }

        impl<'de> Visitor<'de> for Form {
            type Value = Cell;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("\"column\", [\"one\", \"other\"] or { value = \"constant\" }")
            }

            fn visit_str<E: Error>(self, column: &str) -> Result<Cell, E> {
                Ok(Cell::Column(column.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, columns: A) -> Result<Cell, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(columns)).map(Cell::Joined)
            }

            fn visit_map<A: MapAccess<'de>>(self, constant: A) -> Result<Cell, A::Error> {
                Constant::deserialize(MapAccessDeserializer::new(constant)).map(|constant| Cell::Value(constant.value))
            }
        }

        deserializer.deserialize_any(Form)
    }
}

impl TableEvent {
    /// Of which nothing but the column with its time is said.
    fn at(column: &str) -> Self {
        Self { at: column.to_owned(), given: None, columns: Columns::new() }
    }
}

impl<'de> Deserialize<'de> for TableEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Full {
            at: String,
            #[serde(rename = "if")]
            given: Option<String>,
            #[serde(default)]
            columns: Columns,
        }

        impl<'de> Visitor<'de> for Form {
            type Value = TableEvent;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("\"time column\" or { at = \"time column\", if = \"column\", columns = { … } }")
            }

            fn visit_str<E: Error>(self, at: &str) -> Result<TableEvent, E> {
                Ok(TableEvent::at(at))
            }

            fn visit_map<A: MapAccess<'de>>(self, full: A) -> Result<TableEvent, A::Error> {
                let Full { at, given, columns } = Full::deserialize(MapAccessDeserializer::new(full))?;
                Ok(TableEvent { at, given, columns })
            }
        }

        deserializer.deserialize_any(Form)
    }
}

impl<'de> Deserialize<'de> for TableEvents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = TableEvents;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("\"time column\", { at = \"time column\", … } or a list of these")
            }

            fn visit_str<E: Error>(self, at: &str) -> Result<TableEvents, E> {
                Ok(TableEvents(vec![TableEvent::at(at)]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, events: A) -> Result<TableEvents, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(events)).map(TableEvents)
            }

            fn visit_map<A: MapAccess<'de>>(self, event: A) -> Result<TableEvents, A::Error> {
                let event = TableEvent::deserialize(MapAccessDeserializer::new(event))?;
                Ok(TableEvents(vec![event]))
            }
        }

        deserializer.deserialize_any(Form)
    }
}

impl Table {
    /// Whether every row of the other table is of this one too.
    pub(super) fn takes_all_of(&self, other: &Self) -> bool {
        let has = |column: &String| other.when.contains(column) || other.only.contains_key(column);
        self.when.iter().all(has)
            && self.only.iter().all(|(column, values)| {
                other.only.get(column).is_some_and(|narrower| narrower.iter().all(|value| values.contains(value)))
            })
    }

    /// What contradicts itself, in words.
    pub(super) fn contradiction(&self, has_tokens: bool) -> Option<String> {
        let name = &self.name;
        if self.when.is_empty() {
            return Some(format!("[[table]] '{name}' has no columns under 'when', so every row would be of it"));
        }
        let tells = |columns: &Columns, field| columns.contains_key(&field);
        if !tells(&self.columns, TableField::Contact) && !tells(&self.columns, TableField::Token) {
            return Some(format!("[[table]] '{name}' names no contact; write columns.contact or columns.token"));
        }
        if tells(&self.columns, TableField::Token) && !has_tokens {
            return Some(format!(
                "[[table]] '{name}' has tokens, but clicks.tokens names no table that says what they stand for"
            ));
        }
        if self.events.is_empty() && self.list.is_empty() && self.questions.is_none() {
            return Some(format!("[[table]] '{name}' tells no event; write [table.events]"));
        }
        let questions = self.questions.as_ref()?;
        let stray = questions.choices.iter().find(|choice| !questions.asked.contains(choice))?;
        Some(format!("[[table]] '{name}' has the choice '{stray}', but does not ask it"))
    }
}

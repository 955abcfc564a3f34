//! The table of columns of `STORE/events`: name, type, unit, what null means. Everything that reads or writes events
//! takes its names and types from here.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// Version of this table of columns. Version 2 brought the keys of messages.
pub const VERSION: u32 = 2;

/// How a column is kept in memory and in the data files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 64-bit whole number.
    Int64,
    /// 32-bit whole number.
    Int32,
    /// Microseconds UTC.
    Instant,
    /// Sixteen bytes.
    Id,
    /// Text that repeats: dictionary-encoded.
    Word,
    /// Text that seldom repeats.
    Text,
    /// True or false.
    Flag,
    /// Decimal number with six digits after the point.
    Decimal,
}

/// One column of the events table.
#[derive(Debug)]
pub struct Column {
    /// Name in the table, in `--by` and in SQL.
    pub name: &'static str,
    /// Type.
    pub form: Form,
    /// Whether null can occur.
    pub nullable: bool,
    /// Meaning, with the unit and what null says.
    pub meaning: &'static str,
}

impl Column {
    /// Whether scans read the column often: it is kept so that decoding costs little, the others so that they are small.
    #[must_use]
    pub fn is_hot(&self) -> bool {
        match self.form {
            Form::Text => false,
            _ => self.name != "line",
        }
    }
}

const fn column(name: &'static str, form: Form, nullable: bool, meaning: &'static str) -> Column {
    Column { name, form, nullable, meaning }
}

/// Columns of repeating text, in the order in which [`super::rows::Rows`] keeps them.
pub const WORDS: &[&str] = &[
    "kind",
    "time_basis",
    "channel",
    "account",
    "campaign",
    "template",
    "category",
    "flow",
    "flow_version",
    "question",
    "variant",
    "topic",
    "country",
    "language",
    "message_type",
    "agent",
    "error_code",
    "currency",
    "source",
];

/// Columns of text that seldom repeats, in the order in which [`super::rows::Rows`] keeps them.
pub const TEXTS: &[&str] = &["message_id", "reply_to", "contact_id", "answer"];

/// Every column of a data file, in file order.
pub const COLUMNS: &[Column] = &[
    column(
        "contact_key",
        Form::Int64,
        false,
        "first 8 bytes of the keyed hash of (channel, contact id); the shard and sort key. Of several ids of one contact, that which replaced the others",
    ),
    column(
        "at",
        Form::Instant,
        false,
        "when it happened by the platform's clock, UTC; time of receipt where time_basis says so",
    ),
    column("position", Form::Int32, false, "order inside one instant: rank of the kind, then order inside the record"),
    column(
        "event_id",
        Form::Id,
        false,
        "keyed hash of (channel, account, kind, the platform's own deduplication key, at): equal for a repeated delivery",
    ),
    column("kind", Form::Word, false, "what happened"),
    column(
        "time_basis",
        Form::Word,
        false,
        "'event': the platform's time; 'received': only the time of receipt is known",
    ),
    column("channel", Form::Word, false, "platform"),
    column(
        "account",
        Form::Word,
        true,
        "the business's endpoint: phone number id, page id, bot; null: the log does not say",
    ),
    column("campaign", Form::Word, true, "tag under which the message was sent; null: none or not known"),
    column("template", Form::Word, true, "template name; null: free-form or not known"),
    column("category", Form::Word, true, "price category of the platform; null: not reported"),
    column("flow", Form::Word, true, "scripted dialogue; null: none or not known"),
    column("flow_version", Form::Word, true, "edition of the flow; null: not known"),
    column("question", Form::Word, true, "question in the flow; null: none or not known"),
    column("variant", Form::Word, true, "experiment variant; null: none"),
    column("topic", Form::Word, true, "subscription topic or source of entry; null: none"),
    column("country", Form::Word, true, "ISO 3166-1 alpha-2; null: not known"),
    column("language", Form::Word, true, "language tag as the platform gives it; null: not known"),
    column("message_type", Form::Word, true, "the platform's message type: text, image, button …; null: not a message"),
    column("agent", Form::Word, true, "who acted for the business: bot, human or an id; null: not known"),
    column("error_code", Form::Word, true, "the platform's error code; null: no error"),
    column(
        "message_id",
        Form::Text,
        true,
        "id of the message the event is about, hashed unless ids are kept plain; null: not about a message",
    ),
    column("reply_to", Form::Text, true, "id of the message that this one answers; null: the platform does not say"),
    column(
        "message_key",
        Form::Int64,
        true,
        "first 8 bytes of the keyed hash of (channel, message id), so that equal ids are found without reading text; null: not about a message",
    ),
    column("reply_key", Form::Int64, true, "as message_key, for reply_to; null: the platform does not say"),
    column(
        "contact_id",
        Form::Text,
        false,
        "pseudonym of the contact, or the plain id if privacy.contact_ids says so; of several ids, that which replaced the others",
    ),
    column(
        "answer",
        Form::Text,
        true,
        "chosen option or payload, state of a payment, id of the rule that recognised permission or erasure in text; free text only if privacy.text says so; null: none kept",
    ),
    column("billable", Form::Flag, true, "whether the platform charges; null: not reported"),
    column("cost", Form::Decimal, true, "price in `currency`; null: not reported"),
    column("currency", Form::Word, true, "ISO 4217; null: no price"),
    column(
        "up_to",
        Form::Instant,
        true,
        "for watermark receipts: every message sent until then; null: not a watermark",
    ),
    column(
        "source",
        Form::Word,
        false,
        "name of the log the record stood in; of exported chats, whose files and folders are called after people, a keyed hash",
    ),
    column("line", Form::Int64, false, "line on which the record began, from 1"),
];

/// The partition column: the month of `at` in UTC, `2026-05`. It stands in the table's log, not in the data files.
pub const PARTITION: &str = "month";

/// The column with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

/// The schema of data files.
#[must_use]
pub fn arrow() -> SchemaRef {
    let fields: Vec<Field> =
        COLUMNS.iter().map(|column| Field::new(column.name, data_type(column.form), column.nullable)).collect();
    Arc::new(Schema::new(fields))
}

fn data_type(form: Form) -> DataType {
    match form {
        Form::Int64 => DataType::Int64,
        Form::Int32 => DataType::Int32,
        Form::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Form::Id => DataType::Binary,
        Form::Word => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Form::Text => DataType::Utf8,
        Form::Flag => DataType::Boolean,
        Form::Decimal => DataType::Decimal128(18, 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_texts_are_columns_of_their_form() {
        for (names, form) in [(WORDS, Form::Word), (TEXTS, Form::Text)] {
            let expected = COLUMNS.iter().filter(|column| column.form == form).count();
            assert_eq!(names.len(), expected);
            assert!(names.iter().all(|name| named(name).is_some_and(|column| column.form == form)));
        }
    }
}

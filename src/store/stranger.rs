//! A stranger: nobody in particular, under whom rows are filed whose person is forgotten while their counts stay.
//!
//! What reports count stays: kinds, instants, campaigns, questions, taps, prices. What leads back goes: ids are replaced by what a
//! key hashes that is written nowhere, words that somebody wrote and the place in the log are taken out. Knows columns, not people.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, DictionaryArray, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int32Type, Int64Type};

use super::key::{self, MESSAGE_DIGITS, Purpose, Secret, digits, message_key, of_first_half};
use super::schema;
use crate::error::{Error, Result};
use crate::event::Kind;

/// What stands in the column `source` of such rows.
const SOURCE: &str = "forgotten";

/// Where a row stands, and which event it is: contact, instant, position, event id.
pub(super) type Place = (i64, i64, i32, u128);

/// How ids are replaced.
#[derive(Clone)]
pub(super) struct Stranger {
    secret: Secret,
    /// New ids of events. Events of one instant and position keep their order, because numbers follow from it.
    events: BTreeMap<u128, u128>,
}

impl Stranger {
    /// For the rows that stand at these places. Messages have equal new ids under equal secrets.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn new(secret: &Secret, mut places: Vec<Place>) -> Result<Self> {
        places.sort_unstable();
        places.dedup();
        let mut events = BTreeMap::new();
        for tie in places.chunk_by(|left, right| (left.0, left.1, left.2) == (right.0, right.1, right.2)) {
            let mut ids = tie.iter().map(|_| key::random()).collect::<Result<Vec<u128>>>()?;
            ids.sort_unstable();
            events.extend(tie.iter().map(|place| place.3).zip(ids));
        }
        Ok(Self { secret: secret.clone(), events })
    }

    /// The rows as a stranger's. A wish to be erased is fulfilled, and goes.
    pub(super) fn of(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let kinds: Vec<Option<Kind>> = kinds(batch)?;
        let numbers = |name: &str| column(batch, name).map(AsArray::as_primitive::<Int64Type>);
        let (messages, replies) = (self.messages(numbers("message_key")?), self.messages(numbers("reply_key")?));
        let keys = |messages: &[Option<u128>]| -> ArrayRef {
            Arc::new(messages.iter().map(|message| message.map(message_key)).collect::<Int64Array>())
        };
        let ids = |messages: &[Option<u128>]| -> ArrayRef {
            let id = |message: &Option<u128>| message.map(|message| digits(message, MESSAGE_DIGITS));
            Arc::new(messages.iter().map(id).collect::<StringArray>())
        };
        let answers = column(batch, "answer")?.as_string::<i32>();
        let answer = |(kind, answer): (&Option<Kind>, Option<&str>)| {
            answer.filter(|_| kind.is_some_and(is_chosen)).map(str::to_owned)
        };
        let answers: StringArray = kinds.iter().zip(answers.iter()).map(answer).collect();
        let events = column(batch, "event_id")?.as_binary::<i32>();
        let new = |id: Option<&[u8]>| self.events.get(&event(id)).copied().unwrap_or_default().to_be_bytes();
        let events = BinaryArray::from_iter_values(events.iter().map(new));
        let n = batch.num_rows();
        let source: DictionaryArray<Int32Type> = std::iter::repeat_n(SOURCE, n).collect();
        let columns = schema::COLUMNS.iter().zip(batch.columns()).map(|(spec, old)| -> ArrayRef {
            match spec.name {
                "event_id" => Arc::new(events.clone()),
                "message_id" => ids(&messages),
                "reply_to" => ids(&replies),
                "message_key" => keys(&messages),
                "reply_key" => keys(&replies),
                "answer" => Arc::new(answers.clone()),
                "source" => Arc::new(source.clone()),
                "line" => Arc::new(Int64Array::from(vec![0; n])),
                _ => Arc::clone(old),
            }
        });
        let stripped = RecordBatch::try_new(batch.schema(), columns.collect())?;
        let stays: BooleanArray = kinds.iter().map(|kind| Some(*kind != Some(Kind::ErasureRequested))).collect();
        Ok(filter_record_batch(&stripped, &stays)?)
    }

    /// What stands for messages from now on, by what stood for them.
    fn messages(&self, keys: &Int64Array) -> Vec<Option<u128>> {
        keys.iter().map(|key| Some(self.secret.renewed(Purpose::Message, of_first_half(key?)))).collect()
    }
}

/// Whether what stands in `answer` is chosen or the program's own word. Whatever else may be there could be somebody's words.
pub(super) fn is_chosen(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ButtonClicked
            | Kind::OptedIn
            | Kind::OptedOutSoft
            | Kind::OptedOutHard
            | Kind::ErasureRequested
            | Kind::Payment
    )
}

/// The kinds of the rows.
pub(super) fn kinds(batch: &RecordBatch) -> Result<Vec<Option<Kind>>> {
    let kinds = column(batch, "kind")?.as_dictionary::<Int32Type>();
    let names: Vec<Option<Kind>> =
        kinds.values().as_string::<i32>().iter().map(|name| Kind::from_name(name?)).collect();
    let of = |code: Option<i32>| names.get(usize::try_from(code?).ok()?).copied().flatten();
    Ok(kinds.keys().iter().map(of).collect())
}

/// The id of an event as it stands in a row.
pub(super) fn event(id: Option<&[u8]>) -> u128 {
    id.and_then(|id| id.try_into().ok()).map_or(0, u128::from_be_bytes)
}

/// A column of the store's schema.
pub(super) fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b dyn Array> {
    let found = batch.column_by_name(name).map(AsRef::as_ref);
    found.ok_or_else(|| Error::Usage(format!("a data file has no column '{name}'")))
}

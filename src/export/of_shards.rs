//! Facts of shards that somebody else hands in, one table at a time: the rows of an export for engines that hold the events
//! themselves and write their own files.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use jiff::tz::TimeZone;

use super::columns;
use super::gather::{self, Days, Joined};
use super::table::Table;
use crate::error::Result;
use crate::facts::{Facts, Grain, Settings};
use crate::store::Shard;

/// A fact table, shard after shard.
pub struct OfShards<'s> {
    table: &'static Table,
    grain: &'static Grain,
    facts: Facts<'s>,
    days: Days,
    schema: SchemaRef,
}

impl<'s> OfShards<'s> {
    /// Will find the rows of this table, whose days begin in `zone`. `None` if it is no table of facts.
    #[must_use]
    pub fn new(table: &'static Table, settings: &'s Settings, zone: &TimeZone) -> Option<Self> {
        let facts = Facts::new(settings, &gather::wanted(&[table], false));
        let schema = table.plain_schema(table.stored());
        Some(Self { table, grain: table.facts()?, facts, days: Days::new(zone), schema })
    }

    /// The columns with which shards have to be read.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        self.facts.events()
    }

    /// The columns of the rows.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// The rows of a shard, by months, contacts and time.
    ///
    /// # Errors
    /// Columns do not fit together.
    pub fn rows(&mut self, shard: &Shard) -> Result<Vec<RecordBatch>> {
        let Self { table, grain, facts, days, schema } = self;
        facts.add(shard);
        let mut batches = Vec::new();
        if let Some(rows) = facts.table(grain.name).filter(|rows| rows.n_rows() > 0) {
            for (_, batch) in gather::pieces(table, grain, rows, &Joined::all(grain, rows), days)? {
                batches.push(columns::plain(&batch, schema)?);
            }
        }
        facts.clear();
        Ok(batches)
    }
}

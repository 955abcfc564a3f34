//! The state that a target is to have: partitions of tables, each with its hash, whose rows are read as a stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use rayon::prelude::*;

use super::columns;
use super::content::Content;
use super::info::Info;
use super::spill::Spill;
use super::table::{Class, Column, MONTH, Table};
use crate::error::Result;

/// How tools of the Hive family write a month that is not known.
const NO_MONTH: &str = "__HIVE_DEFAULT_PARTITION__";

/// What a partition is called: its table, and its month if the table is cut by months.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The table.
    pub table: String,
    /// The month; `None` for a table that is whole, and for rows whose instant is not known.
    pub month: Option<String>,
}

impl Name {
    /// The folder of the partition, as tools of the Hive family know it.
    #[must_use]
    pub fn folder(&self, table: &Table) -> String {
        match &self.month {
            _ if !table.by_month => self.table.clone(),
            Some(month) => format!("{}/{MONTH}={month}", self.table),
            None => format!("{}/{MONTH}={NO_MONTH}", self.table),
        }
    }
}

/// A partition: rows that are written together or not at all.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its table.
    pub table: &'static Table,
    /// What it is called.
    pub name: Name,
    /// Number of rows.
    pub n_rows: u64,
    /// Hash of its content.
    pub hash: String,
    /// The rows of a small table; `None` if they lie in temporary files.
    small: Option<RecordBatch>,
}

/// All that an export holds, in the order of the list of tables, then of months.
#[derive(Debug)]
pub struct State {
    /// What the export is.
    pub info: Info,
    /// The tables, also those without rows.
    pub tables: Vec<&'static Table>,
    partitions: Vec<Partition>,
    spill: Arc<Spill>,
}

/// The rows of tables that are made when all facts are found: by table, then by month.
pub(super) type Small = BTreeMap<&'static str, Vec<(Option<String>, RecordBatch)>>;

/// Hashes of partitions by their names.
pub type Held = BTreeMap<Name, String>;

/// A stream of rows, and the columns that its batches have. Words are codes, as [`super::table::Kind::arrow`] says.
pub struct Rows<'s> {
    /// The table.
    pub table: &'static Table,
    /// The columns, in order.
    pub columns: &'static [Column],
    /// The rows.
    pub batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send + 's>,
}

impl State {
    /// Puts together what was found, and hashes it.
    pub(super) fn new(tables: &[&'static Table], info: Info, spill: Spill, mut small: Small) -> Result<Self> {
        let mut partitions = Vec::new();
        for &table in tables {
            let name = |month| Name { table: table.name.to_owned(), month };
            let before = partitions.len();
            if table.class == Class::Fact {
                let found = spill.partitions(table.name);
                partitions.extend(found.map(|(month, n_rows)| (table, name(month), n_rows, None)));
            } else {
                let made = small.remove(table.name).into_iter().flatten();
                partitions.extend(made.map(|(month, rows)| (table, name(month), rows.num_rows() as u64, Some(rows))));
            }
            // A table without rows is there all the same.
            if partitions.len() == before {
                partitions.push((table, name(None), 0, Some(columns::batch(table, &[])?)));
            }
        }
        let mut state = Self { info, tables: tables.to_vec(), partitions: Vec::new(), spill: Arc::new(spill) };
        let hashed = partitions.into_par_iter().map(|(table, name, n_rows, small)| {
            let mut partition = Partition { table, name, n_rows, hash: String::new(), small };
            let mut content = Content::new(table.stored());
            for batch in state.batches(&partition) {
                content.add(&batch?);
            }
            partition.hash = content.finish();
            Ok(partition)
        });
        state.partitions = hashed.collect::<Result<_>>()?;
        Ok(state)
    }

    /// The same with these of its tables only.
    #[must_use]
    pub fn only(&self, tables: &[&'static Table]) -> Self {
        let is_of = |table: &Table| tables.iter().any(|known| known.name == table.name);
        Self {
            info: self.info.clone(),
            tables: self.tables.iter().copied().filter(|table| is_of(table)).collect(),
            partitions: self.partitions.iter().filter(|partition| is_of(partition.table)).cloned().collect(),
            spill: Arc::clone(&self.spill),
        }
    }

    /// The partitions.
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The names of all partitions with their hashes: what a target holds once it has this state.
    #[must_use]
    pub fn held(&self) -> Held {
        self.partitions.iter().map(|partition| (partition.name.clone(), partition.hash.clone())).collect()
    }

    fn batches<'s>(&'s self, partition: &'s Partition) -> Box<dyn Iterator<Item = Result<RecordBatch>> + Send + 's> {
        match &partition.small {
            Some(rows) => Box::new(std::iter::once(Ok(rows.clone()))),
            None => Box::new(self.spill.rows(partition.table.name, &partition.name.month)),
        }
    }

    /// The rows of a partition without the month, which its name says.
    #[must_use]
    pub fn stored<'s>(&'s self, partition: &'s Partition) -> Rows<'s> {
        let table = partition.table;
        Rows { table, columns: table.stored(), batches: self.batches(partition) }
    }

    /// The rows of a partition with all columns, for targets that know no partitions.
    #[must_use]
    pub fn whole<'s>(&'s self, partition: &'s Partition) -> Rows<'s> {
        let table = partition.table;
        let batches = self.batches(partition);
        if !table.by_month {
            return Rows { table, columns: &table.columns, batches };
        }
        let month = partition.name.month.as_deref();
        let with_month = move |batch: Result<RecordBatch>| {
            let batch = batch?;
            let code = if month.is_some() { 0 } else { -1 };
            let months = columns::words(vec![code; batch.num_rows()], month.into_iter().collect())?;
            let arrays = batch.columns().iter().cloned().chain([months]).collect();
            Ok(RecordBatch::try_new(Table::schema(&table.columns), arrays)?)
        };
        Rows { table, columns: &table.columns, batches: Box::new(batches.map(with_month)) }
    }

    /// The rows of a whole table, month after month.
    #[must_use]
    pub fn table<'s>(&'s self, table: &'static Table) -> Rows<'s> {
        let of_table = self.partitions.iter().filter(move |partition| partition.table.name == table.name);
        let batches = of_table.flat_map(|partition| self.whole(partition).batches);
        Rows { table, columns: &table.columns, batches: Box::new(batches) }
    }
}

//! `trichter facts`: the rows of a fact table, for whoever wants to see what stands behind a number or count it elsewhere.
//! Counts nothing.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Done, Reading};
use crate::error::{Error, Result};
use crate::facts::{self, Column, Facts, Form, Grain, NONE, Table, Wanted};
use crate::store::{self, Shard};

/// Print the rows of a fact table: what metrics count.
///
/// Every column that 'trichter explain TABLE' lists, in the order of contacts and times. Instants are ISO-8601 in UTC with
/// microseconds, flags are true or false, what is null is empty in CSV and null in JSON, which has one row a line. All rows
/// are held in memory before the first is printed: narrow a big store down with --since and --until.
///
/// Example: trichter facts visits --store /tmp/store --since 2026-05-01 > visits.csv
#[derive(clap::Args)]
pub(super) struct FactsCommand {
    /// contact_months, contacts, conversations, messages, opt_outs, permissions or visits.
    #[arg(value_name = "TABLE")]
    table: String,
    #[command(flatten)]
    reading: Reading,
    /// How rows are written.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Csv,
    Json,
}

/// The rows of one shard as text, and the first contact among them. Shards share no contact.
type Part = (i64, Vec<u8>);

impl FactsCommand {
    pub(super) fn run(&self) -> Result<Done> {
        let grain = facts::grain(&self.table).ok_or_else(|| Error::Unknown {
            what: "table",
            name: self.table.clone(),
            known: facts::GRAINS.iter().map(|grain| grain.name.to_owned()).collect(),
        })?;
        let opened = self.reading.open()?;
        let mut wanted = Wanted::default();
        grain.columns.iter().for_each(|column| wanted.add(grain, column.name));
        let begin = || (Facts::new(&opened.settings, &wanted), Vec::new());
        let columns = begin().0.events();
        let reading = store::Reading { columns: &columns, since: None, until: opened.settings.until };
        let each = |(facts, parts): &mut (Facts<'_>, Vec<Part>), shard: &Shard| {
            facts.add(shard);
            if let (Some(table), Some(&first)) = (facts.table(grain.name), shard.contact_key().first()) {
                parts.push((first, self.format.rows(grain, table)?));
            }
            facts.clear();
            Ok(())
        };
        let states = opened.snapshot.fold(&reading, begin, each)?;
        let mut parts: Vec<Part> = states.into_iter().flat_map(|(_, parts)| parts).collect();
        parts.sort_unstable_by_key(|(first, _)| *first);
        let mut out = std::io::stdout().lock();
        let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(Error::write(Path::new("standard output")));
        write(&self.format.header(grain)?)?;
        parts.iter().try_for_each(|(_, rows)| write(rows))?;
        out.flush().map_err(Error::write(Path::new("standard output")))?;
        Ok(Done::Well)
    }
}

impl Format {
    fn header(self, grain: &Grain) -> Result<Vec<u8>> {
        match self {
            Self::Csv => csv_of([grain.columns.iter().map(|column| column.name)]),
            Self::Json => Ok(Vec::new()),
        }
    }

    fn rows(self, grain: &Grain, table: &Table) -> Result<Vec<u8>> {
        let values = |row| grain.columns.iter().map(move |column| (column.name, value(table, column.name, row)));
        match self {
            Self::Csv => csv_of(order(grain, table).into_iter().map(|row| {
                values(row).map(|(_, value)| match value {
                    Value::Null => String::new(),
                    Value::String(text) => text,
                    value => value.to_string(),
                })
            })),
            Self::Json => {
                let mut text = Vec::new();
                for row in order(grain, table) {
                    let row: Map<String, Value> = values(row).map(|(name, value)| (name.to_owned(), value)).collect();
                    serde_json::to_writer(&mut text, &row).map_err(|error| Error::Usage(error.to_string()))?;
                    text.push(b'\n');
                }
                Ok(text)
            }
        }
    }
}

/// The rows by contact and time; those of one instant as they were found.
fn order(grain: &Grain, table: &Table) -> Vec<usize> {
    let numbers = |name, row| match table.column(name) {
        Some((_, Column::Numbers(numbers))) => numbers.get(row).copied(),
        _ => None,
    };
    let mut rows: Vec<usize> = (0..table.n_rows()).collect();
    rows.sort_by_key(|&row| (numbers("contact_key", row), numbers(grain.anchor, row)));
    rows
}

fn value(table: &Table, name: &str, row: usize) -> Value {
    match table.column(name) {
        Some((spec, Column::Numbers(numbers))) => match numbers.get(row).copied() {
            None | Some(NONE) => Value::Null,
            Some(number) if spec.form == Form::Instant => instant(number),
            Some(number) => number.into(),
        },
        Some((_, Column::Flags(flags))) => flags.get(row).copied().into(),
        Some((_, Column::Words(codes, words))) => codes.get(row).and_then(|&code| words.get(code)).into(),
        None => Value::Null,
    }
}

fn instant(at: i64) -> Value {
    Timestamp::from_microsecond(at).map_or(Value::Null, |at| format!("{at:.6}").into())
}

fn csv_of<R>(records: impl IntoIterator<Item = R>) -> Result<Vec<u8>>
where
    R: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record).map_err(|error| Error::Usage(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| Error::Usage(error.to_string()))
}

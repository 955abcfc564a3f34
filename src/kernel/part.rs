//! A part: what was counted of one partition, as one row of Arrow. Says whose counts they are, so that whoever adds them sees
//! partitions that are missing, there twice, or share a contact.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::{funnel, metrics};

/// Counts of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Hash of the context.
    pub context: String,
    /// First and last contact key.
    pub keys: (i64, i64),
    /// Rows that were read.
    pub n_rows: u64,
    /// Contacts.
    pub n_contacts: u64,
    /// What was counted, as JSON.
    pub(super) state: Vec<u8>,
}

/// What was counted, in the order of the context's asks and funnels.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    pub(super) metrics: metrics::State,
    pub(super) funnels: funnel::State,
}

/// Columns of numbers, in order.
const NUMBERS: [&str; 4] = ["first_key", "last_key", "n_rows", "n_contacts"];

fn schema() -> SchemaRef {
    let numbers = NUMBERS.map(|name| Field::new(name, DataType::Int64, true));
    let mut fields = vec![Field::new("context", DataType::Utf8, true)];
    fields.extend(numbers);
    fields.push(Field::new("state", DataType::Binary, true));
    Arc::new(Schema::new(fields))
}

/// Writes parts as an Arrow IPC stream.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(parts: &[Part], out: impl Write) -> Result<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut writer = StreamWriter::try_new(out, &schema())?;
    for part in parts {
        let [first, last] = [part.keys.0, part.keys.1];
        let numbers = [first, last, number(part.n_rows), number(part.n_contacts)];
        let mut columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(StringArray::from(vec![part.context.as_str()]))];
        columns.extend(numbers.map(|number| Arc::new(Int64Array::from(vec![number])) as arrow::array::ArrayRef));
        columns.push(Arc::new(BinaryArray::from_vec(vec![&part.state])));
        writer.write(&RecordBatch::try_new(schema(), columns)?)?;
    }
    Ok(writer.finish()?)
}

impl Part {
    /// The parts in a folder, in files of Parquet or of Arrow's stream format, also in folders below. Names that begin with a dot
    /// or an underscore are those of drafts.
    ///
    /// # Errors
    /// A file cannot be read, or holds something else.
    pub fn all(folder: &Path) -> Result<Vec<Self>> {
        let mut parts = Vec::new();
        for path in files(folder)? {
            let damaged = |error: arrow::error::ArrowError| Error::Read {
                path: path.clone(),
                source: std::io::Error::other(error.to_string()),
            };
            let file = File::open(&path).map_err(Error::read(&path))?;
            if path.extension().is_some_and(|extension| extension == "parquet") {
                let reader =
                    ParquetRecordBatchReaderBuilder::try_new(file).and_then(ParquetRecordBatchReaderBuilder::build);
                for batch in reader.map_err(|source| Error::DataFile { path: path.clone(), source })? {
                    Self::of(&batch.map_err(damaged)?, &path, &mut parts)?;
                }
            } else {
                for batch in StreamReader::try_new(file, None).map_err(damaged)? {
                    Self::of(&batch.map_err(damaged)?, &path, &mut parts)?;
                }
            }
        }
        Ok(parts)
    }

    fn of(batch: &RecordBatch, path: &Path, parts: &mut Vec<Self>) -> Result<()> {
        let foreign = || Error::Elsewhere {
            message: format!("'{}' holds no counts", path.display()),
            remedy: "name the folder that 'trichter spark submit --counts' wrote",
        };
        let numbers =
            NUMBERS.map(|name| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>()));
        let [Some(first), Some(last), Some(n_rows), Some(n_contacts)] = numbers else { return Err(foreign()) };
        let context = batch.column_by_name("context").and_then(|column| column.as_string_opt::<i32>());
        let state = batch.column_by_name("state").and_then(|column| column.as_binary_opt::<i32>());
        let (Some(context), Some(state)) = (context, state) else { return Err(foreign()) };
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        parts.extend((0..batch.num_rows()).map(|row| Self {
            context: context.value(row).to_owned(),
            keys: (first.value(row), last.value(row)),
            n_rows: count(n_rows.value(row)),
            n_contacts: count(n_contacts.value(row)),
            state: state.value(row).to_vec(),
        }));
        Ok(())
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::read(folder))? {
        let path = entry.map_err(Error::read(folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_counted = path.extension().is_some_and(|extension| extension == "parquet" || extension == "arrow");
        if name.starts_with(['.', '_']) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if is_counted {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Refuses parts that are not exactly the partitions of `n_rows` rows that were counted with one context.
///
/// # Errors
/// A part is of another context, missing or there twice, or a contact lies in two.
pub(super) fn check(parts: &mut [Part], context: &str, n_rows: u64) -> Result<()> {
    parts.sort_unstable_by_key(|part| part.keys);
    let refused = |message: String, remedy: &'static str| Err(Error::Elsewhere { message, remedy });
    if parts.iter().any(|part| part.context != context) {
        return refused("counts of different contexts lie in one folder".into(), "count again, into a new folder");
    }
    for pair in parts.windows(2) {
        let [before, after] = pair else { continue };
        if before == after {
            return refused(
                format!("the counts of contacts {} to {} are there twice", before.keys.0, before.keys.1),
                "leave out what was added by hand, or count again into a new folder",
            );
        }
        if before.keys.1 >= after.keys.0 {
            return refused(
                format!(
                    "two partitions share contacts: one goes from {} to {}, one from {} to {}",
                    before.keys.0, before.keys.1, after.keys.0, after.keys.1
                ),
                "distribute events by ranges of contact_key, so that each contact lies in one partition",
            );
        }
    }
    let counted: u64 = parts.iter().map(|part| part.n_rows).sum();
    if counted != n_rows {
        return refused(
            format!(
                "{counted} of {n_rows} events were counted: a partition is missing, or there are events of another version"
            ),
            "count again, into a new folder",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(keys: (i64, i64), n_rows: u64) -> Part {
        Part { context: "c".into(), keys, n_rows, n_contacts: 1, state: format!("{keys:?}").into_bytes() }
    }

    #[test]
    fn parts_are_read_back_as_they_were_written_and_drafts_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let parts = [part((-4, 1), 3), part((2, 2), 1)];
        std::fs::create_dir_all(folder.path().join("_temporary")).unwrap();
        for name in ["a.arrow", "_temporary/b.arrow", ".c.arrow"] {
            write(&parts, File::create(folder.path().join(name)).unwrap()).unwrap();
        }
        assert_eq!(Part::all(folder.path()).unwrap(), parts);
    }

    #[test]
    fn parts_that_are_not_one_whole_are_refused() {
        let check = |parts: &[Part], n_rows| check(&mut parts.to_vec(), "c", n_rows).map_err(|error| error.to_string());
        let [one, two] = [part((5, 9), 3), part((-4, 1), 2)];
        assert_eq!(check(&[one.clone(), two.clone()], 5), Ok(()));
        assert_eq!(check(&[], 0), Ok(()));
        for (parts, n_rows, said) in [
            (vec![one.clone()], 5, "3 of 5 events"),
            (vec![one.clone(), one.clone()], 6, "twice"),
            (vec![one.clone(), part((9, 12), 2)], 5, "share contacts"),
            (vec![one, Part { context: "d".into(), ..two }], 5, "different contexts"),
        ] {
            let message = check(&parts, n_rows).unwrap_err();
            assert!(message.contains(said), "{message}");
        }
    }
}

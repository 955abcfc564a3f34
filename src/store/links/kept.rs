//! Links on disk: what one commit learned about who is who, in a Parquet file that the commit names.
//!
//! Not in the commit itself, because whoever opens the store reads that, and where a platform tells two ids of everybody
//! there are as many links as contacts. They stand in the table's folder, so that they go where the table goes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Links;
use crate::error::{Error, Result};
use crate::store::place::Place;

/// Folder below the table's folder. Where a name begins with an underline, no tool that knows the table's format looks for
/// data, nor for what it may delete.
pub(in crate::store) const FOLDER: &str = "_links";

/// Whether a table may have links at all.
pub(in crate::store) fn exist(table: &Place) -> Result<bool> {
    table.join(FOLDER).is_folder()
}

/// Writes links to a new file of this name. They count once a commit names it.
pub(in crate::store) fn write(table: &Place, name: &str, links: &Links) -> Result<()> {
    let file = table.join(FOLDER).join(name);
    let ids = |id: fn((u128, u128)) -> u128| -> ArrayRef {
        let bytes = links.iter().map(|(former, current, ..)| id((former, current)).to_be_bytes());
        Arc::new(BinaryArray::from_iter_values(bytes))
    };
    let at = TimestampMicrosecondArray::from_iter_values(links.iter().map(|(.., at, _)| at)).with_timezone("UTC");
    let names: StringArray = links.iter().map(|(.., name)| name).collect();
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("former", ids(|(former, _)| former), false),
        ("current", ids(|(_, current)| current), false),
        ("at", Arc::new(at), false),
        ("current_in_plain", Arc::new(names), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    let refused = |source| Error::Write { path: file.path().to_path_buf(), source: std::io::Error::other(source) };
    let mut writer = ArrowWriter::try_new(file.writer()?, batch.schema(), None).map_err(refused)?;
    writer.write(&batch).map_err(refused)?;
    writer.into_inner().map_err(refused)?.finish().map(drop)
}

/// Takes back what no commit names. What cannot be removed means nothing all the same.
pub(in crate::store) fn discard(table: &Place, name: &str) {
    table.join(FOLDER).join(name).discard();
}

/// Adds the links of a file.
pub(in crate::store) fn read(table: &Place, name: &str, links: &mut Links) -> Result<()> {
    let file = table.join(FOLDER).join(name);
    let damaged = |source| Error::DataFile { path: file.path().to_path_buf(), source };
    let bytes = file.read()?.ok_or_else(|| damaged(std::io::Error::from(std::io::ErrorKind::NotFound).into()))?;
    let batches = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(damaged)?;
    for batch in batches {
        let batch = batch.map_err(|source| damaged(source.into()))?;
        let column = |name: &str| batch.column_by_name(name);
        let (Some(formers), Some(currents), Some(instants), Some(names)) = (
            column("former").and_then(|column| column.as_binary_opt::<i32>()),
            column("current").and_then(|column| column.as_binary_opt::<i32>()),
            column("at").and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>()),
            column("current_in_plain").and_then(|column| column.as_string_opt::<i32>()),
        ) else {
            return Err(damaged(parquet::errors::ParquetError::General("its columns are not those of links".into())));
        };
        for row in 0..batch.num_rows() {
            let id = |ids: &BinaryArray| ids.value(row).try_into().map_or(0, u128::from_be_bytes);
            let name = names.is_valid(row).then(|| names.value(row));
            links.add(id(formers), id(currents), instants.value(row), name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let table = Place::from(folder.path());
        assert!(!exist(&table).unwrap());
        let mut links = Links::default();
        links.add(1, u128::MAX, -5, None);
        links.add(u128::MAX, 2, 1_767_268_800_000_000, Some("größe"));
        write(&table, "a.links", &links).unwrap();
        let mut found = Links::default();
        read(&table, "a.links", &mut found).unwrap();
        assert_eq!(found, links);
        assert!(exist(&table).unwrap());
        assert!(read(&table, "b.links", &mut found).is_err());
    }
}

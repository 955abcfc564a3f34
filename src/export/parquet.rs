//! Parquet files: words as dictionaries, statistics of every column, rows sorted, what columns mean as metadata.

use std::io::Write;
use std::path::Path;

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::files::Encode;
use super::state::Rows;
use crate::error::{Error, Result};

/// Rows of a row group: what a thread holds in memory, and the unit in which readers skip.
const ROW_GROUP: usize = 128 * 1024;

pub(super) struct Parquet;

impl Encode for Parquet {
    fn format(&self) -> &'static str {
        "parquet"
    }

    fn extension(&self) -> &'static str {
        "parquet"
    }

    fn encode(&self, rows: Rows<'_>, out: &mut (dyn Write + Send)) -> Result<()> {
        let schema = rows.table.plain_schema(rows.columns);
        let mut writer = ArrowWriter::try_new(out, schema, Some(properties(&rows))).map_err(refused)?;
        for batch in rows.batches {
            writer.write(&batch?).map_err(refused)?;
        }
        writer.close().map_err(refused)?;
        Ok(())
    }
}

fn properties(rows: &Rows<'_>) -> WriterProperties {
    let place = |name: &&str| rows.columns.iter().position(|column| column.name == *name);
    let sorted = rows.table.sorted_by.iter().filter_map(place);
    let sorted = sorted.map(|place| SortingColumn {
        column_idx: i32::try_from(place).unwrap_or_default(),
        descending: false,
        nulls_first: true,
    });
    WriterProperties::builder()
        .set_created_by("trichter".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_sorting_columns(Some(sorted.collect()))
        .build()
}

fn refused(error: ParquetError) -> Error {
    let source = match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => *source,
            Err(source) => std::io::Error::other(source),
        },
        other => std::io::Error::other(other),
    };
    Error::write(Path::new("a Parquet file"))(source)
}

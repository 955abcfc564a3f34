//! Arrow IPC files, also known as Feather: columns as they lie in memory, which others read without decoding. Uncompressed, so that
//! they can be mapped.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::error::ArrowError;
use arrow_ipc::writer::FileWriter;

use super::files::Encode;
use super::state::Rows;
use crate::error::{Error, Result};

pub(super) struct Arrow;

impl Encode for Arrow {
    fn format(&self) -> &'static str {
        "arrow"
    }

    fn extension(&self) -> &'static str {
        "arrow"
    }

    fn encode(&self, rows: Rows<'_>, out: &mut (dyn Write + Send)) -> Result<()> {
        let schema = rows.table.plain_schema(rows.columns);
        let mut writer = FileWriter::try_new(out, &schema).map_err(refused)?;
        for batch in rows.batches {
            let batch = batch?;
            // Words are text here: a file of this kind holds one dictionary for each column, and pieces have one each.
            let plain = |(field, array): (&Arc<arrow::datatypes::Field>, &ArrayRef)| cast(array, field.data_type());
            let arrays =
                schema.fields().iter().zip(batch.columns()).map(plain).collect::<std::result::Result<_, _>>()?;
            writer.write(&RecordBatch::try_new(Arc::clone(&schema), arrays)?).map_err(refused)?;
        }
        writer.finish().map_err(refused)
    }
}

fn refused(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, source) => Error::write(Path::new("an Arrow file"))(source),
        other => Error::Columns(other),
    }
}

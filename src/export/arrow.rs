//! Arrow IPC files, also known as Feather: columns as they lie in memory, which others read without decoding. Uncompressed, so that
//! they can be mapped.

use std::io::Write;
use std::path::Path;

use arrow::error::ArrowError;
use arrow_ipc::writer::FileWriter;

use super::columns;
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
            // Words are text here: a file of this kind holds one dictionary for each column, and pieces have one each.
            writer.write(&columns::plain(&batch?, &schema)?).map_err(refused)?;
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

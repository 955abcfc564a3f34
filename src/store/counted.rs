//! Records that were counted and set aside: those that commits refused or ignored, as hashes in files that the commits name. So a record that is delivered again, in whatever log and night, is not counted again.
//!
//! Not in the commit itself, because whoever opens the store reads that.

use super::place::Place;
use crate::error::{Error, Result};

/// Folder below the table's folder, which no tool that knows the table's format looks into.
pub(super) const FOLDER: &str = "_records";

/// Writes hashes to a new file of this name. They count once a commit names it.
pub(super) fn write(table: &Place, name: &str, hashes: &[u64]) -> Result<()> {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    table.join(FOLDER).join(name).create(&bytes)
}

/// Takes back what no commit names. What cannot be removed means nothing all the same.
pub(super) fn discard(table: &Place, name: &str) {
    table.join(FOLDER).join(name).discard();
}

/// The hashes of a file.
pub(super) fn read(table: &Place, name: &str) -> Result<impl Iterator<Item = u64>> {
    let file = table.join(FOLDER).join(name);
    let bytes = file.read_whole()?;
    let (whole, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, "it was cut off");
        return Err(Error::Read { path: file.path().to_path_buf(), source });
    }
    let hashes: Vec<u64> = whole.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
    Ok(hashes.into_iter())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn hashes_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let table = Place::from(folder.path());
        write(&table, "a", &[1, u64::MAX]).unwrap();
        assert_eq!(read(&table, "a").unwrap().collect::<Vec<_>>(), [1, u64::MAX]);
        assert!(write(&table, "a", &[]).is_err());
        fs::write(folder.path().join(FOLDER).join("b"), [0; 9]).unwrap();
        assert!(read(&table, "b").is_err());
        discard(&table, "a");
        assert!(read(&table, "a").is_err());
    }
}

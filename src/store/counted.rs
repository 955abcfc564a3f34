//! Records that were counted and set aside: those that commits refused or ignored, as hashes in files that the commits name. So a record that is delivered again, in whatever log and night, is not counted again.
//!
//! Not in the commit itself, because whoever opens the store reads that.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// Folder below the table's folder, which no tool that knows the table's format looks into.
pub(super) const FOLDER: &str = "_records";

/// Writes hashes to a new file of this name. They count once a commit names it.
pub(super) fn write(table: &Path, name: &str, hashes: &[u64]) -> Result<()> {
    let folder = table.join(FOLDER);
    let path = folder.join(name);
    fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    let mut file = File::create_new(&path).map_err(Error::write(&path))?;
    // The log must not name a file whose bytes a power cut could still take away.
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(Error::write(&path))
}

/// Takes back what no commit names. What cannot be removed means nothing all the same.
pub(super) fn discard(table: &Path, name: &str) {
    fs::remove_file(table.join(FOLDER).join(name)).ok();
}

/// The hashes of a file.
pub(super) fn read(table: &Path, name: &str) -> Result<impl Iterator<Item = u64>> {
    let path = table.join(FOLDER).join(name);
    let bytes = fs::read(&path).map_err(Error::read(&path))?;
    let (whole, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, "it was cut off");
        return Err(Error::Read { path, source });
    }
    let hashes: Vec<u64> = whole.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
    Ok(hashes.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", &[1, u64::MAX]).unwrap();
        assert_eq!(read(folder.path(), "a").unwrap().collect::<Vec<_>>(), [1, u64::MAX]);
        assert!(write(folder.path(), "a", &[]).is_err());
        fs::write(folder.path().join(FOLDER).join("b"), [0; 9]).unwrap();
        assert!(read(folder.path(), "b").is_err());
        discard(folder.path(), "a");
        assert!(read(folder.path(), "a").is_err());
    }
}

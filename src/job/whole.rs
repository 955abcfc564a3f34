//! Files that are there whole or as they were before, whatever happens to the program or the power.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// Writes a file, and makes the folder that it goes into. A reader never sees half of it. The group may read it, as it may what
/// else the program writes; others on the host may not.
///
/// # Errors
/// It cannot be written; what was there before is still there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // The parent of a bare name is empty, and means where the program is run.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::write(folder))?;
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(Error::write(path))?;
    draft.write_all(bytes).map_err(Error::write(path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = fs::Permissions::from_mode(0o640);
        draft.as_file().set_permissions(readable).map_err(Error::write(path))?;
    }
    draft.as_file().sync_all().map_err(Error::write(path))?;
    draft.persist(path).map_err(|error| Error::Write { path: path.to_path_buf(), source: error.error })?;
    Ok(())
}

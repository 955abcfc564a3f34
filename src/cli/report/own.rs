//! Finds the folder of the user's own metrics and reads them.

use std::path::PathBuf;

use crate::cli::Reading;
use crate::config::Config;
use crate::error::Result;
use crate::measures;
use crate::metrics::Own;

/// The folder beside the configuration in use, unless that names another.
const FOLDER: &str = "queries";

/// The metrics that are to stand in the report; none if there is no folder of them.
pub(super) fn metrics(reading: &Reading, config: &Config) -> Result<Vec<Own>> {
    // A folder that is named has to be there.
    let folder = config.report.queries.clone().or_else(|| beside(reading).filter(|folder| folder.is_dir()));
    let taken: Vec<&str> = measures::every().map(|measure| measure.id).collect();
    folder.map_or_else(|| Ok(Vec::new()), |folder| Own::all(&folder, &taken))
}

fn beside(reading: &Reading) -> Option<PathBuf> {
    let of_config = reading.config.as_deref().and_then(|path| path.parent());
    of_config.or(reading.store.as_deref()).map(|folder| folder.join(FOLDER))
}

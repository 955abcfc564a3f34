//! The catalog of funnels: every TOML file in `queries/`. A funnel is one file; nothing else lists it.

use std::path::Path;

use super::definition::Funnel;
use crate::embedded;
use crate::error::{Error, Result};

/// Every funnel that the program brings, by name.
///
/// # Errors
/// A file in `queries/` is broken; a test holds that none is.
pub fn all() -> Result<Vec<Funnel>> {
    embedded::FUNNELS.iter().map(|(file, text)| Funnel::parse(text, &Path::new("queries").join(file))).collect()
}

/// The funnel with this name, or the one in the TOML file at this path.
///
/// # Errors
/// There is none, the file cannot be read, or its definition makes no sense.
pub fn find(name: &str) -> Result<Funnel> {
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml") {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        return Funnel::parse(&text, path);
    }
    let all = all()?;
    let known = all.iter().map(|funnel| funnel.name.clone()).collect();
    let found = all.into_iter().find(|funnel| funnel.name == name);
    found.ok_or(Error::Unknown { what: "funnel", name: name.to_owned(), known })
}

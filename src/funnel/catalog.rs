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

/// The file of the funnel with this name.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    embedded::FUNNELS.iter().find(|(file, _)| file.strip_suffix(".toml") == Some(name)).map(|(_, text)| *text)
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

/// The part of `queries/README.md` that is about funnels: every one in a table, and what the files mean.
///
/// # Errors
/// As [`all`].
pub fn readme() -> Result<String> {
    let mut text = String::from(
        "# Funnels\n\nOne funnel is one TOML file. `trichter funnel NAME --store DIR` counts it, and every report shows all of them.\n\n\
         | name | meaning | steps | each | window |\n|---|---|---|---|---|\n",
    );
    for funnel in all()? {
        let steps: Vec<&str> = funnel.steps.iter().map(|step| step.name.as_str()).collect();
        let link = format!("[`{name}`]({name}.toml)", name = funnel.name);
        let days = jiff::SignedDuration::from_micros(funnel.rules.window).as_hours() / 24;
        let cells = [link, funnel.meaning, steps.join(" → "), funnel.unit.name().to_owned(), format!("{days} d")];
        text.extend(["| ", &cells.join(" | "), " |\n"]);
    }
    text.extend(["\n", include_str!("semantics.md")]);
    Ok(text)
}

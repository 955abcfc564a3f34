//! Puts the files of a report into its folder: each whole, and none left over from a report before.

use std::fs;
use std::path::{Path, PathBuf};

use super::pictures;
use crate::cli::pdf::Printer;
use crate::cli::write_whole;
use crate::error::{Error, Result};
use crate::report::{self, Format, Kind, Pictures};

/// The format that a browser writes.
const PDF: &str = "pdf";
const PDF_FILE: &str = "report.pdf";
/// How the names of files end that manifests name.
const OWN: [&str; 3] = ["csv", "png", "svg"];

/// What is to be written.
pub(super) enum Form {
    /// By the library.
    Written(Format),
    /// By a browser.
    Printed(Printer),
    /// Each chart by itself.
    Drawn(Vec<Kind>),
}

impl Form {
    /// The format of a name. The browser is looked for at once: nobody wants to hear of its absence after the counting.
    pub(super) fn named(name: &str) -> Result<Self> {
        if name == PDF {
            return Printer::find().map(Self::Printed);
        }
        Format::from_name(name).map(Self::Written).ok_or_else(|| Error::Unknown {
            what: "format",
            name: name.to_owned(),
            known: Format::all()
                .map(|format| format.name().to_owned())
                .chain([PDF, super::TABLE].map(str::to_owned))
                .collect(),
        })
    }

    /// Writes the report into the folder. Returns the file, or the folder of its files.
    pub(super) fn write(&self, report: &report::Report, out: &Path) -> Result<PathBuf> {
        match self {
            Self::Written(format) => {
                put(&format.write(report)?, out)?;
                Ok(out.join(format.file_name()))
            }
            Self::Drawn(kinds) => {
                let charts = Pictures::of(report)?;
                let fonts =
                    if kinds.contains(&Kind::Png) { pictures::fonts(&charts) } else { report::Fonts::default() };
                put(&charts.write(kinds, &fonts)?, out)?;
                Ok(out.join(Pictures::folder()))
            }
            Self::Printed(printer) => {
                let page = Format::Html.write(report)?;
                let page = page.first().map(|file| file.bytes.as_slice()).unwrap_or_default();
                let path = out.join(PDF_FILE);
                write_whole(&path, &printer.print(page, out)?)?;
                Ok(path)
            }
        }
    }
}

/// Writes files that belong together; one that names the others comes last.
fn put(files: &[report::File], out: &Path) -> Result<()> {
    if let Some(last) = files.last() {
        clear(out, last, files)?;
    }
    for file in files {
        let path = out.join(&file.name);
        let folder = path.parent().unwrap_or(out);
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
        write_whole(&path, &file.bytes)?;
    }
    Ok(())
}

/// Removes the tables and pictures that the manifest of an earlier report names and that this one does not have: beside the others,
/// they would be taken for part of it. Other files in the folder are not touched.
fn clear(out: &Path, manifest: &report::File, files: &[report::File]) -> Result<()> {
    if !manifest.name.ends_with(report::MANIFEST) {
        return Ok(());
    }
    let path = out.join(&manifest.name);
    let Ok(text) = fs::read(&path) else { return Ok(()) };
    let earlier: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let resources = earlier.get("resources").and_then(serde_json::Value::as_array).into_iter().flatten();
    let names = resources.filter_map(|resource| resource.get("path")?.as_str());
    // A path that leads elsewhere is none of ours.
    let names = names.filter(|name| Path::new(name).extension().is_some_and(|end| OWN.iter().any(|own| end == *own)));
    let names = names.filter(|name| !name.contains(['/', '\\']));
    for old in names.map(|name| path.with_file_name(name)) {
        let is_written = files.iter().any(|file| out.join(&file.name) == old);
        if !is_written && old.is_file() {
            fs::remove_file(&old).map_err(Error::write(&old))?;
        }
    }
    Ok(())
}

//! The charts of a report as files of their own, for slides and documents, and a manifest that names each with its title and
//! what is to be seen in it.
//!
//! Looks for no fonts: whoever wants pixels hands them in.

use std::collections::BTreeSet;

use serde::Serialize;

use super::model::Report;
use super::{File, MANIFEST, draw, page};
use crate::charts::{self, Alone, Fonts};
use crate::error::{Error, Result};

/// The folder of the pictures.
const FOLDER: &str = "charts";
/// Pixels of a PNG to one of the chart.
const SCALE: u8 = 2;

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Pixels.
    Png,
    /// Lines and areas, as the page has them.
    Svg,
}

impl Kind {
    /// Every kind, by its name on the command line, which is the end of its files' names too.
    const ALL: [(Self, &'static str, &'static str); 2] =
        [(Self::Png, "png", "image/png"), (Self::Svg, "svg", "image/svg+xml")];

    /// The names of all kinds.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|(_, name, _)| *name)
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(kind, ..)| *kind)
    }
}

/// The charts of a report, in the order of its chapters.
#[derive(Debug)]
pub struct Pictures {
    title: String,
    charts: Vec<Alone>,
}

/// What stands in the folder.
#[derive(Serialize)]
struct Package<'p> {
    name: &'static str,
    title: &'p str,
    resources: Vec<Resource<'p>>,
}

/// A picture.
#[derive(Serialize)]
struct Resource<'p> {
    name: String,
    path: String,
    title: &'p str,
    description: &'p str,
    mediatype: &'static str,
}

impl Pictures {
    /// Draws the charts that the page shows.
    ///
    /// # Errors
    /// A chart could not be drawn.
    pub fn of(report: &Report) -> Result<Self> {
        let page = page::page(report).for_people();
        let mut charts = Vec::new();
        for section in &page.sections {
            for (index, part) in section.parts.iter().enumerate() {
                let drawn = draw::charts(report, section.id, index, part.id)?;
                charts.extend(drawn.iter().filter_map(|chart| charts::alone(chart)));
            }
        }
        Ok(Self { title: page.title, charts })
    }

    /// The characters that the own font lacks.
    #[must_use]
    pub fn lacks(&self) -> BTreeSet<char> {
        self.charts.iter().flat_map(|chart| Fonts::lacks(&chart.svg)).collect()
    }

    /// The folder, by its name in the folder of the report.
    #[must_use]
    pub fn folder() -> &'static str {
        FOLDER
    }

    /// The files of the pictures, and last the manifest.
    ///
    /// # Errors
    /// A chart could not be drawn.
    pub fn write(&self, kinds: &[Kind], fonts: &Fonts) -> Result<Vec<File>> {
        let mut files = Vec::new();
        let mut resources = Vec::new();
        for chart in &self.charts {
            let name = chart.id.strip_prefix("chart-").unwrap_or(&chart.id);
            for (kind, end, mediatype) in Kind::ALL.into_iter().filter(|(kind, ..)| kinds.contains(kind)) {
                let bytes = match kind {
                    Kind::Svg => chart.svg.clone().into_bytes(),
                    Kind::Png => charts::png(&chart.svg, SCALE, fonts)?,
                };
                let path = format!("{name}.{end}");
                files.push(File { name: format!("{FOLDER}/{path}"), bytes });
                let (title, description) = (chart.title.as_str(), chart.description.as_str());
                resources.push(Resource { name: format!("{name}-{end}"), path, title, description, mediatype });
            }
        }
        let package = Package { name: "trichter-charts", title: &self.title, resources };
        let mut text = serde_json::to_string_pretty(&package).map_err(|error| Error::Layout(error.to_string()))?;
        text.push('\n');
        files.push(File { name: format!("{FOLDER}/{MANIFEST}"), bytes: text.into_bytes() });
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn written(report: &Report, kinds: &[Kind]) -> Vec<File> {
        Pictures::of(report).unwrap().write(kinds, &Fonts::default()).unwrap()
    }

    #[test]
    fn every_chart_of_the_page_has_a_file_of_its_own_and_the_manifest_says_what_it_shows() {
        let report = fixture::ordinary();
        let files = written(&report, &[Kind::Svg]);
        let page = String::from_utf8(crate::report::Format::Html.write(&report).unwrap().remove(0).bytes).unwrap();
        let page = page.split("<template").next().unwrap();
        assert_eq!(files.len() - 1, page.matches("<svg class=\"chart\"").count());
        let mut names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert!(names.contains(&"charts/answer-times.svg"), "{names:?}");
        assert_eq!(names.last(), Some(&"charts/datapackage.json"));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        let manifest: serde_json::Value = serde_json::from_slice(&files.last().unwrap().bytes).unwrap();
        let resources = manifest["resources"].as_array().unwrap();
        assert_eq!(resources.len(), files.len() - 1);
        assert!(resources.iter().all(|one| one["title"] != "" && one["description"] != ""), "{resources:?}");
    }

    #[test]
    fn hostile_names_make_no_paths() {
        for file in written(&fixture::awkward(), &[Kind::Svg]) {
            let name = file.name.strip_prefix("charts/").unwrap();
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{name}");
        }
    }

    #[test]
    fn names_of_kinds_lead_back_to_them() {
        assert_eq!(Kind::names().filter_map(Kind::from_name).collect::<Vec<_>>(), [Kind::Png, Kind::Svg]);
        assert_eq!(Kind::from_name("gif"), None);
    }
}

//! Reports: asks the questions, puts the answers in place, and writes the result in several formats.
//!
//! Counts nothing, never reads a clock: the same context and answers give the same bytes.
//!
//! `model` is the report as plain values, `build` makes it, `page` and `sections` turn it into headings, sentences and
//! tables, `draw` into charts; what each of them does for funnels stands in a file of its own below it. A format is one
//! file with one function, and one line in `Format::ALL`.

mod build;
mod changes;
mod draw;
#[cfg(test)]
mod fixture;
mod html;
mod json;
mod markdown;
pub mod model;
mod page;
mod sections;
mod sorting;
mod summary;
pub mod text;
mod views;
mod words;

pub use build::{asks, build};
pub use model::{Balance, Context, Definition, FunnelStep, LeftOut, Report};
pub use text::Language;
pub use words::readme;

use crate::error::Result;

/// What a format's file offers.
type Write = fn(&Report) -> Result<String>;

/// A form in which a report is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One self-contained page.
    Html,
    /// Text for wikis and pull requests.
    Markdown,
    /// The model itself.
    Json,
}

impl Format {
    /// Every format: its name on the command line, its file, and what writes it.
    const ALL: &'static [(Self, &'static str, &'static str, Write)] = &[
        (Self::Html, "html", "index.html", html::write),
        (Self::Markdown, "md", "report.md", markdown::write),
        (Self::Json, "json", "report.json", json::write),
    ];

    /// All formats there are.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(format, ..)| *format)
    }

    /// The format of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, ..)| *known == name).map(|(format, ..)| *format)
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(format, ..)| *format == self).map_or("", |(_, name, ..)| name)
    }

    /// Its file in the folder of a report.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        Self::ALL.iter().find(|(format, ..)| *format == self).map_or("", |(_, _, file, _)| file)
    }

    /// Writes the report in this format.
    ///
    /// # Errors
    /// The page or a chart could not be laid out.
    pub fn write(self, report: &Report) -> Result<String> {
        match Self::ALL.iter().find(|(format, ..)| *format == self) {
            Some((.., write)) => write(report),
            None => Ok(String::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_formats() {
        for format in [Format::Html, Format::Markdown, Format::Json] {
            assert!(Format::all().any(|known| known == format));
            assert_eq!(Format::from_name(format.name()), Some(format));
            assert!(!format.file_name().is_empty());
        }
        assert_eq!(Format::from_name("pdf"), None);
    }

    #[test]
    fn every_format_writes_the_same_report_twice_alike() {
        for format in Format::all() {
            assert_eq!(format.write(&fixture::awkward()).unwrap(), format.write(&fixture::awkward()).unwrap());
        }
    }
}

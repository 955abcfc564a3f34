//! Reports: asks the questions, puts the answers in place, and writes the result in several formats.
//!
//! Counts nothing, never reads a clock: the same context and answers give the same bytes.
//!
//! `model` is the report as plain values, `build` makes it, `page` and `sections` turn it into headings, sentences and
//! tables, `draw` into charts; what each of them does for funnels stands in a file of its own below it. `tables` are those
//! tables with one plain value in each column. A format is one file with one function, and one line in `Format::write`;
//! `outline` is for whoever shows a report without writing it.

mod build;
mod changes;
mod csv;
mod draw;
#[cfg(test)]
mod fixture;
mod html;
mod json;
mod markdown;
pub mod model;
mod outline;
mod page;
mod pictures;
mod schema;
mod sections;
mod summary;
mod tables;
pub mod text;
mod views;
mod words;
mod xlsx;

pub use build::{asks, build};
pub use csv::{MANIFEST, disarmed};
pub use model::{Balance, Brand, Context, Definition, FunnelStep, LeftOut, Own, Report};
pub use outline::{Grid, Outline, outline};
pub use pictures::{Kind, Pictures};
pub use schema::schema;
pub use text::Language;
pub use words::readme;

pub use crate::charts::Fonts;
use crate::error::Result;

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path in the folder of the report, parted by `/`.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A form in which a report is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One self-contained page.
    Html,
    /// Text for wikis and pull requests.
    Markdown,
    /// The model itself.
    Json,
    /// A folder of tables, with a manifest.
    Csv,
    /// A workbook with a sheet for each table, and charts.
    Xlsx,
}

impl Format {
    /// Every format: its name on the command line, its file or folder.
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Html, "html", "index.html"),
        (Self::Markdown, "md", "report.md"),
        (Self::Json, "json", "report.json"),
        (Self::Csv, "csv", csv::FOLDER),
        (Self::Xlsx, "xlsx", "report.xlsx"),
    ];

    /// All formats there are.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(format, ..)| *format)
    }

    /// The format of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(format, ..)| *format)
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(format, ..)| *format == self).map_or("", |(_, name, _)| name)
    }

    /// Its file in the folder of a report, or the folder of its files.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        Self::ALL.iter().find(|(format, ..)| *format == self).map_or("", |(.., file)| file)
    }

    /// Writes the report in this format. A file that names others comes after them.
    ///
    /// # Errors
    /// The page, a chart or a sheet could not be laid out.
    pub fn write(self, report: &Report) -> Result<Vec<File>> {
        let one = |bytes: Vec<u8>| vec![File { name: self.file_name().to_owned(), bytes }];
        match self {
            Self::Html => html::write(report).map(String::into_bytes).map(one),
            Self::Markdown => markdown::write(report).map(String::into_bytes).map(one),
            Self::Json => json::write(report).map(String::into_bytes).map(one),
            Self::Csv => csv::write(report),
            Self::Xlsx => xlsx::write(report).map(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_formats() {
        for format in [Format::Html, Format::Markdown, Format::Json, Format::Csv, Format::Xlsx] {
            assert!(Format::all().any(|known| known == format));
            assert_eq!(Format::from_name(format.name()), Some(format));
            assert!(!format.file_name().is_empty());
        }
        assert_eq!(Format::from_name("odt"), None);
    }

    #[test]
    fn every_format_writes_the_same_report_twice_alike() {
        for format in Format::all() {
            assert_eq!(format.write(&fixture::awkward()).unwrap(), format.write(&fixture::awkward()).unwrap());
        }
    }
}

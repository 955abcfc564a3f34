//! Writes every table of the report as a CSV file, for databases, notebooks and spreadsheets; a manifest says what the
//! columns are.
//!
//! RFC 4180 in UTF-8. Text is quoted, numbers are not, and nothing at all is what is unknown; so a name that is empty, or
//! reads `n/a`, is told from no name. The manifest is a Data Package as Frictionless Data describes it
//! (<https://specs.frictionlessdata.io/data-package/>).

use serde::Serialize;

use super::model::Report;
use super::tables::{Datum, Flat, Part, Unit, tables};
use super::text::Language;
use super::{File, page};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::measures::table::exact;

/// Stands where the channels cannot tell, in every language, as in JSON.
const UNMEASURABLE: &str = "n/a";

/// The folder of the tables.
pub(super) const FOLDER: &str = "tables";
/// What the manifest of the tables is called: it comes last, and names the file of each.
pub const MANIFEST: &str = "datapackage.json";

/// Writes the tables, then the page about them, then the manifest.
pub(super) fn write(report: &Report) -> Result<Vec<File>> {
    let page = page::page(report);
    let tables = tables(report, &page);
    let file = |name: &str, text: String| File { name: format!("{FOLDER}/{name}"), bytes: text.into_bytes() };
    let mut files: Vec<File> =
        tables.iter().map(|table| file(&format!("{}.csv", table.id), self::table(table))).collect();
    files.push(file("README.md", readme(&page, &tables, report.context.language)));
    let package = Package {
        profile: "tabular-data-package",
        name: "trichter-report",
        title: &page.title,
        resources: tables.iter().map(Resource::of).collect(),
    };
    let mut text = serde_json::to_string_pretty(&package).map_err(|error| Error::Layout(error.to_string()))?;
    text.push('\n');
    files.push(file(MANIFEST, text));
    Ok(files)
}

fn table(table: &Flat) -> String {
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    };
    line(&mut table.fields.iter().map(|field| field.id.clone()));
    for row in &table.rows {
        line(&mut row.iter().map(cell));
    }
    text
}

fn cell(datum: &Datum) -> String {
    match datum {
        Datum::Unknown | Datum::Name(None, _) => String::new(),
        Datum::Unmeasurable => UNMEASURABLE.to_owned(),
        Datum::Name(Some(text), _) | Datum::Text(text) => format!("\"{}\"", disarmed(text).replace('"', "\"\"")),
        Datum::Flag(flag) => flag.to_string(),
        Datum::Count(n) => n.to_string(),
        Datum::Share(number) | Datum::Number(number) => number.to_string(),
        Datum::Seconds(seconds) => seconds.to_string(),
        Datum::Money(micros) => exact(*micros),
        Datum::Day(day) => day.to_string(),
        Datum::Instant(Time(micros)) => {
            jiff::Timestamp::from_microsecond(*micros).map_or_else(|_| String::new(), |instant| instant.to_string())
        }
    }
}

/// The text with an apostrophe before whatever a spreadsheet could take for the beginning of a formula: at its own
/// beginning, and where a spreadsheet that splits at other marks than commas would begin a cell. Numbers never come here,
/// so that those below zero stay numbers. After OWASP's page on CSV injection.
#[must_use]
pub fn disarmed(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for c in text.chars() {
        if begins && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r' | '\n') {
            safe.push('\'');
        }
        // A spreadsheet may take blanks away before it looks.
        begins = matches!(c, ',' | ';' | '|' | '"' | '\'') || c.is_control() || (begins && c.is_whitespace());
        // A zero byte ends the file for some readers.
        safe.push(if c == '\0' { '\u{fffd}' } else { c });
    }
    safe
}

/// What the folder holds, for people.
fn readme(page: &page::Page, tables: &[Flat], language: Language) -> String {
    let rules = [
        "files.text",
        "files.unmeasurable",
        "files.shares",
        "files.bounds",
        "files.seconds",
        "files.immature",
        "files.formulas",
    ];
    let mut lines =
        vec![format!("# {}", language.say("files")), String::new(), language.say("files.lead"), String::new()];
    lines.extend(rules.map(|rule| format!("- {}", language.say(rule))));
    let heads = ["files-name", "column-title", "sheet-rows", "files-columns"].map(|head| language.say(head));
    lines.extend([String::new(), format!("| {} |", heads.join(" | ")), "|---|---|--:|--:|".to_owned()]);
    let row = |table: &Flat| {
        let title = table.title.replace('|', "\\|");
        format!("| {}.csv | {title} | {} | {} |", table.id, table.rows.len(), table.fields.len())
    };
    lines.extend(tables.iter().map(row));
    lines.extend([String::new(), page.program.clone(), String::new()]);
    lines.join("\n")
}

/// The manifest.
#[derive(Serialize)]
struct Package<'p> {
    profile: &'static str,
    name: &'static str,
    title: &'p str,
    resources: Vec<Resource<'p>>,
}

/// A file of the manifest.
#[derive(Serialize)]
struct Resource<'p> {
    name: &'p str,
    path: String,
    title: &'p str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'p str,
    profile: &'static str,
    format: &'static str,
    mediatype: &'static str,
    encoding: &'static str,
    dialect: Dialect,
    schema: Schema<'p>,
}

/// How the lines are to be read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dialect {
    delimiter: &'static str,
    line_terminator: &'static str,
    double_quote: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Schema<'p> {
    fields: Vec<Described<'p>>,
    missing_values: [&'static str; 2],
}

/// A column of the manifest.
#[derive(Serialize)]
struct Described<'p> {
    name: &'p str,
    title: &'p str,
    #[serde(rename = "type")]
    kind: &'static str,
    unit: &'static str,
}

impl<'p> Resource<'p> {
    fn of(table: &'p Flat) -> Self {
        let described = |field: &'p super::tables::Field| {
            let (kind, unit) = described(field.unit, field.part);
            Described { name: &field.id, title: &field.title, kind, unit }
        };
        Self {
            name: &table.id,
            path: format!("{}.csv", table.id),
            title: &table.title,
            description: &table.note,
            profile: "tabular-data-resource",
            format: "csv",
            mediatype: "text/csv",
            encoding: "utf-8",
            dialect: Dialect { delimiter: ",", line_terminator: "\r\n", double_quote: true },
            schema: Schema { fields: table.fields.iter().map(described).collect(), missing_values: ["", UNMEASURABLE] },
        }
    }
}

/// The type and the unit of a column, in the words of the manifest.
const fn described(unit: Unit, part: Part) -> (&'static str, &'static str) {
    match (unit, part) {
        (Unit::Text, Part::Currency) => ("string", "ISO 4217"),
        (Unit::Text, _) => ("string", "text"),
        (Unit::Flag, _) => ("boolean", "true or false"),
        (Unit::Count, _) => ("integer", "count"),
        (Unit::Share, _) => ("number", "share: 1 is all"),
        (Unit::Number, _) => ("number", "number"),
        (Unit::Seconds, _) => ("integer", "seconds"),
        (Unit::Money, _) => ("number", "the currency beside it"),
        (Unit::Day, _) => ("date", "day in the report's time zone"),
        (Unit::Instant, _) => ("datetime", "instant in UTC"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::{Format, fixture};

    /// The files by their names.
    fn files(report: &Report) -> BTreeMap<String, String> {
        let files = Format::Csv.write(report).unwrap();
        files.into_iter().map(|file| (file.name, String::from_utf8(file.bytes).unwrap())).collect()
    }

    #[test]
    fn what_could_be_a_formula_is_disarmed_wherever_a_cell_could_begin() {
        for (text, expected) in [
            ("=1", "'=1"),
            ("+49 151", "'+49 151"),
            ("-2", "'-2"),
            ("@a", "'@a"),
            ("\ta", "'\ta"),
            ("\ra", "'\ra"),
            (" =1", " '=1"),
            ("＝1", "'＝1"),
            ("a;=1", "a;'=1"),
            ("a, -1", "a, '-1"),
            ("a\n=1", "a\n'=1"),
            ("a\"=1", "a\"'=1"),
            ("a=1", "a=1"),
            ("win-back", "win-back"),
            ("2026-05-01", "2026-05-01"),
            ("", ""),
        ] {
            assert_eq!(disarmed(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_is_quoted_numbers_are_not_and_what_is_unknown_is_nothing() {
        let name = |name: &str| Datum::Name(Some(name.to_owned()), String::new());
        for (datum, expected) in [
            (name("a \"b\", c"), "\"a \"\"b\"\", c\""),
            (name(""), "\"\""),
            (name("n/a"), "\"n/a\""),
            (Datum::Name(None, "(unknown)".into()), ""),
            (Datum::Unknown, ""),
            (Datum::Unmeasurable, "n/a"),
            (Datum::Share(-0.25), "-0.25"),
            (Datum::Seconds(-3), "-3"),
            (Datum::Money(-1_500_000), "-1.50"),
            (Datum::Flag(true), "true"),
            (Datum::Instant(Time(1_777_586_400_000_000)), "2026-04-30T22:00:00Z"),
        ] {
            assert_eq!(cell(&datum), expected, "{datum:?}");
        }
    }

    #[test]
    fn every_table_reads_back_as_the_manifest_says() {
        for report in [fixture::awkward(), fixture::hostile(), fixture::small()] {
            let files = files(&report);
            let package: serde_json::Value = serde_json::from_str(&files["tables/datapackage.json"]).unwrap();
            let resources = package["resources"].as_array().unwrap();
            assert_eq!(resources.len() + 2, files.len());
            for resource in resources {
                let name = resource["path"].as_str().unwrap();
                let text = &files[&format!("tables/{name}")];
                assert!(text.ends_with("\r\n") && !text.contains('\0'), "{name}");
                let fields = resource["schema"]["fields"].as_array().unwrap();
                let mut reader = csv::Reader::from_reader(text.as_bytes());
                let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
                assert!(
                    header.iter().map(String::as_str).eq(fields.iter().map(|field| field["name"].as_str().unwrap()))
                );
                for record in reader.records() {
                    for (value, field) in record.unwrap().iter().zip(fields) {
                        let kind = field["type"].as_str().unwrap();
                        let is_it = match kind {
                            _ if value.is_empty() || value == "n/a" => true,
                            "integer" => value.parse::<i64>().is_ok(),
                            "number" => value.parse::<f64>().is_ok(),
                            "boolean" => value.parse::<bool>().is_ok(),
                            "date" => value.parse::<jiff::civil::Date>().is_ok(),
                            "datetime" => value.parse::<jiff::Timestamp>().is_ok(),
                            _ => !value.starts_with(['=', '+', '-', '@', '\t', '\r']),
                        };
                        assert!(is_it, "{name}: {value:?} is no {kind}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_report() {
        let report = fixture::awkward();
        let files = files(&report);
        let mut reader = csv::Reader::from_reader(files["tables/campaigns.csv"].as_bytes());
        let header = reader.headers().unwrap().clone();
        let place = |name: &str| header.iter().position(|other| other == name).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
        assert_eq!(rows.len(), report.campaigns.rows.len());
        for (row, read) in report.campaigns.rows.iter().zip(&rows) {
            assert_eq!(&read[0], row.segment[0].as_deref().unwrap_or_default());
            let figure = &row.figures["open_rate"];
            assert_eq!(read[place("open_rate_numerator")].parse::<u64>(), Ok(figure.numerator));
            assert_eq!(read[place("open_rate_value")].parse::<f64>().ok(), figure.value);
            assert_eq!(read[place("open_rate_high")].parse::<f64>().ok(), figure.high);
        }
    }

    #[test]
    fn the_page_about_the_tables_is_in_the_language_of_the_report() {
        let report = |language| {
            let ordinary = fixture::ordinary();
            Report { context: crate::report::Context { language, ..ordinary.context }, ..ordinary }
        };
        let readme = |language| files(&report(language)).remove("tables/README.md").unwrap();
        let (english, german) = (readme(Language::En), readme(Language::De));
        assert!(
            english.starts_with("# Tables of a report\n") && english.contains("\n| File | Title | Rows | Columns |\n")
        );
        assert!(german.starts_with("# Tabellen eines Berichts\n") && german.contains("95-%-Intervall"), "{german}");
        // The names of files and columns are the same in both.
        for name in ["| headlines.csv |", "`_lower_bound`", "`n/a`", "`immature`"] {
            assert!(english.contains(name) && german.contains(name), "{name}");
        }
    }
}

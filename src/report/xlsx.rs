//! Writes the report as a workbook: an overview, the charts, one sheet for each table, the definitions.
//!
//! Numbers are numbers, shown in the forms of whoever opens the book; text is text and never a formula, whatever it begins
//! with. Nothing of the machine or the clock is in it. What is too long for a sheet is cut, and the overview says so.

mod charts;
mod sheet;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Url, Workbook, Worksheet, XlsxError};

use self::sheet::{Placed, Styles};
use super::model::Report;
use super::page::{self, Page};
use super::tables::{Flat, tables};
use super::text::Language;
use crate::error::{Error, Result};

/// The last column of the overview.
const LAST: u16 = 8;

/// Writes the workbook.
pub(super) fn write(report: &Report) -> Result<Vec<u8>> {
    let page = page::page(report);
    let tables = tables(report, &page);
    book(report, &page, &tables).map_err(|error| Error::Layout(format!("the workbook: {error}")))
}

fn book(report: &Report, page: &Page, tables: &[Flat]) -> std::result::Result<Vec<u8>, XlsxError> {
    let language = report.context.language;
    let styles = Styles::new(language);
    let mut names = vec![sheet::name(&language.say("sheet-overview"), &[])];
    names.push(sheet::name(&language.say("sheet-charts"), &names));
    // The headlines stand on the overview.
    let Some((headlines, tables)) = tables.split_first() else { return Workbook::new().save_to_buffer() };
    let mut placed: Vec<Placed<'_>> = Vec::new();
    let mut sheets = Vec::new();
    for table in tables {
        let name = sheet::name(&table.id, &names);
        let mut worksheet = Worksheet::new();
        worksheet.set_name(&name)?;
        names.push(name);
        placed.push(sheet::write(&mut worksheet, table, 0, &styles)?);
        if let Some(placed) = placed.last() {
            sheet::finish(&mut worksheet, placed)?;
        }
        sheets.push(worksheet);
    }
    let mut names = names.iter();
    let mut overview = Worksheet::new();
    overview.set_name(names.next().map_or("", String::as_str))?;
    self::overview(&mut overview, page, headlines, &placed, &styles, language)?;
    let mut pictures = Worksheet::new();
    pictures.set_name(names.next().map_or("", String::as_str))?;
    let n_charts = charts::write(&mut pictures, &placed, language)?;

    let mut book = Workbook::new();
    book.set_properties(&properties(report, page)?);
    book.push_worksheet(overview);
    if n_charts > 0 {
        book.push_worksheet(pictures);
    }
    for worksheet in sheets {
        book.push_worksheet(worksheet);
    }
    book.save_to_buffer()
}

/// What the file says of itself: its time is that of the last event, so that the same store gives the same bytes.
fn properties(report: &Report, page: &Page) -> std::result::Result<DocProperties, XlsxError> {
    let horizon = report.context.horizon.and_then(sheet::instant);
    let made = horizon.map_or_else(|| ExcelDateTime::from_ymd(2000, 1, 1), Ok)?;
    let title: String = page.title.chars().take(255).collect();
    Ok(DocProperties::new().set_title(title).set_author(&page.program).set_creation_datetime(&made))
}

/// The first sheet: what was read, the headlines, and where everything is.
fn overview(
    worksheet: &mut Worksheet,
    page: &Page,
    headlines: &Flat,
    placed: &[Placed<'_>],
    styles: &Styles,
    language: Language,
) -> std::result::Result<(), XlsxError> {
    let large = Format::new().set_bold().set_font_size(16);
    let bold = Format::new().set_bold();
    let top = Format::new().set_align(FormatAlign::Top);
    let wrapped = top.clone().set_text_wrap();
    sheet::text(worksheet, 0, 0, &page.title, Some(&large))?;
    let mut row = 2;
    for fact in &page.facts {
        sheet::text(worksheet, row, 0, &fact.label, Some(&bold))?;
        sheet::text(worksheet, row, 1, &fact.text, None)?;
        row += 1;
    }
    row += 1;
    sheet::text(worksheet, row, 0, &headlines.title, Some(&bold))?;
    let written = sheet::write(worksheet, headlines, row + 1, styles)?;
    row = written.last + 2;
    for (column, title) in (0..).zip(["sheet-name", "sheet-rows", "sheet-title"]) {
        sheet::text(worksheet, row, column, &language.say(title), Some(&styles.header))?;
    }
    for one in placed {
        row += 1;
        let link = Url::new(format!("internal:'{}'!A1", one.sheet)).set_text(&one.sheet);
        worksheet.write_url_with_format(row, 0, link, &Format::new().set_hyperlink().set_align(FormatAlign::Top))?;
        worksheet.write_number_with_format(row, 1, f64::from(one.last - one.first), &top.merge(&styles.count))?;
        let about = [&one.table.title, &one.table.note, &cut(one, language)];
        let about: Vec<&str> = about.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        let about = sheet::fitting(&about.join(". "));
        worksheet.merge_range(row, 2, row, LAST, &about, &wrapped)?;
        // Rows of joined cells are not made higher by the spreadsheet itself.
        let n_lines = about.chars().count() / 95 + 1;
        worksheet.set_row_height(row, u16::try_from(15 * n_lines).unwrap_or(u16::MAX))?;
    }
    worksheet.set_row_height(written.first, 32)?;
    worksheet.set_column_range_width(0, 1, 28)?;
    worksheet.set_column_range_width(2, LAST, 13)?;
    worksheet.set_landscape().set_print_fit_to_pages(1, 0);
    sheet::text(worksheet, row + 2, 0, &page.program, None)
}

/// What is said of a sheet that does not hold its whole table. Empty if it does.
fn cut(placed: &Placed<'_>, language: Language) -> String {
    let texts = (placed.n_texts_cut > 0).then(|| language.say_with("texts-cut", &[("n", placed.n_texts_cut.into())]));
    let rows = (placed.n_rows_cut > 0).then(|| language.say_with("rows-cut", &[("n", placed.n_rows_cut.into())]));
    let columns =
        (placed.n_columns_cut > 0).then(|| language.say_with("columns-cut", &[("n", placed.n_columns_cut.into())]));
    [texts, rows, columns].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx};

    use super::write;
    use crate::event::Time;
    use crate::report::fixture;
    use crate::report::model::Report;
    use crate::report::page;
    use crate::report::tables::{Datum, Flat, tables};
    use crate::report::text::printable;

    /// The cells of each sheet, as another program reads them; and its formulas.
    fn read(report: &Report) -> (BTreeMap<String, Vec<Vec<Data>>>, usize) {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(write(report).unwrap())).unwrap();
        let names = book.sheet_names();
        let formulas = names.iter().map(|name| book.worksheet_formula(name).unwrap());
        let n_formulas = formulas.map(|cells| cells.used_cells().filter(|(.., text)| !text.is_empty()).count()).sum();
        let sheets = names.into_iter().map(|name| {
            let range = book.worksheet_range(&name).unwrap();
            let rows = range.rows().map(<[Data]>::to_vec).collect();
            (name, rows)
        });
        (sheets.collect(), n_formulas)
    }

    /// Whether a cell says what the datum does.
    fn says(cell: &Data, datum: &Datum) -> bool {
        let near =
            |value: f64| cell.get_number().is_some_and(|found| (found - value).abs() <= 1e-12 * value.abs().max(1.0));
        match datum {
            Datum::Unknown => *cell == Data::Empty,
            Datum::Unmeasurable => *cell == Data::String("n/a".to_owned()),
            Datum::Name(_, text) => is_text(cell, text),
            Datum::Text(text) => is_text(cell, &printable(text)),
            Datum::Flag(flag) => *cell == Data::Bool(*flag),
            Datum::Count(n) => cell.get_number().map(|found| found.to_string()) == Some(n.to_string()),
            Datum::Share(value) | Datum::Number(value) => near(*value),
            Datum::Seconds(seconds) => near(f64::from(i32::try_from(*seconds).unwrap()) / 86_400.0),
            Datum::Money(micros) => near(f64::from(i32::try_from(*micros).unwrap()) / 1e6),
            Datum::Day(day) => cell.get_number() == Some(f64::from(serial(*day))),
            Datum::Instant(_) => cell.get_number().is_some(),
        }
    }

    /// The number that spreadsheets have for a day.
    fn serial(day: jiff::civil::Date) -> i32 {
        (day - jiff::civil::Date::constant(1899, 12, 30)).get_days()
    }

    fn is_text(cell: &Data, text: &str) -> bool {
        let Data::String(found) = cell else { return text.is_empty() && *cell == Data::Empty };
        found == text || (found.ends_with('…') && text.starts_with(found.trim_end_matches('…')))
    }

    trait Number {
        fn get_number(&self) -> Option<f64>;
    }

    impl Number for Data {
        fn get_number(&self) -> Option<f64> {
            match self {
                Self::Float(number) => Some(*number),
                Self::DateTime(serial) => Some(serial.as_f64()),
                _ => None,
            }
        }
    }

    fn flats(report: &Report) -> Vec<Flat> {
        tables(report, &page::page(report))
    }

    #[test]
    fn every_cell_reads_back_as_what_the_report_says_and_none_is_a_formula() {
        for report in [fixture::awkward(), fixture::hostile(), fixture::ordinary()] {
            let (sheets, n_formulas) = read(&report);
            assert_eq!(n_formulas, 0);
            let mut n_cells = 0;
            for table in flats(&report).iter().skip(1) {
                let rows = &sheets[&table.id];
                assert_eq!(rows.len(), table.rows.len() + 1, "{}", table.id);
                let told = |title: &str| table.fields.iter().position(|field| field.title == title);
                for (column, title) in rows[0].iter().enumerate() {
                    let Data::String(title) = title else { panic!("{}: {title:?}", table.id) };
                    let field = told(title.trim_end_matches(" (UTC)")).unwrap();
                    for (cells, row) in rows.iter().skip(1).zip(&table.rows) {
                        assert!(
                            says(&cells[column], &row[field]),
                            "{}.{title}: {:?}, not {:?}",
                            table.id,
                            cells[column],
                            row[field]
                        );
                        n_cells += 1;
                    }
                }
            }
            assert!(n_cells > 300, "{n_cells}");
        }
    }

    #[test]
    fn the_overview_has_the_headlines_and_names_every_sheet() {
        let report = fixture::ordinary();
        let (sheets, _) = read(&report);
        let overview = &sheets["Overview"];
        let words: Vec<String> = overview.iter().flatten().map(ToString::to_string).collect();
        for table in flats(&report).iter().skip(1) {
            assert!(words.contains(&table.id), "{}", table.id);
        }
        let open = overview.iter().find(|row| row[1] == Data::String("open_rate".to_owned())).unwrap();
        let figure = report.headlines.iter().find(|headline| headline.metric == "open_rate").unwrap().figure.as_ref();
        assert_eq!(open[2], Data::Float(f64::from(u32::try_from(figure.unwrap().numerator).unwrap())));
        assert!(sheets.contains_key("Charts"));
    }

    #[test]
    fn what_no_cell_can_hold_is_cut_and_the_overview_says_so() {
        let (sheets, _) = read(&fixture::hostile());
        let longest = sheets["campaigns"].iter().map(|row| row[0].to_string().encode_utf16().count()).max();
        assert!(longest.is_some_and(|units| (32_766..=32_767).contains(&units)), "{longest:?}");
        let words: Vec<String> = sheets["Overview"].iter().flatten().map(ToString::to_string).collect();
        assert!(words.iter().any(|text| text.contains("1 text is cut")), "{words:?}");
    }

    #[test]
    fn names_of_sheets_fit_and_differ() {
        use super::sheet::name;
        let long = "a".repeat(40);
        let first = name(&long, &[]);
        let second = name(&long.to_uppercase(), std::slice::from_ref(&first));
        assert_eq!((first.encode_utf16().count(), second.encode_utf16().count()), (31, 31));
        assert_ne!(first.to_lowercase(), second.to_lowercase());
        assert_eq!(name("trend", &[first]), "trend");
    }

    #[test]
    fn charts_are_drawn_from_the_cells_and_the_clock_is_not_in_the_file() {
        let report =
            Report { context: crate::report::Context { horizon: None, ..fixture::context() }, ..fixture::ordinary() };
        let later = Report {
            context: crate::report::Context { horizon: Some(Time(0)), ..fixture::context() },
            ..fixture::ordinary()
        };
        assert_eq!(write(&report).unwrap(), write(&report).unwrap());
        assert_ne!(write(&report).unwrap(), write(&later).unwrap());
        assert!(write(&later).unwrap().windows(20).any(|bytes| bytes == b"xl/charts/chart1.xml"));
    }
}

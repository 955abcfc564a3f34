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

/// Writes the workbook.
pub(super) fn write(report: &Report) -> Result<Vec<u8>> {
    let page = page::page(report);
    let tables = tables(report, &page);
    book(report, &page, &tables).map_err(|error| Error::Layout(format!("the workbook: {error}")))
}

fn book(report: &Report, page: &Page, tables: &[Flat]) -> std::result::Result<Vec<u8>, XlsxError> {
    let language = report.context.language;
    let words = Words::of(language);
    let styles = Styles::default();
    let mut names = vec![sheet::name(words.overview, &[])];
    names.push(sheet::name(words.charts, &names));
    // The headlines stand on the overview.
    let Some((headlines, tables)) = tables.split_first() else { return Workbook::new().save_to_buffer() };
    let mut placed: Vec<Placed<'_>> = Vec::new();
    let mut sheets = Vec::new();
    for table in tables {
        let name = sheet::name(&table.title, &names);
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
    self::overview(&mut overview, page, headlines, &placed, &words, &styles)?;
    let mut pictures = Worksheet::new();
    pictures.set_name(names.next().map_or("", String::as_str))?;
    let n_charts = charts::write(&mut pictures, &placed, &words)?;

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
    words: &Words,
    styles: &Styles,
) -> std::result::Result<(), XlsxError> {
    let large = Format::new().set_bold().set_font_size(16);
    let bold = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet::text(worksheet, 0, 0, &page.title, Some(&large))?;
    let mut row = 2;
    for fact in &page.facts {
        sheet::text(worksheet, row, 0, fact.label, Some(&bold))?;
        sheet::text(worksheet, row, 1, &fact.text, None)?;
        row += 1;
    }
    row += 1;
    sheet::text(worksheet, row, 0, &headlines.title, Some(&bold))?;
    let written = sheet::write(worksheet, headlines, row + 1, styles)?;
    row = written.last + 2;
    for (column, title) in (0..).zip([words.sheet, words.rows, words.note]) {
        sheet::text(worksheet, row, column, title, Some(&styles.header))?;
    }
    for one in placed {
        row += 1;
        let link = Url::new(format!("internal:'{}'!A1", one.sheet)).set_text(&one.sheet);
        worksheet.write_url(row, 0, link)?;
        worksheet.write_number_with_format(row, 1, f64::from(one.last - one.first), &styles.count)?;
        let note = [one.table.note.clone(), words.cut(one)].join(" ");
        sheet::text(worksheet, row, 2, note.trim(), None)?;
    }
    worksheet.set_column_width(0, 34)?;
    worksheet.set_column_range_width(1, 12, 14)?;
    worksheet.set_landscape().set_print_fit_to_pages(1, 0);
    sheet::text(worksheet, row + 2, 0, &page.program, Some(&wrapped))
}

/// The words of the book that are not the page's.
struct Words {
    overview: &'static str,
    charts: &'static str,
    sheet: &'static str,
    rows: &'static str,
    note: &'static str,
    texts_cut: &'static str,
    rows_cut: &'static str,
    columns_cut: &'static str,
    first: &'static str,
}

impl Words {
    const fn of(language: Language) -> Self {
        match language {
            Language::En => Self {
                overview: "Overview",
                charts: "Charts",
                sheet: "Sheet",
                rows: "Rows",
                note: "Note",
                texts_cut: "texts are cut, because a cell holds 32 767 characters",
                rows_cut: "rows are left out, because a sheet holds 1 048 576",
                columns_cut: "columns are left out, because a sheet holds 16 384",
                first: "the first",
            },
            Language::De => Self {
                overview: "Überblick",
                charts: "Diagramme",
                sheet: "Blatt",
                rows: "Zeilen",
                note: "Anmerkung",
                texts_cut: "Texte sind gekürzt, weil eine Zelle 32 767 Zeichen fasst",
                rows_cut: "Zeilen fehlen, weil ein Blatt 1 048 576 fasst",
                columns_cut: "Spalten fehlen, weil ein Blatt 16 384 fasst",
                first: "die ersten",
            },
        }
    }

    /// What is said of a sheet that does not hold its whole table. Empty if it does.
    fn cut(&self, placed: &Placed<'_>) -> String {
        let counts = [
            (placed.n_texts_cut, self.texts_cut),
            (placed.n_rows_cut, self.rows_cut),
            (placed.n_columns_cut, self.columns_cut),
        ];
        let said = counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what} (report.json)."));
        said.collect::<Vec<_>>().join(" ")
    }
}

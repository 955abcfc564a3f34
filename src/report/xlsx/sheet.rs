//! Puts a table onto a sheet: names, forms of numbers, widths, and what spreadsheets cannot hold.

use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use crate::event::Time;
use crate::report::tables::{Datum, Flat, Part, Unit};
use crate::report::text::{self, Language};

/// What Excel can hold: rows and columns of a sheet, UTF-16 units of a cell, letters of a sheet's name.
const MOST_ROWS: usize = 1_048_576;
const MOST_COLUMNS: usize = 16_384;
const LONGEST_TEXT: usize = 32_767;
const LONGEST_NAME: usize = 31;

/// The widths of columns, in characters.
const NARROW: usize = 11;
const WIDE: usize = 48;

/// How cells look.
pub(super) struct Styles {
    pub(super) header: Format,
    pub(super) count: Format,
    share: Format,
    number: Format,
    seconds: Format,
    money: Format,
    day: Format,
    instant: Format,
    quiet: Format,
    quoted: Format,
    /// What stands where the channels cannot tell.
    unmeasurable: String,
}

impl Styles {
    pub(super) fn new(language: Language) -> Self {
        let form = |form: &str| Format::new().set_num_format(form);
        Self {
            header: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_background_color(0x00EA_EEF1)
                .set_border_bottom(FormatBorder::Thin),
            count: form("#,##0"),
            share: form("0.0%"),
            number: form("#,##0.0##"),
            seconds: form("[h]:mm:ss;-[h]:mm:ss"),
            money: form("#,##0.00####"),
            day: form("yyyy-mm-dd"),
            instant: form("yyyy-mm-dd hh:mm:ss"),
            quiet: Format::new().set_font_color(0x005C_6670).set_align(FormatAlign::Right),
            quoted: Format::new().set_quote_prefix(),
            unmeasurable: language.say("unmeasurable"),
        }
    }
}

/// A table that stands on a sheet.
pub(super) struct Placed<'t> {
    pub(super) table: &'t Flat,
    pub(super) sheet: String,
    /// The row of its header, counted from zero.
    pub(super) first: u32,
    /// Its last row.
    pub(super) last: u32,
    /// The fields that were written, in the order of their columns.
    fields: Vec<usize>,
    pub(super) n_texts_cut: usize,
    pub(super) n_rows_cut: usize,
    pub(super) n_columns_cut: usize,
}

impl Placed<'_> {
    /// The column in which a field stands.
    pub(super) fn column(&self, id: &str) -> Option<u16> {
        let is_it = |field: &usize| self.table.fields.get(*field).is_some_and(|field| field.id == id);
        self.fields.iter().position(is_it).and_then(|column| u16::try_from(column).ok())
    }
}

/// Writes a table with its header into a row and those below it.
pub(super) fn write<'t>(
    worksheet: &mut Worksheet,
    table: &'t Flat,
    first: u32,
    styles: &Styles,
) -> Result<Placed<'t>, XlsxError> {
    let mut fields: Vec<usize> = (0..table.fields.len()).filter(|place| tells(table, *place)).collect();
    let n_columns_cut = fields.len().saturating_sub(MOST_COLUMNS);
    fields.truncate(MOST_COLUMNS);
    let room = MOST_ROWS.saturating_sub(first as usize + 1);
    let mut n_texts_cut = 0;
    for (column, field) in (0..).zip(fields.iter().filter_map(|place| table.fields.get(*place))) {
        let zone = if field.unit == Unit::Instant { " (UTC)" } else { "" };
        text(worksheet, first, column, &(field.title.clone() + zone), Some(&styles.header))?;
    }
    let mut last = first;
    for row in table.rows.iter().take(room) {
        last += 1;
        for (column, datum) in (0..).zip(fields.iter().filter_map(|place| row.get(*place))) {
            n_texts_cut += usize::from(cell(worksheet, last, column, datum, styles)?);
        }
    }
    let n_rows_cut = table.rows.len().saturating_sub(room);
    Ok(Placed { table, sheet: worksheet.name(), first, last, fields, n_texts_cut, n_rows_cut, n_columns_cut })
}

/// Whether a column tells anything: that everything can be measured and nothing is a bound goes without saying.
fn tells(table: &Flat, place: usize) -> bool {
    let ordinary = match table.fields.get(place).map(|field| field.part) {
        Some(Part::Measurable) => true,
        Some(Part::LowerBound | Part::UpperBound) => false,
        _ => return true,
    };
    table.rows.iter().any(|row| row.get(place).is_some_and(|datum| *datum == Datum::Flag(!ordinary)))
}

/// Makes a sheet of one table easy to read: the header stays, columns can be filtered and are as wide as they need.
pub(super) fn finish(worksheet: &mut Worksheet, placed: &Placed<'_>) -> Result<(), XlsxError> {
    let Some(last) = placed.fields.len().checked_sub(1).and_then(|last| u16::try_from(last).ok()) else {
        return Ok(());
    };
    worksheet.set_freeze_panes(1, 1)?;
    worksheet.autofilter(0, 0, placed.last, last)?;
    worksheet.set_row_height(0, 48)?;
    for (column, place) in (0..).zip(&placed.fields) {
        let lengths = placed.table.rows.iter().filter_map(|row| row.get(*place)).map(length);
        let title = placed.table.fields.get(*place).map_or("", |field| &field.title);
        let longest_word = title.split(' ').map(|word| word.chars().count() + 2).max().unwrap_or_default();
        let width = lengths.max().unwrap_or_default().max(longest_word).clamp(NARROW, WIDE);
        worksheet.set_column_width(column, u16::try_from(width).unwrap_or(u16::MAX))?;
    }
    worksheet.set_landscape().set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    Ok(())
}

/// How many characters wide a cell is shown. Signs of Chinese, Japanese and Korean are twice as wide.
fn length(datum: &Datum) -> usize {
    let wide = |text: &str| text.chars().take(WIDE).map(|c| if c > '\u{2e80}' { 2 } else { 1 }).sum::<usize>() + 2;
    match datum {
        Datum::Name(_, text) | Datum::Text(text) => wide(text),
        Datum::Instant(_) => 20,
        _ => NARROW,
    }
}

/// Writes a datum. True if it did not fit into its cell.
fn cell(worksheet: &mut Worksheet, row: u32, column: u16, datum: &Datum, styles: &Styles) -> Result<bool, XlsxError> {
    let (number, format) = match datum {
        Datum::Unknown => return Ok(false),
        Datum::Unmeasurable => {
            worksheet.write_string_with_format(row, column, &styles.unmeasurable, &styles.quiet)?;
            return Ok(false);
        }
        Datum::Name(_, text) | Datum::Text(text) => return words(worksheet, row, column, text, styles),
        Datum::Flag(flag) => {
            worksheet.write_boolean(row, column, *flag)?;
            return Ok(false);
        }
        Datum::Day(day) => {
            let serial = u16::try_from(day.year()).map_err(|_| XlsxError::DateTimeRangeError(day.to_string()));
            let [month, date] = [day.month(), day.day()].map(i8::unsigned_abs);
            match serial.and_then(|year| ExcelDateTime::from_ymd(year, month, date)) {
                Ok(serial) => worksheet.write_datetime_with_format(row, column, &serial, &styles.day)?,
                // Spreadsheets know no day before 1900.
                Err(_) => worksheet.write_string(row, column, day.to_string())?,
            };
            return Ok(false);
        }
        Datum::Instant(time) => {
            if let Some(serial) = instant(*time) {
                worksheet.write_datetime_with_format(row, column, &serial, &styles.instant)?;
            }
            return Ok(false);
        }
        Datum::Count(n) => (as_f64(*n), &styles.count),
        Datum::Share(share) => (*share, &styles.share),
        Datum::Number(number) => (*number, &styles.number),
        // Spreadsheets count time in days.
        Datum::Seconds(seconds) => (signed(*seconds) / 86_400.0, &styles.seconds),
        Datum::Money(micros) => (signed(*micros) / 1e6, &styles.money),
    };
    worksheet.write_number_with_format(row, column, number, format)?;
    Ok(false)
}

/// Writes words as they stand. True if they did not fit.
fn words(worksheet: &mut Worksheet, row: u32, column: u16, words: &str, styles: &Styles) -> Result<bool, XlsxError> {
    // The mark keeps it text when somebody edits the cell and leaves it again.
    let is_like_a_formula = words.trim_start().starts_with(['=', '+', '-', '@']);
    text(worksheet, row, column, words, is_like_a_formula.then_some(&styles.quoted))?;
    Ok(words.encode_utf16().nth(LONGEST_TEXT).is_some())
}

/// A text that a cell can hold, without the characters that XML cannot.
pub(super) fn fitting(text: &str) -> String {
    cut(&text::printable(text), LONGEST_TEXT)
}

/// Writes text, cut to what a cell can hold.
pub(super) fn text(
    worksheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: Option<&Format>,
) -> Result<(), XlsxError> {
    let text = fitting(text);
    match format {
        Some(format) => worksheet.write_string_with_format(row, column, text, format)?,
        None => worksheet.write_string(row, column, text)?,
    };
    Ok(())
}

/// The beginning of a text that is so many UTF-16 units long, with an ellipsis if it is longer.
fn cut(text: &str, most: usize) -> String {
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut room = most - 1;
    let fits = |c: &char| {
        let is_room = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        is_room
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// The name of a sheet: as much of this as fits, and as none has yet, whatever the case of its letters.
pub(super) fn name(name: &str, taken: &[String]) -> String {
    let begin = |most: usize| name.chars().take(most).collect::<String>();
    let numbered = (2..).map(|number: u32| {
        let number = format!("_{number}");
        begin(LONGEST_NAME - number.len()) + &number
    });
    let is_taken = |name: &String| taken.iter().any(|other| other.to_lowercase() == name.to_lowercase());
    std::iter::once(begin(LONGEST_NAME)).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

/// An instant on the clocks of UTC, to the second. `None` before 1900, which spreadsheets do not know.
pub(super) fn instant(time: Time) -> Option<ExcelDateTime> {
    ExcelDateTime::from_timestamp(time.0.div_euclid(1_000_000)).ok()
}

/// Counts stay far below 2^53, where doubles stop being exact.
#[expect(clippy::cast_precision_loss)]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Seconds and millionths stay below 2^53 too.
#[expect(clippy::cast_precision_loss)]
fn signed(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tables::Field;

    fn table(n_rows: u64, n_columns: usize) -> Flat {
        let field = |place| Field { id: format!("n_{place}"), title: "N".into(), part: Part::Whole, unit: Unit::Count };
        let row = |n| (0..n_columns).map(|_| Datum::Count(n)).collect();
        Flat {
            id: "counts".into(),
            title: "Counts".into(),
            note: String::new(),
            fields: (0..n_columns).map(field).collect(),
            rows: (0..n_rows).map(row).collect(),
        }
    }

    #[test]
    fn rows_and_columns_beyond_the_end_of_a_sheet_are_counted_as_cut() {
        let write = |table: &Flat, first| {
            let mut worksheet = Worksheet::new();
            let placed = write(&mut worksheet, table, first, &Styles::new(Language::En)).unwrap();
            (placed.last, placed.n_rows_cut, placed.n_columns_cut)
        };
        let last = u32::try_from(MOST_ROWS).unwrap() - 1;
        assert_eq!(write(&table(5, 1), last - 2), (last, 3, 0));
        assert_eq!(write(&table(2, 1), last - 2), (last, 0, 0));
        assert_eq!(write(&table(1, MOST_COLUMNS + 4), 0), (1, 0, 4));
    }

    #[test]
    fn a_text_is_cut_between_letters_and_never_inside_one() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("a🦀🦀", 4), "a🦀…");
        assert_eq!(cut("🦀🦀", 3), "🦀…");
    }

    #[test]
    fn times_before_spreadsheets_began_are_none() {
        assert!(instant(Time(0)).is_some());
        assert!(instant(Time(-4_000_000_000 * 1_000_000)).is_none());
    }
}

//! A table on a terminal: names to the left, numbers to the right, and a bar where rows are to be compared at a glance.
//!
//! Where nobody looks, in a pipe or a file, there is no colour and no wrapping, so that the same answer is the same text.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, TableStyle};

/// How many characters the longest bar takes.
const BAR: u8 = 12;
/// Eighths of a character, from nothing to all of it.
const EIGHTHS: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
/// Heights of a column of a sparkline.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A line under the header and one at either end.
const FRAME: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('═').junction('═'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));
/// The same with lines between rows, which keep sentences of several lines apart.
const RULED: TableStyle = FRAME.row_separator(LineStyle::none().fill('─').junction('─'));
/// What is longer is a sentence.
const SENTENCE: usize = 60;

/// What stands in a cell.
pub(in crate::cli) enum Shown {
    /// A name out of the log, or a sentence.
    Name(String),
    /// A number.
    Number(String),
    /// The number that the row is about.
    Main(String),
    /// What explains it.
    Beside(String),
}

/// A table on its way to the terminal.
pub(in crate::cli) struct Sheet {
    header: Vec<String>,
    /// What the bars tell.
    bars: String,
    rows: Vec<(Vec<Shown>, Option<f64>)>,
}

impl Sheet {
    pub(in crate::cli) fn new<H: Into<String>>(header: impl IntoIterator<Item = H>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), bars: String::new(), rows: Vec::new() }
    }

    /// Says above the bars what they tell.
    pub(in crate::cli) fn with_bars_of(self, what: &str) -> Self {
        Self { bars: what.to_owned(), ..self }
    }

    /// Adds a row, and how long its bar is beside those of the others.
    pub(in crate::cli) fn add(&mut self, cells: Vec<Shown>, bar: Option<f64>) {
        self.rows.push((cells, bar));
    }

    /// Adds a row of words.
    pub(in crate::cli) fn add_words<W: Into<String>>(&mut self, words: impl IntoIterator<Item = W>) {
        self.add(words.into_iter().map(|word| Shown::Name(word.into())).collect(), None);
    }

    /// The table as text, as wide as the terminal if there is one. Bars go where there is no room for them.
    pub(in crate::cli) fn text(&self) -> String {
        let are_compared = self.rows.iter().filter(|(_, bar)| bar.is_some()).count() > 1;
        let mut table = self.table(are_compared);
        let width = table.width();
        if let Some(width) = width.filter(|_| are_compared) {
            let columns = table.column_max_content_widths();
            let needed = columns.iter().map(|column| usize::from(*column) + 2).sum::<usize>() + columns.len();
            if needed > usize::from(width) {
                table = self.table(false);
            }
        }
        if let Some(width) = width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            table.force_no_tty();
        }
        table.to_string()
    }

    fn table(&self, with_bars: bool) -> Table {
        let mut table = Table::new();
        let is_sentence = |cell: &Shown| matches!(cell, Shown::Name(text) if text.chars().count() > SENTENCE);
        let has_sentences = self.rows.iter().any(|(cells, _)| cells.iter().any(is_sentence));
        table.load_style(if has_sentences { RULED } else { FRAME });
        let bars = with_bars.then(|| self.bars.clone());
        table.set_header(self.header.iter().cloned().chain(bars).map(Cell::new));
        let largest = self.rows.iter().filter_map(|(_, bar)| *bar).fold(0.0, f64::max);
        for (cells, length) in &self.rows {
            let bar = with_bars.then(|| Cell::new(bar(length.unwrap_or_default(), largest)).fg(Color::DarkCyan));
            table.add_row(cells.iter().map(cell).chain(bar));
        }
        let is_number = |place: usize| {
            self.rows.iter().any(|(cells, _)| cells.get(place).is_some_and(|cell| !matches!(cell, Shown::Name(_))))
        };
        for (place, column) in table.column_iter_mut().enumerate().take(self.header.len()) {
            if is_number(place) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

fn cell(shown: &Shown) -> Cell {
    match shown {
        Shown::Name(text) | Shown::Number(text) => Cell::new(text),
        Shown::Main(text) => Cell::new(text).add_attribute(Attribute::Bold),
        Shown::Beside(text) => Cell::new(text).add_attribute(Attribute::Dim),
    }
}

/// A bar from zero; what is not nothing has at least the narrowest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 96")]
fn bar(value: f64, largest: f64) -> String {
    if !(value > 0.0 && largest > 0.0) {
        return String::new();
    }
    let full = f64::from(BAR * 8);
    let eighths = (value / largest * full).round().clamp(1.0, full) as usize;
    let rest = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{rest}", "█".repeat(eighths / 8))
}

/// A line of columns from zero, one for each value; what has none leaves a gap.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7")]
pub(super) fn sparkline(values: &[Option<f64>]) -> String {
    let largest = values.iter().flatten().copied().fold(0.0, f64::max);
    let column = |value: &Option<f64>| match value {
        None => ' ',
        Some(value) if largest > 0.0 => {
            let height = (value / largest * 7.0).round().clamp(0.0, 7.0) as usize;
            HEIGHTS.get(height).copied().unwrap_or(' ')
        }
        Some(_) => '▁',
    };
    values.iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_begin_at_zero_and_nothing_has_none() {
        assert_eq!(bar(1.0, 1.0), "█".repeat(12));
        assert_eq!(bar(0.5, 1.0), "█".repeat(6));
        assert_eq!(bar(0.01, 1.0), "▏");
        assert_eq!([bar(0.0, 1.0), bar(1.0, 0.0), bar(f64::NAN, 1.0)], ["", "", ""]);
    }

    #[test]
    fn sparklines_leave_gaps_where_there_is_no_value() {
        assert_eq!(sparkline(&[Some(0.0), None, Some(0.5), Some(1.0)]), "▁ ▅█");
        assert_eq!(sparkline(&[Some(0.0)]), "▁");
    }

    #[test]
    fn a_single_row_has_nothing_to_be_compared_with() {
        let mut sheet = Sheet::new(["a", "value"]);
        sheet.add(vec![Shown::Name("x".into()), Shown::Main("12 %".into())], Some(0.12));
        assert!(!sheet.text().contains('█'));
        sheet.add(vec![Shown::Name("y".into()), Shown::Main("6 %".into())], Some(0.06));
        let text = sheet.text();
        let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().to_owned();
        assert_eq!(line(" x ").matches('█').count(), 12);
        assert_eq!(line(" y ").matches('█').count(), 6);
    }
}

//! The report as plain lines and tables, for whoever shows it without markup and pictures: a terminal.
//!
//! Takes the words as the page has them. How wide a column is and how long a bar is others know.

use super::model::Report;
use super::page::{self, Card, Cell, Part, Table};
use super::text::{self, Language};
use crate::calendar;
use crate::measures::Value;

/// Shares beside each other above which only their values are shown: with counts and intervals no screen would hold them.
const MOST_DETAILED: usize = 2;

/// The report without its definitions.
#[derive(Debug)]
pub struct Outline {
    /// Heading.
    pub title: String,
    /// From when to when it counts.
    pub range: String,
    /// What to know first, in sentences.
    pub summary: Vec<String>,
    /// What the headlines are called, and they themselves.
    pub glance: (String, Grid),
    /// The chapters in their order.
    pub chapters: Vec<Chapter>,
    /// What the business says at the end; empty if nothing.
    pub footer: String,
}

/// A chapter.
#[derive(Debug)]
pub struct Chapter {
    /// Heading.
    pub title: String,
    /// What it is about.
    pub lead: String,
    /// Tables, and what is said instead of empty ones.
    pub pieces: Vec<Piece>,
}

/// A table with what is said about it. Each of its texts may be empty.
#[derive(Debug)]
pub struct Piece {
    /// Heading.
    pub heading: String,
    /// What stands before the table.
    pub lead: String,
    /// The table, if it has rows.
    pub grid: Option<Grid>,
    /// What stands below it.
    pub note: String,
}

/// A table of texts.
#[derive(Debug, Default)]
pub struct Grid {
    /// A title for each column.
    pub header: Vec<String>,
    /// What the bars of the rows tell, if they have any.
    pub bars: Option<String>,
    /// The rows.
    pub rows: Vec<Line>,
    /// If the rows are days or other parts of time: how each rate went, by its name. A row without a value is a gap.
    pub courses: Vec<(String, Vec<Option<f64>>)>,
}

/// A row.
#[derive(Debug)]
pub struct Line {
    /// A text for each column.
    pub cells: Vec<Field>,
    /// How long its bar is beside those of the others.
    pub bar: Option<f64>,
}

/// A cell.
#[derive(Debug)]
pub struct Field {
    /// What it says, on one line and without control characters.
    pub text: String,
    /// Whether it is a number.
    pub is_number: bool,
}

/// Writes out the report for whoever shows it without markup.
#[must_use]
pub fn outline(report: &Report) -> Outline {
    let page = page::page(report).for_people();
    let language = report.context.language;
    let chapters = page.sections.iter().map(|section| Chapter {
        title: line(&section.title),
        lead: line(&section.lead),
        pieces: section.parts.iter().map(piece).collect(),
    });
    Outline {
        title: line(&page.title),
        range: line(&page.subtitle),
        summary: page.summary.iter().map(|statement| line(statement)).collect(),
        glance: (language.say("glance"), glance(&page.cards, language)),
        chapters: chapters.collect(),
        footer: line(&page.footer),
    }
}

fn glance(cards: &[Card], language: Language) -> Grid {
    let field = |text: &str, is_number| Field { text: line(text), is_number };
    let row = |[title, value, interval, fraction]: [&str; 4], bar: Option<f64>| Line {
        cells: vec![field(title, false), field(value, true), field(interval, true), field(fraction, true)],
        bar,
    };
    let mut rows = Vec::new();
    for card in cards {
        rows.push(row([&card.title, &card.value, &card.interval, &card.fraction], card.at));
        let beside = card.beside.iter().map(|beside| {
            let title = format!("… {}", beside.title);
            row([&title, &beside.value, "", &beside.fraction], None)
        });
        rows.extend(beside);
    }
    let header = ["table-rate", "table-value", "table-interval", "table-counts"].map(|key| language.say(key));
    Grid { header: header.into(), bars: Some(String::new()), rows, courses: Vec::new() }
}

fn piece(part: &Part) -> Piece {
    Piece {
        heading: name(&part.heading),
        lead: line(&part.lead),
        grid: part.table.as_ref().map(grid),
        note: line(&part.note),
    }
}

fn grid(table: &Table) -> Grid {
    let shares: Vec<usize> =
        table.columns.iter().enumerate().filter(|(_, column)| column.is_share).map(|(place, _)| place).collect();
    let is_detailed = shares.len() <= MOST_DETAILED;
    let first = shares.iter().copied().find(|&place| table.rows.iter().any(|row| share(row, place).is_some()));
    let rows = table.rows.iter().map(|row| Line {
        cells: table.columns.iter().zip(row).map(|(column, cell)| field(cell, column.numeric, is_detailed)).collect(),
        bar: first.and_then(|place| share(row, place)),
    });
    let is_course = table.rows.len() > 1 && table.columns.first().is_some_and(|c| calendar::part(&c.id).is_some());
    let course = |&place: &usize| {
        let values: Vec<Option<f64>> = table.rows.iter().map(|row| share(row, place)).collect();
        values.iter().any(Option::is_some).then(|| (title(table, place), values))
    };
    Grid {
        header: (0..table.columns.len()).map(|place| title(table, place)).collect(),
        // Of a single share everybody sees what the bars tell.
        bars: first.map(|place| if shares.len() == 1 { String::new() } else { title(table, place) }),
        rows: rows.collect(),
        courses: if is_course { shares.iter().filter_map(course).collect() } else { Vec::new() },
    }
}

fn title(table: &Table, place: usize) -> String {
    table.columns.get(place).map_or_else(String::new, |column| name(&column.title))
}

fn share(row: &[Cell], place: usize) -> Option<f64> {
    match &row.get(place)?.value {
        Value::Rate { rate, .. } => rate.value(),
        Value::Share { value, .. } => Some(*value),
        _ => None,
    }
}

fn field(cell: &Cell, is_number: bool, is_detailed: bool) -> Field {
    let details = [&cell.interval, &cell.fraction].into_iter().filter(|text| is_detailed && !text.is_empty());
    let details = details.map(String::as_str).collect::<Vec<_>>().join("; ");
    let text = if details.is_empty() { cell.text.clone() } else { format!("{} ({details})", cell.text) };
    Field { text: if matches!(cell.value, Value::Name(_)) { name(&text) } else { line(&text) }, is_number }
}

/// A name as long as a screen bears it.
fn name(name: &str) -> String {
    text::cut(&line(name), text::LONGEST_NAME)
}

/// The text with nothing in it that a terminal obeys. The narrow spaces within numbers stay.
fn line(text: &str) -> String {
    text.split(text::THIN).map(text::printable).collect::<Vec<_>>().join(&text::THIN.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    /// Every text of an outline.
    fn texts(outline: &Outline) -> Vec<&str> {
        let mut texts = vec![outline.title.as_str(), &outline.range, &outline.footer];
        texts.extend(outline.summary.iter().map(String::as_str));
        let pieces = || outline.chapters.iter().flat_map(|chapter| &chapter.pieces);
        texts.extend(pieces().flat_map(|piece| [piece.heading.as_str(), &piece.lead, &piece.note]));
        for grid in pieces().filter_map(|piece| piece.grid.as_ref()).chain([&outline.glance.1]) {
            texts.extend(grid.header.iter().map(String::as_str));
            texts.extend(grid.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.text.as_str()));
        }
        texts
    }

    #[test]
    fn nothing_in_an_outline_is_obeyed_by_a_terminal() {
        for report in [fixture::hostile(), fixture::awkward()] {
            let outline = outline(&report);
            for text in texts(&outline) {
                assert!(!text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}')), "{text:?}");
            }
        }
    }

    #[test]
    fn days_have_a_course_and_every_row_fits_its_header() {
        let outline = outline(&fixture::ordinary());
        let grids: Vec<&Grid> = outline
            .chapters
            .iter()
            .flat_map(|chapter| &chapter.pieces)
            .filter_map(|piece| piece.grid.as_ref())
            .collect();
        assert!(grids.iter().any(|grid| !grid.courses.is_empty()));
        for grid in grids {
            assert!(grid.rows.iter().all(|row| row.cells.len() == grid.header.len()), "{:?}", grid.header);
            assert!(grid.courses.iter().all(|(_, values)| values.len() == grid.rows.len()));
        }
    }
}

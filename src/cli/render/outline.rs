//! A whole report as text for a terminal.

use std::fmt::Write;

use super::sheet::{self, Sheet, Shown};
use crate::report::{self, Grid, Language, Report};

/// The report: what to know first, the headlines, and every chapter with its tables.
pub(in crate::cli) fn outline(report: &Report) -> String {
    let language = report.context.language;
    let outline = report::outline(report);
    let mut text = format!("{}\n{}\n", outline.title, outline.range);
    heading(&mut text, &language.say("in-short"));
    outline.summary.iter().for_each(|statement| paragraph(&mut text, &format!("- {statement}")));
    let (title, headlines) = &outline.glance;
    heading(&mut text, title);
    grid(&mut text, headlines);
    for chapter in &outline.chapters {
        heading(&mut text, &chapter.title);
        paragraph(&mut text, &chapter.lead);
        for piece in &chapter.pieces {
            if !piece.heading.is_empty() {
                let _ = writeln!(text, "\n{}", piece.heading);
            }
            paragraph(&mut text, &piece.lead);
            if let Some(table) = &piece.grid {
                grid(&mut text, table);
            }
            paragraph(&mut text, &piece.note);
        }
    }
    let _ = writeln!(text, "\n{}", outline_end(&outline.footer, language));
    text
}

fn outline_end(footer: &str, language: Language) -> String {
    let definitions = language.say("definitions-elsewhere");
    if footer.is_empty() { definitions } else { format!("{definitions}\n{footer}") }
}

/// A chapter's title, underlined.
fn heading(text: &mut String, title: &str) {
    let _ = writeln!(text, "\n{title}\n{}", "=".repeat(title.chars().count()));
}

fn paragraph(text: &mut String, line: &str) {
    if !line.is_empty() {
        let _ = writeln!(text, "{line}");
    }
}

fn grid(text: &mut String, grid: &Grid) {
    let mut sheet = Sheet::new(grid.header.iter().map(String::as_str));
    if let Some(bars) = &grid.bars {
        sheet = sheet.with_bars_of(bars);
    }
    for row in &grid.rows {
        let cells = row.cells.iter().map(|field| {
            let text = field.text.clone();
            if field.is_number { Shown::Number(text) } else { Shown::Name(text) }
        });
        sheet.add(cells.collect(), row.bar);
    }
    let _ = writeln!(text, "{}", sheet.text());
    for (name, values) in &grid.courses {
        let _ = writeln!(text, "{name}: {}", sheet::sparkline(values));
    }
}

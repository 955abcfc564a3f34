//! Cohorts: a grid of cohorts by months since they began, each cell with its share as shade and as number, and with its count.
//!
//! Knows nothing of months. What is empty above the diagonal has not come yet.

use super::heat_map::{Heat, Scale, cell, legend};
use super::theme::{Align, Alternative, Canvas, Ink, LABEL, SMALL, WIDTH, draw, fit, rows, width};
use crate::error::Result;

/// A cohort: a line of the grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohort {
    /// What it is called.
    pub name: String,
    /// How many there are.
    pub size: String,
    /// For each column its share, and the count behind it.
    pub cells: Vec<(Heat, String)>,
}

/// What stands above the columns, and what the shades mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// What the cohorts have in common.
    pub title: String,
    /// What the names and what the sizes are.
    pub headings: [String; 2],
    /// Names of the columns.
    pub columns: Vec<String>,
    /// What the shades mean.
    pub scale: Scale,
}

const NAMES: i32 = 64;
const SIZES: i32 = 64;
const LEFT: i32 = NAMES + SIZES + 8;
const TITLE: i32 = 26;
const TOP: i32 = TITLE + 22;
/// Two lines of small text.
const PITCH: i32 = 40;
const GAP: i32 = 2;
/// Wider cells would tear the numbers of a line apart.
const WIDEST: i32 = 84;
const LEGEND: i32 = 36;

/// Draws cohorts under the names of the columns.
///
/// # Errors
/// The picture could not be drawn.
pub fn cohorts(alternative: &Alternative, grid: &Grid, lines: &[Cohort]) -> Result<String> {
    let pitch = ((WIDTH - LEFT) / rows(grid.columns.len()).max(1)).min(WIDEST);
    let bottom = TOP + rows(lines.len()) * PITCH;
    draw(bottom + LEGEND, alternative, |canvas| {
        let [names, sizes] = &grid.headings;
        let heading = TITLE + 8;
        canvas.bold(Ink::Text, LABEL, Align::Left, (0, 10), &fit(&grid.title, LABEL, WIDTH))?;
        canvas.text(Ink::Quiet, SMALL, Align::Left, (0, heading), names)?;
        canvas.text(Ink::Quiet, SMALL, Align::Right, (LEFT - 8, heading), sizes)?;
        for (column, name) in grid.columns.iter().enumerate() {
            let middle = LEFT + rows(column) * pitch + (pitch - GAP) / 2;
            canvas.text(Ink::Quiet, SMALL, Align::Centre, (middle, heading), name)?;
        }
        for (line, cohort) in lines.iter().enumerate() {
            let top = TOP + rows(line) * PITCH;
            let middle = top + (PITCH - GAP) / 2;
            canvas.text(Ink::Text, LABEL, Align::Left, (0, middle), &fit(&cohort.name, LABEL, NAMES))?;
            canvas.text(Ink::Quiet, SMALL, Align::Right, (LEFT - 8, middle), &cohort.size)?;
            for (column, (heat, count)) in cohort.cells.iter().enumerate() {
                let left = LEFT + rows(column) * pitch;
                counted(canvas, heat, count, (left, top), (left + pitch - GAP, top + PITCH - GAP))?;
            }
        }
        legend(canvas, &grid.scale, LEFT, bottom + 12)
    })
}

/// A cell with its share in the upper and its count in the lower half. What is nothing stays white: the grid has an end.
fn counted(canvas: &Canvas<'_>, heat: &Heat, count: &str, from: (i32, i32), to: (i32, i32)) -> Result<()> {
    let (bare, text, ink) = match heat {
        Heat::Nothing => return Ok(()),
        Heat::Few(text) => (Heat::Few(String::new()), text, Ink::Quiet),
        Heat::Share(text, strength) => (Heat::Share(String::new(), *strength), text, Ink::Text),
    };
    cell(canvas, &bare, from, to)?;
    let (middle, height) = (i32::midpoint(from.0, to.0), to.1 - from.1);
    canvas.text(ink, LABEL, Align::Centre, (middle, from.1 + height * 3 / 10), text)?;
    // The table beneath has a count that is wider than its cell.
    if width(count, SMALL) <= to.0 - from.0 {
        canvas.text(ink, SMALL, Align::Centre, (middle, from.1 + height * 3 / 4), count)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triangle_has_a_cell_with_share_and_count_for_each_month_that_has_come_and_no_other() {
        let share = |text: &str, count: &str| (Heat::Share(text.to_owned(), 0.5), count.to_owned());
        let nothing = (Heat::Nothing, String::new());
        let line = |name: &str, cells| Cohort { name: name.to_owned(), size: "40".to_owned(), cells };
        let lines = [
            line("2026-01", vec![share("100", "40"), share("51", "20")]),
            line("2026-02", vec![(Heat::Few("62".to_owned()), "5".to_owned()), nothing]),
        ];
        let grid = Grid {
            title: "by opt-in".to_owned(),
            headings: ["joined", "contacts"].map(str::to_owned),
            columns: vec!["0".to_owned(), "1".to_owned()],
            scale: Scale {
                ends: ["0".to_owned(), "99".to_owned()],
                unit: "%".to_owned(),
                few: "few".to_owned(),
                nothing: None,
            },
        };
        let alternative = Alternative { id: "cohorts".to_owned(), ..Alternative::default() };
        let svg = cohorts(&alternative, &grid, &lines).unwrap();
        // Two shades in the grid and five for the scale; a grey cell in the grid and one in the legend; nothing is outlined.
        assert_eq!(svg.matches("class=\"f-blue\"").count(), 7, "{svg}");
        assert_eq!(svg.matches("class=\"f-track\"").count(), 2, "{svg}");
        assert_eq!(svg.matches("class=\"l-grid\"").count(), 0, "{svg}");
        for printed in ["51", "20", "62", "5", "2026-02", "joined"] {
            assert!(svg.contains(&format!("\n{printed}\n")), "{printed} in {svg}");
        }
    }
}

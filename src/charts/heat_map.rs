//! A heat map: a share for each weekday and hour, as shade and as number.
//!
//! Knows nothing of weekdays. Where there is no share there is no shade; what rests on too little is grey.

use super::theme::{Align, Alternative, Canvas, Ink, LABEL, SMALL, WIDTH, draw, rows};
use crate::error::Result;

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Heat {
    /// Nothing was there.
    Nothing,
    /// A number on which nothing can be built.
    Few(String),
    /// A number, and how strong its shade is, from 0 to 1.
    Share(String, f64),
}

/// What the shades mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The number of the palest and that of the strongest shade.
    pub ends: [String; 2],
    /// What the numbers are.
    pub unit: String,
    /// What grey cells are.
    pub few: String,
    /// What empty cells are, if that is not plain to see.
    pub nothing: Option<String>,
}

const LEFT: i32 = 48;
const TOP: i32 = 24;
const PITCH: i32 = 30;
/// Between two cells.
const GAP: i32 = 2;
const LEGEND: i32 = 36;
const SWATCH: i32 = 22;
const SWATCHES: i32 = 5;

/// Draws rows of cells under the names of the columns.
///
/// # Errors
/// The picture could not be drawn.
pub fn heat_map(
    alternative: &Alternative,
    columns: &[String],
    lines: &[(String, Vec<Heat>)],
    scale: &Scale,
) -> Result<String> {
    let pitch = (WIDTH - LEFT) / rows(columns.len()).max(1);
    let bottom = TOP + rows(lines.len()) * PITCH;
    draw(bottom + LEGEND, alternative, |canvas| {
        for (column, name) in columns.iter().enumerate() {
            let middle = LEFT + rows(column) * pitch + (pitch - GAP) / 2;
            canvas.text(Ink::Quiet, SMALL, Align::Centre, (middle, 10), name)?;
        }
        for (line, (name, cells)) in lines.iter().enumerate() {
            let top = TOP + rows(line) * PITCH;
            canvas.text(Ink::Text, LABEL, Align::Left, (0, top + PITCH / 2), name)?;
            for (column, heat) in cells.iter().enumerate() {
                let left = LEFT + rows(column) * pitch;
                cell(canvas, heat, (left, top), (left + pitch - GAP, top + PITCH - GAP))?;
                let told = match heat {
                    Heat::Nothing => continue,
                    Heat::Few(text) => format!("{text} {}\n{}", scale.unit, scale.few),
                    Heat::Share(text, _) => format!("{text} {}", scale.unit),
                };
                let hour = columns.get(column).map(String::as_str).unwrap_or_default();
                let corner = (left + pitch - GAP, top + PITCH - GAP);
                canvas.mark((left, top), corner, &format!("{name} {hour}\n{told}"));
            }
        }
        legend(canvas, scale, LEFT, bottom + 12)
    })
}

/// A cell between two corners.
pub(super) fn cell(canvas: &Canvas<'_>, heat: &Heat, from: (i32, i32), to: (i32, i32)) -> Result<()> {
    let middle = (i32::midpoint(from.0, to.0), i32::midpoint(from.1, to.1));
    match heat {
        Heat::Nothing => {
            let corners = vec![from, (to.0, from.1), to, (from.0, to.1), from];
            canvas.line(Ink::Grid, 1, corners)
        }
        Heat::Few(text) => {
            canvas.rect(Ink::Track, from, to)?;
            canvas.text(Ink::Quiet, SMALL, Align::Centre, middle, text)
        }
        Heat::Share(text, strength) => {
            canvas.shade(*strength, from, to)?;
            canvas.text(Ink::Text, SMALL, Align::Centre, middle, text)
        }
    }
}

/// The scale from pale to strong, then what the other cells are.
pub(super) fn legend(canvas: &Canvas<'_>, scale: &Scale, left: i32, top: i32) -> Result<()> {
    let (middle, bottom) = (top + 8, top + 16);
    let width = |text: &str| super::theme::width(text, SMALL);
    let [low, high] = &scale.ends;
    let mut x = left;
    canvas.text(Ink::Quiet, SMALL, Align::Left, (x, middle), low)?;
    x += width(low) + 6;
    for swatch in 0..SWATCHES {
        canvas.shade(f64::from(swatch) / f64::from(SWATCHES - 1), (x, top), (x + SWATCH, bottom))?;
        x += SWATCH;
    }
    let high = format!("{high} {}", scale.unit);
    canvas.text(Ink::Quiet, SMALL, Align::Left, (x + 6, middle), &high)?;
    x += width(&high) + 24;
    let others = [(Heat::Few(String::new()), Some(&scale.few)), (Heat::Nothing, scale.nothing.as_ref())];
    for (heat, name) in others.iter().filter_map(|(heat, name)| Some((heat, (*name)?))) {
        cell(canvas, heat, (x, top), (x + SWATCH, bottom))?;
        canvas.text(Ink::Quiet, SMALL, Align::Left, (x + SWATCH + 6, middle), name)?;
        x += SWATCH + width(name) + 24;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_drawn_otherwise_than_a_share_of_zero() {
        let columns = ["08", "09", "10"].map(str::to_owned);
        let cells = vec![Heat::Nothing, Heat::Few("50".to_owned()), Heat::Share("0".to_owned(), 0.0)];
        let scale = Scale {
            ends: ["0".to_owned(), "40".to_owned()],
            unit: "%".to_owned(),
            few: "few".to_owned(),
            nothing: Some("none".to_owned()),
        };
        let alternative = Alternative { id: "map".to_owned(), ..Alternative::default() };
        let svg = heat_map(&alternative, &columns, &[("Mon".to_owned(), cells)], &scale).unwrap();
        // One shade for the cell and five for the scale; one grey cell in the map and one in the legend; likewise outlines.
        assert_eq!(svg.matches("class=\"f-blue\"").count(), 6, "{svg}");
        assert_eq!(svg.matches("class=\"f-track\"").count(), 2, "{svg}");
        assert_eq!(svg.matches("class=\"l-grid\"").count(), 2, "{svg}");
    }
}

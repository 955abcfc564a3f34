//! Opt-outs: soft and hard on top of each other, by segment as rows and by day as columns.
//!
//! Knows nothing of where they come from.

use super::theme::{Align, Alternative, Ink, LABEL, SMALL, WIDTH, along, draw, fit, legend_height, rows, width};
use crate::error::Result;

/// One segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Soft opt-outs.
    pub soft: f64,
    /// Hard opt-outs.
    pub hard: f64,
    /// The main number in words.
    pub value: String,
    /// What explains it.
    pub detail: String,
}

/// One day.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The day, for the axis.
    pub label: String,
    /// Days since the first column's.
    pub offset: i32,
    /// Soft opt-outs.
    pub soft: f64,
    /// Hard opt-outs.
    pub hard: f64,
    /// Their sum in words.
    pub value: String,
}

const PITCH: i32 = 46;
const BAR: i32 = 16;
const HEIGHT: i32 = 150;

/// Draws one row per segment.
///
/// # Errors
/// The picture could not be drawn.
pub fn opt_outs_by_segment(alternative: &Alternative, legend: [&str; 2], bars: &[Bar], largest: f64) -> Result<String> {
    let head = legend_height(&legend) + 10;
    draw(head + rows(bars.len()) * PITCH, alternative, |canvas| {
        canvas.legend(0, &inks(legend))?;
        for (index, bar) in bars.iter().enumerate() {
            let top = head + rows(index) * PITCH;
            canvas.mark((0, top), (WIDTH, top + PITCH - 6), &format!("{}\n{}\n{}", bar.name, bar.value, bar.detail));
            let value = width(&bar.value, LABEL) + 10;
            let name = fit(&bar.name, LABEL, WIDTH - value);
            canvas.text(Ink::Text, LABEL, Align::Left, (0, top + 12), &name)?;
            canvas.bold(Ink::Text, LABEL, Align::Right, (WIDTH, top + 12), &bar.value)?;
            if width(&name, LABEL) + width(&bar.detail, SMALL) + 10 + value <= WIDTH {
                canvas.text(Ink::Quiet, SMALL, Align::Right, (WIDTH - value, top + 12), &bar.detail)?;
            }
            let (soft, all) = (along(bar.soft, largest, WIDTH), along(bar.soft + bar.hard, largest, WIDTH));
            let (above, below) = (top + 22, top + 22 + BAR);
            canvas.rect(Ink::PurpleHatch, (0, above), (soft, below))?;
            canvas.rect(Ink::Slate, (soft, above), (all, below))?;
            canvas.line(Ink::Quiet, 1, vec![(0, above - 2), (0, below + 2)])?;
        }
        Ok(())
    })
}

/// Draws one column per day; days without a column stay empty.
///
/// # Errors
/// The picture could not be drawn.
pub fn opt_outs_by_day(alternative: &Alternative, legend: [&str; 2], columns: &[Column]) -> Result<String> {
    let head = legend_height(&legend) + 22;
    let base = head + HEIGHT;
    let largest = columns.iter().map(|column| column.soft + column.hard).fold(0.0, f64::max);
    let n_days = columns.last().map_or(1, |column| column.offset + 1).max(1);
    let left = |offset: i32| along(f64::from(offset), f64::from(n_days), WIDTH);
    draw(base + 26, alternative, |canvas| {
        canvas.legend(0, &inks(legend))?;
        let (mut number_from, mut label_from) = (0, 0);
        for column in columns {
            let (from, to) = (left(column.offset), left(column.offset + 1));
            // Columns of few days would be slabs.
            let spare = ((to - from - 48).max((to - from) / 6)) / 2;
            let (from, to) = (from + spare, (to - spare).max(from + spare + 1));
            let middle = i32::midpoint(from, to);
            canvas.mark((from, base - HEIGHT), (to, base), &format!("{}\n{}", column.label, column.value));
            let soft = base - along(column.soft, largest, HEIGHT);
            let all = base - along(column.soft + column.hard, largest, HEIGHT);
            canvas.rect(Ink::PurpleHatch, (from, soft), (to, base))?;
            canvas.rect(Ink::Slate, (from, all), (to, soft))?;
            let half = width(&column.value, SMALL) / 2;
            if column.soft + column.hard > 0.0 && middle - half >= number_from && middle + half <= WIDTH {
                canvas.text(Ink::Text, SMALL, Align::Centre, (middle, all - 9), &column.value)?;
                number_from = middle + half + 4;
            }
            let half = width(&column.label, SMALL) / 2;
            let at = middle.clamp(half, (WIDTH - half).max(half));
            if at - half >= label_from {
                canvas.text(Ink::Quiet, SMALL, Align::Centre, (at, base + 15), &column.label)?;
                label_from = at + half + 24;
            }
        }
        canvas.line(Ink::Quiet, 1, vec![(0, base), (WIDTH, base)])
    })
}

fn inks(legend: [&str; 2]) -> [(Ink, &str); 2] {
    let [soft, hard] = legend;
    [(Ink::PurpleHatch, soft), (Ink::Slate, hard)]
}

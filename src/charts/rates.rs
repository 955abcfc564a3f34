//! Rates side by side: one row per segment, one panel per metric, each bar with its interval and its number.
//!
//! Knows nothing of metrics. Every panel has an axis of its own that begins at zero and names its end.

use super::Estimate;
use super::theme::{Align, Alternative, Ink, LABEL, SMALL, WIDTH, along, draw, fit, rows};
use crate::error::Result;

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Its name.
    pub name: String,
    /// The end of the axis, between 0 and 1.
    pub end: f64,
    /// The end in words.
    pub end_label: String,
}

/// One segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What explains it: how many messages.
    pub detail: String,
    /// A cell for every panel.
    pub cells: Vec<Cell>,
}

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Where it ends; `None` draws no bar.
    pub estimate: Option<Estimate>,
    /// The value in words.
    pub label: String,
    /// Its interval and its counts in words.
    pub detail: String,
}

const HEAD: i32 = 26;
const PITCH: i32 = 48;
const BAR: i32 = 14;
const GAP: i32 = 22;
/// Room for `>99.9 %` right of a bar.
const NUMBER: i32 = 62;
const INKS: [Ink; 4] = [Ink::Blue, Ink::Vermillion, Ink::Green, Ink::Slate];

/// Draws all rows in their order.
///
/// # Errors
/// The picture could not be drawn.
pub fn rates(alternative: &Alternative, panels: &[Panel], segments: &[Row]) -> Result<String> {
    let n_panels = rows(panels.len()).max(1);
    let panel = (WIDTH - GAP * (n_panels - 1)) / n_panels;
    let length = (panel - NUMBER).max(10);
    let bottom = HEAD + rows(segments.len()) * PITCH;
    draw(bottom + 4, alternative, |canvas| {
        for (index, metric) in panels.iter().enumerate() {
            let left = rows(index) * (panel + GAP);
            canvas.bold(Ink::Text, SMALL, Align::Left, (left, 8), &fit(&metric.name, SMALL, length - 40))?;
            canvas.text(Ink::Quiet, SMALL, Align::Right, (left + length, 8), &metric.end_label)?;
            canvas.line(Ink::Grid, 1, vec![(left, 20), (left + length, 20)])?;
        }
        for (index, segment) in segments.iter().enumerate() {
            let top = HEAD + rows(index) * PITCH;
            let detail = super::theme::width(&segment.detail, SMALL) + 10;
            let name = fit(&segment.name, LABEL, WIDTH - detail);
            canvas.text(Ink::Text, LABEL, Align::Left, (0, top + 12), &name)?;
            canvas.text(Ink::Quiet, SMALL, Align::Right, (WIDTH, top + 12), &segment.detail)?;
            let (above, middle) = (top + 23, top + 23 + BAR / 2);
            for (index, (cell, (metric, ink))) in
                segment.cells.iter().zip(panels.iter().zip(INKS.iter().cycle())).enumerate()
            {
                let left = rows(index) * (panel + GAP);
                let right = left + length;
                let told = format!("{}\n{}: {}\n{}", segment.name, metric.name, cell.label, cell.detail);
                canvas.mark((left, above - 3), (left + panel, above + BAR + 3), told.trim_end());
                canvas.rect(Ink::Track, (left, above), (right, above + BAR))?;
                if let Some(estimate) = cell.estimate {
                    let at = |share: f64| left + along(share, metric.end, length);
                    canvas.rect(*ink, (left, above), (at(estimate.value), above + BAR))?;
                    if let Some((low, high)) = estimate.interval {
                        canvas.whisker(middle, at(low), at(high))?;
                    }
                }
                let label = fit(&cell.label, SMALL, NUMBER);
                canvas.text(Ink::Text, SMALL, Align::Left, (right + 6, middle), &label)?;
            }
        }
        Ok(())
    })
}

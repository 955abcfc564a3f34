//! Steps below each other: what got there (solid), out of what could have (pale), and what still can (hatched), with counts,
//! shares and intervals.
//!
//! Knows nothing of what the steps are. The open part stands behind the pale one, because open is never lost.

use super::Estimate;
use super::theme::{Align, Alternative, Ink, LABEL, SMALL, WIDTH, along, draw, fit, legend_height, rows, width};
use crate::error::Result;

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// How many got here, and out of how many. `None` if nobody can tell.
    pub reached: Option<(f64, f64)>,
    /// How many may still get here, beside the base.
    pub open: f64,
    /// The share of the base, for its interval.
    pub share: Option<Estimate>,
    /// The main number in words.
    pub value: String,
    /// What explains it.
    pub detail: String,
    /// What its mark tells.
    pub told: String,
}

const PITCH: i32 = 62;
const BAR: i32 = 26;

/// Draws the steps in their order. The legend names the solid, the pale and the hatched part.
///
/// # Errors
/// The picture could not be drawn.
pub fn funnel(alternative: &Alternative, legend: Option<[&str; 3]>, steps: &[Step]) -> Result<String> {
    let ends = steps.iter().filter_map(|step| Some(step.reached?.1 + step.open));
    let largest = ends.fold(0.0, f64::max);
    let head = legend.map_or(0, |names| legend_height(&names) + 10);
    draw(head + rows(steps.len()) * PITCH, alternative, |canvas| {
        if let Some([reached, lost, open]) = legend {
            canvas.legend(0, &[(Ink::Blue, reached), (Ink::Track, lost), (Ink::OpenHatch, open)])?;
        }
        for (index, step) in steps.iter().enumerate() {
            let top = head + rows(index) * PITCH;
            let middle = top + 26 + BAR / 2;
            canvas.mark((0, top), (WIDTH, top + 26 + BAR + 6), &step.told);
            let value = width(&step.value, LABEL) + 12;
            let detail = width(&step.detail, SMALL) + 12;
            canvas.bold(
                Ink::Text,
                LABEL,
                Align::Left,
                (0, top + 12),
                &fit(&step.name, LABEL, WIDTH - value - detail),
            )?;
            canvas.bold(Ink::Text, LABEL, Align::Right, (WIDTH, top + 12), &step.value)?;
            canvas.text(Ink::Quiet, SMALL, Align::Right, (WIDTH - value, top + 12), &step.detail)?;
            let Some((count, base)) = step.reached else {
                canvas.line(Ink::Grid, 1, vec![(0, middle), (WIDTH, middle)])?;
                continue;
            };
            let end = along(base, largest, WIDTH);
            canvas.rect(Ink::Track, (0, top + 26), (end, top + 26 + BAR))?;
            canvas.rect(Ink::OpenHatch, (end, top + 26), (along(base + step.open, largest, WIDTH), top + 26 + BAR))?;
            canvas.rect(Ink::Blue, (0, top + 26), (along(count, largest, WIDTH), top + 26 + BAR))?;
            if let Some((low, high)) = step.share.and_then(|share| share.interval) {
                canvas.whisker(middle, along(low, 1.0, end), along(high, 1.0, end))?;
            }
        }
        Ok(())
    })
}

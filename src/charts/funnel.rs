//! Steps below each other: what got there (solid), out of what could have (pale), with counts, shares and intervals.
//!
//! Knows nothing of what the steps are.

use super::Estimate;
use super::theme::{Align, Alternative, Ink, LABEL, SMALL, WIDTH, along, draw, fit, rows, width};
use crate::error::Result;

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// How many got here, and out of how many. `None` if nobody can tell.
    pub reached: Option<(f64, f64)>,
    /// The share of the base, for its interval.
    pub share: Option<Estimate>,
    /// The main number in words.
    pub value: String,
    /// What explains it.
    pub detail: String,
}

const PITCH: i32 = 62;
const BAR: i32 = 26;

/// Draws the steps in their order.
///
/// # Errors
/// The picture could not be drawn.
pub fn funnel(alternative: &Alternative, steps: &[Step]) -> Result<String> {
    let largest = steps.iter().filter_map(|step| step.reached).map(|(_, base)| base).fold(0.0, f64::max);
    draw(rows(steps.len()) * PITCH, alternative, |canvas| {
        for (index, step) in steps.iter().enumerate() {
            let top = rows(index) * PITCH;
            let middle = top + 26 + BAR / 2;
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
            canvas.rect(Ink::Blue, (0, top + 26), (along(count, largest, WIDTH), top + 26 + BAR))?;
            if let Some((low, high)) = step.share.and_then(|share| share.interval) {
                canvas.whisker(middle, along(low, 1.0, end), along(high, 1.0, end))?;
            }
        }
        Ok(())
    })
}

//! Questions in their order, each a bar of how its visits ended: answered, left for one of four causes, or still open.
//!
//! Knows nothing of flows; the open part is hatched and stands last, because open is never drop-off.

use super::theme::{Align, Alternative, Ink, LABEL, SMALL, WIDTH, along, draw, fit, legend_height, rows, width};
use crate::error::Result;

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered.
    Answered,
    /// Passed over.
    Skipped,
    /// Nothing more was said.
    Silent,
    /// The contact opted out.
    OptedOut,
    /// A human took over.
    HandedOver,
    /// The question never arrived.
    Failed,
    /// Not decided yet.
    Open,
}

impl Outcome {
    fn ink(self) -> Ink {
        match self {
            Self::Answered => Ink::Blue,
            Self::Skipped => Ink::SkyLines,
            Self::Silent => Ink::Vermillion,
            Self::OptedOut => Ink::PurpleHatch,
            Self::HandedOver => Ink::OrangeDots,
            Self::Failed => Ink::Slate,
            Self::Open => Ink::OpenHatch,
        }
    }

    /// Patterns and the lighter colours carry no text.
    fn carries_text(self) -> bool {
        matches!(self, Self::Answered | Self::Silent | Self::Failed)
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its name.
    pub name: String,
    /// Visits by outcome in the order to be drawn, each with its count in words.
    pub parts: Vec<(Outcome, f64, String)>,
    /// The main number in words.
    pub value: String,
    /// What explains it.
    pub detail: String,
    /// What its mark tells.
    pub told: String,
}

const PITCH: i32 = 50;
const BAR: i32 = 20;

/// Draws the questions in their order; `largest` is the length of the axis, shared by charts that belong together.
///
/// # Errors
/// The picture could not be drawn.
pub fn questions(
    alternative: &Alternative,
    legend: &[(Outcome, String)],
    questions: &[Question],
    largest: f64,
) -> Result<String> {
    let names: Vec<&str> = legend.iter().map(|(_, name)| name.as_str()).collect();
    let head = legend_height(&names) + 10;
    draw(head + rows(questions.len()) * PITCH, alternative, |canvas| {
        let entries: Vec<(Ink, &str)> = legend.iter().map(|(outcome, name)| (outcome.ink(), name.as_str())).collect();
        canvas.legend(0, &entries)?;
        for (index, question) in questions.iter().enumerate() {
            let top = head + rows(index) * PITCH;
            canvas.mark((0, top), (WIDTH, top + PITCH - 4), &question.told);
            let value = width(&question.value, LABEL) + 10;
            let detail = width(&question.detail, SMALL) + 10;
            // A long name takes the place of the detail, which stands in the table too.
            let available = WIDTH - value;
            let name = fit(&question.name, LABEL, available);
            canvas.text(Ink::Text, LABEL, Align::Left, (0, top + 12), &name)?;
            canvas.bold(Ink::Text, LABEL, Align::Right, (WIDTH, top + 12), &question.value)?;
            if width(&name, LABEL) + detail <= available {
                canvas.text(Ink::Quiet, SMALL, Align::Right, (WIDTH - value, top + 12), &question.detail)?;
            }
            let (above, below) = (top + 22, top + 22 + BAR);
            let (mut sum, mut left) = (0.0, 0);
            for (outcome, count, label) in &question.parts {
                sum += count;
                let right = along(sum, largest, WIDTH);
                // A gap of one pixel parts neighbours, but never eats a narrow one.
                let end = if right - left > 3 { right - 1 } else { right };
                canvas.rect(outcome.ink(), (left, above), (end, below))?;
                if outcome.carries_text() && width(label, SMALL) + 10 <= end - left {
                    let middle = i32::midpoint(left, end);
                    canvas.text(Ink::OnFill, SMALL, Align::Centre, (middle, above + BAR / 2), label)?;
                }
                left = right;
            }
            canvas.line(Ink::Quiet, 1, vec![(0, above - 2), (0, below + 2)])?;
        }
        Ok(())
    })
}

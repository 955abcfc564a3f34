//! What became of those who stood at a question, time by time: one upright bar for each time, from those who answered at
//! the bottom over those who still wait to those who left at the top.
//!
//! Knows nothing of time: columns come with their labels. Fills next to each other differ in pattern as well as in colour.

use super::Estimate;
use super::theme::{
    Align, Alternative, Canvas, Ink, LABEL, SMALL, WIDTH, along, draw, fit, legend_height, rows, width,
};
use crate::error::Result;

/// What had become of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Answered.
    Answered,
    /// Passed over.
    Skipped,
    /// Nothing yet.
    Waiting,
    /// Nothing more was said.
    Silent,
    /// The bot did not understand, and nothing more was said.
    NotUnderstood,
    /// The contact wanted no more messages.
    Stopped,
    /// The contact blocked the business.
    Blocked,
    /// A human took over.
    HandedOver,
    /// The question never arrived.
    Failed,
}

impl Fate {
    fn ink(self) -> Ink {
        match self {
            Self::Answered => Ink::Blue,
            Self::Skipped => Ink::SkyLines,
            Self::Waiting => Ink::Track,
            Self::Silent => Ink::VermillionHatch,
            Self::NotUnderstood => Ink::GreenBars,
            Self::Stopped => Ink::PurpleHatch,
            Self::Blocked => Ink::PurpleGrid,
            Self::HandedOver => Ink::OrangeDots,
            Self::Failed => Ink::SlateCross,
        }
    }

    /// What its share is written in, if it is written.
    fn text(self) -> Option<Ink> {
        match self {
            Self::Answered => Some(Ink::OnFill),
            Self::Waiting => Some(Ink::Quiet),
            Self::Silent => Some(Ink::Text),
            _ => None,
        }
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Its name.
    pub name: String,
    /// The main number in words.
    pub value: String,
    /// What explains it.
    pub detail: String,
    /// The times in their order.
    pub columns: Vec<Moment>,
}

/// One time.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The time in words.
    pub label: String,
    /// From the bottom to the top, each with its share in words.
    pub parts: Vec<(Fate, Estimate, String)>,
}

const PLOT: i32 = 170;
const HEAD: i32 = 30;
const FOOT: i32 = 40;
/// Room for the ends of axes.
const LEFT: i32 = 58;
const GAP: i32 = 6;

/// Draws the questions below each other. `ends` are the labels of the axis at its bottom, middle and top.
///
/// # Errors
/// The picture could not be drawn.
pub fn course(
    alternative: &Alternative,
    legend: &[(Fate, String)],
    ends: &[String; 3],
    courses: &[Course],
) -> Result<String> {
    let names: Vec<&str> = legend.iter().map(|(_, name)| name.as_str()).collect();
    let head = legend_height(&names) + 10;
    draw(head + rows(courses.len()) * (HEAD + PLOT + FOOT), alternative, |canvas| {
        let entries: Vec<(Ink, &str)> = legend.iter().map(|(fate, name)| (fate.ink(), name.as_str())).collect();
        canvas.legend(0, &entries)?;
        for (index, course) in courses.iter().enumerate() {
            let top = head + rows(index) * (HEAD + PLOT + FOOT);
            let available = WIDTH - width(&course.value, LABEL) - 10;
            let name = fit(&course.name, LABEL, available);
            canvas.text(Ink::Text, LABEL, Align::Left, (0, top + 12), &name)?;
            canvas.bold(Ink::Text, LABEL, Align::Right, (WIDTH, top + 12), &course.value)?;
            let free = available - width(&name, LABEL) - 10;
            if width(&course.detail, SMALL) <= free {
                canvas.text(Ink::Quiet, SMALL, Align::Right, (available, top + 12), &course.detail)?;
            }
            let (ceiling, floor) = (top + HEAD, top + HEAD + PLOT);
            for (label, y) in ends.iter().zip([floor, i32::midpoint(ceiling, floor), ceiling]) {
                canvas.text(Ink::Quiet, SMALL, Align::Right, (LEFT - 8, y), label)?;
                canvas.line(Ink::Grid, 1, vec![(LEFT - 4, y), (WIDTH, y)])?;
            }
            let pitch = (WIDTH - LEFT) / rows(course.columns.len()).max(1);
            let mut free_from = 0;
            for (place, moment) in course.columns.iter().enumerate() {
                let left = LEFT + rows(place) * pitch + GAP;
                let right = left + pitch - GAP;
                bar(canvas, moment, (left, right), floor)?;
                let lines = moment.parts.iter().rev().filter_map(|(fate, _, label)| {
                    let (_, name) = legend.iter().find(|(known, _)| known == fate)?;
                    Some(format!("\n{name}: {label}"))
                });
                let told = format!("{} · {}{}", course.name, moment.label, lines.collect::<String>());
                canvas.mark((left, ceiling), (right, floor), &told);
                let (middle, half) = (i32::midpoint(left, right), width(&moment.label, SMALL) / 2);
                if middle - half >= free_from {
                    canvas.text(Ink::Quiet, SMALL, Align::Centre, (middle, floor + 14), &moment.label)?;
                    free_from = middle + half + 6;
                }
            }
        }
        Ok(())
    })
}

/// One bar, with the interval of its lowest part.
fn bar(canvas: &Canvas<'_>, moment: &Moment, (left, right): (i32, i32), floor: i32) -> Result<()> {
    let y = |share: f64| floor - along(share, 1.0, PLOT);
    let middle = i32::midpoint(left, right);
    let interval = moment.parts.first().and_then(|(_, estimate, _)| estimate.interval);
    let interval = interval.map(|(low, high)| (y(low), y(high)));
    let (mut sum, mut below) = (0.0, floor);
    for (place, (fate, estimate, label)) in moment.parts.iter().enumerate() {
        sum += estimate.value;
        let above = y(sum);
        // A line of one pixel parts neighbours, but never eats a narrow one.
        let end = if below - above > 3 { above + 1 } else { above };
        canvas.rect(fate.ink(), (left, end), (right, below))?;
        // The interval is drawn at the upper edge of the lowest part, whose label stands below it; the others' stand above.
        let (line, free) = match interval {
            Some((low, _)) if place == 0 => (below - 10, below - low.max(above)),
            Some((_, high)) => (above + 11, below.min(high) - above),
            None => (above + 11, below - above),
        };
        let half = width(label, SMALL) / 2;
        if let Some(ink) = fate.text().filter(|_| free >= 20 && 2 * half <= right - left) {
            if *fate == Fate::Silent {
                canvas.rect(Ink::OnFill, (middle - half, line - 8), (middle + half, line + 8))?;
            }
            canvas.text(ink, SMALL, Align::Centre, (middle, line), label)?;
        }
        below = above;
    }
    let Some((low, high)) = interval else { return Ok(()) };
    canvas.line(Ink::OnFill, 3, vec![(middle, low), (middle, high)])?;
    canvas.line(Ink::Whisker, 1, vec![(middle, low), (middle, high)])?;
    for end in [low, high] {
        canvas.line(Ink::Whisker, 1, vec![(middle - 4, end), (middle + 4, end)])?;
    }
    Ok(())
}

//! Two values of each row on one line: where it was, a square, and where it is, a dot.
//!
//! Knows nothing of metrics. Every row has an axis of its own that begins at zero and names its end, because rates differ in size.

use super::Estimate;
use super::theme::{
    Align, Alternative, Canvas, Ink, LABEL, SMALL, WIDTH, along, draw, fit, legend_height, rows, width,
};
use crate::error::Result;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Dumbbell {
    /// Its name.
    pub name: String,
    /// What the difference is, in words.
    pub verdict: String,
    /// Whether it is more than chance; what is not is drawn pale.
    pub differs: bool,
    /// Where it was; `None` draws no square.
    pub before: Option<Estimate>,
    /// Where it is; `None` draws no dot.
    pub now: Option<Estimate>,
    /// Both in words.
    pub labels: [String; 2],
    /// The end of the axis, above zero.
    pub end: f64,
    /// The end in words.
    pub end_label: String,
}

const PITCH: i32 = 58;
/// Room for the end of the axis.
const RIGHT: i32 = 64;
/// Half the height of marks.
const MARK: i32 = 6;
/// What a label may take.
const LABELS: i32 = 200;

/// Draws the rows in their order. The legend names the square and the dot.
///
/// # Errors
/// The picture could not be drawn.
pub fn dumbbell(alternative: &Alternative, legend: [&str; 2], dumbbells: &[Dumbbell]) -> Result<String> {
    let head = legend_height(&legend) + 10;
    draw(head + rows(dumbbells.len()) * PITCH, alternative, |canvas| {
        let mut x = MARK;
        for (place, name) in legend.iter().enumerate() {
            mark(canvas, place, true, (x, 8))?;
            canvas.text(Ink::Quiet, SMALL, Align::Left, (x + 14, 8), name)?;
            x += 14 + width(name, SMALL) + 24;
        }
        for (index, row) in dumbbells.iter().enumerate() {
            line(canvas, row, head + rows(index) * PITCH)?;
        }
        Ok(())
    })
}

fn line(canvas: &Canvas<'_>, row: &Dumbbell, top: i32) -> Result<()> {
    let told = format!("{}\n{}\n{}", row.name, row.labels.join(" → "), row.verdict);
    canvas.mark((0, top), (WIDTH, top + PITCH - 6), &told);
    let verdict = fit(&row.verdict, SMALL, WIDTH / 2);
    let name = fit(&row.name, LABEL, WIDTH - width(&verdict, SMALL) - 10);
    canvas.text(Ink::Text, LABEL, Align::Left, (0, top + 10), &name)?;
    let ink = if row.differs { Ink::Text } else { Ink::Quiet };
    canvas.text(ink, SMALL, Align::Right, (WIDTH, top + 10), &verdict)?;
    let (axis, end) = (top + 30, WIDTH - RIGHT);
    canvas.line(Ink::Grid, 1, vec![(MARK, axis), (end, axis)])?;
    canvas.line(Ink::Grid, 1, vec![(MARK, axis - 4), (MARK, axis + 4)])?;
    canvas.text(
        Ink::Quiet,
        SMALL,
        Align::Left,
        (end + MARK + 4, axis),
        &fit(&row.end_label, SMALL, RIGHT - MARK - 4),
    )?;
    let at = |share: f64| MARK + along(share, row.end, end - MARK);
    if let (Some(before), Some(now)) = (row.before, row.now) {
        let ink = if row.differs { Ink::Blue } else { Ink::Pale };
        let ends = [at(before.value), at(now.value)];
        let [from, to] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        canvas.rect(ink, (from, axis - 2), (to, axis + 2))?;
    }
    let marks = [(0, row.before), (1, row.now)];
    let mut marks: Vec<(usize, Estimate)> =
        marks.into_iter().filter_map(|(place, estimate)| Some((place, estimate?))).collect();
    marks.sort_by(|(_, one), (_, other)| one.value.total_cmp(&other.value));
    // Labels stand to the outer sides of their marks, so that close values do not cover each other.
    let mut free_from = 0;
    let mut labels = Vec::new();
    for (rank, &(place, estimate)) in marks.iter().enumerate() {
        let (x, label) = (at(estimate.value), fit(row.labels.get(place).map_or("", String::as_str), SMALL, LABELS));
        if let Some((low, high)) = estimate.interval {
            let y = if place == 0 { axis - MARK - 3 } else { axis + MARK + 3 };
            canvas.line(Ink::Whisker, 1, vec![(at(low), y), (at(high), y)])?;
        }
        let room = width(&label, SMALL);
        let is_left = rank == 0 && marks.len() > 1;
        let from = if is_left { x + MARK - room } else { x - MARK };
        let from = from.min(WIDTH - room - if is_left { LABELS + 8 } else { 0 }).max(free_from);
        free_from = from + room + 8;
        labels.push((if place == 0 { Ink::Quiet } else { Ink::Text }, from, label));
    }
    for (place, estimate) in marks {
        mark(canvas, place, row.differs, (at(estimate.value), axis))?;
    }
    for (ink, from, label) in labels {
        canvas.text(ink, SMALL, Align::Left, (from, axis + MARK + 13), &label)?;
    }
    Ok(())
}

fn mark(canvas: &Canvas<'_>, place: usize, differs: bool, (x, y): (i32, i32)) -> Result<()> {
    if place == 0 {
        canvas.rect(Ink::Slate, (x - MARK + 1, y - MARK + 1), (x + MARK - 1, y + MARK - 1))
    } else {
        canvas.dot(if differs { Ink::Blue } else { Ink::Pale }, (x, y), MARK)
    }
}

//! How something is spread, one ridge for each row on one axis: areas stand for how many, strokes for the median and for what nine
//! in ten do not exceed.
//!
//! Knows nothing of scales: places on the axis come as shares of its length, whatever lies between them.

use super::theme::{Align, Alternative, Canvas, Ink, LABEL, SMALL, WIDTH, along, draw, fit, rows, width};
use crate::error::Result;

/// Rows that fit into one picture on a printed page.
pub const MOST_RIDGES: usize = 12;

/// All rows on one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridges {
    /// What the strokes are: the median, and what nine in ten do not exceed.
    pub strokes: [String; 2],
    /// Where on the axis from 0 to 1 something is marked, in words.
    pub marks: Vec<(f64, String)>,
    /// The rows.
    pub ridges: Vec<Ridge>,
    /// What is said of rows that are not shown; empty if all are.
    pub more: String,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    /// Its name.
    pub name: String,
    /// Its numbers in words.
    pub value: String,
    /// Where on the axis from 0 to 1 a bin begins and ends, and how many are in it.
    pub bins: Vec<(f64, f64, f64)>,
    /// Where the strokes stand.
    pub strokes: [Option<f64>; 2],
    /// True if it rests on few observations.
    pub few: bool,
    /// What its mark tells.
    pub told: String,
}

const ROW: i32 = 62;
/// Height of the highest bin.
const RIDGE: i32 = 36;
const HEAD: i32 = 44;
/// Room for half a label at either end.
const MARGIN: i32 = 26;

/// Draws the rows in their order.
///
/// # Errors
/// The picture could not be drawn.
pub fn ridges(alternative: &Alternative, chart: &Ridges) -> Result<String> {
    let floor = HEAD + rows(chart.ridges.len()) * ROW;
    let more = if chart.more.is_empty() { 0 } else { 20 };
    draw(floor + 24 + more, alternative, |canvas| {
        legend(canvas, &chart.strokes)?;
        labels(canvas, &chart.marks, HEAD - 12)?;
        for (index, ridge) in chart.ridges.iter().enumerate() {
            let top = HEAD + rows(index) * ROW;
            // Between the words of the rows, so that nothing runs through them.
            for (at, _) in &chart.marks {
                canvas.line(Ink::Grid, 1, vec![(place(*at), top + ROW - RIDGE - 6), (place(*at), top + ROW)])?;
            }
            row(canvas, ridge, top)?;
        }
        labels(canvas, &chart.marks, floor + 13)?;
        canvas.text(Ink::Quiet, SMALL, Align::Left, (0, floor + 33), &fit(&chart.more, SMALL, WIDTH))
    })
}

/// What the two strokes are.
fn legend(canvas: &Canvas<'_>, strokes: &[String; 2]) -> Result<()> {
    let mut left = 0;
    for (which, name) in strokes.iter().enumerate() {
        stroke(canvas, which, left + 6, (2, 16))?;
        canvas.text(Ink::Quiet, SMALL, Align::Left, (left + 16, 9), name)?;
        left += 16 + width(name, SMALL) + 18;
    }
    Ok(())
}

fn labels(canvas: &Canvas<'_>, marks: &[(f64, String)], y: i32) -> Result<()> {
    let mut free_from = 0;
    for (at, label) in marks {
        let half = width(label, SMALL) / 2;
        let x = place(*at).clamp(half, (WIDTH - half).max(half));
        if x - half >= free_from {
            canvas.text(Ink::Quiet, SMALL, Align::Centre, (x, y), label)?;
            free_from = x + half + 6;
        }
    }
    Ok(())
}

fn row(canvas: &Canvas<'_>, ridge: &Ridge, top: i32) -> Result<()> {
    let base = top + ROW - 4;
    let name = fit(&ridge.name, LABEL, WIDTH - width(&ridge.value, SMALL) - 14);
    canvas.text(Ink::Text, LABEL, Align::Left, (0, top + 10), &name)?;
    canvas.text(Ink::Quiet, SMALL, Align::Right, (WIDTH, top + 10), &ridge.value)?;
    canvas.mark((0, top), (WIDTH, base), &ridge.told);
    let density = |&(from, to, count): &(f64, f64, f64)| if to > from { count / (to - from) } else { 0.0 };
    let highest = ridge.bins.iter().map(density).fold(0.0, f64::max);
    let ink = if ridge.few { Ink::Pale } else { Ink::Blue };
    for bin in ridge.bins.iter().filter(|bin| bin.2 > 0.0) {
        let height = along(density(bin), highest, RIDGE).max(1);
        canvas.rect(ink, (place(bin.0), base - height), (place(bin.1).max(place(bin.0) + 1), base))?;
    }
    canvas.line(Ink::Quiet, 1, vec![(MARGIN, base), (WIDTH - MARGIN, base)])?;
    for (which, at) in ridge.strokes.iter().enumerate() {
        if let Some(at) = at {
            stroke(canvas, which, place(*at), (base - RIDGE - 2, base + 2))?;
        }
    }
    Ok(())
}

/// The stroke of the median, or that of nine in ten, which has a dot.
fn stroke(canvas: &Canvas<'_>, which: usize, x: i32, (above, below): (i32, i32)) -> Result<()> {
    canvas.line(Ink::OnFill, 4, vec![(x, above), (x, below)])?;
    canvas.line(Ink::Whisker, 2, vec![(x, above), (x, below)])?;
    if which == 0 { Ok(()) } else { canvas.dot(Ink::Whisker, (x, above + 2), 4) }
}

fn place(at: f64) -> i32 {
    MARGIN + along(at, 1.0, WIDTH - 2 * MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(bins: Vec<(f64, f64, f64)>, few: bool) -> String {
        let ridge = Ridge {
            name: "age".to_owned(),
            value: "median 5 s".to_owned(),
            bins,
            strokes: [Some(0.25), None],
            few,
            told: String::new(),
        };
        let chart = Ridges {
            strokes: ["median", "nine in ten"].map(str::to_owned),
            marks: vec![(0.0, "1 s".to_owned()), (1.0, "1 d".to_owned())],
            ridges: vec![ridge],
            more: "and 3 more".to_owned(),
        };
        ridges(&Alternative { id: "r".into(), ..Alternative::default() }, &chart).unwrap()
    }

    /// Heights of the bins.
    fn heights(svg: &str) -> Vec<i32> {
        let bins = svg.split("<rect ").filter(|piece| piece.contains("f-blue"));
        bins.map(|piece| piece.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn areas_stand_for_how_many() {
        // As many in a bin that is twice as wide: half as high.
        let found = heights(&drawn(vec![(0.0, 0.1, 8.0), (0.1, 0.3, 8.0), (0.3, 0.4, 0.0)], false));
        assert_eq!(found, [RIDGE, RIDGE / 2]);
    }

    #[test]
    fn a_single_answer_can_be_seen_beside_a_million() {
        assert_eq!(heights(&drawn(vec![(0.0, 0.1, 1e6), (0.1, 0.2, 1.0)], false)), [RIDGE, 1]);
    }

    #[test]
    fn few_are_pale_and_those_that_are_not_shown_are_told() {
        let svg = drawn(vec![(0.0, 0.1, 8.0)], true);
        assert!(svg.contains("f-pale") && !svg.contains("f-blue") && svg.contains("and 3 more"));
    }
}

//! Shares that grow with time as steps, each with its interval as a band, and beneath it how many were still watched.
//!
//! Knows nothing of time: places on the axis come as shares of its length, with their labels.

use super::Estimate;
use super::theme::{Align, Alternative, Canvas, Ink, LABEL, SMALL, WIDTH, along, draw, fit, rows, width};
use crate::error::Result;

/// All curves in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// What the shares are of.
    pub title: String,
    /// The upper end of the axis, between 0 and 1.
    pub end: f64,
    /// The middle of the axis and its end in words.
    pub ticks: [String; 2],
    /// What happens at the right end of the axis.
    pub limit: String,
    /// The marks on the axis of time, the first at its beginning and the last at its end.
    pub marks: Vec<AtMark>,
    /// What the numbers beneath are.
    pub watched: String,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// A mark on the axis of time.
#[derive(Clone, Debug, PartialEq)]
pub struct AtMark {
    /// Where on the axis, from 0 to 1.
    pub at: f64,
    /// The time in words.
    pub label: String,
    /// What the invisible mark around it tells.
    pub told: String,
}

/// One curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Its name.
    pub name: String,
    /// Where it ends, in words; or why there is none.
    pub value: String,
    /// Its steps: where on the axis, and the share from there on. None if there is no curve.
    pub steps: Vec<(f64, Estimate)>,
    /// How many were still watched at each mark, in words.
    pub watched: Vec<String>,
}

const HEAD: i32 = 46;
const PLOT: i32 = 250;
/// Room for the ends of the axis.
const LEFT: i32 = 58;
/// Room for the names at the ends of curves.
const RIGHT: i32 = 176;
/// Where the axis of time ends.
const EDGE: i32 = WIDTH - RIGHT;
/// From the axis to the first row beneath.
const FOOT: i32 = 46;
/// A name and its numbers beneath.
const ROW: i32 = 38;
/// A name and its value beside the curve.
const PITCH: i32 = 38;
const INKS: [Ink; 4] = [Ink::Blue, Ink::Vermillion, Ink::Green, Ink::Slate];

/// Draws the curves in their order.
///
/// # Errors
/// The picture could not be drawn.
pub fn curves(alternative: &Alternative, chart: &Curves) -> Result<String> {
    let n = rows(chart.curves.len());
    let plot = PLOT.max((n - 1) * PITCH + 20);
    let floor = HEAD + plot;
    draw(floor + FOOT + n * ROW, alternative, |canvas| {
        frame(canvas, chart, floor)?;
        let inked = || chart.curves.iter().zip(INKS.into_iter().cycle());
        for (curve, ink) in inked() {
            band(canvas, ink, curve, chart.end, floor)?;
        }
        for (curve, ink) in inked() {
            line(canvas, ink, curve, chart.end, floor)?;
        }
        names(canvas, chart, floor)?;
        canvas.text(Ink::Quiet, SMALL, Align::Left, (0, floor + 38), &fit(&chart.watched, SMALL, WIDTH))?;
        for (place, (curve, ink)) in inked().enumerate() {
            let top = floor + FOOT + rows(place) * ROW;
            let ink = if curve.steps.is_empty() { Ink::Quiet } else { ink };
            canvas.bold(ink, SMALL, Align::Left, (0, top + 10), &fit(&curve.name, SMALL, WIDTH))?;
            if curve.steps.is_empty() {
                let value = fit(&curve.value, SMALL, WIDTH - LEFT);
                canvas.text(Ink::Quiet, SMALL, Align::Left, (LEFT, top + 27), &value)?;
                continue;
            }
            let mut free_from = 0;
            for (mark, n) in chart.marks.iter().zip(&curve.watched) {
                let half = width(n, SMALL) / 2;
                let x = (LEFT + along(mark.at, 1.0, EDGE - LEFT)).max(half);
                if x - half >= free_from {
                    canvas.text(Ink::Text, SMALL, Align::Centre, (x, top + 27), n)?;
                    free_from = x + half + 4;
                }
            }
        }
        Ok(())
    })
}

/// Axes, their labels, the limit, and what the marks tell.
fn frame(canvas: &Canvas<'_>, chart: &Curves, floor: i32) -> Result<()> {
    let middle = i32::midpoint(HEAD, floor);
    canvas.bold(Ink::Text, LABEL, Align::Left, (0, 10), &fit(&chart.title, LABEL, WIDTH))?;
    canvas.text(Ink::Quiet, SMALL, Align::Right, (LEFT - 8, floor), "0")?;
    for (label, y) in chart.ticks.iter().zip([middle, HEAD]) {
        canvas.text(Ink::Quiet, SMALL, Align::Right, (LEFT - 8, y), label)?;
        canvas.line(Ink::Grid, 1, vec![(LEFT, y), (EDGE, y)])?;
    }
    canvas.line(Ink::Quiet, 1, vec![(LEFT, floor), (EDGE, floor)])?;
    canvas.line(Ink::Quiet, 1, vec![(EDGE, HEAD - 8), (EDGE, floor)])?;
    let limit = fit(&chart.limit, SMALL, EDGE);
    canvas.text(Ink::Quiet, SMALL, Align::Right, (EDGE, HEAD - 16), &limit)?;
    let x = |at: f64| LEFT + along(at, 1.0, EDGE - LEFT);
    let mut free_from = 0;
    for (place, mark) in chart.marks.iter().enumerate() {
        let at = x(mark.at);
        canvas.line(Ink::Quiet, 1, vec![(at, floor), (at, floor + 5)])?;
        let half = width(&mark.label, SMALL) / 2;
        if at - half >= free_from {
            canvas.text(Ink::Quiet, SMALL, Align::Centre, (at, floor + 16), &mark.label)?;
            free_from = at + half + 6;
        }
        // A mark's neighbourhood ends half way to the next one's.
        let between = |other: Option<&AtMark>| other.map_or(at, |other| i32::midpoint(at, x(other.at)));
        let before = place.checked_sub(1).and_then(|before| chart.marks.get(before));
        canvas.mark((between(before), HEAD), (between(chart.marks.get(place + 1)), floor), &mark.told);
    }
    Ok(())
}

fn band(canvas: &Canvas<'_>, ink: Ink, curve: &Curve, end: f64, floor: i32) -> Result<()> {
    let interval = |estimate: &Estimate| estimate.interval.unwrap_or((estimate.value, estimate.value));
    let above = corners(curve, end, floor, &|estimate| interval(estimate).1);
    let below = corners(curve, end, floor, &|estimate| interval(estimate).0);
    let outline: Vec<(i32, i32)> = above.into_iter().chain(below.into_iter().rev()).collect();
    if outline.len() < 6 { Ok(()) } else { canvas.band(ink, outline) }
}

fn line(canvas: &Canvas<'_>, ink: Ink, curve: &Curve, end: f64, floor: i32) -> Result<()> {
    match corners(curve, end, floor, &|estimate| estimate.value).as_slice() {
        [] => Ok(()),
        [only] => canvas.dot(ink, *only, 3),
        many => canvas.line(ink, 2, many.to_vec()),
    }
}

/// The corners of the steps of something about the shares.
fn corners(curve: &Curve, end: f64, floor: i32, of: &dyn Fn(&Estimate) -> f64) -> Vec<(i32, i32)> {
    let mut corners: Vec<(i32, i32)> = Vec::new();
    for (at, estimate) in &curve.steps {
        let x = LEFT + along(*at, 1.0, EDGE - LEFT);
        let y = floor - along(of(estimate), end, floor - HEAD);
        if let Some(&(_, before)) = corners.last()
            && before != y
        {
            corners.push((x, before));
        }
        corners.push((x, y));
    }
    corners.dedup();
    corners
}

/// Names and values at the ends of the curves, pushed apart where ends are near each other. A stroke stands where a curve ends
/// before its axis does.
fn names(canvas: &Canvas<'_>, chart: &Curves, floor: i32) -> Result<()> {
    let mut ends: Vec<(i32, (i32, i32), &Curve, Ink)> = Vec::new();
    for (curve, ink) in chart.curves.iter().zip(INKS.into_iter().cycle()) {
        if let Some(&end) = corners(curve, chart.end, floor, &|estimate| estimate.value).last() {
            ends.push((end.1, end, curve, ink));
        }
    }
    ends.sort_by_key(|(y, ..)| *y);
    // First down from the top, then up again from the bottom.
    let mut free_from = HEAD;
    for (y, ..) in &mut ends {
        *y = (*y).max(free_from);
        free_from = *y + PITCH;
    }
    let mut free_to = floor - 8;
    for (y, ..) in ends.iter_mut().rev() {
        *y = (*y).min(free_to);
        free_to = *y - PITCH;
    }
    for (y, end, curve, ink) in ends {
        let left = EDGE + 22;
        if end.0 < EDGE {
            canvas.line(ink, 2, vec![(end.0, end.1 - 5), (end.0, end.1 + 5)])?;
        }
        canvas.line(Ink::Grid, 1, vec![(end.0 + 3, end.1), (EDGE + 3, end.1), (EDGE + 18, y)])?;
        canvas.bold(ink, SMALL, Align::Left, (left, y - 8), &fit(&curve.name, SMALL, WIDTH - left))?;
        canvas.text(Ink::Text, SMALL, Align::Left, (left, y + 8), &fit(&curve.value, SMALL, WIDTH - left))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(steps: &[(f64, f64)]) -> Curve {
        let step = |&(at, value): &(f64, f64)| (at, Estimate { value, interval: Some((value - 0.02, value + 0.02)) });
        Curve {
            name: "age".to_owned(),
            value: "41.0 %".to_owned(),
            steps: steps.iter().map(step).collect(),
            watched: vec!["1 200".to_owned(), "31".to_owned()],
        }
    }

    fn drawn(all: Vec<Curve>) -> String {
        let mark = |at: f64, label: &str| AtMark { at, label: label.to_owned(), told: format!("{label}\nage: x") };
        let chart = Curves {
            title: "left".to_owned(),
            end: 0.5,
            ticks: ["25 %".to_owned(), "50 %".to_owned()],
            limit: "window".to_owned(),
            marks: vec![mark(0.0, "0 s"), mark(1.0, "2 d")],
            watched: "still waiting".to_owned(),
            curves: all,
        };
        curves(&Alternative { id: "c".into(), ..Alternative::default() }, &chart).unwrap()
    }

    #[test]
    fn a_share_stays_what_it_was_until_the_next_step() {
        let corners = corners(&curve(&[(0.0, 0.0), (0.5, 0.25), (1.0, 0.25)]), 0.5, HEAD + PLOT, &|step| step.value);
        let (half, low, high) = (LEFT + (EDGE - LEFT) / 2, HEAD + PLOT, HEAD + PLOT / 2);
        assert_eq!(corners, [(LEFT, low), (half, low), (half, high), (EDGE, high)]);
    }

    #[test]
    fn what_has_no_curve_says_why_beneath() {
        let missing = Curve { steps: Vec::new(), value: "n/a: no times".to_owned(), watched: Vec::new(), ..curve(&[]) };
        let svg = drawn(vec![curve(&[(0.0, 0.1), (1.0, 0.4)]), missing]);
        assert!(svg.contains("n/a: no times") && svg.contains("1 200") && svg.matches("<polyline").count() > 0);
        assert_eq!(svg.matches("class=\"mark\"").count(), 2);
    }

    #[test]
    fn names_of_curves_that_end_at_one_place_stand_below_each_other() {
        let svg = drawn(vec![curve(&[(0.0, 0.1), (1.0, 0.4)]); 3]);
        let mut lines: Vec<i32> = svg
            .split("<text ")
            .filter(|piece| piece.contains("font-weight=\"bold\"") && piece.contains("age"))
            .filter(|piece| !piece.starts_with("x=\"0\""))
            .filter_map(|piece| piece.split("y=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect();
        lines.sort_unstable();
        assert!(lines.windows(2).all(|pair| pair[1] - pair[0] >= PITCH), "{lines:?}");
    }
}

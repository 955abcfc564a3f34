//! Days along one axis: how many were sent, and below it one panel per rate with its interval as a band.
//!
//! Knows nothing of calendars: days come as distances from the first. Days that may still change are drawn pale.

use super::Estimate;
use super::theme::{Align, Alternative, Ink, LABEL, SMALL, WIDTH, along, draw, fit, rows, width};
use crate::error::Result;

/// All panels.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Title of the upper panel.
    pub title: String,
    /// The largest count in words.
    pub largest: String,
    /// The days in their order.
    pub points: Vec<Point>,
    /// The rates.
    pub series: Vec<Series>,
}

/// One day.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The day, for the axis.
    pub label: String,
    /// Days since the first.
    pub offset: i32,
    /// What was sent.
    pub count: f64,
    /// False if it may still change.
    pub mature: bool,
    /// What its mark tells.
    pub told: String,
}

/// One rate, with an estimate for every point.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// End of the axis, between 0 and 1.
    pub end: f64,
    /// The end in words.
    pub end_label: String,
    /// The value of the last day that no longer changes, in words.
    pub last_label: String,
    /// `None` where there is no value.
    pub estimates: Vec<Option<Estimate>>,
}

const HEAD: i32 = 24;
const COUNTS: i32 = 64;
const PANEL: i32 = 104;
const BLOCK: i32 = 34;
/// Room for the ends of axes, at least.
const LEFT: i32 = 58;
const INKS: [Ink; 4] = [Ink::Blue, Ink::Vermillion, Ink::Green, Ink::Slate];

/// Draws all panels above one another.
///
/// # Errors
/// The picture could not be drawn.
pub fn trend(alternative: &Alternative, trend: &Trend) -> Result<String> {
    let left = LEFT.max(width(&trend.largest, SMALL) + 10);
    let n_days = trend.points.last().map_or(1, |point| point.offset + 1).max(1);
    let edge = |offset: i32| left + along(f64::from(offset), f64::from(n_days), WIDTH - left);
    let middle = |point: &Point| i32::midpoint(edge(point.offset), edge(point.offset + 1));
    let largest = trend.points.iter().map(|point| point.count).fold(0.0, f64::max);
    let bottom = HEAD + COUNTS + rows(trend.series.len()) * (BLOCK + PANEL);
    draw(bottom + 26, alternative, |canvas| {
        canvas.bold(Ink::Text, LABEL, Align::Left, (left, 8), &trend.title)?;
        let base = HEAD + COUNTS;
        canvas.text(Ink::Quiet, SMALL, Align::Right, (left - 8, HEAD), &trend.largest)?;
        canvas.text(Ink::Quiet, SMALL, Align::Right, (left - 8, base), "0")?;
        for point in &trend.points {
            let (from, to) = (edge(point.offset), edge(point.offset + 1));
            let spare = ((to - from - 48).max((to - from) / 6)) / 2;
            let ink = if point.mature { Ink::Slate } else { Ink::OpenHatch };
            let top = base - along(point.count, largest, COUNTS);
            canvas.mark((from, HEAD - 6), (to, bottom), &point.told);
            canvas.rect(ink, (from + spare, top), ((to - spare).max(from + spare + 1), base))?;
        }
        canvas.line(Ink::Grid, 1, vec![(left, base), (WIDTH, base)])?;
        for (index, (series, ink)) in trend.series.iter().zip(INKS.iter().cycle()).enumerate() {
            let top = base + rows(index) * (BLOCK + PANEL) + BLOCK;
            let floor = top + PANEL;
            let free = WIDTH - left - width(&series.last_label, SMALL) - 12;
            canvas.bold(*ink, LABEL, Align::Left, (left, top - 14), &fit(&series.name, LABEL, free))?;
            canvas.text(Ink::Text, SMALL, Align::Right, (WIDTH, top - 14), &series.last_label)?;
            canvas.text(Ink::Quiet, SMALL, Align::Right, (left - 8, top), &series.end_label)?;
            canvas.text(Ink::Quiet, SMALL, Align::Right, (left - 8, floor), "0")?;
            for y in [top, i32::midpoint(top, floor), floor] {
                canvas.line(Ink::Grid, 1, vec![(left, y), (WIDTH, y)])?;
            }
            let y = |share: f64| floor - along(share, series.end, PANEL);
            for run in runs(&trend.points, &series.estimates) {
                let at = |estimate: &Estimate| estimate.interval.unwrap_or((estimate.value, estimate.value));
                let ink = if run.mature { *ink } else { Ink::Pale };
                match run.points.as_slice() {
                    [(point, estimate)] => {
                        let (low, high) = at(estimate);
                        let x = middle(point);
                        canvas.line(ink, 1, vec![(x, y(low)), (x, y(high))])?;
                    }
                    many => {
                        let highs = many.iter().map(|(point, estimate)| (middle(point), y(at(estimate).1)));
                        let lows = many.iter().rev().map(|(point, estimate)| (middle(point), y(at(estimate).0)));
                        canvas.band(ink, highs.chain(lows).collect())?;
                        let line = many.iter().map(|(point, estimate)| (middle(point), y(estimate.value)));
                        canvas.line(ink, 2, line.collect())?;
                    }
                }
                if n_days <= 62 || run.points.len() == 1 {
                    // A run of days that may still change begins at the last day that does not, which has its own dot.
                    for (point, estimate) in run.points.iter().filter(|(point, _)| point.mature == run.mature) {
                        canvas.dot(ink, (middle(point), y(estimate.value)), 3)?;
                    }
                }
            }
        }
        let mut free_from = 0;
        for point in &trend.points {
            let half = width(&point.label, SMALL) / 2;
            let x = middle(point).clamp(half, (WIDTH - half).max(half));
            if x - half >= free_from {
                canvas.text(Ink::Quiet, SMALL, Align::Centre, (x, bottom + 15), &point.label)?;
                free_from = x + half + 24;
            }
        }
        Ok(())
    })
}

/// Neighbouring days that have a value and the same maturity.
struct Run<'a> {
    mature: bool,
    points: Vec<(&'a Point, Estimate)>,
}

/// Cuts a series where a day is missing or has no value: a line across a gap would invent values.
fn runs<'a>(points: &'a [Point], estimates: &[Option<Estimate>]) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    let mut before: Option<(&Point, Estimate)> = None;
    for (point, estimate) in points.iter().zip(estimates) {
        let Some(estimate) = *estimate else {
            before = None;
            continue;
        };
        let joined = before.filter(|(last, _)| last.offset + 1 == point.offset);
        match (joined, runs.last_mut()) {
            (Some(_), Some(run)) if run.mature == point.mature => run.points.push((point, estimate)),
            (Some(last), _) => runs.push(Run { mature: point.mature, points: vec![last, (point, estimate)] }),
            (None, _) => runs.push(Run { mature: point.mature, points: vec![(point, estimate)] }),
        }
        before = Some((point, estimate));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_a_day_is_missing_and_change_where_days_are_immature() {
        let point = |offset, mature| Point { label: String::new(), offset, count: 1.0, mature, told: String::new() };
        let some = Some(Estimate { value: 0.5, interval: None });
        let points = [point(0, true), point(1, true), point(3, true), point(4, true), point(5, true), point(6, false)];
        let lengths: Vec<_> = runs(&points, &[some, some, some, None, some, some])
            .iter()
            .map(|run| (run.points.len(), run.mature))
            .collect();
        assert_eq!(lengths, [(2, true), (1, true), (1, true), (2, false)]);
    }
}

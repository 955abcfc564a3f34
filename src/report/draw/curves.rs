//! The chart of who has left, by time since the question: one curve for each question of the table, with the steps of the
//! table that people do not read.

use super::leaving::written;
use super::{Words, alternative, end_above};
use crate::charts::{self, AtMark, Curve, Curves, Estimate};
use crate::error::Result;
use crate::measures::{Row, Table, Value};
use crate::report::model::Report;

/// Rows of a table by the question that stands in front.
struct Placed<'t> {
    table: &'t Table,
    n_names: usize,
}

impl<'t> Placed<'t> {
    /// The table of this name; the names of its rows end before this column.
    fn of(tables: &'t [Table], id: &str, before: &str) -> Option<Self> {
        let table = tables.iter().find(|table| table.id == id)?;
        let n_names = table.columns.iter().position(|column| column.name == before)?;
        Some(Self { table, n_names })
    }

    fn names(&self, row: &'t Row) -> Option<&'t [Value]> {
        row.cells.get(..self.n_names)
    }

    fn cell(&self, row: &'t Row, name: &str) -> Option<&'t Value> {
        row.cells.get(self.table.columns.iter().position(|column| column.name == name)?)
    }

    fn seconds(&self, row: &Row) -> Option<i64> {
        if let Some(Value::Seconds(seconds)) = self.cell(row, "after_s") { Some(*seconds) } else { None }
    }

    fn share(&self, row: &Row) -> Option<Estimate> {
        match self.cell(row, "left") {
            Some(Value::Share { value, interval }) => Some(Estimate { value: *value, interval: *interval }),
            _ => None,
        }
    }
}

/// The chart, if any question was left.
pub(super) fn charts(report: &Report, words: &Words<'_>) -> Result<Vec<String>> {
    let language = words.language;
    let measured = report.measures.iter().find(|measured| measured.measure.id == "leaving");
    let tables = measured.map_or(&[][..], |measured| &measured.tables);
    let at_marks = Placed::of(tables, "curves", "visits");
    let (Some(at_marks), Some(steps)) = (at_marks, Placed::of(tables, "curve_steps", "after_s")) else {
        return Ok(Vec::new());
    };
    let window = at_marks.table.rows.iter().filter_map(|row| at_marks.seconds(row)).max().unwrap_or_default();
    if window == 0 {
        return Ok(Vec::new());
    }
    let questions: Vec<&[Row]> =
        at_marks.table.rows.chunk_by(|left, right| at_marks.names(left) == at_marks.names(right)).collect();
    let curves: Vec<Curve> = questions.iter().map(|rows| curve(rows, &at_marks, &steps, window, words)).collect();
    let mut times: Vec<i64> =
        at_marks.table.rows.iter().filter_map(|row| at_marks.seconds(row)).chain([0, window]).collect();
    times.sort_unstable();
    times.dedup();
    let marks = times.iter().map(|&time| AtMark {
        at: part(time, window),
        label: language.duration(time),
        told: told(time, &questions, &curves, &at_marks, words),
    });
    let shares = curves.iter().flat_map(|curve| &curve.steps).map(|(_, estimate)| estimate);
    let end = end_above(shares.map(|share| share.interval.map_or(share.value, |(_, high)| high)).fold(0.0, f64::max));
    let chart = Curves {
        title: language.say("chart-curves"),
        end,
        ticks: [end / 2.0, end].map(|share| language.tick(share)),
        limit: language.say_with("chart-curves.window", &[("window", language.duration(window).into())]),
        marks: marks.collect(),
        watched: language.say("chart-curves.at_risk"),
        curves,
    };
    let described: Vec<String> = chart.curves.iter().map(|curve| format!("{}: {}", curve.name, curve.value)).collect();
    let alternative = alternative("chart-leaving-curves", at_marks.table.title.clone(), &described);
    Ok(vec![charts::curves(&alternative, &chart)?])
}

/// The curve of one question.
fn curve(rows: &[Row], at_marks: &Placed<'_>, steps: &Placed<'_>, window: i64, words: &Words<'_>) -> Curve {
    let language = words.language;
    let names = rows.first().and_then(|row| at_marks.names(row)).unwrap_or_default();
    let of_question = steps.table.rows.iter().filter(|row| steps.names(row) == Some(names));
    let points: Vec<(i64, Estimate)> =
        of_question.filter_map(|row| Some((steps.seconds(row)?, steps.share(row)?))).collect();
    let value = match points.last() {
        None => language.say("chart-curves.missing"),
        Some((time, estimate)) => {
            let share = language.percent(estimate.value);
            if *time < window {
                let ended = [("share", share.into()), ("time", language.duration(*time).into())];
                language.say_with("chart-curves.ended", &ended)
            } else {
                let last = Value::Share { value: estimate.value, interval: estimate.interval };
                let [share, between, _] = language.written(&last);
                if between.is_empty() { share } else { format!("{share} ({between})") }
            }
        }
    };
    let watched = match points.as_slice() {
        [] => Vec::new(),
        _ => rows.iter().filter_map(|row| at_marks.cell(row, "at_risk")).map(|n| written(n, words)).collect(),
    };
    Curve {
        name: names.iter().map(|name| written(name, words)).collect::<Vec<_>>().join(" · "),
        value,
        steps: points.into_iter().map(|(time, estimate)| (part(time, window), estimate)).collect(),
        watched,
    }
}

/// What all questions say of a time.
fn told(time: i64, questions: &[&[Row]], curves: &[Curve], at_marks: &Placed<'_>, words: &Words<'_>) -> String {
    let language = words.language;
    let of_question = |(rows, curve): (&&[Row], &Curve)| {
        let row = rows.iter().find(|row| at_marks.seconds(row) == Some(time));
        let said = match row.and_then(|row| Some((at_marks.share(row)?, at_marks.cell(row, "at_risk")?))) {
            Some((share, n)) => {
                let told = [("share", language.percent(share.value).into()), ("n", written(n, words).into())];
                language.say_with("chart-curves.told", &told)
            }
            None if curve.steps.is_empty() => curve.value.clone(),
            None => language.say("chart-curves.unseen"),
        };
        format!("\n{}: {said}", curve.name)
    };
    let lines: String = questions.iter().zip(curves).map(of_question).collect();
    format!("{}{lines}", language.duration(time))
}

/// A time as a share of the window.
#[expect(clippy::cast_precision_loss, reason = "seconds of a window stay far below 2^53")]
fn part(time: i64, window: i64) -> f64 {
    time as f64 / window as f64
}

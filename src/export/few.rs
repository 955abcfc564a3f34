//! Few: aggregates that rest on so few observations that they could tell of one person are left out, and with them what would
//! tell them by its total. Counts nothing.

use std::collections::BTreeSet;

use crate::funnel::{self, Step};
use crate::measures::{Measured, suppression};
use crate::metrics::Answer;
use crate::statistics::disclosure::withheld;

/// Leaves out what rests on fewer than `minimum` observations.
pub(super) fn leave_out(
    answers: &mut [Answer],
    measured: &mut [Measured],
    funnels: &mut [funnel::Answer],
    minimum: u64,
) {
    let before = segments(answers);
    suppression::of_answers(answers, minimum);
    // Days of a segment that is left out as a whole would add up to it.
    let left = segments(answers);
    let gone: BTreeSet<&Segment> = before.difference(&left).collect();
    if !gone.is_empty() {
        for answer in answers.iter_mut().filter(|answer| answer.by.len() > 1) {
            let (metric, by) = (&answer.metric, &answer.by);
            let is_gone = |(column, value): (&String, &Option<String>)| {
                gone.contains(&(metric.clone(), column.clone(), value.clone()))
            };
            answer.rows.retain(|row| !by.iter().zip(&row.segment).any(is_gone));
        }
    }
    for measured in measured {
        suppression::of_tables(measured, minimum);
    }
    for answer in funnels {
        of_funnel(answer, minimum);
    }
}

/// Metric, column and value.
type Segment = (String, String, Option<String>);

/// The segments of answers that are broken down by one column.
fn segments(answers: &[Answer]) -> BTreeSet<Segment> {
    let mut segments = BTreeSet::new();
    for answer in answers {
        if let [column] = answer.by.as_slice() {
            let values = answer.rows.iter().filter_map(|row| row.segment.first());
            segments.extend(values.map(|value| (answer.metric.clone(), column.clone(), value.clone())));
        }
    }
    segments
}

/// Steps of all ways together end before the first that few could reach. A segment goes as a whole, because its steps could be
/// told from those of the others.
fn of_funnel(answer: &mut funnel::Answer, minimum: u64) {
    if answer.by.is_empty() {
        for row in &mut answer.rows {
            let is_small = |(place, step): (usize, &Step)| (1..minimum).contains(&could(place, step));
            let kept = row.steps.iter().enumerate().position(is_small).unwrap_or(row.steps.len());
            row.steps.truncate(kept);
        }
        return;
    }
    let size = |row: &funnel::Row| {
        let sizes = row.steps.iter().enumerate().map(|(place, step)| could(place, step));
        sizes.filter(|n| *n > 0).min().unwrap_or_default()
    };
    let cells: Vec<_> = answer.rows.iter().map(|row| (row.segment.as_slice(), size(row))).collect();
    let mut hidden = withheld(&cells, minimum).into_iter();
    answer.rows.retain(|_| hidden.next() != Some(true));
}

/// How many could reach the step.
fn could(place: usize, step: &Step) -> u64 {
    if place == 0 { step.reached } else { step.from_previous.denominator }
}

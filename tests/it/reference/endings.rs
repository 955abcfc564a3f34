//! How visits end and what follows them, by the naive facts: the counts of the metrics that measures of leaving ask for.

use trichter::event::SECOND;

use super::contact::{DAY, Visit};

/// What ended it, by its cause.
pub(super) fn ending(visit: &Visit) -> &'static str {
    match visit.outcome {
        "opted_out" => last(visit, &["stopped", "blocked"]).map_or("", |(_, cause)| cause),
        "silent" if visit.not_understood => "not_understood",
        outcome => outcome,
    }
}

/// The last time that it ended in one of these ways.
fn last(visit: &Visit, causes: &[&str]) -> Option<(i64, &'static str)> {
    visit.ends.iter().rev().find(|(_, cause)| causes.contains(cause)).copied()
}

/// Whole seconds until then. Silence shows after the session gap, which is a day in the tests.
pub(super) fn waited_s(visit: &Visit, horizon: i64) -> Option<i64> {
    let ended_at = match ending(visit) {
        "answered" => return visit.answer_s,
        "failed" => visit.asked_at,
        "open" => horizon,
        "silent" | "not_understood" => visit.last_act_at + DAY,
        cause => last(visit, &[cause])?.0,
    };
    Some((ended_at - visit.asked_at).div_euclid(SECOND))
}

/// Whether another question followed or the conversation was completed; `None` while that is not known.
pub(super) fn goes_on(visit: &Visit) -> Option<bool> {
    match visit.closes {
        Some("open") => None,
        Some("completed") => Some(true),
        _ => Some(visit.next_question.is_some()),
    }
}

//! Passes and loops, by the naive facts: every visit is held against all others of its conversation.

use trichter::event::SECOND;

use super::contact::{Facts, Visit};
use super::counts::{Place, Tally};
use super::endings;

pub(super) fn rank(visit: &Visit) -> usize {
    ["answered", "open", "skipped"].iter().position(|outcome| *outcome == visit.outcome).unwrap_or(3)
}

/// Seconds and acts from standing at the question the first time to standing there again, if the visit is a loop.
fn circle(visits: &[Visit], number: usize) -> Option<(i64, u64)> {
    let visit = &visits[number];
    let name = |visit: &Visit| (visit.flow.clone(), visit.question.clone());
    let (from, to) = if number >= 2 && name(&visits[number - 2]) == name(visit) {
        (visits[number - 2].prompts[0], visit.prompts[0])
    } else if visit.prompts.len() >= 3 {
        (visit.prompts[0], visit.prompts[visit.prompts.len() - 1])
    } else {
        return None;
    };
    Some(((to.0 - from.0).div_euclid(SECOND), to.1 - from.1))
}

pub(super) fn count(tally: &mut Tally<'_>, facts: &Facts, channel: &str, in_scope: &dyn Fn(i64) -> bool) {
    let mut rest = facts.visits.as_slice();
    for &n_visits in &facts.n_visits {
        let (visits, others) = rest.split_at(n_visits);
        rest = others;
        for (number, visit) in visits.iter().enumerate().filter(|(_, visit)| in_scope(visit.asked_at)) {
            let ending = Some(endings::ending(visit));
            let place =
                &Place { channel, campaign: &visit.campaign, flow: &visit.flow, question: &visit.question, ending };
            let is_same = |other: &Visit| (&other.flow, &other.question) == (&visit.flow, &visit.question);
            let passes = || visits.iter().enumerate().filter(|(_, other)| is_same(other));
            let is_first = passes().all(|(other, _)| other >= number);
            let is_best = passes().all(|(other, pass)| (rank(pass), other) >= (rank(visit), number));
            let left = rank(visit) == 3;
            if visit.outcome != "open" {
                if is_first {
                    tally.count("question_drop_off_rate@first_pass", place, left);
                }
                if is_best {
                    tally.count("question_drop_off_rate@best_pass", place, left);
                }
            }
            let circle = circle(visits, number);
            tally.count("question_loop_rate", place, circle.is_some());
            tally.value("loop_seconds", place, circle.map(|(seconds, _)| seconds));
            tally.value("loop_acts", place, circle.and_then(|(_, acts)| i64::try_from(acts).ok()));
        }
    }
}

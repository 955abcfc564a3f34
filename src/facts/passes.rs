//! Passes: which visit to a question was the conversation's best, and which went round in a loop. Looks at the visits of one
//! contact once all of them are known.

use super::NONE;
use super::visits::{OUTCOMES, Visit};
use crate::event::SECOND;

/// The kinds of loops.
pub(super) const LOOPS: &[&str] = &["asked_again", "back_and_forth"];
const ASKED_AGAIN: u32 = 1;
const BACK_AND_FORTH: u32 = 2;

/// Prompts of one visit from which on it is a loop: the first answer that cannot be used is a slip, the second is not.
const MANY_PROMPTS: i64 = 3;

/// Where the contact stood when a question was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// When.
    pub(super) at: i64,
    /// What either side had sent, tapped or clicked in the conversation by then.
    pub(super) n_acts: i64,
}

/// What a visit is among those of its conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pass {
    /// No other pass of the question in the conversation came further; none earlier came as far.
    pub(super) is_best: bool,
    /// A place in [`LOOPS`], counted from 1; 0: it is no loop.
    pub(super) loop_kind: u32,
    /// Whole seconds, and acts of both sides, from standing at the question to standing there again the last time.
    pub(super) loop_s: i64,
    pub(super) n_loop_acts: i64,
}

/// How far a visit came: answered, still open, passed over, left.
fn rank(visit: &Visit) -> u8 {
    match OUTCOMES.get((visit.outcome() as usize).wrapping_sub(1)) {
        Some(&"answered") => 0,
        Some(&"open") => 1,
        Some(&"skipped") => 2,
        _ => 3,
    }
}

fn is_same(visit: &Visit, other: &Visit) -> bool {
    (visit.conversation, visit.flow, visit.question) == (other.conversation, other.flow, other.question)
}

/// The visit from which one question led away and straight back: the conversation's last but one, if it was to the same
/// question.
pub(super) fn origin<'v>(before: &'v [Visit], visit: &Visit) -> Option<&'v Visit> {
    let last_but_one = before.iter().rev().filter(|other| other.conversation == visit.conversation).nth(1);
    last_but_one.filter(|origin| is_same(origin, visit))
}

/// Finds best passes and loops. Visits stand in the order in which they began.
pub(super) fn conclude(visits: &mut [Visit]) {
    for number in 0..visits.len() {
        let (before, rest) = visits.split_at_mut(number);
        let Some(visit) = rest.first_mut() else { return };
        let mut pass = Pass { is_best: true, loop_s: NONE, n_loop_acts: NONE, ..Pass::default() };
        if visit.pass > 1
            && let Some(best) = before.iter_mut().find(|other| other.passes.is_best && is_same(other, visit))
        {
            // Of equals, the earlier is the best.
            pass.is_best = rank(visit) < rank(best);
            best.passes.is_best = !pass.is_best;
        }
        let back = origin(before, visit).map(|origin| (origin.first, BACK_AND_FORTH));
        let again = (visit.n_prompts >= MANY_PROMPTS).then_some((visit.first, ASKED_AGAIN));
        if let Some((from, kind)) = back.or(again) {
            let to = if kind == BACK_AND_FORTH { visit.first } else { visit.last };
            pass.loop_kind = kind;
            pass.loop_s = (to.at - from.at).div_euclid(SECOND);
            pass.n_loop_acts = to.n_acts - from.n_acts;
        }
        visit.passes = pass;
    }
}

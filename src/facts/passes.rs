//! Passes: which visit to a question was the conversation's best, and which went round in a loop. Looks at the visits of one
//! contact once all of them are known.

use super::NONE;
use super::index::Index;
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
    /// The visit from which one question led away and straight back to this one, by its place.
    pub(super) origin: Option<usize>,
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

/// The last visits of a conversation, by their places.
#[derive(Clone, Copy)]
struct Latest {
    last: usize,
    last_but_one: Option<usize>,
}

/// Finds best passes and loops. Visits stand in the order in which they began.
pub(super) fn conclude(visits: &mut [Visit]) {
    let (mut latest, mut best): (Index<usize, Latest>, Index<_, usize>) = (Index::default(), Index::default());
    for number in 0..visits.len() {
        let (before, rest) = visits.split_at_mut(number);
        let Some(visit) = rest.first_mut() else { return };
        let mut pass = Pass { is_best: true, loop_s: NONE, n_loop_acts: NONE, ..Pass::default() };
        let of_question = (visit.conversation, visit.flow, visit.question);
        if visit.pass > 1
            && let Some(best) = best.get(of_question).and_then(|place| before.get_mut(place))
        {
            // Of equals, the earlier is the best.
            pass.is_best = rank(visit) < rank(best);
            best.passes.is_best = !pass.is_best;
        }
        if pass.is_best {
            best.insert(of_question, number);
        }
        let known = latest.get(visit.conversation);
        latest.insert(visit.conversation, Latest { last: number, last_but_one: known.map(|known| known.last) });
        let origin = known.and_then(|known| Some((known.last_but_one?, before.get(known.last_but_one?)?)));
        let origin = origin.filter(|(_, origin)| is_same(origin, visit));
        pass.origin = origin.map(|(place, _)| place);
        let back = origin.map(|(_, origin)| (origin.first, BACK_AND_FORTH));
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

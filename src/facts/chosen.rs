//! Chosen: what the log tells of the answers that were given at a visit: whether one was given again in a loop, and which of
//! the declared options it was.

use super::declared::Flows;
use super::visits::Visit;
use crate::store::words::NULL;

/// The columns of visits for which answers have to be read.
pub(super) const COLUMNS: &[&str] = &["chosen_option", "option_known", "loop_answers"];

/// What the answers of a loop are.
pub(super) const LOOP_ANSWERS: &[&str] = &["same", "different"];
const SAME: u32 = 1;
const DIFFERENT: u32 = 2;

/// The answers given at a visit, one for each time the question was asked. Those that the log does not tell are left aside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given {
    /// Since the question was asked last.
    now: u32,
    /// Of the times before, the first and the last.
    first: u32,
    last: u32,
    /// There were several; one was followed by its like.
    several: bool,
    repeated: bool,
    /// The declared option that was given last.
    pub(super) option: u32,
    /// The question has declared options, and the answer is known.
    pub(super) is_known: bool,
    /// A place in [`LOOP_ANSWERS`], counted from 1.
    pub(super) in_loop: u32,
}

impl Given {
    /// Takes an answer; a later one to the same prompt stands in its place.
    pub(super) fn take(&mut self, answer: u32) {
        if answer != NULL {
            self.now = answer;
        }
    }

    /// The question is asked again.
    pub(super) fn ask_again(&mut self) {
        let answer = std::mem::take(&mut self.now);
        if answer == NULL {
            return;
        }
        if self.first == NULL {
            self.first = answer;
        } else {
            self.several = true;
            self.repeated |= self.last == answer;
        }
        self.last = answer;
    }

    /// What its answers are after those of an earlier visit, if at least two are known.
    fn compared(&self, origin: Option<&Self>) -> u32 {
        let before = origin.map_or(NULL, |origin| origin.last);
        let follows = before != NULL && self.first != NULL;
        match () {
            () if self.repeated || (follows && before == self.first) => SAME,
            () if self.several || follows => DIFFERENT,
            () => NULL,
        }
    }
}

/// Says what the answers were, once all are known and loops are found. Visits stand in the order in which they began.
pub(super) fn conclude(visits: &mut [Visit], flows: &Flows) {
    for number in 0..visits.len() {
        let (before, rest) = visits.split_at_mut(number);
        let Some(visit) = rest.first_mut() else { return };
        visit.given.ask_again();
        if visit.passes.loop_kind != NULL {
            let origin = visit.passes.origin.and_then(|place| before.get(place)).map(|origin| &origin.given);
            visit.given.in_loop = visit.given.compared(origin);
        }
        let answer = visit.given.last;
        if answer != NULL
            && let Some(options) = flows.options(visit)
        {
            visit.given.is_known = true;
            visit.given.option = if options.contains(&answer) { answer } else { NULL };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(answers: &[u32]) -> Given {
        let mut given = Given::default();
        for &answer in answers {
            given.take(answer);
            given.ask_again();
        }
        given
    }

    #[test]
    fn an_answer_is_the_same_as_the_one_before_it() {
        assert_eq!(given(&[7, 7]).compared(None), SAME);
        assert_eq!(given(&[7, 8, 7]).compared(None), DIFFERENT);
        assert_eq!(given(&[7, 8, 8]).compared(None), SAME);
        // What is not told is left aside: between two it says nothing, and one alone is like nothing.
        assert_eq!(given(&[7, NULL, 7]).compared(None), SAME);
        assert_eq!(given(&[NULL, 7]).compared(None), NULL);
        assert_eq!(given(&[]).compared(None), NULL);
    }

    #[test]
    fn after_a_return_the_answers_of_both_visits_count() {
        let [yes, no, nothing] = [given(&[7]), given(&[8]), given(&[])];
        assert_eq!([yes.compared(Some(&yes)), no.compared(Some(&yes))], [SAME, DIFFERENT]);
        assert_eq!([nothing.compared(Some(&yes)), yes.compared(Some(&nothing))], [NULL, NULL]);
        // Of the earlier visit, the last answer counts.
        assert_eq!(yes.compared(Some(&given(&[7, 8]))), DIFFERENT);
    }

    #[test]
    fn the_last_of_several_answers_to_a_prompt_is_the_answer() {
        let mut given = Given::default();
        given.take(7);
        given.take(8);
        given.take(NULL);
        given.ask_again();
        assert_eq!(given.last, 8);
    }
}

//! Ways: how a contact came to each question of a flow, and which was the furthest that each conversation reached. So what
//! is counted as "reached this question or a later one" never rises along the flow, whatever loops and branches there are.

use super::conversations::Conversation;
use super::declared::{Flows, Place};
use super::index::Index;
use super::visits::Visit;

/// The columns of visits for which ways have to be found.
pub(super) const COLUMNS: &[&str] = &["entry", "is_furthest"];

/// How a contact can come to a question.
pub(super) const ENTRIES: &[&str] = &["fresh", "resumed", "returned", "back", "onward"];
const FRESH: u32 = 1;
const RESUMED: u32 = 2;
const RETURNED: u32 = 3;
const BACK: u32 = 4;
const ONWARD: u32 = 5;

/// The furthest question of a flow that a conversation has reached: its declared place, if it has one, and its name.
type Furthest = Option<(Option<usize>, u32)>;

/// With which conversation and question the contact began a flow.
#[derive(Clone, Copy)]
struct Beginning {
    conversation: usize,
    question: u32,
}

/// What is known of a contact's ways while going through the visits. It is used for one contact after the other.
#[derive(Default)]
pub(super) struct Ways {
    /// By conversation and flow.
    furthest: Index<(usize, u32), Furthest>,
    /// By account and flow; of several conversations, the latest.
    begun: Index<(u32, u32), Beginning>,
}

impl Ways {
    /// Says of each visit how it came about and whether it is the furthest. Visits stand in the order in which they began, and
    /// their best passes are known.
    pub(super) fn conclude(&mut self, visits: &mut [Visit], conversations: &[Conversation], flows: &Flows) {
        self.furthest.clear();
        self.begun.clear();
        for visit in visits.iter_mut() {
            let key = (visit.conversation, visit.flow);
            let place = flows.place(visit);
            let known = self.furthest.get(key);
            visit.entry = match known {
                None => self.begin(visit, place, conversations),
                Some(_) if visit.enters => RETURNED,
                Some(furthest) if visit.pass > 1 || is_before(place, furthest) => BACK,
                Some(_) => ONWARD,
            };
            let furthest = known.flatten();
            let is_further = match (place, furthest) {
                (Place::At(place), Some((Some(reached), _))) => place > reached,
                (Place::At(_), _) => true,
                (Place::Unlisted, _) | (Place::Undeclared, Some((Some(_), _))) => false,
                (Place::Undeclared, _) => visit.pass == 1,
            };
            let place = if let Place::At(place) = place { Some(place) } else { None };
            self.furthest.insert(key, if is_further { Some((place, visit.question)) } else { furthest });
        }
        for visit in visits.iter_mut().filter(|visit| visit.passes.is_best) {
            let furthest = self.furthest.get((visit.conversation, visit.flow)).flatten();
            visit.is_furthest = furthest.is_some_and(|(_, question)| question == visit.question);
        }
    }

    /// The conversation's first visit to the flow.
    fn begin(&mut self, visit: &Visit, place: Place, conversations: &[Conversation]) -> u32 {
        let key = (visit.account, visit.flow);
        let is_left = |begun: &Beginning| conversations.get(begun.conversation).is_some_and(|known| !known.completed);
        let left = self.begun.get(key).filter(is_left).filter(|begun| match place {
            Place::At(place) => place > 0,
            Place::Unlisted => true,
            Place::Undeclared => visit.question != begun.question,
        });
        let question = left.map_or(visit.question, |begun| begun.question);
        self.begun.insert(key, Beginning { conversation: visit.conversation, question });
        if left.is_some() { RESUMED } else { FRESH }
    }
}

/// Whether the place lies before the furthest that was reached.
fn is_before(place: Place, furthest: Furthest) -> bool {
    matches!((place, furthest), (Place::At(place), Some((Some(reached), _))) if place < reached)
}

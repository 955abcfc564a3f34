//! Ways through flows, by the naive facts: how each visit came about, the furthest question of each conversation, answers
//! that come again, declared options. Every visit is held against all others of the contact.

use trichter::config::Flow;

use super::contact::{Facts, Visit};
use super::counts::{Place, Tally};
use super::{endings, passes};

/// The declaration of the visit's edition; without one, that of every edition.
pub(super) fn declared<'f>(flows: &'f [Flow], visit: &Visit) -> Option<&'f Flow> {
    let mut named = flows.iter().filter(|flow| Some(&flow.name) == visit.flow.as_ref());
    let exact = named.clone().find(|flow| flow.version.is_some() && flow.version == visit.flow_version);
    exact.or_else(|| named.find(|flow| flow.version.is_none()))
}

fn place(flows: &[Flow], visit: &Visit) -> Option<usize> {
    declared(flows, visit)?.questions.iter().position(|question| Some(question) == visit.question.as_ref())
}

/// The furthest question of the flow among the visits of a conversation to it.
fn furthest<'v>(flows: &[Flow], visits: &[&'v Visit]) -> Option<&'v Option<String>> {
    let listed = visits.iter().filter_map(|visit| Some((place(flows, visit)?, visit)));
    if let Some((_, visit)) = listed.max_by_key(|(place, _)| *place) {
        return Some(&visit.question);
    }
    let is_new = |number: usize| visits[..number].iter().all(|before| before.question != visits[number].question);
    let last = (0..visits.len()).rev().find(|&number| is_new(number) && declared(flows, visits[number]).is_none());
    last.map(|number| &visits[number].question)
}

/// A contact's visits, conversation by conversation.
struct History<'f> {
    facts: &'f Facts,
    flows: &'f [Flow],
    conversations: Vec<&'f [Visit]>,
}

impl History<'_> {
    /// The question with which the contact began what goes on in this conversation, and whether it was begun in an earlier one.
    fn beginning(&self, conversation: usize, flow: Option<&String>) -> (Option<String>, bool) {
        let of_flow = |number: usize| self.conversations[number].iter().find(|visit| visit.flow.as_ref() == flow);
        let first = of_flow(conversation).unwrap();
        let account = |number: usize| &self.facts.conversations[number].account;
        let before = (0..conversation).rev().find(|&b| account(b) == account(conversation) && of_flow(b).is_some());
        let left = before.filter(|&before| self.facts.conversations[before].outcome != "completed");
        let Some(left) = left else { return (first.question.clone(), false) };
        let (begun, _) = self.beginning(left, flow);
        let goes_on = match declared(self.flows, first) {
            Some(_) => place(self.flows, first) != Some(0),
            None => first.question != begun,
        };
        if goes_on { (begun, true) } else { (first.question.clone(), false) }
    }

    fn entry(&self, conversation: usize, number: usize) -> &'static str {
        let visits = self.conversations[conversation];
        let visit = &visits[number];
        let before: Vec<&Visit> = visits[..number].iter().filter(|other| other.flow == visit.flow).collect();
        let place = |visit: &Visit| place(self.flows, visit);
        let is_behind = |other: &&&Visit| place(visit).is_some() && place(other) > place(visit);
        match () {
            () if before.is_empty() && self.beginning(conversation, visit.flow.as_ref()).1 => "resumed",
            () if before.is_empty() => "fresh",
            () if visits[number - 1].flow != visit.flow => "returned",
            () if before.iter().any(|other| other.question == visit.question) => "back",
            () if before.iter().find(is_behind).is_some() => "back",
            () => "onward",
        }
    }
}

/// Whether an answer came twice in succession in the loop; `None` if there is none, or fewer than two answers are known.
fn repeats(visits: &[Visit], number: usize) -> Option<bool> {
    let visit = &visits[number];
    let origin = number.checked_sub(2).map(|origin| &visits[origin]);
    let origin = origin.filter(|origin| (&origin.flow, &origin.question) == (&visit.flow, &visit.question));
    if origin.is_none() && visit.prompts.len() < 3 {
        return None;
    }
    let before = origin.and_then(|origin| origin.given.last());
    let answers: Vec<&String> = before.into_iter().chain(&visit.given).collect();
    (answers.len() >= 2).then(|| answers.windows(2).any(|pair| pair[0] == pair[1]))
}

pub(super) fn count(
    tally: &mut Tally<'_>,
    facts: &Facts,
    flows: &[Flow],
    channel: &str,
    in_scope: &dyn Fn(i64) -> bool,
) {
    let mut conversations = Vec::new();
    let mut rest = facts.visits.as_slice();
    for &n_visits in &facts.n_visits {
        let (visits, others) = rest.split_at(n_visits);
        conversations.push(visits);
        rest = others;
    }
    let history = History { facts, flows, conversations };
    for (conversation, visits) in history.conversations.iter().enumerate() {
        for (number, visit) in visits.iter().enumerate().filter(|(_, visit)| in_scope(visit.asked_at)) {
            let ending = Some(endings::ending(visit));
            let place =
                &Place { channel, campaign: &visit.campaign, flow: &visit.flow, question: &visit.question, ending };
            let of_flow: Vec<&Visit> = visits.iter().filter(|other| other.flow == visit.flow).collect();
            let is_same = |other: &Visit| (&other.flow, &other.question) == (&visit.flow, &visit.question);
            let passes = || visits.iter().enumerate().filter(|(_, other)| is_same(other));
            if passes().all(|(other, pass)| (passes::rank(pass), other) >= (passes::rank(visit), number)) {
                let is_furthest = furthest(flows, &of_flow) == Some(&visit.question);
                tally.count("question_furthest_rate", place, is_furthest);
            }
            let is_first = passes().all(|(other, _)| other >= number);
            let position = i64::try_from(number + 1).unwrap();
            tally.value("question_positions", place, is_first.then_some(position));
            let entry = history.entry(conversation, number);
            tally.count("question_entered_rate", place, ["fresh", "resumed", "returned"].contains(&entry));
            tally.count("question_back_rate", place, entry == "back");
            if ["fresh", "resumed"].contains(&entry) {
                tally.count("question_resumed_rate", place, entry == "resumed");
            }
            if let Some(repeats) = repeats(visits, number) {
                tally.count("loop_same_answer_rate", place, repeats);
            }
            let options =
                declared(flows, visit).and_then(|flow| flow.options.get(visit.question.as_deref().unwrap_or_default()));
            if let (Some(options), Some(answer)) = (options, visit.given.last()) {
                tally.count("question_option_rate", place, options.contains(answer));
            }
        }
    }
}

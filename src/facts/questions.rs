//! Questions: what a prompt and an answer do to the visits of the walk.

use super::NONE;
use super::passes::Standing;
use super::visits::{self, Visit};
use super::walk::Walk;
use crate::store::words::NULL;

impl Walk<'_> {
    pub(super) fn question_asked(&mut self, row: usize, at: i64) {
        let place = self.act(row, at, true);
        self.serve_asked(place, row);
        let key = self.shard.message_key()[row];
        let (flow, version, question) =
            (self.columns.flow[row], self.columns.flow_version[row], self.columns.question[row]);
        let arrived = self.by_key.get(key).is_none_or(|message| self.messages[message].may_have_arrived());
        let conversation = &self.conversations[place];
        let standing = Standing { at, n_acts: conversation.n_inbound + conversation.n_outbound };
        let is_same = |visit: &&mut Visit| (visit.flow, visit.question) == (flow, question);
        if let Some(visit) = self.current_visit(place).filter(is_same) {
            if visit.answered_at != NONE {
                visit.n_rejected += 1;
                visit.answered_at = NONE;
            }
            // A question that is asked again, as after a person took over, can be answered again.
            visit.is_over = false;
            visit.n_prompts += 1;
            visit.last = standing;
            visit.given.ask_again();
            visit.arrived |= arrived;
            if let Some(visit) = self.conversations[place].current_visit {
                self.prompts.insert(key, visit);
            }
            return;
        }
        let mut enters = true;
        if let Some(visit) = self.current_visit(place) {
            visit.next_question = question;
            enters = visit.flow != flow;
            visit.changes_flow = enters;
            if visit.is_waiting() {
                visit.skip(at);
            }
            visit.is_over = true;
        }
        let number = self.visits.len();
        let pass = 1 + self.passes.get((place, flow, question)).map_or(0, |(passes, _)| passes);
        self.passes.insert((place, flow, question), (pass, number));
        self.latest.insert((place, question), number);
        self.prompts.insert(key, number);
        let conversation = &mut self.conversations[place];
        conversation.n_questions += 1;
        conversation.in_flow = true;
        if conversation.flow == NULL {
            conversation.flow = flow;
        }
        conversation.current_visit = Some(number);
        self.visits.push(Visit {
            flow,
            flow_version: version,
            question,
            pass,
            position: conversation.n_questions,
            n_prompts: 1,
            enters,
            first: standing,
            last: standing,
            arrived,
            ..visits::begin(place, at)
        });
    }

    pub(super) fn question_answered(&mut self, row: usize, at: i64) {
        let place = self.act(row, at, false);
        let (flow, question) = (self.columns.flow[row], self.columns.question[row]);
        if let Some(visit) = self.current_visit(place) {
            visit.not_understood = false;
        }
        if self.is_stop(self.shard.message_key()[row]) {
            return;
        }
        // An answer may come after the bot has moved on; it still answers the question it names. An unknown flow on either
        // side fits every flow.
        let of_flow = |flow| self.passes.get((place, flow, question)).map(|(_, latest)| latest);
        let latest = if flow == NULL { self.latest.get((place, question)) } else { of_flow(flow).max(of_flow(NULL)) };
        let answer = self.columns.answer[row];
        if let Some(visit) = latest.and_then(|latest| self.visits.get_mut(latest)) {
            visit.given.take(answer);
            if visit.answered_at == NONE {
                visit.take_answer(at);
            }
        }
    }
}

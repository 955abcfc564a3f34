//! The visits of a conversation, told by plain loops. Knows nothing of the program's own facts.

use trichter::event::{Kind, SECOND};

use super::contact::{Contact, Conversation, Message, Visit};
use super::sides::is_inbound;

impl Contact<'_> {
    pub(super) fn visits(&self, conversations: &[Conversation], number: usize, messages: &[Message]) -> Vec<Visit> {
        let conversation = &conversations[number];
        let asks: Vec<usize> =
            conversation.acts.iter().copied().filter(|&place| self.events[place].kind == Kind::QuestionAsked).collect();
        let name = |place: usize| (&self.events[place].flow, &self.events[place].question);
        let sends = |act: usize| messages.iter().any(|message| message.begun == act);
        // Prompts of each visit: the same question asked again is a re-prompt.
        let mut prompts: Vec<Vec<usize>> = Vec::new();
        for ask in asks {
            match prompts.last_mut().filter(|visit| name(visit[0]) == name(ask)) {
                Some(visit) => visit.push(ask),
                None => prompts.push(vec![ask]),
            }
        }
        let told = |prompt: usize| {
            let is_told = |&&act: &&usize| act < prompt && (is_inbound(self.events[act].kind) || sends(act));
            conversation.acts.iter().filter(is_told).count() as u64
        };
        let mut visits = Vec::new();
        for (position, own) in prompts.iter().enumerate() {
            let next = prompts.get(position + 1).map(|next| next[0]);
            let first = &self.events[own[0]];
            let (mut answered_at, mut opted_out, mut handed_over, mut skipped) = (None, false, false, false);
            // It has ended some other way, and is not asked again.
            let (mut is_over, mut ends) = (false, Vec::new());
            // A log that tells no times of answers puts a microsecond between question and answer.
            let mut has_time = false;
            let mut given: Vec<(usize, String)> = Vec::new();
            for place in own[0] + 1..self.events.len() {
                let event = &self.events[place];
                let is_current = next.is_none_or(|next| place < next);
                if next == Some(place) && answered_at.is_none() && !is_over {
                    (skipped, is_over) = (true, true);
                    ends.push((event.at, "skipped"));
                }
                let waits = is_current && answered_at.is_none() && !is_over;
                if self.ends_by_opt_out(place) && waits && self.running(place, conversations) == Some(number) {
                    (opted_out, is_over) = (true, true);
                    ends.push((event.at, if event.kind == Kind::OptedOutHard { "blocked" } else { "stopped" }));
                }
                if !conversation.acts.contains(&place) {
                    continue;
                }
                let mut give = || given.extend(event.answer.iter().map(|answer| (place, answer.clone())));
                let is_meant = event.question.is_none() || event.question == first.question;
                match event.kind {
                    Kind::QuestionAsked if own.contains(&place) => (answered_at, is_over) = (None, false),
                    Kind::AnswerRejected if is_current && is_meant => answered_at = None,
                    Kind::QuestionSkipped if waits && is_meant => {
                        (skipped, is_over) = (true, true);
                        ends.push((event.at, "skipped"));
                    }
                    Kind::HandoverToHuman if waits => {
                        (handed_over, is_over) = (true, true);
                        ends.push((event.at, "handed_over"));
                    }
                    Kind::MessageReceived | Kind::ButtonClicked if waits && !self.is_stop(place) => {
                        let of_own = |id| own.iter().any(|&prompt| self.events[prompt].message.as_ref() == Some(id));
                        let fits = match (&event.reply_to, self.pointed(place, messages)) {
                            (None, _) | (Some(_), None) => true,
                            (Some(id), Some(_)) => of_own(id),
                        };
                        if fits {
                            (answered_at, has_time) = (Some(event.at), true);
                            give();
                        }
                    }
                    Kind::QuestionAnswered if !self.is_stop(place) => {
                        let names = |prompt: usize| {
                            let (flow, question) = name(prompt);
                            *question == event.question
                                && (flow.is_none() || event.flow.is_none() || *flow == event.flow)
                        };
                        // The last visit to the question that it names.
                        let named = prompts.iter().rposition(|visit| visit[0] < place && names(visit[0]));
                        if named == Some(position) {
                            give();
                            let has = event.at - first.at >= SECOND / 1000;
                            (answered_at, has_time) =
                                answered_at.map_or((Some(event.at), has), |at| (Some(at), has_time));
                        }
                    }
                    _ => {}
                }
            }
            let until = |prompt: usize| own.get(prompt + 1).copied().unwrap_or(usize::MAX);
            let to = |prompt: usize| given.iter().rfind(|(place, _)| (own[prompt]..until(prompt)).contains(place));
            let given = (0..own.len()).filter_map(|prompt| Some(to(prompt)?.1.clone())).collect();
            let acts = || conversation.acts.iter().copied().filter(|&act| act > own[0]);
            let by_contact =
                |act: usize| is_inbound(self.events[act].kind) || self.events[act].kind == Kind::QuestionAnswered;
            let fallback = acts().filter(|&act| self.events[act].kind == Kind::Fallback).max();
            let never_arrived = own.iter().all(|&prompt| {
                let id = self.events[prompt].message.as_ref();
                let message = messages.iter().find(|message| id.is_some() && message.id.as_ref() == id);
                message.is_some_and(|message| !message.may_have_arrived())
            });
            visits.push(Visit {
                campaign: conversation.campaign.clone(),
                flow: first.flow.clone(),
                flow_version: first.flow_version.clone(),
                question: first.question.clone(),
                asked_at: first.at,
                answered_at,
                outcome: match () {
                    () if answered_at.is_some() => "answered",
                    () if opted_out => "opted_out",
                    () if handed_over => "handed_over",
                    () if never_arrived => "failed",
                    () if skipped => "skipped",
                    () if self.is_undecided(conversation) => "open",
                    () => "silent",
                },
                answer_s: answered_at.filter(|_| has_time).map(|at| (at - first.at).div_euclid(SECOND)),
                next_question: next.and_then(|next| self.events[next].question.clone()),
                ends,
                last_act_at: self.events[conversation.acts[conversation.acts.len() - 1]].at,
                not_understood: fallback.is_some_and(|fallback| acts().all(|act| act < fallback || !by_contact(act))),
                prompts: own.iter().map(|&prompt| (self.events[prompt].at, told(prompt))).collect(),
                given,
                closes: None,
            });
        }
        visits
    }
}

//! Endings: how a visit ended, and how long the contact had stood at the question by then. The causes of leaving, each by
//! its own name. What the walk saw stands in the visit; here it is only read.

use super::table::{NONE, code_of};
use super::visits::Visit;
use super::{Settings, conversations::Conversation};
use crate::event::SECOND;

/// Every way for a visit to end, and not to have ended yet.
pub(super) const ENDINGS: &[&str] =
    &["answered", "stopped", "blocked", "handed_over", "failed", "skipped", "open", "not_understood", "silent"];

/// The code of the ending: the first that applies, in the order of [`ENDINGS`].
pub(super) fn ending(visit: &Visit) -> u32 {
    let opted_out = visit.opted_out_at != NONE;
    let applies = [
        visit.answered_at != NONE,
        opted_out && !visit.opted_out_hard,
        opted_out,
        visit.handed_over_at != NONE,
        !visit.arrived,
        visit.skipped_at != NONE,
        visit.undecided,
        visit.not_understood,
        true,
    ];
    code_of(applies.iter().position(|applies| *applies))
}

/// Whole seconds from the first prompt to the ending; [`NONE`] for an answer without a time of its own.
pub(super) fn waited_s(visit: &Visit, settings: &Settings) -> i64 {
    let ended_at = match visit {
        visit if visit.answered_at != NONE && !visit.answer_has_time => return NONE,
        visit if visit.answered_at != NONE => visit.answered_at,
        visit if visit.opted_out_at != NONE => visit.opted_out_at,
        visit if visit.handed_over_at != NONE => visit.handed_over_at,
        // Nobody can wait to answer what never arrived.
        visit if !visit.arrived => visit.asked_at,
        visit if visit.skipped_at != NONE => visit.skipped_at,
        visit if visit.undecided => settings.horizon,
        _ => visit.conversation_ended_at.saturating_add(settings.windows.session_gap.0),
    };
    ended_at.saturating_sub(visit.asked_at).div_euclid(SECOND)
}

/// What a visit takes over from its conversation once all is known.
pub(super) fn conclude(visit: &mut Visit, conversation: &Conversation, settings: &Settings) {
    let is_last = visit.position == conversation.n_questions;
    visit.account = conversation.account;
    visit.tags = conversation.tags;
    visit.conversation_started_at = conversation.started_at;
    visit.conversation_ended_at = conversation.ended_at;
    visit.undecided = conversation.is_undecided(settings);
    visit.completes = is_last && conversation.completed;
    visit.pending = is_last && conversation.is_open(settings);
}

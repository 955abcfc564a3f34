//! The conventions of others: the same facts over other denominators, other windows, other units.

use trichter::event::{Kind, SECOND};

use super::contact::{Conversation, Facts};
use super::counts::{Place, Tally, Tells};
use super::endings;
use crate::pipeline::Event;

const HOUR: i64 = 3_600 * SECOND;

/// Counts the variants of all rates for one contact.
pub(super) fn count(
    tally: &mut Tally<'_>,
    facts: &Facts,
    events: &[Event],
    tells: &Tells,
    channel: &str,
    in_scope: &dyn Fn(i64) -> bool,
) {
    let marks = events.iter().any(|event| event.kind == Kind::OpenedUpTo && event.up_to.is_some());
    let ever_opened = marks || facts.messages.iter().any(|message| message.opened_at.is_some());
    for message in facts.messages.iter().filter(|message| in_scope(message.sent_at)) {
        let (campaign, flow, question) = (&message.campaign, &message.flow, &message.question);
        let place = &Place { channel, campaign, flow, question, ending: None };
        let within = |after: Option<i64>, window: i64| after.is_some_and(|after| after <= window);
        if message.reached {
            if tells.opens {
                tally.count("open_rate@upper", place, message.opened_at.is_some() || !ever_opened);
                if ever_opened {
                    tally.count("open_rate@measurable", place, message.opened_at.is_some());
                    if ["marketing", "marketing_lite"].contains(&message.category.as_deref().unwrap_or_default()) {
                        tally.count("open_rate@marketing", place, message.opened_at.is_some());
                    }
                }
            }
            if tells.replies {
                tally.count("reply_rate@4h", place, within(message.replied_after, 4 * HOUR));
            }
            if tells.stops || tells.blocks {
                tally.count("unsubscribe_rate@3h", place, within(message.opt_out_after, 3 * HOUR));
                tally.count("unsubscribe_rate@4h", place, within(message.opt_out_after, 4 * HOUR));
                tally.count("unsubscribe_rate@24h", place, within(message.opt_out_after, 24 * HOUR));
                tally.add("unsubscribe_rate@total", place, message.n_opt_outs, 1);
                if campaign.is_some() {
                    let soon = within(message.campaign_opt_out_after, 3 * HOUR);
                    tally.count("unsubscribe_rate@last_campaign_3h", place, soon);
                    tally.count("unsubscribe_rate@last_campaign", place, message.campaign_opt_out_after.is_some());
                }
            }
        }
        if message.suppressed {
            continue;
        }
        tally.count("delivery_rate@not_failed", place, !message.failed);
        if tells.deliveries {
            tally.count("delivery_pending_rate", place, message.delivered_at.is_none() && !message.failed);
        }
        if tells.clicks {
            tally.count("click_rate@sent", place, message.n_clicks > 0);
            tally.add("clicks_per_message@sent", place, message.n_clicks, 1);
        }
        if tells.replies {
            tally.count("reply_rate@sent", place, message.replied);
        }
        if tells.stops || tells.blocks {
            tally.count("unsubscribe_rate@sent", place, message.opted_out);
        }
    }
    let mut visits = facts.visits.iter();
    for (conversation, &n_visits) in facts.conversations.iter().zip(&facts.n_visits) {
        let n_answered = visits.by_ref().take(n_visits).filter(|visit| visit.outcome == "answered").count();
        if !in_scope(conversation.started_at) {
            continue;
        }
        let place = &Place {
            channel,
            campaign: &conversation.campaign,
            flow: &conversation.flow,
            question: &None,
            ending: None,
        };
        if tells.replies || tells.clicks {
            tally.count("engagement_rate@any_inbound", place, conversation.n_inbound > 0);
        }
        let is_busy = conversation.in_flow || conversation.handed_over || conversation.n_fallback > 0;
        if tells.replies || tells.clicks {
            tally.count("engagement_rate@topic", place, conversation.n_inbound > 0 && is_busy);
        }
        if tells.replies {
            let speakers = speakers(conversation, facts, events);
            let n_turns = speakers.len() - speakers.windows(2).filter(|pair| pair[0] == pair[1]).count();
            let n_written = speakers.iter().filter(|speaker| **speaker == Speaker::Contact).count();
            tally.count("engagement_rate@turns", place, n_turns > 3);
            tally.count("engagement_rate@second_message", place, n_written >= 2);
            if conversation.in_flow {
                tally.count("engagement_rate@answered", place, n_answered > 0);
            }
        }
        if conversation.in_flow {
            tally.count("completion_rate@started", place, conversation.outcome == "completed");
        }
        if tells.handovers {
            tally.count("handover_rate@all", place, conversation.handed_over);
        }
        if tells.fallbacks {
            let fallbacks = conversation.n_fallback;
            tally.add("fallback_rate@utterances", place, fallbacks, conversation.n_inbound);
            tally.add("fallback_rate@bot_replies", place, fallbacks, conversation.n_outbound as u64);
        }
    }
    for visit in facts.visits.iter().filter(|visit| in_scope(visit.asked_at)) {
        let ending = endings::ending(visit);
        let place = &Place {
            channel,
            campaign: &visit.campaign,
            flow: &visit.flow,
            question: &visit.question,
            ending: Some(ending),
        };
        tally.count("question_drop_off_rate@open_counted", place, visit.outcome != "answered");
    }
}

/// Who says something.
#[derive(Clone, Copy, PartialEq)]
enum Speaker {
    Business,
    Contact,
}

/// Who spoke at each message and tap of a conversation.
fn speakers(conversation: &Conversation, facts: &Facts, events: &[Event]) -> Vec<Speaker> {
    let of_act = |&act: &usize| {
        if matches!(events[act].kind, Kind::MessageReceived | Kind::ButtonClicked) {
            return Some(Speaker::Contact);
        }
        let begins = facts.messages.iter().any(|message| message.begun == act && message.may_have_arrived());
        begins.then_some(Speaker::Business)
    };
    conversation.acts.iter().filter_map(of_act).collect()
}

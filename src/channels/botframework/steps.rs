//! Which step of which dialog asked, as Bot State traces tell: a trace shows the stack of dialogs after each turn.

use std::collections::BTreeMap;

use super::conversation;
use crate::channels::{Value, json};
use crate::event::Text;

/// A step at which a waterfall waits.
pub(super) struct Step<'a> {
    /// The dialog's id.
    pub(super) dialog: Text<'a>,
    /// The step's number, from 0.
    pub(super) index: u64,
}

/// Of each prompt, by its place, the step that waits after the turn it was sent in.
pub(super) fn asked_by<'a>(activities: &'a [Value<'a>]) -> BTreeMap<usize, Step<'a>> {
    let mut steps = BTreeMap::new();
    let mut prompts = BTreeMap::new();
    for (place, body) in activities.iter().enumerate() {
        let conversation = conversation(body);
        match body.get("type").as_str() {
            // A message of the contact begins a turn. Only the bot says which input it expects.
            Some("message") if expects_answer(body) => {
                prompts.insert(conversation, place);
            }
            Some("message") if !json::has(body, "inputHint") => {
                prompts.remove(&conversation);
            }
            Some("trace") if is_state(body) => {
                if let Some(place) = prompts.remove(&conversation)
                    && let Some(step) = waiting(body.get("value"), 0)
                {
                    steps.insert(place, step);
                }
            }
            _ => {}
        }
    }
    steps
}

/// Whether a message of the bot waits for an answer.
pub(super) fn expects_answer(body: &Value<'_>) -> bool {
    body.get("inputHint").as_str() == Some("expectingInput")
        || body.get("suggestedActions").get("actions").as_array().is_some_and(|actions| !actions.is_empty())
}

fn is_state(body: &Value<'_>) -> bool {
    body.get("valueType").as_str() == Some("https://www.botframework.com/schemas/botState")
        || body.get("label").as_str() == Some("Bot State")
}

/// The innermost waterfall on the stack of dialogs somewhere in a state. Dialogs inside dialogs keep a stack of their own.
fn waiting<'a>(state: &'a Value<'a>, depth: u8) -> Option<Step<'a>> {
    const DEEPEST: u8 = 24;
    if depth > DEEPEST {
        return None;
    }
    let Some(stack) = state.get("dialogStack").as_array() else {
        return state.as_object()?.iter().find_map(|(_, inner)| waiting(inner, depth + 1));
    };
    if let Some(inner) = stack.iter().find_map(|dialog| waiting(dialog.get("state"), depth + 1)) {
        return Some(inner);
    }
    let step = |dialog: &'a Value<'a>| {
        Some(Step { dialog: json::text(dialog.get("id"))?, index: dialog.get("state").get("stepIndex").as_u64()? })
    };
    // The .NET SDK puts the running dialog, which is a prompt, first; the others put it last.
    let is_first_on_top = stack.first().is_some_and(|dialog| step(dialog).is_none());
    if is_first_on_top { stack.iter().find_map(step) } else { stack.iter().rev().find_map(step) }
}

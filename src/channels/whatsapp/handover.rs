//! Who holds a conversation where Meta's own agent answers on the business's number too: hand-overs
//! (`messaging_handovers`), and what happens while the agent holds the conversation (`standby`).
//!
//! Knows nothing of people who answer from the phone app, see `echo`.
//! Format: Meta's reference of WhatsApp webhooks, of 2026.

use super::super::{Out, Reason, Value, json};
use super::{Scope, digits, echo, messages};
use crate::event::{Event, Kind};

/// Field `messaging_handovers`: the conversation passed to somebody else. `entry_time` stands in where the value has no
/// time.
///
/// The value tells the new owner's role, or only that of the owner before. What the agent gives up goes to the business's
/// app, which is told as a person's taking over: it is what the agent does it for.
pub(super) fn read<'a>(
    value: &'a Value<'a>,
    entry_time: &Value<'_>,
    scope: &Scope<'a>,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let Some(kind) = owner(value.get("control_passed")) else {
        out.ignore("messaging_handovers");
        return Ok(());
    };
    let time = if json::has(value, "timestamp") { value.get("timestamp") } else { entry_time };
    let at = json::time(time, "timestamp", scope.zone)?;
    let sender = value.get("sender");
    let contact = ["phone_number", "wa_id", "user_id"].into_iter().find_map(|key| json::text(sender.get(key)));
    let contact = contact.map(digits).ok_or(Reason::MissingField("sender"))?;
    let event = scope.event(kind, at, contact.clone(), contact);
    let account = json::text(value.get("recipient").get("phone_number_id"));
    out.event(Event { account: account.or_else(|| event.account.clone()), ..event });
    Ok(())
}

/// Who holds the conversation now, if it can be told.
fn owner(control: &Value<'_>) -> Option<Kind> {
    let is_agent = |role: &Value<'_>| match role.as_str()? {
        "ai_agent" | "meta_business_agent" => Some(true),
        "escalation" => Some(false),
        _ => None,
    };
    let before = [
        control.get("previous_owner_role"),
        control.get("previous_owner_app_role"),
        control.get("previous_owner").get("app_role"),
    ];
    let agent_holds_it =
        is_agent(control.get("new_owner_role")).or_else(|| before.into_iter().find_map(is_agent).map(|was| !was))?;
    Some(if agent_holds_it { Kind::HandoverToBot } else { Kind::HandoverToHuman })
}

/// Field `standby`: messages, receipts and the agent's own messages, of conversations that the agent holds.
pub(super) fn standby<'a>(value: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) {
    let part = match value.get("standby") {
        part if part.is_object() => part,
        _ => value,
    };
    let people = if part.get("contacts").is_array() { part.get("contacts") } else { scope.people };
    let scope = Scope { account: scope.account.clone(), people, zone: scope.zone };
    messages(part, &scope, out);
    echo::of_agent(part, &scope, out);
}

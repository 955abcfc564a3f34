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
    let time = if value.get("timestamp").is_null() { entry_time } else { value.get("timestamp") };
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

#[cfg(test)]
mod tests {
    use super::super::CHANNEL;
    use crate::channels::reading::check;

    fn body(field: &str, value: &str) -> String {
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"time":1767268800,"changes":[{{"field":"{field}","value":{value}}}]}}]}}"#
        )
    }

    fn handover(control: &str) -> String {
        let parties =
            r#""recipient":{"phone_number_id":"p1"},"sender":{"phone_number":"49151"},"timestamp":"1767268801""#;
        body("messaging_handovers", &format!(r#"{{{parties},"type":"control_passed","control_passed":{control}}}"#))
    }

    #[test]
    fn the_new_owner_tells_who_answers_from_now_on() {
        for (control, kind) in [
            (r#"{"previous_owner_role":"ai_agent","new_owner_role":"escalation"}"#, "handover_to_human"),
            (r#"{"previous_owner_role":"escalation","new_owner_role":"ai_agent"}"#, "handover_to_bot"),
        ] {
            check(&CHANNEL, &handover(control), &[&format!("1767268801 {kind} 49151 account=p1")]);
        }
    }

    #[test]
    fn where_only_the_former_owner_is_told_the_other_side_has_it() {
        for (control, kind) in [
            (r#"{"previous_owner_app_role":"meta_business_agent"}"#, "handover_to_human"),
            (r#"{"previous_owner":{"app_role":"meta_business_agent"}}"#, "handover_to_human"),
            (r#"{"previous_owner_role":"escalation"}"#, "handover_to_bot"),
        ] {
            check(&CHANNEL, &handover(control), &[&format!("1767268801 {kind} 49151 account=p1")]);
        }
    }

    #[test]
    fn a_handover_that_tells_no_role_is_ignored_and_one_without_contact_refused() {
        check(&CHANNEL, &handover(r#"{"previous_owner_app_id":"5"}"#), &["ignored messaging_handovers"]);
        let nobody = handover(r#"{"new_owner_role":"ai_agent"}"#).replace(r#""phone_number":"49151""#, "");
        check(&CHANNEL, &nobody, &["rejected missing_field:sender"]);
        let timeless = handover(r#"{"new_owner_role":"ai_agent"}"#).replace(r#","timestamp":"1767268801""#, "");
        check(&CHANNEL, &timeless, &["1767268800 handover_to_bot 49151 account=p1"]);
        let null =
            handover(r#"{"new_owner_role":"ai_agent"}"#).replace(r#""timestamp":"1767268801""#, r#""timestamp":null"#);
        check(&CHANNEL, &null, &["1767268800 handover_to_bot 49151 account=p1"]);
    }

    #[test]
    fn while_the_agent_holds_a_conversation_its_messages_are_those_of_a_bot() {
        let standby = |part: &str| {
            body(
                "standby",
                &format!(
                    r#"{{"messaging_product":"whatsapp","metadata":{{"phone_number_id":"p1"}},"standby":{part}}}"#
                ),
            )
        };
        check(
            &CHANNEL,
            &standby(
                r#"{"message_echoes":[{"id":"m2","timestamp":"1767268801","message":{"to":"+49 151","type":"text","text":{"body":"Gern!"}}},
                {"id":"m3","timestamp":"1767268801","message":{"type":"text"}}]}"#,
            ),
            &[
                "1767268801 message_sent 49151 account=p1 id=m2 type=text agent=bot text=Gern!",
                "rejected missing_field:to",
            ],
        );
        check(
            &CHANNEL,
            &standby(
                r#"{"contacts":[{"wa_id":"49151"}],"messages":[{"from":"49151","id":"m1","timestamp":"1767268800","type":"text","text":{"body":"Hi"}}],
                "statuses":[{"id":"m2","status":"read","timestamp":"1767268802","recipient_id":"49151"}]}"#,
            ),
            &[
                "1767268800 message_received 49151 account=p1 id=m1 type=text text=Hi",
                "1767268802 message_opened 49151 account=p1 id=m2",
            ],
        );
    }
}

//! What Meta believes to have found in conversations that an ad began: leads and purchases (`automatic_events`).
//!
//! Knows nothing of payments, which are receipts of their own, see `status`.
//! Format: Meta's reference of the WhatsApp webhook `automatic_events`.

use super::super::{Out, Reason, Value, json};
use super::{Scope, digits, rows};
use crate::event::{Event, Kind, Text};

/// Field `automatic_events`: `goal_reached`, with the platform's name for it as `topic`.
///
/// The platform names the message in which it found the goal, and no contact; such rows are ignored. The worth of a
/// purchase is read by a machine from what was written, and is left out.
pub(super) fn read<'a>(value: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) {
    for row in rows(value, "automatic_events", out) {
        if let Err(reason) = read_one(row, scope, out) {
            out.reject(reason);
        }
    }
}

fn read_one<'a>(row: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let Some(contact) = contact(row, scope) else {
        out.ignore("automatic_events_without_contact");
        return Ok(());
    };
    let goal = json::required(row.get("event_name"), "event_name")?;
    let at = json::time(row.get("timestamp"), "timestamp", scope.zone)?;
    let message = json::required(row.get("id"), "id")?;
    let dedup = format!("{message}:{goal}");
    out.event(Event {
        topic: Some(goal),
        message_id: Some(message),
        ..scope.event(Kind::GoalReached, at, contact, dedup)
    });
    Ok(())
}

/// The contact whom a row names, else the only one whom its envelope names.
fn contact<'a>(row: &'a Value<'a>, scope: &Scope<'a>) -> Option<Text<'a>> {
    let id = |of: &'a Value<'a>| ["wa_id", "from", "user_id"].into_iter().find_map(|key| json::text(of.get(key)));
    let only = || match scope.people.as_array() {
        Some([only]) => id(only),
        _ => None,
    };
    id(row).or_else(only).map(digits)
}

#[cfg(test)]
mod tests {
    use super::super::CHANNEL;
    use crate::channels::reading::check;

    fn body(people: &str, row: &str) -> String {
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"field":"automatic_events","value":
            {{"metadata":{{"phone_number_id":"p1"}},{people}"automatic_events":[{row}]}}}}]}}]}}"#
        )
    }

    #[test]
    fn a_goal_counts_only_where_a_contact_is_told() {
        let row =
            r#"{"id":"m1","event_name":"Purchase","timestamp":1767268800,"ctwa_clid":"c1","custom_data":{"value":20}}"#;
        check(&CHANNEL, &body("", row), &["ignored automatic_events_without_contact"]);
        check(
            &CHANNEL,
            &body(r#""contacts":[{"wa_id":"49151"}],"#, row),
            &["1767268800 goal_reached 49151 account=p1 id=m1 topic=Purchase"],
        );
        check(
            &CHANNEL,
            &body("", r#"{"id":"m1","from":"49151","event_name":"LeadSubmitted","timestamp":"1767268800"}"#),
            &["1767268800 goal_reached 49151 account=p1 id=m1 topic=LeadSubmitted"],
        );
        check(
            &CHANNEL,
            &body("", r#"{"id":"m1","from":"49151","timestamp":"1767268800"}"#),
            &["rejected missing_field:event_name"],
        );
    }
}

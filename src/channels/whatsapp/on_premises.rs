//! The On-Premises API, which was switched off in October 2025 and lives on in old logs, and providers that wrote the
//! same, such as the first version of 360dialog's API.
//!
//! Knows the form of the body only: what stands in it is written as in the Cloud API, and read by the same code.
//! Format: WhatsApp Business On-Premises API, webhooks.
//!
//! A body is `{"contacts":[…],"messages":[…]}`, `{"statuses":[…]}` or `{"errors":[…]}`, without `object` and `entry`, and
//! without the business's number: the account is unknown.

use super::super::{Out, Reason, Record, Value, json};
use super::{Scope, digits, messages};
use crate::event::{Event, Kind, Time};

/// Whether a body is one of this form. Others write `messages` and `statuses` too, but not these fields alone, with
/// WhatsApp's in each row.
pub(super) fn recognises(body: &Value<'_>) -> bool {
    let has = |row: &Value<'_>, keys: &[&str]| keys.iter().all(|key| json::has(row, key));
    let is_row = |key: &str, row: &Value<'_>| match key {
        // The bare text of a message is another's way of writing it.
        "messages" => has(row, &["from", "id", "timestamp", "type"]) && row.get("text").as_str().is_none(),
        "statuses" => {
            has(row, &["id", "status", "timestamp"]) && (has(row, &["recipient_id"]) || has(row, &["message"]))
        }
        "errors" => row.get("code").as_u64().is_some() && has(row, &["title"]),
        _ => false,
    };
    let Some(object) = body.as_object() else { return false };
    object.keys().all(|key| matches!(key, "contacts" | "messages" | "statuses" | "errors" | "meta"))
        && object.iter().any(|(key, rows)| json::elements(rows).any(|row| is_row(key, row)))
}

/// Reads a body of this form.
pub(super) fn read(record: &Record<'_>, out: &mut Out<'_>) {
    let people = record.body.get("contacts");
    messages(record.body, &Scope { account: None, people, zone: record.reading.zone() }, out);
}

/// A note `user_preference_changed` among the messages: the contact stopped or resumed marketing messages, which the Cloud
/// API tells in field `user_preferences`.
pub(super) fn preference<'a>(
    message: &'a Value<'a>,
    at: Time,
    scope: &Scope<'a>,
    out: &mut Out<'_>,
) -> Result<(), Reason> {
    let note = message.get("system");
    let choice = json::text(note.get("marketing"));
    let kind = match choice.as_deref() {
        Some("stop") => Kind::OptedOutSoft,
        Some("resume") => Kind::OptedIn,
        _ => {
            out.ignore("user_preference_changed");
            return Ok(());
        }
    };
    let contact = json::text(message.get("from")).or_else(|| json::text(note.get("wa_id")));
    let contact = contact.map(digits).ok_or(Reason::MissingField("from"))?;
    let dedup = format!("{contact}:marketing_messages:{}", choice.as_deref().unwrap_or_default());
    let topic = Some("marketing_messages".into());
    out.event(Event { topic, answer: choice, ..scope.event(kind, at, contact, dedup) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::CHANNEL;
    use super::recognises;
    use crate::channels::reading::check;
    use crate::channels::{Arena, value};

    #[test]
    fn messages_are_read_without_an_account() {
        check(
            &CHANNEL,
            r#"{"contacts":[{"profile":{"name":"Ada"},"wa_id":"49151"}],
            "messages":[{"from":"49151","id":"ABGG1","timestamp":"1600000000","type":"voice","voice":{"id":"v1"}},
            {"from":"49151","id":"ABGG2","timestamp":"1600000001","type":"button","button":{"payload":"YES","text":"Ja"},"context":{"id":"gBEG1"}}]}"#,
            &[
                "1600000000 message_received 49151 id=ABGG1 type=voice",
                "1600000001 button_clicked 49151 id=ABGG2 re=gBEG1 type=button answer=YES text=Ja",
            ],
        );
    }

    #[test]
    fn receipts_tell_levels_and_failures_and_leave_out_the_rest() {
        let row = |row: &str| format!(r#"{{"statuses":[{{"id":"gBEG1","timestamp":"1600000000",{row}}}]}}"#);
        for (status, told) in [
            (r#""status":"sent""#, "1600000000 message_sent 49151 id=gBEG1"),
            (r#""status":"delivered""#, "1600000000 message_delivered 49151 id=gBEG1"),
            (r#""status":"read""#, "1600000000 message_opened 49151 id=gBEG1"),
            (
                r#""status":"failed","errors":[{"code":470,"title":"window"}]"#,
                "1600000000 message_failed 49151 id=gBEG1 error=470",
            ),
            (r#""status":"deleted""#, "ignored deleted"),
            (r#""status":"warning""#, "ignored warning"),
        ] {
            check(&CHANNEL, &row(&format!(r#""recipient_id":"49151",{status}"#)), &[told]);
        }
        check(
            &CHANNEL,
            &row(r#""status":"read","type":"message","message":{"recipient_id":"49151"}"#),
            &["1600000000 message_opened 49151 id=gBEG1"],
        );
    }

    #[test]
    fn what_is_told_of_no_contact_is_ignored_by_its_name() {
        check(&CHANNEL, r#"{"errors":[{"code":1014,"title":"Internal error"}]}"#, &["ignored errors_without_message"]);
        let group =
            r#"{"messages":[{"from":"49151","group_id":"g1","id":"ABGG1","timestamp":"1600000000","type":"text"}]}"#;
        check(&CHANNEL, group, &["ignored group"]);
    }

    #[test]
    fn a_note_that_marketing_was_stopped_is_an_opt_out() {
        let note = |marketing: &str| {
            format!(
                r#"{{"messages":[{{"from":"49151","id":"ABGG1","timestamp":"1600000000","type":"system",
                "system":{{"type":"user_preference_changed"{marketing}}}}}]}}"#
            )
        };
        for (marketing, told) in [
            (r#","marketing":"stop""#, "1600000000 opted_out_soft 49151 topic=marketing_messages answer=stop"),
            (r#","marketing":"resume""#, "1600000000 opted_in 49151 topic=marketing_messages answer=resume"),
            ("", "ignored user_preference_changed"),
        ] {
            check(&CHANNEL, &note(marketing), &[told]);
        }
    }

    #[test]
    fn bodies_of_others_are_not_recognised() {
        for body in [
            r#"{"messages":[{"id":"1","from":"a","type":"text"}]}"#,
            r#"{"messages":[{"id":"1","from":"a","timestamp":1767268800,"type":"text","text":"Hallo"}]}"#,
            r#"{"messages":[{"id":"1","from":"a","timestamp":1,"type":"text"}],"channel_id":"c"}"#,
            r#"{"type":"whatsapp","statuses":[{"id":"1","status":"sent","timestamp":"1","recipient_id":"2"}]}"#,
            r#"{"errors":[{"code":"not_found","title":"Not found"}]}"#,
            r#"{"contacts":[{"wa_id":"49151"}]}"#,
            r#"{"messaging_product":"whatsapp","contacts":[{"wa_id":"49151"}],"messages":[{"id":"wamid.1"}]}"#,
            "{}",
            "[]",
        ] {
            let arena = Arena::default();
            assert!(!recognises(&value::parse(body, &arena).unwrap()), "{body}");
        }
    }
}

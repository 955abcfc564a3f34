//! The On-Premises API, which was switched off in October 2025 and lives on in old logs, and providers that wrote the
//! same, such as the first version of 360dialog's API.
//!
//! Knows the form of the body only: what stands in it is written as in the Cloud API, and read by the same code.
//! Format: WhatsApp Business On-Premises API, webhooks.
//!
//! A body is `{"contacts":[…],"messages":[…]}`, `{"statuses":[…]}` or `{"errors":[…]}`, without `object` and `entry`, and
//! without the business's number: the account is unknown.

use super::super::{Out, Record, Value, json};
use super::{Scope, messages};

/// Whether a body is one of this form. Others write `messages` and `statuses` too, but not these fields alone, with
/// WhatsApp's in each row.
pub(super) fn recognises(body: &Value<'_>) -> bool {
    let has = |row: &Value<'_>, keys: &[&str]| keys.iter().all(|key| json::has(row, key));
    let is_row = |key: &str, row: &Value<'_>| match key {
        "messages" => has(row, &["from", "id", "timestamp", "type"]),
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

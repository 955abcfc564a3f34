//! How far the business's messages got: `value.statuses[]`, with their prices, errors and payments.
//!
//! Knows nothing of the lattice of receipts; every row is told as it stands.

use super::super::delivery::Failure;
use super::super::{Out, Reason, Value, json};
use super::Scope;
use crate::event::{Event, Kind, Text};

/// Reads one row.
///
/// `played` (a voice message was listened to) is an opening. `deleted` and `warning` say nothing about delivery. The
/// business's `biz_opaque_callback_data` is the `tag`.
pub(super) fn read<'a>(row: &'a Value<'a>, scope: &Scope<'a>, out: &mut Out<'_>) -> Result<(), Reason> {
    let recipient = json::text(row.get("recipient_id")).or_else(|| json::text(row.get("message").get("recipient_id")));
    if is_group(row, recipient.as_deref()) {
        out.ignore("group");
        return Ok(());
    }
    let id = json::required(row.get("id"), "id")?;
    let status = json::required(row.get("status"), "status")?;
    let kind_of_row = row.get("type").as_str();
    let kind = match (kind_of_row, status.as_ref()) {
        (Some("payment"), _) => Kind::Payment,
        (Some("call"), _) => {
            out.ignore("call");
            return Ok(());
        }
        (_, "sent") => Kind::MessageSent,
        (_, "delivered") => Kind::MessageDelivered,
        (_, "read" | "played") => Kind::MessageOpened,
        (_, "failed") => Kind::MessageFailed,
        (_, "deleted") => {
            out.ignore("deleted");
            return Ok(());
        }
        (_, "warning") => {
            out.ignore("warning");
            return Ok(());
        }
        _ => {
            out.ignore("unknown_status");
            return Ok(());
        }
    };
    let at = json::time(row.get("timestamp"), "timestamp", scope.zone)?;
    let person = scope
        .person(recipient, json::text(row.get("recipient_user_id")))
        .ok_or(Reason::MissingField("recipient_id"))?;
    let mut event = Event {
        former: person.former,
        message_id: Some(id.clone()),
        tag: json::text(row.get("biz_opaque_callback_data")),
        ..scope.event(kind, at, person.contact, id)
    };
    price(row, &mut event);
    match kind {
        Kind::Payment => {
            pay(row, status, &mut event);
            out.event(event);
        }
        Kind::MessageFailed => fail(event, row.get("errors"), out),
        _ => out.event(event),
    }
    Ok(())
}

fn is_group(row: &Value<'_>, recipient: Option<&str>) -> bool {
    row.get("recipient_type").as_str() == Some("group")
        || json::text(row.get("recipient_participant_id")).is_some()
        || json::text(row.get("recipient_participant_user_id")).is_some()
        || recipient.is_some_and(|recipient| recipient.ends_with("@g.us"))
}

/// Tells a failure by the platform's code: an opt-out, a message held back, or a plain failure.
pub(super) fn fail(mut event: Event<'_>, errors: &Value<'_>, out: &mut Out<'_>) {
    let codes = || json::elements(errors).filter_map(|error| json::text(error.get("code")));
    let says = |code: &Text<'_>| Failure::of_whatsapp(Some(code));
    // The opt-out is what matters if it stands beside another error.
    let code = codes().find(|code| matches!(says(code), Failure::Stopped(_))).or_else(|| codes().next());
    event.error_code = code.map(|code| code.into_owned().into());
    Failure::of_whatsapp(event.error_code.as_deref()).tell(event, out);
}

/// Category and whether it is charged. Prices per conversation (until June 2025) and per message (since July 2025) are
/// written alike; the latter tell by `type` what is free.
fn price<'a>(row: &'a Value<'a>, event: &mut Event<'a>) {
    let pricing = row.get("pricing");
    event.billable = json::flag(pricing.get("billable")).or_else(|| match pricing.get("type").as_str() {
        Some("regular") => Some(true),
        Some("free_customer_service" | "free_entry_point") => Some(false),
        _ => None,
    });
    event.category = json::text(pricing.get("category"))
        .or_else(|| json::text(row.get("conversation").get("origin").get("type")))
        .map(|category| match category.as_ref() {
            // Written this way by the platform for a while.
            "business_initated" => "business_initiated".into(),
            _ => category,
        });
}

/// A payment's state is its `answer`; the amount paid is its `cost`.
fn pay<'a>(row: &'a Value<'a>, status: Text<'a>, event: &mut Event<'a>) {
    let payment = row.get("payment");
    let transaction = payment.get("transaction");
    let amount = [payment.get("amount"), transaction.get("amount")].into_iter().find(|amount| amount.is_object());
    event.cost =
        amount.and_then(|amount| decimal(whole(amount.get("value"))?, whole(amount.get("offset"))?)).map(Into::into);
    event.currency = json::text(payment.get("currency")).or_else(|| json::text(transaction.get("currency")));
    // One message can be paid in several attempts.
    let attempt = json::text(transaction.get("id")).unwrap_or_default();
    event.dedup = format!("{}:{status}:{attempt}", event.dedup).into();
    event.answer = Some(status);
}

fn whole(value: &Value<'_>) -> Option<u64> {
    json::text(value)?.parse().ok()
}

/// `value / offset` as decimal text; the offset is a power of ten.
fn decimal(value: u64, offset: u64) -> Option<String> {
    let places = usize::try_from(offset.checked_ilog10()?).ok()?;
    if 10_u64.checked_pow(u32::try_from(places).ok()?)? != offset {
        return None;
    }
    let (units, rest) = (value / offset, value % offset);
    Some(if places == 0 { units.to_string() } else { format!("{units}.{rest:0places$}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimal_text_with_all_their_places() {
        assert_eq!(decimal(1999, 100).as_deref(), Some("19.99"));
        assert_eq!(decimal(5, 100).as_deref(), Some("0.05"));
        assert_eq!(decimal(7, 1).as_deref(), Some("7"));
        assert_eq!(decimal(7, 0), None);
        assert_eq!(decimal(7, 60), None);
    }
}

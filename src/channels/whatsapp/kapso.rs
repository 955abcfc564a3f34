//! Kapso, a provider that passes on WhatsApp's messages one by one, with its own notes beside what WhatsApp wrote.
//!
//! Knows the form around a message only: the message and its receipts are WhatsApp's, and read by the same code.
//! Format: Kapso's webhooks of version 2; raw bodies that Kapso forwards are WhatsApp's own.
//!
//! A body is `{"message":{…,"kapso":{"direction":…,"statuses":[…]}},"conversation":{…},"phone_number_id":…}`. Every body
//! about an outbound message repeats its receipts so far; they are duplicates.

use super::super::value::Object;
use super::super::{Out, Reason, Record, Value, json};
use super::{Scope, digits, echo, inbound, status};

/// Whether a body is one of this form.
pub(super) fn recognises(body: &Value<'_>) -> bool {
    body.get("message").get("kapso").is_object()
}

/// Reads a body of this form.
pub(super) fn read(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let (message, conversation) = (record.body.get("message"), record.body.get("conversation"));
    let person =
        [("wa_id", *conversation.get("phone_number")), ("user_id", *conversation.get("business_scoped_user_id"))];
    let people = [Value::Object(Object(&person))];
    let people = Value::Array(&people);
    let account = json::text(record.body.get("phone_number_id"));
    let scope = Scope { account, people: &people, zone: record.reading.zone() };
    let notes = message.get("kapso");
    match notes.get("direction").as_str() {
        Some("inbound") => inbound::read(message, &scope, out),
        Some("outbound") => {
            let agent = (notes.get("origin").as_str() == Some("business_app")).then_some("human");
            let contact =
                person.iter().find_map(|(_, id)| json::text(id)).ok_or(Reason::MissingField("conversation"))?;
            let told = echo::outbound(message, message, digits(contact), agent, &scope, out);
            for row in json::elements(notes.get("statuses")) {
                status::read(row, &scope, out).unwrap_or_else(|reason| out.reject(reason));
            }
            told
        }
        _ => Err(Reason::BadValue("direction")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::CHANNEL;
    use crate::channels::reading::check;

    fn body(message: &str) -> String {
        format!(
            r#"{{"message":{message},"conversation":{{"id":"c1","phone_number":"+49 151"}},"phone_number_id":"p1","is_new_conversation":false}}"#
        )
    }

    #[test]
    fn a_message_of_the_contact_is_read_as_whatsapp_wrote_it() {
        check(
            &CHANNEL,
            &body(
                r#"{"id":"m1","from":"+49151","timestamp":"1767268800","type":"text","text":{"body":"Hi"},"kapso":{"direction":"inbound"}}"#,
            ),
            &["1767268800 message_received 49151 account=p1 id=m1 type=text text=Hi"],
        );
        check(
            &CHANNEL,
            &body(r#"{"id":"m1","timestamp":"1767268800","type":"sticker","kapso":{"direction":"inbound"}}"#),
            &["1767268800 message_received 49151 account=p1 id=m1 type=sticker"],
        );
    }

    #[test]
    fn a_message_of_the_business_comes_with_its_receipts_so_far() {
        check(
            &CHANNEL,
            &body(
                r#"{"id":"m2","timestamp":"1767268800","type":"text","text":{"body":"Hallo"},"kapso":{"direction":"outbound","origin":"business_app",
                "statuses":[{"id":"m2","status":"sent","timestamp":"1767268800","recipient_id":"49151"},
                {"id":"m2","status":"delivered","timestamp":"1767268802","recipient_id":"49151"},{"id":"m2"}]}}"#,
            ),
            &[
                "1767268800 message_sent 49151 account=p1 id=m2 type=text agent=human text=Hallo",
                "1767268800 message_sent 49151 account=p1 id=m2",
                "1767268802 message_delivered 49151 account=p1 id=m2",
                "rejected missing_field:status",
            ],
        );
    }

    #[test]
    fn what_tells_no_direction_or_no_contact_is_refused() {
        check(&CHANNEL, &body(r#"{"id":"m1","kapso":{}}"#), &["rejected bad_value:direction"]);
        let nobody = body(r#"{"id":"m1","timestamp":"1767268800","type":"text","kapso":{"direction":"outbound"}}"#);
        check(&CHANNEL, &nobody.replace("+49 151", ""), &["rejected missing_field:conversation"]);
    }
}

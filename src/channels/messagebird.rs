//! MessageBird, now Bird: SMS status reports and inbound SMS, and the webhooks of its Conversations API.
//!
//! Knows three shapes. Format: MessageBird's SMS API ("handle a status report", "receive SMS") and its Conversations API
//! ("webhooks").
//!
//! - A *status report* is a form or an object: `id`, `recipient`, `status`, `statusDatetime`, perhaps `statusErrorCode`.
//! - An *inbound SMS*: `originator`, `recipient`, `body`, and its time in several spellings. `date` is local time and not
//!   read; `date_utc` is what it says.
//! - A *conversation webhook*: `type` (`message.created`, `message.updated`), `message`, `conversation`, `contact`.
//!
//! Decisions
//! - *Contact.* The number in digits. A conversation's contact without a number is known by its id.
//! - *Message.* One SMS to several recipients has one id, so the key of a status is id and recipient.

use super::delivery::{Failure, Message, Moment, amount, digits, moment, told_by};
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

const NAME: &str = "messagebird";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "MessageBird",
    knows_numbers: true,
    kinds: &[
        Kind::ButtonClicked,
        Kind::MessageReceived,
        Kind::OptedOutSoft,
        Kind::MessageSent,
        Kind::MessageSuppressed,
        Kind::MessageFailed,
        Kind::MessageDelivered,
        Kind::MessageOpened,
    ],
    abilities: Abilities {
        sent: Ability::Yes,
        delivered: Ability::Yes,
        opened: Ability::LowerBound,
        clicked: Ability::LowerBound,
        replied: Ability::Yes,
        opted_in: Ability::NeedsSendLog,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Never,
        paid: Ability::Never,
    },
    caveats: &[
        "SMS have no reads; Conversations report them where the messenger does.",
        "Status error 103 says that the contact replied STOP: a failed message and a soft opt-out.",
        "SMS status reports do not name the sender: the account is the only one known of the contact.",
        "The business's reference is the tag, and the campaign unless a rule reads it; where references are unique per message, write a rule or nothing can be compared.",
        "A message that a conversation webhook reports as created counts as sent then, unless it was rejected at once.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    let body = record.body;
    is_status(body) || is_inbound(body) || is_conversation(body)
}

fn is_status(body: &Value<'_>) -> bool {
    ["id", "recipient", "status", "statusDatetime"].iter().all(|key| json::has(body, key))
}

fn is_inbound(body: &Value<'_>) -> bool {
    ["originator", "recipient"].iter().all(|key| json::has(body, key))
        && ["createdDatetime", "date_utc"].iter().any(|key| json::has(body, key))
}

fn is_conversation(body: &Value<'_>) -> bool {
    let kind = body.get("type").as_str();
    let is_message = kind.is_some_and(|kind| kind.starts_with("message."));
    is_message && json::has(body.get("message"), "channelId")
        || kind.is_some_and(|kind| kind.starts_with("conversation."))
            && json::has(body.get("conversation"), "contactId")
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let read = if is_status(record.body) {
        status(record, out)
    } else if is_inbound(record.body) {
        inbound(record, out)
    } else {
        conversation(record, out)
    };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// An SMS status report.
fn status(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let kind = match json::required(body.get("status"), "status")?.as_ref() {
        "sent" => Kind::MessageSent,
        "delivered" => Kind::MessageDelivered,
        "delivery_failed" | "expired" => Kind::MessageFailed,
        "scheduled" => {
            out.ignore("scheduled");
            return Ok(());
        }
        "buffered" => {
            out.ignore("buffered");
            return Ok(());
        }
        _ => {
            out.ignore("unknown_status");
            return Ok(());
        }
    };
    let id = json::required(body.get("id"), "id")?;
    let contact = number(body.get("recipient")).ok_or(Reason::MissingField("recipient"))?;
    let message = Message { channel: NAME, account: number(body.get("originator")), contact, id };
    // A form has its fields side by side.
    let price = |part: &str, flat: &str| match body.get("price") {
        Value::Object(price) => price.get(part),
        _ => body.as_object().and_then(|body| body.get(flat)),
    };
    let cost = price("amount", "price[amount]").and_then(amount);
    let event = Event {
        dedup: format!("{}:{}", message.id, message.contact).into(),
        tag: json::text(body.get("reference")),
        currency: cost.as_ref().and_then(|_| price("currency", "price[currency]").and_then(json::text)),
        cost,
        ..message.event(kind, at(body.get("statusDatetime"), "statusDatetime", record)?)
    };
    if kind == Kind::MessageFailed {
        let error_code = json::text(body.get("statusErrorCode")).filter(|code| code != "0");
        let failure = if error_code.as_deref() == Some("103") { Failure::Stopped(None) } else { Failure::Plain };
        failure.tell(Event { error_code, ..event }, out);
    } else {
        out.event(event);
    }
    Ok(())
}

/// An inbound SMS.
fn inbound(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let contact = number(body.get("originator")).ok_or(Reason::MissingField("originator"))?;
    let account = number(body.get("recipient"));
    let id = json::required(body.get("id"), "id")?;
    let at = match body.get("date_utc") {
        Value::Null => at(body.get("createdDatetime"), "createdDatetime", record)?,
        date_utc => (json::time(date_utc, "date_utc", record.reading.zone())?, TimeBasis::Event),
    };
    let has_media = json::elements(body.get("mediaURLs")).next().is_some();
    let message = Message { channel: NAME, account, contact, id };
    out.event(Event {
        message_type: has_media.then(|| "media".into()),
        text: json::text(body.get("body")).or_else(|| json::text(body.get("message"))),
        ..message.event(Kind::MessageReceived, at)
    });
    Ok(())
}

/// A webhook of the Conversations API.
fn conversation(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let body = record.body;
    let is_new = match body.get("type").as_str() {
        Some("message.created") => true,
        Some("message.updated" | "message.status") => false,
        _ => {
            out.ignore("conversation");
            return Ok(());
        }
    };
    let message = body.get("message");
    let by_contact = match message.get("direction").as_str() {
        Some("received") => true,
        Some("sent") => false,
        _ => return Err(Reason::BadValue("direction")),
    };
    let person = if by_contact { message.get("from") } else { message.get("to") };
    let contact = number(body.get("contact").get("msisdn"))
        .filter(|number| number != "0")
        .or_else(|| number(person))
        .or_else(|| json::text(body.get("contact").get("id")))
        .or_else(|| json::text(body.get("conversation").get("contactId")))
        .ok_or(Reason::MissingField("contact"))?;
    let told = Message {
        channel: NAME,
        account: json::text(message.get("channelId")),
        contact,
        id: json::required(message.get("id"), "id")?,
    };
    if by_contact {
        if !is_new {
            out.ignore("received_message_updated");
            return Ok(());
        }
        let at = at(message.get("createdDatetime"), "createdDatetime", record)?;
        out.event(written(message, &told, at));
        return Ok(());
    }
    let status = json::text(message.get("status")).unwrap_or_default();
    let kind = match status.as_ref() {
        "sent" | "transmitted" => Kind::MessageSent,
        "pending" | "accepted" | "" if is_new => Kind::MessageSent,
        "delivered" => Kind::MessageDelivered,
        "read" => Kind::MessageOpened,
        "failed" | "rejected" => Kind::MessageFailed,
        "pending" | "accepted" => {
            out.ignore("pending");
            return Ok(());
        }
        "deleted" => {
            out.ignore("deleted");
            return Ok(());
        }
        _ => {
            out.ignore("unknown_status");
            return Ok(());
        }
    };
    let changed = if is_new { "createdDatetime" } else { "updatedDatetime" };
    let at = at(message.as_object().and_then(|message| message.get(changed)).unwrap_or(&Value::Null), changed, record)?;
    let template = message.get("content").get("hsm");
    let event = Event {
        template: json::text(template.get("templateName")),
        language: json::text(template.get("language").get("code")),
        message_type: json::text(message.get("type")),
        text: json::text(message.get("content").get("text")),
        ..told_by(if is_new { "created" } else { "updated" }, told.event(kind, at))
    };
    if kind == Kind::MessageFailed {
        let error_code = json::text(message.get("error").get("code"));
        Failure::of_whatsapp(error_code.as_deref()).tell(Event { error_code, ..event }, out);
    } else {
        out.event(event);
    }
    Ok(())
}

/// What the contact wrote or tapped in a conversation.
fn written<'a>(message: &'a Value<'a>, told: &Message<'a>, at: Moment) -> Event<'a> {
    let content = message.get("content");
    let reply = content.get("interactive").get("reply");
    let button = content.get("button");
    let event = Event { message_type: json::text(message.get("type")), ..told.event(Kind::MessageReceived, at) };
    let tapped = |payload: &'a Value<'a>, title: &'a Value<'a>| Event {
        kind: Kind::ButtonClicked,
        answer: json::text(payload).or_else(|| json::text(title)),
        text: json::text(title),
        ..event.clone()
    };
    if reply.is_object() {
        tapped(reply.get("id"), reply.get("text"))
    } else if button.is_object() {
        tapped(button.get("payload"), button.get("text"))
    } else {
        let caption = ["image", "video", "file"].iter().find_map(|kind| {
            let medium = content.as_object()?.get(kind)?;
            json::text(medium.get("caption"))
        });
        Event { text: json::text(content.get("text")).or(caption), ..event }
    }
}

/// A number in digits. A form may have lost its plus, which leaves a blank.
fn number<'a>(value: &'a Value<'a>) -> Option<Text<'a>> {
    json::text(value).map(digits)
}

/// A time as these webhooks write it: ISO-8601, whose `+` a form may have lost, or `20230727004929`, which is UTC.
fn at(value: &Value<'_>, field: &'static str, record: &Record<'_>) -> Result<Moment, Reason> {
    let repaired = value.as_str().and_then(|text| {
        let text = text.trim();
        if let Some((time, offset)) = text.split_once(' ')
            && time.contains('T')
        {
            return Time::parse(&format!("{time}+{offset}"), None);
        }
        if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let utc = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
            return Time::from_civil(utc, &jiff::tz::TimeZone::UTC);
        }
        None
    });
    match repaired {
        Some(at) => Ok((at, TimeBasis::Event)),
        None => moment(value, field, record),
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::{check, lines_of, outcomes};
    use super::super::{Arena, Reading, form};
    use super::*;

    fn read(form: &str) -> Vec<String> {
        let arena = Arena::default();
        let body = form::parse(form, &arena);
        let reading = Reading::default();
        lines_of(&CHANNEL, &Record { body: &body, received_at: None, source: "test", reading: &reading, arena: &arena })
    }

    const REPORT: &str =
        "id=m1&recipient=49151&reference=spring&price%5Bamount%5D=0.070&price%5Bcurrency%5D=EUR&statusDatetime=";

    #[test]
    fn a_status_report_is_a_form_whose_plus_may_be_lost() {
        for at in ["2026-03-02T09%3A00%3A00%2B01%3A00", "2026-03-02T09:00:00+01:00", "20260302080000"] {
            assert_eq!(
                read(&format!("{REPORT}{at}&status=delivered")),
                ["1772438400 message_delivered 49151 id=m1 tag=spring cost=0.070 currency=EUR"],
                "{at}"
            );
        }
        assert_eq!(read(&format!("{REPORT}2026-03-02T08:00:00Z&status=buffered")), ["ignored buffered"]);
        assert_eq!(read(&format!("{REPORT}2026-13-02T08:00:00Z&status=sent")), ["rejected bad_time:statusDatetime"]);
    }

    #[test]
    fn error_103_is_a_failure_and_an_opt_out() {
        let failed = |code: &str| {
            format!(
                r#"{{"id":"m1","recipient":49151,"status":"delivery_failed","statusErrorCode":{code},"statusDatetime":"2026-03-02T08:00:00+00:00"}}"#
            )
        };
        check(
            &CHANNEL,
            &failed("103"),
            &["1772438400 message_failed 49151 id=m1 error=103", "1772438400 opted_out_soft 49151 error=103"],
        );
        check(&CHANNEL, &failed("\"5\""), &["1772438400 message_failed 49151 id=m1 error=5"]);
    }

    #[test]
    fn one_message_to_several_recipients_is_told_apart_by_recipient() {
        let dedup = |recipient: &str| {
            let arena = Arena::default();
            let json = format!(
                r#"{{"id":"m1","recipient":"{recipient}","status":"sent","statusDatetime":"2026-03-02T08:00:00Z"}}"#
            );
            let body = super::super::parse(&json, &arena).unwrap();
            let mut dedup = String::new();
            let mut keep = |event: Event<'_>| dedup = event.dedup.into_owned();
            let reading = Reading::default();
            let record = Record { body: &body, received_at: None, source: "", reading: &reading, arena: &arena };
            parse(&record, &mut Out::new(&mut keep));
            dedup
        };
        assert_ne!(dedup("49151"), dedup("49152"));
    }

    #[test]
    fn an_inbound_sms_has_the_time_in_utc() {
        let sms = |time: &str| {
            format!(
                r#"{{"receiver":"4930","sender":"49151","message":"Ja","date":1772406000,{time}"reference":"1","id":"i1","message_id":"x","recipient":"4930","originator":"+49151","body":"Ja","createdDatetime":"20260302080000","mms":false}}"#
            )
        };
        let expected = ["1772438400 message_received 49151 account=4930 id=i1 text=Ja"];
        check(&CHANNEL, &sms(r#""date_utc":1772438400,"#), &expected);
        check(&CHANNEL, &sms(""), &expected);
    }

    fn webhook(kind: &str, message: &str) -> String {
        format!(
            r#"{{"type":"{kind}","contact":{{"id":"c1","msisdn":49151}},"conversation":{{"id":"k1","contactId":"c1","status":"active"}},"message":{{"id":"m1","conversationId":"k1","channelId":"ch1","platform":"whatsapp","createdDatetime":"2026-03-02T08:00:00Z","updatedDatetime":"2026-03-02T08:00:05.880881081Z",{message}}}}}"#
        )
    }

    #[test]
    fn a_conversation_tells_what_was_sent_and_how_far_it_got() {
        check(
            &CHANNEL,
            &webhook(
                "message.created",
                r#""direction":"sent","status":"pending","type":"hsm","content":{"hsm":{"templateName":"spring","language":{"code":"de"}}}"#,
            ),
            &["1772438400 message_sent 49151 account=ch1 id=m1 template=spring language=de type=hsm"],
        );
        for (status, kind) in [("delivered", "message_delivered"), ("read", "message_opened"), ("sent", "message_sent")]
        {
            check(
                &CHANNEL,
                &webhook("message.updated", &format!(r#""direction":"sent","status":"{status}""#)),
                &[&format!("1772438405 {kind} 49151 account=ch1 id=m1")],
            );
        }
        check(
            &CHANNEL,
            &webhook("message.updated", r#""direction":"sent","status":"rejected","error":{"code":131049}"#),
            &["1772438405 message_suppressed 49151 account=ch1 id=m1 error=131049"],
        );
        check(&CHANNEL, &webhook("message.updated", r#""direction":"sent","status":"pending""#), &["ignored pending"]);
    }

    #[test]
    fn a_conversation_tells_what_the_contact_wrote_and_tapped() {
        check(
            &CHANNEL,
            &webhook("message.created", r#""direction":"received","type":"text","content":{"text":"Hallo"}"#),
            &["1772438400 message_received 49151 account=ch1 id=m1 type=text text=Hallo"],
        );
        check(
            &CHANNEL,
            &webhook(
                "message.created",
                r#""direction":"received","type":"interactive","content":{"interactive":{"reply":{"id":"yes","text":"Ja"}}}"#,
            ),
            &["1772438400 button_clicked 49151 account=ch1 id=m1 type=interactive answer=yes text=Ja"],
        );
        check(
            &CHANNEL,
            r#"{"type":"conversation.created","conversation":{"id":"k1","contactId":"c1"}}"#,
            &["ignored conversation"],
        );
    }

    #[test]
    fn the_broken_sample_is_refused_for_these_reasons() {
        let broken = include_str!("../../sample-data/messagebird/broken.ndjson");
        assert_eq!(
            outcomes(&CHANNEL, broken),
            [
                "missing_field:id",
                "missing_field:recipient",
                "bad_time:statusDatetime",
                "ignored unknown_status",
                "bad_time:statusDatetime",
                "missing_field:originator",
                "bad_time:date_utc",
                "bad_value:direction",
                "missing_field:contact",
                "bad_time:updatedDatetime",
                "not json",
                "not json",
                "missing_field:status",
            ]
        );
    }
}

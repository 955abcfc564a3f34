//! Twilio Programmable Messaging: inbound messages, status callbacks, and both again as Event Streams.
//!
//! Knows the names of Twilio's parameters. Format: Twilio's guides "webhook request" and "outbound message status in status
//! callbacks", and the Event Streams types `com.twilio.messaging.*`.
//!
//! Webhooks are forms (or what a gateway made of them): `MessageSid=SM…&From=whatsapp%3A%2B49…&To=…&Body=…` for a message of
//! the contact, the same with `MessageStatus=delivered` for what became of a message of the business. Event Streams wrap the
//! same parameters, spelled `messageSid`, in a cloud event, and tell a time.
//!
//! Decisions
//! - *Time.* Webhooks tell none: the time of receipt stands in, and without one a record is refused.
//! - *Contact.* The address without its prefix, a number in digits: `whatsapp:+49151…` and `+49151…` are one person.
//! - *Account.* The business's address with its prefix, so that WhatsApp and SMS of one number are told apart.
//! - *Plus.* A `+` that some gateway decoded as a blank is put back.

use super::delivery::{Failure, Message, Moment, digits};
use super::value::Object;
use super::{Abilities, Ability, Channel, Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, TimeBasis};

const NAME: &str = "twilio";
/// What the types of Event Streams begin with.
const STREAM: &str = "com.twilio.";

pub(super) static CHANNEL: Channel = Channel {
    name: NAME,
    title: "Twilio",
    knows_numbers: true,
    kinds: &[
        Kind::Referral,
        Kind::OptedIn,
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
        opted_in: Ability::LowerBound,
        opted_out_soft: Ability::LowerBound,
        opted_out_hard: Ability::Never,
        asked: Ability::NeedsSendLog,
        handed_over: Ability::Never,
        paid: Ability::Never,
    },
    caveats: &[
        "Webhooks tell no time: events have the time of receipt, so a callback that came late makes its event late; Event Streams tell the time.",
        "A callback that is delivered again has another time of receipt and is kept twice; messages count once by their id.",
        "Reads are reported for WhatsApp and RCS only, and not where the contact switched them off; SMS has none.",
        "Error 21610 says that the contact replied STOP before, 63014 that they blocked the sender or opted out: both are failed messages and soft opt-outs.",
        "Twilio itself recognises a stop in SMS, and in WhatsApp only where Advanced Opt-Out is on; elsewhere it is recognised \
         by its words.",
        "Errors 63049 and 63032 are messages that WhatsApp held back: suppressed, not failed.",
        "WhatsApp and SMS of one telephone number are one contact; the account, which has the prefix, tells them apart.",
        "A WhatsApp contact who hides the number is known by a user id, and is another contact than under the number.",
        "Taps on links are not reported.",
    ],
    recognises,
    parse,
};

fn recognises(record: &Record<'_>) -> bool {
    is_callback(record.body) || is_streamed(record.body)
}

fn is_callback(body: &Value<'_>) -> bool {
    ["MessageSid", "SmsMessageSid", "SmsSid"].iter().any(|key| json::has(body, key))
        && ["AccountSid", "MessageStatus", "SmsStatus"].iter().any(|key| json::has(body, key))
}

fn is_streamed(body: &Value<'_>) -> bool {
    json::has(body, "specversion") && body.get("type").as_str().is_some_and(|kind| kind.starts_with(STREAM))
}

fn parse(record: &Record<'_>, out: &mut Out<'_>) {
    let read = if is_callback(record.body) { callback(record, out) } else { streamed(record, out) };
    if let Err(reason) = read {
        out.reject(reason);
    }
}

/// A webhook. What has no status, or one of the contact's messages, is a message of the contact.
fn callback(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let fields = record.body.as_object().ok_or(Reason::BadValue("body"))?;
    let received_at = record.received_at.ok_or(Reason::MissingField("received_at"))?;
    let parameters = Parameters { fields, at: (received_at, TimeBasis::Received) };
    match parameters.text("MessageStatus").or_else(|| parameters.text("SmsStatus")).as_deref() {
        None | Some("received" | "receiving") => parameters.inbound(out),
        Some(status) => parameters.status(&status.to_ascii_lowercase(), out),
    }
}

/// A cloud event: its type says what happened, also where `messageStatus` says something older.
fn streamed(record: &Record<'_>, out: &mut Out<'_>) -> Result<(), Reason> {
    let kind = record.body.get("type").as_str().unwrap_or_default();
    let Some(kind) = kind.strip_prefix(STREAM).and_then(|kind| kind.strip_prefix("messaging.")) else {
        out.ignore("event_of_another_product");
        return Ok(());
    };
    let data = record.body.get("data");
    let fields = data.as_object().ok_or(Reason::MissingField("data"))?;
    let at = json::time(data.get("timestamp"), "timestamp", record.reading.zone())?;
    let parameters = Parameters { fields, at: (at, TimeBasis::Event) };
    match kind.split_once('.') {
        Some(("inbound-message", "received")) => parameters.inbound(out),
        Some(("message", status)) => parameters.status(status, out),
        _ => {
            out.ignore("other_event");
            Ok(())
        }
    }
}

/// The parameters of a callback or of the data of a cloud event, and when it happened.
struct Parameters<'a> {
    fields: Object<'a>,
    at: Moment,
}

impl<'a> Parameters<'a> {
    /// A parameter by its name in webhooks; Event Streams begin theirs in lower case.
    fn get(&self, name: &str) -> &'a Value<'a> {
        let mut named = self.fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().map_or(&Value::Null, |(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<Text<'a>> {
        json::text(self.get(name))
    }

    /// The message, by the names of the parameters that hold the address of the contact and of the business.
    fn message(&self, contact: &'static str, business: &'static str) -> Result<Message<'a>, Reason> {
        let id = ["MessageSid", "SmsMessageSid", "SmsSid"].into_iter().find_map(|name| self.text(name));
        let contact = self
            .text(contact)
            .map(|address| bare(&address))
            .filter(|bare| !bare.is_empty())
            .ok_or(Reason::MissingField(contact))?;
        Ok(Message {
            channel: NAME,
            account: self.text(business).map(with_plus).or_else(|| self.text("MessagingServiceSid")),
            contact,
            id: id.ok_or(Reason::MissingField("MessageSid"))?,
        })
    }

    /// What the contact wrote or tapped, and what it says about where they came from and about permission.
    fn inbound(&self, out: &mut Out<'_>) -> Result<(), Reason> {
        let message = self.message("From", "To")?;
        let new = |kind| Event { country: self.country(), ..message.event(kind, self.at) };
        let referral = ["ReferralSourceId", "ReferralSourceUrl", "ReferralCtwaClid"];
        if referral.iter().any(|name| self.text(name).is_some()) {
            let topic = self.text("ReferralSourceId").or_else(|| self.text("ReferralSourceUrl"));
            out.event(Event { topic, ..new(Kind::Referral) });
        }
        let tapped = [("ButtonPayload", "ButtonText"), ("ListId", "ListTitle")]
            .into_iter()
            .map(|(payload, title)| (self.text(payload), self.text(title)))
            .find(|(payload, title)| payload.is_some() || title.is_some());
        let (kind, answer, text) = match tapped {
            Some((payload, title)) => (Kind::ButtonClicked, payload.or_else(|| title.clone()), title),
            None => (Kind::MessageReceived, None, self.text("Body")),
        };
        out.event(Event {
            reply_to: self.text("OriginalRepliedMessageSid"),
            message_type: self.message_type(),
            answer,
            text,
            ..new(kind)
        });
        match self.text("OptOutType").map(|said| said.to_ascii_uppercase()).as_deref() {
            Some("STOP") => out.event(new(Kind::OptedOutSoft)),
            Some("START") => out.event(new(Kind::OptedIn)),
            _ => {}
        }
        Ok(())
    }

    /// What became of a message of the business.
    fn status(&self, status: &str, out: &mut Out<'_>) -> Result<(), Reason> {
        let kind = match status {
            "sent" => Kind::MessageSent,
            "delivered" => Kind::MessageDelivered,
            "read" => Kind::MessageOpened,
            "failed" | "undelivered" => Kind::MessageFailed,
            status => {
                let not_sent = ["accepted", "scheduled", "queued", "sending", "canceled"];
                out.ignore(not_sent.into_iter().find(|word| *word == status).unwrap_or("unknown_status"));
                return Ok(());
            }
        };
        let message = self.message("To", "From")?;
        let tags = self.get("Tags");
        let tag = json::text(tags.get("campaign_name")).or_else(|| json::text(tags.get("campaign")));
        let event = Event { tag, ..message.event(kind, self.at) };
        if kind == Kind::MessageFailed {
            let error_code = self.text("ErrorCode").filter(|code| code != "0");
            failure(error_code.as_deref()).tell(Event { error_code, ..event }, out);
        } else {
            out.event(event);
        }
        Ok(())
    }

    fn message_type(&self) -> Option<Text<'a>> {
        self.text("MessageType").map(|kind| kind.to_ascii_lowercase().into()).or_else(|| {
            let n_media = self.text("NumMedia").filter(|n| n != "0")?;
            let medium = self.text("MediaContentType0").unwrap_or(n_media);
            Some(medium.split_once('/').map_or("media", |(medium, _)| medium).to_owned().into())
        })
    }

    /// Country of the contact's number, as SMS tells it.
    fn country(&self) -> Option<Text<'a>> {
        self.text("FromCountry").filter(|country| country.len() == 2)
    }
}

/// What Twilio's error codes say beyond a failure: the contact replied STOP (21610), blocked the sender or opted out (63014);
/// WhatsApp kept the message back for its limits (63049) or its experiments (63032).
fn failure(code: Option<&str>) -> Failure {
    match code {
        Some("21610" | "63014") => Failure::Stopped(None),
        Some("63049" | "63032") => Failure::Suppressed,
        _ => Failure::Plain,
    }
}

/// An address without the messenger it belongs to.
fn bare<'a>(address: &str) -> Text<'a> {
    let bare = address.split_once(':').map_or(address, |(_, bare)| bare).trim();
    digits(bare.to_owned().into())
}

/// An address whose plus came through as a blank, with its plus.
fn with_plus(address: Text<'_>) -> Text<'_> {
    let (prefix, bare) = address.split_once(':').unwrap_or(("", &address));
    let separator = if prefix.is_empty() { "" } else { ":" };
    match bare.strip_prefix(' ') {
        Some(number) if number.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("{prefix}{separator}+{number}").into()
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::{lines, lines_of, outcomes};
    use super::super::{Arena, Reading, form};
    use super::*;
    use crate::event::Time;

    const RECEIVED: Time = Time(1_772_438_400_000_000);

    #[track_caller]
    fn check(form: &str, expected: &[&str]) {
        assert_eq!(read(form, Some(RECEIVED)), expected, "{form}");
    }

    fn read(form: &str, received_at: Option<Time>) -> Vec<String> {
        let arena = Arena::default();
        let body = form::parse(form, &arena);
        let reading = Reading::default();
        lines_of(&CHANNEL, &Record { body: &body, received_at, source: "test", reading: &reading, arena: &arena })
    }

    #[test]
    fn a_message_of_the_contact_goes_from_the_contact_to_the_account() {
        check(
            "SmsMessageSid=SM1&NumMedia=0&SmsSid=SM1&SmsStatus=received&Body=Ja+gern&To=whatsapp%3A%2B4930111&MessageSid=SM1&AccountSid=AC1&From=whatsapp%3A%2B49151222&ApiVersion=2010-04-01",
            &["~1772438400 message_received 49151222 account=whatsapp:+4930111 id=SM1 text=Ja gern"],
        );
    }

    #[test]
    fn a_status_goes_from_the_account_to_the_contact() {
        for (status, kind) in [
            ("sent", "message_sent"),
            ("delivered", "message_delivered"),
            ("read", "message_opened"),
            ("undelivered", "message_failed"),
        ] {
            check(
                &format!(
                    "MessageSid=SM2&MessageStatus={status}&SmsStatus={status}&From=whatsapp%3A%2B4930111&To=whatsapp%3A%2B49151222&AccountSid=AC1"
                ),
                &[&format!("~1772438400 {kind} 49151222 account=whatsapp:+4930111 id=SM2")],
            );
        }
    }

    #[test]
    fn before_it_is_sent_nothing_happened() {
        for status in ["accepted", "queued", "sending", "scheduled", "canceled"] {
            check(&format!("MessageSid=SM2&MessageStatus={status}&From=1&To=2"), &[&format!("ignored {status}")]);
        }
        check("MessageSid=SM2&MessageStatus=teleported&From=1&To=2", &["ignored unknown_status"]);
    }

    #[test]
    fn a_record_without_a_time_of_receipt_is_refused() {
        assert_eq!(read("MessageSid=SM2&MessageStatus=sent&From=1&To=2", None), ["rejected missing_field:received_at"]);
    }

    #[test]
    fn a_plus_that_became_a_blank_is_put_back() {
        check(
            "MessageSid=SM3&AccountSid=AC1&From=+49151222&To=whatsapp:+4930111&Body=Hi",
            &["~1772438400 message_received 49151222 account=whatsapp:+4930111 id=SM3 text=Hi"],
        );
        assert_eq!(with_plus(" 4930".into()), "+4930");
        assert_eq!(with_plus("whatsapp:US.1234".into()), "whatsapp:US.1234");
    }

    #[test]
    fn a_user_name_stands_for_a_hidden_number() {
        check(
            "MessageSid=SM4&AccountSid=AC1&From=whatsapp:US.13491208655302741918&To=whatsapp:%2B4930111&Body=Hi",
            &["~1772438400 message_received US.13491208655302741918 account=whatsapp:+4930111 id=SM4 text=Hi"],
        );
    }

    #[test]
    fn taps_on_buttons_and_lists_are_clicks() {
        check(
            "MessageSid=SM5&AccountSid=AC1&From=1&To=2&Body=Ja&ButtonText=Ja&ButtonPayload=yes&MessageType=button&OriginalRepliedMessageSid=MM9",
            &["~1772438400 button_clicked 1 account=2 id=SM5 re=MM9 type=button answer=yes text=Ja"],
        );
        check(
            "MessageSid=SM6&AccountSid=AC1&From=1&To=2&Body=42&ListId=s42&ListTitle=42&MessageType=interactive",
            &["~1772438400 button_clicked 1 account=2 id=SM6 type=interactive answer=s42 text=42"],
        );
        check(
            "MessageSid=SM7&AccountSid=AC1&From=1&To=2&ButtonText=Ja",
            &["~1772438400 button_clicked 1 account=2 id=SM7 answer=Ja text=Ja"],
        );
    }

    #[test]
    fn an_ad_that_brought_the_contact_is_told_beside_the_message() {
        check(
            "MessageSid=SM8&AccountSid=AC1&From=1&To=2&Body=Hallo&ReferralSourceId=ad9&ReferralSourceUrl=https://fb.me/x",
            &[
                "~1772438400 referral 1 account=2 id=SM8 topic=ad9",
                "~1772438400 message_received 1 account=2 id=SM8 text=Hallo",
            ],
        );
    }

    #[test]
    fn stop_ends_and_start_resumes_while_help_does_neither() {
        let read = |said: &str| {
            let form = format!("MessageSid=SM9&AccountSid=AC1&From=1&To=2&Body={said}&OptOutType={said}");
            read(&form, Some(RECEIVED)).split_off(1)
        };
        assert_eq!(read("STOP"), ["~1772438400 opted_out_soft 1 account=2 id=SM9"]);
        assert_eq!(read("START"), ["~1772438400 opted_in 1 account=2 id=SM9"]);
        assert_eq!(read("HELP"), [""; 0]);
    }

    #[test]
    fn failures_are_told_apart_by_their_code() {
        let failed = |code: &str| format!("MessageSid=SM2&MessageStatus=failed&From=1&To=2&ErrorCode={code}");
        check(
            &failed("21610"),
            &[
                "~1772438400 message_failed 2 account=1 id=SM2 error=21610",
                "~1772438400 opted_out_soft 2 account=1 error=21610",
            ],
        );
        check(&failed("63049"), &["~1772438400 message_suppressed 2 account=1 id=SM2 error=63049"]);
        check(&failed("63016"), &["~1772438400 message_failed 2 account=1 id=SM2 error=63016"]);
        check(&failed("0"), &["~1772438400 message_failed 2 account=1 id=SM2"]);
    }

    #[test]
    fn media_name_their_kind_and_sms_its_country() {
        check(
            "MessageSid=MM1&AccountSid=AC1&From=%2B49151&To=%2B4930&Body=&NumMedia=1&MediaContentType0=image%2Fjpeg&FromCountry=DE",
            &["~1772438400 message_received 49151 account=+4930 id=MM1 country=DE type=image"],
        );
    }

    #[test]
    fn event_streams_tell_the_time_and_their_type_what_happened() {
        let event = |kind: &str, data: &str| {
            let json = format!(
                r#"{{"specversion":"1.0","type":"com.twilio.{kind}","id":"EZ1","data":{{"timestamp":"2026-03-02T08:00:00.000Z","accountSid":"AC1",{data}}}}}"#
            );
            lines(&CHANNEL, &json, None)
        };
        assert_eq!(
            event(
                "messaging.message.delivered",
                r#""messageSid":"SM1","from":"+4930","to":"+49151","messageStatus":"QUEUED","tags":{"campaign_name":"spring"}"#
            ),
            ["1772438400 message_delivered 49151 account=+4930 id=SM1 tag=spring"]
        );
        assert_eq!(
            event(
                "messaging.message.undelivered",
                r#""messageSid":"SM1","from":"+4930","to":"+49151","errorCode":21610"#
            ),
            [
                "1772438400 message_failed 49151 account=+4930 id=SM1 error=21610",
                "1772438400 opted_out_soft 49151 account=+4930 error=21610"
            ]
        );
        assert_eq!(
            event(
                "messaging.inbound-message.received",
                r#""messageSid":"SM1","from":"+49151","to":"+4930","numMedia":0,"body":"Stopp","optOutType":"STOP""#
            ),
            [
                "1772438400 message_received 49151 account=+4930 id=SM1 text=Stopp",
                "1772438400 opted_out_soft 49151 account=+4930 id=SM1"
            ]
        );
        assert_eq!(event("voice.status-callback.call.completed", r#""x":1"#), ["ignored event_of_another_product"]);
        assert_eq!(event("messaging.error.created", r#""x":1"#), ["ignored other_event"]);
    }

    #[test]
    fn the_broken_sample_is_refused_for_these_reasons() {
        let broken = include_str!("../../sample-data/twilio/broken.ndjson");
        assert_eq!(
            outcomes(&CHANNEL, broken),
            [
                "missing_field:received_at",
                "missing_field:MessageSid",
                "missing_field:From",
                "missing_field:To",
                "ignored unknown_status",
                "bad_time:timestamp",
                "missing_field:timestamp",
                "no_zone:timestamp",
                "missing_field:data",
                "ignored event_of_another_product",
                "missing_field:received_at",
                "not json",
                "not json",
                "missing_field:To",
            ]
        );
    }
}

//! What the webhooks of business providers have in common: one message of one contact, when something became of it, and
//! what a failure says about the contact.
//!
//! It knows no provider's field names: which field says what is the channels' matter.

pub(super) use super::whatsapp::digits;
use super::{Out, Reason, Record, Value, json};
use crate::event::{Event, Kind, Text, Time, TimeBasis};

/// An instant, and whether the platform told it or only the log.
pub(super) type Moment = (Time, TimeBasis);

/// The message that a part of a record is about.
pub(super) struct Message<'a> {
    /// The channel's name.
    pub(super) channel: &'static str,
    /// The business's endpoint.
    pub(super) account: Option<Text<'a>>,
    /// The person.
    pub(super) contact: Text<'a>,
    /// The provider's id of the message, one for all that becomes of it.
    pub(super) id: Text<'a>,
}

impl<'a> Message<'a> {
    /// What became of the message. It happens once per message, so its key is the message's id. Where several records tell
    /// of it, and not with the same words, they need [`told_by`]: of equal events only one is kept.
    pub(super) fn event(&self, kind: Kind, (at, time_basis): Moment) -> Event<'a> {
        Event {
            account: self.account.clone(),
            message_id: Some(self.id.clone()),
            time_basis,
            ..Event::new(kind, at, self.channel, self.contact.clone(), self.id.clone())
        }
    }
}

/// The same event with a key that says which of several records told it, so that what is kept does not depend on which
/// record came first. Facts know by the message's id that it happened once.
pub(super) fn told_by<'a>(record: &str, event: Event<'a>) -> Event<'a> {
    Event { dedup: format!("{}:{record}", event.dedup).into(), ..event }
}

/// The instant that a field tells; where it is absent, the time of receipt.
///
/// # Errors
/// The field holds no believable time, or it is absent and the log does not tell when it received the record either.
pub(super) fn moment(value: &Value<'_>, field: &'static str, record: &Record<'_>) -> Result<Moment, Reason> {
    match (json::time(value, field, record.reading.zone()), record.received_at) {
        (Err(Reason::MissingField(_)), Some(received_at)) => Ok((received_at, TimeBasis::Received)),
        (time, _) => Ok((time?, TimeBasis::Event)),
    }
}

/// An amount of money as decimal text, from text or number.
pub(super) fn amount<'a>(value: &'a Value<'a>) -> Option<Text<'a>> {
    match value {
        Value::Number(number) => Some(number.to_string().into()),
        text => json::text(text).filter(|text| text.parse::<f64>().is_ok_and(f64::is_finite)),
    }
}

/// What a failure says beyond itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing.
    Plain,
    /// The platform held the message back, through no act of the contact.
    Suppressed,
    /// The contact wants no such messages any more; the topic, if only one kind of messages is meant.
    Stopped(Option<&'static str>),
}

impl Failure {
    /// What a WhatsApp error code says, whoever passes it on.
    pub(super) fn of_whatsapp(code: Option<&str>) -> Self {
        match code {
            // The contact stopped marketing messages from this business.
            Some("131050") => Self::Stopped(Some("marketing_messages")),
            // The contact's share of marketing messages is used up; the contact is in an experiment of the platform.
            Some("131049" | "130472") => Self::Suppressed,
            _ => Self::Plain,
        }
    }

    /// Tells the failure of a message and what it says beyond itself. `event` holds what is known of the message and its
    /// error code; its kind is set here.
    pub(super) fn tell(self, event: Event<'_>, out: &mut Out<'_>) {
        let Self::Stopped(topic) = self else {
            let kind = if self == Self::Suppressed { Kind::MessageSuppressed } else { Kind::MessageFailed };
            return out.event(Event { kind, ..event });
        };
        let stopped = Event {
            time_basis: event.time_basis,
            account: event.account.clone(),
            error_code: event.error_code.clone(),
            topic: topic.map(Into::into),
            // No message id: the message that failed is not what made the contact stop.
            ..Event::new(
                Kind::OptedOutSoft,
                event.at,
                event.channel.clone(),
                event.contact.clone(),
                event.dedup.clone(),
            )
        };
        out.event(Event { kind: Kind::MessageFailed, ..event });
        out.event(stopped);
    }
}

#[cfg(test)]
mod tests {
    use super::super::ALL;
    use super::super::reading::{outcomes, with_record};
    use super::*;

    macro_rules! samples {
        ($($name:literal),*) => {
            [$(($name, include_str!(concat!("../../sample-data/", $name, "/sample.ndjson")))),*]
        };
    }

    #[test]
    fn every_record_of_the_samples_is_its_providers_and_is_read() {
        let samples =
            samples!("gupshup", "infobip", "messagebird", "ringcentral", "twilio", "vonage", "ycloud", "zenvia");
        for (name, sample) in samples {
            for line in sample.lines() {
                let by = with_record(line, |record| ALL.iter().find(|channel| record.is_some_and(channel.recognises)));
                assert_eq!(by.map(|channel| channel.name), Some(name), "{line}");
            }
            let channel = super::super::named(name).unwrap();
            for outcome in outcomes(channel, sample) {
                assert!(outcome.ends_with(" events") || outcome.starts_with("ignored "), "{name}: {outcome}");
            }
        }
    }

    #[test]
    fn records_of_the_platforms_themselves_are_no_providers() {
        for (name, sample) in [
            ("messenger", include_str!("../../sample-data/messenger/odd-cases.ndjson")),
            ("telegram", include_str!("../../sample-data/telegram/odd-cases.ndjson")),
            ("whatsapp", include_str!("../../sample-data/whatsapp/odd-cases.ndjson")),
            ("whatsapp", include_str!("../../sample-data/whatsapp/send-log.ndjson")),
        ] {
            for line in sample.lines() {
                let by = with_record(line, |record| ALL.iter().find(|channel| record.is_some_and(channel.recognises)));
                assert!(by.is_none_or(|channel| [name, "generic"].contains(&channel.name)), "{line}");
            }
        }
    }

    #[test]
    fn what_two_records_tell_of_one_event_is_kept_whichever_comes_first() {
        let message = Message { channel: "x", account: None, contact: "49151".into(), id: "m1".into() };
        let sent = || message.event(Kind::MessageSent, (Time(0), TimeBasis::Event));
        let (one, other) = (told_by("PENDING", sent()), told_by("DELIVERED", sent()));
        assert_ne!(one.dedup, other.dedup);
        assert_eq!(one.message_id, other.message_id);
    }

    #[test]
    fn a_phone_number_is_its_digits_and_other_ids_stay() {
        for (id, expected) in
            [("+49 (151) 23-45", "491512345"), ("4915", "4915"), ("US.1234", "US.1234"), ("+", "+"), ("anna", "anna")]
        {
            assert_eq!(digits(id.into()), expected);
        }
    }

    #[test]
    fn an_amount_is_a_decimal_number_and_nothing_else() {
        for (value, expected) in [
            (Value::Str("0.0333"), Some("0.0333")),
            (Value::Number(0.into()), Some("0")),
            (Value::Str("free"), None),
            (Value::Str("inf"), None),
            (Value::Null, None),
        ] {
            assert_eq!(amount(&value).as_deref(), expected, "{value:?}");
        }
    }
}

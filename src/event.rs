//! Event, Kind and Time: the plain data that stands between channels and everything else.
//!
//! An event is one thing that happened between a contact and the business. Nothing here knows a platform, a file
//! or a column format; `store::schema` says how events are kept.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// One second in the unit of [`Time`].
pub const SECOND: i64 = 1_000_000;

/// The earliest instant a conversation log is believed: 2009-01-01, before the oldest of the messengers. Earlier values are
/// junk (zero, relative or cut-off numbers).
const EARLIEST: i64 = 1_230_768_000 * SECOND;
/// The latest instant believed: 2100-01-01.
const LATEST: i64 = 4_102_444_800 * SECOND;

impl Time {
    /// Reads a Unix time whose unit is told by its size: below 1e11 seconds, below 1e14 milliseconds, below 1e17
    /// microseconds. `None` if the instant is outside 2009–2100, so that junk never becomes 1970.
    #[must_use]
    pub fn from_unix(number: i64) -> Option<Self> {
        let micros = match number {
            0..100_000_000_000 => number.checked_mul(SECOND)?,
            100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000)?,
            100_000_000_000_000..100_000_000_000_000_000 => number,
            _ => return None,
        };
        Self(micros).plausible()
    }

    /// Reads a Unix time in seconds with a fraction, as Rasa and some exports write it.
    #[must_use]
    pub fn from_unix_f64(number: f64) -> Option<Self> {
        if !number.is_finite() || number < 0.0 {
            return None;
        }
        if number < 1e11 {
            // Microseconds of a double below 2^53 are exact enough: the platforms that write floats count to six digits.
            #[expect(clippy::cast_possible_truncation)]
            let micros = (number * 1e6).round() as i64;
            return Self(micros).plausible();
        }
        #[expect(clippy::cast_possible_truncation)]
        Self::from_unix(number.round() as i64)
    }

    /// Reads digits (as [`Time::from_unix`]), a decimal number of seconds, or an ISO-8601 instant or date-time with `T`
    /// or a blank between date and time. A date-time that names no zone is taken in `zone`, and is `None` without one.
    #[must_use]
    pub fn parse(text: &str, zone: Option<&TimeZone>) -> Option<Self> {
        let text = text.trim();
        let first = text.bytes().next()?;
        // Most times are these, and are too short to overflow.
        if (1..=18).contains(&text.len())
            && let Some(number) = text
                .bytes()
                .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
        {
            return Self::from_unix(number);
        }
        if first.is_ascii_digit() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::from_unix(text.parse().ok()?);
        }
        if first.is_ascii_digit() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Self::from_unix_f64(text.parse().ok()?);
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Self(timestamp.as_microsecond()).plausible();
        }
        // Infobip and others write the offset without a colon, which RFC 9557 parsers refuse.
        if let Ok(timestamp) = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text) {
            return Self(timestamp.as_microsecond()).plausible();
        }
        let civil: DateTime = text.parse().ok()?;
        Self::from_civil(civil, zone?)
    }

    /// The instant at which clocks of the zone show a date-time. What a change of the clock skips or repeats is taken as
    /// RFC 5545 says: with the offset before the gap, and the first of both.
    #[must_use]
    pub fn from_civil(civil: DateTime, zone: &TimeZone) -> Option<Self> {
        let zoned = civil.to_zoned(zone.clone()).ok()?;
        Self(zoned.timestamp().as_microsecond()).plausible()
    }

    /// The same instant in whole seconds, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    fn plausible(self) -> Option<Self> {
        (EARLIEST..LATEST).contains(&self.0).then_some(self)
    }
}

impl fmt::Display for Time {
    /// ISO-8601 in UTC, with as many digits of the second as needed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(formatter, "{timestamp}"),
            Err(_) => write!(formatter, "{} µs", self.0),
        }
    }
}

/// Whether `at` is the platform's own event time or only the time at which the record was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeBasis {
    /// The platform said when it happened.
    #[default]
    Event,
    /// Only the time of receipt is known; the event happened earlier.
    Received,
}

impl TimeBasis {
    /// The name in the `time_basis` column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Received => "received",
        }
    }
}

macro_rules! kinds {
    ($($variant:ident $name:literal $doc:literal,)*) => {
        /// What happened. The order of the variants is part of the store's sort order: it breaks ties inside one instant
        /// (see [`Kind::rank`]), so new kinds are added with care.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind { $(#[doc = $doc] $variant,)* }

        impl Kind {
            /// Every kind, in tie-break order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the `kind` column.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the kind means, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc.trim_ascii(),)* }
            }

            /// The kind with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

// Inside one instant the contact's acts come before the business's: logs have whole seconds, a bot answers within the
// second, a person does not. A question follows the message that carries it; receipts come last, lower levels first.
kinds! {
    IdentityLinked "identity_linked" "Two ids were found to be the same contact.",
    Referral "referral" "The contact came from an ad, a link or a QR code.",
    OptedIn "opted_in" "The contact agreed to receive messages, or resumed them.",
    FlowStarted "flow_started" "A scripted dialogue began.",
    ReactionReceived "reaction_received" "The contact reacted to a message with an emoji.",
    LinkClicked "link_clicked" "The contact opened a link.",
    ButtonClicked "button_clicked" "The contact tapped a button, list entry, quick reply or menu.",
    MessageReceived "message_received" "The contact wrote a message.",
    QuestionAnswered "question_answered" "The log itself says that a question was answered.",
    AnswerRejected "answer_rejected" "The bot could not use the answer.",
    QuestionSkipped "question_skipped" "The bot or the contact passed over the question.",
    Fallback "fallback" "The bot did not understand.",
    OptedOutSoft "opted_out_soft" "The contact wrote or tapped stop, or the platform reports that they ended these messages.",
    OptedOutHard "opted_out_hard" "The platform says that the contact blocked or left the business.",
    ErasureRequested "erasure_requested" "The contact asked for their data to be erased.",
    HandoverToHuman "handover_to_human" "A person took over from the bot.",
    HandoverToBot "handover_to_bot" "The bot took over again.",
    Payment "payment" "A payment was made, failed or was refunded; `answer` holds its state.",
    GoalReached "goal_reached" "The business's goal was reached.",
    FlowEnded "flow_ended" "A scripted dialogue was completed.",
    MessageSent "message_sent" "The business sent a message.",
    QuestionAsked "question_asked" "The message sent asks a question.",
    MessageSuppressed "message_suppressed" "The platform did not send the message, through no act of the contact.",
    MessageFailed "message_failed" "The message could not be delivered.",
    MessageDelivered "message_delivered" "The message reached the contact's device.",
    DeliveredUpTo "delivered_up_to" "All messages sent until `up_to` reached the device.",
    MessageOpened "message_opened" "The message was read.",
    OpenedUpTo "opened_up_to" "All messages sent until `up_to` were read.",
}

impl Kind {
    /// Whether one of the two sides acted. Receipts, failures and changes of permission are no acts: a read receipt after
    /// three days prolongs no conversation.
    #[must_use]
    pub fn is_act(self) -> bool {
        matches!(
            self,
            Self::MessageSent
                | Self::MessageReceived
                | Self::ButtonClicked
                | Self::LinkClicked
                | Self::ReactionReceived
                | Self::QuestionAsked
                | Self::QuestionAnswered
                | Self::AnswerRejected
                | Self::QuestionSkipped
                | Self::FlowStarted
                | Self::FlowEnded
                | Self::GoalReached
                | Self::Payment
                | Self::Fallback
                | Self::HandoverToHuman
                | Self::HandoverToBot
        )
    }

    /// Whether only the platform can tell of it: a channel whose log holds none does not report it, which is not the same
    /// as its never having happened.
    #[must_use]
    pub fn is_reported(self) -> bool {
        matches!(
            self,
            Self::MessageDelivered
                | Self::DeliveredUpTo
                | Self::MessageOpened
                | Self::OpenedUpTo
                | Self::MessageFailed
                | Self::MessageSuppressed
                | Self::LinkClicked
                | Self::OptedOutHard
        )
    }

    /// The place of the kind inside one instant; the smallest comes first.
    #[must_use]
    pub fn rank(self) -> i32 {
        i32::from(self as u8)
    }

    /// Tie-break inside one instant: the kind's rank, then the order inside the record. It does not depend on where the
    /// record stood, so that shuffled logs sort the same.
    #[must_use]
    pub fn position(self, sequence: u16) -> i32 {
        (self.rank() << 16) | i32::from(sequence)
    }

    /// The kind with this rank.
    #[must_use]
    pub fn from_rank(rank: u8) -> Option<Self> {
        Self::ALL.get(usize::from(rank)).copied()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Text that is borrowed from the log line where possible.
pub type Text<'a> = Cow<'a, str>;

/// One thing that happened, as a channel reads it from a record. The ingest adds hashes, place and privacy.
///
/// `None` means that the record does not say. Ids are as the platform writes them; nothing here is pseudonymised yet.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// What happened.
    pub kind: Kind,
    /// When it happened by the platform's clock.
    pub at: Time,
    /// Whether `at` is event time or receipt time.
    pub time_basis: TimeBasis,
    /// The channel; `generic` logs may name any.
    pub channel: Text<'a>,
    /// The business's endpoint: phone number id, page id, bot.
    pub account: Option<Text<'a>>,
    /// The person, as the channel knows them.
    pub contact: Text<'a>,
    /// The platform's own key by which a repeated delivery of this event is known. Channel, account, kind and time are added.
    pub dedup: Text<'a>,
    /// Platform id of the message this event is about (a sent message, its receipt, an inbound message).
    pub message_id: Option<Text<'a>>,
    /// Platform id of the message that this one answers.
    pub reply_to: Option<Text<'a>>,
    /// The tag under which outbound messages were sent.
    pub campaign: Option<Text<'a>>,
    /// Template name.
    pub template: Option<Text<'a>>,
    /// The platform's price category: marketing, utility, service …
    pub category: Option<Text<'a>>,
    /// Scripted dialogue.
    pub flow: Option<Text<'a>>,
    /// Edition of the flow.
    pub flow_version: Option<Text<'a>>,
    /// Question in the flow.
    pub question: Option<Text<'a>>,
    /// Experiment variant.
    pub variant: Option<Text<'a>>,
    /// Subscription topic, or the entry source of a referral.
    pub topic: Option<Text<'a>>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<Text<'a>>,
    /// Language tag, as the platform gives it.
    pub language: Option<Text<'a>>,
    /// The platform's message type: text, image, button …
    pub message_type: Option<Text<'a>>,
    /// Who acted for the business: `bot`, `human`, or an id.
    pub agent: Option<Text<'a>>,
    /// Chosen option or button payload, or the id of the rule by which text was recognised as an opt-out, opt-in or wish
    /// for erasure: never free text.
    pub answer: Option<Text<'a>>,
    /// Free text of the message. Kept only if the privacy setting says so.
    pub text: Option<Text<'a>>,
    /// The business's own tag on the message, for `[[map]]` rules. Not stored.
    pub tag: Option<Text<'a>>,
    /// Platform error code.
    pub error_code: Option<Text<'a>>,
    /// Whether the platform charges for the message.
    pub billable: Option<bool>,
    /// Price as decimal text, in `currency`.
    pub cost: Option<Text<'a>>,
    /// ISO 4217 code.
    pub currency: Option<Text<'a>>,
    /// For watermark receipts: everything sent until then.
    pub up_to: Option<Time>,
    /// Order inside the record, for events of one instant and one kind.
    pub sequence: u16,
}

impl<'a> Event<'a> {
    /// An event of which only the required fields are known.
    #[must_use]
    pub fn new(
        kind: Kind,
        at: Time,
        channel: impl Into<Text<'a>>,
        contact: impl Into<Text<'a>>,
        dedup: impl Into<Text<'a>>,
    ) -> Self {
        Self {
            kind,
            at,
            time_basis: TimeBasis::Event,
            channel: channel.into(),
            account: None,
            contact: contact.into(),
            dedup: dedup.into(),
            message_id: None,
            reply_to: None,
            campaign: None,
            template: None,
            category: None,
            flow: None,
            flow_version: None,
            question: None,
            variant: None,
            topic: None,
            country: None,
            language: None,
            message_type: None,
            agent: None,
            answer: None,
            text: None,
            tag: None,
            error_code: None,
            billable: None,
            cost: None,
            currency: None,
            up_to: None,
            sequence: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_times_are_told_apart_by_their_size() {
        let second = Some(Time(1_700_000_000 * SECOND));
        assert_eq!(Time::from_unix(1_700_000_000), second);
        assert_eq!(Time::from_unix(1_700_000_000_000), second);
        assert_eq!(Time::from_unix(1_700_000_000_000_000), second);
    }

    #[test]
    fn junk_times_are_refused_and_never_become_1970() {
        for junk in ["0", "12345", "-1", "asdf", "", "1700000000000000000", "NaN", "21-09-2022 12:05:00"] {
            assert_eq!(Time::parse(junk, Some(&TimeZone::UTC)), None, "{junk:?}");
        }
    }

    #[test]
    fn iso_times_are_read_with_and_without_zone() {
        let expected = Some(Time(1_767_268_800 * SECOND));
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for text in ["2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00", "2026-01-01T12:00:00.000+0000"] {
            assert_eq!(Time::parse(text, None), expected, "{text}");
        }
        assert_eq!(Time::parse("2026-01-01 13:00:00", Some(&berlin)), expected);
        assert_eq!(Time::parse("2026-01-01 13:00:00", None), None);
        assert_eq!(Time::parse("1767268800.0", None), expected);
    }

    #[test]
    fn names_of_kinds_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
            assert_eq!(Kind::from_rank(*kind as u8), Some(*kind));
        }
    }
}

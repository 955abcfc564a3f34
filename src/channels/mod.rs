//! Channels: one file per platform turns a raw record into events.
//!
//! A channel is the only code that knows a platform. It knows nothing of files, of the store or of what the business
//! means by its messages: campaigns and questions that only the business can tell are added by `ingest::enrich`.

use jiff::tz::TimeZone;

use crate::config::{ChatExport, Clicks, Table, Transcript};
use crate::event::{Event, Kind, Time};

pub mod abilities;
mod botframework;
mod botpress;
mod chatwoot;
mod delivery;
mod dialogflow;
mod export;
mod generic;
mod gupshup;
mod infobip;
mod instagram;
mod instagram_export;
pub mod json;
mod messagebird;
mod messenger;
mod meta;
mod rasa;
#[cfg(test)]
mod reading;
mod ringcentral;
mod table;
mod telegram;
mod telegram_export;
mod twilio;
mod typebot;
pub mod value;
mod viber;
mod vonage;
mod web;
mod wechat;
mod wecom;
mod weixin;
mod whatsapp;
mod whatsapp_txt;
mod ycloud;
mod zenvia;

pub use abilities::{Abilities, Ability};
pub use value::{Arena, Value, form, parse, xml};
pub use web::{Token, Tokens};

/// Every channel, in alphabetical order; `generic`, which takes what nobody else does, stands last.
pub static ALL: &[&Channel] = &[
    &botframework::CHANNEL,
    &botpress::CHANNEL,
    &chatwoot::CHANNEL,
    &dialogflow::CHANNEL,
    &gupshup::CHANNEL,
    &infobip::CHANNEL,
    &instagram::CHANNEL,
    &instagram_export::CHANNEL,
    &messagebird::CHANNEL,
    &messenger::CHANNEL,
    &rasa::CHANNEL,
    &ringcentral::CHANNEL,
    &table::CHANNEL,
    &telegram::CHANNEL,
    &telegram_export::CHANNEL,
    &twilio::CHANNEL,
    &typebot::CHANNEL,
    &viber::CHANNEL,
    &vonage::CHANNEL,
    &web::CHANNEL,
    &wechat::CHANNEL,
    &wecom::CHANNEL,
    &whatsapp::CHANNEL,
    &whatsapp_txt::CHANNEL,
    &ycloud::CHANNEL,
    &zenvia::CHANNEL,
    &generic::CHANNEL,
];

/// A platform: its name, what it can tell, and how its records are read.
pub struct Channel {
    /// The platform's noun in lower case; the value of the `channel` column.
    pub name: &'static str,
    /// The platform's name as it writes it.
    pub title: &'static str,
    /// Whether a contact's id is their telephone number in digits with the calling code, unless it is no such number at all.
    pub knows_numbers: bool,
    /// The kinds of events that the platform's logs can hold. What is not here is unknown, never zero.
    pub kinds: &'static [Kind],
    /// How well the logs tell what is measured.
    pub abilities: Abilities,
    /// What an analyst must know about the numbers of this channel, a sentence each.
    pub caveats: &'static [&'static str],
    /// Whether a record looks like this platform's.
    pub recognises: fn(&Record<'_>) -> bool,
    /// Reads a record: events, ignored parts and refused parts go to `Out`.
    pub parse: fn(&Record<'_>, &mut Out<'_>),
}

impl Channel {
    /// Whether the platform reports this kind at all.
    #[must_use]
    pub fn reports(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether its logs may be of any platform, so that it says nothing of what can be measured.
    #[must_use]
    pub fn is_any_platform(&self) -> bool {
        self.is_last_resort() || self.name == "table"
    }

    /// Whether it takes what no other channel recognises.
    #[must_use]
    pub fn is_last_resort(&self) -> bool {
        self.name == "generic"
    }

    /// Whether opens can be seen: by receipts for single messages or by watermarks.
    #[must_use]
    pub fn reports_opens(&self) -> bool {
        self.reports(Kind::MessageOpened) || self.reports(Kind::OpenedUpTo)
    }

    /// Whether deliveries can be seen.
    #[must_use]
    pub fn reports_deliveries(&self) -> bool {
        self.reports(Kind::MessageDelivered) || self.reports(Kind::DeliveredUpTo)
    }
}

/// Asked before all others, because their logs are the largest.
static FIRST: &[&Channel] = &[&whatsapp::CHANNEL, &messenger::CHANNEL, &telegram::CHANNEL];

/// The channel whose record this is. No record is recognised by two, so the order in which they are asked changes nothing
/// but the time it takes.
#[must_use]
pub fn recognise(record: &Record<'_>) -> Option<&'static Channel> {
    FIRST.iter().chain(ALL).copied().find(|channel| (channel.recognises)(record))
}

/// The channel with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Channel> {
    ALL.iter().find(|channel| channel.name == name).copied()
}

/// One raw record, unwrapped from the log's own envelope.
pub struct Record<'a> {
    /// The platform's body.
    pub body: &'a Value<'a>,
    /// When the log says that it received the record.
    pub received_at: Option<Time>,
    /// Name of the log: path or `-`. Exports of chats say in it whose chat it is.
    pub source: &'a str,
    /// What the configuration says about reading records.
    pub reading: &'a Reading,
    /// Keeps what is read from inside the body, such as JSON in a text.
    pub arena: &'a Arena,
}

/// What a channel needs to know of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Zone of date-times that name none. Without one they are refused: a guessed zone is a quietly wrong number.
    pub zone: Option<TimeZone>,
    /// Column names of chat transcripts.
    pub transcript: Transcript,
    /// What chat exports do not tell.
    pub chat_export: ChatExport,
    /// Which requests are clicks, and whose.
    pub clicks: Clicks,
    /// What the tokens of links stand for; `None` if there is no table of them.
    pub tokens: Option<Tokens>,
    /// Which columns of exported tables hold what.
    pub tables: Vec<Table>,
}

impl Reading {
    /// Zone of date-times that name none, if it is known.
    #[must_use]
    pub fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// What the token of a link stands for.
    ///
    /// # Errors
    /// There is no table of tokens, or it does not have this one.
    pub fn token(&self, token: &str) -> Result<&Token, Reason> {
        self.tokens.as_ref().ok_or(Reason::MissingField("tokens"))?.get(token).ok_or(Reason::BadValue("token"))
    }
}

/// Why a record, or a part of it, was refused. The record goes to the rejects with its place and an excerpt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Not JSON, nor text that any platform writes.
    NotJson,
    /// Not XML, though it begins like it.
    NotXml,
    /// Ends in the middle, or the brackets never close.
    Truncated,
    /// Nested deeper than any platform writes.
    TooDeep,
    /// Longer than the limit for one record.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
    /// A row with more or fewer cells than the header.
    NotInHeader,
    /// JSON, but no known platform's.
    UnknownShape,
    /// The source could not be opened.
    Unreadable,
    /// Encrypted, to be decrypted upstream.
    Encrypted,
    /// A field that must be there is not.
    MissingField(&'static str),
    /// A time that is no time, or not in 2009–2100.
    BadTime(&'static str),
    /// A time more than a day after the ingest: a clock that ran ahead, or a unit mistaken.
    FutureTime,
    /// A time that names no zone, and nobody says which is meant.
    NoZone(&'static str),
    /// A field has a value that its format does not allow.
    BadValue(&'static str),
}

impl Reason {
    /// The key under which the reason is counted.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::NotJson => "not_json".into(),
            Self::NotXml => "not_xml".into(),
            Self::Truncated => "truncated".into(),
            Self::TooDeep => "too_deep".into(),
            Self::TooLong => "too_long".into(),
            Self::NotUtf8 => "not_utf8".into(),
            Self::NotInHeader => "not_in_header".into(),
            Self::UnknownShape => "unknown_shape".into(),
            Self::Unreadable => "unreadable".into(),
            Self::Encrypted => "encrypted".into(),
            Self::MissingField(field) => format!("missing_field:{field}"),
            Self::BadTime(field) => format!("bad_time:{field}"),
            Self::FutureTime => "future_time".into(),
            Self::NoZone(field) => format!("no_zone:{field}"),
            Self::BadValue(field) => format!("bad_value:{field}"),
        }
    }

    /// What can be tried, by the key under which the reason is counted.
    #[must_use]
    pub fn remedy(code: &str) -> Option<&'static str> {
        match code.split_once(':').map_or(code, |(code, _)| code) {
            "no_zone" => Some(
                "say in which zone these times are: --timezone Europe/Berlin, or zone under [input] in trichter.toml",
            ),
            "encrypted" => Some("decrypt these bodies before they are logged"),
            "missing_field" if code.ends_with(":received_at") => Some(
                "these callbacks tell no time: log them with the time of receipt, or name its place with received_at under [input]",
            ),
            "missing_field" if code.ends_with(":business") => Some(
                "name the people who write for the business: business = [\"…\"] under [chat_export] in trichter.toml",
            ),
            "missing_field" if code.ends_with(":clicks.url") => {
                Some("say which links are tracked, with url under [clicks] in trichter.toml")
            }
            "missing_field" if code.ends_with(":clicks.channel") => {
                Some("say in which messenger the tracked links were sent, with channel under [clicks] in trichter.toml")
            }
            "missing_field" if code.ends_with(":tokens") => Some(
                "the table of tokens was not found; its path under [clicks] is meant from the folder of trichter.toml: hand that file on with --config, or write the whole path",
            ),
            "bad_value" if code.ends_with(":token") => {
                Some("the table under tokens in [clicks] does not know these links; read the log again when it does")
            }
            "bad_value" if code.ends_with(":date_order") => Some(
                "these dates can be read in two ways: date_order = \"dmy\" or \"mdy\" under [chat_export] in trichter.toml",
            ),
            "future_time" => Some("check the clock of this machine and the unit of these times"),
            _ => None,
        }
    }
}

/// Takes what a channel finds in one record.
///
/// A record counts once: *rejected* if a part of it was refused (its good parts are kept all the same), else *accepted*
/// if it gave an event, else *ignored*.
pub struct Out<'o> {
    emit: &'o mut dyn FnMut(Event<'_>),
    n_events: usize,
    latest: Time,
    ignored: Option<&'static str>,
    refused: Option<Reason>,
}

/// How one record ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At least one event, nothing refused.
    Accepted,
    /// Valid, but says nothing about conversations.
    Ignored(&'static str),
    /// Refused, or a part of it was.
    Rejected(Reason),
}

impl<'o> Out<'o> {
    /// Hands every event to `emit`.
    pub fn new(emit: &'o mut dyn FnMut(Event<'_>)) -> Self {
        Self { emit, n_events: 0, latest: Time(i64::MAX), ignored: None, refused: None }
    }

    /// Refuses events after this instant.
    #[must_use]
    pub fn until(self, latest: Time) -> Self {
        Self { latest, ..self }
    }

    /// Takes an event.
    pub fn event(&mut self, event: Event<'_>) {
        if event.at > self.latest {
            return self.reject(Reason::FutureTime);
        }
        self.n_events += 1;
        (self.emit)(event);
    }

    /// Notes a part that is valid but says nothing about conversations. `what` is the platform's word for it, such as
    /// `account_update`; the first one names the record.
    pub fn ignore(&mut self, what: &'static str) {
        self.ignored.get_or_insert(what);
    }

    /// Notes a part that is refused; the first one names the record.
    pub fn reject(&mut self, reason: Reason) {
        self.refused.get_or_insert(reason);
    }

    /// How the record ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (self.refused, self.n_events, self.ignored) {
            (Some(reason), ..) => Outcome::Rejected(reason),
            (None, 1.., _) => Outcome::Accepted,
            (None, 0, Some(what)) => Outcome::Ignored(what),
            (None, 0, None) => Outcome::Ignored("empty"),
        }
    }
}

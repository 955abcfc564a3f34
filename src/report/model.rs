//! The report as a plain value: counts, shares with their intervals, and where they come from. What JSON prints.
//!
//! Holds no text about numbers, no markup and no picture; `build` makes it, formats write it.

mod brand;
mod funnels;
mod own;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

pub use self::brand::Brand;
pub use self::funnels::{Bin, Funnel, FunnelStep, LeftOut, Share, Times};
pub use self::own::{Own, OwnRow};
use super::schema::{BoundShape, MeasuredShape};
use super::text::Language;
pub use super::views::{View, Views};
use crate::event::Time;
use crate::measures::Measured;
use crate::rate::{Bound, Distribution, Rate};

/// Everything that a report says. Two reports of the same answers are equal, byte for byte.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    /// What was read and how.
    pub context: Context,
    /// The totals, most important first.
    pub headlines: Vec<Headline>,
    /// Totals of times to the first response.
    pub first_response_seconds: Option<Spread>,
    /// Sent, delivered, opened, clicked, replied.
    pub campaign_funnel: Vec<Step>,
    /// One question funnel per flow.
    pub flows: Vec<Flow>,
    /// The funnels that were counted, those that nobody entered among them.
    pub funnels: Vec<Funnel>,
    /// Rates by channel.
    pub channels: Breakdown,
    /// Rates by campaign.
    pub campaigns: Breakdown,
    /// The headlines and funnels of single channels and campaigns, for pages that swap them in. Not in JSON, because a program
    /// asks for any breakdown it likes.
    #[serde(skip)]
    pub views: Vec<Views>,
    /// Rates by day, in the report's time zone.
    pub days: Vec<Day>,
    /// Rates by the columns that the caller asked for, if they are none of the above.
    pub breakdown: Option<Breakdown>,
    /// Metrics of the user's own, in the order of their files' names.
    pub own: Vec<Own>,
    /// What follows from several counts: one chapter for each measure.
    #[schemars(with = "Vec<MeasuredShape>")]
    pub measures: Vec<Measured>,
    /// What the channels cannot report.
    pub unmeasurable: Vec<Unmeasurable>,
    /// What every number means.
    pub definitions: Vec<Definition>,
}

/// What the caller knows about the run. The report never reads the clock: a date of printing would make two reports
/// of the same store differ.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Context {
    /// Heading.
    pub title: String,
    /// How numbers are written.
    #[schemars(with = "String")]
    pub language: Language,
    /// What it looks like. Not a matter of its numbers.
    #[serde(skip)]
    pub brand: Brand,
    /// Version of the program.
    pub program_version: String,
    /// First instant that counts; `None` is the beginning of the store.
    #[serde(serialize_with = "instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub since: Option<Time>,
    /// First instant that no longer counts; `None` is the end of the store.
    #[serde(serialize_with = "instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub until: Option<Time>,
    /// The last instant that the store knows of. What could still change after it is open.
    #[serde(serialize_with = "instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub horizon: Option<Time>,
    /// The zone in which days begin.
    #[serde(serialize_with = "zone_name")]
    #[schemars(with = "String")]
    pub zone: TimeZone,
    /// Shares of fewer observations are shown pale, or left out.
    pub minimum: u64,
    /// How many cells are left out because they, or others with them, are smaller. `None` if none is to be.
    pub suppressed: Option<u64>,
    /// How long after a message a click or a reply counts, in seconds. Days younger than this are immature.
    pub reply_window_s: i64,
    /// Columns of the caller's own breakdown.
    pub by: Vec<String>,
    /// Restrictions in the caller's words, such as `channel = whatsapp`.
    pub filters: Vec<String>,
    /// Channels with at least one event.
    pub channels: Vec<String>,
    /// Contacts in range.
    pub n_contacts: Option<u64>,
    /// Outbound messages in range.
    pub n_messages: Option<u64>,
    /// Where every record went, if the store remembers.
    pub balance: Option<Balance>,
    /// How long events are kept before they are removed, and `permission` where that is another time. Absent where everything is
    /// kept: numbers of the time before are missing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("default" = {}))]
    pub retention: BTreeMap<String, String>,
}

/// Where every record went. Each distinct record counts once, however often it was delivered or read, so that the same
/// events give the same report. Received = accepted + ignored + rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Balance {
    /// Distinct records read.
    pub received: u64,
    /// Records that gave an event.
    pub accepted: u64,
    /// Records that hold nothing to count.
    pub ignored: u64,
    /// Records that were refused.
    pub rejected: u64,
    /// Distinct events, all of them in the store.
    pub events_stored: u64,
    /// How often each reason to ignore or refuse a record was given.
    pub reasons: BTreeMap<String, u64>,
}

impl Balance {
    /// True if nothing got lost: the sum comes out.
    #[must_use]
    pub fn is_even(&self) -> bool {
        self.received == self.accepted + self.ignored + self.rejected
    }
}

/// A share with all that is needed to judge it.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Figure {
    /// Id of the metric.
    pub metric: String,
    /// False if the channels cannot report it; value and interval are then `None` whatever was counted.
    pub measurable: bool,
    /// Whether one of the channels tells of some cases only, and what that makes of the value.
    #[serde(flatten)]
    #[schemars(with = "BoundShape")]
    pub bound: Bound,
    /// Rows that did it.
    pub numerator: u64,
    /// Rows that could have.
    pub denominator: u64,
    /// Between 0 and 1. `None` without a denominator.
    pub value: Option<f64>,
    /// Lower end of the 95 % Wilson interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % Wilson interval.
    pub high: Option<f64>,
}

impl Figure {
    /// The figure of a pair of counts.
    #[must_use]
    pub fn new(metric: &str, rate: Rate, measurable: bool, bound: Bound) -> Self {
        let interval = rate.interval().filter(|_| measurable);
        Self {
            metric: metric.to_owned(),
            measurable,
            bound,
            numerator: rate.numerator,
            denominator: rate.denominator,
            value: rate.value().filter(|_| measurable),
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
        }
    }
}

/// How long something took, in whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Spread {
    /// Id of the metric.
    pub metric: String,
    /// False if the channels cannot report it; the quantiles are then `None`.
    pub measurable: bool,
    /// Observations.
    pub n: u64,
    /// Half took at most this long.
    pub median: Option<i64>,
    /// Nine in ten took at most this long.
    pub p90: Option<i64>,
    /// All but one in a hundred took at most this long.
    pub p99: Option<i64>,
    /// All of them, from the shortest to the longest; none if the channels cannot report it.
    pub histogram: Vec<Bin>,
}

impl Spread {
    /// The quantiles of a distribution.
    #[must_use]
    pub fn new(metric: &str, distribution: &Distribution, measurable: bool) -> Self {
        let quantile = |q| distribution.quantile(q).filter(|_| measurable);
        Self {
            metric: metric.to_owned(),
            measurable,
            n: distribution.n(),
            median: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            histogram: if measurable { Bin::fine(distribution) } else { Vec::new() },
        }
    }
}

/// A total, and its close relatives.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Headline {
    /// Id of the metric.
    pub metric: String,
    /// The total; `None` if it was not answered.
    pub figure: Option<Figure>,
    /// The same thing cut or counted otherwise: soft and hard opt-outs, opened of sent.
    pub beside: Vec<Figure>,
}

/// What a message went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Handed to the platform.
    Sent,
    /// Arrived on the phone.
    Delivered,
    /// Read.
    Opened,
    /// A button or link was tapped.
    Clicked,
    /// Answered in words or by a tap.
    Replied,
}

/// One step of the campaign funnel. Each step keeps its own base, because channels differ in what they report.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Step {
    /// The step.
    pub stage: Stage,
    /// Messages that got here; `None` if no channel reports it.
    pub n_messages: Option<u64>,
    /// Messages for which it is known whether they got here.
    pub n_base: u64,
    /// Their share. `None` for the first step.
    pub figure: Option<Figure>,
}

/// A flow's questions, in the flow's order.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Flow {
    /// Name; `None` for questions outside every flow.
    pub flow: Option<String>,
    /// Its questions.
    pub questions: Vec<Question>,
}

/// How the visits to a question ended. The seven outcomes add up to the visits.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Question {
    /// Name; `None` if unknown.
    pub question: Option<String>,
    /// All visits, open ones included.
    pub n_visits: u64,
    /// Answered.
    pub n_answered: u64,
    /// Passed over by the bot or by the contact's wish.
    pub n_skipped: u64,
    /// The contact said nothing more.
    pub n_silent: u64,
    /// The contact opted out.
    pub n_opted_out: u64,
    /// A human took over.
    pub n_handed_over: u64,
    /// The question never arrived.
    pub n_failed: u64,
    /// Not decided yet.
    pub n_open: u64,
    /// Silent, opted out, handed over or failed, of the visits that are not open.
    pub drop_off: Option<Figure>,
    /// Answered, of all visits.
    pub answered: Option<Figure>,
    /// Time from question to answer.
    pub answer_seconds: Option<Spread>,
}

/// Metrics by segment.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize)]
pub struct Breakdown {
    /// Columns.
    pub by: Vec<String>,
    /// Rows in the order of the answers.
    pub rows: Vec<Segment>,
}

/// One row of a breakdown.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Segment {
    /// A value for each column; `None` is unknown.
    pub segment: Vec<Option<String>>,
    /// By id of the metric. A metric that was not answered for this segment is absent.
    pub figures: BTreeMap<String, Figure>,
}

/// One day in the report's time zone.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Day {
    /// `2026-05-31`; `None` if unknown.
    pub day: Option<String>,
    /// True once the reply window of the day's last message lies before the horizon.
    pub mature: bool,
    /// By id of the metric.
    pub figures: BTreeMap<String, Figure>,
}

/// What a channel cannot report.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Unmeasurable {
    /// The channel; `None` if unknown.
    pub channel: Option<String>,
    /// Ids of the metrics that need it.
    pub metrics: Vec<String>,
}

/// What a metric means, from the header of its query.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Definition {
    /// Id of the metric.
    pub id: String,
    /// A few words, such as `Open rate`.
    pub title: String,
    /// One sentence.
    pub meaning: String,
    /// Numerator / denominator in words.
    pub formula: String,
    /// What a value is: share, seconds.
    pub unit: String,
    /// Whose definition it follows.
    pub source: String,
    /// How it can mislead.
    pub caveat: String,
}

/// Writes an instant as RFC 3339 in UTC.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn instant<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    match time.and_then(|time| jiff::Timestamp::from_microsecond(time.0).ok()) {
        Some(timestamp) => serializer.serialize_str(&timestamp.to_string()),
        None => serializer.serialize_none(),
    }
}

/// Writes a zone by its IANA name.
fn zone_name<S: Serializer>(zone: &TimeZone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.iana_name().unwrap_or("UTC"))
}

//! Compliance: whether each message was allowed by what was known when it was sent: opt-outs, service windows, consent.
//!
//! Runs after the walk over one contact's events. Windows are data, in `rules.toml`. It accuses only of what the log shows:
//! what cannot be told is unmeasurable, never broken and never kept.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

use super::columns::Columns;
use super::index::Index;
use super::messages::{CATEGORY, MESSAGE_TYPE, Message, TEMPLATE};
use super::table::code_of;
use super::walk::{Walk, is_told_once};
use super::{NONE, Observable, Seen, Settings};
use crate::config::Compliance;
use crate::event::{Kind, SECOND, Time};
use crate::store::Shard;
use crate::store::rows::NO_MESSAGE;
use crate::store::words::{NULL, Words};

/// Columns of messages that only this module fills.
pub(super) const COLUMNS: [&str; 8] = [
    "breaks_opt_out",
    "window_measurable",
    "is_free_form",
    "breaks_window",
    "consent_measurable",
    "breaks_consent",
    "service_window",
    "form",
];
/// Words of messages that rules look at.
pub(super) const WORDS: [&str; 3] = ["template", "category", "message_type"];
/// Columns of the events table that rules look at.
pub(super) const EVENTS: [&str; 7] =
    ["account", "category", "channel", "error_code", "message_type", "template", "topic"];

/// Categories of marketing, as platforms price it.
const MARKETING: [&str; 2] = ["marketing", "marketing_lite"];
/// Topics of opt-outs that end marketing and nothing else.
const MARKETING_TOPICS: [&str; 2] = ["marketing_messages", "marketing"];
/// WhatsApp's "the contact stopped marketing messages of this business".
const STOPPED_MARKETING: &str = "131050";

/// A service window as `rules.toml` has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    channel: String,
    #[serde(deserialize_with = "day")]
    from: i64,
    hours: i64,
    #[serde(deserialize_with = "kinds")]
    opened_by: Vec<Kind>,
    #[serde(default)]
    minutes: i64,
    #[serde(default, deserialize_with = "kinds")]
    opened_briefly_by: Vec<Kind>,
    told_by: ToldBy,
    free: Vec<String>,
    exempt: Vec<String>,
    template: bool,
    #[expect(dead_code, reason = "for the reader of the file")]
    source: String,
}

impl Window {
    /// For how long an act of this kind opens it, in microseconds.
    fn opened_for(&self, kind: Kind) -> Option<i64> {
        if self.opened_by.contains(&kind) {
            return Some(self.hours * 3_600 * SECOND);
        }
        self.opened_briefly_by.contains(&kind).then_some(self.minutes * 60 * SECOND)
    }
}

/// Which column tells whether a message is free-form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ToldBy {
    Type,
    Category,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    window: Vec<Window>,
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let day: Date = text.parse().map_err(serde::de::Error::custom)?;
    let time = Time::from_civil(day.at(0, 0, 0, 0), &TimeZone::UTC);
    time.map(|time| time.0).ok_or_else(|| serde::de::Error::custom(format!("no such day as '{text}'")))
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Kind>, D::Error> {
    let names: Vec<String> = Vec::deserialize(deserializer)?;
    let kind =
        |name: &String| Kind::from_name(name).ok_or_else(|| serde::de::Error::custom(format!("no kind '{name}'")));
    names.iter().map(kind).collect()
}

/// All windows, by their first day. A test holds that the file is well-formed; without it nothing is measurable.
static WINDOWS: LazyLock<Vec<Window>> = LazyLock::new(|| {
    let mut windows = toml::from_str::<Data>(include_str!("rules.toml")).map(|data| data.window).unwrap_or_default();
    windows.sort_by_key(|window| window.from);
    windows
});

/// What a rule says of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Finding {
    /// The log does not tell, or the rule is not about such messages.
    #[default]
    Unmeasurable,
    /// The message is of a form that the rule lets pass.
    Exempt,
    Kept,
    /// With the instant that makes it so: of the opt-out, of the last act before; [`NONE`] where there was none.
    Broken(i64),
}

impl Finding {
    pub(super) fn is_broken(self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

/// Whether the channel's service window was open when a message was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ServiceWindow {
    /// The channel has none, or the log does not tell.
    #[default]
    Unknown,
    Closed,
    /// By an act of this kind.
    OpenedBy(Kind),
}

impl ServiceWindow {
    const OPENERS: [Kind; 6] = [
        Kind::MessageReceived,
        Kind::ButtonClicked,
        Kind::ReactionReceived,
        Kind::Referral,
        Kind::OptedIn,
        Kind::Payment,
    ];
    /// What the column says: of the codes that count from 1.
    pub(super) const NAMES: [&str; 7] =
        ["closed", "message_received", "button_clicked", "reaction_received", "referral", "opted_in", "payment"];

    pub(super) fn code(self) -> u32 {
        match self {
            Self::Unknown => NULL,
            Self::Closed => 1,
            Self::OpenedBy(kind) => {
                code_of(Self::OPENERS.iter().position(|opener| *opener == kind).map(|place| place + 1))
            }
        }
    }
}

/// What each rule says of a message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    pub(super) opt_out: Finding,
    pub(super) window: Finding,
    pub(super) consent: Finding,
    pub(super) service_window: ServiceWindow,
    /// Whether the message is free-form, if the log tells.
    pub(super) is_free_form: Option<bool>,
}

/// What an opt-out forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Everything,
    Marketing,
    /// One subscription: the template of the same name. Null where no message has it.
    Template(u32),
}

/// An opt-out that holds.
struct Stop {
    reach: Reach,
    topic: u32,
    at: i64,
    may_be_confirmed: bool,
}

/// How a contact and an account stand.
#[derive(Default)]
struct Standing {
    stops: Vec<Stop>,
    last_act: Option<Act>,
}

/// Something that a contact did and that opens the window.
#[derive(Clone, Copy)]
struct Act {
    at: i64,
    kind: Kind,
    /// Until when it keeps the window open.
    until: i64,
}

/// The rules in the codes of one shard.
pub(super) struct Rules<'s> {
    compliance: &'s Compliance,
    /// The windows of each channel, by their first day.
    windows: Vec<Vec<&'static Window>>,
    /// Channels whose logs hold every opt-in, as the business says.
    opt_ins: Vec<bool>,
    topics: Vec<Reach>,
    stopped_marketing: Option<u32>,
    categories: &'s Words,
    marketing: Vec<bool>,
    template_type: Option<u32>,
}

impl<'s> Rules<'s> {
    pub(super) fn new(shard: &'s Shard, settings: &'s Settings) -> Self {
        let (channels, categories) = (shard.words("channel").1, shard.words("category").1);
        let windows = |channel: &String| WINDOWS.iter().filter(|window| window.channel == *channel).collect();
        let reach = |topic: &String| match topic.as_str() {
            topic if MARKETING_TOPICS.contains(&topic) => Reach::Marketing,
            // Some gateways write the channel there.
            topic if channels.find(topic).is_some() => Reach::Everything,
            topic => Reach::Template(shard.words("template").1.find(topic).unwrap_or(NULL)),
        };
        let is_marketing = |category: &String| MARKETING.iter().any(|known| category.eq_ignore_ascii_case(known));
        Self {
            compliance: &settings.compliance,
            windows: channels.list().iter().map(windows).collect(),
            opt_ins: channels.list().iter().map(|name| settings.compliance.opt_ins.contains(name)).collect(),
            topics: shard.words("topic").1.list().iter().map(reach).collect(),
            stopped_marketing: shard.words("error_code").1.find(STOPPED_MARKETING),
            categories,
            marketing: categories.list().iter().map(is_marketing).collect(),
            template_type: shard.words("message_type").1.find("template"),
        }
    }

    /// The window of the channel at an instant.
    fn window(&self, channel: u32, at: i64) -> Option<&'static Window> {
        let windows = of_code(&self.windows, channel)?;
        windows.iter().rev().find(|window| window.from <= at).copied()
    }

    /// What an opt-out with this topic and error forbids.
    pub(super) fn reach(&self, topic: u32, error_code: u32) -> Reach {
        match of_code(&self.topics, topic) {
            None if error_code != NULL && Some(error_code) == self.stopped_marketing => Reach::Marketing,
            None => Reach::Everything,
            Some(&reach) => reach,
        }
    }

    /// Whether the message is known to be no template.
    fn is_plain(&self, message: &Message) -> bool {
        let form = message.words[MESSAGE_TYPE];
        message.words[TEMPLATE] == NULL && form != NULL && Some(form) != self.template_type
    }

    fn is_marketing(&self, message: &Message, window: Option<&Window>) -> bool {
        of_code(&self.marketing, message.words[CATEGORY]).copied().unwrap_or_default()
            && !(window.is_some_and(|window| window.template) && self.is_plain(message))
    }

    /// Whether the message may be sent inside the window only; `None` if the log does not tell.
    fn is_free_form(&self, message: &Message, window: &Window) -> Option<bool> {
        let category = self.categories.get(message.words[CATEGORY]);
        let is_one_of = |names: &[String]| {
            category.is_some_and(|category| names.iter().any(|name| category.eq_ignore_ascii_case(name)))
        };
        match window.told_by {
            ToldBy::Category => category.map(|_| is_one_of(&window.free)),
            ToldBy::Type if self.is_plain(message) || is_one_of(&window.free) => Some(true),
            ToldBy::Type => {
                let is_template = message.words[TEMPLATE] != NULL || message.words[MESSAGE_TYPE] != NULL;
                (is_template || is_one_of(&window.exempt)).then_some(false)
            }
        }
    }
}

/// What stands in a list for a code, which counts from 1.
fn of_code<T>(list: &[T], code: u32) -> Option<&T> {
    list.get((code as usize).wrapping_sub(1))
}

/// What is known of a contact up to a message.
#[derive(Default)]
struct Known {
    standings: Vec<Standing>,
    /// The place of each account among them.
    places: Index<u32, usize>,
    /// The last act of which the log does not tell the account, and the last of all.
    last_act: Option<Act>,
    last_of_all: Option<Act>,
    has_consented: bool,
}

impl Known {
    fn standing(&mut self, account: u32) -> &mut Standing {
        let place = self.places.get(account).unwrap_or_else(|| {
            self.standings.push(Standing::default());
            self.places.add(account, self.standings.len() - 1);
            self.standings.len() - 1
        });
        &mut self.standings[place]
    }

    /// The contact's last act toward the account. Where either tells no account, it may be any.
    fn last_act(&self, account: u32) -> Option<Act> {
        if account == NULL {
            return self.last_of_all;
        }
        let standing = self.places.get(account).and_then(|place| self.standings.get(place));
        let of_account = standing.and_then(|standing| standing.last_act);
        of_account.into_iter().chain(self.last_act).max_by_key(|act| act.until)
    }

    /// The contact did something that opens the window of an account, or of one that the log does not tell.
    fn act(&mut self, account: u32, act: Act) {
        // A tap opens no window that is shorter than the one that is open.
        let later = |last: Option<Act>| Some(last.map_or(act, |last| if last.until > act.until { last } else { act }));
        self.last_of_all = later(self.last_of_all);
        let last = if account == NULL { &mut self.last_act } else { &mut self.standing(account).last_act };
        *last = later(*last);
    }
}

impl Standing {
    fn stop(&mut self, reach: Reach, topic: u32, hard: bool, at: i64) {
        if hard {
            // Who has blocked the business gets no confirmation.
            self.stops.iter_mut().for_each(|stop| stop.may_be_confirmed = false);
        }
        if !self.stops.iter().any(|stop| (stop.reach, stop.topic) == (reach, topic)) {
            self.stops.push(Stop { reach, topic, at, may_be_confirmed: !hard });
        }
    }

    /// An opt-in begins anew; to one topic, it does not bring back another.
    fn resume(&mut self, topic: u32) {
        self.stops.retain(|stop| matches!(stop.reach, Reach::Template(_)) && topic != NULL && stop.topic != topic);
    }

    /// The earliest opt-out that forbids the message, which takes the confirmation that is free.
    fn forbids(&mut self, message: &Message, is_marketing: bool, compliance: &Compliance) -> Option<i64> {
        let grace = compliance.grace.map_or(0, |grace| grace.0);
        let mut earliest: Option<i64> = None;
        for stop in &mut self.stops {
            let is_meant = match stop.reach {
                Reach::Everything => true,
                Reach::Marketing => is_marketing,
                Reach::Template(template) => template != NULL && message.words[TEMPLATE] == template,
            };
            let passed = message.sent_at - stop.at;
            if !is_meant || (grace > 0 && passed <= grace) {
                continue;
            }
            if !is_marketing && passed <= compliance.confirmation.0 && stop.may_be_confirmed {
                stop.may_be_confirmed = false;
                continue;
            }
            earliest = Some(earliest.map_or(stop.at, |known| known.min(stop.at)));
        }
        earliest
    }
}

/// Judges all messages of the contact that was walked.
pub(super) fn judge(walk: &mut Walk<'_>, observable: Observable, rules: &Rules<'_>) {
    let (shard, columns) = (walk.shard, walk.columns);
    let mut known = Known::default();
    let mut told: Index<(Kind, i64), ()> = Index::default();
    let mut next_message = 0;
    for row in walk.rows.clone() {
        let (kind, at) = (shard.kind()[row], shard.at()[row]);
        let channel = columns.channel[row];
        if walk.begun_by.get(next_message) == Some(&row) {
            let verdict = judge_one(&walk.messages[next_message], &mut known, channel, observable, columns);
            walk.messages[next_message].verdict = verdict;
            next_message += 1;
        }
        let id = shard.message_key()[row];
        // A redelivery with another time opens no window anew.
        if is_told_once(kind) && id != NO_MESSAGE && !told.insert((kind, id), ()) {
            continue;
        }
        let (account, topic) = (walk.account(row), columns.topic[row]);
        match kind {
            Kind::OptedOutHard => known.standing(account).stop(Reach::Everything, NULL, true, at),
            Kind::OptedOutSoft => {
                let reach = rules.reach(topic, columns.error_code[row]);
                let topic = if matches!(reach, Reach::Template(_)) { topic } else { NULL };
                known.standing(account).stop(reach, topic, false, at);
            }
            Kind::OptedIn => {
                known.standing(account).resume(topic);
                known.has_consented = true;
            }
            Kind::MessageReceived | Kind::ButtonClicked => {
                known.has_consented |= rules.compliance.inbound_is_consent;
            }
            _ => {}
        }
        if let Some(length) = rules.window(channel, at).and_then(|window| window.opened_for(kind)) {
            known.act(account, Act { at, kind, until: at + length });
        }
    }
}

fn judge_one(
    message: &Message,
    known: &mut Known,
    channel: u32,
    observable: Observable,
    columns: &Columns<'_>,
) -> Verdict {
    let Some(rules) = columns.rules.as_ref().filter(|_| message.is_audited()) else { return Verdict::default() };
    let (account, at) = (message.account, message.sent_at);
    let window = rules.window(channel, at);
    let is_marketing = rules.is_marketing(message, window);
    let forbidden = known.standing(account).forbids(message, is_marketing, rules.compliance);
    let tells_opt_ins = match observable.opt_ins {
        Seen::Always => true,
        Seen::Partly => of_code(&rules.opt_ins, channel).copied().unwrap_or_default(),
        Seen::Never => false,
    };
    let consent = match known.has_consented {
        _ if !is_marketing || !tells_opt_ins => Finding::Unmeasurable,
        true => Finding::Kept,
        false => Finding::Broken(NONE),
    };
    let service_window = window.map_or(ServiceWindow::Unknown, |window| {
        let length = window.hours * 3_600 * SECOND;
        match known.last_act(account) {
            Some(act) if at <= act.until => ServiceWindow::OpenedBy(act.kind),
            _ if observable.replies != Seen::Always => ServiceWindow::Unknown,
            // The contact may have written before the account's log began.
            _ if at - columns.began(channel, account) <= length => ServiceWindow::Unknown,
            _ => ServiceWindow::Closed,
        }
    });
    let is_free_form = window.and_then(|window| rules.is_free_form(message, window));
    let window = match is_free_form.filter(|_| observable.replies == Seen::Always) {
        None => Finding::Unmeasurable,
        Some(false) => Finding::Exempt,
        Some(true) => match service_window {
            ServiceWindow::Unknown => Finding::Unmeasurable,
            ServiceWindow::OpenedBy(_) => Finding::Kept,
            ServiceWindow::Closed => Finding::Broken(known.last_act(account).map_or(NONE, |act| act.at)),
        },
    };
    Verdict { opt_out: forbidden.map_or(Finding::Kept, Finding::Broken), window, consent, service_window, is_free_form }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_rules_is_well_formed_and_the_last_rule_that_began_holds() {
        let data: Data = toml::from_str(include_str!("rules.toml")).unwrap();
        assert_eq!(data.window.len(), WINDOWS.len());
        assert!(WINDOWS.iter().all(|window| window.hours > 0 && !window.opened_by.is_empty()));
        assert!(WINDOWS.iter().all(|window| (window.minutes > 0) != window.opened_briefly_by.is_empty()));
    }
}

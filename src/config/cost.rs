//! `cost.toml`: what messages cost where no log tells: dated prices, and dated rules of what is charged at all.
//!
//! Prices are whole millionths of a currency from the text on. What contradicts itself is refused with its line; what a
//! price means for a number of messages is not known here.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::currency::{Amount, Currency};
use crate::error::{Error, Result, line_of};

/// Channels that logs are known to name.
pub(crate) const CHANNELS: [&str; 21] = [
    "botframework",
    "botpress",
    "chatwoot",
    "dialogflow",
    "generic",
    "gupshup",
    "infobip",
    "instagram",
    "messagebird",
    "messenger",
    "rasa",
    "ringcentral",
    "sms",
    "telegram",
    "twilio",
    "typebot",
    "viber",
    "vonage",
    "wechat",
    "wecom",
    "whatsapp",
];

/// What WhatsApp calls its categories, or has called them, and the forms that stand where none is told.
const CATEGORIES: [&str; 12] = [
    "authentication",
    "authentication_international",
    "business_initiated",
    "free_form",
    "general_purpose_ai",
    "marketing",
    "marketing_lite",
    "referral_conversion",
    "service",
    "template",
    "user_initiated",
    "utility",
];

/// A price card.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// What must be said wherever its prices were used.
    pub note: String,
    rules: Vec<Rule>,
    series: Vec<Series>,
}

/// `[[rule]]`: what a channel charges for, from a day on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Platform.
    pub channel: String,
    /// Its first day.
    #[serde(deserialize_with = "day")]
    pub from: Date,
    /// What is charged.
    pub per: Per,
    /// Categories that are free while the service window is open.
    #[serde(default)]
    pub free_in_service_window: Vec<String>,
    /// Whether everything is free for 72 h after the answer to a contact who came by an ad.
    #[serde(default)]
    pub free_after_ad: bool,
    /// How many of a category are free for each account and month.
    #[serde(default)]
    pub free_per_account_and_month: BTreeMap<String, u64>,
    /// As which category a message would have had to be sent had the window not been open.
    #[serde(default)]
    pub outside_window: BTreeMap<String, String>,
    /// The country of contacts of whom the log tells none.
    #[serde(default, deserialize_with = "country")]
    pub unknown_country: Option<String>,
}

/// What is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Every message that reached the contact.
    Delivered,
    /// Every message that was sent.
    Sent,
    /// The first message that reached the contact in 24 h, of each account and category.
    Conversation,
}

/// Where a price holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Everywhere,
    Region(String),
    Country(String),
}

impl Place {
    /// The greater, the more it says.
    fn rank(&self) -> u8 {
        match self {
            Self::Everywhere => 0,
            Self::Region(_) => 1,
            Self::Country(_) => 2,
        }
    }
}

/// Prices of one thing over time.
#[derive(Clone, Debug)]
struct Series {
    channel: String,
    account: Option<String>,
    place: Place,
    /// Countries in which it holds; not filled if that is everywhere.
    countries: Vec<String>,
    category: Option<String>,
    /// By their first day.
    ladders: Vec<Ladder>,
}

/// The prices that hold from a day on, by how many messages of the month came before.
#[derive(Clone, Debug)]
pub struct Ladder {
    from: Date,
    /// The first day on which they do not hold any more.
    until: Option<Date>,
    /// ISO 4217.
    pub currency: String,
    /// Messages of the month before it applies, and the price in millionths. The first begins at 0.
    pub tiers: Vec<(u64, i64)>,
}

/// What is looked up on a card; `None` is not known.
#[derive(Clone, Copy, Debug)]
pub struct Item<'i> {
    /// Platform.
    pub channel: &'i str,
    /// The business's endpoint.
    pub account: Option<&'i str>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<&'i str>,
    /// Price category.
    pub category: Option<&'i str>,
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// Nothing on the card fits.
    Price,
    /// The card tells accounts apart, and it is not known whose message it is.
    Account,
    /// The card tells countries apart, and it is not known to where the message went.
    Country,
    /// The card tells categories apart, and it is not known which it is.
    Category,
}

impl Card {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, is no price card, or contradicts itself.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        Self::parse(&text, path)
    }

    /// Reads the text of a price card; `path` is named in errors.
    ///
    /// # Errors
    /// As [`Card::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let lines: Lines = toml::from_str(text).map_err(Error::toml(path, text))?;
        lines.card().map_err(|(offset, message)| Error::Config {
            path: path.to_path_buf(),
            line: Some(line_of(text, offset)),
            message,
        })
    }

    /// Whether what a message costs depends on its day in the month: something begins or ends inside one, or so many of a
    /// month are free or cheaper, in the order in which they were sent.
    #[must_use]
    pub fn tells_days_apart(&self) -> bool {
        let mut ladders = self.series.iter().flat_map(|series| &series.ladders);
        let is_inside = |day: Date| day.day() != 1;
        ladders.any(|ladder| is_inside(ladder.from) || ladder.until.is_some_and(is_inside) || ladder.tiers.len() > 1)
            || self.rules.iter().any(|rule| is_inside(rule.from) || !rule.free_per_account_and_month.is_empty())
    }

    /// The rule of the channel on a day: of those that have begun, the last.
    #[must_use]
    pub fn rule(&self, channel: &str, day: Date) -> Option<&Rule> {
        let begun = self.rules.iter().filter(|rule| rule.channel == channel && rule.from <= day);
        begun.max_by_key(|rule| rule.from)
    }

    /// The prices of an item on a day, and the number of the series that they belong to. Of several that fit, the one that
    /// says most is taken: first of the account, then of the country (before its region), then of the category.
    ///
    /// # Errors
    /// There is none, or it cannot be told which.
    pub fn price(&self, item: Item<'_>, day: Date) -> std::result::Result<(usize, &Ladder), Missing> {
        let mut best: Option<((bool, u8, bool), usize, &Ladder)> = None;
        let mut missing = None;
        for (number, series) in self.series.iter().enumerate() {
            let begun = series.ladders.iter().rev().find(|ladder| ladder.from <= day);
            let Some(ladder) = begun.filter(|ladder| ladder.until.is_none_or(|until| day < until)) else { continue };
            let account = fits(series.account.as_deref(), item.account, |own, asked| own == asked);
            let category = fits(series.category.as_deref(), item.category, str::eq_ignore_ascii_case);
            let country = match item.country {
                _ if series.place == Place::Everywhere => Some(true),
                country => country.map(|country| series.countries.iter().any(|known| known == country)),
            };
            if series.channel != item.channel || [account, category, country].contains(&Some(false)) {
                continue;
            }
            let unknown = [(account, Missing::Account), (country, Missing::Country), (category, Missing::Category)];
            if let Some((_, unknown)) = unknown.iter().find(|(fits, _)| fits.is_none()) {
                missing = missing.max(Some(*unknown));
                continue;
            }
            let says = (series.account.is_some(), series.place.rank(), series.category.is_some());
            if best.as_ref().is_none_or(|(known, ..)| *known < says) {
                best = Some((says, number, ladder));
            }
        }
        match (missing, best) {
            (Some(missing), _) => Err(missing),
            (None, Some((_, number, ladder))) => Ok((number, ladder)),
            (None, None) => Err(Missing::Price),
        }
    }
}

/// Whether what a price says of itself fits; `None` if that is not known.
fn fits(own: Option<&str>, asked: Option<&str>, equal: fn(&str, &str) -> bool) -> Option<bool> {
    own.map_or(Some(true), |own| asked.map(|asked| equal(own, asked)))
}

/// Categories are the same in any case of letters.
fn lowercase<V>(of_category: BTreeMap<String, V>) -> std::result::Result<BTreeMap<String, V>, String> {
    let mut lowercase = BTreeMap::new();
    for (category, value) in of_category {
        if lowercase.insert(category.to_ascii_lowercase(), value).is_some() {
            return Err(format!("'{category}' is there twice; categories are the same in any case of letters"));
        }
    }
    Ok(lowercase)
}

/// Logs may name any channel, and platforms add categories: only what is a slip in one of these is refused.
fn not_a_slip(what: &str, name: &str, known: &[&str]) -> std::result::Result<(), String> {
    let known: Vec<String> = known.iter().map(|&known| known.to_owned()).collect();
    match crate::error::nearest(name, &known) {
        Some(near) if near != name => Err(format!("no {what} '{name}'; did you mean '{near}'?")),
        _ => Ok(()),
    }
}

fn check_names<'n>(channel: &str, categories: impl IntoIterator<Item = &'n String>) -> std::result::Result<(), String> {
    not_a_slip("channel", channel, &CHANNELS)?;
    // Only its categories are a list that somebody else wrote.
    let mut categories = categories.into_iter().filter(|_| channel == "whatsapp");
    categories.try_for_each(|category| not_a_slip("category", &category.to_ascii_lowercase(), &CATEGORIES))
}

/// The file as it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    #[serde(default)]
    note: String,
    #[serde(default)]
    regions: BTreeMap<String, Vec<Country>>,
    #[serde(default)]
    rule: Vec<Spanned<Rule>>,
    #[serde(default)]
    price: Vec<Spanned<PriceLine>>,
}

/// `[[price]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceLine {
    channel: String,
    account: Option<String>,
    country: Option<Country>,
    region: Option<String>,
    category: Option<String>,
    #[serde(deserialize_with = "day")]
    from: Date,
    #[serde(default, deserialize_with = "last_day")]
    until: Option<Date>,
    #[serde(default)]
    above: u64,
    price: Amount,
    currency: Currency,
}

/// Where in the file something is wrong, and what.
type Wrong = (usize, String);

impl Lines {
    fn card(self) -> std::result::Result<Card, Wrong> {
        let mut rules: Vec<Rule> = Vec::new();
        for rule in self.rule {
            let (start, mut rule) = (rule.span().start, rule.into_inner());
            rule.settle().map_err(|message| (start, message))?;
            if rules.iter().any(|known| (&known.channel, known.from) == (&rule.channel, rule.from)) {
                let Rule { channel, from, .. } = rule;
                return Err((
                    start,
                    format!("there is another [[rule]] of '{channel}' from {from}; write one of them"),
                ));
            }
            rules.push(rule);
        }
        let mut card = Card { note: self.note, rules, series: Vec::new() };
        // Tiers come in their order, and what a month begins with before what comes later.
        let mut prices = self.price;
        prices.sort_by_key(|price| price.get_ref().above);
        for price in prices {
            let (start, price) = (price.span().start, price.into_inner());
            card.add(price, &self.regions).map_err(|message| (start, message))?;
        }
        card.series.iter_mut().for_each(|series| series.ladders.sort_by_key(|ladder| ladder.from));
        Ok(card)
    }
}

impl Rule {
    /// Refuses slips, and writes categories in one case of letters.
    fn settle(&mut self) -> std::result::Result<(), String> {
        let in_window = self.free_in_service_window.iter().chain(self.free_per_account_and_month.keys());
        let outside = self.outside_window.iter().flat_map(|(category, instead)| [category, instead]);
        check_names(&self.channel, in_window.chain(outside))?;
        self.free_per_account_and_month = lowercase(std::mem::take(&mut self.free_per_account_and_month))?;
        self.outside_window = lowercase(std::mem::take(&mut self.outside_window))?;
        Ok(())
    }
}

impl Card {
    /// Adds a price where it belongs.
    fn add(&mut self, price: PriceLine, regions: &BTreeMap<String, Vec<Country>>) -> std::result::Result<(), String> {
        check_names(&price.channel, &price.category)?;
        let (place, countries) = match (price.country, price.region) {
            (Some(_), Some(_)) => return Err("a price is of a country or of a region; write one of them".into()),
            (Some(Country(country)), None) => (Place::Country(country.clone()), vec![country]),
            (None, Some(region)) => {
                let Some(countries) = regions.get(&region) else {
                    let known: Vec<String> = regions.keys().cloned().collect();
                    let hint = match crate::error::nearest(&region, &known) {
                        Some(near) => format!("did you mean '{near}'?"),
                        None => "write its countries under [regions]".into(),
                    };
                    return Err(format!("no region '{region}'; {hint}"));
                };
                (Place::Region(region), countries.iter().map(|Country(country)| country.clone()).collect())
            }
            (None, None) => (Place::Everywhere, Vec::new()),
        };
        let category = price.category.map(|category| category.to_ascii_lowercase());
        let (from, until, currency, tier) = (price.from, price.until, price.currency.0, (price.above, price.price.0));
        if self.rule(&price.channel, from).is_none() {
            let channel = price.channel;
            return Err(format!(
                "no [[rule]] says what '{channel}' charges for on {from}; write one that begins by then"
            ));
        }
        let is_same = |series: &&Series| {
            (&series.channel, &series.account, &series.category) == (&price.channel, &price.account, &category)
        };
        for series in self.series.iter().filter(is_same) {
            if let (Place::Region(other), Place::Region(own)) = (&series.place, &place)
                && other != own
                && let Some(country) = countries.iter().find(|country| series.countries.contains(country))
            {
                return Err(format!(
                    "'{country}' is in the region '{other}' too, which has a price of the same; take it out of one of them"
                ));
            }
        }
        let twin = self.series.iter().position(|series| is_same(&series) && series.place == place);
        let number = twin.unwrap_or(self.series.len());
        if twin.is_none() {
            let (channel, account) = (price.channel, price.account);
            self.series.push(Series { channel, account, place, countries, category, ladders: Vec::new() });
        }
        let Some(series) = self.series.get_mut(number) else { return Ok(()) };
        let what = series.what(from);
        if let Some(until) = until.filter(|until| *until <= from) {
            return Err(format!("{what} ends on {until}, before it began; 'until' is the first day without it"));
        }
        let is_inside =
            |day: Date, (from, until): (Date, Option<Date>)| from < day && until.is_some_and(|until| day < until);
        for ladder in &series.ladders {
            let known = (ladder.from, ladder.until);
            if is_inside(from, known) || is_inside(ladder.from, (from, until)) {
                let other = ladder.from;
                return Err(format!("{what} overlaps the price of the same from {other}; end the earlier one by then"));
            }
        }
        match series.ladders.iter_mut().find(|ladder| ladder.from == from) {
            None if tier.0 > 0 => {
                let above = tier.0;
                return Err(format!(
                    "{what} costs something above {above} messages a month, but nothing before; write a price without 'above'"
                ));
            }
            None => series.ladders.push(Ladder { from, until, currency, tiers: vec![tier] }),
            Some(ladder) if ladder.tiers.iter().any(|(above, _)| *above == tier.0) => {
                return Err(format!("{what} has a price already; write another 'from' or 'above', or strike one out"));
            }
            Some(ladder) if ladder.currency != currency => {
                return Err(format!(
                    "{what} has a price in {} already; its tiers are of one currency",
                    ladder.currency
                ));
            }
            Some(ladder) if ladder.until != until => {
                return Err(format!("{what} has a tier that ends on another day; its tiers end together"));
            }
            Some(ladder) => ladder.tiers.push(tier),
        }
        Ok(())
    }
}

impl Series {
    /// What is priced, in words.
    fn what(&self, from: Date) -> String {
        let place = match &self.place {
            Place::Everywhere => "everywhere else".to_owned(),
            Place::Region(name) | Place::Country(name) => format!("in '{name}'"),
        };
        let category = self.category.as_deref().unwrap_or("every category");
        format!("{category} on '{}' {place} from {from}", self.channel)
    }
}

fn last_day<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Date>, D::Error> {
    day(deserializer).map(Some)
}

fn country<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<String>, D::Error> {
    Country::deserialize(deserializer).map(|Country(country)| Some(country))
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_day = |date: &Date| date.to_string() == text;
    text.parse()
        .ok()
        .filter(is_day)
        .ok_or_else(|| serde::de::Error::custom(format!("'{text}' is not a day; write it as in \"2025-07-01\"")))
}

/// ISO 3166-1 alpha-2.
struct Country(String);

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let are_letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        let upper = text.to_ascii_uppercase();
        if are_letters && upper == text {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom(if are_letters {
            format!("no country '{text}'; did you mean '{upper}'?")
        } else {
            format!("no country '{text}'; write its two letters of ISO 3166, as in \"DE\"")
        }))
    }
}

#[cfg(test)]
mod tests;

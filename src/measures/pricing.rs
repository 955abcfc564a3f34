//! Pricing: messages, counted by what decides their price, held against a price card.
//!
//! Sums are whole millionths throughout. Tiers and free messages are walked day by day. Whatever a table is broken down by,
//! they are handed out to what decides a price first, then to campaigns, then to the rest: so every breakdown adds up to the
//! same sum. What was sent on the same day shares them by the largest remainder.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::config::{Card, Item, Ladder, Missing, Per, Rule};

/// Messages that nothing tells apart. Their order is that of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    /// When they were sent: the day, or the first of the month.
    pub(super) day: Date,
    pub(super) channel: String,
    pub(super) account: Option<String>,
    pub(super) country: Option<String>,
    pub(super) category: Option<String>,
    /// Whether the platform says that it charges.
    pub(super) billed: Option<bool>,
    /// Whether the service window was open.
    pub(super) window: Option<bool>,
    pub(super) after_ad: bool,
    /// They begin conversations that are charged as one.
    pub(super) opens: bool,
    pub(super) reached: bool,
    /// Decides no price.
    pub(super) campaign: Option<String>,
    /// What else they are told apart by; no two cells are the same up to here.
    pub(super) key: Vec<Option<String>>,
    pub(super) n: u64,
}

/// A calendar month.
pub(super) type Month = (i16, i8);

/// What became of the messages of a cell: the four counts add up to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Priced {
    pub(super) charged: u64,
    pub(super) free: u64,
    /// Nothing is charged for: not delivered, or inside a conversation that was charged already.
    pub(super) idle: u64,
    pub(super) unknown: u64,
    /// Why the price of these is not known.
    pub(super) why: Option<Why>,
    /// Of what was charged.
    pub(super) sum: Option<Sum>,
    /// Of the free ones, those that are so because the service window was open.
    pub(super) in_window: u64,
    /// What these would have cost had it not been open, if that is known.
    pub(super) saved: Option<Sum>,
}

/// A sum of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) micros: i128,
    pub(super) currency: String,
}

/// Why a price is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// There is no price card.
    Card,
    /// The card has no rule of the channel.
    Rule,
    /// Whether the service window was open is not known.
    Window,
    /// The card counts the messages of a month, and some of its month were not counted.
    Month,
    /// What the card has says nothing of them.
    Missing(Missing),
}

impl Why {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Card => "why-no-card",
            Self::Rule => "why-no-rule",
            Self::Window => "why-window",
            Self::Month => "why-month",
            Self::Missing(Missing::Price) => "why-no-price",
            Self::Missing(Missing::Account) => "why-account",
            Self::Missing(Missing::Country) => "why-country",
            Self::Missing(Missing::Category) => "why-category",
        }
    }
}

/// What is to be done with a cell.
#[derive(Clone, Copy)]
enum Plan {
    Idle,
    Free {
        by_window: bool,
    },
    Unknown(Why),
    /// So many of the account's month are free.
    Charge {
        allowed: u64,
    },
}

/// A part of a month: which cells, and how many messages of each.
type Parts<'p> = BTreeMap<Date, Vec<(usize, u64, &'p Ladder)>>;

/// What became of each cell, in their order. It does not depend on that order. `cut` is the month whose beginning was not
/// counted, if there is one.
pub(super) fn price(card: Option<&Card>, cells: &[Cell], cut: Option<Month>) -> Vec<Priced> {
    let mut alike: BTreeMap<Cell, Vec<(usize, &Cell)>> = BTreeMap::new();
    for (place, cell) in cells.iter().enumerate() {
        let decides = Cell { campaign: None, key: Vec::new(), n: 0, ..cell.clone() };
        alike.entry(decides).or_default().push((place, cell));
    }
    let weights = |cells: &[(usize, &Cell)]| cells.iter().map(|(_, cell)| cell.n).collect::<Vec<u64>>();
    let wholes: Vec<Cell> =
        alike.iter().map(|(decides, cells)| Cell { n: weights(cells).iter().sum(), ..decides.clone() }).collect();
    let mut priced = vec![Priced::default(); cells.len()];
    for (whole, mut cells) in price_wholes(card, &wholes, cut).into_iter().zip(alike.into_values()) {
        cells.sort_by_key(|(_, cell)| (&cell.campaign, &cell.key));
        let campaigns: Vec<_> = cells.chunk_by(|(_, left), (_, right)| left.campaign == right.campaign).collect();
        let of_campaigns: Vec<u64> = campaigns.iter().map(|cells| weights(cells).iter().sum()).collect();
        for (cells, of_campaign) in campaigns.into_iter().zip(whole.split(&of_campaigns)) {
            for ((place, _), part) in cells.iter().zip(of_campaign.split(&weights(cells))) {
                if let Some(priced) = priced.get_mut(*place) {
                    *priced = part;
                }
            }
        }
    }
    priced
}

/// What became of cells that differ in what decides a price, in their order.
fn price_wholes(card: Option<&Card>, cells: &[Cell], cut: Option<Month>) -> Vec<Priced> {
    let mut priced = vec![Priced::default(); cells.len()];
    let Some(card) = card else {
        for (cell, priced) in cells.iter().zip(&mut priced) {
            if cell.billed == Some(false) {
                priced.free = cell.n;
            } else {
                (priced.unknown, priced.why) = (cell.n, Some(Why::Card));
            }
        }
        return priced;
    };
    // A log that names no account of a channel is that of one.
    let named: BTreeSet<&str> =
        cells.iter().filter(|cell| cell.account.is_some()).map(|cell| cell.channel.as_str()).collect();
    let mut allowances: BTreeMap<_, BTreeMap<Date, Vec<(usize, u64)>>> = BTreeMap::new();
    for (place, (cell, priced)) in cells.iter().zip(&mut priced).enumerate() {
        match plan(card, cell) {
            Plan::Idle => priced.idle = cell.n,
            Plan::Free { by_window } => {
                priced.free = cell.n;
                priced.in_window = if by_window { cell.n } else { 0 };
            }
            Plan::Unknown(why) => priced.is_unknown(cell.n, why),
            Plan::Charge { allowed: 0 } => priced.charged = cell.n,
            Plan::Charge { .. } if cut == Some(month(cell.day)) => priced.is_unknown(cell.n, Why::Month),
            Plan::Charge { .. } if cell.account.is_none() && named.contains(cell.channel.as_str()) => {
                priced.is_unknown(cell.n, Why::Missing(Missing::Account));
            }
            Plan::Charge { allowed } => {
                priced.charged = cell.n;
                let of = (&cell.channel, &cell.account, cell.category.as_deref().map(str::to_ascii_lowercase));
                let days = allowances.entry((month(cell.day), of)).or_default();
                days.entry(cell.day).or_default().push((place, allowed));
            }
        }
    }
    for days in allowances.values() {
        let mut used = 0;
        for parts in days.values() {
            let weights: Vec<u64> = parts.iter().filter_map(|(place, _)| Some(cells.get(*place)?.n)).collect();
            let allowed = parts.iter().map(|(_, allowed)| *allowed).max().unwrap_or_default();
            let free = weights.iter().sum::<u64>().min(allowed.saturating_sub(used));
            used += free;
            for ((place, _), free) in parts.iter().zip(share(i128::from(free), &weights)) {
                let free = u64::try_from(free).unwrap_or_default();
                if let Some(priced) = priced.get_mut(*place) {
                    (priced.free, priced.charged) = (free, priced.charged - free);
                }
            }
        }
    }
    // Which tier holds is known only if its month was counted from the beginning.
    let find = |cell: &Cell, category: Option<&str>| match card.price(cell.item(card, category), cell.day) {
        Ok((_, ladder)) if ladder.tiers.len() > 1 && cut == Some(month(cell.day)) => Err(Why::Month),
        found => found.map_err(Why::Missing),
    };
    let mut volumes = BTreeMap::new();
    let mut charged = Months::new();
    for (place, (cell, priced)) in cells.iter().zip(&mut priced).enumerate() {
        if priced.charged == 0 {
            continue;
        }
        match find(cell, cell.category.as_deref()) {
            Ok((series, ladder)) => add(&mut charged, (series, cell.day), (place, priced.charged, ladder)),
            Err(why) => {
                let n = std::mem::take(&mut priced.charged);
                priced.is_unknown(n, why);
            }
        }
    }
    walk(&charged, &mut volumes, &mut |place, sum| {
        if let Some(priced) = priced.get_mut(place) {
            priced.sum = Some(sum);
        }
    });
    // What was free would have come on top of what was charged in its month.
    let mut saved = Months::new();
    for (place, (cell, priced)) in cells.iter().zip(&priced).enumerate() {
        let category = cell.category.as_deref();
        let instead = card.rule(&cell.channel, cell.day).and_then(|rule| rule.instead(category)).or(category);
        if priced.in_window > 0
            && let Ok((series, ladder)) = find(cell, instead)
        {
            add(&mut saved, (series, cell.day), (place, priced.in_window, ladder));
        }
    }
    walk(&saved, &mut volumes, &mut |place, sum| {
        if let Some(priced) = priced.get_mut(place) {
            priced.saved = Some(sum);
        }
    });
    priced
}

impl Priced {
    fn is_unknown(&mut self, n: u64, why: Why) {
        (self.unknown, self.why) = (n, Some(why));
    }

    /// What parts of so many messages get of it. What is not free is all charged, all not charged for or all unknown.
    fn split(&self, weights: &[u64]) -> Vec<Self> {
        let free = share(i128::from(self.free), weights);
        let free: Vec<u64> = free.into_iter().map(|free| u64::try_from(free).unwrap_or_default()).collect();
        let rest: Vec<u64> = weights.iter().zip(&free).map(|(n, free)| n - free).collect();
        let of = |sum: &Option<Sum>, weights: &[u64]| -> Vec<Option<Sum>> {
            let Some(Sum { micros, currency }) = sum else { return vec![None; weights.len()] };
            let parts = share(*micros, weights).into_iter().zip(weights);
            parts.map(|(micros, n)| (*n > 0).then(|| Sum { micros, currency: currency.clone() })).collect()
        };
        let (sums, saved) = (of(&self.sum, &rest), of(&self.saved, weights));
        let parts = weights.iter().zip(free).zip(rest).zip(sums.into_iter().zip(saved));
        let part = |(((&n, free), rest), (sum, saved))| {
            let only = |is: u64| if is > 0 { rest } else { 0 };
            let unknown = only(self.unknown);
            Self {
                charged: only(self.charged),
                free,
                idle: only(self.idle),
                unknown,
                why: self.why.filter(|_| unknown > 0),
                sum,
                in_window: if self.in_window > 0 { n } else { 0 },
                saved,
            }
        };
        parts.map(part).collect()
    }
}

fn month(day: Date) -> Month {
    (day.year(), day.month())
}

impl Cell {
    fn item<'c>(&'c self, card: &'c Card, category: Option<&'c str>) -> Item<'c> {
        let unknown = || card.rule(&self.channel, self.day)?.unknown_country.as_deref();
        let country = self.country.as_deref().or_else(unknown);
        Item { channel: &self.channel, account: self.account.as_deref(), country, category }
    }
}

fn plan(card: &Card, cell: &Cell) -> Plan {
    let Some(rule) = card.rule(&cell.channel, cell.day) else {
        return if cell.billed == Some(false) { Plan::Free { by_window: false } } else { Plan::Unknown(Why::Rule) };
    };
    let is_charged_for = match rule.per {
        Per::Sent => true,
        Per::Delivered => cell.reached,
        Per::Conversation => cell.reached && cell.opens,
    };
    let is_open = cell.window == Some(true);
    let category = cell.category.as_deref();
    let in_window = rule.free_in_window(category);
    // What the platform calls charged it may still not charge: WhatsApp says so of what the account's month has free, too.
    let charge = match rule.free_a_month(category) {
        Some(allowed) => Plan::Charge { allowed },
        None => Plan::Unknown(Why::Missing(Missing::Category)),
    };
    match cell.billed {
        _ if !is_charged_for => Plan::Idle,
        Some(true) => charge,
        Some(false) => {
            let by_ad = rule.free_after_ad && cell.after_ad;
            Plan::Free { by_window: is_open && !by_ad && in_window == Some(true) }
        }
        None if rule.free_after_ad && cell.after_ad => Plan::Free { by_window: false },
        None => match in_window {
            Some(true) if is_open => Plan::Free { by_window: true },
            Some(true) if cell.window.is_none() => Plan::Unknown(Why::Window),
            None if cell.window != Some(false) => Plan::Unknown(Why::Missing(Missing::Category)),
            _ => charge,
        },
    }
}

/// What is to be priced by each series in each month.
type Months<'p> = BTreeMap<(usize, Month), Parts<'p>>;

fn add<'p>(months: &mut Months<'p>, (series, day): (usize, Date), part: (usize, u64, &'p Ladder)) {
    months.entry((series, month(day))).or_default().entry(day).or_default().push(part);
}

/// Prices every month in the order of its days, on top of what its volume was before, and tells what each cell gets.
fn walk(months: &Months<'_>, volumes: &mut BTreeMap<(usize, Month), u64>, tell: &mut dyn FnMut(usize, Sum)) {
    for (month, days) in months {
        let volume = volumes.entry(*month).or_default();
        for parts in days.values() {
            let Some((_, _, ladder)) = parts.first() else { continue };
            let weights: Vec<u64> = parts.iter().map(|(_, n, _)| *n).collect();
            let n = weights.iter().sum();
            let total = cost(&ladder.tiers, *volume, n);
            *volume += n;
            for ((place, ..), micros) in parts.iter().zip(share(total, &weights)) {
                tell(*place, Sum { micros, currency: ladder.currency.clone() });
            }
        }
    }
}

/// What `n` messages cost of which `before` came in the same month.
fn cost(tiers: &[(u64, i64)], before: u64, n: u64) -> i128 {
    let ends = tiers.iter().skip(1).map(|(above, _)| *above).chain([u64::MAX]);
    let end = before.saturating_add(n);
    let in_tier = |(&(above, price), until): (&(u64, i64), u64)| {
        i128::from(end.min(until).saturating_sub(before.max(above))) * i128::from(price)
    };
    tiers.iter().zip(ends).map(in_tier).sum()
}

/// Parts of a total in proportion to the weights, whole and exactly as much together: each gets what is due to it rounded
/// down, and those of the largest remainders one more; of equal remainders, the first.
fn share(total: i128, weights: &[u64]) -> Vec<i128> {
    let all: i128 = weights.iter().copied().map(i128::from).sum();
    if all == 0 {
        return vec![0; weights.len()];
    }
    let due = weights.iter().map(|&weight| total * i128::from(weight));
    let mut parts: Vec<i128> = due.clone().map(|due| due.div_euclid(all)).collect();
    let mut remainders: Vec<(i128, usize)> = due.map(|due| -due.rem_euclid(all)).zip(0..).collect();
    remainders.sort_unstable();
    let left = usize::try_from(total - parts.iter().sum::<i128>()).unwrap_or_default();
    for (_, place) in remainders.into_iter().take(left) {
        if let Some(part) = parts.get_mut(place) {
            *part += 1;
        }
    }
    parts
}

impl Rule {
    /// Whether the category is free while the service window is open; `None` if some are and this one is not known.
    fn free_in_window(&self, category: Option<&str>) -> Option<bool> {
        let free = &self.free_in_service_window;
        match category {
            _ if free.is_empty() => Some(false),
            category => category.map(|category| free.iter().any(|known| known.eq_ignore_ascii_case(category))),
        }
    }

    /// How many of the category are free in an account's month; `None` if some are and this one is not known.
    fn free_a_month(&self, category: Option<&str>) -> Option<u64> {
        let free = &self.free_per_account_and_month;
        match category {
            _ if free.is_empty() => Some(0),
            category => category.map(|category| free.get(&category.to_ascii_lowercase()).copied().unwrap_or(0)),
        }
    }

    fn instead(&self, category: Option<&str>) -> Option<&str> {
        self.outside_window.get(&category?.to_ascii_lowercase()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;

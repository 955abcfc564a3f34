//! Assignment: whether the variants of an experiment got the contacts that they were meant to get, and contacts of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::super::table::{Column, Message, Row, Table, Value};
use crate::config::Experiment;
use crate::metrics::{self, Answers, Ask};
use crate::statistics::assignment::{ALARM, fit};

/// The column of experiments.
pub(super) const VARIANT: &str = "variant";

/// The column by which experiments of the same variants are told apart.
const CAMPAIGN: &str = "campaign";

/// A metric whose denominator is every message that was sent.
const MESSAGES: &str = "failure_rate";

/// The experiments by name.
pub(super) type Experiments = BTreeMap<String, Experiment>;

/// Variants that contacts were divided among.
struct Group<'g> {
    experiment: Option<&'g str>,
    segment: &'g [Option<String>],
    /// The campaign that it is of, where campaigns of a segment have different variants.
    campaign: Option<&'g str>,
    /// Name, contacts, weight.
    variants: Vec<(&'g str, u64, f64)>,
}

/// Contacts of each variant, inside each segment, and of each campaign there.
pub(super) fn asks(by: &[String]) -> Vec<Ask> {
    let ask = |column: Option<&str>| {
        let by = by.iter().map(String::as_str).chain(column).chain([VARIANT]);
        Ask::broken_down(MESSAGES, by.map(str::to_owned).collect()).clustered()
    };
    let by_campaign = !by.iter().any(|column| column == CAMPAIGN);
    std::iter::once(ask(None)).chain(by_campaign.then(|| ask(Some(CAMPAIGN)))).collect()
}

/// How many contacts each variant has, and whether that can be chance.
pub(super) fn tables(by: &[String], experiments: &Experiments, answers: &Answers<'_>) -> Vec<Table> {
    let asks = asks(by);
    let Some(answer) = asks.first().and_then(|ask| answers.get(ask)) else { return Vec::new() };
    let by_campaign = asks.last().map_or(&[] as &[metrics::Row], |ask| answers.rows(ask));
    let place = by.iter().position(|column| column == CAMPAIGN).unwrap_or(by.len());
    let groups = groups(&answer.rows, by_campaign, place, experiments);
    let is_named = groups.iter().any(|group| group.experiment.is_some());
    let segments = || by.iter().map(|name| Column::new(name));
    let is_mixed = groups.iter().any(|group| group.campaign.is_some());
    let experiment = || {
        let campaign = is_mixed.then(|| Column::new(CAMPAIGN));
        campaign.into_iter().chain(is_named.then(|| Column::new("experiment")))
    };
    let head = |group: &Group<'_>| -> Vec<Value> {
        let segment = group.segment.iter().map(|value| Value::name(value.as_deref()));
        let name = is_named.then(|| group.experiment.map_or(Value::Unknown, |name| Value::name(Some(name))));
        let campaign = is_mixed.then(|| group.campaign.map_or(Value::Unknown, |name| Value::name(Some(name))));
        segment.chain(campaign).chain(name).collect()
    };
    let (mut variants, mut tests) = (Vec::new(), Vec::new());
    for group in &groups {
        let total = group.variants.iter().map(|(_, contacts, _)| contacts).sum();
        let weights: f64 = group.variants.iter().map(|(.., weight)| weight).sum();
        for (variant, contacts, weight) in &group.variants {
            let mut cells = head(group);
            let meant = Value::Share { value: weight / weights, interval: None };
            let share = Value::rate(*contacts, total);
            cells.extend([Value::name(Some(variant)), Value::Count(*contacts), share, meant]);
            variants.push(Row::new(total, cells));
        }
        let counts: Vec<(u64, f64)> = group.variants.iter().map(|(_, contacts, weight)| (*contacts, *weight)).collect();
        let Some(p) = fit(&counts) else { continue };
        let mut cells = head(group);
        // Contacts are known to be in several variants, not in several of one experiment, segment or campaign.
        let shared = if groups.len() == 1 && by.is_empty() { Value::Count(answer.n_shared) } else { Value::Unknown };
        cells.extend([Value::Probability(p), verdict(p, group), shared]);
        tests.push(Row::new(total, cells));
    }
    let columns =
        |own: &[&str]| segments().chain(experiment()).chain(own.iter().map(|name| Column::new(name))).collect();
    let mixed = is_mixed.then(|| Message::of("comparison-variants.mixed"));
    vec![
        Table {
            id: "variants",
            columns: columns(&["variant", "contacts", "share", "meant"]),
            rows: variants,
            notes: std::iter::once(Message::of("comparison-variants.note")).chain(mixed).collect(),
            ..Table::default()
        },
        Table {
            id: "assignment",
            columns: columns(&["p", "verdict", "contacts_in_several"]),
            rows: tests,
            notes: vec![Message::of("comparison-assignment.note")],
            ..Table::default()
        },
    ]
}

/// The experiments of each segment, and what variants are left of it. `fine` is broken down by campaign, whose values stand at
/// `place`; that is where the variant stands in `coarse` unless segments have a campaign themselves.
fn groups<'g>(
    coarse: &'g [metrics::Row],
    fine: &'g [metrics::Row],
    place: usize,
    experiments: &'g Experiments,
) -> Vec<Group<'g>> {
    let prefixes: BTreeSet<&[Option<String>]> =
        coarse.iter().filter_map(|row| row.segment.split_last().map(|(_, prefix)| prefix)).collect();
    let mut groups = Vec::new();
    for segment in prefixes {
        let rows = || coarse.iter().filter_map(move |row| of_segment(row, segment));
        // A segment that is of one campaign has that one's experiment alone.
        let campaign = segment.get(place).and_then(Option::as_deref);
        let is_bound =
            |experiment: &Experiment| experiment.campaign.is_some() && experiment.campaign.as_deref() == campaign;
        let has_own = experiments.values().any(is_bound);
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for (name, experiment) in experiments {
            let of_campaign = |row: &&metrics::Row| {
                row.segment.get(place).and_then(Option::as_deref) == experiment.campaign.as_deref()
            };
            let found: BTreeMap<&str, u64> = match &experiment.campaign {
                Some(_) => fine.iter().filter(of_campaign).filter_map(|row| of_segment(row, segment)).collect(),
                None if has_own => BTreeMap::new(),
                None => rows().filter(|(variant, _)| experiment.shares.0.contains_key(*variant)).collect(),
            };
            if found.is_empty() {
                continue;
            }
            let names: BTreeSet<&str> =
                found.keys().copied().chain(experiment.shares.0.keys().map(String::as_str)).collect();
            let variant = |name| {
                let weight = experiment.shares.0.get(name).copied().unwrap_or_default();
                (name, found.get(name).copied().unwrap_or_default(), weight)
            };
            taken.extend(&names);
            let variants = names.into_iter().map(variant).collect();
            groups.push(Group { experiment: Some(name), segment, campaign: None, variants });
        }
        let free = |(name, n): (&'g str, u64)| (!taken.contains(name)).then_some((name, n, 1.0));
        let group = |campaign, variants| Group { experiment: None, segment, campaign, variants };
        // Where campaigns have different variants, they are different experiments.
        let mut campaigns: BTreeMap<Option<&str>, Vec<(&str, u64, f64)>> = BTreeMap::new();
        for row in fine {
            if let Some(variant) = of_segment(row, segment).and_then(free) {
                campaigns.entry(row.segment.get(place).and_then(Option::as_deref)).or_default().push(variant);
            }
        }
        let names =
            |variants: &[(&'g str, u64, f64)]| -> Vec<&str> { variants.iter().map(|(name, ..)| *name).collect() };
        let first = campaigns.values().next().map(|variants| names(variants));
        if campaigns.values().all(|variants| Some(names(variants)) == first) {
            let rest: Vec<_> = rows().filter_map(free).collect();
            groups.extend((!rest.is_empty()).then(|| group(None, rest)));
        } else {
            groups.extend(campaigns.into_iter().map(|(campaign, variants)| group(campaign, variants)));
        }
    }
    groups
}

/// The variant of a row and its contacts, if the row is of the segment and its variant is known.
fn of_segment<'r>(row: &'r metrics::Row, segment: &[Option<String>]) -> Option<(&'r str, u64)> {
    let (variant, _) = row.segment.split_last().filter(|(_, prefix)| prefix.starts_with(segment))?;
    let rate = || row.counts.rate().unwrap_or_default();
    Some((variant.as_deref()?, row.moments.map_or_else(|| rate().denominator, |moments| moments.contacts)))
}

fn verdict(p: f64, group: &Group<'_>) -> Value {
    let missing = group.variants.iter().find(|(_, contacts, weight)| *contacts == 0 && *weight > 0.0);
    let stranger = group.variants.iter().find(|(_, contacts, weight)| *contacts > 0 && *weight <= 0.0);
    let named = |key, name: &str| Value::Message(Message::of(key).with("name", Value::name(Some(name))));
    match (missing, stranger) {
        _ if p >= ALARM && group.experiment.is_some() => Value::word("assignment-as-meant"),
        _ if p >= ALARM => Value::word("assignment-even"),
        (_, Some((name, ..))) => named("assignment-stranger", name),
        (Some((name, ..)), _) => named("assignment-missing", name),
        (None, None) if group.experiment.is_some() => Value::word("assignment-broken"),
        (None, None) => Value::word("assignment-uneven"),
    }
}

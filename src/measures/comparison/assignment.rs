//! Assignment: whether the variants of an experiment got as many contacts as each other, and contacts of their own.

use std::collections::BTreeMap;

use super::super::table::{Column, Row, Table, Value};
use crate::metrics::{self, Answers, Ask};
use crate::statistics::assignment::{ALARM, evenness};

/// The column of experiments.
pub(super) const VARIANT: &str = "variant";

/// A metric whose denominator is every message that was sent.
const MESSAGES: &str = "failure_rate";

/// Contacts of each variant, inside each segment.
pub(super) fn ask(by: &[String]) -> Ask {
    let by = by.iter().cloned().chain([VARIANT.to_owned()]).collect();
    Ask::broken_down(MESSAGES, by).clustered()
}

/// How many contacts each variant has, and whether that can be chance.
pub(super) fn tables(by: &[String], answers: &Answers<'_>) -> Vec<Table> {
    let Some(answer) = answers.get(&ask(by)) else { return Vec::new() };
    let mut groups: BTreeMap<&[Option<String>], Vec<(&str, u64)>> = BTreeMap::new();
    for row in &answer.rows {
        if let Some((Some(variant), prefix)) = row.segment.split_last() {
            groups.entry(prefix).or_default().push((variant, contacts(row)));
        }
    }
    let names = || by.iter().map(|name| Column::new(name, name));
    let segment = |prefix: &[Option<String>]| -> Vec<Value> {
        prefix.iter().map(|value| Value::name(value.as_deref())).collect()
    };
    let mut variants = Vec::new();
    let mut tests = Vec::new();
    for (prefix, group) in &groups {
        let counts: Vec<u64> = group.iter().map(|(_, contacts)| *contacts).collect();
        let total = counts.iter().sum();
        for (variant, contacts) in group {
            let mut cells = segment(prefix);
            let share = Value::rate(*contacts, total);
            cells.extend([Value::name(Some(variant)), Value::Count(*contacts), share]);
            variants.push(Row::new(total, cells));
        }
        let Some(p) = evenness(&counts) else { continue };
        let verdict = if p < ALARM {
            "mismatch: unless other shares were intended, assignment or logging is broken, and no difference between \
             variants means anything"
        } else {
            "as even as chance makes it"
        };
        let mut cells = segment(prefix);
        // Across segments a contact may well have several variants: each belongs to an experiment of its own.
        let shared = if by.is_empty() { Value::Count(answer.n_shared) } else { Value::Unknown };
        cells.extend([Value::Probability(p), Value::Text(verdict.to_owned()), shared]);
        tests.push(Row::new(total, cells));
    }
    let variant = [Column::new(VARIANT, "Variant"), Column::new("contacts", "Contacts"), Column::new("share", "Share")];
    let test = [
        Column::new("p", "p"),
        Column::new("verdict", "Verdict"),
        Column::new("contacts_in_several", "Contacts in several variants"),
    ];
    vec![
        Table {
            id: "variants",
            title: "Contacts per variant".to_owned(),
            columns: names().chain(variant).collect(),
            rows: variants,
            note: String::new(),
        },
        Table {
            id: "assignment",
            title: "Sample ratio".to_owned(),
            columns: names().chain(test).collect(),
            rows: tests,
            note: "Chi-square test of equal shares; a mismatch is told at p < 0.001.".to_owned(),
        },
    ]
}

fn contacts(row: &metrics::Row) -> u64 {
    row.moments.map_or_else(|| row.counts.rate().unwrap_or_default().denominator, |moments| moments.contacts)
}

//! Why the number of another vendor differs: whose word it is, which of our ids counts the same, and what our own counts.

use std::collections::BTreeMap;

use crate::cli::Opened;
use crate::cli::render::sheet::Sheet;
use crate::error::Result;
use crate::measures::Value;
use crate::metrics::{Answers, Ask, Counts, Metric};
use crate::report::Language;

/// What a store has of a metric: its value with counts, and the channels that cannot tell it.
struct Found {
    value: String,
    unmeasurable: String,
}

/// The vendors' words, each with the metric that counts so.
pub(super) fn table(metrics: &[Metric]) -> String {
    let table =
        written(metrics, ["your vendor says (its word)", "because it counts as", "that is", "while"], |metric| {
            vec![metric.id.clone(), metric.meaning.clone(), ours(metric, metrics)]
        });
    format!(
        "{table}\n\
         'trichter explain vendors --store DIR' gives the number of each for a store, 'trichter query ID --store DIR' one of them broken\n\
         down. Vendors change their definitions: compare with their present documentation.\n"
    )
}

/// The same with the numbers of a store under every vendor's convention.
pub(super) fn numbers(metrics: &[Metric], opened: &Opened) -> Result<String> {
    let found = find(metrics, opened)?;
    let value = |id: &str| found.get(id).map_or_else(String::new, |found| found.value.clone());
    let header =
        ["your vendor says (its word)", "this, of the store", "because it counts as", "while ours is", "n/a on"];
    let table = written(metrics, header, |metric| {
        let ours = plain(metric, metrics).map_or_else(|| "the same".to_owned(), |plain| value(&plain.id));
        let because = format!("{}: {}", metric.id, metric.meaning);
        let unmeasurable = found.get(&metric.id).map_or_else(String::new, |found| found.unmeasurable.clone());
        vec![value(&metric.id), because, ours, unmeasurable]
    });
    Ok(format!(
        "{table}\n\
         n/a on: channels whose logs cannot tell; they are left out of the numbers. Of times, the median. Vendors change their definitions: compare with\n\
         their present documentation.\n"
    ))
}

/// A row for every vendor, in the order of their names.
fn written<'m, const N: usize>(
    metrics: &'m [Metric],
    header: [&str; N],
    row: impl Fn(&Metric) -> Vec<String>,
) -> String {
    let of_metric = |metric: &'m Metric| metric.vendors.iter().map(move |vendor| (vendor.as_str(), metric));
    let mut named: Vec<(&str, &Metric)> = metrics.iter().flat_map(of_metric).collect();
    named.sort_by_key(|(vendor, metric)| (*vendor, metric.id.as_str()));
    let mut sheet = Sheet::new(header);
    for (vendor, metric) in named {
        sheet.add_words(std::iter::once(vendor.to_owned()).chain(row(metric)));
    }
    sheet.text()
}

/// The metric of which this is another convention.
fn plain<'m>(metric: &Metric, metrics: &'m [Metric]) -> Option<&'m Metric> {
    metrics.iter().find(|other| other.id == metric.base() && other.id != metric.id)
}

fn ours(metric: &Metric, metrics: &[Metric]) -> String {
    plain(metric, metrics).map_or_else(|| "as we do".to_owned(), |plain| format!("we count {}", plain.meaning))
}

/// Every metric that a vendor counts, and those that we count instead.
fn find(metrics: &[Metric], opened: &Opened) -> Result<BTreeMap<String, Found>> {
    let named = metrics.iter().filter(|metric| !metric.vendors.is_empty());
    let mut ids: Vec<&str> = named
        .flat_map(|metric| plain(metric, metrics).into_iter().chain([metric]))
        .map(|metric| metric.id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let ask = |id: &str| [Ask::new(id, &[]), Ask::new(id, &["channel"])];
    let answers = opened.answer(&ids.iter().flat_map(|id| ask(id)).collect::<Vec<_>>())?;
    let answers = Answers::new(&answers);
    let mut found = BTreeMap::new();
    for id in ids {
        let [total, by_channel] = ask(id);
        let silent = answers.rows(&by_channel).iter().filter(|row| !row.measurable);
        let unmeasurable: Vec<String> =
            silent.filter_map(|row| row.segment.first()).map(|channel| Language::En.name(channel.as_deref())).collect();
        let value = answers.rows(&total).first().map(|row| match &row.counts {
            _ if !row.measurable => Value::Unmeasurable,
            Counts::Rate(rate) => Value::Rate { rate: *rate, bound: row.bound },
            Counts::Distribution(distribution) => Value::quantile(distribution, 0.5),
        });
        let [value, _, fraction] = Language::En.written(&value.unwrap_or_default());
        let value = if fraction.is_empty() { value } else { format!("{value} ({fraction})") };
        found.insert(id.to_owned(), Found { value, unmeasurable: unmeasurable.join(", ") });
    }
    Ok(found)
}

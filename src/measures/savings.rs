//! Savings: what messages inside an open service window would have cost outside it.

use std::collections::BTreeMap;

use super::cost::{self, Book, Entry};
use super::pricing::Sum;
use super::{Column, Measure, Row, Setting, Table, Value};
use crate::error::Result;
use crate::metrics::Answers;

/// The measure.
pub(super) static MEASURE: Measure = Measure {
    id: "savings",
    name: "What the service window saved",
    meaning: "Messages that were free because the contact had opened the service window, and what they would have cost outside it.",
    formula: "messages × the price that the card has for them, or for what `outside_window` says that they would have had to be; \
              tiers as if they had come after everything that was charged in their month",
    unit: "money",
    follows: "WhatsApp: customer service windows, free by the dated rules of the price card",
    caveat: "Only what the price card of --cost can price. Nobody knows whether a message would have been sent if it had cost something.",
    asks: cost::asks_of_cells,
    tables,
};

#[derive(Default)]
struct Saved {
    free: u64,
    priced: u64,
    /// By currency.
    money: BTreeMap<String, i128>,
}

impl Saved {
    fn add(&mut self, entry: &Entry) {
        let priced = &entry.priced;
        self.free += priced.in_window;
        if let Some(Sum { micros, currency }) = &priced.saved {
            self.priced += priced.in_window;
            *self.money.entry(currency.clone()).or_default() += micros;
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every measure has this signature")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    if setting.config.cost.is_none() {
        let note = "No price card was given: --cost FILE, or cost.toml in the store's folder.";
        return Ok(vec![Table { id: "months", title: "By month".into(), note: note.into(), ..Table::default() }]);
    }
    let book = Book::of(setting, answers);
    let by_month = table(setting, &book, "month", ("months", "By month"));
    Ok(vec![by_month, table(setting, &book, "service_window", ("openers", "By what opened the window"))])
}

fn table(setting: &Setting<'_>, book: &Book, column: &str, (id, title): (&'static str, &str)) -> Table {
    let (mut columns, sums) = book.table(setting, &[column], Saved::add);
    columns.extend([
        Column::new("free", "Free inside the window"),
        Column::new("priced", "Of these with a price"),
        Column::new("saved", "Saved"),
    ]);
    let mut rows = Vec::new();
    for (key, saved) in sums.iter().filter(|(_, saved)| saved.free > 0) {
        let names = || key.iter().map(|value| Value::name(value.as_deref()));
        let counts = [Value::Count(saved.free), Value::Count(saved.priced)];
        if saved.money.is_empty() {
            rows.push(Row::new(saved.free, names().chain(counts).chain([Value::Unmeasurable]).collect()));
            continue;
        }
        for (number, (currency, &micros)) in saved.money.iter().enumerate() {
            let counts = if number == 0 { counts.clone() } else { [Value::Unknown, Value::Unknown] };
            let amount = i64::try_from(micros);
            let amount =
                amount.map_or(Value::Unknown, |micros| cost::money(micros, currency, saved.priced < saved.free));
            rows.push(Row::new(saved.free, names().chain(counts).chain([amount]).collect()));
        }
    }
    let note = setting.config.cost.as_ref().map(|card| card.note.clone()).unwrap_or_default();
    Table { id, title: title.to_owned(), columns, rows, note }
}

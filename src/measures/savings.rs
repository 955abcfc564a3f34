//! Savings: what messages inside an open service window would have cost outside it.

use std::collections::BTreeMap;

use super::cost::{self, Book, Entry};
use super::pricing::Sum;
use super::table::Message;
use super::{Column, Measure, Row, Setting, Table, Value};
use crate::error::Result;
use crate::metrics::Answers;

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "savings", asks: cost::asks_of_cells, tables };

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
        let notes = vec![Message::of("savings-months.no-card")];
        return Ok(vec![Table { id: "months", notes, ..Table::default() }]);
    }
    let book = Book::of(setting, answers);
    Ok(vec![table(setting, &book, "month", "months"), table(setting, &book, "service_window", "openers")])
}

fn table(setting: &Setting<'_>, book: &Book, column: &str, id: &'static str) -> Table {
    let (mut columns, sums) = book.table(setting, &[column], Saved::add);
    columns.extend([Column::new("free"), Column::new("priced"), Column::new("saved")]);
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
    Table { id, columns, rows, notes: cost::card_note(setting).into_iter().collect(), ..Table::default() }
}

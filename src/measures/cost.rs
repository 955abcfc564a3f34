//! Cost: what messages cost, as platforms reported it or as a price card has it, and what one of something cost.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::pricing::{self, Cell, Month, Priced, Sum, Why};
use super::table::Message;
use super::{Column, Measure, Row, Setting, Table, Value};
use crate::error::Result;
use crate::facts::{self, Grain};
use crate::metrics::{Answers, Ask, Row as Counted};

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "cost", asks, tables };

const RATE: &str = "cost_reported_rate";
const REPORTED: &str = "reported_cost";

/// What is paid for: name, metric whose numerator counts it, its fact table.
const UNITS: [(&str, &str, &str); 5] = [
    ("per_opened", "open_rate", "messages"),
    ("per_engaged", "engagement_rate", "conversations"),
    ("per_completed", "completion_rate", "conversations"),
    ("per_goal", "goal_rate", "conversations"),
    ("per_opt_out", "unsubscribe_rate", "messages"),
];

/// What is said of a segment, after the segment's values.
type Named<T> = (Vec<Option<String>>, T);

/// The cells of a row, and its cost with the currency for what follows from it.
type Costed<'t> = ([Value; 7], Option<(i64, &'t str)>);

/// Messages by everything that decides their price, and what became of them.
pub(super) struct Book {
    by: Vec<String>,
    pub(super) entries: Vec<Entry>,
}

/// The messages of one segment.
pub(super) struct Entry {
    segment: Vec<Option<String>>,
    messages: u64,
    /// Those of which the platform told the cost.
    reported: Priced,
    /// The others.
    pub(super) priced: Priced,
}

/// Two metrics by everything that decides a price. What no card asks for is not counted apart.
fn cells(setting: &Setting<'_>) -> [Ask; 2] {
    let mut by = vec!["channel", "country", "category", "campaign", "currency", "billing"];
    match &setting.config.cost {
        None => by.push("month"),
        Some(card) => {
            by.push(if card.tells_days_apart() { "day" } else { "month" });
            by.extend(["account", "form", "service_window", "after_ad", "opens_billing", "reached"]);
        }
    }
    [RATE, REPORTED].map(|metric| setting.ask(metric, &by))
}

pub(super) fn asks_of_cells(setting: &Setting<'_>) -> Vec<Ask> {
    cells(setting).into()
}

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    let units = ["month", "campaign"].into_iter().flat_map(|column| {
        let of_column = move |&(_, metric, table): &(_, &str, &str)| of_unit(setting, metric, table, column);
        UNITS.iter().filter_map(of_column).collect::<Vec<_>>()
    });
    cells(setting).into_iter().chain(units).collect()
}

/// The ask for a unit, if its table has the columns that the caller wants.
fn of_unit(setting: &Setting<'_>, metric: &str, table: &str, column: &str) -> Option<Ask> {
    let has = |grain: &Grain, name: &str| grain.columns.iter().any(|column| column.name == name);
    let (grain, messages) = (facts::grain(table)?, facts::grain("messages")?);
    // Parts of time are no columns of any table.
    let are_there = setting.by.iter().all(|name| has(grain, name) || !has(messages, name));
    // Where no category is told, the form stands for it.
    let by_category = setting.by.iter().any(|name| name == "category");
    let own = if by_category { vec![column, "form"] } else { vec![column] };
    are_there.then(|| setting.ask(metric, &own))
}

/// How many there were of a unit in each segment of these columns; `None` where no channel can tell.
fn counts_of_unit(ask: &Ask, columns: &[String], answers: &Answers<'_>) -> BTreeMap<Vec<Option<String>>, Option<u64>> {
    let mut counts: BTreeMap<Vec<Option<String>>, Option<u64>> = BTreeMap::new();
    for row in answers.rows(ask) {
        let Some(rate) = row.counts.rate() else { continue };
        let key = columns.iter().map(|column| value(&ask.by, &row.segment, column)).collect();
        let count = counts.entry(key).or_default();
        if row.measurable {
            *count = Some(count.unwrap_or_default() + rate.numerator);
        }
    }
    counts
}

impl Book {
    /// Prices what was counted.
    pub(super) fn of(setting: &Setting<'_>, answers: &Answers<'_>) -> Self {
        let [rate, reported] = cells(setting);
        let costs: BTreeMap<&[Option<String>], &Counted> =
            answers.rows(&reported).iter().map(|row| (row.segment.as_slice(), row)).collect();
        let by = rate.by.clone();
        let mut rows = Vec::new();
        for row in answers.rows(&rate) {
            let Some(counts) = row.counts.rate().filter(|counts| counts.denominator > 0) else { continue };
            let Some(cell) = cell(&by, row, counts.denominator - counts.numerator) else { continue };
            rows.push((row, counts.denominator, cell));
        }
        let cells: Vec<Cell> = rows.iter().map(|(.., cell)| cell.clone()).collect();
        let priced = pricing::price(setting.config.cost.as_ref(), &cells, cut(setting));
        let entries = rows.into_iter().zip(priced).map(|((row, messages, _), priced)| Entry {
            segment: row.segment.clone(),
            messages,
            reported: costs.get(row.segment.as_slice()).map_or_else(Priced::default, |cost| told(&by, cost)),
            priced,
        });
        let entries = entries.collect();
        Self { by, entries }
    }

    /// The values of columns of an entry.
    fn values(&self, entry: &Entry, columns: &[String]) -> Vec<Option<String>> {
        columns.iter().map(|column| value(&self.by, &entry.segment, column)).collect()
    }

    /// What the entries come to, by these columns; unknown values last.
    fn sums<T: Default>(&self, columns: &[String], add: impl Fn(&mut T, &Entry)) -> Vec<Named<T>> {
        let mut sums: BTreeMap<Vec<(bool, Option<String>)>, T> = BTreeMap::new();
        for entry in &self.entries {
            let key = self.values(entry, columns).into_iter().map(|value| (value.is_none(), value)).collect();
            add(sums.entry(key).or_default(), entry);
        }
        sums.into_iter().map(|(key, sum)| (key.into_iter().map(|(_, value)| value).collect(), sum)).collect()
    }

    /// What the entries come to by the caller's columns and these.
    pub(super) fn table<T: Default>(
        &self,
        setting: &Setting<'_>,
        own: &[&str],
        add: impl Fn(&mut T, &Entry),
    ) -> (Vec<Column>, Vec<Named<T>>) {
        let by = setting.ask("", own).by;
        let columns = by.iter().map(|name| Column::new(name)).collect();
        (columns, self.sums(&by, add))
    }
}

/// The value of a column. The month of a day is its beginning; where no category is told, the form stands for it.
fn value(by: &[String], segment: &[Option<String>], column: &str) -> Option<String> {
    let of = |name: &str| by.iter().position(|known| known == name).and_then(|place| segment.get(place)?.clone());
    match of(column) {
        None if column == "month" => of("day").map(|day| day.chars().take("2026-01".len()).collect()),
        None if column == "category" => of("form"),
        value => value,
    }
}

/// The month of the log whose beginning `--since` leaves out.
fn cut(setting: &Setting<'_>) -> Option<Month> {
    let since = setting.settings.since.filter(|since| *since > setting.settings.log_began)?;
    let first = Timestamp::from_microsecond(since).ok()?.to_zoned(setting.config.report.zone.0.clone());
    let begins = first.first_of_month().ok()?.start_of_day().ok()?;
    (begins < first).then(|| (first.year(), first.month()))
}

fn cell(by: &[String], row: &Counted, n: u64) -> Option<Cell> {
    let of = |column: &str| value(by, &row.segment, column);
    let flag = |column: &str| of(column).as_deref() == Some("true");
    let day = of("day").or_else(|| of("month").map(|month| format!("{month}-01")))?;
    Some(Cell {
        channel: of("channel").unwrap_or_default(),
        account: of("account"),
        country: of("country"),
        category: of("category").map(|category| category.to_ascii_lowercase()),
        day: day.parse::<Date>().ok()?,
        billed: of("billing").map(|billing| billing == "charged"),
        window: of("service_window").map(|window| window != "closed"),
        after_ad: flag("after_ad"),
        opens: flag("opens_billing"),
        reached: flag("reached"),
        campaign: of("campaign"),
        key: row.segment.clone(),
        n,
    })
}

/// What the platform told of the messages of a segment.
fn told(by: &[String], row: &Counted) -> Priced {
    let (Some(costs), Some(currency)) = (row.counts.distribution(), value(by, &row.segment, "currency")) else {
        return Priced::default();
    };
    let free = costs.0.get(&0).copied().unwrap_or_default();
    let charged = costs.n() - free;
    let micros = costs.0.iter().map(|(&cost, &n)| i128::from(cost) * i128::from(n)).sum();
    let sum = (charged > 0).then_some(Sum { micros, currency });
    Priced { charged, free, sum, ..Priced::default() }
}

/// What messages come to.
#[derive(Default)]
struct Total {
    messages: u64,
    free: u64,
    idle: u64,
    unknown: u64,
    /// Charged messages and their sum, by currency.
    money: BTreeMap<String, (u64, i128)>,
}

impl Total {
    fn add(&mut self, entry: &Entry) {
        self.messages += entry.messages;
        for priced in [&entry.reported, &entry.priced] {
            self.free += priced.free;
            self.idle += priced.idle;
            self.unknown += priced.unknown;
            if let Some(Sum { micros, currency }) = &priced.sum {
                let money = self.money.entry(currency.clone()).or_default();
                *money = (money.0 + priced.charged, money.1 + micros);
            }
        }
    }

    /// A row for each currency, the counts that have none in the first: currency, messages, charged, free, not charged for,
    /// unknown, cost. What it costs is handed on for what follows.
    fn rows(&self) -> Vec<Costed<'_>> {
        let counts = |charged| {
            [
                Value::Count(self.messages),
                Value::Count(charged),
                Value::Count(self.free),
                Value::Count(self.idle),
                Value::Count(self.unknown),
            ]
        };
        if self.money.is_empty() {
            let cost = if self.unknown > 0 { Value::Unmeasurable } else { Value::Unknown };
            let [messages, charged, free, idle, unknown] = counts(0);
            return vec![([Value::Unknown, messages, charged, free, idle, unknown, cost], None)];
        }
        let rows = self.money.iter().enumerate().map(|(number, (currency, &(charged, micros)))| {
            let micros = i64::try_from(micros).ok();
            let cost = micros.map_or(Value::Unknown, |micros| money(micros, currency, self.unknown > 0));
            let [messages, charged, free, idle, unknown] = counts(charged);
            let name = Value::Text(currency.clone());
            let cells = if number == 0 {
                [name, messages, charged, free, idle, unknown, cost]
            } else {
                [name, Value::Unknown, charged, Value::Unknown, Value::Unknown, Value::Unknown, cost]
            };
            (cells, micros.map(|micros| (micros, currency.as_str())))
        });
        rows.collect()
    }
}

pub(super) fn money(micros: i64, currency: &str, lower_bound: bool) -> Value {
    Value::Money { micros, currency: currency.to_owned(), lower_bound }
}

const COUNTS: [&str; 7] = ["currency", "messages", "charged", "free", "not_charged", "unknown", "cost"];

#[expect(clippy::unnecessary_wraps, reason = "every measure has this signature")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let book = Book::of(setting, answers);
    let is_known = |entry: &Entry| entry.reported != Priced::default() || entry.priced.free > 0;
    if setting.config.cost.is_none() && !book.entries.iter().any(is_known) {
        let notes = vec![Message::of("cost-months.no-card")];
        return Ok(vec![Table { id: "months", notes, ..Table::default() }]);
    }
    Ok(vec![
        units(setting, answers, &book, "month", "months"),
        units(setting, answers, &book, "campaign", "campaigns"),
        prices(setting, &book),
        unknown(setting, &book),
    ])
}

/// What messages cost by a column, and what one of each unit cost.
fn units(setting: &Setting<'_>, answers: &Answers<'_>, book: &Book, column: &str, id: &'static str) -> Table {
    let (mut columns, totals) = book.table(setting, &[column], Total::add);
    let keys = setting.ask("", &[column]).by;
    columns.extend(COUNTS.map(Column::new));
    columns.push(Column::new("per_message"));
    let of_unit = |&(name, metric, table): &(&str, &str, &str)| {
        let ask = of_unit(setting, metric, table, column)?;
        let column = Column { metric: Some(metric.to_owned()), ..Column::new(name) };
        Some((column, counts_of_unit(&ask, &keys, answers)))
    };
    let units: Vec<_> = UNITS.iter().filter_map(of_unit).collect();
    columns.extend(units.iter().map(|(column, _)| column.clone()));
    let mut rows = Vec::new();
    for (key, total) in &totals {
        let one_currency = total.money.len() == 1;
        for (cells, cost) in total.rows() {
            // Of several currencies nobody knows which of them an opened message or a goal was paid in.
            let each = |count: u64| match cost.filter(|_| one_currency) {
                None => Value::Unknown,
                Some((micros, currency)) => {
                    Value::UnitCost { micros, currency: currency.to_owned(), count, lower_bound: total.unknown > 0 }
                }
            };
            let of_units = units.iter().map(|(_, counts)| match counts.get(key) {
                Some(&Some(count)) => each(count),
                Some(None) => Value::Unmeasurable,
                None => each(0),
            });
            let names = key.iter().map(|value| Value::name(value.as_deref()));
            let cells = names.chain(cells).chain([each(total.messages)]).chain(of_units).collect();
            rows.push(Row::new(total.messages, cells));
        }
    }
    let note = card_note(setting).unwrap_or_else(|| Message::of("cost-reported-only"));
    Table { id, columns, rows, notes: vec![note], ..Table::default() }
}

/// What the price card says of itself.
pub(super) fn card_note(setting: &Setting<'_>) -> Option<Message> {
    let card = setting.config.cost.as_ref()?;
    Some(Message::of("cost-card").with("note", Value::Text(card.note.clone())))
}

/// What one charged message cost, by what prices are told apart by.
fn prices(setting: &Setting<'_>, book: &Book) -> Table {
    let (mut columns, totals) = book.table(setting, &["channel", "country", "category"], Total::add);
    columns.extend(COUNTS.map(Column::new));
    columns.push(Column::new("per_charged"));
    let mut rows = Vec::new();
    for (key, total) in &totals {
        for (cells, cost) in total.rows() {
            let count = match cells.get(2) {
                Some(Value::Count(charged)) => *charged,
                _ => 0,
            };
            let each = cost.map_or(Value::Unknown, |(micros, currency)| Value::UnitCost {
                micros,
                currency: currency.to_owned(),
                count,
                lower_bound: false,
            });
            let names = key.iter().map(|value| Value::name(value.as_deref()));
            rows.push(Row::new(total.messages, names.chain(cells).chain([each]).collect()));
        }
    }
    Table { id: "prices", columns, rows, ..Table::default() }
}

/// Which messages have no price, and why.
fn unknown(setting: &Setting<'_>, book: &Book) -> Table {
    let add = |counts: &mut BTreeMap<Why, u64>, entry: &Entry| {
        if let Some(why) = entry.priced.why.filter(|_| entry.priced.unknown > 0) {
            *counts.entry(why).or_default() += entry.priced.unknown;
        }
    };
    let (mut columns, totals) = book.table(setting, &["channel", "country", "category"], add);
    columns.extend([Column::new("messages"), Column::new("why")]);
    let rows = totals.iter().flat_map(|(key, counts)| {
        counts.iter().map(|(why, &n)| {
            let names = key.iter().map(|value| Value::name(value.as_deref()));
            Row::new(n, names.chain([Value::Count(n), Value::word(why.word())]).collect())
        })
    });
    let rows: Vec<Row> = rows.collect();
    let notes = rows.is_empty().then(|| Message::of("cost-unknown.none")).into_iter().collect();
    Table { id: "unknown", columns, rows, notes, ..Table::default() }
}

#[cfg(test)]
mod tests;

//! Every table of the report with one plain value in each column: what spreadsheets and databases read.
//!
//! A share is eight columns here: its counts, the share, its interval, and what the channels can tell of it. Knows no file
//! format; `csv` and `xlsx` write what it gives.

use jiff::civil::Date;

use super::model::{Definition, Report};
use super::page::{self, Cell, Column, Page, Section, Table, Words, plain};
use super::text::Language;
use crate::event::Time;
use crate::measures::Value;
use crate::measures::table::each;
use crate::rate::{Bound, Rate};

/// A table of plain values.
#[derive(Debug, PartialEq)]
pub(super) struct Flat {
    /// The same in every language and whatever the table holds: one word of `snake_case`, unique in the report.
    pub(super) id: String,
    /// In the words of the page.
    pub(super) title: String,
    /// What must be said beside it.
    pub(super) note: String,
    pub(super) fields: Vec<Field>,
    /// Each has a datum for every field.
    pub(super) rows: Vec<Vec<Datum>>,
}

/// A column of plain values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// The same in every language: one word of `snake_case`, unique in the table.
    pub(super) id: String,
    /// In the words of the page.
    pub(super) title: String,
    /// Which part of a value it holds.
    pub(super) part: Part,
    pub(super) unit: Unit,
}

/// A plain value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum {
    /// Nothing could have happened, or there is no such value.
    Unknown,
    /// The channels cannot tell.
    Unmeasurable,
    /// A name out of the log, `None` if it is unknown; and how people read it.
    Name(Option<String>, String),
    /// Words of the program's own.
    Text(String),
    Flag(bool),
    Count(u64),
    /// Between 0 and 1; a difference of shares between -1 and 1.
    Share(f64),
    Number(f64),
    Seconds(i64),
    /// Millionths of the currency that stands beside it.
    Money(i64),
    Day(Date),
    Instant(Time),
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Text,
    Flag,
    Count,
    Share,
    Number,
    Seconds,
    Money,
    Day,
    Instant,
}

/// The parts that values fall into, in the order of their columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// The id of a metric whose name stands beside it.
    Metric,
    Numerator,
    Denominator,
    /// An estimate, which has an interval.
    Value,
    Low,
    High,
    /// Whether a difference is called one.
    Differs,
    /// The q-value of a difference.
    Q,
    Seconds,
    /// What one of something costs.
    Each,
    /// A sum of money.
    Amount,
    /// How many the money is for.
    Count,
    Currency,
    /// False where the channels cannot tell.
    Measurable,
    /// True where the true value may be higher.
    LowerBound,
    /// True where the true value may be lower.
    UpperBound,
}

impl Part {
    /// What it adds to the id of its column.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Metric => "_id",
            Self::Numerator => "_numerator",
            Self::Denominator => "_denominator",
            Self::Value => "_value",
            Self::Low => "_low",
            Self::High => "_high",
            Self::Differs => "_differs",
            Self::Q => "_q",
            Self::Seconds => "_s",
            Self::Each => "_each",
            Self::Amount => "_amount",
            Self::Count => "_count",
            Self::Currency => "_currency",
            Self::Measurable => "_measurable",
            Self::LowerBound => "_lower_bound",
            Self::UpperBound => "_upper_bound",
        }
    }

    /// The word that it adds to the title of its column. `None` for the part that the page shows first.
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::Whole | Self::Value | Self::Each | Self::Seconds => None,
            Self::Metric => Some("part-metric"),
            Self::Numerator => Some("part-numerator"),
            Self::Denominator => Some("part-denominator"),
            Self::Low => Some("part-low"),
            Self::High => Some("part-high"),
            Self::Differs => Some("part-differs"),
            Self::Q => Some("part-q"),
            Self::Amount => Some("part-amount"),
            Self::Count => Some("part-count"),
            Self::Currency => Some("part-currency"),
            Self::Measurable => Some("part-measurable"),
            Self::LowerBound => Some("part-lower-bound"),
            Self::UpperBound => Some("part-upper-bound"),
        }
    }
}

impl Datum {
    const fn unit(&self) -> Option<Unit> {
        match self {
            Self::Unknown | Self::Unmeasurable => None,
            Self::Name(..) | Self::Text(_) => Some(Unit::Text),
            Self::Flag(_) => Some(Unit::Flag),
            Self::Count(_) => Some(Unit::Count),
            Self::Share(_) => Some(Unit::Share),
            Self::Number(_) => Some(Unit::Number),
            Self::Seconds(_) => Some(Unit::Seconds),
            Self::Money(_) => Some(Unit::Money),
            Self::Day(_) => Some(Unit::Day),
            Self::Instant(_) => Some(Unit::Instant),
        }
    }
}

/// All tables in their order: the headlines, those of the sections, the definitions.
pub(super) fn tables(report: &Report, page: &Page) -> Vec<Flat> {
    let words = Words::new(report);
    let language = words.language;
    let mut all = vec![flat(&[&headlines(report, &words)], language.say("glance"), String::new(), language)];
    for section in &page.sections {
        of_section(section, language, &mut all);
    }
    all.push(flat(&[&definitions(page, &words)], language.say("definitions"), String::new(), language));
    all
}

/// The tables of a section. Neighbours of one id are pieces of one table.
fn of_section(section: &Section, language: Language, all: &mut Vec<Flat>) {
    let table = |part: &'_ page::Part| part.upright.as_ref().or(part.table.as_ref()).map(|table| table.id.clone());
    let shown: Vec<&page::Part> = section.parts.iter().filter(|part| table(part).is_some()).collect();
    for parts in shown.chunk_by(|left, right| table(left) == table(right)) {
        let pieces: Vec<&Table> =
            parts.iter().filter_map(|part| part.upright.as_ref().or(part.table.as_ref())).collect();
        let Some(first) = parts.first() else { continue };
        let is_one = pieces.iter().all(|piece| piece.of.is_empty());
        let title = match first.heading.as_str() {
            heading if is_one && !heading.is_empty() => format!("{} – {heading}", section.title),
            _ => section.title.clone(),
        };
        let said = parts.iter().filter(|part| !part.note.is_empty());
        let notes =
            said.map(|part| if is_one { part.note.clone() } else { format!("{}: {}", part.heading, part.note) });
        all.push(flat(&pieces, title, notes.collect::<Vec<_>>().join(" "), language));
    }
}

/// The headlines and what stands beside them.
fn headlines(report: &Report, words: &Words<'_>) -> Table {
    let mut rows = Vec::new();
    for headline in &report.headlines {
        let mut row = |metric: &str, figure| {
            let name = Cell { value: Value::Metric(metric.to_owned()), ..plain(words.title(metric)) };
            rows.push(vec![name, words.cell(figure)]);
        };
        row(&headline.metric, headline.figure.as_ref());
        for figure in &headline.beside {
            row(&figure.metric, Some(figure));
        }
    }
    let columns = vec![words.label("rate"), words.number("share")];
    Table { columns, rows, ..Table::default() }.named("headlines", &["metric"]).shares(&["share"])
}

/// What every metric means.
fn definitions(page: &Page, words: &Words<'_>) -> Table {
    let rows = page.definitions.iter().map(|entry| {
        let page::Entry { title, definition, .. } = entry;
        let Definition { id, meaning, formula, unit, source, caveat, .. } = definition;
        [id, title, meaning, formula, unit, source, caveat].map(|text| plain(text.clone())).into()
    });
    let columns = ["id", "title", "meaning", "formula", "unit", "follows", "caveat"].map(|name| words.label(name));
    Table { columns: columns.into(), rows: rows.collect(), ..Table::default() }.named("definitions", &[])
}

/// One table of pieces with the same columns.
fn flat(pieces: &[&Table], title: String, note: String, language: Language) -> Flat {
    let Some(first) = pieces.first() else {
        return Flat { id: String::new(), title, note, fields: vec![], rows: vec![] };
    };
    let of = first.of.iter().map(|(column, _)| column);
    let columns: Vec<&Column> = of.chain(&first.columns).collect();
    let mut whole: Vec<Vec<&Cell>> = Vec::new();
    for piece in pieces {
        let rows = piece.rows.iter().chain(&piece.rest);
        whole.extend(rows.map(|row| piece.of.iter().map(|(_, cell)| cell).chain(row).collect()));
    }
    let mut fields: Vec<Field> = Vec::new();
    let mut rows: Vec<Vec<Datum>> = whole.iter().map(|_| Vec::new()).collect();
    for (place, column) in columns.iter().enumerate() {
        let cells: Vec<Vec<(Part, Datum)>> =
            whole.iter().map(|row| row.get(place).map(|cell| data(column, cell)).unwrap_or_default()).collect();
        let parts = parts(column, &cells);
        for part in &parts {
            let mut unit = None;
            for (row, cell) in rows.iter_mut().zip(&cells) {
                let value = datum(cell, *part, &parts);
                unit = unit.or(value.unit());
                row.push(value);
            }
            let field = field(column, *part, unit, language);
            fields.push(Field { id: unique(&field.id, |id| fields.iter().any(|other| other.id == id)), ..field });
        }
    }
    if pieces.iter().any(|piece| !piece.immature.is_empty()) {
        let title = language.column("immature");
        fields.push(Field { id: "immature".to_owned(), title, part: Part::Whole, unit: Unit::Flag });
        for (row, immature) in rows.iter_mut().zip(pieces.iter().flat_map(|piece| &piece.immature)) {
            row.push(Datum::Flag(*immature));
        }
    }
    Flat { id: first.id.clone(), title, note, fields, rows }
}

/// The parts that a column falls into.
fn parts(column: &Column, cells: &[Vec<(Part, Datum)>]) -> Vec<Part> {
    if column.is_share {
        return share(Rate::default(), Bound::Exact).into_iter().map(|(part, _)| part).collect();
    }
    let mut parts: Vec<Part> = cells.iter().flatten().map(|(part, _)| *part).collect();
    parts.sort_unstable();
    parts.dedup();
    // What has no value fits every column; only where there is nothing else, it is a column of its own.
    let is_whole = cells.iter().flatten().any(|(part, datum)| *part == Part::Whole && datum.unit().is_some());
    if parts.len() > 1 && !is_whole {
        parts.retain(|part| *part != Part::Whole);
    }
    parts
}

fn field(column: &Column, part: Part, unit: Option<Unit>, language: Language) -> Field {
    let id = snake(&column.id);
    // A name such as `after_s` says its unit already.
    let id = if id.ends_with(part.suffix()) { id } else { id + part.suffix() };
    let title = match part.word() {
        None => column.title.clone(),
        Some(word) => format!("{}: {}", column.title, language.say(word)),
    };
    let unit = unit.unwrap_or(match part {
        Part::Numerator | Part::Denominator => Unit::Count,
        Part::Value | Part::Low | Part::High => Unit::Share,
        Part::Measurable | Part::LowerBound | Part::UpperBound => Unit::Flag,
        _ => Unit::Text,
    });
    Field { id, title, part, unit }
}

/// One part of a cell. What cannot be measured says so in a part made for it, or else in the first.
fn datum(cell: &[(Part, Datum)], part: Part, parts: &[Part]) -> Datum {
    if let Some((_, datum)) = cell.iter().find(|(other, _)| *other == part) {
        return match datum {
            // Spreadsheets have no such numbers; JSON has null for them.
            Datum::Share(number) | Datum::Number(number) if !number.is_finite() => Datum::Unknown,
            datum => datum.clone(),
        };
    }
    match cell {
        [(Part::Whole, Datum::Unmeasurable)] if part == Part::Measurable => Datum::Flag(false),
        [(Part::Whole, Datum::Unmeasurable)] if parts.first() == Some(&part) && !parts.contains(&Part::Measurable) => {
            Datum::Unmeasurable
        }
        _ => Datum::Unknown,
    }
}

/// The plain values of a cell.
fn data(column: &Column, cell: &Cell) -> Vec<(Part, Datum)> {
    let estimate = |value: f64, interval: Option<(f64, f64)>, datum: fn(f64) -> Datum| {
        let end = |end: Option<f64>| end.map_or(Datum::Unknown, datum);
        let (low, high) = (interval.map(|(low, _)| low), interval.map(|(_, high)| high));
        vec![(Part::Value, datum(value)), (Part::Low, end(low)), (Part::High, end(high))]
    };
    let text = |text: &str| Datum::Text(text.to_owned());
    match &cell.value {
        Value::Unknown => vec![(Part::Whole, Datum::Unknown)],
        Value::Unmeasurable => vec![(Part::Whole, Datum::Unmeasurable)],
        Value::Name(name) => {
            let day = (column.id == "day").then(|| name.as_ref()?.parse().ok()).flatten();
            vec![(Part::Whole, day.map_or_else(|| Datum::Name(name.clone(), cell.text.clone()), Datum::Day))]
        }
        Value::Metric(id) => vec![(Part::Whole, text(&cell.text)), (Part::Metric, text(id))],
        Value::Meaning(_) | Value::Column(_) | Value::Message(_) | Value::Text(_) => {
            vec![(Part::Whole, text(&cell.text))]
        }
        Value::Flag(flag) => vec![(Part::Whole, Datum::Flag(*flag))],
        Value::Count(n) => vec![(Part::Whole, Datum::Count(*n))],
        Value::Rate { rate, bound } => share(*rate, *bound),
        Value::Share { value, interval } | Value::Points { value, interval } => {
            estimate(*value, *interval, Datum::Share)
        }
        Value::Number { value, interval } => estimate(*value, *interval, Datum::Number),
        Value::Probability(p) => vec![(Part::Whole, Datum::Number(*p))],
        Value::Verdict { value, interval, q, differs } => {
            let mut verdict = vec![(Part::Whole, text(&cell.text))];
            verdict.extend(estimate(*value, *interval, Datum::Share));
            verdict.extend([(Part::Differs, Datum::Flag(*differs)), (Part::Q, Datum::Number(*q))]);
            verdict
        }
        Value::Seconds(seconds) => vec![(Part::Seconds, Datum::Seconds(*seconds))],
        Value::Money { micros, currency, lower_bound } => vec![
            (Part::Amount, Datum::Money(*micros)),
            (Part::Currency, text(currency)),
            (Part::LowerBound, Datum::Flag(*lower_bound)),
        ],
        Value::UnitCost { micros, currency, count, lower_bound } => vec![
            (Part::Each, each(*micros, *count).map_or(Datum::Unknown, Datum::Money)),
            (Part::Amount, Datum::Money(*micros)),
            (Part::Count, Datum::Count(*count)),
            (Part::Currency, text(currency)),
            (Part::LowerBound, Datum::Flag(*lower_bound)),
        ],
        Value::Instant(time) => vec![(Part::Whole, Datum::Instant(*time))],
    }
}

/// A share of counts.
fn share(rate: Rate, bound: Bound) -> Vec<(Part, Datum)> {
    let share = |value: Option<f64>| value.map_or(Datum::Unknown, Datum::Share);
    let interval = rate.interval();
    vec![
        (Part::Numerator, Datum::Count(rate.numerator)),
        (Part::Denominator, Datum::Count(rate.denominator)),
        (Part::Value, share(rate.value())),
        (Part::Low, share(interval.map(|(low, _)| low))),
        (Part::High, share(interval.map(|(_, high)| high))),
        (Part::Measurable, Datum::Flag(true)),
        (Part::LowerBound, Datum::Flag(bound == Bound::Least)),
        (Part::UpperBound, Datum::Flag(bound == Bound::Most)),
    ]
}

/// The name as one word of `snake_case`.
fn snake(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// The name, with a number behind it if it is taken.
fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number: u32| format!("{name}_{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn of(report: &Report) -> Vec<Flat> {
        tables(report, &page::page(report))
    }

    #[test]
    fn tables_and_columns_have_names_of_their_own_and_every_row_fills_them() {
        for report in [fixture::awkward(), fixture::small(), fixture::hostile()] {
            let tables = of(&report);
            assert!(tables.len() > 12, "{}", tables.len());
            for (place, table) in tables.iter().enumerate() {
                assert!(tables.iter().skip(place + 1).all(|other| other.id != table.id), "{} twice", table.id);
                for (column, field) in table.fields.iter().enumerate() {
                    let is_plain = |id: &str| {
                        !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                    };
                    assert!(is_plain(&table.id) && is_plain(&field.id), "{}.{}", table.id, field.id);
                    let others = table.fields.get(column + 1..).unwrap();
                    assert!(others.iter().all(|other| other.id != field.id), "{}.{} twice", table.id, field.id);
                    let units = table.rows.iter().filter_map(|row| row.get(column)?.unit());
                    for unit in units {
                        assert_eq!(unit, field.unit, "{}.{}", table.id, field.id);
                    }
                }
                assert!(table.rows.iter().all(|row| row.len() == table.fields.len()), "{}", table.id);
            }
        }
    }

    #[test]
    fn a_share_is_its_counts_its_interval_and_whether_it_can_be_measured() {
        let report = fixture::awkward();
        let tables = of(&report);
        let channels = tables.iter().find(|table| table.id == "channels").unwrap();
        let value = |row: &str, field: &str| {
            let row = channels
                .rows
                .iter()
                .find(|cells| cells[0] == Datum::Name(Some(row.to_owned()), row.to_owned()))
                .unwrap();
            let place = channels.fields.iter().position(|other| other.id == field).unwrap();
            row[place].clone()
        };
        let figure = &report
            .channels
            .rows
            .iter()
            .find(|row| row.segment == [Some("whatsapp".to_owned())])
            .unwrap()
            .figures["open_rate"];
        assert_eq!(value("whatsapp", "open_rate_numerator"), Datum::Count(figure.numerator));
        assert_eq!(value("whatsapp", "open_rate_denominator"), Datum::Count(figure.denominator));
        assert_eq!(value("whatsapp", "open_rate_value"), Datum::Share(figure.value.unwrap()));
        assert_eq!(value("whatsapp", "open_rate_low"), Datum::Share(figure.low.unwrap()));
        assert_eq!(value("whatsapp", "open_rate_measurable"), Datum::Flag(true));
        assert_eq!(value("telegram", "open_rate_measurable"), Datum::Flag(false));
        assert_eq!(value("telegram", "open_rate_value"), Datum::Unknown);
    }

    #[test]
    fn flows_are_one_table_that_names_them_and_days_say_whether_they_may_change() {
        let report = fixture::awkward();
        let tables = of(&report);
        let questions = tables.iter().find(|table| table.id == "questions").unwrap();
        let asked: usize = report.flows.iter().map(|flow| flow.questions.len()).sum();
        assert!(report.flows.len() > 2 && questions.rows.len() == asked);
        assert_eq!(questions.fields[0].id, "flow");
        assert_eq!(questions.rows[0][0], Datum::Name(Some("order".to_owned()), "order".to_owned()));
        assert!(questions.rows.iter().any(|row| matches!(row[0], Datum::Name(None, _))));
        let trend = tables.iter().find(|table| table.id == "trend").unwrap();
        assert_eq!(trend.fields.last().unwrap().id, "immature");
        let ends = trend.rows.iter().map(|row| row.last().unwrap());
        assert!(ends.eq(report.days.iter().map(|day| Datum::Flag(!day.mature)).collect::<Vec<_>>().iter()));
        assert_eq!(trend.rows[0][0], Datum::Day(Date::constant(2026, 5, 1)));
    }

    #[test]
    fn rows_that_a_page_has_no_room_for_are_all_here() {
        let mut report = fixture::small();
        let rows = &mut report.measures[0].tables[0].rows;
        let row = rows[0].clone();
        rows.resize(1_000, row);
        let table = of(&report).into_iter().find(|table| table.id == "leaving_course").unwrap();
        assert_eq!(table.rows.len(), 1_000);
    }

    #[test]
    fn values_of_every_type_fall_into_their_parts() {
        let cell = |value: Value| page::typed(value, Language::En);
        let column = |id: &str| Column { id: id.to_owned(), title: id.to_owned(), ..Column::default() };
        let cost = |micros, count| Value::UnitCost { micros, currency: "EUR".into(), count, lower_bound: false };
        let verdict = Value::Verdict { value: -0.02, interval: Some((-0.03, -0.01)), q: 0.01, differs: true };
        let table = Table {
            columns: ["after_s", "change", "cost", "verdict", "nothing"].map(column).into(),
            rows: vec![
                vec![
                    cell(Value::Seconds(90)),
                    cell(Value::Points { value: -0.1, interval: Some((f64::NAN, f64::INFINITY)) }),
                    cell(cost(5_000_000, 2)),
                    cell(verdict),
                    cell(Value::Unknown),
                ],
                vec![
                    cell(Value::Unmeasurable),
                    cell(Value::Unknown),
                    cell(cost(1, 0)),
                    cell(Value::Unmeasurable),
                    cell(Value::Unmeasurable),
                ],
            ],
            ..Table::default()
        };
        let flat = flat(&[&table], String::new(), String::new(), Language::En);
        let ids: Vec<&str> = flat.fields.iter().map(|field| field.id.as_str()).collect();
        let change = ["change_value", "change_low", "change_high"];
        let cost = ["cost_each", "cost_amount", "cost_count", "cost_currency", "cost_lower_bound"];
        let verdict = ["verdict", "verdict_value", "verdict_low", "verdict_high", "verdict_differs", "verdict_q"];
        assert_eq!(ids, [&["after_s"][..], &change, &cost, &verdict, &["nothing"]].concat());
        assert_eq!(flat.rows[0][0], Datum::Seconds(90));
        assert_eq!(flat.rows[0][1..4], [Datum::Share(-0.1), Datum::Unknown, Datum::Unknown]);
        assert_eq!(flat.rows[0][4..6], [Datum::Money(2_500_000), Datum::Money(5_000_000)]);
        assert_eq!(flat.rows[1][..2], [Datum::Unmeasurable, Datum::Unknown]);
        assert_eq!(flat.rows[1][4], Datum::Unknown, "one of none has no cost");
        assert_eq!(flat.rows[1][9], Datum::Unmeasurable);
        assert_eq!(flat.rows[1].last(), Some(&Datum::Unmeasurable));
    }
}

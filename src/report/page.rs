//! The report as an analyst reads it: headings, sentences and tables of text in their order, before any markup.
//!
//! Formats walk this value; they add markup and leave the words alone.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::model::{Breakdown, Context, Definition, Figure, Funnel, FunnelStep, Headline, Report, Segment, Stage};
use super::sections;
use super::summary::summary;
use super::text::{self, Language};
use crate::measures::Value;
use crate::measures::table::each;
use crate::rate::Rate;

/// Everything that is to be read.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) subtitle: String,
    /// What to know first, in sentences.
    pub(super) summary: Vec<String>,
    pub(super) facts: Vec<Fact>,
    pub(super) cards: Vec<Card>,
    pub(super) sections: Vec<Section>,
    pub(super) definitions: Vec<Entry>,
    pub(super) program: String,
    /// What the business says at the end.
    pub(super) footer: String,
}

/// A line of the header.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) text: String,
}

/// A headline.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    pub(super) title: String,
    pub(super) anchor: String,
    pub(super) value: String,
    pub(super) interval: String,
    pub(super) fraction: String,
    /// The interval on a line from 0 to 100.
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) at: Option<f64>,
    pub(super) beside: Vec<Beside>,
}

/// A relative of a headline.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    pub(super) title: String,
    pub(super) anchor: String,
    pub(super) value: String,
    pub(super) fraction: String,
}

/// A chapter.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    /// Anchor on the page, and what `draw` looks for.
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) lead: String,
    pub(super) parts: Vec<Part>,
}

/// A table, or what is said instead of an empty one.
#[derive(Debug, Default, Serialize)]
pub(super) struct Part {
    /// What `draw` looks for, if the section's id does not say it.
    pub(super) id: &'static str,
    pub(super) heading: String,
    /// What stands before the pictures.
    pub(super) lead: String,
    /// Pictures of the table, filled in by formats that show them.
    pub(super) charts: Vec<String>,
    pub(super) table: Option<Table>,
    /// The table with its metrics as columns, if the page shows it lying on its side. For formats of typed values.
    #[serde(skip)]
    pub(super) upright: Option<Table>,
    pub(super) note: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Table {
    /// What the table is called in every language and whatever it holds: one word of `snake_case`. Parts of a section
    /// whose tables are called the same are pieces of one table.
    pub(super) id: String,
    /// Columns that are the same in every row, such as the flow. The page has them as a heading.
    #[serde(skip)]
    pub(super) of: Vec<(Column, Cell)>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// Rows that are too many for a page.
    #[serde(skip)]
    pub(super) rest: Vec<Vec<Cell>>,
    /// For every row whether it may still change, the rest's too. Empty if that is not asked.
    #[serde(skip)]
    pub(super) immature: Vec<bool>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Column {
    /// What the column is called in every language: one word of `snake_case`, unique in its table.
    pub(super) id: String,
    pub(super) title: String,
    /// Anchor of the definition, empty if the column needs none.
    pub(super) anchor: String,
    pub(super) numeric: bool,
    /// True if every cell is a share of counts, one without a value too.
    #[serde(skip)]
    pub(super) is_share: bool,
}

#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Cell {
    /// What the text says, for formats that have types. Pages know it as `raw`, the number to sort by.
    #[serde(rename = "raw", serialize_with = "sort_key")]
    pub(super) value: Value,
    pub(super) text: String,
    /// Interval and counts, smaller.
    pub(super) interval: String,
    pub(super) fraction: String,
    /// True for what could still change, and for what rests on few observations.
    pub(super) pale: bool,
}

impl Page {
    /// The page without tables of which people see no row.
    pub(super) fn for_people(mut self) -> Self {
        for section in &mut self.sections {
            let is_seen = |table: &Table| !table.rows.is_empty() || table.rest.is_empty();
            section.parts.retain(|part| part.table.as_ref().is_none_or(is_seen));
        }
        self
    }
}

impl Table {
    /// The table, knowing that every cell of these columns is a share of counts.
    pub(super) fn shares(mut self, columns: &[&str]) -> Self {
        for column in self.columns.iter_mut().filter(|column| columns.contains(&column.id.as_str())) {
            column.is_share = true;
        }
        self
    }

    /// The table with a name for itself and for each of its columns.
    pub(super) fn named(mut self, id: &str, columns: &[&str]) -> Self {
        id.clone_into(&mut self.id);
        for (column, name) in self.columns.iter_mut().zip(columns) {
            (*name).clone_into(&mut column.id);
        }
        self
    }
}

/// A definition.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) anchor: String,
    pub(super) title: String,
    pub(super) definition: Definition,
}

/// Writes out the whole report.
pub(super) fn page(report: &Report) -> Page {
    let context = &report.context;
    let words = Words::new(report);
    Page {
        title: text::printable(&context.title),
        subtitle: range(context),
        summary: summary(report, &words),
        facts: facts(context),
        cards: report.headlines.iter().map(|headline| words.card(headline)).collect(),
        sections: sections::sections(report, &words),
        definitions: report
            .definitions
            .iter()
            .map(|definition| Entry {
                anchor: anchor(&definition.id),
                title: words.title(&definition.id),
                definition: definition.clone(),
            })
            .collect(),
        program: format!("trichter {}", context.program_version),
        footer: text::printable(context.brand.footer.as_deref().unwrap_or_default()),
    }
}

/// Anchor of a metric's definition.
pub(super) fn anchor(metric: &str) -> String {
    let plain: String = metric.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("def-{plain}")
}

/// Titles of metrics and the language of numbers.
pub(super) struct Words<'a> {
    pub(super) language: Language,
    /// Shares of fewer observations are pale.
    pub(super) minimum: u64,
    titles: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        let titles = report.definitions.iter().map(|definition| (definition.id.as_str(), definition.title.as_str()));
        Self {
            language: report.context.language,
            minimum: report.context.minimum,
            titles: titles.filter(|(_, title)| !title.is_empty()).collect(),
        }
    }

    /// The metric's title, or its id made readable.
    pub(super) fn title(&self, metric: &str) -> String {
        if let Some(title) = self.titles.get(metric) {
            return (*title).to_owned();
        }
        let (id, variant) = metric.split_once('@').map_or((metric, None), |(id, variant)| (id, Some(variant)));
        let base = self.titles.get(id).map_or_else(|| id.replace('_', " "), |title| (*title).to_owned());
        let mut chars = base.chars();
        let base: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
        let Some(variant) = variant else { return base };
        self.language.say_with("variant-of", &[("name", base.into()), ("variant", variant.to_owned().into())])
    }

    /// The definition to link to: a variant without one of its own shares its metric's.
    pub(super) fn anchor(&self, metric: &str) -> String {
        let base = metric.split_once('@').map_or(metric, |(id, _)| id);
        let known = [metric, base].into_iter().find(|id| self.titles.contains_key(id));
        known.map(anchor).unwrap_or_default()
    }

    /// A column of names.
    pub(super) fn label(&self, name: &str) -> Column {
        Column { id: name.to_owned(), title: self.language.column(name), ..Column::default() }
    }

    /// A column of numbers without a definition.
    pub(super) fn number(&self, name: &str) -> Column {
        Column { numeric: true, ..self.label(name) }
    }

    pub(super) fn column(&self, metric: &str) -> Column {
        Column {
            id: metric.replace('@', "_of_"),
            title: self.title(metric),
            anchor: self.anchor(metric),
            numeric: true,
            is_share: true,
        }
    }

    pub(super) fn card(&self, headline: &Headline) -> Card {
        let figure = headline.figure.as_ref();
        let percent =
            |share: fn(&Figure) -> Option<f64>| figure.and_then(share).map(|share| (share * 1000.0).round() / 10.0);
        Card {
            title: self.title(&headline.metric),
            anchor: self.anchor(&headline.metric),
            value: self.language.value(figure),
            interval: self.language.interval(figure),
            fraction: self.language.fraction(figure),
            low: percent(|figure| figure.low),
            high: percent(|figure| figure.high),
            at: percent(|figure| figure.value),
            beside: headline
                .beside
                .iter()
                .map(|figure| Beside {
                    title: self.title(&figure.metric),
                    anchor: self.anchor(&figure.metric),
                    value: self.language.value(Some(figure)),
                    fraction: self.language.fraction(Some(figure)),
                })
                .collect(),
        }
    }

    pub(super) fn cell(&self, figure: Option<&Figure>) -> Cell {
        Cell {
            value: figure.map_or(Value::Unknown, value),
            text: self.language.value(figure),
            interval: self.language.interval(figure),
            fraction: self.language.fraction(figure),
            pale: figure.is_some_and(|figure| figure.measurable && figure.denominator < self.minimum),
        }
    }

    /// Rows of a breakdown: its segments, then the metrics.
    pub(super) fn table(&self, breakdown: &Breakdown, metrics: &[&str]) -> Table {
        let metrics: Vec<&str> = metrics
            .iter()
            .copied()
            .filter(|&metric| breakdown.rows.iter().any(|row| row.figures.contains_key(metric)))
            .collect();
        let columns = breakdown.by.iter().map(|column| self.label(column));
        Table {
            columns: columns.chain(metrics.iter().map(|metric| self.column(metric))).collect(),
            rows: breakdown
                .rows
                .iter()
                .map(|row| {
                    let names = row.segment.iter().map(|value| typed(Value::Name(value.clone()), self.language));
                    names.chain(metrics.iter().map(|&metric| self.cell(row.figures.get(metric)))).collect()
                })
                .collect(),
            ..Table::default()
        }
    }
}

/// What a stage of the campaign funnel is called.
pub(super) fn stage_name(stage: Stage, language: Language) -> String {
    language.say(match stage {
        Stage::Sent => "stage-sent",
        Stage::Delivered => "stage-delivered",
        Stage::Opened => "stage-opened",
        Stage::Clicked => "stage-clicked",
        Stage::Replied => "stage-replied",
    })
}

/// What a step of a funnel is called, and whether it may be skipped.
pub(super) fn step_name(funnel: &Funnel, step: &FunnelStep, language: Language) -> String {
    let name = funnel.step_title(step, language);
    if step.optional { language.say_with("optional", &[("name", name.into())]) } else { name }
}

/// Messages sent in a segment, as far as any rate tells.
pub(super) fn n_sent(figures: &BTreeMap<String, Figure>) -> Option<u64> {
    let measured = |metric| figures.get(metric).filter(|figure: &&Figure| figure.measurable);
    let figure = measured("failure_rate").or_else(|| measured("delivery_rate"));
    let figure = figure.or_else(|| measured("open_rate@sent")).or_else(|| measured("click_rate"));
    figure.map(|figure| figure.denominator)
}

fn range(context: &Context) -> String {
    let language = context.language;
    let instant = |time| language.instant(time, &context.zone).into();
    match (context.since, context.until.or(context.horizon)) {
        (Some(since), Some(until)) => {
            language.say_with("range-between", &[("since", instant(since)), ("until", instant(until))])
        }
        (Some(since), None) => language.say_with("range-from", &[("since", instant(since))]),
        (None, Some(until)) => language.say_with("range-until", &[("until", instant(until))]),
        (None, None) => language.say("range-all"),
    }
}

fn facts(context: &Context) -> Vec<Fact> {
    let language = context.language;
    let list = |values: &[String]| values.iter().map(|value| text::printable(value)).collect::<Vec<_>>().join(", ");
    let filters = if context.filters.is_empty() { language.say("no-filters") } else { list(&context.filters) };
    let mut facts = Vec::new();
    let mut add = |key, text: Option<String>| facts.extend(text.map(|text| Fact { label: language.say(key), text }));
    add("fact-range", Some(range(context)));
    add("fact-zone", Some(context.zone.iana_name().unwrap_or("UTC").to_owned()));
    add("fact-last-event", context.horizon.map(|time| language.instant(time, &context.zone)));
    add("fact-filters", Some(filters));
    add("fact-left-out", context.suppressed.map(|n| suppressed(n, context)));
    add("fact-channels", (!context.channels.is_empty()).then(|| list(&context.channels)));
    add("fact-contacts", context.n_contacts.map(|n| language.count(n)));
    add("fact-messages", context.n_messages.map(|n| language.count(n)));
    if let Some(balance) = &context.balance {
        let counts = [
            ("received", balance.received),
            ("accepted", balance.accepted),
            ("ignored", balance.ignored),
            ("rejected", balance.rejected),
        ];
        add("fact-records", Some(language.say_with("records", &counts.map(|(name, n)| (name, n.into())))));
        add("fact-events", Some(language.say_with("events-stored", &[("n", balance.events_stored.into())])));
    }
    facts
}

/// What is said of cells that are left out.
fn suppressed(n: u64, context: &Context) -> String {
    context.language.say_with("left-out-cells", &[("n", n.into()), ("minimum", context.minimum.into())])
}

/// The values of a segment's columns in one line.
pub(super) fn segment_name(segment: &Segment, language: Language) -> String {
    segment.segment.iter().map(|value| language.name(value.as_deref())).collect::<Vec<_>>().join(" · ")
}

/// A cell of words of the program's own.
pub(super) fn plain(text: String) -> Cell {
    Cell { value: Value::Text(text.clone()), text, ..Cell::default() }
}

/// A cell of a value, written out.
pub(super) fn typed(value: Value, language: Language) -> Cell {
    let [text, interval, fraction] = language.written(&value);
    Cell { value, text, interval, fraction, pale: false }
}

/// Writes the number that a value is sorted by, if it is one: money in millionths, shares to the millionth.
fn sort_key<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    let number = match value {
        Value::Count(n) => return n.serialize(serializer),
        Value::Seconds(seconds) => return seconds.serialize(serializer),
        Value::Money { micros, .. } => return micros.serialize(serializer),
        Value::UnitCost { micros, count, .. } => return each(*micros, *count).serialize(serializer),
        Value::Rate { rate, .. } => rate.value(),
        Value::Share { value, .. } | Value::Points { value, .. } | Value::Number { value, .. } => Some(*value),
        Value::Probability(p) => Some(*p),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite());
    number.map(|number| (number * 1e6).round() / 1e6).serialize(serializer)
}

/// A count, or the mark for one that the channels do not report.
pub(super) fn count(n: Option<u64>) -> Value {
    n.map_or(Value::Unmeasurable, Value::Count)
}

/// What a figure says.
fn value(figure: &Figure) -> Value {
    let rate = Rate { numerator: figure.numerator, denominator: figure.denominator };
    if figure.measurable { Value::Rate { rate, bound: figure.bound } } else { Value::Unmeasurable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::Bound;

    #[test]
    fn cells_are_sorted_by_what_they_say_and_not_by_how_it_is_written() {
        let key = |value: Value| serde_json::to_value(typed(value, Language::De)).unwrap()["raw"].take();
        let rate = |numerator, denominator| Value::Rate { rate: Rate { numerator, denominator }, bound: Bound::Least };
        let cost = |count| Value::UnitCost { micros: 5_000_000, currency: "EUR".into(), count, lower_bound: false };
        assert_eq!(key(Value::Count(1_234_567)), 1_234_567);
        assert_eq!(key(rate(2, 3)), 0.666_667);
        assert_eq!(key(Value::Points { value: -0.021, interval: None }), -0.021);
        assert_eq!(key(Value::Seconds(90_000)), 90_000);
        assert_eq!(key(cost(2)), 2_500_000);
        let nothing = [
            Value::Unknown,
            Value::Unmeasurable,
            rate(0, 0),
            cost(0),
            Value::name(Some("12")),
            Value::Number { value: f64::NAN, interval: None },
        ];
        for value in nothing {
            assert!(key(value.clone()).is_null(), "{value:?}");
        }
    }
}

//! Frequency: whether contacts opt out more readily the more messages they got lately.

use std::collections::BTreeMap;

use super::table::{Column, Message, Row, Table, Value};
use super::{Measure, Setting};
use crate::error::Result;
use crate::facts::timing::CLASSES;
use crate::metrics::{Answers, Ask, Bound, Counts, Rate};
use crate::statistics::difference::q_values;
use crate::statistics::trend::trend;

/// Trends with a q-value of at most this are called trends.
const CALLED: f64 = 0.05;

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "frequency", asks, tables };

/// Windows: column of the class, identifier of the table, and its heading, which names the window in others.
const WINDOWS: [(&str, &str, &str); 2] =
    [("dose_7d", "last_7d", "frequency-last_7d"), ("dose_30d", "last_30d", "frequency-last_30d")];
/// The column that tells messages whose time the business chose from those in the midst of a conversation.
pub(super) const OPENS: &str = "is_first_of_conversation";
const METRIC: &str = "unsubscribe_rate";

/// Opt-outs after messages of one sort, by the number of the class.
type Classes = [Rate; CLASSES.len()];

/// A segment of the caller's breakdown.
#[derive(Default)]
struct Segment {
    measurable: bool,
    bound: Bound,
    /// For each window: after all messages, and after those that opened a conversation.
    windows: [[Classes; 2]; WINDOWS.len()],
}

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    vec![setting.ask(METRIC, &[OPENS, WINDOWS[0].0, WINDOWS[1].0])]
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let segments = segments(setting, answers);
    let windows = WINDOWS.iter().enumerate().map(|(place, window)| classes(setting, &segments, place, window));
    Ok(std::iter::once(trends(setting, &segments)).chain(windows).collect())
}

type Segments<'a> = BTreeMap<Vec<Option<&'a str>>, Segment>;

fn segments<'a>(setting: &Setting<'_>, answers: &Answers<'a>) -> Segments<'a> {
    let mut segments = Segments::new();
    for ask in asks(setting) {
        let place = |name: &str| ask.by.iter().position(|column| column == name);
        for row in answers.rows(&ask) {
            let value = |name: &str| row.segment.get(place(name)?)?.as_deref();
            let names = row.segment.iter().take(setting.by.len()).map(Option::as_deref).collect();
            let segment = segments.entry(names).or_default();
            segment.measurable |= row.measurable;
            segment.bound = segment.bound.max(row.bound);
            let Counts::Rate(rate) = row.counts else { continue };
            for ((column, ..), [all, opening]) in WINDOWS.iter().zip(&mut segment.windows) {
                let class = value(column).and_then(|lowest| lowest.parse().ok());
                let Some(class) = class.and_then(|lowest: i64| CLASSES.iter().position(|known| *known == lowest))
                else {
                    continue;
                };
                let sorts = [Some(all), (value(OPENS) == Some("true")).then_some(opening)];
                sorts.into_iter().flatten().filter_map(|sort| sort.get_mut(class)).for_each(|sum| sum.add(rate));
            }
        }
    }
    segments
}

/// A class in words, and its middle: of the last, which has none, the lowest number.
fn described(class: usize) -> (Value, f64) {
    let lowest = CLASSES.get(class).copied().unwrap_or_default();
    let highest = CLASSES.get(class + 1).map(|next| next - 1);
    let number = |key, number: i64| Value::Message(Message::of(key).with("n", Value::Count(number.unsigned_abs())));
    let name = match highest {
        None => number("frequency-or-more", lowest),
        Some(highest) if highest == lowest => Value::Text(lowest.to_string()),
        Some(highest) => {
            let [low, high] = [lowest, highest].map(|number| Value::Count(number.unsigned_abs()));
            Value::Message(Message::of("range").with("low", low).with("high", high))
        }
    };
    let highest = highest.unwrap_or(lowest);
    #[expect(clippy::cast_precision_loss, reason = "classes are small numbers")]
    let middle = (lowest + highest) as f64 / 2.0;
    (name, middle)
}

fn columns(setting: &Setting<'_>, own: impl IntoIterator<Item = Column>) -> Vec<Column> {
    setting.by.iter().map(|name| Column::new(name)).chain(own).collect()
}

/// Whether opt-outs become more with the number of messages. Of those that open a conversation: in the midst of one, contacts
/// get many messages in an hour because they want to talk.
fn trends(setting: &Setting<'_>, segments: &Segments<'_>) -> Table {
    let mut found = Vec::new();
    for (names, segment) in segments {
        for ((.., title), [_, opening]) in WINDOWS.iter().zip(&segment.windows) {
            let sized: Vec<(f64, Rate)> =
                opening.iter().enumerate().map(|(class, rate)| (described(class).1, *rate)).collect();
            let n: u64 = opening.iter().map(|rate| rate.denominator).sum();
            let trend = if segment.measurable { trend(&sized) } else { None };
            found.push((names, segment, *title, n, trend));
        }
    }
    let ps: Vec<f64> = found.iter().filter_map(|(.., trend)| Some((*trend)?.p)).collect();
    let mut qs = q_values(&ps).into_iter();
    let rows = found.iter().map(|(names, segment, title, n, trend)| {
        let missing = if segment.measurable { Value::Unknown } else { Value::Unmeasurable };
        let cells = match trend {
            None => [Value::Count(*n), missing.clone(), missing.clone(), missing],
            Some(trend) => {
                let q = qs.next().unwrap_or(1.0);
                let verdict = match (q <= CALLED, trend.slope > 0.0) {
                    (false, _) => "frequency-no-trend",
                    (true, true) => "frequency-rises",
                    (true, false) => "frequency-falls",
                };
                let change = Value::Points { value: trend.slope, interval: Some(trend.interval) };
                [Value::Count(*n), change, Value::Probability(q), Value::word(verdict)]
            }
        };
        let names = names.iter().map(|name| Value::name(*name));
        Row::new(*n, names.chain([Value::word(title)]).chain(cells).collect())
    });
    let own = [
        Column::new("window"),
        Column::new("messages"),
        Column::new("change"),
        Column::new("q"),
        Column::new("verdict"),
    ];
    Table {
        id: "trends",
        columns: columns(setting, own),
        rows: rows.collect(),
        notes: vec![Message::of("frequency-trends.note")],
        ..Table::default()
    }
}

/// The rate in each class of one window.
fn classes(
    setting: &Setting<'_>,
    segments: &Segments<'_>,
    place: usize,
    &(_, id, _): &(&str, &'static str, &str),
) -> Table {
    let mut rows = Vec::new();
    for (names, segment) in segments {
        let Some([all, opening]) = segment.windows.get(place) else { continue };
        for (class, (all, opening)) in all.iter().zip(opening).enumerate().filter(|(_, (all, _))| all.denominator > 0) {
            let share = |rate: &Rate| Value::Rate { rate: *rate, bound: segment.bound };
            let own = [described(class).0, Value::Count(all.denominator), share(all), share(opening)];
            rows.push(Row::new(all.denominator, names.iter().map(|name| Value::name(*name)).chain(own).collect()));
        }
    }
    let own = [Column::new("before"), Column::new("messages"), Column::of(METRIC), Column::new("of_opening")];
    Table { id, columns: columns(setting, own), rows, ..Table::default() }
}

#[cfg(test)]
mod tests {
    use super::super::leaving::tests::with_setting;
    use super::*;
    use crate::metrics::{Answer, Row as Found};

    /// A row of the answer: whether it opens a conversation, the class of both windows, opt-outs, messages.
    fn answered(rows: &[(bool, i64, u64, u64)]) -> Vec<Table> {
        let rows = rows.iter().map(|&(opens, class, numerator, denominator)| Found {
            segment: vec![Some(opens.to_string()), Some(class.to_string()), (class > 0).then(|| class.to_string())],
            counts: Counts::Rate(Rate { numerator, denominator }),
            measurable: true,
            bound: Bound::Exact,
            moments: None,
        });
        let by = [OPENS, "dose_7d", "dose_30d"].map(str::to_owned).to_vec();
        let answer = Answer { metric: METRIC.to_owned(), by, rows: rows.collect(), n_shared: 0 };
        with_setting(|setting| (MEASURE.tables)(setting, &Answers::new(&[answer])).unwrap())
    }

    #[test]
    fn classes_are_added_over_messages_of_both_sorts() {
        let tables = answered(&[
            (true, 0, 10, 1_000),
            (false, 0, 5, 500),
            (true, 4, 40, 1_000),
            (false, 4, 20, 500),
            (true, 21, 8, 100),
        ]);
        let week: Vec<_> = tables[1].rows.iter().map(|row| row.cells.clone()).collect();
        let row = |class, n, all, opening| vec![described(class).0, Value::Count(n), all, opening];
        assert_eq!(
            week,
            [
                row(0, 1_500, Value::rate(15, 1_500), Value::rate(10, 1_000)),
                row(4, 1_500, Value::rate(60, 1_500), Value::rate(40, 1_000)),
                row(7, 100, Value::rate(8, 100), Value::rate(8, 100)),
            ]
        );
        // Of 30 days, nobody knows the first class.
        assert_eq!(tables[2].rows.len(), 2);
        let verdicts: Vec<&Value> = tables[0].rows.iter().filter_map(|row| row.cells.last()).collect();
        assert_eq!(verdicts.len(), 2);
        assert_eq!(verdicts[0], &Value::word("frequency-rises"));
    }

    #[test]
    fn equal_rates_have_no_trend() {
        let tables =
            answered(&[(true, 0, 20, 1_000), (true, 1, 21, 1_000), (true, 2, 19, 1_000), (true, 3, 20, 1_000)]);
        let verdict = Value::word("frequency-no-trend");
        assert!(tables[0].rows.iter().all(|row| row.cells.last() == Some(&verdict)), "{:?}", tables[0].rows);
    }

    #[test]
    fn classes_have_names_and_middles() {
        let found: Vec<_> = (0..CLASSES.len()).map(described).collect();
        let middles = found.iter().map(|(_, middle)| *middle).collect::<Vec<_>>();
        assert_eq!(middles, [0.0, 1.0, 2.0, 3.0, 4.5, 8.0, 15.5, 21.0]);
        assert_eq!(found[3].0, Value::Text("3".into()));
        let range = Message::of("range").with("low", Value::Count(4)).with("high", Value::Count(5));
        assert_eq!(found[4].0, Value::Message(range));
        assert_eq!(found[7].0, Value::Message(Message::of("frequency-or-more").with("n", Value::Count(21))));
    }
}

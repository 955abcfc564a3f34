//! Time of sending: how open and reply rate differ by weekday and hour, on the contacts' own clocks where they are known.
//!
//! Of messages with which the business began a conversation. When it sends others, its contact has chosen: whoever is
//! talking opens nearly everything, so hours of much talk would look like good hours for campaigns.

use std::collections::BTreeMap;

use super::frequency::OPENS;
use super::table::{Column, Message, Row, Table, Value};
use super::{Measure, Setting};
use crate::error::Result;
use crate::metrics::{self, Answers, Ask, Bound, Counts, Rate};
use crate::statistics::difference::{Difference, Sample, difference, q_values};

/// Differences with a q-value of at most this are called differences.
const CALLED: f64 = 0.05;

/// The measure.
pub(super) static MEASURE: Measure = Measure { id: "send_time", asks, tables };

/// Words for weekdays, from that with number 1.
pub const WEEKDAYS: [&str; 7] = [
    "weekday-monday",
    "weekday-tuesday",
    "weekday-wednesday",
    "weekday-thursday",
    "weekday-friday",
    "weekday-saturday",
    "weekday-sunday",
];
/// Identifiers of the tables by weekday and hour at once, open rate first.
pub const GRIDS: [&str; 2] = ["opened", "replied"];

/// The rates of messages.
const RATES: [&str; 2] = ["open_rate", "reply_rate"];

/// Columns of weekday and hour: of the contact's country, and of the report's time zone.
const LOCAL: [&str; 2] = ["local_weekday", "local_hour"];
const ZONE: [&str; 2] = ["weekday", "hour"];

const DAYS: usize = 7;
const HOURS: usize = 24;

/// A rate by weekday and hour.
#[derive(Clone, Copy)]
struct Grid {
    cells: [[Rate; HOURS]; DAYS],
    measurable: bool,
    bound: Bound,
}

/// The grids of both rates for each segment of the caller's breakdown.
type Grids<'a> = BTreeMap<Vec<Option<&'a str>>, [Grid; RATES.len()]>;

fn asks(setting: &Setting<'_>) -> Vec<Ask> {
    [LOCAL, ZONE].into_iter().flat_map(|clock| RATES.map(|metric| asked(setting, metric, clock))).collect()
}

fn asked(setting: &Setting<'_>, metric: &str, [day, hour]: [&str; 2]) -> Ask {
    setting.ask(metric, &[OPENS, day, hour])
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let (local, known, unknown) = grids(setting, answers, LOCAL);
    let all = known + unknown;
    let (grids, note) = if known > 0 && known >= unknown {
        (local, "send_time-local")
    } else {
        (self::grids(setting, answers, ZONE).0, "send_time-zone")
    };
    let note = Message::of(note).with("known", Value::Count(known)).with("all", Value::Count(all));
    let hours: Vec<Value> = (0..HOURS).map(hour_name).map(Value::Text).collect();
    let days = WEEKDAYS.map(Value::word);
    let by_day = |grid: &Grid| grid.cells.iter().map(|day| sum(day.iter())).collect::<Vec<Rate>>();
    let by_hour = |grid: &Grid| {
        (0..HOURS).map(|hour| sum(grid.cells.iter().filter_map(|day| day.get(hour)))).collect::<Vec<Rate>>()
    };
    let mut tables = marginal(
        setting,
        &grids,
        &[("weekdays", "weekday", &days, &by_day), ("hours", "hour", &hours, &by_hour)],
        &note,
    );
    tables.extend((0..RATES.len()).map(|place| grid(setting, &grids, place, &note)));
    Ok(tables)
}

/// How an hour of sending is called.
#[must_use]
pub fn hour_name(hour: usize) -> String {
    format!("{hour:02}:00")
}

fn sum<'r>(rates: impl Iterator<Item = &'r Rate>) -> Rate {
    rates.fold(Rate::default(), |mut sum, rate| {
        sum.add(*rate);
        sum
    })
}

/// The grids by one of the clocks, and of how many messages it is known and not known.
fn grids<'a>(setting: &Setting<'_>, answers: &Answers<'a>, clock: [&'static str; 2]) -> (Grids<'a>, u64, u64) {
    let empty = Grid { cells: [[Rate::default(); HOURS]; DAYS], measurable: false, bound: Bound::Exact };
    let mut grids = Grids::new();
    let counts = RATES.map(|metric| {
        let ask = asked(setting, metric, clock);
        let place = |name: &str| ask.by.iter().position(|column| column == name);
        let opens =
            |row: &&metrics::Row| place(OPENS).and_then(|place| row.segment.get(place)?.as_deref()) == Some("true");
        let (mut known, mut unknown) = (0, 0);
        for row in answers.rows(&ask).iter().filter(opens) {
            let [day, hour] = clock.map(|name| row.segment.get(place(name)?)?.as_deref()?.parse::<usize>().ok());
            let names = row.segment.iter().take(setting.by.len()).map(Option::as_deref).collect();
            let grids = grids.entry(names).or_insert([empty; RATES.len()]);
            let Some(grid) = RATES.iter().zip(grids).find(|(other, _)| **other == metric).map(|(_, grid)| grid) else {
                continue;
            };
            grid.measurable |= row.measurable;
            grid.bound = grid.bound.max(row.bound);
            let Counts::Rate(rate) = row.counts else { continue };
            let cell = day.and_then(|day| grid.cells.get_mut(day.checked_sub(1)?)?.get_mut(hour?));
            *(if cell.is_some() { &mut known } else { &mut unknown }) += rate.denominator;
            if let Some(cell) = cell {
                cell.add(rate);
            }
        }
        (known, unknown)
    });
    // What tells of replies and what of opens may differ: the larger number is that of the messages.
    let (known, unknown) = counts.into_iter().max_by_key(|(known, unknown)| known + unknown).unwrap_or_default();
    (grids, known, unknown)
}

/// A table of one clock hand: identifier, name of its column, names of its places, and how a grid is summed up.
type Hand<'h> = (&'static str, &'h str, &'h [Value], &'h dyn Fn(&Grid) -> Vec<Rate>);

/// The tables by weekday and by hour, each place held against all others. All tests count as one family.
fn marginal(setting: &Setting<'_>, grids: &Grids<'_>, hands: &[Hand<'_>], note: &Message) -> Vec<Table> {
    let mut found: Vec<Option<Difference>> = Vec::new();
    for (.., sums) in hands {
        for grid in grids.values().flatten() {
            let rates = sums(grid);
            let all = sum(rates.iter());
            found.extend(rates.iter().map(|rate| {
                let rest =
                    Rate { numerator: all.numerator - rate.numerator, denominator: all.denominator - rate.denominator };
                let sample = |rate| Sample { rate, moments: None };
                difference(&sample(*rate), &sample(rest))
            }));
        }
    }
    let ps: Vec<f64> = found.iter().flatten().map(|difference| difference.p).collect();
    let mut qs = q_values(&ps).into_iter();
    let mut verdicts = found.iter().map(|difference| match difference {
        None => Value::Unknown,
        Some(Difference { value, interval, .. }) => {
            let q = qs.next().unwrap_or(1.0);
            Value::Verdict { value: *value, interval: Some(*interval), q, differs: q <= CALLED }
        }
    });
    hands
        .iter()
        .map(|&(id, column, names, sums)| {
            let mut rows = Vec::new();
            for (segment, grids) in grids {
                let of_rates = grids.each_ref().map(|grid| {
                    let rates = sums(grid);
                    let verdicts: Vec<Value> = verdicts.by_ref().take(rates.len()).collect();
                    rates.into_iter().zip(verdicts).collect::<Vec<_>>()
                });
                for (place, name) in names.iter().enumerate() {
                    let front = segment.iter().map(|name| Value::name(*name)).chain([name.clone()]);
                    let mut cells: Vec<Value> = front.collect();
                    let mut n = 0;
                    for (grid, rates) in grids.iter().zip(&of_rates) {
                        let Some((rate, verdict)) = rates.get(place) else { continue };
                        n = n.max(rate.denominator);
                        cells.push(share(grid, *rate));
                        cells.push(if grid.measurable { verdict.clone() } else { Value::Unmeasurable });
                    }
                    if n > 0 {
                        rows.push(Row::new(n, cells));
                    }
                }
            }
            let verdict = |metric: &str| {
                let title = Message::of("send_time-verdict");
                Column::new(&format!("{metric}_verdict")).saying(title)
            };
            let own = RATES.iter().flat_map(|metric| [Column::of(metric), verdict(metric)]);
            let columns = columns(setting, [Column::new(column)]).into_iter().chain(own).collect();
            Table { id, columns, rows, notes: vec![note.clone()], ..Table::default() }
        })
        .collect()
}

fn share(grid: &Grid, rate: Rate) -> Value {
    if grid.measurable { Value::Rate { rate, bound: grid.bound } } else { Value::Unmeasurable }
}

fn columns(setting: &Setting<'_>, own: impl IntoIterator<Item = Column>) -> Vec<Column> {
    setting.by.iter().map(|name| Column::new(name)).chain(own).collect()
}

/// One of the rates by weekday and hour; hours at which nothing was sent have no row.
fn grid(setting: &Setting<'_>, grids: &Grids<'_>, place: usize, note: &Message) -> Table {
    let mut rows = Vec::new();
    for (names, grids) in grids {
        let Some(grid) = grids.get(place).filter(|grid| grid.measurable) else { continue };
        for (day, hours) in WEEKDAYS.iter().zip(&grid.cells) {
            for (hour, rate) in hours.iter().enumerate().filter(|(_, rate)| rate.denominator > 0) {
                let own = [Value::word(day), Value::Text(hour_name(hour)), share(grid, *rate)];
                rows.push(Row::new(rate.denominator, names.iter().map(|name| Value::name(*name)).chain(own).collect()));
            }
        }
    }
    let metric = RATES.get(place).copied().unwrap_or_default();
    let own = [Column::new("weekday"), Column::new("hour"), Column::of(metric)];
    Table {
        id: GRIDS.get(place).copied().unwrap_or_default(),
        columns: columns(setting, own),
        rows,
        notes: vec![note.clone()],
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::leaving::tests::with_setting;
    use super::*;
    use crate::metrics::{Answer, Row as Found};

    /// The tables of opens by weekday and hour on both clocks; of replies nothing is known.
    fn measured(
        local: &[(Option<&str>, Option<&str>, u64, u64)],
        zone: &[(Option<&str>, Option<&str>, u64, u64)],
    ) -> Vec<Table> {
        let answers = [(LOCAL, local), (ZONE, zone)].map(|(by, rows)| {
            let rows = rows.iter().map(|&(day, hour, numerator, denominator)| Found {
                segment: vec![Some("true".to_owned()), day.map(str::to_owned), hour.map(str::to_owned)],
                counts: Counts::Rate(Rate { numerator, denominator }),
                measurable: true,
                bound: Bound::Exact,
                moments: None,
            });
            Answer {
                metric: "open_rate".to_owned(),
                by: [OPENS, by[0], by[1]].map(str::to_owned).to_vec(),
                rows: rows.collect(),
                n_shared: 0,
            }
        });
        with_setting(|setting| (MEASURE.tables)(setting, &Answers::new(&answers)).unwrap())
    }

    #[test]
    fn an_hour_that_differs_is_told_from_hours_that_do_not() {
        let hours: Vec<String> = (8..18).map(|hour| hour.to_string()).collect();
        let rows: Vec<_> = hours
            .iter()
            .map(|hour| (Some("2"), Some(hour.as_str()), if hour == "12" { 300 } else { 200 }, 1_000))
            .collect();
        let tables = measured(&rows, &[]);
        assert_eq!(tables.iter().map(|table| table.id).collect::<Vec<_>>(), ["weekdays", "hours", "opened", "replied"]);
        let higher = tables[1]
            .rows
            .iter()
            .filter(|row| matches!(row.cells[2], Value::Verdict { value, differs: true, .. } if value > 0.0));
        assert_eq!(higher.map(|row| row.cells[0].clone()).collect::<Vec<_>>(), [Value::Text("12:00".into())]);
        // On Tuesday all of it was sent, so there is nothing to hold it against.
        assert_eq!(tables[0].rows.len(), 1);
        assert_eq!(
            tables[0].rows[0].cells,
            [
                Value::word("weekday-tuesday"),
                Value::rate(2_100, 10_000),
                Value::Unknown,
                Value::Unmeasurable,
                Value::Unmeasurable,
            ]
        );
        assert_eq!((tables[2].rows.len(), tables[3].rows.len()), (10, 0));
        let local =
            Message::of("send_time-local").with("known", Value::Count(10_000)).with("all", Value::Count(10_000));
        assert_eq!(tables[0].notes, [local]);
    }

    #[test]
    fn where_few_countries_are_known_the_clock_is_the_reports() {
        let tables =
            measured(&[(Some("1"), Some("0"), 1, 10), (None, None, 5, 90)], &[(Some("7"), Some("09"), 6, 100)]);
        assert_eq!(tables[2].rows.len(), 1);
        assert_eq!(
            tables[2].rows[0].cells,
            [Value::word("weekday-sunday"), Value::Text("09:00".into()), Value::rate(6, 100),]
        );
        let zone = Message::of("send_time-zone").with("known", Value::Count(10)).with("all", Value::Count(100));
        assert_eq!(tables[2].notes, [zone]);
    }
}

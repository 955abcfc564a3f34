//! Time of sending: how open and reply rate differ by weekday and hour, on the contacts' own clocks where they are known.
//!
//! Of messages with which the business began a conversation. When it sends others, its contact has chosen: whoever is
//! talking opens nearly everything, so hours of much talk would look like good hours for campaigns.

use std::collections::BTreeMap;

use super::frequency::OPENS;
use super::table::{Column, Row, Table, Value};
use super::{Measure, Setting};
use crate::error::Result;
use crate::metrics::{self, Answers, Ask, Bound, Counts, Rate};
use crate::statistics::difference::{Difference, Sample, difference, q_values};

/// Differences with a q-value of at most this are called differences.
const CALLED: f64 = 0.05;

/// The measure.
pub(super) static MEASURE: Measure = Measure {
    id: "send_time",
    name: "Time of sending",
    meaning: "How many of the messages with which the business began a conversation are opened and answered, by the weekday and hour at which they were sent.",
    formula: "open rate and reply rate of messages that open a conversation, by weekday, by hour and by both; each weekday and hour is held against all others (Newcombe's interval, score test, q by Benjamini and Hochberg over all of them)",
    unit: "messages",
    follows: "send-time reports of Iterable and Braze",
    caveat: "Hours differ also because different messages go to different contacts at different hours; only an experiment tells what a message gains by being sent at another. Messages count as independent, though those of one contact resemble each other. Local time needs the contact's country, and one that has a single clock.",
    asks,
    tables,
};

/// Names of weekdays, from that with number 1.
pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Identifiers of the tables by weekday and hour at once, open rate first.
pub const GRIDS: [&str; 2] = ["opened", "replied"];

/// The rates, their names, and the heading of their grid.
const RATES: [(&str, &str, &str); 2] = [
    ("open_rate", "Open rate", "Open rate by weekday and hour"),
    ("reply_rate", "Reply rate", "Reply rate by weekday and hour"),
];

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
    [LOCAL, ZONE].into_iter().flat_map(|clock| RATES.map(|(metric, ..)| asked(setting, metric, clock))).collect()
}

fn asked(setting: &Setting<'_>, metric: &str, [day, hour]: [&str; 2]) -> Ask {
    setting.ask(metric, &[OPENS, day, hour])
}

#[expect(clippy::unnecessary_wraps, reason = "other measures can fail")]
fn tables(setting: &Setting<'_>, answers: &Answers<'_>) -> Result<Vec<Table>> {
    let (local, known, unknown) = grids(setting, answers, LOCAL);
    let all = known + unknown;
    let (grids, note) = if known > 0 && known >= unknown {
        let note = format!(
            "Time of the contact's country, which is known for {known} of {all} messages; the others are left out."
        );
        (local, note)
    } else {
        let note = format!(
            "Time of the report's time zone: that of the contact's country is known for {known} of {all} messages only."
        );
        (self::grids(setting, answers, ZONE).0, note)
    };
    let hours: Vec<String> = (0..HOURS).map(hour_name).collect();
    let days = WEEKDAYS.map(str::to_owned);
    let by_day = |grid: &Grid| grid.cells.iter().map(|day| sum(day.iter())).collect::<Vec<Rate>>();
    let by_hour = |grid: &Grid| {
        (0..HOURS).map(|hour| sum(grid.cells.iter().filter_map(|day| day.get(hour)))).collect::<Vec<Rate>>()
    };
    let mut tables = marginal(
        setting,
        &grids,
        &[("weekdays", "weekday", "By weekday", &days, &by_day), ("hours", "hour", "By hour", &hours, &by_hour)],
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
    let counts = RATES.map(|(metric, ..)| {
        let ask = asked(setting, metric, clock);
        let place = |name: &str| ask.by.iter().position(|column| column == name);
        let opens =
            |row: &&metrics::Row| place(OPENS).and_then(|place| row.segment.get(place)?.as_deref()) == Some("true");
        let (mut known, mut unknown) = (0, 0);
        for row in answers.rows(&ask).iter().filter(opens) {
            let [day, hour] = clock.map(|name| row.segment.get(place(name)?)?.as_deref()?.parse::<usize>().ok());
            let names = row.segment.iter().take(setting.by.len()).map(Option::as_deref).collect();
            let grids = grids.entry(names).or_insert([empty; RATES.len()]);
            let Some(grid) = RATES.iter().zip(grids).find(|((other, ..), _)| *other == metric).map(|(_, grid)| grid)
            else {
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

/// A table of one clock hand: identifier, name of its column, heading, names of its places, and how a grid is summed up.
type Hand<'h> = (&'static str, &'h str, &'h str, &'h [String], &'h dyn Fn(&Grid) -> Vec<Rate>);

/// The tables by weekday and by hour, each place held against all others. All tests count as one family.
fn marginal(setting: &Setting<'_>, grids: &Grids<'_>, hands: &[Hand<'_>], note: &str) -> Vec<Table> {
    let mut found: Vec<Option<Difference>> = Vec::new();
    for (_, _, _, _, sums) in hands {
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
        .map(|&(id, column, title, names, sums)| {
            let mut rows = Vec::new();
            for (segment, grids) in grids {
                let of_rates = grids.each_ref().map(|grid| {
                    let rates = sums(grid);
                    let verdicts: Vec<Value> = verdicts.by_ref().take(rates.len()).collect();
                    rates.into_iter().zip(verdicts).collect::<Vec<_>>()
                });
                for (place, name) in names.iter().enumerate() {
                    let front = segment.iter().map(|name| Value::name(*name)).chain([Value::Text(name.clone())]);
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
            let own = RATES.iter().flat_map(|(metric, title, _)| {
                [Column::of(metric, title), Column::new(&format!("{metric}_verdict"), "Held against all others")]
            });
            let columns = columns(setting, [Column::new(column, column)]).into_iter().chain(own).collect();
            Table { id, title: title.to_owned(), columns, rows, note: note.to_owned() }
        })
        .collect()
}

fn share(grid: &Grid, rate: Rate) -> Value {
    if grid.measurable { Value::Rate { rate, bound: grid.bound } } else { Value::Unmeasurable }
}

fn columns(setting: &Setting<'_>, own: impl IntoIterator<Item = Column>) -> Vec<Column> {
    setting.by.iter().map(|name| Column::new(name, name)).chain(own).collect()
}

/// One of the rates by weekday and hour; hours at which nothing was sent have no row.
fn grid(setting: &Setting<'_>, grids: &Grids<'_>, place: usize, note: &str) -> Table {
    let mut rows = Vec::new();
    for (names, grids) in grids {
        let Some(grid) = grids.get(place).filter(|grid| grid.measurable) else { continue };
        for (day, hours) in WEEKDAYS.iter().zip(&grid.cells) {
            for (hour, rate) in hours.iter().enumerate().filter(|(_, rate)| rate.denominator > 0) {
                let own = [Value::Text((*day).to_owned()), Value::Text(hour_name(hour)), share(grid, *rate)];
                rows.push(Row::new(rate.denominator, names.iter().map(|name| Value::name(*name)).chain(own).collect()));
            }
        }
    }
    let (metric, name, title) = RATES.get(place).copied().unwrap_or_default();
    let own = [Column::new("weekday", "weekday"), Column::new("hour", "hour"), Column::of(metric, name)];
    Table {
        id: GRIDS.get(place).copied().unwrap_or_default(),
        title: title.to_owned(),
        columns: columns(setting, own),
        rows,
        note: note.to_owned(),
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
                Value::Text("Tuesday".into()),
                Value::rate(2_100, 10_000),
                Value::Unknown,
                Value::Unmeasurable,
                Value::Unmeasurable,
            ]
        );
        assert_eq!((tables[2].rows.len(), tables[3].rows.len()), (10, 0));
        assert!(tables[0].note.contains("10000 of 10000"), "{}", tables[0].note);
    }

    #[test]
    fn where_few_countries_are_known_the_clock_is_the_reports() {
        let tables =
            measured(&[(Some("1"), Some("0"), 1, 10), (None, None, 5, 90)], &[(Some("7"), Some("09"), 6, 100)]);
        assert_eq!(tables[2].rows.len(), 1);
        assert_eq!(
            tables[2].rows[0].cells,
            [Value::Text("Sunday".into()), Value::Text("09:00".into()), Value::rate(6, 100),]
        );
        assert!(tables[2].note.contains("10 of 100"), "{}", tables[2].note);
    }
}

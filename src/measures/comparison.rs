//! Comparison: rates against those of the range before, or of one segment against those of another.
//!
//! Not one of the measures that a report always has: what is compared with what is chosen by the caller.

use std::collections::{BTreeMap, BTreeSet};

use self::assignment::Experiments;
use super::table::{Column, Message, Row, Table, Value};
use super::{Measure, Measured};
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::facts;
use crate::metrics::{self, Answers, Ask, Metric, segment};
use crate::rate::{Bound, Rate};
use crate::statistics::difference::{Difference, Sample, Test, difference, q_values};

mod assignment;
mod decomposition;
pub mod revision;

/// What a comparison means. It asks nothing by itself.
pub static MEASURE: Measure = Measure {
    id: "comparison",
    asks: |_| Vec::new(),
    tables: |_, _| Err(Error::Usage("a comparison needs to know with what: see --compare".into())),
};

/// A difference counts as one if its q-value is not larger.
pub const LEVEL: f64 = 0.05;

/// The column that tells what is old enough to be compared.
const WATCHED: &str = "watched";

/// Stands for a table from which everything is left out.
const TOO_YOUNG: &str = "comparison-too-young";

/// The baseline of a column, if it has this value and none is named.
const CONTROL: &str = "control";

/// With what rates are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The range of the same length right before.
    Previous,
    /// One of the values of a column.
    Column {
        /// The column.
        name: String,
        /// The value with which the others are compared; by default `control` if there is one, else the first.
        baseline: Option<String>,
    },
}

impl Against {
    /// Reads `previous`, `COLUMN` or `COLUMN=BASELINE`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once('=') {
            None if text == "previous" => Self::Previous,
            None => Self::Column { name: text.to_owned(), baseline: None },
            Some((name, baseline)) => Self::Column { name: name.to_owned(), baseline: Some(baseline.to_owned()) },
        }
    }
}

/// Rates that are judged together, and with what they are compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    against: Against,
    subjects: Vec<Ask>,
    experiments: Experiments,
}

/// One rate against another.
struct Pair {
    metric: String,
    /// Values of the breakdown, and of the compared column.
    segment: Vec<Option<String>>,
    /// The value that is the second side, if a column is compared.
    baseline: Option<String>,
    first: Side,
    second: Side,
}

/// One side of a pair.
#[derive(Clone, Copy)]
struct Side {
    sample: Sample,
    measurable: bool,
    bound: Bound,
}

impl Side {
    /// A side on which nothing happened.
    const EMPTY: Self = Self {
        sample: Sample { rate: Rate { numerator: 0, denominator: 0 }, moments: None },
        measurable: true,
        bound: Bound::Exact,
    };

    fn of(row: &metrics::Row) -> Option<Self> {
        let sample = Sample { rate: row.counts.rate()?, moments: row.moments };
        Some(Self { sample, measurable: row.measurable, bound: row.bound })
    }

    fn value(self) -> Value {
        match (self.measurable, self.sample.rate.denominator) {
            (false, _) => Value::Unmeasurable,
            (true, 0) => Value::Unknown,
            (true, _) => Value::Rate { rate: self.sample.rate, bound: self.bound },
        }
    }
}

impl Pair {
    /// Whether nothing could have happened on either side.
    fn is_empty(&self) -> bool {
        [self.first, self.second].iter().all(|side| side.measurable && side.sample.rate.denominator == 0)
    }

    fn difference(&self) -> Option<Difference> {
        let are_told = self.first.measurable && self.second.measurable;
        difference(&self.first.sample, &self.second.sample).filter(|_| are_told)
    }
}

impl Comparison {
    /// Compares these rates with their breakdowns.
    ///
    /// # Errors
    /// One of them does not exist or is no rate, or nothing is left to compare.
    pub fn new(against: Against, subjects: Vec<Ask>) -> Result<Self> {
        for subject in &subjects {
            if super::every().any(|measure| measure.id == subject.metric) {
                let id = &subject.metric;
                return Err(Error::Usage(format!(
                    "'{id}' is a measure, which has tables of its own, and only rates are compared: name a metric that is a \
                     rate, such as those of which 'trichter explain {id}' says that it follows"
                )));
            }
            let metric = Metric::find(&subject.metric)?;
            if !metric.is_rate() {
                return Err(Error::Usage(format!("'{}' is no rate, and only rates are compared", metric.id)));
            }
        }
        if subjects.is_empty() {
            return Err(Error::Usage("there is nothing to compare".into()));
        }
        Ok(Self { against, subjects, experiments: Experiments::new() })
    }

    /// Compares these rates in total and by campaign, those left out that cannot be told apart so.
    ///
    /// # Errors
    /// As [`Comparison::new`].
    pub fn of_rates(against: Against, metrics: &[&str]) -> Result<Self> {
        let mut subjects = Vec::new();
        for by in [&[] as &[&str], &["campaign"]] {
            for metric in metrics {
                let subject = Ask::new(metric, by);
                let mut columns = subject.by.clone();
                if let Against::Column { name, .. } = &against {
                    columns.push(name.clone());
                }
                let table = Metric::find(metric)?.table;
                let is_known = facts::grain(&table).is_some_and(|grain| segment::check(grain, &columns).is_ok());
                subjects.extend(is_known.then_some(subject));
            }
        }
        if let (true, Against::Column { name, .. }) = (subjects.is_empty(), &against) {
            return Err(Error::Usage(format!("no rate of a report can be broken down by '{name}'")));
        }
        Self::new(against, subjects)
    }

    /// The same, holding sample ratios against the shares that these experiments declare.
    #[must_use]
    pub fn with_experiments(self, experiments: &BTreeMap<String, Experiment>) -> Self {
        Self { experiments: experiments.clone(), ..self }
    }

    /// With what they are compared.
    #[must_use]
    pub fn against(&self) -> &Against {
        &self.against
    }

    /// What must be asked of the range, and with [`Against::Previous`] of the range before too.
    #[must_use]
    pub fn asks(&self) -> Vec<Ask> {
        let mut asks: Vec<Ask> = self.subjects.iter().map(|subject| watched(self.ask(subject))).collect();
        match &self.against {
            Against::Previous => asks.extend(decomposition::asks(&self.metrics()).into_iter().map(watched)),
            Against::Column { name, .. } if name == assignment::VARIANT => {
                asks.extend(self.breakdowns().iter().take(1).flat_map(|by| assignment::asks(by)));
            }
            Against::Column { .. } => {}
        }
        asks
    }

    /// Makes the tables of the answers of the range, and of those of the range before if that is what it is compared with.
    ///
    /// # Errors
    /// A baseline is named that does not occur.
    pub fn of(&self, now: &Answers<'_>, before: &Answers<'_>) -> Result<Measured> {
        let pairs: Vec<Vec<Pair>> =
            self.breakdowns().iter().map(|by| self.pairs(by, now, before)).collect::<Result<_>>()?;
        let ps = pairs.iter().flatten().filter_map(Pair::difference).map(|difference| difference.p);
        let mut qs = q_values(&ps.collect::<Vec<_>>()).into_iter();
        let mut tables = Vec::new();
        for (by, pairs) in self.breakdowns().iter().zip(&pairs) {
            tables.push(self.table(by, pairs, &mut qs));
        }
        match &self.against {
            Against::Previous => {
                let [now, before] = [now, before].map(|answers| move |ask: &Ask| old_enough(ask, answers));
                tables.extend(decomposition::tables(&self.metrics(), now, before));
            }
            Against::Column { name, .. } if name == assignment::VARIANT => {
                let by = self.breakdowns().into_iter().take(1);
                tables.extend(by.flat_map(|by| assignment::tables(by, &self.experiments, now)));
            }
            Against::Column { .. } => {}
        }
        // A note explains rows; where there are none, the caller has a sentence for that.
        let too_young = self.is_too_young(now).then(|| Message::of(TOO_YOUNG));
        for table in tables.iter_mut().filter(|table| table.rows.is_empty()) {
            table.notes = too_young.iter().cloned().collect();
        }
        Ok(Measured { measure: &MEASURE, tables })
    }

    fn ask(&self, subject: &Ask) -> Ask {
        let mut ask = subject.clone().clustered();
        if let Against::Column { name, .. } = &self.against {
            ask.by.push(name.clone());
        }
        ask
    }

    /// Whether something was left out because the log ends too soon after it.
    fn is_too_young(&self, answers: &Answers<'_>) -> bool {
        let asked = self.subjects.iter().map(|subject| self.ask(subject)).map(|ask| (watched(ask.clone()), ask));
        let rows = asked.filter(|(asked, ask)| asked.by != ask.by).flat_map(|(asked, _)| answers.rows(&asked));
        rows.into_iter().any(|row| row.segment.last().is_some_and(|value| value.as_deref() == Some("false")))
    }

    /// The metrics, each once, in order.
    fn metrics(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        self.subjects.iter().map(|subject| subject.metric.as_str()).filter(|metric| seen.insert(*metric)).collect()
    }

    /// The breakdowns, each once, in order.
    fn breakdowns(&self) -> Vec<&[String]> {
        let mut seen = BTreeSet::new();
        self.subjects.iter().map(|subject| subject.by.as_slice()).filter(|by| seen.insert(*by)).collect()
    }

    fn pairs(&self, by: &[String], now: &Answers<'_>, before: &Answers<'_>) -> Result<Vec<Pair>> {
        let mut pairs = Vec::new();
        for subject in self.subjects.iter().filter(|subject| subject.by == by) {
            let ask = self.ask(subject);
            match &self.against {
                Against::Previous => {
                    let [now, before] = [now, before].map(|answers| old_enough(&ask, answers));
                    pairs.extend(through_time(&subject.metric, &now, &before));
                }
                Against::Column { name, baseline } => {
                    // A baseline that is too young occurs all the same.
                    let place = ask.by.len().saturating_sub(1);
                    let all = now.rows(&watched(ask.clone())).iter();
                    let known = all.filter_map(|row| row.segment.get(place)?.as_deref()).collect();
                    let baseline = named(name, baseline.as_deref(), &known)?;
                    pairs.extend(side_by_side(&subject.metric, baseline, &old_enough(&ask, now)));
                }
            }
        }
        pairs.retain(|pair| !pair.is_empty());
        Ok(pairs)
    }

    fn table(&self, by: &[String], pairs: &[Pair], qs: &mut impl Iterator<Item = f64>) -> Table {
        let (compared, heading) = match &self.against {
            Against::Previous => (None, Message::of("comparison-previous")),
            Against::Column { name, .. } => {
                let column = Value::Column(name.clone());
                let heading = match pairs.iter().find_map(|pair| pair.baseline.as_deref()) {
                    Some(baseline) => Message::of("comparison-with").with("baseline", Value::name(Some(baseline))),
                    None => Message::of("comparison-by"),
                };
                (Some(name), heading.with("column", column))
            }
        };
        let segment = by.iter().chain(compared).map(|name| Column::new(name));
        let sides = match compared {
            None => ["comparison-now", "comparison-before"],
            Some(_) => ["comparison-rate", "comparison-baseline"],
        };
        let numbers = ["rate", "baseline"].into_iter().zip(sides);
        let numbers = numbers.map(|(name, title)| Column::new(name).saying(Message::of(title)));
        let numbers =
            numbers.chain(["difference", "p", "test", "q", "design_effect", "verdict"].into_iter().map(Column::new));
        let rows = pairs.iter().map(|pair| {
            let Pair { metric, segment, first, second, .. } = pair;
            let found = pair.difference();
            let numbers = match found {
                Some(Difference { value, interval, p, test, design_effect }) => {
                    let (interval, q) = (Some(interval), qs.next().unwrap_or(1.0));
                    let verdict = Value::Verdict { value, interval, q, differs: q <= LEVEL };
                    let effect = Value::Number { value: design_effect, interval: None };
                    let difference = Value::Points { value, interval };
                    let test = Value::word(word(test));
                    vec![difference, Value::Probability(p), test, Value::Probability(q), effect, verdict]
                }
                None => vec![Value::Unknown; 6],
            };
            let mut cells = vec![Value::Metric(metric.clone())];
            cells.extend(segment.iter().map(|value| Value::name(value.as_deref())));
            cells.extend([first.value(), second.value()]);
            cells.extend(numbers);
            Row::new(smaller(first.sample.rate, second.sample.rate), cells)
        });
        let rows: Vec<Row> = rows.collect();
        let columns = by.iter().map(|name| Value::Column(name.clone()));
        let by_segment = |heading| {
            let title = Message::of("comparison-by-segment").with("title", Value::Message(heading));
            title.with("columns", Message::list(columns))
        };
        Table {
            id: if by.is_empty() { "differences" } else { "differences_by_segment" },
            heading: Some(if by.is_empty() { heading } else { by_segment(heading) }),
            columns: std::iter::once(Column::new("metric")).chain(segment).chain(numbers).collect(),
            rows,
            notes: vec![Message::of("comparison-note")],
            ..Table::default()
        }
    }
}

/// The question with rows told apart by whether they are old enough, if they have an age that matters.
fn watched(mut ask: Ask) -> Ask {
    let grain = Metric::find(&ask.metric).ok().and_then(|metric| facts::grain(&metric.table));
    if grain.is_some_and(|grain| segment::is_known(grain, WATCHED)) && ask.by.iter().all(|column| column != WATCHED) {
        ask.by.push(WATCHED.to_owned());
    }
    ask
}

/// The rows of a question that count: those that were watched for the decision window.
fn old_enough(ask: &Ask, answers: &Answers<'_>) -> Vec<metrics::Row> {
    let asked = watched(ask.clone());
    let rows = answers.rows(&asked).iter();
    if asked.by == ask.by {
        return rows.cloned().collect();
    }
    let told = rows.filter_map(|row| {
        let (is_watched, segment) = row.segment.split_last()?;
        (is_watched.as_deref() == Some("true")).then(|| metrics::Row { segment: segment.to_vec(), ..row.clone() })
    });
    told.collect()
}

/// The word for a test.
fn word(test: Test) -> &'static str {
    match test {
        Test::Score => "test-score",
        Test::Exact => "test-exact",
        Test::Normal => "test-normal",
    }
}

/// Pairs the rows of a range with those of the range before.
fn through_time(metric: &str, now: &[metrics::Row], before: &[metrics::Row]) -> Vec<Pair> {
    let side = |rows: &[metrics::Row], segment: &[Option<String>]| {
        rows.iter().find(|row| row.segment == segment).and_then(Side::of).unwrap_or(Side::EMPTY)
    };
    let only_before = before.iter().filter(|row| now.iter().all(|known| known.segment != row.segment));
    let pair = |row: &metrics::Row| Pair {
        metric: metric.to_owned(),
        segment: row.segment.clone(),
        baseline: None,
        first: side(now, &row.segment),
        second: side(before, &row.segment),
    };
    now.iter().chain(only_before).map(pair).collect()
}

/// The baseline that is named, if it is among the values of the column.
fn named<'n>(column: &str, baseline: Option<&'n str>, known: &BTreeSet<&str>) -> Result<Option<&'n str>> {
    match baseline {
        Some(name) if !known.is_empty() && !known.contains(name) => Err(Error::Unknown {
            what: "baseline",
            name: format!("{column}={name}"),
            known: known.iter().map(|name| (*name).to_owned()).collect(),
        }),
        baseline => Ok(baseline),
    }
}

/// Pairs every value of the last column of the segments with the baseline; what has no value is left aside.
fn side_by_side(metric: &str, baseline: Option<&str>, rows: &[metrics::Row]) -> Vec<Pair> {
    fn value(row: &metrics::Row) -> Option<&str> {
        row.segment.last()?.as_deref()
    }
    let known: BTreeSet<&str> = rows.iter().filter_map(value).collect();
    let first = || rows.iter().find_map(value);
    let Some(baseline) = baseline.or_else(|| known.get(CONTROL).copied().or_else(first)) else { return Vec::new() };
    let prefix = |row: &metrics::Row| row.segment.split_last().map(|(_, prefix)| prefix.to_vec()).unwrap_or_default();
    let baselines: BTreeMap<Vec<Option<String>>, Side> = rows
        .iter()
        .filter(|row| value(row) == Some(baseline))
        .filter_map(|row| Some((prefix(row), Side::of(row)?)))
        .collect();
    let others = rows.iter().filter(|row| value(row).is_some_and(|value| value != baseline));
    let pairs = others.filter_map(|row| {
        Some(Pair {
            metric: metric.to_owned(),
            segment: row.segment.clone(),
            baseline: Some(baseline.to_owned()),
            first: Side::of(row)?,
            second: baselines.get(&prefix(row)).copied().unwrap_or(Side::EMPTY),
        })
    });
    pairs.collect()
}

/// The observations of the smaller side; one without any has none to show.
fn smaller(first: Rate, second: Rate) -> u64 {
    [first.denominator, second.denominator].into_iter().filter(|n| *n > 0).min().unwrap_or_default()
}

/// A rate of counts, whole or nothing.
fn rate_value(rate: Rate) -> Value {
    if rate.denominator == 0 { Value::Unknown } else { Value::Rate { rate, bound: Bound::Exact } }
}

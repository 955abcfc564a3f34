//! The engine: builds the facts of every shard in parallel, runs the metrics' SQL over them, adds the counts.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use polars::prelude::{
    BooleanChunked, ChunkTake, Column as Series, DataFrame, DataType, IdxCa, Int64Chunked, IntoColumn, IntoLazy,
    LazyFrame, NewChunkedArray, PolarsError, StringChunked, UInt32Chunked,
};
use polars::series::IsSorted;
use polars::sql::SQLContext;
use rayon::prelude::*;

use super::answer::{Answer, Ask, Counts, Row};
use super::catalog::Metric;
use super::rate::{Bound, Distribution, Moments, Rate};
use super::segment::{self, Segments};
use super::state::State;
use crate::config::Flow;
use crate::error::{Error, Result};
use crate::facts::{self, Column, Facts, Form, NONE, Settings, Table, Wanted};
use crate::store::{Reading, Shard, Snapshot};

/// What is asked about besides the metrics themselves.
#[derive(Clone)]
pub struct Scope<'s> {
    /// Range of time, horizon, windows.
    pub settings: &'s Settings,
    /// Time zone in which days begin.
    pub zone: TimeZone,
    /// Declared flows, for the order of their questions.
    pub flows: &'s [Flow],
}

/// One segment's counts while they are added.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub(super) counts: Counts,
    /// Sums over contacts; nothing unless the ask is clustered.
    pub(super) moments: Moments,
    pub(super) told: Told,
}

/// How well the channels of a segment's rows tell what is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// One of them can tell.
    pub(super) measurable: bool,
    /// One of those tells of some cases only.
    pub(super) bounded: bool,
}

impl Told {
    fn add(&mut self, other: Self) {
        self.measurable |= other.measurable;
        self.bounded |= other.bounded;
    }
}

/// The counts of an ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) segments: BTreeMap<Vec<Option<String>>, Sum>,
    pub(super) n_shared: u64,
}

/// The counts of each ask.
type Sums = Vec<Found>;

/// Rows that are counted at a time: enough that what a SELECT costs besides counting matters little, few enough that memory
/// does too. A report of 10 million events took 6.8 s and 445 MB with half as many, and 6.3 s and 600 MB with these.
const ROWS: usize = 512 * 1024;

/// Columns of a breakdown that can share its segments with others.
const FEW: usize = 4;

/// The counts of one thread while it goes over its shards, and facts that are not counted yet.
pub struct Tally<'s> {
    facts: Facts<'s>,
    sums: Sums,
}

/// Asks on their way to answers: made once, it is handed every shard of one pass over the store, beside whatever else
/// wants to see the shards.
pub struct Counting<'s> {
    scope: Scope<'s>,
    asks: Vec<Ask>,
    metrics: Vec<Metric>,
    groups: Vec<Group>,
    wanted: Wanted,
}

impl<'s> Counting<'s> {
    /// Prepares the asks.
    ///
    /// # Errors
    /// A metric does not exist, or cannot be broken down so.
    pub fn new(scope: Scope<'s>, asks: &[Ask]) -> Result<Self> {
        let metrics = asks.iter().map(|ask| Metric::find(&ask.metric)).collect::<Result<Vec<_>>>()?;
        Self::of(scope, asks, metrics)
    }

    /// The same where the metric of each ask is known already.
    ///
    /// # Errors
    /// A metric cannot be broken down so.
    pub fn of(scope: Scope<'s>, asks: &[Ask], metrics: Vec<Metric>) -> Result<Self> {
        for (metric, ask) in metrics.iter().zip(asks) {
            if let Some(grain) = facts::grain(&metric.table) {
                segment::check(grain, &ask.by)?;
            }
            if ask.clustered && metric.counts_distinct() {
                return Err(Error::Usage(format!(
                    "'{}' counts distinct values, which do not add up over contacts",
                    metric.id
                )));
            }
        }
        let groups = groups(&metrics, asks);
        let mut wanted = Wanted::default();
        for (metric, ask) in metrics.iter().zip(asks) {
            let Some(grain) = facts::grain(&metric.table) else { continue };
            // Rows are counted even where no column is spoken of.
            wanted.add(grain, grain.anchor);
            if ask.clustered {
                wanted.add(grain, segment::CONTACT);
            }
            let named = metric.columns().into_iter().chain(metric.flags());
            named.chain(ask.by.iter().map(String::as_str)).for_each(|column| wanted.add(grain, column));
        }
        Ok(Self { scope, asks: asks.to_vec(), metrics, groups, wanted })
    }

    /// The columns with which shards have to be read.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        Facts::new(self.scope.settings, &self.wanted).events()
    }

    /// A tally of nothing yet.
    #[must_use]
    pub fn begin(&self) -> Tally<'s> {
        Tally { facts: Facts::new(self.scope.settings, &self.wanted), sums: vec![Found::default(); self.asks.len()] }
    }

    /// Counts a shard.
    ///
    /// # Errors
    /// A metric's SQL does not return segments and counts.
    pub fn add(&self, tally: &mut Tally<'s>, shard: &Shard) -> Result<()> {
        tally.facts.add(shard);
        if tally.facts.n_rows() >= ROWS { self.count(tally) } else { Ok(()) }
    }

    /// The answers, in the order of the asks, once every shard stands in one of the tallies.
    ///
    /// # Errors
    /// As [`Counting::add`].
    pub fn finish(self, tallies: Vec<Tally<'s>>) -> Result<Vec<Answer>> {
        let count = |mut tally: Tally<'s>| self.count(&mut tally).map(|()| tally.sums);
        let counted = tallies.into_par_iter().map(count).collect::<Result<Vec<_>>>()?;
        Ok(self.answers(counted.into_iter()))
    }

    /// What a tally has counted, to be added to others elsewhere.
    ///
    /// # Errors
    /// As [`Counting::add`].
    pub fn state(&self, mut tally: Tally<'s>) -> Result<State> {
        self.count(&mut tally)?;
        Ok(State::of(tally.sums))
    }

    /// The answers once every contact stands in one of the states, which are of these asks.
    #[must_use]
    pub fn finish_states(&self, states: impl Iterator<Item = State>) -> Vec<Answer> {
        self.answers(states.map(State::into_sums))
    }

    fn answers(&self, counted: impl Iterator<Item = Sums>) -> Vec<Answer> {
        let sums = counted.fold(vec![Found::default(); self.asks.len()], merge);
        let asked = self.asks.iter().zip(&self.metrics);
        asked.zip(sums).map(|((ask, metric), sums)| finish(ask, metric, sums, self.scope.flows)).collect()
    }

    fn count(&self, tally: &mut Tally<'s>) -> Result<()> {
        let Tally { facts, sums } = tally;
        self.groups.iter().try_for_each(|group| group.run(facts, &self.scope, &self.asks, sums))?;
        facts.clear();
        Ok(())
    }
}

/// Answers all asks in one pass over the store.
///
/// # Errors
/// As [`Counting::new`] and [`Counting::add`], or the store is damaged.
pub fn answer(snapshot: &Snapshot, scope: &Scope<'_>, asks: &[Ask]) -> Result<Vec<Answer>> {
    let counting = Counting::new(scope.clone(), asks)?;
    let columns = counting.columns();
    let reading = Reading { columns: &columns, since: None, until: scope.settings.until };
    let tallies = snapshot.fold(&reading, || counting.begin(), |tally, shard| counting.add(tally, shard))?;
    counting.finish(tallies)
}

/// Tries a metric's SELECT on its table without rows.
///
/// # Errors
/// It cannot be run, or does not return segments and counts.
pub(super) fn check(metric: &Metric) -> Result<()> {
    let Some(grain) = facts::grain(&metric.table) else { return Ok(()) };
    let broken = |error: PolarsError| Error::Query { name: metric.id.clone(), message: error.to_string() };
    let columns = metric.columns();
    let mut series: Vec<Series> = vec![UInt32Chunked::from_vec("segment".into(), Vec::new()).into_column()];
    series.extend(grain.columns.iter().filter(|column| columns.contains(&column.name)).map(|column| {
        let name = column.name.into();
        match column.form {
            Form::Instant | Form::Number | Form::Count => Int64Chunked::from_vec(name, Vec::new()).into_column(),
            Form::Flag => BooleanChunked::from_slice(name, &[]).into_column(),
            Form::Word => StringChunked::from_slice(name, &[] as &[&str]).into_column(),
        }
    }));
    let mut context = SQLContext::new();
    context.register(&metric.table, DataFrame::new(0, series).map_err(broken)?.lazy());
    let result = context.execute(&metric.sql).and_then(LazyFrame::collect).map_err(broken)?;
    Rows::of(metric, &result).map(drop)
}

/// Asks about the same table, which share one data frame. Its segments are fine enough for every breakdown: each SELECT
/// runs once, and the counts of fine segments add up to those of coarser ones. Asks by columns
/// of many values, and those for whole distributions, are in groups of their own: see [`Kin`].
struct Group {
    table: String,
    /// Rows are counted contact by contact.
    clustered: bool,
    /// Every column that one of the asks is broken down by.
    by: Vec<String>,
    columns: Vec<&'static str>,
    /// The metrics, each with the places of the asks about it.
    metrics: Vec<(Metric, Vec<usize>)>,
}

/// What asks have in common that share a group.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kin {
    table: String,
    clustered: bool,
    /// Values are counted one by one: so many counts for each segment that no segment should be there for another's sake.
    values: bool,
    /// Columns of many values that lie across all others. With two sets of them, segments would be their product.
    fine: Vec<String>,
    /// The whole breakdown of what is not the sum of its parts: what is counted once however often it stands there, and
    /// squares of what a contact did; and what is broken down so finely that it would make all others as fine.
    own: Option<Vec<String>>,
}

impl Kin {
    fn of(metric: &Metric, ask: &Ask) -> Self {
        let grain = facts::grain(&metric.table);
        let is_fine = |name: &&String| *name == "hour" || grain.is_some_and(|grain| grain.counts(name));
        let mut fine: Vec<String> = ask.by.iter().filter(is_fine).cloned().collect();
        fine.sort_unstable();
        Self {
            table: metric.table.clone(),
            clustered: ask.clustered,
            values: !metric.is_rate(),
            fine,
            own: (ask.clustered || metric.counts_distinct() || ask.by.len() > FEW).then(|| ask.by.clone()),
        }
    }
}

fn groups(metrics: &[Metric], asks: &[Ask]) -> Vec<Group> {
    let mut groups: BTreeMap<Kin, Group> = BTreeMap::new();
    for (place, (metric, ask)) in metrics.iter().zip(asks).enumerate() {
        let group = groups.entry(Kin::of(metric, ask)).or_insert_with(|| Group {
            table: metric.table.clone(),
            clustered: ask.clustered,
            by: Vec::new(),
            columns: Vec::new(),
            metrics: Vec::new(),
        });
        group.columns.extend(metric.columns());
        let new = ask.by.iter().filter(|&name| !group.by.contains(name)).cloned().collect::<Vec<_>>();
        group.by.extend(new);
        match group.metrics.iter_mut().find(|(known, _)| known == metric) {
            Some((_, places)) => places.push(place),
            None => group.metrics.push((metric.clone(), vec![place])),
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.columns.sort_unstable();
        group.columns.dedup();
    }
    groups
}

impl Group {
    fn run(&self, facts: &Facts<'_>, scope: &Scope<'_>, asks: &[Ask], sums: &mut Sums) -> Result<()> {
        let (Some(table), Some(grain)) = (facts.table(&self.table), facts::grain(&self.table)) else {
            return Ok(());
        };
        if table.n_rows() == 0 {
            return Ok(());
        }
        let segments = segment::segments(table, grain.anchor, &self.by, &scope.zone);
        let (segments, by_contact) = if self.clustered {
            let segment::ByContact { fine, whole, n_shared } = segment::by_contact(segments, table);
            (fine, Some((whole, n_shared)))
        } else {
            (segments, None)
        };
        let broken = |error: PolarsError| Error::Query { name: self.table.clone(), message: error.to_string() };
        let frame = frame(table, &self.columns, &segments).map_err(broken)?;
        let mut context = SQLContext::new();
        context.register(&self.table, frame.lazy());
        let mut coarse: BTreeMap<&[String], Segments> = BTreeMap::new();
        // Many metrics are told by the same columns.
        let mut known: BTreeMap<(Option<&str>, Option<&str>), Vec<Told>> = BTreeMap::new();
        for (metric, places) in &self.metrics {
            let result = context
                .execute(&metric.sql)
                .and_then(LazyFrame::collect)
                .map_err(|error| Error::Query { name: metric.id.clone(), message: error.to_string() })?;
            let flags = (metric.needs.as_deref(), metric.bounded.as_deref());
            let told = known.entry(flags).or_insert_with(|| told(table, metric, &segments));
            let rows = Rows::of(metric, &result)?;
            for &place in places {
                let (Some(ask), Some(sums)) = (asks.get(place), sums.get_mut(place)) else { continue };
                if let Some((whole, n_shared)) = &by_contact {
                    sums.n_shared += n_shared;
                    rows.add_to(sums, whole, told, true);
                } else {
                    let coarse = coarse.entry(&ask.by).or_insert_with(|| segments.coarsen(&self.by, &ask.by));
                    rows.add_to(sums, coarse, told, false);
                }
            }
        }
        Ok(())
    }
}

/// For each segment, how well the channels of its rows can tell.
fn told(table: &Table, metric: &Metric, segments: &Segments) -> Vec<Told> {
    let flags = |name: Option<&str>| match name.and_then(|name| table.column(name)) {
        Some((_, Column::Flags(flags))) => Some(flags),
        _ => None,
    };
    let (needs, bounded) = (flags(metric.needs.as_deref()), flags(metric.bounded.as_deref()));
    let mut told = vec![Told { measurable: needs.is_none(), bounded: false }; segments.values.len()];
    if needs.is_none() && bounded.is_none() {
        return told;
    }
    let is_set = |flags: Option<&Vec<bool>>, row: usize, default| {
        flags.map_or(default, |flags| flags.get(row).copied().unwrap_or_default())
    };
    for (row, &segment) in segments.of_row.iter().enumerate() {
        if let Some(told) = told.get_mut(segment as usize) {
            told.add(Told { measurable: is_set(needs, row, true), bounded: is_set(bounded, row, false) });
        }
    }
    told
}

/// The columns that the SQL speaks of, with the segment of every row. Rows of one segment stand together, and polars is
/// told so: a SELECT then groups without a hash table, and adds up what lies side by side.
fn frame(table: &Table, columns: &[&str], segments: &Segments) -> std::result::Result<DataFrame, PolarsError> {
    let order = segments.order();
    let mut keys = UInt32Chunked::from_vec("segment".into(), in_order(&segments.of_row, &order));
    keys.set_sorted_flag(IsSorted::Ascending);
    let mut series: Vec<Series> = vec![keys.into_column()];
    for &name in columns {
        let Some((spec, column)) = table.column(name) else { continue };
        let name = spec.name.into();
        series.push(match column {
            Column::Numbers(values) => {
                let values = in_order(values, &order);
                let present = values.iter().map(|value| *value != NONE).collect();
                Int64Chunked::from_vec_validity(name, values, Some(present)).into_column()
            }
            Column::Flags(flags) => BooleanChunked::from_slice(name, &in_order(flags, &order)).into_column(),
            Column::Words(codes, words) => {
                // Code 0 is null. Taken from the list, texts are neither compared nor copied.
                let list = std::iter::once(None).chain(words.list().iter().map(|word| Some(word.as_str())));
                let places = IdxCa::from_vec("".into(), in_order(codes, &order));
                StringChunked::from_iter_options(name, list).take(&places)?.into_column()
            }
        });
    }
    DataFrame::new(table.n_rows(), series)
}

fn in_order<T: Copy + Default>(values: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&row| values.get(row as usize).copied().unwrap_or_default()).collect()
}

/// What a SELECT returned: `segment, numerator, denominator` or `segment, value, n`.
struct Rows {
    are_rates: bool,
    rows: Vec<(usize, Option<i64>, Option<i64>)>,
}

impl Rows {
    fn of(metric: &Metric, result: &DataFrame) -> Result<Self> {
        let column = |name: &str| -> Result<Vec<Option<i64>>> {
            let found = result.column(name).and_then(|column| column.cast(&DataType::Int64)).map_err(|_| Error::Query {
                name: metric.id.clone(),
                message: format!(
                    "it must return 'segment' with 'numerator' and 'denominator', or with 'value' and 'n', as whole numbers; it has no such column '{name}'"
                ),
            })?;
            let numbers =
                found.i64().map_err(|error| Error::Query { name: metric.id.clone(), message: error.to_string() })?;
            Ok(numbers.iter().collect())
        };
        let keys = column("segment")?;
        let are_rates = result.column("numerator").is_ok();
        let (left, right) =
            if are_rates { (column("numerator")?, column("denominator")?) } else { (column("value")?, column("n")?) };
        let rows = keys.into_iter().zip(left).zip(right);
        let rows = rows.filter_map(|((key, left), right)| Some((usize::try_from(key?).ok()?, left, right)));
        Ok(Self { are_rates, rows: rows.collect() })
    }

    /// Adds the counts to those of coarser segments. A segment that has rows but no counts is there all the same. If each fine
    /// segment is a contact, so is what sums over contacts take.
    fn add_to(&self, sums: &mut Found, coarse: &Segments, told: &[Told], clustered: bool) {
        let empty =
            if self.are_rates { Counts::Rate(Rate::default()) } else { Counts::Distribution(Distribution::default()) };
        let empty = Sum { counts: empty, moments: Moments::default(), told: Told::default() };
        let mut found = vec![empty; coarse.values.len()];
        for (&segment, &told) in coarse.of_row.iter().zip(told) {
            if let Some(sum) = found.get_mut(segment as usize) {
                sum.told.add(told);
            }
        }
        let count = |value: Option<i64>| u64::try_from(value.unwrap_or_default()).unwrap_or_default();
        for &(fine, left, right) in &self.rows {
            let segment = coarse.of_row.get(fine).map(|&segment| segment as usize);
            let Some(sum) = segment.and_then(|segment| found.get_mut(segment)) else { continue };
            match (&mut sum.counts, left) {
                (Counts::Rate(rate), left) => {
                    let part = Rate { numerator: count(left), denominator: count(right) };
                    rate.add(part);
                    if clustered {
                        sum.moments.add(Moments::of(part));
                    }
                }
                (Counts::Distribution(distribution), Some(value)) => {
                    *distribution.0.entry(value).or_default() += count(right);
                }
                _ => {}
            }
        }
        for (segment, sum) in coarse.values.iter().zip(found) {
            match sums.segments.get_mut(segment) {
                Some(known) => known.add(&sum),
                None => drop(sums.segments.insert(segment.clone(), sum)),
            }
        }
    }
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.told.add(other.told);
        self.moments.add(other.moments);
        match (&mut self.counts, &other.counts) {
            (Counts::Rate(known), Counts::Rate(rate)) => known.add(*rate),
            (Counts::Distribution(known), Counts::Distribution(distribution)) => known.add(distribution),
            // One SELECT cannot return rates of some rows and distributions of others.
            _ => {}
        }
    }
}

fn merge(mut left: Sums, right: Sums) -> Sums {
    for (left, right) in left.iter_mut().zip(right) {
        left.n_shared += right.n_shared;
        for (segment, sum) in right.segments {
            match left.segments.get_mut(&segment) {
                Some(known) => known.add(&sum),
                None => drop(left.segments.insert(segment, sum)),
            }
        }
    }
    left
}

fn finish(ask: &Ask, metric: &Metric, found: Found, flows: &[Flow]) -> Answer {
    let Found { segments: mut sums, n_shared } = found;
    if ask.by.is_empty() && sums.is_empty() {
        let counts = if metric.is_rate() {
            Counts::Rate(Rate::default())
        } else {
            Counts::Distribution(Distribution::default())
        };
        let told = Told { measurable: metric.needs.is_none(), bounded: false };
        sums.insert(Vec::new(), Sum { counts, moments: Moments::default(), told });
    }
    let mut rows: Vec<Row> = sums
        .into_iter()
        .map(|(segment, Sum { counts, moments, told })| Row {
            segment,
            moments: (ask.clustered && counts.rate().is_some()).then_some(moments),
            counts,
            measurable: told.measurable,
            bound: if told.measurable && told.bounded { metric.bound } else { Bound::Exact },
        })
        .collect();
    let grain = facts::grain(&metric.table);
    let counts: Vec<bool> = ask.by.iter().map(|name| grain.is_some_and(|grain| grain.counts(name))).collect();
    rows.sort_by_cached_key(|row| order(&ask.by, &counts, &row.segment, flows));
    Answer { metric: ask.metric.clone(), by: ask.by.clone(), rows, n_shared }
}

/// Declared flows come first, their questions in the flow's order, `counts` by their size, everything else by name, unknown
/// last.
fn order(
    by: &[String],
    counts: &[bool],
    segment: &[Option<String>],
    flows: &[Flow],
) -> Vec<(bool, usize, i64, Option<String>)> {
    let flow = by.iter().position(|name| name == "flow").and_then(|place| segment.get(place)?.as_deref());
    by.iter()
        .zip(counts)
        .zip(segment)
        .map(|((name, &counts), value)| {
            let mut declared = flows.iter().filter(|declared| flow.is_none_or(|flow| flow == declared.name));
            let place = match (name.as_str(), value) {
                ("question", Some(value)) => declared
                    .find_map(|declared| declared.questions.iter().position(|question| question == value))
                    .unwrap_or(usize::MAX),
                ("flow", Some(value)) => flows.iter().position(|flow| flow.name == *value).unwrap_or(usize::MAX),
                _ => 0,
            };
            let size = value.as_ref().filter(|_| counts).and_then(|value| value.parse().ok()).unwrap_or_default();
            (value.is_none(), place, size, value.clone())
        })
        .collect()
}

//! Counting: walks every shard once for all funnels and adds up, per segment, how far units got and how long it took.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use jiff::tz::TimeZone;

use super::answer::{self, Answer, Row, Tally};
use super::condition;
use super::definition::{Attribution, Funnel};
use super::state::{self, State};
use super::units::{self, Span, Unmeasurable, Walked, Walker};
use crate::calendar::{self, Calendar};
use crate::error::Result;
use crate::event::{Kind, SECOND};
use crate::rate::Distribution;
use crate::store::words::NULL;
use crate::store::{Reading, Shard, Snapshot};

/// Values that are gathered before they are added to a distribution.
const GATHERED: usize = 1 << 15;

/// Counts funnels while somebody goes over the store, so that one pass can serve many.
pub struct Counting<'f> {
    funnels: &'f [Funnel],
    /// Of each funnel.
    unmeasurable: Vec<Vec<Unmeasurable>>,
    span: Span,
    zone: TimeZone,
}

/// What one thread has counted.
pub struct Counts<'f> {
    walker: Walker,
    funnels: Vec<FunnelCounts<'f>>,
}

struct FunnelCounts<'f> {
    funnel: &'f Funnel,
    segments: HashMap<Vec<Option<String>>, usize>,
    counts: Vec<Vec<StepCounts>>,
    breakdown: Breakdown,
}

#[derive(Clone, Default)]
struct StepCounts {
    tally: Tally,
    seconds: Seconds,
    seconds_from_start: Seconds,
}

impl<'f> Counting<'f> {
    /// Will count these funnels over a store whose channels log these kinds of events. Days begin in `zone`.
    #[must_use]
    pub fn new(channel_kinds: &BTreeSet<(String, Kind)>, funnels: &'f [Funnel], span: Span, zone: TimeZone) -> Self {
        let unmeasurable = funnels.iter().map(|funnel| units::unmeasurable(funnel, channel_kinds)).collect();
        Self { funnels, unmeasurable, span, zone }
    }

    /// Columns that a shard must have been read with.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        let mut columns: Vec<&'static str> = self.funnels.iter().flat_map(Funnel::columns).collect();
        columns.extend(self.unmeasurable.iter().any(|channels| !channels.is_empty()).then_some("channel"));
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Nothing, so far.
    #[must_use]
    pub fn begin(&self) -> Counts<'f> {
        let begin = |funnel: &'f Funnel| FunnelCounts {
            funnel,
            segments: HashMap::new(),
            counts: Vec::new(),
            breakdown: Breakdown::new(funnel, &self.zone),
        };
        Counts { walker: Walker::default(), funnels: self.funnels.iter().map(begin).collect() }
    }

    /// Adds the units of a shard.
    pub fn add(&self, counts: &mut Counts<'f>, shard: &Shard) {
        let Counts { walker, funnels } = counts;
        for (counts, unmeasurable) in funnels.iter_mut().zip(&self.unmeasurable) {
            let funnel = counts.funnel;
            counts.breakdown.begin_shard();
            walker.walk(funnel, unmeasurable, &self.span, shard, |walked| counts.add(&self.span, shard, &walked));
        }
    }

    /// What has been counted, to be added to others elsewhere.
    #[must_use]
    pub fn state(&self, counts: Counts<'f>) -> State {
        State(counts.funnels.into_iter().map(FunnelCounts::into_state).collect())
    }

    /// The same counts again; `None` if they are not of these funnels.
    #[must_use]
    pub fn counts(&self, state: State) -> Option<Counts<'f>> {
        let mut counts = self.begin();
        if counts.funnels.len() != state.0.len() {
            return None;
        }
        for (counts, segments) in counts.funnels.iter_mut().zip(state.0) {
            segments.into_iter().try_for_each(|segment| counts.restore(segment))?;
        }
        Some(counts)
    }

    /// The answers, in the order of the funnels.
    #[must_use]
    pub fn finish(&self, counts: Vec<Counts<'f>>) -> Vec<Answer> {
        let mut all = self.begin();
        for part in counts {
            for (all, part) in all.funnels.iter_mut().zip(part.funnels) {
                all.merge(part);
            }
        }
        let finish = |(counts, unmeasurable): (FunnelCounts<'_>, &Vec<Unmeasurable>)| counts.finish(unmeasurable);
        all.funnels.into_iter().zip(&self.unmeasurable).map(finish).collect()
    }
}

/// Counts funnels in a pass of their own.
///
/// # Errors
/// The store is damaged.
pub fn count(snapshot: &Snapshot, funnels: &[Funnel], span: Span, zone: TimeZone) -> Result<Vec<Answer>> {
    let counting = Counting::new(snapshot.channel_kinds(), funnels, span, zone);
    let columns = counting.columns();
    let reading = Reading { columns: &columns, since: span.since, until: span.until };
    let counts = snapshot.fold(
        &reading,
        || counting.begin(),
        |counts, shard| {
            counting.add(counts, shard);
            Ok(())
        },
    )?;
    Ok(counting.finish(counts))
}

impl FunnelCounts<'_> {
    fn add(&mut self, span: &Span, shard: &Shard, walked: &Walked<'_>) {
        let segment = self.segment(shard, walked);
        let Some(steps) = self.counts.get_mut(segment) else { return };
        let way = walked.way;
        let (mut first, mut before) = (None, None);
        for (at, step) in walked.instants().zip(steps.iter_mut()) {
            let Some(at) = at else { continue };
            step.tally.passed += 1;
            if let (Some(first), Some(before)) = (first, before) {
                step.seconds.push(at - before);
                step.seconds_from_start.push(at - first);
            }
            first = first.or(Some(at));
            before = Some(at);
        }
        if let Some(last) = steps.get_mut(way.reached - 1) {
            let open = walked.is_open(self.funnel, span);
            last.tally.ended += 1;
            last.tally.open += u64::from(open);
            last.tally.excluded += u64::from(way.excluded && !open);
        }
    }

    fn segment(&mut self, shard: &Shard, walked: &Walked<'_>) -> usize {
        let Self { funnel, segments, counts, breakdown } = self;
        breakdown.segment(funnel, shard, walked, |values| place(funnel, segments, counts, values))
    }

    fn merge(&mut self, other: Self) {
        for (segment, number) in other.segments {
            let place = place(self.funnel, &mut self.segments, &mut self.counts, segment);
            let (Some(left), Some(right)) = (self.counts.get_mut(place), other.counts.get(number)) else { continue };
            for (left, right) in left.iter_mut().zip(right) {
                left.tally.add(right.tally);
                left.seconds.add(&right.seconds);
                left.seconds_from_start.add(&right.seconds_from_start);
            }
        }
    }

    fn into_state(mut self) -> Vec<state::Segment> {
        let mut segments: Vec<_> = self.segments.into_iter().collect();
        segments.sort_unstable();
        let step = |counts: StepCounts| {
            let Tally { passed, ended, open, excluded } = counts.tally;
            let [seconds, seconds_from_start] = [counts.seconds, counts.seconds_from_start].map(Seconds::into_counts);
            state::Step { passed, ended, open, excluded, seconds, seconds_from_start }
        };
        let segment = |(of, number): (Vec<Option<String>>, usize)| {
            let steps = self.counts.get_mut(number).map(std::mem::take).unwrap_or_default();
            state::Segment { of, steps: steps.into_iter().map(step).collect() }
        };
        segments.into_iter().map(segment).collect()
    }

    fn restore(&mut self, segment: state::Segment) -> Option<()> {
        let number = place(self.funnel, &mut self.segments, &mut self.counts, segment.of);
        let steps = self.counts.get_mut(number).filter(|steps| steps.len() == segment.steps.len())?;
        for (counts, step) in steps.iter_mut().zip(segment.steps) {
            let state::Step { passed, ended, open, excluded, seconds, seconds_from_start } = step;
            counts.tally = Tally { passed, ended, open, excluded };
            counts.seconds = Seconds { fresh: Vec::new(), counts: seconds };
            counts.seconds_from_start = Seconds { fresh: Vec::new(), counts: seconds_from_start };
        }
        Some(())
    }

    fn finish(mut self, unmeasurable: &[Unmeasurable]) -> Answer {
        let funnel = self.funnel;
        if funnel.by.is_empty() {
            // The total is there even if nobody entered.
            place(funnel, &mut self.segments, &mut self.counts, Vec::new());
        }
        let mut segments: Vec<(Vec<Option<String>>, usize)> = self.segments.into_iter().collect();
        // By name, unknown last.
        segments.sort_by_cached_key(|(segment, _)| {
            segment.iter().map(|value| (value.is_none(), value.clone())).collect::<Vec<_>>()
        });
        let row = |(segment, number): (Vec<Option<String>>, usize)| {
            let counted = self.counts.get_mut(number).map(std::mem::take).unwrap_or_default();
            let counted = counted.into_iter().enumerate().map(|(step, counts)| {
                let optional = funnel.rules.optional >> step & 1 != 0;
                let seconds = [counts.seconds, counts.seconds_from_start].map(Seconds::into_distribution);
                let [seconds, seconds_from_start] = seconds;
                (funnel.step_name(step), optional, counts.tally, seconds, seconds_from_start)
            });
            Row { segment, steps: answer::steps(counted.collect()) }
        };
        Answer {
            funnel: funnel.name.clone(),
            meaning: funnel.meaning.clone(),
            words: funnel.words.clone(),
            unit: funnel.unit.name(),
            order: funnel.order.name(),
            window_s: funnel.rules.window / SECOND,
            by: funnel.by.clone(),
            unmeasurable: unmeasurable.to_vec(),
            rows: segments.into_iter().map(row).collect(),
        }
    }
}

/// The place of a segment among the counts, made if it is new.
fn place(
    funnel: &Funnel,
    segments: &mut HashMap<Vec<Option<String>>, usize>,
    counts: &mut Vec<Vec<StepCounts>>,
    segment: Vec<Option<String>>,
) -> usize {
    *segments.entry(segment).or_insert_with(|| {
        counts.push(vec![StepCounts::default(); funnel.steps.len()]);
        counts.len() - 1
    })
}

/// Where the segment of a unit is read off.
enum Source {
    Column(&'static str),
    Part(Calendar),
}

struct Breakdown {
    sources: Vec<Source>,
    /// Segments of this shard by the codes of their values.
    known: HashMap<Vec<u32>, usize>,
    codes: Vec<u32>,
    /// The one segment of a funnel without a breakdown.
    only: Option<usize>,
}

impl Breakdown {
    fn new(funnel: &Funnel, zone: &TimeZone) -> Self {
        let source = |name: &String| match calendar::part(name) {
            Some(format) => Source::Part(Calendar::new(zone.clone(), format)),
            None => Source::Column(condition::column(name).unwrap_or_default()),
        };
        Self { sources: funnel.by.iter().map(source).collect(), known: HashMap::new(), codes: Vec::new(), only: None }
    }

    /// Codes of words mean something else in every shard.
    fn begin_shard(&mut self) {
        self.known.clear();
    }

    fn segment(
        &mut self,
        funnel: &Funnel,
        shard: &Shard,
        walked: &Walked<'_>,
        number: impl FnOnce(Vec<Option<String>>) -> usize,
    ) -> usize {
        // To look up an empty list of codes is dearer than one would think: comparing nothing at no address stalls.
        if self.sources.is_empty() {
            return *self.only.get_or_insert_with(|| number(Vec::new()));
        }
        let mut codes = std::mem::take(&mut self.codes);
        codes.clear();
        for source in &mut self.sources {
            codes.push(match source {
                Source::Part(calendar) => walked.instants().flatten().next().map_or(0, |at| calendar.number(at)),
                Source::Column(column) => value(funnel, column, shard, walked),
            });
        }
        let segment = self.known.get(&codes).copied().unwrap_or_else(|| {
            let text = |(source, &code): (&Source, &u32)| match source {
                Source::Part(calendar) => calendar.text(code).map(str::to_owned),
                Source::Column("billable") => match code {
                    NULL => None,
                    1 => Some("true".to_owned()),
                    _ => Some("false".to_owned()),
                },
                Source::Column(column) => shard.words(column).1.get(code).map(str::to_owned),
            };
            let segment = number(self.sources.iter().zip(&codes).map(text).collect());
            self.known.insert(codes.clone(), segment);
            segment
        });
        self.codes = codes;
        segment
    }
}

/// The code of a unit's value in a column, read off the event that the funnel's attribution names.
fn value(funnel: &Funnel, column: &str, shard: &Shard, walked: &Walked<'_>) -> u32 {
    let codes = shard.words(column).0;
    let code = |row: usize| match column {
        "billable" => shard.billable().get(row).copied().flatten().map_or(NULL, |flag| if flag { 1 } else { 2 }),
        _ => codes.get(row).copied().unwrap_or(NULL),
    };
    let known = |code: &u32| *code != NULL;
    let found = match funnel.attribution {
        Attribution::First => walked.rows().flatten().map(code).find(known),
        Attribution::Last => walked.rows().rev().flatten().map(code).find(known),
        Attribution::All => walked.value,
        Attribution::Step(step) => walked.rows().nth(step).flatten().map(code),
    };
    found.unwrap_or(NULL)
}

/// A distribution of whole seconds that is quick to add to: values are gathered, then sorted and merged into the counts.
#[derive(Clone, Debug, Default)]
struct Seconds {
    fresh: Vec<i64>,
    counts: Vec<(i64, u64)>,
}

impl Seconds {
    fn push(&mut self, micros: i64) {
        self.fresh.push(micros.div_euclid(SECOND));
        if self.fresh.len() >= GATHERED.max(self.counts.len()) {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.fresh.sort_unstable();
        let fresh: Vec<(i64, u64)> = self
            .fresh
            .chunk_by(|left, right| left == right)
            .filter_map(|run| Some((*run.first()?, run.len() as u64)))
            .collect();
        self.fresh.clear();
        self.counts = merge(&self.counts, &fresh);
    }

    fn add(&mut self, other: &Self) {
        self.fresh.extend_from_slice(&other.fresh);
        self.settle();
        self.counts = merge(&self.counts, &other.counts);
    }

    fn into_counts(mut self) -> Vec<(i64, u64)> {
        self.settle();
        self.counts
    }

    fn into_distribution(self) -> Distribution {
        Distribution(self.into_counts().into_iter().collect())
    }
}

/// Adds two lists of counts that are sorted by value.
fn merge(left: &[(i64, u64)], right: &[(i64, u64)]) -> Vec<(i64, u64)> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.iter().copied().peekable(), right.iter().copied().peekable());
    loop {
        let next = match (left.peek(), right.peek()) {
            (Some(one), Some(other)) if one.0 == other.0 => {
                let n = other.1;
                right.next();
                left.next().map(|(value, count)| (value, count + n))
            }
            (Some(one), Some(other)) if one.0 > other.0 => right.next(),
            (Some(_), _) => left.next(),
            (None, _) => right.next(),
        };
        match next {
            Some(next) => merged.push(next),
            None => return merged,
        }
    }
}

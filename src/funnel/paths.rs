//! Paths: what units did before, between or after steps, as sequences, as next events, and as links of a Sankey chart.

use std::collections::BTreeMap;

use super::definition::Funnel;
use super::units::{self, Span, Walked, Walker};
use crate::error::{Error, Result};
use crate::event::Kind;
use crate::store::words::{NULL, Words};
use crate::store::{Reading, Shard, Snapshot};

/// Which part of what units did. Steps are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What came before a step, nearest last.
    Before(usize),
    /// What came after a step: up to the next step where it was reached, else up to the end of the window.
    After(usize),
    /// What lay between two steps, of the units that reached both.
    Between(usize, usize),
}

impl Part {
    /// Whether it says something that some units went on to the next step and others did not.
    #[must_use]
    pub fn tells_going_on(self) -> bool {
        matches!(self, Self::After(_))
    }

    /// Reads `before:STEP`, `after:STEP` or `between:STEP,STEP`.
    ///
    /// # Errors
    /// It is none of these, or the funnel has no such step.
    pub fn parse(text: &str, funnel: &Funnel) -> Result<Self> {
        let wrong = || {
            Error::Usage(format!("'{text}' is no part of a way; write before:STEP, after:STEP or between:STEP,STEP"))
        };
        let (part, steps) = text.split_once(':').ok_or_else(wrong)?;
        match part.trim() {
            "before" => Ok(Self::Before(funnel.step(steps.trim())?)),
            "after" => Ok(Self::After(funnel.step(steps.trim())?)),
            "between" => {
                // A step's name may itself hold commas.
                let mut pairs = steps.match_indices(',').filter_map(|(comma, _)| steps.split_at_checked(comma));
                let known = |(from, to): (&str, &str)| {
                    let to = to.strip_prefix(',').unwrap_or(to);
                    Some((funnel.step(from.trim()).ok()?, funnel.step(to.trim()).ok()?))
                };
                let (first, last) = steps.split_once(',').ok_or_else(wrong)?;
                let plain =
                    || -> Result<(usize, usize)> { Ok((funnel.step(first.trim())?, funnel.step(last.trim())?)) };
                let (from, to) = pairs.find_map(known).map_or_else(plain, Ok)?;
                if from < to { Ok(Self::Between(from, to)) } else { Err(wrong()) }
            }
            _ => Err(wrong()),
        }
    }
}

/// What units did in one part of their ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Units that got to the step, or to both.
    pub units: u64,
    /// Of these, those that got to a later step. All, before a step and between two.
    pub went_on: u64,
    /// Sequences of events, most frequent first, then by name. A sequence that was cut off ends with `…`.
    pub sequences: Vec<(Vec<String>, Count)>,
    /// The events nearest to the step: the first after it, or the last before it.
    pub nearest: Vec<(String, Count)>,
    /// How many units went from one place to the next: place counted from 0, event there, event at the next place.
    pub links: Vec<((usize, String, String), u64)>,
}

/// How many units did it, and how many of them went on to the next step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All.
    pub units: u64,
    /// Those that went on.
    pub went_on: u64,
}

/// Units by what they did.
type Sequences = BTreeMap<Vec<String>, Count>;

/// What stands where a unit did nothing (more).
pub const NOTHING: &str = "(nothing)";
/// What stands where a sequence goes on.
const MORE: &str = "…";

/// Follows the paths of all units of the funnel. At most `depth` events of a sequence are told apart; the `top` most
/// frequent sequences and next events are kept.
///
/// # Errors
/// The store is damaged.
pub fn paths(snapshot: &Snapshot, funnel: &Funnel, span: Span, part: Part, depth: usize, top: usize) -> Result<Paths> {
    let unmeasurable = units::unmeasurable(funnel, snapshot.channel_kinds());
    let mut columns = funnel.columns();
    columns.extend(["account", "question"]);
    columns.extend((!unmeasurable.is_empty()).then_some("channel"));
    columns.sort_unstable();
    columns.dedup();
    let reading = Reading { columns: &columns, since: span.since, until: span.until };
    let begin = || (Walker::default(), Numbered::default());
    let parts = snapshot.fold(&reading, begin, |(walker, found), shard| {
        walker.walk(funnel, &unmeasurable, &span, shard, |walked| {
            if let Some((sequence, went_on)) = follow(funnel, shard, &walked, part, depth, &mut found.names) {
                add(found.counts.entry(sequence).or_default(), Count { units: 1, went_on: u64::from(went_on) });
            }
        });
        Ok(())
    })?;
    let mut sequences = Sequences::new();
    for (_, found) in parts {
        let name = |&code: &u32| found.names.get(code).unwrap_or(NOTHING).to_owned();
        for (sequence, count) in &found.counts {
            add(sequences.entry(sequence.iter().map(name).collect()).or_default(), *count);
        }
    }
    Ok(gather(sequences, matches!(part, Part::Before(_)), top))
}

/// Sequences of one thread. Events are numbered, because there are few different ones and many sequences.
#[derive(Default)]
struct Numbered {
    names: Words,
    counts: BTreeMap<Vec<u32>, Count>,
}

fn add(count: &mut Count, other: Count) {
    count.units += other.units;
    count.went_on += other.went_on;
}

/// Everything that is told of paths follows from their sequences.
fn gather(sequences: Sequences, backwards: bool, top: usize) -> Paths {
    let mut paths = Paths::default();
    let mut nearest: BTreeMap<String, Count> = BTreeMap::new();
    let mut links: BTreeMap<(usize, String, String), u64> = BTreeMap::new();
    for (sequence, count) in &sequences {
        paths.units += count.units;
        paths.went_on += count.went_on;
        let near = if backwards { sequence.last() } else { sequence.first() };
        add(nearest.entry(near.cloned().unwrap_or_else(|| NOTHING.to_owned())).or_default(), *count);
        for (place, pair) in sequence.windows(2).enumerate() {
            if let [from, to] = pair {
                *links.entry((place, from.clone(), to.clone())).or_default() += count.units;
            }
        }
    }
    paths.sequences = most_frequent(sequences, top);
    paths.nearest = most_frequent(nearest, top);
    paths.links = links.into_iter().collect();
    paths
}

fn most_frequent<K: Ord + Clone>(counts: BTreeMap<K, Count>, top: usize) -> Vec<(K, Count)> {
    let mut counts: Vec<(K, Count)> = counts.into_iter().collect();
    counts.sort_by(|left, right| right.1.units.cmp(&left.1.units).then_with(|| left.0.cmp(&right.0)));
    counts.truncate(top);
    counts
}

/// The sequence of one unit, and whether it went on; `None` if it did not get to the step.
fn follow(
    funnel: &Funnel,
    shard: &Shard,
    walked: &Walked<'_>,
    part: Part,
    depth: usize,
    names: &mut Words,
) -> Option<(Vec<u32>, bool)> {
    let row_of = |step: usize| walked.rows().nth(step).flatten();
    let entered = row_of(0)?;
    let window_ends = shard.at().get(entered)?.saturating_add(funnel.rules.window);
    let (range, went_on) = match part {
        Part::Before(step) => (walked.span.start..row_of(step)?, true),
        Part::Between(from, to) => (row_of(from)? + 1..row_of(to)?, true),
        Part::After(step) => {
            let row = row_of(step)?;
            let next = walked.rows().skip(step + 1).flatten().next();
            (row + 1..next.unwrap_or(walked.span.end), next.is_some())
        }
    };
    let (accounts, _) = shard.words("account");
    let account = |row: usize| accounts.get(row).copied().unwrap_or(NULL);
    let own = account(entered);
    let is_told = |row: &usize| {
        let kind = shard.kind()[*row];
        let tells = kind.is_act() || matches!(kind, Kind::OptedOutSoft | Kind::OptedOutHard | Kind::OptedIn);
        // The message that carries a question is told by the question.
        let twice = kind == Kind::MessageSent
            && shard.kind().get(row + 1) == Some(&Kind::QuestionAsked)
            && shard.at().get(row + 1) == shard.at().get(*row);
        let same = own == NULL || account(*row) == NULL || account(*row) == own;
        tells && !twice && same && shard.at()[*row] <= window_ends
    };
    let (questions, texts) = shard.words("question");
    let mut name = |row: usize| {
        let kind = shard.kind()[row].name();
        match questions.get(row).and_then(|&code| texts.get(code)) {
            Some(question) => names.code(&format!("{kind} {question}")),
            None => names.code(kind),
        }
    };
    let backwards = matches!(part, Part::Before(_));
    let mut rows: Vec<usize> = if backwards {
        range.rev().filter(is_told).take(depth + 1).collect()
    } else {
        range.filter(is_told).take(depth + 1).collect()
    };
    let goes_on = rows.len() > depth;
    rows.truncate(depth);
    let mut sequence: Vec<u32> = rows.into_iter().map(&mut name).collect();
    if goes_on {
        sequence.push(names.code(MORE));
    }
    if backwards {
        sequence.reverse();
    }
    if sequence.is_empty() {
        sequence.push(names.code(NOTHING));
    }
    Some((sequence, went_on))
}

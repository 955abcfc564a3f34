//! Units: the events of a shard become the entries of contacts, conversations and attempts, and these are walked.
//!
//! Counts nothing; whoever counts, lists people or follows paths takes the ways from here.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use super::definition::{Attribution, Funnel, Hold, Step, Unit};
use super::matching::Matching;
use super::ordered::Scratch;
use super::way::{Entry, NOWHERE, Way};
use crate::event::Kind;
use crate::store::Shard;
use crate::store::rows::NO_MESSAGE;
use crate::store::words::NULL;

/// The column whose values are compared by their keys, because reading and comparing texts would cost more than the walk.
const MESSAGE: &str = "message_id";
/// "No value", among codes of words and keys of messages alike.
const UNKNOWN: i64 = 0;
const _: () = assert!(NO_MESSAGE == UNKNOWN && NULL == 0);

/// What a walk depends on besides the funnel and the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Only events that are not earlier. Microseconds.
    pub since: Option<i64>,
    /// Only events that are earlier. Microseconds.
    pub until: Option<i64>,
    /// The last instant of the log that counts: what could still change after it is open. Microseconds.
    pub known_until: i64,
    /// A conversation ends when neither side acted for longer than this. Microseconds.
    pub session_gap: i64,
}

impl Span {
    /// From `since` up to but not including `until`, in a log whose last event is at `end`. All in microseconds.
    #[must_use]
    pub fn new(since: Option<i64>, until: Option<i64>, end: i64, session_gap: i64) -> Self {
        Self { since, until, known_until: until.map_or(end, |until| end.min(until - 1)), session_gap }
    }

    fn holds(&self, at: i64) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

/// A channel whose contacts are left out of a funnel, because its log cannot tell of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmeasurable {
    /// The channel.
    pub channel: String,
    /// The first step that the log cannot tell of.
    pub step: String,
}

/// Channels whose logs hold nothing that a required step asks for, where only the platform could tell: on them the step is
/// unknown, not zero.
#[must_use]
pub(super) fn unmeasurable(funnel: &Funnel, channel_kinds: &BTreeSet<(String, Kind)>) -> Vec<Unmeasurable> {
    let channels: BTreeSet<&str> = channel_kinds.iter().map(|(channel, _)| channel.as_str()).collect();
    let asked = |step: &Step| -> Vec<Kind> {
        let passes = |kind: &Kind| {
            let mut on_kind = step.conditions.iter().filter(|condition| condition.column == "kind");
            on_kind.all(|condition| condition.test.passes(Some(kind.name())))
        };
        Kind::ALL.iter().copied().filter(passes).collect()
    };
    let required = funnel.steps.iter().enumerate().filter(|(step, _)| funnel.rules.optional >> step & 1 == 0);
    let asked: Vec<(&Step, Vec<Kind>)> = required.map(|(_, step)| (step, asked(step))).collect();
    let find = |channel: &str| {
        let told = |kind: &Kind| channel_kinds.contains(&(channel.to_owned(), *kind));
        asked.iter().find(|(_, kinds)| kinds.iter().all(|kind| kind.is_reported()) && !kinds.iter().any(told))
    };
    channels
        .into_iter()
        .filter_map(|channel| {
            find(channel).map(|(step, _)| Unmeasurable { channel: channel.to_owned(), step: step.name.clone() })
        })
        .collect()
}

/// A unit that entered, and how far it got.
pub(super) struct Walked<'w> {
    /// The rows of its contact in the shard.
    pub(super) contact: Range<usize>,
    /// Its entries.
    pub(super) entries: &'w [Entry],
    /// Its way.
    pub(super) way: &'w Way,
    /// With attribution to all values, the code of the value.
    pub(super) value: Option<u32>,
}

impl Walked<'_> {
    /// The rows that filled the steps, first to last; `None` where a step was not passed.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = Option<usize>> + '_ {
        self.way.entries.iter().take(self.way.reached).map(|&entry| self.entry(entry).map(|entry| entry.row as usize))
    }

    /// The instant of each step; `None` where it was not passed.
    pub(super) fn instants(&self) -> impl DoubleEndedIterator<Item = Option<i64>> + '_ {
        self.way.entries.iter().take(self.way.reached).map(|&entry| self.entry(entry).map(|entry| entry.at))
    }

    /// Whether the way is not over: it may still go on within the time it is allowed. A later attempt that has not got as
    /// far does not count: what was lost stays lost until something better is reached.
    pub(super) fn is_open(&self, funnel: &Funnel, span: &Span) -> bool {
        let rules = &funnel.rules;
        let Some(first) = self.instants().flatten().next() else { return false };
        let until = self.way.open_until.min(first.saturating_add(rules.window));
        !self.way.excluded && self.way.reached < rules.n_steps && until > span.known_until
    }

    fn entry(&self, number: u32) -> Option<&Entry> {
        if number == NOWHERE { None } else { self.entries.get(number as usize) }
    }
}

/// Walks shards one after the other, with buffers that go from unit to unit.
#[derive(Debug, Default)]
pub(super) struct Walker {
    matching: Matching,
    scratch: Scratch,
    entries: Vec<Entry>,
    part: Vec<Entry>,
    best: Vec<Entry>,
    shares: Shares,
    conversations: Conversations,
}

impl Walker {
    /// Calls `each` with every unit of the shard that entered the funnel.
    pub(super) fn walk(
        &mut self,
        funnel: &Funnel,
        unmeasurable: &[Unmeasurable],
        span: &Span,
        shard: &Shard,
        mut each: impl FnMut(Walked<'_>),
    ) {
        self.matching.find(funnel, shard);
        let (channels, names) = shard.words("channel");
        let left_out: Vec<u32> = unmeasurable.iter().filter_map(|one| names.find(&one.channel)).collect();
        for contact in shard.contacts() {
            if !left_out.is_empty() && channels.get(contact.start).is_some_and(|channel| left_out.contains(channel)) {
                continue;
            }
            self.collect(funnel, span, shard, contact.clone());
            if self.entries.is_empty() {
                continue;
            }
            if funnel.unit != Unit::Conversation {
                let entries = std::mem::take(&mut self.entries);
                self.unit(funnel, shard, &contact, &entries, &mut each);
                self.entries = entries;
                continue;
            }
            let entries = std::mem::take(&mut self.entries);
            let mut split = std::mem::take(&mut self.conversations);
            split.split(shard, contact.clone(), span.session_gap, &entries);
            for conversation in split.each() {
                self.unit(funnel, shard, &contact, conversation, &mut each);
            }
            self.entries = entries;
            self.conversations = split;
        }
    }

    /// Gathers the contact's entries; none if nothing of theirs fills the first step.
    fn collect(&mut self, funnel: &Funnel, span: &Span, shard: &Shard, contact: Range<usize>) {
        self.entries.clear();
        let (instants, kinds) = (shard.at(), shard.kind());
        let mut all = 0;
        for row in contact {
            let (steps, excludes) = self.matching.of(row);
            if steps | excludes == 0 && !funnel.order.minds(kinds[row]) {
                continue;
            }
            let at = instants[row];
            if span.holds(at) {
                all |= steps;
                self.entries.push(Entry { at, row: u32::try_from(row).unwrap_or(NOWHERE), steps, excludes });
            }
        }
        let enters = if funnel.order.counts_steps() { all != 0 } else { all & 1 != 0 };
        if !enters {
            self.entries.clear();
        }
    }

    fn unit(
        &mut self,
        funnel: &Funnel,
        shard: &Shard,
        contact: &Range<usize>,
        entries: &[Entry],
        each: &mut impl FnMut(Walked<'_>),
    ) {
        let all = Hold { column: "", steps: u32::MAX };
        let by_value = funnel.attribution == Attribution::All;
        let (hold, column) = match (&funnel.hold, by_value) {
            (Some(hold), _) => (hold, hold.column),
            (None, true) => (&all, funnel.value_column().unwrap_or_default()),
            (None, false) => return self.go(funnel, contact, entries, None, each),
        };
        let (codes, keys) = (shard.words(column).0, shard.message_key());
        let by_message = column == MESSAGE;
        let code = |entry: &Entry| match entry.row as usize {
            row if by_message => keys.get(row).copied().unwrap_or(NO_MESSAGE),
            row => codes.get(row).copied().map_or(UNKNOWN, i64::from),
        };
        let mut shares = std::mem::take(&mut self.shares);
        shares.divide(entries, hold, code);
        if by_value || funnel.unit == Unit::Attempt {
            for held in shares.held.chunk_by(|left, right| left.0 == right.0) {
                let value = shares.part(held, entries, hold, code, funnel.rules.window, &mut self.part);
                let part = std::mem::take(&mut self.part);
                let value = value.filter(|_| by_value).and_then(|value| u32::try_from(value).ok());
                self.go(funnel, contact, &part, value, each);
                self.part = part;
            }
        } else {
            self.furthest(funnel, contact, (entries, hold, &shares, &code), each);
        }
        self.shares = shares;
    }

    /// Of the ways with one value each, the furthest; of several, the one that got there first, and of those that got there by
    /// the same event, the one that began last.
    fn furthest(
        &mut self,
        funnel: &Funnel,
        contact: &Range<usize>,
        (entries, hold, shares, code): (&[Entry], &Hold, &Shares, &impl Fn(&Entry) -> i64),
        each: &mut impl FnMut(Walked<'_>),
    ) {
        let mut best: Option<Way> = None;
        let mut best_entries = std::mem::take(&mut self.best);
        for held in shares.held.chunk_by(|left, right| left.0 == right.0) {
            shares.part(held, entries, hold, code, funnel.rules.window, &mut self.part);
            let way = funnel.order.walk(&funnel.rules, &self.part, &mut self.scratch);
            let is_better = way.reached > 0
                && best.as_ref().is_none_or(|known| {
                    let by_time = || later(known, &best_entries, &way, &self.part).is_gt();
                    way.reached > known.reached || (way.reached == known.reached && by_time())
                });
            if is_better {
                best = Some(way);
                best_entries.clone_from(&self.part);
            }
        }
        if let Some(way) = best {
            each(Walked { contact: contact.clone(), entries: &best_entries, way: &way, value: None });
        }
        self.best = best_entries;
    }

    fn go(
        &mut self,
        funnel: &Funnel,
        contact: &Range<usize>,
        entries: &[Entry],
        value: Option<u32>,
        each: &mut impl FnMut(Walked<'_>),
    ) {
        if funnel.unit == Unit::Attempt {
            for way in funnel.order.attempts(&funnel.rules, entries, &mut self.scratch) {
                each(Walked { contact: contact.clone(), entries, way: &way, value });
            }
            return;
        }
        let way = funnel.order.walk(&funnel.rules, entries, &mut self.scratch);
        if way.reached > 0 {
            each(Walked { contact: contact.clone(), entries, way: &way, value });
        }
    }
}

/// Which of two ways that got equally far comes later: the one that got there later; of two that got there by the same event,
/// the one that passed its other steps earlier, first step first. Events say it, never the order of the values, which are
/// hashes.
fn later(left: &Way, left_entries: &[Entry], right: &Way, right_entries: &[Entry]) -> Ordering {
    let rows = |way: &Way, entries: &[Entry]| -> Vec<u32> {
        let passed = way.entries.iter().take(way.reached).filter_map(|&number| entries.get(number as usize));
        passed.map(|entry| entry.row).collect()
    };
    let (left, right) = (rows(left, left_entries), rows(right, right_entries));
    left.last().cmp(&right.last()).then_with(|| right.cmp(&left))
}

/// A unit's entries by the value that their ways must share.
#[derive(Debug, Default)]
struct Shares {
    /// Value and number of each entry that fits a held step, by value.
    held: Vec<(i64, u32)>,
    /// Numbers of the entries that fit another step or an exclusion, or that only stand between.
    free: Vec<u32>,
}

impl Shares {
    fn divide(&mut self, entries: &[Entry], hold: &Hold, code: impl Fn(&Entry) -> i64) {
        self.held.clear();
        self.free.clear();
        for (number, entry) in (0..).zip(entries) {
            let value = code(entry);
            if entry.steps & hold.steps != 0 && value != UNKNOWN {
                self.held.push((value, number));
            } else {
                self.free.push(number);
            }
        }
        self.held.sort_unstable();
    }

    /// Gathers the entries that can be on a way with the value of `held`: these, and of the others those that carry
    /// another value nowhere it matters. What carries none contradicts no value, except that the first of the held steps
    /// must say which value it is. Returns the value.
    fn part(
        &self,
        held: &[(i64, u32)],
        entries: &[Entry],
        hold: &Hold,
        code: impl Fn(&Entry) -> i64,
        window: i64,
        part: &mut Vec<Entry>,
    ) -> Option<i64> {
        part.clear();
        let (&(value, first), &(_, last)) = (held.first()?, held.last()?);
        let end = entries.get(last as usize)?.at.saturating_add(window);
        // The first of the held steps.
        let begins = hold.steps & hold.steps.wrapping_neg();
        // Where the way begins with a held step, nothing before the first of them can be on it.
        let begin = if hold.steps & 1 == 0 { 0 } else { self.free.partition_point(|&number| number < first) };
        let mut held = held.iter().map(|&(_, number)| number).peekable();
        let mut free = self.free.iter().skip(begin).copied().peekable();
        while let Some(number) = match (held.peek(), free.peek()) {
            (Some(left), Some(right)) if left < right => held.next(),
            (_, Some(_)) => free.next(),
            (_, None) => held.next(),
        } {
            let entry = entries.get(number as usize)?;
            if entry.at > end {
                break;
            }
            let (steps, excludes) = match code(entry) {
                carried if carried == value => (entry.steps, entry.excludes),
                UNKNOWN => (entry.steps & !begins, entry.excludes),
                _ => (entry.steps & !hold.steps, 0),
            };
            if steps | excludes != 0 || entry.steps | entry.excludes == 0 {
                part.push(Entry { steps, excludes, ..*entry });
            }
        }
        Some(value)
    }
}

/// Splits a contact's entries by conversation: the acts of a contact and an account, until both are quiet for longer than
/// the session gap. What is no act belongs to the conversation before it, or to the first one.
#[derive(Debug, Default)]
struct Conversations {
    /// Account, number of its running conversation, last act.
    running: Vec<(u32, u32, i64)>,
    entries: Vec<(u32, Entry)>,
    sorted: Vec<Entry>,
    ends: Vec<usize>,
}

impl Conversations {
    fn split(&mut self, shard: &Shard, contact: Range<usize>, gap: i64, entries: &[Entry]) {
        let (accounts, _) = shard.words("account");
        let account = |row: usize| accounts.get(row).copied().unwrap_or(NULL);
        let mut known = contact.clone().map(account).filter(|&account| account != NULL);
        let first = known.next().unwrap_or(NULL);
        // A log that does not name the account speaks of the only one there is.
        let only = if known.all(|account| account == first) { first } else { NULL };
        self.running.clear();
        self.entries.clear();
        let mut n_conversations = 0;
        let mut next = entries.iter().peekable();
        for row in contact {
            let account = if account(row) == NULL { only } else { account(row) };
            let (at, acts) = (shard.at()[row], shard.kind()[row].is_act());
            let place = self.running.iter().position(|(known, ..)| *known == account).unwrap_or_else(|| {
                self.running.push((account, n_conversations, i64::MIN));
                n_conversations += 1;
                self.running.len() - 1
            });
            if let Some((_, number, last)) = self.running.get_mut(place) {
                if acts {
                    if *last != i64::MIN && at - *last > gap {
                        *number = n_conversations;
                        n_conversations += 1;
                    }
                    *last = at;
                }
                if let Some(entry) = next.next_if(|entry| entry.row as usize == row) {
                    self.entries.push((*number, *entry));
                }
            }
        }
        self.entries.sort_by_key(|(number, entry)| (*number, entry.row));
        self.sorted.clear();
        self.ends.clear();
        for conversation in self.entries.chunk_by(|left, right| left.0 == right.0) {
            self.sorted.extend(conversation.iter().map(|(_, entry)| *entry));
            self.ends.push(self.sorted.len());
        }
    }

    fn each(&self) -> impl Iterator<Item = &[Entry]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, &end)| self.sorted.get(start..end))
    }
}

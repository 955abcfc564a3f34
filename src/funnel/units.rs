//! Units: the events of a shard become the entries of contacts, conversations and attempts, and these are walked.
//!
//! Counts nothing; whoever counts, lists people or follows paths takes the ways from here.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use super::conversations::Conversations;
use super::definition::{Attribution, Funnel, Hold, Step, Unit};
use super::matching::{Matching, halves};
use super::ordered::Scratch;
use super::shares::{Shares, Terms, UNKNOWN};
use super::way::{Entry, NOWHERE, Way};
use crate::event::Kind;
use crate::store::Shard;
use crate::store::rows::NO_MESSAGE;
use crate::store::words::NULL;

/// The column whose values are compared by their keys, because reading and comparing texts would cost more than the walk.
const MESSAGE: &str = "message_id";
const _: () = assert!(NO_MESSAGE == UNKNOWN && NULL == 0);

/// A place for an entry.
const NOTHING: Entry = Entry { at: 0, row: NOWHERE, steps: 0, excludes: 0 };

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

    pub(super) fn holds(&self, at: i64) -> bool {
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

/// The kinds of events that can fill a step.
fn kinds(step: &Step) -> Vec<Kind> {
    let passes = |kind: &Kind| {
        let mut on_kind = step.conditions.iter().filter(|condition| condition.column == "kind");
        on_kind.all(|condition| condition.test.passes(Some(kind.name())))
    };
    Kind::ALL.iter().copied().filter(passes).collect()
}

/// Channels whose logs hold nothing that a required step asks for, where only the platform could tell: on them the step is
/// unknown, not zero.
#[must_use]
pub fn unmeasurable(funnel: &Funnel, channel_kinds: &BTreeSet<(String, Kind)>) -> Vec<Unmeasurable> {
    let channels: BTreeSet<&str> = channel_kinds.iter().map(|(channel, _)| channel.as_str()).collect();
    let required = funnel.steps.iter().enumerate().filter(|(step, _)| funnel.rules.optional >> step & 1 == 0);
    let asked: Vec<(&Step, Vec<Kind>)> = required.map(|(_, step)| (step, kinds(step))).collect();
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
    /// The rows of the unit: of a conversation from its first to its last, else those of the contact.
    pub(super) span: Range<usize>,
    /// When the unit is over whatever the funnel allows; `i64::MAX` if never.
    pub(super) over_at: i64,
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

    /// Whether the way is not over: it may still go on within the time it is allowed, and so may its conversation. A later
    /// attempt that has not got further does not count: what was lost stays lost until something better is reached.
    pub(super) fn is_open(&self, funnel: &Funnel, span: &Span) -> bool {
        let Some(first) = self.instants().flatten().next() else { return false };
        let until = self.way.open_until.min(first.saturating_add(funnel.rules.window)).min(self.over_at);
        !self.way.excluded && self.way.reached < funnel.rules.n_steps && until > span.known_until
    }

    /// Whether any attempt may still go on, also one that has not got as far.
    pub(super) fn may_go_on(&self, funnel: &Funnel, span: &Span) -> bool {
        self.way.reached < funnel.rules.n_steps && self.way.open_until.min(self.over_at) > span.known_until
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
    /// Room for the entries of a contact.
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
        // What ends a conversation is that nobody acts; a receipt may still come.
        let by_acts = funnel.steps.iter().all(|step| kinds(step).iter().all(|kind| kind.is_act()));
        for contact in shard.contacts().iter().map(|contact| &contact.rows) {
            if !left_out.is_empty() && channels.get(contact.start).is_some_and(|channel| left_out.contains(channel)) {
                continue;
            }
            let n_entries = self.collect(funnel, span, shard, contact.clone());
            if n_entries == 0 {
                continue;
            }
            let buffer = std::mem::take(&mut self.entries);
            let entries = &buffer[..n_entries];
            let whole = Place { contact: contact.clone(), span: contact.clone(), over_at: i64::MAX };
            if funnel.unit == Unit::Conversation {
                let mut split = std::mem::take(&mut self.conversations);
                split.split(shard, contact.clone(), span, entries);
                for conversation in split.each() {
                    let over_at =
                        if by_acts { conversation.last_act.saturating_add(span.session_gap) } else { i64::MAX };
                    let place = Place { span: conversation.rows, over_at, ..whole.clone() };
                    self.unit(funnel, shard, &place, conversation.entries, &mut each);
                }
                self.conversations = split;
            } else {
                self.unit(funnel, shard, &whole, entries, &mut each);
            }
            self.entries = buffer;
        }
    }

    /// Gathers the contact's entries at the beginning of the buffer, and says how many they are: none if nothing of theirs
    /// fills the first step.
    fn collect(&mut self, funnel: &Funnel, span: &Span, shard: &Shard, contact: Range<usize>) -> usize {
        let (instants, kinds) = (&shard.at()[contact.clone()], &shard.kind()[contact.clone()]);
        let fits = self.matching.of_rows(contact.clone());
        let minds_others = Kind::ALL.iter().any(|&kind| funnel.order.minds(kind));
        self.entries.resize(self.entries.len().max(fits.len()), NOTHING);
        let (mut all, mut n) = (0, 0);
        for (((&fit, &at), &kind), row) in fits.iter().zip(instants).zip(kinds).zip(contact) {
            let (steps, excludes) = halves(fit);
            let is_kept = (fit != 0 || (minds_others && funnel.order.minds(kind))) && span.holds(at);
            // Without a branch: whether an event fits is as good as random.
            self.entries[n] = Entry { at, row: u32::try_from(row).unwrap_or(NOWHERE), steps, excludes };
            n += usize::from(is_kept);
            all |= if is_kept { steps } else { 0 };
        }
        let enters = if funnel.order.counts_steps() { all != 0 } else { all & 1 != 0 };
        if enters { n } else { 0 }
    }

    fn unit(
        &mut self,
        funnel: &Funnel,
        shard: &Shard,
        place: &Place,
        entries: &[Entry],
        each: &mut impl FnMut(Walked<'_>),
    ) {
        let all = Hold { column: "", steps: u32::MAX };
        let by_value = funnel.attribution == Attribution::All;
        let (hold, column) = match (&funnel.hold, by_value) {
            (Some(hold), _) => (hold, hold.column),
            (None, true) => (&all, funnel.value_column().unwrap_or_default()),
            (None, false) => return self.go(funnel, place, entries, None, each),
        };
        let (codes, keys) = (shard.words(column).0, shard.message_key());
        let by_message = column == MESSAGE;
        let value = |entry: &Entry| match entry.row as usize {
            row if by_message => keys.get(row).copied().unwrap_or(NO_MESSAGE),
            row => codes.get(row).copied().map_or(UNKNOWN, i64::from),
        };
        let minds = |entry: &Entry| shard.kind().get(entry.row as usize).is_some_and(|&kind| funnel.order.minds(kind));
        let first = hold.steps & hold.steps.wrapping_neg();
        let terms = Terms {
            hold,
            begins: if funnel.order.counts_steps() { 0 } else { first },
            exclusions_too: by_value,
            window: funnel.rules.window,
            value: &value,
            minds: &minds,
        };
        let mut shares = std::mem::take(&mut self.shares);
        shares.divide(entries, &terms);
        if by_value || funnel.unit == Unit::Attempt {
            let mut part = std::mem::take(&mut self.part);
            for share in shares.each() {
                shares.part(Some(share), entries, &terms, &mut part);
                let value = u32::try_from(share.value).ok().filter(|_| by_value);
                self.go(funnel, place, &part, value, each);
            }
            self.part = part;
        } else {
            self.furthest(funnel, place, entries, &shares, &terms, each);
        }
        self.shares = shares;
    }

    /// Of the ways with one value each, and of that without any, the furthest; of several, the one that got there first, and of
    /// those that got there by the same event, the one that began last.
    fn furthest(
        &mut self,
        funnel: &Funnel,
        place: &Place,
        entries: &[Entry],
        shares: &Shares,
        terms: &Terms<'_>,
        each: &mut impl FnMut(Walked<'_>),
    ) {
        let mut best: Option<Way> = None;
        let mut best_entries = std::mem::take(&mut self.best);
        let mut open_until = i64::MIN;
        // A way may begin without a value where the first step need not carry one.
        let without = (terms.begins & 1 == 0).then_some(None);
        for share in without.into_iter().chain(shares.each().map(Some)) {
            // Values come in the order of their first entries: what begins later cannot get there earlier.
            let complete = best.as_ref().filter(|way| way.reached == funnel.rules.n_steps);
            let last = complete.and_then(|way| way.entries.get(way.reached - 1)).copied();
            let done = last.and_then(|last| best_entries.get(last as usize)).map(|entry| entry.row);
            let begun = share.and_then(|share| entries.get(share.first as usize)).map(|entry| entry.row);
            if done.zip(begun).is_some_and(|(done, begun)| begun > done) {
                break;
            }
            shares.part(share, entries, terms, &mut self.part);
            let way = funnel.order.walk(&funnel.rules, &self.part, &mut self.scratch);
            open_until = open_until.max(way.open_until);
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
            let way = Way { open_until: open_until.max(way.open_until), ..way };
            each(place.walked(&best_entries, &way, None));
        }
        self.best = best_entries;
    }

    fn go(
        &mut self,
        funnel: &Funnel,
        place: &Place,
        entries: &[Entry],
        value: Option<u32>,
        each: &mut impl FnMut(Walked<'_>),
    ) {
        if funnel.unit == Unit::Attempt {
            for way in funnel.order.attempts(&funnel.rules, entries, &mut self.scratch) {
                each(place.walked(entries, &way, value));
            }
            return;
        }
        let way = funnel.order.walk(&funnel.rules, entries, &mut self.scratch);
        if way.reached > 0 {
            each(place.walked(entries, &way, value));
        }
    }
}

/// Where a unit stands in the shard.
#[derive(Clone)]
struct Place {
    contact: Range<usize>,
    span: Range<usize>,
    over_at: i64,
}

impl Place {
    fn walked<'w>(&self, entries: &'w [Entry], way: &'w Way, value: Option<u32>) -> Walked<'w> {
        let Self { contact, span, over_at } = self.clone();
        Walked { contact, span, over_at, entries, way, value }
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

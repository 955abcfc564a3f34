//! Conversations: splits a contact's entries where the acts of the contact and an account pause for longer than the
//! session gap. What is no act belongs to the conversation before it, or to the first one.

use std::ops::Range;

use super::units::Span;
use super::way::Entry;
use crate::store::Shard;
use crate::store::words::NULL;

/// The conversations of one contact.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    /// Account and number of its running conversation.
    running: Vec<(u32, usize)>,
    found: Vec<Found>,
    entries: Vec<(usize, Entry)>,
    sorted: Vec<Entry>,
    parts: Vec<(usize, Range<usize>)>,
}

/// A conversation with entries.
pub(super) struct Conversation<'c> {
    /// Its entries.
    pub(super) entries: &'c [Entry],
    /// From its first row to its last. Rows of other accounts may lie between.
    pub(super) rows: Range<usize>,
    /// When its last act happened; `i64::MIN` if there was none.
    pub(super) last_act: i64,
}

#[derive(Clone, Copy, Debug)]
struct Found {
    first_row: usize,
    last_row: usize,
    last_act: i64,
}

impl Conversations {
    pub(super) fn split(&mut self, shard: &Shard, contact: Range<usize>, span: &Span, entries: &[Entry]) {
        let Self { running, found, entries: numbered, sorted, parts } = self;
        let (accounts, _) = shard.words("account");
        let account = |row: usize| accounts.get(row).copied().unwrap_or(NULL);
        let mut known = contact.clone().map(account).filter(|&account| account != NULL);
        let first = known.next().unwrap_or(NULL);
        // A log that does not name the account speaks of the only one there is.
        let only = if known.all(|account| account == first) { first } else { NULL };
        running.clear();
        found.clear();
        numbered.clear();
        let mut next = entries.iter().peekable();
        for row in contact.filter(|&row| span.holds(shard.at()[row])) {
            let account = if account(row) == NULL { only } else { account(row) };
            let (at, acts) = (shard.at()[row], shard.kind()[row].is_act());
            let begin = |found: &mut Vec<Found>| {
                found.push(Found { first_row: row, last_row: row, last_act: i64::MIN });
                found.len() - 1
            };
            let place = running.iter().position(|(known, _)| *known == account).unwrap_or_else(|| {
                running.push((account, begin(found)));
                running.len() - 1
            });
            let Some((_, number)) = running.get_mut(place) else { continue };
            let is_over = |one: &Found| one.last_act != i64::MIN && at - one.last_act > span.session_gap;
            if acts && found.get(*number).is_some_and(is_over) {
                *number = begin(found);
            }
            if let Some(one) = found.get_mut(*number) {
                one.last_row = row;
                one.last_act = if acts { at } else { one.last_act };
            }
            if let Some(entry) = next.next_if(|entry| entry.row as usize == row) {
                numbered.push((*number, *entry));
            }
        }
        numbered.sort_by_key(|(number, entry)| (*number, entry.row));
        sorted.clear();
        parts.clear();
        for conversation in numbered.chunk_by(|left, right| left.0 == right.0) {
            let begin = sorted.len();
            sorted.extend(conversation.iter().map(|(_, entry)| *entry));
            parts.extend(conversation.first().map(|(number, _)| (*number, begin..sorted.len())));
        }
    }

    /// The conversations with entries, in the order in which they began.
    pub(super) fn each(&self) -> impl Iterator<Item = Conversation<'_>> {
        self.parts.iter().filter_map(|(number, part)| {
            let found = self.found.get(*number)?;
            Some(Conversation {
                entries: self.sorted.get(part.clone())?,
                rows: found.first_row..found.last_row + 1,
                last_act: found.last_act,
            })
        })
    }
}

//! People: who was lost at a step, for writing to them again. Whoever opted out or asked to be erased is left out.

use super::definition::Funnel;
use super::units::{self, Span, Walker};
use crate::error::Result;
use crate::event::Kind;
use crate::store::words::NULL;
use crate::store::{Reading, Shard, Snapshot};

/// A contact who was lost at a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    /// The channel.
    pub channel: String,
    /// Pseudonym, or the plain id if the store keeps it.
    pub contact_id: String,
    /// The account that the contact dealt with at the step.
    pub account: Option<String>,
    /// When they entered the funnel. Microseconds.
    pub entered_at: i64,
    /// When they got to the step at which they were lost. Microseconds.
    pub lost_at: i64,
}

/// The contacts who got to the step, counted from 0, no further, and no longer can, sorted by channel and id, each once.
///
/// Permission is that of the whole store, whatever range of time is asked for: whoever opted out yesterday must not be
/// written to because of a funnel of May.
///
/// # Errors
/// The store is damaged.
pub fn lost(snapshot: &Snapshot, funnel: &Funnel, span: Span, step: usize) -> Result<Vec<Person>> {
    let unmeasurable = units::unmeasurable(funnel, snapshot.channel_kinds());
    let mut columns = funnel.columns();
    columns.extend(["channel", "account", "contact_id"]);
    columns.sort_unstable();
    columns.dedup();
    let reading = Reading { columns: &columns, since: None, until: None };
    let begin = || (Walker::default(), Vec::new());
    let parts = snapshot.fold(&reading, begin, |(walker, people), shard| {
        walker.walk(funnel, &unmeasurable, &span, shard, |walked| {
            let is_lost = walked.way.reached == step + 1
                && walked.way.reached < funnel.rules.n_steps
                && !walked.is_open(funnel, &span);
            if !is_lost || !may_be_written_to(shard, walked.contact.clone()) {
                return;
            }
            let (entered, last) = (walked.instants().flatten().next(), walked.instants().rev().flatten().next());
            let row = walked.rows().rev().flatten().next().unwrap_or(walked.contact.start);
            let word = |column: &str, row: usize| {
                let (codes, words) = shard.words(column);
                codes.get(row).and_then(|&code| words.get(code)).map(str::to_owned)
            };
            people.push(Person {
                channel: word("channel", row).unwrap_or_default(),
                contact_id: word("contact_id", row).unwrap_or_default(),
                account: word("account", row),
                entered_at: entered.unwrap_or_default(),
                lost_at: last.unwrap_or_default(),
            });
        });
        Ok(())
    })?;
    let mut people: Vec<Person> = parts.into_iter().flat_map(|(_, people)| people).collect();
    people.sort_unstable();
    // Of several conversations or attempts the last one tells when the contact was last seen there.
    people.reverse();
    people.dedup_by(|earlier, later| (&earlier.channel, &earlier.contact_id) == (&later.channel, &later.contact_id));
    people.reverse();
    Ok(people)
}

/// Whether the contact has opted out of no account, or in again since, and has not asked to be erased.
fn may_be_written_to(shard: &Shard, contact: std::ops::Range<usize>) -> bool {
    let (accounts, _) = shard.words("account");
    let mut left: Vec<u32> = Vec::new();
    for row in contact {
        let account = accounts.get(row).copied().unwrap_or(NULL);
        match shard.kind()[row] {
            Kind::OptedOutSoft | Kind::OptedOutHard => left.push(account),
            Kind::OptedIn => left.retain(|&known| known != account),
            Kind::ErasureRequested => return false,
            _ => {}
        }
    }
    left.is_empty()
}

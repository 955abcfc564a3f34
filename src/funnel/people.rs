//! People: who was lost at a step, for writing to them again. Whoever opted out or asked to be erased is left out.

use super::definition::Funnel;
use super::units::{self, Span, Walked, Walker};
use crate::error::{Error, Result};
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

/// The contacts who got to the step, counted from 0, and no further, with any conversation or attempt, and who are not on
/// their way again; sorted by channel and id, each once, with the last time.
///
/// Permission is that of the whole store, whatever range of time is asked for: whoever opted out yesterday must not be
/// written to because of a funnel of May.
///
/// # Errors
/// The store is damaged; or the step is the last, where nobody is lost.
pub fn lost(snapshot: &Snapshot, funnel: &Funnel, span: Span, step: usize) -> Result<Vec<Person>> {
    if step + 1 >= funnel.rules.n_steps {
        return Err(Error::Usage(format!("'{}' is the last step: who got there was not lost", funnel.step_name(step))));
    }
    let unmeasurable = units::unmeasurable(funnel, snapshot.channel_kinds());
    let mut columns = funnel.columns();
    columns.extend(["channel", "account", "contact_id"]);
    columns.sort_unstable();
    columns.dedup();
    let reading = Reading { columns: &columns, since: None, until: None };
    let begin = || (Walker::default(), Vec::new());
    let parts = snapshot.fold(&reading, begin, |(walker, people), shard| {
        // Units of one contact come one after the other.
        let mut last: Option<(usize, Standing)> = None;
        let mut settle =
            |last: Option<(usize, Standing)>| people.extend(last.and_then(|(_, standing)| standing.lost()));
        walker.walk(funnel, &unmeasurable, &span, shard, |walked| {
            let contact = walked.contact.start;
            if last.as_ref().is_none_or(|(known, _)| *known != contact) {
                settle(last.take());
                last = Some((contact, Standing::default()));
            }
            if let Some((_, standing)) = &mut last {
                standing.take(funnel, &span, shard, &walked, step);
            }
        });
        settle(last);
        Ok(())
    })?;
    let mut people: Vec<Person> = parts.into_iter().flat_map(|(_, people)| people).collect();
    people.sort_unstable();
    Ok(people)
}

/// What is known of a contact by one unit after the other.
#[derive(Default)]
struct Standing {
    /// Got further, is still on the way, or must not be written to.
    let_be: bool,
    person: Option<Person>,
}

impl Standing {
    fn take(&mut self, funnel: &Funnel, span: &Span, shard: &Shard, walked: &Walked<'_>, step: usize) {
        self.let_be |= walked.way.reached > step + 1 || walked.may_go_on(funnel, span);
        if self.let_be || walked.way.reached != step + 1 {
            return;
        }
        self.let_be |= !may_be_written_to(shard, walked.contact.clone());
        let (entered, last) = (walked.instants().flatten().next(), walked.instants().rev().flatten().next());
        let row = walked.rows().rev().flatten().next().unwrap_or(walked.contact.start);
        let word = |column: &str| {
            let (codes, words) = shard.words(column);
            codes.get(row).and_then(|&code| words.get(code)).map(str::to_owned)
        };
        let lost_at = last.unwrap_or_default();
        if self.person.as_ref().is_none_or(|known| known.lost_at <= lost_at) {
            self.person = Some(Person {
                channel: word("channel").unwrap_or_default(),
                contact_id: word("contact_id").unwrap_or_default(),
                account: word("account"),
                entered_at: entered.unwrap_or_default(),
                lost_at,
            });
        }
    }

    fn lost(self) -> Option<Person> {
        self.person.filter(|_| !self.let_be)
    }
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

//! Billing: what decides what a message costs besides its price: conversations that are charged as one, and the free time
//! after an ad.
//!
//! Runs after the walk over one contact's events. Knows no price: those stand on a price card, which facts do not read.

use super::messages::{CATEGORY, Message};
use super::walk::Walk;
use crate::event::{Kind, SECOND};

/// Columns of messages that only this module fills.
pub(super) const COLUMNS: [&str; 2] = ["opens_billing", "after_ad"];
/// Words of messages that it looks at.
pub(super) const WORDS: [&str; 1] = ["category"];
/// Columns of the events table that it looks at.
pub(super) const EVENTS: [&str; 2] = ["account", "category"];

const HOUR: i64 = 3_600 * SECOND;
/// How long a conversation lasts that is charged as one (WhatsApp, until June 2025).
const CONVERSATION: i64 = 24 * HOUR;
/// So soon the business has to answer a contact who came by an ad, or nothing is free (WhatsApp: free entry points).
const ANSWER: i64 = 24 * HOUR;
/// How long everything is free from that answer on.
const FREE: i64 = 72 * HOUR;

/// A conversation as a platform charges it: of one account and one category.
struct Charged {
    account: u32,
    category: u32,
    began_at: i64,
}

/// How a contact and an account stand since an ad brought them together.
struct Entry {
    account: u32,
    /// When the contact came by the last ad that was not answered yet.
    came_at: Option<i64>,
    /// When the last of these was answered.
    answered_at: Option<i64>,
}

/// Finds what decides the cost of each message of the contact that was walked.
pub(super) fn find(walk: &mut Walk<'_>) {
    let mut charged: Vec<Charged> = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut next_message = 0;
    for row in walk.rows.clone() {
        if walk.begun_by.get(next_message) == Some(&row) {
            let message = &mut walk.messages[next_message];
            if message.reached {
                message.opens_billing = opens(&mut charged, message);
            }
            let entry = entries.iter_mut().find(|entry| entry.account == message.account);
            message.after_ad = entry.is_some_and(|entry| entry.is_free(message));
            next_message += 1;
        }
        if walk.shard.kind()[row] == Kind::Referral {
            let (account, came_at) = (walk.account(row), Some(walk.shard.at()[row]));
            match entries.iter_mut().find(|entry| entry.account == account) {
                Some(entry) => entry.came_at = came_at,
                None => entries.push(Entry { account, came_at, answered_at: None }),
            }
        }
    }
}

/// Whether the message begins a conversation that is charged; if so, it runs from now on.
fn opens(charged: &mut Vec<Charged>, message: &Message) -> bool {
    let (account, category, at) = (message.account, message.words[CATEGORY], message.sent_at);
    match charged.iter_mut().find(|known| (known.account, known.category) == (account, category)) {
        Some(known) if at - known.began_at <= CONVERSATION => return false,
        Some(known) => known.began_at = at,
        None => charged.push(Charged { account, category, began_at: at }),
    }
    true
}

impl Entry {
    /// Whether the message falls into the free time, which the first answer that arrives begins.
    fn is_free(&mut self, message: &Message) -> bool {
        let at = message.sent_at;
        if message.may_have_arrived()
            && let Some(came_at) = self.came_at.take()
            && at - came_at <= ANSWER
        {
            self.answered_at = Some(at);
        }
        self.answered_at.is_some_and(|answered_at| at - answered_at <= FREE)
    }
}

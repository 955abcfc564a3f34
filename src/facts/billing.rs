//! Billing: what decides what a message costs besides its price: conversations that are charged as one, and the free time
//! after an ad.
//!
//! Runs after the walk over one contact's events and after `compliance`, which tells forms. Knows no price: those stand on a price card, which facts do not read.

use super::index::Index;
use super::messages::{CATEGORY, Message};
use super::walk::Walk;
use crate::event::{Kind, SECOND};
use crate::store::Shard;
use crate::store::words::{NULL, Words};

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

/// The categories of a shard as platforms charge by them: in any case of letters, and by the form where none is told.
pub(super) struct Categories {
    /// By the code of the shard, from 1 on.
    folded: Vec<u32>,
    free_form: u32,
    template: u32,
}

impl Categories {
    pub(super) fn of(shard: &Shard) -> Self {
        let mut words = Words::default();
        let [free_form, template] = ["free_form", "template"].map(|form| words.code(form));
        let categories = shard.words("category").1.list().iter();
        Self { folded: categories.map(|word| words.code(&word.to_ascii_lowercase())).collect(), free_form, template }
    }

    /// One code for all that is charged as one.
    fn code(&self, message: &Message) -> u32 {
        match (message.words[CATEGORY], message.verdict.is_free_form) {
            (NULL, None) => NULL,
            (NULL, Some(true)) => self.free_form,
            (NULL, Some(false)) => self.template,
            (category, _) => self.folded.get((category as usize).wrapping_sub(1)).copied().unwrap_or(NULL),
        }
    }
}

/// How a contact and an account stand since an ad brought them together.
#[derive(Clone, Copy, Default)]
struct Entry {
    /// When the contact came by the last ad that was not answered yet.
    came_at: Option<i64>,
    /// When the last of these was answered.
    answered_at: Option<i64>,
}

/// Finds what decides the cost of each message of the contact that was walked.
pub(super) fn find(walk: &mut Walk<'_>, categories: &Categories) {
    // When the conversation of each account and category began.
    let mut charged: Index<(u32, u32), i64> = Index::default();
    let mut entries: Index<u32, Entry> = Index::default();
    let mut next_message = 0;
    for row in walk.rows.clone() {
        if walk.begun_by.get(next_message) == Some(&row) {
            let message = &mut walk.messages[next_message];
            if message.reached {
                message.opens_billing = opens(&mut charged, message, categories);
            }
            if let Some(mut entry) = entries.get(message.account) {
                message.after_ad = entry.is_free(message);
                entries.insert(message.account, entry);
            }
            next_message += 1;
        }
        if walk.shard.kind()[row] == Kind::Referral {
            let (account, came_at) = (walk.account(row), Some(walk.shard.at()[row]));
            let entry = entries.get(account).unwrap_or_default();
            entries.insert(account, Entry { came_at, ..entry });
        }
    }
}

/// Whether the message begins a conversation that is charged; if so, it runs from now on.
fn opens(charged: &mut Index<(u32, u32), i64>, message: &Message, categories: &Categories) -> bool {
    let (key, at) = ((message.account, categories.code(message)), message.sent_at);
    if charged.get(key).is_some_and(|began_at| at - began_at <= CONVERSATION) {
        return false;
    }
    charged.insert(key, at);
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

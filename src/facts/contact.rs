//! One contact's events become rows of every grain, and the rows of a shard become its tables.

use std::ops::Range;

use super::contacts::Contacts;
use super::conversations::Conversations;
use super::messages::Messages;
use super::opt_outs::OptOuts;
use super::table::SharedWords;
use super::visits::{Surroundings, Visits};
use super::walk::Walk;
use super::{Facts, NONE, Observable, Settings};
use crate::store::Shard;

/// A declared last question, in the codes of the shard: flow, version, question.
pub(super) type LastQuestion = (u32, Option<u32>, u32);

/// Collects the rows of a shard, contact by contact.
pub(super) struct Builder<'s> {
    pub(super) shard: &'s Shard,
    pub(super) settings: &'s Settings,
    observable: Vec<Observable>,
    pub(super) last_questions: Vec<LastQuestion>,
    pub(super) columns: Codes<'s>,
    contacts: Contacts,
    conversations: Conversations,
    messages: Messages,
    opt_outs: OptOuts,
    visits: Visits,
}

/// Columns of codes, by name.
pub(super) struct Codes<'s> {
    pub(super) channel: &'s [u32],
    pub(super) account: &'s [u32],
    pub(super) campaign: &'s [u32],
    pub(super) template: &'s [u32],
    pub(super) category: &'s [u32],
    pub(super) flow: &'s [u32],
    pub(super) flow_version: &'s [u32],
    pub(super) question: &'s [u32],
    pub(super) variant: &'s [u32],
    pub(super) topic: &'s [u32],
    pub(super) country: &'s [u32],
    pub(super) language: &'s [u32],
    pub(super) message_type: &'s [u32],
    pub(super) error_code: &'s [u32],
}

impl<'s> Builder<'s> {
    pub(super) fn new(shard: &'s Shard, settings: &'s Settings) -> Self {
        let codes = |name| shard.words(name).0;
        let find = |name, word: &str| shard.words(name).1.find(word);
        let observable = shard.words("channel").1.list().iter();
        Self {
            shard,
            settings,
            observable: observable.map(|name| settings.observable.get(name).copied().unwrap_or_default()).collect(),
            last_questions: settings
                .last_questions
                .iter()
                .filter_map(|(flow, version, question)| {
                    let version = match version {
                        Some(version) => Some(find("flow_version", version)?),
                        None => None,
                    };
                    Some((find("flow", flow)?, version, find("question", question)?))
                })
                .collect(),
            columns: Codes {
                channel: codes("channel"),
                account: codes("account"),
                campaign: codes("campaign"),
                template: codes("template"),
                category: codes("category"),
                flow: codes("flow"),
                flow_version: codes("flow_version"),
                question: codes("question"),
                variant: codes("variant"),
                topic: codes("topic"),
                country: codes("country"),
                language: codes("language"),
                message_type: codes("message_type"),
                error_code: codes("error_code"),
            },
            contacts: Contacts::default(),
            conversations: Conversations::default(),
            messages: Messages::default(),
            opt_outs: OptOuts::default(),
            visits: Visits::default(),
        }
    }

    pub(super) fn finish(self) -> Facts {
        let words = SharedWords::of(self.shard);
        Facts {
            contacts: self.contacts.finish(&words),
            conversations: self.conversations.finish(&words, self.settings),
            messages: self.messages.finish(&words, self.settings),
            opt_outs: self.opt_outs.finish(&words),
            visits: self.visits.finish(&words),
        }
    }

    /// Adds the facts of the contact whose events are these rows.
    pub(super) fn contact(&mut self, rows: Range<usize>) {
        let Some(&channel) = self.columns.channel.get(rows.start) else { return };
        let contact_key = self.shard.contact_key()[rows.start];
        let observable = self.observable.get((channel as usize).wrapping_sub(1)).copied().unwrap_or_default();
        let mut walk = Walk::new(self, rows.clone());
        walk.collect_messages(observable);
        walk.walk();
        let Walk { mut contact, conversations, visits, opt_outs, messages, .. } = walk;
        let in_scope = |anchor| self.settings.in_scope(anchor);
        contact.n_messages =
            messages.iter().filter(|message| message.suppressed_at == NONE).count().try_into().unwrap_or(0);
        self.contacts.push(contact_key, channel, contact);
        for visit in visits.into_iter().filter(|visit| in_scope(visit.asked_at)) {
            if let Some(conversation) = conversations.get(visit.conversation) {
                let surroundings = Surroundings {
                    account: conversation.account,
                    campaign: conversation.campaign,
                    started_at: conversation.started_at,
                    undecided: conversation.is_undecided(self.settings),
                };
                self.visits.push(contact_key, channel, visit, surroundings);
            }
        }
        for conversation in conversations.into_iter().filter(|row| in_scope(row.started_at)) {
            self.conversations.push(contact_key, channel, conversation);
        }
        for message in messages.into_iter().filter(|row| in_scope(row.sent_at)) {
            self.messages.push(contact_key, channel, observable, message);
        }
        for opt_out in opt_outs.into_iter().filter(|row| in_scope(row.at)) {
            self.opt_outs.push(contact_key, channel, opt_out);
        }
    }
}

//! One contact's events become rows of every grain: first the messages with all their receipts, then one walk through what
//! the two sides did, in the store's order.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::contacts::{Contact, Contacts};
use super::conversations::{Conversation, Conversations};
use super::messages::{Message, Messages};
use super::opt_outs::{OptOut, OptOuts};
use super::visits::{self, Surroundings, Visit, Visits};
use super::{Facts, NONE, Observable, Settings};
use crate::event::{Kind, SECOND};
use crate::store::rows::NO_INSTANT;
use crate::store::scan::NO_MESSAGE;
use crate::store::words::{NULL, Words};
use crate::store::{Shard, schema};

/// WhatsApp's and Messenger's customer service window: 24 hours after the contact's last message.
const SERVICE_WINDOW: i64 = 24 * 3_600 * SECOND;

/// Columns that every grain has.
#[derive(Debug, Default)]
pub(super) struct Common {
    pub(super) contact_key: Vec<i64>,
    pub(super) channel: Vec<u32>,
}

impl Common {
    pub(super) fn push(&mut self, contact_key: i64, channel: u32) {
        self.contact_key.push(contact_key);
        self.channel.push(channel);
    }
}

/// The lists of words of a shard, shared by the columns of all its tables.
pub(super) struct SharedWords(Vec<(&'static str, Arc<Words>)>);

impl SharedWords {
    fn of(shard: &Shard) -> Self {
        Self(schema::WORDS.iter().map(|&name| (name, Arc::new(shard.words(name).1.clone()))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Arc<Words> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, words)| Arc::clone(words)).unwrap_or_default()
    }
}

/// A declared last question, in the codes of the shard: flow, version, question.
type LastQuestion = (u32, Option<u32>, u32);

/// Collects the rows of a shard, contact by contact.
pub(super) struct Builder<'s> {
    shard: &'s Shard,
    settings: &'s Settings,
    observable: Vec<Observable>,
    last_questions: Vec<LastQuestion>,
    columns: Codes<'s>,
    contacts: Contacts,
    conversations: Conversations,
    messages: Messages,
    opt_outs: OptOuts,
    visits: Visits,
}

/// Columns of codes, by name.
struct Codes<'s> {
    channel: &'s [u32],
    account: &'s [u32],
    campaign: &'s [u32],
    template: &'s [u32],
    category: &'s [u32],
    flow: &'s [u32],
    flow_version: &'s [u32],
    question: &'s [u32],
    variant: &'s [u32],
    topic: &'s [u32],
    country: &'s [u32],
    language: &'s [u32],
    message_type: &'s [u32],
    error_code: &'s [u32],
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

/// The state of an account's permission to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permission {
    Given,
    EndedSoft,
    EndedHard,
}

/// What is known of the contact's dealings with one account while walking.
struct Dealing {
    account: u32,
    conversation: Option<usize>,
    permission: Permission,
    last_inbound_at: i64,
    /// The account's messages so far, by their place, in the order of sending.
    sent: Vec<usize>,
}

/// One contact's events on their way to rows.
struct Walk<'w> {
    shard: &'w Shard,
    settings: &'w Settings,
    columns: &'w Codes<'w>,
    last_questions: &'w [LastQuestion],
    rows: Range<usize>,
    only_account: u32,
    /// Place of each message by the key of its id.
    by_key: HashMap<u64, usize>,
    /// The row by which each message became known, in row order.
    begun_by: Vec<usize>,
    messages: Vec<Message>,
    dealings: Vec<Dealing>,
    /// Ids of inbound messages by which the contact opted out.
    stops: HashSet<u64>,
    seen: HashSet<(Kind, u64)>,
    conversations: Vec<Conversation>,
    visits: Vec<Visit>,
    opt_outs: Vec<OptOut>,
    contact: Contact,
}

impl<'w> Walk<'w> {
    fn new(builder: &'w Builder<'_>, rows: Range<usize>) -> Self {
        let accounts = builder.columns.account.get(rows.clone()).unwrap_or_default();
        let mut known = accounts.iter().copied().filter(|&account| account != NULL);
        let first = known.next().unwrap_or(NULL);
        // A send log that does not name the account is still about the only account there is.
        let only_account = if known.all(|account| account == first) { first } else { NULL };
        let shard = builder.shard;
        let stops = rows
            .clone()
            .filter(|&row| matches!(shard.kind()[row], Kind::OptedOutSoft) && shard.message()[row] != NO_MESSAGE)
            .map(|row| shard.message()[row])
            .collect();
        Self {
            contact: Contact::new(shard.at()[rows.start]),
            shard,
            settings: builder.settings,
            columns: &builder.columns,
            last_questions: &builder.last_questions,
            rows,
            only_account,
            by_key: HashMap::new(),
            begun_by: Vec::new(),
            messages: Vec::new(),
            dealings: Vec::new(),
            stops,
            seen: HashSet::new(),
            conversations: Vec::new(),
            visits: Vec::new(),
            opt_outs: Vec::new(),
        }
    }

    fn account(&self, row: usize) -> u32 {
        match self.columns.account[row] {
            NULL => self.only_account,
            account => account,
        }
    }

    /// First pass: every outbound message with all its receipts.
    fn collect_messages(&mut self, observable: Observable) {
        let mut delivered_up_to: Vec<(u32, i64, i64)> = Vec::new();
        let mut opened_up_to: Vec<(u32, i64, i64)> = Vec::new();
        for row in self.rows.clone() {
            let (kind, at) = (self.shard.kind()[row], self.shard.at()[row]);
            match kind {
                Kind::MessageSent
                | Kind::MessageDelivered
                | Kind::MessageOpened
                | Kind::MessageFailed
                | Kind::MessageSuppressed => self.note(row, kind, at),
                Kind::DeliveredUpTo | Kind::OpenedUpTo => {
                    let up_to = self.shard.up_to()[row];
                    if up_to != NO_INSTANT {
                        let marks = if kind == Kind::OpenedUpTo { &mut opened_up_to } else { &mut delivered_up_to };
                        // A receipt says nothing of messages that were sent after it, whatever its mark claims.
                        marks.push((self.account(row), up_to.min(at), at));
                    }
                }
                _ => {}
            }
        }
        for marks in [&mut delivered_up_to, &mut opened_up_to] {
            earliest_first(marks);
        }
        for message in &mut self.messages {
            let (delivered, opened) = (watermark(&delivered_up_to, message), watermark(&opened_up_to, message));
            lower(&mut message.delivered_at, delivered);
            lower(&mut message.opened_at, opened);
            message.settle(observable.deliveries);
        }
    }

    /// Notes what one event says of its message. Events come in time order, so the first of a level is the earliest.
    fn note(&mut self, row: usize, kind: Kind, at: i64) {
        let key = self.shard.message()[row];
        let place = match (key, kind) {
            (NO_MESSAGE, Kind::MessageSent) => None,
            (NO_MESSAGE, _) => return,
            _ => self.by_key.get(&key).copied(),
        };
        let place = place.unwrap_or_else(|| {
            let place = self.messages.len();
            self.messages.push(Message::new(self.account(row), at));
            self.begun_by.push(row);
            if key != NO_MESSAGE {
                self.by_key.insert(key, place);
            }
            place
        });
        let account = self.account(row);
        let message = &mut self.messages[place];
        match kind {
            Kind::MessageDelivered => lower(&mut message.delivered_at, at),
            Kind::MessageOpened => lower(&mut message.opened_at, at),
            Kind::MessageFailed => lower(&mut message.failed_at, at),
            Kind::MessageSuppressed => lower(&mut message.suppressed_at, at),
            _ => {}
        }
        let columns = self.columns;
        for (field, code) in [
            (&mut message.account, account),
            (&mut message.campaign, columns.campaign[row]),
            (&mut message.template, columns.template[row]),
            (&mut message.category, columns.category[row]),
            (&mut message.flow, columns.flow[row]),
            (&mut message.flow_version, columns.flow_version[row]),
            (&mut message.question, columns.question[row]),
            (&mut message.variant, columns.variant[row]),
            (&mut message.country, columns.country[row]),
            (&mut message.language, columns.language[row]),
            (&mut message.message_type, columns.message_type[row]),
            (&mut message.error_code, columns.error_code[row]),
        ] {
            if *field == NULL {
                *field = code;
            }
        }
        if message.cost == NONE {
            message.cost = self.shard.cost()[row];
        }
        message.billable |= self.shard.billable()[row] == Some(true);
    }

    /// Second pass: what the two sides did, in order.
    fn walk(&mut self) {
        let mut next_message = 0;
        for row in self.rows.clone() {
            let (kind, at) = (self.shard.kind()[row], self.shard.at()[row]);
            let begins = self.begun_by.get(next_message) == Some(&row);
            if begins {
                self.message_sent(next_message, row, at);
                next_message += 1;
            }
            let id = self.shard.message()[row];
            // The same act told twice (a redelivery with another time, a send log and its webhook) counts once.
            let told_before = id != NO_MESSAGE && is_told_once(kind) && !self.seen.insert((kind, id));
            if told_before {
                continue;
            }
            match kind {
                Kind::MessageReceived | Kind::ButtonClicked | Kind::LinkClicked | Kind::ReactionReceived => {
                    self.inbound(row, kind, at);
                }
                Kind::QuestionAsked => self.question_asked(row, at),
                Kind::QuestionAnswered => self.question_answered(row, at),
                Kind::AnswerRejected => {
                    let conversation = self.act(row, at, true);
                    if let Some(visit) = self.current_visit(conversation) {
                        visit.n_rejected += 1;
                        visit.answered_at = NONE;
                    }
                }
                Kind::QuestionSkipped => {
                    let conversation = self.act(row, at, true);
                    if let Some(visit) = self.current_visit(conversation).filter(|visit| visit.is_waiting()) {
                        visit.skipped = true;
                        visit.is_over = true;
                    }
                }
                Kind::FlowStarted => {
                    let conversation = self.act(row, at, true);
                    self.conversations[conversation].in_flow = true;
                }
                Kind::FlowEnded => {
                    let conversation = self.act(row, at, true);
                    self.conversations[conversation].completed = true;
                }
                Kind::GoalReached => {
                    let conversation = self.act(row, at, false);
                    self.conversations[conversation].completed = true;
                    self.conversations[conversation].goal = true;
                }
                Kind::Payment => {
                    self.act(row, at, false);
                }
                Kind::Fallback => {
                    let conversation = self.act(row, at, true);
                    self.conversations[conversation].n_fallback += 1;
                }
                Kind::HandoverToHuman => {
                    let conversation = self.act(row, at, true);
                    lower(&mut self.conversations[conversation].handed_over_at, at);
                    if let Some(visit) = self.current_visit(conversation).filter(|visit| visit.is_waiting()) {
                        visit.handed_over = true;
                        visit.is_over = true;
                    }
                }
                Kind::HandoverToBot => {
                    self.act(row, at, true);
                }
                Kind::OptedOutSoft | Kind::OptedOutHard => self.opted_out(row, kind, at),
                Kind::OptedIn => self.opted_in(row, at),
                _ => {}
            }
            let contact = &mut self.contact;
            for (field, code) in
                [(&mut contact.country, self.columns.country[row]), (&mut contact.language, self.columns.language[row])]
            {
                if *field == NULL {
                    *field = code;
                }
            }
        }
        self.close();
    }

    /// What can only be said at the end.
    fn close(&mut self) {
        for dealing in &self.dealings {
            let mut next_sent_at = NONE;
            for &place in dealing.sent.iter().rev() {
                let message = &mut self.messages[place];
                message.next_sent_at = next_sent_at;
                // What the platform withheld was not sent, so it takes nobody's mind off the message before.
                if message.suppressed_at == NONE {
                    next_sent_at = message.sent_at;
                }
            }
        }
        for visit in &self.visits {
            let ends = |&(flow, version, question): &LastQuestion| {
                (flow, question) == (visit.flow, visit.question)
                    && version.is_none_or(|version| version == visit.flow_version)
            };
            if visit.answered_at != NONE && self.last_questions.iter().any(ends) {
                self.conversations[visit.conversation].completed = true;
            }
        }
        let since = self.settings.since.unwrap_or(i64::MIN);
        let held_at =
            |opt_out: &OptOut, at: i64| opt_out.at < at && (opt_out.resumed_at == NONE || opt_out.resumed_at >= at);
        self.contact.reachable_at_start = !self.opt_outs.iter().any(|opt_out| held_at(opt_out, since));
        self.contact.opted_out_in_range = self.opt_outs.iter().any(|opt_out| self.settings.in_scope(opt_out.at));
        if let Some(last) = self.opt_outs.iter().rev().find(|opt_out| opt_out.resumed_at == NONE) {
            self.contact.opted_out_at = last.at;
            self.contact.opted_out_hard = last.hard;
        }
    }

    /// The dealing with the account of a row, made if it is the first.
    fn dealing(&mut self, account: u32) -> &mut Dealing {
        let place = self.dealings.iter().position(|dealing| dealing.account == account).unwrap_or_else(|| {
            self.dealings.push(Dealing {
                account,
                conversation: None,
                permission: Permission::Given,
                last_inbound_at: NONE,
                sent: Vec::new(),
            });
            self.dealings.len() - 1
        });
        &mut self.dealings[place]
    }

    /// An act: it belongs to the running conversation, or begins one. Returns the conversation's place.
    fn act(&mut self, row: usize, at: i64, by_business: bool) -> usize {
        let account = self.account(row);
        let gap = self.settings.windows.session_gap.0;
        let running = self.dealing(account).conversation;
        let place = running.filter(|&place| at - self.conversations[place].ended_at <= gap).unwrap_or_else(|| {
            self.conversations.push(Conversation::new(account, at, by_business));
            let place = self.conversations.len() - 1;
            self.dealing(account).conversation = Some(place);
            place
        });
        let (country, language) = (self.columns.country[row], self.columns.language[row]);
        let conversation = &mut self.conversations[place];
        conversation.ended_at = at;
        for (field, code) in [(&mut conversation.country, country), (&mut conversation.language, language)] {
            if *field == NULL {
                *field = code;
            }
        }
        place
    }

    fn message_sent(&mut self, message: usize, row: usize, at: i64) {
        let place = self.act(row, at, true);
        let opening = self.settings.windows.opening.0;
        let conversation = &mut self.conversations[place];
        let is_first = conversation.n_outbound == 0 && conversation.n_inbound == 0 && conversation.by_business;
        conversation.n_outbound += 1;
        if conversation.opening_until == NONE {
            conversation.opening_until = at.saturating_add(opening);
            conversation.campaign = self.messages[message].campaign;
        }
        conversation.past_opening |= at > conversation.opening_until;
        if conversation.first_inbound_at != NONE && conversation.first_response_s == NONE {
            conversation.first_response_s = (at - conversation.first_inbound_at).div_euclid(SECOND);
        }
        if is_first {
            conversation.first_message_reached = self.messages[message].reached;
        }
        let started_at = conversation.started_at;
        let dealing = self.dealing(self.messages[message].account);
        dealing.sent.push(message);
        let (permission, last_inbound_at) = (dealing.permission, dealing.last_inbound_at);
        let message = &mut self.messages[message];
        message.conversation_started_at = started_at;
        message.is_first_of_conversation = is_first;
        message.after_opt_out = permission != Permission::Given;
        message.in_service_window = last_inbound_at != NONE && at - last_inbound_at <= SERVICE_WINDOW;
    }

    /// The last message that may have arrived, sent at most `window` before now.
    fn last_message(&mut self, account: u32, at: i64, window: i64) -> Option<usize> {
        let sent = std::mem::take(&mut self.dealing(account).sent);
        let found = sent.iter().rev().copied().find(|&place| self.messages[place].may_have_arrived());
        self.dealing(account).sent = sent;
        found.filter(|&place| at - self.messages[place].sent_at <= window)
    }

    fn inbound(&mut self, row: usize, kind: Kind, at: i64) {
        let account = self.account(row);
        let reply = self.settings.windows.reply.0;
        let place = self.act(row, at, false);
        let pointer = self.shard.reply_to()[row];
        let pointed = self.by_key.get(&pointer).copied().filter(|&message| self.messages[message].sent_at <= at);
        let target = match pointer {
            NO_MESSAGE => self.last_message(account, at, reply),
            _ => pointed.filter(|&message| at - self.messages[message].sent_at <= reply),
        };
        if let Some(message) = target {
            let message = &mut self.messages[message];
            if matches!(kind, Kind::ButtonClicked | Kind::LinkClicked) {
                message.n_clicks += 1;
                lower(&mut message.first_clicked_at, at);
            }
            if matches!(kind, Kind::ButtonClicked | Kind::MessageReceived) {
                lower(&mut message.first_replied_at, at);
            }
        }
        let conversation = &mut self.conversations[place];
        conversation.n_inbound += 1;
        lower(&mut conversation.first_inbound_at, at);
        if conversation.by_business && conversation.engaged_at == NONE && conversation.opening_until != NONE {
            let answers_opening = match (pointer, pointed) {
                (NO_MESSAGE, _) => !conversation.past_opening,
                (_, Some(message)) => {
                    let message = &self.messages[message];
                    message.conversation_started_at == conversation.started_at
                        && message.sent_at <= conversation.opening_until
                }
                (_, None) => false,
            };
            if answers_opening {
                conversation.engaged_at = at;
            }
        }
        self.dealing(account).last_inbound_at = at;
        self.contact.n_inbound += 1;
        let stops = self.stops.contains(&self.shard.message()[row]);
        if matches!(kind, Kind::ButtonClicked | Kind::MessageReceived) && !stops {
            let is_known = pointed.is_some();
            if let Some(visit) = self.current_visit(place).filter(|visit| visit.is_waiting())
                && (pointer == NO_MESSAGE || !is_known || visit.prompts.contains(&pointer))
            {
                visit.answered_at = at;
            }
        }
    }

    fn current_visit(&mut self, conversation: usize) -> Option<&mut Visit> {
        let place = self.conversations.get(conversation)?.current_visit?;
        self.visits.get_mut(place)
    }

    fn question_asked(&mut self, row: usize, at: i64) {
        let place = self.act(row, at, true);
        let key = self.shard.message()[row];
        let (flow, version, question) =
            (self.columns.flow[row], self.columns.flow_version[row], self.columns.question[row]);
        let arrived = self.by_key.get(&key).is_none_or(|&message| self.messages[message].may_have_arrived());
        let is_same = |visit: &&mut Visit| (visit.flow, visit.question) == (flow, question);
        if let Some(visit) = self.current_visit(place).filter(is_same) {
            if visit.answered_at != NONE {
                visit.n_rejected += 1;
                visit.answered_at = NONE;
            }
            // A question that is asked again, as after a person took over, can be answered again.
            visit.is_over = false;
            visit.n_prompts += 1;
            visit.prompts.push(key);
            visit.arrived |= arrived;
            return;
        }
        if let Some(visit) = self.current_visit(place) {
            visit.next_question = question;
            visit.skipped |= visit.is_waiting();
            visit.is_over = true;
        }
        let earlier = self
            .visits
            .iter()
            .filter(|visit| visit.conversation == place && (visit.flow, visit.question) == (flow, question));
        let pass = 1 + i64::try_from(earlier.count()).unwrap_or(0);
        let conversation = &mut self.conversations[place];
        conversation.n_questions += 1;
        conversation.in_flow = true;
        if conversation.flow == NULL {
            conversation.flow = flow;
        }
        conversation.current_visit = Some(self.visits.len());
        self.visits.push(Visit {
            flow,
            flow_version: version,
            question,
            pass,
            position: conversation.n_questions,
            n_prompts: 1,
            prompts: vec![key],
            arrived,
            ..visits::begin(place, at)
        });
    }

    fn question_answered(&mut self, row: usize, at: i64) {
        let place = self.act(row, at, false);
        let (flow, question) = (self.columns.flow[row], self.columns.question[row]);
        if self.stops.contains(&self.shard.message()[row]) && self.shard.message()[row] != NO_MESSAGE {
            return;
        }
        let fits = |visit: &&mut Visit| {
            visit.conversation == place
                && visit.question == question
                && (flow == NULL || visit.flow == NULL || visit.flow == flow)
        };
        // An answer may come after the bot has moved on; it still answers the question it names.
        if let Some(visit) = self.visits.iter_mut().rev().find(fits).filter(|visit| visit.answered_at == NONE) {
            visit.answered_at = at;
        }
    }

    fn opted_out(&mut self, row: usize, kind: Kind, at: i64) {
        let account = self.account(row);
        let hard = kind == Kind::OptedOutHard;
        let by_message = self.shard.message()[row] != NO_MESSAGE && self.columns.error_code[row] == NULL;
        let dealing = self.dealing(account);
        let is_news = match dealing.permission {
            Permission::Given => true,
            Permission::EndedSoft => hard,
            Permission::EndedHard => false,
        };
        if !is_news && !by_message {
            return;
        }
        let running = dealing.conversation;
        if is_news {
            dealing.permission = if hard { Permission::EndedHard } else { Permission::EndedSoft };
            let mut opt_out = OptOut::new(account, at, hard, by_message);
            if let Some(place) = self.last_message(account, at, self.settings.windows.attribution.0) {
                let message = &mut self.messages[place];
                opt_out.attributed = true;
                opt_out.campaign = message.campaign;
                if message.opted_out_at == NONE || hard {
                    message.opted_out_hard = hard;
                }
                lower(&mut message.opted_out_at, at);
            }
            self.opt_outs.push(opt_out);
        }
        let gap = self.settings.windows.session_gap.0;
        if let Some(place) = running.filter(|&place| at - self.conversations[place].ended_at <= gap) {
            self.conversations[place].opted_out = true;
            if let Some(visit) = self.current_visit(place).filter(|visit| visit.is_waiting()) {
                visit.opted_out = true;
                visit.is_over = true;
            }
        }
    }

    fn opted_in(&mut self, row: usize, at: i64) {
        let account = self.account(row);
        if self.contact.opted_in_at == NONE {
            self.contact.opted_in_at = at;
            self.contact.opted_in_source = self.columns.topic[row];
        }
        let dealing = self.dealing(account);
        if dealing.permission != Permission::Given {
            dealing.permission = Permission::Given;
            let ended =
                self.opt_outs.iter_mut().filter(|opt_out| opt_out.account == account && opt_out.resumed_at == NONE);
            ended.for_each(|opt_out| opt_out.resumed_at = at);
        }
    }
}

/// Kinds of which one message can have only one.
fn is_told_once(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MessageReceived
            | Kind::ButtonClicked
            | Kind::QuestionAsked
            | Kind::QuestionAnswered
            | Kind::Fallback
            | Kind::FlowStarted
            | Kind::FlowEnded
            | Kind::HandoverToHuman
            | Kind::HandoverToBot
            | Kind::GoalReached
    )
}

fn lower(field: &mut i64, at: i64) {
    if at != NONE && (*field == NONE || at < *field) {
        *field = at;
    }
}

/// Sorts watermarks by account and reach, and gives each the earliest time at which its reach or a further one was told.
fn earliest_first(marks: &mut [(u32, i64, i64)]) {
    marks.sort_unstable();
    let mut earliest: Option<(u32, i64)> = None;
    for (account, _, at) in marks.iter_mut().rev() {
        if let Some((known, before)) = earliest
            && known == *account
        {
            *at = (*at).min(before);
        }
        earliest = Some((*account, *at));
    }
}

/// The earliest time at which a watermark covered the message; [`NONE`] if none did.
fn watermark(marks: &[(u32, i64, i64)], message: &Message) -> i64 {
    let place = marks.partition_point(|&(account, up_to, _)| (account, up_to) < (message.account, message.sent_at));
    match marks.get(place) {
        Some(&(account, _, at)) if account == message.account => at.max(message.sent_at),
        _ => NONE,
    }
}

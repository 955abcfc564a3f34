//! The walk: what the two sides did, in the store's order, becomes conversations, visits and opt-outs.
//!
//! It costs the same for each event, however many a contact has: whatever is looked up stands in an index.

use std::ops::Range;

use super::columns::Columns;
use super::compliance;
use super::contacts::Contact;
use super::conversations::Conversation;
use super::index::Index;
use super::messages::Message;
use super::opt_outs::OptOut;
use super::service::Served;
use super::timing::Clocks;
use super::visits::Visit;
use super::ways::Ways;
use super::{NONE, Observable, Settings, billing, chosen, endings, passes, timing};
use crate::event::{Kind, SECOND};
use crate::store::Shard;
use crate::store::rows::NO_MESSAGE;
use crate::store::words::NULL;

/// WhatsApp's and Messenger's customer service window: 24 hours after the contact's last message.
const SERVICE_WINDOW: i64 = 24 * 3_600 * SECOND;

/// The state of an account's permission to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permission {
    Given,
    EndedSoft,
    EndedHard,
}

/// What is known of the contact's dealings with one account while walking.
pub(super) struct Dealing {
    pub(super) account: u32,
    /// The first opt-in, and its topic or source.
    pub(super) opted_in_at: i64,
    pub(super) opted_in_source: u32,
    conversation: Option<usize>,
    permission: Permission,
    last_inbound_at: i64,
    /// The account's last message that may have arrived, by its place.
    last_arrived: Option<usize>,
    /// The last of these that belongs to a campaign.
    last_campaign: Option<usize>,
    /// Opt-outs that no opt-in has ended yet, by their place.
    pending: Vec<usize>,
    /// While going back over the messages: when the account sent the next one.
    next_sent_at: i64,
}

/// One contact's events on their way to rows. It is used for all contacts of a shard, one after the other.
pub(super) struct Walk<'w> {
    pub(super) shard: &'w Shard,
    pub(super) settings: &'w Settings,
    pub(super) columns: &'w Columns<'w>,
    pub(super) rows: Range<usize>,
    only_account: u32,
    /// Place of each message by the key of its id.
    pub(super) by_key: Index<i64, usize>,
    /// The row by which each message became known, in row order.
    pub(super) begun_by: Vec<usize>,
    pub(super) messages: Vec<Message>,
    pub(super) marks: Marks,
    pub(super) dealings: Vec<Dealing>,
    /// Place of each account among the dealings.
    pub(super) by_account: Index<u32, usize>,
    /// When the contact did something, toward which account.
    pub(super) inbound_acts: Vec<(u32, i64)>,
    /// The visit that each prompt belongs to, by the key of the prompt's id.
    pub(super) prompts: Index<i64, usize>,
    /// The latest visit to each question of a conversation.
    pub(super) latest: Index<(usize, u32), usize>,
    /// How often each question of each flow was visited in a conversation, and the latest of these visits.
    pub(super) passes: Index<(usize, u32, u32), (i64, usize)>,
    ways: Ways,
    /// Ids of inbound messages by which the contact opted out.
    stops: Index<i64, ()>,
    /// Acts of which one message can have only one, by kind and key of the message.
    told: Index<(Kind, i64), ()>,
    /// Which keys may be among `told`, by a few of their bits.
    may_be_told: [bool; 256],
    pub(super) conversations: Vec<Conversation>,
    pub(super) visits: Vec<Visit>,
    pub(super) opt_outs: Vec<OptOut>,
    pub(super) contact: Contact,
    pub(super) clocks: Clocks,
}

/// Watermarks of a contact: account, reach, and when it was told.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) delivered: Vec<(u32, i64, i64)>,
    pub(super) opened: Vec<(u32, i64, i64)>,
}

impl<'w> Walk<'w> {
    pub(super) fn new(shard: &'w Shard, settings: &'w Settings, columns: &'w Columns<'w>) -> Self {
        Self {
            shard,
            settings,
            columns,
            rows: 0..0,
            only_account: NULL,
            by_key: Index::default(),
            begun_by: Vec::new(),
            messages: Vec::new(),
            marks: Marks::default(),
            dealings: Vec::new(),
            by_account: Index::default(),
            inbound_acts: Vec::new(),
            prompts: Index::default(),
            latest: Index::default(),
            passes: Index::default(),
            ways: Ways::default(),
            stops: Index::default(),
            told: Index::default(),
            may_be_told: [false; 256],
            conversations: Vec::new(),
            visits: Vec::new(),
            opt_outs: Vec::new(),
            contact: Contact::new(NONE),
            clocks: Clocks::new(shard, columns.wants),
        }
    }

    /// Finds the facts of the contact whose events are these rows.
    pub(super) fn contact(&mut self, rows: Range<usize>, observable: Observable) {
        self.begin(rows);
        self.collect_messages(observable);
        self.walk();
        timing::tell(self);
        if let Some(rules) = &self.columns.rules {
            compliance::judge(self, observable, rules);
        }
        if let Some(categories) = &self.columns.categories {
            billing::find(self, categories);
        }
    }

    fn begin(&mut self, rows: Range<usize>) {
        self.by_key.clear();
        self.begun_by.clear();
        self.messages.clear();
        self.dealings.clear();
        self.by_account.clear();
        self.inbound_acts.clear();
        self.prompts.clear();
        self.latest.clear();
        self.passes.clear();
        self.stops.clear();
        self.told.clear();
        self.may_be_told = [false; 256];
        self.conversations.clear();
        self.visits.clear();
        self.opt_outs.clear();
        self.contact = Contact::new(self.shard.at()[rows.start]);
        let mut known = self.columns.account[rows.clone()].iter().copied().filter(|&account| account != NULL);
        let first = known.next().unwrap_or(NULL);
        // A send log that does not name the account is still about the only account there is.
        self.only_account = if known.all(|account| account == first) { first } else { NULL };
        for row in rows.clone() {
            if self.shard.kind()[row] == Kind::OptedOutSoft && self.shard.message_key()[row] != NO_MESSAGE {
                self.stops.insert(self.shard.message_key()[row], ());
            }
        }
        self.rows = rows;
    }

    pub(super) fn account(&self, row: usize) -> u32 {
        match self.columns.account[row] {
            NULL => self.only_account,
            account => account,
        }
    }

    /// What the two sides did, in order.
    fn walk(&mut self) {
        let mut next_message = 0;
        for row in self.rows.clone() {
            let (kind, at) = (self.shard.kind()[row], self.shard.at()[row]);
            let begins = self.begun_by.get(next_message) == Some(&row);
            if begins {
                self.message_sent(next_message, row, at);
                next_message += 1;
            }
            let id = self.shard.message_key()[row];
            // The same act told twice (a redelivery with another time, a send log and its webhook) counts once.
            let told_before = id != NO_MESSAGE && is_told_once(kind) && self.is_told(kind, id);
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
                    let question = self.columns.question[row];
                    if let Some(visit) = self.current_visit(conversation).filter(|visit| visit.is_meant(question)) {
                        visit.n_rejected += 1;
                        visit.answered_at = NONE;
                    }
                }
                Kind::QuestionSkipped => {
                    let conversation = self.act(row, at, true);
                    let question = self.columns.question[row];
                    let fits = |visit: &&mut Visit| visit.is_waiting() && visit.is_meant(question);
                    if let Some(visit) = self.current_visit(conversation).filter(fits) {
                        visit.skip(at);
                    }
                }
                Kind::FlowStarted => {
                    let conversation = self.act(row, at, true);
                    self.conversations[conversation].in_flow = true;
                }
                Kind::FlowEnded => {
                    let conversation = self.act(row, at, true);
                    self.conversations[conversation].complete(at);
                }
                Kind::GoalReached => {
                    let conversation = self.act(row, at, false);
                    self.conversations[conversation].complete(at);
                    self.conversations[conversation].goal = true;
                }
                Kind::Payment => {
                    self.act(row, at, false);
                }
                Kind::Fallback => {
                    let conversation = self.act(row, at, true);
                    self.conversations[conversation].n_fallback += 1;
                    if let Some(visit) = self.current_visit(conversation) {
                        visit.not_understood = true;
                    }
                }
                Kind::HandoverToHuman => {
                    let conversation = self.act(row, at, true);
                    lower(&mut self.conversations[conversation].handed_over_at, at);
                    self.conversations[conversation].served.take_over(at);
                    if let Some(visit) = self.current_visit(conversation).filter(|visit| visit.is_waiting()) {
                        visit.hand_over(at);
                    }
                }
                Kind::HandoverToBot => {
                    let conversation = self.act(row, at, true);
                    self.conversations[conversation].served.hand_back();
                }
                Kind::OptedOutSoft | Kind::OptedOutHard => self.opted_out(row, kind, at),
                Kind::OptedIn => self.opted_in(row, at),
                Kind::ErasureRequested => lower(&mut self.contact.erasure_requested_at, at),
                _ => {}
            }
            let (contact, country) = (&mut self.contact, self.columns.country[row]);
            if contact.country == NULL && country != NULL {
                (contact.country, contact.country_known_at) = (country, at);
            }
            if contact.language == NULL {
                contact.language = self.columns.language[row];
            }
        }
        self.close();
    }

    /// Whether the act was told before; from now on it was.
    fn is_told(&mut self, kind: Kind, id: i64) -> bool {
        // Keys are hashes, so one byte shows of most new ones that they are new, and nothing need be looked through.
        let place = usize::from(id.to_le_bytes()[0] ^ (kind as u8).wrapping_mul(37));
        if std::mem::replace(&mut self.may_be_told[place], true) {
            return !self.told.insert((kind, id), ());
        }
        self.told.add((kind, id), ());
        false
    }

    /// What can only be said at the end.
    fn close(&mut self) {
        let opens = !self.marks.opened.is_empty() || self.messages.iter().any(|message| message.opened_at != NONE);
        for message in self.messages.iter_mut().rev() {
            let dealing = self.by_account.get(message.account).and_then(|place| self.dealings.get_mut(place));
            let Some(dealing) = dealing else { continue };
            message.next_sent_at = dealing.next_sent_at;
            message.contact_opens = opens;
            // What the platform withheld was not sent, so it takes nobody's mind off the message before.
            if message.suppressed_at == NONE {
                dealing.next_sent_at = message.sent_at;
            }
        }
        for visit in &self.visits {
            self.conversations[visit.conversation].n_answered += i64::from(visit.answered_at != NONE);
            if visit.answered_at != NONE && self.columns.flows.end_with(visit) {
                self.conversations[visit.conversation].complete(visit.answered_at);
            }
        }
        self.serve_conclude();
        for visit in &mut self.visits {
            endings::conclude(visit, &self.conversations[visit.conversation], self.settings);
        }
        passes::conclude(&mut self.visits);
        chosen::conclude(&mut self.visits, &self.columns.flows);
        if self.columns.wants.ways {
            self.ways.conclude(&mut self.visits, &self.conversations, &self.columns.flows);
        }
        let is_sent = |message: &&Message| message.suppressed_at == NONE;
        self.contact.n_messages = self.messages.iter().filter(is_sent).count().try_into().unwrap_or(0);
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
        // Nearly always there is one account.
        if self.dealings.last().is_some_and(|dealing| dealing.account == account) {
            let last = self.dealings.len() - 1;
            return &mut self.dealings[last];
        }
        let place = self.by_account.get(account).unwrap_or_else(|| {
            self.by_account.add(account, self.dealings.len());
            self.dealings.push(Dealing {
                account,
                opted_in_at: NONE,
                opted_in_source: NULL,
                conversation: None,
                permission: Permission::Given,
                last_inbound_at: NONE,
                last_arrived: None,
                last_campaign: None,
                pending: Vec::new(),
                next_sent_at: NONE,
            });
            self.dealings.len() - 1
        });
        &mut self.dealings[place]
    }

    /// An act: it belongs to the running conversation, or begins one. Returns the conversation's place.
    pub(super) fn act(&mut self, row: usize, at: i64, by_business: bool) -> usize {
        let account = self.account(row);
        let gap = self.settings.windows.session_gap.0;
        let running = self.dealing(account).conversation;
        let place = running.filter(|&place| at - self.conversations[place].ended_at <= gap).unwrap_or_else(|| {
            let mut conversation = Conversation::new(account, at, by_business);
            if let Some(before) = running {
                conversation.served = Served::after(&self.conversations[before].served);
            }
            self.conversations.push(conversation);
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
        if self.messages[message].may_have_arrived() {
            conversation.speak(true);
        }
        if conversation.opening_until == NONE {
            conversation.opening_until = at.saturating_add(opening);
            conversation.tags = self.messages[message].tags();
        }
        conversation.past_opening |= at > conversation.opening_until;
        if conversation.first_inbound_at != NONE && conversation.first_response_s == NONE {
            conversation.first_response_s = (at - conversation.first_inbound_at).div_euclid(SECOND);
        }
        if is_first {
            conversation.first_message_reached = self.messages[message].reached;
        }
        let started_at = conversation.started_at;
        let may_have_arrived = self.messages[message].may_have_arrived();
        if may_have_arrived {
            self.serve_sent(place, message, row, at);
        }
        let in_campaign = self.messages[message].campaign() != NULL;
        let dealing = self.dealing(self.messages[message].account);
        if may_have_arrived {
            dealing.last_arrived = Some(message);
            dealing.last_campaign = if in_campaign { Some(message) } else { dealing.last_campaign };
        }
        let (permission, last_inbound_at) = (dealing.permission, dealing.last_inbound_at);
        let message = &mut self.messages[message];
        message.conversation_started_at = started_at;
        message.is_first_of_conversation = is_first;
        message.after_opt_out = permission != Permission::Given;
        message.in_service_window = last_inbound_at != NONE && at - last_inbound_at <= SERVICE_WINDOW;
    }

    /// The last message that may have arrived, sent at most `window` before now.
    fn last_message(&mut self, account: u32, at: i64, window: i64) -> Option<usize> {
        let last = self.dealing(account).last_arrived;
        last.filter(|&place| at - self.messages[place].sent_at <= window)
    }

    fn inbound(&mut self, row: usize, kind: Kind, at: i64) {
        let account = self.account(row);
        let reply = self.settings.windows.reply.0;
        let place = self.act(row, at, false);
        let pointer = self.shard.reply_key()[row];
        let pointed = self.by_key.get(pointer).filter(|&message| self.messages[message].sent_at <= at);
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
        if matches!(kind, Kind::ButtonClicked | Kind::MessageReceived) {
            conversation.speak(false);
        }
        lower(&mut conversation.first_inbound_at, at);
        if conversation.by_business && conversation.engaged_at == NONE && conversation.opening_until != NONE {
            let answers_opening = match (pointer, pointed) {
                (NO_MESSAGE, _) => !conversation.past_opening,
                (_, Some(message)) => {
                    let message = &self.messages[message];
                    (message.account, message.conversation_started_at)
                        == (conversation.account, conversation.started_at)
                        && message.sent_at <= conversation.opening_until
                }
                (_, None) => false,
            };
            if answers_opening {
                conversation.engaged_at = at;
            }
        }
        self.dealing(account).last_inbound_at = at;
        self.inbound_acts.push((account, at));
        self.contact.n_inbound += 1;
        if let Some(visit) = self.current_visit(place) {
            visit.not_understood = false;
        }
        let stops = self.is_stop(self.shard.message_key()[row]);
        if matches!(kind, Kind::ButtonClicked | Kind::MessageReceived) && !stops {
            self.serve_received(place, at);
            let current = self.conversations[place].current_visit;
            let fits = pointer == NO_MESSAGE
                || pointed.is_none()
                || (current.is_some() && self.prompts.get(pointer) == current);
            let answer = self.columns.answer[row];
            if let Some(visit) = self.current_visit(place).filter(|visit| fits && visit.is_waiting()) {
                visit.take_message(at);
                visit.given.take(answer);
            }
        }
    }

    /// Whether the contact opted out by the message with this key.
    pub(super) fn is_stop(&self, key: i64) -> bool {
        key != NO_MESSAGE && self.stops.get(key).is_some()
    }

    pub(super) fn current_visit(&mut self, conversation: usize) -> Option<&mut Visit> {
        let place = self.conversations.get(conversation)?.current_visit?;
        self.visits.get_mut(place)
    }

    fn opted_out(&mut self, row: usize, kind: Kind, at: i64) {
        let account = self.account(row);
        let hard = kind == Kind::OptedOutHard;
        let by_message = self.shard.message_key()[row] != NO_MESSAGE && self.columns.error_code[row] == NULL;
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
        let id = self.shard.message_key()[row];
        let told_before = id != NO_MESSAGE && self.is_told(kind, id);
        let attribution = self.settings.windows.attribution.0;
        let attributed = self.last_message(account, at, attribution);
        if let Some(place) = attributed.filter(|_| is_news || !told_before) {
            self.messages[place].n_opt_outs += 1;
        }
        if is_news {
            let dealing = self.dealing(account);
            dealing.permission = if hard { Permission::EndedHard } else { Permission::EndedSoft };
            let (last, of_campaign) = (dealing.last_arrived, dealing.last_campaign);
            if let Some(message) = last.and_then(|place| self.messages.get_mut(place)) {
                lower(&mut message.opt_out_after, at - message.sent_at);
            }
            if let Some(message) = of_campaign.and_then(|place| self.messages.get_mut(place)) {
                lower(&mut message.campaign_opt_out_after, at - message.sent_at);
            }
            let mut opt_out = OptOut::new(account, at, hard, by_message);
            if let Some(place) = attributed {
                let message = &mut self.messages[place];
                opt_out.attributed = true;
                opt_out.tags = message.tags();
                if message.opted_out_at == NONE || hard {
                    message.opted_out_hard = hard;
                }
                lower(&mut message.opted_out_at, at);
            }
            let place = self.opt_outs.len();
            self.dealing(account).pending.push(place);
            self.opt_outs.push(opt_out);
        }
        let gap = self.settings.windows.session_gap.0;
        if let Some(place) = running.filter(|&place| at - self.conversations[place].ended_at <= gap) {
            self.conversations[place].opted_out = true;
            if let Some(visit) = self.current_visit(place).filter(|visit| visit.is_waiting()) {
                visit.opt_out(at, hard);
            }
        }
    }

    fn opted_in(&mut self, row: usize, at: i64) {
        let account = self.account(row);
        if self.contact.opted_in_at == NONE {
            self.contact.opted_in_at = at;
            self.contact.opted_in_source = self.columns.topic[row];
        }
        let topic = self.columns.topic[row];
        let dealing = self.dealing(account);
        if dealing.opted_in_at == NONE {
            dealing.opted_in_at = at;
            dealing.opted_in_source = topic;
        }
        if dealing.permission != Permission::Given {
            dealing.permission = Permission::Given;
            for place in std::mem::take(&mut dealing.pending) {
                self.opt_outs[place].resumed_at = at;
            }
        }
    }
}

/// Kinds of which one message can have only one.
pub(super) fn is_told_once(kind: Kind) -> bool {
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

/// Keeps the earlier of two instants, of which either may be unknown.
pub(super) fn lower(field: &mut i64, at: i64) {
    if at != NONE && (*field == NONE || at < *field) {
        *field = at;
    }
}

//! Whether each message was allowed, told by plain loops from the definitions: for every message, all earlier events of the
//! contact are looked through again.

use std::collections::BTreeSet;

use trichter::event::{Kind, SECOND};

use super::contact::Message;
use crate::pipeline::Event;

const HOUR: i64 = 3_600 * SECOND;
const CONFIRMATION: i64 = 300 * SECOND;

/// What is found of one message; `None` where it cannot be told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) after_opt_out: Option<bool>,
    pub(super) outside_window: Option<bool>,
    pub(super) without_opt_in: Option<bool>,
}

/// The contact's events, and what the log tells besides.
pub(super) struct Permission<'e> {
    pub(super) events: &'e [Event],
    /// Everybody's, from which the beginning of an account's log is told.
    pub(super) all: &'e [Event],
    pub(super) tells_replies: bool,
    pub(super) tells_opt_ins: bool,
}

/// When the log of an account begins: with its own first event or one that names no account. Of no account, with the channel's.
pub(super) fn began(all: &[Event], channel: &str, account: Option<&str>) -> i64 {
    let is_part = |event: &&Event| account.is_none() || event.account.is_none() || event.account.as_deref() == account;
    let of_channel = all.iter().filter(|event| event.channel == channel);
    of_channel.filter(is_part).map(|event| event.at).min().unwrap()
}

/// What an opt-out forbids: everything, marketing, or the template of a topic.
#[derive(Clone, Debug, PartialEq)]
enum Forbids {
    All,
    Marketing,
    Topic(String),
}

impl Permission<'_> {
    pub(super) fn account(&self, place: usize) -> Option<&String> {
        let mut named: Vec<&String> = self.events.iter().filter_map(|event| event.account.as_ref()).collect();
        named.sort();
        named.dedup();
        self.events[place].account.as_ref().or(if let [only] = named[..] { Some(only) } else { None })
    }

    pub(super) fn own(&self, message: &Message) -> Vec<&Event> {
        let receipts = [
            Kind::MessageSent,
            Kind::MessageDelivered,
            Kind::MessageOpened,
            Kind::MessageFailed,
            Kind::MessageSuppressed,
        ];
        match &message.id {
            None => vec![&self.events[message.begun]],
            id => self.events.iter().filter(|event| event.message == *id && receipts.contains(&event.kind)).collect(),
        }
    }

    pub(super) fn word(&self, message: &Message, read: fn(&Event) -> &Option<String>) -> Option<String> {
        self.own(message).into_iter().find_map(|event| read(event).clone())
    }

    fn is_audited(&self, message: &Message) -> bool {
        let told = self.own(message).iter().any(|event| event.kind == Kind::MessageSent);
        told && !message.failed && !message.suppressed
    }

    fn is_plain(&self, message: &Message) -> bool {
        let form = self.word(message, |event| &event.message_type);
        self.word(message, |event| &event.template).is_none() && form.is_some_and(|form| form != "template")
    }

    fn is_marketing(&self, message: &Message) -> bool {
        let is_whatsapp = self.events[0].channel == "whatsapp";
        self.word(message, |event| &event.category).as_deref() == Some("marketing")
            && !(is_whatsapp && self.is_plain(message))
    }

    fn forbids(&self, place: usize) -> Option<Forbids> {
        let event = &self.events[place];
        match (event.kind, event.topic.as_deref(), event.error_code.as_deref()) {
            (Kind::OptedOutHard, ..) | (Kind::OptedOutSoft, None, None) => Some(Forbids::All),
            (Kind::OptedOutSoft, None, Some(code)) if code != "131050" => Some(Forbids::All),
            (Kind::OptedOutSoft, None | Some("marketing_messages"), _) => Some(Forbids::Marketing),
            (Kind::OptedOutSoft, Some(topic), _) => Some(Forbids::Topic(topic.to_owned())),
            _ => None,
        }
    }

    /// Whether an opt-in at this place ends an opt-out of this kind.
    fn lifts(&self, place: usize, forbids: &Forbids) -> bool {
        let event = &self.events[place];
        event.kind == Kind::OptedIn
            && match forbids {
                Forbids::Topic(topic) => event.topic.as_ref().is_none_or(|other| other == topic),
                _ => true,
            }
    }

    fn concerns(&self, forbids: &Forbids, message: &Message) -> bool {
        match forbids {
            Forbids::All => true,
            Forbids::Marketing => self.is_marketing(message),
            Forbids::Topic(topic) => self.word(message, |event| &event.template).as_ref() == Some(topic),
        }
    }

    /// Opt-outs that hold when the message is sent, each by the place where it began.
    fn holding(&self, message: &Message) -> Vec<(usize, Forbids)> {
        let of_account = || (0..message.begun).filter(|&place| self.account(place) == message.account.as_ref());
        let mut holding: Vec<(usize, Forbids)> = Vec::new();
        for place in of_account() {
            let Some(forbids) = self.forbids(place) else { continue };
            let is_lifted = of_account().any(|later| later > place && self.lifts(later, &forbids));
            if !is_lifted && holding.iter().all(|(_, known)| *known != forbids) {
                holding.push((place, forbids));
            }
        }
        holding
    }

    /// What every account's opt-outs still forbid when the log ends: account, reach and topic.
    pub(super) fn standing(&self) -> BTreeSet<(Option<String>, &'static str, Option<String>)> {
        let accounts: BTreeSet<Option<&String>> = (0..self.events.len()).map(|place| self.account(place)).collect();
        let of_account = |account: Option<&String>| {
            let end = Message { account: account.cloned(), begun: self.events.len(), ..Message::default() };
            self.holding(&end).into_iter().map(move |(_, forbids)| match forbids {
                Forbids::All => (end.account.clone(), "everything", None),
                Forbids::Marketing => (end.account.clone(), "marketing", None),
                Forbids::Topic(topic) => (end.account.clone(), "topic", Some(topic)),
            })
        };
        accounts.into_iter().flat_map(of_account).collect()
    }

    /// Whether the message is the one that may confirm the opt-out.
    fn confirms(&self, (place, forbids): &(usize, Forbids), message: &Message, messages: &[Message]) -> bool {
        let may = |message: &Message| {
            self.is_audited(message)
                && !self.is_marketing(message)
                && self.concerns(forbids, message)
                && message.sent_at - self.events[*place].at <= CONFIRMATION
        };
        let blocked = (*place..message.begun).any(|later| {
            self.events[later].kind == Kind::OptedOutHard && self.account(later) == message.account.as_ref()
        });
        let before = messages.iter().any(|other| {
            other.account == message.account && (*place + 1..message.begun).contains(&other.begun) && may(other)
        });
        may(message) && !blocked && !before
    }

    fn opens_window(&self, place: usize) -> bool {
        let event = &self.events[place];
        let told_before = matches!(event.kind, Kind::MessageReceived | Kind::ButtonClicked)
            && event.message.is_some()
            && self.events[..place].iter().any(|other| (other.kind, &other.message) == (event.kind, &event.message));
        let mut kinds = vec![Kind::MessageReceived, Kind::ButtonClicked, Kind::ReactionReceived];
        if event.channel == "messenger" {
            kinds.extend([Kind::Referral, Kind::OptedIn]);
        }
        kinds.contains(&event.kind) && !told_before
    }

    /// The last act before the message that opens the window.
    fn last_act(&self, message: &Message) -> Option<&Event> {
        let is_toward = |place: &usize| {
            let account = self.account(*place);
            account.is_none() || message.account.is_none() || account == message.account.as_ref()
        };
        let mut acts = (0..message.begun).filter(|&place| self.opens_window(place)).filter(is_toward);
        acts.next_back().map(|place| &self.events[place])
    }

    /// Form and service window of a message, as the columns call them.
    pub(super) fn form_and_window(&self, message: &Message) -> [Option<String>; 2] {
        let channel = self.events[0].channel.as_str();
        if !["messenger", "whatsapp"].contains(&channel) || !self.is_audited(message) {
            return [None, None];
        }
        let category = self.word(message, |event| &event.category);
        let form = if channel == "messenger" {
            category.as_deref().map(|tag| if ["response", "update"].contains(&tag) { "free_form" } else { "template" })
        } else if self.is_plain(message) || category.as_deref() == Some("service") {
            Some("free_form")
        } else {
            let is_named = self.word(message, |event| &event.template).is_some()
                || self.word(message, |event| &event.message_type).is_some()
                || matches!(category.as_deref(), Some("marketing" | "utility"));
            is_named.then_some("template")
        };
        let window = match self.last_act(message) {
            Some(act) if message.sent_at - act.at <= 24 * HOUR => Some(act.kind.name()),
            _ if !self.tells_replies => None,
            None if message.sent_at - began(self.all, &self.events[0].channel, message.account.as_deref())
                <= 24 * HOUR =>
            {
                None
            }
            _ => Some("closed"),
        };
        [form, window].map(|word| word.map(str::to_owned))
    }

    fn outside_window(&self, message: &Message) -> Option<bool> {
        if self.events[0].channel != "whatsapp" || !self.tells_replies {
            return None;
        }
        let category = self.word(message, |event| &event.category);
        if !self.is_plain(message) && category.as_deref() != Some("service") {
            return None;
        }
        match self.last_act(message).map(|act| act.at) {
            None if message.sent_at - began(self.all, &self.events[0].channel, message.account.as_deref())
                <= 24 * HOUR =>
            {
                None
            }
            None => Some(true),
            Some(at) => Some(message.sent_at - at > 24 * HOUR),
        }
    }

    pub(super) fn of(&self, message: &Message, messages: &[Message]) -> Found {
        if !self.is_audited(message) {
            return Found::default();
        }
        let held = self.holding(message);
        let breaks =
            |held: &&(usize, Forbids)| self.concerns(&held.1, message) && !self.confirms(held, message, messages);
        let opted_in = self.events[..message.begun].iter().any(|event| event.kind == Kind::OptedIn);
        Found {
            after_opt_out: Some(held.iter().any(|held| breaks(&held))),
            outside_window: self.outside_window(message),
            without_opt_in: (self.tells_opt_ins && self.is_marketing(message)).then_some(!opted_in),
        }
    }
}

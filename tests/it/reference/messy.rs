//! Random logs of canonical events that no platform would send in this order: ties, gaps of exactly a day, receipts before
//! their message, watermarks into the future, answers to unknown messages, repeated acts, permission to and fro.

use proptest::prelude::*;
use serde_json::json;
use trichter::event::{Kind, SECOND};

/// 2026-03-01T00:00:00Z.
pub(super) const START: i64 = 1_772_323_200 * SECOND;

/// The settings under which messy logs are read: two declared flows, one for a single edition, and the hours that the naive
/// count of service knows.
pub(super) const CONFIG: &str = r#"
[[flow]]
name = "order"
questions = ["q0", "q1"]
options = { q0 = ["yes", "no"] }

[[flow]]
name = "survey"
version = "2"
questions = ["q2"]

[service]
zone = "Europe/Berlin"
sunday = ["00:30-02:00", "10:00-24:00"]
monday = ["08:00-12:30", "13:30-17:00"]
tuesday = ["09:00-17:00"]
wednesday = ["00:00-24:00"]
holidays = ["2026-03-03"]
"#;

/// Kinds by how often they come: what makes conversations more often than what ends them.
const KINDS: &[(u32, Kind)] = &[
    (8, Kind::MessageSent),
    (4, Kind::MessageDelivered),
    (3, Kind::MessageOpened),
    (2, Kind::MessageFailed),
    (1, Kind::MessageSuppressed),
    (2, Kind::DeliveredUpTo),
    (2, Kind::OpenedUpTo),
    (6, Kind::MessageReceived),
    (4, Kind::ButtonClicked),
    (2, Kind::LinkClicked),
    (1, Kind::ReactionReceived),
    (8, Kind::QuestionAsked),
    (2, Kind::QuestionAnswered),
    (2, Kind::AnswerRejected),
    (1, Kind::QuestionSkipped),
    (1, Kind::FlowStarted),
    (1, Kind::FlowEnded),
    (1, Kind::GoalReached),
    (1, Kind::Payment),
    (2, Kind::Fallback),
    (2, Kind::HandoverToHuman),
    (1, Kind::HandoverToBot),
    (2, Kind::OptedIn),
    (2, Kind::OptedOutSoft),
    (1, Kind::OptedOutHard),
    (1, Kind::Referral),
    (1, Kind::ErasureRequested),
];

/// One line of a log.
#[derive(Clone, Debug)]
pub(super) struct Line {
    kind: Kind,
    contact: usize,
    /// Steps of ten seconds, 20 minutes, 11 hours and a day.
    at: [i64; 4],
    /// How much longer all of that is.
    pub(super) stretch: i64,
    message: Option<usize>,
    reply_to: Option<usize>,
    question: Option<usize>,
    campaign: Option<usize>,
    account: usize,
    up_to: i64,
    says_stop: bool,
    /// Steps of a minute and of a second, so that opt-outs are confirmed at the edge of five minutes.
    close: [i64; 2],
    /// What the log tells of a message's form and price, and of the topic of permission.
    form: [Option<usize>; 3],
    agent: Option<usize>,
}

pub(super) fn log() -> impl Strategy<Value = Vec<Line>> {
    prop::collection::vec(line(), 1..120)
}

fn line() -> impl Strategy<Value = Line> {
    let kind = prop::strategy::Union::new_weighted(KINDS.iter().map(|&(weight, kind)| (weight, Just(kind))).collect());
    let at = [0..4_i64, 0..3, 0..2, 0..4];
    let ids = (prop::option::weighted(0.8, 0..6_usize), prop::option::weighted(0.4, 0..8_usize));
    let names = (prop::option::weighted(0.8, 0..3_usize), prop::option::weighted(0.3, 0..2_usize));
    let agent = prop::option::weighted(0.5, 0..3_usize);
    (kind, 0..4_usize, at, ids, (names, agent), 0..3_usize, -2..3_i64, prop::bool::weighted(0.1), form()).prop_map(
        |(kind, contact, at, (message, reply_to), (names, agent), account, up_to, says_stop, (close, form))| {
            let (question, campaign) = names;
            let stretch = 1;
            Line {
                kind,
                contact,
                at,
                stretch,
                message,
                reply_to,
                question,
                campaign,
                account,
                up_to,
                says_stop,
                close,
                form,
                agent,
            }
        },
    )
}

fn form() -> impl Strategy<Value = ([i64; 2], [Option<usize>; 3])> {
    let word = || prop::option::weighted(0.6, 0..3_usize);
    (
        [prop_oneof![4 => Just(0_i64), 1 => Just(5)], prop_oneof![4 => Just(0_i64), 1 => Just(1)]],
        [word(), word(), word()],
    )
}

impl Line {
    fn at(&self) -> i64 {
        let [tens, minutes, hours, days] = self.at;
        let [minute, second] = self.close;
        let seconds = minute * 60 + second + tens * 10 + minutes * 1_200 + hours * 39_600 + days * 86_400;
        START + seconds * self.stretch * SECOND
    }

    /// Contact 0 has no account; 1 one that the log leaves out at times; 2 and 3 have two, and a message has its own.
    fn account(&self) -> Option<&'static str> {
        let two = |number: usize| Some(if number.is_multiple_of(2) { "a" } else { "b" });
        match (self.contact, self.message) {
            (0, _) => None,
            (1, _) => (self.account > 0).then_some("a"),
            (_, Some(message)) => two(message),
            (_, None) => two(self.account),
        }
    }

    /// The line as canonical JSON; `number` tells it from an equal line.
    pub(super) fn json(&self, number: usize) -> String {
        let is_inbound = matches!(
            self.kind,
            Kind::MessageReceived
                | Kind::ButtonClicked
                | Kind::LinkClicked
                | Kind::ReactionReceived
                | Kind::OptedOutSoft
        );
        let side = if is_inbound || self.kind == Kind::QuestionAnswered { "in" } else { "out" };
        let question = self.question.filter(|_| {
            matches!(
                self.kind,
                Kind::QuestionAsked | Kind::QuestionAnswered | Kind::AnswerRejected | Kind::QuestionSkipped
            ) || (self.kind == Kind::MessageSent && self.campaign.is_some())
        });
        let channel = ["generic", "whatsapp", "telegram", "shop"][self.contact];
        let up_to =
            matches!(self.kind, Kind::DeliveredUpTo | Kind::OpenedUpTo).then(|| self.at() + self.up_to * 600 * SECOND);
        let is_sent = matches!(self.kind, Kind::MessageSent | Kind::MessageDelivered);
        let answers = matches!(self.kind, Kind::MessageReceived | Kind::ButtonClicked | Kind::QuestionAnswered);
        let template = self.form[0].map(|template| ["news", "offer", "order"][template]);
        let topic = self.form[0].map(|topic| ["marketing_messages", "news", "offer"][topic]);
        let topic = topic.filter(|_| matches!(self.kind, Kind::OptedIn | Kind::OptedOutSoft));
        json!({
            "kind": self.kind.name(),
            "at": self.at(),
            "contact": format!("contact-{}", self.contact),
            "channel": channel,
            "account": self.account(),
            "event_id": number.to_string(),
            "message_id": self.message.map(|message| format!("{side}-{message}")),
            "reply_to": self.reply_to.filter(|_| is_inbound).map(|message| format!("out-{message}")),
            "campaign": self.campaign.map(|campaign| format!("campaign-{campaign}")),
            "variant": self.message.map(|message| if message < 2 { "control" } else { "short" }).filter(|_| self.account < 2),
            "flow": question.map(|question| if question == 2 { "survey" } else { "order" }),
            "flow_version": question.map(|question| if question == 2 { "2" } else { "1" }),
            "question": question.map(|question| format!("q{question}")),
            "text": (self.says_stop && self.kind == Kind::MessageReceived).then_some("STOP"),
            "up_to": up_to,
            "template": is_sent.then_some(()).and(template).filter(|_| self.form[1] == Some(0)),
            "message_type": is_sent.then(|| self.form[1].map(|form| ["template", "text", "image"][form])),
            "category": is_sent.then(|| self.form[2].map(|category| ["marketing", "utility", "service"][category])),
            "topic": topic,
            "agent": (self.kind == Kind::MessageSent).then(|| self.agent.map(|agent| ["bot", "human", "anna"][agent])),
            "billable": self.form[0].filter(|_| is_sent).map(|word| word == 0),
            "cost": self.form[1].filter(|_| is_sent && self.campaign.is_none()).map(|word| format!("0.0{word}")),
            "currency": self.form[2].filter(|_| is_sent).map(|word| ["EUR", "USD", "EUR"][word]),
            // Of the last contact two countries are told, and of the third one with many zones.
            "country": match (self.contact, self.account) {
                (0, 0..2) => Some("DE"),
                (1, 1) => Some("IN"),
                (2, _) => Some("US"),
                (3, 1) => Some("BR"),
                (3, 2) => Some("JP"),
                _ => None,
            },
            "answer": self.form[2].map(|answer| ["yes", "no", "perhaps"][answer]).filter(|_| answers),
        })
        .to_string()
    }
}

//! Audit: every message that breaks a rule, with what the log has against it.
//!
//! The same verdicts that the columns of `messages` count, gathered shard by shard. Knows no format.

use super::columns::{Columns, Wants};
use super::compliance::{EVENTS, Finding};
use super::messages::{CATEGORY, Message, TEMPLATE};
use super::walk::Walk;
use super::{NONE, Settings, messages};
use crate::event::{Kind, Time};
use crate::store::Shard;
use crate::store::words::NULL;

/// A rule that a message can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Nothing after an opt-out that holds, but one confirmation that is no marketing.
    OptOut,
    /// Free-form messages inside the channel's service window only.
    Window,
    /// Marketing only to contacts who opted in.
    Consent,
}

impl Rule {
    /// Every rule, in order.
    pub const ALL: [Self; 3] = [Self::OptOut, Self::Window, Self::Consent];

    /// The name in JSON and CSV.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OptOut => "opt_out",
            Self::Window => "window",
            Self::Consent => "consent",
        }
    }
}

/// A message that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// When it was sent.
    pub at: Time,
    /// The rule.
    pub rule: Rule,
    /// Platform.
    pub channel: String,
    /// The business's endpoint.
    pub account: Option<String>,
    /// Pseudonym, or the plain id if the store keeps it.
    pub contact: String,
    /// Campaign of the message.
    pub campaign: Option<String>,
    /// Template of the message.
    pub template: Option<String>,
    /// Price category of the message.
    pub category: Option<String>,
    /// The opt-out, or the contact's last act before the message; `None` if there was none.
    pub evidence_at: Option<Time>,
    /// The log that tells of the sending.
    pub source: String,
    /// The line in it, from 1.
    pub line: i64,
}

/// Violations and how many messages each rule was held against, while shards are added.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// In no order.
    pub violations: Vec<Violation>,
    /// Messages checked, by the place of the rule in [`Rule::ALL`].
    pub checked: [u64; Rule::ALL.len()],
}

impl Audit {
    /// The columns with which shards have to be read.
    #[must_use]
    pub fn events() -> Vec<&'static str> {
        let mut events: Vec<&str> = messages::GRAIN
            .events
            .iter()
            .chain(&EVENTS)
            .copied()
            .chain(["campaign", "contact_id", "line", "source"])
            .collect();
        events.sort_unstable();
        events.dedup();
        events
    }

    /// Adds a shard that was read with these columns.
    pub fn add(&mut self, shard: &Shard, settings: &Settings) {
        let nulls = vec![NULL; shard.len()];
        let words = ["campaign", "template", "category", "message_type"];
        let columns = Columns::of(shard, settings, &words, Wants { permission: true, ..Wants::default() }, &nulls);
        let mut walk = Walk::new(shard, settings, &columns);
        for rows in shard.contacts().iter().map(|contact| &contact.rows) {
            let observable = columns.observable(columns.channel[rows.start]);
            walk.contact(rows.clone(), observable);
            let judged = walk.messages.iter().zip(&walk.begun_by);
            for (message, &row) in judged.filter(|(message, _)| settings.in_scope(message.sent_at)) {
                let verdict = message.verdict;
                let opt_out = if observable.opt_outs.is_measurable() { verdict.opt_out } else { Finding::Unmeasurable };
                for ((rule, finding), checked) in
                    Rule::ALL.into_iter().zip([opt_out, verdict.window, verdict.consent]).zip(&mut self.checked)
                {
                    *checked += u64::from(matches!(finding, Finding::Kept | Finding::Broken(_)));
                    if let Finding::Broken(evidence_at) = finding {
                        let row = sending(shard, row, rows.end);
                        self.violations.push(violation(shard, row, message, rule, evidence_at));
                    }
                }
            }
        }
    }

    /// Puts another's findings beside these.
    pub fn merge(&mut self, other: Self) {
        self.violations.extend(other.violations);
        for (checked, further) in self.checked.iter_mut().zip(other.checked) {
            *checked += further;
        }
    }

    /// How many messages break the rule.
    #[must_use]
    pub fn broken(&self, rule: Rule) -> usize {
        self.violations.iter().filter(|violation| violation.rule == rule).count()
    }
}

/// The row that tells of the sending of the message that became known by a row of its contact.
fn sending(shard: &Shard, known_by: usize, end: usize) -> usize {
    let key = shard.message_key()[known_by];
    let tells = |&row: &usize| shard.kind()[row] == Kind::MessageSent && shard.message_key()[row] == key;
    (known_by..end).find(tells).unwrap_or(known_by)
}

fn violation(shard: &Shard, row: usize, message: &Message, rule: Rule, evidence_at: i64) -> Violation {
    let word = |column: &str, code: u32| shard.words(column).1.get(code).map(str::to_owned);
    let of_row = |column: &str| word(column, shard.words(column).0.get(row).copied().unwrap_or(NULL));
    Violation {
        at: Time(message.sent_at),
        rule,
        channel: of_row("channel").unwrap_or_default(),
        account: word("account", message.account),
        contact: of_row("contact_id").unwrap_or_default(),
        campaign: word("campaign", message.campaign()),
        template: word("template", message.words[TEMPLATE]),
        category: word("category", message.words[CATEGORY]),
        evidence_at: (evidence_at != NONE).then_some(Time(evidence_at)),
        source: of_row("source").unwrap_or_default(),
        line: shard.line().get(row).copied().unwrap_or_default(),
    }
}

//! Permissions: since when and by what evidence a contact may be written to, and what they forbade.
//!
//! Of each account, rows of reach 'everything' follow one another without a gap from the first event to the end of the log. A
//! narrower stop, of marketing or of one topic, is a row beside them for as long as it holds. What forbids what is the matter
//! of `compliance`; this is its history.

use super::Grain;
use super::compliance::{Reach, Rules};
use super::table::{Form, NONE, Read, Spec};
use super::walk::Walk;
use crate::event::Kind;
use crate::store::words::NULL;

/// The grain.
pub const GRAIN: Grain = Grain {
    name: "permissions",
    one_row_per: "contact, account, reach and stretch of time in which the permission to write stayed the same",
    anchor: "began_at",
    columns: COLUMNS,
    events: &["channel", "account", "message_key", "reply_key", "up_to", "error_code", "topic", "template", "line"],
};

const COLUMNS: &[Spec] = &[
    Spec { name: "contact_key", form: Form::Number, meaning: "the contact; the same number in every table" },
    Spec { name: "contact_id", form: Form::Word, meaning: "their pseudonym, or the plain id if the store keeps it" },
    Spec { name: "channel", form: Form::Word, meaning: "platform" },
    Spec { name: "account", form: Form::Word, meaning: "the business's endpoint; null: the log does not say" },
    Spec {
        name: "reach",
        form: Form::Word,
        meaning: "what the row is about: 'everything', or a narrower stop of 'marketing' or of one 'topic'",
    },
    Spec {
        name: "state",
        form: Form::Word,
        meaning: "'unknown': neither opted in nor out; 'opted_in'; 'stopped': soft opt-out; 'blocked': hard opt-out",
    },
    Spec { name: "topic", form: Form::Word, meaning: "topic or source of the opt-in or opt-out; null: none" },
    Spec {
        name: "evidence",
        form: Form::Word,
        meaning: "answer of the event by which it began: for a stop in words, the rule that saw it; null: none",
    },
    Spec { name: "source", form: Form::Word, meaning: "the log that tells of it" },
    Spec { name: "began_at", form: Form::Instant, meaning: "since when" },
    Spec { name: "ended_at", form: Form::Instant, meaning: "until when; null: it holds at the end of the log" },
    Spec { name: "line", form: Form::Number, meaning: "the line in the log, from 1" },
    Spec { name: "holds", form: Form::Flag, meaning: "it holds at the end of the log" },
];

const UNKNOWN: u32 = 1;
const OPTED_IN: u32 = 2;
const STOPPED: u32 = 3;
const BLOCKED: u32 = 4;

pub(super) const READS: &[Read<Permission>] = &[
    Read::Number(|row| row.owner.contact_key),
    Read::Word("contact_id", |row| row.fact.contact_id),
    Read::Word("channel", |row| row.owner.channel),
    Read::Word("account", |row| row.fact.account),
    Read::Fixed(&["everything", "marketing", "topic"], |row| match row.fact.reach {
        Reach::Everything => 1,
        Reach::Marketing => 2,
        Reach::Template(_) => 3,
    }),
    Read::Fixed(&["unknown", "opted_in", "stopped", "blocked"], |row| row.fact.state),
    Read::Word("topic", |row| row.fact.topic),
    Read::Word("answer", |row| row.fact.evidence),
    Read::Word("source", |row| row.fact.source),
    Read::Number(|row| row.fact.began_at),
    Read::Number(|row| row.fact.ended_at),
    Read::Number(|row| row.fact.line),
    Read::Flag(|row| row.fact.ended_at == NONE),
];

/// One stretch of time.
#[derive(Clone, Debug)]
pub(super) struct Permission {
    contact_id: u32,
    account: u32,
    reach: Reach,
    state: u32,
    topic: u32,
    evidence: u32,
    source: u32,
    line: i64,
    pub(super) began_at: i64,
    ended_at: i64,
}

/// Finds the stretches of the contact that was walked.
pub(super) fn find(walk: &Walk<'_>, rules: &Rules<'_>, found: &mut Vec<Permission>) {
    found.clear();
    // Places of those that have not ended.
    let mut standing: Vec<usize> = Vec::new();
    let (shard, columns) = (walk.shard, walk.columns);
    for row in walk.rows.clone() {
        let (kind, at, topic) = (shard.kind()[row], shard.at()[row], columns.topic[row]);
        let account = walk.account(row);
        let is_known = standing.iter().any(|&place| found[place].account == account);
        let (reach, state) = match kind {
            Kind::OptedIn => (Reach::Everything, OPTED_IN),
            Kind::OptedOutHard => (Reach::Everything, BLOCKED),
            Kind::OptedOutSoft => (rules.reach(topic, columns.error_code[row]), STOPPED),
            Kind::IdentityLinked => continue,
            _ if is_known => continue,
            _ => (Reach::Everything, UNKNOWN),
        };
        if reach != Reach::Everything && !is_known {
            standing.push(found.len());
            found.push(Permission::new(walk, row, Reach::Everything, UNKNOWN));
        }
        let is_news = !standing.iter().any(|&place| {
            let known = &found[place];
            let adds_nothing = known.state == state || (known.state, state) == (BLOCKED, STOPPED);
            known.account == account && known.is_about(reach, topic) && adds_nothing
        });
        standing.retain(|&place| {
            let known = &mut found[place];
            let ends = match known.reach {
                _ if known.account != account => false,
                Reach::Everything => reach == Reach::Everything && is_news,
                Reach::Marketing => state == OPTED_IN,
                // An opt-in to one topic does not bring back another.
                Reach::Template(_) => state == OPTED_IN && (topic == NULL || known.topic == topic),
            };
            known.ended_at = if ends { at } else { NONE };
            !ends
        });
        if is_news {
            standing.push(found.len());
            found.push(Permission::new(walk, row, reach, state));
        }
    }
}

impl Permission {
    fn new(walk: &Walk<'_>, row: usize, reach: Reach, state: u32) -> Self {
        let word = |column: &str| walk.shard.words(column).0.get(row).copied().unwrap_or(NULL);
        let is_told = state != UNKNOWN;
        Self {
            contact_id: word("contact_id"),
            account: walk.account(row),
            reach,
            state,
            topic: if is_told { word("topic") } else { NULL },
            evidence: if is_told { word("answer") } else { NULL },
            source: word("source"),
            line: walk.shard.line().get(row).copied().unwrap_or(NONE),
            began_at: walk.shard.at()[row],
            ended_at: NONE,
        }
    }

    /// Whether it is what an event of this reach and topic would change.
    fn is_about(&self, reach: Reach, topic: u32) -> bool {
        self.reach == reach && (!matches!(reach, Reach::Template(_)) || self.topic == topic)
    }
}

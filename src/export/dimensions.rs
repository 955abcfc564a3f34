//! Dimension tables: what rows of facts are told apart by, with what is known of it beyond its name.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::columns::Value;
use super::gather::days_of;
use super::table::{Class, Column, Kind, Table};
use crate::channels::{self, Ability};
use crate::config::Flow;
use crate::facts::{Grain, Observable, Seen as Told, Settings};

/// What dimensions tell of: columns of words that name it, found in every fact table that has them all.
pub(super) struct Subject {
    /// The columns.
    pub(super) columns: &'static [&'static str],
    /// The column without which there is nothing to name.
    needs: &'static str,
    /// The text key that stands for the columns; none if a column is enough.
    pub(super) key: Option<&'static str>,
    /// What the key says.
    meaning: &'static str,
}

pub(super) static ACCOUNT: Subject = Subject {
    columns: &["channel", "account"],
    needs: "channel",
    key: Some("account_key"),
    meaning: "channel and account as one text",
};
static CAMPAIGN: Subject = Subject { columns: &["campaign"], needs: "campaign", key: None, meaning: "campaign" };
pub(super) static FLOW_VERSION: Subject = Subject {
    columns: &["flow", "flow_version"],
    needs: "flow",
    key: Some("flow_version_key"),
    meaning: "flow and edition as one text; null: the flow is not known",
};
pub(super) static QUESTION: Subject = Subject {
    columns: &["flow", "flow_version", "question"],
    needs: "question",
    key: Some("question_key"),
    meaning: "flow, edition and question as one text; null: the question is not known",
};

/// All subjects.
pub(super) static SUBJECTS: [&Subject; 4] = [&ACCOUNT, &CAMPAIGN, &FLOW_VERSION, &QUESTION];

impl Subject {
    pub(super) fn is_of(&self, grain: &Grain) -> bool {
        self.columns.iter().all(|name| grain.columns.iter().any(|column| column.name == *name))
    }

    /// The key of these words, if there is something to name.
    pub(super) fn key_of(&self, words: &[Option<&str>]) -> Option<String> {
        let needed = self.columns.iter().position(|name| *name == self.needs)?;
        words.get(needed).copied().flatten()?;
        Some(join(words))
    }
}

/// When each thing was seen first and last, in microseconds; the first is later than the last where no instant is known.
type Spans = BTreeMap<Vec<Option<String>>, (i64, i64)>;

/// Words as one text: they stand between slashes, and what is unknown is empty. Slashes and percent signs of words are written as
/// in addresses, the empty word as a percent sign, so that no two combinations give one text.
pub(super) fn join(words: &[Option<&str>]) -> String {
    let part = |word: Option<&str>| match word {
        None => String::new(),
        Some("") => "%".to_owned(),
        Some(word) => word.replace('%', "%25").replace('/', "%2F"),
    };
    words.iter().copied().map(part).collect::<Vec<_>>().join("/")
}

/// The keys of several columns that a fact table has.
pub(super) fn keys(grain: &Grain) -> impl Iterator<Item = Column> {
    let of_grain = SUBJECTS.into_iter().filter(|subject| subject.is_of(grain));
    of_grain.filter_map(|subject| Some(Column::new(subject.key?, Kind::Word, subject.meaning)))
}

/// What was seen in facts, by the columns that name it.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<&'static [&'static str], Spans>);

impl Seen {
    pub(super) fn add(&mut self, subject: &'static Subject, words: &[Option<&str>], span: (i64, i64)) {
        if subject.key_of(words).is_none() {
            return;
        }
        let spans = self.0.entry(subject.columns).or_default();
        let words = words.iter().map(|word| word.map(str::to_owned)).collect();
        widen(spans.entry(words).or_insert((i64::MAX, i64::MIN)), span);
    }

    /// Adds what another thread has seen.
    pub(super) fn merge(&mut self, other: Self) {
        for (columns, spans) in other.0 {
            let into = self.0.entry(columns).or_default();
            for (words, span) in spans {
                widen(into.entry(words).or_insert((i64::MAX, i64::MIN)), span);
            }
        }
    }

    fn of(&self, subject: &Subject) -> Spans {
        self.0.get(subject.columns).cloned().unwrap_or_default()
    }
}

fn widen(span: &mut (i64, i64), by: (i64, i64)) {
    *span = (span.0.min(by.0), span.1.max(by.1));
}

/// Abilities of platforms, in the order of `Abilities::NAMES`.
const ABILITIES: [(&str, &str); 11] = [
    (
        "reports_sent",
        "whether the platform reports what was sent: yes, lower bound, needs send log, never; null: no known platform",
    ),
    ("reports_delivered", "the same of deliveries; null: no known platform"),
    ("reports_opened", "the same of opens; null: no known platform"),
    ("reports_clicks", "the same of taps and clicks; null: no known platform"),
    ("reports_replies", "the same of what contacts write; null: no known platform"),
    ("reports_opt_ins", "the same of opt-ins; null: no known platform"),
    ("reports_soft_opt_outs", "the same of contacts who say stop; null: no known platform"),
    ("reports_hard_opt_outs", "the same of contacts who block; null: no known platform"),
    ("reports_questions", "the same of questions; null: no known platform"),
    ("reports_handovers", "the same of hand-overs to people; null: no known platform"),
    ("reports_payments", "the same of payments; null: no known platform"),
];

/// What the log of a channel can tell, and where that stands.
type Telling = (&'static str, &'static str, fn(&Observable) -> Told);

const TOLD: [Telling; 13] = [
    (
        "tells_deliveries",
        "whether this log tells of deliveries: always, partly (counts are lower bounds), never",
        |log| log.deliveries,
    ),
    ("tells_failures", "the same of failures", |log| log.failures),
    ("tells_opens", "the same of opens", |log| log.opens),
    ("tells_clicks", "the same of taps and clicks", |log| log.clicks),
    ("tells_replies", "the same of what contacts write", |log| log.replies),
    ("tells_engagement", "the same of replies, taps, clicks and reactions together", |log| log.engagement),
    ("tells_stops", "the same of contacts who say stop", |log| log.stops),
    ("tells_blocks", "the same of contacts who block", |log| log.blocks),
    ("tells_opt_outs", "the same of opt-outs of either kind", |log| log.opt_outs),
    ("tells_opt_ins", "the same of opt-ins", |log| log.opt_ins),
    ("tells_handovers", "the same of hand-overs to people", |log| log.handovers),
    ("tells_fallbacks", "the same of the bot not understanding", |log| log.fallbacks),
    ("tells_goals", "the same of goals", |log| log.goals),
];

/// The dimension tables.
pub(super) fn tables() -> Vec<Table> {
    let word = |name, meaning| Column::new(name, Kind::Word, meaning);
    let key = |subject: &Subject| Column::new(subject.key.unwrap_or("campaign"), Kind::Word, subject.meaning);
    let spans = || {
        let at = |name, meaning| Column::new(name, Kind::Instant, meaning);
        [
            at("first_at", "instant of the first fact of it in the range; null: none"),
            at("last_at", "instant of the last fact of it in the range; null: none"),
        ]
    };
    let flow = || {
        [
            word("flow", "scripted dialogue; null: not known"),
            word("flow_version", "edition of the flow; null: not known"),
        ]
    };
    let of = |name, grain, keys, columns| Table::small(Class::Dimension, name, grain, keys, columns);
    let date = vec![
        Column::new("day", Kind::Day, "day of the report's time zone"),
        Column::new("year", Kind::Count, "calendar year"),
        word("quarter", "as 2026-Q2"),
        word("month", "as 2026-05"),
        word("week", "ISO 8601 week, as 2026-W18; it may be of another year than the day"),
        Column::new("weekday", Kind::Count, "from 1 for Monday to 7"),
        Column::new("begins_at", Kind::Instant, "first instant of the day"),
        Column::new("length_s", Kind::Number, "length of the day: 23 and 25 hours where the clock changes"),
        Column::new("utc_offset_s", Kind::Number, "what the zone's clocks are ahead of UTC when the day begins"),
        word("zone", "IANA name of the time zone"),
        Column::new("is_complete", Kind::Flag, "the log goes on to the day's end"),
    ];
    let mut channel = vec![word("channel", "platform")];
    channel.extend(TOLD.iter().map(|(name, meaning, _)| word(name, meaning)));
    channel.extend(ABILITIES.iter().map(|(name, meaning)| word(name, meaning)));
    let account = [
        key(&ACCOUNT),
        word("channel", "platform"),
        word("account", "the business's endpoint; null: the log does not say"),
    ];
    let n_questions = Column::new(
        "n_questions",
        Kind::Number,
        "questions that the configuration declares; null: no order is declared",
    );
    let position = Column::new(
        "position",
        Kind::Count,
        "place among the declared questions of the flow, from 1; null: not declared",
    );
    vec![
        of("dim_date", "day, from that on which the log's first month begins to that of its end", &["day"], date),
        of("dim_channel", "channel of the store", &["channel"], channel),
        of(
            "dim_account",
            "account, and one per channel for what names none",
            &["account_key"],
            account.into_iter().chain(spans()).collect(),
        ),
        of(
            "dim_campaign",
            "campaign",
            &["campaign"],
            [word("campaign", "tag under which messages were sent")].into_iter().chain(spans()).collect(),
        ),
        of(
            "dim_flow_version",
            "edition of a flow that was seen or is declared",
            &["flow_version_key"],
            [key(&FLOW_VERSION)].into_iter().chain(flow()).chain([n_questions]).chain(spans()).collect(),
        ),
        of(
            "dim_question",
            "question of an edition that was seen or is declared",
            &["question_key"],
            [key(&QUESTION), key(&FLOW_VERSION)]
                .into_iter()
                .chain(flow())
                .chain([word("question", "name of the question"), position])
                .chain(spans())
                .collect(),
        ),
    ]
}

/// Whether a table is made of what was seen in facts.
pub(super) fn is_of_subject(table: &Table) -> bool {
    ["dim_account", "dim_campaign", "dim_flow_version", "dim_question"].contains(&table.name)
}

/// The rows of the dimension table with this name.
pub(super) fn rows<'r>(name: &str, seen: &'r Seen, settings: &'r Settings, zone: &'r TimeZone) -> Vec<Vec<Value<'r>>> {
    match name {
        "dim_date" => dates(settings, zone),
        "dim_channel" => settings.observable.iter().map(|(name, observable)| channel(name, observable)).collect(),
        "dim_account" => seen.of(&ACCOUNT).iter().map(|(words, span)| named(&ACCOUNT, words, vec![], *span)).collect(),
        "dim_campaign" => {
            seen.of(&CAMPAIGN).iter().map(|(words, span)| named(&CAMPAIGN, words, vec![], *span)).collect()
        }
        "dim_flow_version" => flow_versions(seen, &settings.flows),
        "dim_question" => questions(seen, &settings.flows),
        _ => Vec::new(),
    }
}

fn dates<'r>(settings: &Settings, zone: &'r TimeZone) -> Vec<Vec<Value<'r>>> {
    let local = |at: i64| Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(zone.clone()).date();
    let last = local(settings.horizon);
    let mut rows = Vec::new();
    if settings.horizon == 0 {
        // An empty store has no days.
        return rows;
    }
    let mut date = local(settings.log_began).first_of_month();
    while date <= last {
        let (Ok(next), Ok(begins)) = (date.checked_add(1.day()), date.to_zoned(zone.clone())) else { break };
        let Ok(ends) = next.to_zoned(zone.clone()) else { break };
        let (from, to) = (begins.timestamp().as_microsecond(), ends.timestamp().as_microsecond());
        rows.push(vec![
            Value::Number(days_of(date).into()),
            Value::Number(date.year().into()),
            format!("{}-Q{}", date.year(), (date.month() + 2) / 3).into(),
            date.strftime("%Y-%m").to_string().into(),
            date.strftime("%G-W%V").to_string().into(),
            Value::Number(date.weekday().to_monday_one_offset().into()),
            Value::Number(from),
            Value::Number((to - from) / crate::event::SECOND),
            Value::Number(begins.offset().seconds().into()),
            zone.iana_name().unwrap_or("UTC").into(),
            Value::Flag(settings.horizon >= to),
        ]);
        date = next;
    }
    rows
}

fn channel<'r>(name: &'r str, observable: &Observable) -> Vec<Value<'r>> {
    let mut row = vec![Value::from(name)];
    row.extend(TOLD.iter().map(|(_, _, told)| {
        Value::from(match told(observable) {
            Told::Always => "always",
            Told::Partly => "partly",
            Told::Never => "never",
        })
    }));
    let platform = channels::named(name).filter(|channel| !channel.is_any_platform());
    let abilities = platform.map(|channel| channel.abilities.all());
    row.extend((0..ABILITIES.len()).map(|place| {
        let ability = abilities.as_ref().and_then(|abilities| abilities.get(place));
        Value::from(ability.copied().map(Ability::words))
    }));
    row
}

/// A row: the key if there is one, the words, what else is known, and when it was seen.
fn named(
    subject: &Subject,
    words: &[Option<String>],
    more: Vec<Value<'static>>,
    span: (i64, i64),
) -> Vec<Value<'static>> {
    let parts: Vec<Option<&str>> = words.iter().map(Option::as_deref).collect();
    let key = subject.key.map(|_| Value::from(subject.key_of(&parts)));
    let words = words.iter().cloned().map(Value::from);
    let (first, last) = if span.0 > span.1 { (Value::Null, Value::Null) } else { (span.0.into(), span.1.into()) };
    key.into_iter().chain(words).chain(more).chain([first, last]).collect()
}

/// The declaration of an edition; without one, that of every edition.
fn declared<'f>(flows: &'f [Flow], flow: Option<&str>, version: Option<&str>) -> Option<&'f Flow> {
    let mut of_flow = flows.iter().filter(|declared| Some(declared.name.as_str()) == flow);
    let own = of_flow.clone().find(|declared| declared.version.is_some() && declared.version.as_deref() == version);
    own.or_else(|| of_flow.find(|declared| declared.version.is_none()))
}

/// The editions that a declaration is of. One of every edition is of those seen that have none of their own; if none was seen,
/// of one whose name is not known.
fn editions(flow: &Flow, flows: &[Flow], seen: &Spans) -> Vec<Option<String>> {
    if flow.version.is_some() {
        return vec![flow.version.clone()];
    }
    let of_flow = seen.keys().filter_map(|words| match words.as_slice() {
        [Some(name), version, ..] if *name == flow.name => Some(version.clone()),
        _ => None,
    });
    let has_own = |version: &Option<String>| {
        flows.iter().any(|other| other.name == flow.name && other.version.is_some() && other.version == *version)
    };
    let editions: std::collections::BTreeSet<_> = of_flow.collect();
    if editions.is_empty() {
        return vec![None];
    }
    editions.into_iter().filter(|version| !has_own(version)).collect()
}

fn flow_versions(seen: &Seen, flows: &[Flow]) -> Vec<Vec<Value<'static>>> {
    let mut spans = seen.of(&FLOW_VERSION);
    for flow in flows {
        for version in editions(flow, flows, &seen.of(&FLOW_VERSION)) {
            spans.entry(vec![Some(flow.name.clone()), version]).or_insert((i64::MAX, i64::MIN));
        }
    }
    let row = |(words, span): (&Vec<Option<String>>, &(i64, i64))| {
        let of = |place: usize| words.get(place).and_then(Option::as_deref);
        let n = declared(flows, of(0), of(1)).map(|flow| flow.questions.len() as u64);
        named(&FLOW_VERSION, words, vec![n.map_or(Value::Null, Value::from)], *span)
    };
    spans.iter().map(row).collect()
}

fn questions(seen: &Seen, flows: &[Flow]) -> Vec<Vec<Value<'static>>> {
    let mut spans = seen.of(&QUESTION);
    for flow in flows {
        for version in editions(flow, flows, &seen.of(&FLOW_VERSION)) {
            for question in &flow.questions {
                let words = vec![Some(flow.name.clone()), version.clone(), Some(question.clone())];
                spans.entry(words).or_insert((i64::MAX, i64::MIN));
            }
        }
    }
    let row = |(words, span): (&Vec<Option<String>>, &(i64, i64))| {
        let of = |place: usize| words.get(place).and_then(Option::as_deref);
        let order = declared(flows, of(0), of(1)).map_or(&[][..], |flow| &flow.questions);
        let place = order.iter().position(|question| Some(question.as_str()) == of(2));
        let mut row =
            named(&QUESTION, words, vec![place.map_or(Value::Null, |place| (place as u64 + 1).into())], *span);
        row.insert(1, FLOW_VERSION.key_of(&[of(0), of(1)]).into());
        row
    };
    spans.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_combinations_of_words_share_a_key() {
        let words = [None, Some(""), Some("/"), Some("%"), Some("a"), Some("a/b"), Some("%2F"), Some("b")];
        let mut keys = std::collections::BTreeSet::new();
        for flow in words {
            for version in words {
                for question in words {
                    let key = QUESTION.key_of(&[flow, version, question]);
                    assert_eq!(key.is_none(), question.is_none());
                    assert!(key.is_none_or(|key| keys.insert(key)), "{flow:?} {version:?} {question:?}");
                }
            }
        }
    }
}

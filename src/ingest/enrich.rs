//! From a channel's event to stored rows: what the business knows about its messages, opt-outs in text, hashes, privacy.
//!
//! Knows nothing of a platform; a channel has already said what happened.

use std::borrow::Cow;
use std::rc::Rc;

use hashbrown::HashMap;

use super::calling_code;
use super::opt_out::{Evidence, OptOut, Signal};
use crate::channels;
use crate::config::{Config, ContactIds, Direction, MapRule, Match, TextPolicy};
use crate::event::{Event, Kind, Text, Time};
use crate::store::key::Purpose;
use crate::store::rows::{Row, Rows};
use crate::store::{Forgotten, Key};

/// Texts up to this length, in bytes, are remembered within a chunk.
const SHORT: usize = 64;

/// Turns events into rows.
pub struct Enrich<'c> {
    config: &'c Config,
    key: &'c Key,
    forgotten: &'c Forgotten,
    opt_outs: &'c OptOut,
    source: &'c str,
    line: u64,
    begins_record: bool,
    rows: Rows,
    /// What the rules say of messages that are alike in everything that rules look at. Logs hold few different tags,
    /// templates and payloads, and regular expressions cost more than everything else here.
    verdicts: HashMap<Vec<u8>, Rc<Verdict>>,
    /// What short texts say about permission: people write "ok" and tap "Yes" again and again.
    signals: HashMap<String, Option<Evidence<'c>>>,
    /// Whether a rule looks at texts, which are seldom alike.
    reads_text: bool,
    scratch: Vec<u8>,
}

/// What the rules say of a message.
#[derive(Debug, Default)]
struct Verdict {
    set: Vec<(usize, String)>,
    emit: Vec<Kind>,
    tag_is_read: bool,
}

/// Hashes of what an event is about.
struct Ids {
    contact: u128,
    message: Option<u128>,
    reply: Option<u128>,
}

impl<'c> Enrich<'c> {
    /// An enricher for the records of one source, which adds to `rows`.
    #[must_use]
    pub fn new(
        config: &'c Config,
        (key, forgotten): (&'c Key, &'c Forgotten),
        opt_outs: &'c OptOut,
        source: &'c str,
        rows: Rows,
    ) -> Self {
        Self {
            config,
            key,
            forgotten,
            opt_outs,
            source,
            line: 0,
            begins_record: true,
            rows,
            verdicts: HashMap::new(),
            signals: HashMap::new(),
            reads_text: config.map.iter().any(|rule| rule.text.is_some()),
            scratch: Vec::new(),
        }
    }

    /// The next events are of the record that begins on this line.
    pub fn begin_record(&mut self, line: u64) {
        self.line = line;
        self.begins_record = true;
    }

    /// The rows so far.
    #[must_use]
    pub fn into_rows(self) -> Rows {
        self.rows
    }

    /// Stores the event and what follows from it.
    pub fn take(&mut self, event: Event<'_>) {
        let direction = direction(event.kind);
        // It outlives the event, which borrows from it.
        let verdict = direction.map(|direction| self.verdict(&event, direction));
        let mut event = event;
        let emit = match (&verdict, direction) {
            (Some(verdict), Some(direction)) => apply(verdict, &mut event, direction),
            _ => &[],
        };
        if event.country.is_none() && channels::named(&event.channel).is_some_and(|channel| channel.knows_numbers) {
            event.country = calling_code::country(&event.contact).map(Cow::Borrowed);
        }
        let ids = self.ids(&event);
        if let Some(former) = &event.former {
            let former = self.contact(&event.channel, former);
            let name = (self.config.privacy.contact_ids == ContactIds::Plain).then_some(&*event.contact);
            self.rows.link(former, ids.contact, event.at.0, name);
        }
        self.push(&event, event.kind, &ids);
        let derived = match event.kind {
            Kind::MessageSent => event.question.as_ref().map(|_| Kind::QuestionAsked),
            Kind::MessageReceived | Kind::ButtonClicked => event.question.as_ref().map(|_| Kind::QuestionAnswered),
            _ => None,
        };
        let signal = self.signal(&event);
        // What the text says is told once, with its evidence, even if a rule tells it as well.
        let emit = emit.iter().copied().filter(|kind| signal.is_none_or(|(told, _)| told != *kind));
        for kind in derived.into_iter().chain(emit) {
            self.push(&event, kind, &ids);
        }
        if let Some((kind, rule)) = signal {
            event.text = None;
            event.answer = Some(Cow::Borrowed(rule));
            self.push(&event, kind, &ids);
        }
    }

    /// What the text of an inbound message, or the title or payload of a tapped button, says about permission, and the
    /// rule that told it.
    fn signal(&mut self, event: &Event<'_>) -> Option<(Kind, &'c str)> {
        if !matches!(event.kind, Kind::MessageReceived | Kind::ButtonClicked) {
            return None;
        }
        let text = event.text.as_deref();
        let payload = event.answer.as_deref().filter(|_| event.kind == Kind::ButtonClicked);
        let evidence = [text, payload].into_iter().flatten().find_map(|text| self.recognise(text))?;
        let kind = match evidence.signal {
            Signal::Stop => Kind::OptedOutSoft,
            Signal::Start => Kind::OptedIn,
            Signal::Erase => Kind::ErasureRequested,
        };
        Some((kind, evidence.rule))
    }

    fn recognise(&mut self, text: &str) -> Option<Evidence<'c>> {
        if text.len() > SHORT {
            return self.opt_outs.recognise(text);
        }
        if let Some(evidence) = self.signals.get(text) {
            return *evidence;
        }
        let evidence = self.opt_outs.recognise(text);
        self.signals.insert(text.to_owned(), evidence);
        evidence
    }

    /// What the `[[map]]` rules say of the message.
    fn verdict(&mut self, event: &Event<'_>, direction: Direction) -> Rc<Verdict> {
        let rules = &self.config.map;
        if self.reads_text && event.text.is_some() {
            return Rc::new(judge(rules, event, direction));
        }
        self.scratch.clear();
        self.scratch.push(u8::from(direction == Direction::Outbound));
        let channel = Some(&event.channel);
        for part in
            [channel, event.account.as_ref(), event.template.as_ref(), event.tag.as_ref(), event.answer.as_ref()]
        {
            // A length before each part keeps ("ab", "c") apart from ("a", "bc"), and none from empty.
            let length = part.map_or(usize::MAX, |part| part.len());
            self.scratch.extend_from_slice(&length.to_le_bytes());
            self.scratch.extend_from_slice(part.map_or("", |part| &**part).as_bytes());
        }
        if let Some(verdict) = self.verdicts.get(&self.scratch) {
            return Rc::clone(verdict);
        }
        let verdict = Rc::new(judge(rules, event, direction));
        self.verdicts.insert(self.scratch.clone(), Rc::clone(&verdict));
        verdict
    }

    fn ids(&self, event: &Event<'_>) -> Ids {
        let channel = event.channel.as_bytes();
        // Platform ids of messages hold the phone number (WhatsApp, in Base64) or the chat's id (Telegram): they are
        // personal data too.
        let message = |id: &Text<'_>| self.key.hash(Purpose::Message, &[channel, id.as_bytes()]);
        Ids {
            contact: self.contact(&event.channel, &event.contact),
            message: event.message_id.as_ref().map(message),
            reply: event.reply_to.as_ref().map(message),
        }
    }

    fn contact(&self, channel: &str, id: &str) -> u128 {
        self.forgotten.meet(self.key, channel, id);
        self.key.contact(channel, id)
    }

    fn push(&mut self, event: &Event<'_>, kind: Kind, ids: &Ids) {
        let channel = event.channel.as_bytes();
        let account = event.account.as_deref().unwrap_or_default().as_bytes();
        let event_id = self.key.hash(
            Purpose::Event,
            &[channel, account, kind.name().as_bytes(), event.dedup.as_bytes(), &event.at.0.to_le_bytes()],
        );
        let is_plain = self.config.privacy.contact_ids == ContactIds::Plain;
        let kept_text = event.text.as_deref().filter(|_| self.config.privacy.text == TextPolicy::Keep);
        // In the order of `schema::WORDS`.
        let words = [
            Some(kind.name()),
            Some(event.time_basis.name()),
            Some(&*event.channel),
            event.account.as_deref(),
            event.campaign.as_deref(),
            event.template.as_deref(),
            event.category.as_deref(),
            event.flow.as_deref(),
            event.flow_version.as_deref(),
            event.question.as_deref(),
            event.variant.as_deref(),
            event.topic.as_deref(),
            event.country.as_deref(),
            event.language.as_deref(),
            event.message_type.as_deref(),
            event.agent.as_deref(),
            event.error_code.as_deref(),
            event.currency.as_deref(),
            Some(self.source),
        ];
        self.rows.push(&Row {
            contact: ids.contact,
            at: event.at.0,
            position: kind.position(event.sequence),
            event_id,
            words,
            message: ids.message,
            reply: ids.reply,
            // In the order of `schema::TEXTS`.
            texts: [
                event.message_id.as_deref().filter(|_| is_plain),
                event.reply_to.as_deref().filter(|_| is_plain),
                Some(&*event.contact).filter(|_| is_plain),
                event.answer.as_deref().or(kept_text),
            ],
            billable: event.billable,
            cost: event.cost.as_deref().and_then(millionths),
            up_to: event.up_to.map(|time: Time| time.0),
            line: self.line,
            begins_record: std::mem::take(&mut self.begins_record),
        });
    }
}

/// The name of a source that is called after a person, as exported chats and their folders are: a keyed hash. Plain, if the
/// configuration keeps contacts plain.
#[must_use]
pub fn nameless<'s>(source: &'s str, config: &Config, key: &Key) -> Cow<'s, str> {
    if config.privacy.contact_ids == ContactIds::Plain {
        return Cow::Borrowed(source);
    }
    let hash = format!("{:032x}", key.hash(Purpose::Source, &[source.as_bytes()]));
    Cow::Owned(hash.chars().take(16).collect())
}

/// Does what the rules say, and takes the tag as the campaign where no rule reads it. Returns what is to be told besides.
fn apply<'a>(verdict: &'a Verdict, event: &mut Event<'a>, direction: Direction) -> &'a [Kind] {
    for (field, text) in &verdict.set {
        if let Some(field) = fields(event).into_iter().nth(*field) {
            *field = Some(Cow::Borrowed(text));
        }
    }
    if direction == Direction::Outbound
        && !verdict.tag_is_read
        && let Some(tag) = event.tag.clone()
    {
        read_tag(event, &tag);
    }
    // Receipts are about a message that has been counted already.
    let is_news = matches!(event.kind, Kind::MessageSent | Kind::MessageReceived | Kind::ButtonClicked);
    if is_news { &verdict.emit } else { &[] }
}

/// Who sent the message that the event is about; `None` for what is not about a message.
fn direction(kind: Kind) -> Option<Direction> {
    match kind {
        Kind::MessageSent
        | Kind::MessageSuppressed
        | Kind::MessageFailed
        | Kind::MessageDelivered
        | Kind::MessageOpened => Some(Direction::Outbound),
        Kind::MessageReceived | Kind::ButtonClicked | Kind::ReactionReceived | Kind::LinkClicked => {
            Some(Direction::Inbound)
        }
        _ => None,
    }
}

/// The named groups of a rule's patterns, if all its conditions hold.
fn matches(rule: &MapRule, event: &Event<'_>) -> Option<Vec<(String, String)>> {
    let equal =
        |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| found == Some(wanted));
    if !equal(&rule.channel, Some(&event.channel)) || !equal(&rule.account, event.account.as_deref()) {
        return None;
    }
    let mut values = Vec::new();
    for (condition, found) in [
        (&rule.template, &event.template),
        (&rule.tag, &event.tag),
        (&rule.payload, &event.answer),
        (&rule.text, &event.text),
    ] {
        let Some(condition) = condition else { continue };
        let found = found.as_deref()?;
        match condition {
            Match::Exact(text) if found == text => {}
            Match::Prefix(text) if found.starts_with(text.as_str()) => {}
            Match::Pattern(pattern) => {
                let captures = pattern.captures(found)?;
                for name in pattern.capture_names().flatten() {
                    if let Some(value) = captures.name(name) {
                        values.push((name.to_owned(), value.as_str().to_owned()));
                    }
                }
            }
            _ => return None,
        }
    }
    Some(values)
}

/// What the rules say of a message, in their order: a later one overrides an earlier one.
fn judge(rules: &[MapRule], event: &Event<'_>, direction: Direction) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in rules {
        if rule.direction.is_some_and(|wanted| wanted != direction) {
            continue;
        }
        let Some(values) = matches(rule, event) else { continue };
        verdict.tag_is_read |= rule.tag.is_some();
        verdict.emit.extend(rule.emit.iter().copied());
        let set = &rule.set;
        let templates =
            [&set.campaign, &set.flow, &set.flow_version, &set.question, &set.variant, &set.topic, &set.answer];
        for (field, template) in templates.into_iter().enumerate() {
            if let Some(text) = template.as_deref().and_then(|template| fill(template, &values)) {
                verdict.set.push((field, text));
            }
        }
    }
    verdict
}

/// The fields that rules can set, in the order of [`crate::config::SetFields`].
fn fields<'e, 'a>(event: &'e mut Event<'a>) -> [&'e mut Option<Text<'a>>; 7] {
    [
        &mut event.campaign,
        &mut event.flow,
        &mut event.flow_version,
        &mut event.question,
        &mut event.variant,
        &mut event.topic,
        &mut event.answer,
    ]
}

/// Puts the values of named groups in the place of `$name` and `${name}`. `None` if nothing is left, as when a group took
/// no part in the match.
fn fill(template: &str, values: &[(String, String)]) -> Option<String> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, tail) = braced.unwrap_or_else(|| {
            let end = after.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(after.len());
            after.split_at(end)
        });
        if let Some((_, value)) = values.iter().find(|(known, _)| known == name) {
            text.push_str(value);
        }
        rest = tail;
    }
    text.push_str(rest);
    (!text.is_empty()).then_some(text)
}

/// A tag that no rule reads: a JSON object names fields itself, anything else is the campaign.
fn read_tag(event: &mut Event<'_>, tag: &str) {
    if let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(tag) {
        for (field, name) in [
            (&mut event.campaign, "campaign"),
            (&mut event.flow, "flow"),
            (&mut event.flow_version, "flow_version"),
            (&mut event.question, "question"),
            (&mut event.variant, "variant"),
            (&mut event.topic, "topic"),
        ] {
            if let (None, Some(value)) = (&field, fields.get(name).and_then(serde_json::Value::as_str)) {
                *field = Some(Cow::Owned(value.to_owned()));
            }
        }
    } else if event.campaign.is_none() {
        event.campaign = Some(Cow::Owned(tag.to_owned()));
    }
}

/// Decimal text as millionths; digits beyond the sixth are cut off. `None` if it is no decimal number.
fn millionths(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) || digits.is_empty() {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let millionths = whole.checked_mul(1_000_000)?.checked_add(fraction)?.checked_mul(sign)?;
    // The column has 18 digits.
    (millionths.unsigned_abs() < 10_u64.pow(18)).then_some(millionths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_millionths_without_a_detour_through_doubles() {
        for (text, expected) in [
            ("0.1", Some(100_000)),
            ("-12", Some(-12_000_000)),
            (".5", Some(500_000)),
            ("1.23456789", Some(1_234_567)),
            ("", None),
            ("1,5", None),
            ("999999999999.999999", Some(999_999_999_999_999_999)),
            ("1000000000000", None),
            ("1e3", None),
        ] {
            assert_eq!(millionths(text), expected, "{text:?}");
        }
    }

    #[test]
    fn groups_of_a_pattern_fill_the_fields() {
        let values = [("campaign".to_owned(), "mai".to_owned()), ("question".to_owned(), "name".to_owned())];
        assert_eq!(fill("$campaign-2026", &values).as_deref(), Some("mai-2026"));
        assert_eq!(fill("${campaign}_${question}", &values).as_deref(), Some("mai_name"));
        assert_eq!(fill("$unknown", &values), None);
    }
}

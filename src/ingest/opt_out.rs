//! Recognises from text that a contact wants no more messages, wants them again, or wants their data erased.
//!
//! The words are data, in `opt_out.toml`. Knows nothing of platforms, buttons or events.
//!
//! It rather misses an opt-out than invents one: a keyword must be the whole message, a phrase must stand in a clause
//! that neither negates it nor makes it a question or a condition, and what stands in quotation marks is somebody else's
//! word. Only the first thousand bytes of a message are read.

mod misspelling;
mod normalise;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::error::{Error, Result};
use misspelling::Misspellings;
use normalise::{fold, half_width, normalise, own_words};

/// So much of a message is read. Opt-outs are short; long texts are letters, logs or attacks.
const LONGEST: usize = 1000;
/// So many words can a message that is a keyword have, polite words included.
const KEYWORD_WORDS: usize = 10;
/// So many words can the name at the end of a letter have.
const NAME_WORDS: usize = 2;
/// So many bytes may the automaton of all phrases take; with the usual two it forgets what it needs again soon, and gets
/// five times as slow.
const AUTOMATON: usize = 8 << 20;
/// Any word of normalised text: every character but blanks and line breaks, said without a `^`.
const WORD: &str = r"[!-\x{10ffff}]+";
/// Matches nothing: the class is empty.
const NEVER: &str = "[a&&b]";

/// What the contact wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Data erased. It is the strongest: whoever wants it wants no messages either.
    Erase,
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
}

/// What was recognised, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// What the contact wants.
    pub signal: Signal,
    /// The rule that told it: language, kind and name, as in `de.keyword.abmelden`, `de.phrase.keine-nachrichten` and
    /// `de.misspelt.abmelden`. It says nothing of what else the contact wrote. A keyword of several languages has the
    /// first.
    pub rule: &'a str,
}

/// Recognises opt-outs. Made once, asked for every inbound text.
#[derive(Debug)]
pub struct OptOut {
    rules: Vec<Rule>,
    /// Whole messages, normalised, to their rule.
    keywords: BTreeMap<String, usize>,
    /// Whole messages as they are written, to their rule.
    capitals: BTreeMap<String, usize>,
    misspellings: Misspellings,
    polite: BTreeSet<String>,
    /// Clauses that only say why.
    besides: BTreeSet<String>,
    /// Words before the name at the end of a letter.
    closings: BTreeSet<String>,
    /// Whether any phrase is there at all, whatever is around it. Nearly every message ends here.
    any_phrase: Regex,
    tongues: Vec<Tongue>,
    /// The strongest signal first.
    phrases: Vec<Phrase>,
    /// Beginnings of clauses that belong to the clause before them, with their line break.
    joins: Vec<String>,
}

#[derive(Debug)]
struct Rule {
    signal: Signal,
    id: String,
}

#[derive(Debug)]
struct Phrase {
    signal: Signal,
    pattern: Pattern,
    rule: usize,
    /// Where its language stands among the tongues.
    tongue: usize,
}

/// What a language puts around its phrases to turn them round.
#[derive(Debug)]
struct Tongue {
    /// Whether any of its phrases is there, whatever is around it.
    any_phrase: Pattern,
    /// At the end of what precedes a phrase: a negation, and at most two words.
    negated: Pattern,
    /// In what precedes a phrase: a condition or a question.
    guarded: Pattern,
    /// At the beginning of what follows a phrase: what turns it round.
    turned: Pattern,
    /// At the beginning of a clause: a question that is a request.
    requested: Pattern,
}

/// A regular expression that is compiled when it is first asked for: a log needs few of them, and together they would
/// take longer than a small ingest.
#[derive(Debug)]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    language: Vec<Language>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    code: String,
    #[serde(default)]
    is_unspaced: bool,
    stop: Vec<String>,
    start: Vec<String>,
    erase: Vec<String>,
    #[serde(default)]
    capitals: Vec<String>,
    #[serde(default)]
    not_misspelt: Vec<String>,
    polite: Vec<String>,
    negations: Vec<String>,
    guards: Vec<String>,
    requests: Vec<String>,
    after: Vec<String>,
    #[serde(default)]
    besides: Vec<String>,
    #[serde(default)]
    closings: Vec<String>,
    #[serde(default)]
    joins: Vec<String>,
    #[serde(default)]
    words: BTreeMap<String, String>,
    stop_phrases: BTreeMap<String, String>,
    #[serde(default)]
    start_phrases: BTreeMap<String, String>,
    #[serde(default)]
    erase_phrases: BTreeMap<String, String>,
}

impl OptOut {
    /// With the words that the program brings.
    ///
    /// # Errors
    /// The words are not usable; a test holds that they are.
    pub fn built_in() -> Result<Self> {
        Self::parse(include_str!("opt_out.toml"))
    }

    fn parse(text: &str) -> Result<Self> {
        let data: Data = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
        let all = |words: fn(&Language) -> &Vec<String>| -> BTreeSet<String> {
            data.language.iter().flat_map(words).map(|word| fold(word)).collect()
        };
        let mut opt_out = Self {
            rules: Vec::new(),
            keywords: BTreeMap::new(),
            capitals: BTreeMap::new(),
            misspellings: Misspellings::without(all(|language| &language.not_misspelt)),
            polite: all(|language| &language.polite),
            besides: all(|language| &language.besides),
            closings: all(|language| &language.closings),
            any_phrase: compile(NEVER)?,
            tongues: Vec::new(),
            phrases: Vec::new(),
            joins: all(|language| &language.joins).into_iter().map(|word| format!("\n{word} ")).collect(),
        };
        let mut any_phrase = Vec::new();
        for (place, language) in data.language.iter().enumerate() {
            opt_out.add_keywords(language);
            let mut bare = Vec::new();
            for (signal, phrases) in [
                (Signal::Erase, &language.erase_phrases),
                (Signal::Stop, &language.stop_phrases),
                (Signal::Start, &language.start_phrases),
            ] {
                for (name, phrase) in phrases {
                    let phrase = language.spell_out(phrase);
                    let rule = opt_out.rule(signal, format!("{}.phrase.{name}", language.code));
                    opt_out.phrases.push(Phrase { signal, pattern: language.bounded(&phrase), rule, tongue: place });
                    bare.push(phrase);
                }
            }
            let bare = language.unbounded(bare);
            opt_out.tongues.push(language.tongue(bare.clone()));
            any_phrase.push(bare);
        }
        opt_out.phrases.sort_by_key(|phrase| (phrase.signal, phrase.rule));
        opt_out.any_phrase = compile(&alternatives(any_phrase))?;

        let ids: BTreeSet<&str> = opt_out.rules.iter().map(|rule| rule.id.as_str()).collect();
        if ids.len() < opt_out.rules.len() {
            return Err(refuse("two rules have one id".into()));
        }
        Ok(opt_out)
    }

    fn rule(&mut self, signal: Signal, id: String) -> usize {
        self.rules.push(Rule { signal, id });
        self.rules.len() - 1
    }

    fn add_keywords(&mut self, language: &Language) {
        let code = &language.code;
        for (signal, words) in
            [(Signal::Erase, &language.erase), (Signal::Stop, &language.stop), (Signal::Start, &language.start)]
        {
            for word in words {
                let normalised = normalise(word);
                let keyword = keyword(&normalised, &self.polite);
                // Of another language, or of this one in another spelling.
                if self.keywords.contains_key(&keyword) {
                    continue;
                }
                let name = keyword.replace(' ', "-");
                let rule = self.rule(signal, format!("{code}.keyword.{name}"));
                if signal == Signal::Stop && self.misspellings.add(&keyword, self.rules.len()) {
                    self.rule(signal, format!("{code}.misspelt.{name}"));
                }
                self.keywords.insert(keyword, rule);
            }
        }
        for word in &language.capitals {
            let rule = self.rule(Signal::Stop, format!("{code}.keyword.{}", normalise(word)));
            self.capitals.insert(word.clone(), rule);
        }
    }

    /// What the contact wants by this message, if it says so, and the rule that told it.
    #[must_use]
    pub fn recognise(&self, text: &str) -> Option<Evidence<'_>> {
        let is_cut = text.len() > LONGEST;
        let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
        let words = self.without_name(normalise(text));
        if !is_cut && let Some(rule) = self.whole(text, &words) {
            return self.evidence(rule);
        }
        if !self.any_phrase.is_match(&words) {
            return None;
        }
        let spoken: Vec<bool> = self.tongues.iter().map(|tongue| tongue.any_phrase.is_match(&words)).collect();
        let mut own = match own_words(text) {
            Cow::Borrowed(_) => words,
            Cow::Owned(own) => self.without_name(normalise(&own)),
        };
        for join in &self.joins {
            if own.contains(join) {
                own = own.replace(join, &join.replace('\n', " "));
            }
        }
        self.phrases
            .iter()
            .filter(|phrase| spoken.get(phrase.tongue) == Some(&true))
            .find(|phrase| own.split('\n').any(|clause| self.says(clause, phrase)))
            .and_then(|phrase| self.evidence(phrase.rule))
    }

    /// Words without "regards, Petra" at their end.
    fn without_name(&self, mut words: String) -> String {
        let mut end = words.len();
        for word in words.rsplit([' ', '\n']).take(1 + NAME_WORDS) {
            end = end.saturating_sub(word.len());
            if self.closings.contains(word) {
                let kept = words.get(..end).unwrap_or_default().trim_end().len();
                words.truncate(kept);
                break;
            }
            end = end.saturating_sub(1);
        }
        words
    }

    /// Words without the clauses that only say why, as "that is annoying" in "Stop! That is annoying".
    fn without_reasons<'w>(&self, words: &'w str) -> Cow<'w, str> {
        if !words.split('\n').skip(1).any(|clause| self.besides.contains(clause))
            && !words.split_once('\n').is_some_and(|(first, _)| self.besides.contains(first))
        {
            return Cow::Borrowed(words);
        }
        let said: Vec<&str> = words.split('\n').filter(|clause| !self.besides.contains(*clause)).collect();
        Cow::Owned(said.join("\n"))
    }

    /// The rule by which the whole message is a keyword. "Stop?" is a question, not an answer.
    fn whole(&self, text: &str, words: &str) -> Option<usize> {
        if words.contains('?') || words.split([' ', '\n']).nth(KEYWORD_WORDS).is_some() {
            return None;
        }
        let said = self.without_reasons(words);
        let keyword = keyword(&said, &self.polite);
        if let Some(rule) = self.keywords.get(&keyword) {
            return Some(*rule);
        }
        // Written like that, whatever marks and blanks are around.
        if self.capitals.keys().any(|capitals| capitals.len() == keyword.len()) {
            let written: String = text.chars().map(half_width).filter(|char| char.is_alphanumeric()).collect();
            if let Some(rule) = self.capitals.get(&written) {
                return Some(*rule);
            }
        }
        self.misspellings.find(&keyword)
    }

    /// Whether a clause holds the phrase and means it.
    fn says(&self, clause: &str, phrase: &Phrase) -> bool {
        let (Some(tongue), Some(pattern)) = (self.tongues.get(phrase.tongue), phrase.pattern.compiled()) else {
            return false;
        };
        let (clause, asks) = clause.strip_suffix('?').map_or((clause, false), |clause| (clause, true));
        pattern.captures_iter(clause).filter_map(|captures| captures.name("phrase")).any(|found| {
            let before = clause.get(..found.start()).unwrap_or_default();
            let after = clause.get(found.end()..).unwrap_or_default();
            !tongue.negated.is_match(before)
                && !tongue.turned.is_match(after)
                && (!asks && !tongue.guarded.is_match(before) || tongue.requested.is_match(clause))
        })
    }

    fn evidence(&self, rule: usize) -> Option<Evidence<'_>> {
        self.rules.get(rule).map(|Rule { signal, id }| Evidence { signal: *signal, rule: id })
    }
}

impl Language {
    /// A phrase with its placeholders spelt out, its letters folded.
    fn spell_out(&self, phrase: &str) -> String {
        let mut phrase = phrase.to_owned();
        for (name, words) in &self.words {
            phrase = phrase.replace(&format!("<{name}>"), &format!("({words})"));
        }
        fold(&phrase).replace('_', WORD)
    }

    /// The pattern of a phrase that stands in a clause, between the ends of words where the language shows them.
    fn bounded(&self, phrase: &str) -> Pattern {
        let polite = self.polite();
        let blank = if self.is_unspaced { "" } else { " " };
        let (phrase, begin) = match phrase.strip_prefix('^') {
            Some(phrase) => (phrase, format!("^(?:(?:{polite}){blank})*")),
            None => (phrase, if self.is_unspaced { String::new() } else { "(?:^| )".into() }),
        };
        let (phrase, end) = match phrase.strip_suffix('$') {
            Some(phrase) => (phrase, format!("(?:{blank}(?:{polite}))*$")),
            None => (phrase, if self.is_unspaced { String::new() } else { "(?: |$)".into() }),
        };
        Pattern::new(format!("{begin}(?<phrase>{phrase}){end}"))
    }

    /// The pattern of any of the phrases, wherever they stand in a message.
    fn unbounded(&self, phrases: Vec<String>) -> String {
        let phrases = alternatives(phrases.into_iter().map(|phrase| phrase.replace(['^', '$'], "")));
        if self.is_unspaced { phrases } else { format!("(?:^|[ \n])(?:{phrases})(?:[ \n?]|$)") }
    }

    fn tongue(&self, any_phrase: String) -> Tongue {
        let any_phrase = Pattern::new(any_phrase);
        let [negations, guards, after, requests] = [&self.negations, &self.guards, &self.after, &self.requests]
            .map(|words| alternatives(words.iter().map(|word| self.spell_out(word))));
        let polite = self.polite();
        if self.is_unspaced {
            Tongue {
                any_phrase,
                negated: Pattern::new(format!("(?:{negations})$")),
                guarded: Pattern::new(guards),
                turned: Pattern::new(format!("^.{{0,2}}(?:{after})")),
                requested: Pattern::new(format!("^(?:{polite})*(?:{requests})")),
            }
        } else {
            Tongue {
                any_phrase,
                negated: Pattern::new(format!("(?:^| )(?:{negations})(?: [^ ]+){{0,2}} ?$")),
                guarded: Pattern::new(format!("(?:^| )(?:{guards})(?: |$)")),
                turned: Pattern::new(format!("^ ?(?:[^ ]+ ){{0,2}}(?:{after})(?: |$)")),
                requested: Pattern::new(format!("^(?:(?:{polite}) )*(?:{requests})(?: |$)")),
            }
        }
    }

    fn polite(&self) -> String {
        alternatives(self.polite.iter().map(|word| fold(word)))
    }
}

impl Pattern {
    fn new(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// `None` if it is no regular expression; a test holds that all are.
    fn compiled(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref()
    }

    fn is_match(&self, text: &str) -> bool {
        self.compiled().is_some_and(|pattern| pattern.is_match(text))
    }
}

fn refuse(message: String) -> Error {
    Error::Config { path: Path::new("opt_out.toml").into(), line: None, message }
}

/// A pattern that is asked for every message.
fn compile(pattern: &str) -> Result<Regex> {
    RegexBuilder::new(pattern).dfa_size_limit(AUTOMATON).build().map_err(|error| refuse(error.to_string()))
}

fn alternatives(words: impl IntoIterator<Item = String>) -> String {
    let words: Vec<String> = words.into_iter().collect();
    if words.is_empty() { NEVER.into() } else { words.join("|") }
}

/// The words of a whole message in one form: without polite words at its ends, without repetition, letters joined that
/// stand alone ("S T O P"). A message of polite words only stays as it is.
fn keyword(normalised: &str, polite: &BTreeSet<String>) -> String {
    let mut words: Vec<&str> = normalised.split([' ', '\n']).collect();
    if words.len() > 2 && words.iter().all(|word| word.chars().count() == 1) {
        return words.concat();
    }
    while words.len() > 1 && words.last().is_some_and(|word| polite.contains(*word)) {
        words.pop();
    }
    let first = words.iter().position(|word| !polite.contains(*word)).unwrap_or_default();
    words.drain(..first);
    words.dedup();
    words.join(" ")
}

#[cfg(test)]
mod tests;

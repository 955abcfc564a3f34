//! Recognises from text that a contact wants no more messages, wants them again, or wants their data erased.
//!
//! The words are data, in `opt_out.toml`. Knows nothing of platforms, buttons or events.
//!
//! It rather misses an opt-out than invents one: a keyword must be the whole message, a phrase must stand in a clause
//! that neither negates it nor makes it a question or a condition, and what stands in quotation marks is somebody else's
//! word. Only the first thousand bytes of a message are read.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde::Deserialize;

use crate::error::{Error, Result};

/// So much of a message is read. Opt-outs are short; long texts are letters, logs or attacks.
const LONGEST: usize = 1000;
/// So many words can a message that is a keyword have, polite words included.
const KEYWORD_WORDS: usize = 10;

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

/// What was recognised, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// What the contact wants.
    pub signal: Signal,
    /// Language of the keyword or phrase, ISO 639-1. A keyword of several languages has the first.
    pub language: &'a str,
    /// The keyword or phrase as it stands in the data.
    pub phrase: &'a str,
}

/// Recognises opt-outs. Made once, asked for every inbound text.
#[derive(Debug)]
pub struct OptOut {
    entries: Vec<Entry>,
    /// Whole messages, normalised, to their entry.
    keywords: BTreeMap<String, usize>,
    /// Phrases by their entry, the strongest signal first.
    phrases: Vec<(Regex, usize)>,
    /// Whether any phrase is there at all, whatever is around it. Nearly every message ends here.
    any_phrase: Regex,
    polite: BTreeSet<String>,
    /// At the end of what precedes a phrase: a negation, and at most two words.
    negated: Regex,
    /// In what precedes a phrase: a condition or a question.
    guarded: Regex,
    /// At the beginning of what follows a phrase: what turns it round.
    turned: Regex,
}

#[derive(Debug)]
struct Entry {
    signal: Signal,
    language: String,
    phrase: String,
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
    stop: Vec<String>,
    start: Vec<String>,
    erase: Vec<String>,
    stop_phrases: Vec<String>,
    erase_phrases: Vec<String>,
    polite: Vec<String>,
    negations: Vec<String>,
    guards: Vec<String>,
    after: Vec<String>,
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
        let refuse = |message: String| Error::Config { path: Path::new("opt_out.toml").into(), line: None, message };
        let data: Data = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
        let compile = |pattern: &str| Regex::new(pattern).map_err(|error| refuse(error.to_string()));
        // No alternatives means: never.
        let alternatives = |words: Vec<String>| if words.is_empty() { "[a&&b]".into() } else { words.join("|") };
        let all = |words: fn(&Language) -> &Vec<String>| -> Vec<String> {
            data.language.iter().flat_map(words).map(|word| fold(word)).collect()
        };

        let polite: BTreeSet<String> = all(|language| &language.polite).into_iter().collect();
        let mut entries = Vec::new();
        let mut keywords = BTreeMap::new();
        let mut patterns = Vec::new();
        for language in &data.language {
            let mut enter = |signal, phrase: &String| {
                entries.push(Entry { signal, language: language.code.clone(), phrase: phrase.clone() });
                entries.len() - 1
            };
            for (signal, words) in
                [(Signal::Erase, &language.erase), (Signal::Stop, &language.stop), (Signal::Start, &language.start)]
            {
                for phrase in words {
                    let entry = enter(signal, phrase);
                    keywords.entry(keyword(&normalise(phrase), &polite)).or_insert(entry);
                }
            }
            for (signal, phrases) in [(Signal::Erase, &language.erase_phrases), (Signal::Stop, &language.stop_phrases)]
            {
                for phrase in phrases {
                    patterns.push((signal, fold(phrase), enter(signal, phrase)));
                }
            }
        }
        patterns.sort_by_key(|(signal, _, entry)| (*signal, *entry));

        let bare = patterns.iter().map(|(_, pattern, _)| pattern.replace(['^', '$'], "")).collect();
        let polite_words = alternatives(polite.iter().cloned().collect());
        let phrases = patterns
            .iter()
            .map(|(_, pattern, entry)| {
                let begin =
                    if pattern.starts_with('^') { format!("^(?:(?:{polite_words}) )*") } else { "(?:^| )".into() };
                let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
                let (pattern, end) = match pattern.strip_suffix('$') {
                    Some(pattern) => (pattern, format!("(?: (?:{polite_words}))*$")),
                    None => (pattern, "(?: |$)".into()),
                };
                Ok((compile(&format!("{begin}(?<phrase>{pattern}){end}"))?, *entry))
            })
            .collect::<Result<_>>()?;
        let negations = alternatives(all(|language| &language.negations));
        let guards = alternatives(all(|language| &language.guards));
        let after = alternatives(all(|language| &language.after));
        Ok(Self {
            entries,
            keywords,
            phrases,
            any_phrase: compile(&format!("(?:^|[ \n])(?:{})(?:[ \n]|$)", alternatives(bare)))?,
            polite,
            negated: compile(&format!("(?:^| )(?:{negations})(?: [^ ]+){{0,2}} ?$"))?,
            guarded: compile(&format!("(?:^| )(?:{guards})(?: |$)"))?,
            turned: compile(&format!("^ ?(?:[^ ]+ ){{0,2}}(?:{after})(?: |$)"))?,
        })
    }

    /// What the contact wants by this message, if it says so.
    #[must_use]
    pub fn recognise(&self, text: &str) -> Option<Signal> {
        self.evidence(text).map(|evidence| evidence.signal)
    }

    /// As [`OptOut::recognise`], with the word or phrase that told it.
    #[must_use]
    pub fn evidence(&self, text: &str) -> Option<Evidence<'_>> {
        let is_cut = text.len() > LONGEST;
        let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
        let words = normalise(text);
        if !is_cut
            && words.split([' ', '\n']).nth(KEYWORD_WORDS).is_none()
            && let Some(&entry) = self.keywords.get(&keyword(&words, &self.polite))
        {
            return self.entry(entry);
        }
        if !self.any_phrase.is_match(&words) {
            return None;
        }
        let own = match own_words(text) {
            Cow::Borrowed(_) => words,
            Cow::Owned(own) => normalise(&own),
        };
        // A subordinate clause belongs to what it is said of.
        let own = own.replace("\ndass ", " dass ");
        self.phrases
            .iter()
            .find(|(phrase, _)| own.split('\n').any(|clause| self.says(clause, phrase)))
            .and_then(|(_, entry)| self.entry(*entry))
    }

    /// Whether a clause holds the phrase and means it.
    fn says(&self, clause: &str, phrase: &Regex) -> bool {
        phrase.captures_iter(clause).filter_map(|captures| captures.name("phrase")).any(|found| {
            let before = clause.get(..found.start()).unwrap_or_default();
            let after = clause.get(found.end()..).unwrap_or_default();
            !self.negated.is_match(before) && !self.guarded.is_match(before) && !self.turned.is_match(after)
        })
    }

    fn entry(&self, entry: usize) -> Option<Evidence<'_>> {
        let Entry { signal, language, phrase } = self.entries.get(entry)?;
        Some(Evidence { signal: *signal, language, phrase })
    }
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

/// The message without what it quotes: text in quotation marks and lines that begin with `>`. A message that is nothing
/// but a quotation is the contact's own: people copy the quotation marks of "reply with »STOP«".
fn own_words(text: &str) -> Cow<'_, str> {
    if !text.contains(['"', '„', '“', '”', '«', '»', '>']) {
        return Cow::Borrowed(text);
    }
    let mut own = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, quote)) =
        rest.char_indices().find(|(_, char)| matches!(char, '"' | '„' | '“' | '«' | '»' | '>'))
    {
        let begins_line = rest.get(..start).is_some_and(|before| before.trim_end_matches(' ').ends_with('\n'))
            || own.is_empty() && rest.get(..start).is_some_and(|before| before.trim().is_empty());
        let inside = rest.get(start + quote.len_utf8()..).unwrap_or_default();
        let closing: &[char] = match quote {
            '„' => &['“', '”', '"'],
            '“' => &['”', '“'],
            '«' => &['»'],
            '»' => &['«'],
            '>' => &['\n'],
            _ => &['"'],
        };
        let end = match inside.find(closing) {
            Some(end) if quote != '>' || begins_line => inside.get(end..).map(|end| end.trim_start_matches(closing)),
            None if quote == '>' && begins_line => Some(""),
            // An inch, an arrow, a mark that never closes.
            _ => None,
        };
        own.push_str(rest.get(..start).unwrap_or_default());
        own.push('\n');
        rest = end.unwrap_or(inside);
    }
    own.push_str(rest);
    if own.chars().any(char::is_alphanumeric) { Cow::Owned(own) } else { Cow::Borrowed(text) }
}

/// Text as words with one blank between them and a line break between clauses, in lower case and without accents.
fn normalise(text: &str) -> String {
    let mut words = Folded::with_capacity(text.len());
    let mut gap = None;
    for char in text.chars() {
        if is_silent(char) {
            continue;
        }
        if char.is_alphanumeric() {
            if let Some(gap) = gap.take()
                && !words.text.is_empty()
            {
                words.text.push(gap);
            }
            words.push(char);
        } else if matches!(
            char,
            '.' | '!' | '?' | ';' | ':' | ',' | '\n' | '…' | '—' | '–' | '(' | ')' | '。' | '،' | '؟'
        ) {
            gap = Some('\n');
        } else {
            gap.get_or_insert(' ');
        }
    }
    words.text
}

/// A word or phrase of the data with its letters as [`normalise`] makes them; everything else stays.
fn fold(phrase: &str) -> String {
    let mut words = Folded::with_capacity(phrase.len());
    for char in phrase.chars() {
        if char.is_alphanumeric() {
            words.push(char);
        } else {
            words.text.push(char);
        }
    }
    words.text
}

/// Marks that are written above, below or between letters without being one.
fn is_silent(char: char) -> bool {
    matches!(char, '\'' | '’' | '‘' | '`' | '´' | '\u{300}'..='\u{36f}' | '\u{640}' | '\u{64b}'..='\u{652}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{fe0f}' | '\u{feff}' | '\u{ad}')
}

/// Letters in one form: lower case, no accents, `ae` and `ä` both `a`, three or more equal letters one.
struct Folded {
    text: String,
}

impl Folded {
    fn with_capacity(capacity: usize) -> Self {
        Self { text: String::with_capacity(capacity) }
    }

    fn push(&mut self, char: char) {
        for char in char.to_lowercase().filter(|char| !is_silent(*char)) {
            let char = match char {
                'à'..='å' | 'ā' | 'ă' | 'ą' | 'æ' => 'a',
                'ç' | 'ć' | 'č' => 'c',
                'ď' | 'đ' => 'd',
                'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
                'ğ' => 'g',
                'ì'..='ï' | 'ī' | 'ı' => 'i',
                'ł' => 'l',
                'ñ' | 'ń' | 'ň' => 'n',
                'ò'..='ö' | 'ø' | 'ō' | 'ő' | 'œ' => 'o',
                'ř' => 'r',
                'ś' | 'š' | 'ş' | 'ș' => 's',
                'ť' | 'ţ' | 'ț' => 't',
                'ù'..='ü' | 'ū' | 'ű' | 'ů' => 'u',
                'ý' | 'ÿ' => 'y',
                'ź' | 'ż' | 'ž' => 'z',
                'ё' => 'е',
                'أ' | 'إ' | 'آ' => 'ا',
                'ى' => 'ي',
                'ة' => 'ه',
                'ß' => {
                    self.text.push_str("ss");
                    continue;
                }
                other => other,
            };
            if char == 'e' && self.text.ends_with(['a', 'o', 'u']) {
                continue;
            }
            let mut last = self.text.chars().rev();
            if char.is_alphabetic() && last.next() == Some(char) && last.next() == Some(char) {
                self.text.pop();
                continue;
            }
            self.text.push(char);
        }
    }
}

#[cfg(test)]
mod tests;
